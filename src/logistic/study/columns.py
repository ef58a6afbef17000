"""The few dense columns on which a stretch of a path is followed, and products with them."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from .. import kernels, tasks
from ..backend import largest
from ..contracts import Block, Design, Executor
from ..designs import NEAR, Dense, Stored, stored
from ..executor import Threads
from ..nonsmooth import NonsmoothObjective

WORTH = 2**20  # multiplications of a look at all rows, from which on they are shared out to threads


class Look(NamedTuple):
    """What rows say of logits.

    Attributes
    ----------
    eta : (n, M) array
    losses : (n,) array
    weighted : (n, M) array
        Residuals times the weights of the rows over their sum.
    pull : (m, M) array
        Gradient of the mean loss; zero where columns do not take part.
    """

    eta: np.ndarray
    losses: np.ndarray
    weighted: np.ndarray
    pull: np.ndarray


class Columns:
    """Some scaled columns of the rows of one fold, the ones of the intercept last, and who takes part in products.

    Attributes
    ----------
    X : (m, n) array
        Each column in one piece of memory.
    keep : (m,) array
        Their rows of W.
    position : (q,) array
        Where a row of W is among them, -1 where it is not.
    reach : (m,) array
        Largest absolute values.
    taking : array of int
        The columns that take part, increasing, but for the intercept, which always does.
    """

    def __init__(self, objective: NonsmoothObjective) -> None:
        blocks: list[Block] = list(objective.rows.handles)
        self.loss, self.intercept, self.total = objective.loss, int(objective.intercept), objective.rows.total
        self.executor: Executor = objective.rows.executor
        self.y = np.concatenate([np.asarray(block.y) for block in blocks])
        self.weight = np.concatenate([np.asarray(block.weight) for block in blocks])
        offsets = [np.asarray(block.offset) for block in blocks if block.offset is not None]
        self.offset = np.concatenate(offsets) if offsets else None
        ends = np.cumsum([len(block.y) for block in blocks])
        self.parts = [(block, slice(end - len(block.y), end)) for block, end in zip(blocks, ends, strict=True)]
        self.stored = [_stored(block.X) for block in blocks]
        self.position = np.full(objective.shape[0], -1)
        self.keep = self.taking = np.empty(0, dtype=np.int64)
        self.X, self.reach = np.empty((0, len(self.y))), np.empty(0)
        self._room, self._spare = self.X, self.X  # of X, and of the X before it: in turn, for new memory costs more than a copy
        self.few = kernels.compiled is not None and self.loss.columns == 1  # whether columns may be left out here and there

    def hold(self, keep: np.ndarray) -> None:
        """These columns from now on; those that were held before are not scaled again."""
        at = self.position[keep]
        held, fresh = at.clip(0), np.flatnonzero(at[: len(at) - self.intercept] < 0)
        if len(self._spare) < len(keep):
            self._spare = np.empty((max(len(keep), 2 * len(self._spare)), len(self.y)))
        X, reach = self._spare[: len(keep)], np.empty(len(keep))
        if len(self.X):
            np.take(self.X, held, axis=0, out=X, mode="clip")
            np.take(self.reach, held, out=reach, mode="clip")
        if len(fresh):
            wanted = np.append(keep[fresh], keep[len(keep) - self.intercept :])
            reach[fresh] = np.max(self.executor.map(_scaled, self.parts, wanted, fresh, X), axis=0)
        if self.intercept:
            X[-1] = reach[-1] = 1.0
        self.position[self.keep] = -1
        self.position[keep] = np.arange(len(keep))
        self.X, self.reach, self.keep = X, reach, keep
        self._room, self._spare = self._spare, self._room

    def admit(self, wanted: np.ndarray) -> None:
        """Who takes part from now on: where (m,) or more columns are wanted."""
        found = np.flatnonzero(wanted[: len(wanted) - self.intercept])
        self.taking = found if self.few or not len(found) else np.arange(found[-1] + 1)

    @property
    def inner(self) -> int:
        """From which column on none takes part but the intercept."""
        return int(self.taking[-1]) + 1 if len(self.taking) else 0

    def look(self, W: np.ndarray) -> Look:
        """At (m, M) coefficients of which no others than those that take part are other than zero."""
        n, work = len(self.y), self.loss.columns * (len(self.taking) + np.count_nonzero(W)) * len(self.y)
        if work < WORTH or not isinstance(self.executor, Threads):
            return self._look(W, slice(0, n))
        looks = self.executor.at_once(partial(self._look, W), self._shares(n))
        eta, losses, weighted = (np.concatenate([look[i] for look in looks]) for i in range(3))
        return Look(eta, losses, weighted, np.sum([look.pull for look in looks], axis=0))

    def _look(self, W: np.ndarray, rows: slice) -> Look:
        """At some rows."""
        eta = self._logits(W, rows)
        losses, residual = (np.asarray(found) for found in self.loss.evaluate(eta, self.y[rows]))
        weighted = self.weight[rows, None] * residual / self.total
        return Look(eta, losses, weighted, self._pull(weighted, self.taking, rows))

    def _logits(self, W: np.ndarray, rows: slice) -> np.ndarray:
        offset = None if self.offset is None else self.offset[rows]
        if self.few:
            few = np.zeros((rows.stop - rows.start, 1)) if offset is None else offset.copy()
            kernels.compiled.add_columns(self.X, np.ascontiguousarray(W), few, rows.start)
            return few
        inner = self.inner
        eta: np.ndarray = self.X[:inner, rows].T @ W[:inner]
        if self.intercept:
            eta = eta + W[-1]
        return eta if offset is None else eta + offset

    def _pull(self, weighted: np.ndarray, taking: np.ndarray, rows: slice) -> np.ndarray:
        """(m, M): products with columns, at least those that take part, and the intercept's."""
        pull = np.zeros((len(self.X), weighted.shape[1]))
        if self.few:
            kernels.compiled.dot_columns(self.X, np.ascontiguousarray(taking), np.ascontiguousarray(weighted), pull, rows.start)
        elif len(taking):
            some = slice(int(taking[0]), int(taking[-1]) + 1)
            pull[some] = (weighted.T @ self.X[some, rows].T).T
        if self.intercept:
            pull[-1] = weighted.sum(axis=0)
        return pull

    @property
    def outside(self) -> np.ndarray:
        """(m,) mask of the columns that do not take part."""
        found = np.ones(len(self.X), dtype=bool)
        found[self.taking] = False
        found[len(found) - self.intercept :] = False
        return found

    def outer(self, look: Look) -> np.ndarray:
        """(m, M): the gradient of the mean loss in all columns."""
        outside, rows = np.flatnonzero(self.outside), slice(0, len(self.y))
        if len(outside) * look.weighted.size < WORTH or not isinstance(self.executor, Threads):
            pull = self._pull(look.weighted, outside, rows)
        else:
            shares = [outside[own] for own in self._shares(len(outside))]
            pull = np.sum(self.executor.at_once(lambda some: self._pull(look.weighted, some, rows), shares), axis=0)
        pull[self.taking] = look.pull[self.taking]
        pull[len(pull) - self.intercept :] = look.pull[len(pull) - self.intercept :]
        return pull

    def some(self, rows: np.ndarray) -> np.ndarray:
        """(r, n): columns by their row of W."""
        found: np.ndarray = self.X[self.position[rows]]
        return found

    def pulls(self, weighted: np.ndarray) -> np.ndarray:
        """(q, B): all columns of the rows, held or not, times many residuals (n, B)."""
        parts, design = [each for each in self.stored if each is not None], self.parts[0][0].X
        if len(parts) == len(self.parts):
            return self._gathered(parts, np.ascontiguousarray(weighted))
        if len(self.parts) > 1 or not isinstance(design, Dense) or not isinstance(self.executor, Threads):
            (found,) = self.executor.map_sum(_pulled, self.parts, weighted)
            return np.asarray(found)
        X, found = design.X, np.empty((weighted.shape[1], design.shape[1]))  # one array, whose columns are shared out
        self.executor.at_once(lambda own: np.matmul(weighted.T, X[:, own], out=found[:, own]), self._shares(X.shape[1]))
        return found.T

    def _gathered(self, parts: list[Stored], weighted: np.ndarray) -> np.ndarray:
        """The same by compiled code: some columns of all blocks for each thread."""
        sets, (X, center, scale, _) = weighted.shape[1], parts[0]
        found = np.zeros((sets, len(self.position)))
        sums = np.sum([weighted[own].sum(axis=0) for _, own in self.parts], axis=0)

        def part(own: slice) -> None:
            for each, (_, rows) in zip(parts, self.parts, strict=True):
                kernels.compiled.gather_rows(each.X, weighted[rows], found, sets, own.start, own.stop)
            if center is not None:
                found[:, own] -= sums[:, None] * center[own]
            if scale is not None:
                found[:, own] /= scale[own]

        shares = self._shares(X.shape[1])
        self.executor.at_once(part, shares) if isinstance(self.executor, Threads) else part(shares[0])
        if self.intercept:
            found[:, -1] = sums
        return found.T

    def _shares(self, count: int) -> list[slice]:
        """Of so many rows or columns one for each thread."""
        threads = self.executor.count if isinstance(self.executor, Threads) else 1
        return [slice(count * i // threads, count * (i + 1) // threads) for i in range(threads)]

    def misfit(self, eta: np.ndarray, losses: np.ndarray, short: float) -> float:
        """How much less the residuals, shortened by a share, say of the losses at logits (n, M): a bound, summed over the rows."""
        square = tasks.worst(self.loss, eta, self.y, losses)
        return float(tasks.shortened(losses, square, self.weight, short))

    def logits(self, W: np.ndarray) -> np.ndarray:
        """(B, m, M) -> (B n, M)."""
        B, _, M = W.shape
        eta = (W[:, : self.inner].transpose(0, 2, 1).reshape(B * M, self.inner) @ self.X[: self.inner]).reshape(B, M, -1)
        if self.intercept:
            eta = eta + W[:, -1, :, None]
        if self.offset is not None:
            eta = eta + self.offset.T
        return np.ascontiguousarray(eta.transpose(0, 2, 1)).reshape(-1, M)

    def longest(self, W: np.ndarray) -> np.ndarray:
        """(B,): no less than the largest sum of absolute terms in a logit of (B, m, M) coefficients."""
        shift = 0.0 if self.offset is None else float(abs(self.offset).max(initial=0.0))
        return np.asarray(abs(W).max(axis=2) @ self.reach + shift)


def _stored(X: Design) -> Stored | None:
    """Where there is a kernel for the rows of a block, and its columns need not be centred number by number."""
    parts = stored(X) if kernels.compiled is not None else None
    if parts is None or parts.X.dtype != np.float64 or not parts.X.flags.c_contiguous:
        return None
    return parts if parts.center is None or parts.scale is None or largest(parts.center / parts.scale) <= NEAR else None


def _scaled(part: tuple[Block, slice], keep: np.ndarray, to: np.ndarray, X: np.ndarray) -> np.ndarray:
    """The rows of a block in some columns, into theirs of X; and the largest absolute value of each (r,)."""
    block, own = part
    found = np.asarray(block.X.columns(keep).dense()).T[: len(to)]
    X[to, own] = found
    most: np.ndarray = np.maximum(found.max(axis=1, initial=0.0), -found.min(axis=1, initial=0.0))
    return most


def _pulled(part: tuple[Block, slice], weighted: np.ndarray) -> tuple[np.ndarray]:
    """A block's rows."""
    block, own = part
    return (np.asarray(block.X.ready().rmatmul(weighted[own])),)
