"""Exercises of the lesson on the training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------- 1: which curve is which bug

BUGS = {  # with what to look at
    "no zero_grad": "does it swing smoothly, over many epochs, as if something were rolling?",
    "softmax twice": "is it smooth, and does it come to rest at a number that you know from lesson 4?",
    "loss summed": "is its first number log 2?",
    "last batch": "at which steps does it jump? An epoch has ten of them",
    "rate too large": "is its first number log 2, and does it jump at any step, above that and below?",
    "rate too small": "does it fall on and on, still far from rest at the end?",
    "not shuffled": "is every epoch of ten steps like the one before?",
    "shapes": "does it never get below its first number, which is the loss of a guess?",
}
RIGHT = dict(zip("ABCDEFGH", (str(bug) for bug in np.random.default_rng(6).permutation(tuple(BUGS))), strict=True))


def _judge_1(answer: Callable[..., Any]) -> None:
    found = answer()
    if not isinstance(found, dict):
        raise Hint("return a dict with a name for each letter, such as {'A': 'shapes', 'B': 'last batch'}, with all eight")
    missing = [letter for letter in RIGHT if letter not in found]
    if missing:
        raise Hint(f"there is no name yet for {', '.join(missing)}; give one for each letter from A to H")
    unknown = [name for name in found.values() if name not in BUGS]
    if unknown:
        raise Hint(f"{unknown[0]!r:.40} is none of the names of the table: {', '.join(BUGS)}")
    named = list(found.values())
    double = [name for name in BUGS if named.count(name) > 1]
    if double:
        raise Hint(f"each bug has one letter, but {double[0]!r} has {named.count(double[0])}")
    wrong = [letter for letter in RIGHT if found[letter] != RIGHT[letter]]
    if wrong:
        hints = [f"{letter} is not {found[letter]!r}: {BUGS[found[letter]]}" for letter in wrong[:2]]
        raise Hint(f"{8 - len(wrong)} of 8 are right. " + ". ".join(hints))


def _swapped(one: str, other: str) -> Callable[[], dict[str, str]]:
    names = {one: other, other: one}
    return lambda: {letter: names.get(bug, bug) for letter, bug in RIGHT.items()}


MISTAKES_1 = (
    (_swapped("loss summed", "rate too large"), "6 of 8 are right"),
    (_swapped("softmax twice", "rate too small"), "come to rest at a number that you know"),
    (_swapped("last batch", "not shuffled"), "at which steps does it jump"),
    (_swapped("no zero_grad", "shapes"), "as if something were rolling"),
    (lambda: {"A": "shapes"}, "no name yet for B"),
    (lambda: dict.fromkeys(RIGHT, "shapes"), "'shapes' has 8"),
    (lambda: {**RIGHT, "C": "momentum"}, "none of the names"),
    (lambda: list(RIGHT.values()), "return a dict"),
)


# ------------------------------------------------------------------------------------------------------ 2: mean loss of an epoch


def _judge_2(answer: Callable[..., Any]) -> None:
    losses, sizes = np.array([0.5, 0.25, 0.75, 4.0]), np.array([33, 33, 33, 1])
    right = np.average(losses, weights=sizes)
    found = answer(losses, sizes)
    if close(found, losses.mean()):
        raise Hint("that is the plain mean: the last batch has one row and counts as much as 33; weigh each loss by its size")
    if close(found, (losses * sizes).sum()):
        raise Hint("that is the sum over the rows; divide it by the number of rows, sizes.sum()")
    if close(found, (losses * sizes).mean()):
        raise Hint("that divides by the number of batches; divide by the number of rows, sizes.sum()")
    if close(found, losses.sum() / sizes.sum()):
        raise Hint("a mean loss stands for all rows of its batch: multiply it by the size before you add them up")
    if close(found, losses[-1]):
        raise Hint("that is the loss of the last batch alone, here of one row")
    if not close(found, right):
        raise Hint("not yet: each loss times its size, added up, over the number of rows")
    if not close(answer(np.array([1.0, 3.0]), np.array([1, 3])), 2.5):
        raise Hint("right once, but not for other batches: does your function use its own losses and sizes?")


def _solution_2(losses: Any, sizes: Any) -> Any:
    return (losses * sizes).sum() / sizes.sum()


MISTAKES_2 = (
    (lambda losses, _sizes: losses.mean(), "plain mean"),
    (lambda losses, sizes: (losses * sizes).sum(), "sum over the rows"),
    (lambda losses, sizes: (losses * sizes).mean(), "number of batches"),
    (lambda losses, sizes: losses.sum() / sizes.sum(), "multiply it by the size"),
    (lambda losses, _sizes: losses[-1], "last batch alone"),
)

EXERCISES = (
    Exercise("loop.1", "look at the figure, and name the bug behind each letter", _judge_1, lambda: RIGHT, MISTAKES_1),
    Exercise("loop.2", "the mean loss of an epoch from the losses and sizes of its batches", _judge_2, _solution_2, MISTAKES_2),
)
