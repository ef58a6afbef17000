"""Exercises of the lesson on the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 + 0.5 * np.tanh(z / 2))


# ------------------------------------------------------------------------------------------------ 1: gradient with a penalty


def _judge_1(answer: Callable[..., Any]) -> None:
    rng = np.random.default_rng(7)
    X = np.column_stack([rng.normal(size=(12, 3)), np.ones(12)])
    y, w, alpha = (rng.random(12) < 0.5).astype(float), rng.normal(size=4), 0.6
    g, free = X.T @ (_sigmoid(X @ w) - y) / 12, np.array([1.0, 1, 1, 0])
    right = g + alpha * free * w
    found = answer(X, y, w, alpha)
    hints = (
        (g, "the pull of the rows is right, but alpha is not in it; what is the slope of alpha / 2 * w_j ** 2 in w_j?"),
        (g + alpha * w, "right but for the last entry: the intercept is not penalised, so nothing is added to it"),
        (
            g + 2 * alpha * free * w,
            "the 1/2 in alpha / 2 is there to cancel the 2 of the derivative of w_j ** 2; you add twice too much",
        ),
        (g + alpha / 2 * free * w, "half of the penalty's slope: the derivative of w_j ** 2 is 2 w_j, and its 2 cancels the 1/2"),
        (g + alpha * np.append(0, w[1:]), "here the intercept is the last entry of w, not the first"),
        (-right, "the sign of everything: this is the way down; the gradient points up"),
        (g - alpha * free * w, "the sign of the penalty: it grows with w_j ** 2, so its slope alpha * w_j is added"),
        (
            g + alpha * free * w / 12,
            "the penalty is not a mean over the rows: divide the pull of the rows by n, but not the penalty",
        ),
        (12 * g + alpha * free * w, "the loss is the mean over the rows, so their pull is divided by n = len(y)"),
        (-g + alpha * free * w, "the sign: the residual is p - y, prediction less truth"),
        (
            X.T @ (X @ w - y) / 12 + alpha * free * w,
            "that takes the score for the probability; send X @ w through the sigmoid first",
        ),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if np.shape(found) != (4,):
        raise Hint(f"w has 4 entries here, so the gradient has shape (4,), but yours has shape {np.shape(found)}")
    if not close(found, right):
        raise Hint("not yet: X.T @ (p - y) / n, and alpha * w added to every entry but the last")
    y = 1 - y
    if not close(answer(X[:5], y[:5], 0 * w, 0.0), X[:5].T @ (0.5 - y[:5]) / 5):
        raise Hint("right once, but not for other rows: does your function use its own X, y and w, and n = len(y)?")


def _solution_1(X: Any, y: Any, w: Any, alpha: Any) -> Any:
    penalty = alpha * w
    penalty[-1] = 0
    return X.T @ (_sigmoid(X @ w) - y) / len(y) + penalty


def _pulled(X: Any, y: Any, w: Any) -> Any:
    return X.T @ (_sigmoid(X @ w) - y) / len(y)


def _free(w: Any) -> Any:
    return np.append(w[:-1], 0)


MISTAKES_1 = (
    (lambda X, y, w, _alpha: _pulled(X, y, w), "alpha is not in it"),
    (lambda X, y, w, alpha: _pulled(X, y, w) + alpha * w, "intercept is not penalised"),
    (lambda X, y, w, alpha: _pulled(X, y, w) + 2 * alpha * _free(w), "twice too much"),
    (lambda X, y, w, alpha: _pulled(X, y, w) + alpha * _free(w) / len(y), "not a mean over the rows"),
    (lambda X, y, w, alpha: len(y) * _pulled(X, y, w) + alpha * _free(w), "divided by n"),
    (lambda X, y, w, alpha: -_pulled(X, y, w) + alpha * _free(w), "the sign: the residual"),
    (lambda X, y, w, alpha: -_pulled(X, y, w) - alpha * _free(w), "the gradient points up"),
    (lambda X, y, w, alpha: _pulled(X, y, w) - alpha * _free(w), "the sign of the penalty"),
    (lambda X, y, w, alpha: _pulled(X, y, w) + alpha / 2 * _free(w), "half of the penalty's slope"),
    (lambda X, y, w, alpha: _pulled(X, y, w) + alpha * np.append(0, w[1:]), "not the first"),
    (lambda X, y, w, alpha: X.T @ (X @ w - y) / len(y) + alpha * _free(w), "score for the probability"),
    (lambda X, y, w, alpha: (X.T @ (_sigmoid(X @ w) - y) / len(y) + alpha * _free(w))[:, None], "has shape (4, 1)"),
)


# ------------------------------------------------------------------------------------------------------ 2: central differences


def _judge_2(answer: Callable[..., Any]) -> None:
    # Cubes and a product: a central difference in step h is off by c h ** 2, a forward one by c (3 w h + h ** 2).
    def cubic(w: Any) -> float:
        entries = np.asarray(w, dtype=float)
        return float(np.sum(entries**3 * np.array([1.0, 2.0, -1.0])) + np.prod(entries))

    w, h, c = np.array([0.5, -1.0, 2.0]), 1e-2, np.array([1.0, 2.0, -1.0])
    others = np.prod(w) / w
    right = c * (3 * w**2 + h**2) + others
    found = answer(cubic, w, h)
    if np.shape(found) == ():
        raise Hint("that is one number; the gradient has one entry for each entry of w, each moved alone")
    if np.shape(found) != (3,):
        raise Hint(f"w has 3 entries here, so the answer has shape (3,), but yours has shape {np.shape(found)}")
    hints = (
        (2 * right, "twice too much: from w - h to w + h is a distance of 2 h"),
        (right * h**2, "in Python, a / 2 * h divides by 2 and then multiplies by h; write a / (2 * h)"),
        (right * 2 * h, "that is the difference; divide it by the distance from w - h to w + h, which is 2 h"),
        (
            c * (3 * w**2 + (h / 2) ** 2) + others,
            "a good derivative, but h is half as large: go up by h and down by h, and divide by 2 h",
        ),
        (
            c * (3 * w**2 + 3 * w * h + h**2) + others,
            "that is a forward difference, off by a multiple of h; go down from w as well as up, and divide by 2 h",
        ),
        (
            c * (3 * w**2 - 3 * w * h + h**2) + others,
            "that is a backward difference, off by a multiple of h; go up from w as well as down, and divide by 2 h",
        ),
        (-right, "the sign: the value above, f(w + h e), less the value below"),
        (
            np.full(3, (cubic(w + h) - cubic(w - h)) / (2 * h)),
            "all entries moved at once; move entry j alone: w + h * e, where e is row j of np.eye(len(w))",
        ),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if close(found, c * 3 * w**2 + others, 1e-7):
        raise Hint("this does not use the h that it is given")
    if not close(found, right):
        raise Hint(
            "not yet: for each j, (f(w + h e) - f(w - h e)) / (2 h) from the same w; does one entry stay moved for the next?"
        )
    w, h = np.array([1.0, 2.0, 3.0]), 1e-3
    if not close(answer(cubic, w, h), c * (3 * w**2 + h**2) + np.prod(w) / w, 1e-8):
        raise Hint("right once, but not at another w with another h: does your function use its own w and h?")


def _solution_2(f: Any, w: Any, h: float = 1e-5) -> Any:
    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])


def _moved(f: Any, w: Any, h: float = 1e-5) -> Any:
    """Without putting an entry back."""
    found = []
    for j in range(len(w)):
        w[j] += h
        above = f(w)
        w[j] -= 2 * h
        found.append((above - f(w)) / (2 * h))
    return np.array(found)


MISTAKES_2 = (
    (lambda f, w, h: np.array([(f(w + h * e) - f(w)) / h for e in np.eye(len(w))]), "forward difference"),
    (lambda f, w, h: np.array([(f(w) - f(w - h * e)) / h for e in np.eye(len(w))]), "backward difference"),
    (lambda f, w, h: np.array([(f(w + h * e) - f(w - h * e)) / h for e in np.eye(len(w))]), "twice too much"),
    (lambda f, w, h: (f(w + h) - f(w - h)) / (2 * h), "one number"),
    (lambda f, w, h: np.full(len(w), (f(w + h) - f(w - h)) / (2 * h)), "all entries moved at once"),
    (_moved, "stay moved for the next"),
    (lambda f, w, h: _solution_2(f, w, h) * h**2, "write a / (2 * h)"),
    (lambda f, w, h: _solution_2(f, w, h) * 2 * h, "that is the difference"),
    (lambda f, w, h: _solution_2(f, w, h / 2), "half as large"),
    (lambda f, w, h: _solution_2(f, w), "does not use the h"),
)

EXERCISES = (
    Exercise(
        "gradient.1",
        "the gradient of the mean log loss with a penalty on all weights but the last",
        _judge_1,
        _solution_1,
        MISTAKES_1,
    ),
    Exercise(
        "gradient.2", "the gradient of any function by central differences, one entry at a time", _judge_2, _solution_2, MISTAKES_2
    ),
)
