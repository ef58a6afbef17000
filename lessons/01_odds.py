# ---
# title: Odds and logits
# minutes: 12
# ---
# %% [markdown]
# # Odds and logits
# After this lesson you can say $\log\frac{p}{1-p}$ and
#
# $$
# \begin{aligned} a &= b \\ &= \frac{1}{2} \end{aligned}
# $$
# ## Predict first
# what is it?
# %%
import matplotlib.pyplot as plt
import numpy as np
import warnings
from logistic.learn import exercise, says
from logistic import LogisticRegression, datasets

fig, ax = plt.subplots()
ax.plot([1, 2], [3, 4])
print("hello")
warnings.warn("careful", stacklevel=1)
X, y = datasets.load("iris", return_X_y=True)
m = LogisticRegression(C=1).fit(X, y)
# %% [markdown]
# See [the next](02_likelihood.py).
# ## Next
# %%
m.summary()
# %%
says("0.4055", np.log(1.5))


# %%
def f(odds): ...


exercise("odds.1", f)
