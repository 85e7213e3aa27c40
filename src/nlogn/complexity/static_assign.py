"""Assignments: what a variable is afterwards, and how a loop moves it."""

import ast
from dataclasses import replace

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_eval import Evaluator, follows, unpacked
from nlogn.complexity.static_state import State, Variable, symbol_of
from nlogn.complexity.static_terms import ONE, Terms, add, inverse, mul, size
from nlogn.complexity.static_values import CONTAINERS, Val, constant, written


def assign(state: State, targets: list[ast.expr], node: ast.expr) -> Terms:
    target = targets[0]
    pairs = isinstance(target, ast.Tuple) and isinstance(node, ast.Tuple)
    if pairs and len(target.elts) == len(node.elts):  # type: ignore[attr-defined]
        cost, values = ONE, []
        for part in node.elts:  # type: ignore[attr-defined]
            value, own = expression(state, part)
            values.append(value)
            cost = add(cost, own)
        swapped = any(isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mod)
                      for p in node.elts)  # type: ignore[attr-defined]  # fmt: skip
        for one, part, value in zip(target.elts, node.elts, values, strict=True):  # type: ignore[attr-defined]
            if swapped and isinstance(one, ast.Name) and state.inner_loop():
                state.update(one.id, "mod")
            else:
                _store(state, one, part, value)
        return cost
    value, cost = expression(state, node)
    for one in targets:
        if isinstance(one, (ast.Tuple, ast.List)):
            names = [written(e) for e in one.elts]
            if isinstance(node, ast.Call) and written(node.func) == "divmod" and node.args:
                inside = {written(x) for x in ast.walk(node.args[0]) if isinstance(x, ast.expr)}
                if names[0] in inside and state.inner_loop():
                    state.update(names[0], "div")
                    names = names[1:]
                    one = ast.Tuple(one.elts[1:])
            cut = written(node.func.value) if isinstance(node, ast.Call) and isinstance(
                node.func, ast.Attribute) and node.func.attr in (
                "partition", "rpartition") else ""  # fmt: skip
            if cut and cut in names and state.inner_loop():
                state.update(cut, "slice")  # what is left of the text goes on
                one = ast.Tuple([e for e in one.elts if written(e) != cut])
            bind_target(state, one, value)
        else:
            _store(state, one, node, value)
    return cost


def _store(state: State, target: ast.expr, node: ast.expr, value: Val) -> None:
    if isinstance(target, ast.Subscript):
        name, levels = "", 0
        base: ast.expr = target
        while isinstance(base, ast.Subscript):
            base, levels = base.value, levels + 1
        name = written(base)
        if (
            isinstance(node, ast.Call)
            and node.args
            and ast.dump(node.args[0])
            == ast.dump(ast.Subscript(target.value, target.slice, ast.Load()))
        ):  # parent[x] = find(parent[x])
            table = state.find(name)
            if table is not None and state.function.name == written(node.func):
                state.function.compressed = table.value.size
        index = Evaluator(state)
        index.value(target.slice)
        cost = index.cost
        if isinstance(target.slice, ast.Slice):
            cost = add(cost, value.size)
        state.charge(cost)
        found = state.find(name) if name else None
        if found is None:
            return
        state.update(name, "store")
        if found.value.kind == "dict" and levels == 1:
            state.grow(found, ONE)
            if found.value.elem is None and value.kind in CONTAINERS:
                found.value = replace(found.value, elem=replace(value, rel=None, name=""))
        return
    name = written(target)
    if not name:
        return
    if isinstance(target, ast.Attribute):
        value = Val(value.kind, size(name) if value.kind in (*CONTAINERS, "any") else ONE,
                    value.elem)  # fmt: skip
        old = state.find(name)
        if old is None:
            home = next((b for b in reversed(state.blocks) if b.kind == "class"), state.scope())
            home.variables[name] = Variable(value, state.path()[:1], state.path()[:1])
            return
        kind = _movement(state, name, node, value)
        state.update(name, kind or "set")
        return
    inside = state.inner_loop() is not None
    kind = _movement(state, name, node, value) if inside else ""
    old = state.find(name)
    own = old is not None and name in state.scope().variables
    if kind and own and old is not None:
        state.update(name, kind[0] if isinstance(kind, tuple) else kind)
        if value.kind in CONTAINERS and old.value.kind in CONTAINERS and kind == "grown":
            _lengthen(state, old, name, node)
        elif kind == "inc":
            start = state.shared(old.path)
            old.value = replace(old.value, size=add(old.value.size, state.trips_from(start)))
        if kind in ("next", "mid"):
            old.value = replace(old.value, rel=value.rel)
        return
    if inside and follows(state, name, node):
        state.update(name, "scan")
        return
    if inside:
        state.update(name, "set")
        _resume(state, name, node)
    state.bind(name, value)


def _movement(state: State, name: str, node: ast.expr, value: Val) -> str:
    """How ``name = node`` moves `name`, if from its own old value."""
    inside = {written(x) for x in ast.walk(node) if isinstance(x, (ast.Name, ast.Attribute))}
    found = state.find(name)
    loop = state.inner_loop()
    if name not in inside and loop is not None:
        if isinstance(node, ast.Name) and loop.scaled.get(node.id) == name:
            loop.updates[node.id] = [("mul", "")]
            return "mul"
        for x in ast.walk(node):
            if isinstance(x, ast.BinOp) and isinstance(x.op, (ast.Mult, ast.LShift)):
                factors = {written(x.left), written(x.right)} - {""}
                if len(factors) == 1 and (constant(x.left) or constant(x.right)):
                    loop.scaled[name] = factors.pop()
    if name not in inside:
        if value.rel and value.rel[1] == "half" and _near(node):
            return "mid"
        mine = found.value.rel if found is not None else None
        if value.rel and value.rel[1] == "child" and mine and mine[0] == value.rel[0]:
            return "next"
        return ""
    if value.kind in CONTAINERS and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return "grown"
    match node:
        case ast.BinOp(op=ast.FloorDiv() | ast.RShift()) if constant(node.right):
            return "div"
        case ast.BinOp(op=ast.Div()):
            return "div"
        case ast.BinOp(op=ast.Mult() | ast.LShift()):
            return "mul"
        case ast.BinOp(op=ast.BitAnd()):
            return "lowbit"
        case ast.BinOp(op=ast.Add()):
            if written(node.left) == written(node.right) == name:
                return "double"
            return "inc" if constant(node.right) or constant(node.left) else ""
        case ast.BinOp(op=ast.Sub()):
            return "dec" if constant(node.right) else "decvar"
        case ast.Subscript(slice=ast.Slice()):
            return "slice"
        case ast.Subscript():
            return "jump" if written(node.value) != name else "next"
        case ast.Attribute():
            return "next"
        case ast.Call(func=ast.Name(id="int")):
            return "div" if any(isinstance(x, ast.Div) for x in ast.walk(node)) else ""
    return ""


def _near(node: ast.expr) -> bool:
    """``mid``, ``mid + 1``: a middle found before, not a half that is taken here."""
    if isinstance(node, ast.BinOp) and constant(node.right) is not None:
        return isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(node.left, ast.Name)
    return isinstance(node, ast.Name)


def _resume(state: State, name: str, node: ast.expr) -> None:
    """``i = j``: the outer loop goes on where the inner one stopped, so both are one pass."""
    source = node.left if isinstance(node, ast.BinOp) else node
    other = written(source)
    loop = state.inner_loop()
    if not other or loop is None or loop.kind != "while" or loop.test is None:
        return
    if name not in {written(x) for x in ast.walk(loop.test) if isinstance(x, ast.expr)}:
        return
    if not any(mover == other for _, _, mover in loop.chain_loops):
        return
    loop.updates[name] = [(k, d) for k, d in loop.updates.get(name, []) if k != "set"] + [
        ("inc", "")
    ]
    for symbol, raw, mover in loop.chain_loops:
        if mover == other:
            state.sizes[symbol] = mul(raw, inverse(loop.trip))


def _lengthen(state: State, old: Variable, name: str, node: ast.expr) -> None:
    """``xs = xs + more``: by `more` each time, or twice as long where more is xs itself."""
    parts: list[ast.expr] = []
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            todo += [part.left, part.right]
        else:
            parts.append(part)
    selves = sum(
        name in {written(x) for x in ast.walk(p) if isinstance(x, ast.Name)} for p in parts
    )
    symbol = symbol_of(old.value)
    if symbol is None:
        return
    if selves >= 2 and not all(isinstance(p, (ast.Name, ast.Subscript)) and isinstance(
            p, ast.Subscript) for p in parts):  # fmt: skip
        times = state.trips_from(state.shared(old.path))
        state.sizes[symbol] = t.exponential(state.resolve(times))
        return
    others = [p for p in parts if name not in {written(x) for x in ast.walk(p)
                                               if isinstance(x, ast.Name)}]  # fmt: skip
    evaluator = Evaluator(state)
    state.grow(old, t.total(evaluator.value(p).size for p in others))


def augment(state: State, node: ast.AugAssign) -> Terms:
    value, cost = expression(state, node.value)
    name = written(node.target)
    if isinstance(node.target, ast.Subscript):
        base = node.target.value
        while isinstance(base, ast.Subscript):
            base = base.value
        index = Evaluator(state)
        index.value(node.target.slice)
        state.charge(index.cost)
        state.update(written(base), "store")
        if isinstance(node.op, ast.Add) and value.kind in CONTAINERS:
            state.charge(value.size)
        found = state.find(written(base))
        if found is not None and found.value.kind == "dict":
            state.grow(found, ONE)
        return add(cost, index.cost)
    found = state.find(name) if name else None
    if found is None:
        return cost
    old = found.value
    if isinstance(node.op, ast.Add) and (old.kind in CONTAINERS or (
            old.kind == "any" and value.kind in ("list", "str"))):  # fmt: skip
        charged = add(old.size, value.size) if old.kind in ("str", "tuple") else value.size
        state.charge(charged)
        state.update(name, "push")
        symbol, own = symbol_of(old), symbol_of(value)
        if symbol is not None:
            copied = isinstance(node.value, (ast.ListComp, ast.Name)) and (
                symbol == own or symbol in {n for m in value.size for n, _, _ in m}
            )
            if copied:
                times = state.trips_from(state.shared(found.path))
                state.sizes[symbol] = t.exponential(state.resolve(times))
            else:
                state.grow(found, value.size)
                if old.elem is None and value.elem is not None:
                    found.value = replace(old, elem=replace(value.elem, rel=None, name=""))
        return add(cost, charged)
    number = constant(node.value)
    other = written(node.value)
    inside = {written(x) for x in ast.walk(node.value) if isinstance(x, ast.expr)}
    kind, detail = "set", ""
    match node.op:
        case ast.Add() | ast.Sub():
            word = "inc" if isinstance(node.op, ast.Add) else "dec"
            if number is not None:
                kind = word if number > 0 else ("dec" if word == "inc" else "inc")
            elif other == name:
                kind = "double"
            elif name in inside and any(isinstance(x, ast.BitAnd) for x in ast.walk(node.value)):
                kind = "lowbit"
            else:
                grown = [x.id for x in ast.walk(node.value) if isinstance(x, ast.Name)]
                kind, detail = word + "var", other or next(iter(grown), "")
        case ast.Mult() | ast.LShift():
            kind = "mul"
        case ast.FloorDiv() | ast.RShift() | ast.Div():
            kind = "div"
        case ast.BitAnd():
            kind = "lowbit" if name in inside else "set"
    state.update(name, kind, detail)
    if kind == "set":
        state.undo_amortised(name)
    if kind in ("inc", "incvar") and old.kind in ("int", "any"):
        times = state.trips_from(state.shared(found.path))
        by = value.size if kind == "incvar" and value.kind == "int" else ONE
        if name in state.scope().variables and times != ONE:
            found.value = replace(old, size=add(old.size, mul(times, by)))
    return cost


def expression(state: State, node: ast.expr | None) -> tuple[Val, Terms]:
    evaluator = Evaluator(state)
    value = evaluator.value(node)
    state.charge(evaluator.cost)
    if evaluator.calls:
        state.top.live += evaluator.calls
    return value, evaluator.cost


def bind_target(state: State, target: ast.expr, value: Val) -> None:
    if isinstance(target, ast.Name):
        state.bind(target.id, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item, part in zip(target.elts, unpacked(value, len(target.elts)), strict=True):
            bind_target(state, item, part)
    elif isinstance(target, ast.Starred):
        bind_target(state, target.value, Val("list", value.size))
