"""Label millions of online job offers with HR themes, from a few thousand LLM annotations."""

from jocas_themes.annotations import (
    Annotation,
    AnnotationStore,
    Answer,
    ReplyKey,
    StoredReply,
    build_annotated,
    find_theme_codes,
    read_review,
)
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.corpus import LabelledCorpus, label_chunk, label_corpus
from jocas_themes.datasets import (
    fill_sample_store,
    load_sample_annotations,
    load_sample_offers,
    make_offers,
)
from jocas_themes.evaluation import MaskedScorer, NearDuplicateKFold, evaluate_themes
from jocas_themes.offers import (
    OffersProfile,
    as_offers,
    assemble_texts,
    clean_text,
    find_near_duplicates,
    iter_offers,
    profile_offers,
    read_offers,
    sample_offers,
)
from jocas_themes.plots import draw_shares_svg
from jocas_themes.student import ThemeClassifier, load_model, save_model
from jocas_themes.taxonomy import HR_THEMES, Taxonomy, Theme
from jocas_themes.teacher import (
    BaseTeacher,
    Finding,
    Lexicon,
    LexiconEntry,
    LexiconTeacher,
    LLMTeacher,
    load_french_lexicon,
)
from jocas_themes.trends import compute_shares

__all__ = [
    "HR_THEMES",
    "Annotation",
    "AnnotationStore",
    "Answer",
    "BaseTeacher",
    "ConfidenceFilter",
    "Finding",
    "LLMTeacher",
    "LabelledCorpus",
    "Lexicon",
    "LexiconEntry",
    "LexiconTeacher",
    "MaskedScorer",
    "NearDuplicateKFold",
    "OffersProfile",
    "ReplyKey",
    "StoredReply",
    "Taxonomy",
    "Theme",
    "ThemeClassifier",
    "as_offers",
    "assemble_texts",
    "build_annotated",
    "clean_text",
    "compute_shares",
    "draw_shares_svg",
    "evaluate_themes",
    "fill_sample_store",
    "find_near_duplicates",
    "find_theme_codes",
    "iter_offers",
    "label_chunk",
    "label_corpus",
    "load_french_lexicon",
    "load_model",
    "load_sample_annotations",
    "load_sample_offers",
    "make_offers",
    "profile_offers",
    "read_offers",
    "read_review",
    "sample_offers",
    "save_model",
]
