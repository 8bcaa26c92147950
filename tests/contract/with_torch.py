"""Tensors come back equal by dtype, shape, strides, kind and every bit, as the same bytes everywhere, or not at all.

`test_tensors.py` runs this file in a Python that has torch; it imports nothing that has to be compiled for one Python alone.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import random
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from support import value_tables
from support.journeys import Journey
from support.tensors import DICTS, TENSORS, image, module, torch, trained, views

from orch.errors import MaterializationError, OrchError
from orch.materializers import load, registered, save
from orch.materializers.previews import LENGTH
from orch.model.artifacts import Artifact
from orch.stores.local import LocalStore

TESTS: Final = Path(__file__).parents[1]
TOOLKIT: Final = TESTS.parent / "toolkit"
VALUES: Final = {**TENSORS, **DICTS}
# torch says of some of its types that they may change.
pytestmark = [pytest.mark.filterwarnings("ignore:ComplexHalf"), pytest.mark.filterwarnings("ignore:Named tensors")]

every_value = pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
every_tensor = pytest.mark.parametrize("make", TENSORS.values(), ids=TENSORS)


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    return Journey(tmp_path)


def bits(tensor: Any) -> bytes:
    plain = tensor.detach().resolve_conj().resolve_neg()
    plain = (torch.view_as_real(plain) if plain.is_complex() else plain).clone(memory_format=torch.contiguous_format)
    return bytes(plain.reshape(-1).view(torch.uint8).tolist()) if plain.numel() else b""


def assert_same(one: Any, other: Any, path: str = "$") -> None:
    assert type(one) is type(other), path
    if isinstance(one, torch.Tensor):
        assert (one.dtype, one.shape, one.requires_grad, one.is_leaf) == (other.dtype, other.shape, other.requires_grad, other.is_leaf), (
            path
        )
        assert bits(one) == bits(other), path
    elif isinstance(one, dict):
        assert list(one) == list(other), path
        assert getattr(one, "_metadata", None) == getattr(other, "_metadata", None), path
        for key in one:
            assert_same(one[key], other[key], f"{path}[{key!r}]")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for i, (item, item_2) in enumerate(zip(one, other, strict=True)):
            assert_same(item, item_2, f"{path}[{i}]")
    else:
        assert one == other, path


# --- the promises of every materializer ---


@every_value
def test_a_value_comes_back_the_same_and_is_no_pickle(journey: Journey, make: Callable[[], Any]) -> None:
    artifact = journey.save(make(), may_pickle=False)

    assert_same(journey.load(artifact), make())
    assert artifact.pickled == ()


@every_value
def test_equal_values_are_equal_bytes_and_those_of_what_came_back(journey: Journey, make: Callable[[], Any]) -> None:
    artifact = journey.save(make())

    assert journey.save(make()) == artifact
    assert journey.save(journey.load(artifact)) == artifact
    assert artifact.comparable
    assert artifact.size == sum(journey.store.size(digest) for digest in set(artifact.digests))


@every_value
def test_a_preview_is_one_line_of_plain_text(journey: Journey, make: Callable[[], Any]) -> None:
    preview = journey.save(make()).preview

    assert preview
    assert preview.isprintable()
    assert len(preview) <= LENGTH


@every_value
def test_a_damaged_or_missing_object_is_an_error_of_ours(journey: Journey, tmp_path: Path, make: Callable[[], Any]) -> None:
    artifact = journey.save(make())
    for number, digest in enumerate(sorted(set(artifact.digests))):
        for damage in (b"", bytes(9), None):
            copy = LocalStore(tmp_path / f"{number}-{damage!r}", verify=True)
            copy.transfer(artifact.digests, journey.store)
            stored = copy.path(digest)
            stored.unlink()
            if damage is not None:
                stored.write_bytes(damage)
            with pytest.raises(OrchError):
                load(artifact, LocalStore(copy.root, verify=True), scratch=tmp_path / "scratch")


DIGESTS: Final = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from support.tensors import DICTS, TENSORS
from orch.materializers import save
from orch.stores.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
print(json.dumps({name: save(make(), store).to_json() for name, make in {**TENSORS, **DICTS}.items()}))
"""


def test_another_process_with_another_hash_seed_writes_the_same(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": ":".join([str(TOOLKIT), str(TESTS), *sys.path]), "PYTHONHASHSEED": "4242", "PATH": ""}
    ran = subprocess.run([sys.executable, "-c", DIGESTS, tmp_path / "there"], capture_output=True, env=environment, check=True)
    there = json.loads(ran.stdout)

    here = {name: save(make(), LocalStore(tmp_path / "here")).to_json() for name, make in VALUES.items()}
    assert {name for name in here if here[name] != there[name]} == set()


# --- one tensor ---


@every_tensor
def test_a_tensor_is_one_file_that_safetensors_reads_without_us(journey: Journey, make: Callable[[], Any]) -> None:
    from safetensors.torch import load_file

    artifact = journey.save(make())
    (read,) = load_file(str(journey.store.path(artifact.digest))).values()

    assert (artifact.materializer, artifact.objects) == ("safetensors", ())
    assert bits(read) == bits(make())


@pytest.mark.parametrize("name", ["transposed", "channels last", "order of dimensions", "parameter"])
def test_dense_tensors_keep_their_strides(journey: Journey, name: str) -> None:
    value = TENSORS[name]()
    again: Any = journey(value)

    assert again.stride() == value.stride() != value.contiguous().stride()


@pytest.mark.parametrize("name", ["part", "repeated"])
def test_other_tensors_come_back_contiguous(journey: Journey, name: str) -> None:
    assert journey(TENSORS[name]()).is_contiguous()  # type: ignore[attr-defined]


def test_strides_are_no_content(journey: Journey) -> None:
    rows, columns = journey.save(image()), journey.save(image().contiguous(memory_format=torch.channels_last))

    assert rows.digest == columns.digest
    assert rows.meta != columns.meta


def test_what_is_loaded_is_the_callers_own(journey: Journey) -> None:
    artifact = journey.save(image())
    one: Any = journey.load(artifact)
    one.zero_()

    assert_same(journey.load(artifact), image())
    assert journey.store.has(artifact.digest)
    assert LocalStore(journey.store.root, verify=True).get(artifact.digest)


def test_a_parameter_can_be_trained_again(journey: Journey) -> None:
    parameter: Any = journey(TENSORS["parameter"]())
    (parameter * 2).sum().backward()

    assert parameter.grad.tolist() == [[2.0, 2.0]] * 3


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: torch.tensor([[1, 2], [3, 4]]), "tensor 2x2, int64: 1, 2, 3, 4"),
        (lambda: torch.tensor(True), "tensor of no dimension, bool: True"),
        (lambda: torch.arange(13.0) / 10, "tensor 13, float32: 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, …"),
        (lambda: torch.tensor([1 / 3, float("nan")]), "tensor 2, float32: 0.333333, nan"),
        (lambda: torch.tensor(1 + 0.5j), "tensor of no dimension, complex64: 1+0.5j"),
        (lambda: torch.zeros(0, 3), "tensor 0x3, float32"),
        (lambda: {"w": torch.ones(2)}, "{'w': tensor 2, float32}"),
        (lambda: torch.eye(2).to_sparse(), "tensor 2x2, float32"),
    ],
)
def test_the_preview_tells_shape_dtype_and_the_first_numbers(journey: Journey, make: Callable[[], Any], text: str) -> None:
    assert journey.save(make()).preview == text


# --- several ---


def test_the_state_of_a_module_is_one_file_and_loads_into_a_module(journey: Journey) -> None:
    model, other = module(), module()
    torch.nn.init.zeros_(other.embedding.weight)
    artifact = journey.save(model.state_dict())
    other.load_state_dict(journey.load(artifact))

    assert (artifact.materializer, artifact.objects) == ("safetensors", ())
    assert_same(other.state_dict(), model.state_dict())
    assert other.decoder.weight is other.embedding.weight


def test_tied_weights_are_kept_once_and_stay_tied(journey: Journey) -> None:
    tied, loose = journey.save(torch_dict(tie=True)), journey.save(torch_dict(tie=False))
    again: Any = journey.load(tied)
    again["a"].zero_()
    apart: Any = journey.load(loose)
    apart["a"].zero_()

    assert loose.size > tied.size + 4000
    assert again["b"].sum() == 0
    assert apart["b"].sum() == 1000


def torch_dict(*, tie: bool) -> dict[str, Any]:
    one = torch.ones(1000)
    return {"a": one, "b": one.view_as(one) if tie else one.clone()}


def test_views_of_one_tensor_come_back_as_tensors_of_their_own(journey: Journey) -> None:
    again: Any = journey(views())
    again["whole"].zero_()

    assert again["part"].tolist() == [1, 2]
    assert again["every other"].tolist() == [0, 2, 4]


def test_a_checkpoint_goes_on_where_it_was(journey: Journey) -> None:
    artifact = journey.save(trained(), may_pickle=False)
    again: Any = journey.load(artifact)
    model = module()
    optimizer = torch.optim.Adam(model.parameters())
    model.load_state_dict(again["model"])
    optimizer.load_state_dict(again["optimizer"])

    assert_same({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, trained())


def test_a_dict_that_holds_something_else_too_is_a_document(journey: Journey) -> None:
    artifact = journey.save({"weights": torch.ones(1), "epoch": 3}, may_pickle=False)

    assert artifact.materializer == "json"
    assert len(artifact.objects) == 1


class Kept:
    """A materializer of the user's own."""

    def save(self, value: Any, folder: Path) -> None:
        (folder / "numbers.json").write_text(json.dumps(value.tolist()))

    def load(self, folder: Path) -> Any:
        return torch.tensor(json.loads((folder / "numbers.json").read_text()))


def test_a_materializer_of_the_users_own_goes_first(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registered, "_BY_TYPE", {})
    registered.materializer(torch.Tensor)(Kept)

    assert journey.save(torch.ones(1)).materializer == "custom"
    assert journey.save({"a": torch.ones(1)}).materializer == "json"


# --- what is refused or pickled ---


def computed() -> Any:
    return torch.ones(2, requires_grad=True) * 2


def with_gradient() -> Any:
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.sum().backward()
    return parameter


def hooked() -> Any:
    tensor = torch.ones(2, requires_grad=True)
    tensor.register_hook(lambda gradient: gradient)
    return tensor


@pytest.mark.parametrize(
    ("make", "why", "way_out"),
    [
        (computed, "want gradients", ".detach()"),
        (with_gradient, "has a gradient", ".detach()"),
        (hooked, "has hooks", ".detach()"),
        (lambda: torch.zeros(2, device="meta"), "has no values", "when it has some"),
        (lambda: torch.zeros(2, names=("a",)), "names of dimensions", ".rename(None)"),
    ],
    ids=["computed", "gradient", "hooks", "meta", "names"],
)
def test_what_would_be_lost_is_refused_with_the_way_out(journey: Journey, make: Callable[[], Any], why: str, way_out: str) -> None:
    for value, holder in ((make(), "the tensor"), ({"w": make()}, "the tensor 'w'"), ([make()], "at $[0]: the tensor")):
        with pytest.raises(MaterializationError, match=why) as caught:
            journey.save(value)
        assert holder in caught.value.message
        assert way_out in caught.value.hint


class Own(torch.Tensor):  # type: ignore[misc]
    pass


def with_attribute() -> Any:
    tensor = torch.ones(2)
    tensor.note = "mine"
    return tensor


def noted() -> Any:
    state = module().state_dict()
    state.note = "mine"
    return state


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(2).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
        lambda: torch.ones(2).as_subclass(Own),
        with_attribute,
        noted,
    ],
    ids=["sparse", "quantized", "subclass", "attribute", "attribute of a dict"],
)
def test_what_the_format_has_no_words_for_is_pickled_or_forbidden(journey: Journey, make: Callable[[], Any]) -> None:
    assert journey.save([make()]).pickled == ("$[0]",)

    with pytest.raises(MaterializationError, match="can only be pickled"):
        journey.save([make()], may_pickle=False)


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (lambda: torch.eye(2).to_sparse(), "value.to_dense()"),
        (lambda: torch.ones(2).as_subclass(Own), ".detach()"),
        (module, ".state_dict()"),
    ],
    ids=["sparse", "subclass", "module"],
)
def test_where_pickles_are_forbidden_the_way_out_is_torchs_own(journey: Journey, make: Callable[[], Any], way_out: str) -> None:
    with pytest.raises(MaterializationError, match="pickle: forbid") as caught:
        journey.save(make(), may_pickle=False)
    assert way_out in caught.value.hint


def test_a_dict_with_a_sparse_tensor_keeps_the_others_as_files(journey: Journey) -> None:
    artifact = journey.save({"dense": torch.ones(1), "sparse": torch.eye(2).to_sparse()})

    assert artifact.pickled == ("$.sparse",)


@pytest.mark.parametrize("missing", ["safetensors", "numpy"])
def test_a_missing_library_is_named_with_what_to_add(journey: Journey, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(MaterializationError, match=f"{missing} is not installed") as caught:
        journey.save(torch.ones(1))
    assert caught.value.hint == f"add {missing} to the project's requirements"


def test_a_full_disk_is_an_error_that_names_the_store_and_leaves_nothing(journey: Journey) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OrchError, match="cannot write to the store"):
            journey.save(torch.ones(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert [path for path in journey.store.root.rglob("*") if path.is_file()] == []


# --- the tables of docs/values.md ---


@pytest.mark.parametrize(("value", "kept"), [row for row in value_tables.kept() if "torch" in row.value])
def test_a_value_is_kept_as_the_table_says(journey: Journey, value: str, kept: str) -> None:
    made = eval(value, {"torch": torch})  # noqa: S307 -- the page is ours

    artifact = journey.save(made)

    assert artifact.materializer == kept
    assert_same(journey.load(artifact), made)


@pytest.mark.parametrize(("value", "why", "way_out"), [row for row in value_tables.refused() if "torch" in row.value])
def test_a_value_is_refused_as_the_table_says(journey: Journey, value: str, why: str, way_out: str) -> None:
    made = eval(value, {"torch": torch})  # noqa: S307 -- the page is ours

    with pytest.raises(MaterializationError) as caught:
        journey.save(made)

    assert why in caught.value.message
    assert way_out in caught.value.hint


# --- forged files ---


def file_of(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def described(layout: object, **tensors: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"__metadata__": {"orch": json.dumps(layout)}}
    for name, (dtype, shape, offsets) in tensors.items():
        found[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
    return found


ALONE: Final = {"kind": "tensor", "names": ["tensor"]}
ONE: Final = ["F32", [1], [0, 4]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02.",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 50_000_000) + b"{}",
        file_of(b"{" * 100_000),
        file_of(b"[" * 1000 + b"]" * 1000),
        file_of({}),
        file_of({"__metadata__": {"orch": "{"}}),
        file_of({"tensor": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        file_of(described(ALONE, tensor=["F32", [2**40], [0, 2**42]]), bytes(4)),
        file_of(described(ALONE, tensor=["F32", [2**62, 4], [0, 0]])),
        file_of(described(ALONE, tensor=["F32", [1], [0, 8]]), bytes(8)),
        file_of(described(ALONE, tensor=["X9", [1], [0, 4]]), bytes(4)),
        file_of(described(ALONE, other=ONE), bytes(4)),
        file_of(described(ALONE, tensor=ONE, other=["F32", [1], [4, 8]]), bytes(8)),
        file_of(described({"kind": "dict", "names": ["a", "b"], "same": {"b": "c"}}, a=ONE), bytes(4)),
        file_of(described({"kind": "dict", "names": ["a", "b"], "same": {"b": ["a"]}}, a=ONE), bytes(4)),
        file_of(described({"kind": "eval", "names": ["a"]}, a=ONE), bytes(4)),
        file_of(described({"kind": "tensor", "names": ["a"]}, a=ONE), bytes(4)),
        file_of(described({"kind": "dict", "names": {"a": 1}, "same": 3}, a=ONE), bytes(4)),
        file_of(described({**ALONE, "complex": {"tensor": "complex128"}}, tensor=ONE), bytes(4)),
        file_of(described({**ALONE, "complex": {"tensor": "complex128"}}, tensor=["F32", [2], [0, 8]]), bytes(8)),
        file_of(described([], tensor=ONE), bytes(4)),
        file_of(described({"kind": "OrderedDict", "names": ["a"], "metadata": {"$eval": 1}}, a=ONE), bytes(4)),
    ],
)
def test_a_forged_file_is_an_error_of_ours(journey: Journey, data: bytes) -> None:
    forged = Artifact(journey.store.put(data), len(data), "safetensors")

    with pytest.raises(MaterializationError, match=r"not a file of tensors|cannot be read back"):
        journey.load(forged)


def test_a_forged_file_says_that_it_is_one(journey: Journey) -> None:
    data = struct.pack("<Q", 2**63) + b"{}"

    with pytest.raises(MaterializationError, match="this is not a file of tensors: SafetensorError") as caught:
        journey.load(Artifact(journey.store.put(data), len(data), "safetensors"))
    assert caught.value.hint == "the artifact is damaged or forged"


@pytest.mark.parametrize(
    "meta", [{"order": {"tensor": [0, 0]}}, {"order": {"tensor": [1]}}, {"order": {"tensor": "01"}}, {"order": [1]}, [1]]
)
def test_a_forged_record_is_an_error_of_ours(journey: Journey, meta: Any) -> None:
    artifact = dataclasses.replace(journey.save(torch.ones(2, 3)), meta=meta)

    with pytest.raises(MaterializationError):
        journey.load(artifact)


def test_numbers_at_odd_places_of_a_file_are_read(journey: Journey) -> None:
    tensors = {"a": ["U8", [1], [0, 1]], "b": ["F64", [2, 2], [1, 33]]}
    data = file_of(
        described({"kind": "dict", "names": ["a", "b"], "complex": {"b": "complex128"}}, **tensors), b"\1" + struct.pack("4d", 1, 2, 3, 4)
    )
    again: Any = journey.load(Artifact(journey.store.put(data), len(data), "safetensors"))

    assert again["b"].tolist() == [1 + 2j, 3 + 4j]


def changed(random_: random.Random, original: bytes) -> bytes:
    forged = bytearray(original)
    for _ in range(random_.choice([1, 1, 2, 4])):
        at = random_.randrange(len(forged) or 1)
        match random_.randrange(5):
            case 0 if forged:
                forged[at] = random_.randrange(256)
            case 1:
                del forged[at : at + random_.randint(1, 16)]
            case 2:
                forged[at:at] = forged[at : at + random_.randint(1, 32)]
            case 3:
                forged[at : at + 8] = random_.choice([0, 1, 2**31 - 1, 2**32 - 1, 2**62, 2**63 - 1]).to_bytes(8, "little")
            case _:
                forged[at:at] = random_.choice([b"9", b'"', b"}", b",", b"0", b"-", b"[", b"e9"])
    return bytes(forged)


@pytest.mark.parametrize("name", ["state of a module", "all sorts", "twice"])
def test_changed_bytes_are_a_value_or_an_error_of_ours(journey: Journey, name: str) -> None:
    artifact = journey.save(DICTS[name]())
    original = journey.store.get(artifact.digest)
    outcomes = collections.Counter[str]()
    for seed in range(300):
        forged = dataclasses.replace(artifact, digest=journey.store.put(changed(random.Random(seed), original)))  # noqa: S311 -- repeatable
        try:
            load(forged, journey.store, scratch=journey.folder / "scratch", may_unpickle=False)
            outcomes["value"] += 1
        except OrchError:
            outcomes["error"] += 1

    assert min(outcomes["value"], outcomes["error"]) > 0
