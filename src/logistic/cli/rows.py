"""DATA as rows to learn from or to judge by: the target as classes, the weights, and the parts of a split."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, listed
from .options import DATASET, STDIN
from .parts import divided, found_again, fractions_of, recounted
from .writing import write

if TYPE_CHECKING:
    import numpy as np

    from ..preparation import Split, Target
    from ..recipes import Recipe
    from ..sources import ArraySource, Table
    from .fitted import Fitted


def open_table(data: str) -> Table:
    """DATA by columns; pipes and devices are read once, from their beginning to their end.

    Raises
    ------
    InputError
        If there is no such file or data set, or it cannot be read.
    """
    from ..sources import ArrayTable, parse_table, read_table

    if data == STDIN:
        if sys.stdin is None:
            raise InputError("standard input is closed; pipe a table into it, or name a file")
        if sys.stdin.isatty():
            write(sys.stderr, "reading a table from the terminal; Ctrl-D on a line of its own ends it")
        return parse_table(sys.stdin.buffer.read(), "standard input")
    if data.startswith(DATASET):
        from ..datasets import load

        name, _, part = data.removeprefix(DATASET).partition("/")
        found = load(name, split=part or None)
        return ArrayTable(found.X, found.features, {found.target: found.y}, data, target=found.target)
    path = Path(data)
    if path.exists() and not (path.is_file() or path.is_dir()):
        return parse_table(path.read_bytes(), data)
    return read_table(path)


GAPS = ("na", "n/a", "nan", "null", "none", "missing")  # words for nothing
ROLES = {"weight": "weight", "freq_weights": "frequency", "groups": "group"}  # options that name a column, and what it is


@dataclass(frozen=True)
class Rows:
    """Rows whose classes are known.

    Attributes
    ----------
    table : Table
    features : tuple of str
        Columns to learn from.
    target, weight : str, str or None
        Columns.
    counts, groups : str or None
        Columns of frequencies and of clusters.
    rule : Target
        How the target column becomes classes.
    y : (n,) array
        The classes.
    split : Split or None
        Which rows belong to which part.
    notes : list of str
        What looks strange about them, though it can be used.
    recipe : Recipe or None
        How a formula makes ``features`` of the columns of the table.
    """

    table: Table
    features: tuple[str, ...]
    target: str
    weight: str | None
    rule: Target
    y: np.ndarray
    split: Split | None = None
    notes: list[str] = field(default_factory=list)
    recipe: Recipe | None = None
    counts: str | None = None
    groups: str | None = None

    @property
    def learned(self) -> str | None:
        """The part to learn from; None for all rows."""
        return None if self.split is None else self.split.names[0]

    def labels(self, part: str | None) -> Any:
        """(n_i,) the classes of a part of the split, or all."""
        return self._of(self.y, part)

    def weights(self, part: str | None) -> Any:
        """(n_i,) the weights of a part of the split, or all; None where there are none."""
        return None if self._weights is None else self._of(self._weights, part)

    def columns(self, part: str | None) -> Any:
        """What a model takes of a part of the split, or of all: numbers, or the columns of the data where there is a formula."""
        from ..sources import Columns

        if self.recipe is None:
            return self._design(part)
        held, places = Columns(self.table), self._places(part)
        return held if places is None else held.take(places)

    def numbers(self, part: str | None) -> np.ndarray:
        """(n_i,) which rows of the data these are, from 1 on."""
        import numpy as np

        places = self._places(part)
        return (np.arange(self.table.rows) if places is None else places) + 1

    def validating(self) -> ArraySource | None:
        """The middle one of three parts."""
        return None if self.split is None or len(self.split.names) < 3 else self.part(self.split.names[1])

    def part(self, part: str | None) -> ArraySource:
        """The rows of a part of the split, or all."""
        from ..sources import ArraySource

        found = ArraySource(self._design(part), self.labels(part), self.weights(part), features=self.features)
        counts = None if self._counts is None else self._of(self._counts, part)
        return found.counting(counts, None if self.groups is None else self._of(self.table.labels(self.groups), part))

    def _places(self, part: str | None) -> np.ndarray | None:
        """(n_i,) which rows a part of the split holds; None for all."""
        return None if self.split is None or part is None else self.split.rows[self.split.names.index(part)]

    def _of(self, values: Any, part: str | None) -> Any:
        rows = self._places(part)
        return values if rows is None else values[rows]

    @cached_property
    def _numbers(self) -> Any:
        return self.table.features(self.features)

    def _design(self, part: str | None) -> Any:
        """The columns to learn from, of a part of the split or all; a formula makes those of this part alone."""
        if self.recipe is None:
            return self._of(self._numbers, part)
        if part not in self._designs:
            self._designs[part] = self.recipe.design(self.columns(part))
        return self._designs[part]

    @cached_property
    def _designs(self) -> dict[str | None, Any]:
        return {}

    def advice(self) -> str:
        """What to do where several columns, of which three are named, cannot be learned from; empty for one or none."""
        bad: list[str] = []
        for name in self.features if self.recipe is None else ():
            try:
                self.table.features([name])
            except InputError:
                bad.append(name)
            if len(bad) == 3:
                break
        if len(bad) < 2:
            return ""
        return f"; columns such as {', '.join(map(repr, bad))} cannot be used as they are: name the others with --features"

    @cached_property
    def _weights(self) -> np.ndarray | None:
        if self.weight is None:
            return None
        return self._sound(self.weight, "weights must be at least 0", lambda values: values >= 0)

    @cached_property
    def _counts(self) -> np.ndarray | None:
        if self.counts is None:
            return None
        must = "frequencies must be whole numbers from 0 on"
        return self._sound(self.counts, must, lambda values: (values >= 0) & (values % 1 == 0))

    def _sound(self, name: str, must: str, sound: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """(n,) the numbers of a column, all of them as they should be."""
        values = self._column(name)
        bad = ~sound(values)
        if bad.any():
            row = int(bad.argmax())
            raise InputError(f"column {name!r} of {self.table.name} is {values[row]:g} in row {row + 1}; {must}")
        return values

    def _column(self, name: str) -> np.ndarray:
        """(n,) numbers."""
        found = self.table.features([name])
        column: np.ndarray = (found.toarray() if hasattr(found, "toarray") else found)[:, 0]
        return column


def rows_to_fit(table: Table, choices: dict[str, Any]) -> Rows:
    """The rows that the choices of ``logistic fit`` speak of.

    Raises
    ------
    InputError
        Naming the option or the column.
    """
    from ..preparation import cut_by_rank
    from ..strict import check_labels

    formula = choices["formula"]
    target = _target(table, choices["target"] if formula is None else _response(formula))
    roles = _roles(table, target, choices)
    features = _features(table, choices["features"], roles) if formula is None else ()
    values, name = table.labels(target), f"column {target!r} of {table.name}"
    check_labels(values)
    rule = _rule(values, name, choices["positive"], choices["bins"])
    y, doubt = (values, "") if choices["linear"] and not rule.edges else _classes(rule, values, name)
    notes = [doubt] if doubt else []
    if "" in features:
        notes.append(f"{table.name} has a column without a name, perhaps row numbers; --features leaves it out")
    split = None
    if choices["split"] is not None:
        fractions = fractions_of(choices["split"])
        try:
            split = divided(y, fractions, choices["seed"], stratified=not choices["linear"])
        except InputError as error:
            raise InputError(f"--split {choices['split']}: {str(error).replace('out stratify', 'out --split')}") from None
        if rule.edges:  # what the other parts look like may not decide where the classes end
            rule = cut_by_rank(values[split.rows[0]], choices["bins"], f"the training part of {name}")
            y = rule.classes(values, name)
            split = recounted(split, y)
    recipe = None if formula is None else _recipe(formula, table, [name for name in roles if name != target], split)
    features = features if recipe is None else tuple(recipe.names())
    weight, counts, groups = (choices[role] for role in ROLES)
    rows = Rows(table, features, target, weight, rule, y, split, notes, recipe, counts, groups)
    if recipe is not None:
        notes += doubts(recipe, table)
    try:
        rows._design(rows.learned)  # before anything is computed
    except InputError as error:
        raise InputError(f"{error}{rows.advice()}") from None
    return rows


def doubts(recipe: Recipe, table: Table) -> list[str]:
    """Columns that a formula takes for categories, though they look like numbers with a slip, or like missing entries."""
    from ..sources.tables import is_number

    found = []
    for name in recipe.columns:
        levels = [level for level in recipe.levels_of(name) if isinstance(level, str)]
        odd = [level for level in levels if not is_number(level.replace(",", "."))]
        if levels and odd and len(odd) < len(levels) / 2:
            found.append(
                f"column {name!r} of {table.name} holds {odd[0]!r:.40} among numbers, so its {len(levels):,} values are taken for "
                "categories"
            )
        gap = next((level for level in levels if level.strip().lower() in GAPS), None)
        if gap is not None:
            found.append(f"column {name!r} of {table.name} has the level {gap!r}; only empty cells are missing")
    return found


def rows_to_judge(table: Table, model: Fitted, target: str | None, weight: str | None, part: str | None) -> Rows:
    """The rows that a model is evaluated on; with ``part``, those that were in this part when it was fitted.

    Raises
    ------
    InputError
        If the labels are not those of the model, or these are not the rows that were divided.
    """
    from ..plane import Plane
    from ..preparation import Target, known_labels

    origin = model.provenance
    rule = Target() if origin is None else Target(origin.positive, origin.edges)
    target = _target(table, origin.target if target is None and origin is not None else target)
    if weight is None and origin is not None and origin.weight in table.columns:
        weight = origin.weight
    others = tuple(name for name in table.columns if name not in (target, weight))
    name, values = f"column {target!r} of {table.name}", table.labels(target)
    number = isinstance(model, Plane)
    split = None if part is None else found_again(table, origin, part, stratified=not number)
    y = values if number and rule == Target() else rule.classes(values, name)
    if not isinstance(model, Plane):
        y = known_labels(y, model.classes, name)
    features, recipe = others if model.features is None else model.features, getattr(model, "recipe", None)
    return Rows(table, features, target, weight, rule, y, split, recipe=recipe)


def _target(table: Table, target: str | None) -> str:
    target = table.target if target is None else target
    if target is None:
        raise InputError(f"--target is missing: name the column of {table.name} to predict (it has {listed(table.columns)})")
    table.check_column(target)
    return target


def _response(formula: str) -> str:
    from ..formula import response_of

    return response_of(formula)


def _recipe(formula: str, table: Table, aside: list[str], split: Split | None) -> Recipe:
    """What the formula means, learned from the rows that are learned from."""
    from ..formula import recipe_of
    from ..sources import Columns

    columns = Columns(table)
    return recipe_of(formula, columns if split is None else columns.take(split.rows[0]), aside)


def _rule(values: np.ndarray, name: str, positive: str | None, bins: int | None) -> Target:
    from ..preparation import Target, cut_by_rank, set_against_the_rest

    if positive is not None and bins is not None:
        raise InputError("--positive and --bins are two ways to make classes; give one of them")
    if positive is not None:
        return set_against_the_rest(values, positive, name)
    return Target() if bins is None else cut_by_rank(values, bins, name)


def _classes(rule: Target, values: np.ndarray, name: str) -> tuple[np.ndarray, str]:
    """The classes of a column, and what is doubtful about them."""
    from ..preparation import WAYS, Target, check_classes

    options = "--bins 3 cuts them into classes, --linear predicts the number itself"
    try:
        y = rule.classes(values, name)
        doubt = check_classes(y, name) if rule == Target() else ""
    except InputError as error:
        raise InputError(str(error).replace(WAYS, options)) from None
    return y, doubt.replace(WAYS, options)


def _roles(table: Table, target: str, choices: dict[str, Any]) -> dict[str, str]:
    """The columns that are not learned from, each with its option."""
    roles = {target: "target"}
    for role in ROLES:
        name = choices[role]
        if name is None:
            continue
        table.check_column(name)
        if name in roles:
            spelt = " and ".join(f"--{option.replace('_', '-')}" for option in (roles[name], role))
            raise InputError(f"{spelt} both name {name!r}; a column is one or the other")
        roles[name] = role
    return roles


def _features(table: Table, asked: tuple[str, ...], roles: dict[str, str]) -> tuple[str, ...]:
    """The columns to learn from: those asked for, or all that are nothing else."""
    names: list[str] = []
    for given in asked:
        names += [given] if given in table.columns else [name.strip() for name in given.split(",")]
    for name in names:
        table.check_column(name)
        if name in roles:
            raise InputError(f"--features names {name!r}, which is the {ROLES.get(roles[name], 'target')}; leave it out")
    if len(set(names)) < len(names):
        raise InputError(f"--features names {next(n for n in names if names.count(n) > 1)!r} twice; name each column once")
    features = tuple(names) or tuple(name for name in table.columns if name not in roles)
    if not features:
        raise InputError(f"{table.name} has no column besides {', '.join(map(repr, roles))} to learn from")
    return features
