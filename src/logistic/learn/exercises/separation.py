"""Exercises of the lesson on separation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Exercise, Hint, close

# --------------------------------------------------------------------------------------------------- 1: does a column separate?

_CASES = (
    ([1, 2, 3, 4], [0, 0, 1, 1], "complete"),
    ([1, 2, 3, 4], [0, 1, 0, 1], "overlap"),
    ([4, 3, 2, 1], [0, 0, 1, 1], "complete"),
    ([1, 2, 2, 3], [0, 0, 1, 1], "quasi"),
    ([3, 2, 2, 1], [0, 0, 1, 1], "quasi"),
    ([2, 2, 2, 2], [0, 0, 1, 1], "overlap"),
    ([0, 0, 0, 1], [0, 1, 0, 1], "quasi"),
    ([5, 1, 9, 4], [0, 1, 1, 0], "overlap"),
)
_HINTS = {
    2: "here class 1 lies below class 0: a coefficient can run to minus infinity as well, so look in both directions",
    3: "2 occurs in both classes, but no row lies on the wrong side of 2: that is 'quasi'",
    4: "the same as before, turned around: look in both directions for 'quasi' too",
    5: "all values are equal: no row gains from a larger coefficient, so nothing runs away and the answer is 'overlap'",
    6: "a zero cell of a 2 x 2 table: every row with x = 1 is of class 1, so the coefficient runs away: 'quasi'",
}


def _judge_1(answer: Callable[..., Any]) -> None:
    for i, (x, y, kind) in enumerate(_CASES):
        found = answer(np.array(x, dtype=float), np.array(y))
        if not isinstance(found, str) or found not in ("complete", "quasi", "overlap"):
            raise Hint("return one of the words 'complete', 'quasi' and 'overlap'")
        if found != kind:
            hint = _HINTS.get(i, f"the answer is {kind!r}; compare the largest x of one class with the smallest of the other")
            raise Hint(f"x = {x}, y = {y}: {hint}")


def _solution_1(x: Any, y: Any) -> Any:
    low, high = x[y == 0], x[y == 1]
    if low.max() < high.min() or high.max() < low.min():
        return "complete"
    touching = low.max() == high.min() or high.max() == low.min()
    return "quasi" if touching and x.min() < x.max() else "overlap"


def _one_direction(x: Any, y: Any) -> Any:
    low, high = x[y == 0], x[y == 1]
    return "complete" if low.max() < high.min() else "quasi" if low.max() == high.min() else "overlap"


def _never_quasi(x: Any, y: Any) -> Any:
    found = _solution_1(x, y)
    return "overlap" if found == "quasi" else found


def _constant_too(x: Any, y: Any) -> Any:
    low, high = x[y == 0], x[y == 1]
    if low.max() < high.min() or high.max() < low.min():
        return "complete"
    return "quasi" if low.max() <= high.min() or high.max() <= low.min() else "overlap"


def _by_means(x: Any, y: Any) -> Any:
    return "complete" if x[y == 0].mean() != x[y == 1].mean() else "overlap"


MISTAKES_1 = (
    (_one_direction, "in both directions"),
    (_never_quasi, "that is 'quasi'"),
    (_constant_too, "all values are equal"),
    (_by_means, "compare the largest x"),
    (lambda x, y: True, "one of the words"),
)

# ------------------------------------------------------------------------------------------------ 2: Firth's answer to a zero cell


def _judge_2(answer: Callable[..., Any]) -> None:
    table = np.array([[10.0, 0.0], [8.0, 12.0]])
    found = answer(table)
    ratio = 10.5 * 12.5 / (0.5 * 8.5)
    hints = (
        (math.inf, "the cell with no rows still makes it infinite; add one half to all four counts first"),
        (ratio, "that is the odds ratio; its logarithm is the coefficient"),
        (-math.log(ratio), "the sign is turned: the group of the first row stands above, and the outcome of the first column"),
        (math.log(11 * 13 / (1 * 9)), "that adds 1; the penalty of Jeffreys adds one half to each count"),
        (math.log(10 * 12 / (0.5 * 8)), "that adds one half to the empty cell alone; all four counts get it"),
        (math.log(10.5 * 8.5 / (0.5 * 12.5)), "rows and columns are mixed up: (a d) / (b c), across the table"),
    )
    for wrong, hint in hints:
        if close(found, wrong):
            raise Hint(hint)
    if not close(found, math.log(ratio)):
        raise Hint("not yet: add one half to a, b, c and d, then take the logarithm of (a d) / (b c)")
    if not close(answer(np.array([[3.0, 5.0], [2.0, 9.0]])), math.log(3.5 * 9.5 / (5.5 * 2.5))):
        raise Hint("right where a cell is empty, but Firth adds the halves to every table, also to [[3, 5], [2, 9]]")


def _solution_2(table: Any) -> Any:
    (a, b), (c, d) = table + 0.5
    return np.log(a * d / (b * c))


def _plain(table: Any) -> Any:
    (a, b), (c, d) = table
    with np.errstate(divide="ignore"):
        return np.log(a * d / np.float64(b * c))


MISTAKES_2 = (
    (_plain, "still makes it infinite"),
    (lambda table: np.exp(_solution_2(table)), "that is the odds ratio"),
    (lambda table: -_solution_2(table), "sign is turned"),
    (lambda table: _plain(table + 1), "that adds 1"),
    (lambda table: _plain(np.where(table == 0, 0.5, table)), "empty cell alone"),
    (lambda table: _solution_2(table) if (table == 0).any() else _plain(table), "to every table"),
)

EXERCISES = (
    Exercise("separation.1", "say whether one column separates two classes", _judge_1, _solution_1, MISTAKES_1),
    Exercise("separation.2", "Firth's coefficient of a 2 x 2 table", _judge_2, _solution_2, MISTAKES_2),
)
