"""`Shares`: estimated shares with all their covariances, in a form that stays small."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

Array = npt.NDArray[np.float64]

_TIMES = ("month", "quarter", "semester", "year")
_COUNTS = ("n_offers", "n_gold")


@dataclass(frozen=True, eq=False)
class Shares:
    """Estimated shares of the themes, with the covariance between all rows of a theme.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        ``theme``, the columns of `by`, ``n_offers``, ``n_gold``, ``estimate``, ``se``,
        ``ci_low``, ``ci_high`` and ``method``, all shares 0-1. An unbiased estimate may fall a
        little outside; its interval is cut there.
    factor : ndarray of shape (n_rows, n_factors)
        What the rows of a theme have in common: the errors of what was learnt from the gold
        labels.
    noise : ndarray of shape (n_rows,)
        Variance of each row that no other row shares.
    by : tuple of str
        Columns that tell the rows of a theme apart.
    level : float, default=0.95
        Confidence level of the intervals, 0 to 1.
    dof : float, default=inf
        Degrees of freedom of the intervals' Student's t.

    Raises
    ------
    ValueError
        If a month, quarter, semester or year is no datetime.

    See Also
    --------
    estimate_prevalence : Makes them.

    Notes
    -----
    Within a theme the covariance is ``factor @ factor.T + diag(noise)``: of 100 months, 21
    sectors and 13 regions it takes megabytes, not gigabytes, and weighted means of rows keep the
    form. The factors of one theme have nothing to do with those of another.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares
    >>> years = pd.to_datetime(["2019-01-01", "2021-01-01"])
    >>> table = pd.DataFrame({"theme": "REMOTE", "year": years, "estimate": [0.1, 0.3]})
    >>> factor, noise = np.array([[0.02], [0.01]]), np.full(2, 1e-4)
    >>> shares = Shares(table, factor, noise, by=("year",))
    >>> shares.covariance("REMOTE").round(5)
    array([[0.0005, 0.0002],
           [0.0002, 0.0002]])
    """

    table: pd.DataFrame
    factor: Array = field(repr=False)
    noise: Array = field(repr=False)
    by: tuple[str, ...]
    level: float = 0.95
    dof: float = np.inf

    def __post_init__(self) -> None:
        _check_times(self.table, self.by)

    def __len__(self) -> int:
        return len(self.table)

    def _repr_html_(self) -> str:
        return str(self.table.to_html(float_format="{:.4f}".format, max_rows=60))

    @property
    def themes(self) -> list[str]:
        """Codes of the themes, in the table's order."""
        return list(dict.fromkeys(self.table["theme"]))

    def covariance(self, theme: str) -> Array:
        """Return the covariance of the estimates of a theme.

        Parameters
        ----------
        theme : str
            Its code.

        Returns
        -------
        ndarray of shape (n_rows_of_the_theme, n_rows_of_the_theme)
            In the order of the theme's rows in the table.

        Raises
        ------
        ValueError
            If there is no such theme.
        """
        rows = (self.table["theme"] == theme).to_numpy()
        if not rows.any():
            raise ValueError(f"theme must be one of {self.themes!r}, got {theme!r}.")
        factor = self.factor[rows]
        covariance: Array = factor @ factor.T + np.diag(self.noise[rows])
        return covariance

    def take(self, rows: npt.NDArray[np.bool_]) -> "Shares":
        """Return some of the rows.

        Parameters
        ----------
        rows : ndarray of bool, of shape (n_rows,)
            Which to keep.

        Returns
        -------
        Shares
            With the covariance of those that are kept.
        """
        table = self.table[rows].reset_index(drop=True)
        return Shares(table, self.factor[rows], self.noise[rows], self.by, self.level, self.dof)

    def combine(
        self, weights: npt.ArrayLike, by: Sequence[str], *, method: str | None = None
    ) -> "Shares":
        """Sum the weighted rows of each theme that agree in some columns.

        Parameters
        ----------
        weights : array-like of shape (n_rows,)
            Weight of each row; those of a mean sum to 1 in each theme and group.
        by : sequence of str
            Columns of the table that tell the sums apart.
        method : str, optional
            What to write in ``method``; by default what stands there.

        Returns
        -------
        Shares
            One row a theme and group, in the order in which they come first.
        """
        weights = np.asarray(weights, dtype=np.float64)
        keys = ["theme", *by]
        groups = self.table.groupby(keys, sort=False, dropna=False)
        places = groups.ngroup().to_numpy()
        n_groups = groups.ngroups
        factor = np.zeros((n_groups, self.factor.shape[1]))
        np.add.at(factor, places, weights[:, None] * self.factor)
        table = self.table[keys].drop_duplicates(ignore_index=True)
        for name in _COUNTS:
            if name in self.table:
                table[name] = groups[name].sum().to_numpy()
        estimate, noise = np.zeros(n_groups), np.zeros(n_groups)
        np.add.at(estimate, places, weights * self.table["estimate"].to_numpy())
        np.add.at(noise, places, weights**2 * self.noise)
        methods = groups["method"].first().to_numpy() if method is None else method
        return build_shares(
            table, estimate, factor, noise, by, method=methods, level=self.level, dof=self.dof
        )


def _check_times(table: pd.DataFrame, by: Sequence[str]) -> None:
    """Refuse periods that are written otherwise, which nothing could put on a line of time."""
    for name in _TIMES:
        if name not in by or name not in table or not len(table):
            continue
        if not pd.api.types.is_datetime64_dtype(table[name]):
            found = table[name].iloc[0]
            raise ValueError(
                f"{name!r} of shares must hold datetimes without a time zone, each the first day "
                f"of its {name}, got {found!r} ({table[name].dtype}). Read them with "
                f"pandas.to_datetime, numbers of years with format='%Y'."
            )


def build_shares(
    rows: pd.DataFrame,
    estimate: Array,
    factor: Array,
    noise: Array,
    by: Sequence[str],
    *,
    method: str | npt.NDArray[np.object_],
    level: float = 0.95,
    dof: float = np.inf,
) -> Shares:
    """Put estimates beside the columns that name them, with standard errors and intervals."""
    se = np.sqrt(np.einsum("ij,ij->i", factor, factor) + noise)
    low, high = compute_interval(estimate, se, level=level, dof=dof)
    table = rows.reset_index(drop=True).assign(
        estimate=estimate,
        se=se,
        ci_low=np.clip(low, 0, 1),
        ci_high=np.clip(high, 0, 1),
        method=method,
    )
    return Shares(table, factor, noise, tuple(by), level, dof)


def compute_interval(
    estimate: npt.ArrayLike, se: npt.ArrayLike, *, level: float, dof: float = np.inf
) -> tuple[Array, Array]:
    """Compute Student's interval around estimates."""
    half = student_t.ppf((1 + level) / 2, dof) * np.asarray(se, dtype=np.float64)
    center = np.asarray(estimate, dtype=np.float64)
    return center - half, center + half
