"""Which edits a step notices: every form in which Python code reaches other code, each with a project on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from support.sources import Sources, chain, steps

HEAD = "from orch import pipeline, step\n"
TWO = steps("uses", "other")


def two_steps(imports: str, body: str) -> str:
    """A module with a step that reaches something, and one that does not."""
    return f"{HEAD}{imports}\n\n@step\ndef uses() -> int:\n    {body}\n\n\n@step\ndef other() -> int:\n    return 1\n"


FORMS = {
    "relative import": (
        steps("uses", "other", file="flows/pipeline.py"),
        {
            "flows/__init__.py": "",
            "flows/pipeline.py": two_steps("from .helpers import helper", "return helper()"),
            "flows/helpers.py": "def helper():\n    return 1\n",
        },
        "flows/helpers.py",
    ),
    "relative import of a parent": (
        steps("uses", "other", file="flows/deep/pipeline.py"),
        {
            "flows/__init__.py": "",
            "flows/deep/__init__.py": "",
            "flows/deep/pipeline.py": two_steps("from ..helpers import helper", "return helper()"),
            "flows/helpers.py": "def helper():\n    return 1\n",
        },
        "flows/helpers.py",
    ),
    "from package import module": (
        TWO,
        {
            "pipeline.py": two_steps("from tools import helpers", "return helpers.helper()"),
            "tools/__init__.py": "",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "import a.b as c": (
        TWO,
        {
            "pipeline.py": two_steps("import tools.helpers as h", "return h.helper()"),
            "tools/__init__.py": "",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "import a.b": (
        TWO,
        {
            "pipeline.py": two_steps("import tools.helpers", "return tools.helpers.helper()"),
            "tools/__init__.py": "",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "lazy import in a function": (
        TWO,
        {"pipeline.py": two_steps("", "from helpers import helper; return helper()"), "helpers.py": "def helper():\n    return 1\n"},
        "helpers.py",
    ),
    "lazy import in a helper": (
        TWO,
        {
            "pipeline.py": two_steps("from first import first", "return first()"),
            "first.py": "def first():\n    import second\n    return second.value()\n",
            "second.py": "def value():\n    return 1\n",
        },
        "second.py",
    ),
    "namespace package": (
        TWO,
        {
            "pipeline.py": two_steps("from space.inner import helpers", "return helpers.helper()"),
            "space/inner/helpers.py": "def helper():\n    return 1\n",
        },
        "space/inner/helpers.py",
    ),
    "src layout": (
        TWO,
        {
            "pyproject.toml": "",
            "pipeline.py": two_steps("from tools.helpers import helper", "return helper()"),
            "src/tools/__init__.py": "",
            "src/tools/helpers.py": "def helper():\n    return 1\n",
        },
        "src/tools/helpers.py",
    ),
    "re-export": (
        TWO,
        {
            "pipeline.py": two_steps("from tools import helper", "return helper()"),
            "tools/__init__.py": "from tools.helpers import helper\n",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "lazy re-export": (
        TWO,
        {
            "pipeline.py": two_steps("import tools", "return tools.helper()"),
            "tools/__init__.py": "HOME = {'helper': 'tools.helpers'}\n"
            "def __getattr__(name):\n    import importlib\n    return getattr(importlib.import_module(HOME[name]), name)\n",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "package of an imported module": (
        TWO,
        {
            "pipeline.py": two_steps("from tools.inner.helpers import helper", "return helper()"),
            "tools/__init__.py": "x = 1\n",
            "tools/inner/__init__.py": "",
            "tools/inner/helpers.py": "def helper():\n    return 2\n",
        },
        "tools/__init__.py",
    ),
    "cycle": (
        TWO,
        {
            "pipeline.py": two_steps("import first", "return first.value()"),
            "first.py": "import second\ndef value():\n    return second.value()\n",
            "second.py": "import first\ndef value():\n    return 1\n",
        },
        "second.py",
    ),
    "import_module of a literal": (
        TWO,
        {
            "pipeline.py": two_steps("import importlib", "return importlib.import_module('tools.helpers').helper()"),
            "tools/__init__.py": "",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "import_module of a relative literal": (
        steps("uses", "other", file="tools/pipeline.py"),
        {
            "tools/__init__.py": "",
            "tools/pipeline.py": two_steps(
                "from importlib import import_module as load", "return load('.helpers', package=__package__).helper()"
            ),
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "__import__ of a literal": (
        TWO,
        {"pipeline.py": two_steps("", "return __import__('helpers').helper()"), "helpers.py": "def helper():\n    return 1\n"},
        "helpers.py",
    ),
    "__import__ with fromlist": (
        TWO,
        {
            "pipeline.py": two_steps("", "return __import__('tools', fromlist=['helpers']).helpers.helper()"),
            "tools/__init__.py": "",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "star import": (
        TWO,
        {"pipeline.py": two_steps("from helpers import *", "return helper()"), "helpers.py": "def helper():\n    return 1\n"},
        "helpers.py",
    ),
    "star import of a package": (
        TWO,
        {
            "pipeline.py": two_steps("from tools import *", "return helpers.helper()"),
            "tools/__init__.py": "__all__ = ['helpers']\n",
            "tools/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/helpers.py",
    ),
    "conditional import": (
        TWO,
        {
            "pipeline.py": two_steps(
                "try:\n    import fast as impl\nexcept ImportError:\n    import slow as impl\n", "return impl.helper()"
            ),
            "slow.py": "def helper():\n    return 1\n",
        },
        "slow.py",
    ),
    "project module named like an installed one": (
        TWO,
        {
            "pipeline.py": two_steps("import lib", "return lib.helper()"),
            "lib.py": "def helper():\n    return 1\n",
            "venv/site-packages/lib/__init__.py": "",
            "venv/site-packages/lib-1.0.dist-info/RECORD": "lib/__init__.py,,\n",
        },
        "lib.py",
    ),
    "project module named like one of Python's": (
        TWO,
        {"pipeline.py": two_steps("import secrets", "return secrets.helper()"), "secrets.py": "def helper():\n    return 1\n"},
        "secrets.py",
    ),
    "submodule that another module imports": (
        TWO,
        {
            "pipeline.py": two_steps("import tools", "return tools.inner.helpers.helper()"),
            "tools/__init__.py": "",
            "tools/inner/__init__.py": "",
            "tools/inner/helpers.py": "def helper():\n    return 1\n",
        },
        "tools/inner/helpers.py",
    ),
    "import of a name that begins literally": (
        TWO,
        {
            "pipeline.py": two_steps("import importlib, sys", "return importlib.import_module(f'plugins.{sys.argv[1]}').helper()"),
            "plugins/__init__.py": "",
            "plugins/deep/first.py": "def helper():\n    return 1\n",
        },
        "plugins/deep/first.py",
    ),
    "modules that a package lists": (
        TWO,
        {
            "pipeline.py": two_steps("import plugins", "return plugins.load()"),
            "plugins/__init__.py": "import importlib, pkgutil\ndef load():\n"
            "    return [importlib.import_module('.' + each.name, __name__) for each in pkgutil.iter_modules(__path__)]\n",
            "plugins/first.py": "def helper():\n    return 1\n",
        },
        "plugins/first.py",
    ),
    "a library's lazy import": (
        TWO,
        {
            "pipeline.py": two_steps("from lazy_loader import lazy_import", "return lazy_import('helpers').helper()"),
            "helpers.py": "def helper():\n    return 1\n",
        },
        "helpers.py",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_is_a_miss_for_the_step_that_reaches_it_and_a_hit_for_the_other(form: str, tmp_path: Path) -> None:
    wanted, files, edited = FORMS[form]
    sources = Sources(tmp_path, files, wanted, path=[tmp_path / "venv" / "site-packages"])

    assert sources.missed_by(edited, "1", "2") == {"uses"}
    assert sources.missed_by(edited, "1", "1  # as before") == set()


def test_a_workspace_member_that_is_installed_for_editing_is_reached(tmp_path: Path) -> None:
    files = {
        "app/pyproject.toml": "",
        "app/pipeline.py": two_steps("from core.helpers import helper", "return helper()"),
        "packages/core/pyproject.toml": "",
        "packages/core/src/core/__init__.py": "",
        "packages/core/src/core/helpers.py": "def helper():\n    return 1\n",
    }
    sources = Sources(tmp_path, files, TWO, project="app", path=[tmp_path / "packages/core/src"])

    assert sources.missed_by("packages/core/src/core/helpers.py", "1", "2") == {"uses"}
    assert "packages/core/src/core/helpers.py" in sources.gather().files


def test_code_outside_of_the_repository_counts_under_names_without_a_machine(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    files = {"pipeline.py": two_steps("from core.helpers import helper", "return helper()")}
    sources = Sources(tmp_path / "repository", files, TWO, path=[tmp_path / "elsewhere"])
    sources.write("../elsewhere/core/__init__.py", "")
    sources.write("../elsewhere/core/helpers.py", "def helper():\n    return 1\n")

    assert sources.missed_by("../elsewhere/core/helpers.py", "1", "2") == {"uses"}
    assert set(sources.gather().files) == {"pipeline.py", "//core/__init__.py", "//core/helpers.py"}
    assert not any(str(tmp_path).encode() in document for document in sources.gather().documents.values())


def test_a_package_that_an_installed_one_needs_is_reached_where_it_is_edited(tmp_path: Path) -> None:
    site = "venv/site-packages"
    files = {
        "pipeline.py": two_steps("import lib", "return lib.helper()"),
        f"{site}/lib/__init__.py": "",
        f"{site}/lib-1.0.dist-info/RECORD": "lib/__init__.py,,\n",
        f"{site}/lib-1.0.dist-info/METADATA": "Name: lib\nRequires-Dist: my-core>=1\n\n",
        f"{site}/my_core-1.0.dist-info/RECORD": "_my_core.pth,,\n",
        f"{site}/my_core-1.0.dist-info/direct_url.json": '{"url": "file:///core", "dir_info": {"editable": true}}',
        "core/my_core/__init__.py": "x = 1\n",
    }
    sources = Sources(tmp_path, files, TWO, path=[tmp_path / site, tmp_path / "core"])

    assert sources.missed_by("core/my_core/__init__.py", "1", "2") == {"uses"}


def test_an_archive_on_the_path_counts_by_its_bytes(tmp_path: Path) -> None:
    sources = Sources(
        tmp_path, {"pipeline.py": two_steps("from core.helpers import helper", "return helper()")}, TWO, path=[tmp_path / "core.zip"]
    )
    codes = []
    for text in ("x = 1", "x = 2"):
        with ZipFile(tmp_path / "core.zip", "w") as archive:
            archive.writestr(ZipInfo("core/helpers.py"), text)
        codes.append(sources.facts("uses").code)

    assert codes[0] != codes[1]


def test_what_is_on_the_path_and_is_nothing_is_no_trouble(tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps("import absent", "return absent"), "notes.txt": "no archive"}
    sources = Sources(tmp_path, files, TWO, path=[tmp_path / "notes.txt", tmp_path / "nowhere"])

    assert set(sources.gather().files) == {"pipeline.py"}


def test_the_packages_that_a_step_s_module_lies_in_are_reached_by_all_its_steps(tmp_path: Path) -> None:
    files = {
        "flows/__init__.py": "from flows.common import x\n",
        "flows/common.py": "x = 1\n",
        "flows/pipeline.py": two_steps("", "return 1"),
    }
    sources = Sources(tmp_path, files, steps("uses", "other", file="flows/pipeline.py"))

    assert sources.missed_by("flows/common.py", "1", "2") == {"uses", "other"}


def test_types_alone_are_not_reached(tmp_path: Path) -> None:
    files = {
        "pipeline.py": two_steps(
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shapes import Shape\n    x = 1\n", 'y: "Shape"; return 1'
        ),
        "shapes.py": "class Shape: size = 1\n",
        "helpers.pyi": "x: int = 1\n",
    }
    sources = Sources(tmp_path, files, TWO)

    assert sources.missed_by("shapes.py", "1", "2") == set()
    assert sources.missed_by("pipeline.py", "x = 1", "x = 2") == set()


def test_a_flag_that_is_called_like_the_one_of_typing_is_none(tmp_path: Path) -> None:
    files = {
        "pipeline.py": two_steps("TYPE_CHECKING = True\nif TYPE_CHECKING:\n    from shapes import Shape\n", "return Shape"),
        "shapes.py": "class Shape: size = 1\n",
    }

    assert Sources(tmp_path, files, TWO).missed_by("shapes.py", "1", "2") == {"uses"}


def test_stub_files_are_not_code(tmp_path: Path) -> None:
    files = {
        "pipeline.py": two_steps("from helpers import helper", "return helper()"),
        "helpers.py": "def helper(): ...\n",
        "helpers.pyi": "x: int = 1\n",
    }

    assert Sources(tmp_path, files, TWO).missed_by("helpers.pyi", "1", "2") == set()


def test_a_new_module_that_hides_another_is_noticed(tmp_path: Path) -> None:
    files = {
        "pipeline.py": two_steps("from helpers import helper", "return helper()"),
        "src/helpers.py": "def helper():\n    return 1\n",
    }
    sources = Sources(tmp_path, files, TWO, memory=tmp_path / "memory.json")
    before = sources.facts("uses").code

    sources.write("helpers/__init__.py", "def helper():\n    return 2\n")

    assert sources.facts("uses").code != before


def test_an_import_that_leads_nowhere_yet_is_noticed_when_it_does(tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps("try:\n    import fast\nexcept ImportError:\n    fast = None\n", "return fast")}
    sources = Sources(tmp_path, files, TWO)
    before = sources.gather().facts

    sources.write("fast.py", "x = 1\n")

    after = sources.gather().facts
    assert before["uses"].code != after["uses"].code
    assert before["other"].code == after["other"].code


# --- inside the module of the steps ---

MODULE = """
    from __future__ import annotations
    import functools
    from dataclasses import dataclass, field
    from typing import Annotated
    import registry
    from orch import ResourceSettings, pipeline, step

    FACTOR = 201
    LIMITS = {"a": 202}
    UNUSED = 203

    def scale(x, by=FACTOR):
        return deeper(x) * by

    def deeper(x):
        return x + 204

    @functools.cache
    def wrapped():
        return 205

    @dataclass
    class Score:
        value: Annotated[int, LIMITS]
        others: "list[Inner]" = field(default_factory=list)

    class Inner:
        size = 206

    @registry.register("extra")
    def registered():
        return 207

    registry.level = 208

    def bump():
        global COUNT
        COUNT = 209

    COUNT = 210

    try:
        SPEED = 211
    except ImportError:
        SPEED = 0

    @step(resources=ResourceSettings(cpu_count=212))
    def first(penguins: int) -> int:
        return scale(penguins)

    @step
    @functools.wraps(wrapped)
    def second(first: int) -> Score:
        return wrapped() + 213

    @step
    def third(kind: "Score") -> int:
        bump()
        return COUNT + SPEED

    @step
    def fourth() -> int:
        return lambda: [scale for scale in (214,)]

    @pipeline
    def penguins(rows: int = 215) -> None:
        third(second(first(rows)))

    if __name__ == "__main__":
        penguins(216)
"""
ALL = {"first", "second", "third", "fourth"}


@pytest.mark.parametrize(
    ("number", "missed"),
    [
        (201, {"first"}),  # a default
        (202, {"third", "second"}),  # an annotation of a class that is an annotation
        (203, set()),
        (204, {"first"}),
        (205, {"second"}),  # also as the argument of a decorator
        (206, {"second", "third"}),  # an annotation that is a text
        (207, ALL),  # noted down somewhere by a decorator
        (208, ALL),  # an attribute of something else
        (209, {"third"}),  # `global`
        (210, {"third"}),
        (211, {"third"}),  # under a condition
        (212, set()),  # an option of the step
        (213, {"second"}),
        (214, {"fourth"}),
        (215, set()),
        (216, set()),
    ],
)
def test_in_the_module_of_the_step_only_what_it_mentions_counts(number: int, missed: set[str], tmp_path: Path) -> None:
    files = {"pipeline.py": MODULE, "registry.py": "def register(name):\n    return lambda f: f\n"}
    sources = Sources(tmp_path, files, steps("first", "second", "third", "fourth"))

    assert sources.missed_by("pipeline.py", f"{number}", f"{number + 1}") == missed


@pytest.mark.parametrize(
    "statement",
    [
        "import pandas\npandas.options.x = 1",
        "import random\nrandom.seed(1)",
        "import random\n_ = random.seed(1)",
        "import setup_1",  # nobody uses the name
        "from setup_1 import value",
        "from setup_1 import *",
        "import os\nos.environ['LEVEL'] = '1'",
        "CACHE = {}\nCACHE['x'] = 1",
        "ITEMS = OTHERS = []\nITEMS += [1]",
        "class Base:\n    def __init_subclass__(cls): found.append(1)\nclass Csv(Base): ...",
        "def make(): return 1\nMADE = make()",
        "for each in range(3):\n    print(1)",
        "with open('x') as file:\n    print(1)",
        "def __getattr__(name):\n    return 1",
        "import atexit\n@atexit.register\ndef f(): print(1)",
        "import pandas as pd\n@pd.api.extensions.register_dataframe_accessor('x')\nclass A: size = 1",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import setup_1\n    setup_1.go()",
        "while True:\n    del globals()['x1']\n    break",
        "assert setup_1.go()",
        "x = [setup_1.go() for _ in range(2)]",
        "x: int = setup_1.go()",
        "if setup_1.go(): ...",
        "class A:\n    setup_1.go()",
        "class A:\n    x = setup_1.go()",
        "def f(x=setup_1.go()): ...",
        "match setup_1.go():\n    case _: ...",
        "from orch import materializer\n@materializer(complex)\nclass Pairs:\n    size = 1",
    ],
)
def test_what_importing_the_module_does_counts_for_every_step(statement: str, tmp_path: Path) -> None:
    files = {"pipeline.py": f"{HEAD}\n{statement}\n\n@step\ndef uses(): ...\n\n@step\ndef other(): ...\n", "setup_1.py": "value = 0"}
    sources = Sources(tmp_path, files, TWO)

    assert sources.missed_by("pipeline.py", "1", "2") == {"uses", "other"}


@pytest.mark.parametrize(
    "statement",
    [
        "import logging\nlog = logging.getLogger('1')",
        "import re\nWORD = re.compile('1')",
        "from pathlib import Path\nHERE = Path(__file__).parent / '1'",
        "import os\nLEVEL = os.environ.get('LEVEL', '1')",
        "import numpy as np\nGRID = np.linspace(0, 1)",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1",
        "from typing import NamedTuple\nclass Row(NamedTuple):\n    x: int = 1",
        "from torch import nn\nclass Net(nn.Module):\n    size = 1",
        "class Bad(ValueError):\n    code = 1",
        "NAMES = ', '.join(sorted({'1'}))",
        "def _train(): return 1\ntrain = step(cache=False)(_train)",
        "@pipeline\ndef flow(rows=1): ...",
        "import functools\n@functools.lru_cache(maxsize=1)\ndef f(): ...",
        "import typing as t\nif t.TYPE_CHECKING:\n    x = 1",
        "X: int = 1",
        '"""One docstring: 1"""',
        "def f(x): return 1\nassert True, f",
    ],
)
def test_what_only_binds_names_counts_for_the_steps_that_use_them(statement: str, tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": f"{HEAD}\n{statement}\n\n@step\ndef uses(): ...\n\n@step\ndef other(): ...\n"}, TWO)

    assert sources.missed_by("pipeline.py", "1", "2") == set()


def test_a_library_that_turns_out_to_be_first_party_may_note_classes_down(tmp_path: Path) -> None:
    files = {
        "pipeline.py": f"{HEAD}from readers import Reader\n\nclass Csv(Reader):\n    size = 1\n\n@step\ndef uses(): ...\n",
        "readers.py": "class Reader: ...\n",
    }

    assert Sources(tmp_path, files, steps("uses")).missed_by("pipeline.py", "1", "2") == {"uses"}


def test_a_module_whose_import_has_effects_counts_for_every_step_of_those_that_import_it(tmp_path: Path) -> None:
    files = {
        "pipeline.py": two_steps("from helpers import helper", "return helper()"),
        "helpers.py": "import settings\ndef helper():\n    return 1\n",
        "settings.py": "import pandas\npandas.options.rows = 1\n",
        "plain.py": "x = 1\n",
    }
    sources = Sources(tmp_path, files, TWO)

    assert sources.missed_by("settings.py", "1", "2") == {"uses", "other"}
    assert sources.missed_by("helpers.py", "1", "2") == {"uses"}
    assert sources.missed_by("helpers.py", "import settings", "import plain as settings") == {"uses", "other"}


def test_a_function_that_looks_names_up_reaches_its_whole_module(tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps("def helper():\n    return 2\n", "return globals()['help' + 'er']()")}

    assert Sources(tmp_path, files, TWO).missed_by("pipeline.py", "2", "3") == {"uses"}


@pytest.mark.parametrize("source", ["return getattr(module, 'helper')", "x: 'dict[str, helper]' = {}", "return sys.modules[__name__]"])
def test_a_name_that_is_a_text_is_a_mention(source: str, tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps("import sys\ndef helper():\n    return 2\n", source)}

    assert Sources(tmp_path, files, TWO).missed_by("pipeline.py", "2", "3") == {"uses"}


def test_variables_of_functions_do_not_reach_what_the_module_calls_so(tmp_path: Path) -> None:
    body = "load = 1; [report for report in (load,)]; f = lambda train: train; return load"
    others = "".join(f"\n@step\ndef {name}() -> int:\n    return 2\n" for name in ("load", "report", "train"))
    sources = Sources(tmp_path, {"pipeline.py": two_steps("", body) + others}, TWO)

    assert sources.missed_by("pipeline.py", "return 2", "return 3") == set()


def test_a_nested_function_s_global_is_the_module_s(tmp_path: Path) -> None:
    body = "level = 1\n    def inner():\n        global level\n        level = 3\n    return inner"
    sources = Sources(tmp_path, {"pipeline.py": two_steps("level = 2\n", body)}, TWO)

    assert sources.missed_by("pipeline.py", "level = 2", "level = 5") == {"uses"}


@pytest.mark.parametrize(
    "other",
    [
        "@step\n@note\ndef other() -> int:\n    return 1\n",
        "@step\ndef other(x: int = SEEN.append(1) or 3) -> int:\n    return x\n",
    ],
    ids=["a decorator of the user's own", "a default that is a call"],
)
def test_what_defining_another_step_does_counts_for_every_step(other: str, tmp_path: Path) -> None:
    note = "SEEN = []\ndef note(function):\n    SEEN.append(function)\n    return function\n"
    step = "@step\ndef uses() -> int:\n    return len(SEEN)\n"
    sources = Sources(tmp_path, {"pipeline.py": f"{HEAD}{note}{other}{step}"}, TWO)

    assert sources.missed_by("pipeline.py", " 1\n" if "@note" in other else "(1)", " 2\n" if "@note" in other else "(2)") == {
        "uses",
        "other",
    }


def test_a_step_that_is_called_as_a_function_is_reached(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": two_steps("", "return other()")}, TWO)

    assert sources.missed_by("pipeline.py", "return 1", "return 2") == {"uses", "other"}


def test_a_step_under_a_condition_is_reached_by_itself_alone(tmp_path: Path) -> None:
    source = f"{HEAD}import sys\nif sys.platform:\n    @step\n    def uses(): return 1\n\n@step\ndef other(): ...\n"

    assert Sources(tmp_path, {"pipeline.py": source}, TWO).missed_by("pipeline.py", "1", "2") == {"uses"}


def test_a_name_that_is_bound_twice_is_all_that_it_may_be(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": two_steps("RATE = 2\nRATE = 3\n", "return RATE")}, TWO)

    assert sources.missed_by("pipeline.py", "RATE = 2", "RATE = 4") == {"uses"}
    assert sources.missed_by("pipeline.py", "RATE = 3", "RATE = 4") == {"uses"}


def test_a_step_that_cannot_be_found_is_its_whole_module(tmp_path: Path) -> None:
    files = {"pipeline.py": f"{HEAD}exec('''\n@step\ndef uses(): return 1\n''')\nx = 2\n"}

    assert Sources(tmp_path, files, steps("uses")).missed_by("pipeline.py", "2", "3") == {"uses"}


def test_an_import_for_the_options_of_a_step_is_not_code(tmp_path: Path) -> None:
    files = {"pipeline.py": "from orch import step, StepRetryConfig\n\n@step(retry=StepRetryConfig())\ndef uses(): ...\n"}
    sources = Sources(tmp_path, files, steps("uses"))

    assert sources.missed_by("pipeline.py", "step, StepRetryConfig\n", "StepRetryConfig, pipeline, step\nimport orch\n") == set()


def test_a_module_with_an_error_of_syntax_counts_by_its_bytes(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": two_steps("", "return 1 1")}, TWO)

    assert sources.missed_by("pipeline.py", "1 1", "1  1") == {"uses", "other"}


def test_compiled_modules_count_by_their_bytes(tmp_path: Path) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    name = f"fast{EXTENSION_SUFFIXES[0]}"
    sources = Sources(tmp_path, {"pipeline.py": two_steps("import fast", "return fast.go()"), name: "1", "fast.py": "3"}, TWO)

    assert sources.missed_by(name, "1", "2") == {"uses", "other"}  # nobody knows what importing it does
    assert sources.missed_by("fast.py", "3", "4") == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be any bytes")
def test_folders_whose_names_are_not_utf_8_are_no_trouble(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xff")
    name = os.fsdecode(b"sub\xfe/pipeline.py")
    sources = Sources(root, {name: two_steps("", "return 1")}, steps("uses", "other", file=name), memory=root / "memory.json")

    assert sources.missed_by(name, "return 1\n\n\n", "return 2\n\n\n") == {"uses"}


def test_a_missing_file_is_no_code_and_no_crash(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {}, steps("uses"))

    assert sources.blind("uses") == []


# --- what values bring along ---

OBJECTS = """
    import models
    from orch import step

    class Local:
        def size(self): return 10

    @step
    def make() -> {kind}:
        return models.Model(20)

    @step
    def pass_on(x) -> {kind}:
        return x

    @step
    def use(x) -> int:
        return x.predict()

    @step
    def last(x) -> int:
        return x
"""


@pytest.mark.parametrize(
    ("kind", "missed"),
    [
        ("object", {"make", "pass_on", "use"}),
        ("models.Model", {"make", "pass_on", "use"}),
        ("", {"make", "pass_on", "use"}),
        ("list", {"make", "pass_on", "use"}),
        ("dict[str, models.Model]", {"make", "pass_on", "use"}),
        ("int", {"make"}),
        ("dict[str, float | None]", {"make"}),
        ("pd.DataFrame", {"make"}),
        ("Literal['Model']", {"make"}),
    ],
)
def test_a_step_reaches_the_classes_that_its_inputs_may_be_of(kind: str, missed: set[str], tmp_path: Path) -> None:
    files = {
        "pipeline.py": OBJECTS.replace("{kind}", kind or "object"),
        "models.py": "class Model:\n    def predict(self): return 1\n",
    }
    sources = Sources(tmp_path, files, chain(("make", kind), ("pass_on", kind), ("use", "int"), ("last", "int")))

    assert sources.missed_by("models.py", "1", "2") == missed
    assert sources.missed_by("pipeline.py", "20", "21") == {"make"}


def test_a_class_next_to_the_step_that_makes_it_is_reached_by_the_one_that_reads_it(tmp_path: Path) -> None:
    source = OBJECTS.replace("models.Model(20)", "Local()").replace("{kind}", "object")
    sources = Sources(tmp_path, {"pipeline.py": source}, chain(("make", "Local"), ("pass_on", "Local"), ("use", "int"), ("last", "int")))

    assert sources.missed_by("pipeline.py", "return 10", "return 11") == {"make", "pass_on", "use"}


def test_a_table_brings_its_library_along_and_not_all_that_its_maker_imports(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    for name in ("pandas", "sklearn"):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").touch()
        (site / f"{name}-1.dist-info").mkdir()
        (site / f"{name}-1.dist-info" / "RECORD").write_text(f"{name}/__init__.py,,\n")
    files = {
        "pipeline.py": f"import pandas as pd, sklearn\n{HEAD}@step\ndef make(): return pd, sklearn\n@step\ndef use(x): return x.mean()\n"
    }
    sources = Sources(tmp_path, files, chain(("make", "pd.DataFrame"), ("use", "float")), path=[site])
    gathered = sources.gather()

    assert gathered.documents[gathered.facts["use"].packages] == b'{"pandas":"1"}'
    assert gathered.documents[gathered.facts["make"].packages] == b'{"pandas":"1","sklearn":"1"}'


# --- what cannot be seen ---


@pytest.mark.parametrize(
    "line",
    [
        "importlib.import_module(name)",
        "__import__(name)",
        "exec(name)",
        "eval(name)",
        "sys.path.append('x')",
        "runpy.run_path('x.py')",
        "pkgutil.walk_packages(['x'])",
        "importlib.metadata.entry_points(group='x')",
        "open('data.csv')",
        "Path('data.csv').read_text()",
        "Path('data.csv').open()",
        "pd.read_csv('data.csv')",
        "np.load('data.npy')",
        "os.environ['LEVEL']",
        "os.getenv('LEVEL')",
        "os.environ.get('LEVEL')",
        "subprocess.run(['make'])",
        "spec_from_file_location('x', 'x.py')",
    ],
)
def test_what_cannot_be_seen_is_named(line: str, tmp_path: Path) -> None:
    imports = "import importlib.metadata, os, pkgutil, runpy, subprocess, sys\nfrom pathlib import Path\nimport numpy as np, pandas as pd"
    sources = Sources(tmp_path, {"pipeline.py": two_steps(imports, line)}, TWO)

    assert sources.blind("uses") == [f"pipeline.py:8: {line}"]
    assert sources.blind("other") == []


@pytest.mark.parametrize(
    "line",
    [
        "model.eval()",
        "open(path, 'w')",
        "Path('x').open(mode='a')",
        "json.load(file)",
        "os.environ['X'] = '1'",
        "importlib.import_module('json')",
    ],
)
def test_what_is_like_it_and_can_be_seen_is_not(line: str, tmp_path: Path) -> None:
    imports = "import importlib, json, os\nfrom pathlib import Path"

    assert Sources(tmp_path, {"pipeline.py": two_steps(imports, line)}, TWO).blind("uses") == []


def test_what_reached_modules_do_is_named_too(tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps("import helpers", "helpers.go()"), "helpers.py": "def go():\n    return open('x')\n"}

    assert Sources(tmp_path, files, TWO).blind("uses") == ["helpers.py:2: return open('x')"]


@pytest.mark.parametrize(
    ("imports", "body"),
    [
        ("import orch", "return orch.context().logical_date"),
        ("from orch import context", "run = context(); return run.logical_date"),
        ("from orch import *", "return getattr(context(), 'logical_date')"),
        ("import helpers", "return helpers.now()"),
    ],
)
def test_a_step_that_may_ask_for_its_logical_date_is_known(imports: str, body: str, tmp_path: Path) -> None:
    files = {"pipeline.py": two_steps(imports, body), "helpers.py": "import orch\ndef now():\n    return orch.context().logical_date\n"}
    sources = Sources(tmp_path, files, TWO)

    assert sources.facts("uses").reads_logical_date
    assert not sources.facts("other").reads_logical_date


def test_a_step_that_uses_its_context_otherwise_has_the_same_result_on_every_date(tmp_path: Path) -> None:
    sources = Sources(tmp_path, {"pipeline.py": two_steps("from orch import context", "return context().temp")}, TWO)

    assert not sources.facts("uses").reads_logical_date
