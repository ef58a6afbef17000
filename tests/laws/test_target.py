"""How a column becomes classes: rules that agree with themselves, refuse what they do not fit, and say what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from logistic.errors import InputError
from logistic.preparation import Target, check_classes, cut_by_rank, known_labels, rank_bins, set_against_the_rest, word

quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)
NAME = "column 'y' of f.csv"


# ----------------------------------------------------------------------------------------------------------- labels as they are


@pytest.mark.parametrize("values", [["b", "a", "b"], [3, 1, 1], [True, False], [1.0, 2.0], [0.5, 1.5, 0.5]])
def test_labels_are_left_alone(values: list[Any]) -> None:
    """Text, whole numbers, booleans, and a few numbers with fractions."""
    found = Target().classes(np.array(values), NAME)
    assert found.tolist() == values
    assert str(Target()) == ""


def test_a_quantity_is_no_label() -> None:
    """More than twenty different numbers with fractions are refused; whole numbers are not."""
    few, many = np.arange(40) % 20 + 0.5, np.arange(42) % 21 + 0.5
    assert Target().classes(few, NAME) is few
    with pytest.raises(
        InputError, match=r"column 'y' of f.csv holds 21 different numbers with fractions, .* cut them into classes"
    ):
        Target().classes(many, NAME)
    assert len(Target().classes(many - 0.5, NAME)) == 42


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_named_with_its_row(bad: float) -> None:
    """Counted from 1, whether it is to be a label or to be cut."""
    values = np.array([1.0, 2.0, bad, 3.0, bad])
    for make in (lambda: Target().classes(values, NAME), lambda: cut_by_rank(values, 2, NAME)):
        with pytest.raises(InputError, match=rf"^{NAME} is {bad} in row 3 \(2 such rows\)"):
            make()


@given(st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_only_labels_of_which_something_can_be_learned_pass(codes: list[int]) -> None:
    """One label, and each label once from three rows on, are refused; the rest passes without a doubt."""
    labels = np.array([f"label {code}" for code in codes])
    different = len(set(codes))
    if different == 1 or different == len(codes) > 2:
        with pytest.raises(InputError, match=r"two classes|is it the target\?"):
            check_classes(labels, NAME)
    else:
        assert check_classes(labels, NAME) == ""


def test_many_labels_for_few_rows_are_doubted() -> None:
    """From 21 labels on, with fewer than five rows each on average."""
    assert check_classes(np.arange(80) % 20, NAME) == ""
    assert check_classes(np.arange(105) % 21, NAME) == ""
    assert check_classes(np.arange(104) % 21, NAME).startswith(
        f"{NAME} has 21 different numbers for 104 rows; cut them into classes"
    )
    labels = np.array([f"n{k % 21}" for k in range(104)])
    assert check_classes(labels, NAME) == f"{NAME} has 21 different labels for 104 rows; is it the target?"


# -------------------------------------------------------------------------------------------------------- one against the rest


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["a", "b", "c", "b"], "b", ["(not b)", "b", "(not b)", "b"]),
        ([1, 2, 3], "2", ["(not 2)", "2", "(not 2)"]),
        ([1.0, 2.0, 1.0], "1", ["1", "(not 1)", "1"]),
        ([0.5, 2.0, 0.5], "0.5", ["0.5", "(not 0.5)", "0.5"]),
        ([True, False, True], "true", ["true", "(not true)", "true"]),
        ([" >50K", " <=50K"], " >50K", [">50K", "(not >50K)"]),
        (["'yes'", "'no'"], "'yes'", ["'yes'", "!'yes'"]),
    ],
    ids=str,
)
def test_one_label_is_set_against_the_rest(values: list[Any], positive: str, expected: list[str]) -> None:
    """Typed as it stands in a file; spaces around it are no part of its name; it is always the second class."""
    rule = set_against_the_rest(np.array(values), positive, NAME)
    found = rule.classes(np.array(values), NAME)
    assert found.tolist() == expected
    name = positive.strip()
    assert np.unique(found).tolist()[1] == name
    assert str(rule) == f"{name} against {np.unique(found).tolist()[0]}"


@quick
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(lambda text: text.strip(" !") != ""))
def test_the_label_is_the_second_class_whatever_it_is(positive: str) -> None:
    """Coefficients and metrics speak of the second class."""
    values = np.array([positive, "another one"])
    if positive != "another one":
        found = set_against_the_rest(values, positive, NAME).classes(values, NAME)
        assert sorted(found.tolist())[1] == positive.strip()


def test_later_rows_follow_the_same_rule() -> None:
    """Labels that were never seen are of the rest."""
    rule = set_against_the_rest(np.array(["a", "b"]), "a", NAME)
    assert rule.classes(np.array(["z", "a"]), NAME).tolist() == ["(not a)", "a"]


@pytest.mark.parametrize(
    ("values", "positive", "words"),
    [
        (["a", "b"], "c", r"holds no 'c' \(it holds 'a', 'b'\)"),
        (["yes", "no"], "Yes", r"holds no 'Yes'; did you mean 'yes'\?"),
        ([True, False], "True", r"holds no 'True'; did you mean 'true'\?"),
        (["a", "a"], "a", r"holds 'a' alone; there is no rest"),
        ([f"n{k}" for k in range(30)], "a", r"'n15' and 22 more\)$"),
    ],
    ids=str,
)
def test_a_label_that_cannot_be_set_against_a_rest_is_refused(values: list[Any], positive: str, words: str) -> None:
    """Naming what there is."""
    with pytest.raises(InputError, match=words):
        set_against_the_rest(np.array(values), positive, NAME)


# ------------------------------------------------------------------------------------------------------------------ cut by rank


@quick
@given(st.lists(st.integers(-50, 50), min_size=4, max_size=60, unique=True), st.integers(2, 4))
def test_numbers_are_cut_by_their_ranks(numbers: list[int], bins: int) -> None:
    """The same bins as rank_bins, by edges alone, and each class lies in the interval that is said of it."""
    values = np.array(numbers)
    rule = cut_by_rank(values, bins, NAME)
    found = rule.classes(values, NAME)
    assert found.tolist() == rank_bins(values, bins).apply(values).tolist()
    edges = (-np.inf, *rule.edges, np.inf)
    for k in range(bins):
        inside = values[found == k]
        assert ((edges[k] < inside) & (inside <= edges[k + 1])).all()
    assert str(rule).startswith(f"0 is up to {rule.edges[0]:.10g}, 1 is above {rule.edges[0]:.10g}")
    assert str(rule).endswith(f"{bins - 1} is above {rule.edges[-1]:.10g}")


def test_what_cannot_be_cut_is_refused() -> None:
    """Text, and too few different numbers."""
    with pytest.raises(InputError, match=rf"^{NAME} holds 'a', not numbers, so it cannot be cut by rank"):
        cut_by_rank(np.array(["a", "b"]), 2, NAME)
    with pytest.raises(InputError, match=rf"^{NAME} cannot be cut into 3 classes: .* too few for 3 bins; ask for fewer"):
        cut_by_rank(np.array([1, 2, 2, 1]), 3, NAME)
    with pytest.raises(InputError, match=rf"^{NAME} holds True, not numbers"):
        cut_by_rank(np.array([True, False]), 2, NAME)


# ------------------------------------------------------------------------------------------------------------------- words, known


@pytest.mark.parametrize(("label", "expected"), [(1, "1"), (1.0, "1"), (-0.0, "0"), (0.5, "0.5"), (True, "true"), ("True", "True")])
def test_words_are_what_stands_in_a_file(label: Any, expected: str) -> None:
    """One number has one word, whatever its type."""
    assert word(label) == expected


@pytest.mark.parametrize(
    ("values", "classes", "expected"),
    [
        ([1.0, 0.0], [0, 1], [1, 0]),
        (["1", "0"], [0, 1], [1, 0]),
        ([1, 0], ["0", "1"], ["1", "0"]),
        ([True, False], ["false", "true"], ["true", "false"]),
        (["b", "a", "b"], ["a", "b", "c"], ["b", "a", "b"]),
    ],
    ids=str,
)
def test_known_labels_are_spelt_as_the_model_spells_them(values: list[Any], classes: list[Any], expected: list[Any]) -> None:
    """By their words, of the type of the classes."""
    found = known_labels(np.array(values), np.array(classes), NAME)
    assert found.tolist() == expected
    assert found.dtype == np.array(classes).dtype


def test_unknown_labels_are_counted_and_the_first_is_named() -> None:
    """By its row, counted from 1."""
    values = np.array(["a", "z", "b", "y", "z"])
    with pytest.raises(InputError, match=rf"^{NAME} is 'z' in row 2, which is no class of the model \('a', 'b'; 3 such rows\)$"):
        known_labels(values, np.array(["a", "b"]), NAME)
    with pytest.raises(InputError, match=r"1 such row\); did you mean 'apple'\?$"):
        known_labels(np.array(["aple"]), np.array(["apple", "pear"]), NAME)
