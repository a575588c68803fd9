from jocas_themes.taxonomy import HR_THEMES


def test_the_six_themes_of_the_codebook_in_its_order() -> None:
    assert {theme.code: theme.name_fr for theme in HR_THEMES} == {
        "DIVERSITY": "Diversité",
        "COMPENSATION_BENEFITS": "Rémunération / Avantages",
        "CAREER_OPPORTUNITIES": "Opportunités professionnelles",
        "COMPANY_CULTURE": "Culture / Valeurs d'entreprise",
        "LEADERSHIP_MANAGEMENT": "Leadership / Management",
        "WORK_LIFE_BALANCE": "Équilibre vie pro – vie perso",
    }
    assert HR_THEMES.codes == tuple(theme.code for theme in HR_THEMES)


def test_every_theme_says_what_is_not_enough_and_shows_examples() -> None:
    assert all(theme.not_enough and theme.examples for theme in HR_THEMES)
