"""Exercises of the lesson on identifiability and reference classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ----------------------------------------------------------------------------------------------- 1: are two models the same model?


def _judge_1(answer: Callable[..., Any]) -> None:
    rng = np.random.default_rng(13)
    W = rng.normal(size=(3, 4))
    moved, other, least = W + rng.normal(size=(3, 1)), W.copy(), W.copy()
    other[1, 2] += 0.5
    least[0, 0] += 1e-3
    tilted = W + rng.normal(size=(1, 4))  # another number for each class, the same in all rows
    square = rng.normal(size=(3, 3))
    hints = (
        (W, W, True, "a model is the same as itself"),
        (W, moved, True, "here each row was moved by one number in all classes: no probability changes, so the answer is True"),
        (W, other, False, "here one class has another coefficient in one row, so probabilities change: False"),
        (
            W,
            tilted,
            False,
            "here each class was moved by its own number: that changes probabilities; subtract over classes, axis=1",
        ),
        (W, least, False, "a difference of 0.001 in one entry is a difference; only rounding may be forgiven"),
        (W, 2 * W, False, "twice the coefficients pick the same classes, but with other probabilities: not the same model"),
        (square, square + np.array([[1.0], [2.0], [3.0]]), True, "here each row was moved by one number in all classes: True"),
        (W, moved + 1e-13, True, "the two differ by rounding alone; compare with np.allclose"),
    )
    for one, two, truth, hint in hints:
        found = answer(one, two)
        found = found.item() if hasattr(found, "item") and np.shape(found) == () else found  # NumPy's and torch's own
        if not isinstance(found, bool | np.bool_):
            raise Hint("return True or False, nothing else")
        if bool(found) is not truth:
            raise Hint(hint)


def _centred(W: Any) -> Any:
    return W - W.mean(axis=1, keepdims=True)


def _solution_1(W: Any, V: Any) -> Any:
    return np.allclose(_centred(W), _centred(V))


MISTAKES_1 = (
    (lambda W, V: np.allclose(W, V), "no probability changes"),
    (lambda W, V: np.allclose(W - W.mean(axis=0), V - V.mean(axis=0)), "no probability changes, so"),
    (lambda W, V: np.allclose(np.diff(W - V, axis=0), np.diff(W - V, axis=0)), "one class has another coefficient"),
    (lambda W, V: np.allclose(_centred(W), _centred(V), atol=0.1), "0.001"),
    (lambda W, V: np.array_equal(_centred(W).argmax(axis=1), _centred(V).argmax(axis=1)), "one class has another"),
    (lambda W, V: 1.0, "True or False"),
)

# ---------------------------------------------------------------------------------- 2: the error of a difference of two classes


def _judge_2(answer: Callable[..., Any]) -> None:
    A = np.random.default_rng(31).normal(size=(4, 6))
    V = A @ A.T
    for k, r in ((0, 2), (3, 1), (2, 2)):
        found, sums = answer(V, k, r), V[k, k] + V[r, r]
        wanted = np.sqrt(max(sums - 2 * V[k, r], 0))
        hints = (
            (np.sqrt(sums), "that is right for independent estimates; these share their rows, so subtract twice their covariance"),
            (sums - 2 * V[k, r], "that is the variance; the standard error is its square root"),
            (
                np.sqrt(max(sums + 2 * V[k, r], 0)),
                "plus belongs to a sum of two coefficients; a difference subtracts the covariance",
            ),
            (np.sqrt(max(sums - V[k, r], 0)), "the covariance counts twice: it is at (k, r) and at (r, k)"),
            (abs(np.sqrt(V[k, k]) - np.sqrt(V[r, r])), "errors do not subtract; variances add, less twice the covariance"),
            (np.sqrt(V[k, k]) + np.sqrt(V[r, r]), "errors do not add; variances do, less twice the covariance"),
        )
        if close(found, wanted):
            continue
        for wrong, hint in hints:
            if close(found, wrong):
                raise Hint(hint)
        raise Hint("not yet: the variance of b_k - b_r is V[k, k] + V[r, r] - 2 V[k, r]; its root is the standard error")


def _solution_2(V: Any, k: Any, r: Any) -> Any:
    return np.sqrt(max(V[k, k] + V[r, r] - 2 * V[k, r], 0))


MISTAKES_2 = (
    (lambda V, k, r: np.sqrt(V[k, k] + V[r, r]), "independent estimates"),
    (lambda V, k, r: V[k, k] + V[r, r] - 2 * V[k, r], "that is the variance"),
    (lambda V, k, r: np.sqrt(max(V[k, k] + V[r, r] + 2 * V[k, r], 0)), "plus belongs"),
    (lambda V, k, r: abs(np.sqrt(V[k, k]) - np.sqrt(V[r, r])), "do not subtract"),
    (lambda V, k, r: np.sqrt(V[k, k]) + np.sqrt(V[r, r]), "errors do not add"),
)

EXERCISES = (
    Exercise("reference.1", "say whether two (p, K) coefficients are the same softmax model", _judge_1, _solution_1, MISTAKES_1),
    Exercise("reference.2", "the standard error of b_k - b_r from a covariance (K, K)", _judge_2, _solution_2, MISTAKES_2),
)
