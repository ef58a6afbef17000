"""What all files of this package share: written whole or not at all, and JSON that is read strictly."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError, ModelFileError

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
LABELS = {"bool": bool, "str": str, **dict.fromkeys(INTEGERS, int), **dict.fromkeys(("float16", "float32", "float64"), float)}


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file completely or not at all. A link is followed, and a file that is replaced keeps its permissions.

    Raises
    ------
    OSError
        Naming ``path`` or its folder, never the temporary file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # a pipe or device takes the bytes as they come; a folder refuses
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist; create it first", str(path.parent))
    temporary = path.parent / f".{secrets.token_hex(8)}.partial"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # not every file system can do this for a folder; the file itself is safe by now
        _synchronise_folder(path.parent)


def check_readable(path: Path, noun: str) -> None:
    """Refuse what cannot be opened as a file that holds a ``noun``.

    Raises
    ------
    ModelFileError
        If it is a pipe or device.
    FileNotFoundError, PermissionError, IsADirectoryError
        As for any file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ModelFileError(f"{path} is a pipe or device; a {noun} is read from a file")
    with open(path, "rb"):  # the errors of any file
        pass


@contextmanager
def sound(path: Path, noun: str) -> Iterator[None]:
    """What is wrong inside, said of the file."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(f"{path} is not a sound {noun} file: {error}") from None
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ModelFileError(f"{path} is not a sound {noun} file: {type(error).__name__}: {error}") from None


def parse(text: str) -> Any:
    """Strict JSON: no key twice, no NaN or infinity.

    Raises
    ------
    ModelFileError, ValueError
    """
    return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)


def canonical(header: dict[str, Any]) -> str:
    """JSON in one spelling, so that the same model makes the same bytes."""
    return json.dumps(header, allow_nan=False, sort_keys=True)


def check_labels(labels: np.ndarray) -> None:
    """Refuse labels that a model file cannot hold.

    Raises
    ------
    InputError
        Naming their type.
    """
    if label_type(labels) not in LABELS:
        raise InputError(f"labels of type {labels.dtype} cannot be saved; use text, numbers or booleans")


def label_type(labels: np.ndarray) -> str:
    """The name under which a file holds labels of this type."""
    return "str" if labels.dtype.kind == "U" else labels.dtype.name


def read_classes(entry: Any) -> np.ndarray:
    """(K,) two or more different labels, in order and of their type."""
    found = exactly(typed(entry, dict), {"type", "values"})
    kind = one_of(found["type"], list(LABELS))
    values = [typed(value, LABELS[kind]) for value in typed(found["values"], list)]
    classes = np.asarray(values, dtype=kind)
    if len(classes) < 2 or classes.tolist() != values or not np.array_equal(np.unique(classes), classes):
        raise ModelFileError("its classes are not at least two different labels in order")
    return classes


def number(value: float) -> float | str:
    """JSON has no infinities; they are written as text."""
    return value if math.isfinite(value) else repr(value)


def read_number(value: Any) -> float:
    """A finite number, or one that :func:`number` wrote as text."""
    if value in ("inf", "-inf", "nan"):
        return float(value)
    number = float(typed(value, float, int))
    if not math.isfinite(number):
        raise ModelFileError("a number in its header is out of range")
    return number


def exactly(found: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """An object with these keys and no others."""
    if set(found) != keys:
        raise ModelFileError(f"its header has unexpected or missing keys: {', '.join(sorted(set(found) ^ keys))[:200]}")
    return found


def read_count(value: Any) -> int:
    """A whole number from 0 on."""
    if typed(value, int) < 0:
        raise ModelFileError(f"{value} is negative")
    return int(value)


def typed(value: Any, *kinds: type) -> Any:
    """A value of exactly one of these types."""
    if type(value) not in kinds:
        raise ModelFileError(f"{value!r:.60} is not of type {' or '.join(kind.__name__ for kind in kinds)}")
    return value


def one_of(value: Any, known: Any) -> str:
    """One of the known words."""
    if value not in known:
        raise ModelFileError(f"{value!r:.60} is not one of {', '.join(known)}")
    return str(value)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ModelFileError("a key appears twice in its header")
    return found


def _no_constant(name: str) -> None:
    raise ModelFileError(f"{name} is not a JSON number")


def _synchronise_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
