"""reuters.py: the ModApte split is read as it is written, and both models are scored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reuters

HEAD = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'


def write_document(
    text: str, topics: list[str], *, side: str = "TRAIN", indexed: str = "YES"
) -> str:
    named = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="{indexed}" LEWISSPLIT="{side}" CGISPLIT="TRAINING-SET" NEWID="1">\n'
        f"<DATE>26-FEB-1987</DATE>\n<TOPICS>{named}</TOPICS>\n<PLACES><D>brazil</D></PLACES>\n"
        f'<UNKNOWN>\n&#5;&#5;&#5;C T</UNKNOWN>\n<TEXT TYPE="NORM">&#2;\n'
        f"<TITLE>A TITLE</TITLE>\n<DATELINE>PARIS, Feb 26 - </DATELINE>"
        f"<BODY>{text}\n Reuter\n&#3;</BODY></TEXT>\n</REUTERS>\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = [
        write_document("Cocoa &amp; coffee, up &lt;5 pct>", ["cocoa", "coffee"]),
        write_document("Nobody indexed this", ["cocoa"], indexed="NO"),
        write_document("In neither part", ["cocoa"], side="NOT-USED"),
        write_document("No topic at all", []),
        write_document("Only to learn from", ["tea"]),
    ]
    second = [
        write_document("Cocoa again", ["cocoa"], side="TEST"),
        write_document("Caf\xe9", ["coffee", "sugar"], side="TEST"),
    ]
    for number, documents in enumerate((first, second)):
        path = tmp_path / f"reut2-00{number}.sgm"
        path.write_text(HEAD + "".join(documents), encoding="latin-1")
    return tmp_path


def test_modapte_split(folder: Path) -> None:
    task = reuters.read_reuters(folder)
    # tea has no document to be tested on, sugar none to learn from; brazil is a place.
    assert task.name.endswith("2 topics")
    assert task.labels.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert task.test_labels.tolist() == [[1, 0], [0, 1]]


def test_text_is_title_and_body_without_markup(folder: Path) -> None:
    task = reuters.read_reuters(folder)
    words = "A TITLE PARIS, Feb 26 - Cocoa & coffee, up <5 pct> Reuter"
    assert task.texts[0].split() == words.split()
    assert "Café" in task.test_texts[1]


def test_unformatted_text_without_title_or_body() -> None:
    sgml = (
        '<REUTERS TOPICS="YES" LEWISSPLIT="TEST"><TOPICS></TOPICS>'
        '<TEXT TYPE="UNPROC">&#2;\nQtly div\n&#3;</TEXT></REUTERS>'
    )
    (document,) = reuters.iter_documents(sgml)
    assert document.text.split() == ["Qtly", "div"]
    assert document.is_test


def test_folder_without_the_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold the files reut2-000\.sgm"):
        reuters.read_reuters(tmp_path)


def test_files_without_the_split(tmp_path: Path) -> None:
    (tmp_path / "reut2-000.sgm").write_text(HEAD + write_document("Alone", ["tea"]))
    with pytest.raises(ValueError, match="got 1 and 0 documents"):
        reuters.read_reuters(tmp_path)


def test_both_models_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    words = {"tea": "leaf cup green brew", "coffee": "bean roast espresso mocha"}
    documents = []
    for number in range(60):
        topic = ("tea", "coffee")[number % 2]
        text = " ".join(rng.choice([*words[topic].split(), "price", "market"], 12))
        documents.append(write_document(text, [topic], side="TEST" if number < 20 else "TRAIN"))
    (tmp_path / "reut2-000.sgm").write_text("".join(documents))
    reuters.main([str(tmp_path), "--jobs", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert "2 topics: 40 to learn from, 20 to test on" in "\n".join(lines)
    for name in ("linear SVM", "ours"):
        row = next(line for line in lines if line.startswith(name))
        assert float(row.split()[-3]) > 0.9


def test_rome_codes_of_enough_offers(tmp_path: Path) -> None:
    codes = ["M1801"] * 12 + ["M1802"] * 12 + ["K1302"] * 9 + [None] * 5
    path = tmp_path / "offers.parquet"
    pd.DataFrame(
        {
            "offer_id": [f"offer_{number}" for number in range(len(codes))],
            "description_full": [f"annonce {number} du poste {number}" for number in range(38)],
            "job_ROME_code": codes,
        }
    ).to_parquet(path)
    # K has nine offers only: 24 are left, of one family, of one domain, of two codes.
    for length, n_classes in ((1, 1), (3, 1), (5, 2)):
        task = reuters.read_rome([str(path)], length)
        assert task.labels.shape[1] == n_classes
        assert len(task.texts) + len(task.test_texts) == 24
        assert (task.labels.sum(axis=1) == 1).all()


def test_something_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        reuters.main([])
    assert "--rome" in capsys.readouterr().err
