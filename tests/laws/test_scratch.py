"""Softmax regression from scratch agrees with torch, with the package's certified optima, and with the five lessons."""

from __future__ import annotations

import ast
import math
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import minimize

from logistic.learn import scratch
from logistic.loss import Binary, Softmax
from support import fit_arrays, overlapping

quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)


class Problem(NamedTuple):
    """Parameters, rows, targets, weights."""

    W: np.ndarray
    b: np.ndarray
    X: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None


def problem(seed: int, K: int = 3, soft: bool = False, weighted: bool = True, size: float = 1.0) -> Problem:
    """Any parameters, rows that count differently (a third of them not at all), logits about as large as ``size``."""
    rng = np.random.default_rng(seed)
    n, p = 17, 4
    targets = rng.dirichlet(np.ones(K), size=n) if soft else rng.integers(K, size=n)
    if soft:
        targets[0] = np.eye(K)[0]
    weights = rng.uniform(size=n) * (rng.uniform(size=n) > 1 / 3) + np.eye(n)[0] if weighted else None
    return Problem(size * rng.normal(size=(p, K)), size * rng.normal(size=K), rng.normal(size=(n, p)), targets, weights)


problems = st.builds(
    problem,
    st.integers(0, 10**6),
    K=st.integers(2, 5),
    soft=st.booleans(),
    weighted=st.booleans(),
    size=st.sampled_from([0.1, 1.0, 30.0, 1e4]),
)

# ---------------------------------------------------------------------------------------------------------------- reading it


def test_it_is_numpy_alone_and_short() -> None:
    """A learner needs nothing but NumPy, and 150 lines."""
    text = Path(scratch.__file__).read_text()
    found = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    found |= {str(node.module) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert found == {"__future__", "collections.abc", "numpy"}
    assert len(text.splitlines()) <= 150


# ------------------------------------------------------------------------------------------------------- probabilities and loss


@quick
@given(problems)
def test_probabilities_are_those_of_the_package(given_: Problem) -> None:
    """Rows sum to 1, logarithms stay finite, and both are the package's, however large the logits."""
    logits = scratch.scores(given_.W, given_.b, given_.X)
    p, log_p = scratch.softmax(logits), scratch.log_softmax(logits)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15 * p.shape[1])
    assert np.isfinite(log_p).all()
    loss = Softmax(p.shape[1])
    np.testing.assert_allclose(p, loss.probabilities(logits), rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(log_p, loss.log_probabilities(logits), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shift", [-1e4, 1e4, 700.0])
def test_a_shift_of_all_logits_changes_nothing(shift: float) -> None:
    """Softmax knows only differences of logits; without the maximum subtracted this overflows."""
    logits = np.array([[0.0, 1.0, -2.0], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(scratch.softmax(logits + shift), scratch.softmax(logits), rtol=1e-11)
    np.testing.assert_allclose(scratch.log_softmax(logits + shift), scratch.log_softmax(logits), rtol=1e-11)


def test_the_corners_of_the_loss() -> None:
    """Certain and wrong costs the whole margin, certain and right nothing, undecided ln K; K = 1 is always right."""
    far = np.array([[1e4, -1e4], [-1e4, 1e4]])
    assert scratch.cross_entropy(far, np.array([1, 0])) == 2e4
    assert scratch.cross_entropy(far, np.array([0, 1])) == 0
    assert scratch.cross_entropy(far, np.array([[0.5, 0.5], [0.5, 0.5]])) == 1e4
    assert scratch.binary_cross_entropy(np.array([2e4, -2e4]), np.array([0, 1])) == 2e4
    assert scratch.cross_entropy(np.zeros((5, 7)), np.arange(5)) == pytest.approx(math.log(7), rel=1e-15)
    assert scratch.cross_entropy(np.array([[3.0], [4.0]]), np.array([0, 0])) == 0


@quick
@given(problems)
def test_all_spellings_of_the_cross_entropy_are_equal(given_: Problem) -> None:
    """From logits or log-probabilities, codes or one-hot rows; torch's spellings and the package's loss agree."""
    logits, targets, weights = scratch.scores(given_.W, given_.b, given_.X), given_.targets, given_.weights
    K = logits.shape[1]
    value = scratch.cross_entropy(logits, targets, weights)
    rows = scratch.one_hot(targets, K) if targets.ndim == 1 else targets
    share = np.ones(len(logits)) / len(logits) if weights is None else weights / weights.sum()
    assert scratch.cross_entropy(logits, rows, weights) == pytest.approx(value, rel=1e-13)
    log_p = scratch.log_softmax(logits)
    assert scratch.cross_entropy_of_log_probabilities(log_p, rows, weights) == pytest.approx(value, rel=1e-13)
    losses = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(targets), reduction="none").numpy()
    assert share @ losses == pytest.approx(value, rel=1e-12, abs=1e-15)
    assert share @ Softmax(K).evaluate(logits, targets)[0] == pytest.approx(value, rel=1e-12, abs=1e-15)
    if targets.ndim == 1:
        assert scratch.nll(log_p, targets, weights) == value
    if K == 2:
        apart, second = logits[:, 1] - logits[:, 0], rows[:, 1]
        assert scratch.binary_cross_entropy(apart, second, weights) == pytest.approx(value, rel=1e-12, abs=1e-15)
        assert share @ Binary().evaluate(apart[:, None], targets)[0] == pytest.approx(value, rel=1e-12, abs=1e-15)


def test_softmax_of_two_classes_is_the_sigmoid() -> None:
    """Only the difference of the two logits counts."""
    logits = np.random.default_rng(0).normal(size=(50, 2)) * 5
    sigmoid = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    np.testing.assert_allclose(scratch.softmax(logits)[:, 1], sigmoid, rtol=1e-14)


def test_softmax_twice_keeps_the_loss_above_its_floor() -> None:
    """The slip of the MNIST lesson: even perfect logits cost ln(1 + (K - 1) / e) = 1.4612 for ten classes."""
    twice = scratch.cross_entropy(scratch.softmax(1e4 * np.eye(10)), np.arange(10))
    assert twice == pytest.approx(math.log(1 + 9 / math.e), rel=1e-14)
    assert round(twice, 4) == 1.4612


# ------------------------------------------------------------------------------------------------------------------- gradient


@quick
@given(problems, st.sampled_from([0.0, 0.3]))
def test_the_gradient_is_that_of_autograd(given_: Problem, alpha: float) -> None:
    """By hand as by torch's tape: weights, soft targets, the penalty that spares the bias."""
    dW, db = scratch.gradient(*given_, alpha)
    W, b = (torch.tensor(value, requires_grad=True) for value in given_[:2])
    X, targets = torch.tensor(given_.X), torch.tensor(given_.targets)
    weights = torch.ones(len(X), dtype=torch.float64) if given_.weights is None else torch.tensor(given_.weights)
    losses = torch.nn.functional.cross_entropy(X @ W + b, targets, reduction="none")
    value = (weights * losses).sum() / weights.sum() + alpha / 2 * (W**2).sum()
    value.backward()
    assert value.item() == pytest.approx(scratch.loss(*given_, alpha), rel=1e-12, abs=1e-15)
    assert W.grad is not None and b.grad is not None  # noqa: PT018 - for the type checker
    np.testing.assert_allclose(dW, W.grad.numpy(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(db, b.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("K", [2, 3, 6])
def test_the_gradient_is_that_of_finite_differences(K: int, soft: bool) -> None:
    """Central differences of ``objective`` in every coordinate."""
    given_ = problem(K, K, soft)
    flat, step = scratch.flatten(given_[:2]), 1e-5
    found = scratch.objective(flat, given_.X, given_.targets, K, given_.weights, 0.3)[1]
    for j, unit in enumerate(np.eye(len(flat))):
        up, down = (
            scratch.objective(flat + sign * step * unit, given_.X, given_.targets, K, given_.weights, 0.3)[0] for sign in (1, -1)
        )
        assert (up - down) / (2 * step) == pytest.approx(found[j], abs=1e-9)


@quick
@given(problems, st.floats(1e-3, 1e3))
def test_weights_count_rows(given_: Problem, factor: float) -> None:
    """Weight 0 is a row left out, all weights times a number change nothing, and weight 2 is the row twice."""
    W, b, X, targets, weights = given_
    kept = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
    kept_weights = np.ones(len(X))[kept] if weights is None else weights[kept]
    value, gradient = scratch.loss(*given_), scratch.flatten(scratch.gradient(*given_))
    twice = np.concatenate([kept, kept[:2]])
    doubled = kept_weights * np.where(np.arange(len(kept)) < 2, 2, 1)
    pairs = [
        ((X[kept], targets[kept], factor * kept_weights), value, gradient),
        (
            (X[twice], targets[twice], np.concatenate([kept_weights, kept_weights[:2]])),
            scratch.loss(W, b, X[kept], targets[kept], doubled),
            scratch.flatten(scratch.gradient(W, b, X[kept], targets[kept], doubled)),
        ),
    ]
    for rows, right, slope in pairs:
        assert scratch.loss(W, b, *rows) == pytest.approx(right, rel=1e-12, abs=1e-15)
        np.testing.assert_allclose(scratch.flatten(scratch.gradient(W, b, *rows)), slope, rtol=1e-10, atol=1e-13)


@quick
@given(problems)
def test_the_gradient_sums_to_zero_over_the_classes(given_: Problem) -> None:
    """Adding one vector to every class changes nothing: softmax's surplus freedom."""
    dW, db = scratch.gradient(*given_)
    np.testing.assert_allclose(dW.sum(axis=1), 0, atol=1e-12)
    assert db.sum() == pytest.approx(0, abs=1e-12)


# -------------------------------------------------------------------------------------------------------- flatten and unflatten

finite = st.floats(allow_nan=False, allow_infinity=False)
shapes = st.one_of(st.just(()), array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))


@quick
@given(st.lists(shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=finite)), max_size=4))
def test_unflatten_undoes_flatten(given_: list[np.ndarray]) -> None:
    """Arrays of any shapes come back: empty ones, single numbers, and no array at all."""
    flat = scratch.flatten(given_)
    assert flat.shape == (sum(array.size for array in given_),)
    back = scratch.unflatten(flat, [array.shape for array in given_])
    assert [array.shape for array in back] == [array.shape for array in given_]
    assert all(np.array_equal(a, b) for a, b in zip(back, given_, strict=True))
    np.testing.assert_array_equal(scratch.flatten(back), flat)


def test_flatten_takes_plain_numbers_in_order() -> None:
    """A bias may be a plain number; it comes back as an array without dimensions."""
    flat = scratch.flatten([np.array([[1, 2], [3, 4]]), 5.0, np.array(6)])
    assert flat.tolist() == [1, 2, 3, 4, 5, 6]
    assert scratch.unflatten(flat, [(2, 2), (), ()])[1].shape == ()


@pytest.mark.parametrize("length", [5, 7])
def test_unflatten_refuses_another_length(length: int) -> None:
    """Neither too few numbers nor too many."""
    with pytest.raises(ValueError, match=f"flat holds {length} numbers, but the shapes hold 6"):
        scratch.unflatten(np.zeros(length), [(2, 2), (2,)])


# ---------------------------------------------------------------------------------------------------------- against the package


def minimised(
    X: np.ndarray, y: np.ndarray, K: int, weights: np.ndarray | None = None, alpha: float = 0.0
) -> tuple[np.ndarray, ...]:
    """Class-centred W and b where BFGS ends, and the value."""
    start = np.zeros((X.shape[1] + 1) * K)
    found = minimize(scratch.objective, start, (X, y, K, weights, alpha), jac=True, method="BFGS", options={"gtol": 1e-9})
    W, b = scratch.unflatten(found.x, [(X.shape[1], K), (K,)])
    return W - W.mean(axis=1, keepdims=True), b - b.mean(), found.fun


@pytest.mark.parametrize("soft", [False, True], ids=["labels", "distributions"])
@pytest.mark.parametrize("alpha", [0.0, 0.05])
@pytest.mark.parametrize("K", [2, 3, 5])
def test_bfgs_on_it_ends_at_the_certified_optimum(K: int, alpha: float, soft: bool) -> None:
    """The package's optimum is this objective's, value and coefficients; two classes as softmax bear half of alpha each."""
    X, y = overlapping(K, 200, 3, K)
    rng = np.random.default_rng(K)
    weights = rng.uniform(0, 3, size=len(y)) * (rng.uniform(size=len(y)) > 0.2)
    targets = 0.7 * scratch.one_hot(y, K) + 0.3 * rng.dirichlet(np.ones(K), size=len(y)) if soft else y
    fitted = fit_arrays(X, targets, weights, alpha=alpha)
    assert fitted.solution.certificate.status.certified
    alpha_per_class = 2 * alpha if K == 2 else alpha  # w = w1 - w0 with w1 = -w0: |w|² = 2 (|w0|² + |w1|²)
    W, b, value = minimised(X, targets, K, weights, alpha_per_class)
    assert value == pytest.approx(fitted.solution.certificate.value, rel=1e-12)
    coef, intercept = fitted.model.coef, fitted.model.intercept
    if K == 2:
        W, b = W[:, 1:] - W[:, :1], b[1:] - b[:1]
    np.testing.assert_allclose(W.T, coef, atol=1e-6)
    np.testing.assert_allclose(b, intercept, atol=1e-6)


def test_gradient_descent_walks_down_to_the_certified_optimum() -> None:
    """The trace starts at the start, never rises at a small rate, ends at the answer's loss; the start stays as it was."""
    X, y = overlapping(3, 300, 2, 3)
    start = (np.full((2, 3), 0.5), np.zeros(3))
    W, b, losses = scratch.gradient_descent(start, X, y, learning_rate=1.0, epochs=2000, alpha=0.01)
    assert len(losses) == 2001
    assert losses[0] == scratch.loss(*start, X, y, alpha=0.01)
    assert losses[-1] == scratch.loss(W, b, X, y, alpha=0.01)
    assert all(later <= earlier + 1e-14 for earlier, later in pairwise(losses))
    assert (start[0] == 0.5).all()
    model = fit_arrays(X, y, alpha=0.01).model
    np.testing.assert_allclose((W - W.mean(axis=1, keepdims=True)).T, model.coef, atol=1e-8)
    np.testing.assert_allclose(scratch.predict_proba(W, b, X), model.predict_proba(X), atol=1e-8)
    np.testing.assert_array_equal(scratch.predict(W, b, X), model.predict(X))
    assert scratch.accuracy(scratch.predict(W, b, X), y) == np.mean(model.predict(X) == y)


def test_gradient_descent_of_no_epochs_is_the_start() -> None:
    """One loss, the same parameters."""
    given_ = problem(0)
    W, b, losses = scratch.gradient_descent(given_[:2], given_.X, given_.targets, epochs=0)
    assert losses == [scratch.loss(given_.W, given_.b, given_.X, given_.targets)]
    assert W is given_.W
    assert b is given_.b


EXACT_W = [[0.43996978, 0.06424368, -0.50421346], [-0.33574937, -0.01095525, 0.34670462]]
EXACT_B = [-0.01195943, 0.12594359, -0.11398417]
