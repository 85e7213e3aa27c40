"""How built-in operations act on abstract values: text, numbers, containers.

The same table serves every language, because `substring`, `slice` and `[a:b]` do the same to a
value. What a name could mean in two languages is told apart by its arguments, never by guessing
a type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import containers, expressions, ir, names, strings
from .state import Env
from .values import EVERY, NC, Value, constant, derive, join, unknown, words

if TYPE_CHECKING:
    from .interp import Interpreter


def binary(op: str, a: Value, b: Value, lang: str) -> Value:
    if op in ("+", "."):
        return plus(a, b, op, lang)
    if op == "%" and (type(a.const) is str or a.shape is not None) and lang == "python":
        return strings.percent(a, b)
    if op in ("==", "!=", "===", "!==", "<", ">", "<=", ">=", "in", "not in", "is", "is not"):
        return compare(op, a, b)
    if a.const is not NC and b.const is not NC:
        return arithmetic(op, a.const, b.const, lang)
    if op == "*":
        for text, _n in ((a, b), (b, a)):
            if text.is_const and type(text.const) in (str, bytes):
                return Value(clean=EVERY, shape=strings.spell(text.const))
            if text.seq and text.items:
                return text
    if op == "/" and lang == "python":  # pathlib
        return joined_path(a, b)
    return Value(clean=EVERY) if not (a.taint or b.taint or a.tags or b.tags) else derive([a, b])


def joined_path(a: Value, b: Value) -> Value:
    return derive([a, b], qual="pathlib.Path()")


def plus(a: Value, b: Value, op: str, lang: str) -> Value:
    if a.const is not NC and b.const is not NC:
        x, y = a.const, b.const
        if type(x) is str or type(y) is str or op == ".":
            if lang == "python" and type(x) is not type(y):
                return unknown()
            return constant(strings.spell(x) + strings.spell(y))
        try:
            return constant(x + y)
        except TypeError:
            return unknown()
    if a.items is not None and b.items is not None and a.seq and b.seq:
        seq = list(a.items.values()) + list(b.items.values())
        rest = join(a.rest, b.rest) if a.rest and b.rest else (a.rest or b.rest)
        return Value(items=containers.renumber(seq), rest=rest, seq=True)
    if (a.items is not None and a.seq) or (b.items is not None and b.seq):
        known, other = (a, b) if a.items is not None and a.seq else (b, a)
        rest = derive([containers.each(other)])
        return Value(
            items=dict(known.items or {}),
            seq=True,
            rest=join(known.rest, rest) if known.rest else rest,
        )
    if type(a.const) in (int, float) and "*" in b.clean:
        return Value(clean=EVERY)
    return strings.concat([a, b])


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
        if op in ("in", "not in") and known and b.items is not None and ours and names.hashable(x):
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
    c_str
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
    if e.new and len(args) <= 1 and (m := containers.COLLECTION.search(name)):
        if args and args[0].items is not None:
            return args[0].copy(items=dict(args[0].items), qual=qual + "()")
        if not args or args[0].is_const or not args[0].taint:
            return Value(
                items={}, seq=m.group(1) not in ("Map", "table", "Properties"), qual=qual + "()"
            )
    if it.lang == "python" and args and type(args[0].const) is str:
        if name in ("__import__", "import_module"):
            return unknown(args[0].const)
    elif it.lang == "python" and name == "getattr" and len(args) > 1 and type(args[1].const) is str:
        return expressions.get_field(it, args[0], args[1].const, e.pos)
    if name == "StringIO" and not args:
        return Value(shape="", clean=EVERY, qual="io.StringIO()")
    if recv is not None and "StringIO()" in recv.qual and recv.shape is not None:
        if name == "write" and args:
            containers.builder(recv, args[0], e, env)
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
    if recv.items is not None or recv.rest is not None or name in containers.BUILDERS:
        got = containers.container(name, recv, args, kwargs, e, env, it)
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
        return containers.each(a)
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
        return strings.printf(a, args[1:])
    if name in ("implode", "join") and len(args) == 2:
        return strings.joined(a, args[1]) if type(a.const) is str else strings.joined(args[1], a)
    if name in ("min", "max", "sum", "any", "all", "abs", "array_sum"):
        return derive(args, clean=EVERY if not derive(args).taint else frozenset())
    if name in ("next", "await", "copy", "deepcopy", "cast") and len(args) <= 2:
        return a if name != "next" else containers.each(a)
    return None


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
            return strings.braces(recv, args, kwargs)
        if recv.qual == "String" and args:
            return strings.printf(args[0] if args[0].is_const else unknown(), args[1:])
        return None
    if name == "Sprintf" and args:
        return strings.printf(args[0], args[1:])
    if name in ("join", "Join") and args:
        if it.lang == "python" and (recv.is_const or recv.shape is not None):
            return strings.joined(recv, args[0])
        if len(args) == 2 and recv.qual in ("strings", "String"):
            return (
                strings.joined(args[1], args[0])
                if recv.qual == "strings"
                else strings.joined(args[0], args[1])
            )
        if recv.items is not None and recv.seq:
            return strings.joined(args[0], recv)
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
        return strings.replaced(recv, args)
    if name in ("substring", "substr", "slice", "subSequence", "charAt", "codePointAt") and args:
        if name in ("charAt", "codePointAt") and type(c) is str and type(args[0].const) is int:
            at = args[0].const
            return constant(c[at]) if 0 <= at < len(c) else unknown()
        low = args[0]
        high = args[1] if len(args) > 1 else constant(None)
        return strings.cut(recv, low, high)
    if name in ("split", "rsplit", "splitlines", "partition", "rpartition", "Split"):
        if type(c) is str and len(args) == 1 and type(args[0].const) is str and args[0].const:
            return Value(
                items=containers.renumber([constant(x) for x in c.split(args[0].const)]), seq=True
            )
        return derive([recv])
    if name == "concat" and args:
        return strings.concat([recv, *args])
    if name == "get" and recv.items is None and args and not recv.taint:
        return None
    return None


def _buffer(e: Any) -> Any:
    """The variable behind `&b[2]`, `(char *)b` or `b + n`."""
    while type(e) in (ir.Un, ir.Cast, ir.Index, ir.Bin):
        e = e.obj if type(e) is ir.Index else e.left if type(e) is ir.Bin else e.arg
    return e


def outputs(name: str, e: ir.Call, args: list[Value], env: Env) -> None:
    """`sprintf`, `strcpy`, `fgets` and the like give their target variable a new value."""
    if not args or not e.args:
        return
    target = e.args[0]
    target = _buffer(target)
    new: Value | None = None
    if name in ("sprintf", "vsprintf", "asprintf", "swprintf") and len(args) > 1:
        new = strings.printf(args[1], args[2:])
    elif name in ("snprintf", "vsnprintf") and len(args) > 2:
        new = strings.printf(args[2], args[3:])
    elif (
        name in ("strcpy", "strncpy", "stpcpy", "memcpy", "memmove", "wcscpy", "strlcpy", "wcsncpy")
        and len(args) > 1
    ):
        new = strings.concat([constant(""), args[1]])
    elif name in ("strcat", "strncat", "strlcat", "wcscat", "wcsncat") and len(args) > 1:
        new = strings.concat([args[0], args[1]])
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
            target = _buffer(e.args[k])
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
