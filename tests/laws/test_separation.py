"""No finite estimate: said by name, with a witness; and never said where a finite one exists."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets

from logistic import separation
from logistic.contracts import Stop
from logistic.datasets import load as topics
from logistic.outcome import Status
from support import Forgetful, fit_arrays, overlapping


def _is_witness(model, X, y) -> bool:
    """Whether every row prefers its own class along the direction, to rounding, and some row strictly."""
    direction = model.certificate.direction
    V = (X - model.center) @ direction
    V = np.column_stack([np.zeros(len(V)), V]) if V.shape[1] == 1 else V
    lift = _intercept_part(V, y)
    margin = (V + lift)[np.arange(len(y)), y][:, None] - (V + lift)
    others = np.arange(V.shape[1])[None, :] != y[:, None]
    size = np.abs(V).max()
    return bool(margin[others].min() >= -1e-9 * size and margin[others].max() > 1e-6 * size)


def _intercept_part(V, y):
    """The best intercepts for a direction: an independent small linear programme."""
    from scipy.optimize import linprog

    K = V.shape[1]
    lines, right = [], []
    for row, own in zip(V, y, strict=True):
        for k in range(K):
            if k != own:
                line = np.zeros(K + 1)
                line[own], line[k], line[-1] = -1.0, 1.0, 1.0
                lines.append(line)
                right.append(row[own] - row[k])
    found = linprog([0.0] * K + [-1.0], A_ub=lines, b_ub=right, bounds=[(None, None)] * K + [(-np.inf, 0)], method="highs")
    return found.x[:K]


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "wine", "digits"])
def test_real_data_that_are_separated(name, solver):
    """The famous teaching sets have no maximum-likelihood estimate."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    model, solution = fit_arrays(X, y, alpha=0.0, solver=solver)
    assert model.certificate.status is Status.SEPARATED
    assert model.certificate.gap == np.inf
    assert model.certificate.columns
    if name != "digits":
        assert _is_witness(model, X, y)
    assert solution.n_iter < 100


def test_pairs_alone_do_not_separate():
    """A and b are separated from each other, c lies on both sides: the estimate is finite, and it is certified."""
    x = np.array([-3.0, -2.5, -2.0, 2.0, 2.5, 3.0, -3.2, -2.2, -1.0, 0.0, 1.0, 2.2, 3.2])
    y = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2])
    for solver in ("newton", "lbfgs"):
        model = fit_arrays(x[:, None], y, alpha=0.0, solver=solver).model
        assert model.certificate.status is Status.CONVERGED
        assert model.certificate.kind == "proof"
        assert np.abs(model.coef).max() < 50
    only = y < 2
    assert fit_arrays(x[only, None], y[only], alpha=0.0).model.certificate.status is Status.SEPARATED


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("overlap", [1e-1, 1e-3, 1e-5])
def test_nearly_separated_sets_are_certified(overlap, solver):
    """Two rows overlap by very little: the estimate is huge but finite, and certified."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-2, -0.5, 20), rng.uniform(0.5, 2, 20), [overlap, -overlap]])
    y = np.concatenate([np.zeros(20), np.ones(20), [0, 1]]).astype(int)
    model = fit_arrays(x[:, None], y, alpha=0.0, solver=solver).model
    assert model.certificate.status is Status.CONVERGED
    assert model.certificate.kind == "proof"


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-5])
def test_barely_separated_sets_are_called_separated(gap):
    """The same rows pulled apart by as little: no finite estimate."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-2, -0.5, 20), rng.uniform(0.5, 2, 20), [-gap, gap]])
    y = np.concatenate([np.zeros(20), np.ones(20), [0, 1]]).astype(int)
    model = fit_arrays(x[:, None], y, alpha=0.0).model
    assert model.certificate.status is Status.SEPARATED


def test_ties_on_the_border_are_quasi_separation():
    """Rows of both classes at one value, all others in order: the likelihood still rises for ever."""
    x = np.array([1.0, 2, 3, 3, 3, 4, 5])
    y = np.array([0, 0, 0, 1, 0, 1, 1])
    model = fit_arrays(x[:, None], y, alpha=0.0).model
    assert model.certificate.status is Status.SEPARATED
    assert _is_witness(model, x[:, None], y)


def test_a_category_of_one_class():
    """A dummy that is 1 for one class only: that column runs to infinity, the others are named innocent."""
    X, y = overlapping(1, 200, 2, 2)
    dummy = np.zeros(200)
    dummy[np.flatnonzero(y == 1)[:10]] = 1
    model = fit_arrays(np.column_stack([X, dummy]), y, alpha=0.0).model
    assert model.certificate.status is Status.SEPARATED
    assert model.certificate.columns == (2,)


def test_separation_by_the_intercept_needs_a_class_without_rows():
    """A penalty on every column leaves only the intercept free, and that is always finite."""
    X, y = datasets.load_iris(return_X_y=True)
    assert fit_arrays(X, y, alpha=1e-9).model.certificate.status is Status.CONVERGED


def test_the_programme_grows_row_by_row_on_many_rows():
    """Far more rows than one programme holds: a violated row is found and added, in pieces and forgetfully too."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60_000, 3))
    dummy = (rng.random(60_000) < 0.01).astype(float)
    y = ((X @ [1.0, -1.0, 0.5] + rng.logistic(size=60_000) > 0) | (dummy > 0)).astype(int)
    X = np.column_stack([X, dummy])
    model = fit_arrays(X, y, alpha=0.0, executor=Forgetful()).model
    assert model.certificate.status is Status.SEPARATED
    assert model.certificate.columns == (3,)
    y[np.flatnonzero(dummy)[0]] = 0
    model = fit_arrays(X, y, alpha=0.0).model
    assert model.certificate.status is Status.CONVERGED


@pytest.mark.slow
def test_words_of_one_topic_separate() -> None:
    """Counts of words, linearly dependent ones among them, where some words never occur in a topic: found in a few programmes."""
    X, y = topics("topics", return_X_y=True)
    model = fit_arrays(X, y, stop=Stop(max_iter=100)).model
    assert model.certificate.status is Status.SEPARATED
    assert model.n_iter < 20
    assert _is_witness(model, X.toarray(), np.searchsorted(model.classes, y))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["absent", "threshold", "from below"])
def test_a_single_column_that_separates_is_seen_at_once(classes: int, intercept: bool, kind: str) -> None:
    """A word that one class never uses, a limit that one class never crosses: found without a programme."""
    X, y = overlapping(4, 200, 3, classes)
    column = {"absent": (y != 0) * (np.arange(200) % 3), "threshold": 5.0 + (y == 1), "from below": -7.0 - (y == 1) * 0.5}[kind]
    X = np.column_stack([X, column])
    model = fit_arrays(X, y, fit_intercept=intercept, stop=Stop(max_iter=40)).model
    if kind == "absent" or intercept:
        assert model.certificate.status is Status.SEPARATED
        assert 3 in model.certificate.columns
        direction = np.asarray(model.certificate.direction)
        assert abs(direction[3]).max() > 0
        if intercept:
            assert _is_witness(model, X, y)


def test_wide_problems_are_not_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a programme would be too large, single columns are looked at, and no programme is tried."""
    monkeypatch.setattr(separation, "programme", lambda *_: pytest.fail("a programme of thousands of unknowns"))
    monkeypatch.setattr(separation, "UNKNOWNS", 50)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 60)), rng.integers(0, 2, 400)
    ended = fit_arrays(X, y, solver="lbfgs", stop=Stop(tol=1e-300, max_iter=18)).model
    assert ended.certificate.status is Status.MAX_ITER
