"""Who looks on while an estimator is fitted: a plain function, scikit-learn's callbacks where it has them, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from .errors import InputError
from .fit import Snapshot
from .outputs.progress import Progress

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin, with_callbacks as with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """The method as it is."""
        return method


class Audience:
    """Everybody who looks on during one fit; calling it with a snapshot says whether somebody wants to stop.

    Parameters
    ----------
    estimator : object
        The estimator being fitted; scikit-learn's callbacks hang on it.
    X, y : array-like
        Handed to scikit-learn's callbacks.
    callback : callable, optional
        ``callback(snapshot) -> stop``.
    progress : Progress, optional
    attributes : callable
        The fitted attributes, by name, that a model gives; for callbacks that ask for a fitted estimator.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        callback: Callable[[Snapshot], object] | None,
        progress: Progress | None,
        attributes: Callable[[Any], dict[str, Any]],
    ) -> None:
        if callback is not None and not callable(callback):
            raise InputError(f"callback must be a function of one argument, but is {callback!r:.60}")
        self.estimator, self.rows = estimator, {"X": X, "y": y}
        self.callback, self.progress, self.attributes = callback, progress, attributes
        self._stack = ExitStack()
        self._root: Any = None
        self._step: Any = None
        self._attributes: Callable[[], dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        if self.progress is not None:
            self._stack.enter_context(self.progress)
        if hasattr(self.estimator, "_skl_callbacks") or hasattr(self.estimator, "_parent_callback_ctx"):
            self._root = self.estimator._init_callback_context(max_subtasks=None)
            self._root.call_on_fit_task_begin(**self._told())
        return self

    def __call__(self, snapshot: Snapshot) -> bool:
        """Show everybody a point."""
        if self.progress is not None:
            self.progress(snapshot.record)
        stop = self.callback is not None and bool(self.callback(snapshot))
        if self._root is not None:  # a task of theirs is an iteration: it begins at one point and ends at the next
            self._attributes = lambda: self.attributes(snapshot.model)
            stop |= self._end_step()
            if not stop:
                self._step = self._root.subcontext(task_name="iteration")
                self._step.call_on_fit_task_begin(**self._told())
        return stop

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
        if self._root is not None and error is None:
            self._end_step()
            self._root.call_on_fit_task_end(**self._told())

    def _end_step(self) -> bool:
        step, self._step = self._step, None
        return step is not None and bool(step.call_on_fit_task_end(**self._told()))

    def _told(self) -> dict[str, Any]:
        return {"estimator": self.estimator, **self.rows, "reconstruction_attributes": self._attributes}
