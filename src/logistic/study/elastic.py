"""A study under a penalty with an L1 part: fold after fold, each strength from the optimum of the one before."""

from __future__ import annotations

import math

import numpy as np

from ..contracts import Executor, Point, Spec
from ..errors import InputError
from ..minimize import Solution, minimize
from ..nonsmooth import NonsmoothObjective
from ..outcome import Status
from ..solvers import choose, named
from ..sources import ArraySource
from .folds import WHOLE, Splits
from .joint import Fits
from .study import OUT_OF_TIME, Grid, Outcome, Rule, State, Study, Watch, nobody

HELD_BYTES = 2**26  # of coefficients whose losses on rows held out are measured in one pass
ENDED = (Status.CONVERGED, Status.PRECISION_FLOOR, *OUT_OF_TIME)


def extrapolated(ended: list[tuple[float, np.ndarray]], alpha: float, intercept: bool) -> np.ndarray | None:
    """(q, M): the straight line through the last two optima, at ``alpha``; what is zero, or would change its sign, is zero."""
    if len(ended) < 2:
        return None
    (before, V), (last, W) = ended
    found: np.ndarray = W + (alpha - last) / (last - before) * (W - V)
    held = found * W > 0
    if intercept:
        held[-1] = True
    found[~held] = 0.0
    return found


class ElasticStudy(Study):
    """All fits of a grid under a share of L1.

    The rows are encoded once; a fold is their weights. Each fit is certified by itself, see :mod:`logistic.nonsmooth`.

    Parameters
    ----------
    executor, source, spec, grid, splits
        As for :class:`Study`; ``spec.l1_ratio`` is above 0.
    """

    def __init__(self, executor: Executor, source: ArraySource, spec: Spec, grid: Grid | Rule, splits: Splits) -> None:
        asked = named(spec.solver)
        if asked is not None and asked.name != "proxnewton":
            raise InputError(
                f"solver={asked.name!r} needs a gradient everywhere, and an L1 penalty has none at zero; "
                "use solver='proxnewton' or 'auto', or no share of L1"
            )
        super().__init__(executor, source, spec, grid, splits)

    def solve(self, watch: Watch = nobody) -> list[list[Outcome]]:
        """For each fold, :data:`WHOLE` first, the fits of all strengths in the order of the grid."""
        F, S = self.alphas.shape
        found = []
        for f in range(F):
            states: list[State] = []
            objective = self.folds.objective(f, self.folds.elastic_net(f, 1.0, self.spec.l1_ratio))
            point, _ = objective.largest_strength()
            ended: list[tuple[float, np.ndarray]] = []  # strengths and optima
            for s, alpha in enumerate(self.alphas[f].tolist()):
                state = None
                if alpha > 0:
                    penalty = self.folds.elastic_net(f, alpha, self.spec.l1_ratio)
                    target = objective.with_penalty(penalty, point, extrapolated(ended, alpha, self.joint.intercept))
                    solution, reached = self._next(target, point)
                    if solution.certificate.status in ENDED:
                        objective, point, state = target, solution.point, reached
                        ended = [*ended[-1:], (alpha, reached.W)]
                states.append(state or self._by_itself(f, s))
                watch(f * S + s + 1, F * S)
            self._measured(f, states)
            outcomes = [self._outcome(f, s, state) for s, state in enumerate(states)]
            found.append([outcomes[s] for s in self._back])
        return found

    def _next(self, objective: NonsmoothObjective, point: Point) -> tuple[Solution, State]:
        """One fit from the optimum before it."""
        solver, why = choose(self.solver, objective)
        solution = minimize(objective, solver, point.W, self.spec.stop)
        if solution.certificate.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        found = solution.point
        loss = found.value - objective.penalty_value(found)
        return solution, State(np.asarray(found.W), solution.certificate, solution.n_iter, why, loss)

    def _measured(self, f: int, states: list[State]) -> None:
        """Losses that are not known: those of rows held out, and of fits that were made elsewhere."""
        wanted = [state for state in states if f != WHOLE or math.isnan(state.loss)]
        most = max(HELD_BYTES // (8 * math.prod(self.joint.shape)), 1)
        for first in range(0, len(wanted), most):
            some = wanted[first : first + most]
            fits = Fits(np.full(len(some), f), np.zeros((len(some), self.joint.shape[0])))
            seen = self.joint.at(np.stack([state.W for state in some]), np.arange(len(some)), fits)
            for i, state in enumerate(some):
                self._measure(state, f, seen, i)
