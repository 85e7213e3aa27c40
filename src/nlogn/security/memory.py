"""C and C++: null, lifetime, size and range, by one flow-sensitive walk over each function.

State is kept per access path (`p`, `p->a.b`): may it be null, has it been freed, how many bytes
does it hold, does a number come from outside and has it been compared since. Whatever a
condition mentions counts as checked from there on, on both branches: that loses bugs behind a
wrong check and keeps code with a check quiet, which is the better side to err on.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from typing import Any

from . import ir
from .packs.c_memory import RULES
from .state import Hit
from .walk import breaks, flat, indexing, walk

NULLABLE = re.compile(
    r"^(?:malloc|calloc|realloc|kmalloc|kzalloc|kcalloc|kmalloc_array|kmemdup|kstrdup|vmalloc|vzalloc|"
    r"strdup|strndup|fopen|fdopen|popen|opendir|getenv|strchr|strrchr|memchr|platform_get_resource\w*|"
    r"devm_k?\w*alloc|devm_kstrdup|of_get_property|of_match_node|alloc_\w+|dev_alloc_skb|skb_clone|"
    r"av_malloc\w*|gf_malloc|nla_nest_start|find_vma|AllocateMagick\w+|"
    r"AcquireMagickMemory|AcquireQuantumMemory|OPENSSL_malloc|CRYPTO_malloc|lookup_\w+|get_current_user)$"
)
# Answers that are null in ordinary use, not only when memory runs out.
NULL_ANSWERS = re.compile(
    r"^(?:crypt|getenv|secure_getenv|strchr|strrchr|strstr|memchr|strpbrk|getpwnam|getpwuid|getlogin)$"
)
COMPARE: dict[str, Any] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
ASSERTS = re.compile(
    r"(?i)^(?:g_|tor_|ap_|debug_|static_)?assert\w*$|^(?:BUG|WARN)_ON\w*$|^VERIFY$|^CHECK\w*$"
)
TARGET_SIZE = re.compile(r"(?i)^(?:dest|dst|out|target|buf(?:fer)?)_?(?:size|len|sz|cap)\w*$")
FREES = frozenset(
    [
        "free",
        "kfree",
        "delete",
        "vfree",
        "kvfree",
        "kzfree",
        "g_free",
        "av_free",
        "OPENSSL_free",
        "cfree",
        "kfree_skb",
    ]
)
NUMBERS = re.compile(
    r"^(?:atoi|atol|atoll|strtol|strtoul|strtoll|strtoull|getw|stoi|"
    # a number in the byte order of a file or a wire is one that somebody else wrote
    r"ntoh(?:s|l|ll)|(?:be|le)(?:16|32|64)_?to_?(?:cpup?|h)|get_unaligned_\w+|GETUINT\d+|"
    r"(?:\w+_)?(?:rl|rb|RL|RB|R[LB])(?:16|24|32|64)|\w*[sS]wap(?:16|32|64)\w*|"
    r"ReadBlob(?:[LM]SB)?\w*|ReadProfile\w+|bytestream2?_get_[bl]e\d+|avio_r[bl]\d+|"
    r"get_bits\w*|get_[us]e_golomb\w*|EXTRACT_\w+BITS?|tvb_get_\w+)$"
)
# Of those, the ones that answer with negative numbers too.
NEGATIVE = re.compile(
    r"^(?:ato(?:i|l|ll)|strtoll?|stoi|getw|[fs]?scanf|ReadProfile\w+|ReadBlob\w*Signed\w+)$"
)
SIGNED = re.compile(
    r"^(?:signed |const )*(?:int|long|short|ssize_t|int\d+_t|s(?:16|32|64)|ptrdiff_t)\b"
)
STACK_ALLOCATORS = ("alloca", "ALLOCA", "_alloca", "__builtin_alloca")
READS_NUMBER = frozenset({"scanf", "fscanf", "sscanf"})
DEREFS_ARG = {
    "memset": (0,),
    "memcpy": (0, 1),
    "memmove": (0, 1),
    "strcpy": (0, 1),
    "strncpy": (0, 1),
    "strcat": (0, 1),
    "sprintf": (0,),
    "snprintf": (0,),
    "strlen": (0,),
    "fread": (3,),
    "fgets": (2,),
    "fprintf": (0,),
    "fputs": (1,),
    "fclose": (0,),
    "strcmp": (0, 1),
    "strncmp": (0, 1),
    "fseek": (0,),
    "resource_size": (0,),
    "skb_put": (0,),
    "skb_reserve": (0,),
}
COPIES = {
    "memcpy": 2,
    "memmove": 2,
    "strncpy": 2,
    "strncat": 2,
    "memset": 2,
    "read": 2,
    "recv": 2,
    "fgets": 1,
    "snprintf": 1,
    "copy_from_user": 2,
    "wmemset": 2,
    "wcsncpy": 2,
    "CopyMagickMemory": 2,
}
TARGET = {"read": 1, "recv": 1}
SIZES = {
    "char": 1,
    "unsigned char": 1,
    "signed char": 1,
    "uint8_t": 1,
    "int8_t": 1,
    "u8": 1,
    "bool": 1,
    "short": 2,
    "unsigned short": 2,
    "uint16_t": 2,
    "int16_t": 2,
    "u16": 2,
    "int": 4,
    "unsigned int": 4,
    "unsigned": 4,
    "uint32_t": 4,
    "int32_t": 4,
    "u32": 4,
    "float": 4,
    "wchar_t": 4,
    "long": 8,
    "unsigned long": 8,
    "size_t": 8,
    "ssize_t": 8,
    "long long": 8,
    "unsigned long long": 8,
    "uint64_t": 8,
    "int64_t": 8,
    "u64": 8,
    "double": 8,
    "void*": 8,
}
CLOSING = re.compile(
    r"(?i)free|destroy|release|cleanup|close|exit|fini|delete|remove|del$|_del_|put$|unref|dtor|clear|"
    r"reset|drop|dispose|unload|uninit|deinit|term|shutdown|stop|end$|disconnect|kill|purge|flush"
)


@dataclass(slots=True)
class State:
    null: dict[str, int] = field(default_factory=dict)  # path -> where it was allocated
    freed: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)  # bytes
    elem: dict[str, int] = field(default_factory=dict)  # bytes of an element
    outside: dict[str, int] = field(default_factory=dict)  # numbers without an upper bound yet
    below: dict[str, int] = field(default_factory=dict)  # signed numbers not yet known to be >= 0
    const: dict[str, int] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)  # allocated with strlen(of) bytes
    nil: dict[str, int] = field(default_factory=dict)  # certainly null
    filled: dict[str, int] = field(default_factory=dict)  # bytes of text written to it
    checked: set[str] = field(default_factory=set)

    def copy(self) -> State:
        return State(
            dict(self.null), dict(self.freed), dict(self.size), dict(self.elem), dict(self.outside),
            dict(self.below), dict(self.const), dict(self.short), dict(self.nil), dict(self.filled),
            set(self.checked),
        )  # fmt: skip


def path(e: Any) -> str:
    """An lvalue as text, "" when it is none that can be followed."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        base = path(e.obj)
        return f"{base}.{e.name}" if base else ""
    if kind is ir.Cast:
        return path(e.arg)
    if kind is ir.Un and e.op in ("*", "&"):
        base = path(e.arg)
        return base if e.op == "&" else (f"*{base}" if base else "")
    if kind is ir.Index and type(e.key) is ir.Const:
        base = path(e.obj)
        return f"{base}[{e.key.value}]" if base else ""
    return ""


def bare(e: Any) -> Any:
    while type(e) is ir.Cast:
        e = e.arg
    return e


def callee(e: Any) -> str:
    e = bare(e)
    if type(e) is not ir.Call:
        return ""
    func = e.func
    return str(func.id if type(func) is ir.Name else func.name if type(func) is ir.Field else "")


class Memory:
    """The walk over one file's functions."""

    def __init__(self, module: ir.Module, text: str) -> None:
        self.module, self.text = module, text
        self.hits: dict[tuple[str, int], Hit] = {}
        self.macros: dict[str, int] = {}
        self.fn: ir.Function | None = None
        self.types: dict[str, str] = {}
        self.statics: set[str] = set()
        self.fields_freed: list[tuple[str, int]] = []
        self.assigned_after: set[str] = set()
        self.measured: dict[str, set[str]] = {}  # buffer -> the numbers that its size was made of

    def run(self) -> list[Hit]:
        for s in self.module.body:
            named = type(s) is ir.Assign and type(s.target) is ir.Name
            if named and type(s.value) is ir.Const and type(s.value.value) is int:
                self.macros[s.target.id] = s.value.value
        self.functions(self.module.body)
        return list(self.hits.values())

    def functions(self, body: list[Any]) -> None:
        for s in body:
            if type(s) is ir.Def:
                self.function(s.fn)
            elif type(s) is ir.ClassDef:
                self.functions(s.body)

    def report(self, rule: str, pos: int, where: int | None = None, why: str = "") -> None:
        key = (rule, self.text.count("\n", 0, pos))
        if key not in self.hits:
            r = RULES[rule]
            trace = ((where, why),) if where is not None else ()
            name = self.fn.name if self.fn else ""
            self.hits[key] = Hit(r, pos, r.confidence, "flow" if trace else "api", 0, trace, name)

    def function(self, fn: ir.Function) -> None:
        self.fn = fn
        self.types = {p.name: p.type for p in fn.params}
        self.statics = set(
            re.findall(r"\bstatic\b[^;=\n]*?\b(\w+)\s*\[", self.text[fn.pos : fn.end])
        )
        self.fields_freed, self.assigned_after, self.measured = [], set(), {}
        st = State(const=dict(self.macros))
        self.block(fn.body, st)
        if not CLOSING.search(fn.name):
            for p, pos in self.fields_freed:
                if p not in self.assigned_after:
                    self.report("c.dangling-field", pos, pos, f"{p} is freed")

    # ---- statements

    def block(self, body: list[Any], st: State) -> bool:
        return all(self.statement(s, st) for s in body)

    def statement(self, s: Any, st: State) -> bool:
        kind = type(s)
        if kind is ir.Assign:
            self.assign(s, st)
        elif kind is ir.Eval:
            self.uses(s.value, st)
            name = callee(s.value)
            if ASSERTS.match(name):
                self.check(s.value, st, True)
            if name in ("exit", "abort", "_exit", "BUG", "err", "errx", "die", "fatal", "panic"):
                return False
            if name == "label":
                st.null.clear()
                st.freed.clear()
        elif kind is ir.If:
            self.uses(s.test, st)
            known = self.truth(s.test, st)
            if known is not None:
                self.check(s.test, st, known)
                return self.block(s.then if known else s.other, st)
            a, b = st.copy(), st.copy()
            self.check(s.test, a, True)
            self.check(s.test, b, False)
            alive_a = self.block(s.then, a)
            alive_b = self.block(s.other, b)
            return self.merge(st, [x for x, ok in ((a, alive_a), (b, alive_b)) if ok])
        elif kind is ir.Loop:
            return self.loop(s, st)
        elif kind is ir.Switch:
            self.uses(s.subject, st)
            self.check(s.subject, st, True)
            live = [st.copy()]
            for _, body in s.cases:
                branch = st.copy()
                self.block(body, branch)
                live.append(branch)
            self.merge(st, live)
        elif kind is ir.Return:
            if s.value is not None:
                self.uses(s.value, st)
                v = bare(s.value)
                if (
                    type(v) is ir.Name
                    and v.id in st.size
                    and v.id in self.types
                    and self.types[v.id].endswith("[]")
                ) and v.id not in self.statics:
                    self.report("c.return-local", s.pos)
            return False
        elif kind is ir.Jump:
            return False
        elif kind is ir.Block:
            return self.block(s.body, st)
        elif kind is ir.Try:
            self.block(s.body, st)
            for h in s.handlers:
                self.block(h, st.copy())
        elif kind is ir.Def:
            pass
        return True

    def loop(self, s: ir.Loop, st: State) -> bool:
        if s.test is not None:
            self.uses(s.test, st)
        inner = st.copy()
        if s.test is not None:
            self.check(s.test, inner, True)
        for x in flat(s.body):  # in a later round it holds what an earlier one gave it
            if type(x) is ir.Assign:
                inner.nil.pop(path(x.target), None)
        self.counted(s, inner)
        self.block(s.body, inner)
        self.block(s.step, inner)
        if s.test is not None:
            self.check(s.test, st, False)
        for p in list(st.outside):
            if p not in inner.outside:
                st.outside.pop(p)
        self.merge(st, [st.copy(), inner])
        return s.test is not None or s.target is not None

    def counted(self, s: ir.Loop, st: State) -> None:
        """`for (i = 0; i < 20; i++) a[i]` with fewer than 20 elements."""
        t = s.test
        if type(t) is not ir.Bin or t.op not in ("<", "<=") or type(t.left) is not ir.Name:
            return
        bound = self.value(t.right, st)
        if bound is None:
            st.const.pop(t.left.id, None)
            return
        last = bound if t.op == "<=" else bound - 1
        for e in indexing(s.body, t.left.id):
            base = path(e.obj)
            if base in st.size:
                n = st.size[base] // st.elem.get(base, 1)
                if last >= n and not breaks(s.body):
                    self.report("c.index-past-end", e.pos)
        st.const.pop(t.left.id, None)

    def merge(self, st: State, live: list[State]) -> bool:
        if not live:
            return False
        first = live[0]
        for other in live[1:]:
            first.null = {
                k: v for k, v in first.null.items() if k in other.null or k not in other.checked
            }
            for k, v in other.null.items():
                if k not in first.checked:
                    first.null.setdefault(k, v)
            first.freed = {k: v for k, v in first.freed.items() if k in other.freed}
            first.size = {k: v for k, v in first.size.items() if other.size.get(k) == v}
            first.outside = {k: v for k, v in first.outside.items() if k in other.outside}
            first.below = {k: v for k, v in first.below.items() if k in other.below}
            first.nil = {k: v for k, v in first.nil.items() if k in other.nil}
            first.filled = {k: v for k, v in first.filled.items() if other.filled.get(k) == v}
            first.const = {k: v for k, v in first.const.items() if other.const.get(k) == v}
            first.checked |= other.checked
        st.null, st.freed, st.size, st.elem = first.null, first.freed, first.size, first.elem
        st.outside, st.const, st.short, st.checked = (
            first.outside,
            first.const,
            first.short,
            first.checked,
        )
        st.nil, st.filled, st.below = first.nil, first.filled, first.below
        return True

    def truth(self, test: Any, st: State) -> bool | None:
        """Whether a condition on constants holds."""
        if type(test) is ir.Bin and test.op in COMPARE:
            a, b = self.value(test.left, st), self.value(test.right, st)
            return COMPARE[test.op](a, b) if a is not None and b is not None else None
        if type(test) in (ir.Const, ir.Name):
            n = self.value(test, st)
            return bool(n) if n is not None and type(n) is int else None
        return None

    # ---- facts

    def check(self, test: Any, st: State, truth: bool) -> None:
        """Everything that the condition mentions has been looked at."""
        sides = sided(test, truth)
        for p in mentioned(test):
            st.null.pop(p, None)
            st.nil.pop(p, None)
            st.checked.add(p)
            side = sides.get(p, "both")
            if side != "low":
                st.outside.pop(p, None)
            if side != "high":
                st.below.pop(p, None)
        t = bare(test)
        empty = self.null_test(t)
        if empty and empty[1] is truth:
            st.nil[empty[0]] = t.pos
        if type(t) is ir.Let:
            p = path(t.target)
            st.null.pop(p, None)
            st.outside.pop(p, None)
            st.below.pop(p, None)
            st.checked.add(p)

    def null_test(self, t: Any) -> tuple[str, bool] | None:
        """For `!p`, `p == NULL` and `p != NULL`: the pointer, and when it is null."""
        if type(t) is ir.Un and t.op == "not":
            p = path(t.arg)
            return (p, True) if p and self.types.get(p, "").endswith("*") else None
        if type(t) is ir.Bin and t.op in ("==", "!="):
            for one, other in ((t.left, t.right), (t.right, t.left)):
                p = path(one)
                if p and type(other) is ir.Const and other.value is None:
                    return p, t.op == "=="
        return None

    def forget(self, p: str, st: State) -> None:
        for table in (
            st.null,
            st.freed,
            st.size,
            st.elem,
            st.outside,
            st.below,
            st.const,
            st.short,
            st.nil,
            st.filled,
        ):
            for k in [k for k in table if k == p or k.startswith((p + ".", "*" + p))]:
                table.pop(k)
        st.checked.discard(p)

    def assign(self, s: ir.Assign, st: State) -> None:
        value = bare(s.value)
        self.uses(s.value, st)
        p = path(s.target)
        if type(s.target) is not ir.Name:
            self.uses(s.target, st, write=True)
        if not p:
            return
        self.assigned_after.add(p)
        if s.op:
            st.const.pop(p, None)
            return
        if s.type and type(s.target) is ir.Name:
            self.types[p] = s.type
        self.forget(p, st)
        name = callee(value)
        known = self.value(value, st)
        if known is not None:
            st.const[p] = known
        if type(value) is ir.Const and value.value is None and type(s.target) is ir.Name:
            st.nil[p] = s.pos
        source = path(value)
        if source:
            tables: tuple[dict[str, Any], ...] = (
                st.null, st.size, st.elem, st.outside, st.below, st.short, st.nil, st.filled,
                st.freed,
            )  # fmt: skip
            for table in tables:
                if source in table:
                    table[p] = table[source]
        if NUMBERS.match(name):
            self.from_outside(p, name, s.pos, st)
        elif type(value) is ir.Bin:
            for table in (st.outside, st.below):
                found = foreign(value, table)
                if found:
                    table[p] = table[found]
        if name == "array of":
            self.declare_array(p, value, st)
        elif name in STACK_ALLOCATORS:
            self.allocated(p, name, value, s, st)
        elif NULLABLE.match(name):
            if not self.dull(name, value):
                st.null[p] = s.pos
            self.allocated(p, name, value, s, st)

    def from_outside(self, p: str, name: str, pos: int, st: State) -> None:
        st.outside[p] = pos
        if NEGATIVE.match(name) and SIGNED.match(self.types.get(p, "")):
            st.below[p] = pos

    def dull(self, name: str, call: ir.Call) -> bool:
        """A small or measured allocation of a user program, which in practice does not fail."""
        if name not in ("malloc", "calloc", "realloc", "strdup", "strndup", "getenv"):
            return False
        params = {x.name for x in (self.fn.params if self.fn else [])}
        sizes = [path(a) for a in call.args]
        return not any(p in params for p in sizes if p) or name in ("strdup", "strndup")

    def declare_array(self, p: str, call: ir.Call, st: State) -> None:
        kind = next((v.value for k, v in call.kwargs if k == "type"), "char")
        elem = SIZES.get(kind, 0)
        n = self.value(call.args[0], st)
        if n is None and len(call.args) > 1:
            init = call.args[1]
            if type(init) is ir.Const and type(init.value) is str:
                n = len(init.value) + 1
            elif type(init) is ir.Coll:
                n = len(init.items)
        if n and elem:
            st.size[p], st.elem[p] = n * elem, elem

    def allocated(self, p: str, name: str, call: ir.Call, s: ir.Assign, st: State) -> None:
        kind = self.types.get(p, "")
        if name not in ("malloc", "calloc", "realloc", "kmalloc", "kzalloc", *STACK_ALLOCATORS):
            return
        size_arg = (
            call.args[1]
            if name == "realloc" and len(call.args) > 1
            else call.args[0]
            if call.args
            else None
        )
        if size_arg is None:
            return
        self.measured[p] = mentioned(size_arg)
        for inner in walk(size_arg):
            if (
                callee(inner) == "sizeof"
                and inner.args
                and path(inner.args[0]) == p
                and kind.endswith("*")
                and not kind.startswith(("char*", "void*"))
            ):
                self.report("c.pointer-size", inner.pos)
        total = self.value(size_arg, st)
        if name == "calloc" and len(call.args) > 1:
            a, b = self.value(call.args[0], st), self.value(call.args[1], st)
            total = a * b if a is not None and b is not None else None
        if total is not None and kind.endswith("*"):
            elem = SIZES.get(kind[:-1].strip(), 0)
            if elem:
                st.size[p], st.elem[p] = total, elem
        if callee(size_arg) == "strlen" and bare(size_arg).args:
            st.short[p] = path(bare(size_arg).args[0])

    def value(self, e: Any, st: State) -> int | None:
        """The constant that an expression equals."""
        e = bare(e)
        kind = type(e)
        if kind is ir.Const:
            return e.value if type(e.value) is int else None
        if kind is ir.Name:
            return st.const.get(e.id)
        if kind is ir.Bin:
            a, b = self.value(e.left, st), self.value(e.right, st)
            if a is None or b is None:
                return None
            if e.op == "+":
                return a + b
            if e.op == "-":
                return a - b
            if e.op == "*":
                return a * b
            if e.op == "/" and b:
                return a // b
            return None
        if kind is ir.Call and callee(e) == "sizeof" and e.args:
            arg = e.args[0]
            if type(arg) is ir.Const:
                return SIZES.get(str(arg.value).replace(" *", "*"))
            p = path(arg)
            if p in st.size and self.types.get(p, "").endswith("[]"):
                return st.size[p]
            return None
        return None

    # ---- uses

    def uses(self, e: Any, st: State, write: bool = False) -> None:
        """Look at every expression inside `e` in evaluation order."""
        kind = type(e)
        if kind in (ir.Const, ir.Name) or e is None:
            return
        if kind is ir.Bin:
            if e.op in ("and", "or"):
                self.uses(e.left, st)
                inner = st.copy()
                self.check(e.left, inner, e.op == "and")
                self.uses(e.right, inner)
                return
            self.uses(e.left, st)
            self.uses(e.right, st)
            self.arithmetic(e, st)
        elif kind is ir.Field:
            self.uses(e.obj, st)
            self.deref(e.obj, e.pos, st)
        elif kind is ir.Index:
            self.uses(e.obj, st)
            self.uses(e.key, st)
            self.deref(e.obj, e.pos, st)
            self.indexed(e, st)
        elif kind is ir.Un:
            if e.op == "&":
                if type(e.arg) is not ir.Name:
                    under = e.arg.obj if type(e.arg) in (ir.Field, ir.Index) else None
                    if under is not None:
                        self.uses(under, st)
                return
            self.uses(e.arg, st)
            if e.op == "*":
                self.deref(e.arg, e.pos, st)
            if e.op in ("++", "--"):
                st.const.pop(path(e.arg), None)
        elif kind is ir.Call:
            self.call(e, st)
        elif kind is ir.Cond:
            self.uses(e.test, st)
            a = st.copy()
            b = st.copy()
            self.check(e.test, a, True)
            self.check(e.test, b, False)
            self.uses(e.then, a)
            self.uses(e.other, b)
        elif kind is ir.Let:
            self.assign(ir.Assign(e.target, e.value, e.pos), st)
        elif kind is ir.Cast:
            self.uses(e.arg, st)
        elif kind in (ir.Other, ir.Template):
            for p in e.parts:
                self.uses(p, st)
        elif kind is ir.Coll:
            for _, p in e.items:
                self.uses(p, st)

    def deref(self, e: Any, pos: int, st: State) -> None:
        p = path(e)
        if not p:
            return
        if p in st.null:
            self.report("c.null-deref", pos, st.null.pop(p), "may be null")
        if p in st.nil:
            self.report("c.null-certain", pos, st.nil.pop(p), "set to null")
        if p in st.freed:
            self.report("c.use-after-free", pos, st.freed.pop(p), "freed here")

    def arithmetic(self, e: ir.Bin, st: State) -> None:
        if e.op == "+":
            for base, offset in ((e.left, e.right), (e.right, e.left)):
                p = path(base)
                kind = self.types.get(p, "").replace("const ", "").strip()
                if not kind.endswith(("*", "[]")):
                    continue
                elem = SIZES.get(kind.rstrip("*[] "), 0)
                scaled = (
                    type(bare(offset)) is ir.Bin
                    and bare(offset).op == "*"
                    and any(callee(x) == "sizeof" for x in (bare(offset).left, bare(offset).right))
                )
                if elem > 1 and scaled:
                    self.report("c.scaled-twice", e.pos)
        elif e.op in ("/", "%"):
            p = path(e.right)
            if self.value(e.right, st) == 0 and type(bare(e.right)) is ir.Name:
                self.report("c.divide-unchecked", e.pos)
            if p in st.outside:
                self.report("c.divide-unchecked", e.pos, st.outside[p], f"{p} comes from outside")

    def indexed(self, e: ir.Index, st: State) -> None:
        base = path(e.obj)
        for table in (st.outside, st.below):
            key = foreign(e.key, table)
            if key and key not in self.measured.get(base, ()):
                self.report("c.index-unchecked", e.pos, table.pop(key), f"{key} comes from outside")
        n = self.value(e.key, st) if type(bare(e.key)) is ir.Const else None
        if n is not None and base in st.size and n >= st.size[base] // st.elem.get(base, 1):
            self.report("c.index-past-end", e.pos)

    def call(self, e: ir.Call, st: State) -> None:
        name = callee(e)
        if name == "sizeof":
            return
        if type(e.func) is ir.Field:
            self.uses(e.func, st)
        for a in e.args:
            self.uses(a, st)
        if name in FREES and e.args:
            p = path(e.args[0])
            if p:
                if p in st.freed:
                    self.report("c.double-free", e.pos, st.freed[p], "freed here")
                st.freed[p] = e.pos
                if (
                    "." in p
                    and not p.startswith("*")
                    and p.split(".")[0] in {x.name for x in (self.fn.params if self.fn else [])}
                ):
                    self.fields_freed.append((p, e.pos))
                    self.assigned_after.discard(p)
            return
        for k, a in enumerate(e.args):
            if k in DEREFS_ARG.get(name, ()) and NULL_ANSWERS.match(callee(a)):
                self.report("c.null-deref", a.pos, a.pos, "may be null")
            p = path(a)
            if not p or (type(a) is ir.Un and a.op == "&"):
                if type(a) is ir.Un and a.op == "&":
                    target = path(a)
                    self.forget(target, st)
                    if name in READS_NUMBER:
                        self.from_outside(target, name, e.pos, st)
                continue
            if k not in DEREFS_ARG.get(name, ()):
                st.nil.pop(p, None)  # a macro may set what it is given
            if p in st.null and k in DEREFS_ARG.get(name, ()):
                self.report("c.null-deref", e.pos, st.null.pop(p), "may be null")
            elif p in st.freed and name not in ("printf", "fprintf", "printk"):
                self.report("c.use-after-free", e.pos, st.freed.pop(p), "freed here")
        self.copying(name, e, st)
        if name in ("malloc", "kmalloc", "kzalloc", "realloc", "alloca", "emalloc") and e.args:
            size = bare(e.args[-1] if name == "realloc" else e.args[0])
            if type(size) is ir.Bin and size.op in ("*", "+"):
                p = foreign(size, st.outside)
                if p:
                    self.report("c.alloc-overflow", e.pos, st.outside[p], f"{p} comes from outside")

    def ignores_target_size(self, length: str) -> bool:
        """The function is told how large the target is and uses only the source's size."""
        if self.fn is None:
            return False
        params = [x.name for x in self.fn.params]
        told = [x for x in params if TARGET_SIZE.search(x)]
        if length not in params or length in told or len(told) != 1:
            return False
        text = self.text[self.fn.pos : self.fn.end]
        return len(re.findall(rf"\b{re.escape(told[0])}\b", text)) == 1

    def copying(self, name: str, e: ir.Call, st: State) -> None:
        at = COPIES.get(name)
        target = TARGET.get(name, 0)
        if at is not None and len(e.args) > at:
            size = e.args[at]
            p = path(size)
            for table in (st.outside, st.below):
                given = foreign(size, table)
                if given and name != "fgets":
                    self.report(
                        "c.length-unchecked", e.pos, table.pop(given), f"{given} comes from outside"
                    )
            n = self.value(size, st)
            dst = path(e.args[target])
            if name in ("strncpy", "memcpy", "memmove") and self.ignores_target_size(p):
                self.report("c.target-size-ignored", e.pos)
            if n is not None and dst and name in ("memset", "wmemset"):
                st.filled[dst] = n * (4 if name == "wmemset" else 1)
            if n is not None and dst in st.size:
                unit = 4 if name.startswith("wcs") or name.startswith("wmem") else 1
                if n * unit > st.size[dst]:
                    self.report("c.buffer-overflow", e.pos)
            inner = bare(size)
            if callee(inner) == "sizeof" and inner.args and name in ("memset", "memcpy"):
                q = path(inner.args[0])
                kind = self.types.get(q, "")
                if q and kind.endswith("*") and q == dst and not kind.startswith("void"):
                    self.report("c.pointer-size", e.pos)
        if name in ("strcpy", "strcat", "wcscpy") and len(e.args) > 1:
            dst, src = path(e.args[0]), path(e.args[1])
            text = e.args[1]
            if dst in st.short and (st.short[dst] == src or name == "strcat"):
                self.report("c.string-terminator", e.pos)
            if dst in st.size and type(text) is ir.Const and type(text.value) is str:
                if (
                    name != "strcat"
                    and (len(text.value) + 1) * (4 if name[0] == "w" else 1) > st.size[dst]
                ):
                    self.report("c.buffer-overflow", e.pos)
            elif dst in st.size and src in st.filled and st.filled[src] >= st.size[dst]:
                self.report("c.buffer-overflow", e.pos)
            elif dst in st.size and src in st.size and self.types.get(src, "").endswith("[]"):
                pass
            elif dst in st.size and self.types.get(dst, "").endswith("[]") and src:
                params = {x.name: x.type for x in (self.fn.params if self.fn else [])}
                from_param = src in params and "char" in params[src]
                if (
                    (from_param or src.startswith("argv"))
                    and src not in st.checked
                    and dst not in st.checked
                ):
                    self.report("c.unbounded-copy", e.pos)
        elif name == "sprintf" and len(e.args) > 2 and type(e.args[1]) is ir.Const:
            dst = path(e.args[0])
            fmt = str(e.args[1].value)
            if dst in st.size and re.search(r"%s", fmt):
                texts = {x.name for x in (self.fn.params if self.fn else []) if "char" in x.type}
                for a in e.args[2:]:
                    p = path(a)
                    if p in texts and p not in st.checked:
                        self.report("c.unbounded-copy", e.pos)


def foreign(e: Any, table: dict[str, int]) -> str:
    """The path in `table` that a sum, product or conversion grows with, "" when there is none."""
    if type(e) is ir.Cast and re.search(r"8|char|bool", e.type):
        return ""  # at most 255, for which tables are made
    e = bare(e)
    if type(e) is ir.Bin and e.op in ("+", "-", "*", "<<"):
        return foreign(e.left, table) or foreign(e.right, table)
    p = path(e)
    return p if p in table else ""


def sided(t: Any, truth: bool) -> dict[str, str]:
    """Which side of a number a condition bounds: "low", "high", or "both" for all else."""
    t = bare(t)
    if type(t) is ir.Un and t.op == "not":
        return sided(t.arg, not truth)
    if type(t) is not ir.Bin:
        return {}
    if t.op in ("and", "or"):
        out = sided(t.left, truth)
        for p, side in sided(t.right, truth).items():
            out[p] = side if out.get(p, side) == side else "both"
        return out
    if t.op not in ("<", "<=", ">", ">="):
        return {}
    out = {}
    less = t.op[0] == "<"
    for one, other, smaller in ((t.left, t.right, less), (t.right, t.left, not less)):
        if type(one) is ir.Cast and not SIGNED.match(one.type):
            continue  # a negative number is a large one here: both sides are seen to
        e = bare(one)
        if type(e) is ir.Bin and e.op in ("+", "-") and type(bare(e.right)) is ir.Const:
            e = bare(e.left)
        p = path(e)
        if p:
            zero = type(bare(other)) is ir.Const or type(bare(other)) is ir.Un
            high = smaller is truth
            out[p] = "high" if high else "low" if zero else "both"
    return out


def mentioned(e: Any) -> set[str]:
    """Every path that occurs in an expression, and the objects that it goes through."""
    out: set[str] = set()
    for x in walk(e):
        p = path(x)
        if p:
            out.add(p)
            out.add(p.lstrip("*"))
    return out


def memory_hits(module: ir.Module, text: str) -> list[Hit]:
    """What the walk finds in a C or C++ file."""
    return Memory(module, text).run()
