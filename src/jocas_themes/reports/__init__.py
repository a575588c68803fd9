"""Reports: all that is known of a student, on one page."""

from jocas_themes.reports._report import StudentReport
from jocas_themes.reports._student import student_report

__all__ = ["StudentReport", "student_report"]
