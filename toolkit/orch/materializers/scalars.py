"""numpy scalars, inside the document: `{"$numpy": ["<f8", 0.5]}`, or their bytes where JSON has no such number."""

from __future__ import annotations

import binascii
import math
from typing import TYPE_CHECKING, Any

from orch.errors import MaterializationError
from orch.materializers.classes import package, type_name

if TYPE_CHECKING:
    from orch.model.canonical import Json


def takes(value: Any) -> bool:
    if package(type(value)) != "numpy":
        return False
    import numpy as np

    # Long doubles have bytes that mean nothing, and structures are arrays in all but name: both are pickled.
    return isinstance(value, np.generic) and value.dtype.kind in "biufcmMSU" and value.dtype.char not in "gG"


def encode(value: Any) -> Json:
    content = [value.dtype.str, _content(value)]
    again: Any = decode(content)
    # `longlong` is a type of its own that shares its dtype with another, and numpy drops zeros at the end of bytes.
    if type(again) is not type(value) or again.tobytes() != value.tobytes():
        message = f"a {type_name(value)} would come back as another value: {type_name(again)} {again!r}"
        raise MaterializationError(message, hint="return it as a Python value, with .item() or bytes()")
    return {"$numpy": content}


def _content(value: Any) -> Json:
    if value.dtype.kind in "biu":
        return value.item()
    if value.dtype.kind == "f" and math.isfinite(value):
        return float(value)
    return {"base64": binascii.b2a_base64(value.tobytes(), newline=False).decode()}


def decode(content: Json) -> object:
    import numpy as np

    dtype, value = content
    if not isinstance(value, dict):
        return np.dtype(dtype).type(value)
    if not np.dtype(dtype).itemsize:  # empty text
        return np.dtype(dtype).type()
    return np.frombuffer(binascii.a2b_base64(value["base64"]), dtype)[0]
