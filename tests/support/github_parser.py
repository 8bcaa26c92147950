"""GitHub's own parser of workflow files (npm `@actions/workflow-parser`), bundled when the tests start and kept alive for all of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from support.tools import requires_tool

SOURCE: Final = Path(__file__).parents[1] / "parser" / "main.js"


class GitHubParser:
    """One node process that answers a line of JSON with a line of JSON."""

    def __init__(self, folder: Path) -> None:
        node, esbuild = requires_tool("node"), requires_tool("esbuild")
        bundle = folder / "parser.cjs"
        # node cannot import the packages as they are: they import JSON without an import attribute (actions/languageservices#387).
        options = ["--bundle", "--platform=node", "--format=cjs", "--log-level=warning", f"--outfile={bundle}"]
        subprocess.run([esbuild, str(SOURCE), *options], check=True, cwd=SOURCE.parent)
        self._process = subprocess.Popen([node, str(bundle)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def errors(self, name: str, text: str) -> list[str]:
        """What GitHub would refuse in a workflow, or in an action if `name` ends with action.yml."""
        errors: list[str] = self._ask({"name": name, "text": text})["errors"]
        return errors

    def evaluate(self, expression: str, context: Mapping[str, Any], **functions: bool) -> Any:
        """The value of an expression, without its `${{ }}`; `functions` are the answers of `cancelled()` and its like."""
        answer = self._ask({"expression": expression, "context": context, "functions": functions})
        if "errors" in answer:
            raise ValueError(answer["errors"])
        return answer["value"]

    def read(self, text: str) -> Any:
        """The plain data of a YAML file, as GitHub reads it: by YAML 1.2, where PyYAML reads by 1.1."""
        answer = self._ask({"yaml": text})
        if "errors" in answer:
            raise ValueError(answer["errors"])
        return answer["value"]

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate()
