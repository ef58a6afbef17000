"""Logits, loss and gradient of a block of rows: one call of a compiled kernel for dense rows and few classes, else step by step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .backend import Array
from .contracts import Block, Loss
from .designs import Stored, stored
from .loss import Binary, Softmax

SMALL = 2**14  # multiplications of a product below which they cost less than getting ready for the kernel


class Evaluation(NamedTuple):
    """What the rows of a block say of some logits.

    Attributes
    ----------
    along : (n, M) array or None
        Logits of the coefficients alone.
    eta : (n, M) array
        Where they lead from the start.
    value : float or array of one
        Weighted sum of the losses there.
    gradient : (q, M) array
        Xᵀ (weight * residual).
    """

    along: Any
    eta: Any
    value: Any
    gradient: Any


def evaluated(
    block: Block, loss: Loss, W: Array | None, start: Array | None = None, t: float = 1.0, along: Array | None = None
) -> Evaluation:
    """At the logits start + t X W, of coefficients (q, M).

    Parameters
    ----------
    W : (q, M) array or None
        None where ``along`` is known, or there is nothing to add to the start.
    start : (n, M) or (n, 1) array, optional
    t : float, default=1.0
    along : (n, M) array, optional
        X W, where it is known.
    """
    found = _compiled(block, loss, W, start, t, along)
    if found is not None:
        return found
    X = block.X.ready()
    if W is not None:
        along = X.matmul(W)
    eta: Any = along if start is None else start if along is None else start + t * along
    values, residual = loss.evaluate(eta, block.y)
    return Evaluation(along, eta, block.weight @ values, X.rmatmul(block.weight[:, None] * residual))


def served(block: Block, loss: Loss) -> Stored | None:
    """What the block's design is made of, where a kernel serves its rows and this loss."""
    if not isinstance(loss, Binary | Softmax) or not hasattr(kernels.compiled, "loss_pass") or loss.columns > kernels.compiled.MOST:
        return None
    if block.X.shape[0] * block.X.shape[1] * loss.columns < SMALL or not isinstance(block.y, np.ndarray) or block.y.ndim > 1:
        return None
    parts = stored(block.X)
    return parts if parts is not None and parts.X.flags.c_contiguous else None


def _compiled(block: Block, loss: Loss, W: Any, start: Any, t: float, along: Any) -> Evaluation | None:
    """The same while rows are in the cache; None where no kernel serves them."""
    parts = served(block, loss)
    if parts is None:
        return None
    (n, p), K = parts.X.shape, loss.columns
    coef = base = None
    if W is not None:
        coef = np.divide(W[:p].T, 1.0 if parts.scale is None else parts.scale, out=np.empty((K, p)))
        base = np.ascontiguousarray(W[p]) if parts.ones else np.zeros(K)
        along = np.empty((K, n)).T
    if start is not None:
        start = np.ascontiguousarray(np.broadcast_to(start, (n, K)).T)
    y, weight = (np.require(found, kind, ["C", "A"]) for found, kind in ((block.y, np.int64), (block.weight, np.float64)))
    beside = None if along is None else np.ascontiguousarray(along.T)
    eta, pull, sums = np.empty((K, n)), np.zeros((K, p)), np.zeros(K)
    value = kernels.compiled.loss_pass(parts.X, parts.center, coef, base, start, y, weight, beside, eta, pull, sums, t)
    if parts.scale is not None:
        pull /= parts.scale
    gradient = np.concatenate([pull, sums[:, None]], axis=1) if parts.ones else pull
    return Evaluation(along, eta.T, value, gradient.T)
