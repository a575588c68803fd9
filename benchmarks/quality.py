"""How well the student finds the themes, beside other methods, on the same folds.

    python benchmarks/quality.py ../shared/data/offers_labelled.parquet
    python benchmarks/quality.py ../shared/data/offers_labelled.parquet --by site_name
    python benchmarks/quality.py ../shared/data/offers_labelled.parquet --filters

The table holds offers and a language model's answers (CODE, CODE_confidence, CODE_evidence);
without one, the 300 fictitious offers that ship with the package are taken, which show that the
benchmark runs and no more. Scores compare with the model's answers: no human label is involved.

Near-duplicates are never on both sides. A filter must be judged on all cells: on the cells that
it keeps, which are the easy ones, any filter looks good. The shipped lexicon was written while
looking at the offers whose id is even: what uses it is to be judged on the others.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from jocas_themes import (
    NearDuplicateKFold,
    as_offers,
    load_sample_annotations,
)
from jocas_themes.evaluation import (
    compute_calibration_error,
    compute_score_intervals,
    compute_strata_scores,
)
from jocas_themes.offers import group_near_duplicates
from peers import CODES, FILTERED, LEGEND, METHODS, Method
from tables import format_interval, print_run, print_table

SURE = 80
NAMES = [code.split("_")[0].lower() for code in CODES]  # as they head columns
PACKAGES = ("jocas-themes", "numpy", "scikit-learn", "xgboost", "floret", "torchTextClassifiers")
HELD_OUT = {
    "site_name": "site_name",
    "year": "date_sitePublicationDay",
    "rome_family": "job_ROME_code",
}

Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


@dataclass(frozen=True, eq=False)
class Trial:
    """What a method predicted, each offer by a model that did not learn from it.

    Parameters
    ----------
    method : Method
        The method.
    predicted : ndarray of shape (n_offers, n_themes)
        0 or 1.
    probabilities : ndarray of shape (n_offers, n_themes) or None
        None where the method has none.
    fit_s : float
        Seconds a fit, on average over the folds.
    """

    method: Method
    predicted: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64] | None
    fit_s: float


def read_annotated(path: str | None) -> pd.DataFrame:
    """Read the answers as an annotated table; the shipped ones without a path."""
    if path is None:
        return load_sample_annotations()
    return as_offers(pd.read_parquet(path)).assign(status="ok")


def make_folds(
    annotated: pd.DataFrame, clusters: npt.NDArray[np.int64], by: str | None, n_folds: int
) -> Folds:
    """Split the offers: at random, or whole boards, periods or families at a time."""
    if by is None:
        splitter = NearDuplicateKFold(n_folds, random_state=0)
        return list(splitter.split(annotated, annotated, groups=clusters))
    groups = read_groups(annotated, by)
    n_groups = len(np.unique(groups))
    splitter = GroupKFold(n_groups if by == "site_name" else min(n_folds, n_groups))
    # A copy on another board would let the student remember.
    return [
        (train[~np.isin(clusters[train], clusters[test])], test)
        for train, test in splitter.split(annotated, groups=groups)
    ]


def read_groups(annotated: pd.DataFrame, by: str) -> npt.NDArray[np.object_]:
    """Return each offer's board, year or ROME family; offers without one are a group too."""
    if HELD_OUT[by] not in annotated.columns:
        raise SystemExit(f"--by {by} needs the column {HELD_OUT[by]!r}, which the offers lack.")
    values = annotated[HELD_OUT[by]].fillna("unknown").astype(str)
    if by == "year":
        return values.str.extract(r"(\d{4})")[0].fillna("unknown").to_numpy(dtype=object)
    return (values.str[:1] if by == "rome_family" else values).to_numpy(dtype=object)


def run_method(method: Method, annotated: pd.DataFrame, folds: Folds, n_jobs: int) -> Trial:
    """Fit a method on each fold, and predict the offers left out."""
    predicted = np.zeros((len(annotated), len(CODES)), dtype=np.int64)
    probabilities = np.full(predicted.shape, np.nan)
    seconds = []
    for train, test in folds:
        model = method.build(n_jobs)
        start = time.perf_counter()
        model.fit(annotated.iloc[train])
        seconds.append(time.perf_counter() - start)
        predicted[test] = model.predict(annotated.iloc[test])
        if hasattr(model, "predict_proba"):
            probabilities[test] = model.predict_proba(annotated.iloc[test])
    known = None if np.isnan(probabilities).any() else probabilities
    return Trial(method, predicted, known, float(np.mean(seconds)))


def score_trials(
    trials: Sequence[Trial], annotated: pd.DataFrame, clusters: npt.NDArray[np.int64]
) -> pd.DataFrame:
    """Score each trial on all offers and on the half new to the lexicon, all cells and sure ones.

    Returns one row a trial, choice of offers, choice of cells, and theme.
    """
    answers = annotated[CODES].to_numpy(dtype=float)
    sure = annotated[[f"{code}_confidence" for code in CODES]].to_numpy() >= SURE
    choices = {
        "all": np.ones(len(annotated), dtype=bool),
        "new to the lexicon": find_new(annotated),
    }
    parts = []
    for trial in trials:
        for offers, chosen in choices.items():
            for cells, truth in (("all", answers), ("sure", np.where(sure, answers, np.nan))):
                scores = compute_score_intervals(
                    truth[chosen], trial.predicted[chosen], themes=CODES, clusters=clusters[chosen]
                )
                keys = {"method": trial.method.name, "offers": offers, "cells": cells}
                parts.append(scores.assign(**keys, fit_s=trial.fit_s))
    scores = pd.concat(parts, ignore_index=True)
    return scores[
        ["method", "offers", "cells", *scores.columns.drop(["method", "offers", "cells"])]
    ]


def find_new(annotated: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which offers the lexicon was not written on: those of odd ids.

    All, when ids are no hexadecimal numbers, as those of the offers that ship are not.
    """
    try:
        numbers = [int(offer_id, 16) for offer_id in annotated["offer_id"]]
    except ValueError:
        return np.ones(len(annotated), dtype=bool)
    return np.array([number % 2 == 1 for number in numbers])


def show_averages(scores: pd.DataFrame, offers: str, absent: Sequence[Method]) -> pd.DataFrame:
    """Lay out micro- and macro-F1, on all cells and on sure ones, a row a method."""
    chosen = scores[scores["offers"] == offers]
    rows = []
    for name, mine in chosen.groupby("method", sort=False):
        row: dict[str, Any] = {"method": name}
        for cells, suffix in (("all", ""), ("sure", f", sure (>= {SURE})")):
            for average in ("micro", "macro"):
                row[average + suffix] = pick(mine, cells, average)
        rows.append(row | {"fit, s": f"{mine['fit_s'].iloc[0]:.1f}"})
    rows += [{"method": method.name, "micro": "not installed"} for method in absent]
    return pd.DataFrame(rows)


def show_themes(scores: pd.DataFrame, offers: str, cells: str) -> pd.DataFrame:
    """Lay out the F1 of each theme, a row a method."""
    chosen = scores[scores["offers"] == offers]
    return pd.DataFrame(
        {"method": name}
        | {short: pick(mine, cells, code) for short, code in zip(NAMES, CODES, strict=True)}
        for name, mine in chosen.groupby("method", sort=False)
    )


def pick(scores: pd.DataFrame, cells: str, theme: str) -> str:
    """Write one F1 of one method, with its interval."""
    row = scores[(scores["cells"] == cells) & (scores["theme"] == theme)].iloc[0]
    return format_interval(row["f1"], row["f1_low"], row["f1_high"])


def show_groups(trials: Sequence[Trial], annotated: pd.DataFrame, by: str) -> pd.DataFrame:
    """Lay out the micro-F1 of each board, year or family held out, a row a method."""
    rows: list[dict[str, Any]] = []
    for trial in trials:
        strata = compute_strata_scores(
            annotated, trial.predicted, by=[by], themes=CODES, n_bootstrap=1
        )
        if not rows:
            rows.append({"method": "(offers)"} | dict(strata[["stratum", "n_offers"]].to_numpy()))
        found = strata["f1"].map("{:.2f}".format)
        rows.append(
            {"method": trial.method.name} | dict(zip(strata["stratum"], found, strict=True))
        )
    return pd.DataFrame(rows)


def show_means(trials: Sequence[Trial], annotated: pd.DataFrame) -> pd.DataFrame:
    """Lay out mean probabilities and their calibration errors, beside the shares of offers."""
    answers = annotated[CODES].to_numpy(dtype=float)
    shares = [f"{share:.3f}" for share in np.nanmean(answers, axis=0)]
    rows = [{"method": "share of offers"} | dict(zip(NAMES, shares, strict=True))]
    for trial in trials:
        if trial.probabilities is not None:
            table = compute_calibration_error(answers, trial.probabilities, themes=CODES)
            errors = table.set_index("theme").loc[CODES, "ece"]
            cells = [
                f"{mean:.3f} ({error:.3f})"
                for mean, error in zip(trial.probabilities.mean(axis=0), errors, strict=True)
            ]
            rows.append({"method": trial.method.name} | dict(zip(NAMES, cells, strict=True)))
    return pd.DataFrame(rows)


def print_scores(
    trials: Sequence[Trial],
    absent: Sequence[Method],
    scores: pd.DataFrame,
    annotated: pd.DataFrame,
    by: str | None,
) -> None:
    """Print all tables."""
    print_table("F1, all offers", show_averages(scores, "all", absent))
    if by is not None:
        print_table(f"Micro-F1 by {by}", show_groups(trials, annotated, by))
    print_table("F1 by theme, all cells", show_themes(scores, "all", "all"))
    print_table(
        f"F1 by theme, cells of confidence {SURE} and more", show_themes(scores, "all", "sure")
    )
    n_new = int(find_new(annotated).sum())
    if n_new < len(annotated):
        print_table(
            f"F1 on the {n_new} offers that the lexicon was not written on: the fair figures of "
            f"the lexicon, and of ours where it uses the lexicon; the others are there to compare",
            show_averages(scores, "new to the lexicon", ()),
        )
    print_table("Mean probabilities (expected calibration error)", show_means(trials, annotated))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("annotated", nargs="?", help="Parquet table of offers and answers")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--by", choices=sorted(HELD_OUT), help="hold out whole groups of offers")
    parser.add_argument("--filters", action="store_true", help="compare filters, not methods")
    parser.add_argument("--only", nargs="+", metavar="METHOD", help="the methods to run, by name")
    parser.add_argument("--fast", action="store_true", help="two folds, fewer methods")
    parser.add_argument("--jobs", type=int, default=2, help="how many cores a fit may use")
    parser.add_argument("--csv", metavar="FILE", help="write all scores there")
    options = parser.parse_args(arguments)
    known = FILTERED if options.filters else METHODS
    methods = choose_methods(known, options.only, fast=options.fast)
    annotated = read_annotated(options.annotated)
    clusters = group_near_duplicates(annotated["text"])
    folds = make_folds(annotated, clusters, options.by, 2 if options.fast else options.folds)
    print_run(PACKAGES)
    held_out = f", whole groups by {options.by}" if options.by else ""
    print(
        f"{len(annotated)} offers, {len(folds)} folds{held_out}, near-duplicates kept apart. F1 "
        f"against the teacher's\nanswers; 95% intervals, from drawing groups of near-duplicates.\n"
    )
    if not options.filters:
        print(LEGEND)
    present = [method for method in methods if method.is_installed]
    absent = [method for method in methods if not method.is_installed]
    trials = [
        run_method(method, annotated, folds, options.jobs)
        for method in tqdm(present, desc="methods", disable=None)
    ]
    scores = score_trials(trials, annotated, clusters)
    print_scores(trials, absent, scores, annotated, options.by)
    if options.csv:
        scores.to_csv(options.csv, index=False)


def choose_methods(
    known: Sequence[Method], only: Sequence[str] | None, *, fast: bool
) -> list[Method]:
    """Choose the methods that are named, or those of the short form, or all."""
    names = [method.name for method in known]
    unknown = [name for name in only or () if name not in names]
    if unknown:
        raise SystemExit(f"--only must name some of {names!r}, got {unknown!r}.")
    if only:
        return [method for method in known if method.name in only]
    return [method for method in known if method.is_fast or not fast]


if __name__ == "__main__":
    main()
