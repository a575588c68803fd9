"""The cautions of a report on trends, each once and in the language of its page."""

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from jocas_themes.reports._trends_view import Months, View
from jocas_themes.trends.aggregation._periods import WIDTHS

Tables = Mapping[str, pd.DataFrame]

_MOST_MONTHS = 3  # named
_GAPS = re.compile(r"months of (before|after) have no offers")
# How a warning begins, and what it comes down to in French.
_FRENCH = {
    r"no break in (\d{4}-\d\d) is tested": "aucune rupture n’est testée en {} : trop peu de mois "
    "avec des offres l’entourent, et il en faut six de chaque côté.",
    r"the labels span less than two years, so that their first (\d+) months": "les offres "
    "couvrent moins de deux ans ; les {} premiers mois sont comparés aux derniers, et une saison "
    "peut passer pour une évolution.",
    r"seasons were left out: they need (\d+) observed months": "la tendance n’est pas "
    "désaisonnalisée, faute de {} mois observés, chaque mois de l’année au moins une fois.",
    r"the step of (\d{4}-\d\d) was left out": "la rupture de {} n’entre pas dans la tendance : "
    "trop peu d’offres autour.",
    r"(\d+) offers have no readable date": "offres sans date lisible, laissées de côté : {}.",
    r"labelling was interrupted": "l’étiquetage a été interrompu : les parts ne portent que sur "
    "le début du corpus.",
    r"(\d+) of (\d+) combinations of .* have no offers in one of the periods": "{} groupes sur {} "
    "n’ont pas d’offres avant ou après et n’entrent pas dans la décomposition.",
    r"(\d+) of (\d+) rows lack (?:groups|too much) of the mix": "à composition fixe, {} parts sur "
    "{} manquent de certains groupes.",
    r"(\d+) domains have fewer than (\d+) gold rows": "{} groupes ou périodes ont moins de {} "
    "offres lues : leur correction s’appuie sur les autres.",
    r"gold holds (\d+) offers": "seulement {} offres lues : les intervalles ne sont pas fiables.",
    r"(\d+) months of labels lie outside those of gold": "{} mois n’ont pas d’offres lues avant "
    "ou après eux : leur correction est extrapolée.",
}


def write_cautions(cautions: Sequence[str], tables: Tables, view: View) -> list[str]:
    """Write the cautions: gaps from the tables, the usual others in French if asked for."""
    gaps = [caution for caution in cautions if _GAPS.match(caution)]
    told = list(_tell_gaps(tables, view)) if gaps else []
    others = [caution for caution in cautions if not told or caution not in gaps]
    caution = view.say("Caution: ", "Attention : ")
    lines = [caution + line for line in told]
    lines += [
        caution + line if view.words.code == "en" else _translate(line, caution) for line in others
    ]
    return list(dict.fromkeys(lines))


def _translate(caution: str, start: str) -> str:
    """Write a usual caution in French; any other stays as it is, and is said to be English."""
    for pattern, french in _FRENCH.items():
        found = re.match(pattern, caution)
        if found is not None:
            return start + french.format(*found.groups())
    return f"Attention (en anglais) : {caution}"


def _tell_gaps(tables: Tables, view: View) -> Iterator[str]:
    """Tell which periods have no offers, and how many groups lack others."""
    for stretch in (view.before, view.after):
        yield from _tell_gaps_of_all(tables["shares"], stretch, view)
    if view.group is not None:
        yield from _tell_gaps_of_groups(tables, view.group, view)


def _tell_gaps_of_all(shares: pd.DataFrame, stretch: Months, view: View) -> Iterator[str]:
    """Tell which periods of a stretch have no offers at all."""
    frequency = f"{WIDTHS[view.time]}MS"
    periods = pd.Series(pd.date_range(*stretch, freq=frequency))
    missing = periods[~periods.isin(shares[view.time])]
    if not len(missing):
        return
    named = [view.words.period(period, view.time) for period in missing[:_MOST_MONTHS]]
    which = ", ".join(named) + ("…" if len(missing) > len(named) else "")
    first, last = (view.words.month(month) for month in stretch)
    unit = {"month": "mois", "quarter": "trimestres", "semester": "semestres", "year": "années"}
    yield view.say(
        f"{len(missing)} of the {len(periods)} {view.time}s from {first} to {last} "
        f"{'has' if len(missing) == 1 else 'have'} no offers ({which}); means are those of the "
        f"others.",
        f"{len(missing)} des {len(periods)} {unit[view.time]} entre {first} et {last} "
        f"{'n’a' if len(missing) == 1 else 'n’ont'} pas d’offres ({which}) ; les moyennes sont "
        f"celles des autres.",
    )


def _tell_gaps_of_groups(tables: Tables, group: str, view: View) -> Iterator[str]:
    """Tell how many groups lack months that the whole does not."""
    columns = ["n_missing_before", "n_missing_after"]
    of_all = tables["changes"].set_index("theme")[columns].sum(axis=1)
    changes = tables[f"changes_by_{group}"]
    extra = changes[columns].sum(axis=1) - changes["theme"].map(of_all)
    lacking = extra.groupby(changes[group], sort=False).max()
    n_groups, most = len(lacking), lacking.max()
    if not most > 0:
        return
    worst = view.words.group(lacking.idxmax(), group, view.names)
    n_lacking, most = int((lacking > 0).sum()), int(most)
    yield view.say(
        f"by {view.name_group(group)}, in {n_lacking} of the {n_groups} groups other months have "
        f"no offers, up to {most} ({worst}); means are those of the others.",
        f"par {view.name_group(group)}, dans {n_lacking} des {n_groups} groupes d’autres mois "
        f"n’ont pas d’offres, jusqu’à {most} ({worst}) ; les moyennes sont celles des autres.",
    )
