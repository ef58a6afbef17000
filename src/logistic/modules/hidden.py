"""The neighbour of softmax regression: one hidden layer between the columns and the logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, ModelFileError
from ..sources import ArraySource
from ..strict import read_packed
from .classifier import ModuleClassifier
from .files import MOST_RANK, MOST_TENSORS

if TYPE_CHECKING:
    import torch

PARTS = {"0.weight", "0.bias", "2.weight", "2.bias"}


def hidden(columns: int, units: int, classes: int) -> torch.nn.Sequential:
    """``Linear(columns, units)``, ReLU, ``Linear(units, classes)`` in float64, with torch's own start values."""
    from torch import float64
    from torch.nn import Linear, ReLU, Sequential

    return Sequential(Linear(columns, units, dtype=float64), ReLU(), Linear(units, classes, dtype=float64))


def fit_hidden(
    source: ArraySource,
    units: int,
    classifier: Callable[[torch.nn.Module], ModuleClassifier],
    seed: int | None = None,
    validation: ArraySource | None = None,
    callback: Callable[[Any], object] | None = None,
) -> ModuleClassifier:
    """Train a network with one hidden layer, on standardised columns, to be used in the units of the data.

    The standardisation of the columns, learned from the rows of ``source``, is taken into the first layer at the end.

    Parameters
    ----------
    source : ArraySource
        Dense X (n, p), labels y (n,), and weights.
    units : int
        Width of the hidden layer.
    classifier : callable
        Makes the unfitted classifier of a module.
    seed : int, optional
        Of the start values.
    validation : ArraySource, optional
        Rows whose loss is watched.
    callback : callable, optional
        Called with a snapshot of every epoch.

    Raises
    ------
    InputError
        If the width is no positive number, or a row or column cannot be used.
    """
    import torch

    if units < 1:
        raise InputError(f"a hidden layer needs at least 1 unit, but is to have {units}")
    X = np.asarray(source.X, dtype=np.float64)
    center, deviation = X.mean(axis=0), X.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    with torch.random.fork_rng([]):
        if seed is not None:
            torch.manual_seed(seed)
        module = hidden(X.shape[1], units, len(np.unique(np.asarray(source.y))))
    others: tuple[Any, ...] | None = None
    if validation is not None:
        weight = () if validation.weight is None else (validation.weight,)
        others = ((np.asarray(validation.X) - center) / scale, validation.y, *weight)
    Z = (X - center) / scale
    found: ModuleClassifier = classifier(module).fit(Z, source.y, source.weight, validation_data=others, callback=callback)
    with torch.no_grad():
        parts = dict(found.module_.named_parameters())
        parts["0.weight"].div_(torch.tensor(scale))
        parts["0.bias"].sub_(parts["0.weight"] @ torch.tensor(center))
    if source.features is not None:
        found.feature_names_in_ = np.asarray(source.features, dtype=object)
    return found


def load_hidden(path: str | Path) -> ModuleClassifier:
    """The network that :func:`fit_hidden` made and ``save`` wrote.

    Raises
    ------
    ModelFileError
        If the file holds another module, or is damaged.
    """
    shapes = {name: shape for name, (_, shape) in read_packed(Path(path), "module", MOST_TENSORS, MOST_RANK).tensors.items()}
    first, last = shapes.get("0.weight", ()), shapes.get("2.weight", ())
    if set(shapes) != PARTS or len(first) != 2 or len(last) != 2 or 0 in (*first, *last):
        way = "ModuleClassifier.load(path, module) with an instance of its class"
        raise ModelFileError(f"{path} holds the numbers of a torch module, not its code; use {way}")
    return ModuleClassifier.load(path, hidden(first[1], first[0], last[0]))
