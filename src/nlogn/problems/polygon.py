"""Codeforces Polygon packages, as whole-program problems.

Read are the statement (``problem-properties.json``, else TeX or HTML), the tests of the testset
"tests", limits, and the solutions with their tags. The standard checkers of testlib become
comparisons of ours. Not supported, and said so: other checkers, interactors, problems that read
or write files, and packages without their generated tests.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from nlogn.problems import syntax
from nlogn.problems.archives import Files
from nlogn.problems.errors import ProblemError
from nlogn.problems.kattis import LANGUAGES
from nlogn.problems.literals import shorten
from nlogn.problems.markdown import decode
from nlogn.problems.problem import Case, Problem, Solution, WrongSolution
from nlogn.problems.tex import plain_text

MARKER = "problem.xml"  # the file that makes a folder a package
MAX_XML = 8 << 20
RIGHT = ("main", "accepted")
REASONS = {
    "rejected": "rejected",
    "wrong-answer": "wrong answer",
    "presentation-error": "presentation error",
    "time-limit-exceeded": "time limit exceeded",
    "time-limit-exceeded-or-memory-limit-exceeded": "time or memory limit exceeded",
    "memory-limit-exceeded": "memory limit exceeded",
    "failed": "run-time error",
}


def read_package(package: Files, name: str, where: str) -> Problem:
    """The problem in `package`, whose files were found under `where` (which ends with a slash).

    Raises:
        ProblemError: no tests, no statement, or judging that is not supported.
    """
    config = _xml(package[MARKER], where + MARKER)
    _refuse_unsupported(config, where)
    language, title, statement = _statement(package, config, where)
    testset = _testset(config, where)
    right, wrong = _solutions(package, config)
    examples, tests = _cases(package, testset, bool(right), where)
    checker, tolerance = _checker(config, where)
    return Problem(
        name=name,
        title=title or _title(config, language) or name,
        statement=statement,
        examples=tuple(examples),
        tests=tuple(tests),
        checker=checker,
        tolerance=tolerance,
        solutions=tuple(right),
        wrong=tuple(wrong),
        time_limit_s=_limit(testset, "time-limit", 1000, where) / 1000,
        memory_limit_bytes=_limit(testset, "memory-limit", 256 << 20, where),
        source=config.get("url", ""),
    )


def _xml(data: bytes, path: str) -> ElementTree.Element:
    text = decode(data, path)
    if len(data) > MAX_XML or "<!DOCTYPE" in text:  # nothing may expand, or be fetched
        raise ProblemError("a document type or more than 8 MiB: this is no problem.xml", path)
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ProblemError(f"no valid XML ({error})", path) from None
    if root.tag != "problem":
        raise ProblemError(f"describes a {root.tag}, not a problem", path)
    return root


def _refuse_unsupported(config: ElementTree.Element, where: str) -> None:
    if config.find("assets/interactor") is not None:
        raise ProblemError(
            "an interactive problem: programs talk to a judge program, which is not supported",
            where,
        )
    judging = config.find("judging")
    attributes = {} if judging is None else judging.attrib
    for side in ("input-file", "output-file"):
        if attributes.get(side) not in (None, "", "stdin", "stdout"):
            raise ProblemError(
                f"its programs use the file {attributes[side]!r}, which is not supported: programs "
                "read stdin and write stdout",
                where,
            )
    if attributes.get("run-count", "1") != "1":
        raise ProblemError("its programs are run more than once a test: not supported", where)
    for file in config.iterfind("files/resources/file"):
        if (assets := file.find("assets")) is not None and any(
            a.get("name") == "solution" for a in assets
        ):
            raise ProblemError(
                f"a grader ({file.get('path')}) is compiled with each program: not supported", where
            )


def _statement(package: Files, config: ElementTree.Element, where: str) -> tuple[str, str, str]:
    """The language, title and text of the statement, in English where there is one."""
    found = [e for e in config.iterfind("statements/statement") if e.get("path")]
    found.sort(key=lambda e: (e.get("language") != "english", e.get("language") or ""))
    properties = sorted(
        (n for n in package if re.fullmatch(r"statements/[\w-]+/problem-properties\.json", n)),
        key=lambda n: ("/english/" not in n, n),
    )
    for name in properties:
        title, text = _from_properties(package[name], where + name)
        if text:
            return name.split("/")[1], title, text
    for suffix in (".tex", ".html"):
        for element in found:
            name = element.get("path", "")
            if name.endswith(suffix) and name in package:
                text = decode(package[name], where + name)
                text = _from_tex(text) if suffix == ".tex" else _from_html(text)
                if re.search(r"\w", text):
                    return element.get("language", ""), "", text.strip()
    raise ProblemError("no statement: statements/…/problem-properties.json is missing", where)


def _from_properties(data: bytes, path: str) -> tuple[str, str]:
    try:
        values = json.loads(decode(data, path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(f"no valid JSON ({error})", path) from None
    if not isinstance(values, dict):
        raise ProblemError("must be a JSON object", path)
    parts = []
    for key, heading in (
        ("legend", ""), ("input", "## Input"), ("output", "## Output"), ("scoring", "## Scoring"),
        ("notes", "## Note"),
    ):  # fmt: skip
        text = plain_text(str(values.get(key) or "")).strip()
        if text:
            parts.append(f"{heading}\n\n{text}".strip())
    return str(values.get("name") or ""), "\n\n".join(parts)


def _from_tex(text: str) -> str:
    """What olymp.sty's environment holds: the legend, and the sections of input and output."""
    text = re.sub(r"\\begin\{problem\}(\{[^{}]*\})*", "", text)
    text = re.sub(r"\\(InputFile|OutputFile|Note|Scoring)\b", r"\n\n## \1\n\n", text)
    text = re.sub(r"\\Examples?\b.*?(?=\n## |\\end\{problem\}|\Z)", "", text, flags=re.S)
    text = text.replace("## InputFile", "## Input").replace("## OutputFile", "## Output")
    return plain_text(text.replace("\\end{problem}", ""))


class _Text(HTMLParser):
    """The text of a page; block elements end a paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.silent += tag in ("script", "style", "head")
        if tag in ("p", "div", "pre", "table", "ul", "ol", "h1", "h2", "h3"):
            self.parts.append("\n\n")
        elif tag in ("br", "tr"):
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "head") and self.silent > 0

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def _from_html(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    lines: list[str] = []
    for line in "".join(parser.parts).split("\n"):
        blank = not lines or not lines[-1]
        if line.strip() or not blank:
            lines.append((line.lstrip() if blank else line).rstrip())
    return "\n".join(lines)


def _title(config: ElementTree.Element, language: str) -> str:
    names = {e.get("language"): e.get("value", "") for e in config.iterfind("names/name")}
    return names.get(language) or names.get("english") or next(iter(names.values()), "")


def _testset(config: ElementTree.Element, where: str) -> ElementTree.Element:
    sets = config.findall("judging/testset")
    if not sets:
        raise ProblemError("no tests: judging has no testset", where + MARKER)
    return next((s for s in sets if s.get("name") == "tests"), sets[0])


def _cases(
    package: Files, testset: ElementTree.Element, answerable: bool, where: str
) -> tuple[list[Case], list[Case]]:
    """The samples and the other tests. Where an answer is missing the main solution gives it."""
    patterns = [testset.findtext(f"{side}-path-pattern", "") for side in ("input", "answer")]
    if not all(re.fullmatch(r"[^%]*%(0?[1-9])?d[^%]*", pattern) for pattern in patterns):
        raise ProblemError(f"no pattern of test names: {patterns}", where)
    declared = testset.findall("tests/test")
    count = max(int(_number(testset, "test-count", 0)), len(declared))
    samples: list[Case] = []
    others: list[Case] = []
    for i in range(1, min(count, len(package)) + 1):
        given, answer = (pattern % i for pattern in patterns)
        if given not in package:
            raise ProblemError(
                f"the test {given} is missing: Polygon leaves generated tests out of a standard "
                "package, so download the full one (for Linux)",
                where,
            )
        known = answer in package
        if not known and not answerable:
            raise ProblemError(
                f"the answer {answer} is missing, and there is no solution in a language known "
                "here that could give it: download the full package",
                where,
            )
        case = Case(
            stdin=_text(package[given], where + given),
            expected=_text(package[answer], where + answer) if known else None,
            has_expected=known,
            note=given,
        )
        sample = i <= len(declared) and declared[i - 1].get("sample") == "true"
        (samples if sample and known else others).append(case)
    if not samples and not others:
        raise ProblemError("no tests: the testset is empty", where)
    return samples, others


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ProblemError("test data that is not UTF-8 text is not supported", path) from None


def _number(element: ElementTree.Element, tag: str, default: int) -> int:
    text = element.findtext(tag, "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 16 else default


def _limit(element: ElementTree.Element, tag: str, default: int, where: str) -> int:
    limit = _number(element, tag, 0 if element.findtext(tag, "").strip() else default)
    if limit == 0:
        text = shorten(element.findtext(tag, "").strip())
        raise ProblemError(f"the {tag} {text!r} is no whole number above 0", where + MARKER)
    return limit


def _solutions(
    package: Files, config: ElementTree.Element
) -> tuple[list[Solution], list[WrongSolution]]:
    """Those in languages that run here; the main one last, since it is the reference."""
    right: list[tuple[bool, Solution]] = []
    wrong: list[WrongSolution] = []
    for element in config.iterfind("assets/solutions/solution"):
        source = element.find("source")
        name = "" if source is None else source.get("path", "")
        language = LANGUAGES.get(PurePosixPath(name).suffix)
        tag = element.get("tag", "")
        if language is None or name not in package:
            continue
        code = package[name].decode("utf-8", "replace").replace("\r\n", "\n")
        if language == "python" and not syntax.parses(code):
            continue
        stem = PurePosixPath(name).name
        if tag in RIGHT:
            right.append((tag == "main", Solution(stem, code, "", "", language)))
        elif tag in REASONS:
            wrong.append(WrongSolution(stem, code, REASONS[tag], None, language))
    right.sort(key=lambda pair: pair[0])
    return [solution for _, solution in right], wrong


def _checker(config: ElementTree.Element, where: str) -> tuple[str, float]:
    """The comparison that a standard checker of testlib makes, as a checker's source."""
    element = config.find("assets/checker")
    name = "" if element is None else element.get("name", "")
    known = re.fullmatch(r"std::(\w+)\.cpp", name)
    kind = known[1] if known else ""
    if kind in _REALS:
        relative, absolute = _REALS[kind]
        one = f"real(a, b, {absolute}, {relative})"
    elif kind in _TOKENS:
        absolute, one = 0.0, _TOKENS[kind]
    else:
        source = element.find("source") if element is not None else None
        file = source.get("path", "") if source is not None else ""
        raise ProblemError(
            f"it judges answers with a checker of its own ({name or file or 'missing'}), which is "
            "not supported: several outputs may be right. Standard checkers of testlib are "
            f"({', '.join(sorted((*_TOKENS, *_REALS)))})",
            where,
        )
    split = _SPLITS.get(kind, "text.split()")
    order = "sorted(map(int, {0})) == sorted(map(int, {1}))" if kind == "uncmp" else (
        "len({0}) == len({1}) and all(map(same, {0}, {1}))")  # fmt: skip
    body = order.format("split(expected)", "split(got)")
    return _COMPARE.format(one=one, split=split, body=body), absolute


# What two tokens must be, by checker; https://codeforces.com/blog/entry/18431 names them.
_TOKENS = {
    "fcmp": "a == b", "lcmp": "a == b", "wcmp": "a == b",
    "hcmp": "whole(a) == whole(b)", "icmp": "whole(a) == whole(b)",
    "ncmp": "whole(a) == whole(b)", "uncmp": "whole(a) == whole(b)",
    "nyesno": "a.upper() == b.upper() and b.upper() in ('YES', 'NO')",
    "yesno": "a.upper() == b.upper() and b.upper() in ('YES', 'NO')",
}  # fmt: skip
# Relative and absolute error that is allowed.
_REALS = {
    "acmp": (0.0, 1.5e-6), "rcmp": (0.0, 1.5e-6), "rncmp": (0.0, 1.5e-5), "dcmp": (1e-6, 1e-6),
    "rcmp4": (1e-4, 1e-4), "rcmp6": (1e-6, 1e-6), "rcmp9": (1e-9, 1e-9),
}  # fmt: skip
_SPLITS = {
    "fcmp": "text.rstrip('\\n').split('\\n')",
    "lcmp": "[line.split() for line in text.rstrip().split('\\n')]",
}
_COMPARE = """\
import math
import re


def whole(text):
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError
    return text.lstrip("-").lstrip("0") or "0", text.startswith("-")


def real(expected, got, absolute, relative):
    a, b = float(expected), float(got)
    if not (math.isfinite(a) and math.isfinite(b)):
        return a == b or (a != a and b != b)
    return abs(a - b) <= absolute or abs(a - b) <= relative * abs(a)


def same(a, b):
    return {one}


def split(text):
    return {split}


def check(args, expected, got):
    try:
        return {body}
    except ValueError:
        return False
"""
