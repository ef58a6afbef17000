"""Model files as commands use them."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from ..model import Model
    from ..outputs.metrics import Metrics
    from ..outputs.regression import Errors
    from ..plane import Plane
    from ..sources import ArraySource, Table
    from .neighbours import Network

    Fitted = Model | Plane | Network

LONGEST = 500  # characters of a command line that are shown


def read_model(name: str) -> Fitted:
    """The model in the file of this name, or the neighbour of one.

    Raises
    ------
    InputError, ModelFileError
        Saying how to make one, or what is wrong with it.
    """
    from ..store import MODULE_ENTRY, PLANE_ENTRY, kind, load, load_plane

    path = Path(name)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a model file in it")
    if not path.exists():
        raise InputError(f"there is no model file {path}; make one with: logistic fit DATA --target COL -o {path}")
    found = kind(path)
    if found == PLANE_ENTRY:
        return load_plane(path)
    if found == MODULE_ENTRY:
        from ..modules.hidden import load_hidden
        from .neighbours import Network

        classifier = load_hidden(path)
        return Network(classifier, classifier.provenance_)
    return load(path)


def kind_of(model: Fitted) -> str:
    """What a model is, in words."""
    from ..model import Model
    from ..plane import Plane

    return {Model: "logistic regression", Plane: "linear regression"}.get(type(model), "network with a hidden layer")


def flattery(model: Fitted, table: Table, part: str | None) -> str:
    """Which of the rows that a model is judged by it learned from; nothing where that is not known."""
    origin = model.provenance
    if origin is None or table.sha256 != origin.sha256 or (part is not None and part != "train"):
        return ""
    if part is None and origin.fractions:
        return f"the first of {len(origin.fractions)} parts of these rows was learned from"
    return "these rows were learned from"


def counted_once(model: Fitted) -> str:
    """That a fit had frequencies, which rows without weights have not; nothing where it had none."""
    statistics = getattr(model, "statistics", None)
    if statistics is None or statistics.count == model.rows:  # type: ignore[union-attr]
        return ""
    many = f"{model.rows:,} rows for {statistics.count:,.0f} observations"  # type: ignore[union-attr]
    return f"the fit took its {many}; --weight COLUMN weighs these so"


def columns_of(model: Fitted) -> tuple[str, ...]:
    """Names of the columns, x0, x1, ... where the fit knew none."""
    if model.features is not None:
        return model.features
    coef = getattr(model, "coef", None)
    return tuple(f"x{j}" for j in range(model.classifier.n_features_in_ if coef is None else coef.shape[-1]))  # type: ignore[union-attr]


def designed(model: Fitted, data: Table) -> tuple[Fitted, Any]:
    """The model without its formula, if it has one, and the columns of data that it multiplies then."""
    if getattr(model, "recipe", None) is not None:
        return model.designed(data)  # type: ignore[union-attr]
    return model, data.features(data.columns if model.features is None else model.features)


def without_formula(model: Fitted) -> Fitted:
    """The same model for columns that its formula has made already."""
    return replace(model, recipe=None) if getattr(model, "recipe", None) is not None else model  # type: ignore[type-var]


def predictions(model: Fitted, X: Any) -> dict[str, Any]:
    """Label and probabilities of each row, or the number of a linear regression, column by column.

    Raises
    ------
    InputError
        Naming a row that lies too far out to have any.
    """
    import numpy as np

    from ..plane import Plane

    if isinstance(model, Plane):
        return {"prediction": model.predict(X).tolist()}
    with np.errstate(over="ignore", invalid="ignore"):  # a logit of -inf is a probability of 0
        found, labels = _probabilities(model, X, ""), model.predict(X).tolist()
    return {"prediction": labels, **{f"probability_{label}": found[:, k].tolist() for k, label in enumerate(model.classes)}}


def metrics_of(model: Fitted, source: ArraySource, place: str) -> Metrics | Errors:
    """How good the predictions are for rows that lie at ``place``.

    Raises
    ------
    InputError
        Naming a row that lies too far out to have a prediction.
    """
    import numpy as np

    from ..plane import Plane

    if isinstance(model, Plane):
        return model.metrics(source.X, source.y, source.weight)
    with np.errstate(over="ignore", invalid="ignore"):
        _probabilities(model, source.X, place)
        return model.metrics(source.X, source.y, source.weight)


def _probabilities(model: Any, X: Any, place: str) -> np.ndarray:
    import numpy as np

    found = np.asarray(model.predict_proba(X))
    lost = ~np.isfinite(found).all(axis=1)
    if lost.any():
        row = f"row {int(lost.argmax()) + 1}{place}"
        raise InputError(f"{row} lies so far out that its logits are beyond what float64 can hold; rescale its numbers, or drop it")
    return found


def sentence(model: Fitted, x: Any, subject: str) -> str:
    """What the subject, a row (1, p), is, how probably, and what else it may be; or the number that is predicted."""
    import numpy as np

    from ..outputs.text import likely, printable
    from ..plane import Plane
    from ..preparation import Target

    if isinstance(model, Plane):
        return f"{printable(subject)} is predicted to be {model.predict(x)[0]:.6g}"
    with np.errstate(over="ignore", invalid="ignore"):
        origin, probabilities = model.provenance, _probabilities(model, x, "")[0]
    order = (-probabilities).argsort(kind="stable").tolist()
    names = [printable(str(label)) for label in model.classes]
    first, *others = order[:4]
    more = ", ..." if len(order) > 4 else ""
    rest = ", ".join(f"{names[k]} {likely(probabilities[k])}" for k in others)
    interval = f" ({Target(edges=origin.edges).interval(first)})" if origin is not None and origin.edges else ""
    return f"{printable(subject)} is {names[first]}{interval} with a probability of {likely(probabilities[first])} ({rest}{more})"


def facts(model: Fitted, summary: Any = None) -> dict[str, Any]:
    """The summary, that of default settings unless given, as data, and where the rows came from."""
    return {**(summary or model.summary()).to_dict(), "provenance": None if model.provenance is None else asdict(model.provenance)}


def origin_lines(model: Fitted) -> list[str]:
    """Where the rows came from, in words."""
    from ..outputs.text import printable
    from ..preparation import Target

    origin = model.provenance
    if origin is None:
        return []
    rule = str(Target(origin.positive, origin.edges))
    lines = [f"target       {origin.target} of {origin.data}" + (f", weighted by {origin.weight}" if origin.weight else "")]
    lines += [f"classes      {rule}"] if rule else []
    if origin.fractions:
        lines.append(f"rows         the first part of {'/'.join(f'{f:g}' for f in origin.fractions)}, seed {origin.seed}")
    command = origin.command if len(origin.command) <= LONGEST else f"{origin.command[:LONGEST]} ..."
    return [printable(line) for line in [*lines, f"command      {command}"]]
