# ---
# title: Odds ratios and intervals
# minutes: 15
# ---

# %% [markdown]
# # Odds ratios and intervals
#
# After this lesson you can
#
# - say what an odds ratio does to a probability, and what it does not;
# - choose between Wald, likelihood-ratio and profile answers, and between plain and clustered errors;
# - put a marginal effect beside an odds ratio;
# - read "p > 0.05" as what it is.

# %% [markdown]
# ## The idea
#
# A coefficient of logistic regression is a change of the logit. Its exponential multiplies the odds: that is the odds ratio. It
# is one number, the same for every row, and therefore handy. It is not the number that most readers think they see. They read
# "twice the odds" as "twice as probable", and a wide interval as "no effect". This lesson computes what happens instead.

# %% [markdown]
# ## Words and symbols
#
# | in words | in symbols |
# |---|---|
# | odds ratio of one unit | $\text{OR} = e^{b}$ |
# | risk ratio, risk difference | $p_1 / p_0$, $p_1 - p_0$ |
# | Wald interval of $b$, from its standard error $s$ | $b \pm 1.96 \, s$ |
# | likelihood-ratio statistic of the value $v$ | $D(v) = 2 (\max \log L - \max_{b = v} \log L)$ |
# | profile interval: all values not rejected | all $v$ with $D(v) \le 3.84$ |
#
# Ends of an interval are made on the scale of $b$. Then all three numbers go through the exponential.

# %% [markdown]
# ## Predict first
#
# A drug doubles the odds. Your chance without it is 50 %. What is it with it?
#
# a) 100 %, b) 67 %, c) 52 %

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import chi2, norm
from torch.nn.functional import binary_cross_entropy_with_logits as binary

from logistic import LogisticRegression, datasets, inference
from logistic.learn import exercise, says

odds_ratio, limit = 2.0, 0.05
z95, level = norm.ppf(1 - limit / 2), chi2.ppf(1 - limit, 1)
before = np.array([0.01, 0.10, 0.50, 0.90])
odds = before / (1 - before) * odds_ratio
after = odds / (1 + odds)
table = pd.DataFrame({"before": before, "after": after})
table["risk ratio"], table["difference"] = after / before, after - before
print(table.round(4))

# %%
says("95 %", 1 - limit)
says("0.05", limit)
says("1.96", z95)
says("3.84", level)
says("50 %", before[2])
says("100 %", odds_ratio * before[2])
says("67 %", after[2])
says("52 %", before[2] + odds_ratio / 100)
says("1 %", before[0])
says("1.98", after[0] / before[0])
says("90 %", before[3])
says("1.05", after[3] / before[3])

# %% [markdown]
# b). Odds of 1 become odds of 2, which is 67 %. At 1 % the risk ratio is 1.98, nearly the odds ratio; at 90 % it is 1.05. An odds
# ratio may be read as a risk ratio only where the outcome is rare in *both* groups.

# %% [markdown]
# ## Three answers for one coefficient
#
# A small trial: 9 of 14 treated patients recover, and 3 of 12 others. NumPy by the formula for such a table, PyTorch by the
# Hessian of the log-likelihood, and the library:

# %%
treated = np.repeat([1.0, 0.0], [14, 12])
recovers = np.repeat([1, 0, 1, 0], [9, 5, 3, 9])
trial = pd.DataFrame({"treated": treated})
outcome = np.where(recovers == 1, "well", "ill")
model = LogisticRegression(C=np.inf).fit(trial, outcome)
row = model.tidy().iloc[0]

b, s = np.log(9 * 9 / (5 * 3)), np.sqrt(1 / 9 + 1 / 5 + 1 / 3 + 1 / 9)

D = torch.tensor(np.column_stack([treated, np.ones(26)]))
t = torch.tensor(recovers).double()
at = torch.tensor([row.estimate, model.intercept_[0]], dtype=torch.float64)


def minus_log_likelihood(w):
    return binary(D @ w, t, reduction="sum")


hessian = torch.autograd.functional.hessian(minus_log_likelihood, at)
error = torch.linalg.inv(hessian)[0, 0].sqrt().item()
assert np.allclose([b, s], [row.estimate, row.std_error], rtol=1e-9)
assert np.isclose(error, s, rtol=1e-9)

ratio_test = model.likelihood_ratio_test(trial, outcome, "treated = 0")
profile = model.confint(trial, outcome)
wald = np.exp([b - z95 * s, b + z95 * s])
likely = np.exp([profile.low[0, 0], profile.high[0, 0]])
print(f"odds ratio        {np.exp(b):.2f}")
print(f"Wald              {wald[0]:.2f} to {wald[1]:.2f}, p = {row.p:.4f}")
print(f"likelihood ratio  {likely[0]:.2f} to {likely[1]:.2f}, p = {ratio_test.p:.4f}")

values = np.linspace(-1, 5, 61)
deviance = [
    model.likelihood_ratio_test(trial, outcome, f"treated = {v}").statistic
    for v in values.round(3)
]
figure, ax = plt.subplots(figsize=(6, 3.4), constrained_layout=True)
ax.plot(values, deviance, color="#0072B2", linewidth=2, label="likelihood ratio")
parabola = ((values - b) / s) ** 2
ax.plot(values, parabola, color="#D55E00", linestyle="--", label="Wald: a parabola")
ax.axhline(level, color="0.4", linestyle=":", label="limit of 95 %")
ax.set(xlabel="log-odds ratio", ylabel="statistic", ylim=(0, 10))
ax.set_title("Which values do the rows speak against?")
ax.legend()

# %%
says("14", (treated == 1).sum())
says("5.4", np.exp(b))
says("0.052", row.p)
says("0.042", ratio_test.p)
says("0.98", wald[0])
says("1.06", likely[0])

# %% [markdown]
# The odds ratio is 5.4. Wald says p = 0.052 and an interval from 0.98; the likelihood ratio says 0.042 and from 1.06. Look at the
# figure: the likelihood is not a parabola. It rises more steeply to the left, toward zero, and less to the right. Wald draws the
# parabola that touches it at the bottom. With many rows the two agree; where they do not, trust the profile. And do not let a
# paper hang on which side of 0.05 a number falls: both answers say the same about the drug.

# %% [markdown]
# ## Rows that are not independent
#
# 40 clinics with 25 patients each; the treatment is given to whole clinics, and clinics differ. Plain errors count 1,000
# independent rows. Robust errors by row do the same. Errors by cluster count clinics.

# %%
rng = np.random.default_rng(0)
clinic = np.repeat(np.arange(40), 25)
given = (rng.permutation(40) % 2)[clinic]
people = pd.DataFrame({"treated": given * 1.0, "age": rng.normal(50, 10, 1000)})
logit = -0.5 + 0.5 * people["treated"] + 0.08 * (people["age"] - 50)
logit += rng.normal(0, 1, 40)[clinic]  # what the patients of a clinic share
people_well = np.where(rng.random(1000) < 1 / (1 + np.exp(-logit)), "well", "ill")

errors = {}
for covariance, groups in (("observed", None), ("HC1", None), ("cluster", clinic)):
    found = LogisticRegression(C=np.inf, covariance=covariance)
    found.fit(people, people_well, groups=groups)
    line = errors[covariance] = found.tidy().iloc[0]
    print(covariance, line[["estimate", "std_error", "p"]].to_dict())
steps = {"treated": (0, 1), "age": 10}
effect = inference.avg_comparisons(found, people, variables=steps)
print(effect)

# %%
says("40", clinic.max() + 1)
says("25", (clinic == 0).sum())
says("1,000", clinic.size)
says("0.13", errors["observed"].std_error)
says("0.13", errors["HC1"].std_error)
says("0.28", errors["cluster"].std_error)
says("7.8", 100 * effect.table["estimate"][0])
says("14.6", 100 * effect.table["estimate"][1])
says("-4.8", 100 * effect.table["low"][0])
says("20.3", 100 * effect.table["high"][0])
says("12.6", 100 * effect.table["low"][1])
says("16.6", 100 * effect.table["high"][1])

# %% [markdown]
# The estimate is the same, its error 0.13 or 0.28. Whoever ignores the clinics claims twice the precision that is there.
#
# The last table is what most readers want: average differences in probability, with errors by the delta method. Treatment goes
# with 7.8 percentage points (-4.8 to 20.3), ten years of age with 14.6 (12.6 to 16.6). Give it beside the odds ratio, and say over which rows it was averaged.

# %% [markdown]
# ## Odds ratios do not average
#
# Now a perfect experiment, without chance: half the people have a gene, half of each are treated, and in each half the treatment
# adds 1.5 to the logit. The gene has nothing to do with who is treated, so nothing is confounded. What is the odds ratio if
# nobody measured the gene?

# %%
gene, drug = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
p = 1 / (1 + np.exp(-(-2 + 4 * gene + 1.5 * drug)))
rows = pd.DataFrame({"drug": np.tile(drug, 2) * 1.0, "gene": np.tile(gene, 2) * 1.0})
well, share = np.repeat([1, 0], 4), np.concatenate([p, 1 - p])
with_gene = LogisticRegression(C=np.inf).fit(rows, well, sample_weight=share)
without = LogisticRegression(C=np.inf).fit(rows[["drug"]], well, sample_weight=share)

differences = [
    inference.avg_comparisons(one, X, variables={"drug": (0, 1)}).table["estimate"][0]
    for one, X in ((with_gene, rows), (without, rows[["drug"]]))
]
print("odds ratios     ", np.exp([with_gene.coef_[0, 0], without.coef_[0, 0]]))
print("risk differences", np.array(differences))
assert np.isclose(*differences, rtol=1e-9)

# %%
says("1.5", with_gene.coef_[0, 0])
says("4.5", np.exp(with_gene.coef_[0, 0]))
says("2.1", np.exp(without.coef_[0, 0]))
says("17.4", 100 * differences[0])

# %% [markdown]
# With the gene in the model the odds ratio is 4.5, in either half. Without it, 2.1. Neither is biased: the first is for a person
# whose gene is known, the second for a person from the mixed crowd. The risk difference is 17.4 points either way. So odds ratios
# from models with different columns cannot be compared as if they measured one thing, and a change of a coefficient when a column
# is added is no proof of confounding.

# %% [markdown]
# ## A coefficient is no importance
#
# Take columns that say nearly the same: the radius and the perimeter of the tumours of [lesson 1](01_odds.py).

# %%
tumours = datasets.load("breast_cancer", as_frame=True)
size, shape = ["mean radius", "mean perimeter"], ["mean concavity"]
beside = {}
for names in (size[:1], size, size + shape):
    told = LogisticRegression(C=np.inf).fit(tumours.X[names], tumours.y)
    beside[len(names)] = told.tidy().iloc[0]  # of the radius
    print(len(names), "columns:", beside[len(names)][["estimate", "p"]].to_dict())
alike = np.corrcoef(tumours.X[size].T)[0, 1]
line = told.tidy()
both = told.test("`mean radius` = 0, `mean perimeter` = 0")
print(both)

# %%
says("0.998", alike)
says("1.03", beside[1].estimate)
says("-5.74", beside[2].estimate)
says("0.61", line.p[0])
says("0.25", line.p[1])
says("3.1e-17", both.p)

# %% [markdown]
# Their correlation is 0.998. Alone, the radius has a coefficient of 1.03; beside the perimeter it is -5.74, as if large tumours
# were harmless. It now answers another question: what if the radius grows and the perimeter *stays*? With the concavity as well,
# the two have p = 0.61 and 0.25, and a table would call each "not significant"; tested together, $p = 3.1 \times 10^{-17}$. Size
# matters; which of two names for it does, the rows cannot say. So do not rank columns by their coefficients or by p.

# %% [markdown]
# ## Break it
#
# "p > 0.05, so the treatment has no effect." We know that it has one: the odds ratio is 2. Two hundred trials of 100 patients:

# %%
rng = np.random.default_rng(1)
half = pd.DataFrame({"treated": np.repeat([0.0, 1.0], 50)})
tables = []
for _ in range(200):
    seen = rng.random(100) < np.repeat([0.5, after[2]], 50)
    tables.append(LogisticRegression(C=np.inf).fit(half, seen).tidy().iloc[0])
found = pd.DataFrame(tables)
covered = ((found.low <= np.log(2)) & (np.log(2) <= found.high)).mean()
print(f"'no effect' in {(found.p > limit).mean():.1%} of the trials")
print(f"the interval holds the true effect in {covered:.1%}")

# %%
says("100", len(half))
says("57 %", (found.p > limit).mean())
says("95 %", covered)

# %% [markdown]
# 57 % of these trials would report "no effect", and all of them would be wrong. In 95 % the *interval* holds the truth. Report
# it: a wide one says "we do not know yet", which p alone cannot say.

# %% [markdown]
# ## Exercise 1
#
# A probability `p`, and its odds are multiplied by `odds_ratio`. Return the new probability, also for p = 0 and p = 1.


# %%
def new_probability(p, odds_ratio):
    # Return a probability
    return ...  # your line


exercise("ratios.1", new_probability)

# %% [markdown]
# ## Exercise 2
#
# A coefficient, its standard error, and a step of the column such as ten years (or -2). Return the odds ratio of that step, and
# the low and the high end of its 95 % Wald interval.


# %%
def odds_ratio_of(estimate, std_error, change):
    # Return (ratio, low, high)
    return ...  # your lines


exercise("ratios.2", odds_ratio_of)

# %% [markdown]
# ## What to remember
#
# - An odds ratio multiplies odds. Say for which unit, against which level, with which other columns.
# - Make intervals in log-odds, then take the exponential. In small samples take the profile.
# - Rows of one clinic, pupil or machine are not independent: cluster.
# - Put a difference in probability beside the ratio. It averages; odds ratios do not.
# - A coefficient depends on the columns beside it. It is no importance; test columns that belong together at once.
# - p above a limit is absence of proof. The interval says what remains possible.

# %% [markdown]
# ## For teachers
#
# About half an hour with both exercises. The common misconception is that a ratio of odds is a ratio of risks; the table at the
# start takes five minutes and stays with a class. Non-collapsibility surprises even those who have used odds ratios for years:
# let them guess the number first. Those short of time can skip clusters. Ask: which number of our last report would a patient
# understand?
