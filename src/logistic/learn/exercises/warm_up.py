"""The blanks of document B: shapes, and one house by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ---------------------------------------------------------------------------------------------------------------- 1: shapes


def _solution_1(n: int, p: int, n_classes: int) -> Any:
    return (n, p), (p, n_classes), (n_classes,), (n, n_classes)


def _judge_1(answer: Callable[..., Any]) -> None:
    found = tuple(tuple(np.atleast_1d(one).tolist()) for one in answer(7, 4, 5))
    if len(found) != 4:
        raise Hint(f"four shapes are asked for, X, W, b and X @ W + b; this returns {len(found)}")
    X, W, b, scores = found
    if X == (4, 7):
        raise Hint("X has a row for each house and a column for each feature: (n, p)")
    if W == (5, 4):
        raise Hint(
            "W is turned round: X @ W needs as many rows in W as X has columns, so (p, K); nn.Linear stores it the other way"
        )
    if b in ((7,), (4,)):
        raise Hint("b is added to each row of scores, so it has one number for each class: (K,)")
    if b == (1, 5):
        raise Hint("that b would broadcast as well, but one row of numbers is (K,)")
    if scores == (7,):
        raise Hint("there is a score for each house and class, (n, K); one number a house is a regression")
    if found != _solution_1(7, 4, 5):
        raise Hint("not yet: of n houses, p features, K classes: X (n, p), W (p, K), b (K,), and the product has the outer sizes")


MISTAKES_1 = (
    (lambda n, p, n_classes: ((p, n), (p, n_classes), (n_classes,), (n, n_classes)), "a row for each house"),
    (lambda n, p, n_classes: ((n, p), (n_classes, p), (n_classes,), (n, n_classes)), "turned round"),
    (lambda n, p, n_classes: ((n, p), (p, n_classes), (n,), (n, n_classes)), "one number for each class"),
    (lambda n, p, n_classes: ((n, p), (p, n_classes), (n_classes,), (n,)), "for each house and class"),
)

# -------------------------------------------------------------------------------------------- 2: accuracy and loss of one house


def _solution_2(scores: Any, truth: Any) -> Any:
    p = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    return float(scores.argmax() == truth), -np.log(p[truth])


def _judge_2(answer: Callable[..., Any]) -> None:
    for scores, truth in ((np.array([1.0, 2.0, -1.0]), 1), (np.array([1.0, 2.0, -1.0]), 0), (np.array([0.5, -0.5]), 1)):
        right, loss = answer(scores, truth)
        wanted_right, wanted = _solution_2(scores, truth)
        p = np.exp(-wanted)
        if close(loss, -wanted):
            raise Hint("the right number with the wrong sign: the logarithm of a probability is negative, the loss is not")
        if close(loss, 1 - p):
            raise Hint("that is one minus the probability of the truth; the loss is minus its logarithm")
        if close(loss, -scores[truth]):
            raise Hint("that is minus the score; scores become probabilities first")
        if close(loss, -np.log2(p)) or close(loss, -np.log10(p)):
            raise Hint("the loss takes the natural logarithm, np.log")
        if close(right, p):
            raise Hint("accuracy asks whether the largest score is that of the truth: 1 or 0, whatever its probability")
        if not close(float(right), wanted_right):
            raise Hint("not yet: the accuracy of one house is 1 if its largest score is that of the truth, else 0")
        if not close(loss, wanted):
            raise Hint("not yet: softmax of the scores, then minus the logarithm of the probability of the truth")


def _p(scores: Any, truth: Any) -> Any:
    return np.exp(scores[truth]) / np.exp(scores).sum()


MISTAKES_2 = (
    (lambda scores, truth: (1.0, np.log(_p(scores, truth))), "wrong sign"),
    (lambda scores, truth: (1.0, 1 - _p(scores, truth)), "one minus the probability"),
    (lambda scores, truth: (1.0, -scores[truth]), "minus the score"),
    (lambda scores, truth: (1.0, -np.log10(_p(scores, truth))), "natural logarithm"),
    (lambda scores, truth: (_p(scores, truth), -np.log(_p(scores, truth))), "whatever its probability"),
    (lambda scores, truth: (1.0, -np.log(_p(scores, truth))), "else 0"),
)

EXERCISES = (
    Exercise(
        "warm_up.1", "the shapes of X, W, b and X @ W + b for n houses, p features, K classes", _judge_1, _solution_1, MISTAKES_1
    ),
    Exercise(
        "warm_up.2", "accuracy and loss of one house from its scores (K,) and its true class", _judge_2, _solution_2, MISTAKES_2
    ),
)
