"""`sample_gold`: which offers people must read, with the probability that each had."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.offers import NearDuplicates, find_theme_codes, to_frame
from jocas_themes.trends.aggregation._ids import hash_ids, read_groups
from jocas_themes.trends.aggregation._labels import iter_tables, list_parts
from jocas_themes.trends.aggregation._rows import Rows
from jocas_themes.trends.gold._allocation import allocate_gold
from jocas_themes.trends.gold._frame import Frame, Turns, build_frame
from jocas_themes.trends.gold._stratifier import SCORE_BIN

_DESIGN = ("offer_id", "stratum", "inclusion_probability", "cluster")


def sample_gold(
    labels: pd.DataFrame | str | Path,
    n: int,
    *,
    strata: Sequence[str] = ("semester", SCORE_BIN),
    random_state: int,
    themes: Sequence[str] | None = None,
    date_column: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    clusters: "NearDuplicates | pd.DataFrame | pd.Series[Any] | None" = None,
    progress: bool = False,
) -> pd.DataFrame:
    r"""Draw the offers that people must read, from all that were labelled.

    Every offer has a known chance, also those that the student is sure of: only then can the
    gold labels correct the trends. Never filter them by confidence, before or after.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table: ``offer_id``, ``CODE_probability`` for each theme, the columns that the
        strata and dates are read from; or the folder of Parquet parts that `label_corpus` wrote.
    n : int
        How many offers to draw; all of them when there are fewer.
    strata : sequence of str, default=("semester", "score_bin")
        Columns, or periods and groups derived from them, as in `estimate_prevalence`; and
        ``score_bin``, how unsure the student is, from 1 (sure) to 4. None makes a simple random
        sample.
    random_state : int
        Seed. The sample depends on it and on the offers, not on their order or parts.
    themes : sequence of str, optional
        Codes of the themes that the score speaks of. By default those that have a
        ``CODE_probability`` column. With labels alone, the score is the number of themes
        present, 3 standing for more.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    steps : sequence of months, default=("2020-03",)
        First months of new stretches, for a stratum ``period``.
    clusters : NearDuplicates, DataFrame or Series, optional
        Which offers are the same vacancy: what `find_near_duplicates` gives, a table with
        ``offer_id`` and ``group``, or a Series from offer_id to group. By default each offer is
        its own cluster.
    progress : bool, default=False
        Show bars.

    Returns
    -------
    DataFrame of shape (n, 4 + n_columns)
        ``offer_id``, the columns of `strata`, ``stratum`` (such as "2020S1 | 3"),
        ``inclusion_probability`` (0-1) and ``cluster``. The rows are in the order of the draw:
        the first m are the sample of m. Predictions are left out, as they would lead readers.

    Raises
    ------
    ValueError
        If `n` is too small for two offers a stratum, if a column is not there, if the table is
        an annotated one, if an offer has no id, or if `random_state` is not an integer.
    TypeError
        If `strata` is a single string.
    FileNotFoundError
        If the folder holds no part.
    OffersError
        If a part is not a Parquet file.

    Warns
    -----
    JocasThemesWarning
        If offers have no readable date, or no prediction: they are no part of any trend and are
        left out; if ids recur; if there are fewer offers than `n`, so that all are drawn; if
        a folder is incomplete.

    See Also
    --------
    plan_gold : How exact the trends will be with so many.
    ReviewQueue.add_sample : Give the sample to people.
    estimate_prevalence : What the gold labels are for.

    Notes
    -----
    Stratified sampling without replacement (Cochran, *Sampling Techniques*, 1977, chapter 5).
    The four bins of the score, the mean of :math:`p (1 - p)` over the themes, have the same sum
    of its square root in the corpus, the equal aggregate sigma rule (Särndal, Swensson and
    Wretman, 1992, section 12.4): a quarter of the errors to expect is in each. Half of the draw
    goes to the strata in proportion to :math:`N_h S_h` (Neyman, 1934), with :math:`S_h^2` the
    mean of the score but 0.02 at least, half in proportion to :math:`\sqrt{N_h}` (Bankier,
    1988), and two to each at least. Of the :math:`N_h` offers of a stratum the :math:`n_h` with
    the smallest keyed hashes of their ids are drawn, each with the probability
    :math:`n_h / N_h`. A larger `n` with the same seed and labels holds the smaller sample.

    The labels are read twice; about 50 bytes an offer are held in memory. An id that recurs is
    one offer, in the first of its strata. `estimate_prevalence` counts rows, and refuses labels
    of which over 5% repeat an id, unless ``offer_ids`` names the ids whose first row counts.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import sample_gold
    >>> labels = pd.DataFrame({
    ...     "offer_id": [f"A{number}" for number in range(400)],
    ...     "date_firstSeenDay": np.repeat(["2019-10-02", "2020-05-03"], 200),
    ...     "REMOTE": 0,
    ...     "REMOTE_probability": np.tile([0.02, 0.5], 200),
    ... })
    >>> sample = sample_gold(labels, 40, random_state=0)
    >>> sample.groupby("stratum")["inclusion_probability"].agg(["size", "first"])
               size  first
    stratum
    2019S2 | 1    7   0.07
    2019S2 | 2   13   0.13
    2020S1 | 1    7   0.07
    2020S1 | 2   13   0.13
    """
    check_integer("n", n, least=1)
    check_integer("random_state", random_state, least=0)
    strata = check_names(strata, "strata")
    rows = open_rows(labels, strata, themes=themes, date_column=date_column, steps=steps)
    frame = build_frame(rows, strata, random_state=int(random_state), progress=progress)
    warn_of_left_out(rows, frame)
    warn_of_excess(
        n,
        frame,
        "all of them are. Draw as many as people can read; plan_gold tells how exact the trends "
        "will be.",
    )
    drawn = _draw(frame, int(n))
    places = frame.places[drawn]
    chances = np.bincount(places, minlength=len(frame.strata)) / frame.sizes
    ids = _find_ids(labels, frame.turns[drawn], int(random_state), progress=progress)
    sample = frame.strata.iloc[places].reset_index(drop=True)
    sample.insert(0, "offer_id", ids)
    return sample.assign(
        inclusion_probability=chances[places], cluster=_name_clusters(sample["offer_id"], clusters)
    )


def check_integer(name: str, value: Any, *, least: int) -> None:
    """Check an integer; a seed must be one too, so that the draw can be made again."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be an integer from {least} up, got {value!r}.")


def check_names(names: Sequence[str], parameter: str) -> tuple[str, ...]:
    """Check the names of columns that the result can have beside its own."""
    if isinstance(names, str):
        raise TypeError(f"{parameter} must be a sequence of names, got {names!r}: ({names!r},).")
    names = tuple(names)
    wrong = sorted({name for name in names if name in _DESIGN or names.count(name) > 1})
    if wrong:
        raise ValueError(
            f"{parameter} must name distinct columns, and none of {list(_DESIGN)!r}, got "
            f"{list(names)!r}. Leave out {wrong!r}, or rename the column."
        )
    return names


def open_rows(
    labels: pd.DataFrame | str | Path,
    strata: Sequence[str],
    by: Sequence[str] = (),
    **options: Any,
) -> Rows:
    """Open the labels of a whole corpus, with the columns of strata and groups."""
    columns = [*(name for name in strata if name != SCORE_BIN), *by]
    rows = Rows(labels, by=columns, columns=("offer_id",), stacklevel=3, **options)
    annotated = find_theme_codes(pd.DataFrame(columns=rows.columns))
    if annotated and rows.prediction == "label":
        raise ValueError(
            f"the labels must be those of the whole corpus, got an annotated table, with "
            f"{annotated[0]}_confidence: the teacher saw a choice of offers, and a "
            f"ConfidenceFilter may have masked some. Pass what label_corpus wrote."
        )
    return rows


def warn_of_left_out(rows: Rows, frame: Frame) -> None:
    """Warn of the offers that cannot be drawn, as no trend counts them."""
    rows.warn_of_undated(stacklevel=3)
    if frame.n_unpredicted:
        warnings.warn(
            f"{frame.n_unpredicted} offers have no prediction of any theme and are left out, as "
            f"offers without text. The trends will speak of the others alone.",
            JocasThemesWarning,
            stacklevel=3,
        )
    if frame.n_repeated:
        warnings.warn(
            f"{frame.n_repeated} of the {frame.n_repeated + len(frame.turns)} rows have the "
            f"offer_id of one before: an id is drawn as one offer, and estimate_prevalence would "
            f"count all its rows. Give each row an id of its own before drawing, or have the "
            f"estimates count the first row of each: offer_ids=..., all ids.",
            JocasThemesWarning,
            stacklevel=3,
        )


def warn_of_excess(n: int, frame: Frame, outcome: str) -> None:
    """Warn where more offers are asked for than there are."""
    if n > len(frame.turns):
        warnings.warn(
            f"n is {int(n)}, and the labels hold {len(frame.turns)} offers that can be drawn: "
            f"{outcome}",
            JocasThemesWarning,
            stacklevel=3,
        )


def _draw(frame: Frame, n: int) -> npt.NDArray[np.intp]:
    """Draw of each stratum those whose turn comes first; return their places in the frame."""
    draws = allocate_gold(frame.sizes, frame.variances, n)
    turn = pd.Series(draws).groupby(draws).cumcount().to_numpy()
    by_stratum = np.argsort(frame.places, kind="stable")
    starts = np.cumsum(frame.sizes) - frame.sizes
    return np.asarray(by_stratum[starts[draws] + turn])


def _find_ids(labels: Any, turns: Turns, random_state: int, *, progress: bool) -> list[Any]:
    """Read the labels again for the ids of the offers drawn, in their order."""
    labels = to_frame(labels)
    source = labels if isinstance(labels, pd.DataFrame) else list_parts(labels)
    ids: dict[int, Any] = {}
    tables = iter_tables(source, ["offer_id"])
    for table in tqdm(tables, disable=not progress, desc="Offers drawn", unit="batch"):
        column = table["offer_id"].dropna()
        hashes = hash_ids(column, random_state)
        hits = np.isin(hashes, turns)
        ids |= dict(zip(hashes[hits].tolist(), column[hits].tolist(), strict=True))
    return [ids[turn] for turn in turns.tolist()]


def _name_clusters(ids: "pd.Series[Any]", clusters: Any) -> "pd.Series[Any]":
    """Name the group of each offer, which is its own where it has none."""
    if clusters is None:
        return ids
    if not isinstance(clusters, pd.Series):
        clusters = read_groups(clusters, "clusters").set_index("offer_id")["group"]
    groups = clusters[clusters.index.isin(ids)].dropna()
    if not len(groups):
        raise ValueError(
            f"clusters must tell the groups of the labels' offers, but has none of the "
            f"{len(ids)} drawn, such as {ids.iloc[0]!r}. Find the near-duplicates among the offers "
            f"that were labelled."
        )
    names = {offer: f"group-{group}" for offer, group in zip(groups.index, groups, strict=True)}
    return ids.map(names).fillna(ids)
