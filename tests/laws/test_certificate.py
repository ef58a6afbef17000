"""A certificate is never below the truth, judged by an independent referee in extended and exact arithmetic."""

from __future__ import annotations

import functools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sklearn import datasets

from logistic import frame as frame_module
from logistic.certificate import Curvature, newton_factor
from logistic.contracts import Stop
from logistic.objective import LogisticObjective
from logistic.outcome import Status
from referee import Problem, exact_gap, true_gap
from support import fit_arrays, overlapping
from ugly import Ugly, ugly_problems

NAMED = {
    Status.CONVERGED,
    Status.PRECISION_FLOOR,
    Status.MAX_ITER,
    Status.SEPARATED,
    Status.RANK_DEFICIENT,
    Status.UNDETERMINED,
    Status.UNCERTIFIED,
}


def _judge(ugly: Ugly, exactly: bool = False) -> str:
    """Fit, check the claim against the referee, and say how it ended."""
    result = ugly.fit()
    found = result.model.certificate
    assert found.status in NAMED
    assert np.isfinite(result.model.coef).all()
    if found.status is Status.CONVERGED:
        assert found.kind == "proof"
        assert found.gap <= 1e-8 * abs(found.value)
    telling = found.gap < found.value  # losses are at least zero, so a larger gap claims nothing
    if found.kind == "proof" and found.status is not Status.RANK_DEFICIENT and telling:
        problem = ugly.problem(result)
        if true_gap(problem, result.model) > found.gap:  # where nearly all of a tiny value is gap, its own rounding shows
            assert exact_gap(problem, result.model) <= found.gap
        if exactly and found.status is Status.CONVERGED:
            assert exact_gap(problem, result.model) <= found.gap
    return found.status.word


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_ugly_problems(ugly):
    """Each fit ends in a certificate that holds, or in a named status."""
    _judge(ugly)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_ten_thousand_ugly_problems(ugly):
    """The same in extended precision, ten thousand times."""
    _judge(ugly)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_three_hundred_ugly_problems_exactly(ugly):
    """The same in exact arithmetic, three hundred times."""
    _judge(ugly, exactly=True)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_ugly_problems_without_a_hessian(ugly):
    """Where no Hessian is offered the dual gap is the proof, and an unpenalised fit has only an estimate."""
    if ugly.choices["solver"] == "newton":
        ugly = ugly._replace(choices={**ugly.choices, "solver": "lbfgs"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_module, "LogisticObjective", functools.partial(LogisticObjective, hessian_bytes=0))
        found = ugly.fit().model.certificate
        _judge(ugly)
    if ugly.choices.get("alpha") == 0:
        assert found.kind in ("estimate", "none")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_a_hessian_from_nearby_proves_no_less(ugly):
    """However far away the Hessian was made, and however much it may have changed, the claim is not below the truth."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NEAR", "ROUGH"):
            patch.setattr(f"logistic.proof.{name}", 0.5)
        patch.setattr("logistic.proof.SAME", 1.7)
        _judge(ugly)


def test_the_last_digits_cost_one_hessian(monkeypatch):
    """The proof of the polished point uses the Hessian of the polish."""
    made = []
    assembled = LogisticObjective._assembled
    monkeypatch.setattr(LogisticObjective, "_assembled", lambda self, point: made.append(1) or assembled(self, point))
    X, y = overlapping(3, 300, 4, 3)
    result = fit_arrays(X, y, C=1.0)
    assert result.model.certificate.status is Status.CONVERGED
    assert result.model.certificate.gap < 1e-24
    assert len(made) == result.model.n_iter + 1


@pytest.mark.parametrize("tol", [1.0, 1e-1, 1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("spread", [0.5, 3.0, 12.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_far_from_the_optimum_the_bound_still_holds(classes, spread, tol, monkeypatch):
    """Stopped early on sound and on nearly separated rows: gap claimed >= gap in exact arithmetic."""
    monkeypatch.setattr("logistic.minimize.POLISH_SIZE", 0)
    X, y = overlapping(12, 40, 2, classes, spread)
    for solver in ("newton", "lbfgs"):
        model = fit_arrays(X, y, alpha=0.0, solver=solver, stop=Stop(tol=tol)).model
        if model.certificate.status is Status.SEPARATED:
            continue
        assert model.certificate.kind == "proof"
        problem = Problem(X, y, np.ones(40), None, np.zeros(2), True)
        best = fit_arrays(X, y, alpha=0.0, stop=Stop(tol=1e-14)).model
        better = exact_gap(problem, best)
        with mpmath.workdps(30):
            excess = mpmath.mpf(_value(problem, model)) - mpmath.mpf(_value(problem, best))
            assert better <= best.certificate.gap
            assert excess <= model.certificate.gap + 4e-15 * model.certificate.value


def _value(problem: Problem, model) -> float:
    logp = model.predict_log_proba(problem.X)
    return -float(np.mean(logp[np.arange(len(problem.y)), problem.y]))


def test_newton_factor_is_the_supremum_it_claims_to_be():
    """newton_factor(x) = max over t of (x t - exp(-t) - t + 1) / x², and DESIGN's -log(1 - x) / x is a weaker bound."""
    for x in (1e-12, 1e-3, 9.9e-3, 1.01e-2, 0.1, 0.5, 0.9, 0.999):
        with mpmath.workdps(40):
            t = -mpmath.log(1 - mpmath.mpf(x))
            # minimise delta-free form: -x s + (exp(-s) + s - 1) over s; at s = t its derivative vanishes
            assert abs(-mpmath.mpf(x) + 1 - mpmath.exp(-t)) < mpmath.mpf(10) ** -35
            expected = (mpmath.mpf(x) * t - (mpmath.exp(-t) + t - 1)) / mpmath.mpf(x) ** 2
            assert abs(newton_factor(x) / expected - 1) < 1e-10
            assert expected <= t / mpmath.mpf(x)
    assert newton_factor(0.0) == 0.5
    assert newton_factor(1.0) == newton_factor(math.nan) == math.inf


def test_third_derivative_bound_of_softmax():
    """|third central moment| <= range * variance: the inequality under the whole proof, attained in the limit."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(2000):
        p = rng.dirichlet(np.full(rng.integers(2, 6), rng.choice([0.05, 1.0])))
        v = rng.normal(size=len(p))
        centred = v - p @ v
        third, variance = p @ centred**3, p @ centred**2
        assert abs(third) <= (np.ptp(v) * variance) * (1 + 1e-12)
        worst = max(worst, abs(third) / max(np.ptp(v) * variance, 1e-300))
    assert worst > 0.9


def test_curvature_is_a_lower_bound_of_the_hessian():
    """The lowered factor never exceeds the matrix, and refuses one that rounding could have made singular."""
    rng = np.random.default_rng(1)
    A = rng.normal(size=(30, 6)) * 10.0 ** np.array([-8, 0, 8, 3, -3, 0])
    H = A.T @ A
    found = Curvature(H, 1e-13)
    g = A.T @ rng.normal(size=30)
    assert found.sound
    exact = math.sqrt(g @ np.linalg.solve(H, g))
    assert exact <= found.decrement(g, np.zeros(6)) <= 1.02 * exact
    singular = np.column_stack([A, A[:, 0]])
    assert not Curvature(singular.T @ singular, 1e-13).sound


@pytest.mark.parametrize(("rows", "columns", "condition"), [(5, 1, 1.0), (4, 3, 1e6), (20, 6, 1e12)])
def test_bounds_of_what_a_row_can_do(rows, columns, condition):
    """In the inverse norm: never too small, and next to nothing too large for a row of its own; in any units."""
    rng = np.random.default_rng(2)
    size = rows * columns
    A = rng.normal(size=(3 * size, size)) * np.geomspace(1, condition**-0.5, size) * 10.0 ** rng.uniform(-6, 6, size)
    found = Curvature(A.T @ A, 1e-16)
    assert found.sound
    inverse = (found.inverse_root / found.scale).reshape(size, rows, columns)
    pairs = [(k, m) for k in range(columns) for m in range(k + 1, columns)]
    apart = [inverse[:, :, k] - inverse[:, :, m] for k, m in pairs] or [inverse[:, :, 0]]
    X = rng.normal(size=(100, rows))
    roots = found.spread_roots(rows, columns)
    assert len(roots) == len(apart)
    for T, C in zip(roots, apart, strict=True):
        exact = np.linalg.norm(X @ C.T, axis=1)
        assert (np.linalg.norm(X @ T, axis=1) >= exact).all()
        assert (np.linalg.norm(X @ T, axis=1) <= exact * (1 + 1e-6)).all()
    longest = np.linalg.norm(inverse.reshape(size, size), 2) * (1 if columns == 1 else 2**0.5)
    assert longest <= found.farthest(columns) <= 1.7 * longest


def test_the_rounding_of_a_gradient_widens_its_length_by_no_more_than_it_can():
    """The bound covers every gradient within the error, and is that of the worst one where the factor is a diagonal."""
    rng = np.random.default_rng(3)
    g, error = rng.normal(size=5), rng.uniform(0, 0.1, 5)
    H = np.diag(10.0 ** rng.uniform(-3, 3, 5))
    worst = math.sqrt((abs(np.linalg.inv(H) ** 0.5 @ g) ** 2).sum()) + math.sqrt(((np.linalg.inv(H) ** 0.5 @ error) ** 2).sum())
    assert worst <= Curvature(H, 1e-16).decrement(g, error) <= 1.011 * worst


@pytest.mark.parametrize("C", [0.01, 1.0])
def test_dual_gap_and_newton_bound_agree_on_real_data(C, monkeypatch):
    """Both proofs on breast cancer: the dual gap is the looser one, and both are above the truth."""
    X, y = datasets.load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    exact = fit_arrays(X, y, C=C).model
    monkeypatch.setattr(frame_module, "LogisticObjective", functools.partial(LogisticObjective, hessian_bytes=0))
    dual = fit_arrays(X, y, C=C, solver="lbfgs").model
    assert dual.certificate.kind == exact.certificate.kind == "proof"
    assert dual.certificate.status is Status.CONVERGED
    assert dual.certificate.value - exact.certificate.value <= dual.certificate.gap
    np.testing.assert_allclose(dual.predict_proba(X), exact.predict_proba(X), atol=1e-3)
