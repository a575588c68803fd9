"""What the parsers of several commands share."""

import argparse


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
