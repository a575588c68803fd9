"""Student, teacher, people: what each phase adds."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.prevalence import estimate_prevalence
from simulated_trends import build_gold, draw_teacher

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]


def _draw(made: Made, n: int, n_gold: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    labels, truth = made
    teacher = draw_teacher(labels, truth, n, random_state=1)
    rows = teacher["offer_id"].sample(n_gold, random_state=1).astype(int).to_numpy()
    return teacher, build_gold(labels, truth, rows, n_gold / len(labels), None)


def test_teacher_narrows_the_interval(made: Made) -> None:
    teacher, gold = _draw(made, 8_000, 800)
    two = estimate_prevalence(made[0], gold, by=("period",)).table
    three = estimate_prevalence(made[0], gold, by=("period",), teacher=teacher).table
    assert (three["se"] < 0.9 * two["se"]).all()
    assert set(three["method"]) == {"dsl, three-phase"}
    assert three["n_gold"].tolist() == two["n_gold"].tolist()


@pytest.mark.filterwarnings("ignore:gold holds")
def test_three_phases_by_hand() -> None:
    # Labels: 40 of 100. The teacher, of ten: it finds 3 of 4 labelled and 1 of 6 others, so that
    # t - f is -1, 1 and 0 eight times: mean 0, s^2 = 2/9. People, of four of these: y - t is
    # 1, 0, 0, 0: mean 1/4, s^2 = 1/4. So 0.4 + 0 + 1/4, with variance 2/9/10 + 1/4/4, and of the
    # offers themselves (2/9 + 1/4)/100.
    labels = pd.DataFrame({"offer_id": np.arange(100).astype(str), "A": [1] * 40 + [0] * 60})
    ids = ["0", "1", "2", "3", *map(str, range(50, 56))]
    teacher = pd.DataFrame({"offer_id": ids, "A": [1.0, 1, 1, 0, 1, 0, 0, 0, 0, 0]})
    gold = pd.DataFrame({"offer_id": ["0", "3", "50", "51"], "A": [1.0, 1, 1, 0]})
    gold = gold.assign(inclusion_probability=0.04, reviewer="Ada")
    shares = estimate_prevalence(
        labels, gold, by=(), themes=["A"], teacher=teacher, power_tuning=False
    )
    assert shares.table["estimate"].tolist() == pytest.approx([0.65])
    variance = 2 / 90 + 1 / 16 + (2 / 9 + 1 / 4) / 100
    assert shares.table["se"].tolist() == pytest.approx([np.sqrt(variance)])


def test_a_teacher_who_is_right_is_as_good_as_people(made: Made) -> None:
    labels, truth = made
    teacher = draw_teacher(labels, truth, 4_000, errs=0.0)
    rows = teacher["offer_id"].astype(int).to_numpy()
    everything = build_gold(labels, truth, rows, 0.1, None)
    some = everything[::10]
    three = estimate_prevalence(labels, some, by=("period",), teacher=teacher).table
    two = estimate_prevalence(labels, everything, by=("period",)).table
    assert three["estimate"].tolist() == pytest.approx(two["estimate"].tolist())
    assert three["se"].tolist() == pytest.approx(two["se"].tolist(), rel=1e-6)


def test_refusals(made: Made) -> None:
    teacher, gold = _draw(made, 2_000, 400)
    labels, _ = made
    rest = teacher[~teacher["offer_id"].isin(gold["offer_id"])]
    with pytest.raises(ValueError, match=r"gold must be part of what .*\(400 offers\)"):
        estimate_prevalence(labels, gold, teacher=rest)
    with pytest.raises(ValueError, match="teacher lacks the column 'offer_id'"):
        estimate_prevalence(labels, gold, teacher=teacher.drop(columns="offer_id"))
    with pytest.raises(ValueError, match="teacher is for method='dsl' alone, got method='acc'"):
        estimate_prevalence(labels, gold, teacher=teacher, method="acc")
    with pytest.raises(ValueError, match="teacher must not overlap the offers that the student"):
        estimate_prevalence(labels, gold, teacher=teacher, training=teacher["offer_id"][:1])
    filtered = teacher.copy()
    probability = labels["REMOTE_probability"].to_numpy()[teacher["offer_id"].astype(int)]
    filtered.loc[(probability > 0.2) & (probability < 0.8), "REMOTE"] = np.nan
    with pytest.raises(ValueError, match="teacher must be drawn from all offers, got none"):
        estimate_prevalence(labels, gold, teacher=filtered)


def test_missing_answers_are_told(made: Made) -> None:
    teacher, gold = _draw(made, 2_000, 400)
    teacher.loc[teacher.index[::10], "REMOTE"] = np.nan
    with pytest.warns(JocasThemesWarning, match="decisions are missing in teacher.*REMOTE 10%"):
        shares = estimate_prevalence(made[0], gold, by=(), teacher=teacher)
    assert shares.table["n_gold"].iloc[0] < 400
