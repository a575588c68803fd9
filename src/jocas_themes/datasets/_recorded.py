"""A store that holds the recorded answers: the real teacher, without key or network."""

import json
from pathlib import Path

from jocas_themes.annotations import AnnotationStore, StoredReply
from jocas_themes.datasets._sample import iter_sample_replies, load_sample_offers
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.teacher import LLMTeacher


def fill_sample_store(path: str | Path, *, model: str = "recorded") -> AnnotationStore:
    """Fill a store with the recorded answers to the sample offers.

    An `LLMTeacher` of the same model name, with default parameters, then finds every answer
    there: it runs its real path and calls nobody.

    Parameters
    ----------
    path : str or Path
        Where the store is made, or added to.
    model : str, default="recorded"
        Name of the model to keep the answers under.

    Returns
    -------
    AnnotationStore
        The store, open.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import fill_sample_store
    >>> with fill_sample_store(pathlib.Path(tempfile.mkdtemp()) / "store.sqlite") as store:
    ...     len(store)
    300
    """
    store = AnnotationStore(path)
    teacher = LLMTeacher(model, store=store)
    store.require_taxonomy(HR_THEMES)
    offers = as_offers(load_sample_offers())
    texts = dict(zip(offers["offer_id"], offers["text"], strict=True))
    store.put_many(
        (
            teacher.build_key(texts[offer_id]),
            StoredReply(raw=_write_completion(content, model), status="ok"),
            offer_id,
        )
        for offer_id, content in iter_sample_replies()
    )
    return store


def _write_completion(content: str, model: str) -> str:
    """Write the body in which a server would have sent this answer."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return json.dumps(
        {"object": "chat.completion", "model": model, "choices": [choice]}, ensure_ascii=False
    )
