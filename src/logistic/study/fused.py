"""A pass over a part's rows as one call of a compiled kernel: two classes with labels, and dense columns.

What it gives is what :mod:`logistic.study.passes` computes with NumPy, in the same shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import designs, kernels
from ..contracts import Block
from ..designs import Stored

if TYPE_CHECKING:
    from .passes import Part

AT_ONCE = 128  # fits of a call, whose gradients it keeps several times over


def stored(block: Block) -> Stored | None:
    """The columns of a block, if there are a kernel that reads them and labels."""
    if not hasattr(kernels.compiled, "joint_sums") or block.y.ndim != 1 or len(block.y) == 0:
        return None
    return designs.stored(block.X)


def solid(stored: Stored, order: np.ndarray | None, columns: int) -> np.ndarray:
    """The rows in some order as an array (n, q) that lies column by column."""
    found = np.empty((columns, len(stored.X)))
    kernels.compiled.joint_columns(stored.X, order, stored.center, _factor(stored), found)
    return found.T


def sums(
    part: Part, columns: np.ndarray, uses: np.ndarray, fold: np.ndarray, slopes: bool, values: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (N, 1, q), and sums of losses, of losses held out, and of p (1 - p) as (3, N); zeros where nobody asks for them."""
    rows, block, found = _rows(part), part.block, np.zeros((3, len(fold)))
    W, grad = np.ascontiguousarray(columns.T), np.zeros((len(fold), len(columns)))
    sign, weights = 2.0 * block.y - 1, np.ascontiguousarray(part.weights())
    held = np.ascontiguousarray(part.held_weights()) if values else None
    uses, fold = uses.astype(np.int64), fold.astype(np.int64)
    for first in range(0, len(fold), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        low, high = uses[some].min(), uses[some].max() + 1
        own = np.zeros((3, len(fold[some]))) if values else None
        kernels.compiled.joint_sums(
            *rows, W[low:high], sign, uses[some] - low, fold[some], weights, held, grad[some] if slopes else None, own
        )
        if own is not None:
            found[:, some] = own
    return grad[:, None], found


def grams(part: Part, W: np.ndarray, weight: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """(len(cuts) - 1, q, q): Xᵀ diag(weight p (1 - p)) X at W (q, 1), of the rows between two cuts, in the order of the runs."""
    cells = np.empty((len(cuts) - 1, len(W), len(W)))
    X, order, center, factor, offset, _ = _rows(part)
    weight = np.ascontiguousarray(weight, dtype=np.float64)
    kernels.compiled.joint_grams(X, order, center, factor, offset, cuts, np.ascontiguousarray(W.T), weight, cells)
    return cells


def _rows(part: Part) -> tuple[np.ndarray | None, ...]:
    """The first arguments of a kernel."""
    offset = part.block.offset
    assert part.stored is not None
    X, center = part.stored.X, part.stored.center
    return X, part.runs.order, center, _factor(part.stored), None if offset is None else np.asarray(offset).ravel(), part.runs.cuts


def _factor(stored: Stored) -> np.ndarray | None:
    """By which kernels multiply."""
    return None if stored.scale is None else 1 / stored.scale
