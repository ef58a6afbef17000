"""Learning from rows that come in pieces: one pass over each, and a state that goes on."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .backend import largest, overflow_allowed
from .contracts import Executor, RawBlock, Source, Spec
from .coordinates import AsGiven
from .encoding import Encoding, learn, refuse_unknown, union
from .errors import InputError
from .executor import InProcess
from .fit import check
from .frame import Frame, block_size
from .model import Model
from .objective import LogisticObjective
from .outcome import Certificate
from .solvers import SGD, named
from .solvers.epochs import Epochs
from .sources import ArraySource, vector
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
        May change from piece to piece, but for the kind of solver and the intercept.
    classes : (K,) array
        All labels, sorted; needed to begin.

    Raises
    ------
    InputError
        For a row or choice that cannot be used, or a label that is none of the classes. The stream stays as it was.
    """
    check(spec)
    if isinstance(spec.class_weight, str):
        raise InputError("class_weight='balanced' needs all rows at once; for partial_fit pass a dict of weights")
    if spec.bias is not None:
        raise InputError(f"bias={spec.bias!r} needs all rows at once; use fit, or bias=None with partial_fit")
    solver, calls = _solver(spec), 0
    if stream is None:
        rng = generator(spec.seed)
    else:
        _compatible(stream, solver, spec)
        # A copy: a piece that is refused must not move the stream.
        classes, rng, calls = stream.frame.encoding.classes, copy.deepcopy(stream.rng), stream.calls
    assert classes is not None
    executor, raw = InProcess(), list(source.blocks(block_size(source, spec, solver)))
    if isinstance(source, ArraySource):
        source.check()  # before any label of this piece is refused
    here = _learned(executor, raw, spec, classes)
    if stream is None:
        frame = Frame(source.features, source.shape[0], spec, here, raw[0].offset is not None)
        state = solver.start(frame.here(start(spec.init, source.shape[1], classes, spec.fit_intercept, rng)))
    else:
        if (raw[0].offset is not None) is not stream.frame.offset:
            raise InputError("offset must be given in every piece or in none")
        count = stream.frame.count + source.shape[0]
        encoding = stream.frame.encoding.merged(here)
        frame, state = replace(stream.frame, count=count, spec=spec, encoding=encoding), stream.state
    rows = frame.rows(executor, raw, here.total)
    objective = LogisticObjective(frame.loss, frame.penalty, rows, spec.fit_intercept, rng)
    change = frame.change
    with overflow_allowed():  # what overflows is refused
        if solver.as_given:
            state = solver.epoch(AsGiven(objective, change), state, calls)
        else:
            state = solver.moved(solver.epoch(objective, solver.moved(state, change.inward), calls), change.outward)
        point = objective.at(objective.canonical(change.inward(solver.answer(state))))
    if not math.isfinite(point.value):
        raise InputError(f"{solver!r} left the finite numbers in this piece, which is not taken; lower its learning rate")
    unproved = Certificate(point.value, math.inf, "none", largest(point.grad))
    model = frame.model(f"{solver!r}, one pass over each piece", point, unproved, calls + 1)
    return Stream(frame, solver, state, rng, calls + 1, model)


def labels_to_come(before: np.ndarray | None, source: ArraySource, classes: Any) -> np.ndarray:
    """All labels, sorted: those of before, the given ones, or those of this piece.

    Raises
    ------
    InputError
        For a single label, distributions, or other labels than before.
    """
    if source.y is None or source.y.ndim != 1:
        raise InputError("partial_fit takes labels (n,), not distributions over the classes")
    given = None if classes is None else union([vector(list(classes), "classes", len(classes))])
    if before is not None:
        if given is not None and given.tolist() != before.tolist():
            raise InputError(f"classes must stay those of before, {before.tolist()!r:.200}")
        return before
    known = np.unique(source.y) if given is None else given
    if len(known) < 2:
        name = "y" if given is None else "classes"
        raise InputError(f"{name} holds only 1 class, {known.tolist()[0]!r}; pass all labels as classes in the first call")
    return known


def _learned(executor: Executor, raw: list[RawBlock], spec: Spec, classes: np.ndarray) -> Encoding:
    """Centre and spread of one piece, whose labels are all known."""
    first = 0
    for part in raw:
        refuse_unknown(classes, part.y, "y", first)
        first += len(part.y)
    return learn(executor, raw, spec.fit_intercept, spec.class_weight, classes)


def _compatible(stream: Stream, solver: Epochs, spec: Spec) -> None:
    """Settings may change between pieces; what the state is made of may not."""
    before = stream.frame.spec
    if type(solver) is not type(stream.solver):
        raise InputError(f"the rows so far were learned with {stream.solver!r}; keep this solver, or begin anew with fit")
    if spec.fit_intercept != before.fit_intercept:
        raise InputError(f"fit_intercept was {before.fit_intercept} for the rows so far; keep it, or begin anew with fit")


def _solver(spec: Spec) -> Epochs:
    found = named(spec.solver)
    if found is None:
        return SGD()
    if not isinstance(found, Epochs):
        raise InputError(f"partial_fit goes over rows once, which solver={found.name!r} cannot; use 'sgd', 'adam' or 'auto'")
    return found
