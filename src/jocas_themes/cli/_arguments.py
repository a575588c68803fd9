"""The arguments of each command, with examples."""

import argparse
from importlib.metadata import version

from jocas_themes.cli import _commands
from jocas_themes.cli._demo import run_demo
from jocas_themes.cli._parsers import CommandParser, add_command, add_sources, add_text_columns
from jocas_themes.cli._teaching_arguments import add_teaching
from jocas_themes.cli._trends_arguments import add_trends


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="jocas-themes",
        description="Label job offers with HR themes: a language model annotates a few thousand, "
        "a small model learns from the sure answers, and labels millions.",
        epilog="Start with: jocas-themes demo",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version("jocas-themes"))
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=CommandParser
    )
    _add_demo(commands)
    _add_profile(commands)
    add_teaching(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_label_issues(commands)
    _add_suggest(commands)
    _add_label(commands)
    add_trends(commands)
    return parser


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
    parser = add_command(
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
    parser = add_command(
        commands,
        "profile",
        "show which columns can be relied on, offers a month, and text lengths",
        "'jocas/**/*.parquet'",
        "site_a/2023-01/*.csv --out profile/",
    )
    add_sources(parser)
    add_text_columns(parser)
    parser.add_argument("--out", help="folder for the tables, as CSV")
    parser.set_defaults(run=_commands.run_profile)


def _add_train(commands: object) -> None:
    parser = add_command(
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
    add_text_columns(parser)
    parser.set_defaults(run=_commands.run_train)


def _add_evaluate(commands: object) -> None:
    parser = add_command(
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
    parser.add_argument(
        "--html", help="page for all that is known: strata, calibration, curves (takes minutes)"
    )
    parser.add_argument(
        "--cost-per-offer-usd",
        type=float,
        metavar="USD",
        help="what annotating an offer costs, for the learning curve of --html",
    )
    _add_filter(parser)
    parser.set_defaults(run=_commands.run_evaluate)


def _add_label_issues(commands: object) -> None:
    parser = add_command(
        commands,
        "label-issues",
        "list the labels that are most likely wrong, and send them to people",
        "annotated.parquet --review to_review.jsonl",
        "annotated.parquet --n 50 --out issues.csv",
    )
    parser.add_argument("annotated", help="annotated table, as teach writes it")
    parser.add_argument("--n", type=int, help="how many cells at most (default: all suspicious)")
    parser.add_argument("--review", help="file to add them to, for people to look at")
    parser.add_argument("--out", help="CSV file for the list")
    parser.set_defaults(run=_commands.run_label_issues)


def _add_suggest(commands: object) -> None:
    parser = add_command(
        commands,
        "suggest",
        "choose the offers to annotate next: unsure, unlike one another, some at random",
        "'jocas/2024-06/*.parquet' --model model/ --n 300 --out next.parquet",
        "pool.parquet --model model/ --annotated annotated.parquet --n 300 --out next.parquet",
    )
    add_sources(parser)
    add_text_columns(parser)
    parser.add_argument("--model", required=True, help="folder of the trained model")
    parser.add_argument("--n", type=int, required=True, help="how many offers")
    parser.add_argument("--annotated", help="table of offers that need no second annotation")
    parser.add_argument("--out", required=True, help="Parquet file for the offers")
    parser.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    parser.set_defaults(run=_commands.run_suggest)


def _add_label(commands: object) -> None:
    parser = add_command(
        commands,
        "label",
        "label any number of offers with a trained model",
        "'jocas/**/*.parquet' --model model/ --out labels/",
        "jocas/ --model model/ --out labels/ --keep-columns site_name salary_min",
        "'s3://bucket/jocas/**/*.parquet' --model model/ --out s3://bucket/labels --resume",
    )
    add_sources(parser)
    parser.add_argument("--model", required=True, help="folder of the model, as train writes it")
    parser.add_argument("--out", required=True, help="folder for the Parquet parts, or its URL")
    parser.add_argument(
        "--chunk-rows", type=int, default=10_000, help="offers in memory at once (default: 10000)"
    )
    parser.add_argument(
        "--keep-columns",
        nargs="+",
        metavar="COLUMN",
        help="own columns to carry over (default: dates, site, ROME, département, sector)",
    )
    parser.add_argument(
        "--partition-by-month",
        action="store_true",
        help="write folders year=2024/month=3 and so on, of each offer's first date",
    )
    add_text_columns(parser)
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="go on behind the parts that are finished, with the same model and source",
    )
    again.add_argument("--overwrite", action="store_true", help="replace the parts that are there")
    parser.set_defaults(run=_commands.run_label)
