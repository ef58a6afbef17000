"""How a fit went, as arrays to look at and to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..outcome import Certificate, Record

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


def gaps(found: Mapping[str, np.ndarray], certificate: Certificate) -> np.ndarray:
    """(n,) bounds on F - min F at the points of a history; NaN where nothing is certified.

    What the certificate says of the published answer bounds min F from below, and so bounds the gap of every point. The last one
    is the published answer's own, which may be better than the last point of the solver.
    """
    objective = found["objective"]
    if not (np.isfinite(certificate.gap) and certificate.kind == "proof"):
        return np.full(len(objective), np.nan)
    bounds = np.maximum(objective - (certificate.value - certificate.gap), certificate.gap)
    bounds[-1] = certificate.gap
    return bounds


def history(trace: Sequence[Record]) -> dict[str, np.ndarray]:
    """One entry a point, an epoch for stochastic solvers; what was never measured is left out.

    ``iteration``; ``objective``, with the penalty, and ``loss``, without; ``gradient_norm`` and ``step``, the largest entry of the
    gradient and of the last change, in the solver's scaled columns; ``seconds`` since the start; ``gap``, the last certified one;
    ``accuracy``, with the weights of the fit, those of classes included; ``validation_loss`` and ``validation_accuracy``; and
    ``batch_loss``, one entry for every mini-batch.
    """
    table = np.array([[getattr(record, field) for record in trace] for field in NAMES.values()], dtype=np.float64)
    measured = np.asarray((~np.isnan(table)).any(axis=1))
    found = {name: values for name, values, there in zip(NAMES, table, measured, strict=True) if there}
    found["iteration"] = found["iteration"].astype(np.int64)
    losses = [loss for record in trace for loss in record.batch_losses]
    return {**found, "batch_loss": np.asarray(losses)} if losses else found
