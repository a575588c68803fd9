"""The sample: every evidence is in the text, both files speak of the same offers."""

import json

import pandas as pd
import pytest

from jocas_themes.datasets import load_sample_annotations, load_sample_offers
from jocas_themes.datasets._sample import iter_sample_replies
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES


def test_sample_offers_have_their_id_first_and_jocas_columns() -> None:
    offers = load_sample_offers()
    assert offers.shape == (300, 14)
    assert offers.columns[0] == "offer_id"
    assert offers["offer_id"].is_unique
    assert (offers["offer_id"] == offers["ID_JOCAS"]).all()
    assert offers["date_firstSeenDay"].between("2019-01-01", "2023-12-31").all()


def test_what_is_missing_in_the_file_is_missing_in_the_table() -> None:
    offers = load_sample_offers()
    # Counted in the file: 86 offers have a salary, 2 of them no upper bound.
    assert offers["salary_min"].notna().sum() == 86
    assert offers["salary_max"].notna().sum() == 84
    assert not (offers == "null").any().any()


def test_two_loads_do_not_share_their_data() -> None:
    offers = load_sample_offers()
    offers.loc[0, "job_title"] = "changed"
    assert load_sample_offers().loc[0, "job_title"] != "changed"


def test_annotations_have_the_shape_of_the_annotated_table() -> None:
    annotated = load_sample_annotations()
    labels = [
        column
        for code in HR_THEMES.codes
        for column in (code, f"{code}_confidence", f"{code}_evidence")
    ]
    own = list(load_sample_offers().columns[1:])
    assert list(annotated.columns) == ["offer_id", "text", *labels, "status", *own]
    assert (annotated["status"] == "ok").all()
    assert annotated["text"].tolist() == as_offers(load_sample_offers())["text"].tolist()


@pytest.mark.parametrize("code", HR_THEMES.codes)
def test_every_evidence_is_verbatim_in_the_text(code: str) -> None:
    annotated = load_sample_annotations()
    for offer_id, text, label, evidence in annotated[
        ["offer_id", "text", code, f"{code}_evidence"]
    ].itertuples(index=False):
        if label == 1:
            assert evidence in text, (offer_id, evidence)
        else:
            assert label == 0
            assert evidence is None
    assert annotated[f"{code}_confidence"].between(0, 100).all()


def test_label_counts_are_those_of_the_file() -> None:
    # Counted in the file with: grep -c '"CODE": {"present": true'.
    counts = load_sample_annotations()[list(HR_THEMES.codes)].sum().astype(int)
    assert counts.to_dict() == {
        "DIVERSITY": 36,
        "COMPENSATION_BENEFITS": 144,
        "CAREER_OPPORTUNITIES": 94,
        "COMPANY_CULTURE": 89,
        "LEADERSHIP_MANAGEMENT": 84,
        "WORK_LIFE_BALANCE": 76,
    }


def test_replies_are_the_json_of_the_annotations() -> None:
    replies = dict(iter_sample_replies())
    annotated = load_sample_annotations().set_index("offer_id")
    assert set(replies) == set(annotated.index)
    for offer_id, reply in replies.items():
        cells = json.loads(reply)
        assert tuple(cells) == HR_THEMES.codes
        for code, cell in cells.items():
            assert cell["present"] == (annotated.loc[offer_id, code] == 1)
            assert cell["confidence"] == annotated.loc[offer_id, f"{code}_confidence"]
            assert cell["evidence"] == annotated.loc[offer_id, f"{code}_evidence"]


def test_annotations_survive_a_copy_through_pandas() -> None:
    annotated = load_sample_annotations()
    pd.testing.assert_frame_equal(annotated.copy(), load_sample_annotations())
