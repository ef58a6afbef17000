"""A whole path of strengths of the penalty, for little more than the price of one fit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .contracts import Spec, Stop
from .errors import InputError, SeparationWarning
from .executor import Threads
from .fit import check
from .model import Model
from .outcome import Status
from .sources import ArraySource
from .spellings import strengths
from .study import WHOLE, ElasticStudy, Grid, Outcome, Rule, Study, splits_of


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """Models of the same rows under penalties of several strengths. ``path[i]`` is one of them.

    Attributes
    ----------
    models : tuple of Model
    Cs : (S,) array
        Each strength, against the sum of the losses.
    losses : (S,) array
        Mean log loss of the rows, each model's own, class weights included.
    """

    models: tuple[Model, ...]
    Cs: np.ndarray
    losses: np.ndarray

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Path:
        """Of fits to all rows."""
        models, losses = tuple(outcome.model for outcome in outcomes), np.array([outcome.loss for outcome in outcomes])
        return cls(models, np.array([model.penalty.C for model in models]), losses)

    @property
    def classes(self) -> np.ndarray:
        """(K,) labels."""
        return self.models[0].classes

    @property
    def alphas(self) -> np.ndarray:
        """(S,) each strength, against the mean loss."""
        return np.array([model.penalty.alpha for model in self.models])

    @property
    def coef(self) -> np.ndarray:
        """(S, M, p) in the units of the data."""
        return np.stack([model.coef for model in self.models])

    @property
    def intercept(self) -> np.ndarray:
        """(S, M)."""
        return np.stack([model.intercept for model in self.models])

    @property
    def table(self) -> dict[str, np.ndarray]:
        """A row a strength, as columns: ``pandas.DataFrame(path.table)``. The deviance is twice the mean log loss."""
        certificates = [model.certificate for model in self.models]
        return {
            "C": self.Cs,
            "alpha": self.alphas,
            "l1_ratio": np.array([model.penalty.l1_ratio for model in self.models]),
            "deviance": 2 * self.losses,
            "nonzeros": nonzeros(self.models),
            "gap": np.array([certificate.gap for certificate in certificates]),
            "status": np.array([certificate.status.word for certificate in certificates]),
        }

    def __len__(self) -> int:
        return len(self.models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models)

    def __getitem__(self, index: int) -> Model:
        return self.models[index]

    def __repr__(self) -> str:
        """The table."""
        return printed(self.table)


def nonzeros(models: Sequence[Model]) -> np.ndarray:
    """(S,) columns with a coefficient that is not zero."""
    return np.array([int((model.coef != 0).any(axis=0).sum()) for model in models])


def printed(table: dict[str, np.ndarray]) -> str:
    """A table as aligned text."""
    cells = [[name, *(f"{v:.6g}" if isinstance(v, float) else str(v) for v in column.tolist())] for name, column in table.items()]
    widths = [max(len(cell) for cell in column) for column in cells]
    rows = zip(*cells, strict=True)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def values_of(given: Any, name: str) -> np.ndarray:
    """(S,) strengths as given, in their order.

    Raises
    ------
    InputError
        If one of them is none.
    """
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, but is {given!r:.100}") from None
    if found.ndim != 1 or len(found) == 0:
        raise InputError(f"{name} must be a list of numbers, at least one, but is {given!r:.100}")
    wrong = ~(found > 0) if name == "Cs" else ~((found >= 0) & np.isfinite(found))
    if wrong.any():
        allowed = "above 0, or inf for no penalty" if name == "Cs" else "finite and at least 0 (0 for no penalty)"
        raise InputError(f"{name} must each be {allowed}, but one is {found[wrong][0]:g}")
    return found


def rule_of(count: Any, ratio: Any, l1_ratio: float, name: str = "count") -> Rule:
    """A rule, its numbers checked.

    Raises
    ------
    InputError
        For an impossible one.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise InputError(f"{name} must be a whole number from 1 on, but is {count!r}")
    if ratio is not None and (isinstance(ratio, bool) or not isinstance(ratio, int | float | np.number) or not 0 < ratio < 1):
        raise InputError(f"ratio must be between 0 and 1, the weakest strength over the strongest, or None, but is {ratio!r}")
    return Rule(int(count), None if ratio is None else float(ratio), l1_ratio)


def warn_of(outcomes: Sequence[Sequence[Outcome]]) -> None:
    """One warning for all fits that ended without a certificate, naming folds and strengths; the user is two calls away."""
    silent = (Status.CONVERGED, Status.PRECISION_FLOOR)
    models = [(fold, outcome.model) for fold, fits in enumerate(outcomes) for outcome in fits]
    bad = [(fold, model) for fold, model in models if model.certificate.status not in silent]
    if not bad:
        return
    found = []
    for status in dict.fromkeys(model.certificate.status for _, model in bad):
        places: dict[str, list[str]] = {}
        for fold, model in bad:
            if model.certificate.status is status:
                share = f" with l1_ratio={model.penalty.l1_ratio:g}" if model.penalty.l1_ratio else ""
                places.setdefault(f"C={model.penalty.C:g}{share}", []).append("all rows" if fold == WHOLE else f"fold {fold - 1}")
        where = "; ".join(f"{penalty} in {', '.join(dict.fromkeys(folds))}" for penalty, folds in places.items())
        found.append(f"{status.word} ({where}): {status.value}")
    separated = all(model.certificate.status is Status.SEPARATED for _, model in bad)
    text = f"{len(bad)} of {len(models)} fits ended without a certificate within tol: {'. '.join(found)}"
    warnings.warn(text, SeparationWarning if separated else ConvergenceWarning, stacklevel=3)


def path(
    X: Any,
    y: Any,
    Cs: Any = None,
    *,
    alphas: Any = None,
    count: int = 100,
    ratio: float | None = None,
    l1_ratio: float = 0.0,
    sample_weight: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    class_weight: Any = None,
    standardize: bool = False,
    solver: Any = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
) -> Path:
    """Fit a model for each of several strengths of the penalty, each to its certified optimum.

    The rows are encoded once; without a share of L1, fits share passes over them and curvature.

    Parameters
    ----------
    X : (n, p) array, sparse matrix, data frame or tensor
    y : (n,) labels or (n, K) distributions over the classes
    Cs : list of float, optional
        Inverse strengths, in any order; ``inf`` is maximum likelihood.
    alphas : list of float, optional
        Strengths against the mean loss, instead of ``Cs``.
    count, ratio : int and float, optional
        Where neither is given, so many alphas in equal ratios, from max |slope| / max(l1_ratio, 0.001) down to ``ratio`` times
        that; the slopes are those of the mean loss where all coefficients are zero. By default 100, and 0.0001 where there are
        more rows than columns, else 0.01.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, as for :class:`logistic.LogisticRegression`. With it the default strengths begin where all
        coefficients are zero, and each fit begins at the optimum of the one before.
    sample_weight, offset, fit_intercept, class_weight, standardize, tol, max_iter
        As for :class:`logistic.LogisticRegression`.
    solver : str, default="auto"
        ``auto``, ``newton``, ``lbfgs`` or ``relay``; with a share of L1 ``auto`` or ``proxnewton``.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        For a choice or a row that cannot be used, in words.

    Warns
    -----
    SeparationWarning, ConvergenceWarning
        Once, naming strengths, if some fits end without a certificate within tol.
    """
    share = strengths(1.0, None, l1_ratio, "auto")[2]
    if Cs is not None and alphas is not None:
        raise InputError("Cs and alphas both set the strengths; give one of them")
    stop = Stop(tol, max_iter)
    spec = Spec(None, None, share, fit_intercept, class_weight, standardize, solver, stop)
    check(spec)
    grid: Grid | Rule = rule_of(count, ratio, share)
    if Cs is not None:
        grid = Grid(values_of(Cs, "Cs"), True)
    elif alphas is not None:
        grid = Grid(values_of(alphas, "alphas"), False)
    source = ArraySource(X, y, sample_weight, offset, surveyed=y is not None)  # a study surveys the rows first
    if source.y is None:
        raise InputError("y is missing; pass one label for each row of X")
    with Threads() as executor:
        study = ElasticStudy if share > 0 else Study
        outcomes = study(executor, source, spec, grid, splits_of([], source.shape[0])).solve()
    warn_of(outcomes)
    return Path.of(outcomes[WHOLE])
