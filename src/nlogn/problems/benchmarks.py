"""Rows of the public benchmark sets, as problems: HumanEval, MBPP, their "+" editions, LeetCode.

Nothing in a row is executed: tests are read as syntax (`asserts`), and the answers to the "+"
inputs are left to the reference solution, which the judge runs in the sandbox. The sets' quirks
stay visible; `docs/add-a-problem.md` lists those known.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any

from nlogn.problems import json_inputs, syntax
from nlogn.problems.asserts import Tests, read_asserts
from nlogn.problems.examples import call_arguments
from nlogn.problems.literals import NotLiteral, evaluate
from nlogn.problems.problem import Case, Problem, Signature, Solution
from nlogn.problems.sections import Block
from nlogn.problems.signatures import declared, of_function

FLOAT_TOLERANCE = 1e-6  # what the "+" editions allow on floats where a row says 0
_TEXTS = {"prompt", "entry_point", "canonical_solution", "test", "assertion", "code", "text"}
_LISTS = {"test_list", "challenge_test_list", "test_imports", "base_input", "plus_input"}
_LEETCODE_PREAMBLE = """\
import bisect, collections, functools, heapq, itertools, math, operator, random, re, string
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from typing import *
"""


def problem_from_row(row: dict[str, Any]) -> Problem:
    """The problem of one JSON object, recognised by its keys.

    Raises:
        ValueError: no known set has such rows, or this row is malformed.
    """
    keys = set(row)
    for key, value in row.items():
        if key in _TEXTS and not isinstance(value, str):
            raise ValueError(f"`{key}` must be text, not {value!r:.40}")
        if key in _LISTS and value and not isinstance(value, list):  # MBPP+ has {} for none
            raise ValueError(f"`{key}` must be a list, not {value!r:.40}")
    try:
        if {"plus_input", "assertion"} <= keys:
            return _mbpp_plus(row)
        if {"prompt", "entry_point", "canonical_solution", "test"} <= keys:
            return _human_eval(row)
        if {"test_list", "code"} <= keys and keys & {"text", "prompt"}:
            return _mbpp(row)
        if {"prompt", "test", "meta"} <= keys:
            return _leetcode(row)
        if {"name", "statement"} <= keys:
            return _exported(row)
    except (KeyError, TypeError, AttributeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"this row is malformed ({type(error).__name__}: {error})") from error
    raise ValueError(
        f"no known set has rows with the keys {', '.join(sorted(map(str, keys))[:12])}: known are "
        "HumanEval, HumanEval+, MBPP, MBPP+, LeetCode contests, and exports of this program"
    )


def _exported(row: dict[str, Any]) -> Problem:
    """A problem as `nlogn.jsonable` writes it."""
    from cattrs import BaseValidationError, transform_error

    from nlogn import jsonable

    for key in ("examples", "tests", "solutions", "wrong"):
        items = row.get(key, [])
        if not (isinstance(items, list) and all(isinstance(item, dict) for item in items)):
            raise ValueError(f"`{key}` must be a list of objects, not {items!r:.40}")
    try:
        problem = jsonable.load(Problem, row)
    except BaseValidationError as error:
        raise ValueError(
            f"this row is malformed ({'; '.join(transform_error(error)[:3])})"
        ) from None
    for name, least in (("time_limit_s", 1e-9), ("memory_limit_bytes", 1), ("tolerance", 0)):
        if not least <= getattr(problem, name) < float("inf"):
            raise ValueError(
                f"`{name}` is {getattr(problem, name)}: it must be a finite number above 0"
            )
    return problem


def _human_eval(row: dict[str, Any]) -> Problem:
    prompt, entry = row["prompt"], row["entry_point"]
    code = prompt + row["canonical_solution"]
    tree = syntax.parse(code)
    signature = of_function(entry, declared(tree)[entry])
    preamble = _besides(syntax.parse(prompt.rstrip() + "\n    pass\n"), entry)
    test = syntax.parse(row["test"])
    check = declared(test)["check"]
    tests = read_asserts(check.body, ["candidate", entry], signature, preamble)
    if tests.script:
        tests.script = (
            f"import random\nrandom.seed(0)\n{preamble}\ndef check(candidate):\n"
            f"{_indented(tests.script)}\n\ncheck({entry})\n"
        )
    docstring = ast.get_docstring(declared(tree)[entry]) or ""
    return _with_plus(
        row,
        tests,
        Problem(
            name=str(row["task_id"]),
            title=entry.replace("_", " "),
            statement=prompt.strip(),
            signature=signature,
            examples=_doctests(docstring, signature),
            preamble=preamble,
            solutions=(Solution("canonical", code, "", ""),),
            source="HumanEval+ (Apache-2.0)" if "plus_input" in row else "HumanEval (MIT)",
        ),
    )


def _mbpp(row: dict[str, Any]) -> Problem:
    code = _unix(row["code"])
    setup = _unix(row.get("test_setup_code") or "\n".join(row.get("test_imports") or ()))
    lines = [_unix(t) for t in (*row["test_list"], *(row.get("challenge_test_list") or ()))]
    functions = declared(syntax.parse(code))
    entry = _called_entry(lines, functions)
    signature = of_function(entry, functions[entry])
    statements = syntax.parse(setup + "\n" + "\n".join(lines)).body
    tests = read_asserts(statements, [entry], signature)
    text = (row.get("text") or row["prompt"]).strip()
    return _with_plus(
        row,
        tests,
        Problem(
            name=f"MBPP/{row['task_id']}",
            title=entry.replace("_", " "),
            statement=f"{text}\n\nFor example:\n\n```python\n{lines[0]}\n```",
            signature=signature,
            solutions=(Solution("canonical", code, "", ""),),
            source="MBPP (CC-BY-4.0)",
        ),
        shown=1,
    )


def _mbpp_plus(row: dict[str, Any]) -> Problem:
    code, entry = _unix(row["canonical_solution"]), row["entry_point"]
    signature = of_function(entry, declared(syntax.parse(code))[entry])
    tests = read_asserts(syntax.parse(row["assertion"]).body, [entry], signature)
    text = row["prompt"].strip().strip('"').strip()
    shown = read_asserts(
        syntax.parse("\n".join(re.findall(r"^assert .*", text, re.M))).body, [entry], signature
    )
    examples, _, _ = shown.judged_as()
    problem = Problem(
        name=str(row["task_id"]),
        title=entry.replace("_", " "),
        statement=text,
        signature=signature,
        examples=tuple(c for c in examples if c.has_expected),
        solutions=(Solution("canonical", code, "", ""),),
        source="MBPP+ (Apache-2.0)",
    )
    return _with_plus(row, tests, problem)


def _leetcode(row: dict[str, Any]) -> Problem:
    prompt = row["prompt"]
    statement = re.sub(r'^\s*"""|"""', "", prompt).strip()
    stub = syntax.parse(prompt.rstrip() + "\n        pass\n")
    (entry,) = [e for e in declared(stub) if e.startswith("Solution.")]
    signature = of_function(entry, declared(stub)[entry])
    preamble = _LEETCODE_PREAMBLE + _besides(stub, "Solution")
    called = f"my_solution.{entry.split('.')[1]}"
    statements = syntax.parse(row["test"]).body
    tests = read_asserts(statements, [called], signature)
    if tests.script:
        tests.script = f"my_solution = Solution()\n{tests.script}\n"
    meta = row["meta"] if isinstance(row["meta"], dict) else {}
    return _with_plus(
        row,
        tests,
        Problem(
            name=str(row["task_id"]),
            title=str(meta.get("title") or row.get("title") or row["task_id"]),
            statement=statement,
            signature=signature,
            preamble=preamble,
            source=str(row.get("url", "LeetCode contest")),
        ),
    )


def _with_plus(row: dict[str, Any], tests: Tests, problem: Problem, shown: int = 0) -> Problem:
    """`problem` with the row's tests, and with its base and plus inputs for the reference."""
    from dataclasses import replace

    cases, checker, tolerance = tests.judged_as()
    if "plus_input" in row:
        shapes = json_inputs.places([a.args for a in tests.assertions])
        have = {repr(c.args) for c in cases}
        for kind in ("base", "plus"):
            for given in row[f"{kind}_input"]:
                args = json_inputs.restore(given, shapes)
                if repr(args) not in have:
                    cases.append(Case(args=args, has_expected=False, note=kind))
        tolerance = max(tolerance, float(row.get("atol") or 0), FLOAT_TOLERANCE)
    return replace(
        problem,
        tests=tuple(cases),
        examples=problem.examples or tuple(c for c in cases[:shown] if c.has_expected),
        checker=checker,
        tolerance=tolerance,
    )


def _besides(tree: ast.Module, entry: str) -> str:
    """The source of a prompt's imports and helpers: all but the entry that is to be written."""
    kept = [n for n in tree.body if getattr(n, "name", None) != entry and not _is_text(n)]
    return ast.unparse(ast.Module(kept, [])) + "\n" if kept else ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _doctests(docstring: str, signature: Signature) -> tuple[Case, ...]:
    import doctest

    try:
        found = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return ()
    cases = []
    for example in found:
        try:
            args, _ = call_arguments(example.source, signature, Block("text", "", 1))
            cases.append(Case(args=args, expected=evaluate(example.want)))
        except (NotLiteral, ValueError):
            continue
    return tuple(cases)


def _called_entry(tests: Sequence[str], functions: Iterable[str]) -> str:
    """The defined function that the first test calls."""
    for test in tests:
        for node in ast.walk(syntax.parse(test)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in set(functions):
                return ast.unparse(node.func)
    raise ValueError("no test calls a function that the solution defines")


def _indented(source: str) -> str:
    return "\n".join("    " + line for line in source.splitlines())


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
