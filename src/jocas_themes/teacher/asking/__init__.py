"""Asking: the client, its faults, its pace, the run."""

from jocas_themes.teacher.asking._asking import Asking, explain_useless
from jocas_themes.teacher.asking._client import (
    adapt_client,
    check_base_url,
    describe_failure,
    find_base_url,
    find_fatal,
    is_asynchronous,
    open_client,
    read_key,
)
from jocas_themes.teacher.asking._faults import classify_fault, compute_backoff
from jocas_themes.teacher.asking._jobs import Job

__all__ = [
    "Asking",
    "Job",
    "adapt_client",
    "check_base_url",
    "classify_fault",
    "compute_backoff",
    "describe_failure",
    "explain_useless",
    "find_base_url",
    "find_fatal",
    "is_asynchronous",
    "open_client",
    "read_key",
]
