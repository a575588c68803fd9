"""Shares of offers by theme and period: tables in, tables out, never a model."""

from jocas_themes.trends._shares import PERIODS, compute_shares

__all__ = ["PERIODS", "compute_shares"]
