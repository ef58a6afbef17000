# ---
# title: Odds and logits
# minutes: 12
# ---
# %% [markdown]
# # Odds and logits
#
# After this lesson you can
#
# - turn a probability into odds and into a logit, and back;
# - fit a logistic regression on one column and read its coefficient as an odds ratio;
# - say why an odds ratio is not a ratio of probabilities.
#
# ## The idea in words
#
# A doctor measures a tumour and wants to know how likely it is to be malignant. A straight line through the data would be the
# first thing to try: probability = intercept + slope × radius. But a line goes on forever. For a small tumour it gives a
# probability below zero, for a large one a probability above one.
#
# The way out is to keep the line and to change the scale. A probability lives between 0 and 1. The odds, the number for divided
# by the number against, live between 0 and infinity: a probability of one half is odds of 1. The logarithm of the odds, called
# the **logit**, lives everywhere: it is 0 at one half, positive above and negative below. On that scale a straight line can do
# no harm. That is logistic regression: a straight line for the logit.
#
# ## Words and symbols
#
# | word | symbol | what it means |
# |---|---|---|
# | probability | $p$ | the share that is "for", of all |
# | odds | $\frac{p}{1-p}$ | how many are for, for each one against |
# | logit, log-odds | $z = \log\frac{p}{1-p}$ | the odds on a scale where "times" becomes "plus"; $\log$ is the natural logarithm |
# | sigmoid | $p = \sigma(z) = \frac{1}{1+e^{-z}}$ | the way back from the logit |
# | coefficient, intercept | $w$, $b$ | slope and height of the line $z = w x + b$ |
#
# Six of ten tumours malignant: probability 0.6, odds 1.5 (six for four), logit 0.4055. Turn "for" and "against" around, and
# only the sign of the logit changes: it is -0.4055.
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from logistic import LogisticRegression, datasets
from logistic.learn import exercise, says

p = np.array([0.1, 0.4, 0.5, 0.6, 0.9])
odds = p / (1 - p)
logit = np.log(odds)
print("probability", p)
print("odds       ", odds.round(4))
print("logit      ", logit.round(4))
# %%
says("0.6", p[3])
says("1.5", odds[3])
says("0.4055", logit[3])
says("-0.4055", logit[1])


# %% [markdown]
# NumPy has no sigmoid, so it is one line of ours. PyTorch has both directions. They agree.
# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


assert np.allclose(sigmoid(logit), p)
assert np.allclose(torch.logit(torch.tensor(p)).numpy(), logit)
assert np.allclose(torch.sigmoid(torch.tensor(logit)).numpy(), sigmoid(logit))
# %% [markdown]
# ## Real tumours
#
# 569 breast tumours, each with the mean radius of its cell nuclei. We put them into five groups by radius and count. Left: the
# share that is malignant. Right: the logit of that share.
# %%
data = datasets.load("breast_cancer")
radius = data.X[:, data.features.index("mean radius")]
malignant = data.y == "malignant"

edges = [0, 11, 13, 15, 17, 30]
group = np.digitize(radius, edges)
middle = np.array([radius[group == g].mean() for g in range(1, 6)])
share = np.array([malignant[group == g].mean() for g in range(1, 6)])

column = pd.DataFrame({"mean radius": radius})
model = LogisticRegression(C=np.inf).fit(column, data.y)
w, b = model.coef_[0, 0], model.intercept_[0]
x = np.linspace(7, 22, 200)

fig, (left, right) = plt.subplots(1, 2)
left.plot(x, sigmoid(w * x + b), color="#0072B2")
left.plot(middle, share, "o", color="#D55E00")
left.set(xlabel="mean radius", ylabel="probability of malignant")
right.plot(x, w * x + b, color="#0072B2")
right.plot(middle, np.log(share / (1 - share)), "o", color="#D55E00")
right.set(xlabel="mean radius", ylabel="logit")
# %% [markdown]
# See that the five points bend on the left and lie nearly on a line on the right. The blue curve and the blue line are the same
# model, fitted to the 569 single tumours and not to the groups.
#
# `C=np.inf` means: no penalty, only the data speak. How the two numbers of the line are found is the matter of [lesson
# 2](02_likelihood.py). Here the library is the judge. It does not only stop somewhere: it proves that no other line is better
# by more than a rounding error.
# %%
print(f"slope {w:.3f}, intercept {b:.3f}: {model.certificate_.status.value}")
assert model.certificate_.kind == "proof"
assert model.certificate_.gap < 1e-12
# %%
says("569", len(radius))
# %% [markdown]
# ## Predict first
#
# The slope is 1.034. Take a tumour, and another whose radius is larger by one. What happens to the probability of "malignant"?
#
# 1. It grows by 1.034.
# 2. It is multiplied by 1.034.
# 3. It is multiplied by the same number, whatever the first radius is, but not by 1.034.
# 4. It depends on the first radius.
#
# Write down your answer, and what you think happens to the *odds*.
# %%
print("radius      probability      up by  odds times")
for small in (10, 14, 18):
    before, after = sigmoid(w * np.array([small, small + 1]) + b)
    ratio = (after / (1 - after)) / (before / (1 - before))
    line = f"{small} -> {small + 1}   {before:.3f} -> {after:.3f}"
    print(f"{line}   {after - before:.3f}   {ratio:.3f}")
    assert np.isclose(ratio, np.exp(w))
# %% [markdown]
# Answer 4 is right: the same step adds 0.013 at the small end, 0.249 in the middle and 0.021 at the large end. What stays the
# same is the factor of the odds. One more unit of radius *adds* $w$ to the logit, and adding to a logarithm *multiplies* what
# it is the logarithm of:
#
# $$
# \begin{aligned}
# \log(\text{odds after}) &= \log(\text{odds before}) + w \\
# \text{odds after} &= \text{odds before} \times e^{w}
# \end{aligned}
# $$
#
# $e^w$ is the **odds ratio** of one unit: here 2.811. For two units it is the square, 7.902. So an odds ratio always needs its
# unit: an odds ratio "of radius" says nothing.
#
# The summary of a fit has both: the line for the logit, and the odds ratios with their intervals.
# %%
model.summary()
# %%
step = [sigmoid(w * (r + 1) + b) - sigmoid(w * r + b) for r in (10, 14, 18)]
says("1.034", w)
says("0.013", step[0])
says("0.249", step[1])
says("0.021", step[2])
says("2.811", np.exp(w))
says("7.902", np.exp(2 * w))


# %% [markdown]
# ## An odds ratio is no ratio of probabilities
#
# "The odds are doubled" sounds like "it is twice as likely". It is not. Begin with a probability of 0.1: twice the odds make it
# 0.182. That is nearly twice. Begin with 0.5, and twice the odds make it 0.667. That is a third more. Begin with 0.9, and it
# becomes 0.947.
# %%
def multiply_odds(p, ratio):
    odds = ratio * p / (1 - p)
    return odds / (1 + odds)


start = np.linspace(0.001, 0.999, 300)
fig, ax = plt.subplots()
after = multiply_odds(start, 2)
ax.plot(start, after / start, color="#0072B2", label="ratio of probabilities")
ax.axhline(2, color="#D55E00", linestyle="--", label="odds ratio")
ax.set(xlabel="probability before", ylabel="after / before", ylim=(0.9, 2.1))
ax.legend()
# %% [markdown]
# See that the two agree only at the left edge, where the outcome is rare. Everywhere else the ratio of probabilities (also
# called the risk ratio) is closer to 1 than the odds ratio.
# %%
says("0.182", multiply_odds(0.1, 2))
says("0.667", multiply_odds(0.5, 2))
says("0.947", multiply_odds(0.9, 2))
says("0.1", p[0])
says("0.5", p[2])
says("0.9", p[4])
# %% [markdown]
# ## Break it
#
# A logit becomes a probability and a logit again. On paper nothing is lost. In the computer this goes wrong:
# %%
z = np.array([1.0, 20.0, 36.0, 40.0])
there = sigmoid(z)
back = np.log(there / (1 - there))
for a, c in zip(z, back, strict=True):
    print(f"{a:4.0f} -> {c}")
# %% [markdown]
# The logit 36 comes back as 36.04, and 40 as infinity, with a warning about a division by zero. Numbers near 1 have steps of
# about 1e-16, so a probability that close to 1 rounds to 1 and what was left of "against" is gone. Near 0 there is no such
# wall: the logit -40 survives. This is why the library keeps logits inside and makes probabilities only at the very end
# (`decision_function` gives the logits, `predict_proba` the probabilities), and why you should do the same. If you meet a
# probability of exactly 1, ask who threw the logit away.
# %%
against = sigmoid(-z)
says("36", z[2])
says("36.04", back[2])
says("40", z[3])
says("1e-16", np.finfo(float).eps / 2)
says("-40", np.log(against / (1 - against))[3])
assert np.isinf(back[3])


# %% [markdown]
# ## Exercise 1
#
# Go back from odds to a probability. Odds of 3 are three for and one against.
# %%
def probability(odds):
    return ...  # your line


exercise("odds.1", probability)


# %% [markdown]
# ## Exercise 2
#
# A patient has probability $p$. A risk factor multiplies the *odds* by `odds_ratio`. What is the probability now?
# %%
def with_risk_factor(p, odds_ratio):
    return ...  # your lines


exercise("odds.2", with_risk_factor)
# %% [markdown]
# ## What to remember
#
# - Probability, odds and logit are three scales for one thing. The logit is the one where a straight line makes sense.
# - Logistic regression is a line for the logit: $\log\frac{p}{1-p} = w x + b$.
# - One unit more of $x$ adds $w$ to the logit and multiplies the odds by $e^w$. What it does to the probability depends on
#   where you start.
# - An odds ratio is close to a ratio of probabilities only where the outcome is rare.
# - Keep logits. A probability near 1 has lost its digits.
#
# ## For teachers
#
# *Time*: 12 minutes to read and run, 10 more for the exercises.
#
# *Common misconception*: "odds ratio 2 means twice as likely". Reviews of published studies find that odds ratios are often
# read so. Let the class guess the probability after doubled odds from one tenth, one half and nine tenths before the figure is
# shown, and keep the guesses on the board.
#
# *Second misconception*: "the coefficient is the change of the probability". The steepest place of the sigmoid is at one half,
# and there the slope is $w/4$. Ask where the change is largest, and why.
#
# *Ask*: What are the odds of drawing an ace from a pack of cards? What is the logit of a fair coin? Two people have odds of 1
# to 4 and of 4 to 1: what do their logits have in common?
#
# *Skip*, where time is short: the part "Break it". It returns in the lesson on the softmax.
