import copy
import pickle
import time
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.lexicon._lexicon import (
    Finding,
    Lexicon,
    LexiconEntry,
    fold_text,
    load_french_lexicon,
)
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES

FRENCH = load_french_lexicon()

TWO_THEMES = r"""
[PETS]
present = ['chiens?', 'chats? (?:noirs?|blancs?)', 'oeufs?']
not_enough = ['chiens? de garde']
confidence_present = 60
confidence_absent = 70

[TREES]
present = ['chenes?']
confidence_present = 55
confidence_absent = 65
"""
SMALL = Lexicon.from_toml(TWO_THEMES)


def find_codes(text: str) -> list[str]:
    return [code for code, finding in FRENCH.find(text).items() if finding.present]


class TestFoldText:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("ÉTÉ À Noël", "ete a noel"),
            ("e\u0301quipe", "equipe"),  # an accent of its own, as macOS writes it
            ("l’œuvre « d‘art »", "l'oeuvre \" d'art \""),
            ("35\u00a0K€\u202f–\u20092", "35 k€ - 2"),
            ("a\r\nb\tc", "a\n\nb c"),
            ("bien\u00adêtre\u200b", "bienetre"),
            ("13ᵉ mois", "13e mois"),
            ("\ud800\x00", "\ud800\x00"),  # what is no character stays
        ],
    )
    def test_known_characters(self, text: str, folded: str) -> None:
        assert fold_text(text) == folded

    @given(st.text())
    def test_folding_twice_changes_nothing(self, text: str) -> None:
        assert fold_text(fold_text(text)) == fold_text(text)


class TestFind:
    def test_says_present_absent_evidence_and_confidence(self) -> None:
        assert SMALL.find("Deux CHATS Noirs sous un arbre") == {
            "PETS": Finding(present=True, confidence=60, evidence="CHATS Noirs"),
            "TREES": Finding(present=False, confidence=65, evidence=None),
        }

    def test_only_whole_words_match(self) -> None:
        assert not SMALL.find("chienlit, unchien, chenes2")["PETS"].present
        assert not SMALL.find("chienlit, unchien, chenes2")["TREES"].present

    def test_what_is_not_enough_hides_itself_but_not_the_rest(self) -> None:
        assert not SMALL.find("chien de garde")["PETS"].present
        assert SMALL.find("chien de garde, petit chien")["PETS"].evidence == "chien"

    @pytest.mark.parametrize(
        ("text", "evidence"),
        [
            ("un bel ŒUF.", "ŒUF"),
            ("vieux che\u0302ne", "che\u0302ne"),
            ("\ufb01n, che\u0302nes\u0301!", "che\u0302nes\u0301"),
            ("cœur… de CHÊNE", "CHÊNE"),
        ],
    )
    def test_evidence_is_verbatim_where_folding_changes_the_length(
        self, text: str, evidence: str
    ) -> None:
        assert evidence in {finding.evidence for finding in SMALL.find(text).values()}

    @given(
        st.lists(
            st.one_of(
                st.text(max_size=5),
                st.sampled_from(["chien", "CHÊNE", "che\u0302ne", "œuf", " ", "…", "\u0301"]),
            )
        ).map("".join)
    )
    def test_evidence_is_always_a_span_that_folds_to_a_match(self, text: str) -> None:
        for finding in SMALL.find(text).values():
            assert (finding.evidence is not None) == finding.present
            if finding.evidence is not None:
                assert text.find(finding.evidence) >= 0
                assert fold_text(finding.evidence) in {"chien", "chiens", "chene", "oeuf", "oeufs"}

    @pytest.mark.parametrize("text", ["", "\x00", "\ud800", " \n "])
    def test_an_empty_text_has_no_theme(self, text: str) -> None:
        assert not find_codes(text)

    def test_copies_and_pickles_find_the_same(self) -> None:
        for twin in (copy.deepcopy(FRENCH), pickle.loads(pickle.dumps(FRENCH))):
            assert twin == FRENCH
            assert twin.find("2 RTT par mois") == FRENCH.find("2 RTT par mois")


PETS, TREES = SMALL.entries


class TestFindAll:
    @pytest.mark.parametrize(
        ("folded", "spans"),
        [
            ("chien, chats noirs et chien", [(0, 5), (7, 18), (22, 27)]),
            ("chien chien", [(0, 5), (6, 11)]),
            ("unchien chienlit", []),
            ("chien de garde, petit chien", [(22, 27)]),  # the first is not enough
            ("chien\nchiens", [(0, 5), (6, 12)]),
            ("", []),
            ("\x00 \ud800", []),
        ],
    )
    def test_known_texts(self, folded: str, spans: list[tuple[int, int]]) -> None:
        assert PETS.find_all(folded) == spans

    @given(
        st.lists(
            st.sampled_from(["chien", "chiens", "de garde", "chats noirs", "oeuf", "\n", ",", "x"])
        ).map(" ".join)
    )
    def test_spans_are_apart_in_order_and_each_a_finding(self, folded: str) -> None:
        spans = PETS.find_all(folded)
        assert (spans[0] if spans else None) == PETS.find(folded)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        for start, end in spans:
            assert PETS.find(folded[start:end]) == (0, end - start)

    def test_without_anything_that_is_not_enough(self) -> None:
        assert TREES.find_all("chene, chenes") == [(0, 5), (7, 13)]


class TestFile:
    def test_load_reads_a_file_of_ones_own(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(TWO_THEMES, encoding="utf-8-sig")  # Windows editors add the BOM
        assert Lexicon.load(path) == SMALL
        assert SMALL.codes == ("PETS", "TREES")

    def test_an_absent_file_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="absent"):
            Lexicon.load(tmp_path / "absent.toml")

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"\xff\xfe", "mine.toml is not UTF-8"), (b"[A]\n", "mine.toml: theme 'A': missing")],
    )
    def test_a_bad_file_is_named(self, tmp_path: Path, content: bytes, message: str) -> None:
        path = tmp_path / "mine.toml"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Lexicon.load(path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[A", "not valid TOML"),
            ("", "at least one theme"),
            ("A = 1", "'A' = 1 outside"),
            ("[A]\nwords = []", r"missing fields \['confidence_absent'.*unknown fields \['words'"),
        ],
    )
    def test_what_is_no_lexicon_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Lexicon.from_toml(text)


def build_entry(**changes: object) -> LexiconEntry:
    fields = {"present": ["a"], "confidence_present": 50, "confidence_absent": 50} | changes
    return LexiconEntry(code="A", **fields)  # type: ignore[arg-type]


class TestEntry:
    @pytest.mark.parametrize("name", ["present", "not_enough"])
    @pytest.mark.parametrize(
        ("pattern", "message"),
        [
            ("prime(", r"theme 'A': the \w+ pattern 'prime\(' does not compile"),
            ("(?i)prime", "does not compile"),
            ("(prime)s", "has a capturing group"),
            ("Prime", "can never match folded text: write 'prime'"),
            ("d’équipe", 'write "d\'equipe"'),
            ("(?:prime)?", "matches no word at all"),
            (r"\W", "matches no word at all"),
        ],
    )
    def test_a_pattern_that_cannot_be_right_is_refused(
        self, name: str, pattern: str, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            build_entry(**{name: ["salaire", pattern]})

    @pytest.mark.parametrize("patterns", ["prime", [1], ["prime", None]])
    def test_patterns_must_be_a_list_of_strings(self, patterns: object) -> None:
        with pytest.raises(ValueError, match="must be a list of patterns"):
            build_entry(present=patterns)

    def test_a_theme_needs_a_pattern(self) -> None:
        with pytest.raises(ValueError, match="theme 'A': present needs at least one pattern"):
            build_entry(present=[])

    @pytest.mark.parametrize("confidence", [-1, 101, 50.0, True, "50"])
    @pytest.mark.parametrize("name", ["confidence_present", "confidence_absent"])
    def test_a_confidence_is_a_whole_number_up_to_100(self, name: str, confidence: object) -> None:
        with pytest.raises(ValueError, match=rf"{name} must be a whole number in \[0, 100\]"):
            build_entry(**{name: confidence})

    def test_two_entries_cannot_share_a_code(self) -> None:
        with pytest.raises(ValueError, match=r"repeated: \['A'\] \(1 in all\)"):
            Lexicon((build_entry(), build_entry()))


class TestFrenchLexicon:
    def test_it_knows_the_six_themes_and_is_never_sure(self) -> None:
        assert FRENCH.codes == HR_THEMES.codes
        for entry in FRENCH.entries:
            assert entry.confidence_present <= 75
            assert entry.confidence_absent <= 75

    @pytest.mark.parametrize("theme", HR_THEMES, ids=lambda theme: theme.code)
    def test_it_finds_the_examples_of_the_taxonomy(self, theme: object) -> None:
        for example in theme.examples:  # type: ignore[attr-defined]
            assert theme.code in find_codes(example), example  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("Aide-soignant (H/F), équipe mixte", []),
            ("Rémunération attractive selon expérience", []),
            ("L'entreprise réalise 12 millions d'euros de chiffre d'affaires", []),
            ("Vous avez une formation Bac+2 en comptabilité", []),
            ("CDI à pourvoir dès que possible", []),
            ("Vous avez l'esprit d'équipe", []),
            ("Solution à forte valeur ajoutée", []),
            ("Rattaché au directeur, gestion de projets et de stocks", []),
            ("Sous la responsabilité du chef d'équipe", []),
            ("35 h par semaine, travail le samedi, 2x8", []),
            ("Pas de télétravail possible", []),
            ("Accompagnement de personnes en situation de handicap", []),
            ("Poste ouvert aux candidats en situation de handicap", ["DIVERSITY"]),
            ("28 à 32 K€, 13ème mois, mutuelle", ["COMPENSATION_BENEFITS"]),
            ("CDD de 6 mois évolutif en CDI", ["CAREER_OPPORTUNITIES"]),
            ("Nos valeurs : audace et respect", ["COMPANY_CULTURE"]),
            ("Vous encadrez une équipe de 5 personnes", ["LEADERSHIP_MANAGEMENT"]),
            ("Horaires flexibles et 10 RTT", ["WORK_LIFE_BALANCE"]),
        ],
    )
    def test_it_draws_the_lines_of_the_codebook(self, text: str, codes: list[str]) -> None:
        assert find_codes(text) == codes

    @pytest.mark.parametrize(
        "unit",
        [
            "a",
            "1 ",
            "e\u0301",
            "d'",
            "\n",
            "encadrer et ",
            "poste de formation ",
            "vous évoluez, ",
            "entre 100 ",
        ],
    )
    def test_100_kb_take_well_under_a_second(self, unit: str) -> None:
        text = unit * (100_000 // len(unit))
        start = time.perf_counter()
        FRENCH.find(text)
        # About 0.1 s, 0.4 at worst; a pattern that is not linear would take minutes.
        assert time.perf_counter() - start < 5

    @pytest.mark.real_data
    def test_its_confidence_was_earned_on_offers_it_was_not_written_on(
        self, shared_data: Path
    ) -> None:
        labelled = pd.read_parquet(shared_data / "offers_labelled.parquet")
        labelled = labelled[[int(offer_id, 16) % 2 == 1 for offer_id in labelled["offer_id"]]]
        texts = as_offers(labelled)["text"].tolist()
        findings = [FRENCH.find(text) for text in texts]
        hits = predicted = labels = 0
        for entry in FRENCH.entries:
            label = labelled[entry.code].to_numpy() == 1
            present = pd.Series([found[entry.code].present for found in findings]).to_numpy()
            assert label[present].mean() >= entry.confidence_present / 100
            assert 1 - label[~present].mean() >= entry.confidence_absent / 100
            hits += (label & present).sum()
            predicted += present.sum()
            labels += label.sum()
        assert 2 * hits / (predicted + labels) >= 0.85  # micro-F1, 0.853 when written
        for text, found in zip(texts, findings, strict=True):
            for finding in found.values():
                assert finding.evidence is None or text.find(finding.evidence) >= 0
