"""Parts by month: which file holds which offer, and that everyone reads them back."""

from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from jocas_themes import ThemeClassifier, compute_shares, label_corpus, load_sample_annotations

OFFERS = pd.DataFrame(
    {
        "ID_JOCAS": list("abcdef"),
        "job_title": ["Cariste"] * 6,
        "date_firstSeenDay": ["05/03/2021", "2021-12-31", None, "2022-03-01", None, "2021-03-31"],
        # Where the first date is missing the next one counts, and not where it is there.
        "date_sitePublicationDay": [None, None, "2021-03-02", "2020-01-01", "31/02/2021", None],
    }
)


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(themes=["DIVERSITY"], evidence=False, lexicon=None, cv=2, n_jobs=1).fit(
        load_sample_annotations()
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    OFFERS.iloc[:4].to_parquet(tmp_path / "a.parquet")
    OFFERS.iloc[4:].to_parquet(tmp_path / "b.parquet")
    return tmp_path


def read_ids(folder: Path) -> dict[str, list[str]]:
    return {
        part.relative_to(folder).as_posix(): pq.ParquetFile(part)
        .read(["offer_id"])
        .column(0)
        .to_pylist()
        for part in sorted(folder.rglob("part-*"))
    }


@pytest.mark.filterwarnings("ignore:values that are no date")
def test_months(student: ThemeClassifier, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    options = {"chunk_rows": 5, "partition_by": ("year", "month"), "progress": False}
    parts = [source / "a.parquet", source / "b.parquet"]
    done = label_corpus(student, parts, folder, **options)
    assert (done.n_offers, done.n_parts) == (6, 2)
    nowhere = "__HIVE_DEFAULT_PARTITION__"
    assert read_ids(folder) == {
        "year=2021/month=3/part-00000.parquet": ["a", "c"],
        "year=2021/month=3/part-00001.parquet": ["f"],
        "year=2021/month=12/part-00000.parquet": ["b"],
        "year=2022/month=3/part-00000.parquet": ["d"],
        f"year={nowhere}/month={nowhere}/part-00000.parquet": ["e"],
    }
    labels = done.read().set_index("offer_id").sort_index()
    assert labels["year"].astype("Int32").tolist() == [2021, 2021, 2021, 2022, pd.NA, 2021]
    assert labels["month"].astype("Int32").tolist() == [3, 12, 3, 3, pd.NA, 3]
    assert done.read(["month", "offer_id"]).columns.tolist() == ["month", "offer_id"]
    hive = ds.partitioning(flavor="hive")  # its default cannot do without a date
    by_pandas = pd.read_parquet(folder, partitioning=hive).set_index("offer_id").sort_index()
    assert by_pandas["month"].astype("Int32").tolist() == [3, 12, 3, 3, pd.NA, 3]
    by_arrow = ds.dataset(folder, partitioning="hive").to_table(filter=ds.field("year") == 2022)
    assert by_arrow.column("offer_id").to_pylist() == ["d"]
    whole = label_corpus(student, parts, tmp_path / "whole", chunk_rows=5, progress=False)
    expected = whole.read().set_index("offer_id")
    pd.testing.assert_frame_equal(labels.drop(columns=["year", "month"]), expected)


@pytest.mark.filterwarnings("ignore:values that are no date", "ignore:1 offers have no readable")
def test_years(student: ThemeClassifier, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    parts = [source / "a.parquet", source / "b.parquet"]
    done = label_corpus(student, parts, folder, partition_by=["year"], progress=False)
    assert read_ids(folder) == {
        "year=2021/part-00000.parquet": ["a", "b", "c", "f"],
        "year=2022/part-00000.parquet": ["d"],
        "year=__HIVE_DEFAULT_PARTITION__/part-00000.parquet": ["e"],
    }
    assert done.read().columns.tolist()[-1] == "year"
    assert compute_shares(folder, by="year")["n_offers"].tolist() == [4, 1]
    # Overwriting leaves no folder of the old parts behind.
    label_corpus(student, parts, folder, overwrite=True, progress=False)
    assert not list(folder.glob("year=*"))


def test_what_cannot_be_partitioned(student: ThemeClassifier, source: Path) -> None:
    arguments = (student, source / "a.parquet", source / "labels")
    for wrong in ("year", ["month"], ["month", "year"], ["year", "day"]):
        with pytest.raises(ValueError, match=r"partition_by must be \(\), \('year',\) or"):
            label_corpus(*arguments, partition_by=wrong)
    with pytest.raises(ValueError, match=r"partition_by needs a date: keep_columns must hold"):
        label_corpus(*arguments, partition_by=["year"], keep_columns=["site_name"])
    with pytest.raises(ValueError, match=r"keep_columns must not hold \['year'\]"):
        label_corpus(*arguments, partition_by=["year"], keep_columns=["year", "date_firstSeenDay"])


def test_only_what_recurs_has_a_dictionary(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    label_corpus(student, source / "a.parquet", tmp_path / "labels", progress=False)
    group = pq.read_metadata(tmp_path / "labels" / "part-00000.parquet").row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    without = {c.path_in_schema for c in columns if "RLE_DICTIONARY" not in c.encodings}
    assert {"offer_id", "DIVERSITY_probability"} <= without
    assert not {"date_firstSeenDay", "DIVERSITY"} & without
