"""The picture of the learning curve: what was measured, what is forecast, what it costs."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from jocas_themes.evaluation import LearningCurve
from jocas_themes.plots import plot_learning_curve


def _build_curve(*, cost: float = np.nan, advice: str = "More labels still help.") -> LearningCurve:
    sizes, f1 = np.array([1660, 400, 800, 3320]), np.array([0.77, 0.71, 0.74, 0.79])
    table = pd.DataFrame(
        {
            "n_offers": sizes,
            "cost_usd": sizes * cost,
            "f1": f1,
            "f1_low": f1 - 0.02,
            "f1_high": f1 + 0.03,
        }
    )
    forecast = pd.concat([table.head(3) * 0.99, table.tail(1)])
    return LearningCurve(table.head(3), forecast, 0.02, advice)


def test_sizes_are_joined_in_order_and_the_forecast_follows_the_largest() -> None:
    ahead, measured = plot_learning_curve(_build_curve(), Figure().subplots()).lines
    assert measured.get_xdata().tolist() == [400, 800, 1660]
    assert measured.get_ydata().tolist() == [0.71, 0.74, 0.77]
    assert ahead.get_xdata().tolist() == [1660, 3320]
    assert ahead.get_ydata().tolist() == [0.77, 0.79]
    assert ahead.get_linestyle() == ":"


def test_bands_span_the_intervals() -> None:
    ax = plot_learning_curve(_build_curve(), Figure().subplots())
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.69, 0.80))  # 0.71 - 0.02, 0.77 + 0.03


def test_sizes_are_labelled_with_their_cost() -> None:
    ax = plot_learning_curve(_build_curve(cost=0.005), Figure().subplots())
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["400\n2.00", "800\n4.00", "1,660\n8.30", "3,320\n16.60"]
    assert ax.get_xlabel() == "Annotated offers, and what they cost (USD); hollow: forecast"


def test_without_a_price_no_cost_is_spoken_of() -> None:
    ax = plot_learning_curve(_build_curve(), Figure().subplots())
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["400", "800", "1,660", "3,320"]
    assert "USD" not in ax.get_xlabel()


def test_points_bear_their_f1() -> None:
    ax = plot_learning_curve(_build_curve(), Figure().subplots())
    assert [text.get_text() for text in ax.texts] == ["0.71", "0.74", "0.77", "0.79"]


def test_the_advice_is_written_above_and_dollars_are_no_mathematics() -> None:
    figure = Figure()
    ax = plot_learning_curve(_build_curve(advice="$5 or $_6"), figure.subplots())
    figure.draw_without_rendering()
    assert ax.get_title(loc="left") == "$5 or $_6"


def test_each_doubling_is_as_wide() -> None:
    ax = plot_learning_curve(_build_curve(), Figure().subplots())
    x = ax.transData.transform([(400, 0.7), (800, 0.7), (1660, 0.7), (3320, 0.7)])[:, 0]
    assert x[1] - x[0] == pytest.approx(x[3] - x[2])


def test_a_curve_whose_table_lacks_a_column_is_refused() -> None:
    curve = _build_curve()
    wrong = LearningCurve(curve.table.drop(columns="f1"), curve.forecast, 0.02, "")
    with pytest.raises(ValueError, match=r"lacks \['f1'\].*compute_learning_curve"):
        plot_learning_curve(wrong)
