"""Search for the confidence threshold that serves the student best.

A grid search over the filter's threshold, scored on all offers. The language model's answers come
from the store: no candidate and no fold asks for one again.
"""

import tempfile
from pathlib import Path

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LLMTeacher,
    MaskedScorer,
    NearDuplicateKFold,
    ThemeClassifier,
    fill_sample_store,
    load_sample_offers,
)

with tempfile.TemporaryDirectory() as folder:
    store = fill_sample_store(Path(folder) / "annotations.sqlite", model="recorded")
    offers = load_sample_offers()
    teacher = LLMTeacher("recorded", store=store)

    # What scores compare with: here the teacher's own answers; better, gold labels of people.
    answers = teacher.annotate(offers)[list(HR_THEMES.codes)].to_numpy()

    search = GridSearchCV(
        Pipeline(
            [
                ("teacher", teacher),
                ("filter", ConfidenceFilter()),
                ("student", ThemeClassifier(n_jobs=-1)),
            ]
        ),
        {"filter__threshold": [0, 70, 90], "filter__scope": ["theme", "offer"]},
        scoring=MaskedScorer("f1", average="micro"),
        cv=NearDuplicateKFold(3, random_state=0),
    )
    search.fit(offers, answers)
    store.close()

for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{params['filter__scope']:>6} {params['filter__threshold']:>3}  micro-F1 {score:.3f}")
print("best:", search.best_params_, "(on 300 offers, differences of a point or two are chance)")
