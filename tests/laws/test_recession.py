"""What separated classes leave of an estimate: checked against a linear programme for every contrast and every coefficient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array
from sklearn import datasets

from logistic import load, recession
from logistic.contracts import Stop
from logistic.fit import Fit
from logistic.model import Model
from logistic.outcome import Limit, Status
from support import Forgetful, fit_arrays, overlapping


class Oracle(NamedTuple):
    """From the definition, in exact small numbers: contrasts (n, K) that gain somewhere in the cone, and tendencies (K, K, q)."""

    gains: np.ndarray
    tendency: np.ndarray


def contrasts(X: np.ndarray, y: np.ndarray, K: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """All x_i (e_y - e_k) as rows over the classes 1, 2, ..., and which (i, k) they are."""
    lines, which = [], []
    for i, (x, own) in enumerate(zip(X, y, strict=True)):
        for k in range(K):
            if k != own:
                line = np.zeros((K, len(x)))
                line[own], line[k] = x, -x
                lines.append(line[1:].ravel())
                which.append((i, k))
    return np.array(lines), which


def oracle(X: np.ndarray, y: np.ndarray, K: int) -> Oracle:
    """One programme for each contrast, two for each coefficient."""
    lines, which = contrasts(X, y, K)

    def most(c: np.ndarray) -> float:
        found = linprog(-c, A_ub=-lines, b_ub=np.zeros(len(lines)), bounds=(-1, 1), method="highs")
        assert found.status == 0
        return float(-found.fun)

    gains = np.zeros((len(X), K), dtype=bool)
    for line, place in zip(lines, which, strict=True):
        gains[place] = most(line) > 1e-7
    q = X.shape[1]
    tendency = np.zeros((K, K, q))
    for k in range(K):
        for m in range(k + 1, K):
            for j in range(q):
                c = np.zeros((K, q))
                c[m, j], c[k, j] = 1.0, -1.0
                up, down = most(c[1:].ravel()) > 1e-7, most(-c[1:].ravel()) > 1e-7
                tendency[m, k, j] = {(0, 0): 0.0, (1, 0): np.inf, (0, 1): -np.inf, (1, 1): np.nan}[up, down]
                tendency[k, m, j] = -tendency[m, k, j]
    return Oracle(gains, tendency)


def limit_of(result: Fit) -> Limit:
    """The limit of a separated fit."""
    assert result.model.certificate.status is Status.SEPARATED
    assert result.model.certificate.limit is not None
    return result.model.certificate.limit


def with_ones(X: np.ndarray) -> np.ndarray:
    return np.column_stack([X, np.ones(len(X))])


def restricted(limit: Limit, X: np.ndarray, y: np.ndarray, weight: np.ndarray, gains: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood of the open contrasts at the finite part, and its gradient, from the textbook."""
    eta = with_ones(X)[:, : limit.table.shape[1]] @ limit.table.T
    eta = np.where(gains, -np.inf, eta)
    eta = eta - eta.max(axis=1, keepdims=True)
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    residual = weight[:, None] * (np.eye(p.shape[1])[y] - p)
    return float(weight @ np.log(p[rows, y])), residual.T @ with_ones(X)[:, : limit.table.shape[1]]


@st.composite
def small_problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Integer columns of full rank, with few rows for the number of columns, so that every kind of separation occurs."""
    K = draw(st.sampled_from([2, 2, 3, 4]))
    n, p = draw(st.integers(K + 2, 16)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.integers(-draw(st.integers(1, 3)), 3, size=(n, p)).astype(float)
    pull = draw(st.sampled_from([0.0, 1.0, 10.0]))
    y = (pull * X @ rng.normal(size=(p, K)) + rng.gumbel(size=(n, K))).argmax(axis=1)
    y[:K] = np.arange(K)
    assume(np.linalg.matrix_rank(with_ones(X)) == p + 1)
    return X, y


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(small_problems())
def test_the_limit_is_that_of_the_definition(problem):
    """Verdict, gaining contrasts, tendencies, finite part and supremum, all from independent programmes and textbook formulas."""
    _check_against_the_definition(problem)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(small_problems())
def test_the_limit_is_that_of_the_definition_at_length(problem):
    """The same, for a thousand problems."""
    _check_against_the_definition(problem)


def _check_against_the_definition(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = problem
    K = int(y.max()) + 1
    wanted = oracle(with_ones(X), y, K)
    result = fit_arrays(X, y, alpha=0.0)
    certificate = result.model.certificate
    assert (certificate.status is Status.SEPARATED) == wanted.gains.any()
    if certificate.status is not Status.SEPARATED:
        assert certificate.limit is None
        return
    limit = limit_of(result)
    np.testing.assert_array_equal(limit.tendency, wanted.tendency)
    moving = (wanted.tendency != 0).any(axis=(0, 1))[:-1]
    assert certificate.columns == tuple(np.flatnonzero(moving))
    value, gradient = restricted(limit, X, y, np.ones(len(y)), wanted.gains)
    assert limit.supremum == pytest.approx(value, abs=1e-12 * len(y), rel=1e-12)
    assert np.abs(gradient).max() <= 1e-9
    assert 0 <= limit.gap <= 1e-9
    _check_direction(result, X, y, wanted.gains)


def _check_direction(result: Fit, X: np.ndarray, y: np.ndarray, gains: np.ndarray) -> None:
    """Along the witness exactly those contrasts gain that can gain at all, and no other moves."""
    model = result.model
    D = np.asarray(result.solution.certificate.direction)
    V = (X - model.center) @ model.certificate.direction + D[-1]
    V = np.column_stack([np.zeros(len(V)), V]) if V.shape[1] == 1 else V
    margin = V[np.arange(len(y)), y][:, None] - V
    margin /= np.abs(margin).max()
    assert (margin[gains] > 1e-9).all()
    assert np.abs(margin[~gains]).max() <= 1e-9


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(small_problems(), st.integers(0, 2**32 - 1))
def test_nothing_depends_on_order_units_or_names(problem, seed):
    """Rows in another order, columns in other units and shifted, classes renamed: the same limit in those terms."""
    X, y = problem
    K, p, rng = int(y.max()) + 1, X.shape[1], np.random.default_rng(seed)
    result = fit_arrays(X, y, alpha=0.0)
    if result.model.certificate.status is not Status.SEPARATED:
        return
    limit = limit_of(result)
    order, units, shift, names = rng.permutation(len(y)), 10.0 ** rng.integers(-4, 5, p), rng.integers(-2, 3, p), rng.permutation(K)
    other = limit_of(fit_arrays((X[order] + shift) * units, names[y][order], alpha=0.0))
    assert other.supremum == pytest.approx(limit.supremum, rel=1e-12, abs=1e-12)
    factor = np.append(units, 1.0)
    tendency = other.tendency[np.ix_(names, names)]
    np.testing.assert_array_equal(tendency[:, :, :p], limit.tendency[:, :, :p])
    still = (limit.tendency == 0)[:, :, :p]
    for reference in range(K):
        here, there = limit.contrasts(reference), (other.contrasts(names[reference]) * factor)[names]
        kept = still[:, reference]
        np.testing.assert_allclose(there[:, :p][kept], here[:, :p][kept], rtol=1e-8, atol=1e-8)


def test_quasi_complete_separation_by_a_category():
    """A category of one class only: its coefficient is infinite, the others are those of the rows outside it."""
    X, y = overlapping(1, 200, 2, 2)
    dummy = np.zeros(200)
    dummy[np.flatnonzero(y == 1)[:10]] = 1
    limit = limit_of(fit_arrays(np.column_stack([X, dummy]), y, alpha=0.0))
    rest = fit_arrays(X[dummy == 0], y[dummy == 0], alpha=0.0).model
    found = limit.contrasts()[1]
    np.testing.assert_allclose(found[[0, 1, 3]], [*rest.coef[0], *rest.intercept], rtol=1e-11)
    assert found[2] == np.inf
    assert limit.supremum == pytest.approx(-rest.certificate.value * rest.total, rel=1e-13)


def test_a_row_may_lose_some_of_its_classes():
    """A category where one of three classes never occurs: against that class its coefficients are infinite, else finite."""
    X, y = overlapping(3, 400, 2, 3)
    dummy = ((y != 2) & (np.random.default_rng(0).random(400) < 0.3)).astype(float)
    result = fit_arrays(np.column_stack([X, dummy]), y, alpha=0.0)
    limit = limit_of(result)
    assert result.model.certificate.columns == (2,)
    assert limit.groups == ((0, 1), (2,))
    assert limit.contrasts(0)[2, 2] == -np.inf
    assert limit.contrasts(2)[1, 2] == np.inf
    assert np.isfinite(np.delete(limit.contrasts(0).ravel(), 2 * 4 + 2)).all()
    gains = np.zeros((400, 3), dtype=bool)
    gains[dummy == 1, 2] = True
    value, gradient = restricted(limit, np.column_stack([X, dummy]), y, np.ones(400), gains)
    assert limit.supremum == pytest.approx(value, rel=1e-13)
    assert np.abs(gradient).max() < 1e-9


def test_rounding_decides_nothing():
    """A row at the very centre, tied between two others: its contrast is zero, whatever the rounding of a direction says there."""
    X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [0.0, 2.0], [2.0, 1.0], [1.0, 1.0]])
    limit = limit_of(fit_arrays(X, np.array([0, 1, 0, 0, 1, 1]), alpha=0.0))
    assert limit.supremum == pytest.approx(-4 * np.log(2), rel=1e-14)


def test_complete_separation_leaves_nothing():
    """Two classes apart on a line: the supremum is 0, the slope infinite, the intercept where the line is not at zero too."""
    x = np.array([1.0, 2.0, 4.0, 5.0])
    limit = limit_of(fit_arrays(x[:, None], np.array([0, 0, 1, 1]), alpha=0.0))
    assert limit.supremum == 0
    assert limit.gap == 0
    np.testing.assert_array_equal(limit.contrasts()[1], [np.inf, -np.inf])
    undecided = limit_of(fit_arrays((x - 3)[:, None], np.array([0, 0, 1, 1]), alpha=0.0))
    np.testing.assert_array_equal(undecided.contrasts()[1], [np.inf, np.nan])


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_one_class_of_three_apart(solver):
    """Iris: versicolor against virginica keeps the estimate of those two classes alone."""
    X, y = datasets.load_iris(return_X_y=True)
    limit = limit_of(fit_arrays(X, y, alpha=0.0, solver=solver))
    two = fit_arrays(X[50:], y[50:], alpha=0.0).model
    assert limit.groups == ((0,), (1, 2))
    assert limit.supremum == pytest.approx(-two.certificate.value * 100, rel=1e-13)
    np.testing.assert_allclose(limit.contrasts(1)[2], [*two.coef[0], *two.intercept], rtol=1e-9)
    assert np.isnan(limit.contrasts(1)[0]).all()


def test_duplicates_and_constants_are_not_blamed():
    """Columns that add nothing change neither the limit of the others nor the list of those that separate."""
    X, y = overlapping(1, 200, 2, 2)
    dummy = np.zeros(200)
    dummy[np.flatnonzero(y == 1)[:10]] = 1
    plain = limit_of(fit_arrays(np.column_stack([X, dummy]), y, alpha=0.0)).contrasts()[1]
    spoilt = np.column_stack([X[:, 0], np.full(200, 7.0), X, dummy])
    result = fit_arrays(spoilt, y, alpha=0.0)
    assert result.model.certificate.columns == (4,)
    found = limit_of(result).contrasts()[1]
    np.testing.assert_allclose(found[[0, 2]], plain[0] / 2, rtol=1e-10)
    np.testing.assert_allclose(found[[1, 3, 5]], [0, plain[1], plain[3]], rtol=1e-10, atol=1e-12)
    assert found[4] == np.inf
    both = fit_arrays(np.column_stack([X, dummy, dummy]), y, alpha=0.0)
    assert both.model.certificate.columns == (2, 3)


def test_rows_without_weight_do_not_count():
    """A row that would end the separation, with weight 0; and weights enter the finite part and the supremum."""
    X, y = overlapping(5, 150, 2, 2)
    dummy = np.zeros(150)
    dummy[np.flatnonzero(y == 1)[:8]] = 1
    X = np.column_stack([X, dummy])
    weight = np.random.default_rng(0).integers(1, 4, 150).astype(float)
    extra = np.append(X, [[0.0, 0.0, 1.0]], axis=0), np.append(y, 0), np.append(weight, 0.0)
    found, wanted = limit_of(fit_arrays(*extra, alpha=0.0)), limit_of(fit_arrays(X, y, weight, alpha=0.0))
    np.testing.assert_allclose(found.contrasts()[1], wanted.contrasts()[1], rtol=1e-12)
    value, gradient = restricted(wanted, X, y, weight, (dummy[:, None] == 1) & (y[:, None] != np.arange(2)))
    assert wanted.supremum == pytest.approx(value, rel=1e-13)
    assert np.abs(gradient).max() < 1e-9
    twice = limit_of(fit_arrays(np.repeat(X, weight.astype(int), axis=0), np.repeat(y, weight.astype(int)), alpha=0.0))
    assert twice.supremum == pytest.approx(wanted.supremum, rel=1e-13)
    np.testing.assert_allclose(twice.contrasts()[1], wanted.contrasts()[1], rtol=1e-11)


@pytest.mark.parametrize("classes", [2, 3])
def test_offsets_shift_the_finite_part(classes):
    """An offset that a column could make moves that column's coefficient by as much, and nothing else."""
    X, y = overlapping(6, 300, 2, classes)
    dummy = ((y == 0) & (np.random.default_rng(1).random(300) < 0.2)).astype(float)
    X = np.column_stack([X, dummy])
    shift = np.array([0.7, -1.2, 2.0])[:classes] if classes > 2 else np.array([0.7])
    plain = limit_of(fit_arrays(X, y, alpha=0.0))
    moved = limit_of(fit_arrays(X, y, offset=3 * X[:, :1] * shift, alpha=0.0))
    assert moved.supremum == pytest.approx(plain.supremum, rel=1e-12)
    np.testing.assert_array_equal(moved.tendency, plain.tendency)
    expected = plain.contrasts()
    apart = shift - shift[0] if classes > 2 else np.append(0.0, shift)
    expected[:, 0] -= 3 * apart
    np.testing.assert_allclose(moved.contrasts(), expected, rtol=1e-9, atol=1e-9)


def test_far_offsets_do_not_bring_a_class_back():
    """A class that is out of the choice stays out, however large its offset is."""
    X, y = overlapping(7, 300, 1, 3)
    dummy = ((y != 2) & (np.random.default_rng(0).random(300) < 0.4)).astype(float)
    offset = np.zeros((300, 3))
    offset[:, 2] = 5000.0 * dummy
    plain = limit_of(fit_arrays(np.column_stack([X, dummy]), y, alpha=0.0))
    far = limit_of(fit_arrays(np.column_stack([X, dummy]), y, offset=offset, alpha=0.0))
    assert far.supremum == pytest.approx(plain.supremum, rel=1e-11)


def test_soft_targets_keep_their_own_spread():
    """Rows torn between two classes keep the entropy of their targets in the supremum."""
    y = np.array([[1.0, 0.0, 0.0], [0.0, 0.25, 0.75], [0.0, 0.75, 0.25], [1.0, 0.0, 0.0]])
    x = np.array([[-1.0], [1.0], [2.0], [-2.0]])
    limit = limit_of(fit_arrays(x, y, alpha=0.0))
    assert limit.groups == ((0,), (1, 2))
    assert limit.supremum == pytest.approx(2 * (0.25 * np.log(0.25) + 0.75 * np.log(0.75)), rel=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 3])
def test_blocks_and_memory_change_nothing(classes, intercept, monkeypatch):
    """In several blocks, forgetfully, the limit is that of one block."""
    import logistic.sources.arrays as arrays

    X, y = overlapping(8, 300, 2, classes)
    dummy = ((y == 0) & (np.random.default_rng(1).random(300) < 0.2)).astype(float)
    X = np.column_stack([X, dummy])
    whole = limit_of(fit_arrays(X, y, alpha=0.0, fit_intercept=intercept))
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 2**10)
    monkeypatch.setattr("logistic.frame.BLOCK_BYTES", 2**10)
    parts = limit_of(fit_arrays(X, y, alpha=0.0, fit_intercept=intercept, executor=Forgetful()))
    assert parts.supremum == pytest.approx(whole.supremum, rel=1e-13)
    np.testing.assert_allclose(parts.contrasts(), whole.contrasts(), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(parts.tendency, whole.tendency)


def test_sparse_rows_have_the_same_limit():
    """As scipy CSR, which is not centred."""
    X, y = overlapping(9, 200, 2, 3)
    X = X * (np.random.default_rng(0).random(X.shape) < 0.5)
    X = np.column_stack([X, (y == 1) * (np.arange(200) % 3 == 0)])
    dense, sparse = limit_of(fit_arrays(X, y, alpha=0.0)), limit_of(fit_arrays(csr_array(X), y, alpha=0.0))
    assert sparse.supremum == pytest.approx(dense.supremum, rel=1e-13)
    np.testing.assert_array_equal(sparse.tendency, dense.tendency)
    np.testing.assert_allclose(sparse.contrasts(), dense.contrasts(), rtol=1e-9, atol=1e-11)


def test_tensors_have_the_same_limit():
    """Computed by torch, with a class that some rows lose."""
    torch = pytest.importorskip("torch")
    X, y = overlapping(3, 400, 2, 3)
    dummy = ((y != 2) & (np.random.default_rng(0).random(400) < 0.3)).astype(float)
    X = np.column_stack([X, dummy])
    wanted = limit_of(fit_arrays(X, y, alpha=0.0))
    found = limit_of(fit_arrays(torch.tensor(X), torch.tensor(y), alpha=0.0, device="cpu"))
    assert found.supremum == pytest.approx(wanted.supremum, rel=1e-13)
    np.testing.assert_array_equal(found.tendency, wanted.tendency)
    np.testing.assert_allclose(found.contrasts(), wanted.contrasts(), rtol=1e-10, atol=1e-12)


def test_a_limit_too_large_to_find_is_left_out(monkeypatch):
    """The status and the witness stand without it."""
    monkeypatch.setattr(recession, "MOST_COEFFICIENTS", 5)
    X, y = datasets.load_iris(return_X_y=True)
    model = fit_arrays(X, y, alpha=0.0).model
    assert model.certificate.status is Status.SEPARATED
    assert model.certificate.direction is not None
    assert model.certificate.limit is None
    assert "no finite estimate exists, and the search for what they tend to was too long" in str(model.summary())


def test_coefficients_stay_where_the_search_stopped():
    """They are finite and predict what the limit predicts."""
    X, y = datasets.load_iris(return_X_y=True)
    model = fit_arrays(X, y, alpha=0.0).model
    assert np.isfinite(model.coef).all()
    assert (model.predict(X[:50]) == 0).all()
    assert model.certificate.value * 150 == pytest.approx(-limit_of(fit_arrays(X, y, alpha=0.0)).supremum, rel=1e-4)


@pytest.fixture(scope="module")
def separated() -> Model:
    """Three classes, one column of each kind."""
    X, y = overlapping(3, 200, 2, 3)
    dummy = ((y != 2) & (np.random.default_rng(0).random(200) < 0.3)).astype(float)
    return fit_arrays(np.column_stack([X, dummy]), np.array(["a", "b", "c"])[y], alpha=0.0).model


def test_the_table_shows_limits(separated):
    """Infinite coefficients by name, finite ones exactly, the supremum, the classes apart; no number that only stopped there."""
    text = str(separated.summary())
    limit = separated.certificate.limit
    assert "apart        a, b | c" in text
    assert f"nears {limit.supremum:.10g}" in text
    assert "log-odds against a" in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[-4:]}
    assert rows["x2"] == [f"{limit.contrasts(0)[1, 2]:.6g}", "-inf"]
    assert rows["intercept"] == [f"{x:.6g}" for x in limit.contrasts(0)[1:, 3]]
    data = separated.summary().to_dict()["limit"]
    assert data["coefficients"]["c"]["x2"] == "-inf"
    assert data["apart"] == [["a", "b"], ["c"]]
    assert data["reference"] == "a"


def test_the_file_keeps_the_limit(separated, tmp_path):
    """Bit for bit, undetermined coefficients too."""
    X, y = datasets.load_iris(return_X_y=True)
    for model in (separated, fit_arrays(X, y, alpha=0.0).model, fit_arrays(X, y, alpha=0.0, fit_intercept=False).model):
        model.save(tmp_path / "m")
        again = load(tmp_path / "m")
        assert again == model
        assert again.certificate.limit.groups == model.certificate.limit.groups


def test_a_limited_fit_is_repeatable():
    """The same bits twice, time limits and all."""
    X, y = datasets.load_breast_cancer(return_X_y=True)
    one, two = (fit_arrays(X[:, :10], y, alpha=0.0, stop=Stop(max_iter=200)).model.certificate for _ in range(2))
    assert one.status is Status.SEPARATED or one.limit is None
    assert repr(one) == repr(two)
