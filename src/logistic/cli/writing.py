"""Where commands write: standard output and error, and files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from ..errors import InputError


def write(stream: TextIO | None, content: str | bytes) -> None:
    """Lines to standard output or error; a reader that has gone away (``| head``) is no error."""
    if stream is None:
        return
    if isinstance(content, str):
        content = f"{content}\n".encode(stream.encoding or "utf-8", "backslashreplace")
    try:
        stream.buffer.write(content)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is flushed on the way out
        if not isinstance(error, BrokenPipeError):
            raise


def tell(text: str, quiet: bool) -> None:
    """Talk, on stderr, unless nobody wants to hear it."""
    if not quiet:
        write(sys.stderr, text)


def answer(found: dict[str, Any] | list[Any], text: str, as_json: bool) -> None:
    """Data, on stdout, in one of two forms."""
    write(sys.stdout, json.dumps(found, allow_nan=False) if as_json else text)


def write_columns(columns: dict[str, Any], path: Path | None, as_json: bool) -> None:
    """Columns, arrays (n,) by name, as CSV or JSON to a file, whole or not at all, or to standard output."""
    if as_json:
        content = (json.dumps({name: list(values) for name, values in columns.items()}, allow_nan=False) + "\n").encode()
    else:
        import io

        import pyarrow as pa
        from pyarrow import csv

        sink = io.BytesIO()
        csv.write_csv(pa.table(columns), sink)
        content = sink.getvalue()
    if path is None:
        write(sys.stdout, content)
        return
    from ..strict import write_atomically

    write_atomically(path, content)


def writable(output: str, force: bool, inputs: Iterable[str] = ()) -> Path:
    """The path of an output, before any work is done for it.

    Raises
    ------
    InputError
        If it is a folder, its folder is missing, it exists and may not be overwritten, or it is one of the inputs.
    """
    path = Path(output)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; create it first")
    if path.is_file():
        if any(Path(name).is_file() and path.samefile(name) for name in inputs):
            raise InputError(f"{path} is read, so it cannot be the output; choose another name")
        if not force:
            raise InputError(f"{path} exists; choose another name or pass --force")
    return path
