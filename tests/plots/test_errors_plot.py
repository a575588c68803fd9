"""The error rates: one mark a theme and period, in the panel of its rate."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from jocas_themes.plots import plot_errors


@pytest.fixture
def rates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": ["DIVERSITY"] * 4 + ["B"] * 4,
            "period": ["from 2020-03", "until 2020-02"] * 4,
            "rate": ["sensitivity", "sensitivity", "specificity", "specificity"] * 2,
            "n_gold": [80, 29, 400, 350, 60, 50, 400, 350],
            "estimate": [0.7, 0.8, 0.95, 0.97, 0.6, 0.65, 0.98, 0.99],
            "ci_low": [0.6, 0.6, 0.93, 0.95, 0.5, 0.5, 0.97, 0.98],
            "ci_high": [0.8, 0.9, 0.97, 0.99, 0.7, 0.8, 0.99, 1.0],
        }
    )


def _draw(rates: pd.DataFrame, **options: object):
    return plot_errors(rates, axes=Figure(layout="constrained").subplots(1, 2), **options)


def _read_marks(ax) -> list:
    return [line for line in ax.lines if line.get_marker() in ("o", "s") and len(line.get_xdata())]


def test_marks_are_the_rates(rates: pd.DataFrame) -> None:
    sensitivity, specificity = _draw(rates)
    # The earlier period first, then themes from top to bottom.
    assert [line.get_xdata()[0] for line in _read_marks(sensitivity)] == [0.8, 0.65, 0.7, 0.6]
    assert [line.get_xdata()[0] for line in _read_marks(specificity)] == [0.97, 0.99, 0.95, 0.98]
    heights = [line.get_ydata()[0] for line in _read_marks(sensitivity)]
    assert [round(height) for height in heights] == [0, 1, 0, 1]
    assert heights[0] < heights[2]


def test_few_gold_labels_are_hollow(rates: pd.DataFrame) -> None:
    ax = _draw(rates)[0]
    paper = to_hex(ax.get_facecolor())
    assert [to_hex(mark.get_markerfacecolor()) == paper for mark in _read_marks(ax)] == [
        True,
        False,
        False,
        False,
    ]


def test_the_legend_names_the_periods_in_order(rates: pd.DataFrame) -> None:
    legend = _draw(rates)[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["until Feb 2020", "from Mar 2020"]


def test_scales_end_at_100_percent_and_hold_the_intervals(rates: pd.DataFrame) -> None:
    sensitivity, specificity = _draw(rates)
    assert sensitivity.get_xlim() == (0.5, 1)
    assert specificity.get_xlim() == (0.9, 1)


def test_all_offers_together_need_no_legend(rates: pd.DataFrame) -> None:
    once = rates[rates["period"] == "from 2020-03"].drop(columns="period")
    axes = _draw(once)
    assert axes[0].get_legend() is None
    assert len(_read_marks(axes[0])) == 2


def test_groups_are_told_apart_too(rates: pd.DataFrame) -> None:
    groups = rates.rename(columns={"period": "sector"}).replace(
        {"sector": {"from 2020-03": "C", "until 2020-02": "J"}}
    )
    legend = _draw(groups, by="sector")[0].get_legend()
    assert legend.get_texts()[0].get_text() == "C · Manufacturing"


def test_too_many_periods_are_refused(rates: pd.DataFrame) -> None:
    months = pd.date_range("2020-01-01", periods=8, freq="MS")
    with pytest.raises(ValueError, match="at most 6 values of 'month', got 8"):
        _draw(rates.drop(columns="period").assign(month=months))


def test_a_rate_that_comes_twice_is_refused(rates: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each theme and period and rate"):
        _draw(pd.concat([rates, rates]))
