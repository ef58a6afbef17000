"""What is left of an estimate where classes are separated: the limit of the fit along all directions that lose nothing.

These directions form a cone, R. Contrasts (of a row, between its own class and another) that gain along one of them cost nothing
in the end; the others are zero along all of R. So the infimum of the objective is that of the same rows with the first kind of
contrasts left out, and that problem has a minimum (docs/certificate.md), unique up to the span of R. A coefficient that nothing in
the span changes is finite and exact; one that rises (falls) all over the inside of R tends to inf (-inf).

Directions are collected until the remaining rows have a certified minimum, which is the proof that there are no more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from . import contrasts, rank, separation, tasks
from .backend import EPS, Array, largest, like, namespace, positions, to_numpy
from .contracts import Point, Stop
from .coordinates import Change
from .minimize import Solution, minimize
from .objective import LogisticObjective
from .outcome import Certificate, Limit, Status
from .proof import Prover
from .solvers.newton import Newton
from .tasks import Rows

MOST_COEFFICIENTS = 2000  # of a problem whose limit is looked for
MOST_WORK = 3e11  # multiplications for the span of the cone
FACES = 40  # directions that are collected at most
STEPS = Stop(max_iter=200)  # of the remaining problem
ZERO = 1e-9  # contrasts of size 1 that move by less are zero
STILL = 1e-7  # a coefficient that a direction of size 1 moves by less stays
MOST_SIGNS = 20_000  # coefficients to be compared along R, times its dimension
LINES = 20  # rows for each dimension of a cone in its first programme, and as many more as oppose the answer
UNDERFLOW = 750.0  # exp(-x) is zero


def completed(objective: LogisticObjective, solution: Solution, change: Change) -> Certificate:
    """The certificate of a separated fit with all that is known: a direction inside R, the columns that move along R, the limit.

    Parameters
    ----------
    objective : LogisticObjective
    solution : Solution
        With status ``separated``.
    change : Change
        The limit is given in the units outside.
    """
    found = solution.certificate
    q, M = objective.shape
    free = positions(objective.free())
    unknowns = (objective.loss.classes - 1) * len(free)
    work = objective.rows.count * max(objective.loss.classes - 1, 1) * unknowns**2
    if q * M > MOST_COEFFICIENTS or "hessian" not in objective.offers or work > MOST_WORK or found.direction is None:
        return found
    cone = _Cone(objective, free)
    rest = cone.exhausted(solution.point.W, found.direction)
    direction = cone.published(cone.direction)
    if rest is None:
        return replace(found, direction=direction, columns=_moving(abs(direction).max(axis=1), objective))
    tendency = cone.tendency(change)
    W = like(to_numpy(change.outward(cone.published(rest.W))), tendency)
    table = np.zeros((objective.loss.classes, q))
    table[-M:] = W.T
    limit = Limit(0.0 - rest.value * objective.rows.total, rest.gap * objective.rows.total, table, tendency)
    return replace(found, direction=direction, columns=_moving((tendency != 0).any(axis=(0, 1)), objective), limit=limit)


def remaining(objective: LogisticObjective, W: Array) -> tuple[Remaining, Array] | None:
    """The objective of separated classes without its decided contrasts, and where that has its minimum; None where it is unknown.

    Parameters
    ----------
    objective : LogisticObjective
    W : (q, M) array
        Where the search for a minimum of the whole stopped.
    """
    found = objective.diagnose(objective.at(W))
    if found is None or found.direction is None:
        return None
    cone = _Cone(objective, positions(objective.free()))
    rest = cone.exhausted(W, found.direction)
    return None if rest is None else (Remaining(objective, cone.rows, cone._flat()), rest.W)


def _moving(size: Array, objective: LogisticObjective) -> tuple[int, ...]:
    """The columns, the intercept apart, where ``size`` (q,) is not zero."""
    sizes = to_numpy(size).astype(float)[: objective.shape[0] - objective.intercept]
    return tuple(np.flatnonzero(sizes > 1e-6 * sizes.max(initial=0.0)).tolist())


class _Rest(NamedTuple):
    """The minimum of what remains: coefficients, value, proven gap."""

    W: Array
    value: float
    gap: float


class _OpenProver(Prover):
    audit = staticmethod(contrasts.audit)


class Remaining(LogisticObjective):
    """The objective of the rows without their decided contrasts.

    Parameters
    ----------
    whole : LogisticObjective
    rows : Rows
        Remainders of the rows of ``whole``.
    flat : (q * M, d) array
        Orthonormal: the coefficients, gauge included, that change no open contrast.
    """

    def __init__(self, whole: LogisticObjective, rows: Rows, flat: Array) -> None:
        super().__init__(whole.loss, whole.penalty, rows, whole.intercept)
        self.flat = flat
        self.prover = _OpenProver(self)
        self._null = whole.zeros()[:, :0]  # what does not matter is in ``flat``

    def canonical(self, W: Array) -> Array:
        """The coefficients with the same open contrasts that have the smallest norm."""
        moved = (self.flat @ (self.flat.T @ W.reshape(-1))).reshape(W.shape)
        if largest(moved) <= 4 * EPS * largest(W):
            return W
        centred: Array = W - moved
        return centred

    def temptation(self, W: Array) -> float:
        """How near a class that was set back comes to a row's own; below -``UNDERFLOW`` it has no part in anything."""
        if self.loss.columns == 1:
            return -math.inf
        return float(max(self.rows.executor.map(contrasts.temptation, self.rows.handles, self.loss, W)))

    def _assembled(self, point: Point, share: float = 1.0) -> Array:
        own = namespace(point.W).diag(self.penalty.curvature(point.W))
        grams = self.rows.executor.map_sum(tasks.hessian, self.rows.handles, self.loss, self.place(point), share)
        found: Array = tasks.joined(grams, self.shape[1], share * self.rows.total, own) + self.flat @ self.flat.T
        return found


class _Cone:
    """R, as far as it is known: a direction along which all that gains in R gains, and the rows that are left open by it."""

    def __init__(self, objective: LogisticObjective, free: np.ndarray) -> None:
        self.objective, self.free, self.loss, self.rows = objective, free, objective.loss, objective.rows
        self.null = objective.null_space()
        self.direction = objective.zeros()
        self.span = np.zeros((0, 0))  # ((K - 1) * f, d) orthonormal: directions that change no open contrast, but some other

    def exhausted(self, W: Array, direction: Array) -> _Rest | None:
        """Collect directions, the given one first, until what remains has a minimum; None where that cannot be shown."""
        for _ in range(FACES):
            direction = direction / largest(direction)
            self._leave_out(direction)
            self.span = self._span()
            if not any(self.rows.executor.map(contrasts.undecided, self.rows.handles, self.loss)):
                zeros = self.objective.zeros()
                return _Rest(zeros, self.objective.penalty.value(zeros), 0.0)
            solution = self._minimised(W)
            certificate = solution.certificate
            if certificate.status.certified:
                return _Rest(solution.point.W, certificate.value, certificate.gap)
            if certificate.direction is None:
                break
            W, direction = solution.point.W, certificate.direction
        return None

    def published(self, W: Array) -> Array:
        """(q, M): the same logits, class-centred and of minimum norm."""
        return rank.minimum_norm(self.objective.canonical(W), self.null, self.objective.intercept)

    def _leave_out(self, direction: Array) -> None:
        """Take a direction in, and its contrasts out of the rows."""
        rows, known = self.objective.rows, self.direction
        share = 1.0
        if largest(known) > 0:
            share = min(1.0, *(0.5 * room for room in rows.executor.map(contrasts.room, rows.handles, self.loss, known, direction)))
        self.direction = known + share * direction
        left = self.rows.executor.map(contrasts.remainder, self.rows.handles, self.loss, direction)
        self.rows = replace(self.rows, handles=self.rows.executor.put(left), count=0)

    def _span(self) -> np.ndarray:
        """The directions that change no open contrast, without those that change nothing at all."""
        f, others = len(self.free), self.loss.classes - 1
        triangle = self.rows.executor.map_merge(
            contrasts.triangle, self.rows.handles, contrasts.joined_triangles, self.loss, self.free
        )
        nothing = np.kron(np.eye(others), np.linalg.qr(to_numpy(self.null)[self.free])[0])
        basis = np.linalg.qr(nothing, mode="complete")[0][:, nothing.shape[1] :] if nothing.shape[1] else np.eye(others * f)
        _, sizes, turns = np.linalg.svd(triangle @ basis)
        tiny = np.concatenate([sizes, np.zeros(len(turns) - len(sizes))]) <= ZERO
        return np.asarray(basis @ turns[tiny].T)

    def _minimised(self, W: Array) -> Solution:
        """The minimum of what remains, once a class that cannot be chosen has probability zero."""
        while True:
            objective = Remaining(self.objective, self.rows, self._flat())
            solution = minimize(objective, Newton(), objective.canonical(W), STEPS)
            if solution.certificate.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            W = solution.point.W
            if self.loss.columns == 1 or not solution.certificate.status.certified:
                return solution
            near = objective.temptation(W)
            if near <= -UNDERFLOW:
                return solution
            back = self.rows.executor.map(contrasts.set_back, self.rows.handles, near + contrasts.GONE)
            self.rows = replace(self.rows, handles=self.rows.executor.put(back))

    def _flat(self) -> Array:
        """(q * M, d): an orthonormal basis of all that changes no open contrast, gauge included."""
        q, M = self.objective.shape
        zeros, still = self.objective.zeros(), np.kron(np.eye(self.loss.classes - 1), to_numpy(self.null)[self.free])
        moved = [separation.as_coefficients(v, self.free, self.loss, zeros) for v in (*self.span.T, *still.T)]
        columns = [to_numpy(B).reshape(-1) for B in moved]
        if M > 1:
            columns += [np.outer(e, np.ones(M)).reshape(-1) for e in np.eye(q)]
        return like(np.linalg.qr(np.stack(columns, axis=1))[0] if columns else np.zeros((q * M, 0)), zeros)

    # -------------------------------------------------------------------------------------------------------- signs along R

    def tendency(self, change: Change) -> np.ndarray:
        """(K, K, q): see :class:`logistic.outcome.Limit`."""
        K, q = self.loss.classes, self.objective.shape[0]
        found = np.zeros((K, K, q))
        moves = self._moves(change)  # (K, q, d)
        places, rates = [], []
        for k, m in itertools.combinations(range(K), 2):
            rate = moves[m] - moves[k]
            size = np.sqrt((rate**2).sum(axis=1))
            for j in np.flatnonzero(size > STILL):
                places.append((k, m, j))
                rates.append(rate[j] / size[j])
        if not places:
            return found
        signs = self._signs(np.array(rates))
        for (k, m, j), sign in zip(places, signs, strict=True):
            found[m, k, j], found[k, m, j] = sign * math.inf, -sign * math.inf
        return found

    def _moves(self, change: Change) -> np.ndarray:
        """(K, q, d): how the published coefficients of each class, in units near 1, change along each direction of the span."""
        K, (q, M), p = self.loss.classes, self.objective.shape, len(change.scale)
        found = np.zeros((K, q, self.span.shape[1]))
        far = 1.0 + float(abs(to_numpy(change.center / change.scale)).sum())
        for d, v in enumerate(self.span.T):
            B = self.published(separation.as_coefficients(v, self.free, self.loss, self.objective.zeros()))
            found[-M:, :, d] = to_numpy(B).T
            if self.objective.intercept:
                found[-M:, p, d] = to_numpy(change.outward(B))[-1] / far
        return found

    def _signs(self, rates: np.ndarray) -> np.ndarray:
        """1 or -1 for each coefficient that rises or falls all over R, NaN for the others; ``rates`` is (m, d)."""
        inside = separation.as_unknowns(self.direction, self.free, self.loss) @ self.span
        inside = inside / np.linalg.norm(inside)
        hints: np.ndarray = np.sign(rates @ inside)
        hints[abs(rates @ inside) <= STILL] = np.nan
        if self.span.shape[1] == 1:
            return hints
        if rates.size > MOST_SIGNS:
            return np.full(len(rates), np.nan)
        most = max(20, LINES * len(inside) // len(self.rows.handles))
        lines = self._lines(contrasts.hardest, self.direction, most)
        for i, rate in enumerate(rates):
            for _ in range(separation.ROUNDS):
                corner = None if np.isnan(hints[i]) else separation.programme(-hints[i] * rate, lines)
                if corner is None or hints[i] * rate @ corner >= -STILL:
                    break
                B = separation.as_coefficients(self.span @ corner, self.free, self.loss, self.objective.zeros())
                broken = self._lines(contrasts.opposed, B, most)
                if not len(broken):  # the corner is in R, so it tells of other coefficients too
                    hints[hints * (rates @ corner) < -STILL] = np.nan
                lines = np.concatenate([lines, broken])
            else:
                corner = None
            hints[i] = np.nan if corner is None else hints[i]
        return hints

    def _lines(self, task: Callable[..., np.ndarray], B: Array, limit: int) -> np.ndarray:
        """(m, d): contrasts of some rows that B picks, as functions of the coordinates in the span, of size 1."""
        rows = self.objective.rows
        full = np.concatenate(rows.executor.map(task, rows.handles, self.loss, B, limit, self.free)) @ self.span
        size = np.linalg.norm(full, axis=1)
        lines: np.ndarray = full[size > STILL] / size[size > STILL, None]
        return lines
