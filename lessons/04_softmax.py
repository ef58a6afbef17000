# ---
# title: Softmax, done stably
# minutes: 14
# ---
# %% [markdown]
# # Softmax, done stably
#
# After this lesson you can
#
# - turn scores of any size into probabilities, and into log-probabilities, without overflow;
# - say which changes of the scores change nothing;
# - recognise the commonest bug of classifiers, softmax taken twice, from one number on the screen;
# - choose the right pair of last layer and loss, and say what the wrong pair costs.
#
# ## The idea in words
#
# A classifier gives each class a score. Scores may be any numbers. Probabilities must be positive and sum to 1. Softmax
# makes the one of the other: take the exponential of every score, which is positive, and divide by their sum.
#
# Only differences of scores matter. Scores of `1, 2, 3` and of `1001, 1002, 1003` say the same. On paper. In a computer
# the second row breaks the formula, and this lesson mends it.
#
# ## Words and symbols
#
# | in words | symbol | shape |
# |---|---|---|
# | scores of $n$ rows for $K$ classes, also called logits | $Z$ | $(n, K)$ |
# | probabilities | $p_k = e^{z_k} / \sum_j e^{z_j}$ | $(n, K)$ |
# | log of a sum of exponentials | $\mathrm{lse}(z) = \log \sum_j e^{z_j}$ | $(n)$ |
# | log-probabilities | $\log p_k = z_k - \mathrm{lse}(z)$ | $(n, K)$ |
# | loss of a row of class $c$: cross-entropy | $-\log p_c = \mathrm{lse}(z) - z_c$ | $(n)$ |

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as torch_functional

from logistic import LogisticRegression, datasets
from logistic.learn import exercise, says

plt.style.use("tableau-colorblind10")
torch.set_num_threads(1)  # small arrays: more threads would wait for each other


def naive_softmax(Z):
    exponentials = np.exp(Z)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


print(naive_softmax(np.array([[1.0, 2.0, 3.0]])))

# %% [markdown]
# ## Predict first
#
# `float32` holds numbers up to about `3.4e38`, `float64` up to about `1.8e308`. What is the first whole number whose
# exponential is too large for each? And what does softmax give then: an error, 0, 1, or something else?

# %%
# NumPy would warn of what follows; many programs do not.
with np.errstate(over="ignore", invalid="ignore"):
    first32 = next(z for z in range(1000) if np.isinf(np.exp(np.float32(z))))
    first64 = next(z for z in range(1000) if np.isinf(np.exp(np.float64(z))))
    broken = naive_softmax(np.array([[1001.0, 1002.0, 1003.0]]))
print("float32 holds", np.finfo(np.float32).max, "and overflows at", first32)
print("float64 holds", np.finfo(np.float64).max, "and overflows at", first64)
print("softmax of 1001, 1002, 1003:", broken)

assert np.isnan(broken).all()

# %%
says("89", first32)
says("710", first64)

# %% [markdown]
# 89 in float32 and 710 in float64. An infinity over an infinity is `nan`, not a number, and from there `nan` is the
# loss, the gradient, and all the weights. A score of 89 is not exotic: one column in grams in place of kilograms will
# do.
#
# ## The cure: subtract the largest score
#
# Adding the same number $c$ to every score multiplies all exponentials by $e^c$, which cancels:
#
# $$\frac{e^{z_k + c}}{\sum_j e^{z_j + c}} = \frac{e^c e^{z_k}}{e^c \sum_j e^{z_j}} = p_k.$$
#
# So choose $c = -\max_j z_j$. The largest exponential becomes $e^0 = 1$. Nothing overflows, and the sum is at least 1,
# so nothing is divided by 0. For the logarithm do not take the log of softmax, where small probabilities have rounded
# to 0. Subtract instead:


# %%
def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def log_softmax(Z):
    shifted = Z - Z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # z - lse(z)


Z = np.array([[1.0, 2.0, 3.0], [1001.0, 1002.0, 1003.0], [0.0, -1000.0, 1000.0]])
print("NumPy  ", softmax(Z), log_softmax(Z), sep="\n")
theirs = torch.softmax(torch.tensor(Z), 1).numpy()
theirs_log = torch.log_softmax(torch.tensor(Z), 1).numpy()
print("PyTorch", theirs, theirs_log, sep="\n")

assert np.abs(softmax(Z) - theirs).max() < 1e-14
assert np.abs(log_softmax(Z) - theirs_log).max() < 1e-12

# %%
says("0.6652", softmax(Z)[1, 2])
says("-1000", log_softmax(Z)[2, 0])
says("-2000", log_softmax(Z)[2, 1])

# %% [markdown]
# The first two rows are equal now, with 0.6652 for the last class. In the last row two probabilities are 0, because
# $e^{-1000}$ and $e^{-2000}$ are smaller than any float64. Their logarithms, -1000 and -2000, are exact all the same.
# That is why losses are computed from scores and never from probabilities.
#
# ## Two freedoms
#
# *One vector for all classes.* Let the scores be $Z = X W$, with a column of weights for each class. Add one vector $v$
# to every column of $W$. Every score of row $i$ grows by the same $x_i \cdot v$, and no probability changes. So the
# weights of a softmax regression are not unique; only their differences are. This library publishes those that sum to 0
# over the classes.
#
# *Two classes need one column.* With two classes, subtract the first column from both: scores $0$ and $z$, and softmax
# is the sigmoid,
#
# $$\frac{e^{z}}{e^0 + e^{z}} = \frac{1}{1 + e^{-z}} = \sigma(z).$$

# %%
rng = np.random.default_rng(0)
X, W, v = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=(4, 1))
# v is added to all three columns
assert np.allclose(softmax(X @ (W + v)), softmax(X @ W), rtol=1e-12)

z = X @ (W[:, 1] - W[:, 0])
assert np.allclose(softmax(X @ W[:, :2])[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-12)

# %% [markdown]
# ## Break it: softmax twice
#
# `cross_entropy` of PyTorch takes scores and does the softmax itself. A network that ends in a softmax layer does it
# once more, and nothing complains. The second softmax gets numbers between 0 and 1. The best it can be given is 1 for
# the right class and 0 for the others, and then the probability of the right class is $e / (e + K - 1)$. So the loss
# cannot fall below
#
# $$\log\left( 1 + \frac{K - 1}{e} \right).$$
#
# Train both on the three species of iris, all else equal.

# %%
iris = datasets.load("iris", as_frame=True)
measures = iris.X.to_numpy()
columns = torch.tensor((measures - measures.mean(axis=0)) / measures.std(axis=0))
species = torch.tensor(np.unique(iris.y, return_inverse=True)[1])


def train(twice, steps=2000):
    W = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([W, b], lr=0.5)
    losses = []
    for _ in range(steps):
        scores = columns @ W + b
        if twice:
            scores = torch.softmax(scores, dim=1)
        loss = torch_functional.cross_entropy(scores, species)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def floor(K):
    return np.log(1 + (K - 1) / np.e)


once, twice = train(twice=False), train(twice=True)

figure, ax = plt.subplots(figsize=(7, 4))
ax.plot(once, label="softmax once", linewidth=2)
ax.plot(twice, "--", label="softmax twice", linewidth=2)
ax.axhline(floor(3), color="grey", linestyle=":", label="floor for 3 classes")
ax.set(xlabel="step", ylabel="loss", ylim=(0, 1.15))
ax.set_title("The same data, the same learning rate")
ax.legend()

assert floor(3) < twice[-1] < 1.1 * floor(3)

# %%
says("0.3133", floor(2))
says("0.5514", floor(3))
says("1.4612", floor(10))
says("0.05", once[-1])
says("0.59", twice[-1])

# %% [markdown]
# See the dashed curve go flat above the dotted line, while the other one goes on. It looks like a hard data set; it is
# a bug. Learn three numbers by heart: **0.3133 for 2 classes, 0.5514 for 3, 1.4612 for 10**. A loss that comes to rest
# a little above one of them (here at 0.59, while softmax once is at 0.05) is the diagnosis.
#
# What about log-softmax twice? Log-probabilities are scores too, whose exponentials sum to 1 already, so their lse is
# 0. The second time changes nothing: untidy, but harmless.

# %%
scores = torch.tensor(rng.normal(size=(6, 3)))
log_p = torch.log_softmax(scores, dim=1)
assert torch.allclose(torch.log_softmax(log_p, dim=1), log_p, rtol=1e-12)
assert not torch.allclose(torch.softmax(log_p.exp(), dim=1), log_p.exp(), rtol=1e-2)

# %% [markdown]
# ## Break it: the loss of a rounded probability
#
# A model is very sure and wrong: score 200 for class 1, truth 0. The loss is $\log(1 + e^{200})$, which is 200, and its
# slope is 1: go back. Compare the two losses that PyTorch has for two classes, in float32.

# %%
grid = np.linspace(0, 120, 481)


def loss_and_slope(loss, score):
    z = torch.tensor([score], dtype=torch.float32, requires_grad=True)
    value = loss(z, torch.zeros(1))
    value.backward()
    return value.item(), z.grad.item()


def of_probability(z, y):
    return torch_functional.binary_cross_entropy(torch.sigmoid(z), y)


def of_score(z, y):
    return torch_functional.binary_cross_entropy_with_logits(z, y)


by_probability = np.array([loss_and_slope(of_probability, z) for z in grid])
by_score = np.array([loss_and_slope(of_score, z) for z in grid])

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
for ax, column, name in zip(axes, (0, 1), ("loss", "slope"), strict=True):
    ax.plot(grid, by_score[:, column], label="from the score")
    ax.plot(grid, by_probability[:, column], "--", label="from the probability")
    ax.set(xlabel="score of the wrong class", title=name)
axes[0].legend(loc="lower right")

from_p, from_z = loss_and_slope(of_probability, 200.0), loss_and_slope(of_score, 200.0)
print("BCE on sigmoid ", from_p)
print("BCE with logits", from_z)
stuck = grid[by_probability[:, 1] == 0].min()
assert from_p == (100.0, 0.0)
assert from_z == (200.0, 1.0)

# %%
says("100", from_p[0])
says("200", from_z[0])
says("16.75", stuck)

# %% [markdown]
# See the dashed lines jump. From a score of 16.75 on, the sigmoid has rounded to exactly 1 in float32. PyTorch caps the
# loss at 100, so that it is not infinite, and the slope is **0**: the worst mistakes teach nothing. From the score,
# loss and slope are right everywhere. Adding a small number inside the logarithm, $\log(p + 10^{-10})$, is the same
# mistake with another cap, 23.03.

# %%
says("23.03", -np.log(1e-10))

# %% [markdown]
# ## Four right pairs
#
# PyTorch has four pairs of last layer and loss for the same model. They agree, but the first pair rounds, as you saw.
#
# | the network ends in | the loss | outputs | target |
# |---|---|---|---|
# | sigmoid | `binary_cross_entropy` | one, probability | float |
# | nothing | `binary_cross_entropy_with_logits` | one, score | float |
# | log-softmax | `nll_loss` | $K$, log-probabilities | whole number |
# | nothing | `cross_entropy` | $K$, scores | whole number |

# %%
score = torch.tensor(rng.normal(size=8) * 3)
truth = torch.tensor(rng.integers(0, 2, size=8))
both = torch.stack([torch.zeros_like(score), score], dim=1)  # scores 0 and z

pairs = [
    torch_functional.binary_cross_entropy(torch.sigmoid(score), truth.double()),
    torch_functional.binary_cross_entropy_with_logits(score, truth.double()),
    torch_functional.nll_loss(torch.log_softmax(both, dim=1), truth),
    torch_functional.cross_entropy(both, truth),
]
print([round(pair.item(), 12) for pair in pairs])
assert max(pairs) - min(pairs) < 1e-14

# %% [markdown]
# ## The library as judge
#
# The library works with scores throughout. Ask it about a flower that is 10,000 times too large: probabilities are 0
# and 1, log-probabilities are finite, and ours are the same.

# %%
model = LogisticRegression(C=1.0).fit(measures, iris.y)
# of all equal weights, those that sum to 0 over the classes
assert np.allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
times = 10_000
far = times * measures[:1]
print("probabilities    ", model.predict_proba(far))
print("log-probabilities", model.predict_log_proba(far))
ours = log_softmax(far @ model.coef_.T + model.intercept_)
assert np.allclose(model.predict_log_proba(far), ours, rtol=1e-9)
assert np.isfinite(model.predict_log_proba(far)).all()

# %%
says("10,000", times)

# %% [markdown]
# ## Exercise 1
#
# The loss of each row from its scores and its class, in one go and stable: $\mathrm{lse}(z) - z_c$. It must hold for
# scores of `1000` and of `-1000`, and for both in one table.


# %%
def row_losses(Z, classes):
    # your lines: Z (n, K), classes (n,) whole numbers from 0 to K - 1 -> (n,)
    return ...


exercise("softmax.1", row_losses)

# %% [markdown]
# ## Exercise 2
#
# A colleague's loss is stuck. Write the lowest mean loss that a classifier of $K$ classes can show if its last layer is
# a softmax and its loss is `cross_entropy`.


# %%
def lowest_loss(K):
    # your line: K -> the lowest loss
    return ...


exercise("softmax.2", lowest_loss)

# %% [markdown]
# ## What to remember
#
# - Subtract the largest score of each row; log-probabilities are scores less their lse. Never the logarithm of a
#   softmax.
# - Only differences of scores matter: one vector may be added to all classes, and two classes are one sigmoid.
# - Losses take scores. A loss at rest near 0.3133, 0.5514 or 1.4612 means softmax twice.
#
# ## For teachers
#
# *Misconception*: "softmax makes the network's output a probability, so it belongs into the network". It belongs into
# the loss in training, and after the network in prediction. *Ask*: what is the first loss with 10 classes and weights
# 0, with and without the bug? (The same, $\log 10$: the bug hides at the start.) *Time*: with less than a quarter of an
# hour, skip the four pairs.
