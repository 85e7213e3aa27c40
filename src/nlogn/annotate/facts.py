"""What can be proven about a piece of Python: where names live, what cannot have an effect,
which values are numbers. Everything here is conservative: no proof means no.
"""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

Function = ast.FunctionDef
Block = list[ast.stmt]

NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_REFLECTION = frozenset(
    ("eval", "exec", "locals", "globals", "vars", "dir", "getattr", "setattr", "delattr", "hasattr",
     "compile", "__import__", "breakpoint", "super", "id", "memoryview")
)  # fmt: skip
# Builtins that read their arguments and change nothing. `iter` and `next` are not among them.
_READERS = frozenset(
    ("len", "abs", "min", "max", "ord", "chr", "int", "float", "bool", "str", "sum", "divmod",
     "range", "isinstance", "round", "pow", "repr", "hash", "bin", "hex")
)  # fmt: skip
_INT_CALLS = frozenset(("len", "ord", "hash"))
_INT_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_INT_ONLY_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.RShift, ast.LShift)
_BUILT = {"list": "list", "dict": "dict", "set": "set", "sorted": "list", "str": "str",
          "tuple": "tuple", "deque": "deque"}  # fmt: skip


def _kept(function: F) -> F:
    """Remember the answer on the node: nothing here changes a tree before all have asked."""
    slot = f"_nlogn_{function.__name__}"

    def ask(node: ast.AST) -> Any:
        known = node.__dict__
        if slot not in known:
            known[slot] = function(node)
        return known[slot]

    ask.__doc__ = function.__doc__
    return cast(F, ask)


def functions(tree: ast.Module) -> list[Function]:
    """Module-level functions that are neither decorated nor generators nor async: those that the
    transformations work on."""
    return [
        node for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not yields(node)
    ]  # fmt: skip


@_kept
def yields(function: ast.AST) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in own(function))


@_kept
def own(scope: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those of the functions and classes inside it."""
    found = []
    left = [scope]
    while left:
        node = left.pop()
        for child in ast.iter_child_nodes(node):
            found.append(child)
            if not isinstance(child, NESTED):
                left.append(child)
    return found


def reflects(tree: ast.Module) -> bool:
    """Whether the program may look at its own names, or gives operators meanings of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (
            node.id in _REFLECTION or (node.id.startswith("__") and node.id.endswith("__"))
        ):
            return True
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            return True
        if isinstance(node, ast.ClassDef) and any(
            isinstance(s, ast.FunctionDef)
            and s.name.startswith("__")
            and s.name not in ("__init__", "__slots__")
            for s in node.body
        ):
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and any(
            a.name == "*" or a.name.partition(".")[0] in ("inspect", "sys", "gc", "ctypes")
            for a in node.names
        ):  # fmt: skip
            return True
    return False


def names(nodes: ast.AST | Iterable[ast.AST]) -> set[str]:
    """Every identifier that appears, in any role."""
    found: set[str] = set()
    for root in [nodes] if isinstance(nodes, ast.AST) else nodes:
        for node in ast.walk(root):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.add(name)
                case ast.ClassDef(name=name):
                    found.add(name)
                case ast.Global(names=several) | ast.Nonlocal(names=several):
                    found.update(several)
                case ast.keyword(arg=str(name)) | ast.ExceptHandler(name=str(name)):
                    found.add(name)
                case ast.alias(name=name, asname=other):
                    found.update((*name.split("."), other or ""))
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    found.add(name)
    return found


def loads(nodes: ast.AST | Iterable[ast.AST]) -> set[str]:
    return _with_context(nodes, ast.Load)


def stores(nodes: ast.AST | Iterable[ast.AST]) -> set[str]:
    """Names that are assigned, deleted, defined or imported there, nested scopes included."""
    found = _with_context(nodes, (ast.Store, ast.Del))
    for root in [nodes] if isinstance(nodes, ast.AST) else nodes:
        for node in ast.walk(root):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                found.add(node.name)
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                found.update(node.names)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                found.add(node.name)
    return found


def _with_context(
    nodes: ast.AST | Iterable[ast.AST], kind: type[ast.AST] | tuple[type[ast.AST], ...]
) -> set[str]:
    roots = [nodes] if isinstance(nodes, ast.AST) else nodes
    return {
        node.id
        for root in roots
        for node in ast.walk(root)
        if isinstance(node, ast.Name) and isinstance(node.ctx, kind)
    }


def parameters(function: Function) -> list[ast.arg]:
    return parameters_of(function.args)


def parameters_of(a: ast.arguments) -> list[ast.arg]:
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


def simple_parameters(function: Function) -> list[str] | None:
    """Names of the parameters where all are positional and without a default, else None."""
    a = function.args
    if a.defaults or a.kw_defaults or a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs:
        return None
    return [arg.arg for arg in a.args]


@_kept
def captured(function: Function) -> set[str]:
    """Names that a nested function, lambda, class or generator expression mentions, or that are
    declared global or nonlocal: what happens to them is not seen in the function's own text."""
    found: set[str] = set()
    for node in own(function):
        if isinstance(node, (*NESTED, ast.GeneratorExp)):
            found |= names(node)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
    return found


@_kept
def locals_of(function: Function) -> set[str]:
    """Names bound in the function itself, without those of comprehensions and nested scopes."""
    found = {arg.arg for arg in parameters(function)}
    for node in _statements_and_targets(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
        ):
            found.add(node.name)
    return found


def _statements_and_targets(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (*NESTED, *COMPREHENSIONS)):
            yield from _statements_and_targets(child)


def blocks(function: ast.AST) -> Iterator[Block]:
    """Every statement list of a function, outermost first, nested functions left out."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(function, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
            for statement in block:
                if not isinstance(statement, NESTED):
                    yield from blocks(statement)
    for handler in getattr(function, "handlers", []):
        yield from blocks(handler)


@_kept
def inside_try(function: ast.AST) -> bool:
    """Whether an exception may be caught, so that the order in which things fail can be seen."""
    return any(isinstance(n, (ast.Try, ast.With)) for n in ast.walk(function))


def leaves(block: Iterable[ast.stmt], kinds: tuple[type[ast.stmt], ...]) -> bool:
    """Whether a `continue`, `break` or `return` of `kinds` in the block concerns what is around
    it, and not a loop or function inside it."""
    for statement in block:
        if isinstance(statement, kinds):
            return True
        if isinstance(statement, NESTED):
            continue
        inner = kinds
        if isinstance(statement, (ast.For, ast.While, ast.AsyncFor)):
            inner = tuple(k for k in kinds if k is ast.Return)
            if leaves(statement.orelse, kinds):
                return True
        for field in ("body", "orelse", "finalbody"):
            part = getattr(statement, field, None)
            if field == "orelse" and isinstance(statement, (ast.For, ast.While)):
                continue
            if isinstance(part, list) and inner and leaves(part, inner):
                return True
        for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
            if inner and leaves(part.body, inner):
                return True
    return False


def ends(block: Block) -> bool:
    """Whether control never falls out of the end of the block."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
        return True
    return isinstance(last, ast.If) and ends(last.body) and ends(last.orelse)


def binds(statement: ast.stmt) -> set[str]:
    """Names that `statement` binds whenever it ends normally."""
    match statement:
        case ast.Assign(targets=targets):
            return {n.id for t in targets for n in ast.walk(t)
                    if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
        case ast.AugAssign(target=ast.Name(id=name)):
            return {name}
        case ast.If(body=body, orelse=orelse):
            each = [
                set().union(*map(binds, branch)) if not ends(branch) else None
                for branch in (body, orelse)
            ]
            known = [e for e in each if e is not None]
            return set.intersection(*known) if known else set()
    return set()


def is_reader(call: ast.Call, shadowed: set[str]) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in _READERS and name not in shadowed and not call.keywords


def pure(node: ast.expr, shadowed: set[str]) -> bool:
    """Whether evaluating `node` changes nothing, so that it may move past another pure one.
    It may still raise. `shadowed` are the names that the program binds itself."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            if not is_reader(part, shadowed):
                return False
        elif isinstance(part, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Lambda,
                               ast.Starred, *COMPREHENSIONS)):  # fmt: skip
            return False
    return True


def atom(node: ast.expr) -> bool:
    """A name or a constant: evaluating it twice is evaluating it once."""
    return isinstance(node, (ast.Name, ast.Constant)) or (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    )


def bound_names(tree: ast.Module) -> set[str]:
    """Names that the program binds anywhere; a builtin among them no longer means the builtin."""
    found = stores(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found.add(node.arg)
    return found & set(dir(builtins))


class Types:
    """Kinds of a function's local values where all their bindings agree: "int", "float", "str",
    "list", "dict", "set", "tuple", "bool". Annotated parameters are what they say."""

    def __init__(self, function: Function, shadowed: set[str]) -> None:
        self.shadowed = shadowed
        self.kinds: dict[str, str] = {}
        hidden = captured(function)
        bindings: dict[str, list[ast.expr | str | None]] = {}
        for arg in parameters(function):
            bindings.setdefault(arg.arg, []).append(_annotated(arg.annotation))
        for node in _statements_and_targets(function):
            _bindings_of(node, bindings)
        assumed = {n: "?" for n in bindings if n not in hidden and n not in shadowed}
        while True:  # a greatest fixed point: everything is assumed until a binding objects
            self._assumed = assumed
            settled = {n: k for n in assumed if (k := self._agreed(bindings[n]))}
            if settled == assumed:
                break
            # A kind that changes has no fixed meaning: only unknown ones may become known.
            assumed = {n: k for n, k in settled.items() if assumed[n] in ("?", k)}
        self.kinds = {n: k for n, k in assumed.items() if k != "?"}

    def _agreed(self, values: list[ast.expr | str | None]) -> str:
        kinds = {self._binding(v) for v in values}
        kinds.discard("?")
        if not kinds:
            return "?"
        if kinds == {"int", "bool"}:
            return "int"
        return kinds.pop() if len(kinds) == 1 else ""

    def _binding(self, value: ast.expr | str | None) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        return self.of(value)

    def of(self, node: ast.expr) -> str:
        """The kind of an expression, "" where it is not known."""
        match node:
            case ast.Constant(value=bool()):
                return "bool"
            case ast.Constant(value=int()):
                return "int"
            case ast.Constant(value=float()):
                return "float"
            case ast.Constant(value=str()) | ast.JoinedStr():
                return "str"
            case ast.Name(id=name):
                return self._assumed.get(name, "")
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Dict() | ast.DictComp():
                return "dict"
            case ast.Set() | ast.SetComp():
                return "set"
            case ast.Tuple():
                return "tuple"
            case ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
                kind = self.of(inner)
                return "int" if kind == "bool" else kind if kind in ("int", "float", "?") else ""
            case ast.Compare():
                return "bool"
            case ast.IfExp(body=a, orelse=b):
                return self._join(self.of(a), self.of(b))
            case ast.BoolOp(values=values):
                kind = self.of(values[0])
                for other in values[1:]:
                    kind = self._join(kind, self.of(other))
                return kind
            case ast.BinOp(left=a, op=op, right=b):
                return self._operation(self.of(a), op, self.of(b))
            case ast.Call(func=ast.Name(id=name)) if name not in self.shadowed:
                return self._call(node, name)
        return ""

    def _call(self, node: ast.Call, name: str) -> str:
        if name in _INT_CALLS:
            return "int"
        if name == "int" and len(node.args) == 1:
            return "int"
        if name in ("min", "max") and len(node.args) > 1 and not node.keywords:
            kind = self.of(node.args[0])
            for other in node.args[1:]:
                kind = self._join(kind, self.of(other))
            return kind
        if name == "abs" and len(node.args) == 1:
            kind = self.of(node.args[0])
            return kind if kind in ("int", "float", "?") else ""
        if name == "isinstance":
            return "bool"
        return _BUILT.get(name, "") if name in dir(builtins) else ""

    @staticmethod
    def _join(a: str, b: str) -> str:
        if a == "?" or b == "?":
            return a if b == "?" else b
        if a == b:
            return a
        return "int" if {a, b} == {"int", "bool"} else ""

    @staticmethod
    def _operation(a: str, op: ast.operator, b: str) -> str:
        if a == "" or b == "":
            return ""
        known = {a, b} - {"?"}
        if known <= {"int", "bool"} and isinstance(op, (*_INT_OPERATORS, *_INT_ONLY_OPERATORS)):
            return "int" if known else "?"
        if known <= {"int", "bool", "float"} and isinstance(op, (ast.Div, *_INT_OPERATORS)):
            return "float" if "float" in known or isinstance(op, ast.Div) else "?"
        if isinstance(op, ast.Add) and len(known) == 1 and known <= {"str", "list", "tuple"}:
            return known.pop()
        if isinstance(op, ast.Mult) and known in ({"str", "int"}, {"list", "int"}):
            return (known - {"int"}).pop()
        return ""

    def is_int(self, node: ast.expr) -> bool:
        return self.of(node) in ("int", "bool")

    def is_number(self, node: ast.expr) -> bool:
        return self.of(node) in ("int", "bool", "float")


def _annotated(annotation: ast.expr | None) -> str:
    match annotation:
        case ast.Name(id="int" | "str" | "bool" | "list" | "dict" | "set" | "tuple" as name):
            return name
        case ast.Subscript(value=ast.Name(id="list" | "dict" | "set" | "tuple" as name)):
            return name
    return ""  # a float's parameter may well be given an int


def _bindings_of(node: ast.AST, found: dict[str, list[ast.expr | str | None]]) -> None:
    def put(target: ast.expr, value: ast.expr | str | None) -> None:
        if isinstance(target, ast.Name):
            found.setdefault(target.id, []).append(value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            values: list[ast.expr | str | None] = [None] * len(target.elts)
            if (
                isinstance(value, (ast.Tuple, ast.List))
                and len(value.elts) == len(target.elts)
                and not any(isinstance(e, ast.Starred) for e in (*value.elts, *target.elts))
            ):
                values = list(value.elts)
            for element, part in zip(target.elts, values, strict=True):
                put(element, part)
        elif isinstance(target, ast.Starred):
            put(target.value, "list")

    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                put(target, value)
        case ast.AnnAssign(target=target, value=value):
            put(target, value)
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
            put(target, ast.BinOp(ast.Name(name, ast.Load()), op, value))
        case ast.NamedExpr(target=target, value=value):
            put(target, value)
        case ast.For(target=target, iter=ast.Call(func=ast.Name(id="range"))):
            put(target, "int")
        case ast.For(
            target=ast.Tuple(elts=[first, rest]), iter=ast.Call(func=ast.Name(id="enumerate"))
        ):
            put(first, "int")
            put(rest, None)
        case ast.For(target=target) | ast.AsyncFor(target=target):
            put(target, None)
        case ast.withitem(optional_vars=target) if target is not None:
            put(target, None)
        case ast.Delete(targets=targets):
            for target in targets:
                put(target, None)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            found.setdefault(name, []).append(None)
        case ast.ExceptHandler(name=str(name)):
            found.setdefault(name, []).append(None)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            found.setdefault(name, []).append(None)
        case ast.alias(name=name, asname=other):
            found.setdefault((other or name).partition(".")[0], []).append(None)
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            for name in several:
                found.setdefault(name, []).append(None)
