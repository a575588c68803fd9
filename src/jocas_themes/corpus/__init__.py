"""Labelling a corpus: one pure function on batches, and what carries it over millions."""

from jocas_themes.corpus._chunk import label_chunk
from jocas_themes.corpus._dask import label_dask
from jocas_themes.corpus._label import KEEP_COLUMNS, label_corpus
from jocas_themes.corpus._labelled import LabelledCorpus
from jocas_themes.corpus._spark import label_spark

__all__ = [
    "KEEP_COLUMNS",
    "LabelledCorpus",
    "label_chunk",
    "label_corpus",
    "label_dask",
    "label_spark",
]
