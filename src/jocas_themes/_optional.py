"""Optional packages: import them when they are needed, or say how to get them."""

import importlib
from types import ModuleType

from jocas_themes.errors import MissingDependencyError


def import_optional(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module, or raise an error that names the extra to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{purpose} needs {module.partition('.')[0]}. "
            f"Install it with: pip install 'jocas-themes[{extra}]'."
        ) from error
