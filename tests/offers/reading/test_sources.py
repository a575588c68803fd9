"""A source is found, in a fixed order, or the error says what was looked for."""

import builtins
import gzip

import pandas as pd
import pytest

from jocas_themes.errors import MissingDependencyError, OffersError
from jocas_themes.offers.reading._sources import find_files


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names_in(files, folder):
    return [file.name.removeprefix(f"{folder}/").replace("\\", "/") for file in files]


def test_folder_gives_its_known_files_sorted_and_no_hidden_ones(tmp_path):
    make(tmp_path, "b.csv", "a/z.jsonl", "a/B.PARQUET", "README.md", ".c.csv", "_delta_log/0.json")
    make(tmp_path, "d.csv.gz", "e.parquet.gz", "a/.ipynb_checkpoints/f.csv", "g.ndjson")
    found = names_in(find_files(tmp_path), tmp_path)
    assert found == ["a/B.PARQUET", "a/z.jsonl", "b.csv", "d.csv.gz", "g.ndjson"]


def test_globs_lists_and_overlaps_give_each_file_once(tmp_path):
    make(tmp_path, "x/1/a.csv", "x/2/b.csv", "x/2/_temporary/c.csv", "x/2/d.jsonl")
    everything = ["x/1/a.csv", "x/2/b.csv"]
    assert names_in(find_files(f"{tmp_path}/**/*.csv"), tmp_path) == everything
    both = [tmp_path / "x" / "2" / "b.csv", f"{tmp_path}/x/*/*.csv", str(tmp_path / "x/./1/a.csv")]
    assert names_in(find_files(both), tmp_path) == everything
    assert len(find_files(f"{tmp_path}/x/*")) == 3  # the folders that match


def test_a_name_with_brackets_is_not_a_pattern(tmp_path):
    make(tmp_path, "a[1].csv")
    assert len(find_files(tmp_path / "a[1].csv")) == 1


def test_skipped_names_are_left_out_of_folders(tmp_path):
    make(tmp_path, "a.jsonl", "rejects.jsonl")
    assert names_in(find_files(tmp_path, skip={"rejects.jsonl"}), tmp_path) == ["a.jsonl"]


def test_partitions_become_whole_numbers_or_strings(tmp_path):
    make(tmp_path, "annee=2020/mois=01/a.parquet", "annee=2021/mois=12/b.parquet")
    make(tmp_path, "s=7/t=__HIVE_DEFAULT_PARTITION__/c.csv", "s=x%20y/d.csv")
    first, second, third, fourth = find_files(tmp_path)
    assert first.partition == {"annee": 2020, "mois": 1}
    assert second.partition == {"annee": 2021, "mois": 12}
    assert third.partition == {"s": "7", "t": None}
    assert fourth.partition == {"s": "x y"}


def test_nothing_found_says_what_was_looked_for(tmp_path):
    with pytest.raises(OffersError, match=r"there is no file or folder '.*absent\.csv'"):
        find_files(tmp_path / "absent.csv")
    with pytest.raises(OffersError, match=r"nothing in '.*'; looked for \.parquet, \.jsonl"):
        find_files(tmp_path)
    with pytest.raises(OffersError, match=r"nothing in '.*\*\.csv'"):
        find_files(f"{tmp_path}/*.csv")
    with pytest.raises(OffersError, match="source is an empty list"):
        find_files([])
    with pytest.raises(ValueError, match=r"source must name a file, a folder, .*, got ''"):
        find_files("")


@pytest.mark.parametrize("source", [3, None, b"a", [3], pd.DataFrame({"offer_id": ["a"]})])
def test_what_is_no_path_is_refused(source):
    kind = type(source).__name__
    with pytest.raises(TypeError, match=f"source must be a path, a glob.*, got {kind}"):
        find_files(source)


def test_unknown_extensions_are_named_beside_the_known_ones(tmp_path):
    make(tmp_path, "offers.xlsx")
    known = r"those known are \.parquet, \.jsonl, \.ndjson, \.json, \.csv, \.csv\.gz"
    with pytest.raises(OffersError, match=f"unknown extension, '.xlsx'; {known}"):
        find_files(tmp_path / "offers.xlsx")
    with pytest.raises(OffersError, match=r"its 1 files have the extensions \['.xlsx'\]; " + known):
        find_files(tmp_path)


def test_truncated_gzip_is_named(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a;b\n" * 100)[:-10])
    (file,) = find_files(path)
    with (
        pytest.raises(OffersError, match=r"a.csv.gz' cannot be read as csv"),
        file.open() as stream,
    ):
        stream.read()


def test_urls_go_through_fsspec():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/src/annee=2020/b.csv", b"x;y\n")
    memory.pipe("/src/annee=2021/a.csv", b"x;y\n")
    for source in ("memory://src", "memory://src/**/*.csv", "memory://src/*/a.csv"):
        files = find_files(source)
        assert files[-1].name == "memory:///src/annee=2021/a.csv"
        assert files[-1].partition == {"annee": 2021}
        with files[-1].open() as stream:
            assert stream.readlines() == [b"x;y\n"]
    with pytest.raises(OffersError, match=r"'nonsense://x/y.csv' cannot be opened: Protocol not"):
        find_files("nonsense://x/y.csv")


class StorageError(Exception):
    """What a storage's package raises, which is no OSError."""


def test_what_a_storage_raises_is_named(monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/failing/a.csv", b"x;y\n")
    (file,) = find_files("memory://failing")

    def fail(*_, **__):
        raise StorageError("Unable to locate credentials")

    monkeypatch.setattr(type(memory), "isdir", fail)
    with pytest.raises(OffersError, match="'memory://failing' cannot be listed: Unable"):
        find_files("memory://failing")
    monkeypatch.setattr(type(memory), "_open", fail)
    with pytest.raises(OffersError, match=r"a\.csv' cannot be read as csv: Unable to locate"):
        file.open().__enter__()


def test_a_store_that_cannot_be_reached_says_where_keys_come_from(monkeypatch):
    s3fs = pytest.importorskip("s3fs")

    def fail(*_, **__):
        raise StorageError("Unable to locate credentials")

    monkeypatch.setattr(s3fs.S3FileSystem, "isfile", fail)
    with pytest.raises(OffersError, match=r"credentials\. Keys and .* AWS_ACCESS_KEY_ID"):
        find_files("s3://bucket/*.csv")


@pytest.mark.parametrize("url", ["s3://u:pw@bk/*", "zip://a.csv::sftp://u:p@w@host/x.zip"])
def test_a_password_is_refused_and_not_shown(url):
    with pytest.raises(ValueError, match="source must not hold a password") as caught:
        find_files(url)
    assert "p@w" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_only_urls_need_fsspec(tmp_path, monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith(("fsspec", "s3fs")):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr("importlib.import_module", refuse)
    make(tmp_path, "a.csv")
    assert len(find_files(tmp_path)) == 1
    with pytest.raises(MissingDependencyError, match=r"fsspec.*'jocas-themes\[remote\]'"):
        find_files("https://host/a.csv")
    with pytest.raises(MissingDependencyError, match=r"needs s3fs.*'jocas-themes\[s3\]'"):
        find_files("s3://bucket/a.csv")
