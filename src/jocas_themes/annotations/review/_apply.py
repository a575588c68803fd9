"""People's decisions over a teacher's answers."""

from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.annotations.store import AnnotationStore
from jocas_themes.offers import find_theme_codes, to_frame


def apply_decisions(annotated: pd.DataFrame, store: str | Path | AnnotationStore) -> pd.DataFrame:
    """Put people's decisions in place of a teacher's answers.

    Parameters
    ----------
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table of any teacher; it is not changed.
    store : str, Path or AnnotationStore
        Where the decisions are.

    Returns
    -------
    DataFrame of shape (n_offers, n_columns)
        The same table. A decided cell has the reviewer's label and the confidence 100; its
        evidence is the reviewer's, else the teacher's if the theme is present, else None.

    Raises
    ------
    ValueError
        If the table has no texts or no themes.
    StoreError
        If the store cannot be read.

    See Also
    --------
    ReviewQueue : Where decisions are made.

    Notes
    -----
    A decision belongs to the offer's text: it holds for each offer with this text, whatever
    model or prompt the answers come from. The status, which speaks of the teacher's reply,
    stays as it is. Do not measure a teacher on the result: it would be compared with itself.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from jocas_themes import AnnotationStore, load_sample_annotations
    >>> from jocas_themes.annotations.review import apply_decisions
    >>> annotated = load_sample_annotations()
    >>> with AnnotationStore(pathlib.Path(tempfile.mkdtemp()) / "store.sqlite") as store:
    ...     apply_decisions(annotated, store).equals(annotated)
    True
    """
    annotated = to_frame(annotated)
    codes = find_theme_codes(annotated)
    if not codes or "text" not in annotated.columns:
        raise ValueError(
            "annotated must be an annotated table, with text and CODE, CODE_confidence, "
            "CODE_evidence for each theme. Pass what a teacher's fit_transform returns."
        )
    if isinstance(store, (str, Path)):
        with AnnotationStore(store) as opened:
            return apply_decisions(annotated, opened)
    texts = annotated["text"].tolist()
    decided = store.find_decisions({text for text in texts if isinstance(text, str)})
    if not decided:
        return annotated.copy()
    columns: dict[str, list[Any]] = {}
    for code in codes:
        names = (code, f"{code}_confidence", f"{code}_evidence")
        labels, confidences, evidences = (annotated[name].tolist() for name in names)
        for row, text in enumerate(texts):
            decision = decided.get(text, {}).get(code)
            if decision is not None:
                labels[row], confidences[row] = decision.label, 100
                teachers = evidences[row] if decision.label == 1 else None
                evidences[row] = decision.evidence or teachers
        columns |= dict(zip(names, (labels, confidences, evidences), strict=True))
    dtypes = {name: object if name.endswith("_evidence") else float for name in columns}
    return annotated.assign(
        **{
            name: pd.Series(values, index=annotated.index, dtype=dtypes[name])
            for name, values in columns.items()
        }
    )
