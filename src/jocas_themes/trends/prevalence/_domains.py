"""Where gold is thin: what to warn of before anybody reads the estimates."""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import pandas as pd

from jocas_themes.trends.aggregation import count_months
from jocas_themes.trends.prevalence._population import Drawn, Population
from jocas_themes.trends.prevalence._rectifier import ENOUGH, build_index, choose_basis

_TOLERATED = 0.05  # of the labels' time, at an end without gold
_NAMED = 5
_Thin = tuple[str, int]


def tell_domains(gold: Drawn, population: Population, rectifier: str) -> list[str]:
    """Tell which domains, steps and months have little gold, or none."""
    messages = [*_tell_thin_domains(gold, population, rectifier)]
    if rectifier == "smooth" and population.span is not None:
        messages += [*_tell_extrapolation(gold, population.keys["month"])]
        messages += [*_tell_thin_steps(gold, *population.span, population.steps)]
    return messages


def _tell_extrapolation(gold: Drawn, months: pd.Series) -> Iterator[str]:
    """Tell which months have no gold before or after them, but for a few at the ends."""
    first, last = gold.keys["month"].min(), gold.keys["month"].max()
    start, end = count_months([first, last], months.min())
    length = count_months(months, months.min()).max()
    if max(start, length - end) > _TOLERATED * length:
        n_outside = months[(months < first) | (months > last)].nunique()
        yield (
            f"{n_outside} months of labels lie outside those of gold ({first:%Y-%m} to "
            f"{last:%Y-%m}): their errors are extrapolated, and may be others. Have offers of "
            f"these months read, or leave the months out."
        )


def _tell_thin_domains(gold: Drawn, population: Population, rectifier: str) -> Iterator[str]:
    """Tell which domains have too few gold rows for a rectifier of their own."""
    if len(gold.keys) < ENOUGH:
        yield (
            f"gold holds {len(gold.keys)} offers: under {ENOUGH}, the intervals cannot be trusted. "
            f"Have more offers read."
        )
    if rectifier == "cell":
        thin = _find_thin(gold, population, population.by)
        consequence = "their intervals cannot be trusted, and under 2 there is no estimate"
    else:
        groups = (_find_thin(gold, population, [name]) for name in population.groups)
        thin = sorted(chain.from_iterable(groups), key=itemgetter(1))
        consequence = "they share what the others' gold tells of the errors"
    if thin:
        named = "; ".join(f"{name} ({count})" for name, count in thin[:_NAMED])
        more = f" and {len(thin) - _NAMED} more" if len(thin) > _NAMED else ""
        yield (
            f"{len(thin)} domains have fewer than {ENOUGH} gold rows: {named}{more}; "
            f"{consequence}. Have more of their offers read, or take coarser ones."
        )


def _find_thin(gold: Drawn, population: Population, columns: Sequence[str]) -> list[_Thin]:
    """Find the domains with too few gold rows and how many they have, the fewest first."""
    if not columns:
        return []
    counts = build_index(gold.keys, columns).value_counts()
    domains = build_index(population.keys, columns).unique()
    counts = counts.reindex(domains, fill_value=0)
    thin = counts[counts < ENOUGH].sort_values(kind="stable")
    names = [
        ", ".join(map(_describe, value if len(columns) > 1 else [value])) for value in thin.index
    ]
    return list(zip(names, thin.tolist(), strict=True))


def _describe(value: Any) -> str:
    """Write a period by its month."""
    return f"{value:%Y-%m}" if isinstance(value, pd.Timestamp) else str(value)


def _tell_thin_steps(
    gold: Drawn, first: pd.Timestamp, last: pd.Timestamp, steps: Sequence[pd.Timestamp]
) -> Iterator[str]:
    """Tell which steps the labels have and gold cannot bear."""
    kept = choose_basis(gold.keys, steps=steps, span=(first, last)).steps
    lost = [f"{step:%Y-%m}" for step in steps if first < step <= last and step not in kept]
    if lost:
        yield (
            f"gold has fewer than {ENOUGH} rows on a side of the steps {lost[:5]!r}: changes of "
            f"the errors there are smoothed over. Have offers of both sides read."
        )
