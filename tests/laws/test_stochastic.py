"""The textbook solvers: their iterations, number for number, and what the loop does for them."""

from __future__ import annotations

import pickle
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from logistic import InputError, LogisticRegression, solvers
from logistic.contracts import Solver, Spec, Stop
from logistic.fit import Snapshot, fit
from logistic.frame import Frame
from logistic.learn import scratch
from logistic.objective import LogisticObjective
from logistic.outcome import Status
from logistic.solvers import GD, REGISTRY, SGD, Adam
from logistic.solvers.epochs import SCHEDULES
from logistic.sources import ArraySource
from logistic.start import generator
from support import Forgetful, fit_arrays, overlapping

NEVER = Stop(tol=1e-300)  # the textbook iteration alone: no certificate ends it


def run(X: Any, y: Any, solver: Solver, **choices: Any) -> Any:
    """The coefficients after all epochs, (M, p) and (M,)."""
    found = fit_arrays(X, y, solver=solver, stop=NEVER, **{"alpha": 0.0, **choices})
    return found.model.coef, found.model.intercept


def batches(n: int, size: int, epochs: int, seed: int) -> list[list[np.ndarray]]:
    """The order that a generator of this seed deals out."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n) for _ in range(epochs)]
    return [[order[i : i + size] for i in range(0, n, size)] for order in orders]


def by_torch(X: np.ndarray, y: np.ndarray, optimiser: Any, dealt: list[list[np.ndarray]], share: int | None) -> np.ndarray:
    """A plain PyTorch loop over softmax regression from zero; class-centred [W b] (K, p + 1)."""
    layer = torch.nn.Linear(X.shape[1], y.max() + 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    steps = optimiser(layer.parameters())
    for epoch in dealt:
        for rows in epoch:
            steps.zero_grad()
            loss = torch.nn.functional.cross_entropy(layer(torch.as_tensor(X[rows])), torch.as_tensor(y[rows]))
            (loss * (1.0 if share is None else len(rows) / share)).backward()
            steps.step()
    found = torch.cat([layer.weight, layer.bias[:, None]], dim=1).detach().numpy()
    return found - found.mean(axis=0)


OPTIMISERS: dict[str, tuple[Any, Any]] = {
    "sgd": (SGD(lr=0.05, average=False), lambda p: torch.optim.SGD(p, lr=0.05)),
    "momentum": (SGD(lr=0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    "nesterov": (
        SGD(lr=0.05, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "adam": (Adam(lr=0.05), lambda p: torch.optim.Adam(p, lr=0.05)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("batch_mean", [True, False], ids=["plain mean", "true size"])
def test_torch_takes_the_same_steps(name: str, batch_mean: bool) -> None:
    """On the columns as given, in the same batches, with a short last one: equal to rounding."""
    X, y = overlapping(3, 100, 4, 3)
    X = X * [1, 3, 0.3, 1] + [0, 5, 0, -1]
    ours, theirs = OPTIMISERS[name]
    solver = ours.__class__(**{**ours.get_params(), "batch_size": 33, "epochs": 7, "batch_mean": batch_mean})
    coef, intercept = run(X, y, solver, seed=11)
    wanted = by_torch(X, y, theirs, batches(100, 33, 7, 11), None if batch_mean else 33)
    np.testing.assert_allclose(np.column_stack([coef, intercept]), wanted, rtol=1e-9, atol=1e-11)


def test_gradient_descent_from_scratch_takes_the_same_steps() -> None:
    """The student's NumPy loop and gd with a learning rate, for three classes, with weights and a penalty."""
    X, y = overlapping(5, 80, 3, 3)
    X = X + 4
    weight = np.random.default_rng(0).uniform(0.1, 2, 80)
    W, b = np.full((3, 3), 0.1), np.array([0.3, -0.1, 0.0])
    W_end, b_end, losses = scratch.gradient_descent((W, b), X, scratch.one_hot(y, 3), 0.05, 40, weight, 0.2)
    found = fit_arrays(X, y, weight, solver=GD(lr=0.05, epochs=40), alpha=0.2, init=(W.T, b), stop=NEVER)
    np.testing.assert_allclose(found.model.coef, (W_end - W_end.mean(axis=1, keepdims=True)).T, rtol=1e-9)
    np.testing.assert_allclose(found.model.intercept, b_end - b_end.mean(), rtol=1e-9)
    assert len(losses) == len(found.solution.trace)


def test_one_column_moves_as_two_at_half_the_rate() -> None:
    """Binary regression with rate 2 r is softmax regression of two classes with rate r, as the documents say."""
    X, y = overlapping(6, 60, 2, 2)
    W, b, _ = scratch.gradient_descent((np.zeros((2, 2)), np.zeros(2)), X, scratch.one_hot(y, 2), 0.1, 25)
    coef, intercept = run(X, y, GD(lr=0.2, epochs=25))
    np.testing.assert_allclose(coef[0], W[:, 1] - W[:, 0], rtol=1e-9)
    np.testing.assert_allclose(intercept[0], b[1] - b[0], rtol=1e-9)


@pytest.mark.parametrize("name", ["gd", "sgd", "adam"])
def test_torch_and_numpy_deal_the_same_rows(name: str) -> None:
    """One seed, one order of rows, whatever the arrays are; a forgetful executor and a sparse matrix too."""
    X, y = overlapping(8, 150, 4, 3)
    solver = REGISTRY[name](lr=0.1, epochs=4)
    here = run(X, y, solver, seed=5)
    for there in (
        run(X, y, solver, seed=5, device="cpu"),
        run(X, y, solver, seed=5, executor=Forgetful()),
        run(csr_array(X), y, solver, seed=5),
    ):
        for a, b in zip(here, there, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)
    if name != "gd":
        assert not np.allclose(run(X, y, solver, seed=6)[0], here[0], rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 60), size=st.none() | st.integers(1, 70), cuts=st.lists(st.integers(0, 60), max_size=3), seed=st.integers(0, 9)
)
def test_an_epoch_deals_every_row_once(n: int, size: int | None, cuts: list[int], seed: int) -> None:
    """Over all blocks together; the weighted batches add up to the whole gradient."""
    rng = np.random.default_rng(seed)
    X, y, weight = rng.normal(size=(n, 2)), np.arange(n) % 2, rng.uniform(0.5, 2, n)
    source = ArraySource(X, y, weight)
    places = sorted({0, n, *(c for c in cuts if c < n)})
    raw = [next(ArraySource(X[a:b], y[a:b], weight[a:b]).blocks(n)) for a, b in pairwise(places)]
    spec = Spec(alpha=0.3)
    executor = Forgetful()
    handles = executor.put(raw)
    frame = Frame.learned(executor, handles, source, spec)
    objective = LogisticObjective(frame.loss, frame.penalty, frame.rows(executor, handles), True, np.random.default_rng(seed))
    W = rng.normal(size=objective.shape)
    dealt = [batch(W) for batch in objective.batches(size)]
    steps = np.ceil(n / min(size or n, n))
    assert len(dealt) == steps
    shares = np.array([share for _, _, share in dealt])
    np.testing.assert_allclose(sum(s * g for (_, g, s) in dealt) / shares.sum(), objective.at(W).grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sum(s * v for (v, _, s) in dealt) / shares.sum(), objective.at(W).value, rtol=1e-9)


@pytest.mark.parametrize("name", ["gd", "sgd", "adam"])
def test_without_a_rate_units_cost_nothing(name: str) -> None:
    """Columns in other units and far from zero: the same path of losses."""
    X, y = overlapping(9, 300, 4, 2)
    far = X * [1e6, 1e-6, 1, 30] + [1e9, 0, -5, 0]
    solver = REGISTRY[name](epochs=5)
    a, b = (fit_arrays(Z, y, alpha=0.0, solver=solver, seed=1, stop=NEVER).solution.trace for Z in (X, far))
    np.testing.assert_allclose([r.loss for r in a], [r.loss for r in b], rtol=1e-6)


@pytest.mark.parametrize(
    "solver", [GD(), SGD(epochs=400), SGD(epochs=200, momentum=0.9), Adam(epochs=200, schedule="sqrt")], ids=repr
)
@pytest.mark.parametrize("classes", [2, 3])
def test_they_come_close_to_the_optimum(solver: Solver, classes: int) -> None:
    """On sound data, within 1 %; gd without a rate to the certificate."""
    X, y = overlapping(2, 500, 5, classes)
    best = fit_arrays(X, y, C=1.0).model.certificate.value
    found = fit_arrays(X, y, C=1.0, solver=solver, seed=0).model.certificate
    assert best <= found.value + 1e-12
    assert found.value <= best * 1.01
    assert found.gap >= found.value - best - 1e-15
    if solver.name == "gd":
        assert found.status is Status.CONVERGED


def test_schedules() -> None:
    """The factor of the learning rate from epoch to epoch."""
    assert [SCHEDULES["constant"](t, 4) for t in range(3)] == [1, 1, 1]
    assert [SCHEDULES["sqrt"](t, 4) for t in (0, 3)] == [1, 0.5]
    assert [SCHEDULES["inverse"](t, 4) for t in (0, 1, 3)] == [1, 0.5, 0.25]
    np.testing.assert_allclose([SCHEDULES["cosine"](t, 4) for t in range(6)], [1, 0.853553, 0.5, 0.146447, 0, 0], atol=1e-6)
    X, y = overlapping(4, 50, 2, 2)
    one = run(X, y, SGD(lr=0.1, epochs=1, batch_size=None))
    two = run(X, y, SGD(lr=0.1, epochs=2, batch_size=None, schedule="inverse"))
    start = fit_arrays(X, y, alpha=0.0, init=one, solver=GD(lr=0.05, epochs=1), stop=NEVER).model
    np.testing.assert_allclose(two[0], start.coef, rtol=1e-12)


WRONG = {
    "SGD(lr=0)": "lr of SGD must be a finite number above 0, or None, but is 0",
    "SGD(lr=float('nan'))": "lr of SGD",
    "SGD(lr=0.1, batch_size=0)": "batch_size of SGD must be a whole number above 0, or None",
    "SGD(lr=0.1, epochs=0)": "epochs of SGD must be a whole number above 0",
    "SGD(lr=0.1, momentum=1)": "momentum must be at least 0 and below 1",
    "SGD(lr=0.1, nesterov=True)": "give momentum",
    "SGD(lr=0.1, schedule='up')": "schedule='up' is unknown",
    "SGD(lr=0.1, min_delta=-1)": "min_delta must be finite and at least 0",
    "SGD(lr=0.1, patience=3)": "pass validation_data",
    "Adam(betas=(0.9, 1.0))": "betas must be two numbers",
    "Adam(eps=0)": "eps of Adam",
    "GD(epochs=1.5)": "epochs of GD",
    "LBFGS(memory=0)": "memory of LBFGS",
    "'sdg'": "did you mean 'sgd'",
    "3": "or an object such as solvers.SGD",
}


@pytest.mark.parametrize("written", WRONG)
def test_impossible_settings_are_refused_in_words(written: str) -> None:
    """Naming the setting, its value and what is allowed."""
    X, y = overlapping(4, 50, 2, 2)
    solver = eval(written, {**vars(solvers), "float": float})
    with pytest.raises(InputError, match=WRONG[written].replace("(", r"\(").replace(")", r"\)")):
        LogisticRegression(solver=solver).fit(X, y)


# ------------------------------------------------------------------------------------------------- what the loop does for them


def test_history_has_an_entry_an_epoch_and_one_a_batch() -> None:
    """Loss with and without the penalty, accuracy, validation, step and seconds."""
    X, y = overlapping(1, 200, 3, 3)
    model = LogisticRegression(alpha=0.1, solver=SGD(lr=0.05, batch_size=33, epochs=6), random_state=0)
    with pytest.warns(ConvergenceWarning, match="uncertified"):
        model.fit(X[:150], y[:150], validation_data=(X[150:], y[150:]))
    h = model.history_
    assert h["iteration"].tolist() == list(range(7))
    assert len(h["batch_loss"]) == 6 * 5
    for name in ("objective", "loss", "gradient_norm", "seconds", "accuracy", "validation_loss", "validation_accuracy", "step"):
        assert h[name].shape == (7,), name
    assert (h["objective"][1:] > h["loss"][1:]).all()
    assert (np.diff(h["seconds"]) >= 0).all()
    last = model.metrics(X[150:], y[150:])
    assert h["validation_loss"][-1] == pytest.approx(last.log_loss)
    assert h["validation_accuracy"][-1] == pytest.approx(last.accuracy)
    assert h["accuracy"][-1] == pytest.approx(model.score(X[:150], y[:150]))
    newton = LogisticRegression().fit(X, y).history_
    assert "accuracy" not in newton
    assert newton["objective"][-1] <= newton["objective"][0]


def test_early_stopping_goes_back_to_the_best_epoch() -> None:
    """Rows with noise for labels: the validation loss rises again; without restore_best the last epoch stays."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 30)), rng.integers(0, 2, 60)
    ends = {}
    for restore in (True, False):
        solver = SGD(lr=0.5, epochs=200, patience=5, restore_best=restore)
        model = LogisticRegression(C=np.inf, solver=solver, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an end that was asked for does not warn
            model.fit(X[:40], y[:40], validation_data=(X[40:], y[40:]))
        assert model.certificate_.status is Status.EARLY_STOPPED
        ends[restore] = model
    losses = ends[True].history_["validation_loss"]
    best = int(losses.argmin())
    assert len(losses) == best + 6
    assert ends[True].metrics(X[40:], y[40:]).log_loss == pytest.approx(losses[best])
    assert ends[False].metrics(X[40:], y[40:]).log_loss == pytest.approx(losses[-1])
    assert losses[-1] > losses[best]


def test_ctrl_c_keeps_the_best_point() -> None:
    """Interrupted in the middle of an epoch, the lowest objective so far is what is published."""
    X, y = overlapping(1, 200, 3, 2)
    seen: list[float] = []

    class Interrupted(SGD):
        def epoch(self, objective: Any, state: Any, epoch: int) -> Any:
            if epoch == 3:
                raise KeyboardInterrupt
            return super().epoch(objective, state, epoch)

    model = LogisticRegression(alpha=0.0, solver=Interrupted(lr=5.0, epochs=50), random_state=1)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model.fit(X, y, callback=lambda snapshot: seen.append(snapshot.record.value))
    assert len(seen) == 4
    assert model.certificate_.value == pytest.approx(min(seen), rel=1e-12)


def test_a_callback_sees_the_model_of_every_point_and_may_stop() -> None:
    """In the units of the data; the fit stops without a warning."""
    X, y = overlapping(1, 200, 3, 2)
    X = X * 1000 + 7
    models: list[Snapshot] = []

    def look(snapshot: Snapshot) -> bool:
        models.append(snapshot)
        return snapshot.record.iteration == 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression().fit(X, y, callback=look)
    assert model.certificate_.status is Status.STOPPED
    assert model.n_iter_.tolist() == [2]
    np.testing.assert_allclose(models[-1].model.predict_proba(X), model.predict_proba(X), rtol=1e-9)
    assert models[0].model.predict_proba(X).tolist() == [[0.5, 0.5]] * 200
    with pytest.raises(InputError, match="callback must be a function"):
        LogisticRegression().fit(X, y, callback="print")


def test_a_rate_too_large_is_called_by_its_name() -> None:
    """Numbers that overflow end as ``diverged``, with the best point."""
    X, y = overlapping(1, 50, 3, 2)
    model = LogisticRegression(solver=GD(lr=1e308))
    with pytest.warns(ConvergenceWarning, match="diverged.*learning rate"), np.errstate(all="ignore"):
        model.fit(X * 1e3, y)
    assert np.isfinite(model.coef_).all()


def test_separated_classes_are_named_after_all_epochs() -> None:
    """The textbook runs as many epochs as it was told to, and then says that no finite optimum exists."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    found = fit_arrays(X, np.array([0, 0, 1, 1]), alpha=0.0, solver=GD(lr=0.1, epochs=60)).model
    assert found.certificate.status is Status.SEPARATED
    assert found.n_iter == 60


# ------------------------------------------------------------------------------------------------------------------- pieces


@pytest.mark.parametrize(("classes", "n", "p", "spread"), [(2, 10_000, 20, 0.3), (2, 10_000, 20, 1.0), (3, 10_000, 10, 0.5)])
def test_a_hundred_pieces_come_close_to_the_fit(classes: int, n: int, p: int, spread: float) -> None:
    """One pass over columns in wild units, pickled between the pieces: within 1 % of the optimum."""
    X, y = overlapping(0, n, p, classes, spread)
    X = X * 10.0 ** np.linspace(-3, 3, p) + np.linspace(0, 100, p)
    best = LogisticRegression(standardize=True).fit(X, y).certificate_.value
    model = LogisticRegression(standardize=True, random_state=0)
    for rows in np.array_split(np.arange(n), 100):
        model = pickle.loads(pickle.dumps(model.partial_fit(X[rows], y[rows], classes=np.unique(y))))
    assert model.n_iter_.tolist() == [100]
    assert model.certificate_.status is Status.UNCERTIFIED
    assert model.certificate_.kind == "none"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = LogisticRegression(standardize=True, max_iter=0).fit(X, y, init=model).certificate_.value
    assert 0 <= (found - best) / best <= 1e-2


@pytest.mark.parametrize("solver", [SGD(lr=0.01), Adam(lr=0.01), SGD(), Adam()], ids=repr)
def test_pieces_of_every_kind(solver: Solver) -> None:
    """Single rows, one class at a time, weights, offsets; and a whole fit afterwards starts anew."""
    X, y = overlapping(0, 60, 2, 3)
    labels = np.array(["a", "b", "c"])[y]
    model = LogisticRegression(solver=solver, random_state=0)
    model.partial_fit(X[:1], labels[:1], classes=["c", "a", "b"], sample_weight=[2.0])
    for c in "abc":
        rows = labels == c
        model.partial_fit(X[rows], labels[rows], sample_weight=np.ones(rows.sum()))
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert np.isfinite(model.predict_proba(X)).all()
    before = model.predict_proba(X)
    with pytest.raises(InputError, match="'z' in row 1, which is none of the classes"):
        model.partial_fit(X[:2], ["a", "z"])
    with pytest.raises(ValueError, match="3 features, but LogisticRegression is expecting 2"):
        model.partial_fit(np.ones((2, 3)), ["a", "b"])
    with pytest.raises(InputError, match="offset must be given in every piece or in none"):
        model.partial_fit(X, labels, offset=np.zeros((60, 3)))
    with pytest.raises(InputError, match="classes must stay"):
        model.partial_fit(X, labels, classes=["a", "b"])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    whole = LogisticRegression().fit(X, labels)
    model.set_params(solver="auto").fit(X, labels)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-9)


def test_pieces_need_a_solver_and_classes_that_fit() -> None:
    """Who needs all rows has no partial_fit, and says so; ``balanced`` cannot be known in advance."""
    X, y = overlapping(0, 60, 2, 2)
    for solver in ("newton", "lbfgs", "gd", GD(lr=0.1)):
        with pytest.raises(AttributeError) as error:
            LogisticRegression(solver=solver).partial_fit(X, y)
        assert "needs all rows at once" in str(error.value.__cause__)
    with pytest.raises(InputError, match="class_weight='balanced' needs all rows at once"):
        LogisticRegression(class_weight="balanced").partial_fit(X, y)
    with pytest.raises(InputError, match="only 1 class"):
        LogisticRegression().partial_fit(X[:1], y[:1])
    with pytest.raises(InputError, match="not distributions"):
        LogisticRegression().partial_fit(X, np.full((60, 2), 0.5))


def test_a_generator_is_used_and_a_random_state_drawn_from() -> None:
    """Every kind of seed gives the same stream twice, but a stream goes on."""
    assert generator(3).integers(10**9) == generator(3).integers(10**9)
    rng = np.random.default_rng(0)
    assert generator(rng) is rng
    state = np.random.RandomState(0)
    first, second = generator(state).integers(10**9), generator(state).integers(10**9)
    assert first != second
    assert generator(np.random.RandomState(0)).integers(10**9) == first
    for wrong in ("seed", 1.5, -1, True):
        with pytest.raises(InputError, match="random_state must be"):
            generator(wrong)


def test_the_loop_takes_a_solver_of_ones_own() -> None:
    """Anybody can write a solver: a generator of points."""

    class Halving(Solver):
        name = "halving"
        needs = frozenset({"gradient"})

        def __call__(self, objective: Any, W0: Any) -> Any:
            point = objective.at(W0)
            while True:
                yield point
                point = objective.at(point.W - 0.5 * point.grad)

    X, y = overlapping(0, 100, 2, 2)
    found = fit(ArraySource(X, y), Spec(alpha=0.1, solver=Halving()))
    assert found.model.certificate.status is Status.CONVERGED
    assert found.model.solver == "halving: as asked"


@pytest.mark.parametrize("solver", ["newton", "lbfgs", GD(lr=0.01, epochs=3), Adam(lr=0.1, epochs=3)], ids=str)
def test_a_start_that_is_not_class_centred_is_certified_all_the_same(solver: Any) -> None:
    """Adding a vector to all classes changes no probability, but the penalty: the bound is of what is published."""
    X, y = overlapping(2, 200, 4, 3)
    best = fit_arrays(X, y, C=1.0).model.certificate.value
    for init in (np.full((3, 4), 5.0), np.arange(12.0).reshape(3, 4)):
        for stop in (Stop(), Stop(max_iter=1)):
            found = fit_arrays(X, y, C=1.0, solver=solver, init=init, stop=stop)
            assert found.model.certificate.gap >= found.model.certificate.value - best - 1e-14
            again = fit_arrays(X, y, C=1.0, init=found.model, stop=Stop(max_iter=0)).model.certificate
            assert found.model.certificate.value == pytest.approx(again.value, rel=1e-12)
