# ruff: noqa: E501 (tables of programs and classes)
"""Counters written into a program do not change what it does."""

import ast
import gzip
import json
import os
from pathlib import Path

import pytest
from tricky import PROGRAMS

from nlogn.complexity import inside
from nlogn.complexity.harness import _FILES, harness
from nlogn.sandbox import Limits, Sandbox

_PARITY = '''

def main(payload, send):
    """Evaluate expressions in the program, plain or instrumented."""
    def never(kind):
        raise AssertionError(kind)

    tree = payload["code"]
    if payload["counted"]:
        install()
        tree = rewrite(tree)
        meter_start(1 << 50, 1 << 60, never)
    for expression in payload["expressions"]:
        module = types.ModuleType("solution")
        sys.modules["solution"] = module
        random.seed(0)
        try:
            exec(compile(tree, PROGRAM_FILE, "exec", 0, True), module.__dict__)
            send(repr(eval(expression, module.__dict__))[:20000])
        except Exception as error:
            send(f"{type(error).__name__}: {error}")
'''


def _values(sandbox: Sandbox, code: str, expressions: list[str], counted: bool) -> tuple[str, ...]:
    text = harness() + _PARITY
    payload = {"code": code, "expressions": expressions, "counted": counted}
    report = sandbox.execute(text, payload, Limits(wall_s=60, cpu_s=60))
    assert report.status == "ok", report.error
    return report.messages


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


@pytest.mark.parametrize(("name", "code", "expression"), PROGRAMS, ids=[p[0] for p in PROGRAMS])
def test_tricky_syntax_means_the_same(sandbox, name, code, expression):
    plain = _values(sandbox, code, [expression], counted=False)
    assert "Error" not in plain[0].split("(")[0], plain
    assert _values(sandbox, code, [expression], counted=True) == plain


@pytest.mark.slow
@pytest.mark.parametrize("file", ["HumanEvalPlus", "MbppPlus"])
def test_canonical_solutions_mean_the_same(sandbox, file):
    folder = Path(os.environ.get("NLOGN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "benchmarks" / f"{file}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    different = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            code = (row["prompt"] if file.startswith("H") else "") + row["canonical_solution"]
            inputs = (row["base_input"] or [])[:4] + (row["plus_input"] or [])[:8]
            calls = [f"(lambda a: ({row['entry_point']}(*a), a))({args!r})" for args in inputs]
            if _values(sandbox, code, calls, False) != _values(sandbox, code, calls, True):
                different.append(row["entry_point"])
    assert different == []


def test_names_of_the_joined_files_are_unique():
    # They share one namespace inside the sandbox: a second definition would replace the first.
    seen: dict[str, str] = {}
    for file in _FILES:
        path = Path(inside.__file__).parent / f"{file}.py"
        names = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        for name in names:
            assert name not in seen, f"{name} is in {file} and in {seen[name]}"
            seen[name] = file


_COUNT = """

def main(payload, send):
    install()
    quiet()
    for expression in payload["expressions"]:
        scope = {"__name__": "solution"}
        code = f"def f(xs):\\n    return {expression}\\n"
        exec(compile(rewrite(code), PROGRAM_FILE, "exec"), scope)
        for size in payload["sizes"]:
            xs = list(range(1, size + 1))
            meter_start(1 << 50, 1 << 60, None)
            scope["f"](xs)
            ticks, work, _ = meter_read()
            send(ticks + work)
"""


def _counts(sandbox: Sandbox, expressions: list[str], sizes: list[int]) -> list[list[int]]:
    payload = {"expressions": expressions, "sizes": sizes}
    report = sandbox.execute(harness() + _COUNT, payload, Limits(wall_s=60, cpu_s=60))
    assert report.status == "ok", report.error
    found = list(report.messages)
    return [found[i : i + len(sizes)] for i in range(0, len(found), len(sizes))]


# What C does with n items, hidden in one line, has to cost about that much.
HIDDEN = [
    ("xs.pop(0)", 1.0), ("xs.insert(0, 1)", 1.0), ("xs.index(xs[-1])", 1.0), ("-1 in xs", 1.0),
    ("xs[:]", 1.0), ("xs + xs", 2.0), ("xs * 3", 3.0), ("sum(xs)", 1.0), ("max(xs)", 1.0),
    ("list(xs)", 1.0), ("set(xs)", 1.0), ("sorted(xs)", 10.0), ("xs == list(xs)", 2.0),
    ("sum(map(abs, xs))", 1.0), ("any(filter(None, [0] * len(xs)))", 2.0), ("xs.copy()", 1.0),
    ("xs.count(3)", 1.0), ("list(zip(xs, xs))", 1.0), ("dict.fromkeys(xs)", 1.0), ("[*xs]", 1.0),
    ("tuple(reversed(xs))", 1.0), ("print(*xs)", 1.0), ("list(enumerate(xs))", 1.0),
    ("list(map(str, xs))", 1.0), ("__import__('copy').deepcopy(xs)", 1.0), ("xs.reverse()", 1.0),
    ("__import__('collections').Counter(xs)", 1.0), ("list(dict(enumerate(xs)).values())", 2.0),
    ("__import__('heapq').heapify(xs)", 1.0), ("set(xs) & set(xs)", 3.0), ("min(xs, key=abs)", 1.0),
    ("__import__('functools').reduce(lambda a, b: a + b, xs)", 1.0), ("f.__class__ and xs.sort()", 10.0),
    ("list(__import__('itertools').accumulate(xs))", 1.0), ("list.pop(xs, 0)", 1.0),
    ("next(x for x in xs if x < 0) if 0 else len([x for x in xs])", 1.0),
    ("__import__('statistics').median(xs)", 10.0), ("__import__('random').shuffle(xs)", 1.0),
    ("__import__('json').dumps(xs)", 1.0), ("list(xs.__iter__())", 1.0), ("max(*xs)", 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "per_item"), HIDDEN, ids=[h[0] for h in HIDDEN])
def test_hidden_work_is_charged(sandbox, expression, per_item):
    ((few, many),) = _counts(sandbox, [expression], [1000, 4000])
    assert 0.9 * per_item <= few / 1000 <= 4 * per_item + 1
    assert 3.6 <= many / few <= 5.0


def test_constant_work_is_not_charged(sandbox):
    constant = ["xs[0]", "xs.append(1)", "len(xs)", "xs[-1] + 1", "xs.pop()", "xs[3:7]"]
    for expression, (steps,) in zip(constant, _counts(sandbox, constant, [4000]), strict=True):
        assert steps <= 6, expression
