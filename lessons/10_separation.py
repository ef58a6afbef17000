# ---
# title: Separation, and Firth's answer
# minutes: 14
# ---

# %% [markdown]
# # Separation, and Firth's answer
#
# After this lesson you can
#
# - say why some likelihoods have no maximum, and recognise them;
# - predict how coefficients grow when a program does not notice;
# - explain why a Wald test fails exactly where the effect is strongest;
# - report a finite estimate with an honest interval.

# %% [markdown]
# ## The idea
#
# Six rows: x is 1 to 6, and the label is 1 from 4 on. Which logistic curve fits best? A steep one is good. A steeper one is
# better: each row comes nearer to probability one for its own label. There is no best curve, only a better one. The coefficient
# "is" infinite, and what a program prints is where it gave up.
#
# This is *separation*. Separated rows are no disaster: often the column is the best one you have. The disaster is a finite number
# in a table that nothing stands behind.

# %% [markdown]
# ## Words and symbols
#
# | in words | in symbols |
# |---|---|
# | complete separation: a direction has every row on its right side | $d$ with $d \cdot x_i > 0$ for class 1, $< 0$ for class 0 |
# | quasi-separation: none on the wrong side, some on the line | the same with $\ge$ and $\le$; some rows have $=$, but not all |
# | supremum: what the log-likelihood nears and never reaches | $\sup \log L$ |
# | information about the coefficients | $I = \sum_i p_i (1 - p_i) x_i x_i^T$ |
# | Wald's statistic | $z = w / \sqrt{(I^{-1})_{ww}}$ |

# %% [markdown]
# ## Predict first
#
# Gradient descent on the six rows, learning rate 1. After 100 steps the slope is about 4.6. How large is it after 10,000 steps?
#
# a) about 460, b) about 13, c) still about 4.6

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression as ScikitLearn
from torch.nn.functional import binary_cross_entropy_with_logits as binary

from logistic import LogisticRegression, SeparationWarning, datasets, solvers
from logistic.learn import exercise, says

x, y = np.arange(1.0, 7.0) - 3.5, np.array([0, 0, 0, 1, 1, 1])  # the intercept stays 0

w, slopes = 0.0, []
for _ in range(10_000):
    w -= ((1 / (1 + np.exp(-w * x)) - y) * x).mean()
    slopes.append(w)

t_x, t_y = torch.tensor(x), torch.tensor(y).double()
t_w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
optimiser = torch.optim.SGD([t_w], lr=1.0)
for _ in range(1000):
    optimiser.zero_grad()
    binary(t_w * t_x, t_y).backward()
    optimiser.step()
assert np.isclose(t_w.item(), slopes[999], rtol=1e-12)

each_ten = [slopes[10**k - 1] for k in (1, 2, 3, 4)]
print("growth for ten times the steps:", np.diff(each_ten))

figure, ax = plt.subplots(figsize=(6, 3.2), constrained_layout=True)
ax.semilogx(np.arange(1, 10_001), slopes, color="#0072B2", linewidth=2, label="slope")
steps = np.array([30, 10_000])
line = slopes[-1] + 2 * np.log(steps / 10_000)
ax.semilogx(steps, line, color="#D55E00", linestyle="--", label="2 ln(steps) + const.")
ax.set(xlabel="steps of gradient descent", ylabel="slope")
ax.set_title("Separated rows: no step is the last")
ax.legend()

# %%
says("4.6", slopes[99])
says("13", slopes[9999])
says("460", 100 * round(slopes[99], 1))
says("100", len(slopes[:100]))
says("10,000", len(slopes))

# %% [markdown]
# b). On an axis of logarithms the slope becomes a straight line. Far out, the loss falls like $e^{-wm}$, where $m$ is the
# distance of the nearest rows from the cut, here 0.5. Its gradient shrinks as fast as itself, so $w$ grows like
# $\ln(\text{steps}) / m$: about 4.6 more for every ten times the steps, for ever. "Raise `max_iter`" is bad advice here.

# %%
says("0.5", abs(x).min())
says("4.6", np.log(10) / abs(x).min())
says("4.6", slopes[9999] - slopes[999])

# %% [markdown]
# ## Why Wald's test fails
#
# A steep curve leaves little information: all $p_i (1 - p_i)$ are near zero. The standard error is one over the root of the
# information, and it explodes faster than the slope grows.

# %%
D = np.column_stack([x, np.ones(6)])
print(" slope  std. error      z")
z = {}
for slope in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
    p = 1 / (1 + np.exp(-slope * x))
    error = np.sqrt(np.linalg.inv(D.T @ (D * (p * (1 - p))[:, None]))[0, 0])
    z[slope] = slope / error
    print(f"{slope:6.1f}{error:12.2f}{z[slope]:7.3f}")

# %%
says("1.29", max(z.values()))
says("0.21", z[16.0])

# %% [markdown]
# $z$ rises to 1.29, then falls: 0.21 at slope 16, and zero in the limit. The stronger the effect, the less "significant" it
# looks. Hauck and Donner described this in 1977; it bends Wald's test near separation too, not only at it. A table with a huge
# coefficient, a huger error and a p-value near one is the mark of separation, not of a column without effect.

# %%
says("16", max(z))

# %% [markdown]
# ## What the library says
#
# It looks for a direction that separates, by a linear programme, and names the columns, the classes and the limits. Iris, all
# three species:

# %%
iris = datasets.load("iris", as_frame=True)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always", SeparationWarning)
    model = LogisticRegression(C=np.inf).fit(iris.X, iris.y)
print(told[0].category.__name__, "\n")
print(model.summary())

rest = iris.y != "setosa"
two = LogisticRegression(C=np.inf).fit(iris.X[rest], iris.y[rest])
supremum, maximum = model.certificate_.limit.supremum, two.glance()["log_likelihood"][0]

# %%
says("-5.94927339567942", supremum)
says("-5.94927339567942", maximum)

# %% [markdown]
# Setosa can be told from the others with certainty; versicolor and virginica overlap. So the log-likelihood nears
# -5.94927339567942 and never gets there. That is exactly the maximum of the two species that overlap, and their part of the table
# is exact. The coefficients of setosa run away, and not all ways to the supremum agree where to, so they stay "undetermined".

# %% [markdown]
# ## A small table, quasi-separated
#
# Thirty patients; all ten who got the drug are well. Among the twenty others the dose of an older treatment matters.

# %%
drug = np.repeat([1.0, 0.0], [10, 20])
dose = np.tile(np.arange(1.0, 11.0), 3)
others = [0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1]
well = np.array([1] * 10 + others)

trial = pd.DataFrame({"drug": drug, "dose": dose})
outcome = np.where(well == 1, "well", "ill")
print(pd.crosstab(drug, outcome, rownames=["drug"], colnames=["outcome"]), "\n")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SeparationWarning)
    plain = LogisticRegression(C=np.inf).fit(trial, outcome)
print(plain.summary(), "\n")
print(plain.likelihood_ratio_test(trial, outcome, "drug = 0"), "\n")
print(plain.confint(trial, outcome))

# %% [markdown]
# And Newton's method by hand, as most programs run it, stopped after twenty steps:

# %%
limits = plain.certificate_.limit.contrasts()[1]
assert np.isposinf(limits[0])
interval = plain.confint(trial, outcome)
assert np.isposinf(interval.high[0, 0])

D = np.column_stack([drug, dose, np.ones(30)])
b = np.zeros(3)
for _ in range(20):
    p = 1 / (1 + np.exp(-D @ b))
    information = D.T @ (D * (p * (1 - p))[:, None])
    b += np.linalg.solve(information, D.T @ (well - p))
error = np.sqrt(np.linalg.inv(information)[0, 0])
p_value = 2 * norm.sf(b[0] / error)
print(f"Newton: estimate {b[0]:.1f}, standard error {error:.0f}, p = {p_value:.3f}")

# %%
says("0.5259", limits[1])
says("0.00015", plain.likelihood_ratio_test(trial, outcome, "drug = 0").p)
says("2.23", interval.low[0, 0])
says("22.2", b[0])
says("6,907", error)
says("0.997", p_value)

# %% [markdown]
# One coefficient is infinite; that of `dose` is finite and exact, 0.5259. The likelihood still answers questions. The
# likelihood-ratio test of the drug has p = 0.00015, and the profile interval says: at least 2.23, with no upper end. Those are
# honest statements about thirty rows. Newton's method stopped after twenty steps says "estimate 22.2, standard error 6,907, p =
# 0.997". That is what many programs print.

# %% [markdown]
# ## Firth's answer
#
# Firth (1993) adds half the logarithm of the determinant of the information to the log-likelihood:
#
# $$\log L(w) + \frac{1}{2} \log \det I(w)$$
#
# Far out the information vanishes and its logarithm falls without end, so there is always a maximum. It removes the first-order
# bias of maximum likelihood, does not depend on units, and fades as rows come in. By hand in PyTorch, and in the library:

# %%
firth = LogisticRegression(C=np.inf, bias="firth").fit(trial, outcome)

D = torch.tensor(np.column_stack([drug, dose, np.ones(30)]))
t = torch.tensor(well).double()
b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
to_the_end = {"max_iter": 200, "tolerance_grad": 1e-12, "tolerance_change": 1e-16}
optimiser = torch.optim.LBFGS([b], line_search_fn="strong_wolfe", **to_the_end)


def negative():
    """Minus the penalised log-likelihood."""
    optimiser.zero_grad()
    p = torch.sigmoid(D @ b)
    information = D.T @ (D * (p * (1 - p))[:, None])
    value = binary(D @ b, t, reduction="sum") - torch.logdet(information) / 2
    value.backward()
    return value


optimiser.step(negative)
print("PyTorch", b.detach().numpy())
print("library", firth.coef_[0], firth.intercept_)
assert np.allclose(b.detach().numpy(), [*firth.coef_[0], *firth.intercept_], rtol=1e-6)

# With one column of zeros and ones, Firth adds one half to each count of the table.
alone = LogisticRegression(C=np.inf, bias="firth").fit(trial[["drug"]], outcome)
a, c = well[:10].sum(), well[10:].sum()
by_hand = np.log((a + 0.5) * (20 - c + 0.5) / ((10 - a + 0.5) * (c + 0.5)))
assert np.isclose(alone.coef_[0, 0], by_hand, rtol=1e-10)

print(firth.confint(trial, outcome))
ends = firth.confint(trial, outcome)
wald = firth.tidy()

# %%
says("3.96", firth.coef_[0, 0])
says("1.35", ends.low[0, 0])
says("9.06", ends.high[0, 0])
says("0.50", wald.low[0])
says("7.42", wald.high[0])

# %% [markdown]
# The drug's coefficient is 3.96, with a profile interval from 1.35 to 9.06. Wald's interval, 0.50 to 7.42, is symmetric where the
# likelihood is not; take the profile one. Firth's estimate still rests on ten rows and a rule. The interval says so.
#
# What about a penalty? `C=1` is finite too, but its answer depends on the units of the columns. And dropping the column hides the
# best predictor there is.

# %% [markdown]
# ## Break it
#
# Ask a program that does not look, with four tolerances. No warning comes.

# %%
found = []
for tol in (1e-2, 1e-4, 1e-6, 1e-8):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # any warning would stop this lesson
        theirs = ScikitLearn(C=np.inf, tol=tol, max_iter=1000).fit(x[:, None], y)
    found.append(theirs.coef_[0, 0])
    print(f"tol = {tol:g}: slope {found[-1]:.1f}, 'converged'")
assert (np.diff(found) > 1).all()

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SeparationWarning)
    descent = solvers.GD(lr=1.0, epochs=1000)
    same = LogisticRegression(C=np.inf, solver=descent).fit(x[:, None], y)
print("the library's own gradient descent:", same.coef_[0, 0])
print("its verdict:", same.certificate_.status.word)
assert np.isclose(same.coef_[0, 0], slopes[999], rtol=1e-9)

# %% [markdown]
# Four tolerances, four slopes, all "converged". A small gradient means that little is left to gain, not that the answer is near.
# The last lines are the gradient descent of the start, with the same slope; but it ends in a diagnosis.

# %% [markdown]
# ## Exercise 1
#
# One column `x` and labels `y` of 0 and 1. Return "complete", "quasi" or "overlap". Both directions count, and a column that is
# constant separates nothing.


# %%
def kind(x, y):
    # x (n,), y (n,) of 0 and 1, both there -> a word
    return ...  # your lines


exercise("separation.1", kind)

# %% [markdown]
# ## Exercise 2
#
# For a table of counts [[a, b], [c, d]], rows the two groups, columns well and ill, return Firth's coefficient of the group: the
# logarithm of the odds ratio of the first row against the second, with one half added where it belongs.


# %%
def firth_coefficient(table):
    # table (2, 2) -> a number
    return ...  # your lines


exercise("separation.2", firth_coefficient)

# %% [markdown]
# ## What to remember
#
# - Separated classes have no maximum-likelihood estimate. Coefficients grow like the logarithm of the steps.
# - Near separation Wald's z and p are worth nothing. Likelihood-ratio tests and profile intervals still work.
# - Firth's estimate is finite, and the same in any units; report it with a profile interval.
# - "Converged" is no certificate.

# %% [markdown]
# ## For teachers
#
# About half an hour with both exercises. The common misconception is that more iterations cure everything; let the class vote on
# the prediction before the cell. Ask: is a perfect predictor bad news? Those short of time can skip the PyTorch version of Firth.
# A good continuation: how many of the published tables that you know have an error a hundred times the size of the others?
