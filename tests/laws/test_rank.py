"""Collinear columns: named, never an error; predictions unique, coefficients of minimum norm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from logistic.outcome import Status
from support import Forgetful, fit_arrays, overlapping


def _spoilt(kind: str, X: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """X with a redundant column, and the columns that should be named."""
    extra = {
        "duplicate": X[:, 0],
        "scaled duplicate": 1e8 * X[:, 1] + 1e6,
        "constant": np.full(len(X), 0.1),
        "zero": np.zeros(len(X)),
        "sum": X[:, 0] + X[:, 1] - 3 * X[:, 2],
        "sum of rounded parts": (X[:, 0] + 1e3) + (X[:, 1] - 1e3),
    }[kind]
    return np.column_stack([X, extra]), (X.shape[1],)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", ["duplicate", "scaled duplicate", "constant", "zero", "sum", "sum of rounded parts"])
def test_redundant_columns_are_named(kind, classes, solver):
    """Status rank_deficient, the later column named, and the predictions of the fit without it."""
    X, y = overlapping(1, 200, 3, classes)
    spoilt, expected = _spoilt(kind, X)
    model = fit_arrays(spoilt, y, alpha=0.0, solver=solver).model
    assert model.certificate.status is Status.RANK_DEFICIENT
    assert model.certificate.columns == expected
    assert model.certificate.kind == "proof"
    np.testing.assert_allclose(model.predict_proba(spoilt), fit_arrays(X, y, alpha=0.0).model.predict_proba(X), atol=1e-9)


def test_minimum_norm_among_equal_predictions():
    """Coefficients of standardised columns have the smallest norm: no null direction is left in them."""
    X, y = overlapping(2, 200, 3, 3)
    X = np.column_stack([X, X[:, 0] - X[:, 1], X[:, 2]])
    model = fit_arrays(X, y, alpha=0.0).model
    standardised = model.coef * X.std(axis=0)
    for combination in ([1.0, -1, 0, -1, 0], [0.0, 0, 1, 0, -1]):
        null = np.array(combination) / X.std(axis=0)  # X @ combination = 0, in standardised coefficients
        null = np.array(combination) * X.std(axis=0)
        np.testing.assert_allclose(standardised @ (null / np.linalg.norm(null)), 0, atol=1e-10)
    assert model.certificate.columns == (3, 4)


def test_duplicates_share_alike():
    """Two copies of a column carry half of its coefficient each."""
    X, y = overlapping(3, 200, 2, 2)
    alone = fit_arrays(X, y, alpha=0.0).model.coef[0]
    both = fit_arrays(np.column_stack([X, X[:, 0]]), y, alpha=0.0).model.coef[0]
    np.testing.assert_allclose(both, [alone[0] / 2, alone[1], alone[0] / 2], rtol=1e-9)


@pytest.mark.parametrize("sparse", [False, True])
def test_the_dummy_trap(sparse):
    """All levels of a category beside an intercept: one level is named, predictions are those of the reference coding."""
    rng = np.random.default_rng(4)
    level = rng.integers(0, 4, 300)
    dummies = np.eye(4)[level]
    y = (rng.random(300) < np.array([0.2, 0.4, 0.5, 0.8])[level]).astype(int)
    X = csr_array(dummies) if sparse else dummies
    model = fit_arrays(X, y, alpha=0.0).model
    assert model.certificate.status is Status.RANK_DEFICIENT
    assert model.certificate.columns == (3,)
    shares = np.array([y[level == k].mean() for k in range(4)])
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], shares[level], rtol=1e-10)


def test_nearly_collinear_columns_are_not_called_aliased():
    """A column that differs from another by one part in ten thousand is an honest column."""
    X, y = overlapping(5, 400, 2, 2)
    X = np.column_stack([X, X[:, 0] + 1e-4 * np.random.default_rng(0).normal(size=400)])
    model = fit_arrays(X, y, alpha=0.0).model
    assert model.certificate.status is Status.CONVERGED
    assert model.certificate.columns == ()


def test_a_penalty_needs_no_rank():
    """With an L2 penalty duplicates are no trouble: the optimum is unique and certified."""
    X, y = overlapping(6, 200, 2, 3)
    model = fit_arrays(np.column_stack([X, X, np.ones(200)]), y, C=1.0).model
    assert model.certificate.status is Status.CONVERGED
    np.testing.assert_allclose(model.coef[:, :2], model.coef[:, 2:4], rtol=1e-10)
    np.testing.assert_allclose(model.coef[:, 4], 0, atol=1e-12)


def test_more_columns_than_rows():
    """Unpenalised and wide: separated, never a linear-algebra error; forgetfully too."""
    X, y = overlapping(7, 10, 30, 2)
    for executor in (None, Forgetful()):
        assert fit_arrays(X, y, alpha=0.0, executor=executor).model.certificate.status is Status.SEPARATED
    assert fit_arrays(X, y, C=1.0).model.certificate.status is Status.CONVERGED
