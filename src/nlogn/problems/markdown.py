"""The Markdown format of statements and of the bank's problems (`docs/add-a-problem.md`).

A plain statement is a title and prose. Everything else is optional and has one section each:
Preamble, Signature, Examples, Tests, Limits, Paradigm, Phrasings, Generators, Checker, Rationale,
Source, and any number of ``## Right: name`` and ``## Wrong: name``. Other headings belong to the
prose.
"""

import ast
import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

from nlogn.problems import examples, syntax
from nlogn.problems.errors import ProblemError
from nlogn.problems.problem import Case, Paradigm, Problem, Signature, Solution, WrongSolution
from nlogn.problems.sections import Block, Document, Section, split
from nlogn.problems.signatures import declared, parse_signature

T = TypeVar("T")

MAX_BYTES = 2 << 20
LANGUAGES = {"": "python", "python": "python", "py": "python", "python3": "python",
             "cpp": "cpp", "c++": "cpp",
             "javascript": "javascript", "js": "javascript"}  # fmt: skip
_CLASS_WORDS = re.compile(r"(log|sqrt|[nmk]|\d|[()+*^!\s])+")


def read_markdown(path: str | os.PathLike[str], *, complete: bool = False) -> Problem:
    """The problem of one Markdown file; its name is the file's.

    Raises:
        ProblemError: unreadable, binary, empty, or a section that is wrong. With `complete`, also
            when something is missing that every problem of the bank has.
    """
    file = Path(path)
    try:
        data = file.read_bytes() if file.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise ProblemError(f"cannot be read: {error.strerror}", path) from None
    if data is None:
        raise ProblemError(f"larger than {MAX_BYTES >> 20} MiB: this is no statement", path)
    name = re.sub(r"\W+", "_", file.stem).strip("_").lower() or "problem"
    return parse_markdown(decode(data, path), name, path, complete=complete)


def decode(data: bytes, path: str | os.PathLike[str] = "") -> str:
    """UTF-8 text with ``\\n`` line ends; raises `ProblemError` for a binary file or bad UTF-8."""
    head = data[:4096]
    if b"\0" in head or sum(b < 32 and b not in b"\t\n\r\f\x1b" for b in head) > len(head) // 20:
        raise ProblemError("a binary file, where text in UTF-8 is wanted", path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemError(
            f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8", path, line
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_markdown(
    text: str, name: str, path: str | os.PathLike[str] = "", *, complete: bool = False
) -> Problem:
    """The problem that a Markdown text describes; see `read_markdown`."""
    document = split(text, path)
    reader = _Reader(document, path)
    limits = reader.limits()
    statement = document.statement
    if not re.search(r"\w", statement):
        raise ProblemError("the statement is empty: write what the program must do", path, 1)
    if section := document.one("limits"):
        kept = [b.text for b in section.blocks if not _SETTING.match(b.text)]
        if kept:
            statement += "\n\nLimits:\n\n" + "\n".join(f"- {line}" for line in kept)
    signature = reader.signature() or examples.infer_from_text(document.fences)
    cases, signature = reader.cases("examples", signature)
    tests, signature = reader.cases("tests", signature, unanswered=True)
    problem = Problem(
        name=name,
        title=document.title,
        statement=statement,
        signature=signature,
        examples=cases,
        tests=tests,
        generators=reader.generators(),
        checker=reader.checker(),
        solutions=tuple(reader.right(s, signature) for s in document.all("right")),
        wrong=tuple(reader.wrong(s, signature) for s in document.all("wrong")),
        phrasings=tuple(reader.items("phrasings")),
        rationale=reader.prose("rationale"),
        paradigm=reader.paradigm(),
        preamble=reader.preamble(),
        source=reader.prose("source"),
        **limits,
    )
    if complete:
        _require_complete(problem, document, path)
    return problem


_SETTING = re.compile(r"\s*([A-Za-z]+)\s*[:=]\s*(\S+?)\s*([a-zA-Z]*)\s*\.?\s*$")
_UNITS: dict[str, dict[str, float]] = {
    "time": {"s": 1, "sec": 1, "second": 1, "seconds": 1, "ms": 1e-3, "": 1},
    "memory": {"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20,
               "gib": 1 << 30, "": 1},
    "tolerance": {"": 1},
}  # fmt: skip


class _Reader:
    """One document's sections as a problem's fields."""

    def __init__(self, document: Document, path: str | os.PathLike[str]):
        self.document = document
        self.path = path

    def error(self, message: str, at: Section | Block | int) -> ProblemError:
        return ProblemError(message, self.path, at if isinstance(at, int) else at.line)

    def signature(self) -> Signature | None:
        if not (section := self.document.one("signature")):
            return None
        block = self.only_fence(section, "def f(numbers: list[int]) -> int:")
        try:
            return parse_signature(block.text)
        except ValueError as error:
            raise self.error(str(error), block) from None

    def only_fence(self, section: Section, sample: str) -> Block:
        fences = section.fences()
        if not fences:
            raise self.error(
                f"this section has no code block: add\n```python\n{sample}\n```", section
            )
        if len(fences) > 1:
            raise self.error("a second code block here: this section takes one", fences[1])
        return fences[0]

    def cases(
        self, kind: str, signature: Signature | None, *, unanswered: bool = False
    ) -> tuple[tuple[Case, ...], Signature | None]:
        if not (section := self.document.one(kind)):
            return (), signature
        return examples.read(section, signature, self.path, unanswered=unanswered)

    def items(self, kind: str) -> list[str]:
        if not (section := self.document.one(kind)):
            return []
        found = [" ".join(b.text.split()) for b in section.blocks if b.kind == "item"]
        if not found:
            raise self.error("this section is a list: begin each entry with `- `", section)
        return found

    def prose(self, kind: str) -> str:
        section = self.document.one(kind)
        return section.prose() if section else ""

    def paradigm(self) -> Paradigm:
        section = self.document.one("paradigm")
        word = section.prose().strip(" .`*").lower() if section else "algorithms"
        for known in get_args(Paradigm):
            if word == known:
                return known  # type: ignore[no-any-return]
        raise self.error(f"“{word}” is no paradigm: write {_options(Paradigm)}", section or 1)

    def limits(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        section = self.document.one("limits")
        for block in section.blocks if section else ():
            if not (match := _SETTING.match(block.text)):
                continue
            key, number, unit = match[1].lower(), match[2], match[3].lower()
            if split_unit := re.fullmatch(r"([\d.eE+_-]*\d)([a-zA-Z]*)", number):
                number, unit = split_unit[1], (split_unit[2] or unit).lower()
            known = difflib.get_close_matches(key, ("time", "memory", "tolerance"), 1, 0.8)
            if not known:
                continue
            scale = _UNITS[known[0]].get(unit)
            try:
                value = float(number)
                if scale is None or not 0 <= value < float("inf") or key != known[0]:
                    raise ValueError
                if key != "tolerance" and value * scale < (1 if key == "memory" else 1e-9):
                    raise ValueError
            except ValueError:
                raise self.error(
                    f"“{block.text}” is no limit: write `time: 2 s`, `memory: 256 MiB` or "
                    "`tolerance: 1e-6`",
                    block,
                ) from None
            field = {"time": "time_limit_s", "memory": "memory_limit_bytes"}.get(key, key)
            found[field] = int(value * scale) if key == "memory" else value * scale
        return found

    def generators(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if not (section := self.document.one("generators")):
            return found
        sample = "```python random\nlambda n, rng: ([rng.randrange(n + 1) for _ in range(n)],)\n```"
        if not section.fences():
            raise self.error(f"no generator here: write\n{sample}", section)
        for block in section.fences():
            shape = " ".join(block.info.split()[1:])
            if not shape:
                raise self.error(f"this generator has no shape: begin it as\n{sample}", block)
            if shape in found:
                raise self.error(f"a second generator of the shape “{shape}”", block)
            found[shape] = self.generator(block)
        return found

    def generator(self, block: Block) -> str:
        node = self.parsed(block, syntax.parse_expression)
        names = [a.arg for a in node.args.args] if isinstance(node, ast.Lambda) else []
        if names not in (["n", "rng"], ["n", "m", "rng"]):
            raise self.error(
                "a generator is one expression `lambda n, rng: (arguments,)`, or "
                "`lambda n, m, rng: …` for two sizes",
                block,
            )
        return block.text.strip()

    def parsed(self, block: Block, parse: Callable[[str], T]) -> T:
        try:
            return parse(block.text)
        except SyntaxError as error:
            line = block.line + (error.lineno or 1) - 1
            raise self.error(f"this code does not parse: {error.msg}", line) from None

    def preamble(self) -> str:
        if not (section := self.document.one("preamble")):
            return ""
        block = self.only_fence(section, "import math")
        self.parsed(block, syntax.parse)
        return block.text

    def checker(self) -> str | None:
        if not (section := self.document.one("checker")):
            return None
        block = self.only_fence(section, "def check(args, expected, got):\n    return …")
        tree = self.parsed(block, syntax.parse)
        check = declared(tree).get("check")
        if check is None or [a.arg for a in check.args.args] != ["args", "expected", "got"]:
            raise self.error("a checker defines `def check(args, expected, got):`", block)
        return block.text

    def code(self, section: Section, signature: Signature | None) -> tuple[str, str]:
        block = self.only_fence(section, "def …")
        word = block.info.split()[0].lower() if block.info else ""
        if word not in LANGUAGES:
            raise self.error(
                f"“{word}” is no language here: write ```python, ```cpp or ```javascript", block
            )
        language = LANGUAGES[word]
        if language == "python":
            tree = self.parsed(block, syntax.parse)
            if signature and signature.entry not in declared(tree):
                raise self.error(f"this code does not define `{signature.entry}`", block)
        elif signature:
            raise self.error(f"a {language} program has no signature: it reads stdin", block)
        return block.text, language

    def right(self, section: Section, signature: Signature | None) -> Solution:
        code, language = self.code(section, signature)
        prose = section.prose()
        time, memory = (self.declared_class(prose, what, section) for what in ("time", "memory"))
        return Solution(section.name, code, time, memory, language)

    def declared_class(self, prose: str, what: str, section: Section) -> str:
        match = re.search(rf"\b{what}\b\W{{0,3}}", prose, re.I)
        if not match:
            return ""
        text = prose[match.end() :].lstrip("`* ")
        depth = end = 0
        for char in text:
            end += 1
            depth += (char == "(") - (char == ")")
            if depth <= 0 and char == ")":
                break
        big_o = " ".join(text[:end].split())
        if not (big_o.startswith("O(") and depth == 0 and _CLASS_WORDS.fullmatch(big_o[1:])):
            raise self.error(
                f"the {what} class cannot be read: write `{what.title()}: O(n log n)`", section
            )
        return big_o

    def wrong(self, section: Section, signature: Signature | None) -> WrongSolution:
        code, language = self.code(section, signature)
        reason, exposed = [], None
        for block in section.blocks:
            if block.kind != "text":
                continue
            match = re.match(r"exposed by:?\s*(`+)(.+?)\1\s*\.?\s*$", block.text, re.I | re.S)
            if match:
                here = Block("text", match[2], block.line)
                exposed, _ = examples.call_arguments(match[2], signature, here, self.path)
            elif re.match(r"exposed by", block.text, re.I):
                raise self.error("write `Exposed by:` and a call in backticks: `f([1, 1])`", block)
            else:
                reason.append(" ".join(block.text.split()))
        return WrongSolution(section.name, code, "\n\n".join(reason), exposed, language)


def _options(literal: Any) -> str:
    *first, last = get_args(literal)
    return f"{', '.join(first)} or {last}"


def _require_complete(problem: Problem, document: Document, path: str | os.PathLike[str]) -> None:
    """Reports all that a problem of the bank lacks at once."""
    missing = lacking(problem)
    if not document.one("paradigm"):
        missing.append(f"a `## Paradigm`: {_options(Paradigm)}")
    if missing:
        raise ProblemError(
            "a problem of the bank also needs\n  - " + "\n  - ".join(missing), path, 1
        )


def lacking(problem: Problem) -> list[str]:
    """What every problem of the bank has and `problem` has not, as what to write."""
    missing = []
    if not problem.title:
        missing.append("a title: `# Longest increasing subsequence`")
    if not problem.signature:
        missing.append("a `## Signature`")
    if len(problem.examples) < 2:
        missing.append("two `## Examples` or more")
    if len(problem.phrasings) < 4:
        missing.append(f"four `## Phrasings` or more (now {len(problem.phrasings)})")
    if len(problem.generators) < 2:
        missing.append("two `## Generators` or more, one of them the worst case")
    if len(problem.solutions) < 3:
        missing.append(f"three `## Right: …` solutions or more (now {len(problem.solutions)})")
    missing += [
        f"`Time: O(…)` and `Memory: O(…)` under `## Right: {s.name}`"
        for s in problem.solutions
        if not (s.time and s.memory)
    ]
    if len(problem.wrong) < 2:
        missing.append(f"two `## Wrong: …` solutions or more (now {len(problem.wrong)})")
    for wrong in problem.wrong:
        if wrong.exposed_by is None:
            missing.append(f"``Exposed by: `{{call}}` `` under `## Wrong: {wrong.name}`")
        if not wrong.reason:
            missing.append(f"the reason under `## Wrong: {wrong.name}`")
    if not problem.rationale:
        missing.append("a `## Rationale`: from slow to fast in two or three sentences")
    return missing
