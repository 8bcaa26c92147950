"""Servers of object stores on this machine: each is a process with a folder, that can be killed and started again.

`tests/engines/stores/get.sh` brings the programs.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import fsspec
from gcsfs.core import GCSFileSystem
from support.tools import find_tool

BUCKET: Final = "orch-tests"
SECRET: Final = "a/secret+of=the*store"
# So that it ends however the tests do.
_WITH_US: Final = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
_FRESH: Final = {"use_listings_cache": False, "skip_instance_cache": True}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ObjectServer(ABC):
    """`port` is where clients go; `front`, where given, is a port before it, which the server tells to its clients."""

    PROGRAM: ClassVar[str]
    SCHEME: ClassVar[str]

    def __init__(self, folder: Path, front: int | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.front = front or self.port
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def environment(self, secret: str = SECRET) -> Mapping[str, str]:
        """What clients read; with another secret they are refused."""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def seen_through(self, front: int) -> Self:
        """The same server for clients that come by that port."""
        other = copy.copy(self)
        other.front = front
        return other

    def start(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        program = find_tool(self.PROGRAM)
        assert program, self.PROGRAM
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_US, program, *self.command()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=self._own_environment(),
            )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=60).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.log.read_text()
                time.sleep(0.02)
            else:
                return

    def _own_environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    @abstractmethod
    def files(self) -> Any:
        """The driver for it, as somebody else would open it."""

    def make_bucket(self) -> None:
        """Unless it is there; Azure's stand-in forgets the last seconds when it is killed."""
        files = self.files()
        if not files.exists(BUCKET):
            files.mkdir(BUCKET)

    def kill(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


class S3(ObjectServer):
    PROGRAM = "versitygw"
    SCHEME = "s3"

    def command(self) -> list[str]:
        users = self.folder.resolve() / "users"
        users.mkdir(exist_ok=True)
        return ["--keep-alive", "--iam-dir", str(users), "--port", f"127.0.0.1:{self.port}", "posix", "data"]

    def add_user(self, name: str, secret: str) -> None:
        program = find_tool(self.PROGRAM)
        assert program
        admin = ["admin", "--access", "orchkey", "--secret", SECRET, "--endpoint-url", f"http://127.0.0.1:{self.port}"]
        create = ["create-user", "--access", name, "--secret", secret, "--role", "user"]
        subprocess.run([program, *admin, *create], check=True, capture_output=True)

    def _own_environment(self) -> dict[str, str]:
        return {**super()._own_environment(), "ROOT_ACCESS_KEY": "orchkey", "ROOT_SECRET_KEY": SECRET}

    def environment(self, secret: str = SECRET) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.front}",
            "AWS_ACCESS_KEY_ID": "orchkey",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def files(self) -> Any:
        place = {"endpoint_url": f"http://127.0.0.1:{self.port}", "config_kwargs": {"region_name": "us-east-1"}}
        return fsspec.filesystem("s3", key="orchkey", secret=SECRET, **place, **_FRESH)


class Gcs(ObjectServer):
    """Lets everybody in."""

    PROGRAM = "fake-gcs-server"
    SCHEME = "gs"

    def command(self) -> list[str]:
        address = f"127.0.0.1:{self.front}"
        told = ["-public-host", address, "-external-url", f"http://{address}"]
        return [
            "-scheme",
            "http",
            "-host",
            "127.0.0.1",
            "-port",
            str(self.port),
            *told,
            "-backend",
            "filesystem",
            "-filesystem-root",
            "data",
        ]

    def environment(self, secret: str = SECRET) -> Mapping[str, str]:
        del secret
        return {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{self.front}", "GOOGLE_CLOUD_PROJECT": "orch", "NO_GCE_CHECK": "true"}

    def files(self) -> Any:
        return GCSFileSystem(project="orch", token="anon", endpoint_url=f"http://127.0.0.1:{self.port}", **_FRESH)


class Azure(ObjectServer):
    PROGRAM = "azurite-blob"
    SCHEME = "az"

    def command(self) -> list[str]:
        place = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", "data"]
        return [*place, "--skipApiVersionCheck", "--disableTelemetry"]

    def _own_environment(self) -> dict[str, str]:
        return {**super()._own_environment(), "AZURITE_ACCOUNTS": f"orchaccount:{self.key(SECRET)}"}

    @staticmethod
    def key(secret: str) -> str:
        return base64.b64encode(hashlib.sha512(secret.encode()).digest()).decode()

    def environment(self, secret: str = SECRET) -> Mapping[str, str]:
        endpoint = f"http://127.0.0.1:{self.front}/orchaccount"
        parts = {"DefaultEndpointsProtocol": "http", "AccountName": "orchaccount", "AccountKey": self.key(secret), "BlobEndpoint": endpoint}
        return {"AZURE_STORAGE_CONNECTION_STRING": ";".join(f"{name}={value}" for name, value in parts.items())}

    def files(self) -> Any:
        own = self.environment()["AZURE_STORAGE_CONNECTION_STRING"].replace(f":{self.front}/", f":{self.port}/")
        return fsspec.filesystem("az", connection_string=own, **_FRESH)


SERVERS: Final = {server.SCHEME: server for server in (S3, Gcs, Azure)}


class Servers:
    """One of each, with a bucket, started when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, ObjectServer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._started.values():
            server.kill()

    def __getitem__(self, scheme: str) -> ObjectServer:
        if scheme not in self._started:
            server = self._started[scheme] = SERVERS[scheme](self._folder / scheme)
            server.start()
            server.make_bucket()
        return self._started[scheme]
