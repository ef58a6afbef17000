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
from enum import Enum
from typing import Any, ClassVar, NamedTuple

from .backend import Array

# ---------------------------------------------------------------------------------------------------------------- data lane


class Design(ABC):
    """HOW X multiplies, for M columns at once. Sparsity, scaling and the intercept are designs, never branches."""

    shape: tuple[int, int]

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
        """The design of the absolute entries, for bounds on rounding."""

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
    """Some rows as they came: X (n, p) a NumPy array or scipy CSR, y labels or None, weight and offset or None."""

    X: Any
    y: Any
    weight: Any
    offset: Any


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
    """A convex function of W, row by row; ``factor[j] = 0`` leaves row j free (the intercept)."""

    @abstractmethod
    def value(self, W: Array) -> float: ...

    @abstractmethod
    def gradient(self, W: Array) -> Array:
        """(q, M)."""

    @abstractmethod
    def curvature(self, W: Array) -> Array:
        """(q,): second derivative of each coefficient of the row."""


class Point(NamedTuple):
    """An evaluated place: coefficients, objective, gradient. ``memo`` belongs to the objective and may be None."""

    W: Array
    value: float
    grad: Array
    memo: Any


class Line(ABC):
    """The objective along W + t D."""

    @abstractmethod
    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""

    @abstractmethod
    def point(self, t: float) -> Point:
        """The full point at t."""


class Status(Enum):
    """How a fit ended. The value is the advice."""

    CONVERGED = "the certified gap is within tol"
    PRECISION_FLOOR = "float64 holds no better answer; the gap is certified but larger than tol"
    MAX_ITER = "stopped at max_iter without a certificate within tol; raise max_iter, or rescale nearly collinear columns"
    MAX_TIME = "stopped at max_time without a certificate within tol; raise max_time or loosen tol"
    STOPPED = "a callback asked to stop"
    INTERRUPTED = "interrupted; the best point so far was kept"
    SEPARATED = (
        "a combination of the columns separates the classes, so no finite estimate exists; add a penalty (C=1) or drop a column"
    )
    RANK_DEFICIENT = "some columns are combinations of others; the minimum-norm answer is given, its predictions are unique"
    UNDETERMINED = "no certificate and no witness of separation; rescale or drop nearly collinear columns, or add a penalty"
    UNCERTIFIED = "the solver ended within its own limits; the gap stands as estimated"
    DIVERGED = "the objective left the finite numbers; lower the learning rate or check the columns for huge values"

    @property
    def word(self) -> str:
        """The status as it is written in files and tables."""
        return self.name.lower()

    @property
    def certified(self) -> bool:
        """Whether the answer is the optimum, as far as float64 can tell."""
        return self in (Status.CONVERGED, Status.PRECISION_FLOOR)


@dataclass(frozen=True)
class Certificate:
    """What is known about F(W) - min F.

    Attributes
    ----------
    value : float
        The objective at the point.
    gap : float
        Upper bound on (or, for kind ``estimate``, an estimate of) F(W) - min F; inf where nothing is known.
    kind : str
        ``proof``, ``estimate`` or ``none``.
    kkt : float
        Largest absolute entry of the gradient, in the solver's scaled columns.
    status : Status
    columns : tuple of int
        The columns the status speaks of: aliased ones, or those with a part in the separation.
    direction : array or None
        (q, M) witness of separation: along it no row gets worse and some get better without end.
    """

    value: float
    gap: float
    kind: str
    kkt: float
    status: Status = Status.UNCERTIFIED
    columns: tuple[int, ...] = ()
    direction: Array | None = None


class Objective(ABC):
    """WHAT is minimised: all that a solver ever sees. ``offers`` is matched against ``Solver.needs`` before any work."""

    offers: frozenset[str]
    shape: tuple[int, ...]  # of W

    @abstractmethod
    def at(self, W: Array) -> Point: ...

    @abstractmethod
    def line(self, point: Point, direction: Array) -> Line: ...

    @abstractmethod
    def hessian(self, point: Point) -> Array:
        """(size, size), positive definite wherever the optimum is unique up to directions in which nothing changes."""

    @abstractmethod
    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """What is known about the gap; the returned point is the one that the certificate speaks of."""

    def diagnose(self, point: Point) -> Certificate | None:
        """A named reason why no certificate can come, where there is one."""
        return None


class Solver(ABC):
    """HOW: a generator of points. Declares what it needs, owns no stopping rule, prints nothing.

    It ends by itself only where it cannot make progress in floating point.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]

    @abstractmethod
    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]: ...


class Stop(NamedTuple):
    """When to stop. ``tol`` is certified relative suboptimality; ``max_time`` is in seconds."""

    tol: float = 1e-8
    max_iter: int = 1000
    max_time: float | None = None


class Record(NamedTuple):
    """One line of the trace."""

    iteration: int
    value: float
    kkt: float
    seconds: float


class Solution(NamedTuple):
    """Where the loop ended, and what it can say about it. ``n_iter`` counts points after the first."""

    point: Point
    certificate: Certificate
    n_iter: int
    trace: tuple[Record, ...]


class Spec(NamedTuple):
    """Every choice of the user in one record. Give ``alpha``, or ``C`` in scikit-learn's sense, not both; neither is no penalty."""

    C: float | None = None
    alpha: float | None = None
    fit_intercept: bool = True
    standardize: bool = False
    solver: str = "auto"
    stop: Stop = Stop()
