"""`ppi-python` computes the same where it is about the same: a simple sample and one cell."""

import numpy as np
import pandas as pd
import pytest
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from ppi_py.ppi import _calc_lam_glm
from scipy.stats import norm

from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._design import Design, fit_regression

N, N_GOLD = 5_000, 400


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    chances = rng.beta(1, 3, N)
    truth = (rng.random(N) < chances**1.3).astype(float)
    labels = pd.DataFrame({"offer_id": np.arange(N).astype(str), "A_probability": chances})
    gold = pd.DataFrame({"offer_id": labels["offer_id"], "A": truth})
    gold = gold.sample(N_GOLD, random_state=0)
    return labels, gold.assign(inclusion_probability=N_GOLD / N, reviewer="Ada")


def test_untuned(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    labels, gold = tables
    f = labels["A_probability"].to_numpy()
    y, f_gold = gold["A"].to_numpy(), f[gold.index]
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"], power_tuning=False)
    peer = ppi_mean_pointestimate(y, f_gold, f, lam=1)
    assert shares.table["estimate"].tolist() == pytest.approx(peer.tolist(), abs=1e-6)
    low, high = ppi_mean_ci(y, f_gold, f, alpha=0.05, lam=1)
    half = (high - low)[0] / 2 / norm.ppf(0.975)
    # Theirs is of all offers that might have been, and adds the predictions' variance over N; and
    # it divides by n, not n - 1.
    errors = np.sqrt((half**2 - f.var() / N) * N_GOLD / (N_GOLD - 1))
    assert np.linalg.norm(shares.factor) == pytest.approx(errors, abs=1e-6)


def test_tuned(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    labels, gold = tables
    f = labels["A_probability"].to_numpy()
    y, f_gold = gold["A"].to_numpy(), f[gold.index]
    shares = estimate_prevalence(labels, gold, by=(), themes=["A"])
    design = Design(np.ones(N_GOLD), np.zeros(N_GOLD, int), np.arange(N_GOLD))
    slope = fit_regression(np.c_[np.ones(N_GOLD), f_gold], y, design).coefficients[1]
    peer = ppi_mean_pointestimate(y, f_gold, f, lam=slope)
    assert shares.table["estimate"].tolist() == pytest.approx(peer.tolist(), abs=1e-6)
    # Their slope shrinks by 1 + n/N and takes the variance of all predictions, over their number
    # less one. Where all are copies of those of gold, that is all.
    copies = np.tile(f_gold, 9)
    theirs = _calc_lam_glm(y, f_gold, copies, np.eye(1))
    n_all = 10 * N_GOLD
    assert slope == pytest.approx(theirs * (1 + 1 / 9) * n_all / (n_all - 1), abs=1e-6)
