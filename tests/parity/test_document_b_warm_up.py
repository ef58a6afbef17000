"""Document B: the cheat sheet and warm-up to logistic regression (CS 375)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from documents import assert_printed
from logistic import ModuleClassifier, solvers
from logistic.learn import scratch
from logistic.outputs.metrics import metrics
from support import overlapping


class Own(nn.Module):
    """The second way to write the model: a class of one's own."""

    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(2, 3)

    def forward(self, x):
        return self.scores(x)


def test_b_four_shapes():
    """B: 100 houses, 2 features, 3 classes: X (100, 2), W (2, 3), b (3,), logits and probabilities (100, 3)."""
    X, W, b = np.random.default_rng(0).normal(size=(100, 2)), np.ones((2, 3)), np.arange(3.0)
    assert scratch.scores(W, b, X).shape == scratch.predict_proba(W, b, X).shape == (100, 3)
    np.testing.assert_allclose(scratch.scores(W, b, X)[7], X[7] @ W + b)
    np.testing.assert_allclose(scratch.predict_proba(W, b, X).sum(axis=1), 1)


def test_b_one_house():
    """B: scores [1, 2, -1] are probabilities [.2595, .7054, .0351]; if class 1 is true the accuracy is 1 and the loss 0.3490."""
    scores = np.array([[1.0, 2.0, -1.0]])
    p = scratch.softmax(scores)
    assert_printed(p, [[0.2595, 0.7054, 0.0351]], 4)
    found = metrics([1], p, [0, 1, 2])
    assert found.accuracy == 1
    assert_printed([found.log_loss, scratch.cross_entropy(scores, np.array([1])), -np.log(p[0, 1])], 0.3490, 4)


def test_b_three_ways_to_write_the_model():
    """B: a layer and a class of one's own learn the same from the same start; a sequence with a hidden layer learns more."""
    X, y = overlapping(0, 100, 2, 3)
    ways = (nn.Linear(2, 3), Own(), nn.Sequential(nn.Linear(2, 20), nn.ReLU(), nn.Linear(20, 3)))
    ways[1].scores.load_state_dict(ways[0].state_dict())
    steps = solvers.SGD(lr=0.1, batch_size=None, epochs=200)
    layer, own, hidden = (ModuleClassifier(way, solver=steps, random_state=0).fit(X, y) for way in ways)
    np.testing.assert_array_equal(layer.predict_proba(X), own.predict_proba(X))
    assert hidden.history_["loss"][-1] < layer.history_["loss"][-1] < layer.history_["loss"][0]


def test_b_the_loop_without_zero_grad():
    """B, a slip: gradients that are never zeroed add up, a momentum of 1: the loss swings; with zero_grad the loop is ours."""
    X, y = overlapping(0, 100, 2, 3)
    rows, classes = torch.as_tensor(X), torch.as_tensor(y)
    start = nn.Linear(2, 3, dtype=torch.float64)

    def loop(zeroed):
        module = nn.Linear(2, 3, dtype=torch.float64)
        module.load_state_dict(start.state_dict())
        optimizer, losses = torch.optim.SGD(module.parameters(), lr=0.1), []
        for _ in range(101):
            loss = nn.functional.cross_entropy(module(rows), classes)
            losses.append(loss.item())
            if zeroed:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return np.array(losses)

    ours = ModuleClassifier(start, solver=solvers.SGD(lr=0.1, batch_size=None, epochs=100)).fit(X, y)
    np.testing.assert_allclose(ours.history_["loss"], loop(zeroed=True), rtol=1e-12)
    assert (np.diff(loop(zeroed=True)) < 0).all()
    assert (np.diff(loop(zeroed=False)) > 0).any()
