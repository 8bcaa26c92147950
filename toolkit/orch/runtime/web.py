"""One HTTP request, as a job makes it: the only place that opens a connection.

Proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) and certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE`) are those
of the environment. No redirect is followed here: whoever asks decides where its credentials go.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from orch.errors import RemoteError, SettingsError

SECONDS: Final = 30.0  # until the server says something, again and again
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` may hold credentials, and so may the path and query of `url`: of it only `host` may be shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` are in lower case. The `body` is read by `read` or `chunks`, once."""

    status: int
    headers: Mapping[str, str]
    body: IO[bytes]

    def read(self, limit: int) -> bytes:
        """All of it; raises RemoteError above `limit` bytes, and where it ends early."""
        return b"".join(self.chunks(limit))

    def chunks(self, limit: int) -> Iterator[bytes]:
        promised = self.headers.get("content-length", "")
        left = int(promised) if promised.isdecimal() and "transfer-encoding" not in self.headers else None
        if left is not None and left > limit:
            raise _too_large(limit)
        size = 0
        while chunk := self.body.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            yield chunk
        if left is not None and size < left:  # http.client says nothing where it is read in parts
            raise ConnectionError(f"the connection ended after {size} of {left} bytes")


def _too_large(limit: int) -> RemoteError:
    return RemoteError(f"the answer is larger than the {limit} bytes that are taken from there", hint="is that the right server?")


# What a connection that fails raises; the same request may succeed a moment later.
BROKEN: Final = (ConnectionError, TimeoutError, socket.gaierror, http.client.HTTPException, urllib.error.URLError)


class Untrusted(RemoteError):
    """A server whose certificate is not trusted: no later try will be either."""


class Web:
    """What `environment` says about proxies and certificates is read once, when the first request needs it."""

    def __init__(self, environment: Mapping[str, str], *, seconds: float = SECONDS) -> None:
        self._environment = environment
        self._seconds = seconds
        self._context: ssl.SSLContext | None = None

    @contextmanager
    def send(self, request: Request) -> Iterator[Answer]:
        """The answer, whatever its status; raises one of `BROKEN` where there is none, and `Untrusted`."""
        opener = self._opener(request)
        made = urllib.request.Request(request.url, request.body, dict(request.headers), method=request.method)  # noqa: S310 - see _scheme
        try:
            with opener.open(made, timeout=self._seconds) as opened:
                yield Answer(opened.status, {name.lower(): value for name, value in opened.headers.items()}, opened)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise self._untrusted(request, error.reason) from None
            raise

    def _opener(self, request: Request) -> urllib.request.OpenerDirector:
        scheme = _scheme(request)
        opener = urllib.request.OpenerDirector()  # and not build_opener's, which follows redirects and opens files
        opener.add_handler(urllib.request.ProxyHandler(proxies_for(request.url, self._environment)))
        opener.add_handler(urllib.request.HTTPHandler())
        if scheme == "https":
            self._context = self._context or context_of(self._environment)
            opener.add_handler(urllib.request.HTTPSHandler(context=self._context))
        return opener

    def _untrusted(self, request: Request, why: ssl.SSLCertVerificationError) -> RemoteError:
        hint = "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names the file with your company's certificates, in PEM form"
        return Untrusted(f"the certificate of {request.host!r} is not trusted: {why.verify_message}", hint=hint)


def _scheme(request: Request) -> str:
    parts = urllib.parse.urlsplit(request.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{parts.scheme + '://' + request.host!r} is no address that can be asked", hint="as https://api.github.com")
    return parts.scheme


def proxies_for(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The proxy for `url`, as urllib's handler takes it: names in lower case win, as in curl."""
    parts = urllib.parse.urlsplit(url)
    lower = {name.lower(): value for name, value in sorted(environment.items()) if name.lower().endswith("_proxy")}  # lower case sorts last
    excepted = lower.get("no_proxy", "")
    if excepted and urllib.request.proxy_bypass_environment(parts.netloc.rpartition("@")[2], {"no": excepted}):  # type: ignore[attr-defined]
        return {}
    proxy = lower.get(f"{parts.scheme}_proxy") or lower.get("all_proxy")
    return {parts.scheme: proxy} if proxy else {}


def context_of(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Which certificates are trusted: those that a variable names and no others, else the system's."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        if path := environment.get(name):
            given: dict[str, Any] = {"capath": path} if Path(path).is_dir() else {"cafile": path}
            try:
                return ssl.create_default_context(**given)
            except OSError as error:  # SSLError is one
                hint = "name a file of certificates in PEM form, or unset it"
                raise SettingsError(f"{name} is {path!r}, which holds no certificates: {error.strerror or error}", hint=hint) from error
    return ssl.create_default_context()
