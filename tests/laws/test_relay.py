"""Fits that may do without a Hessian: L-BFGS first and Newton's method after it, proofs by gradients before those by Hessians."""

from __future__ import annotations

import numpy as np
import pytest

from logistic import solvers, tasks
from logistic.backend import Array
from logistic.contracts import Point, Stop
from logistic.objective import LogisticObjective
from logistic.outcome import Status
from support import fit_arrays, overlapping

LOOSE = Stop(tol=1e-4)


def correlated(n: int, p: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns with a condition number of some thousands."""
    X, y = overlapping(3, n, p, classes, spread=0.2)
    rng = np.random.default_rng(4)
    return X @ (rng.normal(size=(p, p)) * np.exp(-6 * np.arange(p) / p)[:, None]), y


@pytest.fixture
def hessians(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An entry for each Hessian that is formed."""
    formed: list[int] = []
    assembled = LogisticObjective._assembled

    def counted(self: LogisticObjective, point: Point, share: float = 1.0) -> Array:
        formed.append(1)
        return assembled(self, point, share)

    monkeypatch.setattr(LogisticObjective, "_assembled", counted)
    return formed


@pytest.mark.parametrize(("n", "p", "classes"), [(1000, 60, 6), (2000, 300, 2), (150, 400, 2), (150, 400, 3), (100, 1500, 2)])
def test_an_easy_fit_forms_no_hessian(n: int, p: int, classes: int, hessians: list[int]) -> None:
    """Neither for its steps nor for its proof, which holds, as a fit to the last digit shows; where rows are few, nor for these."""
    X, y = overlapping(2, n, p, classes, spread=0.1)
    loose = fit_arrays(X, y, C=0.1, stop=LOOSE).model
    assert not hessians
    finest = fit_arrays(X, y, C=0.1).model
    assert not hessians or n > p
    assert loose.certificate.status is finest.certificate.status is Status.CONVERGED
    assert loose.certificate.kind == finest.certificate.kind == "proof"
    least = finest.certificate.value - finest.certificate.gap
    assert loose.certificate.value - least <= loose.certificate.gap * (1 + 1e-6) + finest.certificate.gap
    assert loose.certificate.gap <= 1e-4 * loose.certificate.value
    np.testing.assert_allclose(fit_arrays(X, y, C=0.1, solver="newton").model.coef, finest.coef, rtol=1e-9, atol=1e-12)


def test_a_hard_fit_ends_with_newton(hessians: list[int]) -> None:
    """After as many steps of L-BFGS as a Hessian costs; alone that would take many times as many."""
    X, y = correlated(1500, 60, 5)
    found = fit_arrays(X, y, C=1e4, stop=LOOSE)
    price = round(tasks.price((61, 5)))
    alone = fit_arrays(X, y, C=1e4, solver="lbfgs", stop=Stop(tol=1e-12)).solution.n_iter
    assert found.model.solver.startswith("relay: 305 coefficients")
    assert found.model.certificate.status is Status.CONVERGED
    assert hessians
    assert price < found.solution.n_iter < price + 12 < alone


@pytest.mark.parametrize("patience", [0, 5, 1000])
def test_a_hessian_proves_what_gradients_do_not(patience: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weak penalty: however long gradients are waited for, L-BFGS alone ends in a proof."""
    monkeypatch.setattr("logistic.proof.PATIENCE", patience)
    X, y = overlapping(5, 500, 80, 4, spread=0.1)
    found = fit_arrays(X, y, C=1e6, solver="lbfgs", stop=LOOSE).model.certificate
    assert (found.kind, found.status) == ("proof", Status.CONVERGED)
    assert found.gap <= 1e-4 * found.value


def test_who_takes_part() -> None:
    """Few coefficients, or none that is penalised, go the old way; so do rows of which a share has the Hessian of all."""
    X, y = overlapping(5, 400, 60, 5, spread=0.1)
    assert fit_arrays(X, y, C=1.0).model.solver.startswith("relay: 305 coefficients")
    assert fit_arrays(X[:, :40], y, C=1.0).model.solver.startswith("newton: 205 coefficients")
    assert fit_arrays(X, y, alpha=0.0).model.solver.startswith("newton: 305 coefficients")
    assert fit_arrays(X, y, C=1.0, solver=solvers.Relay(memory=5)).model.solver == "relay: as asked"
    with pytest.raises(ValueError, match="memory of Relay must be a whole number above 0, but is 0"):
        fit_arrays(X, y, C=1.0, solver=solvers.Relay(memory=0))
