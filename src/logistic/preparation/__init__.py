"""Around a fit: split the rows, encode and weigh the labels, seed the streams, return to the units of the data."""

from __future__ import annotations

from .labels import LabelEncoder, class_weights
from .seeds import set_seed
from .splitting import Split, split
from .units import data_units

__all__ = ["LabelEncoder", "Split", "class_weights", "data_units", "set_seed", "split"]
