"""Logistic and softmax cross-entropy as functions of logits.

Every quantity is formed without cancellation: differences of logits carry their rounding error along (Knuth's two-sum), so loss,
residual and probabilities keep their relative accuracy however small they are, and stay finite for logits up to 1e300.
With p = softmax(eta) and targets t, loss = sum_k t_k (logsumexp(eta) - eta_k), residual = p - t, Hessian = diag(p) - p pᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import kernels
from .backend import EPS, Array, namespace, pick, replaced, turned
from .contracts import Loss
from .pair import Pair, class_sum, difference, exact, exp_difference, product, quotient, ratio, rounded, two_sum


class Binary(Loss):
    """Two classes, one column: the logits of the classes are [0, eta]. Binary(eta) = Softmax([0, eta])."""

    columns = 1
    classes = 2

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual (n, 1) of codes 0 and 1, or of soft targets (n, 2)."""
        found = kernels.binary_loss(eta, y)
        if found is not None:
            return found
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
        total = two_sum(1.0, small)
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
    """K classes, K columns; adding one number to all logits of a row changes nothing.

    Inside, arrays are (K, n): what is summed over the classes of a row is then added array by array.
    """

    def __init__(self, classes: int) -> None:
        self.columns = self.classes = classes

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual (n, K) of codes 0..K-1, or of soft targets (n, K)."""
        z = turned(eta)
        found = kernels.softmax_loss(z, y)
        if found is not None:
            return found[0], found[1].T
        leading, top, e, rest, total = _exponentials(z)
        log_total = _log_total(rest, total)
        if y.ndim == 2:
            t = turned(y)
            mass = class_sum(exact(t))
            loss = (t * (top - z)).sum(axis=0) + mass.value * log_total
            return loss, rounded(difference(product(mass, quotient(e, total)), exact(t))).T
        others = _without(rest, Pair(pick(e.value, y), pick(e.lost, y)), leading == y)
        residual = replaced(ratio(e, total), y, -ratio(others, total))  # p - 1 is the sum of the others: no cancellation
        return (top - pick(z, y)) + log_total, residual.T

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, K): p * (V - p . V), with V taken relative to the likeliest class so that certain rows keep their digits."""
        leading, _, e, _, total = _exponentials(turned(eta))
        along = turned(V)
        relative = two_sum(along, -pick(along, leading))
        mean = quotient(class_sum(product(e, relative)), total)
        applied: Array = rounded(quotient(product(e, difference(relative, mean)), total)).T
        return applied

    def steepness(self, eta: Array) -> Array:
        """(n, K): p (1 - p)."""
        return _spread(self.probabilities(eta))

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """(k, k, p_k (1 - p_k)) and (k, l, p_k p_l)."""
        xp = namespace(eta)
        leading, _, (e, e_lost), rest, total = _exponentials(turned(eta))
        for k in range(self.classes):
            others = _without(rest, Pair(e[k], e_lost[k]), leading == k)
            partners = Pair(
                xp.concatenate([others.value[None, :], e[k + 1 :]], axis=0),
                xp.concatenate([others.lost[None, :], e_lost[k + 1 :]], axis=0),
            )
            entries = rounded(quotient(quotient(product(Pair(e[k], e_lost[k]), partners), total), total))
            for m in range(k, self.classes):
                yield k, m, entries[m - k]

    def probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        z = turned(eta)
        found = kernels.softmax_probabilities(z)
        if found is not None:
            return found.T
        _, _, e, _, total = _exponentials(z)
        p: Array = ratio(e, total).T
        return p

    def log_probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        z = turned(eta)
        _, top, _, rest, total = _exponentials(z)
        log_p: Array = ((z - top) - _log_total(rest, total)).T
        return log_p

    def class_logits(self, V: Array) -> Array:
        """(n, K) unchanged."""
        return V


class _Exponentials(NamedTuple):
    """Of each row: the class of the largest logit and that logit (n,), exp(logit - largest) (K, n), and sums of these (n,)."""

    leading: Array
    top: Array
    e: Pair
    rest: Pair  # without the leading class
    total: Pair


def _exponentials(z: Array) -> _Exponentials:
    """Of logits (K, n)."""
    leading = z.argmax(axis=0)
    top = pick(z, leading)
    e = exp_difference(z, top)
    rest = class_sum(Pair(replaced(e.value, leading, 0.0), e.lost))  # exp(0) is exact: nothing was lost in the leading class
    total, lost = two_sum(1.0, rest.value)
    return _Exponentials(leading, top, e, rest, Pair(total, lost + rest.lost))


def _log_total(rest: Pair, total: Pair) -> Array:
    """(n,) log of the sum of the exponentials."""
    found: Array = namespace(rest.value).log1p(rest.value) + rest.lost / total.value
    return found


def _without(rest: Pair, e: Pair, ahead: Array) -> Pair:
    """(n,): the sum of the exponentials without one of each row, never by subtraction from the sum; ``ahead`` where that leads."""
    xp = namespace(e.value)
    fewer = difference(rest, e)
    value, lost = two_sum(1.0, fewer.value)
    return Pair(xp.where(ahead, rest.value, value), xp.where(ahead, rest.lost, lost + fewer.lost))


def _spread(p: Array) -> Array:
    """P (1 - p), no smaller than the exact one."""
    found: Array = p * (1 - p) + EPS
    return found
