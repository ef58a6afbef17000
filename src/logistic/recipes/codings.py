"""Codings of categories: which column of numbers each level becomes, beside an intercept or in place of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, listed
from .transforms import TRANSFORMS

POWERS = {1: ".L", 2: ".Q", 3: ".C"}


def base_of(coding: str, base: Any, levels: tuple[Any, ...]) -> int | None:
    """The level that the others are compared with, where the coding has one.

    Raises
    ------
    InputError
        If the named one is none of the levels.
    """
    if coding not in ("treatment", "SAS"):
        return None
    if base is None:
        return 0 if coding == "treatment" else len(levels) - 1
    if base not in levels:
        raise InputError(f"the reference level {base!r:.60} is none of the levels {listed([repr(level) for level in levels])}")
    return levels.index(base)


def fields(coding: str, base: Any, levels: tuple[Any, ...], reduced: bool) -> tuple[str, ...]:
    """What tells the columns apart, as in ``C(race)[T.2]``; ``reduced`` beside an intercept."""
    if not reduced:
        return tuple(map(str, levels))
    reference = base_of(coding, base, levels)
    if reference is not None:
        return tuple(f"T.{level}" for k, level in enumerate(levels) if k != reference)
    if coding == "sum":
        return tuple(f"S.{level}" for level in levels[:-1])
    if coding == "poly":
        return tuple(POWERS.get(degree, f"^{degree}") for degree in range(1, len(levels)))
    return tuple(f"{coding[0].upper()}.{level}" for level in levels[1:])


def column(coding: str, base: Any, levels: tuple[Any, ...], reduced: bool, j: int) -> np.ndarray:
    """(L,) the numbers that the levels become in column ``j``."""
    count = len(levels)
    found = np.zeros(count)
    reference = base_of(coding, base, levels)
    if not reduced or reference is not None:
        found[j if not reduced or reference is None or j < reference else j + 1] = 1
    elif coding == "sum":
        found[j], found[-1] = 1, -1
    elif coding == "helmert":
        found[: j + 1], found[j + 1] = -1, j + 1
    elif coding == "diff":
        found[:] = (j + 1) / count
        found[: j + 1] -= 1
    else:
        places, options = np.arange(float(count)), {"degree": count - 1}
        poly = TRANSFORMS["poly"]
        found = poly.apply(places, options, poly.learn(places, options))[:, j]
    return found
