"""`LearningCurve`: what was measured, what twice the labels would bring, and what to do."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jocas_themes._rendering import render_html, render_text
from jocas_themes.evaluation._bootstrap import ClusterBootstrap, FloatArray, IntArray
from jocas_themes.evaluation._power_law import apply_power_law, fit_power_law

# Half a point of F1: nobody would notice less.
_WORTH = 0.005


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """How the F1 grows with the annotations; made by `compute_learning_curve`.

    Parameters
    ----------
    table : DataFrame of shape (n_sizes, 5)
        One row a size: ``n_offers`` learnt from, ``cost_usd`` (NaN without a price), ``f1``
        (micro, mean of the repeats), ``f1_low`` and ``f1_high``.
    forecast : DataFrame of shape (n_sizes + 1, 8)
        The fitted law at the same sizes and, last, at twice the largest: the same columns,
        then ``gain`` over the largest size, ``gain_low`` and ``gain_high``.
    gain_of_doubling : float
        What twice the labels would add to the F1, 0 to 1: the last ``gain``.
    advice : str
        Whether more labels are worth it, in plain words.
    """

    table: pd.DataFrame
    forecast: pd.DataFrame
    gain_of_doubling: float
    advice: str

    def __str__(self) -> str:
        return render_text(self.advice, self._lay_out())

    def _repr_html_(self) -> str:
        return render_html(self.advice, self._lay_out())

    def _lay_out(self) -> dict[str, pd.DataFrame]:
        return {"Measured": self.table, "Twice the labels, forecast": self.forecast.tail(1)}


def build_learning_curve(
    sizes: IntArray,
    f1: FloatArray,
    draws: FloatArray,
    bootstrap: ClusterBootstrap,
    cost: float | None,
) -> LearningCurve:
    """Fit the law to the curve and to its draws, and say what follows."""
    price = np.nan if cost is None else cost
    low, high = bootstrap.bound(draws)
    table = pd.DataFrame(
        {"n_offers": sizes, "cost_usd": sizes * price, "f1": f1, "f1_low": low, "f1_high": high}
    )
    targets = np.append(sizes, 2 * sizes[-1])
    curves = np.vstack([f1, draws[~np.isnan(draws).any(axis=1)]])
    fitted = apply_power_law(fit_power_law(sizes, curves), targets)
    gains = fitted - fitted[:, [-2]]
    low, high = bootstrap.bound(fitted[1:])
    gain_low, gain_high = bootstrap.bound(gains[1:])
    forecast = pd.DataFrame(
        {
            "n_offers": targets,
            "cost_usd": targets * price,
            "f1": fitted[0],
            "f1_low": low,
            "f1_high": high,
            "gain": gains[0],
            "gain_low": gain_low,
            "gain_high": gain_high,
        }
    )
    gain = float(gains[0, -1])
    advice = _advise(int(sizes[-1]), price, (gain, float(gain_low[-1]), float(gain_high[-1])))
    return LearningCurve(table, forecast, gain, advice)


def _advise(n_more: int, price: float, gains: tuple[float, float, float]) -> str:
    """Say in a sentence what twice the labels would gain, and in another whether to buy them."""
    gain, low, high = (100 * value for value in gains)
    cost = "" if np.isnan(price) else f", {n_more * price:,.2f} USD"
    said = (
        f"Twice the labels ({n_more:,} more offers{cost}) would gain about {gain:.1f} points of "
        f"F1 ({low:.1f} to {high:.1f})."
    )
    if gains[2] < _WORTH:
        return f"{said} The curve is flat: more labels are not worth it."
    if gains[1] < _WORTH:
        return f"{said} Whether more labels are worth it cannot be told yet: it may be nothing."
    return f"{said} More labels still help."
