"""Softmax regression from scratch: NumPy alone, to be read from top to bottom.

n rows X (n, p) and K classes. The model is a weight for each column and class, W (p, K), and a bias for each class, b (K,).
A row's logits (scores) are X W + b; softmax makes them probabilities. Targets are codes 0 ... K - 1 (n,), or distributions over
the classes (n, K) whose rows sum to 1. ``weights`` (n,), none of them negative, say how much each row counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# ------------------------------------------------------------------------------------------------------------ probabilities


def softmax(logits: np.ndarray) -> np.ndarray:
    """(n, K) probabilities. Subtracting the largest logit of a row changes nothing, and no exponential overflows."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    p: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return p


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(n, K) logarithms of the probabilities, finite even where a probability rounds to 0: never ``log(softmax(logits))``."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def one_hot(codes: np.ndarray, K: int) -> np.ndarray:
    """(n, K): 1 in the column of each row's class, 0 elsewhere."""
    return np.asarray(np.asarray(codes)[:, None] == np.arange(K), dtype=float)


# ------------------------------------------------------------------------------------- the loss: one number in four spellings


def cross_entropy(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of -sum_k t_k log p_k over the rows, from logits (n, K) and codes (n,) or distributions (n, K)."""
    targets = np.asarray(targets)
    if targets.ndim == 1:
        return nll(log_softmax(logits), targets, weights)
    return cross_entropy_of_log_probabilities(log_softmax(logits), targets, weights)


def cross_entropy_of_log_probabilities(log_p: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The same from log-probabilities (n, K), times one-hot rows or other distributions (n, K)."""
    return float(np.average(-(targets * log_p).sum(axis=1), weights=weights))


def nll(log_p: np.ndarray, codes: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The same from log-probabilities (n, K), picking each row's class: the negative log-likelihood."""
    return float(np.average(-log_p[np.arange(len(log_p)), codes], weights=weights))


def binary_cross_entropy(logit: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The same for K = 2 from logit = logits[:, 1] - logits[:, 0] (n,) and targets 0 to 1 (n,): log(1 + e^z) - t z."""
    losses = np.maximum(logit, 0) - targets * logit + np.log1p(np.exp(-abs(logit)))
    return float(np.average(losses, weights=weights))


# ------------------------------------------------------------------------------------------------------------------ the model


def scores(W: np.ndarray, b: np.ndarray, X: np.ndarray) -> np.ndarray:
    """(n, K) logits: X W + b."""
    return np.asarray(X @ W + b)


def predict_proba(W: np.ndarray, b: np.ndarray, X: np.ndarray) -> np.ndarray:
    """(n, K) probabilities of the classes."""
    return softmax(scores(W, b, X))


def predict(W: np.ndarray, b: np.ndarray, X: np.ndarray) -> np.ndarray:
    """(n,) code of the likeliest class; the largest logit is the largest probability."""
    return np.asarray(scores(W, b, X).argmax(axis=1))


def accuracy(predicted: np.ndarray, codes: np.ndarray) -> float:
    """Share of the rows whose class was predicted."""
    return float(np.mean(predicted == codes))


def loss(
    W: np.ndarray, b: np.ndarray, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None, alpha: float = 0.0
) -> float:
    """Mean weighted cross-entropy + alpha / 2 * sum of W squared. The bias is not penalised."""
    return cross_entropy(scores(W, b, X), targets, weights) + alpha / 2 * float((W**2).sum())


def gradient(
    W: np.ndarray, b: np.ndarray, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None, alpha: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of :func:`loss` in W (p, K) and in b (K,).

    The derivative of a row's cross-entropy in its logits is probabilities - targets; the chain rule through X W + b does the rest.
    """
    targets = np.asarray(targets)
    T = one_hot(targets, len(b)) if targets.ndim == 1 else targets
    share = np.ones(len(T)) if weights is None else np.asarray(weights)
    residual = (predict_proba(W, b, X) - T) * (share / share.sum())[:, None]
    return X.T @ residual + alpha * W, residual.sum(axis=0)


# ------------------------------------------------------------------------------- optimisers: one's own, and any that takes a vector


def gradient_descent(
    start: tuple[np.ndarray, np.ndarray],
    X: np.ndarray,
    targets: np.ndarray,
    learning_rate: float = 0.1,
    epochs: int = 100,
    weights: np.ndarray | None = None,
    alpha: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """W, b and the ``epochs + 1`` losses from ``start`` = (W, b) to them; each epoch is one step down the gradient of all rows."""
    W, b = start
    losses = [loss(W, b, X, targets, weights, alpha)]
    for _ in range(epochs):
        dW, db = gradient(W, b, X, targets, weights, alpha)
        W, b = W - learning_rate * dW, b - learning_rate * db
        losses.append(loss(W, b, X, targets, weights, alpha))
    return W, b, losses


def flatten(arrays: Sequence[np.ndarray | float]) -> np.ndarray:
    """One vector of all numbers of arrays of any shapes, single numbers too, in order."""
    return np.concatenate([np.zeros(0), *(np.ravel(array) for array in arrays)])


def unflatten(flat: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """The arrays of these shapes, () for a single number, that :func:`flatten` would make ``flat`` of."""
    ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes])
    if len(flat) != ends[-1]:
        raise ValueError(f"flat holds {len(flat)} numbers, but the shapes hold {ends[-1]}")
    return [flat[a:b].reshape(shape) for a, b, shape in zip(ends[:-1], ends[1:], shapes, strict=True)]


def objective(
    flat: np.ndarray, X: np.ndarray, targets: np.ndarray, K: int, weights: np.ndarray | None = None, alpha: float = 0.0
) -> tuple[float, np.ndarray]:
    """Loss and its gradient at ``flatten([W, b])``, as ``scipy.optimize.minimize(objective, flat, (X, y, K), jac=True)`` wants."""
    W, b = unflatten(flat, [(X.shape[1], K), (K,)])
    return loss(W, b, X, targets, weights, alpha), flatten(gradient(W, b, X, targets, weights, alpha))
