"""The annotated table: labels, confidence and evidence ride beside the text they speak of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pandas as pd

Status = Literal["ok", "refused", "truncated", "invalid", "failed"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a teacher says of one theme in one offer.

    Parameters
    ----------
    label : {0, 1} or None
        Absent, present, or unknown because the answer cannot be trusted.
    confidence : float or None, default=None
        How sure the teacher is of its own answer, 0 to 100.
    evidence : str or None, default=None
        The verbatim span that shows a theme that is present. With an unknown label: the span
        that was given but is not in the offer.
    """

    label: int | None
    confidence: float | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a teacher says of one offer, and whether it could be understood.

    Parameters
    ----------
    status : {"ok", "refused", "truncated", "invalid", "failed"}
        ``ok`` when every theme has a valid answer; ``failed`` when no answer came.
    answers : mapping of str to Answer, default={}
        By theme code; a theme without an answer is unknown.
    detail : str, default=""
        What was wrong, for people.
    """

    status: Status
    answers: Mapping[str, Answer] = field(default_factory=dict)
    detail: str = ""


_UNKNOWN = Answer(None)


def build_annotated(
    offers: pd.DataFrame, annotations: Iterable[Annotation | None], codes: Sequence[str]
) -> pd.DataFrame:
    """Put annotations beside the offers that they speak of.

    Parameters
    ----------
    offers : DataFrame of shape (n_offers, n_columns)
        As `as_offers` gives it. Own columns that bear the name of an annotation are left out.
    annotations : iterable of Annotation or None, of n_offers
        In the offers' order; None where nothing was asked.
    codes : sequence of str
        The theme codes, in the order of the columns.

    Returns
    -------
    DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
        ``offer_id``, ``text``, for each theme ``CODE`` (0, 1 or NaN), ``CODE_confidence``
        (0 to 100, or NaN) and ``CODE_evidence`` (str or None), ``status``, then the offers'
        own columns.
    """
    rows = list(annotations)
    columns: dict[str, Any] = {"offer_id": offers["offer_id"], "text": offers["text"]}
    for code in codes:
        answers = [row.answers.get(code, _UNKNOWN) if row else _UNKNOWN for row in rows]
        for name, values, dtype in (
            (code, [answer.label for answer in answers], float),
            (f"{code}_confidence", [answer.confidence for answer in answers], float),
            (f"{code}_evidence", [answer.evidence for answer in answers], object),
        ):
            columns[name] = pd.Series(values, index=offers.index, dtype=dtype)
    columns["status"] = pd.Series(
        [row.status if row else None for row in rows], index=offers.index, dtype=object
    )
    own = offers.drop(columns=list(columns), errors="ignore")
    return pd.concat([pd.DataFrame(columns, index=offers.index), own], axis=1)
