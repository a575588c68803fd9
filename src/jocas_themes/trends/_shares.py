"""`compute_shares`: how many offers of each period are labelled with each theme."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jocas_themes.trends.aggregation import count_cells

PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}


def compute_shares(
    labelled: pd.DataFrame | str | Path,
    *,
    themes: Sequence[str] | None = None,
    by: str = "month",
    date_column: str | None = None,
    offer_ids: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Compute the observed share of offers labelled with each theme, by period.

    **These are observed shares of predicted labels ("classify and count"). They carry the
    classifier's errors: they are not the prevalence of the themes, and their changes may be
    changes of the errors. Look at them, do not publish them as such.**

    Parameters
    ----------
    labelled : DataFrame of n_offers, str or Path
        Labelled table: a date column, and for each theme ``CODE`` (0, 1 or missing); or the
        folder of Parquet parts that `label_corpus` wrote, read part by part in bounded memory.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    by : {"month", "quarter", "year"}, default="month"
        Length of a period.
    date_column : str, optional
        Column of dates: datetimes, or ISO or DD/MM/YYYY strings. By default the first there of
        ``date_firstSeenDay``, ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    offer_ids : iterable of str, optional
        Count these offers alone, by their ``offer_id``. With the first offer of each group that
        `find_near_duplicates` found, a vacancy that was posted on four boards counts once, in
        the period of its first post. Where an id recurs among the labels, its first row counts.
        By default all offers count.

    Returns
    -------
    DataFrame of shape (n_themes * n_periods, 4)
        ``theme``; ``month``, ``quarter`` or ``year`` (its first day); ``n_offers``, those of the
        period whose label is known; ``share``, the labelled ones among them (0-1). A period
        without offers has no row.

    Raises
    ------
    ValueError
        If `by` is not one of the three, if a column is not there, if a label is not 0 or 1, or
        if `labelled` is a URL.
    TypeError
        If `offer_ids` is a single string.
    FileNotFoundError
        If the folder holds no part.
    OffersError
        If a part is not a Parquet file.

    Warns
    -----
    JocasThemesWarning
        If offers have no readable date: they are left out; if a folder is incomplete.

    See Also
    --------
    find_near_duplicates : Which offers are the same vacancy.

    Notes
    -----
    With a sensitivity :math:`s` and a false positive rate :math:`f`, a prevalence :math:`p`
    shows as the share :math:`s p + f (1 - p)`; see Forman (2008), "Quantifying counts and costs
    via classification".

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import compute_shares
    >>> labelled = pd.DataFrame({
    ...     "date_firstSeenDay": ["2020-02-03", "2020-02-28", "2020-04-01"],
    ...     "REMOTE": [0, 1, 1],
    ...     "REMOTE_probability": [0.1, 0.8, 0.9],
    ... })
    >>> compute_shares(labelled)
        theme      month  n_offers  share
    0  REMOTE 2020-02-01         2    0.5
    1  REMOTE 2020-04-01         1    1.0

    Each vacancy once, however often it was posted:

    >>> from jocas_themes import find_near_duplicates
    >>> labelled = labelled.assign(
    ...     offer_id=["A1", "B7", "A9"], text=["Cariste à Lyon", "CARISTE À LYON", "Juriste"]
    ... )
    >>> offers = find_near_duplicates(labelled).offers
    >>> compute_shares(labelled, offer_ids=offers.loc[offers["is_first"], "offer_id"])
        theme      month  n_offers  share
    0  REMOTE 2020-02-01         1    0.0
    1  REMOTE 2020-04-01         1    1.0
    """
    if by not in PERIODS:
        raise ValueError(f"by must be one of {list(PERIODS)}, got {by!r}.")
    cells = count_cells(
        labelled,
        by=(by,),
        themes=themes,
        prediction="label",
        date_column=date_column,
        offer_ids=offer_ids,
        stacklevel=3,
    )
    tables = []
    for place, theme in enumerate(cells.themes):
        n_offers = cells.n_offers[:, place].astype(np.int64)
        table = pd.DataFrame({"theme": theme, by: cells.keys[by], "n_offers": n_offers})
        table["share"] = cells.prediction_sum[:, place] / n_offers.clip(min=1)
        tables.append(table[n_offers > 0])
    return pd.concat(tables, ignore_index=True)
