"""Small bugs of the kind people write, put into a right program.

for mutant in mutants(code): …     # mutant.code differs in one place, `what` says how
"""

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE), ast.LtE: (ast.Lt, ast.GtE, ast.Eq),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE), ast.GtE: (ast.Gt, ast.LtE, ast.Eq),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE), ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add,), ast.Mult: (ast.Add, ast.FloorDiv),
    ast.Div: (ast.FloorDiv, ast.Mult), ast.FloorDiv: (ast.Div, ast.Mult, ast.Mod),
    ast.Mod: (ast.FloorDiv, ast.Mult), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd, ast.BitXor), ast.BitXor: (ast.BitOr,), ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}  # fmt: skip
_NAMES = {
    "min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "sum": "max",
    "lower": "upper", "upper": "lower", "startswith": "endswith", "endswith": "startswith",
    "find": "rfind", "rfind": "find", "append": "extend", "bisect_left": "bisect_right",
    "bisect_right": "bisect_left", "isalpha": "isalnum", "isdigit": "isalnum", "isupper": "islower",
    "islower": "isupper", "strip": "lstrip", "abs": "int", "ceil": "floor", "floor": "ceil",
    "add": "discard", "popleft": "pop", "round": "int", "reversed": "list", "set": "list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    code: str
    what: str  # "replaced < by <="
    line: int


def mutants(code: str, *, limit: int | None = None, seed: int = 0) -> list[Mutant]:
    """All one-place mutants of a program's functions, or `limit` of them drawn at random.

    Docstrings, annotations, imports and asserts are left alone. Mutants that differ in no
    token from each other or from the program are left out; equivalent ones cannot be.

    Raises:
        SyntaxError: the program does not parse.
    """
    tree = ast.parse(code)
    seen = {ast.unparse(tree)}
    found: list[Mutant] = []
    count = sum(1 for _ in _sites(tree))
    for i in range(count):
        j = 0
        while True:
            changed = copy.deepcopy(tree)
            site = next(s for k, s in enumerate(_sites(changed)) if k == i)
            edits = _edits(site)
            if j >= len(edits):
                break
            what, apply = edits[j]
            j += 1
            line = getattr(site.node, "lineno", 0)
            apply()
            ast.fix_missing_locations(changed)
            try:
                text = ast.unparse(changed)
                ast.parse(text)
            except (SyntaxError, ValueError):
                continue
            if text not in seen:
                seen.add(text)
                found.append(Mutant(text + "\n", what, line))
    if limit is not None and len(found) > limit:
        keep = sorted(random.Random(seed).sample(range(len(found)), limit))
        found = [found[k] for k in keep]
    return found


def one_mutant(code: str, rng: random.Random) -> Mutant | None:
    """A mutant drawn at random, without making the others; None where the program has no place
    for one, or the one drawn cannot be written.

    Raises:
        SyntaxError: the program does not parse.
    """
    tree = ast.parse(code)
    drawn = [(site, edit) for site in _sites(tree) for edit in _edits(site)]
    if not drawn:
        return None
    site, (what, apply) = rng.choice(drawn)
    line = getattr(site.node, "lineno", 0)
    before = ast.unparse(tree)
    apply()
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    return None if text == before else Mutant(text + "\n", what, line)


@dataclass(frozen=True, slots=True)
class _Site:
    node: ast.AST
    parent: ast.AST
    names: tuple[str, ...]  # the parameters of the function it is in


def _sites(tree: ast.Module) -> Iterator[_Site]:
    """Every node inside functions that an edit may apply to, in a fixed order."""

    def walk(node: ast.AST, names: tuple[str, ...], inside: bool) -> Iterator[_Site]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST) or _skipped(child):
                    continue
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    own = tuple(a.arg for a in child.args.args if a.arg != "self")
                    yield from walk(child, own, True)
                else:
                    if inside:
                        yield _Site(child, node, names)
                    yield from walk(child, names, inside)

    yield from walk(tree, (), False)


def _skipped(node: ast.AST) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert, ast.JoinedStr)):
        return True
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


_Edit = tuple[str, Callable[[], None]]


def _edits(site: _Site) -> list[_Edit]:
    node = site.node
    out: list[_Edit] = []

    def put(field: str, new: object, what: str, target: ast.AST = node) -> None:
        out.append((what, lambda: setattr(target, field, new)))

    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                for other in _COMPARE.get(type(op), ()):
                    swapped_ops = [*ops[:i], other(), *ops[i + 1 :]]
                    put("ops", swapped_ops, f"replaced {type(op).__name__} by {other.__name__}")
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            for kind in _ARITHMETIC.get(type(op), ()):
                put("op", kind(), f"replaced {type(op).__name__} by {kind.__name__}")
        case ast.BoolOp(op=op, values=values):
            swapped = ast.Or() if isinstance(op, ast.And) else ast.And()
            put("op", swapped, "swapped and / or")
            for i in range(len(values)):
                if len(values) > 1:
                    put("values", values[:i] + values[i + 1 :], "dropped a condition")
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            out.append(("dropped a unary operator", _replacer(site.parent, node, operand)))
        case ast.Constant(value=value):
            for new in _constants(value):
                put("value", new, f"replaced {value!r} by {new!r}")
        case ast.If() | ast.While() | ast.IfExp():
            negated = ast.UnaryOp(ast.Not(), node.test)
            put("test", negated, "negated a condition")
            if isinstance(node, ast.If):
                if node.orelse:
                    put("orelse", [], "dropped the else branch")
                put("test", ast.Constant(False), "never takes a branch")
                put("test", ast.Constant(True), "always takes a branch")
        case ast.comprehension(ifs=ifs) if ifs:
            put("ifs", ifs[1:], "dropped a filter")
            put("ifs", [ast.UnaryOp(ast.Not(), ifs[0]), *ifs[1:]], "negated a filter")
        case ast.Call(func=func, args=args):
            _call_edits(node, func, args, put, out)
        case ast.Slice():
            for field in ("lower", "upper"):
                bound = getattr(node, field)
                if bound is not None:
                    for shifted in _shifts(bound):
                        put(field, shifted, "moved a slice bound by one")
        case ast.Subscript(slice=index) if not isinstance(index, (ast.Slice, ast.Constant)):
            for shifted in _shifts(index):
                put("slice", shifted, "moved an index by one")
        case ast.Break():
            out.append(("replaced break by continue", _replacer(site.parent, node, ast.Continue())))
        case ast.Continue():
            out.append(("replaced continue by break", _replacer(site.parent, node, ast.Break())))
            out.append(("removed continue", _replacer(site.parent, node, ast.Pass())))
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            if isinstance(value, (ast.BinOp, ast.Name)) and not isinstance(value, ast.Name):
                put("value", ast.BinOp(value, ast.Add(), ast.Constant(1)), "returned one more")
        case ast.Assign() | ast.Expr():
            if isinstance(node, ast.Expr) or isinstance(site.parent, (ast.If, ast.For, ast.While)):
                out.append(("removed a statement", _replacer(site.parent, node, ast.Pass())))
        case ast.Name(id=name, ctx=ast.Load()) if name in site.names:
            for other_name in site.names:
                if other_name != name:
                    put("id", other_name, f"used {other_name} for {name}")
    if isinstance(node, ast.AugAssign):
        out.append(("removed a statement", _replacer(site.parent, node, ast.Pass())))
    return out


def _call_edits(
    node: ast.Call, func: ast.expr, args: list[ast.expr], put: Callable[..., None],
    out: list[_Edit],
) -> None:  # fmt: skip
    name = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
    other = _NAMES.get(name)
    if other is not None:
        target = "id" if isinstance(func, ast.Name) else "attr"
        put(target, other, f"called {other} for {name}", func)
    if name == "range":
        for i, arg in enumerate(args):
            for shifted in _shifts(arg):
                put("args", [*args[:i], shifted, *args[i + 1 :]], "moved a bound of range by one")
    symmetric = name in ("range", "isinstance", "min", "max", "gcd", "lcm", "print")
    if len(args) == 2 and not symmetric:
        put("args", args[::-1], "swapped arguments")
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in ("key", "reverse"):
            put("keywords", node.keywords[:i] + node.keywords[i + 1 :], f"dropped {keyword.arg}")


def _shifts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Constant):
        return []  # the constant itself is a site
    return [ast.BinOp(copy.deepcopy(node), op(), ast.Constant(1)) for op in (ast.Add, ast.Sub)]


def _constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [n for n in (value + 1, value - 1, 0) if n != value]
    if isinstance(value, float):
        return [value + 1, value / 2 if value else 1.0]
    if isinstance(value, str):
        if not value:
            return ["x"]
        return ["", value.swapcase()] if value.swapcase() != value else [""]
    if value is None:
        return [0]
    return []


def _replacer(parent: ast.AST, old: ast.AST, new: ast.AST) -> Callable[[], None]:
    def apply() -> None:
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                for i, child in enumerate(value):
                    if child is old:
                        value[i] = new

    return apply
