"""`TrendsReport`: what is known of the trends, to print, to show, to send and to keep."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes._files import replace_when_whole
from jocas_themes._optional import import_optional
from jocas_themes._rendering import render_text
from jocas_themes.errors import MissingDependencyError
from jocas_themes.plots._language import Language
from jocas_themes.reports._page import render_body, render_page, save_page
from jocas_themes.reports._pictures import draw_picture
from jocas_themes.reports._sections import Section
from jocas_themes.reports._trends_cautions import write_cautions
from jocas_themes.reports._trends_sections import iter_sections
from jocas_themes.reports._trends_view import View
from jocas_themes.trends import describe_change

_DPI = 150
# What a report may write into each folder, of whatever groups and themes.
_OWN_FILES = {
    "tables": re.compile(
        r"(shares|naive|trends|changes|breaks|errors|volume|(shares|changes|standardized|"
        r"standardized_changes|standardized_trends|decomposition)_by_.+)\.(parquet|csv)"
    ),
    "pictures": re.compile(
        r"(trends|changes|breaks|correction|errors|volume|map|"
        r"(changes|standardized|decomposition)_by_.+)\.png"
    ),
}


@dataclass(frozen=True, eq=False)
class TrendsReport:
    """The themes over time, the labels' errors counted in; made by `trends_report`.

    Printed it gives what changed, in a notebook also the pictures.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``shares`` and ``naive``, as `estimate_prevalence` gives them; of six periods or more
        ``trends`` (`smooth_trend`); ``changes`` (`compare_periods`); by months also ``breaks``
        (`test_break` at each step, beside the others); ``errors`` (`compute_error_rates`);
        ``volume``, where the boards are known; for a group such as ``sector`` also
        ``shares_by_sector``, ``changes_by_sector``, ``standardized_by_sector``,
        ``standardized_changes_by_sector``, ``decomposition_by_sector`` and, of six periods or
        more, ``standardized_trends_by_sector``.
    cautions : tuple of str
        What was warned of, word for word; the page tells it in its own language.
    view : View
        Of which periods, groups and stretches it speaks, and in which language.
    """

    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    cautions: tuple[str, ...] = field(repr=False)
    view: View = field(repr=False)

    @property
    def findings(self) -> tuple[str, ...]:
        """What changed, theme by theme, in sentences that claim no cause."""
        changes, words = self.tables["changes"], self._words
        names = {code: words.theme(code, self.view.names) for code in changes["theme"]}
        return tuple(describe_change(changes, language=words.code, names=names))

    @property
    def lead(self) -> str:
        """How many offers and gold labels this rests on, and how."""
        shares = self.tables["shares"]
        of_theme = shares[shares["theme"] == shares["theme"].iloc[0]]
        words = self._words
        n_offers = words.number(of_theme["n_offers"].sum(), 0)
        n_gold = words.number(of_theme["n_gold"].sum(), 0)
        return words.choose(
            f"{n_offers} labelled offers, {n_gold} of them read by people. The shares are "
            f"estimated with the labels' errors counted in; intervals of 95%.",
            f"{n_offers} offres étiquetées, dont {n_gold} lues par des personnes. Les parts sont "
            f"estimées en tenant compte des erreurs d’étiquetage ; intervalles à 95 %.",
        )

    def to_html(self, path: str | Path | None = None) -> str:
        """Write the report as one HTML page that needs nothing else.

        Parameters
        ----------
        path : str or Path, optional
            File to write; one that is there is replaced, once the new one is whole.

        Returns
        -------
        str
            The page. It holds pictures where matplotlib is installed, else tables only. No text
            and no id of an offer is in it.
        """
        page = render_page(self._title, **self._parts())
        if path is not None:
            save_page(page, path)
        return page

    def write(self, folder: str | Path) -> list[Path]:
        """Write the page, every table and, with matplotlib, every picture.

        Parameters
        ----------
        folder : str or Path
            Where to: ``report.html``, ``tables/`` (Parquet and CSV), ``pictures/`` (PNG). Files
            of the same names are replaced, and tables and pictures that an earlier report wrote
            there and this one does not have are removed; files of other names stay.

        Returns
        -------
        list of Path
            What was written, the page first.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / "report.html"]
        self.to_html(written[0])
        for name, table in self.tables.items():
            written += _write_table(table, folder / "tables" / name)
        for name, section in iter_sections(self.tables, self.view):
            written += _write_picture(section, folder / "pictures" / f"{name}.png")
        _remove_outdated(folder, written)
        return written

    def __str__(self) -> str:
        lines = [self._title, self.lead, *(f"- {line}" for line in self.findings)]
        changes = dict(iter_sections(self.tables, self.view))["changes"]
        return render_text("\n".join(lines), {changes.heading: changes.table})

    def _repr_html_(self) -> str:
        return render_body(self._title, **self._parts())

    def _parts(self) -> dict[str, Any]:
        return {
            "lead": self.lead,
            "findings": [*self.findings, *write_cautions(self.cautions, self.tables, self.view)],
            "sections": self._sections,
            "language": self._words.code,
        }

    @property
    def _words(self) -> Language:
        return self.view.words

    @property
    def _title(self) -> str:
        words, periods = self._words, self.tables["shares"][self.view.time]
        first, last = (words.period(end, self.view.time) for end in (periods.min(), periods.max()))
        return words.choose(
            f"Themes in job offers, {first} to {last}",
            f"Thèmes des offres d’emploi, de {first} à {last}",
        )

    @property
    def _sections(self) -> list[Section]:
        return [section for _, section in iter_sections(self.tables, self.view)]


def _write_table(table: pd.DataFrame, stem: Path) -> list[Path]:
    """Write a table as Parquet and as CSV."""
    stem.parent.mkdir(exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.parquet"), stem.with_name(f"{stem.name}.csv")]
    with replace_when_whole(paths[0]) as staging:
        table.to_parquet(staging, index=False)
    with replace_when_whole(paths[1]) as staging:
        table.to_csv(staging, index=False)
    return paths


def _write_picture(section: Section, path: Path) -> list[Path]:
    """Write a picture as PNG; none without matplotlib."""
    try:
        import_optional("matplotlib", extra="plots", purpose="a picture")
    except MissingDependencyError:
        return []
    path.parent.mkdir(exist_ok=True)
    with draw_picture(section.picture) as figure, replace_when_whole(path) as staging:
        figure.savefig(staging, format="png", dpi=_DPI)
    return [path]


def _remove_outdated(folder: Path, written: Collection[Path]) -> None:
    """Remove what an earlier report wrote and this one did not: it would be taken for its own."""
    for name, own in _OWN_FILES.items():
        for path in sorted((folder / name).glob("*")):
            if path not in written and path.is_file() and own.fullmatch(path.name):
                path.unlink()
