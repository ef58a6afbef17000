"""Firth's bias reduction against numbers of other programs and against the penalised likelihood as it is written down."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from logistic import LogisticRegression
from logistic.errors import InputError
from logistic.inference.estimates import estimates
from support import overlapping, shared_file

FIRTH: dict[str, Any] = {"C": math.inf, "bias": "firth"}
NAMES = ("NV", "PI", "EH", "const")


def endometrial() -> tuple[Any, Any, dict[str, Any]]:
    """Heinze and Schemper's data, and what is certified of them."""
    import pandas as pd

    frame = pd.read_csv(shared_file("reference", "endometrial.csv"))
    reference = json.loads(shared_file("reference", "endometrial.json").read_text())["firth"]
    return frame.drop(columns="y"), frame["y"], reference


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_endometrial_to_the_last_digits(solver: str) -> None:
    """Estimates, standard errors by the information at the estimate, and both log-likelihoods, with default settings."""
    X, y, reference = endometrial()
    model = LogisticRegression(**FIRTH, solver=solver).fit(X, y)
    found, statistics = estimates(model.model_), model.model_.statistics
    np.testing.assert_allclose(found.values[0], [float(reference["coef"][name]) for name in NAMES], rtol=1e-13)
    np.testing.assert_allclose(found.errors[0], [float(reference["se"][name]) for name in NAMES], rtol=1e-13)
    assert statistics.log_likelihood == pytest.approx(float(reference["loglik_at_firth"]), rel=1e-13)
    assert statistics.penalised == pytest.approx(float(reference["penalized_loglik"]), rel=1e-13)


def test_endometrial_profile_intervals_and_tests() -> None:
    """The intervals and the p-value that logistf prints."""
    X, y, _ = endometrial()
    model = LogisticRegression(**FIRTH).fit(X, y)
    found = model.confint(X, y)
    assert str(found).startswith("Penalised profile-likelihood intervals")
    expected = {"NV": (0.6097, 7.8546), "PI": (-0.1245, 0.0405), "EH": (-4.3652, -1.2327)}
    for name, ends in expected.items():
        j = found.names.index(name)
        assert (round(found.low[0, j], 4), round(found.high[0, j], 4)) == ends
    test = model.likelihood_ratio_test(X, y, "NV = 0")
    assert round(test.p, 5) == 0.00912
    assert "Jeffreys penalty" in str(test)
    for asked in (lambda: model.score_test(X, y, "NV = 0"), lambda: model.confint(X.iloc[1:], y.iloc[1:])):
        with pytest.raises(InputError):
            asked()


def penalised(theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Log-likelihood + log det(information) / 2, the first class as the reference; ``theta`` (q (K - 1),), class by class."""
    q = X.shape[1]
    eta = np.column_stack([np.zeros(len(X)), X @ theta.reshape(-1, q).T])
    eta -= eta.max(axis=1, keepdims=True)
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    information = sum(np.kron(np.diag(r) - np.outer(r, r), np.outer(x, x)) for x, r in zip(X, p[:, 1:], strict=True))
    return float(np.log(p[np.arange(len(y)), y]).sum() + np.linalg.slogdet(information)[1] / 2)


@pytest.mark.parametrize("classes", [2, 3])
def test_profiles_are_those_of_the_penalised_likelihood(classes: int) -> None:
    """An interval and a likelihood ratio by a general optimiser on the formula: what is held stays in the penalty."""
    X, y = overlapping(7, 25, 2, classes)
    full, q = np.column_stack([X, np.ones(25)]), 3
    model = LogisticRegression(**FIRTH).fit(X, y)
    start = estimates(model.model_).values.ravel()
    top = penalised(start, full, y)
    assert top == pytest.approx(model.model_.statistics.penalised, rel=1e-12)
    assert top >= -minimize(lambda theta: -penalised(theta, full, y), start + 0.1).fun - 1e-9
    held = 1  # column x1 of the first contrast

    def drop(value: float) -> float:
        def objective(free: np.ndarray) -> float:
            return -penalised(np.insert(free, held, value), full, y)

        found = minimize(objective, np.delete(start, held), method="BFGS", options={"gtol": 1e-7})
        return float(2 * (top + found.fun))

    quantile = chi2.ppf(0.9, 1)
    error = estimates(model.model_).errors.ravel()[held]
    expected = [brentq(lambda v: drop(v) - quantile, start[held], start[held] + side * 8 * error, xtol=1e-9) for side in (-1, 1)]
    found = model.confint(X, y, 0.9, "x1")
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx(tuple(expected), rel=1e-6)
    asked = "x1 = 0" if classes == 2 else f"[{model.classes_[1]}]x1 = 0"
    assert len(start) == q * (classes - 1)
    assert model.likelihood_ratio_test(X, y, asked).statistic == pytest.approx(drop(0.0), rel=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_separated_classes_have_finite_intervals(level: float) -> None:
    """Both ends of all coefficients, and the statistic there is the quantile."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = (X[:, 0] > 0).astype(int)
    model = LogisticRegression(**FIRTH).fit(X, y)
    found = model.confint(X, y, level)
    assert np.isfinite(found.low).all()
    assert np.isfinite(found.high).all()
    assert ((found.low < found.estimate) & (found.estimate < found.high)).all()
    for j, name in enumerate(found.names):
        for end in (found.low[0, j], found.high[0, j]):
            test = model.likelihood_ratio_test(X, y, f"{name} = {end!r}".replace("np.float64(", "").replace(")", ""))
            assert test.statistic == pytest.approx(chi2.ppf(level, 1), rel=1e-7)


def test_likelihoods_of_other_columns_are_not_compared() -> None:
    """Their penalties differ."""
    from logistic import anova

    X, y, _ = endometrial()
    models = [LogisticRegression(**FIRTH).fit(X[columns], y) for columns in (["EH"], ["EH", "NV"])]
    with pytest.raises(InputError, match="whose penalty depends on the columns"):
        anova(*models)
