"""Rows divided at random into training, validation and test part, each with its share of every class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..designs import is_sparse
from ..errors import InputError
from .labels import labels_of, length
from .seeds import stream

PARTS = {2: ("train", "test"), 3: ("train", "validation", "test")}
WIDEST = 40  # label in a table


@dataclass(frozen=True, eq=False)
class Split:
    """Rows divided into parts. Iterating gives, part by part, the tuple of the arrays' rows; ``str()`` gives a table.

    Attributes
    ----------
    names : tuple of str
        train and test, or train, validation and test.
    rows : tuple of (n_i,) int arrays
        Which rows went into each part, in the order in which they stand there.
    arrays : tuple of tuples
        For each part, the rows of each array, of the array's own type.
    classes : (K,) array or None
        The labels, sorted; None where the split was not stratified.
    counts : (parts, K) int array or None
        Rows of each class in each part.
    """

    names: tuple[str, ...]
    rows: tuple[np.ndarray, ...]
    arrays: tuple[tuple[Any, ...], ...]
    classes: np.ndarray | None
    counts: np.ndarray | None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.arrays)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """By part: ``rows``, their ``share`` of all; by class its ``counts``, ``shares`` and ``ratios`` to the first class."""
        n = sum(map(len, self.rows))
        found: dict[str, dict[str, Any]] = {
            name: {"rows": len(rows), "share": len(rows) / n} for name, rows in zip(self.names, self.rows, strict=True)
        }
        if self.classes is not None and self.counts is not None:
            for part, counts in zip(found.values(), self.counts.tolist(), strict=True):
                numbers = {
                    "counts": counts,
                    "shares": [c / part["rows"] for c in counts],
                    "ratios": [c / counts[0] for c in counts],
                }
                part.update({name: dict(zip(self.classes.tolist(), of, strict=True)) for name, of in numbers.items()})
        return found

    def __str__(self) -> str:
        """Rows and classes of each part, in numbers and shares; for two classes also the second against the first."""
        sizes = [len(rows) for rows in self.rows]
        sizes.append(sum(sizes))
        table = [["", *self.names, "all"], ["rows", *(_counted(size, sizes[-1]) for size in sizes)]]
        if self.classes is not None and self.counts is not None:
            counts = np.vstack([self.counts, self.counts.sum(axis=0)])
            words = [_word(label)[:WIDEST] for label in self.classes.tolist()]
            for word, column in zip(words, counts.T.tolist(), strict=True):
                table.append([word, *map(_counted, column, sizes)])
            if len(words) == 2:
                table.append([f"{words[1]} : {words[0]}", *(f"{b / a:.2f}" for a, b in counts.tolist())])
        first, *others = (max(map(len, column)) for column in zip(*table, strict=True))
        return "\n".join(f"{row[0]:<{first}}  " + "  ".join(map(str.rjust, row[1:], others)) for row in table)


def split(
    *arrays: Any,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    stratify: Any = None,
    seed: int | np.random.RandomState | np.random.Generator | None = None,
) -> Split:
    """Divide rows at random into training, validation and test part, or with two fractions into training and test part.

    ``(X_train, y_train), (X_val, y_val), (X_test, y_test) = split(X, y, stratify=y, seed=0)``. The rows are drawn by
    scikit-learn's ``train_test_split``: the training part off first, then the rest divided.

    Parameters
    ----------
    *arrays : arrays of n rows each
        Data frames and series (pandas, polars, pyarrow), NumPy arrays, torch tensors, sparse matrices, lists. Their type is kept.
    fractions : two or three numbers that sum to 1
        A part's size is rounded down, and what is left over goes to the last one.
    stratify : (n,) labels, optional
        Give every part the same share of each class.
    seed : int, RandomState or Generator, optional
        A RandomState or Generator is drawn from, so that its stream goes on. By default NumPy's global stream is, which
        :func:`set_seed` seeds.

    Returns
    -------
    Split

    Raises
    ------
    InputError
        For arrays of different lengths, fractions that do not sum to 1, or a class with too few rows for every part.
    """
    if not arrays:
        raise InputError("split needs at least one array; pass split(X, y)")
    lengths = [length(array, f"array {i}") for i, array in enumerate(arrays)]
    other = next((i for i, found in enumerate(lengths) if found != lengths[0]), None)
    if other is not None:
        raise InputError(f"array {other} has {lengths[other]} rows, but array 0 has {lengths[0]}; pass arrays of the same rows")
    sizes = _sizes(fractions, lengths[0])
    classes = counts = None
    codes = np.zeros(lengths[0], dtype=np.intp)
    if stratify is not None:
        labels = labels_of(stratify, "stratify")
        if len(labels) != lengths[0]:
            raise InputError(f"stratify has {len(labels)} labels, but array 0 has {lengths[0]} rows; pass one label for each")
        classes, codes = np.unique(labels, return_inverse=True)
    rows = _draw(sizes, classes, codes, stream(seed))
    if classes is not None:
        counts = np.array([np.bincount(codes[part], minlength=len(classes)) for part in rows])
    arrays_by_part = tuple(tuple(_take(array, part) for array in arrays) for part in rows)
    return Split(PARTS[len(sizes)], tuple(rows), arrays_by_part, classes, counts)


def _draw(sizes: list[int], classes: np.ndarray | None, codes: np.ndarray, stream: Any) -> list[np.ndarray]:
    """The rows of each part; where there are classes, each part has its share of each."""
    from sklearn.model_selection import train_test_split

    parts, rest = [], np.arange(len(codes))
    for i, size in enumerate(sizes[:-1]):
        strata = None
        if classes is not None:
            strata = codes[rest]
            _check_classes(classes, codes, rest, sizes[i:])
        part, rest = train_test_split(rest, train_size=size, test_size=len(rest) - size, stratify=strata, random_state=stream)
        parts.append(part)
    parts.append(rest)
    if classes is not None:
        for part in parts:  # shares below one row are rounded, so a small class can miss a part all the same
            _check_classes(classes, codes, part, [len(part)])
    return parts


def _sizes(fractions: Sequence[float], n: int) -> list[int]:
    """Rows of each part."""
    try:
        shares = [float(fraction) for fraction in fractions]
    except (TypeError, ValueError):
        shares = []
    if len(shares) not in PARTS or not all(0 < share < 1 for share in shares):
        raise InputError(f"fractions must be two or three numbers between 0 and 1 such as (0.7, 0.15, 0.15), but is {fractions!r}")
    if abs(math.fsum(shares) - 1) > 1e-9:
        raise InputError(f"fractions {tuple(shares)} sum to {math.fsum(shares):g}; make them sum to 1")
    sizes: list[int] = []
    for i, share in enumerate(shares[:-1]):
        size = (n - sum(sizes)) * share / math.fsum(shares[i:])
        sizes.append(math.floor(round(size, 6)))  # 0.29 of 100 rows is 28.999999999999996 in float64
    sizes.append(n - sum(sizes))
    if 0 in sizes:
        name = PARTS[len(sizes)][sizes.index(0)]
        raise InputError(f"fractions {tuple(shares)} of {n} rows leave the {name} part empty; pass more rows or a larger fraction")
    return sizes


def _check_classes(classes: np.ndarray, codes: np.ndarray, rows: np.ndarray, sizes: list[int]) -> None:
    """Refuse to divide these rows into parts of these sizes where some class cannot appear in each."""
    if min(sizes) < len(classes):
        raise InputError(f"a part of {min(sizes)} rows cannot hold {len(classes)} classes; pass more rows or a larger fraction")
    short = np.flatnonzero(np.bincount(codes[rows], minlength=len(classes)) < len(sizes))
    if len(short):
        label, count = classes[short].tolist()[0], int((codes == short[0]).sum())
        raise InputError(
            f"class {label!r} has {count} of {len(codes)} rows, too few to appear in every part; "
            "merge or drop the class, pass more equal fractions, or leave out stratify"
        )


def _take(array: Any, rows: np.ndarray) -> Any:
    """The given rows of a table or array, in its own type."""
    if isinstance(array, Sequence):
        picked = [array[row] for row in rows.tolist()]
        return tuple(picked) if isinstance(array, tuple) else picked
    if is_sparse(array):
        return array.tocsr()[rows].asformat(array.format)
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    return array.take(rows) if hasattr(array, "to_pylist") else array[rows]  # only pyarrow's brackets mean something else


def _word(label: Any) -> str:
    return str(label) if str(label).isprintable() else repr(label)


def _counted(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.1%})"
