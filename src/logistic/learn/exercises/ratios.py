"""Exercises of the lesson on odds ratios and intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

Z = 1.959963984540054

# ------------------------------------------------------------------------- 1: what an odds ratio does to a probability


def _judge_1(answer: Callable[..., Any]) -> None:
    found = answer(0.5, 2.0)
    hints = (
        (1.0, "that multiplies the probability: half would become certain; the ratio multiplies the odds"),
        (2.0, "those are the new odds; a probability is odds / (1 + odds)"),
        (1 / 3, "that divides the odds; a ratio of 2 doubles them"),
        (0.5 + np.log(2), "the logarithm is added to the logit, not to the probability"),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    for p, ratio in ((0.5, 2.0), (0.1, 2.0), (0.02, 3.0), (0.8, 0.5), (0.0, 4.0), (1.0, 2.0)):
        wanted = p * ratio / (1 - p + p * ratio)
        try:
            found = answer(p, ratio)
        except Hint as hint:
            if p == 1:
                raise Hint(
                    "right below 1; at p = 1 the odds are infinite: multiply out so that nothing is divided by 1 - p"
                ) from None
            raise hint
        if not close(found, wanted):
            raise Hint(f"not yet for p = {p:g} and a ratio of {ratio:g}: odds, times the ratio, and back: {wanted:.4g}")


def _solution_1(p: Any, odds_ratio: Any) -> Any:
    return p * odds_ratio / (1 - p + p * odds_ratio)


def _by_division(p: Any, odds_ratio: Any) -> Any:
    odds = p / (1 - p) * odds_ratio
    return odds / (1 + odds)


MISTAKES_1 = (
    (lambda p, odds_ratio: p * odds_ratio, "multiplies the probability"),
    (lambda p, odds_ratio: p / (1 - p) * odds_ratio, "those are the new odds"),
    (lambda p, odds_ratio: _solution_1(p, 1 / odds_ratio), "divides the odds"),
    (lambda p, odds_ratio: p + np.log(odds_ratio), "added to the logit"),
    (_by_division, "right below 1"),
)

# ------------------------------------------------------------------------------- 2: an odds ratio with its interval, for any step


def _judge_2(answer: Callable[..., Any]) -> None:
    b, s, c = 0.05, 0.02, 10.0
    found = answer(b, s, c)
    if not (isinstance(found, tuple | list) or hasattr(found, "ndim")) or len(found) != 3:
        raise Hint("return three numbers: the odds ratio, and the low and the high end of its interval")
    wanted = np.exp(c * np.array([b, b - Z * s, b + Z * s]))
    one = np.exp(np.array([b, b - Z * s, b + Z * s]))
    ratio = wanted[0]
    hints = (
        (np.log(wanted), "that is still on the scale of log-odds; take exp of all three"),
        (one, "that is for a step of 1; multiply the coefficient and its error by the step first"),
        (one * c, "ten times the ratio of one step: ratios of steps multiply, so it is exp(step * coefficient)"),
        (
            [ratio, ratio - Z * ratio * c * s, ratio + Z * ratio * c * s],
            "that interval is symmetric around the ratio; take its ends in log-odds, then exp",
        ),
        (
            [ratio, ratio - Z * np.exp(c * s), ratio + Z * np.exp(c * s)],
            "exp of a standard error is no error; take the ends first, then exp",
        ),
        (
            [ratio, ratio * np.exp(-Z * s), ratio * np.exp(Z * s)],
            "the error of c * b is c times the error of b: the step belongs to both",
        ),
        (
            np.exp(c * np.array([b, b - 1.6448536 * s, b + 1.6448536 * s])),
            "1.645 standard errors make a 90 % interval; 95 % needs 1.96",
        ),
        (
            np.exp(c * np.array([b, b - s, b + s])),
            "one standard error to each side holds about 68 %; 95 % needs 1.96 of them",
        ),
        (
            np.exp(c * np.array([b, b - 2 * s, b + 2 * s])),
            "two standard errors are a rule of thumb; take 1.96",
        ),
    )
    for wrong, hint in hints:
        if close(found, wrong, 2e-3):
            raise Hint(hint)
    for estimate, error, change in ((b, s, c), (1.2, 0.4, 1.0), (0.7, 0.3, -2.0)):
        ends = np.sort(np.exp(change * (estimate + np.array([-Z, Z]) * error)))
        found = answer(estimate, error, change)
        if close([found[0], found[2], found[1]], [np.exp(change * estimate), *ends], 2e-3) and not close(found[1], found[2]):
            raise Hint("for a step of -2 the ends come in the wrong order: the low one first")
        if not close(found, [np.exp(change * estimate), *ends], 2e-3):
            raise Hint(
                f"not yet for estimate {estimate:g}, error {error:g} and step {change:g}: exp(step * (estimate -+ 1.96 * error))"
            )


def _solution_2(estimate: Any, std_error: Any, change: Any) -> Any:
    middle, half = change * estimate, 1.96 * abs(change) * std_error
    return np.exp(middle), np.exp(middle - half), np.exp(middle + half)


def _symmetric(estimate: Any, std_error: Any, change: Any) -> Any:
    ratio = np.exp(change * estimate)
    half = 1.96 * ratio * change * std_error
    return ratio, ratio - half, ratio + half


def _exp_of_error(estimate: Any, std_error: Any, change: Any) -> Any:
    ratio, half = np.exp(change * estimate), 1.96 * np.exp(change * std_error)
    return ratio, ratio - half, ratio + half


def _unsorted(estimate: Any, std_error: Any, change: Any) -> Any:
    return tuple(np.exp(change * (estimate + side * std_error)) for side in (0, -1.96, 1.96))


def _error_of_one(estimate: Any, std_error: Any, change: Any) -> Any:
    return tuple(np.exp(change * estimate + side * std_error) for side in (0, -1.96, 1.96))


MISTAKES_2 = (
    (lambda b, s, c: tuple(np.log(_solution_2(b, s, c))), "scale of log-odds"),
    (lambda b, s, c: _solution_2(b, s, 1), "a step of 1"),
    (lambda b, s, c: tuple(c * one for one in _solution_2(b, s, 1)), "ratios of steps multiply"),
    (_symmetric, "symmetric around the ratio"),
    (_exp_of_error, "exp of a standard error"),
    (_error_of_one, "belongs to both"),
    (lambda b, s, c: _solution_2(b, s * 1.645 / 1.96, c), "90 % interval"),
    (_unsorted, "wrong order"),
    (lambda b, s, c: _solution_2(b, s / 1.96, c), "about 68 %"),
    (lambda b, s, c: _solution_2(b, s * 2 / 1.96, c), "rule of thumb"),
)

EXERCISES = (
    Exercise("ratios.1", "the new probability when the odds are multiplied by a ratio", _judge_1, _solution_1, MISTAKES_1),
    Exercise("ratios.2", "the odds ratio of a step, and the two ends of its 95 % interval", _judge_2, _solution_2, MISTAKES_2),
)
