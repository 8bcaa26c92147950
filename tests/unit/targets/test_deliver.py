"""What goes to a step and comes back, without an engine between: all of its owner, nothing but named objects kept."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from orch.errors import TargetError
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.records import StepRecord
from orch.model.states import State
from orch.runtime import tars
from orch.runtime.execute import Order, Setup
from orch.runtime.parcels import Parcel, parcel
from orch.stores.local import LocalStore, object_path, stored_objects
from orch.targets.deliver import Delivered
from orch.targets.returned import take_back


def setup(root: Path) -> Setup:
    return Setup(str(root), str(root / "project"), str(root / "store"), "", "run", "churn", "manual", 1, {}, True, [])


def sent(root: Path, artifacts: dict[str, object], secrets: dict[str, str] | None = None) -> Parcel:
    told = {"environment": {}, "secrets": secrets or {}, "timeout": None}
    return parcel("name", setup(root), Order({"id": "a"}, artifacts), told)


def test_what_a_step_reads_travels_with_it_and_is_found_there(tmp_path: Path) -> None:
    own, other = LocalStore(tmp_path / "store"), LocalStore(tmp_path / "other")
    plain, placed = own.put(b"own"), other.put(b"other")
    item = Artifact(placed, 5, "json").to_json() | {"store": str(other.root)}
    gathered = {"digest": "sha256:0", "size": 5, "materializer": "gather", "objects": [placed], "meta": {"items": [item]}}

    found = sent(tmp_path, {"load.output": Artifact(plain, 3, "json").to_json(), "map.output": gathered})

    assert found.inputs == {plain: str(own.root), placed: str(other.root)}
    assert found.order.artifacts["load.output"]["store"] == "/orch/inputs"
    assert found.order.artifacts["map.output"]["meta"]["items"][0]["store"] == "/orch/inputs"
    assert (found.setup.root, found.setup.store) == ("/orch/project/project", "/orch/made/store")
    assert str(tmp_path) not in repr(found.setup) + repr(found.order)


def test_all_that_is_delivered_belongs_to_who_runs_the_step_and_its_order_is_for_no_other_eyes(tmp_path: Path) -> None:
    (tmp_path / "runtime").write_bytes(b"zip")
    (tmp_path / "bundle").write_bytes(tars.folder("src") + tars.file("src/a.py", b"1", 0o755) + tars.link("b", "src/a.py") + tars.END)
    digest = LocalStore(tmp_path / "store").put(b"value")
    parcel_sent = sent(tmp_path, {"load.output": Artifact(digest, 5, "json").to_json()}, {"TOKEN": "s3cret"})
    delivered = Delivered(tmp_path / "runtime", tmp_path / "bundle", tmp_path)

    chunks = [b"".join(delivered.chunks(parcel_sent, (1001, 1002))) for _ in range(2)]

    assert chunks[0] == chunks[1]
    with tarfile.open(fileobj=io.BytesIO(chunks[0])) as tar:
        members = {member.name: member for member in tar}
    assert {(member.uid, member.gid) for member in members.values()} == {(1001, 1002)}
    assert {oct(members[f"orch/{name}"].mode) for name in ("order.json", "secrets.json")} == {"0o600"}
    assert members["orch/project/src/a.py"].mode == 0o755
    assert members["orch/project/b"].linkname == "src/a.py"
    assert members[f"orch/inputs/{object_path(digest)}"].size == 5


def returned(record: StepRecord | None, objects: Iterable[bytes], *, names: Callable[[str], str] = str) -> bytes:
    data = canonical.dumps(record.to_json()).encode() if record else b""
    parts = [tars.folder("made"), tars.file("made/record.json", data)] if record else [tars.folder("made")]
    for each in objects:
        import hashlib

        path = object_path(f"sha256:{hashlib.sha256(each).hexdigest()}")
        parts.append(tars.file(names(f"made/store/{path}"), each))
    return b"".join([*parts, tars.END])


def record_of(*objects: bytes) -> StepRecord:
    import hashlib

    outputs = {str(n): Artifact(f"sha256:{hashlib.sha256(each).hexdigest()}", len(each), "json") for n, each in enumerate(objects)}
    return StepRecord("a", State.SUCCEEDED, outputs=outputs)


def in_pieces(data: bytes) -> Iterable[bytes]:
    return (data[start : start + 700] for start in range(0, len(data), 700))


def test_the_objects_that_a_record_names_come_back_and_no_others(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    tar = returned(record_of(b"one", b"two" * 1000), [b"one", b"two" * 1000, b"three"])

    record = take_back(lambda: in_pieces(tar), store)

    assert record == record_of(b"one", b"two" * 1000)
    assert len(list(stored_objects(tmp_path))) == 2


def test_without_a_record_nothing_is_taken(tmp_path: Path) -> None:
    assert take_back(lambda: in_pieces(returned(None, [b"one"])), LocalStore(tmp_path)) is None
    assert list(stored_objects(tmp_path)) == []


@pytest.mark.parametrize("names", [lambda _: "made/store/../../etc/passwd", lambda name: f"/{name}", lambda name: name.upper()])
def test_what_is_elsewhere_than_its_digest_says_is_not_found(tmp_path: Path, names: Callable[[str], str]) -> None:
    tar = returned(record_of(b"one"), [b"one"], names=names)

    with pytest.raises(TargetError, match="is not among what came back"):
        take_back(lambda: in_pieces(tar), LocalStore(tmp_path / "store"))
    assert not (tmp_path / "etc").exists()


def test_other_bytes_than_their_digest_names_are_refused(tmp_path: Path) -> None:
    good = returned(record_of(b"one"), [b"one"])

    with pytest.raises(TargetError, match="what came back is damaged"):
        take_back(lambda: in_pieces(good.replace(b"one", b"two")), LocalStore(tmp_path))
