"""Bundled data sets, offline: the ones that come inside scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import InputError, did_you_mean

BUNDLED = ("iris", "breast_cancer", "digits", "wine")


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from.

    Attributes
    ----------
    name : str
    X : (n, p) array
    y : (n,) array
        Labels in words where the set has them, else digits.
    features : tuple of str
    about : str
        One line.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    features: tuple[str, ...]
    about: str


ABOUT = {
    "iris": "150 iris flowers of three species, four lengths in cm (Anderson 1935, Fisher 1936)",
    "breast_cancer": "569 breast tumours, benign or malignant, 30 measures of cell nuclei (Wolberg, Street, Mangasarian 1993)",
    "digits": "1,797 handwritten digits of 8 x 8 grey pixels (Alpaydin, Kaynak 1998)",
    "wine": "178 wines of three cultivars, 13 chemical measures (Forina 1991)",
}


def load(name: str) -> Dataset:
    """The data set called ``name``: iris, breast_cancer, digits or wine.

    Raises
    ------
    InputError
        For another name.
    """
    if name not in BUNDLED:
        raise InputError(f"there is no bundled data set {name!r}; choose {', '.join(BUNDLED)}{did_you_mean(name, BUNDLED)}")
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    words = [str(word) for word in bunch.target_names]
    y = bunch.target if name == "digits" else np.asarray(words)[bunch.target]
    return Dataset(name, bunch.data, y, tuple(str(feature) for feature in bunch.feature_names), ABOUT[name])
