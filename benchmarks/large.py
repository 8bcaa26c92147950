"""400 MB from one step to the next: as a pipeline, and as numpy does it, with one SHA-256 of the same bytes: `large.py KIND MEGABYTES`."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from orch import pipeline, step


def made(kind: str, megabytes: int) -> Any:
    columns = 50
    numbers = np.arange(megabytes * 1_000_000 // 8 // columns * columns, dtype="f8").reshape(-1, columns, order="F" if kind == "F" else "C")
    if kind != "frame":
        return numbers
    import pandas as pd

    return pd.DataFrame(numbers, columns=[f"column {i}" for i in range(columns)])


@step
def make(kind: str, megabytes: int) -> Any:
    return made(kind, megabytes)


@step
def read(value: Any) -> float:
    return float(value.iloc[-1, -1] if hasattr(value, "iloc") else value[-1, -1])


@pipeline
def handed_on(kind: str = "C", megabytes: int = 400) -> None:
    read(make(kind, megabytes))


def by_numpy_alone(kind: str, megabytes: int, file: Path) -> float:
    array = made(kind, megabytes)
    np.save(file, array)
    hashlib.sha256(array.T if kind == "F" else array)
    del array
    return float(np.load(file)[-1, -1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".") as folder:
        print(by_numpy_alone(sys.argv[1], int(sys.argv[2]), Path(folder, "array.npy")))
