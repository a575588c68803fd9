"""Labels as a student could have made them, calibrated or not."""

import numpy as np
import pandas as pd

MONTHS = pd.date_range("2019-01-01", "2021-12-01", freq="MS")


def make_labels(n_offers: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Make labels of two themes, one of them rare, over 36 months and three sectors."""
    rng = np.random.default_rng(seed)
    month = rng.integers(0, len(MONTHS), n_offers)
    z = rng.normal(0, 1.5, (n_offers, 2)) + np.array([-1.2, -3.0]) + month[:, None] / 72
    labels = pd.DataFrame(
        {
            "offer_id": [f"A{number}" for number in range(n_offers)],
            "date_firstSeenDay": MONTHS[month].strftime("%Y-%m-%d"),
            "branch": rng.choice(["I", "G", "Q"], n_offers, p=[0.5, 0.3, 0.2]),
        }
    )
    for place, code in enumerate(("PAY", "TEAM")):
        probability = 1 / (1 + np.exp(-z[:, place]))
        labels[code] = (probability > 0.5).astype("int8")
        labels[f"{code}_probability"] = probability
    return labels
