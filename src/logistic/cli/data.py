"""``logistic data``: bundled and fetched data sets."""

from __future__ import annotations

from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

from .options import CERTIFIED, json_option
from .writing import answer, tell


def _known(_context: Any, _parameter: Any, typed: str) -> list[CompletionItem]:
    from ..datasets import names

    return [CompletionItem(name) for name in names() if name.startswith(typed)]


@click.group("data")
def data_group() -> None:
    """Data sets: list them, show one, fetch one."""


@data_group.command("list")
@json_option
def list_command(as_json: bool) -> int:
    """Say which data sets there are, and which of them have yet to be fetched. Loads nothing."""
    from ..datasets import listing
    from ..outputs.text import aligned

    found = listing()
    cells = [["name", "rows", "columns", "classes", "where"]]
    for entry in found:
        where = "to fetch" if not entry["present"] else "fetched" if entry["fetched"] else "bundled"
        cells.append([entry["name"], *(f"{entry[key]:,}" for key in ("rows", "columns", "classes")), where])
    abouts = ["about", *(entry["about"] for entry in found)]
    width = max(map(len, lines := aligned(cells)))
    answer(found, "\n".join(f"{line:<{width}}  {about}" for line, about in zip(lines, abouts, strict=True)), as_json)
    return CERTIFIED


@data_group.command("show")
@click.argument("name", shell_complete=_known)
@json_option
def show_command(name: str, as_json: bool) -> int:
    """Show where data set NAME comes from, its shapes, classes and first rows, one row in words, and an image.

    A part of a set is named after a slash: mnist/test.
    """
    from ..datasets import describe, facts, load

    name, _, part = name.partition("/")
    data = load(name, split=part or None)
    answer(facts(data), describe(data), as_json)
    return CERTIFIED


@data_group.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=_known)
@json_option
def fetch_command(names: tuple[str, ...], as_json: bool) -> int:
    """Fetch the files of the data sets NAME, check them, and print where they lie."""
    from ..datasets import paths

    found = {name: [str(path) for path in paths(name)] for name in names}
    for name, there in found.items():
        if not there:
            tell(f"{name} is bundled and needs no fetching", as_json)
    lines = [path for there in found.values() for path in there]
    if as_json or lines:
        answer(found, "\n".join(lines), as_json)
    return CERTIFIED
