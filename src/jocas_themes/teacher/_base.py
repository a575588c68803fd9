"""What every teacher is to scikit-learn: the first step of a Pipeline."""

from collections.abc import Sequence
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from jocas_themes.annotations import build_annotated
from jocas_themes.offers import as_offers, tag_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy


class BaseTeacher(TransformerMixin, BaseEstimator):
    """Make an annotated table of offers: with labels when fitting, without when predicting.

    A teacher of your own needs one method, ``annotate(offers)``; and, when it looks for other
    themes than the six or at other columns than JOCAS's, the parameters ``taxonomy`` and
    ``text_columns``. There is nothing else here on purpose.

    Notes
    -----
    ``fit_transform`` differs from ``fit(X).transform(X)``, as scikit-learn's ``TargetEncoder``
    does: labels are asked for while a Pipeline is fitted, and nowhere else.
    """

    # For a teacher of your own that has no such parameters.
    taxonomy: Taxonomy = HR_THEMES
    text_columns: Sequence[str] | None = None

    def annotate(self, offers: Any) -> pd.DataFrame:
        """Annotate offers.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
            The annotated table.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method annotate(offers).")

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Do nothing: a teacher has nothing to learn, and ``fit`` alone asks nothing.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Not used.
        y : ignored
            Not used.

        Returns
        -------
        BaseTeacher
            The teacher itself.
        """
        return self

    def fit_transform(self, X: Any, y: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Annotate the offers, as `annotate` does.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.
        y : ignored
            Gold labels are for scorers; a teacher never sees them.

        Returns
        -------
        DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
            The annotated table.
        """
        return self.annotate(X)

    def transform(self, X: Any) -> pd.DataFrame:
        """Give offers the form of the annotated table, with every label unknown.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
            The annotated table; nobody was asked, so ``status`` is missing too.
        """
        offers = as_offers(X, text_columns=self.text_columns)
        return build_annotated(offers, [None] * len(offers), self.taxonomy.codes)

    def __sklearn_tags__(self) -> Any:
        tags = tag_offers(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
