"""Guards for every test: no ambient CI environment anywhere; no processes, sockets or home folder in tests/unit."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest
from hypothesis import HealthCheck, settings
from support import shown
from support.action_repositories import ActionRepositories
from support.docker import requires_docker
from support.github_parser import GitHubParser
from support.ran import Ran
from support.tools import requires_tool

from orch.orchestrators.local.home import RunFolder

if TYPE_CHECKING:
    from support.stores import Servers

UNIT: Final = Path(__file__).parent / "unit"
BASE: Final = pytest.StashKey[Path]()
# Files of tests about what Windows has not: signals, forks, control groups, locks of another kind.
_POSIX: Final = """
    integration/test_kill*.py integration/test_odd_steps.py integration/test_timeouts.py integration/test_step_safety.py
    unit/system/test_control_groups.py unit/system/test_descendants.py unit/test_locks.py
    unit/runtime/test_failures.py unit/runtime/test_interrupts.py
"""
collect_ignore_glob: Final = _POSIX.split() if os.name == "nt" else []
SCRUBBED_PREFIXES: Final = ("ACTIONS_", "AWS_", "AZURE_", "GITHUB_", "GOOGLE_", "INPUT_", "ORCH_", "RUNNER_")
# The last: what steps leave beside their modules is there for people, too.
SCRUBBED: Final = ("CI", "FORCE_COLOR", "NO_COLOR", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")

# A deadline measures the machine, and so does who finds examples slow to make; what a failing one needs to be found again stands in
# pytest's output.
settings.register_profile("orch", deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orch")


class ForbiddenInUnitTests(AssertionError):
    """A unit test reached for the world."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files with what the code makes now")


@pytest.fixture(scope="session")
def update_golden(pytestconfig: pytest.Config) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(pytestconfig.getoption("--update-golden"))


@pytest.fixture
def golden(update_golden: bool) -> Callable[[Path, str], None]:
    """Compare a text with its golden file, or rewrite the file with --update-golden."""

    def compare(path: Path, text: str) -> None:
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        expected = path.read_bytes().decode() if path.is_file() else ""

        assert expected == text, f"{path.name} differs: look at the difference, then `pytest --update-golden`"

    return compare


@pytest.fixture(scope="session")
def github_parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubParser]:
    """GitHub's own parser; a test that asks for it is skipped where node or its packages are missing."""
    with GitHubParser(tmp_path_factory.mktemp("parser")) as parser:
        yield parser


@pytest.fixture
def action_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ActionRepositories:
    """Repositories of actions on this disk, which git takes for those on github.com."""
    return ActionRepositories(tmp_path / "github.com", monkeypatch)


@pytest.fixture(scope="session")
def object_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """For tests that are marked with what they need of it."""
    from support.stores import Servers  # brings three drivers

    with Servers(tmp_path_factory.mktemp("stores")) as servers:
        yield servers


def pytest_runtest_setup(item: pytest.Item) -> None:
    if os.name == "nt" and any(map(item.get_closest_marker, ("posix", "act", "docker"))):
        pytest.skip("Windows has no signals, forks or bash that this could be shown with")
    if item.get_closest_marker("act"):
        requires_tool("act")
    if item.get_closest_marker("docker"):
        requires_docker()
    for marker in (*item.iter_markers("tools"), *item.iter_markers("stores")):
        for name in marker.args:
            requires_tool(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a test that failed has what its runs under act have said."""
    report = yield
    if report.failed and isinstance(item, pytest.Function) and item.get_closest_marker("act"):
        looked_at = [value for value in item.funcargs.values() if isinstance(value, Ran)]
        runs = [*(RunFolder(ran.folder) for ran in looked_at), *shown.runs_below(item.config.stash[BASE], since=call.start)]
        report.sections += [(f"run {run.run_id} under act", shown.told(run)) for run in runs]
    return report


@pytest.fixture(scope="session", autouse=True)
def base_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where reports find the folders of all tests and fixtures."""
    pytestconfig.stash[BASE] = tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session", autouse=True)
def scrubbed_session() -> Iterator[None]:
    """For fixtures that run before those of a test."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _scrub(monkeypatch)
        yield


@pytest.fixture(autouse=True)
def scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a runner and on a laptop a test sees the same environment."""
    _scrub(monkeypatch)


def _scrub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in SCRUBBED or name.startswith(SCRUBBED_PREFIXES):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_effects_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that starts a process, opens a socket or looks into the home folder says so, and what to do instead."""
    if not request.path.is_relative_to(UNIT):
        return

    def forbid(what: str, instead: str) -> Callable[..., NoReturn]:
        def refuse(*_args: object, **_kwargs: object) -> NoReturn:
            raise ForbiddenInUnitTests(f"tests/unit {what}: {instead}, or move the test to tests/integration")

        return refuse

    process = forbid("starts no process", "pass what the program would answer")
    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
        monkeypatch.setattr(os, name, process, raising=False)
    monkeypatch.setattr(subprocess.Popen, "__init__", process)

    network = forbid("opens no socket", "pass a client that answers from memory")
    for name in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, network)
    monkeypatch.setattr(socket, "getaddrinfo", network)

    home = forbid("does not know the home folder", "pass a folder, as `tmp_path`")
    monkeypatch.setattr(pathlib.Path, "home", home)
    monkeypatch.setattr(pathlib.Path, "expanduser", home)
    monkeypatch.setattr(os.path, "expanduser", home)
    monkeypatch.setenv("HOME", "/the-home-folder-is-forbidden-in-tests-unit")


@pytest.fixture(autouse=True)
def separate_projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A module that one test loads of its own folder is not in the way of the next test's, in whatever process and order they run."""
    modules, paths = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = paths
    folder = str(tmp_path_factory.getbasetemp())
    for name in sys.modules.keys() - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]
