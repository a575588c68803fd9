"""What a change may be, where the classifier's errors are not counted in."""

import warnings
from collections.abc import Iterable

from jocas_themes.errors import JocasThemesWarning

_COUNTS_ERRORS = "dsl"


def warn_of_errors(methods: Iterable[str], stacklevel: int) -> None:
    """Warn of shares whose method takes the classifier's errors for constant, or for none."""
    others = sorted({method for method in methods if not method.startswith(_COUNTS_ERRORS)})
    if others:
        warnings.warn(
            f"the shares' method is {others!r}, not 'dsl': what looks like a change of a theme "
            f"may be one of the classifier's errors, and the intervals do not know of it. Do not "
            f"publish it; use estimate_prevalence(..., method='dsl').",
            JocasThemesWarning,
            stacklevel=stacklevel + 1,
        )
