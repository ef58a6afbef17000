"""How training went: losses, accuracy, the certified gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from ...backend import to_numpy
from ...errors import InputError
from ..history import gaps
from .display import Display, Layout
from .inputs import several
from .look import COLOURS, DASHES, GREY, MARKERS, PALE, beside, colours, legend, number, spoken, words

MOST_BATCHES = 500  # mini-batches drawn one by one; more are drawn in groups
MOST_NAMED = 10
FEW = 12  # points of a line that are marked
CROWD = 6  # entries of a legend inside the axes; more stand beside the last ones


class Panel(NamedTuple):
    """What is drawn over the iterations: what was measured on the rows of the fit, and on rows held out."""

    name: str
    own: str
    held: str
    logarithmic: bool


PANELS = (
    Panel("loss", "loss", "validation_loss", False),
    Panel("accuracy", "accuracy", "validation_accuracy", False),
    Panel("certified gap", "gap", "", True),
)


@dataclass(eq=False, repr=False)
class TrainingDisplay(Display):
    """Loss per mini-batch and per epoch, accuracy, and the certified gap, of one run or several.

    Attributes
    ----------
    runs : dict of dict of arrays
        By the name of the run its history, as :func:`logistic.outputs.history.history` has it.
    """

    runs: dict[str, dict[str, np.ndarray]]

    @classmethod
    def from_estimator(cls, model: Any, *, ax: Any = None) -> Self:
        """Of fitted estimators.

        Parameters
        ----------
        model : estimator with ``history_``, or a dict of them by name
        ax : matplotlib Axes, or one for each panel, optional
        """
        runs = {}
        for name, one in several(model, "").items():
            if not hasattr(one, "history_"):
                what = f"model is a {type(one).__name__} without history_"
                raise InputError(f"{what}; pass an estimator that was fitted by fit, or use from_history")
            runs[name] = dict(one.history_)
            if "objective" in one.history_ and hasattr(one, "certificate_"):
                runs[name]["gap"] = gaps(one.history_, one.certificate_)
        return cls.from_history(runs if isinstance(model, Mapping) else runs[""], ax=ax)

    @classmethod
    def from_history(cls, history: Any, *, ax: Any = None) -> Self:
        """Of numbers.

        Parameters
        ----------
        history : dict of arrays, list of losses, or a dict of such by the name of the run
            A list of losses begins with that before training.
        ax : matplotlib Axes, or one for each panel, optional
        """
        keys = {"batch_loss", *(key for panel in PANELS for key in (panel.own, panel.held) if key)}
        one = not isinstance(history, Mapping) or bool(keys & set(history))
        runs = {name: _history(run, keys) for name, run in ({"": history} if one else several(history, "")).items()}
        if not runs:
            raise InputError("history is empty; pass at least one run")
        return cls(runs).plot(ax)

    @property
    def panels(self) -> list[Panel]:
        """Those for which something was measured."""
        measured = {key for run in self.runs.values() for key, values in run.items() if np.isfinite(values).sum() > 1}
        found = [p for p in PANELS if {p.own, p.held, *(["batch_loss"] if p.own == "loss" else [])} & measured]
        return found or list(PANELS[:1])

    @property
    def alt(self) -> str:
        """The figure in words."""
        told = []
        for name, run in list(self.runs.items())[:MOST_NAMED]:
            facts = []
            for panel in self.panels:
                for key, of in ((panel.own, ""), (panel.held, " on validation rows")):
                    values = run.get(key, np.zeros(0))
                    values = values[np.isfinite(values)]
                    if len(values):
                        facts.append(f"{panel.name}{of} from {number(values[0], 4)} to {number(values[-1], 4)}")
            if "batch_loss" in run:
                facts.append(f"{len(run['batch_loss']):,} mini-batches, the last with loss {number(run['batch_loss'][-1], 4)}")
            about = f"{spoken(name)}: " if name else ""
            told.append(f"{about}{int(run['iteration'][-1])} {self._unit(run)}s, {', '.join(facts)}")
        more = f"; and {len(self.runs) - MOST_NAMED} more runs" if len(self.runs) > MOST_NAMED else ""
        return f"Training: {'; '.join(told)}{more}."

    @property
    def layout(self) -> Layout:
        """Panels side by side."""
        count = len(self.panels)
        return Layout(columns=count, width=1.0 + 3.6 * count, height=3.5)

    def draw(self, axes: list[Any]) -> None:
        """Runs differ in colour, rows held out in dashes and markers, mini-batches are pale."""
        many, paint = len(self.runs) > 1, colours(len(self.runs))
        for ax, panel in zip(axes, self.panels, strict=True):
            handles, names, batches = [], [], ""
            both = any(panel.held in run for run in self.runs.values())
            for i, (name, run) in enumerate(self.runs.items()):
                colour, about = paint[i], f"{words(name, 18)}" if many or name else ""
                if panel.own == "loss" and "batch_loss" in run:
                    batches = _draw_batches(ax, run, colour)
                dashes = DASHES[i % len(DASHES)] if many else "-"
                few = {"marker": ".", "markersize": 5} if len(run["iteration"]) <= FEW else {}
                for key, of in ((panel.own, "training"), (panel.held, "validation")):
                    if key not in run:
                        continue
                    held = key == panel.held
                    marks: dict[str, Any] = (
                        {"marker": MARKERS[i % len(MARKERS)], "markevery": 0.14, "markersize": 4} if held else few
                    )
                    tint = COLOURS[4] if held and not many else colour
                    handles.append(ax.plot(run["iteration"], _positive(run[key], panel), color=tint, linestyle=dashes, **marks)[0])
                    names.append(" ".join(filter(None, (about, of if both else ""))) or of)
            self._finish(ax, panel)
            if batches:
                handles.append(ax.plot([], [], color=GREY, alpha=0.5, linewidth=2.5)[0])
                names.append(batches)
            if len(handles) > CROWD and ax is axes[-1]:
                beside(ax, handles[: 2 * MOST_NAMED], names[: 2 * MOST_NAMED])
            elif 1 < len(handles) <= CROWD:
                legend(ax, handles, names)

    def _finish(self, ax: Any, panel: Panel) -> None:
        ax.set(xlabel=self._unit(next(iter(self.runs.values()))), ylabel=panel.name)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(color=PALE, linewidth=0.6)
        if panel.logarithmic:
            ax.set_yscale("log")
        elif panel.name == "accuracy":
            ax.set_ylim(top=min(1.02, ax.get_ylim()[1]))

    @staticmethod
    def _unit(run: dict[str, np.ndarray]) -> str:
        return "epoch" if "batch_loss" in run else "iteration"


def _history(run: Any, keys: set[str]) -> dict[str, np.ndarray]:
    """One run as arrays with ``iteration``."""
    given = run if isinstance(run, Mapping) else {"loss": run}
    found = {str(key): np.asarray(to_numpy(values), dtype=np.float64) for key, values in given.items() if key in keys}
    lengths = {len(values) for key, values in found.items() if key != "batch_loss"}
    if not found or len(lengths) > 1 or any(values.ndim != 1 or not len(values) for values in found.values()):
        raise InputError(f"history holds {list(given)!r:.100}; pass history_, or losses of one length, at least one number")
    n = lengths.pop() if lengths else 2
    return {"iteration": np.asarray(given.get("iteration", np.arange(n)), dtype=np.int64), **found}


def _draw_batches(ax: Any, run: dict[str, np.ndarray], colour: Any) -> str:
    """Each mini-batch where it stands within the epochs; many of them as the range of each of so many groups."""
    losses, last = run["batch_loss"], max(float(run["iteration"][-1]), 1.0)
    at = np.arange(1, len(losses) + 1) / len(losses) * last
    if len(losses) <= MOST_BATCHES:
        ax.plot(at, losses, color=colour, alpha=0.4, linewidth=0.7)
        return "each mini-batch"
    starts = np.linspace(0, len(losses), MOST_BATCHES // 2 + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(losses, starts), np.maximum.reduceat(losses, starts)
    ax.fill_between(at[starts], low, high, color=colour, alpha=0.25, linewidth=0, step="post")
    return f"range of {len(losses) // len(starts):,} mini-batches"


def _positive(values: np.ndarray, panel: Panel) -> np.ndarray:
    """What a logarithmic axis can show."""
    return np.where(np.isfinite(values) & ((values > 0) | (not panel.logarithmic)), values, np.nan)
