"""The formula face: formulaic reads the grammar of a formula, and its rule of which level each term leaves out.

Formulaic is never given the pieces of the formula, nor the data: it sees words that stand for them. What a piece may be, and what
it means for rows, says :mod:`logistic.recipes`; formulaic would run it as Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import signature
from typing import Any

import numpy as np

from .errors import InputError
from .recipes import Factor, Recipe, learned, parts, quoted, understood
from .recipes.recipe import Term
from .sources import Columns, frame_kind, vector

MOST_TERMS = 2**12
MOST_CATEGORIES = 8  # in one term: the rule of the levels doubles its work with each
BY_NAME = ("sample_weight", "freq_weights", "groups", "offset")


def from_formula(kind: Any, formula: str, data: Any, settings: dict[str, Any]) -> Any:
    """An estimator of the class ``kind``, fitted to what a formula says about data.

    Parameters
    ----------
    kind : type
    formula : str
    data : data frame or dict of arrays
    settings : dict
        Of the estimator, and of its ``fit``.

    Raises
    ------
    InputError
        Naming the piece of the formula, the column or the row that cannot be used.
    """
    from dataclasses import replace

    given = set(signature(kind.fit).parameters) - {"self", "X", "y"}
    rows = {name: value for name, value in settings.items() if name in given}
    estimator = kind(**{name: value for name, value in settings.items() if name not in given})
    if rows.get("validation_data") is not None:
        raise InputError("validation_data does not go with a formula; fit on the columns themselves")
    columns = Columns(data)
    weights = [rows[name] for name in BY_NAME if isinstance(rows.get(name), str)]
    recipe = recipe_of(formula, columns, without=weights)
    rows = {name: columns[value].values if name in BY_NAME and isinstance(value, str) else value for name, value in rows.items()}
    if not estimator.fit_intercept:
        raise InputError("fit_intercept=False does not go with a formula; write 0 + in the formula instead")
    estimator.set_params(fit_intercept=recipe.intercept)
    estimator.fit(framed(recipe.design(columns), recipe), labels_of(recipe, columns), **rows)
    names = tuple(recipe.names())
    estimator.model_, estimator._frame = replace(estimator.model_, recipe=recipe, features=names), frame_kind(data)
    estimator.feature_names_in_ = np.asarray(names, dtype=object)
    return estimator


def labels_of(recipe: Recipe, columns: Columns) -> np.ndarray:
    """(n,) the labels of the rows."""
    return vector(columns[recipe.response].values, f"column {recipe.response!r:.200}", columns.rows)


def framed(X: Any, recipe: Recipe) -> Any:
    """The design (n, p) with its names, as a data frame that shares its memory; a sparse one as it is."""
    import pandas as pd

    return X if not isinstance(X, np.ndarray) else pd.DataFrame(X, columns=list(recipe.names()), copy=False)


def response_of(formula: Any) -> str:
    """The column left of ``~``.

    Raises
    ------
    InputError
        If there is none, or more than the name of a column.
    """
    if not isinstance(formula, str):
        raise InputError(f"a formula is text such as 'low ~ age + C(race)', but got {type(formula).__name__}")
    words = list(parts(formula))
    left = words[: next((place for place, part in enumerate(words) if part.text == "~"), 0)]
    if not left:
        raise InputError(f"the formula {formula!r:.200} has no response; write 'response ~ columns'")
    root = understood(left[0].text).root if len(left) == 1 and left[0].piece else None
    if root is None or root.kind != "column":
        raise InputError(f"the formula {formula!r:.200} must have the name of one column as its response, left of ~")
    return str(root.value)


def recipe_of(formula: str, columns: Columns, without: Iterable[str] = ()) -> Recipe:
    """What a formula means for these rows.

    Parameters
    ----------
    formula : str
        Such as ``low ~ age + C(race)*smoke``.
    columns : Columns
        Levels, means and knots are learned from these rows.
    without : iterable of str
        Columns that ``.`` leaves out.

    Raises
    ------
    InputError
        Naming the piece of the formula, the column or the row that cannot be used.
    """
    response = response_of(formula)
    words = _Words(columns)
    text = " ".join(words.word(part.text) if part.piece else part.text for part in parts(formula))
    right = _terms(formula, text, words, set(without))
    terms = [[words.pieces[word] for word in term] for term in right if term]
    if response in {name for term in terms for piece in term for name in Factor(piece).columns}:
        raise InputError(f"the response {response!r:.80} stands on both sides of ~; leave it out on the right")
    _ = columns[response]
    texts = list(dict.fromkeys(piece for term in terms for piece in term))
    factors = tuple(learned(text, columns) for text in texts)
    if not factors:
        raise InputError("the formula has no column on its right-hand side; name at least one")
    ranked = tuple(_ranked(right, words, dict(zip(texts, factors, strict=True))))
    recipe = Recipe(formula, response, () in right, factors, ranked)
    recipe.check()
    return recipe


class _Words:
    """Which word stands for which piece, so that formulaic sees words alone; equal pieces have one word."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.pieces: dict[str, str] = {}
        self._known: dict[tuple[str, bool], str] = {}

    def word(self, piece: str) -> str:
        read = understood(piece)
        key = (read.label, read.root.kind == "column")
        if key not in self._known:
            self._known[key] = f"w{len(self._known)}"
            self.pieces[self._known[key]] = piece
        return self._known[key]

    def others(self, without: set[str]) -> list[str]:
        """Words for all columns, for the ``.`` of a formula."""
        return [self.word(quoted(name)) for name in self.columns.names if name not in without]


def _terms(formula: str, text: str, words: _Words, without: set[str]) -> list[tuple[str, ...]]:
    """The words of each term on the right; none for the intercept."""
    formulaic = _formulaic()
    parser = formulaic.parser.DefaultFormulaParser(feature_flags={"twosided"})
    context = {"__formulaic_variables_available__": words.others(without) if re.search(r"(^| )\.( |$)", text) else []}
    try:
        size = _size(parser.get_ast(text, context=context), len(context["__formulaic_variables_available__"]))
        if size > MOST_TERMS:
            raise InputError(f"the formula stands for more than {MOST_TERMS:,} terms; write out those that you need")
        found = formulaic.Formula(text, _parser=parser, _context=context)
    except InputError:
        raise
    except (
        formulaic.errors.FormulaicError,
        ValueError,
        SyntaxError,
        RecursionError,
        IndexError,
        AttributeError,
        TypeError,
    ) as error:
        reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).partition("\n")[0]
        reason = re.sub(r"\bw\d+\b", lambda word: words.pieces.get(word[0], word[0]), reason)
        raise InputError(f"the formula {formula!r:.200} cannot be read: {reason:.300}") from None
    right = [tuple(factor.expr for factor in term.factors) for term in found.rhs]
    right = [() if term == ("1",) else term for term in right]
    strange = next((word for term in right for word in term if word not in words.pieces), None)
    if strange is not None:
        raise InputError(f"the number {strange!r:.40} in the formula multiplies a term, which changes no fit; leave it out")
    return right


def _formulaic() -> Any:
    try:
        import formulaic
        import formulaic.parser
    except ImportError:
        raise InputError("formulas need the package formulaic; install it with: pip install 'logistic[formula]'") from None
    return formulaic


def _size(tree: Any, others: int) -> float:
    """How many terms a tree of formulaic's stands for at most, before anything is written out."""
    sizes: dict[int, float] = {}
    waiting = [(tree, False)]
    while waiting:
        node, ready = waiting.pop()
        if not hasattr(node, "operator"):
            sizes[id(node)] = 1
        elif not ready:
            waiting += [(node, True), *((child, False) for child in node.args)]
        else:
            sizes[id(node)] = _after(node.operator.symbol, node.args, [sizes[id(child)] for child in node.args], others)
            if sizes[id(node)] > MOST_TERMS:
                return sizes[id(node)]
    return sizes[id(tree)]


def _after(symbol: str, args: Any, sizes: list[float], others: int) -> float:
    if symbol == ".":
        return others
    if symbol in ("**", "^"):
        power = getattr(args[1], "token", "")
        if not re.fullmatch("[1-9]", power):
            raise InputError("a power of terms in the formula must be a whole number from 1 to 9; a power of numbers is I(x**2)")
        return float(sizes[0] ** int(power))
    if symbol == "*":
        return sizes[0] * sizes[1] + sizes[0] + sizes[1]
    return sizes[0] * sizes[1] if symbol == ":" else sum(sizes)


def _ranked(right: list[tuple[str, ...]], words: _Words, factors: dict[str, Factor]) -> Iterable[Term]:
    """The terms, split so that no column is a combination of others by its making: formulaic's rule, on two made-up rows."""
    import pandas as pd

    formulaic = _formulaic()
    places = {words.word(text): number for number, text in enumerate(factors)}
    categories = {words.word(text) for text, factor in factors.items() if factor.levels}
    for term in right:
        if len(categories.intersection(term)) > MOST_CATEGORIES:
            raise InputError(f"a term of the formula crosses more than {MOST_CATEGORIES} categorical factors; cross fewer")
    rows = pd.DataFrame({word: ["a", "b"] if word in categories else [0.0, 1.0] for word in places})
    text = " + ".join([":".join(term) for term in right if term] + ([] if () in right else ["0"]))
    spec = formulaic.model_matrix(text, rows, context={}).model_spec
    for structure in spec.structure:
        for scoped in structure.scoped_terms:
            if scoped.factors:
                yield tuple((places[part.factor.expr], bool(part.reduced)) for part in scoped.factors)
