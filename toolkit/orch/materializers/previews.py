"""A value in a line of plain text, for people: short, cheap, and without running the user's code.

No text is taken from a `__repr__` or `__str__` of the user's, so no preview hangs, and none has an address of memory in it.
Secrets are masked before anything is cut: the half of one that is left would not be known again.
"""

from __future__ import annotations

import dataclasses
import enum
import pathlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import MemberDescriptorType
from typing import Any, Final

from orch.materializers import shapes
from orch.materializers.classes import package, type_name
from orch.model import atoms, values

LENGTH: Final = 200
# A text of which only the beginning is shown is masked as far as this: what begins in what is shown, as long as secrets are.
_REACH: Final = 1 << 16
_ITEMS: Final = 12
_SORTED: Final = 1000  # a set has no order of its own, and sorting a larger one is work
_DEPTH: Final = 4
_DIGITS: Final = 400  # bits: a longer integer is not worth its text
_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    dict: ("{", "}"),
}

Mask = Callable[[str], str]


def preview(value: object, mask: Mask | None = None) -> str:
    try:
        text = _Text(mask).of(value, _DEPTH)
    except Exception:  # noqa: BLE001 -- a class may pretend to be another; a preview fails no step
        text = type_name(value)
    return finish(text, mask)


def finish(text: str, mask: Mask | None = None) -> str:
    """`text` as one line of at most LENGTH characters, none of which a terminal takes for a command."""
    return shorten(printable(mask(text) if mask else text))


def printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: 2 * LENGTH])


def shorten(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"


def size_text(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


class _Text:
    def __init__(self, mask: Mask | None) -> None:
        self._mask = mask

    def of(self, value: Any, depth: int) -> str:
        kind = type(value)
        if kind is str or kind is bytes:
            return self._quoted(value)
        if kind is int and value.bit_length() > _DIGITS:
            return f"int of {value.bit_length()} bits"
        if kind in (type(None), bool, int, float, complex):
            return repr(value)
        if kind in _BRACKETS:
            return self._container(value, *_BRACKETS[kind], depth)
        if tag := atoms.tag_of(kind):
            return self._atom(tag, value)
        if isinstance(value, enum.Enum):
            return f"{kind.__qualname__}.{self._plain(value.__dict__.get('_name_') or value.__dict__.get('_value_'))}"
        if shapes.takes(kind):
            return shapes.text(value, self._plain, alone=depth == _DEPTH)
        if isinstance(value, pathlib.PurePath) and package(kind) == "pathlib":
            return self._masked(value.name)
        return self._instance(value, depth) if depth else type_name(value)

    def _masked(self, text: str) -> str:
        """Enough of a long text, masked; nothing behind a mask, where the cut may have left half a secret."""
        if self._mask is None:
            return text[: 2 * LENGTH]
        masked = self._mask(text[:_REACH])
        if masked == text[:_REACH] or len(text) <= _REACH:
            return masked
        same = next(i for i, (one, other) in enumerate(zip(masked, text, strict=False)) if one != other)
        return f"{masked[:same]}…"

    def _quoted(self, value: str | bytes) -> str:
        if type(value) is bytes:
            return repr(self._masked(value[:_REACH].decode("latin-1")).encode("latin-1", "replace")[: 2 * LENGTH])
        return repr(self._masked(str(value))[: 2 * LENGTH])

    def _plain(self, value: object) -> str:
        return self._masked(value) if type(value) is str else self.of(value, 0)

    def _atom(self, tag: str, value: Any) -> str:
        if tag == "$range" and not all(atoms.is_short(end) for end in (value.start, value.stop)):
            return "range"
        if tag == "$fraction":
            return f"{self.of(value.numerator, 0)}/{self.of(value.denominator, 0)}"
        if tag == "$bytearray":
            return f"bytearray({self._quoted(bytes(value[:_REACH]))})"
        if atoms.content(tag, value) is None:  # a zone of somebody's own would be asked for its name
            return type_name(value)
        return self._masked(str(value))

    def _container(self, value: Any, left: str, right: str, depth: int) -> str:
        if not value:
            return "()" if type(value) is tuple else repr(value)
        if not depth or (len(value) > _SORTED and type(value) in (set, frozenset)):
            return f"{left}… {len(value)} items{right}"
        shown = list(islice(self._items(value, depth - 1), _ITEMS))
        if len(value) > _ITEMS:
            shown.append(f"… {len(value)} items")
        return f"{left}{', '.join(shown)}{',' if type(value) is tuple and len(value) == 1 else ''}{right}"

    def _items(self, value: Any, depth: int) -> Iterator[str]:
        if isinstance(value, dict):
            return (f"{self.of(key, depth)}: {self.of(item, depth)}" for key, item in dict.items(value))
        texts = (self.of(item, depth) for item in value)
        return iter(sorted(texts)) if type(value) in (set, frozenset) else texts

    def _instance(self, value: Any, depth: int) -> str:
        """Only what lies in the instance is shown: a property is the user's code."""
        kind = type(value)
        held = _held(value)
        if values.is_plain(kind):  # a collection
            brackets = ("[", "]") if not isinstance(value, dict) else ("{", "}")
            return f"{kind.__qualname__}({self._container(value, *brackets, depth)})"
        if isinstance(value, tuple) and isinstance(fields := getattr(kind, "_fields", None), tuple):
            return self._fields(kind, zip(fields, tuple.__iter__(value), strict=False), len(fields), depth)
        if dataclasses.is_dataclass(kind):
            shown = [field.name for field in dataclasses.fields(value) if field.repr]
        elif isinstance(declared := getattr(kind, "__pydantic_fields__", None), dict):
            shown = [name for name, field in declared.items() if field.repr]
        else:
            return type_name(value)
        return self._fields(kind, ((name, held.get(name, _Unknown)) for name in shown), len(shown), depth)

    def _fields(self, kind: type, fields: Iterable[tuple[str, object]], count: int, depth: int) -> str:
        parts = [name if item is _Unknown else f"{name}={self.of(item, depth - 1)}" for name, item in islice(fields, _ITEMS)]
        return f"{kind.__qualname__}({', '.join(parts)}{', …' if count > _ITEMS else ''})"


class _Unknown:
    pass


def _held(value: object) -> dict[str, object]:
    """The attributes and slots of an instance, without asking it."""
    try:
        held = dict(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        held = {}
    for cls in type(value).__mro__:
        for name, member in vars(cls).items():
            if type(member) is MemberDescriptorType:
                try:
                    held[name] = member.__get__(value)
                except AttributeError:
                    continue
    return held
