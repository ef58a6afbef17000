"""Who computes: here, this process. Other executors keep the same promises."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from .contracts import Executor
from .pools import one_thread_each

TURNS = 8  # of each thread at least, so that all end together
RUN = 4  # parts that a thread does in a turn: handing over costs as much as some products


class InProcess(Executor):
    """The parts are their own handles, and tasks run one after another; threads belong to the products inside them."""

    def put(self, parts: Sequence[Any]) -> list[Any]:
        """The parts themselves."""
        return list(parts)

    def map_sum(self, fn: Callable[..., tuple[Any, ...]], handles: Sequence[Any], *args: Any) -> tuple[Any, ...]:
        """Sums in the order of the handles, so the same data give the same bits."""
        if len(handles) == 1:
            return fn(handles[0], *args)
        results = self._each(fn, handles, *args)
        total = list(next(results))
        for result in results:
            for i, value in enumerate(result):
                total[i] = total[i] + value
        return tuple(total)

    def map_merge(self, fn: Callable[..., Any], handles: Sequence[Any], merge: Callable[[Any, Any], Any], *args: Any) -> Any:
        """Folds from the first handle on."""
        results = self._each(fn, handles, *args)
        merged = next(results)
        for result in results:
            merged = merge(merged, result)
        return merged

    def map(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> list[Any]:
        """One result a handle."""
        return list(self._each(fn, handles, *args))

    def _each(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> Iterator[Any]:
        """Results in the order of the handles."""
        return (fn(part, *args) for part in handles)


class Threads(InProcess):
    """Tasks run side by side, each part's products on one thread: a context that gives the threads back.

    Products of a block are too small to be worth dividing, and what is not a product would wait for one core.

    Attributes
    ----------
    count : int
        Threads, as many as the products had.
    """

    def __init__(self) -> None:
        self._held = ExitStack()
        self._pool: ThreadPoolExecutor | None = None
        self.count = 1

    def __enter__(self) -> Self:
        self.count = self._held.enter_context(one_thread_each())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._held.close()
        self._pool, self.count = None, 1

    @property
    def _workers(self) -> ThreadPoolExecutor:
        """Threads, made when there is something for them to do."""
        if self._pool is None:
            self._pool = self._held.enter_context(ThreadPoolExecutor(self.count))
        return self._pool

    def at_once(self, fn: Callable[[Any], Any], handles: Sequence[Any]) -> list[Any]:
        """One result a handle, of which there are at most ``count``; the first in this thread, which has its core already."""
        others = [self._workers.submit(contextvars.copy_context().run, fn, part) for part in handles[1:]]
        return [fn(handles[0]), *(other.result() for other in others)]

    def _each(self, fn: Callable[..., Any], handles: Sequence[Any], *args: Any) -> Iterator[Any]:
        if self.count == 1 or len(handles) < 2:
            yield from super()._each(fn, handles, *args)
            return
        context = contextvars.copy_context()  # NumPy's error state among others
        run = min(max(len(handles) // (TURNS * self.count), 1), RUN)
        waiting: deque[Future[list[Any]]] = deque()
        try:
            for first in range(0, len(handles), run):
                waiting.append(self._workers.submit(context.copy().run, _turn, fn, handles[first : first + run], args))
                if len(waiting) > 2 * self.count:  # results may be large, so nobody runs far ahead
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for task in waiting:
                task.cancel()


def _turn(fn: Callable[..., Any], parts: Sequence[Any], args: tuple[Any, ...]) -> list[Any]:
    """Some parts, one after another."""
    return [fn(part, *args) for part in parts]
