"""One step to its last word: its tries, the waits between them, and its hook, in a pool that runs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orch.model.records import StepRecord
from orch.model.steps import Step
from orch.runtime import clock
from orch.runtime.execute import Order
from orch.runtime.hooks import hook_failure, hook_task, not_started
from orch.runtime.interrupts import Interrupts
from orch.runtime.pool import Pool, Task
from orch.runtime.retries import cancelled_while_waiting, delay_before_next, mark_in_log


def try_until_ended(pool: Pool, step: Step, order: Order, interrupted: Interrupts, log: Callable[[str], None]) -> StepRecord:
    """Run `order` as often as the step's settings ask for; `log` gets the end of each failed try but the last."""
    settings = step.settings
    while True:
        pool.submit(Task(order, dict(settings.environment), settings.secrets, settings.timeout))
        record = wait_for_end(pool, interrupted)
        delay = delay_before_next(settings.retry, record)
        if settings.retry is None or delay is None:
            return record
        log(mark_in_log(settings.retry, record, delay))
        until = clock.monotonic() + delay
        while not interrupted.count and (left := until - clock.monotonic()) > 0:
            pool.poll(left)
        if interrupted.count:
            return cancelled_while_waiting(record)
        order = order._replace(tries=record.tries + 1)


def call_hook(pool: Pool, step: Step, record: StepRecord, interrupted: Interrupts) -> StepRecord:
    """`record` with what came of the step's hook, if it has one for this end. A cancelled step has none: who cancels knows of it."""
    task = hook_task(step, record)
    if task is None:
        return record
    if interrupted.count:
        return replace(record, hook=not_started())
    pool.submit(task)
    return replace(record, hook=hook_failure(wait_for_end(pool, interrupted)))


def wait_for_end(pool: Pool, interrupted: Interrupts) -> StepRecord:
    """Of the one task that it was given. The first interrupt asks the step to stop, the next one ends it."""
    seen = 0
    while True:
        for record in pool.poll(None):
            return record
        if interrupted.count > seen:
            seen = interrupted.count
            interrupted.clear()
            if seen == 1:
                pool.interrupt()
            else:
                pool.kill()
