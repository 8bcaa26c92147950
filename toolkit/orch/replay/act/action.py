"""Which actions a compiled workflow uses, and the folder that each of them comes from on this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from orch.errors import OrchError, SettingsError, UnsupportedError, UsageError, Where, raise_problems
from orch.stacks.settings import FILE
from orch.workflow.actions import check_inputs, known_actions

# act makes checkout itself, as a copy of the working tree.
_MADE_BY_ACT: Final = frozenset(("actions/checkout",))
_STAND_INS: Final = frozenset(("actions/cache", "actions/download-artifact", "actions/upload-artifact"))
# https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
_FILES_OF_ACTION: Final = ("action.yml", "action.yaml", "Dockerfile")
_USED: Final = re.compile(r"(?P<repository>[^/@]+/[^/@]+)(?:/[^@]*)?@(?P<ref>.+)")


def package() -> Path:
    """The folder of `orch` itself."""
    return Path(str(resources.files("orch")))


def checkout_root() -> Path:
    """The root of this toolkit's repository, or where a wheel keeps what belongs to the action."""
    inside = package() / "_action"
    return inside if inside.is_dir() else package().parents[1]


def compose(into: Path) -> Path:
    """Our own action as a repository would hold it: `action.yml`, `actions/`, `toolkit/orch`."""
    root = checkout_root()
    into.mkdir(parents=True)
    shutil.copy2(root / "action.yml", into / "action.yml")
    shutil.copytree(root / "actions", into / "actions")
    shutil.copytree(package(), into / "toolkit" / "orch", ignore=shutil.ignore_patterns("__pycache__", "_action"))
    return into


def local_repositories(workflow: str, action: Path) -> dict[str, Path]:
    """`owner/name@ref` of every action that `workflow` or our `action` uses -> the folder that stands in for it."""
    texts = [workflow, *(file.read_text(encoding="utf-8") for file in sorted(action.rglob("action.yml")))]
    found: dict[str, Path] = {}
    problems: list[OrchError] = []
    for step in (step for text in texts for step in job_steps(yaml.safe_load(text))):
        uses = step.get("uses", "")
        parts = _USED.fullmatch(uses)
        if uses.startswith("./") or not parts:
            continue
        repository, ref = parts["repository"], parts["ref"]
        problems += check_inputs(uses, step.get("with", {}))
        if repository in _MADE_BY_ACT:
            continue
        if repository in _STAND_INS:
            found[f"{repository}@{ref}"] = package() / "replay" / "act" / "stand_ins" / repository.partition("/")[2]
        elif repository in known_actions() or repository.startswith("actions/"):
            hint = f"it has some for {', '.join(sorted(_STAND_INS))}"
            problems.append(UnsupportedError(f"orch act has no stand-in for {uses!r}", hint=hint))
        else:
            found[f"{repository}@{ref}"] = action
    raise_problems(problems)
    return found


def absent(workflow: str, tree: Path) -> Iterator[OrchError]:
    """Actions that `workflow` takes from its own repository, of which `tree` is a copy, and that are not there."""
    uses = dict.fromkeys(step.get("uses", "") for step in job_steps(yaml.safe_load(workflow)))
    missing = [name for name in uses if name.startswith("./") and not any((tree / name / file).is_file() for file in _FILES_OF_ACTION)]
    if "./" in missing:  # and with it all that belongs to it
        hint = f"`action: ./` of {FILE} is for the repository of the action itself: without it `orch act` brings the action"
        yield SettingsError("the workflow uses the action './', and this repository has no action.yml", hint=hint, where=Where(FILE))
        return
    for name in missing:
        message = f"the workflow uses the action {name!r}, and this repository has none there"
        yield UsageError(message, hint=f"write {name.rstrip('/')}/action.yml, and let git know of it")


def job_steps(document: Any) -> Iterator[dict[str, Any]]:
    """The job steps of a workflow or of a composite action."""
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", ())
    yield from document.get("runs", {}).get("steps", ())


def labels(workflow: str) -> Iterable[str]:
    """Every runner label that `workflow` asks for."""
    asked = [job.get("runs-on", []) for job in yaml.safe_load(workflow)["jobs"].values()]
    lists = [[one] if isinstance(one, str) else one["labels"] if isinstance(one, dict) else one for one in asked]
    return sorted({label for one in lists for label in ([one] if isinstance(one, str) else one)})
