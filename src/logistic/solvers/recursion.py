"""An inverse Hessian, corrected by what steps have shown: the two-loop recursion of Nocedal (1980)."""

from __future__ import annotations

from collections import deque

from ..backend import EPS, Array, vdot
from ..contracts import Metric, Point

Pair = tuple[Array, Array, float]  # a step, the change of the gradient along it, and their inner product


def remember(pairs: deque[Pair], before: Point, after: Point) -> None:
    """Add what a step has shown, unless rounding hides it."""
    change, turn = after.W - before.W, after.grad - before.grad
    curved = vdot(change, turn)
    if curved > EPS * vdot(turn, turn) > 0:
        pairs.append((change, turn, curved))


def corrected(pairs: deque[Pair], gradient: Array, metric: Metric | None) -> Array:
    """Inverse Hessian estimate times the gradient; the metric, or else the identity, is scaled by the last pair."""
    r = gradient
    weights: list[float] = []
    for change, turn, curved in reversed(pairs):
        weights.append(vdot(change, r) / curved)
        r = r - weights[-1] * turn
    if metric is not None:
        r = metric(r)
    if pairs:
        _, turn, curved = pairs[-1]
        r = r * (curved / vdot(turn, turn if metric is None else metric(turn)))
    for (change, turn, curved), weight in zip(pairs, reversed(weights), strict=True):
        r = r + (weight - vdot(turn, r) / curved) * change
    return r
