"""The scikit-learn face of cross-validation: strengths of the penalty chosen by rows held out."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from inspect import signature
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from .backend import threads
from .contracts import Spec, Stop
from .errors import InputError, SeparationWarning
from .estimator import LogisticRegression
from .executor import Threads
from .fit import check
from .folds import WHOLE, splits_of
from .model import Model, written
from .outcome import Status
from .outputs.progress import Progress
from .paths import Path, nonzeros, rule_of, values_of
from .solvers import named
from .sources import ArraySource, vector
from .spellings import refuse, solver_and_note, strengths
from .study import Grid, Outcome, Rule, Study
from .validation import read, unharmed

LOG_LOSS = "neg_log_loss"
RULES = ("min", "1se")
FOLDS = 5


class Scores(NamedTuple):
    """What was measured on the rows held out.

    Attributes
    ----------
    deviance : (F, S) array
        Twice the mean log loss.
    score : (F, S) array
        What is to be large.
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

    def simplest(self, Cs: np.ndarray) -> int:
        """The strongest penalty whose mean score is within one standard error of the best."""
        allowed = self.mean >= self.mean[self.best] - np.nan_to_num(self.standard_error[self.best])
        allowed[self.best] = True
        return int(np.argmin(np.where(allowed, Cs, math.inf)))


def standard_error(values: np.ndarray) -> np.ndarray:
    """(F, S) -> (S,): of the mean over the folds; NaN for a single one."""
    if len(values) < 2:
        return np.full(values.shape[1], math.nan)
    return np.asarray(values.std(axis=0, ddof=1) / len(values) ** 0.5)


class LogisticRegressionCV(LogisticRegression):
    """Logistic and softmax regression whose strength of the penalty is chosen by cross-validation, every fit certified.

    All folds and strengths share one encoding of the rows, passes over them, and curvature. Each fit is the one that
    ``LogisticRegression`` makes of the rows that its fold learns from.

    Parameters
    ----------
    Cs : int or list of float, default=10
        Inverse strengths. A number is that many from 1e-4 to 1e4 in equal ratios, as in scikit-learn; with ``ratio``, that many by
        the rule of :func:`logistic.path`, from the largest useful strength down.
    l1_ratios : list of float, default=(0.0,)
        Shares of an L1 penalty; only 0 is available.
    fit_intercept : bool, default=True
    cv : int, splitter, or iterable of (rows to learn from, rows to hold out), optional
        A number, by default 5, is so many stratified folds of consecutive rows; where ``fit`` is given groups, folds that keep
        each group whole.
    scoring : str or callable, default="neg_log_loss"
        A scorer of scikit-learn's; None is the default. Sample weights enter it where there are any.
    refit : bool, default=True
        Whether the model is the fit to all rows under the strength that was chosen; otherwise it is the mean of the coefficients of
        each fold under its own best strength, and has no certificate.
    rule : {"min", "1se"}, default="min"
        The strength of the best mean score, or the strongest one within one standard error of it.
    ratio : float, optional
        Weakest strength over the strongest, of a number of ``Cs``.
    class_weight, standardize, tol, max_iter, dtype, verbose, n_jobs
        As for :class:`logistic.LogisticRegression`. Balanced weights and deviations are those of what each fold learns from.
    solver : str, default="auto"
        ``auto``, ``newton`` or ``lbfgs``; names of scikit-learn's solvers are understood.
    random_state : int, optional
        Of no effect: nothing here is random. To shuffle, pass ``cv=StratifiedKFold(5, shuffle=True, random_state=0)``.
    penalty, dual, intercept_scaling
        Older settings of scikit-learn's; refused where they mean another model.

    Attributes
    ----------
    C_, l1_ratio_ : float
        Chosen.
    C_min_, C_1se_ : float
        What either rule chooses.
    Cs_ : (S,) array
    l1_ratios_ : (1,) array
    scores_ : (F, 1, S) array
        Of the rows that each fold holds out.
    coefs_paths_ : (F, 1, S, M, p) array
        With the intercept behind, (F, 1, S, M, p + 1), if there is one.
    n_iter_ : (F, 1, S) array
    certificates_ : (F, S) array of Certificate
    table_ : dict of arrays
        A row for each fold and strength: ``fold``, ``C``, ``alpha``, ``l1_ratio``, ``deviance`` (twice the mean log loss) and
        ``score`` of the rows held out, ``mean_deviance`` and its ``standard_error`` over the folds, ``nonzeros``, ``gap``,
        ``status``. ``pandas.DataFrame(model.table_)`` is a data frame.
    path_ : Path
        Fits to all rows, for every strength.
    classes_, coef_, intercept_, certificate_, model_, n_features_in_, feature_names_in_, why_solver_
        As for :class:`logistic.LogisticRegression`.

    Warns
    -----
    SeparationWarning, ConvergenceWarning
        Once, naming folds and strengths, if some fits end without a certificate within tol.
    """

    def __init__(
        self,
        Cs: Any = 10,
        *,
        l1_ratios: Any = (0.0,),
        fit_intercept: bool = True,
        cv: Any = None,
        scoring: Any = LOG_LOSS,
        refit: bool = True,
        rule: str = "min",
        ratio: float | None = None,
        class_weight: Any = None,
        standardize: bool = False,
        solver: Any = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        dtype: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
        n_jobs: int | None = None,
        penalty: str | None = "auto",
        dual: bool = False,
        intercept_scaling: float = 1,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.rule = rule
        self.ratio = ratio
        self.class_weight = class_weight
        self.standardize = standardize
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.penalty = penalty
        self.dual = dual
        self.intercept_scaling = intercept_scaling

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, groups: Any = None) -> Self:  # type: ignore[override]
        """Fit every strength to every fold and to all rows, and choose.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor
        y : (n,) labels or (n, K) distributions over the classes
        sample_weight : (n,), optional
            Enters fits and scores; a row of weight zero counts as absent, for the folds too.
        offset : (n,) or (n, K), optional
        groups : (n,), optional
            Handed to the splitter.

        Raises
        ------
        InputError
            Also naming a fold that leaves no row of a class to learn from.
        """
        objects = getattr(y, "dtype", None) == np.dtype(object)
        with unharmed(self):
            source = read(self, X, y, sample_weight, offset)
            spec, grid = self._choices()
            pairs = pairs_of(self.cv, source, groups)
            title = f"cross-validating {'the' if isinstance(grid, Rule) else len(grid.values)} strengths on {len(pairs)} folds"
            with threads(self.n_jobs), Threads() as executor, Progress(title) if self.verbose else nullcontext() as progress:
                study = Study(executor, source, spec, grid, splits_of(pairs, source.shape[0]))
                started = time.monotonic()

                def watch(done: int, of: int) -> None:
                    if progress is not None:
                        progress.count(done, f"of {of} fits", time.monotonic() - started)

                outcomes = study.solve(watch)
            scores = self._scores(outcomes, source, pairs)
            self._choose(outcomes, scores, study.asked.values if study.asked.inverse else None)
            model = self.path_[self._chosen] if self.refit else self._mean(outcomes, scores)
            self._publish(model, lambda found: self._attributes(found, X, objects))
            self.n_iter_ = np.array([[[outcome.model.n_iter for outcome in fold]] for fold in outcomes[1:]])
        self._warn_of(outcomes)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> float:
        """The score by ``scoring``, by default minus the mean log loss, on rows X (n, p) with labels y (n,)."""
        if offset is not None:
            raise InputError("score takes no offset; use metrics(X, y, offset=offset)")
        return float(scorer_of(self.scoring, self._fitted().classes)(self, X, y, **_weighted(sample_weight)))

    @property
    def partial_fit(self) -> Any:
        """There is none."""
        raise AttributeError("cross-validation needs all rows at once; use LogisticRegression for partial_fit")

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """What was changed."""
        return str(BaseEstimator.__repr__(self, N_CHAR_MAX))

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _choices(self) -> tuple[Spec, Grid | Rule]:
        refuse(None, self.intercept_scaling)
        ratios = np.atleast_1d(np.asarray(0.0 if self.l1_ratios is None else self.l1_ratios, dtype=object))
        if len(ratios) == 0:
            raise InputError("l1_ratios is empty; give at least one number from 0 to 1")
        for share in ratios:
            strengths(1.0, None, share, self.penalty)
        if self.rule not in RULES:
            raise InputError(f"rule={self.rule!r} is unknown; choose one of {', '.join(RULES)}")
        if not isinstance(self.refit, bool | np.bool_):
            raise InputError(f"refit must be True or False, but is {self.refit!r}")
        solver, stop = solver_and_note(self.solver)[0], Stop(self.tol, self.max_iter)
        spec = Spec(None, None, self.fit_intercept, self.class_weight, self.standardize, solver, stop)
        check(spec)
        named(solver)
        if not np.isscalar(self.Cs):
            return spec, Grid(values_of(self.Cs, "Cs"), True)
        rule = rule_of(self.Cs, self.ratio, 0.0)
        return spec, Grid(np.logspace(-4, 4, rule.count), True) if self.ratio is None else rule

    def _scores(self, outcomes: list[list[Outcome]], source: ArraySource, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Scores:
        held = np.array([[outcome.held for outcome in fold] for fold in outcomes[1:]])
        if self.scoring is None or (isinstance(self.scoring, str) and self.scoring == LOG_LOSS):
            return Scores(2 * held, -held)
        if source.y.ndim == 2 or source.offset is not None:
            raise InputError(f"scoring={self.scoring!r} scores labels without offsets; leave scoring at 'neg_log_loss'")
        score = scorer_of(self.scoring, outcomes[WHOLE][0].model.classes)
        found = []
        for fold, (_, rows) in zip(outcomes[1:], pairs, strict=True):
            X, y, weight = source.X[rows], source.y[rows], None if source.weight is None else source.weight[rows]
            found.append([float(score(_plain(outcome.model), X, y, **_weighted(weight))) for outcome in fold])
        return Scores(2 * held, np.array(found))

    def _choose(self, outcomes: list[list[Outcome]], scores: Scores, Cs: np.ndarray) -> None:
        folds, path = outcomes[1:], Path.of(outcomes[WHOLE])
        models = [[outcome.model for outcome in fold] for fold in folds]
        best, simplest = scores.best, scores.simplest(Cs)
        self._chosen = simplest if self.rule == "1se" else best
        self.path_, self.Cs_, self.l1_ratios_ = path, np.array(Cs), np.zeros(1)
        self.C_min_, self.C_1se_, self.C_ = float(Cs[best]), float(Cs[simplest]), float(Cs[self._chosen])
        self.l1_ratio_ = 0.0
        if not self.refit:
            self.C_ = float(np.mean([Cs[np.argmax(fold)] for fold in scores.score]))
        self.scores_ = scores.score[:, None]
        coefs = np.array([[model.coef for model in fold] for fold in models])
        if self.fit_intercept:
            coefs = np.concatenate([coefs, np.array([[model.intercept for model in fold] for fold in models])[..., None]], axis=3)
        self.coefs_paths_ = coefs[:, None]
        self.certificates_ = np.array([[model.certificate for model in fold] for fold in models], dtype=object)
        self.table_ = tidy(models, scores, Cs)

    def _mean(self, outcomes: list[list[Outcome]], scores: Scores) -> Model:
        """Of the coefficients of the folds, each under its own best strength."""
        chosen = [fold[int(np.argmax(score))].model for fold, score in zip(outcomes[1:], scores.score, strict=True)]
        coef, intercept = (np.mean([getattr(model, name) for model in chosen], axis=0) for name in ("coef", "intercept"))
        return written(outcomes[WHOLE][0].model, coef, intercept, chosen[0].classes)

    def _warn_of(self, outcomes: list[list[Outcome]]) -> None:
        """One warning for all fits that ended without a certificate."""
        silent = (Status.CONVERGED, Status.PRECISION_FLOOR)
        bad = [
            (number - 1, outcome.model)
            for number, fold in enumerate(outcomes)
            for outcome in fold
            if outcome.model.certificate.status not in silent
        ]
        if not bad:
            return
        found = []
        for status in dict.fromkeys(model.certificate.status for _, model in bad):
            some = [(fold, model.penalty.C) for fold, model in bad if model.certificate.status is status]
            where = "; ".join(
                f"C={C:g} in {', '.join('all rows' if fold < 0 else f'fold {fold}' for fold, c in some if c == C)}"
                for C in dict.fromkeys(C for _, C in some)
            )
            found.append(f"{status.word} ({where}): {status.value}")
        total = sum(len(fold) for fold in outcomes)
        separated = all(model.certificate.status is Status.SEPARATED for _, model in bad)
        text = f"{len(bad)} of {total} fits ended without a certificate: {'; '.join(found)}"
        warnings.warn(text, SeparationWarning if separated else ConvergenceWarning, stacklevel=3)


def tidy(models: Sequence[Sequence[Model]], scores: Scores, Cs: np.ndarray) -> dict[str, np.ndarray]:
    """A row for each fold and strength, as columns."""
    F, S = scores.score.shape
    certificates = [model.certificate for fold in models for model in fold]
    return {
        "fold": np.repeat(np.arange(F), S),
        "C": np.tile(Cs, F),
        "alpha": np.array([model.penalty.alpha for fold in models for model in fold]),
        "l1_ratio": np.zeros(F * S),
        "deviance": scores.deviance.ravel(),
        "mean_deviance": np.tile(scores.deviance.mean(axis=0), F),
        "standard_error": np.tile(standard_error(scores.deviance), F),
        "score": scores.score.ravel(),
        "nonzeros": np.concatenate([nonzeros(fold) for fold in models]),
        "gap": np.array([certificate.gap for certificate in certificates]),
        "status": np.array([certificate.status.word for certificate in certificates]),
    }


def pairs_of(cv: Any, source: ArraySource, groups: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row numbers to learn from and to hold out, for each fold.

    Raises
    ------
    InputError
        If there are none, or they are none.
    """
    n = source.shape[0]
    kept = np.arange(n) if source.weight is None else np.flatnonzero(source.weight > 0)
    groups = None if groups is None else vector(groups, "groups", n)
    whole = cv is None or (isinstance(cv, int | np.integer) and not isinstance(cv, bool))
    if whole and groups is not None:
        splitter = StratifiedGroupKFold(FOLDS if cv is None else int(cv))
    elif not whole and not hasattr(cv, "split") and not isinstance(cv, Iterable):
        raise InputError(f"cv must be a number of folds, a splitter, or pairs of rows to learn from and to hold out, but is {cv!r}")
    else:
        splitter = check_cv(FOLDS if cv is None else cv, source.y, classifier=True)
    if not whole and not hasattr(cv, "split"):  # pairs name rows as they were given
        found = [(_rows(learned, n), _rows(held, n)) for learned, held in splitter.split()]
    else:
        few = slice(None) if len(kept) == n else kept  # rows of weight zero are absent
        X, y, own = source.X[few], source.y[few], None if groups is None else groups[few]
        found = [(kept[learned], kept[held]) for learned, held in splitter.split(X, y, own)]
    if not found:
        raise InputError("cv makes no fold; at least one is needed")
    return found


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
    estimator = LogisticRegression.from_model(model)
    vars(estimator).pop("feature_names_in_", None)
    return estimator


def _weighted(weight: Any) -> dict[str, Any]:
    return {} if weight is None else {"sample_weight": weight}


