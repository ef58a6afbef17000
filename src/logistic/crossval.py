"""The scikit-learn face of cross-validation: the penalty chosen by rows held out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from .contracts import Spec, Stop
from .errors import InputError
from .estimator import LogisticRegression
from .fit import check
from .heldout import LOG_LOSS, Trial, joined, pairs_of, scorer_of, tidy, tried, weighted
from .model import Model, written
from .outputs.progress import Progress
from .paths import Path, rule_of, values_of, warn_of
from .pools import threads
from .solvers import named
from .spellings import refuse, solver_and_note, strengths
from .study import WHOLE, Grid, Rule
from .validation import read, unharmed

RULES = ("min", "1se")


class LogisticRegressionCV(LogisticRegression):
    """Logistic and softmax regression whose penalty, its strength and its share of L1, is chosen by cross-validation.

    Every fit is certified, and is the one that ``LogisticRegression`` makes of the rows that its fold learns from. All folds and
    strengths share one encoding of the rows, without a share of L1 also passes over them and curvature; with it, each fit of a
    fold begins at the optimum of the strength before.

    Parameters
    ----------
    Cs : int or list of float, default=10
        Inverse strengths. A number is that many from 1e-4 to 1e4 in equal ratios, as in scikit-learn; with ``ratio``, that many by
        the rule of :func:`logistic.path`, from the largest useful strength down, for each share of L1.
    l1_ratios : list of float, default=(0.0,)
        R shares of L1 in the penalty; 0 is L2, 1 is L1.
    fit_intercept : bool, default=True
    cv : int, splitter, or iterable of (rows to learn from, rows to hold out), optional
        A number, by default 5 (fewer where no class has so many rows), is so many stratified folds of consecutive rows; where
        ``fit`` is given groups, folds that keep each group whole.
    scoring : str or callable, default="neg_log_loss"
        A scorer of scikit-learn's; None is the default. Sample weights enter it where there are any.
    refit : bool, default=True
        Whether the model is the fit to all rows under the strength that was chosen; otherwise it is the mean of the coefficients of
        each fold under its own best strength, and has no certificate.
    rule : {"min", "1se"}, default="min"
        The penalty of the best mean score, or the strongest one with the same share of L1 within one standard error of it.
    ratio : float, optional
        Weakest strength over the strongest, of a number of ``Cs``.
    class_weight, standardize, tol, max_iter, dtype, verbose, n_jobs
        As for :class:`logistic.LogisticRegression`. Balanced weights and deviations are those of what each fold learns from.
    solver : str, default="auto"
        ``auto``, ``newton``, ``lbfgs`` or ``relay``, with a share of L1 ``auto`` or ``proxnewton``; names of scikit-learn's are
        understood.
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
    Cs_ : (S,) array, or (R, S) where ``ratio`` makes other strengths for each of several shares
    l1_ratios_ : (R,) array
    scores_ : (F, R, S) array
        Of the rows that each fold holds out.
    coefs_paths_ : (F, R, S, M, p) array
        With the intercept behind, (F, R, S, M, p + 1), if there is one.
    n_iter_ : (F, R, S) array
    certificates_ : (F, R, S) array of Certificate
    table_ : dict of arrays
        A row for each fold, share and strength: ``fold``, ``C``, ``alpha``, ``l1_ratio``, ``deviance`` (twice the mean log loss)
        and ``score`` of the rows held out, ``mean_deviance`` and its ``standard_error`` over the folds, ``nonzeros``, ``gap``,
        ``status``. ``pandas.DataFrame(model.table_)`` is a data frame.
    path_ : Path
        Fits to all rows, for every strength under the first share, then under the next.
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None, groups: Any = None) -> Self:
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
            choices = self._choices()
            pairs = pairs_of(self.cv, source, groups)
            title = f"cross-validating strengths of the penalty on {len(pairs)} folds"
            with threads(self.n_jobs), Progress(title) if self.verbose else nullcontext() as progress:
                started = time.monotonic()

                def watch(before: int, done: int, of: int) -> None:
                    if progress is not None:
                        text = f"of {of * len(choices)} fits"
                        progress.count(before * of + done, text, time.monotonic() - started)

                trial = joined(
                    [tried(source, spec, grid, pairs, self.scoring, partial(watch, r)) for r, (spec, grid) in enumerate(choices)]
                )
            self._choose(trial, np.array([spec.l1_ratio for spec, _ in choices]))
            model = self.path_[self._chosen] if self.refit else self._mean(trial)
            self._publish(model, lambda found: self._attributes(found, X, objects))
            self.n_iter_ = self._cells(trial, lambda model: model.n_iter)
        warn_of(trial.outcomes)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> float:
        """The score by ``scoring``, by default minus the mean log loss, on rows X (n, p) with labels y (n,)."""
        if offset is not None:
            raise InputError("score takes no offset; use metrics(X, y, offset=offset)")
        return float(scorer_of(self.scoring, self._fitted().classes)(self, X, y, **weighted(sample_weight)))

    @property
    def partial_fit(self) -> Any:
        """There is none."""
        raise AttributeError("cross-validation needs all rows at once; use LogisticRegression for partial_fit")

    @classmethod
    def from_model(cls, model: Model) -> Self:
        """Refused."""
        raise InputError(f"no cross-validation lies behind {model!r}; use LogisticRegression.from_model(model)")

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """What was changed."""
        return str(BaseEstimator.__repr__(self, N_CHAR_MAX))

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _choices(self) -> list[tuple[Spec, Grid | Rule]]:
        """For each share of L1."""
        refuse(None, self.intercept_scaling)
        ratios = np.atleast_1d(np.asarray(0.0 if self.l1_ratios is None else self.l1_ratios, dtype=object))
        if len(ratios) == 0:
            raise InputError("l1_ratios is empty; give at least one number from 0 to 1")
        shares = [strengths(1.0, None, share, self.penalty)[2] for share in ratios]
        if self.rule not in RULES:
            raise InputError(f"rule={self.rule!r} is unknown; choose one of {', '.join(RULES)}")
        if not isinstance(self.refit, bool | np.bool_):
            raise InputError(f"refit must be True or False, but is {self.refit!r}")
        solver, stop = solver_and_note(self.solver)[0], Stop(self.tol, self.max_iter)
        spec = Spec(
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            standardize=self.standardize,
            solver=solver,
            stop=stop,
        )
        check(spec)
        named(solver)
        grid: Grid | None = None
        if not np.isscalar(self.Cs):
            grid = Grid(values_of(self.Cs, "Cs"), True)
        elif self.ratio is None:
            grid = Grid(np.logspace(-4, 4, rule_of(self.Cs, None, 0.0, "Cs").number), True)
        return [(spec._replace(l1_ratio=share), grid or rule_of(self.Cs, self.ratio, share, "Cs")) for share in shares]

    def _choose(self, trial: Trial, shares: np.ndarray) -> None:
        scores, Cs, S = trial.scores, trial.Cs, len(trial.Cs) // len(shares)
        each = np.repeat(shares, S)
        best, simplest = scores.best, scores.simplest(Cs, each)
        self._chosen = simplest if self.rule == "1se" else best
        self.path_, self.l1_ratios_ = Path.of(trial.outcomes[WHOLE]), shares
        table = Cs.reshape(len(shares), S)
        self.Cs_ = np.array(table[0] if (table == table[0]).all() else table)
        self.C_min_, self.C_1se_, self.C_ = float(Cs[best]), float(Cs[simplest]), float(Cs[self._chosen])
        self.l1_ratio_ = float(each[self._chosen])
        if not self.refit:
            own = scores.score.argmax(axis=1)
            self.C_, self.l1_ratio_ = float(np.mean(Cs[own])), float(np.mean(each[own]))
        self.scores_ = scores.score.reshape(-1, len(shares), S)
        self.coefs_paths_ = self._cells(trial, lambda model: model.coef)
        if self.fit_intercept:
            intercepts = self._cells(trial, lambda model: model.intercept)
            self.coefs_paths_ = np.concatenate([self.coefs_paths_, intercepts[..., None]], axis=4)
        self.certificates_ = self._cells(trial, lambda model: model.certificate)
        self.table_ = tidy([[outcome.model for outcome in fold] for fold in trial.outcomes[1:]], scores, Cs, each)

    def _cells(self, trial: Trial, of: Callable[[Model], Any]) -> np.ndarray:
        """(F, R, S, ...) something of each fold's model for each share and strength."""
        found = np.array([[of(outcome.model) for outcome in fold] for fold in trial.outcomes[1:]])
        return found.reshape(len(found), len(self.l1_ratios_), -1, *found.shape[2:])

    def _mean(self, trial: Trial) -> Model:
        """Of the coefficients of the folds, each under its own best penalty."""
        scores = trial.scores.score
        chosen = [fold[int(np.argmax(score))].model for fold, score in zip(trial.outcomes[1:], scores, strict=True)]
        coef, intercept = (np.mean([getattr(model, name) for model in chosen], axis=0) for name in ("coef", "intercept"))
        return written(trial.outcomes[WHOLE][0].model, coef, intercept, chosen[0].classes)
