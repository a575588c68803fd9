"""What the parsers of several commands share."""

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """A parser of one command, which names options that it does not know before all else."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, once all options are known: else those that they should be count as missing."""
        given = [arg.partition("=")[0] for arg in takewhile("--".__ne__, args)]
        known = list(self._option_string_actions)
        unknown = [name for name in given if name.startswith("--") and name not in known]
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(_suggest(n, known) for n in unknown)}")
        return super().parse_known_args(args, namespace)


def _suggest(name: str, known: Sequence[str]) -> str:
    """Name an unknown option, and the known one that it looks like."""
    return " ".join([name, *(f"(did you mean {x}?)" for x in get_close_matches(name, known, 1))])


def add_command(
    commands: object, name: str, summary: str, *examples: str
) -> argparse.ArgumentParser:
    """Add one command, its examples under its help."""
    lines = "\n".join(f"  jocas-themes {name} {example}".rstrip() for example in examples)
    parser: argparse.ArgumentParser = commands.add_parser(  # type: ignore[attr-defined]
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="log, and show tracebacks")
    return parser


def add_sources(parser: argparse.ArgumentParser, what: str = "offers") -> None:
    parser.add_argument(
        "source",
        nargs="+",
        help=f"{what}: Parquet, JSONL or JOCAS CSV files, folders, or quoted globs",
    )
    parser.add_argument(
        "--encoding",
        default="utf-8-sig",
        help="of CSV and JSONL files, for instance cp1252 (default: %(default)s)",
    )


def add_text_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text-columns",
        nargs="+",
        metavar="COLUMN",
        help="columns that hold the text, when they are not the JOCAS ones",
    )
