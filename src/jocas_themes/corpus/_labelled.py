"""What `label_corpus` wrote, and reading it back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from jocas_themes.corpus._destination import open_destination
from jocas_themes.corpus._parts import read_parts


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """What `label_corpus` wrote.

    Parameters
    ----------
    destination : Path or str
        The folder of parts, or its URL.
    n_offers : int
        Offers labelled, those without text included.
    n_without_text : int
        Offers without text: their labels are null.
    n_malformed : int
        Malformed rows, left out and kept in ``_rejects.jsonl`` there.
    n_parts : int
        Parts written; one file each, or one a period where they are partitioned.
    duration_s : float
        In seconds; that of the finished parts, where a labelling was resumed.
    n_resumed : int, default=0
        Offers that earlier runs had labelled; all of them where nothing was left to do.
    """

    destination: Path | str
    n_offers: int
    n_without_text: int
    n_malformed: int
    n_parts: int
    duration_s: float
    n_resumed: int = field(default=0, compare=False)  # the result is the same without it

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the labels back into memory.

        Parameters
        ----------
        columns : sequence of str, optional
            Which columns; all by default.

        Returns
        -------
        DataFrame of shape (n_offers, n_columns)
            The labelled table; ``year`` and ``month`` follow where it is partitioned by them.

        Raises
        ------
        FileNotFoundError
            If the parts are not there any more.
        """
        table: pd.DataFrame = read_parts(open_destination(self.destination), columns).to_pandas()
        return table
