"""Every public docstring is whole, by numpydoc's own rules."""

import inspect
from collections.abc import Iterator

import pytest
from numpydoc.validate import validate

import jocas_themes

# Presence, order and form of the sections, and that parameters agree with the signature.
CHECKS = {
    *("GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08"),
    *("SS02", "SS03", "SS04", "SS05"),
    *("PR01", "PR02", "PR03", "PR05", "PR06", "PR07", "RT01", "RT03", "YD01"),
}


def iter_public() -> Iterator[str]:
    """Yield each public name, and the methods and properties that it defines."""
    for name in jocas_themes.__all__:
        public = getattr(jocas_themes, name)
        if not (inspect.isclass(public) or inspect.isfunction(public)):
            continue
        yield f"jocas_themes.{name}"
        if inspect.isclass(public):
            for member, value in vars(public).items():
                if not member.startswith("_") and (
                    inspect.isfunction(value) or isinstance(value, classmethod)
                ):
                    yield f"jocas_themes.{name}.{member}"


@pytest.mark.parametrize("name", list(iter_public()))
def test_docstring(name: str) -> None:
    faults = [fault for fault in validate(name)["errors"] if fault[0] in CHECKS]
    assert not faults
