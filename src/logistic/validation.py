"""What scikit-learn asks of any estimator about its rows: names, counts, and words that its users know."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import validate_data

from .errors import InputError
from .sources import ArraySource, check_names

PRIVATE = ("_stream", "_plane", "_frame")  # fitted too


def read(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, *, labels: bool = True, reset: bool = True
) -> ArraySource:
    """The rows that an estimator is fitted to; sets ``n_features_in_`` and ``feature_names_in_``, or holds X to them.

    Parameters
    ----------
    estimator : object
    X, y, sample_weight, offset
        As for ``fit``.
    labels : bool, default=True
        Whether y holds labels; otherwise it is left to the caller.
    reset : bool, default=True
        Whether X may have other columns than before.

    Raises
    ------
    InputError
        Naming the argument, row or column that cannot be used.
    """
    check_target(type(estimator).__name__, y)
    source = ArraySource(X, y if labels else None, sample_weight, offset)
    if source.shape[1] == 0:
        raise InputError(f"X has 0 feature(s) (shape={source.shape}) while a minimum of 1 is required.")
    if reset and isinstance(X, np.ndarray):  # what scikit-learn does to one, without its search for names
        estimator.n_features_in_ = source.shape[1]
        vars(estimator).pop("feature_names_in_", None)
        return source
    foreign = _foreign(X)
    if foreign and not reset and hasattr(estimator, "feature_names_in_"):
        check_names(source.features, estimator.feature_names_in_, "X")
        return source
    validate_data(estimator, source.X if foreign or not hasattr(X, "shape") else X, skip_check_array=True, reset=reset)
    if foreign and reset:
        estimator.feature_names_in_ = np.asarray(source.features, dtype=object)
    return source


def check_target(name: str, y: Any) -> None:
    """Refuse a missing y; warn of a column, as scikit-learn does, where a user of the estimator ``name`` called ``fit``."""
    if y is None:
        raise InputError(f"{name} requires y to be passed, but the target y is None")
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
        text = "A column-vector y was passed when a 1d array was expected; pass y.ravel()"
        warnings.warn(text, DataConversionWarning, stacklevel=5)  # past the reader, fit and scikit-learn's decorator


@contextmanager
def unharmed(estimator: Any) -> Iterator[None]:
    """What was fitted before stays as it was, if what is done inside fails."""

    def fitted() -> dict[str, Any]:
        return {name: value for name, value in vars(estimator).items() if name.endswith("_") or name in PRIVATE}

    before = fitted()
    try:
        yield
    except BaseException:
        for name in fitted():
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def hold_to_columns(estimator: Any, X: Any) -> None:
    """Refuse rows of other names or another number of columns than the fit had; what else is wrong, the model says."""
    if len(getattr(X, "shape", ())) == 2 and not _foreign(X):
        validate_data(estimator, X, skip_check_array=True, reset=False)


def _foreign(X: Any) -> bool:
    """Whether X is a data frame, but not one of pandas: not every version of scikit-learn can read its names."""
    return (hasattr(X, "columns") or hasattr(X, "column_names")) and not hasattr(X, "iloc")
