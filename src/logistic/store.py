"""Model files: one safetensors file with strict JSON beside the tensors. Loading runs no code.

Layout, version 1. Tensors, all float64: ``coef`` (M, p), ``base`` (M,), ``center`` (p,), and ``direction`` (p, M) where the
classes are separated. The metadata hold one entry, ``logistic``: a JSON object with exactly the keys of :data:`KEYS`. Its
``sha256`` is a digest of everything else, so that a damaged file is never taken for another model.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError, ModelFileError
from .model import Model, Strength
from .outcome import Certificate, Status

FORMAT = 1
ENTRY = "logistic"
MODULE_ENTRY = "logistic_module"
KEYS = {
    "format",
    "software",
    "classes",
    "features",
    "penalty",
    "certificate",
    "n_iter",
    "solver",
    "rows",
    "total",
    "offset",
    "sha256",
}
TENSORS = {"coef", "base", "center"}
PENALTY_KEYS = {"alpha", "C", "standardized"}
CERTIFICATE_KEYS = {"value", "gap", "kind", "kkt", "status", "columns"}
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
LABELS = {"bool": bool, "str": str, **dict.fromkeys(INTEGERS, int), **dict.fromkeys(("float16", "float32", "float64"), float)}


def save(model: Model, path: str | Path) -> None:
    """Write ``model`` to ``path``: complete under a temporary name first, then renamed, so no reader sees half a file.

    Raises
    ------
    InputError
        If the model holds labels or numbers that a file cannot hold.
    OSError
        As for any file.
    """
    from safetensors.numpy import save as pack

    tensors = {"coef": model.coef, "base": model.base, "center": model.center}
    if model.certificate.direction is not None:
        tensors["direction"] = np.asarray(model.certificate.direction)
    for name, tensor in tensors.items():
        tensors[name] = np.ascontiguousarray(tensor, dtype=np.float64)
        if not np.isfinite(tensor).all():
            raise InputError(f"the {name} of this model holds numbers that are not finite ({model.certificate.status.word})")
    header = _header(model)
    text = _canonical({**header, "sha256": _digest(header, tensors)})
    write_atomically(path, pack(tensors, metadata={ENTRY: text}))


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
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ModelFileError(f"{path} is a pipe or device; a model is read from a file")
    with open(path, "rb"):  # the errors of any file
        pass
    text, tensors = _unpack(path)
    try:
        return _model(json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant), tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{path} is not a sound model file: {error}") from None
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ModelFileError(f"{path} is not a sound model file: {type(error).__name__}: {error}") from None


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


def check_labels(labels: np.ndarray) -> None:
    """Refuse labels that a model file cannot hold.

    Raises
    ------
    InputError
        Naming their type.
    """
    if _label_type(labels) not in LABELS:
        raise InputError(f"labels of type {labels.dtype} cannot be saved; use text, numbers or booleans")


def _synchronise_folder(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def _label_type(labels: np.ndarray) -> str:
    return "str" if labels.dtype.kind == "U" else labels.dtype.name


def _canonical(header: dict[str, Any]) -> str:
    """JSON in one spelling, so that the same model makes the same bytes."""
    return json.dumps(header, allow_nan=False, sort_keys=True)


def _digest(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 of the header, ``sha256`` itself apart, and of the tensors with their names and shapes."""
    found = hashlib.sha256(_canonical({key: header[key] for key in header if key != "sha256"}).encode())
    for name in sorted(tensors):
        found.update(f"{name}{list(tensors[name].shape)}".encode())
        found.update(np.ascontiguousarray(tensors[name]).data)
    return found.hexdigest()


def _header(model: Model) -> dict[str, Any]:
    check_labels(model.classes)
    certificate, penalty = model.certificate, model.penalty
    return {
        "format": FORMAT,
        "software": f"logistic {version('logistic')}",
        "classes": {"type": _label_type(model.classes), "values": model.classes.tolist()},
        "features": None if model.features is None else list(model.features),
        "penalty": {**asdict(penalty), "alpha": _number(penalty.alpha), "C": _number(penalty.C)},
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
        "total": _number(model.total),
        "offset": model.offset,
    }


def _number(value: float) -> float | str:
    """JSON has no infinities; they are written as text."""
    return value if math.isfinite(value) else repr(value)


def _read_number(value: Any) -> float:
    if value in ("inf", "-inf", "nan"):
        return float(value)
    number = float(_typed(value, float, int))
    if not math.isfinite(number):
        raise ModelFileError("a number in its header is out of range")
    return number


def _unpack(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    """Header and tensors, as they stand in the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata, names = file.metadata() or {}, set(file.keys())
            if MODULE_ENTRY in metadata:
                way = "ModuleClassifier.load(path, module) with an instance of its class"
                raise ModelFileError(f"{path} holds the numbers of a torch module, not its code; use {way}")
            if ENTRY not in metadata:
                raise ModelFileError(f"{path} is a safetensors file, but not a model of this package")
            if set(metadata) != {ENTRY} or not TENSORS <= names <= TENSORS | {"direction"}:
                raise ModelFileError(f"{path} is not a sound model file: it has unexpected or missing parts")
            wrong = [name for name in names if file.get_slice(name).get_dtype() != "F64"]
            if wrong:
                raise ModelFileError(f"{path} is not a sound model file: tensor {wrong[0]!r} is not float64")
            return metadata[ENTRY], {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ModelFileError(f"{path} is not a model file ({str(error).rpartition(': ')[2]})") from None


def _model(header: Any, tensors: dict[str, np.ndarray]) -> Model:
    found = _typed(header, dict).get("format")
    if type(found) is not int or found != FORMAT:
        raise ModelFileError(f"its format is {found!r:.60}, and this version reads format {FORMAT}; upgrade logistic")
    _exactly(header, KEYS)
    classes, features = _classes(header["classes"]), header["features"]
    if features is not None:
        features = tuple(_typed(name, str) for name in _typed(features, list))
    M = 1 if len(classes) == 2 else len(classes)
    p = _columns(tensors, M)
    if features is not None and len(features) != p:
        raise ModelFileError(f"it names {len(features)} features for {p} columns")
    _typed(header["software"], str)
    n_iter, rows = _count(header["n_iter"]), _count(header["rows"])
    solver, total = _typed(header["solver"], str), _read_number(header["total"])
    offset = _typed(header["offset"], bool)
    certificate = _certificate(header["certificate"], tensors.get("direction"), p)
    strength = _strength(header["penalty"])
    if header["sha256"] != _digest(header, tensors):
        raise ModelFileError("its checksum does not match; the file was changed after it was written")
    coef, base, center = tensors["coef"], tensors["base"], tensors["center"]
    return Model(classes, features, coef, base, center, strength, certificate, n_iter, solver, rows, total, offset)


def _columns(tensors: dict[str, np.ndarray], M: int) -> int:
    """p, once every tensor has the shape that goes with it and holds finite numbers."""
    p = tensors["center"].size
    shapes = {"coef": (M, p), "base": (M,), "center": (p,), "direction": (p, M)}
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name]:
            raise ModelFileError(f"tensor {name!r} has shape {list(tensor.shape)}, not {list(shapes[name])}")
        if not np.isfinite(tensor).all():
            raise ModelFileError(f"tensor {name!r} holds numbers that are not finite")
    return p


def _certificate(entry: Any, direction: np.ndarray | None, p: int) -> Certificate:
    found = _exactly(_typed(entry, dict), CERTIFICATE_KEYS)
    columns = tuple(_count(column) for column in _typed(found["columns"], list))
    if any(column >= p for column in columns):
        raise ModelFileError("its certificate names columns that do not exist")
    return Certificate(
        _read_number(found["value"]),
        _read_number(found["gap"]),
        _one_of(found["kind"], ("proof", "estimate", "none")),
        _read_number(found["kkt"]),
        Status[_one_of(found["status"], [status.word for status in Status]).upper()],
        columns,
        direction,
    )


def _strength(entry: Any) -> Strength:
    found = _exactly(_typed(entry, dict), PENALTY_KEYS)
    return Strength(_read_number(found["alpha"]), _read_number(found["C"]), _typed(found["standardized"], bool))


def _classes(entry: Any) -> np.ndarray:
    found = _exactly(_typed(entry, dict), {"type", "values"})
    kind = _one_of(found["type"], list(LABELS))
    values = [_typed(value, LABELS[kind]) for value in _typed(found["values"], list)]
    classes = np.asarray(values, dtype=kind)
    if len(classes) < 2 or classes.tolist() != values or not np.array_equal(np.unique(classes), classes):
        raise ModelFileError("its classes are not at least two different labels in order")
    return classes


def _exactly(found: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    if set(found) != keys:
        raise ModelFileError(f"its header has unexpected or missing keys: {', '.join(sorted(set(found) ^ keys))[:200]}")
    return found


def _count(value: Any) -> int:
    if _typed(value, int) < 0:
        raise ModelFileError(f"{value} is negative")
    return int(value)


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
