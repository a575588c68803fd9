"""Other themes than the six: a taxonomy and a lexicon of your own.

The taxonomy is what a language model would be asked; the lexicon is a free baseline. Here the
lexicon teaches, so that the example runs offline.
"""

from sklearn.pipeline import Pipeline

from jocas_themes import (
    ConfidenceFilter,
    Lexicon,
    LexiconTeacher,
    Taxonomy,
    Theme,
    ThemeClassifier,
    load_sample_offers,
    make_offers,
)

SHIFTS = Taxonomy(
    [
        Theme(
            code="NIGHT_WORK",
            name_fr="Travail de nuit",
            name_en="Night work",
            definition="work at night, regular or occasional",
            not_enough="a permanent service that others provide at night",
            examples=["poste de nuit, 21 h - 5 h"],
        ),
        Theme(
            code="WEEKEND_WORK",
            name_fr="Travail le week-end",
            name_en="Weekend work",
            definition="work on Saturdays or Sundays, regular or occasional",
            examples=["un samedi sur quatre"],
        ),
    ],
    title="Working hours in job offers",
)

# Patterns are written on folded text: lower case, no accents.
LEXICON = Lexicon.from_toml(
    r"""
    [NIGHT_WORK]
    confidence_present = 70
    confidence_absent = 60
    present = ['de nuit', 'la nuit', 'nuits?', '3 ?x ?8']

    [WEEKEND_WORK]
    confidence_present = 70
    confidence_absent = 60
    present = ['week-?ends?', 'samedis?', 'dimanches?']
    """
)

distil = Pipeline(
    [
        ("teacher", LexiconTeacher(LEXICON, taxonomy=SHIFTS)),
        ("filter", ConfidenceFilter(threshold=60)),
        ("student", ThemeClassifier()),
    ]
)
distil.fit(load_sample_offers())

new = make_offers(1_000, random_state=0)
shares = distil.predict(new).mean(axis=0)
for theme, share in zip(SHIFTS, shares, strict=True):
    print(f"{theme.name_en:<14} {share:.0%} of {len(new)} made-up offers")
