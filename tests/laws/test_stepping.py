"""The function that an estimator minimises, in the units of the data, and solvers stepped on it by hand."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning

from logistic import InputError, LogisticRegression, solvers
from support import overlapping

UNITS = np.array([1e-3, 1.0, 1e3])


def rows(classes):
    """Columns in wild units, not centred."""
    X, y = overlapping(3, 120, 3, classes)
    return (X + np.array([1.0, -2.0, 3.0])) * UNITS, y


def columns(estimator, classes):
    """(p + 1, M): the published coefficients, the intercept last."""
    return (
        np.column_stack([estimator.coef_, estimator.intercept_]).T
        if classes > 2
        else np.append(estimator.coef_, estimator.intercept_)[:, None]
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_value_gradient_and_hessian_are_those_of_autograd(classes):
    """In the units of the data, with weights and a penalty that leaves the intercept alone."""
    X, y = rows(classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    F = LogisticRegression(alpha=0.01).objective(X, y, weight)
    W = np.random.default_rng(2).normal(size=F.shape) / 2 / np.append(UNITS, 1)[:, None]
    design, codes, share = (
        torch.as_tensor(np.column_stack([X, np.ones(len(y))])),
        torch.as_tensor(y),
        torch.as_tensor(weight / weight.sum()),
    )

    def value(flat):
        V = flat.reshape(F.shape)
        logits = design @ V
        logits = torch.cat([torch.zeros(len(y), 1), logits], dim=1) if classes == 2 else logits
        losses = torch.nn.functional.cross_entropy(logits, codes, reduction="none")
        return (share * losses).sum() + 0.005 * (V[:-1] ** 2).sum()

    flat = torch.tensor(W.ravel(), requires_grad=True)
    point = F.at(W)
    assert point.value == pytest.approx(value(flat).item(), rel=1e-12)
    (slope,) = torch.autograd.grad(value(flat), flat)
    np.testing.assert_allclose(point.grad.ravel(), slope, rtol=1e-8)
    theirs = torch.autograd.functional.hessian(value, flat).numpy()
    ours = F.hessian(point)
    if classes == 3:  # what is filled in where nothing changes: every class moved by the same vector
        together = np.kron(np.eye(4), np.ones((3, 3)) / 3)
        apart = np.eye(12) - together
        ours, theirs = apart @ ours @ apart, apart @ theirs @ apart
    size = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
    np.testing.assert_allclose(ours / size, theirs / size, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", [solvers.Newton(), solvers.LBFGS()])
def test_exact_solvers_stepped_by_hand_reach_the_optimum(solver, classes):
    """The last point is the certified optimum, and its proof comes without the fit."""
    X, y = overlapping(3, 120, 3, classes)
    estimator = LogisticRegression(C=np.inf)
    F = estimator.objective(X, y)
    assert not hasattr(estimator, "n_features_in_")
    *_, last = islice(solver(F, F.zeros()), 200)
    fitted = estimator.fit(X, y)
    moved, certificate = F.certify(last)
    assert certificate.kind == "proof"
    assert certificate.gap <= 1e-12
    np.testing.assert_allclose(
        moved.W - (moved.W.mean(axis=1, keepdims=True) if classes > 2 else 0), columns(fitted, classes), atol=1e-6
    )


@pytest.mark.parametrize(
    "solver",
    [solvers.GD(lr=0.1, epochs=20), solvers.SGD(lr=0.1, momentum=0.9, batch_size=33, epochs=20), solvers.Adam(lr=0.1, epochs=20)],
)
def test_textbook_solvers_stepped_by_hand_are_those_of_the_fit(solver):
    """The same losses, epoch by epoch, and the same coefficients."""
    X, y = overlapping(3, 120, 3, 3)
    estimator = LogisticRegression(C=1.0, solver=solver, random_state=0)
    F = estimator.objective(X, y)
    points = list(islice(solver(F, F.zeros()), 21))
    with pytest.warns(ConvergenceWarning):
        estimator.fit(X, y)
    np.testing.assert_allclose([point.value for point in points], estimator.history_["objective"], rtol=1e-12)
    losses = [point.value - F.penalty_value(point) for point in points]
    np.testing.assert_allclose(losses, estimator.history_["loss"], rtol=1e-12)
    W = points[-1].W
    np.testing.assert_allclose(W - W.mean(axis=1, keepdims=True), columns(estimator, 3), rtol=1e-9)


def test_kinks_are_refused_in_words():
    """A share of L1 has no gradient at zero."""
    X, y = rows(2)
    with pytest.raises(InputError, match=r"l1_ratio=0\.5 has kinks at zero"):
        LogisticRegression(l1_ratio=0.5).objective(X, y)
    with pytest.raises(InputError, match="kinks"):
        LogisticRegression(alpha=0.1, l1_ratio=1).objective(X, y)


def test_a_rate_that_nobody_can_choose_is_asked_for():
    """Not found out by a missing method."""
    F = LogisticRegression().objective(*rows(2))
    with pytest.raises(InputError, match=r"SGD\(lr=None\).*give lr"):
        list(islice(solvers.SGD()(F, F.zeros()), 2))


def test_a_point_of_another_objective_is_itself():
    """Two of the same rows: neither takes the other's points for its own, which it remembers."""
    X, y = rows(2)
    one, other = (LogisticRegression(alpha=0.01).objective(X, y) for _ in range(2))
    point = one.at(one.zeros() + 0.1)
    other.at(other.zeros())
    np.testing.assert_array_equal(other.hessian(point), one.hessian(point))
