"""What a model file holds of the statistics of a fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..outcome import COVARIANCES, Statistics
from ..strict import exactly, number, one_of, read_count, read_number, typed

NUMBERS = ("log_likelihood", "null", "count", "effective", "tjur")
STATISTICS_KEYS = {*NUMBERS, "df", "kind", "clusters"}
MOST, LARGEST = 1e300, 1e-6  # of numbers; of a log-likelihood, but for rounding
ASYMMETRY = 1e-12  # relative, of a covariance


def statistics_entry(statistics: Statistics) -> dict[str, Any]:
    """As JSON holds it, but for the covariance and the aliases."""
    entry: dict[str, Any] = {name: number(getattr(statistics, name)) for name in NUMBERS}
    if not math.isnan(statistics.penalised):
        entry["penalised"] = number(statistics.penalised)
    return {**entry, "df": statistics.df, "kind": statistics.kind, "clusters": statistics.clusters}


def statistics_tensors(statistics: Statistics | None) -> dict[str, np.ndarray]:
    """Covariance and aliases, where there are any."""
    if statistics is None or statistics.covariance is None:
        return {}
    found = {"covariance": np.asarray(statistics.covariance)}
    aliases = np.asarray(statistics.aliases)
    return {**found, "aliases": aliases} if aliases.shape[1] else found


def read_statistics(entry: Any, covariance: np.ndarray | None, aliases: np.ndarray | None, q: int) -> Statistics:
    """The statistics of a model with q coefficients in each column."""
    found = exactly(typed(entry, dict), STATISTICS_KEYS | ({"penalised"} & set(typed(entry, dict))))
    kind = one_of(found["kind"], ("", *COVARIANCES))
    if (kind == "") != (covariance is None) or (covariance is None and aliases is not None):
        raise ModelFileError(f"its statistics are of kind {kind!r}, which does not go with the covariance in it")
    if covariance is not None:
        size = abs(covariance).max(initial=0.0)
        if (np.diag(covariance) < 0).any() or (abs(covariance - covariance.T) > ASYMMETRY * size).any():
            raise ModelFileError("its covariance is not one: it is not symmetric, or a variance is negative")
        aliases = np.zeros((q, 0)) if aliases is None else aliases
    numbers = {name: read_number(found[name]) for name in NUMBERS}
    if not all(0 < numbers[name] < MOST for name in ("count", "effective")):
        raise ModelFileError("its statistics count no observations")
    for name in ("log_likelihood", "null"):  # sums of logarithms of probabilities
        if not (math.isnan(numbers[name]) or -MOST < numbers[name] <= LARGEST):
            raise ModelFileError(f"its {name} is {numbers[name]:g}, which no log-likelihood is")
    if not (math.isnan(numbers["tjur"]) or abs(numbers["tjur"]) <= 1):
        raise ModelFileError(f"its Tjur R squared is {numbers['tjur']:g}, which no difference of probabilities is")
    penalised = read_number(found.get("penalised", "nan"))
    if "penalised" in found and math.isnan(penalised):
        raise ModelFileError("its penalised log-likelihood is no number; a file without one does not name it")
    return Statistics(
        **numbers,
        df=read_count(found["df"]),
        kind=kind,
        clusters=read_count(found["clusters"]),
        covariance=covariance,
        aliases=aliases,
        penalised=penalised,
    )
