"""An estimate of the inverse Hessian: for each class a factor of its own diagonal block, from a few rows, or its diagonal."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from . import tasks
from .backend import Array, cholesky, cholesky_solver, is_tensor, largest, like, namespace, single, vdot
from .contracts import Loss, Metric
from .tasks import Place, Rows

ROWS_PER_COLUMN = 5  # drawn for each class
PASSES = 12  # over the rows that the factors may cost
CHEAP = 32  # multiplications of a Gram matrix take the time of one in a product with few columns
CANCELLED = 1e-3  # share of a column's squares that centring may leave
DOUBT = 2  # rows: a column in which so few were seen is half believed
SMALL = 500  # coefficients below which no metric is made
RIDGES = (1e-5, 1e-3, 1e-1)  # of the unit diagonal, tried in turn: float32 tells no smaller pivots from rounding
ALL = 1e200  # a rate at which no row is left out
FACTOR_BYTES = 2**27  # of all factors together


class Part(NamedTuple):
    """One class: its share of the rows that were drawn.

    Attributes
    ----------
    rows : list of (m, q) arrays
        Drawn for all classes, as they came from the blocks.
    weight : list of (m,) arrays
        How many rows each of them stands for.
    diagonal, strength : (q,) array
        Of the Hessian without a penalty, and what that adds.
    whole : bool
        Whether all rows were drawn.
    """

    rows: list[Any]
    weight: list[Any]
    diagonal: Any
    strength: Array
    whole: bool


def sample_size(rows: int, shape: tuple[int, int], care: int = 1) -> int:
    """Rows to draw for each class, ``care`` times as many as usual; 0 where no useful number of them is worth its price."""
    q, M = shape
    if 4 * M * q**2 > FACTOR_BYTES:
        return 0
    affordable = min(care * ROWS_PER_COLUMN * q, rows, PASSES * CHEAP * rows // q)
    return affordable if affordable >= min(2 * q, rows) else 0


def offered(rows: Rows, shape: tuple[int, int]) -> set[str]:
    """``metric`` where one is worth its price; ``early`` besides where that is the price of a point or two."""
    if is_tensor(rows.resolution) or math.prod(shape) < SMALL:
        return set()
    if rows.sparse:
        return {"metric", "early"}
    return {"metric"} if sample_size(rows.count, shape) > 0 else set()


def metric(rows: Rows, loss: Loss, place: Place, strength: Array, intercept: bool, care: int = 1) -> Metric:
    """An inverse of the Hessian at a place as far as it is cheap to know: class by class, with the exact diagonal.

    Softmax does not change in the direction of equal logits: there the penalty alone curves, and its inverse is exact.

    Parameters
    ----------
    rows : Rows
    loss : Loss
    place : Place
    strength : (q,) array
        Curvature of the penalty.
    intercept : bool
        Whether the last column is all ones.
    care : int
        How many times as many rows as usual are drawn.
    """
    if rows.sparse:
        inverse: Metric = Centred.of(rows, loss, place, strength, intercept).inverse
    else:
        inverse = _factored(rows, loss, place, strength, care)
    return _centred(inverse, strength) if loss.columns > 1 else inverse


class Centred(NamedTuple):
    """The diagonal of a Hessian class by class, as if its columns were centred: the intercepts are eliminated.

    Attributes
    ----------
    own : (p, M) array
        Of the columns, above 0.
    mean : (p, M) array
        Of each column, as each class weighs the rows; zero without an intercept.
    height : (M,) or (0,) array
        Of the intercepts, above 0.
    """

    own: Array
    mean: Array
    height: Array

    @classmethod
    def of(cls, rows: Rows, loss: Loss, place: Place, strength: Array, intercept: bool) -> Centred:
        """At a place, beside a penalty of this curvature (q,)."""
        squares, sums = (part / rows.total for part in rows.executor.map_sum(tasks.sums, rows.handles, loss, place))
        if not intercept:
            return cls(_above_zero(squares + strength[:, None]), 0 * squares, squares[0][:0])
        height = _above_zero(sums[-1])
        mean = sums[:-1] / height
        left = namespace(squares).maximum(squares[:-1] - mean * sums[:-1], CANCELLED * squares[:-1])
        return cls(_above_zero(left + strength[:-1, None]), mean, height)

    def inverse(self, G: Array) -> Array:
        """(q, M) -> (q, M)."""
        if not len(self.height):
            whole: Array = G / self.own
            return whole
        steps = (G[:-1] - self.mean * G[-1]) / self.own
        return self._beside(steps, G[-1] / self.height - (self.mean * steps).sum(axis=0))

    def proximal(self, l1: Array, V: Array, G: Array, scale: float) -> Array:
        """(q, M): where G (W - V) + scale |W - V|² / 2 + sum l1 |W| is least, the intercepts free."""
        xp, p = namespace(V), len(self.own)
        pull = G[:p] - self.mean * G[-1] if len(self.height) else G
        own = scale * self.own
        aim, kink = V[:p] - pull / own, l1[:p, None] / own
        W: Array = aim - xp.minimum(xp.maximum(aim, -kink), kink)
        if not len(self.height):
            return W
        return self._beside(W, V[-1] - G[-1] / (scale * self.height) - (self.mean * (W - V[:-1])).sum(axis=0))

    def square(self, D: Array) -> float:
        """|D|² of a (q, M) in this metric."""
        p = len(self.own)
        found = vdot(self.own * D[:p], D[:p])
        if len(self.height):
            found += float((self.height * (D[-1] + (self.mean * D[:-1]).sum(axis=0)) ** 2).sum())
        return found

    @staticmethod
    def _beside(rows: Array, last: Array) -> Array:
        whole: Array = namespace(rows).concatenate([rows, last[None, :]], axis=0)
        return whole


def _above_zero(diagonal: Array) -> Array:
    """The numbers, ones in place of zeros."""
    found: Array = namespace(diagonal).where(diagonal > 0, diagonal, namespace(diagonal).ones_like(diagonal))
    return found


def _factored(rows: Rows, loss: Loss, place: Place, strength: Array, care: int) -> Metric:
    """The inverse of the diagonal blocks, one for each class.

    What is off the diagonal comes from rows drawn by their curvature. A column that few of them show is believed less.
    """
    wanted = sample_size(rows.count, (place.W.shape[0], place.W.shape[1]), care)
    loose, traces = rows.executor.map_sum(tasks.diagonals, rows.handles, loss, place)
    whole = wanted >= rows.count
    rate = (ALL if whole else wanted) / namespace(traces).where(traces > 0, traces, namespace(traces).ones_like(traces))
    drawn = rows.executor.map(tasks.draw, rows.handles, loss, place, rate)
    samples, weights = (list(found) for found in zip(*drawn, strict=True))
    parts = [
        Part(samples, [single(weight[:, k] / rows.total) for weight in weights], loose[:, k] / rows.total, strength, whole)
        for k in range(loss.columns)
    ]
    return _inverse(rows.executor.map(factor, rows.executor.put(parts)))


def factor(part: Part) -> tuple[Array, Array]:
    """(q, q) and (q,) in float32: the lower factor of the class's block between unit diagonals, and the roots of the diagonal."""
    half = _weighted(part)
    gram = half.T @ half
    size = gram.diagonal().copy()
    size[size == 0] = 1.0
    half *= half
    inverse_count = np.einsum("ij,ij->j", half, half) / size**2  # rows that show a column, as Kish counts them: 1 / this
    trust = 1 / (1 + (0 if part.whole else DOUBT) * inverse_count)
    full = part.diagonal + part.strength
    full = np.where(full > 0, full, 1.0)
    root = (trust * single(part.diagonal / full) / size) ** 0.5
    gram *= root
    gram *= root[:, None]
    for ridge in RIDGES:
        np.fill_diagonal(gram, 1 + ridge)
        lower = cholesky(gram.T)  # the same matrix, column by column: it is not turned before it is factored
        if lower is not None:
            return lower, single(full**0.5)
    lower = np.eye(len(full), dtype=np.float32)  # floating point cannot tell the matrix from a singular one
    return lower, single(full**0.5)


def _weighted(part: Part) -> np.ndarray:
    """(m, q): the rows that were drawn for the class, times the roots of their weights; in one array that is written once."""
    seen = [np.flatnonzero(weight) for weight in part.weight]
    ends = np.cumsum([len(rows) for rows in seen]).tolist()
    half = np.empty((ends[-1], len(part.diagonal)), dtype=np.float32)
    for rows, weight, own, end in zip(part.rows, part.weight, seen, ends, strict=True):
        some = half[end - len(own) : end]
        np.take(rows, own, axis=0, out=some, mode="clip")  # which writes in place; nothing is out of bounds
        some *= weight[own, None] ** 0.5
    return half


def _inverse(factors: list[tuple[Array, Array]]) -> Metric:
    """The metric of the given factors."""
    classes = [(cholesky_solver(lower), root) for lower, root in factors]

    def apply(G: Array) -> Array:
        size = largest(G) or 1.0
        g = single(G / size)
        columns = [like(solve(g[:, k] / root) / root, G) for k, (solve, root) in enumerate(classes)]
        found: Array = size * namespace(G).stack(columns, axis=1)
        return found

    return apply


def _centred(inverse: Metric, strength: Array) -> Metric:
    """The metric of softmax: ``inverse`` where classes differ, and the penalty's own where they move together."""
    xp = namespace(strength)
    shared = xp.where(strength > 0, strength, xp.ones_like(strength))[:, None]

    def apply(G: Array) -> Array:
        mean = G.sum(axis=1)[:, None] / G.shape[1]
        found = inverse(G - mean)
        moved: Array = found + (mean / shared - found.sum(axis=1)[:, None] / G.shape[1])
        return moved

    return apply
