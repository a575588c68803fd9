from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes import ThemeClassifier, load_model, load_sample_annotations, load_sample_offers
from jocas_themes._native import build_texts
from jocas_themes.lexicon import Lexicon, LexiconEntry
from jocas_themes.offers import as_offers
from jocas_themes.student._sentences import split_offers
from jocas_themes.student.kernel import compile_student, get_compiled, to_arrow_texts

pytestmark = pytest.mark.usefixtures("kernel")

NO_CATEGORIES = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
# What the kernel has a rule for: breaks, marks, odd spaces, letters that change in number.
ODD = [
    *("Σ", "ς", "ß", "İ", "ﬁ", "ŉ", "œuvre", "Œuvre", "é", "e\u0301", "\u0301", "ﷺ", "Ⅷ", "½"),
    *("\xa0", "\u2003", "\u3000", "\u200b", "\x00", "\x1f", "\x85", "\u2028", "_", "٣", "漢字"),
    *(" - ", " – ", " • ", "•", " * ", "**", "***", "*", "/r/n", "<br>", "<br />", "<br  />", "\n"),
    *(". ", "! ", "?\n", "; ", ":\xa0", ".", "télétravail", "RTT", "mutuelle", "équipe", "le", "a"),
]
texts_with_oddities = st.lists(
    st.one_of(st.sampled_from(ODD), st.text(max_size=8), st.sampled_from(["x", " "])), max_size=30
).map("".join)


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()[:80]


@pytest.fixture(scope="module")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    return ThemeClassifier(cv=2, n_selected=200).fit(annotated)


@pytest.fixture(scope="module")
def offers() -> pd.DataFrame:
    return as_offers(load_sample_offers())


def check_identical(student: ThemeClassifier, offers: pd.DataFrame) -> int:
    """Compare features, scores and probabilities bit for bit; return how many were unsure."""
    texts, broken = to_arrow_texts(offers["text"])
    compiled = get_compiled(student)
    assert compiled is not None
    matrix, scores, probabilities = student._judge(offers)
    sure = np.ones(len(offers), dtype=bool)
    if not student.structured_columns:
        starts, columns, values, unsure = compiled.read(texts)
        sure[[*unsure, *broken]] = False
        kept = matrix[sure]
        np.testing.assert_array_equal(np.diff(starts)[sure], np.diff(kept.indptr))
        from_sure = np.repeat(sure, np.diff(starts))
        np.testing.assert_array_equal(columns[from_sure], kept.indices)
        np.testing.assert_array_equal(values[from_sure], kept.data)
        computed, unsure = compiled.score(texts, *NO_CATEGORIES, 1)
        sure[unsure] = False
        np.testing.assert_array_equal(computed.reshape(scores.shape)[sure], scores[sure])
    np.testing.assert_array_equal(student._estimate(texts, offers, broken), probabilities)
    return int((~sure).sum())


def test_offers_are_judged_as_python_does(student: ThemeClassifier, offers: pd.DataFrame) -> None:
    assert check_identical(student, offers) == 0


@settings(max_examples=150, deadline=None)
@given(st.lists(texts_with_oddities, min_size=1, max_size=5))
def test_any_text_is_judged_as_python_does(student: ThemeClassifier, texts: list[str]) -> None:
    check_identical(student, pd.DataFrame({"text": texts}))


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_every_code_point_is_judged_as_python_does(student: ThemeClassifier, step: int) -> None:
    codes = [chr(code) for code in range(0, 0x110000, step) if not 0xD800 <= code < 0xE000]
    texts = [
        " ".join(f"é{code} a{code}b {code}" for code in codes[start : start + 1_000])
        for start in range(0, len(codes), 1_000)
    ]
    # The one that holds a capital sigma, at most
    assert check_identical(student, pd.DataFrame({"text": texts})) <= 1


@pytest.mark.parametrize("options", [
    {"ngram_range": (1, 1)}, {"ngram_range": (1, 3)}, {"ngram_range": (2, 2)},
    {"min_df": 1, "max_features": 50}, {"min_df": 0.1, "max_features": None},
])  # fmt: skip
def test_features_are_the_vectorizer_s(
    annotated: pd.DataFrame, offers: pd.DataFrame, options: dict[str, object]
) -> None:
    plain = ThemeClassifier(evidence=False, lexicon=None, cv=2, n_selected=50, **options)
    check_identical(plain.fit(annotated[:40]), offers[:50])


@pytest.mark.parametrize(("evidence", "lexicon"), [(False, None), (False, "auto"), ("auto", None)])
def test_parts_may_be_missing(
    annotated: pd.DataFrame, offers: pd.DataFrame, evidence: object, lexicon: object
) -> None:
    student = ThemeClassifier(evidence=evidence, lexicon=lexicon, cv=2, n_selected=50)
    assert check_identical(student.fit(annotated[:40]), offers[:50]) == 0


def test_structured_columns_are_features_too(annotated: pd.DataFrame, offers: pd.DataFrame) -> None:
    student = ThemeClassifier(structured_columns=("contractType",), cv=2, n_selected=None)
    student.fit(annotated[:60])
    assert len(student.features_.categories_) > 1
    check_identical(student, offers)


def test_a_parameter_that_is_changed_after_the_fit_changes_nothing(
    annotated: pd.DataFrame, offers: pd.DataFrame
) -> None:
    student = ThemeClassifier(structured_columns=("contractType",), cv=2, n_selected=None)
    expected = student.fit(annotated[:60]).predict_proba(offers[:20])
    student.set_params(structured_columns=())
    np.testing.assert_array_equal(student.predict_proba(offers[:20]), expected)


def test_a_constant_theme_keeps_its_prevalence(
    annotated: pd.DataFrame, offers: pd.DataFrame
) -> None:
    with pytest.warns(UserWarning, match="all known labels are alike"):
        student = ThemeClassifier(cv=2, n_selected=50).fit(annotated[:40].assign(DIVERSITY=1.0))
    check_identical(student, offers[:20])
    assert (student.predict_proba(offers[:20])[:, 0] == 1).all()


def test_models_of_format_1_have_no_scores(request: pytest.FixtureRequest) -> None:
    stored = request.config.rootpath / "tests/student/persistence/old_models/format_1/model"
    student = load_model(stored)
    offers = as_offers(load_sample_offers()[:50])
    assert get_compiled(student) is not None
    np.testing.assert_array_equal(student.predict_proba(offers), student._judge(offers)[2])


@pytest.mark.parametrize("n_rows", [0, 1, 7, 300])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_neither_threads_nor_chunks_matter(
    student: ThemeClassifier, offers: pd.DataFrame, n_rows: int, n_threads: int
) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    texts = pa.array(offers["text"].tolist(), pa.large_string())
    whole, _ = compiled.predict(texts, *NO_CATEGORIES, 1)
    part, unsure = compiled.predict(texts[300 - n_rows :], *NO_CATEGORIES, n_threads)
    assert len(unsure) == 0
    np.testing.assert_array_equal(part, whole[(300 - n_rows) * 6 :])


def test_what_is_remembered_does_not_matter(student: ThemeClassifier, offers: pd.DataFrame) -> None:
    parts = (student.features_, student.offer_scores_, student.models_)
    texts = pa.array([*offers["text"], *offers["text"]], pa.large_string())
    results = [
        compile_student(*parts, n_texts=n, n_sentences=n, n_tokens=n).predict(
            texts, *NO_CATEGORIES, 1
        )[0]
        for n in (1, 100, 1 << 16)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "x", "é" * 100_000, "ﷺ" * 3_000, "mutuelle " * 5_000, "a." * 50]
)
def test_empty_and_long_texts(student: ThemeClassifier, text: str) -> None:
    check_identical(student, pd.DataFrame({"text": [text, "RTT"]}))


def test_words_are_found_wherever_they_lie(student: ThemeClassifier) -> None:
    # Bytes are looked at 8 and 64 at a time.
    places = [" " * n for n in range(140)] + ["x" * n + " " for n in range(140)]
    texts = [f"{before}Équipe {before}RTT l'été{before}mutuelle" for before in places]
    assert check_identical(student, pd.DataFrame({"text": texts})) == 0


# The kernel adds up the scores of 8 themes at a time.
@pytest.mark.parametrize("n_themes", [1, 5, 8, 9, 18])
def test_any_number_of_themes_is_scored(
    annotated: pd.DataFrame, offers: pd.DataFrame, n_themes: int
) -> None:
    student = ThemeClassifier(evidence=False, lexicon=None, cv=2, n_selected=50).fit(annotated[:40])
    text, of_themes = student.offer_scores_.text, np.arange(n_themes) % 6
    student.offer_scores_ = replace(
        student.offer_scores_,
        text=replace(
            text,
            coefficients=text.coefficients[:, of_themes],
            intercepts=text.intercepts[of_themes],
        ),
    )
    student.models_ = [student.models_[theme] for theme in of_themes]
    assert check_identical(student, offers[:50]) == 0


@pytest.mark.parametrize(
    "raw", [b"\xff", b"abc \xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"a\xe2\x80"]
)
def test_ill_formed_texts_are_left_to_python(student: ThemeClassifier, raw: bytes) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    texts = pa.array([b"RTT et mutuelle", raw], pa.large_binary()).view(pa.large_string())
    _, unsure = compiled.predict(texts, *NO_CATEGORIES, 1)
    assert unsure.tolist() == [1]


def test_lone_surrogates_are_left_to_python(student: ThemeClassifier) -> None:
    check_identical(student, pd.DataFrame({"text": ["RTT \ud800", "RTT"]}, dtype=object))


def test_null_is_an_empty_text(student: ThemeClassifier) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    log_odds, _ = compiled.predict(pa.array([None, ""], pa.string()), *NO_CATEGORIES, 1)
    np.testing.assert_array_equal(log_odds[:6], log_odds[6:])


def test_texts_of_another_type_are_refused(student: ThemeClassifier) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    with pytest.raises(TypeError, match="string or large_string"):
        compiled.predict(pa.array([1]), *NO_CATEGORIES, 1)


@pytest.mark.parametrize(
    ("starts", "columns"), [([0], []), ([0, 2], [0]), ([0, -1], [0]), ([1, 1], [0])]
)
def test_categories_must_fit_the_texts(
    student: ThemeClassifier, starts: list[int], columns: list[int]
) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    with pytest.raises(ValueError, match="one row a text"):
        compiled.predict(pa.array(["a"]), np.array(starts), np.array(columns, dtype=np.int32), 1)


def test_an_unknown_category_is_refused(student: ThemeClassifier) -> None:
    compiled = get_compiled(student)
    assert compiled is not None
    compiled.predict(pa.array(["a"]), *NO_CATEGORIES, 2)  # a text that is known is no way around
    with pytest.raises(IndexError, match="not one of the student's"):
        compiled.predict(pa.array(["a"]), np.array([0, 1]), np.array([0], dtype=np.int32), 2)


def test_patterns_that_the_kernel_cannot_run_leave_all_to_python(annotated: pd.DataFrame) -> None:
    entry = LexiconEntry(
        code="DIVERSITY", present=("(?i:rqth)",), confidence_present=70, confidence_absent=70
    )
    student = ThemeClassifier(lexicon=Lexicon((entry,)), cv=2, n_selected=50).fit(annotated[:40])
    assert get_compiled(student) is None
    assert student.predict_proba(annotated[:5]).shape == (5, 6)


def test_the_switch_turns_the_kernel_off(
    student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOCAS_THEMES_KERNEL", "off")
    assert get_compiled(student) is None


def test_a_student_that_learns_again_is_compiled_again(annotated: pd.DataFrame) -> None:
    student = ThemeClassifier(evidence=False, lexicon=None, cv=2, n_selected=50)
    first = student.fit(annotated[:40]).predict_proba(annotated[:10])
    student.fit(annotated[40:])
    np.testing.assert_array_equal(
        student.predict_proba(annotated[:10]), student._judge(as_offers(annotated[:10]))[2]
    )
    assert (student.predict_proba(annotated[:10]) != first).any()


@settings(max_examples=300, deadline=None)
@given(st.lists(texts_with_oddities, min_size=1, max_size=3))
def test_sentences_are_cut_where_python_cuts_them(kernel: object, texts: list[str]) -> None:
    array, _ = to_arrow_texts(texts)
    texts = array.to_pylist()
    *built, starts = kernel.split_sentences(array)
    expected = split_offers(text or "" for text in texts)
    cut = [texts[o][a:b] for o, (a, b) in zip(expected.offers, expected.spans, strict=True)]
    assert build_texts(*built).to_pylist() == cut
    np.testing.assert_array_equal(starts, expected.starts)


@pytest.mark.real_data
@pytest.mark.parametrize("n_offers", [500, pytest.param(11_123, marks=pytest.mark.slow)])
def test_real_offers_are_judged_as_python_does(
    student: ThemeClassifier, shared_data: object, n_offers: int
) -> None:
    raw = pd.read_parquet(shared_data / "offers_unlabelled.parquet")[-n_offers:]
    assert check_identical(student, as_offers(raw)) <= n_offers // 500
