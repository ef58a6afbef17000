"""Firth's bias reduction: the modified score vanishes to the last digit, in any units, for any reference, separated or not."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.datasets import load_iris

from logistic import LogisticRegression, load
from logistic.contracts import Spec, Stop
from logistic.errors import InputError, ModelFileError
from logistic.executor import InProcess
from logistic.firth import FirthObjective
from logistic.fit import fit
from logistic.frame import Frame, block_size
from logistic.inference.estimates import estimates
from logistic.loss import Softmax
from logistic.online import advance
from logistic.penalty import L2
from logistic.sources import ArraySource
from logistic.strength import Strength
from support import Forgetful, fit_arrays, overlapping

FIRTH: dict[str, Any] = {"C": math.inf, "bias": "firth"}


def firth(X: Any, y: Any, **rows: Any) -> LogisticRegression:
    """The fit with default settings, in which a warning is an error."""
    return LogisticRegression(**FIRTH).fit(X, y, **rows)


def objective_of(X: np.ndarray, y: np.ndarray, weight: Any = None, offset: Any = None, intercept: bool = True) -> FirthObjective:
    """What the fit minimises."""
    source, spec, executor = ArraySource(X, y, weight, offset), Spec(bias="firth", fit_intercept=intercept), InProcess()
    raw = executor.put(list(source.blocks(block_size(source, spec, None))))
    found = Frame.learned(executor, raw, source, spec).objective(executor, raw, None)
    assert isinstance(found, FirthObjective)
    return found


# ------------------------------------------------------------------------------------------------------- an independent oracle


def penalised(theta: Any, X: Any, T: Any, weight: Any, offset: Any, reference: int = 0) -> tuple[Any, Any]:
    """Log-likelihood + log det(information) / 2 in 50 digits, written out, and the information, against a reference class.

    ``theta`` holds q numbers for each class but the reference, X (n, q) with its intercept, T (n, K) targets, offset (n, K).
    """
    n, q, K = len(X), len(X[0]), len(T[0])
    others = [k for k in range(K) if k != reference]
    value, information = mpmath.mpf(0), mpmath.zeros(q * (K - 1))
    for i in range(n):
        eta = [mpmath.mpf(offset[i][k]) for k in range(K)]
        for a, k in enumerate(others):
            eta[k] += mpmath.fsum(theta[a * q + j] * X[i][j] for j in range(q))
        total = mpmath.fsum(mpmath.exp(e) for e in eta)
        p = [mpmath.exp(e) / total for e in eta]
        value += weight[i] * mpmath.fsum(T[i][k] * mpmath.log(p[k]) for k in range(K) if T[i][k])
        for (a, k), (b, m) in itertools.product(enumerate(others), repeat=2):
            curved = weight[i] * ((p[k] if k == m else 0) - p[k] * p[m])
            for j, h in itertools.product(range(q), repeat=2):
                information[a * q + j, b * q + h] += curved * X[i][j] * X[i][h]
    return value + mpmath.log(mpmath.det(information)) / 2, information


def remaining(model: LogisticRegression, X: np.ndarray, y: np.ndarray, weight: Any, offset: Any) -> float:
    """How far the estimates are from where the modified score vanishes, relative to their size, by 50 digits throughout."""
    mpmath.mp.dps = 50
    n, K = len(X), len(model.classes_)
    T = np.eye(K)[np.searchsorted(model.classes_, y)] if y.ndim == 1 else y
    full = np.hstack([X, np.ones((n, 1))]) if model.fit_intercept else X
    rows = [[mpmath.mpf(float(x)) for x in row] for row in full]
    targets = [[mpmath.mpf(float(t)) for t in row] for row in T]
    weights = [mpmath.mpf(1 if weight is None else float(weight[i])) for i in range(n)]
    shifts = np.zeros((n, K)) if offset is None else np.column_stack([np.zeros(n), offset])
    table = np.column_stack([model.coef_, model.intercept_])[:, : full.shape[1]]
    table = table if K == 2 else table[1:] - table[0]
    theta = [mpmath.mpf(float(b)) for b in table.ravel()]

    def value(moved: list[Any]) -> Any:
        return penalised(moved, rows, targets, weights, shifts)[0]

    top, information = penalised(theta, rows, targets, weights, shifts)
    if not math.isnan(model.model_.statistics.penalised):
        assert model.model_.statistics.penalised == pytest.approx(float(top), rel=1e-12, abs=1e-11)
    step, score = mpmath.mpf(10) ** -22, []
    for j in range(len(theta)):
        ends = [value([b + sign * step * (i == j) for i, b in enumerate(theta)]) for sign in (1, -1)]
        score.append((ends[0] - ends[1]) / (2 * step))
    left = mpmath.lu_solve(information, mpmath.matrix(score))
    return float(max(abs(x) for x in left) / max(abs(b) for b in theta))


CASES = ("two", "three", "four", "weights", "offset", "no intercept", "soft", "separated", "three separated", "units")


def case(name: str) -> tuple[np.ndarray, np.ndarray, dict[str, Any], dict[str, Any]]:
    """A small problem: X, y, what goes with the rows, and choices."""
    classes = {"three": 3, "four": 4, "soft": 3, "three separated": 3, "no intercept": 3}.get(name, 2)
    X, y = overlapping(7, 14, 2, classes)
    rng = np.random.default_rng(3)
    rows: dict[str, Any] = {}
    if name == "weights":
        rows["sample_weight"] = rng.uniform(0.2, 3, 14)
    if name == "offset":
        rows["offset"] = rng.normal(size=14)
    if name == "soft":
        y = rng.dirichlet(np.ones(3), 14)
    if "separated" in name:
        y = np.digitize(X[:, 0], np.quantile(X[:, 0], np.arange(1, classes) / classes))
    if name == "units":
        X = X * [1e8, 1e-6] + [1e10, 1e-3]
    return X, y, rows, {"fit_intercept": name != "no intercept"}


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
@pytest.mark.parametrize("name", CASES)
def test_the_modified_score_vanishes_in_fifty_digits(name: str, solver: str) -> None:
    """Against the penalised likelihood as it is written in the books: estimates are right to ten digits and more."""
    X, y, rows, choices = case(name)
    model = LogisticRegression(**FIRTH, solver=solver, **choices).fit(X, y, **rows)
    assert (model.certificate_.status.word, model.certificate_.kind) == ("converged", "estimate")
    assert remaining(model, X, y, rows.get("sample_weight"), rows.get("offset")) < 1e-12


@pytest.mark.parametrize("K", [2, 3, 4])
def test_a_saturated_model_has_half_an_observation_more_in_each_cell(K: int) -> None:
    """Jeffreys' prior of a multinomial is Dirichlet's with halves: the estimate is known in closed form, also for empty cells."""
    counts = np.array([[0, 3, 1, 2], [5, 0, 2, 7]])[:, :K]
    x = np.repeat([0.0, 1.0], counts.sum(axis=1))
    y = np.concatenate([np.repeat(np.arange(K), row) for row in counts])
    model = firth(x[:, None], y)
    expected = (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + K / 2)
    np.testing.assert_allclose(model.predict_proba([[0.0], [1.0]]), expected, rtol=1e-12)


@pytest.mark.parametrize("reference", [0, 1, 2])
def test_the_reference_class_changes_nothing(reference: int) -> None:
    """The determinant of the information is the same against any class, and it is the one that is published."""
    X, y = overlapping(5, 12, 2, 3)
    model = firth(X, y)
    full, P = np.column_stack([X, np.ones(12)]), model.predict_proba(X)
    keep = [k for k in range(3) if k != reference]
    information = np.zeros((6, 6))
    for x, p in zip(full, P, strict=True):
        information += np.kron((np.diag(p) - np.outer(p, p))[np.ix_(keep, keep)], np.outer(x, x))
    found = model.model_.statistics
    assert found.penalised - found.log_likelihood == pytest.approx(np.linalg.slogdet(information)[1] / 2, rel=1e-12)
    table = estimates(model.model_, reference)
    np.testing.assert_allclose(table.covariance, np.linalg.inv(information), rtol=1e-10, atol=1e-13)


def test_softmax_of_two_classes_is_the_binary_model() -> None:
    """Value but for a constant, and gradient, at any coefficients."""
    X, y = overlapping(2, 30, 3, 2)
    binary = objective_of(X, y)
    softmax = FirthObjective(Softmax(2), L2(0.0, np.zeros(4)), objective_of(X, y).rows, True)
    rng = np.random.default_rng(0)
    apart = []
    for _ in range(3):
        b = rng.normal(size=(4, 1))
        one, two = binary.at(b), softmax.at(np.hstack([-b / 2, b / 2]))
        apart.append(one.value - two.value)
        np.testing.assert_allclose((two.grad[:, 1] - two.grad[:, 0])[:, None] / 2, one.grad, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(apart, apart[0], rtol=1e-12)


@pytest.mark.parametrize("K", [2, 3, 5])
def test_the_gradient_is_that_of_the_value(K: int) -> None:
    """By differences, with weights and offsets."""
    X, y = overlapping(K, 40, 3, K)
    rng = np.random.default_rng(1)
    objective = objective_of(X, y, rng.uniform(0.5, 2, 40), rng.normal(size=(40, K if K > 2 else 1)))
    W, D = rng.normal(size=(2, *objective.shape))
    ends = [objective.at(W + t * D).value for t in (-2e-3, -1e-3, 1e-3, 2e-3)]
    slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-3
    assert slope == pytest.approx(float((objective.at(W).grad * D).sum()), rel=1e-9)


# --------------------------------------------------------------------------------------------------------------- invariances


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.sampled_from([2, 3]), apart=st.booleans())
def test_units_shifts_order_and_names_change_nothing(seed: int, classes: int, apart: bool) -> None:
    """Columns in units of 1e8, shifted by 1e6, rows and columns in another order, labels renamed backwards."""
    rng = np.random.default_rng(seed)
    X, y = overlapping(seed, 30, 3, classes)
    if apart:
        y = np.digitize(X[:, 0], np.quantile(X[:, 0], np.arange(1, classes) / classes))
    plain = firth(X, y)
    scale, shift = np.array([1e8, 1.0, 1e-8]), np.array([0.0, 1e6, 0.0])
    moved = firth(X * scale + shift, y)
    np.testing.assert_allclose(moved.coef_ * scale, plain.coef_, rtol=1e-7, atol=1e-7 * abs(plain.coef_).max())
    stretch = (classes - 1) * np.log(scale).sum()
    assert moved.model_.statistics.penalised == pytest.approx(plain.model_.statistics.penalised + stretch, abs=1e-7)
    rows, columns = rng.permutation(30), rng.permutation(3)
    other = firth(X[rows][:, columns], y[rows])
    np.testing.assert_allclose(other.coef_, plain.coef_[:, columns], rtol=1e-10, atol=1e-11 * abs(plain.coef_).max())
    back = firth(X, classes - 1 - y)
    expected = -plain.coef_ if classes == 2 else plain.coef_[::-1]
    np.testing.assert_allclose(back.coef_, expected, rtol=1e-10, atol=1e-11 * abs(plain.coef_).max())


@pytest.mark.parametrize("classes", [2, 3])
def test_weights_are_repetitions(classes: int) -> None:
    """Whole weights, frequencies and repeated rows are one fit; a weight of zero is no row."""
    X, y = overlapping(4, 25, 2, classes)
    times = np.random.default_rng(0).integers(0, 4, 25)
    times[:classes] = 2
    repeated = firth(np.repeat(X, times, axis=0), np.repeat(y, times))
    for rows in ({"sample_weight": times}, {"freq_weights": times}):
        model = firth(X, y, **rows)
        np.testing.assert_allclose(model.coef_, repeated.coef_, rtol=1e-11, atol=1e-12)
        found, expected = model.model_.statistics, repeated.model_.statistics
        assert found.penalised == pytest.approx(expected.penalised, rel=1e-12)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("classes", [2, 3])
def test_an_executor_that_forgets_finds_the_same(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, pickled and run twice, and rows cut in chunks within them."""
    X, y = overlapping(9, 60, 3, classes)
    whole = fit_arrays(X, y, bias="firth").model
    monkeypatch.setattr("logistic.fit.block_size", lambda *_: 7)
    monkeypatch.setattr("logistic.firth.CHUNK", 30)
    parts = fit_arrays(X, y, executor=Forgetful(), bias="firth").model
    np.testing.assert_allclose(parts.coef, whole.coef, rtol=1e-11)
    assert parts.statistics is not None
    assert whole.statistics is not None
    assert parts.statistics.penalised == pytest.approx(whole.statistics.penalised, rel=1e-12)


def test_sparse_rows_and_tensors_have_the_same_estimates() -> None:
    """A CSR matrix, and torch on the CPU."""
    from scipy.sparse import csr_matrix

    X, y = overlapping(1, 50, 3, 3)
    X[abs(X) < 0.5] = 0
    plain = firth(X, y)
    sparse = firth(csr_matrix(X), y)
    tensors = LogisticRegression(**FIRTH, device="cpu").fit(X, y)
    for other in (sparse, tensors):
        np.testing.assert_allclose(other.coef_, plain.coef_, rtol=1e-10, atol=1e-12)
        assert other.model_.statistics.penalised == pytest.approx(plain.model_.statistics.penalised, rel=1e-11)


def test_the_same_rows_give_the_same_bits() -> None:
    """Twice."""
    X, y = overlapping(1, 200, 5, 3)
    assert firth(X, y).model_ == firth(X, y).model_


# ------------------------------------------------------------------------------------------- separation, collinearity, ugly rows


def test_three_separated_classes_of_iris_have_finite_estimates() -> None:
    """No warning, finite errors, and small ones in the last digits."""
    X, y = load_iris(return_X_y=True)
    model = firth(X, y)
    assert model.certificate_.status.word == "converged"
    assert np.isfinite(estimates(model.model_).errors).all()
    assert abs(model.coef_).max() < 20
    assert model.model_.statistics.log_likelihood < -5.949273395679422


def test_aliased_columns_are_named_and_change_no_prediction() -> None:
    """A sum of two columns, and a constant one: the minimum-norm answer, the determinant of what can be estimated."""
    X, y = overlapping(3, 30, 2, 3)
    plain = firth(X, y)
    with pytest.warns(UserWarning, match="aliased x2, x3"):
        model = firth(np.column_stack([X, X.sum(axis=1), np.ones(30)]), y)
    assert model.certificate_.columns == (2, 3)
    np.testing.assert_allclose(
        model.predict_proba(np.column_stack([X, X.sum(axis=1), np.ones(30)])), plain.predict_proba(X), rtol=1e-10
    )
    found, expected = model.model_.statistics, plain.model_.statistics
    assert (found.df, found.log_likelihood, found.penalised) == pytest.approx(
        (expected.df, expected.log_likelihood, expected.penalised), rel=1e-10
    )


@pytest.mark.parametrize("apart", [1e-4, 1e-6, 1e-8])
def test_nearly_collinear_columns_cost_only_their_own_digits(apart: float) -> None:
    """Two columns that differ by little have the estimates of one of them and their difference, and the errors too."""
    rng = np.random.default_rng(6)
    Z = np.round(rng.normal(size=(50, 3)), 3)
    y = (Z[:, 0] + rng.normal(size=50) > 0).astype(int)
    near = np.column_stack([Z[:, :2], Z[:, 0] + apart * Z[:, 2]])
    exact = np.column_stack([Z[:, :2], near[:, 2] - Z[:, 0]])  # as the rounded sum has it
    close, well = firth(near, y), firth(exact, y)
    assert close.certificate_.status.word == "converged"
    loss = 1e-15 / apart
    np.testing.assert_allclose(close.coef_[0, 2], well.coef_[0, 2], rtol=1e-10 + 100 * loss)
    np.testing.assert_allclose(close.coef_[0, 0] + close.coef_[0, 2], well.coef_[0, 0], rtol=0, atol=abs(well.coef_[0, 2]) * 1e-13)
    errors = [estimates(model.model_).errors[0, 2] for model in (close, well)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-10 + 100 * loss)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.sampled_from([2, 3]))
def test_ugly_rows_end_in_an_estimate_or_in_words(seed: int, classes: int) -> None:
    """Ties, duplicates, constants, wild units, odd weights, fewer rows than columns: never another exception, never a NaN."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(classes, 15)), int(rng.integers(1, 8))
    X = rng.integers(-2, 3, size=(n, p)) * 10.0 ** rng.integers(-8, 9, size=p) + rng.choice([0.0, 1e6])
    X[:, rng.integers(p)] = X[:, rng.integers(p)]
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    weight = rng.choice([1e-6, 0.3, 1.0, 50.0], n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(**FIRTH).fit(X, y, sample_weight=weight)
    certificate = model.certificate_
    assert certificate.status.word in ("converged", "precision_floor", "rank_deficient", "max_iter", "undetermined")
    assert np.isfinite(model.coef_).all()
    if certificate.status.certified:
        assert certificate.gap <= 1e-8 * abs(certificate.value)


# ------------------------------------------------------------------------------------------------------------- choices in words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"C": 1.0}, "C=1.0 is a penalty; use C=inf"),
        ({"C": 1.0, "alpha": 0.1}, "alpha=0.1 is a penalty"),
        ({"l1_ratio": 0.5}, "l1_ratio=0.5"),
        ({"bias": "jeffreys"}, "bias='jeffreys' is unknown; choose 'firth'"),
        ({"bias": True}, "bias=True is unknown"),
        ({"solver": "sgd"}, "not fitted by solver='sgd'; use 'newton' or 'lbfgs'"),
        ({"solver": "adam"}, "not fitted by solver='adam'"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(settings: dict[str, Any], words: str) -> None:
    """Naming both, and the way out."""
    X, y = overlapping(1, 20, 2, 2)
    with pytest.raises(InputError, match=words):
        LogisticRegression(**{**FIRTH, **settings}).fit(X, y)


def test_what_cannot_be_afforded_or_computed_is_refused() -> None:
    """Too many coefficients, rows in pieces, and a start where the information vanishes."""
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="takes 2,000 at most; use fewer columns"):
        firth(rng.normal(size=(30, 700)), rng.integers(0, 3, 30))
    X, y = overlapping(1, 20, 2, 2)
    assert not hasattr(LogisticRegression(**FIRTH), "partial_fit")
    with pytest.raises(AttributeError):
        LogisticRegression(**FIRTH).partial_fit(X, y)
    with pytest.raises(InputError, match="needs all rows at once"):
        advance(None, ArraySource(X, y), Spec(bias="firth"), np.arange(2))
    with pytest.raises(InputError, match="singular in float64 at the start"):
        firth(X, y, init=(np.full((1, 2), 1e6), np.zeros(1)))


def test_every_end_is_named() -> None:
    """Limits, a callback, no tolerance; the estimate of the gap is of the right size."""
    X, y = overlapping(8, 60, 3, 3)
    best = firth(X, y).certificate_.value
    ends = {
        "max_iter": {"stop": Stop(max_iter=1)},
        "max_time": {"stop": Stop(max_time=1e-9)},
        "precision_floor": {"stop": Stop(tol=0.0)},
    }
    for word, choices in ends.items():
        solution = fit(ArraySource(X, y), Spec(bias="firth", **choices)).solution
        assert solution.certificate.status.word == word
        assert solution.certificate.kind == "estimate"
        assert solution.certificate.gap == pytest.approx(solution.point.value - best, rel=0.5, abs=1e-14)
    stopped = fit(ArraySource(X, y), Spec(bias="firth"), on_point=lambda seen: seen.record.iteration == 2).solution
    assert stopped.certificate.status.word == "stopped"
    loose = fit(ArraySource(X, y), Spec(bias="firth", stop=Stop(tol=1e-2))).solution
    assert loose.certificate.status.word == "converged"
    assert loose.certificate.gap <= 1e-2 * abs(loose.certificate.value)


def test_it_is_named_wherever_the_model_is(tmp_path: Any) -> None:
    """The repr, the summary, the model file and what is made from it."""
    X, y = overlapping(1, 40, 2, 3)
    fitted = firth(X, y)
    assert "bias='firth'" in repr(fitted)
    assert "C=inf" in repr(fitted)
    assert "Firth's bias reduction (Jeffreys penalty)" in repr(fitted.model_)
    text = str(fitted.summary())
    assert "mean log loss, Firth's bias reduction (Jeffreys penalty)" in text
    assert "errors from the information at the estimate, without the penalty" in text
    assert f"log L + log det(information) / 2 = {fitted.model_.statistics.penalised:.10g}" in text
    assert "not convex, so nothing is proved" in text
    assert "LR test" not in text  # the likelihood is not at its maximum
    fitted.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again == fitted.model_
    assert again.penalty.bias == "firth"
    assert LogisticRegression.from_model(again).get_params()["bias"] == "firth"
    assert LogisticRegression.from_model(again).fit(X, y).model_.coef == pytest.approx(again.coef, rel=1e-12)
    plain = LogisticRegression(C=math.inf).fit(X, y)
    assert math.isnan(plain.model_.statistics.penalised)
    assert "bias" not in repr(plain)
    assert LogisticRegression.from_model(plain.model_).get_params()["bias"] is None


def test_a_file_with_another_bias_is_refused() -> None:
    """Only this one, and only without a penalty."""
    from logistic.store.models import _penalty_entry, _strength

    entry = _penalty_entry(Strength(0.0, math.inf, False, 0.0, "firth"))
    assert _strength(entry).bias == "firth"
    for wrong in ({**entry, "bias": "median"}, {**entry, "bias": None}, {**entry, "alpha": 0.1}, {**entry, "other": 1}):
        with pytest.raises(ModelFileError):
            _strength(wrong)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "cluster"])
def test_robust_errors_have_the_information_as_bread(kind: str) -> None:
    """The sandwich of the likelihood's gradients at the estimate."""
    X, y = overlapping(2, 60, 2, 2)
    groups = np.arange(60) // 3 if kind == "cluster" else None
    model = LogisticRegression(**FIRTH, covariance=kind).fit(X, y, groups=groups)
    full, p = np.column_stack([X, np.ones(60)]), model.predict_proba(X)[:, 1]
    bread = np.linalg.inv(full.T @ ((p * (1 - p))[:, None] * full))
    each = full * (p - y)[:, None]
    if groups is not None:
        each = np.add.reduceat(each, np.arange(0, 60, 3))
    factor = {"HC0": 1.0, "HC1": 60 / 57, "cluster": 20 / 19 * 59 / 57}[kind]
    np.testing.assert_allclose(estimates(model.model_).covariance, factor * bread @ each.T @ each @ bread, rtol=1e-9)


def test_the_null_log_likelihood_beside_offsets_is_not_penalised() -> None:
    """It is that of an ordinary fit."""
    X, y = overlapping(2, 40, 2, 2)
    offset = np.random.default_rng(0).normal(size=40)
    ordinary = LogisticRegression(C=math.inf).fit(X, y, offset=offset).model_.statistics
    found = firth(X, y, offset=offset).model_.statistics
    assert found.null == pytest.approx(ordinary.null, rel=1e-13)
    assert found.log_likelihood < ordinary.log_likelihood
