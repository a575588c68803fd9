"""All formats give the same offers, and chunks are nothing but a way to hold them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import as_offers, iter_offers, read_offers


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


ROWS = pd.DataFrame(
    {
        "ID_JOCAS": ["A1", None, "A3"],
        "date_firstSeenDay": ["05/03/2021", None, "2021-03-07T10:00:00+01:00"],
        "job_title": ["Cariste", "Soudeur", None],
        "salary_min": ["1 800", "1900,5", None],
        "location_zipcode": ["1000", None, "75001.0"],
        "mine": ["x", None, "z"],
    }
)


def write_csv(rows, name):
    rows.to_csv(name, sep=";", index=False, na_rep="NaN", encoding="utf-8-sig")
    return name


def write_all(rows):
    rows.to_parquet("a.parquet", index=False)
    rows.to_json("a.jsonl", orient="records", lines=True, force_ascii=False)
    return write_csv(rows, "a.csv"), "a.jsonl", "a.parquet"


def without_nan(frame):
    """Write all missing texts in one way: pd.concat has its own for columns that it fills."""
    texts = frame.select_dtypes(object).columns
    return frame.assign(
        **{name: [None if pd.isna(v) else v for v in frame[name]] for name in texts}
    )


def test_all_formats_give_the_same_offers():
    tables = [read_offers(name) for name in write_all(ROWS)]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
    table = tables[0]
    assert table.columns.tolist() == ["offer_id", *ROWS.columns]
    assert table["offer_id"].tolist() == as_offers(ROWS)["offer_id"].tolist()
    assert table["offer_id"][0] == "A1"
    assert table["offer_id"][1].startswith("text-")
    assert table["date_firstSeenDay"].dtype == "datetime64[us]"
    assert table["date_firstSeenDay"].dt.day.tolist()[::2] == [5, 7]
    assert table["salary_min"].tolist()[:2] == [1800, 1900.5]
    assert table["location_zipcode"].tolist() == ["01000", None, "75001"]
    assert table["job_title"].tolist() == ["Cariste", "Soudeur", None]
    assert table["mine"].tolist() == ["x", None, "z"]


def test_ids_prefer_offer_id_and_are_cleaned():
    rows = pd.DataFrame(
        {
            "ID_JOCAS": ["A1", "A2", " A 3 ", "\u200b"],
            "offer_id": ["B1", None, None, None],
            "description_full": ["a", "b", "c", "d"],
        }
    )
    for name in write_all(rows):
        offers = read_offers(name)
        assert offers.columns.tolist() == ["offer_id", "ID_JOCAS", "description_full"]
        assert offers["offer_id"].tolist() == as_offers(rows)["offer_id"].tolist()
        assert offers["offer_id"].tolist()[:3] == ["B1", "A2", "A 3"]
        again = as_offers(offers)
        assert again["offer_id"].tolist() == offers["offer_id"].tolist()


def test_ids_come_from_the_columns_that_are_named():
    rows = pd.DataFrame({"titre": ["a", "b"], "texte": ["c", None], "job_title": ["x", "y"]})
    expected = as_offers(rows, text_columns=["titre", "texte"])["offer_id"].tolist()
    for name in write_all(rows):
        offers = read_offers(name, ["job_title"], text_columns=["titre", "texte"])
        assert offers.columns.tolist() == ["offer_id", "job_title"]
        assert offers["offer_id"].tolist() == expected
    text = pd.DataFrame({"text": ["<b>a</b>", "b"]})
    for name in write_all(text):
        assert read_offers(name)["offer_id"].tolist() == as_offers(text)["offer_id"].tolist()


def test_offers_without_id_and_text_are_refused():
    for name in write_all(pd.DataFrame({"salary_min": ["1"]})):
        with pytest.raises(OffersError, match=r"neither an id .* found \['salary_min'\]"):
            read_offers(name)


def test_requested_columns_come_in_their_order():
    for name in write_all(ROWS):
        wanted = ["mine", "job_title", "mine", "offer_id"]
        assert read_offers(name, wanted).columns.tolist() == ["offer_id", "mine", "job_title"]
        assert read_offers(name, []).columns.tolist() == ["offer_id"]
        some = read_offers(name, lambda column: column.startswith("location_"))
        assert some.columns.tolist() == ["offer_id", "location_zipcode"]


def test_a_column_that_no_file_has_is_an_error_before_any_row():
    for name in write_all(ROWS):
        with pytest.raises(
            OffersError, match=r"no file has the columns \['no'\] of columns=.*'job_title'"
        ):
            iter_offers(name, columns=["job_title", "no"])
        with pytest.raises(OffersError, match=r"columns \['texte'\] of text_columns=\.\.\.;"):
            iter_offers(name, text_columns=["texte"])
    with pytest.raises(TypeError, match="columns must be a sequence of column names, got 'mine'"):
        read_offers("a.csv", "mine")
    with pytest.raises(ValueError, match="text_columns must name a column"):
        read_offers("a.csv", text_columns=[])


def test_a_column_that_some_files_lack_is_missing_there():
    write_csv(pd.DataFrame({"offer_id": [1], "job_title": ["a"]}), "1.csv")
    write_csv(
        pd.DataFrame({"offer_id": [2], "salary_min": [9], "date_lastSeenDay": ["2021-03-05"]}),
        "2.csv",
    )
    Path("3.jsonl").write_text('{"offer_id": "3", "mine": [1]}\n')
    offers = read_offers(["2.csv", "3.jsonl", "1.csv"])
    assert offers["offer_id"].tolist() == ["1", "2", "3"]
    assert offers["job_title"].tolist() == ["a", None, None]
    assert offers["salary_min"].isna().tolist() == [True, False, True]
    assert offers["date_lastSeenDay"].isna().tolist() == [True, False, True]
    assert offers["date_lastSeenDay"].dtype == "datetime64[us]"
    assert offers["mine"].isna().tolist() == [True, True, False]
    chunks = list(iter_offers("*.*s*", chunk_rows=1, columns=["mine", "salary_min"]))
    assert [chunk.columns.tolist() for chunk in chunks] == [["offer_id", "mine", "salary_min"]] * 3
    chunks = list(iter_offers("*.*s*", 1))
    assert [chunk.shape for chunk in chunks] == [(1, 2), (1, 4), (1, 5)]


def test_chunks_are_full_but_for_the_last_also_across_files():
    for number in range(5):
        write_csv(
            pd.DataFrame({"offer_id": [f"{number}-{row}" for row in range(3)]}), f"{number}.csv"
        )
    chunks = list(iter_offers("*.csv", 4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 4, 3]
    assert all(chunk.index.equals(pd.RangeIndex(len(chunk))) for chunk in chunks)
    ids = [offer_id for chunk in chunks for offer_id in chunk["offer_id"]]
    assert ids == [f"{number}-{row}" for number in range(5) for row in range(3)]


@pytest.mark.parametrize("chunk_rows", [0, -1, 1.5, "10", None])
def test_chunk_rows_must_be_a_count(chunk_rows):
    with pytest.raises(ValueError, match="chunk_rows must be a whole number from 1 on"):
        iter_offers("a.csv", chunk_rows)


def test_one_warning_for_all_that_was_unreadable():
    for name in ("1.csv", "2.csv"):
        rows = {
            "offer_id": [1, 2],
            "date_lastSeenDay": ["31/02/2020", "x"],
            "salary_min": ["?", "1"],
        }
        write_csv(pd.DataFrame(rows), name)
    expected = r"'date_lastSeenDay': 4 \(such as '31/02/2020'\), 'salary_min': 2 \(such as '\?'\)"
    with pytest.warns(JocasThemesWarning, match=expected) as caught:
        offers = read_offers(["1.csv", "2.csv"])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert offers["date_lastSeenDay"].isna().all()
    with pytest.warns(JocasThemesWarning, match=expected) as caught:
        for _ in iter_offers(["1.csv", "2.csv"], chunk_rows=1):
            pass
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_rejects_of_all_files_are_warned_of_once_and_never_read_as_offers():
    for name in ("1.csv", "2.csv"):
        Path(name).write_text("offer_id\nA\nB;C\n")
    for _ in range(2):  # the second time, the file of rejects lies beside the offers
        with pytest.warns(JocasThemesWarning, match="2 malformed rows.*1.csv:3.*2.csv:3") as caught:
            offers = read_offers(".", rejects_path="aside.jsonl")
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert offers["offer_id"].tolist() == ["A", "A"]
        kept = Path("aside.jsonl").read_text().splitlines()
        assert [json.loads(line)["raw"] for line in kept] == ["B;C", "B;C"]


@pytest.mark.real_data
def test_the_real_offers_keep_their_ids_and_texts(shared_data):
    path = shared_data / "offers_labelled.parquet"
    raw = pd.read_parquet(path)
    offers = read_offers(path)
    expected = as_offers(raw)
    found = as_offers(offers)
    assert found["offer_id"].tolist() == expected["offer_id"].tolist()
    assert found["text"].tolist() == expected["text"].tolist()
    assert offers["date_sitePublicationDay"].dt.strftime("%Y-%m-%d").tolist() == (
        raw["date_sitePublicationDay"].tolist()
    )
    assert offers["DIVERSITY"].dtype == np.int8


_CELLS = st.none() | st.sampled_from(
    ["A1", "", "NaN", "05/03/2021", "31/02/2020", "1,5", "75001.0", "<b>é</b>", 'a;"b\nc', 3, 2.0]
)
_COLUMNS = ["ID_JOCAS", "job_title", "date_firstSeenDay", "salary_min", "location_zipcode", "mine"]
_FILES = st.lists(
    st.tuples(
        st.sampled_from(["csv", "jsonl"]),
        st.lists(st.sampled_from(_COLUMNS), unique=True),
        st.lists(st.lists(_CELLS, min_size=6, max_size=6), max_size=5),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
@settings(max_examples=60, deadline=None)
@given(files=_FILES, chunk_rows=st.integers(1, 8))
def test_the_result_does_not_depend_on_chunk_rows(tmp_path_factory, files, chunk_rows):
    folder = tmp_path_factory.mktemp("offers")
    for number, (extension, columns, rows) in enumerate(files):
        names = ["job_title", *(name for name in columns if name != "job_title")]
        frame = pd.DataFrame([row[: len(names)] for row in rows], columns=names, dtype=object)
        path = folder / f"{number}.{extension}"
        if extension == "csv":
            write_csv(frame, path)
        else:
            # Keys that are null are left out, so that keys drift within the file.
            lines = (
                json.dumps({k: v for k, v in row.items() if v}) for row in frame.to_dict("records")
            )
            path.write_text(
                "".join(f"{line}\n" for line in lines if line != "{}"), encoding="utf-8"
            )
    try:
        whole = read_offers(folder)
    except OffersError:  # JSON lines without any id or text
        with pytest.raises(OffersError, match="neither an id"):
            list(iter_offers(folder, chunk_rows))
        return
    chunks = list(iter_offers(folder, chunk_rows))
    assert [len(chunk) for chunk in chunks[:-1]] == [chunk_rows] * (len(chunks) - 1)
    if chunks:
        joined = pd.concat(chunks, ignore_index=True)
        # A file without rows, at the end, may have columns that no chunk has met.
        met = whole.iloc[:, : joined.shape[1]]
        pd.testing.assert_frame_equal(without_nan(joined), without_nan(met))
    names = [name for name in whole.columns if name != "offer_id"]
    picked = list(iter_offers(folder, chunk_rows, columns=names))
    if picked:
        pd.testing.assert_frame_equal(
            without_nan(pd.concat(picked, ignore_index=True)), without_nan(whole)
        )
