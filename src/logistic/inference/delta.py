"""The delta method: how far probabilities, and changes of them, move with the coefficients.

A quantity f of a row moves by g when the coefficients move, and g' S g is its variance, S the covariance of the coefficients. Here
g has, in the coefficients of class l, the form T_l z + sum_j E_jl e_j: z is the row as the coefficients see it, e_j the unit vector
of a column that is changed. So a row needs T and E, no more than classes squared, and never a vector of all coefficients.
With p the probabilities, C = diag(p) - p p' their derivative in the logits, and b_j the coefficients of column j:

==================  ==================================  ==========================================  =====================
quantity            f                                   T                                           E_j
==================  ==================================  ==========================================  =====================
probability         p                                   C                                           0
its log-odds        log p_k / (1 - p_k)                 1 for k, -p_l / (1 - p_k) for the others    0
slope in column j   u = C b_j                           diag(u) - p u' - u p'                       C
change of column j  p at the high value less the low    C high - C low                              steps times these C
==================  ==================================  ==========================================  =====================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from .estimates import STILL
from .rows import Chunk, Rows, curvature

Own = tuple[tuple[int, np.ndarray], ...]


class Moves(NamedTuple):
    """A quantity for each of R classes, of r rows, and how it moves.

    Attributes
    ----------
    value : (r, R) array
        For probabilities (r, K): of all classes, R of which are the last ones.
    T : (r, R, M) array
    E : tuple of (column, (r, R, M) array)
    """

    value: np.ndarray
    T: np.ndarray
    E: Own = ()


class Quantity(Protocol):
    """What is asked of each row."""

    def of(self, rows: Chunk) -> Moves:
        """Its values, and how they move."""
        ...


class Probability(NamedTuple):
    """Probabilities, with some columns set to given values.

    Attributes
    ----------
    at : tuple of (column, value)
    """

    at: tuple[tuple[int, float], ...] = ()

    def of(self, rows: Chunk) -> Moves:
        """As the table above says."""
        return moved_to(rows, [(j, value - rows.X[:, j]) for j, value in self.at])


class LogOdds(NamedTuple):
    """Of each class against all others."""

    def of(self, rows: Chunk) -> Moves:
        """As the table above says; exact however near to 0 or 1 the probabilities are."""
        eta = rows.eta
        if eta.shape[1] == 1:
            return Moves(eta, np.ones((*eta.shape, 1)))
        own, K = np.arange(eta.shape[1]), eta.shape[1]
        others = np.broadcast_to(eta[:, None, :], (len(eta), K, K)).copy()
        others[:, own, own] = -np.inf
        top = others.max(axis=2)
        e = np.exp(others - top[:, :, None])
        total = e.sum(axis=2)
        T = -e / total[:, :, None]
        T[:, own, own] = 1
        return Moves(eta - top - np.log(total), T)


class Slope(NamedTuple):
    """The derivative in a column."""

    column: int

    def of(self, rows: Chunk) -> Moves:
        """As the table above says."""
        C = rows.curvature
        return sloped(rows, C @ rows.model.coef[:, self.column], ((self.column, C),))


class Change(NamedTuple):
    """What follows from a change of a column.

    Attributes
    ----------
    column : int
    low, high : float
        Values before and after it; with ``relative`` they are added to the value of the row.
    relative : bool
    """

    column: int
    low: float
    high: float
    relative: bool = False

    def of(self, rows: Chunk) -> Moves:
        """As the table above says."""
        j = self.column
        start = np.zeros(len(rows.X)) if self.relative else -rows.X[:, j]
        return changed(rows, [j], (start + self.low)[:, None], (start + self.high)[:, None])


class Contrast(NamedTuple):
    """A change of a column, by the name of the column, and how it is written."""

    term: str
    text: str
    quantity: Quantity


class Setting(NamedTuple):
    """Values of some columns, by name, and the probabilities there."""

    values: tuple[tuple[str, Any], ...]
    quantity: Quantity


def moved_to(rows: Chunk, steps: Sequence[tuple[int, np.ndarray]]) -> Moves:
    """Probabilities where some columns are so many (r,) further."""
    there = rows.moved(list(steps)) if steps else rows
    C = there.curvature
    return Moves(there.p, C, tuple((j, step[:, None, None] * C) for j, step in steps))


def sloped(rows: Chunk, u: np.ndarray, E: Own) -> Moves:
    """Slopes u (r, R) along a direction in which the logits rise."""
    p = rows.p
    if u.shape[1] == 1:
        return Moves(u, (u * (p[:, :1] - p[:, 1:]))[:, :, None], E)
    both = p[:, :, None] * u[:, None, :]
    T = -(both + both.transpose(0, 2, 1))
    own = np.arange(u.shape[1])
    T[:, own, own] += u
    return Moves(u, T, E)


def changed(rows: Chunk, columns: Sequence[int], low: np.ndarray, high: np.ndarray) -> Moves:
    """The difference that it makes whether J columns are ``high`` or ``low`` (r, J) further."""
    coef = rows.model.coef[:, columns]
    before, after = (np.asarray(rows.model.loss.probabilities(rows.eta + step @ coef.T)) for step in (low, high))
    C_low, C_high = curvature(before), curvature(after)
    E = ((j, high[:, i, None, None] * C_high - low[:, i, None, None] * C_low) for i, j in enumerate(columns))
    return Moves((after - before)[:, -C_low.shape[1] :], C_high - C_low, tuple(E))


class Averages(NamedTuple):
    """Weighted means over the rows, of V quantities.

    Attributes
    ----------
    values : (V, R) array
        Or (V, K).
    jacobian : (V, R, M, q) array
        Derivatives in the coefficients, the last of each class that of the logit at the center.
    blind : (V, R) array of bool
        Whether a quantity changes along directions of the coefficients that the rows of the fit could not see.
    """

    values: np.ndarray
    jacobian: np.ndarray
    blind: np.ndarray


def averages(rows: Rows, quantities: Sequence[Quantity]) -> Averages:
    """Of quantities, over rows with their weights, in one pass."""
    M, p = rows.model.coef.shape
    q, R = p + rows.model.fit_intercept, 1 if M == 1 else M
    V, total = len(quantities), rows.weight.sum()
    A = _aliases(rows)
    values: list[np.ndarray | float] = [0.0] * V
    jacobian = np.zeros((V, R, M, q))
    seen, size = np.zeros((2, V, R, M, A.shape[1]))
    for chunk in rows.chunks(R * M):
        share = chunk.weight / total
        Z = share[:, None] * chunk.Z
        for v, quantity in enumerate(quantities):
            value, T, E = quantity.of(chunk)
            values[v] += share @ value
            jacobian[v] += (T.reshape(len(T), -1).T @ Z).reshape(R, M, q)
            for j, own in E:
                jacobian[v, :, :, j] += np.tensordot(share, own, 1)
            if A.size:
                along, terms = _along(chunk, T, E, A)
                seen[v] += np.tensordot(share, along, 1)
                size[v] += np.tensordot(share, terms, 1)
    return Averages(np.array(values), jacobian, np.asarray((abs(seen) > STILL * size).any(axis=(2, 3))))


class EachRow(NamedTuple):
    """Of r rows: values (r, R), or (r, K) of probabilities; variances (r, R); and blind (r, R), as :class:`Averages` has it."""

    part: slice
    value: np.ndarray
    variance: np.ndarray
    blind: np.ndarray


def each_row(rows: Rows, quantities: Sequence[Quantity], covariance: np.ndarray | None) -> Iterator[list[EachRow]]:
    """Chunk by chunk, of each quantity; variances are NaN where there is no covariance."""
    M, A = len(rows.model.coef), _aliases(rows)
    S = None if covariance is None else covariance.reshape(M, len(covariance) // M, M, -1)
    for chunk in rows.chunks(M * M):
        square = None if S is None else quadratic(chunk.Z, S)
        found = []
        for quantity in quantities:
            value, T, E = quantity.of(chunk)
            blind = np.zeros(T.shape[:2], dtype=bool)
            if A.size:
                along, terms = _along(chunk, T, E, A)
                blind = np.asarray((abs(along) > STILL * terms).any(axis=(2, 3)))
            variance = np.full(blind.shape, np.nan)
            if S is not None and square is not None:
                variance = np.einsum("rkl,rlm,rkm->rk", T, square, T)
                for j, own in E:
                    beside = np.einsum("ri,limj->rlmj", chunk.Z, S[:, :, :, j : j + 1])[..., 0]
                    variance += 2 * np.einsum("rkl,rlm,rkm->rk", T, beside, own)
                    for i, other in E:
                        variance += np.einsum("rkl,lm,rkm->rk", own, S[:, j, :, i], other)
            found.append(EachRow(chunk.part, value, np.maximum(variance, 0), blind))
        yield found


def quadratic(Z: np.ndarray, S: np.ndarray) -> np.ndarray:
    """(r, M, M): z' S_lm z for each row z of Z (r, q) and each pair of classes of S (M, q, M, q)."""
    M = len(S)
    found = np.empty((len(Z), M, M))
    for k in range(M):
        for m in range(k, M):
            found[:, k, m] = found[:, m, k] = np.einsum("rq,rq->r", Z @ S[k, :, m], Z)
    return found


def _aliases(rows: Rows) -> np.ndarray:
    """(q, d)."""
    statistics = rows.model.statistics
    q = rows.model.coef.shape[1] + rows.model.fit_intercept
    return np.zeros((q, 0)) if statistics is None or statistics.aliases is None else np.asarray(statistics.aliases)


def _along(rows: Chunk, T: np.ndarray, E: Own, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(r, R, M, d): how a quantity moves along the directions A (q, d) of the coefficients of a class, and the sum of the sizes."""
    size = abs(rows.Z) @ abs(A) + rows.rounding / STILL * (abs(rows.X) @ abs(A[: rows.X.shape[1]]))
    along, terms = T[..., None] * (rows.Z @ A)[:, None, None, :], abs(T)[..., None] * size[:, None, None, :]
    for j, own in E:
        along = along + own[..., None] * A[j]
        terms = terms + abs(own)[..., None] * abs(A[j])
    return along, terms
