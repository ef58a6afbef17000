"""Labels as codes and back, and a weight for each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, ModelFileError, did_you_mean
from ..sources import vector
from ..strict import LABELS, check_labels, label_type, write_atomically

SCHEMES = ("balanced", "inverse")
LABEL_FILE = "logistic labels 1"
MOST_SHOWN = 10  # labels in a message


class LabelEncoder:
    """Labels as codes 0 ... K - 1 in sorted order, and back. ``len()`` is K; 0 before :meth:`fit`.

    Labels are text, integers, floats or booleans, of one type, which is kept. Equal numbers are one label, whatever their type.
    """

    def __init__(self) -> None:
        self._classes: np.ndarray | None = None

    @property
    def classes(self) -> np.ndarray:
        """(K,) labels, sorted; the code of a label is its place here."""
        if self._classes is None:
            raise InputError("this LabelEncoder knows no labels yet; call fit(y) first")
        return self._classes

    def fit(self, y: Any) -> LabelEncoder:
        """Learn the labels of y (n,): a list, an array, a tensor, or a column of a data frame. Returns the encoder.

        Raises
        ------
        InputError
            If y is empty, misses a label, or mixes types.
        """
        found = np.unique(labels_of(y, "y"))
        if len(found) == 0:
            raise InputError("y is empty; pass at least one label")
        if found.dtype.kind == "U":
            found = np.asarray(found.tolist())  # no wider than the longest label
        found.flags.writeable = False
        self._classes = found
        return self

    def encode(self, y: Any) -> np.ndarray:
        """(n,) int codes of the labels y (n,).

        Raises
        ------
        InputError
            For a label that was not there when the encoder was fitted, with its row.
        """
        codes = {label: code for code, label in enumerate(self.classes.tolist())}
        found, first, inverse = np.unique(labels_of(y, "y"), return_index=True, return_inverse=True)
        known = np.array([codes.get(label, -1) for label in found.tolist()], dtype=np.intp)
        if (known < 0).any():
            row = int(first[known < 0].min())
            label = found[inverse[row] : inverse[row] + 1].tolist()[0]
            close = did_you_mean(label, codes) if isinstance(label, str) and self.classes.dtype.kind == "U" else ""
            raise InputError(
                f"y holds {label!r} in row {row}, which is none of the labels that the encoder was fitted on ({self._shown()})"
                + (close or "; drop these rows, or fit the encoder on data that hold the label")
            )
        return known[inverse]

    def decode(self, codes: Any) -> np.ndarray:
        """(n,) labels of the int codes (n,).

        Raises
        ------
        InputError
            For a code that is no whole number or outside 0 ... K - 1, with its row.
        """
        found = vector(codes, "codes", length(codes, "codes"))
        if found.ndim != 1 or (len(found) and found.dtype.kind not in "iu"):
            raise InputError(f"codes must be one whole number a row, but has shape {found.shape} and {found.dtype}; see encode()")
        outside = np.flatnonzero((found < 0) | (found >= len(self.classes)))
        if len(outside):
            row = int(outside[0])
            raise InputError(f"codes is {found[row]} in row {row}; the {len(self)} labels have the codes 0 to {len(self) - 1}")
        return np.asarray(self.classes[found.astype(np.intp)])

    def save(self, path: str | Path) -> None:
        """Write the labels as JSON; an existing file is replaced only by a complete one.

        Raises
        ------
        InputError
            Before :meth:`fit`, or for a type of number that a file cannot hold.
        OSError
            As for any file.
        """
        check_labels(self.classes)
        text = json.dumps(
            {"format": LABEL_FILE, "type": label_type(self.classes), "classes": self.classes.tolist()}, allow_nan=False
        )
        write_atomically(path, text.encode() + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> LabelEncoder:
        """The encoder that was saved to ``path``.

        Raises
        ------
        ModelFileError
            If the file is damaged, or no label file of this version.
        FileNotFoundError, PermissionError, IsADirectoryError
            As for any file.
        """
        content = Path(path).read_bytes()
        try:
            pairs = json.loads(content, object_pairs_hook=tuple)  # pairs show a key that comes twice
            if not isinstance(pairs, tuple) or [key for key, _ in pairs] != ["format", "type", "classes"]:
                raise ModelFileError("it does not hold format, type and classes, in this order")
            entries = dict(pairs)
            if entries["format"] != LABEL_FILE:
                raise ModelFileError(f"its format is {entries['format']!r:.60}, and this version reads {LABEL_FILE!r}")
            kind, values = entries["type"], entries["classes"]
            if kind not in LABELS:
                raise ModelFileError(f"its type is {kind!r:.60}")
            with np.errstate(over="ignore"):  # a float too large for its type becomes infinite, and fit refuses that
                encoder = cls().fit(np.asarray(values, dtype=kind))
            if any(type(value) is not LABELS[kind] for value in values) or encoder.classes.tolist() != values:
                raise ModelFileError(f"its classes are not different labels of type {kind} in order")
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise ModelFileError(f"{path} is not a sound label file: {error}; save it again from a fitted LabelEncoder") from None
        return encoder

    def __len__(self) -> int:
        return 0 if self._classes is None else len(self._classes)

    def __repr__(self) -> str:
        """The codes and their labels."""
        return f"LabelEncoder({self._shown()})" if len(self) else "LabelEncoder()"

    def __eq__(self, other: object) -> bool:
        """The same labels of the same type."""
        if not isinstance(other, LabelEncoder):
            return NotImplemented
        if not len(self) or not len(other):
            return len(self) == len(other)
        return self.classes.dtype.kind == other.classes.dtype.kind and np.array_equal(self.classes, other.classes)

    __hash__ = None  # type: ignore[assignment]

    def _shown(self) -> str:
        shown = [f"{code}: {label!r}" for code, label in enumerate(self.classes[:MOST_SHOWN].tolist())]
        return ", ".join(shown) + (f", ... {len(self)} labels" if len(self) > MOST_SHOWN else "")


def class_weights(y: Any, scheme: str = "balanced", sample_weight: Any = None) -> dict[Any, float]:
    """A weight for each label, larger for rarer classes.

    Parameters
    ----------
    y : (n,) labels
    scheme : {"balanced", "inverse"}
        balanced: n / (K * count), so that the rows' weights average 1, as in scikit-learn. inverse: 1 / count.
    sample_weight : (n,) array, optional
        A row counts as often as its weight says; a class without weight is left out.

    Returns
    -------
    dict
        From each label to its weight.

    Raises
    ------
    InputError
        For another scheme, missing labels, or weights that are negative or all 0.
    """
    if scheme not in SCHEMES:
        close = did_you_mean(scheme, SCHEMES) if isinstance(scheme, str) else ""
        raise InputError(f"scheme is {scheme!r}; choose {' or '.join(map(repr, SCHEMES))}{close}")
    labels = labels_of(y, "y")
    weight = np.ones(len(labels))
    if sample_weight is not None:
        weight = vector(sample_weight, "sample_weight", len(labels))
        if weight.ndim != 1 or weight.dtype.kind not in "fiub":
            raise InputError(f"sample_weight must be one number a row, but has shape {weight.shape} and {weight.dtype}")
        if (weight < 0).any():
            row = int(np.argmax(weight < 0))
            raise InputError(f"sample_weight is {weight[row]:g} in row {row}; weights must be at least 0")
    classes, codes = np.unique(labels, return_inverse=True)
    counts = np.bincount(codes, weight, len(classes))
    classes, counts = classes[counts > 0], counts[counts > 0]
    if len(classes) == 0:
        raise InputError("no row of y has a positive weight; pass at least one")
    share = float(counts.sum()) / len(classes) if scheme == "balanced" else 1.0
    return {label: share / count for label, count in zip(classes.tolist(), counts.tolist(), strict=True)}


def length(values: Any, name: str) -> int:
    """Rows of anything that has rows.

    Raises
    ------
    InputError
        For anything else.
    """
    shape = getattr(values, "shape", None)
    if isinstance(shape, tuple) and len(shape) > 0:
        return int(shape[0])
    if (isinstance(values, Sequence) and not isinstance(values, str | bytes)) or hasattr(values, "to_pylist"):
        return len(values)
    raise InputError(f"{name} is {values!r:.60} ({type(values).__name__}); pass a data frame, an array, a sparse matrix or a list")


def labels_of(values: Any, name: str) -> np.ndarray:
    """(n,) labels: text, integers, floats or booleans.

    Raises
    ------
    InputError
        If one is missing, types are mixed, or there is not one label a row.
    """
    labels = vector(values, name, length(values, name))
    if labels.ndim != 1:
        raise InputError(f"{name} must be one label a row, but has shape {labels.shape}")
    if labels.dtype.kind == "O":
        kinds = sorted({type(label).__name__ for label in labels})
        if len(kinds) > 1:
            raise InputError(f"{name} mixes labels of type {' and '.join(kinds)}; make them all one type")
        labels = np.asarray(labels.tolist())
    if labels.dtype.kind not in "biufU":
        found = type(labels[0]).__name__ if labels.dtype.kind == "O" else str(labels.dtype)
        raise InputError(f"{name} holds labels of type {found}; use text, numbers or booleans")
    return labels
