"""What the code does with its arguments: types, roles and relations, from its syntax tree.

A small abstract interpreter. It walks the entry and every function of the program that the
entry calls, gives each expression a `Slot`, and unifies or marks slots by what is done.
"""

import ast
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from nlogn.cases.slots import STR_METHODS, Slot, note, unify


@dataclass
class Usage:
    """What was seen. `params` are the entry's parameters by position."""

    params: list[Slot] = field(default_factory=list)
    ordered: list[Slot] = field(default_factory=list)  # binary search looks into these
    zipped: list[tuple[Slot, Slot]] = field(default_factory=list)
    compared_lengths: list[tuple[Slot, Slot]] = field(default_factory=list)
    contains: list[tuple[Slot, Slot]] = field(default_factory=list)  # a in b
    below: list[tuple[Slot, Slot]] = field(default_factory=list)  # a < b, both numbers
    one_based: set[int] = field(default_factory=set)  # ids of slots used as index - 1
    found: bool = False


def entry_node(tree: ast.Module, entry: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The definition of ``f`` or ``Class.method``; the last one wins, as when Python runs it."""
    scope: list[ast.stmt] = tree.body
    *classes, name = entry.split(".")
    for part in classes:
        found = [s for s in _statements(scope) if isinstance(s, ast.ClassDef) and s.name == part]
        if not found:
            return None
        scope = found[-1].body
    result: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    for statement in _statements(scope):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if statement.name == name:
                result = statement
        elif isinstance(statement, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in statement.targets
        ):
            result = _assigned(tree, statement.value, name) or result
    return result


def _assigned(
    tree: ast.Module, value: ast.expr, name: str
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """``f = lambda x: …``, ``f = g`` and ``f = lru_cache(None)(g)`` as a definition."""
    if isinstance(value, ast.Lambda):
        made = ast.FunctionDef(
            name=name, args=value.args, body=[ast.Return(value.body)], decorator_list=[]
        )
        return ast.fix_missing_locations(ast.copy_location(made, value))
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    if isinstance(value, ast.Name) and value.id != name:
        return entry_node(tree, value.id)
    return None


def _statements(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements of a scope, those inside if and try included."""
    out: list[ast.stmt] = []
    for statement in body:
        out.append(statement)
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            for name in ("body", "orelse", "finalbody"):
                out += _statements(getattr(statement, name, []))
    return out


def positional(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    args = node.args
    names = [*args.posonlyargs, *args.args]
    if names and names[0].arg in ("self", "cls"):
        names = names[1:]
    return names


def observe(tree: ast.Module, entry: str) -> Usage:
    """Walks the entry of a parsed program; `found` is False if there is no such entry."""
    node = entry_node(tree, entry)
    usage = Usage()
    if node is None:
        return usage
    usage.found = True
    usage.params = [Slot(param=i) for i in range(len(positional(node)))]
    # A program nested too deeply to follow: what was seen up to there counts.
    with contextlib.suppress(RecursionError):
        _Observer(tree, usage).function(node, usage.params)
    return usage


class _Scope(dict[str, Slot]):
    def __init__(self, outer: "_Scope | None" = None) -> None:
        super().__init__()
        self.outer = outer

    def look_up(self, name: str) -> Slot | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope:
                return scope[name]
            scope = scope.outer
        return None


class _Observer:
    def __init__(self, tree: ast.Module, usage: Usage) -> None:
        self.usage = usage
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.done: dict[int, tuple[list[Slot], Slot]] = {}
        self.returns: list[Slot] = []
        self.module = _Scope()
        self.self_slot = Slot()
        self.while_names: list[set[str]] = []
        self.midpoints: set[int] = set()
        self.visits = 0
        for found in ast.walk(tree):
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[found.name] = found
        for statement in tree.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                self.statement(statement, self.module)

    # Functions

    def function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        params: list[Slot],
        outer: _Scope | None = None,
    ) -> Slot:
        """Walks a body with these slots for its positional parameters; the result's slot."""
        result = Slot()
        self.done[id(node)] = (params, result)
        scope = _Scope(outer or self.module)
        args = node.args
        names = positional(node)
        if (args.posonlyargs + args.args)[:1] and names != [*args.posonlyargs, *args.args]:
            scope["self"] = scope["cls"] = self.self_slot
        for arg, slot in zip(names, params, strict=False):
            scope[arg.arg] = slot
        for arg, default in zip(reversed(names), reversed(args.defaults), strict=False):
            unify_soft(scope[arg.arg], self.expr(default, scope))
        for arg in [*args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]:
            scope[arg.arg] = Slot()
        if isinstance(node, ast.Lambda):
            unify(result, self.expr(node.body, scope))
            return result
        self.returns.append(result)
        self.block(node.body, scope)
        self.returns.pop()
        return result

    def self_call(self, node: ast.Call, scope: _Scope) -> None:
        """``f(n - 1)``: an argument that shrinks is a size."""
        for arg in node.args:
            if isinstance(arg, ast.BinOp):
                self.mark_names(arg, scope, "size")

    def call_function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        given: list[Slot],
        keywords: dict[str, Slot],
        scope: _Scope,
    ) -> Slot:
        names = [a.arg for a in positional(node)]
        if id(node) in self.done:
            params, result = self.done[id(node)]
        else:
            params = [Slot() for _ in names]
            for param, slot in zip(params, given, strict=False):
                if slot.find().param is not None or slot.find().bounds:
                    unify(param, slot)  # before the body, so that it sees what is passed
            result = self.function(node, params, scope)
        for param, slot in zip(params, given, strict=False):
            unify_args(param, slot)
        for name, slot in keywords.items():
            if name in names and names.index(name) < len(params):
                unify_args(params[names.index(name)], slot)
        return result

    # Statements

    def block(self, body: Sequence[ast.stmt], scope: _Scope) -> None:
        for statement in body:
            self.visits += 1
            if self.visits < 20_000:
                self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: _Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.functions[node.name] = node
                if scope is not self.module and id(node) not in self.done:
                    self.function(node, [Slot() for _ in positional(node)], scope)
            case ast.Return(value=value):
                if value is not None and self.returns:
                    unify(self.returns[-1], self.expr(value, scope))
            case ast.Assign(targets=targets, value=value):
                slot = self.expr(value, scope)
                for target in targets:
                    self.assign(target, _fresh_number(slot, value), scope, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, self.expr(value, scope), scope, value)
            case ast.AugAssign(target=target, op=op, value=value):
                left, right = self.expr(target, scope), self.expr(value, scope)
                self.arithmetic(op, left, right)
            case ast.For(target=target, iter=iterable) | ast.AsyncFor(target=target, iter=iterable):
                self.loop(target, iterable, scope)
                self.block(node.body, scope)
                self.block(node.orelse, scope)
            case ast.While(test=test):
                self.expr(test, scope)
                self.mark_names(test, scope, "looped")
                self.while_names.append({n.id for n in ast.walk(test) if isinstance(n, ast.Name)})
                self.block(node.body, scope)
                self.while_names.pop()
                self.block(node.orelse, scope)
            case ast.If(test=test):
                self.expr(test, scope)
                self.block(node.body, scope)
                self.block(node.orelse, scope)
            case ast.With(items=items):
                for item in items:
                    self.expr(item.context_expr, scope)
                self.block(node.body, scope)
            case ast.Try():
                for body in (node.body, *(h.body for h in node.handlers), node.orelse,
                             node.finalbody):  # fmt: skip
                    self.block(body, scope)
            case ast.Match(subject=subject, cases=cases):
                self.expr(subject, scope)
                for case in cases:
                    self.block(case.body, scope)
            case ast.Expr(value=value) | ast.Assert(test=value):
                self.expr(value, scope)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.expr(target, scope)
            case _:
                pass

    def mark_names(self, node: ast.expr, scope: _Scope, mark: str) -> None:
        """Marks the names whose values, not lengths, an expression is made of."""
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len":
            return
        if isinstance(node, ast.Name):
            slot = scope.look_up(node.id)
            if slot is not None:
                slot.mark(mark)
                for origin in slot.find().lengths:
                    origin.mark(mark)
        elif not isinstance(node, (ast.Subscript, ast.Attribute)):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.mark_names(child, scope, mark)

    def loop(self, target: ast.expr, iterable: ast.expr, scope: _Scope) -> None:
        source = self.expr(iterable, scope)
        element = source.child("element")
        if isinstance(target, ast.Name):
            scope[target.id] = element  # a fresh meaning for the name: no unification
        else:
            element.mark("inner")
            self.assign(target, element, scope, None)

    def assign(self, target: ast.expr, slot: Slot, scope: _Scope, value: ast.expr | None) -> None:
        match target:
            case ast.Name(id=name):
                old = scope.get(name)
                converted = isinstance(value, ast.Call | ast.ListComp | ast.SetComp | ast.Subscript
                                       | ast.BinOp | ast.DictComp)  # fmt: skip
                if old is None or (old.find().param is not None and converted):
                    scope[name] = slot
                else:
                    unify_soft(old, slot)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                if any(isinstance(e, ast.Starred) for e in elts):
                    slot.mark("seq")
                    for element in elts:
                        if isinstance(element, ast.Starred):
                            rest = Slot().mark("list")
                            unify(rest.child("element"), slot.child("element"))
                            self.assign(element.value, rest, scope, None)
                        else:
                            self.assign(element, slot.child("element"), scope, None)
                    return
                if slot.find().arity is None:
                    slot.find().arity = len(elts)
                for i, element in enumerate(elts):
                    part = slot.part(i)
                    if isinstance(element, ast.Name) and value is None:
                        scope[element.id] = part
                    else:
                        self.assign(element, part, scope, None)
            case ast.Subscript():
                place = self.expr(target, scope)
                unify_soft(place, slot)
                if not isinstance(target.slice, ast.Slice):
                    owner = self.expr(target.value, scope)
                    owner.mark("stored")
                    index = self.expr(target.slice, scope)
                    if index.has("int") or index.find().bounds:
                        owner.mark("list")
                    elif index.has("str", "char"):
                        owner.mark("dict")
            case ast.Attribute(value=owner_node, attr=attr):
                unify_soft(self.expr(owner_node, scope).attribute(attr), slot)
            case ast.Starred(value=inner):
                self.assign(inner, slot, scope, None)
            case _:
                pass

    # Expressions

    def expr(self, node: ast.expr, scope: _Scope) -> Slot:
        match node:
            case ast.Name(id=name):
                found = scope.look_up(name)
                return found if found is not None else Slot()
            case ast.Constant(value=value):
                return _constant(value)
            case ast.JoinedStr():
                for value in node.values:
                    if isinstance(value, ast.FormattedValue):
                        self.expr(value.value, scope)
                return Slot().mark("str")
            case ast.List(elts=elts) | ast.Set(elts=elts) | ast.Tuple(elts=elts):
                slot = Slot()
                if not isinstance(node, ast.Tuple):
                    slot.mark("list" if isinstance(node, ast.List) else "set")
                for i, element in enumerate(elts):
                    part = self.expr(element, scope)
                    if isinstance(node, ast.Tuple):
                        slot.find().parts[i] = part
                        slot.find().arity = len(elts)
                    else:
                        unify_soft(slot.child("element"), part)
                unify(slot.child("element"), slot.child("at")) if slot.has("list") else None
                return slot
            case ast.Dict(keys=keys, values=values):
                slot = Slot().mark("dict")
                for key, value in zip(keys, values, strict=True):
                    if key is not None:
                        unify_soft(slot.child("index"), self.expr(key, scope))
                        unify_soft(slot.child("at"), self.expr(value, scope))
                return slot
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node, scope)
            case ast.BinOp(left=left_node, op=op, right=right_node):
                return self.binary(node, left_node, op, right_node, scope)
            case ast.UnaryOp(op=op, operand=operand):
                slot = self.expr(operand, scope)
                if isinstance(op, ast.Not):
                    return Slot().mark("bool")
                return slot.mark("int" if isinstance(op, ast.Invert) else "num")
            case ast.BoolOp(values=values):
                result = Slot()
                for value in values:
                    unify_soft(result, self.expr(value, scope))
                return result
            case ast.Compare(left=left_node, ops=ops, comparators=rights):
                left = self.expr(left_node, scope)
                for sign, right_node in zip(ops, rights, strict=True):
                    right = self.expr(right_node, scope)
                    self.compare(sign, left, right)
                    left = right
                return Slot().mark("bool")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expr(test, scope)
                slot = self.expr(body, scope)
                unify_soft(slot, self.expr(orelse, scope))
                return slot
            case ast.Subscript(value=value, slice=index):
                return self.subscript(value, index, scope)
            case ast.Attribute(value=value, attr=attr):
                owner = self.expr(value, scope)
                return owner.attribute(attr)
            case ast.Call():
                from nlogn.cases.usage_calls import call

                return call(self, node, scope)
            case ast.NamedExpr(target=target, value=value):
                slot = self.expr(value, scope)
                self.assign(target, slot, scope, value)
                return slot
            case ast.Starred(value=value):
                slot = self.expr(value, scope)
                slot.mark("seq")
                return slot
            case ast.Lambda():
                inner = Slot().mark("function")
                params = [Slot() for _ in positional(node)]
                self.function(node, params, scope)
                return inner
            case ast.Await(value=value) | ast.YieldFrom(value=value):
                return self.expr(value, scope)
            case ast.Yield(value=value):
                if value is not None:
                    self.expr(value, scope)
                return Slot()
            case _:
                return Slot()

    def comprehension(self, node: ast.expr, scope: _Scope) -> Slot:
        inner = _Scope(scope)
        result = Slot()
        assert isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp)
        first: Slot | None = None
        for generator in node.generators:
            source = self.expr(generator.iter, inner)
            first = first or source
            element = source.child("element")
            if isinstance(generator.target, ast.Name):
                inner[generator.target.id] = element
            else:
                element.mark("inner")
                self.assign(generator.target, element, inner, None)
            for condition in generator.ifs:
                self.expr(condition, inner)
        if isinstance(node, ast.DictComp):
            result.mark("dict")
            unify_soft(result.child("index"), self.expr(node.key, inner))
            unify_soft(result.child("at"), self.expr(node.value, inner))
            return result
        element = self.expr(node.elt, inner)
        result.mark({ast.ListComp: "list", ast.SetComp: "set"}.get(type(node), "made"))
        unify_soft(result.child("element"), element)
        unify(result.child("element"), result.child("at"))
        if first is not None and len(node.generators) == 1:
            note(result.find().lengths, first.child("element").find().bounds)
        return result

    def binary(
        self, node: ast.BinOp, left_node: ast.expr, op: ast.operator, right_node: ast.expr,
        scope: _Scope,
    ) -> Slot:  # fmt: skip
        left, right = self.expr(left_node, scope), self.expr(right_node, scope)
        result = self.arithmetic(op, left, right)
        if isinstance(op, ast.Mult):
            for sequence, count in ((left, right), (right, left)):
                if sequence.has("list", "str"):
                    result.find().lengths.append(count)
                    self.mark_names(right_node if count is right else left_node, scope, "size")
        if isinstance(op, (ast.Add, ast.Sub)):
            for side in (left, right):
                note(result.find().bounds, side.find().bounds)
            if isinstance(op, ast.Sub) and isinstance(right_node, ast.Constant):
                if right_node.value == 1:
                    self.usage.one_based.add(id(left.find()))
                result.find().key_of.append(left)  # x[u - 1]: u is what indexes
            if isinstance(op, ast.Add) and isinstance(right_node, ast.Constant):
                result.find().lengths.append(left)
            if left.find().length_of is not None:
                result.find().length_of = left.find().length_of
        if self.while_names and isinstance(op, (ast.FloorDiv, ast.RShift, ast.Add)):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            halved = any(isinstance(n, (ast.FloorDiv, ast.RShift)) for n in ast.walk(node))
            if halved and len(names & self.while_names[-1]) >= 2:
                self.midpoints.add(id(result.find()))
                result.mark("midpoint")
        return result

    def arithmetic(self, op: ast.operator, left: Slot, right: Slot) -> Slot:
        match op:
            case ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.Sub() if left.has(
                "set"
            ) or right.has("set"):
                return Slot().mark("set")
            case ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.LShift() | ast.RShift():
                left.mark("int")
                right.mark("int")
                return Slot().mark("int")
            case ast.Add():
                for a, b in ((left, right), (right, left)):
                    for kind in ("num", "int", "str", "list", "float"):
                        if a.has(kind) and not b.has("num", "int", "str", "list", "float"):
                            b.mark("num" if kind in ("int", "float") else kind)
                link(left, right)
                left.mark("add")
                right.mark("add")
                result = Slot()
                link(result, left)
                for kind in ("str", "list", "float"):
                    if left.has(kind) or right.has(kind):
                        result.mark(kind)
                if left.has("num", "int") and right.has("num", "int"):
                    result.mark("num")
                return result
            case ast.Mult():
                for sequence, count in ((left, right), (right, left)):
                    if sequence.has("str", "list", "seq") or sequence.find().at is not None:
                        count.mark("int")
                        result = Slot().mark("list" if sequence.has("list") else "made")
                        unify(result.child("at"), sequence.child("at"))
                        unify(result.child("element"), sequence.child("element"))
                        if sequence.has("str"):
                            result.mark("str")
                        return result
                left.mark("num")
                right.mark("num")
                return Slot().mark("num")
            case ast.Mod():
                if left.has("str"):
                    return Slot().mark("str")
                left.mark("num", "int")
                right.mark("num", "int")
                return Slot().mark("num", "int")
            case ast.FloorDiv():
                left.mark("num", "int")
                right.mark("num", "int")
                return Slot().mark("num", "int")
            case _:
                left.mark("num")
                right.mark("num")
                return Slot().mark("num")

    def compare(self, op: ast.cmpop, left: Slot, right: Slot) -> None:
        if isinstance(op, (ast.In, ast.NotIn)):
            self.usage.contains.append((left, right))
            if right.has("str"):
                left.mark("stringy")
            elif not right.has("set", "dict"):
                unify_soft(right.child("element"), left)
            elif right.has("dict"):
                unify_soft(right.child("index"), left)
            else:
                unify_soft(right.child("element"), left)
            left.find().key_of.append(right)
            for word in left.find().constants:
                if isinstance(word, str):
                    right.mark("strings")
            for text in right.find().constants:
                if isinstance(text, str):
                    left.mark("str", "char")
            return
        if isinstance(op, (ast.Is, ast.IsNot)):
            if right.has("none"):
                left.mark("none_checked")
            return
        for a, b in ((left, right), (right, left)):
            if a.find() is b.find():
                break
            for constant in b.find().constants:
                if len(a.find().constants) < 100:  # a chain of comparisons doubles them
                    a.find().constants.append(constant)
                a.mark(*_constant(constant).marks)
        if left.find().length_of is not None and right.find().length_of is not None:
            one, other = left.find().length_of, right.find().length_of
            if one is not None and other is not None:
                self.usage.compared_lengths.append((one, other))
        if isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            small, large = (left, right) if isinstance(op, (ast.Lt, ast.LtE)) else (right, left)
            self.usage.below.append((small, large))
            if isinstance(op, (ast.Lt, ast.Gt)) and small.find() is not large.find():
                small.find().bounds.append(large)
        link(left, right)

    def subscript(self, value: ast.expr, index: ast.expr, scope: _Scope) -> Slot:
        owner = self.expr(value, scope)
        if isinstance(index, ast.Slice):
            for bound in (index.lower, index.upper, index.step):
                if bound is not None:
                    slot = self.expr(bound, scope).mark("int")
                    if bound is index.upper and not slot.has("midpoint"):
                        slot.find().bounds.append(owner)
            owner.mark("seq")
            return owner if owner.find().param is None else _same_kind(owner)
        key = self.expr(index, scope)
        number = _number(index)
        if isinstance(number, int):
            owner.mark("const_index")
            part = owner.part(number) if number >= 0 else owner.child("at")
            if owner.find().at is not None and not owner.has("inner"):
                unify_soft(part, owner.child("at"))
            if key.has("str"):
                owner.mark("dict")
            return part if owner.find().arity is not None or number >= 0 else owner.child("at")
        if key.has("str") and not key.has("num"):
            owner.mark("dict")
        if key.find().bounds or key.has("midpoint"):
            key.mark("int")
        unify_soft(owner.child("index"), _copy_kind(key))
        key.find().into.append(owner)
        owner.find().indices.append(key)
        for origin in key.find().key_of:
            origin.find().into.append(owner)
        if key.has("midpoint"):
            self.usage.ordered.append(owner)
        return owner.child("at")


def _fresh_number(slot: Slot, value: ast.expr) -> Slot:
    """``i = j = 0`` and ``j = i`` name two numbers, not one."""
    slot = slot.find()
    flat = slot.element is None and slot.at is None and not slot.fields and not slot.parts
    if not flat or not isinstance(value, (ast.Constant, ast.Name)):
        return slot
    if slot.has("none") or (isinstance(value, ast.Name) and not slot.has("int", "num")):
        return slot
    copy = Slot(length_of=slot.length_of)
    copy.marks.update(slot.marks)
    note(copy.constants, slot.constants)
    note(copy.bounds, slot.bounds)
    note(copy.lengths, [slot, *slot.lengths])
    link(copy, slot)
    return copy


def link(a: Slot, b: Slot) -> None:
    """Notes that two slots are of one type without making them one."""
    a, b = a.find(), b.find()
    if a is not b and len(a.alike) < 40 and len(b.alike) < 40:
        a.alike.append(b)
        b.alike.append(a)


def unify_soft(a: Slot | None, b: Slot | None) -> None:
    """Unifies, unless that would mix a parameter with a plain number or constant: then the
    two are only alike."""
    if a is None or b is None:
        return
    a, b = a.find(), b.find()
    if b.has("none") and not b.fields and b.at is None and len(b.marks) == 1:
        a.mark("none_given")
        return
    if a.has("none") and not a.fields and len(a.marks) == 1:
        b.mark("none_given")
        return
    flat = all(s.element is None and s.at is None and not s.fields and not s.parts for s in (a, b))
    if flat and (a.param is not None or b.param is not None or a.bounds or b.bounds):
        link(a, b)
        for x, y in ((a, b), (b, a)):
            for kind in ("num", "int", "str", "float"):
                if x.has(kind) and not y.marks:
                    y.mark(kind)
        return
    unify(a, b)


def unify_args(param: Slot, given: Slot) -> None:
    """A call passes `given`: one slot, unless the parameter already is the entry's."""
    unify_soft(param, given) if param.find().param is not None else unify(param, given)


def _same_kind(owner: Slot) -> Slot:
    """A slice of a parameter: same element, but its length and order say nothing of it."""
    piece = Slot().mark("seq")
    for name in ("element", "at"):
        unify(piece.child(name), owner.child(name))
    link(piece, owner)
    return piece


def _copy_kind(key: Slot) -> Slot:
    """The type of an index without its identity (an index slot must not tie parameters)."""
    if key.has("int", "num") or key.find().bounds:
        return Slot().mark("int")
    return key


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return -inner if inner is not None else None
    return None


def _constant(value: object) -> Slot:
    slot = Slot()
    match value:
        case None:
            return slot.mark("none")
        case bool():
            slot.mark("bool")
        case int():
            slot.mark("num", "int")
        case float():
            slot.mark("num", "float")
        case str():
            slot.mark("str")
            if len(value) == 1:
                slot.mark("char")
        case _:
            return slot
    slot.constants.append(value)
    return slot


__all__ = ["STR_METHODS", "Usage", "entry_node", "link", "observe", "positional", "unify_soft"]
