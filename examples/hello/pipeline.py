"""A pipeline that needs nothing but the standard library: one letter count, two readers of it, one sentence.

python examples/hello/pipeline.py
"""

from __future__ import annotations

from collections import Counter

from orch import pipeline, step


@step
def count(text: str) -> dict[str, int]:
    """How often each letter occurs."""
    letters = Counter(letter for letter in text.lower() if letter.isalpha())
    return dict(sorted(letters.items()))


@step
def most_common(counts: dict[str, int]) -> str:
    return max(counts, key=lambda letter: counts[letter])


@step
def missing(counts: dict[str, int]) -> list[str]:
    return [letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in counts]


@step(keep=True)
def describe(text: str, common: str, absent: list[str]) -> str:
    sentence = f"{text!r} is written without {len(absent)} letters of the alphabet, and most of all with {common!r}."
    print(sentence)
    return sentence


@pipeline
def hello(text: str = "The quick brown fox jumps over the dog") -> None:
    counts = count(text)
    describe(text, most_common(counts), missing(counts))


if __name__ == "__main__":
    hello()
