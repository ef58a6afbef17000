"""The model card: what the model is for, what it is not for, and how it is used. Nothing in it is not in the model."""

from __future__ import annotations

import numpy as np

from ....errors import listed
from ....outcome import Status
from ...text import counted
from ..document import Block, Facts, Section, Text
from ..evidence import Evidence

FEW = 30  # rows of a class by which it is hardly judged


def card(found: Evidence) -> Section:
    """Use, limits, loading."""
    blocks: list[Block] = [Facts((("predicts", _use(found)), ("from", _needs(found)), ("judged on", _judged(found))))]
    blocks += [Text(limit, "note") for limit in _limits(found)]
    load = [
        "from logistic import load",
        "",
        'model = load("model.safetensors")',
        f"model.predict_proba({'data' if found.model.recipe is not None else 'X'}{', offset' if found.model.offset else ''})",
    ]
    blocks += [Text("Once it is saved as model.safetensors, it is loaded in Python by"), Text("\n".join(load), "command")]
    if not found.model.offset:
        shell = "logistic predict model.safetensors new.csv -o predictions.csv"
        blocks += [Text("and used on a file by"), Text(shell, "command")]
    return Section("card", "Model card", tuple(blocks))


def _use(found: Evidence) -> str:
    origin = found.model.provenance
    target = f" of {origin.target}" if origin is not None else ""
    return f"the probability of each of {len(found.labels)} classes{target}: {listed(found.labels)}"


def _needs(found: Evidence) -> str:
    recipe = found.model.recipe
    names = found.names if recipe is None else recipe.columns
    kind = "column" if recipe is not None else "column of numbers" if len(names) == 1 else "columns of numbers"
    many = counted(len(names), "column") if recipe is not None else f"{len(names):,} {kind}"
    return f"{many}: {listed(names)}" + (", and an offset for each row" if found.model.offset else "")


def _judged(found: Evidence) -> str:
    whose = "rows that it learned from" if found.flattering else "the rows of this report"
    good = found.metrics
    scores = f"accuracy {good.accuracy:.4f}, log loss {good.log_loss:.4g}, Brier score {good.brier:.4g}"
    return f"{whose}, {found.rows.count:,}: {scores}"


def _limits(found: Evidence) -> list[str]:
    """What follows from the facts of the fit and of these rows."""
    model, certificate, said = found.model, found.model.certificate, list[str]()
    if found.flattering:
        said.append("The numbers flatter the model: it was judged on rows that it learned from.")
    if certificate.status is Status.SEPARATED:
        said.append("Some coefficients have no finite estimate, so probabilities near 0 and 1 say nothing of how sure they are.")
    elif not (certificate.status.certified or certificate.status is Status.RANK_DEFICIENT):
        said.append("The fit is not certified: another fit of the same rows may say something else.")
    if model.penalty.alpha > 0:
        said.append("Coefficients are pulled to zero by the penalty; they are for prediction, and no tests of columns.")
    counts = np.bincount(found.codes, minlength=len(found.labels))
    few = [label for label, count in zip(found.labels, counts, strict=True) if count < FEW]
    if few:
        said.append(f"Fewer than {FEW} rows here for {listed(few)}: what the report says of them is unsure.")
    said.append("Rows with missing entries are refused, and so are labels that the fit did not see.")
    if model.recipe is not None and any(factor.levels for factor in model.recipe.factors):
        said.append("Levels of a category that the fit did not see are refused.")
    said.append("Coefficients say what goes together in the rows of the fit, not what would happen if a column were changed.")
    return said
