"""The shell face: ``logistic fit``, ``predict``, ``summary``, ``demo``. stdout carries data, stderr talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click
from click.exceptions import Exit

from .errors import InputError, LogisticError

if TYPE_CHECKING:
    from .datasets import Dataset
    from .model import Model
    from .sources import Table

CERTIFIED, BUG, USER_ERROR, NOT_CERTIFIED, INTERRUPTED = 0, 1, 2, 3, 130

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
    from .sources import ArraySource

    path = _writable(output, force)
    X, y, weight, features = _rows(data, target, options.pop("weight"))
    model = fit(ArraySource(X, y, weight, features=features), _spec(**options)).model
    model.save(path)
    _tell(model, as_json, head=f"wrote {path}")
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
    probabilities = loaded.predict_proba(_features(loaded, data))
    labels = loaded.classes[probabilities.argmax(axis=1)]
    columns: dict[str, Any] = {"prediction": labels.tolist()}
    for k, label in enumerate(loaded.classes):
        columns[f"probability_{label}"] = probabilities[:, k].tolist()
    _write_rows(columns, path, as_json)
    return CERTIFIED


@main.command("summary")
@click.argument("model")
@json_option
def summary_command(model: str, as_json: bool) -> int:
    """Show what was minimised, how well, and the coefficients."""
    from .store import load

    summary = load(_existing(model)).summary()
    click.echo(json.dumps(summary.to_dict(), allow_nan=False) if as_json else str(summary))
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
        click.echo(json.dumps(results, allow_nan=False))
    else:
        click.echo(f"Models and predictions are in {folder}; try: logistic summary {folder / 'iris.safetensors'}")
    return CERTIFIED if all(result["certified"] for result in results) else NOT_CERTIFIED


def _demonstrate(data: Dataset, folder: Path, quiet: bool) -> dict[str, Any]:
    """Fit on four rows of five, predict the fifth, and say so."""
    import numpy as np

    from .fit import fit
    from .sources import ArraySource

    held_out = np.arange(len(data.y)) % 5 == 4
    model = fit(ArraySource(data.X[~held_out], data.y[~held_out], features=data.features), _spec(C=1.0)).model
    X, y = data.X[held_out], data.y[held_out]
    probabilities, labels = model.predict_proba(X), model.predict(X)
    model.save(folder / f"{data.name}.safetensors")
    columns: dict[str, Any] = {"truth": y.tolist(), "prediction": labels.tolist()}
    columns |= {f"probability_{label}": probabilities[:, k].tolist() for k, label in enumerate(model.classes)}
    _write_rows(columns, folder / f"{data.name}-predictions.csv", as_json=False)
    right = int((labels == y).sum())
    if not quiet:
        counts = ", ".join(f"{label} {int((data.y == label).sum())}" for label in model.classes)
        click.echo(f"\n{data.name}: {data.about}\n  classes      {counts}")
        text = str(model.summary()).splitlines()
        shown = 60 if len(data.features) <= 30 else 7
        click.echo("\n".join(f"  {line}" for line in text[1:shown]) + ("\n  ..." if len(text) > shown else ""))
        click.echo(f"\n  held out     {right} of {len(y)} rows are predicted right")
        click.echo(f"  one of them  {labels[0]} with probability {probabilities[0].max():.4f} (truth: {y[0]})")
    return {**model.summary().to_dict(), "name": data.name, "held_out": len(y), "right": right}


# ------------------------------------------------------------------------------------------------------------------ helpers


def _spec(
    C: float | None = None,
    alpha: float | None = None,
    no_penalty: bool = False,
    standardize: bool = False,
    no_intercept: bool = False,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
    max_time: float | None = None,
) -> Any:
    from .contracts import Spec, Stop

    given = [name for name, on in (("--C", C is not None), ("--alpha", alpha is not None), ("--no-penalty", no_penalty)) if on]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} both set the strength of the penalty; give one of them")
    if no_penalty:
        alpha = 0.0
    elif C is None and alpha is None:
        C = 1.0
    return Spec(C, alpha, not no_intercept, standardize, solver, Stop(tol, max_iter, max_time))


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
    y = table.labels(target)
    weights = None if weight is None else table.features([weight])[:, 0]
    features = tuple(name for name in table.columns if name not in (target, weight))
    if not features:
        raise InputError(f"{table.name} has no column besides {target!r} to learn from")
    return table.features(features), y, weights, features


def _features(model: Model, data: str) -> Any:
    """The model's columns of DATA, by name where the model has names, else in order."""
    if data.startswith("dataset:"):
        from .datasets import load

        return load(data.removeprefix("dataset:")).X
    table = _table(data)
    return table.features(model.features if model.features is not None else table.columns)


def _table(data: str) -> Table:
    from .sources import read_table

    return read_table(data)


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
    if path.exists() and not force:
        raise InputError(f"{path} exists; choose another name or pass --force")
    return path


def _tell(model: Model, as_json: bool, head: str) -> None:
    if as_json:
        click.echo(json.dumps(model.summary().to_dict(), allow_nan=False))
        return
    click.echo(f"{head}\n{model.summary()}", err=True)


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
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    from .store import write_atomically

    write_atomically(path, content)


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code: one clear line for an error, a traceback only for a bug of ours."""
    sys.exit(_guarded(lambda: main.main(arguments, prog_name="logistic", standalone_mode=False)))


def _guarded(command: Callable[[], Any]) -> int:
    try:
        code = command()
        return code if isinstance(code, int) else CERTIFIED
    except Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        error.show()
        return USER_ERROR
    except (LogisticError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            sys.stdout = None
            return CERTIFIED
        click.echo(f"logistic: {error}", err=True)
        return USER_ERROR
    except (KeyboardInterrupt, click.Abort):
        click.echo("logistic: interrupted", err=True)
        return INTERRUPTED
