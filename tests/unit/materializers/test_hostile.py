"""Artifacts that somebody forged: each is a value or an error of ours, and no code runs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.awkward import arrays, frames, instances, plain, tables
from support.journeys import Journey

from orch.errors import OrchError
from orch.materializers import load
from orch.model.artifacts import Artifact
from orch.stores.local import LocalStore

# Nothing of this happens while a value is loaded, whatever it is made of: https://docs.python.org/3/library/audit_events.html
FORBIDDEN: Final = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
    "socket.bind",
    "code.__new__",
    "ctypes.dlopen",
    "webbrowser.open",
)
_watching: list[list[str]] = []


def _audit(event: str, _: object) -> None:
    if _watching and event in FORBIDDEN:
        _watching[-1].append(event)


sys.addaudithook(_audit)


class Guarded(Journey):
    def forged(self, artifact: Artifact, data: bytes | None = None) -> object:
        """What is loaded of `artifact`, with `data` for its root, or the error of ours; anything else is raised."""
        if data is not None:
            artifact = dataclasses.replace(artifact, digest=self.store.put(data))
        events: list[str] = []
        _watching.append(events)
        try:
            return load(artifact, LocalStore(self.store.root, verify=True), scratch=self.folder / "scratch", may_unpickle=False)
        except OrchError as error:
            return error
        finally:
            _watching.pop()
            assert events == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return Guarded(tmp_path_factory.mktemp("guarded"))


def changed(data: st.DataObject, original: bytes) -> bytes:
    """`original` with some of its bytes changed, lost, doubled or made up."""
    forged = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(forged) - 1)))
        match data.draw(st.sampled_from(["change", "cut", "insert", "end", "double", "number"])):
            case "change" if forged:
                forged[at] = data.draw(st.integers(0, 255))
            case "cut":
                del forged[at : at + data.draw(st.integers(1, 16))]
            case "insert":
                forged[at:at] = data.draw(st.binary(max_size=16))
            case "double":
                forged[at:at] = forged[at : at + data.draw(st.integers(1, 32))]
            case "number":  # lengths and offsets are numbers of four or eight bytes
                number = data.draw(st.sampled_from([0, 1, 2**31 - 1, 2**32 - 1, 2**62, 2**63 - 1]))
                forged[at : at + 8] = number.to_bytes(8, "little")
            case _:
                del forged[at:]
    return bytes(forged)


SEEDS: Final[dict[str, Callable[[], object]]] = {
    "document": lambda: [make() for make in plain.VALUES.values()],
    "instances": lambda: [make() for make in instances.VALUES.values()],
    "array": arrays.ARRAYS["structure"],
    "array in order F": arrays.ARRAYS["order F"],
    "objects": arrays.ARRAYS["objects"],
    "scalars": lambda: [make() for make in (*arrays.SCALARS.values(), *frames.SINGLES.values())],
    "numbers": frames.FRAMES["numbers"],
    "text": frames.FRAMES["text"],
    "categories": frames.FRAMES["categories"],
    "intervals": frames.FRAMES["intervals"],
    "levels": frames.FRAMES["levels of categories and zones"],
    "lists": frames.FRAMES["lists of Arrow"],
    "objects in a frame": frames.FRAMES["objects of all sorts"],
    "columns": frames.FRAMES["columns, levels, one twice"],
    "table": tables.TABLES["chunks with other categories"],
    "views of a table": tables.TABLES["views inside"],
    "metadata of a table": tables.TABLES["metadata"],
    "unions": tables.TABLES["unions"],
    "polars": tables.POLARS["text"],
    "categories of polars": tables.POLARS["named categories"],
    "choices of polars": tables.POLARS["choices deep inside"],
}


@pytest.mark.parametrize("name", SEEDS)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@pytest.mark.filterwarnings("ignore")
def test_changed_bytes_are_a_value_or_an_error_of_ours(guarded: Guarded, name: str, data: Any) -> None:
    artifact = guarded.save(SEEDS[name]())

    guarded.forged(artifact, changed(data, guarded.store.get(artifact.digest)))


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["os:system", "builtins:eval", "posix:fork", "$", "../x", "pickle", "json", "npy", "arrow", "table", "polars", "file", "folder"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$tuple", "$enum", "$artifact", "a", "class"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every list and dict in `data`, with each of its keys."""
    for key in range(len(data)) if isinstance(data, list) else list(data):
        yield data, key
        if isinstance(data[key], (list, dict)):
            yield from places(data[key])


@pytest.mark.parametrize("name", ["document", "instances", "objects", "scalars"])
@given(data=st.data())
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@pytest.mark.filterwarnings("ignore")
def test_a_changed_document_is_a_value_or_an_error_of_ours(guarded: Guarded, name: str, data: Any) -> None:
    artifact = guarded.save(SEEDS[name]())
    document = json.loads(guarded.store.get(artifact.digest))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places([document]))))
        if holder[key] is document:
            continue
        holder[key] = data.draw(JSON)

    guarded.forged(artifact, json.dumps(document).encode())


@pytest.mark.parametrize("name", ["instances", "array", "numbers", "table", "choices of polars"])
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.filterwarnings("ignore")
def test_a_changed_record_is_a_value_or_an_error_of_ours(guarded: Guarded, name: str, data: Any) -> None:
    record = guarded.save([SEEDS[name]()]).to_json()
    says_how = {name: record.get(name) for name in ("digest", "materializer", "meta")}
    holder, key = data.draw(st.sampled_from(list(places(says_how))))
    holder[key] = data.draw(JSON)

    guarded.forged(Artifact.from_json(record | says_how))
