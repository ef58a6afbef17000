"""Which lessons there are: scripts that open as notebooks too. They lie in ``lessons`` of a checkout, in the package of a wheel."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, did_you_mean, missing

PACKAGE = Path(__file__).parents[1]
PLACES = (PACKAGE / "lessons", PACKAGE.parents[1] / "lessons")  # of a wheel, of a checkout
FILE = re.compile(r"(\d{2}|[a-z])_(\w+)\.py")
HEAD = re.compile(r"# ---\n((?:# \w+: .*\n)+)# ---\n")


class Lesson(NamedTuple):
    """One lesson.

    Attributes
    ----------
    number : str
        Two digits; a letter for the reproduction of a published document.
    slug, title : str
    minutes : int
        To read and run it.
    path : Path
    """

    number: str
    slug: str
    title: str
    minutes: int
    path: Path

    @property
    def reproduction(self) -> bool:
        """Whether it goes through a published document."""
        return self.number.isalpha()

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"lesson-{self.number}.html"


def folder() -> Path:
    """Where the lessons lie.

    Raises
    ------
    InputError
        If they were left out of this installation.
    """
    for place in PLACES:
        if (place / "README.md").is_file():
            return place
    raise InputError("this installation has no lessons; install logistic from its wheel or its repository")


def lessons(place: Path | None = None) -> list[Lesson]:
    """All lessons in ``place``, by default where they lie: by number, then the reproductions by letter."""
    place = place or folder()
    paths = [*sorted(place.glob("[0-9][0-9]_*.py")), *sorted(place.glob("reproductions/[a-z]_*.py"))]
    return [_lesson(path) for path in paths]


def find(name: str, place: Path | None = None) -> Lesson:
    """The lesson of this number (``"1"``, ``"01"``, ``"a"``) or slug.

    Raises
    ------
    InputError
        If there is none.
    """
    known = lessons(place)
    for lesson in known:
        if name.lower() in (lesson.slug, lesson.number, lesson.number.lstrip("0")):
            return lesson
    close = did_you_mean(name, [word for lesson in known for word in (lesson.slug, lesson.number)])
    raise InputError(f"there is no lesson {name!r}{close} (see: logistic lesson list)")


def needs_extra(package: str | None) -> InputError:
    """What to install where a package of the extra is missing."""
    return missing("this needs", package, "lessons")


def check_imports() -> None:
    """Whether what lessons import is there.

    Raises
    ------
    InputError
        Where a package is missing.
    """
    for package in ("matplotlib", "pandas"):
        if find_spec(package) is None:
            raise needs_extra(package)


def run(lesson: Lesson) -> int:
    """Run a lesson as a script, its output where ours goes; the exit status of its process.

    Raises
    ------
    InputError
        Where a package that lessons import is missing.
    """
    check_imports()
    return subprocess.run([sys.executable, str(lesson.path)], check=False).returncode  # noqa: S603  a script of ours


def _lesson(path: Path) -> Lesson:
    name, head = FILE.fullmatch(path.name), HEAD.match(path.read_text(encoding="utf-8"))
    facts = dict(line[2:].split(": ", 1) for line in head[1].splitlines()) if head else {}
    if name is None or not facts.get("title") or not facts.get("minutes", "").isdigit():
        raise ValueError(
            f"{path} is no lesson: its name is NN_slug.py, and it begins with its title and minutes between lines # ---"
        )
    return Lesson(name[1], name[2], facts["title"], int(facts["minutes"]), path)
