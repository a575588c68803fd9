"""The compiled kernel, absent where no compiler was; what each part does is told in native/."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]
_Places = npt.NDArray[np.int64]
_Singles = npt.NDArray[np.float32]
_Floats = npt.NDArray[np.float64]

SANITIZED: bool

class Cleaner:
    def __init__(
        self,
        *,
        characters: Mapping[int, str],
        entities: Mapping[str, str],
        numbers: Sequence[str],
        block_tags: Sequence[str],
        inline_tags: Sequence[str],
        hidden_tags: Sequence[str],
        missing: Sequence[str],
    ) -> None: ...
    def assemble(
        self, columns: Sequence[pa.Array | None], n_rows: int, full_else_parts: bool
    ) -> tuple[_Places, _Bytes, _Places]: ...

class Forest:
    def __init__(
        self,
        n_scores: int,
        n_columns: int,
        base_margins: _Singles,
        theme_starts: _Places,
        tree_starts: _Places,
        left: _Ints,
        feature: _Places,
        value: _Singles,
        default_left: _Bytes,
    ) -> None: ...
    def predict(
        self, starts: _Places, columns: _Ints, values: _Floats, scores: _Floats
    ) -> _Singles: ...

class Patterns:
    def __init__(
        self,
        instructions: Sequence[tuple[int, int, int, int]],
        sets: Sequence[tuple[bool, int, Sequence[tuple[int, int]]]],
        patterns: Sequence[tuple[int, Sequence[int]]],
        themes: Sequence[tuple[int, int]],
        clauses: Sequence[Sequence[tuple[bytes, int]]],
        make_class_page: Callable[[int], bytes],
    ) -> None: ...
    def find(self, sentences: pa.Array) -> tuple[npt.NDArray[np.uint64], _Bytes]: ...

class Student:
    def predict(
        self, texts: pa.Array, starts: _Places, columns: _Ints, n_threads: int
    ) -> tuple[_Floats, _Places]: ...
    def score(
        self, texts: pa.Array, starts: _Places, columns: _Ints, n_threads: int
    ) -> tuple[_Floats, _Places]: ...
    def read(self, texts: pa.Array) -> tuple[_Places, _Ints, _Floats, _Places]: ...
    def tokenise(self, texts: pa.Array) -> int: ...

class StudentBuilder:
    def __init__(
        self,
        fold_words: Callable[[int], Sequence[str]],
        fold_sentences: Callable[[int], Sequence[str]],
        classes: Callable[[int], bytes],
    ) -> None: ...
    def set_text(
        self,
        runs: pa.Array,
        idf: _Floats,
        log_counts: _Floats,
        min_n: int,
        max_n: int,
        n_categories: int,
    ) -> None: ...
    def set_text_weights(self, coefficients: _Ints, intercepts: _Floats) -> None: ...
    def set_patterns(self, patterns: Patterns, log_counts: _Floats) -> None: ...
    def set_sentence_weights(
        self,
        runs: pa.Array,
        max_run: int,
        pieces: pa.Array,
        piece_lengths: tuple[int, int],
        run_terms: _Ints,
        piece_terms: _Ints,
        finding_terms: _Floats,
        intercepts: _Floats,
    ) -> None: ...
    def set_pooling(self, sharpness: float, largest_score: float) -> None: ...
    def add_line(self, intercept: float, coefficients: _Floats) -> None: ...
    def add_constant(self) -> None: ...
    def build(self, forest: Forest, n_texts: int, n_sentences: int, n_tokens: int) -> Student: ...

def split_sentences(texts: pa.Array) -> tuple[_Places, _Bytes, _Places]: ...
