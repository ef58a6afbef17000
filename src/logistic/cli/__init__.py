"""The shell face: ``logistic fit``, ``predict``, ``summary``, ``demo``. stdout carries data, stderr talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import rich_click as click
from click.exceptions import Exit

from .errors import InputError, LogisticError

if TYPE_CHECKING:
    from .datasets import Dataset
    from .model import Model
    from .sources import Table

CERTIFIED, BUG, USER_ERROR, NOT_CERTIFIED, INTERRUPTED = 0, 1, 2, 3, 130
MOST_SHOWN = 100  # coefficients in a table of the demo

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
force_option = click.option("--force", is_flag=True, help="Overwrite an existing output.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="logistic", message="%(package)s %(version)s")
def main() -> None:
    """Logistic regression done completely: one model, one certified optimum.

    DATA is a CSV (.csv, .csv.gz, .tsv) or Parquet file, or dataset:NAME for a bundled set.
    Exit codes: 0 certified, 3 written but not certified, 2 wrong use, 130 interrupted, 1 a bug of ours.
    """


@main.command("fit")
@click.argument("data")
@click.option("--target", help="Column to predict. [bundled sets know theirs]")
@click.option("-o", "--output", required=True, help="Model file to write, such as model.safetensors.")
@click.option("--C", "C", type=float, help="Inverse strength of the L2 penalty.  [default: 1]")
@click.option("--alpha", type=float, help="Strength against the mean loss, instead of --C.")
@click.option("--no-penalty", is_flag=True, help="Maximum likelihood.")
@click.option("--standardize", is_flag=True, help="Penalise the coefficients of standardised columns.")
@click.option("--no-intercept", is_flag=True, help="Force all logits through zero.")
@click.option("--weight", help="Column of sample weights.")
@click.option("--solver", default="auto", show_default=True, help="auto, newton or lbfgs.")
@click.option("--tol", type=float, default=1e-8, show_default=True, help="Certified relative gap to reach.")
@click.option("--max-iter", type=int, default=1000, show_default=True)
@click.option("--max-time", type=float, help="Seconds.")
@force_option
@json_option
def fit_command(data: str, target: str | None, output: str, force: bool, as_json: bool, **options: Any) -> int:
    """Fit DATA's target on all its other columns and write the model."""
    from .fit import fit
    from .outcome import Status
    from .sources import ArraySource
    from .strict import check_labels

    if output == "-":
        raise InputError("a model cannot be written to standard output; name a file with -o")
    path, spec = _writable(output, force), _spec(options)
    X, y, weight, features = _rows(data, target, options["weight"])
    check_labels(y)
    model = fit(ArraySource(X, y, weight, features=features), spec).model
    model.save(path)
    if as_json:
        _write(sys.stdout, json.dumps(model.summary().to_dict(), allow_nan=False))
    else:
        _write(sys.stderr, f"wrote {path}\n{model.summary()}")
    if model.certificate.status is Status.INTERRUPTED:
        return INTERRUPTED
    return CERTIFIED if model.certificate.status.certified else NOT_CERTIFIED


@main.command("predict")
@click.argument("model")
@click.argument("data")
@click.option("-o", "--output", default="-", help="CSV file to write.  [default: standard output]")
@force_option
@json_option
def predict_command(model: str, data: str, output: str, force: bool, as_json: bool) -> int:
    """Write the label and the probability of each class for every row of DATA."""
    from .store import load

    path = None if output == "-" else _writable(output, force)
    loaded = load(_existing(model))
    table = _table(data)
    X = table.features(loaded.features if loaded.features is not None else table.columns)
    _write_rows(_predictions(loaded, X), path, as_json)
    return CERTIFIED


@main.command("summary")
@click.argument("model")
@json_option
def summary_command(model: str, as_json: bool) -> int:
    """Show what was minimised, how well, and the coefficients."""
    from .store import load

    summary = load(_existing(model)).summary()
    _write(sys.stdout, json.dumps(summary.to_dict(), allow_nan=False) if as_json else str(summary))
    return CERTIFIED


@main.command("demo")
@click.option("-o", "--output", default="logistic-demo", show_default=True, help="Folder for models and predictions.")
@json_option
def demo_command(output: str, as_json: bool) -> int:
    """Fit bundled real data (iris, breast cancer, digits) and show every step."""
    from .datasets import load

    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} exists and is not a folder; choose another with -o")
    folder.mkdir(parents=True, exist_ok=True)
    results = [_demonstrate(load(name), folder, quiet=as_json) for name in ("iris", "breast_cancer", "digits")]
    if as_json:
        _write(sys.stdout, json.dumps(results, allow_nan=False))
    else:
        _write(sys.stdout, f"\nModels and predictions are in {folder}; try: logistic summary {folder / 'iris.safetensors'}")
    return CERTIFIED if all(result["certified"] for result in results) else NOT_CERTIFIED


def _demonstrate(data: Dataset, folder: Path, quiet: bool) -> dict[str, Any]:
    """Fit on four rows of five, predict the fifth, and say so."""
    import numpy as np

    from .contracts import Spec
    from .fit import fit
    from .sources import ArraySource

    held_out = np.arange(len(data.y)) % 5 == 4
    model = fit(ArraySource(data.X[~held_out], data.y[~held_out], features=data.features), Spec(C=1.0)).model
    X, y = data.X[held_out], data.y[held_out]
    path = folder / f"{data.name}.safetensors"
    model.save(path)
    columns = _predictions(model, X)
    _write_rows({"truth": y.tolist(), **columns}, folder / f"{data.name}-predictions.csv", as_json=False)
    right = int((model.predict(X) == y).sum())
    if not quiet:
        counts = ", ".join(f"{label} {int((data.y == label).sum())}" for label in model.classes)
        head, table = str(model.summary()).split("\n\n", 1)
        if len(data.features) * len(model.classes) > MOST_SHOWN:
            table = f"{model.coef.size + model.base.size} coefficients, too many to show here; see: logistic summary {path}"
        lines = [f"classes      {counts}", *(line.strip() for line in head.splitlines()[1:]), "", *table.splitlines(), ""]
        lines.append(f"held out     {right} of {len(y)} rows are predicted right")
        likeliest = max(values[0] for name, values in columns.items() if name != "prediction")
        lines.append(f"one of them  {columns['prediction'][0]} with probability {likeliest:.4f} (truth: {y[0]})")
        _write(sys.stdout, "\n".join([f"\n{data.name}: {data.about}", *(f"  {line}".rstrip() for line in lines)]))
    return {**model.summary().to_dict(), "name": data.name, "held_out": len(y), "right": right}


# ------------------------------------------------------------------------------------------------------------------ helpers


def _spec(options: dict[str, Any]) -> Any:
    """The choices of ``logistic fit``, with C=1 where no strength is given."""
    from .contracts import Spec, Stop

    C, alpha = options["C"], options["alpha"]
    strengths = {"--C": C is not None, "--alpha": alpha is not None, "--no-penalty": options["no_penalty"]}
    given = [name for name, present in strengths.items() if present]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} set the strength of the penalty more than once; give one of them")
    if options["no_penalty"]:
        alpha = 0.0
    elif not given:
        C = 1.0
    stop = Stop(options["tol"], options["max_iter"], options["max_time"])
    return Spec(
        C=C,
        alpha=alpha,
        fit_intercept=not options["no_intercept"],
        standardize=options["standardize"],
        solver=options["solver"],
        stop=stop,
    )


def _rows(data: str, target: str | None, weight: str | None) -> tuple[Any, Any, Any, tuple[str, ...]]:
    """X, y, weights and column names of DATA."""
    if data.startswith("dataset:"):
        from .datasets import load

        bundled = load(data.removeprefix("dataset:"))
        if target is not None or weight is not None:
            raise InputError(f"{data} knows its target and has no weights; leave out --target and --weight")
        return bundled.X, bundled.y, None, bundled.features
    table = _table(data)
    if target is None:
        raise InputError(f"--target is missing: name the column of {table.name} to predict")
    if weight == target:
        raise InputError(f"--target and --weight both name {target!r}; a column is one or the other")
    y = table.labels(target)
    weights = None if weight is None else _weights(table, weight)
    features = tuple(name for name in table.columns if name not in (target, weight))
    if not features:
        raise InputError(f"{table.name} has no column besides {target!r} to learn from")
    return table.features(features), y, weights, features


def _weights(table: Table, name: str) -> Any:
    weights = table.features([name])[:, 0]
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise InputError(f"column {name!r} of {table.name} is {weights[row]:g} in row {row + 1}; weights must be at least 0")
    return weights


def _table(data: str) -> Table:
    """DATA by columns."""
    from .sources import Table, read_table

    if data == "-":
        raise InputError("DATA must be a file; save standard input to a .csv first")
    if not data.startswith("dataset:"):
        return read_table(data)
    import pyarrow as pa

    from .datasets import load

    bundled = load(data.removeprefix("dataset:"))
    return Table(pa.table(dict(zip(bundled.features, bundled.X.T, strict=True))), data)


def _predictions(model: Model, X: Any) -> dict[str, Any]:
    """Label and probabilities of each row, column by column."""
    probabilities = model.predict_proba(X)
    columns = {f"probability_{label}": probabilities[:, k].tolist() for k, label in enumerate(model.classes)}
    return {"prediction": model.predict(X).tolist(), **columns}


def _existing(model: str) -> Path:
    path = Path(model)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a model file in it")
    if not path.exists():
        raise InputError(f"there is no model file {path}; make one with: logistic fit DATA --target COL -o {path}")
    return path


def _writable(output: str, force: bool) -> Path:
    path = Path(output)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; create it first")
    if path.is_file() and not force:
        raise InputError(f"{path} exists; choose another name or pass --force")
    return path


def _write_rows(columns: dict[str, Any], path: Path | None, as_json: bool) -> None:
    """Columns as CSV, or as JSON, to a file (whole or not at all) or to standard output."""
    if as_json:
        content = (json.dumps(columns, allow_nan=False) + "\n").encode()
    else:
        import io

        import pyarrow as pa
        from pyarrow import csv

        sink = io.BytesIO()
        csv.write_csv(pa.table(columns), sink)
        content = sink.getvalue()
    if path is None:
        _write(sys.stdout, content)
        return
    from .strict import write_atomically

    write_atomically(path, content)


def _write(stream: TextIO | None, content: str | bytes) -> None:
    """Lines to standard output or error; a reader that has gone away (``| head``) is no error."""
    if stream is None:
        return
    if isinstance(content, str):
        content = f"{content}\n".encode(stream.encoding or "utf-8", "backslashreplace")
    try:
        stream.buffer.write(content)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is flushed on the way out
        if not isinstance(error, BrokenPipeError):
            raise


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code: one clear line for an error, a traceback only for a bug of ours."""
    code = _guarded(lambda: main.main(arguments, prog_name="logistic", standalone_mode=False))
    _write(sys.stdout, b"")  # help pages wait in a buffer until here
    sys.exit(code)


def _guarded(command: Callable[[], Any]) -> int:
    try:
        code = command()
        return code if isinstance(code, int) else CERTIFIED
    except Exit as stop:
        return int(stop.exit_code)
    except click.UsageError as error:
        asked = f" (see: {error.ctx.command_path} --help)" if error.ctx is not None else ""
        return _refused(error.format_message() + asked)
    except (click.ClickException, LogisticError) as error:
        return _refused(str(error))
    except OSError as error:
        named = f"{error.filename}: " if error.filename is not None else ""
        return _refused(f"{named}{error.strerror or error}")
    except SystemExit as end:  # click's own: 2 without a command, 1 where the reader of a help page has gone away
        return USER_ERROR if end.code == USER_ERROR else CERTIFIED
    except (KeyboardInterrupt, click.Abort):
        _write(sys.stderr, "logistic: interrupted")
        return INTERRUPTED


def _refused(message: str) -> int:
    """Say why, in one line whatever names it quotes."""
    from .outputs.summary import printable

    _write(sys.stderr, f"logistic: {printable(message)}")
    return USER_ERROR
