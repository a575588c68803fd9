"""Made offers of many boards and years, with near-duplicates planted among them."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import strip_accents_unicode

from mixing import cut_offer

EDITS = ("exact", "frame", "city", "moved", "cut", "all of it", "rewritten")
SHARE_PLANTED = 0.2
SHARE_LATE = 0.3
WINDOW_DAYS = 60
_CUT_AT = 3_000  # characters, as some boards do
_KEPT, _LENT = 0.6, 0.4  # of the sentences of one offer and of another
_FIRST_DAY, _N_DAYS = np.datetime64("2019-01-01"), 6 * 365
_BOARDS = [f"board_{number}" for number in range(8)]
_CITIES = ["Lyon", "Nantes", "Lille", "Rennes", "Toulouse", "Strasbourg", "Dijon", "Le Havre"]
_HEADER = "Offre n° {number} publiée par notre partenaire, référence {number}."
_FOOTER = (
    "Postulez en ligne en quelques clics sur notre site, votre candidature sera étudiée avec "
    "attention par le recruteur. Annonce {number} diffusée sur {board}."
)
_WORD = re.compile(r"\w+")


def plant_offers(
    texts: Sequence[str], n_offers: int, *, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make offers from the sentences of real ones, and edited copies of some of them.

    Parameters
    ----------
    texts : sequence of str
        The real offers, title first.
    n_offers : int
        How many offers to make, copies included.
    random_state : int, default=0
        Seed of all draws.

    Returns
    -------
    offers : DataFrame of shape (n_offers, 4)
        ``offer_id``, ``text``, ``site_name``, ``date_firstSeenDay``, in random order.
    pairs : DataFrame of shape (n_copies, 4)
        ``offer_id`` of the original, ``copy_id``, ``edit`` and ``days`` between them.
    """
    rng = np.random.default_rng(random_state)
    n_copies = round(SHARE_PLANTED * n_offers)
    made = _mix(texts, n_offers - n_copies, rng)
    originals = rng.choice(len(made), size=n_copies, replace=False)
    edits = rng.choice(EDITS, size=n_copies)
    gaps = np.where(
        rng.random(n_copies) < SHARE_LATE,
        rng.integers(WINDOW_DAYS + 1, 400, size=n_copies),
        rng.integers(WINDOW_DAYS + 1, size=n_copies),
    )
    copies = [_edit(made[i], edit, rng) for i, edit in zip(originals, edits, strict=True)]
    days = _FIRST_DAY + rng.integers(_N_DAYS, size=len(made))
    boards = rng.integers(len(_BOARDS), size=len(made))
    others = (boards[originals] + rng.integers(1, len(_BOARDS), size=n_copies)) % len(_BOARDS)
    ids = [f"o{number}" for number in range(n_offers)]
    offers = pd.DataFrame(
        {
            "offer_id": ids,
            "text": made + copies,
            "site_name": [_BOARDS[board] for board in (*boards, *others)],
            "date_firstSeenDay": np.append(days, days[originals] + gaps).astype(str),
        }
    )
    pairs = {"offer_id": originals, "copy_id": ids[len(made) :], "edit": edits, "days": gaps}
    pairs["offer_id"] = [ids[i] for i in originals]
    return offers.sample(frac=1, random_state=rng, ignore_index=True), pd.DataFrame(pairs)


def compute_jaccard(left: str, right: str) -> float:
    """Compare two texts as sets of three words, in plain Python.

    >>> compute_jaccard("a b c d e f", "A, b - c d é g")
    0.6
    """
    one, other = _list_shingles(left), _list_shingles(right)
    return len(one & other) / len(one | other) if one and other else 0.0


def _list_shingles(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(strip_accents_unicode(text.casefold().replace("œ", "oe")))
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()


def _mix(texts: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Mix the sentences of two offers, under the title of the first, with a place to work."""
    cut = [[piece.strip() for piece, _ in cut_offer(text, [])] for text in texts]
    mixed = []
    for base, donor in rng.integers(len(cut), size=(n, 2)):
        title, *others = cut[base]
        kept = [piece for piece in others if rng.random() < _KEPT]
        lent = [piece for piece in cut[donor] if rng.random() < _LENT]
        mixed.append("\n".join([title, f"Poste basé à {rng.choice(_CITIES)}.", *kept, *lent]))
    return mixed


def _edit(text: str, edit: str, rng: np.random.Generator) -> str:
    """Edit a text as another board would."""
    if edit == "all of it":
        for one in ("city", "moved", "frame", "cut"):
            text = _SIMPLE_EDITS[one](text, rng)
        return text
    return _SIMPLE_EDITS[edit](text, rng)


def _frame(text: str, rng: np.random.Generator) -> str:
    number, board = rng.integers(10**6), rng.choice(_BOARDS)
    header, footer = _HEADER.format(number=number), _FOOTER.format(number=number, board=board)
    return f"{header}\n{text}\n{footer}"


def _change_city(text: str, rng: np.random.Generator) -> str:
    return re.sub(r"Poste basé à .+?\.", f"Poste basé à {rng.choice(_CITIES)} (centre).", text)


def _move_line(text: str, rng: np.random.Generator) -> str:
    lines = text.split("\n")
    line = lines.pop(rng.integers(len(lines)))
    lines.insert(int(rng.integers(len(lines) + 1)), line)
    return "\n".join(lines)


def _rewrite(text: str, rng: np.random.Generator) -> str:
    """Put new words in place of up to an eighth of them: similar offers, on either side of 0.8."""
    words = text.split(" ")
    for place in rng.integers(len(words), size=int(rng.integers(len(words) // 8 + 1))):
        words[place] = f"nouveau{rng.integers(1_000)}"
    return " ".join(words)


_SIMPLE_EDITS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "exact": lambda text, rng: text,  # noqa: ARG005
    "frame": _frame,
    "city": _change_city,
    "moved": _move_line,
    "cut": lambda text, rng: text[:_CUT_AT],  # noqa: ARG005
    "rewritten": _rewrite,
}
