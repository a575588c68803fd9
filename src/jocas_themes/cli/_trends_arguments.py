"""The arguments of the commands around trends: what to read, and what came out."""

import argparse

from jocas_themes.cli import _trends
from jocas_themes.cli._parsers import add_command, add_text_columns

_GROUPS = "board, region, sector, rome_family, rome_domain, or a column that was kept"


def add_trends(commands: object) -> None:
    """Add the commands, in the order in which they are used."""
    _add_sample_gold(commands)
    _add_trends(commands)


def _add_sample_gold(commands: object) -> None:
    parser = add_command(
        commands,
        "sample-gold",
        "draw the labelled offers that people must read, so that trends can be published",
        "labels/ --n 1500 --plan",
        "labels/ --n 1500 --offers 'jocas/**/*.parquet' --review gold.jsonl",
    )
    parser.add_argument("labels", help="folder of labels, as label writes it")
    parser.add_argument(
        "--n",
        type=int,
        nargs="+",
        required=True,
        help="how many offers to read; several numbers with --plan",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--plan", action="store_true", help="tell how exact the trends will be, draw nothing"
    )
    what.add_argument("--review", help="file to add the offers to, for people to decide on")
    parser.add_argument(
        "--offers", nargs="+", help="where the texts are, as for label (with --review)"
    )
    parser.add_argument(
        "--strata",
        nargs="*",
        default=["semester", "score_bin"],
        metavar="NAME",
        help="draw within these (default: semester score_bin)",
    )
    parser.add_argument(
        "--by",
        nargs="+",
        default=["month", "semester", "sector"],
        metavar="NAME",
        help="what --plan tells it for (default: month semester sector)",
    )
    _add_labels(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    parser.add_argument("--taxonomy", help="TOML file of your own themes")
    add_text_columns(parser)
    parser.set_defaults(run=_trends.run_sample_gold)


def _add_trends(commands: object) -> None:
    parser = add_command(
        commands,
        "trends",
        "estimate how the themes evolve, the labels' errors counted in, on one page",
        "labels/ --gold gold.jsonl --by month --out report/",
        "labels/ --gold gold.parquet --by month sector --language fr --out report/",
        "labels/ --gold gold.parquet --before 2019-01 2020-02 --after 2021-06 2023-12 --out out/",
    )
    parser.add_argument("labels", help="folder of labels, as label writes it")
    parser.add_argument(
        "--gold",
        required=True,
        help="the review file of sample-gold, once decided, or gold labels of review --gold",
    )
    parser.add_argument(
        "--store",
        default="annotations.sqlite",
        help="where decisions on a review file are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--by",
        nargs="+",
        default=["month"],
        metavar="NAME",
        help=f"month, quarter, semester or year, and at most one of {_GROUPS} (default: month)",
    )
    parser.add_argument("--out", required=True, help="folder for the page, tables and pictures")
    for name in ("before", "after"):
        parser.add_argument(
            f"--{name}",
            nargs=2,
            metavar=("FIRST", "LAST"),
            help=f"months to compare, {name} (default: all {name} the steps)",
        )
    parser.add_argument(
        "--training", help="annotated table that the model learnt from, which gold must not hold"
    )
    parser.add_argument(
        "--correction",
        choices=("holm", "bh"),
        default="holm",
        help="of the p-values, for many comparisons (default: %(default)s)",
    )
    parser.add_argument(
        "--language", choices=("en", "fr"), default="en", help="of the page (default: %(default)s)"
    )
    _add_labels(parser)
    parser.add_argument("--taxonomy", help="TOML file of your own themes, for a review file")
    parser.set_defaults(run=_trends.run_trends)


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--themes", nargs="+", metavar="CODE", help="themes to speak of (default: all)"
    )
    parser.add_argument(
        "--steps",
        nargs="*",
        default=["2020-03"],
        metavar="MONTH",
        help="months from which on things may be otherwise (default: 2020-03)",
    )
    parser.add_argument("--date-column", help="column of dates (default: the first seen day)")
