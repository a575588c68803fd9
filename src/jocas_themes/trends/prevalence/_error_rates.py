"""`compute_error_rates`: how often the labels miss a theme, or see one that is not there."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.aggregation import parse_steps
from jocas_themes.trends.prevalence._checks import (
    CHECK_BINS,
    check_drawn,
    check_tables,
    choose_offers,
    read_gold,
)
from jocas_themes.trends.prevalence._design import Design, compute_variances
from jocas_themes.trends.prevalence._population import read_population
from jocas_themes.trends.prevalence._rectified import Sample
from jocas_themes.trends.prevalence._rectifier import build_index

Array = npt.NDArray[np.float64]

# Of each rate: the gold label of the offers that it speaks of, and the label that it counts.
_RATES = {"sensitivity": (1, 1), "specificity": (0, 0), "false_positive_rate": (0, 1)}
RATES = tuple(_RATES)
_NO_ERROR = 1e-9  # a standard error of rounding alone
_BLOCK = 200  # cells whose rates are computed together, in so many columns a gold row


def compute_error_rates(
    labels: pd.DataFrame | str | Path,
    gold: pd.DataFrame,
    *,
    by: Sequence[str] = ("period",),
    themes: Sequence[str] | None = None,
    steps: Sequence[Any] = ("2020-03",),
    date_column: str | None = None,
    training: pd.DataFrame | Iterable[Any] | None = None,
    offer_ids: Iterable[Any] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    r"""Estimate the sensitivity and the specificity of the labels, period by period.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table, or the folder of Parquet parts that `label_corpus` wrote: ``offer_id``,
        a date column, and ``CODE`` (0, 1 or missing) for each theme.
    gold : DataFrame of n_gold
        What people read in offers drawn by chance, as for `estimate_prevalence`.
    by : sequence of str, default=("period",)
        Columns of the labels, or what is derived: ``period`` (between `steps`), ``year``,
        ``semester``, ``quarter``, ``month``, ``board``, ``region``, ``sector``,
        ``rome_family``, ``rome_domain``. ``()`` for all offers together.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    steps : sequence of months, default=("2020-03",)
        First months of new stretches, for ``period``.
    date_column : str, optional
        Column of dates, as for `estimate_prevalence`.
    training : DataFrame or iterable of str, optional
        Offers that the student learnt from, which gold must not hold.
    offer_ids : iterable of str, optional
        Speak of these offers alone, such as the first of each group of near-duplicates.
    level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    DataFrame of shape (n_themes * n_cells * 3, 7 + len(by))
        ``theme``, the columns of `by`, ``rate`` ("sensitivity": of the offers with the theme,
        the part so labelled; "specificity": of those without, the part labelled without;
        "false_positive_rate": its rest), ``n_gold`` (gold rows that the rate is a part of),
        ``estimate``, ``se``, ``ci_low`` and ``ci_high`` (0-1). NaN where ``n_gold`` is 0.

    Raises
    ------
    ValueError
        If gold is not as `estimate_prevalence` needs it, labels recur as it refuses them, a
        column is missing, `by` names a theme or a column of the result, or `level` is out of
        range.
    TypeError
        If `gold` is a path, or ids are a single string.

    Warns
    -----
    JocasThemesWarning
        If gold looks chosen by how sure the probabilities are; if decisions are missing; if
        offers of gold are not among the labels, or offers have no date; if ids recur.

    See Also
    --------
    estimate_prevalence : Shares with these errors counted in, whether they drift or not.

    Notes
    -----
    A rate is a ratio of two sums over gold, weighted by 1 / inclusion probability. Its standard
    error is linearised (Binder, 1983, "On the variances of asymptotically normal estimators from
    complex surveys"), by strata and clusters. The interval is that of Wilson (1927) for the
    number of rows that a simple sample of the same precision would have,
    :math:`\hat r (1 - \hat r) / \mathrm{se}^2`, with Student's quantile; where no error was met,
    for :math:`(\sum w)^2 / \sum w^2` rows (Franco, Little, Louis and Slud, 2019, "Comparative
    study of confidence intervals for proportions in complex sample surveys").

    Examples
    --------
    Of four offers with the theme one is missed, of four without it none is seen.

    >>> import pandas as pd
    >>> from jocas_themes.trends import compute_error_rates
    >>> labels = pd.DataFrame({"offer_id": list("abcdefgh"), "REMOTE": [1, 1, 1, 0, 0, 0, 0, 0]})
    >>> gold = labels.assign(
    ...     REMOTE=[1, 1, 1, 1, 0, 0, 0, 0], inclusion_probability=0.1, reviewer="Ada"
    ... )
    >>> rates = compute_error_rates(labels, gold, by=(), themes=["REMOTE"])
    >>> rates[["rate", "n_gold", "estimate", "ci_low", "ci_high"]].round(2)
                      rate  n_gold  estimate  ci_low  ci_high
    0          sensitivity       4      0.75    0.22     0.97
    1          specificity       4      1.00    0.42     1.00
    2  false_positive_rate       4      0.00    0.00     0.58
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}. Write 0.95 for 95%.")
    tables = check_drawn({"gold": read_gold(gold)}, training)
    tables, offer_ids = choose_offers(tables, offer_ids)
    population = read_population(
        labels,
        (by,) if isinstance(by, str) else tuple(dict.fromkeys(by)),
        themes=themes,
        prediction="label",
        date_column=date_column,
        steps=parse_steps(steps),
        offer_ids=offer_ids,
        n_bins=CHECK_BINS,
        find_ids=tables["gold"]["offer_id"],
        by_month=False,
    )
    found, messages = check_tables(tables, population)
    for message in messages:
        warnings.warn(message, JocasThemesWarning, stacklevel=2)
    drawn = found["gold"]
    cells = population.cells
    rows = [
        _estimate_rates(drawn.select(place), block, level).assign(theme=code)
        for place, code in enumerate(cells.themes)
        for block in _cut(cells.keys)
    ]
    table = pd.concat(rows, ignore_index=True)
    return table[["theme", *table.columns.drop("theme")]]


def _cut(cells: pd.DataFrame) -> list[pd.DataFrame]:
    """Cut the cells into blocks, so that memory stays small however many there are."""
    return [cells[start : start + _BLOCK] for start in range(0, max(len(cells), 1), _BLOCK)]


def _estimate_rates(sample: Sample, cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """Estimate the rates of a theme in each cell."""
    columns = list(cells.columns)
    places = np.zeros(len(sample.labels), dtype=np.intp)
    if columns:
        places = build_index(cells, columns).get_indexer(build_index(sample.keys, columns))
    is_in = np.column_stack(
        [
            (places == cell) & (sample.labels == truth)
            for cell in range(len(cells))
            for truth, _ in _RATES.values()
        ]
    )
    counted = np.array([label for _, label in _RATES.values()] * len(cells))
    table = cells.loc[np.repeat(cells.index, len(_RATES))].reset_index(drop=True)
    table["rate"] = RATES * len(cells)
    estimate, se, n_equal = _estimate_ratios(
        sample.predictions[:, None] == counted, is_in, sample.design
    )
    quantile = float(student_t.ppf((1 + level) / 2, sample.design.dof))
    low, high = _compute_wilson(estimate, n_equal, quantile)
    return table.assign(
        n_gold=is_in.sum(axis=0), estimate=estimate, se=se, ci_low=low, ci_high=high
    )


def _estimate_ratios(
    hits: npt.NDArray[np.bool_], is_in: npt.NDArray[np.bool_], design: Design
) -> tuple[Array, Array, Array]:
    """Estimate the part of hits in each column's rows; its error; the simple sample as precise."""
    weights = design.weights[:, None] * is_in
    with np.errstate(invalid="ignore", divide="ignore"):  # a column without rows is NaN
        total = weights.sum(axis=0)
        estimate = (weights * hits).sum(axis=0) / total
        added = np.nan_to_num(weights * (hits - estimate) / total)
        se = np.sqrt(compute_variances(added, design))
        kish = total**2 / (weights**2).sum(axis=0)
        n_equal = np.where(se > _NO_ERROR, estimate * (1 - estimate) / se**2, kish)
    return estimate, np.where(total > 0, se, np.nan), n_equal


def _compute_wilson(rate: Array, n: Array, quantile: float) -> tuple[Array, Array]:
    """Compute Wilson's interval of a rate among n rows."""
    square = quantile**2 / n
    middle = (rate + square / 2) / (1 + square)
    half = np.sqrt(square * rate * (1 - rate) + square**2 / 4) / (1 + square)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
