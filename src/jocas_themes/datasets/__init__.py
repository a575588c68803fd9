"""Fictitious offers for trials: a sample with recorded LLM answers, and any number made of it."""

from jocas_themes.datasets._make import make_offers
from jocas_themes.datasets._recorded import fill_sample_store
from jocas_themes.datasets._sample import load_sample_annotations, load_sample_offers

__all__ = ["fill_sample_store", "load_sample_annotations", "load_sample_offers", "make_offers"]
