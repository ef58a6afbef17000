"""The blanks of document A: regression on class numbers, then softmax regression, on house sales."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ----------------------------------------------------------------------------------------------------- 1: mean squared error

TRUE, PREDICTED = np.array([0.0, 2.0, 1.0, 2.0]), np.array([0.5, 1.0, 1.5, 4.0])


def _solution_1(y_true: Any, y_pred: Any) -> Any:
    return ((y_true - y_pred) ** 2).mean()


def _judge_1(answer: Callable[..., Any]) -> None:
    found, errors = answer(TRUE, PREDICTED), TRUE - PREDICTED
    if np.shape(found) != ():
        raise Hint(f"the loss is one number, but this has shape {np.shape(found)}; take the mean over the rows")
    if close(found, errors.mean()):
        raise Hint("errors up and errors down cancel here; square them before the mean")
    if close(found, abs(errors).mean()):
        raise Hint("that is the mean absolute error; the errors are to be squared")
    if close(found, (errors**2).sum()):
        raise Hint("that is the sum; it grows with the number of rows, the mean does not")
    if close(found, np.sqrt((errors**2).mean())):
        raise Hint("that is the root of the mean squared error; leave the root away")
    if close(found, (errors**2).mean() / 2):
        raise Hint("half of it: some books have the factor 1/2, this document has none")
    if not close(found, _solution_1(TRUE, PREDICTED)):
        raise Hint("not yet: square the differences of the rows, then take their mean")


MISTAKES_1 = (
    (lambda y_true, y_pred: (y_true - y_pred).mean(), "cancel"),
    (lambda y_true, y_pred: abs(y_true - y_pred).mean(), "mean absolute error"),
    (lambda y_true, y_pred: ((y_true - y_pred) ** 2).sum(), "that is the sum"),
    (lambda y_true, y_pred: ((y_true - y_pred) ** 2).mean() ** 0.5, "leave the root away"),
    (lambda y_true, y_pred: (y_true - y_pred) ** 2, "one number"),
)

# ----------------------------------------------------------------------------------------------------------------- 2: softmax

SCORES = np.array([[1.0, 2.0, -1.0], [0.0, 0.0, 3.0]])


def _solution_2(scores: Any) -> Any:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _judge_2(answer: Callable[..., Any]) -> None:
    found, wanted = np.asarray(answer(SCORES)), _solution_2(SCORES)
    if close(found, np.exp(SCORES)):
        raise Hint("those are the exponentials; divide each row by its sum, so that it sums to 1")
    if close(found, np.exp(SCORES) / np.exp(SCORES).sum()):
        raise Hint("the whole table sums to 1, but each row should; sum over axis=1 with keepdims=True")
    if close(found, np.exp(SCORES) / np.exp(SCORES).sum(axis=0)):
        raise Hint("each column sums to 1, but each row should; sum over the classes, axis=1")
    if close(found, SCORES / SCORES.sum(axis=1, keepdims=True)):
        raise Hint("a score below 0 gives a probability below 0 here; take exponentials first")
    if not close(found, wanted):
        raise Hint("not yet: exponentials of the scores, each row divided by its own sum; (n, K) in and (n, K) out")
    with np.errstate(all="ignore"):
        large = np.asarray(answer(1000 * SCORES))
    if not np.isfinite(large).all():
        raise Hint(
            "right for small scores, but exp(1000) is infinite and infinite by infinite is nan; subtract each row's maximum first"
        )
    if not close(large, _solution_2(1000 * SCORES)):
        raise Hint("right for small scores but not for large ones; subtract each row's own maximum, with keepdims=True")


def _divided(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


MISTAKES_2 = (
    (lambda scores: np.exp(scores), "divide each row"),
    (lambda scores: np.exp(scores) / np.exp(scores).sum(), "whole table"),
    (lambda scores: np.exp(scores) / np.exp(scores).sum(axis=0), "each column"),
    (lambda scores: scores / scores.sum(axis=1, keepdims=True), "below 0"),
    (_divided, "maximum first"),
)

# ----------------------------------------------------------------------------------------------------------- 3: cross-entropy

ONE_HOT = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
PROBS = np.array([[0.25, 0.7, 0.05], [0.2, 0.3, 0.5]])


def _solution_3(one_hot: Any, probs: Any) -> Any:
    return -(one_hot * np.log(probs)).sum(axis=1).mean()


def _judge_3(answer: Callable[..., Any]) -> None:
    found, wanted = answer(ONE_HOT, PROBS), _solution_3(ONE_HOT, PROBS)
    if np.shape(found) != ():
        raise Hint(f"the loss is one number, but this has shape {np.shape(found)}; take the mean over the rows")
    if close(found, -wanted):
        raise Hint("the right number with the wrong sign: logarithms of probabilities are negative, a loss is not")
    if close(found, wanted * len(PROBS)):
        raise Hint("that is the sum over the rows; take their mean")
    if close(found, wanted / PROBS.shape[1]):
        raise Hint("the mean runs over all n x K entries; sum over the classes first, then take the mean over the rows")
    if close(found, -np.log(PROBS).sum(axis=1).mean()):
        raise Hint("that adds the logarithms of all classes; the one-hot row picks that of the true class")
    if close(found, 1 - (ONE_HOT * PROBS).sum(axis=1).mean()):
        raise Hint("that is one minus the probability of the true class; the loss is minus its logarithm")
    if not close(found, wanted):
        raise Hint(
            "not yet: one-hot times the logarithm of the probabilities, summed over the classes; minus the mean over the rows"
        )


MISTAKES_3 = (
    (lambda one_hot, probs: (one_hot * np.log(probs)).sum(axis=1).mean(), "wrong sign"),
    (lambda one_hot, probs: -(one_hot * np.log(probs)).sum(), "sum over the rows"),
    (lambda one_hot, probs: -(one_hot * np.log(probs)).mean(), "n x K entries"),
    (lambda one_hot, probs: -np.log(probs).sum(axis=1).mean(), "all classes"),
    (lambda one_hot, probs: 1 - (one_hot * probs).sum(axis=1).mean(), "minus its logarithm"),
    (lambda one_hot, probs: -(one_hot * np.log(probs)).sum(axis=1), "one number"),
)

# ----------------------------------------------------------------------------------------------------- 4: sizes of the layer


def _judge_4(answer: Callable[..., Any]) -> None:
    found = tuple(answer(np.zeros((7, 4)), 5))
    if found == (5, 4):
        raise Hint("the other way round: features go in, scores come out")
    if 7 in found:
        raise Hint("the number of rows is no size of the layer: the same layer takes any number of rows")
    if found == (4, 1):
        raise Hint("one output is a regression; a classifier needs a score for each class")
    if found != (4, 5):
        raise Hint("not yet: X has shape (n, p); p features go in, and a score for each class comes out")


MISTAKES_4 = (
    (lambda X, n_classes: (n_classes, X.shape[1]), "other way round"),
    (lambda X, n_classes: X.shape, "number of rows"),
    (lambda X, n_classes: (X.shape[1], 1), "a regression"),
)

# -------------------------------------------------------------------------------------------------------- 5: sums of the rows


def _judge_5(answer: Callable[..., Any]) -> None:
    found = answer(PROBS)
    if np.shape(found) == (3,):
        raise Hint("shape (3,): that sums each class over the rows; the axis of the classes, 1, should disappear")
    if np.shape(found) == ():
        raise Hint("one number: that sums everything; sum over the classes alone, axis=1, and the rows remain")
    if close(found, PROBS.mean(axis=1)):
        raise Hint("those are means; the sum is asked for")
    if not close(found, PROBS.sum(axis=1)):
        raise Hint("not yet: of (n, K) there must remain (n,), the sum of each row")


MISTAKES_5 = (
    (lambda probs: probs.sum(axis=0), "axis of the classes"),
    (lambda probs: probs.sum(), "sums everything"),
    (lambda probs: probs.mean(axis=1), "those are means"),
)

EXERCISES = (
    Exercise("ames.1", "the mean of the squared differences", _judge_1, _solution_1, MISTAKES_1),
    Exercise("ames.2", "probabilities (n, K) from scores (n, K), each row summing to 1", _judge_2, _solution_2, MISTAKES_2),
    Exercise("ames.3", "one number from one-hot rows (n, K) and probabilities (n, K)", _judge_3, _solution_3, MISTAKES_3),
    Exercise(
        "ames.4",
        "how many features go in, how many scores come out",
        _judge_4,
        lambda X, n_classes: (X.shape[1], n_classes),
        MISTAKES_4,
    ),
    Exercise("ames.5", "the sum of each row (n,) of probabilities (n, K)", _judge_5, lambda probs: probs.sum(axis=1), MISTAKES_5),
)
