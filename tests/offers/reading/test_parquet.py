"""Parquet: batches of the wanted columns, whatever the schema of each file."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jocas_themes.errors import OffersError
from jocas_themes.offers import as_offers, iter_offers, read_offers
from jocas_themes.offers.reading import _parquet


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def test_partitions_and_schemas_that_drift(tmp_path):
    write(
        tmp_path / "annee=2020" / "mois=1" / "a.parquet",
        ID_JOCAS=["A1", "A2"],
        salary_min=["1 800", "nan"],
        location_zipcode=[1000.0, None],
        date_firstSeenDay=["05/03/2020", "2020-03-06"],
        only_first=[1, 2],
    )
    write(
        tmp_path / "annee=2021" / "mois=2" / "b.parquet",
        ID_JOCAS=[7],
        salary_min=[1900],
        location_zipcode=["75001"],
        date_firstSeenDay=pa.array([18000], pa.date32()),
        job_title=pa.array(["Cariste"]).dictionary_encode(),
    )
    for pattern in (tmp_path, f"{tmp_path}/annee=*/mois=*/*.parquet"):
        offers = read_offers(pattern)
        assert offers["offer_id"].tolist() == ["A1", "A2", "7"]
        assert offers["salary_min"].isna().tolist() == [False, True, False]
        assert offers["salary_min"].sum() == 3700
        assert offers["location_zipcode"].tolist() == ["01000", None, "75001"]
        # 18,000 days after 1970-01-01: 49 years and 12 leap days, then 103 days more.
        expected = ["2020-03-05", "2020-03-06", "2019-04-14"]
        assert offers["date_firstSeenDay"].dt.strftime("%Y-%m-%d").tolist() == expected
        assert offers["job_title"].tolist() == [None, None, "Cariste"]
        assert offers["only_first"].tolist()[:2] == [1, 2]
        assert offers["annee"].tolist() == [2020, 2020, 2021]
        assert offers["mois"].tolist() == [1, 1, 2]


def test_a_column_of_the_file_wins_over_its_folder(tmp_path):
    write(tmp_path / "annee=2020" / "a.parquet", offer_id=["1"], annee=["2019"])
    assert read_offers(tmp_path)["annee"].tolist() == ["2019"]


def test_partition_keys_can_be_asked_for(tmp_path):
    write(tmp_path / "location_departement=1" / "a.parquet", offer_id=["1"])
    offers = read_offers(tmp_path, ["location_departement"])
    assert offers["location_departement"].tolist() == ["01"]


def test_only_wanted_columns_are_read(tmp_path, monkeypatch):
    read = []
    iter_batches = pq.ParquetFile.iter_batches

    def noted(self, *args, **kwargs):
        read.append(kwargs["columns"])
        return iter_batches(self, *args, **kwargs)

    monkeypatch.setattr(_parquet.pq.ParquetFile, "iter_batches", noted)
    path = write(tmp_path / "a.parquet", ID_JOCAS=["1", "2"], job_title=["a", "b"], url=["c", "d"])
    read_offers(path, ["url"])
    # First the ids, to see that no text is needed to make one, then the rows.
    assert read == [["ID_JOCAS"], ["ID_JOCAS", "url"]]


def test_ids_come_from_the_text_where_they_are_missing(tmp_path):
    columns = {"ID_JOCAS": ["1", "NaN"], "job_title": ["a", "b"], "url": ["c", "d"]}
    path = write(tmp_path / "a.parquet", **columns)
    offers = read_offers(path, ["url"])
    assert offers.columns.tolist() == ["offer_id", "url"]
    assert offers["offer_id"].tolist() == as_offers(pd.DataFrame(columns))["offer_id"].tolist()


def test_files_without_rows(tmp_path):
    path = write(
        tmp_path / "a.parquet", offer_id=pa.array([], pa.string()), n=pa.array([], pa.int8())
    )
    assert list(iter_offers(path)) == []
    assert read_offers(path).columns.tolist() == ["offer_id", "n"]


def test_files_that_are_no_parquet_are_named(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 this is none")
    with pytest.raises(OffersError, match=r"a.parquet' cannot be read as parquet"):
        read_offers(path)
    whole = write(tmp_path / "b.parquet", offer_id=["1"] * 1000).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OffersError, match=r"a.parquet' cannot be read as parquet"):
        list(iter_offers(path))
    # The footer is whole, the pages are not.
    path.write_bytes(whole[:4] + bytes(100) + whole[104:])
    with pytest.raises(OffersError, match=r"a.parquet' cannot be read as parquet"):
        list(iter_offers(path))


def test_repeated_names_are_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array(["1"])] * 3, names=["offer_id", "a", "a"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(OffersError, match=r"repeated: \['a'\]"):
        read_offers(tmp_path)


def test_urls(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    local = write(tmp_path / "a.parquet", offer_id=["1", "2"])
    fsspec.filesystem("memory").pipe("/pq/annee=2020/a.parquet", local.read_bytes())
    offers = read_offers("memory://pq/**/*.parquet")
    assert offers.to_dict("list") == {"offer_id": ["1", "2"], "annee": [2020, 2020]}
