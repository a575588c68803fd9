"""The demo: the whole method on fictitious offers, with no key and no network."""

import shutil
import sys
import time
from argparse import Namespace
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.cli._commands import score_by_cross_validation
from jocas_themes.cli._tables import print_table
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.corpus import label_corpus
from jocas_themes.datasets import fill_sample_store, load_sample_offers, make_offers
from jocas_themes.plots import draw_shares_svg
from jocas_themes.student import ThemeClassifier, save_model
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.teacher import LLMTeacher
from jocas_themes.trends import compute_shares


def run_demo(options: Namespace) -> None:
    """Run the demo into a folder."""
    if options.n_offers < 1:
        raise ValueError(f"--n-offers must be 1 or more, got {options.n_offers}.")
    start = time.monotonic()
    folder = Path(options.out)
    _prepare(folder)

    _say("1/4  teacher: 300 fictitious offers; the recorded answers stand in for the API")
    offers = load_sample_offers()
    with fill_sample_store(folder / "annotations.sqlite") as store:
        n_before = len(store)
        teacher = LLMTeacher("recorded", store=store)
        annotated = teacher.annotate(offers)
        distil = Pipeline(
            [
                ("teacher", teacher),
                ("filter", ConfidenceFilter(80, review_path=folder / "to_review.jsonl")),
                ("student", ThemeClassifier(n_jobs=-1)),
            ]
        )
        _say(
            f"     {len(annotated)} answers found in the store, {len(store) - n_before} calls made"
        )

        _say("2/4  filter and student: cross-validation, then one fit on all")
        scores = score_by_cross_validation(distil[1:], annotated, n_folds=5)
        distil.fit(offers)
    save_model(distil, folder / "model", overwrite=True)

    _say(f"3/4  labelling {options.n_offers} made-up offers, chunk by chunk")
    _write_offers(folder / "offers", options.n_offers)
    done = label_corpus(distil, folder / "offers", folder / "labels", overwrite=True)

    _say("4/4  shares by month")
    shares = compute_shares(folder / "labels")
    shares.to_csv(folder / "shares.csv", index=False)
    names = {theme.code: theme.name_en for theme in HR_THEMES}
    picture = draw_shares_svg(shares, names=names, title="Six HR themes in fictitious job offers")
    (folder / "shares.svg").write_text(picture, encoding="utf-8")

    print_table(_summarise(scores, folder / "labels"), "What came out")
    _list_files(folder, seconds=time.monotonic() - start, rate=done.n_offers / done.duration_s)


def _prepare(folder: Path) -> None:
    """Make the folder; only what an earlier demo left there is replaced."""
    marker = folder / ".jocas-themes-demo"
    if folder.exists() and not marker.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"{folder} holds files that no demo wrote, and the demo would replace some of them. "
            f"Name an empty folder, or one that is not there, with --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _say(line: str) -> None:
    """Say what is going on, where the progress bars are."""
    print(line, file=sys.stderr, flush=True)


def _write_offers(folder: Path, n_offers: int) -> None:
    """Write made-up offers as JOCAS has them: one Parquet file a year."""
    shutil.rmtree(folder, ignore_errors=True)
    offers = make_offers(n_offers, random_state=0)
    for year, rows in offers.groupby(pd.to_datetime(offers["date_firstSeenDay"]).dt.year):
        path = folder / f"annee={year}" / "offers.parquet"
        path.parent.mkdir(parents=True)
        rows.to_parquet(path, index=False)


def _summarise(scores: pd.DataFrame, labels: Path) -> pd.DataFrame:
    """Put the scores beside the shares, a row a theme."""
    yearly = compute_shares(labels, by="year")
    table = scores[["precision", "recall", "f1", "support"]].reset_index()
    shares = yearly.pivot(index="theme", columns="year", values="share")
    for year in (shares.columns[0], shares.columns[-1]):
        column = table["theme"].map(shares[year])
        table[f"share {pd.Timestamp(year).year}"] = [
            "" if pd.isna(share) else f"{share:.0%}" for share in column
        ]
    return table


def _list_files(folder: Path, *, seconds: float, rate: float) -> None:
    print(
        f"""
Scores: 5-fold cross-validation on 300 fictitious offers, against the language model's answers.
Shares: observed among made-up offers; they say nothing about the labour market.

{folder}/
  annotations.sqlite   every reply of the teacher, one row an offer
  to_review.jsonl      the cells it was not sure of, for people to look at
  model/               the student, plain files
  labels/              the labels, Parquet parts ({rate:.0f} offers a second)
  shares.csv           share of each theme by month
  shares.svg           the picture: open it in a browser

{seconds:.0f} s in all. With your own offers:
  jocas-themes profile 'offers/**/*.parquet'
  jocas-themes teach --help"""
    )
