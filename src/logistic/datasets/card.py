"""What a data set is: its rows, and the card that says where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .files import RemoteFile


@dataclass(frozen=True, kw_only=True)
class Card:
    """Where a data set comes from and what it is good for.

    Attributes
    ----------
    title, about : str
        A name, and one line.
    rows, columns : int
        Of the part that is loaded by default.
    target : str
        Name of the column of labels.
    classes : tuple
        The labels, sorted.
    row : str
        What one row is.
    sentence : str
        A row in words: ``{row}`` stands for its numbers, image or text, and ``{label}`` for its label.
    units : mapping from str to str
        Units of the columns that have one and state it.
    source, author, year, licence, citation : str
    caveats : str
        What to know before use, and what the set teaches.
    """

    title: str
    about: str
    rows: int
    columns: int
    target: str
    classes: tuple[Any, ...]
    row: str
    sentence: str
    source: str
    author: str
    year: str
    licence: str
    citation: str
    caveats: str
    units: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The card as text, numbers and lists that JSON can hold."""
        return {**asdict(self), "classes": list(self.classes), "units": dict(self.units)}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows to learn from.

    Attributes
    ----------
    name : str
    X : (n, p) array or CSR
        A data frame where one was asked for.
    y : (n,) array
        Labels in words where the set has them, else whole numbers. A series where a frame was asked for.
    features : tuple of str
        Names of the p columns.
    card : Card
    image : tuple of int or None
        Shape of a row that is an image.
    texts : tuple of str or None
        The n texts where the columns count words.
    """

    name: str
    X: Any
    y: Any
    features: tuple[str, ...]
    card: Card
    image: tuple[int, int] | None = None
    texts: tuple[str, ...] | None = None

    @property
    def about(self) -> str:
        """One line."""
        return self.card.about

    @property
    def target(self) -> str:
        """Name of the column y."""
        return self.card.target


@dataclass(frozen=True, eq=False)
class Entry:
    """A member of the registry.

    Attributes
    ----------
    card : Card
    read : callable
        From the name of a part, or None, to the rows.
    files : tuple of RemoteFile
        What is fetched; empty where the rows come with the package or with scikit-learn.
    parts : tuple of str
        Parts that the publisher made, the one that is loaded by default first.
    """

    card: Card
    read: Callable[[str | None], Dataset]
    files: tuple[RemoteFile, ...] = ()
    parts: tuple[str, ...] = ()
