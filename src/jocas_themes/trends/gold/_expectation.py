"""The half-widths to expect of a design, from sums over all offers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._periods import TIMES, derive_time
from jocas_themes.trends.gold._moments import Moments
from jocas_themes.trends.prevalence._rectifier import ENOUGH, Basis, choose_basis

Array = npt.NDArray[np.float64]
Steps = tuple[pd.Timestamp, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """Domains of one kind, such as the months.

    Parameters
    ----------
    name : str
        What they are called.
    moments : Moments
        Sums over all offers, by cells that make up the domains.
    group : str or None
        The column of the group that they are told apart by.
    members : ndarray of shape (n_domains, n_cells)
        Whether a cell is of a domain, 0 or 1.
    is_change : bool
        Whether what is asked for is the second domain less the first.
    """

    name: str
    moments: Moments
    group: str | None
    members: Array
    is_change: bool = False


def list_kinds(
    moments: Mapping[str | None, Moments], by: Sequence[str], steps: Steps
) -> Iterator[Kind]:
    """List what is planned: the domains of each of `by`, then the change at each step."""
    for name in by:
        group = None if name in TIMES else name
        keys = moments[group].keys
        values = keys[name] if group else derive_time(keys["month"], name, steps)
        codes, distinct = pd.factorize(values)
        members = (np.arange(len(distinct))[:, None] == codes).astype(np.float64)
        yield Kind(name, moments[group], group, members)
    keys = moments[None].keys
    if "month" in keys:
        stretch = np.searchsorted(np.array(steps, dtype="datetime64[ns]"), keys["month"], "right")
        for place, step in enumerate(steps):
            members = (np.array([[place], [place + 1]]) == stretch).astype(np.float64)
            yield Kind(f"change {step:%Y-%m}", moments[None], None, members, is_change=True)


def compute_se(
    kind: Kind, theme: int, rates: Array, steps: Steps, design_effect: float
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Compute the standard errors to expect, and which domains have a correction of their own.

    Parameters
    ----------
    kind : Kind
        The domains; those without a prediction of the theme are left out.
    theme : int
        Its place.
    rates : ndarray of shape (n_strata,)
        Part of each stratum that is drawn.
    steps : tuple of Timestamp
        Months from which on the errors may be others.
    design_effect : float
        Factor of the gold labels' part of the variance.
    """
    moments = kind.moments
    known, f, f2, v, vf, vf2 = moments.sums[:, theme].T
    rates = rates[moments.strata]
    basis = _choose_basis(kind, known * rates, steps)
    b = basis.evaluate(moments.keys)
    inverse = np.linalg.pinv(_sum_squares(b, known, f, f2), rcond=1e-10, hermitian=True)
    spread = _sum_squares(b, v / rates, vf / rates, vf2 / rates)
    members = kind.members[kind.members @ known > 0]
    weights = members / (members @ known)[:, None]
    if kind.is_change:
        weights = np.diff(weights, axis=0)
    x = weights @ np.column_stack([known[:, None] * b, f]) @ inverse
    learnt = np.einsum("ij,jk,ik->i", x, spread, x)
    is_own = np.ones(len(weights), dtype=bool)
    if kind.group is not None:
        is_own = members @ (known * rates) >= ENOUGH
    return np.sqrt(design_effect * learnt + weights**2 @ v), is_own


def _choose_basis(kind: Kind, n_gold: Array, steps: Steps) -> Basis:
    keys = kind.moments.keys
    span = (keys["month"].min(), keys["month"].max()) if "month" in keys else None
    groups = [] if kind.group is None else [kind.group]
    return choose_basis(keys, n_gold, groups=groups, steps=steps, span=span)


def _sum_squares(b: Array, of_1: Array, of_f: Array, of_f2: Array) -> Array:
    """Sum (b, f)(b, f)' over offers, each counted as in the three sums by cell."""
    corner = b.T @ of_f
    return np.block([[b.T @ (of_1[:, None] * b), corner[:, None]], [corner, of_f2.sum()]])
