"""Drawing a simple random sample from a source of any size, in one pass."""

from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.offers.reading._readers import iter_offers


def sample_offers(
    source: Any, n_offers: int, *, random_state: int = 0, chunk_rows: int = 10_000, **options: Any
) -> pd.DataFrame:
    """Draw offers at random, all with the same probability.

    Parameters
    ----------
    source : str, Path, or list of these
        As for `iter_offers`.
    n_offers : int
        How many to draw; all of them when the source holds fewer.
    random_state : int, default=0
        Seed; the sample depends on it and on the source's order alone.
    chunk_rows : int, default=10_000
        Offers in memory at once, beside the sample.
    **options
        Further parameters of `iter_offers`.

    Returns
    -------
    DataFrame of shape (n_offers, n_columns)
        The sample, in the order of the source.

    Raises
    ------
    ValueError
        If ``n_offers`` is not 1 or more.
    OffersError
        If the source cannot be read.

    Notes
    -----
    Each offer draws a random key, and the smallest keys are kept: one pass, memory for the
    sample and a chunk (Fan, Muller and Rezucha, 1962).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import make_offers, sample_offers
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "offers.parquet"
    >>> make_offers(100, random_state=0).to_parquet(path)
    >>> len(sample_offers(path, 10))
    10
    """
    if not isinstance(n_offers, (int, np.integer)) or n_offers < 1:
        raise ValueError(f"n_offers must be an integer from 1 up, got {n_offers!r}.")
    rng = np.random.default_rng(random_state)
    sample, keys = pd.DataFrame(), np.empty(0)
    for chunk in iter_offers(source, chunk_rows, **options):
        keys = np.concatenate([keys, rng.random(len(chunk))])
        keep = np.sort(np.argsort(keys, kind="stable")[:n_offers])
        new = chunk.iloc[keep[keep >= len(sample)] - len(sample)]
        old = sample.iloc[keep[keep < len(sample)]]
        sample = pd.concat([part for part in (old, new) if len(part)], ignore_index=True)
        keys = keys[keep]
    return sample
