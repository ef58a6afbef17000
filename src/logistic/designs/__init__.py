"""Designs: how X multiplies.

``Dense`` and ``Sparse`` hold numbers; ``Divided``, ``Scaled`` and ``Intercept`` wrap any design, ``Shifted`` a dense one.
:func:`stored` takes them apart again.
"""

from __future__ import annotations

from ..contracts import Design
from .dense import Dense
from .divided import Divided
from .intercept import Intercept
from .scaled import NEAR, Scaled
from .shifted import Shifted
from .sparse import Sparse, column_range, is_sparse
from .stored import Stored, stored

REGISTRY: dict[str, type[Design]] = {
    "dense": Dense,
    "sparse": Sparse,
    "divided": Divided,
    "scaled": Scaled,
    "shifted": Shifted,
    "intercept": Intercept,
}

__all__ = [
    "NEAR",
    "REGISTRY",
    "Dense",
    "Divided",
    "Intercept",
    "Scaled",
    "Shifted",
    "Sparse",
    "Stored",
    "column_range",
    "is_sparse",
    "stored",
]
