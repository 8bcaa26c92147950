"""docs/errors.md explains every error code, under its exit code, and no other; what it shows of each is what is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from support import pages
from support.command_line import CommandLine

from orch import errors
from orch.authoring.load import separate_modules
from orch.errors import ExitCode, OrchError, Problems

NAME: Final = "docs/errors.md"
PAGE: Final = pages.text(NAME)
BLOCKS: Final = pages.blocks(NAME, "console", "text", "python")

GOOD: Final = """\
from orch import ResourceSettings, pipeline, step


@step
def load(rows: int) -> list[int]:
    return list(range(rows))


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@pipeline
def churn(rows: int = 1000) -> None:
    total(load(rows))
"""


@dataclass(frozen=True)
class Example:
    """`line` is typed where GOOD is `pipeline.py`, with `edits` in it, and `files` beside it; `before` has been typed.

    Of what is printed the page shows what `shown` takes.
    """

    line: str
    edits: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    shown: str = "(.*)"
    then: tuple[str, str, str] = ("", "", "")  # a file that `before` wrote, and what is replaced in it


BODY: Final = "    total(load(rows))"
FAILED: Final = r"\n(\w+ failed(?: \([^\n]*\))?: [^\n]*\n(?:  [^\n]*\n)*)"
FIRST: Final = r"(?:^|\n)([^\n]*error: .*?\n  help: .*?\n)"
RUN: Final = "orch run pipeline.py"
MIRROR: Final = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "url.file:///mirror/.insteadOf",
    "GIT_CONFIG_VALUE_0": "https://github.com/",
}
# As little as git takes for a repository.
GIT: Final = {".git/HEAD": "ref: refs/heads/main\n", ".git/objects/x": "", ".git/refs/x": ""}
STEP_RUN: Final = "orch step run --graph .github/orch/churn.json --step total --inputs inputs --outputs outputs --record record"
EXAMPLES: Final = {
    "step-failed": Example(RUN, {"return sum(numbers)": "raise ValueError('no numbers')"}, shown=FAILED),
    "input-missing": Example(STEP_RUN, before="compile pipeline.py"),
    "materialization": Example(RUN, {"return list(range(rows))": "return (row for row in range(rows))"}, shown=FAILED),
    "usage": Example("orch run pipeline.py --stp load"),
    "settings": Example("orch stack list", files={"orch.yaml": "active: local\nstack: {}\n"}),
    "file-name": Example("orch compile pipeline.py", {"@pipeline": "@pipeline(requirements='envs\\\\prod.txt')"}),
    "parameter": Example("orch run pipeline.py --set rows=many"),
    "secret-missing": Example(RUN, {"@step\ndef load": "@step(secrets=['HF_TOKEN'])\ndef load"}),
    "secrets-file": Example(RUN, {"@step\ndef load": "@step(secrets=['HF_TOKEN'])\ndef load"}, {".env.orch": "HF_TOKEN=x\n", **GIT}),
    "record": Example("orch runs show", files={".orch/runs/20261121-101500-1a2b3c/run.json": '{"schema":1,"kind":"run"'}),
    "pipeline": Example(RUN, {BODY: "    total(load(rows))\n    1 / 0"}),
    "load": Example("orch run pipeline.py:chrun"),
    "run-on-import": Example(RUN, {BODY: f"{BODY}\n\n\nchurn()"}),
    "graph": Example(RUN, {BODY: "    pass"}),
    "graph-cycle": Example(RUN, {BODY: "    total(load(rows, after='total'))"}),
    "step-duplicate": Example(RUN, {BODY: f"{BODY}\n    load(rows, id='Load')"}),
    "step-unknown": Example(RUN, {BODY: "    total(load(rows, after='lock'))"}),
    "argument": Example(RUN, {BODY: "    total(load())"}),
    "map": Example(RUN, {BODY: "    total.map(5)"}),
    "not-serializable": Example(RUN, {"def load(rows: int)": "def load(rows: object)", BODY: "    total(load(print))"}),
    "condition": Example(
        RUN,
        {
            "from orch import ResourceSettings, pipeline, step\n": "from orch import pipeline, step, when\n",
            BODY: "    with when(total(load(rows)) > 'high'):\n        load(rows, id='again')",
        },
    ),
    "value-not-known-yet": Example(RUN, {BODY: "    if total(load(rows)) > 0:\n        load(rows, id='again')"}),
    "step-reference": Example(RUN, {BODY: "    @step\n    def draw() -> list[int]: ...\n\n    total(draw())"}),
    "files": Example(RUN, {"@step\ndef load": "@step(files=['data/*.csv'])\ndef load"}),
    "unsupported": Example("orch compile pipeline.py", {"@step\ndef load": "@step(resources=ResourceSettings(gpu_count=1))\ndef load"}),
    "limit": Example("orch compile pipeline.py", {"@step\ndef load": "@step(timeout='7h')\ndef load"}),
    "unreleased-action": Example("orch check", before="compile pipeline.py", files={"orch.yaml": "pipelines: [pipeline.py]\n"}),
    "pin": Example(
        "orch pin --adopt",
        before="compile pipeline.py",
        files={"orch.yaml": "pipelines: [pipeline.py]\n"},
        shown=FIRST,
        then=(".github/workflows/churn.yml", r"actions/checkout@[0-9a-f]{40}.*", "actions/checkout@v7"),
    ),
    "drift": Example("orch check pipeline.py", shown=FIRST),
    "store": Example(RUN, files={".orch": "a file"}),
    "remote": Example("orch pin", environment=MIRROR),
    "tool-missing": Example("orch graph pipeline.py --output churn.svg", environment={"PATH": "/nowhere"}),
    "tool-failed": Example("orch compile", files={".git/HEAD": "ref: refs/heads/main\n"}),
}
# What differs from run to run and from machine to machine.
VARYING: Final = ((r"\d{8}-\d{6}-[0-9a-f]{6}", "20261121-101500-1a2b3c"), (r"0x[0-9a-f]+", "0x7f3a"))
# What is said by an engine of containers, or of one: tests/contract/test_docker.py shows each on a real one.
OF_ENGINES: Final = {"engine", "image", "registry", "disk-full", "target"}


def subclasses(kind: type[OrchError]) -> Iterator[type[OrchError]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from subclasses(inner)


# Several problems are shown one by one, each under its own code.
ERRORS = [kind for kind in subclasses(OrchError) if kind is not Problems]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ERRORS]

    assert len(codes) == len(set(codes))
    assert OrchError.code not in codes
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_every_code_is_explained_under_its_exit_code_and_no_other_is() -> None:
    explained: dict[str, int] = {}
    for section in PAGE.split("\n## Exit code ")[1:]:
        if found := re.match(r"(\d+):", section):
            explained |= dict.fromkeys(re.findall(r"^### `(.+)`$", section, re.MULTILINE), int(found[1]))

    assert explained == {kind.code: int(kind.exit_code) for kind in ERRORS} | {"bug": 70}


def test_each_explanation_says_something() -> None:
    for text in re.split(r"^### .*$", PAGE, flags=re.MULTILINE)[1:]:
        assert len(text.partition("\n## ")[0].split()) > 10


def test_the_table_of_exit_codes_is_the_frozen_one() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)

    assert {name: int(code) for code, name in rows} == {code.name: int(code) for code in ExitCode}
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 70, 130]


def section(code: str, page: str) -> str:
    """The text under the code's heading."""
    found = re.search(rf"^### `{code}`\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, f"{NAME} has no heading for {code}"
    return found[1]


def test_every_explanation_has_an_example() -> None:
    assert {kind.code for kind in ERRORS} - set(EXAMPLES) == OF_ENGINES
    assert [block.language for block in BLOCKS] == ["text", "python", *["console"] * len(EXAMPLES)]
    assert any(BLOCKS[0].text in block.text for block in BLOCKS[2:])
    assert BLOCKS[1].text == GOOD


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_example_is_what_is_printed(
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    page = pages.text(NAME)
    now = section(code, page)

    printed = play(EXAMPLES[code], tmp_path / "project", monkeypatch, CommandLine(capsys))

    assert f"[{code}]" in printed or EXAMPLES[code].shown == FAILED or code == "input-missing"
    block = f"```console\n{mistakes(EXAMPLES[code])}$ {EXAMPLES[code].line}\n{printed}```\n"
    text = re.sub(r"```console\n.*?```\n", lambda _: block, now, flags=re.DOTALL) if "```console" in now else f"{now.rstrip()}\n\n{block}\n"
    golden(pages.ROOT / NAME, page.replace(now, text))


def play(example: Example, project: Path, monkeypatch: pytest.MonkeyPatch, orch: CommandLine) -> str:
    """What the page shows of it."""
    code = GOOD
    for old, new in example.edits.items():
        assert old in code
        code = code.replace(old, new)
    for name, text in {".git/HEAD": "", "pipeline.py": code, **example.files}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
        (project / name).chmod(0o600)
    monkeypatch.chdir(project)
    for name, value in example.environment.items():
        monkeypatch.setenv(name, value)
    with separate_modules():
        if example.before:
            assert orch(*example.before.split()).code == 0
        name, old, new = example.then
        if name:
            (project / name).write_text(re.sub(old, new, (project / name).read_text()))
        outcome = orch(*example.line.split()[1:])
    assert outcome.code
    text = (outcome.out + outcome.err).replace(str(project), "/home/me/project")
    for pattern, fixed in VARYING:
        text = re.sub(pattern, fixed, text)
    found = re.search(example.shown, text, re.DOTALL)
    assert found, text
    return ("...\n" if found.start(1) else "") + found[1] + ("...\n" if found.end(1) < len(text) else "")


def mistakes(example: Example) -> str:
    """The lines of the pipeline that make the difference, as comments."""
    lines = [next(line for line in new.splitlines() if line not in GOOD) for new in example.edits.values()]
    return "".join(f"# pipeline.py: {line.strip()}\n" for line in lines)
