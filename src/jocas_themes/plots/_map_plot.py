"""`plot_map`: shares, or their changes, by région of France."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from jocas_themes.plots._borders import (
    BOX_HEIGHT,
    BOX_WIDTH,
    OVERSEAS,
    find_box,
    load_regions,
)
from jocas_themes.plots._canvas import GREY, SMALL, find_ink, open_axes
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._series import check_series, choose_theme, read_table
from jocas_themes.plots._share_axis import write_note
from jocas_themes.plots._uncertainty import (
    HATCH,
    UNSURE_ALPHA,
    choose_ink,
    draw_color_bar,
    find_unsure,
    open_colors,
    say_unsure,
)
from jocas_themes.trends.aggregation import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

_SIZE = (7.6, 5.9)


def plot_map(
    table: Any,
    *,
    value: Literal["estimate", "change"] = "estimate",
    theme: str | None = None,
    max_half_width: float = 0.05,
    min_offers: int = 30,
    alpha: float = 0.05,
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw the shares of a theme, or their changes, on a map of the régions of France.

    Parameters
    ----------
    table : Shares or DataFrame of shape (n_regions, n_columns)
        One row a région of a theme: ``theme``, ``region`` (INSEE code), ``ci_low``, ``ci_high``
        and the value, as `estimate_prevalence` gives them for ``by=("region",)``, or
        `compare_periods` (with ``p_adjusted``) for changes.
    value : {"estimate", "change"}, default="estimate"
        Column that is drawn; changes have colours around zero.
    theme : str, optional
        Code of the theme, when the table has several.
    max_half_width : float, default=0.05
        A région whose interval is wider than twice this (0-1) is grey and hatched.
    min_offers : int, default=30
        So is one of fewer offers, where the table has ``n_offers``.
    alpha : float, default=0.05
        A change is grey and hatched when its adjusted p-value is not below; the two limits above
        do not count for it.
    names : mapping of str to str, optional
        What to write for a theme's or a région's code.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    language : {"en", "fr"}, default="en"
        Of words and numbers.

    Returns
    -------
    matplotlib Axes
        Metropolitan France to scale, in kilometres, and the five régions overseas in boxes with
        scales of their own; each with its figure ± half the interval. A région that has no row
        is left blank.

    Raises
    ------
    TypeError
        If the table is none.
    ValueError
        If a column is missing, a région comes twice, a code is no région, or `value` is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_changes : The same with before and after, and every interval.

    Notes
    -----
    Borders: Natural Earth (public domain), Admin 1 at 1:10,000,000, dissolved into the régions of
    2016 and simplified; equirectangular projection, true to scale at 46.5° N. A large région is
    not a large share of the offers.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_map
    >>> shares = pd.DataFrame({
    ...     "theme": "DIVERSITY", "region": ["11", "53"], "n_offers": [9000, 2000],
    ...     "estimate": [0.21, 0.14], "ci_low": [0.20, 0.12], "ci_high": [0.22, 0.16],
    ... })
    >>> ax = plot_map(shares, language="fr", ax=Figure().subplots())
    >>> for text in ax.texts:
    ...     if text.get_text()[0].isdigit():
    ...         print(text.get_text())
    21,0
    ±1,0
    14,0
    ±2,0
    """
    words = Language.open(language)
    if value not in ("estimate", "change"):
        raise ValueError(f"value must be 'estimate' or 'change', got {value!r}.")
    is_change = value == "change"
    columns = ["theme", "region", value, "ci_low", "ci_high"]
    maker = "compare_periods" if is_change else "estimate_prevalence"
    columns += ["p_adjusted"] if is_change else []
    rows, code = choose_theme(read_table(table, columns, maker=maker), theme)
    rows = _check_regions(check_series(rows, ["region"]))
    if is_change:
        is_unsure = ~(rows["p_adjusted"] < alpha)
    else:
        is_unsure = find_unsure(rows, max_half_width=max_half_width, min_offers=min_offers)
    drawn = rows.assign(value=rows[value], is_unsure=is_unsure | rows[value].isna())
    drawn = drawn[drawn["region"] != UNKNOWN]
    ax = open_axes(ax, _SIZE, purpose="plot_map")
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_aspect("equal")
    colors = open_colors(drawn.loc[~drawn["is_unsure"], "value"], is_signed=is_change)
    _draw_regions(ax, drawn, colors, words, names=names, is_signed=is_change)
    ax.autoscale_view()
    if not drawn["is_unsure"].all():
        draw_color_bar(ax, colors, words, is_signed=is_change)
    ax.set_title(words.theme(code, names), loc="left")
    unsure = ""
    if drawn["is_unsure"].any():
        limits = say_unsure(max_half_width, min_offers, words)
        unsure = _say_alpha(alpha, words) if is_change else limits
    write_note(ax, [unsure, *_explain(rows, words)])
    return ax


def _check_regions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows if each is a région, or unknown."""
    strange = [str(code) for code in rows["region"] if code not in {*load_regions(), UNKNOWN}]
    if strange:
        raise ValueError(
            f"region must hold INSEE codes of régions, such as '11' or '53', got {strange[:5]!r} "
            f"({len(strange)} in all). Read them as text, with their leading zeros."
        )
    return rows


def _draw_regions(
    ax: "Axes",
    table: pd.DataFrame,
    colors: "ScalarMappable",
    words: Language,
    *,
    names: Mapping[str, str] | None,
    is_signed: bool,
) -> None:
    """Draw every région with its figure."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patheffects import withStroke

    known = table.set_index("region").to_dict("index")
    ink, paper = find_ink(ax), ax.get_facecolor()
    for code, region in load_regions().items():
        row = known.get(code)
        look: dict[str, Any] = {"facecolors": "none", "edgecolors": GREY, "linewidths": 0.7}
        color: Any = ink
        around: Any = paper
        if row is not None and row["is_unsure"]:
            look |= {"facecolors": to_rgba(GREY, UNSURE_ALPHA), "hatch": HATCH}
        elif row is not None:
            fill = colors.to_rgba(row["value"])
            look |= {"facecolors": [fill]}
            if code not in OVERSEAS:  # whose figure stands below
                color, around = choose_ink(fill), fill
        ax.add_collection(PolyCollection(list(region.rings), label=code, **look))
        if code in OVERSEAS:
            _draw_box(ax, code, words.group(code, "region", names))
        if row is None or pd.isna(row["value"]):
            continue
        ax.text(
            *region.place,
            _write_value(row, words, is_signed=is_signed, is_long=code in OVERSEAS),
            color=color,
            fontsize=SMALL,
            ha="center",
            va="center",
            path_effects=[withStroke(linewidth=2.5, foreground=around)],
        )


def _draw_box(ax: "Axes", code: str, name: str) -> None:
    """Draw the box of a région overseas, with its name."""
    left, top = find_box(code)
    right, bottom = left + BOX_WIDTH, top - BOX_HEIGHT
    ax.plot(
        [left, right, right, left, left],
        [top, top, bottom, bottom, top],
        color=GREY,
        lw=0.6,
        alpha=0.6,
    )
    ax.text(left + 10, top - 8, name, fontsize=SMALL - 2, va="top", color=find_ink(ax))


def _write_value(row: Mapping[Any, Any], words: Language, *, is_signed: bool, is_long: bool) -> str:
    """Write a figure, in percent or points, and half its interval."""
    figure = words.number(100 * row["value"], sign=is_signed)
    half = words.number(50 * (row["ci_high"] - row["ci_low"]))
    return f"{figure} ±{half}" if is_long else f"{figure}\n±{half}"


def _say_alpha(alpha: float, words: Language) -> str:
    level = words.tick(alpha)
    return words.choose(
        f"Hatched: change not significant at {level}, adjusted for all comparisons.",
        f"Hachuré : écart non significatif à {level}, après correction pour comparaisons "
        f"multiples.",
    )


def _explain(rows: pd.DataFrame, words: Language) -> list[str]:
    """Say what ± means, what is blank, and what no map shows."""
    sentences = [
        words.choose(
            "±: half of each région’s own interval.", "± : demi-intervalle de chaque région seule."
        )
    ]
    if not set(load_regions()) <= set(rows["region"]):
        sentences.append(words.choose("Blank: no offers.", "Vide : aucune offre."))
    unknown = rows[rows["region"] == UNKNOWN]
    if not unknown.empty and "n_offers" in rows.columns:
        part = words.percent(float(unknown["n_offers"].sum() / max(1, rows["n_offers"].sum())))
        sentences.append(
            words.choose(
                f"{part} of the offers have no known région.",
                f"{part} des offres sont sans région connue.",
            )
        )
    return sentences
