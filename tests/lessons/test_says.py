"""``says``: a number in the prose is the computed one, to every digit that is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from logistic.learn import says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.4055", np.log(1.5)),
        ("0.41", np.log(1.5)),
        ("-1.5", -1.5),
        ("\u22121.5", -1.49999),
        ("1,797", 1797),
        ("569", 569.3),
        ("92.65 %", 0.92654),
        ("92.65%", 0.92654),
        ("1e-8", 1.2e-8),
        ("1.2e-8", torch.tensor(1.2e-8)),
        ("3.1", torch.tensor(3.1, requires_grad=True)),
        ("3.10", 3.1),
        ("0.125", np.float32(0.125)),
        ("0.1", 0.15),
        ("0.2", 0.15),
    ],
)
def test_true_numbers_pass(text: str, value: Any) -> None:
    """Signs, thousands, percent and powers are read as people write them; a tie may go either way."""
    says(text, value)


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("0.4056", np.log(1.5), "it is 0.405465"),
        ("1.5", -1.5, "it is -1.5"),
        ("1,797", 1796, "it is 1796"),
        ("92.65 %", 92.65, "it is 9265 %"),
        ("1e-8", 1.6e-8, "it is 1.6e-08"),
        ("3.10", 3.11, "it is 3.11"),
        ("0", float("nan"), "it is nan"),
        ("1", float("inf"), "it is inf"),
    ],
)
def test_false_numbers_fail(text: str, value: Any, found: str) -> None:
    """With the true one in the message."""
    with pytest.raises(AssertionError, match=found):
        says(text, value)


@pytest.mark.parametrize("text", ["", "about 3", "3 rows", "1,79", "1797,", "0,5", "three", "$3$", "nan"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """One number, as it is written."""
    with pytest.raises(ValueError, match="one number as it is written"):
        says(text, 3)
