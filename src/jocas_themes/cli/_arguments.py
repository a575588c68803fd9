"""The arguments of each command, with examples."""

import argparse
from importlib.metadata import version

from jocas_themes.cli import _commands
from jocas_themes.cli._demo import run_demo


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="jocas-themes",
        description="Label job offers with HR themes: a language model annotates a few thousand, "
        "a small model learns from the sure answers, and labels millions.",
        epilog="Start with: jocas-themes demo",
    )
    parser.add_argument("--version", action="version", version=version("jocas-themes"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_profile(commands)
    _add_teach(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_label(commands)
    return parser


def _add(commands: object, name: str, summary: str, *examples: str) -> argparse.ArgumentParser:
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


def _add_sources(parser: argparse.ArgumentParser, what: str = "offers") -> None:
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


def _add_text_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text-columns",
        nargs="+",
        metavar="COLUMN",
        help="columns that hold the text, when they are not the JOCAS ones",
    )


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threshold",
        type=float,
        default=80,
        help="smallest confidence to learn from, 0-100 (default: %(default)s)",
    )
    parser.add_argument(
        "--scope",
        choices=("theme", "offer"),
        default="theme",
        help="mask unsure cells, or whole offers with an unsure cell (default: %(default)s)",
    )
    parser.add_argument(
        "--structured-columns",
        nargs="+",
        default=(),
        metavar="COLUMN",
        help="columns such as contractType to learn from beside the text",
    )


def _add_demo(commands: object) -> None:
    parser = _add(
        commands,
        "demo",
        "run the whole method on fictitious offers, with no key and no network",
        "",
        "--out my-demo --n-offers 5000",
    )
    parser.add_argument(
        "--out", default="jocas-demo", help="folder to write (default: %(default)s)"
    )
    parser.add_argument(
        "--n-offers",
        type=int,
        default=20_000,
        help="how many offers to make up and label (default: %(default)s)",
    )
    parser.set_defaults(run=run_demo)


def _add_profile(commands: object) -> None:
    parser = _add(
        commands,
        "profile",
        "show which columns can be relied on, offers a month, and text lengths",
        "'jocas/**/*.parquet'",
        "site_a/2023-01/*.csv --out profile/",
    )
    _add_sources(parser)
    _add_text_columns(parser)
    parser.add_argument("--out", help="folder for the tables, as CSV")
    parser.set_defaults(run=_commands.run_profile)


def _add_teach(commands: object) -> None:
    parser = _add(
        commands,
        "teach",
        "have a language model annotate a random sample of offers",
        "'jocas/**/*.parquet' --model gpt-5-mini --sample 2000 --out annotated.parquet",
        "offers.jsonl --model qwen3 --base-url http://localhost:11434/v1 --out annotated.parquet",
        "offers.jsonl --lexicon --out annotated.parquet",
    )
    _add_sources(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--model", help="name of the language model")
    who.add_argument(
        "--lexicon", action="store_true", help="use the French lexicon instead: free, less good"
    )
    parser.add_argument("--out", required=True, help="annotated table to write (.parquet)")
    parser.add_argument(
        "--sample",
        type=int,
        default=2_000,
        metavar="N",
        help="how many offers to draw at random; 0 for all (default: %(default)s)",
    )
    parser.add_argument("--random-state", type=int, default=0, help="seed of the draw")
    parser.add_argument(
        "--store",
        default="annotations.sqlite",
        help="where replies are kept, so that none is paid for twice (default: %(default)s)",
    )
    parser.add_argument("--base-url", help="address of another OpenAI-compatible server")
    parser.add_argument(
        "--api-key-env",
        default="OPENAI_API_KEY",
        help="environment variable that holds the key (default: %(default)s)",
    )
    parser.add_argument(
        "--response-format",
        choices=("json_schema", "json_object", "text"),
        default="json_schema",
        help="for servers without structured outputs (default: %(default)s)",
    )
    parser.add_argument("--taxonomy", help="TOML file of your own themes")
    parser.add_argument("--concurrency", type=int, default=8, help="requests at once (default: 8)")
    _add_text_columns(parser)
    parser.set_defaults(run=_commands.run_teach)


def _add_train(commands: object) -> None:
    parser = _add(
        commands,
        "train",
        "train a student on the sure answers of an annotated table",
        "annotated.parquet --out model/ --review to_review.jsonl",
        "annotated.parquet --out model/ --threshold 70 --structured-columns contractType",
    )
    parser.add_argument("annotated", help="annotated table, as teach writes it")
    parser.add_argument("--out", required=True, help="folder for the model")
    parser.add_argument("--review", help="file to add the unsure cells to, for people to look at")
    parser.add_argument("--overwrite", action="store_true", help="replace the model that is there")
    _add_filter(parser)
    _add_text_columns(parser)
    parser.set_defaults(run=_commands.run_train)


def _add_evaluate(commands: object) -> None:
    parser = _add(
        commands,
        "evaluate",
        "score a student against labels: by cross-validation, or a trained model on others",
        "annotated.parquet",
        "annotated.parquet --threshold 70 --folds 10",
        "gold_of_other_offers.parquet --model model/ --out scores.csv",
    )
    parser.add_argument(
        "labelled", help="table with labels: annotated, or gold (.parquet, .csv, .jsonl)"
    )
    parser.add_argument(
        "--model",
        help="score this model, on other offers than those it was trained on, instead of "
        "training in each fold",
    )
    parser.add_argument("--folds", type=int, default=5, help="folds (default: %(default)s)")
    parser.add_argument("--out", help="CSV file for the scores")
    _add_filter(parser)
    parser.set_defaults(run=_commands.run_evaluate)


def _add_label(commands: object) -> None:
    parser = _add(
        commands,
        "label",
        "label any number of offers with a trained model",
        "'jocas/**/*.parquet' --model model/ --out labels/",
        "jocas/ --model model/ --out labels/ --keep-columns site_name salary_min",
    )
    _add_sources(parser)
    parser.add_argument("--model", required=True, help="folder of the model, as train writes it")
    parser.add_argument("--out", required=True, help="folder for the Parquet parts")
    parser.add_argument(
        "--chunk-rows", type=int, default=10_000, help="offers in memory at once (default: 10000)"
    )
    parser.add_argument(
        "--keep-columns",
        nargs="+",
        metavar="COLUMN",
        help="own columns to carry over (default: dates, site, ROME, département, sector)",
    )
    _add_text_columns(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the parts that are there")
    parser.set_defaults(run=_commands.run_label)
