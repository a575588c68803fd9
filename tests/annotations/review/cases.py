"""What the tests of the queue share: a taxonomy of two themes, cells, annotated tables."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from jocas_themes.taxonomy import Taxonomy, Theme

TWO_THEMES = Taxonomy(
    [
        Theme(code="PAY", name_fr="Paie & avantages", name_en="Pay", definition='an "amount"'),
        Theme(code="TEAM", name_fr="Équipe", name_en="Team", definition="people\nare led"),
    ]
)


def make_cell(offer_id: str = "o1", theme: str = "PAY", **more: Any) -> dict[str, Any]:
    """Make a cell as `ConfidenceFilter` writes it."""
    cell = {
        "offer_id": offer_id,
        "theme": theme,
        "proposed": 1,
        "confidence": 55.0,
        "evidence": "28 K€",
        "reason": "low_confidence",
        "text": f"{offer_id}: CDI 28 K€, équipe de 3",
    }
    return cell | more


def make_annotated(
    confidences: Sequence[float | None], *, texts: Sequence[str] | None = None
) -> pd.DataFrame:
    """Make an annotated table: PAY has the given confidences, TEAM has 99."""
    n_offers = len(confidences)
    known = [confidence is not None for confidence in confidences]
    return pd.DataFrame(
        {
            "offer_id": [f"o{number}" for number in range(n_offers)],
            "text": texts or [f"Offre {number}" for number in range(n_offers)],
            "PAY": [1.0 if is_known else None for is_known in known],
            "PAY_confidence": pd.Series(confidences, dtype=float),
            "PAY_evidence": ["Offre" if is_known else None for is_known in known],
            "TEAM": 0.0,
            "TEAM_confidence": 99.0,
            "TEAM_evidence": None,
            "status": ["ok" if is_known else "refused" for is_known in known],
        }
    )
