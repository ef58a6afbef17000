"""Laws of fits with an L1 part: conditions of optimality, a gap that holds anywhere, and the numbers of other programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

from logistic import LogisticRegression
from logistic.backend import overflow_allowed
from logistic.contracts import Block, Spec, Stop
from logistic.designs import Dense, Intercept
from logistic.executor import InProcess
from logistic.frame import Frame
from logistic.loss import Binary, Softmax
from logistic.minimize import minimize
from logistic.nonsmooth import NonsmoothObjective
from logistic.outcome import Status
from logistic.penalty import ElasticNet
from logistic.solvers import ProxNewton
from logistic.solvers.accelerated import accelerated
from logistic.sources import ArraySource
from logistic.tasks import Rows
from support import Forgetful, fit_arrays, overlapping
from ugly import Ugly, ugly_problems

LONG = np.longdouble


def value_and_gradient(X: Any, y: np.ndarray, weight: np.ndarray, coef: np.ndarray, intercept: np.ndarray) -> tuple[Any, ...]:
    """Mean weighted loss and its gradient (M, p), (M,), in extended precision, from the definition."""
    eta = X.astype(LONG) @ coef.T.astype(LONG) + intercept.astype(LONG)
    logits = np.column_stack([np.zeros(len(eta), LONG), eta]) if eta.shape[1] == 1 else eta
    logits = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(logits).sum(axis=1))
    share = weight.astype(LONG) / weight.astype(LONG).sum()
    T = np.eye(logits.shape[1], dtype=LONG)[y]
    R = share[:, None] * (np.exp(logits - total[:, None]) - T)[:, -eta.shape[1] :]
    return float(share @ (total - (T * logits).sum(axis=1))), (R.T @ X.astype(LONG)).astype(float), R.sum(axis=0).astype(float)


def check_kkt(X: Any, y: np.ndarray, model: Any, weight: np.ndarray | None = None, tol: float = 1e-10) -> None:
    """The conditions of optimality in the units of the data, and the value that was published."""
    penalty = model.penalty
    weight = np.ones(len(y)) if weight is None else weight
    loss, G, G0 = value_and_gradient(X, np.searchsorted(model.classes, y), weight, model.coef, model.intercept)
    l1, square = penalty.alpha * penalty.l1_ratio, penalty.alpha * (1 - penalty.l1_ratio)
    size = np.sqrt((weight / weight.sum()) @ X**2)
    own = G + square * model.coef
    assert (abs(own + l1 * np.sign(model.coef))[model.coef != 0] <= tol * (size + 0 * own)[model.coef != 0]).all()
    assert (abs(own)[model.coef == 0] <= l1 + tol * (size + 0 * own)[model.coef == 0]).all()
    if model.fit_intercept:
        assert abs(G0).max() <= tol
    value = loss + l1 * abs(model.coef).sum() + square / 2 * (model.coef**2).sum()
    assert model.certificate.value == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("shape", [(200, 6), (50, 300), (150, 140)], ids=str)
def test_the_optimum_has_its_conditions(classes: int, l1_ratio: float, shape: tuple[int, int]) -> None:
    """Certified, exact zeros, and conditions that another program would check."""
    X, y = overlapping(3, *shape, classes)
    X = X * np.geomspace(0.3, 3, shape[1]) + 1
    weight = np.random.default_rng(0).uniform(0.2, 2, size=len(y))
    for rows in (X, csr_array(X)):
        model = fit_arrays(rows, y, weight, alpha=0.03, l1_ratio=l1_ratio).model
        assert model.certificate.status is Status.CONVERGED
        assert model.certificate.kind == "proof"
        assert "proxnewton" in model.solver
        assert 0 < (model.coef == 0).sum() < model.coef.size
        check_kkt(X, y, model, weight)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_saga_and_liblinear_end_at_the_same_coefficients(classes: int, l1_ratio: float) -> None:
    """scikit-learn's C and l1_ratio are these; its liblinear penalises the intercept, so it is compared without one."""
    from sklearn.linear_model import LogisticRegression as Theirs

    X, y = overlapping(4, 120, 8, classes)
    ours = LogisticRegression(C=0.4, l1_ratio=l1_ratio).fit(X, y)
    theirs = Theirs(C=0.4, l1_ratio=l1_ratio, solver="saga", tol=1e-13, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    if classes == 2 and l1_ratio == 1:
        ours = LogisticRegression(C=0.4, l1_ratio=1, fit_intercept=False).fit(X, y)
        theirs = Theirs(C=0.4, l1_ratio=1, solver="liblinear", fit_intercept=False, tol=1e-13, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)


def objective_of(ugly: Ugly, alpha: float, l1_ratio: float) -> NonsmoothObjective:
    source, executor = ArraySource(ugly.X, ugly.y, ugly.weight, ugly.offset), InProcess()
    choices = {name: ugly.choices[name] for name in ("fit_intercept", "standardize")}
    spec = Spec(alpha=alpha, l1_ratio=l1_ratio, **choices)
    raw = list(source.blocks(10_000))
    found = Frame.learned(executor, raw, source, spec).objective(executor, raw, None)
    assert isinstance(found, NonsmoothObjective)
    return found


@settings(max_examples=60, deadline=None)
@given(ugly_problems(), st.sampled_from([1.0, 0.9, 0.3]), st.sampled_from([0.3, 0.03, 1e-3]), st.integers(0, 2**32 - 1))
def test_no_gap_is_larger_than_its_proof(ugly: Ugly, l1_ratio: float, alpha: float, seed: int) -> None:
    """Anywhere, on ugly problems: the bound is no less than the way to the lowest value that was ever found."""
    objective = objective_of(ugly, alpha, l1_ratio)
    with overflow_allowed():
        best = minimize(objective, ProxNewton(), objective.zeros(), Stop(tol=1e-12, max_iter=300))
        if ugly.choices["standardize"]:  # in raw units a column may hardly be penalised, and then rounding widens the gap
            assert best.certificate.gap <= 1e-3 * best.certificate.value
        rng = np.random.default_rng(seed)
        for size in (1e-8, 1e-4, 1e-2, 1.0):
            W = best.point.W * (1 + size * rng.normal(size=best.point.W.shape))
            W = np.where((W == 0) & (rng.random(W.shape) < 0.2), 0.01 * size * rng.normal(size=W.shape), W)
            point, certificate = objective.certify(objective.at(W))
            assert certificate.kind == "proof" or size == 1.0  # so far away, saturated logits may leave the intercepts unsettled
            assert certificate.gap >= (point.value - best.point.value) - 1e-14 * abs(point.value)


@settings(max_examples=30, deadline=None)
@given(ugly_problems(), st.sampled_from([1.0, 0.5]))
def test_ugly_problems_end_certified(ugly: Ugly, l1_ratio: float) -> None:
    """With every coefficient penalised there is an optimum: it is found, or rounding is in the way and the gap says how far.

    Columns of size 1e8 in their own units are hardly penalised beside others; then the gradient's rounding counts against a
    strength of 1e-10.
    """
    strength = {"C": None, "alpha": 0.01, "l1_ratio": l1_ratio, "solver": "auto"}
    found = ugly.fit(**strength, standardize=True).model.certificate
    assert found.status in (Status.CONVERGED, Status.PRECISION_FLOOR)
    found = ugly.fit(**strength, standardize=False).model.certificate
    assert found.kind == "proof"
    if found.status not in (Status.CONVERGED, Status.PRECISION_FLOOR):
        assert found.status in (Status.UNDETERMINED, Status.MAX_ITER)
        assert np.abs(ugly.X.astype(float)).max() > 1e3


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_forgetful_executors_blocks_and_tensors_agree(classes: int) -> None:
    """Nothing remembered, rows in pieces, or torch: the same coefficients."""
    X, y = overlapping(5, 90, 130, classes)
    model = fit_arrays(X, y, alpha=0.03, l1_ratio=1.0).model
    forgetful = fit_arrays(X, y, alpha=0.03, l1_ratio=1.0, executor=Forgetful()).model
    np.testing.assert_allclose(forgetful.coef, model.coef, rtol=1e-9, atol=1e-13)

    def ended(convert: Any, cuts: list[int]) -> Any:
        parts = [
            Block(Intercept(Dense(convert(A))), convert(b), convert(np.ones(len(b))))
            for A, b in zip(np.split(X, cuts), np.split(y, cuts), strict=True)
        ]
        rows = Rows(InProcess(), parts, 90, 90.0, convert(np.full(131, 1e-16)))
        factor = convert(np.append(np.ones(130), 0.0))
        objective = NonsmoothObjective(Binary() if classes == 2 else Softmax(classes), ElasticNet(0.03, factor, 0.8), rows, True)
        return minimize(objective, ProxNewton(), objective.zeros(), Stop())

    one, pieces, tensors = ended(np.asarray, []), ended(np.asarray, [20, 50]), ended(torch.as_tensor, [])
    assert one.certificate.status is pieces.certificate.status is tensors.certificate.status is Status.CONVERGED
    np.testing.assert_allclose(pieces.point.W, one.point.W, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(tensors.point.W.numpy(), one.point.W, rtol=1e-9, atol=1e-13)


def test_units_do_not_matter_where_columns_are_standardised() -> None:
    """Scales from 1e-8 to 1e8 and large shifts: the same zeros, coefficients in inverse units."""
    X, y = overlapping(6, 150, 10, 2)
    units = np.geomspace(1e-8, 1e8, 10)
    plain = fit_arrays(X, y, alpha=0.03, l1_ratio=1.0, standardize=True).model
    scaled = fit_arrays((X + 3) * units, y, alpha=0.03, l1_ratio=1.0, standardize=True).model
    np.testing.assert_allclose(scaled.coef * units, plain.coef, rtol=1e-8, atol=1e-14)
    assert scaled.certificate.status is Status.CONVERGED


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_largest_strength_is_the_first_at_which_all_are_zero(classes: int, l1_ratio: float) -> None:
    """Just above it nothing is left; just below it something is."""
    X, y = overlapping(7, 80, 120, classes)
    source, executor = ArraySource(X, y), InProcess()
    raw = list(source.blocks(1000))
    frame = Frame.learned(executor, raw, source, Spec(alpha=1.0, l1_ratio=l1_ratio))
    objective = frame.objective(executor, raw, None)
    start, multiple = objective.largest_strength()
    for factor, nothing in ((1.0001, True), (0.999, False)):
        there = objective.with_penalty(frame.elastic_net(multiple * factor, frame.spec.l1_ratio, frame.units), start)
        found = minimize(there, ProxNewton(), start.W, Stop())
        assert found.certificate.status is Status.CONVERGED
        assert (found.point.W[:-1] == 0).all() == nothing


@pytest.mark.parametrize("classes", [2, 3])
def test_a_path_ends_where_single_fits_end(classes: int) -> None:
    """One encoding, many strengths, each begun at the last: every strength certified, every answer that of its own fit."""
    X, y = overlapping(8, 60, 250, classes)
    source, executor = ArraySource(X, y), InProcess()
    raw = list(source.blocks(1000))
    frame = Frame.learned(executor, raw, source, Spec(alpha=1.0, l1_ratio=1.0))
    objective = frame.objective(executor, raw, None)
    point, most = objective.largest_strength()
    for alpha in most * np.geomspace(1, 0.02, 12):
        objective = objective.with_penalty(frame.elastic_net(alpha, frame.spec.l1_ratio, frame.units), point)
        found = minimize(objective, ProxNewton(), point.W, Stop())
        point = found.point
        assert found.certificate.status is Status.CONVERGED
        alone = fit_arrays(X, y, alpha=alpha, l1_ratio=1.0).model
        assert found.certificate.value == pytest.approx(alone.certificate.value, rel=2e-8)
        coef = (point.W[:-1] / frame.scale[:, None]).T
        if classes == 2:
            np.testing.assert_allclose(coef, alone.coef, atol=1e-6)


def counted(seed: int, n: int, p: int, classes: int) -> tuple[csr_array, np.ndarray]:
    """Rows of a few positive numbers each, in columns of which some are common and most are rare, as words are."""
    rng = np.random.default_rng(seed)
    chosen = rng.random((n, p)) < np.minimum(3.0 / (np.arange(p) + 3.0), 0.9)
    X = np.where(chosen, 1 + rng.exponential(size=(n, p)), 0.0) * np.log(np.arange(p) + 3.0)
    X = X / (np.sqrt((X**2).sum(axis=1)) + 1e-300)[:, None]
    y = (X @ rng.normal(size=(p, classes)) * 5 + rng.gumbel(size=(n, classes))).argmax(axis=1)
    return csr_array(X), y


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_accelerated_steps_end_where_faces_do(l1_ratio: float, classes: int, intercept: bool) -> None:
    """Sparse rows and many coefficients: the zeros, the coefficients and the proof that the same rows have where they are dense."""
    X, y = counted(12, 150, 2500 if classes == 2 else 700, classes)
    choices = {"alpha": 0.002, "l1_ratio": l1_ratio, "fit_intercept": intercept, "stop": Stop(tol=1e-10)}
    quick, plain = fit_arrays(X, y, **choices), fit_arrays(X.toarray(), y, **choices)
    assert quick.model.certificate.status is plain.model.certificate.status is Status.CONVERGED
    assert (np.diff([record.value for record in quick.solution.trace]) <= 0).all()
    assert quick.model.certificate.value == pytest.approx(plain.model.certificate.value, rel=3e-10)
    if l1_ratio < 1:  # (alpha / 4) |difference|² is at most the gap; without squares columns may do for each other
        np.testing.assert_allclose(quick.model.coef, plain.model.coef, rtol=0, atol=1e-3)
    assert 0.5 < (quick.model.coef != 0).sum() / (plain.model.coef != 0).sum() < 2
    check_kkt(X.toarray(), y, quick.model, tol=1e-5)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
def test_accelerated_steps_are_few_where_columns_have_one_sign(classes: int, intercept: bool) -> None:
    """The intercept takes up what columns have in common, or a gradient would need thousands of steps."""
    X, y = counted(13, 400, 2500, classes)
    source, executor = ArraySource(X, y), InProcess()
    raw = list(source.blocks(1000))
    frame = Frame.learned(executor, raw, source, Spec(alpha=0.001, l1_ratio=0.5, fit_intercept=intercept))
    objective = frame.objective(executor, raw, None)
    assert isinstance(objective, NonsmoothObjective)
    assert "proximal" in objective.offers
    start = objective.at(objective.zeros())
    points = list(accelerated(objective, start))
    assert points[-1].value < start.value
    last = points[-1].value
    assert sum(point.value > last * (1 + 1e-8) for point in points) <= (20 if intercept else 80)


@pytest.mark.parametrize("intercept", [True, False])
def test_a_proximal_step_is_the_least_of_its_model(intercept: bool) -> None:
    """No other coefficients have a smaller model, the square of the distance included."""
    X, y = counted(14, 60, 900, 3)
    source, executor = ArraySource(X, y), InProcess()
    raw = list(source.blocks(1000))
    objective = Frame.learned(executor, raw, source, Spec(alpha=0.02, l1_ratio=0.5, fit_intercept=intercept)).objective(
        executor, raw, None
    )
    assert isinstance(objective, NonsmoothObjective)
    rng = np.random.default_rng(15)
    V = 0.1 * rng.normal(size=objective.shape)
    point = objective.at(V)
    step, square = objective.proximal(point)

    def model(W: np.ndarray) -> float:
        l1 = np.asarray(objective.l1)[:, None]
        return float((point.grad * (W - V)).sum() + 1.7 / 2 * square(W - V) + (l1 * abs(W)).sum())

    W = np.asarray(step(V, point.grad, 1.7))
    assert (W == 0).any()
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(20):
            assert model(W + size * rng.normal(size=W.shape) * (rng.random(W.shape) < 0.1)) >= model(W)


def test_the_penalty_decides_what_is_common_to_the_classes() -> None:
    """A median of the classes is zero, and moving a row can only cost; intercepts sum to zero."""
    X, y = overlapping(9, 150, 5, 3)
    model = fit_arrays(X, y, alpha=0.01, l1_ratio=1.0).model
    assert (np.median(model.coef, axis=0) == 0).all()
    assert model.base.sum() == pytest.approx(0, abs=1e-12)


def test_faces_know_the_share_of_l1(tmp_path: Any) -> None:
    """Words, files, warm starts, limits, early shapes: as without."""
    import logistic

    X, y = overlapping(10, 80, 6, 2)
    fitted = LogisticRegression(C=0.3, l1_ratio=0.5).fit(X, y)
    assert "penalty='elasticnet'" in repr(fitted)
    assert "elastic net (l1_ratio=0.5) penalty, C=0.3" in str(fitted.summary())
    assert f"nonzero      {(fitted.coef_ != 0).sum()} of 6 coefficients" in str(fitted.summary())
    fitted.save(tmp_path / "m.safetensors")
    again = logistic.load(tmp_path / "m.safetensors")
    assert again == fitted.model_
    assert LogisticRegression.from_model(again).l1_ratio == 0.5
    warm = LogisticRegression(C=0.3, l1_ratio=0.5, warm_start=True).fit(X, y)
    np.testing.assert_allclose(warm.fit(X, y).coef_, fitted.coef_, rtol=1e-9)
    none = LogisticRegression(C=0.3, l1_ratio=1, max_iter=0)
    with pytest.warns(UserWarning, match="max_iter"):
        none.fit(X, y)
    assert not none.coef_.any()
    assert LogisticRegression(alpha=0, l1_ratio=1).fit(X, y).model_.penalty.l1_ratio == 0
    assert LogisticRegression(l1_ratio=1).fit(X.astype(np.float32), y).coef_.dtype == np.float32
    soft = np.column_stack([1 - y, y]) * 0.8 + 0.1
    kept = LogisticRegression(C=0.3, l1_ratio=1).fit(X, soft, offset=0.1 * X[:, 0])
    assert kept.certificate_.status is Status.CONVERGED
    sparse = LogisticRegression(C=0.1, l1_ratio=1).fit(X, y).sparsify().coef_
    assert sparse.nnz == (sparse.toarray() != 0).sum() < 6
