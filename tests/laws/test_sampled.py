"""Steps and proofs with the Hessian of a share of the rows: the same optimum, and never a claim below the truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from logistic import rank, tasks
from logistic.certificate import Curvature
from logistic.contracts import Point, Stop
from logistic.executor import InProcess
from logistic.objective import LogisticObjective
from logistic.outcome import Certificate, Status
from logistic.proof import Prover
from logistic.tasks import spread
from referee import true_gap
from support import fit_arrays, overlapping
from ugly import Ugly, ugly_problems


@pytest.fixture(name="shares", params=[0.3])
def _shares(request: pytest.FixtureRequest) -> Iterator[list[float]]:
    """Sampling on few rows; the list tells of which share of them each Hessian was made."""
    made: list[float] = []
    assembled = LogisticObjective._assembled

    def counted(self, point, share=1.0):
        made.append(share)
        return assembled(self, point, share)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logistic.objective.SHARE", request.param)
        patch.setattr("logistic.objective.ROWS_PER_COEFFICIENT", 0)
        patch.setattr("logistic.objective.PRODUCTS", 0)
        patch.setattr(LogisticObjective, "_assembled", counted)
        yield made


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(ugly_problems())
def test_a_proof_by_a_share_of_the_rows_is_never_below_the_truth(ugly: Ugly) -> None:
    """Whatever the rows left out would have added, and whether the sample is any good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logistic.objective.SHARE", 0.4)
        patch.setattr("logistic.objective.ROWS_PER_COEFFICIENT", 0)
        patch.setattr("logistic.objective.PRODUCTS", 0)
        result = ugly.fit()
    found = result.model.certificate
    assert np.isfinite(result.model.coef).all()
    if found.status is Status.CONVERGED:
        assert found.gap <= 1e-8 * abs(found.value)
    if found.kind == "proof" and found.status is not Status.RANK_DEFICIENT:
        assert true_gap(ugly.problem(result), result.model) <= found.gap


@pytest.mark.parametrize("C", [1.0, None])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_same_optimum_by_a_share_of_the_rows(classes: int, C: float | None, shares: list[float]) -> None:
    """Ten digits of every coefficient, no Hessian of all rows, a proof, and the same bits each time."""
    X, y = overlapping(5, 30_000, 4, classes)
    found, again = (fit_arrays(X, y, C=C, solver="newton", covariance=None).model for _ in range(2))
    assert set(shares) == {0.3}
    assert found.certificate.status is Status.CONVERGED
    assert found.certificate.kind == "proof"
    np.testing.assert_array_equal(found.coef, again.coef)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logistic.objective.ROWS_PER_COEFFICIENT", 10**6)
        plain = fit_arrays(X, y, C=C, solver="newton").model
    assert shares[-1] == 1
    np.testing.assert_allclose(found.coef, plain.coef, rtol=0, atol=1e-10 * abs(plain.coef).max())
    assert abs(found.certificate.value - plain.certificate.value) <= 1e-14 * plain.certificate.value


def test_any_tolerance_ends_in_a_proof(shares: list[float]) -> None:
    """Loose and tight tolerances, and none at all, where the steps end by themselves."""
    X, y = overlapping(6, 3000, 4, 2)
    for tol in (1e-1, 1e-4, 1e-12, 0.0):
        found = fit_arrays(X, y, C=1.0, solver="newton", stop=Stop(tol=tol)).model.certificate
        assert found.kind == "proof"
        assert found.status is (Status.PRECISION_FLOOR if tol == 0 else Status.CONVERGED)


@pytest.mark.parametrize("seed", [15, 19, 21])
def test_a_loose_proof_by_a_share_asks_no_row_how_long_it_is(
    seed: int, shares: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That costs as much as a Hessian of all rows; where the bound by the longest row proves nothing, another step is cheaper."""
    asked: list[str] = []
    monkeypatch.setattr(tasks, "spread", lambda block, roots: asked.append("rows") or spread(block, roots))
    X, y = overlapping(seed, 30_000, 4, 2)
    for tol in (1e-2, 1e-3, 1e-4):
        found = fit_arrays(X, y, C=1.0, solver="newton", stop=Stop(tol=tol), covariance=None).model.certificate
        assert (found.kind, found.status) == ("proof", Status.CONVERGED)
        assert found.gap <= tol * found.value
    assert set(shares) == {0.3}
    assert asked == []


def test_two_gaps_by_one_hessian_share_its_factor_and_its_rows(shares: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """With rounding and without: a proof factors once, and asks each row at most once how long it is."""
    made: list[str] = []
    seen: list[list[str]] = []
    certify, factored = Prover.certify, Curvature.__init__

    def watched(self: Prover, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        self.objective.hessian(point)
        made.clear()
        with monkeypatch.context() as patch:
            patch.setattr(tasks, "spread", lambda block, roots: made.append("rows") or spread(block, roots))
            patch.setattr(Curvature, "__init__", lambda self, *given: made.append("factor") or factored(self, *given))
            for rough in ("widest", "farthest"):
                patch.setattr(Curvature, rough, lambda self, columns: np.inf)
            found = certify(self, point)
        seen.append(sorted(made))
        return found

    monkeypatch.setattr(Prover, "certify", watched)
    X, y = overlapping(6, 3000, 4, 2)
    assert fit_arrays(X, y, C=1.0, solver="newton", stop=Stop(tol=1e-3), covariance=None).model.certificate.kind == "proof"
    assert seen
    assert all(each == ["factor", "rows"] for each in seen)


def test_all_rows_are_asked_where_a_share_does_not_show_a_column(shares: list[float]) -> None:
    """A column that hardly any row has: its curvature in the sample is nothing like that in all rows."""
    X, y = overlapping(7, 3000, 4, 2)
    X[:, 0] = 0
    X[:6, 0] = 1
    y[:6] = [0, 1, 0, 1, 1, 1]
    found = fit_arrays(X, y, alpha=0.0, solver="newton").model
    assert 1.0 in shares
    assert found.certificate.status is Status.CONVERGED
    plain = fit_arrays(X, y, alpha=0.0, solver="lbfgs", stop=Stop(tol=1e-12)).model
    np.testing.assert_allclose(found.coef, plain.coef, rtol=1e-9)


def test_a_hessian_of_all_rows_makes_several_steps(shares: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the share is of no use: to a tight proof with fewer than half as many of them as steps."""
    monkeypatch.setattr("logistic.solvers.newton.SLOW", 0.0)
    monkeypatch.setattr("logistic.solvers.newton.FAR", np.inf)
    X, y = overlapping(1, 3000, 6, 3)
    found = fit_arrays(X, y, C=1.0, solver="newton", stop=Stop(tol=1e-10), covariance=None)
    assert found.model.certificate.kind == "proof"
    assert 0 < 2 * shares.count(1.0) < found.solution.n_iter


@pytest.mark.parametrize("classes", [2, 4])
def test_a_share_of_the_rows_curves_no_more_than_all(classes: int, shares: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """H - share * H_share has no negative eigenvalue: the inequality under the proof."""
    seen: list[LogisticObjective] = []
    certify = LogisticObjective.certify
    monkeypatch.setattr(
        LogisticObjective, "certify", lambda self, point, *enough: seen.append(self) or certify(self, point, *enough)
    )
    X, y = overlapping(8, 2000, 3, classes)
    point = fit_arrays(X, y, C=1.0, solver="newton").solution.point
    part = seen[-1].sampled(point).lowest
    whole = seen[-1].hessian(point)
    assert np.linalg.eigvalsh(whole - part)[0] >= -1e-14
    assert np.linalg.eigvalsh(whole - part / 0.3)[0] < 0  # it is an estimate, not a bound, before it is lowered


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("units", [np.ones(3), np.array([1e-6, 1.0, 1e6])])
def test_rounding_is_foreseen_from_above(
    classes: int, units: np.ndarray, shares: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the reach of the columns says without a pass is never less than what the rows say, weights and far rows or not."""
    seen: list[LogisticObjective] = []
    certify = LogisticObjective.certify
    monkeypatch.setattr(
        LogisticObjective, "certify", lambda self, point, *enough: seen.append(self) or certify(self, point, *enough)
    )
    X, y = overlapping(10, 2000, 3, classes)
    X[5] *= 40
    point = fit_arrays(X * units + 3 * units, y, np.linspace(0.1, 2, 2000), C=1.0, solver="newton").solution.point
    prover = seen[-1].prover
    for W in (point.W, 30 * point.W):
        there = seen[-1].at(W)
        foreseen, looked = prover._foreseen(there), prover._rounding(there)
        assert foreseen is not None
        assert (foreseen.gradient >= looked.gradient).all()
        assert foreseen.drift >= looked.drift
        assert foreseen.reach >= looked.reach
        assert foreseen.longest >= looked.longest
    rows = np.concatenate([block.X.absolute().dense() for block in seen[-1].rows.handles])
    assert foreseen.radius >= ((rows**2).sum(axis=1) ** 0.5).max()


def test_rows_that_are_far_out_are_looked_at(shares: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """One number a million times as large as the others says nothing of them: the proof is as sharp as with a look at the rows."""
    looks: list[int] = []
    audited = Prover.audited
    monkeypatch.setattr(Prover, "audited", lambda self, point: looks.append(1) or audited(self, point))
    X, y = overlapping(11, 3000, 4, 2)
    fit_arrays(X, y, C=1.0, solver="newton")
    assert not looks
    X[7, :2] = 1e7, -1e7
    found = fit_arrays(X, y, C=1.0, solver="newton").model.certificate
    assert found.status is Status.CONVERGED
    assert looks


def test_the_last_digits_are_for_whom_asks_for_them(shares: list[float]) -> None:
    """A loose tol is proved and no more: fewer Hessians and a gap that shows it."""
    X, y = overlapping(12, 6000, 4, 2)
    loose, tight = (fit_arrays(X, y, C=1.0, solver="newton", stop=Stop(tol=tol)).model.certificate for tol in (1e-4, 1e-8))
    assert 1e-14 * loose.value < loose.gap <= 1e-4 * loose.value
    assert tight.gap <= 1e-15 * tight.value


@pytest.mark.parametrize("too_many", [False, True])
def test_a_copy_of_the_share_changes_nothing_but_time(too_many: bool, shares: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hessians of the same rows, copied or where they lie."""
    X, y = overlapping(13, 3000, 4, 3)
    weight, offset = np.linspace(0.5, 2, 3000), 0.3 * X[:, :3]
    wanted = fit_arrays(X, y, weight, offset, C=1.0, solver="newton")
    monkeypatch.setattr("logistic.sample.BYTES", 0 if too_many else 2**27)
    found = fit_arrays(X, y, weight, offset, C=1.0, solver="newton")
    np.testing.assert_allclose(found.model.coef, wanted.model.coef, rtol=1e-11)
    assert found.solution.n_iter == wanted.solution.n_iter


@pytest.mark.parametrize("dependent", [False, True])
def test_a_share_of_the_rows_rules_dependent_columns_out(dependent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are asked only where some of them leave a doubt."""
    asked: list[float] = []
    gram = tasks.gram
    monkeypatch.setattr(tasks, "gram", lambda block, share=1.0: asked.append(share) or gram(block, share))
    X, y = overlapping(9, 4000, 3, 2)
    if dependent:
        X = np.column_stack([X, X[:, 0] - X[:, 1]])
    found = fit_arrays(X, y, alpha=0.0).model.certificate
    assert found.status is (Status.RANK_DEFICIENT if dependent else Status.CONVERGED)
    assert set(asked) == ({rank.SHARE, 1.0} if dependent else {rank.SHARE})


def test_the_same_rows_are_drawn_every_time() -> None:
    """The labels of a block are the seed."""
    blocks = [block for X, y in [overlapping(10, 500, 2, 2)] for block in _blocks(X, y)]
    first, second = (InProcess().map(tasks.gram, blocks, 0.5) for _ in range(2))
    for (a,), (b,) in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def _blocks(X: np.ndarray, y: np.ndarray) -> list:
    from logistic.contracts import Block
    from logistic.designs import Dense

    return [Block(Dense(X[i : i + 100]), y[i : i + 100], np.ones(100)) for i in range(0, len(y), 100)]
