"""`markdown_of` and `write_problem`: a problem as the file that `load_problem` reads back.

Markdown says all that a problem of the bank has. What it cannot say (a case that is checked by an
expression or a script, a value without a literal, bytes that no text file holds) makes
`write_problem` fall back to JSON, which says everything.
"""

import json
import math
import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from nlogn.problems.errors import ProblemError
from nlogn.problems.markdown import MAX_BYTES, parse_markdown
from nlogn.problems.problem import Case, Problem, Signature, Solution, WrongSolution
from nlogn.problems.sections import tidy

WIDTH = 100
MAX_STEM = 200  # bytes; file systems allow 255 for a name, and a draft's is longer
_FENCED = {"python": "python", "cpp": "cpp", "javascript": "javascript"}
_LIMITS = (("time", "time_limit_s", "s"), ("memory", "memory_limit_bytes", "B"),
           ("tolerance", "tolerance", ""))  # fmt: skip


class NotWritable(ValueError):
    """Markdown has no way to say this; the message says what."""


def write_problem(problem: Problem, folder: str | os.PathLike[str]) -> Path:
    """Write `problem` into `folder` as ``NAME.md``, or ``NAME.json`` where Markdown cannot say
    all of it, whole or not at all; an existing file is not overwritten.

    The file loads again equal, but for what `as_loaded` says.

    Raises:
        ProblemError: the file is already there.
        OSError: it cannot be written.
    """
    name = file_name(problem.name)
    try:
        text, suffix = markdown_of(problem), ".md"
        if len(text.encode()) > MAX_BYTES or parse_markdown(text, name) != as_loaded(problem):
            raise NotWritable("it would not be read back as it is")
    except (NotWritable, ProblemError):
        from nlogn.jsonable import dump

        text, suffix = json.dumps(dump(problem)) + "\n", ".json"
    return write_new(Path(folder) / (name + suffix), text.encode())


def write_new(path: Path, data: bytes) -> Path:
    """`data` as a new file that is there whole or not at all.

    Raises:
        ProblemError: there is such a file already.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        os.link(draft, path)  # unlike a rename, fails where there is one
    except FileExistsError:
        raise ProblemError(
            "is already there: move it away, or choose another folder", path
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def file_name(name: str) -> str:
    """`name` as the stem of a file: what `load_problem` makes of it again."""
    stem = re.sub(r"\W+", "_", name).strip("_").lower()[:100]
    fitting = stem.encode()[:MAX_STEM].decode(errors="ignore")
    return fitting.strip("_") or "problem"


def as_loaded(problem: Problem) -> Problem:
    """`problem` as Markdown keeps it: its name fit for a file, notes on cases dropped, every
    program, input and output ended by a line end, its statement without superfluous blanks, and
    in a code block where Markdown would read it as something else."""

    def text(value: Any) -> Any:
        return value + "\n" if isinstance(value, str) and value and value[-1] != "\n" else value

    def case(one: Case) -> Case:
        if one.stdin is None:
            return replace(one, note="")
        return replace(one, note="", stdin=text(one.stdin), expected=text(one.expected))

    return replace(
        problem,
        name=file_name(problem.name),
        title=problem.title.strip(),
        statement=tidy(_statement(problem)),
        examples=tuple(map(case, problem.examples)),
        tests=tuple(map(case, problem.tests)),
        checker=text(problem.checker),
        preamble=text(problem.preamble),
        solutions=tuple(replace(s, code=text(s.code)) for s in problem.solutions),
        wrong=tuple(replace(w, code=text(w.code)) for w in problem.wrong),
    )


def markdown_of(problem: Problem) -> str:
    """The Markdown file of `problem`.

    Raises:
        NotWritable: something in it has no Markdown form.
    """
    return "\n\n".join(part for part in _parts(problem) if part) + "\n"


def _parts(problem: Problem) -> Iterator[str]:
    yield f"# {problem.title}" if problem.title else ""
    yield _statement(problem)
    if problem.preamble:
        yield "## Preamble\n\n" + fence(problem.preamble, "python")
    if problem.signature:
        yield "## Signature\n\n" + fence(_signature(problem.signature), "python")
    for heading, cases in (("Examples", problem.examples), ("Tests", problem.tests)):
        if cases:
            yield f"## {heading}\n\n" + _cases(cases, problem.signature)
    defaults = {field.name: field.default for field in fields(Problem)}
    limits = [
        f"- {word}: {getattr(problem, name)!r} {unit}".rstrip()
        for word, name, unit in _LIMITS
        if getattr(problem, name) != defaults[name]
    ]
    if limits:
        yield "## Limits\n\n" + "\n".join(limits)
    yield f"## Paradigm\n\n{problem.paradigm}"
    if problem.phrasings:
        yield "## Phrasings\n\n" + "\n".join(f"- {text}" for text in problem.phrasings)
    if problem.generators:
        sources = (fence(source, f"python {shape}") for shape, source in problem.generators.items())
        yield "## Generators\n\n" + "\n\n".join(sources)
    if problem.checker:
        yield "## Checker\n\n" + fence(problem.checker, "python")
    for solution in problem.solutions:
        yield solution_markdown(solution)
    for wrong in problem.wrong:
        yield wrong_markdown(wrong, problem.signature)
    if problem.rationale:
        yield f"## Rationale\n\n{problem.rationale}"
    if problem.source:
        yield f"## Source\n\n{problem.source}"


def _statement(problem: Problem) -> str:
    """The statement as it is, or within a fence where it would be read as something else."""
    plain = f"# T\n\n{problem.statement}\n"
    try:
        read = parse_markdown(plain, "t")
        bare = replace(read, name="", title="", statement="") == Problem("", "")
        if bare and read.statement == tidy(problem.statement):
            return problem.statement
    except ProblemError:
        pass
    return fence(problem.statement, "text")


def solution_markdown(solution: Solution) -> str:
    """A right solution with its declared classes."""
    pairs = (("Time", solution.time), ("Memory", solution.memory))
    declared = " ".join(f"{word}: {big_o}." for word, big_o in pairs if big_o)
    code = fence(solution.code, _FENCED[solution.language])
    return "\n\n".join(filter(None, (f"## Right: {solution.name}", declared, code)))


def wrong_markdown(wrong: WrongSolution, signature: Signature | None) -> str:
    """A wrong solution with its reason and the input that exposes it."""
    parts = [f"## Wrong: {wrong.name}"]
    parts += [_wrapped(text) for text in wrong.reason.split("\n\n") if text]
    if wrong.exposed_by is not None:
        parts.append(f"Exposed by: {code_span(call_of(signature, wrong.exposed_by))}")
    return "\n\n".join([*parts, fence(wrong.code, _FENCED[wrong.language])])


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    if any(re.match(r"\s*([-+*#>`~=|_:]|\d+[.)])", line) for line in lines[1:]):
        return text  # a line that begins so would be a list or a heading
    return "\n".join(lines)


def fence(text: str, info: str) -> str:
    """`text` as a code block."""
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`{3,}", text)), 0)
    return f"{ticks}{info}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{ticks}"


def code_span(text: str) -> str:
    """`text` between more backticks than it holds."""
    most = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (most + 1)
    space = " " if most and (text[0] == "`" or text[-1] == "`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _signature(signature: Signature) -> str:
    owner, _, name = signature.entry.rpartition(".")
    line = str(replace(signature, entry=name))
    if not owner:
        return line
    line = line.replace("(", "(self, " if signature.parameters else "(self", 1)
    return f"class {owner}:\n    {line}"


def _cases(cases: tuple[Case, ...], signature: Signature | None) -> str:
    whole = [case for case in cases if case.stdin is not None]
    if whole:
        return "\n\n".join(_pair(case) for case in cases)
    return "\n".join(_item(case, signature) for case in cases)


def _pair(case: Case) -> str:
    if case.check or case.script or not case.has_expected or not isinstance(case.expected, str):
        raise NotWritable("a whole program's case without an output")
    return f"{fence(case.stdin or '', 'input')}\n\n{fence(case.expected, 'output')}"


def _item(case: Case, signature: Signature | None) -> str:
    if case.check or case.script or case.args is None:
        raise NotWritable("a case that a script or an expression judges")
    call = code_span(call_of(signature, case.args))
    return f"- {call} -> {code_span(literal(case.expected))}" if case.has_expected else f"- {call}"


def call_of(signature: Signature | None, args: tuple[Any, ...]) -> str:
    """The call of the entry with `args`; raises `NotWritable`."""
    name = signature.entry if signature else "f"
    return f"{name}({', '.join(map(literal, args))})"


def literal(value: Any) -> str:
    """The source text of a value as `literals.evaluate` reads it.

    Raises:
        NotWritable: a value that no literal stands for.
    """
    kind = type(value)
    if value is None or kind in (bool, str, bytes):
        return repr(value)
    if kind is int:
        return repr(value) if value.bit_length() < 10_000 else hex(value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if kind is complex:
        return f"complex({literal(value.real)}, {literal(value.imag)})"
    if kind is dict:
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if kind is range or kind is bytearray:
        return repr(value)
    if kind not in (list, tuple, set, frozenset):
        raise NotWritable(f"a value of the type {kind.__name__} has no literal")
    inner = ", ".join(map(literal, value))
    if kind is tuple:
        return f"({inner}{',' if len(value) == 1 else ''})"
    if kind is list:
        return f"[{inner}]"
    if kind is set:
        return f"{{{inner}}}" if value else "set()"
    return f"frozenset([{inner}])"
