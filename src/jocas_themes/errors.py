"""What can go wrong, as a tree: catch the branch you can act on.

``JocasThemesError``
    ``OffersError``: a source of offers cannot be read
    ``TaxonomyError``: a taxonomy is not valid
    ``StoreError``: an annotation store cannot be used
        ``StoreMismatchError``: it holds answers of another taxonomy
    ``ReviewFileError``: a review file cannot be read
    ``TeacherError``: the teacher had to stop; the answers that arrived are in the store
        ``MissingKeyError``: no API key, and the store lacks some answers
        ``TeacherAuthError``: the server refused the key or the account
        ``TeacherUnavailableError``: the server does not answer, or refuses every request
        ``BudgetReachedError``: the next request could cost more than is left
        ``UnknownPriceError``: a model whose price nobody gave
        ``BatchError``: a batch was refused, or cannot be found again
    ``ModelFormatError``: a model folder cannot be read
    ``MissingDependencyError``: an optional package is not installed

Bad arguments raise the standard ``ValueError`` and ``TypeError``.
"""

__all__ = [
    "BatchError",
    "BudgetReachedError",
    "JocasThemesError",
    "JocasThemesWarning",
    "MissingDependencyError",
    "MissingKeyError",
    "ModelFormatError",
    "OffersError",
    "ReviewFileError",
    "StoreError",
    "StoreMismatchError",
    "TaxonomyError",
    "TeacherAuthError",
    "TeacherError",
    "TeacherUnavailableError",
    "UnknownPriceError",
]


class JocasThemesError(Exception):
    """Base of all exceptions of this package's own."""


class OffersError(JocasThemesError):
    """A source of offers cannot be read."""


class TaxonomyError(JocasThemesError, ValueError):
    """A taxonomy is not valid."""


class StoreError(JocasThemesError):
    """An annotation store cannot be used."""


class StoreMismatchError(StoreError):
    """An annotation store holds answers of another taxonomy."""


class ReviewFileError(JocasThemesError):
    """A review file cannot be read."""


class TeacherError(JocasThemesError):
    """The teacher had to stop; the answers that had arrived are in the store."""


class MissingKeyError(TeacherError):
    """No API key is set, and the store lacks some answers."""


class TeacherAuthError(TeacherError):
    """The server refused the key or the account."""


class TeacherUnavailableError(TeacherError):
    """The server does not answer, or refuses every request."""


class BudgetReachedError(TeacherError):
    """The next request could cost more than ``max_cost_usd`` leaves; nothing was sent for it."""


class UnknownPriceError(TeacherError, ValueError):
    """The price of a model is not known, and something depends on it."""


class BatchError(TeacherError):
    """A batch was refused by the server, or cannot be found there any more."""


class ModelFormatError(JocasThemesError):
    """A model folder cannot be read."""


class MissingDependencyError(JocasThemesError, ImportError):
    """An optional package is not installed."""


class JocasThemesWarning(UserWarning):
    """A consequence that the user should know, with its remedy."""
