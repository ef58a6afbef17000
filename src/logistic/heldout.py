"""What cross-validation holds out: which rows each fold takes, how the fits did on them, and the choice that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from .contracts import Spec
from .errors import InputError
from .estimator import LogisticRegression
from .executor import Threads
from .model import Model
from .paths import nonzeros
from .sources import ArraySource, vector
from .study import WHOLE, ElasticStudy, Grid, Outcome, Rule, Study, Watch, splits_of

LOG_LOSS = "neg_log_loss"
FOLDS = 5


Pairs = list[tuple[np.ndarray, np.ndarray]]


class Scores(NamedTuple):
    """What was measured on the rows held out.

    Attributes
    ----------
    deviance : (F, S) array
        Twice the mean log loss.
    score : (F, S) array
        What is to be large.

    S counts the strengths under one share of L1 after those under another, where there are several.
    """

    deviance: np.ndarray
    score: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(S,) score, over the folds."""
        return np.asarray(self.score.mean(axis=0))

    @property
    def standard_error(self) -> np.ndarray:
        """(S,) of the mean; NaN for a single fold."""
        return standard_error(self.score)

    @property
    def best(self) -> int:
        """The first strength of the best mean score."""
        found = self.mean
        return int(np.argmax(np.where(np.isnan(found), -math.inf, found)))

    def simplest(self, Cs: np.ndarray, shares: np.ndarray) -> int:
        """The strongest penalty, with the share of L1 of the best, whose mean score is within one standard error of the best."""
        allowed = self.mean >= self.mean[self.best] - np.nan_to_num(self.standard_error[self.best])
        allowed &= shares == shares[self.best]
        allowed[self.best] = True
        return int(np.argmin(np.where(allowed, Cs, math.inf)))


def standard_error(values: np.ndarray) -> np.ndarray:
    """(F, S) -> (S,): of the mean over the folds; NaN for a single one."""
    if len(values) < 2:
        return np.full(values.shape[1], math.nan)
    return np.asarray(values.std(axis=0, ddof=1) / len(values) ** 0.5)


class Trial(NamedTuple):
    """All fits of a cross-validation and how they did.

    Attributes
    ----------
    outcomes : list of list of Outcome
        For each fold, that of all rows first, one a strength.
    scores : Scores
    Cs : (S,) array
    """

    outcomes: list[list[Outcome]]
    scores: Scores
    Cs: np.ndarray

    @property
    def table(self) -> dict[str, np.ndarray]:
        """A row a strength, as columns."""
        return {
            "C": self.Cs,
            "deviance": self.scores.deviance.mean(axis=0),
            "standard_error": standard_error(self.scores.deviance),
            "nonzeros": nonzeros([outcome.model for outcome in self.outcomes[WHOLE]]),
        }


def tried(source: ArraySource, spec: Spec, grid: Grid | Rule, pairs: Pairs, scoring: Any, watch: Watch) -> Trial:
    """Every strength fitted to every fold and to all rows, and scored."""
    with Threads() as executor:
        study = (ElasticStudy if spec.l1_ratio > 0 else Study)(executor, source, spec, grid, splits_of(pairs, source.shape[0]))
        outcomes = study.solve(watch)
    return Trial(outcomes, scores_of(scoring, outcomes, source, pairs), study.asked.values)


def scores_of(scoring: Any, outcomes: list[list[Outcome]], source: ArraySource, pairs: Pairs) -> Scores:
    """Of the fits of each fold, on the rows that it holds out.

    Raises
    ------
    InputError
        For a scorer that cannot score these rows.
    """
    held = np.array([[outcome.held for outcome in fold] for fold in outcomes[1:]])
    if scoring is None or (isinstance(scoring, str) and scoring == LOG_LOSS):
        return Scores(2 * held, -held)
    assert source.y is not None
    if source.y.ndim == 2 or source.offset is not None:
        raise InputError(f"scoring={scoring!r} scores labels without offsets; leave scoring at {LOG_LOSS!r}")
    score = scorer_of(scoring, outcomes[WHOLE][0].model.classes)
    found = []
    for fold, (_, rows) in zip(outcomes[1:], pairs, strict=True):
        X, y, weight = source.X[rows], source.y[rows], None if source.weight is None else source.weight[rows]
        found.append([float(score(_plain(outcome.model), X, y, **weighted(weight))) for outcome in fold])
    return Scores(2 * held, np.array(found))


def joined(trials: Sequence[Trial]) -> Trial:
    """Of several shares of L1, one after another."""
    outcomes = [
        [outcome for fold in folds for outcome in fold] for folds in zip(*(trial.outcomes for trial in trials), strict=True)
    ]
    deviance, score = (np.concatenate([trial.scores[i] for trial in trials], axis=1) for i in range(2))
    return Trial(outcomes, Scores(deviance, score), np.concatenate([trial.Cs for trial in trials]))


def tidy(models: Sequence[Sequence[Model]], scores: Scores, Cs: np.ndarray, shares: np.ndarray) -> dict[str, np.ndarray]:
    """A row for each fold and strength, as columns."""
    F, S = scores.score.shape
    certificates = [model.certificate for fold in models for model in fold]
    return {
        "fold": np.repeat(np.arange(F), S),
        "C": np.tile(Cs, F),
        "alpha": np.array([model.penalty.alpha for fold in models for model in fold]),
        "l1_ratio": np.tile(shares, F),
        "deviance": scores.deviance.ravel(),
        "mean_deviance": np.tile(scores.deviance.mean(axis=0), F),
        "standard_error": np.tile(standard_error(scores.deviance), F),
        "score": scores.score.ravel(),
        "nonzeros": np.concatenate([nonzeros(fold) for fold in models]),
        "gap": np.array([certificate.gap for certificate in certificates]),
        "status": np.array([certificate.status.word for certificate in certificates]),
    }


def pairs_of(cv: Any, source: ArraySource, groups: Any) -> Pairs:
    """Row numbers to learn from and to hold out, for each fold.

    Raises
    ------
    InputError
        If there are none, or they are none.
    """
    n = source.shape[0]
    assert source.y is not None
    kept = np.arange(n) if source.weight is None else np.flatnonzero(source.weight > 0)
    if len(kept) == 0:
        raise InputError("no row has a positive weight; at least one of sample_weight must be above zero")
    groups = None if groups is None else vector(groups, "groups", n)
    whole = cv is None or (isinstance(cv, int | np.integer) and not isinstance(cv, bool))
    if whole and groups is not None:
        splitter = StratifiedGroupKFold(FOLDS if cv is None else int(cv))
    elif not whole and not hasattr(cv, "split") and not isinstance(cv, Iterable):
        raise InputError(f"cv must be a number of folds, a splitter, or pairs of rows to learn from and to hold out, but is {cv!r}")
    else:
        if whole and cv is not None:
            _check_folds(int(cv), source.y[kept])
        splitter = check_cv(_default_folds(source.y[kept]) if cv is None else cv, source.y, classifier=True)
    if not whole and not hasattr(cv, "split"):  # pairs name rows as they were given
        found = [(_rows(learned, n), _rows(held, n)) for learned, held in splitter.split()]
    else:
        few = slice(None) if len(kept) == n else kept  # rows of weight zero are absent
        X, y, own = source.X[few], source.y[few], None if groups is None else groups[few]
        try:
            found = [(kept[learned], kept[held]) for learned, held in splitter.split(X, y, own)]
        except ValueError as error:
            raise InputError(
                f"cv={cv!r:.60} cannot divide these rows: {str(error).rstrip('.')}; pass another cv, or more rows"
            ) from error
    if not found:
        raise InputError("cv makes no fold; at least one is needed")
    return found


def _check_folds(cv: int, y: np.ndarray) -> None:
    """Refuse more folds than stratified ones can have."""
    most = len(y) if y.ndim > 1 else int(np.unique(y, return_counts=True)[1].max())
    if most > 1 and not 2 <= cv <= most:  # labels that are all different are refused as such
        what = "rows" if y.ndim > 1 else "rows of its largest class"
        raise InputError(f"cv={cv} folds cannot be made of these rows; choose from 2 to {most:,}, the number of {what}")


def _default_folds(y: np.ndarray) -> int:
    """5, or fewer where no class has so many rows."""
    most = FOLDS if y.ndim == 2 else int(np.unique(y, return_counts=True)[1].max())
    return max(min(FOLDS, most), 2)


def _rows(given: Any, n: int) -> np.ndarray:
    """Row numbers, also where a mask was given."""
    rows = np.asarray(given)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or len(rows) == 0 or rows.min() < -n or rows.max() >= n:
        raise InputError(f"cv must hold pairs of row numbers from 0 to {n - 1}, but one side of a pair is {given!r:.60}")
    return np.asarray(rows % n)


def scorer_of(scoring: Any, classes: np.ndarray) -> Any:
    """A scorer that knows all classes, whichever of them the rows that it scores hold.

    Raises
    ------
    InputError
        For none of scikit-learn's names.
    """
    try:
        found = get_scorer(LOG_LOSS if scoring is None else scoring)
    except (ValueError, TypeError) as error:
        raise InputError(f"scoring={scoring!r} is no scorer of scikit-learn's: {str(error).splitlines()[0]:.200}") from None
    if not hasattr(found, "_score_func"):
        return found
    known = signature(found._score_func).parameters
    if "labels" not in known or "labels" in found._kwargs:
        return found
    more = {"pos_label": classes[-1]} if len(classes) == 2 and "pos_label" in known else {}
    settings = {**more, **found._kwargs, "labels": classes}
    return make_scorer(found._score_func, greater_is_better=found._sign == 1, response_method=found._response_method, **settings)


def _plain(model: Model) -> LogisticRegression:
    """An estimator of the model that takes arrays."""
    return LogisticRegression.from_model(replace(model, features=None))


def weighted(weight: Any) -> dict[str, Any]:
    """Arguments of a scorer."""
    return {} if weight is None else {"sample_weight": weight}
