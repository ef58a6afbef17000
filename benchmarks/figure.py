"""Curves of gap against time as SVG, both axes logarithmic; programs differ by colour, mark and dash, so none is needed alone."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from .programs import FITTING, OURS

WIDTH, HEIGHT = 900, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 15, 12, 42
TEXT = 'style="fill:var(--text);font:12px system-ui,sans-serif"'
FLOOR = 1e-13  # gaps below it are drawn on it
FAMILIES = ("scikit-learn-intelex", "scikit-learn", "glum", "skglm", "celer", "adelie", "snapml")
DASHES = ("", "7 3", "2 3", "9 3 2 3")


def _colour(program: str) -> str:
    """A variable of the style sheet."""
    if program == OURS:
        return "var(--ours)"
    family = next((name for name in FAMILIES if program.startswith(name)), "other")
    return f"var(--{ {'scikit-learn': 'scikit', 'scikit-learn-intelex': 'intelex'}.get(family, family) })"


def _mark(number: int, x: float, y: float, colour: str) -> str:
    """One of six shapes around a point."""
    r = 4.0
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>',
        f'<rect x="{x - r + 0.5:.1f}" y="{y - r + 0.5:.1f}" width="{2 * r - 1}" height="{2 * r - 1}"/>',
        f'<path d="M{x:.1f} {y - r - 1:.1f} l{r + 1} {2 * r} h{-2 * r - 2} z"/>',
        f'<path d="M{x:.1f} {y - r - 1:.1f} l{r + 1} {r + 1} l{-r - 1} {r + 1} l{-r - 1} {-r - 1} z"/>',
        f'<path d="M{x:.1f} {y + r + 1:.1f} l{r + 1} {-2 * r} h{-2 * r - 2} z"/>',
    )
    if number % 6 == 5:
        cross = f"M{x - r:.1f} {y - r:.1f} l{2 * r} {2 * r} m0 {-2 * r} l{-2 * r} {2 * r}"
        return f'<path d="{cross}" style="stroke:{colour};stroke-width:2;fill:none"/>'
    fill = colour if number < 6 else "var(--back)"
    return f'<g style="fill:{fill};stroke:{colour};stroke-width:1.5">{shapes[number % 6]}</g>'


def _style(program: str) -> tuple[str, int, str, float]:
    """Colour, number of the mark, dashes, width."""
    number = list(FITTING).index(program) if program in FITTING else 0
    return _colour(program), number, DASHES[number % len(DASHES)] if number else "", 3.0 if program == OURS else 1.5


def _points(runs: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """(seconds, gap) of the first round, from coarse to fine."""
    found = [(run["seconds"], max(run["gap"], FLOOR)) for run in runs if run["round"] == 0 and run["gap"] is not None]
    return sorted((s, g) for s, g in found if math.isfinite(g) and s > 0)


def _power(exponent: int) -> str:
    """A power of ten in SVG text."""
    return f'10<tspan dy="-5" font-size="9">{exponent}</tspan>'


def curves(runs: dict[str, list[dict[str, Any]]], targets: list[float]) -> str:
    """The figure of a workload; empty where nothing was measured."""
    lines = {program: points for program, found in runs.items() if (points := _points(found))}
    if not lines:
        return ""
    every = [point for points in lines.values() for point in points]
    x0, x1 = math.floor(math.log10(min(s for s, _ in every))), math.ceil(math.log10(max(s for s, _ in every)) + 1e-9)
    y0, y1 = -13, min(2, max(0, math.ceil(math.log10(max(g for _, g in every)))))

    def place(s: float, g: float) -> tuple[float, float]:
        x = LEFT + (math.log10(s) - x0) / max(x1 - x0, 1) * (WIDTH - LEFT - RIGHT)
        return x, TOP + (y1 - min(math.log10(g), y1)) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for exponent in range(x0, x1 + 1):
        x, _ = place(10.0**exponent, 1.0)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" style="stroke:var(--line)"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_power(exponent)}</text>')
    for exponent in range(y0 + 1, y1 + 1, 2):
        _, y = place(1.0, 10.0**exponent)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" style="stroke:var(--line)"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(exponent)}</text>')
    for target in (t for t in targets if t):
        _, y = place(1.0, target)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" style="stroke:var(--faint);stroke-dasharray:4 4"/>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle">seconds of a run from scratch</text>')
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">relative gap</text>')
    for program in sorted(lines, key=lambda name: name == OURS):  # ours on top
        colour, number, dashes, width = _style(program)
        spots, least, way = [place(*point) for point in lines[program]], math.inf, ""
        for (_, gap), (x, y) in zip(lines[program], spots, strict=True):  # the line joins what no sooner run betters
            if gap < least:
                least, way = gap, f"{way} {x:.1f},{y:.1f}"
        drawn = "".join(_mark(number, x, y, colour) for x, y in spots)
        paint = f"fill:none;stroke:{colour};stroke-width:{width};stroke-dasharray:{dashes or 'none'}"
        line = f'<polyline points="{way.strip()}" style="{paint}"/>'
        parts.append(f"<g><title>{escape(program)}</title>{line}{drawn}</g>")
    words = "gap against time, logarithmic axes; the numbers are in the results file"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" {TEXT} role="img" aria-label="{words}">{"".join(parts)}</svg>'


def key(report: dict[str, Any]) -> str:
    """The legend of all figures."""
    shown = [name for name in FITTING if any(name in workload["runs"] for workload in report["workloads"])]
    parts, columns, step = [], 3, 300
    for i, program in enumerate(shown):
        x, y = 8 + (i % columns) * step, 14 + (i // columns) * 20
        colour, number, dashes, width = _style(program)
        line = f'<path d="M{x} {y}h34" style="stroke:{colour};stroke-width:{width};stroke-dasharray:{dashes or "none"}"/>'
        parts.append(f'{line}{_mark(number, x + 17, y, colour)}<text x="{x + 42}" y="{y + 4}">{escape(program)}</text>')
    height = 14 + 20 * math.ceil(len(shown) / columns)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" {TEXT} role="img" aria-label="lines and marks of the programs">{"".join(parts)}</svg>'
    )
