"""The classical corrections: by hand, and as QuaPy has them."""

from types import ModuleType

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._design import Design
from jocas_themes.trends.prevalence._quantifiers import (
    adjust_counts,
    draw_weights,
    find_prevalence,
    fit_platt,
    maximize_likelihood,
)

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]

sensitivity = pytest.mark.filterwarnings("ignore:method=")


@pytest.fixture(scope="module")
def quapy() -> ModuleType:
    """Return QuaPy's methods; importing it would change every picture drawn later here."""
    with mpl.rc_context():
        from quapy.method import aggregative
    return aggregative


def test_adjusted_counts_by_hand() -> None:
    # Hits 2/3 and alarms 1/2: (0.6 - 0.5)/(2/3 - 1/2) = 0.6; 0.4 is cut at 0 and 0.7 at 1.
    labels, predictions = np.array([1.0, 1, 1, 0, 0]), np.array([1.0, 1, 0, 1, 0])
    means = np.array([0.6, 0.4, 0.7])
    actual, variance = adjust_counts(means, np.ones(5), labels, predictions)
    assert actual.tolist() == pytest.approx([0.6, 0, 1])
    # A label's variance, m (1 - m), divided by (1/6) squared.
    assert variance.tolist() == pytest.approx([0.24 * 36, 0.24 * 36, 0.21 * 36])
    # The hit missed counts half: 4/5, and (0.6 - 0.5)/(0.8 - 0.5) = 1/3.
    weights = np.array([1, 1, 0.5, 1, 1])
    assert adjust_counts(means, weights, labels, predictions)[0][0] == pytest.approx(1 / 3)
    assert np.isnan(adjust_counts(means, np.ones(3), np.ones(3), np.ones(3))[0]).all()


def test_likeliest_prevalence_by_hand() -> None:
    # Posteriors 0.8 and 0.2 at a prior of 0.5: likelihood ratios 4 and 1/4. With 7 and 3 offers,
    # 7 * 3/(1 + 3 q) = 3 * 0.75/(1 - 0.75 q): 21 - 15.75 q = 2.25 + 6.75 q, q = 5/6.
    posterior = np.array([0.8, 0.2])
    assert find_prevalence(np.array([[7.0, 3]]), posterior, 0.5) == pytest.approx(5 / 6)
    assert find_prevalence(np.array([[9.0, 1], [1, 9]]), posterior, 0.5) == pytest.approx([1, 0])


def test_platt_finds_its_targets() -> None:
    # Of scores 0 and 1 with 3 of 4 and 1 of 4 positives; soft targets 5/6 and 1/6:
    # means 3/4 * 5/6 + 1/4 * 1/6 = 2/3 and 1/3.
    scores = np.repeat([1.0, 0], 4)
    intercept, slope = fit_platt(scores, np.array([1.0, 1, 1, 0, 1, 0, 0, 0]), np.ones(8))
    assert 1 / (1 + np.exp(-intercept)) == pytest.approx(1 / 3)
    assert 1 / (1 + np.exp(-intercept - slope)) == pytest.approx(2 / 3)
    # Scores that separate: no infinite slope.
    assert np.isfinite(fit_platt(np.arange(4.0), np.array([0.0, 0, 1, 1]), np.ones(4))).all()


@sensitivity
@pytest.mark.parametrize("method", ["acc", "pacc"])
def test_adjusted_counts_are_quapys(made: Made, method: str, quapy: ModuleType) -> None:
    acc, pacc = quapy.ACC, quapy.PACC
    labels, truth = made
    gold = labels.sample(500, random_state=0)
    rows = gold.index.to_numpy()
    table = pd.DataFrame({"offer_id": gold["offer_id"], "REMOTE": truth[rows]})
    table = table.assign(inclusion_probability=0.1, reviewer="Ada")
    shares = estimate_prevalence(labels, table, by=("year",), method=method).table
    years = labels["date_firstSeenDay"].dt.year
    for year, estimate in zip(shares["year"].dt.year, shares["estimate"], strict=True):
        some = labels[years == year]
        if method == "acc":
            rates = acc.getPteCondEstim([0, 1], truth[rows].astype(int), gold["REMOTE"])
            count = some["REMOTE"].mean()
        else:
            chances = gold["REMOTE_probability"].to_numpy()
            both = np.column_stack([1 - chances, chances])
            rates = pacc.getPteCondEstim([0, 1], truth[rows], both)
            count = some["REMOTE_probability"].mean()
        solved = acc.solve_adjustment(
            rates, np.array([1 - count, count]), method="inversion", solver="exact-raise"
        )
        assert estimate == pytest.approx(
            quapy.F.normalize_prevalence(solved, method="clip")[1], abs=1e-6
        )


def test_likeliest_prevalence_is_quapys(quapy: ModuleType) -> None:
    rng = np.random.default_rng(0)
    posterior = np.linspace(0.02, 0.98, 40)
    for prior, other in ((0.3, 0.5), (0.3, 0.1), (0.5, 0.5)):
        histogram = rng.poisson(20 * (1 + 3 * other * posterior))
        column = np.repeat(posterior, histogram)
        peer, _ = quapy.EMQ.EM(
            np.array([1 - prior, prior]), np.column_stack([1 - column, column]), epsilon=1e-12
        )
        ours = find_prevalence(histogram[None].astype(float), posterior, prior)
        assert ours[0] == pytest.approx(peer[1], abs=1e-6)


def test_bins_of_a_cell_are_those_of_gold() -> None:
    # Where predictions are the truth's chances, calibrated posteriors find the prevalence back.
    rng = np.random.default_rng(1)
    chances = rng.beta(1, 2, 20_000)
    labels = (rng.random(20_000) < chances).astype(float)
    histogram = np.bincount((chances * 100).astype(int), minlength=100)[None].astype(float)
    share, variance = maximize_likelihood(histogram, np.ones(20_000), labels, chances)
    assert share == pytest.approx(labels.mean(), abs=0.002)
    # 400 months of 1,000 offers: their prevalences vary as one offer does, by 1,000.
    months = rng.multinomial(1_000, histogram[0] / 20_000, size=400).astype(float)
    found, _ = maximize_likelihood(months, np.ones(20_000), labels, chances)
    assert found.var() == pytest.approx(variance[0] / 1_000, rel=0.2)  # chance: 7%


def test_months_of_adjusted_counts_are_covered() -> None:
    # Sensitivity 60% and false positives 20% at all times, as the method assumes: counts vary by
    # 0.42 per offer's root, prevalences by 1 / 0.4 of it.
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(10):
        truth = rng.random(6_000) < 0.3
        days = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 1_460, 6_000), unit="D")
        found = (rng.random(6_000) < np.where(truth, 0.6, 0.2)).astype(int)
        table = pd.DataFrame(
            {"offer_id": np.arange(6_000).astype(str), "date_firstSeenDay": days, "REMOTE": found}
        )
        gold = table.iloc[:2_000].assign(
            REMOTE=truth[:2_000].astype(int), inclusion_probability=1 / 3, reviewer="Ada"
        )
        with pytest.warns(JocasThemesWarning, match="method='acc'"):
            shares = estimate_prevalence(
                table, gold, method="acc", themes=["REMOTE"], n_bootstrap=20
            )
        low, high = shares.table["ci_low"], shares.table["ci_high"]
        covered.append(((low <= 0.3) & (high >= 0.3)).mean())
    assert np.mean(covered) > 0.9  # 63% without the correction's stretch


def test_drawn_weights_have_the_variance_of_the_design() -> None:
    # Two strata of 2 and 3 clusters, of weight 2: variances of sums are 4 * 4 = 16 and 4 * 3 = 12
    # (see the tests of the design), together 28, around 2 * (1 + 3 + 3 + 4 + 5) = 32.
    strata = np.array([0, 0, 1, 1, 1])
    design = Design(np.full(5, 2.0), strata, np.arange(5))
    weights = draw_weights(design, 20_000, np.random.default_rng(0))
    sums = weights @ np.array([1, 3, 3, 4, 5])
    assert sums.mean() == pytest.approx(32, abs=0.2)
    assert sums.var() == pytest.approx(28, rel=0.05)
    single = Design(np.full(2, 2.0), np.array([0, 1]), np.arange(2))
    assert (draw_weights(single, 3, np.random.default_rng(0)) == 2).all()


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("naive", "carries the student's errors"),
        ("acc", "sensitivity and false positives as the same"),
        ("pacc", "probabilities, given the truth, as the same"),
        ("emq", "written the same at all times"),
    ],
)
def test_they_say_that_they_are_no_trends(
    made: Made, drawn: pd.DataFrame, method: str, reason: str
) -> None:
    with pytest.warns(JocasThemesWarning, match=f"{reason}.*do not publish them as trends"):
        shares = estimate_prevalence(made[0], drawn, by=("period",), method=method, n_bootstrap=20)
    assert set(shares.table["method"]) == {f"{method}, sensitivity analysis"}
    assert (shares.table["se"] > 0).all()


@sensitivity
def test_naive_is_a_count_with_binomial_noise() -> None:
    # 40 of 100: 0.4, sqrt(0.24 / 100).
    labels = pd.DataFrame({"A": [1] * 40 + [0] * 60})
    row = estimate_prevalence(labels, by=(), method="naive", themes=["A"]).table.iloc[0]
    assert (row["estimate"], row["n_gold"]) == (pytest.approx(0.4), 0)
    assert row["se"] == pytest.approx(np.sqrt(0.24 / 100))


@sensitivity
def test_no_offer_gives_an_empty_table(made: Made) -> None:
    shares = estimate_prevalence(made[0].head(0), method="naive")
    assert shares.table.empty
    assert shares.table.columns[:2].tolist() == ["theme", "month"]


@sensitivity
def test_same_seed_same_result(made: Made, drawn: pd.DataFrame) -> None:
    def run(seed: int) -> npt.NDArray[np.float64]:
        shares = estimate_prevalence(
            made[0], drawn, by=(), method="acc", n_bootstrap=30, random_state=seed
        )
        return shares.table["se"].to_numpy()

    assert run(1) == run(1) != run(2)
