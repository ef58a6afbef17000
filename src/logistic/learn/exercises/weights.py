"""Exercises of the lesson on weights, imbalance, thresholds and calibration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------------ 1: threshold from costs


def _judge_1(answer: Callable[..., Any]) -> None:
    alarm, miss = 3.0, 12.0
    found = answer(alarm, miss)
    if close(found, 0.5):
        raise Hint("0.5 is right only where both mistakes cost the same")
    if close(found, miss / (alarm + miss)):
        raise Hint("turned around: the dearer a miss is, the sooner one acts, so the threshold falls")
    if close(found, alarm / miss):
        raise Hint("those are the odds at which both costs are equal; a probability is odds / (1 + odds)")
    if close(found, 1 / miss) or close(found, 1 / (1 + miss)):
        raise Hint("that takes 1 for the cost of a false alarm; here it is 3, and a miss costs 12")
    for a, m in ((alarm, miss), (5.0, 5.0), (30.0, 10.0), (1.0, 7.0)):
        if not close(answer(a, m), a / (a + m)):
            raise Hint(f"not yet for costs {a:g} and {m:g}: act where p * (cost of a miss) > (1 - p) * (cost of a false alarm)")


def _solution_1(cost_alarm: Any, cost_miss: Any) -> Any:
    return cost_alarm / (cost_alarm + cost_miss)


MISTAKES_1 = (
    (lambda cost_alarm, cost_miss: 0.5, "both mistakes cost the same"),
    (lambda cost_alarm, cost_miss: cost_miss / (cost_alarm + cost_miss), "turned around"),
    (lambda cost_alarm, cost_miss: cost_alarm / cost_miss, "those are the odds"),
    (lambda cost_alarm, cost_miss: 1 / (1 + cost_miss), "takes 1 for the cost"),
    (lambda cost_alarm, cost_miss: cost_alarm * cost_miss / (cost_alarm + cost_miss), "not yet for costs 3 and 12"),
)

# ----------------------------------------------------------------------------------- 2: honest probabilities of a weighted model


def _judge_2(answer: Callable[..., Any]) -> None:
    p, w0, w1 = np.array([0.5, 0.9, 0.1, 0.0, 1.0]), 1.0, 9.0
    found = answer(p, w0, w1)
    inner, odds, r = p[:3], p[:3] / (1 - p[:3]), w1 / w0
    wanted = p * w0 / (p * w0 + (1 - p) * w1)
    try:
        first = found[:3]
    except (TypeError, KeyError, IndexError):
        raise Hint("return as many probabilities as came in") from None
    hints = (
        (odds * r / (1 + odds * r), "the wrong way: the weights have raised the odds by w1 / w0, so divide by it"),
        (inner / r, "that divides the probability; divide the odds, and make a probability of them again"),
        (inner * w0 / (w0 + w1), "that divides the probability; divide the odds, and make a probability of them again"),
        (odds / r, "those are the odds; a probability is odds / (1 + odds)"),
        (inner - np.log(r), "the logarithm belongs to the logit, not to the probability"),
        (np.log(odds) - np.log(r), "that is the logit; bring it back to a probability"),
        (inner, "nothing has changed: of 9 weighted votes for class 1, one row stands behind them"),
    )
    for wrong, hint in hints:
        if close(first, wrong):
            raise Hint(hint)
    if not close(first, wanted[:3]):
        raise Hint("not yet: with weights 1 and 9 a probability of 0.5 stands for odds of 1 / 9, which is 0.1")
    if not close(found, wanted):
        raise Hint("right between 0 and 1, but p = 0 must stay 0 and p = 1 stay 1; a form without a division by 1 - p does that")
    if not close(answer(p[:3], 2.0, 3.0), inner * 2 / (inner * 2 + (1 - inner) * 3)):
        raise Hint("right where w0 is 1; only the ratio w1 / w0 matters, so use both weights")


def _solution_2(p: Any, w0: Any, w1: Any) -> Any:
    return p * w0 / (p * w0 + (1 - p) * w1)


def _turned(p: Any, w0: Any, w1: Any) -> Any:
    return _solution_2(p, w1, w0)


def _by_odds(p: Any, w0: Any, w1: Any) -> Any:
    with np.errstate(all="ignore"):
        odds = p / (1 - p) * w0 / w1
        return odds / (1 + odds)


MISTAKES_2 = (
    (_turned, "the wrong way"),
    (lambda p, w0, w1: p * w0 / w1, "that divides the probability"),
    (lambda p, w0, w1: p - np.log(w1 / w0), "belongs to the logit"),
    (lambda p, w0, w1: p, "nothing has changed"),
    (lambda p, w0, w1: p / (p + (1 - p) * w1), "only the ratio"),
    (_by_odds, "p = 1 stay 1"),
)

EXERCISES = (
    Exercise(
        "weights.1", "the probability from which on to act, from what the two mistakes cost", _judge_1, _solution_1, MISTAKES_1
    ),
    Exercise("weights.2", "honest probabilities of a model that was fitted with class weights", _judge_2, _solution_2, MISTAKES_2),
)
