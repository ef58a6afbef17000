"""A study: one model for each fold and each strength of a grid, for little more than the price of one.

The rows are encoded once. A path over all rows is followed first, on a sample of them where there are many; then all folds set out
from it together, so that a pass over the rows serves all fits. Whatever is not proved that way is fitted alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import metric
from ..backend import overflow_allowed
from ..contracts import Block, Executor, Metric, Point, Spec
from ..designs import Dense
from ..errors import InputError
from ..fit import fit
from ..frame import Frame, block_size
from ..minimize import minimize
from ..model import Model
from ..objective import LogisticObjective
from ..outcome import Certificate, Status
from ..penalty import L2
from ..solvers import NEWTON_SIZE, choose, named
from ..sources import ArraySource
from ..tasks import Place
from .chord import Curvatures, Estimates, Found, Goal, Starts, descend
from .folds import WHOLE, Folds, Splits, splits_of
from .grid import Grid, Rule, by_rule
from .joint import Fits, Joint, Seen
from .passes import part_of

GOAL = Goal(1e-23)  # squared decrement relative to the value: eleven digits of the coefficients
NEARLY = Goal(1e-6)  # the same for a start
MANY = 60  # rounds of fits that are too large for a Hessian, before they are left to themselves
FIRST_SAMPLE, TIMES = 4000, 8  # rows of the smallest sample, and how many times as many the next one has at least
CURVATURE_BYTES = 2**28  # of the Hessians and factors that are kept at a time
OUT_OF_TIME = (Status.MAX_ITER, Status.MAX_TIME)
FEW = 4  # passes that bring a start from a sample near the optimum of all rows

Watch = Callable[[int, int], object]
"""Called with the number of fits that have ended, and with that of all."""


def nobody(done: int, of: int) -> None:
    """Watches."""


def _more(watch: Watch, before: int, of: int, done: int) -> None:
    watch(before + done, of)


class Outcome(NamedTuple):
    """One fit.

    Attributes
    ----------
    model : Model
        Its rows, weights and certificate are those of what was learned from.
    loss : float
        Mean loss of what was learned from.
    held : float
        Mean loss of the rows held out, each with its own weight; NaN where there are none.
    """

    model: Model
    loss: float
    held: float


@dataclass
class State:
    """Where a fit has come to: coefficients in scaled columns, what is known, and the model where it was fitted elsewhere."""

    W: np.ndarray
    certificate: Certificate
    n_iter: int
    why: str
    loss: float = math.nan
    held: float = math.nan
    model: Model | None = None


class Study:
    """All fits of a grid.

    Parameters
    ----------
    executor : Executor
        Of this process.
    source : ArraySource
    spec : Spec
        Its strength does not count.
    grid : Grid
    splits : Splits

    Raises
    ------
    InputError
        For a solver that ends without a certificate, or a fold that has nothing to learn from.
    """

    def __init__(self, executor: Executor, source: ArraySource, spec: Spec, grid: Grid | Rule, splits: Splits) -> None:
        self.executor, self.source, self.spec, self.splits = executor, source, spec, splits
        self.solver = named(spec.solver)
        if self.solver is not None and (self.solver.watched or self.solver.as_given):
            raise InputError(f"{self.solver!r} has no certificate to share; use solver='auto', 'newton' or 'lbfgs'")
        raw = list(source.blocks(block_size(source, spec, self.solver)))
        frame = Frame.learned(executor, executor.put(raw), source, spec._replace(C=None, alpha=0.0))
        if isinstance(grid, Rule):
            alone = splits_of([], source.shape[0])
            whole = Folds.encoded(executor, frame, source, raw, alone)
            with overflow_allowed():
                grid = by_rule(grid, whole, inverse=len(splits.held) > 1)
        self.asked = grid
        alphas = grid.alphas(frame.encoding.total)
        if not np.isfinite(alphas).all():
            raise InputError(
                f"C={grid.values.min():g} is too small for float64: 1 / (C * total weight) is infinite; use a larger C"
            )
        weakest = float(min(alphas[alphas > 0], default=0.0))
        frame = replace(frame, spec=frame.spec._replace(alpha=weakest))  # columns have one scale for all strengths
        self.folds = Folds.encoded(executor, frame, source, raw, splits)
        self.joint = self.folds.joint
        values, self._back = np.unique(grid.values, return_inverse=True)
        if not grid.inverse:
            values, self._back = values[::-1], len(values) - 1 - self._back
        self.grid = Grid(values, grid.inverse)  # each once, from strong to weak
        self.alphas = np.array([self.grid.alphas(total) for total in self.folds.totals])  # (F, S)

    @property
    def together(self) -> bool:
        """Whether the fits are so small that Hessians are cheap, and no estimate of them is to be had for less."""
        newton = self.solver is None or self.solver.name == "newton"
        return newton and math.prod(self.joint.shape) <= NEWTON_SIZE and not self._estimable

    @property
    def _estimable(self) -> bool:
        """Whether an estimate of the inverse Hessian is worth its price."""
        return "metric" in metric.offered(self.folds.rows, self.joint.shape)

    def solve(self, watch: Watch = nobody) -> list[list[Outcome]]:
        """For each fold, :data:`WHOLE` first, the fits of all strengths in the order of the grid."""
        F, S = self.alphas.shape
        states: dict[tuple[int, int], State] = {}
        start = np.zeros((1, *self.joint.shape))
        for chosen in self._chunks() if self.together else []:
            states.update(self._together(chosen, start, partial(_more, watch, len(states), F * S)))
            start = states[WHOLE, chosen[-1]].W[None]
        if self._estimable:
            self._side_by_side(states, watch)
        done = sum(self._proved(state) for state in states.values())
        for s in range(S):
            for f in range(F):
                if (f, s) not in states or not self._proved(states[f, s]):
                    states[f, s] = self._alone(f, s, states)
                    done += 1
                    watch(done, F * S)
        return [[self._outcome(f, int(s), states[f, int(s)]) for s in self._back] for f in range(F)]

    # ------------------------------------------------------------------------------------------------------------ together

    def _chunks(self) -> list[list[int]]:
        """Strengths above 0, so many at a time as their Hessians may take memory."""
        most = max(int(CURVATURE_BYTES / (8 * math.prod(self.joint.shape) ** 2 * (len(self.alphas) + 1))), 1)
        positive = [s for s in range(self.alphas.shape[1]) if (self.alphas[:, s] > 0).all()]
        return [positive[first : first + most] for first in range(0, len(positive), most)]

    def _together(self, chosen: list[int], start: np.ndarray, watch: Callable[[int], object]) -> dict[tuple[int, int], State]:
        """All folds at some strengths."""
        near = self._begun(chosen, start)
        F, fits = len(self.alphas), self._fits(range(len(self.alphas)), chosen)
        starts = Starts(near, np.repeat(np.arange(len(chosen)), F))
        found = descend(self.joint, fits, starts, Curvatures(self.joint, self._nearness), GOAL, on_round=watch)
        why = f"newton: {math.prod(self.joint.shape)} coefficients, with Hessians that fits share"
        return self._seen(found, fits, [(f, s) for s in chosen for f in range(F)], why)

    def _seen(self, found: Found, fits: Fits, pairs: list[tuple[int, int]], why: str) -> dict[tuple[int, int], State]:
        """What is known of fits where they ended."""
        unseen = np.array([i for i, each in enumerate(found.seen) if each is None], dtype=int)
        shown = list(found.seen)
        if len(unseen):
            W, some = found.W[unseen], fits.take(unseen)
            known = found.grad[unseen] if found.grad is not None and self.joint.shape[1] == 1 else None  # of many classes they are
            late = self.joint.at(W, np.arange(len(W)), some, known)  # rounded more than a certificate counts
            for k, i in enumerate(unseen):
                shown[i] = late.take(slice(k, k + 1))
        seen = Seen.joined([each for each in shown if each is not None])
        certificates = self.joint.certificates(found.W, fits, seen, self.folds.swell)
        states = {}
        for i, pair in enumerate(pairs):
            states[pair] = State(found.W[i], certificates[i], int(found.steps[i]), why)
            self._measure(states[pair], pair[0], seen, i)
        return states

    def _side_by_side(self, states: dict[tuple[int, int], State], watch: Watch) -> None:
        """Strength after strength, all folds from where the last two point, with few estimates of the inverse Hessian."""
        F, S = self.alphas.shape
        W = np.zeros((F, *self.joint.shape))
        for s in (s for s in range(S) if (self.alphas[:, s] > 0).all()):
            fits = self._fits(range(F), [s])
            start = np.stack([self._start(f, s, states) for f in range(F)])
            estimates = Estimates(self._estimated, W[WHOLE], fits.strength[WHOLE], own=not self.folds.rows.sparse)
            found = descend(
                self.joint, fits, Starts(start, np.arange(F)), estimates, Goal(self.spec.stop.tol / 2, proved=True), rounds=MANY
            )
            W = self.joint.with_best_intercepts(found.W, fits)
            states.update(
                self._seen(
                    found._replace(W=W, grad=None, seen=[None] * len(W)),
                    fits,
                    [(f, s) for f in range(F)],
                    "lbfgs: folds side by side, with one metric",
                )
            )
            watch(len(states), F * S)
            if not found.ended.all():
                break  # weaker strengths take longer still

    def _start(self, f: int, s: int, states: dict[tuple[int, int], State]) -> np.ndarray:
        """Where the fit has come to, or where stronger penalties point, or the optimum of all rows."""
        if (f, s) not in states and s > 1:
            return self._foreseen(s, states[f, s - 1].W, states[f, s - 2].W)
        near = next((states[pair] for pair in ((f, s), (WHOLE, s), (f, s - 1)) if pair in states), None)
        return np.zeros(self.joint.shape) if near is None else near.W

    def _foreseen(self, s: int, last: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Where the optima at the two strengths before point: as far on as the logarithm of the strength, at most as far again."""
        steps = np.diff(np.log(self.alphas[WHOLE, s - 2 : s + 1]))
        return np.asarray(last + min(steps[1] / steps[0], 1.0) * (last - before))

    def _estimated(self, W: np.ndarray, fold: int, strength: np.ndarray) -> Metric:
        """An inverse Hessian, as far as it is cheap to know; the rows of a fold are its own, and so are the logits they keep."""
        return metric.metric(self.folds.alone(fold), self.joint.loss, Place(W, (-1, 0)), strength, self.joint.intercept)

    def _measure(self, state: State, fold: int, seen: Seen, i: int) -> None:
        state.loss = float(seen.loss[i])
        state.held = float(seen.held[i] / self.folds.held[fold]) if fold != WHOLE else math.nan

    def _fits(self, folds: range | list[int], chosen: list[int]) -> Fits:
        """Those of some folds at some strengths, strength by strength."""
        pairs = [(f, s) for s in chosen for f in folds]
        strength = np.array([self.folds.strength(f, float(self.alphas[f, s])) for f, s in pairs])
        return Fits(np.array([f for f, _ in pairs]), strength)

    def _begun(self, chosen: list[int], start: np.ndarray) -> np.ndarray:
        """(S, q, M) near the optima of all rows at some strengths."""
        fits, uses = self._fits([WHOLE], chosen), np.arange(len(chosen))
        W, curvatures = np.repeat(start, len(chosen), axis=0), None
        for joint in self._samples():
            curvatures = Curvatures(joint, 0.1)
            W = descend(joint, fits, Starts(W, uses), curvatures, NEARLY).W
        if curvatures is not None:
            return descend(self.joint, fits, Starts(W, uses), curvatures, Goal(self._nearness**2), rounds=FEW).W
        return descend(self.joint, fits, Starts(W, uses), Curvatures(self.joint, 0.1), Goal(self._nearness**2)).W

    @property
    def _nearness(self) -> float:
        """How far the optima of folds lie from that of all rows, in the norm of the Hessian of the mean loss, about."""
        size, rows, folds = math.prod(self.joint.shape), self.folds.frame.count, max(len(self.alphas) - 1, 2)
        return float(min(0.5 * (size / (rows * (folds - 1))) ** 0.5, 0.1))

    def _samples(self) -> list[Joint]:
        """Some of the rows, then more of them, before all."""
        size, count = math.prod(self.joint.shape), self.folds.frame.count
        rows, found = max(FIRST_SAMPLE, 20 * size), []
        while not self.folds.rows.sparse and rows * TIMES <= count:
            found.append(self._sample(rows / count))
            rows *= TIMES
        return found

    def _sample(self, share: float) -> Joint:
        """A share of the rows, the same ones in every study, as one part: more of them would cost more than their rows."""
        rng, joint = np.random.default_rng(0), self.joint
        blocks, counts = [], []
        for part in self.folds.pieces:
            n = len(part.block.y)
            rows = np.sort(rng.choice(n, math.ceil(share * n), replace=False))
            offset = None if part.block.offset is None else part.block.offset[rows]
            X = Dense(part.block.X.take(rows).ready().dense())
            blocks.append(Block(X, part.block.y[rows], part.block.weight[rows], offset))
            counts.append((part.learned[:1, rows], part.held[:1, rows]))
        block = _stacked(blocks)
        learned, held = (np.concatenate(each, axis=1) for each in zip(*counts, strict=True))
        handles = self.executor.put([part_of(block, learned, held, None, None)])
        totals = np.array([float(block.weight.sum())])
        return Joint(self.executor, handles, joint.loss, totals, joint.resolution, len(block.y), joint.intercept)

    # --------------------------------------------------------------------------------------------------------------- alone

    def _proved(self, state: State) -> bool:
        certificate = state.certificate
        return certificate.kind == "proof" and certificate.gap <= self.spec.stop.tol * max(abs(certificate.value), 5e-324)

    def _alone(self, f: int, s: int, states: dict[tuple[int, int], State]) -> State:
        """One fit for itself: on the shared rows, from where it has come to, or as if nobody else were there."""
        shares = not self.together and self.alphas[f, s] > 0
        state = self._beside(f, s, self._start(f, s, states)) if shares else None
        if state is not None and (before := states.get((f, s))) is not None:
            state = replace(state, n_iter=before.n_iter + state.n_iter, why=f"{before.why}; then {state.why}")
        if state is None or state.certificate.status not in (Status.CONVERGED, Status.PRECISION_FLOOR, *OUT_OF_TIME):
            state = self._by_itself(f, s)
        fits = Fits(np.array([f]), np.zeros((1, self.joint.shape[0])))
        self._measure(state, f, self.joint.at(state.W[None], np.zeros(1, dtype=int), fits), 0)
        return state

    def _beside(self, f: int, s: int, W0: np.ndarray) -> State:
        """On the rows as they are encoded for all, under the weights of the fold."""
        penalty = L2(1.0, self.folds.strength(f, float(self.alphas[f, s])))
        objective = LogisticObjective(self.joint.loss, penalty, self.folds.alone(f), self.joint.intercept)
        solver, why = choose(self.solver, objective)
        found = minimize(objective, solver, W0, self.spec.stop)
        if found.certificate.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return State(np.asarray(found.point.W), found.certificate, found.n_iter, why)

    def _by_itself(self, f: int, s: int) -> State:
        """On a copy of the rows that the fold learns from."""
        source, chosen = self.source, np.flatnonzero(self.splits.learned[f])
        counts = self.splits.learned[f][chosen]
        weight = None if source.weight is None else source.weight[chosen]
        if (counts > 1).any():
            weight = counts * (1.0 if weight is None else weight)
        assert source.y is not None
        y, offset = source.y[chosen], None if source.offset is None else source.offset[chosen]
        alone = ArraySource(source.X[chosen], y, weight, offset, source.features)
        model = fit(alone, self.spec._replace(C=None, alpha=float(self.alphas[f, s])), executor=self.executor).model
        if model.certificate.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        given = np.concatenate([model.coef.T, model.intercept[None]]) if self.joint.intercept else model.coef.T
        W = np.asarray(self.folds.frame.change.inward(given))
        return State(W, model.certificate, model.n_iter, model.solver, model=model)

    def _outcome(self, f: int, s: int, state: State) -> Outcome:
        model = state.model
        if model is None:
            certificate = replace(state.certificate, status=Status.CONVERGED) if self._proved(state) else state.certificate
            point = Point(state.W, certificate.value, state.W, None)
            model = self.folds.frame.model(state.why, point, certificate, state.n_iter)
        if f != WHOLE:
            rows = int((self.splits.learned[f] > 0).sum())
            model = replace(model, rows=rows, total=float(self.folds.totals[f]), fingerprint="")
        penalty = self.grid.penalty(s, float(self.folds.totals[f]), self.spec)
        return Outcome(replace(model, penalty=penalty), state.loss, state.held)


def _stacked(blocks: list[Block]) -> Block:
    """Dense blocks below each other, with columns that lie one after another."""
    offsets = [np.asarray(block.offset) for block in blocks if block.offset is not None]
    X = np.concatenate([np.asarray(block.X.dense()).T for block in blocks], axis=1).T
    y, weight = (np.concatenate([np.asarray(getattr(block, name)) for block in blocks]) for name in ("y", "weight"))
    return Block(Dense(X), y, weight, np.concatenate(offsets) if offsets else None)
