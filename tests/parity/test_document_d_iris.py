"""Document D: logistic regression with PyTorch (probml, book 1, chapter 10): iris virginica against the rest, no intercept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

from documents import Parts, assert_printed, load, within
from logistic import LogisticRegression, agreement, solvers, split
from logistic.learn import scratch

START = np.array([1.54099607, -0.29342890, -2.17878938, 0.56843126])  # of torch.manual_seed(0)
BEST = [-4.414725, -9.114223, 6.540152, 12.691130]
LOWEST = 0.0690770079
PLAIN = np.array([[-1.28, -2.60, 1.06, 2.85], [-0.41, -2.18, 1.70, 3.14]])  # bands of 200 shuffles: plain means of batches,
WEIGHTED = np.array([[-0.54, -2.17, 0.96, 2.63], [-0.45, -2.12, 1.03, 2.67]])  # and batches weighted by their size


@pytest.fixture(scope="module")
def iris():
    """Four measures of 100 flowers to learn from, and of 50 others; class 1 is virginica."""
    X, y = load("iris", return_X_y=True)
    (X, y), (X_test, y_test) = split(X, (y == "virginica").astype(int), fractions=(2 / 3, 1 / 3), seed=42)
    return Parts(X, y, X_test, y_test)


def model(solver="auto", C=np.inf, seed=None):
    """Without an intercept, and without a penalty unless one is asked for."""
    return LogisticRegression(C=C, fit_intercept=False, solver=solver, random_state=seed)


@pytest.fixture(scope="module")
def best(iris):
    """The certified optimum without a penalty."""
    return model().fit(iris.X, iris.y)


def by_hand(w, X, y):
    """Mean loss and its gradient in w (p,): log-sum-exp of [0, z], and the sigmoid by tanh, so that nothing overflows."""
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ (0.5 + 0.5 * np.tanh(z / 2) - y) / len(y)


def test_d_division(iris):
    """D: 100 and 50 rows, those of train_test_split with test_size .33 and seed 42."""
    X, y = load("iris", return_X_y=True)
    theirs = train_test_split(X, y == "virginica", test_size=0.33, random_state=42)
    for ours, other in zip(iris, (theirs[0], theirs[2], theirs[1], theirs[3]), strict=True):
        np.testing.assert_array_equal(ours, other)
    assert (iris.X.shape, iris.X_test.shape) == ((100, 4), (50, 4))


def test_d1_the_optimum(iris, best):
    """D1: printed coefficients at C = 1e5; those without a penalty and their loss, to all digits, with a proof."""
    assert_printed(model(C=1e5).fit(iris.X, iris.y).coef_, [[-4.414, -9.111, 6.539, 12.686]], 3)
    assert_printed(best.coef_, [BEST], 6)
    assert_printed(best.certificate_.value, LOWEST, 10)
    assert (best.certificate_.kind, best.certificate_.status.word) == ("proof", "converged")


@pytest.mark.parametrize(
    ("C", "loss", "decimals", "gradient"),
    [(1e5, 0.11824, 5, [-0.2353, -0.1223, -0.1976, -0.0638]), (np.inf, 0.11827496, 8, [-0.2353, -0.1222, -0.1976, -0.0638])],
)
def test_d2_loss_and_gradient_on_the_test_set(iris, C, loss, decimals, gradient):
    """D2: by hand, by autograd, by our NumPy and by the model's metrics equal, and the printed numbers."""
    fitted = model(C=C).fit(iris.X, iris.y)
    w = fitted.coef_[0]
    value, slope = by_hand(w, iris.X_test, iris.y_test)
    assert_printed(value, loss, decimals)
    assert_printed(slope, gradient, 4)
    leaf = torch.tensor(w, requires_grad=True)
    z, y = torch.as_tensor(iris.X_test) @ leaf, torch.as_tensor(iris.y_test, dtype=torch.float64)
    by_autograd = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    by_autograd.backward()
    W, b = np.column_stack([0 * w, w]), np.zeros(2)
    losses = [by_autograd.item(), scratch.loss(W, b, iris.X_test, iris.y_test), fitted.metrics(iris.X_test, iris.y_test).log_loss]
    np.testing.assert_allclose(losses, value, rtol=1e-12)
    np.testing.assert_allclose(leaf.grad, slope, rtol=1e-9)
    np.testing.assert_allclose(scratch.gradient(W, b, iris.X_test, iris.y_test)[0][:, 1], slope, rtol=1e-9)


def test_d3_lbfgs_from_the_lessons_start(iris, best):
    """D3: L-BFGS with history 10: loss 1.994707 at the start, .069077 at the optimum; the printed probabilities; torch's beside."""
    torch.manual_seed(0)
    np.testing.assert_allclose(torch.randn(4), START, rtol=1e-6)
    fitted = model(solvers.LBFGS(memory=10)).fit(iris.X, iris.y, init=START[None])
    assert_printed(fitted.history_["loss"][[0, -1]], [1.994707, 0.069077], 6)
    assert_printed(fitted.coef_, [BEST], 6)
    assert_printed(fitted.predict_proba(iris.X_test)[:4, 1], [0.002, 0.000, 1.000, 0.012], 3)
    np.testing.assert_allclose(fitted.predict_proba(iris.X_test), best.predict_proba(iris.X_test), atol=1e-9)
    # Beside it, torch's own: the printed losses at the start of each outer step, and parameters to 1e-3.
    w, X, y = torch.tensor(START, requires_grad=True), torch.as_tensor(iris.X), torch.as_tensor(iris.y, dtype=torch.float64)
    optimizer = torch.optim.LBFGS([w], history_size=10)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(5)]
    assert_printed(losses, [1.994707, 0.069396, 0.069077, 0.069077, 0.069077], 6)
    np.testing.assert_allclose(w.detach(), fitted.coef_[0], atol=1e-3)


# ------------------------------------------------------------------------------------------------------------------ mini-batches


def sgd(iris, seed, batch_mean):
    """Batches of 33, lr 0.1, 100 epochs from the lesson's start; that they end without a certificate is warned of."""
    steps = solvers.SGD(lr=0.1, batch_size=33, epochs=100, batch_mean=batch_mean)
    with pytest.warns(ConvergenceWarning, match="ended within its own limits"):
        return model(steps, seed=seed).fit(iris.X, iris.y, init=START[None])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batch_mean", [True, False])
def test_d4_a_loop_by_hand_is_the_librarys(iris, seed, batch_mean):
    """D4: batches of 33, 33, 33 and 1: the same coefficients to 1e-6, and 400 losses, one a mini-batch."""
    rng, w, losses = np.random.default_rng(seed), START.copy(), []
    for _ in range(100):
        order = rng.permutation(100)
        batches = [order[first : first + 33] for first in range(0, 100, 33)]
        assert [len(rows) for rows in batches] == [33, 33, 33, 1]
        for rows in batches:
            loss, gradient = by_hand(w, iris.X[rows], iris.y[rows])
            losses.append(loss)
            w = w - 0.1 * gradient * (1 if batch_mean else len(rows) / 33)
    fitted = sgd(iris, seed, batch_mean)
    np.testing.assert_allclose(fitted.coef_[0], w, atol=1e-6)
    np.testing.assert_allclose(fitted.history_["batch_loss"], losses, atol=1e-6)


def test_d4_in_the_order_of_torchs_loader(iris):
    """D4: rows as DataLoader deals them after manual_seed(0) and the start: [-0.7937 -2.4168 1.3210 2.9690], by partial_fit."""
    torch.manual_seed(0)
    torch.randn(4)
    loader = DataLoader(TensorDataset(torch.as_tensor(iris.X), torch.as_tensor(iris.y)), batch_size=33, shuffle=True)
    steps = model(solvers.SGD(lr=0.1, batch_size=None)).set_params(max_iter=0)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        steps.fit(iris.X, iris.y, init=START[None])
    for _ in range(100):
        for rows, labels in loader:
            steps.partial_fit(rows, labels)
    assert_printed(steps.coef_, [[-0.7937, -2.4168, 1.3210, 2.9690]], 4)
    assert within(steps.coef_[0], *PLAIN, 2).all()


@pytest.mark.parametrize("shuffles", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_d4_bands_over_shuffles(iris, best, shuffles):
    """D4: plain means, in which the last row counts 33 times, end anywhere in a wide band; true sizes in one ten times narrower.

    The bands are those of the seeds 0 to 199, to the printed decimals, so 200 shuffles reach both ends of each. Of 400 shuffles 6
    leave the wide band, by 0.04 at most, and 3 the narrow one, by 0.01.
    """
    for batch_mean, band, lowest, median in ((True, PLAIN, 0.68, 0.92), (False, WEIGHTED, 0.94, 0.98)):
        fitted = [sgd(iris, seed, batch_mean) for seed in range(shuffles)]
        coef = np.array([each.coef_[0] for each in fitted])
        same = [agreement(each, best, iris.X_test).same_labels for each in fitted]
        assert within(coef, *band, 2).all()
        assert lowest <= min(same) <= max(same) <= 1
        if shuffles == 200:
            assert_printed([coef.min(axis=0), coef.max(axis=0)], band, 2)
            assert (min(same), np.median(same), max(same)) == (lowest, median, 1)


@pytest.mark.parametrize(("lr", "gap", "decimals"), [(1, 3.9e-13, 14), (0.1, 3.6e-4, 5)])
def test_d_sgd_is_no_bad_optimiser(iris, best, lr, gap, decimals):
    """D, a slip: on all rows, momentum 0.9, 5,000 steps from zero end 3.9e-13 above the minimum at lr 1, 3.6e-4 at lr 0.1."""
    steps = solvers.SGD(lr=lr, momentum=0.9, batch_size=None, epochs=5000)
    with pytest.warns(ConvergenceWarning, match="ended within its own limits"):
        fitted = model(steps).set_params(tol=1e-300).fit(iris.X, iris.y)  # no proof ends it before the last step
    assert_printed(fitted.certificate_.value - best.certificate_.value, gap, decimals)
