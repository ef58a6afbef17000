"""Compiled kernels, where the package was built with a C compiler. Each has a twin in NumPy, which is used without one.

``LOGISTIC_COMPILED=0`` in the environment leaves them out.
"""

from __future__ import annotations

import os
from typing import Any

compiled: Any = None  # the module, or None where there is none
if os.environ.get("LOGISTIC_COMPILED") != "0":
    try:
        from . import _compiled as compiled  # type: ignore[attr-defined, no-redef]
    except ImportError:  # built without a compiler
        compiled = None
