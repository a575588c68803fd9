"""Who is asking what, and the money that it may cost: shared by all processes of a store.

A claim is taken before a request leaves, and holds the most that the request may cost; it is
given back in the transaction that keeps the reply. What was claimed by a process that died, or
sent without an answer coming back, may have been charged: it counts as lost.
"""

import sqlite3
from dataclasses import dataclass
from enum import Enum

# Adding and subtracting reserved amounts leaves a rounding error.
_TOLERANCE_USD = 1e-9
BATCH_PREFIX = "batch:"


class Claim(Enum):
    """What became of the wish to ask for one reply."""

    YOURS = "yours"
    ANSWERED = "answered"  # by somebody else, since it was last looked for
    TAKEN = "taken"  # somebody else is asking
    IN_BATCH = "in a batch"  # handed over, and not collected yet
    OVER_BUDGET = "over budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a store's replies have cost.

    Parameters
    ----------
    spent_usd : float
        What the replies in the store cost.
    lost_usd : float
        The most that requests without an answer may have cost: those of a process that was
        killed, and those whose connection broke or timed out.
    in_flight_usd : float
        The most that requests under way, and batches that were not collected, may cost.
    """

    spent_usd: float
    lost_usd: float
    in_flight_usd: float

    @property
    def total_usd(self) -> float:
        """Return the most that all of it may have cost."""
        return self.spent_usd + self.lost_usd + self.in_flight_usd

    def exceeds(self, max_cost_usd: float, *, more_usd: float = 0.0) -> bool:
        """Tell whether all of it, and so much more, may cost more than a limit.

        Parameters
        ----------
        max_cost_usd : float
            The limit, in US dollars.
        more_usd : float, default=0.0
            What is to come, in US dollars.

        Returns
        -------
        bool
            Whether the limit is exceeded, by more than a rounding error.
        """
        return self.total_usd + more_usd > max_cost_usd + _TOLERANCE_USD


def read_spending(connection: sqlite3.Connection) -> Spending:
    """Read the totals."""
    totals = dict(connection.execute("SELECT name, usd FROM totals"))
    return Spending(
        spent_usd=totals["spent"],
        lost_usd=totals["lost"],
        in_flight_usd=totals["claimed"],
    )


def add_claim(
    connection: sqlite3.Connection,
    key: str,
    attempt: int,
    *,
    asker_id: str,
    reserved_usd: float,
    max_cost_usd: float | None,
) -> Claim:
    """Claim one question, if nobody else asks it and there is money for it."""
    holder = connection.execute("SELECT asker_id FROM claims WHERE key = ?", (key,)).fetchone()
    if holder is not None:
        if holder[0] == asker_id:
            return Claim.YOURS
        return Claim.IN_BATCH if holder[0].startswith(BATCH_PREFIX) else Claim.TAKEN
    answered = "SELECT 1 FROM replies WHERE key = ? AND attempt >= ? LIMIT 1"
    if connection.execute(answered, (key, attempt)).fetchone():
        return Claim.ANSWERED
    if max_cost_usd is not None and read_spending(connection).exceeds(
        max_cost_usd, more_usd=reserved_usd
    ):
        return Claim.OVER_BUDGET
    connection.execute(
        "INSERT INTO claims (key, asker_id, reserved_usd) VALUES (?, ?, ?)",
        (key, asker_id, reserved_usd),
    )
    return Claim.YOURS


def drop_claim(connection: sqlite3.Connection, key: str, *, asker_id: str) -> None:
    """Give a claim back."""
    connection.execute("DELETE FROM claims WHERE key = ? AND asker_id = ?", (key, asker_id))


def add_loss(connection: sqlite3.Connection, key: str, *, asker_id: str, reason: str) -> None:
    """Count what was reserved for a request as lost, and give its claim back."""
    connection.execute(
        "INSERT INTO losses (key, cost_usd, reason) "
        "SELECT key, reserved_usd, ? FROM claims WHERE key = ? AND asker_id = ?",
        (reason, key, asker_id),
    )
    drop_claim(connection, key, asker_id=asker_id)


def drop_asker(connection: sqlite3.Connection, asker_id: str, *, reason: str | None) -> None:
    """Remove an asker and its claims; with a reason, what they hold counts as lost."""
    if reason is not None:
        connection.execute(
            "INSERT INTO losses (key, cost_usd, reason) "
            "SELECT key, reserved_usd, ? FROM claims WHERE asker_id = ?",
            (reason, asker_id),
        )
    connection.execute("DELETE FROM claims WHERE asker_id = ?", (asker_id,))
    connection.execute("DELETE FROM askers WHERE asker_id = ?", (asker_id,))
