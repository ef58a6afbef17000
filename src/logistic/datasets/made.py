"""Tumours of our own making: labels drawn from a logistic model that is known."""

from __future__ import annotations

import numpy as np

from .card import Card, Dataset, Entry

SEED, ROWS = 11, 1000
COEF, INTERCEPT = (-11.0, 12.0), -9.0  # log-odds of malignant
FEATURES = ("leukocyte_count", "blood_pressure")

CARD = Card(
    title="Tumours made from a known model",
    about="1,000 made-up tumours, benign or malignant, drawn from a logistic model that is known; like the set tumors, but offline",
    rows=ROWS,
    columns=2,
    target="tumor_class",
    classes=("benign", "malignant"),
    row="one made-up patient: a leukocyte count and a blood pressure",
    sentence="a tumour with {row} is {label}",
    source="a seeded generator of this package",
    author="the logistic developers",
    year="made when it is loaded, the same every time",
    licence="BSD-3-Clause, as this package",
    citation="none needed",
    caveats="Made up: it says nothing about medicine. The columns are normal, with means 15 and 15.35 and standard deviations 2.95 "
    "and 1.1; the log-odds of malignant are -9 - 11 leukocyte_count + 12 blood_pressure. So the estimate can be held against the "
    "truth. The classes nearly separate, yet a finite estimate exists.",
)


def _read(_part: str | None) -> Dataset:
    rng = np.random.RandomState(SEED)  # its stream is frozen, that of a Generator is not
    columns = [rng.normal(mean, deviation, ROWS) for mean, deviation in ((15, 2.95), (15.35, 1.1))]
    X = np.column_stack(columns).round(6)  # so that the last bits of a machine do not show
    odds = np.exp(X[:, 0] * COEF[0] + X[:, 1] * COEF[1] + INTERCEPT)
    benign, malignant = CARD.classes
    return Dataset("tumors_made", X, np.where(rng.random_sample(ROWS) * (1 + odds) < odds, malignant, benign), FEATURES, CARD)


MEMBERS = {"tumors_made": Entry(CARD, _read)}
