"""A reply is understood whole, in part or not at all; nothing is ever guessed."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server import answer, completion
from jocas_themes.annotations import Answer
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher.reply._reply import NotACompletionError, load_body, parse_reply

_TWO = Taxonomy(HR_THEMES[:2])
_A, _B = _TWO.codes  # DIVERSITY, COMPENSATION_BENEFITS
_TEXT = "Poste ouvert à tous. Prime d’équipe."
_GOOD = answer(_TWO.codes, {_B: "Prime d'équipe"}, confidence=95)


def _parse(content, **choice):
    return parse_reply(json.dumps(completion(content, **choice)), _TWO, _TEXT)


def _change(code, **fields):
    return json.dumps(_GOOD | {code: _GOOD[code] | fields})


class TestUnderstood:
    def test_every_theme_has_its_answer(self):
        annotation = _parse(json.dumps(_GOOD))
        assert annotation.status == "ok"
        # The evidence is the offer's own, with its own apostrophe.
        assert annotation.answers == {_A: Answer(0, 95), _B: Answer(1, 95, "Prime d’équipe")}

    @pytest.mark.parametrize(
        "wrapping",
        [
            "\n\n{}\n",
            "```json\n{}\n```",
            "```\n{}\n```\n",
            "```json {}```",
            "<think>\nDIVERSITY? {{}}\n</think>\n\n{}",
            "<think></think>```json\n{}\n```",
        ],
    )
    def test_what_servers_put_around_the_json_is_removed(self, wrapping):
        assert _parse(wrapping.format(json.dumps(_GOOD))).status == "ok"

    def test_evidence_of_an_absent_theme_is_left_out(self):
        annotation = _parse(_change(_A, evidence="Poste ouvert à tous"))
        assert annotation.status == "ok"
        assert annotation.answers[_A] == Answer(0, 95)

    @pytest.mark.parametrize("confidence", [0, 100])
    def test_confidence_reaches_both_ends(self, confidence):
        annotation = _parse(_change(_A, confidence=confidence))
        assert annotation.answers[_A] == Answer(0, confidence)

    def test_the_order_of_the_keys_does_not_matter(self):
        assert _parse(json.dumps(dict(reversed(_GOOD.items())))).status == "ok"

    def test_themes_that_are_attributes_of_python_objects(self):
        # Codes become fields of a model, and must not collide with its methods.
        codes = ("model_config", "json", "copy", "class", "schema_x")
        themes = [
            type(HR_THEMES[0])(code=code, name_fr=code, name_en=code, definition="x")
            for code in codes
        ]
        raw = json.dumps(completion(json.dumps(answer(codes, {"json": "Poste"}))))
        annotation = parse_reply(raw, Taxonomy(themes), _TEXT)
        assert annotation.status == "ok"
        assert annotation.answers["json"].label == 1


class TestEvidenceAtFault:
    @pytest.mark.parametrize("evidence", ["Prime de panier", None, "", "  "])
    def test_that_theme_is_unknown_and_the_others_are_kept(self, evidence):
        annotation = _parse(_change(_B, evidence=evidence))
        assert annotation.status == "invalid"
        assert annotation.answers[_A] == Answer(0, 95)
        assert annotation.answers[_B].label is None
        assert annotation.detail.startswith(f"{_B}: ")

    def test_what_was_quoted_can_be_written_to_a_file(self):
        # A lone surrogate cannot be encoded, and NUL ends a string elsewhere.
        annotation = _parse(_change(_B, evidence="pri\x00me\ud800"))
        assert annotation.answers[_B] == Answer(None, 95, "pri me\ufffd")


class TestNotUnderstood:
    @pytest.mark.parametrize(
        ("content", "detail"),
        [
            (json.dumps(_GOOD | {"SALARY": _GOOD[_A]}), "SALARY: Extra"),
            (json.dumps({_A: _GOOD[_A]}), f"{_B}: Field required"),
            (f'{{"{_A}": {{}}, {json.dumps(_GOOD)[1:]}', "answers twice"),
            (json.dumps(_GOOD).replace('"present"', '"present": true, "present"', 1), "twice"),
            (_change(_A, confidence=140), f"{_A}.confidence"),
            (_change(_A, confidence=-1), f"{_A}.confidence"),
            (_change(_A, confidence=0.9), f"{_A}.confidence"),
            (_change(_A, confidence=True), f"{_A}.confidence"),
            (_change(_A, confidence="95"), f"{_A}.confidence"),
            (_change(_A, confidence=None), f"{_A}.confidence"),
            (_change(_A, confidence=float("nan")), f"{_A}.confidence"),
            (_change(_A, confidence=float("inf")), f"{_A}.confidence"),
            (_change(_A, confidence=10**400), f"{_A}.confidence"),
            ("9" * 5000, "Exceeds the limit"),
            (_change(_A, present=1), f"{_A}.present"),
            (_change(_A, present="true"), f"{_A}.present"),
            (_change(_A, present=None), f"{_A}.present"),
            (_change(_A, evidence=["Poste"]), f"{_A}.evidence"),
            (_change(_A, why="because"), f"{_A}.why"),
            (json.dumps(_GOOD | {_A: None}), _A),
            (json.dumps(_GOOD | {_A: "absent"}), _A),
            ("NaN", "reply"),
            ("Infinity", "reply"),
            ("null", "reply"),
            ("[]", "reply"),
            (json.dumps([_GOOD]), "reply"),
            ("Voici ma réponse : aucun thème.", "not JSON"),
            (json.dumps(_GOOD) + json.dumps(_GOOD), "not JSON"),
            ("```json\n" + json.dumps(_GOOD), "not JSON"),
            ("```", "not JSON"),
            ("<think>" + json.dumps(_GOOD), "not JSON"),
            (None, "empty"),
            ("", "empty"),
            (" \n", "empty"),
            ([{"type": "text", "text": json.dumps(_GOOD)}], "empty"),
            ("[" * 100_000, "nested too deeply"),
            ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
            (json.dumps(_GOOD | {"\ud800": 1}), ""),
            ("\x00", "not JSON"),
        ],
    )
    def test_all_themes_are_unknown(self, content, detail):
        annotation = _parse(content)
        assert (annotation.status, annotation.answers) == ("invalid", {})
        assert detail in annotation.detail

    def test_cut_at_the_token_limit(self):
        annotation = _parse(json.dumps(_GOOD), finish_reason="length")
        assert (annotation.status, annotation.answers) == ("truncated", {})

    @pytest.mark.parametrize(
        "choice",
        [{"finish_reason": "content_filter"}, {"refusal": "Je ne peux pas."}],
    )
    def test_refused(self, choice):
        annotation = _parse(json.dumps(_GOOD), **choice)
        assert (annotation.status, annotation.answers) == ("refused", {})

    def test_many_faults_are_told_in_one_line(self):
        annotation = _parse(json.dumps({f"X{i}": 1 for i in range(50)}))
        # 50 unknown keys and 2 missing ones, of which 5 are named.
        assert annotation.detail.endswith("(and 47 more)")


class TestNoCompletion:
    @pytest.mark.parametrize(
        "raw",
        [
            "",
            "<html><body>Sign in</body></html>",
            "null",
            "[]",
            "{}",
            '{"choices": null}',
            '{"choices": {"0": {}}}',
            '{"error": {"message": "overloaded"}}',
            "[" * 100_000,
            '{"choices": [{"message": ' * 50_000,
            "\ud800",
            "NaN",
        ],
    )
    def test_is_an_error_and_not_an_annotation(self, raw):
        with pytest.raises(NotACompletionError, match="not a chat completion"):
            parse_reply(raw, _TWO, _TEXT)


@pytest.mark.parametrize(
    "content",
    [
        "```json\n" + "\n" * 20_000 + "x",
        "```" + " \n" * 20_000 + "``",
        "<think>" * 20_000,
        "\n" * 50_000,
        _change(_B, evidence=" \n" * 50_000 + "x"),
        _change(_B, evidence="Prime " * 20_000),
    ],
    ids=["fence", "broken fence", "think", "white space", "white evidence", "long evidence"],
)
def test_a_model_that_runs_away_does_not_hang_the_reader(content):
    start = time.perf_counter()
    assert _parse(content).status == "invalid"
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("choices", [[], [None], [{}], [{"message": None}]])
def test_a_completion_without_a_message_is_an_invalid_reply_that_was_paid_for(choices):
    annotation = parse_reply(json.dumps({"choices": choices}), _TWO, _TEXT)
    assert (annotation.status, annotation.detail) == ("invalid", "the reply is empty")


def test_a_filtered_completion_without_a_message_is_refused():
    choices = [{"finish_reason": "content_filter", "message": None}]
    assert parse_reply(json.dumps({"choices": choices}), _TWO, _TEXT).status == "refused"


_any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 101)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["Prime d’équipe", "Poste"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([_A, _B, "present", "confidence", "evidence", "message", "content"])
            | st.text(st.characters(), max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
_theme_answers = st.fixed_dictionaries(
    {},
    optional={
        "present": st.booleans() | _any_json,
        "confidence": st.integers(-5, 105) | _any_json,
        "evidence": st.none() | st.sampled_from(["Prime", "poste OUVERT", "rien"]) | _any_json,
        "x": _any_json,
    },
)
_contents = st.dictionaries(st.sampled_from([_A, _B]), _theme_answers) | _any_json


def _read(raw):
    """Return the annotation, or None; anything else than NotACompletionError is a bug."""
    try:
        return parse_reply(raw, _TWO, _TEXT)
    except NotACompletionError:
        return None


@given(st.text(st.characters()))
def test_arbitrary_text_holds_no_answer(raw):
    annotation = _read(raw)
    assert annotation is None or not annotation.answers


@given(
    _any_json, st.sampled_from(["{}", '{{"choices": [{}]}}', '{{"choices": [{{"message": {}}}]}}'])
)
def test_arbitrary_json_returns_or_raises(value, around):
    raw = around.format(json.dumps(value))
    if _read(raw) is not None:
        load_body(raw)


@given(_contents)
def test_only_what_was_answered_is_labelled(content):
    annotation = _parse(json.dumps(content))
    for code, given_answer in annotation.answers.items():
        assert 0 <= given_answer.confidence <= 100
        assert given_answer.confidence == content[code]["confidence"]
        if given_answer.label is None:
            assert annotation.status == "invalid"
        else:
            assert content[code]["present"] is bool(given_answer.label)
        if given_answer.label == 1:
            assert given_answer.evidence in _TEXT
    if annotation.status == "ok":
        assert set(annotation.answers) == {_A, _B}
        assert all(found.label in (0, 1) for found in annotation.answers.values())
