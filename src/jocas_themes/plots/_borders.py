"""The borders of the régions, as they are drawn: metropolitan France, and five boxes beside it."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_KM = 111.32  # a degree of latitude
_CENTER = 2.5, 46.5
# The boxes of what lies overseas, in a column left of Brittany, from top to bottom; in km.
OVERSEAS = ("01", "02", "03", "04", "06")
BOX_LEFT, BOX_WIDTH, BOX_HEIGHT, BOX_STEP, BOX_TOP = -850.0, 240.0, 200.0, 212.0, 510.0
_SHAPE = 108.0


@dataclass(frozen=True, eq=False)
class Region:
    """A région as it is drawn.

    Parameters
    ----------
    code : str
        Its INSEE code.
    rings : tuple of ndarray of shape (n_points, 2)
        Its coasts and borders, in kilometres of the map; what lies overseas is scaled to its box.
    place : tuple of float
        Where its value is written.
    """

    code: str
    rings: tuple[Array, ...]
    place: tuple[float, float]


@cache
def load_regions() -> dict[str, Region]:
    """Load all régions by their INSEE codes."""
    path = files("jocas_themes.plots") / "borders" / "regions.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    regions = {}
    for feature in features:
        code = feature["properties"]["code"]
        rings = [np.array(ring, dtype=np.float64) for (ring,) in feature["geometry"]["coordinates"]]
        label = np.array([feature["properties"]["label"]], dtype=np.float64)
        if code in OVERSEAS:
            regions[code] = _draw_in_box(code, rings)
        else:
            place = _project(label, _CENTER)[0]
            drawn = tuple(_project(ring, _CENTER) for ring in rings)
            regions[code] = Region(code, drawn, (float(place[0]), float(place[1])))
    return regions


def find_box(code: str) -> tuple[float, float]:
    """Find the left and the top of the box of a région overseas."""
    return BOX_LEFT, BOX_TOP - OVERSEAS.index(code) * BOX_STEP


def _project(points: Array, center: tuple[float, float]) -> Array:
    """Project longitudes and latitudes: equirectangular, true to scale at the centre's latitude."""
    stretch = np.array([_KM * np.cos(np.radians(center[1])), _KM])
    drawn: Array = (points - np.array(center)) * stretch
    return drawn


def _draw_in_box(code: str, rings: list[Array]) -> Region:
    """Scale a région to the middle of its box, its value written below."""
    points = np.concatenate(rings)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    drawn = [_project(ring, (float(middle[0]), float(middle[1]))) for ring in rings]
    scale = _SHAPE / np.ptp(np.concatenate(drawn), axis=0).max()
    left, top = find_box(code)
    center = np.array([left + BOX_WIDTH / 2, top - BOX_HEIGHT * 0.5])
    placed = tuple(ring * scale + center for ring in drawn)
    return Region(code, placed, (float(center[0]), top - BOX_HEIGHT * 0.88))
