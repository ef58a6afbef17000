"""Files of fitted modules: the numbers of a state dict and strict JSON beside them. The class of the module is not in the file.

Layout, version 1. Tensors: the module's state dict, buffers included, under its names. The metadata hold one entry,
``logistic_module``: a JSON object with exactly the keys of :data:`KEYS`. ``witness`` holds the logits of a row of ones, by which
another module with the same names and shapes is found out; ``sha256`` is a digest of everything else.
"""

from __future__ import annotations

import copy
import hashlib
import math
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InputError, ModelFileError
from ..outcome import Certificate, Status
from ..provenance import Provenance
from ..store import MODULE_ENTRY as ENTRY, provenance_entry, read_provenance
from ..strict import (
    MOST_CLASSES,
    MOST_NAME,
    canonical,
    check_labels,
    exactly,
    label_type,
    number,
    one_of,
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
from .objective import KIND, logits
from .rows import cast, reference

if TYPE_CHECKING:
    import torch

FORMAT = 1
MOST_TENSORS = 2**14
MOST_RANK = 16
MOST_IN_A_ROW = 2**26  # numbers
KEYS = {
    "format",
    "software",
    "module",
    "classes",
    "shape",
    "features",
    "alpha",
    "certificate",
    "n_iter",
    "solver",
    "provenance",
    "witness",
    "sha256",
}


class Card(NamedTuple):
    """What is known of a fitted module beside its tensors.

    Attributes
    ----------
    classes : (K,) array
    shape : tuple of int
        Of one row.
    features : tuple of str or None
    alpha : float
    certificate : Certificate
    n_iter : int
    solver : str
    provenance : Provenance or None
        Where the rows came from, where that is known.
    """

    classes: np.ndarray
    shape: tuple[int, ...]
    features: tuple[str, ...] | None
    alpha: float
    certificate: Certificate
    n_iter: int
    solver: str
    provenance: Provenance | None = None


def write(path: str | Path, card: Card, module: torch.nn.Module) -> None:
    """Write a fitted module, complete or not at all.

    Raises
    ------
    InputError
        If its state or its labels are of a kind that a file cannot hold.
    OSError
        As for any file.
    """
    from safetensors.torch import save as pack

    check_labels(card.classes)
    certificate = card.certificate
    tensors = _tensors(module)
    header = {
        "format": FORMAT,
        "software": f"logistic {version('logistic')}",
        "module": type(module).__name__,
        "classes": {"type": label_type(card.classes), "values": card.classes.tolist()},
        "shape": list(card.shape),
        "features": None if card.features is None else list(card.features),
        "alpha": number(card.alpha),
        "certificate": {
            "value": number(certificate.value),
            "kkt": number(certificate.kkt),
            "status": certificate.status.word,
        },
        "n_iter": card.n_iter,
        "solver": card.solver,
        "provenance": provenance_entry(card.provenance),
        "witness": _witness(module, card.shape),
    }
    try:
        text = canonical({**header, "sha256": _digest(header, tensors)})
        _card(read_header(text, FORMAT, KEYS))  # nothing is written that would not be read
    except (ValueError, TypeError) as error:
        raise InputError(f"this module cannot be saved: {error}") from None
    write_packed(path, pack(tensors, metadata={ENTRY: text}), MOST_TENSORS, MOST_RANK)


def read(path: str | Path, module: Any) -> tuple[Card, torch.nn.Module]:
    """What a file knows, and a copy of ``module`` in eval mode that holds its tensors.

    Raises
    ------
    ModelFileError
        If the file is damaged, foreign, or of a later version of the format.
    InputError
        If the module is not the one that was saved: names, shapes, types or logits differ.
    """
    import torch

    path = Path(path)
    text, tensors = _unpack(path)
    with sound(path, "module"):
        header = read_header(text, FORMAT, KEYS)
        card, name, witness = _card(header)
        if header["sha256"] != _digest(header, tensors):
            raise ModelFileError("its checksum does not match; the file was changed after it was written")
    if not isinstance(module, torch.nn.Module):
        what = "its class" if isinstance(module, type) else f"{module!r:.60}"
        raise InputError(f"{path} holds the numbers of a {name}, not its code; pass an instance as module, not {what}")
    found = copy.deepcopy(module).train(False)
    if any(torch.nn.parameter.is_lazy(part) for part in (*found.parameters(), *found.buffers())):
        _ones(found, card.shape)
    _install(found, tensors, f"{path} holds the numbers of a {name}, and this {type(module).__name__} is another module")
    seen = _witness(found, card.shape)
    if witness is not None and (seen is None or not _same(witness, seen, reference(found))):
        raise InputError(
            f"{path} holds the numbers of a {name}; this {type(module).__name__} has the same names and shapes but computes "
            "other logits; pass a module with the same layers, activations included"
        )
    return card, found


# ------------------------------------------------------------------------------------------------------------------- writing


def _tensors(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The state dict on the CPU, shared memory made separate."""
    import torch

    found = {}
    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise InputError(f"the state of module holds {name!r}, a {type(value).__name__}; only tensors can be saved")
        found[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
    return found


def _digest(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    """SHA-256 of the header, ``sha256`` itself apart, and of the tensors with their names, types and shapes."""
    import torch

    found = hashlib.sha256(canonical({key: header[key] for key in header if key != "sha256"}).encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        found.update(f"{name}{tensor.dtype}{list(tensor.shape)}".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _ones(module: torch.nn.Module, shape: tuple[int, ...]) -> torch.Tensor:
    """(M,) logits of a row of ones."""
    import torch

    with torch.no_grad():
        return logits(module.train(False), {}, cast(np.ones((1, *shape)), reference(module)))[0]


def _witness(module: torch.nn.Module, shape: tuple[int, ...]) -> list[float] | None:
    """The logits of a row of ones; None for a module that cannot take it, or draws random numbers in eval mode."""
    try:
        once, again = (_ones(module, shape).double().tolist() for _ in range(2))
    except InputError:
        return None
    return once if once == again and all(map(math.isfinite, once)) else None


def _same(a: list[float], b: list[float], reference: torch.Tensor) -> bool:
    """The same logits but for the rounding of another machine."""
    import torch

    slack = 10 * torch.finfo(reference.dtype).eps ** 0.5 * max(1.0, *map(abs, a))
    return len(a) == len(b) and all(abs(x - y) <= slack for x, y in zip(a, b, strict=True))


# ------------------------------------------------------------------------------------------------------------------- reading


def _unpack(path: Path) -> tuple[str, dict[str, torch.Tensor]]:
    """Header and tensors, as they stand in the file."""
    from safetensors import SafetensorError
    from safetensors.torch import load as unpack

    found = read_packed(path, "module", MOST_TENSORS, MOST_RANK)
    if set(found.metadata) != {ENTRY}:
        raise ModelFileError(f"{path} is a safetensors file, but holds no torch module of this package; try logistic.load")
    try:
        return found.metadata[ENTRY], unpack(found.content)
    except (SafetensorError, KeyError) as error:  # sizes that do not go together, or a type that torch does not know
        raise ModelFileError(f"{path} is not a module file ({error})") from None


def _card(header: dict[str, Any]) -> tuple[Card, str, list[float] | None]:
    """The card, the name of the module's class, and the witness."""
    read_text(header["software"])
    features, witness = header["features"], header["witness"]
    ended = exactly(typed(header["certificate"], dict), {"value", "kkt", "status"})
    status = Status[one_of(ended["status"], [status.word for status in Status]).upper()]
    card = Card(
        read_classes(header["classes"]),
        tuple(read_count(size) for size in typed(header["shape"], list)),
        None if features is None else tuple(read_texts(features)),
        read_number(header["alpha"]),
        Certificate(read_number(ended["value"]), math.inf, KIND, read_number(ended["kkt"]), status),
        read_count(header["n_iter"]),
        read_text(header["solver"]),
        read_provenance(header["provenance"]),
    )
    if len(card.shape) >= MOST_RANK or math.prod(card.shape) > MOST_IN_A_ROW:
        raise ModelFileError(f"its rows have shape {list(card.shape)!r:.60}, more than {MOST_IN_A_ROW} numbers")
    if not card.shape or (features is not None and card.shape != (len(features),)):
        raise ModelFileError(f"its rows have shape {list(card.shape)}, which does not go with its features")
    witness = None if witness is None else [read_number(value) for value in typed(witness, list)]
    if witness is not None and len(witness) > MOST_CLASSES:
        raise ModelFileError(f"its witness has {len(witness)} logits, more than {MOST_CLASSES}")
    return card, read_text(header["module"], MOST_NAME), witness


def _install(module: torch.nn.Module, tensors: dict[str, torch.Tensor], what: str) -> None:
    """Put the tensors into the module, once all names, shapes and types agree."""
    here = module.state_dict()
    differences = [f"the file has no {name!r}" for name in sorted(set(here) - set(tensors))]
    differences += [f"the module has no {name!r}" for name in sorted(set(tensors) - set(here))]
    for name in sorted(set(here) & set(tensors)):
        ours, theirs = tensors[name], here[name]
        if ours.shape != theirs.shape:
            differences.append(f"{name!r} is {list(ours.shape)} in the file and {list(theirs.shape)} in the module")
        elif ours.dtype != theirs.dtype:
            differences.append(f"{name!r} is {ours.dtype} in the file and {theirs.dtype} in the module")
    if differences:
        raise InputError(f"{what}: {'; '.join(differences)[:500]}; pass an instance of the class that was saved")
    module.load_state_dict(tensors)
