"""What is computed on one block of rows. Module-level functions of (block, plain arguments), so any executor can send them.

A token names the coefficients that a set of logits belongs to. Blocks remember the logits of the last token where they live; a
block that was forgotten, copied or pickled computes them again, so the answers never depend on memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from .backend import Array, chances, chosen, namespace, peak, pick, single
from .contracts import Block, Design, Executor, Loss
from .evaluation import Evaluation, evaluated

Token = tuple[int, int]  # a serial number, and how many steps ago the logits were last computed from the data


@dataclass(frozen=True)
class Rows:
    """The encoded rows, in the keeping of an executor.

    Attributes
    ----------
    executor : Executor
    handles : sequence
        One a block.
    block_rows : int
        Rows of the largest block.
    total : float
        Sum of the weights.
    resolution : (q,) array
        Rounding unit of the numbers of each column, in the scaled columns: differences below it are not in the data.
    count : int
        Rows in all; 0 where nobody counted, and then there is no metric.
    sparse : bool
        Whether the designs are.
    swell : float
        Bound on the root mean square of a scaled column under the weights of these rows.
    terms : (q,) array or float
        Bound on the same for the terms that stand for its numbers in a product, relative to ``swell``.
    reach : (q,) array, optional
        Bound on these terms themselves, where there is no offset.
    """

    executor: Executor
    handles: Sequence[Any]
    block_rows: int
    total: float
    resolution: Array
    count: int = 0
    sparse: bool = False
    swell: float = 1.0
    terms: Array | float = 1.0
    reach: Array | None = None

    @cached_property
    def root_mean_squares(self) -> Array:
        """(q,): what bounds the root mean square of the terms of each column."""
        found: Array = self.swell * ((self.terms + 0 * self.resolution) ** 2 + self.resolution**2) ** 0.5
        return found


class Place(NamedTuple):
    """Coefficients and the token of their logits."""

    W: Array
    token: Token


class Trial(NamedTuple):
    """A place, a direction with its own token, and how far to go."""

    place: Place
    direction: Place
    t: float


def logits(block: Block, place: Place, X: Design | None = None) -> Array:
    """(n, M), remembered or computed."""
    eta = _known(block, place)
    if eta is None:
        eta = _computed(block, place.W, X or block.X)
        block.cache["point"] = (place.token, eta)
    return eta


def _known(block: Block, place: Place) -> Array | None:
    """The logits, where they are remembered."""
    for name in ("point", "arrival"):
        known = _remembered(block, name, place.token)
        if known is not None:
            block.cache["point"] = (place.token, known)
            return known
    return None


def _computed(block: Block, W: Array, X: Design) -> Array:
    eta = X.matmul(W)
    return eta if block.offset is None else eta + block.offset


def logits_along(block: Block, trial: Trial, X: Design | None = None) -> tuple[Array, Array]:
    """Logits at the end of a trial, and the logits of its direction, each (n, M)."""
    eta = logits(block, trial.place, X)
    zeta = _remembered(block, "direction", trial.direction.token)
    if zeta is None:
        zeta = (X or block.X).matmul(trial.direction.W)
        block.cache["direction"] = (trial.direction.token, zeta)
    return eta + trial.t * zeta, zeta


def _remembered(block: Block, name: str, token: Token) -> Array | None:
    found = block.cache.get(name)
    return found[1] if found is not None and found[0] == token else None


def value_and_gradient(block: Block, loss: Loss, place: Place) -> tuple[Array, Array]:
    """Weighted sum of the losses, and Xᵀ (weight * residual) (q, M)."""
    eta = _known(block, place)
    if eta is None:
        found = evaluated(block, loss, place.W, block.offset)
        block.cache["point"] = (place.token, found.eta)
    else:
        found = evaluated(block, loss, None, eta)
    return found.value, found.gradient


def batch(block: Block, loss: Loss, W: Array, rows: Any) -> tuple[Array, Array, Array]:
    """Of the given rows of the block: weighted sum of the losses, Xᵀ (weight * residual) (q, M), and their weight."""
    X = block.X.take(rows).ready()
    eta = X.matmul(W) if block.offset is None else X.matmul(W) + block.offset[rows]
    weight = block.weight[rows]
    values, residual = loss.evaluate(eta, block.y[rows])
    return weight @ values, X.rmatmul(weight[:, None] * residual), weight.sum()


def hits(block: Block, loss: Loss, place: Place) -> tuple[Array]:
    """Weight of the rows whose likeliest class is the right one."""
    chosen = loss.class_logits(logits(block, place)).argmax(axis=1)
    right = chosen == (block.y if block.y.ndim == 1 else block.y.argmax(axis=1))
    return ((block.weight * right).sum(),)


def size(block: Block) -> int:
    """Rows of the block."""
    return len(block.y)


def value_and_slope(block: Block, loss: Loss, trial: Trial) -> tuple[Array, Array]:
    """Weighted sum of the losses at the end of a trial, and its derivative along the direction."""
    eta, zeta = logits_along(block, trial)
    values, residual = loss.evaluate(eta, block.y)
    return block.weight @ values, block.weight @ (residual * zeta).sum(axis=1)


def leap(block: Block, loss: Loss, trial: Trial, arrival: Token) -> tuple[Array, Array]:
    """Value and gradient at the end of a trial that may be gone on from: its logits and those of its start are remembered.

    Where ``arrival`` counts no steps, they are computed from the data.
    """
    if arrival[1] == 0:
        found = evaluated(block, loss, trial.place.W + trial.t * trial.direction.W, block.offset)
    else:
        found = _along(block, loss, trial)
    block.cache["arrival"] = (arrival, found.eta)
    return found.value, found.gradient


def advance(block: Block, loss: Loss, trial: Trial, arrival: Token) -> tuple[Array, Array]:
    """Value and gradient at the end of a trial, whose logits are remembered under ``arrival``."""
    found = _along(block, loss, trial)
    block.cache["point"] = (arrival, found.eta)
    return found.value, found.gradient


def _along(block: Block, loss: Loss, trial: Trial) -> Evaluation:
    """At the end of a trial, the logits of whose direction are remembered."""
    start, zeta = logits(block, trial.place), _remembered(block, "direction", trial.direction.token)
    found = evaluated(block, loss, trial.direction.W if zeta is None else None, start, trial.t, zeta)
    block.cache["direction"] = (trial.direction.token, found.along)
    return found


def hessian(block: Block, loss: Loss, place: Place, share: float = 1.0) -> tuple[Array, ...]:
    """Xᵀ diag(weight * h) X (q, q): h is p_k p_l for each pair k < l of classes, or the curvature where there is one class.

    With a ``share`` below 1 the sum is over so many of the rows, always the same ones.
    """
    if share < 1:
        rows = chosen(block.y, share)
        X, eta, weight = block.X.take(rows).ready(), logits(block, place)[rows], block.weight[rows]
    else:
        X = block.X.ready()
        eta, weight = logits(block, place, X), block.weight
    if loss.classes == 1:
        return tuple(X.gram(weight * h) for _, _, h in loss.curvature_pairs(eta))
    p = loss.probabilities(eta).T
    return tuple(X.gram(mine * p[m]) for k, mine in enumerate(weight * p) for m in range(k + 1, loss.classes))


def price(shape: tuple[int, int]) -> float:
    """Of a Hessian of (q, M) coefficients in passes for gradients, about."""
    q, M = shape
    return (1 if M == 1 else M * (M - 1) / 2) * q / (10 * M) + 4


def joined(grams: Sequence[Array], columns: int, total: float, own: Array) -> Array:
    """(q M, q M): what :func:`hessian` gives, over the total weight, with ``own`` (q, q) added to the block of each class."""
    if columns == 1:
        alone: Array = grams[0] / total + own
        return alone
    (q, _), given, xp = own.shape, iter(grams), namespace(own)
    H = xp.zeros((columns, columns, q, q), dtype=own.dtype, device=own.device)
    for k in range(columns):
        for m in range(k + 1, columns):
            H[k, m] = H[m, k] = next(given) / -total
    diagonal = own - H.sum(axis=1)  # p_k (1 - p_k) is the sum of all p_k p_l, which have one sign
    for k in range(columns):
        H[k, k] = diagonal[k]
    found: Array = H.swapaxes(0, 2).swapaxes(1, 2).swapaxes(2, 3).reshape(q * columns, q * columns)  # (i, k, j, m)
    return found


def gauged(H: Array, columns: int) -> Array:
    """(q M, q M): with curvature 1 in the direction of equal logits, in which softmax does not change; H itself where M is 1."""
    if columns == 1:
        return H
    q, xp = H.shape[0] // columns, namespace(H)
    cells = H.reshape(q, columns, q, columns)
    cells += xp.eye(q, dtype=H.dtype, device=H.device)[:, None, :, None] / columns
    found: Array = cells.reshape(H.shape)
    return found


def curvature_product(block: Block, loss: Loss, place: Place, V: Array) -> tuple[Array]:
    """Xᵀ (weight * curvature applied to X V), (q, M): from probabilities that are remembered, as many products follow."""
    X = block.X.ready()
    p = _probabilities(block, loss, place, X)
    return (X.rmatmul(block.weight[:, None] * _curved(loss, p, X.matmul(V))),)


def _probabilities(block: Block, loss: Loss, place: Place, X: Design) -> Array:
    """(n, K), remembered in the place of logits that nobody asks for between two products with a curvature."""
    found = _remembered(block, "probabilities", place.token)
    if found is None:
        found = loss.probabilities(logits(block, place, X))
        block.cache = {"point": block.cache["point"], "probabilities": (place.token, found)}
    return found


def _curved(loss: Loss, p: Array, V: Array) -> Array:
    """(n, M): the Hessian of each row's loss in its logits times the rows of V, relative to V's largest difference."""
    if loss.columns < loss.classes:
        both: Array = (p[:, :1] * p[:, 1:]) * V
        return both
    if loss.classes == 1:
        return loss.curvature(V, V)
    apart = V - pick(V.T, p.argmax(axis=1))[:, None]  # so that rows with one likely class keep their digits
    found: Array = p * (apart - (p * apart).sum(axis=1)[:, None])
    return found


def diagonals(block: Block, loss: Loss, place: Place) -> tuple[Array, Array]:
    """Diagonals (q, M) of Xᵀ diag(weight * p_k (1 - p_k)) X, and their sums over the columns of X (M,)."""
    X = block.X.ready()
    own, squared = _own_curvature(block, loss, _probabilities(block, loss, place, X)), X.squared()
    block.cache["lengths"] = (place.token, squared.matmul(1 + 0 * place.W[:, :1]))
    found = squared.rmatmul(own)
    return found, found.sum(axis=0)


def sums(block: Block, loss: Loss, place: Place) -> tuple[Array, Array]:
    """Sums over the rows of X² and of X, each (q, M), times weight * p_k (1 - p_k)."""
    X = block.X.ready()
    own = _own_curvature(block, loss, _probabilities(block, loss, place, X))
    return X.squared().rmatmul(own), X.rmatmul(own)


def draw(block: Block, loss: Loss, place: Place, rate: Array) -> tuple[Array, Array]:
    """A few rows (m, q) in float32, and of each for each class the weight (m, M) with which it stands for all rows; 0 if not drawn.

    A row is drawn for a class in proportion to the trace of what it adds to that class's diagonal block of the Hessian, times
    ``rate`` (M,), and stands for 1 / chance rows. The numbers of the block are the seed, so the same block draws the same rows.
    """
    X = block.X.ready()
    own = _own_curvature(block, loss, _probabilities(block, loss, place, X))
    length = _remembered(block, "lengths", place.token)  # (n, 1)
    if length is None:
        length = X.squared().matmul(1 + 0 * place.W[:, :1])
    chance = rate * own * length
    xp = namespace(own)
    drawn = chances(length) < chance  # one number a row: what is drawn for one class serves others too
    weight = xp.where(drawn, own / xp.where(drawn & (chance < 1), chance, xp.ones_like(own)), xp.zeros_like(own))
    rows = (weight > 0).any(axis=1)
    return single(block.X.take(rows).ready().dense()), weight[rows]


def _own_curvature(block: Block, loss: Loss, p: Array) -> Array:
    """(n, M): weight * p_k (1 - p_k)."""
    p = p[:, -loss.columns :]
    found: Array = block.weight[:, None] * (p * (1 - p))
    return found


def selected(block: Block, keep: Any) -> Block:
    """The block of some columns. What is remembered is shared: the logits of a token are the same however they were formed."""
    return replace(block, X=block.X.columns(keep))


def face_hessian(block: Block, loss: Loss, place: Place, chosen: Sequence[Any]) -> tuple[Array]:
    """(m, m): Xᵀ diag(weight * h) X among the chosen columns (indices) of each class, one class after another."""
    X = block.X.ready()
    eta = logits(block, place, X)
    parts = [X if len(keep) == X.shape[1] else X.columns(keep) for keep in chosen]
    xp, p = namespace(eta), loss.probabilities(eta)
    if loss.columns == 1:
        return (parts[0].gram(block.weight * (p[:, 0] * p[:, 1])),)
    dense = [part.dense() for part in parts]
    blocks: dict[tuple[int, int], Array] = {}
    for k, part in enumerate(parts):
        own = p[:, k] * (p[:, :k].sum(axis=1) + p[:, k + 1 :].sum(axis=1))  # p_k (1 - p_k), never by subtraction from 1
        blocks[k, k] = part.gram(block.weight * own)
        for m in range(k + 1, loss.columns):
            blocks[k, m] = -part.rmatmul((block.weight * p[:, k] * p[:, m])[:, None] * dense[m])
            blocks[m, k] = blocks[k, m].T
    K = range(loss.columns)
    return (xp.concatenate([xp.concatenate([blocks[k, m] for m in K], axis=1) for k in K], axis=0),)


def misfit(block: Block, loss: Loss, place: Place, short: float) -> tuple[Array]:
    """How much less the residuals, shortened by a share, say of the losses: weighted sum of a bound on each row's part."""
    eta = logits(block, place)
    values, _ = loss.evaluate(eta, block.y)
    return (shortened(values, worst(loss, eta, block.y, values), block.weight, short),)


def worst(loss: Loss, eta: Array, y: Array, values: Array) -> Array:
    """(n,): sum_k residual_k² / p_k, of rows with these losses."""
    xp = namespace(eta)
    if y.ndim == 1:  # (1 - p) / p, p the probability of the true class; finite, where the other bound counts
        found: Array = xp.expm1(xp.clip(values, None, 500.0))
        return found
    _, residual = loss.evaluate(eta, y)
    summed: Array = (residual**2 / loss.probabilities(eta)).sum(axis=1)
    return summed


def shortened(values: Array, square: Array, weight: Array, short: float) -> Array:
    """The smaller of two bounds for each row: by its loss (n,), and by :func:`worst` (n,); their weighted sum."""
    found: Array = weight @ namespace(values).where(short * square < values, short**2 * square, short * values)
    return found


def gram(block: Block, share: float = 1.0) -> tuple[Array]:
    """Xᵀ diag(weight) X, (q, q); of a random share of the rows where it is below 1."""
    if share == 1:
        return (block.X.ready().gram(block.weight),)
    rows = chosen(block.y, share)
    return (block.X.take(rows).ready().gram(block.weight[rows]),)


def gram_of_product(block: Block, N: Array) -> tuple[Array, Array]:
    """For P = X N (n, d): Xᵀ diag(weight) P (q, d) and Pᵀ diag(weight) P (d, d), formed from P itself."""
    X = block.X.ready()
    P = X.matmul(N)
    weighted = block.weight[:, None] * P
    return X.rmatmul(weighted), P.T @ weighted


def intercept_derivatives(block: Block, loss: Loss, place: Place, shift: Array) -> tuple[Array, Array]:
    """With ``shift`` (M,) added to all logits: gradient of the shift (M,), and sums of weight * p_k p_l (K, K)."""
    eta = logits(block, place) + shift
    _, residual = loss.evaluate(eta, block.y)
    p = loss.probabilities(eta)
    return block.weight @ residual, p.T @ (block.weight[:, None] * p)


def intercept_hessian(products: Array, columns: int) -> Array:
    """(..., M, M): Hessian in the intercepts, from means of p_k p_l (..., K, K)."""
    identity = namespace(products).eye(products.shape[-1], dtype=products.dtype, device=products.device)
    apart = products * (1 - identity)
    own = apart.sum(axis=-1)[..., None]  # p_k (1 - p_k) as a sum, never by subtraction from 1
    found: Array = (identity * own - apart)[..., -columns:, -columns:]
    return found


def spread(block: Block, roots: list[Array]) -> float:
    """Largest squared norm of a row of X T over all the given T (q, r)."""
    X = block.X.ready()
    return max(peak((X.matmul(T) ** 2).sum(axis=1)) for T in roots)
