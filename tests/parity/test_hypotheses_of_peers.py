"""Wald, likelihood-ratio and score tests equal those of statsmodels; separated classes have the certified likelihood ratio."""

from __future__ import annotations

import json

import numpy as np
import pytest

import logistic
from logistic import LogisticRegression, SeparationWarning
from support import certified, shared_file

pd = pytest.importorskip("pandas")
sm = pytest.importorskip("statsmodels.api")


def data(name):
    """Frame, labels as codes, counts."""
    found = certified(name)
    labels = np.unique(found.y)
    base = found.reference["base"]
    order = [base, *(label for label in labels if label != base)]
    codes = np.array([order.index(label) for label in found.y])
    return pd.DataFrame(found.X, columns=found.columns), codes, found.weight


def peer(X, y, weight, columns=None):
    """A GLM that has converged to rounding; no certified set has offsets."""
    design = sm.add_constant(X if columns is None else X[columns], has_constant="add")
    model = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=weight)
    return model, model.fit(tol=1e-15, tol_criterion="params", maxiter=100)


@pytest.mark.parametrize("name", ["spector", "fair_affair", "ucb"])
def test_tests_of_two_classes(name):
    """Single, joint and linear hypotheses, by all three tests, to 1e-8."""
    X, y, weight = data(name)
    model = LogisticRegression(C=np.inf).fit(X, y, freq_weights=weight)
    _, theirs = peer(X, y, weight)
    a, b, *others = X.columns
    for hypotheses, text in (
        ([a], f"{a} = 0"),
        ([a, b], f"{a} = 0, {b} = 0"),
        (f"{a} = {b}", f"{a} = {b}"),
        (f"2*{a} + 1 = {b}/3", f"2*{a} - {b}/3 = -1"),
    ):
        expected = theirs.wald_test(text, scalar=True, use_f=False)
        found = model.test(hypotheses)
        assert found.statistic == pytest.approx(float(expected.statistic), rel=1e-8)
        assert found.p == pytest.approx(float(expected.pvalue), rel=1e-8)
    smaller_model, smaller = peer(X, y, weight, others)
    ratio = model.likelihood_ratio_test(X, y, [a, b], freq_weights=weight)
    assert ratio.statistic == pytest.approx(2 * (theirs.llf - smaller.llf), rel=1e-8)
    score = smaller_model.score_test(smaller.params, exog_extra=X[[a, b]].to_numpy())
    found = model.score_test(X, y, [a, b], freq_weights=weight)
    assert found.statistic == pytest.approx(np.asarray(score[0]).item(), rel=1e-8)
    assert found.p == pytest.approx(np.asarray(score[1]).item(), rel=1e-8)
    ours = LogisticRegression(C=np.inf).fit(X[others], y, freq_weights=weight)
    added = ours.score_test(X[others], y, added=X[[a, b]], freq_weights=weight)
    assert added.statistic == pytest.approx(np.asarray(score[0]).item(), rel=1e-8)
    assert added.hypotheses == (f"{a} = 0", f"{b} = 0")
    table = logistic.anova(ours, model).table
    assert table["lr"][1] == pytest.approx(2 * (theirs.llf - smaller.llf), rel=1e-8)


@pytest.mark.parametrize("kind", ["HC0", "HC1"])
def test_robust_wald_tests(kind):
    """With the sandwich; statsmodels' HC1 lacks the factor n / (n - df)."""
    X, y, _ = data("fair_affair")
    model = LogisticRegression(C=np.inf, covariance=kind).fit(X, y)
    theirs = sm.Logit(y, sm.add_constant(X)).fit(disp=0, tol=1e-14, cov_type="HC0")
    expected = theirs.wald_test("educ = 0, age = children", scalar=True, use_f=False)
    factor = 1.0 if kind == "HC0" else (len(y) - X.shape[1] - 1) / len(y)
    assert model.test("educ = 0, age = children").statistic == pytest.approx(float(expected.statistic) * factor, rel=1e-8)


def test_tests_of_three_classes():
    """Over all contrasts, of one contrast, and between two."""
    X, y, _ = data("hsb2_prog")
    model = LogisticRegression(C=np.inf).fit(X, y)
    design = sm.add_constant(X)
    theirs = sm.MNLogit(y, design).fit(disp=0, method="newton", tol=1e-15, maxiter=100)
    q = design.shape[1]

    def matrix(*cells):
        R = np.zeros((len(cells), 2 * q))
        for row, cell in zip(R, cells, strict=True):
            for (contrast, column), value in cell.items():
                row[contrast * q + list(design.columns).index(column)] = value
        return R

    for text, R in (
        ("write", matrix({(0, "write"): 1}, {(1, "write"): 1})),
        (["seshigh", "sesmiddle"], matrix(*({(c, x): 1} for x in ("seshigh", "sesmiddle") for c in (0, 1)))),
        ("[2]write", matrix({(1, "write"): 1})),
        ("[1]write = [2]write", matrix({(0, "write"): 1, (1, "write"): -1})),
    ):
        expected = theirs.wald_test(R, scalar=True, use_f=False)
        assert model.test(text).statistic == pytest.approx(float(expected.statistic), rel=1e-8)
    smaller = sm.MNLogit(y, design.drop(columns="write")).fit(disp=0, method="newton", tol=1e-15, maxiter=100)
    found = model.likelihood_ratio_test(X, y, "write")
    assert (found.df, found.statistic) == (2, pytest.approx(2 * (theirs.llf - smaller.llf), rel=1e-8))


def test_a_separated_column_has_its_likelihood_ratio():
    """Endometrial: from the certified supremum; the lower end of NV is where the deviance is one quantile above it."""
    frame = pd.read_csv(shared_file("reference", "endometrial.csv"))
    X, y = frame.drop(columns="y"), frame["y"]
    reference = json.loads(shared_file("reference", "endometrial.json").read_text())["ml_limit_NV0"]
    with pytest.warns(SeparationWarning, match="NV"):
        model = LogisticRegression(C=np.inf).fit(X, y)
    rest = sm.Logit(y, sm.add_constant(X[["PI", "EH"]])).fit(disp=0, tol=1e-14)
    found = model.likelihood_ratio_test(X, y, "NV")
    assert found.statistic == pytest.approx(2 * (-float(reference["nll"]) - rest.llf), rel=1e-9)
    interval = model.confint(X, y, columns="NV")
    assert interval.estimate[0, 0] == interval.high[0, 0] == np.inf
    low = interval.low[0, 0]
    held = sm.GLM(y, sm.add_constant(X[["PI", "EH"]]), family=sm.families.Binomial(), offset=low * X["NV"]).fit(tol=1e-14)
    assert 2 * (-float(reference["nll"]) - held.llf) == pytest.approx(3.841458820694124, rel=1e-8)


@pytest.mark.parametrize("name", ["spector", "mtcars_am_wt", "fair_affair"])
def test_ends_of_intervals_by_other_fits(name):
    """The coefficient held in statsmodels' offset: the deviance is one quantile above its minimum at both ends."""
    X, y, _ = data(name)
    model = LogisticRegression(C=np.inf).fit(X, y)
    _, theirs = peer(X, y, None)
    found = model.confint(X, y)
    column = X.columns[0]
    others = sm.add_constant(X.drop(columns=column)) if X.shape[1] > 1 else np.ones((len(X), 1))
    for value in (found.low[0, 0], found.high[0, 0]):
        held = sm.GLM(y, others, family=sm.families.Binomial(), offset=value * X[column]).fit(tol=1e-14)
        assert 2 * (theirs.llf - held.llf) == pytest.approx(3.841458820694124, rel=1e-8)
