from __future__ import annotations

import pytest

from orch.planning.machines import Machine, exact_minor, expected_machine


@pytest.mark.parametrize(
    ("label", "python", "machine"),
    [
        ("ubuntu-24.04", "3.12", Machine("3.12", "linux-x86_64")),
        ("ubuntu-24.04", "3.13.1", Machine("3.13", "linux-x86_64")),
        ("ubuntu-24.04", None, Machine("3.12", "linux-x86_64")),  # its own python3, for the life of that Ubuntu
        ("ubuntu-24.04-arm", None, Machine("3.12", "linux-aarch64")),
        ("ubuntu-22.04", "3.12", Machine("3.12", "linux-x86_64")),
        ("ubuntu-22.04", None, None),  # its python3 is too old, and uv finds another
        ("ubuntu-latest", "3.12", Machine("3.12", "linux-x86_64")),
        ("ubuntu-latest", None, None),  # it moves
        ("windows-2025", "3.12", Machine("3.12", "win32-x86_64")),
        ("macos-15", "3.12", Machine("3.12", "darwin-arm64")),
        ("macos-15-intel", "3.12", Machine("3.12", "darwin-x86_64")),
        ("macos-latest", "3.12", None),
        ("our-gpu", "3.12", None),
        ("ubuntu-24.04-our-own", "3.12", None),
        ("ubuntu-24.04", ">=3.11", None),
        ("ubuntu-24.04", ">=3.11,<3.13", None),
    ],
)
def test_a_machine_is_known_from_a_label_and_what_the_pipeline_asks_for(label: str, python: str | None, machine: Machine | None) -> None:
    assert expected_machine(label, python) == machine


@pytest.mark.parametrize(
    ("asked", "minor"),
    [("3.12", "3.12"), ("3.12.4", "3.12"), ("==3.12.*", "3.12"), ("3", None), (">=3.12", None), ("3.13t", None), ("", None)],
)
def test_one_minor_version_is_asked_for_or_not(asked: str, minor: str | None) -> None:
    assert exact_minor(asked) == minor
