"""Exercises of the lesson on penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ---------------------------------------------------------------------------------------------------- 1: from C to weight_decay


def _judge_1(answer: Callable[..., Any]) -> None:
    C, weights = 0.3, np.array([1.0, 1.0, 3.0, 0.0, 2.0])
    n, total = len(weights), weights.sum()
    mean, summed = answer(C, weights, "mean"), answer(C, weights, "sum")
    if close(mean, 1 / C):
        raise Hint("1 / C belongs to the sum of the losses; a mean is smaller by the sum of the weights, and so is its penalty")
    if close(mean, 1 / (C * n)) or close(mean, 1 / (C * np.count_nonzero(weights))):
        raise Hint("that counts rows; a weighted mean divides by the sum of the weights, and a row of weight 3 counts three times")
    if close(mean, 2 / (C * total)) or close(summed, 2 / C):
        raise Hint("twice too much: both sides have the factor 1/2 in front of the squares, so it cancels")
    if close(mean, C / total) or close(mean, C):
        raise Hint("C multiplies the losses, so a larger C is a weaker penalty: it belongs below the line")
    if close(mean, 1 / (2 * C * total)) or close(summed, 1 / (2 * C)):
        raise Hint("half of it: both sides have the factor 1/2 in front of the squares, so it cancels")
    if close(mean, 1 / C * total):
        raise Hint("the sum of the weights is on the wrong side of the line: the more rows a mean has, the smaller its penalty")
    if not close(mean, 1 / (C * total)):
        raise Hint("not yet for the mean: divide C * (sum of losses) + |w|^2 / 2 by C * (sum of weights), and read off the penalty")
    if close(summed, 1 / (C * total)):
        raise Hint("the mean is right; for reduction='sum' the losses are not divided by the weights, so neither is the penalty")
    if not close(summed, 1 / C):
        raise Hint("not yet for the sum: divide C * (sum of losses) + |w|^2 / 2 by C, and read off the penalty")
    if not close(answer(2.0, np.ones(50), "mean"), 0.01):
        raise Hint("right once, but not for C = 2 and 50 rows of weight 1, where it is 0.01")


def _solution_1(C: Any, weights: Any, reduction: Any) -> Any:
    return 1 / (C * weights.sum()) if reduction == "mean" else 1 / C


MISTAKES_1 = (
    (lambda C, weights, reduction: 1 / C, "belongs to the sum"),
    (lambda C, weights, reduction: 1 / (C * len(weights)) if reduction == "mean" else 1 / C, "that counts rows"),
    (lambda C, weights, reduction: 2 / (C * weights.sum()) if reduction == "mean" else 2 / C, "twice too much"),
    (lambda C, weights, reduction: C / weights.sum() if reduction == "mean" else C, "below the line"),
    (lambda C, weights, reduction: 1 / (C * weights.sum()), "for reduction='sum'"),
    (lambda C, weights, reduction: 1 / (C * np.count_nonzero(weights)) if reduction == "mean" else 1 / C, "a row of weight 3"),
    (lambda C, weights, reduction: _solution_1(C, weights, reduction) / 2, "half of it"),
    (lambda C, weights, reduction: weights.sum() / C if reduction == "mean" else 1 / C, "the wrong side"),
)

# ------------------------------------------------------------------------------------------------------------ 2: exact zeros


def _judge_2(answer: Callable[..., Any]) -> None:
    u, t = np.array([3.0, -3.0, 0.4, -0.4, 0.0, 1.0]), 1.0
    found = answer(u, t)
    hints = (
        (u - t, "that moves all numbers to the left; negative ones must move to the right, toward zero"),
        (u - t * np.sign(u), "0.4 became -0.6: it must stop at zero and not come out on the other side"),
        (np.maximum(u - t, 0), "that loses what is negative: -3 must become -2"),
        (np.where(abs(u) > t, u, 0), "the small ones are zero, but 3 must shrink to 2: L1 also pulls what it keeps"),
        (np.maximum(abs(u) - t, 0), "sizes are right, but the sign is lost"),
        (u / (1 + t), "that is what an L2 penalty does: all shrink by a factor, and none becomes zero"),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if not close(found, _solution_2(u, t)):
        raise Hint("not yet: move every number toward zero by t, and stop at zero; for t = 1, 3 becomes 2, -3 becomes -2, 0.4 is 0")
    if not close(answer(u, 0.3), _solution_2(u, 0.3)):
        raise Hint("right for t = 1, but not for t = 0.3: is a number written in by hand?")


def _solution_2(u: Any, t: Any) -> Any:
    return np.sign(u) * np.maximum(abs(u) - t, 0)


MISTAKES_2 = (
    (lambda u, t: u - t, "to the left"),
    (lambda u, t: u - t * np.sign(u), "other side"),
    (lambda u, t: np.maximum(u - t, 0), "loses what is negative"),
    (lambda u, t: np.where(abs(u) > t, u, 0), "also pulls"),
    (lambda u, t: np.maximum(abs(u) - t, 0), "sign is lost"),
    (lambda u, t: u / (1 + t), "an L2 penalty"),
)

EXERCISES = (
    Exercise("penalty.1", "the weight_decay that is scikit-learn's C", _judge_1, _solution_1, MISTAKES_1),
    Exercise("penalty.2", "move numbers toward zero by t, and stop there", _judge_2, _solution_2, MISTAKES_2),
)
