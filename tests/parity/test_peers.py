"""Other programs at tight tolerance, side by side, on data inside test dependencies."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
import statsmodels.api as sm
from sklearn import datasets
from sklearn.linear_model import LogisticRegression as Peer, LogisticRegressionCV as PeerCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from logistic import LogisticRegression, LogisticRegressionCV


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "wine"])
def test_scikit_learn_at_tight_tolerance(name, C):
    """Standardised columns, binary and multinomial: coefficients and probabilities to 1e-8."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peer stops at its rounding floor and says so
        peer = Peer(C=C, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(X, y)
    ours = LogisticRegression(C=C).fit(X, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-8)
    assert (ours.predict(X) == peer.predict(X)).all()
    assert ours.certificate_.gap <= 1e-18


def test_scikit_learn_weights_and_no_intercept():
    """Sample weights scale the loss as in scikit-learn, with and without an intercept."""
    X, y = datasets.load_iris(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.1, 3, len(y))
    for fit_intercept in (True, False):
        peer = Peer(C=2.0, solver="newton-cholesky", tol=1e-13, fit_intercept=fit_intercept).fit(X, y, weight)
        ours = LogisticRegression(C=2.0, fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "wine"])
@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", "neg_brier_score", "roc_auc_ovr"])
def test_scikit_learn_cross_validation(name, scoring):
    """The same folds: scores, paths, and the strength that is chosen."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    weight = np.random.default_rng(0).uniform(0.1, 3, len(y))
    choices = {"Cs": [1e-3, 0.03, 1.0, 30.0], "cv": 3, "scoring": scoring}  # beyond, the peer's floor is at 1e-7
    new = {"l1_ratios": (0,), "use_legacy_attributes": False} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
    if not new:
        pytest.skip("attributes of scikit-learn 1.8 and later")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = PeerCV(**choices, **new, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y, sample_weight=weight)
    ours = LogisticRegressionCV(**choices).fit(X, y, weight)
    # Where a logit is -29, the peer takes the logarithm of 1 - p and keeps three digits of it; ours agrees with the logits.
    np.testing.assert_allclose(ours.scores_, peer.scores_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.coefs_paths_, peer.coefs_paths_, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-7, atol=1e-7)
    assert pytest.approx(peer.C_) == ours.C_


def test_statsmodels_logit():
    """Spector and Mazzeo's data: coefficients and log-likelihood of Logit."""
    data = sm.datasets.spector.load_pandas()
    ours = LogisticRegression(C=np.inf).fit(data.exog, data.endog)
    peer = sm.Logit(data.endog, sm.add_constant(data.exog)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(np.append(ours.intercept_, ours.coef_), peer.params, rtol=1e-9)
    assert -ours.certificate_.value * len(data.endog) == pytest.approx(peer.llf, rel=1e-12)
    assert list(ours.feature_names_in_) == list(data.exog.columns)


def test_statsmodels_mnlogit():
    """American national election study of 1996: seven classes, contrasts to the first."""
    data = sm.datasets.anes96.load_pandas()
    ours = LogisticRegression(C=np.inf).fit(data.exog, data.endog)
    peer = sm.MNLogit(data.endog, sm.add_constant(data.exog)).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    table = np.column_stack([ours.intercept_, ours.coef_])
    np.testing.assert_allclose((table[1:] - table[0]).T, peer.params, rtol=1e-8)
    assert ours.certificate_.status.word == "converged"
