"""A process that forks processes that ask, and kills each of them at a random moment.

    python lives.py URL STORE N_OFFERS N_LIVES

prints, for each life, what the server had been asked and what the store held when it ended. The
packages are imported once: nothing of a run is in memory when a process is forked.
"""

import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import openai

from chat_server import build_teacher
from fault_server import fetch_journal
from jocas_themes import HR_THEMES

# Dear enough for money to be counted, and more of it than is needed.
PRICE = {"input": 1, "cached_input": 0.1, "output": 4}
LIMITED = {"max_completion_tokens": 600}
MAX_COST_USD = 100
_WORDS = ("tous", "prime", "formation", "valeurs", "manager", "horaires")


def make_offers(n: int) -> list[str]:
    """Make distinct offers, with all combinations of the themes' words."""
    return [
        " ".join([f"Offre {i}.", *(word for bit, word in enumerate(_WORDS) if i >> bit & 1)])
        for i in range(n)
    ]


def annotate(url, store, offers, **params):
    """Annotate offers, patiently."""
    defaults = {
        "taxonomy": HR_THEMES,
        "price": PRICE,
        "request_params": LIMITED,
        "max_cost_usd": MAX_COST_USD,
        "max_retries": 8,
        "max_corrections": 1,
        "timeout_s": 2,
    }
    return build_teacher(url, store, **(defaults | params)).annotate(offers)


def read_replies(store: Path) -> list[list]:
    """Read the key, the attempt and the status of each reply that is on disk."""
    if not store.exists():
        return []
    with closing(sqlite3.connect(store)) as connection:
        try:
            rows = connection.execute("SELECT key, attempt, status FROM replies ORDER BY reply_id")
            return list(map(list, rows))
        except sqlite3.OperationalError:  # killed before it had made the tables
            return []


def live(url: str, store: Path, offers: list[str], random: Random) -> bool:
    """Fork a process that asks, kill it at a random moment; tell whether it had to be."""
    n_before = len(fetch_journal(url))
    process_id = os.fork()
    if not process_id:
        code = 1
        try:
            annotate(url, store, offers)
            code = 0
        finally:
            os._exit(code)
    if random.random() < 0.8:  # else while it reads the store
        deadline = time.monotonic() + 20
        while len(fetch_journal(url)) == n_before and time.monotonic() < deadline:
            time.sleep(0.03)
    time.sleep(random.uniform(0, 0.25))
    os.kill(process_id, signal.SIGKILL)
    _, status = os.waitpid(process_id, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Live, and say what came of it."""
    url, path, n_offers, n_lives = sys.argv[1:]
    store, random, offers = Path(path), Random(0), make_offers(int(n_offers))
    with openai.OpenAI(api_key="k", base_url=url) as client:  # imports all that it ever needs
        assert client.chat
    for _ in range(int(n_lives)):
        killed = live(url, store, offers, random)
        entry = {
            "killed": killed,
            "n_journal": len(fetch_journal(url)),
            "replies": read_replies(store),
        }
        sys.stdout.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main()
