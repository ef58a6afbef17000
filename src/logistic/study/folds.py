"""Folds: which rows are learned from and which are held out, as weights over rows that are encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..backend import EPS
from ..contracts import Block, Executor, RawBlock
from ..designs import Dense
from ..encoding import Encoding
from ..errors import InputError
from ..frame import Frame
from ..nonsmooth import NonsmoothObjective
from ..penalty import ElasticNet
from ..sources import ArraySource
from ..tasks import Rows
from . import fused
from .joint import Joint
from .passes import Part, Runs, part_of

WHOLE = 0  # the fold that learns from all rows and holds out none
SOLID = 2**24  # numbers up to which the scaled columns are held as arrays, 128 MiB: all fits go over them, many times
FEW_ROWS = 256  # that are scaled at a time, while they are in the cache
DOUBTFUL = 0.01  # variance relative to the mean square, below which it is formed again about the mean


class Splits(NamedTuple):
    """How often each of F folds learns from each row, and how often it holds it out; the first fold is :data:`WHOLE`.

    Attributes
    ----------
    learned, held : (F, n) arrays of counts
    """

    learned: np.ndarray
    held: np.ndarray


def splits_of(pairs: Sequence[tuple[np.ndarray, np.ndarray]], n: int) -> Splits:
    """Of row numbers to learn from and to hold out, for each fold; a row may come several times."""
    learned, held = ([_counts(pair[side], n) for pair in pairs] for side in (0, 1))
    one = np.ones(n, dtype=np.uint8)
    return Splits(np.stack([one, *learned]), np.stack([0 * one, *held]))


def _counts(rows: np.ndarray, n: int) -> np.ndarray:
    """(n,) how often each row is named, in a small type."""
    found = np.zeros(n, dtype=np.uint8)
    found[rows] = 1
    if np.count_nonzero(found) == len(rows):
        return found
    times = np.bincount(rows, minlength=n)
    return times.astype(np.min_scalar_type(int(times.max())))


@dataclass(frozen=True)
class Folds:
    """The encoded rows and what each fold makes of them.

    Attributes
    ----------
    executor : Executor
        Of this process.
    frame : Frame
        Learned from all rows.
    rows : Rows
        All of them, encoded.
    pieces : list of Part
        The same rows, block by block, with their share in each fold.
    totals : (F,) array
        Weight of what each fold learns from, class weights included.
    held : (F,) array
        Weight of what each fold holds out, class weights left out.
    swell : (F,) array
        Bound on the root mean square of a scaled column in each fold.
    """

    executor: Executor
    frame: Frame
    rows: Rows
    pieces: list[Part]
    totals: np.ndarray
    held: np.ndarray
    swell: np.ndarray

    @classmethod
    def encoded(cls, executor: Executor, frame: Frame, source: ArraySource, raw: list[RawBlock], splits: Splits) -> Folds:
        """Of the raw blocks of a source.

        Raises
        ------
        InputError
            If a fold leaves no row of a class to learn from, or holds out nothing.
        """
        rows = frame.rows(executor, executor.put(raw))
        weight = np.ones(source.shape[0]) if source.weight is None else source.weight
        assert source.y is not None
        each = _class_totals(frame.encoding, source.y, weight, splits)
        whole = frame.encoding.class_weight
        ratio = _ratio(whole, each) if frame.spec.class_weight == "balanced" else None
        factor = np.ones(each.shape) if whole is None else whole * np.ones(each.shape) if ratio is None else whole * ratio
        totals = (each * factor).sum(axis=1)
        totals[WHOLE] = frame.encoding.total
        held = splits.held @ weight
        if (held[1:] <= 0).any():
            raise InputError(f"fold {int((held[1:] <= 0).argmax())} of cv holds out no row that has weight; every fold needs some")
        most = splits.learned.max(axis=1) * (1.0 if ratio is None else ratio.max(axis=1))
        swell = 1.001 * (most * totals[WHOLE] / totals) ** 0.5  # a column has root mean square 1 at most in all rows
        pieces, first = [], 0
        for block, handle in zip(raw, rows.handles, strict=True):
            own = slice(first, first + len(block.y))
            first = own.stop
            learned, out = (counts[:, own] for counts in splits)
            if block.weight is not None and not (block.weight > 0).all():  # rows without weight are absent
                learned, out = (counts[:, block.weight > 0] for counts in (learned, out))
            pieces.append(part_of(handle, learned, out, ratio, None if whole is None else 1 / whole))
        if not rows.sparse and rows.count * len(rows.resolution) <= SOLID:
            pieces = executor.map(in_order, pieces)
        return cls(executor, frame, rows, pieces, totals, held, swell)

    @property
    def joint(self) -> Joint:
        """What can be asked about many fits to these rows."""
        resolution, intercept = np.asarray(self.rows.resolution), bool(self.frame.spec.fit_intercept)
        return Joint(self.executor, self.pieces, self.frame.loss, self.totals, resolution, self.rows.block_rows, intercept)

    def alone(self, fold: int) -> Rows:
        """The rows with the weights of one fold."""
        handles = self.executor.put([part.alone(fold) for part in self.pieces])
        return replace(self.rows, handles=handles, total=float(self.totals[fold]), swell=float(self.swell[fold]))

    def strength(self, fold: int, alpha: float) -> np.ndarray:
        """(q,) curvature of a penalty of strength alpha on scaled columns; 0 for the intercept."""
        return np.concatenate([alpha * (self.units[fold] / self.frame.scale) ** 2, self.frame.edge])

    def elastic_net(self, fold: int, alpha: float, l1_ratio: float) -> ElasticNet:
        """On scaled columns."""
        return self.frame.elastic_net(alpha, l1_ratio, self.units[fold])

    def objective(self, fold: int, penalty: ElasticNet) -> NonsmoothObjective:
        """What one fold minimises under a penalty with an L1 part; its blocks are its own, and so are the logits that they keep."""
        spec = self.frame.spec
        return NonsmoothObjective(self.frame.loss, penalty, self.alone(fold), bool(spec.fit_intercept), goal=spec.stop.tol)

    @cached_property
    def units(self) -> np.ndarray:
        """(F, p): deviations of what each fold learns from, if columns are standardised, else 1."""
        deviation = self.frame.encoding.deviation
        if not self.frame.spec.standardize:
            return np.ones((len(self.totals), len(deviation)))
        found = np.array([deviation, *(self._deviation(fold) for fold in range(1, len(self.totals)))])
        return np.where(found > 0, found, 1.0)

    def _deviation(self, fold: int) -> np.ndarray:
        """(p,) deviation that an encoding of these rows alone would find."""
        p, centre = len(self.frame.scale), np.zeros(self.rows.resolution.shape[0])
        mean, square = self._moments(fold, centre)
        if not self.frame.spec.fit_intercept:
            return np.asarray(square[:p] ** 0.5 * self.frame.scale)
        variance, noise = square - mean**2, 64 * EPS * square
        if not self.rows.sparse and (variance < DOUBTFUL * square)[:p].any():
            apart, square = self._moments(fold, mean)
            variance, noise = square - apart**2, (64 * EPS * mean) ** 2
        return np.asarray(np.where(variance > noise, np.maximum(variance, 0), 0.0)[:p] ** 0.5 * self.frame.scale)

    def _moments(self, fold: int, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(q,) means of the scaled columns less ``centre``, and of their squares, in a fold."""
        sums = self.executor.map_sum(moments, self.pieces, fold, centre)
        first, second = (found / self.totals[fold] for found in sums)
        return first, second


def in_order(part: Part) -> Part:
    """The rows, those that one fold holds out after those of another, with their scaled columns as one array."""
    block, order = part.block, part.runs.order
    if order is None and isinstance(block.X, Dense) and len(block.y) <= block.X.shape[1]:
        return part  # rows are the longer pieces
    rows = np.arange(len(block.y)) if order is None else order
    if part.stored is None:
        scaled = np.empty((block.X.shape[1], len(rows))).T  # the layout that BLAS multiplies fastest, forth and back
        for first in range(0, len(rows), FEW_ROWS):
            some = rows[first : first + FEW_ROWS]
            scaled[first : first + FEW_ROWS] = block.X.take(some).ready().dense()
    else:
        scaled = fused.solid(part.stored, order, block.X.shape[1])
    offset = None if block.offset is None else block.offset[rows]
    settled = Block(Dense(scaled), block.y[rows], block.weight[rows], offset)
    learned, held = (np.take(counts, rows, axis=1) for counts in (part.learned, part.held))
    return part._replace(block=settled, learned=learned, held=held, runs=Runs(None, part.runs.cuts), stored=fused.stored(settled))


def moments(part: Part, fold: int, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the columns (q,) less ``centre``, and of their squares; a sparse design is not centred."""
    X, weight = part.block.X.ready(), part.weights()[fold]
    if X.sparse:
        return X.rmatmul(weight[:, None])[:, 0], X.squared().rmatmul(weight[:, None])[:, 0]
    apart = X.dense() - centre
    return weight @ apart, weight @ apart**2


def _class_totals(encoding: Encoding, y: np.ndarray, weight: np.ndarray, splits: Splits) -> np.ndarray:
    """(F, K) weight of each class in what each fold learns from; an error where there is none."""
    if y.ndim == 2:
        return np.asarray((splits.learned * weight) @ y)
    codes = encoding.codes(y)
    found = np.array([np.bincount(codes, weight * learned, len(encoding.classes)) for learned in splits.learned])
    for fold, k in np.argwhere(found == 0)[:1]:
        label = encoding.classes.tolist()[k]
        raise InputError(
            f"fold {fold - 1} of cv leaves no row of class {label!r} to learn from; use fewer or stratified folds (a whole number "
            f"for cv makes them), or leave out the rows of {label!r}"
        )
    return found


def _ratio(whole: np.ndarray | None, each: np.ndarray) -> np.ndarray:
    """(F, K): balanced class weights of each fold, relative to those of all rows."""
    assert whole is not None
    found = np.asarray(each.sum(axis=1, keepdims=True) / (each.shape[1] * each) / whole)
    found[WHOLE] = 1.0
    return found
