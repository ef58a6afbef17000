"""What every fitted estimator of a model does: it predicts, tells what it knows, and is saved."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from .errors import SeparationWarning
from .inference.chisquare import ChiSquareTest
from .model import Model, written
from .outcome import Certificate, Status
from .outputs.metrics import Metrics
from .outputs.summary import Summary, certificate_lines
from .sources import vector
from .spellings import solver_and_note
from .validation import hold_to_columns

if TYPE_CHECKING:
    from .outputs.report import Report
    from .profile import Intervals


class Fitted(ClassifierMixin, BaseEstimator):
    """An estimator that publishes a model. ``coef_`` and ``intercept_`` may be written to, and are what predicts then."""

    model_: Model
    certificate_: Certificate
    classes_: np.ndarray
    coef_: Any
    dtype: str
    solver: Any
    _frame: str | None = None  # the kind of data frame that X was

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """(n,) labels; a tensor where X is one and labels are numbers."""
        labels = self._model(X).predict(X, offset)
        return labels.astype(self.classes_.dtype, copy=False) if isinstance(labels, np.ndarray) else labels

    def predict_proba(self, X: Any, *, offset: Any = None) -> Any:
        """(n, K) probabilities, in the order of ``classes_``."""
        return self._model(X).predict_proba(X, offset, self._dtype)

    def predict_log_proba(self, X: Any, *, offset: Any = None) -> Any:
        """(n, K) logarithms of the probabilities."""
        return self._model(X).predict_log_proba(X, offset, self._dtype)

    def decision_function(self, X: Any, *, offset: Any = None) -> Any:
        """(n,) log-odds of the second class, or (n, K) logits."""
        return self._model(X).decision_function(X, offset, self._dtype)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> float:
        """Accuracy on rows X (n, p) with labels y (n,)."""
        predicted = np.asarray(self.predict(X, offset=offset))
        return float(accuracy_score(vector(y, "y", len(predicted)), predicted, sample_weight=sample_weight))

    def metrics(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Metrics:
        """Accuracy, log loss, Brier score, ROC AUC, precision, recall and the confusion matrix on rows X with labels y."""
        return self._model(X).metrics(X, y, sample_weight, offset)

    def summary(self, level: float = 0.95, reference: Any = None, symmetric: bool = False) -> Summary:
        """Objective, certificate, and coefficients with errors, tests and intervals where they exist.

        Parameters
        ----------
        level : float, default=0.95
            Of the intervals.
        reference : label, optional
            The class that the others are compared with. By default the first where coefficients have errors; else each of more
            than two classes has its own column, which sum to zero.
        symmetric : bool, default=False
            Compare each of more than two classes with the mean of all instead.
        """
        return self._fitted().summary(level, reference, symmetric)

    def tidy(self, level: float = 0.95, reference: Any = None, symmetric: bool = False, kind: str | None = None) -> Any:
        """A data frame with a row a coefficient; see :func:`logistic.inference.table.coefficients`.

        ``kind`` is ``pandas``, ``polars`` or ``pyarrow``; by default that of the X of the fit, and pandas for arrays.
        """
        return self._fitted().tidy(level, reference, symmetric, kind or self._frame)

    def glance(self, kind: str | None = None) -> Any:
        """A data frame with one row for the whole fit; see :func:`logistic.inference.table.glance`, and :meth:`tidy` for kind."""
        return self._fitted().glance(kind or self._frame)

    def augment(self, X: Any, y: Any, **rows: Any) -> Any:
        """X beside each row's fitted probability, residuals, leverage and Cook's distance, as a data frame of the kind of X.

        The added columns begin with a dot; see :func:`logistic.inference.influence`. ``rows`` may hold ``sample_weight``,
        ``freq_weights`` and ``offset`` of the fit.
        """
        return self._fitted().augment(X, y, **rows)

    def test(self, hypotheses: Any, values: Any = None, *, reference: Any = None) -> ChiSquareTest:
        """Wald test of linear hypotheses: ``"age = educ, smoke = 0"``, ``["age", "educ"]``, or a matrix and its values.

        With more than two classes a name is about all contrasts, ``"[vocation]ses"`` about one, against ``reference``.
        """
        return self._fitted().test(hypotheses, values, reference=reference)

    def likelihood_ratio_test(self, X: Any, y: Any, hypotheses: Any, **rows: Any) -> ChiSquareTest:
        """Test linear hypotheses by what they cost in likelihood; X, y, and weights in ``rows``, are those of the fit."""
        return self._fitted().likelihood_ratio_test(X, y, hypotheses, **rows)

    def score_test(self, X: Any, y: Any, hypotheses: Any = None, *, added: Any = None, **rows: Any) -> ChiSquareTest:
        """Rao's test of linear hypotheses, or that none of the columns ``added`` belongs into the model; rows as fitted."""
        return self._fitted().score_test(X, y, hypotheses, added=added, **rows)

    def confint(self, X: Any, y: Any, level: float = 0.95, columns: Any = None, **rows: Any) -> Intervals:
        """Profile-likelihood intervals, of all coefficients or of those named; infinite ends are where classes are separated."""
        return self._fitted().confint(X, y, level, columns, **rows)

    def report(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        freq_weights: Any = None,
        offset: Any = None,
        rows: Any = None,
        title: str | None = None,
    ) -> Report:
        """One page of what was fitted and how, how good it is on rows X with labels y, and where it errs.

        As that of a model, see :meth:`logistic.Model.report`, and the course of the fit besides: its history, or the path of
        penalties.
        """
        from .outputs.report import Report, evidence

        self._model(X)
        return Report(evidence(self, X, y, sample_weight, offset, freq_weights), rows, title)

    def save(self, path: str | Path) -> None:
        """Write the model to a safetensors file; read it back with :func:`logistic.load`."""
        self._fitted().save(path)

    def sparsify(self) -> Self:
        """Make ``coef_`` a scipy CSR matrix."""
        from scipy.sparse import csr_matrix

        self._fitted()
        self.coef_ = csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Make ``coef_`` an array again."""
        self._fitted()
        self.coef_ = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        return self

    @classmethod
    def from_model(cls, model: Model) -> Self:
        """A fitted estimator of a model, such as :func:`logistic.load` gives."""
        C, l1_ratio, standardize = model.penalty.C, model.penalty.l1_ratio, model.penalty.standardized
        bias = {} if model.penalty.bias is None else {"bias": model.penalty.bias}
        estimator = cls(C, l1_ratio=l1_ratio, fit_intercept=model.fit_intercept, standardize=standardize, **bias)
        estimator._publish(model, lambda found: estimator._attributes(found, None, objects=False))
        if model.features is not None:
            estimator.feature_names_in_ = np.asarray(model.features, dtype=object)
        return estimator

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _fitted(self) -> Model:
        """The fitted model, or the one that ``coef_`` and ``intercept_`` stand for where somebody wrote them."""
        if not hasattr(self, "coef_"):
            check_is_fitted(self, "coef_")  # which asks for the estimator's tags first
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else np.asarray(self.coef_)
        return written(getattr(self, "model_", None), coef, np.asarray(self.intercept_), np.asarray(self.classes_))

    def _model(self, X: Any) -> Model:
        """The model, once X has the names and the number of columns that it was fitted on."""
        model = self._fitted()
        if model.recipe is None:
            hold_to_columns(self, X)
        return model

    @property
    def _dtype(self) -> str:
        """That of the fit, whatever was set since."""
        return str(getattr(self, "dtype_", self.dtype))

    def _attributes(self, model: Model, X: Any, objects: bool) -> dict[str, Any]:
        """What a model publishes."""
        single = self.dtype == "float32" or (self.dtype == "auto" and str(getattr(X, "dtype", "")).endswith("float32"))
        dtype = np.float32 if single else np.float64
        return {
            "model_": model,
            "dtype_": self.dtype,
            "classes_": model.classes.astype(object) if objects else model.classes,
            "coef_": model.coef.astype(dtype),
            "intercept_": model.intercept.astype(dtype),
            "certificate_": model.certificate,
            "n_iter_": np.asarray([model.n_iter], dtype=np.int32),
            "n_features_in_": model.coef.shape[1],
            "why_solver_": model.solver + solver_and_note(self.solver)[1],
        }

    def _publish(self, model: Model, attributes: Callable[[Model], dict[str, Any]]) -> None:
        for name, value in attributes(model).items():
            setattr(self, name, value)

    def _warn(self, model: Model) -> None:
        status = model.certificate.status
        if status.certified or status in (Status.EARLY_STOPPED, Status.STOPPED):
            return
        first, *others = (" ".join(line.split()) for line in certificate_lines(model))
        category = SeparationWarning if status is Status.SEPARATED else ConvergenceWarning
        warnings.warn(f"{'; '.join([first.removeprefix('status '), *others])}; {model.penalty}", category, stacklevel=4)
