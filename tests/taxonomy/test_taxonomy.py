import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import TaxonomyError
from jocas_themes.taxonomy import HR_THEMES, Taxonomy, Theme

FILLED = st.text(min_size=1, max_size=20).filter(str.strip)
CODES = ("REMOTE", "pay", "T_3")


@st.composite
def taxonomies(draw: st.DrawFn) -> Taxonomy:
    """Draw one to three themes with any Unicode in their fields."""
    codes = CODES[: draw(st.integers(1, 3))]
    themes = [
        Theme(
            code=code,
            name_fr=f"{number}{draw(FILLED)}",  # the number keeps the names apart
            name_en=f"{number}{draw(FILLED)}",
            definition=draw(FILLED),
            not_enough=draw(st.text(max_size=20)),
            examples=tuple(draw(st.lists(FILLED, max_size=3))),
        )
        for number, code in enumerate(codes)
    ]
    return Taxonomy(themes, title=draw(st.text(max_size=20)))


def make_theme(code: str = "REMOTE", **changes: Any) -> Theme:
    fields: dict[str, Any] = {
        "code": code,
        "name_fr": f"fr {code}",
        "name_en": f"en {code}",
        "definition": "work from home",
        "not_enough": "a laptop",
        "examples": ("two days at home",),
    }
    return Theme(**fields | changes)


class TestTheme:
    def test_not_enough_and_examples_may_be_left_out(self) -> None:
        theme = Theme(code="A", name_fr="a", name_en="a", definition="d")
        assert (theme.not_enough, theme.examples) == ("", ())

    def test_examples_become_a_tuple(self) -> None:
        assert make_theme(examples=["one", "two"]).examples == ("one", "two")

    def test_is_frozen_and_hashable(self) -> None:
        theme = make_theme()
        assert hash(theme) == hash(make_theme())
        with pytest.raises(FrozenInstanceError, match="definition"):
            theme.definition = "other"  # type: ignore[misc]

    @pytest.mark.parametrize("code", ["A", "a", "A1", "A_", "REMOTE_WORK", "x9_Y", "confidence"])
    def test_good_codes(self, code: str) -> None:
        assert make_theme(code).code == code

    @pytest.mark.parametrize(
        "code",
        ["1A", "_A", "A-B", "A B", "É", "A\n", "A\x00", "a/b", "٣", "offer_id", "text", "status"],
    )
    def test_a_code_that_cannot_name_a_column(self, code: str) -> None:
        with pytest.raises(TaxonomyError, match="code must start with a letter"):
            make_theme(code)

    @pytest.mark.parametrize("code", ["A_confidence", "A_evidence", "A_probability"])
    def test_a_code_that_names_the_column_beside_another(self, code: str) -> None:
        with pytest.raises(TaxonomyError, match="code must not end in any of"):
            make_theme(code)

    @pytest.mark.parametrize("name", ["code", "name_fr", "name_en", "definition"])
    @pytest.mark.parametrize("empty", ["", " ", "\n\t", "\xa0"])
    def test_a_required_field_that_is_empty(self, name: str, empty: str) -> None:
        with pytest.raises(TaxonomyError, match=f"{name} is empty"):
            make_theme(**{name: empty})

    @pytest.mark.parametrize("name", ["code", "name_fr", "name_en", "definition", "not_enough"])
    @pytest.mark.parametrize("value", [None, 5, b"REMOTE", ["REMOTE"]])
    def test_a_field_that_is_no_string(self, name: str, value: object) -> None:
        with pytest.raises(TaxonomyError, match=f"{name} must be a string, got"):
            make_theme(**{name: value})

    @pytest.mark.parametrize("examples", ["one string", None, 5, {"a": 1}, {"a"}])
    def test_examples_that_are_no_sequence(self, examples: object) -> None:
        with pytest.raises(TaxonomyError, match="examples must be a sequence of strings, got"):
            make_theme(examples=examples)

    @pytest.mark.parametrize(
        ("examples", "message"),
        [
            (["fine", ""], "example 2 is empty"),
            (["  "], "example 1 is empty"),
            ([None], "example 1 must be a string, got None"),
            ([5], "example 1 must be a string, got 5"),
            (b"ab", "example 1 must be a string, got 97"),
        ],
    )
    def test_a_bad_example_is_named(self, examples: Any, message: str) -> None:
        with pytest.raises(TaxonomyError, match=message):
            make_theme(examples=examples)

    @pytest.mark.parametrize(
        "changes",
        [{"definition": "a\ud800"}, {"not_enough": "\udfff"}, {"examples": ["\ud83d"]}],
    )
    def test_a_lone_surrogate_could_be_neither_sent_nor_saved(
        self, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(TaxonomyError, match="must be valid Unicode"):
            make_theme(**changes)


class TestTaxonomy:
    def test_is_a_sequence_of_themes(self) -> None:
        a, b = make_theme("A"), make_theme("B")
        taxonomy = Taxonomy([a, b], title="two")
        assert len(taxonomy) == 2
        assert list(taxonomy) == [a, b]
        assert taxonomy[0] is a
        assert taxonomy[-1] is b
        assert taxonomy[:1] == (a,)
        assert b in taxonomy
        assert taxonomy.index(b) == 1
        assert taxonomy.codes == ("A", "B")
        assert repr(taxonomy) == "Taxonomy(A, B)"

    def test_one_theme_is_enough(self) -> None:
        assert Taxonomy([make_theme()]).codes == ("REMOTE",)

    def test_themes_may_come_from_a_generator(self) -> None:
        assert Taxonomy(make_theme(code) for code in "AB").codes == ("A", "B")  # type: ignore[arg-type]

    def test_no_theme(self) -> None:
        with pytest.raises(TaxonomyError, match="at least one theme, got none"):
            Taxonomy([])

    @pytest.mark.parametrize("stranger", ["REMOTE", None, {"code": "A"}])
    def test_something_else_than_a_theme(self, stranger: Any) -> None:
        with pytest.raises(TaxonomyError, match="holds Theme objects only, got"):
            Taxonomy([make_theme(), stranger])

    @pytest.mark.parametrize("title", [None, 5, ["a"]])
    def test_a_title_that_is_no_string(self, title: Any) -> None:
        with pytest.raises(TaxonomyError, match="title must be a string, got"):
            Taxonomy([make_theme()], title=title)

    def test_a_title_with_a_lone_surrogate(self) -> None:
        with pytest.raises(TaxonomyError, match="title must be valid Unicode"):
            Taxonomy([make_theme()], title="\ud800")

    @pytest.mark.parametrize(
        ("second", "message"),
        [
            ({"code": "REMOTE"}, r"own code; repeated: \['REMOTE'\] \(1 in all\)"),
            ({"code": "remote"}, r"own code; repeated: \['REMOTE'\]"),  # DuckDB ignores case
            ({"code": "B", "name_fr": " FR remote "}, r"own name_fr; repeated: \['fr remote'\]"),
            ({"code": "B", "name_en": "EN REMOTE"}, r"own name_en; repeated: \['en remote'\]"),
        ],
    )
    def test_duplicates(self, second: dict[str, str], message: str) -> None:
        with pytest.raises(TaxonomyError, match=message):
            Taxonomy([make_theme(), make_theme(**second)])

    def test_equality_hash_copy_and_pickle(self) -> None:
        taxonomy = Taxonomy([make_theme()], title="t")
        for other in (
            Taxonomy([make_theme()], title="t"),
            copy.deepcopy(taxonomy),
            pickle.loads(pickle.dumps(taxonomy)),
        ):
            assert other == taxonomy
            assert hash(other) == hash(taxonomy)
            assert other.fingerprint == taxonomy.fingerprint
        assert taxonomy != Taxonomy([make_theme()], title="u")
        assert taxonomy != [make_theme()]


class TestFingerprint:
    def test_is_16_hexadecimal_digits_and_the_same_in_every_process(self) -> None:
        # Worked out outside the package: sha256 of the JSON below, sorted keys, first 16 digits:
        # {"themes": [{"code": "A", "definition": "d", "examples": ["é"], "name_en": "e",
        #  "name_fr": "f", "not_enough": ""}], "title": "t"}
        theme = Theme(code="A", name_fr="f", name_en="e", definition="d", examples=("é",))
        assert Taxonomy([theme], title="t").fingerprint == "c481dbf8a7adf4d9"

    @settings(deadline=None, max_examples=50)
    @given(
        taxonomy=taxonomies(),
        field=st.sampled_from(
            ["code", "name_fr", "name_en", "definition", "not_enough", "examples"]
        ),
        which=st.integers(0, 2),
        added=FILLED,
    )
    def test_changes_with_every_field_of_every_theme(
        self, taxonomy: Taxonomy, field: str, which: int, added: str
    ) -> None:
        themes = list(taxonomy)
        theme = themes[which % len(themes)]
        old = getattr(theme, field)
        new = {"code": f"{old}X", "examples": (*old, added)}.get(field, f"{old}{added}")
        themes[which % len(themes)] = replace(theme, **{field: new})
        assert Taxonomy(themes, title=taxonomy.title).fingerprint != taxonomy.fingerprint

    @settings(deadline=None, max_examples=30)
    @given(one=taxonomies(), other=taxonomies())
    def test_is_shared_by_equal_taxonomies_only(self, one: Taxonomy, other: Taxonomy) -> None:
        assert (one.fingerprint == other.fingerprint) == (one == other)

    def test_changes_with_title_order_and_number(self) -> None:
        a, b = make_theme("A"), make_theme("B")
        variants = [
            Taxonomy([a, b]),
            Taxonomy([b, a]),
            Taxonomy([a]),
            Taxonomy([a, b], title="t"),
        ]
        assert len({taxonomy.fingerprint for taxonomy in variants}) == 4

    def test_knows_where_one_field_ends_and_the_next_begins(self) -> None:
        one = make_theme(examples=("ab", "c"))
        other = make_theme(examples=("a", "bc"))
        joined = make_theme(examples=("ab\nc",))
        assert len({Taxonomy([theme]).fingerprint for theme in (one, other, joined)}) == 3


class TestFiles:
    def test_form_of_the_file(self, tmp_path: Path) -> None:
        Taxonomy(
            [make_theme("A", examples=['say "hé"', "b\\c"]), make_theme("B", examples=[])],
            title="Deux\nthèmes\x7f",
        ).save(tmp_path / "themes.toml")
        assert (tmp_path / "themes.toml").read_text(encoding="utf-8") == (
            'title = "Deux\\nthèmes\\u007f"\n'
            "\n"
            "[[themes]]\n"
            'code = "A"\n'
            'name_fr = "fr A"\n'
            'name_en = "en A"\n'
            'definition = "work from home"\n'
            'not_enough = "a laptop"\n'
            "examples = [\n"
            '    "say \\"hé\\"",\n'
            '    "b\\\\c",\n'
            "]\n"
            "\n"
            "[[themes]]\n"
            'code = "B"\n'
            'name_fr = "fr B"\n'
            'name_en = "en B"\n'
            'definition = "work from home"\n'
            'not_enough = "a laptop"\n'
            "examples = []\n"
        )

    @settings(deadline=None, max_examples=100)
    @given(taxonomy=taxonomies())
    def test_toml_round_trip_of_any_unicode(
        self, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.toml"
        taxonomy.save(path)
        loaded = Taxonomy.load(path)
        assert loaded == taxonomy
        assert loaded.fingerprint == taxonomy.fingerprint

    def test_toml_round_trip_of_every_control_character(self, tmp_path: Path) -> None:
        odd = "".join(map(chr, [*range(0x21), *range(0x7F, 0xA1), 0x2028, 0x2029, 0xFEFF, 0xFFFF]))
        taxonomy = Taxonomy([make_theme(definition=f"a{odd}b", examples=[f"a{odd}"])], title=odd)
        taxonomy.save(tmp_path / "odd.toml")
        assert Taxonomy.load(tmp_path / "odd.toml") == taxonomy

    @settings(deadline=None, max_examples=30)
    @given(taxonomy=taxonomies())
    def test_dict_round_trip(self, taxonomy: Taxonomy) -> None:
        assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy

    def test_to_dict_holds_plain_objects(self) -> None:
        theme = make_theme()
        assert Taxonomy([theme], title="t").to_dict() == {
            "title": "t",
            "themes": [asdict(theme) | {"examples": ["two days at home"]}],
        }

    def test_save_replaces_an_older_file(self, tmp_path: Path) -> None:
        path = tmp_path / "themes.toml"
        HR_THEMES.save(path)
        Taxonomy([make_theme()]).save(str(path))
        assert Taxonomy.load(str(path)).codes == ("REMOTE",)

    def test_a_file_from_windows(self, tmp_path: Path) -> None:
        """A byte-order mark and CRLF line ends are what Notepad writes."""
        path = tmp_path / "themes.toml"
        HR_THEMES.save(path)
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert Taxonomy.load(path).fingerprint == HR_THEMES.fingerprint

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no_such"):
            Taxonomy.load(tmp_path / "no_such.toml")

    def test_a_file_that_is_not_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "themes.toml"
        path.write_bytes('title = "Thèmes"'.encode("cp1252"))
        with pytest.raises(
            TaxonomyError, match=r"themes\.toml is not UTF-8 text.*Save it as UTF-8"
        ):
            Taxonomy.load(path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("themes = [", "not valid TOML"),
            ("", r"needs one \[\[themes\]\] table a theme"),
            ("themes = 5", r"needs one \[\[themes\]\] table a theme"),
            ('themes = ["A"]', r"needs one \[\[themes\]\] table a theme"),
            ("themes = []", "at least one theme, got none"),
            ('theme = "x"\ntitel = "y"\nthemes = []', r"found also \['theme', 'titel'\]"),
            ("title = 5\n{theme}", "title must be a string, got 5"),
            ("{theme}\nexamples = 5", "examples must be a sequence of strings, got 5"),
            ('{theme}\nexamples = "one"', "Put it in a list"),
            ("{theme}\nnot_enough = false", "not_enough must be a string, got False"),
            (
                '{theme}\nexample = ["x"]\nnotenough = ""',
                r"theme 'A': missing fields \[\], unknown fields \['example', 'notenough'\]",
            ),
            ('[[themes]]\ncode = "A"', r"missing fields \['definition', 'name_en', 'name_fr'\]"),
            ("[[themes]]", r"theme '\?': missing fields \['code', "),
        ],
    )
    def test_a_file_that_is_no_taxonomy(self, text: str, message: str, tmp_path: Path) -> None:
        theme = '[[themes]]\ncode = "A"\nname_fr = "a"\nname_en = "a"\ndefinition = "d"'
        text = text.replace("{theme}", theme)
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(TaxonomyError, match=message):
            Taxonomy.from_toml(text)
        with pytest.raises(TaxonomyError, match=rf"mine\.toml: .*{message}"):
            Taxonomy.load(path)


def test_a_theme_by_its_code() -> None:
    assert HR_THEMES["DIVERSITY"] is HR_THEMES[0]
    with pytest.raises(KeyError, match="no theme has the code 'DIVERSITE'"):
        HR_THEMES["DIVERSITE"]
