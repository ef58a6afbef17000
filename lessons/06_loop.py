# ---
# title: The training loop and its eight bugs
# minutes: 15
# ---
# %% [markdown]
# # The training loop and its eight bugs
#
# After this lesson you can
#
# - write the loop of a training by mini-batches, and say what each of its lines is for;
# - tell six common bugs from the curve of the loss alone;
# - find the two that no curve shows;
# - test a loop in a minute: first loss, last batch, gradient after two calls.
#
# ## The idea in words
#
# Training goes through the rows again and again. One pass over all rows is an *epoch*. In each epoch the rows are
# shuffled and cut into *batches*, and each batch makes one step: predict, measure the loss, find its gradient, move the
# weights against it.
#
# Such a loop has six lines, and a slip in any of them still runs. Nothing crashes; the loss even falls. That is what
# makes these bugs expensive. But each leaves its mark on the curve, as an illness on a fever chart.
#
# ## Words and symbols
#
# | in words | symbol | here |
# |---|---|---|
# | rows | $n$ | 100 |
# | rows of a batch | $m$ | 11 |
# | mean loss of the rows of a batch | $L_B = \frac{1}{m} \sum_{i \in B} L_i$ | one number |
# | a step with learning rate $\eta$ | $W \leftarrow W - \eta \, \nabla L_B$ | |
# | a short batch of $r$ rows counts less | $W \leftarrow W - \eta \, \frac{r}{m} \nabla L_B$ | |
#
# ## The right loop, twice
#
# The flowers of [lesson 3](03_gradient.py): 100 rows, petal length and width, versicolor and virginica. The columns
# have mean 0 and standard deviation 1.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import cross_entropy, softplus

from logistic import LogisticRegression, datasets
from logistic.learn import exercise, says

plt.style.use("tableau-colorblind10")
torch.set_num_threads(1)  # small arrays: more threads would wait for each other

flowers = datasets.load("iris", as_frame=True)
two = flowers.y != "setosa"
petals = flowers.X[two][["petal length (cm)", "petal width (cm)"]].to_numpy()
mean, deviation = petals.mean(axis=0), petals.std(axis=0)
X = (petals - mean) / deviation
# sorted: 50 times 0, then 50 times 1
y = (flowers.y[two] == "virginica").to_numpy().astype(int)

n, size, rate, epochs = len(X), 11, 3.0, 20
X_torch, y_torch = torch.tensor(X), torch.tensor(y)


def train_torch():
    rng = np.random.default_rng(0)
    network = torch.nn.Linear(2, 2, dtype=torch.float64)
    torch.nn.init.zeros_(network.weight)
    torch.nn.init.zeros_(network.bias)
    optimiser = torch.optim.SGD(network.parameters(), lr=rate)
    for _ in range(epochs):
        for rows in torch.tensor(rng.permutation(n)).split(size):  # shuffled, then cut
            loss = cross_entropy(network(X_torch[rows]), y_torch[rows])
            loss = loss * len(rows) / size  # a short batch counts less
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.weight.detach().numpy().T, network.bias.detach().numpy()


def train_numpy():
    rng, T = np.random.default_rng(0), np.eye(2)[y]
    W, b = np.zeros((2, 2)), np.zeros(2)
    for _ in range(epochs):
        order = rng.permutation(n)
        for rows in (order[first : first + size] for first in range(0, n, size)):
            Z = X[rows] @ W + b
            P = np.exp(Z - Z.max(axis=1, keepdims=True))
            P /= P.sum(axis=1, keepdims=True)
            # by size, not by len(rows): a short batch counts less
            residual = (P - T[rows]) / size
            W, b = W - rate * X[rows].T @ residual, b - rate * residual.sum(axis=0)
    return W, b


for ours, theirs in zip(train_numpy(), train_torch(), strict=True):
    assert np.abs(ours - theirs).max() < 1e-10

# %% [markdown]
# Equal to ten digits. Say what each line of the inner loop is for: *cut* the rows, *predict and measure*, *weigh* the
# batch, *clear* the old gradient, *find* the new one, *step*.
#
# ## Predict first
#
# 100 rows in batches of 11. How many steps has an epoch, and how many rows has the last batch? If every batch makes a
# full step, how many times more does the row in the last batch count than any other? And what is the loss before the
# first step?

# %%
batches = [len(rows) for rows in torch.arange(n).split(size)]
at_zero = cross_entropy(torch.zeros(n, 2, dtype=torch.float64), y_torch).item()
print(batches, "rows, and a loss of", at_zero)

# %%
says("100", n)
says("11", size / batches[-1])
says("0.6931", at_zero)

# %% [markdown]
# Ten steps, and the last has one row, which would count 11 times as much as any other. The loss begins at
# $\log 2 = 0.6931$.
#
# ## Break it: eight curves
#
# Now the same loop with one slip at a time. The table says what was changed; the letters are in another order.
#
# | name | the slip |
# |---|---|
# | `no zero_grad` | the line `optimiser.zero_grad()` is missing |
# | `softmax twice` | the network ends in a softmax, and `cross_entropy` does another |
# | `loss summed` | the sum over the rows in place of the mean |
# | `last batch` | every batch makes a full step, however short it is |
# | `rate too large` | 20 times the learning rate |
# | `rate too small` | the learning rate divided by 300 |
# | `not shuffled` | the rows come in their order: first all of one class |
# | `shapes` | scores $(m, 1)$ times truth $(m)$ in a loss by hand |
#
# Each panel shows the loss over all 100 rows **as the program itself computes it**, after every step. The dotted line
# is the true optimum, certified by the library; the dashed line is the loss of a guess, 0.6931.

# %%
BUGS = (
    "no zero_grad",
    "softmax twice",
    "loss summed",
    "last batch",
    "rate too large",
    "rate too small",
    "not shuffled",
    "shapes",
)
FACTORS = {"rate too large": 20, "rate too small": 1 / 300}


def loss_with(bug, Z, classes):
    if bug == "softmax twice":
        Z = torch.softmax(Z, dim=1)
    if bug == "shapes":
        z = Z[:, 1:] - Z[:, :1]  # (m, 1), as a network with one output gives it
        return (softplus(z) - classes * z).mean()  # (m,) times (m, 1) is (m, m)
    how = "sum" if bug == "loss summed" else "mean"
    return cross_entropy(Z, classes, reduction=how)


def train(bug):
    rng = np.random.default_rng(1)
    network = torch.nn.Linear(2, 2, dtype=torch.float64)
    torch.nn.init.zeros_(network.weight)
    torch.nn.init.zeros_(network.bias)
    optimiser = torch.optim.SGD(network.parameters(), lr=rate * FACTORS.get(bug, 1))
    losses = [loss_with(bug, network(X_torch), y_torch).item()]
    for _ in range(epochs):
        shuffled = torch.tensor(rng.permutation(n))
        order = torch.arange(n) if bug == "not shuffled" else shuffled
        for rows in order.split(size):
            loss = loss_with(bug, network(X_torch[rows]), y_torch[rows])
            if bug not in ("last batch", "loss summed"):
                loss = loss * len(rows) / size
            if bug != "no zero_grad":
                optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            with torch.no_grad():
                losses.append(loss_with(bug, network(X_torch), y_torch).item())
    accuracy = (network(X_torch).argmax(dim=1) == y_torch).double().mean().item()
    return np.array(losses), accuracy


model = LogisticRegression(C=np.inf).fit(X, y)
best = model.certificate_.value
trained = {bug: train(bug) for bug in ("right", *BUGS)}
curves = {bug: losses for bug, (losses, _) in trained.items()}
letters = dict(zip("ABCDEFGH", np.random.default_rng(6).permutation(BUGS), strict=True))


def draw(ax, losses, title):
    ax.plot(losses, linewidth=1.3)
    ax.axhline(best, color="black", linestyle=":", linewidth=1)
    ax.axhline(at_zero, color="grey", linestyle="--", linewidth=0.8)
    ax.set(title=title, xlim=(0, len(losses) - 1), ylim=(0, None))
    ax.set_xticks(range(0, len(losses), 50))


figure, axes = plt.subplots(3, 3, figsize=(9.5, 7.5), layout="constrained")
draw(axes.flat[0], curves["right"], "right")
for ax, (letter, bug) in zip(axes.flat[1:], letters.items(), strict=True):
    draw(ax, curves[bug], letter)
figure.supxlabel("step")
figure.supylabel("loss as the program computes it")

# %% [markdown]
# See that hardly two are alike. Look at four things: the first number, the last number, whether the curve is smooth,
# and if it is not, at which steps it jumps. An epoch has ten steps.
#
# ## Exercise 1
#
# Which bug has which letter? Fill in the names of the table.


# %%
def diagnosis():
    # your line: return {"A": "shapes", "B": "last batch", ...} with all eight letters
    return ...


exercise("loop.1", diagnosis)

# %% [markdown]
# ## The marks they leave
#
# Read on when you have your answers. For each bug, its mark, and a cell that checks it.
#
# | bug | its mark |
# |---|---|
# | `no zero_grad` | falls, then rolls up the other side and swings, slowly at first: old gradients push on and on |
# | `softmax twice` | smooth, and at rest too high, never below 0.3133, the floor for 2 classes; and yet the accuracy is as good |
# | `loss summed` | the first number is 69.3, which is 100 times 0.6931; then as a rate too large |
# | `last batch` | jumps up, here at steps 50, 110, 180 and 200: always at the end of an epoch |
# | `rate too large` | begins with the right number, jumps at any step, above the dashed line and below, and never stays low |
# | `rate too small` | falls on and on, with hardly a step up, and is still far from rest at the last |
# | `not shuffled` | the same wave in every epoch, of ten steps each |
# | `shapes` | never gets below 0.6931: whatever it does, guessing would be as good |

# %%
marks = [curves[bug] for bug in BUGS]
forgot, twice, summed, last, large, small, ordered, shapes = marks
right = curves["right"]

assert right[-10:].mean() < 1.05 * best
assert forgot[:5].min() < 0.3 < 0.6931 < forgot[50:].mean()
# slowly and smoothly
assert np.abs(np.diff(forgot[1:150])).max() < 0.1
assert np.abs(np.diff(large[1:150])).max() > 0.1
assert twice.min() > np.log(1 + 1 / np.e)
assert np.ptp(twice[-50:]) < 0.01  # at rest
assert trained["softmax twice"][1] >= trained["right"][1]
jumps = np.flatnonzero(np.diff(last) > 0.1) + 1
assert (jumps % 10 == 0).all()
assert large[0] == right[0]
assert large[1:].max() > 1 > 0.6931 > large[50:].min()
assert np.mean(large > 2 * best) > 0.9
assert np.mean(np.diff(small) < 0) > 0.9
assert small[-1] > 2.5 * best
# the same wave, ten steps later
assert np.corrcoef(ordered[100:190], ordered[110:200])[0, 1] > 0.9
assert np.corrcoef(right[100:190], right[110:200])[0, 1] < 0.5
assert shapes.min() > 0.6931
assert [bug for bug in BUGS if curves[bug][10] >= curves[bug][0]] == ["shapes"]
assert train("softmax twice")[1] == train("right")[1]  # the accuracy

# %%
says("0.3133", np.log(1 + 1 / np.e))
says("69.3", summed[0])
says("50", jumps[0])
says("110", jumps[1])
says("180", jumps[2])
says("200", jumps[3])
says("20", FACTORS["rate too large"])
says("300", 1 / FACTORS["rate too small"])

# %% [markdown]
# Why `shapes` learns nothing: $(m)$ times $(m, 1)$ makes a table $(m, m)$ of every truth with every score, and its mean
# is the product of the means. Who is who is lost; only the share of the classes is left. PyTorch's own losses refuse
# such shapes or warn. A loss by hand does not.
#
# And why a missing `zero_grad` swings: `backward` *adds* to the gradient that is there. That is useful where one batch
# is computed in pieces, and a bug everywhere else.

# %%
w = torch.tensor([1.0, -2.0], requires_grad=True)
for calls in (1, 2, 3):
    (w**2).sum().backward()
    print("after", calls, "calls:", w.grad.tolist())
    assert torch.equal(w.grad, calls * 2 * w.detach())

scores = torch.tensor([[0.3], [-1.2], [2.0], [0.7], [-0.4]])
truth = torch.tensor([0.0, 1, 1, 0, 1])
print("(5,) times (5, 1):", tuple((truth * scores).shape))
assert torch.isclose((truth * scores).mean(), truth.mean() * scores.mean())

# %% [markdown]
# ## Two bugs that no curve shows
#
# **Kept graphs.** Every loss of PyTorch remembers how it was computed. `trace.append(loss)`, or an evaluation without
# `torch.no_grad()` that adds losses up, keeps all of it. The curve is right; the memory fills, until the run dies in
# the night. `loss.item()` is a plain number and keeps nothing. `network.eval()` is no remedy: it tells layers such as
# dropout that training is over, and remembers all the same. An evaluation needs both.


# %%
def nodes(tensor):
    """Operations that a tensor remembers."""
    seen, todo = set(), [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return len(seen)


network = torch.nn.Linear(2, 2, dtype=torch.float64)
kept, clean = torch.zeros(()), torch.zeros(())
for _ in range(100):
    kept = kept + cross_entropy(network(X_torch), y_torch)
    with torch.no_grad():
        clean = clean + cross_entropy(network(X_torch), y_torch)
print("after 100 evaluations:", nodes(kept), "operations remembered, or", nodes(clean))
assert torch.equal(kept, clean)
assert nodes(kept) > 300
assert nodes(clean) == 0

# no_grad is not eval, and eval is not no_grad
dropping = torch.nn.Sequential(network, torch.nn.Dropout(0.5))
torch.manual_seed(0)
with torch.no_grad():  # in training mode: entries are still dropped, by chance
    assert not torch.equal(dropping(X_torch), dropping(X_torch))
dropping.eval()
assert torch.equal(dropping(X_torch), dropping(X_torch))
assert dropping(X_torch).requires_grad  # and everything is still remembered

# %% [markdown]
# **The wrong statistics.** New rows must be scaled by the mean and deviation of the *training* rows: they are part of
# the model. Scale new rows by their own, and every collection of flowers has mean 0, whatever they are. On a random
# test set this costs little, and so it is not found. Then somebody sends 50 flowers of one species.

# %%
new = petals[y == 1]  # 50 flowers, all of them virginica
by_training = model.score((new - mean) / deviation, np.ones(len(new)))
alone = (new - new.mean(axis=0)) / new.std(axis=0)
by_themselves = model.score(alone, np.ones(len(new)))
print("called virginica, scaled as in training:", by_training)
print("called virginica, scaled by themselves: ", by_themselves)

# %%
says("94 %", by_training)
says("56 %", by_themselves)

# %% [markdown]
# Scaled as in training, 94 % are called virginica; scaled by themselves, 56 %. No curve of the training shows it. The
# test is one row: predict a row alone and among others. The answers must be the same.
#
# ## Exercise 2
#
# A log should show the mean loss of an epoch. You have the mean loss of each batch, and the size of each batch. The
# plain mean of the losses makes the bug of the last batch in the log.


# %%
def epoch_loss(losses, sizes):
    # your line: two arrays (batches,) -> the mean loss of a row
    return ...


exercise("loop.2", epoch_loss)

# %% [markdown]
# ## What to remember
#
# - Cut, predict and measure, weigh, clear, find, step. Read a loop for these six.
# - First number wrong: the loss. At rest too high: softmax twice, or shapes. Jumps at the end of epochs: the last
#   batch. A wave: not shuffled.
# - Two bugs have no curve: kept graphs (look at memory) and foreign statistics (predict one row alone).
#
# ## For teachers
#
# *Misconception*: "the loss falls, so the loop is right". All but one of the eight have fallen after the first epoch. Let
# pairs diagnose from the printed figure before anyone runs Exercise 1. *Ask*: which of the bugs does the accuracy hide?
# (Softmax twice, for one: it is as good as without.) *Time*: the quiz deserves half of it; in a hurry, skip kept
# graphs.
