"""The one loop: every solver runs here, and here alone it is decided when to stop and how the fit ended."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from .backend import EPS, Array, largest, overflow_allowed
from .contracts import Objective, Point, Solver, Stop
from .errors import InputError
from .outcome import Certificate, Record, Status
from .solvers.newton import Endgame

POLISH_STEPS = 3
FLOOR = 1e-6  # relative gap above which an end without progress is a failure, not the floor of float64
POLISH_SIZE = 2000  # coefficients up to which exact Newton steps finish the last digits
POLISH_TOL = 1e-8  # above which nobody asked for them
DIGITS = 1e-22  # relative gap that gradients promise, at which steps without a Hessian have found them
SEEN = 12  # points that the last digits may learn from
HOPE = 0.8  # share of the goal that the least possible gap may take before its proof is worth its price
FIRST_DIAGNOSIS = 16  # points without a certificate before separation is looked for; then four times as many, and so on


class Solution(NamedTuple):
    """Where the loop ended, and what it can say about it. ``n_iter`` counts points after the first."""

    point: Point
    certificate: Certificate
    n_iter: int
    trace: tuple[Record, ...]


def minimize(
    objective: Objective,
    solver: Solver,
    W0: Array,
    stop: Stop,
    on_point: Callable[[Point, Record], object] | None = None,
    validation: Objective | None = None,
) -> Solution:
    """Run a solver until its point is certified, or until there is a named reason to stop.

    Parameters
    ----------
    objective : Objective
    solver : Solver
        Its ``needs`` must be among the objective's ``offers``.
    W0 : array
        Where to start.
    stop : Stop
    on_point : callable, optional
        Called with every point and its record; a true answer ends the fit with status ``stopped``.
    validation : Objective, optional
        The loss on other rows, watched at every point; what the solver's ``early`` looks at.

    Returns
    -------
    Solution
    """
    missing = solver.needs - objective.offers
    if missing:
        raise InputError(f"solver {solver.name!r} needs {', '.join(sorted(missing))}, which this objective does not offer")
    run = _Run(objective, solver, stop, on_point, validation)
    with overflow_allowed():  # a point that is not finite ends the loop as ``diverged``
        try:
            for point in solver(objective, W0):
                if run.ends_at(point):
                    break
            else:
                run.settle(None)
        except KeyboardInterrupt:
            run.settle(Status.INTERRUPTED)
    return run.solution()


class _Run:
    """The state of one loop."""

    def __init__(
        self,
        objective: Objective,
        solver: Solver,
        stop: Stop,
        on_point: Callable[[Point, Record], object] | None,
        validation: Objective | None,
    ) -> None:
        self.objective, self.solver, self.stop, self.on_point, self.validation = objective, solver, stop, on_point, validation
        self.start = time.monotonic()
        self.trace: list[Record] = []
        self.point: Point | None = None
        self.seen: deque[Point] = deque(maxlen=SEEN)
        self.best: Point | None = None  # of the lowest value, or of the lowest validation loss where that decides
        self.best_loss = math.inf
        self.improved_loss, self.improved_at = math.inf, 0  # by min_delta at least
        self.gap = math.nan
        self.certificate: Certificate | None = None
        self.trigger = math.nan  # gradient size at which the certificate is worth its price
        self.margin = HOPE  # of the goal, below which the least possible gap is
        self.next_diagnosis = FIRST_DIAGNOSIS

    def ends_at(self, point: Point) -> bool:
        """Record the point and decide."""
        record = self._record(point)
        self.trace.append(record)
        if not (math.isfinite(point.value) and math.isfinite(record.kkt)):
            self.point = self.best or point
            self.certificate = Certificate(point.value, math.inf, "none", record.kkt, Status.DIVERGED)
            return True
        self.point = point
        self.seen.append(point)
        patient = self._patient(point, record)
        if self.on_point is not None and self.on_point(point, record):
            return self.settle(Status.STOPPED)
        if self.stop.max_iter == 0:
            return self.settle(Status.MAX_ITER)
        if self._certified(point, record.kkt) or self._diagnosed(point):
            return True
        if not patient:
            return self.settle(Status.EARLY_STOPPED)
        limit = self.stop.max_iter if self.solver.epochs is None else self.solver.epochs
        if record.iteration >= limit:
            return self.settle(Status.MAX_ITER if self.solver.epochs is None else Status.UNCERTIFIED)
        if self.stop.max_time is not None and time.monotonic() - self.start >= self.stop.max_time:
            return self.settle(Status.MAX_TIME)
        return False

    def _record(self, point: Point) -> Record:
        losses, self.objective.batch_losses = tuple(self.objective.batch_losses), []
        seen = (math.nan, math.nan)
        if self.validation is not None:
            there = self.validation.at(point.W)
            seen = there.value, self.validation.accuracy(there)
        watched = self.solver.watched or self.validation is not None
        return Record(
            iteration=len(self.trace),
            value=point.value,
            loss=point.value - self.objective.penalty_value(point),
            kkt=largest(self.objective.subgradient(point)),
            step=math.nan if self.point is None else largest(point.W - self.point.W),
            seconds=time.monotonic() - self.start,
            gap=self.gap,
            accuracy=self.objective.accuracy(point) if watched else math.nan,
            validation_loss=seen[0],
            validation_accuracy=seen[1],
            batch_losses=losses,
        )

    def _patient(self, point: Point, record: Record) -> bool:
        """Remember the best point; False where validation has waited too long for a better one."""
        early = self.solver.early
        loss = point.value if early is None else record.validation_loss
        if self.best is None or loss < self.best_loss:
            self.best, self.best_loss = point, math.inf if math.isnan(loss) else loss
        if early is None:
            return True
        if loss < self.improved_loss - early.min_delta:
            self.improved_loss, self.improved_at = loss, record.iteration
        return record.iteration - self.improved_at < early.epochs

    def settle(self, reason: Status | None) -> bool:
        """End here: certified after all, diagnosed, or for the given reason (None: the solver could go no further)."""
        if self.point is None:
            raise KeyboardInterrupt
        early = self.solver.early
        if self.best is not None and (reason is Status.INTERRUPTED or (early is not None and early.restore_best)):
            self.point = self.best
        moved, found = self.objective.certify(self.point)
        if self._within(found) and self.stop.max_iter > 0:
            if self._exact and self._last_digits:
                polished, better = self.objective.certify(
                    Endgame(self.objective, [moved]).polished(POLISH_STEPS), self._goal(found.value)
                )
                moved, found = (polished, better) if self._within(better) else (moved, found)
            return self._accept(moved, found)
        asked = reason in (Status.INTERRUPTED, Status.EARLY_STOPPED)
        diagnosis = None if asked else self.objective.diagnose(self.point)
        if diagnosis is not None:
            self.certificate = diagnosis
            return True
        if reason is None:
            reason = found.status
            if (found.kind == "proof" and reason is not Status.RANK_DEFICIENT) or reason is Status.CONVERGED:
                tight = found.gap <= FLOOR * max(abs(found.value), 5e-324)
                reason = Status.PRECISION_FLOOR if tight else Status.UNDETERMINED
            self.point, self.certificate = moved, replace(found, status=reason)
        else:  # where somebody stopped the fit, the answer is the point that they stopped at
            W = self.objective.canonical(self.point.W)
            self.point = self.point if W is self.point.W else self.objective.at(W)
            lost = max(self.point.value - moved.value, 0.0) + 16 * EPS * abs(moved.value)
            found = replace(found, value=self.point.value, gap=found.gap + lost)
            sound = found.kind == "proof" and self._within(found) and found.status is not Status.RANK_DEFICIENT
            self.certificate = replace(found, status=Status.CONVERGED if sound else reason)
        return True

    def solution(self) -> Solution:
        """What the loop found."""
        assert self.point is not None and self.certificate is not None
        known = self.certificate.gap if math.isfinite(self.certificate.gap) else math.nan
        self.trace[-1] = self.trace[-1]._replace(gap=known)
        return Solution(self.point, self.certificate, max(len(self.trace) - 1, 0), tuple(self.trace))

    def _certified(self, point: Point, size: float) -> bool:
        goal = self._goal(point.value)
        if math.isnan(self.trigger):
            self.trigger = goal**0.5  # columns are scaled, so the gap is about the squared gradient
        hoped = self.objective.outlook(point) if "outlook" in self.objective.offers else 0
        if size > self.trigger if hoped == 0 else hoped > self.margin * goal:
            return False
        cheap = hoped > 0 and "dual" in self.objective.offers  # to go on, and to prove
        if cheap and self._exact and self._last_digits and hoped > DIGITS * abs(point.value):
            return False
        if self._exact and not cheap:
            end = Endgame(self.objective, self.seen)
            if end.decrement / 2 > goal:
                return self._postponed(size, goal / end.decrement)
            if self._last_digits:
                point = end.polished(POLISH_STEPS)
        moved, found = self.objective.certify(point, goal)
        self.gap = found.gap if math.isfinite(found.gap) else math.nan
        if self._within(found):
            return self._accept(moved, found)
        return self._postponed(size, goal / found.gap if found.gap < math.inf else 0.0)

    def _postponed(self, size: float, ratio: float) -> bool:
        """No certificate yet: wait until the gradient has shrunk by what the gap, 1 / ratio times the goal, asks for."""
        self.trigger = size * max(0.7 * min(ratio, 1.0) ** 0.5, 0.05)
        self.margin /= 4
        return False

    @property
    def _exact(self) -> bool:
        """Whether exact Newton steps are cheap."""
        return "hessian" in self.objective.offers and math.prod(self.objective.shape) <= POLISH_SIZE

    @property
    def _last_digits(self) -> bool:
        """Whether so small a gap is asked for that all digits of the coefficients are."""
        return self.stop.tol <= POLISH_TOL

    def _goal(self, value: float) -> float:
        """The gap that is asked for."""
        return self.stop.tol * max(abs(value), 5e-324)

    def _within(self, found: Certificate) -> bool:
        return found.kind != "none" and found.gap <= self._goal(found.value)

    def _accept(self, point: Point, found: Certificate) -> bool:
        if found.kind == "proof" and found.status is not Status.RANK_DEFICIENT:
            found = replace(found, status=Status.CONVERGED)
        self.point, self.certificate = point, found
        return True

    def _diagnosed(self, point: Point) -> bool:
        if len(self.trace) < self.next_diagnosis or self.solver.epochs is not None:
            return False  # a solver with its own number of epochs runs them all; the diagnosis comes at the end
        self.next_diagnosis *= 4
        self.certificate = self.objective.diagnose(point)
        return self.certificate is not None
