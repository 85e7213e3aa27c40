"""The bank in other people's formats: JSON Lines in HumanEval's form, and Parquet.

Kattis packages are written by `nlogn.judge.export_kattis`. The right answers to generated inputs
are the reference's, which runs in the sandbox.
"""

import ast
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlogn.jsonable import dump
from nlogn.judge.making import called, made_inputs
from nlogn.judge.suite import Suite, failure, run_cases
from nlogn.problems import syntax
from nlogn.problems.problem import Case, Problem
from nlogn.problems.signatures import declared
from nlogn.problems.write import NotWritable, call_of, literal, write_new
from nlogn.sandbox import Limits, Program, Sandbox

SIZES, PAIRS = (1, 2, 4, 9, 20), ((1, 2), (4, 3), (9, 12), (20, 15))


class ExportError(ValueError):
    """The problem cannot be said in that format; the message says why."""


def answered_cases(problem: Problem, sandbox: Sandbox, seed: int = 0) -> tuple[Case, ...]:
    """The examples, then the tests, the exposing inputs and some of each generator, each once and
    with the reference's answer where none is declared.

    Raises:
        ExportError: the reference or a generator fails.
    """
    given = [*problem.examples, *problem.tests, *problem.exposing]
    for shape, size, outcome in made_inputs(problem.generators, sandbox, seed, SIZES, PAIRS):
        if outcome.status != "ok":
            raise ExportError(f"the generator “{shape}” fails at size {size}: {outcome.status}")
        made = outcome.value
        if problem.signature is None:
            given.append(Case(stdin=str(made), has_expected=False, note=shape))
        else:
            args = made if isinstance(made, tuple) else (made,)
            given.append(Case(args=args, has_expected=False, note=shape))
    if any(case.check or case.script for case in given):
        raise ExportError("its cases are judged by scripts or expressions, not by answers")
    unique = {repr((case.args, case.stdin)): case for case in reversed(given)}
    cases = list(reversed(unique.values()))
    asked = [case for case in cases if not case.has_expected]
    if not asked:
        return tuple(cases)
    if problem.reference is None:
        raise ExportError("there is no right solution that could answer its inputs")
    limits = Limits(wall_s=30, cpu_s=10, memory_bytes=problem.memory_limit_bytes)
    suite = Suite((), "problem", limits, preamble=problem.preamble)
    program = suite.runnable(called(problem, problem.reference))
    found = {}
    for case, outcome in run_cases(program, asked, sandbox, limits):
        if outcome.status != "ok":
            raise ExportError(f"the reference fails on {case.note}: {outcome.status}")
        answer = outcome.value if case.stdin is None else outcome.stdout
        found[id(case)] = replace(case, expected=answer, has_expected=True)
    return tuple(found.get(id(case), case) for case in cases)


# --- JSON Lines ----------------------------------------------------------------------------------


def humaneval_row(problem: Problem, sandbox: Sandbox, seed: int = 0) -> dict[str, Any]:
    """A row in HumanEval's form: ``prompt + canonical_solution`` is a program, and so is that
    with ``test`` and ``check(entry_point)`` after it. `nlogn` holds the problem as it is.

    Raises:
        ExportError: a whole program, or one that this form cannot express.
    """
    signature = problem.signature
    if signature is None or "." in signature.entry:
        raise ExportError("HumanEval's form has functions only, and this problem asks for another")
    if problem.reference is None or problem.reference.language != "python":
        raise ExportError("there is no right solution in Python")
    try:
        prompt = _prompt(problem)
        body = _body(problem)
        test = _test(problem, answered_cases(problem, sandbox, seed))
    except NotWritable as error:
        raise ExportError(str(error)) from error
    row = {
        "task_id": f"nlogn/{problem.name}",
        "prompt": prompt,
        "entry_point": signature.entry,
        "canonical_solution": body,
        "test": test,
        "nlogn": dump(problem),
    }
    whole = f"{prompt}{body}\n{test}\ncheck({signature.entry})\n"
    limits = Limits(wall_s=60, cpu_s=20, memory_bytes=problem.memory_limit_bytes)
    (outcome,) = sandbox.run_many(Program(whole, None), [""], limits)
    if outcome.status != "ok":
        raise ExportError(f"the row's own solution fails its test ({failure(outcome)})")
    return row


def _prompt(problem: Problem) -> str:
    signature = problem.signature
    assert signature is not None
    shown = [
        f">>> {call_of(signature, case.args or ())}\n{literal(case.expected)}"
        for case in problem.examples
        if case.has_expected
    ]
    if problem.checker or problem.tolerance:  # as doctests they would be compared exactly
        shown = ["For example:", *(one.replace(">>> ", "", 1).replace("\n", " may give ", 1)
                                   for one in shown)]  # fmt: skip
    text = "\n\n".join([problem.statement, *shown])
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = textwrap.indent(text, "    ").lstrip()
    return f'{problem.preamble}{signature}\n    """{text}\n    """\n'


def _body(problem: Problem) -> str:
    """The reference as the body of the prompt's function: what it defines beside the entry, and
    the entry's own statements where they can stand there as they are."""
    assert problem.signature is not None and problem.reference is not None
    tree = syntax.parse(problem.reference.code)
    entry = declared(tree)[problem.signature.entry]
    names = [a.arg for a in (*entry.args.posonlyargs, *entry.args.args)]
    asked = [p.name for p in problem.signature.parameters]
    others = [node for node in tree.body if node is not entry]
    recursive = any(isinstance(n, ast.Name) and n.id == entry.name for n in ast.walk(tree))
    if names == asked and not recursive and not entry.decorator_list:
        own = entry.body[1:] if ast.get_docstring(entry) is not None else entry.body
        statements = [*others, *own]
    else:
        call = ast.parse(f"return {entry.name}({', '.join(asked)})").body
        statements = [*others, entry, *call]
    if any(isinstance(n, ast.Global) for n in ast.walk(tree)):
        raise ExportError("its reference has global variables, which a function's body has not")
    return textwrap.indent(ast.unparse(ast.Module(statements, [])), "    ") + "\n"


def _test(problem: Problem, cases: Sequence[Case]) -> str:
    """``check(candidate)`` as HumanEval has it: one assertion per case."""
    signature = replace(problem.signature, entry="candidate") if problem.signature else None
    lines = ["def check(candidate):"]
    checker = problem.checker
    if checker is None and problem.tolerance:
        checker = CLOSE.format(tolerance=problem.tolerance)
    if checker is not None:
        lines.append("    def make():")
        lines.append(textwrap.indent(ast.unparse(syntax.parse(checker)), " " * 8))
        lines += ["        return check", "    accepts = make()"]
    for case in cases:
        call, expected = call_of(signature, case.args or ()), literal(case.expected)
        if checker is None:
            lines.append(f"    assert {call} == {expected}")
        else:
            args = literal(case.args or ())
            lines.append(f"    assert accepts({args}, {expected}, {call})")
    return "\n".join(lines) + "\n"


CLOSE = """\
def close(a, b):
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, float) or isinstance(b, float):
        return a == b or abs(a - b) <= {tolerance} * max(1, abs(a))
    return a == b


def check(args, expected, got):
    return close(expected, got)
"""


# --- Parquet -------------------------------------------------------------------------------------

COLUMNS = {
    "problem": "the name in the bank",
    "title": "",
    "paradigm": "algorithms, systems, web or data",
    "statement": "Markdown",
    "signature": "a Python def line, empty for whole programs",
    "phrasings": "other wordings of the task",
    "rationale": "from slow to fast in words",
    "source": "empty for problems of this project",
    "solution": "its name",
    "right": "whether it is a right one",
    "place": "from 0, the slowest right solution, upwards; wrong ones are counted apart",
    "language": "",
    "code": "",
    "time": "declared class of a right solution",
    "memory": "likewise",
    "reason": "why a wrong solution is wrong",
    "exposed_by": "the call that shows it, as Python source",
}


def solution_rows(problem: Problem) -> Iterator[dict[str, Any]]:
    """One row per solution, with the columns of `COLUMNS`."""
    common = {
        "problem": problem.name,
        "title": problem.title,
        "paradigm": problem.paradigm,
        "statement": problem.statement,
        "signature": str(problem.signature or ""),
        "phrasings": list(problem.phrasings),
        "rationale": problem.rationale,
        "source": problem.source,
    }
    for place, s in enumerate(problem.solutions):
        yield common | {
            "solution": s.name, "right": True, "place": place, "language": s.language,
            "code": s.code, "time": s.time, "memory": s.memory, "reason": "", "exposed_by": "",
        }  # fmt: skip
    for place, w in enumerate(problem.wrong):
        shown = call_of(problem.signature, w.exposed_by) if w.exposed_by is not None else ""
        yield common | {
            "solution": w.name, "right": False, "place": place, "language": w.language,
            "code": w.code, "time": "", "memory": "", "reason": w.reason, "exposed_by": shown,
        }  # fmt: skip


def write_parquet(problems: Sequence[Problem], path: Path) -> int:
    """Write one row per solution; says how many.

    Raises:
        ProblemError: the file is already there.
        ExportError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow: pip install pyarrow") from error
    kinds = {"phrasings": pa.list_(pa.string()), "right": pa.bool_(), "place": pa.int32()}
    fields = [
        pa.field(name, kinds.get(name, pa.string()), metadata={"meaning": told})
        for name, told in COLUMNS.items()
    ]
    rows = [row for problem in problems for row in solution_rows(problem)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), sink, compression="zstd")
    write_new(path, sink.getvalue().to_pybytes())
    return len(rows)


def jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
