"""From the body of a reply to an annotation: everything is checked, nothing is guessed."""

import json
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError
from pydantic import create_model as create_pydantic_model

from jocas_themes.annotations import Annotation, Answer
from jocas_themes.offers import clean_text
from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.reply._evidence import find_evidence


class NotACompletionError(ValueError):
    """The body is no chat completion: nothing was answered, and nothing is to be kept."""


class _ThemeAnswer(BaseModel):
    """One theme's answer, before its evidence is looked for."""

    model_config = ConfigDict(extra="forbid")

    present: StrictBool
    confidence: StrictInt = Field(ge=0, le=100)
    evidence: str | None


def parse_reply(raw: str, taxonomy: Taxonomy, text: str) -> Annotation:
    """Read the body of one chat completion as the annotation of one offer.

    Parameters
    ----------
    raw : str
        The body, as it came.
    taxonomy : Taxonomy
        The themes that were asked for.
    text : str
        The offer's text, in which the evidence must be found.

    Returns
    -------
    Annotation
        Status ``ok``, ``refused``, ``truncated`` or ``invalid``. When only the evidence of some
        themes is at fault, the status is ``invalid``, those themes are unknown and the others
        keep their labels.

    Raises
    ------
    NotACompletionError
        If the body is not a chat completion at all.
    """
    choice, message = _read_choice(raw)
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        return Annotation("refused", detail=str(message.get("refusal") or "content filter"))
    if choice.get("finish_reason") == "length":
        return Annotation("truncated", detail="the reply was cut at its token limit")
    try:
        content = _load_content(message.get("content"))
        answers = _build_model(taxonomy).model_validate(content)
    except ValidationError as error:
        return Annotation("invalid", detail=_describe(error))
    except ValueError as error:
        return Annotation("invalid", detail=str(error))
    by_code = zip(taxonomy.codes, (answer for _, answer in answers), strict=True)
    return _check_evidence(dict(by_code), text)


def load_body(raw: str) -> dict[str, Any]:
    """Return the body of a chat completion, which a list of choices makes one."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotACompletionError(f"the body is not a chat completion ({error!r})") from error
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise NotACompletionError("the body is not a chat completion (it has no list of choices)")
    return body


def _read_choice(raw: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first choice of a chat completion and its message, empty where it has none."""
    choices = load_body(raw)["choices"]
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    return choice, message if isinstance(message, dict) else {}


def _load_content(content: Any) -> Any:
    """Load the JSON object that the model wrote, refusing a key that comes twice."""
    if not isinstance(content, str) or not content.strip():
        raise ValueError("the reply is empty")
    try:
        return json.loads(_unwrap(content), object_pairs_hook=_refuse_repeated)
    except json.JSONDecodeError as error:
        raise ValueError(f"the reply is not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("the reply is nested too deeply") from error


def _unwrap(content: str) -> str:
    """Remove what servers without structured outputs put around the JSON."""
    content = content.strip()
    if not content.startswith("{"):  # reasoning comes first, in some templates without its opening
        content = content.rpartition("</think>")[2].strip()
    if content.startswith("```") and content.endswith("```"):
        content = content[3:-3].removeprefix("json")
    return content


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError(f"the reply answers twice for one key: {[key for key, _ in pairs]!r}")
    return content


@lru_cache(maxsize=32)
def _build_model(taxonomy: Taxonomy) -> type[BaseModel]:
    """Build the model of a whole answer: these themes, all of them, and no other."""
    # Codes as aliases: a theme may bear the name of a method of the model, such as "copy".
    fields: dict[str, Any] = {
        f"theme_{place}": (_ThemeAnswer, Field(alias=code))
        for place, code in enumerate(taxonomy.codes)
    }
    return create_pydantic_model("OfferAnswer", __config__=ConfigDict(extra="forbid"), **fields)


def _describe(error: ValidationError) -> str:
    """Say where the answer is wrong, in one line, without repeating the reply."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'reply'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
    return "; ".join(faults[:5]) + more


@lru_cache(maxsize=101)
def _answer_absent(confidence: int) -> Answer:
    """Return the one answer of this confidence: most themes are absent from most offers."""
    return Answer(0, confidence)


def _check_evidence(answers: dict[str, _ThemeAnswer], text: str) -> Annotation:
    """Keep the themes whose evidence is in the text; the others become unknown."""
    checked: dict[str, Answer] = {}
    faults: list[str] = []
    for code, answer in answers.items():
        if not answer.present:
            checked[code] = _answer_absent(answer.confidence)
            continue
        quoted = (answer.evidence or "").strip()
        found = find_evidence(text, quoted)
        if found is None:
            faults.append(f"{code}: {'evidence not in the offer' if quoted else 'no evidence'}")
        checked[code] = Answer(
            None if found is None else 1, answer.confidence, found or clean_text(quoted) or None
        )
    return Annotation("invalid" if faults else "ok", checked, "; ".join(faults))
