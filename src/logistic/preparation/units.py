"""Coefficients of scaled columns, in the units of the data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import to_numpy
from ..errors import InputError
from ..pair import Pair, exact, product, quotient, rounded


def data_units(coef: Any, intercept: Any, scaler: Any) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of scaled columns z = (x - center) / scale, in the units of the columns x. The logits stay the same.

    For row k of ``coef``: W_kj / scale_j, and b_k - sum over j of W_kj center_j / scale_j. Each is the float64 nearest to it;
    the sum is that of the coefficients as rounded, so that their rounding does least harm where the data lie.

    Parameters
    ----------
    coef : (M, p) array
    intercept : (M,) array
    scaler : StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler of scikit-learn, fitted; or a pair (center, scale)
        The arrays of a pair are (p,) each.

    Returns
    -------
    coef : (M, p) array
    intercept : (M,) array

    Raises
    ------
    InputError
        If the scaler is not fitted or none of these, shapes do not agree, or a scale is 0.
    """
    W, b = _numbers(coef, "coef"), _numbers(intercept, "intercept")
    if W.ndim != 2 or b.shape != W.shape[:1]:
        raise InputError(f"coef has shape {W.shape} and intercept {b.shape}; pass (M, p) and (M,)")
    if isinstance(scaler, tuple | list):
        if len(scaler) != 2:
            raise InputError(f"scaler holds {len(scaler)} arrays; pass two, (center, scale)")
        center, scale = (_exact(values, name) for values, name in zip(scaler, ("center", "scale"), strict=True))
    else:
        center, scale = _learned(scaler)
    _check(center, scale, W.shape[1])
    with np.errstate(all="ignore"):  # what overflows is refused below
        W = np.asarray(rounded(quotient(exact(W), scale)))
        moved = product(exact(W), center)
    terms = np.column_stack([b, -np.asarray(moved.value), -np.asarray(moved.lost)])
    if not (np.isfinite(W).all() and np.isfinite(terms).all()):
        raise InputError("coef or intercept is beyond float64 in the units of the data; scale the columns into a usual range first")
    return W, np.array([math.fsum(row) for row in terms.tolist()])


def _check(center: Pair, scale: Pair, p: int) -> None:
    """Refuse what is no shift and scale of p columns."""
    found = {"center": np.asarray(center.value), "scale": np.asarray(scale.value)}
    for name, values in found.items():
        if values.shape != (p,):
            raise InputError(f"the {name} of scaler has shape {values.shape}, but coef has {p} columns; pass one number for each")
    bad = np.flatnonzero(found["scale"] == 0)
    if len(bad):
        raise InputError(f"the scale of scaler is 0 for column {bad[0]}; give a constant column the scale 1")


def _learned(scaler: Any) -> tuple[Pair, Pair]:
    """Center and scale, (p,) each, that a scaler of scikit-learn has learned."""
    from sklearn import preprocessing as known
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    kinds = (known.StandardScaler, known.MinMaxScaler, known.MaxAbsScaler, known.RobustScaler)
    if not isinstance(scaler, kinds) or getattr(scaler, "clip", False):
        raise InputError(
            f"scaler is {scaler!r:.60}, which does not shift and scale all values of a column alike; "
            "pass a StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler without clip, or a pair (center, scale)"
        )
    try:
        check_is_fitted(scaler)
    except NotFittedError:
        raise InputError(f"scaler {scaler!r:.60} is not fitted; call its fit on the training rows first") from None
    p = scaler.n_features_in_
    if isinstance(scaler, known.MinMaxScaler):  # z = x * scale_ + min_
        scale = quotient(exact(np.ones(p)), _exact(scaler.scale_, "scale"))
        return product(_exact(-scaler.min_, "center"), scale), scale
    if isinstance(scaler, known.StandardScaler):
        center = scaler.mean_ if scaler.with_mean else None  # it may know a mean that it does not subtract
    else:
        center = getattr(scaler, "center_", None)
    return (
        _exact(np.zeros(p) if center is None else center, "center"),
        _exact(np.ones(p) if scaler.scale_ is None else scaler.scale_, "scale"),
    )


def _exact(values: Any, name: str) -> Pair:
    return exact(_numbers(values, f"the {name} of scaler"))


def _numbers(values: Any, name: str) -> np.ndarray:
    """The values as finite float64."""
    try:
        found = np.asarray(to_numpy(values), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {values!r:.60}, which is no array of numbers") from None
    if not np.isfinite(found).all():
        raise InputError(f"{name} holds {found[~np.isfinite(found)][0]}; pass finite numbers")
    return found
