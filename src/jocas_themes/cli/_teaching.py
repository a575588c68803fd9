"""What the commands around the teacher do: ask, review, report, export."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes.annotations import AnnotationStore, ReviewQueue, find_theme_codes
from jocas_themes.cli._tables import check_out, print_table, read_labelled, write_table
from jocas_themes.confidence import choose_threshold, teacher_report
from jocas_themes.errors import BudgetReachedError
from jocas_themes.offers import read_offers, sample_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher import LexiconTeacher, LLMTeacher


def run_teach(options: Namespace) -> None:
    """Annotate a sample of offers, or say what that would cost."""
    if options.out is None and not options.estimate:
        raise ValueError("--out is missing: name the annotated table to write (.parquet).")
    out = check_out(options.out, ".parquet") if options.out else None  # before anything is paid
    if options.sample < 0:
        raise ValueError(f"--sample must be 0 or more, got {options.sample}.")
    taxonomy = _read_taxonomy(options)
    teacher = None if options.lexicon else _make_teacher(options, taxonomy)
    offers = _read_offers(options)
    if options.estimate:
        print("the lexicon costs nothing" if teacher is None else teacher.estimate(offers))
        return
    assert out is not None
    if teacher is None:
        lexicon = LexiconTeacher(
            taxonomy=taxonomy, text_columns=options.text_columns, progress=True
        )
        _write_annotated(lexicon.annotate(offers), out)
        return
    try:
        annotated = teacher.annotate(offers)
    except BudgetReachedError:
        _write_annotated(teacher.recall(offers, decisions=not options.no_decisions), out)
        raise
    if options.no_decisions:
        annotated = teacher.recall(offers, decisions=False)
    _write_annotated(annotated, out)
    _print_spending(Path(options.store))


def _write_annotated(annotated: pd.DataFrame, out: Path) -> None:
    """Write an annotated table, and show what it holds."""
    write_table(annotated, out)
    n_texts = annotated.loc[annotated["text"] != "", "text"].nunique()
    counts = annotated["status"].value_counts()
    print_table(_count_answers(annotated), "Answers")
    print(f"\n{', '.join(f'{count} {status}' for status, count in counts.items())}")
    print(f"{n_texts} distinct texts among {len(annotated)} offers")
    print(f"written: {out}")


def _read_offers(options: Namespace) -> pd.DataFrame:
    """Read the offers, or draw some of them."""
    how: dict[str, Any] = {"text_columns": options.text_columns, "encoding": options.encoding}
    if not options.sample:
        return read_offers(options.source, **how)
    return sample_offers(options.source, options.sample, random_state=options.random_state, **how)


def _make_teacher(options: Namespace, taxonomy: Taxonomy) -> LLMTeacher:
    return LLMTeacher(
        options.model,
        base_url=options.base_url,
        api_key_env=options.api_key_env,
        taxonomy=taxonomy,
        store=options.store,
        max_cost_usd=options.max_cost_usd,
        price=dict(zip(("input", "output"), options.price, strict=True)) if options.price else None,
        mode="batch" if options.batch else "sync",
        votes=options.votes,
        redact=not options.no_redact,
        concurrency=options.concurrency,
        request_params=_read_json(options.request_params),
        response_format=options.response_format,
        text_columns=options.text_columns,
        timeout_s=options.timeout_s,
    )


def _read_json(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(f"--request-params must be a JSON object: {error}.") from error
    if isinstance(content, dict):
        return content
    raise ValueError(f"--request-params must be a JSON object, got {text!r}.")


def _read_taxonomy(options: Namespace) -> Taxonomy:
    return Taxonomy.load(options.taxonomy) if options.taxonomy else HR_THEMES


def _count_answers(annotated: pd.DataFrame) -> pd.DataFrame:
    """Count what the teacher said of each theme."""
    codes = find_theme_codes(annotated)
    return pd.DataFrame(
        {
            "theme": codes,
            "present": [int((annotated[code] == 1).sum()) for code in codes],
            "absent": [int((annotated[code] == 0).sum()) for code in codes],
            "unknown": [int(annotated[code].isna().sum()) for code in codes],
            "sure (80+)": [int((annotated[f"{code}_confidence"] >= 80).sum()) for code in codes],
        }
    )


def _print_spending(path: Path) -> None:
    with AnnotationStore(path) as store:
        spending = store.read_spending()
        n_unpriced = int(store.to_frame()["cost_usd"].isna().sum())
    if spending.total_usd or not n_unpriced:
        lost = f", at most ${spending.lost_usd:.4f} lost" if spending.lost_usd else ""
        print(f"spent in {path}: ${spending.spent_usd:.4f}{lost}")
    if n_unpriced:
        print(f"{n_unpriced} replies in {path} have no known price: give it with --price")


def run_review(options: Namespace) -> None:
    """Draw, export, import, or show the review queue."""
    if not options.draw and not Path(options.review).exists():
        raise ValueError(f"there is no review file {options.review}. Make one with --draw.")
    if options.gold and not Path(options.store).exists():
        raise ValueError(f"there is no store {options.store}: nobody has decided anything yet.")
    queue = ReviewQueue(options.review, store=options.store, taxonomy=_read_taxonomy(options))
    if options.draw:
        table = read_labelled(options.draw)
        drawn = queue.draw(table, options.n_offers, random_state=options.random_state)
        strata = drawn.groupby("stratum", sort=False)["inclusion_probability"]
        print_table(
            strata.agg(n_offers="size", inclusion_probability="first").reset_index(),
            "Drawn offers",
        )
    elif options.export:
        n_cells = queue.export_to(options.export, _name_format(options))
        print(f"written: {options.export} ({n_cells} cells without a decision)")
    elif options.import_path:
        n_new = queue.import_from(options.import_path, options.format, reviewer=options.reviewer)
        print(f"{n_new} new decisions, kept in {options.store}")
    elif options.gold:
        out = check_out(options.gold, ".parquet", option="--gold")
        gold = queue.gold()
        n_decided = int(gold["reviewer"].notna().sum())
        if not n_decided:
            raise ValueError(
                f"none of the {len(gold)} offers drawn into {options.review} has a decision in "
                f"{options.store}. Take decisions in first: --import."
            )
        write_table(gold, out)
        print(f"written: {out} ({len(gold)} offers, {n_decided} of them with a decision)")
    n_cells, n_pending = len(queue), len(queue.pending())
    print(f"{options.review}: {n_cells} cells, {n_pending} of them without a decision")


def _name_format(options: Namespace) -> str:
    """Name the format of a file to write."""
    formats = {".csv": "csv", ".jsonl": "jsonl"}
    found = options.format or formats.get(Path(options.export).suffix)
    if found is None:
        raise ValueError(
            f"--format is missing: {options.export!r} could be for several tools. Choose one of "
            f"label_studio, doccano, argilla, jsonl and csv."
        )
    return str(found)


def run_report(options: Namespace) -> None:
    """Measure a teacher against gold labels."""
    annotated, gold = read_labelled(options.annotated), read_labelled(options.gold)
    choice = choose_threshold(annotated, gold, max_error=options.max_error)
    print(teacher_report(annotated, gold))
    print(f"\n{choice.message}")


def run_export(options: Namespace) -> None:
    """Export a store."""
    path = Path(options.store)
    if not path.exists():
        raise ValueError(f"there is no store {path}.")
    with AnnotationStore(path) as store:
        folder = store.export(
            options.out,
            texts=not options.no_texts,
            reviewers=options.reviewers,
            overwrite=options.overwrite,
        )
    print(f"written: {folder}/replies.jsonl, messages.jsonl, and what they need to be read")
