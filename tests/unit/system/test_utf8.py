"""Which environments make a Python take texts for UTF-8 by themselves."""

from __future__ import annotations

import pytest

from orch import system

pytestmark = pytest.mark.posix


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LC_ALL": "C"},
        {"LANG": "POSIX"},
        {"LANG": "de_DE.UTF-8"},
        {"LC_CTYPE": "UTF-8"},
        {"LC_ALL": "C.utf8", "PYTHONUTF8": "0"},
        {"LC_ALL": "", "LANG": "en_US.UTF-8"},
    ],
)
def test_a_locale_of_utf_8_and_none_at_all_need_nothing(environment: dict[str, str]) -> None:
    assert system.utf8_settings(environment) == {}


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONUTF8": "0"}, {"LANG": "de_DE.ISO-8859-1"}, {"LC_ALL": "de_DE", "LANG": "C.UTF-8"}],
)
def test_any_other_locale_is_overruled(environment: dict[str, str]) -> None:
    assert system.utf8_settings(environment) == {"PYTHONUTF8": "1"}
