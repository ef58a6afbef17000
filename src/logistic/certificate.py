"""How far from the optimum a point can be: bounds on F(W) - min F that hold in floating point.

Two bounds, both derived in docs/certificate.md:

* **Newton bound.** The third derivative of the mean logistic loss along u is at most R(u) times the second, R(u) being the widest
  spread of logits that u causes in a row. With delta = |gradient| and rho = max |x_i (e_k - e_l)|, both in the norm of the inverse
  Hessian H at the point, rho * delta < 1 proves that a minimum exists and that
  F - min F <= delta² * newton_factor(rho * delta), about delta² / 2. It holds with or without a penalty.
* **Dual gap.** Where every row but the intercept is penalised by alpha * factor_j / 2 |W_j|² and the intercept is optimal,
  F - min F <= sum_j |g_j|² / (2 alpha factor_j). It needs no Hessian, and is loose when alpha is about 1 / n.

Rounding is part of both: gradients are widened by a bound on their own error, and the Hessian is lowered by a bound on its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from itertools import combinations

from .backend import EPS, Array, cholesky, inverse_lower, largest, namespace, vdot

UNIT = EPS / 2  # unit roundoff
ESTIMATE_STEPS = 40  # of conjugate gradients, each two products with the rows
SLACK = 1.01  # covers the rounding of the triangular solves below


def newton_factor(x: float) -> float:
    """(x L + x - L) / x² with L = -log(1 - x): 1/2 + x/6 + ... for small x, inf from 1 on.

    Parameters
    ----------
    x : float
        rho * delta >= 0.
    """
    if not x < 1:
        return math.inf
    if x < 1e-2:  # the closed form cancels; its series sum x^m / ((m + 1)(m + 2)) does not
        return sum(x**m / ((m + 1) * (m + 2)) for m in range(9))
    log = -math.log1p(-x)
    return (x * log + x - log) / x**2


class Curvature:
    """A provable lower bound of a Hessian, factored.

    Parameters
    ----------
    hessian : (m, m) array
        As computed.
    error : float
        Relative error of its entries, in the sense |computed - exact|_ab <= error * sqrt(H_aa H_bb).

    Attributes
    ----------
    spread : float or None
        The largest difference that a row can make between two logits along a step of length one in the inverse norm, once known.
    """

    spread: float | None = None

    def __init__(self, hessian: Array, error: float) -> None:
        xp = namespace(hessian)
        size = hessian.shape[0]
        diagonal = xp.diagonal(hessian)
        self.scale: Array = xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal)) ** 0.5
        unit = hessian / self.scale / self.scale[:, None]
        # An entrywise error e moves eigenvalues by at most e * size; the factorisation itself adds about size * roundoff.
        shift = 2 * size * (error + 4 * UNIT)
        identity = xp.eye(size, dtype=hessian.dtype, device=hessian.device)
        self.lower = cholesky(unit - shift * identity)
        self.inverse_root: Array | None = None if self.lower is None else inverse_lower(self.lower)

    @cached_property
    def inverse(self) -> Array:
        """(m, m): the inverse of the lowered Hessian."""
        assert self.inverse_root is not None
        root = self.inverse_root / self.scale
        found: Array = root.T @ root
        return found

    @property
    def sound(self) -> bool:
        """Whether the lowered Hessian is still positive definite."""
        return self.lower is not None

    def most(self, step: Array) -> float:
        """Upper bound on sqrt(stepᵀ H step): by the triangle inequality, that of its entries together."""
        return float(SLACK * float((abs(step).reshape(-1) * self.scale).sum()))

    def decrement(self, gradient: Array, error: Array) -> float:
        """Upper bound on sqrt(gᵀ H⁻¹ g) for every g within ``error`` of ``gradient``; both (m,)."""
        assert self.inverse_root is not None
        exact = self.inverse_root @ (gradient / self.scale)
        widened = abs(self.inverse_root) @ (error / self.scale)  # the triangle inequality, entry by entry
        return float(SLACK * (float((exact**2).sum()) ** 0.5 + float((widened**2).sum()) ** 0.5))

    def widest(self, columns: int) -> float:
        """Upper bound on |x (e_k - e_l)| over sum_j |x_j|, in the inverse norm, for every x and every pair of classes."""
        assert self.inverse_root is not None
        norm = float(((self.inverse_root / self.scale) ** 2).sum(axis=0).max()) ** 0.5  # of the longest column
        return float(SLACK * norm * (1.0 if columns == 1 else 2.0))  # |a - b| <= |a| + |b|

    def farthest(self, columns: int) -> float:
        """Upper bound on |x (e_k - e_l)| over |x|, in the inverse norm, for every x and every pair of classes.

        The norm of a symmetric matrix is at most the fourth root of the Frobenius norm of its fourth power.
        """
        size = largest(self.inverse)
        square = self.inverse / size
        square = square @ square
        norm = size * float(((square @ square) ** 2).sum()) ** 0.125
        return float(SLACK * norm**0.5 * (1.0 if columns == 1 else 2**0.5))

    def spread_roots(self, rows: int, columns: int) -> list[Array]:
        """For each pair of classes a (q, q) matrix T with |x T| >= |x (e_k - e_l)| in the inverse norm; one matrix where M = 1.

        It is the larger by what rounding may take away: of a sum of m products, m unit roundoffs of the lengths of both sides.
        """
        xp = namespace(self.inverse)
        cells = xp.moveaxis(self.inverse.reshape(rows, columns, rows, columns), (1, 3), (0, 1))
        length = xp.diagonal(self.inverse).reshape(rows, columns).T ** 0.5
        if columns == 1:
            apart, size = cells[0], length
        else:
            k, m = map(list, zip(*combinations(range(columns), 2), strict=True))
            apart, size = cells[k, k] + cells[m, m] - cells[k, m] - cells[m, k], length[k] + length[m]
        unit = apart / size[:, :, None] / size[:, None, :]
        lost = 2 * rows * (rows * columns + rows + 8) * UNIT
        return list(size[:, :, None] * xp.linalg.cholesky(unit + lost * xp.eye(rows, dtype=unit.dtype, device=unit.device)))


def estimated_gap(product: Callable[[Array], Array], gradient: Array) -> float:
    """gᵀ H⁻¹ g / 2 by conjugate gradients on H times a direction: an estimate, where the Hessian is too large to bound."""
    x = 0 * gradient
    residual = direction = gradient
    norm = first = vdot(residual, residual)
    for _ in range(ESTIMATE_STEPS):
        if norm <= 1e-4 * first or norm == 0:
            break
        bent = product(direction)
        curved = vdot(direction, bent)
        if not curved > 0:
            return math.inf
        x = x + (norm / curved) * direction
        residual = residual - (norm / curved) * bent
        norm, previous = vdot(residual, residual), norm
        direction = residual + (norm / previous) * direction
    return 0.5 * vdot(gradient, x)


def summation_error(rows_in_block: int, blocks: int) -> float:
    """Relative error of a sum over rows in any order, in units of the sum of absolute terms."""
    return UNIT * (rows_in_block + blocks + 8)
