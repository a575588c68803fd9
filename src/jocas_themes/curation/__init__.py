"""Curation: which labels to doubt, and which offers to annotate next."""

from jocas_themes.curation._label_issues import find_label_issues
from jocas_themes.curation._suggestions import suggest_offers

__all__ = ["find_label_issues", "suggest_offers"]
