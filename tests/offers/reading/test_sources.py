"""A source is found, in a fixed order, or the error says what was looked for."""

import builtins
import gzip

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
    with pytest.raises(TypeError, match=r"source must be a path, a glob.*, got int"):
        find_files(3)


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
    with pytest.raises(OffersError, match="cannot be opened: Protocol not known"):
        find_files("nonsense://x/y.csv")


def test_only_urls_need_fsspec(tmp_path, monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("fsspec"):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr("importlib.import_module", refuse)
    make(tmp_path, "a.csv")
    assert len(find_files(tmp_path)) == 1
    with pytest.raises(MissingDependencyError, match=r"pip install 'jocas-themes\[remote\]'"):
        find_files("s3://bucket/a.csv")
