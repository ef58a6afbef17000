"""Solvers: generators of points. ``REGISTRY`` lists them; :func:`choose` picks one by facts and says why."""

from __future__ import annotations

import math

from ..contracts import Objective, Solver
from ..errors import InputError, did_you_mean
from .lbfgs import LBFGS
from .newton import Newton

REGISTRY: dict[str, type[Solver]] = {solver.name: solver for solver in (Newton, LBFGS)}
NEWTON_SIZE = 1000  # coefficients up to which an explicit Hessian pays on any number of rows

__all__ = ["LBFGS", "NEWTON_SIZE", "REGISTRY", "Newton", "choose"]


def choose(name: str, objective: Objective) -> tuple[Solver, str]:
    """The solver called ``name`` and the reason for it, in words.

    Raises
    ------
    InputError
        If there is no such solver, or the objective does not offer what it needs.
    """
    size = math.prod(objective.shape)
    if name == "auto":
        if "hessian" in objective.offers and size <= NEWTON_SIZE:
            return Newton(), f"newton: {size} coefficients, a {size} x {size} Hessian is cheap"
        return LBFGS(), f"lbfgs: {size:,} coefficients, too many for an explicit Hessian in every step"
    if name not in REGISTRY:
        known = ["auto", *REGISTRY]
        raise InputError(f"solver={name!r} is unknown; choose one of {', '.join(known)}{did_you_mean(name, known)}")
    solver = REGISTRY[name]()
    missing = solver.needs - objective.offers
    if "hessian" in missing:
        gigabytes = 8 * size**2 / 2**30
        raise InputError(
            f"solver={name!r} needs a Hessian of {size:,} x {size:,} numbers ({gigabytes:.1f} GiB, more than the limit); "
            "use solver='lbfgs' or 'auto'"
        )
    if missing:
        raise InputError(f"solver={name!r} needs {', '.join(sorted(missing))}, which this objective does not offer; use 'auto'")
    return solver, f"{name}: as asked"
