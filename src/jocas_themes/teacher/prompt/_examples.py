"""Worked examples in the prompt: from the taxonomy, or the gold offers most like this one."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from jocas_themes.annotations import read_cells, read_labels
from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.prompt._prompt import wrap_offer
from jocas_themes.teacher.reply._evidence import find_evidence

# Confidence of an answer that is right by construction: "explicit words, or clearly nothing".
_SURE = 95
# The first line of the taxonomy's examples, which says nothing of any theme.
_TITLE = "Offre d'emploi"
# A repost of the offer that is asked, whose answer would be its own.
_MAX_SIMILARITY = 0.9


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: an offer's text, and the answer that is right.

    Parameters
    ----------
    text : str
        The text, as it is sent.
    answer : mapping of str to mapping
        By theme code, in the taxonomy's order: ``evidence`` (str or None), ``present`` (bool) and
        ``confidence`` (int, 0 to 100), as the schema of an answer has them.
    """

    text: str
    answer: Mapping[str, Mapping[str, Any]]


class ExampleChooser:
    """Choose for each offer the gold offers most like it.

    Parameters
    ----------
    gold : DataFrame of shape (n_offers, n_columns)
        ``text``; for each theme ``CODE`` (0, 1 or NaN), ``CODE_evidence`` (str or None) where it is
        present, and optionally ``CODE_confidence`` (0-100). An offer can be an example when all
        its themes are known and those present have evidence in its text, as it is sent.
    taxonomy : Taxonomy
        The themes.
    n_examples : int
        How many examples an offer has, at least 1; fewer where gold has no more.
    prepare : callable, default=str
        From a text to what may leave this machine, such as a text without personal data.

    Raises
    ------
    ValueError
        If ``n_examples`` is less than 1, if gold lacks a column or holds other values, or if
        none of its offers can be an example.

    Notes
    -----
    Similarity is the cosine of TF-IDF vectors (words, sublinear counts) of the texts as they are
    sent. An offer is never its own example, and neither is one whose cosine with it is above
    0.9: it may be the same offer on another board, whose labels would be the answer. The most
    similar example comes last, next to the offer. Examples chosen by similarity are those of
    Liu et al. (2022), "What Makes Good In-Context Examples for GPT-3?", DeeLIO.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.taxonomy import Taxonomy, Theme
    >>> pay = Theme(code="PAY", name_fr="Salaire", name_en="Pay", definition="what it pays")
    >>> gold = pd.DataFrame({
    ...     "text": ["Maçon, 13 € de l'heure.", "Vendeur en boutique.", "Comptable, 32 K€."],
    ...     "PAY": [1, 0, 1],
    ...     "PAY_evidence": ["13 € de l'heure", None, "32 K€"],
    ... })
    >>> chooser = ExampleChooser(gold, Taxonomy([pay]), n_examples=1)
    >>> chooser.choose("Vendeur de chaussures en centre-ville.")
    (Example(text='Vendeur en boutique.',
             answer={'PAY': {'evidence': None, 'present': False, 'confidence': 95}}),)
    """

    def __init__(
        self,
        gold: pd.DataFrame,
        taxonomy: Taxonomy,
        *,
        n_examples: int,
        prepare: Callable[[str], str] = str,
    ) -> None:
        if n_examples < 1:
            raise ValueError(f"n_examples must be at least 1, got {n_examples!r}.")
        by_text: dict[str, Example] = {}
        for example in _read_examples(gold, taxonomy):
            prepared = _prepare_example(example, prepare)
            if prepared:
                by_text.setdefault(prepared.text, prepared)
        if not by_text:
            raise ValueError(
                f"none of the {len(gold)} gold offers can be an example: all themes of one must be "
                f"known, and those present must have in CODE_evidence words of its text. Fill in "
                f"the evidence of some offers, or use the examples of the taxonomy."
            )
        self._examples = tuple(by_text.values())
        self._n_examples = n_examples
        self._vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            sublinear_tf=True,
            token_pattern=r"\w+|\S",  # noqa: S106
        )
        # One row a word: an offer's own words are all that is read of it.
        self._words = self._vectorizer.fit_transform(by_text).T.tocsr()

    def choose(self, sent: str) -> tuple[Example, ...]:
        """Choose the examples for one offer.

        Parameters
        ----------
        sent : str
            The offer's text, as it is sent.

        Returns
        -------
        tuple of Example
            At most ``n_examples``, the most similar one last; of equals, those first in gold.
        """
        cosines = self._vectorizer.transform([sent]) @ self._words
        # Rounded: the last bits of a sum are not the same on every machine.
        similarities = np.round(cosines.toarray().ravel(), 9)
        nearest = np.argsort(-similarities, kind="stable")
        allowed = (
            self._examples[place]
            for place in nearest
            if similarities[place] <= _MAX_SIMILARITY and self._examples[place].text != sent
        )
        return tuple(islice(allowed, self._n_examples))[::-1]


def build_taxonomy_examples(taxonomy: Taxonomy) -> tuple[Example, ...]:
    """Make two worked examples from the taxonomy's own example spans.

    Parameters
    ----------
    taxonomy : Taxonomy
        The themes, at least one of which has examples.

    Returns
    -------
    tuple of Example
        Two: each theme that has examples is present in one and absent from the other, unless
        another theme's span holds one of its own.

    Raises
    ------
    ValueError
        If no theme has examples.

    Examples
    --------
    >>> from jocas_themes import HR_THEMES
    >>> first, second = build_taxonomy_examples(HR_THEMES)
    >>> print(second.text)
    Offre d'emploi
    28 à 32 K€ sur 13 mois
    nos valeurs : respect, audace et solidarité
    deux jours de télétravail par semaine
    """
    spans = [theme.examples[0] for theme in taxonomy if theme.examples]
    if not spans:
        raise ValueError(
            f"no theme of {list(taxonomy.codes)[:5]!r} ({len(taxonomy)} in all) has examples to "
            f"show. Give Theme(examples=...) to some, or pass no examples."
        )
    return tuple(
        _write_example("\n".join((_TITLE, *spans[start::2])), taxonomy) for start in (0, 1)
    )


def build_example_messages(
    examples: Sequence[Example], *, prepare: Callable[[str], str] = str
) -> list[dict[str, str]]:
    """Build the messages of examples, which stand between the instructions and the offer.

    Parameters
    ----------
    examples : sequence of Example
        The examples, in order.
    prepare : callable, default=str
        From a text to what may leave this machine. An example whose evidence is not in what is
        left of its text is left out.

    Returns
    -------
    list of dict
        Of each example the offer, in the form in which offers are sent, and the answer.
    """
    messages = []
    for example in examples:
        prepared = _prepare_example(example, prepare)
        if prepared:
            answer = json.dumps(prepared.answer, ensure_ascii=False)
            messages += [wrap_offer(prepared.text), {"role": "assistant", "content": answer}]
    return messages


def _write_example(text: str, taxonomy: Taxonomy) -> Example:
    """Write the answer for a text that is made of the themes' own spans."""
    found = {
        theme.code: next((span for span in theme.examples if span in text), None)
        for theme in taxonomy
    }
    return Example(text, {code: _write_answer(evidence) for code, evidence in found.items()})


def _write_answer(evidence: str | None, confidence: int = _SURE) -> dict[str, Any]:
    return {"evidence": evidence, "present": evidence is not None, "confidence": confidence}


def _prepare_example(example: Example, prepare: Callable[[str], str]) -> Example | None:
    """Prepare an example's text, and quote its evidence as the text now has it."""
    text = prepare(example.text)
    answer = {}
    for code, given in example.answer.items():
        evidence = given["evidence"]
        if evidence is not None:
            # A name may have become a placeholder in the one as in the other.
            evidence = find_evidence(text, evidence) or find_evidence(text, prepare(evidence))
            if evidence is None:
                return None
        answer[code] = {**given, "evidence": evidence}
    return Example(text, answer)


def _read_examples(gold: pd.DataFrame, taxonomy: Taxonomy) -> Iterator[Example]:
    """Read the gold offers whose themes are all known, with words where they are present."""
    if "text" not in gold.columns:
        raise ValueError(
            f"gold must have a column 'text', found {list(gold.columns)[:5]!r} "
            f"({len(gold.columns)} in all). Join it to the offers by offer_id."
        )
    labels = read_labels(gold, taxonomy.codes, name="gold")
    confidences = _read_confidences(gold, taxonomy.codes)
    quoted = [gold.get(f"{code}_evidence", [None] * len(gold)) for code in taxonomy.codes]
    for text, present, sure, *words in zip(gold["text"], labels, confidences, *quoted, strict=True):
        if pd.isna(text) or not text.strip() or np.isnan(present).any():
            continue
        spans = [
            str(span).strip() if label and not pd.isna(span) else ""
            for label, span in zip(present, words, strict=True)
        ]
        if all(span or not label for label, span in zip(present, spans, strict=True)):
            answers = map(_write_answer, (span or None for span in spans), map(int, sure))
            yield Example(text, dict(zip(taxonomy.codes, answers, strict=True)))


def _read_confidences(gold: pd.DataFrame, codes: Sequence[str]) -> Any:
    """Read the confidence of each answer, sure where there is none."""
    confidences = np.full((len(gold), len(codes)), float(_SURE))
    for place, code in enumerate(codes):
        name = f"{code}_confidence"
        if name in gold.columns:
            given = read_cells(gold, [name], name="gold").ravel()
            confidences[:, place] = np.where(np.isnan(given), _SURE, np.round(given))
    wrong = confidences[(confidences < 0) | (confidences > 100)]
    if wrong.size:
        raise ValueError(
            f"the confidence of gold must be in [0, 100], got {wrong[:5].tolist()!r} "
            f"({wrong.size} cells). Leave the columns out, or correct them."
        )
    return confidences
