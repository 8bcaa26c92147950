"""numpy scalars, inside the document: `{"$numpy": ["<f8", 0.5]}`, or their bytes where JSON has no such number."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

from orch.materializers.classes import package

if TYPE_CHECKING:
    from orch.model.canonical import Json


def takes(value: Any) -> bool:
    """Only what its dtype and bytes give back: `numpy.longlong` is a type of its own that shares its dtype with another."""
    if package(type(value)) != "numpy":
        return False
    import numpy as np

    if not isinstance(value, np.generic) or value.dtype.kind not in "biufcmMSU" or value.dtype.char in "gG":
        return False
    if not value.dtype.itemsize:
        return False
    again: Any = np.frombuffer(value.tobytes(), value.dtype.str)[0]
    return type(again) is type(value) and again.dtype == value.dtype and again.tobytes() == value.tobytes()


def encode(value: Any) -> Json:
    if value.dtype.kind in "biu":
        return {"$numpy": [value.dtype.str, value.item()]}
    if value.dtype.kind == "f" and value.dtype.itemsize <= 8 and math.isfinite(value):
        return {"$numpy": [value.dtype.str, float(value)]}
    return {"$numpy": [value.dtype.str, {"base64": base64.b64encode(value.tobytes()).decode()}]}


def decode(content: Json) -> object:
    import numpy as np

    dtype, value = content
    if isinstance(value, dict):
        return np.frombuffer(base64.b64decode(value["base64"]), dtype)[0]
    return np.dtype(dtype).type(value)
