"""Does a combination of the columns separate the classes? A linear programme over all class contrasts.

A direction B of the coefficients never hurts a row i of class y exactly if (B_y - B_k) x_i >= 0 for every class k. If some such
direction also helps a row, the likelihood grows along it without end and no finite estimate exists (Albert and Anderson, 1984;
the programme follows Konis, 2007). Testing pairs of classes is not enough: all contrasts must hold for one and the same B.

The programme is solved on the rows that press hardest and then checked on all rows, adding those that it violates: a subset of
rows without a direction proves that there is none, and a direction that every row accepts is a witness.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import contrasts, tasks
from .backend import Array, like, to_numpy
from .contracts import Loss
from .contrasts import ENTRIES, STRICT
from .tasks import Rows

FEW = 10  # rows for each unknown in the first programme: where classes overlap, they mostly prove it
ROUNDS = 40
CHEAP = 100  # unknowns up to which a first programme costs less than a look at single columns
UNKNOWNS = 2500  # a programme in more of them takes minutes
SECONDS = 30.0  # of one round
SINGLE = 10**11  # products that a look at single columns may cost
FLAT = 1e-10  # eigenvalues below this times the largest are of a direction that changes nothing
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
    chosen = np.flatnonzero(to_numpy(free))
    unknowns = (loss.classes - 1) * len(chosen)
    most = max(20, ENTRIES // (2 * unknowns * len(rows.handles)))
    limit = min(max(20, FEW * unknowns // len(rows.handles)), most)
    faces = np.concatenate(rows.executor.map(contrasts.hardest, rows.handles, loss, own, limit, chosen))
    reached = as_unknowns(own, chosen, loss)
    hopeful = (faces @ reached).min(initial=0.0) >= -NOISE * abs(reached).max()
    if hopeful and _accepted(rows, loss, own):
        return Verdict(own, False)
    push = sum(rows.executor.map(contrasts.help_of_all, rows.handles, loss))
    gain = to_numpy(push)[chosen, 1:].T.reshape(-1)
    gain = gain / max(abs(gain).max(), 1e-300)
    solution = programme(gain, faces) if unknowns <= min(CHEAP, UNKNOWNS) else None
    if solution is not None and gain @ solution <= STRICT:
        return Verdict(None, True)
    alone = _by_single_columns(rows, loss, chosen, W)
    if alone is not None and _accepted(rows, loss, alone):
        return Verdict(alone, False)
    if unknowns > UNKNOWNS:
        return Verdict(None, False)
    solution = programme(gain, faces) if solution is None else solution
    for _ in range(ROUNDS):
        if solution is None or gain @ solution <= STRICT:
            return Verdict(None, solution is not None)
        cleaned = _on_the_faces(solution, faces)
        for candidate in (solution, cleaned, np.where(abs(cleaned) > NOISE * abs(cleaned).max(), cleaned, 0.0)):
            direction = as_coefficients(candidate, chosen, loss, W)
            if _accepted(rows, loss, direction):
                return Verdict(direction, False)
        broken = np.concatenate(rows.executor.map(contrasts.violated, rows.handles, loss, direction, limit, chosen))
        if not len(broken):
            return Verdict(None, False)
        limit = min(2 * limit, most)
        faces = np.concatenate([faces, broken])
        solution = programme(gain, faces)
    return Verdict(None, False)


# ---------------------------------------------------------------------------------------------------------- the programme


def programme(gain: np.ndarray, faces: np.ndarray) -> np.ndarray | None:
    """Maximise gain . b over faces b >= 0, |b| <= 1; None if the programme fails."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "time_limit": SECONDS}
    result = linprog(-gain, A_ub=csr_array(-faces), b_ub=np.zeros(len(faces)), bounds=(-1, 1), method="highs", options=tight)
    return np.asarray(result.x) if result.status == 0 else None


def _on_the_faces(b: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """B moved onto the constraints that it meets to solver tolerance, so that they hold to rounding."""
    met = faces[abs(faces @ b) <= 1e-7 * abs(b).max()]
    if len(met):
        values, vectors = np.linalg.eigh(met.T @ met)
        across = vectors[:, values > FLAT * values[-1]]
        for _ in range(2):
            b = b - across @ (across.T @ b)
    return b


def as_unknowns(B: Array, chosen: np.ndarray, loss: Loss) -> np.ndarray:
    """The (K - 1) * f unknowns from (q, M), class 0 held at zero."""
    full = to_numpy(loss.class_logits(B))[chosen]
    found: np.ndarray = (full[:, 1:] - full[:, :1]).T.reshape(-1)
    return found


def as_coefficients(b: np.ndarray, chosen: np.ndarray, loss: Loss, W: Array) -> Array:
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
    low, high = (np.stack(parts) for parts in zip(*rows.executor.map(contrasts.ranges, rows.handles, loss, chosen), strict=True))
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
            apart &= np.isfinite(edges) & (edges == 0 if not len(ones) else True)
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
    harmless, gains = zip(*rows.executor.map(contrasts.verdict, rows.handles, loss, B / size), strict=True)
    return all(harmless) and max(gains) > STRICT
