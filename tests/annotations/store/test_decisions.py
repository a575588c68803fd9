import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.annotations import AnnotationStore, Decision
from jocas_themes.annotations.store import _decisions, _schema
from jocas_themes.errors import StoreError

TEXT = "Cariste, 13e mois\u00a0😀"
FIRST = Decision(
    text=TEXT,
    theme="PAY",
    label=1,
    reviewer="Anne",
    decided_at="2026-03-01T09:30:00Z",
    offer_id="o1",
    evidence="13e mois",
    comment="sûr",
    source="csv",
)


def decide(label: int = 0, decided_at: str = "2026-03-02T00:00:00Z", **changes: Any) -> Decision:
    parts: dict[str, Any] = {"text": TEXT, "theme": "PAY", "reviewer": "Anne"}
    return Decision(label=label, decided_at=decided_at, **parts | changes)


def find(store: AnnotationStore, text: str = TEXT) -> dict[str, int]:
    """Return the label that holds, by theme."""
    return {theme: found.label for theme, found in store.find_decisions([text])[text].items()}


class TestAdd:
    def test_what_was_added_comes_back(self, store: AnnotationStore) -> None:
        assert store.add_decisions([FIRST]) == 1
        assert store.find_decisions([TEXT]) == {TEXT: {"PAY": FIRST}}
        (row,) = store.read_decisions().to_dict("records")
        assert row.pop("decision_id") == 1
        assert row.pop("withdrawn_at") is None
        # sha256 of the text in UTF-8, worked out with sha256sum
        assert row.pop("text_digest") == (
            "a496dc1896aac4cdf418a721b0c80b167dfe2ef1f090d80861923078eaca77de"
        )
        assert Decision(**row) == FIRST

    def test_it_is_there_for_other_processes_and_after_closing(
        self, store: AnnotationStore, path: Path
    ) -> None:
        store.add_decisions([FIRST])
        with AnnotationStore(path) as other:
            assert other.find_decisions([TEXT]) == {TEXT: {"PAY": FIRST}}

    def test_the_same_twice_is_one(self, store: AnnotationStore) -> None:
        assert store.add_decisions([FIRST, FIRST]) == 1
        elsewhere = replace(FIRST, offer_id="o2", source="label_studio")  # the same in another file
        assert store.add_decisions(iter([FIRST, elsewhere, decide()])) == 1
        assert len(store.read_decisions()) == 2

    @pytest.mark.parametrize(
        "changes",
        [
            {"text": "Cariste"},
            {"theme": "DIVERSITY"},
            {"label": 0},
            {"reviewer": "Bob"},
            {"decided_at": "2026-03-01T09:30:01Z"},
            {"evidence": "13e"},
            {"evidence": None},
            {"comment": None},
        ],
    )
    def test_any_other_is_another(self, store: AnnotationStore, changes: dict[str, Any]) -> None:
        assert store.add_decisions([FIRST, replace(FIRST, **changes)]) == 2

    def test_all_or_nothing(self, store: AnnotationStore) -> None:
        def fail() -> Iterator[Decision]:
            yield decide()
            raise OSError("the file ends here")

        store.add_decisions([FIRST])
        with pytest.raises(StoreError, match=r"CHECK constraint failed: label IN \(0, 1\)"):
            store.add_decisions([decide(), decide(label=2)])
        with pytest.raises(OSError, match="the file ends here"):
            store.add_decisions(fail())
        assert len(store.read_decisions()) == 1
        assert store.add_decisions([decide()]) == 1

    @pytest.mark.parametrize(
        "changes", [{"label": None}, {"label": 0.5}, {"reviewer": None}, {"decided_at": None}]
    )
    def test_what_is_no_decision(self, store: AnnotationStore, changes: dict[str, Any]) -> None:
        with pytest.raises(StoreError, match="constraint failed"):
            store.add_decisions([replace(FIRST, **changes)])

    def test_none(self, store: AnnotationStore) -> None:
        assert store.add_decisions([]) == 0
        assert store.read_decisions().shape == (0, 12)
        assert isinstance(store.read_decisions(), pd.DataFrame)


class TestFind:
    def test_the_latest_holds_whenever_it_was_added(self, store: AnnotationStore) -> None:
        early = decide(0, "2026-03-01T00:00:00Z")
        late = decide(1, "2026-03-02T00:00:00Z", reviewer="Bob")
        for order in ([early, late], [late, early]):
            store.add_decisions(order)
            assert find(store) == {"PAY": 1}

    def test_of_two_at_once_the_last_that_was_added(self, store: AnnotationStore) -> None:
        store.add_decisions([decide(0), decide(1)])
        assert find(store) == {"PAY": 1}
        store.add_decisions([decide(0, comment="no")])
        assert find(store) == {"PAY": 0}

    @pytest.mark.parametrize(
        ("early", "late"),
        [
            ("2026-03-01T10:00:00+02:00", "2026-03-01T09:00:00Z"),  # 8:00 and 9:00 in UTC
            ("2026-03-01T09:00:00+00:00", "2026-03-01T09:00:01Z"),
            ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00.5Z"),
            ("2026-03-01", "2026-03-01T00:00:01Z"),
            ("2026-03-01 09:00:00", "2026-03-01T08:00:00-02:00"),  # 9:00 and 10:00
        ],
    )
    def test_dates_are_compared_as_dates(
        self, store: AnnotationStore, early: str, late: str
    ) -> None:
        store.add_decisions([decide(1, late), decide(0, early)])
        assert find(store) == {"PAY": 1}

    def test_each_theme_and_each_text_has_its_own(self, store: AnnotationStore) -> None:
        others = [decide(1, theme="TRAINING"), decide(0, text="Cariste")]
        store.add_decisions([FIRST, *others])
        assert find(store) == {"PAY": 1, "TRAINING": 1}
        assert find(store, "Cariste") == {"PAY": 0}
        assert list(store.find_decisions(["Cariste", "Comptable"])) == ["Cariste"]
        assert store.find_decisions([]) == {}
        assert store.find_decisions(iter([TEXT, TEXT]))[TEXT]["PAY"] == FIRST

    def test_a_text_is_itself_to_the_letter(self, store: AnnotationStore) -> None:
        store.add_decisions([FIRST])
        assert store.find_decisions([TEXT + " ", TEXT.replace("\u00a0", " "), TEXT.upper()]) == {}

    def test_many_texts(self, store: AnnotationStore) -> None:
        texts = [f"offer {number}" for number in range(3_000)]
        store.add_decisions(decide(text=text) for text in texts)
        assert len(store.find_decisions(texts)) == 3_000

    @settings(deadline=None, max_examples=60)
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["add", "withdraw"]), st.integers(0, 4), st.integers(0, 1)),
            max_size=12,
        )
    )
    def test_as_a_list_would_have_it(self, steps: list[tuple[str, int, int]]) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(_schema._load("tables.sql"))
        rows: list[tuple[int, int, bool]] = []  # day, label, withdrawn
        for step, day, label in steps:
            if step == "withdraw":
                n_withdrawn = _decisions.withdraw_decisions(connection, TEXT, "PAY", reviewer=None)
                assert n_withdrawn == sum(not withdrawn for *_, withdrawn in rows)
                rows = [(day, label, True) for day, label, _ in rows]
                continue
            new = (day, label) not in [row[:2] for row in rows]
            if new:
                rows.append((day, label, False))
            added = decide(label, f"2026-03-0{day + 1}T00:00:00Z")
            assert _decisions.insert_decisions(connection, [added]) == new
        holding = [row for row in rows if not row[2]]
        expected = max(holding, key=lambda row: row[0])[0] if holding else None
        found = _decisions.find_decisions(connection, [TEXT])
        connection.close()
        if expected is None:
            assert found == {}
        else:
            last = [label for day, label, _ in holding if day == expected][-1]
            assert found[TEXT]["PAY"].label == last


class TestWithdraw:
    def test_the_one_before_holds_again(self, store: AnnotationStore) -> None:
        store.add_decisions([FIRST, decide(0, reviewer="Bob")])
        assert find(store) == {"PAY": 0}
        assert store.withdraw_decisions(TEXT, "PAY", reviewer="Bob") == 1
        assert find(store) == {"PAY": 1}
        assert store.withdraw_decisions(TEXT, "PAY", reviewer="Bob") == 0
        assert store.withdraw_decisions(TEXT, "PAY") == 1
        assert store.find_decisions([TEXT]) == {}

    def test_they_stay_in_the_store(self, store: AnnotationStore) -> None:
        store.add_decisions([FIRST, decide(theme="TRAINING")])
        store.withdraw_decisions(TEXT, "PAY")
        table = store.read_decisions()
        assert table["theme"].tolist() == ["PAY", "TRAINING"]
        assert table["withdrawn_at"].notna().tolist() == [True, False]
        withdrawn = pd.to_datetime(table["withdrawn_at"][0])
        assert abs(pd.Timestamp.now("UTC") - withdrawn) < pd.Timedelta("1min")

    def test_the_same_file_again_does_not_bring_them_back(self, store: AnnotationStore) -> None:
        file = [FIRST, decide(1)]
        store.add_decisions(file)
        assert store.withdraw_decisions(TEXT, "PAY") == 2
        assert store.add_decisions(file) == 0
        assert store.find_decisions([TEXT]) == {}

    def test_a_new_decision_does(self, store: AnnotationStore) -> None:
        store.add_decisions([FIRST])
        store.withdraw_decisions(TEXT, "PAY")
        assert store.add_decisions([replace(FIRST, decided_at="2026-04-01T00:00:00Z")]) == 1
        assert find(store) == {"PAY": 1}

    def test_what_nobody_decided(self, store: AnnotationStore) -> None:
        assert store.withdraw_decisions(TEXT, "PAY") == 0
