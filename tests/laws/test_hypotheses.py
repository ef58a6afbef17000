"""Laws of tests: what a hypothesis says, and what must not matter: units, shifts, the reference class, how it is written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

import logistic
from logistic import InputError, LogisticRegression, SeparationWarning
from logistic.inference.chisquare import ChiSquareTest
from logistic.inference.estimates import Estimates
from logistic.inference.hypotheses import read
from support import overlapping

pd = pytest.importorskip("pandas")

NAMES = ("age", "educ", "C(race)[T.2]", "C(race)[T.2]:smoke", "smoke", "age group", "x1-x2", "x1", "x2", "2", "bs(x, 3)[1]", "e")


def two_classes(names=NAMES):
    """Estimates without numbers that matter."""
    q = len(names)
    return Estimates(tuple(names), (("yes", "no"),), np.zeros((1, q)), None, np.ones(q, dtype=bool))


def three_classes(names=("ses", "write", "intercept")):
    """The same of two contrasts against academic."""
    q = len(names)
    contrasts = (("general", "academic"), ("vocational one", "academic"))
    return Estimates(tuple(names), contrasts, np.zeros((2, q)), None, np.ones(q, dtype=bool))


def equation(text, estimates=None):
    """Matrix and values of a text, the matrix as a dict by name for one contrast."""
    found = read(estimates or two_classes(), text)
    rows = [{NAMES[j]: row[j] for j in np.flatnonzero(row).tolist()} for row in found.matrix]
    return [(row, value) for row, value in zip(rows, found.values.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("age", {"age": 1}, 0),
        ("age = educ", {"age": 1, "educ": -1}, 0),
        ("  2.0*age - educ/4 = 1.5e1 ", {"age": 2, "educ": -0.25}, 15),
        ("age*2.0 = -(educ - 3)*2.", {"age": 2, "educ": 2}, 6),
        ("C(race)[T.2]:smoke = smoke", {"C(race)[T.2]:smoke": 1, "smoke": -1}, 0),
        ("C(race)[T.2] = 0", {"C(race)[T.2]": 1}, 0),
        ("age group - age = 0", {"age group": 1, "age": -1}, 0),
        ("`x1-x2` = 0", {"x1-x2": 1}, 0),
        ("x1 - x2 = 0", {"x1": 1, "x2": -1}, 0),
        ("`2` = 02", {"2": 1}, 2),
        ("bs(x, 3)[1] = 0", {"bs(x, 3)[1]": 1}, 0),
        ("1e2*e = 1", {"e": 100}, 1),
        ("--age + +educ = 3 - 1", {"age": 1, "educ": 1}, 2),
        ("age + age + 1 = 1 + educ", {"age": 2, "educ": -1}, 0),
        ("[yes]age = 0", {"age": 1}, 0),
        ("[yes]age - [no]age = 0", {"age": 1}, 0),
    ],
)
def test_text_becomes_an_equation(text, row, value):
    """Names of every shape, numbers and signs."""
    assert equation(text) == [(row, value)]


def test_several_equations():
    """Commas, chains and lists."""
    assert equation("age = educ, smoke = 1") == [({"age": 1, "educ": -1}, 0), ({"smoke": 1}, 1)]
    assert equation("age = educ = 0.5") == [({"age": 1, "educ": -1}, 0), ({"educ": 1}, 0.5)]
    assert equation(["age", "educ = 1, e"]) == [({"age": 1}, 0), ({"educ": 1}, 1), ({"e": 1}, 0)]
    assert equation(pd.Index(["age", "educ"])) == [({"age": 1}, 0), ({"educ": 1}, 0)]
    assert read(two_classes(), "age=educ , smoke=1").words == ("age=educ", "smoke=1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x1-x2 = 0", r"may be the column 'x1-x2' or not; write the column in backticks: `x1-x2`"),
        ("2 * age = 0", "may be the column '2' or not; write the column in backticks: `2`, the number as 2.0"),
        ("agee = 0", "'agee' in column 1 is no column; did you mean 'age'"),
        ("age = ", "a name or number is missing"),
        ("age educ = 0", "'educ' in column 5 has no meaning there"),
        ("age == educ", "'=' in column 6 is no column|missing|no column"),
        ("age * educ = 1", "not linear in the coefficients"),
        ("1/age = 3", "not linear in the coefficients"),
        ("age/0 = 1", "divides by zero"),
        ("1 = 0.5", "speaks of no coefficient"),
        ("(age = 1", r"a \) is missing"),
        ("(" * 60 + "age" + ")" * 60, "more than 50 parentheses"),
        ("`nobody` = 1", "begins no column in backticks"),
        ("1e999 * age = 1", "too large a number"),
        ("[maybe]age = 1", "is no column"),
        ("[yes]nobody = 1", r"is no column, of which \[yes\] is to be the class"),
        ("[yes]age = educ", r"write \[class\] before all or none"),
        ("__import__('os').system('true')", "is no column"),
        ("", "a name or number is missing"),
        ([], "is empty"),
        (7, "must be text"),
        ([["age"]], "must be text"),
        (np.ones((2, 3)), "needs 12 finite numbers a row"),
        (np.full((1, 12), np.nan), "finite"),
    ],
)
def test_what_cannot_be_understood_is_refused(text, message):
    """The words, the place and the way out."""
    with pytest.raises(InputError, match=message):
        read(two_classes(), text)


def test_a_name_that_two_coefficients_share_is_refused():
    """A column called intercept, say."""
    with pytest.raises(InputError, match="is the name of 2 coefficients"):
        read(two_classes(("a", "intercept", "intercept")), "intercept = 0")


def test_a_column_that_looks_like_a_class_is_refused():
    """Unless it stands in backticks."""
    estimates = two_classes(("[yes]a", "a"))
    with pytest.raises(InputError, match=r"may be the column .* or not"):
        read(estimates, "[yes]a = 0")
    assert read(estimates, "`[yes]a` = 0").matrix.tolist() == [[1, 0]]


@settings(max_examples=300, deadline=1000)
@given(st.lists(st.sampled_from([*NAMES, *"`()+-*/=, ", "[yes]", "[no]", "1", ".5", "e9", "ü"]), max_size=12))
def test_any_text_is_an_equation_or_an_error_in_words(parts):
    """Whatever is typed."""
    try:
        found = read(two_classes(), "".join(parts))
    except InputError:
        return
    assert np.isfinite(found.matrix).all()
    assert found.matrix.shape == (len(found.values), len(NAMES))


def test_a_name_without_a_class_is_about_all_contrasts():
    """And one with a class about that one; the reference's coefficients are zero."""
    assert read(three_classes(), "ses = write").matrix.tolist() == [[1, -1, 0, 0, 0, 0], [0, 0, 0, 1, -1, 0]]
    assert read(three_classes(), "[vocational one]ses = 2").matrix.tolist() == [[0, 0, 0, 1, 0, 0]]
    assert read(three_classes(), "[general]ses = [vocational one]ses").matrix.tolist() == [[1, 0, 0, -1, 0, 0]]
    assert read(three_classes(), "[general] ses = [academic]ses").matrix.tolist() == [[1, 0, 0, 0, 0, 0]]


def test_a_matrix_is_written_in_words():
    """For every contrast where it has the columns of one."""
    found = read(three_classes(), [[1, -2, 0]], 3)
    assert found.matrix.tolist() == [[1, -2, 0, 0, 0, 0], [0, 0, 0, 1, -2, 0]]
    assert found.words == ("[general]ses - 2*[general]write = 3", "[vocational one]ses - 2*[vocational one]write = 3")
    assert read(two_classes(("a", "b")), [0, -1]).words == ("- b = 0",)
    with pytest.raises(InputError, match="values must be 1 finite numbers"):
        read(three_classes(), [[1, -2, 0]], [1, 2])
    with pytest.raises(InputError, match="values go with a matrix"):
        read(three_classes(), "ses", 2)


# --------------------------------------------------------------------------------------------------------------------- tails


@pytest.mark.parametrize("df", [1, 2, 7, 40, 500])
@pytest.mark.parametrize("x", [4.0, 60.0, 1400.0, 3000.0, 5e3, 1e6])
def test_log_p_has_all_its_digits(df, x):
    """Against four hundred digits, also where p itself is zero in float64."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(400):
        exact = float(mpmath.log(mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(x) / 2, mpmath.inf, regularized=True)))
    assert ChiSquareTest("Wald", (), x, df, "").log_p == pytest.approx(exact, rel=1e-12, abs=1e-15)


def test_a_tiny_p_is_printed():
    """Though no float64 holds it."""
    test = ChiSquareTest("Wald", ("a = 0",), 5000.0, 1, "covariance")
    assert test.p == 0
    assert "p = " in str(test)
    assert "e-1088" in str(test)
    assert pd.DataFrame(test.table).shape == (1, 5)


# --------------------------------------------------------------------------------------------------------------------- laws


def problem(seed=0, n=300, p=3, classes=2):
    X, y = overlapping(seed, n, p, classes, spread=0.5)
    return pd.DataFrame(X, columns=["a", "b", "c", "d"][:p]), y


def fitted(X, y, **rows):
    return LogisticRegression(C=np.inf).fit(X, y, **rows)


@settings(max_examples=15, deadline=None)
@given(unit=st.floats(-6, 6), shift=st.floats(-1e5, 1e5), classes=st.integers(2, 4))
def test_units_and_shifts_do_not_matter(unit, shift, classes):
    """The statistics of hypotheses about coefficients are those of the data, whatever their units."""
    X, y = problem(classes=classes)
    Z = X.copy()
    Z["a"] = X["a"] * 10**unit + shift * 10**unit
    first, second = fitted(X, y), fitted(Z, y)
    hypotheses, scaled = "a = 0, b = c", "a = 0, b = c"
    assert second.test(scaled).statistic == pytest.approx(first.test(hypotheses).statistic, rel=1e-7)
    mine, theirs = (m.likelihood_ratio_test(D, y, hypotheses) for m, D in ((first, X), (second, Z)))
    assert theirs.statistic == pytest.approx(mine.statistic, rel=1e-7)
    mine, theirs = (m.score_test(D, y, hypotheses) for m, D in ((first, X), (second, Z)))
    assert theirs.statistic == pytest.approx(mine.statistic, rel=1e-7)


@pytest.mark.parametrize("hypotheses", ["a", "a = b", ["a", "c"], "2*a = b - c, intercept = 0"])
def test_the_reference_class_does_not_matter_for_all_contrasts(hypotheses):
    """Wald, likelihood ratio and score, of equations that have no constant."""
    X, y = problem(classes=4)
    model = fitted(X, y)
    for test in (
        lambda r: model.test(hypotheses, reference=r),
        lambda r: model.likelihood_ratio_test(X, y, hypotheses, reference=r),
        lambda r: model.score_test(X, y, hypotheses, reference=r),
    ):
        first, *others = (test(r) for r in range(4))
        for other in others:
            assert other.df == first.df
            assert other.statistic == pytest.approx(first.statistic, rel=1e-8)


def test_the_order_of_rows_and_of_hypotheses_does_not_matter():
    """Nor do repetitions of what was said, or its size."""
    X, y = problem()
    model, turned = fitted(X, y), fitted(X[::-1], y[::-1])
    first = model.test("a = b, c = 0.1")
    for other in (
        turned.test("a = b, c = 0.1"),
        model.test("c = 0.1, b = a"),
        model.test("3*c = 0.3, 7*b - 7*a = 0"),
        model.test("a = b, c = 0.1, a + c = b + 0.1, a = a"),
        model.test([[1, -1, 0, 0], [0, 0, 1, 0]], [0, 0.1]),
    ):
        assert (other.df, other.statistic) == (2, pytest.approx(first.statistic, rel=1e-10))
    kinds = model.likelihood_ratio_test(X, y, "a = b, c = 0.1, a + c = b + 0.1"), model.likelihood_ratio_test(X, y, "a = b, c = .1")
    assert kinds[0].df == 2
    assert kinds[0].statistic == pytest.approx(kinds[1].statistic, rel=1e-10)


@pytest.mark.parametrize("kind", ["wald", "lr", "score"])
@pytest.mark.parametrize(
    ("hypotheses", "message"),
    [
        ("a = 0, b = 0, a + b = 1", "contradict each other"),
        ("a = 0, 2*a = 1", "contradict each other"),
        ("a - a = 0", "hold for any coefficients"),
        ("a - a = 1", "holds for no coefficients"),
    ],
)
def test_contradictions_are_refused(kind, hypotheses, message):
    """So is what says nothing."""
    X, y = problem()
    model = fitted(X, y)
    with pytest.raises(InputError, match=message):
        {
            "wald": lambda: model.test(hypotheses),
            "lr": lambda: model.likelihood_ratio_test(X, y, hypotheses),
            "score": lambda: model.score_test(X, y, hypotheses),
        }[kind]()


def test_the_three_tests_agree_in_large_samples():
    """40,000 rows: within 3 % of each other, for a true hypothesis and for one that is off by little."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40_000, 3))
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-(0.3 + X @ [0.5, 0.5, 0.03])))).astype(int)
    model = fitted(X, y)
    for hypotheses in ("x0 = x1", "x2 = 0", ["x2", "x0 = 0.5"]):
        wald = model.test(hypotheses).statistic
        assert model.likelihood_ratio_test(X, y, hypotheses).statistic == pytest.approx(wald, rel=0.03)
        assert model.score_test(X, y, hypotheses).statistic == pytest.approx(wald, rel=0.03)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_likelihood_ratio_is_that_of_two_fits(classes):
    """Also with weights, counts, offsets, sparse rows, and more rows than a block holds."""
    X, y = problem(classes=classes, n=400)
    rng = np.random.default_rng(1)
    rows = {"sample_weight": rng.uniform(0.5, 2, 400), "freq_weights": rng.integers(0, 4, 400)}
    rows["offset"] = rng.normal(size=400 if classes == 2 else (400, 3))
    larger, smaller = fitted(X, y, **rows), fitted(X[["b"]], y, **rows)
    expected = 2 * (larger.model_.statistics.log_likelihood - smaller.model_.statistics.log_likelihood)
    found = larger.likelihood_ratio_test(X, y, ["a", "c"], **rows)
    assert (found.df, found.statistic) == (2 * (classes - 1), pytest.approx(expected, rel=1e-9))
    assert "a weight of 2 for two observations; weights sum to" in found.note
    table = logistic.anova(larger, smaller).table
    assert table["lr"][1] == pytest.approx(expected, rel=1e-12)
    added = smaller.score_test(X[["b"]], y, added=X[["a", "c"]], **rows)
    assert (added.df, added.statistic) == (found.df, pytest.approx(larger.score_test(X, y, ["a", "c"], **rows).statistic, rel=1e-9))
    S = csr_array(X.to_numpy())
    sparse = fitted(S, y, **rows)
    assert sparse.likelihood_ratio_test(S, y, "x0=0,x2=0", **rows).statistic == pytest.approx(expected, rel=1e-8)
    small = fitted(S[:, [1]], y, **rows).score_test(S[:, [1]], y, added=S[:, [0, 2]], **rows)
    assert small.statistic == pytest.approx(added.statistic, rel=1e-8)


def test_counts_are_repeated_rows():
    """In all three tests and in anova."""
    X, y = problem()
    times = np.random.default_rng(0).integers(1, 4, len(y))
    Z, z = X.loc[X.index.repeat(times)], np.repeat(y, times)
    counted, repeated = fitted(X, y, freq_weights=times), fitted(Z, z)
    assert counted.test("a = b").statistic == pytest.approx(repeated.test("a = b").statistic, rel=1e-9)
    one, two = counted.likelihood_ratio_test(X, y, "a = b", freq_weights=times), repeated.likelihood_ratio_test(Z, z, "a = b")
    assert (one.statistic, one.note) == (pytest.approx(two.statistic, rel=1e-9), "")
    one, two = counted.score_test(X, y, "a = b", freq_weights=times), repeated.score_test(Z, z, "a = b")
    assert one.statistic == pytest.approx(two.statistic, rel=1e-9)
    one, two = (
        logistic.anova(m, s) for m, s in ((counted, fitted(X[["a"]], y, freq_weights=times)), (repeated, fitted(Z[["a"]], z)))
    )
    for name in one.table:
        np.testing.assert_allclose(one.table[name], two.table[name], rtol=1e-9)


def test_many_blocks_and_a_labelled_class():
    """Rows beyond one block are summed the same way; labels are text."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(70_000, 2))
    y = np.where(X[:, 0] * 0.02 + rng.logistic(size=len(X)) > 0, "yes", "no")
    model, smaller = fitted(X, y), fitted(X[:, 1:], y)
    found = model.likelihood_ratio_test(X, y, "[yes]x0 = 0")
    assert found.statistic == pytest.approx(logistic.anova(smaller, model).table["lr"][1], rel=1e-8)
    assert model.test("[yes]x0", reference="no").statistic == pytest.approx(found.statistic, rel=0.01)
    assert model.test("[no]x0", reference="yes").statistic == pytest.approx(model.test("x0").statistic, rel=1e-10)


def test_other_rows_of_the_same_kind(tmp_path):
    """Soft targets, polars, tensors and a model from a file."""
    X, y = problem(classes=3)
    expected = fitted(X, y).likelihood_ratio_test(X, y, "a = b").statistic
    soft = np.eye(3)[y]
    assert fitted(X, soft).likelihood_ratio_test(X, soft, "a = b").statistic == pytest.approx(expected, rel=1e-9)
    frame = pytest.importorskip("polars").from_pandas(X)
    model = fitted(frame, y)
    assert model.likelihood_ratio_test(frame, y, "a = b").statistic == pytest.approx(expected, rel=1e-9)
    model.save(tmp_path / "m.safetensors")
    loaded = logistic.load(tmp_path / "m.safetensors")
    assert loaded.likelihood_ratio_test(frame, y, "a = b").statistic == pytest.approx(expected, rel=1e-9)
    assert loaded.test("a = b").statistic == model.test("a = b").statistic
    assert logistic.anova(loaded, fitted(X[["a"]], y)).table["lr"][1] > 0
    tensor = pytest.importorskip("torch").tensor(X.to_numpy())
    assert fitted(tensor, y).likelihood_ratio_test(tensor, y, "x0 = x1").statistic == pytest.approx(expected, rel=1e-9)


def test_aliased_columns():
    """What they leave open is refused by name, what they determine is tested as if one of them were not there."""
    X, y = problem()
    alone = fitted(X, y)
    Z = X.assign(twin=2 * X["a"])
    with pytest.warns(UserWarning, match="twin"):
        model = fitted(Z, y)
    for test in (model.test, lambda h: model.likelihood_ratio_test(Z, y, h), lambda h: model.score_test(Z, y, h)):
        with pytest.raises(InputError, match="hypothesis 'a = 0' cannot be tested: a, twin are combinations of each other"):
            test("b = 0, a")
    expected = alone.test("a = b").statistic, alone.likelihood_ratio_test(X, y, "a = b").statistic
    assert model.test("a + 2*twin = b").statistic == pytest.approx(expected[0], rel=1e-8)
    assert model.likelihood_ratio_test(Z, y, "a + 2*twin = b").statistic == pytest.approx(expected[1], rel=1e-8)
    assert alone.score_test(X, y, added=Z[["twin", "a"]].assign(new=np.arange(len(y)))).df == 1
    with pytest.raises(InputError, match="combinations of the model's own"):
        alone.score_test(X, y, added=Z["twin"])


def test_robust_covariances_are_used_and_named():
    """Wald tests rest on what the fit was asked for; too many hypotheses for few clusters are refused."""
    X, y = problem(p=4)
    plain, robust = fitted(X, y), LogisticRegression(C=np.inf, covariance="HC1").fit(X, y)
    assert robust.test("a = b").basis == "robust covariance HC1"
    assert robust.test("a = b").statistic != plain.test("a = b").statistic
    assert "no part in it" in robust.likelihood_ratio_test(X, y, "a = b").note
    groups = np.arange(len(y)) % 3
    clustered = LogisticRegression(C=np.inf, covariance="cluster").fit(X, y, groups=groups)
    assert clustered.test("a = b").basis == "covariance by 3 clusters"
    with pytest.raises(InputError, match="more than the covariance by 3 clusters can tell apart"):
        clustered.test(["a", "b", "c", "d"])


def test_what_has_no_likelihood_is_refused():
    """Penalised models, other rows, class weights, models without statistics."""
    X, y = problem()
    penalised = LogisticRegression(C=1.0, covariance="HC0").fit(X, y)
    for test in (penalised.test, lambda h: penalised.likelihood_ratio_test(X, y, h), lambda h: penalised.score_test(X, y, h)):
        with pytest.raises(InputError, match="fit with C=inf"):
            test("a")
    model = fitted(X, y)
    for rows in ((X, 1 - y), (X + 1, y), (X[:-1], y[:-1])):
        with pytest.raises(InputError, match="not those that the model was fitted to"):
            model.likelihood_ratio_test(*rows, "a")
    with pytest.raises(InputError, match="not those that the model was fitted to"):
        model.likelihood_ratio_test(X, y, "a", sample_weight=np.arange(len(y)))
    weighted = LogisticRegression(C=np.inf, class_weight="balanced").fit(X, y)
    with pytest.raises(InputError, match="fit without class_weight"):
        weighted.likelihood_ratio_test(X, y, "a")
    with pytest.raises(InputError, match="column 0 of X"):
        model.likelihood_ratio_test(X[["b", "a", "c"]], y, "a")
    with pytest.raises(InputError, match="pass one of the two"):
        model.score_test(X, y)
    with pytest.raises(InputError, match="added has 3 rows"):
        model.score_test(X, y, added=np.ones(3))
    model.coef_ = model.coef_ + 1
    with pytest.raises(InputError, match="does not know its rows"):
        model.likelihood_ratio_test(X, y, "a")


# -------------------------------------------------------------------------------------------------------------------- anova


def test_anova_is_a_table_of_nested_models():
    """In any order; never below zero; each against the one before."""
    X, y = problem(classes=3, p=4)
    models = [fitted(X[list(names)], y) for names in ("abcd", "a", "abc")]
    found = logistic.anova(*models)
    table = pd.DataFrame(found.table)
    assert table["df"].tolist() == [4, 8, 10]
    assert table["df_difference"].tolist()[1:] == [4, 2]
    assert (table["lr"][1:] >= 0).all()
    assert table["lr"][2] == pytest.approx(models[0].likelihood_ratio_test(X, y, "d").statistic, rel=1e-8)
    assert table["aic"][0] == pytest.approx(2 * 4 - 2 * table["log_likelihood"][0])
    assert found.added == ((), ("b", "c"), ("d",))
    assert "model 2 adds b, c" in str(found)
    assert found.to_dict()["lr"][0] is None


def test_anova_refuses_models_that_cannot_be_compared():
    """In words that name what differs."""
    X, y = problem()
    model = fitted(X, y)
    cases = [
        ((model,), "two or more"),
        ((model, 3), "model 2 is a int"),
        ((model, fitted(X[["a"]], np.where(X["b"] > 1, 1, y))), "differ in log-likelihood of the intercept alone"),
        ((model, fitted(X[["a"]][:-1], y[:-1])), r"differ in rows \("),
        ((model, fitted(X[["a"]], y + 1)), "differ in classes"),
        ((model, fitted(X[["a"]], y, sample_weight=np.full(len(y), 2.0))), "differ in total weight"),
        ((model, fitted(X[["a"]], y, offset=np.zeros(len(y)))), "differ in offset"),
        ((model, LogisticRegression(C=1.0).fit(X[["a"]], y)), "model 2: the model has an L2 penalty"),
        ((fitted(X[["a", "b"]], y), fitted(X[["a", "c"]], y)), "3 coefficients each"),
        ((fitted(X[["a", "b"]], y), fitted(X[["c"]], y)), "which has no c"),
        ((LogisticRegression(C=np.inf, fit_intercept=False).fit(X, y), fitted(X[["a"]], y)), "which has no intercept"),
    ]
    for models, message in cases:
        with pytest.raises(InputError, match=message):
            logistic.anova(*models)
    with pytest.warns(UserWarning, match="max_iter"):
        stopped = LogisticRegression(C=np.inf, max_iter=1).fit(X[["a"]], y)
    with pytest.raises(InputError, match="model 2 is not certified"):
        logistic.anova(model, stopped)


def test_anova_without_names_says_what_it_did_not_check():
    """And still sees that a larger model cannot have a smaller likelihood."""
    X, y = problem()
    found = logistic.anova(fitted(X.to_numpy()[:, :1], y), fitted(X.to_numpy(), y).model_)
    assert "cannot be seen, as columns have no names" in str(found)
    noise = np.random.default_rng(0).normal(size=(len(y), 2))
    with pytest.raises(InputError, match="not nested"):
        logistic.anova(fitted(X.to_numpy()[:, :1], y), fitted(noise, y))


# --------------------------------------------------------------------------------------------------------------- separation


def test_separated_classes_keep_their_likelihood_ratio():
    """By the supremum, in anova and in the test, whether or not what is tested stays finite; there is no score test."""
    X, y = problem(n=120)
    X["only"] = ((np.arange(len(y)) % 5 == 0) & (y == 1)).astype(float)
    X["never"] = ((np.arange(len(y)) % 7 == 0) & (y == 0)).astype(float)
    with pytest.warns(SeparationWarning):
        model = fitted(X, y)
    for dropped in (["only"], ["a"], ["a", "never"], ["only", "never"]):
        rest = X.drop(columns=dropped)
        if set(dropped) == {"only", "never"}:
            smaller = fitted(rest, y)
        else:
            with pytest.warns(SeparationWarning):
                smaller = fitted(rest, y)
        table = logistic.anova(model, smaller)
        found = model.likelihood_ratio_test(X, y, dropped)
        assert found.statistic == pytest.approx(table.table["lr"][1], rel=1e-8)
        assert "supremum" in found.note
        assert "classes are separated in model" in str(table)
    with pytest.raises(InputError, match="use the likelihood ratio"):
        model.score_test(X, y, "a")
    with pytest.raises(InputError, match="separated"):
        model.test("a")
