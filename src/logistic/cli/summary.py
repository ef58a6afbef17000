"""``logistic summary``: what a model file holds."""

from __future__ import annotations

import rich_click as click

from .fitted import facts, origin_lines, read_model
from .options import CERTIFIED, json_option, model_argument, silent_option
from .writing import answer


@click.command("summary")
@model_argument
@json_option
@silent_option
def summary_command(model: str, as_json: bool) -> int:
    """Show what MODEL holds: objective, certificate, coefficients, origin.

    The certificate says how far the coefficients are from the optimum at most.

    For example:

        logistic summary model.safetensors
    """
    found = read_model(model)
    origin = [f"  {line}" for line in origin_lines(found)]
    answer(facts(found), "\n".join([str(found.summary()), *(["", "where it came from", *origin] if origin else [])]), as_json)
    return CERTIFIED
