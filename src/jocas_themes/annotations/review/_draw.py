"""Drawing offers for review with known probabilities: stratified by the teacher's confidence."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations._labels import read_cells
from jocas_themes.offers import find_theme_codes, hash_text, to_frame
from jocas_themes.offers._allocation import MIN_DRAWN, count_least, share_out

_BORDERS = (50.0, 90.0)
UNKNOWN = "unknown"


def draw_offers(
    annotated: Any,
    n_offers: int,
    *,
    random_state: int,
    sure_share: float,
    threshold: float,
    earlier: Mapping[str, tuple[Any, Any]],
    themes: Collection[str],
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Draw offers, and list the cells to review: see `ReviewQueue.draw`."""
    _check_range("sure_share", sure_share, 0, 1)
    _check_range("threshold", threshold, 0, 100)
    if 0 < threshold <= 1:
        raise ValueError(
            f"threshold is a confidence from 0 to 100, got {threshold!r}. Did you mean "
            f"{100 * threshold:g}?"
        )
    if isinstance(n_offers, bool) or not isinstance(n_offers, (int, np.integer)) or n_offers < 1:
        raise ValueError(f"n_offers must be an integer from 1 up, got {n_offers!r}.")
    annotated = _check_annotated(to_frame(annotated), themes)
    ranked = rank_texts(annotated, threshold=threshold, random_state=random_state)
    texts = choose_texts(ranked, int(n_offers), sure_share=sure_share, earlier=earlier)
    annotated = annotated[annotated["text"].isin(texts.index)]
    drawn = annotated[["offer_id", "text"]].astype(object)
    for name in ("confidence", "stratum", "inclusion_probability"):
        drawn[name] = texts.loc[annotated["text"], name].to_numpy()
    drawn["cluster"] = drawn["text"].map(hash_text)
    return drawn, list(_list_cells(annotated, drawn))


def _check_range(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}, got {value!r}.")


def _check_annotated(annotated: Any, themes: Collection[str]) -> pd.DataFrame:
    """Check that each row is an offer with a text and an id of its own; drop repeated rows."""
    codes = find_theme_codes(annotated)
    if not codes or not {"offer_id", "text"} <= set(annotated.columns) or not len(annotated):
        raise ValueError(
            "annotated must be an annotated table of one offer at least, with offer_id, text "
            "and CODE, CODE_confidence, CODE_evidence for each theme. Pass what a teacher's "
            "fit_transform returns."
        )
    strangers = [code for code in codes if code not in themes]
    if strangers:
        raise ValueError(
            f"the taxonomy lacks themes of the table: {strangers[:5]!r}. Pass taxonomy= with the "
            f"teacher's themes."
        )
    table: pd.DataFrame = annotated.assign(offer_id=annotated["offer_id"].map(str))
    strange = [text for text in table["text"] if not isinstance(text, str)]
    if strange:
        raise ValueError(f"each offer needs a text, got {strange[0]!r} ({len(strange)} of them).")
    table = table.drop_duplicates(["offer_id", "text"])
    repeated = table.loc[table["offer_id"].duplicated(), "offer_id"].tolist()
    if repeated:
        raise ValueError(
            f"each offer needs its own offer_id; several texts share {repeated[:5]!r} "
            f"({len(repeated)} in all)."
        )
    return table


def _list_cells(annotated: pd.DataFrame, drawn: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """List the cells of the drawn offers."""
    codes = find_theme_codes(annotated)
    labels = read_cells(annotated, codes, name="annotated")
    names = [f"{code}_confidence" for code in codes]
    confidences = read_cells(annotated, names, name="annotated")
    evidences = [annotated[f"{code}_evidence"].tolist() for code in codes]
    for row, offer in enumerate(drawn.to_dict("records")):
        for column, code in enumerate(codes):
            label, confidence = labels[row, column], confidences[row, column]
            evidence = evidences[column][row]
            yield {
                "offer_id": offer["offer_id"],
                "theme": code,
                "proposed": None if np.isnan(label) else int(label),
                "confidence": None if np.isnan(confidence) else float(confidence),
                "evidence": evidence if isinstance(evidence, str) else None,
                "reason": "drawn",
                "text": offer["text"],
                "inclusion_probability": float(offer["inclusion_probability"]),
                "stratum": offer["stratum"],
                "cluster": offer["cluster"],
            }


def rank_texts(annotated: pd.DataFrame, *, threshold: float, random_state: int) -> pd.DataFrame:
    """Give each distinct text its stratum, and its turn in the draw.

    Parameters
    ----------
    annotated : DataFrame of shape (n_offers, n_columns)
        An annotated table.
    threshold : float
        Confidence from which an offer is sure, 0 to 100; a border between strata.
    random_state : int
        Seed. The turns depend on it and on the set of texts, not on the rows' order.

    Returns
    -------
    DataFrame of shape (n_texts, 5)
        Indexed by text: ``confidence`` (the smallest of the offer's cells, NaN when one is
        unknown), ``stratum``, ``sure``, ``turn`` (from 0, in the stratum) and ``size`` (distinct
        texts in the stratum).
    """
    confidence = pd.Series(_find_confidence(annotated), index=annotated["text"].to_numpy())
    # A copy with an unknown theme makes the text unknown.
    texts = confidence.fillna(-1).groupby(level=0, sort=True).min()
    texts = texts.where(texts >= 0)
    edges = np.unique([0.0, *_BORDERS, float(threshold), 100.0])
    names = np.array([f"{low:g}-{high:g}" for low, high in pairwise(edges)])
    known = texts.notna().to_numpy()
    bands = np.searchsorted(edges[1:-1], texts.to_numpy(), side="right")
    table = pd.DataFrame(
        {
            "confidence": texts,
            "stratum": np.where(known, names[np.where(known, bands, 0)], UNKNOWN),
            "sure": known & (texts.to_numpy() >= threshold),
        }
    )
    rng = np.random.default_rng(random_state)
    table["turn"] = rng.permutation(len(table))
    groups = table.groupby("stratum")
    table["turn"] = groups["turn"].rank().astype(int) - 1
    table["size"] = groups["turn"].transform("size")
    return table


def _find_confidence(annotated: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return each offer's smallest confidence, NaN where a theme is unknown."""
    codes = find_theme_codes(annotated)
    labels = read_cells(annotated, codes, name="annotated")
    names = [f"{code}_confidence" for code in codes]
    confidences = read_cells(annotated, names, name="annotated")
    found: npt.NDArray[np.float64] = np.where(np.isnan(labels), np.nan, confidences).min(axis=1)
    return found


def allocate(
    sizes: Sequence[int], sure: Sequence[bool], n_drawn: int, *, sure_share: float
) -> list[int]:
    """Share out a draw among strata.

    Parameters
    ----------
    sizes : sequence of int
        Texts in each stratum.
    sure : sequence of bool
        Which strata the teacher is sure of.
    n_drawn : int
        Texts to draw; all of them when there are fewer.
    sure_share : float
        Part of the draw that goes to the sure strata, 0 to 1.

    Returns
    -------
    list of int
        Texts to draw of each stratum, at least two of each (one where it has one).

    Raises
    ------
    ValueError
        If ``n_drawn`` is too small for all strata.

    Notes
    -----
    Beyond the minimum, in proportion to a stratum's size within its group, sure or not, and to
    the group's share; `share_out` says how. A larger draw never gives a stratum less, which lets
    a draw be extended.
    """
    least = count_least(sizes)
    if n_drawn < least:
        raise ValueError(
            f"n_offers must be at least {least} for {len(sizes)} strata of confidence, "
            f"{MIN_DRAWN} of each, got {n_drawn!r}."
        )
    n_sure = sum(size for size, is_sure in zip(sizes, sure, strict=True) if is_sure)
    n_unsure = sum(sizes) - n_sure
    weights = [
        sure_share * size / n_sure if is_sure else (1 - sure_share) * size / n_unsure
        for size, is_sure in zip(sizes, sure, strict=True)
    ]
    draws = share_out(sizes, weights, n_drawn)
    return [draws.count(stratum) for stratum in range(len(sizes))]


def choose_texts(
    ranked: pd.DataFrame,
    n_drawn: int,
    *,
    sure_share: float,
    earlier: Mapping[str, tuple[Any, Any]],
) -> pd.DataFrame:
    """Draw without replacement in each stratum, each text with the probability n_h / N_h.

    Parameters
    ----------
    ranked : DataFrame
        As `rank_texts` gives it.
    n_drawn : int
        Texts to draw.
    sure_share : float
        Part of the draw that goes to the sure strata, 0 to 1.
    earlier : mapping of str to (str, float)
        Texts drawn before, with their stratum and probability: the new draw must extend it.

    Returns
    -------
    DataFrame of shape (n_drawn, 6)
        The rows drawn, with ``inclusion_probability``.

    Raises
    ------
    ValueError
        If the new draw does not extend the earlier one, or is too small for the strata.
    """
    strata = ranked.groupby("stratum", sort=True).agg(size=("size", "first"), sure=("sure", "all"))
    counts = allocate(
        strata["size"].tolist(), strata["sure"].tolist(), n_drawn, sure_share=sure_share
    )
    drawn_of = ranked["stratum"].map(dict(zip(strata.index, counts, strict=True)))
    drawn = ranked[ranked["turn"] < drawn_of].copy()
    drawn["inclusion_probability"] = drawn_of[drawn.index] / drawn["size"]
    if earlier and not _extends(drawn, earlier):
        raise ValueError(
            f"{len(earlier)} texts were drawn into this file before, and this draw is not the "
            f"same one made larger: nobody would know the probabilities of the two together. "
            f"Draw from the same table, with the same random_state, threshold and sure_share, "
            f"and n_offers no smaller; or draw into another review file."
        )
    return drawn


def _extends(drawn: pd.DataFrame, earlier: Mapping[str, tuple[Any, Any]]) -> bool:
    """Tell whether the texts drawn before are the first ones of the same turns and strata."""
    if not set(earlier) <= set(drawn.index):
        return False
    before = drawn.loc[list(earlier)]
    counts = before.groupby("stratum")["turn"].transform("size")
    strata, probabilities = zip(*earlier.values(), strict=True)
    return bool(
        (before["stratum"] == list(strata)).all()
        and (before["turn"] < counts).all()
        and np.allclose(counts / before["size"], np.array(probabilities, dtype=float))
    )
