"""The pipeline that `orch init` makes for a repository that has none: small, of the standard library alone, and at once a picture."""

from __future__ import annotations

import json
import keyword
import re
import shlex
import sys
from typing import Final

from orch.errors import UsageError
from orch.names import pipeline_name_problem, suggest_id, workflow_path

NAME: Final = "darts"

_SOURCE: Final = '''\
"""Darts that hit a square anywhere tell how much of it a quarter of a circle covers, and so what pi is.

orch run @PATH@
orch run @PATH@ --set darts=100000
"""

from __future__ import annotations

import random

from orch import PullRequest, Push, pipeline, step

PATHS = @PATHS@


@step
def throw(darts: int, seed: int) -> list[list[float]]:
    """Where each dart hits the square, from 0 to 1."""
    dice = random.Random(seed)
    return [[dice.random(), dice.random()] for _ in range(darts)]


@step
def estimate(hits: list[list[float]]) -> float:
    """Pi, as far as these darts know it."""
    inside = sum(x * x + y * y <= 1 for x, y in hits)
    return 4 * inside / len(hits)


@step(keep=True)
def draw(hits: list[list[float]], pi: float) -> str:
    """The board and what it says."""
    board = [[" "] * 40 for _ in range(20)]
    for x, y in hits:
        board[int(20 * y)][int(40 * x)] = "o" if x * x + y * y <= 1 else "."
    picture = "\\n".join("".join(row) for row in reversed(board))
    report = f"{picture}\\n{len(hits)} darts say that pi is {pi:.4f}"
    print(report)
    return report


@pipeline(triggers=[Push(branches=[@BRANCH@], paths=PATHS), PullRequest(paths=PATHS)])
def @NAME@(darts: int = 600, seed: int = 7) -> None:
    hits = throw(darts, seed)
    draw(hits, estimate(hits))


if __name__ == "__main__":
    @NAME@()
'''
_TAKEN: Final = frozenset(("orch", "random", "step", "pipeline", "throw", "estimate", "draw", "Push", "PullRequest", "PATHS"))


def check_name(name: str) -> str:
    """`name`; raises UsageError where a file, function and workflow cannot be called so."""
    if problem := _problem(name):
        plain = suggest_id(name)
        raise UsageError(f"--name: {problem}", hint=f"--name {f'{plain}_pipeline' if _problem(plain) else plain}")
    return name


def _problem(name: str) -> str | None:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _TAKEN or name in sys.stdlib_module_names:
        return f"{name!r} is a name of Python or of the example itself"
    return pipeline_name_problem(name)


def path_of(folder: str, name: str) -> str:
    """Where the example lies; `folder` is the project's, both from the git root."""
    return f"{'' if folder == '.' else f'{folder}/'}pipelines/{name}.py"


def source(path: str, name: str, branch: str) -> str:
    """The module; `path` from the git root, `branch` is the one that pull requests go to."""
    globs = [f"{path.rpartition('/')[0]}/**", workflow_path(name)]
    words = {
        "PATH": shlex.quote(path) if path.isprintable() and not {'"', "\\"}.intersection(path) else "FILE",
        "PATHS": json.dumps(globs, ensure_ascii=False),
        "BRANCH": json.dumps(branch),
        "NAME": name,
    }
    return re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], _SOURCE)
