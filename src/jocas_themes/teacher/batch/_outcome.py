"""What the replies to a run's questions say of going on with it."""

from collections.abc import Mapping

from jocas_themes.errors import BatchError
from jocas_themes.teacher._questions import Questions
from jocas_themes.teacher.asking import explain_useless

# So many replies, all of no use, tell that the next ones will be, too.
_ENOUGH_TO_TELL = 20


def stop_if_useless(questions: Questions) -> None:
    """Stop paying when all replies so far are of no use.

    Parameters
    ----------
    questions : Questions
        What is asked, with what the store holds.

    Raises
    ------
    TeacherError
        If there are 20 replies or more, none with an answer on any theme.
    """
    replies = list(questions.annotations.values())
    if len(replies) < _ENOUGH_TO_TELL or any(reply.answers for reply in replies):
        return
    raise explain_useless(len(replies), replies[-1])


def require_answers(questions: Questions, failures: Mapping[str, str]) -> None:
    """Check that something was answered, now or before.

    Parameters
    ----------
    questions : Questions
        What was asked, with what the store holds.
    failures : mapping of str to str
        What failed and why, by digest.

    Raises
    ------
    BatchError
        If all failed.
    """
    failed = [digest for digest in questions.digests if digest in failures]
    if failed and not questions.annotations:
        raise BatchError(
            f"none of the {len(failed)} requests was answered; the first failure: "
            f"{failures[failed[0]]}. If the server refuses a parameter, change request_params or "
            f"response_format; if the batch expired or was cancelled, run again."
        )
