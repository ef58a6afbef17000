# ---
# title: Likelihood, and why not squared error
# minutes: 14
# ---
# %% [markdown]
# # Likelihood, and why not squared error
#
# After this lesson you can
#
# - compute the likelihood of a few rows by hand and find where it is largest;
# - say why we minimise the mean of "minus the log of the probability of what happened";
# - give two reasons, with numbers, why squared error is the wrong loss for a probability;
# - compute the loss from logits without losing large mistakes.
#
# ## The idea in words
#
# A model gives each row a probability for each answer. Then the answers arrive. A good model is seldom surprised: it gave large
# probabilities to what did happen. So ask each model one question: how probable did you think these answers were, all together?
# For independent rows that is a product, one factor a row. It is called the **likelihood**. The best model is the one whose
# likelihood is largest.
#
# A product of many small factors is a very small number, so we take its logarithm. The product becomes a sum, and the place of
# the maximum stays where it was. Divide by the number of rows and change the sign: that is the loss which every program for
# logistic regression makes small. It has many names: log loss, cross-entropy, negative log-likelihood.
#
# ## Words and symbols
#
# | word | symbol | what it means |
# |---|---|---|
# | answer | $y_i$ | 1 if it happened in row $i$, else 0 |
# | probability | $p_i = \sigma(z_i)$ | what the model says for "1" in row $i$; $z_i = w x_i + b$ is its logit |
# | likelihood | $L = \prod_i p_i^{y_i} (1-p_i)^{1-y_i}$ | probability of all answers: $p_i$ for a 1, $1-p_i$ for a 0 |
# | log loss | $-\frac{1}{n} \log L$ | mean surprise of a row |
#
# ## By hand
#
# Ten rows, three of them 1, and a model with one number: the same $p$ for every row. Its likelihood is $p^3 (1-p)^7$. Try every
# $p$ in steps of a thousandth.
# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as F

from logistic import LogisticRegression, datasets
from logistic.learn import exercise, says

grid = np.arange(1, 1000) / 1000
likelihood = grid**3 * (1 - grid) ** 7
best = grid[likelihood.argmax()]
loss = -np.log(likelihood.max()) / 10
print(f"largest at p = {best}: likelihood {likelihood.max():.6f}, log loss {loss:.4f}")
# %% [markdown]
# It is largest at 0.3, the share of ones, and there it is 0.002224. The log loss is 0.6109 a row.
#
# With more rows the product leaves what a computer can hold. A coin that falls 2,000 times has a likelihood of one half to the
# power of 2,000, and the computer says 0. The sum of the logarithms is an ordinary number: -1,386.
# %%
n = 2000
print("product", 0.5**n, " sum of logarithms", n * np.log(0.5))
# %%
says("0.3", best)
says("0.002224", likelihood.max())
says("0.6109", loss)
says("2,000", n)
says("-1,386", n * np.log(0.5))
# %% [markdown]
# ## The loss of a line
#
# Now the tumours of [lesson 1](01_odds.py). From the logit $z$ the loss of a row is
#
# $$
# \begin{aligned}
# y = 1: \quad -\log \sigma(z) &= \log(1 + e^{-z}) \\
# y = 0: \quad -\log(1 - \sigma(z)) &= \log(1 + e^{z})
# \end{aligned}
# $$
#
# and both together are $\log(1 + e^z) - y z$. NumPy has $\log(e^a + e^b)$ as `logaddexp`, which never overflows. PyTorch has
# the whole loss.
# %%
data = datasets.load("breast_cancer")
radius = data.X[:, data.features.index("mean radius")]
x = (radius - radius.mean()) / radius.std()
y = (data.y == "malignant").astype(float)


def log_loss(w, b):
    z = w * x + b
    return np.mean(np.logaddexp(0, z) - y * z)


z = torch.tensor(1.5 * x - 0.5)
assert np.isclose(
    log_loss(1.5, -0.5), F.binary_cross_entropy_with_logits(z, torch.tensor(y)).item()
)

model = LogisticRegression(C=np.inf).fit(x[:, None], y)
w, b = model.coef_[0, 0], model.intercept_[0]
assert np.isclose(model.certificate_.value, log_loss(w, b))
assert model.certificate_.gap < 1e-12
print(f"best line: w = {w:.4f}, b = {b:.4f}, log loss {log_loss(w, b):.4f}")
print("on the way:", [round(float(value), 4) for value in model.history_["objective"]])
# %% [markdown]
# The library starts at $w = b = 0$, where every probability is one half and the loss is $\log 2$, 0.6931. A few steps later it is
# at 0.2900 and has proved that no line does better.
#
# ## Predict first
#
# Squared error, $(p - y)^2$, is small for good probabilities too. So why not use it? Think of one row with $y = 1$ for which
# the model is sure of the opposite: its logit is -10, its probability 0.00005. Both losses see a bad mistake. Training follows
# the slope of the loss. How much steeper is log loss than squared error at this row?
#
# 1. About as steep.
# 2. About ten times as steep.
# 3. More than a thousand times as steep.
# %%
logits = torch.tensor([-2, -5, -10, -20.0], dtype=torch.float64, requires_grad=True)
one = torch.ones(4, dtype=torch.float64)
log_losses = F.binary_cross_entropy_with_logits(logits, one, reduction="none")
square_losses = (torch.sigmoid(logits) - one) ** 2
(slope_log,) = torch.autograd.grad(log_losses.sum(), logits)
(slope_square,) = torch.autograd.grad(square_losses.sum(), logits)

q = 1 / (1 + np.exp(-logits.detach().numpy()))  # the same by hand, in NumPy
assert np.allclose(slope_log, q - 1)
assert np.allclose(slope_square, 2 * (q - 1) * q * (1 - q))
print("logit   slope of log loss   slope of squared error")
for k in range(4):
    print(f"{logits[k]:5.0f} {slope_log[k]:19.5f} {slope_square[k]:24.2e}")
# %% [markdown]
# Answer 3: it is 11,014 times as steep. The slope of log loss is $p - y$. The slope of squared error is that times
# $2 p (1 - p)$, and this factor is nearly zero wherever the model is sure, whether it is right or wrong. A confident mistake is
# the row that should teach most, and squared error learns nothing from it.
# %%
half = np.logaddexp(0, 0)
says("0.6931", half)
says("0.2900", log_loss(w, b))
says("-10", logits[2])
says("0.00005", q[2])
says("11,014", slope_log[2] / slope_square[2])


# %% [markdown]
# ## The two curves
# %%
def log_curve(z):
    return np.logaddexp(0, -z)


def square_curve(z):
    return (1 / (1 + np.exp(-z)) - 1) ** 2


wide = np.linspace(-10, 4, 200)
fig, ax = plt.subplots()
ax.plot(wide, log_curve(wide), color="#0072B2", label="log loss")
ax.plot(
    wide, square_curve(wide), color="#D55E00", linestyle="--", label="squared error"
)
ax.set(xlabel="logit of a row with y = 1", ylabel="loss", ylim=(0, 6))
ax.legend()
# %% [markdown]
# See that log loss rises like a straight line to the left, and squared error goes flat at 1. That is the first reason. The
# second: the blue curve is **convex**. It lies below every straight line that joins two of its points, so it has one valley,
# and so has the mean over all rows. The orange curve is not:
# %%
a, c = -8.0, 0.0
print("               halfway   straight line there")
for name, curve in (("log loss", log_curve), ("squared error", square_curve)):
    print(f"{name:13} {curve((a + c) / 2):8.3f} {(curve(a) + curve(c)) / 2:21.3f}")


# %% [markdown]
# Halfway between the logits -8 and 0 log loss is at 4.018, below its straight line at 4.347. Squared error is at 0.964, far
# above its line at 0.625. A loss that is not convex can have flats and several valleys, and then a slope of zero
# no longer shows that an answer is the best.
#
# It happens on real data. Start both losses at a bad line, $w = -10$, and walk downhill with the same step size.
# %%
def walk(loss, steps):
    line = torch.tensor([-10.0, 0.0], dtype=torch.float64, requires_grad=True)
    for _ in range(steps):
        z = line[0] * torch.tensor(x) + line[1]
        (slope,) = torch.autograd.grad(loss(z, torch.tensor(y)), line)
        line = (line - slope).detach().requires_grad_()
    return line.detach().numpy()


few, many = 200, 1000
by_log = walk(F.binary_cross_entropy_with_logits, few)
by_square = walk(lambda z, y: ((torch.sigmoid(z) - y) ** 2).mean(), many)
for name, steps, line in (
    ("log loss", few, by_log),
    ("squared error", many, by_square),
):
    right = np.mean((line[0] * x + line[1] > 0) == y)
    print(f"{name} after {steps} steps: w = {line[0]:.2f}, b = {line[1]:.2f}")
    print(f"    right for {right:.3f} of the rows")
# %% [markdown]
# After 200 steps log loss is at 0.2900, the best value to four digits. After 1,000 steps squared error sits on a flat: its
# slope $w$ is still negative, as if small tumours were the dangerous ones, and it calls nearly every tumour benign.
#
# ## Accuracy is not loss
#
# Multiply $w$ and $b$ of the best line by ten, or divide them by ten. No logit changes its sign, so every predicted class
# stays, and all three models are right for 0.8787 of the rows. Their losses are 0.2900, 1.4200 and 0.5733. Accuracy asks on
# which side of one half a probability lies. Loss asks for the probability.
# %%
says("-8", a)
says("4.018", log_curve((a + c) / 2))
says("4.347", (log_curve(a) + log_curve(c)) / 2)
says("0.964", square_curve((a + c) / 2))
says("0.625", (square_curve(a) + square_curve(c)) / 2)
says("200", few)
says("0.2900", log_loss(*by_log))
says("1,000", many)
right = [np.mean((k * (w * x + b) > 0) == y) for k in (1, 10, 0.1)]
assert right[0] == right[1] == right[2]
says("0.8787", right[0])
says("1.4200", log_loss(10 * w, 10 * b))
says("0.5733", log_loss(w / 10, b / 10))
assert by_square[0] < 0 < by_log[0]
assert np.mean(by_square[0] * x + by_square[1] > 0) < 0.01
# %% [markdown]
# ## Break it
#
# The loss is $-\log p$, and $\log 0$ is infinite. Many programs add a small number, $-\log(p + 10^{-10})$, and the infinity is
# gone. So is the mistake:
# %%
print("         from the logit       with 1e-10")
print("logit      loss   slope     loss   slope")
for wrong in (-10.0, -20.0, -30.0, -800.0):
    z = torch.tensor(wrong, dtype=torch.float64, requires_grad=True)
    losses = [
        F.binary_cross_entropy_with_logits(z, torch.ones_like(z)),
        -torch.log(torch.sigmoid(z) + 1e-10),
    ]
    pairs = [(loss.item(), torch.autograd.grad(loss, z)[0].item()) for loss in losses]
    print(f"{wrong:5.0f}", *(f"{loss:9.3f} {slope:7.4f}" for loss, slope in pairs))
with_eps = losses[1]
# %% [markdown]
# However wrong the row is, its loss stops at 23.03, and its slope goes to zero, as with squared error. Nothing crashes and
# nothing warns: a loss that never passes 23.03 is how you notice. The way out is the formula from the logit, which needs no
# small number. In PyTorch it is `binary_cross_entropy_with_logits`.
# %%
says("23.03", with_eps)


# %% [markdown]
# ## Exercise 1
#
# The log loss from probabilities: `p` and `y` are arrays, `p` the probability of 1.
# %%
def loss_of_probabilities(p, y):
    return ...  # your line


exercise("likelihood.1", loss_of_probabilities)


# %% [markdown]
# ## Exercise 2
#
# The log loss from logits, right however large a logit is: a logit of minus one thousand is a legal input.
# %%
def loss_of_logits(z, y):
    return ...  # your line


exercise("likelihood.2", loss_of_logits)
# %% [markdown]
# ## What to remember
#
# - Likelihood: the probability that the model gave to all that happened. The best model makes it largest.
# - Log loss is the mean of minus the log of the probability of what happened. A loss of $\log 2$ is a coin.
# - The slope of log loss in the logit is $p - y$: large for large mistakes. That of squared error vanishes where the model is
#   sure.
# - Log loss is convex in $w$ and $b$: one valley, and a proof is possible.
# - Equal accuracy does not mean equal loss.
# - Compute the loss from logits. Never add a small number inside a logarithm.
#
# ## For teachers
#
# *Time*: 14 minutes to read and run, 10 for the exercises.
#
# *Common misconception*: "the model is good, its accuracy is high". Show the three models of equal accuracy, and ask which one
# you would want from a doctor who says "I am nearly sure".
#
# *Second misconception*: "the small number is only there for safety". Let the class find the largest loss that it allows.
#
# *Ask*: What is the loss of a model that says 1 for a row whose answer is 0? Why is that fair? What is the likelihood of ten
# rows if the model is a coin?
#
# *Skip*, where time is short: the walk from the bad line; the figure says the same. Where the slopes come from is the matter of
# the next lesson.
