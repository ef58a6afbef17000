"""Compiled kernels, where the package was built with a C compiler. Each has a twin in NumPy, which is used without one.

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
    if eta.dtype != np.float64 or y.dtype not in CODES or not (eta.flags.c_contiguous and y.flags.c_contiguous):
        return None
    losses, residuals = np.empty(len(y)), np.empty(eta.shape)
    compiled.binary_loss(eta, y, losses, residuals)
    return losses, residuals
