"""What rounding can do to the numbers that a proof is made of: bounds from the rows, in the notation of docs/certificate.md."""

from __future__ import annotations

from typing import NamedTuple

from .backend import Array, namespace, peak
from .certificate import UNIT
from .contracts import Block, Loss
from .tasks import Place, logits


class Audit(NamedTuple):
    """What rounding can do: to a gradient (q, M); to residuals, as sums of squares (M,); to the objective, by W; to a logit.

    ``residual`` (M,) holds the sums of squares of the residuals themselves, and ``longest`` the largest sum of the absolute
    numbers of a row.
    """

    gradient: Array
    residual: Array
    noise: Array
    drift: float
    reach: float
    longest: float


def audit(block: Block, loss: Loss, place: Place, adding: float) -> Audit:
    """Bounds on the rounding of this block's residuals, in the notation of docs/certificate.md.

    ``adding`` is the relative rounding of sums over all rows.
    """
    eta = logits(block, place)
    X = block.X.absolute()
    sums = X.matmul(_beside_ones(abs(place.W)))
    terms = sums[:, :-1]  # (n, M)
    if block.offset is not None:
        terms = terms + abs(block.offset)
    _, residual = loss.evaluate(eta, block.y)
    size = abs(residual) if block.y.ndim == 1 else abs(residual) + 2
    reach = namespace(eta).amax(terms, axis=1)[:, None]
    curvature = loss.steepness(eta)
    noise = UNIT * (2 * (place.W.shape[0] + 4) * reach * curvature + 8 * size)
    drift = float(block.weight @ (curvature * (8 * UNIT * reach) ** 2).sum(axis=1))
    gradient = X.rmatmul(block.weight[:, None] * (noise + adding * abs(residual)))
    squares = block.weight @ residual**2, block.weight @ noise**2
    return Audit(gradient, *squares, drift, peak(reach), peak(sums[:, -1]))


def _beside_ones(W: Array) -> Array:
    """(q, M + 1): W with a column of ones."""
    both: Array = namespace(W).concatenate([W, 1 + 0 * W[:, :1]], axis=1)
    return both


def merged(a: Audit, b: Audit) -> Audit:
    """The audit of both blocks."""
    sums = a.gradient + b.gradient, a.residual + b.residual, a.noise + b.noise, a.drift + b.drift
    return Audit(*sums, max(a.reach, b.reach), max(a.longest, b.longest))
