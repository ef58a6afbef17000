"""Exercises: functions that a learner completes, and who judges them."""

from __future__ import annotations

from typing import Any

from ...errors import InputError, did_you_mean
from . import (
    ames,
    digits,
    gradient,
    likelihood,
    loop,
    odds,
    penalty,
    race,
    ratios,
    reference,
    scaling,
    separation,
    softmax,
    warm_up,
    weights,
)
from .exercise import Exercise, Hint

__all__ = ["REGISTRY", "Exercise", "Hint", "exercise"]

MODULES = (
    odds,
    likelihood,
    gradient,
    softmax,
    loop,
    race,
    scaling,
    penalty,
    separation,
    weights,
    ratios,
    reference,
    ames,
    warm_up,
    digits,
)
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
    InputError
        If there is no such exercise.
    """
    if name not in REGISTRY:
        raise InputError(f"there is no exercise {name!r}{did_you_mean(name, REGISTRY)}")
    print(f"{name}: {REGISTRY[name].verdict(answer)}")  # noqa: T201  a learner reads it below the cell
