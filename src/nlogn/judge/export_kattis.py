"""A problem as a Kattis package (the legacy format, which all of its tools read).

A function becomes a program that reads one line of JSON per argument and prints its answer as
JSON (`nlogn.problems.plain_json`); an output validator compares values, not texts. It is one
Python file with ``check(args, expected, got)``, so that our own loader can judge by it as well.
"""

import ast
import json
import os
import re
import shutil
import textwrap
import uuid
from dataclasses import dataclass
from pathlib import Path

from nlogn.judge.export import CLOSE, ExportError, answered_cases
from nlogn.judge.export_tex import tex
from nlogn.judge.making import called
from nlogn.judge.running import run_suite
from nlogn.judge.suite import Suite
from nlogn.problems import plain_json, syntax
from nlogn.problems.errors import ProblemError
from nlogn.problems.plain_json import decode, encode
from nlogn.problems.problem import Case, Problem, Signature, Solution, WrongSolution
from nlogn.problems.write import file_name
from nlogn.sandbox import Limits, Sandbox

_SUFFIX = {"python": ".py", "cpp": ".cpp", "javascript": ".js"}
_FOLDER = {
    "accepted": "accepted",
    "wrong_answer": "wrong_answer",
    "runtime_error": "run_time_error",
    "memory_limit": "run_time_error",
    "output_limit": "run_time_error",
    "time_limit": "time_limit_exceeded",
}


@dataclass(frozen=True, slots=True)
class Package:
    """The files of a package by their names, and the solutions that are not among them."""

    name: str
    files: dict[str, bytes]
    left_out: tuple[str, ...]


def kattis_package(problem: Problem, sandbox: Sandbox, seed: int = 0) -> Package:
    """The package of `problem`, each submission in the folder of the verdict that it gets here.

    Raises:
        ExportError: values without a JSON form, or a reference that fails.
    """
    cases = answered_cases(problem, sandbox, seed)
    if not cases:
        raise ExportError("it has no inputs: neither examples nor tests nor generators")
    shown = [case for case in cases if case in problem.examples]
    files: dict[str, bytes] = {}
    ordered: list[Case] = []
    for folder, some in (("sample", shown), ("secret", [c for c in cases if c not in shown])):
        for i, case in enumerate(some, 1):
            stdin, stdout = _texts(problem, case)
            files[f"data/{folder}/{i:03}.in"] = stdin.encode()
            files[f"data/{folder}/{i:03}.ans"] = stdout.encode()
            ordered.append(case)
    validator = _validator(problem)
    if validator is not None:
        files["output_validators/validate.py"] = validator.encode()
    files["input_validators/validate.py"] = _input_validator(problem).encode()
    files["problem_statement/problem.en.md"] = _statement(problem).encode()  # loses nothing
    title = problem.title or problem.name
    files["problem_statement/problem.en.tex"] = tex(title, _statement(problem)).encode()
    files["problem.yaml"] = _config(problem, validator is not None).encode()
    files[".timelimit"] = f"{problem.time_limit_s:g}\n".encode()
    limits = Limits(
        wall_s=4 * problem.time_limit_s,
        cpu_s=problem.time_limit_s,
        memory_bytes=problem.memory_limit_bytes,
    )
    suite = Suite(
        tuple(ordered), "problem", limits, checker=problem.checker, tolerance=problem.tolerance,
        preamble=problem.preamble,
    )  # fmt: skip
    left_out = []
    programs: list[Solution | WrongSolution] = [*problem.solutions, *problem.wrong]
    for solution in programs:
        judged = run_suite(called(problem, solution), suite, sandbox)
        status = next((j.status for j in judged if j.status != "accepted"), "accepted")
        right = isinstance(solution, Solution)
        if status not in _FOLDER or right != (status == "accepted"):
            left_out.append(f"{solution.name} ({status.replace('_', ' ')} on the package's data)")
            continue
        name = f"{file_name(solution.name)}{_SUFFIX[solution.language]}"
        files[f"submissions/{_FOLDER[status]}/{name}"] = _program(problem, solution).encode()
    return Package(package_name(problem.name), files, tuple(left_out))


def package_name(name: str) -> str:
    """The short name of a package: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", file_name(name).lower()) or "problem"


def new_folder(folder: Path, name: str) -> Path:
    """Where the package `name` goes; raises `ProblemError` if there is something already."""
    target = folder / name
    if target.exists():
        raise ProblemError("is already there: move it away, or choose another folder", target)
    return target


def write_package(package: Package, folder: Path) -> Path:
    """The package as a folder of its own below `folder`, there whole or not at all.

    Raises:
        ProblemError: there is such a folder already.
        OSError: it cannot be written.
    """
    target = new_folder(folder, package.name)
    draft = folder / f".{package.name}.{os.getpid()}.part"
    try:
        for name, data in package.files.items():
            file = draft / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _texts(problem: Problem, case: Case) -> tuple[str, str]:
    if problem.signature is None:
        return case.stdin or "", str(case.expected)
    signature = problem.signature
    values = [*(case.args or ()), case.expected]
    kinds = [*(p.annotation for p in signature.parameters), signature.returns]
    try:
        lines = [json.dumps(encode(value)) for value in values]
        for line, kind, value in zip(lines, kinds, values, strict=True):
            if decode(json.loads(line), kind) != value:
                raise plain_json.NotPlain(f"{value!r:.60} is not of the declared type {kind!r}")
    except (ValueError, TypeError, SyntaxError) as error:
        raise ExportError(f"a value cannot be said in JSON: {error}") from error
    return "".join(line + "\n" for line in lines[:-1]), lines[-1] + "\n"


def _nested(name: str, source: str, returned: str) -> str:
    """`source` within a function, so that its names meet no others."""
    tree = syntax.parse(source)
    body = [node for node in tree.body if not _is_docstring(node)]
    text = textwrap.indent(ast.unparse(ast.Module(body, [])), "    ")
    return f"def {name}():\n{text}\n    return {returned}\n"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _codec() -> str:
    source = Path(plain_json.__file__).read_text("utf-8")
    return _nested("_codec", source, "encode, decode, NotPlain")


def _kinds(signature: Signature) -> str:
    return repr([p.annotation for p in signature.parameters])


def _program(problem: Problem, solution: Solution | WrongSolution) -> str:
    """The solution as a whole program."""
    if problem.signature is None or solution.language != "python":
        return solution.code
    owner, _, method = problem.signature.entry.rpartition(".")
    target = f"{owner}().{method}" if owner else method
    return f"""{problem.preamble}{solution.code}

{_codec()}

if __name__ == "__main__":
    import json as _json
    import sys as _sys

    _encode, _decode, _ = _codec()
    _lines = [line for line in _sys.stdin.read().split("\\n") if line]
    _given = [_decode(_json.loads(t), k) for t, k in zip(_lines, {_kinds(problem.signature)})]
    print(_json.dumps(_encode({target}(*_given))))
"""


_MAIN = """

if __name__ == "__main__":
    import sys

    with open(sys.argv[1]) as given, open(sys.argv[2]) as right:
        got = sys.stdin.buffer.read().decode("utf-8", "replace")
        fine = check((given.read(),), right.read(), got)
    sys.exit(42 if fine else 43)
"""


def _validator(problem: Problem) -> str | None:
    """The output validator; None where the default one, which compares tokens, will do."""
    signature = problem.signature
    if signature is None:
        return None if problem.checker is None else problem.checker + _MAIN
    inner = problem.checker or CLOSE.format(tolerance=problem.tolerance)
    return f"""import json


{_codec()}

{_nested("_comparison", inner, "check")}

def check(args, expected, got):
    _, decode, _ = _codec()
    kind = {signature.returns!r}
    lines = [line for line in args[0].split("\\n") if line]
    given = tuple(decode(json.loads(t), k) for t, k in zip(lines, {_kinds(signature)}))
    try:
        answer = decode(json.loads(got), kind)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False
    return bool(_comparison()(given, decode(json.loads(expected), kind), answer))
{_MAIN}"""


def _input_validator(problem: Problem) -> str:
    if problem.signature is None:
        return "import sys\n\nsys.stdin.buffer.read().decode()\nsys.exit(42)\n"
    return f"""import json
import sys

{_codec()}

_, decode, NotPlain = _codec()
kinds = {_kinds(problem.signature)}
lines = sys.stdin.read().split("\\n")
if len(lines) != len(kinds) + 1 or lines[-1]:
    sys.exit("there is one line per argument")
for line, kind in zip(lines, kinds):
    decode(json.loads(line), kind)
sys.exit(42)
"""


def _statement(problem: Problem) -> str:
    signature = problem.signature
    if signature is None:
        return problem.statement + "\n"
    lines = [f"- `{p.name}`" + (f": `{p.annotation}`" if p.annotation else "")
             for p in signature.parameters]  # fmt: skip
    count = "one line" if len(lines) == 1 else f"{len(lines)} lines"
    given = "\n".join(lines) or "There is no input."
    return f"""{problem.statement}

## Input

{count.capitalize()}, each one argument as JSON, in this order (types as Python names them):

{given}

Tuples and sets are arrays, bytes are texts of the characters U+0000 to U+00FF, `None` is `null`,
and a dictionary whose keys are not texts is an array of pairs.

## Output

The answer in the same form, on one line{f" (`{signature.returns}`)" if signature.returns else ""}.
Spaces within the JSON do not matter.
"""


def _config(problem: Problem, custom: bool) -> str:
    def quoted(text: str) -> str:
        return json.dumps(text)

    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"nlogn:{problem.name}:{problem.statement}")
    lines = [f"name: {quoted(problem.title or problem.name)}", f"uuid: {identity}"]
    if problem.source:
        lines += [f"source: {quoted(problem.source)}", "license: unknown"]
    else:
        lines += ["source: the bank of nlogn", "rights_owner: the authors of nlogn",
                  "license: permission"]  # fmt: skip
    if custom:
        lines.append("validation: custom")
    elif problem.tolerance:
        lines.append(f"validator_flags: float_tolerance {problem.tolerance!r}")
    lines += ["limits:", f"  memory: {max(problem.memory_limit_bytes >> 20, 1)}"]
    return "\n".join(lines) + "\n"
