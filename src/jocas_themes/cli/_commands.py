"""What each command does, with the library's public functions alone."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline

from jocas_themes.annotations import find_theme_codes
from jocas_themes.cli._tables import check_out, print_table, read_labelled
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.corpus import KEEP_COLUMNS, label_corpus
from jocas_themes.evaluation import NearDuplicateKFold, evaluate_themes
from jocas_themes.offers import profile_offers
from jocas_themes.student import ThemeClassifier, check_model_folder, load_model, save_model

_COLUMNS_TITLE = (
    "Columns: reliable under 20% missing, unusable over 70%\n"
    "(n_distinct is an estimate, to 1.6%, from 4,096 values on)"
)


def run_profile(options: Namespace) -> None:
    """Show the profile of a source."""
    profile = profile_offers(
        options.source, text_columns=options.text_columns, encoding=options.encoding
    )
    print_table(profile.columns, _COLUMNS_TITLE)
    print_table(profile.text_lengths, "Length of the texts, in characters")
    print_table(profile.months, "Offers a month")
    if options.out:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("columns", "months", "text_lengths"):
            getattr(profile, name).to_csv(folder / f"{name}.csv", index=False)
        print(f"\nwritten: {folder}/columns.csv, months.csv, text_lengths.csv")


def run_train(options: Namespace) -> None:
    """Train a student, and save it."""
    check_model_folder(Path(options.out), overwrite=options.overwrite)
    annotated = read_labelled(options.annotated)
    student = _make_student(options, review_path=options.review).fit(annotated)
    save_model(student, options.out, overwrite=options.overwrite)
    sure = student[0]
    print(f"learnt from {sure.n_kept_} cells, {sure.n_masked_} under the threshold left out")
    print(f"written: {options.out}" + (f", {options.review}" if options.review else ""))


def _make_student(options: Namespace, review_path: str | None = None) -> Pipeline:
    """Make what comes after the teacher, with scikit-learn's Pipeline."""
    return Pipeline(
        [
            (
                "filter",
                ConfidenceFilter(options.threshold, scope=options.scope, review_path=review_path),
            ),
            (
                "student",
                ThemeClassifier(
                    structured_columns=tuple(options.structured_columns),
                    text_columns=getattr(options, "text_columns", None),
                    n_jobs=-1,
                ),
            ),
        ]
    )


def run_evaluate(options: Namespace) -> None:
    """Score a student against the labels of a table."""
    out = check_out(options.out, ".csv") if options.out else None
    table = read_labelled(options.labelled)
    if options.model:
        student = load_model(options.model)
        absent = [code for code in student.themes_ if code not in table.columns]
        if absent:
            raise ValueError(
                f"{options.labelled} has no labels of {absent[:5]!r}, which the model predicts; "
                f"found {list(table.columns)[:8]!r}."
            )
        gold = table[list(student.themes_)]
        scores = evaluate_themes(
            gold,
            student.predict_proba(table),
            thresholds=student.thresholds_,
            themes=student.themes_,
        )
        title = (
            f"{options.model} against the labels of {options.labelled}\n(of no worth if the model "
            f"was trained on these offers)"
        )
    else:
        scores = score_by_cross_validation(_make_student(options), table, n_folds=options.folds)
        title = f"{options.folds}-fold cross-validation against the teacher's labels, all cells"
    print_table(scores.reset_index(), title)
    if out:
        scores.to_csv(out)
        print(f"\nwritten: {options.out}")


def score_by_cross_validation(model: Any, annotated: pd.DataFrame, *, n_folds: int) -> pd.DataFrame:
    """Score out-of-fold predictions against the teacher's labels, near-duplicates together."""
    codes = find_theme_codes(annotated)
    if not codes:
        raise ValueError(
            "the table is not annotated: it needs CODE, CODE_confidence and CODE_evidence for "
            "each theme, as teach writes them. For gold labels pass --model."
        )
    answers = annotated[list(codes)].to_numpy(dtype=float)
    predicted = cross_val_predict(
        model, annotated, answers, cv=NearDuplicateKFold(n_folds, random_state=0), method="predict"
    )
    scores = evaluate_themes(answers, np.asarray(predicted), themes=codes)
    return scores.drop(columns="average_precision")  # predictions are not ranked


def run_label(options: Namespace) -> None:
    """Label a corpus."""
    model = load_model(options.model)
    model.set_params(n_jobs=-1)
    if options.text_columns:
        model.set_params(text_columns=options.text_columns)
    done = label_corpus(
        model,
        options.source,
        options.out,
        chunk_rows=options.chunk_rows,
        keep_columns=options.keep_columns or KEEP_COLUMNS,
        encoding=options.encoding,
        overwrite=options.overwrite,
    )
    rate = done.n_offers / max(done.duration_s, 1e-9)
    print(
        f"{done.n_offers} offers in {done.duration_s:.1f} s ({rate:.0f} a second), "
        f"{done.n_without_text} of them without text"
    )
    plural = "s" * (done.n_parts != 1)
    print(f"written: {done.n_parts} part{plural} in {done.destination}")
