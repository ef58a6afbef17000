# ---
# title: The cheat sheet and the warm-up
# minutes: 20
# ---
# %% [markdown]
# # The cheat sheet and the warm-up
#
# A page of a course sums up logistic regression: what it is, its shapes, how PyTorch
# spells it. A warm-up on paper follows. This page goes through both, computes every
# number, and ends with the sheet to print, its key, and a table of what was published
# beside what we find.
#
# After this page you can
#
# * explain logistic regression in four steps and in plain words,
# * say the shape of every array in it, for any number of rows, features and classes,
# * turn scores into probabilities, accuracy and loss with pencil and calculator,
# * write the model in PyTorch in three ways, and a training loop without its usual
#   mistake.
#
# **The document.** *PyTorch and Logistic Regression*, a page of the course CS375 at
# Calvin University (repository `Calvin-Data-Science/cs375-376-public`, which states no
# licence). Facts and numbers are quoted from it; words and code of this page are our
# own. It has no data; the hundred houses below are drawn from a seed.

# %%
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from logistic import LogisticRegression, ModuleClassifier, plots, solvers
from logistic.learn import Sheet, Task, Verdicts, exercise, scratch, show

torch.set_num_threads(1)  # the products are tiny: threads would wait for each other
table = Verdicts("document B, cheat sheet and warm-up")

# %% [markdown]
# ## Cheat sheet
# **An analogy.** Linear regression draws a line through numbers. Logistic regression
# does the same for classes: it draws a line through *scores*, and reads the scores as
# chances.
#
# **In plain words**, four steps:
#
# 1. multiply the inputs by weights and add up,
# 2. add a bias,
# 3. squash the results into numbers between 0 and 1 that sum to 1,
# 4. change weights and biases so that the right answer gets more likely.
#
# **Examples.** Is this message spam, or not? Two classes: *binary*. Which section does
# this article belong to: politics, sport, weather? Several classes: *multinomial*, or
# *softmax regression*.
#
# | word | also called | what it is |
# |---|---|---|
# | scores | logits | inputs of softmax: any numbers, one for each class |
# | probabilities | probs | outputs of softmax: from 0 to 1, summing to 1 over the classes |
# | softmax | sigmoid, for two classes | exponentials, divided by their sum |
# | cross-entropy | log loss, negative log-likelihood | minus the logarithm of the probability of the true class |
# | weights and biases | parameters, coefficients and intercepts | what is learned |
#
# **From features to the loss:**
#
# ```
# features            scores               probabilities                loss
# (n, p)  --X W + b-->  (n, K)  --softmax-->  (n, K)  --cross-entropy-->  one number
#                                                            ^
#                                                      true classes (n,)
# ```
#
# **In symbols:**
#
# $$S = X W + b \qquad p_{ik} = \frac{\exp(s_{ik})}{\sum_l \exp(s_{il})}$$
#
# $$\text{loss}_i = -\sum_k t_{ik} \log p_{ik}$$
#
# where $t_{ik}$ is 1 if row i is of class k, and else 0: the one-hot row of its class.
#
# The four steps, for one message and two classes, as code:

# %%
counts = np.array([3.0, 0.0, 1.0])  # how often "free", "meeting" and "now" occur
W = np.array([[0.0, 1.2], [0.8, -0.5], [0.0, 0.6]])  # a column a class: fine, spam
b = np.array([0.5, -1.0])
weighed = counts @ W  # 1
scores = weighed + b  # 2
chances = np.exp(scores) / np.exp(scores).sum()  # 3
loss = -np.log(chances[1])  # 4 makes this smaller, if the message is spam
print(
    "weighed",
    weighed,
    " scores",
    scores,
    " chances",
    chances.round(3),
    f" loss {loss:.3f}",
)
assert np.isclose(
    chances[1], 1 / (1 + np.exp(scores[0] - scores[1]))
)  # two classes: softmax is the sigmoid of the difference

# %% [markdown]
# ## Shapes
# A hundred houses, two features, three classes of price. Fill in the blank before you
# read on: which four shapes?


# %%
def shapes(n, p, n_classes):
    return (
        ...
    )  # your line: return shape of X, shape of W, shape of b, shape of X @ W + b


exercise("warm_up.1", shapes)


# %%
def shapes(n, p, n_classes):  # the key
    return (n, p), (p, n_classes), (n_classes,), (n, n_classes)


exercise("warm_up.1", shapes)
rng = np.random.default_rng(0)
n, p, K = 100, 2, 3
X = rng.normal(size=(n, p))  # longitude and latitude, standardised
W, b = rng.normal(size=(p, K)), rng.normal(size=K)
logits = X @ W + b
y = (logits + rng.gumbel(size=logits.shape)).argmax(
    axis=1
)  # low, medium or high: drawn with the probabilities of the model
probs = scratch.softmax(logits)
assert (X.shape, W.shape, b.shape, logits.shape) == shapes(n, p, K)
assert probs.shape == logits.shape
assert np.allclose(probs.sum(axis=1), 1)
assert np.allclose(
    logits[7], X[7] @ W + b
)  # a row of the product is the product of the row
print(
    "X",
    X.shape,
    " W",
    W.shape,
    " b",
    b.shape,
    " X @ W + b",
    logits.shape,
    " first row of probabilities",
    probs[0].round(3),
)
table.exact("houses, features, classes", "100 2 3", [*X.shape, len(b)])
table.exact("X.shape", "(100, 2)", X.shape)
table.exact("W.shape", "(2, 3)", W.shape)
table.exact("b.shape", "(3,)", b.shape)
table.exact("(X @ W + b).shape", "(100, 3)", logits.shape)

# %% [markdown]
# The loss of a row is minus the sum of one-hot times logarithm; only the true class is
# left of the sum. The loss of the rows is their mean.

# %%
one_hot = scratch.one_hot(y, K)
losses = -(one_hot * np.log(probs)).sum(axis=1)
assert np.allclose(losses, -np.log(probs[np.arange(n), y]))
assert np.isclose(losses.mean(), scratch.cross_entropy(logits, y))
assert np.isclose(
    losses.mean(),
    functional.cross_entropy(torch.tensor(logits), torch.tensor(y)).item(),
)
print(
    "classes",
    y[:5],
    "one-hot",
    one_hot[:5].astype(int).tolist(),
    f"mean loss {losses.mean():.4f}",
)

# %% [markdown]
# ## One house by hand
# For one house the model gives the scores 1, 2 and -1 for low, medium and high. In
# truth the house is medium. What are the probabilities, the accuracy and the loss?


# %%
def one_house(scores, truth):
    return ...  # your lines: return accuracy, loss


exercise("warm_up.2", one_house)


# %%
def one_house(scores, truth):  # the key
    exponentials = np.exp(scores)
    probabilities = exponentials / exponentials.sum()
    return float(scores.argmax() == truth), -np.log(probabilities[truth])


exercise("warm_up.2", one_house)
house = np.array([1.0, 2.0, -1.0])
exponentials = np.exp(house)
chances = exponentials / exponentials.sum()
right, loss = one_house(house, 1)
print("exponentials", exponentials.round(4), "their sum", exponentials.sum().round(4))
print("probabilities", chances.round(4), "accuracy", right, "loss", loss.round(4))
assert np.allclose(chances, scratch.softmax(house[None])[0])
assert np.isclose(loss, scratch.cross_entropy(house[None], np.array([1])))
assert np.isclose(
    loss, functional.cross_entropy(torch.tensor(house), torch.tensor(1)).item()
)
table.printed("probabilities of the scores [1, 2, -1]", "[.2595 .7054 .0351]", chances)
table.exact("accuracy, if class 1 is the truth", "1", right)
table.printed("loss, if class 1 is the truth", "0.3490", loss)

# %% [markdown]
# **Look back.** An accuracy of 1 and a loss above 0: the answer is right, but not sure.
# A loss of 0 would need a score without end. And if the house were low? The same scores
# are then wrong, and the loss is one larger: the difference of the two scores.

# %%
print(
    "if the truth is low, medium, high:",
    [
        tuple(float(round(value, 4)) for value in one_house(house, truth))
        for truth in range(3)
    ],
)
assert np.isclose(one_house(house, 0)[1] - one_house(house, 1)[1], house[1] - house[0])

# %% [markdown]
# ## Three ways to write the model
# A layer; a class of one's own around it; a sequence, here with a hidden layer. The
# first two are one model.


# %%
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(in_features=2, out_features=3, bias=True)

    def forward(self, x):
        return self.linear(x)


torch.manual_seed(0)
layer = nn.Linear(in_features=2, out_features=3, bias=True)
own = Model()
own.linear.load_state_dict(layer.state_dict())  # the same start
hidden = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3))
rows, classes = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
for name, model in (("layer", layer), ("class", own), ("sequence", hidden)):
    parameters = {key: tuple(value.shape) for key, value in model.named_parameters()}
    print(
        f"{name:<9}{tuple(model(rows).shape)}  "
        f"{sum(value.numel() for value in model.parameters()):>4} parameters: "
        f"{parameters}"
    )
assert torch.equal(layer(rows), own(rows))

# %% [markdown]
# `nn.Linear` keeps its weights the other way round, (K, p), and multiplies by their
# transpose.
#
# The library fits any of them in the same loop that it uses for itself:

# %%
steps = solvers.SGD(lr=0.1, batch_size=None, epochs=200)
fits = {
    name: ModuleClassifier(model, solver=steps, random_state=0).fit(X, y)
    for name, model in (("layer", layer), ("class", own), ("sequence", hidden))
}
for name, fit in fits.items():
    print(
        f"{name:<9}loss {fit.history_['loss'][0]:.4f} -> {fit.history_['loss'][-1]:.4f}"
    )
assert np.array_equal(fits["layer"].predict_proba(X), fits["class"].predict_proba(X))
assert fits["sequence"].history_["loss"][-1] < fits["layer"].history_["loss"][-1]
lowest = LogisticRegression(C=np.inf).fit(X, y).certificate_
print(f"no linear model can be below {lowest.value - lowest.gap:.4f}: a proof")
assert fits["layer"].history_["loss"][-1] > lowest.value

# %% [markdown]
# The hidden layer gets below what any linear model can reach, on rows that were drawn
# from a linear model. That is no success: it learns the chance in these hundred rows.
#
# ## The training loop, and its slip
# The published loop has four lines: predict, loss, `backward()`, `step()`.
# **`zero_grad()` is missing.** PyTorch adds every new gradient to the old one, so the
# steps grow with the memory of all earlier ones, as with a momentum of 1 that never
# fades.


# %%
def loop(zeroed, epochs=100):
    """The losses of full-batch steps, lr 0.1, from one start."""
    torch.manual_seed(0)
    model = nn.Linear(2, 3)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for _ in range(epochs + 1):
        loss = functional.cross_entropy(model(rows), classes)
        losses.append(loss.item())
        if zeroed:
            optimizer.zero_grad()  # mended
        loss.backward()
        optimizer.step()
    return np.array(losses)


model = nn.Linear(2, 3)
gradients = []
for _ in range(3):
    functional.cross_entropy(model(rows), classes).backward()
    gradients.append(model.bias.grad.clone())
assert torch.allclose(
    gradients[2], 3 * gradients[0]
)  # three calls, no step: three times the gradient
slipped, mended = loop(zeroed=False), loop(zeroed=True)
figure = plots.TrainingDisplay.from_history(
    {"without zero_grad": slipped, "with zero_grad": mended}
)
print(
    f"epochs in which the loss rises: without {(np.diff(slipped) > 0).sum()}, "
    f"with {(np.diff(mended) > 0).sum()}"
)
assert (np.diff(slipped) > 0).any()
assert (np.diff(mended) < 0).all()
ours = ModuleClassifier(
    layer, solver=solvers.SGD(lr=0.1, batch_size=None, epochs=100)
).fit(X, y)
assert np.allclose(
    ours.history_["loss"], mended, rtol=1e-5
)  # the library's loop is the mended one

# %% [markdown]
# Without `zero_grad` the loss swings up and down instead of falling. It is easily taken
# for a learning rate that is too large. It is the same gradient, counted again and
# again.
#
# **Two more slips in the same lines.** The loop takes `MSELoss`, a loss for regression:
# with three scores and class numbers its shapes do not even fit. And `SGD` without `lr`
# takes a rate of a thousandth, with which a hundred steps get nowhere near.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch warns, too
    try:
        nn.MSELoss()(layer(rows), classes.float())
    except RuntimeError as error:
        print("MSELoss:", error)
    else:
        raise AssertionError("MSELoss took (100, 3) against (100,)")
optimizer = torch.optim.SGD(nn.Linear(2, 3).parameters())
print("SGD without lr:", optimizer.defaults["lr"])
assert optimizer.defaults["lr"] == 1e-3

# %% [markdown]
# ## The sheet, and its key
# Print this page: the sheet stands on a page of its own, and so does the key. Every
# answer is computed above.

# %%
words = ("low", "medium", "high")
exponents = ", ".join(
    f"exp({score:g}) = {value:.4f}"
    for score, value in zip(house, exponentials, strict=True)
)
answers = " ".join(f"{value:.4f}" for value in chances)
sheet = Sheet(
    "Logistic regression: warm-up",
    (
        Task(
            (
                f"We classify houses as {words[0]}, {words[1]} or {words[2]} in price "
                "from longitude and latitude. "
                f"{n} houses go through at once. Which shapes?"
            ),
            (
                ("X.shape =", str(X.shape)),
                ("W.shape =", str(W.shape)),
                ("b.shape =", str(b.shape)),
                ("(X @ W + b).shape =", str(logits.shape)),
            ),
            (
                f"X: a row a house, a column a feature: {X.shape}",
                f"W: as many rows as X has columns, a column a class: {W.shape}",
                f"b: a number a class, added to every row: {b.shape}",
                (
                    f"{X.shape} times {W.shape}: the inner {p} disappears, "
                    f"{logits.shape} remains"
                ),
            ),
        ),
        Task(
            (
                f"For one house the scores are {house.tolist()} for "
                f"{', '.join(words)}. Write the steps to probabilities that sum to 1."
            ),
            (("probabilities =", answers),),
            (
                f"exponentials: {exponents}",
                f"their sum: {exponentials.sum():.4f}",
                f"each divided by the sum: {answers}",
                (
                    f"check: they sum to {chances.sum():.4f}; to spare large numbers "
                    "subtract the largest score first, the answer is the same"
                ),
            ),
        ),
        Task(
            (
                f"In truth the house is {words[1]}. What are the accuracy and the "
                "loss for this house?"
            ),
            (("accuracy =", f"{right:.0f}"), ("loss =", f"{loss:.4f}")),
            (
                (
                    f"accuracy: the largest score, {house.max():g}, is that of "
                    f"{words[1]}, so {right:.0f}"
                ),
                (
                    f"loss: minus the logarithm of the probability of {words[1]}: "
                    f"-log({chances[1]:.4f}) = {loss:.4f}"
                ),
            ),
        ),
    ),
)
assert np.allclose(scratch.softmax(house[None] - house.max()), chances)
show(sheet)

# %% [markdown]
# ## For teachers
# Ten minutes on paper, then five to compare. Ask in task 1 what would change with two
# hundred houses: X and the scores, nothing that is learned. Ask in task 3 for a house
# with the same accuracy and a smaller loss. Common misconceptions: a weight for each
# house, so that W would be `(100, 3)`; a loss of 0 because the answer is right.
#
# ## Published and found

# %%
show(table)
