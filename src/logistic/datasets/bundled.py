"""The sets that come inside scikit-learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .card import Card, Dataset, Entry

UCI = "UCI Machine Learning Repository, as scikit-learn ships it"
CC_BY = "CC BY 4.0 (UCI Machine Learning Repository)"

IRIS = Card(
    title="Iris flowers",
    about="150 iris flowers of three species, four lengths in cm (Anderson 1935, Fisher 1936)",
    rows=150,
    columns=4,
    target="species",
    classes=("setosa", "versicolor", "virginica"),
    row="one flower: length and width of a sepal and of a petal",
    sentence="an iris with {row} is {label}",
    source=UCI,
    author="Edgar Anderson measured the flowers, R. A. Fisher published them",
    year="1936",
    licence=CC_BY,
    citation="R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7 (1936), 179-188",
    caveats="One length alone divides setosa from the others, so three classes have no finite estimate without a penalty; "
    "virginica against the rest has one. Small: a few flowers more or fewer change an accuracy by percents.",
    units=dict.fromkeys(("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"), "cm"),
)

BREAST_CANCER = Card(
    title="Breast cancer, Wisconsin, diagnostic",
    about="569 breast tumours, benign or malignant, 30 measures of cell nuclei (Wolberg, Street, Mangasarian 1993)",
    rows=569,
    columns=30,
    target="diagnosis",
    classes=("benign", "malignant"),
    row="one tumour: mean, error and worst value of ten measures of the cell nuclei in an image of a fine-needle sample",
    sentence="a tumour with {row} is {label}",
    source=UCI,
    author="W. H. Wolberg, W. N. Street, O. L. Mangasarian",
    year="1993",
    licence=CC_BY,
    citation="W. N. Street, W. H. Wolberg, O. L. Mangasarian, Nuclear feature extraction for breast tumor diagnosis, "
    "SPIE 1905 (1993), 861-870",
    caveats="The columns separate the classes, so there is no finite estimate without a penalty. Radius, perimeter and area say "
    "nearly the same: their coefficients are not to be read one by one. From one hospital; no tool for a diagnosis.",
)

DIGITS = Card(
    title="Handwritten digits, 8 x 8",
    about="1,797 handwritten digits of 8 x 8 grey pixels (Alpaydin, Kaynak 1998)",
    rows=1797,
    columns=64,
    target="digit",
    classes=tuple(range(10)),
    row="one image: in each of 8 x 8 cells, how many of 16 dots are dark",
    sentence="an image of {row} shows the digit {label}",
    source=UCI,
    author="E. Alpaydin, C. Kaynak",
    year="1998",
    licence=CC_BY,
    citation="E. Alpaydin, C. Kaynak, Cascading classifiers, Kybernetika 34 (1998), 369-374",
    caveats="The columns separate the classes, so there is no finite estimate without a penalty. These are the 1,797 rows of the "
    "original test part, by 13 people; some pixels at the border are always 0.",
)

WINE = Card(
    title="Wines of one region",
    about="178 wines of three cultivars, 13 chemical measures (Forina 1991)",
    rows=178,
    columns=13,
    target="cultivar",
    classes=("class_0", "class_1", "class_2"),
    row="one wine from one Italian region: 13 results of a chemical analysis",
    sentence="a wine with {row} is of cultivar {label}",
    source=UCI,
    author="M. Forina and others, Institute of Pharmaceutical and Food Analysis and Technologies, Genoa",
    year="1991",
    licence=CC_BY,
    citation="S. Aeberhard, M. Forina, Wine, UCI Machine Learning Repository (1992), doi:10.24432/C5PC7J",
    caveats="The columns separate the classes, so there is no finite estimate without a penalty. Their scales differ a "
    "thousandfold: standardize=True makes a penalty treat them alike. The source states no units.",
)


def _entry(name: str, card: Card, image: tuple[int, int] | None = None) -> Entry:
    return Entry(card, partial(_read, name, card, image))


def _read(name: str, card: Card, image: tuple[int, int] | None, _part: str | None) -> Dataset:
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{name}")()
    y = bunch.target if image is not None else np.asarray([str(word) for word in bunch.target_names])[bunch.target]
    return Dataset(name, bunch.data, y, tuple(str(feature) for feature in bunch.feature_names), card, image)


MEMBERS = {
    "iris": _entry("iris", IRIS),
    "breast_cancer": _entry("breast_cancer", BREAST_CANCER),
    "digits": _entry("digits", DIGITS, (8, 8)),
    "wine": _entry("wine", WINE),
}
