"""What several suites share: a forgetful executor, certified data, small problems of every kind."""

from __future__ import annotations

import csv
import json
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from logistic.contracts import Executor, Spec, Stop
from logistic.fit import Fit, fit
from logistic.solvers import REGISTRY
from logistic.sources import ArraySource

EXACT = sorted(name for name, solver in REGISTRY.items() if not solver.watched)  # they end at a certified optimum by default

SHARED = Path(os.environ.get("LOGISTIC_SHARED", Path(__file__).parents[2] / "shared"))


class Forgetful(Executor):
    """Pickles function, part, arguments and result, and runs every task twice: nothing is remembered, nothing is shared."""

    def put(self, parts: Sequence[Any]) -> list[Any]:
        """Handles are pickles."""
        return [pickle.dumps(part) for part in parts]

    def map_sum(self, fn: Callable[..., tuple[Any, ...]], handles: Sequence[Any], *args: Any) -> tuple[Any, ...]:
        """As the contract says."""
        total: list[Any] | None = None
        for result in self.map(fn, handles, *args):
            total = list(result) if total is None else [a + b for a, b in zip(total, result, strict=True)]
        assert total is not None
        return tuple(total)

    def map_merge(self, fn: Callable[..., Any], handles: Sequence[Any], merge: Callable[[Any, Any], Any], *args: Any) -> Any:
        """As the contract says."""
        first, *others = self.map(fn, handles, *args)
        for other in others:
            first = merge(first, other)
        return first

    def map(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> list[Any]:
        """As the contract says."""
        results = []
        for handle in handles:
            sent = pickle.dumps((fn, args))
            for _ in range(2):
                task, given = pickle.loads(sent)
                result = pickle.loads(pickle.dumps(task(pickle.loads(handle), *given)))
            results.append(result)
        return results


class Certified(NamedTuple):
    """A data set whose maximum-likelihood estimate is known to 20 digits."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    columns: list[str]
    reference: dict[str, Any]


def shared_file(*parts: str) -> Path:
    """A file of the shared folder; skips the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared data folder (set LOGISTIC_SHARED)")
    return path


def certified(name: str) -> Certified:
    """The named data set with its certified values."""
    with shared_file("reference", f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = [c for c in rows[0] if c not in ("y", "weight")]
    X = np.array([[float(row[c]) for c in columns] for row in rows])
    weight = np.array([float(row["weight"]) for row in rows]) if "weight" in rows[0] else None
    reference = json.loads(shared_file("reference", f"{name}.json").read_text())[name]
    return Certified(X, np.array([row["y"] for row in rows]), weight, columns, reference)


def fit_arrays(
    X: Any,
    y: Any,
    weight: Any = None,
    offset: Any = None,
    executor: Executor | None = None,
    stop: Stop | None = None,
    **choices: Any,
) -> Fit:
    """Fit arrays with the given choices of :class:`Spec`; no penalty unless one is given."""
    return fit(ArraySource(X, y, weight, offset), Spec(stop=stop or Stop(), **choices), executor=executor)


def overlapping(seed: int, n: int, p: int, classes: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose classes overlap, so that a finite estimate exists: labels are drawn from a softmax model."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    logits = spread * (X @ rng.normal(size=(p, classes)) + rng.normal(size=classes))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    y[:classes] = np.arange(classes)
    return X, y
