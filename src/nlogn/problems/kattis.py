"""Kattis problem packages (legacy format and 2023-07), as whole-program problems.

https://www.kattis.com/problem-package-format. Read are the statement, the samples and secret
cases, limits, submissions, the default validator's flags, and an output validator that is one
Python file with a ``check(args, expected, got)``, as `nlogn bank export` writes it. Not supported,
and said so: other output validators, interactive and multi-pass problems.
"""

import re
from pathlib import PurePosixPath
from typing import Any

from nlogn.problems import syntax
from nlogn.problems.archives import Files
from nlogn.problems.errors import ProblemError
from nlogn.problems.markdown import decode
from nlogn.problems.problem import Case, Problem, Solution, WrongSolution
from nlogn.problems.signatures import declared
from nlogn.problems.tex import plain_text

LANGUAGES = {".py": "python", ".py3": "python", ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp",
              ".js": "javascript"}  # fmt: skip
_REASONS = {
    "wrong_answer": "wrong answer",
    "run_time_error": "run-time error",
    "time_limit_exceeded": "time limit exceeded",
}
MARKER = "problem.yaml"  # the file that makes a folder a package
MAX_YAML = 64 << 10
_DEFAULT_TIME_S = 10.0
_DEFAULT_MEMORY_MIB = 1024


def read_package(package: Files, name: str, where: str) -> Problem:
    """The problem in `package`, whose files were found under `where` (which ends with a slash).

    Raises:
        ProblemError: no data, no statement, or judging that is not supported.
    """
    config = _yaml(package[MARKER], where + MARKER)
    _refuse_unsupported(package, config, where)
    title, statement = _statement(package, where)
    flags = _flags(package, config, where)
    examples, tests = _cases(package, "sample", where), _cases(package, "secret", where)
    if not examples and not tests:
        raise ProblemError("no cases: data/sample or data/secret must hold .in and .ans", where)
    checker, tolerance = _checker(flags, where)
    checker = _own_check(package) or checker
    limits = config.get("limits") or {}
    if not isinstance(limits, dict):
        raise ProblemError(f"limits must be a mapping, not {limits!r:.40}", where + MARKER)
    right, wrong = _submissions(package)
    return Problem(
        name=name,
        title=_localised(config.get("name")) or title or name,
        statement=statement,
        examples=tuple(examples),
        tests=tuple(tests),
        checker=checker,
        tolerance=tolerance,
        solutions=tuple(right),
        wrong=tuple(wrong),
        time_limit_s=_time_limit(package, limits, where),
        memory_limit_bytes=_memory_mib(limits.get("memory"), where) << 20,
        source=", ".join(
            str(config[k]) for k in ("source", "rights_owner", "license") if config.get(k)
        ),
    )


def _yaml(data: bytes, path: str) -> dict[str, Any]:
    import yaml

    if len(data) > MAX_YAML:
        raise ProblemError(f"more than {MAX_YAML >> 10} KiB of YAML: refused", path)
    text = decode(data, path)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ProblemError("YAML with aliases (*name): write their values out", path)
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(f"no valid YAML ({' '.join(str(error).split())[:120]})", path) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ProblemError("must be a mapping of keys to values", path)
    return value


def _refuse_unsupported(package: Files, config: dict[str, Any], where: str) -> None:
    kinds = config.get("type", "")
    kinds = set(map(str, kinds)) if isinstance(kinds, list) else set(str(kinds).split())
    validation = str(config.get("validation", "")).split()
    if "interactive" in kinds or "interactive" in validation:
        raise ProblemError(
            "an interactive problem: programs talk to a judge program, which is not supported",
            where,
        )
    for kind in ("multi-pass", "submit-answer"):
        if kind in kinds or kind in validation:
            raise ProblemError(f"a {kind} problem, which is not supported", where)
    own = _validators(package)
    if ("custom" in validation or own) and _own_check(package) is None:
        raise ProblemError(
            "it judges answers with an output validator of its own "
            f"({own[0] if own else 'missing'}), which is not supported: several outputs may be "
            "right, and comparing with the .ans files would fail right programs",
            where,
        )


def _validators(package: Files) -> list[str]:
    return [n for n in package if n.startswith(("output_validators/", "output_validator/"))]


def _own_check(package: Files) -> str | None:
    """The source of an output validator that is one Python file with a checker of our form,
    ``def check(args, expected, got)``, as our own packages have; it only ever runs sandboxed."""
    names = _validators(package)
    if len(names) != 1 or not names[0].endswith(".py"):
        return None
    source = package[names[0]].decode("utf-8", "replace").replace("\r\n", "\n")
    try:
        check = declared(syntax.parse(source)).get("check")
    except SyntaxError:
        return None
    fits = check is not None and [a.arg for a in check.args.args] == ["args", "expected", "got"]
    return source if fits else None


def _statement(package: Files, where: str) -> tuple[str, str]:
    found: dict[str, str] = {}
    for name in package:
        match = re.fullmatch(r"(?:problem_)?statement/problem(?:\.(\w+))?\.(tex|md)", name)
        if match:
            found.setdefault(match[1] or "en", name)
    if not found:
        raise ProblemError("no statement: statement/problem.en.md or .tex is missing", where)
    name = found.get("en") or found[min(found)]
    text = decode(package[name], where + name)
    title = ""
    if name.endswith(".tex"):
        title = text.partition("\\problemname{")[2].partition("\n")[0].partition("}")[0]
        text = plain_text(text)
    if not re.search(r"\w", text):
        raise ProblemError("the statement is empty", where + name)
    return title, text.strip()


def _cases(package: Files, folder: str, where: str) -> list[Case]:
    cases = []
    for name in sorted(package, key=_natural):
        if not (name.startswith(f"data/{folder}/") and name.endswith(".in")):
            continue
        answer = name[:-3] + ".ans"
        if answer not in package:
            raise ProblemError(f"{name} has no {PurePosixPath(answer).name} beside it", where)
        cases.append(
            Case(
                stdin=_text(package[name], where + name),
                expected=_text(package[answer], where + answer),
                note=name.removeprefix("data/")[:-3],
            )
        )
    return cases


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProblemError("test data that is not UTF-8 text is not supported", path) from None


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts numbers by their values: a longer one is larger."""
    parts = re.split(r"([0-9]+)", name)
    return [(len(p.lstrip("0")) if i % 2 else 0, p.lstrip("0") if i % 2 else p)
            for i, p in enumerate(parts)]  # fmt: skip


def _flags(package: Files, config: dict[str, Any], where: str) -> list[str]:
    """The default validator's flags; those that differ between groups cannot be honoured."""
    found: list[str] = _words(config.get("validator_flags"))
    groups: dict[str, list[str]] = {}
    for name, content in package.items():
        if re.fullmatch(r"data/(.+/)?(testdata|test_group)\.yaml", name):
            group = _yaml(content, where + name)
            flags = group.get("output_validator_flags", group.get("output_validator_args"))
            if flags:
                groups[name] = _words(flags)
    distinct = {tuple(flags) for flags in groups.values()}
    if len(distinct) > 1:
        raise ProblemError(
            f"its groups are compared in different ways ({', '.join(sorted(groups))}), which is "
            "not supported",
            where,
        )
    return [*found, *next(iter(distinct), ())]


def _words(flags: Any) -> list[str]:
    return [str(f) for f in flags] if isinstance(flags, list) else str(flags or "").split()


def _checker(flags: list[str], where: str) -> tuple[str, float]:
    """The default validator's comparison under `flags`, as a checker's source."""
    options: dict[str, Any] = dict.fromkeys(("case_sensitive", "space_change_sensitive"), False)
    tolerance = {"absolute": 0.0, "relative": 0.0}
    words = iter(flags)
    for flag in words:
        if flag in options:
            options[flag] = True
            continue
        match = re.fullmatch(r"float_(?:(absolute|relative)_)?tolerance", flag)
        try:
            value = float(next(words, "")) if match else float("nan")
        except ValueError:
            value = float("nan")
        if match is None or not 0 <= value < float("inf"):
            raise ProblemError(f"unknown validator flag “{flag}”: its meaning is not known", where)
        for kind in tolerance if match[1] is None else (match[1],):
            tolerance[kind] = value
    source = _COMPARE.format(**options, **tolerance)
    return source, max(tolerance.values())


_COMPARE = """\
import math
import re

CASE_SENSITIVE = {case_sensitive}
SPACE_SENSITIVE = {space_change_sensitive}
ABSOLUTE, RELATIVE = {absolute}, {relative}


def same(expected, got):
    if ABSOLUTE or RELATIVE:
        try:
            a, b = float(expected), float(got)
        except ValueError:
            pass
        else:
            if not re.fullmatch(r"[+-]?\\d+", expected):
                if a == b:
                    return True
                off = abs(a - b)
                return math.isfinite(off) and (off <= ABSOLUTE or off <= RELATIVE * abs(a))
    return expected == got if CASE_SENSITIVE else expected.lower() == got.lower()


def check(args, expected, got):
    if SPACE_SENSITIVE:
        expected, got = re.split(r"(\\s+)", expected), re.split(r"(\\s+)", got)
    else:
        expected, got = expected.split(), got.split()
    return len(expected) == len(got) and all(map(same, expected, got))
"""


def _submissions(package: Files) -> tuple[list[Solution], list[WrongSolution]]:
    right, wrong = [], []
    for name in sorted(package, key=lambda n: (n.endswith((".py", ".py3")), n)):
        parts = PurePosixPath(name).parts
        if len(parts) != 3 or parts[0] != "submissions":
            continue
        language = LANGUAGES.get(PurePosixPath(name).suffix)
        code = package[name].decode("utf-8", "replace").replace("\r\n", "\n")
        if language is None or (language == "python" and not syntax.parses(code)):
            continue
        if parts[1] == "accepted":
            right.append(Solution(parts[2], code, "", "", language))
        elif parts[1] in _REASONS:
            wrong.append(WrongSolution(parts[2], code, _REASONS[parts[1]], None, language))
    return right, wrong


def _time_limit(package: Files, limits: dict[str, Any], where: str) -> float:
    text = package.get(".timelimit", b"").decode("ascii", "replace").strip()
    value = limits.get("time_limit")
    value = text or _DEFAULT_TIME_S if value is None else value
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < 3600:
        told = f"the time limit {value!r:.40} is no number of seconds between 0 and 3600"
        raise ProblemError(told, where)
    return seconds


def _memory_mib(value: Any, where: str) -> int:
    if value is None:
        return _DEFAULT_MEMORY_MIB
    if isinstance(value, int | float) and 1 <= value < 1 << 20:
        return int(value)
    raise ProblemError(f"the memory limit {value!r:.40} is no number of MiB from 1", where + MARKER)


def _localised(name: Any) -> str:
    if isinstance(name, dict):
        name = name.get("en") or next(iter(name.values()), "")
    return str(name or "")
