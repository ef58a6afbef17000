"""The one loop: every solver runs here, and here alone it is decided when to stop and how the fit ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from .backend import Array, largest
from .contracts import Certificate, Objective, Point, Record, Solution, Solver, Status, Stop
from .errors import InputError
from .solvers.newton import polish

POLISH_STEPS = 3
FLOOR = 1e-6  # relative gap above which an end without progress is a failure, not the floor of float64
POLISH_SIZE = 2000  # coefficients up to which exact Newton steps finish the last digits
FIRST_DIAGNOSIS = 16  # points without a certificate before separation is looked for; then four times as many, and so on


def minimize(
    objective: Objective,
    solver: Solver,
    W0: Array,
    stop: Stop,
    on_point: Callable[[Point], object] | None = None,
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
        Called with every point; a true answer ends the fit with status ``stopped``.

    Returns
    -------
    Solution
    """
    missing = solver.needs - objective.offers
    if missing:
        raise InputError(f"solver {solver.name!r} needs {', '.join(sorted(missing))}, which this objective does not offer")
    run = _Run(objective, stop, on_point)
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

    def __init__(self, objective: Objective, stop: Stop, on_point: Callable[[Point], object] | None) -> None:
        self.objective, self.stop, self.on_point = objective, stop, on_point
        self.start = time.monotonic()
        self.trace: list[Record] = []
        self.point: Point | None = None
        self.certificate: Certificate | None = None
        self.trigger = math.nan  # gradient size at which the certificate is worth its price
        self.next_diagnosis = FIRST_DIAGNOSIS

    def ends_at(self, point: Point) -> bool:
        """Record the point and decide."""
        size = largest(point.grad)
        self.trace.append(Record(len(self.trace), point.value, size, time.monotonic() - self.start))
        if not (math.isfinite(point.value) and math.isfinite(size)):
            self.point = self.point or point
            self.certificate = Certificate(point.value, math.inf, "none", size, Status.DIVERGED)
            return True
        self.point = point
        if self.on_point is not None and self.on_point(point):
            return self.settle(Status.STOPPED)
        if self._certified(point, size) or self._diagnosed(point):
            return True
        if len(self.trace) > self.stop.max_iter:
            return self.settle(Status.MAX_ITER)
        if self.stop.max_time is not None and time.monotonic() - self.start >= self.stop.max_time:
            return self.settle(Status.MAX_TIME)
        return False

    def settle(self, reason: Status | None) -> bool:
        """End here: certified after all, diagnosed, or for the given reason (None: the solver could go no further)."""
        if self.point is None:
            raise KeyboardInterrupt
        moved, found = self.objective.certify(self.point)
        if self._within(found):
            return self._accept(moved, found)
        diagnosis = None if reason is Status.INTERRUPTED else self.objective.diagnose(self.point)
        if diagnosis is not None:
            self.certificate = diagnosis
            return True
        if reason is None:
            reason = found.status
            if found.kind == "proof" and reason is not Status.RANK_DEFICIENT:
                tight = found.gap <= FLOOR * max(abs(found.value), 5e-324)
                reason = Status.PRECISION_FLOOR if tight else Status.UNDETERMINED
        self.point, self.certificate = moved, replace(found, status=reason)
        return True

    def solution(self) -> Solution:
        """What the loop found."""
        assert self.point is not None and self.certificate is not None
        return Solution(self.point, self.certificate, max(len(self.trace) - 1, 0), tuple(self.trace))

    def _certified(self, point: Point, size: float) -> bool:
        goal = self.stop.tol * max(abs(point.value), 5e-324)
        if math.isnan(self.trigger):
            self.trigger = goal**0.5  # columns are scaled, so the gap is about the squared gradient
        if size > self.trigger:
            return False
        moved, found = self.objective.certify(point)
        if self._within(found):
            return self._accept(moved, found)
        ratio = goal / found.gap if found.gap < math.inf else 0.0
        self.trigger = size * max(0.5 * min(ratio, 1.0) ** 0.5, 0.05)
        return False

    def _within(self, found: Certificate) -> bool:
        return found.kind != "none" and found.gap <= self.stop.tol * max(abs(found.value), 5e-324)

    def _accept(self, point: Point, found: Certificate) -> bool:
        """Finish the last digits where an exact Newton step is cheap, and keep the better certificate."""
        if "hessian" in self.objective.offers and math.prod(self.objective.shape) <= POLISH_SIZE:
            polished, better = self.objective.certify(polish(self.objective, point, POLISH_STEPS))
            if self._within(better):
                point, found = polished, better
        if found.kind == "proof" and found.status is not Status.RANK_DEFICIENT:
            found = replace(found, status=Status.CONVERGED)
        self.point, self.certificate = point, found
        return True

    def _diagnosed(self, point: Point) -> bool:
        if len(self.trace) < self.next_diagnosis:
            return False
        self.next_diagnosis *= 4
        self.certificate = self.objective.diagnose(point)
        return self.certificate is not None
