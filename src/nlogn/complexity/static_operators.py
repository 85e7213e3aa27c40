"""The cost of operators and comparisons: concatenation, membership, what halves a size."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_terms import ONE, UNKNOWN, add, mul
from nlogn.complexity.static_values import (
    CONTAINERS,
    HASHED,
    NUMBER,
    SCANNED,
    Val,
    constant,
    container,
)

if TYPE_CHECKING:
    from nlogn.complexity.static_eval import Evaluator


def binary(ev: Evaluator, node: ast.BinOp) -> Val:
    left, right = ev.value(node.left), ev.value(node.right)
    number = constant(node.right)
    match node.op:
        case ast.Add():
            if _joins(left) or _joins(right):
                length = add(left.size, right.size)
                ev.charge(length)
                ev.state.allocate(length)
                kind = left.kind if _joins(left) else right.kind
                elem = left.elem or right.elem
                return Val(kind, length, elem, _without_one(left, right))
            size = add(left.size, right.size)
            if number is not None and left.rel and left.rel[1] == "same":
                return Val("int", left.size, rel=(left.rel[0], "inc"))
            if number is not None and left.rel and left.rel[1] == "item":
                return Val("int", left.size, rel=(left.rel[0], "iteminc"))
            if left.rel and left.rel[1] == "half" and number is not None:
                return Val("int", size, rel=left.rel)
            if right.rel and right.rel[1] == "half" and left.name:
                return Val("int", size, rel=("", "half"))
            between = "span" if left.name and right.name else ""
            return Val("int", size, rel=("", between) if between else None)
        case ast.Sub():
            if left.kind in ("set", "dict"):
                ev.charge(left.size)
                return container("set", left.size, left.elem)
            rel = None
            if left.rel and left.rel[1] == "same":
                rel = (left.rel[0], "dec" if number is not None else "decvar")
            elif left.rel and left.rel[1] == "half" and number is not None:
                rel = left.rel
            elif left.name and right.rel and right.rel[1] == "half":
                rel = ("", "half")
            elif left.name and right.name:
                rel = ("", "span")
            return Val("int", left.size, rel=rel)
        case ast.Mult():
            if _joins(left) or _joins(right):
                many, one = (left, right) if _joins(left) else (right, left)
                length = mul(many.size, one.size)
                ev.charge(length)
                ev.state.allocate(length)
                return container(many.kind, length, many.elem)
            return Val("int", mul(left.size, right.size))
        case ast.FloorDiv() | ast.RShift() | ast.Div():
            rel = None
            if number is not None and number >= (1 if isinstance(node.op, ast.RShift) else 2):
                if left.rel and left.rel[1] in ("same", "inc", "dec"):
                    rel = (left.rel[0], "half")
                elif (left.rel and left.rel[1] in ("span", "decvar")) or left.name:
                    rel = ("", "half")
            return Val("int", left.size, rel=rel)
        case ast.Mod():
            if left.kind == "str":
                return left
            rel = (right.rel[0], "mod") if right.rel and right.rel[1] == "same" else None
            return Val("int", right.size, rel=rel)
        case ast.Pow():
            if number is not None and number > 0:
                return Val("int", t.power(left.size, number))
            if isinstance(node.right, ast.Constant) and node.right.value == 0.5:
                return Val("int", t.power(left.size, 0.5))
            if left.size == ONE:
                return Val("int", t.exponential(right.size))
            return Val("int", UNKNOWN)
        case ast.LShift():
            if left.size == ONE:
                return Val("int", t.exponential(right.size))
            return Val("int", left.size)
        case ast.BitAnd() | ast.BitOr() | ast.BitXor():
            if left.kind in ("set", "dict") or right.kind in ("set", "dict"):
                both = add(left.size, right.size)
                ev.charge(both)
                return container("set", both, left.elem)
            return Val("int", add(left.size, right.size))
    return NUMBER


def compare(ev: Evaluator, node: ast.Compare) -> Val:
    values = [ev.value(node.left), *map(ev.value, node.comparators)]
    for op, left, right in zip(node.ops, values, values[1:], strict=False):
        if isinstance(op, (ast.In, ast.NotIn)):
            if right.kind in SCANNED:
                ev.charge(right.size)
            elif right.kind not in HASHED and right.size != ONE:
                scans = ev.state.function.scans
                symbol = scans.get(right.name) or ev.state.symbol(ONE)
                ev.state.sizes[symbol] = add(ev.state.known(symbol) or ONE, right.size)
                if right.name:
                    scans[right.name] = symbol
                ev.charge(t.size(symbol))
                ev.state.flag(f"`in {right.name or '…'}` is taken to scan a list")
        elif {left.kind, right.kind} <= CONTAINERS and ONE not in (left.size, right.size):
            ev.charge(left.size)
        for a, b in ((left, right), (right, left)):
            if a.rel and a.rel[1] in ("same", "dec", "inc"):
                block = ev.state.function
                if b.size != ONE and a.rel[0] in block.params and b.size != a.size:
                    block.bounds.setdefault(a.rel[0], b.size)
                if b.rel and b.rel[1] == "same" and a.rel[0] != b.rel[0]:
                    block.bounds.setdefault(a.rel[0], b.size)
    return Val("int")


def _without_one(left: Val, right: Val) -> tuple[str, str] | None:
    """``word[:i] + word[i + 1:]``: all but one."""
    if not left.rel or not right.rel or left.rel[0] != right.rel[0]:
        return None
    return (left.rel[0], "dec") if {left.rel[1], right.rel[1]} <= {"inner", "dec"} else None


def _joins(value: Val) -> bool:
    return value.kind in ("list", "str", "tuple", "bytes", "deque")
