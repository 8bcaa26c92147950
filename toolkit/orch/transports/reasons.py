"""What a driver's error means, and what to do about it, in a line that shows no credential."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from orch.runtime.redact import Redactor

# What drivers read, by names that begin so.
_CLOUDS: Final = ("AWS_", "AZURE_", "GOOGLE_", "GCS", "FSSPEC_")
_SECRET: Final = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|SAS|CONNECTION_STRING")
# Signed addresses, whoever logs in by one, and the parts of a connection string.
_IN_TEXT: Final = (
    (re.compile(r"(?<=\?)[^\s'\"<>]*=[^\s'\"<>]*"), "…"),
    (re.compile(r"(?<=://)[^/\s@'\"]+@"), "…@"),
    (
        re.compile(r"(?i)\b(AccountKey|SharedAccessSignature|sig|signature|(?:access_|security[-_])?token|credential|secret)=[^;&\s'\"]+"),
        r"\1=…",
    ),
)
_REFUSED: Final = re.compile(
    r"(?i)credentials|Unauthorized|Forbidden|AuthenticationFailed|AuthorizationFailure|AuthorizationPermissionMismatch|NoAuthentication"
    r"|InvalidAccessKeyId|SignatureDoesNotMatch|UserNotFound|ExpiredToken|AccessDenied|account_name"
)
_NO_NAME: Final = re.compile(r"bucket is not valid|Invalid bucket name|OutOfRangeInput|InvalidResourceName|InvalidBucketName")
_SILENT: Final = re.compile(r"Timeout|timed out")
_AWAY: Final = re.compile(
    r"EndpointConnection|ClientConnector|ClientOSError|ServiceRequest|ServiceResponseError|Could not connect|Cannot connect"
    r"|ConnectionClosed|Disconnected"
)

_HOW: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or role of AWS's own tools",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
    "az": "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or `az login`",
}
_SAME: Final = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}


def told(error: Exception, url: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The reason and the next thing to do."""
    parts = urlsplit(url)
    scheme = _SAME.get(parts.scheme, parts.scheme)
    text = without_credentials(_text(error), environment)
    said = " ".join((*map(_named, _chain(error)),))
    status = status_of(error)
    bucket = parts.netloc.partition("@")[0]
    if isinstance(error, FileNotFoundError) and scheme in _HOW:
        return f"there is no {bucket!r}, or it is not to be seen with these credentials", "make it, or correct artifact_store in orch.yaml"
    if _NO_NAME.search(said):
        return f"{bucket!r} is no name that it knows ({text})", "correct artifact_store in orch.yaml"
    if status == 400 and text.endswith("Bad Request"):  # S3 says no more where there is no room for a text
        hint = "correct artifact_store in orch.yaml, or log in again"
        return f"{bucket!r} is no name that it knows, or the credentials of this machine ran out ({text})", hint
    if isinstance(error, PermissionError) or status in (401, 403) or _REFUSED.search(said):
        how = _HOW.get(scheme, "what its driver reads")
        return (
            f"it refuses the credentials of this machine, or has none of them ({text})",
            f"set {how}; docs/stores.md lists what they must allow",
        )
    if isinstance(error, TimeoutError) or _SILENT.search(said):
        return f"it did not answer in time ({text})", "try again; check its address, and that this machine may reach it"
    if isinstance(error, ConnectionError) or _AWAY.search(said):
        return f"it does not answer ({text})", "check its address, and that this machine may reach it"
    return text, "check its address, and that this machine may reach it"


def without_credentials(text: str, environment: Mapping[str, str]) -> str:
    """`text` without what a cloud's variables hold, and without signatures of addresses."""
    secrets = [value for name, value in environment.items() if name.startswith(_CLOUDS) and _SECRET.search(name)]
    text = Redactor([*secrets, *(part for value in secrets for part in _account_key(value))])(text)
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def _account_key(connection: str) -> Iterator[str]:
    for part in connection.split(";"):
        name, is_set, value = part.partition("=")
        if is_set and name in ("AccountKey", "SharedAccessSignature"):
            yield value


def _text(error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    if getattr(error, "strerror", None):
        return str(getattr(error, "strerror", ""))
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _named(error: BaseException) -> str:
    return f"{type(error).__name__} {error}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """As a traceback shows it, without the errors during which others were raised."""
    while error is not None:
        yield error
        error = error.__cause__


def status_of(error: Exception) -> int:
    """Of the HTTP response behind it; 0 if there is none."""
    return next((status for each in _chain(error) if (status := _status(each))), 0)


def _status(error: BaseException) -> int:
    """As each driver keeps it."""
    response = getattr(error, "response", None)
    found = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    for status in (found, getattr(error, "status_code", None), getattr(error, "code", None)):
        if isinstance(status, int):
            return status
    return 0
