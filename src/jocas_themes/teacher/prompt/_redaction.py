"""Finding what tells who a person is: e-mails, phone numbers, names after a civility."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from jocas_themes.teacher.prompt._names import find_names

Span = tuple[int, int]

_PLACEHOLDER = re.compile(r"\[(?:e-mail|téléphone|nom)\]")
# Stands for each character of what was found: no pattern matches it.
_MASK = "\0"
# What is found may uncover more, once; a text that goes on like that is an attack.
_MAX_PASSES = 5

# A run of letters is taken whole, e-mail or not: time stays in proportion to the text.
_LOCAL = r"(?P<local>(?:[\w.+\-]|%(?!40)[0-9A-Fa-f]{2})++)"
_EMAIL = re.compile(
    rf"""
    {_LOCAL}
    (?:
        (?P<at>\s{{0,2}}[@＠﹫]\s{{0,2}}|%40)
        [\w\-]+(?:-\s[\w\-]+)?                            # "groupe- alternance.com"
        (?:
            (?:\.[a-z\d\-]+)*\.(?:[a-z]{{2,24}}|Fr|Com)   # a text may go on: ".frDans"
            | (?:\.[A-Z\d\-]+)*\.[A-Z]{{2,24}}(?![a-z])
            | [ ]\.[ ]?[a-z]{{2,6}}(?!\w)                 # "orange . fr"
        )
    )?
    """,
    re.VERBOSE,
)
# Written so that machines do not see it: "nom [at] orange (point) fr".
_HIDDEN_EMAIL = re.compile(
    rf"""
    {_LOCAL}
    (?P<at>
        (?: [ ]?[\[({{<][ ]?(?:at?|à|@|arob\w*)[ ]?[\])}}>][ ]? | [ ](?:at|arobase)[ ] )
        (?:
            [\w\-]++
            (?: \. | [ ]?[\[({{][ ]?(?:dot|point|\.)[ ]?[\])}}][ ]? | [ ](?:dot|point)[ ] )
        ){{1,3}}
        (?:fr|com|net|org|eu|io|be|ch|de|lu|ca|info|bzh|pro|paris|re|nc)(?!\w)
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What neither can do without; most offers have none of it, and are read no further.
_EMAIL_HINT = re.compile(r"[@＠﹫]|%40")
_HIDDEN_EMAIL_HINT = re.compile(r"[\[({<] ?(?:[aA][tT]?|à|@|(?i:arob)\w*) ?[\])}>]")
_HIDDEN_EMAIL_WORDS = (" arobase ", " AROBASE ", " dot ", " DOT ")

_SEPARATORS = r"[ \t\xa0\u2007\u2009\u202f./·\u2010\u2011–\-]{0,3}"
_PHONE = re.compile(
    rf"""
    [0(+]                                # first, so that the search leaps from one to the next
    (?<!\d.) (?<![^\W\d_][_\-].)         # not the end of a reference, "DEF_06-..."
    (?:
        (?P<french> (?: (?<=\()0[1-9]\) | (?: (?<=0) | (?<=\()0\) ){_SEPARATORS}[1-9] )
            (?:{_SEPARATORS}\d){{8}} )
        | (?: (?<=\()(?:\+|00)33\) | (?: (?<=\+)[ ]? | (?<=0)0[ .]? )33 ) {_SEPARATORS}
            (?:\(0\)|0)? {_SEPARATORS} [1-9] (?:{_SEPARATORS}\d){{8}}
        | (?P<abroad> (?: (?<=\+) | (?<=0)0[ .]? )[1-9] (?:[ \xa0\u202f.()\-]{{0,3}}\d){{8,13}} )
    )
    (?!\d)
    """,
    re.VERBOSE,
)
# How the digits of a French number are grouped; a date or a range of years is grouped otherwise.
_PAIRS = (2, 2, 2, 2, 2)
_GROUPS = frozenset(
    {_PAIRS, (2, 8), (4, 3, 3), (4, 2, 2, 2), (4, 6), (1, 3, 3, 3), (1, 9), (2, 2, 3, 3)}
    | {(2, 4, 4), (2, 3, 3, 2), (3, 3, 4), (4, 4, 2), (1, 1, 2, 2, 2, 2), (1, 1, 8)}
)
# Figures that are a phone number only where the text says so.
_FIGURES = re.compile(
    rf"""
    \d (?<!\d\d)
    (?: (?:{_SEPARATORS}\d){{7,14}}
        | (?P<short> (?<=3)\d[ ]?\d\d | (?<=1)0\d\d | (?<=1)1[68][ ]?\d{{3}} )
    )
    (?!\d|[.,]\d|[ \xa0]?(?:[€%]|h\b|k|eur|heures?\b|appels?\b|clients?\b))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_INTRODUCTION = re.compile(
    r"""
    (?<![^\W\d_]) (?: t[ée]l(?:[ée]ph(?:one[rz]?)?)? | fax | appel(?:er|ez)? | compose[rz] | joindre
        | joignable | num[ée]ro[ ](?:vert|gratuit|unique|court) | phone | mobile | portable | port
        | standard | whatsapp )\b
    (?P<link>
        (?: [ \xa0.:]++ | (?:au|le|sur|n°|num[ée]ro|vert|gratuit|unique|d[ui])(?!\w) ){0,6}
    ) $
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DATES = frozenset({(2, 2, 4), (4, 2, 2), (4, 4)})
_DIGITS = re.compile(r"\d+")

# The path of a profile is most often its owner's name.
_PROFILE = re.compile(r"linkedin\.com/in/(?P<name>[\w%\-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A span that tells who a person is, and what is to stand in its place."""

    start: int
    end: int
    placeholder: str


def find_personal_data(text: str) -> list[Finding]:
    """Find the e-mails, the phone numbers and the names after a civility of a text.

    Parameters
    ----------
    text : str
        An offer's text, of any length and content.

    Returns
    -------
    list of Finding
        In order, without overlap. A text that has every finding replaced by its placeholder
        has none any more.

    Notes
    -----
    Found are e-mails (also ``nom [at] orange . fr``), French phone numbers in all spellings,
    international ones after ``+`` or ``00``, short ones (``3949``) that the text introduces, names
    after M., Mme, Dr, Maître and the like, and the names in addresses of LinkedIn profiles. A
    name without a civility is not found: a capital alone does not tell a person from a town or
    a firm. Time is in proportion to the text, whatever it holds.

    Examples
    --------
    >>> text = "Écrivez à Mme Anne Le Goff (a.legoff@exemple.fr, 06.12.34.56.78)."
    >>> [text[found.start : found.end] for found in find_personal_data(text)]
    ['Anne Le Goff', 'a.legoff@exemple.fr', '06.12.34.56.78']
    """
    # What was found is masked and not cut out: positions stay those of the text.
    work = _mask(text, (match.span() for match in _PLACEHOLDER.finditer(text)))
    findings: list[Finding] = []
    for _ in range(_MAX_PASSES):
        n_known = len(findings)
        for find, placeholder in _KINDS:
            spans = list(find(work))
            findings += [Finding(start, end, placeholder) for start, end in spans]
            work = _mask(work, spans)
        if len(findings) == n_known:
            break
    return sorted(findings, key=lambda found: found.start)


def _mask(text: str, spans: Iterable[Span]) -> str:
    """Put masks in the place of spans, which are in order."""
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += (text[position:start], _MASK * (end - start))
        position = end
    return "".join((*pieces, text[position:])) if pieces else text


def _find_emails(text: str) -> Iterator[Span]:
    if not _EMAIL_HINT.search(text):
        return
    for match in _EMAIL.finditer(text):
        # "Data Scientist @ Exemple.com" names an employer.
        if match["at"] and not (match["at"] != match["at"].strip() and match["local"].istitle()):
            yield match.span()


def _find_hidden_emails(text: str) -> Iterator[Span]:
    if _HIDDEN_EMAIL_HINT.search(text) or any(word in text for word in _HIDDEN_EMAIL_WORDS):
        yield from (match.span() for match in _HIDDEN_EMAIL.finditer(text) if match["at"])


def _find_profiles(text: str) -> Iterator[Span]:
    return (match.span("name") for match in _PROFILE.finditer(text))


def _find_phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        if match["french"]:
            wanted = _is_french(text, *match.span())
        else:
            wanted = not match["abroad"] or _is_abroad(match["abroad"])
        if wanted:
            yield match.span()


def _find_introduced_phones(text: str) -> Iterator[Span]:
    for match in _FIGURES.finditer(text):
        start = match.start()
        if not match["short"] and _group(match[0]) in _DATES:
            continue
        introduction = _INTRODUCTION.search(text, max(start - 40, 0), start)
        # "appeler 3000 clients" introduces no number, "appeler le 3949" does.
        if introduction and (introduction["link"].strip() or not match["short"]):
            yield match.span()


def _is_french(text: str, start: int, end: int) -> bool:
    """Tell a phone number from a date, a reference or a list of numbers."""
    groups = _group(text[start:end])
    if groups == (10,):  # part of a word, or of an address, when glued to it
        before, after = text[max(start - 2, 0) : start], text[end : end + 1]
        return not (re.search(r"[^\W\d][/=]?$", before) or after.islower() or after == "_")
    marks = {mark.strip() for mark in _DIGITS.split(text[start:end])[1:-1]}
    if groups not in _GROUPS or ("/" in marks and (groups != _PAIRS or len(marks) > 1)):
        return False
    # "07/26/38/42/43/69" goes on where a phone number ends.
    mark = marks.pop() if len(marks) == 1 else ""
    return not (mark and _goes_on(text, start, end, mark))


def _goes_on(text: str, start: int, end: int, mark: str) -> bool:
    before, after = text[max(start - 4, 0) : start].rstrip(), text[end : end + 4].lstrip()
    return (after.startswith(mark) and after[len(mark) :].lstrip()[:1].isdigit()) or (
        before.endswith(mark) and before[: -len(mark)].rstrip()[-1:].isdigit()
    )


def _is_abroad(number: str) -> bool:
    """Tell a phone number from a sum: "+1 500 000 000"."""
    groups = _group(number)
    return sum(groups) > 10 or len(groups) == 1 or set(groups[1:]) != {3}


def _group(number: str) -> tuple[int, ...]:
    """Count the digits of each group."""
    return tuple(len(digits) for digits in _DIGITS.findall(number))


_KINDS: tuple[tuple[Callable[[str], Iterable[Span]], str], ...] = (
    (_find_emails, "[e-mail]"),
    (_find_hidden_emails, "[e-mail]"),
    (_find_phones, "[téléphone]"),
    (_find_introduced_phones, "[téléphone]"),
    (find_names, "[nom]"),
    (_find_profiles, "[nom]"),
)
