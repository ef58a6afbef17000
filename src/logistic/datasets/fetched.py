"""The sets that are fetched: Ames house sales, the tumours of a published lesson, MNIST."""

from __future__ import annotations

import numpy as np

from ..preparation import rank_bins
from ..sources import parse_table
from .card import Card, Dataset, Entry
from .files import RemoteFile, find
from .idx import parse

AMES_FILE = RemoteFile("ames.csv.gz", "ames", "389a861374ca4b244a5a89cd6e6e703e318106243c667fb518fbc23dc5596f73")
TUMORS_FILE = RemoteFile("tumors.csv", "tumors", "ec648c474f1ef1334a4919cbccfc5834a0b28f179c931a1a768aef05ca0eb0a6")
MNIST_FILES = {
    "train": (
        RemoteFile(
            "mnist/train-images-idx3-ubyte.gz",
            "mnist",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            idx=True,
        ),
        RemoteFile(
            "mnist/train-labels-idx1-ubyte.gz",
            "mnist",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            idx=True,
        ),
    ),
    "test": (
        RemoteFile(
            "mnist/t10k-images-idx3-ubyte.gz", "mnist", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", idx=True
        ),
        RemoteFile(
            "mnist/t10k-labels-idx1-ubyte.gz", "mnist", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", idx=True
        ),
    ),
}
AMES_FEATURES = ("Longitude", "Latitude")
TUMORS_FEATURES = ("leukocyte_count", "blood_pressure")
SIDE = 28  # pixels
WHITE = np.float32(255)

AMES = Card(
    title="House sales in Ames, Iowa",
    about="2,930 house sales in Ames, Iowa: where each house stands, and its price class: 0, 1 or 2 (De Cock 2011)",
    rows=2930,
    columns=2,
    target="price_class",
    classes=(0, 1, 2),
    row="one sale, 2006 to 2010: longitude and latitude of the house",
    sentence="a house at {row} was sold in price class {label}",
    source="github.com/kcarnold/AmesHousing, data/ames.csv.gz",
    author="Dean De Cock, from the Ames City Assessor's Office; positions were added later",
    year="2011",
    licence="the repository states none; the author published the table for teaching",
    citation="D. De Cock, Ames, Iowa: Alternative to the Boston Housing Data as an End of Semester Regression Project, "
    "Journal of Statistics Education 19 (2011), no. 3",
    caveats="The classes are thirds of the rank of Sale_Price: 0 up to 139,000 dollars, 1 from 139,400 to 190,000, 2 from 190,500. "
    "They are cut on all rows, as the lesson does it. Position alone tells little: about half of the rows are predicted right. The "
    "file has 81 columns; datasets.path('ames') says where it lies.",
    units=dict.fromkeys(AMES_FEATURES, "degrees"),
)

TUMORS = Card(
    title="Tumours of a lesson",
    about="1,000 made-up tumours, benign or malignant, with leukocyte count and blood pressure (Made With ML)",
    rows=1000,
    columns=2,
    target="tumor_class",
    classes=("benign", "malignant"),
    row="one made-up patient: a leukocyte count and a blood pressure",
    sentence="a tumour with {row} is {label}",
    source="github.com/GokuMohandas/Made-With-ML, datasets/tumors.csv",
    author="Goku Mohandas",
    year="2018 or later",
    licence="MIT (of the repository)",
    citation="G. Mohandas, Made With ML, github.com/GokuMohandas/Made-With-ML",
    caveats="Synthetic: it says nothing about medicine, and no unit is stated. The classes nearly separate, yet a finite estimate "
    "exists, with large coefficients.",
)

MNIST = Card(
    title="MNIST, handwritten digits, 28 x 28",
    about="70,000 handwritten digits of 28 x 28 grey pixels, in a training and a test part (LeCun, Cortes, Burges 1998)",
    rows=60_000,
    columns=SIDE**2,
    target="digit",
    classes=tuple(range(10)),
    row="one image: the grey of each pixel, from 0 (paper) to 1 (ink)",
    sentence="an image of {row} shows the digit {label}",
    source="mirror ossci-datasets.s3.amazonaws.com/mnist, four IDX files",
    author="Y. LeCun, C. Cortes, C. J. C. Burges, from images of NIST",
    year="1998",
    licence="none in the files; distributors state CC BY-SA 3.0",
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, "
    "Proceedings of the IEEE 86 (1998), 2278-2324",
    caveats="split='train' has 60,000 images, split='test' 10,000 by other people. Pixels are divided by 255. Some are always "
    "0, so that any penalty makes their coefficients 0. A linear model gets about 92 of 100 right.",
)


def _ames(_part: str | None) -> Dataset:
    table = parse_table(find(AMES_FILE).content, AMES_FILE.name)
    prices = table.features(["Sale_Price"])[:, 0]
    y = rank_bins(prices, len(AMES.classes)).apply(prices)
    return Dataset("ames", table.features(AMES_FEATURES), y, AMES_FEATURES, AMES)


def _tumors(_part: str | None) -> Dataset:
    table = parse_table(find(TUMORS_FILE).content, TUMORS_FILE.name)
    return Dataset("tumors", table.features(TUMORS_FEATURES), table.labels(TUMORS.target), TUMORS_FEATURES, TUMORS)


def _mnist(part: str | None) -> Dataset:
    images, labels = (parse(find(file).content) for file in MNIST_FILES[part or "train"])
    X = images.reshape(len(images), SIDE**2) / WHITE
    names = tuple(f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE))
    return Dataset("mnist", X, labels.astype(np.int64), names, MNIST, (SIDE, SIDE))


MEMBERS = {
    "ames": Entry(AMES, _ames, (AMES_FILE,)),
    "tumors": Entry(TUMORS, _tumors, (TUMORS_FILE,)),
    "mnist": Entry(MNIST, _mnist, tuple(file for files in MNIST_FILES.values() for file in files), tuple(MNIST_FILES)),
}
