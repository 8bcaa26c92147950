from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orch.errors import MaterializationError
from orch.materializers.arrow_arrays import NotKept
from orch.materializers.polars_types import decode, encode, kept

pl: Any = pytest.importorskip("polars", reason="polars is not installed")
pa: Any = pytest.importorskip("pyarrow", reason="polars is stored as Arrow")


def test_the_bytes_of_categories_do_not_depend_on_what_the_process_met_before(journey: Any) -> None:
    def colours() -> Any:
        return pl.DataFrame({"a": pl.Series(["rare", "also rare"], dtype=pl.Categorical)})

    before = journey.save(colours()).digest
    kept_alive = pl.Series(["also rare", "never seen", "rare"] * 3, dtype=pl.Categorical)
    after = journey.save(colours()).digest

    assert before == after
    assert len(kept_alive) == 9
    assert b"never seen" not in journey.store.get(after)


def test_pyarrow_reads_the_object_without_us(journey: Any) -> None:
    artifact = journey.save(pl.DataFrame({"a": [1, 2], "b": pl.Series(["x", None], dtype=pl.Categorical)}))

    assert artifact.materializer == "polars"
    with pa.OSFile(str(journey.store.path(artifact.digest))) as source, pa.ipc.open_file(source) as file:
        assert file.read_all().to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_what_is_loaded_is_the_callers_own(journey: Any) -> None:
    artifact = journey.save(pl.Series("s", [1, 2, 3]))
    one = journey.load(artifact)
    one[0] = 9

    assert one.to_list() == [9, 2, 3]
    assert journey.load(artifact).to_list() == [1, 2, 3]


def test_chunks_and_that_it_is_sorted_are_no_content(journey: Any) -> None:
    parts = pl.concat([pl.Series("a", [1]), pl.Series("a", [2])], rechunk=False)

    assert journey.save(parts).digest == journey.save(pl.Series("a", [1, 2]).sort()).digest


@pytest.mark.parametrize(
    ("make", "message", "way_out"),
    [
        (lambda: pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), "the frame's column 'o'", "pl.col('o').cast(pl.String)"),
        (lambda: pl.Series([object()], dtype=pl.Object), "the series", "series.cast(pl.String)"),
    ],
    ids=["frame", "series"],
)
def test_objects_are_refused_with_the_way_out(journey: Any, make: Callable[[], Any], message: str, way_out: str) -> None:
    with pytest.raises(MaterializationError, match=f"{message} would not come back the same: its dtype is Object") as caught:
        journey.save(make())
    assert way_out in caught.value.hint


@pytest.mark.parametrize("may_pickle", [True, False])
def test_a_plan_is_refused_whether_or_not_pickles_are_allowed(journey: Any, *, may_pickle: bool) -> None:
    with pytest.raises(MaterializationError, match="is a plan") as caught:
        journey.save(pl.LazyFrame({"a": [1]}), may_pickle=may_pickle)
    assert caught.value.hint == "return value.collect()"


def test_without_pyarrow_it_says_what_to_add(journey: Any, without: Callable[[str], None]) -> None:
    without("pyarrow")

    with pytest.raises(MaterializationError, match="pyarrow is not installed") as caught:
        journey.save(pl.DataFrame({"a": [1]}))
    assert caught.value.hint == "add pyarrow to the project's requirements"


def test_where_polars_is_missing_a_frame_says_so(journey: Any, without: Callable[[str], None]) -> None:
    artifact = journey.save(pl.DataFrame({"a": [1]}))
    without("polars")

    with pytest.raises(MaterializationError, match="needs a module that is not here: 'polars'"):
        journey.load(artifact)


def test_the_preview_tells_the_shape_and_the_types(journey: Any) -> None:
    assert journey.save(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})).preview == "frame 2x2 (a: Int64, b: String)"
    assert journey.save(pl.Series([1.5])).preview == "series of 1, Float64"


@pytest.mark.parametrize(
    "dtype",
    [
        pl.Int8(),
        pl.Datetime("ms", "Europe/Berlin"),
        pl.Duration("ns"),
        pl.Decimal(20, 3),
        pl.Enum(["b", "a"]),
        pl.Enum([]),
        pl.Categorical(),
        pl.Categorical(pl.Categories("name", "space", pl.UInt8)),
        pl.List(pl.Array(pl.Int128, (2, 3))),
        pl.Struct({"a": pl.Struct({}), "b": pl.Null}),
    ],
    ids=str,
)
def test_a_data_type_is_json_and_back(dtype: Any) -> None:
    assert decode(encode(dtype)) == dtype


@pytest.mark.parametrize("data", [[], ["Object"], ["DataFrame"], ["__class__"], ["Int8", 1], "Int8", ["Categorical", "a", "b", "read_csv"]])
def test_what_is_no_data_type_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="is no data type of polars"):
        decode(data)


def test_a_type_that_is_not_polars_own_is_not_kept() -> None:
    class Int8(pl.DataType):  # type: ignore[misc]
        pass

    with pytest.raises(NotKept):
        kept(Int8())
