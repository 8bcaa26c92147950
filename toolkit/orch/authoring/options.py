"""The options of a step as its author wrote them, made into the settings that the graph holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orch.errors import ArgumentError, Where
from orch.model.settings import ResourceSettings, StepRetryConfig, StepSettings, seconds


def step_settings(options: Mapping[str, Any], where: Where) -> StepSettings:
    """Raises ArgumentError for the step at `where` whose options cannot be used."""
    extra = dict(options.get("settings") or {})
    resources = options.get("resources")
    if "resources" in extra:
        resources = extra.pop("resources")
    if extra:
        hint = 'settings takes {"resources": ResourceSettings(...)}'
        raise ArgumentError(f"unknown settings {', '.join(map(repr, extra))}", hint=hint, where=where)
    try:
        if isinstance(resources, Mapping):
            resources = ResourceSettings(**resources)
        _expect(resources, (ResourceSettings, type(None)), "resources", "ResourceSettings(...)")
        _expect(options.get("retry"), (StepRetryConfig, type(None)), "retry", "StepRetryConfig(...)")
        timeout, expires = options.get("timeout"), options.get("cache_expires_after")
        return StepSettings(
            target=options.get("target"),
            resources=resources,
            extras=_names(options.get("extras") or (), "extras"),
            groups=_names(options.get("groups") or (), "groups"),
            retry=options.get("retry"),
            timeout=None if timeout is None else seconds(timeout),
            secrets=_names(options.get("secrets") or (), "secrets"),
            environment=tuple(sorted((str(key), str(value)) for key, value in (options.get("environment") or {}).items())),
            keep=bool(options.get("keep", False)),
            cache=options.get("cache"),
            cache_expires_after=None if expires is None else seconds(expires),
            files=_names(options.get("files") or (), "files"),
        )
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"an option of this step cannot be used: {error}", hint="mend it at @step(...)", where=where) from None


def _expect(value: object, kinds: tuple[type, ...], name: str, wanted: str) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{name} is {value!r}, expected {wanted}")


def _names(given: object, name: str) -> tuple[str, ...]:
    # A set has no order of its own, and the graph is the same bytes on every machine.
    if not isinstance(given, (list, tuple)) or not all(type(item) is str for item in given):
        raise TypeError(f"{name} is {given!r}, expected a list of names")
    return tuple(given)
