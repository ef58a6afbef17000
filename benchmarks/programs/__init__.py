"""The programs, ours first. Adding one: an adapter with a docstring that says what it minimises, and a place in a tuple."""

from __future__ import annotations

from . import glmnet, others, prediction, scikit_learn
from .base import Answer, Ladder, Program, RefusedError
from .ours import Ours, bounds

OURS = "logistic"
FLOOR = "floor: x @ W"  # no program, only a limit

FITTING: dict[str, Program] = {
    program.name: program for program in (Ours(), *scikit_learn.PROGRAMS, *others.PROGRAMS, glmnet.Glmnet())
}
PREDICTING: dict[str, Program] = {program.name: program for program in prediction.PROGRAMS}

__all__ = ["FITTING", "FLOOR", "OURS", "PREDICTING", "Answer", "Ladder", "Program", "RefusedError", "bounds"]
