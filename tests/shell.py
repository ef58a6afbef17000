"""The command line as tests use it: run it here or in a shell, and read what it says."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from support import overlapping

COMMAND = Path(sys.executable).with_name("logistic")
NAMES = ("age", "hourly wage", "größe ☃")


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def shell(line: str) -> Ran:
    """What the shell makes of a line in which {logistic} is the installed command."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("{logistic}", str(COMMAND))], capture_output=True, text=True, timeout=120
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def write(name: str, columns: dict[str, Any]) -> Path:
    """A CSV file of these columns; numbers in full."""
    with open(name, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    return Path(name)


def people(labels: tuple[Any, ...] = ("no", "yes"), n: int = 60) -> dict[str, Any]:
    """Columns of a small problem whose classes overlap."""
    X, codes = overlapping(len(labels), n, 3, len(labels))
    return {**{name: X[:, j].tolist() for j, name in enumerate(NAMES)}, "answer": [labels[code] for code in codes]}


def matrix(columns: dict[str, Any], rows: Any = slice(None)) -> np.ndarray:
    """The numbers of those columns as the model wants them."""
    return np.asfortranarray(np.column_stack([columns[name] for name in NAMES])[rows])


def rows_of(text: str) -> list[dict[str, str]]:
    """A CSV text, row by row."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def strict(text: str) -> Any:
    """JSON as the standard says: one value, no NaN, no key twice."""

    def refuse(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(found)) == len(found), found
        return dict(found)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(done: Ran, *words: str) -> None:
    """Exit code 2, nothing on stdout, and one line on stderr that holds these words."""
    assert (done.code, done.out) == (2, ""), done
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("logistic: ")
    for word in words:
        assert word in done.err, done.err


def same(found: Any, wanted: Any) -> bool:
    """Equal data, numbers to 12 digits: rows that lie otherwise in memory are added up in another order."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, float):
        return isinstance(found, float) and abs(found - wanted) <= 1e-12 * abs(wanted)
    return bool(found == wanted)
