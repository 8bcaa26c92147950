"""Stands in for actions/cache v5 on a first run: it finds nothing, and nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping

from orch.replay.act.stand_ins.job_step import Inputs, Refused, perform

_LONGEST_KEY = 512


def cache(inputs: Inputs, environ: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG001 (every stand-in has one signature)
    inputs.required("path")
    for key in (inputs.required("key"), *inputs["restore-keys"].split()):
        if len(key) > _LONGEST_KEY or "," in key:
            raise Refused(f"Key Validation Error: {key} cannot be larger than {_LONGEST_KEY} characters or contain commas.")
    if inputs.flag("fail-on-cache-miss"):
        raise Refused(f"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {inputs['key']}")
    return {"cache-hit": "false"}


if __name__ == "__main__":
    perform(cache)
