"""The one evaluator: the objective of anybody's coefficients, in float64, on the rows as they were made.

F(W, b) = C * sum of log losses + l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|^2. The intercept b is free, whatever a program thinks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .data import Data
from .workloads import Task

ENTRIES = 4_000_000  # logits at a time


def losses(X: Any, y: np.ndarray, coefs: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """(S,) sums of log losses of rows X (n, p) with class codes y (n,), for S coefficients (S, M, p) and intercepts (S, M)."""
    S, M, p = coefs.shape
    columns = np.ascontiguousarray(coefs.reshape(S * M, p).T, dtype=np.float64)
    rows = max(1, min(len(y), ENTRIES // (S * M), ENTRIES // (1 if hasattr(X, "indptr") else p) + 1))
    total = np.zeros(S)
    for start in range(0, len(y), rows):
        part, codes = X[start : start + rows], y[start : start + rows]
        eta = np.asarray(part.astype(np.float64) @ columns).reshape(len(codes), S, M) + intercepts
        if M == 1:  # the logit of the second class against a zero for the first
            total += np.logaddexp(0.0, np.where(codes[:, None] == 1, -eta[:, :, 0], eta[:, :, 0])).sum(axis=0)
            continue
        own = np.arange(len(codes)), slice(None), codes
        eta -= eta[own][:, :, None]
        eta[own] = -np.inf  # the log of what the others have is all there is of a small loss: not a difference of large numbers
        top = eta.max(axis=2)
        total += np.logaddexp(0.0, top + np.log(np.exp(eta - top[:, :, None]).sum(axis=2))).sum(axis=0)
    return total


def penalties(coefs: np.ndarray, l1_ratio: float) -> np.ndarray:
    """(S,) penalties of the coefficients (S, M, p)."""
    flat = coefs.reshape(len(coefs), -1).astype(np.float64)
    return np.asarray(l1_ratio * np.abs(flat).sum(axis=1) + (1 - l1_ratio) / 2 * (flat**2).sum(axis=1))


def values(task: Task, data: Data, coefs: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """(S,) objectives; inf where a coefficient is not finite.

    S counts the strengths of a path, the small sets of ``fits``, or the strengths of the first fold of a cross-validation, whose
    rows are then those of the other folds.
    """
    coefs, intercepts = np.asarray(coefs, dtype=np.float64), np.asarray(intercepts, dtype=np.float64)
    fine = np.isfinite(coefs).all(axis=(1, 2)) & np.isfinite(intercepts).all(axis=1)
    coefs, intercepts = np.where(fine[:, None, None], coefs, 0.0), np.where(fine[:, None], intercepts, 0.0)
    if task.kind == "fits":
        parts = [
            losses(X, y, coefs[i : i + 1], intercepts[i : i + 1])[0] for i, (X, y) in enumerate(zip(data.X, data.y, strict=True))
        ]
        total = np.array(parts)
    else:
        X, y, _ = training(task, data)
        total = losses(X, y, coefs, intercepts)
    return np.where(fine, np.broadcast_to(task.Cs, total.shape) * total + penalties(coefs, task.l1_ratio), np.inf)


def training(task: Task, data: Data) -> Data:
    """The rows that are judged: all, or in a cross-validation those that the first fold does not hold out."""
    if task.folds is None:
        return data
    rows = np.flatnonzero(task.folds != 0)
    return Data(data.X[rows], data.y[rows], data.more)


def error(task: Task, data: Data, probabilities: np.ndarray) -> float:
    """The largest error of predicted probabilities (n, K), of the first rows, against float64."""
    assert task.model is not None
    n = min(len(probabilities), 10_000)
    eta = data.X[:n].astype(np.float64) @ task.model["coef"].T + task.model["intercept"]
    if eta.shape[1] == 1:
        eta = np.hstack([np.zeros_like(eta), eta])
    exact = np.exp(eta - eta.max(axis=1, keepdims=True))
    exact /= exact.sum(axis=1, keepdims=True)
    return float(np.abs(probabilities[:n] - exact).max())
