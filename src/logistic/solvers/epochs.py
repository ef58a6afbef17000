"""What solvers that go through the rows epoch by epoch have in common."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from ..backend import Array
from ..contracts import Batch, Objective, Patience, Point
from ..errors import InputError
from .settings import Settings

SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda _epoch, _epochs: 1.0,
    "sqrt": lambda epoch, _epochs: (1 + epoch) ** -0.5,
    "inverse": lambda epoch, _epochs: 1 / (1 + epoch),
    "cosine": lambda epoch, epochs: 0.5 + 0.5 * math.cos(math.pi * min(epoch / epochs, 1)),
}
"""Factor of the learning rate in an epoch, counted from 0, of so many."""


@dataclass(repr=False)
class Epochs(Settings):
    """A solver that takes one step for each mini-batch.

    Parameters
    ----------
    lr : float, optional
        Learning rate of the textbook iteration on the columns as given; for two classes on the one column of coefficients, where
        half of it in softmax regression takes the same steps. Without one, columns are centred and scaled inside and the rate
        follows from their curvature.
    batch_size : int, optional
        Rows of a step; None for all rows. Rows are shuffled over the whole data before each epoch.
    epochs : int, default=100
        Passes over the rows, unless the certificate comes before; None for ``max_iter``.
    schedule : {"constant", "sqrt", "inverse", "cosine"}, default="constant"
        The learning rate in epoch t = 0, 1, ... is lr times 1, 1 / sqrt(1 + t), 1 / (1 + t), or a half wave of the cosine down
        to zero.
    batch_mean : bool, default=False
        Take every batch's mean gradient in full, as a plain loop does, so that the rows of a short last batch count more. By
        default a step is proportional to the weight of its rows.
    patience : int, optional
        Stop once the loss on ``validation_data`` has not improved for so many epochs.
    min_delta : float, default=0.0
        What counts as an improvement.
    restore_best : bool, default=True
        Go back to the epoch of the lowest validation loss when stopping.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "batches"})
    watched: ClassVar[bool] = True

    lr: float | None = None
    _: KW_ONLY
    batch_size: int | None = 32
    epochs: int | None = 100
    schedule: str = "constant"
    batch_mean: bool = False
    patience: int | None = None
    min_delta: float = 0.0
    restore_best: bool = True

    @property
    def as_given(self) -> bool:  # type: ignore[override]
        """Whether this is the textbook iteration, in the units of the columns."""
        return self.lr is not None

    @property
    def early(self) -> Patience | None:  # type: ignore[override]
        """When validation data end the fit."""
        return None if self.patience is None else Patience(self.patience, self.min_delta, self.restore_best)

    def check(self) -> None:
        """Refuse impossible settings."""
        self._positive("lr", optional=True)
        self._positive("batch_size", "patience", integral=True, optional=True)
        self._positive("epochs", integral=True, optional=True)
        if str(self.schedule) not in SCHEDULES:
            raise InputError(f"schedule={self.schedule!r} is unknown; choose one of {', '.join(SCHEDULES)}")
        if self.schedule == "cosine" and self.epochs is None:
            raise InputError("schedule='cosine' ends with the last epoch; give epochs, such as 100")
        self._within("min_delta", "finite and at least 0", lambda value: 0 <= value < math.inf)

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """The start, then a point an epoch."""
        yield objective.at(W0)
        state = self.start(W0)
        for epoch in itertools.count():
            state = self.epoch(objective, state, epoch)
            yield objective.at(self.answer(state))

    @abstractmethod
    def start(self, W0: Array) -> Any:
        """The state before the first step: a tuple of arrays and numbers."""

    @abstractmethod
    def epoch(self, objective: Objective, state: Any, epoch: int) -> Any:
        """The state after one more pass over the rows."""

    @abstractmethod
    def answer(self, state: Any) -> Array:
        """The coefficients that a state stands for."""

    @abstractmethod
    def moved(self, state: Any, f: Callable[[Array], Array]) -> Any:
        """The state with its coefficients in other coordinates, ``f`` of the old ones."""

    def gradient(self, batch: Batch, W: Array) -> Array:
        """Of one batch, in proportion to the weight of its rows unless ``batch_mean`` is set."""
        _, gradient, share = batch(W)
        return gradient if self.batch_mean else share * gradient

    def rate(self, base: float, epoch: int) -> float:
        """The learning rate of an epoch."""
        return base * SCHEDULES[self.schedule](epoch, self.epochs or 1)
