"""`describe_change`: a change in words that claim no more than was estimated."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

_MINUS = "\u2212"
_NO_BREAK = "\u00a0"
_THRESHOLD = 0.05
_REQUIRED = ("theme", "before", "after", "change", "ci_low", "ci_high")

# A ~ is a space at which no line may break.
_PHRASES = {
    "en": {
        "change": (
            "{subject}: an estimated {before}% of offers before, {after}% after, a change of "
            "{change} percentage points ({interval}: {low} to {high}){verdict}."
        ),
        "interval": "{level}% interval",
        "interval of unknown level": "interval",
        "distinguishable": ", distinguishable from zero at the 5% level {correction}",
        "not distinguishable": ", not distinguishable from zero at the 5% level {correction}",
        "not tested": "; no test of it was possible",
        "corrected": "after correction for multiple tests",
        "uncorrected": "without correction for multiple tests",
        "unknown": "{subject}: the change cannot be estimated.",
    },
    "fr": {
        "change": (
            "{subject}~: part estimée de {before}~% des offres avant, de {after}~% après, soit "
            "une variation de {change}~points ({interval}~: de {low} à {high}){verdict}."
        ),
        "interval": "intervalle à {level}~%",
        "interval of unknown level": "intervalle",
        "distinguishable": ", distincte de zéro au seuil de 5~% {correction}",
        "not distinguishable": ", non distincte de zéro au seuil de 5~% {correction}",
        "not tested": "~; aucun test n\u2019en était possible",
        "corrected": "après correction pour tests multiples",
        "uncorrected": "sans correction pour tests multiples",
        "unknown": "{subject}~: la variation ne peut pas être estimée.",
    },
}


def describe_change(
    changes: pd.DataFrame, *, language: str = "en", names: Mapping[str, str] | None = None
) -> list[str]:
    """Say each change in a sentence that claims no more than was estimated.

    Parameters
    ----------
    changes : DataFrame of shape (n_changes, n_columns)
        The table of `compare_periods`: ``theme``, any groups' columns, then ``before``,
        ``after``, ``change``, ``ci_low``, ``ci_high`` (shares, 0-1), ``p_adjusted`` or
        ``p_value``, and ``level`` where it is known.
    language : {"en", "fr"}, default="en"
        Of the sentences.
    names : mapping of str to str, optional
        What to call the themes, by their codes. A code that is not in it stands for itself.

    Returns
    -------
    list of str
        One sentence a row: both shares, the change and its interval in percentage points, and
        whether it is distinguishable from zero at 5%; never a cause.

    Raises
    ------
    ValueError
        If `language` is none of those possible, or a column is missing.

    See Also
    --------
    compare_periods : Makes the table.

    Notes
    -----
    A change is called distinguishable where its adjusted p-value is under 0.05; where it is not,
    that does not show that there was none. The interval is
    that of the change by itself, so it may leave out 0 where the adjusted p-value does not let
    one say so. The sentences say "without correction" if there is no ``p_adjusted``, or if in
    several rows it is ``p_value`` everywhere.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import describe_change
    >>> changes = pd.DataFrame({
    ...     "theme": ["REMOTE"], "before": [0.1], "after": [0.25], "change": [0.15],
    ...     "ci_low": [0.122], "ci_high": [0.178], "p_adjusted": [0.001], "level": [0.95],
    ... })
    >>> sentence, = describe_change(changes, names={"REMOTE": "Remote work"})
    >>> for part in sentence.split(", "):
    ...     print(part)
    Remote work: an estimated 10.0% of offers before
    25.0% after
    a change of +15.0 percentage points (95% interval: +12.2 to +17.8)
    distinguishable from zero at the 5% level after correction for multiple tests.
    """
    if language not in _PHRASES:
        raise ValueError(f"language must be one of {list(_PHRASES)}, got {language!r}.")
    missing = [name for name in _REQUIRED if name not in changes]
    if "p_adjusted" not in changes and "p_value" not in changes:
        missing.append("p_adjusted")
    if missing:
        raise ValueError(
            f"changes must have the columns {missing!r}. Give the table of compare_periods."
        )
    left = changes.columns[: changes.columns.get_loc("before")]
    groups = [name for name in left if name != "theme"]
    correction = "corrected" if _is_corrected(changes) else "uncorrected"
    return [
        _describe_row(row, groups, correction, language, names or {})
        for row in changes.to_dict("records")
    ]


def _is_corrected(changes: pd.DataFrame) -> bool:
    """Tell whether the p-values were adjusted, as far as the table shows it."""
    if "p_adjusted" not in changes:
        return False
    if len(changes) == 1 or "p_value" not in changes:
        return True
    return not changes["p_adjusted"].equals(changes["p_value"])


def _describe_row(
    row: Mapping[Any, Any],
    groups: list[str],
    correction: str,
    language: str,
    names: Mapping[str, str],
) -> str:
    phrases = {key: phrase.replace("~", _NO_BREAK) for key, phrase in _PHRASES[language].items()}
    subject = names.get(row["theme"], str(row["theme"]))
    if groups:
        subject += f" ({', '.join(str(row[name]) for name in groups)})"
    if pd.isna(row["change"]):
        return phrases["unknown"].format(subject=subject)
    p = row.get("p_adjusted", row.get("p_value"))
    if pd.isna(p):
        verdict = "not tested"
    else:
        verdict = "distinguishable" if p < _THRESHOLD else "not distinguishable"
    level = row.get("level")
    interval = "interval of unknown level" if pd.isna(level) else "interval"
    return phrases["change"].format(
        subject=subject,
        before=_format_hundredths(row["before"], language),
        after=_format_hundredths(row["after"], language),
        change=_format_hundredths(row["change"], language, signed=True),
        interval=phrases[interval].format(
            level="" if pd.isna(level) else _translate(f"{100 * level:.6g}", language)
        ),
        low=_format_hundredths(row["ci_low"], language, signed=True),
        high=_format_hundredths(row["ci_high"], language, signed=True),
        verdict=phrases[verdict].format(correction=phrases[correction]),
    )


def _format_hundredths(value: float, language: str, *, signed: bool = False) -> str:
    """Write a share or a change in hundredths to one decimal; what rounds to 0 has no sign."""
    rounded = round(100 * value, 1)
    text = f"{rounded:+,.1f}" if signed and rounded else f"{abs(rounded):,.1f}"
    if rounded < 0 and not signed:
        text = f"-{text}"
    return _translate(text, language)


def _translate(number: str, language: str) -> str:
    """Write a number as the language does."""
    if language == "fr":
        number = number.replace(",", _NO_BREAK).replace(".", ",")
    return number.replace("-", _MINUS)
