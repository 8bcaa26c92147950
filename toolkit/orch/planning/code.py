"""Which code the steps of a graph reach: statements of their own modules, other first-party modules, installed ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from orch.authoring.project import Project, module_name
from orch.errors import Where
from orch.model.graph import Graph, topological
from orch.model.steps import OutputRef, Step
from orch.planning.closure import bits
from orch.planning.finder import Finder, Folder, Listings, Module, owner_of
from orch.planning.memory import Memory
from orch.planning.modules import Modules, Node
from orch.planning.packages import Packages
from orch.planning.passed import Passed, passed_by, roots
from orch.planning.search_path import path_for
from orch.planning.selection import Holder
from orch.planning.source import How, Import


@dataclass(frozen=True, slots=True)
class Code:
    """`own`: modules of which single statements count, by number, with these as bits; `modules`: those that count whole, as bits."""

    own: tuple[tuple[int, int], ...] = ()
    modules: int = 0
    tops: frozenset[str] = frozenset()  # top-level modules of installed distributions

    def __or__(self, other: Code) -> Code:
        own = dict(self.own)
        for number, selected in other.own:
            own[number] = own.get(number, 0) | selected
        return Code(tuple(sorted(own.items())), self.modules | other.modules, self.tops | other.tops)


class CodeOfSteps:
    """Reads every file that any step of `graph` reaches; what cannot be found has no code."""

    def __init__(self, graph: Graph, project: Project, path: Sequence[str], packages: Packages, memory: Memory) -> None:
        self._project = project
        self._path = path
        self._listings = Listings()
        self._packages = packages
        self._finders: dict[tuple[str, ...], Finder] = {}
        self._modules = Modules(memory.source, memory.units, self._label, packages.editable_modules)
        self._holders: dict[str, Holder | None] = {}  # by file, as steps name it
        for step in graph.steps:
            file, _, _ = step.source.rpartition(":")
            if file not in self._holders:
                self._holders[file] = self._holder(file)
        self._modules.load()
        self._by_number = {holder.number: holder for holder in self._holders.values() if holder}
        for holder in self._by_number.values():
            holder.load()
        self._own: dict[str, Code] = {}
        self._of: dict[str, Code] = {}
        for step in topological(graph):
            self._of[step.id] = self._with_inputs(step, graph)

    def of(self, step: Step) -> Code:
        return self._of[step.id]

    def place(self, step: Step) -> Where:
        """Where the step's function is, for messages."""
        file, _, name = step.source.rpartition(":")
        holder = self._holders[file]
        return Where(self._project.relative(self._project.root / file), holder.line(name) if holder else 0)

    def nodes(self, modules: int) -> list[Node]:
        return [self._modules.nodes[number] for number in bits(modules)]

    def holder(self, number: int) -> Holder:
        return self._by_number[number]

    # --- one step ---

    def _holder(self, file: str) -> Holder | None:
        path = (self._project.root / file).resolve()
        if not path.is_file() or not path.is_relative_to(self._project.root):
            return None
        search = path_for(path, self._project.root, self._path)
        finder = self._finders.get(search)
        if finder is None:
            finder = self._finders[search] = Finder(search, self._listings, self._packages.provides)
        name = module_name(path)
        is_package = path.name == "__init__.py"
        name = name.removesuffix(".__init__") if is_package else name
        folders = (Folder(str(path.parent), owner_of(str(path))),) if is_package else ()
        parent = name.rpartition(".")[0]
        above = self._modules.reached_by([Import(How.MODULE, 0, parent)] if parent else [], "", finder)
        return Holder(self._modules.number(Module(name, str(path), folders), finder), self._modules, above)

    def _own_code(self, source: str) -> Code:
        known = self._own.get(source)
        if known is None:
            file, _, name = source.rpartition(":")
            holder = self._holders[file]
            known = self._own[source] = self._statements(holder, holder.select(name)) if holder else Code()
        return known

    def _statements(self, holder: Holder, selected: int) -> Code:
        found = holder.reached(selected)
        modules = self._modules.closure(found.modules)
        return Code(((holder.number, selected),), modules, found.tops | self._modules.tops(modules))

    # --- what its inputs bring along ---

    def _with_inputs(self, step: Step, graph: Graph) -> Code:
        """A value has methods, which are code too, and the step that calls them need not import it."""
        found = self._own_code(step.source)
        for ref in dict.fromkeys(ref for ref in step.references if isinstance(ref, OutputRef)):
            maker = graph[ref.step]
            annotation = next(output.type for output in maker.outputs if output.name == ref.output)
            passed = passed_by(annotation)
            if passed is Passed.LIBRARY:
                found |= Code(tops=self._libraries(maker, annotation))
            elif passed is Passed.ANYTHING:
                found |= self._classes(self._of[maker.id])
        return found

    def _libraries(self, maker: Step, annotation: str) -> frozenset[str]:
        file = maker.source.rpartition(":")[0]
        holder = self._holders[file]
        selected = 0
        for name in roots(annotation) if holder else ():
            selected |= holder.binding(name) if holder else 0
        return (holder.reached(selected).tops if holder else frozenset()) or self._of[maker.id].tops

    def _classes(self, code: Code) -> Code:
        """Of a step's code, what defines classes, and what these reach."""
        found = Code(tops=code.tops, modules=self._modules.closure(code.modules & self._modules.with_classes))
        for number, selected in code.own:
            holder = self._by_number[number]
            found |= self._statements(holder, holder.classes(selected))
        return found

    def _label(self, module: Module) -> str:
        """From the root of the repository; of what lies outside, its name, which is the same on every machine."""
        root = f"{self._project.git_root}{os.sep}"
        if module.path.startswith(root):
            name = module.path[len(root) :].replace(os.sep, "/")
            return name.encode(errors="backslashreplace").decode()  # documents are UTF-8, names of folders need not be
        stem, suffix = os.path.splitext(os.path.basename(module.path))
        return f"//{module.name.replace('.', '/')}{'/__init__' if stem == '__init__' else ''}{suffix}"
