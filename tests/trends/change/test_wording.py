"""`describe_change`: the sentences word for word."""

import pandas as pd
import pytest

from jocas_themes.trends.change._wording import describe_change

NAN = float("nan")


def make_changes(**columns):
    row = {
        "theme": "REMOTE",
        "before": 0.1,
        "after": 0.25,
        "change": 0.15,
        "ci_low": 0.122,
        "ci_high": 0.178,
        "p_value": 0.001,
        "p_adjusted": 0.002,
        "level": 0.95,
    }
    return pd.DataFrame([row]).assign(**columns)


def test_english():
    assert describe_change(make_changes()) == [
        "REMOTE: an estimated 10.0% of offers before, 25.0% after, a change of +15.0 percentage "
        "points (95% interval: +12.2 to +17.8), distinguishable from zero at the 5% level after "
        "correction for multiple tests."
    ]


def test_french():
    changes = make_changes(change=-0.15, ci_low=-0.178, ci_high=-0.122, p_adjusted=0.2)
    changes.insert(1, "sector", "J")
    sentences = describe_change(changes, language="fr", names={"REMOTE": "Télétravail"})
    assert sentences == [
        "Télétravail (J)\u00a0: part estimée de 10,0\u00a0% des offres avant, de 25,0\u00a0% "
        "après, soit une variation de \u221215,0\u00a0points (intervalle à 95\u00a0%\u00a0: "
        "de \u221217,8 à \u221212,2), non distincte de zéro au seuil de 5\u00a0% après "
        "correction pour tests multiples."
    ]


def test_the_adjusted_p_value_decides():
    assert "not distinguishable" in describe_change(make_changes(p_adjusted=0.05))[0]
    assert "not distinguishable" not in describe_change(make_changes(p_adjusted=0.0499))[0]


@pytest.mark.parametrize(
    "changes",
    [
        make_changes().drop(columns="p_adjusted"),
        pd.concat([make_changes(p_adjusted=0.001)] * 2, ignore_index=True),
    ],
)
def test_no_correction_is_said(changes):
    for sentence in describe_change(changes):
        assert sentence.endswith("level without correction for multiple tests.")


def test_what_rounds_to_zero_has_no_sign():
    (sentence,) = describe_change(make_changes(change=-0.0004, ci_low=-0.0104, ci_high=0.0096))
    assert "a change of 0.0 percentage points (95% interval: \u22121.0 to +1.0)" in sentence


def test_what_is_not_known():
    assert describe_change(make_changes(change=NAN)) == ["REMOTE: the change cannot be estimated."]
    (sentence,) = describe_change(make_changes(p_adjusted=NAN), language="fr")
    assert sentence.endswith("\u00a0; aucun test n\u2019en était possible.")
    (sentence,) = describe_change(make_changes().drop(columns="level"))
    assert "(interval: +12.2 to +17.8)" in sentence


def test_no_rows():
    assert describe_change(make_changes().iloc[:0]) == []


def test_refusals():
    with pytest.raises(ValueError, match=r"language must be one of \['en', 'fr'\], got 'de'"):
        describe_change(make_changes(), language="de")
    with pytest.raises(ValueError, match=r"must have the columns \['ci_low', 'p_adjusted'\]"):
        describe_change(make_changes().drop(columns=["ci_low", "p_value", "p_adjusted"]))
