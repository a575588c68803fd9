"""What the commands around trends do, with the library's public functions alone."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.annotations import ReviewQueue
from jocas_themes.cli._tables import check_folder, print_table, read_labelled
from jocas_themes.offers.reading import find_files
from jocas_themes.reports import trends_report
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.trends import plan_gold, sample_gold
from jocas_themes.trends.aggregation._periods import WIDTHS

_PLAN_TITLE = "Half-widths of the 95% intervals to expect (shares, 0-1), median and worst"


def run_sample_gold(options: Namespace) -> None:
    """Draw the offers that people must read, or tell what they would bring."""
    if options.plan:
        plan = plan_gold(
            options.labels, options.n, by=options.by, strata=options.strata, **_read_labels(options)
        )
        print_table(plan, _PLAN_TITLE)
        return
    if len(options.n) > 1:
        raise ValueError(f"--n must be one number to draw, got {options.n!r}. Compare by --plan.")
    if not options.offers:
        raise ValueError("--offers is missing: the files in which the texts of the labels are.")
    find_files(options.offers)  # before the draw, which may take minutes
    sample = sample_gold(
        options.labels,
        options.n[0],
        strata=options.strata,
        random_state=options.seed,
        progress=True,
        **_read_labels(options),
    )
    queue = ReviewQueue(options.review, taxonomy=_read_taxonomy(options))
    n_new = queue.add_sample(
        sample, options.offers, themes=options.themes, text_columns=options.text_columns
    )
    strata = sample.groupby("stratum", sort=True)["inclusion_probability"]
    print_table(
        strata.agg(n_offers="size", inclusion_probability="first").reset_index(), "Drawn offers"
    )
    print(f"\nwritten: {options.review} ({len(sample)} offers, {n_new} new cells to decide)")
    print(f"next: jocas-themes review {options.review} --export to_read.csv, then --import it")


def run_trends(options: Namespace) -> None:
    """Estimate the trends, and write the page, tables and pictures."""
    _check_by(options.by)
    out = check_folder(options.out)
    report = trends_report(
        options.labels,
        _read_gold(options),
        by=options.by,
        before=options.before,
        after=options.after,
        training=read_labelled(options.training) if options.training else None,
        correction=options.correction,
        language=options.language,
        **_read_labels(options),
    )
    written = report.write(out)
    print(report)
    n_tables = sum(path.suffix == ".csv" for path in written)
    n_pictures = sum(path.suffix == ".png" for path in written)
    print(f"\nwritten: {written[0]}, {n_tables} tables, {n_pictures} pictures")
    if not n_pictures:
        print("for pictures: pip install 'jocas-themes[plots]'")


def _check_by(by: list[str]) -> None:
    """Refuse names with commas, and groups without a period before them."""
    names = [name for given in by for name in given.split(",") if name]
    periods = [name for name in names if name in WIDTHS]
    if by != names or not periods:
        groups = [name for name in names if name not in WIDTHS]
        told = " ".join([*(periods or ["month"])[:1], *groups[:1]])
        raise ValueError(
            f"--by must be a period, {', '.join(WIDTHS)}, and at most one group, with spaces "
            f"between, got {' '.join(by)!r}. Write: --by {told}"
        )


def _read_gold(options: Namespace) -> pd.DataFrame:
    """Read a table of gold labels, or what people decided on a review file."""
    table = read_labelled(options.gold)
    if not {"theme", "proposed"} <= set(table.columns):
        return table
    if not Path(options.store).exists():
        raise ValueError(
            f"{options.gold} is a review file, whose decisions are in a store, and there is no "
            f"store {options.store}. Name it by --store, or import decisions by review --import."
        )
    taxonomy = _read_taxonomy(options)
    return ReviewQueue(options.gold, store=options.store, taxonomy=taxonomy).gold()


def _read_taxonomy(options: Namespace) -> Taxonomy:
    return Taxonomy.load(options.taxonomy) if options.taxonomy else HR_THEMES


def _read_labels(options: Namespace) -> dict[str, Any]:
    """Read what both commands take."""
    return {
        "themes": options.themes,
        "steps": tuple(options.steps),
        "date_column": options.date_column,
    }
