"""Many objectives over the same rows, evaluated together: a fold is a vector of weights, a set of coefficients some more columns.

Each *fit* here is one objective: mean weighted loss + sum_j strength_j / 2 |W_j|², with the weights of one fold. All that is asked
of the rows is asked for many fits in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .. import tasks
from ..backend import largest, overflow_allowed
from ..certificate import UNIT, summation_error
from ..contracts import Block, Executor, Loss
from ..outcome import Certificate, Status
from ..tasks import Place

SLAB_BYTES = 2**19  # of the logits of all fits at a time, so that they stay in the cache
NOBODY = (-1, 0)  # the token of logits that are not asked for again


class Part(NamedTuple):
    """A block of rows and its share in each of F folds.

    Attributes
    ----------
    block : Block
        Weights are those of a fit to all rows.
    learned : (F, n) array of counts
        How often each row counts in what is learned from.
    held : (F, n) array of counts
        How often each row counts in what is held out.
    ratio : (F, K) array or None
        What the weights of the classes are multiplied by in each fold.
    plain : (K,) array or None
        What gives rows their own weight back, without that of their class.
    """

    block: Block
    learned: np.ndarray
    held: np.ndarray
    ratio: np.ndarray | None
    plain: np.ndarray | None

    def weights(self) -> np.ndarray:
        """(F, n) of what each fold learns from."""
        found = np.asarray(self.block.weight) * self.learned
        return np.asarray(found if self.ratio is None else found * self.ratio[:, np.asarray(self.block.y)])

    def held_weights(self) -> np.ndarray:
        """(F, n) of what each fold holds out, class weights left out."""
        found = np.asarray(self.block.weight) * self.held
        return np.asarray(found if self.plain is None else found * self.plain[np.asarray(self.block.y)])

    def alone(self, fold: int) -> Block:
        """The rows with the weights of one fold."""
        return Block(self.block.X, self.block.y, self.weights()[fold], self.block.offset)


class Fits(NamedTuple):
    """Which objectives.

    Attributes
    ----------
    fold : (N,) array of int
    strength : (N, q) array
        Of the penalty on each row of W, above 0 but for the intercept.
    """

    fold: np.ndarray
    strength: np.ndarray

    def take(self, chosen: np.ndarray) -> Fits:
        """Some of them."""
        return Fits(self.fold[chosen], self.strength[chosen])


class Seen(NamedTuple):
    """What one pass says of N fits.

    Attributes
    ----------
    value : (N,) array
        Of the objectives; this and what follows is NaN where only gradients were asked for.
    grad : (N, q, M) array
    loss : (N,) array
        The value without the penalty.
    held : (N,) array
        Sum of weight times loss over the rows held out.
    flat : (N,) array
        Curvature of the intercept, the least over all directions.
    """

    value: np.ndarray
    grad: np.ndarray
    loss: np.ndarray
    held: np.ndarray
    flat: np.ndarray


class Joint:
    """The rows, their folds, and what can be asked about fits to them.

    Parameters
    ----------
    executor : Executor
    handles : sequence
        Of parts.
    loss : Loss
    totals : (F,) array
        Sum of the weights that each fold learns from.
    resolution : (q,) array
        As in :class:`logistic.tasks.Rows`.
    block_rows : int
        Rows of the largest part.
    intercept : bool
    """

    def __init__(
        self,
        executor: Executor,
        handles: Sequence[Part],
        loss: Loss,
        totals: np.ndarray,
        resolution: np.ndarray,
        block_rows: int,
        intercept: bool,
    ) -> None:
        self.executor, self.handles, self.loss, self.totals = executor, handles, loss, totals
        self.resolution, self.block_rows, self.intercept = resolution, block_rows, intercept
        self.shape = (len(resolution), loss.columns)
        self.apart = len(totals) > 1 and all(executor.map(held_once, handles))

    def at(self, W: np.ndarray, uses: np.ndarray, fits: Fits) -> Seen:
        """All there is to see of N fits: fit i at W[uses[i]], W being (U, q, M) and ``uses`` sorted."""
        columns, total = self._columns(W), self.totals[fits.fold]
        value, grad, held, products = self.executor.map_sum(evaluate, self.handles, self.loss, columns, uses, fits.fold)
        pull = fits.strength[:, :, None] * W[uses]
        loss = value / total
        value = loss + 0.5 * (pull * W[uses]).sum(axis=(1, 2))
        flat = least_curvature(np.asarray(tasks.intercept_hessian(products / total[:, None, None], self.shape[1])))
        return Seen(value, self._gradients(grad, total) + pull, loss, held, flat)

    def with_best_intercepts(self, W: np.ndarray, fits: Fits) -> np.ndarray:
        """W (N, q, M) after a step of Newton's for the intercepts alone: near the optimum that is as good as the best."""
        if not self.intercept:
            return W
        uses, total, M = np.arange(len(W)), self.totals[fits.fold], self.shape[1]
        _, grad, _, products = self.executor.map_sum(evaluate, self.handles, self.loss, self._columns(W), uses, fits.fold)
        H = np.asarray(tasks.intercept_hessian(products / total[:, None, None], M)) + (1 / M if M > 1 else 0.0)  # and the gauge
        step = np.linalg.solve(H, -self._gradients(grad, total)[:, -1, :, None])[:, :, 0]
        moved = W.copy()
        moved[:, -1] += step / np.maximum(1.0, abs(step).max(axis=1, keepdims=True))
        return moved

    def slopes(self, W: np.ndarray, fits: Fits, values: bool = False) -> Seen:
        """Gradients, and values if they are asked for, fit i at W[i], good to the rounding of 1: a fraction of the price."""
        total, unknown = self.totals[fits.fold], np.full(len(W), np.nan)
        with overflow_allowed():  # where the exponential of a margin overflows, the residual is 0
            grad, loss = self.executor.map_sum(gradients, self.handles, self.loss, self._columns(W), fits.fold, values)
        pull = fits.strength[:, :, None] * W
        value = loss / total + 0.5 * (pull * W).sum(axis=(1, 2)) if values else unknown
        return Seen(value, self._gradients(grad, total) + pull, unknown, unknown, unknown)

    def _columns(self, W: np.ndarray) -> np.ndarray:
        """(U, q, M) -> (q, U M)."""
        return np.ascontiguousarray(np.moveaxis(W, 0, 1)).reshape(self.shape[0], -1)

    def _gradients(self, sums: np.ndarray, total: np.ndarray) -> np.ndarray:
        """(q, N M) -> (N, q, M), over the weight of each fit."""
        q, M = self.shape
        return np.asarray(np.moveaxis(sums.reshape(q, -1, M), 1, 0) / total[:, None, None])

    def curvature(self, W: np.ndarray, fold: int) -> np.ndarray:
        """(q M, q M): the Hessian of the mean loss in the fold at W (q, M), gauge included."""
        return self._assembled(self.executor.map_sum(gram, self.handles, self.loss, W, fold), fold)

    def curvatures(self, W: np.ndarray) -> list[np.ndarray]:
        """That of each fold, for the price of one where no row is held out twice; else that of all rows for each.

        Class weights that differ between folds are left aside, so these are for steps, not for proofs.
        """
        if not self.apart:
            return [self.curvature(W, 0)] * len(self.totals)
        grams = self.executor.map_sum(grams_apart, self.handles, self.loss, W)
        whole = tuple(cells.sum(axis=0) for cells in grams)
        others = [tuple(sums - cells[f] for sums, cells in zip(whole, grams, strict=True)) for f in range(1, len(self.totals))]
        return [self._assembled(found, f) for f, found in enumerate([whole, *others])]

    def _assembled(self, grams: tuple[np.ndarray, ...], fold: int) -> np.ndarray:
        q, M = self.shape
        return np.asarray(tasks.gauged(tasks.joined(grams, M, float(self.totals[fold]), np.zeros((q, q))), M))

    def certificates(self, W: np.ndarray, fits: Fits, seen: Seen, swell: np.ndarray) -> list[Certificate]:
        """What the gradients prove, every rounding counted; see docs/certificate.md for the dual gap.

        Parameters
        ----------
        W : (N, q, M) array
            Class-centred where M > 1.
        fits : Fits
        seen : Seen
            At W, with ``flat``.
        swell : (F,) array
            Bound on the root mean square of the columns in each fold.
        """
        q, M = self.shape
        p = q - 1 if self.intercept else q
        extent = self._extent
        pull = abs(fits.strength[:, :, None] * W)
        reach = 1.01 * extent.longest * abs(W).max(axis=(1, 2)) + extent.shift
        noise = UNIT * (0.5 * (q + 8) * reach + 24) + summation_error(self.block_rows, len(self.handles))
        column = (swell**2)[fits.fold][:, None] * extent.columns / self.totals[0]
        rounding = 1.01 * column[:, :, None] * noise[:, None, None] + 16 * UNIT * pull
        drift = 0.25 * M * (8 * UNIT * reach) ** 2 + (8 * UNIT) ** 2 * (pull * abs(W)).sum(axis=(1, 2))
        residue = abs(seen.grad) + rounding
        left, flat = np.zeros(len(W)), np.maximum(seen.flat, 5e-324)
        if self.intercept:
            left = (residue[:, -1] ** 2).sum(axis=1) ** 0.5
        moved = residue[:, :p] + (swell[fits.fold] * left * (0.5 / flat) ** 0.5)[:, None, None]
        gap = 1.001 * (moved**2 / (2 * fits.strength[:, :p, None])).sum(axis=(1, 2)) + left**2 / flat
        gap = (gap**0.5 + drift**0.5) ** 2
        return [
            Certificate(float(value), float(bound) if bound == bound else np.inf, "proof", largest(g), Status.UNCERTIFIED)
            for value, bound, g in zip(seen.value, gap, seen.grad, strict=True)
        ]

    @cached_property
    def _extent(self) -> Extent:
        """Of all rows."""
        return self.executor.map_merge(extent, self.handles, merge_extents)  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------------------------ on one block


def evaluate(part: Part, loss: Loss, columns: np.ndarray, uses: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weighted sums of the losses (N,), gradients (q, N M), sums over rows held out (N,), products of probabilities (N, K, K).

    Fit i is at the set ``uses[i]`` of the U sets of M columns (q, U M) each.
    """
    M, N, K = loss.columns, len(fold), loss.classes
    U, value, held = columns.shape[1] // M, np.zeros(N), np.zeros(N)
    grad, products = np.zeros((columns.shape[0], N * M)), np.zeros((N, K, K))
    for some in slabs(part, N * M):
        X, y = some.block.X, np.asarray(some.block.y)
        eta = X.matmul(columns).reshape(-1, U, M).swapaxes(0, 1)
        if some.block.offset is not None:
            eta = eta + some.block.offset
        losses, residual = loss.evaluate(eta.reshape(-1, M), np.concatenate([y] * U))
        losses, residual = losses.reshape(U, -1), residual.reshape(U, -1, M)
        weights = some.weights()
        value += (losses @ weights.T)[uses, fold]
        held += (losses @ some.held_weights().T)[uses, fold]
        products += _products(residual, y, weights, uses, fold)
        weighted = residual[uses] * weights[fold][:, :, None]
        grad += np.asarray(X.rmatmul(weighted.swapaxes(0, 1).reshape(len(y), -1)))
    return value, grad, held, products


def gradients(part: Part, loss: Loss, columns: np.ndarray, fold: np.ndarray, values: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (q, N M) of N fits, each at its own M columns of (q, N M), and weighted sums of the losses (N,) if asked for."""
    M, N = loss.columns, len(fold)
    grad, value = np.zeros((columns.shape[0], N * M)), np.zeros(N)
    for some in slabs(part, N * M):
        X, y = some.block.X, np.asarray(some.block.y)
        offset = 0.0 if some.block.offset is None else np.tile(np.asarray(some.block.offset), (1, N))
        if M == 1 and y.ndim == 1:
            sign = 2.0 * y[:, None] - 1
            Z = sign * np.asarray(X.dense()) if not X.sparse else None  # its products are margins, and need no more arithmetic
            margin = sign * (X.matmul(columns) + offset) if Z is None else Z @ columns
            if Z is not None and part.block.offset is not None:
                margin += sign * offset
            if values:
                value += (some.weights()[fold] * np.logaddexp(0.0, -margin.T)).sum(axis=1)
            np.exp(margin, out=margin)
            margin += 1
            np.divide(some.weights().T[:, fold], margin, out=margin)  # weight * probability of the wrong class
            grad -= np.asarray(X.rmatmul(sign * margin)) if Z is None else Z.T @ margin
        else:
            eta = X.matmul(columns) + offset
            losses, residual = _residuals(np.ascontiguousarray(eta.T).reshape(N, M, -1), y)
            weight = some.weights()[fold]
            value += (weight * losses).sum(axis=1)
            residual *= weight[:, None, :]
            grad += np.asarray(X.rmatmul(residual.reshape(N * M, -1).T))
    return grad, value


def slabs(part: Part, width: int) -> Iterator[Part]:
    """Some rows of the part after others, so few that ``width`` numbers of each stay in the cache."""
    X, n = part.block.X.ready(), len(part.block.y)
    size = max(SLAB_BYTES // (8 * width), 64)
    for start in range(0, n, size):
        own = slice(start, start + size)
        offset = None if part.block.offset is None else part.block.offset[own]
        block = Block(X.take(own), part.block.y[own], part.block.weight[own], offset)
        yield part._replace(block=block, learned=part.learned[:, own], held=part.held[:, own])


def _residuals(eta: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Losses (N, n) and probabilities less targets (N, M, n), good to the rounding of 1; for M = 1 targets are soft (n, 2)."""
    if eta.shape[1] == 1:
        p, mass = 1 / (1 + np.exp(-eta)), y.sum(axis=1)
        return mass * np.logaddexp(0.0, eta[:, 0]) - y[:, 1] * eta[:, 0], mass * p - y[:, 1]
    p = eta - eta.max(axis=1, keepdims=True)
    if y.ndim == 2:
        mass, true = y.sum(axis=1), (p * y.T).sum(axis=1)
    else:
        rows = np.arange(len(y))
        mass, true = 1.0, p[:, y, rows]
    np.exp(p, out=p)
    total = p.sum(axis=1, keepdims=True)
    losses = mass * np.log(total[:, 0]) - true
    p *= mass / total
    if y.ndim == 2:
        p -= y.T
    else:
        p[:, y, rows] -= 1
    return losses, p


def _products(residual: np.ndarray, y: np.ndarray, weights: np.ndarray, uses: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(N, K, K): for each fit the weighted sum of the products of probabilities, from the residuals (U, n, M) of the sets."""
    M = residual.shape[2]
    if M == 1:
        p = abs(residual[:, :, 0]) if y.ndim == 1 else residual[:, :, 0] + y[:, 1]
        return np.asarray(((p * (1 - p)) @ weights.T)[uses, fold][:, None, None] * (1 - np.eye(2)))
    p = residual + (y[:, None] == np.arange(M) if y.ndim == 1 else y)
    return np.asarray((weights[fold][:, None, :] * p[uses].swapaxes(1, 2)) @ p[uses])


def gram(part: Part, loss: Loss, W: np.ndarray, fold: int) -> tuple[np.ndarray, ...]:
    """What :func:`logistic.tasks.hessian` gives, of the rows with the weights of a fold."""
    return tasks.hessian(part.alone(fold), loss, Place(W, NOBODY))  # type: ignore[return-value]


def grams_apart(part: Part, loss: Loss, W: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same, as arrays (F, q, q), of the rows that each fold holds out, first of those that none does."""
    X, block, holder = part.block.X.ready(), part.block, part.held.argmax(axis=0)
    found = []
    for fold in range(len(part.held)):
        rows = np.flatnonzero(holder == fold)
        offset = None if block.offset is None else block.offset[rows]
        own = Block(X.take(rows), block.y[rows], block.weight[rows], offset)
        found.append(tasks.hessian(own, loss, Place(W, NOBODY)))
    return tuple(np.stack(cells) for cells in zip(*found, strict=True))


def held_once(part: Part) -> bool:
    """Whether each row is held out by one fold at most, and all others learn from it once."""
    return bool((part.learned + part.held == 1).all() and (part.held.sum(axis=0) <= 1).all())


class Extent(NamedTuple):
    """Largest sum of the absolute numbers of a row, largest offset, and weighted sums of the absolute columns (q,)."""

    longest: float
    shift: float
    columns: np.ndarray


def extent(part: Part) -> Extent:
    """Of the rows of a part."""
    block = part.block
    X, shift = block.X.absolute(), 0.0 if block.offset is None else largest(block.offset)
    return Extent(largest(X.matmul(np.ones((X.shape[1], 1)))), shift, X.rmatmul(block.weight[:, None])[:, 0])


def merge_extents(a: Extent, b: Extent) -> Extent:
    """The extent of both parts."""
    return Extent(max(a.longest, b.longest), max(a.shift, b.shift), a.columns + b.columns)


def least_curvature(H: np.ndarray) -> np.ndarray:
    """(N,) least eigenvalue over the directions that change anything."""
    return np.asarray(H[:, 0, 0] if H.shape[1] == 1 else np.linalg.eigvalsh(H)[:, 1])
