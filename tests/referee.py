"""An independent judge: the objective of a published model in exact or extended arithmetic, from its definition alone.

It shares no code with the package. A model is judged as it predicts: logits = (x - center) coefᵀ + base.
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath
import numpy as np

from logistic.model import Model

LONG = np.longdouble


class Problem(NamedTuple):
    """Rows, codes (n,) or targets (n, K), weights, offsets (n, M), and the strength of the penalty on each column (p,)."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray | None
    strength: np.ndarray
    intercept: bool


def true_gap(problem: Problem, model: Model) -> float:
    """F(model) - min F in 80-bit arithmetic, by the Newton decrement with a long double gradient.

    Near the optimum F - min F = gᵀ H⁻¹ g / 2 up to a relative error of the order of the decrement itself.
    """
    Z = (
        np.column_stack([_centred(problem, model), np.ones(len(problem.X), LONG)])
        if problem.intercept
        else _centred(problem, model)
    )
    W = _parameters(problem, model).astype(LONG)
    gradient, hessian, scale = _derivatives(problem, model, Z, W)
    unit = hessian / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(unit.astype(np.float64))
    keep = values > 1e-13 * values[-1]
    part = vectors[:, keep].T @ (gradient.reshape(-1) / scale).astype(np.float64)
    return float(0.5 * (part**2 / values[keep]).sum())


def _centred(problem: Problem, model: Model) -> np.ndarray:
    return problem.X.astype(LONG) - model.center.astype(LONG)


def _parameters(problem: Problem, model: Model) -> np.ndarray:
    return np.vstack([model.coef.T, model.base[None, :]]) if problem.intercept else model.coef.T


def _derivatives(problem: Problem, model: Model, Z: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    K = len(model.classes)
    M = W.shape[1]
    eta = Z @ W
    if problem.offset is not None:
        eta = eta + problem.offset
    logits = np.column_stack([np.zeros(len(eta), LONG), eta]) if M == 1 else eta
    logits = logits - logits.max(axis=1, keepdims=True)
    P = np.exp(logits)
    P /= P.sum(axis=1, keepdims=True)
    T = np.eye(K, dtype=LONG)[problem.y] if problem.y.ndim == 1 else problem.y.astype(LONG)
    w = problem.weight.astype(LONG) / problem.weight.astype(LONG).sum()
    others = P @ (1 - np.eye(K, dtype=LONG))  # 1 - P without cancellation
    residual = (P * (T.sum(axis=1, keepdims=True) - T) - T * others)[:, K - M :]
    strength = problem.strength.astype(LONG)
    strength = np.append(strength, LONG(0)) if problem.intercept else strength
    gradient = Z.T @ (w[:, None] * residual)
    if M > 1:  # exactly zero over the classes; its rounding would be taken for a gradient where only the penalty curves
        gradient = gradient - gradient.mean(axis=1, keepdims=True)
    gradient = gradient + strength[:, None] * W
    q = Z.shape[1]
    hessian = np.zeros((q, M, q, M), LONG)
    P, others = P[:, K - M :], others[:, K - M :]
    for k in range(M):
        for m in range(M):
            h = w * P[:, k] * (others[:, k] if k == m else -P[:, m])
            hessian[:, k, :, m] = (Z * h[:, None]).T @ Z
        hessian[:, k, :, k] += np.diag(strength)
    hessian = hessian.reshape(q * M, q * M)
    diagonal = np.diag(hessian)
    return gradient, hessian, np.sqrt(np.where(diagonal > 0, diagonal, 1))


def exact_gap(problem: Problem, model: Model, digits: int = 40) -> mpmath.mpf:
    """F(model) - min F to ``digits`` digits: Newton in mpmath from the model on, both values from the definition."""
    with mpmath.workdps(digits + 20):
        W = mpmath.matrix(_parameters(problem, model).tolist())
        Z = [[mpmath.mpf(float(x)) - mpmath.mpf(float(c)) for x, c in zip(row, model.center, strict=True)] for row in problem.X]
        if problem.intercept:
            Z = [[*row, mpmath.mpf(1)] for row in Z]
        scale = [max(abs(row[j]) for row in Z) or mpmath.mpf(1) for j in range(len(Z[0]))]
        Z = [[x / s for x, s in zip(row, scale, strict=True)] for row in Z]
        strength = [mpmath.mpf(float(s)) for s in problem.strength] + [mpmath.mpf(0)] * problem.intercept
        strength = [a / s**2 for a, s in zip(strength, scale, strict=True)]
        for j, s in enumerate(scale):
            for k in range(W.cols):
                W[j, k] *= s
        here, g, H = _exact(problem, len(model.classes), Z, strength, W)
        value = here
        for _ in range(300):  # on nearly separated classes a step adds about 1 to the logits, however exact the arithmetic
            step = mpmath.lu_solve(H, -g)
            if -mpmath.fdot(g, step) < mpmath.mpf(10) ** (-digits) * here:  # twice what is still to be gained
                break
            while (new := _exact(problem, len(model.classes), Z, strength, W + _matrix(step, W)))[0] > value:
                step /= 2
            W += _matrix(step, W)
            value, g, H = new
        else:
            raise ArithmeticError("no optimum after 300 Newton steps")
        return here - value


def _matrix(step: mpmath.matrix, W: mpmath.matrix) -> mpmath.matrix:
    """The step in the shape of W."""
    return mpmath.matrix([[step[j * W.cols + k] for k in range(W.cols)] for j in range(W.rows)])


def _exact(
    problem: Problem, K: int, Z: list[list[mpmath.mpf]], strength: list[mpmath.mpf], W: mpmath.matrix
) -> tuple[mpmath.mpf, mpmath.matrix, mpmath.matrix]:
    q, M = W.rows, W.cols
    total = mpmath.fsum(float(w) for w in problem.weight)
    value, g, H = mpmath.mpf(0), mpmath.matrix(q * M, 1), mpmath.matrix(q * M, q * M)
    for i, x in enumerate(Z):
        w = mpmath.mpf(float(problem.weight[i])) / total
        eta = [mpmath.fdot(x, [W[j, k] for j in range(q)]) for k in range(M)]
        if problem.offset is not None:
            eta = [e + mpmath.mpf(float(o)) for e, o in zip(eta, problem.offset[i], strict=True)]
        logits = [mpmath.mpf(0), *eta] if M == 1 else eta
        e = [mpmath.exp(v - max(logits)) for v in logits]
        total_e = mpmath.fsum(e)
        log_norm = mpmath.log(total_e) + max(logits)
        P = [v / total_e for v in e]
        t = (
            [mpmath.mpf(int(problem.y[i] == k)) for k in range(K)]
            if problem.y.ndim == 1
            else [mpmath.mpf(float(v)) for v in problem.y[i]]
        )
        mass = mpmath.fsum(t)
        value += w * mpmath.fsum(tk * (log_norm - v) for tk, v in zip(t, logits, strict=True))
        for k in range(M):
            rk = w * (mass * P[K - M + k] - t[K - M + k])
            for j in range(q):
                g[j * M + k] += rk * x[j]
            for m in range(M):
                h = w * mass * P[K - M + k] * ((k == m) - P[K - M + m])
                for j in range(q):
                    for i2 in range(q):
                        H[j * M + k, i2 * M + m] += h * x[j] * x[i2]
    for j in range(q):
        for k in range(M):
            value += strength[j] * W[j, k] ** 2 / 2
            g[j * M + k] += strength[j] * W[j, k]
            H[j * M + k, j * M + k] += strength[j]
            if (
                M > 1 and strength[j] == 0
            ):  # equal logits change nothing: give that direction curvature so that the system can be solved
                for m in range(M):
                    H[j * M + k, j * M + m] += mpmath.mpf(1) / M
    return value, g, H
