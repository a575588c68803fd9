"""Reading labels: a table, or a folder of Parquet parts, batch by batch."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import to_frame
from jocas_themes.offers._columns import DATE_COLUMNS
from jocas_themes.offers._days import choose_date_columns

PROBABILITY = "_probability"

_BATCH_ROWS = 262_144
_SUFFIXES = {"probability": PROBABILITY, "label": ""}


def open_labels(labels: Any, *, stacklevel: int = 2) -> pd.DataFrame | list[Path]:
    """Return the table itself, or the parts of a folder; warn of one that is incomplete."""
    labels = to_frame(labels)
    if isinstance(labels, pd.DataFrame):
        return labels
    if (Path(labels) / "_INCOMPLETE").exists():
        warnings.warn(
            f"labelling was interrupted in {str(labels)!r}: the shares are those of the "
            f"beginning of the source only. Go on with it: label_corpus(..., resume=True).",
            JocasThemesWarning,
            stacklevel=stacklevel + 1,
        )
    return list_parts(labels)


def list_parts(labels: str | Path) -> list[Path]:
    """List the parts of a folder, but for hidden files and folders; or the one file."""
    scheme, is_url, _ = str(labels).partition("://")
    if is_url:
        raise ValueError(
            f"the labels must be a DataFrame or a folder of this machine, got a URL ({scheme}://). "
            f"Pass the table of done.read(), where done is what label_corpus returned."
        )
    folder = Path(labels)
    if folder.is_file():
        return [folder]
    parts = sorted(
        path
        for path in folder.rglob("*.parquet")
        if not any(name.startswith((".", "_")) for name in path.relative_to(folder).parts)
    )
    if not parts:
        raise FileNotFoundError(
            f"the labels must be a DataFrame or a folder of Parquet parts, found no part in "
            f"{str(folder)!r}. Write them with label_corpus."
        )
    return parts


def read_dtypes(source: pd.DataFrame | list[Path]) -> dict[str, Any]:
    """Return the dtype of each column, from the first part's footer for a folder."""
    if isinstance(source, pd.DataFrame):
        return {str(name): dtype for name, dtype in source.dtypes.items()}
    with _open_part(source[0]) as part:
        return read_dtypes(part.schema_arrow.empty_table().to_pandas())


def choose_themes(columns: Iterable[str], themes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the codes asked for, or those that have a label and a probability."""
    columns = list(columns)
    found = [name for name in columns if name + PROBABILITY in columns and name != PROBABILITY]
    if themes is None:
        if not found:
            raise ValueError(
                f"the labels hold no theme: no CODE has a CODE{PROBABILITY} column; found "
                f"{columns[:5]!r} ({len(columns)} in all). Name them: themes=(...)."
            )
        return tuple(found)
    if isinstance(themes, str) or not len(themes):
        remedy = f" Write [{themes!r}]." if isinstance(themes, str) and themes else ""
        raise ValueError(f"themes must be a non-empty sequence of codes, got {themes!r}.{remedy}")
    absent = [code for code in themes if not {code, code + PROBABILITY} & set(columns)]
    if absent:
        there, what = (found, "themes") if found else (columns, "columns")
        near = get_close_matches(absent[0], there, 1)
        remedy = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"the labels lack the themes {absent[:5]!r} ({len(absent)} in all); found the {what} "
            f"{there[:5]!r} ({len(there)} in all).{remedy}"
        )
    return tuple(dict.fromkeys(themes))


def choose_prediction(
    columns: Iterable[str], themes: Sequence[str], prediction: str | None = None
) -> str:
    """Choose what predicts a theme: its probability where all themes have one, else its label.

    Parameters
    ----------
    columns : iterable of str
        Columns of the labels.
    themes : sequence of str
        Codes of the themes.
    prediction : {"probability", "label"}, optional
        What is asked for; it must be there for all themes.

    Returns
    -------
    {"probability", "label"}
        The former is read in ``CODE_probability``, the latter in ``CODE``.

    Raises
    ------
    ValueError
        If `prediction` is neither, or if a theme lacks it.

    Examples
    --------
    >>> from jocas_themes.trends.aggregation import choose_prediction
    >>> choose_prediction(["REMOTE", "REMOTE_probability"], ["REMOTE"])
    'probability'
    """
    if prediction is not None and prediction not in _SUFFIXES:
        raise ValueError(f"prediction must be 'probability', 'label' or None, got {prediction!r}.")
    columns = set(columns)
    lacking = {
        kind: [code + suffix for code in themes if code + suffix not in columns]
        for kind, suffix in _SUFFIXES.items()
    }
    if prediction is None:
        prediction = "label" if lacking["probability"] else "probability"
    if absent := lacking[prediction]:
        raise ValueError(
            f"the labels lack the columns {absent[:5]!r} ({len(absent)} in all), which "
            f"prediction={prediction!r} needs. Use the other one, or name fewer themes."
        )
    return prediction


def choose_dates(columns: Sequence[str], date_column: str | None) -> list[str]:
    """Return the date column asked for, or those known: an offer's first date counts."""
    found = choose_date_columns(columns, date_column)
    if not found:
        candidates = DATE_COLUMNS if date_column is None else (date_column,)
        raise ValueError(
            f"the labels lack a date column: none of {list(candidates)} is there. Keep one with "
            f"label_corpus(keep_columns=...), or name yours: date_column=..."
        )
    return found


def iter_tables(
    source: pd.DataFrame | list[Path], columns: Sequence[str], coded: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    """Yield the columns, batch by batch; those of `coded`, in a folder, as categories."""
    columns = list(columns)
    if isinstance(source, pd.DataFrame):
        for start in range(0, max(len(source), 1), _BATCH_ROWS):
            yield source.iloc[start : start + _BATCH_ROWS][columns]
        return
    batches: list[pa.RecordBatch] = []
    for batch in _iter_batches(source, columns, coded):
        # A column without any value may be of another type in one part than in the others.
        is_full = sum(map(len, batches)) >= _BATCH_ROWS
        if batches and (is_full or batch.schema != batches[0].schema):
            yield _to_pandas(batches)
            batches = []
        batches.append(batch)
    if batches:
        yield _to_pandas(batches)


def _iter_batches(
    parts: Iterable[Path], columns: list[str], coded: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all parts; one empty batch of each that has none."""
    for path in parts:
        with _open_part(path, read_dictionary=list(coded)) as part:
            absent = sorted(set(columns) - set(part.schema_arrow.names))
            if absent:
                raise ValueError(
                    f"{path} lacks the columns {absent[:5]!r} of the first part. The parts of a "
                    f"folder must come from one model: label the offers again."
                )
            if not part.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], part.schema_arrow).select(columns)
            for batch in part.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                yield batch.select(columns)  # they come in the order of the file's columns


def _to_pandas(batches: list[pa.RecordBatch]) -> pd.DataFrame:
    """Join small batches, such as parts are: a larger one is summed in fewer strokes."""
    table: pd.DataFrame = pa.Table.from_batches(batches).unify_dictionaries().to_pandas()
    return table


def _open_part(path: Path, read_dictionary: list[str] | None = None) -> pq.ParquetFile:
    """Open a part, or say which one is broken."""
    try:
        return pq.ParquetFile(path, read_dictionary=read_dictionary)
    except pa.ArrowInvalid as error:
        raise OffersError(
            f"{path} is not a Parquet file: {error}. Label the offers anew: label_corpus(..., "
            f"overwrite=True)."
        ) from error


def name_predictions(themes: Sequence[str], prediction: str) -> list[str]:
    """Name the columns that predict the themes."""
    return [code + _SUFFIXES[prediction] for code in themes]


def read_predictions(
    table: pd.DataFrame, themes: Sequence[str], prediction: str
) -> npt.NDArray[np.float64]:
    """Read the predictions of all themes, NaN where unknown, and refuse those out of range."""
    names = name_predictions(themes, prediction)
    values = table[names].astype("float64").to_numpy()
    if prediction == "probability":
        wrong = (values < 0) | (values > 1)
        must, remedy = "probabilities must be 0 to 1 or missing", "Divide percentages by 100."
    else:
        wrong = (values != 0) & (values != 1) & ~np.isnan(values)
        must, remedy = "labels must be 0, 1 or missing", "Put a threshold on probabilities first."
    if wrong.any():
        place = int(wrong.any(axis=0).argmax())
        offenders = values[wrong[:, place], place]
        raise ValueError(
            f"{must}, got {offenders[:5].tolist()!r} in {names[place]!r} "
            f"({len(offenders)} in all). {remedy}"
        )
    return values
