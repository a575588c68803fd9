"""Classical corrections of counts, for comparison: ACC, PACC and EMQ."""

from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from jocas_themes.trends.aggregation import Cells
from jocas_themes.trends.prevalence._design import Design, find_units
from jocas_themes.trends.prevalence._population import Drawn
from jocas_themes.trends.prevalence._rectified import Means

Array = npt.NDArray[np.float64]

EMQ_BINS = 100  # of the predictions, whose posteriors EMQ adjusts

_PREDICTIONS = {"acc": "label", "pacc": "probability", "emq": "probability"}
_N_HALVINGS = 60
_N_STEPS = 50


def choose_prediction(method: str, prediction: str | None) -> str | None:
    """Return the prediction that a method is about, or the one asked for."""
    needed = _PREDICTIONS.get(method, prediction)
    if prediction not in (None, needed):
        raise ValueError(
            f"method={method!r} needs prediction={needed!r}, got {prediction!r}. Leave it out."
        )
    return needed


def quantify(
    method: str, cells: Cells, gold: Drawn | None, n_bootstrap: int, random_state: int
) -> list[Means]:
    """Estimate the share of each theme in each cell; without gold, as the labels show it."""
    estimates = []
    for place in range(len(cells.themes)):
        n_offers = cells.n_offers[:, place]
        share = np.divide(
            cells.prediction_sum[:, place], n_offers, np.zeros(len(cells)), where=n_offers > 0
        )
        factor, noise = np.zeros((len(cells), 0)), share * (1 - share)  # of the count
        if gold is not None:
            sample = gold.select(place)
            adjust = partial(adjust_counts, share)
            if method == "emq" and cells.histogram is not None:
                adjust = partial(maximize_likelihood, cells.histogram[:, place])
            read = partial(adjust, labels=sample.labels, predictions=sample.predictions)
            share, noise = read(weights=sample.design.weights)
            draws = draw_weights(sample.design, n_bootstrap, np.random.default_rng(random_state))
            factor = compute_deviations(np.array([read(weights=weights)[0] for weights in draws]))
        estimates.append(Means(share, factor, noise))
    return estimates


def adjust_counts(
    means: Array, weights: Array, labels: Array, predictions: Array
) -> tuple[Array, Array]:
    """Correct mean predictions by their means among gold positives and negatives.

    With labels as predictions, the adjusted count of Forman (2008), "Quantifying counts and
    costs via classification"; with probabilities, that of Bella et al. (2010), "Quantification
    via probability estimators". NaN without positives or negatives. Beside each share, the
    variance that a single offer gives it: that of its prediction, at most, as the correction
    stretches it.
    """
    spread = means * (1 - means)
    n_positive, n_negative = weights @ labels, weights @ (1 - labels)
    if n_positive == 0 or n_negative == 0:
        return np.full(len(means), np.nan), spread
    hits = (weights * labels) @ predictions / n_positive
    alarms = (weights * (1 - labels)) @ predictions / n_negative
    if hits == alarms:
        return means, spread
    return np.clip((means - alarms) / (hits - alarms), 0, 1), spread / (hits - alarms) ** 2


def maximize_likelihood(
    histogram: Array, weights: Array, labels: Array, predictions: Array
) -> tuple[Array, Array]:
    """Find the prevalence under which each cell's predictions are likeliest.

    The predictions, to the nearest of the histogram's bins, are calibrated on the gold rows.
    NaN without positives or negatives. Beside each prevalence, the variance that a single offer
    gives it: the likelihood's inverse curvature.
    """
    prior = np.average(labels, weights=weights)
    if prior in (0, 1):
        return np.full(len(histogram), np.nan), np.zeros(len(histogram))
    n_bins = histogram.shape[1]
    scores = logit((np.arange(n_bins) + 0.5) / n_bins)
    bins = np.minimum((predictions * n_bins).astype(np.int64), n_bins - 1)
    intercept, slope = fit_platt(scores[bins], labels, weights)
    posterior = expit(intercept + slope * scores)
    found = find_prevalence(histogram, posterior, float(prior))
    gain = compute_ratio(posterior, float(prior))
    bend = (histogram * (gain / (1 + found[:, None] * gain)) ** 2).sum(axis=1)
    n_offers = histogram.sum(axis=1)
    return found, np.divide(n_offers, bend, np.ones(len(found)), where=bend > 0)


def find_prevalence(histogram: Array, posterior: Array, prior: float) -> Array:
    """Find where EM would end, from posteriors that were right at a prior prevalence.

    Parameters
    ----------
    histogram : ndarray of shape (n_cells, n_bins)
        Offers of each cell by posterior.
    posterior : ndarray of shape (n_bins,)
        The posteriors, within (0, 1).
    prior : float
        Prevalence where they were learnt, within (0, 1).

    Returns
    -------
    ndarray of shape (n_cells,)
        Prevalence of each cell.

    Notes
    -----
    The maximum-likelihood prevalence of Saerens, Latinne and Decaestecker (2002), "Adjusting the
    outputs of a classifier to new a priori probabilities". In one dimension the likelihood is
    concave, so that halving an interval finds its maximum, as EM does in many more steps.
    """
    ratio = compute_ratio(posterior, prior)
    low, high = np.zeros(len(histogram)), np.ones(len(histogram))
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        rises = (histogram * (ratio / (1 + middle[:, None] * ratio))).sum(axis=1) > 0
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return (low + high) / 2


def compute_ratio(posterior: Array, prior: float) -> Array:
    """Compute the likelihood ratio of positives to negatives, less 1."""
    ratio: Array = np.exp(logit(posterior) - logit(prior)) - 1
    return ratio


def fit_platt(scores: Array, labels: Array, weights: Array) -> tuple[float, float]:
    """Fit a logistic curve to labels, with the soft targets of Platt (1999)."""
    weights = weights / weights.mean()
    n_positive, n_negative = weights @ labels, weights @ (1 - labels)
    targets = np.where(labels == 1, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    x = np.column_stack([np.ones(len(scores)), scores])
    curve = np.zeros(2)
    for _ in range(_N_STEPS):
        chance = expit(x @ curve)
        bend = x.T @ ((weights * chance * (1 - chance))[:, None] * x)
        step = np.linalg.lstsq(bend, x.T @ (weights * (targets - chance)), rcond=None)[0]
        curve = curve + step
        if np.abs(step).max() < 1e-10:
            break
    return float(curve[0]), float(curve[1])


def draw_weights(design: Design, n_bootstrap: int, rng: np.random.Generator) -> Array:
    """Draw clusters again within strata, as weights of the rows.

    Parameters
    ----------
    design : Design
        How the rows were drawn.
    n_bootstrap : int
        How often to draw.
    rng : Generator
        Where chance comes from.

    Returns
    -------
    ndarray of shape (n_bootstrap, n_gold)
        The weights of each draw.

    Notes
    -----
    One cluster less than the n of a stratum is drawn, and counts n / (n - 1) times, so that the
    variance is right in strata of any size (Rao and Wu 1988, "Resampling inference with complex
    survey data"). A stratum with a single cluster stays as it is.
    """
    units, _, stratum = find_units(design)
    growth = np.ones((n_bootstrap, len(stratum)))
    for code in range(stratum.max() + 1):
        places = np.flatnonzero(stratum == code)
        n = len(places)
        if n > 1:
            drawn = rng.multinomial(n - 1, np.full(n, 1 / n), size=n_bootstrap)
            growth[:, places] = drawn * (n / (n - 1))
    weights: Array = growth[:, units] * design.weights
    return weights


def compute_deviations(draws: Array) -> Array:
    """Return draws as columns of a factor, which times its transpose is their covariance."""
    draws = draws[~np.isnan(draws).any(axis=1)]
    deviations: Array = (draws - draws.mean(axis=0)).T / np.sqrt(max(len(draws) - 1, 1))
    return deviations
