"""Reports: all that is known of a student, or of the trends, on one page."""

from jocas_themes.reports._report import StudentReport
from jocas_themes.reports._student import student_report
from jocas_themes.reports._trends import trends_report
from jocas_themes.reports._trends_report import TrendsReport

__all__ = ["StudentReport", "TrendsReport", "student_report", "trends_report"]
