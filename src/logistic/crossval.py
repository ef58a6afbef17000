"""The scikit-learn face of cross-validation: strengths of the penalty chosen by rows held out."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from .backend import threads
from .contracts import Spec, Stop
from .errors import InputError
from .estimator import LogisticRegression
from .fit import check
from .folds import WHOLE
from .heldout import LOG_LOSS, Scores, pairs_of, scorer_of, tidy, tried, weighted
from .model import Model, written
from .outputs.progress import Progress
from .paths import Path, rule_of, values_of, warn_of
from .solvers import named
from .spellings import refuse, solver_and_note, strengths
from .study import Grid, Outcome, Rule
from .validation import read, unharmed

RULES = ("min", "1se")


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
        A number, by default 5 (fewer where no class has so many rows), is so many stratified folds of consecutive rows; where
        ``fit`` is given groups, folds that keep each group whole.
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
            spec, grid = self._choices()
            pairs = pairs_of(self.cv, source, groups)
            title = f"cross-validating {'the' if isinstance(grid, Rule) else len(grid.values)} strengths on {len(pairs)} folds"
            with threads(self.n_jobs), Progress(title) if self.verbose else nullcontext() as progress:
                started = time.monotonic()

                def watch(done: int, of: int) -> None:
                    if progress is not None:
                        progress.count(done, f"of {of} fits", time.monotonic() - started)

                outcomes, scores, Cs = tried(source, spec, grid, pairs, self.scoring, watch)
            self._choose(outcomes, scores, Cs)
            model = self.path_[self._chosen] if self.refit else self._mean(outcomes, scores)
            self._publish(model, lambda found: self._attributes(found, X, objects))
            self.n_iter_ = np.array([[[outcome.model.n_iter for outcome in fold]] for fold in outcomes[1:]])
        warn_of(outcomes)
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
        spec = Spec(
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            standardize=self.standardize,
            solver=solver,
            stop=stop,
        )
        check(spec)
        named(solver)
        if not np.isscalar(self.Cs):
            return spec, Grid(values_of(self.Cs, "Cs"), True)
        rule = rule_of(self.Cs, self.ratio, 0.0, "Cs")
        return spec, Grid(np.logspace(-4, 4, rule.number), True) if self.ratio is None else rule

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
