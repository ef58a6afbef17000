"""Logistic regression done completely: one model, one certified optimum."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import datasets
    from .errors import InputError, LogisticError, ModelFileError, SeparationWarning
    from .estimator import LogisticRegression
    from .model import Model
    from .outcome import Certificate, Status
    from .store import load

_HOMES = {
    "LogisticRegression": ".estimator",
    "Model": ".model",
    "load": ".store",
    "Certificate": ".outcome",
    "Status": ".outcome",
    "InputError": ".errors",
    "LogisticError": ".errors",
    "ModelFileError": ".errors",
    "SeparationWarning": ".errors",
}

__all__ = [
    "Certificate",
    "InputError",
    "LogisticError",
    "LogisticRegression",
    "Model",
    "ModelFileError",
    "SeparationWarning",
    "Status",
    "datasets",
    "load",
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
