"""Exercises: functions that a learner completes, and who judges them."""

from __future__ import annotations

from typing import Any

from ...errors import InputError, did_you_mean
from .ames import EXERCISES as AMES
from .exercise import Exercise, Hint
from .likelihood import EXERCISES as LIKELIHOOD
from .odds import EXERCISES as ODDS
from .warm_up import EXERCISES as WARM_UP

__all__ = ["REGISTRY", "Exercise", "Hint", "exercise"]

REGISTRY = {
    one.name: one
    for one in (
        *ODDS,
        *LIKELIHOOD,
        *AMES,
        *WARM_UP,
    )
}


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
