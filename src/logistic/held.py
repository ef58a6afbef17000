"""The maximum of a bias-reduced likelihood among the coefficients that fulfil linear equations: penalised profiles and tests.

The determinant stays that of the information of all coefficients, those that are held included (Heinze and Schemper 2002).
"""

from __future__ import annotations

from collections.abc import Iterator

from .backend import EPS, Array, largest, namespace, psd_solver
from .contracts import Batch, Line, Metric, Objective, Point, Stop
from .firth import Afresh, FirthObjective, settled, span
from .minimize import Solution, minimize
from .outcome import Certificate, Status
from .solvers import LBFGS

STOP = Stop(tol=1e-12, max_iter=200)


class HeldObjective(Objective):
    """A bias-reduced likelihood on a plane. Gradients are projected on it; the memo of a point is the point of the whole.

    Parameters
    ----------
    whole : FirthObjective
    normals : (q M, r) array
        Orthonormal; directions in which the logits do not change must lie in the plane.
    values : (r,) array
        What their products with the coefficients, row by row of W, are equal to.
    """

    def __init__(self, whole: FirthObjective, normals: Array, values: Array) -> None:
        self.whole, self.normals, self.values = whole, normals, values
        self.shape = whole.shape
        self.offers = frozenset({"gradient", "line", "metric", "early"})
        self.batch_losses = []

    def at(self, W: Array) -> Point:
        """The same value; the part of the gradient along the plane."""
        point = self.whole.at(W)
        return Point(W, point.value, self._projected(point.grad), point)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return Afresh(self, point, direction)

    def metric(self, point: Point) -> Metric:
        """The inverse of the information on the steps that stay on the plane."""
        inverse = self.whole.metric(point.memo)
        columns = [inverse(normal.reshape(self.shape)).reshape(-1) for normal in self.normals.T]
        across = namespace(self.normals).stack(columns, axis=1)
        width = psd_solver(self.normals.T @ across)

        def apply(G: Array) -> Array:
            step = inverse(G).reshape(-1)
            return self._projected((step - across @ width(self.normals.T @ step)).reshape(G.shape))

        return apply

    def batches(self, size: int | None) -> Iterator[Batch]:
        """None: the determinant needs all rows."""
        return iter(())

    def accuracy(self, point: Point) -> float:
        """Share of the weight whose likeliest class is the right one."""
        return self.whole.accuracy(point.memo)

    def canonical(self, W: Array) -> Array:
        """On the plane, where rounding has left it, and class-centred."""
        flat = W.reshape(-1)
        off = self.normals.T @ flat - self.values
        if largest(off) > 4 * EPS * largest(abs(self.normals).T @ abs(flat)):
            W = (flat - self.normals @ off).reshape(W.shape)
        return self.whole.canonical(W)

    def penalty_value(self, point: Point) -> float:
        """The part of the value that is the determinant."""
        return self.whole.penalty_value(point.memo)

    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """The point, to the last digits where it is near the optimum, and an estimate of what is left."""
        return settled(self, point, self.metric(point), span(self.whole), (Status.CONVERGED, ()))

    def _projected(self, G: Array) -> Array:
        flat = G.reshape(-1)
        found: Array = (flat - self.normals @ (self.normals.T @ flat)).reshape(G.shape)
        return found


def held(whole: FirthObjective, normals: Array, values: Array, W: Array) -> Solution:
    """The minimum on the plane, from W on."""
    objective = HeldObjective(whole, normals, values)
    return minimize(objective, LBFGS(), objective.canonical(W), STOP)
