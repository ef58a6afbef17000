"""Linear regression as a scikit-learn estimator: the baseline, and the wrong way to classify."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from .contracts import Solver, Spec, Stop
from .outcome import Certificate, Status
from .outputs.history import history
from .plane import Plane, rounded, targets
from .regress import regress
from .store import load_plane
from .validation import hold_to_columns, read, unharmed

__all__ = ["LinearRegression", "rounded"]

UNPROVEN = "columns are too nearly collinear for a proof in float64; rescale or drop them"


class LinearRegression(RegressorMixin, BaseEstimator):
    """Ordinary least squares: at once and exactly, or by the iterations that logistic regression needs.

    Minimises the mean squared error, mean(weight * (X coef + intercept - y)²), without a factor 1/2. Columns are centred and
    scaled inside, so their units and shifts cost no digits; coefficients are those of the data as given. To fit classes by their
    numbers and round the predictions, :func:`logistic.linear.rounded`, is the wrong way to classify, shown for comparison.

    Parameters
    ----------
    fit_intercept : bool, default=True
    solver : str or solver object, default="exact"
        ``exact`` solves at once. ``gd``, ``sgd``, ``adam``, ``lbfgs`` and ``newton`` iterate; see :mod:`logistic.solvers` for
        their settings, such as ``solvers.SGD(lr=0.1, batch_size=None)``. With a learning rate given it is the textbook iteration
        on the columns as given.
    max_iter : int, default=1000
        Of iterations. A solver's own ``epochs`` comes first.
    tol : float, default=1e-8
        Iterations end at this certified relative suboptimality, (error - least error) / error.
    random_state : int, numpy.random.RandomState or numpy.random.Generator, optional
        Start values and the order of rows in ``sgd`` and ``adam``.

    Attributes
    ----------
    coef_ : (p,) array
        float32 where X is, computed in float64. Where columns are combinations of others, the coefficients of least norm.
    intercept_ : float
    n_iter_ : int
        1 for ``exact``.
    n_features_in_ : int
    feature_names_in_ : (p,) array of str, if X has names
    why_solver_ : str
        The solver, and the rank where it is not full.
    history_ : dict of arrays
        Of iterations: mean squared error, gradient norm, step and seconds, an entry a point; see
        :func:`logistic.outputs.history.history`.
    certificate_ : Certificate
        Of iterations: bound on the distance of the mean squared error from the least one.

    Warns
    -----
    ConvergenceWarning
        If iterations end without a certificate within tol, or meet columns that are combinations of others.
    """

    _plane: Plane

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        solver: str | Solver = "exact",
        max_iter: int = 1000,
        tol: float = 1e-8,
        random_state: Any = None,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, init: Any = "zeros") -> Self:
        """Fit to rows and their targets.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor
        y : (n,) real numbers
        sample_weight : (n,), optional
            Not negative; a row of weight zero counts as absent.
        init : str, array, pair of arrays, or fitted model, default="zeros"
            Where iterations start: ``zeros``, ``normal``, ``lecun_normal`` or ``torch_linear``, coefficients (p,) in the units of
            the data, or (coefficients, intercept).

        Raises
        ------
        InputError
            Naming the argument, row or column that cannot be used.
        """
        stop = Stop(self.tol, self.max_iter)
        spec = Spec(fit_intercept=self.fit_intercept, solver=self.solver, stop=stop, init=init, seed=self.random_state)
        with unharmed(self):
            source = read(self, X, y, sample_weight, labels=False)
            source.y = targets(y, source.shape[0])
            plane = regress(source, spec)
            self._publish(plane, str(getattr(X, "dtype", "")).endswith("float32"))
        self._warn(plane)
        return self

    def predict(self, X: Any) -> Any:
        """(n,) predictions of rows X (n, p); a tensor where X is one, and float32 where X is."""
        check_is_fitted(self)
        hold_to_columns(self, X)
        return self._plane.predict(X)

    def save(self, path: str | Path) -> None:
        """Write the fit to a safetensors file; read it back with :meth:`load`."""
        check_is_fitted(self)
        self._plane.save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """A fitted estimator from a file that :meth:`save` wrote; the settings of the fit are not kept.

        Raises
        ------
        ModelFileError
            If the file is another one, or damaged.
        """
        found, plane = cls(), load_plane(path)
        found._publish(plane, single=False)
        found.n_features_in_ = len(plane.coef)
        if plane.features is not None:
            found.feature_names_in_ = np.asarray(plane.features, dtype=object)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _publish(self, plane: Plane, single: bool) -> None:
        self._plane = plane
        self.coef_ = plane.coef.astype(np.float32 if single else np.float64)
        self.intercept_ = plane.intercept
        self.n_iter_ = plane.n_iter
        self.why_solver_ = plane.solver
        for name in ("certificate_", "history_"):
            self.__dict__.pop(name, None)
        if plane.certificate is not None:
            self.certificate_: Certificate = plane.certificate
        if plane.trace:
            self.history_ = history(plane.trace)

    def _warn(self, plane: Plane) -> None:
        found = plane.certificate
        if found is None or found.status.certified:
            return
        bound = {"proof": "at most", "estimate": "about"}.get(found.kind)
        far = "how far above the least is unknown" if bound is None else f"{bound} {found.gap:.2g} above the least"
        advice = UNPROVEN if found.status is Status.UNDETERMINED else found.status.value
        names = getattr(self, "feature_names_in_", range(len(plane.coef)))
        columns = f"; columns: {', '.join(str(names[j]) for j in found.columns)}" if found.columns else ""
        text = f"status {found.status.word}: {advice}{columns}; mean squared error {found.value:.6g}, {far}"
        warnings.warn(f"{text}; solver='exact' needs no iterations", ConvergenceWarning, stacklevel=3)
