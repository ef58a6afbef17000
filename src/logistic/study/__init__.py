"""Many fits to the same rows: strengths of the penalty, and folds of a cross-validation.

``folds`` makes a fold a vector of weights, ``joint`` asks the rows for many fits in one pass, ``chord`` descends many fits at once,
``study`` fits a ``grid`` under L2 or no penalty, ``elastic`` one under a share of L1: wide ones by ``stretch``, some strengths on
few columns, with a Hessian that is ``kept``.
"""

from __future__ import annotations

from .elastic import ElasticStudy
from .folds import WHOLE, splits_of
from .grid import Grid, Rule
from .study import Outcome, Study, Watch

__all__ = ["WHOLE", "ElasticStudy", "Grid", "Outcome", "Rule", "Study", "Watch", "splits_of"]
