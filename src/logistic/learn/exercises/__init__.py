"""Exercises: functions that a learner completes, and who judges them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from . import digits, gradient, loop, odds, race, softmax
from .exercise import Exercise, Hint

__all__ = ["REGISTRY", "Exercise", "Hint", "exercise"]

MODULES = (odds, gradient, softmax, digits, loop, race)
REGISTRY = {one.name: one for module in MODULES for one in module.EXERCISES}


def exercise(name: str, answer: Any) -> None:
    """Judge a learner's answer, in one printed line: ``right``, ``not done yet: ...`` or a hint. A wrong answer raises nothing.

    Parameters
    ----------
    name : str
        Such as ``"odds.1"``: the lesson and the number of the exercise.
    answer : function
        What the learner completed.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    if name not in REGISTRY:
        close = get_close_matches(name, REGISTRY, n=1)
        raise ValueError(f"there is no exercise {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    print(f"{name}: {REGISTRY[name].verdict(answer)}")  # noqa: T201  a learner reads it below the cell
