"""Data sets by name: bundled ones offline, larger ones fetched once, checked and kept. Each has a card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ..errors import InputError, did_you_mean
from .bundled import MEMBERS as BUNDLED
from .card import Card, Dataset, Entry
from .fetched import MEMBERS as FETCHED
from .files import find, present
from .frames import framed
from .idx import read_idx
from .made import MEMBERS as MADE
from .show import describe, facts
from .topics import MEMBERS as TOPICS

__all__ = ["REGISTRY", "Card", "Dataset", "describe", "facts", "listing", "load", "names", "path", "paths", "read_idx"]

REGISTRY: dict[str, Entry] = {**BUNDLED, **MADE, **TOPICS, **FETCHED}


if TYPE_CHECKING:

    @overload
    def load(name: str, *, split: str | None = None, as_frame: bool = False, return_X_y: Literal[False] = False) -> Dataset: ...

    @overload
    def load(name: str, *, split: str | None = None, as_frame: bool = False, return_X_y: Literal[True]) -> tuple[Any, Any]: ...


def load(name: str, *, split: str | None = None, as_frame: bool = False, return_X_y: bool = False) -> Dataset | tuple[Any, Any]:
    """The data set called ``name``; :func:`names` has all names.

    Parameters
    ----------
    name : str
    split : str, optional
        A part that the publisher made: ``"train"`` (the default) or ``"test"`` of mnist. Other sets have none.
    as_frame : bool
        X as a pandas DataFrame and y as a Series.
    return_X_y : bool
        Only ``(X, y)``.

    Returns
    -------
    Dataset or tuple
        X (n, p) and y (n,), with names and a card.

    Raises
    ------
    InputError
        For another name or part, or where a file is neither on this machine nor can be fetched.
    """
    entry = _entry(name)
    if split is not None and split not in entry.parts:
        if not entry.parts:
            raise InputError(f"{name} has no parts, but split is {split!r}; leave it out, and divide the rows with logistic.split")
        raise InputError(f"split is {split!r}; {name} has the parts {' and '.join(map(repr, entry.parts))}")
    data = entry.read(split)
    if as_frame:
        data = framed(data)
    return (data.X, data.y) if return_X_y else data


def names() -> tuple[str, ...]:
    """All names, those that need no network first."""
    return tuple(REGISTRY)


def path(name: str) -> Path:
    """Where the file of a fetched set lies, with all its columns; it is fetched if need be.

    Raises
    ------
    InputError
        If the set has no file, or several, or it can be neither found nor fetched.
    """
    files = _entry(name).files
    if not files:
        raise InputError(f"{name} is bundled and has no file; use datasets.load({name!r})")
    if len(files) > 1:
        raise InputError(f"{name} has {len(files)} files; use datasets.paths({name!r})")
    return paths(name)[0]


def paths(name: str) -> tuple[Path, ...]:
    """Where all files of a set lie, fetched if need be; a bundled set has none.

    Raises
    ------
    InputError
        For another name, or where a file can be neither found nor fetched.
    """
    return tuple(find(file).path for file in _entry(name).files)


def listing() -> list[dict[str, Any]]:
    """What there is, without loading or fetching any of it: a dict for each set.

    ``classes`` is their number; ``fetched`` says that the set has to be fetched, and ``present`` that it is on this machine.
    """
    return [
        {
            "name": name,
            "rows": entry.card.rows,
            "columns": entry.card.columns,
            "classes": len(entry.card.classes),
            "fetched": bool(entry.files),
            "present": all(map(present, entry.files)),
            "about": entry.card.about,
        }
        for name, entry in REGISTRY.items()
    ]


def _entry(name: str) -> Entry:
    if not isinstance(name, str) or name not in REGISTRY:
        close = did_you_mean(name, REGISTRY) if isinstance(name, str) else ""
        raise InputError(f"there is no data set {name!r}; choose {', '.join(REGISTRY)}{close}")
    return REGISTRY[name]
