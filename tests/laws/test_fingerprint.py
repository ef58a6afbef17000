"""The fingerprint of the rows of a fit: the same for the same rows, however they come, and another for others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from logistic import LogisticRegression
from logistic.encoding import learn
from logistic.executor import InProcess
from logistic.sources import ArraySource
from support import fit_arrays, overlapping

N = 128


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of every kind: tidy, shifted, wild, constant, zero, and ones whose means are binary fractions."""
    rng = np.random.default_rng(seed)
    X, y = overlapping(seed, N, 3, 3)
    columns = (X * [1, 1e-200, 1e200] + [0, 0, 1e200], 1e9 + rng.integers(0, 9, size=(N, 1)), rng.integers(0, 9, size=(N, 2)))
    X = np.hstack([*columns, np.full((N, 1), 0.1), np.zeros((N, 1)), (X - X.mean(axis=0)) / X.std(axis=0)])
    return X, y, rng.integers(1, 10, size=N) / 7


def fingerprint(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, size: int = N, intercept: bool = True) -> str:
    """Of rows that come in blocks of some size."""
    return learn(InProcess(), list(ArraySource(X, y, weight).blocks(size)), intercept).fingerprint(len(y))


def test_it_is_short_and_stands_in_the_model() -> None:
    """16 hexadecimal digits, the same in every fit of the same rows, whatever the penalty."""
    X, y = overlapping(0, 80, 3, 3)
    found = {fit_arrays(X, y, alpha=alpha).model.fingerprint for alpha in (0.0, 0.1)}
    assert found == {fingerprint(X, y)}
    assert len(next(iter(found))) == 16
    assert int(next(iter(found)), 16) >= 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("make", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("intercept", [False, True])
def test_blocks_and_order_do_not_show(make: Callable, weighted: bool, intercept: bool) -> None:
    """One block or many, forwards, backwards or shuffled: sums of another order have the same fingerprint, for 20 sets."""
    for seed in range(20):
        X, y, weight = rows(seed)
        X[:, [1, 2]] *= 1e-100 if make is csr_array else 1
        w = weight if weighted else None
        expected = fingerprint(make(X), y, w, intercept=intercept)
        for size in (1, 7, 64, 100):
            assert fingerprint(make(X), y, w, size, intercept) == expected, (seed, size)
        for order in (np.arange(N)[::-1], np.random.default_rng(seed).permutation(N)):
            assert fingerprint(make(X[order]), y[order], None if w is None else w[order], 50, intercept) == expected, seed


numbers = st.floats(-1e6, 1e6) | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-3, 3).map(float)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_rows_in_any_order_and_blocks(data: st.DataObject) -> None:
    """Whatever the numbers."""
    n, p = data.draw(st.integers(2, 30)), data.draw(st.integers(0, 3))
    X = data.draw(arrays(np.float64, (n, p), elements=numbers))
    y = np.arange(n) % data.draw(st.integers(2, min(n, 4)))
    weight = data.draw(st.none() | arrays(np.float64, n, elements=st.floats(0.001, 1000.0)))
    order = np.array(data.draw(st.permutations(range(n))))
    shuffled = X[order], y[order], None if weight is None else weight[order]
    assert fingerprint(*shuffled, data.draw(st.integers(1, n))) == fingerprint(X, y, weight, n)


def test_dense_and_sparse_rows_are_the_same_rows() -> None:
    """With an intercept, storage does not show; float32 numbers are the numbers that they are."""
    X, y = overlapping(0, N, 3, 3)
    X[X < 0] = 0
    assert fingerprint(X, y) == fingerprint(csr_array(X), y)
    single = X.astype(np.float32)
    assert fingerprint(single, y) == fingerprint(single.astype(np.float64), y) != fingerprint(X, y)


def test_minus_zero_is_zero() -> None:
    """They are equal, so they may not tell rows apart."""
    X, y = np.array([[0.0], [-0.0], [1.0], [2.0]]), np.array([0, 1, 0, 1])
    assert fingerprint(X, y) == fingerprint(abs(X), y) == fingerprint(X[[1, 0, 2, 3]], y[[1, 0, 2, 3]], None, 1)


def turned(X: np.ndarray, j: int) -> np.ndarray:
    """With column j negated."""
    X = X.copy()
    X[:, j] *= -1
    return X


def added(X: np.ndarray, j: int, amount: float) -> np.ndarray:
    """With column j shifted."""
    X = X.copy()
    X[:, j] += amount
    return X


OTHERS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], tuple]] = {
    "a row more": lambda X, y, w: (np.vstack([X, X[:1]]), np.append(y, y[0]), np.append(w, w[0])),
    "a row less": lambda X, y, w: (X[1:], y[1:], w[1:]),
    "a column more": lambda X, y, w: (np.hstack([X, X[:, :1]]), y, w),
    "a column less": lambda X, y, w: (X[:, :-1], y, w),
    "columns in another order": lambda X, y, w: (X[:, ::-1], y, w),
    "two standardised columns exchanged": lambda X, y, w: (X[:, [*range(8), 9, 8, 10]], y, w),
    "a column scaled": lambda X, y, w: (X * np.where(np.arange(X.shape[1]) == 4, 1.001, 1.0), y, w),
    "a column negated": lambda X, y, w: (turned(X, 4), y, w),
    "a standardised column negated": lambda X, y, w: (turned(X, 8), y, w),
    "a column shifted": lambda X, y, w: (added(X, 0, 0.01), y, w),
    "a constant column shifted": lambda X, y, w: (added(X, 6, 1e-9), y, w),
    "a column of zeros shifted": lambda X, y, w: (added(X, 7, 1e-300), y, w),
    "one label changed": lambda X, y, w: (X, np.where(np.arange(len(y)) == 5, (y + 1) % 3, y), w),
    "fewer classes": lambda X, y, w: (X, np.minimum(y, 1), w),
    "other weights": lambda X, y, w: (X, y, w**2),
    "weights scaled": lambda X, y, w: (X, y, 2 * w),
    "no weights": lambda X, y, w: (X, y, None),
}


@pytest.mark.parametrize("change", OTHERS)
def test_other_rows_have_another(change: str) -> None:
    """Any one of these changes shows."""
    X, y, weight = rows()
    assert fingerprint(*OTHERS[change](X, y, weight)) != fingerprint(X, y, weight)


def test_pieces_have_that_of_all_rows_so_far() -> None:
    """partial_fit: after the last piece it is the fingerprint of all of them, whatever the pieces were."""
    X, y = overlapping(3, 90, 4, 3)
    whole = fit_arrays(X, y, alpha=0.1).model.fingerprint
    for cuts in ([30, 60], [89], []):
        model = LogisticRegression(solver="sgd", random_state=0)
        seen = []
        for part in np.split(np.arange(90), cuts):
            model.partial_fit(X[part], y[part], classes=[0, 1, 2])
            seen.append(model.model_.fingerprint)
        assert seen[-1] == whole
        assert len(set(seen)) == len(seen)


def test_a_model_of_no_rows_has_none() -> None:
    """What somebody wrote was fitted to nothing."""
    model = LogisticRegression().fit(*overlapping(0, 40, 2, 2))
    model.coef_[:] = 0.0
    assert model._fitted().fingerprint == ""
