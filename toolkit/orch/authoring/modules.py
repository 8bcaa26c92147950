"""Importing a user's file as first-party code of its project: once, under one name, in every process."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from orch.authoring.bytecode import FirstPartyLoader, trust_no_old_bytecode
from orch.authoring.places import raising_place, told
from orch.authoring.project import Project, add_import_paths, module_name
from orch.errors import LoadError, OrchError, Where


def load_module(file: Path, project: Project) -> ModuleType:
    """Import `file`; raises LoadError with the user's own frame."""
    file = file.resolve()
    trust_no_old_bytecode()
    add_import_paths(project.root, file)
    name = module_name(file)
    known = sys.modules.get(name)
    if known is not None:
        if getattr(known, "__file__", None) and Path(known.__file__ or "").resolve() == file:
            return known
        hint = f"rename {file.name}: another module named {name!r} is already loaded"
        raise LoadError(f"{file.name!r} cannot be imported as {name!r}", hint=hint, where=Where(project.relative(file)))
    try:
        return _execute(name, file)
    except OrchError as error:
        if error.where:
            error.where = Where(project.relative(Path(error.where.path)), error.where.line)
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # user code: `sys.exit()` at the top of a module is a mistake like any other
        raise _load_error(error, file, project) from error


def _execute(name: str, file: Path) -> ModuleType:
    parent, _, _ = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
    spec = importlib.util.spec_from_file_location(name, file, loader=FirstPartyLoader(name, str(file)))
    if spec is None or spec.loader is None:
        raise ImportError(f"Python cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _load_error(error: BaseException, file: Path, project: Project) -> LoadError:
    import shlex  # most modules load

    where = raising_place(error, error.__traceback__, project) or Where(project.relative(file))
    hint = f"mend what stands there; `python {shlex.quote(project.relative(file))}` shows how Python got to it"
    if isinstance(error, ModuleNotFoundError):
        hint = f"install what provides {error.name!r} into {sys.prefix}, and add it to the project's requirements"
    return LoadError(f"importing {project.relative(file)!r} raised {told(error)}", hint=hint, where=where)
