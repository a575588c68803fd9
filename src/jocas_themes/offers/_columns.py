"""The JOCAS columns: their names, and which of them hold text, dates, figures or codes.

All are optional, the schema drifts from file to file, and nearly all arrive as strings.
"""

ID_COLUMNS = ("offer_id", "ID_JOCAS")
TITLE_COLUMN = "job_title"
DESCRIPTION_COLUMN = "description_full"
# Read in this order when the full description is missing.
DESCRIPTION_PARTS = ("description_entreprise", "description_job", "description_profil")
TEXT_COLUMNS: tuple[str, ...] = (TITLE_COLUMN, DESCRIPTION_COLUMN, *DESCRIPTION_PARTS)

# First of these with a value gives the offer's date.
DATE_COLUMNS = ("date_firstSeenDay", "date_sitePublicationDay", "date_lastSeenDay")

NUMERIC_COLUMNS = (
    "contractDuration_min",
    "contractDuration_max",
    "workTime_hours",
    "salary_min",
    "salary_max",
    "salary_hourly_mean",
    "salary_hourly_min",
    "salary_hourly_max",
    "experience_min",
    "experience_max",
)

# Codes that spreadsheets turn into floats: 1.0 is département "01".
CODE_WIDTHS = {
    "location_departement": 2,
    "location_zipcode": 5,
    "entreprise_siren": 9,
    "entrepriseSecteur_NAF88": 2,
}

# Every column that the base documents, in its order.
JOCAS_COLUMNS: tuple[str, ...] = (
    "ID_JOCAS",
    "url",
    "site_name",
    "date_firstSeenDay",
    "date_lastSeenDay",
    "date_sitePublicationDay",
    "MATCH_dedup",
    "MATCH_dedup_ID",
    "job_title",
    "job_ROME_code",
    "contractType",
    "contractDuration_min",
    "contractDuration_max",
    "contractDuration_period",
    "contractDuration_value",
    "workTime_hours",
    "workTime_category",
    "workTime_value",
    "description_job",
    "description_profil",
    "description_entreprise",
    "description_full",
    "location_label",
    "location_zipcode",
    "location_departement",
    "location_country",
    "salary_min",
    "salary_max",
    "salary_period",
    "salary_value",
    "salary_hourly_mean",
    "salary_hourly_min",
    "salary_hourly_max",
    "entreprise_nom",
    "entreprise_siren",
    "entrepriseSecteur_NAF88",
    "entrepriseSecteur_NAF21",
    "teleworking_accepted",
    "teleworking_type",
    "teleworking_mentioned",
    "experience_min",
    "experience_max",
    "education_level",
    "education_field",
)

# How an absent value is written in JOCAS files, all years together.
MISSING_STRINGS = frozenset({"", "nan", "NaN", "NAN", "None", "null", "NULL", "<NA>", "NaT"})
