"""The exception tree, pinned: users catch its branches by name."""

import inspect
import pickle

import pytest

from jocas_themes import errors

# child: parents, as the module's docstring draws them
TREE = {
    "JocasThemesError": (Exception,),
    "OffersError": (errors.JocasThemesError,),
    "TaxonomyError": (errors.JocasThemesError, ValueError),
    "StoreError": (errors.JocasThemesError,),
    "StoreMismatchError": (errors.StoreError,),
    "ReviewFileError": (errors.JocasThemesError,),
    "TeacherError": (errors.JocasThemesError,),
    "MissingKeyError": (errors.TeacherError,),
    "TeacherAuthError": (errors.TeacherError,),
    "TeacherUnavailableError": (errors.TeacherError,),
    "BudgetReachedError": (errors.TeacherError,),
    "UnknownPriceError": (errors.TeacherError, ValueError),
    "BatchError": (errors.TeacherError,),
    "ModelFormatError": (errors.JocasThemesError,),
    "MissingDependencyError": (errors.JocasThemesError, ImportError),
    "JocasThemesWarning": (UserWarning,),
}


def test_the_tree_is_exact() -> None:
    classes = {
        name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and name[0] != "_"
    }
    assert {name: cls.__bases__ for name, cls in classes.items()} == TREE
    assert errors.__all__ == sorted(classes)


def test_the_docstring_names_every_exception() -> None:
    missing = [name for name in TREE if f"``{name}``" not in (errors.__doc__ or "")]
    assert missing == ["JocasThemesWarning"]  # a warning, not an exception


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_survives_a_worker_process(name: str) -> None:
    error = getattr(errors, name)("what happened")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "what happened"
