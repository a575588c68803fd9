"""A gold sample as cells to review: blind, with the chances that the offers had."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.annotations.review._cells import Cell, is_drawn
from jocas_themes.offers import as_offers, iter_offers, to_frame

_DESIGN = ("inclusion_probability", "stratum", "cluster")


def list_sample_cells(
    sample: Any,
    offers: Any,
    *,
    themes: Sequence[str],
    text_columns: Sequence[str] | None,
    there: Collection[Cell],
) -> list[Cell]:
    """List the cells of a sample: see `ReviewQueue.add_sample`."""
    design = _read_design(to_frame(sample))
    earlier = {cell["offer_id"]: cell for cell in there if is_drawn(cell)}
    if earlier and not _extends(design, earlier):
        raise ValueError(
            f"{len(earlier)} offers were drawn into this file before, and this sample is not the "
            f"same one made larger: nobody would know the probabilities of the two together. Draw "
            f"from the same labels, with the same random_state and strata, and n no smaller; or "
            f"add the sample to another review file."
        )
    texts = _find_texts(offers, set(design.index), text_columns)
    _check_texts(texts, list(design.index), there)
    blind = dict.fromkeys(("proposed", "confidence", "evidence"))
    return [
        {"offer_id": str(offer_id), "theme": theme}
        | blind
        | {"reason": "drawn", "text": texts[str(offer_id)]}
        | {name: row[name] for name in _DESIGN}
        for offer_id, row in design.iterrows()
        for theme in themes
    ]


def _read_design(sample: Any) -> pd.DataFrame:
    """Read how the offers were drawn, indexed by their ids; None for no stratum or cluster."""
    columns = ("offer_id", *_DESIGN)
    absent = [name for name in columns if name not in getattr(sample, "columns", ())]
    if absent or not len(sample):
        raise ValueError(
            f"sample must be a table of one offer at least, with {list(columns)!r}; it lacks "
            f"{absent!r}. Pass what sample_gold gives."
        )
    chances = pd.to_numeric(sample["inclusion_probability"]).to_numpy(dtype=np.float64)
    wrong = chances[~((chances > 0) & (chances <= 1))]
    if len(wrong):
        raise ValueError(
            f"inclusion_probability must be above 0 and at most 1, got {wrong[:5].tolist()!r} "
            f"({len(wrong)} in all). Offers that were not drawn by chance belong in no sample."
        )
    design = pd.DataFrame({"inclusion_probability": chances}, index=sample["offer_id"].map(str))
    for name in ("stratum", "cluster"):
        design[name] = [None if pd.isna(value) else str(value) for value in sample[name]]
        design[name] = design[name].astype(object)
    repeated = design.index[design.index.duplicated()].tolist()
    if repeated:
        raise ValueError(
            f"sample must hold each offer once, got {repeated[:5]!r} again ({len(repeated)} in "
            f"all)."
        )
    return design


def _extends(design: pd.DataFrame, earlier: dict[str, Cell]) -> bool:
    """Tell whether the offers drawn before are all there, drawn from the same strata."""
    if not set(earlier) <= set(design.index):
        return False
    before = pd.DataFrame(
        {name: [cell.get(name) for cell in earlier.values()] for name in _DESIGN},
        index=list(earlier),
    )
    now = design.loc[before.index]
    if before["stratum"].fillna("").tolist() != now["stratum"].fillna("").tolist():
        return False
    chances = before["inclusion_probability"].to_numpy(dtype=np.float64)
    if len(before) == len(design):
        return bool(np.allclose(chances, now["inclusion_probability"]))
    sizes = _count(design) / design["inclusion_probability"]
    return bool(np.allclose(_count(before) / sizes[before.index], chances))


def _count(design: pd.DataFrame) -> "pd.Series[Any]":
    """Count for each offer those drawn of its stratum."""
    strata = design["stratum"].fillna("")
    return strata.groupby(strata).transform("size")


def _find_texts(
    offers: Any, wanted: Collection[str], text_columns: Sequence[str] | None
) -> dict[str, str]:
    """Find the texts of some offers in a table or a source; an id's first row counts."""
    offers = to_frame(offers)
    chunks: Iterable[pd.DataFrame] = (
        [offers]
        if isinstance(offers, pd.DataFrame)
        else iter_offers(offers, text_columns=text_columns)
    )
    texts: dict[str, str] = {}
    for chunk in chunks:
        found = as_offers(_drop_others(chunk, wanted), text_columns=text_columns)
        found = found[found["offer_id"].isin(wanted)]
        for offer_id, text in zip(found["offer_id"], found["text"], strict=True):
            texts.setdefault(offer_id, text)
    return texts


def _drop_others(offers: pd.DataFrame, wanted: Collection[str]) -> pd.DataFrame:
    """Drop offers that are surely not wanted, whose texts need not be cleaned."""
    if "offer_id" not in offers.columns:
        return offers
    others = [isinstance(value, str) and value not in wanted for value in offers["offer_id"]]
    return offers[~np.array(others, dtype=bool)]


def _check_texts(texts: dict[str, str], wanted: Sequence[str], there: Iterable[Cell]) -> None:
    """Refuse offers that cannot be read, or whose text differs from what is in the file."""
    absent = [offer_id for offer_id in wanted if not texts.get(offer_id)]
    if absent:
        raise ValueError(
            f"offers must hold a text for each offer of the sample, but not for {absent[:5]!r} "
            f"({len(absent)} in all). Pass the offers that were labelled."
        )
    other = [
        cell["offer_id"]
        for cell in there
        if texts.get(cell["offer_id"], cell["text"]) != cell["text"]
    ]
    if other:
        other = list(dict.fromkeys(other))
        raise ValueError(
            f"the texts of {other[:5]!r} ({len(other)} in all) differ from those in the file, to "
            f"which decisions belong. Pass the same offers and text_columns, or another file."
        )
