"""``logistic lesson``: learn it from the first line, with code that runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.shell_completion import CompletionItem

from ..errors import InputError
from .options import BUG, CERTIFIED, force_option, json_option, quiet_option, silent_option
from .writing import answer, tell, writable, write

if TYPE_CHECKING:
    from ..learn.lessons import Lesson


def _known(_context: Any, _parameter: Any, typed: str) -> list[CompletionItem]:
    from ..learn.lessons import lessons

    return [CompletionItem(word) for one in lessons() for word in (one.number, one.slug) if word.startswith(typed)]


def _page(lesson: Lesson) -> bytes:
    from ..learn.lessons import lessons
    from ..learn.notebook import execute
    from ..learn.page import page

    return page(lesson, execute(lesson), lessons()).encode()


def _notebook(lesson: Lesson) -> bytes:
    from ..learn.notebook import read, text

    return text(read(lesson)).encode()


FORMS: dict[str, Callable[[Lesson], bytes]] = {".html": _page, ".ipynb": _notebook, ".py": lambda lesson: lesson.path.read_bytes()}
lesson_argument = click.argument("lesson", metavar="LESSON", shell_complete=_known)


@click.group("lesson")
def lesson_group() -> None:
    """Lessons, from odds to a certified optimum: list them, run one, open one as a page.

    LESSON is a number, a letter (the reproduction of a published document) or a name, as the list has them.

    For example:

        logistic lesson list
        logistic lesson run 1
        logistic lesson open odds --browser
        logistic lesson open odds -o odds.ipynb
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
@click.option(
    "-o", "--output", metavar="FILE", help="Page (.html), notebook (.ipynb) or script (.py). By default lesson-NN.html, here."
)
@force_option
@click.option("--browser", is_flag=True, help="Show the page in the browser.")
@quiet_option
def open_command(lesson: str, output: str | None, force: bool, browser: bool, quiet: bool) -> int:
    """Write LESSON as a page to read, or as a notebook or script to work in, and print the name of the file.

    For the page the lesson is run; its outputs and figures are inside, and it needs no network. Pages and notebooks take the
    extra packages of logistic[lessons].

    For example:

        logistic lesson open 1
        logistic lesson open 1 -o odds.ipynb
    """
    from ..learn.lessons import find
    from ..strict import write_atomically

    chosen = find(lesson)
    path = writable(output or chosen.page, force)
    if path.suffix not in FORMS:
        raise InputError(f"-o {output} ends in no known form; choose {', '.join(FORMS)}")
    if path.suffix == ".html":
        tell(f"running {chosen.title}", quiet)
    write_atomically(path, FORMS[path.suffix](chosen))
    write(sys.stdout, str(path))
    if browser:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return CERTIFIED
