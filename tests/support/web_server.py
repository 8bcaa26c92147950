"""A real HTTP server on this machine that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.tools import requires_tool


@dataclass(frozen=True)
class Asked:
    """`headers` are in lower case; `path` is without the query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON unless it is bytes. `cut` promises more bytes than it sends; `hang_up` sends nothing at all."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hang_up: bool = False

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class WebServer:
    """`answer` is asked for every request; by default the replies of `script`, one after the other, the last one again and again."""

    def __init__(self, *script: Reply, answer: Callable[[Asked], Reply] | None = None) -> None:
        self.asked: list[Asked] = []
        self.script = deque(script)
        self.answer = answer or (lambda _: self.script.popleft() if len(self.script) > 1 else self.script[0])
        self.url = ""

    @property
    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def serving(server: WebServer, certificate: Path | None = None) -> Iterator[WebServer]:
    """`server` at an address of this machine's own, with TLS if there is a `certificate` (with its key)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            asked = Asked(
                self.command, f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path, query, headers, body
            )
            server.asked.append(asked)
            reply = server.answer(asked)
            self.close_connection = True
            if reply.hang_up:
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.data) + 10 * reply.cut), "Connection": "close", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.data)

        do_HEAD = do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:
            """A test's output is for the test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        server.url = f"{'https' if certificate else 'http'}://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts, and its key, in one file."""
    openssl = requires_tool("openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=orch tests", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([openssl, *made, *subject, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    both = folder / "server.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return both


@contextmanager
def tunnelling() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy for HTTPS at an address of this machine's own, and all that it could read: one request after the other."""
    read: list[bytes] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                read.append(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline()
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                asked += line
            read.append(asked)
            host, _, port = asked.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(there, self.connection))
                back.start()
                pump(self.connection, there)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}", read
        finally:
            listening.shutdown()
            thread.join()
