"""SVG elements: always well-formed, whatever the text."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.plots._svg import write_document, write_element, write_line, write_text


def test_attributes_are_written_in_svg_names_and_tenths_of_a_pixel() -> None:
    written = write_element("rect", x=1, width=2.04, height=3.26, class_="a", stroke_width="1")
    assert written == '<rect x="1" width="2" height="3.3" class="a" stroke-width="1"/>'


def test_a_line_lists_its_points() -> None:
    assert write_line([(0, 1), (2.5, 3)]) == '<polyline points="0,1 2.5,3"/>'


@given(st.text())
def test_any_text_gives_well_formed_xml(content: str) -> None:
    picture = write_document(
        10,
        20,
        title=content,
        description=content,
        style="text{}",
        body=[write_text(content, 1, 2, class_=content)],
    )
    root = ET.fromstring(picture.encode("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("content", "shown"),
    [("Équilibre – « vie »", "Équilibre – « vie »"), ('a<b & "c"', 'a<b & "c"'), ("\x00", "�")],
)
def test_text_is_read_back_as_it_was(content: str, shown: str) -> None:
    assert ET.fromstring(write_text(content, 0, 0)).text == shown
