"""The maximum of a bias-reduced likelihood among the coefficients that fulfil linear equations: penalised profiles and tests.

The determinant stays that of the information of all coefficients, those that are held included (Heinze and Schemper 2002).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .backend import Array, namespace
from .contracts import Batch, Line, Metric, Objective, Point, Stop
from .firth import Afresh, FirthObjective, settled, span
from .minimize import Solution, minimize
from .outcome import Certificate, Status
from .restricted import Equations
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
        self.whole, self.normals, self.plane = whole, normals, Equations(normals, values)
        self.shape = whole.shape
        self.offers = frozenset({"gradient", "line", "metric", "early"})
        self.batch_losses = []

    def at(self, W: Array) -> Point:
        """The same value; the part of the gradient along the plane."""
        point = self.whole.at(W)
        return Point(W, point.value, self.plane.along(point.grad), point)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return Afresh(self, point, direction)

    def metric(self, point: Point, care: int = 1) -> Metric:
        """The inverse of the information on the steps that stay on the plane."""
        root = self.whole.root(
            point.memo
        )  # an inverse on the plane is the part of this one that is orthogonal to the normals there
        across, _ = namespace(root).linalg.qr(root @ self.normals)

        def apply(G: Array) -> Array:
            turned = root @ G.reshape(-1)
            return self.plane.along((root.T @ (turned - across @ (across.T @ turned))).reshape(G.shape))

        return apply

    def batches(self, size: int | None) -> Iterator[Batch]:
        """None: the determinant needs all rows."""
        return iter(())

    def accuracy(self, point: Point) -> float:
        """Share of the weight whose likeliest class is the right one."""
        return self.whole.accuracy(point.memo)

    def canonical(self, W: Array) -> Array:
        """On the plane, where rounding has left it, and class-centred."""
        return self.whole.canonical(self.plane.upon(W))

    def penalty_value(self, point: Point) -> float:
        """The part of the value that is the determinant."""
        return self.whole.penalty_value(point.memo)

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The point, to the last digits where it is near the optimum, and an estimate of what is left."""
        return settled(self, point, self.metric(point), span(self.whole), (Status.CONVERGED, ()))


def held(whole: FirthObjective, normals: Array, values: Array, starts: Sequence[Array]) -> Solution:
    """The lowest minimum on a plane that is reached from some starts: where classes are separated there may be several.

    Parameters
    ----------
    whole : FirthObjective
    normals : (q M, r) array
    values : (r,) array
    starts : sequence of (q, M) arrays
    """
    objective = HeldObjective(whole, normals, values)
    found = [minimize(objective, LBFGS(), objective.canonical(W), STOP) for W in starts]
    certified = [solution for solution in found if solution.certificate.status.certified]
    return min(certified or found, key=lambda solution: solution.point.value)
