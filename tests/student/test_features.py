import numpy as np
import pandas as pd
import pytest

from jocas_themes.student._features import OfferFeatures


def make_features(**changes: object) -> OfferFeatures:
    params = {
        "structured_columns": (),
        "ngram_range": (1, 2),
        "min_df": 1,
        "max_features": None,
    }
    return OfferFeatures(**(params | changes))


def test_accents_and_case_are_folded() -> None:
    features = make_features()
    matrix = features.fit_transform(pd.DataFrame({"text": ["Équipe soudée", "EQUIPE"]}))
    # equipe, soudee, and the pair of them
    assert features.get_feature_names_out().tolist() == ["equipe", "equipe soudee", "soudee"]
    assert matrix.shape == (2, 3)


def test_structured_columns_become_one_hot() -> None:
    offers = pd.DataFrame(
        {
            "text": ["mot"] * 12,
            # CDI and CDD five times each; Stage once, too rare; one missing
            "contractType": ["CDI"] * 5 + ["CDD"] * 5 + ["Stage", "nan"],
            "location_departement": [75.0] * 6 + ["75"] * 6,
        }
    )
    features = make_features(structured_columns=("contractType", "location_departement"))
    matrix = features.fit_transform(offers)
    assert features.get_feature_names_out().tolist() == [
        "mot",
        "contractType=CDD",
        "contractType=CDI",
        "location_departement=75",
    ]
    # As files are read: 1.0 is département 01, whether it comes from a file or from memory.
    assert matrix[[0, 5, 10, 11]].toarray().tolist() == [
        [1, 0, 1, 1],
        [1, 1, 0, 1],
        [1, 0, 0, 1],
        [1, 0, 0, 1],
    ]
    unseen = pd.DataFrame({"text": ["mot"], "contractType": ["VIE"], "location_departement": [1]})
    assert features.transform(unseen).toarray().tolist() == [[1, 0, 0, 0]]


def test_cells_are_read_as_from_a_file() -> None:
    features = make_features(structured_columns=("location_departement", "experience_min"))
    offers = pd.DataFrame(
        {
            "text": ["mot"] * 5,
            "location_departement": [1, 1.0, "1", "01", "1.0"],
            "experience_min": ["2", 2, 2.0, "2,0", "2.0"],
        },
        dtype=object,
    )
    features.fit_transform(offers)
    assert list(features.categories_) == ["experience_min=2", "location_departement=01"]


def test_absent_entries_are_not_stored() -> None:
    # XGBoost reads an absent entry as missing, and a stored zero as zero: only one form is made.
    features = make_features(structured_columns=("c",))
    offers = pd.DataFrame({"text": ["un deux", "trois"] * 5, "c": ["x", "y"] * 5})
    matrix = features.fit_transform(offers)
    assert np.all(matrix.data != 0)
    assert matrix.nnz < matrix.shape[0] * matrix.shape[1]


def test_missing_structured_column() -> None:
    features = make_features(structured_columns=("contractType",))
    with pytest.raises(ValueError, match=r"lack the structured_columns \['contractType'\]"):
        features.fit_transform(pd.DataFrame({"text": ["mot"]}))


def test_no_words_at_all() -> None:
    with pytest.raises(ValueError, match="the 2 offers share no words to learn from"):
        make_features().fit_transform(pd.DataFrame({"text": ["", ""]}))


def test_restored_features_are_the_same() -> None:
    offers = pd.DataFrame({"text": ["un deux trois", "un deux", "quatre"] * 3, "c": ["x"] * 9})
    features = make_features(structured_columns=("c",))
    features.fit_transform(offers)
    matrix = features.transform(offers)
    words = features.vectorizer_.vocabulary_
    restored = OfferFeatures.restore(
        features.get_params(),
        words=sorted(words, key=words.__getitem__),
        idf=features.vectorizer_.idf_,
        categories=features.categories_,
    )
    again = restored.transform(offers)
    np.testing.assert_array_equal(again.toarray(), matrix.toarray())
    np.testing.assert_array_equal(again.indices, matrix.indices)
