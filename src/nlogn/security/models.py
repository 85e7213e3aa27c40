"""How built-in operations act on abstract values: text, numbers, containers.

The same table serves every language, because `substring`, `slice` and `[a:b]` do the same to a
value. What a name could mean in two languages is told apart by its arguments, never by guessing
a type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import ir
from .state import Env
from .values import (
    EVERY,
    HOLE,
    LONGEST_SHAPE,
    NC,
    SAFE_HOLE,
    Value,
    constant,
    derive,
    flatten,
    join,
    unknown,
    words,
)

if TYPE_CHECKING:
    from .interp import Interpreter

PLAIN = words(
    """
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 int float bool long short double
    byte char Integer Long Boolean Double Float Short Byte Character number boolean int8 int16
    int32 int64 uint uint8 uint16 uint32 uint64 float32 float64 integer datetime
    datetime.datetime date datetime.date uuid.UUID UUID Decimal decimal.Decimal size_t ssize_t
    uintptr rune bigint
    """
)
TEXT = words(
    """
    str bytes string String char[] CharSequence Any Object object any mixed char* char** string*
    wchar_t* string_view uint8_t* void*
    """
)
CLEAN_WORD = re.compile(
    r"(?i)escape|sanit[ia]|(?:^|_)quote|purify|bleach|encodefor|htmlspecial|clean_?(?:html|path)|"
    r"safe_?(?:join|path|url|html)|normali[sz]e_?and_?check|secure_?file_?name|xss|slugify|strip_?tags"
)


def is_plain_type(name: str) -> bool:
    """Numbers and the like, which cannot carry an injection."""
    return name in PLAIN or name.startswith(("Optional[int", "list[int", "List[int"))


def is_text_type(name: str) -> bool:
    head = name.split("[", 1)[0].split("<", 1)[0].rsplit(".", 1)[-1]
    return head in TEXT or head in ("Optional", "Union", "List", "list", "Dict", "dict", "Map")


def sounds_clean(name: str) -> bool:
    return CLEAN_WORD.search(name) is not None and "unescape" not in name.lower()


def cleans(name: str) -> frozenset[str]:
    """Which sinks a function with such a name prepares text for."""
    low = name.lower()
    if re.search(r"html|xss|attr|tag|markup", low):
        return frozenset({"xss"})
    if re.search(r"sql|^pg_|^db2?_|like|bytea|literal|identifier", low):
        return frozenset({"sql"})
    if re.search(r"shell|arg|cmd", low):
        return frozenset({"cmd"})
    return EVERY


def hashable(x: Any) -> bool:
    return type(x) in (str, int, bool, bytes, float)


def expr_text(e: Any) -> str:
    """An expression as dotted text, enough to recognise a decorator."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        return f"{expr_text(e.obj)}.{e.name}"
    if kind is ir.Call:
        return f"{expr_text(e.func)}()"
    if kind is ir.Index:
        return f"{expr_text(e.obj)}[]"
    return ""


def callee_name(e: Any) -> str:
    if type(e) is ir.Field:
        return e.name
    return e.id if type(e) is ir.Name else ""


def target_name(e: Any) -> str:
    """The name that best says what an assignment target is."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        return str(e.name)
    if kind is ir.Index:
        if type(e.key) is ir.Const and type(e.key.value) is str:
            return e.key.value
        return target_name(e.key) or target_name(e.obj)
    return ""


def truth(v: Value) -> bool | None:
    """Whether the value is truthy, None when unknown."""
    if v.const is not NC:
        return bool(v.const)
    return None


# ---- containers ----------------------------------------------------------------------------


def element(v: Value, n: int) -> Value:
    """The n-th part when a value is unpacked."""
    if v.items is not None:
        got = v.items.get(n)
        if got is not None:
            return got
        if v.rest is not None:
            return v.rest
        if v.seq and not v.taint:
            return unknown()
    if type(v.const) in (str, bytes):
        return unknown()
    return Value(taint=v.taint, src=v.src, trace=v.trace, clean=v.clean, tags=v.tags, qual=v.qual)


def each(v: Value) -> Value:
    """Any one element of a container."""
    if v.items is not None and v.seq:
        parts = list(v.items.values()) + ([v.rest] if v.rest is not None else [])
        if parts:
            out = parts[0]
            for p in parts[1:]:
                out = join(out, p)
            return out
        return unknown()
    if v.items is not None:
        known = all(type(k) is str for k in v.items) and v.rest is None
        return Value(clean=EVERY) if known and not v.taint else derive([v])
    if v.rest is not None:
        return v.rest
    if v.is_const and type(v.const) in (str, bytes):
        return Value(clean=EVERY)
    return Value(
        taint=v.taint, src=v.src, trace=v.trace, clean=v.clean, tags=v.tags,
        qual=v.qual + "[]" if v.qual else "",
    )  # fmt: skip


def load(obj: Value, key: Value) -> Value | None:
    """An item of a known container, None when nothing is known."""
    items = obj.items
    if items is None:
        return obj.rest
    k = key.const
    if k is not NC and hashable(k):
        if type(k) is int and k < 0 and obj.seq:
            k = len(items) + k
        got = items.get(k)
        if got is not None:
            return got
        if obj.rest is not None:
            return obj.rest
        return None if obj.taint or obj.qual else unknown()
    parts = [x for kk, x in items.items()] + ([obj.rest] if obj.rest is not None else [])
    if not parts:
        return None
    out = parts[0]
    for p in parts[1:]:
        out = join(out, p)
    return out


def store(obj: Value, key: Value, v: Value) -> None:
    assert obj.items is not None
    if "buffer" in obj.tags and v.is_const:
        obj.tags = obj.tags | {"patched"}  # in place: aliases of the buffer share it
    if key.const is not NC and hashable(key.const):
        obj.items[key.const] = v
    else:
        obj.rest = join(obj.rest, v) if obj.rest is not None else v


def renumber(items: list[Value]) -> dict[Any, Value]:
    return dict(enumerate(items))


# ---- text ----------------------------------------------------------------------------------


def concat(parts: list[Value]) -> Value:
    """The text of all parts, one after the other."""
    if all(p.const is not NC for p in parts):
        try:
            return constant("".join(spell(p.const) for p in parts))
        except TypeError:
            return unknown()
    text = "".join(spell(p.const) if p.const is not NC else p.text() for p in parts)
    out = derive(parts, shape=text[:LONGEST_SHAPE])
    return cleaned_if_solid(out, parts)


def cleaned_if_solid(out: Value, parts: list[Value]) -> Value:
    """Clean for the kinds that every unknown part is clean for."""
    kinds: frozenset[str] | None = None
    for p in parts:
        if p.const is not NC or "*" in p.clean:
            continue
        kinds = p.clean if kinds is None else kinds & p.clean
    if kinds is None:
        out.clean = EVERY
    elif not out.taint:
        out.clean = kinds
    return out


def spell(c: Any) -> str:
    if type(c) is str:
        return c
    if type(c) is bytes:
        return c.decode("latin-1")
    if c is True:
        return "true"
    if c is False:
        return "false"
    return "" if c is None else str(c)


def percent(left: Value, right: Value) -> Value:
    """`"… %s …" % (a, b)`."""
    fmt = left.text()
    if right.items is not None and right.seq:
        args = [right.items[k] for k in sorted(right.items)]
        named: dict[Any, Value] = {}
    elif right.items is not None:
        args, named = [], right.items
    else:
        args, named = [right], {}
    used: list[Value] = []

    def put(m: re.Match[str]) -> str:
        if m.group(0) == "%%":
            return "%"
        v = named.get(m.group(1)) or right if m.group(1) else args.pop(0) if args else right
        if m.group(2) in "dfioxXeEgG":
            return SAFE_HOLE
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"%(?:\((\w+)\))?[-+ #0]*[\d*]*(?:\.\d+)?([a-zA-Z%])", put, fmt)
    parts = [left, *used]
    if all(p.const is not NC for p in parts) and SAFE_HOLE not in text and not args:
        return constant(text)
    if not used and HOLE not in fmt:
        return Value(clean=EVERY, shape=text)
    return cleaned_if_solid(derive(parts, shape=text[:LONGEST_SHAPE]), parts)


def braces(fmt: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`"… {} …".format(a)`."""
    used: list[Value] = [fmt]
    queue = list(args)

    def put(m: re.Match[str]) -> str:
        whole = m.group(0)
        if whole in ("{{", "}}"):
            return whole[0]
        name = re.split(r"[.\[]", m.group(1) or "")[0]
        if name.isdigit() and int(name) < len(args):
            v = args[int(name)]
        elif name:
            v = kwargs.get(name) or unknown()
        else:
            v = queue.pop(0) if queue else unknown()
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"\{\{|\}\}|\{([\w.\[\]]*)[^{}]*\}", put, fmt.text())
    if all(p.const is not NC for p in used):
        return constant(text)
    return cleaned_if_solid(derive(used, shape=text[:LONGEST_SHAPE]), used)


def cut(obj: Value, low: Value, high: Value) -> Value:
    """A slice or substring."""
    if obj.items is not None and obj.seq:
        if low.is_const and high.is_const and obj.rest is None:
            seq = [obj.items[k] for k in sorted(obj.items)]
            try:
                return Value(items=renumber(seq[low.const : high.const]), seq=True)
            except TypeError:
                return obj
        return obj
    if type(obj.const) in (str, bytes) and low.is_const and high.is_const:
        try:
            return constant(obj.const[low.const : high.const])
        except TypeError:
            return unknown()
    return derive([obj])


# ---- operators -----------------------------------------------------------------------------


def binary(op: str, a: Value, b: Value, lang: str) -> Value:
    if op in ("+", "."):
        return plus(a, b, op, lang)
    if op == "%" and (type(a.const) is str or a.shape is not None) and lang == "python":
        return percent(a, b)
    if op in ("==", "!=", "===", "!==", "<", ">", "<=", ">=", "in", "not in", "is", "is not"):
        return compare(op, a, b)
    if a.const is not NC and b.const is not NC:
        return arithmetic(op, a.const, b.const, lang)
    if op == "*":
        for text, _n in ((a, b), (b, a)):
            if text.is_const and type(text.const) in (str, bytes):
                return Value(clean=EVERY, shape=spell(text.const))
            if text.seq and text.items:
                return text
    if op == "/" and lang == "python":  # pathlib
        return Value_path(a, b)
    return Value(clean=EVERY) if not (a.taint or b.taint or a.tags or b.tags) else derive([a, b])


def Value_path(a: Value, b: Value) -> Value:
    return derive([a, b], qual="pathlib.Path()")


def plus(a: Value, b: Value, op: str, lang: str) -> Value:
    if a.const is not NC and b.const is not NC:
        x, y = a.const, b.const
        if type(x) is str or type(y) is str or op == ".":
            if lang == "python" and type(x) is not type(y):
                return unknown()
            return constant(spell(x) + spell(y))
        try:
            return constant(x + y)
        except TypeError:
            return unknown()
    if a.items is not None and b.items is not None and a.seq and b.seq:
        seq = list(a.items.values()) + list(b.items.values())
        rest = join(a.rest, b.rest) if a.rest and b.rest else (a.rest or b.rest)
        return Value(items=renumber(seq), rest=rest, seq=True)
    if (a.items is not None and a.seq) or (b.items is not None and b.seq):
        known, other = (a, b) if a.items is not None and a.seq else (b, a)
        rest = derive([each(other)])
        return Value(
            items=dict(known.items or {}),
            seq=True,
            rest=join(known.rest, rest) if known.rest else rest,
        )
    if type(a.const) in (int, float) and "*" in b.clean:
        return Value(clean=EVERY)
    return concat([a, b])


def arithmetic(op: str, x: Any, y: Any, lang: str) -> Value:
    try:
        if op == "-":
            return constant(x - y)
        if op == "*":
            if type(x) in (str, bytes) or type(y) in (str, bytes):
                n = y if type(y) is int else x
                if n > 256:
                    return Value(clean=EVERY)
            return constant(x * y)
        if op == "/":
            if lang in ("java", "go", "c", "cpp") and type(x) is int and type(y) is int:
                return constant(int(x / y))
            return constant(x / y)
        if op == "//":
            return constant(x // y)
        if op == "%":
            return constant(x % y)
        if op == "|":
            return constant(x | y)
        if op == "&":
            return constant(x & y)
        if op == "^":
            return constant(x ^ y)
        if op == "<<":
            return constant(x << y) if 0 <= y < 128 else Value(clean=EVERY)
        if op == ">>":
            return constant(x >> y)
        if op == "**":
            return constant(x**y) if abs(y) < 64 and abs(x) < 2**64 else Value(clean=EVERY)
    except (TypeError, ZeroDivisionError, ValueError):
        pass
    return unknown()


def compare(op: str, a: Value, b: Value) -> Value:
    x, y = a.const, b.const
    if x is NC or y is NC:
        known = x is not NC and b.items is not None and b.rest is None
        ours = not b.taint and not b.qual
        if op in ("in", "not in") and known and b.items is not None and ours and hashable(x):
            held = list(b.items.values()) if b.seq else []
            if not b.seq and all(type(k) is not int for k in b.items) and b.items:
                return constant((x in b.items) is (op == "in"))
            if b.seq and held and all(h.const is not NC for h in held):
                return constant(any(h.const == x for h in held) is (op == "in"))
        return Value(clean=EVERY)
    try:
        if op in ("==", "===", "is"):
            return constant(x == y)
        if op in ("!=", "!==", "is not"):
            return constant(x != y)
        if op == "<":
            return constant(x < y)
        if op == ">":
            return constant(x > y)
        if op == "<=":
            return constant(x <= y)
        if op == ">=":
            return constant(x >= y)
        if op == "in":
            return constant(x in y)
        if op == "not in":
            return constant(x not in y)
    except TypeError:
        pass
    return Value(clean=EVERY)


# ---- methods -------------------------------------------------------------------------------

NUMBER_CALLS = words(
    """
    len int float bool ord hash id abs round isinstance issubclass hasattr callable size length
    count find rfind index indexOf lastIndexOf parseInt parseFloat Number Boolean Atoi ParseInt
    ParseFloat ParseBool ParseUint intval floatval boolval strlen is_numeric is_int startswith
    endswith startsWith endsWith isdigit isalpha isalnum isnumeric isdecimal equals
    equalsIgnoreCase isEmpty is_null empty isset valueOf_int sizeof strcmp strncmp HasPrefix
    HasSuffix hashCode compareTo exists isfile isdir is_file is_dir file_exists range time
    mktime getpid exitcode is_array array_key_exists
    """
)
SAME_TEXT = words(
    """
    strip lstrip rstrip trim trimStart trimEnd lower upper title capitalize toLowerCase
    toUpperCase casefold swapcase TrimSpace ToLower ToUpper strtolower strtoupper ucfirst nl2br
    chop ltrim rtrim
    """
)
CODECS = words(
    """
    encode decode toString str String string strval getBytes repr tostring bytes bytearray
    unquote unquote_plus quote_plus b64encode b64decode valueOf toCharArray format_map
    toByteArray encodeBase64 decodeBase64 decodeBuffer urldecode base64_decode base64_encode
    rawurldecode text intern
    """
)


def call(
    it: Interpreter, qual: str, name: str, recv: Value | None, args: list[Value],
    kwargs: dict[str, Value], e: ir.Call, env: Env,
) -> Value | None:  # fmt: skip
    """The result of a well-known operation, None when the name is not one."""
    if name in NUMBER_CALLS:
        if name in ("len", "size", "length") and args and type(args[0].const) is str:
            return constant(len(args[0].const))
        if name == "length" and recv is not None and type(recv.const) is str:
            return constant(len(recv.const))
        if name in ("int", "parseInt", "intval", "Atoi") and args and type(args[0].const) is str:
            try:
                return constant(int(args[0].const))
            except ValueError:
                return Value(clean=EVERY)
        equal = name in ("equals", "equalsIgnoreCase") and recv is not None and args
        if equal and recv is not None and recv.is_const and args[0].is_const:
            return constant(recv.const == args[0].const)
        if name.lower() == "startswith" and recv is not None and args:
            a, b = recv.const, args[0].const
            if type(a) is str and type(b) is str:
                return constant(a.startswith(b))
        tags = frozenset().union(*(a.tags for a in args)) if args else frozenset()
        if name in ("int", "float") and args and args[0].taint == 3:
            tags = tags | {"web-number"}
        if recv is not None:
            tags = tags | recv.tags
        return Value(clean=EVERY, tags=tags, qual=qual + "()")
    if name in ("StringBuilder", "StringBuffer", "StringJoiner") and e.new:
        a = args[0] if args and type(args[0].const) is not int else constant("")
        return Value(
            taint=a.taint, src=a.src, trace=a.trace, shape=a.text(), qual=name,
            clean=EVERY if a.is_const else a.clean, tags=a.tags,
        )  # fmt: skip
    if e.new and len(args) <= 1 and (m := _COLLECTION.search(name)):
        if args and args[0].items is not None:
            return args[0].copy(items=dict(args[0].items), qual=qual + "()")
        if not args or args[0].is_const or not args[0].taint:
            return Value(
                items={}, seq=m.group(1) not in ("Map", "table", "Properties"), qual=qual + "()"
            )
    if name == "StringIO" and not args:
        return Value(shape="", clean=EVERY, qual="io.StringIO()")
    if recv is not None and "StringIO()" in recv.qual and recv.shape is not None:
        if name == "write" and args:
            builder(recv, args[0], e, env)
            return constant(0)
        if name == "getvalue":
            return derive([recv], shape=recv.shape, clean=recv.clean)
    if name in ("make_response", "Response") and args and args[0].seq and args[0].items:
        return derive([args[0].items.get(0, args[0])], qual=qual + "()")
    if recv is None:
        return function(name, args, kwargs)
    if name in ("setFeature", "setProperty", "setAttribute", "setOption") and len(args) == 2:
        # A parser's or factory's settings, by the name of the feature.
        key = args[0].const if type(args[0].const) is str else args[0].qual.rsplit(".", 1)[-1]
        if recv.items is None:
            recv.items = {}
        recv.items[key] = args[1]
        return constant(None)
    if recv.items is not None or recv.rest is not None or name in _BUILDERS:
        got = container(name, recv, args, kwargs, e, env, it)
        if got is not None:
            return got
    return method(name, recv, args, kwargs, it)


def function(name: str, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    if not args:
        if name in ("dict", "OrderedDict"):
            return Value(items=dict(kwargs))
        if name in ("list", "set"):
            return Value(items={}, seq=True)
        if name in ("str", "String"):
            return constant("")
        return None
    a = args[0]
    if name == "each of":
        return each(a)
    if name == "keys of":
        known = a.items is not None and a.rest is None and all(type(k) is str for k in a.items)
        return Value(clean=EVERY) if known or a.seq else derive([a])
    if name == "filter_var":
        how = args[1].qual if len(args) > 1 else ""
        out = derive([a])
        if re.search(r"INT|FLOAT|BOOL", how):
            out.clean = EVERY
        elif re.search(r"CHARS|ENCODED|_STRING|EMAIL", how):
            out.clean = out.clean | {"xss"}
        return out
    if name == "array of":
        init = args[1] if len(args) > 1 else None
        if init is None:
            return Value(tags=frozenset({"stack-buffer"}))
        return init.copy(tags=init.tags | {"stack-buffer"})
    if name == "comprehension":
        return Value(items={}, seq=True, rest=a)
    if name in ("str", "String", "string", "strval", "repr", "bytes", "bytearray"):
        if a.const is not NC and type(a.const) in (int, str):
            return constant(str(a.const))
        out = derive([a], shape=a.shape)
        if "*" in a.clean and not a.taint:
            out.clean = EVERY
        return out
    if name in ("list", "tuple", "set", "sorted", "reversed", "iter", "frozenset", "array_values"):
        if a.items is not None and a.seq:
            return a.copy(items=dict(a.items))
        return derive([a])
    if name == "dict" and a.items is not None:
        return a.copy(items={**a.items, **kwargs})
    if name in ("sprintf", "Sprintf", "vsprintf") and a.const is not NC:
        return printf(a, args[1:])
    if name in ("implode", "join") and len(args) == 2:
        return joined(a, args[1]) if type(a.const) is str else joined(args[1], a)
    if name in ("min", "max", "sum", "any", "all", "abs", "array_sum"):
        return derive(args, clean=EVERY if not derive(args).taint else frozenset())
    if name in ("next", "await", "copy", "deepcopy", "cast") and len(args) <= 2:
        return a if name != "next" else each(a)
    return None


def printf(fmt: Value, args: list[Value]) -> Value:
    """C-like formatting; Go's %v and %q as well."""
    queue = list(args)
    used: list[Value] = []

    def put(m: re.Match[str]) -> str:
        if m.group(0) == "%%":
            return "%"
        v = queue.pop(0) if queue else unknown()
        if m.group(1) in "dfioxXeEgGbctTpu":
            return SAFE_HOLE
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"%[-+ #0]*(?:\[\d+\]|\d+\$)?[\d*]*(?:\.[\d*]+)?l*([a-zA-Z%])", put, fmt.text())
    if all(v.const is not NC for v in used) and SAFE_HOLE not in text:
        return constant(text)
    return cleaned_if_solid(derive(used, shape=text[:LONGEST_SHAPE]), used)


def joined(sep: Value, parts: Value) -> Value:
    if parts.items is not None and parts.seq:
        held = [parts.items[k] for k in sorted(parts.items)]
        if parts.rest is not None:
            held.append(parts.rest)
        inner: list[Value] = []
        for n, h in enumerate(held):
            if n:
                inner.append(sep)
            inner.append(h)
        return concat(inner) if inner else constant("")
    one = each(parts)
    if "*" in one.clean and not one.taint:
        return Value(clean=EVERY, shape=one.shape)
    return derive([parts], shape=HOLE)


_COLLECTION = re.compile(r"(List|Vector|Set|Deque|Queue|Stack|Map|table|Properties)$")
_BUILDERS = frozenset({"append", "add", "push", "put", "set", "insert", "concat", "array_push"})


def container(
    name: str, recv: Value, args: list[Value], kwargs: dict[str, Value], e: ir.Call,
    env: Env, it: Interpreter,
) -> Value | None:  # fmt: skip
    items = recv.items
    if name in ("append", "add", "push", "addElement", "addLast", "offer") and len(args) == 1:
        if items is None:
            if name == "append" and (
                recv.shape is not None or recv.is_const or recv.tags or "StringBu" in recv.qual
            ):
                return builder(recv, args[0], e, env)
            if recv.qual or recv.is_const:
                return _soak(recv, args, e, env)
            recv.items = items = {}
        if recv.seq or not items:
            recv.seq = True
            items[max((k for k in items if type(k) is int), default=-1) + 1] = args[0]
            return recv if name == "append" and it.lang == "java" else constant(True)
        return None
    if (
        name in ("put", "setProperty", "setdefault", "set", "putIfAbsent", "Set", "Add")
        and len(args) >= 2
    ):
        if items is None:
            recv.items = items = {}
        key: Any = args[0].const
        if len(args) == 3 and hashable(args[0].const) and hashable(args[1].const):
            items[(args[0].const, args[1].const)] = args[2]
        elif hashable(key) and args[0].is_const:
            items[key] = args[1]
        else:
            recv.rest = join(recv.rest, args[1]) if recv.rest is not None else args[1]
        return args[1]
    if items is None:
        if recv.rest is not None and name in ("get", "pop", "getOrDefault"):
            return recv.rest
        if name in ("set", "insert", "put", "concat") and args:
            return None
        return None
    if name in (
        "get",
        "pop",
        "getProperty",
        "getOrDefault",
        "remove",
        "elementAt",
        "at",
        "getItem",
    ):
        if not args and name == "pop":
            last = max((k for k in items if type(k) is int), default=None)
            return items.pop(last) if last is not None else unknown()
        if len(args) >= 2 and hashable(args[0].const) and hashable(args[1].const):
            two = items.get((args[0].const, args[1].const))
            if two is not None:
                return two
        if args and args[0].is_const and hashable(args[0].const):
            key = args[0].const
            if type(key) is int and key < 0:
                key = len(items) + key
            got = items.get(key)
            if name in ("pop", "remove") and recv.seq and type(key) is int and key in items:
                items.pop(key)
                recv.items = renumber([items[k] for k in sorted(items, key=str)])
            if got is not None:
                return got
            if name == "remove" and recv.seq:
                keep = [v for k, v in sorted(items.items(), key=lambda kv: str(kv[0]))
                        if not (v.const == key and v.is_const)]  # fmt: skip
                recv.items = renumber(keep)
                return constant(True)
            if recv.rest is None and len(args) > 1:
                return args[1]
        elif args:
            return load(recv, args[0])
        return recv.rest
    if name == "insert" and len(args) == 2 and recv.seq:
        seq = [items[k] for k in sorted(items, key=str)]
        at = args[0].const if type(args[0].const) is int else 0
        seq.insert(at, args[1])
        recv.items = renumber(seq)
        return constant(None)
    if name in ("load", "loadFromXML", "readFrom"):
        recv.items, recv.rest = None, None  # filled from a file: nothing is known any more
        return constant(None)
    if name in ("clear", "removeAll"):
        recv.items, recv.rest = {}, None
        return constant(None)
    if name in ("data", "begin", "cbegin"):
        return recv
    if name in ("copy", "clone"):
        return recv.copy(items=dict(items))
    if name in ("update", "putAll", "extend", "addAll") and args:
        src = args[0]
        if src.items is not None and not recv.seq:
            items.update(src.items)
        elif src.items is not None:
            recv.items = renumber([*items.values(), *src.items.values()])
        if src.rest is not None or (src.items is None and src.taint):
            more = src.rest if src.rest is not None else each(src)
            recv.rest = join(recv.rest, more) if recv.rest is not None else more
        items.update(kwargs) if not recv.seq else None
        return constant(None)
    if name in ("keys", "keySet"):
        return derive([], clean=EVERY) if not recv.taint else derive([recv])
    if name in ("values", "items", "entrySet", "toArray", "elements", "iterator", "getlist"):
        return derive([recv])
    return None


def _soak(recv: Value, args: list[Value], e: ir.Call, env: Env) -> Value:
    """An unknown object that is given tainted data carries it from then on."""
    given = flatten(args[0])
    if given.taint > recv.taint and type(e.func) is ir.Field and type(e.func.obj) is ir.Name:
        env[e.func.obj.id] = recv.copy(
            taint=given.taint, src=recv.src | given.src, trace=given.trace, clean=given.clean
        )
    return constant(None)


def builder(recv: Value, arg: Value, e: ir.Call, env: Env) -> Value:
    """StringBuilder.append: the variable itself grows."""
    known = recv.shape is not None or recv.is_const or recv.taint
    base = recv if known else recv.copy(const="")
    new = concat([base, arg]) if base.is_const or base.shape is not None else derive([base, arg])
    new.qual = recv.qual
    if new.is_const:
        new = Value(shape=new.const, clean=EVERY, qual=recv.qual)
    func: Any = e.func
    obj = func.obj if type(func) is ir.Field else None
    while type(obj) is ir.Call and type(obj.func) is ir.Field:
        obj = obj.func.obj
    if type(obj) is ir.Name:
        env[obj.id] = new
    return new


def method(
    name: str, recv: Value, args: list[Value], kwargs: dict[str, Value], it: Interpreter
) -> Value | None:
    c = recv.const
    if name in SAME_TEXT and not args:
        if type(c) is str:
            return constant(
                c.lower()
                if name in ("lower", "toLowerCase")
                else c.upper()
                if name in ("upper", "toUpperCase")
                else c.strip()
            )
        return derive([recv], shape=recv.shape, clean=recv.clean)
    if name == "format":
        if (type(c) is str or recv.shape is not None) and it.lang == "python":
            return braces(recv, args, kwargs)
        if recv.qual == "String" and args:
            return printf(args[0] if args[0].is_const else unknown(), args[1:])
        return None
    if name == "Sprintf" and args:
        return printf(args[0], args[1:])
    if name in ("join", "Join") and args:
        if it.lang == "python" and (recv.is_const or recv.shape is not None):
            return joined(recv, args[0])
        if len(args) == 2 and recv.qual in ("strings", "String"):
            return joined(args[1], args[0]) if recv.qual == "strings" else joined(args[0], args[1])
        if recv.items is not None and recv.seq:
            return joined(args[0], recv)
        return None
    if name in CODECS:
        target = (
            recv
            if (recv.taint or recv.is_const or recv.shape is not None)
            else (args[0] if args else recv)
        )
        if type(target.const) is str:
            return constant(target.const)
        if type(target.const) is bytes:
            return target
        out = derive([recv, *args], shape=target.shape)
        if "*" in target.clean and not out.taint:
            out.clean = EVERY
        if target.items is not None:
            return None
        out.qual = f"{recv.qual}.{name}()"
        return out
    if name in ("replace", "replaceAll", "ReplaceAll", "sub", "str_replace", "gsub"):
        return replaced(recv, args)
    if name in ("substring", "substr", "slice", "subSequence", "charAt", "codePointAt") and args:
        if name in ("charAt", "codePointAt") and type(c) is str and type(args[0].const) is int:
            at = args[0].const
            return constant(c[at]) if 0 <= at < len(c) else unknown()
        low = args[0]
        high = args[1] if len(args) > 1 else constant(None)
        return cut(recv, low, high)
    if name in ("split", "rsplit", "splitlines", "partition", "rpartition", "Split"):
        if type(c) is str and len(args) == 1 and type(args[0].const) is str and args[0].const:
            return Value(items=renumber([constant(x) for x in c.split(args[0].const)]), seq=True)
        return derive([recv])
    if name == "concat" and args:
        return concat([recv, *args])
    if name == "get" and recv.items is None and args and not recv.taint:
        return None
    return None


def replaced(recv: Value, args: list[Value]) -> Value | None:
    """Replacing the characters that a sink needs is a weak sanitizer; elsewhere taint stays."""
    if (
        recv.is_const
        and len(args) >= 2
        and all(type(a.const) is str for a in args[:2])
        and type(recv.const) is str
    ):
        return constant(recv.const.replace(args[0].const, args[1].const))
    parts = [recv, *args]
    out = derive(parts)
    if len(args) >= 2 and type(args[0].const) is str:
        what = args[0].const
        if what in ("\n", "\r", "\r\n", "\\r|\\n", "[\\r\\n]", "[\r\n]") or "\\n" in what:
            out.clean = out.clean | {"log", "header"}
        elif what in ("..", "../", "/") or ".." in what:
            out.clean = out.clean | {"path"} if what != "../" else out.clean
        elif what in ("'", '"'):
            out.clean = out.clean | {"sql", "xpath"}
        elif what in ("<", "&"):
            out.clean = out.clean | {"xss"}
        elif what.startswith("[^"):
            out.clean = EVERY
    if recv.shape is not None:
        out.shape = recv.shape
    elif type(recv.const) is str:
        out.shape = recv.const + HOLE
    return out


# ---- C: calls that write through their first argument ---------------------------------------


def outputs(name: str, e: ir.Call, args: list[Value], env: Env) -> None:
    """`sprintf`, `strcpy`, `fgets` and the like give their target variable a new value."""
    if not args or not e.args:
        return
    target = e.args[0]
    while type(target) in (ir.Un, ir.Cast, ir.Index):
        target = target.obj if type(target) is ir.Index else target.arg
    new: Value | None = None
    if name in ("sprintf", "vsprintf", "asprintf", "swprintf") and len(args) > 1:
        new = printf(args[1], args[2:])
    elif name in ("snprintf", "vsnprintf") and len(args) > 2:
        new = printf(args[2], args[3:])
    elif (
        name in ("strcpy", "strncpy", "stpcpy", "memcpy", "memmove", "wcscpy", "strlcpy", "wcsncpy")
        and len(args) > 1
    ):
        new = concat([constant(""), args[1]])
    elif name in ("strcat", "strncat", "strlcat", "wcscat", "wcsncat") and len(args) > 1:
        new = concat([args[0], args[1]])
    elif name in (
        "fgets",
        "gets",
        "fread",
        "recv",
        "read",
        "getline",
        "scanf",
        "fscanf",
        "recvfrom",
    ):
        k = {"read": 1, "recv": 1, "recvfrom": 1, "scanf": 1, "fscanf": 2}.get(name, 0)
        if k < len(e.args):
            target = e.args[k]
            while type(target) in (ir.Un, ir.Cast, ir.Index):
                target = target.obj if type(target) is ir.Index else target.arg
            new = Value(taint=2, src=frozenset({f"{name}()"}), trace=((e.pos, f"read by {name}"),))
    elif name in (
        "RAND_bytes",
        "getrandom",
        "RAND_priv_bytes",
        "arc4random_buf",
        "randombytes_buf",
        "getentropy",
    ):
        new = unknown()
    if new is not None and type(target) is ir.Field and type(target.obj) is ir.Name:
        holder = env.get(target.obj.id)
        if holder is not None:
            if holder.items is None:
                holder.items = {}
            holder.items[target.name] = new
    if new is not None and type(target) is ir.Name:
        old = env.get(target.id)
        if old is not None:
            new.tags = new.tags | (old.tags - {"zeroed"})
        env[target.id] = new
