"""Estimates: by hand in small cases, and what must not change them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.trends._result import Shares
from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._design import Design
from jocas_themes.trends.prevalence._rectified import Sample, know_exactly, rectify
from jocas_themes.trends.prevalence._rectifier import choose_basis

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]
Build = Callable[..., pd.DataFrame]

# A few gold rows are enough for arithmetic.
few_rows = pytest.mark.filterwarnings("ignore:gold holds")


def _build_labels(**columns: object) -> pd.DataFrame:
    """Build labels without dates of offers "0", "1" and so on."""
    table = pd.DataFrame(columns)
    return table.assign(offer_id=table.index.astype(str))


def _assert_same(one: Shares, other: Shares) -> None:
    pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-9)
    for theme in one.themes:
        np.testing.assert_allclose(
            one.covariance(theme), other.covariance(theme), rtol=1e-7, atol=1e-14
        )


@few_rows
def test_a_share_by_hand(build_gold: Build) -> None:
    # 40 offers of 100 are labelled. Of the gold rows, one labelled offer has not the theme, and two
    # others have it: y - f is 0, -1, 0, 1, 1, 0, mean 1/6, s^2 = (3 - 6/36)/5 = 17/30. So
    # 0.4 + 1/6; variance 17/30 / 6, and 17/30 / 100 for the offers themselves.
    labels = _build_labels(A=[1.0] * 40 + [0.0] * 60)
    gold = build_gold({"0": 1, "1": 0, "2": 1, "50": 1, "51": 1, "52": 0})
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"], power_tuning=False)
    row = shares.table.iloc[0]
    assert row["estimate"] == pytest.approx(0.4 + 1 / 6)
    assert row["se"] == pytest.approx(np.sqrt(17 / 30 * (1 / 6 + 1 / 100)))
    assert (row["n_offers"], row["n_gold"], row["method"]) == (100, 6, "dsl")
    assert shares.dof == 5
    assert list(shares.table.columns) == [
        "theme", "n_offers", "n_gold", "estimate", "se", "ci_low", "ci_high", "method"
    ]  # fmt: skip


@few_rows
def test_tuning_learns_what_a_prediction_is_worth(build_gold: Build) -> None:
    # Gold: two of three labelled offers have the theme, two of three others have it too: a label
    # is worth nothing, and the estimate is the mean of gold.
    labels = _build_labels(A=[1.0] * 40 + [0.0] * 60)
    gold = build_gold({"0": 1, "1": 0, "2": 1, "50": 1, "51": 1, "52": 0})
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"])
    assert shares.table["estimate"].tolist() == pytest.approx([4 / 6])
    # Gold of whom all labelled ones have it, and a third of the others: 0.4 * 1 + 0.6 / 3.
    gold = build_gold({"0": 1, "1": 1, "2": 1, "50": 1, "51": 0, "52": 0})
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"])
    assert shares.table["estimate"].tolist() == pytest.approx([0.6])


@few_rows
def test_predictions_all_alike_count_in_full(build_gold: Build) -> None:
    # Their worth cannot be learnt: 0.4 + mean of y - f = 0.4 + 1/2.
    labels = _build_labels(A=[1.0] * 40 + [0.0] * 60)
    gold = build_gold({"50": 1, "51": 0})
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"])
    assert shares.table["estimate"].tolist() == pytest.approx([0.9])


@few_rows
def test_unequal_chances_are_weighted(build_gold: Build) -> None:
    # Offers that were drawn three times as often count a third: errors 1 (weight 1) and 0, 0
    # (weight 3 each): 1/7.
    labels = _build_labels(A=[0.0] * 50)
    gold = build_gold({"0": 1, "1": 0, "2": 0}, chance=[0.9, 0.3, 0.3])
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"])
    assert shares.table["estimate"].tolist() == pytest.approx([1 / 7])


@pytest.mark.filterwarnings("ignore:2 domains have fewer")
@few_rows
def test_cells_of_their_own(build_gold: Build) -> None:
    # Board x: labels 0.5, errors 0, 1; board y: labels 0, errors 0, 0, 1. Board z has one row.
    labels = _build_labels(A=[1.0, 1, 0, 0, *[0.0] * 6], board=["x"] * 4 + ["y"] * 4 + ["z"] * 2)
    gold = build_gold({"0": 1, "2": 1, "4": 0, "5": 0, "6": 1, "8": 0})
    with pytest.warns(
        UserWarning, match=r"3 domains have fewer than 30 gold rows: z \(1\); x \(2\); y \(3\);"
    ):
        shares = estimate_prevalence(
            labels, gold, by=("board",), themes=["A"], rectifier="cell", power_tuning=False
        )
    assert shares.table["board"].tolist() == ["x", "y", "z"]
    assert shares.table["estimate"].tolist() == pytest.approx([1, 1 / 3, np.nan], nan_ok=True)
    assert shares.table["se"].isna().tolist() == [False, False, True]
    # Two stretches of one sample have nothing in common but the centring of the stratum.
    assert abs(np.corrcoef(shares.factor[:2])[0, 1]) < 1


def test_by_periods_groups_both_and_none(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    both = estimate_prevalence(labels, drawn, by=("sector", "semester"))
    assert list(both.table.columns[:5]) == ["theme", "sector", "semester", "n_offers", "n_gold"]
    assert both.by == ("sector", "semester")
    times = both.table["semester"]
    assert times.is_monotonic_increasing
    assert both.table["sector"].tolist() == list("ABCDE") * times.nunique()
    assert both.table["n_offers"].sum() == len(labels)
    assert both.table["n_gold"].sum() == len(drawn)
    # A coarser table is the weighted mean of a finer one, with its covariance.
    coarse = estimate_prevalence(labels, drawn, by=("sector",))
    weights = both.table["n_offers"] / both.table.groupby("sector")["n_offers"].transform("sum")
    _assert_same(both.combine(weights, ("sector",)), coarse)
    periods = estimate_prevalence(labels, drawn, by="period")
    assert periods.table["period"].tolist() == ["until 2020-02", "from 2020-03"]
    months = estimate_prevalence(labels, drawn)
    assert months.table["month"].is_monotonic_increasing
    weights = months.table["n_offers"] / len(labels)
    _assert_same(months.combine(weights, ()), estimate_prevalence(labels, drawn, by=()))


def test_stretches_do_not_depend_on_the_curve(made: Made, drawn: pd.DataFrame) -> None:
    """The residuals of gold add up to nothing on both sides of a step: errors of curves cancel."""
    labels, _ = made
    smooth = estimate_prevalence(labels, drawn, by=("period",), power_tuning=False)
    after = labels["date_firstSeenDay"] >= "2020-03"
    gold = drawn.merge(labels.drop(columns="REMOTE"), on="offer_id")
    error = gold["REMOTE"] - gold["REMOTE_probability"]
    weights = 1 / gold["inclusion_probability"]
    gold_after = gold["date_firstSeenDay"] >= "2020-03"
    for side, gold_side, estimate in (
        (~after, ~gold_after, smooth.table["estimate"][0]),
        (after, gold_after, smooth.table["estimate"][1]),
    ):
        mean = labels["REMOTE_probability"][side].mean()
        expected = mean + np.average(error[gold_side], weights=weights[gold_side])
        # The basis knows time as well, by which gold and labels differ a little.
        assert estimate == pytest.approx(expected, abs=0.01)
    cell = estimate_prevalence(labels, drawn, by=("period",), power_tuning=False, rectifier="cell")
    assert cell.table["estimate"].tolist()[1] == pytest.approx(expected)


def test_rows_groups_parts_and_weights_change_nothing(
    made: Made, drawn: pd.DataFrame, tmp_path: Path
) -> None:
    labels, _ = made
    expected = estimate_prevalence(labels, drawn, by=("semester", "sector"))
    shuffled = estimate_prevalence(
        labels.sample(frac=1, random_state=0),
        drawn.sample(frac=1, random_state=1),
        by=("semester", "sector"),
    )
    _assert_same(expected, shuffled)
    for place, part in enumerate(np.array_split(np.arange(len(labels)), 3)):
        labels.iloc[part].to_parquet(tmp_path / f"part-{place}.parquet")
    _assert_same(expected, estimate_prevalence(tmp_path, drawn, by=("semester", "sector")))
    scaled = drawn.assign(inclusion_probability=drawn["inclusion_probability"] / 7)
    _assert_same(expected, estimate_prevalence(labels, scaled, by=("semester", "sector")))
    # E comes first under its other name, and all rows keep theirs.
    renamed = labels.assign(sector=labels["sector"].map(dict(zip("ABCDE", "ZYXWA", strict=True))))
    other = estimate_prevalence(renamed, drawn, by=("semester", "sector"))
    order = np.lexsort((other.table["sector"].map(dict(zip("ZYXWA", "ABCDE", strict=True))),
                        other.table["semester"]))  # fmt: skip
    np.testing.assert_allclose(
        expected.table["estimate"], other.table["estimate"].to_numpy()[order]
    )
    np.testing.assert_allclose(expected.table["se"], other.table["se"].to_numpy()[order])


def test_inputs_are_not_changed(made: Made, drawn: pd.DataFrame) -> None:
    labels, gold = made[0].copy(), drawn.copy()
    estimate_prevalence(labels, gold)
    pd.testing.assert_frame_equal(labels, made[0])
    pd.testing.assert_frame_equal(gold, drawn)


@pytest.mark.parametrize("rectifier", ["smooth", "cell"])
@pytest.mark.parametrize("prediction", ["probability", "label"])
def test_gold_of_all_offers_is_the_truth(made: Made, rectifier: str, prediction: str) -> None:
    labels, truth = made
    labels, truth = labels[::20], truth[::20]
    gold = pd.DataFrame({"offer_id": labels["offer_id"], "REMOTE": truth})
    gold = gold.assign(inclusion_probability=1.0, reviewer="Ada")
    shares = estimate_prevalence(
        labels, gold, by=("period",), rectifier=rectifier, prediction=prediction
    )
    after = (labels["date_firstSeenDay"] >= "2020-03").to_numpy()
    expected = [truth[~after].mean(), truth[after].mean()]
    assert shares.table["estimate"].tolist() == pytest.approx(expected, abs=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_perfect_predictions_leave_no_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random(400) < 0.3).astype(float)
    labels = _build_labels(
        A=truth, board=rng.choice(list("xy"), 400), date_firstSeenDay="2019-05-01"
    )
    gold = labels[["offer_id", "A"]].sample(200, random_state=seed)
    gold = gold.assign(inclusion_probability=0.5, reviewer="Ada")
    shares = estimate_prevalence(labels, gold, by=("board",), themes=["A"])
    expected = labels.groupby("board")["A"].mean()
    assert shares.table["estimate"].tolist() == pytest.approx(expected.tolist())
    assert shares.table["se"].max() < 1e-7


def test_covariance_is_that_of_gold_drawn_again() -> None:
    """Gold drawn anew 400 times: estimates scatter as the factor says."""
    rng = np.random.default_rng(0)
    n, n_gold = 6_000, 300
    keys = pd.DataFrame({"month": pd.Timestamp("2019-01-01"), "board": rng.choice(list("xyz"), n)})
    f = rng.random(n)
    y = (rng.random(n) < np.where(keys["board"] == "x", f**2, f)).astype(float)
    cells = pd.DataFrame({"board": list("xyz"), "month": pd.Timestamp("2019-01-01")})
    means = know_exactly(pd.Series(f).groupby(keys["board"]).mean().to_numpy())
    basis = choose_basis(keys, groups=["board"])
    design = Design(np.ones(n_gold), np.zeros(n_gold, int), np.arange(n_gold))
    draws, said = [], []
    for _ in range(400):
        rows = rng.choice(n, n_gold, replace=False)
        sample = Sample(keys.iloc[rows], y[rows], f[rows], design)
        estimated = rectify(means, cells, sample, basis, tune=True)
        draws.append(estimated.estimate)
        said.append(estimated.factor @ estimated.factor.T)
    seen = np.cov(np.array(draws).T) / (1 - n_gold / n)  # as if of an endless population
    scale = np.sqrt(np.diag(seen))
    # Errors of variances by 400 draws: sqrt(2 / 400) = 7%.
    np.testing.assert_allclose(
        np.mean(said, axis=0) / np.outer(scale, scale), seen / np.outer(scale, scale), atol=0.2
    )


@few_rows
def test_each_theme_has_its_own_gold(build_gold: Build) -> None:
    labels = _build_labels(
        A=[1.0, 0] * 50,
        B=[0.0, 1] * 50,
        A_probability=[0.9, 0.1] * 50,
        B_probability=[0.2, 0.8] * 50,
    )
    gold = build_gold({str(n): n % 2 for n in range(40)}, B=[1.0, 0] * 20)
    gold.loc[:0, "B"] = np.nan
    both = estimate_prevalence(labels, gold, by=())
    assert both.table["theme"].tolist() == ["A", "B"]
    assert both.table["n_gold"].tolist() == [40, 39]
    assert both.dof == 38  # the least
    alone = estimate_prevalence(labels, gold, by=(), themes=["B"])
    assert alone.table["estimate"].tolist() == both.table["estimate"].tolist()[1:]


def test_some_offers_alone(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    wanted = labels["offer_id"][::2]
    some = estimate_prevalence(labels, drawn, by=("year",), offer_ids=wanted)
    expected = estimate_prevalence(labels[::2], drawn[drawn["offer_id"].isin(wanted)], by=("year",))
    _assert_same(some, expected)


def test_ids_may_be_numbers(made: Made, drawn: pd.DataFrame) -> None:
    labels = made[0].assign(offer_id=made[0]["offer_id"].astype(int))
    _assert_same(estimate_prevalence(labels, drawn), estimate_prevalence(made[0], drawn))


def test_own_columns_are_used_as_they_are(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    months = labels["date_firstSeenDay"]
    expected = estimate_prevalence(labels, drawn, by=("month",))
    named = labels.drop(columns="date_firstSeenDay").assign(month=months)
    _assert_same(estimate_prevalence(named, drawn, by=("month",)), expected)
    # A column "period" is a group; times stay times.
    own = labels.assign(period=np.where(months < "2019", "early", None))
    shares = estimate_prevalence(own, drawn, by=("period",))
    assert shares.table["period"].tolist() == ["early", "unknown"]
    with pytest.raises(ValueError, match="'month' must hold a date in each row"):
        estimate_prevalence(named.assign(month=months.where(months > "2019")), drawn)


def test_nullable_labels(made: Made, drawn: pd.DataFrame) -> None:
    gold = drawn.assign(REMOTE=drawn["REMOTE"].astype("Int8"))
    _assert_same(estimate_prevalence(made[0], gold), estimate_prevalence(made[0], drawn))
    gold.loc[gold.index[:5], "REMOTE"] = pd.NA
    shares = estimate_prevalence(made[0], gold, by=())
    assert shares.table["n_gold"].tolist() == [len(drawn) - 5]


def test_level_widens_the_interval(made: Made, drawn: pd.DataFrame) -> None:
    narrow, wide = (
        estimate_prevalence(made[0], drawn, by=(), level=level).table.iloc[0]
        for level in (0.5, 0.99)
    )
    assert wide["ci_low"] < narrow["ci_low"] < narrow["estimate"] < narrow["ci_high"]


def test_months_of_a_common_theme_are_less_sure_than_those_of_a_rare_one() -> None:
    # 40 offers a month of J, half of them with the theme, and 470 of C, 2% of them; labels that
    # say nothing else. Coverage of the months' own shares was 84% and 98% with one variance.
    rng = np.random.default_rng(0)
    covered = {"C": [], "J": []}
    for _ in range(10):
        months = rng.integers(0, 48, 20_000)
        sector = np.where(rng.random(20_000) < 0.08, "J", "C")
        chance = np.where(sector == "J", 0.5, 0.02)
        truth = rng.random(20_000) < chance
        table = pd.DataFrame(
            {
                "offer_id": np.arange(20_000).astype(str),
                "date_firstSeenDay": np.datetime64("2018-01", "M") + months,
                "sector": sector,
                "REMOTE_probability": chance,
            }
        )
        gold = table[:1_000].assign(
            REMOTE=truth[:1_000].astype(int), inclusion_probability=0.05, reviewer="Ada"
        )
        found = estimate_prevalence(table, gold, by=("month", "sector"), themes=["REMOTE"]).table
        own = table.assign(month=table["date_firstSeenDay"].astype("datetime64[s]"), truth=truth)
        own = own.groupby(["month", "sector"], as_index=False)["truth"].mean()
        both = found.merge(own, on=["month", "sector"])
        held = both["truth"].between(both["ci_low"], both["ci_high"])
        for name, rows in held.groupby(both["sector"]):
            covered[name].append(rows.mean())
    assert 0.91 < np.mean(covered["J"]) < 0.98
    assert 0.91 < np.mean(covered["C"]) < 0.98


def test_changes_of_groups_whose_errors_drift_apart() -> None:
    # False positives of J go from 2% to 42% in five years, those of C stay: a course in common
    # was wrong by 3 points in both.
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(10):
        months = rng.integers(0, 60, 20_000)
        is_j = rng.random(20_000) < 0.4
        truth = rng.random(20_000) < 0.2
        alarms = np.where(is_j, 0.02 + 0.4 * months / 60, 0.02)
        found = np.where(truth, rng.random(20_000) < 0.9, rng.random(20_000) < alarms)
        table = pd.DataFrame(
            {
                "offer_id": np.arange(20_000).astype(str),
                "date_firstSeenDay": np.datetime64("2018-01", "M") + months,
                "sector": np.where(is_j, "J", "C"),
                "REMOTE": found.astype(int),
            }
        )
        gold = table[:3_000].assign(
            REMOTE=truth[:3_000].astype(int), inclusion_probability=0.15, reviewer="Ada"
        )
        shares = estimate_prevalence(table, gold, by=("month", "sector"), themes=["REMOTE"])
        for place, sector in enumerate("CJ"):
            rows = shares.table[shares.table["sector"] == sector].set_index("month")["estimate"]
            own = pd.Series(truth[is_j == place]).groupby(months[is_j == place]).mean()
            estimated = rows["2022"].mean() - rows["2018"].mean()
            errors.append(estimated - (own[48:].mean() - own[:12].mean()))
    assert np.abs(np.mean(np.reshape(errors, (10, 2)), axis=0)).max() < 0.02
