"""Who computes: here, this process. Other executors keep the same promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .contracts import Executor


class InProcess(Executor):
    """The parts are their own handles, and tasks run one after another; threads belong to the products inside them."""

    def put(self, parts: Sequence[Any]) -> list[Any]:
        """The parts themselves."""
        return list(parts)

    def map_sum(self, fn: Callable[..., tuple[Any, ...]], handles: Sequence[Any], *args: Any) -> tuple[Any, ...]:
        """Sums in the order of the handles, so the same data give the same bits."""
        results = (fn(part, *args) for part in handles)
        total = list(next(results))
        for result in results:
            for i, value in enumerate(result):
                total[i] = total[i] + value
        return tuple(total)

    def map_merge(self, fn: Callable[..., Any], handles: Sequence[Any], merge: Callable[[Any, Any], Any], *args: Any) -> Any:
        """Folds from the first handle on."""
        results = (fn(part, *args) for part in handles)
        merged = next(results)
        for result in results:
            merged = merge(merged, result)
        return merged

    def map(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> list[Any]:
        """One result a handle."""
        return [fn(part, *args) for part in handles]
