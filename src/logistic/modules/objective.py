"""The objective of any torch module: its parameters as one column, its gradient by back-propagation."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ..backend import Array, largest
from ..contracts import Batch, Line, Loss, Objective, Point
from ..errors import InputError
from ..loss import Binary, Softmax
from ..outcome import Certificate
from ..penalty import L2
from .rows import ModuleRows, cast, reference

if TYPE_CHECKING:
    import torch

KIND = "none: not convex"
PIECE = 1024  # rows evaluated at once: the activations of a large module must fit in memory


class Memo(NamedTuple):
    """What belongs to a point beside its parameters: share of right labels, and a copy of the module's buffers."""

    accuracy: float
    buffers: dict[str, torch.Tensor]


class _Sums(NamedTuple):
    """Over some rows: weighted sum of the losses, its gradient, weight of the rows that are right, weight of all of them."""

    loss: float
    gradient: Array
    right: float
    weight: float


class ModuleObjective(Objective):
    """Mean weighted loss of a module's logits + alpha / 2 * sum of squared weights, over the parameters that are trained.

    The point W is a column (size, 1): all parameters with ``requires_grad``, one after another, in the module's dtype and on its
    device. Those with two or more dimensions (weights of linear, convolution and embedding layers) are penalised, the others
    (biases, scales of normalisation layers) are not.

    Mini-batches run the module in train mode: dropout draws, batch normalisation uses the batch and updates its statistics.
    Values, lines and certificates run it in eval mode, in which it is one function of its parameters. So ``sgd`` and ``adam``
    train as torch's own loops do, and ``gd`` and ``lbfgs`` minimise the function that predicts.

    Parameters
    ----------
    module : torch.nn.Module
        Its parameters are left alone; its mode and its buffers are not.
    loss : Loss
        Of the module's logits, evaluated in float64.
    rows : ModuleRows
    alpha : float, default=0.0
    rng : numpy.random.Generator, optional
        Shuffles the rows for :meth:`batches`; needed only there.

    Raises
    ------
    InputError
        If no parameter is trained, or they differ in dtype or device.
    """

    offers: ClassVar[frozenset[str]] = frozenset({"gradient", "line", "batches"})  # type: ignore[misc]

    def __init__(
        self, module: torch.nn.Module, loss: Loss, rows: ModuleRows, alpha: float = 0.0, rng: np.random.Generator | None = None
    ) -> None:
        import torch

        trained = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
        kinds = sorted({f"{parameter.dtype} on {parameter.device}" for parameter in trained.values()})
        if not kinds:
            raise InputError("module has no parameter to train; give it one with requires_grad=True")
        if len(kinds) > 1:
            raise InputError(f"module has parameters of {' and '.join(kinds)}; bring them to one, such as module.float()")
        self.module, self.loss, self.rows, self.rng = module, loss, rows, rng
        self.shapes = {name: parameter.shape for name, parameter in trained.items()}
        self.shape = (sum(parameter.numel() for parameter in trained.values()), 1)
        self.penalty = L2(alpha, torch.cat([torch.full_like(p.detach(), p.ndim >= 2).reshape(-1) for p in trained.values()]))
        self.batch_losses = []

    def start(self) -> Array:
        """(size, 1): the parameters as they are."""
        import torch

        column: Array = torch.cat([self.module.get_parameter(name).detach().reshape(-1) for name in self.shapes])[:, None]
        return column

    def at(self, W: Array) -> Point:
        """Value and gradient in eval mode, some rows at a time."""
        loss, right, gradient = 0.0, 0.0, self.penalty.gradient(W)
        for first in range(0, len(self.rows.y), PIECE):
            sums = self._sums(W, slice(first, first + PIECE), training=False)
            loss, right, gradient = loss + sums.loss, right + sums.right, gradient + sums.gradient
        buffers = {name: buffer.detach().clone() for name, buffer in self.module.named_buffers()}
        return Point(W, loss + self.penalty.value(W), gradient, Memo(right, buffers))

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return _Line(self, point, direction)

    def batches(self, size: int | None) -> Iterator[Batch]:
        """All rows once, in one random order: the indices of the other objectives for the same generator."""
        assert self.rng is not None
        n = len(self.rows.y)
        order, size = self.rng.permutation(n), min(size or n, n)
        for first in range(0, n, size):
            yield partial(self._batch, order[first : first + size], size / n)

    def accuracy(self, point: Point) -> float:
        """Share of the weight whose likeliest class is the right one."""
        return self._memo(point).accuracy

    def penalty_value(self, point: Point) -> float:
        """Alpha / 2 * sum of squared weights."""
        return self.penalty.value(point.W)

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """Nothing is known about the gap."""
        return point, Certificate(point.value, math.inf, KIND, largest(point.grad))

    def fitted(self, point: Point) -> torch.nn.Module:
        """A copy of the module with the parameters and buffers of a point, in eval mode."""
        import torch

        module, buffers = copy.deepcopy(self.module), self._memo(point).buffers
        with torch.no_grad():
            for name, part in self._parts(point.W).items():
                module.get_parameter(name).copy_(part)
            for name, buffer in buffers.items():
                module.get_buffer(name).copy_(buffer)
        return module.train(False)

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _memo(self, point: Point) -> Memo:
        memo: Memo = (point if point.memo is not None else self.at(point.W)).memo
        return memo

    def _parts(self, W: Any) -> dict[str, torch.Tensor]:
        """The parameters by name."""
        parts = W.detach()[:, 0].split([shape.numel() for shape in self.shapes.values()])
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def _batch(self, rows: np.ndarray, even: float, W: Array) -> tuple[float, Array, float]:
        sums = self._sums(W, rows, training=True)
        self.batch_losses.append(sums.loss)
        return sums.loss + self.penalty.value(W), sums.gradient + self.penalty.gradient(W), sums.weight / even

    def _sums(self, W: Array, rows: slice | np.ndarray, training: bool) -> _Sums:
        """Weighted sums over some rows in eval mode; weighted means in train mode."""
        import torch

        self.module.train(training)
        y, weight = self.rows.y[rows], self.rows.weight[rows]
        total = weight.sum()
        weight = weight / total if training else weight
        leaves = {name: part.detach().requires_grad_() for name, part in self._parts(W).items()}
        with torch.enable_grad():
            eta = logits(self.module, leaves, cast(self.rows.X[rows], W))
        seen: Any = eta.detach().double()
        found: Any = self.loss.evaluate(seen, y)
        values, residual = found
        pull = (weight[:, None] * residual).to(eta.dtype)
        parts = torch.autograd.grad(eta, list(leaves.values()), pull, materialize_grads=True)
        likeliest = self.loss.class_logits(seen).argmax(axis=1)
        right = weight * (likeliest == (y if y.ndim == 1 else y.argmax(dim=1)))
        gradient: Any = torch.cat([part.reshape(-1) for part in parts])[:, None]
        return _Sums(float(weight @ values), gradient, float(right.sum()), float(total))


class _Line(Line):
    """Every trial is a full evaluation; the last one is kept, for it is most often where the line ends."""

    def __init__(self, objective: ModuleObjective, start: Point, direction: Array) -> None:
        import torch

        W: Any = start.W
        self.objective, self.start, self.direction = objective, start, direction
        self.eps = torch.finfo(W.dtype).eps
        self.last = (0.0, start)

    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""
        there = self.point(t)
        return there.value, float((there.grad * self.direction).sum())

    def point(self, t: float) -> Point:
        """The full point at t."""
        if t != self.last[0]:
            self.last = (t, self.objective.at(self.start.W + t * self.direction))
        return self.last[1]


def logits(module: torch.nn.Module, parameters: Mapping[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """(n, M): what the module makes of n rows, with other parameters where some are given.

    Raises
    ------
    InputError
        If the module fails on these rows, or does not give one row of numbers for each.
    """
    import torch

    n, shape = len(x), tuple(x.shape)
    try:
        eta = torch.func.functional_call(module, dict(parameters), (x,))
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        mode = "train" if module.training else "eval"
        why = str(error).strip().partition("\n")[0]
        raise InputError(f"module fails in {mode} mode on rows of shape {shape}: {why}; change module, X or batch_size") from error
    if isinstance(eta, torch.Tensor) and eta.ndim < 2 and eta.numel() == n:
        return eta.reshape(n, 1)
    if not isinstance(eta, torch.Tensor) or eta.ndim != 2 or len(eta) != n or not eta.is_floating_point():
        what = f"a tensor of shape {tuple(eta.shape)}" if isinstance(eta, torch.Tensor) else f"a {type(eta).__name__}"
        raise InputError(f"module must give logits (n, K), one row for each row of X, but gives {what} for rows of shape {shape}")
    return eta


def width(module: torch.nn.Module, rows: Any) -> int:
    """M, how many logits the module gives for a row; lazy layers get their shapes."""
    import torch

    with torch.no_grad():
        eta = logits(module.train(False), {}, cast(rows, reference(module)))
    if eta.shape[1] > 1 and bool((eta >= 0).all()) and bool(((eta.sum(dim=1) - 1).abs() < 1e-6).all()):
        raise InputError("module gives probabilities (they sum to one in each row); leave out its last softmax, logits are needed")
    return int(eta.shape[1])


def loss_for(classes: int, columns: int) -> Loss:
    """For K classes and M logits a row.

    Raises
    ------
    InputError
        If they do not go together.
    """
    if columns == classes:
        return Softmax(classes)
    if (classes, columns) == (2, 1):
        return Binary()
    way = "1 or 2" if classes == 2 else f"{classes}"
    raise InputError(f"module gives {columns} logits a row, but y holds {classes} classes; make its last layer {way} wide")
