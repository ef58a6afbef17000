"""Pipes, terminals, devices and signals, with the installed command in a real shell."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from logistic import Model, Status, load
from shell import COMMAND, NAMES, Ran, Run, everything, matrix, people, rows_of, shell, strict, write

Fitted = Callable[..., Model]


def terminal(*arguments: str, typed: bytes = b"") -> Ran:
    """A command whose stdin, stdout and stderr are one terminal; everything that it shows is ``err``."""
    screen, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    os.write(screen, typed)
    shown = b""
    while True:
        try:
            chunk = os.read(screen, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(screen)
    return Ran(process.wait(60), "", shown.decode())


# ------------------------------------------------------------------------------------------------------------ what comes in


@pytest.mark.slow
def test_tables_come_through_pipes(run: Run, fitted: Fitted) -> None:
    """- for DATA of fit, predict and evaluate: CSV, compressed or not; the held-out rows of a pipe are found in the file."""
    write("people.csv", people())
    expected = fitted("--split", "0.8/0.2")
    for line in (
        "cat people.csv | {logistic} fit - --target answer -o piped --force -q --split 0.8/0.2",
        "gzip -c people.csv | {logistic} fit - --target answer -o piped --force -q --split 0.8/0.2",
        "{logistic} fit <(cat people.csv) --target answer -o piped --force -q --split 0.8/0.2",
    ):
        assert shell(line) == Ran(0, "", "")
        assert load("piped") == expected
    assert shell("cat people.csv | {logistic} predict m -").out == run("predict", "m", "people.csv").out
    told = run("evaluate", "m", "people.csv", "--split", "test", "--json").out
    assert shell("cat people.csv | {logistic} evaluate m - --split test --json") == Ran(0, told, "")
    assert shell("tail -n +1 people.csv | {logistic} fit - --target answer -o piped --force -q --split 0.8/0.2").code == 0
    assert run("evaluate", "piped", "people.csv", "--split", "test", "--json").out == told


def test_pipes_may_hold_parquet_and_npz(fitted: Fitted) -> None:
    """Their first bytes say what they are."""
    columns = people()
    write("people.csv", columns)
    expected = fitted()
    np.savez("people.npz", X=matrix(columns), features=np.array(NAMES), answer=np.array(columns["answer"]))
    assert shell("cat people.npz | {logistic} fit - --target answer -o piped -q").code == 0
    assert load("piped") == expected


def test_an_empty_or_closed_pipe_is_refused() -> None:
    """One line each, and no file."""
    for end, words in (("< /dev/null", "is empty; pipe a CSV"), ("<&-", "is closed; pipe a table into it, or name a file")):
        done = shell("{logistic} fit - --target y -o m " + end)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert done.err.startswith(f"logistic: standard input {words}")
    assert not Path("m").exists()


# ----------------------------------------------------------------------------------------------------------- what goes out


@pytest.mark.slow
def test_pipes_that_close_early_end_quietly(fitted: Fitted) -> None:
    """Whoever reads only the first line gets it, and no complaint; a fit whose talk nobody reads is written all the same."""
    write("people.csv", people())
    model = fitted()
    write("many.csv", dict(zip(NAMES, np.zeros((3, 50_000)).tolist(), strict=True)))
    done = shell("{logistic} predict m many.csv | head -1")
    assert done == Ran(0, '"prediction","probability_no","probability_yes"\n', "")
    for command in ("predict m many.csv --json", "summary m", "evaluate m people.csv -q", "--help", "data list", "completion bash"):
        assert shell("{logistic} " + command + " | true") == Ran(0, "", ""), command
    assert shell("{logistic} fit people.csv --target answer -o m2 --log-every 1 2>&1 | true") == Ran(0, "", "")
    assert load("m2") == model
    assert shell("{logistic} fit people.csv --target answer -o m3 --log-every 1 2>&-") == Ran(0, "", "")
    assert load("m3") == model


def test_devices_are_written_to_and_not_replaced(run: Run, fitted: Fitted) -> None:
    """-o /dev/stdout and a full disk do what a shell user expects."""
    write("people.csv", people())
    fitted()
    assert shell("{logistic} predict m people.csv -o /dev/stdout | cat").out == run("predict", "m", "people.csv").out
    assert shell("{logistic} predict m people.csv -o /dev/null") == Ran(0, "", "")
    assert not Path("/dev/null").is_file()
    full = shell("{logistic} predict m people.csv > /dev/full")
    assert (full.code, full.err) == (2, "logistic: No space left on device\n")
    assert shell("{logistic} summary m >&-") == Ran(0, "", "")


def test_labels_print_on_any_terminal(fitted: Fitted) -> None:
    """Where the terminal knows only ASCII, other letters are written out rather than refused."""
    write("people.csv", people(("nein", "früher ☃")))
    fitted()
    done = shell("PYTHONIOENCODING=ascii {logistic} summary m")
    assert done.code == 0
    assert r"fr\xfcher \u2603" in done.out


def test_a_file_name_may_be_no_text(fitted: Fitted) -> None:
    """Bytes that are no characters go into the model file written out."""
    write("people.csv", people())
    os.rename(b"people.csv", b"\xff.csv")
    assert shell("{logistic} fit $'\\xff.csv' --target answer -o m -q") == Ran(0, "", "")
    assert load("m").provenance.data == r"\udcff.csv"


# ----------------------------------------------------------------------------------------------------- terminals and signals


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_alone() -> None:
    """A bar that counts the epochs there, unless --quiet, and nothing of it in a pipe."""
    write("people.csv", people())
    typed = ("fit", "people.csv", "--target", "answer", "-o", "m", "--force", "--solver", "sgd", "--epochs", "40")
    seen = terminal(*typed)
    assert seen.code == 3
    assert "minimising mean log loss, L2 penalty, C=1" in seen.err
    assert "40/40" in seen.err
    assert "\x1b[" in seen.err
    assert seen.err.index("40/40") < seen.err.index("wrote m")
    assert terminal(*typed, "--quiet") == Ran(3, "", "")
    piped = shell("{logistic} " + " ".join(typed))
    assert (piped.code, piped.out) == (3, "")
    assert piped.err.startswith("wrote m\n")
    assert "\x1b" not in piped.err
    lines = terminal(*typed, "--log-every", "20")
    assert "\x1b" not in lines.err
    assert [line.split()[0] for line in lines.err.splitlines()[1:4]] == ["0", "20", "40"]


def test_whoever_types_a_table_is_told_how_to_end_it() -> None:
    """A hurried person who types - without a pipe would otherwise wait for ever."""
    done = terminal("fit", "-", "--target", "y", "-o", "m", typed=b"x,y\n1,0\n2,1\n3,0\n4,1\n\x04")
    assert "reading a table from the terminal; Ctrl-D on a line of its own ends it" in done.err
    assert (done.code, load("m").rows) == (0, 4)


def test_ctrl_c_keeps_the_best_point(folder: Path) -> None:
    """SIGINT in the middle of a long fit: exit code 130, a whole model that says interrupted, and nothing beside it."""
    write("people.csv", people())
    typed = ["fit", "people.csv", "--target", "answer", "-o", "m", "--solver", "sgd", "--lr", "1e-9", "--epochs", "10000000"]
    process = subprocess.Popen([COMMAND, *typed, "--log-every", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for _ in range(5):
        assert process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "status       interrupted: a signal ended the fit; the best point so far was kept" in err
    assert "Traceback" not in err
    assert load("m").certificate.status is Status.INTERRUPTED
    assert sorted(everything(folder)) == ["m", "people.csv"]


def test_ctrl_c_while_rows_are_awaited_writes_nothing(folder: Path) -> None:
    """SIGINT before there is anything to fit: exit code 130 and one line."""
    process = subprocess.Popen(
        [COMMAND, "fit", "-", "--target", "y", "-o", "m"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_until_asleep(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"logistic: interrupted")
    assert everything(folder) == {}


def wait_until_asleep(pid: int) -> None:
    """Until a process waits for a pipe, as Linux tells it."""
    state = Path(f"/proc/{pid}/wchan")
    for _ in range(200 if state.exists() else 0):
        time.sleep(0.05)
        if "pipe" in state.read_text():
            return
    pytest.skip("this system does not tell what a process waits for")


# --------------------------------------------------------------------------------------------------------------- completion


def completed(*words: str) -> list[str]:
    """What bash is offered for the last of these words."""
    asked = {"_LOGISTIC_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([COMMAND], env={**os.environ, **asked}, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("fi",), ["fit"]),
        (("fit", "--stand"), ["--standardize"]),
        (("fit", "dataset:ir"), ["dataset:iris"]),
        (("predict", "m", "dataset:wi"), ["dataset:wine"]),
        (("fit", "x.csv", "--solver", "n"), ["newton"]),
        (("fit", "x.csv", "--init", "l"), ["lecun_normal"]),
        (("data", "show", "iri"), ["iris"]),
        (("completion", ""), ["bash", "fish", "zsh"]),
    ],
    ids=" ".join,
)
def test_words_are_completed(words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, options, data sets, names of solvers and of start values."""
    assert completed("logistic", *words) == offered


def test_bash_itself_completes_data_sets_and_files() -> None:
    """With the script that ``logistic completion bash`` prints, for words with a colon too."""
    Path("people.csv").touch()
    script = f"""
        PATH={COMMAND.parent}:$PATH; eval "$(logistic completion bash)"
        COMP_WORDS=(logistic fit dataset:dig); COMP_CWORD=2
        _logistic_completion logistic; echo "${{COMPREPLY[*]}}"
        [[ $COMP_WORDBREAKS == *:* ]] || echo colons are letters
    """
    assert shell(script).out == "dataset:digits\ncolons are letters\n"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_scripts_of_the_three_shells(name: str, run: Run) -> None:
    """Each calls the command back; bash and, where they are there, the others can read it."""
    done = run("completion", name)
    assert (done.code, done.err) == (0, "")
    assert f"_LOGISTIC_COMPLETE={name}_complete" in done.out
    Path("script").write_text(done.out)
    assert shell(f"! command -v {name} > /dev/null || {name} -n script") == Ran(0, "", "")


# ------------------------------------------------------------------------------------------------------------------- the rest


def test_without_a_command_there_is_help() -> None:
    """The help page, and exit code 2; asked for, it is 0; both are free of terminal codes in a pipe."""
    done = shell("{logistic}")
    assert done.code == 2
    assert "Usage: logistic" in done.out + done.err
    asked = shell("{logistic} --help")
    assert (asked.code, asked.err) == (0, "")
    assert "\x1b" not in asked.out
    assert all(words in " ".join(asked.out.split()) for words in ("fit", "predict", "summary", "demo", "Exit codes: 0 certified"))
    assert shell("{logistic} --version").out.startswith("logistic 0.")


def test_what_a_pipe_gives_another_reads(fitted: Fitted) -> None:
    """Predictions and metrics of one command are input of the next."""
    write("people.csv", people())
    fitted()
    line = "{logistic} predict m people.csv | {logistic} fit - --target prediction --features probability_no -o again --json"
    done = shell(line)
    assert done.code == 0
    assert strict(done.out)["provenance"]["data"] == "standard input"
    assert len(rows_of(shell("{logistic} predict again <({logistic} predict m people.csv)").out)) == 60
