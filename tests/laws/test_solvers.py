"""Every solver on every problem ends at one optimum, with one meaning of tol."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from logistic.contracts import Block, Point, Stop
from logistic.designs import Dense, Intercept, Scaled
from logistic.errors import InputError
from logistic.executor import InProcess
from logistic.loss import Binary, Softmax
from logistic.minimize import minimize
from logistic.objective import LogisticObjective
from logistic.outcome import Status
from logistic.penalty import L2
from logistic.solvers import REGISTRY, Newton, choose, named
from logistic.solvers.settings import Settings
from logistic.tasks import Rows
from support import EXACT, Forgetful, fit_arrays, overlapping

PROBLEMS = {
    "binary": ({}, 2, {"alpha": 0.0}),
    "binary penalised": ({}, 2, {"C": 1.0}),
    "binary standardized": ({}, 2, {"C": 0.01, "standardize": True}),
    "binary without intercept": ({}, 2, {"alpha": 0.0, "fit_intercept": False}),
    "softmax": ({}, 3, {"alpha": 0.0}),
    "softmax penalised": ({}, 5, {"alpha": 1e-3}),
    "wild units": ({"units": True}, 3, {"alpha": 0.0}),
    "sparse": ({"sparse": True}, 3, {"C": 10.0}),
}


def _problem(how: dict[str, bool], classes: int) -> tuple[object, np.ndarray]:
    X, y = overlapping(11, 250, 4, classes)
    if how.get("units"):
        X = X * np.array([1e-8, 1.0, 1e8, 1e3]) + np.array([0, 1e6, 0, -1e3])
    if how.get("sparse"):
        X = csr_array(np.where(np.abs(X) < 1, 0, X))
    return X, y


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_solver_reaches_the_same_optimum(name):
    """Coefficients agree to ten digits, and each fit is certified."""
    how, classes, choices = PROBLEMS[name]
    X, y = _problem(how, classes)
    fits = {solver: fit_arrays(X, y, solver=solver, **choices).model for solver in EXACT}
    first = fits["newton"]
    for solver, model in fits.items():
        assert model.certificate.status is Status.CONVERGED, solver
        assert model.certificate.kind == "proof"
        np.testing.assert_allclose(model.coef, first.coef, rtol=1e-10, err_msg=solver)
        np.testing.assert_allclose(model.intercept, first.intercept, rtol=1e-9, atol=1e-9, err_msg=solver)


@pytest.mark.parametrize("solver", EXACT)
def test_values_never_rise(solver):
    """Each point is at least as good as the one before, to rounding."""
    X, y = overlapping(5, 200, 5, 3)
    trace = fit_arrays(X, y, solver=solver, alpha=1e-4).solution.trace
    values = np.array([record.value for record in trace])
    assert (np.diff(values) <= 1e-14 * np.abs(values[:-1])).all()
    assert [record.iteration for record in trace] == list(range(len(trace)))


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("tol", [1e-2, 1e-5, 1e-8])
def test_tol_is_certified_relative_suboptimality(solver, tol):
    """The proven gap of a converged fit is within tol of the value, and true against a far better fit."""
    X, y = overlapping(6, 300, 4, 3)
    model, solution = fit_arrays(X, y, solver=solver, alpha=0.0, stop=Stop(tol=tol))
    best = fit_arrays(X, y, alpha=0.0).model.certificate.value
    assert model.certificate.status is Status.CONVERGED
    assert model.certificate.gap <= tol * model.certificate.value
    assert model.certificate.value - best <= model.certificate.gap + 1e-15
    assert solution.n_iter == len(solution.trace) - 1


@pytest.mark.parametrize("solver", EXACT)
def test_same_seed_same_bits_in_two_processes(solver):
    """Two fresh processes give the same bits."""
    code = (
        "import numpy as np; from logistic.fit import fit; from logistic.contracts import Spec;"
        "from logistic.sources import ArraySource; rng = np.random.default_rng(0); X = rng.normal(size=(5000, 8)); "
        "y = (X @ rng.normal(size=8) + rng.logistic(size=5000)) > 0;"
        f"m = fit(ArraySource(X, y), Spec(C=1.0, solver={solver!r})).model; print(m.coef.tobytes().hex(), m.base.tobytes().hex())"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert first == second
    assert len(first) > 100


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", EXACT)
def test_torch_arrays_end_where_numpy_ends(solver, classes):
    """The same mathematics on tensors: same optimum, same proof."""
    X, y = overlapping(7, 200, 3, classes)

    def objective(convert):
        scaled = Intercept(Scaled(Dense(convert(X)), convert(X.mean(axis=0)), convert(X.std(axis=0))))
        block = Block(scaled, convert(y), convert(np.ones(200)))
        rows = Rows(InProcess(), [block], 200, 200.0, convert(np.full(4, 1e-16)))
        loss = Binary() if classes == 2 else Softmax(classes)
        return LogisticObjective(loss, L2(0.01, convert(np.array([1.0, 1, 1, 0]))), rows, True)

    ours, theirs = objective(np.asarray), objective(torch.as_tensor)
    a = minimize(ours, REGISTRY[solver](), ours.zeros(), Stop())
    b = minimize(theirs, REGISTRY[solver](), theirs.zeros(), Stop())
    assert isinstance(b.point.W, torch.Tensor)
    assert a.certificate.status is b.certificate.status is Status.CONVERGED
    np.testing.assert_allclose(b.point.W.numpy(), a.point.W, rtol=1e-11, atol=1e-13)
    assert b.certificate.gap == pytest.approx(a.certificate.gap, rel=1)


def test_every_solver_class_is_registered():
    """The registry holds all solvers, so no law can miss one."""

    def concrete(cls: type) -> set[type]:
        below = {found for child in cls.__subclasses__() for found in concrete(child)}
        return below if inspect.isabstract(cls) or not cls.__module__.startswith("logistic.solvers") else below | {cls}

    assert set(REGISTRY.values()) == {found for cls in Settings.__subclasses__() for found in concrete(cls)}


def test_limits_and_requests_end_the_loop_by_name():
    """max_iter, max_time, a callback and Ctrl-C each have their status, and the point so far is kept."""
    X, y = overlapping(8, 200, 4, 2)

    def interrupt(point: Point) -> None:
        raise KeyboardInterrupt

    assert fit_arrays(X, y, alpha=0.0, stop=Stop(max_iter=1)).model.certificate.status is Status.MAX_ITER
    assert fit_arrays(X, y, alpha=0.0, stop=Stop(max_iter=0)).solution.n_iter == 0
    assert fit_arrays(X, y, alpha=0.0, stop=Stop(max_time=1e-9)).model.certificate.status is Status.MAX_TIME
    source, spec = _source_and_spec(X, y)
    from logistic.fit import fit

    assert fit(source, spec, on_point=lambda snapshot: True).model.certificate.status is Status.STOPPED
    seen = []
    fit(source, spec, on_point=seen.append)
    assert [snapshot.record.iteration for snapshot in seen] == list(range(len(seen)))
    assert seen[0].model.coef.tolist() == np.zeros((1, 4)).tolist()
    assert seen[-1].record.value < seen[0].record.value

    class Interrupted(Newton):
        def __call__(self, objective, W0):
            yield objective.at(W0)
            raise KeyboardInterrupt

    objective = _objective(X, y)
    assert minimize(objective, Interrupted(), objective.zeros(), Stop()).certificate.status is Status.INTERRUPTED


def test_a_solver_that_blows_up_is_called_diverged():
    """A non-finite value ends the loop with the last finite point."""
    X, y = overlapping(9, 100, 3, 2)
    objective = _objective(X, y)

    class Wild(Newton):
        def __call__(self, objective, W0):
            yield objective.at(W0)
            yield objective.at(W0 + float("nan"))

    found = minimize(objective, Wild(), objective.zeros(), Stop())
    assert found.certificate.status is Status.DIVERGED
    assert np.isfinite(found.point.value)


def test_choice_of_solver_is_said_and_refused_in_words():
    """Auto says why; unknown names and impossible Hessians are refused before any work."""
    X, y = overlapping(10, 100, 3, 2)
    objective = _objective(X, y)
    assert choose(None, objective)[1].startswith("newton: 4 coefficients")
    with pytest.raises(InputError, match=r"solver='newtn' is unknown.*did you mean 'newton'"):
        named("newtn")
    small = _objective(X, y, hessian_bytes=0)
    assert choose(None, small)[0].name == "lbfgs"
    with pytest.raises(InputError, match=r"needs a Hessian of 4 x 4 numbers.*use solver='lbfgs'"):
        choose(Newton(), small)
    with pytest.raises(InputError, match="needs hessian"):
        minimize(small, Newton(), small.zeros(), Stop())


def _source_and_spec(X, y):
    from logistic.contracts import Spec
    from logistic.sources import ArraySource

    return ArraySource(X, y), Spec(C=1.0)


def _objective(X, y, **more):
    block = Block(Intercept(Dense(X)), y, np.ones(len(y)))
    rows = Rows(InProcess(), [block], len(y), float(len(y)), np.zeros(X.shape[1] + 1))
    return LogisticObjective(Binary(), L2(0.1, np.array([1.0] * X.shape[1] + [0.0])), rows, True, **more)


@pytest.mark.parametrize("solver", EXACT)
def test_solvers_pass_on_a_forgetful_executor(solver):
    """Wild units, three classes and nothing remembered: still certified, still the same."""
    X, y = _problem({"units": True}, 3)
    model = fit_arrays(X, y, solver=solver, alpha=0.0, executor=Forgetful()).model
    assert model.certificate.status is Status.CONVERGED
    np.testing.assert_allclose(model.coef, fit_arrays(X, y, alpha=0.0).model.coef, rtol=1e-10)


def test_a_sample_is_a_start_and_no_more(monkeypatch):
    """Many rows are begun on some of them: the same optimum in fewer steps, the same bits each time; where asked for, zeros."""
    X, y = overlapping(5, 3000, 3, 3)
    X = X * [1e-3, 1, 1e3]
    plain = fit_arrays(X, y, C=1.0, solver="newton").model
    monkeypatch.setattr("logistic.fit.SAMPLE", 150)
    begun, again = (fit_arrays(X, y, C=1.0, solver="newton").model for _ in range(2))
    assert "sample" in begun.solver
    assert "sample" not in plain.solver
    assert begun.n_iter < plain.n_iter
    assert begun.certificate.status is Status.CONVERGED
    np.testing.assert_allclose(begun.coef, plain.coef, rtol=1e-10)
    np.testing.assert_array_equal(begun.coef, again.coef)
    assert "sample" not in fit_arrays(X, y, C=1.0, solver="newton", init=np.zeros((3, 3))).model.solver
    assert "sample" not in fit_arrays(X, y, C=1.0, solver="lbfgs").model.solver


def test_a_sample_without_an_optimum_is_no_start(monkeypatch):
    """A class that the sample does not hold, or rows that count for nothing: the fit begins at zero."""
    X, y = overlapping(6, 3000, 2, 2)
    y[:] = 0
    y[[7, 1500, 2900]] = 1
    X[y == 1] = [[0.1, 0.2], [-0.3, 0.1], [0.2, -0.4]]
    weight = np.zeros(3000)
    weight[[1, 2, 7, 1500, 2900]] = weight[20:40] = 1
    plain = fit_arrays(X, y, solver="newton").model
    monkeypatch.setattr("logistic.fit.SAMPLE", 60)
    np.testing.assert_allclose(fit_arrays(X, y, solver="newton").model.coef, plain.coef, rtol=1e-9)
    few = fit_arrays(X, y, weight, alpha=0.1, solver="newton").model
    assert few.certificate.status is Status.CONVERGED


def test_newton_ends_where_rounding_rules() -> None:
    """Columns that are nearly the same, and a penalty that hardly tells them apart: no step helps, and none is made in vain."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 20))
    X[:, 1:] = X[:, :1] + 1e-5 * X[:, 1:]
    y = (X[:, 0] + rng.logistic(size=300) > 0).astype(int)
    model = fit_arrays(X, y, C=1e8, solver="newton", stop=Stop(tol=1e-13)).model
    assert model.certificate.status is Status.PRECISION_FLOOR
    assert model.certificate.kind == "proof"
    assert model.certificate.gap <= 1e-7 * model.certificate.value
    assert model.n_iter <= 10
