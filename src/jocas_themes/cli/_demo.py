"""The demo: the whole method on fictitious offers, with no key and no network."""

import shutil
import sys
import time
from argparse import Namespace
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.cli._commands import OUT_OF_FOLD_TITLE, score_out_of_fold
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

        _say("2/4  filter and student: one fit, which cross-validates itself")
        distil.fit(offers)
        scores = score_out_of_fold(distil[-1], annotated)
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

    _show_offer(annotated.iloc[0])
    print_table(
        _rename(scores),
        OUT_OF_FOLD_TITLE,
    )
    print_table(
        _rename(_compare_years(folder / "labels")),
        f"What it found: observed shares among the {done.n_offers} made-up offers",
    )
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


def _show_offer(row: pd.Series) -> None:
    """Show what the teacher said of one offer, and where it saw it."""
    print(f"\nOne offer, as the teacher read it:\n{row['job_title']}\n")
    for theme in HR_THEMES:
        if row[theme.code] == 1:
            confidence = row[f"{theme.code}_confidence"]
            print(f"  {theme.name_en} ({confidence:.0f}): « {row[f'{theme.code}_evidence']} »")


def _rename(table: pd.DataFrame) -> pd.DataFrame:
    """Show the themes by their names."""
    names = {theme.code: theme.name_en for theme in HR_THEMES}
    return table.assign(theme=table["theme"].replace(names))


def _compare_years(labels: Path) -> pd.DataFrame:
    """Put the shares of the first and of the last year side by side."""
    shares = compute_shares(labels, by="year").pivot(index="theme", columns="year", values="share")
    years = dict.fromkeys((shares.columns[0], shares.columns[-1]))
    table = pd.DataFrame({"theme": list(HR_THEMES.codes)})
    for year in years:
        table[f"{pd.Timestamp(year).year}"] = [
            f"{share:.0%}" for share in table["theme"].map(shares[year])
        ]
    return table


def _list_files(folder: Path, *, seconds: float, rate: float) -> None:
    print(
        f"""
The offers are fictitious: nothing here says anything about the labour market.

{folder}/
  shares.svg           the picture, by month: open it in a browser
  shares.csv           its figures
  labels/              the labels, Parquet parts ({rate:.0f} offers a second)
  model/               the student, plain files
  to_review.jsonl      the cells that the teacher was not sure of, for people
  annotations.sqlite   every reply of the teacher, one row an offer
  offers/              the made-up offers

{seconds:.0f} s in all. With your own offers:
  jocas-themes profile  'offers/**/*.parquet'
  jocas-themes teach    'offers/**/*.parquet' --model gpt-5-mini --max-cost-usd 10 --out a.parquet
  jocas-themes train    a.parquet --out model/
  jocas-themes evaluate a.parquet
  jocas-themes label    'offers/**/*.parquet' --model model/ --out labels/"""
    )
