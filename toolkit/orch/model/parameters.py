"""A pipeline's parameters: their types, and the one codec from text to value.

The same codec serves `--set name=value`, `workflow_dispatch` and `workflow_call`: GitHub hands over text, booleans and
numbers, an untouched field is the empty string, and on `schedule` and `push` there are no inputs at all.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, Union

from orch.errors import GraphError, OrchError, ParameterError, raise_problems
from orch.model import values
from orch.model.canonical import Json
from orch.model.graph_file import FLAG, JSON, TABLE, TEXT, TEXTS, Keys
from orch.model.shapes import ANY, Shape, shape_of

# GitHub writes a number of its contexts with 15 digits (the runner's ExpressionConstants.NumberFormat): beyond this an
# integer may have changed on its way.
EXACT_INT = 10**15


_TYPE: Final = Keys("a parameter's type", {"kind": TEXT, "text": TEXT}, {"optional": FLAG, "choices": TEXTS, "shape": TABLE})
_PARAMETER: Final = Keys("a parameter", {"name": TEXT, "type": TABLE}, {"required": FLAG, "default": JSON})


class Kind(StrEnum):
    """What has a form in text; JSON stands for lists and dicts."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    CHOICE = "choice"
    ENVIRONMENT = "environment"
    JSON = "json"


class DeploymentEnvironment(NamedTuple):
    """The mark of a text that names an environment of the repository on GitHub."""


# GitHub offers the names that there are; elsewhere it is any text: https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
Environment: TypeAlias = Annotated[str, DeploymentEnvironment()]


@dataclass(frozen=True, slots=True)
class ParameterType:
    """What a parameter takes. `optional`: None is a value, and empty text means it. `text` is the type as written.

    `shape` is what JSON has to be; without one, any list or dict.
    """

    kind: Kind
    optional: bool = False
    choices: tuple[str, ...] = ()
    text: str = ""
    shape: Shape | None = None

    def parse(self, text: str) -> object:
        """The value of `text`, as typed on a command line or in a form; raises ValueError with the reason."""
        if text == "" and self.optional:
            return None
        match self.kind:
            case Kind.STR:
                return text
            case Kind.ENVIRONMENT:
                return self.check(text)
            case Kind.CHOICE:
                return self._choice(text)
            case Kind.BOOL:
                if text in ("true", "True"):
                    return True
                if text in ("false", "False"):
                    return False
                raise ValueError("expected true or false")
            case Kind.INT:
                return _parse_int(text)
            case Kind.FLOAT:
                try:
                    return float(text)
                except ValueError:
                    raise ValueError("expected a number") from None
            case Kind.JSON:
                try:
                    value = json.loads(text)
                except (ValueError, RecursionError) as error:
                    raise ValueError(f"expected JSON ({error})") from None
                return self.check(value)

    def from_input(self, given: Json) -> object:
        """The value of what GitHub's `inputs` context holds: text, or a boolean or number of the declared type."""
        if isinstance(given, str):
            return self.parse(given)
        if given is None:
            return self.check(None)
        if self.kind is Kind.INT and isinstance(given, float):
            return _parse_int(repr(given))
        if self.kind is Kind.INT and type(given) is int and abs(given) > EXACT_INT:
            raise ValueError(f"GitHub's numbers are exact only up to {EXACT_INT}")
        return self.check(given)

    def check(self, value: object) -> object:
        """`value` as this type holds it (an int where a float is due becomes one); raises ValueError."""
        if value is None and self.optional:
            return None
        match self.kind:
            case Kind.INT if type(value) is int:
                return value
            case Kind.FLOAT if type(value) is float or type(value) is int:
                return float(value)
            case Kind.BOOL if type(value) is bool:
                return value
            case Kind.STR if type(value) is str:
                return value
            case Kind.ENVIRONMENT if type(value) is str:
                if not value:
                    raise ValueError("expected the name of an environment")
                return value
            case Kind.CHOICE if type(value) is str:
                return self._choice(value)
            case Kind.JSON if isinstance(value, (list, dict)):
                return (self.shape or ANY).fit(value)
        raise ValueError(f"expected {self.text or self.kind}")

    def _choice(self, text: str) -> str:
        if text not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}")
        return text

    def to_json(self) -> Json:
        data: dict[str, Json] = {"kind": str(self.kind), "text": self.text}
        if self.optional:
            data["optional"] = True
        if self.choices:
            data["choices"] = list(self.choices)
        if self.shape:
            data["shape"] = self.shape.to_json()
        return data

    @classmethod
    def from_json(cls, data: Json) -> ParameterType:
        _TYPE.check(data)
        shape = Shape.from_json(data["shape"]) if "shape" in data else None
        return cls(Kind(data["kind"]), data.get("optional", False), tuple(data.get("choices", ())), data["text"], shape)


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        pass
    try:  # GitHub writes large whole numbers as 1e+21, and forms may give 3.0
        number = float(text)
    except ValueError:
        raise ValueError("expected a whole number") from None
    if not number.is_integer():
        raise ValueError("expected a whole number")
    if abs(number) > EXACT_INT:
        raise ValueError(f"expected a whole number written out: {text} may have been rounded")
    return int(number)


def type_of(annotation: Any, text: str) -> ParameterType | None:
    """The parameter type of a resolved annotation, or None where it has no form in text."""
    optional = False
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        optional = len(members) < len(typing.get_args(annotation))
        if len(members) != 1:
            return None
        annotation = members[0]
    if typing.get_origin(annotation) is Annotated:
        if any(isinstance(mark, DeploymentEnvironment) for mark in typing.get_args(annotation)[1:]):
            return ParameterType(Kind.ENVIRONMENT, optional, (), text)
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is typing.Literal:
        choices = typing.get_args(annotation)
        if not all(type(choice) is str for choice in choices):
            return None
        return ParameterType(Kind.CHOICE, optional, choices, text)
    atom = {int: Kind.INT, float: Kind.FLOAT, bool: Kind.BOOL, str: Kind.STR}.get(annotation)
    if atom is not None:
        return ParameterType(atom, optional, (), text)
    shape = shape_of(annotation) if (typing.get_origin(annotation) or annotation) in (list, dict) else None
    return ParameterType(Kind.JSON, optional, (), text, shape) if shape else None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a pipeline; without a default it is required. `default` is encoded by `orch.model.values`."""

    name: str
    type: ParameterType
    required: bool = False
    default: Json = None

    def to_json(self) -> Json:
        data: dict[str, Json] = {"name": self.name, "type": self.type.to_json()}
        return data | ({"required": True} if self.required else {"default": self.default})

    @classmethod
    def from_json(cls, data: Json) -> Parameter:
        _PARAMETER.check(data)
        made = cls(data["name"], ParameterType.from_json(data["type"]), data.get("required", False), data.get("default"))
        if not made.required:
            try:
                made.type.check(values.decode(made.default))
            except Exception as error:  # data of another hand may be anything
                message = f"the default of parameter {made.name!r} is none of its type: {type(error).__name__}: {error}"
                raise GraphError(message, hint="compile it again") from error
        return made


def resolve(parameters: tuple[Parameter, ...], given: Mapping[str, object]) -> dict[str, object]:
    """Values for all `parameters`: what is given (already of its type), then defaults. All problems at once."""
    problems: list[OrchError] = _unknown(parameters, given)
    resolved: dict[str, object] = {}
    for parameter in parameters:
        if parameter.name in given:
            try:
                resolved[parameter.name] = parameter.type.check(given[parameter.name])
            except ValueError as error:
                problems.append(_misfit(parameter, given[parameter.name], error))
        elif parameter.required:
            hint = f"give it a default in the signature, or type --set {parameter.name}=..."
            problems.append(ParameterError(f"parameter {parameter.name!r} has no value", hint=hint))
        else:
            resolved[parameter.name] = values.decode(parameter.default)
    raise_problems(problems)
    return resolved


def parse_all(parameters: tuple[Parameter, ...], texts: Mapping[str, str]) -> dict[str, object]:
    """Typed values of `--set` texts. All problems at once."""
    return _convert(parameters, texts, lambda parameter, text: parameter.type.parse(text))


def from_inputs(parameters: tuple[Parameter, ...], inputs: Mapping[str, Json] | None) -> dict[str, object]:
    """Typed values of GitHub's `inputs` context; None and {} (schedule, push) leave every parameter to its default.

    Empty text leaves a parameter at its default too, unless its type gives empty text a meaning.
    """
    wanted = {parameter.name: parameter for parameter in parameters}
    meant = {
        name: given
        for name, given in (inputs or {}).items()
        if not (given in ("", None) and name in wanted and _falls_to_default(wanted[name]))
    }
    return _convert(parameters, meant, lambda parameter, given: parameter.type.from_input(given))


def from_json(parameters: tuple[Parameter, ...], given: Mapping[str, Json]) -> dict[str, object]:
    """Values that stand in a JSON object, each of the type that its parameter has. All problems at once."""
    return _convert(parameters, given, lambda parameter, value: parameter.type.check(value))


def _falls_to_default(parameter: Parameter) -> bool:
    return not parameter.required and not parameter.type.optional and parameter.type.kind is not Kind.STR


def _convert(parameters: tuple[Parameter, ...], given: Mapping[str, Any], convert: Any) -> dict[str, object]:
    problems: list[OrchError] = _unknown(parameters, given)
    converted: dict[str, object] = {}
    for parameter in parameters:
        if parameter.name not in given:
            continue
        try:
            converted[parameter.name] = convert(parameter, given[parameter.name])
        except ValueError as error:
            problems.append(_misfit(parameter, given[parameter.name], error))
    raise_problems(problems)
    return converted


def _misfit(parameter: Parameter, value: object, error: ValueError) -> ParameterError:
    hint = f"the pipeline declares `{parameter.name}: {parameter.type.text}`"
    if parameter.type.kind is Kind.JSON and isinstance(value, str):
        default = "" if parameter.required or parameter.default is None else f", as its default is: {json.dumps(parameter.default)}"
        hint += f", and takes it as JSON{default}"
    return ParameterError(f"parameter {parameter.name!r} is {value!r}: {error}", hint=hint)


def _unknown(parameters: tuple[Parameter, ...], given: Mapping[str, object]) -> list[OrchError]:
    names = [parameter.name for parameter in parameters]
    return [ParameterError(f"no parameter {name!r}", hint=_known(name, names)) for name in given if name not in names]


def _known(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # dear to import, and needed for a mistake only

    near = get_close_matches(name, names, n=1)
    takes = f"this pipeline takes {', '.join(names) or 'no parameters'}"
    return f"did you mean {near[0]!r}? {takes}" if near else takes
