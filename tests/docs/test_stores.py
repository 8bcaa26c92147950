"""docs/stores.md shows what a run leaves behind."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

import pytest
import yaml
from support import pages
from support.command_line import CommandLine
from support.stores import BUCKET, S3, Servers

from orch.authoring.load import separate_modules
from orch.errors import StoreError
from orch.stores.local import LocalStore
from orch.transports import open_transport

(STACK,) = (block.text for block in pages.blocks("docs/stores.md", "yaml"))
(POLICY,) = (block.text for block in pages.blocks("docs/stores.md", "json"))
(LAYOUT,) = (block.text for block in pages.blocks("docs/stores.md", "text"))
PIPELINE: Final = """
from pathlib import Path
from orch import pipeline, step

@step
def report() -> Path:
    print("written")
    Path("report.txt").write_text("x")
    return Path("report.txt")

@pipeline
def p() -> None:
    report()
"""


def shown() -> set[str]:
    """The paths of the tree, `*` for what differs from run to run."""
    found: set[str] = set()
    folders: list[tuple[int, str]] = []
    for line in LAYOUT.splitlines():
        depth, name = len(line) - len(line.lstrip()), line.split()[0]
        folders = [each for each in folders if each[0] < depth]
        path = "".join(folder for _, folder in folders) + re.sub(r"<\w+>", "*", name)
        if name.endswith("/"):
            folders.append((depth, re.sub(r"<\w+>", "*", name)))
        found.add(path)
    return found


def test_everything_that_is_shown_is_there_after_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "p.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    with separate_modules():
        assert CommandLine(capsys)("run", "p.py").code == 0

    assert [path for path in sorted(shown()) if path != ".orch/act/" and not list(tmp_path.glob(path))] == []


@pytest.mark.stores("versitygw")
def test_the_policy_allows_what_is_needed_and_the_stack_names_its_bucket(
    object_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = object_servers["s3"]
    assert isinstance(server, S3)
    server.add_user("alice", "alice-has-a-secret")
    stack = yaml.safe_load(STACK)["stacks"]["shared"]["artifact_store"]
    policy = json.loads(POLICY.replace("acme-pipelines", BUCKET))
    for name, value in {**server.environment("alice-has-a-secret"), "AWS_ACCESS_KEY_ID": "alice"}.items():
        monkeypatch.setenv(name, value)
    here, elsewhere = LocalStore(tmp_path / "here"), LocalStore(tmp_path / "elsewhere")
    digests = [here.put(b"one"), here.put(os.urandom(20_000_000))]
    transport = open_transport(stack.replace("acme-pipelines", BUCKET))

    def allow(statements: list[dict[str, object]]) -> None:
        granted = {**policy, "Statement": [{**each, "Principal": {"AWS": ["alice"]}} for each in statements]}
        server.files().call_s3("put_bucket_policy", Bucket=BUCKET, Policy=json.dumps(granted))

    allow(policy["Statement"][1:])
    with pytest.raises(StoreError, match="refuses the credentials"):
        transport.check()
    allow(policy["Statement"])
    transport.check()
    assert transport.has(digests) == set()
    transport.push(digests, here)
    transport.pull(digests, elsewhere)
    with pytest.raises(StoreError, match="refuses the credentials"):
        open_transport(f"s3://{BUCKET}/elsewhere").push(digests, here)
