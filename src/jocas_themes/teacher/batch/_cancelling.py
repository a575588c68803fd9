"""Cancelling batches, which somebody may be waiting for at the same moment."""

from jocas_themes.annotations import AnnotationStore, Batch, BatchLedger
from jocas_themes.teacher.batch._polling import explain_gone, note_state
from jocas_themes.teacher.batch._remote import GoneError, Remote

CANCELLING = "cancelling"
_LOST = "lost"
# What a batch is once somebody has cancelled it.
CANCELLED = frozenset({CANCELLING, "cancelled", _LOST})


def cancel_batch(ledger: BatchLedger, remote: Remote, batch: Batch, *, give_up: bool) -> None:
    """Cancel one batch.

    Parameters
    ----------
    ledger : BatchLedger
        Where it is noted.
    remote : Remote
        Who has it.
    batch : Batch
        Which one.
    give_up : bool
        Whether to give it up if the server does not know it.

    Raises
    ------
    BatchError
        If the server does not know it, and it is not to be given up.
    """
    if batch.remote_id is None:
        return  # not created; what it may hold is free as soon as that is sure
    try:
        state = remote.cancel(batch.remote_id)
    except GoneError as error:
        if not give_up:
            raise explain_gone(batch, error) from None
        lost = ledger.read_pending(batch.batch_id)
        detail = f"the server does not know it; {len(lost)} may have been charged"
        ledger.close(batch.batch_id, status=_LOST, detail=detail, lost=lost)
    else:
        note_state(ledger, batch, state)


def require_batch(store: AnnotationStore, batch_id: str, *, server: str) -> None:
    """Check that a batch is one of a store, and of a server.

    Parameters
    ----------
    store : AnnotationStore
        Where it must be noted.
    batch_id : str
        Which one.
    server : str
        Address of the server that must have it.

    Raises
    ------
    ValueError
        If it is not.
    """
    table = store.read_batches()
    servers = dict(zip(table["batch_id"], table["server"], strict=True))
    if batch_id not in servers:
        raise ValueError(
            f"batch_id must be one of the store's {len(table)} batches, got {batch_id!r}. "
            f"collect_batch() shows them."
        )
    if servers[batch_id] != server:
        raise ValueError(
            f"batch {batch_id!r} was submitted to {servers[batch_id]}, this teacher asks {server}. "
            f"Pass base_url={servers[batch_id]!r}."
        )
