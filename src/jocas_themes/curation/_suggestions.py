"""`suggest_offers`: the offers whose labels would be worth most, drawn with known chances."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.annotations import Themes, choose_themes
from jocas_themes.curation._design import draw_units
from jocas_themes.curation._models import find_text_columns, predict_themes
from jocas_themes.curation._similarity import order_by_similarity
from jocas_themes.evaluation._scorers import find_thresholds
from jocas_themes.offers import as_offers, find_theme_codes, group_near_duplicates

_HEAD = ("offer_id", "reason", "uncertainty", "inclusion_probability", "n_copies", "text")
_CHUNK_OFFERS = 2_000
_SMALLEST = 1e-6  # of a probability, so that its logarithm is finite
_SMALLEST_WEIGHT = 1e-12  # so that there always is somebody to draw


def suggest_offers(
    pool: Any,
    n: int,
    *,
    model: Any,
    annotated: Any = None,
    random_share: float = 0.2,
    sharpness: float = 8.0,
    themes: Themes = None,
    random_state: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Choose the offers to annotate next: unsure, unlike one another, and some at random.

    Each offer has a known probability of being chosen, so that the new annotations can also be
    used to estimate shares and scores of the pool.

    Parameters
    ----------
    pool : sequence of str, DataFrame or pyarrow.Table of n_offers
        The offers to choose from. Labels in it are not read.
    n : int
        How many offers to choose; all of them when there are fewer.
    model : ThemeClassifier, Pipeline or classifier
        Fitted, with ``predict_proba`` of shape (n_offers, n_themes). One without ``themes_``
        is given texts instead of the table; without ``thresholds_`` it decides at 0.5.
    annotated : sequence of str, DataFrame or pyarrow.Table, optional
        Offers that have annotations already. They and their near-duplicates are left out.
    random_share : float, default=0.2
        Part of the choice that is made at random, 0 to 1.
    sharpness : float, default=8.0
        How strongly uncertainty counts, 0 to 100: the chances grow with ``uncertainty **
        sharpness``. With 0 all offers are alike; a large figure picks the most uncertain ones,
        which teaches more, and estimates less well.
    themes : Taxonomy or sequence of str, optional
        The themes whose uncertainty counts; all of the model's by default.
    random_state : int, default=0
        Seed.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    DataFrame of shape (n, 6 + n_columns)
        ``offer_id``; ``reason`` (``uncertain`` or ``random``); ``uncertainty`` (0 to 1);
        ``inclusion_probability`` (of being chosen for either reason, above 0, up to 1);
        ``n_copies`` (offers of the pool that this one stands for, itself and its
        near-duplicates); ``text``; then the pool's own columns. In the pool's order, ready for
        a teacher's ``annotate``.

    Raises
    ------
    ValueError
        If a parameter is out of range, if every offer of the pool is without text or annotated
        already, or if the model lacks a theme or gives no probabilities.

    See Also
    --------
    find_label_issues : Which of the labels that are there to doubt.
    LLMTeacher : Annotates the result.

    Notes
    -----
    The unit is the group of near-duplicates; one offer stands for each.

    Uncertainty sampling (Lewis and Gale, 1994; Settles, 2009): with the probability ``p`` and
    the threshold ``t`` of a theme, ``q = p (1 - t) / (p (1 - t) + t (1 - p))`` is 0.5 where the
    decision turns, and its entropy ``-q log2 q - (1 - q) log2 (1 - q)`` is 1 there. An offer's
    uncertainty is the mean over the themes, as a label of each of them will be had.

    Two draws among the ``N`` units. First ``n_u``, with probabilities proportional to the
    uncertainty to the power of ``sharpness``, at most 1, by systematic sampling (Madow, 1949;
    Tillé, 2006) along an order in which similar texts are neighbours, which spreads the draw
    over all kinds of offers. Then ``n_r``, with equal probabilities among all that remain. A
    unit that the first draw takes with probability ``p`` is chosen with ``p + (1 - p) n_r /
    (N - n_u)``. These sum to ``n``.

    With them, a mean over the pool's distinct offers is estimated by weights of ``1 /
    inclusion_probability`` (Horvitz and Thompson, 1952), and over all its postings by
    ``n_copies / inclusion_probability``. Uneven weights cost precision: the sample counts as
    ``sum(w) ** 2 / sum(w ** 2)`` offers (Kish, 1965). The random part alone is a simple random
    sample of what the first draw left: a total is also that of the uncertain part plus the
    random part's mean times ``N - n_u``, with the textbook variance. None of this holds if some
    of the chosen offers are never annotated, or without a random part, where the chances of
    sure offers are next to nothing.

    Memory grows with the pool by about 8 kB an offer, most of it to find near-duplicates.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, load_sample_annotations, load_sample_offers
    >>> from jocas_themes.curation import suggest_offers
    >>> annotated = load_sample_annotations().head(60)
    >>> student = ThemeClassifier(themes=["COMPENSATION_BENEFITS"]).fit(annotated)
    >>> chosen = suggest_offers(load_sample_offers(), 20, model=student, annotated=annotated)
    >>> chosen["reason"].value_counts().to_dict()
    {'uncertain': 16, 'random': 4}
    """
    _check_params(n, random_share, sharpness)
    codes = None if themes is None else choose_themes(themes=themes)
    text_columns = find_text_columns(model)
    offers = _read_pool(pool, text_columns)
    units = _find_units(offers, annotated, text_columns)
    chosen = offers.iloc[units.index]
    uncertainty = _compute_uncertainty(model, chosen, codes, progress=progress)
    rng = np.random.default_rng(random_state)
    order = order_by_similarity(chosen["text"].tolist(), rng)
    n = min(n, len(units))
    n_random = round(random_share * n)
    weights = np.maximum((uncertainty[order] / uncertainty.max()) ** sharpness, _SMALLEST_WEIGHT)
    draw = draw_units(weights, n - n_random, n_random, rng)
    drawn = np.concatenate([draw.weighted, draw.random])
    units = units.iloc[order[drawn]].assign(
        reason=["uncertain"] * len(draw.weighted) + ["random"] * len(draw.random),
        uncertainty=uncertainty[order[drawn]],
        inclusion_probability=draw.probabilities[drawn],
    )
    return _build_table(offers, units.sort_index())


def _check_params(n: Any, random_share: Any, sharpness: Any) -> None:
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n must be an integer from 1 up, got {n!r}.")
    if not isinstance(random_share, Real) or not 0 <= float(random_share) <= 1:
        raise ValueError(f"random_share must be a number from 0 to 1, got {random_share!r}.")
    if not isinstance(sharpness, Real) or not 0 <= float(sharpness) <= 100:
        raise ValueError(f"sharpness must be a number from 0 to 100, got {sharpness!r}.")


def _read_pool(pool: Any, text_columns: Sequence[str] | None) -> pd.DataFrame:
    """Return the pool as offers, without any annotations that it carries."""
    offers = as_offers(pool, text_columns=text_columns)
    codes = find_theme_codes(offers)
    if not codes:
        return offers
    beside = [f"{code}_{name}" for code in codes for name in ("confidence", "evidence")]
    return offers.drop(columns=[*codes, *beside, "status"], errors="ignore")


def _find_units(
    offers: pd.DataFrame, annotated: Any, text_columns: Sequence[str] | None
) -> pd.DataFrame:
    """Find the offers to draw among, one for each group of near-duplicates, and their copies.

    The index holds their positions in the pool. Their order depends on the texts and ids alone.
    """
    texts, ids = offers["text"].tolist(), offers["offer_id"].tolist()
    rows = [row for row, text in enumerate(texts) if text]
    rows.sort(key=lambda row: (texts[row], ids[row]))
    known: list[str] = []
    if annotated is not None:
        known = sorted(set(as_offers(annotated, text_columns=text_columns)["text"]) - {""})
    groups = group_near_duplicates([*known, *(texts[row] for row in rows)])
    new = ~np.isin(groups[len(known) :], groups[: len(known)])
    table = pd.DataFrame({"row": rows, "group": groups[len(known) :]})[new].groupby("group")["row"]
    units: pd.DataFrame = table.agg(row="first", n_copies="size").set_index("row")
    if units.empty:
        raise ValueError(
            f"no offer is left to choose: all {len(offers)} of the pool are without text, or "
            f"annotated already, they or a near-duplicate. Pass further offers."
        )
    return units


def _compute_uncertainty(
    model: Any, offers: pd.DataFrame, themes: Sequence[str] | None, *, progress: bool
) -> npt.NDArray[np.float64]:
    """Return how near each offer is to the thresholds, 0 to 1, of shape (n_offers,)."""
    parts = []
    with tqdm(total=len(offers), desc="reading", unit=" offers", disable=not progress) as bar:
        for start in range(0, len(offers), _CHUNK_OFFERS):
            chunk = offers.iloc[start : start + _CHUNK_OFFERS]
            parts.append(predict_themes(model, chunk, themes))
            bar.update(len(chunk))
    present = np.vstack(parts)
    thresholds = np.clip(find_thresholds(model, themes), _SMALLEST, 1 - _SMALLEST)
    present, absent = present * (1 - thresholds), thresholds * (1 - present)
    turned = np.clip(present / (present + absent), _SMALLEST, 1 - _SMALLEST)
    entropy = -turned * np.log2(turned) - (1 - turned) * np.log2(1 - turned)
    uncertainty: npt.NDArray[np.float64] = entropy.mean(axis=1)
    return uncertainty


def _build_table(offers: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Put what was found of the units before the offers' own columns."""
    chosen = offers.iloc[units.index]
    own = chosen.drop(columns=list(_HEAD), errors="ignore")
    head = units.set_axis(chosen.index).assign(offer_id=chosen["offer_id"], text=chosen["text"])
    return pd.concat([head[list(_HEAD)], own], axis=1)
