"""The fitted model: plain data that predicts with NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .affine import Affine, compiled_logits, short_probabilities
from .backend import Array, is_finite, is_tensor, like_labels, like_values, namespace, returned, to_numpy
from .contracts import Loss
from .designs import is_sparse
from .errors import InputError
from .loss import Binary, Softmax
from .outcome import Certificate, Limit, Statistics
from .provenance import Provenance
from .recipes import Recipe
from .sources import beside, check_names, check_numbers, frame, matrix, real
from .strength import Strength

if TYPE_CHECKING:
    from .inference.chisquare import ChiSquareTest
    from .outputs.metrics import Metrics
    from .outputs.report import Report
    from .outputs.summary import Summary
    from .profile import Intervals


HALF_ULP = 2.0**-25  # of a float32 just below 1


@dataclass(frozen=True, eq=False, repr=False)
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
        Its ``direction``, if any, is (p, M), in the units of the data, and so is its ``limit``. Where classes are separated,
        ``coef`` and ``base`` are the finite numbers at which the search stopped: they predict, but they estimate nothing.
    n_iter : int
        Points after the first.
    solver : str
        The solver and why it was chosen.
    rows : int
        Rows of the data.
    total : float
        Sum of their weights.
    offset : bool
        Whether the fit had an offset, so that predictions need one.
    fit_intercept : bool
        Without one, ``base`` and ``center`` are zero.
    fingerprint : str
        16 hexadecimal digits by which the rows of the fit are known again, see :meth:`logistic.encoding.Encoding.fingerprint`;
        empty for a model that was fitted to none.
    provenance : Provenance or None
        Where the rows came from; the command line knows. ``dataclasses.replace(model, provenance=...)`` adds it.
    statistics : Statistics or None
        Log-likelihoods and, where it was asked for, the covariance of the coefficients; None where no fit lies behind.
    recipe : Recipe or None
        How the columns of a data frame become those of the model, where it was fitted by a formula; X is a data frame, or a dict of
        arrays, then. ``dataclasses.replace(model, recipe=None)`` takes the columns of the design instead.
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
    offset: bool = False
    fit_intercept: bool = True
    fingerprint: str = ""
    provenance: Provenance | None = field(default=None, compare=False)
    statistics: Statistics | None = None
    recipe: Recipe | None = None

    @property
    def intercept(self) -> np.ndarray:
        """(M,) logits at x = 0."""
        return np.asarray(self.base - self.coef @ self.center)

    @property
    def loss(self) -> Loss:
        """The loss whose probabilities these are."""
        return Binary() if len(self.classes) == 2 else Softmax(len(self.classes))

    def logits(self, X: Any, offset: Any = None) -> Array:
        """(n, M) in float64: X is an array, tensor, sparse matrix or data frame of n rows and the model's p columns.

        Parameters
        ----------
        X : (n, p)
            A tensor gives a tensor, on its device.
        offset : (n,) or (n, M), optional
            Added to the logits; needed where the model was fitted with one.

        Raises
        ------
        InputError
            Naming the row or column that cannot be used.
        """
        return self._each(_themselves, X, offset, "float64")

    def designed(self, X: Any) -> tuple[Model, Any]:
        """The model of the columns of its design, and these columns for X, where a formula makes them; else itself and X."""
        return (self, X) if self.recipe is None else (replace(self, recipe=None), self.recipe.design(X))

    def _each(self, made: Callable[[Array], Array], X: Any, offset: Any, dtype: str = "auto") -> Array:
        """What is made of the logits (n, M) of the rows; of many dense rows block by block, while they are in the caches.

        Many rows of float32 are multiplied in float32, unless ``dtype`` is float64; all others, and logits, are in float64.
        """
        if self.recipe is not None:
            X = self.recipe.design(X)
        few = self._few(X, offset)
        if few is not None:
            return made(few)
        tensor = is_tensor(X)
        X, names = (X, None) if tensor else matrix(X)
        if X.ndim != 2 or X.shape[1] != self.coef.shape[1]:
            what = f"{X.shape[1]} columns" if X.ndim == 2 else f"shape {tuple(X.shape)}"
            raise InputError(f"X has {what}, but the model was fitted on {self.coef.shape[1]} columns")
        check_names(names, self.features, "X")
        shift = None if offset is None and not self.offset else self._shift(offset, X.shape[0])
        if not tensor and not is_sparse(X) and self._affine.worth_dividing(X):
            return self._side_by_side(made, X, shift, dtype)
        if tensor:
            if not is_finite(X):
                check_numbers(to_numpy(X), self.features)
            X = X.double()
            eta = (X - like_values(self.center, X)) @ like_values(self.coef.T, X) + like_values(self.base, X)
        else:
            check_numbers(X, self.features)
            eta = np.asarray(X @ self.coef.T + self.intercept) if is_sparse(X) else self._affine.of_few(X)
        return made(eta if shift is None else eta + like_values(shift, X))

    def _few(self, X: Any, offset: Any) -> np.ndarray | None:
        """(n, M) logits of few rows in a plain array of finite floats, in a microsecond; None where anything is unusual.

        What is unusual is left to those who find words for it.
        """
        if type(X) is not np.ndarray or X.ndim != 2 or X.shape[1] != len(self.center) or X.dtype.char not in "fd":
            return None
        if offset is not None or self.offset or (len(X) != 1 and self._affine.worth_dividing(X)):
            return None
        eta, sound = compiled_logits(X, self.coef, self.base, self.center)
        if sound is None and len(X) == 1 and b"\0" not in np.isfinite(X).tobytes():  # all() takes twice as long as the product
            alone: np.ndarray = self.coef.dot(X[0] - self.center) + self.base  # the operations, and so the bits, of few rows
            return alone[None]
        return eta if sound else None

    def _side_by_side(self, made: Callable[[Array], Array], X: np.ndarray, shift: np.ndarray | None, dtype: str) -> np.ndarray:
        """Of a large array: a number that is not finite shows in its logits."""
        if not self.coef.any(axis=0).all():  # but not where nothing is multiplied by it
            check_numbers(X, self.features)
        single = X.dtype == np.float32 and dtype != "float64" and shift is None and self._affine.fits_single
        found, sound = self._affine.of_blocks(made, X, shift, "float32" if single else "float64")
        if not sound:
            check_numbers(X, self.features)
            if single:  # a sum overflowed that does not in float64
                found, _ = self._affine.of_blocks(made, X, shift)
        return found

    @property
    def _affine(self) -> Affine:
        return Affine(self.coef, self.base, self.center)

    def decision_function(self, X: Any, offset: Any = None, dtype: str = "auto") -> Any:
        """(n,) log-odds of the second class for two classes, else (n, K) logits."""
        logits = self._each(lambda eta: returned(eta, X, dtype), X, offset, dtype)
        return logits[:, 0] if len(self.classes) == 2 else logits

    def predict_proba(self, X: Any, offset: Any = None, dtype: str = "auto") -> Any:
        """(n, K) probabilities of the classes, in the order of ``classes``."""
        return self._each(lambda eta: returned(self._probabilities(eta), X, dtype), X, offset, dtype)

    def _probabilities(self, eta: Array) -> Array:
        """(n, K)."""
        short = None if is_tensor(eta) else short_probabilities(eta)
        if short is not None:
            return short
        if len(self.coef) == 1:
            return self.loss.probabilities(eta)
        xp = namespace(eta)
        e = xp.exp(eta - xp.amax(eta, axis=1)[:, None])  # the loss knows more digits, but the product with X lost those
        found: Array = e / e.sum(axis=1)[:, None]
        return found

    def predict_log_proba(self, X: Any, offset: Any = None, dtype: str = "auto") -> Any:
        """(n, K) logarithms of the probabilities, finite wherever the logits are."""
        loss = self.loss
        found = self._each(lambda eta: returned(loss.log_probabilities(eta), X, dtype), X, offset, dtype)
        return found if "64" in str(found.dtype) else found * (found < -HALF_ULP)  # a probability that rounds to 1 has logarithm 0

    def predict(self, X: Any, offset: Any = None) -> Any:
        """(n,) the likeliest label of each row; a tensor where X is one and labels are numbers."""
        loss = self.loss
        chosen = self._each(lambda eta: loss.class_logits(eta).argmax(axis=1), X, offset)
        labels = self.classes[to_numpy(chosen)]
        return like_labels(labels, X) if is_tensor(X) and labels.dtype.kind in "biuf" else labels

    def _shift(self, offset: Any, n: int) -> np.ndarray:
        """(n, M)."""
        if offset is None:
            raise InputError("the model was fitted with an offset, so its predictions need one; pass offset, zeros for none")
        found = real(offset, "offset", n)
        M = self.coef.shape[0]
        if found.ndim == 1:
            found = found[:, None]
        if found.shape[1] != M:
            raise InputError(f"offset has {found.shape[1]} columns, but a row has {M} logits; pass one column for each")
        return found

    def metrics(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Metrics:
        """How good the predictions of X are: X (n, p), true labels y (n,), weights (n,) >= 0, one a row where none are given."""
        from .outputs.metrics import metrics

        logits = to_numpy(self.logits(X, offset))
        p, log_p = self.loss.probabilities(logits), self.loss.log_probabilities(logits)
        return metrics(y, p, self.classes, sample_weight, log_probabilities=log_p)

    def augment(self, X: Any, y: Any, **rows: Any) -> Any:
        """X beside what the model says of each row, see :func:`logistic.inference.influence`, as a data frame of the kind of X.

        The added columns begin with a dot. ``rows`` may hold ``sample_weight``, ``freq_weights`` and ``offset`` of the fit.
        """
        from .inference.diagnostics import influence

        found: dict[str, Any] = {f".{name}": column for name, column in influence(self, X, y, **rows).table.items()}
        return beside(X, found, self.features)

    def summary(self, level: float = 0.95, reference: Any = None, symmetric: bool = False) -> Summary:
        """Objective, certificate and coefficients, as a table that prints; see :class:`logistic.outputs.summary.Summary`."""
        from .outputs.summary import Summary

        return Summary(self, level, reference, symmetric)

    def tidy(self, level: float = 0.95, reference: Any = None, symmetric: bool = False, kind: str | None = None) -> Any:
        """A data frame with a row a coefficient; see :func:`logistic.inference.table.coefficients`. ``kind`` is its package."""
        from .inference.table import coefficients

        return frame(coefficients(self, level, reference, symmetric), kind)

    def glance(self, kind: str | None = None) -> Any:
        """A data frame with one row for the whole fit; see :func:`logistic.inference.table.glance`. ``kind`` is its package."""
        from .inference.table import glance

        return frame(glance(self), kind)

    def test(self, hypotheses: Any, values: Any = None, *, reference: Any = None) -> ChiSquareTest:
        """Wald test of ``"age = educ, smoke = 0"``, of names that are zero together, or of a matrix times coefficients."""
        from .inference.wald import wald

        return wald(self, hypotheses, values, reference)

    def likelihood_ratio_test(self, X: Any, y: Any, hypotheses: Any, **rows: Any) -> ChiSquareTest:
        """Test hypotheses by fitting X, y anew under them: see :func:`logistic.refit.likelihood_ratio_test`."""
        from .refit import likelihood_ratio_test

        return likelihood_ratio_test(self, X, y, hypotheses, **rows)

    def score_test(self, X: Any, y: Any, hypotheses: Any = None, *, added: Any = None, **rows: Any) -> ChiSquareTest:
        """Rao's test of hypotheses, or that no column of ``added`` is missing: see :func:`logistic.refit.score_test`."""
        from .refit import score_test

        return score_test(self, X, y, hypotheses, added, **rows)

    def confint(self, X: Any, y: Any, level: float = 0.95, columns: Any = None, **rows: Any) -> Intervals:
        """Profile-likelihood intervals of the coefficients: see :func:`logistic.profile.confint`."""
        from .profile import confint

        return confint(self, X, y, level, columns, **rows)

    def report(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        offset: Any = None,
        *,
        freq_weights: Any = None,
        rows: Any = None,
        title: str | None = None,
    ) -> Report:
        """One page of what was fitted, how good it is on rows X (n, p) with labels y (n,), and where it errs.

        In a notebook it shows itself; ``.save("report.html")`` writes a file that needs no network, ``.to_dict()`` has all of it as
        plain data: see :class:`logistic.outputs.report.Report`. It needs Matplotlib and Jinja: ``pip install "logistic[report]"``.

        Parameters
        ----------
        X, y, sample_weight, offset
            As for :meth:`metrics`; a row stands for ``freq_weights`` (n,) observations.
        rows : sequence of int, optional
            Rows of X, from 0 on, whose probabilities are explained; by default the worst mistake and a typical row.
        title : str, optional
        """
        from .outputs.report import Report, evidence

        return Report(evidence(self, X, y, sample_weight, offset, freq_weights), rows, title)

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file; an existing file is replaced only by a complete one."""
        from .store import save

        save(self, path)

    def __repr__(self) -> str:
        """What was fitted: classes, columns, penalty, strength, units, and how it ended."""
        shape = f"{len(self.classes)} classes on {self.coef.shape[1]} columns"
        return f"<Model of {shape}; {self.penalty}; {self.certificate.status.word}>"

    def __eq__(self, other: object) -> bool:
        """The same numbers, labels and history, wherever the rows came from."""
        if not isinstance(other, Model):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self) if f.compare)

    __hash__ = None  # type: ignore[assignment]


def _themselves(eta: Array) -> Array:
    return eta


def written(model: Model | None, coef: np.ndarray, intercept: np.ndarray, classes: np.ndarray) -> Model:
    """``model``, if these are its coefficients to their own precision; else an uncertified model of these numbers.

    Raises
    ------
    InputError
        If the shapes do not go together.
    """
    if model is not None and coef.shape == model.coef.shape and intercept.shape == model.base.shape:
        dtype = coef.dtype
        if np.array_equal(coef, model.coef.astype(dtype)) and np.array_equal(intercept, model.intercept.astype(dtype)):
            return model
    M = 1 if len(classes) == 2 else len(classes)
    if coef.ndim != 2 or len(coef) != M or intercept.shape != (M,):
        raise InputError(f"coef_ has shape {coef.shape} and intercept_ {intercept.shape}; for these classes: ({M}, p) and ({M},)")
    unknown = Certificate(math.nan, math.inf, "none", math.nan)
    return Model(
        classes=classes,
        features=None if model is None else model.features,
        coef=np.asarray(coef, dtype=np.float64),
        base=np.asarray(intercept, dtype=np.float64),
        center=np.zeros(coef.shape[1]),
        penalty=Strength(0.0, math.inf, False) if model is None else model.penalty,
        certificate=unknown,
        n_iter=0,
        solver="written by hand",
        rows=0,
        total=0.0,
        offset=model is not None and model.offset,
        fit_intercept=model is None or model.fit_intercept or bool(intercept.any()),
        recipe=None if model is None else model.recipe,
    )


def _same(a: Any, b: Any) -> bool:
    for kind in (Certificate, Limit, Statistics):
        if isinstance(a, kind) and isinstance(b, kind):
            return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(kind))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype.kind == b.dtype.kind and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b or (a != a and b != b))  # two numbers that nobody knows are the same
