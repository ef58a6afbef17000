"""``logistic lesson``: learn it from the first line, with code that runs."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

from .options import BUG, CERTIFIED, force_option, json_option, quiet_option, silent_option
from .writing import answer, tell, writable, write


def _known(_context: Any, _parameter: Any, typed: str) -> list[CompletionItem]:
    from ..learn.lessons import lessons

    return [CompletionItem(word) for one in lessons() for word in (one.number, one.slug) if word.startswith(typed)]


lesson_argument = click.argument("lesson", metavar="LESSON", shell_complete=_known)


@click.group("lesson")
def lesson_group() -> None:
    """Lessons, from odds to a certified optimum: list them, run one, open one as a page.

    LESSON is a number, a letter (the reproduction of a published document) or a name, as the list has them.

    For example:

        logistic lesson list
        logistic lesson run 1
        logistic lesson open odds --browser
    """


@lesson_group.command("list")
@json_option
@silent_option
def list_command(as_json: bool) -> int:
    """Say which lessons there are, and how many minutes each takes."""
    from ..learn.lessons import lessons
    from ..outputs.text import aligned

    known = lessons()
    found = [
        {"number": one.number, "name": one.slug, "title": one.title, "minutes": one.minutes, "path": str(one.path)} for one in known
    ]
    lines = aligned([["number", "name", "minutes"], *([one.number, one.slug, str(one.minutes)] for one in known)])
    titles = ["title", *(one.title for one in known)]
    answer(found, "\n".join(f"{line}  {title}" for line, title in zip(lines, titles, strict=True)), as_json)
    return CERTIFIED


@lesson_group.command("run")
@lesson_argument
@silent_option
def run_command(lesson: str) -> int:
    """Run LESSON as a script, with its output on the terminal."""
    from ..learn.lessons import find, run

    return BUG if run(find(lesson)) else CERTIFIED


@lesson_group.command("open")
@lesson_argument
@click.option("-o", "--output", metavar="FILE", help="The page. By default lesson-NN.html in the current folder.")
@force_option
@click.option("--browser", is_flag=True, help="Show the page in the browser.")
@quiet_option
def open_command(lesson: str, output: str | None, force: bool, browser: bool, quiet: bool) -> int:
    """Run LESSON and write it as one page of HTML, with its outputs and figures; print the page's name.

    The page needs no network and no other file. To make it takes the extra packages of logistic[lessons].
    """
    from ..learn.lessons import find, lessons
    from ..learn.notebook import execute
    from ..learn.page import page
    from ..strict import write_atomically

    chosen = find(lesson)
    path = writable(output or chosen.page, force)
    tell(f"running {chosen.title}", quiet)
    write_atomically(path, page(chosen, execute(chosen), lessons()).encode())
    write(sys.stdout, str(path))
    if browser:
        click.launch(str(path))
    return CERTIFIED
