"""Splits that lose no row, labels that come back, weights that balance, units that change no logit, seeds that repeat."""

from __future__ import annotations

import json
import os
import pickle
import random
import stat
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings, strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.class_weight import compute_class_weight

from logistic.errors import InputError, ModelFileError
from logistic.preparation import LabelEncoder, class_weights, data_units, set_seed, split
from support import fit_arrays, overlapping

quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)

# ------------------------------------------------------------------------------------------------------------------- splits

LABELS = ["no"] * 30 + ["yes"] * 50 + ["perhaps"] * 20

# what holds 100 rows: how it is made of the numbers 0 ... 99, and how they are read back
CONTAINERS: dict[str, tuple[Callable[[np.ndarray], Any], Callable[[Any], Any]]] = {
    "list": (np.ndarray.tolist, np.asarray),
    "tuple": (tuple, np.asarray),
    "array": (np.asarray, np.asarray),
    "matrix": (lambda v: np.column_stack([v, -v]), lambda a: a[:, 0]),
    "memory of another order": (lambda v: np.asfortranarray(np.column_stack([v, -v]))[::1], lambda a: a[:, 0]),
    "text": (lambda v: v.astype(str), lambda a: a.astype(int)),
    "csr": (lambda v: sp.csr_array(v[:, None]), lambda a: a.toarray()[:, 0]),
    "csc matrix": (lambda v: sp.csc_matrix(v[:, None]), lambda a: a.toarray()[:, 0]),
    "coo": (lambda v: sp.coo_array(v[:, None]), lambda a: a.toarray()[:, 0]),
    "pandas frame": (lambda v: pd.DataFrame({"a": v}, index=v[::-1]), lambda a: a["a"].to_numpy()),
    "pandas series": (lambda v: pd.Series(v, index=v % 7), lambda a: a.to_numpy()),
    "pandas text": (lambda v: pd.Series(v.astype(str)).values, lambda a: a.astype(int)),
    "pandas index": (pd.Index, np.asarray),
    "polars frame": (lambda v: pl.DataFrame({"a": v}), lambda a: a["a"].to_numpy()),
    "polars series": (pl.Series, lambda a: a.to_numpy()),
    "pyarrow table": (lambda v: pa.table({"a": v}), lambda a: a["a"].to_numpy()),
    "pyarrow array": (pa.array, np.asarray),
    "pyarrow chunks": (lambda v: pa.chunked_array([v[:33], v[33:]]), np.asarray),
    "tensor": (torch.as_tensor, lambda a: a.numpy()),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_part_keeps_its_type_and_its_rows(name: str) -> None:
    """Anything with rows is divided as the row numbers say, and stays what it was."""
    make, read = CONTAINERS[name]
    whole = make(np.arange(100))
    found = split(whole, np.arange(100), stratify=LABELS, seed=3)
    assert found.names == ("train", "validation", "test")
    for (part, numbers), rows in zip(found, found.rows, strict=True):
        assert type(part) is type(whole)
        np.testing.assert_array_equal(read(part), rows)
        np.testing.assert_array_equal(numbers, rows)
    if sp.issparse(whole):
        assert {part.format for part, _ in found} == {whole.format}
    if name == "pandas frame":
        assert [part.index.tolist() for part, _ in found] == [(99 - rows).tolist() for rows in found.rows]


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.asarray,
        pd.Series,
        lambda labels: pd.Series(labels).values,
        lambda labels: pd.Series(labels, dtype="category"),
        pl.Series,
        pa.array,
    ],
)
def test_stratify_takes_labels_of_every_kind(make: Callable[[Any], Any]) -> None:
    """Pandas 3 text too, whose ``.values`` scikit-learn cannot stratify by."""
    found = split(np.arange(100), stratify=make(LABELS), seed=3)
    assert found.classes is not None
    assert found.counts is not None
    assert found.classes.tolist() == ["no", "perhaps", "yes"]
    assert found.counts.sum(axis=0).tolist() == [30, 20, 50]
    np.testing.assert_array_equal(found.rows[0], split(np.arange(100), stratify=LABELS, seed=3).rows[0])


@quick
@given(
    st.lists(st.integers(12, 60), min_size=1, max_size=4),
    st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (1 / 3, 1 / 3, 1 / 3), (0.8, 0.2), (0.29, 0.71)]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_a_split_loses_no_row(counts: list[int], fractions: tuple[float, ...], stratified: bool, seed: int) -> None:
    """Parts are disjoint, cover all rows and have their sizes; stratified, each has its share of each class within a row or two."""
    labels = np.repeat(np.arange(len(counts)), counts)
    n = len(labels)
    found = split(labels, fractions=fractions, stratify=labels if stratified else None, seed=seed)
    assert sorted(np.concatenate(found.rows)) == list(range(n))
    for rows, fraction, (part,) in zip(found.rows, fractions, found, strict=True):
        assert abs(len(rows) - fraction * n) < len(fractions)
        np.testing.assert_array_equal(part, labels[rows])
        if stratified:
            shares = np.bincount(part, minlength=len(counts)) - np.array(counts) * len(rows) / n
            assert abs(shares).max() < len(fractions) - 0.5
    if stratified:
        assert found.counts is not None
        assert (found.counts > 0).all()
        np.testing.assert_array_equal(found.counts, [np.bincount(part, minlength=len(counts)) for (part,) in found])
    else:
        assert found.classes is None
        assert found.counts is None


@pytest.mark.parametrize("seed", [0, np.int64(5), 2**32 - 1])
@pytest.mark.parametrize("n", [100, 101, 107])
def test_it_is_scikit_learn_twice(n: int, seed: int) -> None:
    """The same rows in the same order as two calls of train_test_split on one stream."""
    labels = np.array((LABELS + LABELS)[:n])
    stream = np.random.RandomState(seed)
    train, rest = train_test_split(np.arange(n), train_size=0.7, stratify=labels, random_state=stream)
    validation, test = train_test_split(rest, train_size=0.5, stratify=labels[rest], random_state=stream)
    found = split(labels, stratify=labels, seed=seed)
    for rows, right in zip(found.rows, (train, validation, test), strict=True):
        np.testing.assert_array_equal(rows, right)


def test_sizes_are_those_of_the_decimal_fractions() -> None:
    """0.29 of 100 rows is 29, though 0.29 * 100 is 28.999999999999996 in float64."""
    assert int(0.29 * 100) == 28
    assert [len(rows) for rows in split(np.arange(100), fractions=(0.29, 0.71)).rows] == [29, 71]
    assert [len(rows) for rows in split(np.arange(10), fractions=[0.7, 0.15, 0.15]).rows] == [7, 1, 2]


def test_a_seed_repeats_and_a_stream_goes_on() -> None:
    """A number gives one split for ever; a RandomState or Generator another one at each call, and is itself drawn from."""

    def rows(seed: Any) -> list[int]:
        return split(np.arange(100), stratify=LABELS, seed=seed).rows[0].tolist()

    assert rows(7) == rows(7) == rows(np.random.RandomState(7)) != rows(8)
    for make in (np.random.RandomState, np.random.default_rng):
        stream, again, untouched = make(7), make(7), make(7)
        first, second = rows(stream), rows(stream)
        assert first != second
        assert [rows(again), rows(again)] == [first, second]
        assert stream.normal() == again.normal() != untouched.normal()
    set_seed(7)
    assert rows(None) == rows(7)
    assert rows(None) != rows(7)


def test_the_table_of_a_split() -> None:
    """Counts and shares by class and part; the ratio of two classes; any number of classes, odd labels written out."""
    labels = ["benign"] * 40 + ["malignant"] * 60
    found = split(np.arange(100), fractions=(0.5, 0.3, 0.2), stratify=labels, seed=0)
    assert str(found).splitlines() == [
        "                         train  validation        test           all",
        "rows                50 (50.0%)  30 (30.0%)  20 (20.0%)  100 (100.0%)",
        "benign              20 (40.0%)  12 (40.0%)   8 (40.0%)    40 (40.0%)",
        "malignant           30 (60.0%)  18 (60.0%)  12 (60.0%)    60 (60.0%)",
        "malignant : benign        1.50        1.50        1.50          1.50",
    ]
    assert str(split(labels, fractions=(0.5, 0.5), seed=0)).splitlines() == [
        "           train        test           all",
        "rows  50 (50.0%)  50 (50.0%)  100 (100.0%)",
    ]
    odd = str(split(labels, stratify=["a\nb", "x" * 99, "c"] * 33 + ["c"], seed=0)).splitlines()
    assert len(odd) == 5
    assert max(map(len, odd)) < 100
    assert odd[2].startswith("'a\\nb'")


def test_a_split_as_plain_data() -> None:
    """``to_dict`` holds what the table shows, and JSON takes it."""
    found = split(np.arange(100), fractions=(0.5, 0.5), stratify=[0] * 40 + [1] * 60, seed=0).to_dict()
    part = {"rows": 50, "share": 0.5, "counts": {0: 20, 1: 30}, "shares": {0: 0.4, 1: 0.6}, "ratios": {0: 1.0, 1: 1.5}}
    assert found == {"train": part, "test": part}
    assert json.loads(json.dumps(found))["test"]["counts"] == {"0": 20, "1": 30}
    assert split(np.arange(10), fractions=(0.5, 0.5)).to_dict() == {
        "train": {"rows": 5, "share": 0.5},
        "test": {"rows": 5, "share": 0.5},
    }


BAD_SPLITS = {
    "no array": (lambda: split(), "split needs at least one array"),
    "lengths": (lambda: split(np.zeros(9), [1, 2]), "array 1 has 2 rows, but array 0 has 9"),
    "no rows": (lambda: split(np.zeros(9), {1: 2}), "array 1 is {1: 2} \\(dict\\); pass a data frame"),
    "no dimension": (lambda: split(np.array(3)), "array 0 is array\\(3\\) \\(ndarray\\)"),
    "text": (lambda: split("abcdefghij"), "array 0 is 'abcdefghij' \\(str\\)"),
    "lazy": (lambda: split(pl.LazyFrame({"a": [1, 2]})), "array 0 is .*LazyFrame"),
    "stratify length": (lambda: split(np.zeros(9), stratify=[1, 2]), "stratify has 2 labels, but array 0 has 9 rows"),
    "stratify shape": (lambda: split(np.zeros(20), stratify=np.zeros((20, 2))), "stratify must be one label a row"),
    "stratify missing": (lambda: split(np.zeros(20), stratify=["a", None] * 10), "stratify is missing in row 1"),
    "stratify mixed": (lambda: split(np.zeros(20), stratify=["a", 1] * 10), "stratify mixes labels of type int and str"),
    "sum": (lambda: split(np.zeros(9), fractions=(0.7, 0.2, 0.2)), "fractions .* sum to 1.1; make them sum to 1"),
    "one": (lambda: split(np.zeros(9), fractions=(1.0,)), "fractions must be two or three numbers between 0 and 1"),
    "four": (lambda: split(np.zeros(9), fractions=(0.25,) * 4), "fractions must be two or three numbers"),
    "zero": (lambda: split(np.zeros(9), fractions=(1.0, 0.0)), "fractions must be two or three numbers between 0 and 1"),
    "negative": (lambda: split(np.zeros(9), fractions=(0.9, 0.3, -0.2)), "fractions must be"),
    "not a number": (lambda: split(np.zeros(9), fractions=(float("nan"), 0.5)), "fractions must be"),
    "words": (lambda: split(np.zeros(9), fractions=("a", "b")), "fractions must be .* but is \\('a', 'b'\\)"),
    "a number": (lambda: split(np.zeros(9), fractions=0.7), "fractions must be .* but is 0.7"),
    "empty part": (lambda: split(np.zeros(3)), "of 3 rows leave the validation part empty"),
    "nothing": (lambda: split([]), "of 0 rows leave the train part empty"),
    "rare class": (lambda: split(np.zeros(100), stratify=["a"] * 98 + ["b"] * 2), "class 'b' has 2 of 100 rows, too few"),
    "unlucky class": (lambda: split(np.zeros(100), stratify=[0] * 97 + [5] * 3), "class 5 has 3 of 100 rows, too few"),
    "missed part": (
        lambda: split(np.zeros(100), fractions=(0.97, 0.03), stratify=["a"] * 90 + ["b"] * 10),
        "class 'b' has 10 of 100 rows, too few to appear in every part; merge or drop the class",
    ),
    "many classes": (lambda: split(np.zeros(40), stratify=list(range(20)) * 2), "a part of 6 rows cannot hold 20 classes"),
    "seed in words": (lambda: split(np.zeros(9), seed="x"), "seed must be a number from 0 to 2\\*\\*32 - 1, .* but is 'x'"),
    "seed below": (lambda: split(np.zeros(9), seed=-1), "seed must be a number from 0"),
}


@pytest.mark.parametrize("name", BAD_SPLITS)
def test_what_cannot_be_split_is_refused_in_words(name: str) -> None:
    """Array, class or fraction are named, with the way out."""
    call, message = BAD_SPLITS[name]
    with pytest.raises(InputError, match=message):
        call()


# ------------------------------------------------------------------------------------------------------------------- labels

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
several = st.one_of(
    texts,
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
    st.lists(numbers, min_size=1),
    st.lists(st.booleans(), min_size=1),
)


@quick
@given(several)
def test_labels_come_back_from_their_codes_and_from_a_file(tmp_path_factory: pytest.TempPathFactory, labels: list[Any]) -> None:
    """Decode undoes encode, codes follow the sorted labels, and a saved encoder is the same one with labels of the same type."""
    encoder = LabelEncoder().fit(labels)
    codes = encoder.encode(labels)
    assert encoder.decode(codes).tolist() == labels
    assert sorted(set(codes.tolist())) == list(range(len(encoder)))
    assert encoder.classes.tolist() == sorted(set(labels))
    path = tmp_path_factory.getbasetemp() / "labels.json"
    encoder.save(path)
    loaded = LabelEncoder.load(path)
    assert loaded == encoder
    assert loaded.classes.dtype == encoder.classes.dtype
    assert loaded.decode(codes).tolist() == labels


@pytest.mark.parametrize(
    "make",
    [list, np.asarray, pd.Series, lambda v: pd.Series(v).values, pl.Series, pa.array, lambda v: pd.Series(v, dtype="category")],
)
@pytest.mark.parametrize("labels", [["b", "a", "b"], [3, 1, 3], [0.5, -0.5, 0.5], [True, False, True]])
def test_labels_of_every_container(labels: list[Any], make: Callable[[Any], Any]) -> None:
    """Lists, arrays and columns of data frames give the same encoder."""
    encoder = LabelEncoder().fit(make(labels))
    assert encoder == LabelEncoder().fit(labels)
    assert encoder.encode(make(labels)).tolist() == [1, 0, 1]
    assert encoder.decode(make([1, 0, 1]) if not isinstance(labels[0], str) else [1, 0, 1]).tolist() == labels


def test_labels_and_codes_may_be_tensors() -> None:
    """Of any integer type."""
    encoder = LabelEncoder().fit(torch.tensor([30, 10, 20]))
    assert encoder.encode(torch.tensor([10, 30])).tolist() == [0, 2]
    assert encoder.decode(torch.tensor([2, 0], dtype=torch.uint8)).tolist() == [30, 10]


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float32", "float64", "bool"])
def test_a_file_keeps_the_type_of_numbers(dtype: str, tmp_path: Path) -> None:
    """The dtype of the labels comes back, to the last bit."""
    labels = np.array([0, 1], dtype=dtype) if dtype == "bool" else np.array([0.1, 3.7, 99.9]).astype(dtype)
    if dtype == "uint64":
        labels = np.array([2**64 - 1, 2**64 - 2, 0], dtype=dtype)
    encoder = LabelEncoder().fit(labels)
    encoder.save(tmp_path / "labels.json")
    loaded = LabelEncoder.load(tmp_path / "labels.json")
    assert loaded.classes.dtype == labels.dtype
    assert loaded.classes.tobytes() == np.unique(labels).tobytes()


def test_numbers_are_compared_exactly() -> None:
    """Neighbouring integers stay apart where float64 cannot tell them apart, whatever the types; equal numbers are one label."""
    large = [2**62, 2**62 + 1]
    encoder = LabelEncoder().fit(np.array(large))
    assert encoder.encode(np.array(large, dtype=np.uint64)).tolist() == [0, 1]
    with pytest.raises(InputError, match="y holds 4611686018427387906 in row 0"):
        encoder.encode(np.array([2**62 + 2], dtype=np.uint64))
    assert LabelEncoder().fit([0, 1]).encode([1.0, 0.0]).tolist() == [1, 0]


def test_an_encoder_says_what_it_knows() -> None:
    """Its length, its text, its classes, which cannot be written to; and no encoder is a key of a dictionary."""
    encoder = LabelEncoder()
    assert (len(encoder), str(encoder)) == (0, "LabelEncoder()")
    assert encoder == LabelEncoder()
    encoder.fit(["malignant", "benign", "malignant"])
    assert (len(encoder), str(encoder)) == (2, "LabelEncoder(0: 'benign', 1: 'malignant')")
    assert encoder != LabelEncoder()
    assert encoder != LabelEncoder().fit(["benign"])
    assert encoder != "benign"
    assert LabelEncoder().fit([0, 1]) != LabelEncoder().fit([False, True])
    assert LabelEncoder().fit(np.array(["a"], dtype="<U40")) == LabelEncoder().fit(["a"])
    assert str(LabelEncoder().fit(range(12))).endswith("9: 9, ... 12 labels)")
    assert pickle.loads(pickle.dumps(encoder)) == encoder
    with pytest.raises(ValueError, match="read-only"):
        encoder.classes[0] = "other"
    with pytest.raises(TypeError, match="unhashable"):
        hash(encoder)


def test_no_rows_are_encoded_and_decoded() -> None:
    """An empty batch is no error."""
    encoder = LabelEncoder().fit(["a", "b"])
    assert encoder.encode([]).shape == (0,)
    assert encoder.decode([]).shape == (0,)
    assert encoder.decode(encoder.encode([])).dtype == encoder.classes.dtype


WORDS = LabelEncoder().fit(["no", "yes"])
DIGITS = LabelEncoder().fit([0, 1, 2])
BAD_LABELS = {
    "unknown": (
        lambda: WORDS.encode(["no", "why", "yes", "maybe"]),
        "y holds 'why' in row 1, which is none of the labels that the encoder was fitted on "
        "\\(0: 'no', 1: 'yes'\\); drop these rows, or fit the encoder on data that hold the label",
    ),
    "misspelt": (lambda: WORDS.encode(["yess"]), "y holds 'yess' in row 0.*; did you mean 'yes'\\?"),
    "text for numbers": (lambda: DIGITS.encode(["1"]), "y holds '1' in row 0"),
    "number for text": (lambda: WORDS.encode([1]), "y holds 1 in row 0"),
    "missing": (lambda: WORDS.encode(["no", None]), "y is missing in row 1"),
    "not a number": (lambda: DIGITS.encode([0, float("nan")]), "y is nan in row 1"),
    "matrix": (lambda: DIGITS.encode(np.zeros((3, 2))), "y must be one label a row, but has shape \\(3, 2\\)"),
    "a single label": (lambda: WORDS.encode("no"), "y is 'no' \\(str\\); pass a data frame"),
    "too large": (lambda: DIGITS.decode([0, 3]), "codes is 3 in row 1; the 3 labels have the codes 0 to 2"),
    "negative": (lambda: DIGITS.decode([-1]), "codes is -1 in row 0"),
    "fraction": (lambda: DIGITS.decode([0.5]), "codes must be one whole number a row, but has shape \\(1,\\) and float64"),
    "truth": (lambda: DIGITS.decode([True]), "codes must be one whole number a row, but has shape \\(1,\\) and bool"),
    "one-hot": (lambda: DIGITS.decode(np.eye(3, dtype=int)), "codes must be one whole number a row, but has shape \\(3, 3\\)"),
    "not fitted": (lambda: LabelEncoder().encode(["a"]), "knows no labels yet; call fit\\(y\\) first"),
    "not fitted, decode": (lambda: LabelEncoder().decode([0]), "knows no labels yet"),
    "not fitted, save": (lambda: LabelEncoder().save("nowhere.json"), "knows no labels yet"),
    "fit nothing": (lambda: LabelEncoder().fit([]), "y is empty"),
    "fit mixed": (lambda: LabelEncoder().fit(["a", 1]), "y mixes labels of type int and str"),
    "fit dates": (
        lambda: LabelEncoder().fit(np.array(["2020-01-01"], "M8[D]")),
        "y holds labels of type datetime64\\[D\\]; use text",
    ),
    "fit objects": (lambda: LabelEncoder().fit([Fraction(1, 2)]), "y holds labels of type Fraction; use text"),
}


@pytest.mark.parametrize("name", BAD_LABELS)
def test_what_is_no_label_or_code_is_refused_in_words(name: str) -> None:
    """Label, row and the known ones are named."""
    call, message = BAD_LABELS[name]
    with pytest.raises(InputError, match=message):
        call()


SOUND = {"format": "logistic labels 1", "type": "str", "classes": ["a", "b"]}
BAD_FILES: dict[str, str | bytes] = {
    "empty": "",
    "not text": b"\xff\xfe\x00",
    "cut": json.dumps(SOUND)[:-9],
    "a list": json.dumps(list(map(list, SOUND.items()))),
    "a number": "3",
    "a key too many": json.dumps({**SOUND, "more": 1}),
    "a key too few": json.dumps({"format": "logistic labels 1", "type": "str"}),
    "a key twice": json.dumps(SOUND)[:-1] + ', "classes": ["x"]}',
    "a later format": json.dumps({**SOUND, "format": "logistic labels 2"}),
    "another type": json.dumps({**SOUND, "type": "object"}),
    "a type that is a list": json.dumps({**SOUND, "type": ["str"]}),
    "another type of labels": json.dumps({**SOUND, "type": "int64"}),
    "numbers as text": json.dumps({**SOUND, "classes": [1, 2]}),
    "fractions as integers": json.dumps({**SOUND, "type": "int64", "classes": [1, 2.5]}),
    "booleans as integers": json.dumps({**SOUND, "type": "int64", "classes": [False, True]}),
    "integers as booleans": json.dumps({**SOUND, "type": "bool", "classes": [0, 1]}),
    "too large": json.dumps({**SOUND, "type": "int8", "classes": [1, 300]}),
    "beyond float32": json.dumps({**SOUND, "type": "float32", "classes": [1.0, 1e300]}),
    "not a float32": json.dumps({**SOUND, "type": "float32", "classes": [0.1]}),
    "infinite": '{"format": "logistic labels 1", "type": "float64", "classes": [1.0, Infinity]}',
    "no number": '{"format": "logistic labels 1", "type": "float64", "classes": [NaN]}',
    "out of order": json.dumps({**SOUND, "classes": ["b", "a"]}),
    "a label twice": json.dumps({**SOUND, "classes": ["a", "a"]}),
    "no labels": json.dumps({**SOUND, "classes": []}),
    "one text": json.dumps({**SOUND, "classes": "ab"}),
    "nested": json.dumps({**SOUND, "classes": [["a"], ["b"]]}),
    "an object": json.dumps({**SOUND, "classes": {"a": 0}}),
    "nothing": json.dumps({**SOUND, "classes": None}),
    "deep": "[" * 100_000,
    "a huge number": '{"format": "logistic labels 1", "type": "int64", "classes": [' + "9" * 5000 + "]}",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_damaged_label_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    """Whatever is wrong, the file is named and no encoder comes back."""
    content, path = BAD_FILES[name], tmp_path / "labels.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ModelFileError, match=r"labels\.json is not a sound label file: ") as caught:
        LabelEncoder.load(path)
    assert "\n" not in str(caught.value)


def test_a_label_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """It can be read by eye; a write that fails leaves the old file and nothing else."""
    path = tmp_path / "labels.json"
    WORDS.save(path)
    assert json.loads(path.read_text()) == {"format": "logistic labels 1", "type": "str", "classes": ["no", "yes"]}
    DIGITS.save(path)
    assert LabelEncoder.load(path) == DIGITS
    with pytest.raises(InputError, match="cannot be saved; use text, numbers or booleans"):
        LabelEncoder().fit(np.array([1, 2], dtype=np.longdouble)).save(path)
    assert LabelEncoder.load(path) == DIGITS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            WORDS.save(path)
    assert LabelEncoder.load(path) == DIGITS
    assert os.listdir(tmp_path) == ["labels.json"]
    path.chmod(0o600)
    WORDS.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_label_file_that_is_not_there(tmp_path: Path) -> None:
    """The errors of any file."""
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        LabelEncoder.load(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match="no folder"):
        WORDS.save(tmp_path / "no folder" / "labels.json")


# ------------------------------------------------------------------------------------------------------------ class weights


@quick
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1), st.integers(0, 2**32 - 1))
def test_balanced_weights_are_those_of_scikit_learn(labels: list[str], seed: int) -> None:
    """With sample weights too; every class then weighs the same, and all rows together as before."""
    found, classes = class_weights(labels), np.unique(labels)
    assert list(found) == classes.tolist()
    right = compute_class_weight("balanced", classes=classes, y=np.array(labels))
    np.testing.assert_allclose(list(found.values()), right, rtol=1e-15)
    assert np.mean([found[label] for label in labels]) == pytest.approx(1, rel=1e-14)
    weight = np.random.default_rng(seed).uniform(0.1, 3, size=len(labels))
    weighted = class_weights(labels, sample_weight=weight)
    totals = {label: sum(w * weighted[label] for w, at in zip(weight, labels, strict=True) if at == label) for label in found}
    np.testing.assert_allclose(list(totals.values()), weight.sum() / len(found), rtol=1e-13)
    np.testing.assert_allclose(list(class_weights(labels, sample_weight=np.ones(len(labels))).values()), right, rtol=1e-15)
    inverse = class_weights(labels, "inverse")
    assert inverse == {label: 1 / labels.count(label) for label in found}


def test_a_weight_counts_rows() -> None:
    """Weight 2 is the row twice, weight 0 the row left out, with its class where no other row holds it."""
    assert class_weights([1, 1, 0], sample_weight=[2, 1, 1]) == class_weights([1, 1, 1, 0])
    assert class_weights([1, 1, 0, 5], "inverse", sample_weight=[1, 0, 1, 0]) == {0: 1.0, 1: 1.0}
    assert class_weights(pd.Series(["x", "y", "y"]), "inverse") == {"x": 1.0, "y": 0.5}
    assert class_weights([True, False, True], "inverse") == {False: 1.0, True: 0.5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], "balance"), "scheme is 'balance'; choose 'balanced' or 'inverse'; did you mean 'balanced'"),
        (([0, 1], None), "scheme is None; choose"),
        (([0, 1], ["inverse"]), r"scheme is \['inverse'\]; choose"),
        (([],), "no row of y has a positive weight"),
        (([0, 1], "inverse", [0, 0]), "no row of y has a positive weight"),
        (([0, 1], "inverse", [1, -1]), "sample_weight is -1 in row 1; weights must be at least 0"),
        (([0, 1], "inverse", [1]), "sample_weight has shape"),
        (([0, 1], "inverse", ["a", "b"]), "sample_weight must be one number a row"),
        (([0, 1], "inverse", [1, float("nan")]), "sample_weight is nan in row 1"),
        (([0, None],), "y is missing in row 1"),
    ],
)
def test_class_weights_refuse_in_words(arguments: tuple[Any, ...], message: str) -> None:
    """Scheme, row and weight are named."""
    with pytest.raises(InputError, match=message):
        class_weights(*arguments)


# --------------------------------------------------------------------------------------------------------- units of the data

SCALERS = {
    "standard": StandardScaler(),
    "standard, no mean": StandardScaler(with_mean=False),
    "standard, no sd": StandardScaler(with_std=False),
    "standard, neither": StandardScaler(with_mean=False, with_std=False),
    "minmax": MinMaxScaler(),
    "minmax -3 to 5": MinMaxScaler((-3, 5)),
    "maxabs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "robust, no center": RobustScaler(with_centering=False),
    "robust, no scale": RobustScaler(with_scaling=False),
    "robust, neither": RobustScaler(with_centering=False, with_scaling=False),
}


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
def test_logits_stay_the_same_in_the_units_of_the_data(name: str, frame: bool) -> None:
    """Whatever was learned about the columns: shifted, in other units, or constant."""
    rng = np.random.default_rng(5)
    X: Any = rng.normal(size=(30, 4)) * [1, 1e-6, 1e5, 0] + [3, 0, 1e6, 7]
    X = pd.DataFrame(X, columns=list("abcd")) if frame else X
    Z = SCALERS[name].fit_transform(X)
    coef, intercept = rng.normal(size=(3, 4)), rng.normal(size=3)
    found = data_units(coef, intercept, SCALERS[name])
    assert [part.shape for part in found] == [(3, 4), (3,)]
    logits = Z @ coef.T + intercept
    size = abs(np.asarray(X)) @ abs(found[0].T) + abs(found[1])  # what cancels
    assert (abs(np.asarray(X) @ found[0].T + found[1] - logits) <= 1e-14 * size).all()
    assert (abs(logits) > 1e-3 * size.min()).any()


numbers_of_usual_size = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)
positive = st.floats(1e-6, 1e6)


@quick
@given(st.lists(st.tuples(numbers_of_usual_size, numbers_of_usual_size, positive), min_size=1, max_size=8), numbers_of_usual_size)
def test_every_digit_of_a_pair_is_right(columns: list[tuple[float, float, float]], b: float) -> None:
    """By fractions: each coefficient is the nearest float64, and the intercept the one nearest to the sum of those."""
    coef, center, scale = map(np.array, zip(*columns, strict=True))
    (found,), (intercept,) = data_units([coef], [b], (center, scale))
    assert found.tolist() == [float(Fraction(w) / Fraction(s)) for w, s in zip(coef, scale, strict=True)]
    assert intercept == float(Fraction(b) - sum(Fraction(w) * Fraction(c) for w, c in zip(found, center, strict=True)))


def test_min_max_scaling_is_inverted_to_the_last_digit() -> None:
    """Its stored form, x * scale_ + min_, by fractions."""
    rng = np.random.default_rng(6)
    scaler = MinMaxScaler((-1, 2)).fit(rng.normal(size=(20, 5)) * 10.0 ** np.arange(-2, 3) + 100)
    coef, b = rng.normal(size=5), rng.normal()
    (found,), (intercept,) = data_units([coef], [b], scaler)
    columns = list(zip(found, coef, scaler.scale_, scaler.min_, strict=True))
    assert all(f == float(Fraction(w) * Fraction(a)) for f, w, a, _ in columns)
    assert intercept == float(Fraction(b) + sum(Fraction(f) * Fraction(m) / Fraction(a) for f, _, a, m in columns))


def test_a_large_shift_costs_no_digit_where_the_data_lie() -> None:
    """At the center the logit is b but for the rounding of the intercept; the sum of unrounded coefficients is off by far more."""
    coef, b, center, scale = np.array([1.0, -1.0]), 0.5, np.array([1e9, 7e8]), np.array([3.0, 2.1])
    (W,), (intercept,) = data_units([coef], [b], (center, scale))

    def off(value: float) -> float:
        return abs(float(sum(Fraction(w) * Fraction(c) for w, c in zip(W, center, strict=True)) + Fraction(value) - Fraction(b)))

    columns = zip(coef, center, scale, strict=True)
    unrounded = float(Fraction(b) - sum(Fraction(w) * Fraction(c) / Fraction(s) for w, c, s in columns))
    assert off(intercept) <= np.spacing(abs(intercept)) / 2
    assert off(unrounded) > 1e-9 > 1e6 * off(intercept)


@pytest.mark.parametrize("K", [2, 3])
def test_a_fit_of_scaled_columns_is_the_fit_of_the_data(K: int) -> None:
    """Without penalty the certified optimum of standardised columns, in the units of the data, is that of the data."""
    X, y = overlapping(K, 200, 3, K)
    X = X * [1, 1e-3, 50] + [5, 0, -100]
    scaler = StandardScaler().fit(X)
    scaled, plain = fit_arrays(scaler.transform(X), y).model, fit_arrays(X, y).model
    coef, intercept = data_units(scaled.coef, scaled.intercept, scaler)
    np.testing.assert_allclose(coef, plain.coef, rtol=1e-9)
    np.testing.assert_allclose(intercept, plain.intercept, rtol=1e-9, atol=1e-9)


def test_coefficients_may_be_tensors() -> None:
    """They come back as arrays."""
    coef, intercept = data_units(torch.ones(1, 2), torch.zeros(1), (torch.ones(2), torch.full((2,), 2.0)))
    assert coef.tolist() == [[0.5, 0.5]]
    assert intercept.tolist() == [-1]


ONES = np.ones((4, 2))
BAD_UNITS = {
    "shape": (np.ones(2), np.ones(1), (np.ones(2), np.ones(2)), r"coef has shape \(2,\) and intercept \(1,\); pass \(M, p\) and"),
    "intercept": (ONES, np.ones(3), (np.ones(2), np.ones(2)), r"coef has shape \(4, 2\) and intercept \(3,\)"),
    "columns": (ONES, np.ones(4), StandardScaler().fit(np.eye(3)), r"center of scaler has shape \(3,\), but coef has 2 columns"),
    "scale": (ONES, np.ones(4), (np.ones(2), 1.0), r"scale of scaler has shape \(\), but coef has 2 columns"),
    "zero": (ONES, np.ones(4), (np.ones(2), [1, 0]), "scale of scaler is 0 for column 1; give a constant column the scale 1"),
    "infinite": (ONES, np.ones(4), ([np.inf, 0], np.ones(2)), "center of scaler holds inf; pass finite numbers"),
    "missing": (ONES, [1, 1, 1, np.nan], (np.ones(2), np.ones(2)), "intercept holds nan"),
    "words": ([["a", "b"]], np.ones(1), (np.ones(2), np.ones(2)), "coef is .* which is no array of numbers"),
    "three": (ONES, np.ones(4), (1, 2, 3), r"scaler holds 3 arrays; pass two, \(center, scale\)"),
    "not fitted": (ONES, np.ones(4), StandardScaler(), r"scaler StandardScaler\(\) is not fitted; call its fit"),
    "by row": (ONES, np.ones(4), Normalizer().fit(np.eye(2)), r"scaler is Normalizer\(\), which does not shift and scale"),
    "curved": (ONES, np.ones(4), QuantileTransformer(n_quantiles=2), "pass a StandardScaler, MinMaxScaler, MaxAbsScaler"),
    "clipped": (ONES, np.ones(4), MinMaxScaler(clip=True).fit(np.eye(2)), "without clip"),
    "none": (ONES, np.ones(4), None, "scaler is None"),
    "beyond": (1e200 * ONES, np.ones(4), (np.ones(2), 1e-200 * np.ones(2)), "coef or intercept is beyond float64"),
    "far": (1e200 * ONES, np.ones(4), (1e200 * np.ones(2), np.ones(2)), "coef or intercept is beyond float64"),
}


@pytest.mark.parametrize("name", BAD_UNITS)
def test_what_has_no_units_is_refused_in_words(name: str) -> None:
    """Shapes, columns and scalers are named."""
    *arguments, message = BAD_UNITS[name]
    with pytest.raises(InputError, match=message):
        data_units(*arguments)


# -------------------------------------------------------------------------------------------------------------------- seeds


def test_a_seed_repeats_every_stream() -> None:
    """Python's, NumPy's and torch's global streams, and the generator that comes back."""

    def draws() -> list[float]:
        rng = set_seed(1234)
        return [rng.normal(), random.random(), np.random.randn(), torch.rand(()).item()]  # noqa: NPY002

    first = draws()
    assert draws() == first
    assert first[0] == np.random.default_rng(1234).normal()
    assert first[2] == np.random.RandomState(1234).randn()
    assert set_seed(np.int64(0)).random() == set_seed(0).random()


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True, None, "1"])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    """All three streams must be able to take it."""
    with pytest.raises(InputError, match="seed must be a whole number from 0 to"):
        set_seed(seed)


def test_labels_weights_and_seeds_load_nothing_heavy(tmp_path: Path) -> None:
    """scikit-learn waits for a split or one of its scalers; torch is never loaded, so not seeded either."""
    code = (
        "import sys\nfrom logistic.preparation import *\nset_seed(0)\nLabelEncoder().fit(['a', 'b']).save('labels.json')\n"
        "assert LabelEncoder.load('labels.json').decode([1]) == 'b'\nclass_weights([0, 1, 1])\n"
        "data_units([[1.0]], [0.0], ([2.0], [3.0]))\n"
        "print(*[m for m in ('torch', 'sklearn', 'scipy', 'pandas', 'narwhals', 'pyarrow') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
