"""What an estimator of offers tells scikit-learn of its input."""

from typing import Any


def tag_offers(tags: Any) -> Any:
    """Mark an estimator's tags: X holds texts or tables, cells may be missing, y may be, too."""
    tags.input_tags.string = True
    tags.input_tags.two_d_array = False
    tags.input_tags.allow_nan = True
    tags.target_tags.required = False
    return tags
