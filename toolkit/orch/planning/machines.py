"""Which Python and system a job will have, before it has started: as far as its label and the pipeline say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# https://docs.github.com/actions/reference/runners/github-hosted-runners, November 2026. Not `-latest` labels, which move.
_PLATFORMS: Final = (
    (re.compile(r"ubuntu-(?:\d\d\.\d\d|slim|latest)"), "linux-x86_64"),
    (re.compile(r"ubuntu-\d\d\.\d\d-arm"), "linux-aarch64"),
    (re.compile(r"windows-(?:20\d\d|latest)"), "win32-x86_64"),
    (re.compile(r"macos-\d\d-(?:intel|large)"), "darwin-x86_64"),
    (re.compile(r"macos-\d\d(?:-xlarge)?"), "darwin-arm64"),
)
# The system's own python3, of one minor version for the life of the distribution; where jobs ask for none, they take it.
_PYTHONS: Final = {"ubuntu-24.04": "3.12", "ubuntu-24.04-arm": "3.12"}
_MINOR: Final = re.compile(r"(?:==)?(3\.\d+)(?:\.(?:\d+|\*))?")


@dataclass(frozen=True, slots=True)
class Machine:
    """As `3.12` and `linux-x86_64`, in the form of `orch.model.facts`."""

    python: str
    platform: str


def expected_machine(label: str, python: str | None) -> Machine | None:
    """What the job of a step on a runner of `label` will have; None where nobody can know.

    `python` is what the pipeline asks for. Without it, a job takes the runner's own python3.
    """
    platform = next((platform for pattern, platform in _PLATFORMS if pattern.fullmatch(label)), None)
    version = exact_minor(python) if python else _PYTHONS.get(label)
    return Machine(version, platform) if platform and version else None


def exact_minor(python: str) -> str | None:
    """`3.12` of what asks for this version alone."""
    found = _MINOR.fullmatch(python.strip())
    return found[1] if found else None
