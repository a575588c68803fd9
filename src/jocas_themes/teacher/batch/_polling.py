"""Asking a server what became of batches, and collecting those that have ended."""

from collections.abc import Sequence

from jocas_themes.annotations import Batch, BatchLedger
from jocas_themes.errors import BatchError
from jocas_themes.teacher.batch._collecting import Collector
from jocas_themes.teacher.batch._remote import GoneError, Remote, RemoteBatch


def poll_batches(
    ledger: BatchLedger, remote: Remote, batches: Sequence[Batch], *, failures: dict[str, str]
) -> int:
    """Collect the batches that have ended.

    Parameters
    ----------
    ledger : BatchLedger
        Where answers are kept.
    remote : Remote
        Whom to ask.
    batches : sequence of Batch
        Those to ask about.
    failures : dict of str to str
        Receives what failed and why, by the questions' digests.

    Returns
    -------
    int
        How many requests of the others are still awaited.

    Raises
    ------
    BatchError
        If a batch was refused, or is unknown; after all others were collected.
    """
    collector = Collector(ledger=ledger, remote=remote)
    errors: list[BatchError] = []
    n_left = 0
    for batch in batches:
        if batch.remote_id is None:  # what became of it is known the next time
            n_left += batch.n_requests
            continue
        try:
            state = remote.retrieve(batch.remote_id)
        except GoneError as error:
            errors.append(explain_gone(batch, error))
            continue
        if not state.has_ended:
            n_left += batch.n_requests - state.n_done
            note_state(ledger, batch, state)
            continue
        failures |= collector.collect(batch, state)
        if state.status == "failed":
            errors.append(_explain_refused(batch, state.fault))
    if errors:
        raise errors[0]
    return n_left


def note_state(ledger: BatchLedger, batch: Batch, state: RemoteBatch) -> None:
    """Note the state of a batch, where it has changed."""
    if state.status != batch.status:
        ledger.note_status(batch.batch_id, remote_id=state.remote_id, status=state.status)


def explain_gone(batch: Batch, error: Exception) -> BatchError:
    """Say what to do about a batch that the server does not know."""
    return BatchError(
        f"{batch.server} does not know the batch {batch.remote_id!r} any more ({error}) Is the key "
        f"that of the project which submitted it? If it is gone for good, "
        f"cancel_batch({batch.batch_id!r}) gives its {batch.n_requests} questions back."
    )


def _explain_refused(batch: Batch, fault: str) -> BatchError:
    return BatchError(
        f"{batch.server} refused the batch {batch.batch_id!r} of {batch.n_requests} requests: "
        f"{fault or 'no reason given'}. Nothing of it was asked, and its questions are free. If "
        f"too much is enqueued, pass fewer offers at once, or wait for other batches."
    )
