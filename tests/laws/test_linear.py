"""Laws of linear regression: digits against rational arithmetic, other programs, invariances, and the numbers of the lesson."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import statsmodels.api as sm
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression as Theirs
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from logistic import regress, solvers, tasks
from logistic.contracts import Block, Stop
from logistic.designs import Dense, Intercept, Scaled
from logistic.errors import InputError
from logistic.linear import LinearRegression, rounded
from logistic.minimize import minimize
from logistic.outcome import Status
from logistic.squares import Squared, SquaredObjective
from logistic.tasks import Rows
from support import EXACT, Forgetful

SOLVERS = ["exact", "gd", *EXACT]


def noisy(seed: int = 0, n: int = 120, p: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, targets that they half explain, and weights, some of them zero."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.normal(size=n) + 3, rng.integers(0, 4, size=n).astype(float)


def least_squares(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients and, last, the intercept, by elimination in rational numbers: no digit is lost."""
    rows = [[Fraction(v) for v in row] + [Fraction(1), Fraction(t)] for row, t in zip(X.tolist(), y.tolist(), strict=True)]
    q = len(rows[0]) - 1
    A = [[sum(row[j] * row[k] for row in rows) for k in range(q + 1)] for j in range(q)]
    for j in range(q):
        A[j] = [v / A[j][j] for v in A[j]]
        for k in range(q):
            if k != j:
                factor = A[k][j]
                A[k] = [a - factor * b for a, b in zip(A[k], A[j], strict=True)]
    return np.array([float(A[j][q]) for j in range(q)])


def both(model: LinearRegression) -> np.ndarray:
    """Coefficients and, last, the intercept."""
    return np.append(model.coef_, model.intercept_)


# ----------------------------------------------------------------------------------------------------------- other programs


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_same_as_numpy_statsmodels_and_scikit_learn(solver, fit_intercept):
    """Weighted and unweighted, with and without an intercept."""
    X, y, weight = noisy()
    A = np.column_stack([X, np.ones(len(y))]) if fit_intercept else X
    for w in (None, weight):
        model = LinearRegression(solver=solver, fit_intercept=fit_intercept, tol=1e-13).fit(X, y, w)
        ours = both(model)[: A.shape[1]]
        root = np.ones(len(y)) if w is None else w**0.5
        np.testing.assert_allclose(ours, np.linalg.lstsq(A * root[:, None], y * root)[0], rtol=1e-11)
        np.testing.assert_allclose(ours, sm.WLS(y, A, weights=root**2).fit().params, rtol=1e-11)
        theirs = Theirs(fit_intercept=fit_intercept).fit(X, y, w)
        np.testing.assert_allclose(ours, np.append(theirs.coef_, theirs.intercept_)[: A.shape[1]], rtol=1e-11)
        assert model.score(X, y, w) == pytest.approx(theirs.score(X, y, w), rel=1e-12)


@pytest.mark.parametrize("degree", [3, 5, 8])
def test_digits_of_an_ill_conditioned_polynomial(degree):
    """Powers of a number as columns: as many digits as the condition of the scaled columns leaves."""
    x = np.linspace(-9, -3, 40)
    X = np.stack([x**k for k in range(1, degree + 1)], axis=1)
    y = np.sin(x) + 0.01 * np.cos(7 * x)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(both(LinearRegression().fit(X, y)), least_squares(X, y), rtol=1e-15 * np.linalg.cond(scaled))


def test_digits_of_longley():
    """Employment on six collinear columns: 13 digits, where the exercise was made to lose them; and by iteration, proved."""
    data = sm.datasets.longley.load_pandas()
    X, y = data.exog.to_numpy(), data.endog.to_numpy()
    expected = least_squares(X, y)
    np.testing.assert_allclose(both(LinearRegression().fit(X, y)), expected, rtol=1e-12)
    for solver in EXACT:
        model = LinearRegression(solver=solver).fit(X, y)
        assert model.certificate_.status is Status.CONVERGED
        np.testing.assert_allclose(both(model), expected, rtol=1e-11)


# -------------------------------------------------------------------------------------------------------------- invariances


@pytest.mark.parametrize("solver", SOLVERS)
def test_units_and_shifts_cost_no_digits(solver):
    """Columns and targets in other units and far from zero: the coefficients follow, to the rounding of the data."""
    X, y, _ = noisy(1)
    units = np.array([2.0**-30, 2.0**30, 1.0, 2.0**10])
    plain = LinearRegression(solver=solver, tol=1e-13).fit(X, y)
    scaled = LinearRegression(solver=solver, tol=1e-13).fit(X * units, 2.0**-20 * y)
    np.testing.assert_allclose(scaled.coef_ * units * 2.0**20, plain.coef_, rtol=1e-11)
    X = X.round(3)
    moved = X + np.array([2.0**23, 2.0**33, -(2.0**23), 0])
    plain = LinearRegression(solver=solver, tol=1e-13).fit(moved - moved[0], y)
    shifted = LinearRegression(solver=solver, tol=1e-13).fit(moved, y)
    np.testing.assert_allclose(shifted.coef_, plain.coef_, rtol=1e-11)
    np.testing.assert_allclose(shifted.predict(moved), plain.predict(moved - moved[0]), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_targets_of_any_size(solver, size):
    """Squares of the targets would leave the range of float64; nothing here does."""
    X, y, _ = noisy(2)
    plain = LinearRegression(solver=solver).fit(X, y)
    huge = LinearRegression(solver=solver).fit(X, size * y)
    np.testing.assert_allclose(huge.coef_ / size, plain.coef_, rtol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_are_repeated_rows(solver):
    """Whole weights repeat rows, zero leaves them out, and only ratios count."""
    X, y, weight = noisy(3)
    times = weight.astype(int)
    repeated = LinearRegression(solver=solver, tol=1e-13).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    X, y = np.where(weight[:, None] > 0, X, 1.7e308), np.where(weight > 0, y, 1.7e308)
    for w in (weight, 1e-7 * weight):
        np.testing.assert_allclose(both(LinearRegression(solver=solver, tol=1e-13).fit(X, y, w)), both(repeated), rtol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_is_dense(solver, kind):
    """Sparse columns far from zero where they are not zero, with weights: the same plane and the same predictions."""
    X, y, weight = noisy(4, p=6)
    X = np.where(abs(X) < 0.8, 0, X + 5)
    dense, sparse = (LinearRegression(solver=solver, tol=1e-13).fit(A, y, weight) for A in (X, kind(X)))
    np.testing.assert_allclose(both(sparse), both(dense), rtol=1e-10)
    np.testing.assert_allclose(sparse.predict(kind(X)), dense.predict(X), rtol=1e-10)


def test_sparse_columns_far_from_zero():
    """Rows are centred before they are rotated, so that a column of large numbers keeps its digits."""
    X, y, _ = noisy(30)
    X = X.round(6) + np.array([2.0**27, 0, 0, -(2.0**23)])
    np.testing.assert_allclose(LinearRegression().fit(sp.csr_array(X), y).coef_, LinearRegression().fit(X, y).coef_, rtol=1e-11)


def test_many_blocks_are_one():
    """More rows than a block holds are rotated into the same triangle."""
    rng = np.random.default_rng(5)
    X = rng.normal(loc=[0, 100, 0], size=(80_000, 3))
    y = X.sum(axis=1) + rng.normal(size=80_000)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(80_000)]), y)[0]
    np.testing.assert_allclose(both(LinearRegression().fit(X, y)), expected, rtol=1e-9)


# ---------------------------------------------------------------------------------------------------------- collinear, wide


def test_collinear_columns_have_the_answer_of_least_norm():
    """Dependent, constant and repeated columns: NumPy's pseudoinverse, and no warning; iterations find and name the columns."""
    X, y, _ = noisy(6)
    X = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] / 7, "sum": X[:, 0] + X[:, 1] / 7, "one": 1.0, "a again": 3 * X[:, 0]})
    centred = X.to_numpy() - X.to_numpy().mean(axis=0)
    expected = np.linalg.pinv(centred, rcond=1e-12) @ (y - y.mean())
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-12, atol=1e-15)
    assert model.why_solver_.endswith("the 5 columns have rank 2, so of all solutions the one of least norm")
    for solver in ["gd", *EXACT]:
        with pytest.warns(ConvergenceWarning, match=r"rank_deficient.*columns: sum, one, a again; mean squared error"):
            model = LinearRegression(solver=solver).fit(X, y)
        np.testing.assert_allclose(model.coef_, expected, rtol=1e-9, atol=1e-12)


def test_sparse_indicators_of_every_level_and_an_intercept():
    """The columns sum to the intercept's: the shortest coefficients are centred, and the intercept is free."""
    level = np.arange(60) % 3
    y = level * 2.0 + np.sin(np.arange(60))
    X = np.eye(3)[level]
    expected = np.linalg.pinv(X - X.mean(axis=0)) @ (y - y.mean())
    model = LinearRegression().fit(sp.csr_array(X), y)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-12)
    with pytest.warns(ConvergenceWarning, match="rank_deficient"):
        by_steps = LinearRegression(solver="lbfgs").fit(sp.csr_array(X), y)
    np.testing.assert_allclose(both(by_steps), both(model), rtol=1e-9)


def test_collinear_columns_in_wild_units_predict_alike():
    """Where units differ by 1e16 the least norm is a matter of rounding; the predictions are not."""
    X, y, _ = noisy(7)
    X = np.column_stack([X, X @ [1, 2, 3, 4], X @ [1, -1, 1, -1]])
    units = 10.0 ** np.array([-8, 8, 3, -3, 6, -7])
    wild = X * units + 3 * units
    np.testing.assert_allclose(LinearRegression().fit(wild, y).predict(wild), LinearRegression().fit(X, y).predict(X), rtol=1e-9)
    rng = np.random.default_rng(7)
    for _ in range(50):
        X, y = rng.normal(size=(5, 9)) * 10.0 ** rng.integers(-10, 11, size=9), rng.normal(size=5)
        np.testing.assert_allclose(LinearRegression().fit(X, y).predict(X), y, rtol=1e-9, atol=1e-11)


def test_rounding_of_the_data_is_no_information():
    """Far from zero a sum of columns is only a sum to rounding: what is left of it is not fitted."""
    X, y, _ = noisy(29)
    X = X[:, :2] + 1e8
    model = LinearRegression().fit(np.column_stack([X, X.sum(axis=1)]), y)
    assert "rank 2" in model.why_solver_
    assert abs(model.coef_).max() < 5
    single = np.column_stack([X - 1e8, (X - 1e8).sum(axis=1)]).astype(np.float32)
    assert "rank 2" in LinearRegression().fit(single, y).why_solver_


def test_more_columns_than_rows():
    """The shortest of the many planes through all points."""
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(15, 40)), rng.normal(size=15)
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-12)
    np.testing.assert_allclose(model.coef_, np.linalg.pinv(X - X.mean(axis=0)) @ (y - y.mean()), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(LinearRegression(fit_intercept=False).fit(X, y).coef_, np.linalg.pinv(X) @ y, rtol=1e-9, atol=1e-12)


def test_one_row():
    """A point: the mean, or the shortest coefficients that reach it."""
    model = LinearRegression().fit([[1.0, 2.0]], [3.0])
    np.testing.assert_array_equal(both(model), [0, 0, 3])
    np.testing.assert_allclose(LinearRegression(fit_intercept=False).fit([[1.0, 2.0]], [3.0]).coef_, [0.6, 1.2], rtol=1e-15)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_perfect_fit_is_no_cause_for_alarm(solver):
    """Residuals of rounding size, constant targets and zero targets: fitted to the last digit, without a warning."""
    X, _, _ = noisy(9)
    slopes = np.array([1.0, -2.0, 0.5, 3.0])
    for y in (X @ slopes + 5, np.full(len(X), 7.0), np.zeros(len(X))):
        model = LinearRegression(solver=solver).fit(X, y)
        np.testing.assert_allclose(model.predict(X), y, rtol=1e-13, atol=1e-13)
        assert solver == "exact" or (model.certificate_.status is Status.CONVERGED and model.certificate_.gap < 1e-25)


# ------------------------------------------------------------------------------------------------------------ by iteration


def test_gradient_descent_is_the_textbook_loop():
    """W - lr * gradient of the mean squared error, on columns as given; SGD over all rows takes the same steps."""
    X, y, _ = noisy(10)
    X = X * [1, 2, 0.5, 1] + 1
    w, b, losses = np.zeros(4), 0.0, []
    for _ in range(31):
        error = X @ w + b - y
        losses.append(np.mean(error**2))
        w, b = w - 0.05 * 2 * X.T @ error / len(y), b - 0.05 * 2 * error.mean()
    for solver in (solvers.GD(lr=0.05, epochs=30), solvers.SGD(lr=0.05, batch_size=None, epochs=30)):
        with pytest.warns(ConvergenceWarning, match="uncertified"):
            model = LinearRegression(solver=solver).fit(X, y)
        assert model.n_iter_ == 30
        np.testing.assert_allclose(model.history_["loss"], losses, rtol=1e-11)
        np.testing.assert_allclose(model.history_["objective"], losses, rtol=1e-11)


def test_adam_is_torchs():
    """The same mini-batch of all rows, the same learning rate: the same losses."""
    X, y, _ = noisy(11)
    layer = torch.nn.Linear(4, 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    steps = torch.optim.Adam(layer.parameters(), lr=0.1)
    losses = []
    for _ in range(21):
        loss = torch.nn.functional.mse_loss(layer(torch.as_tensor(X)).ravel(), torch.as_tensor(y))
        losses.append(loss.item())
        steps.zero_grad()
        loss.backward()
        steps.step()
    with pytest.warns(ConvergenceWarning):
        model = LinearRegression(solver=solvers.Adam(lr=0.1, batch_size=None, epochs=20)).fit(X, y)
    np.testing.assert_allclose(model.history_["loss"], losses, rtol=1e-9)


def test_what_is_certified_is_true_and_what_is_not_says_how_far():
    """A loose tol ends early within its bound; max_iter warns with a bound that holds."""
    X, y, _ = noisy(12)
    exact = LinearRegression().fit(X, y)
    least = np.mean((exact.predict(X) - y) ** 2)
    for tol in (1e-2, 1e-5, 1e-8):
        found = LinearRegression(solver="gd", tol=tol).fit(X, y).certificate_
        assert found.status is Status.CONVERGED
        assert found.kind == "proof"
        assert found.value - least <= found.gap * (1 + 1e-9) + 1e-15
        assert found.gap <= tol * found.value
    with pytest.warns(ConvergenceWarning, match=r"status max_iter.*mean squared error \S+, at most \S+ above the least"):
        model = LinearRegression(solver=solvers.GD(lr=0.01), max_iter=5).fit(X, y)
    assert model.n_iter_ == 5
    gap = np.mean((model.predict(X) - y) ** 2) - least
    assert 0.01 < gap <= model.certificate_.gap <= 1.03 * gap


def test_newton_needs_one_step():
    """The error is a quadratic."""
    X, y, weight = noisy(13)
    assert LinearRegression(solver="newton").fit(X, y, weight).n_iter_ == 1


def test_a_learning_rate_too_large_is_named():
    """It diverges in our words, without NumPy's, and leaves the last finite coefficients."""
    X, y, _ = noisy(14)
    with pytest.warns(ConvergenceWarning, match=r"diverged.*lower the learning rate.*unknown; solver='exact' needs no iterations"):
        model = LinearRegression(solver=solvers.GD(lr=10.0)).fit(X, y)
    assert np.isfinite(both(model)).all()


def test_columns_too_nearly_collinear_for_a_proof_are_named_as_such():
    """Between rounding and what a Hessian can tell apart nothing is certified, though L-BFGS gets there."""
    X, y, _ = noisy(15)
    X = np.column_stack([X, X[:, 0] + 1e-7 * np.sin(np.arange(len(y)))])
    with pytest.warns(ConvergenceWarning, match="undetermined: columns are too nearly collinear for a proof"):
        model = LinearRegression(solver="lbfgs").fit(X, y)
    assert model.score(X, y) == pytest.approx(LinearRegression().fit(X, y).score(X, y), abs=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("p", [2, 40])
@pytest.mark.parametrize("batch_size", [1, 8, None])
@pytest.mark.parametrize(("heaviest", "near"), [(1, 1.3), (300, 20)])
def test_sgd_finds_its_own_rate_under_heavy_tails(p, batch_size, heaviest, near):
    """A single long or heavy row must not throw it off, in few columns and in many."""
    rng = np.random.default_rng(16)
    X = rng.standard_t(2.5, size=(200, p))
    y = X @ rng.normal(size=p) + rng.normal(size=200)
    weight = rng.pareto(2.0, size=200) + 0.1
    weight[:2] = heaviest
    least = np.average((LinearRegression().fit(X, y, weight).predict(X) - y) ** 2, weights=weight)
    losses = LinearRegression(solver=solvers.SGD(batch_size=batch_size), random_state=0).fit(X, y, weight).history_["loss"]
    assert max(losses) == losses[0]
    assert losses[-1] < near * least


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_stochastic_solvers_come_near_and_repeat_themselves(solver):
    """Within a tenth of the noise of the least error, in wild units too, and the same with the same seed."""
    X, y, _ = noisy(17)
    exact = LinearRegression().fit(X, y)
    models = [LinearRegression(solver=solver, random_state=3).fit(X * 1e6 + 1e7, 1e4 * y) for _ in range(2)]
    assert models[0].score(X * 1e6 + 1e7, 1e4 * y) > exact.score(X, y) - 0.1
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert len(models[0].history_["batch_loss"]) == 100 * 4


def test_start_values():
    """Coefficients with an intercept, a fitted model, or a name; in the units of the data."""
    X, y, _ = noisy(18)
    exact = LinearRegression().fit(X, y)
    least = np.mean((exact.predict(X) - y) ** 2)
    for init in (exact, (exact.coef_, exact.intercept_)):
        model = LinearRegression(solver="lbfgs").fit(X, y, init=init)
        assert model.n_iter_ <= 1
        assert model.history_["loss"][0] == pytest.approx(least, rel=1e-12)
    ones = LinearRegression(solver="lbfgs").fit(X, y, init=np.ones(4)).history_["loss"][0]
    assert ones == pytest.approx(np.mean((X.sum(axis=1) - y) ** 2), rel=1e-12)
    drawn = [LinearRegression(solver="lbfgs", random_state=s).fit(X, y, init="normal").history_["loss"][0] for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


# ------------------------------------------------------------------------------------------------------- loss and objective


@pytest.mark.parametrize("to", [np.asarray, torch.as_tensor])
def test_squared_keeps_the_promises_of_a_loss(to: Callable[[Any], Any]) -> None:
    """Derivatives by differences, which are exact for a square; one class, which is certain; nothing is changed in place."""
    rng = np.random.default_rng(19)
    eta, y, V = 3 * rng.normal(size=(30, 1)), rng.normal(size=30), rng.normal(size=(30, 1))
    loss = Squared()
    value, residual = (np.asarray(a) for a in loss.evaluate(to(eta), to(y)))
    np.testing.assert_array_equal(value, (eta[:, 0] - y) ** 2)
    ahead, behind = (np.asarray(loss.evaluate(to(eta + h), to(y))[0]) for h in (0.5, -0.5))
    np.testing.assert_allclose(residual[:, 0], ahead - behind, rtol=1e-12, atol=1e-14)
    turned = (np.asarray(loss.evaluate(to(eta + h * V), to(y))[1]) for h in (0.5, -0.5))
    np.testing.assert_allclose(np.asarray(loss.curvature(to(eta), to(V))), next(turned) - next(turned), atol=1e-14)
    ((k, m, h),) = loss.curvature_pairs(to(eta))
    assert (k, m) == (0, 0)
    np.testing.assert_array_equal(np.asarray(h), np.full(30, 2.0))
    p, log_p = np.asarray(loss.probabilities(to(eta))), np.asarray(loss.log_probabilities(to(eta)))
    np.testing.assert_array_equal(p.sum(axis=1), np.ones(30))
    np.testing.assert_array_equal(np.exp(log_p), p)
    np.testing.assert_array_equal(np.asarray(loss.class_logits(to(eta))), eta)


@pytest.mark.parametrize("solver", [solvers.Newton(), solvers.LBFGS(), solvers.GD(), solvers.SGD(batch_size=None)])
def test_tensors_and_a_forgetful_executor_end_where_numpy_ends(solver):
    """The same objective on torch, and where nothing is remembered."""
    X, y, weight = noisy(20)
    weight = weight + 1

    def solution(convert, executor):
        design = Intercept(Scaled(Dense(convert(X)), convert(X.mean(axis=0)), convert(X.std(axis=0))))
        blocks = executor.put([Block(design.take(part), convert(y[part]), convert(weight[part])) for part in halves])
        rows = Rows(executor, blocks, 60, float(weight.sum()), convert(np.full(5, 1e-16)))
        objective = SquaredObjective(rows, True, np.random.default_rng(0))
        return minimize(objective, solver, objective.zeros(), Stop(tol=1e-6))

    class Counting(regress.InProcess):
        hessians = 0

        def map_sum(self, fn, handles, *args):
            self.hessians += fn is tasks.hessian
            return super().map_sum(fn, handles, *args)

    halves, here = (slice(0, 60), slice(60, 120)), Counting()
    ours, theirs, forgetful = (
        solution(convert, executor)
        for convert, executor in (
            (np.asarray, here),
            (torch.as_tensor, regress.InProcess()),
            (np.asarray, Forgetful()),
        )
    )
    assert isinstance(theirs.point.W, torch.Tensor)
    assert ours.certificate.status is Status.CONVERGED
    assert here.hessians == 1  # it is the same everywhere
    for other in (theirs, forgetful):
        assert other.certificate.status is Status.CONVERGED
        np.testing.assert_allclose(np.asarray(other.point.W), ours.point.W, rtol=1e-10)


# ------------------------------------------------------------------------------------------------------ what goes in and out


FRAMES: dict[str, Callable[[np.ndarray], Any]] = {
    "pandas": lambda X: pd.DataFrame(X, columns=list("abcd")),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "pyarrow": lambda X: pa.table({name: X[:, j] for j, name in enumerate("abcd")}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_data_frames(name):
    """Columns are known by their names, and refused under others."""
    X, y, _ = noisy(21)
    frame = FRAMES[name](X)
    targets = {"pandas": pd.Series, "polars": pl.Series, "pyarrow": pa.array}[name](y)
    model = LinearRegression().fit(frame, targets)
    plain = LinearRegression().fit(X, y)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_allclose(model.predict(frame), plain.predict(X), rtol=1e-13)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert not hasattr(plain, "feature_names_in_")
    other = frame.rename_columns(list("abdc")) if name == "pyarrow" else frame[["a", "b", "d", "c"]]
    with pytest.raises(ValueError, match=r"feature names should match|column 2 of X is 'd', but the plane was fitted with 'c'"):
        model.predict(other)


def test_tensors_lists_and_single_precision():
    """A tensor gives a tensor; float32 gives float32, computed in float64; whole numbers and booleans are numbers."""
    X, y, _ = noisy(22)
    expected = LinearRegression().fit(X, y)
    model = LinearRegression().fit(torch.as_tensor(X), torch.as_tensor(y))
    found = model.predict(torch.as_tensor(X))
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found.numpy(), expected.predict(X), rtol=1e-14)
    np.testing.assert_allclose(LinearRegression().fit(X.tolist(), y.tolist()).predict(X.tolist()), expected.predict(X), rtol=1e-13)
    single = X.astype(np.float32)
    doubled = LinearRegression().fit(single.astype(np.float64), y)
    for A in (single, torch.as_tensor(single), sp.csr_array(single)):
        model = LinearRegression().fit(A, y)
        assert model.coef_.dtype == np.float32
        assert isinstance(model.intercept_, float)
        np.testing.assert_allclose(model.coef_, doubled.coef_, rtol=6e-8)
        assert str(model.predict(A).dtype).endswith("float32")
        np.testing.assert_allclose(np.asarray(model.predict(A)), doubled.predict(single.astype(np.float64)), rtol=1e-6)
    whole = LinearRegression().fit((X > 0).astype(np.uint8), y > 3)
    np.testing.assert_array_equal(both(whole), both(LinearRegression().fit(X > 0, (y > 3).astype(float))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": ["a"] * 120}, "y holds 'a' in row 0, which is not a number"),
        ({"y": [*range(119), "1.5"]}, "y holds '1.5' in row 119, which is not a number"),
        ({"y": np.ones((120, 2))}, r"y must hold one number a row, but has shape \(120, 2\)"),
        ({"y": [*range(119), np.nan]}, "y is nan in row 119"),
        ({"y": np.ones(119)}, r"y has shape \(119,\), but X has 120 rows"),
        ({"y": None}, "requires y to be passed, but the target y is None"),
        ({"sample_weight": np.zeros(120)}, "no row has a positive weight"),
        ({"sample_weight": np.full(120, -1.0)}, "sample_weight is -1 in row 0"),
        ({"X": np.ones((120, 0))}, r"X has 0 feature\(s\)"),
        ({"X": np.full((120, 2), np.inf)}, "X is inf in row 0, column 0"),
        ({"init": np.ones(4)}, "init is where an iteration starts, and solver='exact' has none"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_words(change, message):
    """Each error names the argument and the row."""
    X, y, _ = noisy(23)
    with pytest.raises(InputError, match=message):
        LinearRegression().fit(**{"X": X, "y": y, **change})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"solver": "exat"}, "solver='exat' is unknown; choose one of exact, newton, .*; did you mean 'exact'"),
        ({"solver": "auto"}, "solver='auto' is unknown"),
        ({"solver": solvers.SGD}, "is unknown; choose one of exact, .*, or an object such as solvers.SGD"),
        ({"solver": solvers.SGD(patience=3)}, r"SGD\(patience=3\) stops early by validation data, which are not taken here"),
        ({"solver": solvers.GD(lr=-1)}, "lr of GD must be a finite number above 0"),
        ({"solver": "gd", "tol": -1}, "tol must be at least 0"),
        ({"max_iter": -1}, "max_iter must be at least 0"),
        ({"solver": "sgd", "random_state": "x"}, "random_state must be a whole number"),
    ],
)
def test_impossible_choices_are_refused_in_words(choices, message):
    """Each error names the argument and what is allowed."""
    X, y, _ = noisy(23)
    with pytest.raises(InputError, match=message):
        LinearRegression(**choices).fit(X, y)


@pytest.mark.parametrize("init", [np.ones((2, 4)), np.ones(3), (np.ones(4), [1, 2])])
def test_starts_of_another_shape_are_refused(init):
    """Two rows of coefficients mean two classes elsewhere, and nothing here."""
    X, y, _ = noisy(23)
    with pytest.raises(InputError, match=r"init holds coefficients of shape .*; pass \(4,\), or a pair"):
        LinearRegression(solver="gd").fit(X, y, init=init)


def test_predictions_of_other_rows_are_refused():
    """The number of columns, their shape, and missing numbers."""
    X, y, _ = noisy(24)
    model = LinearRegression().fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features, but LinearRegression is expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(InputError, match="X has 3 columns, but the plane was fitted on 4"):
        model.predict(X[:, :3].tolist())
    with pytest.raises(InputError, match="Reshape your data"):
        model.predict(X[0])
    with pytest.raises(InputError, match=r"X is missing \(NaN\) in row 0, column 1"):
        model.predict(np.where(X[0, 1] == X, np.nan, X))


def test_a_triangle_too_large_is_refused(monkeypatch):
    """Before any work, with the way out."""
    X, y, _ = noisy(25)
    monkeypatch.setattr(regress, "TRIANGLE_BYTES", 8)
    with pytest.raises(InputError, match=r"solver='exact' needs a triangle of 6 x 6 numbers, too many; use solver='lbfgs'"):
        LinearRegression().fit(X, y)


def test_a_new_fit_leaves_nothing_of_the_last():
    """What only iterations have goes away with them."""
    X, y, _ = noisy(26)
    model = LinearRegression(solver="gd").fit(FRAMES["pandas"](X), y)
    assert {"history_", "certificate_", "feature_names_in_"} <= set(vars(model))
    model.set_params(solver="exact").fit(X, y)
    assert not {"history_", "certificate_", "feature_names_in_"} & set(vars(model))
    assert model.n_iter_ == 1
    assert model.why_solver_ == "exact: least squares at once"


# ----------------------------------------------------------------------------------------------------------------- rounding


def test_rounding_to_the_nearest_class():
    """Beyond the ends the last class, halfway the lower one, and the classes need be neither whole nor sorted."""
    values = [-7.0, -0.5, 0.49, 0.5, 0.51, 1.5, 1.51, 99.0]
    np.testing.assert_array_equal(rounded(values, [2, 0, 1]), [0, 0, 0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(rounded(torch.tensor([[0.9], [3.1]]), [-1.5, 3.25]), [3.25, 3.25])
    assert rounded([0.2, 0.9], np.array([0, 1], dtype=np.int8)).dtype == np.int8
    np.testing.assert_array_equal(rounded(values, [4]), np.full(8, 4))
    lots = np.random.default_rng(27).uniform(-3, 12, size=500)
    classes = np.array([0, 1, 4, 9])
    np.testing.assert_array_equal(rounded(lots, classes), classes[abs(lots[:, None] - classes).argmin(axis=1)])


@pytest.mark.parametrize(
    ("values", "classes", "message"),
    [
        ([0.0, np.nan], [0, 1], "values is nan in row 1"),
        (["x"], [0, 1], "values holds 'x' in row 0"),
        ([0.0], ["cat", "dog"], "classes must be finite numbers, at least one, but are .*; text has no nearest class"),
        ([0.0], [], "classes must be finite numbers, at least one"),
        ([0.0], [0, np.inf], "classes must be finite numbers"),
    ],
)
def test_rounding_refuses_what_has_no_distance(values, classes, message):
    """In words."""
    with pytest.raises(InputError, match=message):
        rounded(values, classes)


# ------------------------------------------------------------------------------------------------------------- scikit-learn


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([LinearRegression(), LinearRegression(solver="gd"), LinearRegression(fit_intercept=False)])
def test_scikit_learn_checks(estimator, check):
    """All of scikit-learn's own checks, none excused."""
    check(estimator)


def test_clone_pickle_and_search():
    """A solver's settings are parameters like any other."""
    X, y, _ = noisy(28)
    model = LinearRegression(solver=solvers.GD(lr=0.1)).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    fresh = clone(model).set_params(solver__lr=0.2)
    assert (fresh.solver.lr, model.solver.lr) == (0.2, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(LinearRegression(solver=solvers.GD(lr=1e-4, epochs=20)), {"solver__lr": [1e-6, 0.1]}, cv=3).fit(X, y)
    assert search.best_params_ == {"solver__lr": 0.1}


def test_a_failed_fit_leaves_the_old_plane() -> None:
    """Every fitted attribute and every prediction, whichever way it fails."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = LinearRegression().fit(X, X[:, 0])
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    predicted = model.predict(X)
    for rows, y, choices in ((np.ones((30, 5)), ["a"] * 30, {}), (np.ones((30, 3)), X[:, 0], {"solver": "sdg"})):
        with pytest.raises(InputError):
            model.set_params(**choices).fit(rows, y)
        after = {name: value for name, value in vars(model).items() if name.endswith("_")}
        assert after.keys() == before.keys()
        assert all(after[name] is before[name] for name in before)
        np.testing.assert_array_equal(model.predict(X), predicted)
