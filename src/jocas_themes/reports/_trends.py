"""`trends_report`: from labels and gold to everything that can be said of the trends."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.plots._language import Language
from jocas_themes.reports._trends_contrast import DEFAULT_STEPS, choose_contrast
from jocas_themes.reports._trends_report import TrendsReport
from jocas_themes.reports._trends_tables import tabulate, tabulate_group
from jocas_themes.reports._trends_view import View
from jocas_themes.trends import compute_error_rates, estimate_prevalence, volume
from jocas_themes.trends.aggregation._labels import open_labels, read_dtypes
from jocas_themes.trends.aggregation._periods import WIDTHS

_BOARD = "site_name"


def trends_report(
    labels: pd.DataFrame | str | Path,
    gold: pd.DataFrame,
    *,
    by: Sequence[str] = ("month",),
    themes: Sequence[str] | None = None,
    prediction: str | None = None,
    steps: Sequence[Any] = DEFAULT_STEPS,
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
        Months from which on things may be otherwise, after the first month of the labels and up
        to the last; the default alone is left out where it is not. By month, each is tested for
        a break beside the others.
    before, after : pair of months, optional
        The stretches to compare, both ends included. By default all before the first step and
        all from the last one on; without a step the first and the last year, or the two halves
        of less than two years.
    date_column : str, optional
        Column of dates, as for `estimate_prevalence`.
    teacher, training, offer_ids : optional
        As for `estimate_prevalence`.
    correction : {"holm", "bh"}, default="holm"
        How p-values are corrected for the number of themes and groups; those of breaks for the
        number of themes and steps.
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
        If `by` is not a time and at most one group, if the language is not known, if a step, or
        all of `before` or `after`, lies outside the labels' months, if there is nothing to
        compare before or after, or as `estimate_prevalence` and `compare_periods`.

    Warns
    -----
    JocasThemesWarning
        All that its parts warn of, once; of a step with too few months around it, whose breaks
        are left out; of less than two years of labels without a step. The page tells it too, gaps
        once and what is usual in its own language.

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
    ids, training = _keep(offer_ids), _keep(training)
    counting: dict[str, Any] = {"themes": themes, "date_column": date_column, "steps": steps}
    naive: dict[str, Any] = counting | {"prediction": prediction, "offer_ids": ids}
    corrected = naive | {"teacher": teacher, "training": training}
    with _collect_cautions() as cautions:
        counted = _estimate_naively(labels, time, naive)
        # Before gold is read, which takes longer: what is asked for may not be there.
        contrast = choose_contrast(counted[time], WIDTHS[time], steps, before, after)
        shares = estimate_prevalence(labels, gold, by=(time,), **corrected)
        tables = tabulate(shares, time, contrast, correction) | {"naive": counted}
        columns = read_dtypes(open_labels(labels))
        if set(shares.themes) <= columns.keys():
            stretches = ("period",) if contrast.steps else ()
            counting |= {"themes": shares.themes, "steps": contrast.steps}
            tables["errors"] = compute_error_rates(
                labels, gold, by=stretches, training=training, offer_ids=ids, **counting
            )
        if _BOARD in columns:
            tables["volume"] = volume(labels, by=time, date_column=date_column, offer_ids=ids)
        if group is not None:
            split = estimate_prevalence(labels, gold, by=(time, group), **corrected)
            tables |= tabulate_group(split, group, contrast, correction)
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


def _keep(ids: Any) -> Any:
    """Keep ids that can be read but once; a string is no list of them, and is refused later."""
    is_read_once = isinstance(ids, Iterable) and not isinstance(ids, (str, pd.DataFrame))
    return list(ids) if is_read_once else ids


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


def _estimate_naively(
    labels: pd.DataFrame | str | Path, time: str, options: dict[str, Any]
) -> pd.DataFrame:
    """Estimate without gold, to be shown as what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JocasThemesWarning)
        return estimate_prevalence(labels, by=(time,), method="naive", **options).table
