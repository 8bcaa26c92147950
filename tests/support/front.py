"""A port before a server, through which everything goes until a test has seen enough."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Final, Self

# A connection waits for each answer before it asks again.
_REQUEST: Final = re.compile(rb"([A-Z]+) \S+ HTTP/1\.1\r\n")
_ANSWER: Final = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)")


class Front:
    """After `limit` bytes in one direction, `then` is called and nothing passes any more, until it is opened again."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self.answered: list[tuple[str, int]] = []  # the method and the status of each request
        self._behind = 0
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.open()

    def open(self, *, up: int | None = None, down: int | None = None, then: Callable[[], object] = lambda: None) -> None:
        """`up` is what clients send, `down` what they get."""
        self._left = {"up": up, "down": down}
        self._then = then
        self._shut = False

    def before(self, port: int) -> None:
        self._behind = port
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listening, *self._sockets):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._behind))
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            asked: list[str] = []
            for direction, source, target in (("up", client, server), ("down", server, client)):
                threading.Thread(target=self._pump, args=(direction, source, target, asked), daemon=True).start()

    def _pump(self, direction: str, source: socket.socket, target: socket.socket, asked: list[str]) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(1 << 16)) and not self._is_enough(direction, len(data)):
                if direction == "up" and (request := _REQUEST.match(data)):
                    asked.append(request[1].decode())
                elif direction == "down" and (answer := _ANSWER.match(data)) and asked:
                    self.answered.append((asked.pop(), int(answer[1])))
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # to close one that another thread reads from tells nobody
            end.close()  # what is still sent there is refused, as by a process that is gone

    def _is_enough(self, direction: str, count: int) -> bool:
        with self._lock:
            left = self._left[direction]
            if left is None or self._shut:
                return self._shut
            self._left[direction] = left - count
            if left <= count:
                self._shut = True
                self._then()
            return self._shut
