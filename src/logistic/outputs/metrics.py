"""How good predicted probabilities are: overall, class by class, and which classes are taken for which."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..backend import to_numpy
from ..errors import InputError
from ..sources import ArraySource, vector
from .text import MAX_WIDTH, aligned, clip, counted, plain, printable

SUM_SLACK = 1e-3  # probabilities of a row may miss 1 by this much: what is left by float32 or by a few printed digits
MAX_LINE = 120  # characters of a printed confusion matrix
HEADING = 12  # characters of a class above a column
SHOWN = 10  # labels or mistakes in a list


class Average(NamedTuple):
    """One number for all classes. ``auc`` is over the classes of y, the others over all that occur in y or are predicted."""

    precision: float
    recall: float
    f1: float
    auc: float


class Counts(NamedTuple):
    """Rows (or their weight) of two classes, the second being the positive one."""

    tp: float
    tn: float
    fp: float
    fn: float


@dataclass(frozen=True, eq=False)
class Metrics:
    """How good predictions are. ``str()`` gives text for a terminal, :meth:`to_dict` plain data.

    The predicted label of a row is its likeliest class, the first one at a tie. All numbers are scikit-learn's, on rows with the
    weights that were given, but for the log loss, which scikit-learn clips at 36 a row and which here is exact.

    What would be 0/0 counts as 0, scikit-learn's ``zero_division=0``: the precision of a class that is never predicted, the recall
    of a class that y lacks. Only the ROC AUC of such a class is NaN. ``notes`` names these classes.

    Attributes
    ----------
    classes : (K,) array
        Labels, in the order of everything below.
    rows : int
        Rows that were given, those of weight zero included.
    total : float
        Sum of the weights; ``rows`` where there are none.
    accuracy : float
        Share of right labels.
    balanced_accuracy : float
        Mean recall of the classes that occur in y.
    log_loss : float
        Mean of -log of the probability of the true label; inf where a true label got probability 0.
    brier : float
        Brier score. For two classes the mean of (p - t)², p the probability of the second class and t whether it is true, from 0
        to 1; for more the mean of the sum of (p_k - t_k)² over the classes, from 0 to 2.
    precision, recall, f1 : (K,) arrays
        Share of the rows predicted as the class that are of it; share of the rows of the class that are predicted as it; their
        harmonic mean.
    auc : (K,) array
        Area under the ROC curve of the class against all others.
    support : (K,) array
        Rows of the class; their weight where there are weights.
    macro, weighted : Average
        Plain means over the classes, and means weighted by support.
    confusion : (K, K) array
        Rows of class i that are predicted as class j; their weight where there are weights.
    """

    classes: np.ndarray
    rows: int
    total: float
    accuracy: float
    balanced_accuracy: float
    log_loss: float
    brier: float
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    auc: np.ndarray
    support: np.ndarray
    macro: Average
    weighted: Average
    confusion: np.ndarray

    @property
    def counts(self) -> Counts | None:
        """True and false positives and negatives of two classes, the second being the positive one; None for more classes."""
        if len(self.classes) > 2:
            return None
        tn, fp, fn, tp = self.confusion.ravel().tolist()
        return Counts(tp, tn, fp, fn)

    @property
    def notes(self) -> tuple[str, ...]:
        """The classes without a precision, a recall or a ROC AUC, and why; empty where every class has them."""
        absent, never = self.support == 0, self.confusion.sum(axis=0) == 0
        notes = []
        if absent.any():
            notes.append(f"no row of y is {_listed(self.classes[absent])}: recall counts as 0, ROC AUC is undefined")
        if absent.sum() == len(self.classes) - 1:
            notes.append(f"every row of y is {_listed(self.classes[~absent])}: there is nothing to rank it against, so no ROC AUC")
        if never.any():
            notes.append(f"no row is predicted as {_listed(self.classes[never])}: precision counts as 0")
        if (absent & never).any():
            notes.append(f"neither in y nor predicted, so left out of the averages: {_listed(self.classes[absent & never])}")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text, as numbers, text and lists that JSON can hold (infinities and NaN as text)."""
        kinds = (*Average._fields, "support")
        table = zip(self.classes, *(getattr(self, kind).tolist() for kind in kinds), strict=True)
        return {
            "classes": self.classes.tolist(),
            "rows": self.rows,
            "total_weight": self.total,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "log_loss": plain(self.log_loss),
            "brier": self.brier,
            "per_class": {str(label): dict(zip(kinds, map(plain, row), strict=True)) for label, *row in table},
            "macro": dict(zip(kinds, map(plain, self.macro), strict=False)),
            "weighted": dict(zip(kinds, map(plain, self.weighted), strict=False)),
            "confusion": self.confusion.tolist(),
            "counts": None if self.counts is None else self.counts._asdict(),
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def __str__(self) -> str:
        """The metrics as text."""
        overall = [["accuracy", _rate(self.accuracy)], ["balanced accuracy", _rate(self.balanced_accuracy)]]
        overall += [["log loss", f"{self.log_loss:.6g}"], ["Brier score", f"{self.brier:.6g}"]]
        lines = [
            f"Predictions of {len(self.classes)} classes for {counted(self.rows, 'row')}"
            + ("" if self.total == self.rows else f", total weight {self.total:,.6g}"),
            "",
            *self._table(),
            "",
            *aligned(overall),
            "",
            *self._confusion(),
        ]
        if self.counts is not None:
            shown = ", ".join(f"{kind.upper()} {_amount(count)}" for kind, count in self.counts._asdict().items())
            lines.append(f"positive is {_name(self.classes[1])}: {shown}")
        return "\n".join([*lines, *(["", *self.notes] if self.notes else [])])

    def _table(self) -> list[str]:
        """Classes, a blank line, averages."""
        columns = (getattr(self, kind) for kind in Average._fields)
        cells = [["", "precision", "recall", "F1", "ROC AUC", "support"]]
        for label, support, *row in zip(self.classes, self.support.tolist(), *columns, strict=True):
            cells.append([_name(label), *map(_rate, row), _amount(support)])
        support = _amount(self.support.sum().item())
        cells += [[name, *map(_rate, row), support] for name, row in (("macro mean", self.macro), ("weighted mean", self.weighted))]
        lines = aligned(cells)
        return [*lines[:-2], "", *lines[-2:]]

    def _confusion(self) -> list[str]:
        """The matrix where a line can hold its row, else its largest entries off the diagonal."""
        cells = [["", *(_name(label, HEADING) for label in self.classes)]]
        for label, row in zip(self.classes, self.confusion.tolist(), strict=True):
            cells.append([_name(label), *map(_amount, row)])
        lines = aligned(cells)
        if max(map(len, lines)) <= MAX_LINE:
            return ["confusion matrix (a row a true class, a column a predicted one)", *lines]
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        order = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]
        worst = [(i, j) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j] > 0]
        rows = [[_name(self.classes[i]), _name(self.classes[j]), _amount(wrong[i, j].item())] for i, j in worst]
        return ["most frequent mistakes (`confusion` holds the whole matrix)", *aligned([["true", "predicted", "count"], *rows])]


def metrics(y: Any, probabilities: Any, classes: Any, sample_weight: Any = None, *, log_probabilities: Any = None) -> Metrics:
    """How good predicted probabilities are for the true labels.

    Parameters
    ----------
    y : (n,) array-like
        True labels. They need not contain every class.
    probabilities : (n, K) array-like
        One distribution a row, the columns in the order of ``classes``.
    classes : (K,) array-like
        Labels, two or more.
    sample_weight : (n,) array-like, optional
        At least 0. A row of weight w counts as w rows, one of weight 0 as none, whatever its label.
    log_probabilities : (n, K) array-like, optional
        Logarithms of ``probabilities``. They keep what probabilities round away near 0 and 1: with them the log loss is finite
        for probabilities below 1e-308, and the ROC AUC ranks rows whose probabilities are equal after rounding.

    Raises
    ------
    InputError
        If a label is not among ``classes``, a row is no distribution, no row has a positive weight, or lengths differ.
    """
    labels, tally = tallied(y, probabilities, classes, sample_weight, log_probabilities)
    return Metrics(
        classes=labels,
        rows=tally.rows,
        total=float(tally.rows if tally.weight is None else tally.weight.sum()),
        log_loss=_log_loss(tally),
        brier=_brier(tally),
        **_label_scores(tally),
    )


class Tally(NamedTuple):
    """What counts: positions of the true labels (n,), probabilities, logarithms (n, K), weights > 0 (n,); all rows given."""

    codes: np.ndarray
    p: np.ndarray
    logs: np.ndarray | None
    weight: np.ndarray | None
    rows: int

    @property
    def scores(self) -> np.ndarray:
        """(n, K) what ranks rows, finite."""
        return self.p if self.logs is None else np.maximum(self.logs, np.finfo(np.float64).min)


def tallied(y: Any, probabilities: Any, classes: Any, sample_weight: Any = None, logs: Any = None) -> tuple[np.ndarray, Tally]:
    """The classes (K,) and the rows that count, checked; arguments and errors are those of :func:`metrics`."""
    labels = class_labels(classes, "classes")
    p = distributions(probabilities, "probabilities", len(labels))
    logs = None if logs is None else _logarithms(logs, p)
    for name, values in (("y", y), ("sample_weight", sample_weight)):
        if hasattr(values, "__len__") and getattr(values, "shape", "list") != () and len(values) != len(p):
            raise InputError(f"{name} has {counted(len(values), 'row')}, but probabilities has {len(p):,}; pass one for each")
    weight = None if sample_weight is None else weights_of(sample_weight, p)
    kept = np.ones(len(p), dtype=bool) if weight is None else weight > 0
    codes = codes_of(vector(y, "y", len(p)), labels, kept)[kept]
    logs, weight = (None if values is None else values[kept] for values in (logs, weight))
    return labels, Tally(codes, p[kept], logs, weight, len(p))


def _label_scores(rows: Tally) -> dict[str, Any]:
    """What follows from the predicted labels, and the ROC AUC, which belongs to the same averages."""
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support, recall_score

    codes, p, _, weight, _ = rows
    predicted, every, present = p.argmax(axis=1), np.arange(p.shape[1]), np.unique(codes)
    # What neither occurs nor is predicted would only pull a mean down by zeros; scikit-learn's report leaves it out too.
    occurring = np.union1d(present, predicted)
    options: dict[str, Any] = {"sample_weight": weight, "zero_division": 0}
    precision, recall, f1, support = precision_recall_fscore_support(codes, predicted, labels=every, **options)
    auc = _auc(rows)
    means = {}
    for kind, importance in (("macro", None), ("weighted", support[present])):
        three = precision_recall_fscore_support(codes, predicted, labels=occurring, average=kind, **options)[:3]
        means[kind] = Average._make(map(float, (*three, np.average(auc[present], weights=importance))))
    return {
        "accuracy": float(accuracy_score(codes, predicted, sample_weight=weight)),
        # balanced_accuracy_score is this, but warns where a class is predicted that y lacks.
        "balanced_accuracy": float(recall_score(codes, predicted, labels=present, average="macro", **options)),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auc": auc,
        "support": support,
        "confusion": confusion_matrix(codes, predicted, labels=every, sample_weight=weight),
        **means,
    }


def _auc(rows: Tally) -> np.ndarray:
    """(K,) area under the ROC curve of each class against the rest; NaN where y has only the class, or only the rest."""
    from sklearn.metrics import roc_auc_score

    found = np.full(rows.p.shape[1], np.nan)
    present = np.unique(rows.codes)
    if len(present) > 1:
        for k in present:
            found[k] = roc_auc_score(rows.codes == k, rows.scores[:, k], sample_weight=rows.weight)
    return found


def _log_loss(rows: Tally) -> float:
    """Not scikit-learn's, which takes every probability below 2.2e-16 for 2.2e-16."""
    true = (np.arange(len(rows.codes)), rows.codes)
    with np.errstate(divide="ignore"):
        logs = np.log(rows.p[true]) if rows.logs is None else rows.logs[true]
    return float(np.average(-logs, weights=rows.weight))


def _brier(rows: Tally) -> float:
    """The sum of the scores of all classes against the rest, because before 1.7 scikit-learn knows two classes only."""
    from sklearn.metrics import brier_score_loss

    codes, p, _, weight, _ = rows
    columns = [1] if p.shape[1] == 2 else range(p.shape[1])
    return float(sum(brier_score_loss(codes == k, p[:, k], sample_weight=weight, pos_label=True) for k in columns))


def class_labels(classes: Any, name: str) -> np.ndarray:
    """``classes`` as an array (K,) of two or more different labels; ``name`` is what an error calls them."""
    found = list(classes)
    labels = vector(found, name, len(found))
    if labels.ndim != 1 or len(labels) < 2:
        raise InputError(f"{name} has shape {labels.shape}; pass two or more labels in one dimension")
    twice = next((label for label, count in Counter(labels.tolist()).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{name} holds {twice!r} twice; pass each label once, in the order of the columns of probabilities")
    return labels


def distributions(values: Any, name: str, classes: int) -> np.ndarray:
    """``values`` as float64 (n, K) with one distribution over the classes a row; ``name`` is what an error calls them."""
    try:
        found = to_numpy(values)
    except ValueError:
        raise InputError(f"{name} has rows of different length; pass {classes} probabilities a row") from None
    if found.ndim != 2 or found.shape[1] != classes or found.dtype.kind not in "fiub":
        raise InputError(f"{name} is {found.dtype} of shape {found.shape}; pass numbers of shape (rows, {classes}), by class")
    if not len(found):
        raise InputError(f"{name} has no rows; pass at least one")
    found = np.asarray(found, dtype=np.float64)
    outside = ~((found >= 0) & (found <= 1))
    if outside.any():
        row, column = np.argwhere(outside)[0].tolist()
        raise InputError(f"{name} is {found[row, column]:g} in row {row}, column {column}; pass numbers from 0 to 1")
    total = found.sum(axis=1)
    row = int(abs(total - 1).argmax())
    if abs(total[row] - 1) > SUM_SLACK:
        raise InputError(f"{name} of row {row} sum to {total[row]:.6g}; pass one distribution a row, as predict_proba gives")
    return found


def _logarithms(values: Any, p: np.ndarray) -> np.ndarray:
    found = np.asarray(to_numpy(values), dtype=np.float64)
    if found.shape != p.shape:
        raise InputError(f"log_probabilities has shape {found.shape}, but probabilities has {p.shape}; pass one for each")
    with np.errstate(over="ignore"):
        off = ~(abs(np.exp(found) - p) <= SUM_SLACK)
    if off.any():
        row, column = np.argwhere(off)[0].tolist()
        where = f"in row {row}, column {column}"
        raise InputError(f"log_probabilities is {found[row, column]:g} {where}; pass the logarithm of {p[row, column]:g} there")
    return found


def weights_of(sample_weight: Any, p: np.ndarray) -> np.ndarray:
    """(n,) weights of the rows of p, checked."""
    weight = ArraySource(p, weight=sample_weight).weight
    assert weight is not None
    if not 1e-300 < weight.sum() < 1e300:
        raise InputError(f"sample_weight sums to {weight.sum():g}; make the sum positive and finite, from 1e-300 to 1e300")
    return weight


def codes_of(y: np.ndarray, labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(n,) position of each label y among the classes; -1 for a label that is none of them in a row that does not count."""
    if y.ndim != 1:
        raise InputError(f"y must be one label a row, but has shape {y.shape}")
    positions = {label: k for k, label in enumerate(labels.tolist())}
    codes = np.array([positions.get(label, -1) for label in y.tolist()])
    unknown = (codes < 0) & kept
    if unknown.any():
        row = int(unknown.argmax())
        many = counted(int(unknown.sum()), "such row")
        raise InputError(f"y is {_quoted(y[row])} in row {row} ({many}), but the classes are {_listed(labels)}; correct or drop it")
    return codes


def _name(label: Any, width: int = MAX_WIDTH) -> str:
    return clip(printable(str(label)), width)


def _listed(labels: np.ndarray) -> str:
    """The first labels and how many more there are, on one line."""
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return ", ".join(map(_quoted, labels[:SHOWN])) + more


def _quoted(label: Any) -> str:
    """A label as Python writes it, so that the text '1' and the number 1 differ."""
    return clip(repr(label.item() if isinstance(label, np.generic) else label), MAX_WIDTH)


def _rate(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"


def _amount(value: float) -> str:
    """Rows, or a weight."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
