"""Exercises of the lesson on odds and logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------- 1: a probability from odds


def _judge_1(answer: Callable[..., Any]) -> None:
    odds = (3.0, 1.0, 0.25, 9.0, 0.0)
    found = [answer(one) for one in odds]
    if all(close(p, o) for p, o in zip(found, odds, strict=True)):
        raise Hint("those are still the odds; odds of 3 are 3 for against 1 against, so 3 of 4 are for")
    if all(close(p, 1 / (1 + o)) for p, o in zip(found, odds, strict=True)):
        raise Hint("that is the probability against: at odds of 3 it gives 0.25; which share of the 3 + 1 is for?")
    if close(found[0], 1.5):
        raise Hint("that divides by 2 whatever the odds are; odds of 3 are 3 for and 1 against, 4 in all")
    if close(found[0], 1 / (1 + np.exp(-3))):
        raise Hint("that is the sigmoid, which takes a logit; the odds are given here, not their logarithm")
    for o, p in zip(odds, found, strict=True):
        if not close(p, o / (1 + o)):
            raise Hint(f"not yet: at odds of {o:g} there are {o:g} for and 1 against, so the probability is {o / (1 + o):.4g}")


def _solution_1(odds: Any) -> Any:
    return odds / (1 + odds)


MISTAKES_1 = (
    (lambda odds: odds, "still the odds"),
    (lambda odds: 1 / (1 + odds), "probability against"),
    (lambda odds: odds / 2, "divides by 2"),
    (lambda odds: 1 / (1 + np.exp(-odds)), "takes a logit"),
    (lambda odds: odds / (1 - odds), "stops with ZeroDivisionError"),
)

EXERCISES = (Exercise("odds.1", "from odds back to a probability", _judge_1, _solution_1, MISTAKES_1),)
