"""Learning from rows that come in pieces: one pass over each, and a state that goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .contracts import Executor, RawBlock, Source, Spec
from .coordinates import AsGiven
from .encoding import Encoding, learn, refuse_unknown
from .errors import InputError
from .executor import InProcess
from .fit import check
from .frame import Frame, block_size
from .model import Model
from .objective import LogisticObjective
from .outcome import Certificate
from .solvers import SGD, named
from .solvers.epochs import Epochs
from .sources import ArraySource
from .start import generator, start


@dataclass
class Stream:
    """What is kept between two pieces: plain data, so that it can be pickled.

    Attributes
    ----------
    frame : Frame
        Centre and spread of all rows so far, and the choices of the fit.
    solver : Epochs
    state : tuple
        The solver's state, its coefficients in the units of the data.
    rng : numpy.random.Generator
    calls : int
    model : Model
        The model after the last piece.
    """

    frame: Frame
    solver: Epochs
    state: Any
    rng: np.random.Generator
    calls: int
    model: Model


def advance(stream: Stream | None, source: Source, spec: Spec, classes: np.ndarray | None = None) -> Stream:
    """One pass over some rows, in random order.

    Columns are scaled by the weighted moments of all rows so far, and the penalty is that of all rows so far.

    Parameters
    ----------
    stream : Stream or None
        Where the last piece left off; None to begin.
    source : Source
    spec : Spec
        Its choices hold from the first piece on.
    classes : (K,) array
        All labels, sorted; needed to begin.

    Raises
    ------
    InputError
        For a row or choice that cannot be used, or a label that is none of the classes. The stream stays as it was.
    """
    if stream is None:
        check(spec)
        if isinstance(spec.class_weight, str):
            raise InputError("class_weight='balanced' needs all rows at once; for partial_fit pass a dict of weights")
        solver, rng, calls = _solver(spec), generator(spec.seed), 0
    else:
        spec, classes = stream.frame.spec, stream.frame.encoding.classes
        solver, rng, calls = stream.solver, stream.rng, stream.calls
    assert classes is not None
    executor, raw = InProcess(), list(source.blocks(block_size(source, spec, solver)))
    here = _learned(executor, raw, spec, classes)
    if stream is None:
        frame = Frame(source.features, source.shape[0], spec, here, raw[0].offset is not None)
        state = solver.start(frame.here(start(spec.init, source.shape[1], classes, spec.fit_intercept, rng)))
    else:
        if (raw[0].offset is not None) is not stream.frame.offset:
            raise InputError("offset must be given in every piece or in none")
        count = stream.frame.count + source.shape[0]
        frame, state = replace(stream.frame, count=count, encoding=stream.frame.encoding.merged(here)), stream.state
    rows = frame.rows(executor, raw, here.total)
    objective = LogisticObjective(frame.loss, frame.penalty, rows, spec.fit_intercept, rng)
    change = frame.change
    if solver.as_given:
        state = solver.epoch(AsGiven(objective, change), state, calls)
    else:
        state = solver.moved(solver.epoch(objective, solver.moved(state, change.inward), calls), change.outward)
    point = objective.at(objective.canonical(change.inward(solver.answer(state))))
    if not math.isfinite(point.value):
        raise InputError(f"{solver!r} left the finite numbers in this piece, which is not taken; lower its learning rate")
    model = frame.model(f"{solver!r}, one pass over each piece", point, Certificate(point.value, math.inf, "none", 0.0), calls + 1)
    return Stream(frame, solver, state, rng, calls + 1, model)


def labels_to_come(stream: Stream | None, source: ArraySource, classes: Any) -> np.ndarray:
    """All labels, sorted: the given ones, those of the first piece, or those that the stream began with.

    Raises
    ------
    InputError
        For a single label, distributions, or other labels than before.
    """
    if source.y is None or source.y.ndim != 1:
        raise InputError("partial_fit takes labels (n,), not distributions over the classes")
    if stream is None:
        known = np.unique(source.y if classes is None else np.asarray(classes))
        if len(known) < 2:
            raise InputError(f"y holds only 1 class, {known.tolist()[0]!r}; pass all labels as classes in the first call")
        return known
    known = stream.frame.encoding.classes
    if classes is not None and not np.array_equal(np.unique(np.asarray(classes)), known):
        raise InputError(f"classes must stay those of the first call, {known.tolist()!r:.200}")
    return known


def _learned(executor: Executor, raw: list[RawBlock], spec: Spec, classes: np.ndarray) -> Encoding:
    """Centre and spread of one piece, whose labels are all known."""
    first = 0
    for part in raw:
        refuse_unknown(classes, part.y, "y", first)
        first += len(part.y)
    return learn(executor, raw, spec.fit_intercept, spec.class_weight, classes)


def _solver(spec: Spec) -> Epochs:
    found = named(spec.solver)
    if found is None:
        return SGD()
    if not isinstance(found, Epochs):
        raise InputError(f"partial_fit goes over rows once, which solver={found.name!r} cannot; use 'sgd', 'adam' or 'auto'")
    return found
