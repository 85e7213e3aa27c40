"""Test code made of ``assert`` statements, as cases that can be judged without running it.

    assert f([1, 2]) == 3                           args ([1, 2],), expected 3
    assert set(f("ab")) == set(["a", "b"])          … under the relation set(got) == set(expected)
    assert abs(f(2) - 1.41) < 1e-2                  … under a tolerance of 0.01
    for _ in range(9): x = …; assert f(x) == g(x)   a script: it can only run beside the program

The code is read, never executed.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nlogn.problems import syntax
from nlogn.problems.literals import NotLiteral, evaluate_node
from nlogn.problems.problem import Case, Signature
from nlogn.problems.signatures import declared

EQUAL = "got == expected"
TRUTH = "bool(got) == bool(expected)"
_SAFE_NAMES = frozenset(
    """abs all any bool dict enumerate float frozenset got expected int isinstance len list map
    math max min range repr reversed round set sorted str sum tuple type zip""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Assertion:
    """``relation`` holds between what ``entry(*args)`` returns (got) and `expected`."""

    args: tuple[Any, ...]
    expected: Any
    relation: str = EQUAL
    tolerance: float = 0.0


@dataclass(slots=True)
class Tests:
    assertions: list[Assertion] = field(default_factory=list)
    script: str = ""  # what could not be read as assertions, as statements that assert
    property: str | None = None  # a checker that the script's loop asserts, see `_property`

    def judged_as(self) -> tuple[list[Case], str | None, float]:
        """The cases, the checker and the tolerance that these tests amount to.

        One relation other than equality, if all share it, becomes the checker, so that it also
        judges inputs that are not among these tests.
        """
        relations = {a.relation for a in self.assertions}
        tolerance = max((a.tolerance for a in self.assertions), default=0.0)
        checker = self.property
        if len(relations) == 1 and relations != {EQUAL}:
            checker = (
                "import math\n\n\ndef check(args, expected, got):\n"
                f"    return {next(iter(relations))}\n"
            )
        cases = []
        for a in self.assertions:
            if a.relation == EQUAL or checker:
                cases.append(Case(args=a.args, expected=a.expected))
            else:
                check = a.relation.replace("expected", repr(a.expected))
                cases.append(Case(args=a.args, has_expected=False, check=check))
        if self.script:
            cases.append(Case(has_expected=False, script=self.script))
        return cases, checker, tolerance


def read_asserts(
    statements: Sequence[ast.stmt], names: Sequence[str], signature: Signature, helpers: str = ""
) -> Tests:
    """The tests in a list of statements that call the entry by one of `names`.

    `names` are as they stand in the test: ``candidate``, ``two_sum``, ``my_solution.two_sum``.
    `helpers` is source that the tests rely on besides the entry.
    """
    tests = Tests()
    known: dict[str, Any] = {}
    before: list[ast.stmt] = []
    left: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, ast.Assert):
            if not _calls(node, names):
                left += [] if _is_true(node.test) else [*before, node]
                continue
            try:
                tests.assertions.append(_assertion(node.test, names, signature, known))
                continue
            except ValueError:
                left += [*before, node]
                before = []
        elif isinstance(node, ast.For) and (checker := _property(node, names, signature, helpers)):
            tests.property = tests.property or checker
            left += [*before, node]
            before = []
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            before.append(node)
            target = node.targets[0]
            if isinstance(target, ast.Name):
                known.pop(target.id, None)
                try:
                    known[target.id] = _literal(node.value, known)
                except ValueError:
                    if _calls(node, names):
                        left += before
                        before = []
        elif isinstance(node, ast.Expr) and not _calls(node, names):
            continue
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            before.append(node)
        else:
            left += [*before, node]
            before = []
    if left:
        tests.script = ast.unparse(ast.Module(left, []))
    return tests


def _calls(node: ast.AST, names: Sequence[str]) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) in names]


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _literal(node: ast.expr, known: dict[str, Any]) -> Any:
    """A literal's value; names of `known` values and ``copy.deepcopy(x)`` count as literals."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("copy.deepcopy", "deepcopy"):
        return _literal(node.args[0], known)
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    return evaluate_node(node)


def _assertion(
    test: ast.expr, names: Sequence[str], signature: Signature, known: dict[str, Any]
) -> Assertion:
    calls = _calls(test, names)
    if len(calls) != 1:
        raise NotLiteral("the entry is called more than once")
    args = _arguments(calls[0], signature, known)
    body = _replace(test, calls[0], "got")
    match body:
        case ast.Name("got"):
            return Assertion(args, True, TRUTH)
        case ast.UnaryOp(ast.Not(), ast.Name("got")):
            return Assertion(args, False, TRUTH)
        case ast.Compare(ast.Name("got"), [ast.Eq() | ast.Is()], [right]):
            return Assertion(args, _literal(right, known))
        case ast.Compare(left, [ast.Eq() | ast.Is()], [ast.Name("got")]):
            return Assertion(args, _literal(left, known))
        case ast.Compare(
            ast.Call(ast.Name("abs") | ast.Attribute(attr="fabs"),
                     [ast.BinOp(ast.Name("got"), ast.Sub(), right)], []),
            [ast.Lt() | ast.LtE()], [ast.Constant(float() | int() as tolerance)],
        ):  # fmt: skip
            return Assertion(args, _literal(right, known), tolerance=float(tolerance))
        case ast.Call(ast.Attribute(ast.Name("math"), "isclose") | ast.Name("isclose"),
                      [ast.Name("got"), right], keywords):  # fmt: skip
            given = [evaluate_node(k.value) for k in keywords]
            return Assertion(args, _literal(right, known), tolerance=max(given, default=1e-9))
    return _related(body, args, known)


def _related(body: ast.expr, args: tuple[Any, ...], known: dict[str, Any]) -> Assertion:
    """``wrap(got) == wrap(literal)``, or any other expression over ``got`` alone."""
    free = {n.id for n in ast.walk(body) if isinstance(n, ast.Name)} - _SAFE_NAMES
    if free:
        raise NotLiteral(f"the assertion needs {', '.join(sorted(free))}")
    if isinstance(body, ast.Compare) and len(body.ops) == 1 and isinstance(body.ops[0], ast.Eq):
        left, right = body.left, body.comparators[0]
        wanted = ast.unparse(left)
        for node in ast.walk(right):
            if not isinstance(node, ast.expr):
                continue
            shape = ast.unparse(_replace(right, node, "got"))
            if shape != wanted:
                continue
            relation = f"{wanted} == {ast.unparse(_replace(right, node, 'expected'))}"
            return Assertion(args, _literal(node, known), relation)
    return Assertion(args, None, ast.unparse(body))


def _arguments(call: ast.Call, signature: Signature, known: dict[str, Any]) -> tuple[Any, ...]:
    positional = [_literal(a, known) for a in call.args]
    named: dict[str, Any] = {}
    for k in call.keywords:
        value = _literal(k.value, known)
        if k.arg is not None:
            named[k.arg] = value
        elif isinstance(value, dict):
            named |= value
    rest = [p.name for p in signature.parameters[len(positional) :]]
    if set(named) - set(rest) or any(
        later in named for n, later in pairwise(rest) if n not in named
    ):
        raise NotLiteral("the named arguments do not fit the signature")
    return (*positional, *(named[name] for name in rest if name in named))


def _replace(tree: ast.expr, old: ast.expr, name: str) -> ast.expr:
    """A copy of `tree` in which the node `old` is the name `name`."""

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is old:
                return ast.Name(name, ast.Load())
            return type(node)(**{
                key: [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
                if isinstance(value, list)
                else self.visit(value) if isinstance(value, ast.AST) else value
                for key, value in ast.iter_fields(node)
            })  # fmt: skip

    found = Swap().visit(tree)
    assert isinstance(found, ast.expr)
    return ast.fix_missing_locations(found)


def _property(
    loop: ast.For, names: Sequence[str], signature: Signature, helpers: str
) -> str | None:
    """A checker from a loop that draws random inputs and asserts a property of the answer.

    Only if the asserted expression needs nothing but the answer, the arguments (passed by plain
    name) and the helpers: then it judges any input, not only those that the loop draws.
    """
    calls = _calls(loop, names)
    last = loop.body[-1]
    if len(calls) != 1 or not isinstance(last, ast.Assert) or calls[0].keywords:
        return None
    bound = [_passed_name(a) for a in calls[0].args]
    if None in bound or len(bound) != len(signature.parameters):
        return None
    test = last.test
    if _calls(test, names):
        test = _replace(test, calls[0], "got")
    else:
        before = loop.body[-2] if len(loop.body) > 1 else None
        if not (isinstance(before, ast.Assign) and before.value is calls[0]):
            return None
        (target,) = before.targets
        for node in [n for n in ast.walk(test) if isinstance(n, ast.Name)]:
            if isinstance(target, ast.Name) and node.id == target.id:
                test = _replace(test, node, "got")
    assigned = {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and _stores(n)}
    used = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    helped = set(declared(syntax.parse(helpers)))
    if used - set(bound) - {"got", "math"} - helped - (_SAFE_NAMES - assigned):
        return None
    if not used & set(bound) or used & (assigned - set(bound) - {"got"}):
        return None
    unpack = f"    {', '.join(map(str, bound))}, = args\n"
    return (
        f"import math\n{helpers}\n\ndef check(args, expected, got):\n"
        f"{unpack}    return {ast.unparse(test)}\n"
    )


def _passed_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("copy.deepcopy", "deepcopy"):
        node = node.args[0]
    return node.id if isinstance(node, ast.Name) else None


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
