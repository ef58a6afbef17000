"""Around a fit: split the rows, encode, weigh and bin the labels, seed the streams, return to the units of the data."""

from __future__ import annotations

from .bins import RankBins, rank_bins
from .labels import LabelEncoder, class_weights
from .seeds import set_seed
from .splitting import Split, split
from .target import WAYS, Target, check_classes, cut_by_rank, known_labels, set_against_the_rest, word
from .units import data_units

__all__ = [
    "WAYS",
    "LabelEncoder",
    "RankBins",
    "Split",
    "Target",
    "check_classes",
    "class_weights",
    "cut_by_rank",
    "data_units",
    "known_labels",
    "rank_bins",
    "set_against_the_rest",
    "set_seed",
    "split",
    "word",
]
