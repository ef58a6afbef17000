"""A line on a terminal that shows how a fit is getting on."""

from __future__ import annotations

import math
import sys
from types import TracebackType
from typing import Any, Self

from ..outcome import Record


class Progress:
    """A bar on the terminal behind stderr; where stderr is no terminal, a line for iterations 0, 1, 2, 4, 8, ...

    Parameters
    ----------
    title : str
        What is minimised.
    total : int, optional
        Points after the first, where that is known beforehand.
    """

    def __init__(self, title: str, total: int | None = None) -> None:
        self.title, self.total = title, total
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if not sys.stderr.isatty():
            sys.stderr.write(f"{self.title}\n")
            return self
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

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
        state = describe(record)
        if self._bar is not None:
            self._bar.update(self._task, completed=record.iteration, state=state)
        elif record.iteration & (record.iteration - 1) == 0:
            sys.stderr.write(f"  {record.iteration:6d}  {state}  {record.seconds:.1f} s\n")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()


def describe(record: Record) -> str:
    """Loss, gap and what else is known of a point, in a few words."""
    parts = [f"loss {record.loss:.6g}", "" if math.isnan(record.gap) else f"gap {record.gap:.1e}"]
    parts.append("" if math.isnan(record.accuracy) else f"accuracy {record.accuracy:.4f}")
    if not math.isnan(record.validation_loss):
        parts.append(f"validation loss {record.validation_loss:.6g}, accuracy {record.validation_accuracy:.4f}")
    return "  ".join(part for part in parts if part)
