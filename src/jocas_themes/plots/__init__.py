"""Pictures of what was computed; all but the first need matplotlib."""

from jocas_themes.plots._changes_plot import plot_changes
from jocas_themes.plots._correction_plot import plot_correction
from jocas_themes.plots._decomposition_plot import plot_decomposition
from jocas_themes.plots._errors_plot import plot_errors
from jocas_themes.plots._heatmap_plot import plot_heatmap
from jocas_themes.plots._learning_plot import plot_learning_curve
from jocas_themes.plots._map_plot import plot_map
from jocas_themes.plots._reliability_plot import plot_reliability
from jocas_themes.plots._scores_plots import plot_strata_scores, plot_theme_scores
from jocas_themes.plots._shares_svg import draw_shares_svg
from jocas_themes.plots._threshold_plot import plot_threshold_curve
from jocas_themes.plots._trend_plots import plot_trend, plot_trends
from jocas_themes.plots._volume_plot import plot_volume

__all__ = [
    "draw_shares_svg",
    "plot_changes",
    "plot_correction",
    "plot_decomposition",
    "plot_errors",
    "plot_heatmap",
    "plot_learning_curve",
    "plot_map",
    "plot_reliability",
    "plot_strata_scores",
    "plot_theme_scores",
    "plot_threshold_curve",
    "plot_trend",
    "plot_trends",
    "plot_volume",
]
