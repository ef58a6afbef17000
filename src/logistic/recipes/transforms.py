"""Transforms that remember the rows of the fit: what they remember is numbers, and they apply it to any rows.

``center`` (mean), ``scale`` and ``standardize`` (mean, deviation), ``poly`` (the three-term recurrence of orthogonal polynomials)
and ``bs`` (the knots of B-splines) give the columns that formulaic, patsy and R give.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError

State = tuple[float, ...]

MOST_DEGREE, MOST_KNOTS = 20, 1000
OUTSIDE = ("raise", "clip", "zero", "extend")  # what bs does with rows beyond its bounds


class Transform(NamedTuple):
    """One transform.

    Attributes
    ----------
    learn : callable
        (x (n,), options) -> state.
    apply : callable
        (x (n,), options, state) -> (n,) or (n, k) array.
    fields : callable
        (options, state) -> what tells its columns apart; None for a single column.
    sound : callable
        (options, state) -> whether a state could be one; files are asked.
    within : callable
        (options, state) -> the bounds that rows must keep to, if any.
    """

    learn: Callable[[np.ndarray, dict[str, Any]], State]
    apply: Callable[[np.ndarray, dict[str, Any], State], np.ndarray]
    fields: Callable[[dict[str, Any], State], tuple[str, ...] | None]
    sound: Callable[[dict[str, Any], State], bool]
    within: Callable[[dict[str, Any], State], tuple[float, float] | None] = lambda _, __: None


def _deviation(ddof: int) -> Callable[[np.ndarray, dict[str, Any]], State]:
    def learn(x: np.ndarray, _: dict[str, Any]) -> State:
        mean = float(x.mean())
        return mean, math.sqrt(float(((x - mean) ** 2).sum()) / max(len(x) - ddof, 1))

    return learn


def _scaled(x: np.ndarray, _: dict[str, Any], state: State) -> np.ndarray:
    return (x - state[0]) / state[1]


def _degree(options: dict[str, Any], default: int) -> int:
    degree = int(options.get("degree", default))
    if not 1 <= degree <= MOST_DEGREE:
        raise InputError(f"degree={degree} of a formula's poly or bs must be from 1 to {MOST_DEGREE}")
    return degree


def _learn_poly(x: np.ndarray, options: dict[str, Any]) -> State:
    """alpha_0 ... alpha_(d-1), then the squared norms 0 ... d."""
    degree = _degree(options, 1)
    if options.get("raw"):
        return ()
    if len(np.unique(x)) <= degree:
        raise InputError(f"poly of degree {degree} needs more than {degree} different values, but there are {len(np.unique(x))}")
    alphas: list[float] = []
    before, last, norms = np.zeros_like(x), np.ones_like(x), [float(len(x))]
    for k in range(degree):
        alphas.append(float((x * last**2).sum() / (last**2).sum()))
        ratio = norms[k] / norms[k - 1] if k else 0.0
        before, last = last, (x - alphas[k]) * last - ratio * before
        norms.append(float((last**2).sum()))
    return (*alphas, *norms)


def _poly(x: np.ndarray, options: dict[str, Any], state: State) -> np.ndarray:
    degree = _degree(options, 1)
    if options.get("raw"):
        return np.stack([x**k for k in range(1, degree + 1)], axis=1)
    alphas, norms = state[:degree], state[degree:]
    found = np.empty((len(x), degree))
    before, last = np.zeros_like(x), np.ones_like(x)
    for k in range(degree):
        ratio = norms[k] / norms[k - 1] if k else 0.0
        before, last = last, (x - alphas[k]) * last - ratio * before
        found[:, k] = last / math.sqrt(norms[k + 1])
    return found


def _poly_fields(options: dict[str, Any], _: State) -> tuple[str, ...]:
    first = 0 if options.get("raw") else 1  # so formulaic counts them
    return tuple(str(first + k) for k in range(_degree(options, 1)))


def _poly_sound(options: dict[str, Any], state: State) -> bool:
    degree = _degree(options, 1)
    return len(state) == (0 if options.get("raw") else 2 * degree + 1) and all(norm > 0 for norm in state[degree:])


def _learn_bs(x: np.ndarray, options: dict[str, Any]) -> State:
    """All knots, the bounds as often as the degree and once more."""
    degree, df = _degree(options, 3), options.get("df")
    if options.get("extrapolation", "raise") not in OUTSIDE:
        raise InputError(f"extrapolation={options['extrapolation']!r:.40} is unknown; choose one of {', '.join(OUTSIDE)}")
    low, high = options.get("lower_bound", float(x.min())), options.get("upper_bound", float(x.max()))
    inner = [_number(knot) for knot in options.get("knots", ())]
    if df is not None:
        if inner:
            raise InputError("bs takes df or knots, not both; leave one of them out")
        if not degree <= df <= MOST_KNOTS:
            raise InputError(f"df={df} of bs must be from its degree, {degree}, to {MOST_KNOTS}")
        within = x[(x >= low) & (x <= high)] if options.get("extrapolation") in ("clip", "zero") else x
        if not len(within):
            raise InputError(f"no row lies between {low:g} and {high:g}, so bs has no knots; change its bounds")
        inner = np.quantile(within, np.linspace(0, 1, df - degree + 2))[1:-1].tolist()
    if len(inner) > MOST_KNOTS or sorted(inner) != inner or not all(low <= knot <= high for knot in inner) or not low < high:
        raise InputError(f"the knots of bs must lie in order between its bounds, {low:g} and {high:g}, and these must differ")
    return (*[low] * (degree + 1), *inner, *[high] * (degree + 1))


def _bs(x: np.ndarray, options: dict[str, Any], knots: State) -> np.ndarray:
    """All B-splines but the first, by the recurrence of Cox and de Boor."""
    degree, outside = _degree(options, 3), options.get("extrapolation", "raise")
    low, high = knots[0], knots[-1]
    beyond = (x < low) | (x > high)
    inside = np.clip(x, low, high)
    first, last = degree, len(knots) - degree - 2  # intervals between bounds
    interval = np.clip(np.searchsorted(knots, inside, side="right") - 1, first, last)
    x = x if outside == "extend" else inside
    splines = [(interval == i).astype(np.float64) for i in range(len(knots) - 1)]
    for d in range(1, degree + 1):
        splines = [
            _share(x, knots[i], knots[i + d]) * splines[i] + (1 - _share(x, knots[i + 1], knots[i + d + 1])) * splines[i + 1]
            for i in range(len(knots) - d - 1)
        ]
    found = np.stack(splines[1:], axis=1)
    return np.where(beyond[:, None], 0.0, found) if outside == "zero" else found


def _bs_within(options: dict[str, Any], knots: State) -> tuple[float, float] | None:
    return (knots[0], knots[-1]) if options.get("extrapolation", "raise") == "raise" else None


def _share(x: np.ndarray, start: float, stop: float) -> np.ndarray | float:
    return (x - start) / (stop - start) if stop > start else 0.0


def _bs_fields(options: dict[str, Any], state: State) -> tuple[str, ...]:
    return tuple(str(k) for k in range(1, len(state) - _degree(options, 3) - 1))


def _bs_sound(options: dict[str, Any], knots: State) -> bool:
    least = 2 * (_degree(options, 3) + 1)
    ends = knots[: least // 2] + knots[::-1][: least // 2]
    return (
        least <= len(knots) <= least + MOST_KNOTS
        and list(knots) == sorted(knots)
        and set(ends) == {knots[0], knots[-1]}
        and knots[0] < knots[-1]
    )


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise InputError(f"knots of bs must be numbers, but one is {value!r:.40}")
    return float(value)


TRANSFORMS = {
    "center": Transform(lambda x, _: (float(x.mean()),), lambda x, _, s: x - s[0], lambda *_: None, lambda _, s: len(s) == 1),
    "scale": Transform(_deviation(1), _scaled, lambda *_: None, lambda _, s: len(s) == 2 and s[1] > 0),
    "standardize": Transform(_deviation(0), _scaled, lambda *_: None, lambda _, s: len(s) == 2 and s[1] > 0),
    "poly": Transform(_learn_poly, _poly, _poly_fields, _poly_sound),
    "bs": Transform(_learn_bs, _bs, _bs_fields, _bs_sound, _bs_within),
}
