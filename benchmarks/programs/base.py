"""What a program is to the harness: a layout it likes, a ladder of settings, and an answer that the judge understands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sp

from ..data import Data
from ..workloads import Task


class RefusedError(Exception):
    """The program does not solve this problem, in words."""


class Ladder(NamedTuple):
    """Settings from coarse to fine; each run starts from scratch. ``whole`` numbers are iterations, others tolerances.

    Where ``refine`` is set, the harness looks between the last rung that missed a target and the first that reached it, so that
    coarse rungs cost a peer nothing.
    """

    rungs: tuple[float, ...]
    whole: bool = False
    refine: bool = True


ITERATIONS = Ladder(tuple(2.0**k for k in range(2, 18)), whole=True)
TOLERANCES = Ladder(tuple(10.0**-k for k in range(2, 15, 2)))
NEVER = 1e-14  # a tolerance that leaves the stop to max_iter, or to the end of progress in floating point


class Answer(NamedTuple):
    """Coefficients (S, M, p) and intercepts (S, M), the claimed gaps F - F* (S,) where there are any, and the program's words.

    For predictions ``coefs`` are the probabilities (n, K) and there are no intercepts.
    """

    coefs: np.ndarray
    intercepts: np.ndarray
    claims: np.ndarray | None = None
    says: str = ""


class Program(ABC):
    """A way to solve a task.

    Attributes
    ----------
    name : str
    packages : tuple of str
        Distributions whose versions are written down; the first has to be there.
    module : str
        What is imported.
    dtype : type
        Of the entries it gets.
    order : {"C", "F"}
        Of a dense X; a sparse one comes as CSR or CSC accordingly.
    kinds : set of str
        Workloads that it takes part in.
    """

    name: str
    packages: tuple[str, ...] = ()
    module: str = ""
    dtype: Any = np.float64
    order: ClassVar[Any] = "C"
    kinds: frozenset[str] = frozenset({"fit"})
    ladder: Ladder = ITERATIONS

    def versions(self) -> dict[str, str]:
        """Its packages and their versions; empty where the first is missing."""
        try:
            return {package: version(package) for package in self.packages}
        except PackageNotFoundError:
            return {}

    def load(self) -> None:
        """Import it; whatever that raises is reported."""
        import_module(self.module)

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """Why it does not solve this problem; empty where it does."""
        return ""

    def ready(self, task: Task, data: Data) -> Any:
        """X and y as it likes them, made before the clock starts."""
        if sp.issparse(data.X):
            form = sp.csr_matrix if self.order == "C" else sp.csc_matrix
            return form(data.X, dtype=self.dtype), data.y
        return np.asarray(data.X, dtype=self.dtype, order=self.order), data.y

    @abstractmethod
    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """The timed part: all strengths of the task; ``setting`` is a rung, or None for the program's own defaults."""


def stacked(models: list[tuple[Any, Any]], p: int, says: str = "") -> Answer:
    """The answer of a list of (coefficients, intercepts), of any shapes that hold (M, p) and (M,) numbers."""
    coefs = np.stack([np.asarray(coef, dtype=np.float64).reshape(-1, p) for coef, _ in models])
    intercepts = np.stack([np.broadcast_to(np.asarray(b, dtype=np.float64).ravel(), coefs.shape[1]) for _, b in models])
    return Answer(coefs, intercepts, None, says)


def of_folds(paths: Any, task: Task, p: int) -> Answer:
    """The answer of scikit-learn's ``coefs_paths_`` (folds, l1_ratios, Cs, M, p + intercept): all strengths of the first fold."""
    first = np.asarray(paths, dtype=np.float64).reshape(int(task.folds.max()) + 1, len(task.Cs), -1, p + task.intercept)[0]  # type: ignore[union-attr]
    intercepts = first[:, :, p] if task.intercept else np.zeros(first.shape[:2])
    return Answer(first[:, :, :p], intercepts)


def splits(task: Task) -> list[tuple[np.ndarray, np.ndarray]]:
    """The folds as scikit-learn's ``cv`` takes them: rows to train on, and rows that are held out."""
    assert task.folds is not None
    return [(np.flatnonzero(task.folds != k), np.flatnonzero(task.folds == k)) for k in range(int(task.folds.max()) + 1)]
