"""The covariance of the coefficients: from the information at the solution, or robust, by row or by cluster.

With H the Hessian of the mean weighted loss + penalty over n weights, and u_i the gradient of a row's weighted loss, the estimate
moves by -H⁻¹ sum(u_i) / n when the rows do. So its covariance is H⁻¹ B H⁻¹ / n², the sandwich, where B stands for the covariance of
sum(u_i) (White 1980, Econometrica 48; Liang and Zeger 1986, Biometrika 73):

=============  ========================================================================================================
``observed``   the information itself, n times the Hessian without penalty; without a penalty the sandwich is H⁻¹ / n then
``HC0``        sum of u_i u_iᵀ over the observations
``HC1``        the same times n / (n - df), for n observations
``cluster``    the same of the sums of u_i over clusters, times G / (G - 1) * (n - 1) / (n - df) for G clusters
=============  ========================================================================================================

For a penalised fit this is the spread of the estimate around its own mean, not around the truth: it says nothing of the bias.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..backend import to_numpy
from ..contracts import Design, Executor, Loss, Objective, Point, RawBlock
from ..encoding import Encoding, counted
from ..errors import InputError
from ..objective import LogisticObjective
from ..outcome import COVARIANCES, Statistics

MOST_COEFFICIENTS = 2000  # whose covariance is found unasked
STILL = 1e-9  # an entry of a unit vector, in columns of spread 1, that is rounding
CHUNK = 2**22  # numbers of rows' gradients at a time, 32 MiB
MOST_SUMS = 2**28  # numbers of clusters' gradients, 2 GiB


def check(kind: str | None, grouped: bool) -> None:
    """Refuse a kind that does not exist, or that rows with (without) groups cannot have.

    Raises
    ------
    InputError
        Naming the way out.
    """
    if kind is not None and kind not in ("auto", *COVARIANCES):
        raise InputError(f"covariance={kind!r} is unknown; choose 'auto', {', '.join(map(repr, COVARIANCES))}, or None")
    if kind == "cluster" and not grouped:
        raise InputError("covariance='cluster' needs groups, the label of each row's cluster; pass fit(X, y, groups=...)")
    if grouped and kind != "cluster":
        raise InputError(f"covariance={kind!r} has no use for groups; pass covariance='cluster', or no groups")


def chosen(kind: str | None, penalised: bool, objective: Objective) -> str:
    """The kind of covariance that a fit has, empty for none: unasked, that of maximum likelihood only.

    Raises
    ------
    InputError
        Where the one that was asked for does not exist.
    """
    size = math.prod(objective.shape)
    if kind is None or kind == "auto":
        return "observed" if kind and not penalised and size <= MOST_COEFFICIENTS else ""
    if objective.l1 is not None:
        raise InputError(
            f"covariance={kind!r} does not exist under an L1 penalty: an estimate that is exactly zero with positive probability "
            "has no normal distribution; use an L2 penalty, or the bootstrap"
        )
    if "hessian" not in objective.offers:
        raise InputError(f"covariance={kind!r} of {size:,} coefficients would take too much memory; use covariance=None")
    return kind


def with_covariance(
    statistics: Statistics, objective: LogisticObjective, point: Point, kind: str, meat: np.ndarray | None, clusters: int
) -> Statistics:
    """``statistics`` with the covariance at a solution, in the columns of the objective.

    Parameters
    ----------
    statistics : Statistics
    objective : LogisticObjective
        It must offer its Hessian.
    point : Point
    kind : str
        One of :data:`logistic.outcome.COVARIANCES`.
    meat : (q M, q M) array, optional
        B for a robust kind, from :func:`meat`.
    clusters : int
        0 but for ``cluster``.
    """
    (q, M), total = objective.shape, objective.rows.total
    null = to_numpy(objective.null_space())
    inside = _projection(null, M)
    bread = inside(inside(np.asarray(to_numpy(objective.inverse(point)), dtype=np.float64)).T)
    curvature = np.repeat(to_numpy(objective.penalty.curvature(point.W)), M)
    n, df = statistics.count, statistics.df
    if kind in ("HC1", "cluster") and n <= df:
        raise InputError(f"covariance={kind!r} needs more observations than coefficients, but there are {n:g} and {df}; use 'HC0'")
    if meat is not None:
        found = bread @ meat @ bread / total**2
        if kind == "HC1":
            found *= n / (n - df)
        if kind == "cluster":
            found *= clusters / (clusters - 1) * (n - 1) / (n - df)
    elif curvature.any():
        found = (bread - (bread * curvature) @ bread) / total
    else:
        found = bread / total
    found = (found + found.T) / 2
    ordered = found.reshape(q, M, q, M).transpose(1, 0, 3, 2).reshape(M * q, M * q)
    return replace(statistics, kind=kind, clusters=clusters, covariance=np.ascontiguousarray(ordered), aliases=null)


def _projection(null: np.ndarray, M: int) -> Any:
    """What takes out of (q M, ...) arrays the directions in which no logit difference changes."""

    def inside(values: np.ndarray) -> np.ndarray:
        cells = values.reshape(len(null), M, -1)
        if M > 1:
            cells = cells - cells.mean(axis=1, keepdims=True)
        if null.shape[1]:
            cells = cells - np.einsum("qd,dmr->qmr", null, np.einsum("qd,qmr->dmr", null, cells))
        return cells.reshape(values.shape)

    return inside


def rescaled(statistics: Statistics, scale: np.ndarray) -> Statistics:
    """The same for coefficients in the units of the data: ``scale`` (q,) are the divisors of the columns, 1 for the intercept."""
    if statistics.covariance is None or statistics.aliases is None:
        return statistics
    M = len(statistics.covariance) // len(scale)
    divisors = np.tile(scale, M)
    seen = np.asarray(statistics.aliases)
    directions = np.where(abs(seen) > STILL, seen, 0.0) / scale[:, None]
    aliases = directions / abs(directions).max(axis=0, initial=0.0)
    return replace(statistics, covariance=statistics.covariance / divisors[:, None] / divisors, aliases=aliases)


_Sums = list[tuple[np.ndarray, np.ndarray]]


class Gradients(NamedTuple):
    """How a raw block becomes the gradients of its rows, in the columns of the objective.

    Attributes
    ----------
    encoding : Encoding
    scale : (p,) array
    intercept : bool
    loss : Loss
    W : (q, M) array
    """

    encoding: Encoding
    scale: np.ndarray
    intercept: bool
    loss: Loss
    W: np.ndarray

    def of(self, raw: RawBlock) -> Iterator[tuple[Design, np.ndarray, np.ndarray, slice]]:
        """Chunk by chunk: design (r, q), residuals (r, M) of one observation, frequencies (r,), and where among counted rows."""
        block = self.encoding.block(raw, self.scale, self.intercept)
        frequency = np.ones(len(block.y)) if raw.frequency is None else counted(raw).frequency
        size = max(CHUNK // self.W.size, 1)
        for start in range(0, len(block.y), size):
            part = slice(start, start + size)
            X = (block.X if size >= len(block.y) else block.X.take(part)).ready()
            eta = X.matmul(self.W) if block.offset is None else X.matmul(self.W) + block.offset[part]
            residual = self.loss.evaluate(eta, block.y[part])[1]
            yield X, (block.weight[part] / frequency[part])[:, None] * residual, frequency[part], part


def clusters(executor: Executor, raw: list[Any]) -> int:
    """How many there are among the rows that count."""
    found = executor.map_merge(_groups, raw, np.union1d)
    if len(found) < 2:
        raise InputError("all rows of positive weight are in one group; errors by cluster need two clusters or more")
    return len(found)


def _groups(raw: RawBlock) -> np.ndarray:
    return np.unique(counted(raw).group)


def meat(executor: Executor, raw: list[Any], gradients: Gradients, clusters: int) -> np.ndarray:
    """(q M, q M): sum over observations, or over clusters where there are any, of the products of their gradients.

    ``raw`` are handles of raw blocks.
    """
    if clusters == 0:
        (found,) = executor.map_sum(_products, raw, gradients)
        return np.asarray(found)
    names = max(executor.map(_last, raw)) + 1
    if names * gradients.W.size > MOST_SUMS:
        raise InputError(
            f"{names:,} clusters x {gradients.W.size:,} coefficients are too many numbers; use covariance='HC1', or fewer clusters"
        )
    sums = np.zeros((names, gradients.W.size))

    def add(first: _Sums, second: _Sums) -> _Sums:
        for names, found in second:
            sums[names] += found
        return first

    add([], executor.map_merge(_sums, raw, add, gradients))
    return np.asarray(sums.T @ sums)


def _last(raw: RawBlock) -> int:
    return int(raw.group.max())


def _products(raw: RawBlock, gradients: Gradients) -> tuple[np.ndarray]:
    found = np.zeros((gradients.W.size, gradients.W.size))
    for X, residual, frequency, _ in gradients.of(raw):
        if residual.shape[1] == 1:
            found += np.asarray(X.gram(frequency * residual[:, 0] ** 2))
            continue
        each = (X.dense()[:, :, None] * residual[:, None, :]).reshape(len(residual), -1)
        found += each.T @ (frequency[:, None] * each)
    return (found,)


def _sums(raw: RawBlock, gradients: Gradients) -> _Sums:
    """The clusters of each chunk, and the sums of their gradients."""
    from scipy.sparse import csr_array

    group, found = counted(raw).group, []
    for X, residual, frequency, part in gradients.of(raw):
        order = np.argsort(group[part], kind="stable")
        names, starts = np.unique(group[part][order], return_index=True)
        ends, rows = np.append(starts, len(order)), X.dense()
        weighted = (frequency[:, None] * residual)[order]
        sums = [csr_array((column, order, ends), shape=(len(names), len(order))) @ rows for column in weighted.T]
        found.append((names, np.stack(sums, axis=2).reshape(len(names), -1)))
    return found
