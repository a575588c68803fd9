"""The kernel cleans and assembles as Python does, to the last character, or leaves it to Python."""

import html
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from html.entities import html5
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jocas_themes.datasets import load_sample_offers
from jocas_themes.offers import as_offers, clean_text, is_missing
from jocas_themes.offers._assembly import assemble_arrow
from jocas_themes.offers._columns import TEXT_COLUMNS
from jocas_themes.offers._markup import BLOCK_TAGS, INLINE_TAGS
from jocas_themes.offers._native_cleaning import assemble_natively

TAG_NAMES = [*BLOCK_TAGS, *INLINE_TAGS, "BR", "Div", "h7", "salaire", "é", "ſpan", "lin\u212a", ""]
TAGS = st.builds(
    "<{}{}{}{}".format,
    st.sampled_from(["", "/", "//", " "]),
    st.sampled_from(TAG_NAMES),
    st.sampled_from(["", " ", "/", " /", "\n", "\xa0class='x'", ' a="1 & 2" b', "é", "<b"]),
    st.sampled_from([">", ">>", "", " >"]),
)
NAMES = ["eacute", "nbsp", "lt", "gt", "amp", "notin", "noti", "NotEqualTilde", "zwnj", "NewLine"]
NUMBERS = ["#39", "#150", "#x92", "#xD800", "#57344", "#8203", "#10", "#0", "#1114112", "#65534"]
SLASHES = ["#x2F", "#47", "#114", "#110"]  # what "/r/n" is made of
RARITIES = ["#0000000065", "#x" + "0" * 30 + "41", "#x", "#", "a", "é"]
ENTITIES = st.builds(
    "&{}{}{}".format,
    st.sampled_from(["", "amp;", "AMP;amp;", "#38;", "#x26;", "#X26;#38;", "amp", "&"]),
    st.sampled_from([*NAMES, *NUMBERS, *SLASHES, *RARITIES]),
    st.sampled_from([";", "", ";;", "x", "1", "&"]),
)
CONTROLS = ["\x92", "\x85", "\x81", "\r\n", "\n\n", "\t", "  ", "\x00", "\x7f", "\x1c"]
INVISIBLE = ["\xa0", "\u202f", "\u200b", "\xad", "\ufeff", "\ue000", "\uf0b7", "\u2028", "\ufffe"]
ODD = st.sampled_from([*CONTROLS, *INVISIBLE, "😀", "’", "œ"])
BREAKS = st.sampled_from(
    ["/r/n", "\\r\\n", "/r", "/n", "\\r", "http://", "https://x.fr/r/n", "www.", "www.x/r/n", "ww"]
)
HIDDEN = st.sampled_from(["<!--", "-->", "<script>", "</script>", "<STYLE a>", "</style >", "<scr"])
WORDS = st.sampled_from(
    ["CDI", " à ", "H/F", "l'été", "R&D", "28 K€", " élève ingénieur", "<", ">"]
)
PAGES = st.lists(TAGS | ENTITIES | ODD | BREAKS | HIDDEN | WORDS, max_size=20).map("".join)


def clean_natively(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    done = assemble_natively([pa.array(texts, pa.large_string())], len(texts))
    assert done is not None
    return done[0].to_pylist(), done[1]


def count_unsure(texts: Iterable[str]) -> int:
    """Compare what the kernel cleans with what Python cleans; count what it leaves to Python."""
    texts = [text for text in texts if not is_missing(text)]
    cleaned, unsure = clean_natively(texts)
    left = set(unsure)
    for row, (text, clean) in enumerate(zip(texts, cleaned, strict=True)):
        assert clean == ("" if row in left else clean_text(text)), repr(text)
    return len(left)


# What a text may be full of.
OPENINGS = ["<", "&", "&amp;", "<b", "<b>", "<<b>b>", "&#", "&#38;", "&#x0026;", "&lt", "<p ", "</"]
RUNS = ["/r/n", "http://", "www.x ", "\\r", "\xa0", " \n", "\u200b", "é", "a b ", "&notit", "x"]


@pytest.mark.usefixtures("kernel")
class TestCleaning:
    @settings(deadline=None, max_examples=1_000)
    @given(page=PAGES)
    @example(page="http://x<b>/r/n")  # the address ends with the tag
    @example(page="http://x<i></i><b\\r\\n>")
    @example(page="<b<p> >")
    @example(page="/r\u200b/n&\u200bamp;")
    @example(page="&" + "amp" * 50 + "lt;b>http://a&/r/n")
    @example(page="é" * 40 + "  " + "é" * 15 + "\n")
    def test_any_page(self, page: str) -> None:
        count_unsure([page])

    @settings(deadline=None, max_examples=300)
    @given(text=st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_text(self, text: str) -> None:
        assert count_unsure([text]) == 0

    @settings(deadline=None, max_examples=300)
    @given(text=st.text("abé ’\n\t\xa0\ue000", max_size=80))
    def test_any_words(self, text: str) -> None:
        assert count_unsure([text]) == 0

    def test_pages_made_of_the_sample(self) -> None:
        """Each offer as a board might send it: with tags, escaped once or twice, odd spaces."""
        rng = random.Random(0)
        pages = []
        for text in load_sample_offers()["description_full"].dropna():
            words = html.escape(text).replace("\n", "</p>\r\n<p class='x'>").split(" ")
            for _ in range(len(words) // 10):
                around = rng.choice(
                    ["<b>{}</b>", "{}&nbsp;", "{}\xa0", "{}\u200b", "<br/>{}", "&#39;{}"]
                )
                place = rng.randrange(len(words))
                words[place] = around.format(words[place])
            page = " ".join(words).replace(
                "é", rng.choice(["é", "&eacute;", "&#233;", "&amp;eacute;"])
            )
            pages.append(rng.choice([page, html.escape(page), html.escape(html.escape(page))]))
        assert len(pages) > 200
        assert count_unsure(pages) == 0

    @pytest.mark.parametrize(
        "plane", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 17))]
    )
    def test_every_character(self, plane: int) -> None:
        texts = []
        for start in range(plane << 16, (plane + 1) << 16, 256):
            characters = [chr(code) for code in range(start, start + 256)]
            if not 0xD800 <= start < 0xE000:
                texts.append(
                    "\n".join(f"a{c}b &{c}; &a{c}mp; <{c}b> <b{c}> {c}" for c in characters)
                )
        assert count_unsure(texts) == 0

    def test_characters_alone(self) -> None:
        codes = [*range(0x3100), *range(0xF8F0, 0xF910), 0xFEFF, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF]
        assert count_unsure(map(chr, codes)) == 0

    def test_every_number(self) -> None:
        starts = [*range(0, 0x11000, 256), *range(0x1FF00, 0x110100, 0x10000)]
        texts = [
            "\n".join(f"a&#{n};b&#x{n:X}g&#0{n}" for n in range(start, start + 512))
            for start in starts
        ]
        assert count_unsure(texts) == 0

    def test_every_entity(self) -> None:
        texts = [
            "\n".join(
                (f"a&{name}b", f"&{name}", f"&{name[:-1]}", f"&amp;{name};", f"&{name.lower()}1;")
            )
            for name in html5
        ]
        assert count_unsure(texts) == 0

    def test_every_tag(self) -> None:
        texts = [
            f"a<{name}>b</{name.upper()} x>c<{name}x>d<{name}/>e<x{name}>f"
            for name in (*BLOCK_TAGS, *INLINE_TAGS)
        ]
        assert count_unsure(texts) == 0

    @pytest.mark.parametrize("hidden", ["<!-- a -->", "<script>a</script>", "x<Style >b</style>"])
    def test_hidden_parts_are_left_to_python(self, hidden: str) -> None:
        assert clean_natively(["<p>un</p>", hidden, "deux"]) == (["un", "", "deux"], [1])
        assert as_offers([hidden])["text"].tolist() == [clean_text(hidden)]

    @pytest.mark.parametrize("unit", [*OPENINGS, *RUNS])
    @pytest.mark.parametrize("start", ["", "&", "&#", "<", "http://"])
    def test_time_grows_with_the_length_alone(self, start: str, unit: str) -> None:
        text = start + unit * (1_000_000 // len(unit))
        began = time.perf_counter()
        _, unsure = clean_natively([text])
        assert time.perf_counter() - began < 1
        assert not unsure
        assert count_unsure([text[:10_000]]) == 0

    def test_a_megabyte(self) -> None:
        line = "<p>Poste à pourvoir, CDI 28&nbsp;K€ &amp;amp; RTT</p>\r\n"
        assert count_unsure([line * 20_000]) == 0

    @pytest.mark.real_data
    @pytest.mark.parametrize("name", ["offers_labelled", "offers_unlabelled"])
    def test_real_offers(self, shared_data: Path, name: str) -> None:
        table = pq.read_table(
            shared_data / f"{name}.parquet", columns=["job_title", "description_full"]
        )
        for column in table.columns:
            assert count_unsure(column.drop_null().to_pylist()) <= len(table) // 1_000


@pytest.mark.usefixtures("kernel")
class TestMissingCells:
    @pytest.mark.parametrize("value", ["", "nan", "<NA>", "NaT", "nan.", "na", "Nan", "nannan"])
    def test_with_any_character_around(self, value: str) -> None:
        codes = [*range(0x3100), 0xE000, 0xFEFF, 0xFFFD, 0x10000]
        cells = [
            around.format(chr(code), value) for code in codes for around in ("{0}{1}{0}", "{0}{1}")
        ]
        expected = ["" if is_missing(cell) else clean_text(cell) for cell in cells]
        assert clean_natively(cells) == (expected, [])


CELLS = st.none() | PAGES | st.sampled_from(["", "nan", " NaN\n", "<p></p>", "&nbsp;", "tout"])
KINDS: list[Callable[[list[str | None]], pa.Array]] = [
    lambda cells: pa.array(cells, pa.string()),
    lambda cells: pa.array(cells, pa.large_string()),
    lambda cells: pa.array(cells, pa.string()).dictionary_encode(),
    lambda cells: pa.array(["before", *cells, "after"], pa.string()).slice(1, len(cells)),
    lambda cells: pa.array([None, *cells], pa.large_string()).slice(1),
    lambda cells: pa.nulls(len(cells)),
    lambda cells: pa.array([len(cell) if cell else None for cell in cells], pa.int32()),
    lambda cells: pa.array([cell and [cell] for cell in cells], pa.list_(pa.string())),
    lambda cells: pa.array([cell and cell.encode() for cell in cells], pa.binary()),
]


@st.composite
def draw_columns(draw: st.DrawFn) -> Mapping[str, pa.Array]:
    names = draw(st.lists(st.sampled_from([*TEXT_COLUMNS, "text", "site_name"]), unique=True))
    n_rows = draw(st.integers(0, 4))
    rows = st.lists(CELLS, min_size=n_rows, max_size=n_rows)
    return {name: draw(st.sampled_from(KINDS))(draw(rows)) for name in names}


def spoil(*cells: bytes, kind: pa.DataType | None = None) -> pa.Array:
    """Build strings of bytes that need not be UTF-8, as a Parquet file may bring them."""
    if kind == pa.string():
        return pa.array(cells, pa.binary()).view(pa.string())
    return pa.array(cells, pa.large_binary()).view(pa.large_string())


class TestAssembleArrow:
    @settings(deadline=None, max_examples=400)
    @given(columns=draw_columns(), with_kernel=st.booleans())
    def test_as_offers_do(self, columns: Mapping[str, pa.Array], with_kernel: bool) -> None:
        n_rows = len(next(iter(columns.values()), []))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JOCAS_THEMES_KERNEL", "off")
            if not any(name in columns for name in (*TEXT_COLUMNS, "text")):
                with pytest.raises(ValueError, match="offers have no text"):
                    assemble_arrow(columns, n_rows)
                return
            expected = as_offers(pa.table(dict(columns)))["text"].tolist()
            patch.setenv("JOCAS_THEMES_KERNEL", "on" if with_kernel else "off")
            texts = assemble_arrow(columns, n_rows)
        assert texts.type == pa.large_string()
        assert texts.null_count == 0
        texts.validate(full=True)
        assert texts.to_pylist() == expected

    @settings(deadline=None, max_examples=100)
    @given(columns=draw_columns(), reverse=st.booleans())
    def test_text_columns(self, columns: Mapping[str, pa.Array], reverse: bool) -> None:
        names = sorted(columns, reverse=reverse) or ["absent"]
        if names == ["absent"]:
            with pytest.raises(ValueError, match=r"lack the text_columns \['absent'\]"):
                assemble_arrow(columns, 0, text_columns=names)
            return
        expected = as_offers(pa.table(dict(columns)), text_columns=names)["text"].tolist()
        n_rows = len(columns[names[0]])
        assert assemble_arrow(columns, n_rows, text_columns=names).to_pylist() == expected

    def test_by_hand(self) -> None:
        columns = {
            "description_profil": pa.array(["profil", "profil", None]),
            "description_full": pa.array(["<p>tout</p>", "&nbsp;", "nan"]),
            "job_title": pa.array(["Cariste ", "Soudeur", ""]),
            "description_job": pa.array(["poste", "poste\n", " "]),
        }
        expected = ["Cariste\ntout", "Soudeur\nposte\nprofil", ""]
        assert assemble_arrow(columns, 3).to_pylist() == expected

    @settings(deadline=None, max_examples=30)
    @given(sizes=st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=2, max_size=12))
    def test_texts_that_are_held_stay_as_they_are(self, sizes: list[tuple[int, bool]]) -> None:
        """The memory of those that nobody holds is used again."""
        held = []
        for number, (n_rows, is_kept) in enumerate(sizes):
            cells = [f"{number} " * (1 + row) for row in range(n_rows)]
            texts = assemble_arrow({"text": pa.array(cells, pa.string())}, n_rows)
            if is_kept:  # in part, as a slice
                first = n_rows // 2
                held.append((texts.slice(first), [cell.strip() for cell in cells[first:]]))
            elif held:
                held.pop(0)
            del texts
            assert all(part.to_pylist() == expected for part, expected in held)

    def test_rows_left_to_python_take_their_place(self) -> None:
        columns = {
            "job_title": pa.array(["un", "<!-- x -->deux", "trois", "quatre"]),
            "description_full": spoil(b"a", b"b", b"", b"\xe9t\xe9"),
            "description_job": pa.array(["", "", "<script>x</script>poste", "jamais lu"]),
        }
        expected = ["un\na", "deux\nb", "trois\nposte", "quatre\n\ufffdt\ufffd"]
        assert assemble_arrow(columns, 4).to_pylist() == expected

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
    @settings(deadline=None, max_examples=200)
    @given(
        cells=st.lists(
            st.binary(max_size=40)
            | st.lists(
                st.sampled_from(
                    [b"\xc3", b"\xa9", b"\xe2\x80", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"<b>"]
                )
                | st.just(b"un \xc3\xa9t\xc3\xa9 "),
                max_size=9,
            ).map(b"".join),
            max_size=3,
        )
    )
    def test_bytes_that_are_not_utf_8(self, kind: pa.DataType, cells: list[bytes]) -> None:
        decoded = [cell.decode(errors="replace") for cell in cells]
        expected = ["" if is_missing(cell) else clean_text(cell) for cell in decoded]
        columns = {"text": spoil(*cells, kind=kind)}
        assert assemble_arrow(columns, len(cells)).to_pylist() == expected

    def test_an_annotated_table_keeps_its_texts_as_they_are(self) -> None:
        columns = {
            "offer_id": pa.array(["1", "2", "3"]),
            "text": spoil(b"a  <b>b</b>", b"nan", b"\xff"),
            "status": pa.array(["ok", None, None]),
            "A": pa.array([1.0, None, None]),
            "A_confidence": pa.array([90, None, None]),
            "A_evidence": pa.nulls(3),
            "job_title": pa.array(["x", "y", "z"]),
        }
        for text_columns in (None, ("job_title",)):
            texts = assemble_arrow(columns, 3, text_columns=text_columns)
            assert texts.to_pylist() == ["a  <b>b</b>", "", "\ufffd"]

    def test_columns_of_other_lengths(self, kernel: ModuleType) -> None:
        with pytest.raises(ValueError, match="as many rows as there are offers"):
            assemble_arrow({"job_title": pa.array(["a", "b"])}, 3)

    @pytest.mark.parametrize("text_columns", ["job_title", ()])
    def test_text_columns_must_be_names(self, text_columns: Any) -> None:
        with pytest.raises(ValueError, match="text_columns must be a non-empty sequence"):
            assemble_arrow({"job_title": pa.array(["a"])}, 1, text_columns=text_columns)

    @pytest.mark.real_data
    def test_real_offers(self, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        table = pq.read_table(
            shared_data / "offers_labelled.parquet", columns=["job_title", "description_full"]
        )
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        texts = assemble_arrow(columns, len(table)).to_pylist()
        monkeypatch.setenv("JOCAS_THEMES_KERNEL", "off")
        assert texts == as_offers(table)["text"].tolist()


class Shouting(str):
    """A string that writes itself otherwise."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


@pytest.mark.usefixtures("kernel")
class TestPythonInput:
    @pytest.mark.parametrize(
        "X",
        [
            ["<b>a</b>", None, np.nan, pd.NA, pd.NaT, "nan", "x<!-- y -->"],
            ["a\u200b", "\ud800 <b>b</b>"],  # Arrow holds no lone surrogate
            np.array(["<b>a</b>", "é"]),
            [np.float32("nan"), "a&nbsp;b"],
            [Shouting("a<br>b")],
            pd.DataFrame({"job_title": ["<b>a</b>", 3, 1.5, True, b"c", None]}),
            pd.DataFrame({"job_title": pd.Categorical(["a&amp;b", None])}),
            pd.DataFrame({"text": [1.0, np.nan]}),
            pd.DataFrame({"text": pd.array(["<p>a", None], dtype="string")}),
        ],
    )
    def test_the_same_without_the_kernel(self, X: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        offers = as_offers(X)
        monkeypatch.setenv("JOCAS_THEMES_KERNEL", "off")
        pd.testing.assert_frame_equal(offers, as_offers(X))
        assert all(type(text) is str for text in offers["text"])
