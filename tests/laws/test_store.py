"""A model file gives back the same model or an error in words: never another model, never half a file, never code."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import stat
import struct
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from safetensors.numpy import save as pack

from logistic import Certificate, InputError, Model, ModelFileError, Status, load, strict
from logistic.provenance import Provenance
from logistic.store import parts
from logistic.strength import Strength
from support import fit_arrays, overlapping

LABELS = {
    "bool": np.array([False, True]),
    **{f"int{b}": np.array([-(2 ** (b - 1)), 0, 1, 2, 2 ** (b - 1) - 1], dtype=f"int{b}") for b in (8, 16, 32, 64)},
    **{f"uint{b}": np.array([0, 1, 2, 3, 2**b - 1], dtype=f"uint{b}") for b in (8, 16, 32, 64)},
    **{f"float{b}": np.array([-1.5, 0.1, 0.2, 1e-7, np.finfo(f"f{b // 8}").max], dtype=f"float{b}") for b in (16, 32, 64)},
    "big endian": np.array([-7, 0, 3, 10, 2**30], dtype=">i4"),
    "text": np.array(["", "a, b", 'quo"te', "new\nline", "été ☃ 漢字"]),
    "control characters": np.array(["\0a", "\x1b[31m", "\x7f", "\u2028", "\U0001f600\ufeff"]),
    "long text": np.array(["a" * 4096, "b", "c", "d", "e"]),
    "wide text": np.array(["a", "b", "c", "d", "e"], dtype="<U40"),
}
NAMES = ("age", "with space", 'quo"te, comma', "\n\t", "größe ☃")


def fitted(labels: np.ndarray, separated: bool = False, named: bool = False) -> Model:
    """A model of these labels; separated ones end without a bound and with a direction."""
    K = len(labels)
    X, codes = overlapping(K, 80, 5, K)
    if separated:
        X[:, 0] = 10.0 * codes
    model = fit_arrays(X, codes, alpha=0.0 if separated else 0.1).model
    return replace(model, classes=np.sort(labels), features=NAMES if named else None)


CASES = [
    pytest.param(
        values[:K], separated, named, id=f"{name}-{K}-{'separated' if separated else 'certified'}-{'named' if named else 'plain'}"
    )
    for name, values in LABELS.items()
    for K in (2, 5)
    if len(values) >= K
    for separated in (False, True)
    for named in (False, True)
]


@pytest.fixture(scope="module")
def model() -> Model:
    """A small model with names."""
    return fitted(LABELS["text"][:2], named=True)


@pytest.fixture
def sound(model: Model, tmp_path: Path) -> bytes:
    """The bytes of that model's file."""
    model.save(tmp_path / "sound.safetensors")
    return (tmp_path / "sound.safetensors").read_bytes()


# --------------------------------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize(("labels", "separated", "named"), CASES)
def test_load_gives_back_what_was_saved(labels: np.ndarray, separated: bool, named: bool, tmp_path: Path) -> None:
    """Every field returns, bit for bit, with the type of its labels, and predicts the same."""
    model = fitted(labels, separated, named)
    assert (model.certificate.status is Status.SEPARATED) == separated
    assert (model.certificate.direction is not None) == separated
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again == model
    assert again.classes.dtype.kind == model.classes.dtype.kind
    if model.classes.dtype.kind != "U":
        assert again.classes.dtype == model.classes.dtype.newbyteorder("=")
    assert again.classes.tolist() == model.classes.tolist()
    assert [type(label) for label in again.classes.tolist()] == [type(label) for label in model.classes.tolist()]
    X = np.random.default_rng(0).normal(size=(20, 5))
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert str(again.summary()) == str(model.summary())


finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats(allow_nan=False)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Models that no fit would give: any names, any finite numbers, any status."""
    classes = np.array(
        sorted(
            set(draw(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=4, unique=True)))
        )
    )
    p, M = draw(st.integers(0, 3)), 1 if len(classes) == 2 else len(classes)

    def tensor(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.array(draw(st.lists(finite, min_size=size, max_size=size)), dtype=float).reshape(shape)

    columns = tuple(draw(st.lists(st.integers(0, p - 1), max_size=2, unique=True))) if p else ()
    kind, status = draw(st.sampled_from(["proof", "estimate", "none"])), draw(st.sampled_from(Status))
    direction = tensor(p, M) if draw(st.booleans()) else None
    certificate = Certificate(draw(finite), draw(st.floats()), kind, draw(anything), status, columns, direction)
    features = draw(st.none() | st.tuples(*[st.text()] * p))
    strength = Strength(draw(finite), draw(anything), draw(st.booleans()))
    numbers = draw(st.integers(0, 2**40)), draw(st.text()), draw(st.integers(0, 2**60)), draw(finite)
    fit_intercept, digits = draw(st.booleans()), st.text("0123456789abcdef", min_size=64, max_size=64)
    places = (tensor(M), tensor(p)) if fit_intercept else (np.zeros(M), np.zeros(p))
    reals, text = st.lists(finite, max_size=3).map(tuple), st.text(max_size=5)
    origin = st.builds(
        Provenance,
        data=text,
        sha256=digits,
        target=text,
        weight=st.none() | text,
        positive=st.none() | text,
        edges=reals,
        fractions=reals,
        seed=st.none() | st.integers(0, 2**100),
        rows_sha256=st.none() | digits,
        command=text,
    )
    more = draw(st.booleans()), fit_intercept, draw(st.just("") | digits.map(lambda s: s[:16])), draw(st.none() | origin)
    return Model(classes, features, tensor(M, p), *places, strength, certificate, *numbers, *more)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(models())
def test_any_model_survives(tmp_path: Path, model: Model) -> None:
    """Whatever the names, numbers, status and provenance, load(save(m)) == m."""
    model.save(tmp_path / "any.safetensors")
    again = load(tmp_path / "any.safetensors")
    assert again == model
    assert again.provenance == model.provenance


def test_same_model_same_bytes(sound: bytes, model: Model, tmp_path: Path) -> None:
    """The file depends on nothing but the model: no clock, no hash seed, no path."""
    for i in range(20):
        fitted(LABELS["text"][:2], named=True).save(tmp_path / f"{i}.bin")
        assert (tmp_path / f"{i}.bin").read_bytes() == sound


# ---------------------------------------------------------------------------------------------------------------- strictness


def refused(content: bytes, folder: Path) -> str:
    """The message with which a file of this content is refused."""
    path = folder / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=re.escape(str(path))) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def taken_apart(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and tensors of a sound file."""
    (size,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + size])
    text = head.pop("__metadata__")["logistic"]
    tensors = {}
    for name, entry in head.items():
        start, stop = entry["data_offsets"]
        tensors[name] = np.frombuffer(content[8 + size + start : 8 + size + stop], dtype="<f8").reshape(entry["shape"])
    return json.loads(text), tensors


def signed(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> bytes:
    """A file whose checksum is right, whatever else is wrong."""
    text = json.dumps({**header, "sha256": parts.digest(header, tensors)}, sort_keys=True)
    return pack(tensors, metadata={"logistic": text})


def test_signed_files_of_sound_parts_load(sound: bytes, model: Model, tmp_path: Path) -> None:
    """The tools of the tests below would let a sound model pass."""
    (tmp_path / "again").write_bytes(signed(*taken_apart(sound)))
    assert load(tmp_path / "again") == model


def test_truncated_files_are_refused(sound: bytes, tmp_path: Path) -> None:
    """Cut anywhere, a file is refused."""
    for length in {*range(0, len(sound), 5), *range(64), *range(len(sound) - 64, len(sound))}:
        refused(sound[:length], tmp_path)


@pytest.mark.parametrize("extra", [b"\0", b"x" * 1000], ids=["one byte", "many bytes"])
def test_extra_bytes_are_refused(sound: bytes, extra: bytes, tmp_path: Path) -> None:
    """Nothing may follow the last tensor or come before the first."""
    refused(sound + extra, tmp_path)
    refused(extra + sound, tmp_path)


def foreign() -> dict[str, bytes]:
    """Files of other kinds."""
    nested = json.dumps({"__metadata__": {"logistic": "[" * 100_000}}).encode()
    return {
        "empty": b"",
        "text": b"age,wage\n1,2\n",
        "binary": bytes(range(256)) * 8,
        "zeros": bytes(4096),
        "pickle": pickle.dumps({"coef": [1.0], "danger": print}),
        "huge header": struct.pack("<Q", 2**63) + b"{}",
        "deep header": struct.pack("<Q", len(nested)) + nested,
        "other safetensors": pack({"weight": np.zeros((3, 3))}),
        "other metadata": pack({"coef": np.zeros((1, 2)), "base": np.zeros(1), "center": np.zeros(2)}, metadata={"format": "pt"}),
        "not utf-8": struct.pack("<Q", 4) + b'{"\xff\xfe',
        "json list": pack({"coef": np.zeros((1, 1)), "base": np.zeros(1), "center": np.zeros(1)}, metadata={"logistic": "[]"}),
        "not json": pack(
            {"coef": np.zeros((1, 1)), "base": np.zeros(1), "center": np.zeros(1)}, metadata={"logistic": "{'format': 1}"}
        ),
    }


@pytest.mark.parametrize("kind", foreign())
def test_foreign_files_are_refused(kind: str, tmp_path: Path) -> None:
    """Files of other kinds are told apart from models."""
    refused(foreign()[kind], tmp_path)


ORIGIN = asdict(Provenance("rows.csv", "0" * 64, "y", None, None, (1.5,), (0.7, 0.3), 3, None, "logistic fit"))
HEADERS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "later format": (lambda h: h.update(format=2), "format is 2"),
    "format true": (lambda h: h.update(format=True), "format is True"),
    "no format": (lambda h: h.pop("format"), "format is None"),
    "unknown key": (lambda h: h.update(extra=1), "unexpected or missing keys: 'extra'"),
    "missing key": (lambda h: h.pop("rows"), "unexpected or missing keys: 'rows'"),
    "unknown key of the certificate": (lambda h: h["certificate"].update(note=1), "'note'"),
    "missing key of the penalty": (lambda h: h["penalty"].pop("alpha"), "'alpha'"),
    "software a number": (lambda h: h.update(software=1), "not of type str"),
    "rows a text": (lambda h: h.update(rows="80"), "not of type int"),
    "rows a float": (lambda h: h.update(rows=80.0), "not of type int"),
    "rows negative": (lambda h: h.update(rows=-1), "negative"),
    "iterations true": (lambda h: h.update(n_iter=True), "not of type int"),
    "total infinite": (lambda h: h.update(total="Infinity"), "not of type"),
    "total a list": (lambda h: h.update(total=[]), "not of type"),
    "total huge": (lambda h: h.update(total=10**40), "41 digits"),
    "status unknown": (lambda h: h["certificate"].update(status="fine"), "not one of"),
    "status a list": (lambda h: h["certificate"].update(status=[]), "not one of"),
    "kind unknown": (lambda h: h["certificate"].update(kind="guess"), "not one of"),
    "columns outside": (lambda h: h["certificate"].update(columns=[5]), "do not exist"),
    "columns twice": (lambda h: h["certificate"].update(columns=[1, 1]), "twice"),
    "columns negative": (lambda h: h["certificate"].update(columns=[-1]), "negative"),
    "features too few": (lambda h: h.update(features=["a"]), "1 features for 5 columns"),
    "features a text": (lambda h: h.update(features="abcde"), "not of type list"),
    "features numbers": (lambda h: h.update(features=[1, 2, 3, 4, 5]), "not of type str"),
    "one class": (lambda h: h["classes"].update(values=["a"]), "two different labels"),
    "classes equal": (lambda h: h["classes"].update(values=["a", "a"]), "two different labels"),
    "classes out of order": (lambda h: h["classes"].update(values=["b", "a"]), "in order"),
    "classes mixed": (lambda h: h["classes"].update(values=["b", 1]), "not of type str"),
    "classes of another type": (lambda h: h["classes"].update(type="int64"), "not of type int"),
    "classes of an unknown type": (lambda h: h["classes"].update(type="object"), "not one of"),
    "classes overflow": (lambda h: h["classes"].update(type="int8", values=[1, 300]), "out of bounds"),
    "classes negative": (lambda h: h["classes"].update(type="uint8", values=[-1, 3]), "out of bounds"),
    "classes lose digits": (lambda h: h["classes"].update(type="float32", values=[0.1, 0.2]), "two different labels"),
    "classes a list": (lambda h: h.update(classes=["a", "b"]), "not of type dict"),
    "three classes": (lambda h: h["classes"].update(values=["a", "b", "c"]), "shape"),
    "penalty missing": (lambda h: h.update(penalty=None), "not of type dict"),
    "intercept a number": (lambda h: h.update(fit_intercept=1), "not of type bool"),
    "no intercept, but a base": (lambda h: h.update(fit_intercept=False), "no intercept"),
    "fingerprint short": (lambda h: h.update(fingerprint="abc"), "not made of 16"),
    "fingerprint in capitals": (lambda h: h.update(fingerprint="A" * 16), "not made of 16"),
    "fingerprint and a line": (lambda h: h.update(fingerprint="a" * 16 + "\n"), "not made of 16"),
    "fingerprint none": (lambda h: h.update(fingerprint=None), "not of type str"),
    "provenance empty": (lambda h: h.update(provenance={}), "unexpected or missing keys"),
    "provenance a list": (lambda h: h.update(provenance=[]), "not of type dict"),
    "provenance and more": (lambda h: h.update(provenance={**ORIGIN, "more": 1}), "'more'"),
    **{
        f"provenance: {key} {value!r}": (lambda h, k=key, v=value: h.update(provenance={**ORIGIN, k: v}), words)
        for key, value, words in [
            ("data", None, "not of type str"),
            ("sha256", "", "not made of 64"),
            ("target", 3, "not of type str"),
            ("weight", False, "not of type str"),
            ("positive", 1, "not of type str"),
            ("edges", None, "not of type list"),
            ("edges", ["inf"], "not finite"),
            ("fractions", [True], "not of type float"),
            ("seed", -1, "negative"),
            ("seed", 1.0, "not of type int"),
            ("rows_sha256", "", "not made of 64"),
            ("rows_sha256", 0, "not of type str"),
            ("command", ["logistic"], "not of type str"),
        ]
    },
    "standardized a number": (lambda h: h["penalty"].update(standardized=0), "not of type bool"),
}


@pytest.mark.parametrize("fault", HEADERS)
def test_wrong_headers_are_refused(fault: str, sound: bytes, tmp_path: Path) -> None:
    """Even with a right checksum, a header with anything unknown, missing or of a wrong type is refused, and the fault is named."""
    change, words = HEADERS[fault]
    header, tensors = taken_apart(sound)
    change(header)
    assert words in refused(signed(header, tensors), tmp_path)


TENSORS: dict[str, tuple[Callable[[dict[str, np.ndarray]], object], str]] = {
    "missing": (lambda t: t.pop("center"), "unexpected or missing parts"),
    "unknown": (lambda t: t.update(extra=np.zeros(1)), "unexpected or missing parts"),
    "flat coef": (lambda t: t.update(coef=t["coef"].ravel()), "'coef' has shape [5]"),
    "coef too wide": (lambda t: t.update(coef=np.zeros((1, 6))), "'coef' has shape [1, 6]"),
    "base of two": (lambda t: t.update(base=np.zeros(2)), "'base' has shape [2]"),
    "center flat zero": (lambda t: t.update(center=np.zeros(())), "shape"),
    "center square": (lambda t: t.update(center=np.zeros((5, 1))), "'center' has shape [5, 1]"),
    "direction turned": (lambda t: t.update(direction=np.zeros((1, 5))), "'direction' has shape [1, 5]"),
    "float32": (lambda t: t.update(coef=t["coef"].astype(np.float32)), "not float64"),
    "int64": (lambda t: t.update(base=np.zeros(1, dtype=np.int64)), "not float64"),
    "nan": (lambda t: t.update(base=np.array([np.nan])), "not finite"),
    "inf": (lambda t: t.update(center=np.full(5, np.inf)), "not finite"),
}


LIMITS: dict[str, tuple[Callable[[dict[str, Any], dict[str, np.ndarray]], object], str]] = {
    "no tensor": (lambda h, t: t.pop("limit"), "unexpected or missing keys: 'limit'"),
    "no entry": (lambda h, t: h["certificate"].pop("limit"), "unexpected or missing keys: 'limit'"),
    "turned": (lambda h, t: t.update(limit=t["limit"].T), "'limit' has shape [6, 5]"),
    "without an intercept": (lambda h, t: t.update(limit=t["limit"][:, :5]), "'limit' has shape [5, 5]"),
    "inf": (lambda h, t: t.update(limit=np.full((5, 6), np.inf)), "not finite"),
    "unknown key": (lambda h, t: h["certificate"]["limit"].update(more=1), "'more'"),
    "supremum none": (lambda h, t: h["certificate"]["limit"].update(supremum=None), "not of type"),
    "too few pairs": (lambda h, t: h["certificate"]["limit"]["tendency"].pop(), "for each pair of 5 classes"),
    "too few signs": (lambda h, t: h["certificate"]["limit"].update(tendency=["000"] * 10), "6 signs"),
    "unknown sign": (lambda h, t: h["certificate"]["limit"].update(tendency=["00000!"] * 10), "6 signs"),
    "a text": (lambda h, t: h["certificate"]["limit"].update(tendency="0" * 60), "not of type list"),
}


@pytest.mark.parametrize("fault", LIMITS)
def test_wrong_limits_are_refused(fault: str, tmp_path: Path) -> None:
    """Entry and tensor go together, and every pair of classes has its signs."""
    fitted(LABELS["text"], separated=True).save(tmp_path / "m")
    header, tensors = taken_apart((tmp_path / "m").read_bytes())
    change, words = LIMITS[fault]
    change(header, tensors)
    assert words in refused(signed(header, tensors), tmp_path)


@pytest.mark.parametrize("fault", TENSORS)
def test_wrong_tensors_are_refused(fault: str, sound: bytes, tmp_path: Path) -> None:
    """Names, shapes, types and finiteness of the tensors are checked, and the fault is named."""
    change, words = TENSORS[fault]
    header, tensors = taken_apart(sound)
    change(tensors)
    assert words in refused(signed(header, tensors), tmp_path)


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F16"])
def test_tensors_of_small_floats_are_refused(kind: str, sound: bytes, tmp_path: Path) -> None:
    """Types that NumPy may not know end in the same error."""
    (size,) = struct.unpack("<Q", sound[:8])
    head = json.loads(sound[8 : 8 + size])
    width = 1 if kind.startswith("F8") else 2
    offset = 0
    for name in ("base", "center", "coef"):
        length = width * int(np.prod(head[name]["shape"]))
        head[name].update(dtype=kind, data_offsets=[offset, offset + length])
        offset += length
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    assert "not float64" in refused(struct.pack("<Q", len(text)) + text + bytes(offset), tmp_path)


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ('"rows": 80', '"rows": 80, "rows": 80', "twice"),
        ('"standardized": false', '"standardized": false, "standardized": false', "twice"),
        ('"total": 80.0', '"total": NaN', "NaN is not a JSON number"),
        ('"total": 80.0', '"total": Infinity', "Infinity is not a JSON number"),
        ('"total": 80.0', '"total": 1e999', "ValueError"),
        ('"total": 80.0', '"total": 80.00', "not spelled"),
        ('"total": 80.0', '"total": 8e1', "not spelled"),
        ('"rows": 80', '"rows":  80', "not spelled"),
        ('"rows": 80', '"rows": 080', "JSONDecodeError"),
        ('"age"', '"\\u0061ge"', "not spelled"),
        ('"rows": 80', '"rows": 81', "checksum"),
        ('"age"', '"aga"', "checksum"),
        ('"sha256": "', '"sha256": "0', "checksum"),
        ('"age"', '"\\ud800"', "surrogates"),
    ],
)
def test_spelling_of_the_header_is_strict(found: str, put: str, words: str, sound: bytes, tmp_path: Path) -> None:
    """JSON that Python would forgive is refused, and so is any change that keeps the old checksum."""
    header, tensors = taken_apart(sound)
    text = json.dumps(header, sort_keys=True)
    assert text.count(found) == 1
    assert words in refused(pack(tensors, metadata={"logistic": text.replace(found, put)}), tmp_path)


def test_missing_files_and_folders_are_the_errors_of_any_file(tmp_path: Path) -> None:
    """No file is no ModelFileError, and a pipe is refused rather than waited for."""
    with pytest.raises(FileNotFoundError, match="absent"):
        load(tmp_path / "absent.safetensors")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="pipe or device"):
        load(tmp_path / "pipe")


# ------------------------------------------------------------------------------------------------------------------- writing


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupted"]
)
def test_a_failed_save_leaves_the_old_file(
    step: str, error: BaseException, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever writing breaks off, the old file stays whole and nothing is left beside it."""
    path = tmp_path / "m.safetensors"
    model.save(path)
    before = contents(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(strict.os, step, fail)
        with pytest.raises(type(error)):
            fitted(LABELS["int64"]).save(path)
    assert contents(tmp_path) == before


def test_a_failed_first_save_leaves_nothing(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there was no file, there is none afterwards."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(strict.os, "replace", fail)
    with pytest.raises(OSError, match="Input/output"):
        model.save(tmp_path / "m.safetensors")
    assert contents(tmp_path) == {}


def test_a_reader_never_sees_half_a_file(model: Model, tmp_path: Path) -> None:
    """While two writers replace a file again and again, every load gives one of the two models."""
    path, other = tmp_path / "m.safetensors", fitted(LABELS["int64"])
    model.save(path)
    threads = [threading.Thread(target=lambda m=m: [m.save(path) for _ in range(40)]) for m in (model, other)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert load(path) in (model, other)
    for thread in threads:
        thread.join()
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_permissions_are_those_of_any_new_file_and_kept_by_an_old_one(model: Model, tmp_path: Path) -> None:
    """A new file follows the umask; a private one that is replaced stays private."""
    held = os.umask(0o027)
    try:
        model.save(tmp_path / "new")
    finally:
        os.umask(held)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o600)
    model.save(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_link_is_followed(model: Model, tmp_path: Path) -> None:
    """Saving to a link replaces what it points to, even if that is not there yet; the link stays a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "real" / "v1.safetensors")
    for _ in range(2):
        model.save(tmp_path / "latest")
        assert (tmp_path / "latest").is_symlink()
        assert load(tmp_path / "real" / "v1.safetensors") == model == load(tmp_path / "latest")


def test_devices_and_folders_are_not_replaced(model: Model, tmp_path: Path) -> None:
    """A pipe takes the bytes and stays a pipe; a folder is refused."""
    os.mkfifo(tmp_path / "pipe")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    model.save(tmp_path / "pipe")
    reader.join()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    (tmp_path / "copy").write_bytes(received[0])
    assert load(tmp_path / "copy") == model
    with pytest.raises(IsADirectoryError):
        model.save(tmp_path)


def test_an_absent_folder_is_named(model: Model, tmp_path: Path) -> None:
    """The error names the folder and the way out, and never a temporary file."""
    with pytest.raises(FileNotFoundError, match="create it first") as caught:
        model.save(tmp_path / "absent" / "m.safetensors")
    assert caught.value.filename == str(tmp_path / "absent")


def test_the_longest_name_can_be_saved(model: Model, tmp_path: Path) -> None:
    """A name as long as the file system allows leaves room for the temporary one."""
    path = tmp_path / ("é" * 127)
    model.save(path)
    assert load(path) == model


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"),
        np.array([b"a", b"b"]),
        np.array([1, 2], dtype=object),
        np.array([1, 2], dtype=np.longdouble),
        np.array([1j, 2j]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_that_cannot_be_saved_are_refused(labels: np.ndarray, model: Model, tmp_path: Path) -> None:
    """What a file cannot hold is said by type, before anything is written."""
    with pytest.raises(InputError, match=re.escape(f"labels of type {labels.dtype} cannot be saved")):
        replace(model, classes=labels).save(tmp_path / "m.safetensors")
    assert contents(tmp_path) == {}


def test_numbers_that_are_not_finite_are_refused(model: Model, tmp_path: Path) -> None:
    """No file is written that would not load."""
    with pytest.raises(InputError, match="base of this model"):
        replace(model, base=np.array([np.nan])).save(tmp_path / "m.safetensors")
    assert contents(tmp_path) == {}
