"""The heat map: each cell coloured by its share, or hatched, or blank."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from jocas_themes.plots import plot_heatmap


@pytest.fixture
def shares() -> pd.DataFrame:
    # 2020 is missing; J has no 2021; the second cell of C is unsure.
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "sector": ["C", "C", "J"],
            "year": pd.to_datetime(["2019-01-01", "2021-01-01", "2019-01-01"]),
            "n_offers": [900, 800, 700],
            "estimate": [0.10, 0.30, 0.20],
            "ci_low": [0.08, 0.20, 0.18],
            "ci_high": [0.12, 0.40, 0.22],
        }
    )


def _draw(shares: pd.DataFrame, **options: object):
    return plot_heatmap(shares, ax=Figure(layout="constrained").subplots(), **options)


def _read_cells(ax) -> dict[tuple[float, float], Rectangle]:
    return {(cell.get_x() + 0.5, cell.get_y() + 0.5): cell for cell in ax.patches}


def test_cells_lie_in_their_row_and_column(shares: pd.DataFrame) -> None:
    ax = _draw(shares)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2019", "2020", "2021"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "C · Manufacturing",
        "J · Information and communication",
    ]
    cells = _read_cells(ax)
    assert set(cells) == {(0, 0), (2, 0), (0, 1)}
    assert [key for key, cell in cells.items() if cell.get_hatch()] == [(2, 0)]


def test_sure_cells_have_the_colour_of_their_share(shares: pd.DataFrame) -> None:
    ax = _draw(shares)
    colors = ax.figure.axes[1]._colorbar.mappable  # the bar's
    cells = _read_cells(ax)
    assert cells[0, 0].get_facecolor() == colors.to_rgba(0.10)
    assert cells[0, 1].get_facecolor() == colors.to_rgba(0.20)
    assert colors.get_clim() == (0.10, 0.20)


def test_sure_cells_have_their_figures(shares: pd.DataFrame) -> None:
    texts = {text.get_position(): text.get_text() for text in _draw(shares, language="fr").texts}
    assert texts == {(0, 0): "10,0", (0, 1): "20,0"}


def test_limits_of_what_is_sure(shares: pd.DataFrame) -> None:
    assert not any(
        cell.get_hatch() for cell in _read_cells(_draw(shares, max_half_width=0.11)).values()
    )
    assert all(cell.get_hatch() for cell in _read_cells(_draw(shares, min_offers=1000)).values())


def test_a_share_that_is_not_known_is_hatched(shares: pd.DataFrame) -> None:
    shares.loc[0, ["estimate", "ci_low", "ci_high"]] = np.nan
    assert _read_cells(_draw(shares))[0, 0].get_hatch()


def test_many_columns_have_no_figures(shares: pd.DataFrame) -> None:
    shares["year"] = pd.to_datetime(["2005-01-01", "2021-01-01", "2005-01-01"])
    ax = _draw(shares)
    assert not ax.texts
    # Seventeen years, every other named.
    assert len(ax.get_xticklabels()) == 9


def test_stretches_are_in_order(shares: pd.DataFrame) -> None:
    stretches = ["from 2020-03", "until 2020-02", "from 2020-03"]
    ax = _draw(shares.drop(columns="year").assign(period=stretches))
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "until Feb 2020",
        "from Mar 2020",
    ]


def test_the_note_says_what_is_hatched_and_blank(shares: pd.DataFrame) -> None:
    note = _draw(shares).get_xlabel().replace("\n", " ")
    assert note == (
        "Hatched: interval wider than ±5 points, or fewer than 30 offers. Blank: no offers."
    )


def test_a_table_without_groups_is_refused(shares: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="by must name the table's column of groups, got None"):
        _draw(shares.drop(columns="sector"))


def test_a_cell_that_comes_twice_is_refused(shares: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each sector and year, got several for"):
        _draw(pd.concat([shares, shares]))
