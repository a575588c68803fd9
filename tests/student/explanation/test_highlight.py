import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes import ThemeClassifier
from jocas_themes.student.explanation import explain
from jocas_themes.student.explanation._highlight import render_html

HOSTILE = '</div><script>alert(1)</script> "onmouseover="alert(2) & mutuelle <img src=x>'


class Page(HTMLParser):
    """Elements, attributes and text of a piece of HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        self.depth += 1

    def handle_endtag(self, tag) -> None:
        self.depth -= 1

    def handle_data(self, data) -> None:
        self.text += data


def draw(text: str, marks: list[tuple], *, offer_id: str = "1", theme: str = "A") -> str:
    """Draw one offer with marks (kind, start, end, contribution) of one theme."""
    rows = [(offer_id, theme, 0.9, kind, a, b, text[a:b], None, v) for kind, a, b, v in marks]
    names = ["offer_id", "theme", "probability", "kind", "start", "end", "text", "term"]
    table = pd.DataFrame(rows, columns=[*names, "contribution"])
    parts = pd.DataFrame({"offer_id": [offer_id], "theme": [theme]})
    names = ["offer_id", "text", f"{theme}_probability"]
    offers = pd.DataFrame([(offer_id, text, 0.9)], columns=names, dtype=object)
    return render_html(table, parts, offers)


def test_marks_are_drawn_where_they_are() -> None:
    page = Page(draw("Prime et mutuelle.", [("sentence", 0, 18, 1.0), ("ngram", 9, 17, 0.5)]))
    drawn = [attrs for tag, attrs in page.elements if "title" in attrs]
    assert [attrs["title"] for attrs in drawn] == [
        "A: sentence +1.00",
        "A: sentence +1.00\nA: ngram « mutuelle » +0.50",
        "A: sentence +1.00",
    ]
    assert all("box-shadow" in str(attrs["style"]) for attrs in drawn)
    assert ["background" in str(attrs["style"]) for attrs in drawn] == [False, True, False]
    assert "A 0.90" in page.text


def test_what_overlaps_is_stronger() -> None:
    # "mutuelle" alone adds 1, with "et mutuelle" 1 + 1 where both lie.
    page = draw("et mutuelle", [("ngram", 3, 11, 1.0), ("ngram", 0, 11, 1.0)])
    strengths = re.findall(r"background:rgba\(213,94,0,(0\.\d\d)\)", page)
    assert strengths == ["0.35", "0.55"]  # 0.15 + 0.4 x 1/2, 0.15 + 0.4 x 1


def test_a_pattern_may_add_nothing_of_its_own() -> None:
    page = Page(draw("mutuelle", [("pattern", 0, 8, float("nan"))]))
    assert page.elements[-1][1]["title"] == "A: pattern « mutuelle »"


@pytest.mark.parametrize("field", ["text", "offer_id", "theme"])
def test_hostile_texts_are_only_text(field: str) -> None:
    values = {"text": "mutuelle", "offer_id": "1", "theme": "A"} | {field: HOSTILE}
    text = values.pop("text")
    page = Page(draw(text, [("ngram", 0, len(text), 1.0)], **values))
    assert {tag for tag, _ in page.elements} == {"div", "span", "b", "small", "code"}
    assert {name for _, attrs in page.elements for name in attrs} == {"style", "title"}
    assert HOSTILE in page.text
    assert page.depth == 0


@settings(max_examples=30, deadline=None)
@given(
    data=st.data(), text=st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1)
)
def test_a_short_text_is_there_whole(data: st.DataObject, text: str) -> None:
    places = st.integers(0, len(text))
    marks = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["sentence", "ngram", "pattern"]), places, places, st.just(1.0)
            )
        )
    )
    page = Page(draw(text, [mark for mark in marks if mark[1] < mark[2]]))
    assert page.text.endswith(text)
    assert page.depth == 0


def test_a_long_text_is_shortened_to_its_evidence() -> None:
    text = "manutention " * 500 + "avec mutuelle et prime " + "livraison " * 500
    start = text.index("mutuelle")
    page = Page(draw(text, [("ngram", start, start + 8, 1.0)]))
    shown = page.text.partition("[…]")[2]
    assert "avec mutuelle et prime" in shown
    assert shown.rstrip().endswith("[…]")
    assert len(page.text) < 600


def test_an_endless_sentence_does_not_fill_the_page() -> None:
    text = "vous assurez la conduite " * 400
    marks = [("ngram", start, start + 4, 0.1) for start in range(0, len(text), 25)]
    page = Page(draw(text, [("sentence", 0, len(text), 1.0), *marks]))
    assert len(page.text) < 1_500


def test_lone_surrogates_are_replaced() -> None:
    assert "a?b" in draw("a\ud800b", []).encode().decode()


def test_further_offers_are_counted(student: ThemeClassifier, annotated: pd.DataFrame) -> None:
    explanation = explain(student, annotated.head(8))
    assert "and 3 more offers" in explanation._repr_html_()
    assert "and 3 more offers" in str(explanation)
    assert explanation._repr_html_().count("<code>") == 5


def test_as_plain_text(student: ThemeClassifier) -> None:
    explanation = explain(
        student, ["Tickets restaurant et mutuelle."], themes=["COMPENSATION_BENEFITS"]
    )
    lines = str(explanation).splitlines()
    assert lines[0] == "Themes explained: 1. Offers: 1."
    assert lines[3].startswith("  COMPENSATION_BENEFITS ")
    assert lines[4] == "    « Tickets restaurant et mutuelle. »"
    assert lines[5].startswith("    words: ")
    assert lines[6] == "    lexicon: Tickets restaurant, mutuelle"
