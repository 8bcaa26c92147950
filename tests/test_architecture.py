"""The order of the layers, held by reading every import: function-local and type-checking ones count, and nothing is excepted."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "toolkit" / "orch"

# From the top; each may import what stands below it, and itself. One line is one level: its members do not know each other.
LAYERS: Final = (
    ("orch.__main__",),
    ("orch.cli",),
    ("orch.replay",),
    ("orch.orchestrators",),
    ("orch.targets",),
    ("orch.github",),
    ("orch.transports",),
    ("orch.stacks",),
    ("orch.workflow", "orch.schemas"),
    # --- below this line: standard library only; this is what travels to wherever a step runs ---
    ("orch.runtime",),
    ("orch.planning",),
    ("orch.authoring",),
    ("orch.materializers",),
    ("orch.stores",),
    ("orch.model",),
    ("orch.locks",),
    ("orch.names", "orch.files", "orch.collector"),
    ("orch.system",),
    ("orch.errors",),
)
TRAVELS: Final = LAYERS[LAYERS.index(("orch.runtime",)) :]
# What a user's own values need, imported when such a value is met.
VALUE_LIBRARIES: Final = {"cloudpickle", "numpy", "pandas", "polars", "pyarrow", "pytz", "safetensors", "torch"}


@dataclass(frozen=True)
class Import:
    """`importer` names `imported` in an import statement; `local` if inside a function, `typing` if under TYPE_CHECKING."""

    importer: str
    imported: str
    line: int
    local: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str, tree: ast.AST, *, local: bool = False, typing: bool = False) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import(names):
                for alias in names:
                    yield Import(module, alias.name, node.lineno, local, typing)
            case ast.ImportFrom(source, names, level):
                assert level == 0, f"{module}:{node.lineno}: a relative import"
                for alias in names:
                    # `from orch.model import graph` names a module, `from orch.names import STEP_ID` what is in one.
                    inner = f"{source}.{alias.name}"
                    yield Import(module, inner if inner in MODULES else str(source), node.lineno, local, typing)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from imports_of(module, node, local=True, typing=typing)
            case ast.If(ast.Name("TYPE_CHECKING")):
                yield from imports_of(module, node, local=local, typing=True)
            case _:
                yield from imports_of(module, node, local=local, typing=typing)


IMPORTS: Final = tuple(found for name, file in MODULES.items() for found in imports_of(name, ast.parse(file.read_text(encoding="utf-8"))))


def layer_of(module: str) -> int | None:
    """The level of a module, counted from the top; None for the facade `orch` itself and for what is not ours."""
    return next((level for level, names in enumerate(LAYERS) for name in names if (module + ".").startswith(name + ".")), None)


def test_every_module_belongs_to_a_layer() -> None:
    homeless = [module for module in MODULES if module != "orch" and layer_of(module) is None]

    assert homeless == []


def test_imports_only_run_down() -> None:
    wrong = []
    for found in IMPORTS:
        upper, lower = layer_of(found.importer), layer_of(found.imported)
        if upper is None or lower is None:
            continue
        same = found.importer.split(".")[:2] == found.imported.split(".")[:2]
        if not same and upper >= lower:
            wrong.append(str(found))

    assert wrong == []


def test_the_facade_imports_nothing_of_ours_before_it_is_used_and_offers_only_what_travels() -> None:
    ours = [found for found in IMPORTS if found.importer == "orch" and found.imported.startswith("orch")]

    assert [str(found) for found in ours if not (found.local or found.typing)] == []
    assert [str(found) for found in ours if found.typing and not travels(found.imported)] == []


def test_pipelines_and_workflows_do_not_know_each_other() -> None:
    pairs = {
        (found.importer.split(".")[1], found.imported.split(".")[1])
        for found in IMPORTS
        if found.imported.startswith("orch.") and "." in found.importer
    }

    assert ("workflow", "model") not in pairs
    assert ("model", "workflow") not in pairs


def travels(module: str) -> bool:
    return any((module + ".").startswith(name + ".") for names in TRAVELS for name in names)


def test_what_travels_imports_the_standard_library_only() -> None:
    wrong = []
    for found in IMPORTS:
        library = found.imported.partition(".")[0]
        if not (travels(found.importer) or found.importer == "orch") or library == "orch" or library in sys.stdlib_module_names:
            continue
        for_a_value = library in VALUE_LIBRARIES and found.importer.startswith("orch.materializers.") and found.local
        if not for_a_value:
            wrong.append(str(found))

    assert wrong == []


def test_scripts_of_the_actions_import_the_standard_library_only() -> None:
    files = sorted((ROOT / "actions").rglob("*.py"))
    imports = [found for file in files for found in imports_of(file.name, ast.parse(file.read_text(encoding="utf-8")))]

    assert [str(found) for found in imports if found.imported.partition(".")[0] not in {*sys.stdlib_module_names, "orch"}] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    edges: dict[str, set[str]] = {name: set() for name in MODULES}
    for found in IMPORTS:
        if found.imported in MODULES and "orch" not in (found.importer, found.imported):  # the facade stands above and below all
            edges[found.importer].add(found.imported)

    # What stands in no circle can be taken away one by one: first those that import nothing that is left.
    while free := [name for name, imported in edges.items() if not imported]:
        for name in free:
            del edges[name]
        for imported in edges.values():
            imported.difference_update(free)
    # What is left are the circles, and what leads into them.
    while heads := set(edges) - set().union(*edges.values()):
        for name in heads:
            del edges[name]

    assert edges == {}


@pytest.mark.parametrize(
    "source", ["import b", "def f():\n    import b", "if TYPE_CHECKING:\n    import b", "try:\n    import b\nexcept ImportError: pass"]
)
def test_no_import_hides(source: str) -> None:
    assert [found.imported for found in imports_of("a", ast.parse(source))] == ["b"]


# --- operating systems ---

# What Windows has not; `python3 tasks.py lint` asks mypy for the whole of it, with `--platform win32`.
POSIX_MODULES: Final = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_NAMES: Final = {
    "os": {"fchmod", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getpgrp", "getuid", "killpg", "kill", "mkfifo", "nice"}
    | {"posix_spawn", "register_at_fork", "sched_getaffinity", "set_blocking", "setpgid", "setsid", "statvfs", "umask", "uname", "wait"}
    | {"waitpid", "WNOHANG", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY", "sendfile", "posix_fadvise", "pread", "pwrite"},
    "select": {"epoll", "kqueue", "poll"},
    "selectors": {"DefaultSelector"},  # Windows selects on sockets only, and a worker's pipes are none
    "signal": {"SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGSTOP", "SIGUSR1", "SIGUSR2", "alarm", "setitimer", "pthread_kill"},
}
POSIX_PLACES: Final = ("/proc", "/dev/", "/sys/", "/tmp")  # noqa: S108 - looked for, not used
# Where they belong: one package for all that runs steps; and act, whose jobs are bash scripts, and which says so on Windows.
OWN_SYSTEM: Final = ("orch.system.", "orch.replay.act.")


def posix_only(module: str, tree: ast.AST) -> Iterator[str]:
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(owner), name) if name in POSIX_NAMES.get(owner, ()):
                yield f"{module}:{node.lineno} uses {owner}.{name}"
            case ast.Constant(str(text)) if text.startswith(POSIX_PLACES) and id(node) not in told:
                yield f"{module}:{node.lineno} names {text!r}"
            case ast.Import(names):
                yield from (f"{module}:{node.lineno} imports {alias.name}" for alias in names if alias.name in POSIX_MODULES)
            case ast.ImportFrom(str(source), names):
                if source in POSIX_MODULES or any(alias.name in POSIX_NAMES.get(source, ()) for alias in names):
                    yield f"{module}:{node.lineno} imports from {source}"
            case _:
                pass


DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_what_windows_has_not_is_asked_for_in_one_package() -> None:
    elsewhere = [
        found
        for module, file in MODULES.items()
        if not f"{module}.".startswith(OWN_SYSTEM)
        for found in posix_only(module, ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert elsewhere == []


@pytest.mark.parametrize(
    "source", ["import fcntl", "from os import fork", "import os\nos.killpg(1, 9)", "from pathlib import Path\nPath('/proc/1/stat')"]
)
def test_no_such_question_hides(source: str) -> None:
    assert len(list(posix_only("a", ast.parse(source)))) == 1


def names_of(module: str) -> set[str]:
    """What a module defines at its top level."""
    body = ast.parse(MODULES[module].read_text(encoding="utf-8")).body
    defined = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return defined | {target.id for target in targets if isinstance(target, ast.Name)}


def test_each_operating_system_offers_the_same_names() -> None:
    facade = ast.walk(ast.parse(MODULES["orch.system"].read_text(encoding="utf-8")))
    asked = {node.attr for node in facade if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "_this"}

    assert asked > {"processes", "wakeup"}
    assert asked - names_of("orch.system.windows") == set()
    assert asked - names_of("orch.system.posix") == {"out_of_memory_kills"}  # of a module of its own


# Of `os`, `shutil` and paths: what makes, changes or removes a file. `replace` is also a method of texts, so it counts with `os` alone.
FILE_EFFECTS: Final = frozenset(
    "chmod copy copy2 copyfile copytree hardlink_to link makedirs mkdir mkfifo move remove removedirs rename renames rmdir rmtree symlink "
    "truncate unlink".split()
)
WRITING: Final = re.compile(r"'[rb]*[wax+][wax+b]*'|O_(WRONLY|RDWR|CREAT)")


def file_effects(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name("open") | ast.Attribute(attr="open") if WRITING.search(ast.unparse(node)) and "devnull" not in ast.unparse(node):
                yield ast.unparse(node)
            case ast.Attribute(ast.Name("os"), "replace"):
                yield ast.unparse(node)
            case ast.Attribute(ast.Name("os" | "shutil"), name) if name in FILE_EFFECTS:
                yield ast.unparse(node)
            case ast.Attribute(_, "mkdir" | "rmdir" | "symlink_to" | "hardlink_to" | "touch" | "unlink" | "write_bytes" | "write_text") if (
                not isinstance(node.func.value, ast.Name) or node.func.value.id != "files"
            ):
                yield ast.unparse(node)


def test_what_travels_and_the_local_run_change_files_in_one_module_alone() -> None:
    """So that a test can count the effects, and kill at each of them: tests/integration/test_kill.py."""
    elsewhere = [
        f"{module}: {effect}"
        for module, file in MODULES.items()
        if (travels(module) or f"{module}.".startswith("orch.orchestrators.local.")) and module != "orch.files"
        for effect in file_effects(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert elsewhere == []


@pytest.mark.parametrize(
    "source",
    [
        "os.replace(a, b)",
        "shutil.rmtree(a)",
        "path.mkdir()",
        "Path(a).write_text('x')",
        "open(a, 'ab')",
        "a.open('r+b')",
        "os.open(a, os.O_CREAT)",
    ],
)
def test_no_effect_on_files_hides(source: str) -> None:
    assert len(list(file_effects(ast.parse(source)))) == 1
