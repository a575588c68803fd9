"""`Explanation`: what carried the predictions of some offers, to read and to compute with."""

from dataclasses import dataclass

import pandas as pd

from jocas_themes.student.explanation._highlight import render_html
from jocas_themes.student.explanation._report import render_text


@dataclass(frozen=True, eq=False)
class Explanation:
    """What carried the predictions of some offers; a notebook shows it in their text.

    Parameters
    ----------
    table : DataFrame
        One row for each sentence, n-gram and pattern: ``offer_id``, ``theme``,
        ``probability`` (calibrated), ``kind`` (``"sentence"``, ``"ngram"`` or ``"pattern"``),
        ``start`` and ``end`` (in characters of the offer's text), ``text`` (verbatim),
        ``term`` (the n-gram as the student writes it; None for the others) and
        ``contribution``.
    parts : DataFrame
        What adds up to the log-odds of each probability: ``offer_id``, ``theme``, ``feature``,
        ``kind``, ``value``; the largest ones first.
    offers : DataFrame of shape (n_offers, 2 + n_themes)
        ``offer_id``, ``text``, and ``CODE_probability`` for each theme of the model.

    See Also
    --------
    explain : Make one; it says what the figures mean.
    """

    table: pd.DataFrame
    parts: pd.DataFrame
    offers: pd.DataFrame

    def __str__(self) -> str:
        return render_text(self.table, self.parts, self.offers)

    def __repr__(self) -> str:
        n_cells = len(self.parts[["offer_id", "theme"]].drop_duplicates())
        return f"Explanation({n_cells} themes in {len(self.offers)} offers)"

    def _repr_html_(self) -> str:
        return render_html(self.table, self.parts, self.offers)
