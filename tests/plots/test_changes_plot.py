"""The dumbbells: before, after, and whether the change is sure."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from jocas_themes.plots import plot_changes
from jocas_themes.plots._canvas import BLUE


@pytest.fixture
def changes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "sector": ["C", "J", "I"],
            "before": [0.10, 0.20, 0.15],
            "after": [0.11, 0.26, 0.12],
            "change": [0.01, 0.06, -0.03],
            "ci_low": [-0.01, 0.03, -0.05],
            "ci_high": [0.03, 0.09, -0.01],
            "p_adjusted": [0.4, 0.001, 0.05],
        }
    )


def _draw(changes: pd.DataFrame, **options: object):
    return plot_changes(changes, ax=Figure(layout="constrained").subplots(), **options)


def _read_dots(ax) -> list[tuple[float, float]]:
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"]


def test_rows_are_sorted_by_change(changes: pd.DataFrame) -> None:
    ax = _draw(changes)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "J · Information and communication",
        "C · Manufacturing",
        "I · Accommodation and food service activities",
    ]
    # Before and after of each, from top to bottom.
    assert _read_dots(ax) == [(0.20, 0), (0.26, 0), (0.10, 1), (0.11, 1), (0.15, 2), (0.12, 2)]


def test_a_change_that_is_not_sure_is_hollow(changes: pd.DataFrame) -> None:
    ax = _draw(changes)
    after = [line for line in ax.lines if line.get_marker() == "o"][1::2]
    paper = to_hex(ax.get_facecolor())
    # At 5% a p-value of 0.05 is not below.
    assert [to_hex(dot.get_markerfacecolor()) for dot in after] == [BLUE.lower(), paper, paper]
    relaxed = [line for line in _draw(changes, alpha=0.1).lines if line.get_marker() == "o"][1::2]
    assert to_hex(relaxed[2].get_markerfacecolor()) == BLUE.lower()


def test_figures_stand_beside(changes: pd.DataFrame) -> None:
    texts = [text.get_text() for text in _draw(changes).texts]
    assert texts[:4] == ["+6.0", "[+3.0, +9.0]", "+1.0", "[−1.0, +3.0]"]
    assert texts[-2:] == ["change", "interval"]


def test_without_groups_the_rows_are_themes(changes: pd.DataFrame) -> None:
    themes = changes.drop(columns="sector").assign(theme=["DIVERSITY", "B", "C"])
    ax = _draw(themes, language="fr", names={"B": "Bé"})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Bé", "Diversité", "C"]


def test_a_change_that_is_not_known_has_no_row(changes: pd.DataFrame) -> None:
    changes.loc[0, "change"] = float("nan")
    assert len(_draw(changes).get_yticks()) == 2
    with pytest.raises(ValueError, match="table must hold a known change, got NaN"):
        _draw(changes.iloc[:1])


def test_groups_of_several_themes_are_refused(changes: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="theme must be one of the table's"):
        _draw(pd.concat([changes, changes.assign(theme="B")]))


def test_a_group_that_comes_twice_is_refused(changes: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each sector, got several for"):
        _draw(pd.concat([changes, changes]))
