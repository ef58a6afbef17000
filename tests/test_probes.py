"""The places where the contract is pressed hardest, one small test each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from logistic.backend import Array, largest, like, to_numpy
from logistic.contracts import Batch, Line, Objective, Point, Stop
from logistic.designs import Dense, Intercept, Scaled, Sparse
from logistic.loss import Binary, Softmax
from logistic.minimize import minimize
from logistic.outcome import Certificate
from logistic.penalty import L2
from logistic.solvers import LBFGS, Newton
from support import EXACT, Forgetful, fit_arrays, overlapping


def test_binary_is_softmax_with_a_zero_logit():
    """Value, gradient, Hessian and penalty of Binary(eta) are those of Softmax([0, eta])."""
    rng = np.random.default_rng(0)
    eta, y, V = rng.normal(size=(50, 1)) * 5, rng.integers(0, 2, 50), rng.normal(size=(50, 1))
    one, two, zero = Binary(), Softmax(2), np.zeros((50, 1))
    both, direction = np.hstack([zero, eta]), np.hstack([zero, V])
    value, residual = one.evaluate(eta, y)
    value2, residual2 = two.evaluate(both, y)
    np.testing.assert_allclose(value, value2, rtol=1e-14)
    np.testing.assert_allclose(residual[:, 0], residual2[:, 1], rtol=1e-14)
    np.testing.assert_allclose(one.curvature(eta, V)[:, 0], two.curvature(both, direction)[:, 1], rtol=1e-13)
    (_, _, h), *_ = one.curvature_pairs(eta)
    pairs = {(k, m): found for k, m, found in two.curvature_pairs(both)}
    np.testing.assert_allclose(h, pairs[1, 1], rtol=1e-13)
    W = rng.normal(size=(4, 1))
    factor = np.array([1.0, 2.0, 3.0, 0.0])
    penalty = L2(0.3, factor)
    padded = np.hstack([np.zeros((4, 1)), W])
    assert penalty.value(W) == pytest.approx(penalty.value(padded), rel=1e-15)
    np.testing.assert_array_equal(penalty.gradient(W)[:, 0], penalty.gradient(padded)[:, 1])


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_forgetful_executor_gives_the_same_answer(solver, classes, alpha):
    """Every solver reaches the same coefficients when nothing is remembered between tasks."""
    X, y = overlapping(1, 300, 3, classes)
    here = fit_arrays(X, y, solver=solver, alpha=alpha).model
    there = fit_arrays(X, y, solver=solver, alpha=alpha, executor=Forgetful()).model
    assert here.certificate.status is there.certificate.status
    np.testing.assert_allclose(there.coef, here.coef, rtol=1e-11, atol=1e-12)


class ModuleObjective(Objective):
    """Any differentiable function of one flat parameter vector, by autograd; nothing is known about convexity."""

    offers = frozenset({"gradient", "line", "hessian"})

    def __init__(self, module: torch.nn.Module, X: torch.Tensor, y: torch.Tensor, alpha: float) -> None:
        self.module, self.X, self.y, self.alpha = module, X, y, alpha
        self.shape = (sum(p.numel() for p in module.parameters()),)
        self.names = [name for name, _ in module.named_parameters()]
        self.sizes = [p.shape for p in module.parameters()]
        self.batch_losses = []

    def value(self, flat: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy + L2 on everything that is not a bias."""
        parts = torch.split(flat, [size.numel() for size in self.sizes])
        named = {name: part.reshape(size) for name, part, size in zip(self.names, parts, self.sizes, strict=True)}
        loss = torch.nn.functional.cross_entropy(torch.func.functional_call(self.module, named, (self.X,)), self.y)
        return loss + self.alpha / 2 * sum((part**2).sum() for name, part in named.items() if "bias" not in name)

    def at(self, W: Array) -> Point:
        """Value and gradient by autograd."""
        flat = W.detach().requires_grad_()
        value = self.value(flat)
        return Point(W, float(value.detach()), torch.autograd.grad(value, flat)[0], None)

    def line(self, point: Point, direction: Array) -> Line:
        """A line that evaluates from scratch."""
        objective = self

        class Along(Line):
            def __call__(self, t: float) -> tuple[float, float]:
                there = self.point(t)
                return there.value, float((there.grad * direction).sum())

            def point(self, t: float) -> Point:
                return objective.at(point.W + t * direction)

        return Along()

    def hessian(self, point: Point) -> Array:
        """By autograd, with the surplus freedom of softmax filled in."""
        H = torch.autograd.functional.hessian(self.value, point.W)
        return H + 1e-9 * torch.eye(H.shape[0], dtype=H.dtype)

    def batches(self, size: int | None) -> Iterator[Batch]:
        """All rows at once."""
        yield lambda W: (self.at(W).value, self.at(W).grad, 1.0)

    def accuracy(self, point: Point) -> float:
        """Not asked for."""
        return float("nan")

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """Nothing is certified: a module need not be convex."""
        return point, Certificate(point.value, float("inf"), "none", largest(point.grad))


@pytest.mark.parametrize("solver", [Newton(), LBFGS()], ids=lambda s: s.name)
def test_a_linear_layer_runs_through_the_same_solvers(solver):
    """An objective over the flat parameters of one nn.Linear ends where our own objective ends."""
    X, y = overlapping(2, 400, 4, 3)
    ours = fit_arrays(X, y, alpha=0.05).model
    module = torch.nn.Linear(4, 3, dtype=torch.float64)
    objective = ModuleObjective(module, torch.as_tensor(X), torch.as_tensor(y), 0.05)
    found = minimize(objective, solver, torch.zeros(objective.shape, dtype=torch.float64), Stop(max_iter=60))
    weight, bias = np.split(to_numpy(found.point.W), [12])
    np.testing.assert_allclose(weight.reshape(3, 4), ours.coef, atol=2e-7)
    np.testing.assert_allclose(bias - bias.mean(), ours.intercept - ours.intercept.mean(), atol=2e-7)
    assert found.certificate.kind == "none"
    assert found.point.value == pytest.approx(ours.certificate.value, rel=1e-12)


def test_design_laws_hold_on_csr():
    """Sparse, scaled and with an intercept: the three products equal the dense ones and are adjoint."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 6)) * (rng.random((40, 6)) < 0.3)
    scale, h = rng.uniform(0.5, 2, 6), rng.random(40)
    W, G = rng.normal(size=(7, 2)), rng.normal(size=(40, 2))
    sparse, dense = (Intercept(Scaled(design, None, scale)) for design in (Sparse(csr_array(X)), Dense(X)))
    np.testing.assert_allclose(sparse.matmul(W), dense.matmul(W), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sparse.rmatmul(G), dense.rmatmul(G), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sparse.gram(h), dense.gram(h), rtol=1e-12, atol=1e-14)
    assert np.vdot(sparse.matmul(W), G) == pytest.approx(np.vdot(W, sparse.rmatmul(G)), rel=1e-12)
    assert like([1.0], W).dtype == W.dtype
