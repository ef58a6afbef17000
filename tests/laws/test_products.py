"""The compiled kernels of predictions: what they promise of digits and bits, and what they leave to NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from logistic import kernels
from logistic.affine import compiled_logits
from logistic.loss import Binary, Softmax

pytestmark = pytest.mark.skipif(kernels.compiled is None, reason="the kernels are not compiled here")
MOST = 20  # classes that are multiplied
WIDEST = 64  # classes that have probabilities
SHORT = 8  # features that are multiplied in float32


def drawn(seed: int, n: int, p: int, M: int, kind: str, numbers: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of ``kind``, coefficients and base of ``numbers``, and a centre."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(n, p)) * 3, rng.normal(size=(M, p)) * np.exp(rng.normal(size=p))
    return X.astype(kind), W.astype(numbers), rng.normal(size=M).astype(numbers), rng.normal(size=p)


shapes = (st.integers(0, 2**32), st.integers(0, 70), st.integers(1, 70), st.integers(1, MOST))
kinds = st.sampled_from((("f4", "f4", False), ("f4", "f8", False), ("f4", "f8", True), ("f8", "f8", False), ("f8", "f8", True)))


@settings(max_examples=200, deadline=None)
@given(*shapes, kinds)
def test_logits_are_exact_to_the_rounding_of_their_terms(seed: int, n: int, p: int, M: int, kind: tuple[str, str, bool]) -> None:
    """Whatever is left over of rows, classes and features: within p + 2 roundings of the sum of the sizes of all terms."""
    X, W, base, center = drawn(seed, n, max(p, SHORT if kind[1] == "f4" else 1), M, *kind[:2])
    eta, sound = compiled_logits(X, W, base, center if kind[2] else None)
    assert sound is True
    assert eta.dtype == W.dtype
    Z = X.astype(np.longdouble) - (center if kind[2] else 0)
    size = abs(X).astype("f8") @ abs(W.T).astype("f8") + abs(base) + (abs(W) @ abs(center) if kind[2] else 0)
    assert (abs(eta - (Z @ W.T.astype(np.longdouble) + base)) <= (X.shape[1] + 2) * np.finfo(W.dtype).eps * size).all()


@settings(max_examples=100, deadline=None)
@given(*shapes, kinds, st.data())
def test_the_bits_of_a_row_depend_on_no_other_row(
    seed: int, n: int, p: int, M: int, kind: tuple[str, str, bool], data: st.DataObject
) -> None:
    """Any run of the rows gives these rows' logits and probabilities, to the bit."""
    X, W, base, center = drawn(seed, n + 1, max(p, SHORT if kind[1] == "f4" else 1), M, *kind[:2])
    first = data.draw(st.integers(0, n))
    last = data.draw(st.integers(first, n + 1))
    where = center if kind[2] else None
    eta, part = (compiled_logits(rows, W, base, where)[0] for rows in (X, X[first:last]))
    np.testing.assert_array_equal(eta[first:last], part)
    found, some = (np.empty((len(z), max(M, 2)), dtype=z.dtype) for z in (eta, part))
    assert kernels.compiled.probabilities(eta, found)
    assert kernels.compiled.probabilities(part, some)
    np.testing.assert_array_equal(found[first:last], some)


@pytest.mark.parametrize("numbers", ["f4", "f8"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_each_number_that_is_not_finite_shows(bad: float, numbers: str) -> None:
    """Wherever it stands, also where coefficients are zero, with each number of features and of rows."""
    for p in (8, 9, 15, 17) if numbers == "f4" else (1, 3, 4, 5, 9):
        for n in (1, 4, 7):
            for place in range(n * p):
                for size in (0.0, 1.0):
                    X = np.ones((n, p), dtype=numbers)
                    X.flat[place] = bad
                    W = np.full((6, p), size, dtype=numbers)
                    eta, sound = compiled_logits(X, W, np.zeros(6, dtype=numbers), None)
                    assert sound is False
                    np.testing.assert_array_equal(np.flatnonzero(~np.isfinite(eta).all(axis=1)), [place // p])
    assert compiled_logits(np.full((1, 8), 3e38, "f4"), np.ones((1, 8), "f4"), np.zeros(1, "f4"), None)[1] is False


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(1, WIDEST), st.sampled_from(("f4", "f8")), st.floats(0.01, 2000))
def test_probabilities_are_those_of_the_loss_wherever_logits_lie(seed: int, n: int, M: int, kind: str, size: float) -> None:
    """Class by class, row by row or with gaps; small ones end at zero, and all are exact to a few roundings of the logits."""
    eta = (size * np.random.default_rng(seed).normal(size=(n, M))).astype(kind)
    found = np.empty((n, max(M, 2)), dtype=kind)
    assert kernels.compiled.probabilities(eta, found)
    exact = (Binary() if M == 1 else Softmax(M)).probabilities(eta.astype("f8"))
    eps, tiny = np.finfo(kind).eps, np.finfo(kind).tiny
    np.testing.assert_allclose(found, exact, rtol=(8 + M + 8 * size) * eps, atol=8 * tiny)
    for other in (
        np.asfortranarray(eta),
        np.repeat(np.repeat(eta, 2, axis=0), 3, axis=1)[::2, ::3],
        eta[::-1, ::-1].copy()[::-1, ::-1],
    ):
        again = np.empty_like(found)
        assert kernels.compiled.probabilities(other, again)
        np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize(("kind", "last"), [("f4", 103.0), ("f8", 745.0)])
def test_probabilities_end_at_the_smallest_number(kind: str, last: float) -> None:
    """Before it they are not zero, beyond it they are; logits that are not finite give what NumPy's arithmetic gives."""
    for M in (1, 2):
        eta = np.array([[last], [last + 1]] if M == 1 else [[last, 0.0], [last + 1, 0.0]], dtype=kind)
        found = np.empty((2, 2), dtype=kind)
        assert kernels.compiled.probabilities(eta, found)
        assert sorted(found[0]) == [np.finfo(kind).smallest_subnormal, 1]
        assert sorted(found[1]) == [0, 1]
    found = np.empty((3, 2), dtype=kind)
    assert kernels.compiled.probabilities(np.array([[np.inf], [-np.inf], [np.nan]], dtype=kind), found)
    np.testing.assert_array_equal(found, [[0, 1], [1, 0], [np.nan, np.nan]])
    assert kernels.compiled.probabilities(np.array([[np.inf, 0], [-np.inf, 0], [np.nan, 0]], dtype=kind), found)
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [0, 1], [np.nan, np.nan]])


def test_what_the_kernels_are_not_made_for_is_left_to_numpy() -> None:
    """Other orders, types and shapes, many classes, few features in float32, mixed precisions: no answer, and no error."""
    X, W, base, center = drawn(0, 5, 4, 3, "f8", "f8")
    eta = np.empty((3, 5))
    assert kernels.compiled.logits(X, W, base, None, eta) is True
    odd = np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view("f8").reshape(X.shape)
    fixed = eta.copy()
    fixed.flags.writeable = False
    for arrays in (
        (np.asfortranarray(X), W, base, None, eta),
        (X[::2], W, base, None, eta[:, :3].copy()),
        (odd, W, base, None, eta),
        (X.astype(">f8"), W, base, None, eta),
        (X.astype("i8"), W, base, None, eta),
        (X[0], W, base, None, eta),
        (X[:4], W, base, None, eta),
        (X, W[:, :3].copy(), base, None, eta),
        (X, W.astype("f4"), base.astype("f4"), None, eta.astype("f4")),
        (np.ones((5, 9), "f4"), np.ones((3, 9), "f4"), base.astype("f4"), np.ones(9), eta.astype("f4")),
        (X, W, base[:2].copy(), None, eta),
        (X, W, base, center[:3].copy(), eta),
        (X, W, base, None, eta.astype("f4")),
        (X, W, base, None, fixed),
        (None, W, base, None, eta),
        (X.astype("f4"), W.astype("f4"), base.astype("f4"), None, eta.astype("f4")),
        (X, np.zeros((MOST + 1, 4)), np.zeros(MOST + 1), None, np.empty((MOST + 1, 5))),
    ):
        assert kernels.compiled.logits(*arrays) is None
    for eta, found in (
        (np.ones((2, 3)), np.ones((2, 2))),
        (np.ones((2, 1)), np.ones((2, 1))),
        (np.ones((2, 3)), np.ones((2, 3), "f4")),
        (np.ones((2, 3)), np.ones((3, 2)).T),
        (np.ones((2, WIDEST + 1)), np.ones((2, WIDEST + 1))),
        (np.ones(3), np.ones(3)),
    ):
        assert kernels.compiled.probabilities(eta, found) is False
    with pytest.raises(TypeError, match="logits takes"):
        kernels.compiled.logits(X)
    with pytest.raises(TypeError, match="probabilities takes"):
        kernels.compiled.probabilities(X)
