"""Any torch module: the same encoding, loop and outputs, textbook steps, nothing certified, files without code."""

from __future__ import annotations

import copy
import gzip
import json
import math
import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from logistic import LogisticRegression, ModelFileError, Status, agreement, load as load_model
from logistic.contracts import Stop
from logistic.errors import InputError
from logistic.loss import Binary, Softmax
from logistic.minimize import minimize
from logistic.modules import ModuleClassifier, ModuleObjective, ModuleRows
from logistic.solvers import GD, LBFGS, SGD, Adam, Newton
from support import overlapping, shared_file

DOUBLE = torch.float64


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """These modules are too small to share among threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def layers(inputs: int, outputs: int, *between: nn.Module, seed: int = 0, width: int = 6) -> nn.Sequential:
    """Two linear layers in float64 with other modules between them."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, width), *between, nn.Linear(width, outputs)).double()


def rows_of(X: np.ndarray, y: np.ndarray) -> ModuleRows:
    """Equal weights."""
    return ModuleRows(torch.as_tensor(X), torch.as_tensor(y), torch.full((len(y),), 1 / len(y), dtype=DOUBLE))


def numbers(module: nn.Module) -> dict[str, np.ndarray]:
    """A copy of parameters and buffers."""
    return {name: value.numpy().copy() for name, value in module.state_dict().items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    """Bit by bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# ------------------------------------------------------------------------------------------------ the same model, the same loop


@pytest.mark.parametrize("alpha", [0.0, 0.05])
@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (3, 3), (5, 5)])
def test_a_linear_layer_is_logistic_regression(classes, outputs, alpha):
    """One ``nn.Linear`` ends where the certified model ends, weights of rows and classes included."""
    X, y = overlapping(3, 300, 4, classes)
    weight = np.random.default_rng(0).integers(0, 3, 300) * 0.5
    ours = LogisticRegression(alpha=alpha, class_weight="balanced").fit(X, y, weight)
    module = nn.Linear(4, outputs, dtype=DOUBLE)
    theirs = ModuleClassifier(module, alpha=alpha, class_weight="balanced", solver="lbfgs").fit(X, y, weight)
    found = numbers(theirs.module_)
    centred = {name: value - value.mean(axis=0) if classes > 2 else value for name, value in found.items()}
    np.testing.assert_allclose(centred["weight"], ours.coef_, atol=1e-8)
    np.testing.assert_allclose(centred["bias"], ours.intercept_, atol=1e-8)
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-8)
    np.testing.assert_allclose(theirs.predict_log_proba(X), ours.predict_log_proba(X), atol=1e-7)
    eta = theirs.decision_function(X)
    np.testing.assert_allclose(eta - eta.mean(axis=1, keepdims=True) if classes > 2 else eta, ours.decision_function(X), atol=1e-7)
    np.testing.assert_array_equal(theirs.predict(X), ours.predict(X))
    assert theirs.certificate_.value == pytest.approx(ours.certificate_.value, rel=1e-13)
    assert theirs.metrics(X, y, weight).log_loss == pytest.approx(ours.metrics(X, y, weight).log_loss, rel=1e-8)
    assert theirs.score(X, y) == ours.score(X, y)


def test_two_classes_may_have_two_outputs():
    """Only the difference of two columns counts, so without a penalty nothing changes; a shared penalty is half as strong."""
    X, y = overlapping(4, 200, 3, 2)
    for alpha in (0.0, 0.1):
        one = LogisticRegression(alpha=alpha / 2).fit(X, y)
        two = ModuleClassifier(nn.Linear(3, 2, dtype=DOUBLE), alpha=alpha, solver="lbfgs").fit(X, y)
        np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), atol=1e-8)
        np.testing.assert_allclose(two.decision_function(X), one.decision_function(X), atol=1e-7)


def test_distributions_over_the_classes_are_labels_too():
    """Soft targets (n, K) train a module as they train the linear model."""
    X, y = overlapping(5, 150, 3, 3)
    soft = 0.9 * np.eye(3)[y] + 0.1 / 3
    ours = LogisticRegression(alpha=0.0).fit(X, soft)
    theirs = ModuleClassifier(nn.Linear(3, 3, dtype=DOUBLE), solver="lbfgs").fit(X, soft)
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-8)


@pytest.mark.parametrize(
    "solver", [SGD(lr=0.1, batch_size=7, epochs=3, momentum=0.5), Adam(lr=0.1, batch_size=16, epochs=3), GD(lr=0.1)]
)
def test_every_step_is_that_of_the_linear_model(solver):
    """From the same start, with the same random state, epoch by epoch: shuffles, weights of the last batch, losses, accuracies."""
    X, y = overlapping(6, 50, 3, 3)
    weight = np.linspace(0, 2, 50)
    module = nn.Linear(3, 3, dtype=DOUBLE)
    nn.init.zeros_(module.weight)
    nn.init.zeros_(module.bias)
    choices = {"alpha": 0.01, "solver": solver, "random_state": 5, "max_iter": 5}
    more = {"validation_data": (X[:20], y[:20])}
    with pytest.warns(ConvergenceWarning) if solver.epochs is None else pytest.warns():
        ours = LogisticRegression(**choices).fit(X, y, weight, **more)
        theirs = ModuleClassifier(module, **choices).fit(X, y, weight, **more)
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), rtol=1e-10)
    for name in ("loss", "objective", "accuracy", "validation_loss", "validation_accuracy", "batch_loss"):
        if name in ours.history_ or name != "batch_loss":
            np.testing.assert_allclose(theirs.history_[name], ours.history_[name], rtol=1e-10, err_msg=name)


# ------------------------------------------------------------------------------------------------------------- textbook steps

OPTIMIZERS: dict[str, tuple[SGD | Adam | GD, Callable[..., torch.optim.Optimizer]]] = {
    "sgd": (SGD(lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (SGD(lr=0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    "nesterov": (SGD(lr=0.05, momentum=0.9, nesterov=True), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
    "adam": (Adam(lr=0.02), lambda p: torch.optim.Adam(p, lr=0.02)),
    "adam, other betas": (
        Adam(lr=0.02, betas=(0.5, 0.9), eps=1e-4),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.9), eps=1e-4),
    ),
}


@pytest.mark.parametrize("size", [None, 16], ids=["all rows", "batches of 16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_torch(name, size):
    """A plain torch loop over the same permutations, dropout excepted: equal parameters, batch-norm statistics and losses."""
    X, y = overlapping(7, 41, 3, 3)
    module = layers(3, 3, nn.BatchNorm1d(6), nn.Tanh())
    solver, optimizer = OPTIMIZERS[name]
    solver = copy.copy(solver).set_params(batch_size=size, epochs=6, batch_mean=True)
    found = ModuleClassifier(module, solver=solver, random_state=3, class_weight={1: 2.5}).fit(X, y)
    step = optimizer(module.parameters())
    rng, weight, losses = np.random.default_rng(3), torch.tensor([1, 2.5, 1], dtype=DOUBLE), []
    for _ in range(6):
        order = rng.permutation(41)
        for first in range(0, 41, size or 41):
            chosen = order[first : first + (size or 41)]
            step.zero_grad()
            loss = nn.functional.cross_entropy(module(torch.as_tensor(X[chosen])), torch.as_tensor(y[chosen]), weight)
            loss.backward()
            step.step()
            losses.append(loss.item())
    ours, theirs = numbers(found.module_), numbers(module)
    for key in theirs:  # a bias before batch norm has a gradient of nothing but rounding, and Adam divides it by 1e-8
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-9, atol=1e-9 if key == "0.bias" else 1e-12, err_msg=key)
    np.testing.assert_allclose(found.history_["batch_loss"], losses, rtol=1e-10)


def test_gradient_descent_is_that_of_torch():
    """The textbook iteration on all rows."""
    X, y = overlapping(8, 40, 3, 2)
    module = layers(3, 1, nn.Tanh())
    found = ModuleClassifier(module, solver=GD(lr=0.3, epochs=20)).fit(X, y.astype(bool))
    step = torch.optim.SGD(module.parameters(), lr=0.3)
    for _ in range(20):
        step.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(module(torch.as_tensor(X))[:, 0], torch.as_tensor(y).double()).backward()
        step.step()
    for key, value in numbers(module).items():
        np.testing.assert_allclose(numbers(found.module_)[key], value, rtol=1e-10, atol=1e-13)
    assert found.classes_.dtype == bool


def test_value_gradient_and_line_are_those_of_autograd():
    """Rows in several pieces give the mean loss and its gradient; a line gives values and slopes along it."""
    X, y = overlapping(9, 2500, 3, 4)
    module = layers(3, 4, nn.Tanh())
    objective = ModuleObjective(module, Softmax(4), rows_of(X, y), alpha=0.3)
    point = objective.at(objective.start())
    value = nn.functional.cross_entropy(module(torch.as_tensor(X)), torch.as_tensor(y))
    value = value + 0.15 * sum((p**2).sum() for p in module.parameters() if p.ndim == 2)
    value.backward()
    assert point.value == pytest.approx(value.item(), rel=1e-13)
    gradient = torch.cat([p.grad.reshape(-1) for p in module.parameters()])
    np.testing.assert_allclose(point.grad[:, 0], gradient, rtol=1e-9, atol=1e-14)
    assert objective.penalty_value(point) == pytest.approx(
        0.15 * sum((p**2).sum().item() for p in module.parameters() if p.ndim == 2)
    )
    direction = torch.randn(objective.shape, dtype=DOUBLE)
    line = objective.line(point, direction)
    (ahead, _), (behind, _), (there, slope) = line(0.2 + 1e-5), line(0.2 - 1e-5), line(0.2)
    assert slope == pytest.approx((ahead - behind) / 2e-5, rel=1e-6)
    assert line.point(0.2).value == there
    assert line.point(0.2) is line.point(0.2)  # the search has paid for it
    share = (module(torch.as_tensor(X)).argmax(dim=1) == torch.as_tensor(y)).double().mean().item()
    assert objective.accuracy(point) == objective.accuracy(point._replace(memo=None)) == pytest.approx(share)


def test_single_precision_goes_down_to_its_own_rounding():
    """A float32 module is minimised by lbfgs until float32 shows no progress, and predicts like the float64 optimum."""
    X, y = overlapping(10, 300, 4, 3)
    ours = LogisticRegression(alpha=0.05).fit(X, y)
    theirs = ModuleClassifier(nn.Linear(4, 3), alpha=0.05, solver="lbfgs").fit(X, y)
    assert theirs.module_.weight.dtype == torch.float32
    assert theirs.certificate_.kkt < 1e-7
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=2e-6)
    half = ModuleClassifier(nn.Linear(4, 3, dtype=torch.bfloat16), solver=SGD(lr=0.1, epochs=5)).fit(X, y)
    assert half.score(X, y) > 0.5


# ------------------------------------------------------------------------------------------------------- modes, state, certificate


class Spy(nn.Module):
    """A linear layer that remembers in which mode it saw how many rows, and hides behind dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.dropout, self.seen = nn.Linear(3, 1, dtype=DOUBLE), nn.Dropout(0.5), []
        self.linear.weight.data.fill_(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, len(x)))
        return self.linear(self.dropout(x))


def test_only_batches_run_in_train_mode():
    """Steps see batches in train mode; values, lines and predictions see all rows in eval mode."""
    X, y = overlapping(11, 20, 3, 2)
    stochastic = ModuleClassifier(Spy(), solver=SGD(lr=0.1, batch_size=8, epochs=2)).fit(X, y)
    trained = [n for training, n in stochastic.module_.seen if training]
    assert trained == [8, 8, 4, 8, 8, 4]
    assert {n for training, n in stochastic.module_.seen if not training} == {2, 20}  # a look at two rows, then all of them
    stochastic.module_.train()
    np.testing.assert_array_equal(stochastic.predict_proba(X), stochastic.predict_proba(X))
    for solver in (GD(epochs=3), LBFGS()):
        descended = ModuleClassifier(Spy(), solver=solver).fit(X, y)
        assert not any(training for training, _ in descended.module_.seen)
        assert descended.why_solver_.endswith("on all rows in eval mode")


def test_the_given_module_and_the_random_state_of_torch_stay():
    """A fit changes neither the module that it was given, its mode included, nor torch's own random numbers."""
    X, y = overlapping(12, 30, 3, 3)
    module = layers(3, 3, nn.BatchNorm1d(6), nn.Dropout(0.5))
    before, state = numbers(module), torch.get_rng_state()
    first, again, other = (ModuleClassifier(module, random_state=seed).fit(X, y) for seed in (1, 1, 2))
    assert same(numbers(module), before)
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert same(numbers(first.module_), numbers(again.module_))  # dropout follows from random_state too
    assert not same(numbers(first.module_), numbers(other.module_))
    assert same(numbers(first.fit(X, y).module_), numbers(again.module_))


def test_what_is_not_to_be_trained_stays():
    """Parameters without ``requires_grad`` are neither moved nor penalised; tied ones stay tied and count once."""
    X, y = overlapping(13, 60, 3, 3)
    frozen = layers(3, 3, nn.Tanh())
    frozen[0].requires_grad_(False)
    fitted = ModuleClassifier(frozen, alpha=0.1, solver=GD(epochs=5)).fit(X, y)
    np.testing.assert_array_equal(fitted.module_[0].weight, frozen[0].weight)
    assert not fitted.module_[0].weight.requires_grad
    objective = ModuleObjective(frozen, Softmax(3), rows_of(X, y), alpha=2.0)
    assert objective.shape == (21, 1)
    assert objective.penalty_value(objective.at(objective.start())) == pytest.approx((frozen[2].weight ** 2).sum().item())
    tied = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)).double()
    tied[2].weight = tied[0].weight
    fitted = ModuleClassifier(tied, solver="lbfgs", max_iter=30)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        fitted.fit(X, y)
    assert fitted.module_[2].weight is fitted.module_[0].weight
    assert not torch.equal(fitted.module_[0].weight, tied[0].weight)


def test_nothing_is_certified():
    """The kind says why; no gap is claimed or recorded; the loop's status is kept."""
    X, y = overlapping(14, 60, 3, 2)
    for solver, status in (("adam", Status.UNCERTIFIED), (LBFGS(), Status.UNCERTIFIED), (GD(epochs=4), Status.UNCERTIFIED)):
        fitted = ModuleClassifier(nn.Linear(3, 1, dtype=DOUBLE), alpha=0.1, solver=solver, random_state=0).fit(X, y)
        certificate = fitted.certificate_
        assert (certificate.kind, certificate.gap, certificate.status) == ("none: not convex", math.inf, status)
        assert "gap" not in fitted.history_
        assert fitted.n_iter_.tolist() == [len(fitted.history_["loss"]) - 1]
        assert fitted.history_["objective"][-1] == certificate.value
        assert certificate.kkt == fitted.history_["gradient_norm"][-1]


def test_solvers_that_need_more_are_refused():
    """By the loop, whoever calls it."""
    X, y = overlapping(15, 20, 3, 2)
    objective = ModuleObjective(nn.Linear(3, 1, dtype=DOUBLE), Binary(), rows_of(X, y))
    assert objective.offers == {"gradient", "line", "batches"}
    for solver, needs in ((Newton(), "hessian"), (SGD(), "bound")):
        with pytest.raises(InputError, match=f"needs {needs}, which this objective does not offer"):
            minimize(objective, solver, objective.start(), Stop())


def test_early_stopping_goes_back_to_the_best_epoch_with_its_buffers():
    """The published module, batch-norm statistics included, has the lowest validation loss of the history."""
    X, y = overlapping(16, 80, 3, 3)
    solver = SGD(lr=0.5, batch_size=8, epochs=200, patience=5)
    module = layers(3, 3, nn.BatchNorm1d(6), nn.Tanh())
    fitted = ModuleClassifier(module, solver=solver, random_state=0).fit(X[:40], y[:40], validation_data=(X[40:], y[40:]))
    losses = fitted.history_["validation_loss"]
    assert fitted.certificate_.status is Status.EARLY_STOPPED
    assert len(losses) - 1 - losses.argmin() == 5
    assert fitted.metrics(X[40:], y[40:]).log_loss == pytest.approx(losses.min(), rel=1e-12)
    assert fitted.score(X[40:], y[40:]) == pytest.approx(fitted.history_["validation_accuracy"][losses.argmin()])
    assert fitted.certificate_.value == pytest.approx(fitted.history_["objective"][losses.argmin()], rel=1e-12)


def test_an_interrupted_fit_keeps_the_best_point():
    """Ctrl-C ends the fit with the parameters of the lowest value and says so."""
    X, y = overlapping(17, 60, 3, 3)

    def interrupt(snapshot):
        if snapshot.record.iteration == 12:
            raise KeyboardInterrupt

    model = ModuleClassifier(layers(3, 3, nn.BatchNorm1d(6)), solver=SGD(lr=3.0, batch_size=4), random_state=0)
    with pytest.warns(ConvergenceWarning, match="interrupted: a signal ended the fit; the best point"):
        model.fit(X, y, callback=interrupt)
    best = model.history_["loss"].min()
    assert best < model.history_["loss"][-1]
    assert model.metrics(X, y).log_loss == pytest.approx(best, rel=1e-12)


def test_a_fit_that_leaves_the_finite_numbers_says_so():
    """The last finite point is kept, with a warning; logits that are not finite are never turned into labels."""
    X, y = overlapping(18, 40, 3, 3)
    model = ModuleClassifier(layers(3, 3).float(), solver=GD(lr=1e30, epochs=5))
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    assert model.certificate_.status is Status.DIVERGED
    assert model.predict(X).shape == (40,)
    with pytest.raises(InputError, match="logits that are not finite in row 1 of X"):
        model.predict([[0, 0, 0], [1e300, 1e300, 0]])


def test_time_is_limited():
    """``max_time`` ends a fit, with a warning."""
    X, y = overlapping(19, 40, 3, 3)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        fitted = ModuleClassifier(layers(3, 3), solver=GD(lr=0.1), max_time=1e-9).fit(X, y)
    assert fitted.n_iter_[0] == 0


# ---------------------------------------------------------------------------------------------------------------- looking on


def test_a_snapshot_is_a_fitted_classifier(tmp_path):
    """A callback can predict with it and save it; the last one is the answer; a true answer stops."""
    X, y = overlapping(20, 40, 3, 3)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    seen = []

    def look(snapshot):
        seen.append((snapshot.record, snapshot.model))
        return snapshot.record.iteration == 3

    module = layers(3, 3, nn.BatchNorm1d(6))
    fitted = ModuleClassifier(module, random_state=0).fit(table, y, callback=look)
    assert fitted.certificate_.status is Status.STOPPED
    assert [record.iteration for record, _ in seen] == [0, 1, 2, 3]
    for record, model in seen:
        assert model.metrics(table, y).log_loss == pytest.approx(record.loss, rel=1e-10)
        assert model.certificate_.kind == "none: not convex"
        assert list(model.feature_names_in_) == ["a", "b", "c"]
    np.testing.assert_array_equal(seen[-1][1].predict_proba(table), fitted.predict_proba(table))
    seen[1][1].save(tmp_path / "second.safetensors")
    again = ModuleClassifier.load(tmp_path / "second.safetensors", module)
    np.testing.assert_array_equal(again.predict_proba(table), seen[1][1].predict_proba(table))


def test_callbacks_of_scikit_learn_see_a_fitted_classifier():
    """Those that ask for one get it at the end of every iteration."""
    callback = pytest.importorskip("sklearn.callback")
    X, y = overlapping(21, 40, 3, 3)
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    fitted = ModuleClassifier(layers(3, 3), solver=GD(lr=0.1, epochs=3)).set_callbacks(monitor).fit(X, y)
    scores = monitor.get_logs(select="most_recent").data_as_pandas
    iterations = scores[scores["task_name"] == "iteration"]["neg_log_loss"].to_numpy()
    np.testing.assert_allclose(iterations[:3], -fitted.history_["loss"][1:], rtol=1e-9)


def test_progress_names_what_is_trained(capsys):
    """``verbose=1`` writes the module, its size, the penalty, and lines with the losses."""
    X, y = overlapping(22, 40, 3, 3)
    ModuleClassifier(layers(3, 3), alpha=0.5, verbose=1, random_state=0).fit(X, y)
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "training Sequential, 45 parameters: minimising mean log loss, L2 penalty, alpha=0.5, on weights"
    assert [int(line.split()[0]) for line in lines] == [0, 1, 2, 4, 8, 16, 32, 64]
    assert "loss" in lines[0]
    assert "gap" not in "".join(lines)


# ---------------------------------------------------------------------------------------------------------- rows of every kind


def test_rows_may_have_any_shape():
    """Images (n, 1, 5, 4) go through convolutions; tensors in give tensors out."""
    rng = np.random.default_rng(0)
    images, y = rng.integers(0, 256, (30, 1, 5, 4), dtype=np.uint8), np.arange(30) % 3
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3))
    choices = {"solver": Adam(lr=0.01, epochs=3), "random_state": 0}
    fitted = ModuleClassifier(module, **choices).fit(images, y)
    assert fitted.shape_in_ == (1, 5, 4)
    assert fitted.n_features_in_ == 20
    tensors = ModuleClassifier(module, **choices).fit(torch.as_tensor(images), torch.as_tensor(y))
    p = tensors.predict_proba(torch.as_tensor(images))
    assert isinstance(p, torch.Tensor)
    assert isinstance(tensors.predict(torch.as_tensor(images)), torch.Tensor)
    np.testing.assert_allclose(p, fitted.predict_proba(images), rtol=1e-14)
    assert tensors.predict_proba(torch.as_tensor(images).float()).dtype == torch.float32
    with pytest.raises(InputError, match=r"X has rows of shape \(5, 4\), but the module was fitted on rows of \(1, 5, 4\)"):
        fitted.predict(images[:, 0])


@pytest.mark.parametrize(
    "spelled",
    [
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=["a", "b", "c"]),
        lambda X: torch.as_tensor(X, dtype=DOUBLE),
        lambda X: torch.as_tensor(X).requires_grad_(),
        lambda X: np.asfortranarray(X),
        lambda X: X[::-1][::-1],
        lambda X: X[:, ::-1].copy()[:, ::-1],
        lambda X: X.astype(">f8"),
        lambda X: X.astype(object),
        lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    ],
    ids=["list", "frame", "tensor", "tensor with gradient", "fortran", "view", "reversed", "big-endian", "object", "read-only"],
)
def test_the_same_numbers_train_the_same_module(spelled):
    """Whatever holds the rows; warnings of torch about memory that may not be written to never come."""
    X, y = overlapping(23, 30, 3, 3)
    choices = {"solver": SGD(lr=0.1, epochs=3, batch_size=7), "random_state": 0}
    plain = ModuleClassifier(layers(3, 3), **choices).fit(X, y)
    other = ModuleClassifier(layers(3, 3), **choices).fit(spelled(X), y)
    assert same(numbers(plain.module_), numbers(other.module_))
    np.testing.assert_allclose(np.asarray(other.predict_proba(spelled(X))), plain.predict_proba(X), rtol=1e-14)


def test_a_module_that_works_in_place_cannot_touch_the_rows():
    """Neither arrays nor tensors of the module's own type."""
    X, y = overlapping(34, 30, 3, 3)
    kept = X.copy()
    for rows in (X, torch.as_tensor(X)):
        module = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3, dtype=DOUBLE))
        for solver in (SGD(lr=0.1, batch_size=None, epochs=2), GD(epochs=2)):
            ModuleClassifier(module, solver=solver).fit(rows, y).predict(rows)
    np.testing.assert_array_equal(X, kept)


def test_a_row_of_weight_zero_is_absent():
    """From the shuffles and the batch statistics too."""
    X, y = overlapping(24, 30, 3, 3)
    weight = (np.arange(30) % 3 > 0) * 1.0
    module, choices = layers(3, 3, nn.BatchNorm1d(6)), {"solver": SGD(lr=0.1, epochs=3, batch_size=7), "random_state": 0}
    whole, part = (ModuleClassifier(module, **choices) for _ in range(2))
    whole.fit(X, y, weight, validation_data=(X, y, weight))
    part.fit(X[weight > 0], y[weight > 0], validation_data=(X[weight > 0], y[weight > 0]))
    assert same(numbers(whole.module_), numbers(part.module_))
    np.testing.assert_array_equal(whole.history_["validation_loss"], part.history_["validation_loss"])


def test_modules_that_squeeze_and_modules_that_are_lazy():
    """Log-odds may be (n,), down to a last batch of one row; lazy layers take their width from X, their start from the seed."""
    X, y = overlapping(25, 33, 3, 2)

    class Squeezed(nn.Linear):
        def forward(self, x):
            return super().forward(x).squeeze()

    torch.manual_seed(0)
    flat = Squeezed(3, 1, dtype=DOUBLE)
    choices = {"solver": SGD(lr=0.1, batch_size=32, epochs=2), "random_state": 0}
    column = nn.Linear(3, 1, dtype=DOUBLE)
    column.load_state_dict(flat.state_dict())
    flat, column = (ModuleClassifier(module, **choices).fit(X, y) for module in (flat, column))
    assert same(numbers(flat.module_), numbers(column.module_))
    assert flat.predict(X[:1]).shape == (1,)
    lazy = [ModuleClassifier(nn.LazyLinear(1), **choices).fit(X, y) for _ in range(2)]
    assert same(numbers(lazy[0].module_), numbers(lazy[1].module_))
    assert lazy[0].module_.in_features == 3
    other = ModuleClassifier(nn.LazyLinear(1), solver=SGD(lr=1e-9, epochs=1), random_state=1).fit(X, y)
    again = ModuleClassifier(nn.LazyLinear(1), solver=SGD(lr=1e-9, epochs=1), random_state=2).fit(X, y)
    assert not np.allclose(numbers(other.module_)["weight"], numbers(again.module_)["weight"])


class Doubled(nn.Linear):
    """A layer of another type."""

    def __init__(self) -> None:
        super().__init__(3, 3, dtype=DOUBLE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.double())


REFUSED = {
    "a class": (lambda X, y: ModuleClassifier(nn.Linear).fit(X, y), "module must be a torch.nn.Module.*the class Linear; make an"),
    "no module": (lambda X, y: ModuleClassifier("linear").fit(X, y), "module must be a torch.nn.Module.*but is 'linear'"),
    "no parameters": (lambda X, y: ModuleClassifier(nn.Flatten()).fit(X, y), "module has no parameters"),
    "nothing to train": (lambda X, y: ModuleClassifier(nn.Linear(3, 3).requires_grad_(False)).fit(X, y), "no parameter to train"),
    "two types": (
        lambda X, y: ModuleClassifier(nn.Sequential(nn.Linear(3, 3), Doubled())).fit(X, y),
        "module has parameters of torch.float32 on cpu and torch.float64 on cpu; bring them to one",
    ),
    "too few outputs": (
        lambda X, y: ModuleClassifier(nn.Linear(3, 2)).fit(X, y),
        "gives 2 logits a row, but y holds 3 classes; .* 3 wide",
    ),
    "too many outputs": (
        lambda X, y: ModuleClassifier(nn.Linear(3, 3)).fit(X, y > 0),
        "gives 3 logits a row, but y holds 2 classes; make its last layer 1 or 2 wide",
    ),
    "probabilities": (
        lambda X, y: ModuleClassifier(nn.Sequential(nn.Linear(3, 3), nn.Softmax(1))).fit(X, y),
        "gives probabilities .* leave out its last softmax",
    ),
    "another width": (
        lambda X, y: ModuleClassifier(nn.Linear(4, 3)).fit(X, y),
        r"fails in eval mode on rows of shape \(2, 3\): mat1",
    ),
    "no rows of logits": (
        lambda X, y: ModuleClassifier(nn.Sequential(nn.Linear(3, 3), nn.Flatten(0))).fit(X, y),
        r"must give logits \(n, K\).*a tensor of shape \(6,\)",
    ),
    "a pair": (lambda X, y: ModuleClassifier(nn.LSTM(3, 3)).fit(X, y), r"must give logits \(n, K\), .* but gives a tuple"),
    "one row in train mode": (
        lambda X, y: ModuleClassifier(layers(3, 3, nn.BatchNorm1d(6)), solver=SGD(lr=0.1, batch_size=29)).fit(X, y),
        "fails in train mode on rows of shape .1, 3.: Expected more than 1 value per channel.*batch_size",
    ),
    "auto": (lambda X, y: ModuleClassifier(layers(3, 3), solver="auto").fit(X, y), "solver='auto' chooses among certified solvers"),
    "newton": (
        lambda X, y: ModuleClassifier(layers(3, 3), solver="newton").fit(X, y),
        "needs hessian, which a module does not offer",
    ),
    "no rate": (lambda X, y: ModuleClassifier(layers(3, 3), solver="sgd").fit(X, y), r"give lr, such as solvers.SGD\(lr=0.1\)"),
    "unknown solver": (lambda X, y: ModuleClassifier(layers(3, 3), solver="adm").fit(X, y), "did you mean 'adam'"),
    "patience": (lambda X, y: ModuleClassifier(layers(3, 3), solver=Adam(patience=3)).fit(X, y), "pass validation_data"),
    "alpha": (lambda X, y: ModuleClassifier(layers(3, 3), alpha=-1).fit(X, y), "alpha must be finite and at least 0"),
    "no alpha": (lambda X, y: ModuleClassifier(layers(3, 3), alpha=None).fit(X, y), "alpha must be a number, 0 for no penalty"),
    "max_iter": (lambda X, y: ModuleClassifier(layers(3, 3), max_iter=-1).fit(X, y), "max_iter must be at least 0"),
    "callback": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, callback=3), "callback must be a function"),
    "no labels": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, None), "requires y"),
    "one class": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, 0 * y), "y holds only 1 class"),
    "missing": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(np.where(X[4, 1] == X, np.nan, X), y), "row 4, column 1"),
    "missing in a tensor": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(torch.as_tensor(np.where(X[4, 1] == X, np.nan, X)), y),
        "row 4, column 1",
    ),
    "sparse": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(csr_array(X), y), "X is sparse.*X.toarray"),
    "sparse tensor": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(torch.as_tensor(X).to_sparse(), y),
        "dense tensor of real rows",
    ),
    "validation": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=X), "must be a tuple"),
    "validation labels": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=(X, y + 1)),
        "holds 3 in row .*none of",
    ),
    "no validation labels": (lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=(X, None)), "has no labels"),
    "validation rows": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=(X[:4], y)),
        "validation_data: y has",
    ),
    "validation columns": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=(X[:, :2], y)),
        r"X of validation_data has rows of shape \(2,\), but X has rows of \(3,\)",
    ),
    "validation weights": (
        lambda X, y: ModuleClassifier(layers(3, 3)).fit(X, y, validation_data=(X, y, 0 * y)),
        "no row of validation_data has a positive weight",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_words(name):
    """One line that names the argument and the way out."""
    X, y = overlapping(26, 30, 3, 3)
    call, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as caught:
        call(X, y)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------------- scikit-learn manners


def test_scikit_learn_can_copy_search_and_pickle_it():
    """Clones, grids over solver settings, pipelines and pickles; each fit starts from the module's own parameters."""
    X, y = overlapping(27, 60, 3, 3)
    labels = np.array(["a", "b", "c"], dtype=object)[y]
    module = layers(3, 3, nn.Tanh())
    base = ModuleClassifier(module, solver=Adam(lr=0.05, epochs=5), random_state=0)
    search = GridSearchCV(base, {"alpha": [0.0, 0.1], "solver__lr": [0.001, 0.05]}, cv=2).fit(X, labels)
    best = search.best_estimator_
    assert same(numbers(clone(best).fit(X, labels).module_), numbers(best.module_))
    assert best.classes_.dtype == object
    assert set(search.predict(X)) <= {"a", "b", "c"}
    restored = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(restored.predict_proba(X), best.predict_proba(X))
    piped = make_pipeline(StandardScaler(), base).fit(pd.DataFrame(X, columns=["p", "q", "r"]), labels)
    assert piped[-1].n_features_in_ == 3
    with pytest.raises(NotFittedError):
        clone(best).predict(X)
    with pytest.raises(ValueError, match="expecting 3 features"):
        best.predict(X[:, :2])


def test_a_warm_start_goes_on():
    """Two fits of five steps are one of ten; other classes are refused."""
    X, y = overlapping(28, 40, 3, 3)
    module = layers(3, 3, nn.Tanh())
    once = ModuleClassifier(module, solver=GD(lr=0.2, epochs=10)).fit(X, y)
    twice = ModuleClassifier(module, solver=GD(lr=0.2, epochs=5), warm_start=True).fit(X, y).fit(X, y)
    assert same(numbers(once.module_), numbers(twice.module_))
    with pytest.raises(InputError, match="warm_start=True goes on from the classes"):
        twice.fit(X, y + 1)


class _TwoClasses(ModuleClassifier):
    """For scikit-learn's checks, whose numbers of classes vary: a module has one width."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


@pytest.mark.slow
def test_the_checks_of_scikit_learn_pass():
    """All for two classes and a lazy layer, but for one about the words with which more classes are refused."""
    words = {"check_classifier_not_supporting_multiclass": "another message: the module's width is named"}
    found = check_estimator(
        _TwoClasses(nn.LazyLinear(1, dtype=DOUBLE), solver=GD(lr=0.5, epochs=200)), expected_failed_checks=words, on_skip=None
    )
    assert {check["status"] for check in found} <= {"passed", "skipped", "xfail"}


# ----------------------------------------------------------------------------------------------------------------------- files


class Tied(nn.Module):
    """Two names for one weight, a buffer of whole numbers, and a single number."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3, dtype=DOUBLE), nn.Linear(3, 3, dtype=DOUBLE)
        self.second.weight = self.first.weight
        self.register_buffer("shift", torch.tensor([1, 2, 3]))
        self.scale = nn.Parameter(torch.tensor(2.0, dtype=DOUBLE))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x))) * self.scale + self.shift


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers(3, 3, nn.BatchNorm1d(6), nn.ReLU()),
        Tied,
        lambda: nn.LazyLinear(3),
        lambda: nn.Linear(3, 3, dtype=torch.bfloat16),
    ],
    ids=["batch norm", "tied", "lazy", "bfloat16"],
)
def test_a_file_gives_back_the_same_classifier(make, tmp_path):
    """Predictions bit by bit, labels, names, certificate; saving what was loaded makes the same bytes; nothing is pickled."""
    X, y = overlapping(29, 40, 3, 3)
    table, labels = pd.DataFrame(X, columns=["a", "b", "ö"]), np.array(["x", "y", "z"])[y]
    fitted = ModuleClassifier(make(), alpha=0.01, solver=SGD(lr=0.1, epochs=2), random_state=0).fit(table, labels)
    path = tmp_path / "m.safetensors"
    fitted.save(path)
    given = make()
    before = None if isinstance(given, nn.LazyLinear) else copy.deepcopy(given.state_dict())
    found = ModuleClassifier.load(path, given)
    np.testing.assert_array_equal(found.predict_proba(table), fitted.predict_proba(table))
    np.testing.assert_array_equal(found.classes_, fitted.classes_)
    assert found.certificate_ == fitted.certificate_
    assert found.n_iter_.tolist() == fitted.n_iter_.tolist()
    for name in ("alpha", "why_solver_", "shape_in_", "n_features_in_"):
        assert getattr(found, name) == getattr(fitted, name)
    assert list(found.feature_names_in_) == ["a", "b", "ö"]
    assert not found.module_.training
    if before is not None:
        assert all(torch.equal(value, before[name]) for name, value in given.state_dict().items())
    found.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert b"torch" not in path.read_bytes()[: struct.unpack("<Q", path.read_bytes()[:8])[0]]


def test_images_and_whole_numbers_are_saved_too(tmp_path):
    """Rows of any shape, labels that are numbers."""
    images, y = np.random.default_rng(0).random((30, 1, 4, 4)), np.arange(30) % 3 * 10
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    fitted = ModuleClassifier(module, random_state=0).fit(images, y)
    fitted.save(tmp_path / "m.safetensors")
    found = ModuleClassifier.load(tmp_path / "m.safetensors", module)
    found.module_.requires_grad_(False)
    np.testing.assert_array_equal(found.predict(images), fitted.predict(images))
    assert found.classes_.tolist() == [0, 10, 20]


OTHERS = {
    "a class": (nn.Sequential, "holds the numbers of a Sequential, not its code; pass an instance as module, not its class"),
    "nothing": (None, "pass an instance as module, not None"),
    "other names": (nn.Linear(3, 3), "this Linear is another module: the file has no 'bias'; .* the module has no '0.bias'"),
    "other shapes": (layers(3, 3, nn.Tanh(), width=5), r"'0.bias' is \[6\] in the file and \[5\] in the module"),
    "another type": (layers(3, 3, nn.Tanh()).float(), "'0.bias' is torch.float64 in the file and torch.float32 in the module"),
    "other activations": (layers(3, 3, nn.ReLU()), "the same names and shapes but computes other logits; .* activations included"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_module_is_refused(name, tmp_path):
    """In words that name the class, the names and the shapes that differ; even where only the activations do."""
    X, y = overlapping(30, 40, 3, 3)
    ModuleClassifier(layers(3, 3, nn.Tanh()), random_state=0).fit(X, y).save(tmp_path / "m.safetensors")
    module, words = OTHERS[name]
    with pytest.raises(InputError, match=words):
        ModuleClassifier.load(tmp_path / "m.safetensors", *([] if module is None else [module]))


def _rewritten(content: bytes, change: Callable[[dict], object]) -> bytes:
    """A module file with another header."""
    size = struct.unpack("<Q", content[:8])[0]
    outer = json.loads(content[8 : 8 + size])
    header = json.loads(outer["__metadata__"]["logistic_module"])
    change(header)
    outer["__metadata__"]["logistic_module"] = json.dumps(header, sort_keys=True)
    text = json.dumps(outer, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + content[8 + size :]


DAMAGES = {
    "a later format": (lambda h: h.update(format=2), "its format is 2, and this version reads format 1; upgrade logistic"),
    "another label": (lambda h: h["classes"].update(values=[0, 1, 3]), "its checksum does not match"),
    "a missing key": (lambda h: h.pop("alpha"), "unexpected or missing keys: 'alpha'"),
    "an unknown status": (lambda h: h["certificate"].update(status="perfect"), "'perfect' is not one of"),
    "no shape": (lambda h: h.update(shape=[]), "rows have shape"),
    "a text for a number": (lambda h: h.update(n_iter="3"), "'3' is not of type int"),
    "an endless row": (lambda h: h.update(shape=[10**12]), "more than 67108864 numbers"),
    "a row of many dimensions": (lambda h: h.update(shape=[1] * 20), "more than 67108864 numbers"),
    "a long name": (lambda h: h.update(module="a" * 4097), "4097 characters"),
    "a surrogate": (lambda h: h.update(solver="\ud800"), "surrogates"),
    "an endless witness": (lambda h: h.update(witness=[0.0] * (2**16 + 1)), "65537 logits"),
    "endless digits": (lambda h: h.update(n_iter=10**50), "51 digits"),
    "deep lists": (lambda h: h.update(features=[[[[[]]]]]), "more than 4 deep"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_refused(name, tmp_path):
    """Every header that is not what was written."""
    X, y = overlapping(31, 40, 3, 3)
    path = tmp_path / "m.safetensors"
    ModuleClassifier(layers(3, 3), random_state=0).fit(X, y).save(path)
    change, words = DAMAGES[name]
    path.write_bytes(_rewritten(path.read_bytes(), change))
    with pytest.raises(ModelFileError, match=words):
        ModuleClassifier.load(path, layers(3, 3))


def test_a_module_file_is_whole_or_refused(tmp_path):
    """A bit of any byte flipped, any end cut off, anything added: in little time, and never another module."""
    X, y = overlapping(31, 40, 3, 3)
    path, module = tmp_path / "m.safetensors", layers(3, 3)
    ModuleClassifier(module, random_state=0).fit(X, y).save(path)
    whole = path.read_bytes()
    contents = [whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(len(whole))]
    contents += [whole[:i] for i in range(len(whole))] + [
        whole + b" ",
        whole + whole,
        b" " + whole,
        struct.pack("<Q", 2**60) + b"{}",
    ]
    survivors = []
    for content in contents:
        path.write_bytes(content)
        with suppress(ModelFileError):
            ModuleClassifier.load(path, module)
            survivors.append(content)
    assert survivors == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"dtype": "F32", "shape": [2**20], "data_offsets": [0, 4]}, "not a module file"),
        ({"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}, "too many numbers"),
        ({"dtype": "F32", "shape": [1] * 17, "data_offsets": [0, 4]}, "17 dimensions, more than 16"),
        ({"dtype": "X32", "shape": [1], "data_offsets": [0, 4]}, "not a module file"),
        ({"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]}, "not a module file"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}, "take 400 bytes"),
    ],
)
def test_tensors_that_claim_much_are_refused(entry, words, tmp_path):
    """Before they are made."""
    text = json.dumps({"__metadata__": {"logistic_module": "{}"}, "a": entry}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    (tmp_path / "m").write_bytes(
        struct.pack("<Q", len(text)) + text + bytes(entry["data_offsets"][1] if "6" in entry["dtype"] else 4)
    )
    with pytest.raises(ModelFileError, match=words):
        ModuleClassifier.load(tmp_path / "m", layers(3, 3))


def test_files_of_other_kinds_are_told_apart(tmp_path):
    """A changed number, half a file, another program's file, a linear model's file, no file; and what cannot be written."""
    X, y = overlapping(32, 40, 3, 3)
    path, module = tmp_path / "m.safetensors", layers(3, 3)
    fitted = ModuleClassifier(module, random_state=0).fit(X, y)
    fitted.save(path)
    whole = path.read_bytes()
    with pytest.raises(ModelFileError):
        load_model(path)
    for content, words in (
        (whole[:-1] + bytes([whole[-1] ^ 1]), "checksum"),
        (whole[:200], "not a module file"),
        (b"", "not a module"),
    ):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=words):
            ModuleClassifier.load(path, module)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(ModelFileError, match="no torch module of this package"):
        ModuleClassifier.load(path, module)
    LogisticRegression().fit(X, y).save(path)
    with pytest.raises(ModelFileError, match=r"try logistic.load"):
        ModuleClassifier.load(path, module)
    with pytest.raises(FileNotFoundError):
        ModuleClassifier.load(tmp_path / "none.safetensors", module)
    with pytest.raises(NotFittedError):
        clone(fitted).save(path)

    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"anything": 1}

        def set_extra_state(self, state):
            pass

    class Deep(nn.Linear):
        def __init__(self):
            super().__init__(3, 3)
            self.register_buffer("deep", torch.zeros((1,) * 17))

    with pytest.raises(InputError, match=r"cannot be saved: tensor 'deep' has 17 dimensions, more than 16"):
        ModuleClassifier(Deep(), random_state=0).fit(X, y).save(path)

    extra = ModuleClassifier(Extra(3, 3), random_state=0).fit(X, y)
    with pytest.raises(InputError, match=r"the state of module holds '_extra_state', a dict; only tensors can be saved"):
        extra.save(path)


def test_a_module_that_draws_in_eval_mode_or_fails_on_ones_can_be_saved(tmp_path):
    """Its logits cannot be compared, so only names and shapes are."""

    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x) + torch.randn(len(x), 3)

    class Picky(nn.Linear):
        def forward(self, x):
            if bool((x == 1).all()):
                raise ValueError("no ones")
            return super().forward(x)

    X, y = overlapping(33, 40, 3, 3)
    for kind in (Noisy, Picky):
        fitted = ModuleClassifier(kind(3, 3), random_state=0).fit(X, y)
        fitted.save(tmp_path / "m.safetensors")
        found = ModuleClassifier.load(tmp_path / "m.safetensors", kind(3, 3))
        assert same(numbers(found.module_), numbers(fitted.module_))


# --------------------------------------------------------------------------------------------------------- published lessons


def iris() -> list[np.ndarray]:
    """Virginica against the rest, 100 / 50 rows."""
    data = load_iris()
    return train_test_split(data.data, (data.target == 2).astype(int), test_size=0.33, random_state=42)


def named_layers() -> nn.Module:
    """A model class of one's own."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scores = nn.Linear(4, 1, bias=False, dtype=DOUBLE)

        def forward(self, x):
            return self.scores(x)

    return Model()


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(4, 1, bias=False, dtype=DOUBLE),
        lambda: nn.Sequential(nn.Linear(4, 1, bias=False, dtype=DOUBLE)),
        lambda: nn.Sequential(),
        named_layers,
    ],
    ids=["layer", "sequence", "named sequence", "class"],
)
def test_lbfgs_on_modules_of_iris(make):
    """probml, chapter 10: printed [-4.4145 -9.1138 6.5398 12.6909], the optimum to 1e-3; here the optimum itself."""
    train, test, y_train, _ = iris()
    module = make()
    if not len(list(module.parameters())):
        module.add_module("scores", nn.Linear(4, 1, bias=False, dtype=DOUBLE))
    fitted = ModuleClassifier(module, solver="lbfgs").fit(train, y_train)
    (weight,) = (value for value in numbers(fitted.module_).values())
    np.testing.assert_allclose(weight, [[-4.4145, -9.1138, 6.5398, 12.6909]], atol=1e-3)
    np.testing.assert_allclose(weight, [[-4.414725, -9.114223, 6.540152, 12.691130]], atol=1e-6)
    assert fitted.certificate_.value == pytest.approx(0.0690770079, abs=1e-10)
    ours = LogisticRegression(alpha=0.0, fit_intercept=False).fit(train, y_train)
    compared = agreement(ours, fitted, test)
    assert compared.same_labels == 1
    assert compared.probabilities.largest < 1e-7
    np.testing.assert_allclose(fitted.predict_proba(test)[:, 1], 1 / (1 + np.exp(-test @ weight[0])), rtol=1e-9)


def test_adam_and_momentum_on_a_module_of_iris():
    """Batches of 33, lr 0.1, 100 epochs from torch's L-BFGS start of the lesson: labels agree with the optimum's."""
    train, test, y_train, _ = iris()
    optimum = LogisticRegression(alpha=0.0, fit_intercept=False).fit(train, y_train)
    module = nn.Linear(4, 1, bias=False, dtype=DOUBLE)
    module.weight.data = torch.tensor([[1.54099607, -0.29342890, -2.17878938, 0.56843126]], dtype=DOUBLE)
    for solver, least in ((Adam(lr=0.1, batch_size=33), 0.9), (SGD(lr=0.1, batch_size=33), 0.94)):
        fitted = ModuleClassifier(module, solver=solver, random_state=0).fit(train, y_train)
        assert len(fitted.history_["batch_loss"]) == 400
        assert agreement(optimum, fitted, test).same_labels >= least
    weight = fitted.module_.weight.detach().numpy()[0]
    assert np.all((weight >= [-0.54, -2.17, 0.96, 2.63]) & (weight <= [-0.45, -2.12, 1.03, 2.67]))  # the band of 200 shuffles


def test_mnist_as_images():
    """Duke: one epoch of SGD lr 0.1 in batches of 100 on images (n, 1, 28, 28): test accuracy .895-.92, first loss near ln 10."""

    def read(name: str, offset: int) -> np.ndarray:
        with gzip.open(shared_file("data", "mnist", name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    images, labels = read("train-images-idx3-ubyte.gz", 16), read("train-labels-idx1-ubyte.gz", 8)
    module = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.normal_(module[1].weight, std=1 / 28)
    nn.init.zeros_(module[1].bias)
    fitted = ModuleClassifier(module, solver=SGD(lr=0.1, batch_size=100, epochs=1), random_state=0)
    fitted.fit(images.reshape(-1, 1, 28, 28) / np.float32(255), labels)
    test = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28) / np.float32(255)
    assert len(fitted.history_["batch_loss"]) == 600
    assert 2.2 < fitted.history_["batch_loss"][0] < 2.5
    assert 0.895 < fitted.score(test, read("t10k-labels-idx1-ubyte.gz", 8)) < 0.92


def test_a_failed_fit_leaves_the_old_module() -> None:
    """Rows of another width, on which the module fails, change nothing that was fitted."""
    X, y = overlapping(0, 40, 3, 2)
    model = ModuleClassifier(torch.nn.Linear(3, 2), solver=Adam(lr=0.1, epochs=2), random_state=0).fit(X, y)
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    predicted = model.predict_proba(X)
    with pytest.raises(InputError, match="module fails"):
        model.fit(np.ones((40, 5)), y)
    after = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    np.testing.assert_array_equal(model.predict_proba(X), predicted)
