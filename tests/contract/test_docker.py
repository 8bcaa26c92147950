"""What a Docker Engine does to steps, on a real one: refusals by name, containers that are killed, stopped and left, and who sees what."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from support.docker import IMAGE, OwnEngine, engine
from support.local import run_module
from support.modules import write
from support.ran import Ran

from orch.errors import OrchError
from orch.model.docker import DockerSettings
from orch.model.events import Event, StepOutput
from orch.model.records import StepRecord
from orch.model.states import State
from orch.orchestrators.local.away import Placement
from orch.runtime import tars
from orch.runtime.execute import Order, Setup
from orch.runtime.parcels import Parcel, parcel
from orch.stores.local import LocalStore
from orch.targets.contract import Spec
from orch.targets.docker import Docker

pytestmark = [pytest.mark.docker, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]
ORCH: Final = [sys.executable, "-m", "orch"]
TOOLKIT: Final = str(Path(__file__).parents[2] / "toolkit")


def run(folder: Path, code: str, image: str = IMAGE, *, docker: Mapping[str, Any] | None = None, **options: Any) -> Ran:
    """With a container for every step."""
    placement = Placement("docker", DockerSettings(parent_image=image, **(docker or {})))
    return run_module(folder, code, placement=placement, **options)


def left(run_id: str = "") -> list[str]:
    """The names of containers of a run, or of any."""
    with engine() as client:
        label = f"orch.run={run_id}" if run_id else "orch.run"
        return [container.name for container in client.containers.list(all=True, filters={"label": label})]


ONE: Final = """
    import os, sys, time
    @step{options}
    def one() -> int:
        {body}
        return 1
    @pipeline
    def lone() -> None: one()
"""


def one(body: str = "pass", options: str = "") -> str:
    return ONE.replace("{body}", body).replace("{options}", options)


# --- what is refused before a step runs ---


def refused(folder: Path, image: str) -> OrchError:
    with pytest.raises(OrchError) as caught:
        run(folder, one(), image)
    return caught.value


class Unwilling(BaseHTTPRequestHandler):
    """A registry that lets nobody in."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Www-Authenticate", 'Basic realm="nobody"')
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - as the server looks for it

    def log_message(self, *_: object) -> None: ...


class Empty(Unwilling):
    """A registry that has no image."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v2/" else 404)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - as the server looks for it


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of the engine's own machine, which it asks without TLS."""
    with HTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("registry", "code"), [(Unwilling, "registry"), (Empty, "image")], indirect=["registry"])
def test_an_image_that_its_registry_does_not_hand_out_is_told_before_any_step(tmp_path: Path, registry: str, code: str) -> None:
    error = refused(tmp_path, f"{registry}/churn:1")

    assert error.code == code
    assert f"{registry}/churn:1" in error.message
    assert error.hint


def test_a_registry_that_nobody_can_reach_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path, "127.0.0.1:1/churn:1")

    assert (error.code, "cannot be reached" in error.message) == ("registry", True)


def test_an_engine_that_does_not_answer_is_told_with_how_to_start_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")

    error = refused(tmp_path, IMAGE)

    assert error.code == "engine"
    assert f"unix://{tmp_path}/nobody.sock" in error.message
    assert "systemctl start docker" in error.hint


# --- what fails one step ---


@pytest.fixture
def image() -> Iterator[Callable[[str, bytes], str]]:
    """Makes the tests' image anew, with one more program."""
    made: list[str] = []
    with engine() as client:

        def make(path: str, program: bytes) -> str:
            container = client.containers.create(IMAGE)
            container.put_archive("/", tars.file(path.lstrip("/"), program, 0o755) + tars.END)
            made.append(container.commit(repository="orch-tests/made", tag=str(len(made))).id)
            container.remove()
            return made[-1]

        yield make
        for each in made:
            client.images.remove(each, force=True)


def test_an_older_python_is_told_by_its_first_words(tmp_path: Path, image: Callable[[str, bytes], str]) -> None:
    program = (
        b"#!/usr/bin/python3\nimport runpy, sys\nsys.version_info = (3, 10, 4)\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0])\n"
    )

    ran = run(tmp_path, one(), image("/usr/local/bin/python3", program))

    failure = ran["one"].failure
    assert failure is not None
    assert (failure.type, "older Python" in failure.message) == ("ImageError", True)
    assert "3.11" in ran.output("one")


def test_an_image_without_python_is_told(tmp_path: Path) -> None:
    ran = run(tmp_path, one(), docker={"environment": {"PATH": "/nowhere"}})

    failure = ran["one"].failure
    assert failure is not None
    assert (failure.cause, failure.type) == ("target", "ImageError")
    assert "has no 'python3' on its PATH" in failure.message


@pytest.mark.parametrize(
    ("options", "docker", "words"),
    [
        ("(resources=ResourceSettings(gpu_count=1))", {}, "has no driver for them"),
        ("(resources=ResourceSettings(cpu_count=1000))", {}, "Range of CPUs"),
        ("", {"network": "nowhere"}, "network nowhere not found"),
        ("", {"user": "somebody"}, "knows no user 'somebody'"),
    ],
)
def test_what_the_engine_cannot_do_fails_the_step_and_leaves_nothing(
    tmp_path: Path, options: str, docker: dict[str, str], words: str
) -> None:
    ran = run(tmp_path, one(options=options), docker=docker)

    failure = ran["one"].failure
    assert failure is not None
    assert (failure.cause, failure.type) == ("target", "TargetError")
    assert words in failure.message
    assert left(ran.record.info.run) == []


def test_a_step_that_takes_more_memory_than_it_asked_for_is_told_so(tmp_path: Path) -> None:
    ran = run(tmp_path, one("len(b'x' * (200 << 20))", "(resources=ResourceSettings(memory='64MB'))"))

    failure = ran["one"].failure
    assert failure is not None
    assert failure.cause in ("out-of-memory", "exception")
    assert "out of memory" in failure.message
    assert "64MB" in failure.message


def test_a_container_that_is_killed_from_outside_is_never_a_success(tmp_path: Path) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, StepOutput) and "started" in event.text:
            with engine() as client:
                (container,) = client.containers.list(filters={"label": "orch.pipeline=lone"})
                container.kill()

    ran = run(tmp_path, one("print('started', flush=True); time.sleep(600)"), watch=kill)

    failure = ran["one"].failure
    assert failure is not None
    assert "ended by SIGKILL from outside" in failure.message
    assert left(ran.record.info.run) == []


# --- who it is, and what can be seen ---


def test_the_caller_can_be_who_it_runs_as_and_has_places_to_write_to(tmp_path: Path) -> None:
    body = "open('own', 'w').close(); open(os.path.expanduser('~/x'), 'w').close(); print(os.getuid(), os.getgid())"

    ran = run(tmp_path, one(body), docker={"user": "4711:4712"})

    assert ran.states == {"one": "succeeded"}
    assert ran.output("one") == "4711 4712\n"
    assert not (tmp_path / "own").exists()


def test_no_secret_is_in_what_the_engine_shows(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(event: Event) -> None:
        if isinstance(event, StepOutput) and "started" in event.text:
            with engine() as client:
                (container,) = client.containers.list(filters={"label": "orch.pipeline=lone"})
                seen.append(json.dumps(container.attrs) + container.logs().decode())
                files, _ = container.get_archive("/orch")
                seen.append(b"".join(files).decode(errors="replace"))
                container.put_archive("/orch", tars.file("go", b"") + tars.END)

    body = "print('started', os.environ['TOKEN'], flush=True)\n        while not os.path.exists('/orch/go'): time.sleep(0.01)"
    ran = run(tmp_path, one(body, "(secrets=['TOKEN'])"), watch=look, environment={**os.environ, "TOKEN": "hunter2-of-the-host"})

    assert ran.states == {"one": "succeeded"}
    assert len(seen) == 2
    assert not any("hunter2-of-the-host" in each for each in seen)


def test_another_image_of_the_same_tag_runs_a_step_again_and_the_same_one_does_not(
    tmp_path: Path, image: Callable[[str, bytes], str]
) -> None:
    code = one()
    first, again = run(tmp_path, code), run(tmp_path, code)
    other = run(tmp_path, code, image("/etc/other", b"other"))

    assert [ran.states["one"] for ran in (first, again, other)] == ["succeeded", "cached", "succeeded"]
    assert "image" in other["one"].environment


# --- the ends of runs ---


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`orch run` of a step that lasts, once it has begun."""
    (folder / ".git").mkdir()
    (folder / "orch.yaml").write_text(f"active: d\nstacks: {{d: {{target: docker, docker: {{parent_image: '{IMAGE}'}}}}}}\n")
    write(folder, one("print('started', flush=True); time.sleep(600)"))
    environment = {**os.environ, "PYTHONPATH": TOOLKIT}
    with subprocess.Popen([*ORCH, "run", "pipeline.py"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("one | started" in line for line in process.stdout)
            yield process
        finally:
            process.kill()


def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        (folder,) = (tmp_path / ".orch/runs").iterdir()
        assert len(left(folder.name)) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130

    assert left(folder.name) == []
    assert json.loads((folder / "run.json").read_bytes())["state"] == "cancelled"


def test_what_a_killed_run_leaves_goes_with_orch_gc_and_not_before_it_has_ended(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        (folder,) = (tmp_path / ".orch/runs").iterdir()
        environment = {**os.environ, "PYTHONPATH": TOOLKIT}
        collect = [*ORCH, "gc", "--keep-last", "5"]
        subprocess.run(collect, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert len(left(folder.name)) == 1
        process.kill()

    assert len(left(folder.name)) == 1
    subprocess.run(collect, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert left(folder.name) == []
    assert not list(folder.glob("handles/*"))
    assert not (folder / "delivery").exists()


def test_many_steps_leave_no_container_network_or_volume(tmp_path: Path) -> None:
    code = """
        @step
        def leg(x: int) -> int: return x
        @pipeline
        def churn() -> None: leg.map(list(range(8)))
    """
    with engine() as client:
        before = {len(client.networks.list()), len(client.volumes.list())}
        ran = run(tmp_path, code, jobs=4)
        after = {len(client.networks.list()), len(client.volumes.list())}

    assert ran.record.state is State.SUCCEEDED
    assert (after, left(ran.record.info.run)) == (before, [])


# --- an engine that is in trouble ---


@pytest.fixture
def own_engine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnEngine]:
    with OwnEngine(tmp_path_factory.mktemp("e")) as own:
        monkeypatch.setenv("DOCKER_HOST", own.host)
        yield own


def test_an_engine_that_ends_in_the_middle_of_a_step_or_has_no_room_is_told(tmp_path: Path, own_engine: OwnEngine) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    def restart(event: Event) -> None:
        if isinstance(event, StepOutput) and "started" in event.text:
            own_engine.stop()
            own_engine.start()

    offline = {"network": "none"}
    restarted = run(tmp_path / "a", one("print('started', flush=True); time.sleep(600)"), docker=offline, watch=restart)
    assert left(restarted.record.info.run) == []
    (own_engine.data / "full").write_bytes(b"x" * shutil.disk_usage(own_engine.data).free)
    full = run(tmp_path / "b", one(), docker=offline)

    failures = [ran["one"].failure for ran in (restarted, full)]
    assert [failure and failure.type for failure in failures] == ["TargetError", "DiskFullError"]
    assert failures[0]
    assert "from outside, before the step was done" in failures[0].message


# --- a handle is all that another process needs ---


class Whole:
    """A delivery of a program that stands in for the runtime: it counts how often it ran, and leaves a record."""

    PROGRAM: Final = (
        b"print('ran', flush=True); import os; os.makedirs('/orch/made/store'); open('/orch/made/record.json', 'w').write(RECORD)"
    )

    def chunks(self, _parcel: Parcel, owner: tuple[int, int]) -> Iterator[bytes]:
        record = json.dumps(StepRecord("one", State.SUCCEEDED).to_json())
        program = self.PROGRAM.replace(b"RECORD", repr(record).encode())
        yield tars.folder("orch", owner) + tars.file("orch/runtime.zip", program, owner=owner) + tars.END


def test_a_second_submit_finds_the_first_and_another_process_takes_the_result(tmp_path: Path) -> None:
    setup = Setup(str(tmp_path), str(tmp_path), str(tmp_path), "", "run", "churn", "manual", 1, {}, True, [])
    name = f"orch-again-{tmp_path.name}-{os.getpid()}"
    sent = parcel(name, setup, Order({"id": "one"}, {}), {"environment": {}, "secrets": {}, "timeout": None})
    first, second = Docker(), Docker()
    spec = Spec(first.image(IMAGE), IMAGE, DockerSettings())
    try:
        handles = [target.submit(sent, spec, {"orch.run": name}, Whole()) for target in (first, second)]
        ended = second.wait(handles[0])

        assert handles[0] == handles[1]
        assert (ended.exit_code, second.wait(handles[0])) == (0, ended)
        assert b"".join(second.logs(handles[0])) == b"ran\n"
        record = second.take(json.loads(json.dumps(handles[0])), LocalStore(tmp_path))
        assert record is not None
        assert record.state is State.SUCCEEDED
        second.cancel(handles[0])
    finally:
        first.remove(first.handle(name))
        second.remove(first.handle(name))

    assert left(name) == []
    with pytest.raises(OrchError, match="is gone"):
        second.wait(handles[0])
