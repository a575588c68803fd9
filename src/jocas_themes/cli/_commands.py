"""What each command does, with the library's public functions alone."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline

from jocas_themes.annotations import find_theme_codes, require_annotated
from jocas_themes.cli._tables import (
    check_folder,
    check_out,
    print_table,
    read_labelled,
    write_table,
)
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.corpus import KEEP_COLUMNS, label_corpus
from jocas_themes.curation import find_label_issues, suggest_offers
from jocas_themes.evaluation import NearDuplicateKFold, evaluate_themes
from jocas_themes.offers import profile_offers, read_offers
from jocas_themes.reports import student_report
from jocas_themes.student import ThemeClassifier, check_model_folder, load_model, save_model

OUT_OF_FOLD_TITLE = (
    "How well it learnt: cross-validated, near-duplicates together\n"
    "(calibration aside), against the teacher's labels, all cells\n"
    "(support: offers with the theme)"
)
_COLUMNS_TITLE = (
    "Columns: reliable under 20% missing, unusable over 70%\n"
    "(n_distinct is an estimate, to 1.6%, from 4,096 values on)"
)


def run_profile(options: Namespace) -> None:
    """Show the profile of a source."""
    folder = check_folder(options.out) if options.out else None
    profile = profile_offers(
        options.source, text_columns=options.text_columns, encoding=options.encoding
    )
    print_table(profile.columns, _COLUMNS_TITLE)
    print_table(profile.text_lengths, "Length of the texts, in characters")
    print_table(profile.months, "Offers a month")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("columns", "months", "text_lengths"):
            getattr(profile, name).to_csv(folder / f"{name}.csv", index=False)
        print(f"\nwritten: {folder}/columns.csv, months.csv, text_lengths.csv")


def run_train(options: Namespace) -> None:
    """Train a student, and save it."""
    check_model_folder(Path(options.out), overwrite=options.overwrite)
    annotated = read_labelled(options.annotated)
    require_annotated(annotated, name=options.annotated)
    student = _make_student(options, review_path=options.review).fit(annotated)
    save_model(student, options.out, overwrite=options.overwrite)
    sure = student[0]
    print(f"learnt from {sure.n_kept_} cells, {sure.n_masked_} under the threshold left out")
    print_table(score_out_of_fold(student[-1], annotated), OUT_OF_FOLD_TITLE)
    print(f"\nwritten: {options.out}" + (f", {options.review}" if options.review else ""))


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


def score_out_of_fold(student: ThemeClassifier, annotated: pd.DataFrame) -> pd.DataFrame:
    """Score what a fitted student said of its own offers out of fold, on all their labels."""
    scores = evaluate_themes(
        annotated[list(student.themes_)].to_numpy(dtype=float),
        np.nan_to_num(student.out_of_fold_),
        thresholds=student.thresholds_,
        themes=student.themes_,
    )
    return scores[["precision", "recall", "f1", "support"]].reset_index()


def run_evaluate(options: Namespace) -> None:
    """Score a student against the labels of a table."""
    out = check_out(options.out, ".csv") if options.out else None
    table = read_labelled(options.labelled)
    if options.html:
        _write_report(options, table)
        return
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


def _write_report(options: Namespace, table: pd.DataFrame) -> None:
    """Write all that is known of a student, trained in each fold, as one page."""
    if options.model:
        raise ValueError(
            "--html reports on training, and fits in each fold: leave --model out. A trained "
            "model on other offers has its scores without --html."
        )
    if options.out:
        raise ValueError("--html has a page for all scores, --out is for them alone: choose one.")
    page = check_out(options.html, ".html", option="--html")
    report = student_report(
        _make_student(options),
        table,
        cv=options.folds,
        cost_per_offer_usd=options.cost_per_offer_usd,
        progress=True,
    )
    report.to_html(page)
    print(report)
    print(f"\nwritten: {options.html}")


def run_label_issues(options: Namespace) -> None:
    """List the cells whose label is most likely wrong."""
    out = check_out(options.out, ".csv") if options.out else None
    annotated = read_labelled(options.annotated)
    require_annotated(annotated, name=options.annotated, needed=("offer_id", "text"))
    student = ThemeClassifier(n_jobs=-1).fit(annotated)
    issues = find_label_issues(
        annotated, probabilities=student.out_of_fold_, n=options.n, review_path=options.review
    )
    columns = ["offer_id", "theme", "label", "confidence", "probability", "score"]
    print_table(issues[columns].head(20), f"The most suspicious of {len(issues)} cells")
    if out:
        issues.to_csv(out, index=False)
    written = [name for name in (options.out, options.review) if name]
    print(f"\nwritten: {', '.join(written)}" if written else "\nnothing written: pass --review")


def run_suggest(options: Namespace) -> None:
    """Choose the offers to annotate next."""
    out = check_out(options.out, ".parquet")
    chosen = suggest_offers(
        read_offers(options.source, text_columns=options.text_columns, encoding=options.encoding),
        options.n,
        model=load_model(options.model),
        annotated=read_labelled(options.annotated) if options.annotated else None,
        random_state=options.seed,
        progress=True,
    )
    write_table(chosen, out)
    counts = ", ".join(
        f"{count} {reason}" for reason, count in chosen["reason"].value_counts().items()
    )
    print(f"{len(chosen)} offers: {counts}\nwritten: {options.out}")
    print(f"next: jocas-themes teach {options.out} --model gpt-5-mini --out more.parquet")


def score_by_cross_validation(model: Any, annotated: pd.DataFrame, *, n_folds: int) -> pd.DataFrame:
    """Score out-of-fold predictions against the teacher's labels, near-duplicates together."""
    codes = find_theme_codes(annotated)
    if not codes:
        raise ValueError(
            f"the table is not annotated: it lacks CODE, CODE_confidence and CODE_evidence for "
            f"each theme ({len(annotated.columns)} columns found). Write it with teach --out. For "
            f"gold labels pass --model."
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
        partition_by=("year", "month") if options.partition_by_month else (),
        encoding=options.encoding,
        resume=options.resume,
        overwrite=options.overwrite,
    )
    parts = f"{done.n_parts} part" + "s" * (done.n_parts != 1)
    if options.resume and done.n_resumed == done.n_offers > 0:
        print(f"all done already: {done.n_offers} offers in {parts} in {done.destination}")
        return
    rate = done.n_offers / max(done.duration_s, 1e-9)
    in_all = " in all" if done.n_resumed else ""
    print(
        f"{done.n_offers} offers in {done.duration_s:.1f} s{in_all} ({rate:.0f} a second), "
        f"{done.n_without_text} of them without text"
    )
    print(f"written: {parts} in {done.destination}")
