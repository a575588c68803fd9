"""Naive against corrected: both lines, both bands, no line through a gap."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from jocas_themes.plots import plot_correction
from jocas_themes.trends._result import Shares


@pytest.fixture
def corrected() -> pd.DataFrame:
    # 2020 is missing.
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "year": pd.to_datetime(["2018-01-01", "2019-01-01", "2021-01-01"]),
            "estimate": [0.10, 0.11, 0.12],
            "ci_low": [0.08, 0.09, 0.10],
            "ci_high": [0.12, 0.13, 0.14],
        }
    )


@pytest.fixture
def naive(corrected: pd.DataFrame) -> pd.DataFrame:
    return corrected.assign(estimate=[0.15, 0.18, 0.25], ci_low=0.14, ci_high=0.26)


def _draw(naive: object, corrected: object, **options: object):
    return plot_correction(naive, corrected, ax=Figure().subplots(), **options)


def test_both_lines_are_drawn_and_broken_at_the_gap(
    naive: pd.DataFrame, corrected: pd.DataFrame
) -> None:
    ax = _draw(naive, corrected)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(lines["Naive"], [0.15, 0.18, np.nan, 0.25])
    np.testing.assert_allclose(lines["Corrected"], [0.10, 0.11, np.nan, 0.12])
    assert len(ax.patches) == 1
    assert [text.get_text() for text in ax.texts if text.get_text()[0] not in "●○"] == [
        "Covid-19, Mar 2020",
        "Corrected",
        "Naive",
    ]


def test_bands_are_the_intervals(naive: pd.DataFrame, corrected: pd.DataFrame) -> None:
    bands = [
        np.concatenate([path.vertices[:, 1] for path in band.get_paths()])
        for band in _draw(naive, corrected).collections
    ]
    assert [(band.min(), band.max()) for band in bands] == [(0.14, 0.26), (0.08, 0.14)]


def test_results_are_drawn_as_their_tables(naive: pd.DataFrame, corrected: pd.DataFrame) -> None:
    shares = Shares(corrected, np.zeros((3, 1)), np.zeros(3), by=("year",))
    ax = _draw(naive, shares, language="fr")
    assert [line.get_label() for line in ax.lines[:2]] == ["Naïf", "Corrigé"]


def test_tables_by_other_times_are_refused(naive: pd.DataFrame, corrected: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="must be by the same time, got 'quarter' and 'year'"):
        _draw(naive.rename(columns={"year": "quarter"}), corrected)


def test_nothing_known_is_refused(naive: pd.DataFrame, corrected: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="table must hold a known estimate, got NaN in every row"):
        _draw(naive.assign(estimate=np.nan), corrected)


def test_the_theme_must_be_in_both(naive: pd.DataFrame, corrected: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"theme must be one of the table's \['B'\]"):
        _draw(naive, corrected.assign(theme="B"))
