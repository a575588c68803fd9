"""Made offers: their number, their shape, near in time to what they are made of."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.datasets import load_sample_offers, make_offers
from jocas_themes.offers import as_offers

_LOCKDOWN = "2020-03-17"


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return make_offers(3_000, random_state=0)


@settings(max_examples=15, deadline=None)
@given(n_offers=st.integers(0, 60), seed=st.integers(0, 2**32 - 1))
def test_number_columns_and_ids_hold_for_any_size_and_seed(n_offers: int, seed: int) -> None:
    offers = make_offers(n_offers, random_state=seed)
    assert len(offers) == n_offers
    assert list(offers.columns) == list(make_offers(1, random_state=0).columns)
    assert offers["ID_JOCAS"].is_unique
    assert len(as_offers(offers)) == n_offers


def test_same_seed_same_offers() -> None:
    first, second = make_offers(500, random_state=7), make_offers(500, random_state=7)
    pd.testing.assert_frame_equal(first, second)
    by_generator = make_offers(500, random_state=np.random.default_rng(7))
    pd.testing.assert_frame_equal(first, by_generator)
    assert not first.equals(make_offers(500, random_state=8))


def test_numpy_global_state_is_neither_read_nor_changed() -> None:
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = make_offers(50, random_state=3)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    pd.testing.assert_frame_equal(first, make_offers(50, random_state=3))


def test_without_seed_two_calls_differ() -> None:
    assert not make_offers(50).equals(make_offers(50))


@pytest.mark.parametrize("n_offers", [1.5, "10", None])
def test_n_offers_must_be_an_integer(n_offers: Any) -> None:
    with pytest.raises(TypeError, match="n_offers must be an integer, got"):
        make_offers(n_offers)


def test_n_offers_must_not_be_negative() -> None:
    with pytest.raises(ValueError, match="n_offers must be 0 or more, got -1"):
        make_offers(-1)


def test_dates_are_in_range_and_in_the_format_of_the_board(made: pd.DataFrame) -> None:
    assert made["date_firstSeenDay"].between("2019-01-01", "2023-12-31").all()
    assert (made["date_lastSeenDay"] > made["date_firstSeenDay"]).all()
    published = made.dropna(subset=["date_sitePublicationDay"])
    is_day_first = published["site_name"].isin(["site_b", "site_d"])
    for rows, pattern in (
        (published[is_day_first], r"\d\d/\d\d/\d{4}"),
        (published[~is_day_first], r"\d{4}-\d\d-\d\d"),
    ):
        assert len(rows) > 500
        assert rows["date_sitePublicationDay"].str.fullmatch(pattern).all()


def test_structured_columns_are_those_of_the_offer_that_gave_the_title(made: pd.DataFrame) -> None:
    sample = load_sample_offers().set_index("job_title")
    assert sample.index.is_unique
    base = sample.loc[made["job_title"]]
    for column in ("salary_min", "salary_max"):
        np.testing.assert_array_equal(made[column].to_numpy(), base[column].to_numpy())
    for column in ("job_ROME_code", "contractType", "location_departement", "salary_period"):
        own, given_by_base = made[column].to_numpy(), base[column].to_numpy()
        known = ~pd.isna(own)
        assert (own[known] == given_by_base[known]).all()


def test_all_lines_come_from_sample_offers_of_that_time(made: pd.DataFrame) -> None:
    days_of_line: dict[str, list[int]] = {}
    sample = as_offers(load_sample_offers())
    for text, day in zip(sample["text"], sample["date_firstSeenDay"], strict=True):
        days_of_line.setdefault(text, []).append(date.fromisoformat(day).toordinal())
    few = made.head(500)
    for text, day in zip(as_offers(few)["text"], few["date_firstSeenDay"], strict=True):
        made_day = date.fromisoformat(day).toordinal()
        for line in text.split("\n"):
            days = [
                source_day
                for source, source_days in days_of_line.items()
                if line in source
                for source_day in source_days
            ]
            # Moved by 75 days at most, passages of 60 days around, a copy 7 days later.
            near = any(abs(source_day - made_day) <= 75 + 60 + 7 for source_day in days)
            assert near or line.startswith("Réf. "), (day, line)


def test_the_sample_drift_shows(made: pd.DataFrame) -> None:
    is_remote = as_offers(made)["text"].str.contains("télétravail")
    is_late = made["date_firstSeenDay"] >= _LOCKDOWN
    # Remote work is named in 3.7% of the sample's offers before the lockdown, 11.0% after.
    assert is_remote[~is_late].mean() < 0.06
    assert is_remote[is_late].mean() > 0.08


def test_most_texts_are_distinct_and_a_few_percent_are_copies_on_other_boards() -> None:
    offers = make_offers(5_000, random_state=1)
    texts = as_offers(offers)["text"].str.replace(r"\nRéf\. \d+$", "", regex=True)
    assert texts.nunique() > 4_400
    repeated = offers.assign(text=texts)[texts.duplicated(keep=False)]
    n_boards = repeated.groupby("text")["site_name"].nunique()
    # 5% are copies on another board; by chance some more texts come twice on the same one.
    assert 150 < (n_boards > 1).sum() < 300


def test_jocas_dirt_is_there(made: pd.DataFrame) -> None:
    descriptions = made["description_full"].dropna()
    assert 0.4 < descriptions.str.contains("<p>|<br/>", regex=True).mean() < 0.6
    assert descriptions.str.contains("&eacute;").any()
    assert descriptions.str.contains("\xa0").any()
    assert descriptions.str.contains(r"\bl\?[a-z]").any()  # an apostrophe lost by a board
    for column in ("job_ROME_code", "contractType", "date_sitePublicationDay", "salary_min"):
        assert 0 < made[column].isna().mean() < 0.9


def test_lengths_are_near_those_of_the_sample(made: pd.DataFrame) -> None:
    sample_mean = as_offers(load_sample_offers())["text"].str.len().mean()
    assert as_offers(made)["text"].str.len().mean() == pytest.approx(sample_mean, rel=0.1)
