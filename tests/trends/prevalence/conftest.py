"""Made labels whose truth is known."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from simulated_trends import draw_gold, simulate_labels

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]


@pytest.fixture(scope="session")
def made() -> Made:
    """Return 34,000 labels whose errors drift, and their truth."""
    return simulate_labels("B", random_state=3, n_offers=240)


@pytest.fixture(scope="session")
def drawn(made: Made) -> pd.DataFrame:
    """Return 1,000 of them as people read them, drawn by half-year and score."""
    return draw_gold(*made, 1_000, random_state=3)


@pytest.fixture(scope="session")
def build_gold() -> Callable[..., pd.DataFrame]:
    """Return what makes a gold table of labels by offer: a simple random sample."""

    def build(labels: dict[str, float], chance: float = 0.1, **columns: object) -> pd.DataFrame:
        table = pd.DataFrame({"offer_id": list(labels), "A": list(labels.values())})
        return table.assign(inclusion_probability=chance, reviewer="Ada", **columns)

    return build
