"""`Theme` and `Taxonomy`: what a teacher is asked, and the fingerprint of exactly that."""

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from jocas_themes.errors import TaxonomyError

# A code becomes a column name, a JSON key and part of a file name.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED_ENDINGS = ("_confidence", "_evidence", "_probability")
_RESERVED_CODES = frozenset({"offer_id", "text", "status"})


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One theme that an offer may speak of.

    Parameters
    ----------
    code : str
        Short name in ASCII letters, digits and underscores; it names the columns.
    name_fr : str
        French name, as shown to people.
    name_en : str
        English name, as shown to people.
    definition : str
        When the theme is present: completes "present when the offer says ...".
    not_enough : str, default=""
        What does not count by itself, so that two annotators draw the same line.
    examples : sequence of str, default=()
        Short spans of offers that show the theme.

    Raises
    ------
    TaxonomyError
        If the code cannot name a column, or a required field is empty.

    Examples
    --------
    >>> from jocas_themes import Theme
    >>> Theme(code="REMOTE", name_fr="Télétravail", name_en="Remote work",
    ...       definition="work from home or from elsewhere").code
    'REMOTE'
    """

    code: str
    name_fr: str
    name_en: str
    definition: str
    not_enough: str = ""
    examples: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check the fields, so that a broken theme never reaches a prompt."""
        for name in ("code", "name_fr", "name_en", "definition", "not_enough"):
            _check_string(
                getattr(self, name), f"theme {self.code!r}: {name}", required=name != "not_enough"
            )
        if not _CODE.fullmatch(self.code) or self.code in _RESERVED_CODES:
            raise TaxonomyError(
                f"code must start with a letter, hold only ASCII letters, digits and "
                f"underscores, and be none of {sorted(_RESERVED_CODES)}, got {self.code!r}."
            )
        if self.code.endswith(_RESERVED_ENDINGS):
            raise TaxonomyError(
                f"code must not end in any of {_RESERVED_ENDINGS}, which name the columns "
                f"beside it, got {self.code!r}."
            )
        examples: object = self.examples
        if isinstance(examples, str) or not isinstance(examples, Sequence):
            raise TaxonomyError(
                f"theme {self.code!r}: examples must be a sequence of strings, got {examples!r}. "
                f"Put it in a list."
            )
        object.__setattr__(self, "examples", tuple(examples))
        for number, example in enumerate(examples, start=1):
            _check_string(example, f"theme {self.code!r}: example {number}", required=True)


class Taxonomy(Sequence[Theme]):
    """An ordered set of themes, from one up.

    Parameters
    ----------
    themes : iterable of Theme
        The themes, in the order of the output columns.
    title : str, default=""
        What the themes are about; the teacher reads it.

    Attributes
    ----------
    codes : tuple of str
        The themes' codes, in order.
    fingerprint : str
        16 hexadecimal digits that change when anything that the teacher reads changes.

    Raises
    ------
    TaxonomyError
        If there is no theme, or if two themes share a code or a name.

    Examples
    --------
    >>> from jocas_themes import HR_THEMES, Taxonomy
    >>> HR_THEMES.codes[:2]
    ('DIVERSITY', 'COMPENSATION_BENEFITS')
    >>> HR_THEMES["DIVERSITY"].name_en
    'Diversity and inclusion'
    >>> two = Taxonomy(HR_THEMES[:2], title=HR_THEMES.title)
    >>> two.fingerprint == HR_THEMES.fingerprint
    False
    """

    def __init__(self, themes: Sequence[Theme], *, title: str = "") -> None:
        _check_string(title, "title", required=False)
        self._themes = tuple(themes)
        self.title = title
        if not self._themes:
            raise TaxonomyError("a taxonomy needs at least one theme, got none.")
        strangers = [theme for theme in self._themes if not isinstance(theme, Theme)]
        if strangers:
            raise TaxonomyError(f"a taxonomy holds Theme objects only, got {strangers[0]!r}.")
        # Codes become columns, and some file systems and databases ignore case.
        for label, values in (
            ("code", [theme.code.upper() for theme in self._themes]),
            ("name_fr", [theme.name_fr.strip().lower() for theme in self._themes]),
            ("name_en", [theme.name_en.strip().lower() for theme in self._themes]),
        ):
            repeated = [value for value, count in Counter(values).items() if count > 1]
            if repeated:
                raise TaxonomyError(
                    f"each theme needs its own {label}; repeated: {repeated[:5]!r} "
                    f"({len(repeated)} in all)."
                )

    def __len__(self) -> int:
        return len(self._themes)

    def __iter__(self) -> Iterator[Theme]:
        return iter(self._themes)

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, str):
            return self._themes[index]
        for theme in self._themes:
            if theme.code == index:
                return theme
        raise KeyError(f"no theme has the code {index!r}; there are {list(self.codes)!r}.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Taxonomy):
            return NotImplemented
        return self._themes == other._themes and self.title == other.title

    def __hash__(self) -> int:
        return hash((self._themes, self.title))

    def __repr__(self) -> str:
        return f"Taxonomy({', '.join(self.codes)})"

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the themes' codes, in order."""
        return tuple(theme.code for theme in self._themes)

    @property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change with anything that the teacher reads."""
        content = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the taxonomy as plain dictionaries, lists and strings.

        Returns
        -------
        dict
            Keys ``title`` and ``themes``, in the form of the TOML file.
        """
        return {
            "title": self.title,
            "themes": [{**asdict(theme), "examples": list(theme.examples)} for theme in self],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Build a taxonomy from plain dictionaries, as `to_dict` gives them.

        Parameters
        ----------
        content : dict
            Key ``themes``: a list of tables with the fields of `Theme`; optional key ``title``.

        Returns
        -------
        Taxonomy
            The taxonomy, checked.

        Raises
        ------
        TaxonomyError
            If a key is missing or unknown, or if a theme is not valid.
        """
        unknown = sorted(set(content) - {"title", "themes"})
        if unknown:
            raise TaxonomyError(
                f"a taxonomy has the keys 'title' and 'themes', found also {unknown!r}."
            )
        tables = content.get("themes")
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise TaxonomyError("a taxonomy needs one [[themes]] table a theme, found none.")
        return cls([_build_theme(table) for table in tables], title=content.get("title", ""))

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Build a taxonomy from the text of a TOML file.

        Parameters
        ----------
        text : str
            One ``[[themes]]`` table a theme, with the fields of `Theme`.

        Returns
        -------
        Taxonomy
            The taxonomy, checked.

        Raises
        ------
        TaxonomyError
            If the text is not TOML, or does not describe a taxonomy.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise TaxonomyError(f"the taxonomy is not valid TOML: {error}.") from error
        return cls.from_dict(content)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a taxonomy from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file, in UTF-8.

        Returns
        -------
        Taxonomy
            The taxonomy, checked.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        TaxonomyError
            If the file does not describe a taxonomy.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> from jocas_themes import HR_THEMES, Taxonomy
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "themes.toml"
        >>> HR_THEMES.save(path)
        >>> Taxonomy.load(path) == HR_THEMES
        True
        """
        try:
            return cls.from_toml(Path(path).read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise TaxonomyError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
        except TaxonomyError as error:
            raise TaxonomyError(f"{path}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the taxonomy to a TOML file.

        Parameters
        ----------
        path : str or Path
            The file; an existing one is replaced.
        """
        lines = [f"title = {_quote_toml(self.title)}"]
        for table in self.to_dict()["themes"]:
            lines += ["", "[[themes]]"]
            for key, value in table.items():
                if isinstance(value, list):
                    inner = "".join(f"    {_quote_toml(item)},\n" for item in value)
                    lines.append(f"{key} = [\n{inner}]" if value else f"{key} = []")
                else:
                    lines.append(f"{key} = {_quote_toml(value)}")
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _check_string(value: object, name: str, *, required: bool) -> None:
    """Check one field: a string that can be sent and saved, and not empty where it is required."""
    if not isinstance(value, str):
        raise TaxonomyError(f"{name} must be a string, got {value!r}.")
    if required and not value.strip():
        raise TaxonomyError(f"{name} is empty. Fill it in.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TaxonomyError(
            f"{name} must be valid Unicode, got a lone surrogate in {value!r}. Retype it."
        ) from error


def _build_theme(table: dict[str, Any]) -> Theme:
    """Build one theme, naming the fields that are missing or unknown."""
    known = {item.name for item in fields(Theme)}
    required = known - {"not_enough", "examples"}
    missing, unknown = sorted(required - set(table)), sorted(set(table) - known)
    if missing or unknown:
        raise TaxonomyError(
            f"theme {table.get('code', '?')!r}: missing fields {missing!r}, "
            f"unknown fields {unknown!r}. A theme has {sorted(known)!r}."
        )
    return Theme(**table)


def _quote_toml(value: str) -> str:
    """Write a string as a TOML basic string, whose escapes are JSON's and one more."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
