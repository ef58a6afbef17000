# ---
# title: Penalties, and what C, alpha and weight decay mean
# minutes: 14
# ---

# %% [markdown]
# # Penalties, and what C, alpha and weight decay mean
#
# After this lesson you can
#
# - say what a penalty does to coefficients, and what L1 does that L2 does not;
# - translate between scikit-learn's `C`, `alpha`, glmnet's `lambda` and PyTorch's `weight_decay`, and check it by a fit;
# - choose a strength by rows held out;
# - notice a penalty that nobody mentioned.

# %% [markdown]
# ## The idea
#
# Maximum likelihood asks: which coefficients explain these rows best? A penalty adds: and large coefficients cost something. The
# answer moves toward zero. It is biased, but it varies less from sample to sample, and it is finite where maximum likelihood is
# not.
#
# Every program writes this sum in its own way: the losses added up or averaged, the strength on the loss or on the coefficients,
# the intercept in or out, the columns scaled first or not. The names differ, the numbers differ, the models can still be the
# same.

# %% [markdown]
# ## Words and symbols
#
# $\ell_i$ is the log loss of row $i$, $w$ the coefficients without the intercept, $n$ the rows, each of weight one.
#
# | program | minimises | the same as `alpha` |
# |---|---|---|
# | this library | $\frac{1}{n} \sum_i \ell_i + \frac{\alpha}{2} \|w\|^2$ | $\alpha$ |
# | scikit-learn | $C \sum_i \ell_i + \frac{1}{2} \|w\|^2$ | $1 / (C n)$ |
# | glmnet in R | $\frac{1}{n} \sum_i \ell_i + \frac{\lambda}{2} \|w\|^2$, on scaled columns | $\lambda$, `standardize=True` |
# | PyTorch, mean loss | $\frac{1}{n} \sum_i \ell_i + \frac{d}{2} \|w\|^2 + \frac{d}{2} b^2$ | $d$, if the bias is exempt |
# | PyTorch, summed loss | $\sum_i \ell_i + \frac{d}{2} \|w\|^2 + \frac{d}{2} b^2$ | $d / n$, if the bias is exempt |
#
# Dividing an objective by a number does not move its minimum: divide scikit-learn's by $C n$ and you have ours. With weights on
# the rows, $n$ becomes their sum.

# %%
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression as ScikitLearn
from torch.nn.functional import (
    binary_cross_entropy_with_logits as binary,
    cross_entropy,
)

from logistic import LogisticRegression, LogisticRegressionCV, datasets, plots
from logistic.learn import exercise, says

tumours = datasets.load("breast_cancer", as_frame=True)
chosen = ["mean radius", "mean texture", "mean smoothness", "mean concavity"]
X = tumours.X[chosen].to_numpy()
y = (tumours.y == "malignant").to_numpy().astype(int)
n = len(y)
Z = (X - X.mean(axis=0)) / X.std(axis=0)

C = 0.1
alpha = 1 / (C * n)
ours = LogisticRegression(alpha=alpha).fit(Z, y)
print(ours)
theirs = ScikitLearn(C=C, solver="newton-cholesky", tol=1e-12).fit(Z, y)
assert np.allclose(ours.coef_, theirs.coef_, rtol=1e-9)

# %% [markdown]
# ## Predict first
#
# Write every row twice, so that $n$ doubles. Nothing new is known. Which fit changes: the one with the same `C`, or the one with
# the same `alpha`?

# %%
twice = np.vstack([Z, Z]), np.tile(y, 2)
same_alpha = LogisticRegression(alpha=alpha).fit(*twice).coef_[0]
same_c = LogisticRegression(C=C).fit(*twice).coef_[0]
print("once              ", ours.coef_[0])
print("twice, same alpha ", same_alpha)
print("twice, same C     ", same_c)
assert np.allclose(same_alpha, ours.coef_[0], rtol=1e-9)

# %%
says("1.90", ours.coef_[0, 0])
says("2.38", same_c[0])

# %% [markdown]
# The fit with the same `C` changes: the first coefficient goes from 1.90 to 2.38. `C` multiplies a sum, so the penalty fades as
# rows come in. `alpha` stands beside a mean and keeps its share. So a `C` tuned on a tenth of the rows means something else on
# all.

# %% [markdown]
# ## PyTorch, to the last digit
#
# `weight_decay=d` adds $d \cdot w$ to the gradient of every parameter that the optimiser is given, the bias too. That is the
# gradient of $\frac{d}{2} \|w\|^2$. Gradient descent with momentum, run until nothing moves:

# %%
t_z, t_y = torch.tensor(Z), torch.tensor(y)


def by_torch(decay, bias_too=False, reduction="mean", outputs=1, steps=1000):
    """Weights and bias of a linear layer, by gradient descent with momentum on all rows."""
    layer = torch.nn.Linear(Z.shape[1], outputs, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    weights = {"params": [layer.weight], "weight_decay": decay}
    biases = {"params": [layer.bias], "weight_decay": decay if bias_too else 0.0}
    lr = 1.0 if reduction == "mean" else 1.0 / n
    optimiser = torch.optim.SGD([weights, biases], lr=lr, momentum=0.9)
    for _ in range(steps):
        optimiser.zero_grad()
        logits = layer(t_z)
        if outputs == 1:
            loss = binary(logits[:, 0], t_y.double(), reduction=reduction)
        else:
            loss = cross_entropy(logits, t_y, reduction=reduction)
        loss.backward()
        optimiser.step()
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


mean_w, mean_b = by_torch(alpha)
sum_w, _ = by_torch(1 / C, reduction="sum")
assert np.allclose(mean_w, ours.coef_, rtol=1e-9)
assert np.allclose(mean_b, ours.intercept_, rtol=1e-9)
assert np.allclose(sum_w, ours.coef_, rtol=1e-9)

# NumPy, by hand: at the optimum the gradient of the loss and of the penalty cancel, and for the intercept the loss alone is flat.
p = 1 / (1 + np.exp(-(Z @ ours.coef_[0] + ours.intercept_[0])))
assert np.allclose(Z.T @ (p - y) / n + alpha * ours.coef_[0], 0, atol=1e-9)
assert np.isclose((p - y).mean(), 0, atol=1e-9)
for found in (ours.coef_, theirs.coef_, mean_w, sum_w):
    print(found[0])

# %% [markdown]
# Two more traps, each shown by a fit. If the bias decays too, the mean of the predicted probabilities no longer equals the share
# of the class. And a layer with *two* outputs for two classes splits the coefficient into halves, whose squares add up to half:
# it needs twice the decay.

# %%
decayed_w, decayed_b = by_torch(alpha, bias_too=True)
p = 1 / (1 + np.exp(-(Z @ decayed_w[0] + decayed_b[0])))
print(f"malignant {y.mean():.4f}, predicted with a decayed bias {p.mean():.4f}")

pair_w, _ = by_torch(2 * alpha, outputs=2)
assert np.allclose(pair_w[1] - pair_w[0], ours.coef_[0], rtol=1e-9)
assert np.allclose(pair_w[0], -pair_w[1], atol=1e-12)

# %%
says("0.3726", y.mean())
says("0.3824", p.mean())

# %% [markdown]
# The share of malignant rows is 0.3726; with a decayed bias the model says 0.3824 on its own training rows. Exempt the bias.

# %% [markdown]
# ## L1: exact zeros
#
# L1 charges $\alpha |w|$ instead of $\frac{\alpha}{2} w^2$. Near zero a square costs almost nothing, so L2 leaves every
# coefficient a little alive. $|w|$ has the same slope everywhere: if the data pull less than that, the coefficient stays at zero,
# exactly. In one dimension, with the data pulling toward $u$, the minimum of $\frac{1}{2}(w - u)^2 + t |w|$ is $u$ moved toward
# zero by $t$, and stopped there.

# %%
W = np.linspace(-3, 3, 60001)
for u in (2.0, 0.4, -1.5):
    least = W[np.argmin((W - u) ** 2 / 2 + 1.0 * abs(W))]
    print(f"u = {u:4}: minimum with L1 at {least:.4f}, with L2 at {u / 2:.4f}")
    assert np.isclose(least, np.sign(u) * max(abs(u) - 1.0, 0), atol=1e-4)

lasso = LogisticRegression(alpha=0.05, l1_ratio=1.0, standardize=True).fit(tumours.X, y)
zero = lasso.coef_[0] == 0
print("kept:", *tumours.X.columns[~zero], sep="\n  ")

# %%
says("30", zero.size)
says("4", (~zero).sum())

# %% [markdown]
# Of 30 columns, 4 are kept; the others have a coefficient of exactly 0. This is glmnet's problem: columns scaled by deviations
# that divide by $n$, mean loss, $\lambda = 0.05$, and coefficients told in the units of the data. R is not needed to check it. At
# the minimum of that sum each column obeys a rule: where the coefficient is not zero, the pull of the data is exactly $\lambda$
# against it; where it is zero, the pull is at most $\lambda$.

# %%
lam = lasso.model_.penalty.alpha
every_z = ((tumours.X - tumours.X.mean()) / tumours.X.std(ddof=0)).to_numpy()
pull = -every_z.T @ (lasso.predict_proba(tumours.X)[:, 1] - y) / n
assert np.allclose(pull[~zero], lam * np.sign(lasso.coef_[0][~zero]), rtol=1e-6)
assert (abs(pull[zero]) <= lam).all()

# %%
says("0.05", lam)

# %% [markdown]
# ## A path, and a choice
#
# Nobody knows the right strength. So fit many, and ask rows that were held out. `LogisticRegressionCV` does it for all folds at
# once; every fit on the way is certified.

# %%
strengths = {"Cs": 30, "ratio": 0.001, "l1_ratios": [1.0], "standardize": True}
cv = LogisticRegressionCV(rule="1se", **strengths)
cv.fit(tumours.X, y)
print(cv.model_.penalty, "keeps", int((cv.coef_ != 0).sum()), "columns")
figure = plots.path(cv, step=tumours.X.std().to_numpy())

# %%
says("13", (cv.coef_ != 0).sum())

# %% [markdown]
# From left to right the penalty weakens: columns enter one after another, some leave again, and the held-out loss falls, then
# rises where the model begins to learn the noise. The rule of one standard error takes the strongest penalty whose loss lies
# within one standard error of the best; here it keeps 13 columns. Held-out loss is for choosing. What the chosen model is worth is for rows that
# took no part in the choice.

# %% [markdown]
# ## Break it
#
# **A penalty nobody mentioned.** `LogisticRegression()` has `C=1`, here and in scikit-learn. Coefficients and odds ratios from it
# are not maximum likelihood, and they depend on units. Here "mean smoothness" is measured once as a share and once in percent.

# %%
print(LogisticRegression())
percent = X * np.array([1, 1, 100, 1])
moved = {}
for setting in (1.0, np.inf):
    share = LogisticRegression(C=setting).fit(X, y)
    in_percent = LogisticRegression(C=setting).fit(percent, y)
    change = share.predict_proba(X) - in_percent.predict_proba(percent)
    moved[setting] = abs(change).max()
    print(f"C={setting}: the unit changes a probability by up to {moved[setting]:.2g}")
assert moved[np.inf] < 1e-12

# %%
says("0.83", moved[1.0])

# %% [markdown]
# The unit moves a probability by up to 0.83 under the silent default, and not at all without a penalty. The library prints the
# penalty first in every summary, with its strength and units.
#
# **L1 by the gradient of an absolute value.** PyTorch gives $|w|$ the slope 0 at zero and $\pm 1$ elsewhere, and gradient descent
# jumps to and fro.

# %%
w = torch.zeros(30, dtype=torch.float64, requires_grad=True)
b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
optimiser = torch.optim.SGD([w, b], lr=0.1)
t_all = torch.tensor(every_z)
for _ in range(500):
    optimiser.zero_grad()
    loss = binary(t_all @ w + b, t_y.double()) + lam * w.abs().sum()
    loss.backward()
    optimiser.step()
print("exact zeros by gradient descent:", int((w == 0).sum()))
print("exact zeros by the library:     ", int(zero.sum()))
assert (w != 0).all()

# %%
says("26", zero.sum())

# %% [markdown]
# It finds none of the 26 zeros: ask such a program which columns matter, and all do. The library's solver moves coefficients by
# the rule of exercise 2, so its zeros are zeros.
#
# **AdamW.** The rest of its step is divided by the size of the gradients; its decay is not.

# %%
without = LogisticRegression(C=np.inf).fit(Z, y).coef_[0, 0]
ends = {}
for kind in (torch.optim.Adam, torch.optim.AdamW):
    layer = torch.nn.Linear(Z.shape[1], 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    weights = {"params": [layer.weight], "weight_decay": alpha}
    optimiser = kind([weights, {"params": [layer.bias], "weight_decay": 0.0}], lr=0.1)
    for _ in range(2000):
        optimiser.zero_grad()
        binary(layer(t_z)[:, 0], t_y.double()).backward()
        optimiser.step()
    ends[kind.__name__] = layer.weight[0, 0].item()
    print(f"{kind.__name__:5} ends at {ends[kind.__name__]:.2f}")
print(f"optimum {ours.coef_[0, 0]:.2f}, without a penalty {without:.2f}")

# %%
says("1.90", ends["Adam"])
says("4.4", ends["AdamW"])
says("4.5", without)

# %% [markdown]
# `Adam` with `weight_decay` ends at 1.90, the penalised optimum. `AdamW` with the same number comes to 4.4, on its way to the 4.5
# of maximum likelihood: on all rows it does not minimise loss plus penalty at all.

# %% [markdown]
# ## Exercise 1
#
# The `weight_decay`, for a bias that is exempt, that makes PyTorch's loss the same problem as scikit-learn's `C`. `weights` (n,)
# are the sample weights; `reduction` is "mean" (the weighted mean) or "sum".


# %%
def weight_decay(C, weights, reduction):
    # Return a number
    return ...  # your lines


exercise("penalty.1", weight_decay)

# %% [markdown]
# ## Exercise 2
#
# Move every number of `u` toward zero by `t`, and stop at zero.


# %%
def soft_threshold(u, t):
    # u (m,), t > 0 -> (m,)
    return ...  # your line


exercise("penalty.2", soft_threshold)

# %% [markdown]
# ## What to remember
#
# - A strength means nothing without its sentence: sum or mean, half the square or the square, intercept in or out, which units.
# - $\alpha = 1 / (C \cdot \text{sum of weights})$. A fixed `C` fades with more rows, a fixed `alpha` does not.
# - `weight_decay` reaches the bias unless it is told not to.
# - L1 makes exact zeros; L2 makes none. Zero means "not needed at this strength", not "no effect".

# %% [markdown]
# ## For teachers
#
# About half an hour with both exercises. The common misconception is that a fit without settings has no penalty; ask who has
# published an odds ratio from a default. A second one is that `C=1e5` is "none": it is a weak penalty, and on separated rows
# still the only thing that keeps the fit finite. Those short of time can skip the two traps after the section on PyTorch.
