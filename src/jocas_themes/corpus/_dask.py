"""`label_dask`: the labels of a Dask DataFrame, computed where its partitions are."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from jocas_themes._optional import import_optional
from jocas_themes.corpus._batches import Labelling, describe_stranger, label_batches, plan_labelling
from jocas_themes.corpus._label import KEEP_COLUMNS

# A partition may be large, and labelling takes several times the memory of its texts.
_BATCH_ROWS = 10_000


def label_dask(ddf: Any, model: Any, *, keep_columns: Sequence[str] = KEEP_COLUMNS) -> Any:
    """Label the offers of a Dask DataFrame.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        Offers: JOCAS columns, or those that the model was fitted on. Only the columns that are
        needed are read.
    model : Pipeline or ThemeClassifier
        Fitted; no language model is called. Of a Pipeline the student alone is sent.
    keep_columns : sequence of str
        Own columns to carry over. By default those that trends are broken down by, null where
        the offers lack them.

    Returns
    -------
    dask.dataframe.DataFrame
        Lazy: ``offer_id``, the kept columns, and for each theme ``CODE`` (0, 1; null where the
        offer has no text) and ``CODE_probability``. Partitions and index are those of ``ddf``.

    Raises
    ------
    MissingDependencyError
        If Dask is not installed.
    TypeError
        If ``ddf`` is no Dask DataFrame, the model is neither a Pipeline that ends in a
        ThemeClassifier nor one itself, or ``keep_columns`` is a string.
    NotFittedError
        If the model is not fitted.
    ValueError
        If the offers have no text column, or lack one that the model needs or that
        ``keep_columns`` names, if kept columns collide with computed ones, or if the Pipeline
        has other steps than teachers, filters and the student.

    See Also
    --------
    label_spark : The same for Spark.
    label_corpus : The same on one machine, from files to files.

    Notes
    -----
    The student is a task of its own in the graph: it reaches each worker once, also one that
    joins late or takes a dead one's place, and each process unpickles it once. The workers need
    this package, of the same version. Labels do not depend on partitions. Warnings, as of
    unreadable dates, are in the workers' logs.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from jocas_themes import ThemeClassifier, label_dask, load_sample_annotations, make_offers
    >>> student = ThemeClassifier().fit(load_sample_annotations())
    >>> offers = dd.from_pandas(make_offers(50, random_state=0), npartitions=2)
    >>> labels = label_dask(offers, student, keep_columns=["date_firstSeenDay"])
    >>> labels.compute(scheduler="synchronous").shape
    (50, 14)
    """
    dask = import_optional("dask", extra="dask", purpose="label_dask")
    dataframe = import_optional("dask.dataframe", extra="dask", purpose="label_dask")
    if not isinstance(ddf, dataframe.DataFrame):
        found = describe_stranger(
            ddf, made_by="dask.dataframe.from_pandas", read_by="dask.dataframe.read_parquet"
        )
        raise TypeError(f"ddf must be a Dask DataFrame, got {found}")
    labelling = plan_labelling(model, list(ddf.columns), keep_columns)
    return ddf[labelling.columns].map_partitions(
        _label_partition,
        # An argument that is no task of its own would be copied into the task of each partition.
        dask.delayed(labelling, traverse=False),
        meta=_to_pandas(labelling.schema.empty_table()),
    )


def _label_partition(offers: pd.DataFrame, labelling: Labelling) -> pd.DataFrame:
    """Label one partition, a batch after the other."""
    starts = range(0, len(offers), _BATCH_ROWS)
    batches = (_to_arrow(offers.iloc[start : start + _BATCH_ROWS]) for start in starts)
    tables = [labelling.schema.empty_table(), *label_batches(labelling, batches)]
    return _to_pandas(pa.concat_tables(tables)).set_index(offers.index)


def _to_arrow(offers: pd.DataFrame) -> pa.Table | pd.DataFrame:
    """Convert to Arrow, which is labelled faster, unless a column holds what Arrow cannot."""
    try:
        return pa.Table.from_pandas(offers, preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError):  # mixed types; lone surrogates
        return offers


def _to_pandas(labels: pa.Table) -> pd.DataFrame:
    """Convert to types that do not depend on whether a partition has missing labels."""
    frame: pd.DataFrame = labels.to_pandas(types_mapper={pa.int8(): pd.Int8Dtype()}.get)
    return frame
