"""``logistic summary``: what a model file holds."""

from __future__ import annotations

from typing import Any

import rich_click as click

from ..errors import InputError
from .fitted import facts, origin_lines, read_model
from .options import CERTIFIED, json_option, model_argument, silent_option
from .writing import answer

DEFAULTS = {"level": 0.95, "reference": None, "symmetric": False}


@click.command("summary")
@model_argument
@click.option("--level", metavar="SHARE", type=float, default=0.95, show_default=True, help="Of the intervals.")
@click.option("--reference", metavar="LABEL", help="Class that the others are compared with.  [default: the first]")
@click.option("--symmetric", is_flag=True, help="Compare each of more than two classes with the mean of all.")
@json_option
@silent_option
def summary_command(model: str, as_json: bool, **choices: Any) -> int:
    """Show what MODEL holds: objective, certificate, coefficients with errors and tests, origin.

    The certificate says how far the coefficients are from the optimum at most.

    For example:

        logistic summary model.safetensors
        logistic summary model.safetensors --reference no --level 0.9
    """
    from ..model import Model

    found = read_model(model)
    chosen = {name: value for name, value in choices.items() if value != DEFAULTS[name]}
    if chosen and not isinstance(found, Model):
        raise InputError(f"--{next(iter(chosen))} speaks of classes and their coefficients, which {model} has not; leave it out")
    summary = found.summary(**chosen)
    origin = [f"  {line}" for line in origin_lines(found)]
    answer(facts(found, summary), "\n".join([str(summary), *(["", "where it came from", *origin] if origin else [])]), as_json)
    return CERTIFIED
