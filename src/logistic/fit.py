"""Where the lanes meet: rows from a source, a spec of choices, and out comes a model with its certificate."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from . import recession, rowspace
from .backend import Array, is_finite, to_numpy
from .contracts import Executor, Objective, Point, RawBlock, Solver, Source, Spec
from .coordinates import AsGiven, InGivenUnits
from .designs import is_sparse
from .errors import InputError
from .executor import InProcess, Threads
from .firth import FirthObjective
from .frame import Frame, block_size
from .inference import covariance, likelihood
from .minimize import Solution, minimize
from .model import Model
from .objective import LogisticObjective
from .outcome import Certificate, Record, Statistics, Status, Stop
from .sample import drawn, thinned
from .solvers import choose, named
from .start import generator, start
from .tasks import Rows

TINY = 2**12  # numbers up to which no product is large enough to be shared by threads, whatever the classes
SAMPLE = 20_000  # rows whose optimum is a start, where there are ten times as many
SAMPLE_TOL, SAMPLE_STEPS = 1e-3, 25  # gained by a last step: about as near to that optimum as that is to the one of all rows


class Fit(NamedTuple):
    """A model and the solution behind it (in scaled columns)."""

    model: Model
    solution: Solution


class _Start(NamedTuple):
    """Where a solver starts, by whom in words, and how many steps have led there."""

    W: Array
    why: str
    steps: int = 0


class Snapshot:
    """A point of a running fit: its record, and on demand the model that it stands for.

    Attributes
    ----------
    record : Record
        Iteration, value of the objective, loss, gradient, seconds, and what else was measured.
    """

    def __init__(self, record: Record, publish: Callable[[Certificate, int], Model]) -> None:
        self.record, self._publish = record, publish

    @property
    def model(self) -> Model:
        """The model of this point, in the units of the data."""
        record = self.record
        return self._publish(Certificate(record.value, math.inf, "none", record.kkt), record.iteration)


def fit(
    source: Source,
    spec: Spec,
    *,
    executor: Executor | None = None,
    on_point: Callable[[Snapshot], object] | None = None,
    validation: Source | None = None,
) -> Fit:
    """Fit logistic (two classes) or softmax regression to its certified optimum.

    Parameters
    ----------
    source : Source
        Rows with labels (n,), or with distributions over the classes (n, K).
    spec : Spec
    executor : Executor, optional
        Who computes; this process by default.
    on_point : callable, optional
        Called with a :class:`Snapshot` of every point; a true answer stops the fit.
    validation : Source, optional
        Rows whose loss and accuracy are recorded at every point; they never enter the fit.

    Raises
    ------
    InputError
        For a choice or a row that cannot be used, in words.
    """
    check(spec)
    if source.shape[1] == 0 and not spec.fit_intercept:
        raise InputError("X has no columns and fit_intercept=False leaves nothing to fit; add a column or the intercept")
    asked = named(spec.solver)
    if asked is not None and asked.early is not None and validation is None:
        raise InputError(f"{asked!r} stops early by validation data; pass validation_data=(X, y), or patience=None")
    covariance.check(spec.covariance, grouped=getattr(source, "group", None) is not None)
    rng = generator(spec.seed)
    blocks = list(source.blocks(block_size(source, spec, asked)))
    with _local(source.shape, spec) if executor is None else nullcontext(executor) as workers:
        raw = workers.put(blocks)
        frame = Frame.learned(workers, raw, source, spec)
        objective = frame.objective(workers, raw, rng)
        kind = covariance.chosen(spec.covariance, frame.alpha > 0, objective)  # refused now, not after the fit
        solver, why = choose(asked, objective)
        if solver.as_given:
            solver = InGivenUnits(solver, frame.change)
        clock = time.monotonic()
        given = start(spec.init, source.shape[1], frame.encoding.classes, spec.fit_intercept, rng)
        first = _Start(frame.change.inward(frame.here(given)), why)
        if _worth_a_sample(blocks, spec, solver, objective):
            first = _Start(_begun(objective, frame, solver, first.W), f"{why}; begun on a sample of the rows")
        elif asked is None and executor is None and spec.device == "auto" and _from_zero(spec) and rowspace.worth_while(objective):
            first = _among_rows(objective, spec.stop, first)
        stop = _left(spec.stop, first.steps, time.monotonic() - clock)
        watched = None if validation is None else frame.watch(workers, validation)

        def seen(point: Point, record: Record) -> object:
            return on_point is not None and on_point(Snapshot(record, partial(frame.model, first.why, point)))

        solution = minimize(objective, solver, first.W, stop, seen, watched)
        if solution.certificate.status is Status.SEPARATED:
            solution = solution._replace(certificate=recession.completed(objective, solution, frame.change))
        model = frame.model(first.why, solution.point, solution.certificate, first.steps + solution.n_iter)
        model = replace(model, statistics=_statistics(workers, raw, frame, objective, solution, kind))
    return Fit(model, solution)


def problem(source: Source, spec: Spec) -> AsGiven:
    """What :func:`fit` minimises over these rows, in the units of the data: for somebody who steps a solver by hand.

    Raises
    ------
    InputError
        For a choice or a row that cannot be used, in words.
    """
    check(spec)
    workers = InProcess()
    raw = workers.put(list(source.blocks(block_size(source, spec, named(spec.solver)))))
    frame = Frame.learned(workers, raw, source, spec)
    objective = frame.objective(workers, raw, generator(spec.seed))
    if objective.l1 is not None:
        raise InputError(f"l1_ratio={spec.l1_ratio} has kinks at zero, where a solver meets no gradient; use l1_ratio=0")
    return AsGiven(objective, frame.change)


def _statistics(
    workers: Executor, raw: list[Any], frame: Frame, objective: LogisticObjective, solution: Solution, kind: str
) -> Statistics:
    """What the rows say about the coefficients; their covariance, of some kind or none, where they are a solution."""
    point, status = solution.point, solution.certificate.status
    found = likelihood.statistics(objective, point, workers, raw, frame.encoding, frame.offset)
    divisors = np.concatenate([frame.scale, frame.edge + 1])
    if isinstance(objective, FirthObjective):
        found = replace(found, penalised=found.log_likelihood + objective.log_determinant(point, divisors) / 2)
    if not kind or not (status.certified or status is Status.RANK_DEFICIENT):
        return found
    clusters = covariance.clusters(workers, raw) if kind == "cluster" else 0
    gradients = covariance.Gradients(
        frame.encoding, frame.scale, bool(frame.spec.fit_intercept), frame.loss, np.asarray(to_numpy(point.W))
    )
    meat = None if kind == "observed" else covariance.meat(workers, raw, gradients, clusters)
    found = covariance.with_covariance(found, objective, point, kind, meat, clusters)
    return covariance.rescaled(found, divisors)


def _worth_a_sample(blocks: list[RawBlock], spec: Spec, solver: Solver, objective: Objective) -> bool:
    """Whether all rows are so many more than a sample that its optimum costs next to nothing; sparse rows are cheap anyway."""
    if not _from_zero(spec) or "hessian" not in solver.needs or is_sparse(blocks[0].X):
        return False
    return sum(len(block.y) for block in blocks) >= 10 * _sample_rows(objective.shape)


def _from_zero(spec: Spec) -> bool:
    """Whether the start is nobody's choice, and there may be steps from it."""
    return isinstance(spec.init, str) and spec.init == "zeros" and spec.stop.max_iter > 0


def _among_rows(objective: LogisticObjective, stop: Stop, zero: _Start) -> _Start:
    """The optimum among combinations of the rows, or nearer to it; zero where that way ends at once."""
    begun = rowspace.begun(objective, stop.tol, stop.max_iter - 1)
    if begun is None:
        return zero
    return _Start(begun.W, f"newton among combinations of {objective.rows.count} rows; then {zero.why}", begun.steps)


def _left(stop: Stop, steps: int, seconds: float) -> Stop:
    """What remains of the iterations and the time that a fit may take."""
    max_time = None if stop.max_time is None else max(stop.max_time - seconds, 0.0)
    return stop._replace(max_iter=stop.max_iter - steps, max_time=max_time)


def _sample_rows(shape: tuple[int, ...]) -> int:
    return max(SAMPLE, 20 * math.prod(shape))


def _begun(objective: LogisticObjective, frame: Frame, solver: Solver, W0: Array) -> Array:
    """The optimum of a sample of the rows, the same one in every fit; W0 where the sample has no optimum.

    Where the Hessian of a share of the rows is to be had, a step with it leads on to the optimum of that share.
    """
    rows = objective.sample
    if rows is None:
        rows = drawn(objective.rows, _sample_rows(W0.shape) / objective.rows.count)
    if rows is None:
        return W0
    few = thinned(rows, max(rows.count // _sample_rows(W0.shape), 1))
    if few is None:
        return W0
    points = itertools.islice(solver(_of_sample(objective, frame, few), W0), SAMPLE_STEPS)
    value = next(points).value
    for point in points:
        if value - point.value <= SAMPLE_TOL * abs(value):
            break
        value = point.value
    else:
        return W0
    if "sampled" not in objective.offers or few.count == rows.count:
        return point.W
    nearer = _of_sample(objective, frame, rows).at(point.W)
    W = point.W - objective.metric(nearer)(nearer.grad)
    return W if is_finite(W) else point.W


def _of_sample(objective: LogisticObjective, frame: Frame, rows: Rows) -> LogisticObjective:
    return LogisticObjective(objective.loss, frame.prior(rows.total), rows, objective.intercept)


def _local(shape: tuple[int, int], spec: Spec) -> AbstractContextManager[Executor]:
    """Threads, a block for each: two that shared the many small products of a fit would spend their time waiting for each other."""
    shared = math.prod(shape) > TINY and spec.device == "auto"
    return Threads() if shared else nullcontext(InProcess())


def _check_bias(spec: Spec) -> None:
    """A bias is reduced of a maximum-likelihood fit, by a solver for it."""
    if spec.bias is None:
        return
    if not isinstance(spec.bias, str) or spec.bias != "firth":
        raise InputError(f"bias={spec.bias!r} is unknown; choose 'firth', or None for none")
    if spec.alpha or spec.C not in (None, math.inf):
        given = f"alpha={spec.alpha}" if spec.alpha else f"C={spec.C}"
        raise InputError(f"bias='firth' corrects the maximum-likelihood fit, and {given} is a penalty; use C=inf with bias='firth'")
    if spec.l1_ratio:
        raise InputError(f"bias='firth' goes with no penalty, but l1_ratio={spec.l1_ratio} names one; leave it out")
    solver = named(spec.solver)
    if solver is not None and not solver.needs <= {"gradient", "line", "hessian"}:
        raise InputError(f"bias='firth' is not fitted by solver={solver.name!r}; use 'newton' or 'lbfgs', or 'auto'")


def check(spec: Spec) -> None:
    """Refuse impossible choices, in words.

    Raises
    ------
    InputError
        Naming the argument, its value and what is allowed.
    """
    numbers = {
        "C": spec.C,
        "alpha": spec.alpha,
        "l1_ratio": spec.l1_ratio,
        "tol": spec.stop.tol,
        "max_iter": spec.stop.max_iter,
        "max_time": spec.stop.max_time,
    }
    for name, choice in (("fit_intercept", spec.fit_intercept), ("standardize", spec.standardize)):
        if not isinstance(choice, bool | np.bool_):
            raise InputError(f"{name} must be True or False, but is {choice!r}")
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
            raise InputError(f"{name} must be a number, but is {value!r}")
    if spec.C is not None and spec.alpha is not None:
        raise InputError(f"C={spec.C} and alpha={spec.alpha} both set the strength of the penalty; give one of them")
    if spec.C is not None and not spec.C > 0:
        raise InputError(f"C must be above 0, or inf for no penalty, but is {spec.C}")
    if spec.alpha is not None and not 0 <= spec.alpha < math.inf:
        raise InputError(f"alpha must be finite and at least 0 (0 for no penalty), but is {spec.alpha}")
    if not 0 <= spec.l1_ratio <= 1:
        raise InputError(f"l1_ratio must be from 0 (L2) to 1 (L1), but is {spec.l1_ratio}")
    if not spec.stop.tol >= 0:
        raise InputError(f"tol must be at least 0 (0 for as many steps as there may be), but is {spec.stop.tol}")
    if not spec.stop.max_iter >= 0:
        raise InputError(f"max_iter must be at least 0, but is {spec.stop.max_iter}")
    if spec.stop.max_time is not None and not spec.stop.max_time > 0:
        raise InputError(f"max_time must be above 0 seconds, or None, but is {spec.stop.max_time}")
    _check_bias(spec)
