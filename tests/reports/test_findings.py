"""What a report says in plain sentences, worked out by hand from small tables."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.reports._findings import (
    GOLD,
    TEACHER,
    describe_agreement,
    describe_calibration,
    describe_filter,
    describe_weakest_stratum,
    describe_weakest_theme,
)


def _build_scores(**f1: tuple[float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(f1.values(), columns=["f1", "f1_low", "f1_high"])
    return table.assign(theme=list(f1))


_SCORES = _build_scores(
    DIVERSITY=(0.80, 0.72, 0.85), WORK_LIFE_BALANCE=(0.70, 0.65, 0.74), micro=(0.77, 0.75, 0.78)
)


def test_without_gold_no_figure_is_called_agreement_with_people() -> None:
    assert describe_agreement(_SCORES, None) == (
        "Against the teacher's answers the F1 is 0.77 (0.75 to 0.78). No gold was given: this "
        "says how well the student imitates the teacher, not how often people would agree with "
        "it."
    )


def test_with_gold_both_figures_are_said() -> None:
    gold = _build_scores(micro=(0.73, 0.69, 0.76))
    assert describe_agreement(_SCORES, gold) == (
        "Against the teacher's answers the F1 is 0.77 (0.75 to 0.78), against gold 0.73 "
        "(0.69 to 0.76)."
    )


def test_an_interval_that_is_not_known_is_not_written() -> None:
    scores = _build_scores(micro=(0.77, np.nan, np.nan))
    assert describe_agreement(scores, scores).endswith("is 0.77, against gold 0.77.")


def test_the_weakest_theme_is_named() -> None:
    assert describe_weakest_theme(_SCORES, TEACHER) == (
        "Weakest theme, against the teacher's answers: Work life balance, F1 0.70 (0.65 to 0.74)."
    )


def test_themes_that_may_be_no_better_are_named_with_it() -> None:
    # 0.69 and 0.68, where the intervals of A and B begin, are under the 0.70 of C
    scores = _build_scores(A=(0.72, 0.69, 0.8), B=(0.73, 0.68, 0.8), C=(0.70, 0.6, 0.8))
    sentence = describe_weakest_theme(scores, GOLD)
    assert sentence is not None
    assert sentence.endswith("C, F1 0.70 (0.60 to 0.80); chance alone may part it from A and B.")


def test_many_themes_that_may_be_no_better_are_counted() -> None:
    same = (0.7, 0.6, 0.8)
    sentence = describe_weakest_theme(_build_scores(A=same, B=same, C=same, D=same, E=same), GOLD)
    assert sentence is not None
    assert sentence.endswith("chance alone may part it from 4 others.")


def test_one_theme_alone_is_not_the_weakest() -> None:
    scores = _build_scores(A=(0.7, 0.6, 0.8), B=(np.nan, np.nan, np.nan), micro=(0.7, 0.6, 0.8))
    assert describe_weakest_theme(scores, GOLD) is None


def _build_strata(*f1_highs: float) -> pd.DataFrame:
    highs = np.array(f1_highs)
    return pd.DataFrame(
        {
            "by": "site_name",
            "stratum": [f"board_{number}" for number in range(len(highs))],
            "n_offers": 1160,
            "f1": highs - 0.1,
            "f1_low": highs - 0.2,
            "f1_high": highs,
        }
    )


def test_the_weakest_stratum_is_one_whose_interval_is_under_the_whole() -> None:
    # Of 0.90, 0.72 and 0.76, the last two are under the 0.77 of all cells.
    assert describe_weakest_stratum(_build_strata(0.90, 0.72, 0.76), _SCORES) == (
        "Weakest stratum of those with 30 offers or more, against the teacher's answers: Board "
        "'board_1', 1,160 offers, F1 0.62 "
        "(0.52 to 0.72); of 2 that are clearly weaker than the whole."
    )


def test_no_stratum_may_be_weak() -> None:
    assert describe_weakest_stratum(_build_strata(0.90, np.nan), _SCORES) == (
        "No stratum of 30 offers or more is clearly weaker than the whole, whose F1 is 0.77."
    )
    assert describe_weakest_stratum(_build_strata(), _SCORES) is None


def test_a_stratum_of_few_offers_is_not_called_weak() -> None:
    sentence = describe_weakest_stratum(_build_strata(0.2).assign(n_offers=29), _SCORES)
    assert sentence is not None
    assert sentence.startswith("No stratum of 30 offers or more")


@pytest.mark.parametrize(
    ("error", "degree"), [(0.029, "well"), (0.03, "fairly well"), (0.06, "not well")]
)
def test_calibration_is_said_in_words(error: float, degree: str) -> None:
    calibration = pd.DataFrame(
        {
            "theme": ["DIVERSITY", "WORK_LIFE_BALANCE", "all"],
            "ece": [0.01, 0.02, error],
            "bias": [0.01, -0.025, 0.0],
        }
    )
    assert describe_calibration(calibration) == (
        f"The probabilities are {degree} calibrated: the mean error is {error:.3f}. The share "
        f"most off by them is that of Work life balance, under-estimated by 0.025."
    )


def test_shares_that_are_right_have_no_worst_theme() -> None:
    calibration = pd.DataFrame({"theme": ["A", "all"], "ece": 0.01, "bias": [-0.004, 0.0]})
    assert describe_calibration(calibration).endswith("no theme's share off by half a point.")


def _build_curve(
    kept: list[float], everything: list[float], truth: str = "teacher"
) -> pd.DataFrame:
    other = "gold" if truth == "teacher" else "teacher"
    return pd.DataFrame(
        {
            "threshold": [0.0, 70.0, 90.0],
            f"f1_kept_{truth}": kept,
            f"f1_all_{truth}": everything,
            f"f1_all_{truth}_high": np.array(everything) + 0.02,
            f"f1_kept_{other}": np.nan,
            f"f1_all_{other}": np.nan,
        }
    )


def test_a_filter_that_only_keeps_easy_cells_does_not_help() -> None:
    assert describe_filter(_build_curve([0.76, 0.79, 0.83], [0.760, 0.764, 0.71])) == (
        "A filter on the confidence does not help on all offers: against the teacher's answers "
        "their F1 is 0.76 at threshold 0 and 0.71 at 90. On kept cells it rises to 0.83, because "
        "they are easier."
    )


def test_a_filter_that_helps_is_said_to() -> None:
    assert describe_filter(_build_curve([0.70] * 3, [0.70, 0.75, 0.71], "gold")) == (
        "A filter on the confidence at 70 brings the F1 on all offers against gold from 0.70 to "
        "0.75."
    )


def test_a_gain_within_the_interval_may_be_chance() -> None:
    sentence = describe_filter(_build_curve([0.70] * 3, [0.70, 0.71, 0.71], "gold"))
    assert sentence is not None
    assert sentence.endswith(
        "at 70 brings the F1 on all offers against gold from 0.70 to 0.71, which may be chance."
    )


def test_one_threshold_tells_nothing() -> None:
    assert describe_filter(_build_curve([0.7] * 3, [0.7] * 3).head(1)) is None
