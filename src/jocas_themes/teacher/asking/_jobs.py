"""One question to ask: the first time, or with a correction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from jocas_themes.annotations import Annotation, ReplyKey
from jocas_themes.teacher.prompt import RequestBuilder
from jocas_themes.teacher.reply import build_correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One question, and what follows the reply at fault that it had."""

    key: ReplyKey
    digest: str
    offer_id: str
    attempt: int = 0
    correction: tuple[Mapping[str, str], ...] = ()

    def build_messages(self, builder: RequestBuilder) -> list[Mapping[str, str]]:
        """Build what is sent."""
        return [*builder.build_messages(self.key.text), *self.correction]

    def correct(self, raw: str, annotation: Annotation, *, attempt: int) -> Self:
        """Return the job that tells the model what was wrong with a reply."""
        correction = tuple(build_correction(raw, annotation))
        return replace(self, attempt=attempt, correction=correction)
