"""`make_offers`: any number of fictitious offers, recombined from the sample."""

import operator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.datasets._passages import N_PASSAGES, STYLES, read_passages
from jocas_themes.datasets._sample import load_sample_offers

_Ints = npt.NDArray[np.int64]

# Offers of one era are made of offers of that era: the first lockdown changed their words at once.
_FIRST_DAY = date(2019, 1, 1).toordinal()
_LOCKDOWN_DAY = date(2020, 3, 17).toordinal()
_LAST_DAY = date(2023, 12, 31).toordinal()
# Far enough for a month to draw on some thirty sample offers, near enough for trends to show.
_SHIFT_DAYS = 75
_DONOR_DAYS = 60
_COPY_DAYS = 7
_SHARE_OWN_PASSAGE = 0.35
_SHARE_COPIES = 0.05
_SHARE_REFERENCE = 0.6
_SHARES_STYLES = (0.5, 0.25, 0.25)
# Of each column, the share of cells that are lost beyond those that the sample lacks.
_SHARES_LOST = {
    "date_sitePublicationDay": 0.1,
    "job_ROME_code": 0.005,
    "contractType": 0.02,
    "location_departement": 0.01,
    "entrepriseSecteur_NAF21": 0.05,
    "description_full": 0.001,
}
_DAY_FIRST_SITES = ("site_b", "site_d")
_NUMBERS = ("salary_min", "salary_max")
_KEPT_COLUMNS = (
    "job_title",
    "job_ROME_code",
    "contractType",
    "location_departement",
    "entrepriseSecteur_NAF21",
    "salary_min",
    "salary_max",
    "salary_period",
    "education_level",
)


def make_offers(
    n_offers: int, random_state: int | np.random.Generator | None = None
) -> pd.DataFrame:
    """Make any number of fictitious offers in the shape of JOCAS, for trials and benchmarks.

    **They say nothing about the labour market.** Each one joins passages of the 300 invented
    offers of the sample; no count, share or trend computed from them means anything.

    Parameters
    ----------
    n_offers : int
        Number of offers, from 0 up.
    random_state : int, numpy Generator or None, default=None
        Seed; the same one gives the same offers.

    Returns
    -------
    DataFrame of shape (n_offers, 15)
        ``ID_JOCAS``, ``site_name``, ``date_firstSeenDay`` (ISO, 2019-01 to 2023-12),
        ``date_lastSeenDay`` (ISO), ``date_sitePublicationDay`` (ISO, or DD/MM/YYYY on two of
        the four boards), ``job_title``, ``job_ROME_code``, ``contractType``,
        ``location_departement``, ``entrepriseSecteur_NAF21``, ``salary_min``, ``salary_max``,
        ``salary_period``, ``education_level`` and ``description_full``, in no order of time.

    Raises
    ------
    TypeError
        If n_offers is not an integer.
    ValueError
        If n_offers is negative.

    See Also
    --------
    load_sample_offers : The offers of which these are made.

    Notes
    -----
    An offer takes its title, codes, contract, pay and opening from one sample offer, and about
    half of its other passages from others dated within 60 days of that one; its own date is
    within 75 days of it, never across 17 March 2020. What changes in the sample over the years
    therefore changes in the made offers. A passage that states pay is never exchanged, so that
    text and salary columns agree. Half of the descriptions carry HTML tags, entities or
    non-breaking spaces; 5% of the offers are near-copies of another one, on another board within
    a week; some cells are missing.

    Examples
    --------
    >>> from jocas_themes.datasets import make_offers
    >>> offers = make_offers(1_000, random_state=0)
    >>> offers.shape
    (1000, 15)
    >>> offers["ID_JOCAS"].is_unique
    True
    """
    n_offers = _check_n_offers(n_offers)
    rng = np.random.default_rng(random_state)
    sample = load_sample_offers()
    first_days = _read_days(sample)
    copied = _draw_copied(n_offers, rng)
    is_copy = copied != np.arange(n_offers)
    base = rng.integers(len(sample), size=n_offers)[copied]
    first_day = _shift_days(first_days[base], rng)[copied]
    delay = rng.integers(_COPY_DAYS, size=n_offers, endpoint=True)
    first_day = np.minimum(first_day + np.where(is_copy, delay, 0), _LAST_DAY)
    sites = _draw_sites(sample, base, is_copy, rng)
    passages = _draw_passages(first_days, base, rng)[copied]
    offers = pd.DataFrame(
        {
            "ID_JOCAS": [
                f"{site}_{date.fromordinal(day)}_made{row}"
                for row, (site, day) in enumerate(zip(sites, first_day.tolist(), strict=True))
            ],
            "site_name": sites,
            **_draw_dates(first_day, sites, rng),
            **{column: sample[column].to_numpy()[base] for column in _KEPT_COLUMNS},
            "description_full": _write_descriptions(passages, rng),
        }
    )
    if not n_offers:
        # pandas reads empty lists as numbers.
        offers = offers.astype(dict.fromkeys(offers.columns.drop(list(_NUMBERS)), object))
    for column, share in _SHARES_LOST.items():
        offers[column] = offers[column].mask(rng.random(n_offers) < share)
    return offers


def _check_n_offers(n_offers: Any) -> int:
    """Return n_offers as an int, or say what it must be."""
    try:
        number = operator.index(n_offers)
    except TypeError as error:
        raise TypeError(f"n_offers must be an integer, got {n_offers!r}.") from error
    if number < 0:
        raise ValueError(f"n_offers must be 0 or more, got {n_offers!r}.")
    return number


def _read_days(sample: pd.DataFrame) -> _Ints:
    """Return the day of each sample offer as an ordinal."""
    days = [date.fromisoformat(day).toordinal() for day in sample["date_firstSeenDay"]]
    return np.array(days, dtype=np.int64)


def _draw_copied(n_offers: int, rng: np.random.Generator) -> _Ints:
    """Return, for each offer, the row that it repeats: nearly always itself."""
    copied = np.arange(n_offers)
    is_copy = rng.random(n_offers) < _SHARE_COPIES
    is_copy[:1] = False
    originals = np.flatnonzero(~is_copy)
    if is_copy.any():
        copied[is_copy] = rng.choice(originals, size=int(is_copy.sum()))
    return copied


def _shift_days(days: _Ints, rng: np.random.Generator) -> _Ints:
    """Move each day by up to `_SHIFT_DAYS`, thrown back at the ends of its era."""
    moved = days + rng.integers(-_SHIFT_DAYS, _SHIFT_DAYS, size=len(days), endpoint=True)
    is_late = days >= _LOCKDOWN_DAY
    start = np.where(is_late, _LOCKDOWN_DAY, _FIRST_DAY)
    end = np.where(is_late, _LAST_DAY, _LOCKDOWN_DAY - 1)
    moved = np.where(moved < start, 2 * start - moved, moved)
    return np.where(moved > end, 2 * end - moved, moved)


def _draw_sites(
    sample: pd.DataFrame, base: _Ints, is_copy: npt.NDArray[np.bool_], rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    """Return each offer's board: the base offer's, or another one for a copy."""
    names, codes = np.unique(sample["site_name"].to_numpy(dtype=object), return_inverse=True)
    step = rng.integers(1, len(names), size=len(base))
    return names[(codes[base] + np.where(is_copy, step, 0)) % len(names)]


def _draw_passages(first_days: _Ints, base: _Ints, rng: np.random.Generator) -> _Ints:
    """Return the sample offer from which each passage comes, of shape (n_offers, N_PASSAGES)."""
    donors = _list_donors(first_days)
    n_donors = np.array([[len(choices) for choices in row] for row in donors])
    padded = np.zeros((*n_donors.shape, n_donors.max()), dtype=np.int64)
    for row, slots in enumerate(donors):
        for slot, choices in enumerate(slots):
            padded[row, slot, : len(choices)] = choices
    shape = (len(base), N_PASSAGES)
    choice = (rng.random(shape) * n_donors[base]).astype(np.int64)
    drawn = padded[base[:, None], np.arange(N_PASSAGES), choice]
    return np.where(rng.random(shape) < _SHARE_OWN_PASSAGE, base[:, None], drawn)


def _list_donors(first_days: _Ints) -> list[list[list[int]]]:
    """List, for each sample offer and place, the offers that may lend the passage there."""
    passages = read_passages()
    is_late = first_days >= _LOCKDOWN_DAY
    donors = []
    for row, own in enumerate(passages):
        is_near = np.abs(first_days - first_days[row]) <= _DONOR_DAYS
        near = np.flatnonzero(is_near & (is_late == is_late[row])).tolist()
        # The opening presents the post, and pay must agree with the salary columns.
        donors.append(
            [
                [row]
                if place == 0 or passage.states_pay
                else [row, *(other for other in near if not passages[other][place].states_pay)]
                for place, passage in enumerate(own)
            ]
        )
    return donors


def _draw_dates(
    first_day: _Ints, sites: npt.NDArray[np.object_], rng: np.random.Generator
) -> dict[str, list[str]]:
    """Write the three dates of each offer, one of them in the format of its board."""
    last_day = first_day + rng.integers(1, 60, size=len(first_day), endpoint=True)
    published = first_day - rng.integers(0, 3, size=len(first_day), endpoint=True)
    return {
        "date_firstSeenDay": [date.fromordinal(day).isoformat() for day in first_day.tolist()],
        "date_lastSeenDay": [date.fromordinal(day).isoformat() for day in last_day.tolist()],
        "date_sitePublicationDay": [
            date.fromordinal(day).strftime("%d/%m/%Y" if site in _DAY_FIRST_SITES else "%Y-%m-%d")
            for day, site in zip(published.tolist(), sites, strict=True)
        ],
    }


def _write_descriptions(sources: _Ints, rng: np.random.Generator) -> list[str]:
    """Join the passages of each offer, in one style, some with a reference at the end."""
    rendered = [
        [[passage.render(style) for passage in own] for own in read_passages()] for style in STYLES
    ]
    n_offers = len(sources)
    styles = rng.choice(len(STYLES), size=n_offers, p=_SHARES_STYLES).tolist()
    has_reference = (rng.random(n_offers) < _SHARE_REFERENCE).tolist()
    references = rng.integers(100_000, 1_000_000, size=n_offers).tolist()
    return [
        "".join(rendered[style][source][place] for place, source in enumerate(row)).rstrip()
        + (f"\nRéf. {reference}" if shown else "")
        for style, row, shown, reference in zip(
            styles, sources.tolist(), has_reference, references, strict=True
        )
    ]
