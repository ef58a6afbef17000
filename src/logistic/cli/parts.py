"""The parts of a split: divided, written down, and found again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from ..preparation import Split
    from ..provenance import Provenance
    from ..sources import Table
    from .rows import Rows


def divided(labels: np.ndarray, fractions: tuple[float, ...], seed: int, stratified: bool = True) -> Split:
    """Row numbers in parts, each with its share of every label."""
    import numpy as np

    from ..preparation import split

    return split(np.arange(len(labels)), fractions=fractions, stratify=labels if stratified else None, seed=seed)


def recounted(split: Split, y: np.ndarray) -> Split:
    """The same parts, with the counts of other classes."""
    import numpy as np

    classes, codes = np.unique(y, return_inverse=True)
    counts = np.array([np.bincount(codes[rows], minlength=len(classes)) for rows in split.rows])
    return replace(split, classes=classes, counts=counts)


def rows_digest(split: Split) -> str:
    """SHA-256 of which row is in which part."""
    import numpy as np

    found = hashlib.sha256()
    for rows in split.rows:
        found.update(np.sort(rows).astype("<i8").tobytes() + b"/")
    return found.hexdigest()


def found_again(table: Table, origin: Provenance | None, part: str, stratified: bool = True) -> Split:
    """The parts into which the rows of the table were divided when a model was fitted.

    Raises
    ------
    InputError
        If they were not divided, or the table is another one.
    """
    from ..preparation import Target, cut_by_rank

    if origin is None:
        raise InputError(f"--split {part}: the model file does not say how its rows were divided; leave out --split")
    if not origin.fractions:
        raise InputError(f"--split {part}: the model was fitted on all its rows; fit it with --split 0.7/0.15/0.15")
    if table.sha256 != origin.sha256:
        raise InputError(
            f"--split {part}: {table.name} is not the data that the model was fitted on, {origin.data}"
            " (its SHA-256 differs); leave out --split to evaluate all its rows"
        )
    values = table.labels(origin.target)
    rule = cut_by_rank(values, len(origin.edges) + 1, table.name) if origin.edges else Target(origin.positive)
    labels = rule.classes(values, table.name) if stratified else values
    split = divided(labels, origin.fractions, origin.seed or 0, stratified)
    if part not in split.names:
        raise InputError(f"--split {part}: the model's parts are {', '.join(split.names)}{did_you_mean(part, split.names)}")
    if rows_digest(split) != origin.rows_sha256:
        raise InputError(
            f"--split {part}: this version of scikit-learn divides rows in another way than the one that fitted the model;"
            " leave out --split, or install that version"
        )
    return split


def fractions_of(text: str) -> tuple[float, ...]:
    """Fractions such as 0.7/0.15/0.15 as numbers.

    Raises
    ------
    InputError
        If they are no numbers.
    """
    try:
        return tuple(float(part) for part in text.split("/"))
    except ValueError:
        raise InputError(f"--split {text} must be two or three numbers such as 0.7/0.15/0.15") from None


def provenance(rows: Rows, fractions: str | None, seed: int, command: str) -> Provenance:
    """Where the rows of a fit came from, so that they are found again."""
    from ..provenance import Provenance
    from ..strict import MOST_TEXT

    def text(value: str) -> str:
        """Names of files can hold what is no character, and command lines can be endless."""
        return value.encode("utf-8", "backslashreplace").decode()[:MOST_TEXT]

    return Provenance(
        data=text(rows.table.name),
        sha256=rows.table.sha256,
        target=rows.target,
        weight=rows.weight,
        positive=rows.rule.positive,
        edges=rows.rule.edges,
        fractions=() if fractions is None else fractions_of(fractions),
        seed=None if rows.split is None else seed,
        rows_sha256=None if rows.split is None else rows_digest(rows.split),
        command=text(command),
    )
