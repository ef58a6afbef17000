"""Bins by rank: equal values stay together, nothing depends on order or scale, and the edges give the bins back."""

from __future__ import annotations

import csv
import gzip
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from logistic.errors import InputError
from logistic.preparation import rank_bins
from support import shared_file

quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)
columns = st.lists(st.integers(-20, 20) | st.floats(-1e300, 1e300), min_size=5, max_size=60)


def test_distinct_values_are_shared_out_evenly() -> None:
    """Nine numbers make three bins of three, whatever their distances; the edges lie halfway."""
    values = np.array([100, 1, 2, 3, 50, 60, 7, 1e6, 8.0])
    found = rank_bins(values)
    assert found.edges.tolist() == [5, 55]
    assert found.apply(values).tolist() == [2, 0, 0, 0, 1, 2, 1, 2, 1]
    assert found.apply(values).dtype.kind == "i"


def test_a_rank_on_a_border_belongs_below() -> None:
    """Ranks 1 to 7 in three bins: the border 1 + 6/3 = 3 is a rank, and so is 5."""
    values = np.arange(7) * 10.0
    found = rank_bins(values, 3)
    assert found.apply(values).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert found.edges.tolist() == [25, 45]
    assert found.apply([25, np.nextafter(25, 30), -1e9, 1e9]).tolist() == [0, 1, 0, 2]


def test_ties_share_the_average_rank() -> None:
    """Four equal values at the end have the rank 6.5: the first bin ends at 1 + 5.5/2 = 3.75."""
    values = [1, 2, 3, 4, 5, 5, 5, 5]
    assert rank_bins(values, 2).apply(values).tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


@quick
@given(columns, st.integers(2, 5), st.randoms(use_true_random=False))
def test_bins_follow_the_definition(values: list[float], bins: int, shuffle: Any) -> None:
    """Average ranks cut as pandas cuts them (where no rank lies on a border), in order, and in whatever order the rows come."""
    ranks = pd.Series(values, dtype=float).rank()
    positions = (ranks - ranks.min()) / max(ranks.max() - ranks.min(), 0.5) * bins
    expected = np.maximum(np.ceil(positions.round(9)) - 1, 0)
    if len(set(expected)) < bins:
        with pytest.raises(InputError, match="fewer bins"):
            rank_bins(values, bins)
        return
    found = rank_bins(values, bins)
    assert found.apply(values).tolist() == expected.tolist()
    assert found.edges.shape == (bins - 1,)
    assert (np.diff(found.edges) > 0).all()
    mixed = list(values)
    shuffle.shuffle(mixed)
    assert rank_bins(mixed, bins).edges.tolist() == found.edges.tolist()


@pytest.mark.parametrize("values", [[1.0, np.nextafter(1, 2)], [5e-324, 1e-323], [-1.7e308, 1.7e308], [-5e-324, 0.0]])
def test_neighbouring_and_extreme_numbers_are_still_told_apart(values: list[float]) -> None:
    """Where there is no number halfway, or the sum overflows, the edge still divides."""
    assert rank_bins(values, 2).apply(values).tolist() == [0, 1]


@pytest.mark.parametrize("column", [list, tuple, np.asarray, pd.Series, pl.Series, lambda v: np.asarray(v)[:, None]])
def test_columns_of_every_kind(column: Any) -> None:
    """Lists, arrays and columns of data frames."""
    values = column([4, 1, 3, 2])
    assert rank_bins(values, 2).apply(values).tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("bins", [1, 0, -3, 2.0, "3", True, None])
def test_fewer_than_two_bins_are_refused(bins: Any) -> None:
    """One bin is no class."""
    with pytest.raises(InputError, match="bins must be a whole number from 2 on"):
        rank_bins([1, 2, 3], bins)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1, 2, float("nan")], "values is nan in row 2"),
        ([1, None, 3], "values is missing in row 1"),
        ([1, float("inf"), 3], "values is inf in row 1"),
        (["a", "b", "c"], "'a' in row 0, which is not a number"),
        ([[1, 2], [3, 4]], "one number a row"),
        ([], "0 different numbers"),
        ([2, 2, 2, 2], "1 different numbers"),
        ([0] * 50 + [1, 2], "bin 1 of 3 would hold no row"),
        (5, "values is 5"),
    ],
)
def test_values_that_cannot_be_cut_are_refused(values: Any, what: str) -> None:
    """Missing values, text, and columns with too many ties."""
    with pytest.raises(InputError, match=what):
        rank_bins(values)


def test_new_values_are_checked_too() -> None:
    """A missing value has no bin."""
    with pytest.raises(InputError, match="values is nan in row 1"):
        rank_bins([1, 2, 3]).apply([1, float("nan")])


def test_the_price_classes_of_ames() -> None:
    """981, 980 and 969 houses: up to 139,000 dollars, 139,400 to 190,000, and from 190,500."""
    with gzip.open(shared_file("data", "ames.csv.gz"), "rt") as file:
        prices = np.array([float(row["Sale_Price"]) for row in csv.DictReader(file)])
    found = rank_bins(prices)
    assert found.edges.tolist() == [139_200, 190_250]
    assert np.bincount(found.apply(prices)).tolist() == [981, 980, 969]
