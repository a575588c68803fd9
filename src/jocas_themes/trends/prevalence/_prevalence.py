"""`estimate_prevalence`: true shares from imperfect labels and a gold sample."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes._threads import limit_blas
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation import parse_steps
from jocas_themes.trends.prevalence._checks import (
    CHECK_BINS,
    check_drawn,
    check_tables,
    choose_offers,
    read_gold,
)
from jocas_themes.trends.prevalence._domains import tell_domains
from jocas_themes.trends.prevalence._misfit import tell_misfits
from jocas_themes.trends.prevalence._population import read_population
from jocas_themes.trends.prevalence._quantifiers import EMQ_BINS, choose_prediction, quantify
from jocas_themes.trends.prevalence._rectification import RECTIFIERS, rectify_themes
from jocas_themes.trends.prevalence._rows import build_rows
from jocas_themes.trends.prevalence._three_phase import put_answers, read_teacher

# Why the other methods are no trends to publish.
_ASSUMED = {
    "naive": "it carries the student's errors, whose drift looks like a trend",
    "acc": "it takes sensitivity and false positives as the same at all times",
    "pacc": "it takes the student's probabilities, given the truth, as the same at all times",
    "emq": "it takes offers with a theme, and those without, as written the same at all times",
}
_SENSITIVITY = (
    "method={method!r} is a sensitivity analysis: {assumed}. Its changes may be changes of the "
    "errors: do not publish them as trends. Use method='dsl'."
)

METHODS = ("dsl", *_ASSUMED)
_LEAST_DRAWS = 20


def estimate_prevalence(
    labels: pd.DataFrame | str | Path,
    gold: pd.DataFrame | None = None,
    *,
    by: Sequence[str] = ("month",),
    method: str = "dsl",
    themes: Sequence[str] | None = None,
    prediction: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    date_column: str | None = None,
    rectifier: str = "smooth",
    power_tuning: bool = True,
    teacher: pd.DataFrame | None = None,
    training: pd.DataFrame | Iterable[Any] | None = None,
    offer_ids: Iterable[Any] | None = None,
    level: float = 0.95,
    n_bootstrap: int = 200,
    random_state: int = 0,
) -> Shares:
    r"""Estimate the true share of offers with each theme, the labels' errors counted in.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table: ``offer_id``, a date column, and for each theme ``CODE`` (0, 1 or
        missing) or ``CODE_probability`` (0 to 1), of any classifier; or the folder of Parquet
        parts that `label_corpus` wrote, read in bounded memory.
    gold : DataFrame of n_gold
        What people read in offers drawn by chance: ``offer_id``, for each theme ``CODE`` (0, 1
        or missing), ``inclusion_probability``, ``stratum``, ``cluster`` and ``reviewer``, as
        `sample_gold` and `ReviewQueue` give it. Only ``method="naive"`` does without.
    by : sequence of str, default=("month",)
        Columns of the labels, or what is derived: ``month``, ``quarter``, ``semester``,
        ``year``, ``period`` (between `steps`), ``board``, ``region``, ``sector``,
        ``rome_family``, ``rome_domain``. ``()`` for one share of all offers.
    method : {"dsl", "naive", "acc", "pacc", "emq"}, default="dsl"
        Design-based supervised learning; the others are **sensitivity analyses, not to be
        published as trends**, and say so in a warning and in the table.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    prediction : {"probability", "label"}, optional
        What the labels predict a theme by. By default the probability where all themes have
        one; for "acc" the label.
    steps : sequence of months, default=("2020-03",)
        Months from which on the labels' errors may be others, such as the first of Covid.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    rectifier : {"smooth", "cell"}, default="smooth"
        How the labels' errors may differ: along a parabola of time with steps, with levels,
        steps and slopes for the groups of `by`; or freely in each cell of `by`, which asks for
        30 gold rows in each.
    power_tuning : bool, default=True
        Learn from gold how much a prediction is worth, instead of counting it in full.
    teacher : DataFrame of n_annotated, optional
        An LLM's answers, an annotated table, for a third phase between labels and gold: offers
        drawn by chance, with an ``inclusion_probability`` where not all had the same, and gold
        among them.
    training : DataFrame or iterable of str, optional
        Offers that the student learnt from, which gold must not hold: a table with
        ``offer_id``, or the ids.
    offer_ids : iterable of str, optional
        Speak of these offers alone, such as the first of each group of near-duplicates.
    level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_bootstrap : int, default=200
        How often gold is drawn again for "acc", "pacc" and "emq".
    random_state : int, default=0
        Seed of these draws.

    Returns
    -------
    Shares
        One row a theme and cell of `by`: periods in order, then groups; with the covariance of
        all rows of a theme. A cell without offers has no row; under ``rectifier="cell"`` one
        with fewer than two gold rows is NaN.

    Raises
    ------
    ValueError
        If an argument is not one of those listed; if gold is missing, was not drawn by chance
        (no ``inclusion_probability`` in (0, 1], or no unsure offer where many were to be
        expected), was not read by people, overlaps `training`, holds labels other than 0 and 1,
        or only one kind of a theme; if more than 5% of its offers are not among the labels, or
        have no readable date there; if a decision has no reviewer; or if it is not part of
        `teacher`. If over 5% of the labels repeat the id of another, without `offer_ids`: gold is
        drawn of ids, and rows are counted. If `by` names a theme or a column of the result.
    TypeError
        If `gold` is a path, or ids are a single string.

    Warns
    -----
    JocasThemesWarning
        If gold looks chosen by how sure the predictions are; if more than 5% of its decisions
        are missing; if ids recur among the labels; if a domain has fewer than 30 gold rows; if
        labels reach far beyond the months of gold; if the errors of whole years do not follow the
        smooth rectifier; if the method is a sensitivity analysis; if offers have no date.

    See Also
    --------
    sample_gold : Which offers people must read.
    compare_periods : Before and after, with the covariance of these shares.
    smooth_trend : A curve through months, with a band.
    compute_shares : What was labelled, uncorrected.

    Notes
    -----
    "dsl": for each theme the gold labels :math:`y` are regressed on the prediction :math:`f` and
    a few functions :math:`b` of month and group, weighted by 1 / inclusion probability; a cell's
    share is :math:`\bar b'\hat\beta + \hat\lambda \bar f`, with the means of all its
    labelled offers. It is the generalised regression estimator of Särndal, Swensson and
    Wretman (1992), "Model assisted survey sampling"; with :math:`\lambda = 1`
    (``power_tuning=False``) that of Angelopoulos et al. (2023), "Prediction-powered inference",
    and of Egami et al. (2023), "Using imperfect surrogates for downstream inference:
    design-based supervised learning"; :math:`\hat\lambda` tunes the power as in Angelopoulos,
    Duchi and Zrnic (2023), "PPI++". Nothing is assumed of the student: where it errs, the
    interval widens. What is assumed is that gold was drawn by chance, and that the mean error
    follows :math:`b`. Shares of all offers, of the stretches between steps and of groups with 30
    gold rows do not depend on it; those of single periods do, and so do changes of a group from
    one year to another, of which :math:`b` knows a level, a step and, with 90 gold rows, a slope.
    Where the errors of a year are others than fitted, a score test warns of it.

    The variance is linearised (Binder 1983), by strata and clusters, plus that of the offers
    themselves, :math:`\sigma^2 / n` in a cell of n, with :math:`\sigma^2` shared out in
    proportion to the cells' :math:`p(1 - p)`. Intervals are Student's, with as many degrees of
    freedom as gold has clusters less strata. Gold is taken as little of all: where people read
    half of the offers, intervals are up to twice as wide as need be.

    With `teacher` the answers take the part of gold for the student, and gold corrects them in
    turn; the variances of both regressions are added. As a teacher's mistakes enter them with
    opposite signs, this errs on the wide side: by 75% where people read most of the answers.

    In six simulations of labels whose errors drift, at 1,000 gold rows, 95% to 97% of the intervals
    cover the change at a step, and 95% to 96% the months; their mean error is 0.1 points at most.
    Tuning costs nothing there; with a student so poor that counting its labels in full is worse
    than not to look at them, it narrows the intervals by 13% to 16%.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import estimate_prevalence
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.random(9000) < np.repeat([0.2, 0.2, 0.4], 3000)
    >>> labels = pd.DataFrame({
    ...     "offer_id": np.arange(9000).astype(str),
    ...     "date_firstSeenDay": np.repeat(["2019-05-02", "2019-06-02", "2021-05-02"], 3000),
    ...     "REMOTE": np.where(rng.random(9000) < 0.1, ~truth, truth).astype(int),
    ... })
    >>> gold = labels.sample(600, random_state=0).assign(
    ...     REMOTE=lambda rows: truth[rows.index].astype(int),
    ...     inclusion_probability=600 / 9000, reviewer="Ada",
    ... )
    >>> shares = estimate_prevalence(labels, gold, by=("period",), themes=["REMOTE"])
    >>> shares.table[["period", "n_offers", "n_gold", "estimate", "se"]].round(3)
              period  n_offers  n_gold  estimate     se
    0  until 2020-02      6000     403     0.213  0.015
    1   from 2020-03      3000     197     0.382  0.025
    """
    by = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
    _check_arguments(method, rectifier, level, n_bootstrap)
    tables = {} if method == "naive" else _read_tables(gold, teacher, method, training)
    tables, offer_ids = choose_offers(tables, offer_ids)
    population = read_population(
        labels,
        by,
        themes=themes,
        prediction=choose_prediction(method, prediction),
        date_column=date_column,
        steps=parse_steps(steps),
        offer_ids=offer_ids,
        n_bins=EMQ_BINS if method == "emq" else CHECK_BINS,
        find_ids=pd.concat([rows["offer_id"] for rows in tables.values()]) if tables else None,
        by_month=method == "dsl",
    )
    drawn, messages = check_tables(tables, population)
    if "teacher" in drawn:
        drawn["gold"] = put_answers(drawn["gold"], drawn["teacher"])
    if method == "dsl":
        messages += tell_domains(drawn["gold"], population, rectifier)
        with limit_blas():
            means = rectify_themes(population, drawn, rectifier, tune=power_tuning)
            if rectifier == "smooth" and population.times:
                messages += tell_misfits(population, drawn["gold"], tune=power_tuning)
        said = "dsl, three-phase" if teacher is not None else "dsl"
    else:
        messages.append(_SENSITIVITY.format(method=method, assumed=_ASSUMED[method]))
        means = quantify(method, population.cells, drawn.get("gold"), n_bootstrap, random_state)
        said = f"{method}, sensitivity analysis"
    for message in messages:
        warnings.warn(message, JocasThemesWarning, stacklevel=2)
    return build_rows(population, means, drawn.get("gold"), method=said, level=level)


def _check_arguments(method: str, rectifier: str, level: float, n_bootstrap: int) -> None:
    """Refuse arguments that are none of those listed."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}, got {method!r}.")
    if rectifier not in RECTIFIERS:
        raise ValueError(f"rectifier must be one of {list(RECTIFIERS)}, got {rectifier!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}.")
    if n_bootstrap < _LEAST_DRAWS:
        raise ValueError(f"n_bootstrap must be at least {_LEAST_DRAWS}, got {n_bootstrap!r}.")


def _read_tables(
    gold: pd.DataFrame | None,
    teacher: pd.DataFrame | None,
    method: str,
    training: pd.DataFrame | Iterable[Any] | None,
) -> dict[str, pd.DataFrame]:
    """Check the tables of drawn offers as far as they speak for themselves."""
    if gold is None:
        raise ValueError(
            f"method={method!r} needs gold labels, got none. Draw offers with sample_gold and let "
            f"people read them; method='naive' does without, and shows labels with their errors."
        )
    gold = read_gold(gold)
    tables = {"gold": gold}
    if teacher is not None:
        if method != "dsl":
            raise ValueError(f"teacher is for method='dsl' alone, got method={method!r}.")
        tables["teacher"] = read_teacher(teacher, gold)
    return check_drawn(tables, training)
