"""`Lexicon`: French patterns per theme, and the spans of an offer that they find.

Patterns are written on *folded* text (`fold_text`): lower case, no accents, plain quotes and
dashes. Evidence is always cut from the text as it was given.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from jocas_themes.lexicon._folding import cut_original, fold_text

_ESCAPE = re.compile(r"\\.")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a lexicon says of one theme in one offer.

    Parameters
    ----------
    present : bool
        Whether the offer speaks of the theme.
    confidence : int
        How sure the answer is, 0-100.
    evidence : str, optional
        The first span that shows the theme, verbatim; None when it is absent.
    """

    present: bool
    confidence: int
    evidence: str | None = None


@dataclass(frozen=True, kw_only=True)
class LexiconEntry:
    """The patterns of one theme, and how far to trust them.

    Parameters
    ----------
    code : str
        The theme's code.
    present : sequence of str
        Regular expressions on folded text; the theme is present when one is found between
        word boundaries. Groups must be written ``(?:...)``.
    not_enough : sequence of str, default=()
        Regular expressions of what does not count; these spans become line breaks first.
    confidence_present, confidence_absent : int
        Confidence of the two answers, 0-100.

    Raises
    ------
    ValueError
        If there is no pattern, if one does not compile or can never be right, or if a
        confidence is out of range.
    """

    code: str
    present: tuple[str, ...]
    not_enough: tuple[str, ...] = ()
    confidence_present: int
    confidence_absent: int
    _present: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _not_enough: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the fields and join the patterns, so that a broken lexicon never runs."""
        for name in ("present", "not_enough"):
            object.__setattr__(self, name, _check_patterns(self.code, name, getattr(self, name)))
        if not self.present:
            raise ValueError(f"theme {self.code!r}: present needs at least one pattern, got none.")
        for name in ("confidence_present", "confidence_absent"):
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value <= 100:
                raise ValueError(
                    f"theme {self.code!r}: {name} must be a whole number in [0, 100], "
                    f"got {value!r}."
                )
        object.__setattr__(self, "_present", _join_patterns(self.present))
        skipped = _join_patterns(self.not_enough) if self.not_enough else None
        object.__setattr__(self, "_not_enough", skipped)

    def find(self, folded: str) -> tuple[int, int] | None:
        """Return where the theme shows in a folded text.

        Parameters
        ----------
        folded : str
            A text as `fold_text` writes it.

        Returns
        -------
        tuple of int or None
            Start and end of the first span, or None when the theme is absent.
        """
        match = self._present.search(self._prepare(folded))
        return None if match is None else match.span()

    def find_all(self, folded: str) -> list[tuple[int, int]]:
        """Return all places where the theme shows in a folded text.

        Parameters
        ----------
        folded : str
            A text as `fold_text` writes it.

        Returns
        -------
        list of tuple of int
            Start and end of each span, in order; spans do not overlap.
        """
        return [match.span() for match in self._present.finditer(self._prepare(folded))]

    def _prepare(self, folded: str) -> str:
        """Take out what does not count; places stay where they are."""
        if self._not_enough is None:
            return folded
        return self._not_enough.sub(_blank, folded)


@dataclass(frozen=True)
class Lexicon:
    r"""Patterns per theme, that find themes in an offer without any model.

    Parameters
    ----------
    entries : sequence of LexiconEntry
        One entry a theme.

    Attributes
    ----------
    codes : tuple of str
        The themes' codes, in order.

    Raises
    ------
    ValueError
        If there is no entry, or if two share a code.

    See Also
    --------
    load_french_lexicon : The lexicon of the six HR themes.

    Examples
    --------
    >>> lexicon = Lexicon.from_toml(r'''
    ... [REMOTE]
    ... present = ['tele-?travail\w*', 'home ?office']
    ... not_enough = ['pas de tele-?travail']
    ... confidence_present = 70
    ... confidence_absent = 75
    ... ''')
    >>> lexicon.find("CDI, TÉLÉTRAVAIL partiel")["REMOTE"]
    Finding(present=True, confidence=70, evidence='TÉLÉTRAVAIL')
    >>> lexicon.find("Pas de télétravail")["REMOTE"].present
    False
    """

    entries: tuple[LexiconEntry, ...]

    def __post_init__(self) -> None:
        """Check that the entries make a lexicon."""
        object.__setattr__(self, "entries", tuple(self.entries))
        if not self.entries:
            raise ValueError("a lexicon needs at least one theme, got none.")
        repeated = sorted({code for code in self.codes if self.codes.count(code) > 1})
        if repeated:
            raise ValueError(
                f"each theme needs one entry; repeated: {repeated[:5]!r} ({len(repeated)} in all)."
            )

    def __repr__(self) -> str:
        n_patterns = sum(len(entry.present) for entry in self.entries)
        return f"Lexicon({', '.join(self.codes)}: {n_patterns} patterns)"

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the themes' codes, in order."""
        return tuple(entry.code for entry in self.entries)

    def find(self, text: str) -> dict[str, Finding]:
        """Tell which themes an offer speaks of, and where.

        Parameters
        ----------
        text : str
            One offer, best cleaned (`clean_text`), as patterns know no HTML.

        Returns
        -------
        dict of str to Finding
            One finding a theme, in the order of `codes`; evidence is a span of ``text``.
        """
        folded = fold_text(text)
        findings = {}
        for entry in self.entries:
            span = entry.find(folded)
            if span is None:
                findings[entry.code] = Finding(present=False, confidence=entry.confidence_absent)
            else:
                findings[entry.code] = Finding(
                    present=True,
                    confidence=entry.confidence_present,
                    evidence=cut_original(text, folded, span),
                )
        return findings

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Build a lexicon from the text of a TOML file.

        Parameters
        ----------
        text : str
            One table a theme, named by its code, with the fields of `LexiconEntry`.

        Returns
        -------
        Lexicon
            The lexicon, checked.

        Raises
        ------
        ValueError
            If the text is not TOML, or does not describe a lexicon.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"the lexicon is not valid TOML: {error}.") from error
        return cls(tuple(_build_entry(code, table) for code, table in content.items()))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a lexicon from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file, in UTF-8.

        Returns
        -------
        Lexicon
            The lexicon, checked.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file does not describe a lexicon.
        """
        try:
            return cls.from_toml(Path(path).read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def load_french_lexicon() -> Lexicon:
    """Read the lexicon of the six HR themes that ships with the package.

    Returns
    -------
    Lexicon
        Its codes are those of `HR_THEMES`.

    Examples
    --------
    >>> findings = load_french_lexicon().find("CDI à Lyon, 13e mois, 2 jours de télétravail")
    >>> [code for code, finding in findings.items() if finding.present]
    ['COMPENSATION_BENEFITS', 'WORK_LIFE_BALANCE']
    """
    shipped = files("jocas_themes.lexicon").joinpath("lexicon_fr.toml")
    return Lexicon.from_toml(shipped.read_text(encoding="utf-8"))


def _build_entry(code: str, table: Any) -> LexiconEntry:
    """Build one entry, naming the fields that are missing or unknown."""
    if not isinstance(table, dict):
        raise ValueError(  # noqa: TRY004 (the file is wrong, not the caller's type)
            f"a lexicon has one [CODE] table a theme, found {code!r} = {table!r} outside of them."
        )
    known = {item.name for item in fields(LexiconEntry) if item.init} - {"code"}
    missing, unknown = sorted(known - {"not_enough"} - set(table)), sorted(set(table) - known)
    if missing or unknown:
        raise ValueError(
            f"theme {code!r}: missing fields {missing!r}, unknown fields {unknown!r}. "
            f"A theme has {sorted(known)!r}."
        )
    return LexiconEntry(code=code, **table)


def _check_patterns(code: str, name: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns as a tuple, each of them able to match what it is meant to."""
    if isinstance(patterns, str) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(
            f"theme {code!r}: {name} must be a list of patterns (strings), got {patterns!r}."
        )
    for pattern in patterns:
        where = f"theme {code!r}: the {name} pattern {pattern!r}"
        try:
            compiled = _join_patterns((pattern,))
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{where} does not compile: {error}.") from error
        if compiled.groups:
            raise ValueError(f"{where} has a capturing group. Write (?:...) in place of (...).")
        literal = _ESCAPE.sub("", pattern)
        if fold_text(literal) != literal:
            raise ValueError(
                f"{where} can never match folded text: write {fold_text(literal)!r}, in lower "
                f"case and without accents."
            )
        if compiled.search("") or compiled.search(" "):
            raise ValueError(f"{where} matches no word at all, so that every offer would.")
    return tuple(patterns)


def _join_patterns(patterns: Sequence[str]) -> re.Pattern[str]:
    """Compile patterns into one, that matches between word boundaries."""
    either = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def _blank(match: re.Match[str]) -> str:
    """Replace a span by line breaks, which ordinary patterns do not cross."""
    return "\n" * len(match[0])
