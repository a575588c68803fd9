"""`trends_report`: from labels and gold to everything that can be said of the trends."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.plots._language import Language
from jocas_themes.reports._trends_report import TrendsReport
from jocas_themes.reports._trends_view import Months, View
from jocas_themes.trends import (
    Shares,
    compare_periods,
    compute_error_rates,
    decompose,
    estimate_prevalence,
    smooth_trend,
    standardize,
    test_break,
    volume,
)
from jocas_themes.trends.aggregation import parse_month, parse_steps
from jocas_themes.trends.aggregation._labels import open_labels, read_dtypes
from jocas_themes.trends.aggregation._periods import WIDTHS
from jocas_themes.trends.smoothing import FEWEST_PERIODS

_BOARD = "site_name"

_YEAR = pd.DateOffset(months=12)


def trends_report(
    labels: pd.DataFrame | str | Path,
    gold: pd.DataFrame,
    *,
    by: Sequence[str] = ("month",),
    themes: Sequence[str] | None = None,
    prediction: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    before: tuple[Any, Any] | None = None,
    after: tuple[Any, Any] | None = None,
    date_column: str | None = None,
    teacher: pd.DataFrame | None = None,
    training: pd.DataFrame | Iterable[Any] | None = None,
    offer_ids: Iterable[Any] | None = None,
    correction: str = "holm",
    names: Mapping[str, str] | None = None,
    language: str = "en",
) -> TrendsReport:
    """Estimate the trends, their changes and what lies behind them, on one page.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table, or the folder of Parquet parts that `label_corpus` wrote.
    gold : DataFrame of n_gold
        What people read in offers drawn by `sample_gold`, as `ReviewQueue.gold` gives it.
    by : sequence of str, default=("month",)
        A time, ``month``, ``quarter``, ``semester`` or ``year``, and a group if wanted, such as
        ``sector`` or ``region``: the changes are then told for each, and the trend also with
        the mix of the groups held fixed.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    prediction : {"probability", "label"}, optional
        What the labels predict a theme by, as for `estimate_prevalence`.
    steps : sequence of months, default=("2020-03",)
        Months from which on things may be otherwise; those outside the labels are left out.
    before, after : pair of months, optional
        The stretches to compare, both ends included. By default all before the first step and
        all from the last one on; without a step the first and the last year.
    date_column : str, optional
        Column of dates, as for `estimate_prevalence`.
    teacher, training, offer_ids : optional
        As for `estimate_prevalence`.
    correction : {"holm", "bh"}, default="holm"
        How p-values are corrected for the number of themes and groups.
    names : mapping of str to str, optional
        What to call the themes and groups, from their codes.
    language : {"en", "fr"}, default="en"
        Language of the page and its pictures.

    Returns
    -------
    TrendsReport
        The tables and what they come down to; ``to_html`` writes a page, ``write`` a folder.

    Raises
    ------
    ValueError
        If `by` is not a time and at most one group, if the language is not known, or as
        `estimate_prevalence` and `compare_periods`.

    Warns
    -----
    JocasThemesWarning
        All that its parts warn of, once; the page lists it too.

    See Also
    --------
    estimate_prevalence : How the shares are estimated.
    sample_gold : Which offers people must read.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.reports import trends_report
    >>> rng = np.random.default_rng(0)
    >>> months = rng.choice(pd.date_range("2018-01-01", "2021-12-01", freq="MS"), 20000)
    >>> truth = rng.random(20000) < np.where(months < np.datetime64("2020-03"), 0.2, 0.4)
    >>> labels = pd.DataFrame({
    ...     "offer_id": np.arange(20000).astype(str), "date_firstSeenDay": months,
    ...     "REMOTE": np.where(rng.random(20000) < 0.1, ~truth, truth).astype(int),
    ... })
    >>> gold = labels.sample(1000, random_state=0).assign(
    ...     REMOTE=lambda rows: truth[rows.index].astype(int),
    ...     inclusion_probability=0.05, reviewer="Ada",
    ... )
    >>> report = trends_report(labels, gold, themes=["REMOTE"])
    >>> report.tables["changes"][["before", "after", "change", "se"]].round(2)
       before  after  change    se
    0    0.22   0.39    0.17  0.02
    """
    time, group = _read_by(by)
    words = Language.open(language)
    ids = None if offer_ids is None else list(offer_ids)
    counting: dict[str, Any] = {"themes": themes, "date_column": date_column, "steps": steps}
    naive: dict[str, Any] = counting | {"prediction": prediction, "offer_ids": ids}
    corrected = naive | {"teacher": teacher, "training": training}
    with _collect_cautions() as cautions:
        shares = estimate_prevalence(labels, gold, by=(time,), **corrected)
        contrast = _choose_contrast(shares.table[time], WIDTHS[time], steps, before, after)
        tables = _tabulate(shares, time, contrast, correction)
        tables["naive"] = _estimate_naively(labels, time, naive)
        columns = read_dtypes(open_labels(labels))
        if set(shares.themes) <= columns.keys():
            stretches = ("period",) if contrast.steps else ()
            counting |= {"themes": shares.themes, "steps": contrast.steps}
            tables["errors"] = compute_error_rates(labels, gold, by=stretches, **counting)
        if _BOARD in columns:
            tables["volume"] = volume(labels, by=time, date_column=date_column)
        if group is not None:
            split = estimate_prevalence(labels, gold, by=(time, group), **corrected)
            tables |= _tabulate_group(split, group, contrast, correction)
    for caution in cautions:
        warnings.warn(caution, JocasThemesWarning, stacklevel=2)
    view = View(
        time=time,
        group=group,
        before=contrast.before,
        after=contrast.after,
        steps=contrast.steps,
        names=dict(names or {}),
        words=words,
    )
    return TrendsReport(tables=tables, cautions=tuple(cautions), view=view)


@dataclass(frozen=True)
class _Contrast:
    """What is compared with what, and the steps between the first and the last period."""

    before: Months
    after: Months
    steps: tuple[pd.Timestamp, ...]


def _read_by(by: Sequence[str]) -> tuple[str, str | None]:
    """Return the time and the group, if there is one."""
    by = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    times = [name for name in by if name in WIDTHS]
    groups = [name for name in by if name not in times]
    if len(times) != 1 or len(groups) > 1 or "period" in groups:
        raise ValueError(
            f"by must be one of {list(WIDTHS)} and at most one group, got {by!r}. For "
            f"more groups, call estimate_prevalence."
        )
    return times[0], groups[0] if groups else None


@contextmanager
def _collect_cautions() -> Iterator[list[str]]:
    """Collect this package's warnings, each once; those of others are let through."""
    cautions: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield cautions
    for warning in caught:
        if not issubclass(warning.category, JocasThemesWarning):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        elif str(warning.message) not in cautions:
            cautions.append(str(warning.message))


def _choose_contrast(
    periods: "pd.Series[Any]",
    width: int,
    steps: Sequence[Any],
    before: tuple[Any, Any] | None,
    after: tuple[Any, Any] | None,
) -> _Contrast:
    """Choose what is not given: whole periods before the first step, and from the last one on."""
    starts = periods.drop_duplicates().sort_values()
    ends = starts + pd.DateOffset(months=width - 1)
    kept = tuple(step for step in parse_steps(steps) if starts.iloc[0] < step <= ends.iloc[-1])
    early = ends < kept[0] if kept else ends < starts.iloc[0] + _YEAR
    late = starts >= kept[-1] if kept else starts > ends.iloc[-1] - _YEAR
    if (before is None and not early.any()) or (after is None and not late.any()):
        raise ValueError(
            f"no whole period lies before the step {kept[0]:%Y-%m}, or from {kept[-1]:%Y-%m} on. "
            f"Say what to compare: before=('2019-01', '2019-12'), after=(...)."
        )
    return _Contrast(
        _read_stretch(before, "before") or (starts.iloc[0], ends[early].iloc[-1]),
        _read_stretch(after, "after") or (starts[late].iloc[0], ends.iloc[-1]),
        kept,
    )


def _read_stretch(months: tuple[Any, Any] | None, name: str) -> Months | None:
    """Read the first and the last month of a stretch."""
    if months is None:
        return None
    if isinstance(months, str) or len(months) != 2:
        raise ValueError(f"{name} must be a first and a last month, got {months!r}.")
    first, last = (parse_month(month, name) for month in months)
    return first, last


def _estimate_naively(
    labels: pd.DataFrame | str | Path, time: str, options: dict[str, Any]
) -> pd.DataFrame:
    """Estimate without gold, to be shown as what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JocasThemesWarning)
        return estimate_prevalence(labels, by=(time,), method="naive", **options).table


def _tabulate(
    shares: Shares, time: str, contrast: _Contrast, correction: str
) -> dict[str, pd.DataFrame]:
    """Compute what is told of all offers together."""
    tables = {
        "shares": shares.table,
        "changes": compare_periods(
            shares, before=contrast.before, after=contrast.after, correction=correction
        ),
    }
    if shares.table[time].nunique() >= FEWEST_PERIODS:
        tables["trends"] = smooth_trend(shares, steps=contrast.steps)
    if contrast.steps and time == "month":
        tables["breaks"] = pd.concat(
            [test_break(shares, at=step, correction=correction) for step in contrast.steps],
            ignore_index=True,
        )
    return tables


def _tabulate_group(
    shares: Shares, group: str, contrast: _Contrast, correction: str
) -> dict[str, pd.DataFrame]:
    """Compute what is told of each group, and of all with their mix held fixed."""
    stretches: dict[str, Any] = {"before": contrast.before, "after": contrast.after}
    fixed = standardize(shares, weights="all", by=(group,))
    return {
        f"shares_by_{group}": shares.table,
        f"changes_by_{group}": compare_periods(shares, correction=correction, **stretches),
        f"standardized_by_{group}": fixed.table,
        f"standardized_changes_by_{group}": compare_periods(
            fixed, correction=correction, **stretches
        ),
        f"decomposition_by_{group}": decompose(shares, by=(group,), **stretches),
    }
