"""Where the worked examples of a prompt come from: the taxonomy, or gold offers like this one."""

from collections.abc import Callable
from functools import lru_cache

import pandas as pd

from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.prompt._examples import (
    ExampleChooser,
    build_example_messages,
    build_taxonomy_examples,
)

# From an offer's text, as it is sent, to the messages of its examples.
ExampleSource = Callable[[str], list[dict[str, str]]]


def open_examples(
    examples: str | pd.DataFrame | None,
    taxonomy: Taxonomy,
    *,
    n_examples: int,
    prepare: Callable[[str], str],
) -> ExampleSource | None:
    """Open what `LLMTeacher`'s parameter ``examples`` names."""
    if examples is None:
        return None
    if isinstance(examples, str):
        messages = build_example_messages(build_taxonomy_examples(taxonomy))
        return lambda _: messages
    chooser = ExampleChooser(examples, taxonomy, n_examples=n_examples, prepare=prepare)
    choose = lru_cache(maxsize=None)(chooser.choose)  # for the key, each vote, and the request
    return lambda sent: build_example_messages(choose(sent))
