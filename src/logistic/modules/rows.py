"""Rows as a module takes them: checked once, kept as and where they came, cast and moved a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import is_finite, is_tensor, to_device, to_numpy
from ..designs import is_sparse
from ..encoding import Encoding, refuse_unknown
from ..errors import InputError
from ..sources import ArraySource, check_numbers, matrix
from ..validation import check_target

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ModuleRows:
    """Encoded rows. Features stay as and where they are; only the rows of one step are cast and moved to the module.

    Attributes
    ----------
    X : (n, ...) array or tensor
    y : (n,) int64 tensor of class codes, or (n, K) float64 tensor of distributions over the classes
    weight : (n,) float64 tensor
        Summing to one.
    """

    X: Any
    y: torch.Tensor
    weight: torch.Tensor


def reference(module: torch.nn.Module) -> torch.Tensor:
    """A parameter in whose dtype and on whose device the module takes its rows: the first that is trained, or the first."""
    parameters = list(module.parameters())
    if not parameters:
        raise InputError("module has no parameters; give it some to train")
    return next((parameter for parameter in parameters if parameter.requires_grad), parameters[0])


def cast(rows: Any, reference: Any) -> torch.Tensor:
    """A copy of some rows in the dtype and on the device of another tensor: a module may change its input in place."""
    import torch

    if isinstance(rows, np.ndarray):  # torch takes native numbers only
        native = rows.dtype if rows.dtype in (np.float32, np.float64) else np.dtype(np.float64)
        return torch.from_numpy(np.array(rows, dtype=native, order="C")).to(reference.device, reference.dtype)
    found: torch.Tensor = rows.detach().to(reference.device, reference.dtype, copy=True)
    return found


def numbers(X: Any) -> Any:
    """X as an array or tensor (n, ...) of finite numbers."""
    if is_tensor(X):
        if X.ndim < 2 or X.is_complex() or X.is_sparse:
            raise InputError(
                f"X must be a dense tensor of real rows (n, ...), but is {X.dtype}, {X.layout} of shape {tuple(X.shape)}"
            )
        if X.is_floating_point() and not is_finite(X):
            check_numbers(to_numpy(X.double()).reshape(len(X), -1), None)
        return X
    if isinstance(X, np.ndarray) and X.ndim > 2 and X.dtype.kind in "fiub":
        check_numbers(X.reshape(len(X), -1), None)
        return X
    found, names = matrix(X)
    if is_sparse(found):
        raise InputError("X is sparse, and a module takes dense rows; pass X.toarray()")
    check_numbers(found, names)
    return found


def targets(n: int, y: Any, weight: Any) -> ArraySource:
    """Labels and weights of n rows, checked; the features stay outside."""
    check_target("ModuleClassifier", y)
    return ArraySource(np.empty((n, 0)), y, weight)


def encoded(X: Any, table: ArraySource, encoding: Encoding, module: torch.nn.Module) -> ModuleRows:
    """The rows that count: those whose weight is above zero."""
    (raw,) = table.blocks(len(X))
    block = encoding.block(raw, np.empty(0), False)
    if len(block.y) < len(X):
        X = X[np.flatnonzero(raw.weight > 0)]
    device, y, weight = str(reference(module).device), np.array(block.y), np.array(block.weight)
    moved: Any = [to_device(values, device) for values in (y, weight / weight.sum())]
    return ModuleRows(X, *moved)


def validation(data: Any, shape: tuple[int, ...], encoding: Encoding, module: torch.nn.Module) -> ModuleRows:
    """The rows of ``validation_data``, each of the given shape."""
    if not isinstance(data, tuple | list) or not 2 <= len(data) <= 3:
        raise InputError("validation_data must be a tuple (X, y), optionally with sample_weight behind")
    if data[1] is None:
        raise InputError("validation_data has no labels; pass validation_data=(X, y)")
    try:
        rows = numbers(data[0])
        table = targets(len(rows), data[1], data[2] if len(data) == 3 else None)
    except InputError as error:
        raise InputError(f"validation_data: {error}") from None
    if rows.shape[1:] != shape:
        raise InputError(f"X of validation_data has rows of shape {tuple(rows.shape[1:])}, but X has rows of {tuple(shape)}")
    assert table.y is not None
    refuse_unknown(encoding.classes, table.y, "y of validation_data")
    if table.weight is not None and not table.weight.any():
        raise InputError("no row of validation_data has a positive weight")
    return encoded(rows, table, encoding, module)
