"""Pictures of what was computed; all but the first need matplotlib."""

from jocas_themes.plots._learning_plot import plot_learning_curve
from jocas_themes.plots._reliability_plot import plot_reliability
from jocas_themes.plots._scores_plots import plot_strata_scores, plot_theme_scores
from jocas_themes.plots._shares_svg import draw_shares_svg
from jocas_themes.plots._threshold_plot import plot_threshold_curve

__all__ = [
    "draw_shares_svg",
    "plot_learning_curve",
    "plot_reliability",
    "plot_strata_scores",
    "plot_theme_scores",
    "plot_threshold_curve",
]
