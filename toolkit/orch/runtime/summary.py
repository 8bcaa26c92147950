"""A run's record as the Markdown that GitHub shows on the run's page.

Everything in a record that a user's code chose (previews, messages, tracebacks, parameters) is data to show, never
Markdown, HTML or Mermaid to obey: text between our own words becomes character references, whole blocks get a fence
that is longer than any inside.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterator
from typing import Final

from orch.model import values
from orch.model.fan import step_of
from orch.model.gathered import worth_telling
from orch.model.graph import Graph
from orch.model.mermaid import mermaid
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.runtime.metadata import as_text

# https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits: above
# 1 MiB the whole summary is dropped. GitHub's Mermaid draws no more than 50,000 characters.
LIMIT: Final = 1024 * 1024
_MERMAID_LIMIT: Final = 50_000
_CELL: Final = 120
_LOGGED: Final = 20  # values that a step logged: the record has all of them
_BLOCK: Final = 16_000
_HARMLESS: Final = " -,;'\"%/=+()"  # in the middle of a line of Markdown, as `escape` gives it
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
_SIGNS: Final = {
    State.SUCCEEDED: "✅",
    State.CACHED: "♻️",
    State.FAILED: "❌",
    State.CANCELLED: "🚫",
    State.SKIPPED: "⏭️",
    State.QUEUED: "⏳",
    State.RUNNING: "⏳",
}


def render(record: RunRecord, graph: Graph, *, limit: int = LIMIT) -> str:
    """The summary, of at most `limit` bytes: what matters most comes first, what does not fit is counted."""
    kept: list[str] = []
    room = limit - 200  # for the line that counts
    left_out = 0
    for section in _sections(record, graph):
        size = len(section.encode())
        if size > room:
            left_out += 1
        else:
            kept.append(section)
            room -= size
    if left_out:
        kept.append(f"\n{left_out} more parts of this summary do not fit GitHub's limit of 1 MiB; the run's record has them all.\n")
    return "".join(kept)


def step_summary(pipeline: str, record: StepRecord) -> str:
    """One job's part: its step, and why it failed. The run's whole picture is the result job's."""
    failure = "".join(_failures(record))
    title = f"### {escape(pipeline)}: {escape(record.step)}\n\n"
    table = f"| step | state | time | outputs |\n| --- | --- | ---: | --- |\n{_row(record)}"
    return title + table + failure


def _sections(record: RunRecord, graph: Graph) -> Iterator[str]:
    yield _header(record)
    states = {step.step: step.state for step in record.steps}
    drawing = mermaid(graph, states)
    if len(drawing) <= _MERMAID_LIMIT:
        yield fenced(drawing, "mermaid")
    told = worth_telling(record.steps)
    for step in told:
        yield from _failures(step)
    yield "\n| step | state | time | outputs |\n| --- | --- | ---: | --- |\n"
    for step in told:
        yield _row(step)
    yield f"\nOn your machine:\n\n{fenced(commands(record, graph), 'console')}"
    for step in told:
        yield from _previews(step)


def _header(record: RunRecord) -> str:
    info = record.info
    facts = [f"run {escape(info.run)}", f"attempt {info.attempt}", duration(record.duration), escape(info.trigger)]
    head = f"## {_SIGNS[record.state]} {escape(info.pipeline)}: {record.state}\n\n{' · '.join(fact for fact in facts if fact)}\n"
    if info.parameters:
        shown = (f"{escape(name)} = {code(_shorten(_json(values.decode(value))))}" for name, value in sorted(info.parameters.items()))
        head += f"\n{' · '.join(shown)}\n"
    return head + "\n"


def _failures(step: StepRecord) -> Iterator[str]:
    if step.failure:
        yield _failure(f"{escape(step.step)} failed", step.failure)
    if step.hook:
        yield _failure(f"{escape(step.step)}: a hook failed", step.hook)


def _failure(title: str, failure: Failure) -> str:
    place = f" at {code(f'{failure.file}:{failure.line}' if failure.line else failure.file)}" if failure.file else ""
    text = f"\n### {title}{place}\n\n{_paragraph(_shorten(failure.message, 1000))}\n"
    return text + (f"\n{fenced(_tail(failure.traceback), 'text')}" if failure.traceback else "")


def _row(step: StepRecord) -> str:
    cells = [f"{escape(name)}: {code(_shorten(artifact.preview))}" for name, artifact in step.outputs.items()]
    logged = [f"{escape(name)} = {code(_shorten(as_text(value)))}" for name, value in step.metadata.items()]
    cells += logged[:_LOGGED]
    if len(logged) > _LOGGED:
        cells.append(f"and {len(logged) - _LOGGED} more")
    state = f"{_SIGNS[step.state]} {step.state}" + (f" ({escape(step.reason)})" if step.reason else "")
    return f"| {escape(step.step)} | {state} | {duration(step.duration)} | {'<br>'.join(cells)} |\n"


def _previews(step: StepRecord) -> Iterator[str]:
    """The previews that a table's cell cannot show whole."""
    for name, artifact in step.outputs.items():
        preview = artifact.preview
        if "\n" in preview.strip() or len(preview) > _CELL:
            title = f"{escape(step.step)}.{escape(name)}"
            yield f"\n<details><summary>{title}</summary>\n\n{fenced(preview[:_BLOCK], 'text')}\n</details>\n"


def commands(record: RunRecord, graph: Graph) -> str:
    """What to type next, a command a line."""
    folder = "" if graph.project == "." else f"{graph.project}/"
    reference = shlex.quote(f"{folder}{graph.source.rpartition(':')[0]}:{graph.pipeline}")
    chosen = [f"--set {shlex.quote(f'{name}={_text(values.decode(value))}')}" for name, value in sorted(record.info.parameters.items())]
    arguments = " ".join([reference, *chosen])
    failed = list(dict.fromkeys(step_of(step.step) for step in record.steps if step.state is State.FAILED))
    lines = [f"orch act {arguments} --job {step}" for step in failed[:3]]
    lines.append(f"orch run {arguments}")
    return "\n".join(lines)


def _text(value: object) -> str:
    """A parameter as `--set` reads it."""
    return value if isinstance(value, str) else "" if value is None else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # of a dict in its own order


def escape(text: str) -> str:
    """`text` as itself in a line of Markdown: no character of it can begin a structure, a tag or a link."""
    return _escaped(_one_line(text)).strip()


def _escaped(line: str) -> str:
    return "".join(char if char.isalnum() or char in _HARMLESS else _reference(char) for char in line)


def _paragraph(text: str) -> str:
    """`escape`, at the beginning of a line, where also `-`, `+` and `1)` begin a structure."""
    text = _one_line(text)
    return _escaped(text) if text[:1].isalpha() else "".join(map(_reference, text[:1])) + _escaped(text[1:])


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text.strip() else ""


def fenced(text: str, language: str) -> str:
    """A block that `text` cannot close."""
    text = "".join(char if char in "\n\t" else _visible(char) for char in text.replace("\r\n", "\n"))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}\n"


def _reference(char: str) -> str:
    shown = _visible(char)
    return f"&#{ord(char)};" if shown == char else shown.replace("\\", "&#92;")


def _visible(char: str) -> str:
    """Control, direction and line characters as their escapes, so that what is shown is what is there."""
    is_unseen = unicodedata.category(char) in _UNSEEN and char != "\u200d"
    return char.encode("unicode_escape").decode() if is_unseen else char


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shorten(text: str, width: int = _CELL) -> str:
    line = _one_line(text)
    return line if len(line) <= width else line[: width - 1] + "…"


def _tail(text: str) -> str:
    return text if len(text) <= _BLOCK else f"...\n{text[-_BLOCK:]}"


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds else ""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
