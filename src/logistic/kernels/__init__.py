"""Compiled kernels, where the package was built with a C compiler. Whoever calls one does the same in NumPy without it.

``LOGISTIC_COMPILED=0`` in the environment leaves them out.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

compiled: Any = None  # the module, or None where there is none
if os.environ.get("LOGISTIC_COMPILED") != "0":
    try:
        from . import _compiled as compiled  # type: ignore[attr-defined, no-redef]
    except ImportError:  # built without a compiler
        compiled = None

CODES = (np.int8, np.int64, np.float64)


def binary_loss(eta: Any, y: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Losses (n,) and residuals (n, 1) of two classes, of logits (n, 1) and codes (n,); None where there is no kernel for them."""
    if compiled is None or not (type(eta) is type(y) is np.ndarray) or y.ndim != 1 or eta.shape != (len(y), 1):
        return None
    if eta.dtype != np.float64 or y.dtype not in CODES or not (_readable(eta) and _readable(y)):
        return None
    losses, residuals = np.empty(len(y)), np.empty(eta.shape)
    compiled.binary_loss(eta, y, losses, residuals)
    return losses, residuals


def softmax_loss(z: Any, y: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Losses (n,) and residuals (K, n) of logits (K, n) and codes (n,); None for arrays that no kernel is made for."""
    if not _ready(z) or not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype.kind not in "iu":
        return None
    losses, residual = np.empty(z.shape[1]), np.empty(z.shape)
    compiled.softmax_loss(z, np.require(y, np.int64, ["C", "A"]), losses, residual, _space(z))
    return losses, residual


def softmax_probabilities(z: Any) -> np.ndarray | None:
    """(K, n) of logits (K, n); None for arrays that no kernel is made for."""
    if not _ready(z):
        return None
    found = np.empty(z.shape)
    compiled.softmax_probabilities(z, found, _space(z))
    return found


def steepness(gradient: Any, l1: Any, spread: Any, share: Any, level: float) -> float | None:
    """The largest (|g| + share spread + level) / l1 of a gradient (q, M), or |g| / l1 without a share; None for other arrays."""
    if not (_ready(gradient) and _ready(l1) and (share is None or (_ready(spread) and _ready(share)))):
        return None
    found: float = compiled.steepness(gradient, l1, spread, share, level)
    return found


def beyond(gradient: Any, l1: Any) -> float | None:
    """The largest |g| - l1 of a gradient (q, M), at least 0; None for other arrays."""
    found: float | None = compiled.beyond(gradient, l1) if _ready(gradient) and _ready(l1) else None
    return found


def _ready(z: Any) -> bool:
    return compiled is not None and isinstance(z, np.ndarray) and z.dtype == np.float64 and _readable(z)


def _readable(values: np.ndarray) -> bool:
    return values.flags.c_contiguous and values.flags.aligned


def _space(z: np.ndarray) -> np.ndarray:
    return np.empty(2 * compiled.BAND * len(z))
