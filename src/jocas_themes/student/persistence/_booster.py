"""Trees in XGBoost's own form."""

from pathlib import Path
from typing import Any


def load_booster(path: Path, n_features: int) -> Any:
    """Load the trees of one theme, if they see just so many features."""
    from xgboost import XGBClassifier  # slow to import, and only needed here

    estimator = XGBClassifier(n_jobs=1)
    estimator.load_model(path)
    found = estimator.get_booster().num_features()
    if found != n_features or estimator.n_classes_ != 2:
        raise ValueError(
            f"{path.name} must tell two classes apart by {n_features} features, it takes "
            f"{found} for {estimator.n_classes_} classes"
        )
    return estimator
