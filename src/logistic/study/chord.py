"""The chord method for many fits side by side: Newton's steps with a Hessian that is kept, mended by what the steps show.

Fits that lie near each other share the Hessians of one place. Each adds its own penalty and its own corrections (those of L-BFGS,
which start from the kept Hessian), so a pass over the rows costs logits and gradients only. Where a fit gets on too slowly, it
is given a Hessian of its own rows at its own point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import tasks
from ..backend import psd_solver, vdot
from ..contracts import Metric
from ..solvers.recursion import Pair, corrected, shown
from .joint import Fits, Joint, Seen

ROUNDS = 60
MEMORY = 12  # corrections kept
ARMIJO = 1e-4
SHRINK = 0.25
TRIALS = 20  # shorter and shorter steps before a fit is given up
ROUGH = 1e-10  # relative decrement below which values say nothing and gradients decide
INTERCEPT = 20.0  # gaps for a squared slope of the intercept, unless nearly all rows are certain
ESTIMATE = 40.0  # price of an estimate of the inverse Hessian, in passes over the rows for one fit
OWN = 15  # trials with one estimate, before a fit gets another one
NEAR = 0.1  # relative decrement below which gradients are enough to go on by


class Found(NamedTuple):
    """Where N fits ended.

    Attributes
    ----------
    W : (N, q, M) array
    steps : (N,) array of int
    grad : (N, q, M) array or None
        At W, where it is known.
    seen : list of Seen or None, one a fit
        All there is to see at W, as arrays of one, where the last pass showed it.
    ended : (N,) array of bool
        Whether each has come to its goal, or to its rounding, in the rounds there were.
    """

    W: np.ndarray
    steps: np.ndarray
    grad: np.ndarray | None
    seen: list[Seen | None]
    ended: np.ndarray


class Starts(NamedTuple):
    """Where N fits start: fit i at W[uses[i]], W being (U, q, M) and ``uses`` (N,) sorted."""

    W: np.ndarray
    uses: np.ndarray


class Estimates:
    """Estimates of the inverse Hessian: one for all fits, and for a fit that gets on too slowly with it, one of its own.

    Parameters
    ----------
    estimated : callable
        The estimate at a place (q, M) for the rows of a fold and a strength of the penalty (q,).
    W : (q, M) array
        Where the one for all fits is made, of all rows.
    strength : (q,) array
    own : bool
        Whether rows are such that one of its own can be better than the one for all with what steps have shown.
    """

    def __init__(
        self, estimated: Callable[[np.ndarray, int, np.ndarray], Metric], W: np.ndarray, strength: np.ndarray, own: bool
    ) -> None:
        self.price = ESTIMATE if own else math.inf
        self._estimated = estimated
        self._shared = _flat(estimated(W, 0, strength), W.shape)

    def near(self, W: np.ndarray) -> int:
        """The index of the one for all fits."""
        return 0

    def solver(self, index: int, fold: int, strength: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """That one, of flat arrays."""
        return self._shared

    def renew(self, fit: _Fit, fold: int) -> None:
        """An estimate of a fit's own, once the last one has had its time; until then that one alone, where steps with it fail."""
        if self.price < math.inf and fit.age >= OWN:
            fit.renew(-1, _flat(self._estimated(fit.W, fold, fit.strength), fit.W.shape), fit.pairs)
        elif fit.failures > 0:
            fit.renew(fit.index, fit.solve)


class Goal(NamedTuple):
    """When a fit has arrived: its measure is at most ``share`` of its value.

    The measure is the squared decrement, or where ``proved``, the gap that its gradient proves; see docs/certificate.md.
    """

    share: float
    proved: bool = False

    def measure(self, decrement: float, grad: np.ndarray, strength: np.ndarray) -> float:
        """Of a fit of which the gradient (q, M) and the strength of the penalty (q,) are given."""
        if not self.proved:
            return decrement
        penalised = strength > 0
        gap = float((grad[penalised] ** 2 / (2 * strength[penalised, None])).sum())
        return gap + float((grad[~penalised] ** 2).sum()) * INTERCEPT


class Curvatures:
    """Hessians of the mean loss at a few places, one for each fold, and who may use which.

    Parameters
    ----------
    joint : Joint
    within : float
        A Hessian serves fits at this distance, in its own norm.
    """

    def __init__(self, joint: Joint, within: float) -> None:
        self.joint, self.within = joint, within
        self.price = tasks.price(joint.shape)  # of one, in passes for one fit
        self.places: list[tuple[np.ndarray, list[np.ndarray]]] = []
        self._solvers: dict[tuple[int, int, bytes], Callable[[np.ndarray], np.ndarray]] = {}

    def near(self, W: np.ndarray, but: int = -1) -> int:
        """The index of one near W (q, M), made if there is none, or only the one that is not wanted."""
        apart = [math.inf if i == but else self._distance(W, i) for i in range(len(self.places))]
        if not apart or min(apart) > self.within:
            self.places.append((W, self.joint.curvatures(W)))
            return len(self.places) - 1
        return int(np.argmin(apart))

    def _distance(self, W: np.ndarray, index: int) -> float:
        place, H = self.places[index]
        apart = (W - place).reshape(-1)
        return float(max(vdot(apart, H[0] @ apart), 0.0) ** 0.5)

    def solver(self, index: int, fold: int, strength: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """The inverse of that of a fold, with the penalty in it."""
        key = index, fold, strength.tobytes()
        if key not in self._solvers:
            self._solvers[key] = inverse(self.places[index][1][fold], strength)
        return self._solvers[key]

    def renew(self, fit: _Fit, fold: int) -> None:
        """A Hessian for a fit that is slow: for all rows one that others may use, for a fold its own."""
        if fold == 0:
            index = self.near(fit.W, fit.index)
            fit.renew(index, self.solver(index, fold, fit.strength))
        else:
            fit.renew(-1, inverse(self.joint.curvature(fit.W, fold), fit.strength))


def _flat(metric: Metric, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """A metric as a function of flat arrays."""
    return lambda right: np.asarray(metric(right.reshape(shape))).reshape(-1)


def inverse(H: np.ndarray, strength: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that applies the inverse of H (q M, q M) with the penalty added, strength (q,)."""
    penalised = H + np.diag(np.repeat(strength, len(H) // len(strength)))
    return psd_solver(penalised)  # type: ignore[return-value]


class _Fit:
    """The state of one of them."""

    def __init__(self, W: np.ndarray, index: int, solve: Callable[[np.ndarray], np.ndarray], strength: np.ndarray) -> None:
        self.W, self.index, self.solve, self.strength = W, index, solve, strength
        self.value, self.grad, self.rate = math.nan, W, 1.0
        self.seen: Seen | None = None
        self.pairs: list[Pair] = []
        self.step, self.decrement = W, math.inf
        self.t, self.steps, self.failures = 1.0, 1, 0  # to set out from a neighbour was a step
        self.age = 0  # trials with this inverse Hessian
        self.ended = self.slow = False

    def arrive(self, W: np.ndarray, value: float, grad: np.ndarray, goal: Goal, patience: float) -> None:
        """Go on from W, or not, by what was seen there."""
        before = self.value, self.grad, self.W, self.pairs, self.step, self.decrement
        start, reached = self.value, self.decrement
        first = math.isinf(reached)
        pair = shown((W - self.W).reshape(-1), (grad - self.grad).reshape(-1))
        if pair is not None:
            self.pairs = [*self.pairs[1 - MEMORY :], pair]
        if math.isfinite(value):
            self.value = value
        self.grad, self.W, self.age = grad, W, self.age + 1
        self.aim()
        by_value = reached > ROUGH * abs(start) and math.isfinite(value)
        better = value <= start - ARMIJO * self.t * reached if by_value else self.decrement < reached
        if first:
            self.pairs = []
            self.ended = self._measure(goal) <= 1
        elif better and np.isfinite(grad).all():
            self.steps += 1
            left, self.rate = self._measure(goal), self.decrement / reached
            self.ended = left <= 1
            left = math.log(left) / -math.log(self.rate) if left > 1 and 0 < self.rate < 1 else 0.0
            self.slow = left > patience or self.failures > 0
            self.t, self.failures = 1.0, 0
        else:
            self.value, self.grad, self.W, self.pairs, self.step, self.decrement = before
            self.t, self.failures = SHRINK * self.t, self.failures + 1
            self.ended = reached <= ROUGH * abs(start) or self.failures >= TRIALS  # rounding rules
            self.slow = self.failures == 2

    def _measure(self, goal: Goal) -> float:
        """How many times as much as the goal there still is."""
        return goal.measure(self.decrement, self.grad, self.strength) / max(goal.share * abs(self.value), 5e-324)

    def foreseen(self, goal: Goal) -> bool:
        """Whether the next step is likely to be the last: if it gains as much as the one before."""
        return self.rate * self._measure(goal) <= 1

    def aim(self) -> None:
        """The next step, and its length."""
        found = corrected(self.pairs, self.grad.reshape(-1), self.solve)  # type: ignore[arg-type]
        self.step = -np.asarray(found).reshape(self.grad.shape)
        self.decrement = max(-vdot(self.step, self.grad), 0.0)

    def renew(self, index: int, solve: Callable[[np.ndarray], np.ndarray], pairs: Sequence[Pair] = ()) -> None:
        """Another Hessian, made here, or the same; of what steps have shown, only these pairs are still believed."""
        self.age = self.age if solve is self.solve else 0
        self.index, self.solve, self.pairs, self.t, self.slow = index, solve, [*pairs], 1.0, False
        self.aim()


def descend(
    joint: Joint,
    fits: Fits,
    starts: Starts,
    curvatures: Curvatures | Estimates,
    goal: Goal,
    rounds: int = ROUNDS,
    on_round: Callable[[int], object] | None = None,
) -> Found:
    """Minimise N objectives together, each until it reaches its goal, or rounding rules.

    Parameters
    ----------
    joint : Joint
    fits : Fits
    starts : Starts
    curvatures : Curvatures or Estimates
    goal : Goal
    rounds : int
        Passes over the rows at most, Hessians apart.
    on_round : callable, optional
        Called with the number of fits that have ended.
    """
    M, (W, uses) = joint.shape[1], starts
    near = [curvatures.near(start) for start in W]
    states = [
        _Fit(W[u], near[u], curvatures.solver(near[u], int(fold), strength), strength)
        for u, fold, strength in zip(uses, fits.fold, fits.strength, strict=True)
    ]
    first = joint.slopes(W, fits, values=True) if goal.proved else joint.at(W, uses, fits)
    _arrive(states, W[uses], first, goal, curvatures.price)
    for _ in range(rounds):
        active = np.flatnonzero([not state.ended for state in states])
        if on_round is not None:
            on_round(len(states) - len(active))
        if len(active) == 0:
            break
        for i in active:
            if states[i].slow:
                curvatures.renew(states[i], int(fits.fold[i]))
        trials = np.stack([_centred(states[i].W + states[i].t * states[i].step) for i in active])
        close = all(states[i].decrement <= NEAR * abs(states[i].value) for i in active)
        some = fits.take(active)
        last = M == 1 and 2 * sum(states[i].foreseen(goal) for i in active) > len(active)  # then values are nearly free
        careful = not goal.proved and (last or not close)
        seen = joint.at(trials, np.arange(len(active)), some) if careful else joint.slopes(trials, some, goal.proved)
        _arrive([states[i] for i in active], trials, seen, goal, curvatures.price)
    W, grad = (np.stack(each) for each in zip(*((state.W, state.grad) for state in states), strict=True))
    steps, ended = (np.array(each) for each in zip(*((state.steps, state.ended) for state in states), strict=True))
    return Found(W, steps, grad, [state.seen for state in states], ended)


def _arrive(states: list[_Fit], W: np.ndarray, seen: Seen, goal: Goal, patience: float) -> None:
    for i, (state, place) in enumerate(zip(states, W, strict=True)):
        state.arrive(place, float(seen.value[i]), seen.grad[i], goal, patience)
        if state.W is place:
            state.seen = seen.take(slice(i, i + 1)) if state.ended and math.isfinite(seen.held[i]) else None


def _centred(W: np.ndarray) -> np.ndarray:
    """Class-centred for more than two classes."""
    return W if W.shape[1] == 1 else W - W.mean(axis=1, keepdims=True)
