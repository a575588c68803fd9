"""Progress bars: plain ones where a notebook lacks the widgets, and without a warning for it."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # tqdm warns on import where ipywidgets is missing
    from tqdm.auto import tqdm

__all__ = ["tqdm"]
