"""Where the rows of a model came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a model came from, so that they can be found again.

    Attributes
    ----------
    data : str
        What the user named: the file's name without folders, ``dataset:NAME``, or ``-``.
    sha256 : str
        64 hexadecimal digits: of the bytes of the file, or of the arrays of a bundled set.
    target : str
        Column of the labels.
    weight : str or None
        Column of the weights.
    positive : str or None
        The label that was set against the rest, as text.
    edges : tuple of float
        Cuts of a numeric target into classes; empty for none.
    fractions : tuple of float
        Of the split; empty for none.
    seed : int or None
        Of the split.
    rows_sha256 : str or None
        64 hexadecimal digits of the row numbers of the parts.
    command : str
        That fitted the model, for people to read.
    """

    data: str
    sha256: str
    target: str
    weight: str | None
    positive: str | None
    edges: tuple[float, ...]
    fractions: tuple[float, ...]
    seed: int | None
    rows_sha256: str | None
    command: str
