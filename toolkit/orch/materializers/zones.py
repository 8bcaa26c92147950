"""Time zones of columns by name: the standard library's and pytz', which pandas before 3 uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from orch.model import values

if TYPE_CHECKING:
    from orch.model.canonical import Json


def encode(zone: Any) -> Json:
    """None where the zone is of a library whose zones have no name that holds on every machine."""
    pytz = sys.modules.get("pytz")
    if pytz and isinstance(zone, pytz.tzinfo.BaseTzInfo) and zone.zone and pytz.timezone(zone.zone) is zone:
        return {"$pytz": zone.zone}
    if pytz and type(zone) is type(pytz.FixedOffset(1)):
        return {"$pytz": zone._minutes}
    try:
        return values.encode(zone)
    except values.NotPlain:
        return None


def decode(data: Json) -> Any:
    match data:
        case {"$pytz": name}:
            import pytz

            return pytz.FixedOffset(name) if isinstance(name, int) else pytz.timezone(name)
        case _:
            return values.decode(data)
