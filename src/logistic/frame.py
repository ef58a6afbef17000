"""What was learned from the rows, and everything in which they are expressed before they meet a solver."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .backend import Array, like, to_device, to_numpy
from .contracts import Block, Executor, Loss, Penalty, Point, RawBlock, Solver, Source, Spec
from .coordinates import Change
from .designs import NEAR
from .encoding import SOLID, Encoding, learn, refuse_unknown, resolution, scales
from .errors import InputError
from .firth import FirthObjective
from .loss import Binary, Softmax
from .model import Model
from .nonsmooth import NonsmoothObjective
from .objective import LogisticObjective
from .outcome import Certificate
from .penalty import L2, ElasticNet
from .sources.arrays import BLOCK_BYTES, block_rows, check_names, sparse_block_rows
from .strength import Strength
from .tasks import Rows

PROBABLE_CLASSES = 16  # assumed when the size of a block is chosen, before the classes are known
BATCH_BLOCK_BYTES = 64 * 2**20  # for mini-batches: each draws rows from every block, so there should be few
DEVICE_BLOCK_BYTES = 2**29  # for a device other than this process
ENOUGH_ROWS = 400  # of a dense block for an L1 fit
SOLID_L1 = 2**24  # numbers up to which an L1 fit holds the scaled columns as one array, 128 MiB: it goes over them most often
MOST_ROOT = 1e150  # so strongly penalised, a coefficient is zero; its square is finite


def block_size(source: Source, spec: Spec, solver: Solver | None) -> int:
    """Rows of a block: what fits the caches, or few large ones where every block costs a call for every batch."""
    batches = solver is not None and "batches" in solver.needs
    stored = getattr(source, "stored", None)
    if spec.l1_ratio > 0 and spec.device == "auto" and stored is None and source.shape[0] * source.shape[1] <= SOLID_L1:
        return max(source.shape[0], 1)
    size = DEVICE_BLOCK_BYTES if spec.device != "auto" else BATCH_BLOCK_BYTES if batches else BLOCK_BYTES
    if stored is not None:
        return sparse_block_rows(source.shape, stored, size)
    if spec.l1_ratio > 0 and spec.device == "auto":  # its working sets are few of the columns: they should not lie in crumbs
        size = max(size, min(8 * source.shape[1] * ENOUGH_ROWS, BATCH_BLOCK_BYTES))
    return block_rows(source.shape, PROBABLE_CLASSES, size)


def strength(spec: Spec, total_weight: float) -> float:
    """Alpha of mean loss + alpha * penalty; C * sum of losses + penalty is the same problem for alpha = 1 / (C * total weight)."""
    if spec.alpha is not None:
        return spec.alpha
    return 0.0 if spec.C is None else 1.0 / (spec.C * total_weight)


def encoded(raw: RawBlock, encoding: Encoding, scale: np.ndarray, intercept: bool, solid: int, device: str) -> Block:
    """One raw block, encoded, on the device."""
    block = encoding.block(raw, scale, intercept, solid)
    if device == "auto":
        return block
    offset = None if block.offset is None else to_device(block.offset, device)
    return Block(block.X.to(device), to_device(block.y, device), to_device(block.weight, device), offset)


def has_offset(raw: RawBlock) -> bool:
    """Whether the rows came with an offset."""
    return raw.offset is not None


@dataclass(frozen=True)
class Frame:
    """The rows' own choices of coordinates, and the model that a point in them stands for.

    Attributes
    ----------
    features : tuple of str or None
    count : int
        Rows seen.
    spec : Spec
    encoding : Encoding
    offset : bool
        Whether the rows have an offset.
    """

    features: tuple[str, ...] | None
    count: int
    spec: Spec
    encoding: Encoding
    offset: bool

    @classmethod
    def learned(cls, executor: Executor, raw: list[Any], source: Source, spec: Spec) -> Frame:
        """From the rows of one fit."""
        refuse = getattr(source, "check", None)  # of a source that left it to us to find out
        encoding = learn(executor, raw, spec.fit_intercept, spec.class_weight, refuse=refuse)
        return cls(source.features, source.shape[0], spec, encoding, any(executor.map(has_offset, raw[:1])))

    @cached_property
    def alpha(self) -> float:
        """The strength of the penalty against the mean loss."""
        alpha = strength(self.spec, self.encoding.total)
        if not math.isfinite(alpha):
            raise InputError(f"C={self.spec.C} is too small for float64: 1 / (C * total weight) is infinite; use a larger C")
        return alpha

    @cached_property
    def fingerprint(self) -> str:
        """By which the rows are known again."""
        return self.encoding.fingerprint(self.count)

    @property
    def loss(self) -> Loss:
        """Binary for two classes, softmax for more."""
        K = len(self.encoding.classes)
        return Binary() if K == 2 else Softmax(K)

    @cached_property
    def pull(self) -> np.ndarray:
        """(p,) root of the strength of the squares' penalty on each column, in the units of the data."""
        return np.asarray((self.alpha * (1 - self.spec.l1_ratio)) ** 0.5 * self.units)

    @cached_property
    def units(self) -> np.ndarray:
        """(p,) by which a coefficient in the units of the data is multiplied before it is penalised."""
        deviation = self.encoding.deviation
        return np.where(deviation > 0, deviation, 1.0) if self.spec.standardize else np.ones(len(deviation))

    @cached_property
    def scale(self) -> np.ndarray:
        """(p,) divisors of the columns."""
        return scales(self.encoding, self.pull, len(self.encoding.classes))

    @property
    def edge(self) -> np.ndarray:
        """Zero for the intercept, if there is one."""
        return np.zeros(int(self.spec.fit_intercept))

    @property
    def penalty(self) -> Penalty:
        """On scaled columns."""
        if self.spec.l1_ratio == 0 or self.alpha == 0:
            return L2(1.0, self.here(np.concatenate([(self.pull / self.scale) ** 2, self.edge])))
        return self.elastic_net(self.alpha, self.spec.l1_ratio, self.units)

    def elastic_net(self, alpha: float, l1_ratio: float, units: np.ndarray) -> ElasticNet:
        """On scaled columns, of coefficients times ``units`` (p,), with any strength above 0: along a whole path, in any fold."""
        root = np.minimum(units / self.scale, MOST_ROOT)
        return ElasticNet(alpha, self.here(np.concatenate([root**2, self.edge])), l1_ratio)

    def objective(self, executor: Executor, raw: list[Any], rng: Any) -> LogisticObjective:
        """What is minimised over these rows."""
        penalty, rows = self.penalty, self.rows(executor, raw)
        if isinstance(penalty, ElasticNet):
            return NonsmoothObjective(self.loss, penalty, rows, self.spec.fit_intercept, rng, self.spec.stop.tol)
        if self.spec.bias is not None:
            return FirthObjective(self.loss, penalty, rows, self.spec.fit_intercept, rng)
        return LogisticObjective(self.loss, penalty, rows, self.spec.fit_intercept, rng)

    def prior(self, total: float) -> L2:
        """The penalty for a sample of the rows, of this total weight: the same C, and a row's worth against numbers without end."""
        rows = np.concatenate([(self.pull / self.scale) ** 2 * self.encoding.total + 1, self.edge])
        return L2(1.0, self.here(rows / total))

    @cached_property
    def change(self) -> Change:
        """From the data's units to scaled columns."""
        center = np.zeros(len(self.scale)) if self.encoding.center is None else self.encoding.center
        return Change(self.here(self.scale), self.here(center), self.spec.fit_intercept)

    def here(self, values: np.ndarray) -> Array:
        """An array where the computation takes place."""
        return values if self.spec.device == "auto" else to_device(values, self.spec.device)

    def rows(self, executor: Executor, raw: list[Any], total: float | None = None) -> Rows:
        """The encoded rows, of the fit or of others with another total weight."""
        solid = (SOLID_L1 if self.spec.l1_ratio > 0 else SOLID) if len(raw) == 1 else 0
        blocks = executor.map(encoded, raw, self.encoding, self.scale, self.spec.fit_intercept, solid, self.spec.device)
        most = max(len(block.y) for block in blocks)
        fine = self.here(np.concatenate([resolution(self.encoding, self.scale), self.edge]))
        reach = self._reach if total is None and not self.offset else None
        if total is None:
            total = self.encoding.total
        count, sparse = sum(len(block.y) for block in blocks), any(block.X.sparse for block in blocks)
        return Rows(executor, executor.put(blocks), most, total, fine, count, sparse, terms=self._terms, reach=reach)

    @property
    def _terms(self) -> Array:
        """(q,): a column x - c of root mean square 1 may be multiplied as x and c, and |x| + |c| <= |x - c| + 2 |c|."""
        center = np.zeros(len(self.scale)) if self.encoding.center is None else abs(self.encoding.center) / self.scale
        return self.here(np.concatenate([1 + 2 * np.minimum(center, NEAR), self.edge + 1]))

    @property
    def _reach(self) -> Array:
        """(q,): the largest of |x| + |c|."""
        center = 0.0 if self.encoding.center is None else abs(self.encoding.center)
        return self.here(np.concatenate([(self.encoding.reach + center) / self.scale, self.edge + 1]))

    def watch(self, executor: Executor, source: Source) -> LogisticObjective:
        """The mean loss of other rows, without a penalty."""
        if source.shape[1] != len(self.scale):
            raise InputError(f"X of validation_data has {source.shape[1]} columns, but X has {len(self.scale)}")
        check_names(source.features, self.features, "X of validation_data")
        raw = list(source.blocks(block_size(source, self.spec, None)))
        total, first = 0.0, 0
        for part in raw:
            if self.offset and part.offset is None:
                raise InputError("the fit has an offset, so validation_data needs one: (X, y, sample_weight, offset)")
            if part.y is None:
                raise InputError("validation_data has no labels; pass validation_data=(X, y)")
            refuse_unknown(self.encoding.classes, part.y, "y of validation_data", first)
            first += len(part.y)
            weight = self.encoding.row_weights(part)
            total += len(part.y) if weight is None else float(weight.sum())
        if total == 0:
            raise InputError("no row of validation_data has a positive weight")
        none = L2(0.0, self.here(np.zeros(len(self.scale) + len(self.edge))))
        return LogisticObjective(self.loss, none, self.rows(executor, executor.put(raw), total), self.spec.fit_intercept)

    def model(self, why: str, point: Point, certificate: Certificate, n_iter: int) -> Model:
        """The point in the units of the data; for more than two classes class-centred, unless an L1 part wants it otherwise."""
        p = len(self.scale)
        W = to_numpy(point.W)
        if W.shape[1] > 1 and self.penalty.l1 is None:
            W = W - W.mean(axis=1, keepdims=True)
        direction = certificate.direction
        if direction is not None:
            direction = like(to_numpy(direction)[:p] / self.scale[:, None], W)
        C = 1 / (self.alpha * self.encoding.total) if self.alpha > 0 else math.inf
        return Model(
            classes=self.encoding.classes,
            features=self.features,
            coef=np.ascontiguousarray((W[:p] / self.scale[:, None]).T),
            base=W[p].copy() if len(W) > p else np.zeros(W.shape[1]),
            center=np.zeros(p) if self.encoding.center is None else self.encoding.center,
            penalty=Strength(
                self.alpha, C, bool(self.spec.standardize), float(self.spec.l1_ratio) if self.alpha > 0 else 0.0, self.spec.bias
            ),
            certificate=replace(certificate, direction=direction),
            n_iter=n_iter,
            solver=why,
            rows=self.count,
            total=self.encoding.total,
            offset=self.offset,
            fit_intercept=bool(self.spec.fit_intercept),
            fingerprint=self.fingerprint,
        )
