"""Some of the rows, copied: for Hessians of a share of them, and for a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .backend import Array, chosen, namespace
from .contracts import Block
from .designs import Dense, stored
from .tasks import Rows

BYTES = 2**27  # of the copy, at most
PIECES = 4


def drawn(rows: Rows, share: float) -> Rows | None:
    """A random share of the rows, the same ones every time; None where there are too many for a copy, or none at all.

    Parameters
    ----------
    rows : Rows
        Dense.
    share : float
    """
    if 8 * rows.resolution.shape[0] * share * rows.count > BYTES:
        return None
    return _of(rows, [block for block in rows.executor.map(_some, rows.handles, share) if len(block.y)])


def thinned(rows: Rows, every: int) -> Rows | None:
    """One row of so many, in a few blocks; None where they weigh nothing."""
    parts = rows.executor.map(_nth, rows.handles, every)
    size = -(-len(parts) // PIECES)
    return _of(rows, [_joined(parts[first : first + size]) for first in range(0, len(parts), size)])


def _of(rows: Rows, blocks: list[Block]) -> Rows | None:
    total = sum(float(block.weight.sum()) for block in blocks)
    if not total > 0:
        return None
    counts = [len(block.y) for block in blocks]
    handles = rows.executor.put(blocks)
    return replace(rows, handles=handles, block_rows=max(counts), total=total, count=sum(counts), reach=None)


def _some(block: Block, share: float) -> Block:
    rows = chosen(block.y, share)
    parts = stored(block.X)
    X = block.X.take(rows).ready().dense() if parts is None else parts.rows(rows)
    return Block(Dense(X), block.y[rows], block.weight[rows], None if block.offset is None else block.offset[rows])


def _nth(block: Block, every: int) -> Block:
    rows = slice(None, None, every)
    return Block(block.X.take(rows), block.y[rows], block.weight[rows], None if block.offset is None else block.offset[rows])


def _joined(parts: Sequence[Block]) -> Block:
    offset = None if parts[0].offset is None else _stacked([part.offset for part in parts if part.offset is not None])
    X, y, weight = (_stacked(values) for values in zip(*((part.X.dense(), part.y, part.weight) for part in parts), strict=True))
    return Block(Dense(X), y, weight, offset)


def _stacked(parts: Sequence[Array]) -> Array:
    found: Array = namespace(parts[0]).concatenate(list(parts), axis=0)
    return found
