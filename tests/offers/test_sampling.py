from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jocas_themes import make_offers, sample_offers


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sampling") / "offers.parquet"
    make_offers(200, random_state=0).to_parquet(path)
    return path


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n_offers=st.integers(1, 250), chunk_rows=st.integers(1, 250), seed=st.integers(0, 5))
def test_the_sample_does_not_depend_on_chunks(
    source: Path, n_offers: int, chunk_rows: int, seed: int
) -> None:
    whole = sample_offers(source, n_offers, random_state=seed)
    parts = sample_offers(source, n_offers, random_state=seed, chunk_rows=chunk_rows)
    pd.testing.assert_frame_equal(parts, whole)
    assert len(whole) == min(n_offers, 200)
    assert whole["offer_id"].is_unique


def test_the_order_is_the_source_s(source: Path) -> None:
    ids = pd.read_parquet(source)["ID_JOCAS"].tolist()
    sample = sample_offers(source, 50)["offer_id"].tolist()
    assert sample == sorted(sample, key=ids.index)


def test_every_offer_is_as_likely(source: Path) -> None:
    # 60 draws of 50 among 200: each offer is expected 15 times, with a standard deviation of
    # sqrt(60 * 0.25 * 0.75) = 3.4; five of them is 17.
    ids = pd.read_parquet(source)["ID_JOCAS"]
    counts = pd.Series(0, index=ids)
    for seed in range(60):
        counts[sample_offers(source, 50, random_state=seed, columns=["job_title"])["offer_id"]] += 1
    assert np.abs(counts - 15).max() < 17


@pytest.mark.parametrize("n_offers", [0, -1, 2.5])
def test_bad_sizes(source: Path, n_offers: float) -> None:
    with pytest.raises(ValueError, match="n_offers must be an integer from 1 up"):
        sample_offers(source, n_offers)
