"""Contrasts between a row's own class and the others, block by block: which count, which gain along a direction, which are left.

Module-level functions of (block, plain arguments), as in :mod:`logistic.tasks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import tasks
from .audit import Audit, audit as audit_of_logits
from .backend import EPS, Array, like, namespace, peak, to_numpy
from .contracts import Block, Loss

ENTRIES = 2_000_000  # numbers in a matrix of contrasts
COLUMNS = 64  # looked at together
STRICT = 1e-9  # gain of a contrast, relative to the size of row and direction, from which on it counts as one
GONE = 2000.0  # logits by which a class is set back that a row can no more choose: its probability is 0 in float64


@dataclass
class Remainder(Block):
    """Rows that no longer choose among all classes: ``open`` (n, K) marks those that are left, the row's own among them."""

    open: Array | None = None


def margins(block: Block, loss: Loss, B: Array) -> tuple[Array, Array, Array]:
    """How each row fares along B: contrasts with its own class (n, K), which of them count (n, K), and their rounding (n, 1)."""
    terms = namespace(B).amax(loss.class_logits(block.X.absolute().matmul(abs(B))), axis=1)[:, None]
    return (*_gains(block, loss, B), _noise(B) * terms)


def _gains(block: Block, loss: Loss, B: Array) -> tuple[Array, Array]:
    """The same without the rounding."""
    xp = namespace(B)
    V = loss.class_logits(block.X.ready().matmul(B))
    support = _support(block, loss)
    # Soft targets want every class of the support to be as good as the best: the worst of them stands for the row.
    worst = xp.amin(xp.where(support, V, xp.full_like(V, float("inf"))), axis=1)[:, None]
    return worst - V, _rivals(block, support)


def verdict(block: Block, loss: Loss, B: Array) -> tuple[bool, float]:
    """Whether no row of the block loses along B beyond rounding, and the largest gain."""
    margin, counts, rounding = margins(block, loss, B)
    harmless = bool(((margin >= -rounding) | ~counts).all())
    return harmless, peak(margin * counts - rounding)


def help_of_all(block: Block, loss: Loss) -> Any:
    """(q, K): sum over rows and supported classes of x_i (e_y - e_k) over all k that are open."""
    support = _support(block, loss)
    left = _left(block, support)
    signs = left.sum(axis=1)[:, None] * support - support.sum(axis=1)[:, None] * left
    return block.X.ready().rmatmul(like(to_numpy(signs), block.weight))


def hardest(block: Block, loss: Loss, B: Array, limit: int, chosen: np.ndarray) -> np.ndarray:
    """Constraint rows of the ``limit`` rows that gain least along B."""
    least = to_numpy(_least(*_gains(block, loss, B)))
    return lines(block, loss, np.argsort(least, kind="stable")[:limit], chosen)


def violated(block: Block, loss: Loss, B: Array, limit: int, chosen: np.ndarray) -> np.ndarray:
    """Constraint rows of at most ``limit`` rows that lose along B, worst first."""
    margin, counts, rounding = margins(block, loss, B)
    least = to_numpy(_least(margin + rounding, counts))
    return lines(block, loss, np.argsort(least, kind="stable")[: min(limit, int((least < 0).sum()))], chosen)


def opposed(block: Block, loss: Loss, B: Array, limit: int, chosen: np.ndarray) -> np.ndarray:
    """Constraint rows of at most ``limit`` rows that lose along B by more than the precision of a programme, worst first."""
    margin, counts = _gains(block, loss, B)
    least = to_numpy(_least(margin + STRICT * _size(block, B), counts))
    return lines(block, loss, np.argsort(least, kind="stable")[: min(limit, int((least < 0).sum()))], chosen)


def ranges(block: Block, loss: Loss, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each chosen column in the open rows of each class, (K, f); inf and -inf without one."""
    X, support = block.X.ready(), _support(block, loss)
    support = to_numpy(support & (_rivals(block, support).sum(axis=1) > 0)[:, None])
    low, high = np.full((loss.classes, len(chosen)), np.inf), np.full((loss.classes, len(chosen)), -np.inf)
    identity = np.eye(block.X.shape[1])[:, chosen]
    for start in range(0, len(chosen), COLUMNS):
        part = slice(start, start + COLUMNS)
        values = to_numpy(X.matmul(like(identity[:, part], block.weight)))
        for k in range(loss.classes):
            if support[:, k].any():
                mine = values[support[:, k]]
                low[k, part], high[k, part] = mine.min(axis=0), mine.max(axis=0)
    return low, high


def remainder(block: Block, loss: Loss, B: Array) -> Remainder:
    """The same rows without the contrasts that gain along B; a row that has none left has no weight."""
    margin, counts, rounding = margins(block, loss, B)
    support, xp = _support(block, loss), namespace(B)
    gains = counts & (margin > xp.maximum(rounding, STRICT * _size(block, B)))
    left = _left(block, support) & ~gains
    weight = block.weight * ((counts & left).sum(axis=1) > 0)
    offset = block.offset
    if loss.columns > 1:
        offset = xp.zeros_like(margin) if offset is None else offset
        offset = offset - (GONE + 2 * xp.amax(abs(offset) * _left(block, support), axis=1)[:, None]) * gains
    return Remainder(block.X, block.y, weight, offset, open=left)


def set_back(block: Remainder, by: float) -> Remainder:
    """The same rows, classes that are not open set back further."""
    assert block.open is not None and block.offset is not None
    return Remainder(block.X, block.y, block.weight, block.offset - by * ~block.open, open=block.open)


def audit(block: Block, loss: Loss, place: tasks.Place, adding: float) -> Audit:
    """What rounding can do, where a class that is set back has no part in anything: its probability is exactly zero."""
    assert isinstance(block, Remainder)
    tasks.logits(block, place)  # with the setback, and remembered
    offset = None if block.offset is None else block.offset * block.open
    return audit_of_logits(Block(block.X, block.y, block.weight, offset, block.cache), loss, place, adding)


def undecided(block: Block, loss: Loss) -> bool:
    """Whether any contrast of the block is open."""
    return bool(_rivals(block, _support(block, loss)).sum() > 0)


def temptation(block: Block, loss: Loss, W: Array) -> float:
    """How far the logit of a class that is not open comes up to that of the row's own, set back as it is; -inf without one."""
    assert isinstance(block, Remainder)
    eta = block.X.ready().matmul(W) + (0.0 if block.offset is None else block.offset)
    support, xp = _support(block, loss), namespace(W)
    own = xp.amax(xp.where(support, eta, xp.full_like(eta, -float("inf"))), axis=1)[:, None]
    shut = ~_left(block, support) & (block.weight > 0)[:, None]
    return float(xp.amax(xp.where(shut, eta - own, xp.full_like(eta, -float("inf")))))


def room(block: Block, loss: Loss, B: Array, D: Array) -> float:
    """How far one can go from B along D before a contrast that gains along B gains no more."""
    gain, counts, rounding = margins(block, loss, B)
    change, _ = _gains(block, loss, D)
    xp = namespace(B)
    limits = counts & (gain > xp.maximum(rounding, STRICT * _size(block, B))) & (change < 0)
    ratio = gain / xp.where(limits, -change, xp.ones_like(change))
    return float(xp.amin(xp.where(limits, ratio, xp.full_like(ratio, float("inf")))))


def triangle(block: Block, loss: Loss, chosen: np.ndarray) -> np.ndarray:
    """(r, (K - 1) * f): a matrix with the same products as all open contrasts, rows of size 1, class 0 held at zero."""
    unknowns = (loss.classes - 1) * len(chosen)
    rows = np.flatnonzero(to_numpy(_rivals(block, _support(block, loss))).any(axis=1))
    step, found = max(1, ENTRIES // (unknowns * loss.classes)), np.zeros((0, unknowns))
    for start in range(0, len(rows), step):
        found = joined_triangles(found, lines(block, loss, rows[start : start + step], chosen))
    return found


def joined_triangles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The triangle of both."""
    return np.asarray(np.linalg.qr(np.concatenate([a, b]), mode="r"))


def _size(block: Block, B: Array) -> Array:
    """(n, 1): what a row could gain at most along a direction as large as B. Terms may vanish where B is only rounding."""
    found: Array = block.X.absolute().matmul(0 * B[:, :1] + float(abs(B).max()))
    return found


def _noise(B: Array) -> float:
    """Relative rounding of the products with B."""
    return 64 * EPS * (B.shape[0] + 4)


def _least(margin: Array, counts: Array) -> Array:
    xp = namespace(margin)
    found: Array = xp.amin(xp.where(counts, margin, xp.full_like(margin, float("inf"))), axis=1)
    return found


def _support(block: Block, loss: Loss) -> Array:
    xp = namespace(block.weight)
    if block.y.ndim == 2:
        found: Array = block.y > 0
        return found
    codes = xp.arange(loss.classes, device=block.y.device)[None, :]
    own: Array = block.y[:, None] == codes
    return own


def _left(block: Block, support: Array) -> Array:
    """(n, K): the classes that each row chooses among."""
    shut = isinstance(block, Remainder) and block.open is not None
    found: Array = block.open if shut else namespace(support).ones_like(support)  # type: ignore[attr-defined]
    return found


def _rivals(block: Block, support: Array) -> Array:
    """(n, K): the classes that each row's own is compared with; its own too where there are several."""
    xp = namespace(support)
    alone = support.sum(axis=1)[:, None] == 1
    found: Array = xp.where(alone, ~support, xp.ones_like(support)) & _left(block, support)
    return found


def lines(block: Block, loss: Loss, which: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(m, (K - 1) * f): x_i (e_s - e_k) for each supported class s and other open class k, class 0 held at zero; rows of size 1."""
    q = block.X.shape[1]
    identity = like(np.eye(q)[:, chosen], block.weight)
    X = to_numpy(block.X.take(which).ready().matmul(identity))
    X = X / np.maximum(abs(X).max(axis=1, keepdims=True), 1e-300)
    support = _support(block, loss)
    left, support = to_numpy(_left(block, support))[which], to_numpy(support)[which]
    K, f = loss.classes, len(chosen)
    found = []
    for s in range(K):
        for k in range(K):
            mine = X[support[:, s] & left[:, k]]
            if k == s or not len(mine):
                continue
            line = np.zeros((len(mine), K, f))
            line[:, s], line[:, k] = mine, -mine
            found.append(line[:, 1:].reshape(len(mine), (K - 1) * f))
    return np.concatenate(found) if found else np.zeros((0, (K - 1) * f))
