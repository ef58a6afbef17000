"""Collinear columns: which combinations are zero in every row, which columns that names, and the answer of minimum norm."""

from __future__ import annotations

import numpy as np

from . import tasks
from .backend import Array, like, namespace, to_numpy
from .tasks import Rows

ROWS_PER_COLUMN = 20  # at least, where a part of the rows is looked at first
NOTHING = 1e-9  # columns that differ by less, relative to their spread, are one column: a Hessian in float64 cannot part them
SHARE = 0.1  # of the rows, whose Gram matrix is no larger than that of all
SUSPECT = 1e-9  # eigenvalues of the unit-diagonal Gram matrix below this are looked at with the rows themselves


def null_space(rows: Rows, free: Array) -> Array:
    """Orthonormal combinations (q, d) of the free columns that vanish: to 1e-9 of their spread, or to the rounding of the data.

    A Gram matrix cannot tell a relative size of 1e-8 from zero, so it only raises the suspicion; the combination itself is then
    refined and formed row by row.

    Parameters
    ----------
    rows : Rows
    free : (q,) boolean array
        Columns without a penalty.
    """
    chosen = np.flatnonzero(to_numpy(free))
    q = rows.resolution.shape[0]
    nothing = like(np.zeros((q, 0)), rows.resolution)
    if len(chosen) < 2 and len(chosen) < q:
        return nothing
    if len(chosen) * ROWS_PER_COLUMN <= SHARE * rows.count and _sound(rows, chosen):
        return nothing
    (total,) = rows.executor.map_sum(tasks.gram, rows.handles)
    gram = to_numpy(total)[np.ix_(chosen, chosen)] / rows.total
    diagonal = np.diag(gram)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(gram / scale / scale[:, None])
    suspect = values < SUSPECT
    if not suspect.any():
        return nothing
    basis = np.zeros((q, int(suspect.sum())))
    basis[chosen] = _orthonormal(vectors[:, suspect] / scale[:, None])
    kept = vectors[:, ~suspect] / scale[:, None]
    for _ in range(2):
        moment, _ = rows.executor.map_sum(tasks.gram_of_product, rows.handles, like(basis, rows.resolution))
        correction = kept @ ((kept.T @ to_numpy(moment)[chosen]) / rows.total / values[~suspect, None])
        basis[chosen] = _orthonormal(basis[chosen] - correction)
    _, square = rows.executor.map_sum(tasks.gram_of_product, rows.handles, like(basis, rows.resolution))
    sizes, turns = np.linalg.eigh(to_numpy(square) / rows.total)
    basis = basis @ turns
    rounding = 4 * abs(basis).T @ to_numpy(rows.resolution) + NOTHING
    return like(basis[:, np.sqrt(np.maximum(sizes, 0)) <= rounding], rows.resolution)


def _sound(rows: Rows, chosen: np.ndarray) -> bool:
    """Whether the Gram matrix of some of the rows already shows that no combination of the chosen columns is suspect.

    The rows left out can only add to it, and as the diagonal of the whole is 1 at most, its unit-diagonal form is no smaller.
    """
    (part,) = rows.executor.map_sum(tasks.gram, rows.handles, SHARE)
    return float(np.linalg.eigvalsh(to_numpy(part)[np.ix_(chosen, chosen)] / rows.total)[0]) > 2 * SUSPECT


def aliased(null: Array, intercept: bool) -> tuple[int, ...]:
    """The columns that are combinations of the intercept and of the columns before them, one for each null direction."""
    basis = to_numpy(null).copy()
    columns = range(basis.shape[0] - 1 - intercept, -1, -1)
    found = []
    for j in columns:
        if basis.shape[1] == 0:
            break
        pivot = int(np.argmax(abs(basis[j])))
        if abs(basis[j, pivot]) <= 1e-7:
            continue
        found.append(j)
        direction = basis[:, pivot] / basis[j, pivot]
        basis = np.delete(basis - np.outer(direction, basis[j]), pivot, axis=1)
        if basis.shape[1]:
            basis = _orthonormal(basis)
    return tuple(sorted(found))


def minimum_norm(W: Array, null: Array, intercept: bool) -> Array:
    """The coefficients (q, M) with the same logits and the smallest norm; the intercept does not count towards it."""
    if null.shape[1] == 0:
        return W
    last = W.shape[0] - 1 if intercept else W.shape[0]
    part = null[:last]
    moved: Array = W - null @ namespace(W).linalg.solve(part.T @ part, part.T @ W[:last])
    return moved


def _orthonormal(basis: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(basis)[0])
