"""A function made a whole program: how the statement's sample inputs lay out its arguments.

The layout is found by trying the usual ones on the samples themselves: values line by line, or
tokens in which a count goes before each list. Nothing is executed.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nlogn.engine.adapt import normal
from nlogn.problems import Problem, Signature

_SCALARS = ("int", "float", "str")
_MAX_PARAMETERS = 3
_WORDS = (("YES", "NO"), ("Yes", "No"), ("yes", "no"), ("True", "False"), ("true", "false"),
          ("1", "0"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Slot:
    """One thing to read: a count, a scalar, a list of so many tokens, or a line."""

    kind: str  # "count", "scalar", "list", "line", "line list", "rows"
    name: str = ""
    of: str = "int"
    count: str = ""  # the name of the count that a list is long


def wrap(code: str, signature: Signature, asked: Problem) -> Iterator[str]:
    """Whole programs that read what `asked`'s samples look like, call the function and print."""
    kinds = [normal(p.annotation) for p in signature.parameters]
    if "." in signature.entry or not 1 <= len(kinds) <= _MAX_PARAMETERS:
        return
    stdins = [c.stdin for c in (*asked.examples, *asked.tests) if c.stdin is not None]
    answers = [c.expected for c in asked.examples if isinstance(c.expected, str)]
    names = [p.name for p in signature.parameters]
    for plan in _plans(names, kinds):
        if stdins and all(_reads(plan, text) for text in stdins):
            reading = _source(plan)
            shown = _printing(normal(signature.returns), answers)
            call = f"{signature.entry}({', '.join(names)})"
            gap = "" if code.startswith(("import", "from")) else "\n\n"
            yield f"import sys\n{gap}{code.rstrip()}\n\n\n{reading}\nresult = {call}\n{shown}\n"


def _plans(names: Sequence[str], kinds: Sequence[str]) -> Iterator[list[_Slot]]:
    """Layouts worth trying, commonest first."""
    simple = [_simple(kind) for kind in kinds]
    if any(s is None for s in simple):
        return
    parts = [(n, *s) for n, s in zip(names, simple, strict=True) if s]
    lists = [name for name, is_list, _ in parts if is_list]
    for order in itertools.permutations(parts):
        before = [_Slot("count", f"count_{n}") for n, is_list, _ in order if is_list]
        heads: list[tuple[list[_Slot], dict[str, str]]] = [(before, {})]
        if len(lists) > 1:  # one count for lists of equal length
            heads.append((before[:1], dict.fromkeys(lists, before[0].name)))
        for head in heads:
            slots = list(head[0])
            for name, is_list, of in order:
                count = head[1].get(name, f"count_{name}")
                slots.append(_Slot("list" if is_list else "scalar", name, of, count))
            if before:
                yield slots
                scalars = [s for s in slots if s.kind == "scalar"]
                rest = [s for s in slots if s.kind != "scalar"]
                at = sum(s.kind == "count" for s in rest)
                if scalars:
                    yield rest[:at] + scalars + rest[at:]
        if lists:
            each = []
            for name, is_list, of in order:
                if is_list:
                    each.append(_Slot("count", f"count_{name}"))
                each.append(_Slot("list" if is_list else "scalar", name, of, f"count_{name}"))
            yield each
        yield [_Slot("line list" if is_list else "line", name, of) for name, is_list, of in order]
        if not lists:
            yield [_Slot("scalar", name, of) for name, _, of in order]


def _simple(kind: str) -> tuple[bool, str] | None:
    if kind in _SCALARS:
        return False, kind
    match = re.fullmatch(r"list\[(int|float|str)\]", kind)
    return (True, match[1]) if match else None


def _reads(plan: Sequence[_Slot], text: str) -> bool:
    """Whether the plan takes all of a sample and finds numbers where numbers must be."""
    by_line = plan[0].kind.startswith("line")
    pieces = text.splitlines() if by_line else text.split()
    while by_line and pieces and not pieces[-1].strip() and len(pieces) > len(plan):
        pieces.pop()
    counts: dict[str, int] = {}
    at = 0
    try:
        for slot in plan:
            take = counts[slot.count] if slot.kind == "list" else 1
            taken = pieces[at : at + take]
            if len(taken) != take:
                return False
            at += take
            if slot.kind == "count":
                counts[slot.name] = int(taken[0])
                if counts[slot.name] < 0:
                    return False
            words = taken[0].split() if slot.kind == "line list" else taken
            if slot.of != "str":
                for word in words:
                    (int if slot.of == "int" else float)(word)
    except ValueError:
        return False
    return at == len(pieces)


def _source(plan: Sequence[_Slot]) -> str:
    if plan[0].kind.startswith("line"):
        lines = ["lines = sys.stdin.read().splitlines() + [''] * " + str(len(plan))]
        for i, slot in enumerate(plan):
            if slot.kind == "line list":
                lines.append(f"{slot.name} = {_convert_all(f'lines[{i}].split()', slot.of)}")
            else:
                lines.append(f"{slot.name} = {_convert(f'lines[{i}]', slot.of)}")
        return "\n".join(lines)
    lines = ["tokens = iter(sys.stdin.read().split())"]
    for slot in plan:
        if slot.kind == "list":
            body = _convert("next(tokens)", slot.of)
            lines.append(f"{slot.name} = [{body} for _ in range({slot.count})]")
        else:
            of = "int" if slot.kind == "count" else slot.of
            lines.append(f"{slot.name} = {_convert('next(tokens)', of)}")
    return "\n".join(lines)


def _convert(source: str, of: str) -> str:
    return source if of == "str" else f"{of}({source})"


def _convert_all(source: str, of: str) -> str:
    return source if of == "str" else f"[{of}(word) for word in {source}]"


def _printing(returns: str, answers: Sequence[str]) -> str:
    words = {a.strip() for a in answers}
    if returns == "bool":
        for yes, no in _WORDS:
            if words & {yes, no}:
                return f"print({yes!r} if result else {no!r})"
        return "print('yes' if result else 'no')"
    base = returns.replace("|None", "")
    if re.match(r"(list|tuple|set)\b", base):
        inner = re.fullmatch(r"list\[(list|tuple)\[.*\]\]", base)
        joined = any(len(a.split()) > 1 for a in answers)
        lined = any(len(a.strip().splitlines()) > 1 for a in answers)
        if inner:
            shown = "for row in result:\n    print(*row)"
        elif lined or not joined:
            shown = "print(*result, sep='\\n')" if lined else "print(*result)"
        else:
            shown = "print(*result)"
    else:
        shown = "print(result)"
    if "None" in returns.split("|"):
        return f"if result is None:\n    print({_none_word(words)!r})\nelse:\n    " + shown.replace(
            "\n", "\n    "
        )
    return shown


def _none_word(words: set[str]) -> str:
    for word in sorted(words):
        if re.fullmatch(r"-1|none|None|impossible|IMPOSSIBLE|no|No|NO|nothing", word):
            return word
    return "-1"
