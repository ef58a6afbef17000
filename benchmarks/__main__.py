"""How soon each program has the optimum: workload x program x target gap, judged by one evaluator.

The quick set shrinks the data, stops a run after three seconds and takes one round; ``--full`` is everything at full size, five
rounds, ten minutes a run. Writes a JSON file, a page beside it, and a table to stdout. Ends with 1 where a value lies below a
certified bound, or a certificate claims more than the judge finds.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .conduct import ROOT, Settings, conduct, programs, say
from .machine import facts
from .page import page, table
from .workloads import WORKLOADS


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--full", action="store_true", help="everything, at full size")
    add("--list", action="store_true", help="print workloads and programs, and end")
    add("--workloads", nargs="+", choices=WORKLOADS, metavar="NAME", help="only these")
    add("--programs", nargs="+", metavar="NAME", help="only these, by name")
    add("--scale", type=float, help="of the data, 1 for full size")
    add("--runs", type=int, help="rounds (1 quick, 5 full)")
    add("--limit", type=float, help="seconds after which a run is stopped (3 quick, 600 full)")
    add("--threads", type=int, default=2, help="of every program (2)")
    add("--folder", type=Path, default=ROOT / "build" / "benchmarks", help="for data and results (build/benchmarks)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure, write, print."""
    options = arguments().parse_args(argv)
    if options.list:
        for workload in WORKLOADS.values():
            print(f"{workload.name:16} {workload.title}: {', '.join(programs(workload))}")
        return 0
    full = options.full
    names = options.workloads or [name for name, workload in WORKLOADS.items() if full or workload.quick]
    scale = options.scale or (1.0 if full else None)
    if scale is None and any(not WORKLOADS[name].quick for name in names):
        scale = 0.1
    settings = Settings(
        options.folder.resolve(),
        scale=scale,
        runs=options.runs or (5 if full else 1),
        limit=options.limit or (600.0 if full else 3.0),
        finer=3 if full else 1,
        threads=options.threads,
        proof_time=1800.0 if full else 60.0,
    )
    report: dict[str, Any] = {
        "machine": facts(options.threads),
        "settings": {"set": "full" if full else "quick", "runs": settings.runs, "limit": settings.limit},
        "versions": {},
        "workloads": [],
    }
    results = settings.folder / "results"
    results.mkdir(parents=True, exist_ok=True)
    name = f"{'full' if full else 'quick'}-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}"
    for field in conduct(names, settings, options.programs):  # written after each, for a run that is cut short
        report["workloads"].append(field.facts())
        report["versions"] = dict(sorted({**report["versions"], **field.versions}.items()))
        for alarm in field.alarms:
            say(f"!! {field.workload.name}: {alarm}")
        (results / f"{name}.json").write_text(json.dumps(report, indent=1, allow_nan=False))
        (results / f"{name}.html").write_text(page(report))
    print(table(report))
    say(f"\nwrote {name}.json and {name}.html to {results}")
    return 1 if any(workload["alarms"] for workload in report["workloads"]) else 0


if __name__ == "__main__":
    sys.exit(main())
