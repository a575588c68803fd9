"""What gold labels must be, so that estimates from them can be published."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.offers import to_frame
from jocas_themes.trends.aggregation import Cells
from jocas_themes.trends.aggregation._sums import bin_probabilities
from jocas_themes.trends.prevalence._population import Drawn, Population, find_drawn

CHECK_BINS = 10  # of the predictions: sure are the two lowest and the two highest

_ANSWER = ("_confidence", "_evidence")
_TOLERATED = 0.05  # of the gold rows or decisions may be missing, of the labels may recur
_EXPECTED = 15  # unsure offers, where none means that they were left out
_FAR = 4  # standard errors


def read_gold(gold: Any) -> pd.DataFrame:
    """Read a gold table, and refuse what is none: no chances, or nobody who read it."""
    if isinstance(gold, (str, Path)):
        raise TypeError(
            f"gold must be a table, got the path {str(gold)!r}. Read a review file with "
            f"ReviewQueue({str(gold)!r}, store=...).gold(), a table with pandas.read_parquet."
        )
    gold = to_frame(gold)
    if not isinstance(gold, pd.DataFrame):
        raise TypeError(f"gold must be a DataFrame or an Arrow table, got {type(gold).__name__}.")
    _check_gold_columns(gold)
    if not len(gold):
        raise ValueError(
            "gold must hold offers that people read, got a table without rows. Draw offers with "
            "sample_gold, have them read, and take the decisions with ReviewQueue.gold."
        )
    return gold


def _check_gold_columns(gold: pd.DataFrame) -> None:
    """Refuse tables without chances, and those that nobody read."""
    answered = [str(name) for name in gold if str(name).endswith(_ANSWER) or name == "status"]
    is_unread = "reviewer" not in gold or (len(gold) > 0 and gold["reviewer"].isna().all())
    if answered or is_unread:
        seen = f"the columns {answered[:5]!r}" if answered else "no reviewer"
        raise ValueError(
            f"gold must hold what people read, got a table with {seen}. Pass an LLM's answers as "
            f"teacher=..., beside the part of them that people read as gold; if people read these "
            f"offers, say who in the column 'reviewer'."
        )
    absent = [name for name in ("offer_id", "inclusion_probability") if name not in gold]
    if absent:
        raise ValueError(
            f"gold lacks the columns {absent!r}; found {[str(name) for name in gold][:5]!r} "
            f"({gold.shape[1]} in all). Draw it with sample_gold, which knows each offer's chance; "
            f"offers that were picked otherwise do not stand for the others."
        )


def check_design(table: pd.DataFrame, name: str) -> None:
    """Refuse drawn offers of unknown chances, or that are met twice."""
    chances = table["inclusion_probability"].astype("float64").to_numpy()
    wrong = chances[~((chances > 0) & (chances <= 1))]
    if len(wrong):
        raise ValueError(
            f"inclusion_probability must be above 0 and at most 1, got {wrong[:5].tolist()!r} in "
            f"{name} ({len(wrong)} rows). Leave out the rows that were not drawn by chance."
        )
    again = table["offer_id"][table["offer_id"].duplicated()].tolist()
    if again:
        raise ValueError(
            f"{name} must hold each offer once, got {again[:5]!r} again ({len(again)} rows). "
            f"Settle on one row for each."
        )


def read_training(training: pd.DataFrame | Iterable[Any] | None) -> list[str]:
    """Read the ids of the offers that the student learnt from."""
    if training is None:
        return []
    if isinstance(training, str):
        raise TypeError(f"training must be a table or several ids, got {training!r}.")
    training = to_frame(training)
    ids = training["offer_id"] if isinstance(training, pd.DataFrame) else training
    return [str(offer_id) for offer_id in ids]


def check_overlap(table: pd.DataFrame, name: str, training: list[str]) -> None:
    """Refuse drawn offers that the student learnt from."""
    both = table["offer_id"][table["offer_id"].isin(training)].tolist()
    if both:
        raise ValueError(
            f"{name} must not overlap the offers that the student learnt from, where its errors "
            f"are smaller than elsewhere; got {both[:5]!r} ({len(both)} in all). Label them out "
            f"of fold, or train without them."
        )


def check_drawn(
    tables: Mapping[str, pd.DataFrame], training: pd.DataFrame | Iterable[Any] | None
) -> dict[str, pd.DataFrame]:
    """Check drawn offers as far as they speak for themselves; return them with ids as strings."""
    drawn = {
        name: table.assign(offer_id=table["offer_id"].astype(str)) for name, table in tables.items()
    }
    learnt = read_training(training)
    for name, table in drawn.items():
        check_design(table, name)
        check_overlap(table, name, learnt)
    return drawn


def choose_offers(
    tables: Mapping[str, pd.DataFrame], offer_ids: Iterable[Any] | None
) -> tuple[dict[str, pd.DataFrame], Any]:
    """Take of drawn offers those to speak of, if some are named; return their ids as strings."""
    if offer_ids is None or isinstance(offer_ids, str):  # which the labels' reader refuses
        return dict(tables), offer_ids
    ids = [str(offer_id) for offer_id in offer_ids]
    return {name: rows[rows["offer_id"].isin(ids)] for name, rows in tables.items()}, ids


def check_tables(
    tables: Mapping[str, pd.DataFrame], population: Population
) -> tuple[dict[str, Drawn], list[str]]:
    """Look drawn offers up among the labels; refuse some, and tell what to warn of."""
    drawn: dict[str, Drawn] = {}
    messages = [*_check_repeated(population)] if tables else []
    themes = population.cells.themes
    for name, given in tables.items():
        table, told = _find_known(given, name, population.cells)
        _check_labels(table, name, themes)
        if name == "gold":
            _check_readers(table, themes)
        drawn[name] = find_drawn(population, table)
        messages += [*told, *_check_themes(drawn[name], name, themes)]
        messages += _check_filter(drawn[name], name, population)
    return drawn, messages


def _check_repeated(population: Population) -> Iterator[str]:
    """Refuse labels many of whose ids recur: each is drawn once, and would count several times."""
    n_repeated, n_rows = population.cells.n_repeated, population.cells.n_rows
    if not n_repeated:
        return
    message = (
        f"{n_repeated} of the {n_rows} rows of the labels have the offer_id of one before. Gold "
        f"is drawn of offers, each id once, and the estimates count rows: those that recur were "
        f"drawn too rarely, so that the figures hold neither for rows nor for ids. Give each row "
        f"an id of its own before drawing, or count the first row of each: offer_ids=..., all ids."
    )
    if n_repeated > _TOLERATED * n_rows:
        raise ValueError(message)
    yield message


def _check_readers(gold: pd.DataFrame, themes: Sequence[str]) -> None:
    """Refuse decisions of nobody."""
    unread = gold.loc[gold["reviewer"].isna() & gold[list(themes)].notna().any(axis=1), "offer_id"]
    if len(unread):
        raise ValueError(
            f"each decision of gold must have its reviewer, got none for {unread[:5].tolist()!r} "
            f"({len(unread)} rows). Say who read them, or leave out what a model answered."
        )


def _check_labels(table: pd.DataFrame, name: str, themes: Sequence[str]) -> None:
    """Refuse tables without the themes, or with labels other than 0, 1 and missing."""
    absent = [code for code in themes if code not in table]
    if absent:
        raise ValueError(
            f"{name} lacks the themes {absent[:5]!r} ({len(absent)} in all). Name those that it "
            f"has: themes=(...)."
        )
    for code in themes:
        known = table[code].dropna()
        wrong = known[~known.isin([0, 1])].tolist()
        if wrong:
            raise ValueError(
                f"labels must be 0, 1 or missing, got {wrong[:5]!r} in {code!r} of {name} "
                f"({len(wrong)} in all)."
            )


def _find_known(table: pd.DataFrame, name: str, cells: Cells) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows whose offers are among the labels, and what to say of the others."""
    is_known = table["offer_id"].isin(cells.found["offer_id"])
    absent = table["offer_id"][~is_known]
    is_undated = absent.isin(cells.undated)
    messages = []
    for offers, said, remedy in (
        (absent[is_undated], "have no readable date", _describe_undated(cells)),
        (absent[~is_undated], "are not among the labels", "Give the ids that the labels have."),
    ):
        if len(offers):
            messages.append(
                f"{len(offers)} of the {len(table)} offers of {name} {said}: "
                f"{offers[:5].tolist()!r}. {remedy}"
            )
    if len(absent) > _TOLERATED * len(table):
        raise ValueError(
            f"{' '.join(messages)} Where offers are rightly absent, leave them out of {name}."
        )
    left_out = "They are left out, which is right if no estimate speaks of them."
    return table[is_known], [f"{message} {left_out}" for message in messages]


def _describe_undated(cells: Cells) -> str:
    """Say how many of all labels have no date, and what such a date looks like."""
    example = f", such as {cells.unread!r}" if cells.unread is not None else ""
    return (
        f"{cells.n_undated} of the {cells.n_rows + cells.n_undated} labels have none{example}: "
        f"write datetimes, or ISO or DD/MM/YYYY strings, or name another column: date_column=..."
    )


def _check_themes(drawn: Drawn, name: str, themes: Sequence[str]) -> Iterator[str]:
    """Refuse themes without a positive or a negative; tell where many decisions are missing."""
    poor = {}
    for place, code in enumerate(themes):
        known = drawn.select(place).labels
        if len(np.unique(known)) < 2:
            poor[code] = f"{code} ({int(known.sum())} of {len(known)})"
    if poor:
        raise ValueError(
            f"{name} must hold offers with and without each theme, got only one kind of: "
            f"{', '.join(list(poor.values())[:5])} ({len(poor)} themes). Have more offers read, "
            f"or name the other themes: themes=(...)."
        )
    missing = np.isnan(drawn.labels).mean(axis=0)
    many = [
        f"{code} {share:.0%}"
        for code, share in zip(themes, missing, strict=True)
        if share > _TOLERATED
    ]
    if many:
        yield (
            f"decisions are missing in {name} and are left out: {', '.join(many[:5])} "
            f"({len(many)} themes). The others count as if chance alone had chosen them, whatever "
            f"the stratum; those hard to decide are missing more often, which biases the "
            f"estimates. Have them decided. If people have read the first m in the order of the "
            f"draw and no others, these are a sample of m: pass them alone, with the stratum and "
            f"inclusion_probability of sample_gold(labels, m), of the same seed."
        )


def _check_filter(drawn: Drawn, name: str, population: Population) -> Iterator[str]:
    """Refuse offers that were chosen by how sure their prediction is; tell where it looks so."""
    cells = population.cells
    if cells.histogram is None or drawn.probabilities is None:
        return
    counts = cells.histogram.sum(axis=0)
    n_bins = cells.histogram.shape[2]
    sure = n_bins // 5
    shares = counts[:, sure:-sure].sum(axis=1) / counts.sum(axis=1).clip(1)
    for place, code in enumerate(cells.themes):
        share, probabilities = shares[place], drawn.probabilities[:, place]
        known = ~np.isnan(drawn.labels[:, place] + probabilities)
        if not known.any():
            continue
        bins = bin_probabilities(probabilities[known], n_bins)
        is_unsure = (bins >= sure) & (bins < n_bins - sure)
        expected = share * len(is_unsure)
        if not is_unsure.any() and expected >= _EXPECTED:
            raise ValueError(
                f"{name} must be drawn from all offers, got none of {code!r} with a probability "
                f"between 0.2 and 0.8, where about {expected:.0f} of its {len(is_unsure)} were to "
                f"be expected. Sure offers alone say nothing of the errors among the others: draw "
                f"anew with sample_gold."
            )
        weights = drawn.design.weights[known]
        spread = np.sqrt(share * (1 - share) * (weights**2).sum()) / weights.sum()
        drawn_share = np.average(is_unsure, weights=weights)
        if abs(drawn_share - share) > _FAR * spread:
            yield (
                f"{name} looks chosen by how sure the predictions of {code!r} are: weighted, "
                f"{drawn_share:.1%} of its offers have a probability between 0.2 and 0.8, and "
                f"{share:.1%} of all. The estimates may be biased. Check inclusion_probability, "
                f"or draw anew with sample_gold."
            )
