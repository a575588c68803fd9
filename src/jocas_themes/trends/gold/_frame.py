"""The sampling frame: all offers that can be drawn, in the order of their turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.trends.aggregation._ids import hash_ids
from jocas_themes.trends.aggregation._rows import Batch, Rows
from jocas_themes.trends.gold._stratifier import Integers, Scores, Stratifier, compute_scores

Turns = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Frame:
    """All distinct offers that can be drawn.

    Parameters
    ----------
    turns : ndarray of shape (n_offers,)
        Keyed hashes of the offers' ids, from the smallest on: their order in the draw.
    places : ndarray of shape (n_offers,)
        Stratum of each offer, a row of `strata`.
    strata : DataFrame of shape (n_strata, n_columns + 1)
        The columns that make the strata, and ``stratum``, their names; the index is the number
        that `stratifier` gives them.
    variances : ndarray of shape (n_strata,)
        Mean of p (1 - p) over offers and themes; 1 where labels have no probabilities.
    stratifier : Stratifier
        In which stratum a row is.
    n_unpredicted : int
        Rows left out because no theme of theirs has a prediction.
    n_repeated : int
        Rows left out because their id came before.
    """

    turns: Turns
    places: Integers
    strata: pd.DataFrame
    variances: npt.NDArray[np.float64]
    stratifier: Stratifier
    n_unpredicted: int
    n_repeated: int

    @property
    def sizes(self) -> Integers:
        """Offers in each stratum."""
        return np.bincount(self.places, minlength=len(self.strata)).astype(np.int64)


def build_frame(rows: Rows, strata: Sequence[str], *, random_state: int, progress: bool) -> Frame:
    """Read all offers, in about 16 bytes each, and thrice as much while they are put in order.

    Of an id that recurs one row counts, that of the first group and then of the lowest score,
    so that the order of the rows changes nothing.
    """
    stratifier = Stratifier(strata)
    pieces, n_unpredicted = [], 0
    for batch in tqdm(rows.iter_batches(), disable=not progress, desc="Strata", unit="batch"):
        scores = compute_scores(batch.predictions, rows.prediction)
        dated, predicted = is_dated(batch), ~np.isnan(scores)
        rows.n_undated += int((~dated).sum())
        n_unpredicted += int((dated & ~predicted).sum())
        eligible = dated & predicted
        turns = draw_turns(batch.table["offer_id"][eligible], random_state)
        groups = stratifier.find_groups(batch, eligible).astype(np.int32)
        pieces.append((turns, groups, scores[eligible]))
    pooled = [np.concatenate(column) for column in zip(*pieces, strict=True)]
    turns, groups, scores = _drop_repeated(stratifier, *pooled)
    stratifier.fit_bins(scores, rows.prediction)
    numbers, places = np.unique(stratifier.find_strata(groups, scores), return_inverse=True)
    strata_table = stratifier.describe(numbers)
    by_name = np.argsort(strata_table["stratum"].to_numpy(dtype=object), kind="stable")
    places = np.argsort(by_name)[places]
    errors = scores if rows.prediction == "probability" else np.ones(len(scores))
    variances = np.bincount(places, errors) / np.bincount(places)
    return Frame(
        turns,
        places,
        strata_table.iloc[by_name],
        variances,
        stratifier,
        n_unpredicted,
        n_repeated=len(pooled[0]) - len(turns),
    )


def is_dated(batch: Batch) -> Mask:
    """Tell which rows have a month; all, where the labels have no dates."""
    if batch.months is None:
        return np.ones(len(batch.predictions), dtype=bool)
    return ~np.isnat(batch.months)


def draw_turns(ids: "pd.Series[Any]", random_state: int) -> Turns:
    """Give each id its turn: a hash that no one can tell from chance, and that the seed keys."""
    if ids.isna().any():
        raise ValueError(
            f"each offer needs an offer_id, {int(ids.isna().sum())} have none. Label them from "
            f"their source: label_corpus makes an id for each offer."
        )
    return hash_ids(ids, random_state)


def _drop_repeated(
    stratifier: Stratifier, turns: Turns, groups: Integers, scores: Scores
) -> tuple[Turns, Integers, Scores]:
    """Put the rows in the order of their turns, one for each id."""
    if not len(turns):
        raise ValueError(
            "the labels hold no offer that can be drawn, with a prediction and, if there are "
            "dates, a date."
        )
    order = np.lexsort((scores, stratifier.rank_groups()[groups], turns))
    order = order[np.append(True, np.diff(turns[order]) > 0)]
    return turns[order], groups[order], scores[order]
