"""A lesson as one page of HTML that needs nothing else: no script, no network, pictures and formulas inside."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Callable, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

from .lessons import Lesson, needs_extra

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
CHECKS = ("says", "exact", "printed", "band", "erratum")  # of the text, and of a table of verdicts
PREDICT = "## Predict first"
LINK = re.compile(r"\[([^\]]+)\]\((?:[\w./]*/)?(\w+\.py)\)")
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<header>$header</header>
<main>
$body
</main>
<footer>$footer</footer>
</body>
</html>
""")


def page(lesson: Lesson, notebook: Any, others: Sequence[Lesson], linked: bool = False) -> str:
    """The page of a lesson.

    Parameters
    ----------
    lesson : Lesson
    notebook : NotebookNode
        With outputs, as :func:`notebook.execute` gives it.
    others : sequence of Lesson
        All lessons, this one too, in order.
    linked : bool
        Link to the pages of the others, which lie beside this one; else say how to open them.

    Raises
    ------
    InputError
        Where a package that makes pages is missing.
    ValueError
        For a formula that is none.
    """
    try:
        markdown, style = _markdown({other.path.name: other.page for other in others} if linked else {}), _style()
    except ModuleNotFoundError as error:
        raise needs_extra(error.name) from None
    number = f"Reproduction {lesson.number.upper()}" if lesson.reproduction else f"Lesson {int(lesson.number)}"
    run = f"<code>logistic lesson run {lesson.number.lstrip('0')}</code>"
    header = f"<p><span>{number}</span> <span>{lesson.minutes} minutes</span> <span>{run}</span></p>"
    if linked:
        header = f'<nav><a href="index.html">All lessons</a></nav>{header}'
    place = [other.path for other in others].index(lesson.path)
    before = others[place - 1] if place else None
    after = others[place + 1] if place + 1 < len(others) else None
    neighbours = [_neighbour(*pair, linked) for pair in (("Previous", before), ("Next", after)) if pair[1] is not None]
    return PAGE.substitute(
        policy=POLICY,
        title=escape(lesson.title),
        style=style,
        header=header,
        body=_body(notebook.cells, markdown),
        footer=f"<nav>{''.join(neighbours)}</nav>{_stamp()}",
    )


def index(lessons: Sequence[Lesson]) -> str:
    """The page that lists all lessons and links to theirs."""

    def listed(chosen: list[Lesson]) -> str:
        rows = (
            f'<tr><td>{one.number.lstrip("0").upper()}</td><td><a href="{one.page}">{escape(one.title)}</a></td>'
            f'<td>{one.minutes} minutes</td><td><a href="{one.path.stem}.ipynb" download>notebook</a></td></tr>'
            for one in chosen
        )
        return f"<table class='list'>{''.join(rows)}</table>"

    parts = [
        "<h1>Logistic regression, from odds to a certified optimum</h1>",
        listed([one for one in lessons if not one.reproduction]),
    ]
    published = [one for one in lessons if one.reproduction]
    if published:
        parts += ["<h2>Published documents, gone through step by step</h2>", listed(published)]
    style = (HERE / "page.css").read_text(encoding="utf-8")
    return PAGE.substitute(policy=POLICY, title="Lessons", style=style, header="", body="\n".join(parts), footer=_stamp())


def _stamp() -> str:
    made = ", ".join(f"{name} {version(name)}" for name in ("logistic", "numpy", "torch"))
    return f"<p>Every number in the text was computed when this page was made, with {made}.</p>"


def _neighbour(which: str, other: Lesson | None, linked: bool) -> str:
    assert other is not None
    name = other.number.lstrip("0")
    if linked:
        return f'<p>{which}: <a href="{other.page}">{escape(other.title)}</a></p>'
    return f"<p>{which}: {escape(other.title)} (<code>logistic lesson open {name}</code>)</p>"


def _body(cells: Sequence[Any], markdown: Callable[[str], str]) -> str:
    """The cells in order. What answers a "Predict first" waits behind a click."""
    parts, section, folded = [], "", False
    for cell in cells:
        if cell.cell_type == "markdown":
            answer, *rest = re.split(r"^(?=## )", cell.source, maxsplit=1, flags=re.MULTILINE)
            if folded and rest:  # the answer may end in the cell in which the next section begins
                parts += [markdown(answer), "</details>"]
                folded = False
                parts += map(markdown, rest)
            else:
                parts.append(markdown(cell.source))
            headings = re.findall(r"^## .*", cell.source, re.MULTILINE)
            section = headings[-1] if headings else section
            continue
        if not folded and section.startswith(PREDICT):
            parts.append("<details class='answer'><summary>I have written down my prediction. Show the answer</summary>")
            folded = True
        parts.append(_code(cell))
    return "\n".join([*parts, *(["</details>"] if folded else [])])


def _code(cell: Any) -> str:
    shown, checks = _parted(cell.source)
    parts = [_highlighted(shown)] if shown.strip() else []
    if checks:
        parts.append(f"<details class='checks'><summary>The numbers in the text, checked</summary>{_highlighted(checks)}</details>")
    outputs = "".join(_output(output) for output in cell.outputs)
    return f"<div class='cell'>{''.join(parts)}{outputs}</div>"


def _parted(source: str) -> tuple[str, str]:
    """What a cell shows, and what at its end only compares numbers of the text or of a table with computed ones."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a line of IPython's own
        return source, ""
    if any(map(_checks, statements)) and all(_checks(one) or isinstance(one, ast.Assign | ast.Assert) for one in statements):
        return "", source
    first = len(statements)
    while first and _checks(statements[first - 1]):
        first -= 1
    if first == len(statements):
        return source, ""
    lines = source.splitlines(keepends=True)
    end = statements[first - 1].end_lineno or 0
    return "".join(lines[:end]).rstrip(), "".join(lines[end:]).strip()


def _checks(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return all(map(_checks, statement.body)) and not statement.orelse
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    return ast.unparse(statement.value.func).rpartition(".")[2] in CHECKS


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"<pre class='{output.name}'>{escape(output.text)}</pre>"
    if output.output_type == "error":
        return f"<pre class='stderr'>{escape(f'{output.ename}: {output.evalue}')}</pre>"
    data = output.data
    if "text/html" in data:
        return f"<div class='rich'>{data['text/html']}</div>"
    if "image/svg+xml" in data:
        picture = re.sub(r"<metadata>.*?</metadata>|<\?xml.*?\?>|<!DOCTYPE.*?>", "", data["image/svg+xml"], flags=re.DOTALL)
        encoded = base64.b64encode(picture.strip().encode()).decode()
        return f"<figure><img alt='figure; the text below says what to see' src='data:image/svg+xml;base64,{encoded}'></figure>"
    return f"<pre class='result'>{escape(data.get('text/plain', ''))}</pre>"


def _markdown(pages: dict[str, str]) -> Callable[[str], str]:
    """Markdown to HTML, formulas to MathML. A link to a file of ``pages`` leads to its page; to others, nowhere."""
    from markdown_it import MarkdownIt
    from math_core import LatexError, LatexToMathML
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    converter = LatexToMathML(annotation=True, fancy_error=False)
    parser = MarkdownIt("commonmark").enable("table")

    def formula(latex: str, options: dict[str, Any]) -> str:
        try:
            return str(converter.convert_with_local_state(latex, displaystyle=options["display_mode"]))
        except LatexError as error:
            raise ValueError(f"the formula {latex!r} cannot be shown: {error}") from None

    def fence(tokens: Any, place: int, _options: Any, _env: Any) -> str:
        return _highlighted(tokens[place].content, tokens[place].info or "text")

    parser.use(dollarmath_plugin, renderer=formula, double_inline=True)
    parser.renderer.rules["fence"] = fence  # type: ignore[attr-defined]

    def link(found: re.Match[str]) -> str:
        text, name = found.groups()
        return f"[{text}]({pages[name]})" if name in pages else text

    return lambda source: str(parser.render(LINK.sub(link, source)))


def _highlighted(source: str, language: str = "python") -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return str(highlight(source, get_lexer_by_name(language), HtmlFormatter()))


def _style() -> str:
    """The style sheet, with the colours of code for light and for dark screens; paper is light."""
    from pygments.formatters import HtmlFormatter

    light, dark = (HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("default", "github-dark"))
    ours = (HERE / "page.css").read_text(encoding="utf-8")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n{ours}"
