"""How often a while loop runs, read from its test and from how its body moves what it tests."""

import ast
from collections.abc import Callable

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_recursion import visited_bound
from nlogn.complexity.static_state import Block, State
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, inverse, is_unknown, mul
from nlogn.complexity.static_values import Val, constant, written

_GEOMETRIC = frozenset({"mul", "div", "double", "lowbit", "mod"})
_STEPS = frozenset({"inc", "dec"})
Magnitude = Callable[[ast.expr], Val]  # what an expression is worth, at no charge
Found = tuple[Terms, tuple[str, ...]]  # how often, and the names whose progress it rests on


def settle_while(state: State, index: int, evaluate: Magnitude) -> Terms:
    """The passes of the while loop at `state.blocks[index]`, per entry of its parent block.

    A loop whose progress outlives the loops around it runs so often in all, not each time.
    """
    block = state.blocks[index]
    found = _of_test(state, block, block.test, evaluate, True)
    if found is None or is_unknown(found[0]):
        for test in block.exits:
            other = _of_test(state, block, test, evaluate, False)
            if other is not None and not is_unknown(other[0]):
                found = other
                break
    scanned = [
        (whole, start) for _, whole, start, text in block.finds
        if "scan" in _kinds(block, start) and not _kinds(block, text)
    ]  # fmt: skip
    if scanned and (found is None or is_unknown(found[0])):
        found = t.total(s for s, _ in scanned), tuple(n for _, n in scanned)
    for symbol, whole, name, text in block.finds:
        if "scan" in _kinds(block, name) and not _kinds(block, text):
            state.sizes[symbol] = mul(whole, inverse(block.trip))
    if found is None:
        cut = [n for n in block.updates if set(_kinds(block, n)) == {"slice"} and n in block.steady]
        if cut and (shrinking := state.find(cut[0])) is not None:
            found = shrinking.value.size, (cut[0],)
    if found is None:
        halved = tuple(n for n in block.updates if "mid" in _kinds(block, n))
        spans = [v.value.size for n in halved if (v := state.find(n)) is not None]
        if len(halved) < 2 or t.total(spans) == ONE:
            return UNKNOWN
        found = t.log(t.total(spans)), halved
    raw, names = found
    start = max(
        (state.shared(v.set_path) for n in names if (v := state.find(n)) is not None),
        default=index,
    )
    start = max(min(start, index), state.function_index + 1)
    outer = [b for b in state.blocks[start:index] if b.loops]
    if not outer or not names:
        return raw
    shared = mul(raw, inverse(t.product(b.trip for b in outer)))
    (symbol,) = [n for mono in block.trip for n, _, _ in mono] or [""]
    for around in outer:
        for name in names:
            around.adjusted.setdefault(name, []).append((symbol, raw))
    return shared


def _of_test(
    state: State, block: Block, test: ast.expr | None, ev: Magnitude, goes_on: bool
) -> Found | None:
    """`goes_on`: the loop goes on while the test holds; else it ends when it does."""
    if isinstance(test, ast.BoolOp):
        parts = [_of_test(state, block, v, ev, goes_on) for v in test.values]
        good = [p for p in parts if p is not None and not is_unknown(p[0])]
        if isinstance(test.op, ast.And):
            return min(good, key=lambda p: t.degree(p[0]), default=None)
        if len(good) < len(parts) or not good:
            return good[0] if good and len(block.exits) else None
        return t.total(p[0] for p in good), tuple(n for p in good for n in p[1])
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _of_test(state, block, test.operand, ev, not goes_on)
    if isinstance(test, ast.Compare):
        left, right = test.left, test.comparators[-1]
        if isinstance(test.ops[0], (ast.Is, ast.IsNot)):
            return _of_truth(state, block, left, ev)
        below = isinstance(test.ops[0], (ast.Lt, ast.LtE))
        above = isinstance(test.ops[0], (ast.Gt, ast.GtE))
        ordered = (below == goes_on) if below or above else None
        return _of_compare(state, block, left, right, ev, ordered)
    if isinstance(test, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)):
        return _of_truth(state, block, test, ev)
    return None


def _kinds(block: Block, name: str) -> list[str]:
    return [kind for kind, _ in block.updates.get(name, ())]


def _start(block: Block, name: str) -> Terms:
    value = block.before.get(name)
    return ONE if value is None else value.size


def _of_truth(state: State, block: Block, node: ast.expr, ev: Magnitude) -> Found | None:
    if isinstance(node, ast.Subscript):  # while not seen[x]: seen[x] = True
        name = written(node.value)
        kinds = _kinds(block, name)
        value = block.before.get(name)
        if "store" in kinds and value is not None:
            return value.size, (name,)
        return None
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("empty", "isEmpty"):
            return _drained(state, block, written(node.func.value), ev)
        if written(node.func) == "len" and node.args:
            return _drained(state, block, written(node.args[0]), ev)
        return None
    if isinstance(node, ast.BinOp):
        name = next((n.id for n in ast.walk(node) if isinstance(n, ast.Name)), "")
    else:
        name = written(node)
    kinds = _kinds(block, name)
    if not name or not kinds:
        return None
    if any(k in ("pop", "push", "slice") for k in kinds):
        return _drained(state, block, name, ev)
    if set(kinds) <= _GEOMETRIC:
        return t.log(_start(block, name)), (name,)
    if "next" in kinds or "jump" in kinds:
        return _chased(state, block, name)
    if set(kinds) <= {"dec", "decvar", *_GEOMETRIC}:
        return _counted(block, name, _start(block, name)), (name,)
    return None


def _chased(state: State, block: Block, name: str) -> Found | None:
    """Following links: as long as the structure, at most."""
    start = _start(block, name)
    for jumped, moves in block.updates.items():  # parent[x] = parent[parent[x]]; x = parent[x]
        table = state.find(jumped)
        if jumped != name and any(k == "store" for k, _ in moves) and table is not None:
            return t.log(table.value.size), (name,)
    if start == ONE:
        variable = state.find(name)
        loops = state.loops_from(state.shared(variable.set_path)) if variable else []
        around = [b for b in loops if b is not block]
        if around:  # it falls by what the loops around let it rise
            return t.product(b.trip for b in around), (name,)
        return None
    return start, (name,)


def _drained(state: State, block: Block, name: str, ev: Magnitude) -> Found | None:
    kinds = _kinds(block, name)
    value = block.before.get(name)
    variable = state.find(name)
    if variable is not None:
        value = variable.value
    if value is None or not kinds:
        return None
    pops = sum(k in ("pop", "slice") for k in kinds)
    pushes = kinds.count("push")
    if "slice" in kinds and "set" not in kinds:
        return value.size, (name,)
    if pops and (not pushes or pops > pushes):
        return value.size, (name,)
    if pops or "set" in kinds:
        bound = visited_bound(state, block)
        if bound is not None:
            guards = tuple(n for n, _ in block.guards if state.find(n) is not None)
            return bound, guards[:1]
        if block.around is not None and block.around.size != ONE:
            state.flag("a worklist without a visited set is taken to walk a tree")
            return block.around.size, ()
    return None


def _counted(block: Block, name: str, distance: Terms) -> Terms:
    """How many steps cross `distance`, for steps that are not geometric."""
    details = {detail for kind, detail in block.updates[name] if kind.endswith("var")}
    for detail in details:
        if "inc" in _kinds(block, detail):
            return t.power(distance, 0.5)  # the steps grow: 1 + 2 + 3 + …
    return distance


def _of_compare(
    state: State, block: Block, left: ast.expr, right: ast.expr, ev: Magnitude,
    rising: bool | None,
) -> Found | None:  # fmt: skip
    """`rising`: the loop ends when the left side gets too large; None: either way."""
    names = [
        n for side in (left, right) for x in ast.walk(side)
        if isinstance(x, (ast.Name, ast.Attribute)) and (n := written(x)) in block.updates
    ]  # fmt: skip
    if not names:
        return None
    for name in names:
        if {"pop", "slice"} & set(_kinds(block, name)):  # while live[0] <= now
            drained = _drained(state, block, name, ev)
            if drained is not None:
                return drained
    for name in names:  # while len(heap) > 1
        if any(isinstance(x, ast.Call) and written(x.func) == "len" and x.args
               and written(x.args[0]) == name for x in ast.walk(left)):  # fmt: skip
            return _drained(state, block, name, ev)
    sizes = {side: ev(side).size for side in (left, right)}
    if any("mid" in _kinds(block, n) for n in names):
        spans = [_start(block, n) for n in names] + [ev(right).size]
        return t.log(t.total(spans)), tuple(dict.fromkeys(names))
    for side, other in ((left, right), (right, left)):
        own = [n for n in names if n in {written(x) for x in ast.walk(side)
                                         if isinstance(x, (ast.Name, ast.Attribute))}]  # fmt: skip
        if not own:
            continue
        name = own[0]
        kinds = set(_kinds(block, name))
        if (
            kinds <= _GEOMETRIC
            or name in block.steady
            or ("mul" in kinds and kinds <= _GEOMETRIC | {"inc", "incvar"})
        ):
            reach = sizes[other] if kinds & {"mul", "double"} else ONE
            block.bound = t.add(block.bound, reach)
            return t.log(t.add(t.add(reach, _start(block, name)), ONE)), (name,)
        if "jump" in kinds or "next" in kinds:
            return _chased(state, block, name)
        if kinds & {"set", "scan"}:
            continue
        upwards = rising is None or rising == (side is left)
        if kinds & {"inc", "incvar"} and not upwards:
            continue
        if "inc" in kinds and not kinds & {"dec", "decvar"}:
            if _squares(side, name):
                return t.power(sizes[other], 0.5), (name,)
            if _triangular(block, side, name):
                return t.power(sizes[other], 0.5), (name,)
            partner = [n for n in names if n != name and set(_kinds(block, n)) & {"dec"}]
            reach = t.total(_start(block, n) for n in partner) if partner else sizes[other]
            return reach, (name, *partner)
        if "incvar" in kinds:
            if _strides(block, name) and "inc" not in kinds:
                stride = state.find(_strides(block, name))
                if stride is not None and 0 < t.degree(stride.value.size) < 1:
                    return mul(sizes[other], inverse(stride.value.size)), (name,)
            return _stepped(state, block, name, sizes[other]), (name,)
        downwards = rising is None or rising != (side is left)
        if kinds & {"dec", "decvar"} and not kinds & {"inc", "incvar"} and downwards:
            start = t.add(_start(block, name), ONE)
            return _counted(block, name, start), (name,)
    return None


def _strides(block: Block, name: str) -> str:
    details = {d for k, d in block.updates[name] if k == "incvar"}
    return details.pop() if len(details) == 1 else ""


def _squares(side: ast.expr, name: str) -> bool:
    if isinstance(side, ast.BinOp):
        both = (side.left, side.right)
        if isinstance(side.op, ast.Mult):
            return all(written(s) == name for s in both)
        if isinstance(side.op, ast.Pow):
            return written(side.left) == name and constant(side.right) == 2
        if isinstance(side.op, ast.FloorDiv):
            return _squares(side.left, name)
    return False


def _triangular(block: Block, side: ast.expr, name: str) -> bool:
    return any(
        isinstance(x, ast.BinOp) and isinstance(x.op, ast.Mult)
        and name in {n.id for n in ast.walk(x.left) if isinstance(n, ast.Name)}
        and name in {n.id for n in ast.walk(x.right) if isinstance(n, ast.Name)}
        for x in ast.walk(side)
    )  # fmt: skip


def _stepped(state: State, block: Block, name: str, distance: Terms) -> Terms:
    """A step of another variable's size: n/1 + n/2 + … in the loop that counts it up."""
    details = [detail for kind, detail in block.updates[name] if kind == "incvar"]
    for detail in details:
        if "inc" in _kinds(block, detail):
            return t.power(distance, 0.5)
        for around in state.loops_from(state.function_index):
            if around is block:
                continue
            if around.kind == "while" and "inc" not in _kinds(around, detail):
                symbol = next((n for mono in block.trip for n, _, _ in mono), "")
                around.stepped.append((symbol, distance, detail))
            if around.target == detail or "inc" in _kinds(around, detail):
                reach = around.bound if around.bound != ONE else distance
                return mul(mul(distance, t.log(reach)), inverse(around.trip))
    return distance
