"""Logistic regression done completely: one model, one certified optimum."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import datasets, plots, solvers
    from .crossval import LogisticRegressionCV
    from .errors import InputError, LogisticError, ModelFileError, SeparationWarning
    from .estimator import LogisticRegression
    from .linear import LinearRegression
    from .model import Model
    from .modules import ModuleClassifier
    from .outcome import Certificate, Status
    from .outputs.agreement import Agreement, agreement
    from .outputs.anova import Anova, anova
    from .outputs.metrics import Metrics
    from .paths import Path, path
    from .preparation import LabelEncoder, RankBins, Split, class_weights, data_units, rank_bins, set_seed, split
    from .store import load

_HOMES = {
    "LogisticRegression": ".estimator",
    "LogisticRegressionCV": ".crossval",
    "Path": ".paths",
    "path": ".paths",
    "LinearRegression": ".linear",
    "ModuleClassifier": ".modules",
    "Anova": ".outputs.anova",
    "anova": ".outputs.anova",
    "Model": ".model",
    "load": ".store",
    "Certificate": ".outcome",
    "Status": ".outcome",
    "Metrics": ".outputs.metrics",
    "Agreement": ".outputs.agreement",
    "agreement": ".outputs.agreement",
    "LabelEncoder": ".preparation",
    "RankBins": ".preparation",
    "Split": ".preparation",
    "class_weights": ".preparation",
    "data_units": ".preparation",
    "rank_bins": ".preparation",
    "set_seed": ".preparation",
    "split": ".preparation",
    "InputError": ".errors",
    "LogisticError": ".errors",
    "ModelFileError": ".errors",
    "SeparationWarning": ".errors",
}

__all__ = [
    "Agreement",
    "Anova",
    "Certificate",
    "InputError",
    "LabelEncoder",
    "LinearRegression",
    "LogisticError",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Metrics",
    "Model",
    "ModelFileError",
    "ModuleClassifier",
    "Path",
    "RankBins",
    "SeparationWarning",
    "Split",
    "Status",
    "agreement",
    "anova",
    "class_weights",
    "data_units",
    "datasets",
    "load",
    "path",
    "plots",
    "rank_bins",
    "set_seed",
    "solvers",
    "split",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that ``import logistic`` costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
