"""`suggest_offers`: what it returns, whom it leaves out, and with what chances."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.stand_ins import TextModel, WordModel, make_annotated
from jocas_themes.curation import _suggestions, suggest_offers
from jocas_themes.datasets import load_sample_annotations, load_sample_offers
from jocas_themes.student import ThemeClassifier
from jocas_themes.teacher import LexiconTeacher

MODEL = WordModel().fit()


def make_pool(n_offers: int = 60, seed: int = 0) -> pd.DataFrame:
    """Make offers of 20 words; from 0 to 20 of them are the letters that the model counts."""
    rng = np.random.default_rng(seed)
    texts = []
    for row in range(n_offers):
        n_a, n_b = rng.integers(0, 11, 2)
        others = [f"mot{row}x{place}" for place in range(20 - n_a - n_b)]
        texts.append(" ".join(["a"] * n_a + ["b"] * n_b + others))
    return pd.DataFrame(
        {"offer_id": [f"p{row}" for row in range(n_offers)], "text": texts, "n": range(n_offers)}
    )


def test_the_table() -> None:
    pool = make_pool().set_index(np.arange(60) + 7)
    before = pool.copy()
    chosen = suggest_offers(pool, 20, model=MODEL)
    pd.testing.assert_frame_equal(pool, before)
    assert chosen.columns.tolist() == [
        *("offer_id", "reason", "uncertainty", "inclusion_probability", "n_copies", "text", "n"),
    ]
    assert chosen["reason"].value_counts().to_dict() == {"uncertain": 16, "random": 4}
    assert chosen["offer_id"].is_unique
    assert chosen.index.is_monotonic_increasing
    own = ["offer_id", "text", "n"]
    pd.testing.assert_frame_equal(chosen[own], pool.loc[chosen.index], check_dtype=False)
    assert chosen["inclusion_probability"].between(0, 1, inclusive="right").all()
    assert (chosen["n_copies"] == 1).all()


def test_uncertainty_by_hand() -> None:
    # A is half present: an entropy of 1 at a threshold of 0.5. B is a quarter present:
    # -0.25 * log2(0.25) - 0.75 * log2(0.75) = 0.5 + 0.31128 = 0.81128.
    pool = ["a a b c", "c d e f"]
    model = WordModel().fit()
    chosen = suggest_offers(pool, 2, model=model)
    assert chosen["uncertainty"].tolist() == pytest.approx([(1 + 0.81128) / 2, 0], abs=1e-4)
    # At a threshold of 0.25 it is B that is undecided, and A has odds of 3: again a quarter.
    model.thresholds_ = np.array([0.25, 0.25])
    chosen = suggest_offers(pool, 2, model=model, themes=["B"])
    assert chosen["uncertainty"].iloc[0] == pytest.approx(1)
    chosen = suggest_offers(pool, 2, model=model, themes=["A"])
    assert chosen["uncertainty"].iloc[0] == pytest.approx(0.81128, abs=1e-4)


def test_the_uncertain_come_first() -> None:
    pool = make_pool(100)
    everyone = suggest_offers(pool, 100, model=MODEL)["uncertainty"]
    means = [
        suggest_offers(pool, 20, model=MODEL, random_share=0, sharpness=sharpness)
        .loc[:, "uncertainty"]
        .mean()
        for sharpness in (0, 2, 100)
    ]
    assert abs(means[0] - everyone.mean()) < 0.1
    assert means[0] < means[1] < means[2]
    # Hardly anything but the 20 most uncertain is left of the chances.
    assert means[2] > 0.98 * everyone.nlargest(20).mean()


def test_kinds_of_offers_share_the_draw() -> None:
    # Two kinds of offers, all as uncertain: half of the draw for each, whatever the seed.
    rng = np.random.default_rng(0)
    kinds = {
        "nurse": [f"soin{number}" for number in range(30)],
        "driver": [f"camion{number}" for number in range(30)],
    }
    names = ["nurse", "driver"] * 60
    texts = [" ".join(rng.choice(kinds[name], 10, replace=False)) for name in names]
    model = TextModel({text: [0.5] for text in texts})
    pool = pd.DataFrame({"text": texts, "kind": names})
    for seed in range(5):
        chosen = suggest_offers(pool, 20, model=model, random_share=0, random_state=seed)
        assert abs((chosen["kind"] == "nurse").sum() - 10) <= 2


class TestWhoIsLeftOut:
    def test_annotated_offers_and_their_copies(self) -> None:
        pool = make_pool(30)
        annotated = make_annotated([1.0, 0.0, 1.0], texts=pool["text"].iloc[:3].tolist())
        # Copies, under an id and in a form of their own, of one that is and one that is not.
        copies = pd.DataFrame(
            {"offer_id": ["x", "y"], "text": [pool["text"][0] + " !", pool["text"][5].upper()]}
        )
        chosen = suggest_offers(
            pd.concat([pool, copies], ignore_index=True), 50, model=MODEL, annotated=annotated
        )
        assert len(chosen) == 27
        assert not set(chosen["offer_id"]) & {"p0", "p1", "p2", "x"}
        assert len(set(chosen["offer_id"]) & {"p5", "y"}) == 1
        assert chosen["n_copies"].tolist().count(2) == 1
        assert chosen["n_copies"].sum() == 28

    def test_offers_without_text(self) -> None:
        chosen = suggest_offers(["a b", "", None, "<br>"], 4, model=MODEL)
        assert chosen["text"].tolist() == ["a b"]

    def test_nobody_is_left(self) -> None:
        pool = make_pool(5)
        with pytest.raises(ValueError, match="no offer is left to choose: all 5 of the pool"):
            suggest_offers(pool, 2, model=MODEL, annotated=pool)

    def test_labels(self) -> None:
        pool = make_annotated([1.0, 0.0], texts=["a b", "b c"])
        chosen = suggest_offers(pool, 1, model=MODEL)
        assert chosen.columns.tolist()[-2:] == ["text", "site_name"]
        pool["reason"] = "the pool's own"
        assert suggest_offers(pool, 2, model=MODEL)["reason"].isin(["uncertain", "random"]).all()


class TestChances:
    @settings(max_examples=15, deadline=None)
    @given(
        n=st.integers(1, 70),
        random_share=st.sampled_from([0, 0.2, 0.5, 1]),
        sharpness=st.sampled_from([0, 1, 8, 100]),
        seed=st.integers(0, 9),
    )
    def test_sizes(self, n: int, random_share: float, sharpness: float, seed: int) -> None:
        chosen = suggest_offers(
            make_pool(),
            n,
            model=MODEL,
            random_share=random_share,
            sharpness=sharpness,
            random_state=seed,
        )
        assert len(chosen) == min(n, 60)
        assert (chosen["reason"] == "random").sum() == round(random_share * len(chosen))
        assert chosen["inclusion_probability"].between(0, 1, inclusive="right").all()

    def test_all_alike_have_equal_chances(self) -> None:
        chosen = suggest_offers(make_pool(), 12, model=MODEL, sharpness=0)
        np.testing.assert_allclose(chosen["inclusion_probability"], 12 / 60)

    def test_a_small_pool_is_taken_whole(self) -> None:
        chosen = suggest_offers(make_pool(10), 99, model=MODEL)
        np.testing.assert_allclose(chosen["inclusion_probability"], 1)

    def test_the_same_seed_gives_the_same(self) -> None:
        first, again, other = (
            suggest_offers(make_pool(), 15, model=MODEL, random_state=seed) for seed in (1, 1, 2)
        )
        pd.testing.assert_frame_equal(first, again)
        assert set(first["offer_id"]) != set(other["offer_id"])

    def test_the_order_of_rows_does_not_matter(self) -> None:
        pool = make_pool()
        pool.loc[59, "text"] = pool.loc[0, "text"]
        chosen = suggest_offers(pool, 15, model=MODEL)
        shuffled = suggest_offers(pool.sample(frac=1, random_state=1), 15, model=MODEL)
        pd.testing.assert_frame_equal(shuffled.sort_index(), chosen)

    def test_chunks_do_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = suggest_offers(make_pool(), 15, model=MODEL)
        monkeypatch.setattr(_suggestions, "_CHUNK_OFFERS", 7)
        pd.testing.assert_frame_equal(suggest_offers(make_pool(), 15, model=MODEL), whole)

    def _simulate(self, n_draws: int, tolerance: float) -> None:
        # The chances depend on the pool alone, so that a unit has the same in each draw.
        pool = make_pool(25)
        counts, stated = pd.Series(0.0, index=pool["offer_id"]), {}
        estimates = []
        for seed in range(n_draws):
            chosen = suggest_offers(pool, 8, model=MODEL, sharpness=3, random_state=seed)
            counts[chosen["offer_id"]] += 1
            chances = chosen["inclusion_probability"]
            for offer_id, chance in zip(chosen["offer_id"], chances, strict=True):
                assert stated.setdefault(offer_id, chance) == pytest.approx(chance)
            estimates.append((chosen["n"] / chances).sum())
        assert sum(stated.values()) == pytest.approx(8)
        found = counts / n_draws
        np.testing.assert_allclose(found[list(stated)], list(stated.values()), atol=tolerance)
        # Horvitz and Thompson's total of the column n: 0 + 1 + ... + 24 = 300.
        error = np.std(estimates) / np.sqrt(n_draws)
        assert abs(np.mean(estimates) - 300) < 4 * error

    def test_frequencies_are_as_stated(self) -> None:
        self._simulate(40, tolerance=0.35)  # standard deviations of 0.08 at most

    @pytest.mark.slow
    def test_frequencies_are_as_stated_in_many_draws(self) -> None:
        self._simulate(600, tolerance=0.1)  # standard deviations of 0.02 at most


class TestForms:
    @pytest.mark.parametrize("form", [list, pa.array, pd.Series, np.asarray])
    def test_texts(self, form) -> None:
        texts = make_pool()["text"].tolist()
        chosen = suggest_offers(form(texts), 10, model=MODEL)
        expected = suggest_offers(pd.DataFrame({"text": texts}), 10, model=MODEL)
        assert chosen["text"].tolist() == expected["text"].tolist()

    def test_arrow(self) -> None:
        pool = make_pool()
        chosen = suggest_offers(pa.Table.from_pandas(pool), 10, model=MODEL)
        assert chosen["n"].tolist() == suggest_offers(pool, 10, model=MODEL)["n"].tolist()

    def test_a_student_chooses_for_a_teacher(self) -> None:
        annotated = load_sample_annotations().head(60)
        student = ThemeClassifier(themes=("COMPENSATION_BENEFITS",)).fit(annotated)
        chosen = suggest_offers(load_sample_offers(), 20, model=student, annotated=annotated)
        assert not set(chosen["offer_id"]) & set(annotated["offer_id"])
        answered = LexiconTeacher().fit_transform(chosen)
        assert answered["offer_id"].tolist() == chosen["offer_id"].tolist()
        assert answered["text"].tolist() == chosen["text"].tolist()
        assert "inclusion_probability" in answered.columns

    def test_the_model_s_text_columns_are_read(self) -> None:
        model = WordModel().fit()
        model.text_columns = ("titre",)
        chosen = suggest_offers(pd.DataFrame({"titre": ["a b", "b c"]}), 2, model=model)
        assert chosen["text"].tolist() == ["a b", "b c"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be an integer from 1 up, got 0"),
        ({"n": 2.5}, "n must be an integer from 1 up, got 2.5"),
        ({"n": True}, "n must be an integer from 1 up, got True"),
        ({"random_share": 1.1}, "random_share must be a number from 0 to 1, got 1.1"),
        ({"random_share": "a"}, "random_share must be a number from 0 to 1, got 'a'"),
        ({"sharpness": -1}, "sharpness must be a number from 0 to 100, got -1"),
        ({"sharpness": float("nan")}, "sharpness must be a number from 0 to 100, got nan"),
        ({"themes": ["C"]}, r"the model lacks the themes \['C'\]"),
        ({"themes": "A"}, "themes must be a Taxonomy or a sequence of codes, got 'A'"),
    ],
)
def test_bad_parameters(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        suggest_offers(make_pool(5), **({"n": 2, "model": MODEL} | options))
