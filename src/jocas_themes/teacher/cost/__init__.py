"""What asking costs: tokens, prices, estimates."""

from jocas_themes.teacher.cost._bound import LIMITS, CostBound
from jocas_themes.teacher.cost._estimate import (
    ENOUGH_REPLIES,
    CostEstimate,
    bound_cost,
    build_estimate,
    expect_completion,
)
from jocas_themes.teacher.cost._prices import Price, Usage, find_price, read_usage
from jocas_themes.teacher.cost._tokens import (
    approximate_tokens,
    count_message_tokens,
    count_request_tokens,
    count_tokens,
    describe_counter,
)

__all__ = [
    "ENOUGH_REPLIES",
    "LIMITS",
    "CostBound",
    "CostEstimate",
    "Price",
    "Usage",
    "approximate_tokens",
    "bound_cost",
    "build_estimate",
    "count_message_tokens",
    "count_request_tokens",
    "count_tokens",
    "describe_counter",
    "expect_completion",
    "find_price",
    "read_usage",
]
