"""`compute_error_rates`: how often the labels miss a theme, or see one that is not there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

from jocas_themes.trends.aggregation import parse_steps
from jocas_themes.trends.prevalence._checks import check_design, check_gold_columns, check_tables
from jocas_themes.trends.prevalence._design import Design, compute_root
from jocas_themes.trends.prevalence._population import read_population
from jocas_themes.trends.prevalence._rectified import Sample
from jocas_themes.trends.prevalence._rectifier import build_index

Array = npt.NDArray[np.float64]

# Of each rate: the gold label of the offers that it speaks of, and the label that it counts.
_RATES = {"sensitivity": (1, 1), "specificity": (0, 0), "false_positive_rate": (0, 1)}
RATES = tuple(_RATES)
_NO_ERROR = 1e-9  # a standard error of rounding alone


def compute_error_rates(
    labels: pd.DataFrame | str | Path,
    gold: pd.DataFrame,
    *,
    by: Sequence[str] = ("period",),
    themes: Sequence[str] | None = None,
    steps: Sequence[Any] = ("2020-03",),
    date_column: str | None = None,
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
        If gold is not as `estimate_prevalence` needs it, a column is missing, or `level` is out
        of range.

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
    check_gold_columns(gold)
    gold = gold.assign(offer_id=gold["offer_id"].astype(str))
    check_design(gold, "gold")
    population = read_population(
        labels,
        (by,) if isinstance(by, str) else tuple(dict.fromkeys(by)),
        themes=themes,
        prediction="label",
        date_column=date_column,
        steps=parse_steps(steps),
        find_ids=gold["offer_id"],
        by_month=False,
    )
    tables, _ = check_tables({"gold": gold}, population)
    drawn = tables["gold"]
    cells = population.cells
    rows = [
        _estimate_rates(drawn.select(place), cells.keys, level).assign(theme=code)
        for place, code in enumerate(cells.themes)
    ]
    table = pd.concat(rows, ignore_index=True)
    return table[["theme", *table.columns.drop("theme")]]


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
        se = np.sqrt((compute_root(added, design) ** 2).sum(axis=1))
        kish = total**2 / (weights**2).sum(axis=0)
        n_equal = np.where(se > _NO_ERROR, estimate * (1 - estimate) / se**2, kish)
    return estimate, np.where(total > 0, se, np.nan), n_equal


def _compute_wilson(rate: Array, n: Array, quantile: float) -> tuple[Array, Array]:
    """Compute Wilson's interval of a rate among n rows."""
    square = quantile**2 / n
    middle = (rate + square / 2) / (1 + square)
    half = np.sqrt(square * rate * (1 - rate) + square**2 / 4) / (1 + square)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
