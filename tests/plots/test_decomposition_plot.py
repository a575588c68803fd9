"""The decomposition: two bars and a total in each row."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from jocas_themes.plots import plot_decomposition


@pytest.fixture
def parts() -> pd.DataFrame:
    estimate = [0.10, -0.05, 0.05, 0.06, -0.02, 0.04]
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "group": ["all"] * 3 + ["C"] * 3,
            "component": ["within", "composition", "total"] * 2,
            "estimate": estimate,
            "ci_low": [value - 0.01 for value in estimate],
            "ci_high": [value + 0.01 for value in estimate],
        }
    )


def _draw(parts: pd.DataFrame, **options: object):
    return plot_decomposition(parts, ax=Figure(layout="constrained").subplots(), **options)


def test_bars_and_totals_are_the_estimates(parts: pd.DataFrame) -> None:
    ax = _draw(parts)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.10, 0.06, -0.05, -0.02])
    (total,) = (line for line in ax.lines if line.get_marker() == "D")
    assert total.get_xdata().tolist() == pytest.approx([0.05, 0.04])
    # Within its row, around 0 and 1, and below both bars.
    assert [round(height) for height in total.get_ydata()] == [0, 1]
    assert total.get_ydata()[0] > max(bar.get_y() for bar in ax.patches[::2])


def test_intervals_are_drawn(parts: pd.DataFrame) -> None:
    ends = [
        path.vertices[:, 0].tolist()
        for lines in _draw(parts).collections
        for path in lines.get_paths()
    ]
    assert ends[0] == pytest.approx([0.09, 0.11])
    assert len(ends) == 6


def test_rows_are_the_groups_of_one_theme(parts: pd.DataFrame) -> None:
    ax = _draw(parts, by="sector", language="fr")
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "Tous les groupes",
        "C · Industrie manufacturière",
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "effet propre",
        "effet de structure",
        "total",
    ]


def test_rows_are_the_themes_of_several(parts: pd.DataFrame) -> None:
    several = pd.concat([parts, parts.assign(theme="WORK_LIFE_BALANCE")])
    ax = _draw(several)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "Diversity and inclusion",
        "Work-life balance",
    ]
    assert _draw(several, theme="DIVERSITY").get_title(loc="left") == "Diversity and inclusion"


def test_an_unknown_component_is_refused(parts: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"component must be one of .* got \['between'\]"):
        _draw(parts.replace({"component": {"composition": "between"}}))


def test_themes_without_their_sum_are_refused(parts: pd.DataFrame) -> None:
    several = pd.concat([parts, parts.assign(theme="B")])
    with pytest.raises(ValueError, match="table must have the rows of the group 'all', got none"):
        _draw(several[several["group"] != "all"])


def test_components_that_come_twice_are_refused(parts: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each group and component, got several"):
        _draw(pd.concat([parts, parts]))
