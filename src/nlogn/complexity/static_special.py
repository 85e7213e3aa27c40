"""Calls whose cost or result needs more than a table: range, zip, permutations, heapq, …

Each function takes the evaluator and the call, charges it, and says what it gives.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, add, mul
from nlogn.complexity.static_values import (
    ANY,
    CONTAINERS,
    NOTHING,
    NUMBER,
    Val,
    constant,
    container,
    either,
    element,
    reached,
    written,
)

if TYPE_CHECKING:
    from nlogn.complexity.static_eval import Evaluator


def call_range(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args]
    if not values:
        return ANY
    low, high = (None, values[0]) if len(values) == 1 else (values[0], values[1])
    step = constant(node.args[2]) if len(values) == 3 else 1
    top = high
    if (step or 1) < 0 and low is not None:
        top = low
    length = top.size
    if low is not None and (reach := reached(node.args[0], node.args[1])) is not None:
        length = ev.peek(reach).size
    rel = (low.rel[0], "item") if low and low.rel and low.rel[1] in ("same", "inc") else None
    if len(values) == 3 and step is None:
        stride = values[2].size
        if 0 < t.degree(stride) < 1:
            length = mul(length, t.inverse(stride))
    item = Val("int", add(top.size, low.size if low else ONE), rel=rel)
    return Val("range", length, item)


def call_groupby(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    walked = values[0] if values else ANY
    ev.charge(walked.size)
    run = Val("iter", ONE, element(walked))  # the runs make up the whole: one each on average
    return container("iter", walked.size, container("tuple", ONE, run))


def call_enumerate(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    walked = values[0] if values else ANY
    pair = Val("pair", ONE, element(walked))
    ev.charge(ONE)
    return container("iter", walked.size, replace(pair, size=walked.size))


def call_zip(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    sized = [v for v in values if v.size != ONE] or values or [ANY]
    if node.args and isinstance(node.args[0], ast.Starred):
        rows = element(sized[0])
        ev.charge(mul(sized[0].size, rows.size))
        return container("iter", rows.size, container("tuple", sized[0].size))
    elem = element(values[0]) if values else ANY
    for value in values[1:]:
        elem = either(elem, element(value))
    return container("iter", sized[0].size, container("tuple", ONE, elem))


def call_map(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args[1:]]
    walked = values[0] if values else ANY
    result = ev.each(node.args[0], element(walked), walked.size) if node.args else ANY
    return container("iter", walked.size, result)


def call_filter(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args[1:]]
    walked = values[0] if values else ANY
    if node.args:
        ev.each(node.args[0], element(walked), walked.size)
    return container("iter", walked.size, element(walked))


def call_reduce(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args[1:]]
    walked = values[0] if values else ANY
    start = values[1] if len(values) > 1 else element(walked)
    grown = start
    if node.args and isinstance(node.args[0], ast.Lambda) and start.kind in CONTAINERS:
        grown = replace(start, size=walked.size)  # what it folds into may grow each time
    if node.args and isinstance(node.args[0], ast.Lambda):
        names = [a.arg for a in node.args[0].args.args]
        outer, ev.times = ev.times, mul(ev.times, walked.size)
        items = [grown, element(walked), *[ANY] * len(names)]
        ev.locals.append(dict(zip(names, items, strict=False)))
        ev.value(node.args[0].body)
        ev.locals.pop()
        ev.times = outer
    else:
        ev.charge(walked.size)
    return grown


def call_min(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args]
    keyed = next((k.value for k in node.keywords if k.arg == "key"), None)
    for other in (k.value for k in node.keywords if k.arg != "key"):
        ev.value(other)
    if len(values) == 1 and not isinstance(node.args[0], ast.Starred):
        ev.charge(values[0].size)
        if keyed is not None:
            ev.each(keyed, element(values[0]), values[0].size)
        return replace(element(values[0]), rel=None)
    out = values[0] if values else ANY
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    for value in values[1:]:
        if name == "min" and (value.size == ONE or out.size == ONE):
            out = replace(value if value.size == ONE else out, rel=None)
            if out.size == ONE and constant(node.args[0]) is None and len(values) == 2:
                bigger = values[0] if values[0].size != ONE else values[1]
                out = replace(bigger, rel=None)
        elif name == "min" and out.kind == "int":
            continue
        else:
            out = either(out, value)
    return replace(out, rel=None)


call_max = call_min


def call_sum(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    walked = values[0] if values else ANY
    if len(values) > 1 and values[1].kind in ("list", "tuple"):
        ev.charge(t.power(walked.size, 2))
        return container("list", walked.size)
    ev.charge(walked.size)
    return Val("int", ONE if walked.kind == "iter" else walked.size)


def call_isqrt(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    return Val("int", t.power(values[0].size, 0.5) if values else ONE)


def call_int(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    first = values[0] if values else NUMBER
    return Val("int", first.size, rel=first.rel)


def call_pow(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    if len(values) == 3:
        ev.charge(t.log(values[1].size))
        return Val("int", values[2].size)
    return NUMBER


def call_input(ev: Evaluator, node: ast.Call) -> Val:
    ev.arguments(node)
    ev.state.counter += 1
    name = f"input@{ev.state.counter}"
    return Val("str", t.size(name), name=name)


def call_readline(ev: Evaluator, node: ast.Call) -> Val:
    return call_input(ev, node)


call_read = call_readline


def call_defaultdict(ev: Evaluator, node: ast.Call) -> Val:
    for arg in node.args[1:]:
        ev.value(arg)
    first = node.args[0] if node.args else None
    name = getattr(first, "id", "")
    made = {"list": "list", "set": "set", "dict": "dict", "deque": "deque", "int": "int"}
    return container("dict", ONE, Val(made.get(name, "any")))


def call_permutations(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    walked = values[0] if values else ANY
    count = t.exponential(walked.size, "!")
    if len(node.args) > 1 and (k := constant(node.args[1])) is not None:
        count = t.power(walked.size, max(k, 1))
    return container("iter", count, container("tuple", walked.size, element(walked)))


def call_combinations(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    walked = values[0] if values else ANY
    fixed = constant(node.args[1]) if len(node.args) > 1 else None
    count = t.exponential(walked.size)
    length = walked.size
    if fixed is not None:
        count, length = t.power(walked.size, max(fixed, 1)), ONE
    ev.state.allocate(walked.size)
    return container("iter", count, container("tuple", length, element(walked)))


call_combinations_with_replacement = call_combinations


def call_product(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args]
    repeat = next((k.value for k in node.keywords if k.arg == "repeat"), None)
    if repeat is None:
        count, length = t.product(v.size for v in values), ONE
    elif (fixed := constant(repeat)) is not None:
        count, length = t.power(t.product(v.size for v in values), max(fixed, 1)), ONE
    else:
        length = ev.value(repeat).size
        count = t.exponential(length)
    elem = element(values[0]) if values else ANY
    return container("iter", count, container("tuple", length, elem))


def call_islice(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    if len(node.args) == 2:
        fixed = constant(node.args[1]) is not None
        length = ONE if fixed else values[1].size
        return container("iter", length, element(values[0]))
    return container("iter", values[0].size if values else ONE, ANY)


def call_takewhile(ev: Evaluator, node: ast.Call) -> Val:
    values = [ev.value(a) for a in node.args[1:]]
    walked = values[0] if values else ANY
    if walked.size == ONE and node.args and isinstance(node.args[0], ast.Lambda):
        body, names = node.args[0].body, [a.arg for a in node.args[0].args.args]
        if isinstance(body, ast.Compare) and len(body.ops) == 1 and names:
            bound = ev.value(body.comparators[0]).size
            return container("iter", _inverted(body.left, names[0], bound), NUMBER)
    return walked if walked.size != ONE else container("iter", UNKNOWN, ANY)


def call_nlargest(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    if len(values) < 2:
        return ANY
    ev.charge(mul(values[1].size, t.log(values[0].size)))
    return container("list", values[0].size, element(values[1]))


call_nsmallest = call_nlargest


def call_merge(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    sizes = t.total(v.size for v in values)
    if node.args and isinstance(node.args[0], ast.Starred):
        inner = element(values[0])
        deep = mul(values[0].size, inner.size if inner.kind in CONTAINERS else ONE)
        ev.charge(mul(deep, t.log(values[0].size)))
        return container("iter", deep, ANY)
    ev.charge(sizes)
    return container("iter", sizes, ANY)


def call_heappush(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    if values:
        ev.charge(t.log(values[0].size))
        ev.grow(node.args[0], ONE, values[-1])
    return NOTHING


def call_heappop(ev: Evaluator, node: ast.Call) -> Val:
    values = ev.arguments(node)
    if not values:
        return ANY
    ev.charge(t.log(values[0].size))
    ev.mark(node.args[0], "pop")
    return element(values[0])


def _inverted(node: ast.expr, name: str, bound: Terms) -> Terms:
    """How far `name` counts up until the expression in it reaches `bound`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        squared = written(node.left) == written(node.right) == name
        return t.power(bound, 0.5) if squared else UNKNOWN
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        if isinstance(node.left, ast.Name) and (k := constant(node.right)):
            return t.power(bound, 1 / k)
        if isinstance(node.right, ast.Name):
            return t.log(bound)
    if isinstance(node, ast.Name) and node.id == name:
        return bound
    return UNKNOWN
