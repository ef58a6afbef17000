"""The pieces of a formula, and the small language that a piece may be written in.

A formula is text from anybody, and so is a model file. Nothing of it is ever run as Python: a piece such as ``np.log(age + 1)`` is
parsed, every node of its tree must be one of those named here, and :mod:`logistic.recipes.factors` walks the tree with NumPy.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from ..errors import InputError, did_you_mean

MOST_FORMULA = 2**14  # characters of a formula or a piece
MOST_NESTED = 64  # brackets or operations in each other
LARGEST = 1e300  # of a number that is written out
MOST_SHOWN = 80  # characters of a piece that an error shows

ELEMENTWISE = ("abs", "ceil", "cos", "exp", "expm1", "floor", "log", "log10", "log1p", "log2", "sin", "sqrt", "tanh")
ONE_COLUMN, MORE_COLUMNS = ("center", "scale", "standardize"), ("poly", "bs")
STATEFUL = (*ONE_COLUMN, *MORE_COLUMNS)
CODINGS = {  # names of contrasts, in the words of R and of patsy
    **{f"contr.{word}": word for word in ("treatment", "SAS", "sum", "helmert", "diff", "poly")},
    **{word.capitalize(): word for word in ("treatment", "sum", "helmert", "diff", "poly")},
}
ARITHMETIC: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "mod",
    ast.Pow: "power",
    ast.UAdd: "positive",
    ast.USub: "negative",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
OPTIONS = {  # of the stateful transforms, and what may be written there
    "poly": {"degree": int, "raw": bool},
    "bs": {"df": int, "knots": list, "degree": int, "lower_bound": float, "upper_bound": float, "extrapolation": str},
}
WAYS = (
    "a formula is made of columns (`in backticks` where they are more than a word), + - * : / ** ( ), I, C, center, scale, poly, bs"
    " and functions such as np.log"
)

PART = re.compile(
    r"(?P<space>\s+)|(?P<quoted>`[^`]*`)|(?P<brace>\{)|(?P<call>[^\W\d][\w.]*\()|(?P<word>[\w.]+)|(?P<operator>%in%|[-+*/:^~()])"
)
MARKS = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[][(){}'\"`]")  # what is quoted, and brackets
PLAIN_NAME = re.compile(r"(?![0-9.]+\Z)[\w.]+")


class Part(NamedTuple):
    """A part of a formula: an operator or number as it is, or a piece that stands for columns.

    Attributes
    ----------
    text : str
    piece : bool
    """

    text: str
    piece: bool


class Node(NamedTuple):
    """A node of the tree of a piece, of which nothing but what is named here exists.

    Attributes
    ----------
    kind : str
        ``number``, ``column``, the name of a function of NumPy, of a transform, ``C`` or ``I``.
    parts : tuple of Node
    value : number, name of a column, or options
    """

    kind: str
    parts: tuple[Node, ...] = ()
    value: Any = None


class Piece(NamedTuple):
    """A piece as it was understood.

    Attributes
    ----------
    label : str
        In one spelling, as columns made of it are named.
    root : Node
    """

    label: str
    root: Node


def parts(formula: str) -> Iterator[Part]:
    """A formula, part by part, from its beginning to its end.

    Raises
    ------
    InputError
        Naming what does not belong into a formula.
    """
    if len(formula) > MOST_FORMULA:
        raise InputError(f"the formula has {len(formula):,} characters, more than {MOST_FORMULA:,}; name fewer columns")
    depth, place = 0, 0
    while place < len(formula):
        found = PART.match(formula, place)
        if found is None:
            raise InputError(f"{formula[place]!r} in the formula, before {formula[place + 1 :]!r:.40}, is not understood; {WAYS}")
        text, kind, place = found[0], found.lastgroup, found.end()
        if kind in ("brace", "call"):
            end = _closing(formula, found.end() - 1)
            text, place = formula[found.start() : end], end
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth > MOST_NESTED:
            raise InputError(f"the formula has brackets more than {MOST_NESTED} deep in each other; write it out")
        if kind != "space":
            number = kind == "word" and not PLAIN_NAME.fullmatch(text)
            yield Part(text, kind in ("quoted", "brace", "call") or (kind == "word" and not number))


def quoted(name: str) -> str:
    """A column as a piece: in backticks, where it is more than a word.

    Raises
    ------
    InputError
        If that cannot be written.
    """
    if "`" in name or not name or not name.isprintable():
        raise InputError(f"column {name!r:.200} cannot be named in a formula; rename it")
    return name if PLAIN_NAME.fullmatch(name) else f"`{name}`"


@lru_cache(maxsize=4096)
def understood(text: str) -> Piece:
    """The tree of a piece: a column, or an expression of the small language.

    Raises
    ------
    InputError
        Naming what it may not hold.
    """
    if len(text) > MOST_FORMULA:
        raise InputError(f"a piece of the formula has {len(text):,} characters, more than {MOST_FORMULA:,}")
    if re.fullmatch("`[^`]+`", text) or PLAIN_NAME.fullmatch(text):
        name = text.strip("`")
        return Piece(name, Node("column", value=name))
    inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if "\\" in text or not text.isprintable():
        _refuse(text, "it holds a backslash or a character that cannot be printed")
    tree, names = _parsed(inner)
    label = ast.unparse(tree).replace("\n", " ")
    for alias, name in names.items():
        label = label.replace(alias, name if name.isidentifier() and not keyword.iskeyword(name) else f"`{name}`")
    root = _Reader(text, names).top(tree)
    if not any(columns_of(root)):
        _refuse(text, "it names no column")
    return Piece(label, root)


def columns_of(node: Node) -> Iterator[str]:
    """Names of the columns below a node."""
    if node.kind == "column":
        yield node.value
    for part in node.parts:
        yield from columns_of(part)


def _closing(formula: str, start: int) -> int:
    """Where the bracket at ``start`` ends."""
    waiting: list[str] = []
    for mark in MARKS.finditer(formula, start):
        if mark[0] in ("(", "[", "{"):
            waiting.append({"(": ")", "[": "]", "{": "}"}[mark[0]])
        elif len(mark[0]) == 1 and (mark[0] in "'\"`" or waiting.pop() != mark[0]):
            raise InputError(f"{mark[0]!r} in the formula, before {formula[mark.end() :]!r:.40}, has no partner")
        if len(waiting) > MOST_NESTED:
            raise InputError(f"the formula has brackets more than {MOST_NESTED} deep in each other; write it out")
        if not waiting:
            return mark.end()
    raise InputError(f"the bracket before {formula[start + 1 :]!r:.40} in the formula is never closed")


def _parsed(text: str) -> tuple[ast.expr, dict[str, str]]:
    """The tree that Python would make of it, in which words stand for what is in backticks, and what they stand for."""
    stem = "_q"
    while stem in text:
        stem += "q"
    names: dict[str, str] = {}

    def alias(found: re.Match[str]) -> str:
        if not found[0].startswith("`"):
            return found[0]
        names[f"{stem}{len(names)}_"] = found[0][1:-1]
        return f" {stem}{len(names) - 1}_ "

    bare = MARKS.sub("", text)
    if unicodedata.normalize("NFKC", bare) != bare:  # Python would read such a word as another one
        _refuse(text, "write names with such characters in backticks")
    try:
        tree = ast.parse(MARKS.sub(alias, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is too long, or too deeply nested"
        _refuse(text, f"it cannot be read: {reason}")
    level: list[ast.AST] = [tree]
    for _ in range(MOST_NESTED):  # before anything walks it by recursion
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        _refuse(text, f"it is more than {MOST_NESTED} operations deep")
    return tree, names


def _refuse(text: str, why: str) -> NoReturn:
    raise InputError(f"the piece {_shown(text)} of the formula is not allowed: {why}; {WAYS}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}...")


class _Reader:
    """Reads the tree of one piece, whose ``text`` errors show; ``names`` are the columns that words stand for."""

    def __init__(self, text: str, names: dict[str, str]) -> None:
        self.text, self.names = text, names

    def top(self, node: ast.expr) -> Node:
        """What only a whole piece may be: categories, or several columns."""
        name = self._function(node)
        if name == "C":
            return self._categories(self._call(node))
        if name in MORE_COLUMNS:
            return self._transform(name, self._call(node))
        return self.value(node)

    def value(self, node: ast.AST) -> Node:
        """One number a row."""
        name = self._function(node)
        if name is not None:
            call = self._call(node)
            if name in ELEMENTWISE or name == "I":
                return Node(name, (self.value(self._only(call, name)),))
            if name in ONE_COLUMN:
                return self._transform(name, call)
            if name in MORE_COLUMNS or name == "C":
                _refuse(self.text, f"{name}(...) makes several columns, so it must stand alone")
            known = did_you_mean(name, (*ELEMENTWISE, *STATEFUL, "C", "I"))
            _refuse(self.text, f"{name:.60}(...) is no function that a formula knows{known}")
        if isinstance(node, ast.Name):
            return Node("column", value=self.names.get(node.id, node.id))
        if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            return Node(ARITHMETIC[type(node.op)], (self.value(node.left), self.value(node.right)))
        if isinstance(node, ast.UnaryOp) and type(node.op) in ARITHMETIC:
            return Node(ARITHMETIC[type(node.op)], (self.value(node.operand),))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in ARITHMETIC:
            both = (self.value(node.left), self.value(node.comparators[0]))
            return Node(ARITHMETIC[type(node.ops[0])], both)
        return Node("number", value=self._literal(node, float))

    def _function(self, node: ast.AST) -> str | None:
        """What a call calls, by its name; None where nothing is called."""
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Name):
            return node.func.id
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            module, name = node.func.value.id, node.func.attr
            if module == "np" and name in ELEMENTWISE:
                return name
            if module == "contr":
                return f"contr.{name}"
        _refuse(self.text, f"{_shown(ast.unparse(node.func))} is no function that a formula knows")

    def _call(self, node: ast.AST) -> ast.Call:
        assert isinstance(node, ast.Call)
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(k.arg is None for k in node.keywords):
            _refuse(self.text, "arguments cannot be unpacked")
        return node

    def _only(self, call: ast.Call, name: str) -> ast.expr:
        if len(call.args) != 1 or call.keywords:
            _refuse(self.text, f"{name}() takes one argument here")
        return call.args[0]

    def _transform(self, name: str, call: ast.Call) -> Node:
        """A transform that remembers the rows of the fit, with its options as plain values."""
        if not call.args:
            _refuse(self.text, f"{name}() needs a column")
        options = OPTIONS.get(name, {})
        if len(call.args) - 1 > len(options):
            _refuse(self.text, f"{name}() takes one argument here" if not options else f"{name}() has too many arguments")
        given = dict(zip(options, call.args[1:], strict=False))
        for word in call.keywords:
            if word.arg not in options or word.arg in given:
                _refuse(self.text, f"{name}() has no option {word.arg!r:.60}, or has it twice")
            given[str(word.arg)] = word.value
        found = {option: self._literal(node, options[option]) for option, node in given.items()}
        return Node(name, (self.value(call.args[0]),), found)

    def _categories(self, call: ast.Call) -> Node:
        """``C(x, contrasts, levels=[...])``."""
        given = dict(zip(("data", "contrasts"), call.args, strict=False))
        for word in call.keywords:
            if word.arg not in ("contrasts", "levels") or word.arg in given:
                _refuse(self.text, f"C() has no option {word.arg!r:.60}, or has it twice")
            given[str(word.arg)] = word.value
        if not call.args or len(call.args) > 2:
            _refuse(self.text, "C() takes a column, contrasts and levels=[...]")
        coding, base = self._coding(given["contrasts"]) if "contrasts" in given else ("treatment", None)
        levels = None
        if "levels" in given:
            levels = tuple(self._literal(given["levels"], list))
            if len(set(levels)) < len(levels) or len({type(level) for level in levels}) != 1:
                _refuse(self.text, "levels must be different values of one type")
        return Node("C", (self.value(given["data"]),), {"coding": coding, "base": base, "levels": levels})

    def _coding(self, node: ast.expr) -> tuple[str, Any]:
        """Which contrasts, and the level that others are compared with, if it is named."""
        call = node if isinstance(node, ast.Call) else None
        name = ast.unparse(node if call is None else call.func)
        if name not in CODINGS:
            _refuse(self.text, f"{_shown(name)} are no contrasts that a formula knows{did_you_mean(name, CODINGS)}")
        coding = CODINGS[name]
        words = [] if call is None else [*call.args, *(word.value for word in self._call(call).keywords)]
        keywords = set() if call is None else {word.arg for word in call.keywords}
        if not words:
            return coding, None
        if coding not in ("treatment", "SAS") or len(words) > 1 or not keywords <= {"base", "reference"}:
            _refuse(self.text, f"{name}() takes {'one level' if coding in ('treatment', 'SAS') else 'no arguments here'}")
        return coding, self._literal(words[0], object)

    def _literal(self, node: ast.AST, kind: type) -> Any:
        """A plain value that is written out: a number (float), or what an option takes."""
        if kind is list and isinstance(node, ast.List | ast.Tuple) and node.elts:
            return [self._literal(element, object) for element in node.elts]
        sign, bare = 1, node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, bare = -1, node.operand
        if isinstance(bare, ast.Constant) and type(bare.value) in (int, float, str, bool):
            value: Any = bare.value
            value = value if sign == 1 or type(value) in (str, bool) else -value
            if kind is object and (sign == 1 or type(value) in (int, float)):
                return value
            if type(value) in (int, float) and abs(value) >= LARGEST:
                _refuse(self.text, "a number in it is too large")
            if kind is float and type(value) in (int, float):
                return float(value)
            if type(value) is kind and sign == 1:
                return value
        what = {int: "a whole number", float: "a number", bool: "True or False", list: "a list of values", str: "a text"}.get(kind)
        _refuse(self.text, f"{_shown(ast.unparse(node))} is not {what or 'a plain value'}")
