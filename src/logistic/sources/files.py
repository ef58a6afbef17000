"""Tables on disk and from pipes: CSV and Parquet, read by pyarrow, and NumPy's .npz."""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, did_you_mean
from .tables import ArrayTable, ArrowTable, Table

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = {"csv": None, "tsv": "\t"}  # None: a comma, or a semicolon where the header has no comma
KINDS = {"csv": "csv", "tsv": "tsv", "parquet": "parquet", "pq": "parquet", "npz": "npz"}
HEADER_BYTES = 2**16


def read_table(path: str | Path) -> Table:
    """Read a CSV file (``.csv``, ``.tsv``, also ``.gz``), a Parquet file (``.parquet``, ``.pq``) or NumPy arrays (``.npz``).

    A ``.npz`` file holds a matrix ``X`` (n, p), optionally the names of its columns, ``features`` (p,), and columns of their own
    (n,); or such columns alone.

    Raises
    ------
    InputError
        If the file is missing, is a folder, is of another kind, or cannot be parsed.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist{_nearby(path)}")
    name = path.name.lower()
    kind = KINDS.get(name.removesuffix(".gz").rpartition(".")[2])
    if kind is None or (name.endswith(".gz") and kind not in DELIMITERS):
        raise InputError(f"{path} is neither .csv, .csv.gz, .tsv, .parquet nor .npz; convert it to one of these")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} is empty")

    def digest() -> str:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return _read(kind, lambda: open(path, "rb"), path.name, digest)


def parse_table(content: bytes, name: str) -> Table:
    """The same from bytes, such as a pipe's; their beginning says what they are, and text is CSV.

    Raises
    ------
    InputError
        If there is nothing, or it cannot be parsed.
    """
    if not content.strip():
        raise InputError(f"{name} is empty; pipe a CSV, Parquet or .npz file into it")
    kind = {b"PAR1": "parquet", b"PK\x03\x04": "npz"}.get(content[:4], "csv")
    return _read(kind, lambda: io.BytesIO(content), name, lambda: hashlib.sha256(content).hexdigest())


def _read(kind: str, opened: Callable[[], Any], name: str, digest: Callable[[], str]) -> Table:
    import pyarrow as pa

    words = {"csv": "CSV", "tsv": "CSV", "parquet": "Parquet", "npz": ".npz"}[kind]
    try:
        if kind == "npz":
            return _read_npz(opened, name, digest)
        if kind == "parquet":
            from pyarrow import parquet

            with opened() as file:
                return ArrowTable(parquet.read_table(file), name, digest)
        table = _read_csv(opened, DELIMITERS[kind])
        _ = table.column_names  # decodes them
        return ArrowTable(table, name, digest)
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text; save it as UTF-8") from None
    except InputError:
        raise
    except (pa.ArrowInvalid, OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{name} is not a readable {words} file: {_first_line(error)}") from None


def _read_csv(opened: Callable[[], Any], delimiter: str | None) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    def text() -> Any:
        file = opened()
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        return pa.input_stream(file, compression="gzip" if packed else None)

    if delimiter is None:
        with text() as file:
            header = file.read(HEADER_BYTES).partition(b"\n")[0]
        delimiter = ";" if b";" in header and b"," not in header else ","
    uneven: list[Any] = []

    def noted(row: Any) -> str:
        uneven.append(row)
        return "error"

    try:
        with text() as file:
            return csv.read_csv(file, parse_options=csv.ParseOptions(delimiter=delimiter))
    except pa.ArrowInvalid as error:
        if "Expected" not in str(error):
            raise
        with text() as file:
            _refuse_other_encodings(file)
        reading = csv.ReadOptions(use_threads=False)  # only then rows have numbers
        parsing = csv.ParseOptions(delimiter=delimiter, invalid_row_handler=noted)
        try:
            with text() as file:
                return csv.read_csv(file, read_options=reading, parse_options=parsing)
        except pa.ArrowInvalid:
            if not uneven:
                raise
            row = uneven[0]
            where = "" if row.number is None else f" in line {row.number}"
            raise ValueError(
                f"the header names {row.expected_columns} columns, but there are {row.actual_columns}{where} ({row.text!r:.60});"
                " mend that line"
            ) from None


def _refuse_other_encodings(file: Any) -> None:
    """Raise UnicodeDecodeError for what is not UTF-8; pyarrow fails to show such a line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(HEADER_BYTES):
        decoder.decode(chunk)


def _read_npz(opened: Callable[[], Any], name: str, digest: Callable[[], str]) -> Table:
    with opened() as file:
        archive = np.load(file, allow_pickle=False)
        if not hasattr(archive, "files"):
            raise InputError(f"{name} holds one array, not named ones; save it with numpy.savez(file, X=X, y=y)")
        arrays = {key: archive[key] for key in archive.files}
    X = arrays.pop("X", None)
    if X is None:
        wrong = next((key for key, array in arrays.items() if array.ndim != 1), None)
        if wrong is not None or not arrays:
            raise InputError(f"{name} holds no matrix X; save it with numpy.savez(file, X=X, y=y)")
        X = np.empty((len(next(iter(arrays.values()))), 0))
    if X.ndim != 2 or X.dtype.kind not in "fiub":
        raise InputError(f"X of {name} has shape {X.shape} and {X.dtype}; save numbers in rows and columns")
    features = arrays.pop("features", None)
    names = [f"x{j}" for j in range(X.shape[1])] if features is None else [str(feature) for feature in features.tolist()]
    if len(names) != X.shape[1]:
        raise InputError(f"{name} names {len(names)} features for the {X.shape[1]} columns of X")
    for key, array in arrays.items():
        if array.shape != X.shape[:1]:
            raise InputError(f"{key} of {name} has shape {array.shape}, but X has {len(X)} rows; save one value a row")
    return ArrayTable(X, names, arrays, name, digest=digest)


def _nearby(path: Path) -> str:
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    return did_you_mean(path.name, names)


def _first_line(error: BaseException) -> str:
    first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return re.sub(r"^CSV parse error: ", "", first)
