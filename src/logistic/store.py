"""Model files: one safetensors file with strict JSON beside the tensors. Loading runs no code.

Layout, version 1. Tensors, all float64: ``coef`` (M, p), ``base`` (M,), ``center`` (p,), and ``direction`` (p, M) where the
classes are separated. The metadata hold one entry, ``logistic``: a JSON object with exactly the keys of :data:`KEYS`. Its
``sha256`` is a digest of everything else, so that a damaged file is never taken for another model.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError, ModelFileError
from .model import Model, Strength
from .outcome import Certificate, Status
from .strict import (
    canonical,
    check_labels,
    check_readable,
    exactly,
    label_type,
    number,
    one_of,
    parse,
    read_classes,
    read_count,
    read_number,
    sound,
    typed,
    write_atomically,
)

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
    text = canonical({**header, "sha256": _digest(header, tensors)})
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
    check_readable(path, "model")
    text, tensors = _unpack(path)
    with sound(path, "model"):
        return _model(parse(text), tensors)


def _digest(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 of the header, ``sha256`` itself apart, and of the tensors with their names and shapes."""
    found = hashlib.sha256(canonical({key: header[key] for key in header if key != "sha256"}).encode())
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
        "classes": {"type": label_type(model.classes), "values": model.classes.tolist()},
        "features": None if model.features is None else list(model.features),
        "penalty": {**asdict(penalty), "alpha": number(penalty.alpha), "C": number(penalty.C)},
        "certificate": {
            "value": number(certificate.value),
            "gap": number(certificate.gap),
            "kind": certificate.kind,
            "kkt": number(certificate.kkt),
            "status": certificate.status.word,
            "columns": list(certificate.columns),
        },
        "n_iter": model.n_iter,
        "solver": model.solver,
        "rows": model.rows,
        "total": number(model.total),
        "offset": model.offset,
    }


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
    found = typed(header, dict).get("format")
    if type(found) is not int or found != FORMAT:
        raise ModelFileError(f"its format is {found!r:.60}, and this version reads format {FORMAT}; upgrade logistic")
    exactly(header, KEYS)
    classes, features = read_classes(header["classes"]), header["features"]
    if features is not None:
        features = tuple(typed(name, str) for name in typed(features, list))
    M = 1 if len(classes) == 2 else len(classes)
    p = _columns(tensors, M)
    if features is not None and len(features) != p:
        raise ModelFileError(f"it names {len(features)} features for {p} columns")
    typed(header["software"], str)
    n_iter, rows = read_count(header["n_iter"]), read_count(header["rows"])
    solver, total = typed(header["solver"], str), read_number(header["total"])
    offset = typed(header["offset"], bool)
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
    found = exactly(typed(entry, dict), CERTIFICATE_KEYS)
    columns = tuple(read_count(column) for column in typed(found["columns"], list))
    if any(column >= p for column in columns):
        raise ModelFileError("its certificate names columns that do not exist")
    return Certificate(
        read_number(found["value"]),
        read_number(found["gap"]),
        one_of(found["kind"], ("proof", "estimate", "none")),
        read_number(found["kkt"]),
        Status[one_of(found["status"], [status.word for status in Status]).upper()],
        columns,
        direction,
    )


def _strength(entry: Any) -> Strength:
    found = exactly(typed(entry, dict), PENALTY_KEYS)
    return Strength(read_number(found["alpha"]), read_number(found["C"]), typed(found["standardized"], bool))
