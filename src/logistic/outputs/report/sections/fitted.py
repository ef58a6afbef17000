"""What was fitted and how, and the course of the fit."""

from __future__ import annotations

import platform
from importlib.metadata import version

import numpy as np

from ....model import Model
from ....outcome import Status
from ...plots import PathDisplay, TrainingDisplay
from ...summary import Summary
from ...text import counted
from ..document import Block, Facts, Section, Table, Text
from ..evidence import Evidence
from .drawing import drawn

NAME = 13  # characters of the name of a fact in a summary


def what(found: Evidence) -> Section:
    """Penalty, solver, certificate, data, versions, and how to do it again."""
    model = found.model
    title, *lines = Summary(model).head()
    facts = [(line[:NAME].strip(), line[NAME:].strip()) for line in lines]
    facts += [("fingerprint", model.fingerprint)] if model.fingerprint else []
    facts += _origin(model)
    facts.append(("made by", f"logistic {version('logistic')}, NumPy {np.__version__}, Python {platform.python_version()}"))
    blocks: list[Block] = [Text(f"{title}. {_penalty(model)}"), _certificate(model), Facts(tuple(facts))]
    return Section("fit", "What was fitted, and how", (*blocks, *_again(model)))


def course(found: Evidence) -> Section:
    """The history of a fit, or a path of penalties, where the estimator has one."""
    estimator, blocks = found.estimator, list[Block]()
    history = getattr(estimator, "history_", None)
    if history is not None:
        blocks.append(drawn("Loss and certified gap over the iterations of the fit", TrainingDisplay.from_estimator(estimator)))
        blocks.append(_steps(history))
    if len({one.penalty.C for one in getattr(getattr(estimator, "path_", None), "models", ()) if np.isfinite(one.penalty.C)}) > 1:
        caption = (
            "Coefficients for one standard deviation of a column, and the loss of rows held out, over the strength of the penalty"
        )
        blocks.append(drawn(caption, PathDisplay.from_estimator(estimator, step=found.steps)))
        blocks.append(_judged(estimator))
    if not blocks:
        model, told = found.model, ""
        if np.isfinite(model.certificate.kkt):
            ended = f"It ended after {counted(model.n_iter, 'iteration')}"
            told = (
                f"{ended} with the largest entry of the gradient at {model.certificate.kkt:.1e}, in the solver's scaled columns. "
            )
        blocks.append(Text(f"{told}A model keeps how its fit ended, not its course; the report of the estimator itself shows it."))
    return Section("course", "The course of the fit", tuple(blocks))


def _penalty(model: Model) -> str:
    penalty = model.penalty
    if penalty.bias is not None:
        return "Half the log determinant of the information was added to the log-likelihood, which takes out most of the bias."
    if penalty.alpha == 0:
        return "No penalty: sought are the coefficients under which the labels of the fit are likeliest."
    kinds = {0.0: "large coefficients cost their square", 1.0: "coefficients cost their size, so that some may be exactly zero"}
    kind = kinds.get(float(penalty.l1_ratio), "coefficients cost their size and their square, so that some may be exactly zero")
    units = "standardised columns" if penalty.standardized else "the units of the data"
    return f"A penalty of strength C={penalty.C:.6g} pulls coefficients to zero: {kind}, measured in {units}."


def _certificate(model: Model) -> Text:
    """How sure it is that nothing fits better."""
    certificate = model.certificate
    if certificate.status.certified and certificate.kind == "proof":
        said = f"it is proved that no coefficients make it smaller by more than {certificate.gap:.1e}."
        return Text(f"Certified. The objective is {certificate.value:.6g}; {said}", "note")
    if certificate.status.certified:
        said = f"it is estimated, not proved, that none nearby make it smaller by more than {certificate.gap:.1e}."
        return Text(f"Converged. The objective is {certificate.value:.6g}; {said}", "note")
    if certificate.status is Status.RANK_DEFICIENT:
        return Text(f"Rank deficient: {certificate.status.value}.", "warning")
    return Text(f"Not certified ({certificate.status.word}): {certificate.status.value}.", "warning")


def _origin(model: Model) -> list[tuple[str, str]]:
    origin = model.provenance
    if origin is None:
        return []
    facts = [("data", origin.data), ("SHA-256", origin.sha256), ("target", origin.target)]
    facts += [("weights", origin.weight)] if origin.weight else []
    facts += [("classes", f"{origin.positive} against the rest")] if origin.positive is not None else []
    facts += [("classes", "the target cut at " + ", ".join(f"{edge:.10g}" for edge in origin.edges))] if origin.edges else []
    if origin.fractions:
        parts = "/".join(f"{share:g}" for share in origin.fractions)
        facts.append(("split", f"{parts}, seed {origin.seed}; the first part was learned from"))
    return facts


def _again(model: Model) -> list[Block]:
    """How to fit it once more."""
    if model.provenance is not None and model.provenance.command:
        return [Text("The command that fitted it:"), Text(model.provenance.command, "command")]
    if not model.rows:
        return []
    penalty = model.penalty
    said = {
        "C": repr(penalty.C) if np.isfinite(penalty.C) else 'float("inf")',
        "l1_ratio": repr(penalty.l1_ratio) if penalty.l1_ratio else "",
        "fit_intercept": "" if model.fit_intercept else "False",
        "standardize": "True" if penalty.standardized else "",
        "bias": "" if penalty.bias is None else repr(penalty.bias),
    }
    settings = ", ".join(f"{name}={value}" for name, value in said.items() if value)
    fitted = f"LogisticRegression({settings}).fit(X, y)"
    if model.recipe is not None:
        fitted = f"LogisticRegression.from_formula({model.recipe.formula!r}, data, {settings})"
    known = "What the model keeps of its settings (the rows, their weights and the solver's own settings are not among them):"
    return [Text(known), Text(f"from logistic import LogisticRegression\n\nmodel = {fitted}", "command")]


def _steps(history: dict[str, np.ndarray]) -> Block:
    """First and last numbers of the history; seconds are left out, which no two fits have in common."""
    names = [name for name in ("objective", "loss", "gradient_norm", "accuracy", "validation_loss") if name in history]
    kept = {name.replace("_", " "): history[name][[0, -1]] for name in ("iteration", *names)}
    return Table("Before the first step, and at the last", kept)


def _judged(estimator: object) -> Block:
    """What cross-validation found, a row a strength."""
    table = estimator.table_  # type: ignore[attr-defined]
    own = table["fold"] == table["fold"][0]
    columns = {"C": table["C"][own], "share of L1": table["l1_ratio"][own], "log loss held out": table["mean_deviance"][own] / 2}
    columns["standard error"] = table["standard_error"][own] / 2
    taken, best = estimator.C_, estimator.C_min_  # type: ignore[attr-defined]
    chosen = f"C={taken:.6g} was taken; the best score is at C={best:.6g}."
    return Table("Strengths of the penalty, judged by cross-validation", columns, notes=(chosen,))
