"""Standard errors from the shell: kinds of covariance, clusters, frequencies, bias reduction, and the summary's contrasts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from logistic import LogisticRegression, load
from logistic.cli.fit import BIASES, COVARIANCES
from logistic.outcome import COVARIANCES as KINDS
from shell import Run, refused


@pytest.fixture
def people() -> pd.DataFrame:
    """A file of people in households, some rows standing for several of them."""
    rng = np.random.default_rng(3)
    n = 200
    rows = pd.DataFrame({"age": rng.normal(40, 10, n), "sex": rng.integers(0, 2, n)})
    rows["answer"] = np.where(rows["age"] / 10 - 4 + rows["sex"] + rng.logistic(size=n) > 0, "yes", "no")
    rows["household"] = [f"h{g}" for g in rng.integers(0, 30, n)]
    rows["persons"] = rng.integers(1, 4, n)
    rows.to_csv("people.csv", index=False)
    return rows


def test_the_kinds_are_those_of_the_library() -> None:
    """The command line names them without loading the library."""
    assert COVARIANCES == KINDS
    assert BIASES == ("firth",)


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_a_covariance_is_that_of_python(run: Run, people: pd.DataFrame, kind: str | None) -> None:
    """By any kind, with frequencies; groups alone mean clusters."""
    clustered = kind in ("cluster", None)
    typed = (*(("--covariance", kind) if kind else ()), *(("--groups", "household") if clustered else ()))
    choices = ("--features", "age,sex", "--freq-weights", "persons", "--no-penalty", *typed)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", *choices)
    assert done.code == 0, done.err
    estimator = LogisticRegression(C=np.inf, covariance=kind or "cluster")
    groups = people["household"] if clustered else None
    estimator.fit(people[["age", "sex"]], people["answer"], freq_weights=people["persons"], groups=groups)
    found = load("m")
    assert found == estimator.model_
    assert found.statistics is not None
    assert found.statistics.count == people["persons"].sum()


def test_columns_with_a_part_of_their_own_are_not_learned_from(run: Run, people: pd.DataFrame) -> None:
    """Neither by default nor by a formula's dot."""
    roles = ("--groups", "household", "--freq-weights", "persons", "--no-penalty")
    assert run("fit", "people.csv", "--target", "answer", *roles, "-o", "m").code == 0
    assert run("fit", "people.csv", "--formula", "answer ~ .", *roles, "-o", "f").code == 0
    assert load("m").features == load("f").features == ("age", "sex")


def test_clusters_are_divided_with_the_rows(run: Run, people: pd.DataFrame) -> None:
    """A split takes each row's cluster along."""
    choices = ("--target", "answer", "--groups", "household", "--freq-weights", "persons", "--no-penalty")
    done = run("fit", "people.csv", *choices, "--split", "0.7/0.3", "-o", "m")
    assert done.code == 0, done.err
    assert load("m").statistics.clusters <= 30


def test_the_summary_is_that_of_python(run: Run, people: pd.DataFrame) -> None:
    """Level, reference and symmetric contrasts, as text and as JSON."""
    assert run("fit", "people.csv", "--target", "answer", "--features", "age,sex", "--no-penalty", "-o", "m").code == 0
    model = load("m")
    shown = run("summary", "m", "--reference", "yes", "--level", "0.9").out
    assert shown.startswith(str(model.summary(level=0.9, reference="yes")))
    told = json.loads(run("summary", "m", "--json", "--level", "0.9").out)
    assert told["inference"] == model.summary(level=0.9).to_dict()["inference"]
    assert told["likelihood"]["df"] == 3


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (("--covariance", "HC9"), "covariance='HC9' is unknown"),
        (("--covariance", "cluster"), "needs groups"),
        (("--covariance", "HC1", "--groups", "household"), "no use for groups"),
        (("--groups", "nobody"), "nobody"),
        (("--groups", "answer"), "--target and --groups both name 'answer'"),
        (("--weight", "persons", "--freq-weights", "persons"), "--weight and --freq-weights both name 'persons'"),
        (("--features", "sex", "--freq-weights", "age"), "frequencies must be whole numbers from 0 on"),
        (("--features", "household", "--groups", "household"), "which is the group"),
        (("--linear", "--covariance", "HC0"), "--covariance does not go with --linear"),
        (("--hidden", "3", "--freq-weights", "persons"), "--freq-weights does not go with --hidden"),
        (("--cv", "3", "--covariance", "HC0"), "--covariance does not go with"),
        (("--bias", "jeffreys"), "jeffreys"),
    ],
)
def test_mistakes_are_named(run: Run, people: pd.DataFrame, choices: tuple[str, ...], words: str) -> None:
    """In words, before anything is written."""
    features = () if "--features" in choices else ("--features", "age,sex")
    refused(run("fit", "people.csv", "--target", "answer", *features, *choices, "-o", "m"), words)


def test_contrasts_speak_of_classes(run: Run, people: pd.DataFrame) -> None:
    """A linear regression has none."""
    choices = ("--target", "age", "--features", "sex", "--linear")
    assert run("fit", "people.csv", *choices, "-o", "m").code == 0
    refused(run("summary", "m", "--level", "0.9"), "--level speaks of classes")


def test_more_folds_than_rows_are_refused(run: Run, people: pd.DataFrame) -> None:
    """In words, as a mistake of the user's."""
    refused(run("fit", "people.csv", "--target", "answer", "--features", "age", "--cv", "190", "-o", "m"), "cv=190 folds cannot be")


def test_rows_of_counts_are_numbered_from_one(run: Run, people: pd.DataFrame) -> None:
    """As everywhere in the shell."""
    people.assign(persons=-1).to_csv("people.csv", index=False)
    done = run("fit", "people.csv", "--target", "answer", "--features", "age", "--freq-weights", "persons", "-o", "m")
    refused(done, "column 'persons' of people.csv is -1 in row 1", "whole numbers from 0 on")
