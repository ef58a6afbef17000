"""Logistic and softmax cross-entropy as functions of logits.

Every quantity is formed without cancellation: differences of logits carry their rounding error along (Knuth's two-sum), so loss,
residual and probabilities keep their relative accuracy however small they are, and stay finite for logits up to 1e300.
With p = softmax(eta) and targets t, loss = sum_k t_k (logsumexp(eta) - eta_k), residual = p - t, Hessian = diag(p) - p pᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator

from .backend import EPS, Array, namespace, pick
from .contracts import Loss
from .pair import Pair, difference, exact, exp_difference, product, quotient, ratio, rounded, row_sum, two_sum


class Binary(Loss):
    """Two classes, one column: the logits of the classes are [0, eta]. Binary(eta) = Softmax([0, eta])."""

    columns = 1
    classes = 2

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual (n, 1) of codes 0 and 1, or of soft targets (n, 2)."""
        xp = namespace(eta)
        x = eta[:, 0]
        size = abs(x)
        small = xp.exp(-size)
        tail, total = xp.log1p(small), 1 + small  # softplus(x) = max(x, 0) + tail
        if y.ndim == 1:
            positive = y > 0
            margin = xp.where(positive, x, -x)  # how far the true class is ahead
            loss = (size - margin) / 2 + tail  # max(-margin, 0); on a tape its slope at 0 is a half, as it must be
            away = xp.where(margin > 0, small, 1.0) / total  # probability of the other class
            return loss, xp.where(positive, -away, away)[:, None]
        lower, upper = small / total, 1 / total
        t0, t1 = y[:, 0], y[:, 1]
        up, down = (size + x) / 2 + tail, (size - x) / 2 + tail  # softplus of x and -x
        p1, p0 = xp.where(x > 0, upper, lower), xp.where(x > 0, lower, upper)
        return t0 * up + t1 * down, (t0 * p1 - t1 * p0)[:, None]

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, 1): p (1 - p) V."""
        small = namespace(eta).exp(-abs(eta))
        total = two_sum(1 + 0 * small, small)
        return rounded(quotient(quotient(product(exact(V), exact(small)), total), total))

    def steepness(self, eta: Array) -> Array:
        """(n, 1): p (1 - p)."""
        return _spread(self.probabilities(eta)[:, 1:])

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """The single pair (0, 0): p (1 - p)."""
        yield 0, 0, self.curvature(eta, 1 + 0 * eta)[:, 0]

    def probabilities(self, eta: Array) -> Array:
        """(n, 2)."""
        xp = namespace(eta)
        x = eta[:, 0]
        small = xp.exp(-abs(x))
        ahead, total = x > 0, 1 + small
        lower, upper = small / total, 1 / total
        p: Array = xp.concatenate([xp.where(ahead, lower, upper)[:, None], xp.where(ahead, upper, lower)[:, None]], axis=1)
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
        leading = eta.argmax(axis=1)
        top, e, total, rest = self._exponentials(eta, leading)
        log_total = _log_total(total, rest)
        if y.ndim == 2:
            mass = row_sum(exact(y))
            loss = (y * (top - eta)).sum(axis=1) + mass.value[:, 0] * log_total
            return loss, rounded(difference(product(mass, quotient(e, total)), exact(y)))
        columns = xp.arange(self.classes, device=eta.device)[None, :]
        true = columns == y[:, None]
        other = _sum_without(e, true)
        numerators = Pair(xp.where(true, other.value, e.value), xp.where(true, other.lost, e.lost))
        p = rounded(quotient(numerators, total))  # of each wrong class; of all wrong ones together at the true class
        return (top - pick(eta, y))[:, 0] + log_total, xp.where(true, -p, p)

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, K): p * (V - p . V), with V taken relative to the likeliest class so that certain rows keep their digits."""
        leading = eta.argmax(axis=1)
        _, e, total, _ = self._exponentials(eta, leading)
        relative = two_sum(V, -pick(V, leading))
        mean = quotient(row_sum(product(e, relative)), total)
        return rounded(quotient(product(e, difference(relative, mean)), total))

    def steepness(self, eta: Array) -> Array:
        """(n, K): p (1 - p)."""
        return _spread(self.probabilities(eta))

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """(k, k, p_k (1 - p_k)) and (k, l, p_k p_l)."""
        xp = namespace(eta)
        leading = eta.argmax(axis=1)
        _, (e, e_lost), total, rest = self._exponentials(eta, leading)
        others = _without(rest, Pair(e, e_lost), xp.arange(self.classes, device=eta.device)[None, :] == leading[:, None])
        for k in range(self.classes):
            column = slice(k, k + 1)
            partners = Pair(
                xp.concatenate([others.value[:, column], e[:, k + 1 :]], axis=1),
                xp.concatenate([others.lost[:, column], e_lost[:, k + 1 :]], axis=1),
            )
            joint = product(Pair(e[:, column], e_lost[:, column]), partners)
            entries = rounded(quotient(quotient(joint, total), total))
            for m in range(k, self.classes):
                yield k, m, entries[:, m - k]

    def probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        _, e, total, _ = self._exponentials(eta, eta.argmax(axis=1))
        return ratio(e, total)

    def log_probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        top, _, total, rest = self._exponentials(eta, eta.argmax(axis=1))
        logp: Array = -((top - eta) + _log_total(total, rest)[:, None])
        return logp

    def class_logits(self, V: Array) -> Array:
        """(n, K) unchanged."""
        return V

    def _exponentials(self, eta: Array, leading: Array) -> tuple[Array, Pair, Pair, Pair]:
        """Largest logit (n, 1), exp(eta - largest) (n, K), their sum (n, 1), and that sum without the leading class (n, 1)."""
        xp = namespace(eta)
        top = pick(eta, leading)
        e = exp_difference(eta, top)
        rest = _sum_without(e, xp.arange(self.classes, device=eta.device)[None, :] == leading[:, None])
        total, lost = two_sum(xp.ones_like(rest.value), rest.value)
        return top, e, Pair(total, lost + rest.lost), rest


def _spread(p: Array) -> Array:
    """P (1 - p), no smaller than the exact one."""
    found: Array = p * (1 - p) + EPS
    return found


def _sum_without(e: Pair, left_out: Array) -> Pair:
    """(n, 1): the sum of the terms that are not left out."""
    kept = ~left_out
    return row_sum(Pair(e.value * kept, e.lost * kept))


def _log_total(total: Pair, rest: Pair) -> Array:
    """(n,) log of the sum of the exponentials."""
    found: Array = namespace(rest.value).log1p(rest.value[:, 0]) + (rest.lost / total.value)[:, 0]
    return found


def _without(rest: Pair, e: Pair, ahead: Array) -> Pair:
    """The sum of the exponentials without each of these, never by subtraction from the sum; ``ahead`` marks the leading class."""
    xp = namespace(e.value)
    fewer = difference(rest, e)
    value, lost = two_sum(xp.ones_like(e.value), fewer.value)
    return Pair(xp.where(ahead, rest.value, value), xp.where(ahead, rest.lost, lost + fewer.lost))
