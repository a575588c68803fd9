"""What is planned: by hand, and as `estimate_prevalence` then finds it."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.aggregation import _labels
from jocas_themes.trends.gold import plan_gold, sample_gold
from jocas_themes.trends.prevalence import estimate_prevalence
from trends.gold.made_labels import make_labels


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return make_labels(6_000)


class TestByHand:
    def test_a_simple_random_sample_without_time(self) -> None:
        """All at p = 0.5: x is the constant alone, as f adds nothing to it."""
        labels = pd.DataFrame(
            {"offer_id": range(1_000), "g": "a", "X": 0, "X_probability": 0.5}
        ).assign(offer_id=lambda t: t["offer_id"].astype(str))
        plan = plan_gold(labels, [100, 400], by=["g"], strata=())
        # The variance is 0.25 / n of the gold labels and 0.25 / 1000 of the offers themselves.
        se = np.sqrt([0.25 / 100 + 0.25 / 1_000, 0.25 / 400 + 0.25 / 1_000])
        expected = se * student_t.ppf(0.975, [99, 399])
        np.testing.assert_allclose(plan["half_width"], expected)
        assert plan["domain"].tolist() == ["g", "g"]

    def test_two_strata(self) -> None:
        """With f in x, the mean is free of error in what f tells: only v = f (1 - f) is left."""
        f = np.repeat([0.1, 0.5], [600, 400])
        labels = pd.DataFrame(
            {"offer_id": [f"A{place}" for place in range(1_000)], "X": 0, "X_probability": f}
        ).assign(h=np.repeat(["a", "b"], [600, 400]), g="all")
        plan = plan_gold(labels, 100, by=["g"], strata=("h",), design_effect=2)
        # x = (1, f) takes two values, one in each stratum, so that the regression is the stratum
        # means, and the variance the sum of W_h^2 v_h / n_h. S = 0.3 and 0.5, N S = 180 and 200,
        # sqrt(N) = 24.49 and 20: w = 0.5121 and 0.4879, of 100 draws 51 and 49.
        gold = 0.6**2 * 0.09 / 51 + 0.4**2 * 0.25 / 49
        offers = (600 * 0.09 + 400 * 0.25) / 1_000**2
        half = student_t.ppf(0.975, 98) * np.sqrt(2 * gold + offers)
        np.testing.assert_allclose(plan["half_width"], half)
        np.testing.assert_allclose(plan["half_width_worst"], half)


class TestPlan:
    def test_no_more_are_planned_than_there_are(self) -> None:
        labels = make_labels(300)
        message = "^n is 500, and the labels hold 300 offers that can be drawn: more are planned as"
        with pytest.warns(JocasThemesWarning, match=message) as caught:
            plan = plan_gold(labels, np.array([200, 400, 500]), by=["semester"])
        assert caught[0].filename == __file__
        # No size comes twice.
        wide = plan.pivot(index=["theme", "domain"], columns="n", values="half_width")
        assert wide.columns.tolist() == [200, 300]

    def test_the_table(self, labels: pd.DataFrame) -> None:
        plan = plan_gold(labels, [200, 800], by=("month", "semester", "branch"))
        assert plan.columns.tolist() == [
            *("n", "theme", "domain", "half_width", "half_width_worst", "n_domains", "n_pooled"),
        ]
        assert plan["n"].tolist() == [200] * 8 + [800] * 8
        assert plan["theme"].tolist() == (["PAY"] * 4 + ["TEAM"] * 4) * 2
        assert plan["domain"].tolist() == ["month", "semester", "branch", "change 2020-03"] * 4
        assert plan["n_domains"].tolist() == [36, 6, 3, 1] * 4
        assert (plan["half_width"] <= plan["half_width_worst"] + 1e-12).all()
        few, many = (plan.loc[plan["n"] == n, "half_width"].to_numpy() for n in (200, 800))
        # Four times the labels: half the width, but for the offers' own part, which they leave.
        ratios = (few / many)[plan["domain"][:8].isin(["semester", "change 2020-03"])]
        assert ((ratios > 1.7) & (ratios < 2.05)).all()

    def test_groups_with_too_few_labels_are_counted_and_left_out(self) -> None:
        labels = make_labels(2_000)
        labels["branch"] = labels["branch"].where(labels.index >= 20, "rare")
        plan = plan_gold(labels, [60, 400], by=("branch",), steps=())
        # Of 400, 20 of 2,000 offers are to have 4. Of 60, 30 at most are of one branch.
        assert plan["n_pooled"].tolist()[2:] == [1, 1]
        assert plan["n_domains"].tolist() == [4] * 4
        assert plan["half_width"].isna().tolist() == [p == 4 for p in plan["n_pooled"]]

    def test_neither_order_nor_batches_nor_parts_matter(
        self, labels: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = plan_gold(labels, 300, by=("month", "branch"))
        shuffled = labels.sample(frac=1, random_state=1)
        for place, start in enumerate(range(0, 6_000, 2_500)):
            part = shuffled.iloc[start : start + 2_500]
            part.to_parquet(tmp_path / f"part-{place}.parquet", index=False)
        monkeypatch.setattr(_labels, "_BATCH_ROWS", 997)
        pd.testing.assert_frame_equal(plan_gold(tmp_path, 300, by=("month", "branch")), expected)

    def test_a_design_effect_widens(self, labels: pd.DataFrame) -> None:
        plain = plan_gold(labels, 300, by=())["half_width"]
        wider = plan_gold(labels, 300, by=(), design_effect=1.44)["half_width"]
        # 1.2 times the gold labels' part; that of the offers themselves is small here.
        assert ((wider / plain > 1.15) & (wider / plain < 1.2)).all()

    def test_a_step_that_no_offer_follows_is_no_change(self, labels: pd.DataFrame) -> None:
        plan = plan_gold(labels, 300, by=(), steps=("2020-03", "2030-01"))
        assert plan["domain"].tolist() == ["change 2020-03"] * 2

    def test_offers_left_out_are_said_once(self, labels: pd.DataFrame) -> None:
        undated = labels.assign(
            date_firstSeenDay=labels["date_firstSeenDay"].where(labels.index >= 9)
        )
        with pytest.warns(JocasThemesWarning, match="9 offers have no readable date") as caught:
            plan_gold(undated, 300, by=("branch",))
        assert len(caught) == 1
        assert caught[0].filename == __file__

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"n": 20}, "n must be at least 48 for 24 strata"),
            ({"n": [300, 0]}, "n must be an integer from 1 up, got 0"),
            ({"level": 95}, "level must be between 0 and 1, got 95"),
            ({"design_effect": 0}, "design_effect must be above 0, got 0"),
            ({"by": ("nothing",)}, "got 'nothing'"),
            ({"steps": ("Covid",)}, "must be a month, got 'Covid'"),
        ],
    )
    def test_refused(self, labels: pd.DataFrame, change: dict[str, Any], message: str) -> None:
        arguments: dict[str, Any] = {"n": 300, "by": ("month",)} | change
        with pytest.raises(ValueError, match=message):
            plan_gold(labels, **arguments)

    def test_labels_that_tell_nothing_of_their_errors(self, labels: pd.DataFrame) -> None:
        only = labels.drop(columns=["PAY_probability", "TEAM_probability"])
        with pytest.raises(ValueError, match=r"must have CODE_probability for \['PAY'\]"):
            plan_gold(only, 300, by=("month",), themes=["PAY"])

    def test_periods_of_labels_without_dates(self, labels: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="lack a date column"):
            plan_gold(labels.drop(columns="date_firstSeenDay"), 300, by=("month",), strata=())


def read_gold(labels: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw gold, and read in it what calibrated probabilities say by chance."""
    rng = np.random.default_rng(seed)
    gold = sample_gold(labels, n, random_state=seed)
    of_offer = labels.set_index("offer_id").loc[gold["offer_id"]]
    for code in ("PAY", "TEAM"):
        gold[code] = (rng.random(n) < of_offer[f"{code}_probability"].to_numpy()).astype(float)
    return gold.assign(reviewer="Léa")


def compare(labels: pd.DataFrame, n: int, n_times: int, by: str) -> pd.Series:
    """Return the planned half-widths over those that are found, the median of each theme."""
    plan = plan_gold(labels, n, by=(by,), steps=("2020-03",)).query("domain == @by")
    found = []
    for seed in range(n_times):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JocasThemesWarning)  # of domains with few gold rows
            shares = estimate_prevalence(labels, read_gold(labels, n, seed), by=(by,))
        half = shares.table["se"] * student_t.ppf(0.975, shares.dof)
        found.append(half.groupby(shares.table["theme"]).median())
    return plan.set_index("theme")["half_width"] / pd.concat(found, axis=1).mean(axis=1)


@pytest.mark.parametrize("by", ["month", "branch"])
def test_the_estimate_is_as_exact_as_planned(labels: pd.DataFrame, by: str) -> None:
    ratios = compare(labels, 600, 4, by)
    assert ratios.between(0.85, 1.15).all(), ratios


@pytest.mark.slow
@pytest.mark.parametrize("n", [300, 1_000])
@pytest.mark.parametrize("by", ["month", "semester", "branch"])
def test_the_estimate_is_as_exact_as_planned_on_average(by: str, n: int) -> None:
    ratios = compare(make_labels(20_000), n, 30, by)
    assert ratios.between(0.92, 1.08).all(), ratios
