"""Tables of other columns and lengths become chunks of one length."""

import numpy as np
import pandas as pd

from jocas_themes.offers.reading._chunks import Chunker


def test_rows_are_cut_and_what_is_left_is_kept():
    chunker = Chunker(3, ["a"])
    chunker.add(pd.DataFrame({"a": [1, 2]}))
    assert list(chunker.pop_full()) == []
    chunker.add(pd.DataFrame({"a": [3, 4, 5, 6, 7]}))
    assert [chunk["a"].tolist() for chunk in chunker.pop_full()] == [[1, 2, 3], [4, 5, 6]]
    assert chunker.n_rows == 1
    assert chunker.join()["a"].tolist() == [7]


def test_columns_come_as_they_are_met_after_the_first_ones():
    chunker = Chunker(9, ["offer_id", "z"])
    chunker.add(pd.DataFrame({"offer_id": ["1"], "b": [True]}))
    chunker.add(pd.DataFrame({"a": [1], "job_title": ["x"]}))
    chunker.add(pd.DataFrame({"date_x": pd.to_datetime([])}))
    joined = chunker.join()
    assert joined.columns.tolist() == ["offer_id", "z", "b", "a", "job_title", "date_x"]
    assert joined.isna().to_numpy().tolist() == [
        [False, True, False, True, True, True],
        [True, True, True, False, False, True],
    ]
    assert joined["job_title"].tolist() == [None, "x"]
    assert joined["a"].dtype == np.float64
    assert joined["date_x"].dtype == "datetime64[us]"


def test_without_rows_the_columns_are_there():
    chunker = Chunker(2, ["offer_id"])
    chunker.add(pd.DataFrame({"salary_min": pd.Series([], dtype=float)}))
    assert list(chunker.pop_full()) == []
    assert chunker.join().shape == (0, 2)
