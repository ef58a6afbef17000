"""Exercises of the lesson on optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ------------------------------------------------------------------------------------------------------ 1: a step of momentum


def _judge_1(answer: Callable[..., Any]) -> None:
    w, v, g, rate, mu = np.array([1.0, -2.0]), np.array([0.5, 3.0]), np.array([-1.0, 4.0]), 0.25, 0.9
    found = answer(w, v, g, rate, mu)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Hint("return two arrays: the new w, the new v")
    new_w, new_v = found
    right = mu * v + g
    if close(new_w, right) and close(new_v, w - rate * right):
        raise Hint("right, but in the other order: first w, then v")
    if close(new_v, mu * v + (1 - mu) * g):
        raise Hint("that is a running mean, which takes steps ten times as short; here the whole gradient is added: mu * v + g")
    if close(new_v, mu * v - g) or close(new_v, mu * v - rate * g):
        raise Hint("v collects gradients, with a plus; the minus is in the step of w")
    if close(new_v, mu * v + rate * g):
        raise Hint("the rate is in the step of w, not in v; so a change of the rate acts at once, as in torch.optim.SGD")
    if close(new_v, v + g) or close(new_v, g):
        raise Hint("the old velocity is kept in part: mu times v, then the gradient is added")
    if not close(new_v, right):
        raise Hint("not yet: the new v is mu * v + g")
    if close(new_w, w - rate * v):
        raise Hint("that steps with the old velocity: first the new v, then the step with it")
    if close(new_w, w - rate * g):
        raise Hint("v is right, but the step is along the gradient alone; step along the new v")
    if close(new_w, w + rate * right):
        raise Hint("the sign: down is against v, w - rate * v")
    if close(new_w, w - right):
        raise Hint("the rate is missing in the step of w")
    if not close(new_w, w - rate * right):
        raise Hint("v is right; the new w is w - rate * v, with the new v")
    if not close(answer(w, 0 * v, g, 1.0, 0.0)[0], w - g):
        raise Hint("right once, but not with mu = 0 and rate = 1, which is gradient descent: does your function use its arguments?")


def _solution_1(w: Any, v: Any, g: Any, rate: Any, mu: Any) -> Any:
    v = mu * v + g
    return w - rate * v, v


MISTAKES_1 = (
    (lambda w, v, g, rate, mu: (w - rate * v, mu * v + g), "old velocity"),
    (lambda w, v, g, rate, mu: (w - rate * (mu * v + (1 - mu) * g), mu * v + (1 - mu) * g), "running mean"),
    (lambda w, v, g, rate, mu: (w + mu * v - rate * g, mu * v - rate * g), "v collects gradients"),
    (lambda w, v, g, rate, mu: (w - mu * v - rate * g, mu * v + rate * g), "not in v"),
    (lambda w, v, g, rate, mu: (w - rate * g, mu * v + g), "gradient alone"),
    (lambda w, v, g, rate, mu: (w + rate * (mu * v + g), mu * v + g), "the sign"),
    (lambda w, v, g, _rate, mu: (w - (mu * v + g), mu * v + g), "rate is missing"),
    (lambda w, v, g, rate, mu: (mu * v + g, w - rate * (mu * v + g)), "the other order"),
    (lambda w, v, g, rate, mu: w - rate * (mu * v + g), "two arrays"),
)


# -------------------------------------------------------------------------------------------------------- 2: a step of Newton


def _parts(X: Any, y: Any, w: Any) -> tuple[Any, Any]:
    """Gradient and Hessian, of the mean."""
    p = 0.5 + 0.5 * np.tanh(X @ w / 2)
    return X.T @ (p - y) / len(y), X.T @ ((p * (1 - p))[:, None] * X) / len(y)


def _judge_2(answer: Callable[..., Any]) -> None:
    rng = np.random.default_rng(4)
    X, y, w = rng.normal(size=(30, 3)), (rng.random(30) < 0.5).astype(float), np.array([0.3, -0.2, 0.5])
    g, H = _parts(X, y, w)
    step = np.linalg.solve(H, g)
    found = answer(X, y, w)
    if close(found, w + step):
        raise Hint("the sign: Newton's step is w - H⁻¹ g, down")
    if close(found, -step) or close(found, step):
        raise Hint("that is the step alone; return the new weights, w less the step")
    if close(found, w - H @ g):
        raise Hint("that multiplies by H; the step solves H s = g: np.linalg.solve(H, g)")
    if close(found, w - g):
        raise Hint("that is gradient descent; the curvature H is not in it")
    if close(found, w - g / np.diag(H)):
        raise Hint("that uses the diagonal of H alone; solve with the whole matrix")
    if close(found, w - step / 30) or close(found, w - 30 * step):
        raise Hint("off by a factor n: gradient and Hessian are both means, or both sums")
    if close(found, w - np.linalg.solve(X.T @ X / 30, g)):
        raise Hint("the weights p (1 - p) are missing in H; without them it is the Hessian of least squares")
    if not close(found, w - step):
        raise Hint("not yet: p by the sigmoid, g = X.T @ (p - y) / n, H = X.T @ ((p * (1 - p))[:, None] * X) / n, w - solve(H, g)")
    g, H = _parts(X[:9, :1], y[:9], w[:1])
    if not close(answer(X[:9, :1], y[:9], w[:1]), w[:1] - g / H[0]):
        raise Hint("right once, but not for 9 rows and 1 column: does your function use its own X, y and w?")


def _solution_2(X: Any, y: Any, w: Any) -> Any:
    g, H = _parts(X, y, w)
    return w - np.linalg.solve(H, g)


def _by(change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A step that does something else with gradient and Hessian."""
    return lambda X, y, w: w - change(*_parts(X, y, w))


MISTAKES_2 = (
    (_by(lambda g, H: -np.linalg.solve(H, g)), "the sign"),
    (lambda X, y, w: w - _solution_2(X, y, w), "the step alone"),
    (_by(lambda g, H: H @ g), "multiplies by H"),
    (_by(lambda g, _H: g), "gradient descent"),
    (_by(lambda g, H: g / np.diag(H)), "diagonal of H alone"),
    (lambda X, y, w: w - np.linalg.solve(len(y) * _parts(X, y, w)[1], _parts(X, y, w)[0]), "factor n"),
    (lambda X, y, w: w - np.linalg.solve(X.T @ X / len(y), _parts(X, y, w)[0]), "p (1 - p) are missing"),
)

EXERCISES = (
    Exercise("race.1", "one step of momentum: the new weights and the new velocity", _judge_1, _solution_1, MISTAKES_1),
    Exercise("race.2", "one full step of Newton for the mean log loss", _judge_2, _solution_2, MISTAKES_2),
)
