"""Run a compiled workflow, or one recorded step, on this machine."""
