"""How far two fitted models agree: their coefficients, their probabilities and their labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..backend import to_numpy
from ..errors import InputError
from .tally import class_labels, distributions
from .text import aligned, counted


class Difference(NamedTuple):
    """Absolute differences of two arrays: the largest, their mean, and the root of the mean of their squares."""

    largest: float
    mean: float
    rms: float


@dataclass(frozen=True)
class Agreement:
    """Two models compared. ``str()`` gives text for a terminal, :meth:`to_dict` plain data.

    Attributes
    ----------
    rows : int
        Rows on which they were compared.
    coef : Difference or None
        Of the coefficients, as far as probabilities depend on them: for two classes of the second against the first, for more of
        each class against the mean of all. None where the models do not both have finite coefficients of the same shape.
    intercept : Difference or None
        Of the intercepts, in the same way.
    probabilities : Difference
        Of the probabilities of all rows and classes.
    same_labels : float
        Share of the rows whose likeliest class is the same.
    """

    rows: int
    coef: Difference | None
    intercept: Difference | None
    probabilities: Difference
    same_labels: float

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text, as numbers that JSON can hold; null for what was not compared."""
        found: dict[str, Any] = {"rows": self.rows, "same_labels": self.same_labels}
        for name, difference in self._differences():
            found[name] = None if difference is None else difference._asdict()
        return found

    def to_json(self) -> str:
        """:meth:`to_dict` as strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def __str__(self) -> str:
        """The agreement as text."""
        cells = [["absolute difference", *Difference._fields]]
        for name, difference in self._differences():
            cells.append([f"  {name}", *(["-"] * 3 if difference is None else (f"{x:.3g}" for x in difference))])
        same = f"same label in {round(self.same_labels * self.rows):,} of {counted(self.rows, 'row')} ({self.same_labels:.6g})"
        missing = [name for name, difference in self._differences() if difference is None]
        why = (
            [f"{' and '.join(missing)} not compared: the models do not both have them, finite and in one shape"] if missing else []
        )
        return "\n".join([*aligned(cells), same, *why])

    def _differences(self) -> list[tuple[str, Difference | None]]:
        return [(name, getattr(self, name)) for name in ("coef", "intercept", "probabilities")]


def agreement(a: Any, b: Any, X: Any, *, offset: Any = None) -> Agreement:
    """Compare two fitted models on the rows of X.

    Parameters
    ----------
    a, b : models
        Anything with ``predict_proba`` and ``classes_`` or ``classes``: a :class:`~logistic.Model`, an estimator of this package
        or of scikit-learn, a pipeline. Their classes may come in another order. Coefficients are ``coef_`` or ``coef`` with one
        row a class, or one row in all for two classes; intercepts are ``intercept_`` or ``intercept``.
    X : (n, p) array-like
        Passed to both as it is.
    offset : array-like, optional
        Passed to both, where given; for models that were fitted with one.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        If one of them is no fitted classifier, their classes differ, or they do not give one distribution for each row.
    """
    labels, others = _classes(a, "a"), _classes(b, "b")
    order = _order(labels, others)
    given = {} if offset is None else {"offset": offset}
    p, q = (distributions(m.predict_proba(X, **given), f"{name}.predict_proba(X)", len(labels)) for m, name in ((a, "a"), (b, "b")))
    if len(p) != len(q):
        raise InputError(f"a gives probabilities of {counted(len(p), 'row')} of X, b of {len(q):,}; pass models of single rows")
    q = q[:, order]
    same = np.arange(len(labels))
    return Agreement(
        rows=len(p),
        coef=_difference(_contrasts(_coef(a), same), _contrasts(_coef(b), order)),
        intercept=_difference(_contrasts(_intercept(a), same), _contrasts(_intercept(b), order)),
        probabilities=Difference(*_sizes(p - q)),
        same_labels=float((p.argmax(axis=1) == q.argmax(axis=1)).mean()),
    )


def _classes(model: Any, name: str) -> np.ndarray:
    if not hasattr(model, "predict_proba"):
        raise InputError(f"{name} is a {type(model).__name__}, which has no predict_proba; pass a probabilistic classifier")
    classes = _either(model, "classes_", "classes")
    if classes is None:
        raise InputError(f"{name} is a {type(model).__name__} without classes_; fit it first")
    return class_labels(classes, f"{name}.classes_")


def _order(labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(K,) position among ``others`` of each of ``labels``."""
    positions = {label: k for k, label in enumerate(others.tolist())}
    known = labels.tolist()
    alone = [*(label for label in known if label not in positions), *(label for label in positions if label not in known)]
    if alone:
        raise InputError(f"only {'a' if alone[0] in known else 'b'} knows the class {alone[0]!r}; pass models of the same classes")
    return np.array([positions[label] for label in known])


def _either(model: Any, *names: str) -> Any:
    """The first of the attributes that the model has, else None."""
    return next((getattr(model, name) for name in names if hasattr(model, name)), None)


def _coef(model: Any) -> np.ndarray | None:
    """(1 or K, p), of a sparse or dense array or of a tensor."""
    coef = _either(model, "coef_", "coef")
    return None if coef is None else np.atleast_2d(to_numpy(coef.toarray() if hasattr(coef, "toarray") else coef))


def _intercept(model: Any) -> np.ndarray | None:
    """(1 or K, 1), of a model that has coefficients."""
    intercept = None if _coef(model) is None else _either(model, "intercept_", "intercept")
    return None if intercept is None else to_numpy(intercept).reshape(-1, 1)


def _contrasts(values: np.ndarray | None, order: np.ndarray) -> np.ndarray | None:
    """(1 or K, q) numbers with the classes in ``order``, without what is common to all classes: it changes no probability."""
    classes = len(order)
    if values is None or values.ndim != 2 or not np.isfinite(values).all():
        return None
    values = np.asarray(values, dtype=np.float64)
    if classes == 2 and len(values) == 1:
        return values if order[0] == 0 else -values
    if len(values) != classes:
        return None
    values = values[order]
    return values[1:] - values[:1] if classes == 2 else np.asarray(values - values.mean(axis=0))


def _difference(a: np.ndarray | None, b: np.ndarray | None) -> Difference | None:
    """None where there is nothing to compare."""
    return None if a is None or b is None or a.shape != b.shape or not a.size else Difference(*_sizes(a - b))


def _sizes(differences: np.ndarray) -> tuple[float, float, float]:
    """Largest, mean and root-mean-square absolute value; squares are taken of what is at most 1, so that none overflows."""
    size = abs(differences)
    largest = float(size.max())
    unit = largest or 1.0
    return largest, float((size / unit).mean() * unit), float(np.sqrt(((size / unit) ** 2).mean()) * unit)
