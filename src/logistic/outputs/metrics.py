"""How good predicted probabilities are: overall, class by class, and which classes are taken for which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .tally import Tally, listed, tallied
from .text import MAX_WIDTH, aligned, clip, counted, plain, printable

MAX_LINE = 120  # characters of a printed confusion matrix
HEADING = 12  # characters of a class above a column
SHOWN = 10  # mistakes in a list


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
            notes.append(f"no row of y is {listed(self.classes[absent])}: recall counts as 0, ROC AUC is undefined")
        if absent.sum() == len(self.classes) - 1:
            notes.append(f"every row of y is {listed(self.classes[~absent])}: there is nothing to rank it against, so no ROC AUC")
        if never.any():
            notes.append(f"no row is predicted as {listed(self.classes[never])}: precision counts as 0")
        if (absent & never).any():
            notes.append(f"neither in y nor predicted, so left out of the averages: {listed(self.classes[absent & never])}")
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
    return judged(*tallied(y, probabilities, classes, sample_weight, log_probabilities))


def judged(labels: np.ndarray, tally: Tally) -> Metrics:
    """The same of rows that were checked: the classes (K,) and what counts."""
    return Metrics(
        classes=labels,
        rows=tally.rows,
        total=float(tally.rows if tally.weight is None else tally.weight.sum()),
        log_loss=_log_loss(tally),
        brier=_brier(tally),
        **_label_scores(tally),
    )


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


def _name(label: Any, width: int = MAX_WIDTH) -> str:
    return clip(printable(str(label)), width)


def _rate(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"


def _amount(value: float) -> str:
    """Rows, or a weight."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
