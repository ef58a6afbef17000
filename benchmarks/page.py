"""The results as a Markdown table and as one page: plain HTML and SVG, no scripts, nothing from elsewhere, light and dark."""

from __future__ import annotations

from html import escape
from typing import Any

from .figure import curves, key
from .programs import FLOOR, OURS

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1b; --faint: #666; --line: #d5d5d5; --bad: #fbe3dc; --badtext: #8f2a00;
  --ours: #c14a00; --scikit: #0063a0; --intelex: #b07600; --glum: #007d5b; --skglm: #a8487f; --celer: #5b5b5b; --adelie: #6b6f00;
  --snapml: #7a4b2a; --other: #444; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #e8e8e8; --faint: #a0a0a0; --line: #3a3d42; --bad: #4a2115;
  --badtext: #ffb597; --ours: #ff8a45; --scikit: #62b8ef; --intelex: #e8b04a; --glum: #2fc79b; --skglm: #e38fc0; --celer: #bcbcbc;
  --adelie: #c9cc4d; --snapml: #cf9a72; --other: #ccc; } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.88rem; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: right; vertical-align: top;
  white-space: nowrap; }
th:first-child, td:first-child, td.words { text-align: left; } td.words { white-space: normal; color: var(--faint); }
tr.loss td { background: var(--bad); color: var(--badtext); } tr.ours td { font-weight: 600; }
.alarm { border: 2px solid var(--badtext); color: var(--badtext); padding: 0.5rem 1rem; } .faint { color: var(--faint); }
svg { width: 100%; max-width: 60rem; height: auto; } a { color: inherit; }
"""


def seconds(value: float | None) -> str:
    """A time with a unit that suits it."""
    if value is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value < 1000 * size else f"{value / size:.0f} {unit}"
    return f"{value * 1e6:.2g} µs"


def goal(target: float) -> str:
    """A target in words."""
    return f"{target:.0e}" if target else "as it comes"


def times(value: float | None, at_least: bool = False) -> str:
    """A ratio."""
    return "-" if value is None else f"{'> ' if at_least else ''}{value:.2f}"


def verdict(row: dict[str, Any], workload: dict[str, Any]) -> str:
    """What became of the bar."""
    ratio = row["ratio"]
    if not row["cells"][OURS]:
        return "not available" if OURS in workload["notes"] else "not reached"
    if ratio is None:
        return "no peer gets there" if not workload["limits"] else "open: stopped"
    if ratio < 1 and not row["at_least"]:
        return "loss"
    if ratio >= workload["aim"]:
        return "aim met"
    return "bar met" if ratio >= workload["bar"] else "open: only the limit" if row["at_least"] else "below the bar"


def lost(row: dict[str, Any], workload: dict[str, Any]) -> bool:
    """Whether a row is red: a peer is sooner, or ours does not get there."""
    return verdict(row, workload) in ("loss", "not reached") or (
        verdict(row, workload) == "not available" and bool(row["best_peer"])
    )


def _line(workload: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """The cells of a row of the large table."""
    ours, rival, once = row["cells"][OURS], row["best_peer"], workload["pass_seconds"]
    if rival:
        theirs = seconds(row["cells"][rival]["seconds"])
    else:
        theirs = f"> {workload['limit']:g} s" if workload["limits"] else "-"
    passes = f"{ours['seconds'] / once:.1f}" if ours and once else "-"
    mine = seconds(ours["seconds"]) if ours else "> " + seconds(workload["limits"][OURS]) if OURS in workload["limits"] else "-"
    ratio = times(row["ratio"], row["at_least"])
    bars = f"{workload['bar']:g} / {workload['aim']:g}"
    return [goal(row["target"]), mine, passes, rival or "none", theirs, ratio, bars, verdict(row, workload)]


def _name(workload: dict[str, Any]) -> str:
    """Its title, and the scale of the data where they are smaller than it says."""
    return str(workload["title"]) + ("" if workload["scale"] == 1 else f" (scale {workload['scale']:g})")


HEAD = ["workload", "gap", "ours", "passes", "best peer", "its time", "ratio", "bar / aim", "verdict"]


def table(report: dict[str, Any]) -> str:
    """The large table in Markdown; a row that is lost is bold."""
    lines = [f"| {' | '.join(HEAD)} |", "|---|--:|--:|--:|---|--:|--:|--:|---|"]
    for workload in report["workloads"]:
        name = _name(workload)
        if workload["skipped"]:
            lines.append(f"| {name} | skipped: {workload['skipped']} ||||||||")
        for row in workload["rows"]:
            cells = _line(workload, row)
            if lost(row, workload):
                cells = [f"**{cell}**" for cell in cells]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _summary(report: dict[str, Any]) -> str:
    """The large table in HTML."""
    body = []
    for workload in report["workloads"]:
        link = f'<a href="#{workload["name"]}">{escape(_name(workload))}</a>'
        if workload["skipped"]:
            body.append(f'<tr><td>{link}</td><td class="words" colspan="8">skipped: {escape(workload["skipped"])}</td></tr>')
        for row in workload["rows"]:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in _line(workload, row))
            body.append(f"<tr{' class=loss' if lost(row, workload) else ''}><td>{link}</td>{cells}</tr>")
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in HEAD)}</tr>{''.join(body)}</table>"


def _detail(workload: dict[str, Any]) -> str:
    """All programs of a workload: times, ratios to ours, passes, and what there is to say."""
    targets = [row["target"] for row in workload["rows"]]
    head = "<th>program</th>" + "".join(f"<th>to {goal(t)}</th><th>/ ours</th><th>passes</th>" for t in targets)
    body = []
    for program in workload["rows"][0]["cells"]:
        cells, runs = [], workload["runs"].get(program, [])
        for row in workload["rows"]:
            cell, ours = row["cells"][program], row["cells"][OURS]
            if cell is None:
                shown = f"> {workload['limits'][program]:g} s" if program in workload["limits"] else "never" if runs else "-"
                cells += [shown, "-", "-"]
                continue
            once = workload["pass_seconds"]
            few = "" if cell["reached"] == cell["of"] else f" ({cell['reached']} of {cell['of']})"
            cells += [seconds(cell["seconds"]) + few, times(cell["seconds"] / ours["seconds"] if ours else None)]
            cells.append(f"{cell['seconds'] / once:.1f}" if once else "-")
        style = ' class="ours"' if program == OURS else ""
        shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        body.append(f'<tr{style}><td>{escape(program)}</td>{shown}<td class="words">{escape(_remark(workload, program))}</td></tr>')
    return f"<table><tr>{head}<th>remarks</th></tr>{''.join(body)}</table>"


def _remark(workload: dict[str, Any], program: str) -> str:
    """What a program said, how near it came, what it claimed."""
    if program in workload["notes"]:
        return str(workload["notes"][program])
    runs = [run for run in workload["runs"].get(program, []) if run["gap"] is not None]
    if program == FLOOR:
        return "a product alone, no probabilities"
    if not runs:
        return "nothing within the limit" if program in workload["limits"] else "not measured"
    nearest = min(run["gap"] for run in runs)
    words = [f"{'error' if workload['kind'] in ('row', 'rows') else 'nearest gap'} {nearest:.0e}"]
    claims = [run["claimed"] for run in runs if run.get("claimed") is not None]
    if claims:
        words.append(f"claims {min(claims):.0e}")
    if program == OURS and runs[-1]["says"]:
        words.append(runs[-1]["says"])
    return "; ".join(words)


def _section(workload: dict[str, Any]) -> str:
    """A workload: its optimum, its alarms, its curves, its programs."""
    heading = f'<h2 id="{workload["name"]}">{escape(workload["title"])}</h2>'
    if workload["skipped"]:
        return f"{heading}<p>Skipped: {escape(workload['skipped'])}</p>"
    optimum, words = workload["optimum"], [f"Scale {workload['scale']:g}"]
    if workload["kind"] not in ("row", "rows"):
        value = "" if optimum["value"] is None else f" = {optimum['value']:.12g}"
        known = "proved from below" if optimum["proved"] else "the least value that any program reached, no tight proof"
        words.append(f"F*{value}, {known} ({optimum['how'] or 'no bound'})")
    if workload["pass_seconds"]:
        words.append(f"one pass over X at memory speed {seconds(workload['pass_seconds'])}")
    alarms = "".join(f'<p class="alarm">{escape(alarm)}</p>' for alarm in workload["alarms"])
    drawn = curves(workload["runs"], [row["target"] for row in workload["rows"]]) if workload["kind"] not in ("row", "rows") else ""
    return f'{heading}<p class="faint">{escape("; ".join(words))}.</p>{alarms}{drawn}{_detail(workload)}'


def page(report: dict[str, Any]) -> str:
    """The page."""
    machine, settings = report["machine"], report["settings"]
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads each, Python {machine['python']}"
    how = f"{settings['set']} set, rounds: {settings['runs']}, runs stopped after {settings['limit']:g} s, {machine['date']}"
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    sections = "".join(map(_section, report["workloads"]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>logistic: time to the optimum</title><style>{STYLE}</style></head><body><h1>Time to the optimum</h1>"
        "<p>Medians of times to a relative gap (F - F*) / F*, judged by one float64 evaluator; ratio = best peer / ours, so more "
        "than 1 is a win; a red row is a loss. Passes are multiples of one reading of X at memory speed.</p>"
        f'<p class="faint">{escape(where)}; {escape(how)}. {escape(versions)}.</p>{_summary(report)}{key(report)}{sections}'
        "</body></html>\n"
    )
