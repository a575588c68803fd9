"""Agreement: worked out by hand, and the figures of the second pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from jocas_themes.confidence import agreement

NAN = float("nan")


def build_table(labels: list[float], confidences: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": [f"o{row}" for row in range(len(labels))],
            "A": labels,
            "A_confidence": confidences,
            "A_evidence": None,
        }
    )


def test_a_table_by_hand() -> None:
    a = [1, 1, 1, 0, 0, 1, NAN, 0]
    b = [1, 1, 0, 0, 1, 0, 1, NAN]
    result = agreement(np.array(a), np.array(b), themes=["A"])
    theme, total = result.themes.to_dict("records")
    assert theme | {"theme": "all"} == total
    # Six cells are known on both sides; 3 agree. Shares 4/6 and 3/6.
    assert theme["n_cells"] == 6
    assert theme["agreement"] == 0.5
    assert theme["share_a"] == pytest.approx(4 / 6)
    assert theme["difference"] == pytest.approx(-1 / 6)
    # chance 4/6 * 3/6 + 2/6 * 3/6 = 1/2: kappa 0
    assert theme["cohen_kappa"] == pytest.approx(0)
    # 12 labels, 7 ones and 5 zeros: 1 - 11 * 3 / 35
    assert theme["krippendorff_alpha"] == pytest.approx(1 - 33 / 35)
    # two fall, one rises: P(at least 2 of 3 one way) = 2 * 4/8 = 1
    assert theme["mcnemar_p"] == 1


def test_bands_by_hand() -> None:
    a = build_table([1, 1, 0, 0, 1], [55, 90, NAN, 100, NAN])
    b = build_table([0, 1, 0, 1, 1], [80, 75, 70, 100, NAN])
    table = agreement(a, b, bands=(0, 70, 100 - 1)).bands
    # The smaller confidences: 55 (differ), 75 (agree), 70 (agree; one only), 100 (differ), none.
    assert table["n_cells"].tolist() == [1, 2, 1]
    assert table["agreement"].tolist() == [0, 1, 0]
    assert table["agreement_from"].tolist() == [2 / 4, 2 / 3, 0]
    np.testing.assert_array_equal(table["agreement_under"], [NAN, 0, 2 / 3])


def test_all_pools_the_cells_and_swaps_whole_offers() -> None:
    a = np.array([[1, 1], [1, 1], [0, 0], [0, 1]])
    b = np.array([[0, 0], [0, 0], [0, 0], [1, 1]])
    result = agreement(a, b, themes=["A", "B"]).themes.set_index("theme")
    assert result.loc["all", "n_cells"] == 8
    assert result.loc["all", "agreement"] == 3 / 8
    # Offers change by -2, -2 and +1: of the 8 signs, |sum| >= 3 for -2-2-1, -2-2+1 and mirrored.
    assert result.loc["all", "mcnemar_p"] == pytest.approx(4 / 8)
    # theme B: two fall, none rises: 2 * 1/4
    assert result.loc["B", "mcnemar_p"] == pytest.approx(1 / 2)


@given(st.integers(0, 30), st.integers(0, 30))
def test_one_theme_has_mcnemars_exact_p(n_fall: int, n_rise: int) -> None:
    a = np.array([1.0] * n_fall + [0.0] * n_rise + [0.0])
    b = np.array([0.0] * n_fall + [1.0] * n_rise + [0.0])
    n_changes = n_fall + n_rise
    expected = binomtest(n_fall, n_changes).pvalue if n_changes else 1
    p = agreement(a, b, themes=["A"]).themes.loc[0, "mcnemar_p"]
    assert p == pytest.approx(expected)


def test_nothing_in_common_is_nan_without_a_warning() -> None:
    result = agreement(np.array([NAN, 1.0]), np.array([1.0, NAN]), themes=["A"])
    row = result.themes.loc[0]
    assert row["n_cells"] == 0
    assert row.drop(["theme", "n_cells"]).isna().all()


def test_one_class_alone() -> None:
    row = agreement(np.zeros(4), np.zeros(4), themes=["A"]).themes.loc[0]
    assert row["agreement"] == 1
    assert np.isnan([row["cohen_kappa"], row["krippendorff_alpha"]]).all()
    assert row["mcnemar_p"] == 1


def test_offers_of_one_side_only_are_told() -> None:
    table = build_table([1, 0, 1], [90, 90, 90])
    result = agreement(table, table.iloc[[2, 0]])
    assert (result.n_offers, result.n_only_a, result.n_only_b) == (2, 1, 0)
    assert "2 offers (1 only in a and 0 only in b" in str(result)


def test_bands_are_checked() -> None:
    with pytest.raises(ValueError, match=r"bands must be the lower limits .* got \(70,\)"):
        agreement([1], [1], themes=["A"], bands=(70,))


def test_the_inputs_are_not_changed() -> None:
    a, b = build_table([1, 0], [90, 60]), build_table([1, 1], [80, NAN])
    before = a.copy(deep=True), b.copy(deep=True)
    agreement(a, b)
    pd.testing.assert_frame_equal(a, before[0])
    pd.testing.assert_frame_equal(b, before[1])


@pytest.mark.parametrize("confidences", [[90.0, 60.0], [NAN, NAN]])
def test_text_and_html(confidences: list[float]) -> None:
    result = agreement(build_table([1, 0], confidences), build_table([1, 1], confidences))
    text, html = str(result), result._repr_html_()
    for heading in ("By theme", "kappa"):
        assert heading in text
        assert heading in html
    assert ("By confidence" in text) == (confidences[0] == 90)
    assert "nan" not in text.lower()
    assert "<table" in html


@pytest.mark.real_data
class TestSecondPass:
    """100 real offers that a language model annotated twice."""

    def compare(self, shared_data: Path, **options: Any) -> Any:
        first = pd.read_parquet(shared_data / "offers_labelled.parquet")
        second = pd.read_parquet(shared_data / "second_pass.parquet")
        return agreement(first, second, **options)

    def test_by_theme(self, shared_data: Path) -> None:
        result = self.compare(shared_data)
        assert (result.n_offers, result.n_only_a, result.n_only_b) == (100, 1977, 0)
        table = result.themes.set_index("theme")
        assert table.loc["all", "n_cells"] == 600
        assert table.loc["all", "agreement"] == pytest.approx(596 / 600)
        assert table.loc["all", "cohen_kappa"] == pytest.approx(0.980, abs=5e-4)
        assert table.loc["all", "krippendorff_alpha"] == pytest.approx(0.980, abs=5e-4)
        # The four cells that differ all fall from 1 to 0: 2 / 2^4
        assert table.loc["all", "mcnemar_p"] == pytest.approx(0.125)
        differ = (100 * (1 - table["agreement"])).round()
        assert differ[differ > 0].drop("all").to_dict() == {
            "CAREER_OPPORTUNITIES": 1,
            "LEADERSHIP_MANAGEMENT": 3,
        }
        assert table.loc["LEADERSHIP_MANAGEMENT", "cohen_kappa"] == pytest.approx(0.896, abs=5e-4)

    def test_confidence_sorts(self, shared_data: Path) -> None:
        table = self.compare(shared_data).bands.set_index("low")
        assert table["n_cells"].to_dict() == {0: 0, 50: 15, 60: 25, 70: 15, 80: 70, 90: 475}
        # All 560 cells of 70 or more agree, and 36 of the 40 under it ...
        assert table.loc[70, "agreement_from"] == 1
        assert table.loc[70, "agreement_under"] == pytest.approx(36 / 40)
        # ... or rather all of 60 or more, and 11 of the 15 under it, which is 73%.
        assert table.loc[60, "agreement_from"] == 1
        assert table.loc[60, "agreement_under"] == pytest.approx(11 / 15)

    def test_split_at_70(self, shared_data: Path) -> None:
        table = self.compare(shared_data, bands=(0, 70)).bands
        assert table["n_cells"].tolist() == [40, 560]
        assert table["agreement"].tolist() == [0.9, 1]
