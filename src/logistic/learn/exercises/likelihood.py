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
    hints = (
        (-np.log(happened), "that is the loss of each row; the log loss is their mean, one number"),
        (len(P_1) * wanted, "that is the sum over the rows; their mean does not grow with the number of rows"),
        (-wanted, "the sign: the log of a probability is negative, and a loss is what we make small"),
        (-np.mean(np.log(P_1)), "that takes the log of p in every row; where y is 0 what happened has probability 1 - p"),
        (-np.mean(Y_1 * np.log(P_1)), "the rows with y = 0 count nothing here; add what they say: (1 - y) * log(1 - p)"),
        (-np.log(np.mean(happened)), "that is the log of a mean; take the mean of the logs"),
        (np.prod(happened), "that is the likelihood; the log loss is minus its logarithm, divided by the number of rows"),
        (
            -np.mean(np.log(1 - happened)),
            "turned around: p is the probability of 1, so it counts where y is 1, and 1 - p where y is 0",
        ),
        (
            np.mean((P_1 - Y_1) ** 2),
            "that is squared error; which probability did the model give to what happened, and what is its log?",
        ),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if any(close(found, wanted / np.log(base)) for base in (2, 10)):
        raise Hint("that is another logarithm; here log is the natural one, np.log")
    if not close(found, wanted):
        raise Hint(f"not yet: for p = {P_1.tolist()} and y = {Y_1.tolist()} it is {wanted:.4f}")
    if not close(answer(np.array([1e-12]), np.array([1.0])), -np.log(1e-12)):
        raise Hint("right for ordinary rows; but p = 1e-12 and y = 1 cost 27.63: a small number inside the logarithm hides that")
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
    (lambda p, y: -np.log(np.where(y == 1, p, 1 - p).mean()), "log of a mean"),
    (lambda p, y: np.where(y == 1, p, 1 - p).prod(), "that is the likelihood"),
    (lambda p, y: _solution_1(p, 1 - y), "turned around"),
    (lambda p, y: -np.mean(y * np.log(p + 1e-10) + (1 - y) * np.log(1 - p + 1e-10)), "27.63"),
    (lambda p, y: float(_solution_1(P_1, Y_1)) if len(p) > 1 else _solution_1(p, y), "right for the first rows"),
)

# ----------------------------------------------------------------------------------------------- 2: the log loss from logits

Z_2 = np.array([2.0, -1.0, 0.5, -3.0])
Y_2 = np.array([1.0, 0.0, 0.0, 1.0])
FAR = np.array([-30.0, 50.0, -1000.0, 1000.0])
Y_FAR = np.array([1.0, 0.0, 1.0, 0.0])


def _judge_2(answer: Callable[..., Any]) -> None:
    found, wanted = answer(Z_2, Y_2), _solution_2(Z_2, Y_2)
    hints = (
        (_solution_2(-Z_2, Y_2), "the answers are turned around: a large logit speaks for y = 1, so it must cost little there"),
        (len(Z_2) * wanted, "that is the sum over the rows; take their mean"),
        (np.logaddexp(0, Z_2) - Y_2 * Z_2, "that is the loss of each row; the log loss is their mean, one number"),
        (-wanted, "the sign: a loss is positive, log(1 + e^z) - y z"),
        (np.mean(np.logaddexp(0, -Z_2)), "that is log(1 + e^-z), the loss of y = 1, in every row; where y is 0 it is log(1 + e^z)"),
        (np.mean((1 / (1 + np.exp(-Z_2)) - Y_2) ** 2), "that is squared error; the log loss of a row is log(1 + e^z) - y z"),
        (np.mean(np.logaddexp(0, Z_2)), "that is log(1 + e^z), the loss of y = 0; where y is 1 subtract z"),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if not close(found, wanted, 1e-6):
        raise Hint(f"not yet: for z = {Z_2.tolist()} and y = {Y_2.tolist()} it is {wanted:.4f}")
    for z, y in zip(FAR, Y_FAR, strict=True):
        one, right = np.asarray(answer(np.array([z]), np.array([y])), dtype=float).item(), abs(float(z))
        where = f"for a logit of {z:g} with y = {y:g} the loss is {right:g}, and yours is {one:.4g}"
        if not np.isfinite(one):
            raise Hint(f"{where}: an exponential overflowed, or a probability rounded to 0 or 1; try np.logaddexp(0, z)")
        if not close(one, right, 1e-6):
            raise Hint(f"{where}: a small number inside the logarithm, or a clip, hides how wrong this is")
    certain = np.asarray(answer(np.array([1000.0, -1000.0]), np.array([1.0, 0.0])), dtype=float).item()
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
    (lambda z, y: np.mean(np.logaddexp(0, -z)), "the loss of y = 1"),
    (lambda z, y: np.logaddexp(0, z) - y * z, "loss of each row"),
    (lambda z, y: -_solution_2(z, y), "a loss is positive"),
    (lambda z, y: np.mean((1 / (1 + np.exp(-z)) - y) ** 2), "squared error"),
)

EXERCISES = (
    Exercise("likelihood.1", "the mean of minus the log of the probability of what happened", _judge_1, _solution_1, MISTAKES_1),
    Exercise("likelihood.2", "the same from logits, finite and right for all of them", _judge_2, _solution_2, MISTAKES_2),
)
