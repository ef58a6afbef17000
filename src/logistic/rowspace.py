"""The optimum of few long rows, sought among their combinations: Newton's method with as many unknowns as there are rows.

Where all columns are penalised by squares, D of them, the best coefficients are combinations of the rows, D⁻¹ Xᵀ A with A (n, M),
and the logits are K A plus intercepts with K = X D⁻¹ Xᵀ (Kimeldorf & Wahba 1971). A step of Newton's method then factors one n x n
matrix a class, however many columns there are (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, algorithms 3.1
and 3.3; here with weights, and with intercepts that are free).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .backend import EPS, Array, cholesky, cholesky_solver, inverse_lower, is_finite, overflow_allowed, to_numpy, vdot
from .contracts import Block, Loss
from .minimize import POLISH_TOL
from .objective import LogisticObjective

CHUNK = 2**20  # numbers of X at a time, 8 MiB
BYTES = 2**28  # of all n x n matrices
PATIENCE = 140  # gradients, which this may cost at most: about what other ways take
STEPS = 50
HALVINGS = 30
SUFFICIENT = 1e-4  # of the decrease that the slope promises
CLOSE = 1e-2  # of the gap that is asked for, by which a last step lowers F: what it leaves is the square of that
DIGITS = 1e-20  # relative decrease after which all digits are there
NOISE = 64 * EPS  # relative: no value is known better


class Begun(NamedTuple):
    """Coefficients (q, M), and how many steps have led there."""

    W: Array
    steps: int


class _Problem(NamedTuple):
    """What is minimised over A (n, M) and the intercepts b (M,); weights have sum 1."""

    K: np.ndarray
    loss: Loss
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray | float
    intercept: bool


class _State(NamedTuple):
    """Unknowns, K A, logits, value, and the derivative of the losses in the logits."""

    A: np.ndarray
    b: np.ndarray
    KA: np.ndarray
    eta: np.ndarray
    value: float
    gradient: np.ndarray


def worth_while(objective: LogisticObjective) -> bool:
    """Whether dense rows in this process are so few beside their columns that steps among them cost next to nothing."""
    (q, M), n = objective.shape, objective.rows.count
    if objective.rows.sparse or "dual" not in objective.offers:
        return False
    if not 1 < n < q or 8 * (M + 3) * n**2 > BYTES:
        return False
    products, factors = n / (30 * M), (0.3 if M == 1 else 1.5) * n**2 / q  # in gradients, measured
    return products + factors <= PATIENCE


def begun(objective: LogisticObjective, tol: float, max_iter: int) -> Begun | None:
    """The optimum to rounding, or as near to it as ``tol`` asks or as Newton's method gets; None where that is nowhere.

    Parameters
    ----------
    objective : LogisticObjective
        One that is :func:`worth_while`.
    tol : float
        Relative gap that is asked for.
    max_iter : int
        Steps at most.
    """
    rows, p = objective.rows, objective.shape[0] - objective.intercept
    blocks: Sequence[Block] = rows.handles
    root = np.asarray(to_numpy(objective.penalty.curvature(objective.zeros())))[:p] ** -0.5
    size = max(CHUNK // rows.count, rows.count)
    chunks = [np.arange(first, min(first + size, p)) for first in range(0, p, size)]
    columns = partial(_columns, blocks=blocks, intercept=objective.intercept, root=root)
    with overflow_allowed():
        (K,) = rows.executor.map_sum(_products, chunks, columns)
        y, weight = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("y", "weight"))
        offset = 0.0 if blocks[0].offset is None else np.concatenate([block.offset for block in blocks])
        problem = _Problem(K, objective.loss, y, weight / rows.total, offset, objective.intercept)
        enough = DIGITS if tol <= POLISH_TOL else CLOSE * tol
        state, steps = _newton(problem, partial(rows.executor.map, _of_class), enough, int(min(STEPS, max_iter)))
        parts = rows.executor.map(_combined, chunks, columns, state.A, root)
    W = np.concatenate([*parts, state.b[None, :][: int(objective.intercept)]])
    return Begun(W, steps) if steps and is_finite(W) else None


def _columns(keep: np.ndarray, blocks: Sequence[Block], intercept: bool, root: np.ndarray) -> np.ndarray:
    """(n, m): some columns of all rows, times ``root``."""
    chosen = np.append(keep, len(root)) if intercept else keep
    parts = [np.asarray(block.X.columns(chosen).dense()[:, : len(keep)]) * root[keep] for block in blocks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _products(keep: np.ndarray, columns: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray]:
    """(n, n): of every row with every other, over some columns."""
    Z = columns(keep)
    return (Z @ Z.T,)


def _combined(keep: np.ndarray, columns: Callable[[np.ndarray], np.ndarray], A: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(m, M): the coefficients of some columns."""
    return np.asarray(root[keep, None] * (columns(keep).T @ A))


def _newton(problem: _Problem, each_class: Callable[..., list[Any]], enough: float, most: int) -> tuple[_State, int]:
    """From zero to where a step lowers the value by less than ``enough`` of it, or to where rounding ends it; and steps."""
    M = problem.loss.columns
    zero = np.zeros((len(problem.y), M))
    state = _at(problem, zero, np.zeros(M), zero)
    for step in range(most):
        found = _direction(problem, each_class, state)
        if found is None:
            return state, step
        A, b = found
        KA = problem.K @ A
        slope = vdot(state.gradient, KA + b) + vdot(A, state.KA)
        arrived = _searched(problem, state, (A, b, KA), slope)
        if arrived is None:
            return state, step
        state = arrived
        if -slope <= enough * abs(state.value):
            return state, step + 1
    return state, most


def _at(problem: _Problem, A: np.ndarray, b: np.ndarray, KA: np.ndarray) -> _State:
    eta = KA + b + problem.offset
    values, residual = problem.loss.evaluate(eta, problem.y)
    return _State(A, b, KA, eta, float(problem.weight @ values) + vdot(A, KA) / 2, problem.weight[:, None] * residual)


def _searched(problem: _Problem, state: _State, step: tuple[np.ndarray, ...], slope: float) -> _State | None:
    """The end of the longest of a step, its half, and so on, that lowers the value as it should; None where none does."""
    A, b, KA = step
    for halving in range(HALVINGS):
        t = 0.5**halving
        end = _at(problem, state.A + t * A, state.b + t * b, state.KA + t * KA)
        if end.value <= state.value + SUFFICIENT * t * slope + NOISE * abs(state.value):
            return end
    return None


def _direction(problem: _Problem, each_class: Callable[..., list[Any]], state: _State) -> tuple[np.ndarray, np.ndarray] | None:
    """Newton's step of A and b: (I + H K) dA = -(gradient + A) - H db, where the new A must sum to zero over the rows."""
    P = problem.loss.probabilities(state.eta)
    h = (P[:, :1] * P[:, 1:] if problem.loss.columns == 1 else P) * problem.weight[:, None]
    solve = _inverse(problem.K, each_class(list(h.T**0.5), problem.K, h.shape[1] == 1))
    if solve is None:
        return None
    own = solve(-(state.gradient + state.A)[:, :, None])[:, :, 0]
    if not problem.intercept:
        return own, np.zeros(h.shape[1])
    H = h[:, :, None]
    if problem.loss.columns > 1:
        H = H * np.eye(h.shape[1]) - H * P[:, None, :]
    aside = solve(H)  # (n, M, M): what a move of each intercept asks of A
    if not is_finite(aside):
        return None
    b, *_ = np.linalg.lstsq(aside.sum(axis=0), (state.A + own).sum(axis=0), rcond=None)  # softmax leaves one direction open
    return own - aside @ b, b


def _of_class(root: np.ndarray, K: np.ndarray, alone: bool) -> tuple[Callable[[np.ndarray], np.ndarray], Any] | None:
    """The product of (n, r) with E = S (I + S K S)⁻¹ S, where S is the root of a class's curvature in each row; and (n, n) E.

    That matrix has small entries to few digits only; the product is right as far as ``K`` is known.
    """
    B = K * root
    B *= root[:, None]
    B[np.diag_indices(len(B))] += 1
    lower = cholesky(B)
    if lower is None:
        return None
    solve = cholesky_solver(lower)
    E = None
    if not alone:
        half = inverse_lower(lower)
        half *= root
        E = half.T @ half
    return lambda v: root[:, None] * solve(root[:, None] * v), E


def _inverse(K: np.ndarray, classes: list[Any]) -> Callable[[np.ndarray], np.ndarray] | None:
    """The function that solves (I + H K) x = v for v (n, M, r), H the Hessian of the losses in the logits; None without one."""
    if any(E is None for E in classes):
        return None
    products, matrices = zip(*classes, strict=True)
    if len(products) == 1:
        return lambda v: v - products[0](K @ v[:, 0])[:, None]
    together = sum(matrices[1:], matrices[0])
    scale = together.diagonal()[:, None] ** -0.5
    lower = cholesky(scale * together * scale.T)
    if lower is None:
        return None
    common = cholesky_solver(lower)

    def solve(v: np.ndarray) -> np.ndarray:
        logits = [K @ v[:, k] for k in range(len(products))]
        shift = scale * common(scale * sum(E(eta) for E, eta in zip(products, logits, strict=True)))
        found: np.ndarray = v - np.stack([E(eta - shift) for E, eta in zip(products, logits, strict=True)], axis=1)
        return found

    return solve
