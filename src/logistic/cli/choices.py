"""The options of ``logistic fit`` as the choices of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError, did_you_mean, listed

if TYPE_CHECKING:
    from ..contracts import Solver, Spec
    from .rows import Rows

SETTINGS = ("lr", "momentum", "batch_size", "epochs", "patience")
ALL_ROWS = "all"


def spec_of(options: dict[str, Any]) -> Spec:
    """Model and solver that were chosen, with C=1 where no strength is given.

    Raises
    ------
    InputError
        For choices that contradict each other.
    """
    from ..contracts import Spec, Stop

    C, alpha = options["C"], options["alpha"]
    strengths = {"--C": C is not None, "--alpha": alpha is not None, "--no-penalty": options["no_penalty"]}
    given = [name for name, present in strengths.items() if present]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} set the strength of the penalty more than once; give one of them")
    if options["no_penalty"] or (options["bias"] is not None and not given):
        alpha = 0.0
    elif not given:
        C = 1.0
    if options["hidden"] is not None:
        C = None
    return Spec(
        C=C,
        alpha=alpha,
        l1_ratio=options["l1_ratio"],
        fit_intercept=not options["no_intercept"],
        standardize=options["standardize"],
        bias=options["bias"],
        covariance=options["covariance"] or ("cluster" if options["groups"] is not None else "auto"),
        solver=_solver(options),
        stop=Stop(options["tol"], options["max_iter"], options["max_time"]),
        init=options["init"] or "zeros",
        seed=options["seed"],
    )


def _solver(options: dict[str, Any]) -> str | Solver:
    """The solver by name, or with the settings that were given."""
    from ..solvers import REGISTRY, named

    name: str = options["solver"]
    given = {setting: options[setting] for setting in SETTINGS if options[setting] is not None}
    named(name)
    for setting in given:
        takers = [other for other, solver in REGISTRY.items() if setting in solver().get_params()]
        if name not in takers:
            spelt = setting.replace("_", "-")
            raise InputError(f"--{spelt} is a setting of {', '.join(takers)}, not of {name}; choose one with --solver")
    if "patience" in given and (options["split"] or "").count("/") != 2:
        raise InputError("--patience needs rows to validate on; divide them in three: --split 0.7/0.15/0.15")
    if not given:
        return name
    if "batch_size" in given:
        given["batch_size"] = _rows_of_a_batch(given["batch_size"])
    solver = REGISTRY[name](**given)
    solver.check()
    return solver


def _rows_of_a_batch(text: Any) -> int | None:
    if str(text) == ALL_ROWS:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--batch-size {text} must be a whole number of rows, or {ALL_ROWS}") from None


def class_weight_of(given: tuple[str, ...], rows: Rows) -> Any:
    """None, ``balanced``, or weights by label.

    Raises
    ------
    InputError
        For anything else, or a label that the rows to learn from do not have.
    """
    from ..preparation import class_weights, word

    if not given or given == ("balanced",):
        return given[0] if given else None
    y = rows.labels(rows.learned)
    if given == ("inverse",):
        return class_weights(y, "inverse", rows.weights(rows.learned))
    labels = {word(label): label for label in sorted(set(y.tolist()))}
    found: dict[Any, float] = {}
    for pair in given:
        label, sign, weight = pair.rpartition("=")
        if not sign:
            raise InputError(f"--class-weight {pair} must be balanced, inverse, or LABEL=WEIGHT")
        if label not in labels:
            raise InputError(f"--class-weight {pair}: no label is {label!r}{did_you_mean(label, labels)} ({listed(list(labels))})")
        if labels[label] in found:
            raise InputError(f"--class-weight gives {label!r} twice; give each label one weight")
        try:
            found[labels[label]] = float(weight)
        except ValueError:
            raise InputError(f"--class-weight {pair}: {weight!r} is not a number") from None
    return found
