"""The fitted linear regression: plain data that predicts with NumPy alone; and how not to classify with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .backend import is_tensor, like_values, returned
from .designs import is_sparse
from .errors import InputError
from .outcome import Certificate, Record
from .provenance import Provenance
from .sources import check_names, check_numbers, matrix, real

if TYPE_CHECKING:
    from .outputs.regression import Errors, PlaneSummary


class Plane(NamedTuple):
    """A fitted linear regression: predictions are (x - center) @ coef + base.

    Attributes
    ----------
    coef : (p,) array
        In the units of the data.
    base : float
        The prediction at ``center``.
    center : (p,) array
        Where the columns were centred. Predictions are formed around it, so that a large shift of a column costs no digits.
    n_iter : int
        Points after the first; 1 for the exact solution.
    solver : str
        The solver and why it was chosen.
    features : tuple of str or None
        Column names, where the data had them.
    certificate : Certificate or None
        Of the mean squared error, in its own units; None for the exact solution.
    trace : tuple of Record
        Empty for the exact solution.
    rows : int
        Rows of the data.
    provenance : Provenance or None
        Where the rows came from; the command line knows.
    """

    coef: np.ndarray
    base: float
    center: np.ndarray
    n_iter: int
    solver: str
    features: tuple[str, ...] | None = None
    certificate: Certificate | None = None
    trace: tuple[Record, ...] = ()
    rows: int = 0
    provenance: Provenance | None = None

    @property
    def intercept(self) -> float:
        """The prediction at x = 0."""
        return float(self.base - self.coef @ self.center)

    def predict(self, X: Any) -> Any:
        """(n,) predictions of X (n, p), any table of numbers; float32 for float32, and a tensor for a tensor.

        Raises
        ------
        InputError
            Naming the row or column that cannot be used.
        """
        rows, names = matrix(X)
        if rows.shape[1] != len(self.coef):
            raise InputError(f"X has {rows.shape[1]} columns, but the plane was fitted on {len(self.coef)}; pass the same columns")
        check_names(names, self.features, "X", "plane")
        check_numbers(rows, names)
        values = rows @ self.coef + self.intercept if is_sparse(rows) else (rows - self.center) @ self.coef + self.base
        return returned(like_values(values, X) if is_tensor(X) else values, X)

    def metrics(self, X: Any, y: Any, sample_weight: Any = None) -> Errors:
        """How far the predictions of X (n, p) are from the true numbers y (n,); weights (n,) >= 0, ones by default."""
        from .outputs.regression import errors

        weight = None if sample_weight is None else targets(sample_weight, len(y), "sample_weight")
        return errors(self.predict(X), targets(y, len(y)), weight)

    def summary(self) -> PlaneSummary:
        """Objective and coefficients, as a table that prints."""
        from .outputs.regression import PlaneSummary

        return PlaneSummary(self)

    def save(self, path: str | Path) -> None:
        """Write the plane to one safetensors file; an existing file is replaced only by a complete one."""
        from .store import save_plane

        save_plane(self, path)


def targets(y: Any, n: int, name: str = "y") -> np.ndarray:
    """Real targets, or other numbers of that ``name``, as (n,) float64.

    Raises
    ------
    InputError
        Naming the row that holds no finite number, or the shape where there is more than one target a row.
    """
    found = real(y, name, n)
    if found.ndim != 1:
        raise InputError(f"{name} must hold one number a row, but has shape {found.shape}; fit one model for each of its columns")
    return found


def rounded(values: Any, classes: Any) -> np.ndarray:
    """The class number nearest to each real prediction: the wrong way to classify.

    It takes class numbers for amounts: the order of the classes, and equal distances between them, are made up. A prediction
    beyond the ends belongs to the last class on that side, and one halfway between two classes to the lower one. It is here to be
    compared with :class:`logistic.LogisticRegression`.

    Parameters
    ----------
    values : (n,)
        Real predictions.
    classes : (K,)
        Numeric labels, in any order.

    Returns
    -------
    (n,) array
        Of the type of ``classes``.

    Raises
    ------
    InputError
        If a value or a class is no finite number.
    """
    predictions = targets(values, len(values), "values")
    labels = np.unique(np.asarray(classes))
    if labels.size == 0 or labels.dtype.kind not in "fiub" or not np.isfinite(labels).all():
        raise InputError(
            f"classes must be finite numbers, at least one, but are {labels.tolist()!r:.100}; text has no nearest class"
        )
    numbers = labels.astype(np.float64)
    halfway = numbers[:-1] / 2 + numbers[1:] / 2
    nearest: np.ndarray = labels[np.searchsorted(halfway, predictions, side="left")]
    return nearest
