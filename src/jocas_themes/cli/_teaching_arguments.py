"""The arguments of the commands around the teacher."""

import argparse

from jocas_themes.cli import _teaching
from jocas_themes.cli._parsers import add_command, add_sources, add_text_columns


def add_teaching(commands: object) -> None:
    """Add the commands around the teacher."""
    _add_teach(commands)
    _add_review(commands)
    _add_report(commands)
    _add_export(commands)


def _add_teach(commands: object) -> None:
    parser = add_command(
        commands,
        "teach",
        "have a language model annotate a random sample of offers",
        "'jocas/**/*.parquet' --model gpt-5-mini --estimate",
        "'jocas/**/*.parquet' --model gpt-5-mini --max-cost-usd 10 --out annotated.parquet",
        "offers.jsonl --model qwen3 --base-url http://localhost:11434/v1 --out annotated.parquet",
        "offers.jsonl --lexicon --out annotated.parquet",
    )
    add_sources(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--model", help="name of the language model")
    who.add_argument(
        "--lexicon", action="store_true", help="use the French lexicon instead: free, less good"
    )
    parser.add_argument("--out", help="annotated table to write (.parquet)")
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
    parser.add_argument("--taxonomy", help="TOML file of your own themes")
    add_text_columns(parser)
    _add_money(parser)
    _add_server(parser)
    parser.set_defaults(run=_teaching.run_teach)


def _add_money(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("money")
    group.add_argument(
        "--estimate", action="store_true", help="show what it would cost, and send nothing"
    )
    group.add_argument(
        "--max-cost-usd",
        type=float,
        metavar="USD",
        help="what all replies of the store together may cost; checked before each request",
    )
    group.add_argument(
        "--price",
        nargs=2,
        type=float,
        metavar=("INPUT", "OUTPUT"),
        help="US dollars per million tokens, for models that the price table lacks",
    )
    group.add_argument(
        "--batch",
        action="store_true",
        help="hand the requests over as batches, at half price, and wait for them; "
        "interrupt, and run again another day",
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is asked, and whom")
    group.add_argument(
        "--votes",
        type=int,
        default=1,
        metavar="K",
        help="independent answers an offer (default: 1)",
    )
    group.add_argument(
        "--no-redact",
        action="store_true",
        help="send e-mails, phone numbers and names after a civility as they are",
    )
    group.add_argument(
        "--no-decisions",
        action="store_true",
        help="leave people's decisions out of the table, to measure the model by them",
    )
    group.add_argument("--base-url", help="address of another OpenAI-compatible server")
    group.add_argument(
        "--api-key-env",
        default="OPENAI_API_KEY",
        help="environment variable that holds the key (default: %(default)s)",
    )
    group.add_argument(
        "--request-params",
        metavar="JSON",
        help='further parameters of each request, such as \'{"reasoning_effort": "low"}\'',
    )
    group.add_argument(
        "--response-format",
        choices=("json_schema", "json_object", "text"),
        default="json_schema",
        help="for servers without structured outputs (default: %(default)s)",
    )
    group.add_argument(
        "--concurrency", type=int, default=8, help="requests at once, at most (default: 8)"
    )
    group.add_argument(
        "--timeout-s", type=float, default=120, help="seconds to wait for a reply (default: 120)"
    )


def _add_review(commands: object) -> None:
    parser = add_command(
        commands,
        "review",
        "draw offers for people to decide on, hand them over, and take decisions in",
        "to_review.jsonl --draw annotated.parquet --n-offers 300",
        "to_review.jsonl --export review.csv",
        "to_review.jsonl --import review.csv --reviewer Lea",
        "to_review.jsonl --gold gold.parquet",
    )
    parser.add_argument("review", help="the review file; made by --draw or by train --review")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--draw", metavar="ANNOTATED", help="draw offers of this table, with known probabilities"
    )
    what.add_argument("--export", metavar="FILE", help="write the cells without a decision")
    what.add_argument(
        "--import", dest="import_path", metavar="FILE", help="read decisions into the store"
    )
    what.add_argument("--gold", metavar="FILE", help="write decisions as gold labels (.parquet)")
    parser.add_argument(
        "--store",
        default="annotations.sqlite",
        help="where decisions are kept (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "label_studio", "doccano", "argilla"),
        help="of the file to write or read (default: by its ending, or by what it holds)",
    )
    parser.add_argument("--reviewer", help="who decided, where the file does not say")
    parser.add_argument(
        "--n-offers", type=int, default=300, help="how many to draw (default: %(default)s)"
    )
    parser.add_argument("--random-state", type=int, default=0, help="seed of the draw")
    parser.add_argument("--taxonomy", help="TOML file of your own themes")
    parser.set_defaults(run=_teaching.run_review)


def _add_report(commands: object) -> None:
    parser = add_command(
        commands,
        "report",
        "measure a teacher against gold labels, and find the confidence to trust",
        "annotated.parquet gold.parquet",
        "annotated.parquet gold.parquet --max-error 0.1",
    )
    parser.add_argument(
        "annotated", help="annotated table, as teach --no-decisions writes it once there are any"
    )
    parser.add_argument("gold", help="gold labels, as review --gold writes them")
    parser.add_argument(
        "--max-error",
        type=float,
        default=0.05,
        help="largest share of wrong answers to accept (default: %(default)s)",
    )
    parser.set_defaults(run=_teaching.run_report)


def _add_export(commands: object) -> None:
    parser = add_command(
        commands,
        "export",
        "write all that a store holds as plain files, for a paper's appendix",
        "annotations.sqlite bundle/",
        "annotations.sqlite bundle/ --no-texts",
    )
    parser.add_argument("store", help="the store")
    parser.add_argument("out", help="folder to write")
    parser.add_argument("--no-texts", action="store_true", help="leave the offers' texts out")
    parser.add_argument("--reviewers", action="store_true", help="name reviewers, not number them")
    parser.add_argument("--overwrite", action="store_true", help="replace the bundle that is there")
    parser.set_defaults(run=_teaching.run_export)
