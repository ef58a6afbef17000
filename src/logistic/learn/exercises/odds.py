"""Exercises of the lesson on odds and logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------- 1: a probability from odds


def _judge_1(answer: Callable[..., Any]) -> None:
    odds = (3.0, 1.0, 0.25, 9.0, 19.0)
    found = [answer(one) for one in odds]
    if all(close(p, o) for p, o in zip(found, odds, strict=True)):
        raise Hint("those are still the odds; odds of 3 are 3 for against 1 against, so 3 of 4 are for")
    if all(close(p, 1 / (1 + o)) for p, o in zip(found, odds, strict=True)):
        raise Hint("that is the probability against: at odds of 3 it gives 0.25; which share of the 3 + 1 is for?")
    if close(found[0], 1.5):
        raise Hint("that divides by 2 whatever the odds are; odds of 3 are 3 for and 1 against, 4 in all")
    if all(close(p, 100 * o / (1 + o)) for p, o in zip(found, odds, strict=True)):
        raise Hint("right in percent; a probability is a share, between 0 and 1")
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
    (lambda odds: 100 * odds / (1 + odds), "right in percent"),
    (lambda odds: str(odds / (1 + odds)), "not yet: at odds of 3"),
    (lambda odds: odds / (1 - odds), "stops with ZeroDivisionError"),
)

# ------------------------------------------------------------------------------------------ 2: a probability whose odds change

CASES_2 = ((0.1, 2.0), (0.5, 2.0), (0.9, 2.0), (0.2, 0.5), (0.3, 1.0), (0.01, 5.0), (0.75, 10.0))


def _judge_2(answer: Callable[..., Any]) -> None:
    found = [answer(p, ratio) for p, ratio in CASES_2]

    def all_are(wrong: Callable[[float, float], float]) -> bool:
        return all(close(value, wrong(p, ratio)) for value, (p, ratio) in zip(found, CASES_2, strict=True))

    if all_are(lambda p, ratio: p * ratio) or all_are(lambda p, ratio: min(1.0, p * ratio)):
        raise Hint("that multiplies the probability, as a risk ratio would, and 0.9 becomes 1.8; multiply the odds instead")
    if all_are(lambda p, ratio: ratio * p / (1 - p)):
        raise Hint("those are the new odds, and they can be above 1; one step is left, the one of exercise 1")
    if all_are(lambda p, ratio: p / (1 - p) / ratio / (1 + p / (1 - p) / ratio)):
        raise Hint("that divides the odds by the ratio; a ratio above 1 should make the outcome more likely")
    if all_are(lambda p, ratio: 1 / (1 + ratio * p / (1 - p))):
        raise Hint("that is the probability against; with odds o, the share that is for is o / (1 + o)")
    for value, (p, ratio) in zip(found, CASES_2, strict=True):
        if not close(value, _solution_2(p, ratio)):
            raise Hint(f"not yet: p = {p:g} has odds {p / (1 - p):.4g}; what are they times {ratio:g}, and as a probability again?")


def _solution_2(p: Any, odds_ratio: Any) -> Any:
    odds = odds_ratio * p / (1 - p)
    return odds / (1 + odds)


MISTAKES_2 = (
    (lambda p, ratio: p * ratio, "as a risk ratio would"),
    (lambda p, ratio: min(1.0, p * ratio), "multiply the odds instead"),
    (lambda p, ratio: ratio * p / (1 - p), "those are the new odds"),
    (lambda p, ratio: _solution_2(p, 1 / ratio), "divides the odds"),
    (lambda p, ratio: 1 - _solution_2(p, ratio), "probability against"),
    (lambda p, ratio: p + np.log(ratio), "not yet: p = 0.1 has odds 0.1111"),
)

EXERCISES = (
    Exercise("odds.1", "from odds back to a probability", _judge_1, _solution_1, MISTAKES_1),
    Exercise("odds.2", "to odds, times the ratio, and back to a probability", _judge_2, _solution_2, MISTAKES_2),
)
