"""Classes by name: `package.module.Name` for people, `package.module:Name` to find one again."""

from __future__ import annotations

import importlib


def package(cls: type) -> str:
    """The top-level package that a class says it is from."""
    return str(cls.__module__).partition(".")[0]


def type_name(value: object) -> str:
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def reference(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def find(reference: str) -> object:
    """What `module:QualName` names; raises ImportError or AttributeError."""
    module, _, names = reference.partition(":")
    found: object = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found
