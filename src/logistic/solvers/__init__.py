"""Solvers: generators of points. ``REGISTRY`` lists them; :func:`choose` picks one by facts and says why.

``newton``, ``lbfgs`` and ``relay``, which is one after the other, reach the certified optimum in any units of the columns;
``gd``, ``sgd`` and ``adam`` with a learning rate are the textbook iterations on the columns as given.
"""

from __future__ import annotations

import math

from ..contracts import Objective, Solver
from ..errors import InputError, did_you_mean
from .adam import Adam
from .gd import GD
from .lbfgs import LBFGS
from .newton import Newton
from .proxnewton import ProxNewton
from .relay import Relay
from .settings import Settings
from .sgd import SGD

REGISTRY: dict[str, type[Settings]] = {solver.name: solver for solver in (Newton, LBFGS, Relay, ProxNewton, GD, SGD, Adam)}
FEW_PAIRS = 6  # do beside an early metric; each pair costs as much memory as two sets of coefficients
NEWTON_SIZE = 1000  # coefficients up to which an explicit Hessian pays on any number of rows

__all__ = ["GD", "LBFGS", "NEWTON_SIZE", "REGISTRY", "SGD", "Adam", "Newton", "ProxNewton", "Relay", "choose", "named"]


def named(solver: str | Solver) -> Solver | None:
    """The solver that a name or an object stands for, its settings checked; None for ``auto``.

    Raises
    ------
    InputError
        If there is no such solver, or it has impossible settings.
    """
    if isinstance(solver, Settings):
        solver.check()
    if isinstance(solver, Solver):
        return solver
    if solver == "auto":
        return None
    if not isinstance(solver, str) or solver not in REGISTRY:
        known = ["auto", *REGISTRY]
        hint = did_you_mean(solver, known) if isinstance(solver, str) else ", or an object such as solvers.SGD(lr=0.1)"
        raise InputError(f"solver={solver!r} is unknown; choose one of {', '.join(known)}{hint}")
    return REGISTRY[solver]()


def choose(solver: Solver | None, objective: Objective) -> tuple[Solver, str]:
    """The given solver, or the fastest one for this objective, and the reason in words.

    Raises
    ------
    InputError
        If the objective does not offer what the solver needs.
    """
    size = math.prod(objective.shape)
    if solver is None:
        if objective.l1 is not None:
            return ProxNewton(), f"proxnewton: the penalty has an L1 part; {size:,} coefficients, most of them zero"
        if "inexact" in objective.offers:
            return LBFGS(), "lbfgs: begun from the inverse of the information, which is not all of the Hessian here"
        memory = FEW_PAIRS if "early" in objective.offers else LBFGS.memory
        if "hessian" not in objective.offers or size > NEWTON_SIZE:
            return LBFGS(memory), f"lbfgs: {size:,} coefficients, too many for an explicit Hessian in every step"
        if "dual" in objective.offers:
            return Relay(memory), f"relay: {size} coefficients, lbfgs, and newton where that takes many steps"
        return Newton(), f"newton: {size} coefficients, a {size} x {size} Hessian is cheap"
    missing = solver.needs - objective.offers
    if objective.l1 is not None and missing:
        raise InputError(
            f"solver={solver.name!r} needs a gradient everywhere, and an L1 penalty has none at zero; "
            "use solver='proxnewton' or 'auto', or l1_ratio=0"
        )
    if "hessian" in missing:
        gigabytes = 8 * size**2 / 2**30
        raise InputError(
            f"solver={solver.name!r} needs a Hessian of {size:,} x {size:,} numbers ({gigabytes:.1f} GiB, more than the limit); "
            "use solver='lbfgs' or 'auto'"
        )
    if missing:
        raise InputError(f"solver={solver.name!r} needs {', '.join(sorted(missing))}, which this objective does not offer")
    return solver, f"{solver.name}: as asked"
