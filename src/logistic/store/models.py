"""Model files: one safetensors file with strict JSON beside the tensors. Loading runs no code.

Layout, version 1; ``docs/model-file.md`` has it in full. Tensors, all float64: ``coef`` (M, p), ``base`` (M,), ``center`` (p,),
``direction`` (p, M) where the classes are separated, and ``limit`` (K, p + 1), or (K, p) without an intercept, where it is known
what is left of their estimate. The metadata hold one entry, ``logistic``: a JSON object with exactly
the keys of :data:`KEYS`. Its ``sha256`` is a digest of everything else, so that a damaged file is never taken for another model.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, ModelFileError
from ..model import Model
from ..outcome import Statistics
from ..strength import Strength
from ..strict import (
    canonical,
    check_labels,
    exactly,
    label_type,
    number,
    read_classes,
    read_count,
    read_header,
    read_number,
    read_packed,
    read_text,
    read_texts,
    sound,
    typed,
    write_packed,
)
from .formulas import RECIPE, read_recipe, recipe_entry
from .parts import (
    MODEL_ENTRY,
    MODULE_ENTRY,
    PLANE_ENTRY,
    certificate_entry,
    check_digest,
    digest,
    provenance_entry,
    read_certificate,
    read_digits,
    read_provenance,
    read_tensors,
)
from .statistics import read_statistics, statistics_entry, statistics_tensors

FORMAT = 1
MOST_TENSORS = 7
MOST_RANK = 2
MOST_COLUMNS = 2**26
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
    "fit_intercept",
    "fingerprint",
    "provenance",
    "sha256",
}
TENSORS = {"coef", "base", "center"}
OTHER_TENSORS = {"direction", "limit", "covariance", "aliases"}  # where there are any
OTHER_KEYS = {"statistics", RECIPE}
PENALTY_KEYS = {"alpha", "C", "standardized"}
SOMETIMES = {"l1_ratio", "bias"}  # where there is a share of L1, or a bias was reduced


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
    if model.certificate.limit is not None:
        tensors["limit"] = np.asarray(model.certificate.limit.table)
    tensors |= statistics_tensors(model.statistics)
    for name, tensor in tensors.items():
        tensors[name] = np.ascontiguousarray(tensor, dtype=np.float64)
        if not np.isfinite(tensor).all():
            raise InputError(f"the {name} of this model holds numbers that are not finite ({model.certificate.status.word})")
    check_labels(model.classes)
    try:
        header = _header(model)
        text = canonical({**header, "sha256": digest(header, tensors)})
        _model(_read_header(text), tensors)  # nothing is written that would not be read
    except (ValueError, TypeError) as error:
        raise InputError(f"this model cannot be saved: {error}") from None
    write_packed(path, pack(tensors, metadata={MODEL_ENTRY: text}), MOST_TENSORS, MOST_RANK)


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
    found = read_packed(path, "model", MOST_TENSORS, MOST_RANK)
    if PLANE_ENTRY in found.metadata:
        raise ModelFileError(f"{path} holds a linear regression; use LinearRegression.load(path)")
    if MODULE_ENTRY in found.metadata:
        way = "ModuleClassifier.load(path, module) with an instance of its class"
        raise ModelFileError(f"{path} holds the numbers of a torch module, not its code; use {way}")
    if MODEL_ENTRY not in found.metadata:
        raise ModelFileError(f"{path} is a safetensors file, but not a model of this package")
    with sound(path, "model"):
        if set(found.metadata) != {MODEL_ENTRY} or not TENSORS <= set(found.tensors) <= TENSORS | OTHER_TENSORS:
            raise ModelFileError("it has unexpected or missing parts")
        tensors = read_tensors(found)
        header = _read_header(found.metadata[MODEL_ENTRY])
        model = _model(header, tensors)
        check_digest(header, tensors)
        return model


def _header(model: Model) -> dict[str, Any]:
    certificate, penalty = model.certificate, model.penalty
    return {
        "format": FORMAT,
        "software": f"logistic {version('logistic')}",
        "classes": {"type": label_type(model.classes), "values": model.classes.tolist()},
        "features": None if model.features is None else list(model.features),
        "penalty": _penalty_entry(penalty),
        "certificate": certificate_entry(certificate),
        "n_iter": model.n_iter,
        "solver": model.solver,
        "rows": model.rows,
        "total": number(model.total),
        "offset": model.offset,
        "fit_intercept": model.fit_intercept,
        "fingerprint": model.fingerprint,
        "provenance": provenance_entry(model.provenance),
        **({} if model.statistics is None else {"statistics": statistics_entry(model.statistics)}),
        **recipe_entry(model.recipe),
    }


def _read_header(text: str) -> dict[str, Any]:
    """A file has the other keys only where there is something to say, so files without are those of before."""
    return read_header(text, FORMAT, KEYS, OTHER_KEYS)


def _model(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    """The model, once header and tensors go together."""
    classes, features = read_classes(header["classes"]), header["features"]
    p = _columns(tensors, len(classes), typed(header["fit_intercept"], bool))
    if features is not None and len(typed(features, list)) != p:
        raise ModelFileError(f"it names {len(features)} features for {p} columns")
    coef, base, center = tensors["coef"], tensors["base"], tensors["center"]
    if not header["fit_intercept"] and (base.any() or center.any()):
        raise ModelFileError("it has no intercept, but its base or center is not zero")
    read_text(header["software"])
    return Model(
        classes=classes,
        features=None if features is None else tuple(read_texts(features)),
        coef=coef,
        base=base,
        center=center,
        penalty=_strength(header["penalty"]),
        certificate=read_certificate(header["certificate"], tensors.get("direction"), p, tensors.get("limit")),
        n_iter=read_count(header["n_iter"]),
        solver=read_text(header["solver"]),
        rows=read_count(header["rows"]),
        total=read_number(header["total"]),
        offset=typed(header["offset"], bool),
        fit_intercept=header["fit_intercept"],
        fingerprint="" if header["fingerprint"] == "" else read_digits(header["fingerprint"], 16),
        provenance=read_provenance(header["provenance"]),
        statistics=_statistics(header, tensors, p + header["fit_intercept"]),
        recipe=read_recipe(header.get(RECIPE), features, p, header["fit_intercept"]),
    )


def _statistics(header: dict[str, Any], tensors: dict[str, np.ndarray], q: int) -> Statistics | None:
    found = tensors.get("covariance"), tensors.get("aliases")
    if "statistics" in header:
        return read_statistics(header["statistics"], *found, q)
    if any(tensor is not None for tensor in found):
        raise ModelFileError("it has a covariance, but no statistics")
    return None


def _columns(tensors: dict[str, np.ndarray], K: int, intercept: bool) -> int:
    """p, once every tensor has the shape that goes with it and holds finite numbers."""
    p = tensors["center"].size
    if p > MOST_COLUMNS:
        raise ModelFileError(f"it has {p} columns, more than {MOST_COLUMNS}")
    M, q = 1 if K == 2 else K, p + intercept
    shapes = {"coef": (M, p), "base": (M,), "center": (p,), "direction": (p, M), "limit": (K, q)}
    shapes |= {"covariance": (M * q, M * q), "aliases": (q, tensors["aliases"].shape[-1] if "aliases" in tensors else 0)}
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name]:
            raise ModelFileError(f"tensor {name!r} has shape {list(tensor.shape)}, not {list(shapes[name])}")
        if not np.isfinite(tensor).all():
            raise ModelFileError(f"tensor {name!r} holds numbers that are not finite")
    return p


def _strength(entry: Any) -> Strength:
    """The penalty; a file names a share of L1 or a bias only where there is one, so files without are those of before."""
    found = exactly(typed(entry, dict), PENALTY_KEYS | (SOMETIMES & set(entry)))
    share = read_number(found.get("l1_ratio", 0.0))
    if "l1_ratio" in found and not 0 < share <= 1:
        raise ModelFileError(f"its l1_ratio is {share}, not above 0 and at most 1")
    alpha, bias = read_number(found["alpha"]), found.get("bias")
    if "bias" in found and (bias != "firth" or alpha != 0 or share):
        raise ModelFileError(f"its bias is {bias!r:.60} beside alpha={alpha}; there is 'firth' alone, without a penalty")
    return Strength(alpha, read_number(found["C"]), typed(found["standardized"], bool), share, bias)


def _penalty_entry(penalty: Strength) -> dict[str, Any]:
    entry = {"alpha": number(penalty.alpha), "C": number(penalty.C), "standardized": penalty.standardized}
    share = {"l1_ratio": number(penalty.l1_ratio)} if penalty.l1_ratio else {}
    return {**entry, **share, **({"bias": penalty.bias} if penalty.bias is not None else {})}
