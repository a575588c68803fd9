"""`evaluate_themes`: figures worked out by hand, and what is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jocas_themes.evaluation import evaluate_themes
from jocas_themes.taxonomy import HR_THEMES

NAN = np.nan
TRUTH = np.array([[1, 0], [1, NAN], [0, 1], [0, 0], [NAN, 1]])
PREDICTED = np.array([[1, 0], [0, 1], [1, 1], [0, 1], [1, 0]])


def test_figures_by_hand() -> None:
    # A: known 1 1 0 0, predicted 1 0 1 0: 1 hit, 1 false, 1 missed.
    # B: known 0 1 0 1, predicted 0 1 1 0: 1 hit, 1 false, 1 missed.
    # The masked cells (predicted 1 and 1) would have changed all of them.
    table = evaluate_themes(TRUTH, PREDICTED, themes=["A", "B"])
    assert table.index.tolist() == ["A", "B", "micro", "macro"]
    assert table.index.name == "theme"
    assert table.columns.tolist() == [
        "precision",
        "recall",
        "f1",
        "average_precision",
        "support",
        "n_offers",
    ]
    assert (table[["precision", "recall", "f1"]] == 0.5).all(axis=None)
    assert table["average_precision"].isna().all()
    assert table["support"].tolist() == [2, 2, 4, 4]
    assert table["n_offers"].tolist() == [4, 4, 8, 8]


def test_micro_and_macro_differ() -> None:
    # A: 3 hits of 3. B: no hit, 1 missed. Micro: 3 hits, 1 missed: recall 3/4, F1 6/7.
    truth = np.array([[1, 0], [1, 0], [1, 1]])
    table = evaluate_themes(truth, np.array([[1, 0], [1, 0], [1, 0]]), themes=["A", "B"])
    assert table.loc["micro", ["precision", "recall"]].tolist() == [1, 0.75]
    assert table.loc["micro", "f1"] == pytest.approx(6 / 7)
    assert table.loc["macro", ["precision", "recall", "f1"]].tolist() == [0.5, 0.5, 0.5]
    # Never predicted: a precision of 0, as in scikit-learn.
    assert table.loc["B", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_probabilities_are_cut_and_ranked() -> None:
    truth = np.array([[1], [0], [1], [0]])
    scores = np.array([[0.9], [0.8], [0.3], [0.1]])
    # Ranked 1 0 1 0: precision 1 at the first hit, 2/3 at the second; mean 5/6.
    table = evaluate_themes(truth, scores, themes=["A"])
    assert table["average_precision"].tolist() == pytest.approx([5 / 6] * 3)
    # From 0.5 on: 0.9 and 0.8, one of them right, one of two found.
    assert table.loc["A", ["precision", "recall"]].tolist() == [0.5, 0.5]
    # From 0.3 on, itself included: three, two of them right, both found.
    low = evaluate_themes(truth, scores, themes=["A"], thresholds=0.3)
    assert low.loc["A", ["precision", "recall"]].tolist() == pytest.approx([2 / 3, 1])


def test_thresholds_one_a_theme() -> None:
    truth, scores = np.array([[1, 1], [0, 0]]), np.array([[0.4, 0.4], [0.2, 0.2]])
    table = evaluate_themes(truth, scores, thresholds=[0.3, 0.5], themes=["A", "B"])
    assert table["recall"].tolist() == [1, 0, 0.5, 0.5]


def test_thresholds_do_not_touch_predictions() -> None:
    table = evaluate_themes(TRUTH, PREDICTED, thresholds=0)
    assert table.loc["micro", "recall"] == 0.5


def test_themes_without_positives_are_left_out_of_the_mean() -> None:
    # A: one hit of one. B: no positive known; C: nothing known. Both are predicted.
    truth = np.array([[1, 0, NAN], [0, 0, NAN]])
    table = evaluate_themes(truth, np.array([[1, 1, 1], [0, 0, 1]]), themes=["A", "B", "C"])
    assert table.loc[["B", "C"], ["precision", "recall", "f1"]].isna().all(axis=None)
    assert table["n_offers"].tolist() == [2, 2, 0, 4, 4]
    assert table.loc["macro", ["precision", "recall", "f1"]].tolist() == [1, 1, 1]
    # The false alarm of B counts here: 1 hit, 1 false.
    assert table.loc["micro", "precision"] == 0.5


@pytest.mark.parametrize("n_offers", [0, 2])
def test_nothing_known_gives_nan_without_warning(n_offers: int) -> None:
    table = evaluate_themes(np.full((n_offers, 2), NAN), np.full((n_offers, 2), 0.7))
    assert table.drop(columns=["support", "n_offers"]).isna().all(axis=None)
    assert (table[["support", "n_offers"]] == 0).all(axis=None)


def test_tables_are_aligned_on_their_columns() -> None:
    truth = pd.DataFrame(TRUTH, columns=["A", "B"])
    predicted = pd.DataFrame(PREDICTED, columns=["A", "B"])[["B", "A"]].assign(site="x")
    expected = evaluate_themes(TRUTH, PREDICTED, themes=["A", "B"])
    pd.testing.assert_frame_equal(evaluate_themes(truth, predicted), expected)
    pd.testing.assert_frame_equal(evaluate_themes(truth, PREDICTED), expected)
    pd.testing.assert_frame_equal(evaluate_themes(TRUTH, predicted[["A", "B"]]), expected)
    swapped = evaluate_themes(truth, predicted, themes=["B", "A"])
    assert swapped.index.tolist() == ["B", "A", "micro", "macro"]


def test_an_annotated_table_gives_its_themes_alone() -> None:
    annotated = pd.DataFrame(
        {
            "offer_id": list("abcde"),
            "text": "",
            "A": TRUTH[:, 0],
            "A_confidence": 90.0,
            "A_evidence": None,
            "status": "ok",
        }
    )
    assert evaluate_themes(annotated, PREDICTED[:, :1]).index[0] == "A"
    assert evaluate_themes(annotated, annotated.fillna({"A": 0})).loc["A", "f1"] == 1


def test_nullable_and_boolean_columns_are_read() -> None:
    truth = pd.DataFrame({"A": pd.array([1, None, 0], dtype="Int8")})
    predicted = pd.DataFrame({"A": [True, True, False]})
    assert evaluate_themes(truth, predicted).loc["A", ["f1", "n_offers"]].tolist() == [1, 2]
    with pytest.raises(ValueError, match="got NaN in 1 of 3"):
        evaluate_themes(predicted, truth)


def test_unnamed_themes() -> None:
    six = np.ones((2, 6))
    assert evaluate_themes(six, six).index[:6].tolist() == list(HR_THEMES.codes)
    assert evaluate_themes(TRUTH, PREDICTED).index[:2].tolist() == ["theme_0", "theme_1"]
    assert evaluate_themes([1, 0], [1, 0]).index[:1].tolist() == ["theme_0"]
    assert evaluate_themes(six, six, themes=HR_THEMES).index[0] == "DIVERSITY"


def test_inputs_are_left_as_they_were() -> None:
    truth, scores = TRUTH.copy(), PREDICTED * 0.9
    evaluate_themes(truth, scores)
    np.testing.assert_array_equal(truth, TRUTH)
    np.testing.assert_array_equal(scores, PREDICTED * 0.9)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "arguments", "message"),
    [
        (TRUTH, PREDICTED[:, :1], {}, r"y_score_or_pred must be of shape \(n_offers, 2\)"),
        (TRUTH, PREDICTED[:3], {}, "y_true holds 5 offers and y_score_or_pred 3"),
        (TRUTH[None], PREDICTED, {}, r"got \(1, 5, 2\)"),
        (TRUTH * 2, PREDICTED, {}, r"y_true must hold 0, 1 or NaN, got \[2.0\] \(4 cells\)"),
        (PREDICTED, TRUTH, {}, "y_score_or_pred must hold a value in each cell, got NaN in 2"),
        (TRUTH, PREDICTED * 1.5, {}, r"probabilities in \[0, 1\], got \[1.5"),
        (TRUTH, PREDICTED - 0.5, {}, r"probabilities in \[0, 1\], got \[-0.5"),
        (TRUTH, PREDICTED, {"thresholds": 50}, r"thresholds must be .* got 50"),
        (TRUTH, PREDICTED, {"thresholds": [0.5]}, r"thresholds must be .* got \[0.5\]"),
        (TRUTH, PREDICTED, {"thresholds": NAN}, r"thresholds must be .* got nan"),
        (TRUTH, PREDICTED, {"themes": ["A"]}, r"y_true must be of shape \(n_offers, 1\)"),
        (TRUTH, PREDICTED, {"themes": "A"}, "themes must be a Taxonomy or a sequence of codes"),
        ([["oui"]], [[1]], {}, "could not convert string to float: 'oui'"),
    ],
)
def test_bad_input_is_refused(y_true, y_pred, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate_themes(y_true, y_pred, **arguments)


def test_other_columns_are_refused_with_the_remedy() -> None:
    gold = pd.DataFrame({"site": ["a", "b"], "A": [1, 0], "n": [3, 4]})
    with pytest.raises(ValueError, match=r"name them with themes=\(\.\.\.\)"):
        evaluate_themes(gold, gold)
    with pytest.raises(ValueError, match=r"got \[3.0, 4.0\] \(2 cells\). Name the theme columns"):
        evaluate_themes(gold[["A", "n"]], gold)
    assert evaluate_themes(gold, gold, themes=["A"]).loc["A", "f1"] == 1


def test_what_a_gold_table_holds_beside_its_labels_is_no_theme() -> None:
    gold = pd.DataFrame(
        {
            "offer_id": ["a", "b"],
            "A": [1, 0],
            "inclusion_probability": [0.1, 0.2],
            "stratum": ["x", "y"],
            "cluster": [1, 2],
            "reviewer": ["me", "me"],
            "reviewed_at": ["2024-01-01", "2024-01-02"],
        }
    )
    assert evaluate_themes(gold, [[1], [0]]).index.tolist() == ["A", "micro", "macro"]
    assert evaluate_themes(pa.Table.from_pandas(gold), [[1], [0]]).loc["A", "f1"] == 1


def test_absent_themes_are_named() -> None:
    truth = pd.DataFrame(TRUTH, columns=["A", "B"])
    with pytest.raises(ValueError, match=r"y_score_or_pred lacks the themes \['B'\] \(1 in all\)"):
        evaluate_themes(truth, truth[["A"]].fillna(0))


def test_tables_of_other_offers_are_refused() -> None:
    truth = pd.DataFrame({"offer_id": ["a", "b"], "A": [1, 0]})
    with pytest.raises(ValueError, match=r"differ in 2 rows, such as \[\('a', 'b'\)"):
        evaluate_themes(truth, truth[::-1], themes=["A"])


_labels = arrays(float, (8, 2), elements=st.sampled_from([0.0, 1.0, NAN]))
_scores = arrays(float, (8, 2), elements=st.floats(0, 1))


@given(_labels, _scores, _scores)
@settings(max_examples=50, deadline=None)
def test_masked_cells_have_no_influence(truth, scores, others) -> None:
    scores[0], others[0], truth[0] = 0.5, 0.5, NAN  # never all 0 or 1: always probabilities
    others = np.where(np.isnan(truth), others, scores)
    pd.testing.assert_frame_equal(
        evaluate_themes(truth, scores, themes=["A", "B"]),
        evaluate_themes(truth, others, themes=["A", "B"]),
    )
