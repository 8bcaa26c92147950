"""Classes by name: `package.module.Name` for people, `package.module:Name` to find one again.

Names come from artifacts, which anyone may have made. So finding one runs no code but the top of a module that the step's
own code imports, or of one of the project's that defines a class of this name; nothing that is found is called.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from orch.errors import MaterializationError

_REFERENCE: Final = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
ANEW: Final = "run the step that makes this value again"
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def package(cls: type) -> str:
    """The top-level package that a class says it is from."""
    return str(cls.__module__).partition(".")[0]


def type_name(value: object) -> str:
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def reference(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def problem(cls: type) -> str | None:
    """Why another process would not find `cls` by its name, or None."""
    if cls.__module__ == "__main__":
        return "its class is defined in the script that was started, which no other process can import"
    module = sys.modules.get(cls.__module__)
    found = _inside(module, cls.__qualname__) if module and _REFERENCE.fullmatch(reference(cls)) else None
    if found is None:
        return f"its class cannot be imported as {reference(cls)!r}"
    return None if found is cls else f"{reference(cls)!r} is another class by now"


def find(reference: object, project: Path | None) -> Any:
    """The class that `reference` names; raises MaterializationError where there is none, or it is nobody's to load."""
    match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None:
        raise MaterializationError(f"{reference!r} is not the name of a class", hint="the artifact is damaged or forged")
    module, names = match.groups()
    loaded = sys.modules.get(module) or _imported(module, names, project)
    found = _inside(loaded, names)
    if not isinstance(found, type) or f"{found.__module__}:{found.__qualname__}" != reference:
        raise MaterializationError(f"there is no class {reference!r} any more", hint=ANEW)
    return found


def check_names(cls: type, found: Iterable[str], expected: Iterable[str]) -> None:
    """Raise where a class has other fields by now than the value that was stored."""
    if changed := sorted(set(found) ^ set(expected)):
        message = f"{reference(cls)!r} has other fields than the value that was stored: {', '.join(changed)}"
        raise MaterializationError(message, hint=ANEW)


def _inside(module: ModuleType, names: str) -> object:
    """Looked up where it is kept: asking with `getattr` may run code of the module's or of a metaclass."""
    found: object = module
    for name in names.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found


def _imported(module: str, names: str, project: Path | None) -> ModuleType:
    file = _file_of(module)
    if file and project and _is_own(file, project):
        allowed = any(_defined(ast.parse(file.read_bytes()), names.split(".")))
    else:
        allowed = project is not None and module.partition(".")[0] in _imports_of_loaded(project)
    if not allowed:
        message = f"the value is of the class '{module}:{names}', and the code of this step imports no module {module!r}"
        raise MaterializationError(message, hint=f"add `import {module}` to the module of the step, if the value is to be trusted")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        message = f"importing {module!r}, which defines the value's class, raised {type(error).__name__}: {error}"
        raise MaterializationError(message) from error


def _file_of(module: str) -> Path | None:
    """Where Python would find a module's source, without importing the packages that it lies in."""
    inner = module.replace(".", "/")
    places = (Path(entry, name) for entry in sys.path for name in (f"{inner}/__init__.py", f"{inner}.py"))
    return next((place.resolve() for place in places if place.is_file()), None)


def _is_own(file: Path, project: Path) -> bool:
    return file.is_relative_to(project) and not _INSTALLED & set(file.parts)


def _defined(tree: ast.AST, names: list[str]) -> Iterator[ast.AST]:
    """The statements that define what `names` lead to: a class, or `Name = namedtuple(...)`."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.ClassDef(name=name) if name == names[0]:
                if len(names) == 1:
                    yield node
                else:
                    yield from _defined(node, names[1:])
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()) if [name] == names:
                yield node
            case ast.If() | ast.Try():
                yield from _defined(node, names)
            case _:
                pass


def _imports_of_loaded(project: Path) -> set[str]:
    """The top-level packages that the project's loaded modules import, anywhere in them."""
    found: set[str] = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and _is_own(Path(file).resolve(), project):
            found |= _imports_of(Path(file))
    return found


@functools.cache
def _imports_of(file: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return frozenset(found)
