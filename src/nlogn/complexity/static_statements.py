"""One statement after the other into the state: blocks open and close, variables move."""

import ast
from dataclasses import replace

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_assign import assign, augment, bind_target, expression
from nlogn.complexity.static_eval import Evaluator
from nlogn.complexity.static_lines import Parsed
from nlogn.complexity.static_loops import settle_while
from nlogn.complexity.static_recursion import finished
from nlogn.complexity.static_state import Block, Function, State, Variable
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, add, inverse, mul, size
from nlogn.complexity.static_values import (
    ANY,
    NUMBER,
    Val,
    annotated,
    constant,
    either,
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


def _open(state: State, node: ast.AST, indent: int, line: int, marks: list[str]) -> Terms:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _define(state, node, indent, line, marks)
            marks.clear()
            return ONE
        case ast.ClassDef():
            made = Function(node.name, (), (), defined=False)
            state.scope().functions.setdefault(node.name, made)
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
            return expression(state, node.test)[1]
        case ast.If():
            _, cost = expression(state, node.test)
            block = state.new_block("if", indent, line)
            block.test = node.test
            _guards(state, node.test)
            _remembered(state, node.test)
            state.push(block)
            return cost
        case ast.With() | ast.AsyncWith():
            cost = t.total(expression(state, item.context_expr)[1] for item in node.items)
            state.push(state.new_block("with", indent, line))
            return cost
        case ast.Match():
            _, cost = expression(state, node.subject)
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
    bind_target(state, node.target, walked.elem if walked.kind == "range" and walked.elem
                 else element(walked))  # fmt: skip
    return evaluator.cost


def _stepped(state: State, call: ast.Call, passes: Terms) -> Terms:
    """range(d, n, d): n/1 + n/2 + … in the loop that counts d up; a doubling step: geometric."""
    if len(call.args) != 3:
        return passes
    name = written(call.args[2])
    for around in state.loops_from(state.function_index):
        counted = around.target == name or any(k == "inc" for k, _ in around.updates.get(name, ()))
        if name and counted:
            reach = around.bound if around.bound != ONE else passes
            return mul(mul(passes, t.log(reach)), inverse(around.trip))
    return passes


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
            return assign(state, node.targets, node.value)
        case ast.AnnAssign():
            if node.value is None:
                return ONE
            cost = assign(state, [node.target], node.value)
            if isinstance(node.target, ast.Name) and (v := state.find(node.target.id)):
                told = annotated(node.target.id, node.annotation)
                if v.value.kind == "any" and told.kind != "any":
                    v.value = replace(v.value, kind=told.kind)
                if v.value.elem is None and told.elem is not None:
                    v.value = replace(v.value, elem=replace(told.elem, size=ONE, elem=None))
            return cost
        case ast.AugAssign():
            return augment(state, node)
        case ast.Return():
            value, cost = expression(state, node.value)
            function = state.function
            if function.kind == "def":
                if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add):
                    both = [Evaluator(state).quiet(side).size
                            for side in (node.value.left, node.value.right)]  # fmt: skip
                    if all(any(n == function.own_result for m in s for n, _, _ in m)
                           for s in both):  # fmt: skip
                        function.doubles = True
                value = replace(value, rel=None, name="")
                old = function.returns
                function.returns = value if old is None else either(old, value)
            _leave(state)
            state.top.left = True
            return cost
        case ast.Expr():
            return expression(state, node.value)[1]
        case ast.Raise():
            cost = expression(state, node.exc)[1]
            state.top.ended = True
            return cost
        case ast.Break():
            _leave(state)
            state.top.left = True
        case ast.Continue():
            state.top.ended = True
        case ast.Assert():
            return expression(state, node.test)[1]
        case ast.Delete():
            cost = ONE
            for target in node.targets:
                if isinstance(target, ast.Subscript):
                    base, own = expression(state, target.value)
                    cost = add(cost, own)
                    last = constant(target.slice) == -1 if isinstance(
                        target.slice, ast.expr) else False  # fmt: skip
                    if base.kind in ("list", "any", "deque") and not last:
                        state.charge(base.size)
                        cost = add(cost, base.size)
                    state.update(written(target.value), "pop")
            return cost
    return ONE


def _leave(state: State) -> None:
    state.top.ended = True
    loop = state.inner_loop()
    test = state.top.test
    if loop is not None and loop.kind == "while" and state.top is not loop and test is not None:
        loop.exits.append(test)


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
