import hashlib
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.offers import as_offers

RAW = ["Cariste <b>CACES 3</b>", "", "R&amp;D"]
CLEAN = ["Cariste CACES 3", "", "R&D"]


def make_id(text: str) -> str:
    """Work an id out as documented: 16 hexadecimal digits of the text's SHA-256."""
    return "text-" + hashlib.sha256(text.encode()).hexdigest()[:16]


class TestSequencesOfTexts:
    @pytest.mark.parametrize(
        "make",
        [
            list,
            tuple,
            iter,
            np.array,
            lambda texts: np.array(texts, dtype=object),
            lambda texts: np.array(texts, dtype=object).reshape(-1, 1),
            lambda texts: pd.Series(texts, dtype=object),
            lambda texts: pd.Series(texts, dtype="string"),
            lambda texts: pd.Series(texts, dtype="category"),
            pd.Index,
            pa.array,
            lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
        ],
    )
    def test_every_kind(self, make: Any) -> None:
        offers = as_offers(make(RAW))
        assert offers.columns.tolist() == ["offer_id", "text"]
        assert offers["text"].tolist() == CLEAN
        assert offers["offer_id"].tolist() == [make_id(text) for text in CLEAN]
        assert offers.index.tolist() == [0, 1, 2]

    @pytest.mark.parametrize("index", [[5, 3, 9], [1, 1, 1], ["x", "y", "z"]])
    def test_a_series_keeps_its_index(self, index: list[Any]) -> None:
        assert as_offers(pd.Series(RAW, index=index)).index.tolist() == index

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "nan", "NaN", "  "])
    def test_missing_texts_become_empty(self, missing: object) -> None:
        assert as_offers(["un", missing, "deux"])["text"].tolist() == ["un", "", "deux"]

    def test_no_texts(self) -> None:
        assert as_offers([]).shape == (0, 2)

    def test_nul_and_lone_surrogates(self) -> None:
        assert as_offers(["a\x00b", "\ud800"])["text"].tolist() == ["a b", "\ufffd"]

    @pytest.mark.parametrize(
        ("X", "kind"),
        [
            ("one text", "str"),
            (b"one text", "bytes"),
            ({"job_title": ["x"]}, "dict"),
            (5, "int"),
            (None, "NoneType"),
            (np.nan, "float"),
            (object, "type"),
        ],
    )
    def test_what_is_no_sequence(self, X: Any, kind: str) -> None:
        with pytest.raises(TypeError, match=f"X must be a sequence of texts.*got {kind}"):
            as_offers(X)

    @pytest.mark.parametrize(
        ("X", "kind", "counts"),
        [
            ([1, 2, 3], "int", "3 of 3"),
            (["a", 1.5], "float", "1 of 2"),
            (["a", b"b"], "bytes", "1 of 2"),
            ([["a"], ["b"]], "list", "2 of 2"),
            ([{"job_title": "x"}], "dict", "1 of 1"),
            (np.array([["a", "b"]]), "ndarray", "1 of 1"),
            (pd.Series([True]), "bool", "1 of 1"),
        ],
    )
    def test_what_is_no_text_is_counted(self, X: Any, kind: str, counts: str) -> None:
        with pytest.raises(TypeError, match=rf"X must hold texts, got {kind} .*\({counts}\)"):
            as_offers(X)

    @settings(deadline=None, max_examples=50)
    @given(texts=st.lists(st.text(st.characters(), max_size=20), max_size=8))
    def test_order_and_count_are_kept_and_twice_is_once(self, texts: list[str]) -> None:
        offers = as_offers(texts)
        assert len(offers) == len(texts)
        assert [as_offers([text])["text"][0] for text in texts] == offers["text"].tolist()
        again = as_offers(offers)
        pd.testing.assert_frame_equal(again, offers)


class TestTables:
    def test_jocas_columns(self) -> None:
        X = pd.DataFrame(
            {
                "site_name": ["apec", "apec"],
                "job_title": ["Cariste", "Soudeur"],
                "description_full": ["<p>CACES 3</p>", None],
                "ID_JOCAS": ["a1", "a2"],
            },
            index=[4, 4],
        )
        offers = as_offers(X)
        assert offers.columns.tolist() == ["offer_id", "text", *X.columns]
        assert offers["offer_id"].tolist() == ["a1", "a2"]
        assert offers["text"].tolist() == ["Cariste\nCACES 3", "Soudeur"]
        assert offers.index.tolist() == [4, 4]
        pd.testing.assert_frame_equal(offers[X.columns.tolist()], X)

    def test_own_columns_keep_their_types(self) -> None:
        X = pd.DataFrame(
            {
                "text": ["a", "b"],
                "n": pd.array([1, None], dtype="Int64"),
                "kind": pd.Categorical(["x", "y"]),
                "day": pd.to_datetime(["2020-01-02", None]),
            }
        )
        pd.testing.assert_frame_equal(as_offers(X)[["n", "kind", "day"]], X[["n", "kind", "day"]])

    def test_a_text_column_wins_over_the_jocas_ones(self) -> None:
        X = pd.DataFrame({"text": ["R&amp;D", None], "job_title": ["x", "y"]})
        assert as_offers(X)["text"].tolist() == ["R&D", ""]

    def test_text_columns_win_over_a_text_column(self) -> None:
        X = pd.DataFrame({"text": ["old"], "a": ["<b>un</b>"], "b": ["deux"]})
        offers = as_offers(X, text_columns=("b", "a"))
        assert offers["text"].tolist() == ["deux\nun"]
        assert offers.columns.tolist() == ["offer_id", "text", "a", "b"]
        assert as_offers(X, text_columns=("text",))["text"].tolist() == ["old"]

    @pytest.mark.parametrize("text_columns", [None, ("job_title",)])
    def test_an_annotated_table_keeps_its_texts_as_they_are(
        self, text_columns: tuple[str, ...] | None
    ) -> None:
        X = pd.DataFrame(
            {
                "offer_id": ["1", "2"],
                "text": ["a  <b>b</b>", None],
                "A": [1.0, 0.0],
                "status": ["ok", None],
                "A_confidence": [90, None],
                "A_evidence": [None, None],
                "job_title": ["x", "y"],
            }
        )
        offers = as_offers(X, text_columns=text_columns)
        assert offers["text"].tolist() == ["a  <b>b</b>", ""]
        assert offers.columns.tolist() == X.columns.tolist()

    def test_an_annotated_table_with_any_text_and_no_id(self) -> None:
        X = pd.DataFrame(
            {
                "offer_id": [None],
                "text": ["\ud800"],
                "A": [0],
                "A_confidence": [1],
                "A_evidence": [None],
                "status": ["ok"],
            },
            dtype=object,
        )
        assert re.fullmatch("text-[0-9a-f]{16}", as_offers(X)["offer_id"][0])

    @pytest.mark.parametrize("kind", [pa.Table, pa.RecordBatch])
    def test_arrow(self, kind: Any) -> None:
        columns = {
            "ID_JOCAS": pa.array(["a", None]),
            "job_title": pa.array(["Cariste", None]),
            "description_full": pa.array([None, "tout"], pa.large_string()),
            "contractType": pa.array(["CDI", "CDD"]).dictionary_encode(),
        }
        offers = as_offers(kind.from_pydict(columns))
        assert offers["offer_id"].tolist() == ["a", make_id("tout")]
        assert offers["text"].tolist() == ["Cariste", "tout"]
        assert offers["contractType"].tolist() == ["CDI", "CDD"]

    def test_arrow_made_from_pandas_keeps_the_index(self) -> None:
        X = pd.DataFrame({"text": ["a", "b"]}, index=["x", "y"])
        assert as_offers(pa.Table.from_pandas(X)).index.tolist() == ["x", "y"]

    def test_no_offers(self) -> None:
        offers = as_offers(pd.DataFrame({"job_title": [], "n": []}))
        assert offers.shape == (0, 4)

    def test_columns_may_be_named_by_numbers(self) -> None:
        offers = as_offers(pd.DataFrame({0: ["a"], 1: ["b"]}), text_columns=(0,))  # type: ignore[arg-type]
        assert offers["text"].tolist() == ["a"]

    def test_no_text_column(self) -> None:
        with pytest.raises(ValueError, match=r"offers have no text.*found \['texte'\].*Rename"):
            as_offers(pd.DataFrame({"texte": ["x"]}))

    def test_no_text_column_in_arrow(self) -> None:
        with pytest.raises(ValueError, match=r"offers have no text.*found \['texte'\].*Rename"):
            as_offers(pa.table({"texte": ["x"]}))

    @pytest.mark.parametrize(
        "X",
        [
            pd.DataFrame([["a", "b"]], columns=["text", "text"]),
            pd.DataFrame([["a", "b", "c"]], columns=["job_title", "x", "x"]),
            pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]),
        ],
    )
    def test_two_columns_of_one_name(self, X: Any) -> None:
        with pytest.raises(ValueError, match=r"own name; repeated: \['(text|x)'\]"):
            as_offers(X)


class TestIds:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("a1", "a1"),
            (" a1\n", "a1"),
            (12, "12"),
            (12.0, "12"),  # what a spreadsheet makes of 12
            (1e15, "1000000000000000"),
            (12.5, "12.5"),
            (np.int64(9_007_199_254_740_993), "9007199254740993"),
            (Decimal(12), "12"),
            ("012", "012"),
            (0, "0"),
        ],
    )
    @pytest.mark.parametrize("column", ["offer_id", "ID_JOCAS"])
    def test_read_as_strings(self, value: object, expected: str, column: str) -> None:
        X = pd.DataFrame({"text": ["x"], column: pd.Series([value], dtype=object)})
        assert as_offers(X)["offer_id"].tolist() == [expected]

    def test_a_column_of_floats_with_gaps(self) -> None:
        X = pd.DataFrame({"text": ["x", "y"], "ID_JOCAS": [1234567.0, np.nan]})
        assert as_offers(X)["offer_id"].tolist() == ["1234567", make_id("y")]

    def test_offer_id_then_id_jocas_then_the_text(self) -> None:
        X = pd.DataFrame(
            {
                "ID_JOCAS": ["j1", "j2", "nan", None],
                "offer_id": ["o1", None, np.nan, "  "],
                "text": ["a", "b", "c", "d"],
            }
        )
        offers = as_offers(X)
        assert offers["offer_id"].tolist() == ["o1", "j2", make_id("c"), make_id("d")]
        assert offers.columns.tolist() == ["offer_id", "text", "ID_JOCAS"]

    def test_an_id_from_the_text_depends_on_the_clean_text_alone(self) -> None:
        ids = as_offers(["<p>R&amp;D</p>", "R&D", " R&D ", "r&d"])["offer_id"].tolist()
        assert ids == [make_id("R&D")] * 3 + [make_id("r&d")]


@pytest.mark.parametrize(
    "X",
    [
        ["<b>a</b>", None],
        np.array(["<b>a</b>", None], dtype=object),
        pd.Series(["<b>a</b>", None], index=[3, 3]),
        pd.DataFrame({"text": ["<b>a</b>", None], "offer_id": [1.0, None], "n": [1, 2]}),
        pd.DataFrame({"offer_id": ["1"], "text": ["<b>a</b>"], "status": ["ok"], "n": [1]}),
        pd.DataFrame(
            {"offer_id": ["1"], "text": ["a"], "status": ["ok"], "A_confidence": [1], "n": [1]}
        ),
    ],
    ids=["list", "ndarray", "Series", "DataFrame", "status", "annotated"],
)
def test_neither_the_call_nor_the_result_changes_the_input(X: Any) -> None:
    before = repr(X)
    offers = as_offers(X)
    offers.loc[offers.index[0], "text"] = "changed"
    offers.loc[offers.index[0], "n"] = 99
    assert repr(X) == before
