"""Figures, in scikit-learn's way: ``XDisplay.from_...`` draws, fields keep the numbers, ``plot`` draws again."""

from __future__ import annotations

from .calibrated import CalibrationDisplay
from .confusion import ConfusionMatrixDisplay
from .contributions import ContributionsDisplay
from .display import Display
from .forest import CoefficientsDisplay
from .images import ImageDisplay, WeightsDisplay
from .paths import PathDisplay
from .ranking import PrecisionRecallDisplay, RocCurveDisplay
from .regions import DecisionRegionsDisplay
from .rows import ClassBalanceDisplay, HistogramsDisplay, ScatterDisplay
from .training import TrainingDisplay

REGISTRY: tuple[type[Display], ...] = (
    TrainingDisplay,
    DecisionRegionsDisplay,
    WeightsDisplay,
    ImageDisplay,
    CoefficientsDisplay,
    ConfusionMatrixDisplay,
    RocCurveDisplay,
    PrecisionRecallDisplay,
    CalibrationDisplay,
    ClassBalanceDisplay,
    HistogramsDisplay,
    ScatterDisplay,
    PathDisplay,
    ContributionsDisplay,
)

__all__ = [
    "REGISTRY",
    "CalibrationDisplay",
    "ClassBalanceDisplay",
    "CoefficientsDisplay",
    "ConfusionMatrixDisplay",
    "ContributionsDisplay",
    "DecisionRegionsDisplay",
    "Display",
    "HistogramsDisplay",
    "ImageDisplay",
    "PathDisplay",
    "PrecisionRecallDisplay",
    "RocCurveDisplay",
    "ScatterDisplay",
    "TrainingDisplay",
    "WeightsDisplay",
]
