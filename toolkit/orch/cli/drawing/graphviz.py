"""Graphviz's `dot`, the program that lays out and draws."""

from __future__ import annotations

import subprocess
from typing import Final, Literal

from orch.errors import ToolFailedError, ToolMissingError

_OPTIONS: Final[dict[str, list[str]]] = {"svg": [], "png": ["-Gdpi=144"]}  # sharp on today's screens


def draw(text: str, kind: Literal["svg", "png"]) -> bytes:
    """The picture of `text`; the same bytes on one machine. An SVG begins with its element, so that a page can hold it."""
    try:
        done = subprocess.run(["dot", f"-T{kind}", *_OPTIONS[kind]], input=text.encode(), capture_output=True, check=False)
    except FileNotFoundError as error:
        hint = "`sudo apt install graphviz`, `brew install graphviz` or `winget install graphviz`; --format mermaid needs no program"
        raise ToolMissingError("Graphviz's dot, which draws pictures, is not on this machine", hint=hint) from error
    if done.returncode != 0:
        message = f"Graphviz's dot ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
        raise ToolFailedError(message, hint="--format mermaid needs no program")
    # The prologue names Graphviz's version and the address of a DTD.
    return done.stdout[done.stdout.index(b"<svg") :] if kind == "svg" else done.stdout
