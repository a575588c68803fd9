"""What the tests of composition share: shares from a few figures, at random, and simulated."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from jocas_themes.trends._result import Shares, build_shares


def make_shares(
    rows: Sequence[tuple[Any, ...]], by: Sequence[str], factor: Any = None, noise: Any = 0.0
) -> Shares:
    """Make the shares of a theme from rows of the columns of `by`, n_offers and estimate."""
    table = pd.DataFrame(rows, columns=[*by, "n_offers", "estimate"])
    for name in {"month", "quarter", "semester", "year"} & set(by):
        table[name] = pd.to_datetime(table[name])
    estimate = table.pop("estimate").to_numpy(dtype=np.float64)
    table.insert(0, "theme", "REMOTE")
    factor = np.zeros((len(table), 1)) if factor is None else np.asarray(factor, dtype=np.float64)
    spread = np.broadcast_to(np.asarray(noise, dtype=np.float64), len(table)).copy()
    return build_shares(table, estimate, factor, spread, by, method="dsl")


@st.composite
def random_shares(draw: st.DrawFn, n_months: int = 4) -> Shares:
    """Draw shares of two themes by month, sector and region, some of whose cells are absent."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    months = pd.date_range("2019-01-01", periods=n_months, freq="MS")
    sectors = ["C", "J", "unknown"][: draw(st.integers(1, 3))]
    regions = ["11", "84"][: draw(st.integers(1, 2))]
    keys = pd.MultiIndex.from_product(
        [months, sectors, regions], names=["month", "sector", "region"]
    ).to_frame(index=False)
    keys["n_offers"] = rng.integers(1, 500, len(keys))
    # The first cell of each month stays, so that no month is empty.
    present = (rng.random(len(keys)) < draw(st.floats(0.3, 1.0))) | ~keys["month"].duplicated()
    keys = keys[present]
    table = pd.concat([keys.assign(theme=theme) for theme in ("A", "B")], ignore_index=True)
    n_rows = len(table)
    return build_shares(
        table,
        rng.random(n_rows),
        0.02 * rng.normal(size=(n_rows, 3)),
        1e-4 * rng.random(n_rows),
        ("month", "sector", "region"),
        method="dsl",
    )


def simulate_shares(
    rng: np.random.Generator,
    n_runs: int,
    *,
    n_sectors: int = 8,
    n_regions: int = 1,
    n_months: int = 60,
    n_offers: int = 3000,
    step: float = 0.0,
) -> Shares:
    """Simulate months in which the mix of sectors drifts, and nothing else but a step.

    The sectors' shares go from 8 to 50%, and those that have the theme often grow. The step comes
    in the 39th month. Beside the offers' own errors there is one over time that all groups share,
    as what is learnt from gold labels has. Each run is a theme, since themes go their own ways.
    """
    months = pd.date_range("2017-01-01", periods=n_months, freq="MS")
    time = np.linspace(-1, 1, n_months)
    drift = np.outer(time, np.linspace(-0.45, 0.45, n_sectors))
    sizes = np.exp(rng.normal(0, 0.5, n_sectors) + drift)
    mix = sizes[:, :, None] * np.exp(rng.normal(0, 0.5, n_regions))
    mix = mix.reshape(n_months, -1) / mix.sum(axis=(1, 2))[:, None]
    counts = np.stack([rng.multinomial(n_offers, row) for row in mix])
    level = np.linspace(0.08, 0.5, n_sectors)[:, None] + np.linspace(-0.04, 0.04, n_regions)
    shares = level.ravel() + step * (np.arange(n_months) >= 38)[:, None]
    factor = np.stack([np.full(n_months, 0.01), 0.005 * time], axis=1)
    there = counts > 0
    observed = [
        rng.binomial(counts, shares) / np.maximum(counts, 1)
        + (factor @ rng.normal(size=2))[:, None]
        for _ in range(n_runs)
    ]
    cells = pd.MultiIndex.from_product(
        [months, [f"S{i}" for i in range(n_sectors)], [f"R{i}" for i in range(n_regions)]],
        names=["month", "sector", "region"],
    )
    keys = cells.to_frame(index=False).assign(n_offers=counts.ravel())[there.ravel()]
    noise = (shares * (1 - shares) / np.maximum(counts, 1))[there]
    return build_shares(
        pd.concat([keys.assign(theme=f"RUN_{run}") for run in range(n_runs)], ignore_index=True),
        np.concatenate([run[there] for run in observed]),
        np.tile(np.repeat(factor, mix.shape[1], axis=0)[there.ravel()], (n_runs, 1)),
        np.tile(noise, n_runs),
        ("month", "sector", "region"),
        method="dsl",
    )
