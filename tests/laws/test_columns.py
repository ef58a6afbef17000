"""Compiled code for the few columns of a path: the optima of proximal Newton, the products of NumPy, and no array too short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from logistic import LogisticRegression, kernels
from logistic.designs import Dense, Scaled

pytestmark = pytest.mark.skipif(kernels.compiled is None, reason="built without a C compiler")


def rows(seed: int, n: int, p: int, ugly: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """X (n, p), y, weights and an offset; columns that are the same, constant or rare, and rows of no weight."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)), rng.integers(0, 2, n)
    y[:2] = 0, 1
    weight, offset = rng.uniform(0.1, 2.0, n), rng.normal(size=n)
    if ugly:
        weight[2:][rng.random(n - 2) < 0.3] = 0.0
        X[:, : p // 4] = X[:, p // 4 : 2 * (p // 4)]
        X[:, p // 2 : p // 2 + 1] = 1.0
        X[1:, p - 1 :] = 0.0
    return X, y, weight, offset


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 45),
    p=st.integers(0, 30),
    share=st.sampled_from([1.0, 0.7, 0.01]),
    intercept=st.booleans(),
    ugly=st.booleans(),
)
def test_followed_strengths_end_at_their_optima(seed: int, n: int, p: int, share: float, intercept: bool, ugly: bool) -> None:
    """One after another, with and without squares and an intercept."""
    X, y, weight, offset = rows(seed, n, p, ugly)
    if not p:
        X, p = np.zeros((n, 1)), 1
    shares, q = weight / weight.sum(), p + intercept
    pull = abs(X.T @ (shares * (y - 0.5))).max() or 1.0
    alphas, own = pull * np.array([1.0, 0.7, 0.4, 0.2, 0.1]) / share, np.arange(q) < p
    columns = np.concatenate([X, np.ones((n, 1))], axis=1).T[:q].copy()
    l1, square, steps = share * own, (1 - share) * own, np.zeros(5, dtype=np.int64)
    optima, strengths = np.zeros((7, q)), np.concatenate([[np.inf, np.inf], alphas])
    count = kernels.compiled.follow(columns, y * 1.0, shares, offset, l1, square, strengths, optima, steps, 0, 1e-10)
    assert count == 5
    for alpha, W in zip(alphas[::2], optima[2::2], strict=True):
        alone = LogisticRegression(alpha=alpha, l1_ratio=share, fit_intercept=intercept, tol=1e-10)
        certificate = alone.fit(X, y, weight, offset=offset).certificate_
        eta = W @ columns + offset
        value = shares @ (np.logaddexp(0, eta) - y * eta) + alpha * (l1 @ abs(W) + square @ W**2 / 2)
        assert abs(value - certificate.value) <= 1e-8 * certificate.value


def test_what_does_not_work_out_is_left() -> None:
    """Logits that are not finite: no strength is followed, and nothing is written."""
    steps, optima = np.zeros(1, dtype=np.int64), np.zeros((3, 2))
    X, one = np.array([[np.inf, 1.0, 2.0], [1.0, 1.0, 1.0]]), np.ones(3)
    strengths, own = np.array([3.0, 2.0, 0.01]), np.array([1.0, 0.0])
    assert kernels.compiled.follow(X, np.array([1.0, 0, 1]), one / 3, 0 * one, own, 0 * own, strengths, optima, steps, 0, 1e-9) == 0
    assert not optima.any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 2100), m=st.integers(1, 13), first=st.integers(0, 5), few=st.booleans())
def test_products_are_those_of_numpy(seed: int, n: int, m: int, first: int, few: bool) -> None:
    """Of some rows, with coefficients that are zero, and for the columns that are asked for alone."""
    rng = np.random.default_rng(seed)
    X, W, eta = rng.normal(size=(m, n + first + 2)), rng.normal(size=m), rng.normal(size=n)
    W[rng.random(m) < (0.8 if few else 0.2)] = 0.0
    own, found = X[:, first : first + n], eta.copy()
    kernels.compiled.add_columns(X, W, found, first)
    np.testing.assert_allclose(found, eta + W @ own, rtol=1e-12, atol=1e-12)
    taking, pull = np.flatnonzero(rng.random(m) < 0.6), np.full(m, 7.0)
    kernels.compiled.dot_columns(X, taking, eta, pull, first)
    np.testing.assert_allclose(pull[taking], own[taking] @ eta, rtol=1e-11, atol=1e-10)
    assert (np.delete(pull, taking) == 7.0).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), p=st.integers(1, 4500), sets=st.integers(1, 9), beside=st.integers(0, 1))
def test_gathered_rows_are_those_of_numpy(seed: int, n: int, p: int, sets: int, beside: int) -> None:
    """Added to what is there, in the columns that are asked for alone."""
    rng = np.random.default_rng(seed)
    X, G, total = rng.normal(size=(n, p)), rng.normal(size=(n, sets)), rng.normal(size=(sets, p + beside))
    first, last = sorted(rng.integers(0, p + 1, 2).tolist())
    wanted = total.copy()
    wanted[:, first:last] += G.T @ X[:, first:last]
    kernels.compiled.gather_rows(X, G, total, sets, first, last)
    np.testing.assert_allclose(total, wanted, rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(np.delete(total, np.s_[first:last], axis=1), np.delete(wanted, np.s_[first:last], axis=1))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("centred", [True, False])
def test_columns_are_taken_as_without_a_compiler(order: Any, centred: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit; numbers with gaps between them, or of another type, go the other way."""
    rng = np.random.default_rng(1)
    X = np.asarray(rng.normal(2.0, 1.0, (13, 9)), order=order)
    center, scale = X.mean(axis=0) if centred else None, rng.uniform(0.5, 2.0, 9)
    for given_X in (X, X[::2], X.astype(np.float32), X[:0]):
        for keep in (np.array([7, 0, 3]), np.arange(9), np.empty(0, dtype=np.int64)):
            design = Scaled(Dense(given_X), center, scale)
            found = design.columns(keep).dense()
            with monkeypatch.context() as plain:
                plain.setattr("logistic.kernels.compiled", None)
                np.testing.assert_array_equal(found, design.columns(keep).dense())
            assert found.shape == (len(given_X), len(keep))


def test_arrays_that_do_not_fit_are_refused() -> None:
    """Too short, of another type, or with columns that are not there; never read beyond."""
    X, two, three, at = np.ones((2, 3)), np.ones(2), np.ones(3), np.arange(2)
    c = kernels.compiled
    strengths, optima, steps = np.ones(3), np.zeros((3, 2)), np.zeros(1, dtype=np.int64)
    wrong: list[tuple[Any, tuple[Any, ...]]] = [
        (c.add_columns, (X, two, np.ones(4), 0)),
        (c.add_columns, (X, two, three, 1)),
        (c.add_columns, (X, two, three, -1)),
        (c.add_columns, (X, np.ones(4), np.ones(1), 0)),
        (c.add_columns, (X.astype(np.float32), two, three, 0)),
        (c.dot_columns, (X, at + 1, three, two, 0)),
        (c.dot_columns, (X, at - 1, three, two, 0)),
        (c.dot_columns, (X, at * 1.0, three, two, 0)),
        (c.dot_columns, (X, at, np.ones(4), two, 0)),
        (c.gather_rows, (X, two, np.zeros(3), 1, 0, 4)),
        (c.gather_rows, (X, two, np.zeros(3), 1, -1, 2)),
        (c.gather_rows, (X, two, np.zeros(3), 1, 2, 1)),
        (c.gather_rows, (X, two, np.zeros(3), 0, 0, 0)),
        (c.gather_rows, (X, two, np.zeros(2), 1, 0, 3)),
        (c.gather_rows, (X, np.ones(4), np.zeros(5), 2, 0, 1)),
        (c.gather_rows, (X, np.ones(4), np.zeros(6), 1, 0, 1)),
        (c.steepness, (two, three, three, np.ones(1), 0.0)),
        (c.steepness, (three, three, two, np.ones(1), 0.0)),
        (c.steepness, (three, three, three, two, 0.0)),
        (c.steepness, (three, three, three, None, 0.0)),
        (c.steepness, (three, three, None, np.ones(1), 0.0)),
        (c.steepness, (two, three, None, None, 0.0)),
        (c.beyond, (two, three)),
        (c.survey_rows, (X, np.ones(4), np.zeros(16))),
        (c.survey_rows, (X, three, np.zeros(11))),
        (c.survey_rows, (X[:0], three, np.zeros(12))),
        (c.take_columns, (X, at + 2, two, two, np.ones((2, 2)), True)),
        (c.take_columns, (X, at, three, two, np.ones((2, 2)), True)),
        (c.take_columns, (X, at, two, two, np.ones((2, 4)), True)),
        (c.take_columns, (X, at, two, two, np.ones(3), True)),
        (c.follow, (X, three, two, three, two, two, strengths, optima, steps, 0, 0.1)),
        (c.follow, (X, three, three, three, three, two, strengths, optima, steps, 0, 0.1)),
        (c.follow, (X, three, three, three, two, two, strengths[:1], optima, steps, 0, 0.1)),
        (c.follow, (X, three, three, three, two, two, strengths, optima[:2], steps, 0, 0.1)),
        (c.follow, (X, three, three, three, two, two, strengths, optima, steps[:0], 0, 0.1)),
    ]
    for function, arguments in wrong:
        with pytest.raises(ValueError):
            function(*arguments)
    for function in (c.add_columns, c.dot_columns, c.take_columns, c.gather_rows, c.survey_rows, c.steepness, c.beyond, c.follow):
        with pytest.raises(TypeError):
            function(X)
    for arguments in ((*[two] * 9, "0", 1.0), (*[two] * 9, 0, "1")):
        with pytest.raises(TypeError):
            c.follow(*arguments)


def test_products_with_no_column_or_no_row_are_empty() -> None:
    """And no mistake."""
    eta, pull = np.ones(3), np.ones(2)
    kernels.compiled.add_columns(np.zeros((0, 3)), np.zeros(0), eta, 0)
    kernels.compiled.dot_columns(np.zeros((2, 0)), np.arange(2), np.zeros(0), pull, 0)
    kernels.compiled.add_columns(np.zeros((2, 0)), np.ones(2), np.zeros(0), 0)
    assert eta.tolist() == [1, 1, 1]
    assert pull.tolist() == [0, 0]
