"""The choice of a threshold: by hand, and whether the guarantee holds in simulations."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from jocas_themes.confidence import ThresholdChoice, choose_threshold

NAN = float("nan")


def build(confidences: Any, wrong: Any, **columns: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build annotations, all present, and gold that says which are wrong; 2-D for many themes."""
    confidences, wrong = np.asarray(confidences, dtype=float), np.asarray(wrong, dtype=float)
    if confidences.ndim == 1:
        confidences, wrong = confidences[:, None], wrong[:, None]
    annotated: dict[str, Any] = {"offer_id": np.arange(len(wrong)).astype(str)}
    gold = annotated | columns
    for position in range(wrong.shape[1]):
        code = f"T{position}"
        annotated |= {
            code: np.ones(len(wrong)),
            f"{code}_confidence": confidences[:, position],
            f"{code}_evidence": None,
        }
        gold[code] = 1 - wrong[:, position]
    return pd.DataFrame(annotated), pd.DataFrame(gold)


class TestByHand:
    def test_fifty_nine_cells_without_an_error_are_enough(self) -> None:
        choice = choose_threshold(*build([90] * 59, [0] * 59))
        assert choice.threshold == 0
        assert choice.certified
        assert choice.method == "exact"
        assert choice.n_needed == 59
        # (1 - u)^59 = 0.05
        row = choice.table.set_index("threshold").loc[90]
        assert row["upper_bound"] == pytest.approx(1 - 0.05 ** (1 / 59))
        assert "Answers of confidence 0 or more are certified" in choice.message
        assert "with 95% confidence, at most 5% of them are wrong" in choice.message

    def test_fifty_eight_are_not(self) -> None:
        choice = choose_threshold(*build([90] * 58, [0] * 58))
        assert choice.threshold is None
        assert not choice.certified
        assert not choice.table["certified"].any()
        assert "the gold sample is too small" in choice.message
        assert "takes 59 independent gold cells" in choice.message
        assert "is worth 58. Draw 1 more at random" in choice.message

    @pytest.mark.parametrize(
        ("max_error", "confidence", "n_needed"),
        # ln(0.1) / ln(0.9) = 21.9, ln(0.01) / ln(0.99) = 458.2, ln(0.5) / ln(0.5) = 1
        [(0.1, 0.9, 22), (0.01, 0.99, 459), (0.5, 0.5, 1), (0.05, 0.95, 59)],
    )
    def test_how_many_are_needed(self, max_error: float, confidence: float, n_needed: int) -> None:
        choice = choose_threshold(*build([90], [0]), max_error=max_error, confidence=confidence)
        assert choice.n_needed == n_needed

    def test_the_first_failure_ends_it(self) -> None:
        # 100 cells at 90 are right, 10 of 20 at 80 wrong, 500 at 70 right.
        table = build([90] * 100 + [80] * 20 + [70] * 500, [0] * 100 + [1, 0] * 10 + [0] * 500)
        choice = choose_threshold(*table, grid=(70, 80, 90))
        assert choice.threshold == 90
        rows = choice.table.set_index("threshold")
        # 10 wrong of 120 fail at 80, although 10 of 620 would pass at 70
        assert rows.loc[80, "upper_bound"] == pytest.approx(beta.ppf(0.95, 11, 110))
        assert rows.loc[70, "upper_bound"] < 0.05
        assert rows["certified"].tolist() == [True, False, False]

    def test_few_sure_cells_do_not_end_it_before_it_starts(self) -> None:
        # Two cells at 100 cannot certify whatever they are; one is even wrong.
        choice = choose_threshold(*build([100] * 2 + [90] * 200, [1, 0] + [0] * 200))
        rows = choice.table.set_index("threshold")
        assert rows.loc[100, ["n", "errors", "certified"]].tolist() == [2, 1, False]
        assert choice.threshold == 0

    def test_too_many_errors(self) -> None:
        choice = choose_threshold(*build([90] * 100, [1] * 10 + [0] * 90), theme="T0")
        assert choice.threshold is None
        assert "for T0: too many errors for so few gold cells" in choice.message
        # Clopper and Pearson's bound of 10 in 100 is 16.4%
        assert "10 of 100 gold cells are wrong (10%, and 16.4% at most)" in choice.message

    def test_the_table(self) -> None:
        annotations, gold = build([90, 90, 60, 60, NAN], [0, 1, 0, 0, 0])
        annotations.loc[3, "T0"] = NAN  # not answered: never kept
        gold.loc[1, "T0"] = NAN  # not known: counts nowhere
        table = choose_threshold(annotations, gold, grid=[90, 50, 90]).table
        assert table["threshold"].tolist() == [90, 50]
        assert table["n"].tolist() == [1, 2]
        assert table["errors"].tolist() == [0, 0]
        assert table["coverage"].tolist() == [1 / 4, 2 / 4]

    def test_the_threshold_itself_is_kept(self) -> None:
        choice = choose_threshold(*build([80] * 60, [0] * 60), grid=(80, 81))
        assert choice.table["n"].tolist() == [0, 60]
        assert choice.threshold == 80


class TestDesign:
    def test_one_theme_of_many_is_exact_and_all_together_are_not(self) -> None:
        tables = build(np.full((60, 3), 90), np.zeros((60, 3)))
        assert choose_threshold(*tables, theme="T1").method == "exact"
        choice = choose_threshold(*tables)
        assert (choice.method, choice.theme) == ("approximate", None)
        # 180 cells of 60 offers may be right together: they are worth 60
        assert choice.table["n_effective"].max() == 60
        assert choice.threshold == 0

    def test_cells_of_few_offers_certify_nothing(self) -> None:
        choice = choose_threshold(*build(np.full((40, 3), 90), np.zeros((40, 3))))
        assert choice.threshold is None
        assert "is worth 40. Draw 19 more" in choice.message

    def test_clusters_count_as_one(self) -> None:
        tables = build([90] * 100, [0] * 100, cluster=np.arange(100) // 2)
        choice = choose_threshold(*tables)
        assert choice.method == "approximate"
        assert "is worth 50. Draw 9 more" in choice.message

    def test_equal_probabilities_are_exact_and_others_are_not(self) -> None:
        equal = choose_threshold(*build([90] * 60, [0] * 60, inclusion_probability=[0.1] * 60))
        assert (equal.method, equal.threshold) == ("exact", 0)
        unequal = choose_threshold(
            *build([90] * 60, [0] * 60, inclusion_probability=[0.1] * 30 + [1] * 30)
        )
        # (30 * 10 + 30)^2 / (30 * 100 + 30) = 35.9
        assert unequal.method == "approximate"
        assert unequal.threshold is None
        assert "is worth 35.94. Draw 24 more" in unequal.message

    def test_errors_are_weighted(self) -> None:
        probabilities = [0.5] + [1.0] * 99
        tables = build([90] * 100, [1] + [0] * 99, inclusion_probability=probabilities)
        table = choose_threshold(*tables, grid=(0,)).table
        assert table["error"].tolist() == pytest.approx([2 / 101])
        assert table["errors"].tolist() == [1]


class TestSmallGold:
    @pytest.mark.parametrize("n_gold", [0, 1, 2])
    def test_nothing_is_certified_and_nothing_raised(self, n_gold: int) -> None:
        annotations, gold = build(np.full((5, 2), 90), np.zeros((5, 2)))
        choice = choose_threshold(annotations, gold.iloc[:n_gold])
        assert choice.threshold is None
        assert f"Draw {59 - n_gold} more" in choice.message
        assert str(choice).startswith("No threshold")
        assert "<p>No threshold" in choice._repr_html_()

    def test_unknown_gold_and_unknown_answers(self) -> None:
        annotations, gold = build([90] * 3, [0] * 3)
        for table in (gold.assign(T0=NAN), gold):
            answers = annotations.assign(T0=NAN, T0_confidence=NAN)
            assert choose_threshold(answers, table).threshold is None


class TestChecks:
    @pytest.mark.parametrize("name", ["max_error", "confidence"])
    @pytest.mark.parametrize("value", [0, 1, -0.1, 5, 95, NAN, "a", None, True])
    def test_probabilities(self, name: str, value: Any) -> None:
        with pytest.raises(ValueError, match=f"{name} must be a number between 0 and 1, got"):
            choose_threshold(*build([90], [0]), **{name: value})

    @pytest.mark.parametrize("grid", [(), (-1, 50), (50, 101), (NAN,)])
    def test_grid(self, grid: Any) -> None:
        with pytest.raises(ValueError, match=r"grid must hold thresholds .* in \[0, 100\]"):
            choose_threshold(*build([90], [0]), grid=grid)

    def test_a_share_is_not_taken_for_a_confidence(self) -> None:
        with pytest.raises(ValueError, match=r"got 0\.8 at most. Did you mean 80"):
            choose_threshold(*build([90], [0]), grid=(0.5, 0.8))

    def test_a_theme_that_is_not_there(self) -> None:
        with pytest.raises(ValueError, match=r"annotations lacks the themes \['X'\]"):
            choose_threshold(*build([90], [0]), theme="X")

    def test_annotations_without_confidence(self) -> None:
        with pytest.raises(ValueError, match=r"must hold CODE_confidence .* got 2 answers without"):
            choose_threshold(np.ones((2, 1)), np.ones((2, 1)))


def test_text_and_html() -> None:
    choice = choose_threshold(*build([90] * 59, [0] * 59))
    assert isinstance(choice, ThresholdChoice)
    assert "Thresholds tested (exact)" in str(choice)
    assert "<table" in choice._repr_html_()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=120),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_offers_does_not_matter(cells: Any, random: Any) -> None:
    options = {"max_error": 0.2, "confidence": 0.8}
    first = choose_threshold(*build(*zip(*cells, strict=True)), **options)
    random.shuffle(cells)
    second = choose_threshold(*build(*zip(*cells, strict=True)), **options)
    pd.testing.assert_frame_equal(first.table, second.table)
    # what is certified is bounded as promised
    kept = first.table[first.table["certified"]]
    assert (kept["upper_bound"] <= 0.2).all()


def err_just_too_often(confidences: Any) -> Any:
    """Err in a little over 5% of the answers, whatever the confidence: nothing may pass."""
    return np.full_like(confidences, 0.0501)


def err_less_when_sure(confidences: Any) -> Any:
    """Err from 12.5% at 50 down to 0 at 100: over 5% of the answers from under 60 up."""
    return 0.25 * (100 - np.asarray(confidences)) / 100


def compute_violations(
    err: Any, n_repeats: int, *, n_themes: int = 1, together: bool = False, unequal: bool = False
) -> float:
    """Simulate how often a certified threshold keeps a larger share of errors than promised.

    The gold samples are of 300 offers, whose confidences are uniform over 50-100. With
    `together` the answers of an offer are right or wrong as one; with `unequal` half of the
    offers were five times as likely to be drawn.
    """
    rng = np.random.default_rng(20_240_131)
    n_violations = 0
    for _ in range(n_repeats):
        shape = (300, 1 if together else n_themes)
        confidences = rng.uniform(50, 100, shape)
        wrong = rng.random(shape) < err(confidences)
        if together:
            confidences, wrong = (np.repeat(cells, n_themes, 1) for cells in (confidences, wrong))
        chances = {"inclusion_probability": rng.choice([0.1, 0.5], 300)} if unequal else {}
        threshold = choose_threshold(*build(confidences, wrong, **chances)).threshold
        # Uniform confidences, and errors on a straight line: their share is that at the middle.
        n_violations += threshold is not None and err((max(threshold, 50) + 100) / 2) > 0.05
    return n_violations / n_repeats


@pytest.mark.parametrize("design", [{}, {"n_themes": 6, "together": True}])
def test_the_guarantee_in_short(design: dict[str, Any]) -> None:
    # 5%, and three standard errors of sqrt(0.05 * 0.95 / 40) = 0.034
    assert compute_violations(err_just_too_often, 40, **design) <= 0.05 + 3 * 0.034


@pytest.mark.slow
@pytest.mark.parametrize(
    ("err", "design"),
    [
        (err_less_when_sure, {}),
        (err_just_too_often, {}),
        (err_just_too_often, {"n_themes": 6}),
        (err_just_too_often, {"n_themes": 6, "together": True}),
        (err_just_too_often, {"unequal": True}),
        (err_just_too_often, {"n_themes": 3, "together": True, "unequal": True}),
    ],
)
def test_the_guarantee(err: Any, design: dict[str, Any]) -> None:
    # 5%, and three standard errors of sqrt(0.05 * 0.95 / 400) = 0.011
    assert compute_violations(err, 400, **design) <= 0.05 + 3 * 0.011


def test_what_is_true_is_certified() -> None:
    """A guarantee that never certifies would be cheap."""
    rng = np.random.default_rng(7)
    tables = (build(rng.uniform(50, 100, 300), rng.random(300) < 0.01) for _ in range(50))
    # One in a hundred is wrong, and of 300 up to 8 may be: Poisson(3) is more in 0.4% of cases.
    assert sum(choose_threshold(*pair, grid=(50,)).certified for pair in tables) >= 48


@pytest.mark.real_data
def test_the_second_pass_as_gold(shared_data: Path) -> None:
    first = pd.read_parquet(shared_data / "offers_labelled.parquet")
    second = pd.read_parquet(shared_data / "second_pass.parquet")
    choice = choose_threshold(first, second, theme="LEADERSHIP_MANAGEMENT")
    # 1 of 97 differs from 55 up (at most 4.8%), 3 of 100 in all (at most 7.6%)
    assert choice.threshold == 55
    assert choose_threshold(first, second.iloc[:50], theme="DIVERSITY").threshold is None


def test_it_says_when_more_gold_would_not_help() -> None:
    # 40 of 200 answers are wrong at every confidence: far more than the 5% to be accepted.
    n = 200
    offers = [str(number) for number in range(n)]
    annotations = pd.DataFrame(
        {
            "offer_id": offers,
            "text": "t",
            "A": 1.0,
            "A_confidence": np.tile([60.0, 95.0], n // 2),
            "A_evidence": None,
            "status": "ok",
        }
    )
    gold = pd.DataFrame({"offer_id": offers, "A": np.repeat([1.0, 1.0, 1.0, 1.0, 0.0], n // 5)})
    message = choose_threshold(annotations, gold).message
    assert "far more than 5% of the gold answers are wrong (20%" in message
    assert "will not help" in message
