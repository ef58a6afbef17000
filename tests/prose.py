"""What a lesson must be, beside running: its parts in order, and no number in its text that its code does not compute.

A number in the text (markdown cells, formulas included) counts where it has a decimal point or a power of ten, or is a whole number
above 12. It must be the text of a ``says(text, value)`` of the same lesson, digit by digit, with its sign and its percent sign;
thousands commas and spaces do not matter. Its value is computed, or a name, never another number typed in. These do not count: code
in backticks and code blocks, targets of links, years (1500 to 2099), minutes to read, and names such as "lesson 14". In turn, each
text of a ``says`` must occur.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import jupytext

from logistic.learn.prose import NUMBER

SMALL = 12
PARTS = ("## Predict first", "## Break it", "## Exercise 1", "## Exercise 2", "## What to remember", "## For teachers")
OBJECTIVES = re.compile(r"\A# (?P<title>.+)\n(?:.*\n)*?After this lesson you can\b.*\n+(?:[-*] .*\n(?:  .*\n)*){2,4}(?![-*] )")
WORDS = (600, 2000)
PUBLIC = {"datasets", "inference", "learn", "linear", "plots", "solvers"}
NAMES = re.compile(r"\b(?:lesson|exercise|section|step|part|chapter|page|figure|table|question)s?\s+\d+(?:\.\d+)*\b", re.IGNORECASE)
MINUTES = re.compile(r"\b\d+ (?:more )?minutes?\b")
YEAR = re.compile(r"(?<![\w.,-])(?:1[5-9]|20)\d\d(?![\w%]|[.,]\d)")
NO_PROSE = (
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(r"`[^`\n]*`"),
    re.compile(r"(?<=\])\([^)\s]*\)"),
    re.compile(r"https?://\S+"),
    re.compile(r"</?[a-z][^>]*>"),
    NAMES,
    MINUTES,
    YEAR,
)
LATEX = (  # to what the number would be in plain text
    (re.compile(r"\s*(?:\\times|\\cdot|\u00d7|\u00b7)\s*10\^\{?([-\u2212]?\d+)\}?"), r"e\1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?:\\[, ]|~)?\\%"), "%"),
    (re.compile(r"\\[a-zA-Z]+"), " "),
)
LOADED = re.compile(  # what a browser would fetch
    r"""<(?:script|link|iframe|object|embed|base)\b|\b(?:src|srcset|poster|data)\s*=\s*["']?(?!data:)[^"'\s>]|@import|url\(\s*["']?(?!data:|\#)""",
    re.IGNORECASE,
)


def cells(path: Path) -> Any:
    """The cells of a lesson."""
    return jupytext.read(path, fmt="py:percent").cells


def texts(path: Path) -> list[str]:
    """Its text, cell by cell."""
    return [cell.source for cell in cells(path) if cell.cell_type == "markdown"]


def _same(number: str) -> str:
    return re.sub(r"[ ,]", "", number).replace("\u2212", "-")


def numbers(text: str) -> list[str]:
    """The numbers in a text that count, as they are written but for commas and spaces."""
    for what in NO_PROSE:
        text = what.sub(" ", text)
    for latex, plain in LATEX:
        text = latex.sub(plain, text)
    found = []
    for match in NUMBER.finditer(text):
        number, before = match[0], text[match.start() - 1 : match.start()]
        if before.isalnum() or before in ("_", "."):
            if number[0] not in "-\u2212":
                continue  # part of a name, such as L2
            number = number[1:]  # a hyphen or a difference, not a sign
        plain = _same(number)
        if set(".e") & set(plain.lower()) or abs(int(plain.rstrip("%"))) > SMALL:
            found.append(plain)
    return found


def said(path: Path) -> set[str]:
    """The texts of all ``says`` of a lesson."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "says":
            text, value = node.args
            where = f"{path.name}:{node.lineno}: says()"
            assert isinstance(text, ast.Constant), f"{where} needs its text in quotes, as the prose has it"
            assert any(isinstance(part, ast.Name) for part in ast.walk(value)), f"{where} needs a value that the lesson computes"
            found.add(_same(str(text.value)))
    return found


def untrue(path: Path) -> list[str]:
    """What is wrong with the numbers of a lesson."""
    known, every = said(path), [number for text in texts(path) for number in numbers(text)]
    spoken = {_same(match[0]) for text in texts(path) for match in NUMBER.finditer(_plain(text))}
    missing = [f"{path.name}: the text says {number}, but no says({number!r}, ...) does" for number in every if number not in known]
    unsaid = sorted(known - spoken - set(every))
    return missing + [f"{path.name}: says({text!r}, ...), but the text does not" for text in unsaid]


def _plain(text: str) -> str:
    for latex, plain in LATEX:
        text = latex.sub(plain, text)
    return text


def misshapen(path: Path, title: str) -> list[str]:
    """Which parts of a lesson are missing, out of order or too long."""
    written = texts(path)
    found = []
    objectives = OBJECTIVES.match(written[0] + "\n")
    if objectives is None:
        found.append("the first cell is no title with a list of 2 to 4 after 'After this lesson you can'")
    elif objectives["title"] != title:
        found.append(f"its heading is {objectives['title']!r}, its title {title!r}")
    headings = [line for text in written for line in text.splitlines() if line.startswith("## ")]
    places = [next((k for k, line in enumerate(headings) if line.startswith(part)), None) for part in PARTS]
    found += [f"no part {part!r}" for part, place in zip(PARTS, places, strict=True) if place is None]
    there = [place for place in places if place is not None]
    if there != sorted(there):
        found.append(f"its parts are in another order than {', '.join(PARTS)}")
    words = sum(len(text.split()) for text in written)
    if not WORDS[0] <= words <= WORDS[1]:
        found.append(f"{words} words; a lesson has {WORDS[0]} to {WORDS[1]}")
    return [f"{path.name}: {what}" for what in found]


def unlisted_imports(path: Path, allowed: set[str]) -> list[str]:
    """What a lesson imports that neither the package nor its extra ``lessons`` brings, and modules of ours that are not public."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    foreign = {name.partition(".")[0] for name in names} - allowed - set(sys.stdlib_module_names)
    inner = {name for name in names if name.startswith("logistic.") and name.split(".")[1] not in PUBLIC}
    return sorted(f"{path.name}: imports {name}" for name in foreign | inner)
