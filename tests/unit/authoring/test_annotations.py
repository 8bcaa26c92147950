"""What a signature says: outputs by name, and types as the source has them, the same text on every Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.modules import write

from orch.authoring.annotations import Signature, read_signature
from orch.authoring.load import separate_modules
from orch.authoring.modules import load_module
from orch.authoring.project import Project
from orch.errors import ArgumentError

IMPORTS = "from typing import *\nimport typing as t\nResult = tuple[int, str]\n"


def signature_of(folder: Path, signature: str, *, evaluated: bool = False) -> Signature:
    """What is read of `def f` + `signature`; `evaluated`: its annotations are objects, not texts, when it is defined."""
    file = write(folder, f"{IMPORTS}def f{signature}:\n    ...\n")
    if evaluated:
        file.write_text(file.read_text().replace("from __future__ import annotations\n", ""))
    with separate_modules():
        function: Any = load_module(file, Project(folder, folder)).f
        return read_signature(function)


def outputs(signature: Signature) -> list[tuple[str, str]]:
    return [(output.name, output.type) for output in signature.outputs]


@pytest.mark.parametrize("evaluated", [False, True], ids=["texts", "objects"])
@pytest.mark.parametrize(
    ("returns", "expected", "several"),
    [
        ("", [("output", "")], False),
        (" -> None", [], False),
        (" -> int", [("output", "int")], False),
        (' -> Annotated[float, "accuracy"]', [("accuracy", "float")], False),
        (' -> t.Annotated[list[int], 3, "rows"]', [("rows", "list[int]")], False),
        (" -> tuple[int, str]", [("output_0", "int"), ("output_1", "str")], True),
        (' -> tuple[Annotated[int, "a"], str]', [("a", "int"), ("output_1", "str")], True),
        (" -> tuple[int]", [("output", "tuple[int]")], False),
        (" -> tuple[int, ...]", [("output", "tuple[int, ...]")], False),
        (" -> tuple", [("output", "tuple")], False),
        (" -> Result", [("output_0", ""), ("output_1", "")], True),
        (" -> dict[str,int]", [("output", "dict[str, int]")], False),
    ],
)
def test_outputs_are_named_and_typed_as_written(
    tmp_path: Path, returns: str, expected: list[tuple[str, str]], *, several: bool, evaluated: bool
) -> None:
    signature = signature_of(tmp_path, f"(){returns}", evaluated=evaluated)

    assert outputs(signature) == expected
    assert signature.several is several
    assert len(signature.output_hints) == len(expected)


@pytest.mark.parametrize("evaluated", [False, True], ids=["texts", "objects"])
def test_parameters_have_their_types_resolved_and_as_written(tmp_path: Path, *, evaluated: bool) -> None:
    signature = signature_of(tmp_path, "(a, b: int|None, *, c: 'list[int]' = [])", evaluated=evaluated)

    assert signature.hints == {"b": int | None, "c": list[int]}
    assert signature.texts["b"] == "int | None"
    assert list(signature.parameters.parameters) == ["a", "b", "c"]


def test_two_outputs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="'f' has two outputs named 'a'") as caught:
        signature_of(tmp_path, '() -> tuple[Annotated[int, "a"], Annotated[str, "a"]]')

    assert caught.value.where is not None
    assert caught.value.where.line == 6


def test_an_annotation_that_names_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="an annotation of 'f' cannot be read: NameError") as caught:
        signature_of(tmp_path, "(x: Nowhere)")

    assert "TYPE_CHECKING" in caught.value.hint


@pytest.mark.parametrize("name", ["../up", "a/b", "a.b", "two words", "", "é", "-a", "1", "a" * 65])
def test_an_output_has_a_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="is not a name that an output can have"):
        signature_of(tmp_path, f"() -> Annotated[int, {name!r}]")
    with pytest.raises(ArgumentError, match="is not a name that an output can have"):
        signature_of(tmp_path, f"() -> tuple[int, Annotated[int, {name!r}]]")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("async def f(): ...", "'f' is an async function"),
        ("async def f():\n    yield", "'f' is an async function"),
        ("def f():\n    yield", "'f' is a generator"),
    ],
)
def test_a_function_whose_call_runs_nothing_is_refused(tmp_path: Path, code: str, message: str) -> None:
    with separate_modules():
        function: Any = load_module(write(tmp_path, code), Project(tmp_path, tmp_path)).f
        with pytest.raises(ArgumentError, match=message) as caught:
            read_signature(function)

    assert caught.value.hint
    assert caught.value.where
