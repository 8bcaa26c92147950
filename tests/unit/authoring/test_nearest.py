"""A name that there is not: what somebody may have meant stands in the message, whoever noticed first."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import problems_of

STEP = "@step{options}\ndef load() -> int: return 1\n\n@pipeline\ndef p():\n    {line}\n"


@pytest.mark.parametrize(
    ("options", "line", "message"),
    [
        ("(chache=True)", "load()", "@step has no option 'chache'; did you mean 'cache'?"),
        ("(max_paralel=3)", "load()", "@step has no option 'max_paralel'; did you mean 'max_parallel'?"),
        ("(zzz=3)", "load()", "@step has no option 'zzz'; it has cache, cache_expires_after, "),
        ("", "load.prodct([1])", "has no attribute 'prodct'; did you mean 'product'?"),
        ("", "import orch; orch.ethier(load(), load())", "module 'orch' has no attribute 'ethier'; did you mean 'either'?"),
        ("", "from orch import otherwhise", "did you mean 'otherwise'?"),
        ("", "Push(branch='main')", "TypeError: Push() got an unexpected keyword argument 'branch'; did you mean 'branches'?"),
        ("", "PullRequest(path=[])", "PullRequest() got an unexpected keyword argument 'path'; did you mean 'paths'?"),
        ("", "ResourceSettings(x=1)", "ResourceSettings() got an unexpected keyword argument 'x'; it takes cpu_count, gpu_count, memory"),
        ("", "x = load()\n    with otherwise: load()", "; a function is called there, as in `with orch.otherwise():`"),
        ("", "notify.isue()", "has no attribute 'isue'; did you mean 'issue'?"),
    ],
)
def test_the_nearest_name_is_told(tmp_path: Path, options: str, line: str, message: str) -> None:
    problem = problems_of(tmp_path, STEP.format(options=options, line=line))[0]

    assert message in problem.message
    assert problem.where is not None
    assert problem.where.line


def test_an_option_of_a_pipeline_is_told_like_one_of_a_step(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "@pipeline(shedule=None)\ndef p(): ...\n")

    assert "@pipeline has no option 'shedule'; did you mean 'schedule'?" in problem.message


def test_what_others_modules_do_not_have_is_theirs_to_tell(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, STEP.format(options="", line="import json; json.dmups({})"))

    assert problem.message.endswith("module 'json' has no attribute 'dmups'")
