"""Exercises of the lesson on the likelihood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# -------------------------------------------------------------------------------------- 1: the log loss from probabilities

P_1 = np.array([0.9, 0.2, 0.6, 0.05, 0.5])
Y_1 = np.array([1.0, 0.0, 0.0, 1.0, 1.0])


def _judge_1(answer: Callable[..., Any]) -> None:
    found, wanted = answer(P_1, Y_1), _solution_1(P_1, Y_1)
    happened = np.where(Y_1 == 1, P_1, 1 - P_1)
    if close(found, -np.log(happened)):
        raise Hint("that is the loss of each row; the log loss is their mean, one number")
    if close(found, len(P_1) * wanted):
        raise Hint("that is the sum over the rows; their mean does not grow with the number of rows")
    if close(found, -wanted):
        raise Hint("the sign: the log of a probability is negative, and a loss is what we make small")
    if close(found, -np.mean(np.log(P_1))):
        raise Hint("that takes the log of p in every row; where y is 0 what happened has probability 1 - p")
    if close(found, -np.mean(Y_1 * np.log(P_1))):
        raise Hint("the rows with y = 0 count nothing here; add what they say: (1 - y) * log(1 - p)")
    if close(found, np.mean((P_1 - Y_1) ** 2)):
        raise Hint("that is squared error; which probability did the model give to what happened, and what is its log?")
    if any(close(found, wanted / np.log(base)) for base in (2, 10)):
        raise Hint("that is another logarithm; here log is the natural one, np.log")
    if not close(found, wanted):
        raise Hint(f"not yet: for p = {P_1.tolist()} and y = {Y_1.tolist()} it is {wanted:.4f}")
    for p, y in ((P_1[:1], Y_1[:1]), (P_1[:3], 1 - Y_1[:3])):
        if not close(answer(p, y), _solution_1(p, y)):
            raise Hint(f"right for the first rows, but for p = {p.tolist()} and y = {y.tolist()} it is {_solution_1(p, y):.4f}")


def _solution_1(p: Any, y: Any) -> Any:
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


MISTAKES_1 = (
    (lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)), "the loss of each row"),
    (lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)), "the sum over the rows"),
    (lambda p, y: np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), "the sign"),
    (lambda p, y: -np.mean(np.log(p)), "in every row"),
    (lambda p, y: -np.mean(y * np.log(p)), "count nothing"),
    (lambda p, y: np.mean((p - y) ** 2), "squared error"),
    (lambda p, y: -np.mean(y * np.log2(p) + (1 - y) * np.log2(1 - p)), "another logarithm"),
    (lambda p, y: float(_solution_1(P_1, Y_1)), "right for the first rows"),
)

# ----------------------------------------------------------------------------------------------- 2: the log loss from logits

Z_2 = np.array([2.0, -1.0, 0.5, -3.0])
Y_2 = np.array([1.0, 0.0, 0.0, 1.0])
FAR = np.array([-30.0, 50.0, -1000.0, 1000.0])
Y_FAR = np.array([1.0, 0.0, 1.0, 0.0])


def _judge_2(answer: Callable[..., Any]) -> None:
    found, wanted = answer(Z_2, Y_2), _solution_2(Z_2, Y_2)
    if close(found, _solution_2(-Z_2, Y_2)):
        raise Hint("the answers are turned around: a large logit speaks for y = 1, so it must cost little there")
    if close(found, len(Z_2) * wanted):
        raise Hint("that is the sum over the rows; take their mean")
    if close(found, np.mean(np.logaddexp(0, Z_2))):
        raise Hint("that is log(1 + e^z), the loss of y = 0; where y is 1 subtract z")
    if not close(found, wanted, 1e-6):
        raise Hint(f"not yet: for z = {Z_2.tolist()} and y = {Y_2.tolist()} it is {wanted:.4f}")
    for z, y in zip(FAR, Y_FAR, strict=True):
        one, right = float(answer(np.array([z]), np.array([y]))), abs(float(z))
        where = f"for a logit of {z:g} with y = {y:g} the loss is {right:g}, and yours is {one:.4g}"
        if not np.isfinite(one):
            raise Hint(f"{where}: an exponential overflowed, or a probability rounded to 0 or 1; try np.logaddexp(0, z)")
        if not close(one, right, 1e-6):
            raise Hint(f"{where}: a small number inside the logarithm, or a clip, hides how wrong this is")
    certain = float(answer(np.array([1000.0, -1000.0]), np.array([1.0, 0.0])))
    if not close(certain, 0.0):
        raise Hint(f"for sure and right answers, logits of 1000 and -1000, the loss is 0, and yours is {certain:.4g}")


def _solution_2(z: Any, y: Any) -> Any:
    return np.mean(np.logaddexp(0, z) - y * z)


def _with_probabilities(z: Any, y: Any, eps: float = 0.0) -> Any:
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p + eps) + (1 - y) * np.log(1 - p + eps))


def _clipped(z: Any, y: Any) -> Any:
    p = np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7)
    return _solution_1(p, y)


MISTAKES_2 = (
    (_with_probabilities, "overflowed"),
    (lambda z, y: np.mean(np.log(1 + np.exp(z)) - y * z), "for a logit of 1000"),
    (lambda z, y: _with_probabilities(z, y, 1e-10), "small number inside the logarithm"),
    (_clipped, "or a clip"),
    (lambda z, y: _solution_2(-z, y), "turned around"),
    (lambda z, y: np.sum(np.logaddexp(0, z) - y * z), "take their mean"),
    (lambda z, y: np.mean(np.logaddexp(0, z)), "the loss of y = 0"),
)

EXERCISES = (
    Exercise("likelihood.1", "the mean of minus the log of the probability of what happened", _judge_1, _solution_1, MISTAKES_1),
    Exercise("likelihood.2", "the same from logits, finite and right for all of them", _judge_2, _solution_2, MISTAKES_2),
)
