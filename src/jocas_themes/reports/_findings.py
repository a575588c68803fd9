"""What the tables of a report come down to, in plain sentences."""

from collections.abc import Iterator

import pandas as pd

from jocas_themes.evaluation import LearningCurve
from jocas_themes.plots._names import FEW_OFFERS, is_average, name_grouping, name_theme

TEACHER, GOLD = "the teacher's answers", "gold"
# Half a point: two trainings on as many other offers differ by as much in F1.
_WORTH = 0.005
# Up to which calibration error the probabilities are said to be well, and fairly, calibrated.
_WELL, _FAIRLY = 0.03, 0.06


def describe_agreement(scores: pd.DataFrame, gold_scores: pd.DataFrame | None) -> str:
    """Say how good the student is over all cells, and against whom."""
    whole = f"Against {TEACHER} the F1 is {_write_f1(_get_row(scores, 'micro'))}"
    if gold_scores is None:
        return (
            f"{whole}. No gold was given: this says how well the student imitates the teacher, "
            f"not how often people would agree with it."
        )
    return f"{whole}, against {GOLD} {_write_f1(_get_row(gold_scores, 'micro'))}."


def describe_weakest_theme(scores: pd.DataFrame, truth: str) -> str | None:
    """Name the theme of the lowest F1, and those that may be no better."""
    themes = scores[~scores["theme"].map(is_average) & scores["f1"].notna()]
    if len(themes) < 2:
        return None
    themes = themes.sort_values("f1")
    weakest = themes.iloc[0]
    alike = themes.iloc[1:][themes["f1_low"].iloc[1:] <= weakest["f1"]]
    names = [name_theme(theme) for theme in alike["theme"]]
    rest = f"; chance alone may part it from {_join(names)}" if names else ""
    return (
        f"Weakest theme, against {truth}: {name_theme(weakest['theme'])}, F1 "
        f"{_write_f1(weakest)}{rest}."
    )


def describe_weakest_stratum(strata: pd.DataFrame, scores: pd.DataFrame) -> str | None:
    """Name the stratum of the lowest F1 among those clearly under the whole's."""
    if strata.empty:
        return None
    whole = _get_row(scores, "micro")["f1"]
    is_weak = (strata["f1_high"] < whole) & (strata["n_offers"] >= FEW_OFFERS)
    weak = strata[is_weak].sort_values("f1")
    if weak.empty:
        return (
            f"No stratum of {FEW_OFFERS} offers or more is clearly weaker than the whole, whose "
            f"F1 is {whole:.2f}."
        )
    row = weak.iloc[0]
    others = f"; of {len(weak)} that are clearly weaker than the whole" if len(weak) > 1 else ""
    return (
        f"Weakest stratum of those with {FEW_OFFERS} offers or more, against {TEACHER}: "
        f"{name_grouping(row['by'])} {row['stratum']!r}, {row['n_offers']:,} offers, F1 "
        f"{_write_f1(row)}{others}."
    )


def describe_calibration(calibration: pd.DataFrame) -> str:
    """Say whether the probabilities mean what they say, and which theme's total errs most."""
    error = _get_row(calibration, "all")["ece"]
    degree = "well" if error < _WELL else "fairly well" if error < _FAIRLY else "not well"
    themes = calibration[~calibration["theme"].map(is_average) & calibration["bias"].notna()]
    worst = themes.sort_values("bias", key=abs).iloc[-1]
    finding = f"The probabilities are {degree} calibrated: the mean error is {error:.3f}."
    if abs(worst["bias"]) < _WORTH:
        return f"{finding} They put no theme's share off by half a point."
    direction = "over" if worst["bias"] > 0 else "under"
    return (
        f"{finding} The share most off by them is that of {name_theme(worst['theme'])}, "
        f"{direction}-estimated by {abs(worst['bias']):.3f}."
    )


def describe_filter(curve: pd.DataFrame) -> str | None:
    """Say whether a filter makes the student better on all offers, not on easy ones alone."""
    truth = "gold" if curve["f1_all_gold"].notna().any() else "teacher"
    curve = curve[curve[f"f1_all_{truth}"].notna()].sort_values("threshold")
    if len(curve) < 2:
        return None
    # Of equal ones the lowest threshold.
    best = curve.sort_values(f"f1_all_{truth}", ascending=False, kind="stable").iloc[0]
    first, last = curve.iloc[0], curve.iloc[-1]
    before, after = first[f"f1_all_{truth}"], best[f"f1_all_{truth}"]
    against = GOLD if truth == "gold" else TEACHER
    if after - before < _WORTH:
        finding = (
            f"A filter on the confidence does not help on all offers: against {against} their F1 "
            f"is {before:.2f} at threshold {first['threshold']:g} and "
            f"{last[f'f1_all_{truth}']:.2f} at {last['threshold']:g}."
        )
    else:
        chance = ", which may be chance" if after <= first[f"f1_all_{truth}_high"] else ""
        finding = (
            f"A filter on the confidence at {best['threshold']:g} brings the F1 on all offers "
            f"against {against} from {before:.2f} to {after:.2f}{chance}."
        )
    kept = curve[f"f1_kept_{truth}"]
    if kept.max() - kept.iloc[0] < _WORTH:
        return finding
    return f"{finding} On kept cells it rises to {kept.max():.2f}, because they are easier."


def iter_findings(
    scores: pd.DataFrame,
    gold_scores: pd.DataFrame | None,
    strata: pd.DataFrame,
    calibration: pd.DataFrame,
    curve: pd.DataFrame | None,
    learning: LearningCurve | None,
) -> Iterator[str]:
    """Yield what there is to say, the most important first."""
    yield describe_agreement(scores, gold_scores)
    weakest = (
        describe_weakest_theme(scores, TEACHER)
        if gold_scores is None
        else describe_weakest_theme(gold_scores, GOLD)
    )
    yield from filter(None, [weakest, describe_weakest_stratum(strata, scores)])
    yield describe_calibration(calibration)
    yield from filter(None, [None if curve is None else describe_filter(curve)])
    if learning is not None:
        yield learning.advice


def _get_row(table: pd.DataFrame, theme: str) -> pd.Series:
    return table[table["theme"] == theme].iloc[0]


def _write_f1(row: pd.Series) -> str:
    if pd.isna(row["f1_low"]):
        return f"{row['f1']:.2f}"
    return f"{row['f1']:.2f} ({row['f1_low']:.2f} to {row['f1_high']:.2f})"


def _join(names: list[str]) -> str:
    """Join names into a list; many of them, as a number."""
    if len(names) > 3:
        return f"{len(names)} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
