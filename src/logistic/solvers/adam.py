"""Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, NamedTuple

from ..backend import Array
from ..contracts import Objective
from .epochs import Epochs

RATE = 0.05  # without a given learning rate, on scaled columns


class _State(NamedTuple):
    W: Array
    first: Array
    second: Array
    steps: int


@dataclass(repr=False)
class Adam(Epochs):
    """Adaptive moments (Kingma and Ba, 2015), with the same numbers as torch.optim.Adam.

    Parameters
    ----------
    betas : tuple of float, default=(0.9, 0.999)
        Decay of the running mean of the gradient and of its square, each in [0, 1).
    eps : float, default=1e-8
        Added to the root of the second moment.
    """

    name: ClassVar[str] = "adam"

    _: KW_ONLY
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def check(self) -> None:
        """Refuse impossible settings."""
        super().check()
        self._positive("eps")
        self._pair("betas", "each at least 0 and below 1", lambda value: 0 <= value < 1)

    def start(self, W0: Array) -> _State:
        """No moments yet."""
        return _State(W0, 0 * W0, 0 * W0, 0)

    def answer(self, state: _State) -> Array:
        """The last iterate."""
        return state.W

    def moved(self, state: _State, f: Callable[[Array], Array]) -> _State:
        """The moments are of gradients and stay: they forget fast, and scales settle."""
        return state._replace(W=f(state.W))

    def epoch(self, objective: Objective, state: _State, epoch: int) -> _State:
        """One step a batch."""
        lr = self.rate(RATE if self.lr is None else self.lr, epoch)
        one, two = self.betas
        W, first, second, steps = state
        for batch in objective.batches(self.batch_size):
            gradient = self.gradient(batch, W)
            steps += 1
            first = one * first + (1 - one) * gradient
            second = two * second + (1 - two) * gradient**2
            root = (second / (1 - two**steps)) ** 0.5 + self.eps
            W = W - lr / (1 - one**steps) * first / root
        return _State(W, first, second, steps)
