"""The pipeline on this machine: steps in dependency order, in worker processes."""
