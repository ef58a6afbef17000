"""Figures by one call each: ``logistic.plots.roc(model, X, y)``.

Each function draws at once and returns a display: ``.ax_`` and ``.figure_`` are Matplotlib's, ``.save("roc.svg")`` writes it,
``.alt`` says it in words, ``.show()`` opens a window, and its fields are the numbers. ``ax=`` draws into axes that you have made.
They need Matplotlib: ``pip install 'logistic[report]'``.

============================================= ==========================================================================
``training(model)``                           loss per mini-batch and epoch, accuracy, certified gap; one run or several
``regions(model, X, y, test=(X2, y2))``       decision regions of two features with the rows over them
``weights(model)``                            the weights of each class as an image
``image(x)``                                  rows of pixels as images
``coefficients(model, odds=True)``            coefficients or odds ratios with intervals
``confusion_matrix(model, X, y)``             which class is taken for which
``roc(model, X, y)``                          ROC curves with their areas
``precision_recall(model, X, y)``             precision-recall curves with the average precision
``calibration(model, X, y)``                  whether probabilities come true
``class_balance(y)``                          rows of each class
``histograms(X, y)``, ``scatter(X, y)``       columns by class
``path(path_or_cv)``                          coefficients and held-out loss over the strength of the penalty
``contributions(model, x)``                   what each column adds to one prediction
============================================= ==========================================================================

The displays themselves are here too; those of predictions also have ``from_predictions``, and others ``from_history`` and
``from_coef``, for numbers that came from elsewhere.
"""

from __future__ import annotations

from .outputs.plots import (
    CalibrationDisplay,
    ClassBalanceDisplay,
    CoefficientsDisplay,
    ConfusionMatrixDisplay,
    ContributionsDisplay,
    DecisionRegionsDisplay,
    Display,
    HistogramsDisplay,
    ImageDisplay,
    PathDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    ScatterDisplay,
    TrainingDisplay,
    WeightsDisplay,
)

training = TrainingDisplay.from_estimator
regions = DecisionRegionsDisplay.from_estimator
weights = WeightsDisplay.from_estimator
image = ImageDisplay.from_rows
coefficients = CoefficientsDisplay.from_estimator
confusion_matrix = ConfusionMatrixDisplay.from_estimator
roc = RocCurveDisplay.from_estimator
precision_recall = PrecisionRecallDisplay.from_estimator
calibration = CalibrationDisplay.from_estimator
class_balance = ClassBalanceDisplay.from_labels
histograms = HistogramsDisplay.from_rows
scatter = ScatterDisplay.from_rows
path = PathDisplay.from_estimator
contributions = ContributionsDisplay.from_estimator

__all__ = [
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
    "calibration",
    "class_balance",
    "coefficients",
    "confusion_matrix",
    "contributions",
    "histograms",
    "image",
    "path",
    "precision_recall",
    "regions",
    "roc",
    "scatter",
    "training",
    "weights",
]
