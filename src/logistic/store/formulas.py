"""The entry ``recipe`` of a model file: what a formula means for columns, as texts and numbers. Nothing of it is ever run.

Each text is parsed by the small language of :mod:`logistic.recipes.syntax`, at reading, and refused where it is anything else.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from ..errors import InputError, ModelFileError
from ..recipes import Factor, Recipe
from ..recipes.recipe import MOST_FACTORS
from ..recipes.syntax import MOST_FORMULA
from ..strict import MOST_NAME, exactly, number, read_count, read_number, read_text, typed

RECIPE = "recipe"
RECIPE_KEYS = {"formula", "response", "factors", "levels", "states", "terms", "reduced"}
MOST_PIECES, MOST_TERMS = 2**12, 2**14  # different factors; terms
MOST_REMEMBERED = 2**18  # levels and numbers of transforms, and characters, of all factors together


def recipe_entry(recipe: Recipe | None) -> dict[str, Any]:
    """What the header holds besides: nothing without a formula, so that such files are those of before."""
    if recipe is None:
        return {}
    return {
        RECIPE: {
            "formula": recipe.formula,
            "response": recipe.response,
            "factors": [factor.text for factor in recipe.factors],
            "levels": [list(factor.levels) for factor in recipe.factors],
            "states": [[number(value) for state in factor.states for value in (len(state), *state)] for factor in recipe.factors],
            "terms": [[place for place, _ in term] for term in recipe.terms],
            "reduced": [[reduced for _, reduced in term] for term in recipe.terms],
        }
    }


def read_recipe(entry: Any, features: list[str] | None, columns: int, intercept: bool) -> Recipe | None:
    """The recipe of an entry, if there is one, which must make the columns of the model, by their names.

    Raises
    ------
    ModelFileError
        If it is none that a fit has written.
    """
    if entry is None:
        return None
    found = exactly(typed(entry, dict), RECIPE_KEYS)
    texts = [read_text(text, MOST_FORMULA) for text in _list(found["factors"], MOST_PIECES)]
    levels = [_list(each, MOST_REMEMBERED) for each in _list(found["levels"], len(texts))]
    states = [_list(each, MOST_REMEMBERED) for each in _list(found["states"], len(texts))]
    terms = [_list(term, MOST_FACTORS) for term in _list(found["terms"], MOST_TERMS)]
    reduced = [_list(term, MOST_FACTORS) for term in _list(found["reduced"], len(terms))]
    if not len(texts) == len(levels) == len(states) or [*map(len, terms)] != [*map(len, reduced)]:
        raise ModelFileError("the lists of its formula have different lengths")
    if max(sum(map(len, itertools.chain(levels, states))), sum(map(len, texts))) > MOST_REMEMBERED:
        raise ModelFileError(f"its formula has more than {MOST_REMEMBERED:,} levels and numbers, or characters")
    factors = (
        Factor(text, tuple(map(_level, each)), tuple(_states(numbers)))
        for text, each, numbers in zip(texts, levels, states, strict=True)
    )
    parts = (
        tuple((read_count(place), typed(left_out, bool)) for place, left_out in zip(*pair, strict=True))
        for pair in zip(terms, reduced, strict=True)
    )
    formula, response = read_text(found["formula"], MOST_FORMULA), read_text(found["response"], MOST_NAME)
    try:
        recipe = Recipe(formula, response, intercept, tuple(factors), tuple(parts))
        recipe.check()
    except InputError as error:
        raise ModelFileError(f"its formula is not one of this package: {error}") from None
    if recipe.count != columns:
        raise ModelFileError(f"its formula makes {recipe.count} columns, but the model has {columns}")
    if features is None or any(made != name for made, name in zip(recipe.names(), features, strict=True)):
        raise ModelFileError("its formula makes columns of other names than the model has")
    return recipe


def _list(value: Any, most: int) -> list[Any]:
    if len(typed(value, list)) > most:
        raise ModelFileError(f"a list of its formula has {len(value):,} entries, more than {most:,}")
    return list(value)


def _level(value: Any) -> Any:
    if isinstance(typed(value, str, int, float, bool), str):
        return read_text(value, MOST_NAME)
    return value


def _states(numbers: list[Any]) -> list[tuple[float, ...]]:
    """Numbers of one transform after those of the other, each behind how many there are."""
    found, place = [], 0
    while place < len(numbers):
        stop = place + 1 + read_count(numbers[place])
        if stop > len(numbers):
            raise ModelFileError("the numbers that its formula remembers end too early")
        found.append(tuple(read_number(value) for value in numbers[place + 1 : stop]))
        place = stop
    if not all(math.isfinite(value) for state in found for value in state):
        raise ModelFileError("its formula remembers numbers that are not finite")
    return found
