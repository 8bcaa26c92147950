"""Published schemas, released documents and the code that reads and writes them say the same."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import records
from support.graphs import graphs
from support.schemas import objects, problems, validator

from orch import schemas
from orch.errors import OrchError
from orch.model import canonical, events, graph_file, index
from orch.model import records as record_model
from orch.model.graph import Graph
from orch.model.index import Entry
from orch.model.records import StepRecord
from orch.model.runs import RunRecord
from orch.orchestrators.github import pins
from orch.orchestrators.github.pins import read_pins
from orch.runtime import execute
from orch.runtime.execute import Order, Setup
from orch.stacks.load import parse_settings
from orch.stacks.settings import Retention, Runner, Settings, Stack

ROOT: Final = Path(__file__).parents[3]
GOLDEN: Final = ROOT / "tests" / "golden" / "schemas"
NAMES: Final = schemas.names()
RELEASED: Final = sorted(GOLDEN.glob("v*/*/*.json"))
# The version of each kind that this toolkit writes.
NEWEST: Final = {
    "cache-entry": index.SCHEMA,
    "event": events.SCHEMA,
    "graph": graph_file.SCHEMA,
    "pins": pins.SCHEMA,
    "record": record_model.SCHEMA,
    "step-protocol": execute.SCHEMA,
}
# Below these keys a document holds what users or other documents put there.
FREE: Final = {"value", "default", "meta", "metadata", "facts", "parameters", "environment", "permissions", "flags", "github", "run_args"}


def reader(name: str, document: Any, folder: Path) -> Callable[[], Any]:
    """What reads such a document; it gives back what would be written."""

    def of_pins() -> Any:
        (folder / ".github" / "orch").mkdir(parents=True, exist_ok=True)
        (folder / ".github" / "orch" / "pins.json").write_text(json.dumps(document))
        found = read_pins(folder)
        return json.loads(found.text()) if found else None

    kind = document.get("kind") if isinstance(document, dict) else None
    return {
        "cache-entry": lambda: Entry.from_json(document).to_json(),
        "graph": lambda: Graph.from_json(document).to_json(),
        "pins": of_pins,
        "record": lambda: (RunRecord if kind == "run" else StepRecord).from_json(document).to_json(),
        "step-protocol": lambda: (Order if "step" in document else Setup).from_json(document).to_json(),
    }[name]


# --- the schemas themselves ---


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_of_draft_2020_12_with_a_stable_id(name: str) -> None:
    schema = schemas.schema(name)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:orch:schema:{name}:{NEWEST.get(name, 1)}"


@pytest.mark.parametrize("name", NAMES)
def test_everything_in_a_schema_is_described(name: str) -> None:
    schema = schemas.schema(name)
    silent = [path for path, part in objects(schema) if not (part.get("title") or "/items" in path or path.endswith("environment"))]
    for path, part in objects(schema):
        silent += [f"{path}/{key}" for key, inner in part["properties"].items() if not inner.get("description") and "$ref" not in inner]

    assert schema["title"]
    assert schema["description"].endswith(".")
    assert silent == []


def test_every_kind_of_document_has_a_schema_and_released_examples() -> None:
    assert {*NEWEST, "settings"} == set(NAMES)
    assert {file.parent.name for file in (GOLDEN / "v1").glob("*/*")} == set(NAMES)


# --- released documents ---


def of(file: Path) -> tuple[str, int, Any]:
    """The name, the version and the content of a released document."""
    return file.parent.name, int(file.parts[-3].removeprefix("v")), json.loads(file.read_bytes())


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: f"{file.parts[-3]}-{file.parent.name}-{file.stem}")
def test_a_released_document_is_still_read(file: Path, tmp_path: Path) -> None:
    name, version, document = of(file)
    if name != "event":  # they are printed, and never read
        again = reader(name, document, tmp_path)()

        assert version < NEWEST[name] or again == document
    if version == NEWEST[name]:
        assert problems(name, document, closed=True) == []


@pytest.mark.parametrize("name", sorted(NEWEST))
def test_the_released_documents_show_every_key(name: str) -> None:
    """A key that is added to what is written comes into the schema, and into a document here, before it is released."""
    schema = schemas.schema(name)
    schema["$defs"] = {key: part for key, part in schema.get("$defs", {}).items() if key not in NAMES}  # shown by their own documents
    shown = {key for file in RELEASED if file.parent.name == name and of(file)[1] == NEWEST[name] for key in _keys(of(file)[2])}
    only_printed = {"killed"}  # by `orch runs`

    assert {key for _, part in objects(schema) for key in part["properties"]} - shown - only_printed == set()


def _keys(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, inner in document.items():
            yield key
            yield from _keys(inner)
    elif isinstance(document, list):
        for item in document:
            yield from _keys(item)


@pytest.mark.parametrize("name", sorted(set(NEWEST) - {"event"}))
def test_a_newer_document_is_refused(name: str, tmp_path: Path) -> None:
    for file in RELEASED:
        if file.parent.name == name:
            document = of(file)[2] | {"schema": NEWEST[name] + 1}

            with pytest.raises(OrchError, match=f"schema {NEWEST[name] + 1}, this version reads up to {NEWEST[name]}") as caught:
                reader(name, document, tmp_path)()
            assert "install" in caught.value.hint
            assert problems(name, document) != []


def test_of_a_newer_record_the_version_to_install_is_told() -> None:
    run = json.loads((GOLDEN / "v1" / "record" / "run-ended.json").read_bytes()) | {"schema": 99}
    run["steps"][0]["environment"]["orch"], run["steps"][1]["environment"]["orch"] = "0.10.1", "0.9.0"

    with pytest.raises(OrchError) as caught:
        RunRecord.from_json(run)
    assert "pip install 'orch-toolkit>=0.10.1'" in caught.value.hint

    run["steps"] = [{"environment": {"orch": "1'; rm -rf ~ #"}}, 3]
    with pytest.raises(OrchError) as caught:
        RunRecord.from_json(run)
    assert "rm" not in caught.value.hint


# --- what is written ---


@given(graphs(mapped=True, conditional=True))
def test_every_graph_fits_its_schema(graph: Graph) -> None:
    assert problems("graph", graph.to_json(), closed=True) == []


@given(records.run_records, records.entries)
def test_every_record_and_entry_fits_its_schema_and_is_read_back(record: RunRecord, entry: Entry) -> None:
    for name, document in (("record", record.to_json()), ("cache-entry", entry.to_json())):
        written = canonical.loads(canonical.dumps(document))

        assert problems(name, written, closed=True) == []
        assert reader(name, written, Path())() == written
    for step in record.steps:
        assert problems("record", step.to_json(), closed=True) == []
    told: list[events.Event] = [events.RunStarted(record.info, Graph.from_json(LEAST)), events.RunEnded(record)]
    for event in [*told, *map(events.StepEnded, record.steps)]:
        assert problems("event", events.to_json(event), closed=True) == []


LEAST: Final = json.loads((GOLDEN / "v1" / "graph" / "least.json").read_bytes())


@pytest.mark.parametrize("file", sorted([*ROOT.glob("tests/golden/*/graph.json"), *ROOT.glob(".github/orch/*.json")]), ids=str)
def test_every_graph_file_and_pin_of_this_repository_fits_its_schema(file: Path) -> None:
    assert problems("pins" if file.name == "pins.json" else "graph", json.loads(file.read_bytes()), closed=True) == []


# --- what is refused ---


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document that its schema, and not its user, has a say in."""
    yield path
    if isinstance(document, dict):
        for key, inner in document.items():
            if key not in FREE or (key == "parameters" and isinstance(inner, list)):
                yield from places(inner, (*path, key))
    elif isinstance(document, list):
        for position, inner in enumerate(document):
            yield from places(inner, (*path, position))


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


CURRENT: Final = [file for file in RELEASED if of(file)[1] == NEWEST[of(file)[0]] and file.parent.name != "event"]


@pytest.mark.parametrize("file", [file for file in CURRENT if file.parent.name == "graph"], ids=lambda file: str(file.stem))
def test_a_key_that_is_not_known_is_refused_at_every_level_of_a_graph(file: Path, tmp_path: Path) -> None:
    document = of(file)[2]
    levels = [path for path in places(document) if isinstance(at(document, path), dict)]
    assert len(levels) >= 2
    for path in levels:
        changed = copy.deepcopy(document)
        at(changed, path)["colour"] = "red"

        with pytest.raises(OrchError, match="colour"):
            Graph.from_json(changed)
        assert problems("graph", changed) != []


@pytest.mark.parametrize(
    "file", [file for file in CURRENT if file.parent.name in ("record", "cache-entry")], ids=lambda file: str(file.stem)
)
def test_a_key_that_is_not_known_is_ignored_at_every_level_of_a_record(file: Path, tmp_path: Path) -> None:
    name, _, document = of(file)
    for path in places(document):
        # The keys of outputs and inputs are names; an input is kept as it is.
        if isinstance(at(document, path), dict) and path[-1:] not in (("outputs",), ("inputs",)) and path[-2:-1] != ("inputs",):
            changed = copy.deepcopy(document)
            at(changed, path)["colour"] = "red"

            assert reader(name, changed, tmp_path)() == document
            assert problems(name, changed) == []


# Both ends of the step protocol are of one version, so nobody but the schema looks at its types.
@pytest.mark.parametrize(
    "file", [file for file in CURRENT if file.parent.name != "step-protocol"], ids=lambda file: f"{file.parent.name}-{file.stem}"
)
@pytest.mark.parametrize("wrong", [{"wrong": 1}, [["wrong"]], None, 1.5, True], ids=repr)
def test_a_value_of_another_type_is_refused_by_the_schema_and_by_the_reader(file: Path, wrong: Any, tmp_path: Path) -> None:
    name, _, document = of(file)
    for path in places(document):
        if path and not _is_as_good(at(document, path), wrong, path):
            changed = copy.deepcopy(document)
            at(changed, path[:-1])[path[-1]] = wrong

            assert problems(name, changed) != [], path
            with pytest.raises(OrchError):
                pytest.fail(f"{path} was read as {reader(name, changed, tmp_path)()}")


def _is_as_good(value: Any, other: Any, path: tuple[str | int, ...]) -> bool:
    """Whether `other` is of a type that the place has: numbers with a fraction, and absent objects."""
    is_fraction = path[-1] in ("duration", "timeout", "cache_expires_after", "delay", "backoff", "cpu_count") and type(other) in (
        int,
        float,
    )
    return is_fraction or (type(value) is type(other) and type(value) is not list)


@given(graphs(mapped=True, conditional=True), st.data())
def test_no_change_of_a_graph_is_read_that_its_schema_refuses(graph: Graph, data: st.DataObject) -> None:
    document = graph.to_json()
    path = data.draw(st.sampled_from([path for path in places(document) if path]))
    at(document, path[:-1])[path[-1]] = data.draw(records.JSON)
    try:
        Graph.from_json(document)
    except OrchError:
        return

    assert problems("graph", document) == []


# --- orch.yaml ---


def test_the_schema_of_settings_has_the_keys_and_defaults_of_the_settings() -> None:
    schema = schemas.schema("settings")
    stack, runner, retention = (
        schema["properties"]["stacks"]["additionalProperties"],
        schema["properties"]["runners"]["items"],
        schema["properties"]["retention"],
    )
    for part, kind in ((schema, Settings), (stack, Stack), (runner, Runner), (retention, Retention)):
        fields = {field.name: field.default for field in dataclasses.fields(kind)}
        told = {name: inner["default"] for name, inner in part["properties"].items() if "default" in inner}

        assert part["additionalProperties"] is False
        assert set(part["properties"]) == set(fields)
        assert {name: tuple(value) if value == [] else value for name, value in told.items()} == {
            name: default for name, default in fields.items() if default is not dataclasses.MISSING
        }


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("v*/settings/*.yaml")), ids=str)
def test_released_settings_are_still_read(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    parse_settings(text)

    assert problems("settings", yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "colour: red",
        "stacks: {laptop: {colour: red}}",
        "runners: [{label: a, colour: red}]",
        "retention: {colour: 1}",
        "active: 3",
        "active: [a]",
        "stacks: [a]",
        "stacks: {laptop: {orchestrator: airflow}}",
        "pipelines: a.py",
        "pipelines: [1]",
        "runners: [{}]",
        "runners: [{label: ' '}]",
        "runners: [{label: a, memory: much}]",
        "runners: [{label: a, cpu_count: -1}]",
        "runners: [{label: a, gpu_count: 0.5}]",
        "retention: {outputs: 0}",
        "retention: {records: 401}",
        "action: actions/checkout@v4",
        "pickle: sometimes",
        "[]",
    ],
)
def test_settings_that_are_refused_are_refused_by_their_schema(text: str) -> None:
    with pytest.raises(OrchError):
        parse_settings(text)
    assert problems("settings", yaml.safe_load(text)) != []


@pytest.mark.parametrize(
    "text", ["{}", "active: mine", "stacks: {a: {}}", "runners: [{label: a, cpu_count: 2.5, memory: 3 GiB}]", "action: ./a/"]
)
def test_settings_that_are_read_fit_their_schema(text: str) -> None:
    parse_settings(text)

    assert validator("settings").is_valid(yaml.safe_load(text))
