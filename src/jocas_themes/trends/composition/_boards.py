"""`take_boards`: the shares among the offers of some boards."""

from collections.abc import Sequence

from jocas_themes.trends._result import Shares
from jocas_themes.trends.composition._mix import check_columns, pool


def take_boards(shares: Shares, boards: Sequence[str], *, board: str = "board") -> Shares:
    """Take the offers of some boards together, such as those that are there all the time.

    Parameters
    ----------
    shares : Shares
        By board and what is to be seen, such as ``by=("month", "board")``.
    boards : sequence of str
        The boards to keep.
    board : str, default="board"
        Column of the boards.

    Returns
    -------
    Shares
        One row a theme and group of the other columns: the share among the offers of these
        boards, with the full covariance.

    Raises
    ------
    ValueError
        If the shares are not told apart by `board`, lack some of the boards, or are NaN.
    TypeError
        If `boards` is a single string.

    See Also
    --------
    find_constant_boards : Which boards are there all the time.
    standardize : With ``by=("board",)``, also holds how much each board counts.

    Notes
    -----
    Boards enter and leave JOCAS, and each has offers of its own kind: a share may move since the
    boards do. Among constant boards it cannot; but how many offers each has still moves. To hold
    that as well, standardise:
    ``standardize(shares.take(shares.table["board"].isin(boards)), weights="all", by=("board",))``.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, take_boards
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE",
    ...     "board": ["site_a", "site_b", "site_c"],
    ...     "n_offers": [300, 100, 100],
    ...     "estimate": [0.1, 0.3, 0.9],
    ...     "method": "dsl",
    ... })
    >>> shares = Shares(table, np.zeros((3, 1)), np.full(3, 1e-4), by=("board",))
    >>> take_boards(shares, ["site_a", "site_b"]).table[["theme", "n_offers", "estimate"]]
        theme  n_offers  estimate
    0  REMOTE       400      0.15
    """
    if isinstance(boards, str):
        raise TypeError(f"boards must be several boards, got {boards!r}. Put one in a list.")
    (column,) = check_columns(shares, [board], name="board")
    found = set(shares.table[column])
    absent = [name for name in boards if name not in found]
    if absent or not len(boards):
        raise ValueError(
            f"boards must be some of the shares' {sorted(found)[:5]!r} ({len(found)} in all), got "
            f"{absent[:5]!r} ({len(absent)} of {len(boards)} are not there)."
        )
    kept = shares.take(shares.table[column].isin(list(boards)).to_numpy())
    return pool(kept, [name for name in shares.by if name != column])
