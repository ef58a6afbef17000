"""Pictures that fit the data: regions of two columns, images of a grid of pixels, else the two strongest columns."""

from __future__ import annotations

import numpy as np

from ....sources import frame
from ...plots import DecisionRegionsDisplay, ImageDisplay, ScatterDisplay, WeightsDisplay
from ..document import Block, Section, Text
from ..evidence import Evidence
from .drawing import drawn
from .rows import worst


def pictures(found: Evidence) -> Section:
    """Whatever can be seen."""
    if found.pixels:
        blocks = _images(found)
    elif _plane(found) is not None and found.spread.tame.all():
        blocks = _regions(found)
    else:
        blocks = _scatter(found)
    return Section("pictures", "Pictures", tuple(blocks))


def _images(found: Evidence) -> list[Block]:
    at, wrong = worst(found)
    titles = [f"{found.labels[found.codes[i]]} → {found.labels[found.predicted[i]]}" for i in at]
    caption = "The worst mistakes: true → predicted" if wrong else "The rows that are least sure of their class"
    return [
        drawn("The weights of each class: yellow raises its score, blue lowers it", WeightsDisplay.from_estimator(found.plain)),
        drawn(caption, ImageDisplay.from_rows(found.dense(at), titles=titles)),
    ]


def _plane(found: Evidence) -> tuple[str, ...] | None:
    """The two columns of numbers that the model takes, if it takes two."""
    recipe, data = found.model.recipe, found.rows.data
    if recipe is None or data is None:
        return found.names if len(found.names) == 2 else None
    numeric = len(recipe.columns) == 2 and all(data[name].numeric for name in recipe.columns)
    return recipe.columns if numeric else None


def _regions(found: Evidence) -> list[Block]:
    names, data = _plane(found), found.rows.data
    assert names is not None
    if found.model.offset:
        return [*_scatter(found), Text("No decision regions: each row has an offset of its own.")]
    X = found.rows.X
    if found.model.recipe is not None and data is not None:
        X = frame({name: np.asarray(data[name].values, dtype=np.float64) for name in names})
    display = DecisionRegionsDisplay.from_estimator(found.model, X, found.model.classes[found.codes])
    return [drawn("The class that is predicted at each place of the plane, and the rows", display)]


def _scatter(found: Evidence) -> list[Block]:
    """The two strongest columns that are more than 0 and 1, if there are two."""
    several = found.drawable
    if len(several) < 2:
        return []
    first, second = several[:2]
    both = np.column_stack([_column(found, j) for j in (first, second)])
    X = frame({found.names[j]: both[:, i] for i, j in enumerate((first, second))}, "pyarrow")
    return [drawn("The two strongest columns of numbers", ScatterDisplay.from_rows(X, found.model.classes[found.codes]))]


def _column(found: Evidence, j: int) -> np.ndarray:
    column = found.rows.X[:, [j]]
    return np.asarray(column.toarray() if hasattr(column, "toarray") else column, dtype=np.float64)[:, 0]
