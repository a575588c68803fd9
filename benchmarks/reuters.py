"""`ThemeClassifier` as an ordinary classifier of texts, beside a linear SVM.

    python benchmarks/reuters.py reuters21578/
    python benchmarks/reuters.py --rome ../shared/data/offers_*.parquet

The folder holds Reuters-21578, distribution 1.0, as one downloads it: 22 files reut2-000.sgm to
reut2-021.sgm. The split is ModApte's, the classes the 90 topics with a document to learn from and
one to be tested on; all documents of the split count, also those of none of these topics (Debole
and Sebastiani, 2005, who call it R(90)). Linear SVMs reach a micro-F1 of about 0.87 there.

With --rome: the occupation of French offers from their text, by the first characters of the ROME
code, at most 100 offers a code; a third of them is tested on, near-duplicates kept on one side.
"""

import argparse
import html
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from jocas_themes import NearDuplicateKFold, ThemeClassifier, as_offers
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "numpy", "scikit-learn", "xgboost")
MIN_OFFERS = 10
MAX_OFFERS = 100

_DOCUMENT = re.compile(r"<REUTERS\b([^>]*)>(.*?)</REUTERS>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_TOPICS = re.compile(r"<TOPICS>(.*?)</TOPICS>", re.DOTALL)
_ITEM = re.compile(r"<D>(.*?)</D>", re.DOTALL)
_TEXT = re.compile(r"<TEXT\b[^>]*>(.*?)</TEXT>", re.DOTALL)
_TAG = re.compile(r"</?(?:TITLE|AUTHOR|DATELINE|BODY)>")


@dataclass(frozen=True, eq=False)
class Task:
    """Texts to learn from and texts to be tested on.

    Parameters
    ----------
    name : str
        As it is printed.
    texts, test_texts : list of str
        One a document.
    labels, test_labels : ndarray of shape (n_documents, n_classes)
        0 or 1.
    """

    name: str
    texts: list[str]
    labels: npt.NDArray[np.int64]
    test_texts: list[str]
    test_labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Document:
    """A document of the ModApte split: its text, its topics, and its side of the split."""

    text: str
    topics: frozenset[str]
    is_test: bool


def read_reuters(folder: str | Path) -> Task:
    """Read the ModApte split of Reuters-21578.

    Parameters
    ----------
    folder : str or Path
        Where the files ``reut2-0xx.sgm`` lie.

    Returns
    -------
    Task
        All documents of the split; the classes in alphabetical order.

    Raises
    ------
    ValueError
        If the folder has no such file, or these hold no document of the split.
    """
    paths = sorted(Path(folder).glob("reut2-*.sgm"))
    if not paths:
        raise ValueError(f"{str(folder)!r} must hold the files reut2-000.sgm to reut2-021.sgm.")
    documents = [
        document
        # Latin-1 reads any byte; a few documents hold bytes of no known encoding.
        for path in paths
        for document in iter_documents(path.read_text(encoding="latin-1"))
    ]
    train = [document for document in documents if not document.is_test]
    test = [document for document in documents if document.is_test]
    topics = sorted(
        set().union(*(d.topics for d in train)) & set().union(*(d.topics for d in test))
    )
    if not topics:
        raise ValueError(
            f"the {len(paths)} files in {str(folder)!r} must hold documents to learn from and to "
            f"test on that share topics, got {len(train)} and {len(test)} documents."
        )
    return Task(
        f"Reuters-21578 ModApte, {len(topics)} topics",
        [document.text for document in train],
        tell_topics(train, topics),
        [document.text for document in test],
        tell_topics(test, topics),
    )


def iter_documents(sgml: str) -> Iterator[Document]:
    """Yield the documents of the ModApte split in one file.

    >>> sgml = '''<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN"><TOPICS><D>tea</D></TOPICS>
    ... <TEXT>&#2;<TITLE>TEA &amp; RICE</TITLE><BODY>Up &lt;5 pct></BODY></TEXT></REUTERS>'''
    >>> [document.text.split() for document in iter_documents(sgml)]
    [['TEA', '&', 'RICE', 'Up', '<5', 'pct>']]
    """
    for attributes, content in _DOCUMENT.findall(sgml):
        about = dict(_ATTRIBUTE.findall(attributes))
        side = about.get("LEWISSPLIT")
        # ModApte leaves out what nobody indexed, and what is in neither part.
        if about.get("TOPICS") != "YES" or side not in {"TRAIN", "TEST"}:
            continue
        named, text = _TOPICS.search(content), _TEXT.search(content)
        yield Document(
            text=html.unescape(_TAG.sub("\n", text[1])) if text else "",
            topics=frozenset(_ITEM.findall(named[1]) if named else ()),
            is_test=side == "TEST",
        )


def find_topics(documents: Sequence[Document]) -> set[str]:
    """Return the topics of some documents."""
    return set().union(*(document.topics for document in documents))


def tell_topics(documents: Sequence[Document], topics: Sequence[str]) -> npt.NDArray[np.int64]:
    """Tell which document has which topic: shape (n_documents, n_topics)."""
    rows = [[topic in document.topics for topic in topics] for document in documents]
    return np.array(rows, dtype=np.int64).reshape(len(documents), len(topics))


def read_rome(paths: Sequence[str], n_characters: int) -> Task:
    """Read offers and their ROME codes, cut to some characters.

    Parameters
    ----------
    paths : sequence of str
        Parquet tables of offers.
    n_characters : int
        1 for the family, 3 for the domain, 5 for the code itself.

    Returns
    -------
    Task
        The codes, as cut, of at least 10 offers.
    """
    offers = as_offers(pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True))
    offers = offers[offers["job_ROME_code"].notna()].drop_duplicates("offer_id")
    offers = offers.groupby("job_ROME_code").head(MAX_OFFERS).reset_index(drop=True)
    codes = offers["job_ROME_code"].str[:n_characters]
    sizes = codes.value_counts()
    offers = offers[codes.isin(sizes[sizes >= MIN_OFFERS].index)].reset_index(drop=True)
    classes = pd.get_dummies(offers["job_ROME_code"].str[:n_characters]).to_numpy(dtype=np.int64)
    train, test = next(iter(NearDuplicateKFold(3, random_state=0).split(offers, classes)))
    texts = offers["text"].to_numpy(dtype=object)
    return Task(
        f"ROME, {n_characters} characters, {classes.shape[1]} classes",
        texts[train].tolist(),
        classes[train],
        texts[test].tolist(),
        classes[test],
    )


def build_models(n_jobs: int) -> dict[str, Any]:
    """Build what is compared, by name."""
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2))
    return {
        "linear SVM": make_pipeline(words, OneVsRestClassifier(LinearSVC())),
        "ours": ThemeClassifier(n_jobs=n_jobs),
    }


def compare_models(task: Task, n_jobs: int) -> pd.DataFrame:
    """Score each model on the texts that it did not learn from."""
    rows = []
    for name, model in build_models(n_jobs).items():
        start = time.perf_counter()
        model.fit(task.texts, task.labels)
        seconds = time.perf_counter() - start
        predicted = model.predict(task.test_texts)
        scores = {
            f"{average}-F1": f1_score(task.test_labels, predicted, average=average, zero_division=0)
            for average in ("micro", "macro")
        }
        rows.append({"method": name} | scores | {"fit, s": f"{seconds:.1f}"})
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("reuters", nargs="?", help="folder of the 22 files reut2-0xx.sgm")
    parser.add_argument("--rome", nargs="+", metavar="FILE", help="Parquet tables of offers")
    parser.add_argument(
        "--characters", type=int, nargs="+", default=[1, 5], help="how much of a ROME code to tell"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many cores a fit may use")
    options = parser.parse_args(arguments)
    if options.reuters is None and options.rome is None:
        parser.error("name the folder of Reuters-21578, or --rome and tables of offers")
    tasks = [] if options.reuters is None else [read_reuters(options.reuters)]
    if options.rome is not None:
        tasks += [read_rome(options.rome, length) for length in options.characters]
    print_run(PACKAGES)
    for task in tasks:
        title = f"{task.name}: {len(task.texts)} to learn from, {len(task.test_texts)} to test on"
        print_table(title, compare_models(task, options.jobs))


if __name__ == "__main__":
    main()
