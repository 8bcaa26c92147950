"""`orch` and `python -m orch`: the entrypoints of jobs first, which import the standard library only, then the commands."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from orch.collector import collect_seldom

if TYPE_CHECKING:
    from orch.errors import OrchError


def main() -> int:
    """The exit code of the command line in `sys.argv`."""
    if sys.getfilesystemencoding() != "utf-8":  # by a locale of another encoding: what orch writes would depend on it
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - this program itself
    if sys.stdout is None or sys.stderr is None:
        from orch.system import streams

        streams.open_missing()
    collect_seldom()
    entrypoint = _ENTRYPOINTS.get(" ".join(sys.argv[1:3]))
    if entrypoint is None or "--help" in sys.argv:
        from orch.cli.main import main as command_line

        return command_line()
    from orch.errors import ExitCode, OrchError

    for stream in (sys.stdout, sys.stderr):  # the log of a job is UTF-8, whatever the system of its runner
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return entrypoint(sys.argv[3:])
    except OrchError as error:
        _tell(error)
        return error.worst
    except KeyboardInterrupt:
        return ExitCode.CANCELLED
    except Exception as error:  # noqa: BLE001 - 1 would say that the step failed
        from orch.system.refusals import refusal

        if told := refusal(error):
            _tell(told)
            return told.worst
        sys.excepthook(type(error), error, error.__traceback__)
        return ExitCode.BUG


def _tell(error: OrchError) -> None:
    from orch.runtime import runner

    if not runner.on_runner():
        print(error.told, file=sys.stderr)
        return
    for problem in error.problems:  # all in one stream, which keeps the order
        print(runner.harmless(str(problem)))
        where = problem.where
        place = {"file": where.path, "line": where.line} if where else {}
        print(runner.annotation("error", problem.message, title=problem.code, **place))  # type: ignore[arg-type]


def _step_run(arguments: list[str]) -> int:
    from orch.runtime import step_run

    return step_run.main(arguments, dict(os.environ), sys.stdout)


def _result_run(arguments: list[str]) -> int:
    from orch.runtime import result

    return result.main(arguments)


def _legs_count(arguments: list[str]) -> int:
    from orch.runtime import counting

    return counting.main(arguments, dict(os.environ), sys.stdout)


def _step_look(arguments: list[str]) -> int:
    from orch.runtime import look

    return look.main(arguments, dict(os.environ), sys.stdout)


def _step_take(arguments: list[str]) -> int:
    from orch.runtime import take

    return take.main(arguments, dict(os.environ), sys.stdout)


def _decide_run(arguments: list[str]) -> int:
    from orch.runtime import plan

    return plan.main(arguments, dict(os.environ), sys.stdout)


def _mode_check(arguments: list[str]) -> int:
    from orch.runtime import mode

    return mode.check(arguments, dict(os.environ), sys.stdout)


def _mode_cancel(arguments: list[str]) -> int:
    from orch.runtime import mode

    return mode.cancel(arguments, dict(os.environ), sys.stdout)


def _pack_run(arguments: list[str]) -> int:
    from orch.orchestrators.local import in_pack

    return in_pack.main(arguments, dict(os.environ), sys.stdout)


def _notify_run(arguments: list[str]) -> int:
    from orch.runtime import notify

    return notify.main(arguments, dict(os.environ), sys.stdout)


def _pipeline_run(arguments: list[str]) -> int:
    from orch.orchestrators.local import in_job

    return in_job.main(arguments, dict(os.environ), sys.stdout)


_ENTRYPOINTS = {
    "step run": _step_run,
    "step look": _step_look,
    "step take": _step_take,
    "decide run": _decide_run,
    "legs count": _legs_count,
    "result run": _result_run,
    "pack run": _pack_run,
    "pipeline run": _pipeline_run,
    "notify run": _notify_run,
    "mode check": _mode_check,
    "mode cancel": _mode_cancel,
}

if __name__ == "__main__":
    exit_code = main()
    if " ".join(sys.argv[1:3]) in _ENTRYPOINTS:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)  # a job need not wait until Python has taken itself apart
    sys.exit(exit_code)
