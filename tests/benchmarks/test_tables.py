"""Printing: what was run, aligned tables."""

import doctest

import pandas as pd
import pytest

import mixing
import reuters
import tables


@pytest.mark.parametrize("module", [mixing, reuters, tables], ids=lambda module: module.__name__)
def test_examples_in_the_docstrings(module: object) -> None:
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def test_first_column_to_the_left_figures_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"method": ["a", "longer"], "f1": [0.5, None]})
    tables.print_table("F1", table)
    assert capsys.readouterr().out.splitlines() == [
        "F1",
        "method    f1",
        "a      0.500",
        "longer     -",
        "",
    ]


def test_command_and_versions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks/quality.py", "two words.parquet"])
    tables.print_run(["numpy", "no-such-package"])
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == "$ python benchmarks/quality.py 'two words.parquet'"
    assert ", numpy=" in second
    assert second.endswith("no-such-package=absent")
