"""Logistic and softmax cross-entropy as functions of logits.

Every quantity is formed without cancellation: differences of logits carry their rounding error along (Knuth's two-sum), so loss,
residual and probabilities keep their relative accuracy however small they are, and stay finite for logits up to 1e300.
With p = softmax(eta) and targets t, loss = sum_k t_k (logsumexp(eta) - eta_k), residual = p - t, Hessian = diag(p) - p pᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .backend import Array, namespace, pick
from .contracts import Loss


class Binary(Loss):
    """Two classes, one column: the logits of the classes are [0, eta]. Binary(eta) = Softmax([0, eta])."""

    columns = 1
    classes = 2

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual (n, 1) of codes 0 and 1, or of soft targets (n, 2)."""
        xp = namespace(eta)
        x = eta[:, 0]
        small = xp.exp(-abs(x))
        tail = xp.log1p(small)  # softplus(x) = max(x, 0) + tail
        lower, upper = small / (1 + small), 1 / (1 + small)
        if y.ndim == 1:
            positive = y > 0
            margin = xp.where(positive, x, -x)  # how far the true class is ahead
            loss = (abs(margin) - margin) / 2 + tail  # max(-margin, 0); on a tape its slope at 0 is a half, as it must be
            away = xp.where(margin > 0, lower, upper)  # probability of the other class
            return loss, xp.where(positive, -away, away)[:, None]
        t0, t1 = y[:, 0], y[:, 1]
        up, down = (abs(x) + x) / 2 + tail, (abs(x) - x) / 2 + tail  # softplus of x and -x
        p1, p0 = xp.where(x > 0, upper, lower), xp.where(x > 0, lower, upper)
        return t0 * up + t1 * down, (t0 * p1 - t1 * p0)[:, None]

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, 1): p (1 - p) V."""
        small = namespace(eta).exp(-abs(eta))
        product: Array = V * (small / (1 + small) ** 2)
        return product

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """The single pair (0, 0): p (1 - p)."""
        small = namespace(eta).exp(-abs(eta[:, 0]))
        yield 0, 0, small / (1 + small) ** 2

    def probabilities(self, eta: Array) -> Array:
        """(n, 2)."""
        xp = namespace(eta)
        x = eta[:, 0]
        small = xp.exp(-abs(x))
        lower, upper = small / (1 + small), 1 / (1 + small)
        p: Array = xp.stack([xp.where(x > 0, lower, upper), xp.where(x > 0, upper, lower)], axis=1)
        return p

    def log_probabilities(self, eta: Array) -> Array:
        """(n, 2)."""
        xp = namespace(eta)
        x = eta[:, 0]
        tail = xp.log1p(xp.exp(-abs(x)))
        zero = xp.zeros_like(x)
        logp: Array = xp.stack([-xp.where(x > 0, x, zero) - tail, xp.where(x > 0, zero, x) - tail], axis=1)
        return logp

    def class_logits(self, V: Array) -> Array:
        """(n, 1) -> (n, 2): [0, V]."""
        xp = namespace(V)
        both: Array = xp.concatenate([xp.zeros_like(V), V], axis=1)
        return both


class Softmax(Loss):
    """K classes, K columns; adding one number to all logits of a row changes nothing."""

    def __init__(self, classes: int) -> None:
        self.columns = self.classes = classes

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual (n, K) of codes 0..K-1, or of soft targets (n, K)."""
        xp = namespace(eta)
        top, e, rest = self._exponentials(eta)
        total = (1 + rest)[:, None]
        p = e / total
        if y.ndim == 2:
            mass = y.sum(axis=1)[:, None]
            loss = (y * (top - eta)).sum(axis=1) + mass[:, 0] * xp.log1p(rest)
            return loss, mass * p - y
        codes = y[:, None]
        behind = top - pick(eta, y)
        loss = behind[:, 0] + xp.log1p(rest)
        true = xp.arange(self.classes, device=eta.device)[None, :] == codes
        others = xp.where(true, xp.zeros_like(e), e)
        return loss, xp.where(true, -others.sum(axis=1)[:, None] / total, p)

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, K): p * (V - p . V), with V taken relative to the likeliest class so that certain rows keep their digits."""
        _, e, rest = self._exponentials(eta)
        p = e / (1 + rest)[:, None]
        relative = V - pick(V, eta.argmax(axis=1))
        product: Array = p * (relative - (p * relative).sum(axis=1)[:, None])
        return product

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """(k, k, p_k (1 - p_k)) and (k, l, p_k p_l); 1 - p_k is summed from the other classes."""
        _, e, rest = self._exponentials(eta)
        p = e / (1 + rest)[:, None]
        for k in range(self.classes):
            others = p[:, :k].sum(axis=1) + p[:, k + 1 :].sum(axis=1)
            yield k, k, p[:, k] * others
            for m in range(k + 1, self.classes):
                yield k, m, p[:, k] * p[:, m]

    def probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        _, e, rest = self._exponentials(eta)
        p: Array = e / (1 + rest)[:, None]
        return p

    def log_probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        top, _, rest = self._exponentials(eta)
        logp: Array = -((top - eta) + namespace(eta).log1p(rest)[:, None])
        return logp

    def class_logits(self, V: Array) -> Array:
        """(n, K) unchanged."""
        return V

    def _exponentials(self, eta: Array) -> tuple[Array, Array, Array]:
        """Largest logit (n, 1), exp(eta - largest) (n, K), and the sum of the latter without its leading 1 (n,)."""
        xp = namespace(eta)
        where = eta.argmax(axis=1)
        top = pick(eta, where)
        e = _exp_difference(xp, eta, top)
        leading = xp.arange(self.classes, device=eta.device)[None, :] == where[:, None]
        rest = xp.where(leading, xp.zeros_like(e), e).sum(axis=1)
        return top, e, rest


def _exp_difference(xp: Any, a: Array, b: Array) -> Array:
    """exp(a - b) to full relative accuracy: the rounding error of a - b is recovered and applied."""
    d = a - b
    back = d - a
    lost = (a - (d - back)) - (b + back)
    rough = xp.exp(d)
    exact: Array = rough + rough * lost
    return exact
