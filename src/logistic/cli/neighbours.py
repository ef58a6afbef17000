"""The two neighbours of logistic regression, for comparison: linear regression, and a network with one hidden layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from ..contracts import Spec
    from ..modules import ModuleClassifier
    from ..modules.summary import ModuleSummary
    from ..outputs.metrics import Metrics
    from ..plane import Plane
    from ..provenance import Provenance
    from ..recipes import Recipe
    from .rows import Rows

PENALTIES = ("C", "l1_ratio", "no_penalty", "bias", "covariance", "groups", "freq_weights")
FOREIGN = {
    "linear": ("positive", "alpha", "standardize", "class_weight", "hidden", "patience", "max_time", *PENALTIES),
    "hidden": ("standardize", "no_intercept", "init", "linear", *PENALTIES),
    "formula": ("target", "features", "no_intercept", "linear", "hidden"),
}


@dataclass(frozen=True)
class Network:
    """A network with one hidden layer, with the names that a model has.

    Attributes
    ----------
    classifier : ModuleClassifier
    provenance : Provenance or None
    """

    classifier: ModuleClassifier
    provenance: Provenance | None = None

    @property
    def classes(self) -> np.ndarray:
        """(K,) labels."""
        return self.classifier.classes_

    @property
    def features(self) -> tuple[str, ...] | None:
        """Column names."""
        names = getattr(self.classifier, "feature_names_in_", None)
        return None if names is None else tuple(names.tolist())

    def predict(self, X: Any) -> Any:
        """(n,) labels."""
        return self.classifier.predict(self._named(X))

    def predict_proba(self, X: Any) -> Any:
        """(n, K) probabilities."""
        return self.classifier.predict_proba(self._named(X))

    def metrics(self, X: Any, y: Any, sample_weight: Any = None) -> Metrics:
        """How good the predictions are."""
        return self.classifier.metrics(self._named(X), y, sample_weight)

    def summary(self) -> ModuleSummary:
        """Objective and parameters."""
        return self.classifier.summary()

    def save(self, path: str | Path) -> None:
        """Write it, complete or not at all."""
        self.classifier.provenance_ = self.provenance
        self.classifier.save(path)

    def _named(self, X: Any) -> Any:
        """The classifier knows its columns by name, so it is given names."""
        if self.features is None:
            return X
        import pyarrow as pa

        return pa.table({name: X[:, j] for j, name in enumerate(self.features)})


def refuse_foreign(options: dict[str, Any]) -> None:
    """Refuse the options that a neighbour, or a formula, does not know.

    Raises
    ------
    InputError
        Naming both options.
    """
    for kind, foreign in FOREIGN.items():
        if not options[kind]:
            continue
        given = next((name for name in foreign if options[name] not in (None, False, ())), None)
        if given is not None:
            raise InputError(f"--{given.replace('_', '-')} does not go with --{kind}; leave one of them out")


def fit_linear(rows: Rows, spec: Spec) -> Plane:
    """Least squares on the numbers of the target."""
    from ..plane import targets
    from ..regress import EXACT, regress

    source = rows.part(rows.learned)
    if rows.y.dtype.kind not in "fiub":
        first = rows.y[:1].tolist()[0]
        raise InputError(f"column {rows.target!r} of {rows.table.name} holds {first!r:.40} in row 1; --linear predicts a number")
    source.y = targets(source.y, source.shape[0])
    return regress(source, spec._replace(C=None, alpha=None, solver=EXACT if spec.solver == "auto" else spec.solver))


def fit_network(rows: Rows, spec: Spec, units: int, alpha: float | None, callback: Callable[[Any], object]) -> Network:
    """A hidden layer of so many units, by Adam unless another solver is asked for."""
    from ..modules import ModuleClassifier
    from ..modules.hidden import fit_hidden

    def classifier(module: Any) -> ModuleClassifier:
        return ModuleClassifier(
            module,
            alpha=alpha or 0.0,
            class_weight=spec.class_weight,
            solver="adam" if spec.solver == "auto" else spec.solver,
            max_iter=spec.stop.max_iter,
            max_time=spec.stop.max_time,
            random_state=spec.seed,
        )

    source, validation = rows.part(rows.learned), rows.validating()
    if source.X.ndim != 2 or hasattr(source.X, "tocsr"):
        raise InputError("--hidden needs dense columns; sparse ones are for logistic regression")
    return Network(fit_hidden(source, units, classifier, spec.seed, validation, callback))


def located(fitted: Any, provenance: Provenance, recipe: Recipe | None) -> Any:
    """The same model, plane or network, with where its rows came from, and what its formula made of them."""
    is_plane = hasattr(fitted, "_replace")
    if recipe is not None:
        fitted = replace(fitted, recipe=recipe)
    return fitted._replace(provenance=provenance) if is_plane else replace(fitted, provenance=provenance)
