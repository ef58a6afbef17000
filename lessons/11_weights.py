# ---
# title: Weights, imbalance, thresholds and calibration
# minutes: 14
# ---

# %% [markdown]
# # Weights, imbalance, thresholds and calibration
#
# After this lesson you can
#
# - see through an accuracy of 96 %;
# - say what `class_weight` does to an intercept, and undo it;
# - choose a threshold from what mistakes cost;
# - tell weights that count rows from weights that stress them.

# %% [markdown]
# ## The idea
#
# One message in thirty is fraud. A model that calls nothing fraud is right most of the time. People see its accuracy, see that no
# fraud is found, and reach for class weights until fraud "is found". This mixes two questions:
#
# 1. How probable is fraud for this message? That is for the model, and honest probabilities need no class weights.
# 2. From which probability on should we act? That is for whoever pays for the mistakes, and the answer is a *threshold*.
#
# Class weights answer the second question by spoiling the answer to the first.

# %% [markdown]
# ## Words and symbols
#
# | in words | in symbols |
# |---|---|
# | weighted log loss | $\sum_i w_{y_i} \ell_i / \sum_i w_{y_i}$ |
# | what weights do to the odds | odds $\times \, w_1 / w_0$, so the logit $+ \ln(w_1 / w_0)$ |
# | act if doing nothing costs more | $p \, c_{\text{miss}} > (1 - p) \, c_{\text{alarm}}$ |
# | the threshold that follows | $p > c_{\text{alarm}} / (c_{\text{alarm}} + c_{\text{miss}})$ |
# | calibrated: of all rows with probability $p$, the share $p$ is positive | $P(y = 1 \mid p) = p$ |

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from logistic import LogisticRegression, inference, plots
from logistic.learn import exercise, says


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


rng = np.random.default_rng(0)
X = rng.normal(size=(20_000, 3))
truth = sigmoid(X @ [1.0, 0.7, -0.5] - 4.0)  # known, for once
y = (rng.random(20_000) < truth).astype(int)
train, test = (X[:10_000], y[:10_000]), (X[10_000:], y[10_000:])

honest = LogisticRegression(C=np.inf).fit(*train)
p = honest.predict_proba(test[0])[:, 1]
print(f"positive {test[1].mean():.4f}, mean probability {p.mean():.4f}")
print(f"accuracy {honest.score(*test):.4f}")
print(f"accuracy of saying 0 always {1 - test[1].mean():.4f}")
print("positives found:", (p > 0.5)[test[1] == 1].sum())

# %%
says("96 %", honest.score(*test))
says("96.4 %", honest.score(*test))
says("96.4 %", 1 - test[1].mean())
says("10", (p > 0.5)[test[1] == 1].sum())
says("357", test[1].sum())

# %% [markdown]
# Accuracy 96.4 %; saying "no" to everything has 96.4 % as well. Of 357 positive rows, 10 have a probability above one half.
# Nothing is wrong with the model. Most positives are not *probably* positive; they are more probable than others.

# %% [markdown]
# ## Predict first
#
# Fit again with `class_weight="balanced"`, so that both classes weigh the same. In the test rows 3.6 % are positive. What will
# the mean of the predicted probabilities be?
#
# a) 3.6 %, b) about 35 %, c) 50 %

# %%
balanced = LogisticRegression(C=np.inf, class_weight="balanced").fit(*train)
q = balanced.predict_proba(test[0])[:, 1]
ratio = (train[1] == 0).sum() / (train[1] == 1).sum()  # w1 / w0

print("honest  ", honest.coef_[0], honest.intercept_[0])
print("balanced", balanced.coef_[0], balanced.intercept_[0])
print("shift of the intercept", balanced.intercept_[0] - honest.intercept_[0])
print("ln(w1 / w0)           ", np.log(ratio))
trained = balanced.predict_proba(train[0])[:, 1]

# %%
says("3.6 %", test[1].mean())
says("35 %", q.mean())
says("3.29", balanced.intercept_[0] - honest.intercept_[0])
says("3.30", np.log(ratio))
says("0.128", honest.metrics(*test).log_loss)
says("0.522", balanced.metrics(*test).log_loss)
says("50 %", np.average(trained, weights=np.where(train[1] == 1, ratio, 1.0)))

# %% [markdown]
# b). Only the *weighted* mean is 50 %. The balanced model says 35 % on average, where 3.6 % is true; its log loss is 0.522
# against 0.128. The coefficients have hardly moved. The intercept rose by 3.29, and $\ln(w_1 / w_0)$ is 3.30. That is no
# accident: a weight of $w_1 / w_0$ on the positives is the same as $w_1 / w_0$ times as many of them, and that multiplies the
# odds of every row. Where the model is true, only the intercept can take it up; so "about", and exact where there is no column at
# all.

# %%
nothing = np.zeros((len(train[1]), 1))  # a column that says nothing
flat = LogisticRegression(alpha=1.0).fit(nothing, train[1])
raised = LogisticRegression(alpha=1.0, class_weight="balanced").fit(nothing, train[1])
shift = raised.intercept_[0] - flat.intercept_[0]
assert np.isclose(shift, np.log(ratio), rtol=1e-9)

# %% [markdown]
# ## The same in PyTorch
#
# `BCEWithLogitsLoss(pos_weight=r)` multiplies the loss of positives by `r`. `CrossEntropyLoss(weight=...)` multiplies by class
# and divides by the sum of the weights of the rows, not by their number. Both have the balanced optimum.

# %%
t_x, t_y = torch.tensor(train[0]), torch.tensor(train[1])


def by_torch(loss, outputs):
    """Minimise over a linear layer with L-BFGS; return the coefficients of class 1 against class 0."""
    layer = torch.nn.Linear(3, outputs, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    how = {"max_iter": 200, "tolerance_grad": 1e-10, "tolerance_change": 1e-14}
    how["line_search_fn"] = "strong_wolfe"
    optimiser = torch.optim.LBFGS(layer.parameters(), **how)

    def again():
        optimiser.zero_grad()
        value = loss(layer(t_x))
        value.backward()
        return value

    optimiser.step(again)
    found = torch.cat([layer.weight, layer.bias[:, None]], dim=1).detach().numpy()
    return found[-1] - (found[0] if outputs == 2 else 0)


weights = torch.tensor([1.0, ratio], dtype=torch.float64)
bce = torch.nn.BCEWithLogitsLoss(pos_weight=weights[1])
ce = torch.nn.CrossEntropyLoss(weight=weights)
one = by_torch(lambda z: bce(z[:, 0], t_y.double()), outputs=1)
two = by_torch(lambda z: ce(z, t_y), outputs=2)
ours = np.append(balanced.coef_[0], balanced.intercept_)
assert np.allclose(one, ours, atol=1e-6)
assert np.allclose(two, ours, atol=1e-6)

# NumPy: the division is by the sum of the weights.
logits = np.array([[0.2, -0.3], [1.0, 0.5], [-0.4, 0.9]])
codes, w = np.array([0, 0, 1]), np.array([1.0, 1.0, ratio])
losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), codes]
by_hand = (w * losses).sum() / w.sum()
by_ce = ce(torch.tensor(logits), torch.tensor(codes)).item()
assert np.isclose(by_ce, by_hand, rtol=1e-12)

# %% [markdown]
# ## Calibration
#
# Sort the test rows by probability, cut them into ten groups, and compare the mean probability with the share of positives.

# %%
for name, model in (("honest", honest), ("balanced", balanced)):
    plots.calibration(model, *test, strategy="quantile").figure_.suptitle(name)

corrected = sigmoid(np.log(q / (1 - q)) - np.log(ratio))
for name, model in (("honest", honest), ("balanced", balanced)):
    large = inference.calibration(model, *test).table["estimate"][2]
    print(f"{name}: logits are off by {large:.3f} on average")
print(f"corrected: mean {corrected.mean():.4f}")
print(f"largest difference to the honest ones {abs(corrected - p).max():.4f}")

near = abs(q - 0.8) < 0.05
print(
    f"balanced model about {q[near].mean():.3f}: came true {test[1][near].mean():.3f}"
)

# %%
says("-3.35", inference.calibration(balanced, *test).table["estimate"][2])
says("3.7 %", corrected.mean())
says("80 %", q[near].mean())
says("11.5 %", test[1][near].mean())
says("0.019", abs(corrected - p).max())

# %% [markdown]
# The honest points lie on the diagonal, within their intervals. The balanced ones lie far below it: where the model says 80 %,
# only 11.5 % are positive. Its logits are off by -3.35. Take $\ln(w_1 / w_0)$ back from them, and the mean is 3.7 %; no
# probability then differs from the honest one by more than 0.019. The weights have bought nothing.

# %% [markdown]
# ## A threshold from costs
#
# Looking into a false alarm costs 1, a missed fraud 20. Act where $p > 1 / 21$, which is 4.8 %.

# %%
cost_alarm, cost_miss = 1, 20
limit = cost_alarm / (cost_alarm + cost_miss)


def cost(act):
    """Mean cost for each test row."""
    missed, alarms = ((~act) & (test[1] == 1)).mean(), (act & (test[1] == 0)).mean()
    return cost_miss * missed + cost_alarm * alarms


print("never act", cost(p > 1), " always act", cost(p >= 0))
print("honest, above 0.5 ", cost(p > 0.5))
print("honest, above 1/21", cost(p > limit))
print("balanced, above 0.5", cost(q > 0.5))

grid = np.linspace(0.002, 0.5, 250)
figure, ax = plt.subplots(figsize=(6, 3.2), constrained_layout=True)
costs = [cost(p > t) for t in grid]
ax.semilogx(grid, costs, color="#0072B2", linewidth=2, label="honest model")
ax.axvline(limit, color="#D55E00", linestyle="--", label="1 / (1 + 20)")
ax.set(xlabel="threshold", ylabel="mean cost", title="What a threshold costs")
ax.legend()

# %%
says("20", cost_miss)
says("21", 1 / limit)
says("4.8 %", limit)
says("0.71", cost(p > 1))
says("0.69", cost(p > 0.5))
says("0.43", cost(p > limit))
says("0.45", cost(q > 0.5))

# %% [markdown]
# Never acting costs 0.71 a row, the honest model at one half 0.69, at the threshold from the costs 0.43. The curve is lowest near
# the dashed line, which was drawn without looking at the test rows. The balanced model at one half costs 0.45: it stands for a
# ratio of costs that nobody asked for, $w_1 / w_0$. Costs change; a threshold changes with them, without a new fit.

# %% [markdown]
# ## Two kinds of weights
#
# `freq_weights=3` says: three such rows were seen. `sample_weight=3` says: this row's loss counts three times. The coefficients
# are the same. What is known is not: three rows tell more than one row that is stressed.

# %%
some, labels, times = X[:500], y[:500], rng.integers(1, 4, 500)
robust = LogisticRegression(C=np.inf, covariance="HC0")
copies = robust.fit(np.repeat(some, times, axis=0), np.repeat(labels, times)).tidy()
counted = robust.fit(some, labels, freq_weights=times).tidy()
stressed = robust.fit(some, labels, sample_weight=times).tidy()
assert np.allclose(copies["estimate"], counted["estimate"], rtol=1e-9)
assert np.allclose(copies["estimate"], stressed["estimate"], rtol=1e-9)
assert np.allclose(copies["std_error"], counted["std_error"], rtol=1e-9)
for name, table in (("copies", copies), ("counted", counted), ("stressed", stressed)):
    print(f"robust standard error, {name:8} {table['std_error'][0]:.4f}")

# %%
says("0.24", counted["std_error"][0])
says("0.36", stressed["std_error"][0])

# %% [markdown]
# The robust error of the first coefficient is 0.24 if the weights count rows and 0.36 if they stress them. Use the first for
# tables of counts, the second for surveys and for rows that stand for a wider population, with `covariance="HC0"` or `"HC1"`.

# %% [markdown]
# ## Break it
#
# Take the probabilities of the balanced model at their word and apply the right threshold to them.

# %%
print("balanced, above 1/21 ", cost(q > limit), "acts on", (q > limit).mean())
print("corrected, above 1/21", cost(corrected > limit))

# %%
says("0.89", cost(q > limit))
says("93 %", (q > limit).mean())
says("0.44", cost(corrected > limit))

# %% [markdown]
# It acts on 93 % of all rows and costs 0.89, more than doing nothing. Corrected first, it costs 0.44. A threshold from costs
# needs honest probabilities; so does everything else that multiplies a probability: expected losses, stock levels, a doctor's
# advice.

# %% [markdown]
# ## Exercise 1
#
# From which probability on should one act, if a false alarm costs `cost_alarm` and a miss costs `cost_miss`?


# %%
def threshold(cost_alarm, cost_miss):
    # Return a probability
    return ...  # your line


exercise("weights.1", threshold)

# %% [markdown]
# ## Exercise 2
#
# A model was fitted with weight `w0` on class 0 and `w1` on class 1. Turn its probabilities of class 1 into honest ones. 0 must
# stay 0 and 1 stay 1.


# %%
def honest_probability(p, w0, w1):
    # p (n,) -> (n,)
    return ...  # your lines


exercise("weights.2", honest_probability)

# %% [markdown]
# ## What to remember
#
# - Compare accuracy with the share of the largest class before you are proud of it.
# - Class weights add about $\ln(w_1 / w_0)$ to the intercept and spoil every probability. They rank rows as before, or nearly.
# - Fit honestly; put the costs into the threshold.
# - Say whether a weight counts or stresses.

# %% [markdown]
# ## For teachers
#
# About half an hour with both exercises. The common misconception is that imbalance is a fault of the data to be repaired by
# weights or by throwing rows away; throwing rows away shifts the intercept in the same way and loses information too. Ask: who
# knows the two costs in our last project? Those short of time can skip the two kinds of weights. Weights do change the
# coefficients where the model is wrong: it then fits better where the heavy rows are.
