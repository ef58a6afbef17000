"""Rows and weights as images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...backend import to_numpy
from ...errors import InputError
from .display import Display, Layout
from .inputs import either
from .look import needs_matplotlib, number, signed_map, spoken, words

IN_A_ROW, MOST = 10, 40


@dataclass(eq=False, repr=False)
class ImageDisplay(Display):
    """Images in rows of up to ten, on one scale.

    Attributes
    ----------
    images : (m, h, w) array
    titles : list of str
        One for each.
    limits : (low, high)
        Numbers that are drawn darkest and lightest.
    total : int
        Images that were given; at most forty are drawn.
    """

    images: np.ndarray
    titles: list[str]
    limits: tuple[float, float]
    total: int

    what: ClassVar[tuple[str, str]] = ("image", "images")

    @classmethod
    def from_rows(cls, X: Any, *, titles: Any = None, shape: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Of rows of pixels.

        Parameters
        ----------
        X : (p,), (n, p) or (n, 1, h, w) array or tensor, or (h, w) for one image where ``shape`` is not given and h and w are equal
        titles : sequence, optional
            What to write above each, such as its label.
        shape : tuple (h, w), optional
            By default the square that p makes.
        ax : matplotlib Axes, or one for each image, optional

        Raises
        ------
        InputError
            If the pixels make no such images.
        """
        images = _pictures(X, shape)
        names = [""] * len(images) if titles is None else [str(title) for title in np.atleast_1d(np.asarray(titles))]
        if len(names) != len(images):
            raise InputError(f"titles has {len(names)} entries for {len(images)} images; pass one for each")
        limits = (min(float(images.min()), 0.0), float(images.max()))
        return cls(images[:MOST], names[:MOST], limits, len(images)).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        (m, h, w), shown = self.images.shape, [spoken(title) for title in self.titles if title]
        one, several = self.what
        many = f"{m} of {self.total:,} {several}" if self.total > m else f"{m} {one if m == 1 else several}"
        scale = f"from {number(self.limits[0])} to {number(self.limits[1])}"
        return f"{many} of {h} by {w} pixels, {scale}{': ' if shown else ''}{', '.join(shown)}."

    @property
    def layout(self) -> Layout:
        """Rows of ten."""
        m, h, w = self.images.shape
        columns = min(m, IN_A_ROW)
        rows = -(-m // columns)
        cell = 2.6 if m == 1 else 1.05
        title = 0.3 if any(self.titles) else 0.05
        return Layout(rows=rows, columns=columns, width=columns * cell + 0.8, height=rows * (cell * min(h / w, 3) + title) + 0.15)

    def draw(self, axes: list[Any]) -> None:
        """Dark is ink: large numbers, as on paper."""
        self._pictures(axes, needs_matplotlib().colormaps["gray_r"])

    def _pictures(self, axes: list[Any], colours: Any) -> None:
        low, high = self.limits
        for ax in axes:
            ax.set_axis_off()
        for ax, image, title in zip(axes, self.images, self.titles, strict=False):
            picture = ax.imshow(image, cmap=colours, vmin=low, vmax=high if high > low else low + 1)
            if title:
                ax.set_title(words(title, 12), loc="center", fontsize=9)
        last = axes[min(len(self.images), self.layout.columns) - 1]
        bar = last.figure.colorbar(picture, cax=last.inset_axes((1.1, 0, 0.07, 1)))
        bar.set_ticks([low, high] if low >= 0 else [low, 0, high])
        bar.set_ticklabels([number(tick, 2) for tick in bar.get_ticks()], fontsize=7.5)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)


class WeightsDisplay(ImageDisplay):
    """The weights of each class as an image, on one scale that is symmetric about zero.

    Blue and dark lower the score of a class, yellow and light raise it; grey does nothing.
    """

    what = ("image of weights", "images of weights")

    @classmethod
    def from_estimator(cls, model: Any, *, shape: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Of a fitted model.

        Parameters
        ----------
        model : Model, linear classifier, or classifier of a torch module
            Of a module the first weights that meet the pixels.
        shape : tuple (h, w), optional
            By default the square that the columns make.
        ax : matplotlib Axes, or one for each image, optional

        Raises
        ------
        InputError
            If it has no weights of columns, or they make no such images.
        """
        coef, classes = _weights(model), either(model, "classes_", "classes")
        labels = None if classes is None else np.asarray(classes)
        if labels is not None and len(coef) == 1 and len(labels) == 2:
            labels = labels[1:]
        return cls.from_coef(coef, classes=labels if labels is not None and len(labels) == len(coef) else None, shape=shape, ax=ax)

    @classmethod
    def from_coef(cls, coef: Any, *, classes: Any = None, shape: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Of weights (K, p), a row a class; a matrix (p, K) of a lesson is ``coef=W.T``.

        Parameters
        ----------
        coef : (K, p) or (p,) array or tensor
        classes : (K,), optional
        shape : tuple (h, w), optional
            By default the square that p makes.
        ax : matplotlib Axes, or one for each image, optional
        """
        images = _pictures(np.atleast_2d(to_numpy(coef)), shape)
        names = [f"unit {i}" for i in range(len(images))] if classes is None else [str(label) for label in np.asarray(classes)]
        if len(names) != len(images):
            raise InputError(f"classes has {len(names)} entries for {len(images)} rows of coef; pass one for each")
        shown = images[:MOST]
        high = float(abs(shown).max()) or 1.0
        return cls(shown, names[:MOST], (-high, high), len(images)).plot(ax)

    def draw(self, axes: list[Any]) -> None:
        """One scale for all."""
        self._pictures(axes, signed_map())


def _weights(model: Any) -> np.ndarray:
    """(K, p)."""
    coef = either(model, "coef_", "coef")
    if coef is not None:
        return np.atleast_2d(to_numpy(coef.toarray() if hasattr(coef, "toarray") else coef))
    module, p = either(model, "module_"), getattr(model, "n_features_in_", 0)
    for parameter in () if module is None else module.parameters():
        if parameter.ndim == 2 and p in parameter.shape:
            values = to_numpy(parameter)
            return values if values.shape[1] == p else np.asarray(values.T)
    what = "no weights of its columns" if module is not None else "neither coef_ nor coef"
    raise InputError(f"model is a {type(model).__name__} with {what}; pass a linear model, or use from_coef")


def _pictures(X: Any, shape: tuple[int, int] | None) -> np.ndarray:
    """(m, h, w)."""
    found = to_numpy(X.to_numpy() if hasattr(X, "to_numpy") else X.toarray() if hasattr(X, "toarray") else X)
    if found.dtype.kind not in "fiub" or found.ndim == 0 or found.size == 0:
        raise InputError(f"images need numbers, but the rows have shape {found.shape} and {found.dtype}")
    found = np.asarray(found, dtype=np.float64)
    if not np.isfinite(found).all():
        raise InputError("images need finite numbers; drop or fill what is missing")
    if found.ndim > 2:
        height, width = found.shape[-2:]
        return found.reshape(-1, height, width)
    if shape is None and found.ndim == 2 and 1 < len(found) == found.shape[1] and math.isqrt(len(found)) ** 2 != len(found):
        return found[None]
    flat = np.atleast_2d(found)
    p = flat.shape[1]
    if shape is None:
        side = math.isqrt(p)
        if side * side != p:
            raise InputError(f"a row has {p} numbers, which make no square; pass shape=(h, w)")
        shape = (side, side)
    if len(shape) != 2 or shape[0] * shape[1] != (p if found.shape != tuple(shape) else found.size):
        raise InputError(f"shape={shape!r} does not hold the {p} numbers of a row")
    return (found if found.shape == tuple(shape) else flat).reshape(-1, *shape)
