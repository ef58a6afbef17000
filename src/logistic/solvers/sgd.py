"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, NamedTuple

from ..backend import Array
from ..contracts import Objective
from ..errors import InputError
from .epochs import Epochs

FORGET = 1  # of the polynomial-decay average: late steps count in proportion to their number
REACH = 1.5  # of the step that would be safe at the steepest point: near an optimum the loss is flatter


class _State(NamedTuple):
    W: Array
    velocity: Array
    mean: Array
    steps: int


@dataclass(repr=False)
class SGD(Epochs):
    """Mini-batch gradient descent with momentum, as torch.optim.SGD spells it: v = momentum v + g, then W - lr v.

    Parameters
    ----------
    momentum : float, default=0.0
        In [0, 1).
    nesterov : bool, default=False
        Step along g + momentum v, Nesterov's look ahead.
    average : bool, optional
        Answer with a running average of the iterates, late ones counting more (Shamir and Zhang, 2013), which removes the noise
        of a constant learning rate. By default only where no learning rate is given.
    """

    name: ClassVar[str] = "sgd"

    _: KW_ONLY
    momentum: float = 0.0
    nesterov: bool = False
    average: bool | None = None

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Where no learning rate is given, also the bound that it is made from."""
        return frozenset({"gradient", "batches"} if self.lr is not None else {"gradient", "batches", "bound"})

    def check(self) -> None:
        """Refuse impossible settings."""
        super().check()
        self._within("momentum", "at least 0 and below 1", lambda value: 0 <= value < 1)
        if self.nesterov and not self.momentum:
            raise InputError("nesterov=True looks ahead along the momentum; give momentum, such as 0.9")

    def start(self, W0: Array) -> _State:
        """At rest."""
        return _State(W0, 0 * W0, W0, 0)

    def answer(self, state: _State) -> Array:
        """The average, or the last iterate."""
        return state.mean if self._averages else state.W

    def epoch(self, objective: Objective, state: _State, epoch: int) -> _State:
        """One step a batch.

        Raises
        ------
        InputError
            If no rate is given and the objective cannot say how steep it may be, as that of ``LogisticRegression.objective``.
        """
        if not self.needs <= objective.offers:
            raise InputError("SGD(lr=None) takes its rate from scaled columns, which this objective has not; give lr, such as 0.1")
        base = REACH * (1 - self.momentum) / objective.bound(self.batch_size) if self.lr is None else self.lr
        lr = self.rate(base, epoch)
        W, velocity, mean, steps = state
        for batch in objective.batches(self.batch_size):
            gradient = self.gradient(batch, W)
            velocity = self.momentum * velocity + gradient
            W = W - lr * (gradient + self.momentum * velocity if self.nesterov else velocity)
            steps += 1
            mean = mean + (FORGET + 1) / (FORGET + steps) * (W - mean)
        return _State(W, velocity, mean, steps)

    def moved(self, state: _State, f: Callable[[Array], Array]) -> _State:
        """Iterate, velocity and average are all coefficients."""
        return _State(f(state.W), f(state.velocity), f(state.mean), state.steps)

    @property
    def _averages(self) -> bool:
        return self.lr is None if self.average is None else self.average
