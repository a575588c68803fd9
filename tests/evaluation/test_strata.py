"""`compute_strata_scores`: which offers make a stratum, and their figures by hand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes.evaluation import compute_score_intervals, compute_strata_scores

NAN = np.nan
COLUMNS = ["by", "stratum", "n_offers", "support", "f1", "f1_low", "f1_high"]


def build_annotated(n: int = 8, **columns) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": [f"o{row}" for row in range(n)],
            "text": "t",
            "A": [1.0, 1, 0, 0] * (n // 4),
            "A_confidence": 90.0,
            "A_evidence": None,
            "status": "ok",
        }
        | columns
    )


# Of each four: one hit, one miss, one false alarm.
PREDICTED = np.array([[1], [0], [1], [0]] * 2)


def list_strata(table: pd.DataFrame, by: str) -> dict[str, int]:
    return dict(table.loc[table["by"] == by, ["stratum", "n_offers"]].to_numpy())


def test_figures_by_hand() -> None:
    # x: a hit, a miss, a false alarm: F1 = 2 / 4. y: the same, and nothing known of the last.
    annotated = build_annotated(site_name=["x"] * 4 + ["y"] * 4)
    annotated.loc[5, "A"] = NAN
    scores = compute_strata_scores(annotated, PREDICTED, by=["site_name"], min_offers=1)
    assert scores.columns.tolist() == COLUMNS
    assert scores["stratum"].tolist() == ["x", "y"]
    assert scores["n_offers"].tolist() == [4, 3]
    assert scores["support"].tolist() == [2, 1]
    assert scores["f1"].tolist() == pytest.approx([1 / 2, 2 / 3])
    assert (scores["f1_low"] < scores["f1"]).all()


def test_one_stratum_is_the_whole() -> None:
    annotated = build_annotated(40)
    predicted = np.tile(PREDICTED, (5, 1))
    clusters = np.arange(40) // 2
    whole = compute_score_intervals(annotated, predicted, clusters=clusters).iloc[-2]
    scores = compute_strata_scores(annotated, predicted, by=["length"], clusters=clusters)
    assert scores.loc[0, ["f1", "f1_low", "f1_high"]].tolist() == pytest.approx(
        whole[["f1", "f1_low", "f1_high"]].tolist()
    )


@pytest.mark.parametrize(
    "dates",
    [
        ["2022-10-01", "01/02/2022", "20210305", None, "2022", "soon", "2021-01-01", "2021-01-02"],
        [20221001, 20220201, 20210305, None, 2022, None, 20210101, 20210102],  # floats, by pandas
        pd.to_datetime(["2022-1-1"] * 2 + ["2021-1-1", None, None, None] + ["2021-1-1"] * 2),
    ],
)
def test_years(dates) -> None:
    annotated = build_annotated(date_sitePublicationDay=dates)
    scores = compute_strata_scores(annotated, PREDICTED, by=["year"], min_offers=1)
    assert list_strata(scores, "year") == {"2021": 3, "2022": 2, "unknown": 3}
    assert scores["stratum"].iloc[-1] == "unknown"


def test_families_lengths_and_own_columns() -> None:
    annotated = build_annotated(
        job_ROME_code=["M1805", "m1203", "K1302", None, NAN, "", "K2204", "M1607"],
        text=["", None, "a" * 499, "a" * 500, "a" * 1000, "a" * 3999, "a" * 4000, "a" * 9000],
        size=[1, 1, 1, 2, 2, 2, NAN, NAN],
    )
    by = ["rome_family", "length", "size"]
    scores = compute_strata_scores(annotated, PREDICTED, by=by, min_offers=1)
    assert list_strata(scores, "rome_family") == {"K": 2, "M": 3, "unknown": 3}
    lengths = {"0-499": 3, "500-999": 1, "1000-1999": 1, "2000-3999": 1, "4000+": 2}
    assert list_strata(scores, "length") == lengths
    assert scores.loc[scores["by"] == "length", "stratum"].tolist() == list(lengths)
    assert list_strata(scores, "size") == {"1.0": 3, "2.0": 3, "unknown": 2}


def test_small_strata_are_pooled_and_come_last() -> None:
    annotated = build_annotated(site_name=["z"] * 4 + ["a", "a", "b", None])
    scores = compute_strata_scores(annotated, PREDICTED, by=["site_name"], min_offers=3)
    assert list_strata(scores, "site_name") == {"z": 4, "other": 4}
    # 100 are more than there are: all is pooled.
    scores = compute_strata_scores(annotated, PREDICTED, by=["site_name"], min_offers=100)
    assert list_strata(scores, "site_name") == {"other": 8}


def test_by_default_what_is_there() -> None:
    annotated = build_annotated(site_name="x", job_ROME_code="M1805")
    scores = compute_strata_scores(annotated, PREDICTED)
    assert scores["by"].tolist() == ["site_name", "rome_family", "length"]
    assert compute_strata_scores(pa.Table.from_pandas(annotated), PREDICTED).equals(scores)


def test_strata_without_a_positive_have_no_score() -> None:
    annotated = build_annotated(site_name=["x", "x", "y", "y"] * 2)
    scores = compute_strata_scores(annotated, PREDICTED, by=["site_name"], min_offers=1)
    assert scores["f1"].isna().tolist() == [False, True]
    assert scores["support"].tolist() == [4, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": ["year", "who"]}, r"lacks the columns \['date_firstSeenDay', 'who'\] of by="),
        ({"by": []}, r"by must be a non-empty sequence of names, got \[\]"),
        ({"by": "year"}, "by must be a non-empty sequence of names, got 'year'"),
        ({"min_offers": 0}, "min_offers must be at least 1, got 0"),
        ({"clusters": [1]}, "clusters must hold one value an offer"),
        ({"thresholds": 2}, "thresholds must be .* got 2"),
    ],
)
def test_bad_input_is_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        compute_strata_scores(build_annotated(), PREDICTED, **arguments)


def test_an_array_has_no_strata() -> None:
    with pytest.raises(TypeError, match=r"annotated must be a table .* got ndarray"):
        compute_strata_scores(PREDICTED, PREDICTED)
