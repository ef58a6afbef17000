"""Exercises of the lesson on softmax regression from scratch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------- 1: cross-entropy by index


def _judge_1(answer: Callable[..., Any]) -> None:
    P = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    c, log_P = np.array([0, 2]), np.log(P)
    found, right = answer(log_P, c), -(np.log(0.1) + np.log(0.5)) / 2
    if close(found, -right):
        raise Hint("the sign: logarithms of probabilities are negative, and a loss is their negative")
    if close(found, 2 * right):
        raise Hint("that is the sum over the rows; the loss is their mean, which does not depend on how many rows there are")
    if close(found, -log_P[:, c].mean()):
        raise Hint("log_P[:, c] takes the columns c of every row, an n by n table; pair rows and columns: log_P[np.arange(n), c]")
    if close(found, -log_P.max(axis=1).mean()):
        raise Hint("that is the loss if the model's favourite were always right; pick the true class c of each row")
    if close(found, -log_P.mean()):
        raise Hint("that averages over all classes; only the true class of each row counts")
    if close(found, -np.log(P[[0, 1], c].mean())):
        raise Hint("that is the log of a mean; take the mean of the logs")
    if np.shape(found) != ():
        raise Hint(f"one number is wanted, the mean over the rows, but yours has shape {np.shape(found)}")
    if not close(found, right):
        raise Hint("not yet: minus the mean of log_P[i, c[i]] over the rows i")
    four = np.log(np.full((3, 4), 0.25))
    if not close(answer(four, np.array([3, 3, 0])), np.log(4)):
        raise Hint("right once, but not for 3 rows and 4 classes: does your function use its own log_P and c?")


def _solution_1(log_P: Any, c: Any) -> Any:
    return -log_P[np.arange(len(c)), c].mean()


MISTAKES_1 = (
    (lambda log_P, c: log_P[np.arange(len(c)), c].mean(), "the sign"),
    (lambda log_P, c: -log_P[np.arange(len(c)), c].sum(), "sum over the rows"),
    (lambda log_P, c: -log_P[:, c].mean(), "n by n table"),
    (lambda log_P, _c: -log_P.max(axis=1).mean(), "favourite"),
    (lambda log_P, c: -log_P[np.arange(len(c)), c], "one number is wanted"),
    (lambda log_P, c: -np.log(np.exp(log_P)[np.arange(len(c)), c].mean()), "log of a mean"),
)


# --------------------------------------------------------------------------------------------------------------- 2: gradients


def _judge_2(answer: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    X, c, P = rng.normal(size=(7, 4)), np.array([0, 1, 2, 0, 1, 1, 0]), rng.dirichlet(np.ones(3), size=7)
    found = answer(X, c, P)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Hint("return two arrays: dW, db")
    (dW, db), residual = found, (P - np.eye(3)[c]) / 7
    right, right_b = X.T @ residual, residual.sum(axis=0)
    if np.shape(dW) == (3,) and np.shape(db) == (4, 3):
        raise Hint("in the other order: first dW, then db")
    if np.shape(dW) == (3, 4):
        raise Hint("dW has the shape of W, (p, K), but yours is (K, p), as torch.nn.Linear stores it; here it is X.T @ residual")
    if close(dW, 7 * right) or close(db, 7 * right_b):
        raise Hint("the loss is a mean over the rows: divide both gradients by n = len(X)")
    if close(dW, -right):
        raise Hint("the sign: the residual is prediction less truth, P - T")
    if close(dW, X.T @ P / 7):
        raise Hint("that is P alone; subtract 1 in the column of each row's true class")
    if close(dW, X.T @ (P - c[:, None]) / 7):
        raise Hint("class numbers are names, not amounts: subtract the one-hot rows np.eye(K)[c], not c itself")
    if np.shape(dW) != (4, 3):
        raise Hint(f"with 4 columns and 3 classes dW has shape (4, 3), but yours has shape {np.shape(dW)}")
    if close(dW, right) and np.shape(db) != (3,):
        raise Hint(
            f"dW is right; db has a number for each class, shape (3,), but yours has {np.shape(db)}: sum over the rows, axis=0"
        )
    if close(dW, right) and not close(db, right_b):
        raise Hint("dW is right; db is the same sum with a 1 in place of the pixel: residual.sum(axis=0), divided by n once")
    if not close(dW, right):
        raise Hint("not yet: residual = (P - np.eye(K)[c]) / n, dW = X.T @ residual")
    if not close(answer(X[:2, :1], np.array([1, 0]), np.full((2, 2), 0.5))[1], np.zeros(2)):
        raise Hint("right once, but not for 2 rows and 2 classes: does your function use its own X, c and P?")


def _solution_2(X: Any, c: Any, P: Any) -> Any:
    residual = (P - np.eye(P.shape[1])[c]) / len(X)
    return X.T @ residual, residual.sum(axis=0)


def _residual(c: Any, P: Any) -> Any:
    return P - np.eye(P.shape[1])[c]


MISTAKES_2 = (
    (lambda X, c, P: (X.T @ _residual(c, P), _residual(c, P).sum(axis=0)), "divide both"),
    (lambda X, c, P: (-X.T @ _residual(c, P) / len(X), -_residual(c, P).mean(axis=0)), "the sign"),
    (lambda X, c, P: (_residual(c, P).T @ X / len(X), _residual(c, P).mean(axis=0)), "as torch.nn.Linear stores it"),
    (lambda X, c, P: (_residual(c, P).mean(axis=0), X.T @ _residual(c, P) / len(X)), "the other order"),
    (lambda X, _c, P: (X.T @ P / len(X), P.mean(axis=0)), "P alone"),
    (lambda X, c, P: (X.T @ (P - c[:, None]) / len(X), (P - c[:, None]).mean(axis=0)), "names, not amounts"),
    (lambda X, c, P: (X.T @ _residual(c, P) / len(X), _residual(c, P).mean(axis=1)), "sum over the rows, axis=0"),
    (lambda X, c, P: X.T @ _residual(c, P) / len(X), "two arrays"),
)

EXERCISES = (
    Exercise("digits.1", "the mean cross-entropy by index, from log-probabilities", _judge_1, _solution_1, MISTAKES_1),
    Exercise("digits.2", "the gradients in W and b from X, the classes and the probabilities", _judge_2, _solution_2, MISTAKES_2),
)
