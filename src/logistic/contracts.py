"""Read this first: the nouns of the house, with their shapes.

Symbols: n rows, p columns, K classes; q = p + 1 with an intercept, else p; M coefficient columns (1 for two classes, else K).

====================  ==============  =====================================================================================
``X``                 (n, p)          design
``W``                 (q, M)          coefficients, intercept row last
``eta = X W``         (n, M)          logits
``residual``          (n, M)          derivative of the loss of a row in its logits (probabilities minus targets)
``weight``            (n,)            sample weights, None for all ones
====================  ==============  =====================================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from .backend import EPS, Array
from .outcome import Certificate, Patience as Patience, Stop as Stop

# ---------------------------------------------------------------------------------------------------------------- data lane


class Design(ABC):
    """HOW X multiplies, for M columns at once. Sparsity, scaling and the intercept are designs, never branches."""

    shape: tuple[int, int]
    sparse: bool = False  # most entries are zero, and not stored

    @abstractmethod
    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M): X W."""

    @abstractmethod
    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M): Xᵀ G."""

    @abstractmethod
    def gram(self, h: Array) -> Array:
        """(n,) with h >= 0 -> (p, p): Xᵀ diag(h) X, dense."""

    @abstractmethod
    def take(self, rows: Any) -> Design:
        """The design of the given rows (a slice, indices or a mask)."""

    @abstractmethod
    def absolute(self) -> Design:
        """The design of the absolute terms whose sums the products are, no entry smaller than that of X: for bounds on rounding."""

    @abstractmethod
    def squared(self) -> Design:
        """The design of the squared entries, for the diagonal of a Gram matrix."""

    @abstractmethod
    def dense(self) -> Array:
        """(n, p): the entries themselves."""

    @abstractmethod
    def columns(self, keep: Any) -> Design:
        """The design of the given columns (increasing indices), as a copy that is quick to multiply."""

    @abstractmethod
    def to(self, device: str) -> Design:
        """The same design as float64 torch tensors on a device."""

    def ready(self) -> Design:
        """The same design, prepared for several products in a row (a scaled dense block is centred and scaled once)."""
        return self


@dataclass
class Block:
    """Some encoded rows.

    ``y`` holds class codes (n,) or, for soft targets, a distribution over the classes (n, K). ``cache`` keeps the logits of the
    last evaluation where the block lives; it is an optimisation only, and a pickled block leaves it behind.
    """

    X: Design
    y: Array
    weight: Array
    offset: Array | None = None
    cache: dict[str, tuple[Any, Array]] = field(default_factory=dict, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "cache": {}}


class RawBlock(NamedTuple):
    """Some rows as they came: X (n, p) a NumPy array or scipy CSR; y labels, weight, offset, and for inference frequency and group.

    A row stands for as many observations as its ``frequency``, which is a factor of its weight too; ``group`` numbers clusters.
    """

    X: Any
    y: Any
    weight: Any
    offset: Any
    frequency: Any = None
    group: Any = None


class Source(ABC):
    """WHERE rows come from. Every source here can be read more than once."""

    features: tuple[str, ...] | None
    shape: tuple[int, int]

    @abstractmethod
    def blocks(self, rows: int) -> Iterator[RawBlock]:
        """The rows in order, at most ``rows`` at a time, as views wherever the storage allows."""


class Executor(ABC):
    """WHO computes. ``fn`` is a module-level function of one part and plain arguments."""

    @abstractmethod
    def put(self, parts: Sequence[Any]) -> list[Any]:
        """Hand over the parts; the returned handles stand for them."""

    @abstractmethod
    def map_sum(self, fn: Callable[..., tuple[Any, ...]], handles: Sequence[Any], *args: Any) -> tuple[Any, ...]:
        """``fn(part, *args)`` for each part; the tuples are added element by element, in the order of the handles."""

    @abstractmethod
    def map_merge(self, fn: Callable[..., Any], handles: Sequence[Any], merge: Callable[[Any, Any], Any], *args: Any) -> Any:
        """``fn(part, *args)`` for each part, folded with ``merge`` in the order of the handles."""

    @abstractmethod
    def map(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> list[Any]:
        """``fn(part, *args)`` for each part, as a list in the order of the handles."""


# --------------------------------------------------------------------------------------------------------- mathematics lane


class Loss(ABC):
    """WHAT a row costs, as a function of its logits. Probabilities only leave; logits cross every border."""

    columns: int  # M
    classes: int  # K

    @abstractmethod
    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss of each row (n,) and residual (n, M)."""

    @abstractmethod
    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, M): the Hessian of each row's loss in its logits, applied to the rows of V."""

    @abstractmethod
    def steepness(self, eta: Array) -> Array:
        """(n, M): no less than the diagonal entries of each row's Hessian, to rounding."""

    @abstractmethod
    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """(k, l, h) for k <= l: h >= 0 (n,), the absolute (k, l) entry of each row's Hessian; negative off the diagonal."""

    @abstractmethod
    def probabilities(self, eta: Array) -> Array:
        """(n, K)."""

    @abstractmethod
    def log_probabilities(self, eta: Array) -> Array:
        """(n, K); finite wherever the logits are."""

    @abstractmethod
    def class_logits(self, V: Array) -> Array:
        """(n, M) -> (n, K): the logit of every class, [0, eta] where one column stands for two classes."""


class Penalty(ABC):
    """A convex function of W, row by row; ``factor[j] = 0`` leaves row j free (the intercept).

    It is smooth but for ``l1[j] |W_j|_1``, where ``l1`` is not None.
    """

    l1: Array | None = None  # (q,)

    @abstractmethod
    def value(self, W: Array) -> float:
        """All of it, the L1 part included."""

    @abstractmethod
    def gradient(self, W: Array) -> Array:
        """(q, M), of the smooth part."""

    @abstractmethod
    def curvature(self, W: Array) -> Array:
        """(q,): second derivative of each coefficient of the row, in the smooth part."""


class Point(NamedTuple):
    """An evaluated place: coefficients, objective, gradient of its smooth part. ``memo`` is the objective's own and may be None."""

    W: Array
    value: float
    grad: Array
    memo: Any


class Line(ABC):
    """The objective along W + t D. ``eps`` is the relative rounding of its values."""

    eps: float = EPS

    @abstractmethod
    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t; where there are kinks, the slope of the smooth part."""

    @abstractmethod
    def point(self, t: float) -> Point:
        """The full point at t."""


# Some rows of an epoch: W -> mean loss of these rows + penalty, its gradient, and their weight relative to an even batch.
Batch = Callable[[Array], tuple[float, Array, float]]


class Face(NamedTuple):
    """The Hessian H of m coefficients at a point, row by row of W, lifted a little so that it is positive definite.

    ``solve(chosen, right)`` is x (m,) with H x = right in the chosen entries (a mask) and zero in the others, ``product(x)`` is
    H x (m,); ``bends`` is how many sets of signs are worth solving for in one step.
    """

    solve: Callable[[Array, Array], Array]
    product: Callable[[Array], Array]
    bends: int


# (q, M) -> (q, M): an estimate of the inverse Hessian, linear, symmetric and positive definite.
Metric = Callable[[Array], Array]


class Objective(ABC):
    """WHAT is minimised: all that a solver ever sees. ``offers`` is matched against ``Solver.needs`` before any work."""

    offers: frozenset[str]  # what is defined of all that has no body; "batches" too; "sampled", "early", "inexact" qualify these,
    # and "dual" says that gradients prove gaps, and Hessians are dear
    shape: tuple[int, ...]  # of W
    batch_losses: list[float]  # since somebody last took them
    l1: Array | None = None  # (q,) strength of |W_j|_1, the kinks
    accuracy: Callable[[Point], float]  # share of the weight whose likeliest class is the right one; always there
    line: Callable[[Point, Array], Line]  # from a point along a direction
    hessian: Callable[[Point], Array]  # (size, size), positive definite but for directions in which nothing changes, filled in
    price: float = 20.0  # of a Hessian, in gradients, about
    metric: Callable[..., Metric]  # near a point; "early": cheap, "sampled": a Newton step gains two digits; made there if afresh
    outlook: Callable[[Point], float]  # the least gap that a certificate could promise here, without a pass over the rows
    bound: Callable[[int | None], float]  # on the curvature that a step on so many random rows meets (None: all rows)
    # The same of some rows of W alone, the others zero; where to begin there; and the gap after which there is no need to go on.
    columns: Callable[[Any, Point], tuple[Objective, Point, float]]
    among: Callable[[Any, Point], Point]  # these rows' point, seen among all rows
    # In a metric near the Hessian of a point: (V, G, s) -> W with the least G (W - V) + s |W - V|² / 2 + l1 |W|; and |D|² of a D.
    proximal: Callable[[Point], tuple[Callable[[Array, Array, float], Array], Callable[[Array], float]]]
    face: Callable[[Point, Array, float], Face]  # of the coefficients of a (q, M) mask, solved to this relative accuracy

    @abstractmethod
    def at(self, W: Array) -> Point: ...

    @abstractmethod
    def batches(self, size: int | None) -> Iterator[Batch]:
        """All rows once, in a new random order, ``size`` at a time (None: all at once)."""

    @abstractmethod
    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """What is known about the gap; the returned point is the one that the certificate speaks of.

        Nobody needs to know of a smaller gap than ``enough``.
        """

    def canonical(self, W: Array) -> Array:
        """Of all coefficients with the same logits, those that are published."""
        return W

    def subgradient(self, point: Point) -> Array:
        """(q, M): of least size; the gradient where there is one."""
        return point.grad

    def penalty_value(self, point: Point) -> float:
        """The part of the value that is penalty."""
        return 0.0

    def diagnose(self, point: Point) -> Certificate | None:
        """A named reason why no certificate can come, where there is one."""
        return None


class Solver(ABC):
    """HOW: a generator of points. Declares what it needs, owns no stopping rule, prints nothing.

    It ends by itself only where it cannot make progress in floating point. ``epochs``, where set, is how many points after the
    first it wants, whatever the general limit; ``as_given`` asks for the columns in the units of the data; ``watched`` asks for
    the accuracy at every point; ``early`` for a stop where validation data get no better.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    watched: ClassVar[bool] = False
    epochs: int | None = None
    as_given: bool = False
    early: Patience | None = None

    @abstractmethod
    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]: ...


class Spec(NamedTuple):
    """Every choice of the user in one record. Give ``alpha``, or ``C`` in scikit-learn's sense, not both; neither is no penalty."""

    C: float | None = None
    alpha: float | None = None
    l1_ratio: float = 0.0
    fit_intercept: bool = True
    class_weight: Any = None  # None, "balanced", or a weight for each label
    standardize: bool = False
    solver: str | Solver = "auto"
    stop: Stop = Stop()
    init: Any = "zeros"  # a name, coefficients in the units of the data, or (coefficients, intercepts)
    seed: Any = None  # int, NumPy Generator or RandomState
    device: str = "auto"
    bias: str | None = None  # "firth": reduced by the Jeffreys penalty
    covariance: str | None = "auto"  # of the coefficients: "observed", "HC0", "HC1", "cluster"; "auto" for maximum likelihood
