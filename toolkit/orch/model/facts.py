"""What a step's result depends on besides its arguments, as gathered on one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facts:
    """`code`, `packages`, `texts` and `blind` are digests of documents, which many steps share.

    The code document names what the step reaches of the project's sources by the digests of their normalised forms, the
    packages document maps each distribution that this code needs to its version. `texts` names the same sources by the
    digests of their bytes: it is there to show what changed, and not part of the key. Nor is `blind`, which lists what cannot
    be followed in them, as `path:line: text`; it is empty where there is nothing.
    """

    code: str
    packages: str
    python: str  # as `3.11`
    platform: str  # as `linux-x86_64`
    files: Mapping[str, str] = field(default_factory=dict)  # declared files: POSIX path from the project root -> digest
    reads_logical_date: bool = False  # its code asks for the logical date of the run
    blind: str = ""
    texts: str = ""
    image: str = ""  # of a step in a container, the image's digest: then packages, Python and platform are the image's, and empty here
