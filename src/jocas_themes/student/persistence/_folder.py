"""The files of a model folder: where they lie, and whether they are those that were written."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jocas_themes.errors import ModelFormatError

_AGAIN = "Train it again, or copy the whole folder again."


@dataclass(frozen=True)
class ModelFolder:
    """The layout of a model folder.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def manifest(self) -> Path:
        """Return where the manifest lies: what the model is, and the digests of its files."""
        return self.path / "manifest.json"

    @property
    def card(self) -> Path:
        """Return where the model card lies; it may be edited."""
        return self.path / "README.md"

    @property
    def vocabulary(self) -> Path:
        """Return where words, categories and n-grams lie."""
        return self.path / "vocabulary.json"

    @property
    def lexicon(self) -> Path:
        """Return where the patterns lie, when the model uses any."""
        return self.path / "lexicon.json"

    @property
    def arrays(self) -> Path:
        """Return where the coefficients lie."""
        return self.path / "arrays.npz"

    def booster(self, place: int) -> Path:
        """Return where a theme's trees lie: numbered, as its code may be no file name."""
        return self.path / f"booster_{place}.ubj"

    def find_strangers(self, names: Iterable[str]) -> list[str]:
        """Return what lies here beside the named files, the manifest and the card."""
        known = {*names, self.manifest.name, self.card.name}
        # Hidden files are left by editors, file managers and version control.
        return sorted(
            path.name
            for path in self.path.iterdir()
            if path.name not in known and not path.name.startswith(".")
        )

    def compute_digests(self, names: Iterable[str]) -> dict[str, str]:
        """Return the SHA-256 of each of the files."""
        digests = {}
        for name in names:
            with (self.path / name).open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return digests

    def check_files(self, listed: Any, expected: set[str]) -> None:
        """Refuse files other than the expected ones, none of them missing or changed."""
        if not isinstance(listed, dict) or set(listed) != expected:
            raise ModelFormatError(
                f"the model {self.path} is damaged: its manifest must list the files "
                f"{sorted(expected)!r}, got {list(listed or ())[:5]!r}. {_AGAIN}"
            )
        # The names are the expected ones, so that no path leads out of the folder.
        for name in sorted(expected):
            if (
                not (self.path / name).is_file()
                or self.compute_digests([name])[name] != listed[name]
            ):
                raise ModelFormatError(
                    f"the model {self.path} is damaged: {name} is missing or was changed. {_AGAIN}"
                )
        strangers = self.find_strangers(expected)
        if strangers:
            raise ModelFormatError(
                f"the model {self.path} holds {strangers[:5]!r} ({len(strangers)} in all), which "
                f"are no part of it: files of two models may be mixed. Move them elsewhere."
            )


def read_json(path: Path) -> Any:
    """Read a JSON file, in which NaN and Infinity are no numbers."""
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
