"""Data sets: what every one of them must be, files that are found, fetched and never trusted unchecked, and IDX read strictly."""

from __future__ import annotations

import errno
import gzip
import hashlib
import itertools
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from logistic import LogisticRegression, datasets
from logistic.cli import run
from logistic.datasets import Dataset, files, read_idx
from logistic.datasets.fetched import MNIST_FILES
from logistic.datasets.files import RemoteFile, find
from logistic.errors import InputError
from support import shared_file

EVERY = pytest.mark.parametrize("name", datasets.names())
BUNDLED = [name for name, entry in datasets.REGISTRY.items() if not entry.files]
SMALL = pytest.mark.parametrize("name", [name for name in datasets.names() if name != "mnist"])


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No download, an empty cache, and the shared folder where there is one."""
    monkeypatch.setattr(files, "_download", lambda file, cache: pytest.fail(f"{file.name} would be fetched"))
    monkeypatch.setattr(files, "_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("LOGISTIC_DATA", raising=False)


@lru_cache
def kept(name: str, part: str | None) -> Dataset:
    return datasets.load(name, split=part)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The set, once for all tests; of mnist the test part."""
    entry = datasets.REGISTRY[name]
    if entry.files:
        shared_file("data", entry.files[0].name)
        monkeypatch.setenv("LOGISTIC_DATA", str(shared_file("data")))
    return kept(name, entry.parts[-1] if entry.parts else None)


# --------------------------------------------------------------------------------------------------- laws of every data set


@EVERY
@pytest.mark.usefixtures("offline")
def test_rows_are_what_the_card_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes, names and classes agree, numbers are finite, and every class occurs."""
    data, card = loaded(name, monkeypatch), datasets.REGISTRY[name].card
    n, p = data.X.shape
    assert isinstance(data.X, np.ndarray) or (sp.issparse(data.X) and data.X.format == "csr")
    assert data.X.dtype in (np.float32, np.float64)
    assert np.isfinite(data.X.data if sp.issparse(data.X) else data.X).all()
    assert (p, len(data.features), len(set(data.features))) == (card.columns,) * 3
    assert data.y.shape == (n,)
    assert data.y.dtype.kind in "iU"
    assert np.unique(data.y).tolist() == list(card.classes)
    assert data.name == name
    assert data.card is card
    assert (data.about, data.target) == (card.about, card.target)
    assert data.target not in data.features
    assert set(card.units) <= set(data.features)
    assert data.image is None or np.prod(data.image) == p
    assert data.texts is None or len(data.texts) == n
    if not datasets.REGISTRY[name].parts:
        assert n == card.rows


@EVERY
def test_cards_are_complete(name: str) -> None:
    """Every field says something, on one line, and the sentence has both its places."""
    card = datasets.REGISTRY[name].card
    for field, value in card.to_dict().items():
        assert value or field == "units", field
        assert "\n" not in str(value)
    assert card.sentence.count("{row}") == card.sentence.count("{label}") == 1
    assert len(card.about) <= 130
    json.dumps(card.to_dict(), allow_nan=False)


@EVERY
@pytest.mark.usefixtures("offline")
def test_loading_twice_gives_the_same_rows_but_not_the_same_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who writes into an array spoils nobody else's."""
    first = loaded(name, monkeypatch)
    parts = datasets.REGISTRY[name].parts
    X, y = datasets.load(name, split=parts[-1] if parts else None, return_X_y=True)
    for a, b in ((first.X, X), (first.y, y)):
        a, b = (m.data if sp.issparse(m) else m for m in (a, b))
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()
        assert not np.shares_memory(a, b)
        assert b.flags.writeable


@SMALL
@pytest.mark.usefixtures("offline")
def test_frames_hold_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """X is a DataFrame with the features as columns, sparse where X is; y a Series called after the target."""
    plain, framed = loaded(name, monkeypatch), datasets.load(name, as_frame=True)
    assert isinstance(framed.X, pd.DataFrame)
    assert isinstance(framed.y, pd.Series)
    assert tuple(framed.X.columns) == plain.features
    assert framed.y.name == plain.target
    assert (framed.y.to_numpy() == plain.y).all()
    dense = plain.X.toarray() if sp.issparse(plain.X) else plain.X
    assert np.array_equal(framed.X.to_numpy(), dense)
    assert all(isinstance(kind, pd.SparseDtype) == sp.issparse(plain.X) for kind in framed.X.dtypes)
    X, y = datasets.load(name, as_frame=True, return_X_y=True)
    assert X.equals(framed.X)
    assert y.equals(framed.y)
    assert datasets.describe(framed).splitlines()[-1] == datasets.describe(plain).splitlines()[-1]


@EVERY
@pytest.mark.usefixtures("offline")
def test_every_set_can_be_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text with card, counts, head, a row in words and an image; the same as plain data."""
    data = loaded(name, monkeypatch)
    text, facts = datasets.describe(data), json.loads(json.dumps(datasets.facts(data), allow_nan=False))
    assert text.splitlines()[0] == f"{data.card.title} ({name})"
    for word in (data.card.licence, f"Row 1: {facts['sentence']}.", data.target, *map(str, data.card.classes)):
        assert word in text
    assert sum(facts["counts"].values()) == facts["rows"] == data.X.shape[0]
    assert len(facts["head"]) == 5
    assert all(len(row) <= 5 and data.target in row for row in facts["head"])
    assert (facts["image"] is None) == (data.image is None)
    assert max(map(len, text.splitlines())) <= 150


@pytest.mark.usefixtures("offline")
def test_what_is_shown_is_right() -> None:
    """A row with units, a row of a sparse set, and an image whose ink is where the pixels are."""
    iris, topics, digits = (datasets.load(name) for name in ("iris", "topics", "digits"))
    said = "an iris with sepal length 5.1 cm, sepal width 3.5 cm, petal length 1.4 cm, petal width 0.2 cm is setosa"
    assert datasets.facts(iris)["sentence"] == said
    assert datasets.facts(iris)["counts"] == {"setosa": 50, "versicolor": 50, "virginica": 50}
    assert "cm: sepal length, sepal width, petal length, petal width" in datasets.describe(iris)
    assert datasets.facts(topics)["sentence"] == f'the message "{topics.texts[0]}" is about {topics.y[0]}'
    first = {word: count for word, count in datasets.facts(topics)["head"][0].items() if word != "topic"}
    assert all(topics.texts[0].split().count(word) == count > 0 for word, count in first.items())
    drawn = datasets.facts(digits)["image"]
    filled = digits.X[0].reshape(8, 8) / 16 * 9 > 0.5
    assert [[line.ljust(16)[2 * j] != " " for j in range(8)] for line in drawn] == filled.tolist()


@EVERY
def test_unknown_parts_are_refused(name: str) -> None:
    """Only mnist has parts; the way out is named."""
    what = "mnist has the parts 'train' and 'test'" if name == "mnist" else "divide the rows with logistic.split"
    with pytest.raises(InputError, match=what):
        datasets.load(name, split="validation")


@pytest.mark.parametrize(
    ("name", "what"), [("irs", "did you mean 'iris'"), ("MNIST", "choose iris"), (3, "no data set 3"), (["iris"], "no data set")]
)
@pytest.mark.parametrize("ask", [datasets.load, datasets.path, datasets.paths])
def test_unknown_names_are_refused(ask: Callable[[Any], Any], name: Any, what: str) -> None:
    """With the nearest known one."""
    with pytest.raises(InputError, match=what):
        ask(name)


def test_frames_need_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """And say so."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        datasets.load("iris", as_frame=True)


@pytest.mark.usefixtures("offline")
def test_the_listing_knows_what_lies_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Bundled sets are always present, fetched ones where all their files are; a wrong folder is no reason to fail."""
    there = {entry["name"]: (entry["fetched"], entry["present"]) for entry in datasets.listing()}
    assert list(there) == list(datasets.names())
    assert all(there[name] == ((False, True) if name in BUNDLED else (True, False)) for name in there)
    (tmp_path / "ames.csv.gz").write_bytes(b"x")
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"x")
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path))
    assert [entry["name"] for entry in datasets.listing() if entry["fetched"] and entry["present"]] == ["ames"]
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path / "nowhere"))
    assert [entry["name"] for entry in datasets.listing() if entry["present"]] == BUNDLED
    json.dumps(datasets.listing(), allow_nan=False)


def test_names_and_cards_load_nothing_heavy() -> None:
    """Listing imports neither the makers of arrays nor the readers of files."""
    heavy = ("torch", "sklearn", "scipy", "pandas", "narwhals", "pyarrow", "matplotlib", "requests")
    code = f"from logistic import datasets\ndatasets.listing()\nimport sys\nprint([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "[]", ended.stderr


# ------------------------------------------------------------------------------------------------------- sets of our making


def test_made_tumors_are_the_same_everywhere() -> None:
    """The first rows and a digest of all, which no version of NumPy may change."""
    data = datasets.load("tumors_made")
    assert data.X[:2].tolist() == [[20.160891, 14.552312], [14.156085, 16.770856]]
    assert data.y[:5].tolist() == ["benign", "malignant", "malignant", "malignant", "malignant"]
    numbers = np.rint(data.X * 1e6).astype("<i8").tobytes()
    assert hashlib.sha256(numbers).hexdigest() == "779890e0eaf982b038c15835fb7e203dd1af187f7be9b6987fb2b62ca7d1793a"
    assert (
        hashlib.sha256("".join(word[0] for word in data.y).encode()).hexdigest()
        == "2a4d485b3df6cf4af9a9ea18a30e513a45dc061ee1a708c3798dfe3752fdc2f9"
    )


def test_made_tumors_are_like_the_fetched_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """About the same range, balance and loss; the estimate is finite and near the truth."""
    data = datasets.load("tumors_made")
    assert (data.y == "benign").sum() == 388
    assert (abs(data.X.mean(axis=0) - [15, 15.35]) < 0.2).all()
    model = LogisticRegression(C=np.inf).fit(data.X, data.y)
    assert model.certificate_.status.certified
    assert np.allclose(model.coef_, [[-11, 12]], rtol=0.1)
    assert 0.98 < model.score(data.X, data.y) < 0.995
    real = loaded("tumors", monkeypatch)
    assert (abs(data.X.mean(axis=0) - real.X.mean(axis=0)) < 0.3).all()
    assert (abs(data.X.std(axis=0) / real.X.std(axis=0) - 1) < 0.1).all()
    other = LogisticRegression(C=np.inf).fit(real.X, real.y)
    losses = [
        -m.predict_log_proba(d.X)[np.arange(1000), (d.y == "malignant").astype(int)].mean()
        for m, d in ((model, data), (other, real))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.2)


def test_topics_are_the_same_everywhere() -> None:
    """A digest of the texts and topics; the counts are those of the texts."""
    data = datasets.load("topics")
    assert (
        hashlib.sha256("\n".join(data.texts).encode()).hexdigest()
        == "1dc9d381bf6d40c89d42dcceb8d8c903f53cab53fff6205d7ba716ca71b1b913"
    )
    assert (
        hashlib.sha256("\n".join(data.y).encode()).hexdigest() == "232b47666310530d89339bfe9f699f56a0b8c2c32f8a5340415df7a993621bcd"
    )
    row = dict(zip(data.features, data.X[[7]].toarray()[0], strict=True))
    words = [word for word in data.texts[7].replace(".", "").split() if len(word) > 1]
    assert {word: count for word, count in row.items() if count} == {word: words.count(word) for word in words}


def test_topics_overlap_and_have_rare_words() -> None:
    """As real texts: no rule tells all topics, a few words make up most of a text, and many are rare."""
    data = datasets.load("topics")
    learnt = np.arange(len(data.y)) % 4 != 0
    model = LogisticRegression(C=1.0).fit(data.X[learnt], data.y[learnt])
    assert 0.75 < model.score(data.X[~learnt], data.y[~learnt]) < 0.9
    assert LogisticRegression(C=1e3).fit(data.X, data.y).score(data.X, data.y) < 0.98
    counts = np.sort(data.X.sum(axis=0))[::-1]
    assert counts[:20].sum() > counts[20:].sum() * 0.8
    assert (counts < 10).sum() > 20
    assert data.X.nnz < 0.1 * np.prod(data.X.shape)
    assert len(set(data.texts)) > 0.99 * len(data.texts)
    by_topic = np.array([data.X[data.y == topic].sum(axis=0) for topic in data.card.classes])
    assert ((by_topic > 0).sum(axis=0) == 1).any()  # such a word alone makes some coefficient infinite without a penalty


# ------------------------------------------------------------------------------------------------------------ fetched sets


def test_ames_is_that_of_the_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions, three price classes by rank, and all 81 columns in the file."""
    data = loaded("ames", monkeypatch)
    assert data.X[0].tolist() == [-93.619754, 42.054035]
    assert data.y[:5].tolist() == [2, 0, 1, 2, 1]
    assert np.bincount(data.y).tolist() == [981, 980, 969]
    table = pd.read_csv(datasets.path("ames"))
    assert table.shape == (2930, 81)
    assert (table["Sale_Price"].groupby(data.y).max() == [139_000, 190_000, 755_000]).all()


def test_tumors_are_those_of_the_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts, the first row, and the file."""
    data = loaded("tumors", monkeypatch)
    assert data.features == ("leukocyte_count", "blood_pressure")
    assert data.X[0].tolist() == [13.472968615888936, 15.250393221933804]
    assert np.unique(data.y, return_counts=True)[1].tolist() == [389, 611]
    assert pd.read_csv(datasets.path("tumors")).shape == (1000, 3)


def test_mnist_is_that_of_the_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 training images of numbers from 0 to 1; the fourth shows a 1; and 10,000 others."""
    test = loaded("mnist", monkeypatch)
    assert test.X.shape == (10_000, 784)
    assert test.y[:5].tolist() == [7, 2, 1, 0, 4]
    data = datasets.load("mnist")
    assert (data.X.shape, data.X.dtype, data.y.dtype) == ((60_000, 784), np.float32, np.int64)
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.array_equal(data.X[3] * np.float32(255), np.rint(data.X[3] * np.float32(255)))
    middle = data.X[3].reshape(data.image)[8:20]
    assert (middle.argmax(axis=1) > 8).all()  # the stroke of a 1
    assert data.features[29] == "pixel_1_1"
    assert len(datasets.paths("mnist")) == 4


# --------------------------------------------------------------------------------------------------------- where files lie

CONTENT = b"a,b\n1,2\n" * 4000


def remote(content: bytes = CONTENT, name: str = "sub/table.csv", idx: bool = False) -> RemoteFile:
    """A file that the server below has."""
    return RemoteFile(name, "here", hashlib.sha256(content).hexdigest(), idx)


class Server(ThreadingHTTPServer):
    """Answers each request with the next of its answers, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """An answer is a status, or bytes, or bytes and the length that is claimed for them."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if isinstance(answer, int):
            self.send_error(answer)
            return
        body, length = answer if isinstance(answer, tuple) else (answer, len(answer))
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A loopback server, an empty cache, and no waiting between tries."""
    running: list[tuple[Server, threading.Thread]] = []

    def start(*answers: Any) -> Server:
        server = Server(*answers)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        monkeypatch.setitem(files._HOSTS, "here", f"http://127.0.0.1:{server.server_address[1]}/data/")
        return server

    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(files, "_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("LOGISTIC_DATA", raising=False)
    for proxy in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(proxy, "*")
    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def lying(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once_and_kept(serve: Callable[..., Server], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The second time no request is made; nobody but a terminal is told."""
    server = serve(CONTENT)
    for _ in range(2):
        found = find(remote())
        assert found == (tmp_path / "cache" / "sub" / "table.csv", CONTENT)
        assert found.path.read_bytes() == CONTENT
    assert server.asked == ["/data/table.csv"]
    assert lying(tmp_path) == ["cache/sub/table.csv"]
    assert capfd.readouterr() == ("", "")


def test_a_terminal_is_told(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fetched from where, on stderr."""
    serve(CONTENT)
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True, write=said.append, flush=lambda: None))
    find(remote())
    assert said == [f"fetching {remote().url}\n"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"<html>welcome to our hotel</html>", "what http.* sent is not the expected sub/table.csv: its sha256 is"),
        ((CONTENT[:-9], len(CONTENT)), "the (transfer broke off|connection failed)"),
        ((b"", len(CONTENT)), "the (transfer broke off|connection failed)"),
        (500, "the server says 500"),
        (404, "the server says 404 Not Found"),
    ],
    ids=["wrong content", "cut", "cut at once", "500", "404"],
)
def test_a_transfer_that_fails_is_tried_again(serve: Callable[..., Server], tmp_path: Path, bad: Any, reason: str) -> None:
    """Twice; then the error names file, address, checksum and where to place the file. Nothing damaged is ever kept."""
    server = serve(bad, bad, CONTENT)
    assert find(remote()).content == CONTENT
    assert len(server.asked) == 3
    (tmp_path / "cache" / "sub" / "table.csv").unlink()
    server.answers, server.asked = [bad], []
    with pytest.raises(InputError, match=reason) as caught:
        find(remote())
    assert len(server.asked) == 3
    assert lying(tmp_path) == []
    file, message = remote(), str(caught.value)
    for word in (file.name, file.url, file.sha256, "LOGISTIC_DATA", str(tmp_path / "cache" / file.name)):
        assert word in message
    assert "\n" not in message


def test_offline_the_error_says_what_to_place_where(serve: Callable[..., Server], tmp_path: Path) -> None:
    """Nobody answers: the same message, and following it helps."""
    server = serve(CONTENT)
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match=r"could not be fetched from http://127.*the connection failed: ConnectionError") as caught:
        find(remote())
    place = Path(str(caught.value).rpartition(", or as ")[2])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(CONTENT)
    assert find(remote()) == (place, CONTENT)


@pytest.mark.parametrize("name", ["ames", "tumors", "mnist"])
def test_offline_every_fetched_set_says_so(name: str, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them by its own file."""
    serve(404)
    for host in ("ames", "tumors", "mnist"):
        monkeypatch.setitem(files._HOSTS, host, files._HOSTS["here"])
    file = datasets.REGISTRY[name].files[0]
    for ask in (datasets.load, datasets.paths):
        with pytest.raises(InputError, match=f"{file.name} could not be fetched .*place {file.name} .sha256 {file.sha256}"):
            ask(name)


@pytest.mark.parametrize("place", ["sub/table.csv", "table.csv"])
def test_the_users_folder_comes_first(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """Under the full name or directly in it; no request is made and the cache stays empty."""
    server = serve(CONTENT)
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path / "mine"))
    assert find(remote()).path == path
    assert server.asked == []
    path.unlink()
    assert find(remote()).path == tmp_path / "cache" / "sub" / "table.csv"  # a folder without the file is passed over


def test_a_wrong_file_in_the_users_folder_is_an_error(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is named, left alone, and nothing else is used in its place."""
    server = serve(CONTENT)
    (tmp_path / "table.csv").write_bytes(b"mine")
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"table\.csv is not the expected sub/table.csv: its sha256 is .* not .*; replace it"):
        find(remote())
    (tmp_path / "table.csv").unlink()
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(InputError, match=r"table\.csv cannot be read"):
        find(remote())
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"LOGISTIC_DATA names .*nowhere, which is no folder"):
        find(remote())
    assert server.asked == []
    assert lying(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(serve: Callable[..., Server], tmp_path: Path) -> None:
    """Offline it is gone rather than used."""
    server = serve(CONTENT)
    path = find(remote()).path
    path.write_bytes(CONTENT[:-1])
    assert find(remote()).content == path.read_bytes() == CONTENT
    assert len(server.asked) == 2
    path.write_bytes(b"")
    server.answers = [500]
    with pytest.raises(InputError, match="could not be fetched"):
        find(remote())
    assert lying(tmp_path) == []


def test_idx_files_are_checked_without_their_gzip(serve: Callable[..., Server], tmp_path: Path) -> None:
    """Packed in another way, or not at all, they are the same file; with other numbers they are not."""
    raw = idx_bytes(0x08, (2, 3), bytes(range(6)))
    file = remote(raw, "mnist/numbers-idx2-ubyte.gz", idx=True)
    for sent in (gzip.compress(raw, 1), gzip.compress(raw, 9, mtime=7), raw):
        serve(sent)
        found = find(file)
        assert found.content == raw
        assert found.path.read_bytes() == sent
        found.path.unlink()
    for sent in (gzip.compress(idx_bytes(0x08, (2, 3), bytes(6))), gzip.compress(raw)[:-4], b"<html>"):
        serve(sent)
        with pytest.raises(InputError, match=f"what http.* (sent is|is damaged).*{file.sha256} without gzip"):
            find(file)
    assert lying(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_an_error(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file where the folder should be, no right to write, and a full disk: file, address, folder and reason are named."""
    serve(CONTENT)
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(InputError, match=r"table.csv, from http.*, cannot be kept in .*cache \(.*LOGISTIC_DATA"):
        find(remote())
    (tmp_path / "cache").unlink()

    def failing(number: int) -> Callable[..., None]:
        def fail(*_: Any, **__: Any) -> None:
            raise OSError(number, "no luck")

        return fail

    with monkeypatch.context() as patch:
        patch.setattr("pooch.HTTPDownloader.__call__", failing(errno.ENOSPC))
        with pytest.raises(InputError, match=r"cannot be kept in .*\(no luck\); make room"):
            find(remote())
    with monkeypatch.context() as patch:
        patch.setattr("pooch.utils.tempfile.NamedTemporaryFile", failing(errno.EACCES))
        with pytest.raises(InputError, match=r"cannot be kept in .*no luck"):
            find(remote())
    assert lying(tmp_path) == []


def test_without_pooch_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And a file in the user's folder needs none."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("LOGISTIC_DATA", raising=False)
    monkeypatch.setitem(files._HOSTS, "here", "http://127.0.0.1:9/")
    with pytest.raises(InputError, match=r"fetched from http.* by pooch; pip install 'logistic\[data\]', or place sub/table.csv"):
        find(remote())
    (tmp_path / "table.csv").write_bytes(CONTENT)
    monkeypatch.setenv("LOGISTIC_DATA", str(tmp_path))
    assert find(remote()).content == CONTENT


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pooch keeps it, under our name; and pooch's log speaks as before."""
    import pooch

    assert files._cache() == Path(pooch.os_cache("logistic"))
    monkeypatch.setattr(pooch.get_logger(), "level", 17)
    monkeypatch.setattr("pooch.Pooch.fetch", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setitem(files._HOSTS, "here", "http://127.0.0.1:9/")
    with pytest.raises(KeyboardInterrupt):
        files._download(remote(), Path("nowhere"))
    assert pooch.get_logger().level == 17


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_have_no_file(name: str) -> None:
    """Their rows are loaded, not fetched."""
    assert datasets.paths(name) == ()
    with pytest.raises(InputError, match="is bundled and has no file"):
        datasets.path(name)


def test_mnist_has_several_files() -> None:
    """One path does not name four."""
    with pytest.raises(InputError, match=r"mnist has 4 files; use datasets.paths\('mnist'\)"):
        datasets.path("mnist")
    assert [len(pair) for pair in MNIST_FILES.values()] == [2, 2]


# --------------------------------------------------------------------------------------------------------------- the shell


def shell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``logistic data``."""
    with pytest.raises(SystemExit) as end:
        run(["data", *arguments])
    return (int(end.value.code or 0), *capsys.readouterr())


@pytest.mark.usefixtures("offline")
def test_the_shell_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """What Python knows, as text and as JSON."""
    code, out, err = shell(capsys, "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["name", *datasets.names()]
    assert [line.split()[4] for line in out.splitlines()[1:]] == ["bundled"] * len(BUNDLED) + ["to"] * 3
    assert json.loads(shell(capsys, "list", "--json")[1]) == datasets.listing()
    assert shell(capsys, "show", "iris") == (0, datasets.describe(datasets.load("iris")) + "\n", "")
    assert json.loads(shell(capsys, "show", "iris", "--json")[1]) == datasets.facts(datasets.load("iris"))
    assert shell(capsys, "show", "iris/test")[0] == 2
    assert shell(capsys, "show", "irs") == (2, "", "logistic: " + refusal("irs") + "\n")


def refusal(name: str) -> str:
    """Why there is no such set."""
    with pytest.raises(InputError) as caught:
        datasets.load(name)
    return str(caught.value)


@pytest.mark.usefixtures("offline")
def test_the_shell_fetches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths on stdout; that a bundled set needs no fetching, on stderr."""
    assert shell(capsys, "fetch", "iris") == (0, "", "iris is bundled and needs no fetching\n")
    assert shell(capsys, "fetch")[0] == 2
    loaded("tumors", monkeypatch)
    path = str(datasets.path("tumors"))
    assert shell(capsys, "fetch", "tumors", "wine") == (0, f"{path}\n", "wine is bundled and needs no fetching\n")
    code, out, err = shell(capsys, "fetch", "tumors", "wine", "--json")
    assert (code, json.loads(out), err) == (0, {"tumors": [path], "wine": []}, "")


# --------------------------------------------------------------------------------------------------------------------- IDX


def idx_bytes(code: int, shape: tuple[int, ...], body: bytes) -> bytes:
    """An IDX file."""
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (0, 4)])
@pytest.mark.parametrize(("code", "kind"), [(0x08, "u1"), (0x09, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")])
def test_idx_files_come_back(code: int, kind: str, shape: tuple[int, ...], pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Every type, with and without gzip, in the byte order of the machine."""
    numbers = (np.arange(np.prod(shape)) - (0 if kind == "u1" else 2)).astype(kind).reshape(shape)
    path = tmp_path / "numbers"
    path.write_bytes(pack(idx_bytes(code, shape, numbers.astype(f">{kind}").tobytes())))
    found = read_idx(str(path))
    assert np.array_equal(found, numbers)
    assert (found.dtype, found.shape) == (np.dtype(kind), shape)
    assert found.dtype.isnative
    assert found.flags.writeable


GOOD = idx_bytes(0x08, (2, 3), bytes(6))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is no IDX file: it begins with nothing"),
        (b"\0\0\x08", "is no IDX file: it begins with 00 00 08"),
        (b"\x89PNG....", "is no IDX file: it begins with 89 50 4e 47"),
        (b"\0\1" + GOOD[2:], "is no IDX file"),
        (idx_bytes(0x0A, (2, 3), bytes(6)), "is no IDX file: it begins with 00 00 0a 02"),
        (b"\0\0\x08\0" + bytes(6), "is no IDX file"),
        (idx_bytes(0x08, (1,) * 65, b"1"), "is no IDX file"),
        (GOOD[:9], "ends within its header"),
        (GOOD[:-1], "should hold 2 x 3 numbers, 6 bytes, "),
        (GOOD + b"\0", "2 x 3 numbers, 6 bytes, but goes on after them"),
        (gzip.compress(GOOD[:-1]), "but ends after 5"),
        (gzip.compress(GOOD + b"\0"), "but goes on after them"),
        (gzip.compress(GOOD + bytes(10**7)), "but goes on after them"),
        (gzip.compress(GOOD)[:-4], "is damaged"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "is damaged: CRC check failed"),
        (gzip.compress(GOOD)[:12], "is damaged"),
        (gzip.compress(GOOD)[:10] + b"\xff" * 20, "is damaged"),
        (gzip.compress(GOOD) + b"tail", "is damaged"),
        (idx_bytes(0x0E, (2**32 - 1,) * 64, b""), "more than a file of its size can"),
        (gzip.compress(idx_bytes(0x08, (2**31,), bytes(50))), "more than a file of its size can"),
        (idx_bytes(0x08, (100,), bytes(6)), "more than a file of its size can"),
        (idx_bytes(0x0B, (7,), bytes(7)), "but ends after 7"),
    ],
    ids=itertools.count(),  # what is compressed holds the time
)
def test_damaged_idx_files_are_refused(content: bytes, what: str, tmp_path: Path) -> None:
    """By name, in one line, and with a way out."""
    path = tmp_path / "numbers-idx3"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"numbers-idx3.* {what}.*; get the file again") as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)


def test_a_header_cannot_ask_for_more_room_than_the_file_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bomb unpacks to is neither read nor made room for."""
    bomb = gzip.compress(idx_bytes(0x08, (10,), bytes(10**8)))
    path = tmp_path / "bomb"
    path.write_bytes(bomb)
    asked: list[int] = []
    original = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size=-1: asked.append(size) or original(self, size))
    with pytest.raises(InputError, match="goes on after them"):
        read_idx(path)
    assert 0 < max(asked) <= 10
    assert min(asked) > 0


def test_a_missing_idx_file_is_an_ordinary_error(tmp_path: Path) -> None:
    """As for any file."""
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")
