"""`plot_threshold_curve`: what a filter on the confidence gains, and what it costs."""

from typing import TYPE_CHECKING

import pandas as pd

from jocas_themes.plots._canvas import (
    BAND,
    BLUE,
    FULL,
    HOLLOW,
    VERMILLION,
    add_grid,
    check_table,
    find_span,
    label_ends,
    open_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What is scored and what it is compared with, in words.
_SCORED = {"kept": ("Kept cells", VERMILLION), "all": ("All offers", BLUE)}
_TRUTHS = {"teacher": "against the teacher", "gold": "against gold"}
_CLOSEST_TICKS = 1 / 11  # of the axis


def plot_threshold_curve(table: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    r"""Draw the student's F1 by the threshold of the confidence filter.

    Parameters
    ----------
    table : DataFrame of shape (n_thresholds, 15)
        As `threshold_curve` gives it: ``threshold`` (0-100), ``coverage`` (0-1), and
        ``f1_kept_teacher``, ``f1_all_teacher``, ``f1_kept_gold``, ``f1_all_gold`` (0-1), each
        also with ``_low`` and ``_high``. Without gold the last two are NaN, and not drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes
        A line and a band for each F1; under each threshold, the share of cells kept.

    Raises
    ------
    TypeError
        If the table is not a DataFrame.
    ValueError
        If a column is missing, there is no row, or no F1 is known.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_learning_curve : Whether more annotations would help.

    Notes
    -----
    The F1 of the kept cells rises with the threshold because the easy cells stay. Whether the
    filter makes a better student is what the F1 on all offers says.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_threshold_curve
    >>> table = pd.DataFrame({"threshold": [0.0, 80.0], "coverage": [1.0, 0.91]})
    >>> for name, f1 in {"kept_teacher": 0.84, "all_teacher": 0.80}.items():
    ...     table[[f"f1_{name}", f"f1_{name}_low", f"f1_{name}_high"]] = [f1, f1 - 0.02, f1 + 0.02]
    >>> for name in ["kept_gold", "all_gold"]:
    ...     table[[f"f1_{name}", f"f1_{name}_low", f"f1_{name}_high"]] = float("nan")
    >>> ax = plot_threshold_curve(table, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['0\n100%', '80\n91%']
    """
    names = [f"f1_{scored}_{truth}" for scored in _SCORED for truth in _TRUTHS]
    columns = [name + end for name in names for end in ("", "_low", "_high")]
    table = check_table(table, ["threshold", "coverage", *columns], maker="threshold_curve")
    table = table.sort_values("threshold")
    lowest, highest = table[columns].min().min(), table[columns].max().max()
    if pd.isna(lowest):
        raise ValueError("table must hold a known F1, got NaN in every column of F1.")
    ax = open_axes(ax, (7.6, 4.4), purpose="plot_threshold_curve")
    ax.set_ylim(*find_span(lowest, highest))
    labels = []
    for scored, (scored_words, color) in _SCORED.items():
        for truth, truth_words in _TRUTHS.items():
            name = f"f1_{scored}_{truth}"
            rows = table[table[name].notna()]
            if rows.empty:
                continue
            by_teacher = truth == "teacher"
            label = f"{scored_words},\n{truth_words}"
            _draw_line(ax, rows, name, color=color, by_teacher=by_teacher, label=label)
            mark = HOLLOW if by_teacher else FULL
            labels.append((float(rows[name].iloc[-1]), mark, color, label))
    _label_thresholds(ax, table)
    ax.set_ylabel("F1 (0 to 1), with 95% interval")
    add_grid(ax, "y")
    label_ends(ax, labels)
    return ax


def _draw_line(
    ax: "Axes", rows: pd.DataFrame, name: str, *, color: str, by_teacher: bool, label: str
) -> None:
    """Draw one F1 with its band; hollow points on a thin line against the teacher."""
    x = rows["threshold"]
    ax.fill_between(x, rows[name + "_low"], rows[name + "_high"], color=color, alpha=BAND, lw=0)
    ax.plot(
        x,
        rows[name],
        "o-",
        color=color,
        mfc=ax.get_facecolor() if by_teacher else color,
        ms=5,
        lw=1.4 if by_teacher else 2.2,
        label=label.replace("\n", " "),
    )


def _label_thresholds(ax: "Axes", table: pd.DataFrame) -> None:
    """Label the thresholds that have room, whole tens first, with the share that they keep."""
    thresholds = table["threshold"].astype(float)
    least = (thresholds.max() - thresholds.min()) * _CLOSEST_TICKS
    chosen: list[float] = []
    for threshold in sorted(thresholds, key=lambda value: (value % 10 != 0, value)):
        if all(abs(threshold - other) >= least for other in chosen):
            chosen.append(threshold)
    kept = table[thresholds.isin(chosen)]
    ax.set_xticks(
        kept["threshold"],
        [f"{row.threshold:g}\n{row.coverage:.0%}" for row in kept.itertuples()],
    )
    ax.set_xlabel("Threshold of the confidence filter (0 to 100), and share of cells kept (%)")
