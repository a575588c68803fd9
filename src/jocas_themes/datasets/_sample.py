"""The 300 fictitious offers that ship with the package, and an LLM's recorded answers."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pandas as pd

from jocas_themes.annotations import Annotation, Answer, build_annotated
from jocas_themes.offers import as_offers, clean_text
from jocas_themes.taxonomy import HR_THEMES


def load_sample_offers() -> pd.DataFrame:
    """Load 300 fictitious French offers, dated 2019 to 2023.

    They were written for this package, with the flaws of real ones: HTML, lost apostrophes,
    missing accents. They say nothing about the labour market.

    Returns
    -------
    DataFrame of shape (300, 14)
        ``offer_id``, then JOCAS columns: ``ID_JOCAS``, ``date_firstSeenDay``, ``site_name``,
        ``job_title``, ``job_ROME_code``, ``contractType``, ``location_departement``,
        ``entrepriseSecteur_NAF21``, ``salary_min``, ``salary_max``, ``salary_period``,
        ``education_level`` and ``description_full``.

    See Also
    --------
    load_sample_annotations : The same offers, with the themes that an LLM saw in them.
    make_offers : Any number of offers, recombined from these.

    Examples
    --------
    >>> from jocas_themes.datasets import load_sample_offers
    >>> offers = load_sample_offers()
    >>> offers.loc[0, ["offer_id", "job_ROME_code"]].tolist()
    ['site_c_2023-04-18_1', 'M1704']
    """
    offers = pd.DataFrame(_read_jsonl("sample_offers.jsonl"))
    offers.insert(0, "offer_id", offers["ID_JOCAS"])
    return offers


def load_sample_annotations() -> pd.DataFrame:
    """Load the sample offers as an annotated table, ready to train a student on.

    A large language model read each offer under the codebook of the six HR themes. Its answers
    are real, the offers are not: figures computed from them say nothing about the labour market.

    Returns
    -------
    DataFrame of shape (300, 34)
        ``offer_id`` and ``text``; for each theme ``CODE`` (0.0 or 1.0), ``CODE_confidence``
        (0-100) and ``CODE_evidence`` (a span of ``text``, or None); ``status``, always ``ok``;
        then the offers' own columns.

    See Also
    --------
    load_sample_offers : The offers alone.

    Examples
    --------
    >>> from jocas_themes.datasets import load_sample_annotations
    >>> annotated = load_sample_annotations()
    >>> annotated["LEADERSHIP_MANAGEMENT_evidence"].iloc[0]
    'Vous encadrez 12 conseillers téléphoniques'
    >>> int(annotated["WORK_LIFE_BALANCE"].sum())
    76
    """
    # By id, so that the order of neither file matters.
    annotations = {answer["offer_id"]: _as_annotation(answer) for answer in _read_answers()}
    offers = as_offers(load_sample_offers())
    return build_annotated(offers, map(annotations.get, offers["offer_id"]), HR_THEMES.codes)


def iter_sample_replies() -> Iterator[tuple[str, str]]:
    """Yield each sample offer's id and the JSON of the recorded answer, the six themes alone."""
    for answer in _read_answers():
        reply = {code: answer[code] for code in HR_THEMES.codes}
        yield answer["offer_id"], json.dumps(reply, ensure_ascii=False)


def _as_annotation(answer: dict[str, Any]) -> Annotation:
    """Turn one line of the file of answers into an annotation."""
    cells = {code: answer[code] for code in HR_THEMES.codes}
    answers = {
        code: Answer(int(cell["present"]), cell["confidence"], cell["evidence"])
        for code, cell in cells.items()
    }
    return Annotation("ok", answers)


def _read_answers() -> Iterator[dict[str, Any]]:
    """Read the recorded answers, their evidence as it stands in the offer's clean text."""
    for answer in _read_jsonl("sample_annotations.jsonl"):
        for code in HR_THEMES.codes:
            cell = answer[code]
            # The answers were recorded on the raw descriptions, with their entities and NBSP.
            if cell["evidence"] is not None:
                cell["evidence"] = clean_text(cell["evidence"])
        yield answer


def _read_jsonl(name: str) -> list[dict[str, Any]]:
    """Read one of the data files beside this module."""
    content = files("jocas_themes.datasets").joinpath(name).read_text(encoding="utf-8")
    # Not splitlines(), which also breaks at U+2028 inside a description.
    return [json.loads(line) for line in content.split("\n") if line]
