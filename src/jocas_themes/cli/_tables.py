"""Tables in and out of the command line."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from jocas_themes._files import replace_when_whole
from jocas_themes.errors import OffersError
from jocas_themes.offers.reading import to_text


def read_labelled(path: str) -> pd.DataFrame:
    """Read a table of labels: Parquet, CSV or JSONL, by its ending."""
    file = Path(path)
    if not file.is_file():
        raise OffersError(f"there is no file {path}.")
    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        if file.suffix == ".csv":
            return pd.read_csv(file, sep=None, engine="python", dtype={"offer_id": str})
        if file.suffix in {".jsonl", ".ndjson"}:
            return pd.read_json(file, lines=True, dtype={"offer_id": str})
    except Exception as error:  # the readers raise a dozen kinds
        raise OffersError(f"{path} cannot be read: {error}") from error
    raise OffersError(f"{path} must end in .parquet, .csv or .jsonl.")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole."""
    with replace_when_whole(path) as staging:
        try:
            table.to_parquet(staging, index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # a column of cells of several types
            mixed = table.select_dtypes("object").columns
            table = table.assign(**{name: table[name].map(to_text) for name in mixed})
            table.to_parquet(staging, index=False)


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print a table as people read it: a title, short figures, no index."""
    print(f"\n{title}\n")
    if table.empty:
        print("(none)")
        return
    print(table.apply(_format).to_string(index=False))


def _format(column: Any) -> Any:
    """Write one column's cells for people."""
    if column.dtype.kind == "f":
        return column.map(_show_number)
    if column.dtype.kind == "M":
        return column.dt.strftime("%Y-%m")
    return column


def _show_number(value: float) -> str:
    """Show shares and scores with three digits, lengths and counts with none."""
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.0f}"


def check_folder(out: str) -> Path:
    """Refuse a folder that could not be made in the end."""
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise ValueError(f"--out must be a folder, got the file {out}.")
    return path


def check_out(out: str, ending: str, *, option: str = "--out") -> Path:
    """Refuse a file that could not be written in the end."""
    path = Path(out)
    if path.suffix != ending:
        raise ValueError(f"{option} must end in {ending}, got {out!r}.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{option} is in a folder that is not there: {path.absolute().parent}.")
    return path
