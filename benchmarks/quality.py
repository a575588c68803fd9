"""How well the student learns: no filter, cells masked, whole offers masked.

    python benchmarks/quality.py ../shared/data/offers_labelled.parquet

The table holds offers and a language model's answers (CODE, CODE_confidence, CODE_evidence).
Scores are cross-validated, near-duplicates kept in one fold, and compare with the model's
answers: no human label is involved. A filter must be judged on all cells: on the cells that it
keeps, which are the easy ones, any filter looks good.
"""

import argparse
import time

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline

from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LexiconTeacher,
    NearDuplicateKFold,
    ThemeClassifier,
    as_offers,
    evaluate_themes,
)

CODES = list(HR_THEMES.codes)
FILTERS = {
    "no filter": ConfidenceFilter(0),
    "theme, under 70": ConfidenceFilter(70),
    "theme, under 80 (default)": ConfidenceFilter(80),
    "theme, under 90": ConfidenceFilter(90),
    "offer, under 70": ConfidenceFilter(70, scope="offer"),
    "offer, under 80 (the original method)": ConfidenceFilter(80, scope="offer"),
}


def read_annotated(path: str) -> pd.DataFrame:
    """Read the answers as an annotated table."""
    return as_offers(pd.read_parquet(path)).assign(status="ok")


def predict_out_of_fold(
    annotated: pd.DataFrame, steps: ConfidenceFilter, folds: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, int, float]:
    """Return predictions, cells learnt from, and seconds a fit."""
    predicted = np.zeros((len(annotated), len(CODES)), dtype=int)
    n_cells, seconds = 0, 0.0
    for train, test in folds:
        model = Pipeline([("filter", clone(steps)), ("student", ThemeClassifier(n_jobs=-1))])
        start = time.perf_counter()
        model.fit(annotated.iloc[train])
        seconds += time.perf_counter() - start
        n_cells += model["filter"].n_kept_
        predicted[test] = model.predict(annotated.iloc[test])
    return predicted, n_cells // len(folds), seconds / len(folds)


def compare_filters(annotated: pd.DataFrame, n_folds: int) -> pd.DataFrame:
    """Score each filter on all cells, and on the cells of confidence 80 and more."""
    answers = annotated[CODES].to_numpy(dtype=float)
    sure = annotated[[f"{code}_confidence" for code in CODES]].to_numpy() >= 80
    folds = list(NearDuplicateKFold(n_folds, random_state=0).split(annotated, answers))
    rows = []
    for name, steps in FILTERS.items():
        predicted, n_cells, seconds = predict_out_of_fold(annotated, steps, folds)
        everywhere = evaluate_themes(answers, predicted, themes=CODES)["f1"]
        confident = evaluate_themes(np.where(sure, answers, np.nan), predicted, themes=CODES)["f1"]
        rows.append(
            {
                "filter": name,
                "cells learnt": n_cells,
                "micro": everywhere["micro"],
                "macro": everywhere["macro"],
                "micro, sure cells": confident["micro"],
                "macro, sure cells": confident["macro"],
                "fit, s": seconds,
            }
        )
    return pd.DataFrame(rows)


def compare_means(annotated: pd.DataFrame, n_folds: int) -> pd.DataFrame:
    """Compare mean probabilities, out of fold, with the share of offers that have the theme."""
    answers = annotated[CODES].to_numpy(dtype=float)
    cv = NearDuplicateKFold(n_folds, random_state=0)
    table = pd.DataFrame({"theme": CODES, "share of offers": answers.mean(axis=0)})
    for name, threshold, balance in (
        ("no filter, balance=0", 0, 0.0),
        ("no filter, balance=0.5", 0, 0.5),
        ("filter at 80, balance=0.5", 80, 0.5),
    ):
        model = Pipeline(
            [
                ("filter", ConfidenceFilter(threshold)),
                ("student", ThemeClassifier(balance=balance, n_jobs=-1)),
            ]
        )
        probabilities = cross_val_predict(model, annotated, answers, cv=cv, method="predict_proba")
        table[name] = probabilities.mean(axis=0)
    return table


def score_lexicon(annotated: pd.DataFrame) -> pd.DataFrame:
    """Score the lexicon on the half of the offers that its patterns were not written on."""
    half = annotated[[int(offer_id, 16) % 2 == 1 for offer_id in annotated["offer_id"]]]
    found = LexiconTeacher().annotate(half)
    return evaluate_themes(half[CODES].to_numpy(dtype=float), found[CODES].to_numpy(), themes=CODES)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("annotated", help="Parquet table of offers and answers")
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    annotated = read_annotated(options.annotated)
    print(f"{len(annotated)} offers, {options.folds} folds; F1 against the teacher's answers\n")
    table = compare_filters(annotated, options.folds)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print("\nLexicon, on the half of the offers that its patterns were not written on\n")
    columns = ["precision", "recall", "f1", "support"]
    print(score_lexicon(annotated)[columns].to_string(float_format="{:.3f}".format))
    print("\nMean probabilities, out of fold\n")
    means = compare_means(annotated, options.folds)
    print(means.to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
