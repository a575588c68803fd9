"""Near-duplicates, worked out by hand, against brute force, and on real offers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.offers import find_near_duplicates, group_near_duplicates, iter_offers
from jocas_themes.offers.duplicates import _linking

# Shingles of A: abc bcd cde def; of B: abc bcd cde deg; 3 shared of 5: similarity 0.6.
A, B = "a b c d e f", "a b c d e g"
# Of C: bcd cde deg egh; with B 3 of 5, so 0.6; with A 2 (bcd, cde) of 6.
C = "b c d e g h"


def group(offers: Any, **options: Any) -> list[int]:
    return find_near_duplicates(offers, **options).offers["group"].tolist()


def date(texts: list[str], days: list[int | None]) -> pd.DataFrame:
    """Make offers of some days of January 2020 and after."""
    first = pd.Timestamp("2020-01-01")
    dates = [None if day is None else str((first + pd.Timedelta(days=day)).date()) for day in days]
    return pd.DataFrame({"text": texts, "date_firstSeenDay": dates})


@pytest.mark.parametrize(("threshold", "expected"), [(0.6, [0, 0]), (0.601, [0, 1]), (1.0, [0, 1])])
def test_pairs_are_linked_from_the_threshold_on(threshold: float, expected: list[int]) -> None:
    assert group([A, B], threshold=threshold) == expected


def test_chains_link() -> None:
    # A and C are linked by B alone.
    assert group([A, C], threshold=0.6) == [0, 1]
    assert group([A, C, B], threshold=0.6) == [0, 0, 0]


def test_groups_are_numbered_in_order_of_first_appearance() -> None:
    assert group(["z z z y", A, "z z z y", "other words altogether", A]) == [0, 1, 0, 2, 1]


def test_markup_does_not_count() -> None:
    edited = "<p>Chef d&#39;équipe</p><ul><li>à Lyon</li></ul> mise en &oelig;uvre !"
    assert group(["Chef d'équipe à Lyon, mise en œuvre", edited], threshold=1) == [0, 0]


def test_texts_without_words_are_alone() -> None:
    assert group(["", None, "***", "", "Cariste"]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("texts", "expected"), [([], []), (["Cariste"], [0]), ([""], [0])])
def test_few_texts(texts: list[str], expected: list[int]) -> None:
    assert group(texts) == expected
    assert group(iter(texts)) == expected


@pytest.mark.parametrize(
    ("days", "options", "expected"),
    [
        ([0, 60], {}, [0, 0]),
        ([60, 0], {}, [0, 0]),
        ([0, 61], {}, [0, 1]),
        ([59, 119], {}, [0, 0]),  # days of two blocks of 60
        ([60, 120], {}, [0, 0]),
        ([0, 61], {"window_days": None}, [0, 0]),
        ([7, 7], {"window_days": 0}, [0, 0]),
        ([7, 8], {"window_days": 0}, [0, 1]),
        ([0, 1], {"window_days": 1}, [0, 0]),
        ([0, 2], {"window_days": 1}, [0, 1]),
    ],
)
@pytest.mark.parametrize("second", [A, B], ids=["copy", "edited"])
def test_window(
    days: list[int | None], options: dict[str, Any], expected: list[int], second: str
) -> None:
    assert group(date([A, second], days), threshold=0.6, **options) == expected


@pytest.mark.parametrize("texts", [[A] * 14, [A, B] * 7], ids=["copies", "edited"])
def test_a_vacancy_reposted_every_month_is_one(texts: list[str]) -> None:
    # Then comes a break of 61 days.
    days: list[int | None] = [*range(0, 390, 30), 12 * 30 + 61]
    found = find_near_duplicates(date(texts, days), threshold=0.6)
    assert found.offers["group"].tolist() == [0] * 13 + [1]
    assert (found.groups["last_day"] - found.groups["first_day"]).dt.days.tolist() == [360, 0]


def test_an_edited_copy_joins_the_copies_that_are_near() -> None:
    # A on days 0, 60, ..., 300: B on day 330 is near the last of them, C on day 361 near B.
    days: list[int | None] = [*range(0, 301, 60), 330, 361]
    assert group(date([*[A] * 6, B, C], days), threshold=0.6) == [0] * 8
    assert group(date([*[A] * 6, B, C], days), threshold=0.6, window_days=30) == [
        *(0, 1, 2, 3, 4, 5, 5, 6)
    ]


def test_undated_offers_are_compared_with_one_another_only() -> None:
    # They would chain what was posted years apart.
    assert group(date([A, A, B, A], [0, None, None, 2_000]), threshold=0.6) == [0, 1, 1, 2]
    assert group(date([A, A, B], [0, None, None]), threshold=0.6, window_days=None) == [0, 0, 0]
    assert group(date([A, A], [None, None]), window_days=36_500) == [0, 0]


def test_date_column() -> None:
    offers = pd.DataFrame({"text": [A, A], "seen": ["01/02/2020", "05/04/2020"]})
    assert group(offers) == [0, 0]  # no JOCAS date
    assert group(offers, date_column="seen") == [0, 1]
    dates = pd.to_datetime(["2020-02-01 23:00", "2020-04-01 01:00"]).tz_localize("Europe/Paris")
    assert group(offers.assign(seen=dates), date_column="seen") == [0, 0]  # 60 days as written
    with pytest.raises(ValueError, match=r"lack the date_column 'day'; found \['offer_id', 'text'"):
        group(offers, date_column="day")


def test_anything_that_holds_offers_will_do() -> None:
    offers = pd.DataFrame({"ID_JOCAS": ["x", "y"], "title": [A, A], "body": ["", " "]})
    columns = ("title", "body")
    assert group(offers, text_columns=columns) == [0, 0]
    assert group(pa.table(offers), text_columns=columns) == [0, 0]
    assert group(iter([offers, offers.head(1)]), text_columns=columns) == [0, 0, 0]
    assert group(iter([pa.table(offers)]), text_columns=columns) == [0, 0]
    assert group(text for text in (A, A)) == [0, 0]
    series = find_near_duplicates(pd.Series([A, A], index=["p", "q"]))
    assert series.offers.index.tolist() == ["p", "q"]
    assert find_near_duplicates(offers, text_columns=columns).offers["offer_id"].tolist() == [*"xy"]


def test_files_are_read_chunk_by_chunk(tmp_path: Path) -> None:
    offers = date([A, B, C, A, B], [0, 50, 100, 150, 400])
    offers.to_parquet(tmp_path / "offers.parquet")
    expected = find_near_duplicates(offers.assign(ID_JOCAS=range(5)), threshold=0.6)
    chunks = iter_offers(tmp_path, chunk_rows=2)
    found = find_near_duplicates(chunks, threshold=0.6)
    # The second A is 50 days from C, which is not similar, and 100 from B, which is.
    assert found.offers["group"].tolist() == expected.offers["group"].tolist() == [0, 0, 0, 1, 2]
    pd.testing.assert_frame_equal(found.groups, expected.groups)


def test_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jocas_themes.offers.duplicates._collector._JOB_TEXTS", 7)
    texts = [f"{A} {i % 9} {i % 4} fin" for i in range(100)]
    expected = group(texts, threshold=0.5)
    with parallel_config("threading"):
        assert group(texts, threshold=0.5, n_jobs=2) == expected


@pytest.mark.slow
def test_processes_change_nothing() -> None:
    texts = [f"{A} {i % 9} {i % 4} fin" for i in range(2_000)]
    assert group(texts, threshold=0.5, n_jobs=2) == group(texts, threshold=0.5)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the pairs that are compared exactly."""
    counts: list[int] = []
    compute = _linking._Linker._compute_similarity

    def count(self, left, right):
        counts.append(len(left))
        return compute(self, left, right)

    monkeypatch.setattr(_linking._Linker, "_compute_similarity", count)
    return counts


def test_copies_are_not_compared_at_all(compared: list[int]) -> None:
    assert set(group([A] * 3_000)) == {0}
    assert sum(compared) == 0


def test_templates_are_not_compared_pair_by_pair(compared: list[int]) -> None:
    # A temporary work agency: 100 words in common, 40 of the offer's own; each pair has a
    # similarity of 98 / (98 + 2 * 42) = 0.54, and a chance of 0.54**6 to share a bucket.
    common = " ".join(f"commun{i}" for i in range(100))
    totals = []
    for n_offers in (1_000, 2_000):
        own = (" ".join(f"propre{i}x{j}" for j in range(40)) for i in range(n_offers))
        texts = [f"{common} {words}" for words in own]
        compared.clear()
        assert len(set(group(texts))) == n_offers
        totals.append(sum(compared))
    assert totals[1] < 2.5 * totals[0]  # not 4 times
    assert totals[1] < 2_000 * 21 * 32


def test_large_buckets_still_find_the_groups_in_them() -> None:
    # 50 offers of one employer, each posted three times: 120 words in common, 60 of its own.
    # Similarity within about 1, between 118 / (118 + 2 * 62) = 0.49.
    common = " ".join(f"commun{i}" for i in range(120))
    texts = [
        f"{common} " + " ".join(f"propre{offer}x{i}" for i in range(60)) + f" {copy}"
        for copy in range(3)
        for offer in range(50)
    ]
    assert group(texts) == list(range(50)) * 3


def _group_by_brute_force(
    texts: list[str], threshold: float, days: list[int] | None = None, window_days: int = 0
) -> list[int]:
    """Compare all pairs as sets of three words, and follow the links."""
    days = days or [0] * len(texts)
    sets = []
    for text in texts:
        words = text.split()
        words += [""] * (3 - len(words)) if words else []
        sets.append(set(zip(words, words[1:], words[2:], strict=False)))
    groups = list(range(len(texts)))
    for i, left in enumerate(sets):
        for j, right in enumerate(sets[:i]):
            near = abs(days[i] - days[j]) <= window_days
            if near and left and right and len(left & right) / len(left | right) >= threshold:
                old, new = max(groups[i], groups[j]), min(groups[i], groups[j])
                groups = [new if group == old else group for group in groups]
    return pd.factorize(np.array(groups))[0].tolist()


@pytest.mark.parametrize("window_days", [None, 20, 100])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_groups_agree_with_brute_force(threshold: float, window_days: int | None) -> None:
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(30):
        words = rng.choice(500, size=80).astype(str)
        for n_edits in (0, 0, 1, 3, 8, 15):
            edited = words.copy()
            edited[rng.integers(80, size=n_edits)] = "nouveau"
            texts.append(" ".join(edited))
    days = rng.integers(300, size=len(texts)).tolist()
    window = 300 if window_days is None else window_days
    expected = _group_by_brute_force(texts, threshold, days, window)
    assert 30 <= max(expected) + 1 < 175  # some are linked, some not
    assert group(date(texts, days), threshold=threshold, window_days=window_days) == expected


_texts = st.lists(st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join), max_size=12)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.integers(0, 40)), max_size=15),
    st.integers(0, 15),
)
@settings(max_examples=80, deadline=None)
def test_copies_are_chained_through_time(offers, window_days) -> None:
    texts, days = [text for text, _ in offers], [day for _, day in offers]
    expected = _group_by_brute_force(texts, 1, days, window_days)
    assert group(date(texts, days), window_days=window_days) == expected


@given(_texts, st.sampled_from([0.3, 0.5, 0.8, 1.0]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_groups_do_not_depend_on_the_order(texts, threshold, random) -> None:
    groups = np.array(group(texts, threshold=threshold), dtype=int)
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = group([texts[i] for i in order], threshold=threshold)
    assert shuffled == pd.factorize(groups[order])[0].tolist()


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_text_will_do(texts) -> None:
    groups = group([*texts, *texts])
    assert len(groups) == 2 * len(texts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0}, r"threshold must be a number in \(0, 1\], got 0\.$"),
        ({"threshold": 80}, r"threshold must be .* in \(0, 1\], got 80\. 80% is 0\.8\."),
        ({"threshold": float("nan")}, r"threshold must be a number in \(0, 1\], got nan\.$"),
        ({"threshold": "0.8"}, r"threshold must be a number in \(0, 1\], got '0\.8'\.$"),
        ({"n_hashes": 0}, "n_hashes must be a whole number from 1 on, got 0"),
        ({"n_hashes": "x"}, "n_hashes must be a whole number from 1 on, got 'x'"),
        ({"n_hashes": 1.5}, "n_hashes must be a whole number from 1 on, got 1.5"),
        ({"n_jobs": "2"}, "n_jobs must be a whole number other than 0, or None, got '2'"),
        ({"window_days": -1}, "window_days must be a whole number of days from 0 .*, got -1"),
        ({"window_days": 1.5}, "window_days must be a whole number of days from 0 .*, got 1.5"),
        ({"window_days": True}, "window_days must be a whole number of days from 0 .*, got True"),
    ],
)
def test_bad_parameters_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_near_duplicates([A], **arguments)


def test_what_is_easily_taken_for_offers_is_refused() -> None:
    with pytest.raises(TypeError, match="put a single text in a list"):
        find_near_duplicates(A)
    with pytest.raises(TypeError, match=r"got 'jocas/\*\.parquet'\. Read files with iter_offers"):
        find_near_duplicates("jocas/*.parquet")
    with pytest.raises(TypeError, match=r"got a list of tables\. Pass iter\(tables\)"):
        find_near_duplicates([date([A], [0]), date([B], [0])])


def test_whole_numbers_with_a_gap_are_dates() -> None:
    offers = pd.DataFrame({"text": [A, A, A], "seen": [20230328, 20240328, None]})
    assert offers["seen"].dtype == float
    assert group(offers, date_column="seen") == [0, 1, 2]


def test_unreadable_dates_are_reported() -> None:
    offers = pd.DataFrame({"text": [A] * 4, "seen": ["28 mars 2023", None, "2023-03-28", "mai"]})
    with pytest.warns(JocasThemesWarning, match=r"2 of 4 offers have something in \['seen'\] that"):
        assert group(offers, date_column="seen") == [0, 0, 1, 0]
    # No window: no date is asked for.
    assert group(offers, date_column="seen", window_days=None) == [0] * 4
    # Another column of dates tells the day.
    offers["date_firstSeenDay"] = offers["seen"]
    offers["date_lastSeenDay"] = ["2023-03-28", None, None, "2023-03-28"]
    assert group(offers) == [0, 1, 0, 0]


def test_progress_bars_can_be_switched_on(capsys: pytest.CaptureFixture[str]) -> None:
    find_near_duplicates([A, B])
    assert capsys.readouterr().err == ""
    find_near_duplicates([A, B], progress=True)
    written = capsys.readouterr().err
    assert "hashing" in written
    assert "comparing" in written


def test_groups_for_learning_ignore_dates() -> None:
    groups = group_near_duplicates(date([A, A, C], [0, 2_000, 0]))
    assert groups.tolist() == [0, 0, 1]
    assert groups.dtype == np.int64


@pytest.mark.real_data
def test_real_offers_hold_near_duplicates(shared_data: Path) -> None:
    columns = ["job_title", "description_full", "date_sitePublicationDay", "site_name"]
    offers = pd.read_parquet(shared_data / "offers_labelled.parquet", columns=columns)
    sizes = np.bincount(group_near_duplicates(offers))
    # Measured: 96 of 2,077 offers have a near-duplicate, at most 6 in a group.
    assert 85 <= sizes[sizes > 1].sum() <= 110
    assert sizes.max() <= 10
    found = find_near_duplicates(offers)
    assert 0 < found.share_repeated < 110 / len(offers)
    assert len(found.groups) >= len(sizes)
