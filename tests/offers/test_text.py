import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jocas_themes.offers import assemble_texts, clean_text, is_missing

# What mark-up is made of, so that drawn texts come close to it.
TAGS = ["<b", "<p ", "</", "/>", ">", "<", "b", "r", "n", "s", "nan"]
ENTITIES = ["&", "&amp;", "amp;", "amp", "lt;", "&lt", "gt;", "&#", "#", "38;", "x26;", "60;", ";"]
CHARACTERS = ["&nbsp;", "&zwnj;", "&#0;", "&#1;", "&#xD800;", "&#128;", "&#13;", "9" * 20]
HIDDEN = ["<script>", "<script", "</script >", "<style x>", "</style>", "<!--", "-->", "--", "!"]
SPACES = ["/r/n", "/r", "/n", "\\r\\n", "\\r", "\\n", "\r", "\n", "\t", " ", "\xa0", "\u2003"]
ODD = ["\u200b", "\u200d", "\u2066", "\ufeff", "\xad", "\x00", "\x85", "\ud800", "\udc00", "\ue000"]
FRAGMENTS = [*TAGS, *ENTITIES, *CHARACTERS, *HIDDEN, *SPACES, *ODD, "é", "😀"]
TEXTS = st.one_of(
    st.text(st.characters()),  # any code point, lone surrogates too
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join),
)


class TestCleanTextAlways:
    @settings(deadline=None, max_examples=500)
    @given(text=TEXTS)
    @example(text="<!--" + " " * 6_000 + "-->x")  # settling white space may not make a comment
    @example(text="<script" + " " * 600 + ">x</script>")
    @example(text="<style>" + "\n" * 60_000 + "</style>x")
    @example(text="&#" + "9" * 5_000 + ";")  # more digits than int() reads
    @example(text="&" + "amp" * 50 + "lt;b>")
    @example(text="&zw" * 30 + "&ZeroWidthSpace;" + "nj;" * 30)
    def test_gives_valid_settled_text_and_is_idempotent(self, text: str) -> None:
        clean = clean_text(text)
        clean.encode()  # no lone surrogate
        assert "\x00" not in clean
        assert clean == "\n".join(" ".join(line.split()) for line in clean.split("\n"))
        assert clean == clean.strip()
        assert "\n\n" not in clean
        assert clean_text(clean) == clean

    @settings(deadline=None, max_examples=50)
    @given(text=st.text("abcéàÉ0123456789.,;:!?€%()'’«»- ", max_size=50))
    def test_leaves_plain_french_alone(self, text: str) -> None:
        assert clean_text(text) == " ".join(text.split())

    @pytest.mark.parametrize(
        "unit",
        [
            *FRAGMENTS,
            "<!---->",
            "<a>",
            "<<b>b>",
            "<script></script",
            "<script><!--",
            "&amp;lt;",
            "&<b>amp;",
            "&#38;",
            "&notanentity",
            "\xa0\n",
        ],
    )
    def test_time_grows_with_the_length_alone(self, unit: str) -> None:
        text = unit * (200_000 // len(unit))
        assert _time(text) < 2

    @pytest.mark.parametrize(
        ("start", "unit"),
        [
            ("&", "#038;"),  # each pass undoes one level
            ("&", "#x0026;"),
            ("&", "amp"),
            ("&", "#38"),
            ("&#", "9"),
            ("&#x", "f"),
            ("<script>", "</script "),
            ("<!--", "--"),
        ],
    )
    def test_no_nesting_takes_long(self, start: str, unit: str) -> None:
        text = start + unit * (200_000 // len(unit)) + ";"
        assert _time(text) < 2
        assert clean_text(clean_text(text)) == clean_text(text)

    def test_a_megabyte(self) -> None:
        text = "<p>Poste à pourvoir, CDI 28&nbsp;K€ &amp; RTT</p>\r\n" * 20_000
        assert _time(text) < 5

    @pytest.mark.real_data
    def test_is_idempotent_on_real_offers(self, shared_data: Path) -> None:
        offers = pd.read_parquet(
            shared_data / "offers_labelled.parquet", columns=["description_full"]
        )
        cleaned = [clean_text(text) for text in offers["description_full"]]
        assert [clean_text(text) for text in cleaned] == cleaned


def _time(text: str) -> float:
    start = time.perf_counter()
    clean_text(text)
    return time.perf_counter() - start


class TestCleanText:
    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            ("", ""),
            (" \t\n ", ""),
            ("Cariste", "Cariste"),
            # tags: blocks break the line, the others leave a space
            ("<p>un</p><p>deux</p>", "un\ndeux"),
            ("un<br>deux<BR/>trois<br />quatre", "un\ndeux\ntrois\nquatre"),
            ("<ul><li>28 K€<li>RTT</ul>", "28 K€\nRTT"),
            ("<h1>Titre</h1>texte", "Titre\ntexte"),
            ("du <b>gras</b>, de l'<i>italique</i>", "du gras , de l' italique"),
            ("<p class='x' style=\"a:b\"\n id=3>un</p>", "un"),
            ("<P>UN</P><dIv>DEUX</DiV>", "UN\nDEUX"),
            ("<o:p></o:p>Word", "Word"),
            # what only looks like a tag is text
            ("<salaire> 2000 €", "<salaire> 2000 €"),
            ("moins < 3 ans, plus > 5", "moins < 3 ans, plus > 5"),
            ("a<3 et b>4", "a<3 et b>4"),
            ("<bonjour>", "<bonjour>"),
            ("< b >", "< b >"),
            ("<ſpan>", "<ſpan>"),  # a long s, which Python takes for an s
            ("<ſcript>un</script>", "<ſcript>un</script>"),
            ("<b sans fin", "<b sans fin"),
            ("I <3 Paris", "I <3 Paris"),
            # hidden parts
            ("un<!-- caché -->deux", "un deux"),
            ("un<!-- <p>caché</p> -->deux", "un deux"),
            ("un<!-- 1 --><!-- 2 -->deux", "un deux"),
            ("un<script>var a = '<b>';</script>deux", "un deux"),
            ("un<STYLE type='x'>p {color: red}</Style >deux", "un deux"),
            ("un<script>a</script>deux<script>b</script>trois", "un deux trois"),
            ("<script><!-- a --></script>x", "x"),
            ("<!-- <script> -->x</script>", "x</script>"),
            ("un<!--" + "x" * 9_000 + "-->deux", "un deux"),  # as word processors paste it
            ("un<!-- sans fin <b>deux</b>", "un<!-- sans fin deux"),
            ("un --> deux", "un --> deux"),
            ("un<script>sans fin", "un<script>sans fin"),
            # entities, escaped once, twice or more, with or without semicolon
            ("R&amp;D", "R&D"),
            ("R&D", "R&D"),
            ("&agrave; l&#39;&eacute;quipe &#x20AC;", "à l'équipe €"),
            ("&amp;agrave;", "à"),
            ("&amp;amp;amp;agrave;", "à"),
            ("&lt;p&gt;un&lt;/p&gt;deux", "un\ndeux"),
            ("&amp;lt;br/&amp;gt;un", "un"),
            ("28&nbsp;000&nbsp;&euro;", "28 000 €"),
            ("&inconnu; &", "&inconnu; &"),
            ("&#0;&#xD800;&#1114112;", "\ufffd\ufffd\ufffd"),
            ("&#99999999999999999999;", "\ufffd"),
            ("&#150;&#x80;", "–€"),  # Windows-1252 numbers
            # white space
            ("un\xa0deux\u202ftrois\u3000quatre", "un deux trois quatre"),
            ("un  \t deux", "un deux"),
            ("un\r\n\r\n  deux\rtrois", "un\ndeux\ntrois"),
            ("un\x0bdeux\x0ctrois\u2028quatre\u2029cinq", "un\ndeux\ntrois\nquatre\ncinq"),
            ("un/r/ndeux", "un\ndeux"),
            ("un\\r\\ndeux", "un\ndeux"),
            ("C:\\new", "C:\\new"),
            ("http://x.fr/r/n", "http://x.fr/r/n"),
            ("<b>http://x.fr</b>/r/ndeux", "http://x.fr\ndeux"),  # the address ends with the tag
            # characters that nobody sees
            ("é\u200bqui\u200cpe\u200d\ufeff\u2060\xad", "équipe"),
            ("\u202aun\u202c \u2066deux\u2069", "un deux"),
            ("\uf0b7 puce \ue000", "puce"),
            ("un\x00deux\x1btrois\x7f", "un deux trois"),
            ("l\x92\xe9quipe \x80\x85\x81", "l’équipe €…"),  # C1: cp1252 read as Latin-1
            ("\ud800x\udfff", "\ufffdx\ufffd"),
            # damage that cannot be undone without guessing stays
            ("l?optimisation", "l?optimisation"),
            ("40¿000", "40¿000"),
            ("dâ€™une", "dâ€™une"),
            # people's data are not this function's business
            ("rh@exemple.fr 01 23 45 67 89", "rh@exemple.fr 01 23 45 67 89"),
            ("😀 ❤️ 🇫🇷", "😀 ❤️ 🇫🇷"),
        ],
    )
    def test_by_hand(self, raw: str, clean: str) -> None:
        assert clean_text(raw) == clean

    def test_a_plain_str_comes_back(self) -> None:
        assert type(clean_text(np.str_("Cariste"))) is str

    def test_mark_up_nested_beyond_any_page_is_taken_apart(self) -> None:
        """After 20 passes what still opens mark-up becomes a space."""
        assert clean_text("&" + "amp" * 100 + "lt;b> RTT").endswith("lt;b> RTT")
        assert "&" not in clean_text("&" + "amp" * 100 + ";")
        assert clean_text("&" + "amp" * 10 + "; RTT") == "& RTT"


# How an absent value is written.
MISSING = [None, np.nan, pd.NA, "", "  ", "nan", "NaN", "None", "null", "<NA>", "NaT"]


class TestIsMissing:
    @pytest.mark.parametrize(
        "value",
        [*MISSING, np.float32("nan"), pd.NaT, np.datetime64("NaT"), "\n", "NAN", "NULL", " nan\n"],
    )
    def test_missing(self, value: object) -> None:
        assert is_missing(value) is True

    @pytest.mark.parametrize(
        "value",
        [0, 0.0, False, "0", "non", "Nantes", "nul", "-", [], [None], {}, b"", np.array([np.nan])],
    )
    def test_there(self, value: object) -> None:
        assert is_missing(value) is False


class TestAssembleTexts:
    def test_title_then_full_description(self) -> None:
        offers = pd.DataFrame(
            {
                "description_profil": ["profil"],
                "description_full": ["<p>tout</p>"],
                "job_title": ["Cariste "],
                "description_job": ["poste"],
                "salary_value": ["28 K€"],
            }
        )
        assert assemble_texts(offers) == ["Cariste\ntout"]

    @pytest.mark.parametrize("missing", [*MISSING, "<p></p>", "\u200b", "&nbsp;"])
    def test_parts_where_the_full_description_is_missing(self, missing: object) -> None:
        offers = pd.DataFrame(
            {
                "job_title": ["Cariste", "Soudeur"],
                "description_full": pd.Series([missing, "tout"], dtype=object),
                "description_profil": ["profil", "profil"],
                "description_job": ["poste", "poste"],
                "description_entreprise": ["maison", "maison"],
            }
        )
        assert assemble_texts(offers) == ["Cariste\nmaison\nposte\nprofil", "Soudeur\ntout"]

    @pytest.mark.parametrize("missing", MISSING)
    def test_each_field_may_be_missing(self, missing: object) -> None:
        offers = pd.DataFrame(
            {
                "job_title": [missing, "Cariste", missing],
                "description_job": ["poste", missing, missing],
                "description_profil": [missing, "profil", missing],
            },
            dtype=object,
        )
        assert assemble_texts(offers) == ["poste", "Cariste\nprofil", ""]

    def test_one_column_is_enough(self) -> None:
        assert assemble_texts(pd.DataFrame({"description_job": ["poste"]})) == ["poste"]

    def test_no_offers(self) -> None:
        assert assemble_texts(pd.DataFrame({"job_title": []})) == []

    @pytest.mark.parametrize("dtype", [object, "string", "category", "str"])
    def test_any_dtype(self, dtype: str) -> None:
        offers = pd.DataFrame({"job_title": pd.Series(["Cariste", None], dtype=dtype)})
        assert assemble_texts(offers) == ["Cariste", ""]

    def test_text_columns_in_their_order(self) -> None:
        offers = pd.DataFrame(
            {"b": ["deux", np.nan], "a": ["<b>un</b>", "un"], "job_title": ["x", "x"]}
        )
        assert assemble_texts(offers, text_columns=("a", "b")) == ["un\ndeux", "un"]
        assert assemble_texts(offers, text_columns=["b", "a"]) == ["deux\nun", "un"]
        assert assemble_texts(offers, text_columns=("b",)) == ["deux", ""]

    def test_numbers_are_written_out(self) -> None:
        offers = pd.DataFrame({"a": [3127, 12], "b": [1.5, np.nan]})
        assert assemble_texts(offers, text_columns=("a", "b")) == ["3127\n1.5", "12"]

    def test_text_columns_switch_the_fall_back_off(self) -> None:
        offers = pd.DataFrame({"description_full": [None], "description_job": ["poste"]})
        assert assemble_texts(offers, text_columns=("description_full",)) == [""]

    def test_the_input_is_not_changed(self) -> None:
        offers = pd.DataFrame({"job_title": ["<b>x</b>", None]}, index=[7, 7])
        before = offers.copy(deep=True)
        assemble_texts(offers)
        pd.testing.assert_frame_equal(offers, before)

    def test_no_text_column(self) -> None:
        offers = pd.DataFrame({"id": ["1"], "texte": ["Cariste"]})
        with pytest.raises(ValueError, match="offers have no text") as caught:
            assemble_texts(offers)
        assert str(caught.value) == (
            "offers have no text: none of the columns ['job_title', 'description_full', "
            "'description_entreprise', 'description_job', 'description_profil'] is there; found "
            "['id', 'texte']. Rename them, or name yours: text_columns=('my_column',)."
        )

    def test_at_most_five_columns_are_named(self) -> None:
        offers = pd.DataFrame([range(7)], columns=list("abcdefg"))
        with pytest.raises(ValueError, match=r"found \['a', 'b', 'c', 'd', 'e'\] \(7 in all\)"):
            assemble_texts(offers)

    def test_text_columns_that_are_not_there(self) -> None:
        offers = pd.DataFrame({"a": ["x"], 5: ["y"]})
        with pytest.raises(ValueError, match=r"lack the text_columns \['b'\]; found \['a', '5'\]"):
            assemble_texts(offers, text_columns=("a", "b"))

    @pytest.mark.parametrize("text_columns", ["job_title", (), []])
    def test_text_columns_must_be_a_sequence_of_names(self, text_columns: object) -> None:
        offers = pd.DataFrame({"job_title": ["x"]})
        with pytest.raises(ValueError, match="text_columns must be a non-empty sequence"):
            assemble_texts(offers, text_columns=text_columns)  # type: ignore[arg-type]

    def test_two_columns_of_one_name(self) -> None:
        offers = pd.DataFrame([["a", "b"], ["c", "d"]], columns=["job_title", "job_title"])
        with pytest.raises(ValueError, match=r"own name; repeated: \['job_title'\]"):
            assemble_texts(offers)
