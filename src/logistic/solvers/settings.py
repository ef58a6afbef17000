"""What a solver object shares with scikit-learn's estimators: settings that can be read, changed, compared and searched over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from numbers import Integral, Real
from typing import Any, Self

from ..contracts import Solver
from ..errors import InputError, did_you_mean


class Settings(Solver):
    """A solver that is a dataclass of settings.

    ``LogisticRegression(solver=SGD(lr=0.1))`` then has the parameters ``solver__lr`` and so on, for ``set_params``, ``clone`` and
    grid searches.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name."""
        return {f.name: getattr(self, f.name) for f in _fields(self)}

    def set_params(self, **settings: Any) -> Self:
        """Change settings by name."""
        known = [f.name for f in _fields(self)]
        for name, value in settings.items():
            if name not in known:
                raise InputError(f"{type(self).__name__} has no setting {name!r}; it has {known}{did_you_mean(name, known)}")
            setattr(self, name, value)
        return self

    def check(self) -> None:
        """Refuse impossible settings, in words.

        Raises
        ------
        InputError
            Naming the setting, its value and what is allowed.
        """

    def __repr__(self) -> str:
        """The settings that differ from the defaults."""
        changed = (f"{f.name}={getattr(self, f.name)!r}" for f in _fields(self) if getattr(self, f.name) != _default(f))
        return f"{type(self).__name__}({', '.join(changed)})"

    def _within(self, name: str, allowed: str, sound: Callable[[Any], bool]) -> None:
        """Refuse a setting that is not a real number, or not a sound one."""
        value = getattr(self, name)
        if not isinstance(value, Real) or isinstance(value, bool) or not sound(value):
            raise InputError(f"{name} must be {allowed}, but is {value!r}")

    def _pair(self, name: str, allowed: str, sound: Callable[[Any], bool]) -> None:
        """Refuse a setting that is not two sound numbers."""
        value = getattr(self, name)
        two = isinstance(value, tuple | list) and len(value) == 2
        if not two or not all(isinstance(part, Real) and sound(part) for part in value):
            raise InputError(f"{name} must be two numbers, {allowed}, but are {value!r}")

    def _positive(self, *names: str, integral: bool = False, optional: bool = False) -> None:
        """Refuse settings that are not numbers above 0."""
        kind = "a whole number" if integral else "a finite number"
        for name in names:
            value = getattr(self, name)
            if value is None and optional:
                continue
            number = isinstance(value, Integral if integral else Real) and not isinstance(value, bool)
            if not number or not 0 < value < float("inf"):
                also = ", or None" if optional else ""
                raise InputError(f"{name} of {type(self).__name__} must be {kind} above 0{also}, but is {value!r}")


def _fields(solver: Any) -> tuple[Field[Any], ...]:
    return fields(solver)


def _default(field: Field[Any]) -> Any:
    return None if field.default is MISSING else field.default
