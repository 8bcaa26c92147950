from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from orch.errors import MaterializationError
from orch.model.artifacts import Artifact

np = pytest.importorskip("numpy", reason="numpy is not installed")
pd = pytest.importorskip("pandas", reason="pandas is not installed")
pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
from support.awkward.frames import FRAMES, OBJECTS, PARTS, attrs  # noqa: E402 -- needs all three
from support.awkward.same import assert_same  # noqa: E402 -- the same


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_frames_come_back_by_dtype_index_columns_and_order(journey: Any, make: Any) -> None:
    frame = make()

    artifact = journey.save(frame)
    again = journey.load(artifact)

    assert artifact.materializer == "arrow"
    assert artifact.comparable
    assert_same(again, frame)


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_the_frame_read_back_is_the_readers_to_change(journey: Any, make: Any) -> None:
    again = journey(make())

    for i in range(again.shape[1] if len(again) else 0):
        again.iloc[0, i] = again.iloc[-1, i]


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
def test_series_and_indexes_come_back(journey: Any, make: Any) -> None:
    value = make()

    assert_same(journey(value), value)


@pytest.mark.parametrize("make", [*FRAMES.values(), *PARTS.values()], ids=[*FRAMES, *(f"{name} alone" for name in PARTS)])
def test_equal_frames_have_equal_bytes(journey: Any, make: Any) -> None:
    value = make()
    digest = journey.save(value).digest

    assert journey.save(make()).digest == digest
    assert journey.save(journey(value)).digest == digest
    assert journey.save(value.copy()).digest == digest


def test_how_a_frame_was_put_together_is_not_in_its_bytes(journey: Any) -> None:
    whole = pd.DataFrame({"n": pd.array([*range(50), None], dtype="Int64"), "t": [*map(str, range(50)), None], "f": [0.5] * 51})
    glued = pd.concat([whole[:13], whole[13:40], whole[40:]])
    cut = pd.concat([whole[40:], whole, whole[:3]]).iloc[11:-3]
    masked = whole.copy()
    masked.loc[50, "n"] = 99
    masked.loc[50, "n"] = None

    digests = {journey.save(frame).digest for frame in (whole, glued, cut.reset_index(drop=True), masked)}

    assert len(digests) == 1


class Zone(dt.tzinfo):
    def utcoffset(self, _moment: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(hours=1)

    def dst(self, _moment: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def tzname(self, _moment: dt.datetime | None) -> str:
        return "X"


@pytest.mark.parametrize(
    ("make", "column", "reason", "way_out"),
    [
        (lambda: pd.DataFrame({"ok": [1], "bad": [object()]}), "column 'bad'", "not data: 'object'", "astype(str)"),
        (lambda: pd.DataFrame({"bad": pd.Series([[1, Zone]], **OBJECTS)}), "column 'bad'", "not data: 'type'", "astype(str)"),
        (lambda: pd.DataFrame({"bad": pd.arrays.SparseArray([0, 1])}), "column 'bad'", "sparse", "frame['bad'].sparse.to_dense()"),
        (lambda: pd.Series(pd.arrays.SparseArray([0, 1])), "the series", "sparse", "series.sparse.to_dense()"),
        (lambda: pd.DataFrame({"bad": np.array([1], "g")}), "column 'bad'", "float128", "float64"),
        (lambda: pd.DataFrame({("bad", 1): pd.date_range("2020", periods=2, tz=Zone())}), "('bad', 1)", "test_frames.Zone", "tz_convert"),
        (lambda: pd.DataFrame({"a": pd.date_range("2020", periods=2, tz="dateutil/Asia/Tokyo")}), "column 'a'", "tz", "tz_convert"),
        (lambda: pd.Series([object()]), "the series", "not data: 'object'", "series.astype(str)"),
    ],
)
@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="long doubles are doubles here")
def test_a_column_that_would_change_is_an_error_that_names_it(journey: Any, make: Any, column: str, reason: str, way_out: str) -> None:
    with pytest.raises(MaterializationError) as caught:
        journey.save(make())

    assert column in caught.value.message
    assert reason in caught.value.message
    assert "'ok'" not in caught.value.message
    assert way_out in caught.value.hint
    assert not (journey.store.root / "objects").exists()


HOLIDAYS = pd.offsets.CustomBusinessDay(holidays=["2020-01-02"])


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2020-01-01", periods=2, freq=HOLIDAYS)), "the frame's index would not"),
        (lambda: pd.DataFrame({"a": [1]}, index=pd.Index([object()], **OBJECTS)), "the frame's index would not"),
        (lambda: pd.DataFrame([[1]], columns=pd.Index([object()], **OBJECTS)), "the frame's columns would not"),
        (lambda: pd.DataFrame({"a": [1]}, index=pd.Index([1], name=Zone())), "the name of the frame's index"),
        (lambda: pd.Series([1], name=Zone()), "the name of the series"),
        (lambda: attrs(pd.DataFrame({"a": [1]}), {"x": object()}), "attrs"),
        (lambda: attrs(pd.DataFrame({"a": [1]}), {"x": pd.DataFrame()}), "attrs"),
        (lambda: pd.Index([object()], **OBJECTS), "the index would not"),
    ],
)
def test_what_else_would_change_is_an_error_with_the_way_out(journey: Any, make: Any, what: str) -> None:
    with pytest.raises(MaterializationError, match=what) as caught:
        journey.save(make())
    assert caught.value.hint


def test_the_columns_keep_their_names_and_types_for_who_reads_the_file(journey: Any) -> None:
    artifact = journey.save(pd.DataFrame({"n": [1, 2], "t": ["x", None], "c": pd.Categorical(["b", "a"])}, index=["p", "q"]))

    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()

    assert table.column_names == ["n", "t", "c", "__index_level_0__"]
    assert table.select(["n", "t", "c"]).to_pydict() == {"n": [1, 2], "t": ["x", None], "c": ["b", "a"]}


def test_zones_of_pytz_come_back_as_zones_of_pytz(journey: Any) -> None:
    pytz = pytest.importorskip("pytz", reason="pytz is not installed; pandas does without it since 3")
    zones = [pytz.timezone("Europe/Berlin"), pytz.UTC, pytz.FixedOffset(90)]
    frame = pd.DataFrame({str(zone): pd.date_range("2026-10-25", periods=4, freq="h", tz=zone) for zone in zones})

    artifact = journey.save(frame)
    again = journey.load(artifact)

    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert [again[name].dt.tz is frame[name].dt.tz for name in frame] == [True, True, True]
    assert artifact.comparable


def test_frames_inside_a_dict_come_back(journey: Any) -> None:
    frame = pd.DataFrame({"a": [1, 2]})

    artifact = journey.save({"train": frame, "test": [frame, frame["a"]]})
    again = journey.load(artifact)

    assert len(artifact.objects) == 2
    assert_same(again["train"], frame)
    assert_same(again["test"][1], frame["a"])


class Frame(pd.DataFrame):  # type: ignore[misc, name-defined]
    pass


def test_a_frame_of_another_class_is_pickled(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    artifact = journey.save(Frame({"a": [1]}))

    assert artifact.materializer == "pickle"
    assert type(journey.load(artifact)) is Frame


def test_without_pyarrow_the_requirement_is_named(journey: Any, without: Any) -> None:
    without("pyarrow")

    with pytest.raises(MaterializationError, match="pyarrow is not installed") as caught:
        journey.save(pd.DataFrame({"a": [1]}))
    assert "add pyarrow to the project's requirements" in caught.value.hint


def test_the_preview_tells_the_shape_and_the_types(journey: Any) -> None:
    assert journey.save(pd.DataFrame({"a": [1, 2], "b": [0.5, 1]})).preview == "frame 2x2 (a: int64, b: float64)"
    assert journey.save(pd.Series([1])).preview == "series of 1, int64"
    assert journey.save(pd.RangeIndex(3)).preview == "index of 3, int64"
    assert len(journey.save(pd.DataFrame([[1] * 500])).preview) <= 200


def test_pyarrow_can_read_the_object_without_us(journey: Any) -> None:
    artifact = journey.save(pd.DataFrame({"a": [1, 2]}))

    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        assert file.read_all().column("a").to_pylist() == [1, 2]


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_a_compressed_table_is_refused_before_it_is_unpacked(journey: Any, codec: str) -> None:
    frame = pd.DataFrame({"a": np.zeros(1_000_000), "b": pd.Categorical(["x"] * 1_000_000)})
    artifact = journey.save(frame)
    with pa.memory_map(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        table = file.read_all()
    bomb = pa.BufferOutputStream()
    with pa.ipc.new_file(bomb, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as file:
        file.write_table(table)
    forged = dataclasses.replace(artifact, digest=journey.store.put(bomb.getvalue().to_pybytes()))

    with pytest.raises(MaterializationError, match="it is compressed"):
        journey.load(forged)


def test_a_table_with_offsets_that_lead_elsewhere_is_refused(journey: Any) -> None:
    artifact = journey.save(pd.DataFrame({"a": pd.array(["some", "text"], dtype="string[pyarrow]")}))
    data = bytearray(journey.store.get(artifact.digest))
    offsets = data.find(np.array([0, 4, 8], "i8").tobytes())
    data[offsets + 8 : offsets + 16] = (2**40).to_bytes(8, "little")

    with pytest.raises(MaterializationError, match="not the table of a frame"):
        journey.load(dataclasses.replace(artifact, digest=journey.store.put(bytes(data))))


def test_a_table_that_is_no_frame_is_refused(journey: Any) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("a", pa.int64())])) as file:
        file.write_table(pa.table({"a": [1]}))

    for data in (sink.getvalue().to_pybytes(), b"", b"ARROW1\0\0", b"PAR1"):
        with pytest.raises(MaterializationError, match=r"not the table of a frame|cannot be read back"):
            journey.load(Artifact(journey.store.put(data), len(data), "arrow"))
