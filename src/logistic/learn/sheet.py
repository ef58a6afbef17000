"""A sheet to print: tasks with room to write, and on a page of its own the key with the steps."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

ROOM = 28  # characters of a line to write on
STYLE = """
<style>
.sheet { max-width: 44rem; break-before: page; break-after: page; break-inside: avoid; }
.sheet h3 { break-after: avoid; }
.sheet li { margin: 0.7em 0; }
.sheet .blank { display: inline-block; min-width: 12rem; border-bottom: 1px solid; }
.sheet .steps { height: 7em; border: 1px solid; margin: 0.5em 0; }
</style>
"""


class Task(NamedTuple):
    """One task.

    Attributes
    ----------
    text : str
        What to do.
    blanks : sequence of (str, str)
        What stands before the line to write on, and the answer.
    steps : sequence of str
        The way to the answers, written out. Where there are any, the sheet leaves a box for them.
    """

    text: str
    blanks: Sequence[tuple[str, str]]
    steps: Sequence[str] = ()


class Sheet(NamedTuple):
    """Tasks under a title. ``str()`` is text; a notebook shows HTML that prints on two pages, the sheet and the key.

    Attributes
    ----------
    title : str
    tasks : sequence of Task
    """

    title: str
    tasks: Sequence[Task]

    def __str__(self) -> str:
        """The sheet, then the key."""
        lines = [self.title, f"Name {'_' * ROOM}  Date {'_' * 12}"]
        key = [f"{self.title}: key"]
        for number, task in enumerate(self.tasks, 1):
            lines += ["", f"{number}. {task.text}"]
            lines += [f"   {label} {'_' * ROOM}" for label, _ in task.blanks]
            lines += ["   steps:", "", "", ""] if task.steps else []
            key += ["", f"{number}. {task.text}", *(f"   {label} {answer}" for label, answer in task.blanks)]
            key += [f"   - {step}" for step in task.steps]
        return "\n".join([*lines, "", "-" * 60, *key])

    def _repr_html_(self) -> str:
        """Two sections, each on a page of its own when it is printed."""
        name = '<p>Name <span class="blank"></span> Date <span class="blank"></span></p>'
        sheet, key = [f"<h3>{escape(self.title)}</h3>{name}<ol>"], [f"<h3>{escape(self.title)}: key</h3><ol>"]
        for task in self.tasks:
            empty = "<br>".join(f'{escape(label)} <span class="blank">&nbsp;</span>' for label, _ in task.blanks)
            box = '<div class="steps"></div>' if task.steps else ""
            sheet.append(f"<li>{escape(task.text)}{box}<p>{empty}</p></li>")
            filled = "<br>".join(f"{escape(label)} <strong>{escape(answer)}</strong>" for label, answer in task.blanks)
            steps = "".join(f"<li>{escape(step)}</li>" for step in task.steps)
            key.append(f"<li>{escape(task.text)}{f'<ul>{steps}</ul>' if steps else ''}<p>{filled}</p></li>")
        sections = ("".join([*part, "</ol>"]) for part in (sheet, key))
        return STYLE + "".join(f'<section class="sheet">{section}</section>' for section in sections)
