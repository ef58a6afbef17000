"""Designs: how X multiplies. ``Dense`` and ``Sparse`` hold numbers; ``Scaled`` and ``Intercept`` wrap any design."""

from __future__ import annotations

from ..contracts import Design
from .dense import Dense
from .intercept import Intercept
from .scaled import Scaled
from .sparse import Sparse, is_sparse

REGISTRY: dict[str, type[Design]] = {"dense": Dense, "sparse": Sparse, "scaled": Scaled, "intercept": Intercept}

__all__ = ["REGISTRY", "Dense", "Intercept", "Scaled", "Sparse", "is_sparse"]
