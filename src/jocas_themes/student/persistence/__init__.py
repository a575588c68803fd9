"""A fitted student as a folder of plain files, and its model card: no pickle anywhere."""

from jocas_themes.student.persistence._card import model_card
from jocas_themes.student.persistence._load import load_model
from jocas_themes.student.persistence._save import check_model_folder, save_model

__all__ = ["check_model_folder", "load_model", "model_card", "save_model"]
