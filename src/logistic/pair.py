"""Numbers in two parts: a value and what rounding took from it (Dekker, 1971), for relative accuracy where sums cancel.

All functions work element by element on NumPy arrays and torch tensors of any float type.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .backend import Array, namespace


class Pair(NamedTuple):
    """A number, and what rounding took from it."""

    value: Array
    lost: Array


def exact(a: Array) -> Pair:
    """A number from which nothing was taken."""
    return Pair(a, 0 * a)


def rounded(pair: Pair) -> Array:
    """The nearest single number."""
    found: Array = pair.value + pair.lost
    return found


def two_sum(a: Array | float, b: Array) -> Pair:
    """The sum, exactly (Knuth)."""
    s = a + b
    back = s - a
    return Pair(s, (a - (s - back)) + (b - back))


def difference(a: Pair, b: Pair) -> Pair:
    """The difference of two pairs."""
    value, lost = two_sum(a.value, -b.value)
    return Pair(value, lost + (a.lost - b.lost))


def two_product(a: Array, b: Array) -> Pair:
    """The product, exactly (Veltkamp's splitting)."""
    value = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return Pair(value, a2 * b2 - (((value - a1 * b1) - a2 * b1) - a1 * b2))


def _split(a: Array) -> tuple[Array, Array]:
    digits = round(-math.log2(namespace(a).finfo(a.dtype).eps)) + 1
    shifted = a * (2.0 ** ((digits + 1) // 2) + 1)
    high = shifted - (shifted - a)
    return high, a - high


def product(a: Pair, b: Pair) -> Pair:
    """The product of two pairs."""
    value, lost = two_product(a.value, b.value)
    return Pair(value, lost + (a.value * b.lost + a.lost * b.value))


def quotient(a: Pair, b: Pair) -> Pair:
    """The quotient of two pairs."""
    value = a.value / b.value
    back, lost = two_product(value, b.value)
    return Pair(value, (((a.value - back) - lost) + (a.lost - value * b.lost)) / b.value)


def ratio(a: Pair, b: Pair) -> Array:
    """The quotient of two pairs as one number, within a unit of its last place."""
    rough = a.value / b.value
    found: Array = rough + (a.lost - rough * b.lost) / b.value
    return found


def class_sum(terms: Pair) -> Pair:
    """Sums over the first axis, (K, n) -> (n,).

    Next to a number as large as all terms together, each term is cut to the same last place; what is left adds up exactly, and
    what was cut off is too small for its rounding to matter (Rump, Ogita and Oishi, 2008).
    """
    values, lost = terms
    ceiling = namespace(values).amax(abs(values), axis=0) * values.shape[0]
    kept = (values + ceiling) - ceiling
    whole, cut = kept.sum(axis=0), ((values - kept) + lost).sum(axis=0)
    value = whole + cut
    return Pair(value, cut - (value - whole))


def exp_difference(a: Array, b: Array) -> Pair:
    """exp(a - b): the rounding error of a - b is recovered, for exp would magnify it."""
    apart, lost = two_sum(a, -b)
    rough = namespace(a).exp(apart)
    return Pair(rough, rough * lost)
