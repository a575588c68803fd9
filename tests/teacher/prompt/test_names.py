"""A name after a civility is found whole; what is no name is left alone."""

import pytest

from jocas_themes.teacher.prompt._names import find_names


def _find(text):
    return [text[start:end] for start, end in find_names(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("M. Dupont", "Dupont"),
        ("M.Dupont", "Dupont"),
        ("M.DUPONT", "DUPONT"),
        ("Mr Dupont", "Dupont"),
        ("Mr. Dupont", "Dupont"),
        ("MR DUPONT", "DUPONT"),
        ("Mrs. Smith", "Smith"),
        ("Mme Dupont", "Dupont"),
        ("Mme. Dupont", "Dupont"),
        ("MME DUPONT", "DUPONT"),
        ("Mlle Dupont", "Dupont"),
        ("Monsieur Dupont", "Dupont"),
        ("madame Dupont", "Dupont"),
        ("MADEMOISELLE DUPONT", "DUPONT"),
        ("Dr House", "House"),
        ("Dr. S. Saunier", "S. Saunier"),
        ("Pr Élie Ôta", "Élie Ôta"),
        ("au Docteur Martin", "Martin"),
        ("cabinet du docteur Martin", "Martin"),
        ("étude de Me Durand", "Durand"),
        ("à l'attention de Maître Anne Durand", "Anne Durand"),
        ("contacter M DUPONT", "DUPONT"),
        ("Monsieur le Professeur Dupont", None),  # a post, and a name after it
        ("Mme\xa0Dupont", "Dupont"),
        ("Mme Anne-Marie Le Goff", "Anne-Marie Le Goff"),
        ("M. Jean-Pierre VAN DER MEER", "Jean-Pierre VAN DER MEER"),
        ("M. de La Tour", "de La Tour"),
        ("M. d'Artagnan", "d'Artagnan"),
        ("M. Charles de Gaulle", "Charles de Gaulle"),
        ("Mme van den Berg", "van den Berg"),
        ("Mlle O'Brien", "O'Brien"),
        ("Mlle O’Brien", "O’Brien"),
        ("M. McDonald", "McDonald"),
        ("M. J.-P. Martin", "J.-P. Martin"),
        ("M. J.P. Martin", "J.P. Martin"),
        ("Dr A Ego", "A Ego"),
        ("Mme DEPRET-MOSSER", "DEPRET-MOSSER"),
        ("Dr THEVENET Vincent", "THEVENET Vincent"),
        ("M. E\u0301lie Noe\u0308l", "E\u0301lie Noe\u0308l"),  # accents apart from their letter
        ("M. Łukasz Šimić", "Łukasz Šimić"),
    ],
)
def test_names_in_all_spellings(text, name):
    for before, after in (("", ""), ("Écrire à (", ")."), ("- ", "\nLieu : Lyon"), ("et ", ", RH")):
        assert _find(f"{before}{text}{after}") == ([name] if name else ["Dupont"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mme Anne DUPONT Directrice de l'agence", "Anne DUPONT"),
        ("Mme Dupont Responsable RH", "Dupont"),
        ("M. Dupont. Vous serez", "Dupont"),
        ("M. Dupont Vous serez", "Dupont"),
        ("M. Dupont Le poste est à pourvoir", "Dupont"),
        ("M. Dupont A pourvoir", "Dupont"),
        ("M. Dupont au 06", "Dupont"),
        ("MADAME DUPONT POUR POSTULER", "DUPONT"),
        # What line breaks leave when they are lost.
        ("Mme LE MEURCadre de santé", "LE MEUR"),
        ("Pr GARABEDIANSage-femme", "GARABEDIAN"),
    ],
)
def test_the_name_ends_where_something_else_begins(text, name):
    assert _find(text) == [name]


def test_several_persons():
    assert _find("MM. Durand, Petit et de La Tour, M. Roux et Mme Bo") == [
        "Durand",
        "Petit",
        "de La Tour",
        "Roux",
        "Bo",
    ]
    assert _find("Mesdames DURAND et PETIT") == ["DURAND", "PETIT"]
    # One person, and a place.
    assert _find("M. Durand, Lyon") == ["Durand"]


@pytest.mark.parametrize(
    "text",
    [
        "Développeur M/F",
        "Vendeur (H/F/X)",
        "Madame, Monsieur,",
        "MADAME, MONSIEUR",
        "M. ou Mme",
        "M./Mme le Directeur",
        "Monsieur le Directeur des ressources humaines",
        "Monsieur Le Maire",
        "MONSIEUR LE PRÉSIDENT DE LA COMMUNAUTÉ",
        "M. Le Président",
        "Madame la Vice-Présidente",
        "Monsieur L'Inspecteur",
        "Mme la Directrice Générale",
        "Mesdames, osez nous rejoindre",
        "les langages DAX et M.\nVous savez",
        "Power Query, DAX, M. Concevoir des tableaux de bord",
        "les langages R et M Query",
        "Docteur R&D - Data Scientist",
        "POSTE : Docteur Intelligence Artificielle H/F",
        "un(e) Docteur Data Engineer",
        "DOCTEUR EN PHARMACIE H/F",
        "1 Dr Junior",
        "Maître d'hôtel",
        "Maître Nageur Sauveteur",
        "Maître de conférences",
        "un Professeur Documentaliste",
        "le collectif Tech'Me UP",
        "Tech Me Up",
        "Contact Me Now",
        "Mr. Bricolage",
        "nos marques : Le Gaulois, Maître Coq",
        "diplôme M.Sc ou Ph.D",
        "un budget de 10 M. Vous",
        "M.A.S. Les Tilleuls",
        "SAM. DIMANCHE",
        "programme Mmes",
        "",
    ],
)
def test_what_is_no_name(text):
    assert _find(text) == []
