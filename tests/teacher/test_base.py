"""A teacher of one's own needs one method; the rest is scikit-learn's contract."""

import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from jocas_themes.annotations import Annotation, Answer, build_annotated
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher import BaseTeacher

_ONE = Taxonomy(HR_THEMES[:1])


class _SureTeacher(BaseTeacher):
    """Says of every offer that its theme is there."""

    def __init__(self, taxonomy=_ONE, text_columns=None):
        self.taxonomy = taxonomy
        self.text_columns = text_columns

    def annotate(self, offers):
        table = as_offers(offers, text_columns=self.text_columns)
        said = Annotation("ok", {"DIVERSITY": Answer(1, 100, "x")})
        return build_annotated(table, [said] * len(table), self.taxonomy.codes)


def test_a_pipeline_annotates_when_it_is_fitted_and_never_afterwards():
    pipeline = Pipeline([("teacher", _SureTeacher())])
    fitted = pipeline.fit_transform(["un", "deux"])
    assert fitted["DIVERSITY"].tolist() == [1, 1]
    later = pipeline.transform(["un", "deux"])
    assert list(later) == list(fitted)
    assert later["text"].tolist() == ["un", "deux"]
    assert later.drop(columns=["offer_id", "text"]).isna().all(axis=None)


def test_transform_keeps_columns_index_and_input():
    offers = pd.DataFrame({"poste": ["un", "deux"], "DIVERSITY": [1, 1]}, index=[5, 5])
    before = offers.copy()
    table = _SureTeacher(text_columns=("poste",)).transform(offers)
    assert table.index.tolist() == [5, 5]
    assert table["poste"].tolist() == ["un", "deux"]
    # A label that the offers brought along is not an annotation.
    assert table["DIVERSITY"].isna().all()
    pd.testing.assert_frame_equal(offers, before)


def test_fit_learns_nothing_and_gold_is_ignored():
    teacher = _SureTeacher()
    assert teacher.fit(None) is teacher
    gold = teacher.fit_transform(["un"], [[0]])
    assert gold["DIVERSITY"].tolist() == [1]
    assert clone(teacher).get_params() == teacher.get_params()


def test_tags_say_that_texts_are_taken_and_no_target_is_needed():
    tags = get_tags(_SureTeacher())
    assert (tags.input_tags.string, tags.input_tags.two_d_array) == (True, False)
    assert (tags.target_tags.required, tags.requires_fit) == (False, False)


def test_annotate_is_the_one_method_to_write():
    with pytest.raises(NotImplementedError, match=r"BaseTeacher needs a method annotate"):
        BaseTeacher().annotate(["un"])
