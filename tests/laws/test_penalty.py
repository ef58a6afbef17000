"""Laws of the penalties: value, gradient and curvature belong together; a factor of 0 leaves a row free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import logistic.penalty as module
from logistic.contracts import Penalty
from logistic.penalty import L2, ElasticNet

EXAMPLES: dict[type[Penalty], Callable[[float, Any], Penalty]] = {
    L2: L2,
    ElasticNet: lambda alpha, factor: ElasticNet(alpha, factor, 0.3),
}
MEMBERS = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Penalty) and c is not Penalty]
FACTOR = np.array([1.0, 0.25, 3.0, 0.0])
SHAPES = [(4, 1), (4, 3)]


@pytest.fixture(params=MEMBERS, ids=lambda c: c.__name__, name="make")
def _make(request: pytest.FixtureRequest) -> Callable[[float, Any], Penalty]:
    """Every concrete penalty; one that has no example here is a KeyError."""
    return EXAMPLES[request.param]


@pytest.fixture(params=SHAPES, ids=str, name="W")
def _W(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(1).normal(size=request.param)


def entry(shape: tuple[int, ...], j: int, k: int) -> np.ndarray:
    E = np.zeros(shape)
    E[j, k] = 1
    return E


def five_point(f: Callable[[float], Any], h: float = 2.0**-7) -> Any:
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def test_l2_is_half_alpha_factor_square() -> None:
    """The formula of the docstring, by hand."""
    W = np.array([[1.0, -2.0], [3.0, 0.5]])
    penalty = L2(0.5, np.array([2.0, 4.0]))
    assert penalty.value(W) == pytest.approx(0.25 * (2 * 5 + 4 * 9.25), rel=1e-15)
    np.testing.assert_allclose(penalty.gradient(W), [[1.0, -2.0], [6.0, 1.0]], rtol=1e-15)
    np.testing.assert_allclose(penalty.curvature(W), [1.0, 2.0], rtol=1e-15)


def test_gradient_is_the_derivative_of_the_value(make: Callable, W: np.ndarray) -> None:
    """Five-point stencil in every coefficient; the L1 part, where there is one, adds its strength and a sign."""
    penalty = make(0.7, FACTOR)
    W = np.where(abs(W) < 0.1, 0.1, W)
    grad = penalty.gradient(W)
    assert grad.shape == W.shape
    if penalty.l1 is not None:
        grad = grad + penalty.l1[:, None] * np.sign(W)
    for j, k in np.ndindex(*W.shape):
        E = entry(W.shape, j, k)
        assert five_point(lambda t, E=E: penalty.value(W + t * E)) == pytest.approx(grad[j, k], rel=1e-9, abs=1e-11)


def test_curvature_is_the_derivative_of_the_gradient(make: Callable, W: np.ndarray) -> None:
    """Five-point stencil: the same second derivative for every coefficient of a row, none between coefficients."""
    penalty = make(0.7, FACTOR)
    curvature = penalty.curvature(W)
    assert curvature.shape == (W.shape[0],)
    for j, k in np.ndindex(*W.shape):
        E = entry(W.shape, j, k)
        column = five_point(lambda t, E=E: penalty.gradient(W + t * E))
        np.testing.assert_allclose(column, curvature[j] * E, rtol=1e-9, atol=1e-11)


def test_factor_zero_leaves_a_row_free(make: Callable, W: np.ndarray) -> None:
    """The intercept costs nothing, wherever it goes."""
    penalty = make(0.7, FACTOR)
    moved = W.copy()
    moved[-1] = 1e9
    assert penalty.value(moved) == penalty.value(W) > 0
    assert not penalty.gradient(moved)[-1].any()
    assert penalty.gradient(moved)[:-1].all()
    assert penalty.curvature(moved)[-1] == 0


def test_alpha_zero_is_no_penalty(make: Callable, W: np.ndarray) -> None:
    """Zero everywhere: the maximum-likelihood fit."""
    penalty = make(0.0, FACTOR)
    assert penalty.value(W) == 0
    assert not penalty.gradient(W).any()
    assert not penalty.curvature(W).any()


def test_value_is_a_float_and_never_negative(make: Callable, W: np.ndarray) -> None:
    """A Python float, 0 at the origin, and convex along a line."""
    penalty = make(0.7, FACTOR)
    assert type(penalty.value(W)) is float
    assert penalty.value(0 * W) == 0
    ends, middle = (penalty.value(W) + penalty.value(-2 * W)) / 2, penalty.value(-W / 2)
    assert 0 <= middle <= ends


def test_numpy_equals_torch(make: Callable, W: np.ndarray) -> None:
    """The array decides, and the numbers are the same."""
    ours, theirs = make(0.7, FACTOR), make(0.7, torch.as_tensor(FACTOR))
    T = torch.as_tensor(W)
    assert type(theirs.value(T)) is float
    assert theirs.value(T) == pytest.approx(ours.value(W), rel=1e-14)
    assert isinstance(theirs.gradient(T), torch.Tensor)
    np.testing.assert_allclose(theirs.gradient(T).numpy(), ours.gradient(W), rtol=1e-15)
    np.testing.assert_allclose(theirs.curvature(T).numpy(), ours.curvature(W), rtol=1e-15)


def test_nothing_is_mutated(make: Callable, W: np.ndarray) -> None:
    """Coefficients and factors keep their bytes."""
    factor, before = FACTOR.copy(), W.copy()
    penalty = make(0.7, factor)
    penalty.value(W), penalty.gradient(W), penalty.curvature(W)
    assert W.tobytes() == before.tobytes()
    assert factor.tobytes() == FACTOR.tobytes()


def test_elastic_net_is_a_share_of_each(W: np.ndarray) -> None:
    """The formula of the docstring, by hand."""
    penalty = ElasticNet(0.7, FACTOR, 0.3)
    root = FACTOR**0.5
    by_hand = 0.7 * (0.3 * (root[:, None] * abs(W)).sum() + 0.35 * (FACTOR[:, None] * W**2).sum())
    assert penalty.value(W) == pytest.approx(by_hand, rel=1e-14)
    np.testing.assert_allclose(penalty.l1, 0.21 * root, rtol=1e-15)


def test_rows_are_the_penalty_of_some_rows(W: np.ndarray) -> None:
    """The others zero, the value is the same."""
    keep = [0, 2, 3]
    some = np.zeros_like(W)
    some[keep] = W[keep]
    penalty = ElasticNet(0.7, FACTOR, 0.3)
    part = penalty.rows(keep)
    assert part.value(W[keep]) == pytest.approx(penalty.value(some), rel=1e-15)
    np.testing.assert_array_equal(part.gradient(W[keep]), penalty.gradient(some)[keep])
    np.testing.assert_array_equal(part.curvature(W[keep]), penalty.curvature(some)[keep])


def test_an_elastic_net_made_stronger_or_of_some_rows_is_the_one_that_was_made_so() -> None:
    """Also after its strengths were asked for, which are formed then: they belong to no other penalty."""
    factor, keep = np.array([1.0, 0.25, 3.0, 0.0]), np.array([2, 0, 3])
    penalty = ElasticNet(0.5, factor, 0.3)
    for _ in range(2):
        cases = {
            "stronger": (penalty.times(4.0).times(0.5), ElasticNet(1.0, factor, 0.3)),
            "some rows": (penalty.times(3.0).rows(keep), ElasticNet(1.5, factor[keep], 0.3)),
            "itself": (penalty, ElasticNet(0.5, factor, 0.3)),
        }
        for found, wanted in cases.values():
            np.testing.assert_allclose(found.l1, wanted.l1, rtol=1e-15)
            np.testing.assert_allclose(found.strength, wanted.strength, rtol=1e-15)


@pytest.mark.parametrize("code", ["compiled", "plain"])
@pytest.mark.parametrize("shape", [(1, 1), (19, 1), (40, 3)])
def test_how_gradients_stand_to_kinks(shape: tuple[int, int], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the formulas of the docstrings; a row that is not penalised counts beyond its kink, and what is no number is told."""
    if code == "plain":
        monkeypatch.setattr("logistic.kernels.compiled", None)
    rng = np.random.default_rng(2)
    (q, M), gradient = shape, rng.normal(size=shape)
    l1, spread, share = rng.uniform(0.1, 1.0, q), rng.uniform(0.5, 1.0, q), rng.uniform(0.1, 0.2, M)
    wanted = max((abs(gradient[j, k]) + share[k] * spread[j] + 0.3) / l1[j] for j in range(q) for k in range(M))
    assert module.steepness(gradient, l1, spread, share, 0.3) == pytest.approx(wanted, rel=1e-14)
    assert module.steepness(torch.tensor(gradient), *map(torch.tensor, (l1, spread, share)), 0.3) == pytest.approx(wanted)
    assert module.steepness(gradient, l1) == pytest.approx((abs(gradient) / l1[:, None]).max(), rel=1e-14)
    wanted = max(0.0, *(abs(gradient[j, k]) - l1[j] for j in range(q) for k in range(M)))
    assert module.beyond(gradient, l1) == pytest.approx(wanted, rel=1e-14)
    assert module.beyond(0 * gradient, l1) == 0
    l1[-1], gradient[-1] = 0.0, 0.0  # an intercept that is the best one
    assert module.beyond(gradient, l1) == pytest.approx(max(0.0, *(abs(gradient) - l1[:, None]).ravel()), rel=1e-14)
    gradient[0] = np.nan
    l1[-1] = 1.0
    assert np.isnan(module.steepness(gradient, l1, spread, share, 0.3))
    assert np.isnan(module.steepness(gradient, l1))
    assert not 0 < module.beyond(gradient, l1) < np.inf
