# ---
# title: Identifiability and reference classes
# minutes: 14
# ---

# %% [markdown]
# # Identifiability and reference classes
#
# After this lesson you can
#
# - say which part of softmax coefficients the data determine, and compare two fits by that part;
# - change the reference class by subtraction, errors included;
# - say what an L2 penalty does to the part that is free;
# - tell softmax regression from one-vs-rest.

# %% [markdown]
# ## The idea
#
# Three runners pass the line. You know by how many seconds they are apart; nobody has looked at the clock when they started.
# Softmax knows its classes in the same way: it sees how far the logits are *apart*. Add the same number to all logits of a row
# and no probability changes. So softmax coefficients are not unique, and two programs can print different ones for the same
# model.
#
# To print one table one must choose: differences from one class (the *reference*), or differences from the mean of all
# (*centred*). It is a choice of view. The model, its predictions and its likelihood know nothing of it.

# %% [markdown]
# ## Words and symbols
#
# $W$ has a row for each column of the data and one for the intercept, and a column for each class.
#
# | in words | in symbols |
# |---|---|
# | the same model: one number added to all classes of a row of $W$ | $W_{jk} + c_j$ |
# | centred, or sum to zero | $W_{jk} - \frac{1}{K} \sum_l W_{jl}$ |
# | against the reference class $r$ | $W_{jk} - W_{jr}$ |
# | variance of a difference | $V_{kk} + V_{rr} - 2 V_{kr}$ |
# | coefficients that are really there, for $p$ columns | $(p + 1)(K - 1)$, not $(p + 1) K$ |

# %% [markdown]
# ## Predict first
#
# PyTorch fits three cultivars of wine on two columns, from two random starts, each until its loss changes no more. Which of these
# agree between the two runs: a) the loss, b) the weights, c) the probabilities, d) the differences between classes?

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.multiclass import OneVsRestClassifier

from logistic import LogisticRegression, datasets, plots
from logistic.learn import exercise, says

wine = datasets.load("wine", as_frame=True)
frame = wine.X[["alcohol", "malic_acid"]]
frame = (frame - frame.mean()) / frame.std(ddof=0)
codes = np.unique(wine.y, return_inverse=True)[1]
D = np.column_stack([frame, np.ones(len(frame))])  # two columns and the intercept
t_d, t_codes = torch.tensor(D), torch.tensor(codes)


def probabilities(W):
    """Softmax of the rows, W (3, 3)."""
    logits = D @ W
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def by_torch(seed, alpha=0.0, fixed=None):
    """Minimise mean log loss + alpha / 2 * squares; a class may be fixed at zero."""
    chance = torch.Generator().manual_seed(seed)
    W = torch.randn(3, 3, dtype=torch.float64, generator=chance).requires_grad_()
    free = torch.ones(3, dtype=torch.float64)
    if fixed is not None:
        free[fixed] = 0
    how = {"max_iter": 500, "tolerance_grad": 1e-11, "tolerance_change": 1e-16}
    optimiser = torch.optim.LBFGS([W], line_search_fn="strong_wolfe", **how)

    def again():
        optimiser.zero_grad()
        used = W * free
        penalty = alpha / 2 * (used[:2] ** 2).sum()  # not of the intercept
        loss = torch.nn.functional.cross_entropy(t_d @ used, t_codes) + penalty
        loss.backward()
        return loss

    optimiser.step(again)
    return (W * free).detach().numpy(), again().item()


(one, loss_one), (two, loss_two) = by_torch(0), by_torch(1)
print("first run ", one, "second run", two, sep="\n")
assert np.isclose(loss_one, loss_two, rtol=1e-12)  # a
says("0.90", abs(one - two).max())  # b
assert np.allclose(probabilities(one), probabilities(two), atol=1e-7)  # c
assert np.allclose(one - one[:, [0]], two - two[:, [0]], atol=1e-6)  # d

# %% [markdown]
# a, c and d agree. The weights differ by up to 0.90, and neither run is wrong. So "are the weights equal?" is no question for two
# softmax fits.

# %% [markdown]
# ## Centre, then compare
#
# Subtract from each row of $W$ its mean over the classes. What is left is unique. The library publishes it.


# %%
def centred(W):
    return W - W.mean(axis=1, keepdims=True)


model = LogisticRegression(C=np.inf).fit(frame, wine.y)
published = np.vstack([model.coef_.T, model.intercept_])
assert np.allclose(centred(one), published, atol=1e-6)
assert np.allclose(published.sum(axis=1), 0, atol=1e-12)
print(published)

# NumPy and PyTorch agree: nothing changes.
moved = published + np.array([[5.0], [-3.0], [100.0]])
assert np.allclose(probabilities(moved), probabilities(published), atol=1e-12)
by_softmax = torch.softmax(t_d @ torch.tensor(moved), dim=1).numpy()
assert np.allclose(by_softmax, probabilities(published), atol=1e-12)


def mean_loss(flat):
    return torch.nn.functional.cross_entropy(t_d @ flat.reshape(3, 3), t_codes)


at = torch.tensor(published).flatten()
hessian = torch.autograd.functional.hessian(mean_loss, at).numpy()
print("eigenvalues of the Hessian:", np.linalg.eigvalsh(hessian).round(6))
assert np.linalg.matrix_rank(hessian, tol=1e-10) == 6

# %% [markdown]
# The Hessian shows the free directions: three of its nine eigenvalues are zero, one for each row of $W$. Six coefficients are
# really there. Count those, $(p + 1)(K - 1)$, in AIC and in degrees of freedom.

# %% [markdown]
# ## A reference class is a view
#
# The differences from a reference are one subtraction. Their errors need the covariance: the classes share their rows, so their
# coefficients are correlated.

# %%
# Of the centred coefficients, class by class: alcohol, malic acid, intercept.
V = model.model_.statistics.covariance
q = 3


def difference(j, k, r):
    """Estimate and standard error of coefficient j, class k against class r."""
    a, b = k * q + j, r * q + j
    return published[j, k] - published[j, r], np.sqrt(V[a, a] + V[b, b] - 2 * V[a, b])


for reference in range(3):
    table = model.tidy(reference=f"class_{reference}").set_index(["class", "term"])
    for k in set(range(3)) - {reference}:
        row = table.loc[(f"class_{k}", "malic_acid")]
        by_library = row.estimate, row.std_error
        assert np.allclose(difference(1, k, reference), by_library, rtol=1e-9)
        print(f"{k} against {reference}: {row.estimate:6.3f}, p = {row.p:.2g}")

first, second = model.tidy(reference="class_0"), model.tidy(reference="class_2")
joint = model.test("malic_acid = 0")
print(joint)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), constrained_layout=True)
for ax, reference in zip(axes, ("class_0", "class_2"), strict=True):
    plots.coefficients(model, reference=reference, ax=ax)

# %%
says("0.87", first[first["term"] == "malic_acid"].p.iloc[0])
says("2.2e-5", second[second["term"] == "malic_acid"].p.iloc[1])
says("9.1e-8", joint.p)

# %% [markdown]
# Two forests, one model. With `class_0` as the reference, malic acid of `class_1` has p = 0.87, and someone will write "not
# significant". With `class_2` as the reference the same class has $p = 2.2 \times 10^{-5}$. Both are true: classes 0 and 1 are
# alike in malic acid, and 2 is not. A p-value in such a table is about one pair of classes. To ask about the *column*, test all
# its differences at once: $p = 9.1 \times 10^{-8}$, whichever class is the reference.

# %% [markdown]
# ## What a penalty does to the free part
#
# With L2 the free part is free no longer. Adding $c$ to all classes of a row changes the sum of squares and nothing else; the
# squares are least where the mean over the classes is zero. So L2 picks the centred coefficients by itself.

# %%
alpha = 0.01
(l2, _), (again, _) = by_torch(0, alpha), by_torch(1, alpha)
assert np.allclose(l2[:2], again[:2], atol=1e-6)
assert np.allclose(l2[:2].sum(axis=1), 0, atol=1e-6)
ridge = LogisticRegression(alpha=alpha).fit(frame, wine.y)
assert np.allclose(l2[:2], ridge.coef_.T, atol=1e-6)

lasso = LogisticRegression(alpha=alpha, l1_ratio=1.0).fit(frame, wine.y)
print("sums over the classes, L2:", ridge.coef_.sum(axis=0).round(12))
print("sums over the classes, L1:", lasso.coef_.sum(axis=0))
assert np.allclose(np.median(lasso.coef_, axis=0), 0, atol=1e-6)

# %% [markdown]
# Two starts now give one answer, and it sums to zero; the intercept, which is not penalised, is still free. L1 picks too, but
# another member of the family: its absolute values are least where the *median* over the three classes is zero. Do not centre L1
# coefficients; that destroys their zeros.

# %% [markdown]
# ## One-vs-rest is another model
#
# One-vs-rest fits each class against all others, three separate fits, and divides their probabilities by their sum. It is not
# softmax regression with a different table; it has other probabilities.

# %%
rest = OneVsRestClassifier(LogisticRegression(C=np.inf)).fit(frame, wine.y)
P, Q = model.predict_proba(frame), rest.predict_proba(frame)
right = np.arange(len(codes)), codes
print("log-likelihood, softmax    ", np.log(P[right]).sum())
print("log-likelihood, one-vs-rest", np.log(Q[right]).sum())
print("largest difference of a probability", abs(P - Q).max())
print("labels that differ", (P.argmax(axis=1) != Q.argmax(axis=1)).sum())

# %%
says("-94.1", np.log(P[right]).sum())
says("-97.9", np.log(Q[right]).sum())
says("0.26", abs(P - Q).max())

# %% [markdown]
# The log-likelihood is -94.1 for softmax and -97.9 for one-vs-rest; one probability differs by 0.26. A program that says
# "multiclass" may mean either. A check: under an L2 penalty softmax coefficients sum to zero over the classes; those of
# one-vs-rest do not.

# %% [markdown]
# ## Break it
#
# Penalise differences from a reference. It looks harmless: fix one class at zero, as tables do, and add an L2 penalty to the
# others.

# %%
views = [by_torch(0, alpha=0.1, fixed=k)[0] for k in range(3)]
first = probabilities(views[0])
changes = [abs(probabilities(views[k]) - first).max() for k in (1, 2)]
print("a probability changes by up to", np.round(changes, 3))
plain = [by_torch(0, fixed=k)[0] for k in range(3)]
assert np.allclose(probabilities(plain[1]), probabilities(plain[0]), atol=1e-6)

# %%
says("0.20", max(changes))

# %% [markdown]
# Probabilities now depend on which class was fixed, by up to 0.20. Without a penalty they did not. The penalty pulls every class
# toward the reference, and the choice of view has become a choice of model. Penalise the symmetric form, then look at it from any
# side: `summary(reference=...)`.

# %% [markdown]
# ## Exercise 1
#
# `W` and `V` are coefficients of two softmax fits, rows columns of the data, columns classes. Are they the same model? Return
# True or False; forgive rounding.


# %%
def same_model(W, V):
    # W, V (p, K) -> True or False
    return ...  # your line


exercise("reference.1", same_model)

# %% [markdown]
# ## Exercise 2
#
# `V` (K, K) is the covariance of the coefficients of one column, class by class. Return the standard error of the difference of
# the classes `k` and `r`.


# %%
def error_of_difference(V, k, r):
    # Return a number
    return ...  # your line


exercise("reference.2", error_of_difference)

# %% [markdown]
# ## What to remember
#
# - Softmax sees differences of logits. Coefficients are unique only after a choice: centred, or against a reference.
# - Compare fits by probabilities or by centred coefficients.
# - A new reference is a subtraction; its errors need the covariance, not the errors alone. Test a column by all its differences.
# - Unpenalised: the view does not matter. Penalised: a fixed reference changes the model.

# %% [markdown]
# ## For teachers
#
# About half an hour with both exercises. The common misconception is that the same data must give the same weights; let two
# students run PyTorch with different seeds and compare. A second one is that a class "has" a p-value. Those short of time can
# skip one-vs-rest. Ask: with two classes, how is the single coefficient of a sigmoid related to the two of a softmax?
