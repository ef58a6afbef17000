"""Which class is predicted where: for two features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from ...errors import InputError
from .display import Display, Layout
from .inputs import Rows, classes_among, predictions, read, said, sample, two_columns
from .look import INK, MARKERS, beside, colours, percent, spoken, words

BLOCK = 2**13  # points that are predicted at a time
TINT = 0.3  # of the colour of a class, for its region
NAMED = 14  # classes in the legend


class Part(NamedTuple):
    """Rows that are drawn over the regions: their name, values (n, 2), codes of their labels (n,), share predicted right."""

    name: str
    X: np.ndarray
    codes: np.ndarray
    accuracy: float


@dataclass(eq=False, repr=False)
class DecisionRegionsDisplay(Display):
    """The plane of two features, coloured by the class that is predicted, and rows over it.

    Attributes
    ----------
    x, y : (grid,) arrays
        Where predictions were asked for.
    response : (grid, grid) array of int
        Position among ``classes`` of the class predicted at each y (down) and x (across).
    classes : (K,) array
    parts : list of Part
        Each is a panel: the rows; where there are test rows, training rows and those.
    names : (2,) tuple of str
    """

    x: np.ndarray
    y: np.ndarray
    response: np.ndarray
    classes: np.ndarray
    parts: list[Part]
    names: tuple[str, ...]

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        y: Any,
        *,
        test: tuple[Any, Any] | None = None,
        grid: int = 301,
        margin: float = 0.05,
        ax: Any = None,
    ) -> Self:
        """Of a fitted model.

        Parameters
        ----------
        model : object with ``predict``, or a function from rows (n, 2) to labels
        X : (n, 2) rows
        y : (n,) true labels
        test : tuple (X, y), optional
            Other rows, which get a panel of their own beside.
        grid : int, default=301
            Points in each direction.
        margin : float, default=0.05
            Around all rows, as a share of their range.
        ax : matplotlib Axes, or one for each panel, optional

        Raises
        ------
        InputError
            Also where X has another number of columns, or the grid cannot be.
        """
        given = [("rows", X, y)] if test is None else [("training rows", X, y), ("test rows", *test)]
        rows = [read(values, labels) for _, values, labels in given]
        check_plane(rows, grid, margin)
        (across, down), names = _axes(rows, grid, margin), rows[0].names
        points = np.column_stack([part.ravel() for part in np.meshgrid(across, down)])
        there, labels = _predicted(model, points, X, names)
        found = [predictions(model, values) for _, values, _ in given]
        truths = [part.y for part in rows if part.y is not None]
        classes = classes_among(np.concatenate([labels, *map(np.unique, [*found, *truths])]), model)
        parts = [
            Part(name, _dense(part.X), _codes(truth, classes), float(np.mean(truth == predicted)))
            for (name, _, _), part, truth, predicted in zip(given, rows, truths, found, strict=True)
        ]
        return cls(across, down, _codes(labels, classes)[there].reshape(grid, grid), classes, parts, names).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        shares = np.bincount(self.response.ravel(), minlength=len(self.classes)) / self.response.size
        largest = np.argsort(-shares, kind="stable")[:8]
        regions = ", ".join(f"{spoken(self.classes[k])} {percent(float(shares[k]))}" for k in largest)
        parts = "; ".join(f"{len(part.X):,} {part.name}, accuracy {part.accuracy:.4f}" for part in self.parts)
        return f"Decision regions over {spoken(self.names[0])} and {spoken(self.names[1])}: {regions} of the plane. {parts}."

    @property
    def layout(self) -> Layout:
        """Panels side by side."""
        return Layout(columns=len(self.parts), width=1.4 + 3.9 * len(self.parts), height=3.9)

    def draw(self, axes: list[Any]) -> None:
        """Regions are pale, borders dark, and rows have their class's colour and marker."""
        from matplotlib.colors import ListedColormap, to_rgb

        K, paint = len(self.classes), [np.array(to_rgb(colour)) for colour in colours(len(self.classes))]
        pale = ListedColormap([tuple(1 - TINT * (1 - colour)) for colour in paint])
        halves = [(axis[1] - axis[0]) / 2 for axis in (self.x, self.y)]
        extent = (self.x[0] - halves[0], self.x[-1] + halves[0], self.y[0] - halves[1], self.y[-1] + halves[1])
        for ax, part in zip(axes, self.parts, strict=True):
            ax.imshow(self.response, cmap=pale, vmin=-0.5, vmax=K - 0.5, origin="lower", extent=extent, aspect="auto")
            for k in np.unique(self.response)[1:] if K == 2 else np.unique(self.response):
                ax.contour(self.x, self.y, _smooth(self.response == k), [0.5], colors=[INK], linewidths=0.9)
            kept = sample(len(part.X))
            draw_points(ax, part.X[kept], part.codes[kept], paint)
            ax.set(xlim=extent[:2], ylim=extent[2:], xlabel=words(self.names[0], 30))
            shown = said(len(part.X)).removesuffix(" drawn").replace(" rows", "")
            ax.set_title(f"{shown} {part.name}, accuracy {part.accuracy:.3f}", fontsize=10)
        axes[0].set_ylabel(words(self.names[1], 30))
        for ax in axes[1:]:
            ax.tick_params(labelleft=False)
        class_legend(axes[-1], self.classes, paint)


def draw_points(ax: Any, X: np.ndarray, codes: np.ndarray, paint: list[Any]) -> None:
    """Rows (n, 2), each class in its colour and marker; the more there are, the smaller."""
    size = float(np.clip(9000 / max(len(X), 1), 5, 26))
    for k in np.unique(codes):
        mine = X[codes == k]
        style = {"s": size, "edgecolors": INK if size > 8 else "none", "linewidths": 0.4, "alpha": 0.9 if size > 8 else 0.6}
        ax.scatter(mine[:, 0], mine[:, 1], color=[paint[k]], marker=MARKERS[k % len(MARKERS)], **style, rasterized=len(X) > 1000)


def class_legend(ax: Any, classes: np.ndarray, paint: list[Any]) -> None:
    """Beside the axes, in the order of the classes."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", marker=MARKERS[k % len(MARKERS)], color=paint[k], markeredgecolor=INK, markeredgewidth=0.4)
        for k in range(min(len(classes), NAMED))
    ]
    names = [words(label, 18) for label in classes[:NAMED]]
    if len(classes) > NAMED:
        handles.append(Line2D([], [], linestyle="none"))
        names.append(f"and {len(classes) - NAMED} more")
    beside(ax, handles, names)


def check_plane(rows: list[Rows], grid: int, margin: float) -> None:
    """Refuse rows that lie in no plane, and a grid that cannot be.

    Raises
    ------
    InputError
    """
    for part in rows:
        if part.X.shape[1] != 2:
            raise InputError(f"X has {part.X.shape[1]} columns; decision regions need a model of two, such as X[:, :2]")
        if part.y is None:
            raise InputError("y is missing; pass one label for each row of X")
    if isinstance(grid, bool) or not isinstance(grid, int | np.integer) or not 2 <= grid <= 2000:
        raise InputError(f"grid must be a whole number from 2 to 2000, but is {grid!r}")
    if not isinstance(margin, int | float | np.number) or not 0 <= margin < np.inf:
        raise InputError(f"margin must be a share of the range, such as 0.05, but is {margin!r}")


def _axes(rows: list[Rows], grid: int, margin: float) -> list[np.ndarray]:
    """(grid,) positions across and down that hold all rows."""
    found = []
    for j in range(2):
        columns = [_dense(part.X)[:, j] for part in rows]
        low, high = min(map(np.min, columns)), max(map(np.max, columns))
        room = margin * (high - low) or max(abs(high), 1.0) / 2
        found.append(np.linspace(low - room, high + room, grid) if high == low or margin else np.linspace(low, high, grid))
    return found


def _predicted(model: Any, points: np.ndarray, X: Any, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) which of the labels is predicted at each point, and the labels. In blocks, because labels may be long texts."""
    known: dict[Any, int] = {}
    codes = [
        known.setdefault(label, len(known))
        for start in range(0, len(points), BLOCK)
        for label in predictions(model, two_columns(points[start : start + BLOCK], X, names)).tolist()
    ]
    return np.array(codes), np.array(list(known))


def _smooth(inside: np.ndarray) -> np.ndarray:
    """A field that is 1/2 where the border of a region is, without the steps of the grid."""
    field, weights = inside.astype(np.float64), np.array([1, 2, 3, 2, 1]) / 9
    for axis in (0, 1):
        field = np.apply_along_axis(lambda line: np.convolve(np.pad(line, 2, mode="edge"), weights, "valid"), axis, field)
    return field


def _dense(X: Any) -> np.ndarray:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)


def _codes(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(n,) positions among the classes."""
    positions = {label: k for k, label in enumerate(classes.tolist())}
    unknown = next((label for label in np.unique(labels).tolist() if label not in positions), None)
    if unknown is not None:
        raise InputError(f"the label {unknown!r:.60} is none of the classes {classes.tolist()!r:.100}")
    return np.array([positions[label] for label in labels.tolist()])
