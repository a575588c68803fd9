"""Finding the name of a person after a civility, such as Mme or Dr."""

import re
import unicodedata
from collections.abc import Iterator

# Letters of the Latin alphabets: Python's expressions have no class of capitals.
_UPPER = "".join(chr(code) for code in range(0x250) if chr(code).isupper())
_LOWER = "".join(chr(code) for code in range(0x250) if chr(code).islower()) + "\u0300-\u036f"
_GAP = r"[ \t\xa0\u202f]{1,3}"

_CIVILITY = re.compile(
    rf"""
    [MmDdPp]                             # first, so that the search leaps from one to the next
    (?<![^\W\d_].) (?<![{_UPPER}]\..)
    (?: (?P<several> (?<=M)(?: M\. | mes | lles ) | (?<=[Mm])(?i:essieurs|esdames) )
        | (?<=M)(?: \. | (?:r|R|rs|me|ME|lle|LLE)\.? ) | (?<=[DP])r\.?
        | (?<=[Mm])(?i:onsieur|adame|ademoiselle)
        | (?P<doubtful> (?<=[Mm])(?i:a[îi]tre) | (?<=[Dd])(?i:octeur) | (?<=[Pp])(?i:rofesseur)
            | (?<=M)(?:e\.?)? )
    )
    (?: {_GAP} | (?<=\.)(?=[{_UPPER}](?:[{_LOWER}]|[{_UPPER}])) )
    """,
    re.VERBOSE,
)
# "Docteur Data Science H/F" is a post: these civilities count only where a person is meant.
_PERSON_MEANT = re.compile(
    rf"""
    (?: \b(?: le | du | au | chez | par | contacter | joindre | à[ ]l['’]attention[ ]d[eu]
        | auprès[ ]d[eu] | adresser[ ]à | (?:cabinet|étude|office)(?:[ ]d[eu])?
        | monsieur | madame | mme | m\. )
        | \bcontact[ ]?: )
    {_GAP} $
    """,
    re.VERBOSE | re.IGNORECASE,
)
# "Dupont", "LeBlanc", "DUPONT" (also glued to the next word: "DUPONTCadre"), "J.-P.", "A".
_WORD = (
    rf"(?: [{_UPPER}]\.(?:-?[{_UPPER}]\.)*"
    rf"| (?:Ma?c|D[eui]|L[ea]|Fitz)?[{_UPPER}][{_LOWER}]+"
    rf"| [{_UPPER}][{_UPPER}\u0300-\u036f]*(?![{_LOWER}]) )"
)
_PART = rf"{_WORD}(?:[\-'’]{_WORD})*"
_PARTICLE = (
    rf"(?:(?:de(?:{_GAP}l[ae])?|du|des|d[aio]s?|del|della|van|von|der|den|ter|ten|el|al|ben|bin)"
    rf"{_GAP}|(?:de{_GAP})?[dl]['’])"
)
_NAME = re.compile(
    rf"{_PARTICLE}{{0,2}}{_PART}(?:(?:{_GAP}|(?<=\.)){_PARTICLE}{{0,2}}{_PART}){{0,4}}",
    re.VERBOSE,
)
_PARTS = re.compile(_PART, re.VERBOSE)
_LINK = re.compile(rf"(?:,|{_GAP}(?:et|ou)){_GAP}(?!M\.)", re.VERBOSE)
# "M. Concevoir des tableaux": a verb with its object, after the name of a language.
_OBJECT = re.compile(r" (?:des|les|une?|nos|vos)\b")

_ARTICLES = frozenset({"le", "la", "de", "du", "des", "d", "l", "van", "von", "der", "ben", "el"})
# What follows a civility, or a name, without being one: how functions begin, then whole words.
_FUNCTIONS = """
    adjoint administrat assistant attachee commissaire commission conseiller consultan coordinat
    coordonnat delegue departement direct docteur gerant gestionnaire ingenieur inspect institut
    madame mademoiselle manager monsieur ministre mission prefet presiden principal professeur
    proviseur recrut recteur referent region responsab ressource secretaire service technicien
    vice-
"""
_STARTS = tuple(_FUNCTIONS.split())
_WORDS = """
    agence agglomeration association attache au aux avec avenue bp boulevard ca cabinet cadre
    candidature candidatures cc cdd cdi ce cedex ces cette charge chargee chef cheffe chez commune
    communaute contact contrat courriel cse cv dans date ddrh dg dga dgs dr drh elle email en et
    etudes fax groupe hf ici il ils je les lieu lm mail maire mairie mais me merci mlle mme mr nos
    notre nous offre ou par parc place port portable poste pour pr profil qui raf rh route rue sa
    salaire sarl sas sc se sera si siret site societe sous sur tel tele telephone un une veuillez
    via ville votre vos vous x xx xxx
    agrege artisan barman chien cloud data devops documentaliste hotel intelligence junior
    nageur oeuvre ouvrage patissier restaurateur senior veterinaire
    bricolage coq cuisine figaro martens meuble minit oetker propre store up
"""
_NO_NAMES = frozenset(_WORDS.split())


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Find the names that follow a civility, which is no part of them.

    Parameters
    ----------
    text : str
        A text of any length and content.

    Yields
    ------
    tuple of int
        Start and end of a name, in order.

    Examples
    --------
    >>> text = "Monsieur le Maire, MM. de La Tour et DUPONT, Pr J.-P. Martin, M. ou Mme"
    >>> [text[start:end] for start, end in find_names(text)]
    ['de La Tour', 'DUPONT', 'J.-P. Martin']
    """
    done = 0
    for civility in _CIVILITY.finditer(text):
        start = civility.start()
        if start < done or (
            civility["doubtful"] is not None
            and not _PERSON_MEANT.search(text, max(start - 40, 0), start)
        ):
            continue
        link: re.Match[str] | None = civility
        while link and (name := _find_name(text, link.end())):
            yield name
            done = name[1]
            link = _LINK.match(text, done) if civility["several"] else None


def _find_name(text: str, place: int) -> tuple[int, int] | None:
    """Return the span of the name that starts at a place, without what follows it."""
    match = _NAME.match(text, place)
    if match is None:
        return None
    end, kinds = None, ""
    for part in _PARTS.finditer(text, *match.span()):
        word = _fold(part[0])
        if _is_no_name(word):
            break
        if word in _ARTICLES:
            continue
        kind = (
            "i" if len(word.rstrip(".")) == 1 or "." in word else "C" if part[0].isupper() else "c"
        )
        if "cC" in kinds and kind != "C":  # "Anne DUPONT Directrice"
            break
        kinds += kind
        if kind != "i":
            end = part.end()
    if end is None or (kinds == "c" and _OBJECT.match(text, end)):
        return None
    return place, end


def _fold(word: str) -> str:
    """Write a word without case and accents."""
    decomposed = unicodedata.normalize("NFD", word.replace("’", "'"))
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark)).casefold()


def _is_no_name(word: str) -> bool:
    """Tell whether a folded word stands where a name could, and is none."""
    word = word.removeprefix("l'").removeprefix("d'").removesuffix(".")
    return word in _NO_NAMES or word.startswith(_STARTS)
