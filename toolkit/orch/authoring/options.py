"""The options of a step as its author wrote them, made into the settings that the graph holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from orch.authoring.futures import ParameterFuture
from orch.errors import ArgumentError, PipelineError, Where
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.settings import StepSettings, seconds

if TYPE_CHECKING:
    from orch.model.docker import DockerSettings

# https://packaging.python.org/en/latest/specifications/name-normalization/
_PACKAGES: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

_PYTHON: Final = re.compile(r"[0-9<>=!~][0-9.<>=!~, *]*")  # as actions/environment/needs.py takes it


def step_settings(options: Mapping[str, Any], where: Where) -> StepSettings:
    """Raises ArgumentError for the step at `where` whose options cannot be used."""
    extra = dict(options.get("settings") or {})
    resources = options.get("resources")
    if "resources" in extra:
        resources = extra.pop("resources")
    docker = extra.pop("docker", None)
    if extra:
        hint = 'settings takes {"resources": ResourceSettings(...), "docker": DockerSettings(...)}'
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
            extras=_of_packages(options.get("extras") or (), "extras"),
            groups=_of_packages(options.get("groups") or (), "groups"),
            retry=options.get("retry"),
            timeout=None if timeout is None else seconds(timeout),
            secrets=_names(options.get("secrets") or (), "secrets"),
            deploys_to=None if isinstance(where_to := options.get("deploys_to"), ParameterFuture) else _environment(where_to),
            deploys_by=where_to._orch_name if isinstance(where_to, ParameterFuture) else None,
            permissions=_permissions(options.get("permissions") or {}),
            environment=tuple(sorted(_variable(str(key), str(value)) for key, value in _variables(options.get("environment")).items())),
            keep=bool(_flag(options.get("keep"), "keep")),
            cache=_flag(options.get("cache"), "cache"),
            cache_expires_after=None if expires is None else seconds(expires),
            files=_names(options.get("files") or (), "files"),
            github=plain_table(options.get("github"), "github"),
            pack=_pack(options.get("pack")),
            docker=None if docker is None else docker_settings(docker),
        )
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"an option of this step cannot be used: {error}", hint="mend it at @step(...)", where=where) from None


def docker_settings(given: object) -> DockerSettings | None:
    """Raises TypeError or ValueError."""
    from orch.model.docker import DockerSettings  # most pipelines have none

    return DockerSettings.of(given)


def python_version(given: object, where: Where) -> str | None:
    """The `python` of the pipeline at `where`; raises PipelineError where it is none that uv could look for."""
    if given is None or (isinstance(given, str) and _PYTHON.fullmatch(given)):
        return given
    raise PipelineError(f"python is {given!r}, which is not a version", hint="as '3.12' or '>=3.11'", where=where)


def _flag(given: object, name: str) -> bool | None:
    if given is None or isinstance(given, bool):
        return given
    raise TypeError(f"{name} is {given!r}, expected True or False")


def _pack(given: object) -> str | None:
    if given is None or (type(given) is str and given):
        return given
    raise TypeError(f"pack is {given!r}, expected a name that the steps of one job share")


def pipeline_docker(given: object, where: Where) -> DockerSettings | None:
    """Of the `settings` of the pipeline at `where`; raises PipelineError."""
    try:
        return None if given is None else docker_settings(_docker_in(given))
    except (TypeError, ValueError) as error:
        raise PipelineError(str(error), hint="mend it at @pipeline(...)", where=where) from None


def _docker_in(given: object) -> object:
    if isinstance(given, Mapping) and not set(given) - {"docker"}:
        return given.get("docker")
    raise TypeError(f'settings is {given!r}, expected {{"docker": DockerSettings(...)}}')


def pipeline_table(given: object, where: Where) -> dict[str, Json]:
    """`github` of the pipeline at `where`; raises PipelineError."""
    try:
        return plain_table(given, "github")
    except TypeError as error:
        raise PipelineError(str(error), hint="mend it at @pipeline(...)", where=where) from None


def plain_table(given: object, name: str) -> dict[str, Json]:
    """`given` as the graph keeps it: plain data, its keys in their own order wherever it was written; raises TypeError."""
    if given is None:
        return {}
    try:
        found = canonical.loads(canonical.dumps(given))
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(given, Mapping) or found != _as_lists(given):
        raise TypeError(f"{name} is {given!r}, expected a dict of plain data: texts, numbers, lists, and dicts with texts as keys")
    return dict(found)


def _as_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_lists(item) for key, item in value.items()}
    return [_as_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def _expect(value: object, kinds: tuple[type, ...], name: str, wanted: str) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{name} is {value!r}, expected {wanted}")


def _names(given: object, name: str) -> tuple[str, ...]:
    # A set has no order of its own, and the graph is the same bytes on every machine.
    if not isinstance(given, (list, tuple)) or not all(type(item) is str for item in given):
        raise TypeError(f"{name} is {given!r}, expected a list of names")
    return tuple(_text(item, name) for item in given)


def _of_packages(given: object, name: str) -> tuple[str, ...]:
    for item in (names := _names(given, name)):
        if not _PACKAGES.fullmatch(item):
            raise ValueError(f"{name} has {item!r}, which is not a name of one: ASCII letters, digits, '.', '_' and '-'")
    return names


def _variables(given: object) -> Mapping[Any, Any]:
    if isinstance(given, str):
        raise TypeError(
            f"environment is {given!r}, expected variables and their values; an environment of GitHub's is deploys_to={given!r}"
        )
    return given or {}  # type: ignore[return-value]


def _environment(given: object) -> str | None:
    if given is None or (type(given) is str and given.strip()):
        return given if given is None else _text(given, "deploys_to")
    raise TypeError(f"deploys_to is {given!r}, expected the name of an environment of the repository on GitHub")


def _permissions(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, Mapping) or not all(type(item) is str for pair in given.items() for item in pair):
        raise TypeError(f'permissions is {given!r}, expected areas and what is allowed there, as {{"id-token": "write"}}')
    return tuple(sorted(given.items()))


def _variable(name: str, value: str) -> tuple[str, str]:
    if not name or "=" in name:
        raise ValueError(f"environment has the name {name!r}, and no variable can be called that")
    return _text(name, "environment"), _text(value, f"environment {name!r}")


def _text(text: str, name: str) -> str:
    """What goes into a graph, and out again as a file's name, a variable or an argument of a program."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} has {text!r}, which is half a character") from None
    if "\0" in text:
        raise ValueError(f"{name} has {text!r}, and no system takes a null there")
    return text
