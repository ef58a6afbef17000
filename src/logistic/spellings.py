"""Other programs' words for the same choices: obeyed, or refused in words that say what to write here."""

from __future__ import annotations

import math
from inspect import signature
from numbers import Real
from typing import Any

from .contracts import Solver, Spec
from .errors import InputError
from .strength import FIRTH, penalty_name

SOLVERS = {  # scikit-learn's names, and which of ours does the same
    "newton-cholesky": "newton",
    "newton-cg": "auto",
    "liblinear": "auto",
    "sag": "auto",
    "saga": "auto",
}
PENALTIES = ("auto", "l2", "l1", "elasticnet", "none", "deprecated")
FREE = "; unlike there, the intercept is not penalised"


def solver_and_note(solver: str | Solver) -> tuple[str | Solver, str]:
    """Our solver for a name of scikit-learn's, and what to say about it."""
    if not isinstance(solver, str) or solver not in SOLVERS:
        return solver, ""
    return SOLVERS[solver], f" (asked for {solver!r}{FREE if solver == 'liblinear' else ''})"


def strengths(C: Any, alpha: Any, l1_ratio: Any, penalty: Any) -> tuple[Any, Any, float]:
    """C and alpha, one of them None, and the share of L1, from all the ways to say what the penalty is.

    Raises
    ------
    InputError
        Where two of them contradict each other.
    """
    spelled = isinstance(penalty, str) and penalty == "auto"
    if penalty is not None and not (
        isinstance(penalty, str) and penalty in ("auto", "l2", "l1", "elasticnet", "none", "deprecated")
    ):
        raise InputError(f"penalty must be 'l2', 'l1', 'elasticnet', None for no penalty, or 'auto', but is {penalty!r}")
    share = 0.0 if l1_ratio is None else l1_ratio
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) <= 1:
        raise InputError(f"l1_ratio must be a number from 0 to 1, but is {l1_ratio!r}")
    share = 1.0 if penalty == "l1" and share == 0 else float(share)
    if (penalty == "l2" and share > 0) or (penalty == "l1" and share < 1):
        raise InputError(f"penalty={penalty!r} contradicts l1_ratio={l1_ratio}; give l1_ratio alone: 0 is L2, 1 is L1")
    if C is None and alpha is None:
        raise InputError("C and alpha are both None; C=inf means no penalty")
    default = isinstance(C, Real) and C == 1.0
    if not spelled and penalty in (None, "none"):
        if alpha or not (default or math.inf == C):
            raise InputError(
                f"penalty=None means no penalty, but {f'alpha={alpha}' if alpha else f'C={C}'} sets one; give one of them"
            )
        return math.inf, None, 0.0
    return (None, alpha, share) if alpha is not None and default else (C, alpha, share)


def refuse(multi_class: Any, intercept_scaling: Any) -> None:
    """Refuse the older settings that would mean another model.

    Raises
    ------
    InputError
        Saying what to write instead.
    """
    if multi_class not in (None, "auto", "multinomial", "deprecated"):
        way = "for one model per class use sklearn.multiclass.OneVsRestClassifier(LogisticRegression())"
        raise InputError(f"multi_class={multi_class!r} is not this model, which has one softmax over all classes; {way}")
    if intercept_scaling != 1:
        raise InputError(
            f"intercept_scaling={intercept_scaling!r} scaled a penalty on the intercept, which has none here; leave it out"
        )


def objective_in_words(spec: Spec) -> str:
    """What is minimised: loss, penalty, strength and units."""
    if spec.bias is not None:
        return f"mean log loss, {FIRTH}"
    if spec.alpha == 0 or float("inf") == spec.C:
        return "mean log loss, no penalty (maximum likelihood)"
    units = "standardised columns" if spec.standardize else "the units of the data"
    given = f"alpha={spec.alpha:.6g}" if spec.C is None else f"C={spec.C:.6g}"
    return f"mean log loss, {penalty_name(spec.l1_ratio)} penalty, {given}, on coefficients in {units}"


def settings_in_words(estimator: Any) -> str:
    """The call that makes such an estimator; penalty, strength and units are never left to be guessed."""
    settings = estimator.get_params(deep=False)
    defaults = {name: parameter.default for name, parameter in signature(type(estimator)).parameters.items()}
    changed = {name: value for name, value in settings.items() if repr(value) != repr(defaults[name])}
    free = any(isinstance(settings[name], Real) and settings[name] == none for name, none in (("C", math.inf), ("alpha", 0)))
    shown = {name: settings[name] for name in ("C", "alpha") if name in changed} or {"C": settings["C"]}
    share = settings["l1_ratio"]
    kind = "l2" if not share else "l1" if isinstance(share, Real) and share == 1 else "elasticnet"
    shown["penalty"] = settings["penalty"] if "penalty" in changed else None if free else kind
    shown["standardize"] = settings["standardize"]
    return f"{type(estimator).__name__}({', '.join(f'{name}={value!r}' for name, value in {**shown, **changed}.items())})"
