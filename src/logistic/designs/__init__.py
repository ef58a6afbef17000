"""Designs: how X multiplies. ``Dense`` and ``Sparse`` hold numbers; ``Divided``, ``Scaled`` and ``Intercept`` wrap any."""

from __future__ import annotations

from ..contracts import Design
from .dense import Dense
from .divided import Divided
from .intercept import Intercept
from .scaled import Scaled
from .sparse import Sparse, column_range, is_sparse

REGISTRY: dict[str, type[Design]] = {
    "dense": Dense,
    "sparse": Sparse,
    "divided": Divided,
    "scaled": Scaled,
    "intercept": Intercept,
}

__all__ = ["REGISTRY", "Dense", "Divided", "Intercept", "Scaled", "Sparse", "column_range", "is_sparse"]
