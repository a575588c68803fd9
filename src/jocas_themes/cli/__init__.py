"""The command line: glue around the library, one function a command."""

from jocas_themes.cli._main import main

__all__ = ["main"]
