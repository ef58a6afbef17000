"""Does a combination of the columns separate the classes? A linear programme over all class contrasts.

A direction B of the coefficients never hurts a row i of class y exactly if (B_y - B_k) x_i >= 0 for every class k. If some such
direction also helps a row, the likelihood grows along it without end and no finite estimate exists (Albert and Anderson, 1984;
the programme follows Konis, 2007). Testing pairs of classes is not enough: all contrasts must hold for one and the same B.

The programme is solved on the rows that press hardest and then checked on all rows, adding those that it violates: a subset of
rows without a direction proves that there is none, and a direction that every row accepts is a witness.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import tasks
from .backend import EPS, Array, like, namespace, peak, to_numpy
from .contracts import Block, Loss
from .tasks import Rows

ENTRIES = 2_000_000  # numbers in the programme of one round
ROUNDS = 40
UNKNOWNS = 2500  # a programme in more of them takes minutes
SECONDS = 30.0  # of one round
COLUMNS = 64  # looked at together
SINGLE = 10**11  # products that a look at single columns may cost
NOISE = 1e-9  # entries of a direction below this are zeros that the programme did not quite reach


class Verdict(NamedTuple):
    """``direction`` (q, M) is a witness of separation, or None; ``finite`` says that there provably is none."""

    direction: Array | None
    finite: bool


def find(rows: Rows, loss: Loss, W: Array, free: Array) -> Verdict:
    """Look for a direction of separation among the free rows of W.

    Parameters
    ----------
    rows : Rows
    loss : Loss
    W : (q, M) array
        The coefficients reached so far: often a witness themselves, else a guide to the rows that matter.
    free : (q,) boolean array
        Rows of W without a penalty; the others stay zero.
    """
    own = W * like(to_numpy(free), W)[:, None]
    if _accepted(rows, loss, own):
        return Verdict(own, False)
    chosen = np.flatnonzero(to_numpy(free))
    alone = _by_single_columns(rows, loss, chosen, W)
    if alone is not None and _accepted(rows, loss, alone):
        return Verdict(alone, False)
    if (loss.classes - 1) * len(chosen) > UNKNOWNS:
        return Verdict(None, False)
    push = sum(rows.executor.map(help_of_all, rows.handles, loss))
    gain = to_numpy(push)[chosen, 1:].T.reshape(-1)
    gain = gain / max(abs(gain).max(), 1e-300)
    limit = max(20, ENTRIES // (2 * len(chosen) * (loss.classes - 1) * len(rows.handles)))
    contrasts = np.concatenate(rows.executor.map(hardest, rows.handles, loss, own, limit, chosen))
    for _ in range(ROUNDS):
        solution = _programme(gain, contrasts)
        if solution is None or gain @ solution <= 1e-9:
            return Verdict(None, solution is not None)
        cleaned = _on_the_faces(solution, contrasts)
        for candidate in (solution, cleaned, np.where(abs(cleaned) > NOISE * abs(cleaned).max(), cleaned, 0.0)):
            direction = _as_coefficients(candidate, chosen, loss, W)
            if _accepted(rows, loss, direction):
                return Verdict(direction, False)
        broken = np.concatenate(rows.executor.map(violated, rows.handles, loss, direction, limit, chosen))
        if not len(broken):
            return Verdict(None, False)
        contrasts = np.concatenate([contrasts, broken])
    return Verdict(None, False)


# ----------------------------------------------------------------------------------------------------------- on one block


def margins(block: Block, loss: Loss, B: Array) -> tuple[Array, Array, Array]:
    """How each row fares along B: contrasts with its own class (n, K), which of them count (n, K), and their rounding (n, 1)."""
    X = block.X.ready()
    xp = namespace(B)
    V = loss.class_logits(X.matmul(B))
    terms = xp.amax(loss.class_logits(block.X.absolute().matmul(abs(B))), axis=1)[:, None]
    support = _support(block, loss)
    # Soft targets want every class of the support to be as good as the best: the worst of them stands for the row.
    worst = xp.amin(xp.where(support, V, xp.full_like(V, float("inf"))), axis=1)[:, None]
    alone = support.sum(axis=1)[:, None] == 1
    counts = xp.where(alone, ~support, xp.ones_like(support))
    return worst - V, counts, 64 * EPS * (B.shape[0] + 4) * terms


def verdict(block: Block, loss: Loss, B: Array) -> tuple[bool, float]:
    """Whether no row of the block loses along B beyond rounding, and the largest gain."""
    margin, counts, rounding = margins(block, loss, B)
    harmless = bool(((margin >= -rounding) | ~counts).all())
    return harmless, peak(margin * counts - rounding)


def help_of_all(block: Block, loss: Loss) -> Any:
    """(q, K): sum over rows and supported classes of x_i (e_y - e_k) over all k."""
    support = _support(block, loss)
    signs = loss.classes * support - support.sum(axis=1)[:, None] * namespace(support).ones_like(support)
    return block.X.ready().rmatmul(like(to_numpy(signs), block.weight))


def hardest(block: Block, loss: Loss, B: Array, limit: int, chosen: np.ndarray) -> np.ndarray:
    """Constraint rows of the ``limit`` rows that gain least along B."""
    margin, counts, _ = margins(block, loss, B)
    least = to_numpy(_least(margin, counts))
    return _contrasts(block, loss, np.argsort(least, kind="stable")[:limit], chosen)


def violated(block: Block, loss: Loss, B: Array, limit: int, chosen: np.ndarray) -> np.ndarray:
    """Constraint rows of at most ``limit`` rows that lose along B, worst first."""
    margin, counts, rounding = margins(block, loss, B)
    least = to_numpy(_least(margin + rounding, counts))
    return _contrasts(block, loss, np.argsort(least, kind="stable")[: min(limit, int((least < 0).sum()))], chosen)


def ranges(block: Block, loss: Loss, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each chosen column in the rows of each class, (K, f); inf and -inf where there are none."""
    X, support = block.X.ready(), to_numpy(_support(block, loss))
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


def _contrasts(block: Block, loss: Loss, which: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(m, (K - 1) * f): x_i (e_s - e_k) for each supported class s and other class k, class 0 held at zero; rows of size 1."""
    q = block.X.shape[1]
    identity = like(np.eye(q)[:, chosen], block.weight)
    X = to_numpy(block.X.take(which).ready().matmul(identity))
    X = X / np.maximum(abs(X).max(axis=1, keepdims=True), 1e-300)
    support = to_numpy(_support(block, loss))[which]
    K, f = loss.classes, len(chosen)
    lines = []
    for s in range(K):
        mine = X[support[:, s]]
        for k in range(K):
            if k == s or not len(mine):
                continue
            line = np.zeros((len(mine), K, f))
            line[:, s], line[:, k] = mine, -mine
            lines.append(line[:, 1:].reshape(len(mine), (K - 1) * f))
    return np.concatenate(lines) if lines else np.zeros((0, (K - 1) * f))


# ---------------------------------------------------------------------------------------------------------- the programme


def _programme(gain: np.ndarray, contrasts: np.ndarray) -> np.ndarray | None:
    """Maximise gain . b over contrasts b >= 0, |b| <= 1; None if the programme fails."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "time_limit": SECONDS}
    result = linprog(
        -gain, A_ub=csr_array(-contrasts), b_ub=np.zeros(len(contrasts)), bounds=(-1, 1), method="highs", options=tight
    )
    return np.asarray(result.x) if result.status == 0 else None


def _on_the_faces(b: np.ndarray, contrasts: np.ndarray) -> np.ndarray:
    """B moved onto the constraints that it meets to solver tolerance, so that they hold to rounding."""
    reached = contrasts @ b
    faces = contrasts[abs(reached) <= 1e-7 * abs(b).max()]
    if len(faces):
        values, vectors = np.linalg.eigh(faces.T @ faces)
        across = vectors[:, values > 1e-10 * values[-1]]
        for _ in range(2):
            b = b - across @ (across.T @ b)
    return b


def _as_coefficients(b: np.ndarray, chosen: np.ndarray, loss: Loss, W: Array) -> Array:
    """(q, M) from the (K - 1) * f unknowns, class-centred where there are more than two classes."""
    full = np.zeros((W.shape[0], loss.classes))
    full[np.ix_(chosen, np.arange(1, loss.classes))] = b.reshape(loss.classes - 1, len(chosen)).T
    if loss.columns == 1:
        return like(full[:, 1:], W)
    return like(full - full.mean(axis=1, keepdims=True), W)


def _by_single_columns(rows: Rows, loss: Loss, chosen: np.ndarray, W: Array) -> Array | None:
    """The sum of all directions in one column that set one class off from the others, such as a word that it never uses."""
    if sum(rows.executor.map(tasks.size, rows.handles)) * W.shape[0] * len(chosen) > SINGLE:
        return None
    low, high = (np.stack(parts) for parts in zip(*rows.executor.map(ranges, rows.handles, loss, chosen), strict=True))
    low, high = low.min(axis=0), high.max(axis=0)  # (K, f)
    ones = np.flatnonzero((low == low[0]).all(axis=0) & (high == low).all(axis=0) & (low[0] != 0) & np.isfinite(low).all(axis=0))
    full = np.zeros((W.shape[0], loss.classes))
    for k in range(loss.classes):
        others = np.arange(loss.classes) != k
        mine, theirs = (low[k], high[k]), (low[others].min(axis=0), high[others].max(axis=0))
        for sign in (1.0, -1.0):
            (least, most_mine), (least_theirs, most) = _turned(mine, sign), _turned(theirs, sign)
            apart = (least >= most) & ((most_mine > most) | (least_theirs < least))  # it hurts nobody, and helps some row
            edges = np.where(apart, sign * np.maximum(most, np.minimum(least, 0.0)), 0.0)
            if not len(ones):
                apart &= edges == 0
            full[chosen, k] += sign * apart
            if len(ones):
                full[chosen[ones[0]], k] -= sign * float((edges * apart).sum()) / low[0, ones[0]]
    if not full.any():
        return None
    return like(full[:, 1:] - full[:, :1] if loss.columns == 1 else full - full.mean(axis=1, keepdims=True), W)


def _turned(ends: tuple[np.ndarray, np.ndarray], sign: float) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of sign * column."""
    return ends if sign > 0 else (-ends[1], -ends[0])


def _accepted(rows: Rows, loss: Loss, B: Array) -> bool:
    """Whether B helps some row and hurts none, to rounding."""
    size = float(abs(B).max()) if 0 not in B.shape else 0.0
    if not 0 < size < float("inf"):
        return False
    harmless, gains = zip(*rows.executor.map(verdict, rows.handles, loss, B / size), strict=True)
    return all(harmless) and max(gains) > 1e-9
