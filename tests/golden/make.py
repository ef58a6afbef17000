"""The models of the golden files, number by number, and how the files were made.

A golden file is never made again: it stands for all files of its format that people have. A new format gets new files, beside the
old ones, by ``python tests/golden/make.py`` once its models stand below; the script writes only what is not there.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from logistic import Certificate, Model, Status
from logistic.outcome import Statistics
from logistic.provenance import Provenance
from logistic.recipes import Factor, Recipe
from logistic.strength import Strength

FOLDER = Path(__file__).parent

MODELS = {
    "model-1-text": Model(
        classes=np.array(["a, b", "z", "été ☃"]),
        features=("age", 'quo"te\n'),
        coef=np.array([[1.5, -0.25], [-2.0, 0.125], [0.5, 0.125]]),
        base=np.array([0.1, -0.30000000000000004, 0.2]),
        center=np.array([1e8, -1e-300]),
        penalty=Strength(0.005, 1.0, True),
        certificate=Certificate(0.6931471805599453, 1e-17, "proof", 2.5e-9, Status.CONVERGED),
        n_iter=7,
        solver="newton: few coefficients",
        rows=200,
        total=200.5,
        fingerprint="0123456789abcdef",
        provenance=Provenance(
            data="people.csv",
            sha256="ab" * 32,
            target="job",
            weight="persons",
            positive="été ☃",
            edges=(0.5, 10.0),
            fractions=(0.7, 0.3),
            seed=2**70,
            rows_sha256="cd" * 32,
            command="logistic fit people.csv --target job",
        ),
    ),
    "model-1-bool": Model(
        classes=np.array([False, True]),
        features=None,
        coef=np.array([[0.5, 0.0, -5e-324]]),
        base=np.zeros(1),
        center=np.zeros(3),
        penalty=Strength(0.0, math.inf, False),
        certificate=Certificate(0.25, math.inf, "estimate", math.nan, Status.RANK_DEFICIENT, (1,)),
        n_iter=0,
        solver="lbfgs",
        rows=10,
        total=10.0,
        offset=True,
        fit_intercept=False,
    ),
    "model-1-separated": Model(
        classes=np.array([-128, 0, 127], dtype=np.int8),
        features=("x",),
        coef=np.array([[-40.0], [0.0], [40.0]]),
        base=np.array([1.0, 2.0, -3.0]),
        center=np.array([0.5]),
        penalty=Strength(0.0, math.inf, False),
        certificate=Certificate(1e-9, math.inf, "none", 1e-9, Status.SEPARATED, (0,), np.array([[-1.0, 0.0, 1.0]])),
        n_iter=30,
        solver="newton",
        rows=6,
        total=6.0,
        fingerprint="fedcba9876543210",
        provenance=Provenance("dataset:steps", "0" * 64, "step", None, None, (), (), None, None, ""),
    ),
    "model-1-statistics": Model(
        classes=np.array([0, 1]),
        features=("x", "twice x"),
        coef=np.array([[0.25, 0.5]]),
        base=np.array([-1.0]),
        center=np.array([3.0, 6.0]),
        penalty=Strength(0.0, math.inf, False),
        certificate=Certificate(0.5, 0.0, "proof", 0.0, Status.RANK_DEFICIENT, (0, 1)),
        n_iter=4,
        solver="newton",
        rows=30,
        total=40.0,
        fingerprint="0f" * 8,
        statistics=Statistics(
            log_likelihood=-20.0,
            null=-27.5,
            count=40.0,
            effective=37.25,
            df=2,
            tjur=0.375,
            kind="cluster",
            clusters=6,
            covariance=np.array([[0.25, 0.5, 0.0625], [0.5, 1.0, 0.125], [0.0625, 0.125, 2.0]]),
            aliases=np.array([[-0.8], [0.6], [0.0]]),
        ),
    ),
    "model-1-formula": Model(
        classes=np.array(["no", "yes"]),
        features=(
            "age",
            "C(race)[T.2]",
            "C(race)[T.3]",
            "site été[no: 'a']:poly(age, 2)[1]",
            "site été[b]:poly(age, 2)[1]",
            "site été[no: 'a']:poly(age, 2)[2]",
            "site été[b]:poly(age, 2)[2]",
            "I(scale(center(lwt)) > 0.5)",
        ),
        coef=np.array([[0.5, -1.5, 0.25, 1.0, -0.125, 2.0, 0.0625, -0.5]]),
        base=np.array([0.75]),
        center=np.array([30.0, 0.25, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5]),
        penalty=Strength(0.0, math.inf, False),
        certificate=Certificate(0.5, 0.0, "proof", 0.0, Status.CONVERGED),
        n_iter=4,
        solver="newton",
        rows=30,
        total=30.0,
        fingerprint="f0" * 8,
        recipe=Recipe(
            formula="low ~ age + C(race) + `site été`:poly(age,2) + I(scale(center(lwt)) > .5)",
            response="low",
            intercept=True,
            factors=(
                Factor("age"),
                Factor("C(race)", (1, 2, 3)),
                Factor("`site été`", ("no: 'a'", "b")),
                Factor("poly(age,2)", (), ((30.0, 31.25, 30.0, 250.0, 4000.0),)),
                Factor("I(scale(center(lwt)) > .5)", (), ((130.0,), (0.0, 12.5))),
            ),
            terms=(((0, False),), ((1, True),), ((2, False), (3, False)), ((4, False),)),
        ),
    ),
}


def main() -> None:
    """Write the files that are not there."""
    for name, model in MODELS.items():
        path = FOLDER / f"{name}.safetensors"
        if not path.exists():
            model.save(path)


if __name__ == "__main__":
    main()
