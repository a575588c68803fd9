"""The six HR themes of the codebook, read from the file that ships with the package."""

from importlib.resources import files

from jocas_themes.taxonomy._taxonomy import Taxonomy

HR_THEMES = Taxonomy.from_toml(
    files("jocas_themes.taxonomy").joinpath("hr_themes.toml").read_text(encoding="utf-8")
)
