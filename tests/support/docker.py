"""A Docker Engine for tests: the one that answers, with an image that has Python. `tests/engines/docker/up.sh` starts one."""

from __future__ import annotations

import gc
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import pytest
from support.tools import REQUIRED, requires_tool

if TYPE_CHECKING:
    import docker

# Read once, here: the guards take ORCH_* out of every test's environment.
IMAGE: Final = os.environ.get("ORCH_TEST_IMAGE", "orch-tests/python:3.11")
_HOW_TO: Final = "`tests/engines/docker/up.sh DIR && . DIR/env` starts one"


def requires_docker() -> None:
    """Without an engine and the image the test is skipped, or fails where ORCH_REQUIRE_TOOLS=1 says that they must be there."""
    reason = _why_not()
    if reason and REQUIRED:
        pytest.fail(f"{reason} (ORCH_REQUIRE_TOOLS=1 forbids to skip)", pytrace=False)
    if reason:
        pytest.skip(reason)


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    import docker

    with closing(docker.from_env()) as client:
        yield client


_known: list[str] = []


def _why_not() -> str:
    """Asked once."""
    if not _known:
        _known.append(_look())
    return _known[0]


def _look() -> str:
    try:
        import docker
    except ImportError:
        return "the Docker SDK is not installed: pip install docker"
    client = docker.DockerClient.from_env(version="1.40")  # older than any that there is: it is not asked for, and nothing is left open
    try:
        client.images.get(IMAGE)
    except docker.errors.ImageNotFound:
        return f"the engine has no image {IMAGE!r}: {_HOW_TO}"
    except (docker.errors.DockerException, OSError):
        return f"no Docker Engine answers on this machine: {_HOW_TO}"
    finally:
        client.close()
        with warnings.catch_warnings():  # the SDK leaves the socket open that nobody answered at
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    return ""


class OwnEngine:
    """Another one, which a test may stop and fill: its data lie on a small disk of their own. As root, on Linux."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.host = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--iptables=false", "--data-root", str(self.data), "--exec-root", str(self._folder / "exec")]
        options += ["--pidfile", str(self._folder / "pid"), "-H", self.host]
        with (self._folder / "log").open("ab") as log:
            # In a network of its own: two engines would take the same bridge, and the first one has it.
            command = ["unshare", "--net", requires_tool("dockerd"), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        while not Path(f"{self._folder}/docker.sock").exists():
            assert self._process.poll() is None, (self._folder / "log").read_text()

    def stop(self) -> None:
        """With all containers, as a restart does."""
        if self._process:
            self._process.terminate()
            self._process.wait()

    def __enter__(self) -> Self:
        import docker

        self.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "none", self.data], check=True)
        try:
            self.start()
            with engine() as other, closing(docker.DockerClient(self.host)) as own:
                own.images.load(b"".join(other.images.get(IMAGE).save(named=True)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        subprocess.run(["umount", "-l", self.data], check=True)
