"""Where the lanes meet: rows from a source, a spec of choices, and out comes a model with its certificate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .backend import like, to_numpy
from .contracts import Block, Executor, Loss, Point, RawBlock, Solution, Source, Spec
from .encoding import Encoding, learn, resolution, scales
from .errors import InputError
from .executor import InProcess
from .loss import Binary, Softmax
from .minimize import minimize
from .model import Model, Strength
from .objective import LogisticObjective
from .penalty import L2
from .solvers import choose
from .sources.arrays import block_rows
from .tasks import Rows

PROBABLE_CLASSES = 16  # assumed when the size of a block is chosen, before the classes are known


class Fit(NamedTuple):
    """A model and the solution behind it (in scaled columns)."""

    model: Model
    solution: Solution


def fit(
    source: Source,
    spec: Spec,
    *,
    executor: Executor | None = None,
    on_point: Callable[[Point], object] | None = None,
) -> Fit:
    """Fit logistic (two classes) or softmax regression to its certified optimum.

    Parameters
    ----------
    source : Source
        Rows with labels (n,), or with distributions over the classes (n, K).
    spec : Spec
    executor : Executor, optional
        Who computes; this process by default.
    on_point : callable, optional
        Called with every point; a true answer stops the fit.

    Raises
    ------
    InputError
        For a choice or a row that cannot be used, in words.
    """
    check(spec)
    if source.shape[1] == 0 and not spec.fit_intercept:
        raise InputError("X has no columns and fit_intercept=False leaves nothing to fit; add a column or the intercept")
    executor = executor or InProcess()
    size = block_rows(source.shape, PROBABLE_CLASSES)
    raw = executor.put(list(source.blocks(size)))
    encoding = learn(executor, raw, centred=spec.fit_intercept)
    alpha = strength(spec, encoding.total)
    if not math.isfinite(alpha):
        raise InputError(f"C={spec.C} is too small for float64: 1 / (C * total weight) is infinite; use a larger C")
    pull = alpha**0.5 * (np.where(encoding.spread > 0, encoding.spread, 1.0) if spec.standardize else np.ones(source.shape[1]))
    scale = scales(encoding, pull, len(encoding.classes))
    loss: Loss = Binary() if len(encoding.classes) == 2 else Softmax(len(encoding.classes))

    blocks = executor.put(executor.map(encoded, raw, encoding, scale, spec.fit_intercept))
    edge = np.zeros(int(spec.fit_intercept))
    rows = Rows(
        executor,
        blocks,
        min(size, source.shape[0]),
        encoding.total,
        np.concatenate([resolution(encoding, scale), edge]),
    )
    penalty = L2(1.0, np.concatenate([(pull / scale) ** 2, edge]))
    objective = LogisticObjective(loss, penalty, rows, spec.fit_intercept)
    solver, why = choose(spec.solver, objective)
    solution = minimize(objective, solver, objective.zeros(), spec.stop, on_point)

    penalty_used = Strength(alpha, 1 / (alpha * encoding.total) if alpha > 0 else math.inf, spec.standardize)
    return Fit(_publish(solution, source, encoding, scale, penalty_used, why), solution)


def encoded(raw: RawBlock, encoding: Encoding, scale: np.ndarray, intercept: bool) -> Block:
    """One raw block, encoded."""
    return encoding.block(raw, scale, intercept)


def strength(spec: Spec, total_weight: float) -> float:
    """Alpha of mean loss + alpha * penalty; C * sum of losses + penalty is the same problem for alpha = 1 / (C * total weight)."""
    if spec.alpha is not None:
        return spec.alpha
    return 0.0 if spec.C is None else 1.0 / (spec.C * total_weight)


def check(spec: Spec) -> None:
    """Refuse impossible choices, in words.

    Raises
    ------
    InputError
        Naming the argument, its value and what is allowed.
    """
    numbers = {
        "C": spec.C,
        "alpha": spec.alpha,
        "tol": spec.stop.tol,
        "max_iter": spec.stop.max_iter,
        "max_time": spec.stop.max_time,
    }
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
            raise InputError(f"{name} must be a number, but is {value!r}")
    if spec.C is not None and spec.alpha is not None:
        raise InputError(f"C={spec.C} and alpha={spec.alpha} both set the strength of the penalty; give one of them")
    if spec.C is not None and not spec.C > 0:
        raise InputError(f"C must be above 0, or inf for no penalty, but is {spec.C}")
    if spec.alpha is not None and not 0 <= spec.alpha < math.inf:
        raise InputError(f"alpha must be finite and at least 0 (0 for no penalty), but is {spec.alpha}")
    if not spec.stop.tol > 0:
        raise InputError(f"tol must be above 0, but is {spec.stop.tol}")
    if spec.stop.max_iter < 0:
        raise InputError(f"max_iter must be at least 0, but is {spec.stop.max_iter}")
    if spec.stop.max_time is not None and not spec.stop.max_time > 0:
        raise InputError(f"max_time must be above 0 seconds, or None, but is {spec.stop.max_time}")


def _publish(solution: Solution, source: Source, encoding: Encoding, scale: np.ndarray, penalty: Strength, why: str) -> Model:
    """The solution in the units of the data, class-centred for more than two classes."""
    p = len(scale)
    W = to_numpy(solution.point.W)
    if W.shape[1] > 1:
        W = W - W.mean(axis=1, keepdims=True)
    direction = solution.certificate.direction
    if direction is not None:
        direction = like(to_numpy(direction)[:p] / scale[:, None], W)
    return Model(
        classes=encoding.classes,
        features=source.features,
        coef=np.ascontiguousarray((W[:p] / scale[:, None]).T),
        base=W[p].copy() if len(W) > p else np.zeros(W.shape[1]),
        center=np.zeros(p) if encoding.center is None else encoding.center,
        penalty=penalty,
        certificate=replace(solution.certificate, direction=direction),
        n_iter=solution.n_iter,
        solver=why,
        rows=source.shape[0],
        total=encoding.total,
    )
