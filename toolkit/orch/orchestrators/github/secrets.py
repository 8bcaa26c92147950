"""What GitHub takes as the name of a secret."""

from __future__ import annotations

import re
from typing import Final

from orch.errors import PipelineError

# https://docs.github.com/actions/reference/security/secrets#naming-your-secrets; GITHUB_TOKEN is there without being made.
_SECRET: Final = re.compile(r"(?![Gg][Ii][Tt][Hh][Uu][Bb]_)[A-Za-z_][A-Za-z0-9_]*|GITHUB_TOKEN", re.ASCII)


def secret_problem(who: str, secret: str) -> PipelineError | None:
    """Why the secret that `who` wants cannot be one, or None."""
    if _SECRET.fullmatch(secret):
        return None
    hint = "letters, digits and '_', no leading digit or 'GITHUB_'"
    return PipelineError(f"{who} wants the secret {secret!r}, which is not a name that GitHub takes", hint=hint)
