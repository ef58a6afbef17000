"""The scikit-learn face of any torch module."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from ..backend import is_finite, is_tensor, like_labels, returned, to_numpy
from ..callbacks import Audience, CallbackSupportMixin, with_callbacks
from ..contracts import Loss, Point, Solver, Spec, Stop
from ..encoding import learn
from ..errors import InputError
from ..executor import InProcess
from ..fit import Snapshot, check
from ..minimize import minimize
from ..outcome import Certificate, Record, Status
from ..outputs.history import history
from ..outputs.metrics import Metrics, metrics
from ..outputs.progress import Progress
from ..provenance import Provenance
from ..solvers import Adam, named
from ..start import generator
from ..validation import hold_to_columns, unharmed
from .files import Card, read, write
from .objective import KIND, PIECE, ModuleObjective, logits, loss_for, width
from .rows import cast, encoded, numbers, reference, targets, validation
from .summary import ModuleSummary

if TYPE_CHECKING:
    import torch

RATE = 0.01  # of Adam where none is given
QUIET = (Status.UNCERTIFIED, Status.EARLY_STOPPED, Status.STOPPED)  # every fit of a module ends without a certificate


class ModuleClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """A classifier made of any ``torch.nn.Module`` from features to logits.

    Minimises mean(weight * log loss) + alpha / 2 * sum of squared weights over the module's parameters, with the labels, weights,
    loop, history and outputs of :class:`~logistic.LogisticRegression`. A module need not be convex, so nothing is certified: the
    certificate has the kind ``none: not convex`` and the gap inf.

    The module gets rows (n, ...) in its own dtype and on its own device, and gives logits: (n, K), or for two classes also (n, 1)
    or (n,), the log-odds of the second class; no softmax at its end. Rows may have any shape, such as images (n, 1, 28, 28).
    Steps of ``sgd`` and ``adam`` run it in train mode, everything else in eval mode; see
    :class:`~logistic.modules.ModuleObjective`.

    Parameters
    ----------
    module : torch.nn.Module
        Never changed: each fit trains a copy, from the parameters that it has. Those with ``requires_grad=False`` stay as they are.
    alpha : float, default=0.0
        L2 penalty, against the mean loss, on parameters with two or more dimensions: weights, not biases.
    class_weight : dict or "balanced", optional
        Multiplies the weight of the rows of each label.
    solver : str or solver object, default="adam"
        ``adam`` (lr 0.01 unless given), ``sgd`` with a given lr, such as ``solvers.SGD(lr=0.1)``, ``gd`` or ``lbfgs``.
    max_iter : int, default=1000
        Of ``gd`` and ``lbfgs``; a solver's own ``epochs`` comes first.
    max_time : float, optional
        Seconds.
    random_state : int, numpy.random.RandomState or numpy.random.Generator, optional
        The order of rows, dropout, and the start of lazy layers.
    warm_start : bool, default=False
        Start from the last fit.
    verbose : int, default=0
        1 shows progress on stderr.

    Attributes
    ----------
    module_ : torch.nn.Module
        Fitted, in eval mode.
    classes_ : (K,) array
    certificate_ : Certificate
    history_ : dict of arrays
        See :func:`logistic.outputs.history.history`.
    n_iter_ : (1,) int32 array
    n_features_in_ : int
        Numbers in a row.
    shape_in_ : tuple of int
        Shape of a row.
    feature_names_in_ : (p,) array of str, if X has names
    why_solver_ : str

    Warns
    -----
    ConvergenceWarning
        If the fit ends at ``max_iter`` or ``max_time``, is interrupted, or leaves the finite numbers.
    """

    module_: torch.nn.Module
    classes_: np.ndarray
    certificate_: Certificate
    shape_in_: tuple[int, ...]
    provenance_: Provenance | None

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        alpha: float = 0.0,
        class_weight: Any = None,
        solver: str | Solver = "adam",
        max_iter: int = 1000,
        max_time: float | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.module = module
        self.alpha = alpha
        self.class_weight = class_weight
        self.solver = solver
        self.max_iter = max_iter
        self.max_time = max_time
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation_data: Any = None,
        callback: Callable[[Snapshot], object] | None = None,
    ) -> Self:
        """Train a copy of the module on rows and their labels.

        Parameters
        ----------
        X : (n, ...) array, data frame or tensor
            Not copied: rows are cast to the module's dtype and moved to its device as they are needed.
        y : (n,) labels of any one type, or (n, K) distributions over the classes 0 ... K - 1
        sample_weight : (n,), optional
            Not negative; a row of weight zero counts as absent.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Rows whose loss and accuracy are recorded in ``history_`` and may end the fit, but never enter it.
        callback : callable, optional
            Called with a snapshot of every point, which has a ``record`` and, on demand, a ``model``: a fitted
            ``ModuleClassifier``. A true answer stops.

        Raises
        ------
        InputError
            Naming the argument, row or column that cannot be used.
        """
        with unharmed(self):
            _check_module(self.module)
            stop = Stop(max_iter=self.max_iter, max_time=self.max_time)
            if self.alpha is None:
                raise InputError("alpha must be a number, 0 for no penalty, but is None")
            check(Spec(alpha=self.alpha, stop=stop))
            solver, why = _trainer(self.solver, validation_data is not None)
            rng = generator(self.random_state)
            rows = self._features(X, reset=True)
            table = targets(len(rows), y, sample_weight)
            encoding = learn(InProcess(), list(table.blocks(len(rows))), False, self.class_weight)
            classes = encoding.classes.astype(object) if getattr(y, "dtype", None) == np.dtype(object) else encoding.classes
            with _seeded(rng, self.module):
                module = self._start(classes)
                loss = loss_for(len(classes), width(module, rows[:2]))
                objective = ModuleObjective(module, loss, encoded(rows, table, encoding, module), self.alpha, rng)
                others = None if validation_data is None else validation(validation_data, rows.shape[1:], encoding, module)
                watched = None if others is None else ModuleObjective(module, loss, others)

                def published(point: Point, certificate: Certificate, n_iter: int) -> dict[str, Any]:
                    return {
                        "module_": objective.fitted(point),
                        "classes_": classes,
                        "certificate_": replace(certificate, kind=KIND),
                        "n_iter_": np.asarray([n_iter], dtype=np.int32),
                        "shape_in_": tuple(rows.shape[1:]),
                        "why_solver_": why,
                    }

                def seen(point: Point, record: Record) -> bool:
                    return audience(Snapshot(record, lambda *ended: self._sibling(published(point, *ended))))

                progress = Progress(self._title(objective.shape[0]), solver.epochs) if self.verbose else None
                with Audience(self, X, y, callback=callback, progress=progress, attributes=_attributes) as audience:
                    solution = minimize(objective, solver, objective.start(), stop, seen, watched)
            self._publish(published(solution.point, solution.certificate, solution.n_iter))
            self.history_ = history(solution.trace)
        self._warn()
        return self

    def predict(self, X: Any) -> Any:
        """(n,) labels; a tensor where X is one and labels are numbers."""
        loss, eta = self._logits(X)
        labels = self.classes_[to_numpy(loss.class_logits(eta).argmax(axis=1))]
        return like_labels(labels, X) if is_tensor(X) and labels.dtype.kind in "biuf" else labels

    def predict_proba(self, X: Any) -> Any:
        """(n, K) probabilities, in the order of ``classes_``."""
        loss, eta = self._logits(X)
        return returned(loss.probabilities(eta), X)

    def predict_log_proba(self, X: Any) -> Any:
        """(n, K) logarithms of the probabilities."""
        loss, eta = self._logits(X)
        return returned(loss.log_probabilities(eta), X)

    def decision_function(self, X: Any) -> Any:
        """(n,) log-odds of the second class, or (n, K) logits."""
        loss, eta = self._logits(X)
        full = loss.class_logits(eta)
        return returned(full[:, 1] - full[:, 0] if len(self.classes_) == 2 else full, X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy on rows X (n, ...) with labels y (n,)."""
        return self.metrics(X, y, sample_weight).accuracy

    def metrics(self, X: Any, y: Any, sample_weight: Any = None) -> Metrics:
        """Accuracy, log loss, Brier score, ROC AUC, precision, recall and the confusion matrix on rows X with labels y."""
        loss, eta = self._logits(X)
        eta = to_numpy(eta)
        log_p = loss.log_probabilities(eta)
        return metrics(y, loss.probabilities(eta), self.classes_, sample_weight, log_probabilities=log_p)

    def summary(self) -> ModuleSummary:
        """What was minimised, how it ended, and the parameters by name."""
        check_is_fitted(self, "module_")
        return ModuleSummary(self)

    def save(self, path: str | Path) -> None:
        """Write the fitted numbers to a safetensors file, without the code; read it back with :meth:`load`."""
        check_is_fitted(self, "module_")
        names = getattr(self, "feature_names_in_", None)
        card = Card(
            np.asarray(self.classes_.tolist()) if self.classes_.dtype == object else self.classes_,
            self.shape_in_,
            None if names is None else tuple(names.tolist()),
            self.alpha,
            self.certificate_,
            int(self.n_iter_[0]),
            self.why_solver_,
            getattr(self, "provenance_", None),
        )
        write(path, card, self.module_)

    @classmethod
    def load(cls, path: str | Path, module: torch.nn.Module | None = None) -> Self:
        """A fitted classifier from a file and an instance of the module's class.

        Parameters
        ----------
        path : str or Path
        module : torch.nn.Module
            The file holds no code, so it is always needed; it is not changed.

        Raises
        ------
        InputError
            If there is no module, or not the one that was saved: the names, shapes, types or logits that differ are told.
        ModelFileError
            If the file is not a sound module file.
        """
        card, loaded = read(path, module)
        assert module is not None
        found = cls(module, alpha=card.alpha)
        found.module_, found.classes_, found.certificate_ = loaded, card.classes, card.certificate
        found.n_iter_, found.why_solver_ = np.asarray([card.n_iter], dtype=np.int32), card.solver
        found.shape_in_, found.n_features_in_ = card.shape, math.prod(card.shape)
        found.provenance_ = card.provenance
        if card.features is not None:
            found.feature_names_in_ = np.asarray(card.features, dtype=object)
        return found

    # ------------------------------------------------------------------------------------------------------------------- parts

    def _features(self, X: Any, *, reset: bool) -> Any:
        """X as an array or tensor (n, ...) of numbers, once it has the names and the shape of the rows of the fit."""
        rows = numbers(X)
        if reset and 0 in rows.shape[1:]:
            raise InputError(f"X has 0 feature(s) (shape={tuple(rows.shape)}) while a minimum of 1 is required.")
        if not reset:
            hold_to_columns(self, X)
        elif rows.ndim == 2:
            validate_data(self, X if hasattr(X, "shape") else rows, skip_check_array=True)
        else:
            self.n_features_in_ = math.prod(rows.shape[1:])
            self.__dict__.pop("feature_names_in_", None)
        if not reset and tuple(rows.shape[1:]) != self.shape_in_:
            raise InputError(f"X has rows of shape {tuple(rows.shape[1:])}, but the module was fitted on rows of {self.shape_in_}")
        return rows

    def _logits(self, X: Any) -> tuple[Loss, Any]:
        """The loss, and the logits (n, M) in float64: a tensor on the device of X where X is one, else a NumPy array."""
        import torch

        check_is_fitted(self, "module_")
        rows, module, like = self._features(X, reset=False), self.module_.train(False), reference(self.module_)
        with torch.no_grad():
            pieces = [
                logits(module, {}, cast(rows[first : first + PIECE], like)).double() for first in range(0, len(rows) or 1, PIECE)
            ]
        eta = torch.cat(pieces)
        if not is_finite(eta):
            row = int((~eta.isfinite()).any(dim=1).nonzero()[0])
            raise InputError(f"module_ gives logits that are not finite in row {row} of X; rescale X, or fit with a lower lr")
        return loss_for(len(self.classes_), eta.shape[1]), eta.to(X.device) if is_tensor(X) else to_numpy(eta)

    def _start(self, classes: np.ndarray) -> torch.nn.Module:
        """A copy of the module to be trained."""
        if not (self.warm_start and hasattr(self, "module_")):
            return copy.deepcopy(self.module)
        if not np.array_equal(self.classes_, classes):
            labels = f"the classes {self.classes_.tolist()!r:.100}, but y holds {classes.tolist()!r:.100}"
            raise InputError(f"warm_start=True goes on from {labels}; set warm_start=False")
        return copy.deepcopy(self.module_)

    def _publish(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)

    def _sibling(self, attributes: dict[str, Any]) -> Self:
        """Another classifier with the same choices, fitted."""
        found = type(self)(**self.get_params(deep=False))
        found._publish({name: value for name, value in vars(self).items() if name in ("n_features_in_", "feature_names_in_")})
        found._publish(attributes)
        return found

    def _title(self, size: int) -> str:
        penalty = f"L2 penalty, alpha={self.alpha:.6g}, on weights" if self.alpha else "no penalty"
        return f"training {type(self.module).__name__}, {size:,} parameters: minimising mean log loss, {penalty}"

    def _warn(self) -> None:
        status = self.certificate_.status
        if status not in QUIET:
            warnings.warn(f"{status.word}: {status.value}", ConvergenceWarning, stacklevel=4)


def _attributes(model: ModuleClassifier) -> dict[str, Any]:
    """What fitting gave it."""
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def _check_module(module: Any) -> None:
    import torch

    if not isinstance(module, torch.nn.Module):
        what = f"the class {module.__name__}; make an instance" if isinstance(module, type) else repr(module)[:60]
        raise InputError(f"module must be a torch.nn.Module, such as torch.nn.Linear(4, 3), but is {what}")


def _trainer(solver: str | Solver, validated: bool) -> tuple[Solver, str]:
    """The solver, and what to say about it.

    Raises
    ------
    InputError
        If it cannot train a module as it is set.
    """
    found = named(solver)
    if found is None:
        raise InputError("solver='auto' chooses among certified solvers; for a module choose adam, sgd, gd or lbfgs")
    if found.early is not None and not validated:
        raise InputError(f"{found!r} stops early by validation data; pass validation_data=(X, y), or patience=None")
    missing = found.needs - ModuleObjective.offers
    if "bound" in missing:
        raise InputError(f"solver={found.name!r} finds no learning rate for a module; give lr, such as solvers.SGD(lr=0.1)")
    if missing:
        needs = " and ".join(sorted(missing))
        raise InputError(f"solver={found.name!r} needs {needs}, which a module does not offer; choose adam, sgd, gd or lbfgs")
    if isinstance(found, Adam) and found.lr is None:
        return replace(found, lr=RATE), f"{found.name}: as asked, with lr={RATE} since none is given"
    return found, f"{found.name}: as asked{'' if 'batches' in found.needs else ', on all rows in eval mode'}"


@contextmanager
def _seeded(rng: np.random.Generator, module: torch.nn.Module) -> Iterator[None]:
    """Torch's random numbers follow from ``rng``, whose own stream stays where it is; afterwards all is as before."""
    import torch

    devices = {parameter.device for parameter in module.parameters() if parameter.device.type == "cuda"}
    with torch.random.fork_rng(sorted(devices, key=str)):
        torch.manual_seed(int(rng.spawn(1)[0].integers(2**63)))
        yield
