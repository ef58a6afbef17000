"""``logistic fit --cv``: the strength of the penalty chosen by rows held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .writing import tell

if TYPE_CHECKING:
    from ..contracts import Spec
    from ..model import Model
    from .rows import Rows

ALONE = ("C", "alpha", "no_penalty", "bias", "covariance", "groups", "freq_weights", "linear", "hidden", "init", "max_time")


def check_tuning(options: dict[str, Any]) -> None:
    """Refuse what cross-validation does not go with.

    Raises
    ------
    InputError
        Naming the option.
    """
    if options["cv"] is None:
        if options["Cs"] is not None:
            raise InputError("--Cs is how many strengths cross-validation tries; pass --cv 5 too, or one strength with --C")
        return
    for name in ALONE:
        if options[name] not in (None, False):
            spelt = f"--{name.replace('_', '-')}"
            raise InputError(f"--cv chooses the strength of a penalty, which {spelt} does not go with; leave one of them out")


def tuned(rows: Rows, spec: Spec, options: dict[str, Any], quiet: bool) -> tuple[Model, dict[str, Any]]:
    """The model of the best strength on all rows to learn from, and a row for each strength, as columns."""
    import numpy as np

    from ..heldout import LOG_LOSS, pairs_of, tried
    from ..paths import printed
    from ..study import WHOLE, Grid

    source = rows.part(rows.learned)
    grid = Grid(np.logspace(-4, 4, options["Cs"] or 10), True)
    trial = tried(source, spec, grid, pairs_of(options["cv"], source, None), LOG_LOSS, lambda _done, _of: None)
    tell(f"{options['cv']} folds, each held out once; deviance is twice the mean log loss\n{printed(trial.table)}\n", quiet)
    table = {name: column.tolist() for name, column in trial.table.items()}
    return trial.outcomes[WHOLE][trial.scores.best].model, table
