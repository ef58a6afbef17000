"""Where the lanes meet: rows from a source, a spec of choices, and out comes a model with its certificate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from .backend import Array, like, to_device, to_numpy
from .contracts import Block, Executor, Loss, Point, RawBlock, Solution, Solver, Source, Spec
from .coordinates import Change, InGivenUnits
from .encoding import Encoding, learn, resolution, scales
from .errors import InputError
from .executor import InProcess
from .loss import Binary, Softmax
from .minimize import minimize
from .model import Model, Strength
from .objective import LogisticObjective
from .outcome import Certificate, Record
from .penalty import L2
from .solvers import choose, named
from .sources.arrays import BLOCK_BYTES, block_rows
from .start import generator, start
from .tasks import Rows

PROBABLE_CLASSES = 16  # assumed when the size of a block is chosen, before the classes are known
BATCH_BLOCK_BYTES = 64 * 2**20  # for mini-batches: each draws rows from every block, so there should be few
DEVICE_BLOCK_BYTES = 2**29  # for a device other than this process


class Fit(NamedTuple):
    """A model and the solution behind it (in scaled columns)."""

    model: Model
    solution: Solution


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
    rng = generator(spec.seed)
    executor = executor or InProcess()
    raw = executor.put(list(source.blocks(_block_size(source, spec, asked))))
    frame = _Frame.learned(executor, raw, source, spec)
    objective = LogisticObjective(frame.loss, frame.penalty, frame.rows(executor, raw), spec.fit_intercept, rng)
    solver, why = choose(asked, objective)
    if solver.as_given:
        solver = InGivenUnits(solver, frame.change)
    shape = source.shape[1], len(frame.encoding.classes)
    given = start(spec.init, shape, frame.loss.columns, spec.fit_intercept, rng)
    W0 = frame.change.inward(frame.here(given))
    watched = None if validation is None else frame.watch(executor, validation)

    def seen(point: Point, record: Record) -> object:
        return on_point is not None and on_point(Snapshot(record, partial(frame.model, why, point)))

    solution = minimize(objective, solver, W0, spec.stop, seen, watched)
    return Fit(frame.model(why, solution.point, solution.certificate, solution.n_iter), solution)


def strength(spec: Spec, total_weight: float) -> float:
    """Alpha of mean loss + alpha * penalty; C * sum of losses + penalty is the same problem for alpha = 1 / (C * total weight)."""
    if spec.alpha is not None:
        return spec.alpha
    return 0.0 if spec.C is None else 1.0 / (spec.C * total_weight)


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
        "tol": spec.stop.tol,
        "max_iter": spec.stop.max_iter,
        "max_time": spec.stop.max_time,
    }
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
            raise InputError(f"{name} must be a number, but is {value!r}")
    if spec.C is not None and spec.alpha is not None:
        raise InputError(f"C={spec.C} and alpha={spec.alpha} both set the strength of the penalty; give one of them")
    if spec.C is not None and not spec.C > 0:
        raise InputError(f"C must be above 0, or inf for no penalty, but is {spec.C}")
    if spec.alpha is not None and not 0 <= spec.alpha < math.inf:
        raise InputError(f"alpha must be finite and at least 0 (0 for no penalty), but is {spec.alpha}")
    if not spec.stop.tol > 0:
        raise InputError(f"tol must be above 0, but is {spec.stop.tol}")
    if spec.stop.max_iter < 0:
        raise InputError(f"max_iter must be at least 0, but is {spec.stop.max_iter}")
    if spec.stop.max_time is not None and not spec.stop.max_time > 0:
        raise InputError(f"max_time must be above 0 seconds, or None, but is {spec.stop.max_time}")


def encoded(raw: RawBlock, encoding: Encoding, scale: np.ndarray, intercept: bool, device: str) -> Block:
    """One raw block, encoded, on the device."""
    block = encoding.block(raw, scale, intercept)
    if device == "auto":
        return block
    offset = None if block.offset is None else to_device(block.offset, device)
    return Block(block.X.to(device), to_device(block.y, device), to_device(block.weight, device), offset)


@dataclass(frozen=True)
class _Frame:
    """What was learned from the rows, and everything in which they are expressed before they meet a solver."""

    source: Source
    spec: Spec
    encoding: Encoding
    alpha: float

    @classmethod
    def learned(cls, executor: Executor, raw: list[Any], source: Source, spec: Spec) -> _Frame:
        encoding = learn(executor, raw, spec.fit_intercept, spec.class_weight)
        alpha = strength(spec, encoding.total)
        if not math.isfinite(alpha):
            raise InputError(f"C={spec.C} is too small for float64: 1 / (C * total weight) is infinite; use a larger C")
        return cls(source, spec, encoding, alpha)

    @property
    def loss(self) -> Loss:
        K = len(self.encoding.classes)
        return Binary() if K == 2 else Softmax(K)

    @cached_property
    def pull(self) -> np.ndarray:
        """(p,) root of the penalty's strength on each column, in the units of the data."""
        spread = self.encoding.spread
        units = np.where(spread > 0, spread, 1.0) if self.spec.standardize else np.ones(len(spread))
        return np.asarray(self.alpha**0.5 * units)

    @cached_property
    def scale(self) -> np.ndarray:
        """(p,) divisors of the columns."""
        return scales(self.encoding, self.pull, len(self.encoding.classes))

    @property
    def edge(self) -> np.ndarray:
        """Zero for the intercept, if there is one."""
        return np.zeros(int(self.spec.fit_intercept))

    @property
    def penalty(self) -> L2:
        return L2(1.0, self.here(np.concatenate([(self.pull / self.scale) ** 2, self.edge])))

    @cached_property
    def change(self) -> Change:
        center = np.zeros(len(self.scale)) if self.encoding.center is None else self.encoding.center
        return Change(self.here(self.scale), self.here(center), self.spec.fit_intercept)

    def here(self, values: np.ndarray) -> Array:
        """An array where the computation takes place."""
        return values if self.spec.device == "auto" else to_device(values, self.spec.device)

    def rows(self, executor: Executor, raw: list[Any], total: float | None = None) -> Rows:
        """The encoded rows, of the fit or of others with another total weight."""
        blocks = executor.map(encoded, raw, self.encoding, self.scale, self.spec.fit_intercept, self.spec.device)
        most = max(len(block.y) for block in blocks)
        fine = self.here(np.concatenate([resolution(self.encoding, self.scale), self.edge]))
        if total is None:
            total = self.encoding.total
        return Rows(executor, executor.put(blocks), most, total, fine)

    def watch(self, executor: Executor, source: Source) -> LogisticObjective:
        """The mean loss of other rows, without a penalty."""
        if source.shape[1] != len(self.scale):
            raise InputError(f"X of validation_data has {source.shape[1]} columns, but X has {len(self.scale)}")
        raw = list(source.blocks(_block_size(source, self.spec, None)))
        total = 0.0
        for part in raw:
            if part.y is None:
                raise InputError("validation_data has no labels; pass validation_data=(X, y)")
            self.encoding.refuse_unknown(part.y, "y of validation_data")
            weight = self.encoding.row_weights(part)
            total += len(part.y) if weight is None else float(weight.sum())
        if total == 0:
            raise InputError("no row of validation_data has a positive weight")
        none = L2(0.0, self.here(np.zeros(len(self.scale) + len(self.edge))))
        return LogisticObjective(self.loss, none, self.rows(executor, executor.put(raw), total), self.spec.fit_intercept)

    def model(self, why: str, point: Point, certificate: Certificate, n_iter: int) -> Model:
        """The point in the units of the data, class-centred for more than two classes."""
        p = len(self.scale)
        W = to_numpy(point.W)
        if W.shape[1] > 1:
            W = W - W.mean(axis=1, keepdims=True)
        direction = certificate.direction
        if direction is not None:
            direction = like(to_numpy(direction)[:p] / self.scale[:, None], W)
        C = 1 / (self.alpha * self.encoding.total) if self.alpha > 0 else math.inf
        return Model(
            classes=self.encoding.classes,
            features=self.source.features,
            coef=np.ascontiguousarray((W[:p] / self.scale[:, None]).T),
            base=W[p].copy() if len(W) > p else np.zeros(W.shape[1]),
            center=np.zeros(p) if self.encoding.center is None else self.encoding.center,
            penalty=Strength(self.alpha, C, self.spec.standardize),
            certificate=replace(certificate, direction=direction),
            n_iter=n_iter,
            solver=why,
            rows=self.source.shape[0],
            total=self.encoding.total,
        )


def _block_size(source: Source, spec: Spec, solver: Solver | None) -> int:
    """Rows of a block: what fits the caches, or few large ones where every block costs a call for every batch."""
    if spec.device != "auto":
        return block_rows(source.shape, PROBABLE_CLASSES, DEVICE_BLOCK_BYTES)
    batches = solver is not None and "batches" in solver.needs
    return block_rows(source.shape, PROBABLE_CLASSES, BATCH_BLOCK_BYTES if batches else BLOCK_BYTES)
