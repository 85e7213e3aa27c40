"""Instrumentation: a program's syntax tree with counters and cost hooks written into it.

    for x in xs:              for x in xs:
        if x in seen:   ->        _nl_t()
            n = n * x             if _nl_in(x, seen):
                                      _nl_t()
                                      n = _nl_mul(n, x)

Ticks (`_nl_t`) count loop iterations, comprehension steps, function entries and taken branches.
Hooks do what the operator or call did and charge the work that C does by the sizes of its
operands. A hook is left out only where the operands are plainly small. Meaning is preserved:
every operand is evaluated once and in Python's order. Names of hooks start with ``_nl_`` (one
underscore: not mangled in classes).
"""

import ast
from typing import Any

from nlogn.complexity.inside.meter import word_set

PREFIX = "_nl_"

# Builtins whose cost does not depend on the size of what they are given.
CHEAP_NAMES = word_set(
    "len range isinstance issubclass ord chr id type bool float callable getattr setattr hasattr "
    "delattr slice object property staticmethod classmethod iter next exit quit complex memoryview "
    "StopIteration StopAsyncIteration ValueError TypeError KeyError IndexError Exception "
    "RuntimeError AssertionError NotImplementedError ZeroDivisionError OverflowError "
    "ArithmeticError LookupError AttributeError RecursionError BaseException OSError "
    "EOFError KeyboardInterrupt SystemExit aiter anext"
)
# These look at their caller's frame: they must stay calls of the program itself.
FRAME_NAMES = word_set("super locals globals vars dir __import__ breakpoint eval exec")
CHEAP_METHODS = word_set(
    "append add popleft appendleft popitem keys values items get setdefault bit_length "
    "discard is_integer conjugate random randint randrange choice uniform __init__ "
    "move_to_end close send throw cache_clear fileno flush isatty"
)
_SCALARS = (int, float, complex, bool, type(None), type(...))
_SMALL = 1 << 62
_BIN = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift", ast.BitAnd: "and_",
    ast.BitOr: "or_", ast.BitXor: "xor", ast.Div: "truediv", ast.MatMult: "matmul",
}  # fmt: skip
_CMP = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
    ast.In: "in", ast.NotIn: "notin",
}  # fmt: skip
_SMALL_CALLS = word_set("len ord id bool float")


def rewrite(source: str, mode: str = "exec", *, hook_own: bool = False) -> Any:
    """The instrumented tree of `source`; with `hook_own`, calls of its own functions have hooks
    too (their names may lead to originals that are not instrumented).

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it does not parse.
    """
    tree = ast.parse(source, mode=mode)
    facts = Facts(tree, source)
    if hook_own:
        facts.direct = set()
    out = Rewriter(facts).visit(tree)
    ast.fix_missing_locations(out)
    return out


class Facts(ast.NodeVisitor):
    """What is known of names without running: merged over all scopes, so that an unsure name
    is never taken for a sure one."""

    def __init__(self, tree: ast.AST, source: str):
        self.uses_deque = "deque" in source or "OrderedDict" in source
        self.defs: dict[str, int] = {}
        self.bound: dict[str, int] = {}
        self.methods: set[str] = set()
        self.small_values: dict[str, list[Any]] = {}
        self.unsure: set[str] = set()
        self.mentions: dict[str, set[str]] = {}
        self._inside: list[str] = []
        self.visit(tree)
        self.direct = {n for n, k in self.defs.items() if self.bound.get(n) == k}
        self.small = self._small_names()
        self.recursive = self._recursive()

    # -- names ------------------------------------------------------------------------------

    def _bind(self, name: str, sure: Any = None) -> None:
        self.bound[name] = self.bound.get(name, 0) + 1
        if sure is None:
            self.unsure.add(name)
        else:
            self.small_values.setdefault(name, []).append(sure)

    def visit_FunctionDef(self, node: Any) -> None:
        self._bind(node.name)
        self.defs[node.name] = self.defs.get(node.name, 0) + 1
        self._enter(node.name, node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _enter(self, name: str, node: Any) -> None:
        self.mentions.setdefault(name, set())
        self._inside.append(name)
        self.generic_visit(node)
        self._inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        self.defs[node.name] = self.defs.get(node.name, 0) + 1
        for item in node.body:
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.methods.add(item.name)
                for caller in self._inside:
                    self.mentions[caller].add(item.name)
                if item.name == "__init__":
                    self.mentions.setdefault(node.name, set()).add("__init__")
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self._bind(node.arg)

    def visit_alias(self, node: ast.alias) -> None:
        self._bind((node.asname or node.name).split(".")[0])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            for caller in self._inside:
                self.mentions[caller].add(node.id)
        else:
            self._bind(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        for caller in self._inside:
            self.mentions[caller].add(node.attr)
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assign(target, node.value)
        if (
            len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Lambda)
        ):
            self._enter(node.targets[0].id, node.value)
            self.defs.setdefault(node.targets[0].id, 0)
        else:
            self.visit(node.value)

    def _assign(self, target: Any, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, value)
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
            and not any(isinstance(e, ast.Starred) for e in target.elts + value.elts)
        ):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._assign(one, its)
        else:
            self.visit(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            name = ast.Name(node.target.id, ast.Load())
            self._bind(node.target.id, ast.BinOp(name, node.op, node.value))
        else:
            self.visit(node.target)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, node.value)
            self.visit(node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind(node.target.id, node.value)
        self.visit(node.value)

    def visit_For(self, node: Any) -> None:
        self._loop(node.target, node.iter)
        self.visit(node.iter)
        for statement in node.body + node.orelse:
            self.visit(statement)

    visit_AsyncFor = visit_For

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._loop(node.target, node.iter)
        self.visit(node.iter)
        for test in node.ifs:
            self.visit(test)

    def _loop(self, target: Any, source: Any) -> None:
        zero = ast.Constant(0)
        if isinstance(source, ast.Call) and isinstance(source.func, ast.Name):
            if source.func.id == "range" and isinstance(target, ast.Name):
                self._bind(target.id, ast.Tuple(source.args, ast.Load()))
                return
            if (
                source.func.id == "enumerate"
                and isinstance(target, ast.Tuple)
                and len(target.elts) == 2
                and isinstance(target.elts[0], ast.Name)
            ):
                self._bind(target.elts[0].id, zero)
                self.visit(target.elts[1])
                return
        self.visit(target)

    # -- conclusions ------------------------------------------------------------------------

    def _small_names(self) -> set[str]:
        small = {n for n in self.small_values if n not in self.unsure}
        changed = True
        while changed:
            changed = False
            for name in sorted(small):
                self.small = small
                if not all(self._grows_slowly(v) for v in self.small_values[name]):
                    small.discard(name)
                    changed = True
        return small

    def _grows_slowly(self, node: Any) -> bool:
        """A value that stays a machine word however often it is assigned again from itself.
        The bounds of a range are taken as words: no loop of more iterations can be run. A sum
        must have a fixed part: `a = a + b` with two that grow is Fibonacci's."""
        if isinstance(node, ast.Tuple):
            return True
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, (ast.Add, ast.Sub)):
                return (self._fixed(node.left) or self._fixed(node.right)) and self.is_small(node)
            if not isinstance(node.op, (ast.FloorDiv, ast.Mod, ast.RShift, ast.BitAnd, ast.Div)):
                return False
        if isinstance(node, ast.IfExp):
            return self._grows_slowly(node.body) and self._grows_slowly(node.orelse)
        return self.is_small(node)

    def _fixed(self, node: Any, asked: frozenset[str] = frozenset()) -> bool:
        """A number that no assignment makes grow: a literal, a length, a loop's index. Names
        that are only set from one another (`asked`) do not grow by that."""
        if isinstance(node, ast.Name):
            asked |= {node.id}
            return node.id in self.small and all(
                isinstance(v, (ast.Tuple, ast.Constant)) or self._fixed(v, asked)
                for v in self.small_values[node.id]
                if not (isinstance(v, ast.Name) and v.id in asked)
            )
        if isinstance(node, ast.Call):
            return self.is_small(node)
        return isinstance(node, ast.Constant) and self.is_small(node)

    def is_small(self, node: Any) -> bool:
        """Whether the expression is a number of few bits, whatever the input."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, _SCALARS) and not (
                isinstance(node.value, int) and abs(node.value) > _SMALL
            )
        if isinstance(node, ast.Name):
            return node.id in self.small
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not) or self.is_small(node.operand)
        if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Pow, ast.LShift)):
            return self.is_small(node.left) and self.is_small(node.right)
        if isinstance(node, ast.Compare):
            return False
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in _SMALL_CALLS and node.func.id not in self.bound
        return False

    def _recursive(self) -> set[str]:
        graph = {n: {m for m in seen if m in self.mentions} for n, seen in self.mentions.items()}
        out = set()
        for start in graph:
            stack, reached = list(graph[start]), set()
            while stack:
                name = stack.pop()
                if name in reached:
                    continue
                reached.add(name)
                stack.extend(graph[name])
            if start in reached:
                out.add(start)
        return out


def _name(hook: str) -> ast.Name:
    return ast.Name(PREFIX + hook, ast.Load())


def _hook(hook: str, *args: Any) -> ast.Call:
    return ast.Call(_name(hook), list(args), [])


def _tick_node() -> ast.Expr:
    return ast.Expr(_hook("t"))


def _or_none(node: Any) -> Any:
    return ast.Constant(None) if node is None else node


def _starred_names(target: Any) -> list[str]:
    return [
        n.value.id
        for n in ast.walk(target)
        if isinstance(n, ast.Starred) and isinstance(n.value, ast.Name)
    ]


class Rewriter(ast.NodeTransformer):
    def __init__(self, facts: Facts):
        self.facts = facts
        self.temps = 0
        self.in_class = False
        self.lambda_name = ""

    # -- blocks -----------------------------------------------------------------------------

    def block(self, statements: list[Any]) -> list[Any]:
        out: list[Any] = []
        for statement in statements:
            done = self.visit(statement)
            if isinstance(done, list):
                out.extend(done)
            else:
                out.append(done)
        return out

    def visit_FunctionDef(self, node: Any) -> Any:
        outer, self.in_class = self.in_class, False
        self._defaults(node.args)
        head: list[Any] = []
        body = node.body
        if (
            isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            head, body = body[:1], body[1:]
        lazy = isinstance(node, ast.AsyncFunctionDef) or _yields(node)
        looks = any(isinstance(n, ast.Name) and n.id in FRAME_NAMES - {"super"}
                    for n in ast.walk(node))  # fmt: skip
        body = self.block(body)
        if node.name in self.facts.recursive and not lazy and not looks:
            depth = ast.Name(PREFIX + "d", ast.Store())
            size = ast.Constant(_frame_bytes(node.args))
            node.body = [
                *head,
                ast.Assign([depth], _hook("enter", size)),
                ast.Try(
                    body or [ast.Pass()],
                    [],
                    [],
                    [ast.Expr(_hook("leave", ast.Name(PREFIX + "d", ast.Load())))],
                ),
            ]
        else:
            node.body = [*head, _tick_node(), *body]
        self.in_class = outer
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(d) for d in args.defaults]
        args.kw_defaults = [d and self.visit(d) for d in args.kw_defaults]

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        name, self.lambda_name = self.lambda_name, ""
        self._defaults(node.args)
        body = self.visit(node.body)
        if name in self.facts.recursive and not _yields(node):
            size = ast.Constant(_frame_bytes(node.args))
            node.body = _hook("leave", _hook("enter", size), body)
        else:
            node.body = ast.BoolOp(ast.And(), [_hook("t"), body])
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        outer, self.in_class = self.in_class, True
        node.body = self.block(node.body)
        self.in_class = outer
        return node

    def visit_For(self, node: Any) -> Any:
        node.iter = self.visit(node.iter)
        rests = [ast.Expr(_hook("rest", ast.Name(n, ast.Load())))
                 for n in _starred_names(node.target)]  # fmt: skip
        node.body = [_tick_node(), *rests, *self.block(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> Any:
        node.test = self.visit(node.test)
        node.body = [_tick_node(), *self.block(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.visit(node.test)
        node.body = [_tick_node(), *self.block(node.body)]
        elif_only = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
        node.orelse = self.block(node.orelse)
        if node.orelse and not elif_only:
            node.orelse.insert(0, _tick_node())
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        node.iter = self.visit(node.iter)
        node.ifs = [_hook("t"), *(self.visit(test) for test in node.ifs)]
        return node

    def visit_match_case(self, node: Any) -> Any:
        rests = [ast.Expr(_hook("rest", ast.Name(n.name, ast.Load())))
                 for n in ast.walk(node.pattern)
                 if isinstance(n, ast.MatchStar) and n.name]  # fmt: skip
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = [_tick_node(), *rests, *self.block(node.body)]
        return node

    # -- statements -------------------------------------------------------------------------

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.lambda_name = node.targets[0].id if isinstance(node.value, ast.Lambda) else ""
        value = self.visit(node.value)
        self.lambda_name = ""
        target = node.targets[0]
        if (
            len(node.targets) == 1
            and isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Slice)
        ):
            part = target.slice
            return ast.Expr(
                _hook("setslice", value, self.visit(target.value),
                      *(_or_none(p and self.visit(p))
                        for p in (part.lower, part.upper, part.step)))
            )  # fmt: skip
        node.value = value
        node.targets = [self._target(t) for t in node.targets]
        rests = [n for t in node.targets for n in _starred_names(t)]
        if not rests:
            return node
        return [node, *(ast.Expr(_hook("rest", ast.Name(n, ast.Load()))) for n in rests)]

    def _target(self, target: Any) -> Any:
        """Rewrite the expressions inside a target; the target itself stays what it is."""
        if isinstance(target, (ast.Tuple, ast.List)):
            target.elts = [self._target(e) for e in target.elts]
        elif isinstance(target, ast.Starred):
            target.value = self._target(target.value)
        elif isinstance(target, ast.Attribute):
            target.value = self.visit(target.value)
        elif isinstance(target, ast.Subscript):
            target.value = self.visit(target.value)
            target.slice = self._index(target.slice)
        return target

    def _index(self, index: Any) -> Any:
        if isinstance(index, ast.Slice):
            for part in ("lower", "upper", "step"):
                value = getattr(index, part)
                setattr(index, part, value and self.visit(value))
            return index
        if isinstance(index, ast.Tuple):
            index.elts = [self._index(e) for e in index.elts]
            return index
        return self.visit(index)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        small = self.facts.is_small
        literal = isinstance(node.value, ast.Constant) and small(node.value)
        plain = (
            (literal and isinstance(node.op, (ast.Add, ast.Sub)))
            or isinstance(node.op, (ast.Div, ast.MatMult))
            or (isinstance(node.target, ast.Name) and small(node.target) and small(node.value))
        )
        hook = "i" + _BIN[type(node.op)]
        target = node.target
        if plain or (self.in_class and not isinstance(target, ast.Name)):
            node.value = self.visit(node.value)
            node.target = self._target(target)
            return node
        if isinstance(target, ast.Name):
            name = ast.Name(target.id, ast.Load())
            return ast.Assign([target], _hook(hook, name, self.visit(node.value)))
        holder, before = self._temp(self.visit(target.value))
        if isinstance(target, ast.Attribute):
            out = [before]
            load: Any = ast.Attribute(holder, target.attr, ast.Load())
            store: Any = ast.Attribute(holder, target.attr, ast.Store())
            used = [before]
        elif isinstance(target.slice, ast.Slice):
            value = self.visit(node.value)  # xs[a:b] += …: rare, and a hook on the value will do
            node.value = _hook("spread", value)
            node.target = self._target(target)
            return node
        else:
            if isinstance(target.slice, ast.Constant):
                key: Any = target.slice
                used = out = [before]
            else:
                key, second = self._temp(self.visit(target.slice))
                used = out = [before, second]
            load = ast.Subscript(holder, key, ast.Load())
            store = ast.Subscript(holder, key, ast.Store())
        out = [*out, ast.Assign([store], _hook(hook, load, self.visit(node.value)))]
        drop = ast.Delete([ast.Name(u.targets[0].id, ast.Del()) for u in used])
        return [*out, drop]

    def _temp(self, value: Any) -> tuple[Any, Any]:
        self.temps += 1
        name = f"{PREFIX}v{self.temps}"
        return ast.Name(name, ast.Load()), ast.Assign([ast.Name(name, ast.Store())], value)

    def visit_Delete(self, node: ast.Delete) -> Any:
        out: list[Any] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                part = target.slice
                if isinstance(part, ast.Slice):
                    bounds = [_or_none(p and self.visit(p))
                              for p in (part.lower, part.upper, part.step)]  # fmt: skip
                    call = _hook("delslice", self.visit(target.value), *bounds)
                else:
                    call = _hook("delitem", self.visit(target.value), self._index(part))
                out.append(ast.Expr(call))
            else:
                out.append(ast.Delete([self._target(target)]))
        return out

    # -- expressions ------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        func = node.func
        if isinstance(func, ast.Name):
            name = func.id
            direct = name in self.facts.direct or (
                name not in self.facts.bound and (name in CHEAP_NAMES or name in FRAME_NAMES)
            )
            if name in ("eval", "exec") and direct and node.args:
                self._arguments(node)
                node.args[0] = _hook("source", node.args[0], ast.Constant(name))
                return node
        elif isinstance(func, ast.Attribute):
            own = isinstance(func.value, ast.Name) and func.value.id in ("self", "cls")
            direct = (
                func.attr in CHEAP_METHODS
                or (own and func.attr in self.facts.methods)
                or (func.attr == "pop" and not node.args)
            )
        else:
            direct = False
        func = self.visit(func)
        self._arguments(node)
        if direct:
            node.func = func
            return node
        hook = "callk" if node.keywords else "call"
        return ast.Call(_name(hook), [func, *node.args], node.keywords)

    def _arguments(self, node: ast.Call) -> None:
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)

    def visit_Starred(self, node: ast.Starred) -> Any:
        if isinstance(node.ctx, ast.Load):
            node.value = _hook("spread", self.visit(node.value))
        return node

    def visit_Dict(self, node: ast.Dict) -> Any:
        keys, values = [], []
        for key, value in zip(node.keys, node.values, strict=True):
            keys.append(key and self.visit(key))
            new = self.visit(value)
            values.append(new if key is not None else _hook("spread", new))
        node.keys, node.values = keys, values
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        small = self.facts.is_small
        op = type(node.op)
        left, right = node.left, node.right
        number = any(isinstance(x, ast.Constant) and small(x) for x in (left, right))
        plain = (
            op in (ast.Div, ast.MatMult)
            or (op in (ast.Add, ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor) and number)
            or (small(left) and small(right) and op not in (ast.Pow, ast.LShift))
        )
        node.left, node.right = self.visit(left), self.visit(right)
        return node if plain else _hook(_BIN[op], node.left, node.right)

    def visit_Compare(self, node: ast.Compare) -> Any:
        plain = len(node.ops) != 1 or type(node.ops[0]) not in _CMP or self._plain_compare(node)
        node.left = self.visit(node.left)
        node.comparators = [self.visit(c) for c in node.comparators]
        if plain:
            return node
        return _hook(_CMP[type(node.ops[0])], node.left, node.comparators[0])

    def _plain_compare(self, node: ast.Compare) -> bool:
        left, right = node.left, node.comparators[0]
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            if isinstance(right, (ast.Tuple, ast.List, ast.Set)):
                return len(right.elts) <= 32 and all(isinstance(e, ast.Constant)
                                                     for e in right.elts)  # fmt: skip
            return isinstance(right, ast.Constant) and _short(right)
        return any(self.facts.is_small(x) or (isinstance(x, ast.Constant) and _short(x))
                   for x in (left, right))  # fmt: skip

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.ctx, ast.Load):
            return self._target(node)
        part = node.slice
        if isinstance(part, ast.Slice):
            bounds = [_or_none(p and self.visit(p)) for p in (part.lower, part.upper, part.step)]
            return _hook("getslice", self.visit(node.value), *bounds)
        node.value = self.visit(node.value)
        node.slice = self._index(part)
        if self.facts.uses_deque and not isinstance(part, (ast.Constant, ast.UnaryOp, ast.Tuple)):
            return _hook("getitem", node.value, node.slice)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        self._format_parts(node)
        return _hook("text", node)

    def _format_parts(self, node: Any) -> None:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
                if part.format_spec is not None:
                    self._format_parts(part.format_spec)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> Any:
        node.value = _hook("from", self.visit(node.value))
        return node


def _short(node: ast.Constant) -> bool:
    return not isinstance(node.value, (str, bytes)) or len(node.value) <= 40


def _yields(function: Any) -> bool:
    """Whether the function itself (not one inside it) is a generator."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(node))
    return False


def _frame_bytes(args: ast.arguments) -> int:
    """An interpreter frame of CPython 3.11: nine words, the locals and the value stack."""
    count = len(args.posonlyargs) + len(args.args) + len(args.kwonlyargs)
    return 8 * (9 + count + 8)
