"""IDX, the format of the MNIST files: four bytes that name type and dimensions, their sizes, then numbers."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS = 64  # of a NumPy array
MOST_PACKED = 1032  # bytes that gzip can make of one


def read_idx(path: str | Path) -> np.ndarray:
    """The array in an IDX file, with or without gzip, of the shape and type that its header names.

    Raises
    ------
    InputError
        If the file is no IDX file, is damaged, or holds fewer or more bytes than its header says.
    OSError
        As for any file.
    """
    try:
        return parse(unpacked(Path(path)))
    except InputError as error:
        raise InputError(f"{error}; get the file again, from where it is published") from None


def unpacked(path: Path, name: str | None = None) -> bytes:
    """The bytes of an IDX file without gzip. Never more than its header says are read, nor is room made for more.

    Parameters
    ----------
    path : Path
    name : str, optional
        What messages call the file; its path by default.

    Raises
    ------
    InputError, OSError
        As :func:`read_idx`.
    """
    name = str(path) if name is None else name
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        most = path.stat().st_size * (MOST_PACKED if packed else 1)
        try:
            if not packed:
                return _read(file, most, name)
            with gzip.GzipFile(fileobj=file) as content:
                return _read(content, most, name)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{name} is damaged: {error}") from None


def parse(content: bytes) -> np.ndarray:
    """The array in bytes that :func:`unpacked` has checked."""
    shape = _shape(content)
    kind = np.dtype(TYPES[content[2]])
    return np.frombuffer(content, kind, offset=4 + 4 * len(shape)).reshape(shape).astype(kind.newbyteorder("="))


def _read(file: Any, most: int, name: str) -> bytes:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not 1 <= start[3] <= MOST_DIMENSIONS:
        raise InputError(f"{name} is no IDX file: it begins with {start.hex(' ') or 'nothing'}")
    header = bytes(start + file.read(4 * start[3]))
    if len(header) < 4 + 4 * start[3]:
        raise InputError(f"{name} ends within its header")
    shape = _shape(header)
    size = math.prod(shape) * np.dtype(TYPES[start[2]]).itemsize
    told = f"{name} should hold {' x '.join(map(str, shape))} numbers, {size:,} bytes"
    if size > most:
        raise InputError(f"{told}, which is more than a file of its size can")
    body = file.read(size)
    if len(body) < size:
        raise InputError(f"{told}, but ends after {len(body):,}")
    if file.read(1):
        raise InputError(f"{told}, but goes on after them")
    return header + bytes(body)


def _shape(content: bytes) -> tuple[int, ...]:
    return tuple(np.frombuffer(content, ">u4", content[3], 4).tolist())
