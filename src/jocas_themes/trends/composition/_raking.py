"""`rake`: weights of cells that agree with known margins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]


def rake(
    seed: pd.DataFrame,
    margins: Mapping[str, "pd.Series[Any]"],
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 1000,
) -> pd.DataFrame:
    """Fit the weights of cells to known margins.

    Parameters
    ----------
    seed : DataFrame of shape (n_cells, n_columns)
        One row a cell (or an offer): the columns of the margins, and ``weight`` (>= 0). What the
        margins leave open, such as which regions a sector is in, stays as it is here.
    margins : mapping of str to Series
        For each column its categories (the index) with their weights (>= 0): counts or shares,
        with one total for all columns.
    tolerance : float, default=1e-8
        How far a category may end from its margin, as a part of the total.
    max_iterations : int, default=1000
        How often all margins are gone through before giving up.

    Returns
    -------
    DataFrame of shape (n_cells, n_columns)
        The seed with the fitted ``weight``.

    Raises
    ------
    ValueError
        If a column or a category is missing in the seed or in its margin, if weights are
        negative or unknown, if the totals of the margins differ, if a category has a weight in
        its margin and none in the seed, or if the fit does not converge.

    See Also
    --------
    standardize : Takes the margins as ``weights`` and does this itself.

    Notes
    -----
    Iterative proportional fitting (Deming and Stephan, 1940, "On a least squares adjustment of a
    sampled frequency table when the expected marginal totals are known"): the weights of each
    category are scaled to its margin, column after column, until none moves. Among all weights
    with these margins the result is the nearest to the seed, in the sense of the Kullback-Leibler
    divergence. A cell of weight 0 stays 0; where too many are, no weights have these margins.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import rake
    >>> seed = pd.DataFrame({
    ...     "sector": ["C", "C", "J", "J"],
    ...     "region": ["11", "84", "11", "84"],
    ...     "weight": [10, 30, 40, 20],
    ... })
    >>> sectors = pd.Series({"C": 0.5, "J": 0.5})
    >>> regions = pd.Series({"11": 0.6, "84": 0.4})
    >>> rake(seed, {"sector": sectors, "region": regions}).round(3)
      sector region  weight
    0      C     11     0.2
    1      C     84     0.3
    2      J     11     0.4
    3      J     84     0.1
    """
    if not margins:
        raise ValueError("margins must name at least one column, got none.")
    weights = read_weights(seed, list(margins), name="seed")
    known = {column: read_margin(column, margin) for column, margin in margins.items()}
    _check_totals(known, tolerance)
    total = next(iter(known.values())).sum()
    fits = []
    for column, margin in known.items():
        places = _place_cells(seed, column, margin, weights)
        fits.append((places, margin.to_numpy() * (total / margin.sum())))
    for _ in range(max_iterations):
        for places, target in fits:
            sums = np.bincount(places, weights, len(target))
            factors = np.divide(target, sums, out=np.zeros_like(sums), where=sums > 0)
            weights = weights * factors[places]
        reached = [np.bincount(places, weights, len(target)) for places, target in fits]
        gaps = [np.abs(sums - fit[1]) for sums, fit in zip(reached, fits, strict=True)]
        if max(gap.max() for gap in gaps) <= tolerance * total:
            return seed.assign(weight=weights)
    worst = int(np.argmax([gap.max() for gap in gaps]))
    place = int(gaps[worst].argmax())
    column = list(known)[worst]
    raise ValueError(
        f"raking must come within {tolerance!r} of the margins, and did not in {max_iterations} "
        f"iterations: at worst {known[column].index[place]!r} of {column!r} ends at "
        f"{reached[worst][place]:.6g} in place of {fits[worst][1][place]:.6g}. Cells of weight 0 "
        f"may make these margins impossible: put categories together, or raise max_iterations or "
        f"tolerance."
    )


def read_weights(table: pd.DataFrame, columns: list[str], *, name: str) -> Array:
    """Read the weights of the rows of a table, whose groups must be known."""
    absent = [column for column in [*columns, "weight"] if column not in table]
    if absent:
        raise ValueError(
            f"{name} lacks the columns {absent[:5]!r} ({len(absent)} in all); found "
            f"{list(table.columns)[:5]!r} ({len(table.columns)} in all)."
        )
    if table[columns].isna().to_numpy().any():
        raise ValueError(f"{name} must name all its groups, got missing values in {columns!r}.")
    return check_weights(table["weight"], name=name)


def check_weights(values: "pd.Series[Any]", *, name: str) -> Array:
    """Return weights as floats, none negative or unknown, not all of them 0."""
    weights = values.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = weights[~(np.isfinite(weights) & (weights >= 0))]
    if len(wrong):
        raise ValueError(
            f"weights of {name} must be numbers >= 0, got {wrong[:5].tolist()!r} "
            f"({len(wrong)} in all)."
        )
    if not weights.sum() > 0:
        raise ValueError(f"weights of {name} must not all be 0.")
    return weights


def read_margin(column: str, margin: "pd.Series[Any]") -> "pd.Series[float]":
    """Read the margin of a column as floats by category."""
    if not isinstance(margin, pd.Series):
        raise TypeError(
            f"margins must be Series with the categories as index, got "
            f"{type(margin).__name__} for {column!r}."
        )
    if not margin.index.is_unique:
        twice = margin.index[margin.index.duplicated()]
        raise ValueError(
            f"margins must hold each category once, got {twice[:5].tolist()!r} several times in "
            f"{column!r} ({len(twice)} in all)."
        )
    weights = check_weights(margin, name=f"the margin of {column!r}")
    return pd.Series(weights, index=margin.index)


def _check_totals(margins: dict[str, "pd.Series[float]"], tolerance: float) -> None:
    """Refuse margins that cannot all be met, since they do not add up to one total."""
    totals = {column: float(margin.sum()) for column, margin in margins.items()}
    if max(totals.values()) - min(totals.values()) > tolerance * max(totals.values()):
        raise ValueError(
            f"margins must have one total, got {totals!r}. Divide each by its sum first, if they "
            f"are shares of the same offers."
        )


def _place_cells(
    seed: pd.DataFrame, column: str, margin: "pd.Series[float]", weights: Array
) -> npt.NDArray[np.intp]:
    """Return the place of each cell's category in the margin."""
    places = margin.index.get_indexer(pd.Index(seed[column]))
    absent = pd.unique(seed[column][places < 0])
    if len(absent):
        raise ValueError(
            f"the margin of {column!r} lacks the categories {list(absent[:5])!r} of the seed "
            f"({len(absent)} in all); found {margin.index[:5].tolist()!r} ({len(margin)} in all). "
            f"Give them a weight, 0 if they must not count."
        )
    sums = np.bincount(places, weights, len(margin))
    empty = margin.index[(sums == 0) & (margin.to_numpy() > 0)]
    if len(empty):
        raise ValueError(
            f"the seed holds nothing in the categories {empty[:5].tolist()!r} of {column!r} "
            f"({len(empty)} in all), which have a weight in the margin: a cell of weight 0 "
            f"cannot be scaled up. Put categories together, or leave these out of the margin."
        )
    return places
