"""Other texts of the same program: compositions of transformations that keep what it does.

for variant in variants(code, "two_sum", seed=0): …   # variant.code, variant.steps

Nothing here runs the program. Each transformation is applied only where a conservative analysis
proves that it changes nothing (see `facts`); the judge then proves it again.
"""

import ast
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nlogn.annotate import (
    assignments,
    branches,
    calls,
    comprehensions,
    expressions,
    frames,
    layout,
    loops,
    memo,
    recursion,
    trampoline,
)
from nlogn.annotate.names import STYLES, rename
from nlogn.annotate.program import Edit, Parsed

Transformation = Callable[[Parsed], Iterator[Edit]]

TRANSFORMATIONS: tuple[Transformation, ...] = (
    loops.for_to_while, loops.while_to_for, loops.each_to_index, loops.index_to_each,
    loops.enumerate_to_counter, loops.while_true, loops.break_to_condition,
    comprehensions.comprehension_to_loop, comprehensions.loop_to_comprehension,
    comprehensions.sum_to_loop,
    branches.invert_if, branches.drop_else, branches.add_else, branches.single_exit,
    branches.early_return, branches.ternary_to_if, branches.if_to_ternary, branches.de_morgan,
    branches.nested_if, branches.extremum_to_if, branches.if_to_extremum,
    expressions.split_chain, expressions.join_chain, expressions.swap_operands,
    expressions.mirror_comparison, expressions.parity, expressions.emptiness,
    expressions.f_string_to_format,
    assignments.augmented_to_plain, assignments.plain_to_augmented, assignments.reorder,
    assignments.split_assignment, assignments.join_assignments, assignments.unpack_swap,
    assignments.name_value, assignments.return_directly,
    calls.extract_expression, calls.extract_body, calls.extract_entry, calls.inline_function,
    recursion.tail_call_to_loop, recursion.recursion_to_sum, frames.recursion_to_frames,
    trampoline.recursion_to_generators, memo.cache_to_dict,
    layout.drop_hints, layout.add_hints, layout.drop_docstring, layout.add_docstring,
)  # fmt: skip
# What fits nearly every program, or changes little, is not to crowd out the rest.
_LATER = {
    "extract_entry": 0.7, "extract_expression": 0.4, "mirror_comparison": 0.3, "name_value": 0.5,
    "add_docstring": 0.4, "add_hints": 0.4, "drop_hints": 0.4, "drop_docstring": 0.4,
    "de_morgan": 0.3, "split_assignment": 0.2, "augmented_to_plain": 0.2,
}  # fmt: skip
_MOST_STEPS = 4
_GIVE_UP = 40  # tries in a row that bring nothing new


@dataclass(frozen=True, slots=True)
class Variant:
    """A program text and how it was made: names of transformations, in order. `rename:STYLE`
    and `comments` are among them."""

    code: str
    steps: tuple[str, ...]
    seed: int


def variants(
    code: str, entry: str, *, seed: int = 0, annotations: tuple[str, ...] = ()
) -> Iterator[Variant]:
    """Distinct variants of `code`, endless until no new one is found in forty tries.

    Args:
        entry: the function that callers name; its name and parameters stay.
        annotations: of the entry's parameters and, last, its result, to write or leave out.

    Raises:
        SyntaxError: the program does not parse.
    """
    seen = {fingerprint(code)}
    tries = 0
    number = 0
    while tries < _GIVE_UP:
        number += 1
        made = _variant(code, entry, f"{seed}:{number}", annotations)
        mark = fingerprint(made.code) if made else ""
        if made is None or mark in seen:
            tries += 1
            continue
        tries = 0
        seen.add(mark)
        yield Variant(made.code, made.steps, number)


def _variant(code: str, entry: str, seed: str, annotations: tuple[str, ...]) -> Variant | None:
    rng = random.Random(seed)
    steps: list[str] = []
    wanted = rng.randint(1, _MOST_STEPS)
    order = sorted(TRANSFORMATIONS, key=lambda t: rng.random() + _LATER.get(t.__name__, 0.0))
    program = Parsed(ast.parse(code), entry, annotations)
    text = code
    for transformation in order:
        if len(steps) >= wanted:
            break
        edits = list(transformation(program))
        if not edits:
            continue
        for _ in range(rng.choice((1, 1, 2))):
            rng.choice(edits)()
            text = ast.unparse(ast.fix_missing_locations(program.tree)) + "\n"
            program = Parsed(ast.parse(text), entry, annotations)
            edits = list(transformation(program))  # the places of the changed tree
            if not edits:
                break
        steps.append(transformation.__name__)
    if rng.random() < 0.7:
        style = rng.choice(STYLES)
        if rename(program, style, rng.randrange(1 << 30), rng.choice((0.5, 1.0, 1.0))):
            text = ast.unparse(ast.fix_missing_locations(program.tree)) + "\n"
            steps.append(f"rename:{style}")
    if rng.random() < 0.15:
        text = layout.comment(text, rng.randrange(1 << 30))
        steps.append("comments")
    if not steps:
        return None
    return Variant(text, tuple(steps), 0)


def fingerprint(code: str) -> str:
    """Equal for programs that differ in layout, comments and docstrings alone.

    Raises:
        SyntaxError: the program does not parse.
    """
    return hashlib.sha256(ast.dump(_bare(code)).encode()).hexdigest()


def skeleton(code: str) -> str:
    """Equal for programs that differ in names, layout, comments and docstrings alone: the syntax
    tree with every identifier numbered by its first appearance. What does not parse is its text."""
    numbers: dict[str, str] = {}

    def numbered(name: str) -> str:
        return numbers.setdefault(name, f"n{len(numbers)}")

    try:
        tree = _bare(code)
    except (SyntaxError, ValueError):
        return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            continue
        for field, value in ast.iter_fields(node):
            if isinstance(value, str):
                setattr(node, field, numbered(value))
            elif isinstance(value, list):
                value[:] = [numbered(v) if isinstance(v, str) else v for v in value]
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def _bare(code: str) -> ast.Module:
    """The tree without docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module))
            and ast.get_docstring(node, clean=False) is not None
            and len(node.body) > 1
        ):
            del node.body[0]
    return tree
