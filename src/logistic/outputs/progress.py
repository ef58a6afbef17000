"""A line on a terminal that shows how a fit is getting on."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ..outcome import Record


class Progress:
    """A bar on the terminal behind stderr; where stderr is no terminal, a line for iterations 0, 1, 2, 4, 8, ...

    With ``every``, a line for each so manyth iteration, on any stderr.

    Parameters
    ----------
    title : str
        What is minimised.
    total : int, optional
        Points after the first, where that is known beforehand.
    every : int, optional
        At least 1.
    """

    def __init__(self, title: str, total: int | None = None, every: int | None = None) -> None:
        self.title, self.total, self.every = title, total, every
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self.every is not None or sys.stderr is None or not sys.stderr.isatty():
            _say(self.title)
            return self
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, SpinnerColumn, TextColumn, TimeElapsedColumn

        known = (BarColumn(), MofNCompleteColumn()) if self.total else (TextColumn("iteration {task.completed:.0f}"),)
        self._bar = Bar(
            SpinnerColumn(), *known, TextColumn("{task.fields[state]}"), TimeElapsedColumn(), console=Console(stderr=True)
        )
        self._bar.console.print(self.title, markup=False, highlight=False)
        self._bar.start()
        self._task = self._bar.add_task("", total=self.total, state="")
        return self

    def __call__(self, record: Record) -> None:
        """Show a point."""
        self.count(record.iteration, describe(record), record.seconds)

    def count(self, number: int, state: str, seconds: float) -> None:
        """Show how far it is, in a number and words."""
        if self._bar is not None:
            self._bar.update(self._task, completed=number, state=state)
        elif self._wanted(number):
            _say(f"  {number:6d}  {state}  {seconds:.1f} s")

    def _wanted(self, iteration: int) -> bool:
        return iteration & (iteration - 1) == 0 if self.every is None else iteration % self.every == 0

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            if error is None:
                self._bar.update(self._task, total=self._bar.tasks[0].completed)  # done, however many points it took
            self._bar.stop()


def _say(line: str) -> None:
    """A line for whoever listens; that nobody does is no reason to end a fit."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{line}\n")


def describe(record: Record) -> str:
    """Loss, gap and what else is known of a point, in a few words."""
    parts = [f"loss {record.loss:.6g}", "" if math.isnan(record.gap) else f"gap {record.gap:.1e}"]
    parts.append("" if math.isnan(record.accuracy) else f"accuracy {record.accuracy:.4f}")
    if not math.isnan(record.validation_loss):
        parts.append(f"validation loss {record.validation_loss:.6g}, accuracy {record.validation_accuracy:.4f}")
    return "  ".join(part for part in parts if part)
