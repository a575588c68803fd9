"""Sensitivity and specificity: weighted by the design, with errors that it explains."""

import tracemalloc

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.stats import t as student_t

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.prevalence import _error_rates
from jocas_themes.trends.prevalence._error_rates import RATES, compute_error_rates

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]


@pytest.fixture
def labels() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": list("abcdefgh"),
            "date_firstSeenDay": ["2019-05-02"] * 4 + ["2021-05-02"] * 4,
            "REMOTE": [1, 1, 1, 0, 0, 0, 0, 1],
        }
    )


@pytest.fixture
def gold() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": list("abcdefgh"),
            "REMOTE": [1, 1, 1, 1, 0, 0, 0, 0],
            "inclusion_probability": [0.1, 0.1, 0.1, 0.05, 0.1, 0.1, 0.1, 0.1],
            "reviewer": "Ada",
        }
    )


def _compute(labels: pd.DataFrame, gold: pd.DataFrame, **options: object) -> pd.DataFrame:
    options = {"by": (), "themes": ["REMOTE"], **options}
    return compute_error_rates(labels, gold, **options)


def test_rates_are_weighted_by_the_design(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    rates = _compute(labels, gold)
    assert rates["rate"].tolist() == list(RATES)
    # Of the weights 10, 10, 10 and 20 the last is missed; of four times 10, one is seen.
    assert rates["estimate"].tolist() == pytest.approx([30 / 50, 3 / 4, 1 / 4])
    assert rates["n_gold"].tolist() == [4, 4, 4]


def test_the_standard_error_is_linearised(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    se = _compute(labels, gold)["se"]
    # w (hit - rate) / sum of w: 10 * 0.4 / 50 thrice and -20 * 0.6 / 50, whose squares sum to
    # 3 * 0.0064 + 0.0576 = 0.0768; times 8 / 7 rows of gold.
    assert se[0] == pytest.approx(np.sqrt(0.0768 * 8 / 7))
    # 10 * 0.25 / 40 thrice and -10 * 0.75 / 40: 3 / 256 + 9 / 256.
    assert se[1] == pytest.approx(np.sqrt(12 / 256 * 8 / 7))
    assert se[2] == pytest.approx(se[1])


def test_the_interval_is_wilsons_for_as_precise_a_simple_sample(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    row = _compute(labels, gold).iloc[1]
    n = 0.75 * 0.25 / row["se"] ** 2
    t = student_t.ppf(0.975, 7)  # eight clusters, one stratum
    # Wilson's ends are where the score test just rejects.
    for end in (row["ci_low"], row["ci_high"]):
        assert abs(0.75 - end) == pytest.approx(t * np.sqrt(end * (1 - end) / n))


def test_without_an_error_the_interval_is_that_of_the_weighted_rows(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    row = _compute(labels.assign(REMOTE=gold["REMOTE"]), gold).iloc[0]
    n, t = 50**2 / (3 * 10**2 + 20**2), student_t.ppf(0.975, 7)
    assert (row["estimate"], row["se"], row["ci_high"]) == (1, 0, 1)
    assert row["ci_low"] == pytest.approx(n / (n + t**2))


def test_periods_come_in_order_and_may_lack_gold(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    rates = _compute(labels, gold, by=("period",))
    assert rates["period"].tolist() == ["until 2020-02"] * 3 + ["from 2020-03"] * 3
    sensitivity = rates[rates["rate"] == "sensitivity"]
    assert sensitivity["n_gold"].tolist() == [4, 0]
    assert sensitivity["estimate"].isna().tolist() == [False, True]
    assert sensitivity[["se", "ci_low", "ci_high"]].iloc[1].isna().all()


def test_a_domain_keeps_the_whole_design(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    # The rows with the theme are those of 2019, so the rate and its error are the same.
    whole, years = _compute(labels, gold), _compute(labels, gold, by="year")
    assert years["se"][0] == pytest.approx(whole["se"][0])


def test_copies_count_as_one(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    alone = _compute(labels, gold)["se"]
    together = _compute(labels, gold.assign(cluster=["x", "x", "x", *[None] * 5]))["se"]
    # Six clusters: (3 * 4 / 50)^2 + (12 / 50)^2 = 0.1152, times 6 / 5.
    assert together[0] == pytest.approx(np.sqrt(0.1152 * 6 / 5))
    assert together[0] > alone[0]


def test_strata_take_away_what_they_explain(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    strata = ["hit"] * 3 + ["missed", "missed"] + ["hit"] * 3
    stratified = _compute(labels, gold.assign(stratum=strata))["se"]
    # Six rows of "hit", 0.08 thrice and 0 thrice: 6 * 0.04^2 * 6 / 5; two of "missed", -0.24 and
    # 0: 2 * 0.12^2 * 2.
    assert stratified[0] == pytest.approx(np.sqrt(0.01152 + 0.0576))


def test_a_row_that_is_not_decided_is_left_out(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    gold["REMOTE"] = [np.nan, 1, 1, 1, 0, 0, 0, 0]
    with pytest.warns(JocasThemesWarning, match="decisions are missing in gold.* 12%") as caught:
        rates = _compute(labels, gold)
    assert rates["n_gold"].tolist() == [3, 4, 4]
    assert caught[0].filename == __file__


def test_themes_come_one_below_the_other(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    labels["OTHER"], gold["OTHER"] = 1 - labels["REMOTE"], 1 - gold["REMOTE"]
    rates = _compute(labels, gold, themes=["OTHER", "REMOTE"])
    assert rates["theme"].tolist() == ["OTHER"] * 3 + ["REMOTE"] * 3
    # What is a sensitivity of the one is a specificity of the other.
    assert rates["estimate"][0] == pytest.approx(rates["estimate"][4])


def test_labels_are_read_where_there_are_probabilities(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    labels["REMOTE_probability"] = 0.5
    assert _compute(labels, gold, themes=None)["estimate"][0] == pytest.approx(0.6)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_out_of_range_is_refused(
    labels: pd.DataFrame, gold: pd.DataFrame, level: float
) -> None:
    with pytest.raises(ValueError, match=rf"level must be in \(0, 1\), got {level}"):
        _compute(labels, gold, level=level)


def test_what_nobody_read_is_refused(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="gold must hold what people read"):
        _compute(labels, gold.drop(columns="reviewer"))


def test_chances_that_are_none_are_refused(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="inclusion_probability must be above 0"):
        _compute(labels, gold.assign(inclusion_probability=0.0))


@pytest.mark.slow
def test_intervals_cover_the_rates_of_a_stratified_sample() -> None:
    rng = np.random.default_rng(0)
    n_offers, truth_rate, sensitivity, false_positives = 20_000, 0.2, 0.85, 0.04
    truth = rng.random(n_offers) < truth_rate
    label = rng.random(n_offers) < np.where(truth, sensitivity, false_positives)
    labels = pd.DataFrame({"offer_id": np.arange(n_offers).astype(str), "REMOTE": label * 1})
    exact = [label[truth].mean(), 1 - label[~truth].mean()]
    covered = np.zeros(2)
    for _ in range(200):
        drawn = np.concatenate(
            [rng.choice(np.flatnonzero(label == side), 200, replace=False) for side in (0, 1)]
        )
        gold = labels.iloc[drawn].assign(
            REMOTE=truth[drawn] * 1,
            inclusion_probability=200 / np.where(label[drawn], label.sum(), (~label).sum()),
            stratum=label[drawn].astype(str),
            reviewer="Ada",
        )
        rates = compute_error_rates(labels, gold, by=(), themes=["REMOTE"])
        covered += [
            low <= rate <= high
            for rate, low, high in zip(exact, rates["ci_low"], rates["ci_high"], strict=False)
        ]
    # 0.95 less three standard errors of 200 draws, 0.0154 each.
    assert (covered / 200 >= 0.90).all()


def test_other_offers_and_those_learnt_from(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    # Without d, which was missed, and e: three of three found, one of three seen.
    rates = _compute(labels, gold, offer_ids=list("abcfgh"))
    assert rates["n_gold"].tolist() == [3, 3, 3]
    assert rates["estimate"].tolist() == pytest.approx([1, 2 / 3, 1 / 3])
    with pytest.raises(
        ValueError, match=r"must not overlap .*\['c'\] \(1 in all\). Label them out"
    ):
        _compute(labels, gold, training=["c", "z"])
    with pytest.raises(TypeError, match="offer_ids must be several ids, got 'a'"):
        _compute(labels, gold, offer_ids="a")


def test_gold_of_sure_offers_is_refused(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    probability = labels.set_index("offer_id")["REMOTE_probability"].loc[drawn["offer_id"]]
    sure = drawn[~probability.between(0.2, 0.8).to_numpy()]
    with pytest.raises(ValueError, match="must be drawn from all offers, got none of 'REMOTE'"):
        _compute(labels, sure)


def test_blocks_of_cells_change_nothing(
    made: Made, drawn: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _compute(made[0], drawn, by=("semester", "sector"))
    monkeypatch.setattr(_error_rates, "_BLOCK", 7)
    pd.testing.assert_frame_equal(_compute(made[0], drawn, by=("semester", "sector")), whole)


def test_memory_does_not_grow_with_the_square_of_the_cells() -> None:
    # 2,000 cells have 6,000 rates: their covariance would be 288 MB.
    ids = np.arange(4_000).astype(str)
    labels = pd.DataFrame({"offer_id": ids, "board": np.arange(4_000) % 2_000, "REMOTE": 1})
    gold = labels[::40].assign(REMOTE=[0, 1] * 50, inclusion_probability=0.025, reviewer="Ada")[
        ["offer_id", "REMOTE", "inclusion_probability", "reviewer"]
    ]
    tracemalloc.start()
    rates = _compute(labels, gold, by=("board",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rates) == 6_000
    assert peak < 100e6
