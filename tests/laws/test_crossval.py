"""Paths and cross-validation: every fit is the one that would be made alone, and proved; rows held out make the choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from logistic import InputError, LogisticRegression, LogisticRegressionCV, SeparationWarning, kernels, load, metric, path
from logistic.backend import overflow_allowed
from logistic.contracts import Block, Metric, Spec
from logistic.designs import Dense
from logistic.executor import InProcess
from logistic.heldout import Scores
from logistic.loss import Binary
from logistic.sources import ArraySource
from logistic.study import Grid, Study, splits_of
from logistic.study.chord import Curvatures, Goal, Starts, descend
from logistic.study.margins import Margins
from logistic.tasks import Rows
from support import overlapping
from ugly import Ugly, ugly_problems

CS = [1e-3, 0.1, 10.0]


def agree(found: np.ndarray, wanted: np.ndarray, digits: float = 1e-10) -> None:
    """To ten digits of the largest."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=digits * max(abs(wanted).max(), 1e-300))


def check_alone(model: LogisticRegressionCV, X: Any, y: Any, pairs: Any, weight: Any = None, **choices: Any) -> None:
    """Each fit of each fold against the one of its rows alone; each is certified."""
    p = X.shape[1]
    for f, (learned, held) in enumerate(pairs):
        for s, C in enumerate(model.Cs_):
            w = None if weight is None else weight[learned]
            alone = LogisticRegression(C=C, **choices).fit(X[learned], y[learned], w)
            agree(model.coefs_paths_[f, 0, s, :, :p], alone.coef_)
            if choices.get("fit_intercept", True):
                agree(model.coefs_paths_[f, 0, s, :, p], alone.intercept_, 1e-9)
            assert model.certificates_[f, 0, s].status.certified
            assert model.certificates_[f, 0, s].kind == "proof"
            loss = log_loss(
                y[held], alone.predict_proba(X[held]), sample_weight=None if weight is None else weight[held], labels=alone.classes_
            )
            assert model.scores_[f, 0, s] == pytest.approx(-loss, rel=1e-9)


def check_proved(model: LogisticRegressionCV, X: np.ndarray, y: np.ndarray, pairs: Any) -> None:
    """Each fit of each fold has a proof of its gap, and is near that of its rows alone."""
    p = X.shape[1]
    for f, (learned, _) in enumerate(pairs):
        for s, C in enumerate(model.Cs_):
            certificate = model.certificates_[f, 0, s]
            assert certificate.kind == "proof"
            assert certificate.gap <= model.tol * certificate.value
            alone = LogisticRegression(C=C, tol=1e-12).fit(X[learned], y[learned])
            assert abs(certificate.value - alone.certificate_.value) <= certificate.gap + alone.certificate_.gap + 1e-15
            agree(model.coefs_paths_[f, 0, s, :, :p], alone.coef_, 1e-3)


KINDS: dict[str, dict[str, Any]] = {
    "binary": {"classes": 2},
    "three classes": {"classes": 3},
    "no intercept": {"classes": 2, "fit_intercept": False},
    "standardised": {"classes": 3, "standardize": True},
    "standardised without intercept": {"classes": 2, "standardize": True, "fit_intercept": False},
    "balanced": {"classes": 3, "class_weight": "balanced"},
    "weights by class": {"classes": 2, "class_weight": {0: 3.0, 1: 0.5}},
    "lbfgs": {"classes": 2, "solver": "lbfgs", "tol": 1e-13},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_each_fit_is_the_one_that_would_be_made_alone(kind: str, weighted: bool) -> None:
    """Coefficients, intercepts and held-out losses of all folds and strengths."""
    choices = dict(KINDS[kind])
    X, y = overlapping(3, 120, 4, choices.pop("classes"))
    X = X * [1.0, 1e3, 1e-4, 1.0] + [0.0, 5.0, 0.0, -2.0]
    weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float) if weighted else None
    if choices.get("solver") == "lbfgs":
        X = X / [1.0, 1e3, 1e-4, 1.0]
    pairs = list(StratifiedKFold(4).split(X, y))
    model = LogisticRegressionCV(CS, cv=pairs, **choices).fit(X, y, weight)
    if choices.get("solver") == "lbfgs":
        choices = {}
    check_alone(model, X, y, pairs, weight, **choices)


@pytest.mark.parametrize("kind", ["sparse", "float32", "integers", "strings"])
def test_any_storage(kind: str) -> None:
    """Sparse rows, single precision, integers, and labels that are text."""
    rng = np.random.default_rng(5)
    X = rng.integers(0, 4, size=(90, 3))
    y: Any = (X @ [1.0, -0.5, 0.2] + rng.logistic(size=90) > 0.5).astype(int)
    rows = {"sparse": sparse.csr_array(X * 1.0), "float32": X.astype(np.float32), "integers": X, "strings": X * 1.0}[kind]
    y = np.where(y == 1, "yes", "no") if kind == "strings" else y
    pairs = list(StratifiedKFold(3).split(X, y))
    model = LogisticRegressionCV(CS, cv=3).fit(rows, y)
    check_alone(LogisticRegressionCV(CS, cv=3, dtype="float64").fit(rows, y), X * 1.0, y, pairs)
    assert set(model.predict(rows)) <= set(y)


SPLITTERS = {
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "a share": ShuffleSplit(4, test_size=0.3, random_state=0),
    "time": TimeSeriesSplit(3),
    "one fold": ShuffleSplit(1, random_state=0),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_any_splitter(name: str) -> None:
    """Folds that overlap, leave rows out, or come one at a time."""
    X, y = overlapping(8, 150, 3, 2)
    check_alone(LogisticRegressionCV(CS, cv=SPLITTERS[name]).fit(X, y), X, y, list(SPLITTERS[name].split(X, y)))


def test_rows_that_come_twice_weigh_twice() -> None:
    """A bootstrap sample is a fold like any other."""
    X, y = overlapping(8, 60, 2, 2)
    rng = np.random.default_rng(0)
    learned = rng.integers(0, 60, 60)
    pairs = [(learned, np.setdiff1d(np.arange(60), learned))]
    check_alone(LogisticRegressionCV(CS, cv=pairs).fit(X, y), X, y, pairs)


def test_splits_may_be_masks_and_iterators() -> None:
    """What scikit-learn takes for ``cv``."""
    X, y = overlapping(8, 60, 2, 2)
    masks = [(np.arange(60) % 3 != f, np.arange(60) % 3 == f) for f in range(3)]
    rows = [(np.flatnonzero(a), np.flatnonzero(b)) for a, b in masks]
    first, second = (LogisticRegressionCV(CS, cv=cv).fit(X, y) for cv in (masks, iter(rows)))
    np.testing.assert_array_equal(first.scores_, second.scores_)
    for wrong in ([([0, 99], [1])], [([0.5], [1])], 3.5, "five", []):
        with pytest.raises(ValueError, match=r"cv|fold"):
            LogisticRegressionCV(CS, cv=wrong).fit(X, y)


def test_groups_are_kept_whole() -> None:
    """Given groups, a number of folds never parts one, and splitters get them."""
    X, y = overlapping(8, 80, 2, 2)
    groups = np.repeat(np.arange(16), 5)
    model = LogisticRegressionCV(CS, cv=4).fit(X, y, groups=groups)
    check_alone(model, X, y, list(StratifiedGroupKFold(4).split(X, y, groups)))
    check_alone(LogisticRegressionCV(CS, cv=GroupKFold(4)).fit(X, y, groups=groups), X, y, list(GroupKFold(4).split(X, y, groups)))


def test_a_row_of_weight_zero_is_absent() -> None:
    """From folds, fits and scores."""
    X, y = overlapping(2, 90, 3, 3)
    weight = np.ones(90)
    weight[10:25] = 0
    kept = weight > 0
    with_zeros, without = LogisticRegressionCV(CS).fit(X, y, weight), LogisticRegressionCV(CS).fit(X[kept], y[kept])
    np.testing.assert_allclose(with_zeros.scores_, without.scores_, rtol=1e-12)
    agree(with_zeros.coefs_paths_, without.coefs_paths_)


def test_the_order_of_folds_and_strengths_changes_nothing() -> None:
    """Permuted folds and strengths give permuted results, and repeated strengths repeated ones."""
    X, y = overlapping(4, 100, 3, 2)
    pairs = list(StratifiedKFold(4).split(X, y))
    model = LogisticRegressionCV(CS, cv=pairs).fit(X, y)
    turned = LogisticRegressionCV([10.0, 0.1, 1e-3, 0.1], cv=pairs[::-1]).fit(X, y)
    agree(turned.coefs_paths_[::-1][:, :, [2, 1, 0]], model.coefs_paths_)
    np.testing.assert_array_equal(turned.coefs_paths_[:, :, 1], turned.coefs_paths_[:, :, 3])
    assert turned.C_ == model.C_
    again = LogisticRegressionCV(CS, cv=pairs).fit(X, y)
    np.testing.assert_array_equal(again.coefs_paths_, model.coefs_paths_)


def test_offsets_enter_fits_and_scores() -> None:
    """Each fold's fit is that with its rows' offsets."""
    X, y = overlapping(4, 100, 3, 2)
    offset = np.random.default_rng(0).normal(size=100)
    pairs = list(StratifiedKFold(3).split(X, y))
    model = LogisticRegressionCV([1.0], cv=pairs).fit(X, y, offset=offset)
    for f, (learned, held) in enumerate(pairs):
        alone = LogisticRegression().fit(X[learned], y[learned], offset=offset[learned])
        agree(model.coefs_paths_[f, 0, 0, :, :3], alone.coef_)
        loss = log_loss(y[held], alone.predict_proba(X[held], offset=offset[held]))
        assert model.scores_[f, 0, 0] == pytest.approx(-loss, rel=1e-9)


def test_distributions_as_targets() -> None:
    """Hard labels written as distributions give the same."""
    X, y = overlapping(4, 100, 3, 3)
    pairs = list(KFold(4).split(X))
    hard, soft = LogisticRegressionCV(CS, cv=pairs).fit(X, y), LogisticRegressionCV(CS, cv=pairs).fit(X, np.eye(3)[y])
    agree(soft.coefs_paths_, hard.coefs_paths_)
    np.testing.assert_allclose(soft.scores_, hard.scores_, rtol=1e-9)


def test_maximum_likelihood_and_separation_in_words() -> None:
    """Folds that are separated without a penalty are named in one warning; the others are certified."""
    X, y = overlapping(4, 60, 2, 2)
    fitted = LogisticRegressionCV([1.0, np.inf], cv=3).fit(X, y)
    check_alone(fitted, X, y, list(StratifiedKFold(3).split(X, y)))
    apart = np.where(y == 1, 1.0, -1.0)[:, None] * np.random.default_rng(0).uniform(0.5, 1.0, size=(60, 1))
    with pytest.warns(SeparationWarning, match=r"4 of 8 fits .*separated \(C=inf in all rows, fold 0, fold 1, fold 2\)"):
        model = LogisticRegressionCV([1.0, np.inf], cv=3).fit(apart, y)
    assert {c.status.word for c in model.certificates_[:, 0, 1]} == {"separated"}
    assert all(c.status.certified for c in model.certificates_[:, 0, 0])
    with pytest.warns(SeparationWarning, match=r"1 of 2 fits .*C=inf in all rows"):
        path(apart, y, Cs=[1.0, np.inf])


def test_limits_end_in_a_named_status() -> None:
    """Too few iterations are said once."""
    X, y = overlapping(4, 200, 5, 2)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = LogisticRegressionCV([1e3], cv=2, solver="lbfgs", max_iter=1).fit(X * 10.0 ** np.arange(5), y)
    assert set(model.table_["status"]) == {"max_iter"}


def test_a_class_that_a_fold_cannot_learn_is_named() -> None:
    """The fold, the class and the way out; a class that is only not held out is no trouble."""
    X, y = overlapping(4, 60, 2, 3)
    y = np.array(["a", "b", "c"])[y]
    rows = np.flatnonzero(y == "c")
    others = np.flatnonzero(y != "c")
    with pytest.raises(InputError, match="fold 1 of cv leaves no row of class 'c' to learn from"):
        LogisticRegressionCV(CS, cv=[(np.arange(60), others), (others, rows)]).fit(X, y)
    pairs = [(np.concatenate([rows, others[10:]]), others[:10])]
    check_alone(LogisticRegressionCV(CS, cv=pairs).fit(X, y), X, y, pairs)


def test_the_rule_of_one_standard_error() -> None:
    """The strongest penalty whose mean is within one standard error of the best; both are always there."""
    score = np.array([[-5.0, -2.0, -1.5, -1.0, -1.6], [-5.0, -3.0, -2.5, -2.0, -1.6]])
    table = Scores(-2 * score, score)
    Cs = np.array([0.01, 0.1, 1.0, 10.0, 100.0])
    assert table.best == 3
    assert table.standard_error[3] == pytest.approx(0.5)
    assert table.simplest(Cs, 0 * Cs) == 2
    single = Scores(-2 * score[:1], score[:1])
    assert single.simplest(Cs, 0 * Cs) == single.best == 3


def test_the_choice_and_its_attributes() -> None:
    """Minimum and one-standard-error strength, the refit, the mean of the folds, and the tidy table."""
    X, y = overlapping(6, 150, 6, 2, spread=0.3)
    model = LogisticRegressionCV(12).fit(X, y)
    np.testing.assert_allclose(model.Cs_, np.logspace(-4, 4, 12))
    mean = model.scores_[:, 0].mean(axis=0)
    error = model.scores_[:, 0].std(axis=0, ddof=1) / 5**0.5
    best = int(mean.argmax())
    assert model.C_ == model.C_min_ == model.Cs_[best]
    assert model.C_1se_ == model.Cs_[mean >= mean[best] - error[best]].min()
    alone = LogisticRegression(C=model.C_).fit(X, y)
    agree(model.coef_, alone.coef_)
    assert model.certificate_.status.certified
    assert model.path_[best].penalty.C == model.C_
    other = LogisticRegressionCV(12, rule="1se").fit(X, y)
    assert other.C_ == model.C_1se_ < model.C_
    agree(other.coef_, LogisticRegression(C=other.C_).fit(X, y).coef_)
    table = model.table_
    assert {len(column) for column in table.values()} == {60}
    np.testing.assert_allclose(table["deviance"], -2 * model.scores_.ravel())
    np.testing.assert_allclose(table["standard_error"][:12], 2 * error)
    averaged = LogisticRegressionCV(12, refit=False).fit(X, y)
    chosen = averaged.scores_[:, 0].argmax(axis=1)
    agree(averaged.coef_, np.mean([averaged.coefs_paths_[f, 0, s, :, :6] for f, s in enumerate(chosen)], axis=0))
    assert pytest.approx(averaged.Cs_[chosen].mean()) == averaged.C_
    assert averaged.certificate_.kind == "none"


def test_scorers(tmp_path: Any) -> None:
    """Any scorer; the model predicts, scores and saves."""
    X, y = overlapping(6, 120, 4, 3)
    model = LogisticRegressionCV(CS, cv=3, scoring="accuracy").fit(X, y)
    pairs = list(StratifiedKFold(3).split(X, y))
    wanted = [[LogisticRegression(C=C).fit(X[a], y[a]).score(X[b], y[b]) for C in CS] for a, b in pairs]
    np.testing.assert_allclose(model.scores_[:, 0], wanted)
    assert model.score(X, y) == pytest.approx((model.predict(X) == y).mean())
    assert LogisticRegressionCV(CS, cv=3).fit(X, y).score(X, y) == pytest.approx(-log_loss(y, model.predict_proba(X)), rel=0.2)
    own = LogisticRegressionCV(CS, cv=3, scoring=lambda m, X, y: float((m.predict(X) == y).mean())).fit(X, y)
    np.testing.assert_array_equal(own.scores_, model.scores_)
    weighted = LogisticRegressionCV(CS, cv=3, scoring="accuracy").fit(X, y, np.arange(1.0, 121.0))
    a, b = pairs[0]
    first = LogisticRegression(C=CS[0]).fit(X[a], y[a], a + 1.0)
    assert weighted.scores_[0, 0, 0] == pytest.approx(first.score(X[b], y[b], b + 1.0))
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").predict(X), model.predict(X))
    with pytest.raises(InputError, match="scoring='acuracy' is no scorer"):
        LogisticRegressionCV(CS, cv=3, scoring="acuracy").fit(X, y)


def test_impossible_choices_are_refused_in_words() -> None:
    """Naming the argument, its value and what is allowed."""
    X, y = overlapping(6, 40, 2, 2)
    for choices, words in (
        ({"Cs": [1.0, -1.0]}, "Cs must each be above 0"),
        ({"Cs": []}, "Cs must be a list of numbers"),
        ({"Cs": 0}, "Cs must be a whole number from 1 on"),
        ({"rule": "2se"}, "rule='2se' is unknown; choose one of min, 1se"),
        ({"l1_ratios": [0.5], "solver": "newton"}, "solver='newton' needs a gradient everywhere.*use solver='proxnewton'"),
        ({"l1_ratios": [0.0, 1.5]}, "l1_ratio must be a number from 0 to 1"),
        ({"l1_ratios": []}, "l1_ratios is empty"),
        ({"solver": "sgd"}, "use solver='auto', 'newton' or 'lbfgs'"),
        ({"refit": "yes"}, "refit must be True or False"),
        ({"Cs": 5, "ratio": 2.0}, "ratio must be between 0 and 1"),
        (
            {"cv": GroupKFold(3)},
            r"cv=GroupKFold.* cannot divide these rows: The 'groups' parameter should not be None; pass another",
        ),
    ):
        with pytest.raises(InputError, match=words):
            LogisticRegressionCV(**choices).fit(X, y)
    with pytest.raises(InputError, match=r"cv=None cannot divide these rows: n_splits=2 cannot be greater .* or more rows"):
        LogisticRegressionCV().fit(X[:2], ["a", "b"])
    with pytest.raises(InputError, match="give one of them"):
        path(X, y, Cs=[1.0], alphas=[1.0])
    assert not hasattr(LogisticRegressionCV(), "partial_fit")


def test_verbose_counts_the_fits(capfd: pytest.CaptureFixture[str]) -> None:
    """On stderr."""
    X, y = overlapping(6, 40, 2, 2)
    LogisticRegressionCV(CS, cv=2, verbose=1).fit(X, y)
    assert "of 9 fits" in capfd.readouterr().err


# --------------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("standardize", [False, True])
def test_a_path_is_its_fits(classes: int, standardize: bool) -> None:
    """Each model of a path is that of a fit of its own; the table says the same."""
    X, y = overlapping(1, 200, 3, classes)
    found = path(X, y, Cs=[1.0, 0.01, np.inf, 1.0], standardize=standardize)
    for model, C in zip(found, [1.0, 0.01, np.inf, 1.0], strict=True):
        alone = LogisticRegression(C=C, standardize=standardize).fit(X, y)
        agree(model.coef, alone.coef_)
        assert model.penalty.C == C
        assert model.certificate.status.certified
        assert model.fingerprint == alone.model_.fingerprint
    assert len(found) == 4
    assert found.coef.shape == (4, 1 if classes == 2 else classes, 3)
    assert set(found.table) == {"C", "alpha", "l1_ratio", "deviance", "nonzeros", "gap", "status"}
    assert found.table["deviance"][0] == pytest.approx(2 * log_loss(y, found[0].predict_proba(X)))
    assert repr(found).splitlines()[1].split()[0] == "1"
    np.testing.assert_allclose(path(X, y, alphas=[0.1]).alphas, [0.1])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "choices", [{}, {"standardize": True}, {"fit_intercept": False}, {"offset": True}, {"class_weight": "balanced"}]
)
def test_the_largest_strength_by_formula(classes: int, choices: dict[str, Any]) -> None:
    """The largest slope of the mean loss where all coefficients are zero and intercepts fit best."""
    X, y = overlapping(1, 200, 3, classes)
    X = X * [1.0, 10.0, 0.1] + [0.0, 1.0, 2.0]
    choices = dict(choices)
    offset = np.random.default_rng(0).normal(size=200) if choices.pop("offset", False) and classes == 2 else None
    found = path(X, y, count=5, ratio=0.01, offset=offset, **choices)
    null = LogisticRegression(alpha=1e14, **choices).fit(X, y, offset=offset)
    weight = np.ones(200)
    if choices.get("class_weight") == "balanced":
        weight = 200 / (classes * np.bincount(y)[y])
    residual = null.predict_proba(X, offset=offset) - np.eye(classes)[y]
    residual = residual[:, 1:] if classes == 2 else residual
    units = X.std(axis=0) if choices.get("standardize") else 1.0
    slopes = (X.T / np.reshape(units, (-1, 1) if np.ndim(units) else ())) @ (weight[:, None] * residual) / weight.sum()
    np.testing.assert_allclose(found.alphas, abs(slopes).max() / 1e-3 * np.geomspace(1, 0.01, 5), rtol=1e-6)
    rule = LogisticRegressionCV(5, ratio=0.01, cv=2, **choices).fit(X, y, offset=offset)
    np.testing.assert_allclose(rule.path_.alphas, found.alphas, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::logistic.SeparationWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
@settings(max_examples=40, deadline=None)
@given(ugly_problems())
def test_ugly_problems_end_certified_or_named(problem: Ugly) -> None:
    """Whatever the rows, a penalised path agrees with single fits where both are certified, and never lies."""
    choices = {k: problem.choices[k] for k in ("fit_intercept", "standardize")}
    alphas = [1.0, 1e-3]
    found = path(problem.X, problem.y, alphas=alphas, sample_weight=problem.weight, offset=problem.offset, **choices)
    for model, alpha in zip(found, alphas, strict=True):
        single = problem.fit(C=None, alpha=alpha, solver="auto", **choices).model
        assert model.certificate.status.certified or not single.certificate.status.certified
        if not model.certificate.status.certified:
            continue
        assert (
            abs(model.certificate.value - single.certificate.value)
            <= 1.01 * (model.certificate.gap + single.certificate.gap) + 1e-13
        )


def test_a_start_from_samples_changes_no_digit() -> None:
    """Many rows: the path begins on a few of them."""
    X, y = overlapping(1, 40_000, 3, 2)
    model = LogisticRegressionCV(CS, cv=3).fit(X, y)
    pairs = list(StratifiedKFold(3).split(X, y))
    check_alone(model, X, y, pairs)
    study = Study(InProcess(), ArraySource(X, y), Spec(), Grid(np.array(CS), True), splits_of(pairs, len(y)))
    sizes = [sum(len(part.block.y) for part in joint.handles) for joint in study._samples()]
    assert sizes
    assert sizes[0] < 10_000


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [60, 3])
@pytest.mark.parametrize("compiled", [False, True])
def test_large_fits(rounds: int, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many coefficients for Hessians: side by side as long as rounds suffice, alone from there on; each fit is proved."""
    monkeypatch.setattr("logistic.study.study.MANY", rounds)
    monkeypatch.setattr("logistic.study.folds.SOLID", 0)  # rows stay as they lie, as many rows do
    if not compiled:
        monkeypatch.setattr(kernels, "compiled", None)
    elif kernels.compiled is None:
        pytest.skip("this installation runs on NumPy alone")
    X, y = overlapping(5, 600, 130, 8, spread=0.1)
    pairs = list(KFold(2).split(X))
    model = LogisticRegressionCV([1e-2, 0.1, 1.0], cv=pairs, tol=1e-9).fit(X, y)
    assert model.why_solver_.startswith("lbfgs: folds side by side")
    assert ("; then lbfgs: 1,048 coefficients" in model.why_solver_) == (rounds == 3)
    check_proved(model, X, y, pairs)


def test_a_fit_that_is_taken_up_again_tells_of_both_solvers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps are all that it took."""
    X, y = overlapping(5, 600, 130, 8, spread=0.1)
    pairs = list(KFold(2).split(X))

    def fitted(rounds: int) -> LogisticRegressionCV:
        monkeypatch.setattr("logistic.study.study.MANY", rounds)
        return LogisticRegressionCV([1.0], cv=pairs, tol=1e-9).fit(X, y)

    whole, parted = fitted(60), fitted(5)
    assert parted.why_solver_.startswith(whole.why_solver_ + "; then lbfgs: 1,048 coefficients")
    assert parted.model_.n_iter > 5
    check_proved(parted, X, y, pairs)


def test_a_slow_fit_gets_an_estimate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folds that weak penalties pull apart: some have an inverse Hessian of their own rows, and all have their own optimum."""
    learned: list[float] = []

    def watched(rows: Rows, *args: Any) -> Metric:
        learned.append(rows.total)
        return made(rows, *args)

    made = metric.metric
    monkeypatch.setattr(metric, "metric", watched)
    monkeypatch.setattr(metric, "SMALL", 1)
    monkeypatch.setattr("logistic.study.study.NEWTON_SIZE", 1)
    monkeypatch.setattr("logistic.study.chord.OWN", 3)
    monkeypatch.setattr("logistic.study.chord.ESTIMATE", 1.0)
    X, y = overlapping(3, 190, 40, 3, spread=2.0)
    pairs = list(KFold(3).split(X))
    model = LogisticRegressionCV([1e-2, 1.0, 1e2, 1e4], cv=pairs, tol=1e-10).fit(X, y)
    assert {126.0, 127.0} & set(learned)
    assert 190.0 in learned
    check_proved(model, X, y, pairs)


@pytest.mark.parametrize(
    ("strengths", "stride"), [([1.0, 10.0, 100.0], 1.0), ([1.0, 10.0, 20.0], np.log10(2)), ([1.0, 2.0, 100.0], 1.0)]
)
def test_a_start_lies_where_two_strengths_point(strengths: list[float], stride: float) -> None:
    """As far on as the strength is, and never farther than they are apart."""
    X, y = overlapping(3, 50, 2, 2)
    study = Study(InProcess(), ArraySource(X, y), Spec(), Grid(np.array(strengths), True), splits_of([], 50))
    before, last = np.array([[1.0]]), np.array([[3.0]])
    assert study._foreseen(2, last, before) == pytest.approx(np.array([[3 + 2 * stride]]), rel=1e-12)


def test_sparse_and_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Hessian and no metric: fits one after another, each from the one before, on the shared rows."""
    X, y = overlapping(5, 200, 6, 3)
    monkeypatch.setattr("logistic.study.study.NEWTON_SIZE", 1)
    rows = sparse.csr_array(np.where(abs(X) > 0.5, X, 0.0))
    pairs = list(KFold(3).split(X))
    model = LogisticRegressionCV(CS, cv=pairs, tol=1e-13).fit(rows, y)
    check_alone(model, rows.toarray(), y, pairs)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weight", ["none", "class weights", "twice"])
def test_scaled_columns_may_be_held_or_not(classes: int, weight: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that lie fold by fold in arrays of their own, and rows that lie as they came, give the same fits."""
    X, y = overlapping(11, 150, 4, classes)
    X = X + np.array([0.0, 3.0, 0.0, -1.0])
    choices: dict[str, Any] = {"class_weight": "balanced"} if weight == "class weights" else {}
    pairs = list(KFold(4).split(X))
    if weight == "twice":  # a row that two folds hold out, and one that counts twice
        pairs = [(np.append(learned, learned[0]), np.append(held, learned[1])) for learned, held in pairs]
    held = LogisticRegressionCV(CS, cv=pairs, **choices).fit(X, y)
    monkeypatch.setattr("logistic.study.folds.SOLID", 0)
    monkeypatch.setattr("logistic.study.passes.SLAB_BYTES", 8)  # 64 rows at a time
    lying = LogisticRegressionCV(CS, cv=pairs, **choices).fit(X, y)
    agree(held.coefs_paths_, lying.coefs_paths_)
    np.testing.assert_allclose(held.scores_, lying.scores_, rtol=1e-12)
    assert set(held.table_["status"]) == set(lying.table_["status"]) == {"converged"}


def test_margins_give_what_the_loss_gives() -> None:
    """Losses, probabilities and residuals of two classes, far out and near zero, as good as the loss's own."""
    size = np.concatenate([[0.0], np.geomspace(1e-300, 1e300, 400), np.linspace(0.1, 800, 400)])
    eta = np.concatenate([-size, size])
    y, weights = np.tile([0, 1], len(eta) // 2), np.stack([np.full(len(eta), 2.0), np.arange(len(eta)) % 3.0])
    block = Block(Dense(eta[:, None]), y, np.ones(len(eta)))
    columns, fold = np.array([[1.0, 0.5, -1.0]]), np.array([1, 0, 1])
    margins = Margins(3, len(eta) + 1)  # a slab may be shorter than the longest
    wanted = [Binary().evaluate(eta[:, None] * c, y) for c in columns[0]]
    with overflow_allowed():
        margins.look(block, columns)
        slopes = margins.slopes(weights, fold).copy()
        margins.look(block, columns)
        losses, away = margins.losses()
    np.testing.assert_allclose(losses, [loss for loss, _ in wanted], rtol=1e-15, atol=1e-307)
    np.testing.assert_allclose(away, [abs(residual[:, 0]) for _, residual in wanted], rtol=1e-15, atol=1e-307)
    weighted = np.stack([weights[f] * residual[:, 0] for f, (_, residual) in zip(fold, wanted, strict=True)])
    np.testing.assert_allclose(slopes, weighted, rtol=1e-15, atol=1e-307)
    np.testing.assert_allclose(
        margins.spread(away), [abs(r[:, 0]) * (1 - abs(r[:, 0])) for _, r in wanted], rtol=1e-15, atol=1e-307
    )
    np.testing.assert_allclose(margins.residuals(away, np.arange(3), weights, fold), weighted, rtol=1e-15, atol=1e-307)


def test_chord_steps_mend_a_bad_start() -> None:
    """From far away, with Hessians that mislead, the descent still ends at the optimum."""
    X, y = overlapping(9, 80, 3, 3, spread=3.0)
    pairs = list(KFold(4).split(X, y))
    study = Study(InProcess(), ArraySource(X, y), Spec(), Grid(np.array([100.0]), True), splits_of(pairs, 80))
    fits = study._fits(range(5), [0])
    far = np.random.default_rng(0).normal(size=(1, *study.joint.shape)) * 8
    far -= far.mean(axis=2, keepdims=True)
    starts = Starts(far, np.zeros(5, dtype=int))
    found = descend(study.joint, fits, starts, Curvatures(study.joint, 0.1), Goal(1e-23))
    near = descend(study.joint, fits, Starts(0 * far, starts.uses), Curvatures(study.joint, 0.1), Goal(1e-23))
    agree(found.W, near.W)
