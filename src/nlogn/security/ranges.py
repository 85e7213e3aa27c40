"""Go: integer conversions whose operand may not fit, by intervals (Cousot and Cousot 1976).

A variable's interval begins as its type's, and comparisons narrow it on the branch where they
hold. A result that may leave its own type's range has wrapped, and is the whole type again. What
has no known integer type is never reported.
"""

from __future__ import annotations

from typing import Any

from . import ir
from .memory.state import callee
from .packs.go import NARROWED
from .state import Hit, OutOfFuel

Range = tuple[int, int]
BITS = {"int": 64, "int8": 8, "int16": 16, "int32": 32, "int64": 64, "rune": 32, "uint": 64,
        "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64, "byte": 8, "uintptr": 64}  # fmt: skip
TYPES: dict[str, Range] = {
    t: (0, 2**b - 1) if t[0] == "u" or t == "byte" else (-(2 ** (b - 1)), 2 ** (b - 1) - 1)
    for t, b in BITS.items()
}
CONSTANTS = {
    f"Max{t.capitalize()}": TYPES[t][1] for t in TYPES if t not in ("byte", "rune", "uintptr")
} | {f"Min{t.capitalize()}": TYPES[t][0] for t in TYPES if t.startswith("int")}
CONSTANTS |= {f"MaxUint{n}": 2**n - 1 for n in (8, 16, 32, 64)} | {"MaxUint": 2**64 - 1}
# What well-known calls return: a type and an interval.
CALLS: dict[str, tuple[str, Range]] = {
    "len": ("int", (0, 2**63 - 1)), "cap": ("int", (0, 2**63 - 1)),
    "Int63": ("int64", (0, 2**63 - 1)), "Int": ("int", (0, 2**63 - 1)),
    "Int31": ("int32", (0, 2**31 - 1)), "Uint32": ("uint32", TYPES["uint32"]),
    "Uint64": ("uint64", TYPES["uint64"]), "Atoi": ("int", TYPES["int"]),
    "UnixMilli": ("int64", (0, 2**62)), "Unix": ("int64", (0, 2**62)),
    "UnixNano": ("int64", (0, 2**62)), "UnixMicro": ("int64", (0, 2**62)),
    "NumCPU": ("int", (1, 2**15)), "Getpid": ("int", (0, 2**31 - 1)),
}  # fmt: skip
State = dict[str, Range]
FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
NOT = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}


def path(e: Any) -> str:
    """A variable or a field of one, through pointers."""
    if type(e) is ir.Name:
        return str(e.id)
    if type(e) is ir.Field:
        base = path(e.obj)
        return f"{base}.{e.name}" if base else ""
    if type(e) is ir.Un and e.op == "*":
        return path(e.arg)
    if type(e) is ir.Index and type(e.obj) is ir.Name and type(e.key) is ir.Name:
        return f"{e.obj.id}[{e.key.id}]"
    return ""


class Ranges:
    def __init__(self, module: ir.Module, text: str, fuel: int) -> None:
        self.module, self.text, self.fuel = module, text, fuel
        self.hits: dict[int, Hit] = {}
        self.types: dict[str, str] = {}
        self.where = ""

    def run(self) -> list[Hit]:
        for s in self.module.body:
            if type(s) is ir.Def:
                self.types = {
                    p.name: p.type.lstrip("[]*")
                    for p in s.fn.params
                    if p.type.lstrip("[]*") in TYPES
                }
                self.where = s.fn.name
                self.block(s.fn.body, {})
        return list(self.hits.values())

    # ---- statements

    def block(self, body: list[Any], st: State) -> bool:
        return all(self.statement(s, st) for s in body)

    def spend(self, st: State) -> None:
        self.fuel -= 1 + (len(st) >> 3)
        if self.fuel < 0:
            raise OutOfFuel

    def statement(self, s: Any, st: State) -> bool:
        self.spend(st)
        kind = type(s)
        if kind is ir.Assign:
            self.uses(s.value, st)
            p = path(s.target)
            if s.op and p:
                grown = self.range_of(ir.Bin(s.op, s.target, s.value, s.pos), st)
                if grown is not None:
                    st[p] = grown
                    return True
            for key in [k for k in st if k == p or k.startswith((p + ".", p + "["))]:
                st.pop(key)
            if p and not s.op:
                t = s.type if s.type in TYPES else self.type_of(s.value)
                if t:
                    self.types[p] = t
                r = self.range_of(s.value, st)
                if r is not None and t:
                    st[p] = r
                elif not t:
                    self.types.pop(p, None)
        elif kind is ir.Eval:
            self.uses(s.value, st)
            if callee(s.value) in ("panic", "Fatal", "Fatalf", "Exit"):
                return False
            if type(s.value) is ir.Un and s.value.op in ("++", "--"):
                st.pop(path(s.value.arg), None)
        elif kind is ir.If:
            self.uses(s.test, st)
            a, b = self.branches(s.test, st)
            alive_a, alive_b = self.block(s.then, a), self.block(s.other, b)
            st.clear()
            if alive_a and alive_b:
                st.update(hull(a, b))
            elif alive_a or alive_b:
                st.update(a if alive_a else b)
            return alive_a or alive_b
        elif kind is ir.Loop:
            self.loop(s, st)
        elif kind is ir.Block:
            return self.block(s.body, st)
        elif kind is ir.Switch:
            for _, body in s.cases:
                self.block(body, dict(st))
            st.clear()
        elif kind is ir.Return:
            if s.value is not None:
                self.uses(s.value, st)
            return False
        elif kind is ir.Jump:
            return False
        return True

    def loop(self, s: ir.Loop, st: State) -> None:
        inner = dict(st)
        start: Range | None = None
        name = ""
        if s.target is not None:
            name = path(s.target)
            t = self.type_of(s.iter) if s.iter is not None else ""
            if t:
                self.types[name] = t
            inner.pop(name, None)
            if callee(s.iter) == "keys of":
                self.types[name], inner[name] = "int", (0, 2**63 - 1)
        elif type(s.test) is ir.Bin and type(s.test.left) is ir.Name:
            name = s.test.left.id
            start = inner.pop(name, None)
            counts = any(
                type(x) is ir.Eval and type(x.value) is ir.Un and x.value.op == "++" for x in s.step
            )
            if start is not None and counts:
                inner[name] = (start[0], TYPES.get(self.types.get(name, ""), TYPES["int"])[1])
        if s.test is not None:
            self.uses(s.test, inner)
            inner, _ = self.branches(s.test, inner)
        self.block(s.body, inner)
        for x in list(st):
            if st[x] != inner.get(x):
                st.pop(x)

    # ---- conditions

    def branches(self, test: Any, st: State) -> tuple[State, State]:
        """The states where `test` is true and where it is false, each operand looked at once."""
        self.spend(st)
        if type(test) is ir.Un and test.op == "not":
            yes, no = self.branches(test.arg, st)
            return no, yes
        if type(test) is ir.Bin and test.op in ("and", "or"):
            yes, no = self.branches(test.left, st)
            if test.op == "and":
                both, second = self.branches(test.right, yes)
                return both, hull(no, second)
            second, neither = self.branches(test.right, no)
            return hull(yes, second), neither
        yes, no = dict(st), dict(st)
        if type(test) is ir.Bin and test.op in FLIP:
            left, right = self.range_of(test.left, st), self.range_of(test.right, st)
            for out, op in ((yes, test.op), (no, NOT[test.op])):
                self.narrow(test.left, op, right, out)
                self.narrow(test.right, FLIP[op], left, out)
        return yes, no

    def narrow(self, e: Any, op: str, other: Range | None, st: State) -> None:
        """`e op other` holds: x - 3 < 7 gives x < 10, x * 2 < 10 gives x < 5."""
        if other is None:
            return
        lo, hi = other
        if type(e) is ir.Bin and type(e.right) is ir.Const and type(e.right.value) is int:
            c = e.right.value
            if e.op in ("-", "+"):
                d = c if e.op == "-" else -c
                self.narrow(e.left, op, (lo + d, hi + d), st)
                return
            if e.op == "*" and c > 0 and op in ("<", "<="):
                self.narrow(e.left, "<=", (lo // c, (hi - 1 if op == "<" else hi) // c), st)
                return
            if e.op == "<<" and 0 <= c < 64 and op in ("<", "<="):
                self.narrow(e.left, "<=", (lo >> c, (hi - 1 if op == "<" else hi) >> c), st)
                return
            if e.op == "/" and c > 0 and op in ("<", "<="):
                top = hi * c - 1 if op == "<" else hi * c + c - 1
                self.narrow(e.left, "<=", (lo * c, top), st)
                return
        if type(e) is ir.Cast and e.type in TYPES:
            inner = self.range_of(e.arg, st)
            if inner is not None and fits(inner, TYPES[e.type]):
                self.narrow(e.arg, op, other, st)
            return
        p = path(e)
        t = self.types.get(p, "")
        if not p or (not t and p not in st and "." not in p and "[" not in p):
            return
        a, b = st.get(p) or TYPES.get(t) or TYPES["int"]
        if op == "<":
            b = min(b, hi - 1)
        elif op == "<=":
            b = min(b, hi)
        elif op == ">":
            a = max(a, lo + 1)
        elif op == ">=":
            a = max(a, lo)
        elif op == "==":
            a, b = max(a, lo), min(b, hi)
        if a <= b:
            st[p] = (a, b)
        else:
            st[p] = (0, 0)  # this branch is never taken

    # ---- expressions

    def type_of(self, e: Any) -> str:
        """The integer type of an expression, "" when it is unknown or another type."""
        kind = type(e)
        if kind is ir.Cast:
            return e.type if e.type in TYPES else ""
        if kind is ir.Const:
            return "int" if type(e.value) is int else ""
        if kind is ir.Call:
            name = callee(e)
            if name in ("ParseInt", "ParseUint"):
                return "int64" if name == "ParseInt" else "uint64"
            return CALLS[name][0] if name in CALLS else ""
        if kind is ir.Bin and e.op not in ("and", "or", *FLIP):
            left, right = self.type_of(e.left), self.type_of(e.right)
            if type(e.left) is ir.Const:
                return right
            return left
        if kind is ir.Un and e.op in ("-", "^", "+", "*"):
            return self.type_of(e.arg)
        p = path(e)
        if p in self.types:
            return self.types[p]
        if kind is ir.Index:
            return self.type_of(e.obj)
        if (
            kind is ir.Coll
            and e.items
            and all(type(v) is ir.Const and type(v.value) is int for _, v in e.items)
        ):
            return "int"
        return ""

    def range_of(self, e: Any, st: State) -> Range | None:
        kind = type(e)
        if kind is ir.Const:
            return (e.value, e.value) if type(e.value) is int else None
        if (
            kind is ir.Field
            and type(e.obj) is ir.Name
            and e.obj.id == "math"
            and e.name in CONSTANTS
        ):
            return (CONSTANTS[e.name],) * 2
        p = path(e)
        if p in st:
            return st[p]
        t = self.type_of(e)
        if kind is ir.Cast and t:
            inner = self.range_of(e.arg, st)
            return inner if inner is not None and fits(inner, TYPES[t]) else TYPES[t]
        if kind is ir.Call:
            return self.called(e, st)
        if kind is ir.Un and e.op in ("-", "^"):
            r = self.range_of(e.arg, st)
            if r is None or not t:
                return None
            if e.op == "-":
                return whole((-r[1], -r[0]), t)
            top = TYPES[t][1] if TYPES[t][0] == 0 else -1
            return (top - r[1], top - r[0])
        if kind is ir.Bin and e.op not in ("and", "or", *FLIP):
            a, b = self.range_of(e.left, st), self.range_of(e.right, st)
            if a is None or b is None or not t:
                return TYPES.get(t)
            got = combine(e.op, a, b)
            return whole(got, t) if got is not None else TYPES[t]
        return TYPES.get(t)

    def called(self, e: ir.Call, st: State) -> Range | None:
        name = callee(e)
        if name in ("ParseInt", "ParseUint") and len(e.args) == 3 and type(e.args[2]) is ir.Const:
            bits = e.args[2].value or 64
            if type(bits) is not int or not 0 < bits <= 64:
                return None
            signed = name == "ParseInt"
            return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        if name in ("Intn", "Int63n", "Int31n", "IntN") and e.args:
            r = self.range_of(e.args[0], st)
            return (0, r[1] - 1) if r is not None else None
        if name in ("min", "max") and len(e.args) == 2:
            a, b = self.range_of(e.args[0], st), self.range_of(e.args[1], st)
            if a is None or b is None:
                return None
            pick = min if name == "min" else max
            return (pick(a[0], b[0]), pick(a[1], b[1]))
        return CALLS[name][1] if name in CALLS else None

    def uses(self, e: Any, st: State) -> None:
        """Look at every conversion inside an expression."""
        kind = type(e)
        if kind is ir.Bin and e.op in ("and", "or"):
            self.uses(e.left, st)
            yes, no = self.branches(e.left, st)
            self.uses(e.right, yes if e.op == "and" else no)
            return
        for part in parts(e):
            self.uses(part, st)
        if kind is ir.Cast and e.type in TYPES:
            source = self.type_of(e.arg)
            r = self.range_of(e.arg, st)
            if (
                source
                and r is not None
                and type(e.arg) is not ir.Const
                and not fits(r, TYPES[e.type])
            ):
                line = self.text.count("\n", 0, e.pos)
                self.hits.setdefault(
                    line, Hit(NARROWED, e.pos, NARROWED.confidence, "api", 0, (), self.where)
                )


def parts(e: Any) -> list[Any]:
    kind = type(e)
    if kind is ir.Bin:
        return [e.left, e.right]
    if kind in (ir.Un, ir.Cast):
        return [e.arg]
    if kind is ir.Call:
        return list(e.args)
    if kind is ir.Index:
        return [e.obj, e.key]
    if kind is ir.Coll:
        return [v for _, v in e.items]
    if kind in (ir.Other, ir.Template):
        return list(e.parts)
    return []


def fits(r: Range, inside: Range) -> bool:
    return inside[0] <= r[0] and r[1] <= inside[1]


def whole(r: Range, t: str) -> Range:
    """A result in its type: itself, or anything once it may have wrapped."""
    return r if fits(r, TYPES[t]) else TYPES[t]


def hull(a: State, b: State) -> State:
    return {k: (min(v[0], b[k][0]), max(v[1], b[k][1])) for k, v in a.items() if k in b}


def combine(op: str, a: Range, b: Range) -> Range | None:
    """Interval arithmetic; None where the result is not tracked."""
    if op == "+":
        return a[0] + b[0], a[1] + b[1]
    if op == "-":
        return a[0] - b[1], a[1] - b[0]
    if op == "*":
        ends = [x * y for x in a for y in b]
        return min(ends), max(ends)
    if op == "/" and (b[0] > 0 or b[1] < 0):
        ends = [int(x / y) if abs(x) < 2**50 else x // y for x in a for y in b]
        return min(ends), max(ends)
    if op == "%" and b[0] > 0:
        top = b[1] - 1
        return (max(a[0], -top) if a[0] < 0 else 0), min(max(a[1], 0), top)
    if op == "<<" and b[0] == b[1] and 0 <= b[0] < 64:
        return a[0] << b[0], a[1] << b[0]
    if op == ">>" and b[0] == b[1] and 0 <= b[0] < 64:
        return a[0] >> b[0], a[1] >> b[0]
    if op == "&" and (a[0] >= 0 or b[0] >= 0):
        tops = [r[1] for r in (a, b) if r[0] >= 0]
        return 0, min(tops)
    return None


def range_hits(module: ir.Module, text: str, fuel: int) -> list[Hit]:
    """What the intervals show in a Go file. Raises OutOfFuel."""
    return Ranges(module, text, fuel).run()
