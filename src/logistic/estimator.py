"""The scikit-learn face: validate, fit, publish."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .contracts import Spec, Stop
from .errors import InputError, SeparationWarning
from .fit import fit
from .model import Model
from .outcome import Certificate, Status
from .outputs.summary import Summary, certificate_lines
from .sources import ArraySource


class LogisticRegression(ClassifierMixin, BaseEstimator):
    """Logistic (two classes) and softmax (more) regression, fitted to a certified optimum.

    Minimises mean(weight * log loss) + alpha / 2 * |coef|², the same problem as C * sum(weight * log loss) + |coef|² / 2 with
    alpha = 1 / (C * sum(weight)). The intercept is never penalised. Columns are centred and scaled inside, so their units cost
    neither speed nor digits; coefficients are those of the data as given.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the L2 penalty, in the units of the data; ``inf`` is the maximum-likelihood fit.
    alpha : float, optional
        The strength against the mean loss, instead of C; 0 is the maximum-likelihood fit.
    fit_intercept : bool, default=True
    standardize : bool, default=False
        Penalise the coefficients of standardised columns; they are still published in the units of the data.
    solver : {"auto", "newton", "lbfgs"}, default="auto"
        All reach the same certified optimum; ``auto`` chooses by size and says why in ``why_solver_``.
    tol : float, default=1e-8
        Certified relative suboptimality, (F - min F) / F.
    max_iter : int, default=1000
    max_time : float, optional
        Seconds.

    Attributes
    ----------
    classes_ : (K,) array
    coef_ : (1, p) or (K, p) array
        Sums to zero over the classes where K > 2.
    intercept_ : (1,) or (K,) array
    certificate_ : Certificate
        Bound on F - min F, its kind, and the status of the fit.
    n_iter_ : (1,) int32 array
    n_features_in_ : int
    feature_names_in_ : (p,) array of str, if X has names
    why_solver_ : str
    model_ : Model
        The plain model that predicts and is saved.

    Warns
    -----
    SeparationWarning
        If the classes are separated, so that no finite estimate exists.
    ConvergenceWarning
        If the fit ends without a certificate within tol, or some columns are combinations of others.

    References
    ----------
    The certificate is derived in docs/certificate.md.
    """

    model_: Model

    def __init__(
        self,
        C: float = 1.0,
        *,
        alpha: float | None = None,
        fit_intercept: bool = True,
        standardize: bool = False,
        solver: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        max_time: float | None = None,
    ) -> None:
        self.C = C
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.max_time = max_time

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit to rows X (n, p), labels y (n,) of any one type, and weights (n,).

        Raises
        ------
        InputError
            Naming the argument, row or column that cannot be used.
        """
        source = ArraySource(X, y, sample_weight)
        if source.y is None or source.y.ndim != 1:
            raise InputError(f"y must hold one label a row, but has shape {np.shape(y)}")
        result = fit(source, self._spec())
        self._publish(result.model)
        self._warn(result.model)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) labels."""
        return self._fitted().predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, K) probabilities, in the order of ``classes_``."""
        return self._fitted().predict_proba(X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """(n, K) logarithms of the probabilities."""
        return self._fitted().predict_log_proba(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) log-odds of the second class, or (n, K) logits."""
        return self._fitted().decision_function(X)

    def summary(self) -> Summary:
        """Objective, certificate and coefficients."""
        return self._fitted().summary()

    def save(self, path: str | Path) -> None:
        """Write the model to a safetensors file; read it back with :func:`logistic.load`."""
        self._fitted().save(path)

    def _spec(self) -> Spec:
        both = self.alpha is not None and self.C != 1.0
        return Spec(
            C=self.C if both or self.alpha is None else None,
            alpha=self.alpha,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            solver=self.solver,
            stop=Stop(self.tol, self.max_iter, self.max_time),
        )

    def _fitted(self) -> Model:
        check_is_fitted(self, "model_")
        return self.model_

    def _publish(self, model: Model) -> None:
        self.model_ = model
        self.classes_ = model.classes
        self.coef_, self.intercept_ = model.coef, model.intercept
        self.n_features_in_ = model.coef.shape[1]
        if model.features is not None:
            self.feature_names_in_ = np.asarray(model.features, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.certificate_: Certificate = model.certificate
        self.n_iter_ = np.asarray([model.n_iter], dtype=np.int32)
        self.why_solver_ = model.solver

    def _warn(self, model: Model) -> None:
        status = model.certificate.status
        if status.certified:
            return
        first, *others = (" ".join(line.split()) for line in certificate_lines(model))
        category = SeparationWarning if status is Status.SEPARATED else ConvergenceWarning
        warnings.warn(f"{'; '.join([first.removeprefix('status '), *others])}; {model.penalty}", category, stacklevel=3)
