"""What is refused, and what is warned of: each says what to do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._error_rates import compute_error_rates

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "best"}, "method must be one of .*'dsl', 'naive'.*got 'best'"),
        ({"rectifier": "free"}, "rectifier must be one of .*got 'free'"),
        ({"level": 95}, r"level must be in \(0, 1\), got 95"),
        ({"n_bootstrap": 1}, "n_bootstrap must be at least 20, got 1"),
        ({"method": "acc", "prediction": "probability"}, "'acc' needs prediction='label'"),
        ({"method": "emq", "prediction": "label"}, "'emq' needs prediction='probability'"),
        ({"themes": ["ONSITE"]}, "the labels lack the themes"),
        ({"by": ("period",), "steps": ()}, "period is the stretch between steps"),
    ],
)
def test_arguments(
    made: Made, drawn: pd.DataFrame, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_prevalence(made[0], drawn, **arguments)


def test_gold_is_needed(made: Made) -> None:
    with pytest.raises(ValueError, match="method='dsl' needs gold labels, got none"):
        estimate_prevalence(made[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda gold: gold.drop(columns="inclusion_probability"), "gold lacks the columns"),
        (lambda gold: gold.drop(columns="offer_id"), r"lacks the columns \['offer_id'\]"),
        (lambda gold: gold.assign(inclusion_probability=1.5), r"at most 1, got \[1.5, 1.5"),
        (lambda gold: gold.assign(inclusion_probability=0), "must be above 0"),
        (lambda gold: gold.assign(inclusion_probability=np.nan), "not drawn by chance"),
        (lambda gold: pd.concat([gold, gold[:2]]), r"each offer once, got .* again \(2 rows\)"),
        (lambda gold: gold.assign(REMOTE=0.7), "labels must be 0, 1 or missing, got"),
        (lambda gold: gold.assign(REMOTE=0.0), r"only one kind of: REMOTE \(0 of \d+\)"),
        (lambda gold: gold.assign(REMOTE=np.nan), r"only one kind of: REMOTE \(0 of 0\)"),
        (lambda gold: gold.drop(columns="REMOTE"), r"gold lacks the themes \['REMOTE'\]"),
        (lambda gold: gold.assign(offer_id="x" + gold["offer_id"]), "not among the labels"),
        (lambda gold: gold.drop(columns="reviewer"), "with no reviewer. Pass an LLM's answers"),
        (lambda gold: gold.assign(reviewer=None), "as teacher="),
        (lambda gold: gold.iloc[:0], "gold must hold offers that people read, got a table without"),
        (
            lambda gold: gold.assign(reviewer=["Ada"] * 10 + [None] * (len(gold) - 10)),
            r"each decision of gold must have its reviewer, got none for .*\(\d+ rows\)",
        ),
        (lambda gold: gold.assign(status="ok"), r"the columns \['status'\]. Pass an LLM's"),
        (lambda gold: gold.assign(REMOTE_confidence=90), "'REMOTE_confidence'.*teacher="),
    ],
)
def test_refused_gold(
    made: Made, drawn: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        estimate_prevalence(made[0], change(drawn))


def _take_sure(labels: pd.DataFrame, gold: pd.DataFrame, n_unsure: int = 0) -> pd.DataFrame:
    """Leave out the gold rows of unsure offers but for some."""
    probability = labels.set_index("offer_id")["REMOTE_probability"].loc[gold["offer_id"]]
    is_unsure = probability.between(0.2, 0.8).to_numpy()
    return gold[~is_unsure | (is_unsure.cumsum() <= n_unsure)]


def test_gold_of_sure_offers_is_refused(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    with pytest.raises(ValueError, match="must be drawn from all offers, got none of 'REMOTE'"):
        estimate_prevalence(labels, _take_sure(labels, drawn))
    with pytest.warns(JocasThemesWarning, match="looks chosen by how sure .* 'REMOTE' are: weigh"):
        estimate_prevalence(labels, _take_sure(labels, drawn, 60), by=())
    # Whatever predicts.
    for options in ({"prediction": "label"}, {"method": "acc"}):
        with pytest.raises(ValueError, match="must be drawn from all offers, got none of 'REMOTE'"):
            estimate_prevalence(labels, _take_sure(labels, drawn), by=(), **options)
    # The same of one theme's decisions, where unsure ones are missing.
    hidden = drawn.copy()
    hidden.loc[~hidden["offer_id"].isin(_take_sure(labels, drawn)["offer_id"]), "REMOTE"] = np.nan
    with pytest.raises(ValueError, match="Sure offers alone say nothing"):
        estimate_prevalence(labels, hidden)


def test_gold_that_was_learnt_from_is_refused(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    some = drawn["offer_id"][:3]
    for training in (some, set(some), pd.DataFrame({"offer_id": some})):
        with pytest.raises(ValueError, match=r"must not overlap .*\(3 in all\). Label them out"):
            estimate_prevalence(labels, drawn, training=training)
    others = labels["offer_id"][~labels["offer_id"].isin(drawn["offer_id"])]
    estimate_prevalence(labels, drawn, by=(), training=others)
    with pytest.raises(TypeError, match="training must be a table or several ids, got '12'"):
        estimate_prevalence(labels, drawn, training="12")


def test_missing_decisions(made: Made, drawn: pd.DataFrame) -> None:
    gold = drawn.copy()
    gold.loc[gold.index[:40], "REMOTE"] = np.nan
    estimate_prevalence(made[0], gold, by=())  # 4% are borne
    gold.loc[gold.index[:80], "REMOTE"] = np.nan
    with pytest.warns(JocasThemesWarning, match="decisions are missing in gold.*REMOTE 8%"):
        estimate_prevalence(made[0], gold, by=())


def test_a_few_gold_rows_without_labels(made: Made, drawn: pd.DataFrame) -> None:
    labels = made[0][~made[0]["offer_id"].isin(drawn["offer_id"][:4])]
    with pytest.warns(JocasThemesWarning, match=r"4 of the \d+ offers of gold are not among"):
        shares = estimate_prevalence(labels, drawn, by=())
    assert shares.table["n_gold"].tolist() == [len(drawn) - 4]


@pytest.mark.filterwarnings("ignore:.* offers have no readable date")
@pytest.mark.parametrize(
    ("value", "example"), [(2019, "such as 2019: write datetimes"), (None, ": write datetimes")]
)
def test_gold_without_dates(
    made: Made, drawn: pd.DataFrame, value: int | None, example: str
) -> None:
    labels = made[0].assign(date_firstSeenDay=made[0]["date_firstSeenDay"].astype(object))
    is_drawn = labels["offer_id"].isin(drawn["offer_id"][:500])
    labels.loc[is_drawn, "date_firstSeenDay"] = value
    n = len(labels)
    message = (
        rf"^500 of the {len(drawn)} offers of gold have no readable date: .*"
        rf"500 of the {n} labels have none.*{example}"
    )
    with pytest.raises(ValueError, match=message):
        estimate_prevalence(labels, drawn, by=("month",))


@pytest.mark.filterwarnings("ignore:.* offers have no readable date")
def test_gold_without_dates_and_without_labels_counts_together(
    made: Made, drawn: pd.DataFrame
) -> None:
    labels = made[0].assign(date_firstSeenDay=made[0]["date_firstSeenDay"].astype(object))
    labels.loc[labels["offer_id"].isin(drawn["offer_id"][:40]), "date_firstSeenDay"] = 2019
    labels = labels[~labels["offer_id"].isin(drawn["offer_id"][40:80])]
    # 4% and 4% of 1,003 are over 5% together.
    with pytest.raises(ValueError, match=r"^40 of .*no readable date.* 40 of .*not among the"):
        estimate_prevalence(labels, drawn, by=("month",))


def test_a_few_gold_rows_without_dates(made: Made, drawn: pd.DataFrame) -> None:
    labels = made[0].assign(date_firstSeenDay=made[0]["date_firstSeenDay"].astype(object))
    labels.loc[labels["offer_id"].isin(drawn["offer_id"][:2]), "date_firstSeenDay"] = 2019
    labels = labels[~labels["offer_id"].isin(drawn["offer_id"][2:5])]
    with pytest.warns(JocasThemesWarning) as caught:
        shares = estimate_prevalence(labels, drawn, by=("month",))
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 3
    assert "2 offers have no readable date in ['date_firstSeenDay'], such as 2019, " in messages[0]
    assert f"2 of the {len(drawn)} offers of gold have no readable date" in messages[1]
    assert f"3 of the {len(drawn)} offers of gold are not among the labels" in messages[2]
    in_all = shares.combine(np.ones(len(shares.table)), ())
    assert in_all.table["n_gold"].tolist() == [len(drawn) - 5]


def test_thin_domains(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    number = labels["offer_id"].astype(int)
    boards = np.where(number % 100 < 93, "big", "small" + (number % 7).astype(str))
    with pytest.warns(JocasThemesWarning) as caught:
        estimate_prevalence(labels.assign(board=boards), drawn, by=("board",))
    assert len(caught) == 1
    message = str(caught[0].message)
    counts = [int(count) for count in re.findall(r"small\d \((\d+)\)", message)]
    in_gold = pd.Series(boards, index=labels["offer_id"])[drawn["offer_id"]].value_counts()
    assert counts == sorted(in_gold.drop("big"))[:5]
    assert message.startswith("7 domains have fewer than 30 gold rows: small")
    assert " and 2 more; they share" in message
    with pytest.warns(JocasThemesWarning, match=r"42 domains .*under 2 there is no estimate"):
        estimate_prevalence(labels, drawn, rectifier="cell")


def test_little_gold(made: Made, drawn: pd.DataFrame) -> None:
    with pytest.warns(JocasThemesWarning) as caught:
        estimate_prevalence(made[0], drawn[::50], by=())
    messages = [str(warning.message) for warning in caught]
    assert any("gold holds 21 offers: under 30" in message for message in messages)
    assert any("fewer than 30 rows on a side of the steps ['2020-03']" in m for m in messages)


def test_months_beyond_gold(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    early = labels["offer_id"][labels["date_firstSeenDay"] < "2021-01"]
    gold = drawn[drawn["offer_id"].isin(early)]
    with pytest.warns(JocasThemesWarning, match=r"1\d months of labels lie outside .*to 2020-12\)"):
        estimate_prevalence(labels, gold, by=())


def test_a_few_months_beyond_gold_are_borne(made: Made, drawn: pd.DataFrame) -> None:
    def run(since: str) -> None:
        late = made[0]["offer_id"][made[0]["date_firstSeenDay"] >= since]
        estimate_prevalence(made[0], drawn[drawn["offer_id"].isin(late)], by=())

    run("2017-03")  # two months of 59 are under 5%
    with pytest.warns(JocasThemesWarning, match=r"3 months of labels lie outside .*\(2017-04 to"):
        run("2017-04")


def test_warnings_point_to_the_caller(made: Made, drawn: pd.DataFrame) -> None:
    labels = made[0].assign(date_firstSeenDay=made[0]["date_firstSeenDay"].astype(object))
    labels.loc[5:6, "date_firstSeenDay"] = None
    gold = drawn[~drawn["offer_id"].isin(["5", "6"])]
    with pytest.warns(JocasThemesWarning, match="2 offers have no readable date") as caught:
        estimate_prevalence(labels, gold)
    assert caught[0].filename == __file__
    with pytest.warns(JocasThemesWarning, match="sensitivity analysis") as caught:
        estimate_prevalence(made[0], method="naive")
    assert caught[0].filename == __file__


def test_who_read_nothing_need_not_be_named(made: Made, drawn: pd.DataFrame) -> None:
    gold = drawn.copy()
    gold.loc[gold.index[:20], ["REMOTE", "reviewer"]] = [np.nan, None]
    shares = estimate_prevalence(made[0], gold, by=())
    assert shares.table["n_gold"].tolist() == [len(drawn) - 20]


def test_arrow_tables_are_gold_and_training(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    gold = pa.Table.from_pandas(drawn)
    expected = estimate_prevalence(labels, drawn, by=()).table
    pd.testing.assert_frame_equal(estimate_prevalence(labels, gold, by=()).table, expected)
    with pytest.raises(ValueError, match="must not overlap"):
        estimate_prevalence(labels, drawn, training=gold)


@pytest.mark.parametrize("path", ["gold.jsonl", Path("gold.jsonl")])
def test_paths_are_no_gold(made: Made, path: str | Path) -> None:
    with pytest.raises(TypeError, match=r"got the path 'gold.jsonl'. Read .*store=...\).gold\(\)"):
        estimate_prevalence(made[0], path)
    with pytest.raises(TypeError, match="gold must be a DataFrame or an Arrow table, got list"):
        estimate_prevalence(made[0], [path])


def test_ids_that_recur(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    again = pd.concat([labels, labels[:600]], ignore_index=True)
    message = rf"600 of the {len(again)} rows of the labels have the offer_id of one before"
    with pytest.warns(JocasThemesWarning, match=message) as caught:
        estimate_prevalence(again, drawn, by=())
    assert caught[0].filename == __file__
    twice = pd.concat([labels, labels], ignore_index=True)
    for estimate in (estimate_prevalence, compute_error_rates):
        with pytest.raises(
            ValueError, match=r"hold neither for rows nor for ids.*offer_ids=\.\.\."
        ):
            estimate(twice, drawn, by=())
    # The first row of each, then.
    first = estimate_prevalence(twice, drawn, by=(), offer_ids=labels["offer_id"]).table
    pd.testing.assert_frame_equal(first, estimate_prevalence(labels, drawn, by=()).table)
    with pytest.warns(JocasThemesWarning, match="sensitivity analysis") as caught:
        estimate_prevalence(twice, by=(), method="naive")  # which counts rows, as it says
    assert len(caught) == 1


@pytest.mark.parametrize("name", ["method", "estimate", "theme", "rate", "offer_id", "REMOTE"])
def test_names_of_the_result_are_no_groups(made: Made, drawn: pd.DataFrame, name: str) -> None:
    labels = made[0].assign(method="x", estimate=0.5, theme="x", rate="x")
    for estimate in (estimate_prevalence, compute_error_rates):
        with pytest.raises(
            ValueError, match=rf"by must name no column .*, got \['{name}'\]. Copy it"
        ):
            estimate(labels, drawn, by=(name,))


def test_partly_read_gold_is_told_what_it_is(made: Made, drawn: pd.DataFrame) -> None:
    gold = drawn.copy()
    gold.loc[gold.index[300:], ["REMOTE", "reviewer"]] = [np.nan, None]
    with pytest.warns(JocasThemesWarning, match="decisions are missing in gold") as caught:
        estimate_prevalence(made[0], gold, by=())
    message = str(caught[0].message)
    assert "as if chance alone had chosen them" in message
    assert "inclusion_probability of sample_gold(labels, m)" in message
