"""The scikit-learn face: validate, fit, publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if

from .backend import device_of
from .callbacks import Audience, CallbackSupportMixin, with_callbacks
from .contracts import Objective, Solver, Spec, Stop
from .designs import is_sparse
from .errors import InputError
from .fit import Snapshot, check, fit, problem
from .fitted import Fitted
from .model import Model
from .online import Stream, advance, labels_to_come
from .outputs.history import history
from .outputs.progress import Progress
from .pools import threads
from .solvers import named
from .sources import frame_kind, validation_source
from .spellings import objective_in_words, refuse, settings_in_words, solver_and_note, strengths
from .validation import read, unharmed

DTYPES = ("auto", "float32", "float64")


def _takes_pieces(estimator: LogisticRegression) -> bool:
    """Whether the solver can go over rows once."""
    if estimator.bias is not None:
        raise AttributeError(f"bias={estimator.bias!r} needs all rows at once; use fit, or bias=None with partial_fit")
    solver = estimator.solver
    if solver in ("auto", "sgd", "adam") or hasattr(solver, "epoch"):
        return True
    raise AttributeError(f"solver={solver!r} needs all rows at once; for partial_fit use 'auto', 'sgd' or 'adam'")


class LogisticRegression(CallbackSupportMixin, Fitted):
    """Logistic (two classes) and softmax (more) regression, fitted to a certified optimum.

    Minimises mean(weight * log loss) + alpha / 2 * |coef|², the same problem as C * sum(weight * log loss) + |coef|² / 2 with
    alpha = 1 / (C * sum(weight)); a share ``l1_ratio`` of the penalty is |coef|_1 in place of |coef|² / 2. The intercept is never
    penalised. Columns are centred and scaled inside: units cost no digits; coefficients are those of the data as given.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty, in the units of the data; ``inf`` is the maximum-likelihood fit.
    alpha : float, optional
        The strength against the mean loss, instead of C; 0 is none.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty alpha * (l1_ratio * |coef|_1 + (1 - l1_ratio) / 2 * |coef|²); with it, zeros are exact.
    fit_intercept : bool, default=True
    class_weight : dict or "balanced", optional
        Multiplies the weight of the rows of each label, 1 for labels that are not in it; ``balanced`` gives all classes the same
        total weight.
    standardize : bool, default=False
        Penalise the coefficients of standardised columns; they are still published in the units of the data.
    bias : {"firth", None}, default=None
        ``firth``, with C=inf, adds half the log determinant of the information (Jeffreys' prior) to the log-likelihood: the bias of
        order 1 / n is gone, and estimates are finite where classes are separated. Standard errors are by the inverse of the
        information at the estimate, without the penalty's curvature, as in R's logistf and brglm2. By ``newton`` or ``lbfgs``, to
        where the modified score vanishes; as the problem is not convex, the certificate is of kind ``estimate``.
    solver : str or solver object, default="auto"
        ``auto``, ``newton``, ``lbfgs`` and ``relay`` (one after the other), with L1 ``auto`` and ``proxnewton``, reach the same
        certified optimum, as said in ``why_solver_``. ``gd``, ``sgd`` and ``adam`` are for learning and for rows in pieces; see
        :mod:`logistic.solvers` for settings such as ``solvers.SGD(lr=0.1, momentum=0.9)``. Names of scikit-learn's are understood.
    tol : float, default=1e-8
        Certified relative suboptimality, (F - min F) / F; up to 1e-8 Newton adds all last digits; 0 for as many steps as may be.
    max_iter : int, default=1000
        0 evaluates the start alone. A solver's own ``epochs``, 100 for ``sgd`` and ``adam``, come first.
    max_time : float, optional
        Seconds.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Of what is published and predicted; ``auto`` follows X. Fits are in float64, products of many float32 rows in float32.
    device : str, default="auto"
        Where to compute: a torch device such as ``cuda``; ``auto`` is the device of a CUDA tensor X, and NumPy otherwise.
    random_state : int, numpy.random.RandomState or numpy.random.Generator, optional
        Start values and the order of rows in ``sgd`` and ``adam``.
    warm_start : bool, default=False
        Start from the last fit.
    verbose : int, default=0
        1 shows progress on stderr.
    penalty : {"auto", "l2", "l1", "elasticnet", None}, default="auto"
        Another way to say l1_ratio; None is no penalty.
    multi_class, intercept_scaling
        Older settings of scikit-learn's; refused where they mean another model.
    dual : bool, default=False
        An algorithm of liblinear's; the optimum is the same either way.
    covariance : {"auto", "observed", "HC0", "HC1", "cluster", None}, default="auto"
        Of the coefficients, for standard errors: from the observed information, robust (HC1 is n / (n - df) times HC0), or by
        cluster, which needs ``groups``. ``auto`` is the observed one for a maximum-likelihood fit of up to 2000 coefficients, and
        none for others; with an L2 penalty any kind is the spread of the penalised coefficients around their own mean.
    n_jobs : int, optional
        Threads of the linear algebra; -1 for one on each core. By default as many as the libraries are set to.

    Attributes
    ----------
    classes_ : (K,) array
    coef_ : (1, p) or (K, p) array
        Sums to zero over the classes where K > 2, but with a share of L1: there the penalty itself decides.
    intercept_ : (1,) or (K,) array
    certificate_ : Certificate
        Bound on F - min F, its kind, status; where classes are separated, ``limit``, while ``coef_`` is where the search stopped.
    history_ : dict of arrays
        Objective, loss, gradient norm, step, seconds, and what else was measured, an entry a point; see
        :func:`logistic.outputs.history.history`.
    n_iter_ : (1,) int32 array
    n_features_in_ : int
    feature_names_in_ : (p,) array of str, if X has names
    why_solver_ : str
    model_ : Model
        The plain model that predicts and is saved.

    Warns
    -----
    SeparationWarning
        If the classes are separated, so that no finite estimate exists.
    ConvergenceWarning
        If the fit ends without a certificate within tol, or some columns are combinations of others.

    References
    ----------
    The certificate is derived in docs/certificate.md.

    D. Firth (1993), Bias reduction of maximum likelihood estimates, Biometrika 80, 27-38; G. Heinze and M. Schemper (2002), A
    solution to the problem of separation in logistic regression, Statistics in Medicine 21, 2409-2419; I. Kosmidis and D. Firth
    (2009), Bias reduction in exponential family nonlinear models, Biometrika 96, 793-804.
    """

    def __init__(
        self,
        C: float = 1.0,
        *,
        alpha: float | None = None,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        standardize: bool = False,
        bias: str | None = None,
        solver: str | Solver = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        max_time: float | None = None,
        covariance: str | None = "auto",
        dtype: str = "auto",
        device: str = "auto",
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        penalty: str | None = "auto",
        multi_class: str | None = None,
        dual: bool = False,
        intercept_scaling: float = 1,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.standardize = standardize
        self.bias = bias
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.max_time = max_time
        self.covariance = covariance
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.penalty = penalty
        self.multi_class = multi_class
        self.dual = dual
        self.intercept_scaling = intercept_scaling
        self.n_jobs = n_jobs

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        freq_weights: Any = None,
        groups: Any = None,
        offset: Any = None,
        validation_data: Any = None,
        init: Any = None,
        callback: Callable[[Snapshot], object] | None = None,
    ) -> Self:
        """Fit to rows and their labels.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor
        y : (n,) labels of any one type, or (n, K) distributions over the classes 0 ... K - 1
        sample_weight : (n,), optional
            Not negative; a row of weight zero counts as absent.
        freq_weights : (n,) whole numbers, optional
            How many observations each row stands for: a factor of its weight, and counted as so many in errors, tests and criteria.
        groups : (n,) labels, optional
            The cluster of each row, for ``covariance="cluster"``.
        offset : (n,) or (n, K), optional
            Added to the logits, with coefficient one; predictions need one then.
        validation_data : tuple (X, y), (X, y, sample_weight) or (X, y, sample_weight, offset), optional
            Rows whose loss and accuracy are recorded in ``history_`` and may end the fit, but never enter it.
        init : str, array, pair of arrays, or model, optional
            Where to start: ``zeros``, ``normal``, ``lecun_normal`` or ``torch_linear``, coefficients (M, p) in the units of the
            data, or (coefficients, intercepts).
        callback : callable, optional
            Called with a snapshot of every point, which has a ``record`` and, on demand, a ``model``; a true answer stops.

        Raises
        ------
        InputError
            Naming the argument, row or column that cannot be used.
        """
        last = self._fitted() if self.warm_start and hasattr(self, "coef_") else None
        objects = getattr(y, "dtype", None) == np.dtype(object)

        def attributes(model: Model) -> dict[str, Any]:
            return self._attributes(model, X, objects)

        with unharmed(self):
            source = read(self, X, y, sample_weight, offset).counting(freq_weights, groups)
            validation = None if validation_data is None else validation_source(validation_data)
            spec = self._spec(init if init is not None else last or "zeros", X)
            solver = named(spec.solver)
            title = f"minimising {objective_in_words(spec)}"
            progress = Progress(title, None if solver is None else solver.epochs) if self.verbose else None
            with (
                threads(self.n_jobs),
                Audience(self, X, y, callback=callback, progress=progress, attributes=attributes) as audience,
            ):
                result = fit(source, spec, on_point=audience, validation=validation)
            self._stream: Stream | None = None
            self._frame = frame_kind(X)
            self._publish(result.model, attributes)
            self.history_ = history(result.solution.trace)
        self._warn(result.model)
        return self

    def objective(self, X: Any, y: Any, sample_weight: Any = None, *, offset: Any = None) -> Objective:
        """The function that ``fit`` minimises, in the units of the data: to evaluate it, or to step a solver by hand.

        ::

            F = LogisticRegression(C=np.inf).objective(X, y)
            for point in solvers.SGD(lr=0.1, momentum=0.9)(F, F.zeros()):
                print(point.value)

        ``F.at(W)`` is a point with ``W``, ``value`` and ``grad``, ``F.hessian(point)`` its second derivatives, and
        ``F.certify(point)`` a point no worse with a bound on its distance from the optimum. W is (p + 1, M), the intercept last,
        with one column for two classes and K for more. ``gd``, ``sgd`` and ``adam`` need a learning rate here. Nothing is fitted.

        Parameters
        ----------
        X, y, sample_weight, offset
            As for :meth:`fit`.

        Raises
        ------
        InputError
            Also for a penalty with a share of L1, which has no gradient at zero.
        """
        return problem(read(clone(self), X, y, sample_weight, offset), self._spec("zeros", X))

    @classmethod
    def from_formula(cls, formula: str, data: Any, **settings: Any) -> Self:
        """Fit what a formula says about data; the fitted estimator takes data frames with the columns that the formula names.

        ::

            LogisticRegression.from_formula("low ~ age + C(race) * smoke", births, C=np.inf).summary()

        Text and categories become columns of zeros and ones beside a reference level, as R, patsy and formulaic have them. A piece
        may be a column, in backticks where it is more than a word; ``C(x, contr.sum, levels=[...])``; ``I(a / b)``, ``np.log(x)``
        and the like; ``center``, ``scale``, ``poly`` and ``bs``, which remember the rows of the fit. It is never run as Python, and
        sees no variables but the columns.

        Parameters
        ----------
        formula : str
            ``response ~ terms`` with ``+ - * : / **``; ``0 +`` or ``- 1`` leaves the intercept out, ``.`` is all other columns.
        data : data frame or dict of arrays
            No entry of a column that the formula names may be missing.
        **settings
            Of the estimator, with its defaults (C=1 is a penalty; ``C=np.inf`` is maximum likelihood), and of :meth:`fit`:
            ``sample_weight``, ``freq_weights``, ``groups`` and ``offset`` may name a column of the data.

        Raises
        ------
        InputError
            Naming the piece, column, level or row that cannot be used, or the extra ``logistic[formula]`` where it is missing.
        """
        from .formula import from_formula

        fitted: Self = from_formula(cls, formula, data, settings)
        return fitted

    @available_if(_takes_pieces)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, *, offset: Any = None) -> Self:
        """One pass over more rows, by ``sgd`` (also for ``auto``) or ``adam``, from the last fit on if there is one.

        There is no certificate; its ``value`` is the objective on these rows alone.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor
        y : (n,) labels
        classes : array-like, optional
            All labels that will ever come; by default those of the last fit, or of the first call.
        sample_weight, offset
            As for :meth:`fit`.

        Raises
        ------
        InputError
            Also for a label that is none of the classes; what was learned before is kept.
        """
        stream: Stream | None = getattr(self, "_stream", None)
        last = self._fitted() if hasattr(self, "coef_") else None
        objects = getattr(y, "dtype", None) == np.dtype(object)
        with unharmed(self), threads(self.n_jobs):
            source = read(self, X, y, sample_weight, offset, reset=last is None)
            known = labels_to_come(None if last is None else last.classes, source, classes)
            self._stream = advance(stream, source, self._spec(last or "zeros", X), known)
            self._publish(self._stream.model, lambda model: self._attributes(model, X, objects))
            self.__dict__.pop("history_", None)
        return self

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Penalty, strength and units first, also where they are the defaults; then what was changed."""
        return settings_in_words(self)

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _spec(self, init: Any, X: Any) -> Spec:
        if self.dtype not in DTYPES:
            raise InputError(f"dtype={self.dtype!r} is unknown; choose one of {', '.join(DTYPES)}")
        refuse(self.multi_class, self.intercept_scaling)
        C, alpha, l1_ratio = strengths(self.C, self.alpha, self.l1_ratio, self.penalty)
        spec = Spec(
            C=C,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            standardize=self.standardize,
            bias=self.bias,
            solver=solver_and_note(self.solver)[0],
            stop=Stop(self.tol, self.max_iter, self.max_time),
            init=init,
            seed=self.random_state,
            covariance=self.covariance,
            device=device_of(X) if self.device == "auto" or (self.device == "cpu" and is_sparse(X)) else self.device,
        )
        check(spec)
        return spec
