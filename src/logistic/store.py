"""Model files: one safetensors file with strict JSON beside the tensors. Loading runs no code.

Layout, version 1. Tensors, all float64: ``coef`` (M, p), ``base`` (M,), ``center`` (p,), and ``direction`` (p, M) where the
classes are separated. The metadata hold one entry, ``logistic``: a JSON object with exactly the keys of :data:`KEYS`.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .contracts import Certificate, Status
from .errors import InputError, ModelFileError
from .model import Model, Strength

FORMAT = 1
ENTRY = "logistic"
KEYS = {"format", "software", "classes", "features", "penalty", "certificate", "n_iter", "solver", "rows", "total"}
LABELS = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "str"}
MAX_BYTES = 2 * 2**30


def save(model: Model, path: str | Path) -> None:
    """Write ``model`` to ``path``: complete under a temporary name first, then renamed, so no reader sees half a file."""
    from safetensors.numpy import save as pack

    tensors = {"coef": model.coef, "base": model.base, "center": model.center}
    if model.certificate.direction is not None:
        tensors["direction"] = np.asarray(model.certificate.direction)
    text = json.dumps(_header(model), allow_nan=False, sort_keys=True)
    write_atomically(path, pack({k: np.ascontiguousarray(v) for k, v in tensors.items()}, metadata={ENTRY: text}))


def load(path: str | Path) -> Model:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is not a model file, is damaged, or comes from a later version of the format.
    FileNotFoundError, PermissionError, IsADirectoryError
        As for any file.
    """
    path = Path(path)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise ModelFileError(f"{path} is larger than any model file ({MAX_BYTES >> 30} GiB)")
    text, tensors = _unpack(path)
    try:
        header = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        return _model(header, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{path} is not a sound model file: {error}") from None
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise ModelFileError(f"{path} is not a sound model file: {type(error).__name__}: {error}") from None


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file completely or not at all."""
    path = Path(path)
    folder = path.parent
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _header(model: Model) -> dict[str, Any]:
    kind = model.classes.dtype.kind
    if kind not in LABELS:
        raise InputError(f"labels of type {model.classes.dtype} cannot be saved; use text, numbers or booleans")
    certificate = model.certificate
    return {
        "format": FORMAT,
        "software": f"logistic {version('logistic')}",
        "classes": {"type": LABELS[kind], "values": model.classes.tolist()},
        "features": None if model.features is None else list(model.features),
        "penalty": {**asdict(model.penalty), "C": _number(model.penalty.C)},
        "certificate": {
            "value": _number(certificate.value),
            "gap": _number(certificate.gap),
            "kind": certificate.kind,
            "kkt": _number(certificate.kkt),
            "status": certificate.status.word,
            "columns": list(certificate.columns),
        },
        "n_iter": model.n_iter,
        "solver": model.solver,
        "rows": model.rows,
        "total": model.total,
    }


def _number(value: float) -> float | str:
    """JSON has no infinities; they are written as text."""
    return value if math.isfinite(value) else repr(value)


def _read_number(value: Any) -> float:
    if value in ("inf", "-inf", "nan"):
        return float(value)
    return _typed(value, float, int)  # type: ignore[no-any-return]


def _unpack(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            names = set(file.keys())
            if ENTRY not in metadata or not {"coef", "base", "center"} <= names <= {"coef", "base", "center", "direction"}:
                raise ModelFileError(f"{path} is a safetensors file, but not a model of this package")
            return metadata[ENTRY], {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ModelFileError(f"{path} is not a model file: {error}") from None


def _model(header: Any, tensors: dict[str, np.ndarray]) -> Model:
    if _typed(header, dict).get("format") != FORMAT:
        raise ModelFileError(f"its format is {header.get('format')!r}, and this version reads format {FORMAT}; upgrade logistic")
    if set(header) != KEYS:
        raise ModelFileError(f"its header has unexpected or missing keys: {', '.join(sorted(set(header) ^ KEYS))}")
    classes = _classes(header["classes"])
    features = header["features"]
    if features is not None:
        features = tuple(_typed(name, str) for name in _typed(features, list))
    coef, base, center = tensors["coef"], tensors["base"], tensors["center"]
    M, p = (1 if len(classes) == 2 else len(classes)), len(center)
    shapes = {"coef": (M, p), "base": (M,), "center": (p,), "direction": (p, M)}
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name] or tensor.dtype != np.float64:
            raise ModelFileError(f"tensor {name!r} is {tensor.dtype}{list(tensor.shape)}, not float64{list(shapes[name])}")
        if not np.isfinite(tensor).all():
            raise ModelFileError(f"tensor {name!r} holds numbers that are not finite")
    if features is not None and len(features) != p:
        raise ModelFileError(f"it names {len(features)} features for {p} columns")
    penalty, found = _typed(header["penalty"], dict), _typed(header["certificate"], dict)
    certificate = Certificate(
        _read_number(found["value"]),
        _read_number(found["gap"]),
        _one_of(found["kind"], ("proof", "estimate", "none")),
        _read_number(found["kkt"]),
        Status[_one_of(found["status"], [s.word for s in Status]).upper()],
        tuple(_typed(column, int) for column in _typed(found["columns"], list)),
        tensors.get("direction"),
    )
    if any(not 0 <= column < p for column in certificate.columns):
        raise ModelFileError("its certificate names columns that do not exist")
    strength = Strength(_read_number(penalty["alpha"]), _read_number(penalty["C"]), _typed(penalty["standardized"], bool))
    n_iter, rows = _typed(header["n_iter"], int), _typed(header["rows"], int)
    solver, total = _typed(header["solver"], str), _read_number(header["total"])
    return Model(classes, features, coef, base, center, strength, certificate, n_iter, solver, rows, total)


def _classes(entry: Any) -> np.ndarray:
    kinds = {"bool": (bool,), "int": (int,), "float": (float, int), "str": (str,)}
    allowed = kinds[_one_of(_typed(entry, dict)["type"], list(kinds))]
    values = [_typed(value, *allowed) for value in _typed(entry["values"], list)]
    classes = np.asarray(values, dtype={"bool": bool, "int": np.int64, "float": np.float64, "str": np.str_}[entry["type"]])
    if len(classes) < 2 or not np.array_equal(np.unique(classes), classes):
        raise ModelFileError("its classes are not at least two different labels in order")
    return classes


def _typed(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise ModelFileError(f"{value!r:.60} is not of type {' or '.join(kind.__name__ for kind in kinds)}")
    return value


def _one_of(value: Any, known: Any) -> str:
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
