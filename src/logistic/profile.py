"""Profile-likelihood intervals: the values of a coefficient that the rows do not speak against, all others fitted anew to each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InputError, did_you_mean, listed
from .inference.estimates import Estimates, estimates
from .inference.hypotheses import about
from .inference.table import check_level
from .inference.tails import chi2_quantile
from .model import Model
from .outputs.text import aligned, printable
from .refit import Likelihood, likelihood

Profile = Callable[[float], tuple[float, float]]
"""Of a value of the coefficient: how far the deviance is above its minimum, and its derivative."""

SETTLED = 1e-10  # relative change of an end, after which a Newton step more would move no digit that is shown
ROUNDS = 100
LEAP = 4.0  # times as far, at most, as the farthest value so far
TIE = 1e-6  # relative: two heights that are one
FAR = 1e6  # times the first reach, where a profile that has still not risen never will
FLAT = 1e-9  # of the level, by which such a profile rises over a leap at most


@dataclass(frozen=True, eq=False, repr=False)
class Intervals:
    """Profile-likelihood intervals of coefficients.

    Attributes
    ----------
    level : float
    names : (m,) tuple of str
    contrasts : (C,) tuple of tuple
        The class of each contrast, and the one that it is compared with.
    estimate, low, high : (C, m) arrays
        In the units of the data; the intercept at x = 0. An end is infinite where the likelihood never falls enough, both
        are where separation leaves open to which side the coefficient runs (its estimate is NaN then), and all three are NaN
        where aliased columns leave it open.
    penalised : bool
        Whether the likelihood has the Jeffreys penalty of a model whose bias was reduced.
    """

    level: float
    names: tuple[str, ...]
    contrasts: tuple[tuple[Any, Any], ...]
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    penalised: bool = False

    @property
    def table(self) -> dict[str, np.ndarray]:
        """A row for each coefficient, as columns: ``pandas.DataFrame(found.table)``."""
        C, m = self.estimate.shape
        numbers = {name: getattr(self, name).reshape(-1) for name in ("estimate", "low", "high")}
        classes = {"class": np.repeat(np.array([label for label, _ in self.contrasts]), m)} if C > 1 else {}
        return {**classes, "name": np.tile(np.array(self.names), C), **numbers}

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text."""
        return {"level": self.level, **{name: values.tolist() for name, values in self.table.items()}}

    def __str__(self) -> str:
        """The table as text."""
        kind = "Penalised profile-likelihood" if self.penalised else "Profile-likelihood"
        lines = [f"{kind} intervals, level {self.level:g}", ""]
        cells = [["", "estimate", "low", "high"]]
        for c, (label, _) in enumerate(self.contrasts):
            prefix = f"{label}: " if len(self.contrasts) > 1 else ""
            for j, name in enumerate(self.names):
                cells.append([f"{prefix}{name}", *(f"{v[c, j]:.6g}" for v in (self.estimate, self.low, self.high))])
        return "\n".join([*lines, *aligned(cells), "", f"against {printable(str(self.contrasts[0][1]))}"])

    __repr__ = __str__


def confint(
    model: Model,
    X: Any,
    y: Any,
    level: float = 0.95,
    columns: str | Sequence[str] | None = None,
    reference: Any = None,
    **rows: Any,
) -> Intervals:
    """Intervals by the profiled likelihood, for each coefficient of each contrast.

    An interval holds the values at which the deviance, minimised over all other coefficients, is above its minimum by less than
    the quantile of chi-square with one degree of freedom. It does not depend on how a coefficient is parametrised, and has a
    meaning where classes are separated: there one end is infinite, and the other is found. Of a fit with ``bias="firth"`` the
    penalised likelihood is profiled, with the determinant of all coefficients (Heinze and Schemper 2002), and both ends are finite.
    That likelihood may have several maxima where a coefficient is held; at the ends they are looked for from three places.

    Parameters
    ----------
    model : Model
    X, y
        The rows that it was fitted to.
    level : float, default=0.95
    columns : str or sequence of str, optional
        Names of coefficients, ``intercept`` among them; by default all.
    reference : label, optional
        The class that the others are compared with; by default the first.
    **rows
        ``sample_weight``, ``freq_weights`` and ``offset`` of the fit.

    Returns
    -------
    Intervals

    Raises
    ------
    InputError
        For a penalised or uncertified model, other rows, or unknown names.
    """
    check_level(level)
    found = estimates(model, reference)
    chosen = _chosen(found, columns)
    quantile = chi2_quantile(level, 1)
    C = len(found.contrasts)
    estimate, low, high = np.full((3, C, len(chosen)), math.nan)
    with likelihood(model, X, y, **rows) as whole:
        for c in range(C):
            for i, j in enumerate(chosen):
                estimate[c, i], low[c, i], high[c, i] = _interval(whole, found, c, j, quantile)
    names, penalised = tuple(found.names[j] for j in chosen), model.penalty.bias is not None
    return Intervals(float(level), names, found.contrasts, estimate, low, high, penalised)


def _chosen(estimates: Estimates, columns: str | Sequence[str] | None) -> list[int]:
    """Positions of the coefficients."""
    if columns is None:
        return list(range(len(estimates.names)))
    names = [columns] if isinstance(columns, str) else list(columns)
    for name in names:
        if name not in estimates.names:
            raise InputError(
                f"columns holds {name!r:.60}, which is no coefficient{did_you_mean(str(name), estimates.names)}; there are "
                f"{listed(estimates.names)}"
            )
    return [estimates.names.index(name) for name in names]


def _interval(whole: Likelihood, estimates: Estimates, c: int, j: int, quantile: float) -> tuple[float, float, float]:
    """Estimate and ends of one coefficient."""
    if whole.undetermined(estimates, about(estimates, c, j, 0.0)).any():
        return math.nan, math.nan, math.nan
    profile, start, reach = profiled(whole, estimates, c, j)
    reach *= quantile**0.5
    model, limit = whole.model, whole.model.certificate.limit
    if model.penalty.bias is not None:
        low, high = (_outermost(whole, estimates, (c, j), side * reach, quantile) for side in (-1, 1))
        return start, low, high
    if not whole.separated or limit is None:
        return start, crossing(profile, start, -reach, quantile), crossing(profile, start, reach, quantile)
    labels = model.classes.tolist()
    label, against = (labels.index(which) for which in estimates.contrasts[c])
    tendency, finite = float(limit.tendency[label, against, j]), float(limit.contrasts(against)[label, j])
    if math.isnan(tendency):
        return math.nan, -math.inf, math.inf
    start = finite if tendency == 0 else start
    ends = [math.inf * side if tendency * side > 0 else crossing(profile, start, side * reach, quantile) for side in (-1, 1)]
    return finite, ends[0], ends[1]


def _outermost(whole: Likelihood, estimates: Estimates, which: tuple[int, int], reach: float, level: float) -> float:
    """Where a penalised profile crosses a level; once more from there, as long as another maximum makes it lower there."""
    profile, start, _ = profiled(whole, estimates, *which)
    end = crossing(profile, start, reach, level)
    profile, _, _ = profiled(whole, estimates, *which, thorough=True)
    for _ in range(ROUNDS):
        if math.isinf(end) or profile(end)[0] >= level * (1 - TIE):
            break
        end = crossing(profile, end, reach, level)
    return end


def profiled(
    whole: Likelihood, estimates: Estimates, contrast: int, column: int, thorough: bool = False
) -> tuple[Profile, float, float]:
    """The profile of one coefficient, its estimate, and the standard error that the curvature there gives.

    A penalised likelihood may have several maxima: it is ``thorough`` to look from several places.
    """
    asked = about(estimates, contrast, column, 1.0)
    normals, unit = whole.plane(estimates, asked)  # normals . w = unit * value
    W = whole.face(normals).W
    start = float(normals[:, 0] @ W.reshape(-1)) / float(unit[0])
    last = W

    def profile(value: float) -> tuple[float, float]:
        nonlocal last
        found = whole.maximum(normals, unit * value, last, thorough)
        last = found.W
        slope = 2 * float(normals[:, 0] @ found.gradient.reshape(-1)) * float(unit[0])
        return max(2 * (whole.top - found.value), 0.0), slope

    error = whole.error(normals[:, 0])
    return profile, start, (min(error, 1.0) if whole.separated else error) / abs(float(unit[0]))


def crossing(profile: Profile, start: float, reach: float, level: float) -> float:
    """Where a profile crosses a level on one side: Newton's method on its root, which is nearly a line, between safe bounds.

    Parameters
    ----------
    profile : function
        Of a value: the profile there, convex with its minimum 0 at ``start`` or beyond it, and its derivative.
    start : float
        Where the profile is below the level.
    reach : float
        Where to look first, seen from ``start``; its sign is the side.
    level : float
        Above 0.

    Returns
    -------
    float
        inf or -inf where the level is never reached.
    """
    side = math.copysign(1.0, reach)
    inside, outside, at = 0.0, math.inf, abs(reach)  # distances from start
    before = 0.0
    for _ in range(ROUNDS):
        height, slope = profile(start + side * at)
        rise = side * slope
        if height < level:
            flat = height - before <= FLAT * level and rise * at <= FLAT * level
            if flat and math.isinf(outside) and at > FAR * abs(reach):
                return side * math.inf
            inside, before = at, height
        else:
            outside = at
        step = (height - math.sqrt(height * level)) * 2 / rise if rise > 0 and height > 0 else math.nan
        goal = at - step
        if abs(step) <= SETTLED * at:
            return start + side * goal
        if math.isinf(outside):
            goal = min(goal, LEAP * at) if goal > at else LEAP * at
        elif not inside < goal < outside:
            goal = (inside + outside) / 2
            if outside - inside <= SETTLED * outside:
                return start + side * goal
        at = goal
    return start + side * (at if math.isfinite(outside) else math.inf)
