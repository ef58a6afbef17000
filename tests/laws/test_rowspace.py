"""Few long rows: the optimum among their combinations is the optimum."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from logistic import LogisticRegression, kernels, rowspace
from logistic.contracts import Stop
from logistic.outcome import Status
from support import fit_arrays, overlapping

LOOSE, FEW = Stop(tol=1e-4), Stop(max_iter=20)
HERE = "newton among combinations of"


def long_rows(seed: int, n: int, p: int, classes: int, spread: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows with columns in units from exp(-spread) to exp(spread), shifted."""
    X, y = overlapping(seed, n, p, classes, spread=0.1)
    rng = np.random.default_rng(seed + 1)
    return X * np.exp(rng.uniform(-spread, spread, p)) + rng.normal(size=p), y


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_all_digits_without_a_step_of_another_solver(
    classes: int, fit_intercept: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights, some of which are zero, and offsets count; the proof is that of all columns."""
    if not compiled:
        monkeypatch.setattr(kernels, "compiled", None)
    elif kernels.compiled is None:
        pytest.skip("this installation runs on NumPy alone")
    X, y = long_rows(1, 150, 900, classes)
    rng = np.random.default_rng(0)
    weight = np.where(np.arange(150) % 7 == 3, 0.0, rng.uniform(0.1, 3.0, 150))
    offset = rng.normal(size=(150, 1 if classes == 2 else classes))
    choices = {"C": 0.7, "fit_intercept": fit_intercept}
    found = fit_arrays(X, y, weight, offset, **choices)
    assert found.model.solver.startswith(f"{HERE} 129 rows; then ")
    assert found.solution.n_iter <= 1 < found.model.n_iter < 20
    assert (found.model.certificate.kind, found.model.certificate.status) == ("proof", Status.CONVERGED)
    other = fit_arrays(X, y, weight, offset, solver="lbfgs", stop=Stop(tol=1e-13), **choices).model
    np.testing.assert_allclose(found.model.coef, other.coef, atol=1e-6 * abs(other.coef).max())
    assert found.model.certificate.value <= other.certificate.value * (1 + 1e-12)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("classes", [2, 4])
def test_a_loose_fit_is_proved_too(classes: int, C: float) -> None:
    """And steps no farther than it was asked to."""
    X, y = long_rows(2, 120, 700, classes)
    loose, fine = fit_arrays(X, y, C=C, stop=LOOSE).model, fit_arrays(X, y, C=C).model
    assert loose.certificate.status is fine.certificate.status is Status.CONVERGED
    assert loose.certificate.gap <= 1e-4 * loose.certificate.value
    assert loose.certificate.value - fine.certificate.value <= loose.certificate.gap + 1e-15
    assert loose.n_iter <= fine.n_iter


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(4, 60),
    classes=st.integers(2, 4),
    spread=st.floats(0, 9),
    C=st.sampled_from([1e-6, 1e-2, 1.0, 1e3]),
    standardize=st.booleans(),
)
def test_units_do_not_matter(seed: int, n: int, classes: int, spread: float, C: float, standardize: bool) -> None:
    """Where L-BFGS gives up after a thousand steps this ends in a proof; where it does not, both agree."""
    X, y = long_rows(seed, n, 300, classes, spread)
    model = fit_arrays(X, y, C=C, standardize=standardize).model
    assert model.solver.startswith(HERE)
    assert model.certificate.status is Status.CONVERGED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = fit_arrays(X, y, C=C, standardize=standardize, solver="lbfgs").model.certificate
    assert model.certificate.value <= other.value * (1 + 1e-8)
    assert model.certificate.value >= (other.value - other.gap) * (1 - 1e-8)


def test_columns_in_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many columns are multiplied at a time, and into however many blocks rows are divided."""
    X, y = long_rows(3, 90, 800, 3)
    whole = fit_arrays(X, y, C=1.0).model
    monkeypatch.setattr(rowspace, "CHUNK", 1)
    monkeypatch.setattr("logistic.fit.block_size", lambda *_: 40)
    parts = fit_arrays(X, y, C=1.0).model
    assert parts.solver.startswith(HERE)
    np.testing.assert_allclose(parts.coef, whole.coef, rtol=1e-10, atol=1e-13)
    np.testing.assert_array_equal(parts.coef, fit_arrays(X, y, C=1.0).model.coef)


def test_soft_targets() -> None:
    """Distributions over the classes in place of labels."""
    X, _ = long_rows(4, 80, 500, 3)
    y = np.random.default_rng(5).dirichlet([1.0, 1.0, 1.0], 80)
    found = fit_arrays(X, y, C=1.0).model
    assert found.solver.startswith(HERE)
    other = fit_arrays(X, y, C=1.0, solver="lbfgs", stop=Stop(tol=1e-13)).model
    np.testing.assert_allclose(found.coef, other.coef, atol=1e-6 * abs(other.coef).max())


@pytest.mark.parametrize("max_iter", [1, 2, 5])
def test_steps_are_counted(max_iter: int) -> None:
    """No more than were allowed, in all."""
    X, y = long_rows(6, 100, 600, 2)
    model = fit_arrays(X, y, C=1e3, stop=Stop(max_iter=max_iter)).model
    assert model.n_iter <= max_iter
    assert model.certificate.status is Status.MAX_ITER


def test_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the steps among the rows have taken is no longer there for others."""
    X, y = long_rows(6, 100, 600, 2)
    steps = rowspace.begun

    def slow(*args: object) -> object:
        time.sleep(0.05)
        return steps(*args)

    monkeypatch.setattr(rowspace, "begun", slow)
    asked = Stop(tol=0, max_time=0.05)
    found = fit_arrays(X, y, C=1.0, stop=asked)
    assert (found.model.certificate.status, found.solution.n_iter) == (Status.MAX_TIME, 0)


def test_rows_that_overflow_are_left_to_others() -> None:
    """Products of rows may be too large for float64 where the columns are not, or a penalty next to none."""
    X, y = long_rows(7, 40, 400, 3)
    for model in (fit_arrays(X, y, C=1e300, stop=FEW).model, fit_arrays(X * 1e150, y, C=1e-3, stop=FEW).model):
        assert not model.solver.startswith(HERE)
        assert np.isfinite(model.coef).all()


def test_who_takes_part() -> None:
    """Dense rows, fewer than columns, all penalised by squares, no solver or start asked for."""

    def solver(X: object, y: np.ndarray, **choices: object) -> str:
        return fit_arrays(X, y, **{"C": 1.0, **choices}).model.solver

    X, y = long_rows(8, 60, 400, 2)
    assert solver(X, y).startswith(HERE)
    assert solver(X[:, :40], y) == "newton: 41 coefficients, a 41 x 41 Hessian is cheap"
    for choices in (
        {"solver": "lbfgs"},
        {"l1_ratio": 0.5},
        {"init": "normal", "seed": 0},
        {"C": np.inf},
        {"stop": Stop(max_iter=0)},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert not solver(X, y, **choices).startswith(HERE)
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(X)
    assert not solver(sparse, y).startswith(HERE)
    assert LogisticRegression(C=1.0).fit(X, y).n_iter_[0] > 1
