"""Files of what was fitted: safetensors with strict JSON, written whole or not at all. Loading runs no code."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelFileError
from ..strict import read_packed
from .models import load, save
from .parts import MODEL_ENTRY, MODULE_ENTRY, PLANE_ENTRY, digest, provenance_entry, read_provenance
from .planes import load_plane, save_plane

__all__ = [
    "MODEL_ENTRY",
    "MODULE_ENTRY",
    "PLANE_ENTRY",
    "digest",
    "kind",
    "load",
    "load_plane",
    "provenance_entry",
    "read_provenance",
    "save",
    "save_plane",
]

MOST_TENSORS, MOST_RANK = 2**14, 16  # of any of them


def kind(path: str | Path) -> str:
    """Which of the entries a file holds: that of a model, of a linear regression, or of a torch module.

    Raises
    ------
    ModelFileError
        If it holds none of them.
    FileNotFoundError, PermissionError, IsADirectoryError
        As for any file.
    """
    found = read_packed(Path(path), "model", MOST_TENSORS, MOST_RANK).metadata
    for entry in (MODEL_ENTRY, PLANE_ENTRY, MODULE_ENTRY):
        if entry in found:
            return entry
    raise ModelFileError(f"{path} is a safetensors file, but not a model of this package")
