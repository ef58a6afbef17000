# ---
# title: Softmax regression from scratch, on digits
# minutes: 15
# ---
# %% [markdown]
# # Softmax regression from scratch, on digits
#
# After this lesson you can
#
# - write a classifier for ten classes with nothing but NumPy: scores, loss, gradient, training;
# - say the shape of every array on the way, and check the loss before the first step;
# - write the same in PyTorch, and know that it is the same;
# - say how far from the optimum your loop stopped, with a proof.
#
# ## The idea in words
#
# Each of ten classes has a weight for each pixel. A picture's score for the class "3" is the sum of its pixels, each
# times the weight of "3" for this pixel: high where ink speaks for a 3, low where it speaks against. Softmax makes the
# ten scores probabilities. Training moves the weights until the right class has a high one.
#
# ## Words and symbols
#
# | in words | symbol | shape |
# |---|---|---|
# | pictures, one a row | $X$ | $(n, p)$ |
# | classes as whole numbers | $c$ | $(n)$ |
# | the same as rows of one 1 and zeros: *one-hot* | $T$ | $(n, K)$ |
# | weights: a column for each class | $W$ | $(p, K)$ |
# | intercepts, one a class | $b$ | $(K)$ |
# | scores | $Z = X W + b$ | $(n, K)$ |
# | probabilities | $P = \mathrm{softmax}(Z)$ | $(n, K)$ |
# | loss | $L = -\frac{1}{n} \sum_i \log P_{i c_i} + \frac{\alpha}{2} \sum_{jk} W_{jk}^2$ | one number |
# | gradient | $X^T (P - T) / n + \alpha W$ | $(p, K)$ |
#
# The gradient is that of two classes with a capital letter: probability less truth, times the pixels, averaged. The
# part with $\alpha$ is a small penalty on large weights. The end of this lesson says why it is there.

# %%
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import cross_entropy as torch_cross_entropy

from logistic import LogisticRegression, datasets, plots, split
from logistic.learn import exercise, says

torch.set_num_threads(1)  # small arrays: more threads would wait for each other

pixels, digits = datasets.load("digits", return_X_y=True)  # ink from 0 to 16
pixels = pixels / pixels.max()
(X, c), (X_test, c_test) = split(pixels, digits, fractions=(0.8, 0.2), seed=0)

(n, p), K, alpha = X.shape, 10, 1e-3
print("X", X.shape, "c", c.shape, "test", X_test.shape)
plots.image(X[:10], titles=c[:10])

# %%
says("1,437", n)
says("64", p)
says("360", len(X_test))

# %% [markdown]
# 1,437 pictures to learn from and 360 to test with, each of 8 x 8 = 64 pixels from 0 to 1.
#
# ## Predict first
#
# All weights are 0. What are the ten probabilities, and what is the loss? Your answer is a test that costs nothing: if
# the first loss of a new program is another number, stop there.


# %%
def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def log_softmax(Z):
    shifted = Z - Z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


T = np.eye(K)[c]  # row c of the identity: one-hot
W, b = np.zeros((p, K)), np.zeros(K)
log_P = log_softmax(X @ W + b)
print("T", T.shape, "W", W.shape, "b", b.shape, "log P", log_P.shape)

by_one_hot = -(T * log_P).sum(axis=1).mean()
by_index = -log_P[np.arange(n), c].mean()
by_torch = torch_cross_entropy(torch.tensor(X @ W + b), torch.tensor(c)).item()
# the target as probabilities: here all on one class
by_soft = torch_cross_entropy(torch.tensor(X @ W + b), torch.tensor(T)).item()

print(by_one_hot, by_index, by_torch, by_soft, np.log(10))
assert np.ptp([by_one_hot, by_index, by_torch, by_soft]) < 1e-12

# %%
says("2.3026", by_index)

# %% [markdown]
# Every probability is one tenth, so the loss is $\log 10 = 2.3026$. There are three ways to write it. *One-hot*
# multiplies by a table that is nearly all zeros. *By index* picks the one number of each row that counts, and needs no
# table. PyTorch wants the scores, and either the whole numbers or a table of probabilities of type float; the one-hot
# rows are such a table, and rows that are not sure of their class are allowed in it too.
#
# ## Gradient, by hand and by autograd


# %%
def loss(W, b):
    return -log_softmax(X @ W + b)[np.arange(n), c].mean() + alpha / 2 * (W**2).sum()


def gradient(W, b):
    residual = (softmax(X @ W + b) - T) / n  # (n, K): whose rows sum to 0
    return X.T @ residual + alpha * W, residual.sum(axis=0)


rng = np.random.default_rng(0)
W, b = rng.normal(size=(p, K)), rng.normal(size=K)
dW, db = gradient(W, b)

X_torch, c_torch = torch.tensor(X), torch.tensor(c)
W_torch = torch.tensor(W, requires_grad=True)
b_torch = torch.tensor(b, requires_grad=True)


def loss_torch():
    fit = torch_cross_entropy(X_torch @ W_torch + b_torch, c_torch)
    return fit + alpha / 2 * (W_torch**2).sum()


value = loss_torch()
value.backward()

assert abs(loss(W, b) - value.item()) < 1e-13
assert np.abs(dW - W_torch.grad.numpy()).max() < 1e-12
assert np.abs(db - b_torch.grad.numpy()).max() < 1e-12
assert np.abs(db.sum()) < 1e-13  # what one class gains, the others lose

# %% [markdown]
# ## Training
#
# Gradient descent: 500 times a step against the gradient, on all pictures at once, with a learning rate of 1.

# %%
steps, rate = 500, 1.0

W, b = np.zeros((p, K)), np.zeros(K)
losses = [loss(W, b)]
started = time.perf_counter()
for _ in range(steps):
    dW, db = gradient(W, b)
    W, b = W - rate * dW, b - rate * db
    losses.append(loss(W, b))
print(f"NumPy:   {time.perf_counter() - started:.1f} s")

W_torch = torch.zeros(p, K, dtype=torch.float64, requires_grad=True)
b_torch = torch.zeros(K, dtype=torch.float64, requires_grad=True)
optimiser = torch.optim.SGD([W_torch, b_torch], lr=rate)
started = time.perf_counter()
for _ in range(steps):
    optimiser.zero_grad()
    loss_torch().backward()
    optimiser.step()
print(f"PyTorch: {time.perf_counter() - started:.1f} s")

assert np.abs(W - W_torch.detach().numpy()).max() < 1e-10
assert np.abs(b - b_torch.detach().numpy()).max() < 1e-10


def accuracy(W, b):
    # no softmax needed: the largest score has the largest probability
    return np.mean((X_test @ W + b).argmax(axis=1) == c_test)


Z = X_test @ W + b
assert (softmax(Z).argmax(axis=1) == Z.argmax(axis=1)).all()


print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, test accuracy {accuracy(W, b):.4f}")

# %%
says("500", steps)
says("0.2631", losses[-1])
says("96.4 %", accuracy(W, b))

# %% [markdown]
# The loss has fallen from 2.3026 to 0.2631, and 96.4 % of the test pictures are read right. NumPy and PyTorch have the
# same weights to ten digits: there is no magic in the framework.
#
# ## What the weights look like
#
# A column of $W$ has a weight for each pixel, so it is a picture too.

# %%
plots.WeightsDisplay.from_coef(W.T, classes=range(K))

# %% [markdown]
# See yellow where ink raises the score of a class, and blue where it lowers it. The 0 has a blue hole: ink in the
# middle speaks against a 0. These are not average digits. They are what tells one class from the nine others.
#
# ## The library as judge
#
# Is 0.2631 good? The curve flattens, but a curve always does. The library finds the optimum of the same function, with
# a certificate.

# %%
model = LogisticRegression(alpha=alpha, solver="lbfgs").fit(X, c)
best = model.certificate_.value
print(f"optimum {best:.10f}, certified to {model.certificate_.gap:.0e}")
print(f"test accuracy {model.score(X_test, c_test):.4f}")
print(f"our loop stopped {losses[-1] - best:.4f} above it")

F = model.objective(X, c)
mine = F.at(np.vstack([W, b]))  # the intercepts are the last row
_, certificate = F.certify(mine)
print(f"and a proof without the optimum: at most {certificate.gap:.4f} above it")

assert abs(mine.value - losses[-1]) < 1e-13
assert certificate.kind == "proof"
assert losses[-1] - best < certificate.gap

figure, ax = plt.subplots(figsize=(7, 3.8))
ax.semilogy(np.array(losses) - best, linewidth=2)
ax.set(xlabel="step", ylabel="loss less optimum")
ax.set_title("Gradient descent on a log axis: slower and slower")

# %%
says("0.2555", best)
says("0.0076", losses[-1] - best)
says("0.0225", certificate.gap)
says("96.1 %", model.score(X_test, c_test))

# %% [markdown]
# The optimum is 0.2555, so our loop stopped 0.0076 too high. `F.certify` knew this without the optimum: from our
# weights alone it proves that no weights are better by more than 0.0225. See the curve bend: on a log axis, equal steps
# down would be a straight line. [Lesson 7](07_race.py) has faster ways down.
#
# The test accuracy of the optimum, 96.1 %, is one picture *below* ours. Loss and accuracy are different things: the
# loss is what training lowers, the accuracy is what it hopes for.

# %%
assert round(len(c_test) * (accuracy(W, b) - model.score(X_test, c_test))) == 1

# %% [markdown]
# ## Break it: no penalty
#
# Set $\alpha = 0$, and train for longer and longer. Watch the loss and the size of the weights.

# %%
free_W, free_b, sizes = np.zeros((p, K)), np.zeros(K), {}
for step in range(1, 2001):
    residual = (softmax(X @ free_W + free_b) - T) / n
    free_W = free_W - rate * X.T @ residual
    free_b = free_b - rate * residual.sum(axis=0)
    if step in (500, 1000, 2000):
        log_P = log_softmax(X @ free_W + free_b)
        sizes[step] = np.linalg.norm(free_W)
        free_loss = -log_P[np.arange(n), c].mean()
        print(f"step {step:4}: loss {free_loss:.4f}, size of W {sizes[step]:.1f}")

with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    unpenalised = LogisticRegression(C=np.inf).fit(X, c)
print(str(told[0].message)[:158])
stopped = unpenalised.score(X_test, c_test)
print(f"test accuracy where the search gave up: {stopped:.4f}")

assert unpenalised.certificate_.status.word == "separated"
assert unpenalised.certificate_.limit.supremum == 0
assert stopped < 0.94

# %%
says("17.3", sizes[500])
says("21.0", sizes[1000])
says("25.5", sizes[2000])

# %% [markdown]
# With every doubling of the steps the weights grow, from 17.3 to 21.0 to 25.5, and nothing stops them. With 64 pixels
# the ten classes of the training pictures can be told apart without a mistake. Of weights that do it, twice as large are
# always better: probabilities of the right class tend to 1, the loss to 0, and there is no optimum to arrive at. The
# library says so by name, *separated*, and does not return a number as if it were an answer. A penalty makes the
# question a good one; more in lesson 10.
#
# ## Exercise 1
#
# The mean cross-entropy by index, from log-probabilities.


# %%
def cross_entropy(log_P, c):
    # your line: log_P (n, K), c (n,) whole numbers -> one number
    return ...


exercise("digits.1", cross_entropy)

# %% [markdown]
# ## Exercise 2
#
# Both gradients, without a penalty.


# %%
def gradients(X, c, P):
    # your lines: X (n, p), c (n,) whole numbers, P (n, K) probabilities -> dW (p, K), db (K,)
    return ...


exercise("digits.2", gradients)

# %% [markdown]
# ## What to remember
#
# - The gradient is $X^T (P - T) / n$: ten columns of "prediction less truth, times pixels".
# - First loss $\log K$, or something is wrong. By index or by one-hot, the loss is the same.
# - A flat curve is not an optimum. A certificate says how far you are, and *separated* says that there is nowhere to
#   arrive.
#
# ## For teachers
#
# *Misconception*: "the weights are the average picture of each class". Let the class guess which digit each picture of
# weights is, with the titles covered. *Ask*: which pixels have weights near 0 and why? (Corners: no ink, no pull, and
# the penalty holds them at 0.) *Time*: the shapes deserve five minutes; in a hurry, skip the one-hot table.
