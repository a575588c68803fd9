"""Batches: requests handed over as files, at half price, and collected another day."""

from jocas_themes.teacher.batch._batching import Batching
from jocas_themes.teacher.batch._remote import name_server

__all__ = ["Batching", "name_server"]
