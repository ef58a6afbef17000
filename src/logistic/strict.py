"""What all files of this package share: written whole or not at all, read strictly, and nothing larger than the caps.

A file is read from its first bytes on, and each part is checked before the next is read: the length of the header, the header,
what it says of the tensors. So a file costs no more memory than its own bytes, whatever it claims. ``docs/model-file.md``
describes the format.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
import stat
import struct
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import InputError, ModelFileError

MOST_BYTES = 2**32  # of a file
MOST_HEADER = 2**25  # bytes of a header
MOST_DEPTH = 4  # of lists and objects in each other
MOST_DIGITS = 40  # of a whole number
MOST_TEXT = 2**16  # characters of a text
MOST_NAME = 2**12  # characters of a label or a name
MOST_CLASSES = 2**16
MOST_LABEL_BYTES = 2**27  # of all labels as an array, each as wide as the longest

BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)  # and texts, so that what is in them does not count
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


@contextmanager
def sound(path: Path, noun: str) -> Iterator[None]:
    """What is wrong inside, said of the file."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(f"{path} is not a sound {noun} file: {error}") from None
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ModelFileError(f"{path} is not a sound {noun} file: {type(error).__name__}: {error}") from None


class Packed(NamedTuple):
    """A safetensors file whose header is sound.

    Attributes
    ----------
    metadata : dict
        Names and texts.
    tensors : dict
        Name -> (type, shape), as in the header.
    content : bytes
        The whole file.
    """

    metadata: dict[str, str]
    tensors: dict[str, tuple[str, tuple[int, ...]]]
    content: bytes


def read_packed(path: Path, noun: str, tensors: int, rank: int) -> Packed:
    """A safetensors file that holds a ``noun``.

    Parameters
    ----------
    path : Path
    noun : str
    tensors, rank : int
        How many there may be at most, and how many dimensions each may have.

    Raises
    ------
    ModelFileError
        If it is too large, cut off, spelled in another way than safetensors does, or not such a file at all.
    FileNotFoundError, PermissionError, IsADirectoryError
        As for any file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ModelFileError(f"{path} is a pipe or device; a {noun} is read from a file")
    with open(path, "rb") as file:
        try:
            size = os.fstat(file.fileno()).st_size
            if size > MOST_BYTES:
                raise ModelFileError(f"it has {size} bytes, more than {MOST_BYTES}")
            start = file.read(8)
            if len(start) < 8:
                raise ModelFileError("it has less than 8 bytes")
            (length,) = struct.unpack("<Q", start)
            if length > size - 8:
                raise ModelFileError("it is cut off, or no safetensors file")
            if length > MOST_HEADER:
                raise ModelFileError(f"its header has {length} bytes, more than {MOST_HEADER}")
            header = file.read(length)
            metadata, found = _layout(header, size - 8 - length, tensors, rank)
            content = b"".join((start, header, file.read(size - 8 - length)))
            if len(content) < size:
                raise ModelFileError("it became shorter while it was read")
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise ModelFileError(f"{path} is not a {noun} file ({error})") from None
    return Packed(metadata, found, content)


def write_packed(path: str | Path, content: bytes, tensors: int, rank: int) -> None:
    """Write what safetensors packed, with the header in our one spelling: complete or not at all.

    Parameters
    ----------
    path : str or Path
    content : bytes
    tensors, rank : int
        As for :func:`read_packed`.

    Raises
    ------
    InputError
        If it is larger than what would be read again.
    OSError
        As for any file.
    """
    (length,) = struct.unpack("<Q", content[:8])
    header = _spelled(json.loads(content[8 : 8 + length]))
    content = b"".join((struct.pack("<Q", len(header)), header, memoryview(content)[8 + length :]))
    for what, size, most in (("file", len(content), MOST_BYTES), ("header", len(header), MOST_HEADER)):
        if size > most:
            raise InputError(f"the {what} would have {size} bytes, more than {most}; drop columns or shorten names")
    try:
        _layout(header, len(content) - 8 - len(header), tensors, rank)
    except ModelFileError as error:
        raise InputError(f"this cannot be saved: {error}") from None
    write_atomically(path, content)


def _spelled(entries: dict[str, Any]) -> bytes:
    """JSON without blanks, but for those behind it that fill up eight bytes, as safetensors 0.5 spells it."""
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _layout(header: bytes, size: int, tensors: int, rank: int) -> tuple[dict[str, str], dict[str, tuple[str, tuple[int, ...]]]]:
    """Metadata and tensors of a header before ``size`` bytes of data: spelled in one way, and every byte of data in one tensor."""
    entries = typed(parse(header.decode("utf-8")), dict)
    if _spelled(entries) != header:
        raise ModelFileError("its header is not spelled as safetensors spells it")
    metadata = {name: typed(value, str) for name, value in typed(entries.pop("__metadata__", {}), dict).items()}
    if len(entries) > tensors:
        raise ModelFileError(f"it has {len(entries)} tensors, more than {tensors}")
    found, places = {}, []
    for name, entry in entries.items():
        exactly(typed(entry, dict), {"dtype", "shape", "data_offsets"})
        shape = tuple(read_count(length) for length in typed(entry["shape"], list))
        if len(shape) > rank:
            raise ModelFileError(f"tensor {name!r:.60} has {len(shape)} dimensions, more than {rank}")
        if math.prod(max(length, 1) for length in shape) > MOST_BYTES:
            raise ModelFileError(f"tensor {name!r:.60} has shape {list(shape)!r:.60}, too many numbers")
        start, stop = (read_count(place) for place in typed(entry["data_offsets"], list))
        places.append((start, stop))
        found[name] = typed(entry["dtype"], str), shape
    reached = 0
    for start, stop in sorted(places):
        if start != reached or stop < start:
            raise ModelFileError("its tensors do not follow each other")
        reached = stop
    if reached != size:
        raise ModelFileError(f"its tensors take {reached} bytes, but {size} follow the header")
    return metadata, found


def parse(text: str) -> Any:
    """Strict JSON: no key twice, no NaN or infinity, no endless number, not too deep.

    Raises
    ------
    ModelFileError, ValueError
    """
    depth = 0
    for token in BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MOST_DEPTH:
            raise ModelFileError(f"its header holds lists or objects more than {MOST_DEPTH} deep in each other")
    return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_int=_integer)


def canonical(header: dict[str, Any]) -> str:
    """JSON in one spelling, so that the same model makes the same bytes."""
    return json.dumps(header, allow_nan=False, sort_keys=True)


def read_header(text: str, known: int, keys: set[str], others: Set[str] = frozenset()) -> dict[str, Any]:
    """The header of a file of this package, of the format ``known``, with these keys, and perhaps ``others``, in the one spelling.

    Raises
    ------
    ModelFileError, ValueError
    """
    header: dict[str, Any] = typed(parse(text), dict)
    found = header.get("format")
    if type(found) is not int or found != known:
        raise ModelFileError(f"its format is {found!r:.60}, and this version reads format {known}; upgrade logistic")
    exactly(header, keys | (others & set(header)))
    if canonical(header) != text:
        raise ModelFileError("its header is not spelled as this package spells it")
    return header


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
    values = typed(found["values"], list)
    values = read_texts(values) if kind == "str" else [typed(value, LABELS[kind]) for value in values]
    if len(values) > MOST_CLASSES:
        raise ModelFileError(f"it has {len(values)} classes, more than {MOST_CLASSES}")
    if kind == "str" and 4 * len(values) * max(map(len, values), default=0) > MOST_LABEL_BYTES:
        raise ModelFileError(f"its labels would take more than {MOST_LABEL_BYTES} bytes as an array; one of them is too long")
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
        names = ", ".join(map(repr, sorted(set(found) ^ keys)))
        raise ModelFileError(f"its header has unexpected or missing keys: {names:.200}")
    return found


def read_count(value: Any) -> int:
    """A whole number from 0 on."""
    if typed(value, int) < 0:
        raise ModelFileError(f"{value} is negative")
    return int(value)


def read_text(value: Any, most: int = MOST_TEXT) -> str:
    """A text of Unicode characters, no longer than ``most``."""
    if len(typed(value, str)) > most:
        raise ModelFileError(f"the text {value!r:.30} in its header has {len(value)} characters, more than {most}")
    value.encode("utf-8")  # a lone surrogate is no character
    return str(value)


def read_texts(values: Any) -> list[str]:
    """Names."""
    return [read_text(value, MOST_NAME) for value in typed(values, list)]


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


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ModelFileError(f"a number in its header has {len(digits)} digits, more than {MOST_DIGITS}")
    return int(digits)


def _no_constant(name: str) -> None:
    raise ModelFileError(f"{name} is not a JSON number")


def _synchronise_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
