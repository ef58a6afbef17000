"""What one pass over some rows says of many fits to them: module-level functions of a part and plain arguments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import tasks
from ..backend import largest
from ..contracts import Block, Design, Loss
from ..designs import Stored
from ..tasks import Place
from . import fused
from .margins import Margins

SLAB_BYTES = 2**19  # of the logits of all fits at a time, so that they stay in the cache
NOBODY = (-1, 0)  # the token of logits that are not asked for again


class Runs(NamedTuple):
    """Rows sorted by the fold that holds them out, 0 for those that none does.

    Attributes
    ----------
    order : (n,) array of int64 or None
        Their numbers, where they do not lie so.
    cuts : (F + 1,) array of int64
        Where those of each fold begin, and the end.
    """

    order: np.ndarray | None
    cuts: np.ndarray


def runs_of(held: np.ndarray) -> Runs:
    """Of how often each fold holds out each row, (F, n); of the folds that hold out the same row, the first counts."""
    holder = held.argmax(axis=0).astype(np.int16 if len(held) < 2**15 else np.int64)
    order = None if (holder[1:] >= holder[:-1]).all() else np.argsort(holder, kind="stable").astype(np.int64)
    sizes = np.bincount(holder, minlength=len(held))
    return Runs(order, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


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
    runs : Runs
        Of what is held out.
    stored : Stored or None
        Where a kernel serves these rows.
    """

    block: Block
    learned: np.ndarray
    held: np.ndarray
    ratio: np.ndarray | None
    plain: np.ndarray | None
    runs: Runs
    stored: Stored | None

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


def part_of(block: Block, learned: np.ndarray, held: np.ndarray, ratio: np.ndarray | None, plain: np.ndarray | None) -> Part:
    """A part, and what follows from it."""
    return Part(block, learned, held, ratio, plain, runs_of(held), fused.stored(block))


def evaluate(
    part: Part, loss: Loss, columns: np.ndarray, uses: np.ndarray, fold: np.ndarray, slopes: bool = True
) -> tuple[np.ndarray, ...]:
    """Weighted sums of the losses (N,), gradients (N, M, q), sums over rows held out (N,), products of probabilities (N, K, K).

    Fit i is at the set ``uses[i]`` of the U sets of M columns (q, U M) each. Gradients are zero where nobody asks for ``slopes``.
    """
    M, N, K = loss.columns, len(fold), loss.classes
    if part.stored is not None and loss.columns == 1:
        grad, found = fused.sums(part, columns, uses, fold, slopes, values=True)
        return found[0], grad, found[1], found[2][:, None, None] * (1 - np.eye(2))
    U, value, held = columns.shape[1] // M, np.zeros(N), np.zeros(N)
    grad, products = np.zeros((N, M, columns.shape[0])), np.zeros((N, K, K))
    margins = _margins(part, loss, N)
    for some in slabs(part, N * M):
        X, y, weights, own = some.block.X, np.asarray(some.block.y), some.weights(), _learning(some, fold)
        if margins is not None:
            margins.look(some.block, columns)
            losses, away = margins.losses()
            products += (margins.spread(away) @ weights.T)[uses, fold][:, None, None] * (1 - np.eye(2))
        else:
            eta = X.matmul(columns).reshape(-1, U, M).swapaxes(0, 1)
            if some.block.offset is not None:
                eta = eta + some.block.offset
            each = loss.evaluate(eta.reshape(-1, M), np.concatenate([y] * U))
            losses, residual = np.asarray(each[0]).reshape(U, -1), np.asarray(each[1]).reshape(U, -1, M)
            products += _products(residual, y, weights, uses, fold)
        value += (losses @ weights.T)[uses, fold]
        held += (losses @ some.held_weights().T)[uses, fold]
        if slopes and len(own):
            sets, folds, own_set = _distinct(weights, uses[own], fold[own])
            if margins is not None:
                weighted = margins.residuals(away, sets, weights, folds)[:, None]
            else:
                weighted = residual.swapaxes(1, 2)[sets] * weights[folds, None]
            grad[own] += _gradient(X, weighted)[own_set]
    return value, grad, held, products


def gradients(part: Part, loss: Loss, columns: np.ndarray, fold: np.ndarray, values: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (N, M, q) of N fits, each at its own M columns of (q, N M), and weighted sums of the losses (N,) if asked for."""
    M, N = loss.columns, len(fold)
    if part.stored is not None and loss.columns == 1:
        grad, found = fused.sums(part, columns, np.arange(N), fold, slopes=True, values=values)
        return grad, found[0]
    grad, value = np.zeros((N, M, columns.shape[0])), np.zeros(N)
    margins = _margins(part, loss, N)
    for some in slabs(part, N * M):
        X, own = some.block.X, _learning(some, fold)
        if len(own) == 0:
            continue
        weights, mine, folds = some.weights(), columns.reshape(-1, N, M)[:, own].reshape(len(columns), -1), fold[own]
        if margins is not None:
            margins.look(some.block, mine)
            if values:
                losses, away = margins.losses()
                value[own] += (losses @ weights.T)[np.arange(len(own)), folds]
                residual = margins.residuals(away, np.arange(len(own)), weights, folds)[:, None]
            else:
                residual = margins.slopes(weights, folds)[:, None]
        else:
            eta = X.matmul(mine)
            if some.block.offset is not None:
                eta = eta + np.tile(np.asarray(some.block.offset), (1, len(own)))
            losses, residual = _residuals(np.ascontiguousarray(eta.T).reshape(len(own), M, -1), np.asarray(some.block.y))
            value[own] += (weights[folds] * losses).sum(axis=1)
            residual *= weights[folds, None]
        grad[own] += _gradient(X, residual)
    return grad, value


def _margins(part: Part, loss: Loss, fits: int) -> Margins | None:
    """Room for the margins of a slab, where there are two classes and labels."""
    hard = loss.columns == 1 and part.block.y.ndim == 1
    return Margins(fits, min(_slab_rows(fits), len(part.block.y))) if hard else None


def _distinct(weights: np.ndarray, uses: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray, Any]:
    """Sets and folds of the gradients that differ, and which of them each fit has: folds may learn from these rows alike."""
    folds, sets = np.unique(fold), np.unique(uses)
    if len(sets) == len(uses) or (weights[folds] != weights[folds[0]]).any():
        return uses, fold, slice(None)
    return sets, np.full(len(sets), folds[0]), np.searchsorted(sets, uses)


def _learning(some: Part, fold: np.ndarray) -> np.ndarray:
    """The numbers of the fits that learn from any of these rows."""
    return np.flatnonzero(some.learned.max(axis=1, initial=0)[fold])


def _gradient(X: Design, residual: np.ndarray) -> np.ndarray:
    """(N, M, q) of weighted residuals (N, M, n)."""
    N, M, n = residual.shape
    return np.asarray(X.rmatmul(residual.reshape(N * M, n).T)).T.reshape(N, M, -1)


def slabs(part: Part, width: int) -> Iterator[Part]:
    """Some rows of the part after others, so few that ``width`` numbers of each stay in the cache, and held out by one fold.

    Where rows lie fold by fold; else they are mixed.
    """
    X, n = part.block.X.ready(), len(part.block.y)
    size, holder = _slab_rows(width), part.held.argmax(axis=0)
    cuts = [0, *(np.flatnonzero(np.diff(holder)) + 1).tolist(), n]
    if len(cuts) > len(part.held) + 1:
        cuts = [0, n]
    for first, last in pairwise(cuts):
        count = max(-(-(last - first) // size), 1)
        for k in range(count):
            own = slice(first + k * (last - first) // count, first + (k + 1) * (last - first) // count)
            offset = None if part.block.offset is None else part.block.offset[own]
            block = Block(X.take(own), part.block.y[own], part.block.weight[own], offset)
            yield part._replace(block=block, learned=part.learned[:, own], held=part.held[:, own])


def _slab_rows(width: int) -> int:
    """At most so many rows, of which ``width`` numbers each are computed."""
    return max(SLAB_BYTES // (8 * width), 64)


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
    if M == 1:  # targets are soft
        p = residual[:, :, 0] + y[:, 1]
        return np.asarray(((p * (1 - p)) @ weights.T)[uses, fold][:, None, None] * (1 - np.eye(2)))
    p = residual + (y[:, None] == np.arange(M) if y.ndim == 1 else y)
    return np.asarray((weights[fold][:, None, :] * p[uses].swapaxes(1, 2)) @ p[uses])


def gram(part: Part, loss: Loss, W: np.ndarray, fold: int) -> tuple[np.ndarray, ...]:
    """What :func:`logistic.tasks.hessian` gives, of the rows with the weights of a fold."""
    if part.stored is not None and loss.columns == 1:
        return (fused.grams(part, W, part.weights()[fold], np.array([0, len(part.block.y)], dtype=np.int64))[0],)
    return tasks.hessian(part.alone(fold), loss, Place(W, NOBODY))  # type: ignore[return-value]


def grams_apart(part: Part, loss: Loss, W: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same, as arrays (F, q, q), of the rows that each fold holds out, first of those that none does."""
    if part.stored is not None and loss.columns == 1:
        return (fused.grams(part, W, np.asarray(part.block.weight), part.runs.cuts),)
    X, block, holder = part.block.X.ready(), part.block, part.held.argmax(axis=0)
    found = []
    in_order = bool((holder[1:] >= holder[:-1]).all())
    for fold in range(len(part.held)):
        rows = slice(*np.searchsorted(holder, (fold, fold + 1))) if in_order else np.flatnonzero(holder == fold)
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
