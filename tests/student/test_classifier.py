import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    ThemeClassifier,
    load_french_lexicon,
    teacher_report,
)
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.lexicon import Lexicon

CODES = list(HR_THEMES.codes)
THREE = ["DIVERSITY", "COMPENSATION_BENEFITS", "WORK_LIFE_BALANCE"]  # of the few offers
REMOTE = Lexicon.from_toml(r"""
[REMOTE]
present = ['teletravail\w*']
confidence_present = 60
confidence_absent = 70
""")
# Eight offers of which every second one has REMOTE; no two are near-duplicates.
JOBS = ["cariste", "juriste", "vendeur", "maçon", "soudeur", "comptable", "chef", "agent"]
TOWNS = ["Lyon", "Nantes", "Paris", "Lille", "Brest", "Dijon", "Nice", "Pau"]
CHARGES = ["stocks", "contrats", "clients", "murs", "tuyaux", "paie", "cuisine", "accueil"]
TEXTS = [
    f"{job} à {town}, {'télétravail possible' if number % 2 else 'poste sur site'} pour {charge}"
    for number, (job, town, charge) in enumerate(zip(JOBS, TOWNS, CHARGES, strict=True))
]
REMOTE_LABELS = [0, 1] * 4


def make_quick(**params: object) -> ThemeClassifier:
    return ThemeClassifier(LogisticRegression(), **({"cv": 2} | params))


def strip_evidence(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{f"{code}_evidence": None for code in THREE})


def keep_positives(table: pd.DataFrame, code: str, n: int) -> pd.DataFrame:
    """Return the table with the theme absent from all offers but the first n that have it."""
    changed = table.copy()
    changed.loc[(changed[code] == 1) & ((changed[code] == 1).cumsum() > n), code] = 0.0
    return changed


class TestFitted:
    def test_attributes(self, student: ThemeClassifier, annotated: pd.DataFrame) -> None:
        assert student.themes_ == HR_THEMES.codes
        assert student.classes_.tolist() == [[0, 1]] * 6
        assert student.thresholds_.shape == (6,)
        assert ((student.thresholds_ > 0) & (student.thresholds_ < 1)).all()
        assert student.offer_scores_.names == ("text", "largest", "runner-up", "sum", "lexicon")
        assert len(student.models_) == 6

    def test_out_of_fold_probabilities_and_what_they_are_worth(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        probabilities = student.out_of_fold_
        assert probabilities.shape == (300, 6)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()
        assert student.scores_.shape == (8, 8)
        assert student.scores_.index.tolist() == [*CODES, "micro", "macro"]
        gold = annotated[CODES].to_numpy() == 1
        predicted = probabilities >= student.thresholds_
        f1 = 2 * (gold & predicted).sum() / (gold.sum() + predicted.sum())
        assert student.scores_.loc["micro", "f1"] == pytest.approx(f1)
        assert f1 > 0.85
        # Calibrated out of fold: the mean probability is the share.
        assert (student.scores_.loc[CODES, "bias"].abs() < 0.03).all()

    def test_training_summary(self, student: ThemeClassifier, annotated: pd.DataFrame) -> None:
        assert student.training_["n_offers"] == 300
        for code, counts in student.training_["themes"].items():
            positive = annotated[code] == 1
            assert counts == {
                "n_known": 300,
                "n_positive": positive.sum(),
                "n_evidence": annotated.loc[positive, f"{code}_evidence"].notna().sum(),
            }

    def test_it_learns_what_it_is_shown(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        gold = annotated[CODES].to_numpy()
        assert (student.predict(annotated) == gold).mean() > 0.95

    def test_predictions_are_the_thresholded_probabilities(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        probabilities = student.predict_proba(annotated)
        assert probabilities.shape == (300, 6)
        assert ((probabilities >= 0) & (probabilities <= 1)).all()
        expected = (probabilities >= student.thresholds_).astype(int)
        np.testing.assert_array_equal(student.predict(annotated), expected)

    def test_labels_in_x_are_not_read_when_predicting(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        some = annotated.head(30)
        blind = some.assign(**dict.fromkeys(CODES, np.nan))
        np.testing.assert_array_equal(student.predict_proba(blind), student.predict_proba(some))

    def test_any_form_of_the_offers_gives_the_same(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        some = annotated.head(30)
        expected = student.predict_proba(some)
        offers = some[["job_title", "description_full"]]
        texts = some["text"]
        for X in (
            offers,
            pa.Table.from_pandas(offers),
            texts.tolist(),
            texts,
            texts.to_numpy(),
            texts.to_frame(),
        ):
            np.testing.assert_array_equal(student.predict_proba(X), expected)

    @settings(max_examples=5, deadline=None)
    @given(cuts=st.lists(st.integers(0, 20), max_size=3))
    def test_chunks_do_not_matter(
        self, student: ThemeClassifier, annotated: pd.DataFrame, cuts: list[int]
    ) -> None:
        some = annotated.head(20)
        bounds = [0, *sorted(cuts), 20]
        parts = [student.predict_proba(some.iloc[a:b]) for a, b in pairwise(bounds)]
        np.testing.assert_array_equal(np.vstack(parts), student.predict_proba(some))

    def test_one_by_one_is_the_same_to_the_last_bit(
        self, student: ThemeClassifier, annotated: pd.DataFrame
    ) -> None:
        together = student.predict_proba(annotated.head(60))
        alone = [student.predict_proba(annotated.iloc[[place]]) for place in range(60)]
        np.testing.assert_array_equal(np.vstack(alone), together)

    def test_the_other_offers_of_a_chunk_do_not_matter(self, student: ThemeClassifier) -> None:
        # "Panier" is a pattern of the lexicon only at the end of a line.
        alone = student.predict_proba(["CDI à Lyon\nPanier"])
        for others in (["Boulanger"], ["Panier"], ["Prime\nPanier\nCDI", "Mutuelle"]):
            together = student.predict_proba(["CDI à Lyon\nPanier", *others])
            np.testing.assert_array_equal(together[:1], alone)

    def test_no_offers_give_no_predictions(self, student: ThemeClassifier) -> None:
        assert student.predict([]).shape == (0, 6)
        assert student.predict_proba([]).shape == (0, 6)

    def test_odd_texts_are_predicted(self, student: ThemeClassifier) -> None:
        texts = [None, float("nan"), "", "\x00", "\ud800", "x " * 50_000, "<b></b>", "\U0001f600"]
        assert student.predict(texts).shape == (8, 6)

    @pytest.mark.parametrize("sentence", ["CDI à pourvoir à Lyon.\n", "Vous livrez des colis.\n"])
    def test_a_long_offer_without_a_theme_has_none(
        self, student: ThemeClassifier, sentence: str
    ) -> None:
        assert student.predict([sentence, sentence * 100, sentence * 1_000]).sum() == 0

    def test_a_pickled_student_predicts_the_same(
        self, quick_student: ThemeClassifier, few: pd.DataFrame
    ) -> None:
        other = pickle.loads(pickle.dumps(quick_student))
        np.testing.assert_array_equal(other.predict_proba(few), quick_student.predict_proba(few))
        pd.testing.assert_frame_equal(other.scores_, quick_student.scores_)

    def test_a_clone_is_not_fitted_and_learns_the_same(
        self, quick_student: ThemeClassifier, few: pd.DataFrame
    ) -> None:
        other = clone(quick_student)
        assert not hasattr(other, "models_")
        np.testing.assert_array_equal(
            other.fit(few).predict_proba(few), quick_student.predict_proba(few)
        )

    @pytest.mark.parametrize("thresholds", [[0.5], 0.5, {"DIVERSITY": 0.5}, ["0.5"] * 3])
    def test_thresholds_are_checked(
        self, quick_student: ThemeClassifier, few: pd.DataFrame, thresholds: object
    ) -> None:
        student = pickle.loads(pickle.dumps(quick_student))
        student.thresholds_ = thresholds
        with pytest.raises(ValueError, match="thresholds_ must be 3 figures"):
            student.predict(few.head(2))


class TestSame:
    """The same offers give the same student."""

    def test_workers_do_not_matter(self, few: pd.DataFrame) -> None:
        one, other = (
            ThemeClassifier(XGBClassifier(n_estimators=5, n_jobs=1), cv=2, n_jobs=n_jobs).fit(few)
            for n_jobs in (1, 2)
        )
        np.testing.assert_array_equal(other.out_of_fold_, one.out_of_fold_)
        np.testing.assert_array_equal(other.predict_proba(few), one.predict_proba(few))

    def test_the_seed_decides(self, few: pd.DataFrame) -> None:
        one, same, other = (
            ThemeClassifier(
                XGBClassifier(n_estimators=5, n_jobs=1), cv=2, themes=THREE[1:], random_state=seed
            ).fit(few)
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(one.out_of_fold_, same.out_of_fold_)
        np.testing.assert_array_equal(one.predict_proba(few), same.predict_proba(few))
        assert (one.out_of_fold_ != other.out_of_fold_).any()

    def test_the_order_of_the_rows_matters_little(
        self, few: pd.DataFrame, quick_student: ThemeClassifier
    ) -> None:
        shuffled = few.sample(frac=1, random_state=0)
        other = make_quick().fit(shuffled)
        before, after = quick_student.predict_proba(few), other.predict_proba(few)
        assert np.abs(before - after).mean() < 0.05
        assert ((before > 0.5) == (after > 0.5)).mean() > 0.95

    def test_the_index_does_not_matter(
        self, few: pd.DataFrame, quick_student: ThemeClassifier
    ) -> None:
        other = make_quick().fit(few.set_axis(np.zeros(80, dtype=int)))
        np.testing.assert_array_equal(other.out_of_fold_, quick_student.out_of_fold_)

    @pytest.mark.parametrize("form", [pd.DataFrame, pa.Table.from_pandas])
    def test_gold_is_not_learnt_where_there_are_annotations(
        self, few: pd.DataFrame, quick_student: ThemeClassifier, form: Callable
    ) -> None:
        other = make_quick().fit(form(few), 1 - few[THREE].to_numpy())
        np.testing.assert_array_equal(other.predict_proba(few), quick_student.predict_proba(few))

    def test_texts_and_y_make_an_ordinary_classifier(self, few: pd.DataFrame) -> None:
        texts, y = few["text"].tolist(), few[THREE]
        student = make_quick().fit(texts, y)
        bare = make_quick(weights=None).fit(strip_evidence(few))
        np.testing.assert_array_equal(student.predict_proba(texts), bare.predict_proba(texts))


class TestParameters:
    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"estimator": "xgboost"}, "'estimator' parameter"),
            ({"themes": "A"}, "'themes' parameter"),
            ({"text_columns": "text"}, "'text_columns' parameter"),
            ({"structured_columns": "contractType"}, "'structured_columns' parameter"),
            ({"evidence": "yes"}, "'evidence' parameter"),
            ({"evidence": None}, "'evidence' parameter"),
            ({"lexicon": 3}, "'lexicon' parameter"),
            ({"weights": "calibrated"}, "'weights' parameter"),
            ({"weights": [1.0]}, "'weights' parameter"),
            ({"target_precision": 0}, "'target_precision' parameter"),
            ({"target_precision": 90}, "'target_precision' parameter"),
            ({"cv": 1}, "'cv' parameter"),
            ({"cv": None}, "'cv' parameter"),
            ({"ngram_range": 2}, "'ngram_range' parameter"),
            ({"ngram_range": (2, 1)}, "ngram_range must be two integers"),
            ({"ngram_range": (1, 2, 3)}, "ngram_range must be two integers"),
            ({"min_df": -1}, "'min_df' parameter"),
            ({"max_features": 0}, "'max_features' parameter"),
            ({"n_selected": 0}, "'n_selected' parameter"),
            ({"n_jobs": "all"}, "'n_jobs' parameter"),
            ({"random_state": None}, "'random_state' parameter"),
        ],
    )
    def test_bad_parameters(self, params: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ThemeClassifier(**params).fit(["a"], [[1] * 6])

    def test_other_estimators_and_structured_columns(self, few: pd.DataFrame) -> None:
        student = make_quick(
            structured_columns=["contractType", "job_ROME_code"], n_selected=None
        ).fit(few)
        assert (student.predict(few) == few[THREE]).to_numpy().mean() > 0.95
        assert "contractType=CDI" in student.features_.get_feature_names_out()

    def test_evidence_is_an_error_where_there_is_none_and_it_is_asked_for(
        self, few: pd.DataFrame
    ) -> None:
        with pytest.raises(ValueError, match="evidence=True needs the CODE_evidence"):
            make_quick(evidence=True).fit(strip_evidence(few))
        with pytest.raises(ValueError, match="evidence=True needs the CODE_evidence"):
            make_quick(evidence=True).fit(TEXTS, REMOTE_LABELS)

    def test_evidence_is_used_where_it_is_there_unless_forbidden(
        self, few: pd.DataFrame, quick_student: ThemeClassifier
    ) -> None:
        asked = make_quick(evidence=True).fit(few)
        np.testing.assert_array_equal(asked.out_of_fold_, quick_student.out_of_fold_)
        forbidden = make_quick(evidence=False).fit(few)
        assert forbidden.offer_scores_.names == ("text", "lexicon")
        bare = make_quick().fit(strip_evidence(few))
        np.testing.assert_array_equal(forbidden.out_of_fold_, bare.out_of_fold_)

    @pytest.mark.parametrize("form", ["lexicon", "path", "str"])
    def test_a_lexicon_of_ones_own(self, tmp_path: Path, form: str) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(
            "[REMOTE]\npresent = ['teletravail\\w*']\n"
            "confidence_present = 60\nconfidence_absent = 70\n",
            encoding="utf-8",
        )
        lexicon = {"lexicon": REMOTE, "path": path, "str": str(path)}[form]
        student = make_quick(themes=["REMOTE"], lexicon=lexicon).fit(TEXTS, REMOTE_LABELS)
        assert student.offer_scores_.names == ("text", "lexicon")
        assert student.offer_scores_.lexicon == REMOTE
        assert clone(student).lexicon == lexicon

    def test_the_shipped_lexicon_is_used_for_the_themes_that_it_knows(
        self, few: pd.DataFrame
    ) -> None:
        y = few[["DIVERSITY"]].assign(OTHER=few["WORK_LIFE_BALANCE"])
        student = make_quick().fit(few["text"], y)
        assert student.offer_scores_.lexicon == load_french_lexicon()
        student = make_quick().fit(few["text"], y[["OTHER"]])
        assert student.offer_scores_.names == ("text",)
        student = make_quick(lexicon=None).fit(few["text"], y)
        assert student.offer_scores_.names == ("text",)

    def test_a_lexicon_that_knows_no_theme_is_refused(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"knows none of the themes .* it knows \['REMOTE'\]"):
            make_quick(lexicon=REMOTE).fit(few)

    def test_a_precision_is_reached_out_of_fold(self, few: pd.DataFrame) -> None:
        student = make_quick(target_precision=0.95).fit(few)
        gold = few[THREE].to_numpy() == 1
        predicted = student.out_of_fold_ >= student.thresholds_
        assert ((gold & predicted).sum(axis=0) / predicted.sum(axis=0) >= 0.95).all()

    def test_a_precision_out_of_reach_is_told(self, few: pd.DataFrame) -> None:
        noise = (np.random.default_rng(1).random((80, 1)) < 0.3).astype(float)
        with pytest.warns(JocasThemesWarning, match="expected to reach a precision of 1"):
            make_quick(target_precision=1.0, themes=["NOISE"]).fit(few["text"], noise)

    def test_weights_of_a_teacher_report(self, few: pd.DataFrame) -> None:
        report = teacher_report(few, few[["offer_id", *THREE]])
        student = make_quick(weights=report.calibrate).fit(few)
        # Where the teacher is always right, every confidence is worth the same.
        alike = make_quick(weights=None).fit(few)
        np.testing.assert_allclose(student.out_of_fold_, alike.out_of_fold_, atol=1e-6)

    def test_bad_weights(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="weights must turn confidences of shape"):
            make_quick(weights=lambda confidences: -confidences).fit(few)

    def test_confidences_out_of_range(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"confidences must be in \[0, 100\]"):
            make_quick().fit(few.assign(DIVERSITY_confidence=101))


class TestBadInput:
    def test_lengths_must_agree(self) -> None:
        with pytest.raises(ValueError, match="X holds 1 offers and y 2"):
            ThemeClassifier().fit(["a"], [[1] * 6, [0] * 6])

    def test_the_same_rows_in_another_order_are_refused(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="same rows in another order"):
            ThemeClassifier().fit(few[["text"]], few[THREE].iloc[::-1])

    def test_nothing_to_learn_from(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="no theme has any known label in 0 offers"):
            make_quick().fit([], [])
        with pytest.raises(ValueError, match="nothing to learn from"):
            make_quick().fit(TEXTS)

    def test_all_cells_masked(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="no theme has any known label in 80 offers"):
            make_quick().fit(few.assign(**dict.fromkeys(THREE, np.nan)), few[THREE])
        sure = Pipeline([("filter", ConfidenceFilter(100)), ("student", make_quick())])
        with pytest.raises(ValueError, match="Lower the filter's threshold under that"):
            sure.fit(few, few[THREE])

    def test_one_theme_masked(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"the themes \['DIVERSITY'\] have not"):
            make_quick().fit(few.assign(DIVERSITY=np.nan))

    @pytest.mark.parametrize("label", [0, 1])
    def test_labels_all_alike_warn(self, few: pd.DataFrame, label: int) -> None:
        table = few.assign(DIVERSITY=float(label), DIVERSITY_evidence=None)
        with pytest.warns(JocasThemesWarning, match=rf"alike for \{{'DIVERSITY': {label}\}}"):
            student = make_quick().fit(table)
        assert (student.predict_proba(table)[:, 0] == label).all()
        assert (student.predict(["", "Boulanger"])[:, 0] == label).all()
        assert np.isfinite(student.out_of_fold_).all()

    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_fewer_positives_than_folds_warn(self, few: pd.DataFrame, n: int) -> None:
        table = keep_positives(few, "DIVERSITY", n)
        with pytest.warns(JocasThemesWarning, match="DIVERSITY"):
            student = make_quick(themes=["DIVERSITY"], cv=5).fit(table)
        assert np.isfinite(student.out_of_fold_).all()
        assert np.isfinite(student.predict_proba(few)).all()

    def test_evidence_that_is_not_in_the_text(self, few: pd.DataFrame) -> None:
        absent = {f"{code}_evidence": "Nulle part dans le texte" for code in THREE}
        student = make_quick().fit(few.assign(**absent))
        without = make_quick(evidence=False).fit(few)
        # The sentences say nothing, and the whole texts as much as without evidence.
        assert (student.offer_scores_.sentences.intercepts == -1).all()
        f1 = [model.scores_.loc["micro", "f1"] for model in (student, without)]
        assert f1[0] == pytest.approx(f1[1], abs=0.04)

    def test_copies_with_contradicting_labels(self, few: pd.DataFrame) -> None:
        table = few.head(40)
        contrary = table.assign(**{code: 1 - table[code] for code in THREE})
        student = make_quick().fit(pd.concat([table, strip_evidence(contrary)]))
        # Nothing can be known: about one half everywhere.
        np.testing.assert_allclose(student.predict_proba(table), 0.5, atol=0.15)

    def test_copies_are_not_learnt_by_heart(self, few: pd.DataFrame) -> None:
        # Labels of chance: with copies on both sides of a fold they would be known.
        texts = few["text"].head(60).tolist()
        labels = np.random.default_rng(0).random(60) < 0.5
        copies = [text + end for end in ("", "\nPostulez", "\nPostulez vite") for text in texts]
        student = make_quick(themes=["NOISE"]).fit(copies, np.tile(labels, 3).astype(float))
        assert roc_auc_score(np.tile(labels, 3), student.out_of_fold_[:, 0]) < 0.7

    @pytest.mark.parametrize("n", [2, 3])
    def test_two_or_three_offers(self, n: int) -> None:
        with pytest.warns(JocasThemesWarning, match=r"fewer than cv=2 .* \{'REMOTE': 1\}"):
            student = make_quick(themes=["REMOTE"], min_df=1).fit(TEXTS[:n], REMOTE_LABELS[:n])
        assert ((student.predict_proba(TEXTS) > 0) & (student.predict_proba(TEXTS) < 1)).all()
        assert student.out_of_fold_.shape == (n, 1)

    def test_two_annotated_offers(self, few: pd.DataFrame) -> None:
        # The two differ in one theme only.
        with (
            pytest.warns(JocasThemesWarning, match="all known labels are alike for"),
            pytest.warns(JocasThemesWarning, match="fewer than cv=2 known positives"),
        ):
            student = make_quick(min_df=1).fit(few.head(2))
        assert np.isfinite(student.predict_proba(few)).all()

    def test_one_offer(self) -> None:
        with pytest.raises(ValueError, match="learning needs two offers at least, got 1"):
            make_quick(themes=["REMOTE"], min_df=1).fit(TEXTS[1:2], [1])

    def test_all_texts_alike(self, few: pd.DataFrame) -> None:
        # Nothing can be known but the prevalence.
        table = few.assign(text=few["text"].iloc[0])
        prevalence = few[THREE].mean().to_numpy()
        for student in (make_quick().fit(table), make_quick().fit(table["text"], few[THREE])):
            np.testing.assert_allclose(student.predict_proba(table)[0], prevalence, atol=0.15)

    def test_all_texts_empty(self, few: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="the 80 offers share no words to learn from"):
            make_quick().fit(few.assign(text=""))

    def test_some_texts_empty_or_hostile(self, few: pd.DataFrame) -> None:
        odd = [
            "",
            "\x00",
            "\ud800",
            "\u200b\u200b\u200b",
            ". • \n",
            "x " * 5_000,
            "<br> &amp;",
            "é\u0301",
        ]
        table = few.assign(text=pd.Series([*odd, *few["text"].iloc[8:]], dtype=object))
        student = make_quick().fit(table)
        assert np.isfinite(student.out_of_fold_).all()
        assert np.isfinite(student.predict_proba(table)).all()


class TestUses:
    def test_one_theme_of_ones_own(self) -> None:
        student = make_quick(themes=["REMOTE"]).fit(TEXTS * 2, REMOTE_LABELS * 2)
        assert student.themes_ == ("REMOTE",)
        assert student.predict(["télétravail possible", "poste sur site"]).tolist() == [[1], [0]]

    def test_two_hundred_themes(self, few: pd.DataFrame) -> None:
        y = (np.random.default_rng(0).random((30, 200)) < 0.4).astype(float)
        student = ThemeClassifier(DummyClassifier(), cv=2, n_selected=None)
        student.fit(few["text"].head(30), y)
        assert student.themes_[199] == "theme_199"
        assert student.predict_proba(few.head(3)).shape == (3, 200)
        assert student.scores_.shape == (202, 8)

    def test_gold_rows_without_confidence_and_evidence_among_the_teacher_s(
        self, few: pd.DataFrame
    ) -> None:
        mixed = few.copy()
        gold = np.arange(80) % 2 == 0
        for code in THREE:
            mixed.loc[gold, f"{code}_confidence"] = np.nan
            mixed.loc[gold, f"{code}_evidence"] = None
        student = make_quick().fit(mixed)
        assert student.offer_scores_.sentences is not None
        counts = student.training_["themes"]["COMPENSATION_BENEFITS"]
        assert counts["n_known"] == 80
        assert 0 < counts["n_evidence"] < counts["n_positive"]
        assert student.scores_.loc["micro", "f1"] > 0.75

    def test_unknown_cells_do_not_count(self, few: pd.DataFrame) -> None:
        # Wrong labels that are masked teach nothing.
        masked = few.copy()
        masked.loc[masked.index[60:], "DIVERSITY"] = np.nan
        student = make_quick().fit(masked)
        assert student.training_["themes"]["DIVERSITY"]["n_known"] == 60
        assert student.scores_.loc["DIVERSITY", "n_offers"] == 60
        assert np.isfinite(student.out_of_fold_).all()

    def test_behind_a_filter_in_a_pipeline(self, few: pd.DataFrame) -> None:
        model = Pipeline([("filter", ConfidenceFilter(90)), ("student", make_quick())]).fit(few)
        n_known = {c: n["n_known"] for c, n in model["student"].training_["themes"].items()}
        assert n_known == {c: (few[f"{c}_confidence"] >= 90).sum() for c in THREE}
        assert model.predict(few).shape == (80, 3)
