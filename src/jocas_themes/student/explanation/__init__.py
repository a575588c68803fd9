"""What carried a prediction: sentences and words in the offer's text, and parts that add up."""

from jocas_themes.student.explanation._explain import explain
from jocas_themes.student.explanation._explanation import Explanation
from jocas_themes.student.explanation._terms import top_terms

__all__ = ["Explanation", "explain", "top_terms"]
