"""Files of every format that there was are read for ever, and nothing that was done to one of them is taken for a model.

The golden files and the script that wrote them are in ``tests/golden``.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from safetensors import safe_open

from golden.make import FOLDER, MODELS
from logistic import InputError, Model, ModelFileError, load, strict
from logistic.modules import files
from logistic.store import formulas, models, parts, statistics

GOLDEN = sorted(FOLDER.glob("*.safetensors"))
MOST_SECONDS, MOST_PEAK = 30.0, 2**23


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> bytes:
    """The bytes of each golden file."""
    return bytes(request.param.read_bytes())


def refused(content: bytes, folder: Path) -> str:
    """The message with which a file of this content is refused."""
    path = folder / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=re.escape(str(path))) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def fast(content: bytes, folder: Path) -> str:
    """The same, with little time and memory."""
    tracemalloc.start()
    begun = time.perf_counter()
    try:
        words = refused(content, folder)
        assert tracemalloc.get_traced_memory()[1] <= MOST_PEAK + 30 * len(content)
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - begun <= MOST_SECONDS
    return words


def packed(head: Any, data: bytes = b"") -> bytes:
    """A safetensors file of any header, in the right spelling where it is not text."""
    text = head if isinstance(head, str) else json.dumps(head, separators=(",", ":"), ensure_ascii=False)
    encoded = text.encode("utf-8", "surrogatepass")
    encoded += b" " * (-len(encoded) % 8)
    return struct.pack("<Q", len(encoded)) + encoded + data


def taken_apart(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a file and its data."""
    (size,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def signed(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with another header, whose checksum is right."""
    head, data = taken_apart(content)
    header = json.loads(head["__metadata__"]["logistic"])
    change(header)
    tensors = {}
    for name in set(head) - {"__metadata__"}:
        start, stop = head[name]["data_offsets"]
        tensors[name] = np.frombuffer(data[start:stop]).reshape(head[name]["shape"])
    header["sha256"] = parts.digest(header, tensors)
    head["__metadata__"]["logistic"] = strict.canonical(header)
    return packed(head, data)


# ------------------------------------------------------------------------------------------------------------ what they hold


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files_hold_what_they_held(path: Path) -> None:
    """Every field, bit for bit, type for type."""
    found, wanted = load(path), MODELS[path.stem]
    assert found == wanted
    assert found.provenance == wanted.provenance
    assert found.classes.dtype == wanted.classes.dtype
    for name in ("coef", "base", "center"):
        assert getattr(found, name).tobytes() == getattr(wanted, name).tobytes()
        assert getattr(found, name).dtype == np.float64
    assert repr(replace(found.certificate, direction=None)) == repr(replace(wanted.certificate, direction=None))
    assert [type(value) for value in vars(found).values()] == [type(value) for value in vars(wanted).values()]


def test_every_golden_model_has_its_file() -> None:
    """And every file its model, and every format at least one."""
    assert [path.stem for path in GOLDEN] == sorted(MODELS)
    assert {int(path.stem.split("-")[1]) for path in GOLDEN} == set(range(1, models.FORMAT + 1))


@pytest.mark.parametrize("path", [path for path in GOLDEN if f"-{models.FORMAT}-" in path.stem], ids=lambda path: path.stem)
def test_the_same_bytes_are_written_today(path: Path, tmp_path: Path) -> None:
    """Byte for byte, but for the version of the software that wrote them."""
    MODELS[path.stem].save(tmp_path / "again")
    (head, data), (ours, our_data) = taken_apart(path.read_bytes()), taken_apart((tmp_path / "again").read_bytes())
    theirs, our_header = (json.loads(part.pop("__metadata__")["logistic"]) for part in (head, ours))
    for header in (theirs, our_header):
        assert re.fullmatch(r"logistic \d+\.\d+\.\d+.*", header.pop("software"))
        assert re.fullmatch("[0-9a-f]{64}", header.pop("sha256"))
    assert list(our_header.items()) == list(theirs.items())
    assert list(ours.items()) == list(head.items())
    assert our_data == data


def test_safetensors_reads_them_too(golden: bytes, tmp_path: Path) -> None:
    """They are sound files for the library itself."""
    (tmp_path / "m").write_bytes(golden)
    with safe_open(tmp_path / "m", framework="numpy") as file:
        assert set(file.metadata()) == {"logistic"}
        np.testing.assert_array_equal(file.get_tensor("coef"), load(tmp_path / "m").coef)


# --------------------------------------------------------------------------------------------------------------- damaged files


def survivors(contents: Iterable[bytes], folder: Path) -> list[int]:
    """The numbers of those contents that are taken for a model."""
    path, found = folder / "bad", []
    for i, content in enumerate(contents):
        path.write_bytes(content)
        with suppress(ModelFileError):
            load(path)
            found.append(i)
    return found


def flipped(content: bytes, masks: Callable[[int], Iterable[int]]) -> Iterator[bytes]:
    """Copies with one byte changed by each of its masks."""
    for i in range(len(content)):
        for mask in masks(i):
            yield content[:i] + bytes([content[i] ^ mask]) + content[i + 1 :]


def test_a_flipped_bit_is_refused(golden: bytes, tmp_path: Path) -> None:
    """One in every byte: in lengths, names, numbers and the blanks between them."""
    assert survivors(flipped(golden, lambda i: [1 << i % 8]), tmp_path) == []


@pytest.mark.slow
def test_any_flipped_bit_is_refused(golden: bytes, tmp_path: Path) -> None:
    """Every bit of every byte, and all bits of a byte at once."""
    assert survivors(flipped(golden, lambda _: (0xFF, *(1 << bit for bit in range(8)))), tmp_path) == []


@pytest.mark.slow
def test_a_byte_taken_out_or_put_in_is_refused(golden: bytes, tmp_path: Path) -> None:
    """Anywhere, twice the same or a blank; alone, or with a length of the header that goes with it."""
    (size,) = struct.unpack("<Q", golden[:8])

    def changed() -> Iterator[bytes]:
        for i in range(len(golden)):
            for content in (
                golden[:i] + golden[i + 1 :],
                golden[:i] + golden[i : i + 1] + golden[i:],
                golden[:i] + b" " + golden[i:],
            ):
                yield content
                yield struct.pack("<Q", size + len(content) - len(golden)) + content[8:]

    assert survivors(changed(), tmp_path) == []


@pytest.mark.parametrize("blanks", range(-7, 17))
def test_other_blanks_behind_the_header_are_refused(golden: bytes, blanks: int, tmp_path: Path) -> None:
    """Also where everything else goes with them."""
    (size,) = struct.unpack("<Q", golden[:8])
    text = golden[8 : 8 + size].rstrip(b" ")
    text += b" " * (size - len(text) + blanks)
    content = struct.pack("<Q", len(text)) + text + golden[8 + size :]
    if content != golden:
        refused(content, tmp_path)


def test_a_truncated_file_is_refused(golden: bytes, tmp_path: Path) -> None:
    """At every length."""
    assert survivors((golden[:length] for length in range(len(golden))), tmp_path) == []


@pytest.mark.parametrize("extra", [b"\0", b" ", b"x" * 8, b"\0" * 4096])
def test_an_extended_file_is_refused(golden: bytes, extra: bytes, tmp_path: Path) -> None:
    """By anything, behind or before it, a second copy too."""
    refused(golden + extra, tmp_path)
    refused(extra + golden, tmp_path)
    refused(golden + golden, tmp_path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(GOLDEN), st.data())
def test_a_file_with_other_bytes_is_refused(tmp_path: Path, path: Path, data: st.DataObject) -> None:
    """Parts of it replaced, moved, doubled or taken out."""
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        i, j, k = sorted(data.draw(st.integers(0, len(content))) for _ in range(3))
        middle = data.draw(st.sampled_from([b"", content[j:k], content[j:k] * 2]) | st.binary(max_size=20))
        content = content[:i] + middle + content[j:]
    if content != path.read_bytes():
        refused(content, tmp_path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.builds(packed, st.text(max_size=100), st.binary(max_size=50)))
@example(b"")
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    """What is no file of ours is said to be none."""
    refused(content, tmp_path)


# --------------------------------------------------------------------------------------------------------------- forged files

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path to every part of a header."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(GOLDEN), st.data())
def test_a_forged_header_is_refused_or_is_that_of_a_model(tmp_path: Path, path: Path, data: st.DataObject) -> None:
    """With any value anywhere and a right checksum: an error in words, or a model that can be saved, loaded and summarised."""
    head, _ = taken_apart(path.read_bytes())
    place = data.draw(st.sampled_from(list(places(json.loads(head["__metadata__"]["logistic"])))[1:]))

    def change(header: dict[str, Any]) -> None:
        part: Any = header
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = data.draw(plain)

    (tmp_path / "forged").write_bytes(signed(path.read_bytes(), change))
    try:
        model = load(tmp_path / "forged")
    except ModelFileError:
        return
    model.save(tmp_path / "again")
    assert load(tmp_path / "again") == model
    assert str(model.summary())


def doubled(text: str) -> Iterator[str]:
    """The JSON text with each of its keys in turn twice."""
    for found in re.finditer(r'(?<=[{,])\s*("[^"\\]*"): ?', text):
        rest = text[found.end() :]
        _, length = json.JSONDecoder().raw_decode(rest)
        yield text[: found.end()] + rest[:length] + "," + text[found.start() : found.end()] + rest


def test_a_key_twice_is_refused(golden: bytes, tmp_path: Path) -> None:
    """In every object of both headers."""
    head, data = taken_apart(golden)
    outer = json.dumps(head, separators=(",", ":"), ensure_ascii=False)
    count = 0
    for text in doubled(outer):
        count += "twice" in fast(packed(text, data), tmp_path)
    inner = head["__metadata__"]["logistic"]
    for text in doubled(inner):
        head["__metadata__"]["logistic"] = text
        count += "twice" in fast(packed(head, data), tmp_path)
    assert count >= 1 + 1 + 3 + 9 + len(json.loads(inner))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["coef", "base", "center", "direction"])
def test_numbers_that_are_not_finite_are_refused(value: float, name: str, tmp_path: Path) -> None:
    """In any place of any tensor, with a right checksum."""
    content = (FOLDER / "model-1-separated.safetensors").read_bytes()
    head, data = taken_apart(content)
    start, stop = head[name]["data_offsets"]
    for place in range(start, stop, 8):
        forged = packed(head, data[:place] + struct.pack("<d", value) + data[place + 8 :])
        assert f"'{name}' holds numbers that are not finite" in fast(signed(forged, lambda h: None), tmp_path)


def test_classes_and_shapes_must_go_together(tmp_path: Path) -> None:
    """More classes, fewer classes, two of three, and classes in another order."""
    content = (FOLDER / "model-1-separated.safetensors").read_bytes()
    for values in ([-128, 0], [-128, 0, 1, 127], [0, -128, 127], [127, 0, -128], [0, 0, 1], [0], []):
        words = fast(signed(content, lambda h, v=values: h["classes"].update(values=v)), tmp_path)
        assert "shape" in words or "in order" in words


# ----------------------------------------------------------------------------------------------------------------------- caps

WIDE = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}


def one(**change: Any) -> bytes:
    """A file of one tensor."""
    return packed({"__metadata__": {"logistic": "{}"}, "coef": {**WIDE, **change}}, bytes(8))


def with_text(text: str) -> bytes:
    """A file whose inner header is this text."""
    names = {name: {**WIDE, "data_offsets": [8 * i, 8 * i + 8]} for i, name in enumerate(("base", "center", "coef"))}
    return packed({"__metadata__": {"logistic": text}, **names}, bytes(24))


DIGITS = "9" * 100_000
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a header of 2^60 bytes": (lambda: struct.pack("<Q", 2**60) + b"{}", "cut off"),
    "a header of 2^64 - 1 bytes": (lambda: b"\xff" * 8 + b"{}", "cut off"),
    "a header of 2^63 bytes": (lambda: struct.pack("<Q", 2**63) + b"{}", "cut off"),
    "a tensor beyond the file": (lambda: one(shape=[2**40], data_offsets=[0, 2**43]), "too many numbers"),
    "a tensor that ends beyond the file": (lambda: one(shape=[2**20], data_offsets=[0, 2**23]), "8 follow the header"),
    "a shape that overflows": (lambda: one(shape=[2**32, 2**32]), "too many numbers"),
    "a shape of nothing times much": (lambda: one(shape=[0, 2**62], data_offsets=[0, 0]), "too many numbers"),
    "a shape without end": (lambda: one(shape=[int(DIGITS[:41])]), "41 digits"),
    "another shape than the bytes": (lambda: one(shape=[2]), "unexpected or missing parts"),
    "a negative shape": (lambda: one(shape=[-1]), "negative"),
    "a fractional shape": (lambda: one(shape=[1.0]), "not of type int"),
    "a negative offset": (lambda: one(data_offsets=[-8, 0]), "negative"),
    "offsets the wrong way round": (lambda: one(data_offsets=[8, 0]), "do not follow"),
    "one offset": (lambda: one(data_offsets=[8]), "values to unpack"),
    "three offsets": (lambda: one(data_offsets=[0, 4, 8]), "values to unpack"),
    "a hole between tensors": (lambda: one(data_offsets=[4, 8]), "do not follow"),
    "tensors that share bytes": (
        lambda: packed(dict.fromkeys(("base", "center", "coef"), WIDE), bytes(8)),
        "do not follow",
    ),
    "three dimensions": (lambda: one(shape=[1, 1, 1]), "3 dimensions, more than 2"),
    "many dimensions": (lambda: one(shape=[1] * 10_000), "10000 dimensions"),
    "eight tensors": (lambda: packed({c: {**WIDE, "data_offsets": [0, 0]} for c in "abcdefgh"}), "8 tensors, more than 7"),
    "many tensors": (lambda: packed({str(i): {**WIDE, "data_offsets": [0, 0]} for i in range(20_000)}), "20000 tensors"),
    "a tensor and more": (lambda: one(more=1), "'more'"),
    "a tensor without a type": (lambda: packed({"coef": {"shape": [1], "data_offsets": [0, 8]}}, bytes(8)), "'dtype'"),
    "an unknown type": (lambda: one(dtype="F63"), "unexpected or missing parts"),
    "a list": (lambda: packed([]), "not of type dict"),
    "a number": (lambda: packed("1"), "not of type dict"),
    "metadata of numbers": (lambda: packed({"__metadata__": {"logistic": 1}}), "not of type str"),
    "metadata of lists": (lambda: packed({"__metadata__": ["logistic"]}), "not of type dict"),
    "blanks": (lambda: packed('{ "a":1}'), "not spelled"),
    "a tab behind": (lambda: struct.pack("<Q", 3) + b"{}\t", "not spelled"),
    "an escape where none is needed": (lambda: packed('{"__metadata__":{"\\u0061":"b"}}'), "not spelled"),
    "a surrogate": (lambda: packed('{"__metadata__":{"a":"\ud800"}}'), "utf-8"),
    "an escaped surrogate": (lambda: packed('{"__metadata__":{"a":"\\ud800"}}'), "surrogates"),
    "a byte order mark": (lambda: packed("\ufeff{}"), "BOM"),
    "deep lists": (lambda: packed("[" * 1_000_000), "more than 4 deep"),
    "deep objects": (lambda: packed('{"a":' * 200_000), "more than 4 deep"),
    "deep lists inside": (lambda: with_text("[" * 1_000_000), "more than 4 deep"),
    "deep in a known key": (lambda: with_text('{"format": 1, "features": [[[[[]]]]]}'), "more than 4 deep"),
    "endless digits": (lambda: packed('{"a":' + DIGITS + "}"), "100000 digits"),
    "endless digits inside": (lambda: with_text('{"format": ' + DIGITS + "}"), "100000 digits"),
    "an endless fraction inside": (lambda: with_text('{"format": 1.' + DIGITS + "}"), "format is 2.0"),
    "an endless exponent inside": (lambda: with_text('{"format": 1e' + DIGITS + "}"), "format is inf"),
    "an open text": (lambda: packed('{"' + "a" * 1_000_000), "Unterminated"),
    "backslashes": (lambda: packed('{"' + "\\" * 1_000_001), "Invalid"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_claims_much_is_refused_at_once(bomb: str, tmp_path: Path) -> None:
    """In little time and memory, and the fault is named."""
    make, words = BOMBS[bomb]
    assert words in fast(make(), tmp_path)


LABEL_BOMBS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a long label": (lambda h: h["classes"].update(values=["a" * 4097, "b", "c"]), "4097 characters, more than 4096"),
    "many labels and a long one": (
        lambda h: h["classes"].update(values=sorted([*map(str, range(2**14)), "a" * 4096])),
        "bytes as an array",
    ),
    "many classes": (lambda h: h["classes"].update(type="int64", values=list(range(2**16 + 1))), "65537 classes"),
    "many features": (lambda h: h.update(features=["a"] * 10**5), "100000 features for 2 columns"),
    "a long name": (lambda h: h.update(features=["a", "b" * 4097]), "4097 characters"),
    "a long solver": (lambda h: h.update(solver="a" * 65537), "65537 characters"),
    "a long command": (lambda h: h["provenance"].update(command="a" * 65537), "65537 characters"),
    "a surrogate in a label": (lambda h: h["classes"].update(values=["a", "b", "\ud800"]), "surrogates"),
    "a surrogate in a name": (lambda h: h.update(features=["a", "\udfff"]), "surrogates"),
    "a surrogate in the solver": (lambda h: h.update(solver="\ud800"), "surrogates"),
    "a label that ends in NUL": (lambda h: h["classes"].update(values=["a", "b", "c\0"]), "two different labels"),
}


@pytest.mark.parametrize("bomb", LABEL_BOMBS)
def test_texts_have_an_end(bomb: str, tmp_path: Path) -> None:
    """Long or broken texts are refused before arrays are made of them, and a model that holds them is not saved."""
    change, words = LABEL_BOMBS[bomb]
    assert words in fast(signed((FOLDER / "model-1-text.safetensors").read_bytes(), change), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": ("a", "b" * 4097)}, "4097 characters"),
        ({"features": ("a",)}, "1 features for 2 columns"),
        ({"features": ("a", "\ud800")}, "surrogates"),
        ({"features": (1, 2)}, "not of type str"),
        ({"classes": np.array(["a", "b", "c" * 4097])}, "4097 characters"),
        ({"classes": np.array([0.0, 1.0, np.nan])}, "Out of range"),
        ({"classes": np.array(["b", "a", "c"])}, "in order"),
        ({"rows": np.int64(3)}, "JSON serializable"),
        ({"rows": -3}, "negative"),
        ({"fingerprint": "abc"}, "not made of 16"),
        ({"fit_intercept": False}, "no intercept"),
        ({"provenance": replace(MODELS["model-1-text"].provenance, sha256="")}, "not made of 64"),
        ({"provenance": replace(MODELS["model-1-text"].provenance, edges=(np.inf,))}, "Out of range"),
        ({"coef": np.zeros((3, 3))}, "'coef' has shape [3, 3], not [3, 2]"),
    ],
)
def test_what_would_not_be_read_is_not_written(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    """An error in words, and no file."""
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        replace(MODELS["model-1-text"], **change).save(tmp_path / "m")
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_too_large_is_neither_read_nor_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its size alone, or that of its header."""
    with (tmp_path / "large").open("wb") as file:
        file.write((FOLDER / "model-1-text.safetensors").read_bytes())
        file.truncate(strict.MOST_BYTES + 1)
    with pytest.raises(ModelFileError, match="4294967297 bytes, more than 4294967296"):
        load(tmp_path / "large")
    (tmp_path / "large").unlink()
    assert "more than 33554432" in fast(struct.pack("<Q", 2**25 + 8) + b" " * (2**25 + 8), tmp_path)
    for cap in ("MOST_HEADER", "MOST_BYTES"):
        monkeypatch.setattr(strict, cap, 100)
        with pytest.raises(InputError, match=r"would have \d+ bytes, more than 100"):
            MODELS["model-1-text"].save(tmp_path / "m")
        assert not (tmp_path / "m").exists()
        assert "more than 100" in refused((FOLDER / "model-1-text.safetensors").read_bytes(), tmp_path)
        monkeypatch.undo()


@pytest.mark.slow
def test_a_header_as_large_as_allowed_is_read(tmp_path: Path) -> None:
    """A million names, in seconds."""
    p = 10**6
    wide = replace(
        MODELS["model-1-bool"],
        features=tuple(f"word_{j}" for j in range(p)),
        coef=np.ones((1, p)),
        center=np.zeros(p),
    )
    wide.save(tmp_path / "m")
    begun = time.perf_counter()
    assert load(tmp_path / "m") == wide
    assert time.perf_counter() - begun < 20


def test_many_wide_classes_are_read(tmp_path: Path) -> None:
    """As many as a label array may hold."""
    K = 2**14
    labels = np.array(sorted(f"{k:05d}" + "x" * 200 for k in range(K)))
    model = replace(
        MODELS["model-1-separated"],
        classes=labels,
        coef=np.zeros((K, 1)),
        base=np.zeros(K),
        certificate=MODELS["model-1-text"].certificate,
    )
    model.save(tmp_path / "m")
    assert load(tmp_path / "m") == model


def test_a_model_is_plain_data() -> None:
    """What a file holds is what a model holds: no field is left behind."""
    header = json.loads(taken_apart((FOLDER / "model-1-separated.safetensors").read_bytes())[0]["__metadata__"]["logistic"])
    fields = set(vars(MODELS["model-1-separated"]))
    optional = {name for name in fields if getattr(MODELS["model-1-separated"], name) is None} & models.OTHER_KEYS
    assert set(header) - {"format", "software", "sha256"} == fields - {"coef", "base", "center"} - optional
    assert set(header["provenance"]) == set(asdict(MODELS["model-1-text"].provenance))
    assert isinstance(MODELS["model-1-text"], Model)


# --------------------------------------------------------------------------------------------------------------------- the page

PAGE = Path(__file__).parents[2] / "docs" / "model-file.md"


def test_the_page_reads_files_without_this_package(golden: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code, in at most 15 lines, gives the labels and the probabilities that we give."""
    (tmp_path / "model.safetensors").write_bytes(golden)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 15
    assert "logistic" not in re.sub(r'\["logistic"\]', "", code)
    found: dict[str, Any] = {}
    exec(code, found)
    model = replace(load("model.safetensors"), offset=False, recipe=None)
    X = model.center + np.random.default_rng(0).normal(size=(5, len(model.center)))
    np.testing.assert_allclose(found["predict_proba"](X), model.predict_proba(X), rtol=1e-12)
    assert found["classes"].tolist() == model.classes.tolist()


def test_the_page_names_every_key_and_cap() -> None:
    """What the code knows stands on the page."""
    text = PAGE.read_text()
    keys = (
        models.KEYS
        | models.OTHER_KEYS
        | models.TENSORS
        | models.OTHER_TENSORS
        | statistics.STATISTICS_KEYS
        | formulas.RECIPE_KEYS
        | models.PENALTY_KEYS
        | parts.CERTIFICATE_KEYS
        | parts.LIMIT_KEYS
    )
    keys |= set(asdict(MODELS["model-1-text"].provenance))
    assert {key for key in keys | files.KEYS if f"`{key}`" not in text and f'"{key}"' not in text} == set()
    caps = (strict.MOST_CLASSES, strict.MOST_NAME, strict.MOST_TEXT, strict.MOST_DIGITS, strict.MOST_DEPTH, models.MOST_COLUMNS)
    caps += (models.MOST_TENSORS, models.MOST_RANK, files.MOST_TENSORS, files.MOST_RANK, files.MOST_IN_A_ROW)
    caps += (formulas.MOST_FORMULA, formulas.MOST_FACTORS, formulas.MOST_PIECES, formulas.MOST_TERMS, formulas.MOST_REMEMBERED)
    assert [cap for cap in caps if f" {cap:,}" not in text] == []
    for size, words in (
        (strict.MOST_BYTES / 2**30, "GiB"),
        (strict.MOST_HEADER / 2**20, "MiB"),
        (strict.MOST_LABEL_BYTES / 2**20, "MiB"),
    ):
        assert f" {size:.0f} {words}" in text


def test_the_digest_is_what_the_page_says(golden: bytes) -> None:
    """Computed here from the bytes alone."""
    head, data = taken_apart(golden)
    header = json.loads(head.pop("__metadata__")["logistic"])
    wanted = header.pop("sha256")
    found = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(head):
        start, stop = head[name]["data_offsets"]
        found.update(name.encode() + str(head[name]["shape"]).encode() + data[start:stop])
    assert found.hexdigest() == wanted
