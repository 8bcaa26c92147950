"""What the URL of an artifact store may be: an address that anybody may read in `orch.yaml`."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

# Where the part before `@` names a container or an account, and not whoever logs in.
_NAMED_BEFORE_AT: Final = frozenset({"abfs", "abfss", "az", "hdfs", "sftp", "ssh"})
_READ_ONLY: Final = frozenset({"http", "https", "data", "git", "github"})
_HINT: Final = "as in s3://bucket/path, gs://bucket/path or file:///folder"


def is_url(text: str) -> bool:
    return "://" in text


def store_url_problem(url: str) -> str | None:
    """Why `url` cannot be that of an artifact store, or None. The text holds nothing that may be a secret."""
    try:
        parts = urlsplit(url)
        has_secret = _has_secret(parts)
    except ValueError:
        return f"it is no URL, {_HINT}"
    if has_secret:
        return "its URL holds credentials, which everybody who reads the file could use: drivers take them from the environment"
    if parts.query or parts.fragment:
        return f"its URL goes on after the path, with '?' or '#', {_HINT}"
    if not url.isprintable() or " " in url or "\\" in url:
        return f"{url!r} holds characters that no URL has"
    if not parts.scheme:
        return f"{url!r} has no scheme, {_HINT}"
    if parts.scheme in _READ_ONLY:
        return f"{url!r} cannot be written to"
    if parts.scheme == "file" and (parts.netloc or len(parts.path) < 2):
        return f"{url!r} names no folder of this machine, as file:///folder does"
    if parts.scheme != "file" and not (parts.netloc + parts.path).strip("/"):
        return f"{url!r} names no bucket or folder"
    if ".." in parts.path.split("/"):
        return f"{url!r} leads upwards"
    return None


def _has_secret(parts: SplitResult) -> bool:
    """A password, or anything that could be one: a signature in the query, an access key before the bucket."""
    before, at, _ = parts.netloc.rpartition("@")
    in_query = any(word in parts.query.lower() for word in ("key", "sig", "token", "secret", "password", "credential"))
    return ":" in before or in_query or bool(at and parts.scheme not in _NAMED_BEFORE_AT)
