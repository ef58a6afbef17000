"""Short messages about sport, weather and money, made up from lists of words: sparse counts for a model of many columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .card import Card, Dataset, Entry

SEED = 20
ROWS = {"money": 240, "sport": 360, "weather": 300}
ON_TOPIC = (0.93, 0.5)  # how likely a word is of the message's own topic: in a plain message, in a roundabout one
PLAIN = 0.7  # share of plain messages

# the words of each topic by the slot that they fill, the most frequent first; many belong to more than one topic
WORDS = {
    "money": {
        "{A}": "strong weak high early low flat sharp late steady first light cheap heavy cautious record fast",
        "{N}": "market price bank rate share profit trade index forecast pressure loss record fund rally season debt cost bond"
        " quarter investor floor currency budget lender dividend merger tax wage broker refinery grain export",
        "{V}": "rose fell gained closed lost slipped held dropped recovered eased rallied beat doubled hit tumbled opened",
        "{E}": "at the close, in early trade, before the weekend, in the second quarter, after the report, on the floor, by"
        " a third, under pressure, for the season, against the forecast",
    },
    "sport": {
        "{A}": "home young first strong late unbeaten injured fast second tired heavy record weak sharp early light",
        "{N}": "team match coach player goal season final league side defence record captain half rally fans race loss pressure"
        " club keeper break referee striker sprint medal stadium relay draw transfer tackle penalty tournament",
        "{V}": "won lost scored beat led held trailed finished struck returned rallied slipped closed dropped recovered hit",
        "{E}": "in the second half, at home, in the final, after the break, before the weekend, at the close, for the season,"
        " under pressure, in the rain, on a heavy floor",
    },
    "weather": {
        "{A}": "cold heavy strong wet dry warm high low light late thick mild early sharp record weak",
        "{N}": "rain wind storm front pressure cloud snow sun temperature coast sky forecast frost fog season spell heat record"
        " break shower side thunder hail drizzle breeze valley river drought gale mist sunshine island",
        "{V}": "fell rose moved cleared held passed returned eased dropped struck broke gathered lifted hit led slipped",
        "{E}": "along the coast, in the north, over the hills, before the weekend, by the evening, for the season, after the break,"
        " at the close, against the forecast, in the second half",
    },
}
SHAPES = (
    "the {A} {N} {V} {E}",
    "the {N} {V} and the {N} {V} {E}",
    "{A} {N} and {A} {N} {E}",
    "after the {N} the {A} {N} {V}",
    "no {A} {N} {E} this week",
    "they said the {N} {V} {E} again",
)


CARD = Card(
    title="Messages about money, sport and weather",
    about="900 made-up short messages about money, sport or weather, as counts of 167 words in a sparse matrix",
    rows=sum(ROWS.values()),
    columns=167,
    target="topic",
    classes=tuple(ROWS),
    row="one message of one or two sentences: how often it holds each word",
    sentence='the message "{row}" is about {label}',
    source="a seeded generator of this package",
    author="the logistic developers",
    year="made when it is loaded, the same every time",
    licence="BSD-3-Clause, as this package",
    citation="none needed",
    caveats="Made up: sentences are filled from lists in which word i is drawn in proportion to 1/i, much as in real text. Topics "
    "share words, and three messages of ten borrow half of theirs, so that about 82 of 100 unseen messages can be told right. Rare "
    "words occur in one topic only and some words always together, so use a penalty: without one no finite estimate exists.",
)


def messages() -> tuple[tuple[str, ...], np.ndarray]:
    """The texts and the topic of each, in a mixed order."""
    rng = np.random.RandomState(SEED)  # its stream is frozen, that of a Generator is not
    topics = np.repeat(list(ROWS), list(ROWS.values()))[np.argsort(rng.random_sample(sum(ROWS.values())), kind="stable")]
    return tuple(_message(str(topic), rng) for topic in topics), topics


def _message(topic: str, rng: Any) -> str:
    own = ON_TOPIC[0] if rng.random_sample() < PLAIN else ON_TOPIC[1]
    count = 1 + int(rng.random_sample() < 0.5)
    return ". ".join(_sentence(topic, own, rng) for _ in range(count))


def _sentence(topic: str, own: float, rng: Any) -> str:
    """A shape whose slots are filled from the topic's words, or sometimes from those of another."""
    others = [name for name in WORDS if name != topic]
    words = []
    for word in _drawn(SHAPES, rng).split():
        if word in WORDS[topic]:
            source = topic if rng.random_sample() < own else others[int(len(others) * rng.random_sample())]
            word = _drawn(WORDS[source][word].split(", " if word == "{E}" else " "), rng)
        words.append(word)
    return " ".join(words)


def _drawn(words: Sequence[str], rng: Any) -> str:
    """One of the words; word i is 1 / (i + 1) as frequent as the first."""
    shares = np.cumsum(1 / np.arange(1, len(words) + 1))
    return words[int(np.searchsorted(shares, rng.random_sample() * shares[-1], side="right"))]


def _read(_part: str | None) -> Dataset:
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    texts, topics = messages()
    counter = CountVectorizer(dtype=np.float64)
    X = csr_array(counter.fit_transform(texts))
    return Dataset("topics", X, topics, tuple(map(str, counter.get_feature_names_out())), CARD, texts=texts)


MEMBERS = {"topics": Entry(CARD, _read)}
