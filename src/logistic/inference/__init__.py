"""How sure a fit is of its coefficients, and of what follows from them: standard errors, tests, intervals, effects, diagnostics."""

from __future__ import annotations

from typing import Any

__all__ = [
    "avg_comparisons",
    "avg_predictions",
    "avg_slopes",
    "calibration",
    "comparisons",
    "hosmer_lemeshow",
    "influence",
    "predictions",
    "slopes",
    "vif",
]


def __getattr__(name: str) -> Any:
    """Public functions are imported when first used, so that a fit pays for none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import diagnostics, effects, reliability

    home = next(home for home in (effects, diagnostics, reliability) if hasattr(home, name))
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
