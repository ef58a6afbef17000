"""How a fit went, as arrays to look at and to draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..outcome import Record

NAMES = {
    "iteration": "iteration",
    "objective": "value",
    "loss": "loss",
    "gradient_norm": "kkt",
    "step": "step",
    "seconds": "seconds",
    "gap": "gap",
    "accuracy": "accuracy",
    "validation_loss": "validation_loss",
    "validation_accuracy": "validation_accuracy",
}


def history(trace: Sequence[Record]) -> dict[str, np.ndarray]:
    """One entry a point, an epoch for stochastic solvers; what was never measured is left out.

    ``iteration``; ``objective``, with the penalty, and ``loss``, without; ``gradient_norm`` and ``step``, the largest entry of the
    gradient and of the last change, in the solver's scaled columns; ``seconds`` since the start; ``gap``, the last certified one;
    ``accuracy``, with the weights of the fit, those of classes included; ``validation_loss`` and ``validation_accuracy``; and
    ``batch_loss``, one entry for every mini-batch.
    """
    found = {name: np.asarray([getattr(record, field) for record in trace], dtype=np.float64) for name, field in NAMES.items()}
    found = {name: values for name, values in found.items() if not np.isnan(values).all()}
    found["iteration"] = found["iteration"].astype(np.int64)
    losses = [loss for record in trace for loss in record.batch_losses]
    return {**found, "batch_loss": np.asarray(losses)} if losses else found
