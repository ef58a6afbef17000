"""Any torch module from features to logits, in the same house: encoding, loop, history, callbacks, metrics and files.

Nothing is certified: a module need not be convex, so every certificate has the kind ``none: not convex``.
"""

from __future__ import annotations

from .classifier import ModuleClassifier
from .objective import ModuleObjective
from .rows import ModuleRows

__all__ = ["ModuleClassifier", "ModuleObjective", "ModuleRows"]
