"""Paths and cross-validation with a share of L1: every fit is the one that would be made alone, and proved."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV as Theirs
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.fixes import parse_version

from logistic import InputError, LogisticRegression, LogisticRegressionCV, path
from logistic.minimize import minimize
from logistic.outcome import Status
from logistic.study.elastic import extrapolated
from support import overlapping
from ugly import Ugly, ugly_problems

CS = [1e-3, 0.1, 1.0, 10.0]


def agree(found: np.ndarray, wanted: np.ndarray, digits: float = 1e-7) -> None:
    """To seven digits of the largest."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=digits * max(abs(wanted).max(), 1e-6))


def centred(intercept: np.ndarray) -> np.ndarray:
    """Of more than two classes intercepts are told up to a number common to all."""
    return intercept - intercept.mean() if len(intercept) > 1 else intercept


def few(classes: int, n: int = 120, p: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rows with columns in several units, most of no use."""
    X, y = overlapping(3, n, 4, classes)
    noise = np.random.default_rng(4).normal(size=(n, p - 4))
    return np.concatenate([X, noise], axis=1) * np.resize([1.0, 4.0, 0.5], p) + np.resize([0.0, 2.0], p), y


KINDS: dict[str, dict[str, Any]] = {
    "L1": {"l1_ratio": 1.0},
    "elastic net": {"l1_ratio": 0.4},
    "standardised": {"l1_ratio": 1.0, "standardize": True},
    "no intercept": {"l1_ratio": 0.7, "fit_intercept": False},
    "balanced": {"l1_ratio": 1.0, "class_weight": "balanced"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
def test_a_path_is_its_fits(kind: str, classes: int, storage: Any) -> None:
    """Coefficients, intercepts, zeros, losses and certificates of each strength."""
    choices = KINDS[kind]
    X, y = few(classes)
    X = storage(X)
    found = path(X, y, count=12, **choices)
    for model, loss in zip(found, found.losses, strict=True):
        alone = LogisticRegression(alpha=model.penalty.alpha, tol=1e-13, **choices).fit(X, y)
        agree(model.coef, alone.coef_)
        agree(centred(model.intercept), centred(alone.intercept_))
        assert model.certificate.status.certified
        assert model.certificate.kind == "proof"
        assert model.certificate.gap <= 1e-8 * model.certificate.value
        assert abs(model.certificate.value - alone.certificate_.value) <= model.certificate.gap + alone.certificate_.gap + 1e-14
        assert model.penalty == alone.model_.penalty
        assert model.fingerprint == alone.model_.fingerprint
        if "class_weight" not in choices:
            assert loss == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-9)
    table = found.table
    assert set(table["l1_ratio"]) == {choices["l1_ratio"]}
    np.testing.assert_array_equal(table["nonzeros"], (found.coef != 0).any(axis=1).sum(axis=1))
    assert table["nonzeros"][0] == 0
    assert table["nonzeros"][-1] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 4])
def test_the_largest_strength_is_the_smallest_with_all_zeros(kind: str, classes: int) -> None:
    """At it no coefficient, a little below it one."""
    X, y = few(classes)
    strongest = path(X, y, count=1, **KINDS[kind]).alphas[0]
    found = path(X, y, alphas=[2 * strongest, strongest, 0.999 * strongest], **KINDS[kind])
    assert found.table["nonzeros"][:2].tolist() == [0, 0]
    assert found.table["nonzeros"][2] > 0
    assert all(model.certificate.status.certified for model in found)


def test_strengths_in_any_order_and_none() -> None:
    """Repeated, and maximum likelihood among them."""
    X, y = few(2)
    Cs = [0.1, np.inf, 1e-3, 0.1]
    found = path(X, y, Cs, l1_ratio=1.0)
    np.testing.assert_array_equal(found.Cs, Cs)
    agree(found[1].coef, LogisticRegression(C=np.inf).fit(X, y).coef_, 1e-9)
    np.testing.assert_array_equal(found[0].coef, found[3].coef)
    agree(found[0].coef, LogisticRegression(C=0.1, l1_ratio=1.0, tol=1e-13).fit(X, y).coef_)


def test_many_more_columns_than_rows() -> None:
    """Where working sets are small: the same optima, and no second path differs in a bit."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 900))
    y = (X[:, :5].sum(axis=1) + rng.logistic(size=60) > 0).astype(int)
    found = path(X, y, count=30, l1_ratio=1.0)
    for model in found.models[::5]:
        alone = LogisticRegression(alpha=model.penalty.alpha, l1_ratio=1.0, tol=1e-13).fit(X, y)
        agree(model.coef, alone.coef_)
        assert model.certificate.status.certified
    np.testing.assert_array_equal(path(X, y, count=30, l1_ratio=1.0).coef, found.coef)


@pytest.mark.filterwarnings("ignore::logistic.SeparationWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=15, deadline=None)
@given(ugly_problems())
def test_ugly_problems_agree_with_single_fits(problem: Ugly) -> None:
    """Whatever the rows, values differ by no more than what both certificates allow."""
    choices = {k: problem.choices[k] for k in ("fit_intercept", "standardize")} | {"l1_ratio": 0.5}
    alphas = [1.0, 1e-2]
    found = path(problem.X, problem.y, alphas=alphas, sample_weight=problem.weight, offset=problem.offset, **choices)
    for model, alpha in zip(found, alphas, strict=True):
        single = problem.fit(C=None, alpha=alpha, solver="auto", **choices).model.certificate
        own = model.certificate
        assert own.kind == "proof" or single.kind != "proof"
        if own.kind == single.kind == "proof":
            assert abs(own.value - single.value) <= 1.01 * (own.gap + single.gap) + 1e-13


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("choices", [{}, {"standardize": True, "class_weight": "balanced"}, {"fit_intercept": False}])
def test_each_fit_of_each_fold_is_the_one_of_its_rows(classes: int, choices: dict[str, Any]) -> None:
    """Coefficients, certificates and losses held out, for every share and strength."""
    X, y = few(classes)
    p, shares = X.shape[1], (0.0, 0.5, 1.0)
    weight = np.random.default_rng(1).integers(1, 4, len(y)).astype(float)
    pairs = list(StratifiedKFold(3).split(X, y))
    model = LogisticRegressionCV(CS, l1_ratios=shares, cv=pairs, **choices).fit(X, y, weight)
    intercept = choices.get("fit_intercept", True)
    M = 1 if classes == 2 else classes
    assert model.coefs_paths_.shape == (3, 3, len(CS), M, p + intercept)
    assert model.scores_.shape == model.certificates_.shape == model.n_iter_.shape == (3, 3, len(CS))
    for f, (learned, held) in enumerate(pairs):
        for r, share in enumerate(shares):
            for s, C in enumerate(CS):
                alone = LogisticRegression(C=C, l1_ratio=share, tol=1e-13, **choices).fit(X[learned], y[learned], weight[learned])
                agree(model.coefs_paths_[f, r, s, :, :p], alone.coef_)
                if intercept:
                    agree(centred(model.coefs_paths_[f, r, s, :, p]), centred(alone.intercept_))
                certificate = model.certificates_[f, r, s]
                assert certificate.kind == "proof"
                assert certificate.gap <= 1e-8 * certificate.value
                loss = log_loss(y[held], alone.predict_proba(X[held]), sample_weight=weight[held])
                assert model.scores_[f, r, s] == pytest.approx(-loss, rel=1e-6)


def test_the_choice_over_shares_and_strengths() -> None:
    """Best mean score; the one-standard-error rule stays with the share; the mean of the folds; the table."""
    X, y = few(2, 80, 12)
    shares = [0.0, 0.5, 1.0]
    model = LogisticRegressionCV(CS, l1_ratios=shares, cv=4).fit(X, y)
    mean = model.scores_.mean(axis=0)
    r, s = np.unravel_index(mean.argmax(), mean.shape)
    assert (model.l1_ratio_, model.C_) == (shares[r], CS[s])
    np.testing.assert_array_equal(model.l1_ratios_, shares)
    agree(model.coef_, LogisticRegression(C=model.C_, l1_ratio=model.l1_ratio_, tol=1e-13).fit(X, y).coef_)
    assert model.model_.penalty.l1_ratio == model.l1_ratio_
    error = model.scores_[:, r, s].std(ddof=1) / 2
    assert model.C_1se_ == np.array(CS)[mean[r] >= mean[r, s] - error].min()
    table = model.table_
    assert {len(column) for column in table.values()} == {4 * 3 * len(CS)}
    np.testing.assert_array_equal(table["l1_ratio"], np.tile(np.repeat(shares, len(CS)), 4))
    np.testing.assert_array_equal(table["nonzeros"], (model.coefs_paths_[..., 0, :-1] != 0).sum(axis=-1).ravel())
    assert len(model.path_) == 3 * len(CS)
    averaged = LogisticRegressionCV(CS, l1_ratios=shares, cv=4, refit=False).fit(X, y)
    own = model.scores_.reshape(4, -1).argmax(axis=1)
    agree(averaged.coef_, model.coefs_paths_.reshape(4, 3 * len(CS), 1, -1)[np.arange(4), own][..., :-1].mean(axis=0))
    assert pytest.approx(np.repeat(shares, len(CS))[own].mean()) == averaged.l1_ratio_
    ruled = LogisticRegressionCV(5, ratio=0.01, l1_ratios=[0.5, 1.0], cv=4).fit(X, y)
    assert ruled.Cs_.shape == (2, 5)
    np.testing.assert_allclose(ruled.Cs_[1], 2 * ruled.Cs_[0])
    assert ruled.path_.table["nonzeros"][[0, 5]].tolist() == [0, 0]


@pytest.mark.parametrize("classes", [2, 3])
def test_scikit_learn_chooses_the_same(classes: int) -> None:
    """Coefficients of all folds, scores, and the choice."""
    X, y = few(classes, 90, 6)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    shares, pairs = [0.3, 1.0], list(StratifiedKFold(3).split(X, y))
    new = {"use_legacy_attributes": False} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
    old: dict[str, Any] = {} if new else {"penalty": "elasticnet"}
    Cs = [0.2, 0.5, 2.0]  # at which some coefficient is not zero: saga stops at once where all are, wherever the intercepts are
    choices = {"solver": "saga", "scoring": "neg_log_loss", "tol": 1e-11, "max_iter": 20000, **new, **old}
    theirs = Theirs(Cs=Cs, l1_ratios=shares, cv=pairs, **choices)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y)
    ours = LogisticRegressionCV(Cs, l1_ratios=shares, cv=pairs).fit(X, y)
    assert pytest.approx(np.ravel(theirs.C_)[0]) == ours.C_
    assert ours.l1_ratio_ == pytest.approx(np.ravel(theirs.l1_ratio_)[0])
    agree(ours.coef_, theirs.coef_, 1e-6)
    if new:
        np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-6)
        agree(ours.coefs_paths_[..., :-1], theirs.coefs_paths_[..., :-1], 1e-6)
        assert ours.l1_ratios_.shape == np.shape(theirs.l1_ratios_)


def test_a_fit_that_fails_is_made_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next strength begins at the last optimum that was found."""
    X, y = few(2)
    alphas = [0.1, 0.03, 0.01]
    wanted = path(X, y, alphas=alphas, l1_ratio=1.0)
    calls: list[int] = []

    def failing(*args: Any) -> Any:
        calls.append(1)
        solution = minimize(*args)
        if len(calls) != 2:
            return solution
        lost = replace(solution.certificate, gap=np.inf, kind="none", status=Status.DIVERGED)
        return solution._replace(point=solution.point._replace(W=np.nan * solution.point.W), certificate=lost)

    monkeypatch.setattr("logistic.study.elastic.minimize", failing)
    found = path(X, y, alphas=alphas, l1_ratio=1.0)
    assert len(calls) == 3
    agree(found.coef, wanted.coef)
    np.testing.assert_allclose(found.losses, wanted.losses, rtol=1e-9)
    assert set(found.table["status"]) == {"converged"}


def test_a_fit_without_certificate_is_named_with_its_share() -> None:
    """Strength, share and fold."""
    X, y = few(2)
    with pytest.warns(ConvergenceWarning, match=r"max_iter \(C=1 with l1_ratio=0.5 in all rows, fold 0"):
        LogisticRegressionCV([1.0], l1_ratios=[0.5], cv=2, max_iter=0).fit(X, y)


def test_solvers_without_kinks_are_refused() -> None:
    """In words."""
    X, y = few(2)
    for solver in ("newton", "lbfgs", "sgd"):
        with pytest.raises(InputError, match="use solver='proxnewton' or 'auto'"):
            path(X, y, l1_ratio=0.5, solver=solver)
    assert path(X, y, [1.0], l1_ratio=0.5, solver="proxnewton")[0].solver == "proxnewton: as asked"


def test_a_guess_keeps_zeros_and_signs() -> None:
    """On the line through two optima, but what is zero or would change its sign is zero; an intercept may be what it likes."""
    V, W = np.array([[1.0], [0.0], [2.0], [0.5], [1.0]]), np.array([[2.0], [0.0], [0.5], [0.0], [-1.0]])
    assert extrapolated([(1.0, W)], 0.5, True) is None
    np.testing.assert_array_equal(extrapolated([(1.0, V), (0.5, W)], 0.25, True), [[2.5], [0.0], [0.0], [0.0], [-2.0]])
    np.testing.assert_array_equal(extrapolated([(1.0, V), (0.5, W)], 0.25, False)[-1], [-2.0])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_no_more_digits_than_asked_and_none_less(classes: int, l1_ratio: float) -> None:
    """A coarse path of many columns: each gap is within tol, and true against an exact path, with fewer steps."""
    X, y = overlapping(11, 60, 2100, classes)
    coarse = path(X, y, count=30, l1_ratio=l1_ratio, tol=1e-3)
    exact = path(X, y, alphas=coarse.alphas, l1_ratio=l1_ratio, tol=1e-11)
    for rough, fine in zip(coarse, exact, strict=True):
        assert rough.certificate.status is fine.certificate.status is Status.CONVERGED
        assert rough.certificate.gap <= 1e-3 * rough.certificate.value
        assert rough.certificate.value - fine.certificate.value <= rough.certificate.gap
    assert max(model.certificate.gap / model.certificate.value for model in coarse) > 1e-9
