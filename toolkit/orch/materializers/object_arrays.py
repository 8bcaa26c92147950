"""numpy arrays of objects and of text of any length, inside the document: their items one by one, if all of them are data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orch.errors import MaterializationError
from orch.materializers.classes import package
from orch.model import values

if TYPE_CHECKING:
    from orch.model.canonical import Json


def takes(value: Any) -> bool:
    if package(type(value)) != "numpy":
        return False
    import numpy as np

    return type(value) is np.ndarray and (value.dtype == np.dtype(object) or value.dtype.char == "T") and not value.dtype.metadata


def encode(array: Any, leaf: Callable[[object, str], Json]) -> Json:
    in_fortran_order = array.flags.f_contiguous and not array.flags.c_contiguous
    content: dict[str, Json] = {
        "shape": list(array.shape),
        "items": values.encode(list(array.flat), leaf),
        "order": "F" if in_fortran_order else "C",
    }
    if not array.flags.writeable:
        content["writeable"] = False
    if array.dtype.char == "T":
        missing = [array.dtype.na_object] if hasattr(array.dtype, "na_object") else []
        content["text"] = [array.dtype.coerce, *(values.encode(item, leaf) for item in missing)]
    return {"$objects": content}


def decode(content: Json, leaf: Callable[[Json, str], object], path: str) -> object:
    import numpy as np

    shape, items = content["shape"], values.decode(content["items"], leaf, path)
    if not isinstance(items, list) or any(type(side) is not int or side < 0 for side in shape) or math.prod(shape) != len(items):
        message = f"at {path}: an array of the shape {shape!r} cannot have the items that are there"
        raise MaterializationError(message, hint="the artifact is damaged or forged")
    flat = np.empty(len(items), dtype=_dtype(content, leaf))
    for i, item in enumerate(items):  # one by one: what is a list itself stays one item
        flat[i] = item
    array = np.array(flat.reshape(shape), order=content["order"])
    if content.get("writeable") is False:
        array.flags.writeable = False
    return array


def _dtype(content: Json, leaf: Callable[[Json, str], object]) -> Any:
    import numpy as np

    if "text" not in content:
        return np.dtype(object)
    coerce, *missing = content["text"]
    if not missing:
        return np.dtypes.StringDType(coerce=coerce)
    return np.dtypes.StringDType(coerce=coerce, na_object=values.decode(missing[0], leaf))
