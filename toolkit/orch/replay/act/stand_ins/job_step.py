"""What every stand-in does: read its inputs, refuse what the real action would not know, set outputs, fail.

The stand-ins run on the interpreter that called `orch act`, one process for each use, with nothing but the standard
library.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn


class Refused(Exception):
    """The real action would fail here."""


class Inputs:
    """The inputs of one use of an action, with the defaults of its `action.yml`."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: "" if value is None else str(value) for name, value in values.items()}

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "").strip()

    def required(self, name: str) -> str:
        if not self[name]:
            raise Refused(f"Input required and not supplied: {name}")
        return self[name]

    def flag(self, name: str) -> bool:
        text = self[name]
        if text not in ("true", "True", "TRUE", "false", "False", "FALSE"):
            raise Refused(f"Input does not meet YAML 1.2 'Core Schema' specification: {name}")
        return text.lower() == "true"

    def one_of(self, name: str, *choices: str) -> str:
        if self[name] not in choices:
            raise Refused(f"Unrecognized {name} input. Provided: {self[name]}. Available options: {', '.join(choices)}")
        return self[name]


def environment_inputs(environ: Mapping[str, str]) -> Inputs:
    """The inputs that the `action.yml` hands over."""
    return Inputs(json.loads(environ["INPUTS"]))


def perform(action: Callable[[Inputs, Mapping[str, str]], dict[str, str]]) -> NoReturn:
    """Run one stand-in with this process's environment, and end the process."""
    try:
        outputs = action(environment_inputs(os.environ), os.environ)
    except Refused as refused:
        sys.stdout.write(f"::error::{str(refused).replace('%', '%25').replace(chr(10), '%0A')}\n")
        sys.exit(1)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    sys.exit(0)
