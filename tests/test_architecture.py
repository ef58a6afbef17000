"""The map of the house, and proof that the code keeps to it: who imports whom, how large things are, what loads when."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import logistic

# ------------------------------------------------------------------------------------------------------------------ the map
# A module or folder of src/logistic, and which others it may import, inside functions too. From bottom to top.

BASE = "backend pools kernels outcome contracts errors"
MATHEMATICS = (
    "loss penalty certificate evaluation tasks audit sample rank contrasts separation metric proof dual objective nonsmooth "
    "squares coordinates solvers minimize recession restricted firth held start rowspace"
)
DATA = "designs moments encoding sources executor"
RESULT = "provenance strength affine recipes model plane store inference outputs"
MEETING = "frame fit refit profile online regress study"
FACES = "fitted estimator formula crossval heldout paths linear modules cli datasets plots"

OURS = {
    # base
    "backend": "errors",
    "pools": "errors",
    "outcome": "backend",
    "contracts": "backend outcome",
    "pair": "backend",
    "strict": "errors",
    "errors": "",
    "kernels": "kernels",
    # mathematics: arrays
    "loss": "backend kernels contracts pair",
    "penalty": "backend kernels contracts",
    "certificate": "backend",
    "evaluation": "backend kernels contracts designs loss",
    "tasks": "backend contracts certificate evaluation",
    "sample": "backend contracts designs tasks",
    "rank": f"{BASE} certificate tasks",
    "contrasts": "backend contracts tasks audit",
    "separation": f"{BASE} certificate tasks contrasts",
    "metric": "backend contracts tasks",
    "audit": "backend contracts certificate tasks",
    "proof": f"{BASE} certificate tasks audit rank",
    "objective": f"{BASE} loss penalty tasks sample rank separation metric proof",
    "dual": f"{BASE} penalty certificate tasks proof",
    "nonsmooth": f"{BASE} penalty certificate tasks metric dual objective",
    "solvers": f"{BASE} solvers",
    "firth": f"{BASE} rank objective solvers tasks",
    "held": f"{BASE} firth restricted solvers minimize",
    "squares": f"{BASE} penalty certificate tasks proof objective",
    "coordinates": "backend contracts outcome",
    "minimize": f"{BASE} solvers",
    "recession": f"{BASE} tasks rank contrasts separation proof objective coordinates solvers minimize",
    "restricted": f"{BASE} certificate proof objective solvers minimize",
    "start": "backend errors",
    "rowspace": "backend contracts objective minimize",
    # data: rows
    "designs": f"{BASE} designs",
    "moments": "backend kernels designs",
    "encoding": f"{BASE} designs moments",
    "sources": f"{BASE} designs sources",
    "executor": "pools contracts errors",
    "preparation": "backend errors pair strict designs sources preparation",
    # result
    "provenance": "",
    "strength": "",
    "affine": "backend kernels executor sources designs",
    "recipes": "errors sources recipes",
    "model": f"{BASE} strength affine loss encoding designs sources provenance recipes",
    "plane": f"{BASE} designs sources provenance",
    "store": f"{BASE} strict provenance strength recipes model plane store",
    "inference": f"{BASE} loss tasks objective designs encoding sources executor recipes model inference",
    "outputs": f"{BASE} strict designs encoding model inference plane sources outputs",
    # meeting
    "frame": f"{BASE} {MATHEMATICS} {DATA} model strength",
    "fit": f"{BASE} {MATHEMATICS} {DATA} model inference frame",
    "refit": f"{BASE} {MATHEMATICS} {DATA} model inference frame",
    "profile": "errors model inference outputs refit",
    "regress": f"{BASE} squares tasks coordinates solvers minimize start designs encoding executor plane frame fit",
    "study": f"{BASE} {MATHEMATICS} {DATA} model strength frame fit study",
    "online": f"{BASE} {MATHEMATICS} {DATA} model frame fit",
    # faces
    "callbacks": f"{BASE} {RESULT} {MEETING}",
    "formula": "errors sources recipes",
    "spellings": "contracts errors strength",
    "validation": "errors sources",
    "modules": f"{BASE} strict validation callbacks loss penalty solvers minimize start designs encoding sources executor "
    f"{RESULT} {MEETING} modules",
    "linear": "validation contracts outcome errors solvers sources outputs plane regress store",
    "fitted": f"spellings validation outcome errors sources {RESULT}",
    "estimator": f"backend pools callbacks spellings validation fitted designs contracts errors solvers sources {RESULT} {MEETING}",
    "paths": "spellings contracts outcome errors sources executor model fit study",
    "heldout": "contracts errors sources executor model study paths estimator",
    "crossval": f"{BASE} spellings validation solvers executor model outputs fit study paths heldout estimator",
    "cli": f"kernels strict contracts outcome errors solvers sources {RESULT} {MEETING} cli",
    "datasets": "errors preparation sources datasets",
    "plots": "outputs",
    # lessons
    "learn": "errors learn",
    # public names
    "__init__": "",
}

# What a module may import besides, but only inside functions.
OURS_LAZILY = {
    "model": "store inference outputs refit profile",
    "estimator": FACES,
    "cli": f"{FACES} preparation spellings learn",
    "datasets": "outputs",
    "plane": "store outputs",
    "inference": "outputs",
}

# Packages of others, and who may import them. Whatever is not listed here and not in the standard library is refused.
NUMPY = (
    "kernels strict preparation recipes formula learn backend pools start evaluation metric nonsmooth rank contrasts "
    "separation recession rowspace designs moments encoding sources affine model store inference outputs frame fit refit profile "
    "study online plane regress fitted estimator crossval heldout paths linear modules validation cli datasets"
)
OTHERS = {
    "numpy": NUMPY,
    "sklearn": "fitted estimator crossval heldout paths linear modules validation callbacks",
    "click": "cli",
    "rich_click": "cli",
}
OTHERS_LAZILY = {
    "torch": "backend modules cli learn",
    "scipy": "backend separation inference recipes designs encoding refit fitted datasets",
    "narwhals": "sources",
    "pandas": "sources datasets formula",
    "formulaic": "formula",
    "polars": "sources",
    "pyarrow": "sources cli",
    "pooch": "datasets",
    "requests": "datasets",
    "sklearn": "estimator datasets outputs preparation",
    "safetensors": "store modules",
    "threadpoolctl": "pools cli",
    "rich": "outputs",
    "matplotlib": "outputs",
    "jinja2": "outputs",
    **dict.fromkeys(("jupytext", "nbclient", "jupyter_client", "markdown_it", "mdit_py_plugins", "math_core", "pygments"), "learn"),
}

# scikit-learn's estimators list their settings there, and so do the functions that fit.
CONSTRUCTORS = {
    ("estimator", "__init__"),
    ("crossval", "__init__"),
    ("modules", "__init__"),
    ("paths", "path"),
    ("estimator", "fit"),
}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_PARAMETERS, MOST_LINES_OF_CONTRACTS = 400, 60, 7, 155
HEAVY = ("torch", "sklearn", "scipy", "pandas", "narwhals", "pyarrow", "matplotlib", "jinja2")

# --------------------------------------------------------------------------------------------------------------- reading it

SRC = Path(logistic.__file__).parent
FILES = sorted(SRC.rglob("*.py"))


class Import(NamedTuple):
    """One imported module: dotted name from the root of its package, line, and whether it waits inside a function."""

    name: str
    line: int
    lazy: bool


def place(path: Path) -> str:
    """Where a file stands on the map: its name, or the name of its folder."""
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(source: str, package: tuple[str, ...] = ("logistic",)) -> Iterator[Import]:
    """Everything that the source of a module in ``package`` imports when it runs; imports for the type checker do not run."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            children: list[ast.AST] = list(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
            return
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*start, *((node.module,) if node.module else ())))
            whole = not node.module or origin == "logistic"  # `from . import tasks` imports modules
            yield from (Import(f"{origin}.{alias.name}" if whole else origin, node.lineno, lazy) for alias in node.names)
            return
        else:
            children = list(ast.iter_child_nodes(node))
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in children:
            yield from visit(child, inside)

    yield from visit(ast.parse(source), False)


def package_of(path: Path) -> tuple[str, ...]:
    """The package that relative imports of a file start from."""
    return ("logistic", *path.relative_to(SRC).parent.parts)


def breaches(where: str, source: str, package: tuple[str, ...] = ("logistic",)) -> list[str]:
    """``line: what`` for each import that the map does not allow at the place ``where``."""
    if where not in OURS:
        return [f"1: {where} is not on the map of tests/test_architecture.py"]
    found = []
    for name, line, lazy in imports(source, package):
        root, _, rest = name.partition(".")
        if root == "logistic":
            target = rest.partition(".")[0]
            allowed = OURS[where].split() + (OURS_LAZILY.get(where, "").split() if lazy else [])
            if target in allowed:
                continue
        else:
            takers = OTHERS.get(root, "").split() + (OTHERS_LAZILY.get(root, "").split() if lazy else [])
            if root in sys.stdlib_module_names or where in takers:
                continue
        how = "inside a function" if lazy else "at the top"
        found.append(f"{line}: {where} may not import {name} {how}")
    return found


def code_lines(source: str, node: ast.AST) -> int:
    """Lines of a module, class or function that hold code: no docstrings, comments or blank lines."""
    docstrings: set[int] = set()
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(part) is not None
        ):
            docstrings.update(range(part.body[0].lineno, (part.body[0].end_lineno or 0) + 1))
    lines = spoken_lines(source)
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or len(source.splitlines())
    return len([line for line in lines - docstrings if first <= line <= last])


@cache
def spoken_lines(source: str) -> frozenset[int]:
    """Numbers of the lines that hold more than comments and space."""
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return frozenset(lines)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def report(found: list[str]) -> None:
    """Fail with one line for each finding."""
    assert not found, "\n" + "\n".join(found)


# ------------------------------------------------------------------------------------------------------------ the import law


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_every_import_is_on_the_map(path: Path) -> None:
    """Each file imports only what the table above allows."""
    report([f"{path}:{what}" for what in breaches(place(path), path.read_text(), package_of(path))])


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("solvers", "import numpy as np"),
        ("solvers", "def f():\n    from scipy.linalg import solve"),
        ("solvers", "from ..designs import Dense"),
        ("loss", "import numpy"),
        ("backend", "import torch"),
        ("objective", "def f():\n    import torch"),
        ("objective", "from . import designs"),
        ("objective", "from .designs.dense import Dense"),
        ("tasks", "from .objective import Rows"),
        ("model", "from .store import load"),
        ("model", "def f():\n    from .fit import fit"),
        ("store", "import safetensors"),
        ("fit", "from .estimator import LogisticRegression"),
        ("fit", "from logistic import cli"),
        ("sources", "import pandas as pd"),
        ("encoding", "def f():\n    import narwhals"),
        ("cli", "from .datasets import load"),
        ("cli", "def f():\n    import sklearn"),
        ("cli", "def f():\n    from . import backend"),
        ("unheard_of", ""),
        ("errors", "import requests"),
        ("errors", "if True:\n    import numpy"),
    ],
)
def test_the_map_refuses(where: str, line: str) -> None:
    """The checker itself sees each kind of breach."""
    assert len(breaches(where, line, ("logistic", "solvers") if where == "solvers" else ("logistic",))) == 1


def test_the_map_speaks_of_what_exists() -> None:
    """No entry of the table outlives its module."""
    named = set(OURS) | {word for words in (*OURS.values(), *OURS_LAZILY.values()) for word in words.split()}
    assert named == {place(path) for path in FILES}


def test_imports_form_no_cycle() -> None:
    """Modules can be imported in one order."""
    graph: dict[str, set[str]] = {}
    for path in FILES:
        name = ".".join(("logistic", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__")
        graph[name] = {found.name for found in imports(path.read_text(), package_of(path)) if not found.lazy}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"import cycle: {' -> '.join((*trail[trail.index(name) :], name))}"
        if name not in done:
            for target in sorted(graph.get(name, ())):
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_nothing_is_imported_by_string() -> None:
    """Only the public names are, in ``__init__``; otherwise the map could be evaded."""
    dynamic = ("import_module", "__import__", "exec", "eval")
    report(
        [
            f"{path}:{node.lineno}: {ast.unparse(node)[:80]}"
            for path in FILES
            if path != SRC / "__init__.py"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in dynamic
        ]
    )


def test_scratch_is_numpy_alone() -> None:
    """What is to be read from top to bottom sends nobody elsewhere."""
    path = SRC / "learn" / "scratch.py"
    roots = {found.name.partition(".")[0] for found in imports(path.read_text(), package_of(path))}
    assert roots - set(sys.stdlib_module_names) == {"numpy"}


def test_solvers_never_ask_what_something_is() -> None:
    """A solver sees an objective and arrays; it calls neither isinstance nor its relatives. Settings are what people typed."""
    asking = ("isinstance", "issubclass", "type", "hasattr", "is_tensor")
    report(
        [
            f"{path}:{node.lineno}: {ast.unparse(node)[:80]}"
            for path in sorted((SRC / "solvers").glob("*.py"))
            if path.name not in ("__init__.py", "settings.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in asking
        ]
    )


# ------------------------------------------------------------------------------------------------------------------- sizes


def test_files_are_small() -> None:
    """No file is over 400 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in FILES}
    report([f"{path}: {length} lines, at most {MOST_LINES}" for path, length in lengths.items() if length > MOST_LINES])


def test_functions_are_small() -> None:
    """No function is over 60 lines of code or takes over 7 parameters, the estimator's ``__init__`` apart."""
    found = []
    for path in FILES:
        source = path.read_text()
        for node in functions(ast.parse(source)):
            lines = code_lines(source, node)
            if lines > MOST_LINES_OF_A_FUNCTION:
                found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines of code")
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > MOST_PARAMETERS and (place(path), node.name) not in CONSTRUCTORS:
                found.append(f"{path}:{node.lineno}: {node.name} takes {count} parameters")
    report(found)


def test_contracts_can_be_read_at_a_sitting() -> None:
    """All nouns fit in 155 lines without docstrings, comments and blank lines."""
    source = (SRC / "contracts.py").read_text()
    assert code_lines(source, ast.parse(source)) <= MOST_LINES_OF_CONTRACTS


def test_lines_of_code_are_counted_right() -> None:
    """The measure above leaves out docstrings, comments and blank lines, and nothing else."""
    source = '"""Module."""\n\n# note\nx = """a\nb"""\n\n\n'
    source += 'def f():\n    """Doc.\n\n    More.\n    """\n    # note\n    return (\n        1\n    )\n'
    tree = ast.parse(source)
    assert code_lines(source, tree) == 6
    assert code_lines(source, next(functions(tree))) == 4


def test_everything_public_says_what_it_is() -> None:
    """Modules, public classes and functions, and public methods of public classes have docstrings."""
    one_liners = ("backend", "contracts")  # members of the array protocol, and abstract members named by their class
    found = []
    for path in FILES:
        tree = ast.parse(path.read_text())
        wanted: list[ast.Module | ast.ClassDef | ast.FunctionDef] = [tree]
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                wanted.append(node)
                members = node.body if isinstance(node, ast.ClassDef) and place(path) not in one_liners else []
                wanted += [m for m in members if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
        silent = [node for node in wanted if not ast.get_docstring(node)]
        found += [f"{path}:{getattr(node, 'lineno', 1)}: {getattr(node, 'name', 'the module')} has no docstring" for node in silent]
    report(found)


# ------------------------------------------------------------------------------------------------------------- public names


def test_public_names_resolve() -> None:
    """Every name that the package promises is there and is what ``dir`` shows."""
    assert dir(logistic) == sorted(logistic.__all__)
    for name in logistic.__all__:
        assert getattr(logistic, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Logistic'"):
        _ = logistic.Logistic


# ------------------------------------------------------------------------------------------------------------ lazy imports

SAVED = """
import numpy as np
from logistic.contracts import Spec
from logistic.fit import fit
from logistic.sources import ArraySource
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = np.where(X[:, 0] + rng.normal(size=60) > 0, "yes", "no")
model = fit(ArraySource(X, y), Spec(C=1.0)).model
"""


def loaded_after(code: str, names: tuple[str, ...], folder: Path) -> set[str]:
    """Which of the packages a fresh interpreter has imported once it ran ``code`` in ``folder``."""
    ending = f"\nimport sys\nprint('LOADED', *[name for name in {names!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code + ending], cwd=folder, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split()[1:])


def command_line(*arguments: str) -> str:
    """Code that runs the command line and goes on after it."""
    guarded = f"try:\n    run({list(arguments)!r})\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
    return f"from logistic.cli import run\n{guarded}"


@pytest.mark.parametrize("code", ["import logistic\ndir(logistic)", command_line("--help"), command_line("fit", "--help")])
def test_the_front_door_loads_nothing_heavy(code: str, tmp_path: Path) -> None:
    """``import logistic`` and the help pages import none of the large packages."""
    assert loaded_after(code, HEAVY, tmp_path) == set()


def test_a_saved_model_needs_neither_torch_nor_scikit_learn(tmp_path: Path) -> None:
    """Loading and predicting, in Python and from the shell, work from NumPy and the file readers."""
    heavy = ("torch", "sklearn", "matplotlib")
    table = "open('rows.csv', 'w').write('a,b,c\\n1,2,3\\n4,5,6\\n')\n"
    features = "model.__class__(**{**vars(model), 'features': ('a', 'b', 'c')}).save('m.safetensors')\n"
    loaded_after(SAVED + features + table, (), tmp_path)
    predicting = "import numpy as np, logistic\nassert logistic.load('m.safetensors').predict_proba(np.eye(3)).shape == (3, 2)\n"
    assert loaded_after(predicting, (*heavy, "scipy", "pandas", "narwhals", "pyarrow"), tmp_path) == set()
    assert loaded_after(command_line("predict", "m.safetensors", "rows.csv"), heavy, tmp_path) == set()
    assert loaded_after(command_line("summary", "m.safetensors"), HEAVY, tmp_path) == set()


def test_a_small_fit_never_loads_torch(tmp_path: Path) -> None:
    """Neither the plain fit nor the estimator imports torch for NumPy data; the plain fit no scikit-learn either."""
    assert loaded_after(SAVED, ("torch", "sklearn", "pandas", "narwhals", "pyarrow", "matplotlib"), tmp_path) == set()
    estimator = "from logistic import LogisticRegression\nLogisticRegression().fit(X, y).predict(X)\n"
    assert loaded_after(SAVED + estimator, ("torch", "matplotlib"), tmp_path) == set()
