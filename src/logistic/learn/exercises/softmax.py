"""Exercises of the lesson on softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close


def _log_softmax(Z: np.ndarray) -> np.ndarray:
    shifted = Z - Z.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


# ---------------------------------------------------------------------------------------------------- 1: losses, from scores


def _judge_1(answer: Callable[..., Any]) -> None:
    small, classes = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.0, 2.0], [-1.0, 0.0, 1.0]]), np.array([1, 0, 2, 1])
    log_p = _log_softmax(small)
    right = -log_p[np.arange(4), classes]
    with np.errstate(all="ignore"):
        found = answer(small, classes)
    _judge_small(found, log_p, right)
    large = np.array([[1000.0, 0.0, 0.0], [-1000.0, -1000.0, -1000.0], [0.0, 1000.0, -1000.0]])
    with np.errstate(all="ignore"):
        answered = answer(large, np.array([0, 1, 2]))
    found = np.asarray(answered, dtype=float)
    if np.isnan(found).any() or np.isinf(found[0]):
        shown = "nan" if np.isnan(found).any() else "infinite"
        raise Hint(f"right for small scores, but {shown} for a score of 1000: subtract the largest score of each row first")
    if np.isinf(found[1]):
        raise Hint("infinite for a row of -1000: subtract the largest score of each row, not of the whole table")
    if np.isinf(found[2]) or (found[2] < 1000):
        raise Hint(
            "the last row, with a score of -1000 for its class, costs 2000: do not take the log of a probability that rounded to 0"
        )
    if not close(answered, np.array([0.0, np.log(3), 2000.0])):
        raise Hint(
            "right for small scores, but not for scores of 1000 and -1000: the largest score of each row has to be subtracted"
        )


def _judge_small(found: Any, log_p: np.ndarray, right: np.ndarray) -> None:
    if close(found, right.mean()) or close(found, right.sum()):
        raise Hint("that is one number; return the loss of each row, shape (n,)")
    if np.shape(found) == (4, 4):
        raise Hint("Z[:, classes] takes every class for every row; one of each row is Z[np.arange(n), classes]")
    if close(found, -right):
        raise Hint("the sign: a loss is lse(z) - z_c, never negative")
    if close(found, np.exp(-right)):
        raise Hint("those are the probabilities of the right classes; the loss is minus their logarithm")
    if close(found, -log_p):
        raise Hint("those are losses for every class; pick that of the row's own class")
    if np.shape(found) != right.shape:
        raise Hint(f"there are 4 rows here, so the answer has shape (4,), but yours has shape {np.shape(found)}")
    if not close(found, right):
        raise Hint(
            "not yet: for each row, the log of the sum of its exponentials, less the score of its own class; is the axis right?"
        )


def _solution_1(Z: Any, classes: Any) -> Any:
    return -_log_softmax(Z)[np.arange(len(Z)), classes]


def _naive(Z: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))


def _of_probability(Z: Any, classes: Any) -> Any:
    return -np.log(np.exp(_log_softmax(Z)))[np.arange(len(Z)), classes]


def _whole_table(Z: Any, classes: Any) -> Any:
    shifted = Z - Z.max()
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(Z)), classes]


MISTAKES_1 = (
    (lambda Z, classes: -np.log(_naive(Z))[np.arange(len(Z)), classes], "nan for a score of 1000"),
    (lambda Z, classes: np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(Z)), classes], "infinite for a score of 1000"),
    (_whole_table, "not of the whole table"),
    (_of_probability, "rounded to 0"),
    (lambda Z, classes: _log_softmax(Z)[np.arange(len(Z)), classes], "the sign"),
    (lambda Z, classes: np.mean(_solution_1(Z, classes)), "loss of each row"),
    (lambda Z, classes: -_log_softmax(Z)[:, classes], "every class for every row"),
    (lambda Z, _classes: -_log_softmax(Z), "pick that of the row's own class"),
    (lambda Z, classes: np.exp(_log_softmax(Z))[np.arange(len(Z)), classes], "minus their logarithm"),
    (lambda Z, classes: -(Z - np.log(np.exp(Z).sum(axis=0)))[np.arange(len(Z)), classes], "is the axis right"),
)


# ------------------------------------------------------------------------------------------- 2: the floor under softmax twice


def _judge_2(answer: Callable[..., Any]) -> None:
    K = np.array([2, 3, 10, 1000])
    found = [answer(int(k)) for k in K]
    if close(found, np.log(K)):
        raise Hint("that is the loss of a guess, all scores equal; the lowest one has 1 for the right class and 0 for the others")
    if close(found, 0 * K):
        raise Hint("0 is the floor without the bug; the second softmax sees 1 and K - 1 zeros: what does it make of the 1?")
    if close(found, np.e / (np.e + K - 1)):
        raise Hint("that is the highest probability of the right class; the loss is minus its logarithm")
    if close(found, np.log(1 + K / np.e)):
        raise Hint("the other classes are K - 1, not K")
    if close(found, -np.log(1 + (K - 1) / np.e)):
        raise Hint("the sign: a loss is minus the logarithm of a probability")
    if close(found, np.log10(1 + (K - 1) / np.e)) or close(found, np.log2(1 + (K - 1) / np.e)):
        raise Hint("PyTorch's loss is in natural logarithms, np.log")
    if not close(found, np.log(1 + (K - 1) / np.e)):
        raise Hint("not yet: the softmax of one 1 and K - 1 zeros, then minus the log of its largest entry")


def _solution_2(K: Any) -> Any:
    return np.log(1 + (K - 1) / np.e)


MISTAKES_2 = (
    (lambda K: np.log(K), "loss of a guess"),
    (lambda _K: 0.0, "floor without the bug"),
    (lambda K: np.e / (np.e + K - 1), "highest probability"),
    (lambda K: np.log(1 + K / np.e), "K - 1, not K"),
    (lambda K: np.log2(1 + (K - 1) / np.e), "natural logarithms"),
)

EXERCISES = (
    Exercise(
        "softmax.1", "the loss of each row from its scores and its class, stable for any scores", _judge_1, _solution_1, MISTAKES_1
    ),
    Exercise("softmax.2", "the lowest loss that softmax taken twice can reach with K classes", _judge_2, _solution_2, MISTAKES_2),
)
