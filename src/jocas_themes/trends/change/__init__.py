"""What changed, how surely, and in which words one may say so."""

from jocas_themes.trends.change._break import test_break
from jocas_themes.trends.change._comparison import compare_periods
from jocas_themes.trends.change._multiplicity import adjust_p_values
from jocas_themes.trends.change._panel import fit_panel
from jocas_themes.trends.change._wording import describe_change

__all__ = ["adjust_p_values", "compare_periods", "describe_change", "fit_panel", "test_break"]
