"""Learning from rows that come in pieces: one pass over each, and a state that goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .contracts import Objective, Source, Spec
from .coordinates import AsGiven
from .encoding import learn
from .errors import InputError
from .executor import InProcess
from .fit import check
from .frame import Frame, block_size
from .model import Model
from .objective import LogisticObjective
from .outcome import Certificate
from .solvers import SGD, named
from .solvers.epochs import Epochs
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
        solver, rng = _solver(spec), generator(spec.seed)
    else:
        spec, solver, rng, classes = stream.frame.spec, stream.solver, stream.rng, stream.frame.encoding.classes
    assert classes is not None
    executor = InProcess()
    raw = list(source.blocks(block_size(source, spec, solver)))
    here = learn(executor, raw, spec.fit_intercept, spec.class_weight, classes)
    offset = raw[0].offset is not None
    if stream is None:
        frame = Frame(source.features, source.shape[0], spec, here, offset)
        given = start(spec.init, source.shape[1], classes, spec.fit_intercept, rng)
        state, calls = solver.start(frame.here(given)), 0
    else:
        if offset is not stream.frame.offset:
            raise InputError("offset must be given in every piece or in none")
        count = stream.frame.count + source.shape[0]
        frame = replace(stream.frame, count=count, encoding=stream.frame.encoding.merged(here))
        state, calls = stream.state, stream.calls
    rows = frame.rows(executor, raw, here.total)
    objective = LogisticObjective(frame.loss, frame.penalty, rows, spec.fit_intercept, rng)
    change = frame.change
    if solver.as_given:
        seen: Objective = AsGiven(objective, change)
        state = solver.epoch(seen, state, calls)
    else:
        inside = solver.epoch(objective, solver.moved(state, change.inward), calls)
        state = solver.moved(inside, change.outward)
    point = objective.at(change.inward(solver.answer(state)))
    if not math.isfinite(point.value):
        raise InputError(f"{solver!r} left the finite numbers in this piece, which is not taken; lower its learning rate")
    model = frame.model(f"{solver!r}, one pass over each piece", point, Certificate(point.value, math.inf, "none", 0.0), calls + 1)
    return Stream(frame, solver, state, rng, calls + 1, model)


def _solver(spec: Spec) -> Epochs:
    found = named(spec.solver)
    if found is None:
        return SGD()
    if not isinstance(found, Epochs):
        raise InputError(f"partial_fit goes over rows once, which solver={found.name!r} cannot; use 'sgd', 'adam' or 'auto'")
    return found
