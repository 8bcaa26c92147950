"""How the legs of mapped steps are dealt out to the jobs of a matrix, and which job can count them.

A matrix has at most 256 jobs. Of more items each job gets several, the first ones, the next ones, and so on. What goes from job to
job is one small table: `step.output` -> how many items this list has, and mapped step -> what `deal` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Final

from orch.errors import MapError, ParameterError
from orch.model import canonical
from orch.model.bindings import Binding, Choice, OutputRef, ParameterRef
from orch.model.canonical import Json
from orch.model.legs import Legs, LengthOf, check_sizes, fixed_length, not_a_list
from orch.model.steps import Step

MOST_JOBS: Final = 256  # https://docs.github.com/actions/reference/limits
PARAMETERS: Final = ""  # stands for them where otherwise a step's id is

Steps = Mapping[str, Step]


def per_job(count: int) -> int:
    return max(1, -(-count // MOST_JOBS))


def jobs_for(count: int) -> int:
    return -(-count // per_job(count))


def items_of_job(count: int, job: int) -> range:
    each = per_job(count)
    return range(job * each, min((job + 1) * each, count))


def roots(steps: Steps, step: Step) -> tuple[str, ...]:
    """What has to be known to count the legs of `step`: steps that are not mapped, and `PARAMETERS`. Nothing where the graph says it."""
    found: dict[str, None] = {}
    for binding in mapped_over(step):
        match binding:
            case ParameterRef():
                found[PARAMETERS] = None
            case OutputRef(producer) if steps[producer].fan:
                found |= dict.fromkeys(roots(steps, steps[producer]))
            case OutputRef(producer):
                found[producer] = None
            case Choice(refs):
                found |= dict.fromkeys(ref.step for ref in refs)
            case _:
                pass  # it is written down
    return tuple(found)


def root_outputs(steps: Steps) -> tuple[OutputRef, ...]:
    """The outputs whose lengths have to be known to count legs."""
    found = (binding for step in steps.values() for binding in mapped_over(step))
    return tuple(dict.fromkeys(each for each in found if isinstance(each, OutputRef) and not steps[each.step].fan))


def root_parameters(steps: Steps) -> tuple[str, ...]:
    """The parameters that are mapped over."""
    found = (binding for step in steps.values() for binding in mapped_over(step))
    return tuple(dict.fromkeys(each.name for each in found if isinstance(each, ParameterRef)))


def mapped_over(step: Step) -> Iterator[Binding]:
    inputs = dict(step.inputs)
    return (inputs[name] for name in (step.fan.over if step.fan else ()))


def sizes_of(steps: Steps, step: Step, length_of: LengthOf) -> tuple[int | None, ...]:
    """The lengths of the lists that `step` maps over; None of what is no list."""

    def size(binding: Binding) -> int | None:
        if isinstance(binding, OutputRef) and steps[binding.step].fan:
            producer = steps[binding.step]
            return _count(producer, sizes_of(steps, producer, length_of))
        return length_of(binding) if isinstance(binding, (OutputRef, ParameterRef)) else fixed_length(binding)

    return tuple(map(size, mapped_over(step)))


def _count(step: Step, sizes: Sequence[int | None]) -> int | None:
    """How many legs; None where these lists do not go together, or are more than the step takes."""
    known = [size for size in sizes if size is not None]
    assert step.fan is not None
    if len(known) < len(sizes) or (not step.fan.product and len(set(known)) > 1):
        return None
    count = prod(known) if step.fan.product else known[0]
    return None if step.fan.max_items is not None and count > step.fan.max_items else count


def deal(step: Step, sizes: Sequence[int | None]) -> Json:
    """`items`: how many legs there are; `jobs`: the matrix, as text that can be compared; `each`: how many legs a job has at most.

    What cannot be mapped over has one, which says what is wrong.
    """
    count = _count(step, sizes)
    items = 1 if count is None else count
    return {"items": items, "sizes": list(sizes), "each": per_job(items), "jobs": canonical.dumps(list(range(jobs_for(items))))}


def dealt_legs(step: Step, sizes: Sequence[int | None], mapped: Iterable[str]) -> Legs:
    """The legs that `deal` has counted; raises MapError where it could not."""
    assert step.fan is not None
    found: dict[str, int] = {}
    for name, size, binding in zip(step.fan.over, sizes, mapped_over(step), strict=True):
        if size is None:
            raise not_a_list(step, name, binding)
        found[name] = size
    check_sizes(step.id, step.fan, found)
    return Legs(step, found, frozenset(mapped))


# --- the table ---


def table(steps: Steps, lengths: Mapping[str, int | None]) -> dict[str, Json]:
    """What is known once `lengths` are: `step.output` -> the length of this list, and a parameter's under its name alone."""

    def length_of(ref: OutputRef | ParameterRef) -> int | None:
        return lengths.get(str(ref) if isinstance(ref, OutputRef) else ref.name)

    known = {name.rpartition(".")[0] for name in lengths}
    found: dict[str, Json] = {name: length for name, length in lengths.items() if "." in name}
    for step in steps.values():
        if step.fan and (needed := roots(steps, step)) and known.issuperset(needed):
            found[step.id] = deal(step, sizes_of(steps, step, length_of))
    return found


def read_tables(text: str) -> dict[str, Json]:
    """All that other jobs have counted: one table a line. Raises ParameterError."""
    found: dict[str, Json] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            told = canonical.loads(line)
            found |= {str(name): _checked(value) for name, value in told.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            hint = "pass needs.<job>.outputs.legs, of one job a line"
            raise ParameterError(f"the input 'legs' has {line!r}, which no job says of its legs", hint=hint) from error
    return found


def _checked(value: Json) -> Json:
    sizes = value["sizes"] if isinstance(value, dict) else [value]
    if not all(size is None or (type(size) is int and size >= 0) for size in sizes):
        raise TypeError(f"{value!r} is no count")
    if isinstance(value, dict) and type(value["items"]) is not int:
        raise TypeError(f"{value!r} counts nothing")
    return value


def fixed(steps: Steps, step: Step) -> Json:
    """What `deal` says of a step whose legs the graph counts; None of others."""
    return None if roots(steps, step) else deal(step, sizes_of(steps, step, lambda _: None))


def counted(steps: Steps, step: Step, tables: Mapping[str, Json]) -> Json:
    """What `deal` says of `step`; raises MapError where nobody has told."""
    found = fixed(steps, step) or tables.get(step.id)
    if found is None:
        raise MapError(f"nobody has told how many legs step {step.id!r} has", hint="compile the pipeline again (orch compile) and commit")
    return found
