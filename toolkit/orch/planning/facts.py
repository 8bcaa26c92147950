"""What the results of a graph's steps depend on besides their arguments, as found on this machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orch import system
from orch.authoring.project import Project
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.graph import Graph

_SKIPPED: Final = {"__pycache__", "node_modules", "site-packages"}


@dataclass(frozen=True, slots=True)
class Gathered:
    """`documents` are the bytes behind the digests that facts name; `sources` are files by the digest of their bytes.

    Whoever keeps both where `changes` can read them makes later differences explicable.
    """

    facts: Mapping[str, Facts]  # by step
    documents: Mapping[str, bytes]
    sources: Mapping[str, Path | bytes]


def gather(graph: Graph, project: Project, *, steps: Collection[str] | None = None, memory: Path | None = None) -> Gathered:  # noqa: ARG001
    """The facts of `steps`, or of all; `memory` is a file in which what was learnt of files that did not change is kept."""
    documents: dict[str, bytes] = {}
    sources: dict[str, Path | bytes] = {}
    code: dict[str, str] = {}
    for folder, folders, names in os.walk(project.git_root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(name for name in names if name.endswith(".py")):
            file = Path(folder, name)
            code[project.relative(file)] = digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
            sources[digest] = file
    packages = {distribution.name: distribution.version for distribution in importlib.metadata.distributions()}
    facts = Facts(
        code=_document(documents, code),
        packages=_document(documents, packages),
        python=f"{sys.version_info[0]}.{sys.version_info[1]}",
        platform=f"{sys.platform}-{system.architecture()}",
        texts=_document(documents, code),
    )
    wanted = [step.id for step in graph.steps] if steps is None else steps
    return Gathered(dict.fromkeys(wanted, facts), documents, sources)


def _document(documents: dict[str, bytes], content: Json) -> str:
    data = canonical.dumps(content).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    documents[digest] = data
    return digest
