"""Command lines that are killed: a process that has orch loaded forks one for each, so that hundreds of them take seconds.

As a program, it answers one line of JSON on stdin with one on stdout; `Killable` is the other side of that.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

HERE: Final = Path(__file__).parent
EFFECTS: Final = HERE / "effects"


class Ended(NamedTuple):
    """The exit code is negative for a signal."""

    code: int
    out: str
    err: str
    effects: dict[str, list[str]]  # their names, by whose they are: `own` of the command's process, `workers`
    begin: int  # how many of the command's own come before the first of a worker

    @property
    def record(self) -> Any:
        return json.loads(self.out.splitlines()[-1])


class Killable:
    def __init__(self) -> None:
        path = os.pathsep.join([str(EFFECTS), str(HERE.parents[1] / "toolkit")])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "killable.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __call__(self, folder: Path, *arguments: str, kill: str = "", after: float | None = None) -> Ended:
        """Run `orch ARGUMENTS` in `folder`; kill it as `kill` says (see effects/sitecustomize.py), or `after` so many seconds."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(folder), arguments, kill, after]) + "\n")
        self._process.stdin.flush()
        code = json.loads(self._process.stdout.readline())
        lines = (folder / "effects.txt").read_text().splitlines() if (folder / "effects.txt").is_file() else []
        made = [line.split() for line in lines]
        begin = next((number for number, (_, who) in enumerate(made) if who == "workers"), len(made))
        effects = {who: [name for name, owner in made if owner == who] for who in ("own", "workers")}
        return Ended(code, (folder / "out.txt").read_text(), (folder / "err.txt").read_text(), effects, begin)


def serve() -> None:
    import orch.cli.main
    import orch.cli.run
    import orch.orchestrators.github.repository
    import orch.stacks.edit
    import orch.stacks.load  # noqa: F401

    for line in sys.stdin:
        folder, arguments, kill, after = json.loads(line)
        for name in ("effects.txt", "out.txt", "err.txt"):
            Path(folder, name).unlink(missing_ok=True)
        pid = os.fork()
        if not pid:
            child(folder, arguments, kill)
        for name in ("out.txt", "err.txt"):
            Path(folder, name).touch()
        if after is not None:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


def child(folder: str, arguments: Sequence[str], kill: str) -> None:
    import sitecustomize  # type: ignore[import-not-found]  # the one in `effects`

    from orch.cli.main import main

    code = 70
    try:
        os.chdir(folder)
        for descriptor, name in ((1, "out.txt"), (2, "err.txt")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644), descriptor)
        Path("tmp").mkdir(exist_ok=True)
        os.environ |= {
            "ORCH_TEST_EFFECTS": f"{folder}/effects.txt",
            "ORCH_TEST_KILL": kill or "nobody:-1:",
            "TMPDIR": str(Path(folder, "tmp")),
        }
        sitecustomize.install_from(os.environ)
        code = main(arguments)
        sys.stdout.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
