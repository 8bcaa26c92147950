"""What every materializer keeps to: equal by type, dtype, index, order and flags after the way, the same bytes everywhere, and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from support.awkward import VALUES
from support.awkward.same import assert_same
from support.journeys import Journey

from orch.errors import OrchError
from orch.materializers import load, save
from orch.materializers.previews import LENGTH
from orch.model.artifacts import Artifact
from orch.stores.local import LocalStore

TESTS: Final = Path(__file__).parents[1]
TOOLKIT: Final = TESTS.parent / "toolkit"
pytestmark = pytest.mark.filterwarnings("ignore:'.*' is deprecated:FutureWarning")

every_value = pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    return Journey(tmp_path)


@every_value
def test_a_value_comes_back_the_same_and_is_no_pickle(journey: Journey, make: Callable[[], object]) -> None:
    artifact = journey.save(make(), may_pickle=False)

    assert_same(journey.load(artifact), make())
    assert artifact.pickled == ()


@every_value
def test_equal_values_are_equal_bytes_and_those_of_what_came_back(journey: Journey, make: Callable[[], object]) -> None:
    artifact = journey.save(make())

    assert journey.save(make()) == artifact
    assert journey.save(journey.load(artifact)).digest == artifact.digest
    assert artifact.comparable
    assert artifact.size == sum(journey.store.size(digest) for digest in set(artifact.digests))


@every_value
def test_a_preview_is_one_line_of_plain_text(journey: Journey, make: Callable[[], object]) -> None:
    preview = journey.save(make()).preview

    assert preview
    assert preview.isprintable()
    assert len(preview) <= LENGTH
    assert " at 0x" not in preview


@every_value
def test_a_damaged_or_missing_object_is_an_error_of_ours(journey: Journey, tmp_path: Path, make: Callable[[], object]) -> None:
    artifact = journey.save(make())
    for number, digest in enumerate(sorted(set(artifact.digests))):
        for damage in (b"", bytes(5), None):
            copy = LocalStore(tmp_path / f"{number}-{damage!r}", verify=True)
            copy.transfer(artifact.digests, journey.store)
            stored = copy.path(digest)
            stored.unlink()
            if damage is not None:
                stored.write_bytes(damage if journey.store.get(digest) != damage else b"other")
            with pytest.raises(OrchError):
                load(artifact, LocalStore(copy.root, verify=True), scratch=tmp_path / "scratch")


DIGESTS: Final = """
import json, sys, tempfile, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from support.awkward import VALUES
from orch.materializers import save
from orch.stores.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
print(json.dumps({name: save(make(), store).to_json() for name, make in VALUES.items()}))
"""


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_another_process_with_another_hash_seed_writes_the_same(tmp_path: Path, seed: str) -> None:
    environment = {"PYTHONPATH": f"{TOOLKIT}:{TESTS}", "PYTHONHASHSEED": seed, "PATH": ""}
    ran = subprocess.run([sys.executable, "-c", DIGESTS, tmp_path / "there"], capture_output=True, env=environment, check=True)
    there = json.loads(ran.stdout)

    here = {name: save(make(), LocalStore(tmp_path / "here")).to_json() for name, make in VALUES.items()}
    assert {name for name in here if here[name] != there[name]} == set()


def test_files_and_folders_keep_to_it_too(journey: Journey, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "a folder"
    (folder / "empty").mkdir(parents=True)
    (folder / "ä.txt").write_bytes(b"\r\n")
    value = {"file": folder / "ä.txt", "all": [folder]}

    artifact = journey.save(value, may_pickle=False)
    again: Any = journey.load(artifact)

    assert [again["file"].read_bytes(), (again["all"][0] / "ä.txt").read_bytes()] == [b"\r\n", b"\r\n"]
    assert (again["all"][0] / "empty").is_dir()
    assert journey.save(again) == artifact


def test_importing_and_using_it_for_plain_values_takes_the_standard_library_alone(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(TOOLKIT)!r})
from pathlib import Path
from orch.materializers import load, save
from orch.stores.local import LocalStore
folder = Path({str(tmp_path)!r})
(folder / "file").write_text("x")
store = LocalStore(folder / "store")
load(save({{"a": (1, 2.5), "file": folder / "file"}}, store), store, scratch=folder / "scratch")
print(*sorted({{name.partition(".")[0] for name in sys.modules}} - {{"orch"}} - set(sys.stdlib_module_names) - {{"__main__"}}))
"""
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""


def test_an_artifact_of_a_later_version_is_an_error_with_the_way_out(journey: Journey) -> None:
    with pytest.raises(OrchError, match="a materializer that this version lacks") as caught:
        journey.load(Artifact(journey.store.put(b"x"), 1, "tensor"))
    assert "orch-toolkit" in caught.value.hint
