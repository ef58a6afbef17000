"""The fitted model: plain data that predicts with NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .contracts import Loss
from .designs import is_sparse
from .errors import InputError
from .loss import Binary, Softmax
from .outcome import Certificate
from .sources import check_numbers, matrix

if TYPE_CHECKING:
    from .outputs.metrics import Metrics
    from .outputs.summary import Summary


@dataclass(frozen=True)
class Strength:
    """The penalty that was used: alpha against the mean loss, which is C against the summed one; in which units.

    Attributes
    ----------
    alpha : float
        0 for none; the objective is mean weighted loss + alpha / 2 * sum of squared coefficients.
    C : float
        1 / (alpha * total weight); inf for no penalty.
    standardized : bool
        Whether the coefficients of standardised columns were penalised rather than those in the units of the data.
    """

    alpha: float
    C: float
    standardized: bool

    def __str__(self) -> str:
        """The penalty in words."""
        if self.alpha == 0:
            return "no penalty (maximum likelihood)"
        units = "standardised columns" if self.standardized else "the units of the data"
        return f"L2 penalty, C={self.C:.6g} (alpha={self.alpha:.6g}), on coefficients in {units}"


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted logistic or softmax regression. Logits are (x - center) coefᵀ + base.

    Attributes
    ----------
    classes : (K,) array
        Labels, sorted.
    features : tuple of str or None
        Column names, where the data had them.
    coef : (M, p) array
        In the units of the data; M = 1 for two classes (the second against the first), else K, summing to zero over classes.
    base : (M,) array
        Logits at ``center``.
    center : (p,) array
        Where the columns were centred. Predictions are formed around it, so that a large shift of a column costs no digits.
    penalty : Strength
    certificate : Certificate
        Its ``direction``, if any, is (p, M), in the units of the data.
    n_iter : int
        Points after the first.
    solver : str
        The solver and why it was chosen.
    rows : int
        Rows of the data.
    total : float
        Sum of their weights.
    """

    classes: np.ndarray
    features: tuple[str, ...] | None
    coef: np.ndarray
    base: np.ndarray
    center: np.ndarray
    penalty: Strength
    certificate: Certificate
    n_iter: int
    solver: str
    rows: int
    total: float

    @property
    def intercept(self) -> np.ndarray:
        """(M,) logits at x = 0."""
        return np.asarray(self.base - self.coef @ self.center)

    @property
    def loss(self) -> Loss:
        """The loss whose probabilities these are."""
        return Binary() if len(self.classes) == 2 else Softmax(len(self.classes))

    def logits(self, X: Any) -> np.ndarray:
        """(n, M): X is an array, sparse matrix or data frame of n rows and the model's p columns."""
        X, names = matrix(X)
        if X.shape[1] != self.coef.shape[1]:
            raise InputError(f"X has {X.shape[1]} columns, but the model was fitted on {self.coef.shape[1]}")
        if names is not None and self.features is not None and names != self.features:
            i = next(i for i, pair in enumerate(zip(names, self.features, strict=True)) if pair[0] != pair[1])
            raise InputError(
                f"column {i} of X is {names[i]!r}, but the model was fitted with {self.features[i]!r} there; "
                "pass the columns by the same names in the same order"
            )
        check_numbers(X, self.features)
        if is_sparse(X):
            return np.asarray(X @ self.coef.T + self.intercept)
        return np.asarray((X - self.center) @ self.coef.T + self.base)

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) log-odds of the second class for two classes, else (n, K) logits."""
        logits = self.logits(X)
        return np.asarray(logits[:, 0] if len(self.classes) == 2 else logits)

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, K) probabilities of the classes, in the order of ``classes``."""
        return np.asarray(self.loss.probabilities(self.logits(X)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """(n, K) logarithms of the probabilities, finite wherever the logits are."""
        return np.asarray(self.loss.log_probabilities(self.logits(X)))

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the likeliest label of each row."""
        return np.asarray(self.classes[self.loss.class_logits(self.logits(X)).argmax(axis=1)])

    def metrics(self, X: Any, y: Any, sample_weight: Any = None) -> Metrics:
        """How good the predictions of X are: X (n, p), true labels y (n,), weights (n,) >= 0, one a row where none are given."""
        from .outputs.metrics import metrics

        logits = self.logits(X)
        p, log_p = self.loss.probabilities(logits), self.loss.log_probabilities(logits)
        return metrics(y, p, self.classes, sample_weight, log_probabilities=log_p)

    def summary(self) -> Summary:
        """Objective, certificate and coefficients, as a table that prints."""
        from .outputs.summary import Summary

        return Summary(self)

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file; an existing file is replaced only by a complete one."""
        from .store import save

        save(self, path)

    def __eq__(self, other: object) -> bool:
        """The same numbers, labels and history."""
        if not isinstance(other, Model):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Certificate) and isinstance(b, Certificate):
        return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype.kind == b.dtype.kind and np.array_equal(a, b)
    return bool(a == b)
