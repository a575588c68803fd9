"""Three phases: a student labels all offers, an LLM some of them, people some of these."""

import pandas as pd

from jocas_themes.offers import to_frame
from jocas_themes.trends.prevalence._population import Drawn


def read_teacher(teacher: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return a teacher's answers as drawn offers: without chances, as a simple random sample."""
    teacher = to_frame(teacher)
    if "offer_id" not in teacher:
        raise ValueError(
            f"teacher lacks the column 'offer_id'; found {[str(name) for name in teacher][:5]!r} "
            f"({teacher.shape[1]} in all)."
        )
    absent = gold["offer_id"][~gold["offer_id"].isin(teacher["offer_id"])].tolist()
    if absent:
        raise ValueError(
            f"gold must be part of what the teacher answered, got {absent[:5]!r} besides "
            f"({len(absent)} offers). Let the teacher answer them too, or leave teacher out."
        )
    if "inclusion_probability" in teacher:
        return teacher
    return teacher.assign(inclusion_probability=1.0)  # only their ratios count


def put_answers(gold: Drawn, teacher: Drawn) -> Drawn:
    """Put the teacher's answers in the place of the student's predictions."""
    places = pd.Index(teacher.keys["offer_id"]).get_indexer(gold.keys["offer_id"])
    return Drawn(gold.keys, gold.labels, teacher.labels[places], gold.design)
