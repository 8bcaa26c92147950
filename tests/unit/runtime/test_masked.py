"""A step's record holds none of the secrets that the step knows, and names that hold one are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.runtime.masked import masked, masked_values, named_after, names_beside, names_in
from orch.runtime.redact import MASK, Redactor

SECRET = "12345678"
REDACT = Redactor([SECRET])


def artifact(preview: str = "", meta: object = None) -> Artifact:
    return Artifact(f"sha256:{SECRET * 8}", 1, "json", "builtins.str", preview=preview, meta=meta)


def test_whatever_a_step_had_a_say_in_is_masked() -> None:
    failure = Failure("exception", f"no {SECRET}", f"E{SECRET}", f"Traceback\n{SECRET}\n", f"{SECRET}.py", 3)
    metadata = {SECRET: 1, "number": 12345678, "text": f"a{SECRET}", "nested": {"list": [SECRET, 1.5, None]}}
    record = StepRecord(
        "s", State.FAILED, reason=SECRET, failure=failure, hook=failure, metadata=metadata, outputs={"output": artifact(f"'{SECRET}'")}
    )

    found = masked(record, REDACT)

    assert found.failure == found.hook == Failure("exception", f"no {MASK}", f"E{MASK}", f"Traceback\n{MASK}\n", f"{MASK}.py", 3)
    assert found.metadata == {MASK: 1, "number": MASK, "text": f"a{MASK}", "nested": {"list": [MASK, 1.5, None]}}
    assert (found.reason, found.outputs["output"].preview) == (MASK, f"'{MASK}'")
    assert SECRET not in canonical.dumps(found.to_json()).replace(f"sha256:{SECRET * 8}", "")


def test_a_digest_is_never_masked() -> None:
    record = StepRecord("s", State.SUCCEEDED, outputs={"output": artifact()})

    assert masked(record, REDACT) == record


def test_a_digest_that_holds_a_short_secret_by_chance_is_kept_and_a_secret_that_looks_like_one_is_not() -> None:
    digest, token = f"sha256:{'0' * 56}{SECRET}", "0123456789abcdef" * 4

    assert masked_values({"code": digest, "text": f"{digest}!"}, REDACT) == {"code": digest, "text": f"sha256:{'0' * 56}{MASK}!"}
    assert masked_values({"code": f"sha256:{token}"}, Redactor([token])) == {"code": f"sha256:{MASK}"}


def test_a_preview_that_ends_inside_a_secret_is_masked() -> None:
    record = StepRecord("s", State.SUCCEEDED, outputs={"output": artifact("'token 12345…")})

    assert masked(record, REDACT).outputs["output"].preview == f"'token {MASK}…"


def test_without_secrets_a_record_is_what_it_was() -> None:
    record = StepRecord("s", State.SUCCEEDED, metadata={"a": 12345678})

    assert masked(record, Redactor([])) is record


@pytest.mark.parametrize("place", ["report-12345678.csv", "folder/12345678.csv", "folder/a/12345678/b.csv", "12345678/b.csv"])
@pytest.mark.parametrize("wrap", [lambda path: path, lambda path: [1, {"a": (path,)}]], ids=["alone", "inside"])
def test_a_file_or_folder_named_after_a_secret_is_found(tmp_path: Path, place: str, wrap: Callable[[Path], object]) -> None:
    file = tmp_path / "out" / place
    file.parent.mkdir(parents=True)
    file.touch()
    value = wrap(tmp_path / "out" / Path(place).parts[0])

    found = named_after(names_in(value), {"OTHER": "another-secret", "TOKEN": SECRET})
    assert found.startswith("'TOKEN': ")
    assert MASK in found
    assert SECRET not in found
    assert named_after(names_in(value), {"OTHER": "another-secret"}) == ""


def test_the_folder_above_what_is_returned_has_any_name(tmp_path: Path) -> None:
    (tmp_path / SECRET).mkdir()

    assert named_after(names_in(tmp_path / SECRET / "report.csv"), {"TOKEN": SECRET}) == ""


def test_what_a_materializer_keeps_beside_the_bytes_is_looked_at() -> None:
    secrets = {"TOKEN": SECRET}

    assert named_after(names_beside(artifact(meta={"name": f"a-{SECRET}"})), secrets).startswith("'TOKEN': ")
    assert named_after(names_beside(artifact(meta={"name": "a"})), secrets) == ""
    assert named_after(names_beside(artifact()), secrets) == ""


def test_without_secrets_no_name_is_looked_at() -> None:
    names = iter(["a"])

    assert named_after(names, {"SHORT": "a"}) == ""
    assert list(names) == ["a"]
