"""When a request is worth another try, and after how long: decided as data, from what the server said."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Final

TRIES: Final = 5
FIRST: Final = 1.0  # seconds; doubled with every try
# A job that waits is paid for. Who is told to come back later than this fails at once, and says when that would be.
LONGEST: Final = 60.0

_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
# For what must not be done twice: the server says that it did nothing.
_UNDONE: Final = frozenset({429})


def jitter() -> float:
    """From 0 up to 1; `random` costs more than a request to import."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def delay(tries: int, share: float) -> float:
    """Seconds before the next try where the server names none; a `share` between 0 and 1 keeps many jobs from coming at once."""
    return min(FIRST * 2.0 ** (tries - 1) * (0.5 + share / 2), LONGEST)


def asked_delay(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait; None where it names none. `headers` are in lower case, `now` is seconds since 1970.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    if (after := headers.get("retry-after", "").strip()) and (seconds := _seconds(after, now)) is not None:
        return max(seconds, 0.0)
    if headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = _number(headers.get("x-ratelimit-reset", ""))
        return None if reset is None else max(reset - now, 0.0) + 1  # the server counts whole seconds
    return None


def is_limited(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Whether the server refuses because of how often it was asked, and not because of what for."""
    if status == 429:
        return True
    told = "retry-after" in headers or headers.get("x-ratelimit-remaining", "").strip() == "0"
    return status == 403 and (told or "rate limit" in message.lower())


def is_passing(status: int, *, limited: bool, repeatable: bool) -> bool:
    """Whether the same request may end otherwise a little later, and may be made again."""
    return limited or status in (_PASSING if repeatable else _UNDONE)


def _seconds(text: str, now: float) -> float | None:
    """Of a `Retry-After`: a number, or a date."""
    if (number := _number(text)) is not None:
        return number
    import email.utils  # GitHub sends numbers

    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
