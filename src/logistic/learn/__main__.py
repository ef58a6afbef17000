"""``python -m logistic.learn FOLDER``: all lessons as notebooks and as pages, with a page that lists them."""

from __future__ import annotations

import sys
from pathlib import Path

from .lessons import lessons
from .notebook import execute, text
from .page import index, page


def build(folder: Path) -> None:
    """Run every lesson; write its notebook and its page to ``folder``, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    known = lessons()
    for lesson in known:
        print(lesson.path.name, flush=True)  # noqa: T201  it takes minutes
        notebook = execute(lesson)
        (folder / f"{lesson.path.stem}.ipynb").write_text(text(notebook), encoding="utf-8")
        (folder / lesson.page).write_text(page(lesson, notebook, known, linked=True), encoding="utf-8")
    (folder / "index.html").write_text(index(known), encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
