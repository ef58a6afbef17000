"""Marginal effects, influence and calibration beside statsmodels, Stata's manual and least squares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from sklearn.datasets import load_iris
from statsmodels.stats.diagnostic_gen import test_chisquare_binning as binned
from statsmodels.stats.outliers_influence import variance_inflation_factor

from logistic import LogisticRegression
from logistic.inference import avg_slopes, calibration, hosmer_lemeshow, influence, slopes, vif
from support import certified, overlapping

TIGHT: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-12}
NEWTON: dict[str, Any] = {"method": "newton", "tol": 1e-10, "maxiter": 100, "disp": 0}


def logit(X: np.ndarray, y: np.ndarray, **choices: Any) -> Any:
    """The maximum-likelihood fit of statsmodels, to the last digit."""
    kind = sm.Logit if len(np.unique(y)) == 2 else sm.MNLogit
    return kind(y, sm.add_constant(X)).fit(**NEWTON, **choices)


@pytest.mark.parametrize("name", ["spector", "mtcars_am_wt", "fair_affair"])
@pytest.mark.parametrize("robust", [False, True])
def test_binary_effects_equal_get_margeff(name: str, robust: bool) -> None:
    """Overall, with changes from 0 to 1, observed and robust."""
    given = certified(name)
    y = (given.y == np.unique(given.y)[1]).astype(int)
    theirs = logit(given.X, y, **({"cov_type": "HC0"} if robust else {})).get_margeff(at="overall", dummy=True)
    model = LogisticRegression(C=np.inf, covariance="HC0" if robust else "observed").fit(given.X, y)
    found = avg_slopes(model, given.X, level=0.9)
    np.testing.assert_allclose(found.table["estimate"], theirs.margeff, **TIGHT)
    np.testing.assert_allclose(found.table["std_error"], theirs.margeff_se, **TIGHT)
    np.testing.assert_allclose(found.table["z"], theirs.tvalues, **TIGHT)
    np.testing.assert_allclose(found.table["p"], theirs.pvalues, **TIGHT)
    np.testing.assert_allclose(found.table["low"], theirs.conf_int(0.1)[:, 0], **TIGHT)
    np.testing.assert_allclose(found.covariance, theirs.margeff_cov, **TIGHT)
    at_means = logit(given.X, y).get_margeff(at="mean", dummy=False)
    plain = LogisticRegression(C=np.inf).fit(given.X, y)
    mean = slopes(plain, given.X.mean(axis=0, keepdims=True))
    derived = mean.table["contrast"] == "dY/dX"
    np.testing.assert_allclose(mean.table["estimate"][derived], at_means.margeff[derived], **TIGHT)
    np.testing.assert_allclose(mean.table["std_error"][derived], at_means.margeff_se[derived], **TIGHT)


@pytest.mark.parametrize("classes", [3, 4])
@pytest.mark.parametrize("robust", [False, True])
def test_multinomial_effects_equal_get_margeff(classes: int, robust: bool) -> None:
    """With changes from 0 to 1, for which statsmodels needs as many columns as classes."""
    X, y = overlapping(1, 300, classes - 1, classes)
    X[:, -1] = X[:, -1] > 0
    theirs = logit(X, y, **({"cov_type": "HC0"} if robust else {})).get_margeff(at="overall", dummy=True)
    found = avg_slopes(LogisticRegression(C=np.inf, covariance="HC0" if robust else "observed").fit(X, y), X)
    assert found.table["contrast"][-1] == "1 - 0"
    np.testing.assert_allclose(found.table["estimate"].reshape(-1, classes), theirs.margeff, **TIGHT)
    np.testing.assert_allclose(found.table["std_error"].reshape(-1, classes), theirs.margeff_se, **TIGHT)


def test_multinomial_slopes_equal_get_margeff() -> None:
    """Derivatives, on three programmes of two hundred pupils."""
    given = certified("hsb2_prog")
    model = LogisticRegression(C=np.inf).fit(given.X, given.y)
    found = avg_slopes(model, given.X)
    theirs = logit(given.X, np.searchsorted(model.classes_, given.y)).get_margeff(at="overall", dummy=False)
    derived = found.table["contrast"] == "dY/dX"
    assert derived.any()
    for column, wanted in (("estimate", theirs.margeff), ("std_error", theirs.margeff_se)):
        np.testing.assert_allclose(found.table[column][derived], wanted.ravel()[derived], **TIGHT)


@pytest.mark.parametrize("name", ["spector", "mtcars_am_wt", "fair_affair", "iris_versicolor_virginica"])
def test_influence_equals_glm(name: str) -> None:
    """Residuals, leverage and Cook's distance, with weights and without."""
    given = certified(name)
    y = (given.y == np.unique(given.y)[1]).astype(int)
    for weight in (None, np.random.default_rng(0).uniform(0.5, 2, len(y))):
        glm = sm.GLM(y, sm.add_constant(given.X), family=sm.families.Binomial(), var_weights=weight).fit(tol=1e-15, maxiter=100)
        theirs = glm.get_influence()
        table = influence(LogisticRegression(C=np.inf).fit(given.X, y, weight), given.X, y, weight).table
        # where p is within 1e-12 of y, statsmodels' y - p has few digits left, and all that is made of it
        within = TIGHT | ({"atol": 1e-9} if name.startswith("iris") else {})
        root = np.sqrt(1 - theirs.hat_matrix_diag)
        for column, wanted in {
            "fitted": glm.fittedvalues,
            "pearson": glm.resid_pearson,
            "deviance": glm.resid_deviance,
            "leverage": theirs.hat_matrix_diag,
            "std_pearson": theirs.resid_studentized,
            "std_deviance": glm.resid_deviance / root,
            "cooks_distance": theirs.cooks_distance[0],
        }.items():
            np.testing.assert_allclose(table[column], wanted, err_msg=column, **within)
        size = np.exp(-abs(glm.predict(which="linear")) / 2)
        right = (glm.fittedvalues > 0.5) == y
        root = 1 if weight is None else np.sqrt(weight)
        np.testing.assert_allclose(abs(table["pearson"]), root * np.where(right, size, 1 / size), rtol=1e-11)


def test_vif_equals_statsmodels() -> None:
    """On real columns, beside an intercept."""
    X = load_iris(return_X_y=True)[0]
    wanted = [variance_inflation_factor(sm.add_constant(X), j) for j in range(1, 5)]
    np.testing.assert_allclose(vif(X).table["vif"], wanted, rtol=1e-10)


def birth_weights() -> tuple[pd.DataFrame, pd.Series]:
    """Hosmer and Lemeshow's data, which statsmodels holds among its tests."""
    path = Path(statsmodels.__file__).parent / "genmod" / "tests" / "results" / "stata_lbw_glm.csv"
    if not path.exists():
        pytest.skip("needs stata_lbw_glm.csv, which this statsmodels does not bring")
    frame = pd.read_csv(path)
    X = frame[["age", "lwt", "smoke", "ptl", "ht", "ui"]].astype(float)
    X["black"], X["other"] = (frame["race"] == "black") * 1.0, (frame["race"] == "other") * 1.0
    return X, frame["low"]


def test_hosmer_lemeshow_of_the_birth_weights() -> None:
    """Stata's manual, [R] logistic postestimation: chi2(8) = 9.65, p = 0.2904, by ten groups of 19 and one of 18."""
    X, y = birth_weights()
    found = hosmer_lemeshow(LogisticRegression(C=np.inf).fit(X, y), X, y)
    assert round(found.statistic, 2) == 9.65
    assert found.df == 8
    assert round(found.p, 4) == 0.2904
    assert found.table["rows"].tolist() == [19] * 9 + [18]
    assert found.table["observed_1"].tolist() == [0, 2, 6, 1, 7, 7, 6, 7, 10, 13]


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_hosmer_lemeshow_equals_statsmodels(classes: int) -> None:
    """On groups of equal size, also for more classes."""
    X, y = overlapping(2, 300, 3, classes)
    model = LogisticRegression(C=np.inf).fit(X, y)
    p = model.predict_proba(X)
    theirs, found = binned(np.eye(classes)[y], p, sort_var=1 - p[:, 0]), hosmer_lemeshow(model, X, y)
    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-10)
    assert (found.df, found.p) == (theirs.df, pytest.approx(theirs.pvalue, rel=1e-10))


@pytest.mark.parametrize("weighted", [False, True])
def test_calibration_equals_glm(weighted: bool) -> None:
    """The regression on the log-odds, and the intercept beside them as an offset, of other rows than those of the fit."""
    X, y = birth_weights()
    model = LogisticRegression(C=np.inf).fit(X[::2], y[::2])
    rows, labels = X[1::2], y[1::2].to_numpy()
    weight = np.random.default_rng(0).uniform(0.5, 2, len(rows)) if weighted else None
    found = calibration(model, rows, labels, weight).table
    said = model.decision_function(rows)
    family: dict[str, Any] = {"family": sm.families.Binomial(), "var_weights": weight}
    both = sm.GLM(labels, sm.add_constant(said), **family).fit(tol=1e-15)
    large = sm.GLM(labels, np.ones((len(labels), 1)), offset=said, **family).fit(tol=1e-15)
    np.testing.assert_allclose(found["estimate"], [*both.params, *large.params], **TIGHT)
    np.testing.assert_allclose(found["std_error"], [*both.bse, *large.bse], **TIGHT)
    np.testing.assert_allclose(found["low"][:2], both.conf_int()[:, 0], **TIGHT)
