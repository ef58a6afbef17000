"""Files of linear regressions: one safetensors file with strict JSON beside the tensors, as for models.

Layout, version 1. Tensors, all float64: ``coef`` (p,), ``base`` (1,), ``center`` (p,). The metadata hold one entry,
``logistic_plane``: a JSON object with exactly the keys of :data:`KEYS`. The history of iterations is not kept.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, ModelFileError
from ..plane import Plane
from ..strict import canonical, read_count, read_header, read_packed, read_text, read_texts, sound, typed, write_packed
from .parts import (
    PLANE_ENTRY,
    certificate_entry,
    check_digest,
    digest,
    provenance_entry,
    read_certificate,
    read_provenance,
    read_tensors,
)

FORMAT = 1
KEYS = {"format", "software", "features", "certificate", "n_iter", "solver", "rows", "provenance", "sha256"}
TENSORS = {"coef", "base", "center"}
MOST_TENSORS, MOST_RANK = 4, 2


def save_plane(plane: Plane, path: str | Path) -> None:
    """Write ``plane`` to ``path``, complete or not at all.

    Raises
    ------
    InputError
        If it holds numbers that a file cannot hold.
    OSError
        As for any file.
    """
    from safetensors.numpy import save as pack

    parts = {"coef": plane.coef, "base": np.array([plane.base]), "center": plane.center}
    tensors = {name: np.ascontiguousarray(part, dtype=np.float64) for name, part in parts.items()}
    try:
        header = {
            "format": FORMAT,
            "software": f"logistic {version('logistic')}",
            "features": None if plane.features is None else list(plane.features),
            "certificate": None if plane.certificate is None else certificate_entry(plane.certificate),
            "n_iter": plane.n_iter,
            "solver": plane.solver,
            "rows": plane.rows,
            "provenance": provenance_entry(plane.provenance),
        }
        text = canonical({**header, "sha256": digest(header, tensors)})
        _plane(read_header(text, FORMAT, KEYS), tensors)  # nothing is written that would not be read
    except (ValueError, TypeError) as error:
        raise InputError(f"this linear regression cannot be saved: {error}") from None
    write_packed(path, pack(tensors, metadata={PLANE_ENTRY: text}), MOST_TENSORS, MOST_RANK)


def load_plane(path: str | Path) -> Plane:
    """Read the file of a linear regression.

    Raises
    ------
    ModelFileError
        If the file is another one, is damaged, or comes from a later version of the format.
    FileNotFoundError, PermissionError, IsADirectoryError
        As for any file.
    """
    path = Path(path)
    found = read_packed(path, "model", MOST_TENSORS, MOST_RANK)
    with sound(path, "linear regression"):
        if set(found.metadata) != {PLANE_ENTRY} or set(found.tensors) != TENSORS:
            raise ModelFileError("it is another safetensors file, or has unexpected or missing parts")
        tensors = read_tensors(found)
        header = read_header(found.metadata[PLANE_ENTRY], FORMAT, KEYS)
        plane = _plane(header, tensors)
        check_digest(header, tensors)
        return plane


def _plane(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> Plane:
    """The plane, once header and tensors go together."""
    p, features = tensors["center"].size, header["features"]
    for name, tensor in tensors.items():
        if tensor.shape != ((1,) if name == "base" else (p,)):
            raise ModelFileError(f"tensor {name!r} has shape {list(tensor.shape)}")
        if not np.isfinite(tensor).all():
            raise ModelFileError(f"tensor {name!r} holds numbers that are not finite")
    if features is not None and len(typed(features, list)) != p:
        raise ModelFileError(f"it names {len(features)} features for {p} columns")
    read_text(header["software"])
    return Plane(
        coef=tensors["coef"],
        base=float(tensors["base"][0]),
        center=tensors["center"],
        n_iter=read_count(header["n_iter"]),
        solver=read_text(header["solver"]),
        features=None if features is None else tuple(read_texts(features)),
        certificate=None if header["certificate"] is None else read_certificate(header["certificate"], None, p),
        rows=read_count(header["rows"]),
        provenance=read_provenance(header["provenance"]),
    )
