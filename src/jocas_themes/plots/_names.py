"""What the tables' codes are called where people read them."""

# Scores of fewer offers are drawn, but nothing is concluded from them.
FEW_OFFERS = 30

_AVERAGES = {"all": "All themes", "micro": "All cells (micro)", "macro": "Mean of themes (macro)"}
_GROUPINGS = {
    "site_name": "Board",
    "year": "Year",
    "rome_family": "ROME family",
    "length": "Characters of the text",
}


def is_average(code: str) -> bool:
    """Tell whether a row of a table stands for several themes."""
    return code in _AVERAGES


def name_theme(code: str) -> str:
    """Write a theme's code for readers: WORK_LIFE_BALANCE is Work life balance."""
    return _AVERAGES.get(code, code.replace("_", " ").capitalize())


def name_grouping(by: str) -> str:
    """Write for readers what makes the strata."""
    return _GROUPINGS.get(by, by)
