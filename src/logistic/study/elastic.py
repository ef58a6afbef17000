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
from ..solvers.proxnewton import MANY
from ..sources import ArraySource
from .folds import WHOLE, Splits
from .joint import Fits
from .stretch import STEPS, Start, Stretch, extrapolated
from .study import OUT_OF_TIME, Grid, Outcome, Rule, State, Study, Watch, nobody

HELD_BYTES = 2**26  # of coefficients whose losses on rows held out are measured in one pass
ENDED = (Status.CONVERGED, Status.PRECISION_FLOOR, *OUT_OF_TIME)


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
            stretch, pull, s = self._stretch(objective), point.grad, 0
            alphas = self.alphas[f].tolist()
            while s < S:
                alpha = alphas[s]
                if stretch is not None and alpha > 0 and len(states) == s:
                    some = [(a, self.folds.elastic_net(f, a, self.spec.l1_ratio)) for a in alphas[s : s + stretch.length] if a > 0]
                    for (a, _), proved in zip(some, stretch.follow(Start(point, pull, ended), some)):
                        objective, point, pull = proved.objective, proved.point, proved.pull
                        ended = [*ended[-1:], (a, point.W)]
                        states.append(State(point.W, proved.certificate, proved.steps, self.why, proved.loss))
                    if len(states) > s:
                        s = len(states)
                        watch(f * S + s, F * S)
                        continue
                state = None
                if alpha > 0:
                    penalty = self.folds.elastic_net(f, alpha, self.spec.l1_ratio)
                    target = objective.with_penalty(penalty, point, extrapolated(ended, alpha, self.joint.intercept))
                    solution, reached = self._next(target, point)
                    if solution.certificate.status in ENDED:
                        objective, point, state = target, solution.point, reached
                        ended = [*ended[-1:], (alpha, reached.W)]
                if solution_kept := state is not None:
                    pull = point.grad - (objective.penalty.gradient(point.W) if objective.penalty.squares else 0)
                states.append(state or self._by_itself(f, s))
                s += 1
                watch(f * S + s, F * S)
            self._measured(f, states)
            outcomes = [self._outcome(f, s, state) for s, state in enumerate(states)]
            found.append([outcomes[s] for s in self._back])
        return found

    def _stretch(self, objective: NonsmoothObjective) -> Stretch | None:
        _, self.why = choose(self.solver, objective)
        stop = self.spec.stop
        if math.prod(self.joint.shape) <= MANY or objective.rows.sparse or stop.max_iter < STEPS or stop.max_time is not None:
            return None
        return Stretch(objective, stop.tol)

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
