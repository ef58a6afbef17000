"""Exercises of the lesson on scaling, leakage and coefficients in real units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# ----------------------------------------------------------------------------------- 1: new rows on the scale of the training rows


def _judge_1(answer: Callable[..., Any]) -> None:
    train = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0], [7.0, 60.0]])
    new = np.array([[2.0, 20.0], [9.0, 50.0]])
    found = answer(train, new)
    mean, sd, both = train.mean(axis=0), train.std(axis=0), np.vstack([train, new])
    hints = (
        (_own, "that scales the new rows by their own mean and deviation; use what the training rows say"),
        ((new - both.mean(axis=0)) / both.std(axis=0), "that learns from both tables; the new rows must not move the scale"),
        (new - mean, "the means are right, but nothing is divided by the standard deviation yet"),
        (new / sd, "that divides without subtracting the mean first"),
        ((new - mean) / sd**2, "that divides by the variance; its square root is the standard deviation"),
        ((new - mean) / train.std(axis=0, ddof=1), "that divides by n - 1 inside the deviation, as torch.std does; here it is n"),
        ((new - train.mean()) / train.std(), "that is one mean for the whole table; each column needs its own: axis=0"),
        (new - mean / sd, "a division comes before a subtraction in Python: (new - mean) / sd needs its parentheses"),
        (
            (new - train.min(axis=0)) / (train.max(axis=0) - train.min(axis=0)),
            "that puts the range of the training rows on 0 to 1; here it is the mean on 0, and one standard deviation on 1",
        ),
        ((train - mean) / sd, "that returns the training rows; the new ones are asked for"),
    )
    for wrong, hint in hints:
        if close(found, wrong(new) if callable(wrong) else wrong):
            raise Hint(hint)
    if not close(found, (new - mean) / sd):
        raise Hint("not yet: for each column, subtract the mean of the training rows and divide by their standard deviation")
    if not close(answer(train, new[:1]), (new[:1] - mean) / sd):
        raise Hint("right for two new rows, wrong for one alone; the scale must not depend on how many rows come")


def _own(new: np.ndarray) -> np.ndarray:
    return np.asarray((new - new.mean(axis=0)) / new.std(axis=0))


def _solution_1(train: Any, new: Any) -> Any:
    return (new - train.mean(axis=0)) / train.std(axis=0)


def _pooled(train: Any, new: Any) -> Any:
    both = np.vstack([train, new])
    return (new - both.mean(axis=0)) / both.std(axis=0)


MISTAKES_1 = (
    (lambda train, new: _own(new), "their own mean"),
    (_pooled, "learns from both tables"),
    (lambda train, new: new - train.mean(axis=0), "nothing is divided"),
    (lambda train, new: new / train.std(axis=0), "without subtracting"),
    (lambda train, new: (new - train.mean(axis=0)) / train.var(axis=0), "by the variance"),
    (lambda train, new: (new - train.mean(axis=0)) / train.std(axis=0, ddof=1), "n - 1"),
    (lambda train, new: (new - train.mean()) / train.std(), "axis=0"),
    (lambda train, new: _solution_1(train, train), "returns the training rows"),
    (lambda train, new: new - train.mean(axis=0) / train.std(axis=0), "needs its parentheses"),
    (lambda train, new: (new - train.min(axis=0)) / np.ptp(train, axis=0), "range of the training rows"),
)

# -------------------------------------------------------------------------------------------- 2: back to the units of the data


def _judge_2(answer: Callable[..., Any]) -> None:
    rng = np.random.default_rng(8)
    for shape in ((3, 2), (2, 4), (4, 4)):
        W, b = rng.normal(size=shape), rng.normal(size=shape[1])
        mean, sd = rng.uniform(1, 9, shape[0]), rng.uniform(2, 5, shape[0])
        found = answer(W, b, mean, sd)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Hint("return two arrays: the coefficients (p, K), then the intercepts (K,)")
        _compare_units(found, (W, b), (mean, sd))


def _compare_units(found: Any, scaled: tuple[Any, Any], scale: tuple[Any, Any]) -> None:
    (W, b), (mean, sd) = scaled, scale
    units = W / sd[:, None]
    if np.shape(found[0]) == b.shape and np.shape(found[1]) == W.shape:
        raise Hint("in the other order: first the coefficients, then the intercepts")
    if close(found[0], W):
        raise Hint("the coefficients are still those of the scaled columns; a step of one unit is 1 / sd of a standard deviation")
    if close(found[0], W * sd[:, None]):
        raise Hint("multiplied where it should be divided: if one sd adds W, one unit adds W / sd")
    if not close(found[0], units):
        raise Hint("the coefficients are not right yet: row j of W belongs to column j, so each row is divided by its own sd")
    hints = (
        (b, "the intercept has not moved; at x = 0 the scaled columns are not 0 but -mean / sd"),
        (
            b - (units * mean[:, None]).sum(),
            "that sums over the classes too, so all lose the same number; sum over the columns alone",
        ),
        (b + mean @ units, "the sign is turned: centring subtracted the mean, so the intercept loses what that adds"),
        (b - mean @ W, "the means are divided by nothing; use the coefficients in real units, W / sd"),
    )
    for wrong, hint in hints:
        if close(found[1], wrong):
            raise Hint(hint)
    if not close(found[1], b - mean @ units):
        raise Hint("the intercepts are not right yet: for class k, b_k minus the sum over columns j of W_jk mean_j / sd_j")


def _solution_2(W: Any, b: Any, mean: Any, sd: Any) -> Any:
    units = W / sd[:, None]
    return units, b - mean @ units


MISTAKES_2 = (
    (lambda W, b, mean, sd: (W / sd[:, None], b - (W / sd[:, None] * mean[:, None]).sum()), "sums over the classes"),
    (lambda W, b, mean, sd: (W, b), "still those of the scaled columns"),
    (lambda W, b, mean, sd: (W * sd[:, None], b), "multiplied where"),
    (lambda W, b, mean, sd: (W / sd[:, None], b), "has not moved"),
    (lambda W, b, mean, sd: (W / sd[:, None], b + mean @ (W / sd[:, None])), "sign is turned"),
    (lambda W, b, mean, sd: (W / sd[:, None], b - mean @ W), "divided by nothing"),
    (lambda W, b, mean, sd: W / sd[:, None], "return two arrays"),
    (lambda W, b, mean, sd: _solution_2(W, b, mean, sd)[::-1], "in the other order"),
)

EXERCISES = (
    Exercise("scaling.1", "put new rows on the scale of the training rows", _judge_1, _solution_1, MISTAKES_1),
    Exercise("scaling.2", "coefficients (p, K) and intercepts (K,) in the units of the data", _judge_2, _solution_2, MISTAKES_2),
)
