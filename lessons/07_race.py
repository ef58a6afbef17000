# ---
# title: A race to the optimum
# minutes: 15
# ---
# %% [markdown]
# # A race to the optimum
#
# After this lesson you can
#
# - write the steps of gradient descent, momentum and Newton, and say what Adam and L-BFGS add;
# - read a race on logarithmic axes: slow bends, sudden falls, floors;
# - say when "stochastic gradient descent is a bad optimiser" is true, and when it is not;
# - let a certificate decide who has arrived.
#
# ## The idea in words
#
# The loss is a valley with one bottom. Everybody starts at weights 0 and wants to be there. They differ in what they
# know.
#
# - *Gradient descent* knows the slope where it stands, and takes a step down.
# - *Momentum* remembers its last steps, and rolls on. In a long narrow valley it does not zigzag.
# - *Adam* remembers, and has a rate of its own for each weight.
# - *L-BFGS* learns from its last steps how the valley is curved, and then searches along a line.
# - *Newton* measures the curvature itself, and steps to the bottom of the parabola that fits.
#
# Any of them but the last two may look at some rows only, a *batch*, before it steps. That is the *stochastic* in
# stochastic gradient descent, SGD: cheap steps, and noise.
#
# ## Words and symbols
#
# | who | the step, with gradient $g$ and learning rate $\eta$ |
# |---|---|
# | gradient descent | $w \leftarrow w - \eta g$ |
# | momentum $\mu$ | $v \leftarrow \mu v + g$, then $w \leftarrow w - \eta v$ |
# | Adam | $w_j \leftarrow w_j - \eta \, m_j / (\sqrt{s_j} + \epsilon)$; $m$ and $s$: running means of $g$ and of $g^2$ |
# | L-BFGS | $w \leftarrow w - t B g$; $B$ from the last steps, $t$ from a search along the line |
# | Newton | $w \leftarrow w - t H^{-1} g$; $H$: second derivatives, $t$ nearly always 1 |
#
# ## The course
#
# 100 iris flowers, virginica against the rest, four lengths in centimetres as they are, no intercept. This is the
# problem of a known textbook notebook, in which SGD ends far from the optimum and is called a bad optimiser.

# %%
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from logistic import LogisticRegression, datasets, solvers, split
from logistic.learn import exercise, says

plt.style.use("tableau-colorblind10")
torch.set_num_threads(1)  # small arrays: more threads would wait for each other

lengths, species = datasets.load("iris", return_X_y=True)
virginica = (species == "virginica").astype(int)
(X, y), _ = split(lengths, virginica, fractions=(2 / 3, 1 / 3), seed=42)
n, p = X.shape

model = LogisticRegression(C=np.inf, fit_intercept=False, random_state=0)
F = model.objective(X, y)  # the function to minimise
best = model.fit(X, y).certificate_.value  # the bottom, certified
H = F.hessian(F.at(model.coef_.T))
print("optimum", model.coef_[0], "with loss", best)
print("steepest curvature there over the flattest:", np.linalg.cond(H))

# %%
says("100", n)
says("0.0691", best)
says("6,134", np.linalg.cond(H))

# %% [markdown]
# The bottom is at a loss of 0.0691. Around it the valley is 6,134 times as curved across as along: narrow and long.
# Gradient descent must keep its steps short for the steep direction, and then hardly moves in the flat one.
#
# ## Momentum three times
#
# The solvers of the library are generators: each `for` takes one step and hands over a point with its `W`, `value` and
# `grad`. Here are 50 steps of momentum: by hand, by PyTorch, and by the library.

# %%
rate, momentum, steps = 1.0, 0.9, 50


def gradient(w):
    return X.T @ (0.5 + 0.5 * np.tanh(X @ w / 2) - y) / n


w, v = np.zeros(p), np.zeros(p)
for _ in range(steps):
    v = momentum * v + gradient(w)
    w = w - rate * v

w_torch = torch.zeros(p, dtype=torch.float64, requires_grad=True)
optimiser = torch.optim.SGD([w_torch], lr=rate, momentum=momentum)
for _ in range(steps):
    optimiser.zero_grad()
    z = torch.tensor(X) @ w_torch
    binary_cross_entropy_with_logits(z, torch.tensor(y).double()).backward()
    optimiser.step()

# batch_size=None: all rows in one batch
solver = solvers.SGD(lr=rate, momentum=momentum, batch_size=None)
*_, point = islice(solver(F, F.zeros()), steps + 1)

print(w, w_torch.detach().numpy(), point.W[:, 0], sep="\n")
assert np.abs(w - w_torch.detach().numpy()).max() < 1e-9
assert np.abs(w - point.W[:, 0]).max() < 1e-9

# %%
says("50", steps)

# %% [markdown]
# ## Predict first
#
# Six runners; see the list in the next cell. A step of Newton costs more than a step of gradient descent, so count
# *passes over the data*, not steps: an epoch of SGD is one pass, a trial along a line is one, and the second
# derivatives of 4 weights count as 4.
#
# Who leads after 100 passes? Whose gap is below $10^{-10}$ after 5,000? Who never comes to rest?


# %%
class Counted:
    """The objective, and how many passes over the data a solver has asked it for."""

    def __init__(self, F):
        self.F, self.passes = F, 0

    def __getattr__(self, name):
        return getattr(self.F, name)

    def batches(self, size):
        self.passes += 1
        return self.F.batches(size)

    def hessian(self, point):
        self.passes += p
        return self.F.hessian(point)

    def line(self, point, direction):
        return CountedLine(self, self.F.line(point, direction))


class CountedLine:
    def __init__(self, counted, line):
        self.counted, self.line, self.eps = counted, line, line.eps

    def __call__(self, t):
        self.counted.passes += 1
        return self.line(t)

    def point(self, t):
        return self.line.point(t)


def race(solver, most=5000, goal=1e-14):
    """Passes and gaps until a gap is below the goal, or the passes are used up; and the last weights."""
    counted = Counted(model.objective(X, y))
    passes, gaps = [], []
    for point in solver(counted, counted.zeros()):
        passes.append(max(counted.passes, 1))
        gaps.append(max(point.value - best, 1e-16))  # what float64 can still tell apart
        if gaps[-1] <= goal or counted.passes >= most:
            break
    return np.array(passes), np.array(gaps), point.W


runners = {
    "SGD, batches of 33, momentum": solvers.SGD(lr=0.1, momentum=0.9, batch_size=33),
    "gradient descent": solvers.SGD(lr=1.0, batch_size=None),
    "momentum": solvers.SGD(lr=1.0, momentum=0.9, batch_size=None),
    "Adam": solvers.Adam(lr=0.1, batch_size=None),
    "L-BFGS": solvers.LBFGS(),
    "Newton": solvers.Newton(),
}
results = {name: race(solver) for name, solver in runners.items()}

figure, ax = plt.subplots(figsize=(9, 4.4), layout="constrained")
styles = (":", "--", "-.", (0, (5, 1)), "o-", "s-")
for (name, (passes, gaps, _)), style in zip(results.items(), styles, strict=True):
    marked = isinstance(style, str) and style[0] in "os"
    how = {"marker": style[0], "markersize": 3.5} if marked else {"linestyle": style}
    ax.loglog(passes, gaps, linewidth=1.5, label=name, **how)
ax.set(xlabel="passes over the data", ylabel="loss less optimum")
ax.set_title("Six ways down one valley")
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))

for name, (passes, gaps, _) in results.items():
    print(f"{name:30} {passes[-1]:5} passes, gap {gaps[-1]:.1e}")

newton, momentum_gaps = results["Newton"][1], results["momentum"][1]
noisy, plain = (
    results["SGD, batches of 33, momentum"][1],
    results["gradient descent"][1],
)
adam = results["Adam"][1]
assert results["L-BFGS"][0][-1] < 100
assert results["Newton"][0][-1] < 100
assert max(adam[-1], momentum_gaps[-1]) < 1e-10 < 1e-5 < plain[-1]
assert noisy[-200:].max() > 100 * noisy[-200:].min()  # never at rest
assert np.abs(np.diff(plain[1000:])).max() < 1e-4  # gradient descent crawls
print("Newton, step by step:", " ".join(f"{gap:.0e}" for gap in newton))

# %%
says("33", runners["SGD, batches of 33, momentum"].batch_size)
says("5,000", results["momentum"][0][-1])

# %% [markdown]
# See L-BFGS and Newton fall like stones, within 100 passes. Near the bottom each step of Newton doubles the number of
# right digits. Adam and momentum arrive about a hundred times later. Gradient descent with the same rate as momentum
# first jumps from wall to wall, then bends away: it would arrive, some time. SGD in batches trembles, and never comes
# to rest: every batch has a bottom of its own.
#
# Not every race ends so. Here $p = 4$. With a million weights there is no room for $H$, and Newton does not start; with
# a million rows SGD makes thousands of steps in one pass, and the others one or two.
#
# ## The library as judge
#
# So far the optimum was known. `F.certify` does without it. From a point alone it proves how much lower the bottom can
# be, or says that it cannot tell: without a penalty it must be near enough to know that there is a bottom at all.

# %%
for name, (_, gaps, W) in results.items():
    _, certificate = F.certify(F.at(W))
    proven = f"{certificate.gap:.1e} ({certificate.kind})"
    print(f"{name:30} true gap {gaps[-1]:.1e}, proven {proven}")
    assert (certificate.kind == "proof") == (gaps[-1] < 1e-10)
    assert gaps[-1] <= certificate.gap + 1e-16

# %%
assert abs(np.diff(plain[-2000:])).max() < 1e-6
says("2,000", len(plain[-2000:]))

# %% [markdown]
# The four who arrived have a proof, and for momentum it is sharp: the proven gap is hardly larger than the true one.
# (The true gap stops at `1e-16`, where two losses agree in all digits of float64. A proof can go further.) The other
# two have none. "The loss has not changed for a while" is no certificate: gradient descent crawls, and would have
# passed that test long ago: in its last 2,000 steps none changes the loss by a millionth.
#
# ## Is SGD a bad optimiser?
#
# The notebook says so, after 100 epochs in batches of 33. Change one thing at a time:

# %%
batches = runners["SGD, batches of 33, momentum"]
all_rows = solvers.SGD(lr=0.1, momentum=0.9, batch_size=None)
averaged = solvers.SGD(lr=0.1, momentum=0.9, batch_size=33, average=True)
trials = {
    "batches of 33, rate 0.1, 100 epochs": race(batches, most=100),
    "all rows, rate 0.1, 100 epochs": race(all_rows, most=100),
    "batches, averaged, 5,000 epochs": race(averaged),
    "all rows, rate 0.1, 5,000 epochs": race(all_rows),
    "all rows, rate 1, 5,000 epochs": results["momentum"],
}
for name, (_, gaps, _) in trials.items():
    print(f"{name:36} gap {gaps[-1]:.1e}")
few, full, calm, longer, faster = (gaps[-1] for _, gaps, _ in trials.values())
still = trials["batches, averaged, 5,000 epochs"][1]
assert still[-200:].max() < 1.3 * still[-200:].min()  # at rest
assert round(np.log10(few / faster)) == 11

# %%
says("0.023", few)
says("0.058", full)
says("4.5e-5", calm)
says("3.6e-4", longer)
says("3.9e-13", faster)

# %% [markdown]
# | | gap |
# |---|---|
# | batches of 33, rate 1/10, 100 epochs | 0.023 |
# | all rows, rate 1/10, 100 epochs | 0.058 |
# | batches of 33, rate 1/10, averaged, 5,000 epochs | $4.5 \cdot 10^{-5}$ |
# | all rows, rate 1/10, 5,000 epochs | $3.6 \cdot 10^{-4}$ |
# | all rows, rate 1, 5,000 epochs | $3.9 \cdot 10^{-13}$ |
#
# The same update rule, momentum 9/10 throughout, is eleven digits better with all rows, a rate ten times as large, and
# time. In the first 100 epochs the batches are even *ahead*: three long steps for the price of one. And the trembling
# has a cure, `average=True`: the running average of all weights on the way lies still. So the judgement was on a rate,
# a batch size and a budget, in a valley that nobody had scaled. It was not on the method.
#
# ## Break it: a last batch of one
#
# 100 rows in batches of 33: 33, 33, 33 and 1. A plain loop takes the mean over each batch, so the last row makes a step
# as long as 33 others together. Run the notebook's loop with 20 shuffles, so and with each step in proportion to its
# rows, as the library has it by default.

# %%
ends = {}
for batch_mean in (True, False):
    found = []
    for seed in range(20):
        shuffled = model.set_params(random_state=seed).objective(X, y)
        solver = solvers.SGD(lr=0.1, momentum=0.9, batch_size=33, batch_mean=batch_mean)
        *_, point = islice(solver(shuffled, shuffled.zeros()), 101)
        found.append((point.value, np.mean((X @ point.W[:, 0] > 0) == y)))
    ends[batch_mean] = np.array(found)

figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
for height, (batch_mean, marker) in enumerate(((False, "o"), (True, "s"))):
    ax.plot(ends[batch_mean][:, 0], np.full(20, height), marker, alpha=0.6)
ax.axvline(best, color="black", linestyle=":")
ax.set(xscale="log", xlabel="loss after 100 epochs", ylim=(-0.6, 1.6))
ax.set_title("20 shuffles of the same rows")
ax.set_xticks((0.07, 0.1, 0.2, 0.5, 1), ("0.07", "0.1", "0.2", "0.5", "1"))
ax.set_yticks((0, 1), ("in proportion", "plain mean"))

loss_low, right_low = ends[True].min(axis=0)
loss_high, right_high = ends[True].max(axis=0)
even_low, even_right = ends[False].min(axis=0)
even_high = ends[False][:, 0].max()

# %%
says("20", len(ends[True]))
says("0.08", loss_low)
says("1.29", loss_high)
says("0.09", even_low)
says("0.10", even_high)
says("70 %", right_low)
says("98 %", right_high)
says("96 %", even_right)

# %% [markdown]
# See the squares scatter, from a loss of 0.08 to 1.29, while the circles sit together between 0.09 and 0.10; the dotted
# line is the optimum. With the plain mean 70 % to 98 % of the flowers are called right: luck of the last row. In
# proportion it is 96 % or more, whatever the shuffle. A claim such as "momentum helps a lot", from one run of such a
# loop, is a claim about one row.
#
# ## Exercise 1
#
# One step of momentum, as in the table above.


# %%
def momentum_step(w, v, g, rate, mu):
    # your lines: weights w, velocity v and gradient g, all (p,) -> the new w and the new v
    return ...


exercise("race.1", momentum_step)

# %% [markdown]
# ## Exercise 2
#
# One full step of Newton for the mean log loss of two classes. The gradient is $X^T (\sigma(X w) - y) / n$ and the
# Hessian $X^T \mathrm{diag}(p (1 - p)) X / n$.


# %%
def newton_step(X, y, w):
    # your lines: X (n, p), y (n,) of 0 and 1, w (p,) -> the new w
    return ...


exercise("race.2", newton_step)

# %% [markdown]
# ## What to remember
#
# - Plot the gap, not the loss, on a log axis, against work. Bends and floors are seen there and nowhere else.
# - Curvature pays: Newton and L-BFGS need tens of passes where first-order methods need thousands. They need room and
#   all rows.
# - A judgement of an optimiser is one of its rate, batches and budget. A certificate is a judgement of the answer.
#
# ## For teachers
#
# *Misconception*: "Adam is the better SGD". Let groups tune one runner each and race again; ask for the gap at 100
# passes and at 5,000. *Ask*: why has the certificate no opinion on gradient descent's end? *Time*: the race deserves
# ten minutes; in a hurry, skip the last batch, which [lesson 6](06_loop.py) has too.
