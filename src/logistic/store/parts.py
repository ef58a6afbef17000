"""What the files of models, planes and modules have in common: digest, certificate and provenance."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..outcome import Certificate, Limit, Status
from ..provenance import Provenance
from ..strict import MOST_NAME, Packed, canonical, exactly, number, one_of, read_count, read_number, read_text, read_texts, typed

MODEL_ENTRY, PLANE_ENTRY, MODULE_ENTRY = "logistic", "logistic_plane", "logistic_module"
CERTIFICATE_KEYS = {"value", "gap", "kind", "kkt", "status", "columns"}
LIMIT_KEYS = {"supremum", "gap", "tendency"}
SIGNS = {"0": 0.0, "+": math.inf, "-": -math.inf, "?": math.nan}


def digest(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 of the header, ``sha256`` itself apart, and of the tensors with their names and shapes."""
    found = hashlib.sha256(canonical({key: header[key] for key in header if key != "sha256"}).encode())
    for name in sorted(tensors):
        found.update(f"{name}{list(tensors[name].shape)}".encode())
        found.update(np.ascontiguousarray(tensors[name]).data)
    return found.hexdigest()


def check_digest(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Refuse a file that was changed after it was written."""
    if header["sha256"] != digest(header, tensors):
        raise ModelFileError("its checksum does not match; the file was changed after it was written")


def read_tensors(found: Packed) -> dict[str, np.ndarray]:
    """The tensors of a file, all of them float64."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    wrong = [name for name, (kind, _) in found.tensors.items() if kind != "F64"]
    if wrong:
        raise ModelFileError(f"tensor {wrong[0]!r} is not float64")
    try:
        return dict(unpack(found.content))
    except SafetensorError as error:
        raise ModelFileError(str(error)) from None


def certificate_entry(certificate: Certificate) -> dict[str, Any]:
    """As JSON holds it, but for the direction and the finite part of a limit."""
    limit = certificate.limit
    return {
        **({} if limit is None else {"limit": _limit_entry(limit)}),
        "value": number(certificate.value),
        "gap": number(certificate.gap),
        "kind": certificate.kind,
        "kkt": number(certificate.kkt),
        "status": certificate.status.word,
        "columns": list(certificate.columns),
    }


def _limit_entry(limit: Limit) -> dict[str, Any]:
    pairs = itertools.combinations(range(len(limit.table)), 2)
    texts = ["".join(map(_sign, np.asarray(limit.tendency[m, k]).tolist())) for k, m in pairs]
    return {"supremum": number(limit.supremum), "gap": number(limit.gap), "tendency": texts}


def _sign(value: float) -> str:
    return next(sign for sign, meant in SIGNS.items() if repr(meant) == repr(value + 0.0))


def _read_limit(entry: Any, table: np.ndarray) -> Limit:
    """With ``table`` (K, q): one text for each pair of classes, a sign for each coefficient of the second against the first."""
    found = exactly(typed(entry, dict), LIMIT_KEYS)
    (K, q), texts = table.shape, read_texts(typed(found["tendency"], list))
    if len(texts) != K * (K - 1) // 2 or any(len(text) != q or set(text) - set(SIGNS) for text in texts):
        raise ModelFileError(f"the tendency of its limit is not a text of {q} signs for each pair of {K} classes")
    tendency = np.zeros((K, K, q))
    for (k, m), text in zip(itertools.combinations(range(K), 2), texts, strict=True):
        tendency[m, k] = [SIGNS[sign] for sign in text]
        tendency[k, m] = -tendency[m, k] + 0.0
    return Limit(read_number(found["supremum"]), read_number(found["gap"]), table, tendency)


def read_certificate(entry: Any, direction: np.ndarray | None, p: int, table: np.ndarray | None = None) -> Certificate:
    """The certificate of a model of p columns; ``table`` (K, q) is the finite part of its limit, if it has one."""
    found = exactly(typed(entry, dict), CERTIFICATE_KEYS | (set() if table is None else {"limit"}))
    columns = tuple(read_count(column) for column in typed(found["columns"], list))
    if any(column >= p for column in columns) or len(set(columns)) < len(columns):
        raise ModelFileError("its certificate names columns that do not exist, or one of them twice")
    return Certificate(
        read_number(found["value"]),
        read_number(found["gap"]),
        one_of(found["kind"], ("proof", "estimate", "none")),
        read_number(found["kkt"]),
        Status[one_of(found["status"], [status.word for status in Status]).upper()],
        columns,
        direction,
        None if table is None else _read_limit(found["limit"], table),
    )


def provenance_entry(provenance: Provenance | None) -> dict[str, Any] | None:
    """As JSON holds it."""
    return None if provenance is None else asdict(provenance)


def read_provenance(entry: Any) -> Provenance | None:
    """Where the rows came from, if that is known."""
    if entry is None:
        return None
    found = exactly(typed(entry, dict), {field.name for field in fields(Provenance)})
    edges, fractions = (tuple(read_number(value) for value in typed(found[name], list)) for name in ("edges", "fractions"))
    if not all(map(math.isfinite, edges + fractions)):
        raise ModelFileError("its provenance holds numbers that are not finite")
    weight, positive, seed, rows = (found[name] for name in ("weight", "positive", "seed", "rows_sha256"))
    return Provenance(
        data=read_text(found["data"]),
        sha256=read_digits(found["sha256"], 64),
        target=read_text(found["target"], MOST_NAME),
        weight=None if weight is None else read_text(weight, MOST_NAME),
        positive=None if positive is None else read_text(positive, MOST_NAME),
        edges=edges,
        fractions=fractions,
        seed=None if seed is None else read_count(seed),
        rows_sha256=None if rows is None else read_digits(rows, 64),
        command=read_text(found["command"]),
    )


def read_digits(value: Any, count: int) -> str:
    """A text of so many hexadecimal digits."""
    if not re.fullmatch(f"[0-9a-f]{{{count}}}", typed(value, str)):
        raise ModelFileError(f"{value!r:.60} is not made of {count} hexadecimal digits")
    return str(value)
