"""Laws of the metric: an inverse Hessian from a few rows. It may be rough, never wrong: positive, exact where it can be."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from logistic import metric as module
from logistic.contracts import Block, Stop
from logistic.designs import Dense, Intercept, Sparse
from logistic.executor import InProcess
from logistic.loss import Binary, Softmax
from logistic.objective import LogisticObjective
from logistic.outcome import Status
from logistic.penalty import L2
from logistic.tasks import Rows
from support import EXACT, Forgetful, fit_arrays, overlapping


def _objective(X, y, classes, alpha=0.1, blocks=3, executor=None, seed=0):
    rng = np.random.default_rng(seed)
    X = X / np.maximum(np.sqrt((X**2).mean(axis=0)), 1e-300)
    weight = rng.uniform(0.5, 2, size=len(y))
    parts = [Block(Intercept(Dense(X[i])), y[i], weight[i]) for i in np.array_split(np.arange(len(y)), blocks)]
    executor = executor or InProcess()
    rows = Rows(executor, executor.put(parts), len(y), float(weight.sum()), np.zeros(X.shape[1] + 1), len(y))
    loss = Binary() if classes == 2 else Softmax(classes)
    objective = LogisticObjective(loss, L2(alpha, np.array([1.0] * X.shape[1] + [0.0])), rows, True)
    W = rng.normal(size=objective.shape)
    return objective, objective.at(W - W.mean(axis=1, keepdims=True) * (classes > 2))


def _matrix(metric, shape):
    """The metric as a matrix, coefficients of a class after those of another."""
    columns = []
    for k in range(shape[1]):
        for j in range(shape[0]):
            unit = np.zeros(shape)
            unit[j, k] = 1
            columns.append(metric(unit).T.ravel())
    return np.array(columns)


def _blocks(objective, point):
    """The diagonal blocks of the Hessian without its gauge, one (q, q) a class."""
    q, M = objective.shape
    H = objective.hessian(point).reshape(q, M, q, M)
    gauge = np.eye(q) / M * (M > 1)
    return [H[:, k, :, k] - gauge for k in range(M)]


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("n", [30, 400])
def test_symmetric_and_positive_definite(classes, n):
    """On samples larger and smaller than the columns, without a penalty and with columns that are combinations of others."""
    X, y = overlapping(3, n, 20, classes)
    X = np.column_stack([X, X[:, :5] @ np.ones(5), X[:, 0]])
    for alpha in (0.0, 0.1):
        objective, point = _objective(X, y, classes, alpha)
        found = _matrix(
            module.metric(objective.rows, objective.loss, objective.place(point), objective.penalty.strength, True), objective.shape
        )
        size = abs(found).max()
        assert abs(found - found.T).max() <= 1e-5 * size
        assert np.linalg.eigvalsh((found + found.T) / 2).min() > 0


@pytest.mark.parametrize("classes", [2, 4])
def test_all_rows_give_the_exact_blocks(classes, monkeypatch):
    """Where every row is drawn the inverse is that of the Hessian's diagonal blocks, and of the penalty along equal logits."""
    monkeypatch.setattr(module, "ROWS_PER_COLUMN", 10**6)
    monkeypatch.setattr(module, "PASSES", 10**6)
    X, y = overlapping(4, 200, 6, classes)
    objective, point = _objective(X, y, classes)
    q, M = objective.shape
    found = _matrix(objective.metric(point), (q, M))
    wanted = np.zeros((M * q, M * q))
    for k, block in enumerate(_blocks(objective, point)):
        wanted[k * q : (k + 1) * q, k * q : (k + 1) * q] = np.linalg.inv(block)
    if M > 1:
        flat = np.kron(np.full((M, M), 1 / M), np.eye(q))
        apart = np.eye(M * q) - flat
        strength = np.where(objective.penalty.strength > 0, objective.penalty.strength, 1.0)
        wanted = apart @ wanted @ apart + flat / np.tile(strength, M)
    np.testing.assert_allclose(found, wanted, atol=2e-3 * abs(wanted).max())


def test_a_column_that_nobody_drew_has_its_exact_curvature(monkeypatch):
    """One row of two thousand shows the last column; a sample without it gives the inverse of the exact diagonal."""
    X, y = overlapping(5, 2000, 4, 2)
    rare = np.zeros((2000, 1))
    rare[1234] = 1
    objective, point = _objective(np.column_stack([X, rare]), y, 2)
    draw = module.tasks.draw

    def blind(block, loss, place, rate):
        rows, weight = draw(block, loss, place, rate)
        return rows[rows[:, 4] == 0], weight[rows[:, 4] == 0]

    monkeypatch.setattr(module.tasks, "draw", blind)
    unit = np.zeros(objective.shape)
    unit[4] = 1
    found = objective.metric(point)(unit)
    exact = _blocks(objective, point)[0][4, 4]
    assert found[4, 0] == pytest.approx(1 / exact, rel=1e-4)
    assert abs(np.delete(found, 4)).max() == 0


def test_few_rows_come_near_the_blocks():
    """With six rows a column the inverse fits the blocks to a small factor in every direction."""
    X, y = overlapping(6, 20_000, 30, 3)
    objective, point = _objective(X @ np.linalg.qr(X[:30])[0] + X[:, :1], y, 3)
    metric = objective.metric(point)
    blocks = _blocks(objective, point)
    rng = np.random.default_rng(0)
    for _ in range(20):
        V = rng.normal(size=objective.shape)
        V -= V.mean(axis=1, keepdims=True)
        G = np.column_stack([block @ V[:, k] for k, block in enumerate(blocks)])
        G -= G.mean(axis=1, keepdims=True)
        assert 0.2 < (metric(G) * G).sum() / (V * G).sum() < 5


def test_same_bits_again_and_anywhere():
    """The data are the seed: the same bits twice, and on an executor that forgets and pickles."""
    X, y = overlapping(7, 3000, 40, 3)
    results = []
    for executor in (InProcess(), InProcess(), Forgetful()):
        objective, point = _objective(X, y, 3, executor=executor)
        results.append(objective.metric(point)(point.grad))
    assert results[0].tobytes() == results[1].tobytes()
    np.testing.assert_allclose(results[2], results[0], rtol=1e-4, atol=1e-6 * abs(results[0]).max())


def test_offered_only_where_it_pays():
    """Not for few coefficients, not for sparse rows, not where the factors cost more than they save."""
    size = module.sample_size
    assert size(60_000, (785, 10)) == module.ROWS_PER_COLUMN * 785
    assert size(2000, (5000, 1)) == 0
    assert size(10**6, (20_000, 10)) == 0
    assert 0 < size(60_000, (1500, 1)) <= 60_000
    X, y = overlapping(8, 500, 4, 3)
    assert "metric" not in _objective(X, y, 3)[0].offers
    assert "metric" in _objective(np.tile(X, 50), y, 3, seed=1)[0].offers


PROBLEMS = {"no penalty": {"alpha": 0.0}, "penalised": {"C": 1.0}, "no intercept": {"C": 10.0, "fit_intercept": False}}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("classes", [2, 5])
def test_the_optimum_is_the_plain_one_in_fewer_steps(name, classes, monkeypatch):
    """Correlated columns with weights and an offset: the same coefficients with the metric and without, and sooner with it."""
    rng = np.random.default_rng(9)
    X, y = overlapping(9, 3000, 40, classes, spread=0.1)
    X = X @ rng.normal(size=(40, 40)) * np.geomspace(1, 5, 40) ** (rng.random(40) > 0.5)
    weight, offset = rng.uniform(0.5, 2, size=3000), 0.1 * rng.normal(size=(3000, 1 if classes == 2 else classes))
    made = []
    plain = module.metric
    monkeypatch.setattr(module, "metric", lambda *a: made.append(1) or plain(*a))
    fits = []
    for smallest in (10**9, 20):
        monkeypatch.setattr(module, "SMALL", smallest)
        fits.append(fit_arrays(X, y, weight, offset, solver="lbfgs", stop=Stop(1e-10, 3000), **PROBLEMS[name]))
    without, with_it = fits
    assert made
    for result in fits:
        assert result.model.certificate.status is Status.CONVERGED
        assert result.model.certificate.kind == "proof"
    assert with_it.solution.n_iter < without.solution.n_iter / 2
    np.testing.assert_allclose(with_it.model.coef, without.model.coef, rtol=1e-6, atol=1e-6 * abs(without.model.coef).max())


@pytest.mark.parametrize("solver", EXACT)
def test_separated_rows_are_still_found(solver, monkeypatch):
    """Without a penalty, where curvature runs out, the metric does no harm."""
    monkeypatch.setattr(module, "SMALL", 1)
    rng = np.random.default_rng(10)
    X = rng.normal(size=(600, 30))
    y = (X[:, 0] > 0).astype(int)
    assert fit_arrays(X, y, solver=solver, alpha=0.0).model.certificate.status is Status.SEPARATED


# ------------------------------------------------------------------------------------------------------------ sparse columns


def _words(seed, n, p, classes, intercept=True, alpha=1e-3):
    """Rows of few words, some of them frequent, weighted, in three blocks; the last column is in no row."""
    rng = np.random.default_rng(seed)
    X = sp.random_array((n, p), density=0.1, format="csr", rng=rng) + sp.csr_array((rng.random((n, p)) < 0.9) * (np.arange(p) < 2))
    X = sp.csr_array(X.multiply(np.arange(p) < p - 1))
    y, weight = rng.integers(classes, size=n), rng.uniform(0.5, 2, size=n)
    parts = []
    for rows in np.array_split(np.arange(n), 3):
        inner = Sparse(X[rows])
        parts.append(Block(Intercept(inner) if intercept else inner, y[rows], weight[rows]))
    executor, q = InProcess(), p + intercept
    rows = Rows(executor, parts, n, float(weight.sum()), np.zeros(q), n, sparse=True)
    factor = np.array([1.0] * p + [0.0] * intercept)
    objective = LogisticObjective(Binary() if classes == 2 else Softmax(classes), L2(alpha, factor), rows, intercept)
    W = rng.normal(size=objective.shape)
    return objective, objective.at(W - W.mean(axis=1, keepdims=True) * (classes > 2))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_of_sparse_columns_it_is_symmetric_and_positive_definite(classes, intercept, alpha):
    """Without a penalty too, where a column is in no row."""
    objective, point = _words(11, 300, 12, classes, intercept, alpha)
    made = module.metric(objective.rows, objective.loss, objective.place(point), objective.penalty.strength, intercept)
    found = _matrix(made, objective.shape)
    np.testing.assert_allclose(found, found.T, atol=1e-12 * abs(found).max())
    assert np.linalg.eigvalsh((found + found.T) / 2).min() > 0


@pytest.mark.parametrize("intercept", [True, False])
def test_of_sparse_columns_it_is_exact_where_only_the_intercept_joins_them(intercept):
    """One column beside the intercept: the inverse of the whole Hessian. Without one, columns that share no row."""
    n, p = 60, 1 if intercept else 6
    rng = np.random.default_rng(12)
    X = sp.csr_array((rng.uniform(0.5, 2, n), (np.arange(n), np.arange(n) % 6)), shape=(n, 6))[:, :p]
    y, executor = rng.integers(2, size=n), InProcess()
    inner = Sparse(sp.csr_array(X))
    block = Block(Intercept(inner) if intercept else inner, y, np.ones(n))
    rows = Rows(executor, [block], n, float(n), np.zeros(p + intercept), n, sparse=True)
    objective = LogisticObjective(Binary(), L2(1e-3, np.array([1.0] * p + [0.0] * intercept)), rows, intercept)
    point = objective.at(rng.normal(size=objective.shape))
    found = _matrix(
        module.metric(rows, objective.loss, objective.place(point), objective.penalty.strength, intercept), objective.shape
    )
    np.testing.assert_allclose(found @ objective.hessian(point), np.eye(p + intercept), atol=1e-10)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("C", [1.0, 100.0])
def test_sparse_columns_take_few_passes(classes, C, monkeypatch):
    """Rare and frequent words: the same optimum as without a metric, in half of the points."""
    rng = np.random.default_rng(13)
    n, p = 2000, 600
    columns = np.minimum(rng.zipf(1.3, size=(n, 20)) - 1, p - 1)
    X = sp.csr_array((np.ones(n * 20), (np.repeat(np.arange(n), 20), columns.ravel())), shape=(n, p))
    y = (X @ rng.normal(size=(p, classes)) * 0.3 + rng.gumbel(size=(n, classes))).argmax(axis=1)
    fits = []
    for smallest in (10**9, module.SMALL):
        monkeypatch.setattr(module, "SMALL", smallest)
        fits.append(fit_arrays(X, y, C=C, solver="lbfgs", stop=Stop(1e-7, 3000)))  # and no last digits
    without, with_it = fits
    assert all(f.model.certificate.status is Status.CONVERGED and f.model.certificate.kind == "proof" for f in fits)
    assert with_it.solution.n_iter < without.solution.n_iter / 2
    assert with_it.model.certificate.value == pytest.approx(without.model.certificate.value, rel=2e-7)
