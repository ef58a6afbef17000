# ---
# title: Scaling, leakage and real units
# minutes: 14
# ---

# %% [markdown]
# # Scaling, leakage and real units
#
# After this lesson you can
#
# - put columns on one scale with numbers that come from the training rows alone;
# - say what a leak costs, and which leaks cost most;
# - explain why gradient descent stalls on raw columns while another solver does not;
# - bring coefficients back to the units of the data, one intercept for each class.

# %% [markdown]
# ## The idea
#
# A column has a unit: square micrometres, shares of one, years. A model does not care. If an area is told in other units, the
# coefficient changes to match, and every probability stays as it was. Three things do care: gradient descent, a penalty (the next
# lesson), and a person who reads the coefficients. So we scale columns for the machine and unscale coefficients for people.
#
# Scaling learns two numbers from each column. Whatever is learned from rows must be learned from *training* rows. If test rows
# take part, they have leaked, and the test is no longer a test.

# %% [markdown]
# ## Words and symbols
#
# | in words | in symbols |
# |---|---|
# | mean and standard deviation of column $j$ over the training rows | $m_j$, $s_j$ |
# | the scaled column: standard deviations above the mean | $z_j = (x_j - m_j) / s_j$ |
# | logit of class $k$ from scaled columns | $b_k + \sum_j W_{jk} z_j$ |
# | the same logit from raw columns | $b_k - \sum_j W_{jk} m_j / s_j + \sum_j (W_{jk} / s_j) x_j$ |
#
# The last line is the second one put into the third. It is all there is to know about units: coefficient $W_{jk} / s_j$, and for
# **each class** its own intercept.

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from logistic import LogisticRegression, data_units, datasets, solvers
from logistic.learn import exercise, says

train = np.array([[1.0, 100.0], [3.0, 500.0], [5.0, 300.0]])
new = np.array([[2.0, 200.0]])
mean, sd = train.mean(axis=0), train.std(axis=0)
z = (new - mean) / sd
print("NumPy  ", z)

t_train, t_new = torch.tensor(train), torch.tensor(new)
t_z = (t_new - t_train.mean(dim=0)) / t_train.std(dim=0, correction=0)
print("PyTorch", t_z.numpy())
assert np.allclose(z, t_z.numpy(), atol=1e-15)

ratio = float(t_train.std(dim=0)[0]) / sd[0]
print("PyTorch's deviation over NumPy's, if nothing is said:", ratio)

# %% [markdown]
# NumPy divides by $n$ inside the deviation, PyTorch by $n - 1$ unless it is told `correction=0`. Either is fine. Mixing the two
# is not: here the deviations differ by 22 %.

# %%
says("22 %", ratio - 1)

# %% [markdown]
# ## Predict first
#
# 178 wines of three cultivars, 13 measures. A hundred times we hold out three wines of ten, and fit twice: once scaled by the
# training rows (honest), once by all rows (leaked). By how much does the leaked loss on the held-out wines look better?
#
# a) by a tenth or more, b) by about one in a hundred, c) by nothing that can be seen

# %%
wine = datasets.load("wine")


def held_out_losses(seed):
    """Log loss of held-out rows, scaled honestly and with a leak."""
    how = {"test_size": 0.3, "random_state": seed, "stratify": wine.y}
    A, B, y_a, y_b = train_test_split(wine.X, wine.y, **how)
    found = []
    for source in (A, wine.X):
        center, scale = source.mean(axis=0), source.std(axis=0)
        model = LogisticRegression(C=1.0).fit((A - center) / scale, y_a)
        found.append(model.metrics((B - center) / scale, y_b).log_loss)
    return found


honest, leaked = np.array([held_out_losses(seed) for seed in range(100)]).T
gain = honest - leaked
print(f"honest {honest.mean():.4f}, leaked {leaked.mean():.4f}")
print(f"gain {gain.mean():.4f} +- {gain.std() / 10:.4f}")
print(f"the split alone moves the loss by {honest.std():.4f}")

# %%
says("178", len(wine.y))
says("13", wine.X.shape[1])
says("0.0691", honest.mean())
says("0.0694", leaked.mean())
says("0.024", honest.std())

# %% [markdown]
# c). The honest loss is 0.0691 on average, the leaked one 0.0694, if anything worse. Chance in the split moves it by 0.024. The
# leak is small because means and deviations never looked at the labels. It is still wrong, and it costs nothing to do right; but
# it is not why your model fails in use.

# %% [markdown]
# ## The leak that matters
#
# Now let a step look at the labels before the split. 60 rows, 1,000 columns of pure noise, labels that have nothing to do with
# them: on average no model can be right more than half the time. We keep the ten columns that go best with the labels, once
# chosen on the training rows, once on all rows.


# %%
def best_ten(X, y):
    """The ten columns that differ most between the classes."""
    gap = abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)) / X.std(axis=0)
    return np.argsort(-gap)[:10]


rng = np.random.default_rng(0)
y = np.repeat([0, 1], 30)
scores = []
for _ in range(100):
    X, rows = rng.normal(size=(60, 1000)), rng.permutation(60)
    learn, test = rows[:40], rows[40:]
    scores.append([])
    for seen in (learn, rows):
        kept = best_ten(X[seen], y[seen])
        model = LogisticRegression(C=1.0).fit(X[np.ix_(learn, kept)], y[learn])
        scores[-1].append(model.score(X[np.ix_(test, kept)], y[test]))
honest_accuracy, leaked_accuracy = np.array(scores).T

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
outline = {"histtype": "step", "linewidth": 2, "label": ["honest", "leaked"]}
outline |= {"color": ["#0072B2", "#D55E00"], "linestyle": ["-", "--"]}
left.hist([honest, leaked], bins=15, **outline)
shares = np.linspace(0.175, 1.025, 18)
right.hist([honest_accuracy, leaked_accuracy], bins=shares, **outline)
for ax in (left, right):
    ax.set_ylabel("repeats of 100")
    ax.legend()
left.set(xlabel="held-out log loss", title="Scaled before the split: wine")
right.set(xlabel="held-out accuracy", title="Columns chosen before the split: noise")

# %%
says("60", len(y))
says("1,000", X.shape[1])
says("49 %", honest_accuracy.mean())
says("84 %", leaked_accuracy.mean())

# %% [markdown]
# On the left the two outlines are nearly one. On the right the leak turns noise into 84 % accuracy where the truth is 49 %, a
# coin. Choosing columns, replacing categories by the mean of their labels, and removing "outliers" by residual all look at the
# labels. Do them inside the split, on training rows. In scikit-learn a `Pipeline` does this for every step.

# %% [markdown]
# ## Why gradient descent stalls
#
# Breast tumours, two columns: mean smoothness (about 0.1) and mean area (about 655). A gradient step has one length for all
# coefficients. It must be short enough for the column with the big numbers, and is then far too short for the other. How much too
# short is the *condition number*: largest over smallest curvature of the loss.

# %%
tumours = datasets.load("breast_cancer", as_frame=True)
X, y = tumours.X[["mean smoothness", "mean area"]].to_numpy(), np.asarray(tumours.y)
center, scale = X.mean(axis=0), X.std(axis=0)
Z = (X - center) / scale

best = LogisticRegression(C=np.inf).fit(X, y)
p = best.predict_proba(X)[:, 1]


def condition_number(columns):
    """Of the Hessian of the mean log loss at the optimum, intercept included."""
    D = np.column_stack([columns, np.ones(len(columns))])
    curvature = np.linalg.eigvalsh(D.T @ (D * (p * (1 - p))[:, None]) / len(D))
    return curvature[-1] / curvature[0]


steps, gaps = 300, {}
for name, columns in (("raw", X), ("scaled", Z)):
    D = np.column_stack([columns, np.ones(len(columns))])
    # One over the largest curvature that the loss has anywhere: with it the loss never rises.
    safe = 4 / np.linalg.eigvalsh(D.T @ D / len(D))[-1]
    with warnings.catch_warnings():  # the library would say that no certificate came
        warnings.simplefilter("ignore", ConvergenceWarning)
        descent = solvers.GD(lr=safe, epochs=steps)
        run = LogisticRegression(C=np.inf, tol=0, solver=descent).fit(columns, y)
    gaps[name] = run.history_["objective"][: steps + 1] - best.certificate_.value
    gap, accuracy = gaps[name][steps], run.score(columns, y)
    print(f"{name:6} learning rate {safe:.3g}: gap {gap:.2g}, accuracy {accuracy:.3f}")

figure, ax = plt.subplots(figsize=(6, 3.4), constrained_layout=True)
ax.semilogy(gaps["raw"], color="#D55E00", linestyle="--", linewidth=2, label="raw")
ax.semilogy(gaps["scaled"], color="#0072B2", linewidth=2, label="scaled")
ax.set(xlabel="steps of gradient descent", ylabel="loss above the optimum")
ax.set_title("One model, two scales")
ax.legend()
assert gaps["scaled"][steps] < 1e-8

# %%
says("0.1", center[0])
says("655", center[1])
says("2.7e9", condition_number(X))
says("13", condition_number(Z))
says("0.47", gaps["raw"][steps])

# %% [markdown]
# The dashed line is flat: on raw columns the loss is still 0.47 above the optimum after as many steps as bring the scaled columns
# within `1e-8` of it. The condition number is $2.7 \times 10^9$ raw and 13 scaled. A flat loss curve is no proof of an optimum.
#
# The solver that the library chooses by itself centres and scales inside, and certifies the end. Units cost it nothing:

# %%
scaled = LogisticRegression(C=np.inf).fit(Z, y)
print("iterations: raw", best.n_iter_[0], "scaled", scaled.n_iter_[0])
print("certified gaps:", best.certificate_.gap, scaled.certificate_.gap)
W, b = data_units(scaled.coef_, scaled.intercept_, (center, scale))
print("raw fit          ", best.coef_[0], best.intercept_)
print("scaled, unscaled ", W[0], b)
assert np.allclose(W, best.coef_, rtol=1e-12)
assert np.allclose(b, best.intercept_, rtol=1e-12)

# %% [markdown]
# ## Back to real units
#
# One number for each column and class, and one intercept for each class, by hand, in NumPy and in PyTorch. Three cultivars of
# wine, all 13 columns; a small penalty keeps the optimum finite.

# %%
center, scale = wine.X.mean(axis=0), wine.X.std(axis=0)
fitted = LogisticRegression(C=1.0).fit((wine.X - center) / scale, wine.y)
W, b = fitted.coef_.T, fitted.intercept_  # W is (13, 3): columns by classes
W_units = W / scale[:, None]
b_units = b - (W_units * center[:, None]).sum(axis=0)

t_w, t_b, t_center, t_scale = (torch.tensor(one) for one in (W, b, center, scale))
t_units = t_b - (t_w / t_scale[:, None] * t_center[:, None]).sum(dim=0)
assert np.allclose(b_units, t_units.numpy(), rtol=1e-13)

logits_raw = wine.X @ W_units + b_units
logits_scaled = (wine.X - center) / scale @ W + b
print("round trip:", abs(logits_raw - logits_scaled).max())
assert abs(logits_raw - logits_scaled).max() < 1e-12

# %% [markdown]
# The round trip is exact to rounding. Keep it as a test wherever you write this formula: raw rows through unscaled coefficients
# must give the logits of scaled rows through scaled ones, to `1e-12`.

# %% [markdown]
# ## Break it
#
# A published course sums over *all* of $W_{jk} m_j / s_j$, classes too. Every class then loses the same number, and softmax does
# not see a number that all classes share: the centring is lost. Nothing crashes and the coefficients look right.

# %%
made = datasets.load("tumors_made")
center, scale = made.X.mean(axis=0), made.X.std(axis=0)
two = LogisticRegression(C=1.0).fit((made.X - center) / scale, made.y)
# Two columns, as softmax has them.
W = np.column_stack([-two.coef_[0] / 2, two.coef_[0] / 2])
b = np.array([-two.intercept_[0] / 2, two.intercept_[0] / 2])
W_units = W / scale[:, None]
right = b - (W_units * center[:, None]).sum(axis=0)
wrong = b - (W_units * center[:, None]).sum()  # the slip: no axis


def benign(rows, W, b):
    """Probability of the first class."""
    logits = rows @ W + b
    return 1 / (1 + np.exp(logits[:, 1] - logits[:, 0]))


patient = np.array([[13.0, 12.0]])
for name, intercept in (("right", right), ("wrong", wrong)):
    p = benign(made.X, W_units, intercept)
    print(name, "benign:", benign(patient, W_units, intercept)[0])
    print(name, "accuracy:", np.mean((p > 0.5) == (made.y == "benign")))

# %%
says("89.4 %", benign(patient, W_units, right)[0])
says("4.1 %", benign(patient, W_units, wrong)[0])
says("98.8 %", two.score((made.X - center) / scale, made.y))
says("79.5 %", np.mean((benign(made.X, W_units, wrong) > 0.5) == (made.y == "benign")))

# %% [markdown]
# One missing `axis` takes a patient from 89.4 % benign to 4.1 %, and the accuracy from 98.8 % to 79.5 %. That is still a number
# that one might believe. The round trip would have failed at the first row.

# %% [markdown]
# ## Exercise 1
#
# New rows come in. Put them on the scale that the training rows have set, also when a single row comes.


# %%
def standardise(train, new):
    # train (n, p), new (m, p) -> (m, p)
    return ...  # your lines


exercise("scaling.1", standardise)

# %% [markdown]
# ## Exercise 2
#
# `W` (p, K) and `b` (K,) belong to columns that were scaled by `mean` (p,) and `sd` (p,). Return both in the units of the data.


# %%
def real_units(W, b, mean, sd):
    # Return (W_units, b_units)
    return ...  # your lines


exercise("scaling.2", real_units)

# %% [markdown]
# ## What to remember
#
# - Learn means, deviations and every other number from training rows. Then use them on all rows.
# - A leak through the columns alone usually costs little. A leak through the labels can turn noise into a discovery.
# - A stalled gradient descent looks like a finished one. Scale, or use a solver for which units do not matter, and ask for a gap.
# - Unscaling: divide each row of $W$ by its deviation; take from each class's intercept its own sum. Test the round trip.

# %% [markdown]
# ## For teachers
#
# Half an hour with both exercises. The common misconception is that scaling before the split is a grave error and choosing
# columns before it a small one; ask for a vote before the figure. Ask also: which steps of our last project looked at the labels?
# Those short of time can skip the section on gradient descent. scikit-learn's `StandardScaler` and `Pipeline` do what is done by
# hand here; `data_units` takes a fitted scaler.
