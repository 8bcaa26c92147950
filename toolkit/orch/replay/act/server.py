"""GitHub's REST API for the jobs of one run under act: real HTTP on this machine's loopback, answers from what the harness knows.

A route is a method, a pattern of the path below the repository, and what answers it; each area of the API brings its own.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from orch.model.canonical import Json

_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """`found` are the groups of the route's pattern."""

    found: tuple[str, ...]
    query: Mapping[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is JSON, or bytes as they are."""

    status: int = 200
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


NOT_FOUND: Final = Reply(404, {"message": "Not Found"})


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is of the whole path below `/repos/OWNER/NAME/`; where it is `signed`, as storage is, from the root and without a token."""

    method: str
    pattern: str
    answer: Callable[[Asked], Reply]
    signed: bool = False


def new_token() -> str:
    return f"ghs_act{secrets.token_hex(16)}"


def page(items: list[Json], key: str, query: Mapping[str, str]) -> Reply:
    """One page of a list, as https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api says."""
    size, number = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    return Reply(body={"total_count": len(items), key: items[size * (number - 1) : size * number]})


def answer(routes: Iterable[Route], repository: str, token: str, method: str, target: str, authorization: str, body: bytes) -> Reply:
    """The reply to one request, without a socket."""
    parts = urlsplit(target)
    prefix = f"/repos/{repository}/"
    for route in routes:
        path = parts.path if route.signed else parts.path.removeprefix(prefix)
        found = re.fullmatch(route.pattern, path)
        if route.method != method or not found or not (route.signed or parts.path.startswith(prefix)):
            continue
        if not route.signed and not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return Reply(401, {"message": "Bad credentials"})
        try:
            return route.answer(Asked(found.groups(), dict(parse_qsl(parts.query)), json.loads(body) if body else None))
        except ValueError as error:
            return Reply(400, {"message": f"Problems parsing the request: {error}"})
    return NOT_FOUND


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A job that was interrupted hears no answer any more: that is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(routes: Iterable[Route], *, repository: str, token: str, log: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """The address of the API, as `GITHUB_API_URL` has it, as long as the block runs; `log` gets a line for each request."""
    known = tuple(routes)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if size > _LARGEST:
                self.send_error(413)
                return
            body = self.rfile.read(size)
            reply = answer(known, repository, token, self.command, self.path, self.headers.get("Authorization", ""), body)
            data = reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else json.dumps(reply.body).encode()
            log(f"{self.command} {self.path} {reply.status}\n")
            self.send_response(reply.status)
            for name, value in {
                "Content-Length": str(len(data)),
                "Content-Type": "application/json; charset=utf-8",
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:
            """The jobs say what they asked; a terminal shows the run."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
