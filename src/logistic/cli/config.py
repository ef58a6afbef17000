"""Options of a command in a TOML file, and back."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import rich_click as click

from ..errors import InputError, did_you_mean
from .writing import write

OWN = ("config", "print_config", "help")  # of the command line alone


def read_config(context: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    """Take the options of the command from a TOML file, where the command line does not give them.

    Raises
    ------
    InputError
        If the file is missing or is no TOML, names an option that the command does not have, or gives it no plain value.
    """
    if name is None:
        return
    try:
        found = tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not a readable TOML file: {error}") from None
    except (ValueError, RecursionError):
        raise InputError(
            f"{name} is not a readable TOML file: a number has too many digits, or lists are nested too deeply"
        ) from None
    known = {_spelt(parameter): parameter for parameter in context.command.params if parameter.name not in OWN}
    defaults: dict[str, Any] = {}
    for key, value in found.items():
        parameter = known.get(key.replace("_", "-"))
        if parameter is None or parameter.name is None:
            raise InputError(f"{name} sets {key!r}, which is no option of {context.command_path}{did_you_mean(key, known)}")
        if parameter.name in defaults:
            raise InputError(f"{name} sets {key!r} twice; set it once")
        defaults[parameter.name] = _typed(parameter, value, f"{name} sets {key!r}")
    context.default_map = defaults


def print_config(context: click.Context) -> None:
    """The options as they stand, as TOML on stdout; those that are not set are left out."""
    given = {_spelt(parameter): context.params.get(parameter.name or "") for parameter in context.command.params}
    own = [name.replace("_", "-") for name in OWN]
    lines = [f"{name} = {_toml(value)}" for name, value in given.items() if name not in own and value not in (None, ())]
    write(sys.stdout, "\n".join(lines).encode() + b"\n")  # TOML is UTF-8 whatever the terminal is


def _spelt(parameter: click.Parameter) -> str:
    return {"as_json": "json"}.get(parameter.name or "", parameter.name or "").replace("_", "-")


def _typed(parameter: click.Parameter, value: Any, where: str) -> Any:
    """A value as it would be typed, so that the command line alone says what it may be."""
    flag, many = (getattr(parameter, what, False) for what in ("is_flag", "multiple"))
    if flag:
        if not isinstance(value, bool):
            raise InputError(f"{where} to {value!r:.60}; it must be true or false")
        return value
    values = value if isinstance(value, list) and many else [value]
    wrong = [one for one in values if isinstance(one, bool | list | dict)]
    if wrong:
        raise InputError(f"{where} to {wrong[0]!r:.60}; give {'texts or numbers' if many else 'one text or number'}")
    words = [str(one) for one in values]
    return words if many else words[0]


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)  # inf and nan are spelt alike there
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
