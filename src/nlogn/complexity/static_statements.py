"""One statement after the other into the state: blocks open and close, variables move."""

import ast
from dataclasses import replace

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_eval import Evaluator, unpacked
from nlogn.complexity.static_lines import Parsed
from nlogn.complexity.static_loops import settle_while
from nlogn.complexity.static_recursion import finished
from nlogn.complexity.static_state import Block, Function, State, Variable, symbol_of
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, add, inverse, mul, size
from nlogn.complexity.static_values import (
    ANY,
    CONTAINERS,
    NUMBER,
    Val,
    annotated,
    constant,
    element,
    written,
)

_MEMO = ("cache", "lru_cache", "memoize", "memo", "memoise", "cached")
_MAX_GUARDS = 12


def run(state: State, parsed: Parsed, indent: int, line: int, marks: list[str]) -> Terms:
    """Take one logical line in; returns what its own expressions cost, once.

    `marks` holds the decorators seen so far, for the definition that follows them.
    """
    match parsed.kind:
        case "decorator":
            for node in parsed.nodes:
                marks.append(ast.unparse(node))
            return ONE
        case "else" | "try" | "finally" | "except" | "case":
            state.push(state.new_block(parsed.kind, indent, line))
            if not parsed.opens:
                cost = _all(state, parsed.nodes, indent, line)
                close(state)
                return cost
            return ONE
    if parsed.kind != "elif":
        _flush(state.top)
    if not parsed.opens:
        return _all(state, parsed.nodes, indent, line, marks)
    return _open(state, parsed.nodes[0], indent, line, marks)


def _all(state: State, nodes: tuple[ast.AST, ...] | list[ast.stmt], indent: int, line: int,
         marks: list[str] | None = None) -> Terms:  # fmt: skip
    cost = ONE
    for node in nodes:
        if isinstance(getattr(node, "body", None), list):
            own = _open(state, node, indent, line, marks or [])
            depth = len(state.blocks)
            inner = _all(state, node.body, indent, line)  # type: ignore[attr-defined]
            cost = add(cost, add(own, mul(state.top.trip, inner)))
            while len(state.blocks) >= depth and depth > 1:
                close(state)
            for rest in getattr(node, "orelse", []):
                state.push(state.new_block("else", indent, line))
                cost = add(cost, _all(state, [rest], indent, line))
                close(state)
        else:
            cost = add(cost, _simple(state, node))
    return cost


def _expression(state: State, node: ast.expr | None) -> tuple[Val, Terms]:
    evaluator = Evaluator(state)
    value = evaluator.value(node)
    state.charge(evaluator.cost)
    if evaluator.calls:
        state.top.live += evaluator.calls
    return value, evaluator.cost


def _open(state: State, node: ast.AST, indent: int, line: int, marks: list[str]) -> Terms:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _define(state, node, indent, line, marks)
            marks.clear()
            return ONE
        case ast.ClassDef():
            state.scope().functions.setdefault(node.name, Function(node.name, (), (), defined=False))
            block = state.new_block("class", indent, line)
            block.name = node.name
            state.push(block)
            marks.clear()
            return ONE
        case ast.For() | ast.AsyncFor():
            return _open_for(state, node, indent, line)
        case ast.While():
            block = state.new_block("while", indent, line)
            block.test = node.test
            block.trip = size(state.symbol(UNKNOWN))
            for name in {written(x) for x in ast.walk(node.test) if isinstance(x, ast.expr)}:
                found = state.find(name) if name else None
                if found is not None:
                    block.before[name] = found.value
            state.push(block)
            _guards(state, node.test)
            return _expression(state, node.test)[1]
        case ast.If():
            _, cost = _expression(state, node.test)
            block = state.new_block("if", indent, line)
            block.test = node.test
            _guards(state, node.test)
            _remembered(state, node.test)
            state.push(block)
            return cost
        case ast.With() | ast.AsyncWith():
            cost = t.total(_expression(state, item.context_expr)[1] for item in node.items)
            state.push(state.new_block("with", indent, line))
            return cost
        case ast.Match():
            _, cost = _expression(state, node.subject)
            state.push(state.new_block("with", indent, line))
            return cost
    state.push(state.new_block("with", indent, line))
    return ONE


def _define(state: State, node: ast.FunctionDef | ast.AsyncFunctionDef, indent: int, line: int,
            marks: list[str]) -> None:  # fmt: skip
    nested = state.function_index > 0
    method = state.top.kind == "class"
    block = state.new_block("def", indent, line)
    block.name = "." + node.name if method else node.name
    args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    prefix = node.name + "." if nested else ""
    block.plain = tuple(a.arg for a in args)
    block.params = tuple(prefix + a.arg for a in args)
    tail = node.args.defaults
    for arg, default in zip(args[len(args) - len(tail) :] if tail else [], tail, strict=False):
        kind = "str" if isinstance(getattr(default, "value", None), str) else "any"
        block.defaults[arg.arg] = NUMBER if constant(default) is not None else Val(kind)
    words = {w for mark in marks for w in mark.replace("(", ".").split(".")}
    block.memo = any(w in words for w in _MEMO)
    block.own_calls = state.symbol(ONE)
    block.own_result = state.symbol(UNKNOWN)
    state.push(block)
    path = state.path()
    for arg, name in zip(args, block.params, strict=True):
        value = annotated(name, arg.annotation)
        if arg.arg in ("self", "cls"):
            value = Val("self", ONE, name="self")
        block.variables[arg.arg] = Variable(replace(value, name=""), path, path)
    for extra in (node.args.vararg, node.args.kwarg):
        if extra is not None:
            value = Val("tuple" if extra is node.args.vararg else "dict", size(prefix + extra.arg))
            block.variables[extra.arg] = Variable(value, path, path)


def _open_for(state: State, node: ast.For | ast.AsyncFor, indent: int, line: int) -> Terms:
    evaluator = Evaluator(state)
    walked = evaluator.value(node.iter)
    state.charge(evaluator.cost)
    passes = evaluator.passes(walked, node.iter)
    block = state.new_block("for", indent, line)
    if walked.kind == "range" and isinstance(node.iter, ast.Call):
        block.bound = walked.size
        if isinstance(node.target, ast.Name):
            block.target = node.target.id
        passes = _stepped(state, node.iter, passes)
    symbol = state.symbol(passes)
    block.trip = size(symbol)
    if walked.kind == "range" and isinstance(node.iter, ast.Call) and len(node.iter.args) == 3:
        stride = written(node.iter.args[2])
        for around in state.loops_from(state.function_index):
            if around.kind == "while" and stride:
                around.stepped.append((symbol, passes, stride))
    for around in state.loops_from(state.function_index):
        if around.kind == "while":
            for x in ast.walk(node.iter):
                if isinstance(x, ast.Name):
                    around.ranged.append((symbol, x.id))
    if isinstance(node.iter, (ast.Subscript, ast.Call)):
        inner = node.iter
        base = inner.value if isinstance(inner, ast.Subscript) else inner.func
        if isinstance(base, ast.Attribute) and base.attr in ("get", "items"):
            base = base.value
        if isinstance(base, ast.Subscript):
            base = base.value
        found = state.find(written(base)) if written(base) else None
        if found is not None and walked.kind != "range":
            for around in [state.function, *state.loops_from(state.function_index)]:
                if around.around is None:
                    around.around = found.value
    state.push(block)
    _bind_target(state, node.target, walked.elem if walked.kind == "range" and walked.elem
                 else element(walked))  # fmt: skip
    return evaluator.cost


def _stepped(state: State, call: ast.Call, passes: Terms) -> Terms:
    """range(d, n, d): n/1 + n/2 + … in the loop that counts d up; a doubling step: geometric."""
    if len(call.args) != 3:
        return passes
    name = written(call.args[2])
    for around in state.loops_from(state.function_index):
        counted = around.target == name or any(
            k == "inc" for k, _ in around.updates.get(name, ())
        )
        if name and counted:
            reach = around.bound if around.bound != ONE else passes
            return mul(mul(passes, t.log(reach)), inverse(around.trip))
    return passes


def _bind_target(state: State, target: ast.expr, value: Val) -> None:
    if isinstance(target, ast.Name):
        state.bind(target.id, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item, part in zip(target.elts, unpacked(value, len(target.elts)), strict=True):
            _bind_target(state, item, part)
    elif isinstance(target, ast.Starred):
        _bind_target(state, target.value, Val("list", value.size))


def _guards(state: State, test: ast.expr) -> None:
    """Which tables and sets stand guard in this test, and between which limits of a grid."""
    blocks = [state.function, *state.loops_from(state.function_index)]
    limits = ONE
    for node in ast.walk(test):
        name, bound = "", ONE
        if isinstance(node, ast.Compare):
            if isinstance(node.ops[0], (ast.In, ast.NotIn)):
                name = written(node.comparators[0])
            elif len(node.ops) >= 2:
                limits = mul(limits, Evaluator(state).value(node.comparators[-1]).size)
        elif isinstance(node, ast.Subscript):
            base, levels = node.value, 1
            while isinstance(base, ast.Subscript):
                base, levels = base.value, levels + 1
            name = written(base)
            found = state.find(name) if name else None
            if found is not None:
                bound = found.value.size
                if levels > 1:
                    bound = mul(bound, element(found.value).size)
        if name and state.find(name) is not None:
            for block in blocks:
                if len(block.guards) < _MAX_GUARDS:
                    block.guards.append((name, bound))
    if limits != ONE:
        for block in blocks:
            block.limits = limits


def _remembered(state: State, test: ast.expr) -> None:
    """`if n in memo: return memo[n]`, `if dp[i] != -1`: results are remembered."""
    function = state.function
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            name = written(node.comparators[0])
            key = {x.id for x in ast.walk(node.left) if isinstance(x, ast.Name)}
            if any(w in name.lower() for w in ("memo", "cache", "dp", "known", "table", "store")):
                function.memo = function.memo or bool(key & set(function.plain))
        elif isinstance(node, ast.Subscript):
            base: ast.expr = node
            while isinstance(base, ast.Subscript):
                base = base.value
            name = written(base).lower()
            if any(w in name for w in ("memo", "cache", "dp")) and function.kind == "def":
                function.memo = True


def _simple(state: State, node: ast.AST) -> Terms:
    match node:
        case ast.Assign():
            return _assign(state, node.targets, node.value)
        case ast.AnnAssign():
            if node.value is None:
                return ONE
            cost = _assign(state, [node.target], node.value)
            if isinstance(node.target, ast.Name) and (v := state.find(node.target.id)):
                told = annotated(node.target.id, node.annotation)
                if v.value.kind == "any" and told.kind != "any":
                    v.value = replace(v.value, kind=told.kind)
                if v.value.elem is None and told.elem is not None:
                    v.value = replace(v.value, elem=replace(told.elem, size=ONE, elem=None))
            return cost
        case ast.AugAssign():
            return _augment(state, node)
        case ast.Return():
            value, cost = _expression(state, node.value)
            function = state.function
            if function.kind == "def":
                if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add):
                    both = [Evaluator(state).quiet(side).size
                            for side in (node.value.left, node.value.right)]  # fmt: skip
                    if all(any(n == function.own_result for m in s for n, _, _ in m)
                           for s in both):  # fmt: skip
                        function.doubles = True
                value = replace(value, rel=None, name="")
                function.returns = value if function.returns is None else _merged(
                    state, function.returns, value
                )
            _leave(state)
            state.top.left = True
            return cost
        case ast.Expr():
            return _expression(state, node.value)[1]
        case ast.Raise():
            cost = _expression(state, node.exc)[1]
            state.top.ended = True
            return cost
        case ast.Break():
            _leave(state)
            state.top.left = True
        case ast.Continue():
            state.top.ended = True
        case ast.Assert():
            return _expression(state, node.test)[1]
        case ast.Delete():
            cost = ONE
            for target in node.targets:
                if isinstance(target, ast.Subscript):
                    base, own = _expression(state, target.value)
                    cost = add(cost, own)
                    last = constant(target.slice) == -1 if isinstance(
                        target.slice, ast.expr) else False  # fmt: skip
                    if base.kind in ("list", "any", "deque") and not last:
                        state.charge(base.size)
                        cost = add(cost, base.size)
                    state.update(written(target.value), "pop")
            return cost
    return ONE


def _merged(state: State, old: Val, new: Val) -> Val:
    from nlogn.complexity.static_values import either

    return either(old, new)


def _leave(state: State) -> None:
    state.top.ended = True
    loop = state.inner_loop()
    if loop is not None and loop.kind == "while" and state.top.test is not None:
        if state.top is not loop:
            loop.exits.append(state.top.test)


def _assign(state: State, targets: list[ast.expr], node: ast.expr) -> Terms:
    target = targets[0]
    pairs = isinstance(target, ast.Tuple) and isinstance(node, ast.Tuple)
    if pairs and len(target.elts) == len(node.elts):  # type: ignore[attr-defined]
        cost, values = ONE, []
        for part in node.elts:  # type: ignore[attr-defined]
            value, own = _expression(state, part)
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
    value, cost = _expression(state, node)
    for one in targets:
        if isinstance(one, (ast.Tuple, ast.List)):
            names = [written(e) for e in one.elts]
            if isinstance(node, ast.Call) and written(node.func) == "divmod" and node.args:
                inside = {written(x) for x in ast.walk(node.args[0]) if isinstance(x, ast.expr)}
                if names[0] in inside and state.inner_loop():
                    state.update(names[0], "div")
                    names = names[1:]
                    one = ast.Tuple(one.elts[1:])
            _bind_target(state, one, value)
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
        if isinstance(node, ast.Call) and node.args and ast.dump(node.args[0]) == ast.dump(
            ast.Subscript(target.value, target.slice, ast.Load())
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
        if value.rel and value.rel[1] == "half":
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


def _resume(state: State, name: str, node: ast.expr) -> None:
    """``i = j``: the outer loop goes on where the inner one stopped, so both are one pass."""
    source = node.left if isinstance(node, ast.BinOp) else node
    other = written(source)
    loop = state.inner_loop()
    if not other or loop is None or loop.kind != "while" or loop.test is None:
        return
    if name not in {written(x) for x in ast.walk(loop.test) if isinstance(x, ast.expr)}:
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


def _augment(state: State, node: ast.AugAssign) -> Terms:
    value, cost = _expression(state, node.value)
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


def _flush(block: Block) -> None:
    """The branches of an if are over: the calls of the dearest one count."""
    if not block.chain:
        return
    going = [count for count, ended in block.chain if not ended]
    for count, ended in block.chain:
        if ended:
            block.best = max(block.best, block.live + count)
    block.live += max(going, default=0)
    block.chain = []


def close(state: State) -> None:
    """Fold the innermost open block into the one around it."""
    block = state.top
    _flush(block)
    if block.kind == "while":
        _close_while(state, block)
    if block.loops and block.left:  # its first pass is its last
        (mono,) = block.trip
        state.sizes[mono[0][0]] = ONE
    state.blocks.pop()
    parent = state.top
    count = max(block.live, block.best)
    match block.kind:
        case "def":
            function = finished(state, block)
            home = parent
            if parent.kind == "class":
                home = next((b for b in reversed(state.blocks) if b.kind != "class"), parent)
                if block.name == ".__init__":
                    made = replace(function, params=block.params[1:], plain=block.plain[1:],
                                   returns=ANY, name=parent.name, defined=False)  # fmt: skip
                    home.functions[parent.name] = made
            home.functions[block.name] = function
        case "for" | "while":
            cost = mul(block.trip, block.cost)
            if not state.loops_from(state.function_index):
                cost = state.resolve(cost)  # nothing can change how often it ran any more
            parent.cost = add(parent.cost, cost)
            parent.live += count
        case "class":
            pass
        case "if" | "else" | "case" | "elif":
            parent.cost = add(parent.cost, block.cost)
            parent.chain.append((count, block.ended))
        case _:
            parent.cost = add(parent.cost, block.cost)
            parent.live += count


def _close_while(state: State, block: Block) -> None:
    index = len(state.blocks) - 1
    passes = settle_while(state, index, lambda node: Evaluator(state).value(node))
    (mono,) = block.trip
    symbol = mono[0][0]
    state.sizes[symbol] = passes
    if not t.is_unknown(passes) and t.degree(state.resolve(passes)) == 0:
        for ranged, name in block.ranged:
            kinds = {k for k, _ in block.updates.get(name, ())}
            if kinds & {"div", "mul", "double"}:
                reach = state.known(ranged) or ONE
                state.sizes[ranged] = mul(add(reach, block.bound), inverse(block.trip))
    for inner, distance, name in block.stepped:
        if any(k == "inc" for k, _ in block.updates.get(name, ())):
            state.sizes[inner] = mul(mul(distance, t.log(distance)), inverse(block.trip))
    for around in state.loops_from(state.function_index)[:-1]:
        if around.kind == "while":
            for name in {n for n, moves in block.updates.items()}:
                around.chain_loops.append((symbol, passes, name))
