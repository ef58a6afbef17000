"""``logistic fit``: a file in, a model file out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.shell_completion import CompletionItem

from ..errors import InputError
from .choices import class_weight_of, spec_of
from .config import print_config, read_config
from .fitted import facts
from .neighbours import fit_linear, fit_network, located, refuse_foreign
from .options import (
    CERTIFIED,
    INTERRUPTED,
    NOT_CERTIFIED,
    STDIN,
    files,
    force_option,
    json_option,
    optional_data_argument,
    quiet_option,
)
from .parts import provenance
from .rows import Rows, open_table, rows_to_fit
from .tuning import check_tuning, tuned
from .writing import answer, tell, writable

if TYPE_CHECKING:
    from ..contracts import Spec
    from ..fit import Snapshot
    from ..model import Model

SOLVERS = ("auto", "newton", "lbfgs", "relay", "proxnewton", "gd", "sgd", "adam")
BIASES = ("firth",)
COVARIANCES = ("observed", "HC0", "HC1", "cluster")
STARTS = ("zeros", "normal", "lecun_normal", "torch_linear")


def _one_of(words: tuple[str, ...]) -> Any:
    """Completion; what else is typed is refused where it is used, with the nearest word."""
    return lambda _context, _parameter, typed: [CompletionItem(word) for word in words if word.startswith(typed)]


@click.command("fit")
@optional_data_argument
@click.option("--target", metavar="COLUMN", panel="Rows", help="Column to predict; data sets know theirs.")
@click.option("--features", metavar="A,B,C", multiple=True, panel="Rows", help="Columns to learn from.  [default: all others]")
@click.option("--formula", metavar="'Y ~ A + C(B)*D'", panel="Rows", help="Target and columns of any kind, in place of both.")
@click.option("--weight", metavar="COLUMN", panel="Rows", help="Column of sample weights.")
@click.option("--freq-weights", metavar="COLUMN", panel="Rows", help="Column of how many observations each row stands for.")
@click.option("--groups", metavar="COLUMN", panel="Rows", help="Column of clusters, for --covariance cluster.")
@click.option("--positive", metavar="LABEL", panel="Rows", help="Set one label against the rest.")
@click.option("--bins", metavar="N", type=click.IntRange(2), panel="Rows", help="Cut a numeric target into N classes by rank.")
@click.option(
    "--split", metavar="0.8/0.2", panel="Rows", help="Fit on the first part only; a middle one, as in 0.7/0.15/0.15, validates."
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    panel="Rows",
    help="Of the split, of random start values and of batches.",
)
@click.option("--C", "C", metavar="C", type=float, panel="Model", help="Inverse strength of the penalty.  [default: 1]")
@click.option("--alpha", metavar="ALPHA", type=float, panel="Model", help="Its strength against the mean loss, instead of --C.")
@click.option(
    "--l1-ratio", metavar="R", type=float, default=0.0, panel="Model", help="Share of L1 in the penalty.  [default: 0, L2]"
)
@click.option("--no-penalty", is_flag=True, panel="Model", help="Maximum likelihood.")
@click.option(
    "--bias", metavar="NAME", shell_complete=_one_of(BIASES), panel="Model", help="firth: maximum likelihood, its bias reduced."
)
@click.option(
    "--cv", metavar="FOLDS", type=click.IntRange(2), panel="Model", help="Choose --C by cross-validation on so many folds."
)
@click.option(
    "--Cs",
    "Cs",
    metavar="N",
    type=click.IntRange(1),
    panel="Model",
    help="Strengths that --cv tries, from 1e-4 to 1e4.  [default: 10]",
)
@click.option(
    "--standardize/--no-standardize", default=False, panel="Model", help="Penalise the coefficients of standardised columns."
)
@click.option("--no-intercept", is_flag=True, panel="Model", help="Force all logits through zero.")
@click.option(
    "--class-weight",
    multiple=True,
    metavar="WEIGHTS",
    panel="Model",
    help="balanced, inverse (1 / count), or LABEL=WEIGHT, once for each label that is not to weigh 1.",
)
@click.option(
    "--covariance",
    metavar="KIND",
    shell_complete=_one_of(COVARIANCES),
    panel="Model",
    help=f"For standard errors: {', '.join(COVARIANCES[:-1])} or {COVARIANCES[-1]}.  [default: observed with --no-penalty]",
)
@click.option("--linear", is_flag=True, panel="Model", help="Instead: linear regression on the numbers of the target.")
@click.option(
    "--hidden",
    metavar="UNITS",
    type=click.IntRange(1),
    panel="Model",
    help="Instead: a network with one hidden layer, not certified.",
)
@click.option(
    "--solver",
    metavar="NAME",
    default="auto",
    show_default=True,
    shell_complete=_one_of(SOLVERS),
    panel="Solver",
    help=f"{', '.join(SOLVERS[:-1])} or {SOLVERS[-1]}.",
)
@click.option(
    "--lr", metavar="RATE", type=float, panel="Solver", help="Learning rate of gd, sgd and adam, on the columns as given."
)
@click.option("--momentum", metavar="SHARE", type=float, panel="Solver", help="Of sgd.  [default: 0]")
@click.option("--batch-size", metavar="ROWS", panel="Solver", help="Of a step of sgd and adam; all for all rows.  [default: 32]")
@click.option(
    "--epochs",
    metavar="N",
    type=int,
    panel="Solver",
    help="Passes over the rows of sgd and adam, or steps of gd.  [default: 100, or --max-iter]",
)
@click.option(
    "--patience", metavar="N", type=int, panel="Solver", help="Stop sgd and adam once validation is no better for N epochs."
)
@click.option(
    "--init",
    metavar="NAME",
    shell_complete=_one_of(STARTS),
    panel="Solver",
    help=f"Start values: {', '.join(STARTS[:-1])} or {STARTS[-1]}.  [default: zeros]",
)
@click.option(
    "--tol", metavar="GAP", type=float, default=1e-8, show_default=True, panel="Solver", help="Certified relative gap to reach."
)
@click.option(
    "--max-iter", metavar="N", type=int, default=1000, show_default=True, panel="Solver", help="Iterations without --epochs."
)
@click.option("--max-time", metavar="SECONDS", type=float, panel="Solver", help="Stop at the first iteration after so long.")
@click.option("-o", "--output", metavar="FILE", shell_complete=files, panel="Output", help="Model file, such as model.safetensors.")
@click.option(
    "--log-every", metavar="N", type=click.IntRange(1), panel="Output", help="A line on stderr for every Nth iteration or epoch."
)
@click.option(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=read_config,
    shell_complete=files,
    panel="Output",
    help="TOML file of these options; what is typed wins.",
)
@click.option("--print-config", is_flag=True, panel="Output", help="Print the options as TOML, and fit nothing.")
@force_option
@json_option
@quiet_option
@click.option_panel("Arguments")
@click.option_panel("Rows")
@click.option_panel("Model")
@click.option_panel("Solver")
@click.option_panel("Output")
@click.option_panel("Options")
@click.pass_context
def fit_command(context: click.Context, /, **options: Any) -> int:
    """Fit the target of DATA on its other columns, and write the model.

    What was done is said on stderr: solver, certificate, coefficients, and the class counts of a split.

    For example:

        logistic fit people.csv --target answer -o model.safetensors
        logistic fit people.csv --target answer --split 0.8/0.2 -o m.safetensors
        logistic fit births.csv --formula "low ~ age + C(race)*smoke" -o m
        logistic fit houses.csv --target price --bins 3 --features rooms,area -o m
        logistic fit dataset:digits --solver sgd --lr 0.01 --momentum 0.9 -o m
        logistic fit people.csv --target answer --print-config > fit.toml
        logistic fit --config fit.toml -o model.safetensors
    """
    if options["print_config"]:
        print_config(context)
        return CERTIFIED
    for name, spelt in (("data", "argument 'DATA'"), ("output", "option '-o' / '--output'")):
        if options[name] is None:
            raise click.UsageError(f"Missing {spelt}.", context)
    if options["output"] == STDIN:
        raise InputError("a model cannot be written to standard output; name a file with -o")
    path = writable(options["output"], options["force"], (options["data"],))
    return _fit(path, {**options, "typed": context.find_root().obj or ()})


def _fit(path: Path, options: dict[str, Any]) -> int:
    from ..fit import check
    from ..outcome import Status

    refuse_foreign(options)
    check_tuning(options)
    spec = spec_of(options)
    check(spec)
    quiet = options["quiet"] or options["as_json"]
    rows = rows_to_fit(open_table(options["data"]), options)
    for note in rows.notes:
        tell(f"note: {note}", quiet)
    spec = spec._replace(class_weight=class_weight_of(options["class_weight"], rows))
    if rows.recipe is not None:
        spec = spec._replace(fit_intercept=rows.recipe.intercept)
    origin = provenance(rows, options["split"], options["seed"], shlex.join(["logistic", *options["typed"]]))
    tuning = None
    if options["cv"] is None:
        fitted = _fitted(rows, spec, options)
    else:
        fitted, tuning = tuned(rows, spec, options, quiet)
    model = located(fitted, origin, rows.recipe)
    model.save(path)
    tell(f"wrote {path}\n{model.summary()}", quiet)
    if rows.rule.edges:
        tell(f"\nclasses of {rows.target}: {rows.rule}", quiet)
    if rows.split is not None:
        again = shlex.join(["logistic", "evaluate", str(path), options["data"], "--split", rows.split.names[-1]])
        tell(f"\n{rows.split}\n\nhow good it is on the rows held out: {again}", quiet)
    if options["as_json"]:
        answer({**facts(model), "split": _counts(rows), **({} if tuning is None else {"cv": tuning})}, "", as_json=True)
    certificate = model.classifier.certificate_ if options["hidden"] else model.certificate
    if certificate is None:  # least squares at once
        return CERTIFIED
    if certificate.status is Status.INTERRUPTED:
        return INTERRUPTED
    return CERTIFIED if certificate.status.certified else NOT_CERTIFIED


def _fitted(rows: Rows, spec: Spec, options: dict[str, Any]) -> Any:
    """A model, or one of its neighbours."""
    if options["linear"]:
        return fit_linear(rows, spec)
    if options["hidden"] is None:
        title = f"minimising {_objective(spec)}"
        return _watched(title, spec, options, lambda seen: _model(rows, spec, seen))
    title = f"training a hidden layer of {options['hidden']} units"
    return _watched(title, spec, options, lambda seen: fit_network(rows, spec, options["hidden"], options["alpha"], seen))


def _objective(spec: Spec) -> str:
    from ..spellings import objective_in_words

    return objective_in_words(spec)


def _model(rows: Rows, spec: Spec, seen: Callable[[Snapshot], None]) -> Model:
    from ..fit import fit

    return fit(rows.part(rows.learned), spec, on_point=seen, validation=rows.validating()).model


def _watched(title: str, spec: Spec, options: dict[str, Any], work: Callable[[Callable[[Snapshot], None]], Any]) -> Any:
    """Do the work, and show how it is getting on where somebody looks."""
    from contextlib import nullcontext

    from ..outputs.progress import Progress
    from ..solvers import named

    asked = options["log_every"] is not None
    shown = not options["quiet"] and (asked or (not options["as_json"] and sys.stderr is not None and sys.stderr.isatty()))
    solver = named(spec.solver)
    total = None if solver is None else solver.epochs
    progress = Progress(title, total, options["log_every"]) if shown else None

    def seen(snapshot: Snapshot) -> None:
        if progress is not None:
            progress(snapshot.record)

    with progress if progress is not None else nullcontext():
        return work(seen)


def _counts(rows: Rows) -> dict[str, Any] | None:
    """Rows, class counts and ratios by part; labels are text, as JSON wants its keys."""
    if rows.split is None:
        return None
    parts = rows.split.to_dict()
    return {name: {key: _texts(value) for key, value in part.items()} for name, part in parts.items()}


def _texts(value: Any) -> Any:
    return {str(label): number for label, number in value.items()} if isinstance(value, dict) else value
