"""`orch.notify`: whom a compiled workflow tells of a run's end, as values of `on_failure` and `on_success`.

Runs on this machine tell nobody: who started them is looking.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from orch.errors import ArgumentError, Where
from orch.model.notices import Issue, Notice, On, Webhook

Value: TypeAlias = Callable[..., object] | Issue | Webhook
Told: TypeAlias = Value | Sequence[Value]

_LABEL: Final = re.compile(r"[^\x00-\x1f\x7f,]{1,50}")
# https://docs.github.com/rest/issues/issues#create-an-issue; a login has letters, digits and single hyphens.
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}(?:_[A-Za-z0-9]+)?(?:\[bot\])?")


def issue(*, labels: Sequence[str] = (), assignees: Sequence[str] = ()) -> Issue:
    """One issue for the pipeline: opened or reopened by a run that failed, closed by one that succeeded."""
    return Issue(_names(labels, "labels", _LABEL), _names(assignees, "assignees", _LOGIN))


def webhook(*, url_secret: str) -> Webhook:
    """A POST of JSON, with a `text` as Slack shows it, to the address that the secret of this name holds."""
    if type(url_secret) is not str or not url_secret.isidentifier():
        raise TypeError(f"url_secret is {url_secret!r}, expected the name of a secret of the repository, as 'SLACK_URL'")
    return Webhook(url_secret)


def _names(given: object, what: str, known: re.Pattern[str]) -> tuple[str, ...]:
    if not isinstance(given, (list, tuple)) or not all(isinstance(item, str) and known.fullmatch(item) for item in given):
        raise TypeError(f"{what} is {given!r}, expected a list of {'labels' if what == 'labels' else 'logins'}")
    return tuple(dict.fromkeys(given))


# --- what is written beside hooks ---


def hook_in(given: object, name: str, where: Where) -> Callable[..., object] | None:
    """The function among the values of `on_failure` or `on_success`; raises ArgumentError where there are several."""
    functions = [item for item in _items(given) if not isinstance(item, (Issue, Webhook))]
    if any(item in (issue, webhook) or item is sys.modules[__name__] for item in functions):
        hint = "call one of these, as `orch.notify.issue()`"
        raise ArgumentError(f"{name} is a part of orch.notify, and not what it makes", hint=hint, where=where)
    if len(functions) > 1:
        message = f"{name} has {len(functions)} functions"
        raise ArgumentError(message, hint="write one that calls them, so that it is plain what happens when one fails", where=where)
    return functions[0] if functions else None


def notices_in(given: object, name: str, steps: tuple[str, ...], where: Where) -> list[Notice]:
    if len(issues := [item for item in _items(given) if isinstance(item, Issue)]) > 1:
        hint = "a pipeline has one issue: give it all labels and assignees"
        raise ArgumentError(f"{name} has {len(issues)} issues", hint=hint, where=where)
    on: On = "failure" if name == "on_failure" else "success"
    found = [Notice(on, item, steps) for item in _items(given) if isinstance(item, (Issue, Webhook))]
    if on == "success" and any(isinstance(notice.how, Issue) for notice in found):
        hint = "write it as on_failure: the issue is closed by the next run that succeeds"
        raise ArgumentError("on_success is an issue, and nobody has to do anything about a success", hint=hint, where=where)
    return found


def merged(notices: list[Notice]) -> tuple[Notice, ...]:
    """Each way of telling once: the steps of all that ask for it, or the run where one asks for that."""
    found: dict[tuple[On, Issue | Webhook], tuple[str, ...]] = {}
    for notice in notices:
        known = found.get((notice.on, notice.how))
        of_run = not notice.steps or known == ()
        found[notice.on, notice.how] = () if of_run else tuple(dict.fromkeys((*(known or ()), *notice.steps)))
    return tuple(Notice(on, how, steps) for (on, how), steps in found.items())


def _items(given: Any) -> tuple[Any, ...]:
    if given is None:
        return ()
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)
