"""URLs of storages, opened by fsspec, or an error that says what is missing."""

import re
from typing import Any

from jocas_themes._optional import import_optional
from jocas_themes.errors import MissingDependencyError

_PASSWORD = re.compile(r"://[^/]*:[^/]*@")


def refuse_password(url: str, *, what: str) -> None:
    """Refuse a URL that messages, logs and manifests must not show."""
    if _PASSWORD.search(url):
        raise ValueError(
            f"{what} must not hold a password, which logs and messages would show. Put it into "
            f"the environment or into fsspec's configuration."
        )


def open_url(url: str, *, purpose: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path there; ValueError where none is known."""
    if url.startswith(("s3://", "s3a://")):
        import_optional("s3fs", extra="s3", purpose=purpose)  # it brings fsspec
    fsspec = import_optional("fsspec", extra="remote", purpose=purpose)
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingDependencyError(f"{url!r} cannot be opened: {error}.") from error
    return filesystem, path
