"""Where rows meet least squares: a source of real targets goes in, a plane comes out, by orthogonal triangles or by the loop."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .backend import Array
from .contracts import Block, Design, Executor, RawBlock, Solver, Source, Spec
from .coordinates import Change, InGivenUnits
from .designs import Dense, Intercept, Scaled, Sparse, is_sparse
from .encoding import Encoding, counted, learn, resolution
from .errors import InputError, did_you_mean
from .executor import InProcess
from .fit import check
from .frame import block_size
from .minimize import Solution, minimize
from .outcome import Certificate, Record
from .plane import Plane
from .solvers import REGISTRY, choose, named
from .squares import SquaredObjective
from .start import generator, start
from .tasks import Rows

EXACT = "exact"
TRIANGLE_BYTES = 2**30  # a larger triangle is not made
ONE_CLASS = np.zeros(1, dtype=np.int8)
TWO_CLASSES = np.arange(2)  # have one column of coefficients, and so has a real target


def regress(source: Source, spec: Spec) -> Plane:
    """The plane of least mean weighted squared error.

    Parameters
    ----------
    source : Source
        Rows with real targets, float64 (n,); see :func:`logistic.plane.targets`.
    spec : Spec
        Of which ``fit_intercept``, ``solver``, ``stop``, ``init`` and ``seed`` count. The solver ``exact`` needs no iteration:
        the rows are rotated into a triangle (QR), block by block, and its singular values tell the rank. Where columns are
        combinations of others, the coefficients of least norm, in the units of the data, are the answer.

    Raises
    ------
    InputError
        For a choice or a row that cannot be used, in words.
    """
    check(spec)
    asked = _asked(spec)
    executor = InProcess()
    rows = block_size(source, spec, asked)
    if asked is None:
        rows = max(rows, source.shape[1] + 2)  # taller than its triangle
    raw = executor.put([part for part in map(weighted, source.blocks(rows)) if len(part.y)])
    if not raw:
        raise InputError("no row has a positive weight; at least one of sample_weight must be above zero")
    encoding = learn(executor, executor.map(alike, raw), spec.fit_intercept, classes=ONE_CLASS)
    plane = _exact(executor, raw, encoding, spec) if asked is None else _iterated(executor, raw, encoding, spec, asked)
    return plane._replace(features=source.features, rows=source.shape[0])


def _asked(spec: Spec) -> Solver | None:
    """The solver, its settings checked; None for the exact one."""
    solver = spec.solver
    if isinstance(solver, str) and solver == EXACT:
        if not isinstance(spec.init, str) or spec.init != "zeros":
            raise InputError("init is where an iteration starts, and solver='exact' has none; leave it out, or use solver='lbfgs'")
        return None
    known = [EXACT, *REGISTRY]
    if not isinstance(solver, str | Solver) or (isinstance(solver, str) and solver not in known):
        hint = did_you_mean(solver, known) if isinstance(solver, str) else ", or an object such as solvers.SGD(lr=0.1)"
        raise InputError(f"solver={solver!r} is unknown; choose one of {', '.join(known)}{hint}")
    asked = named(solver)
    if asked is not None and asked.early is not None:
        raise InputError(f"{asked!r} stops early by validation data, which are not taken here; pass patience=None")
    return asked


# ------------------------------------------------------------------------------------------------------------ on one block


def weighted(raw: RawBlock) -> RawBlock:
    """The rows of positive weight, with their weights (n,)."""
    if raw.weight is None:
        return raw._replace(weight=np.broadcast_to(np.ones(1), len(raw.y)))  # ones that take no memory
    return counted(raw)


def alike(raw: RawBlock) -> RawBlock:
    """Rows of one class, so that their columns can be learned as those of labelled rows are."""
    return raw._replace(y=np.broadcast_to(ONE_CLASS, len(raw.y)))


def tallest(raw: RawBlock) -> float:
    """The largest absolute target."""
    return float(abs(raw.y).max())


def target_sums(raw: RawBlock, unit: float) -> tuple[float, float]:
    """Weighted sums of y / unit and of its squares."""
    u = raw.y / unit
    return float(raw.weight @ u), float(raw.weight @ (u * u))


class _Lens(NamedTuple):
    """How rows are seen by :func:`triangle`: shifted, divided, and weighted by their share of ``total``."""

    center: np.ndarray
    unit: np.ndarray
    mean: float
    height: float
    intercept: bool
    total: float


def triangle(raw: RawBlock, lens: _Lens) -> np.ndarray:
    """The R of the QR factorisation of the weighted rows [1, (X - center) / unit, (y - mean) / height], at most square."""
    rows = np.ones((len(raw.y), lens.intercept + len(lens.unit) + 1))
    dense = raw.X.toarray() if is_sparse(raw.X) else raw.X
    rows[:, lens.intercept : -1] = (dense - lens.center) / lens.unit
    rows[:, -1] = (raw.y - lens.mean) / lens.height
    rows *= np.sqrt(raw.weight / lens.total)[:, None]
    return np.asarray(np.linalg.qr(rows, mode="r"))


def stacked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The triangle of the rows of two."""
    return np.asarray(np.linalg.qr(np.vstack([a, b]), mode="r"))


def encoded(raw: RawBlock, change: Change, height: float) -> Block:
    """Rows whose columns are centred, where they are dense, and scaled, and whose targets are divided by ``height``."""
    sparse = is_sparse(raw.X)
    X: Design = Scaled(Sparse(raw.X) if sparse else Dense(raw.X), None if sparse else change.center, change.scale)
    return Block(Intercept(X) if change.intercept else X, raw.y / height, np.asarray(raw.weight))


# --------------------------------------------------------------------------------------------------------------- exact


def _exact(executor: Executor, raw: list[Any], encoding: Encoding, spec: Spec) -> Plane:
    p = len(encoding.spread)
    n = sum(executor.map(_size, raw))
    width = p + int(spec.fit_intercept) + 1
    if 8 * min(n, width) * width > TRIANGLE_BYTES:
        raise InputError(f"solver='exact' needs a triangle of {min(n, width):,} x {width:,} numbers, too many; use solver='lbfgs'")
    mean, height = _targets(executor, raw, encoding.total)
    unit = _positive(encoding.spread)
    center, mean = encoding.mean, mean if spec.fit_intercept else 0.0
    lens = _Lens(center, unit, mean, height, spec.fit_intercept, encoding.total)
    R = executor.map_merge(triangle, raw, stacked, lens)
    i = int(spec.fit_intercept)
    z, rank = _least_squares(R[i:, i:-1], R[i:, -1], resolution(encoding, unit), unit)
    base = (R[0, -1] - R[0, 1:-1] @ z) / R[0, 0] if i else 0.0
    why = "exact: least squares at once"
    if rank < p:
        why += f"; the {p} columns have rank {rank}, so of all solutions the one of least norm"
    return Plane(z / unit * height, mean + float(base) * height, center, 1, why)


def _least_squares(S: np.ndarray, t: np.ndarray, fine: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, int]:
    """The z (p,) of least |S z - t|, of these the one of least |z / unit|; and the rank of S (k, p).

    A combination of columns counts as zero where it is no larger than the rounding of the numbers in it, ``fine`` (p,).
    """
    size = _positive(np.sqrt((S * S).sum(axis=0)))
    U, s, Vt = np.linalg.svd(S / size, full_matrices=False)
    kept = s > np.maximum(np.finfo(np.float64).eps * max(S.shape) * s.max(initial=0.0), abs(Vt) @ (fine / size))
    U, s, Vt = U[:, kept], s[kept], Vt[kept]
    reached = (U.T @ t) / s  # what the kept combinations of z * size must be
    z = Vt.T @ reached
    if len(s) < len(z):
        given = np.linalg.lstsq(Vt * (unit * size), reached)[0]
        z = given * (unit * size)
        z = z + Vt.T @ (reached - Vt @ z)  # wild units cost digits above; in scaled columns they come back
    return z / size, len(s)


# ------------------------------------------------------------------------------------------------------------ by iteration


def _iterated(executor: Executor, raw: list[Any], encoding: Encoding, spec: Spec, asked: Solver) -> Plane:
    p = len(encoding.spread)
    scale = _positive(encoding.spread)
    center = np.zeros(p) if encoding.center is None else encoding.center
    change = Change(scale, center, spec.fit_intercept)
    # A textbook iteration sees the targets as given too; otherwise they are of size one, so that a step length means something.
    height = 1.0 if asked.as_given else _targets(executor, raw, encoding.total)[1]
    blocks = executor.map(encoded, raw, change, height)
    fine = np.concatenate([resolution(encoding, scale), np.zeros(int(spec.fit_intercept))])
    rows = Rows(executor, executor.put(blocks), max(len(block.y) for block in blocks), encoding.total, fine)
    rng = generator(spec.seed)
    objective = SquaredObjective(rows, spec.fit_intercept, rng)
    solver, why = choose(asked, objective)
    W0 = change.inward(_start(spec.init, p, spec.fit_intercept, rng) / height)
    solution = minimize(objective, InGivenUnits(solver, change) if solver.as_given else solver, W0, spec.stop)
    W = np.asarray(solution.point.W)
    if solution.certificate.columns:
        W = _shortest(W, np.asarray(objective.null_space()), scale)
    coef, base = W[:p, 0] / scale * height, float(W[-1, 0]) * height if spec.fit_intercept else 0.0
    certificate, trace = _in_units(solution, height)
    return Plane(coef, base, center, solution.n_iter, why, certificate=certificate, trace=trace)


def _start(init: Any, p: int, intercept: bool, rng: np.random.Generator) -> Array:
    """(q, 1) coefficients in the units of the data."""
    coef, base = init if isinstance(init, tuple) and len(init) == 2 else (getattr(init, "coef_", init), 0.0)
    if not isinstance(init, str) and (np.shape(coef) not in ((p,), (1, p)) or np.size(base) != 1):
        raise InputError(f"init holds coefficients of shape {np.shape(coef)}; pass ({p},), or a pair of these and a number")
    return start(init, p, TWO_CLASSES, intercept, rng)


def _shortest(W: np.ndarray, null: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Of all W (q, 1) that differ by combinations of ``null`` (q, d), the one of least norm in the units of the data."""
    p = len(scale)
    given = null[:p] / scale[:, None]
    size = _positive(np.sqrt((given * given).sum(axis=0)))
    surplus = np.linalg.lstsq(given / size, W[:p] / scale[:, None])[0]
    return np.asarray(W - (null / size) @ surplus)


def _in_units(solution: Solution, height: float) -> tuple[Certificate, tuple[Record, ...]]:
    """Certificate and trace of a fit whose targets were divided by ``height``, in the units of the targets."""

    def area(value: float) -> float:
        return value * height * height  # the square of height alone could overflow

    found = solution.certificate
    certificate = replace(found, value=area(found.value), gap=area(found.gap), kkt=found.kkt * height)
    trace = (
        record._replace(
            value=area(record.value),
            loss=area(record.loss),
            kkt=record.kkt * height,
            step=record.step * height,
            gap=area(record.gap),
            batch_losses=tuple(map(area, record.batch_losses)),
        )
        for record in solution.trace
    )
    return certificate, tuple(trace)


# ------------------------------------------------------------------------------------------------------------------ shared


def _size(raw: RawBlock) -> int:
    return len(raw.y)


def _targets(executor: Executor, raw: list[Any], total: float) -> tuple[float, float]:
    """Weighted mean and root mean square of the targets, the latter 1 where it is 0; no size of number overflows."""
    top = max(executor.map(tallest, raw)) or 1.0
    first, second = executor.map_sum(target_sums, raw, top)
    return top * (first / total), top * math.sqrt(second / total) or 1.0


def _positive(values: np.ndarray) -> np.ndarray:
    """The values, 1 in place of 0."""
    return np.asarray(np.where(values > 0, values, 1.0))
