"""What figures ask of models and rows, whoever made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...backend import is_tensor, to_numpy
from ...errors import InputError
from ...model import Model
from ...sources import frame, matrix, vector

MOST_POINTS = 5000  # drawn one by one


class Rows(NamedTuple):
    """X (n, p) as an array or CSR, names of its columns, and labels (n,) where there are any."""

    X: Any
    names: tuple[str, ...]
    y: np.ndarray | None


def read(X: Any, y: Any = None) -> Rows:
    """Rows as arrays; columns without names are x0, x1, ..."""
    found, names = matrix(to_numpy(X) if is_tensor(X) else X)
    labels = None if y is None else labels_of(y, found.shape[0])
    return Rows(found, names or tuple(f"x{j}" for j in range(found.shape[1])), labels)


def labels_of(y: Any, n: int | None = None, name: str = "y") -> np.ndarray:
    """(n,) labels as an array.

    Raises
    ------
    InputError
        If there are none, or not n of them.
    """
    length = n if n is not None else len(y) if hasattr(y, "__len__") else 0
    found = vector(y, name, length)
    if found.ndim != 1 or not len(found):
        raise InputError(f"{name} has shape {found.shape}; pass one label a row, at least one")
    if found.dtype.kind == "O":
        raise InputError(f"{name} holds labels of several types; make them all text or all numbers")
    return found


def either(model: Any, *names: str) -> Any:
    """The first of the attributes that the model has, else None."""
    return next((getattr(model, name) for name in names if hasattr(model, name)), None)


def plain_model(model: Any) -> Model:
    """The :class:`~logistic.Model` that a fitted estimator of ours stands for.

    Raises
    ------
    InputError
        If there is none behind it.
    """
    if isinstance(model, Model):
        return model
    found = model.summary().model if hasattr(model, "summary") and hasattr(model, "coef_") else None
    if not isinstance(found, Model):
        raise InputError(f"model is a {type(model).__name__}; pass a fitted LogisticRegression or a Model")
    return found


def probabilities(model: Any, X: Any) -> tuple[Any, np.ndarray, Any]:
    """(n, K) probabilities, (K,) classes, and the logarithms, or None where the model has none.

    Raises
    ------
    InputError
        If the model has no probabilities or no classes.
    """
    classes = either(model, "classes_", "classes")
    if not hasattr(model, "predict_proba") or classes is None:
        what = f"model is a {type(model).__name__} without predict_proba and classes_"
        raise InputError(f"{what}; pass a fitted probabilistic classifier, or use from_predictions")
    logs = model.predict_log_proba(X) if hasattr(model, "predict_log_proba") else None
    return model.predict_proba(X), np.asarray(classes), logs


def predictions(model: Any, X: Any) -> np.ndarray:
    """(n,) labels by ``model.predict``, or by the model itself where it is a function."""
    call = model.predict if hasattr(model, "predict") else model
    if not callable(call):
        raise InputError(f"model is a {type(model).__name__}; pass an object with predict, or a function from rows to labels")
    return np.asarray(labels_of(call(X), None, "predict(X)"))


def two_columns(values: np.ndarray, like: Any, names: Sequence[str]) -> Any:
    """Rows (n, 2) as the kind of thing that ``like`` is: a data frame of the same package, else an array."""
    package = type(like).__module__.split(".")[0]
    if package == "pandas":
        return type(like)(values, columns=like.columns)  # names that are no text stay what they are
    if package not in ("polars", "pyarrow"):
        return values
    return frame({name: values[:, j] for j, name in enumerate(names)}, package)


def sample(n: int, most: int = MOST_POINTS) -> np.ndarray:
    """At most so many row numbers, evenly spread over all rows."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.int64)


def said(n: int, most: int = MOST_POINTS) -> str:
    """How many rows are drawn."""
    return f"{n:,} rows" if n <= most else f"{most:,} of {n:,} rows drawn"


def classes_among(y: np.ndarray, model: Any = None) -> np.ndarray:
    """(K,) those of the model, else what occurs in y, sorted."""
    known = None if model is None else either(model, "classes_", "classes")
    return np.unique(y) if known is None else np.asarray(known)


def several(given: Any, name: str) -> dict[str, Any]:
    """Things by name: a mapping as it is, a single one under ``name``."""
    return {str(key): value for key, value in given.items()} if isinstance(given, Mapping) else {name: given}


def chosen(columns: Any, names: Sequence[str]) -> list[int]:
    """Positions of columns that are given by name or position.

    Raises
    ------
    InputError
        Naming a column that there is not.
    """
    found = []
    for column in columns:
        if isinstance(column, str) and column in names:
            found.append(list(names).index(column))
        elif isinstance(column, int | np.integer) and -len(names) <= column < len(names):
            found.append(int(column) % len(names))
        else:
            raise InputError(f"column {column!r:.60} is not in X, which has {len(names)} columns; give names or positions")
    return found


def of_column(X: Any, j: int) -> np.ndarray:
    """(n,) one column of an array or CSR as float64."""
    column = X[:, [j]]
    return np.asarray(column.toarray() if hasattr(column, "toarray") else column, dtype=np.float64)[:, 0]
