"""Shares of offers by theme and period: tables in, tables out, never a model."""

from jocas_themes.trends._shares import compute_shares

__all__ = ["compute_shares"]
