"""What the processes of the concurrency tests run; a module of its own, so that they find it."""

import random
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from jocas_themes.annotations import AnnotationStore, Claim, ReplyKey, StoredReply, merge_review


def make_key(text: str = "Cariste", **changes: Any) -> ReplyKey:
    parts: dict[str, Any] = {
        "text": text,
        "model": "m",
        "prompt_version": "1",
        "taxonomy_fingerprint": "f",
        "parameters": {},
    }
    return ReplyKey(**parts | changes)


def meet(barrier: Barrier) -> None:
    """Wait until all have come."""
    barrier.wait(timeout=60)


def wait_for(start: float) -> None:
    """Wait actively until a moment of the clock, so that all begin at once."""
    while time.time() < start:
        pass


def count_replies(path: Path, start: float) -> int:
    """Open a store, which makes it when it is absent."""
    wait_for(start)
    with AnnotationStore(path) as store:
        return len(store)


def put_replies(path: Path, start: float, worker: int, n_replies: int) -> None:
    """Put replies one by one, each with a message and a cost."""
    wait_for(start)
    with AnnotationStore(path) as store:
        for number in range(n_replies):
            text = f"{worker}-{number}"
            reply = StoredReply(raw=text, status="ok", cost_usd=0.25)
            messages = [{"role": "user", "content": text}]
            store.put(make_key(text), reply, offer_id=text, messages=messages)


def ask_for(path: Path, start: float, worker: int, n_keys: int, max_cost_usd: float) -> list[str]:
    """Ask for every key, eight at a time, while there is money; return those that were asked."""
    asked: list[str] = []
    keys = [make_key(str(number)) for number in range(n_keys)]
    random.Random(worker).shuffle(keys)
    wait_for(start)
    with AnnotationStore(path) as store, store.ask(max_cost_usd=max_cost_usd) as asker:
        while keys:
            some, keys = keys[:8], keys[8:]
            claims = [asker.claim(key.digest, 0, reserved_usd=0.03125) for key in some]
            mine = [
                key
                for key, claim in zip(some, claims, strict=True)
                if claim.result() is Claim.YOURS
            ]
            asked += [key.digest for key in mine]
            time.sleep(0.05)  # as a server takes, so that the others come to ask
            done = []
            for number, key in enumerate(mine):
                if number % 4 == 3:
                    done.append(asker.release(key.digest, lost="timeout"))
                else:
                    reply = StoredReply(raw="{}", status="ok", cost_usd=0.015625)
                    done.append(asker.keep(key, reply, offer_id="o", messages=()))
            for future in done:
                future.result()
    return asked


def merge_cells(path: Path, start: float, worker: int, n_merges: int) -> None:
    """Merge one cell of this worker's own and one of everybody's, again and again."""
    wait_for(start)
    for number in range(n_merges):
        own = {"offer_id": f"{worker}-{number}", "theme": "A", "reason": "low_confidence"}
        merge_review(path, [own, {"offer_id": "all", "theme": "A", f"seen_{worker}": number}])
