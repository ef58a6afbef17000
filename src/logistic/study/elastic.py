"""A study under a penalty with an L1 part: fold after fold, each strength from the optimum of the one before."""

from __future__ import annotations

import math

import numpy as np

from ..backend import overflow_allowed
from ..contracts import Executor, Spec
from ..errors import InputError
from ..minimize import minimize
from ..nonsmooth import NonsmoothObjective
from ..outcome import Status
from ..penalty import ElasticNet
from ..solvers import choose, named
from ..solvers.proxnewton import MANY
from ..sources import ArraySource
from .folds import WHOLE, Splits
from .grid import Grid, Rule
from .joint import Fits
from .proofs import Proved, Start
from .stretch import STEPS, Stretch, extrapolated
from .study import OUT_OF_TIME, Outcome, State, Study, Watch, nobody

HELD_BYTES = 2**26  # of coefficients whose losses on rows held out are measured in one pass
FINEST = 1e-12  # relative gap below which each fit is made alone, from digit to digit
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
        self._units: dict[int, ElasticNet] = {}  # for each fold, the penalty of strength 1

    def solve(self, watch: Watch = nobody) -> list[list[Outcome]]:
        """For each fold, :data:`WHOLE` first, the fits of all strengths in the order of the grid."""
        F, S = self.alphas.shape
        found = []
        for f in range(F):
            states: list[State] = []
            objective = self.folds.objective(f, self._penalty(f, 1.0))
            point, _ = objective.largest_strength()
            _, why = choose(self.solver, objective)
            here, stretch = Start(objective, point, np.asarray(point.grad), []), self._stretch(objective)
            while len(states) < S:
                proved = [] if stretch is None else self._several(f, len(states), here, stretch)
                for here, certificate, steps, loss in proved:
                    states.append(State(np.asarray(here.point.W), certificate, steps, why, loss))
                if not proved:
                    here, state = self._next(f, len(states), here)
                    states.append(state)
                watch(f * S + len(states), F * S)
            self._measured(f, states)
            outcomes = [self._outcome(f, s, state) for s, state in enumerate(states)]
            found.append([outcomes[s] for s in self._back])
        return found

    def _stretch(self, objective: NonsmoothObjective) -> Stretch | None:
        """Where there are so many coefficients in dense columns that a path had better look at few of them."""
        stop, many = self.spec.stop, math.prod(self.joint.shape) > MANY
        roomy = stop.tol >= FINEST and stop.max_iter >= STEPS and stop.max_time is None
        return Stretch(objective, stop.tol) if many and roomy and not objective.rows.sparse else None

    def _several(self, f: int, s: int, here: Start, stretch: Stretch) -> list[Proved]:
        """Some strengths from an optimum on, proved together."""
        alphas = [alpha for alpha in self.alphas[f, s : s + stretch.length].tolist() if alpha > 0]
        with overflow_allowed():
            return stretch.follow(here, [(alpha, self._penalty(f, alpha)) for alpha in alphas]) if alphas else []

    def _penalty(self, f: int, alpha: float) -> ElasticNet:
        if f not in self._units:
            self._units[f] = self.folds.elastic_net(f, 1.0, self.spec.l1_ratio)
        return self._units[f].times(alpha)

    def _next(self, f: int, s: int, here: Start) -> tuple[Start, State]:
        """One fit from the optimum before it, or if that fails, as if nobody else were there."""
        alpha = float(self.alphas[f, s])
        if alpha > 0:
            guess = extrapolated(here.ended, alpha, self.joint.intercept)
            objective = here.objective.with_penalty(self._penalty(f, alpha), here.point, guess)
            solver, why = choose(self.solver, objective)
            solution = minimize(objective, solver, here.point.W, self.spec.stop)
            if solution.certificate.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            if solution.certificate.status in ENDED:
                point = solution.point
                pull = np.asarray(point.grad - objective.penalty.gradient(point.W))
                loss = point.value - objective.penalty_value(point)
                state = State(np.asarray(point.W), solution.certificate, solution.n_iter, why, loss)
                return here.then(alpha, objective, point, pull), state
        return here, self._by_itself(f, s)

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
