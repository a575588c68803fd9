"""Read the arguments, run one command, and turn bad input into one clear line."""

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from jocas_themes._progress import tqdm
from jocas_themes.errors import JocasThemesError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

_KEPT = {"teach": "The replies that had arrived are in the store: run again to ask the rest."}
# The library speaks of arguments; here they are options.
_ARGUMENT = re.compile(r"\b(?:pass )?([a-z][a-z_]+)=(?:True\b|\(\.\.\.\)|\([^()]*\)|\.\.\.)?")
_PRICE = re.compile(r"price=\{'input': ([\d.]+), 'output': ([\d.]+)\}")
_OPTIONS = frozenset(
    {"api_key_env", "base_url", "encoding", "keep_columns", "max_cost_usd", "model", "overwrite"}
    | {"price", "request_params", "response_format", "resume", "reviewer", "taxonomy"}
    | {"after", "before", "date_column", "steps", "strata", "text_columns", "themes", "threshold"}
    | {"training", "votes"}
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ``jocas-themes`` command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        0, or 2 when the input is bad, or 130 when interrupted.
    """
    try:
        # It imports all commands, for which a user may not want to wait.
        from jocas_themes.cli._arguments import build_parser
    except KeyboardInterrupt as interrupt:
        return _report_interrupt("", interrupt)
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING)
    for name in ("httpx", "httpx2"):  # a line a request, among the progress bars
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _show_warning
        try:
            options.run(options)
        except BrokenPipeError:  # the reader, such as head, has seen enough
            sys.stderr.close()
            return 0
        except (JocasThemesError, ValueError, TypeError, OSError) as error:
            if options.verbose:
                traceback.print_exc()
            message = _speak_of_options(_in_one_line(" ".join([str(error), *_get_notes(error)])))
            print(f"jocas-themes {options.command}: {message}", file=sys.stderr)
            return EXIT_BAD_INPUT
        except KeyboardInterrupt as interrupt:
            return _report_interrupt(options.command, interrupt)
    return 0


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Show a warning as one line, without the line of code it came from."""
    if issubclass(category, UserWarning):
        line = _speak_of_options(_in_one_line(message))
        tqdm.write(f"warning: {line}", file=sys.stderr)  # above a bar


def _report_interrupt(command: str, interrupt: KeyboardInterrupt) -> int:
    """Say how to go on: the library may have told, else it is the same always."""
    kept = _speak_of_options(" ".join(_get_notes(interrupt))) or _KEPT.get(command, "")
    print(f"\ninterrupted. {kept}".rstrip(), file=sys.stderr)
    return EXIT_INTERRUPTED


def _get_notes(error: BaseException) -> list[str]:
    """Return what is to be done beside mending an error."""
    return getattr(error, "__notes__", [])


def _speak_of_options(message: str) -> str:
    """Name the options of the command where a message names arguments of the library."""

    def rename(found: re.Match[str]) -> str:
        name = found[1]
        return f"--{name.replace('_', '-')}" if name in _OPTIONS else found[0]

    message = _PRICE.sub(r"--price \1 \2", message).replace("mode='sync'", "no --batch")
    message = message.replace("as teacher=...", "in Python, as teacher of estimate_prevalence")
    return _ARGUMENT.sub(rename, message)


def _in_one_line(message: object) -> str:
    return " ".join(str(message).split())
