"""The minimum of an objective among the coefficients that fulfil linear equations, proved like any other.

With Q the orthonormal normals of the plane Qᵀ w = b and P = 1 - Q Qᵀ, a minimum on the plane is where P gradient = 0. The Hessian
P H P + Q Qᵀ is positive definite, changes along the plane no faster than H, and its Newton steps stay on the plane; so the solver,
the loop and the Newton bound of :mod:`logistic.certificate` serve as they are, in the coordinates of the whole. Numbers in float64
are beside the plane by their rounding, and lower or higher there by the slope across it, so the bound is widened by that.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .backend import EPS, Array, largest, namespace, psd_solver, vdot
from .certificate import UNIT
from .contracts import Point, Stop
from .minimize import Solution, minimize
from .objective import LogisticObjective
from .outcome import Certificate
from .proof import Prover
from .solvers.newton import Newton

STOP = Stop(tol=1e-12, max_iter=200)


class Equations(NamedTuple):
    """A plane of coefficients: linear equations that they fulfil.

    Attributes
    ----------
    normals : (q M, r) array
        Orthonormal.
    values : (r,) array
        What their products with the coefficients, row by row of W, are equal to.
    """

    normals: Array
    values: Array

    def upon(self, W: Array) -> Array:
        """(q, M): on the plane, where rounding has left it; else W itself."""
        flat = W.reshape(-1)
        off = self.normals.T @ flat - self.values
        if not largest(off) > 4 * EPS * largest(abs(self.normals).T @ abs(flat)):
            return W
        found: Array = (flat - self.normals @ off).reshape(W.shape)
        return found

    def along(self, G: Array) -> Array:
        """(q, M): the part of a gradient that lies in the plane."""
        flat = G.reshape(-1)
        found: Array = (flat - self.normals @ (self.normals.T @ flat)).reshape(G.shape)
        return found


class RestrictedObjective(LogisticObjective):
    """An objective on a plane.

    Parameters
    ----------
    whole : LogisticObjective
        Without a share of L1. Directions in which it does not change must lie in the plane.
    normals : (q M, r) array
        Orthonormal.
    values : (r,) array
        What their products with the coefficients, row by row of W, are equal to.
    """

    def __init__(self, whole: LogisticObjective, normals: Array, values: Array) -> None:
        super().__init__(whole.loss, whole.penalty, whole.rows, whole.intercept)
        self.offers = frozenset({"gradient", "line", "hessian"})
        self.whole, self.normals, self.values, self.plane = whole, normals, values, Equations(normals, values)
        self.inflation = 1.0  # of the relative error of the Hessian's entries, by what the projection mixes
        self.stiffness = 0 * values  # (r,) root of the curvature across the plane, along each normal
        self._across: tuple[Array, Array] | None = None
        self.prover = _Prover(self)
        self._null = whole.null_space()

    def canonical(self, W: Array) -> Array:
        """On the plane, where rounding has left it, and class-centred."""
        return self.whole.canonical(self.plane.upon(W))

    @property
    def spill(self) -> Array:
        """(q M, q M): the absolute entries of P."""
        normals = self.normals
        found: Array = abs(namespace(normals).eye(normals.shape[0], dtype=normals.dtype) - normals @ normals.T)
        return found

    def point(self, W: Array, total: Array, gradient: Array, token: Any) -> Point:
        """The point whose summed loss and gradient are given, with the gradient along the plane."""
        found = super().point(W, total, gradient, token)
        self._across = W, self.normals.T @ found.grad.reshape(-1)
        return found._replace(grad=self.plane.along(found.grad))

    def slope(self, point: Point) -> Array:
        """(r,) how fast the objective of the whole rises across the plane, along each normal."""
        if self._across is None or self._across[0] is not point.W:
            self._across = point.W, self.normals.T @ self.whole.at(point.W).grad.reshape(-1)
        return self._across[1]

    def beside(self, W: Array) -> Array:
        """(r,) how far W may be beside the plane along each normal, at most."""
        normals, flat = self.normals, W.reshape(-1)
        terms = abs(normals).T @ abs(flat) + abs(self.values)
        found: Array = abs(normals.T @ flat - self.values) + (normals.shape[0] + 4) * UNIT * terms
        return found

    def diagnose(self, point: Point) -> Certificate | None:
        """Nothing: whether classes are separated, the fit to the whole has said."""
        return None

    def _assembled(self, point: Point, share: float = 1.0) -> Array:
        H, Q = self.whole._assembled(point, share), self.normals
        HQ = H @ Q
        self.stiffness = namespace(Q).diagonal(Q.T @ HQ) ** 0.5
        found: Array = H - Q @ HQ.T - HQ @ Q.T + Q @ (Q.T @ HQ + namespace(Q).eye(Q.shape[1], dtype=Q.dtype)) @ Q.T
        found = (found + found.T) / 2
        mixed = self.spill @ namespace(H).diagonal(H) ** 0.5
        self.inflation = max(1.0, largest(mixed**2 / namespace(H).diagonal(found)))
        return found


class _Prover(Prover):
    """The Newton bound on a plane: errors of gradient and Hessian are those of the whole, as the projection mixes them."""

    objective: RestrictedObjective

    def __init__(self, objective: RestrictedObjective) -> None:
        super().__init__(objective)
        self.audit = objective.whole.prover.audit

    def curvature_error(self, reach: float) -> float:
        size = self.objective.normals.shape[0]
        return self.objective.inflation * (super().curvature_error(reach) + 8 * size * UNIT)

    def _rounding(self, point: Point) -> Any:
        found, Q = super()._rounding(point), abs(self.objective.normals)
        terms = abs(point.grad).reshape(-1) + Q @ abs(self.objective.slope(point))
        projecting = 4 * (Q.shape[0] + 4) * UNIT * (terms + Q @ (Q.T @ terms))
        mixed = self.objective.spill @ found.gradient.reshape(-1) + projecting
        return found._replace(gradient=mixed.reshape(found.gradient.shape))

    def _newton_gap(self, point: Point) -> float:
        """The gap on the plane through the point, and what the minimum on the true plane can be lower, by convexity.

        That is the slope at the minimum times the distance; the slope is that at the point but for 4 * stiffness * sqrt(gap).
        """
        gap = super()._newton_gap(point)
        if math.isinf(gap):
            return gap
        objective = self.objective
        rounding = abs(objective.normals).T @ super()._rounding(point).gradient.reshape(-1)
        slope = abs(objective.slope(point)) + rounding + 4 * objective.stiffness * gap**0.5
        return gap + float(1.01 * vdot(objective.beside(point.W), slope))


def nearest(normals: Array, values: Array, W: Array, hessian: Array) -> Array:
    """The point of the plane that is nearest to W in the norm of a Hessian: the minimum, where the objective is quadratic.

    Parameters
    ----------
    normals : (q M, r) array
    values : (r,) array
    W : (q, M) array
    hessian : (q M, q M) array
    """
    xp, solve = namespace(W), psd_solver(hessian)
    across = xp.stack([solve(normal) for normal in normals.T], axis=1)
    off = normals.T @ W.reshape(-1) - values
    moved: Array = W - (across @ psd_solver(normals.T @ across)(off)).reshape(W.shape)
    return moved


def minimised(whole: LogisticObjective, normals: Array, values: Array, W: Array) -> Solution:
    """The minimum on the plane, from W on."""
    objective = RestrictedObjective(whole, normals, values)
    return minimize(objective, Newton(), objective.canonical(W), STOP)
