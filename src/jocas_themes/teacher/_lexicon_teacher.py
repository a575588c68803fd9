"""`LexiconTeacher`: French patterns annotate offers, for free and without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.annotations import Annotation, Answer, build_annotated
from jocas_themes.lexicon import Lexicon, load_french_lexicon
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher._base import BaseTeacher


class LexiconTeacher(BaseTeacher):
    """Annotate offers by searching them for a lexicon's patterns.

    A baseline that costs nothing, to measure others against; and a way to try a Pipeline before
    paying for a language model.

    Parameters
    ----------
    lexicon : Lexicon, str or Path, optional
        The patterns, or a TOML file that holds them. By default the French lexicon of the six
        HR themes that ships with the package.
    taxonomy : Taxonomy, default=HR_THEMES
        The themes to look for; the lexicon must know each of them.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones.
    progress : bool, default=False
        Whether to show a progress bar.

    See Also
    --------
    LLMTeacher : A better teacher, for money.

    Notes
    -----
    Its confidence is modest, and the same for all offers of a theme: how often the lexicon
    agrees with a language model, on offers that it was not written on, 75 at most. A
    `ConfidenceFilter` after it therefore needs a threshold under that.

    Examples
    --------
    >>> from jocas_themes import LexiconTeacher
    >>> annotated = LexiconTeacher().annotate(["Mutuelle et deux jours de télétravail."])
    >>> annotated[["COMPENSATION_BENEFITS", "DIVERSITY", "WORK_LIFE_BALANCE_evidence"]]
       COMPENSATION_BENEFITS  DIVERSITY WORK_LIFE_BALANCE_evidence
    0                    1.0        0.0                télétravail
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "lexicon": [Lexicon, str, Path, None],
        "taxonomy": [Taxonomy],
        "text_columns": [list, tuple, None],
        "progress": ["boolean"],
    }

    def __init__(
        self,
        lexicon: Lexicon | str | Path | None = None,
        *,
        taxonomy: Taxonomy = HR_THEMES,
        text_columns: Sequence[str] | None = None,
        progress: bool = False,
    ) -> None:
        self.lexicon = lexicon
        self.taxonomy = taxonomy
        self.text_columns = text_columns
        self.progress = progress

    def annotate(self, offers: Any) -> pd.DataFrame:
        """Annotate offers.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
            The annotated table; offers without text stay unknown, with status ``failed``.

        Raises
        ------
        ValueError
            If a parameter, or the table of offers, is not valid, or if the lexicon lacks a
            theme of the taxonomy.
        """
        self._validate_params()
        lexicon = self._load()
        absent = [code for code in self.taxonomy.codes if code not in lexicon.codes]
        if absent:
            raise ValueError(
                f"the lexicon has no patterns for the themes {absent[:5]!r}; it knows "
                f"{list(lexicon.codes)!r}. Pass a lexicon= of your own, or a smaller taxonomy=."
            )
        table = as_offers(offers, text_columns=self.text_columns)
        texts = tqdm(table["text"], desc="lexicon", unit=" offers", disable=not self.progress)
        annotations = [_annotate(lexicon, text) for text in texts]
        return build_annotated(table, annotations, self.taxonomy.codes)

    def _load(self) -> Lexicon:
        if self.lexicon is None:
            return load_french_lexicon()
        return self.lexicon if isinstance(self.lexicon, Lexicon) else Lexicon.load(self.lexicon)


def _annotate(lexicon: Lexicon, text: str) -> Annotation:
    if not text:
        return Annotation("failed", detail="the offer has no text")
    answers = {
        code: Answer(int(finding.present), finding.confidence, finding.evidence)
        for code, finding in lexicon.find(text).items()
    }
    return Annotation("ok", answers)
