"""Strengths followed on few columns and proved together: the optima of single fits, and each proof a true one."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from logistic import LogisticRegression, LogisticRegressionCV, kernels, path
from logistic.contracts import Executor, Spec
from logistic.executor import Threads
from logistic.loss import Binary, Softmax
from logistic.outcome import Status
from logistic.sources import ArraySource
from logistic.study import ElasticStudy, Grid, splits_of
from logistic.study.columns import Columns
from logistic.study.kept import Kept
from support import overlapping

KINDS: dict[str, dict[str, Any]] = {
    "L1": {"l1_ratio": 1.0},
    "elastic net": {"l1_ratio": 0.6},
    "standardised": {"l1_ratio": 1.0, "standardize": True},
    "no intercept": {"l1_ratio": 1.0, "fit_intercept": False},
    "balanced": {"l1_ratio": 0.9, "class_weight": "balanced"},
}


@pytest.fixture(autouse=True, params=["compiled", "plain"])
def code(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every law holds for both."""
    if request.param == "plain":
        monkeypatch.setattr("logistic.kernels.compiled", None)
    elif kernels.compiled is None:
        pytest.skip("built without a C compiler")


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fit is made alone."""

    def refuse(*args: Any) -> None:
        raise AssertionError("a fit was made alone")

    monkeypatch.setattr("logistic.study.elastic.minimize", refuse)
    monkeypatch.setattr("logistic.study.elastic.ElasticStudy._by_itself", refuse)


def wide(classes: int, n: int = 70) -> tuple[np.ndarray, np.ndarray]:
    """So many columns that a path looks at few of them, in several units and with centres."""
    X, y = overlapping(21, n, 2100, classes)
    return X * np.resize([1.0, 3.0, 0.4], 2100) + np.resize([0.0, 2.0], 2100), y


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_strengths_together_are_their_fits(kind: str, classes: int, together: None) -> None:
    """Zeros, coefficients, intercepts and values; the Hessian of a large step, of two classes and of more, of odd and even many."""
    X, y = wide(classes)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    offset = None if kind == "balanced" else np.random.default_rng(4).normal(size=(len(y), 1 if classes == 2 else classes))
    offset = offset if offset is None or classes > 2 else offset[:, 0]
    found = path(X, y, count=25, ratio=0.1, sample_weight=weight, offset=offset, tol=1e-11, **KINDS[kind])
    for model in found.models[::6]:
        alone = LogisticRegression(alpha=model.penalty.alpha, tol=1e-11, **KINDS[kind]).fit(X, y, weight, offset=offset)
        own, other = model.certificate, alone.certificate_
        assert own.kind == "proof"
        assert own.status is Status.CONVERGED
        assert abs(own.value - other.value) <= own.gap + other.gap + 1e-14
        assert own.gap <= 1e-11 * own.value
        np.testing.assert_allclose(model.coef, alone.coef_, rtol=0, atol=2e-5 * max(abs(alone.coef_).max(), 1e-3))
        assert model.solver.startswith("proxnewton")
    np.testing.assert_array_equal(
        path(X, y, alphas=found.alphas, sample_weight=weight, offset=offset, tol=1e-11, **KINDS[kind]).coef, found.coef
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_columns_that_come_and_go(classes: int, together: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are followed in one call: those that take part are looked at on all threads, the others when there is a need."""
    X, y = wide(classes)
    offset = np.random.default_rng(6).normal(size=(len(y), 1 if classes == 2 else classes))
    wanted = path(X, y, count=25, ratio=0.1, l1_ratio=1.0, offset=offset, tol=1e-10)
    monkeypatch.setattr("logistic.study.stretch.SMALL", 0)
    monkeypatch.setattr("logistic.study.columns.WORTH", 0)
    monkeypatch.setattr("logistic.study.stretch.NEARLY", 1.0)
    found = path(X, y, alphas=wanted.alphas, l1_ratio=1.0, offset=offset, tol=1e-10)
    for one, other in zip(found, wanted, strict=True):
        assert one.certificate.status is Status.CONVERGED
        assert abs(one.certificate.value - other.certificate.value) <= one.certificate.gap + other.certificate.gap + 1e-14


@pytest.mark.parametrize("classes", [2, 3])
def test_a_hessian_that_is_kept_leads_to_the_same_optima(classes: int, together: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Formed once in a while, with borders and multipliers for the coefficients that come and go."""
    X, y = wide(classes)
    fresh = path(X, y, count=25, ratio=0.1, l1_ratio=1.0, tol=1e-10)
    monkeypatch.setattr("logistic.study.stretch.CHEAP", 0)
    monkeypatch.setattr("logistic.study.stretch.SMALL", 0)
    monkeypatch.setattr("logistic.study.kept.OTHERS", 2)
    kept = path(X, y, alphas=fresh.alphas, l1_ratio=1.0, tol=1e-10)
    for one, other in zip(fresh, kept, strict=True):
        assert other.certificate.status is Status.CONVERGED
        assert abs(one.certificate.value - other.certificate.value) <= one.certificate.gap + other.certificate.gap + 1e-14


@pytest.mark.parametrize(
    ("name", "value"), [("stretch.CLOSE", 1e9), ("stretch.BYTES", 0), ("stretch.MANY", 3), ("elastic.MANY", 1e9)]
)
def test_what_is_not_proved_together_is_fitted_alone(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns that nobody foresaw, too many of them, too many coefficients, or no stretches at all."""
    X, y = wide(2)
    wanted = path(X, y, count=20, ratio=0.1, l1_ratio=1.0, tol=1e-9)
    monkeypatch.setattr("logistic.study.stretch.SMALL", 0)
    monkeypatch.setattr(f"logistic.study.{name}", value)
    found = path(X, y, alphas=wanted.alphas, l1_ratio=1.0, tol=1e-9)
    for one, other in zip(found, wanted, strict=True):
        assert one.certificate.status is Status.CONVERGED
        assert abs(one.certificate.value - other.certificate.value) <= one.certificate.gap + other.certificate.gap + 1e-14


@pytest.mark.parametrize("classes", [2, 3])
def test_columns_that_were_not_foreseen_refuse_the_proof(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only columns that are not zero already are looked at: no optimum is missed, and no proof is too good."""
    X, y = wide(classes)
    wanted = path(X, y, count=20, ratio=0.1, l1_ratio=1.0, tol=1e-9)
    monkeypatch.setattr("logistic.study.stretch.CLOSE", 1e9)
    monkeypatch.setattr("logistic.study.stretch.NEARLY", 1e9)
    found = path(X, y, alphas=wanted.alphas, l1_ratio=1.0, tol=1e-3)
    for rough, fine in zip(found, wanted, strict=True):
        assert rough.certificate.gap <= 1e-3 * rough.certificate.value
        assert rough.certificate.value - fine.certificate.value <= rough.certificate.gap + 1e-15


@pytest.mark.parametrize("intercept", [True, False])
def test_all_columns_and_none(intercept: bool, together: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At strengths where nothing is chosen, and where no column is left out: values are those of the coefficients."""
    X, y = wide(2)
    strongest = path(X, y, count=1, l1_ratio=1.0, fit_intercept=intercept).alphas[0]
    alphas = strongest * np.array([8.0, 4.0, 2.0, 1.5, 0.5, 0.3, 0.2])
    wanted = path(X, y, alphas=alphas, l1_ratio=1.0, fit_intercept=intercept, tol=1e-10)
    monkeypatch.setattr("logistic.study.stretch.CLOSE", 1e-12)
    found = path(X, y, alphas=alphas, l1_ratio=1.0, fit_intercept=intercept, tol=1e-10)
    assert found.table["nonzeros"][:4].tolist() == [0, 0, 0, 0]
    for one, other in zip(found, wanted, strict=True):
        loss = log_loss(y, one.predict_proba(X)) + one.penalty.alpha * abs(one.coef).sum()
        assert loss == pytest.approx(one.certificate.value, rel=1e-12)
        assert abs(one.certificate.value - other.certificate.value) <= one.certificate.gap + other.certificate.gap + 1e-14


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_in_several_blocks(classes: int, together: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Centred and divided where they are multiplied, and added up block by block."""
    X, y = wide(classes, 150)
    wanted = path(X, y, count=10, ratio=0.2, l1_ratio=1.0, tol=1e-10)
    for name in ("SOLID_L1", "ENOUGH_ROWS", "BLOCK_BYTES"):
        monkeypatch.setattr(f"logistic.frame.{name}", 1)
    found = path(X, y, alphas=wanted.alphas, l1_ratio=1.0, tol=1e-10)
    for one, other in zip(found, wanted, strict=True):
        assert one.certificate.status is Status.CONVERGED
        assert abs(one.certificate.value - other.certificate.value) <= one.certificate.gap + other.certificate.gap + 1e-14


def test_folds_in_stretches(together: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that a fold holds out have no weight: the same scores as from fits made one by one."""
    X, y = wide(2, 90)
    Cs = np.geomspace(0.02, 0.2, 6)
    found = LogisticRegressionCV(Cs, l1_ratios=[1.0], cv=3, tol=1e-10).fit(X, y)
    monkeypatch.undo()
    monkeypatch.setattr("logistic.study.elastic.MANY", 1e9)
    wanted = LogisticRegressionCV(Cs, l1_ratios=[1.0], cv=3, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(found.scores_, wanted.scores_, rtol=1e-6)
    np.testing.assert_allclose(found.coefs_paths_, wanted.coefs_paths_, rtol=0, atol=1e-4 * abs(wanted.coefs_paths_).max())


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_kept_hessian_is_the_hessian(classes: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grown piece by piece, and solved with a factor of other coefficients: some are new, some are gone."""
    monkeypatch.setattr("logistic.study.kept.OTHERS", 1)
    monkeypatch.setattr("logistic.study.kept.SHARED", 0)
    monkeypatch.setattr("logistic.executor.one_thread_each", lambda: nullcontext(threads))
    with Threads() as executor:
        check_kept(classes, executor)


def check_kept(classes: int, executor: Executor) -> None:
    """Against a Hessian that is formed row by row."""
    rng = np.random.default_rng(5)
    n, q, M = 40, 12, 1 if classes == 2 else classes
    X, weight, loss = rng.normal(size=(n, q)), rng.uniform(0.5, 1.5, n) / n, Binary() if classes == 2 else Softmax(classes)
    free, eta = np.arange(q) == q - 1, rng.normal(size=(n, M))
    H = np.zeros((q * M, q * M))
    for i in range(n):
        curved = loss.curvature(np.repeat(eta[i : i + 1], M, axis=0), np.eye(M))
        H += weight[i] * np.kron(np.outer(X[i], X[i]), curved)
    if M > 1:
        root = np.diag(H)[-M:] ** 0.5
        H[-M:, -M:] += np.outer(root, root) / M
    kept = Kept(loss, weight, free, executor)
    kept.at(eta + 1.0)  # what is known of other probabilities is forgotten
    kept.face(np.arange(q * M), lambda rows: X[:, rows].T, np.ones(q * M))
    kept.at(eta)
    coefficients = np.concatenate([rng.permutation((q - 1) * M)[: 8 * M - 2], (q - 1) * M + np.arange(M)])
    if M > 1:
        coefficients = coefficients[(coefficients % M > 0) | (coefficients >= (q - 1) * M)]  # or what classes share is not held
    for last in (5, 9, len(coefficients)):
        wanted = np.unique(np.concatenate([coefficients[:last], (q - 1) * M + np.arange(M)]))
        squares = np.zeros(len(wanted))
        face = kept.face(wanted, lambda rows: X[:, rows].T, squares)
        own, x = H[np.ix_(wanted, wanted)], rng.normal(size=len(wanted))
        np.testing.assert_allclose(face.product(x), own @ x, rtol=1e-12, atol=1e-12)
        for leaves in (0, 1, 2):
            chosen = np.ones(len(wanted), dtype=bool)
            chosen[:leaves] = False
            right, expected = rng.normal(size=len(wanted)), np.zeros(len(wanted))
            expected[chosen] = np.linalg.solve(own[np.ix_(chosen, chosen)], right[chosen])
            np.testing.assert_allclose(face.solve(chosen, right), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("layout", ["rows", "columns", "far", "float32"])
@pytest.mark.parametrize("intercept", [True, False])
def test_all_columns_times_many_residuals(intercept: bool, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the numbers lie, and wherever their centres: what the scaled columns say as one array."""
    monkeypatch.setattr("logistic.frame.SOLID_L1", 0)
    monkeypatch.setattr("logistic.study.folds.SOLID", 0)
    monkeypatch.setattr("logistic.frame.block_size", lambda *_: 32)
    monkeypatch.setattr("logistic.study.study.block_size", lambda *_: 32)
    X, y = wide(2)
    X = np.asfortranarray(X) if layout == "columns" else X + 1e4 if layout == "far" else X
    source = ArraySource(X.astype(np.float32) if layout == "float32" else X, y)
    spec = Spec(l1_ratio=1.0, fit_intercept=intercept)
    weighted = np.random.default_rng(1).normal(size=(len(y), 7))
    with Threads() as executor:
        study = ElasticStudy(executor, source, spec, Grid(np.ones(1), False), splits_of([], len(y)))
        columns = Columns(study.folds.objective(0, study.folds.elastic_net(0, 1.0, 1.0)))
        assert len(columns.parts) == 3
        near = layout == "rows" or (layout == "far" and not intercept)
        assert all(each is not None for each in columns.stored) == (near and kernels.compiled is not None)
        scaled = np.concatenate([block.X.ready().dense() for block, _ in columns.parts])
        np.testing.assert_allclose(columns.pulls(weighted), scaled.T @ weighted, rtol=1e-9, atol=1e-9)
