"""`label_spark`: the labels of a Spark DataFrame, computed where its partitions are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from jocas_themes._optional import import_optional
from jocas_themes.corpus._batches import Labelling, describe_stranger, label_batches, plan_labelling
from jocas_themes.corpus._label import KEEP_COLUMNS

_SPARK_TYPES = {
    pa.string(): "string",
    pa.float64(): "double",
    pa.float32(): "float",
    pa.int8(): "byte",
    # A day as it was written, in no time zone.
    pa.timestamp("us"): "timestamp_ntz",
}


def label_spark(df: Any, model: Any, *, keep_columns: Sequence[str] = KEEP_COLUMNS) -> Any:
    """Label the offers of a Spark DataFrame.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        Offers: JOCAS columns, or those that the model was fitted on. Only the columns that are
        needed are read.
    model : Pipeline or ThemeClassifier
        Fitted; no language model is called. Of a Pipeline the student alone is sent.
    keep_columns : sequence of str
        Own columns to carry over. By default those that trends are broken down by, null where
        the offers lack them.

    Returns
    -------
    pyspark.sql.DataFrame
        Lazy: ``offer_id``, the kept columns, and for each theme ``CODE`` (0, 1; null where the
        offer has no text) and ``CODE_probability``, a row an offer. Dates are timestamps
        without time zone.

    Raises
    ------
    MissingDependencyError
        If PySpark is not installed.
    TypeError
        If ``df`` is no Spark DataFrame, the model is neither a Pipeline that ends in a
        ThemeClassifier nor one itself, or ``keep_columns`` is a string.
    NotFittedError
        If the model is not fitted.
    ValueError
        If the offers have no text column, or lack one that the model needs or that
        ``keep_columns`` names, if kept columns collide with computed ones, or if the Pipeline
        has other steps than teachers, filters and the student.

    See Also
    --------
    label_dask : The same for Dask.
    label_corpus : The same on one machine, from files to files.

    Notes
    -----
    The student travels as a broadcast variable, once to an executor, and each Python worker
    unpickles it once. Spark Connect has no such variables: there the function that is sent
    carries it. The workers need this package, of the same version. Labels do not depend
    on partitions and batches, whose size is ``spark.sql.execution.arrow.maxRecordsPerBatch``.
    Warnings, as of unreadable dates, are in the workers' logs.

    Examples
    --------
    >>> offers = spark.read.parquet("s3a://jocas/offers/")  # doctest: +SKIP
    >>> labels = label_spark(offers, load_model("model"))  # doctest: +SKIP
    >>> labels.write.parquet("s3a://jocas/labels/")  # doctest: +SKIP
    """
    sql = import_optional("pyspark.sql", extra="spark", purpose="label_spark")
    types = import_optional("pyspark.sql.types", extra="spark", purpose="label_spark")
    if not isinstance(df, sql.DataFrame):
        found = describe_stranger(df, made_by="spark.createDataFrame", read_by="spark.read.parquet")
        raise TypeError(f"df must be a Spark DataFrame, got {found}")
    labelling = plan_labelling(model, df.columns, keep_columns)
    schema = types.StructType()
    for column in labelling.schema:
        schema.add(column.name, _SPARK_TYPES[column.type])
    function = _build_function(labelling, getattr(df.sparkSession, "sparkContext", None))
    return df.select(*labelling.columns).mapInArrow(function, schema)


def _build_function(
    labelling: Labelling, context: Any
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Build what Spark runs on each partition; it carries the student itself in Spark Connect."""
    sent = labelling if context is None else context.broadcast(labelling)

    def label(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        received = sent if isinstance(sent, Labelling) else sent.value
        for labels in label_batches(received, batches):
            yield from labels.to_batches()

    return label
