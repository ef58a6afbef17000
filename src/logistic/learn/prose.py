"""Numbers in prose: a sentence may state a number only where the code beside it computes that number."""

from __future__ import annotations

import re
from typing import Any

# 0.4055, -1.5, 1,797, 92.65 %, 1e-8, 3.1e+4; a minus sign may be typographic.
NUMBER = re.compile(r"[-\u2212]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+\u2212]?\d+)?(?: ?%)?")


def says(text: str, value: Any) -> None:
    """The prose says ``text``; this is what it speaks of.

    Parameters
    ----------
    text : str
        A number as it is written: ``"0.4055"``, ``"-1.5"``, ``"1,797"``, ``"92.65 %"`` (of a share of 0.9265), ``"1e-8"``.
    value : number
        Anything that ``float`` takes, a tensor with a gradient too.

    Raises
    ------
    AssertionError
        If the value, rounded to the digits of the text, is another number.
    ValueError
        If the text is no number.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"says({text!r}, ...) needs one number as it is written, such as '0.25', '1,797', '92.65 %' or '1e-8'")
    plain = text.replace(",", "").replace("\u2212", "-")
    number, percent = plain.rstrip(" %"), plain.endswith("%")
    mantissa, _, power = number.lower().partition("e")
    last = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))  # what one unit of the last digit is worth
    found = float(value.detach() if hasattr(value, "detach") else value) * (100 if percent else 1)
    if not abs(found - float(number)) <= 0.5000001 * last:  # NaN is refused too
        raise AssertionError(f"the text says {text}, but it is {found:.10g}{' %' if percent else ''}")
