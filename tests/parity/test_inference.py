"""Standard errors, log-likelihoods and robust covariances: certified to 20 digits, or as statsmodels has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from logistic import LogisticRegression
from logistic.inference.estimates import estimates
from logistic.inference.table import goodness
from support import certified, overlapping

sm = pytest.importorskip("statsmodels.api")

SETS = ["spector", "mtcars_am_wt", "ucb", "hsb2_prog", "fair_affair", "iris_versicolor_virginica"]
KINDS = {"observed": "nonrobust", "HC0": "HC0", "cluster": "cluster"}


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
@pytest.mark.parametrize("name", SETS)
def test_standard_errors_are_certified(name: str, solver: str) -> None:
    """Ten digits of every error and twelve of both log-likelihoods, with default settings."""
    data = certified(name)
    weights = {} if data.weight is None else {"freq_weights": data.weight}
    model = LogisticRegression(C=np.inf, solver=solver).fit(data.X, data.y, **weights).model_
    found = estimates(model, reference=data.reference["base"])
    for (label, _), values, errors in zip(found.contrasts, found.values, found.errors, strict=True):
        for kind, numbers in (("coef", values), ("se", errors)):
            wanted = data.reference[kind][label]
            np.testing.assert_allclose(numbers, [float(wanted[c]) for c in (*data.columns, "const")], rtol=1e-10, err_msg=kind)
    whole = goodness(model)
    assert whole.log_likelihood == pytest.approx(float(data.reference["loglik"]), rel=1e-13)
    assert whole.null == pytest.approx(float(data.reference["null_loglik"]), rel=1e-12)
    assert whole.count == float(data.reference["total"])


@pytest.fixture(scope="module", params=[2, 3])
def rows(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of two or three classes in other units, and 20 clusters."""
    X, y = overlapping(7, 400, 3, request.param)
    return X * [1, 30, 0.01] + [0, 100, 3], y, np.random.default_rng(1).integers(0, 20, 400)


@pytest.mark.parametrize("kind", KINDS)
def test_covariances_equal_those_of_statsmodels(rows: tuple[np.ndarray, ...], kind: str) -> None:
    """By the information, by row and by cluster, every entry, for two classes and more."""
    X, y, groups = rows
    wanted = theirs(X, y, cov_type=KINDS[kind], **({"cov_kwds": {"groups": groups}} if kind == "cluster" else {}))
    found = ours(X, y, kind, groups)
    np.testing.assert_allclose(found.values, wanted[0], rtol=1e-8)
    np.testing.assert_allclose(found.covariance, wanted[1], rtol=1e-8, atol=1e-9 * abs(wanted[1]).max())


def test_hc1_is_hc0_times_its_factor(rows: tuple[np.ndarray, ...]) -> None:
    """MacKinnon and White's n / (n - k), as in R's sandwich; statsmodels leaves it out for these models."""
    X, y, groups = rows
    plain, corrected = (ours(X, y, kind, groups).covariance for kind in ("HC0", "HC1"))
    df = len(plain)
    np.testing.assert_allclose(corrected, plain * 400 / (400 - df), rtol=1e-12)


def test_criteria_equal_those_of_statsmodels(rows: tuple[np.ndarray, ...]) -> None:
    """Log-likelihoods, AIC, BIC, the likelihood-ratio test and McFadden's R squared."""
    X, y, _ = rows
    wanted = fitted(X, y)
    found = goodness(LogisticRegression(C=np.inf).fit(X, y).model_)
    theirs = (wanted.llf, wanted.llnull, wanted.llr, np.log(wanted.llr_pvalue), wanted.prsquared, wanted.aic, wanted.bic)
    mine = (found.log_likelihood, found.null, found.lr, found.log_p, found.mcfadden, found.aic, found.bic)
    np.testing.assert_allclose(mine, theirs, rtol=1e-8)


def test_tidy_equals_the_table_of_statsmodels(rows: tuple[np.ndarray, ...]) -> None:
    """z, p and 90 % intervals."""
    X, y, _ = rows
    wanted, table = fitted(X, y), LogisticRegression(C=np.inf).fit(X, y).tidy(level=0.9, kind="pandas")
    for name, values in (("z", wanted.tvalues), ("p", wanted.pvalues), ("std_error", wanted.bse)):
        turned = np.roll(np.asarray(values).reshape(4, -1), -1, axis=0).T.ravel()  # the constant stands first there
        np.testing.assert_allclose(table[name], turned, rtol=1e-7, err_msg=name)
    interval = np.asarray(wanted.conf_int(0.1)).reshape(-1, 4, 2)
    np.testing.assert_allclose(table[["low", "high"]], np.roll(interval, -1, axis=1).reshape(-1, 2), rtol=1e-8)
    np.testing.assert_allclose(table["odds_ratio"], np.exp(table["estimate"]), rtol=1e-14)


def test_weights_and_offsets_equal_those_of_a_glm() -> None:
    """Frequencies and an offset: errors, log-likelihoods and n."""
    X, y = overlapping(3, 200, 2, 2)
    rng = np.random.default_rng(0)
    frequency, offset = rng.integers(0, 4, 200), rng.normal(size=200)
    family = sm.families.Binomial()
    wanted = sm.GLM(y, sm.add_constant(X), family=family, freq_weights=frequency, offset=offset).fit(tol=1e-14)
    alone = sm.GLM(y, np.ones(200), family=family, freq_weights=frequency, offset=offset).fit(tol=1e-14)
    model = LogisticRegression(C=np.inf).fit(X, y, freq_weights=frequency, offset=offset).model_
    np.testing.assert_allclose(estimates(model).errors[0], np.roll(wanted.bse, -1), rtol=1e-8)
    found = goodness(model)
    assert found.log_likelihood == pytest.approx(wanted.llf, rel=1e-12)
    assert found.null == pytest.approx(alone.llf, rel=1e-12)
    assert found.count == frequency.sum()


def test_tjur_is_the_difference_of_mean_probabilities(rows: tuple[np.ndarray, ...]) -> None:
    """For two classes; more have none."""
    X, y, _ = rows
    model = LogisticRegression(C=np.inf).fit(X, y)
    found = goodness(model.model_).tjur
    if len(model.classes_) > 2:
        assert math.isnan(found)
        return
    p = model.predict_proba(X)[:, 1]
    assert found == pytest.approx(p[y == 1].mean() - p[y == 0].mean(), rel=1e-12)


def fitted(X: np.ndarray, y: np.ndarray, **choices: object) -> object:
    """A fit by statsmodels, to rounding."""
    wide = sm.add_constant(X / [1, 30, 0.01], has_constant="add")
    model = (sm.Logit if y.max() == 1 else sm.MNLogit)(y, wide)
    start = model.fit(disp=0, method="newton", maxiter=50)
    model = (sm.Logit if y.max() == 1 else sm.MNLogit)(y, sm.add_constant(X, has_constant="add"))
    scale = np.array([1, 1, 30, 0.01])
    guess = (start.params.T / scale).T
    return model.fit(
        start_params=np.asarray(guess).ravel("F"), disp=0, method="newton", maxiter=2, warn_convergence=False, **choices
    )


def theirs(X: np.ndarray, y: np.ndarray, **choices: object) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (C, q) and covariance in our order: contrast by contrast, the intercept last."""
    found = fitted(X, y, **choices)
    q = X.shape[1] + 1
    values = np.asarray(found.params).reshape(q, -1, order="A").T
    order = np.concatenate([c * q + np.roll(np.arange(q), -1) for c in range(len(values))])
    return np.roll(values, -1, axis=1), np.asarray(found.cov_params())[np.ix_(order, order)]


def ours(X: np.ndarray, y: np.ndarray, kind: str, groups: np.ndarray) -> object:
    """The same."""
    model = LogisticRegression(C=np.inf, covariance=kind).fit(X, y, groups=groups if kind == "cluster" else None)
    return estimates(model.model_)
