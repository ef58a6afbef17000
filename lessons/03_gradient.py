# ---
# title: The gradient, three ways
# minutes: 14
# ---
# %% [markdown]
# # The gradient, three ways
#
# After this lesson you can
#
# - write the gradient of the log loss in one line, and say what each piece of it means;
# - check any gradient, of any program, by differences, with the right step;
# - say from one picture whether a small disagreement is rounding or a bug;
# - write the second derivatives too, and say why the loss has one valley.
#
# ## The idea in words
#
# A loss is one number that depends on the weights. Its gradient has one entry for each weight: how fast the loss grows
# when that weight grows. Go the other way, and the loss falls.
#
# For logistic regression the gradient can be read aloud. Every row makes a prediction $p$, the probability of class 1,
# and has a truth $y$, which is 0 or 1. The difference $p - y$ is the row's *residual*: too high is positive, too low is
# negative. Each row pulls at every weight, as hard as its residual says, times its own value in that column. The
# gradient is the average pull.
#
# ## Words and symbols
#
# | in words | symbol | shape |
# |---|---|---|
# | columns, one row for each case | $X$ | $(n, p)$ |
# | truth, 0 or 1 | $y$ | $(n)$ |
# | weights | $w$ | $(p)$ |
# | scores, also called logits | $z = X w$ | $(n)$ |
# | probabilities of class 1 | $p = \sigma(z) = 1 / (1 + e^{-z})$ | $(n)$ |
# | loss: the mean over the rows | $L = \frac{1}{n} \sum_i \left( \log(1 + e^{z_i}) - y_i z_i \right)$ | one number |
# | gradient | $g = X^T (p - y) / n$ | $(p)$ |
#
# The gradient is a chain with two links.
#
# 1. *From a row's score to its loss.* The slope of $\log(1 + e^z)$ is $e^z / (1 + e^z)$, which is $p$. The slope of
#    $y z$ is $y$. Together: $p - y$.
# 2. *From a weight to the score.* The score is $z_i = \sum_j x_{ij} w_j$. When $w_j$ grows by 1, it grows by $x_{ij}$.
#
# Multiply the links, and average over the rows:
#
# $$\frac{\partial L}{\partial w_j} = \frac{1}{n} \sum_i x_{ij} (p_i - y_i).$$
#
# All $p$ of these sums at once are the product $X^T (p - y) / n$.
#
# ## The data
#
# 100 iris flowers of two species, versicolor and virginica, with the length and the width of a petal in centimetres.
# The intercept needs no formula of its own: it is the weight of one more column, which is 1 in every row.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from logistic import LogisticRegression, datasets
from logistic.learn import exercise, says

plt.style.use("tableau-colorblind10")

flowers = datasets.load("iris", as_frame=True)
two = flowers.y != "setosa"
petals = flowers.X[two][["petal length (cm)", "petal width (cm)"]].to_numpy()
X = np.column_stack([petals, np.ones(len(petals))])
y = (flowers.y[two] == "virginica").to_numpy().astype(float)

n, p = X.shape
print(X[:3], y[:3], sep="\n")

# %%
says("100", n)

# %% [markdown]
# ## Predict first
#
# All weights are 0. Half of the flowers are virginica ($y = 1$), and virginica has the longer petals.
#
# 1. What is the entry of the gradient that belongs to the intercept?
# 2. Is the entry of the petal length positive or negative?
#
# Write down both answers before you run the next cell.


# %%
def sigmoid(z):
    # 1 / (1 + exp(-z)), without an exponential that could overflow
    return 0.5 + 0.5 * np.tanh(z / 2)


def loss(w):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)  # log(e^0 + e^z)


def gradient(w):
    return X.T @ (sigmoid(X @ w) - y) / n


at_zero = gradient(np.zeros(p))
print("loss    ", loss(np.zeros(p)))
print("gradient", at_zero)

assert abs(at_zero[2]) < 1e-15

# %%
says("0.6931", loss(np.zeros(p)))
says("-0.323", at_zero[0])

# %% [markdown]
# With weights 0 every probability is one half, so the loss is $\log 2 = 0.6931$. The intercept's column is 1
# everywhere, so its entry is the mean of $p - y$, which is the mean prediction less the share of class 1: one half less
# one half, 0. The petal length has -0.323: raise this weight and the loss falls.
#
# ## The same from autograd
#
# PyTorch writes down every operation on the way from `w` to the loss, and then walks back through the list by the same
# chain rule. First line, our formula; second line, nobody wrote a formula.

# %%
w = np.array([0.5, 1.0, -4.0])  # any place will do

w_torch = torch.tensor(w, requires_grad=True)
z_torch = torch.tensor(X) @ w_torch
loss_torch = binary_cross_entropy_with_logits(z_torch, torch.tensor(y))
loss_torch.backward()

print("NumPy  ", loss(w), gradient(w))
print("PyTorch", loss_torch.item(), w_torch.grad.numpy())
assert abs(loss(w) - loss_torch.item()) < 1e-14
assert np.abs(gradient(w) - w_torch.grad.numpy()).max() < 1e-14

# %% [markdown]
# ## The same without any calculus
#
# A derivative is a limit of differences. Move one weight a little up and a little down, and see what the loss does:
#
# $$\frac{\partial L}{\partial w_j} \approx \frac{L(w + h e_j) - L(w - h e_j)}{2 h},$$
#
# where $e_j$ is 1 in entry $j$ and 0 elsewhere. This is the *central* difference. It knows nothing of your formula, so
# it is the best judge of it. The *forward* difference, $\left( L(w + h e_j) - L(w) \right) / h$, is cheaper and much
# worse.
#
# How small should $h$ be? Two errors pull in opposite directions.
#
# - *Too large*: the loss is curved, and the difference sees the curve. This error shrinks like $h$ forward, and like
#   $h^2$ central.
# - *Too small*: the two losses agree in nearly all of their 16 digits, and only rounding is left. This error grows like
#   $\epsilon / h$, where $\epsilon = 2.2 \cdot 10^{-16}$ is the spacing of float64 numbers at 1.
#
# The sum is smallest near $\epsilon^{1/2}$ forward, about $10^{-8}$, and near $\epsilon^{1/3}$ central, about
# $10^{-5}$.

# %%
eps = np.finfo(float).eps


def forward(w, h):
    return np.array([(loss(w + h * e) - loss(w)) / h for e in np.eye(p)])


def central(w, h):
    return np.array([(loss(w + h * e) - loss(w - h * e)) / (2 * h) for e in np.eye(p)])


def error(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


steps = 10.0 ** np.arange(-15, 0.1, 0.25)
true = gradient(w)
errors = {
    "forward": [error(forward(w, h), true) for h in steps],
    "central": [error(central(w, h), true) for h in steps],
    "central, of a gradient with a bug": [
        error(central(w, h), true * n / (n - 1)) for h in steps
    ],
}

figure, ax = plt.subplots(figsize=(7, 4))
for (name, values), style in zip(errors.items(), ("--", "-", ":"), strict=True):
    ax.loglog(steps, values, style, label=name, linewidth=2)
ax.axvline(eps ** (1 / 3), color="grey", linewidth=0.8)
ax.set(xlabel="step h", ylabel="relative error", ylim=(1e-11, 1e4))
ax.set_title("How far differences are from the gradient")
ax.legend()

for name, values in errors.items():
    print(f"{name}: {min(values):.0e} at best, with h = {steps[np.argmin(values)]:.0e}")
assert min(errors["central"]) < 1e-9
assert 1e-9 < min(errors["forward"]) < 1e-6

# %%
says("2.2e-16", eps)
says("16", -np.log10(eps))
says("1 %", error(central(w, 1e-5), true * n / (n - 1)))

# %% [markdown]
# See the two valleys: rounding on the left, the curve of the loss on the right. The central one is deeper, and its
# floor is where the grey line says, at $\epsilon^{1/3}$. There, nine digits are right.
#
# See the dotted line too. That gradient divides by $n - 1$ in place of $n$. Its error stays at 1 % over ten powers of
# ten of the step. **Rounding makes a valley; a bug makes a floor.** No step will hide it.
#
# So the check is: central differences, $h = 10^{-5}$ for weights of size 1, in float64, relative error below $10^{-7}$.
# Check at some random place, not at 0: there, many wrong formulas are right by symmetry.

# %%
assert error(central(w, 1e-5), gradient(w)) < 1e-7

# %% [markdown]
# ## What the 1 / n does
#
# The mean, and not the sum. Copy every row once: the mean does not notice, the sum doubles. A learning rate that suits
# the mean suits it for any number of rows; one that suits the sum has to be found again for every data set.

# %%
X_twice, y_twice = np.vstack([X, X]), np.concatenate([y, y])
pull = X_twice.T @ (sigmoid(X_twice @ w) - y_twice)
assert np.allclose(pull / (2 * n), gradient(w), rtol=1e-13)  # the mean: as before
assert np.allclose(pull, 2 * (n * gradient(w)), rtol=1e-13)  # the sum: doubled

# %% [markdown]
# ## The second derivatives
#
# Differentiate once more. The residual's slope is that of $p$, and the slope of the sigmoid is $p (1 - p)$. So the
# matrix of second derivatives, the *Hessian*, is
#
# $$H = \frac{1}{n} X^T \, \mathrm{diag}\left( p (1 - p) \right) X.$$
#
# $y$ is not in it. $p (1 - p)$ is never negative, so neither is $v^T H v$ for any $v$: the loss curves upward in every
# direction. That is why it has one valley, and why a gradient of zero is proof of the bottom and not of a saddle.


# %%
def hessian(w):
    probability = sigmoid(X @ w)
    return X.T @ ((probability * (1 - probability))[:, None] * X) / n


def loss_of(w_torch):
    return binary_cross_entropy_with_logits(torch.tensor(X) @ w_torch, torch.tensor(y))


by_autograd = torch.autograd.functional.hessian(loss_of, torch.tensor(w)).numpy()
by_differences = np.array(
    [(gradient(w + 1e-5 * e) - gradient(w - 1e-5 * e)) / 2e-5 for e in np.eye(p)]
)

print(hessian(w))
assert np.abs(hessian(w) - by_autograd).max() < 1e-13
assert np.abs(hessian(w) - by_differences).max() < 1e-8
assert (np.linalg.eigvalsh(hessian(w)) > 0).all()

# %% [markdown]
# ## The library as judge
#
# `objective` hands over the function that `fit` minimises. `F.at` gives its value and gradient, `F.hessian` its second
# derivatives. With two classes, W has one column, and the intercept is its last row, as in our `X`.

# %%
model = LogisticRegression(C=np.inf)  # no penalty
F = model.objective(petals, y)
point = F.at(w[:, None])
assert abs(point.value - loss(w)) < 1e-13
assert np.abs(point.grad[:, 0] - gradient(w)).max() < 1e-13
assert np.abs(F.hessian(point) - hessian(w)).max() < 1e-12

model.fit(petals, y)
best_w = np.append(model.coef_, model.intercept_)
print("optimum ", best_w)
print("gradient", gradient(best_w), "certified to", model.certificate_.gap)
assert np.abs(gradient(best_w)).max() < 1e-12
assert abs(sigmoid(X @ best_w).mean() - y.mean()) < 1e-12

# %%
says("0.1028", loss(best_w))
says("5.75", best_w[0])
says("10.45", best_w[1])
says("-45.27", best_w[2])

# %% [markdown]
# The certified optimum is 5.75 for the length, 10.45 for the width and -45.27 for the intercept, with a loss of 0.1028.
# All entries of the gradient are 0 there, to rounding. The intercept's entry says something by itself: at the optimum
# the mean prediction equals the share of class 1. Every logistic regression has this property whose intercept is free:
# in no penalty, and fitted to the end.
#
# ## Break it
#
# Take a step that looks careful: `h = 1e-16`. Then do the check in float32, as networks are trained.

# %%
print("h = 1e-16:", central(w, 1e-16))

X32, y32 = X.astype(np.float32), y.astype(np.float32)


def loss32(w):
    z = X32 @ w
    return np.mean(np.logaddexp(np.float32(0), z) - y32 * z)


def central32(w, h):
    w, h = w.astype(np.float32), np.float32(h)
    return np.array(
        [
            (loss32(w + h * e) - loss32(w - h * e)) / (2 * h)
            for e in np.eye(p, dtype=np.float32)
        ]
    )


for h in (1e-1, 1e-2, 1e-3, 1e-5):
    print(
        f"float32, h = {h:g}: relative error {error(central32(w, h), gradient(w)):.0e}"
    )

assert error(central(w, 1e-16), gradient(w)) > 0.1
assert error(central32(w, 1e-5), gradient(w)) > 1e-3
assert min(error(central32(w, h), gradient(w)) for h in (1e-1, 1e-2, 1e-3)) < 1e-3

# %% [markdown]
# With `h = 1e-16` the entries are 0 or wild: `w + h` is `w` to the last digit, or the loss is. In float32 the best step
# is near $\epsilon^{1/3} = 0.005$, and a step of $10^{-5}$, right in float64, is noise. Do gradient checks in float64,
# also for models that train in float32.

# %%
says("0.005", np.finfo(np.float32).eps ** (1 / 3))

# %% [markdown]
# ## Exercise 1
#
# Most models are fitted with a penalty, which keeps weights small: $L(w) + \frac{\alpha}{2} \sum_j w_j^2$. The sum
# leaves out the intercept, which is the last entry of $w$. Write the gradient of this.


# %%
def penalised_gradient(X, y, w, alpha):
    # your lines: X (n, p) with a last column of ones, y (n,) of 0 and 1, w (p,) -> (p,)
    return ...


exercise("gradient.1", penalised_gradient)

# %% [markdown]
# ## Exercise 2
#
# Write the judge: the gradient of any function of a vector by central differences.


# %%
def by_central_differences(f, w, h=1e-5):
    # your lines: f takes an array like w (p,) and gives a number -> (p,)
    return ...


exercise("gradient.2", by_central_differences)

# %% [markdown]
# ## What to remember
#
# - The gradient is residuals times columns, averaged: $X^T (p - y) / n$. The intercept is a column of ones.
# - Central differences with $h = 10^{-5}$ in float64 judge any gradient. Rounding makes a valley, a bug makes a floor.
# - The Hessian, $X^T \mathrm{diag}(p (1 - p)) X / n$, has no negative curvature: one valley, and gradient 0 means the
#   bottom.
#
# ## For teachers
#
# *Misconception*: "a smaller step is a better derivative". Let the class vote on the best $h$ before the figure. *Ask*:
# why does the Hessian not contain $y$? What would the intercept's entry say if the classes were 9 to 1? *Time*: if
# there is less than a quarter of an hour, skip the second derivatives, which [lesson 7](07_race.py) needs for Newton's
# method only.
