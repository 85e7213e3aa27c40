"""What calls into C cost: one rule per callable, found by name, kept by identity.

A rule gets the callable, its self (None for a function), the positional and the keyword
arguments; it makes the call and charges it. A callable without a rule is charged by the lengths
of its arguments and of its result, and flagged. Functions of the standard library that are
written in Python are instrumented when they are first called.
"""

import functools
import itertools
import operator
import types
from typing import Any

from nlogn.complexity.inside.hooks import hook_in, operator_hooks
from nlogn.complexity.inside.meter import (
    PROGRAM_FILE,
    SCALARS,
    SIZED,
    WORD,
    charge,
    consume,
    deep_len,
    flag,
    log2_steps,
    product_cost,
    size_steps,
    sort_steps,
    text_steps,
    tick,
    tick_each,
    word_set,
    words,
)
from nlogn.complexity.inside.twins import TWIN_FILE, twin

_BUILTIN = types.BuiltinFunctionType
_METHOD = types.MethodType
_FUNCTION = types.FunctionType
_WRAPPER = type([].__len__)
_DESCRIPTORS = (type(str.upper), type(list.__len__), type(dict.__dict__["fromkeys"]))
_INSTRUMENTED = (PROGRAM_FILE, TWIN_FILE)
_WORDY = (str, bytes, bytearray)


def _size(value: Any) -> int:
    kind = type(value)
    if kind in SCALARS or kind in (_FUNCTION, _BUILTIN, type):
        return words(value) if kind is int and not -WORD < value < WORD else 0
    try:
        return len(value) >> 4 if kind in _WORDY else len(value)
    except (TypeError, OverflowError):
        return 0


# --- callables handed to C ---------------------------------------------------------------------


def wrap(function: Any) -> Any:
    """A callable that C code will call for us: unchanged if its cost is counted anyway."""
    kind = type(function)
    if function is None or kind is _FUNCTION or (kind in (_BUILTIN, type) and function in _FREE):
        if type(function) is _FUNCTION and function.__code__.co_filename not in _INSTRUMENTED:
            return _counting(function)
        return function
    if type(function) is _METHOD or (
        isinstance(function, type) and function.__module__ in ("solution", "__main__")
    ):
        return function
    if type(function) in _WRAPPER_TYPES:
        return function
    return _counting(function)


def _counting(function: Any) -> Any:
    def counting(*args: Any, **kw: Any) -> Any:
        tick()
        return hook_callk(function, *args, **kw)

    return counting


_FREE: set[Any] = {len, ord, chr, abs, float, bool, type, id, iter, isinstance, callable}
_WRAPPER_TYPES = (operator.itemgetter, operator.attrgetter, functools._lru_cache_wrapper)


def _with_key(kw: dict[str, Any]) -> dict[str, Any]:
    return {**kw, "key": wrap(kw["key"])} if kw.get("key") is not None else kw


# --- kinds of rule -----------------------------------------------------------------------------


def free(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(*args, **kw)


def by_self(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(size_steps(s))
    return f(*args, **kw)


def by_first(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if args:
        charge(_size(args[0]))
    return f(*args, **kw)


def by_result(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(*args, **kw)
    charge(_size(result))
    return result


def by_self_and_result(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(*args, **kw)
    charge(size_steps(s) + _size(result))
    return result


def by_first_and_result(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(*args, **kw)
    charge((_size(args[0]) if args else 0) + _size(result))
    return result


def by_log_first(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(log2_steps(len(args[0])))
    return f(*args, **_with_key(kw))


def reads(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """Reads its first argument to the end."""
    if args:
        args = (consume(args[0]), *args[1:])
    return f(*args, **kw)


def reads_all(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(*map(consume, args), **kw)


def may_stop(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(*map(tick_each, args), **kw)


def unknown(f: Any, s: Any, args: Any, kw: Any) -> Any:
    flag(getattr(f, "__qualname__", None) or type(f).__qualname__)
    charge(sum(map(_size, args)) + sum(map(_size, kw.values())) + _size(s))
    result = f(*args, **kw)
    charge(_size(result))
    return result


# --- builtins ----------------------------------------------------------------------------------


def _sum(f: Any, s: Any, args: Any, kw: Any) -> Any:
    start = args[1] if len(args) > 1 else kw.get("start", 0)
    if type(start) in (list, tuple):
        total = len(start)

        def growing(items: Any) -> Any:
            nonlocal total
            for item in items:
                total += _size(item)
                charge(total)
                yield item

        return f(growing(args[0]), *args[1:], **kw)
    result = f(consume(args[0]), *args[1:], **kw)
    if type(result) is int and not -WORD < result < WORD and type(args[0]) in SIZED:
        charge(words(result) * len(args[0]) // 2)
    return result


def _extreme(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if len(args) == 1:
        return f(consume(args[0]), **_with_key(kw))
    if len(args) > 8:
        charge(len(args))
    return f(*args, **_with_key(kw))


def _compare_cost(ordered: Any) -> int:
    """Extra work per comparison where the items are long and alike: neighbours in the sorted
    order tell how much of two items has to be read."""
    n = len(ordered)
    if n < 2 or type(ordered[0]) not in (str, bytes, tuple, list) or len(ordered[0]) < 16:
        return 0
    total = 0
    for i in range(0, n - 1, max(1, n // 32)):
        a, b = ordered[i], ordered[i + 1]
        size, limit = 8, min(len(a), len(b))
        while size < limit and a[:size] == b[:size]:
            size *= 2
        total += min(size, limit) if size > 8 else 0
    mean = total // min(32, n - 1)
    return text_steps(mean) if type(ordered[0]) in _WORDY else mean


def _sorted(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(consume(args[0]), *args[1:], **_with_key(kw)) if args else f(*args, **kw)
    charge(sort_steps(len(result)) * (1 + _compare_cost(result)))
    return result


def _sort(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(*args, **_with_key(kw))
    charge(sort_steps(len(s)) * (1 + _compare_cost(s)))
    return result


def _map(f: Any, s: Any, args: Any, kw: Any) -> Any:
    function, *sources = args
    if function in (int, str) and type(sources[0]) in (str, range):
        return f(*args, **kw)
    return f(wrap(function), *_weighted(sources), **kw)


def _zip(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(*_weighted(list(args)), **kw)


def _weighted(sources: list[Any]) -> list[Any]:
    """One item of a wide zip or map is as much work as there are sources."""
    width = len(sources)
    if width > 4:

        def heavy(source: Any) -> Any:
            for item in source:
                charge(width)
                yield item

        sources[0] = heavy(sources[0])
    return sources


def _drops(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """filter, dropwhile…: what they read is not what they give."""
    return f(wrap(args[0]), tick_each(args[1]), *args[2:], **kw)


def _reads_source(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """islice, compress, groupby…: count the source as it is read."""
    if "key" in kw:
        kw = _with_key(kw)
    return f(tick_each(args[0]), *args[1:], **kw)


def _groupby(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if len(args) > 1:
        args = (args[0], wrap(args[1]))
    return f(tick_each(args[0]), *args[1:], **_with_key(kw))


def _reduce(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(wrap(args[0]), consume(args[1]), *args[2:], **kw)


def _accumulate(f: Any, s: Any, args: Any, kw: Any) -> Any:
    function = args[1] if len(args) > 1 else kw.pop("func", None)
    return f(args[0], function if function is None else wrap(function), **kw)


def _starmap(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(wrap(args[0]), *args[1:])


def _heavy_items(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """product, permutations, combinations: take copies of their arguments; every result is one
    step of whoever reads it."""
    for arg in args:
        charge(_size(arg))
    return f(*args, **kw)


def _container(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if args:
        args = (consume(args[0]), *args[1:])
    return f(*args, **kw)


def _str(f: Any, s: Any, args: Any, kw: Any) -> Any:
    value: Any = args[0] if args else ""
    kind = type(value)
    if kind is int and not -WORD < value < WORD:
        size = words(value)
        charge(size * size + size)
    result = f(*args, **kw)
    if kind is not str:
        charge(text_steps(len(result)) + (len(value) if kind in SIZED else 0))
    return result


def _int(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if args and type(args[0]) in _WORDY:
        size = len(args[0])
        linear = len(args) > 1 and args[1] in (2, 4, 8, 16, 32)
        charge(text_steps(size) + (0 if linear else size * size // 5929))  # units of 77 digits
    return f(*args, **kw)


def _pow(f: Any, s: Any, args: Any, kw: Any) -> Any:
    if len(args) == 3 and all(type(a) is int for a in args):
        size = args[2].bit_length() if not -WORD < args[2] < WORD else 0
        charge(abs(args[1]).bit_length() * (1 + 2 * product_cost(size, size)))
        return f(*args)
    if len(args) == 2 and not kw:
        return HOOKS["pow"](*args)
    return f(*args, **kw)


def _divmod(f: Any, s: Any, args: Any, kw: Any) -> Any:
    a, b = args
    if type(a) is int and not -WORD < a < WORD:
        HOOKS["floordiv"](a, b)
    return f(a, b)


def _next(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(*args)


def _print(f: Any, s: Any, args: Any, kw: Any) -> Any:
    for arg in args:
        if type(arg) in SIZED:
            charge(deep_len(arg))
        elif type(arg) is int and not -WORD < arg < WORD:
            charge(words(arg) ** 2)
    return f(*args, **kw)


def _gcd(f: Any, s: Any, args: Any, kw: Any) -> Any:
    for a, b in itertools.pairwise(args):
        if type(a) is int and type(b) is int:
            low = min(abs(a), abs(b))
            size = low.bit_length()
            charge(size if size < 256 else 256 + (size * size >> 16))
    return f(*args)


def _factorial(f: Any, s: Any, args: Any, kw: Any) -> Any:
    n = args[0]
    if type(n) is int and n > 0:
        size = n * max(n.bit_length() - 1, 1)
        charge(n + product_cost(size, size))
    return f(*args)


def _comb(f: Any, s: Any, args: Any, kw: Any) -> Any:
    n, k = (*args, args[0])[:2]
    if type(n) is int and type(k) is int and 0 <= k <= n:
        k = min(k, n - k) if f.__name__ == "comb" else k
        charge(k)
        result = f(*args)
        charge(k * words(result) // 2)
        return result
    return f(*args)


def _isqrt(f: Any, s: Any, args: Any, kw: Any) -> Any:
    size = args[0].bit_length() if type(args[0]) is int else 0
    charge(product_cost(size, size) if size > 256 else 0)
    return f(*args)


def _prod(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(consume(args[0]), *args[1:], **kw)
    if type(result) is int and not -WORD < result < WORD:
        charge(words(result) * _size(args[0]) // 2)
    return result


# --- lists, deques -----------------------------------------------------------------------------


def _list_at(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """insert(i, x), pop(i): everything behind moves."""
    if args and isinstance(args[0], int):
        size = len(s)
        at = args[0] if args[0] >= 0 else size + args[0]
        charge(min(max(size - at, 0), size))
    return f(*args, **kw)


def _deque_at(f: Any, s: Any, args: Any, kw: Any) -> Any:
    size = len(s)
    at = args[0] if args[0] >= 0 else size + args[0]
    charge(max(min(at, size - at), 0))
    return f(*args, **kw)


def _rotate(f: Any, s: Any, args: Any, kw: Any) -> Any:
    by = abs(args[0]) if args else 1
    charge(min(by, len(s)) if len(s) else 0)
    return f(*args)


def _position(f: Any, s: Any, args: Any, kw: Any) -> Any:
    try:
        at = f(*args)
    except ValueError:
        charge(len(s))
        raise
    charge(at + 1)
    return at


def _remove(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(len(s))  # it looks at what is before the item and moves what is behind
    return f(*args)


def _bisect(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(log2_steps(len(args[0])))
    return f(*args, **_with_key(kw))


def _insort(f: Any, s: Any, args: Any, kw: Any) -> Any:
    size = len(args[0])
    charge(log2_steps(size))
    kw = _with_key(kw)
    result = f(*args, **kw)
    if len(args) >= 2 and type(args[1]) in SCALARS | {str, tuple} and not kw:
        import bisect

        # Where it went: what is behind it was moved.
        charge(max(size - bisect.bisect_left(args[0], args[1]), 0))
    else:
        charge(size // 2)
    return result


def _heapify(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(len(args[0]))
    return f(*args)


def _n_largest(f: Any, s: Any, args: Any, kw: Any) -> Any:
    count, items = args[0], args[1]
    if not hasattr(items, "__len__"):
        items = list(consume(items))
    else:
        charge(_size(items))
    charge(_size(items) * log2_steps(min(count, len(items))))
    return f(count, items, *args[2:], **_with_key(kw))


# --- sets, dicts -------------------------------------------------------------------------------


def _union(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(len(s))
    return f(*map(consume, args))


def _intersection(f: Any, s: Any, args: Any, kw: Any) -> Any:
    for other in args:
        if type(other) in (set, frozenset):
            charge(min(len(s), len(other)))
    return f(*(a if type(a) in (set, frozenset) else consume(a) for a in args))


def _disjoint(f: Any, s: Any, args: Any, kw: Any) -> Any:
    other = args[0]
    if type(other) in (set, frozenset):
        charge(min(len(s), len(other)))
        return f(other)
    return f(tick_each(other))


def _most_common(f: Any, s: Any, args: Any, kw: Any) -> Any:
    count = args[0] if args else kw.get("n")
    size = len(s)
    charge(sort_steps(size) if count is None else size * (1 + log2_steps(min(count, size))))
    return f(*args, **kw)


# --- text --------------------------------------------------------------------------------------


def _join(f: Any, s: Any, args: Any, kw: Any) -> Any:
    items = args[0]
    if type(items) not in SIZED:
        items = list(consume(items))
    else:
        charge(len(items))
    result = f(items)
    charge(max(text_steps(len(result)) - len(items), 0))  # short pieces are paid for
    return result


def _find(f: Any, s: Any, args: Any, kw: Any) -> Any:
    size, begin = len(s), 0
    if len(args) > 1 and isinstance(args[1], int):
        begin = args[1] if args[1] >= 0 else max(size + args[1], 0)
    try:
        at = f(*args)
    except ValueError:
        charge(text_steps(max(size - begin, 0)))
        raise
    if at < 0:
        charge(text_steps(max(size - begin, 0)))
    elif f.__name__.startswith("r"):
        charge(text_steps(size - at))
    else:
        charge(text_steps(max(at - begin, 0)) + _size(args[0]))
    return at


def _affix(f: Any, s: Any, args: Any, kw: Any) -> Any:
    affix = args[0]
    charge(sum(map(_size, affix)) if type(affix) is tuple else min(_size(affix), size_steps(s)))
    return f(*args)


def _regex(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """re.search(pattern, text), pattern.search(text): reads the text once."""
    text = args[1] if s is None and len(args) > 1 else (args[0] if args else "")
    if f.__name__ in ("sub", "subn"):
        if s is None:
            args = (args[0], _replacement(args[1]), *args[2:])
            text = args[2] if len(args) > 2 else kw.get("string", "")
        else:
            args = (_replacement(args[0]), *args[1:])
            text = args[1] if len(args) > 1 else kw.get("string", "")
    result = f(*args, **kw)
    if type(text) in _WORDY:
        if f.__name__ in ("match", "fullmatch") and result is not None:
            charge(result.end() - result.start())
        elif f.__name__ == "search" and result is not None:
            charge(result.end())
        else:
            charge(len(text))
    if type(result) in SIZED:
        charge(len(result))
    return result


def _replacement(value: Any) -> Any:
    return wrap(value) if callable(value) else value


# --- copying, JSON, random, statistics ---------------------------------------------------------


def deep_size(value: Any, seen: set[int] | None = None) -> int:
    """Objects that a deep copy visits."""
    seen = set() if seen is None else seen
    stack, total = [value], 0
    while stack:
        item = stack.pop()
        total += 1
        kind = type(item)
        if kind in SCALARS or kind in _WORDY or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif kind in SIZED or isinstance(item, (list, tuple, set, frozenset)):
            stack.extend(item)
        fields = getattr(item, "__dict__", None)
        if type(fields) is dict:
            stack.extend(fields.values())
        for cls in kind.__mro__:
            for name in getattr(cls, "__slots__", ()):
                if hasattr(item, name):
                    stack.append(getattr(item, name))
    return total


def _deep(f: Any, s: Any, args: Any, kw: Any) -> Any:
    charge(deep_size(args[0]))
    return f(*args, **kw)


def _dumps(f: Any, s: Any, args: Any, kw: Any) -> Any:
    size = deep_size(args[0])
    result = f(*args, **kw)
    charge(max(size, _size(result)))
    return result


def _loads(f: Any, s: Any, args: Any, kw: Any) -> Any:
    result = f(*args, **kw)
    charge(max(deep_size(result), _size(args[0])))
    return result


def _choices(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return by_result(f, s, args, kw)


def _statistic(power: str) -> Any:
    def rule(f: Any, s: Any, args: Any, kw: Any) -> Any:
        items = args[0]
        if type(items) not in SIZED:
            items = list(consume(items))
        charge(sort_steps(len(items)) if power == "sort" else len(items))
        return f(items, *(consume(a) for a in args[1:]), **kw)

    return rule


def _construct(f: Any, s: Any, args: Any, kw: Any) -> Any:
    """A class of the standard library with an __init__ in Python: instrument that."""
    made = f.__new__(f)
    hook_callk(f.__init__.__get__(made), *args, **kw)
    return made


def _partial(f: Any, args: Any, kw: Any) -> Any:
    return hook_callk(f.func, *f.args, *args, **{**f.keywords, **kw})


def _method_caller(f: Any, args: Any) -> Any:
    _, pieces = f.__reduce__()
    if isinstance(pieces, tuple) and pieces and isinstance(pieces[0], str):
        return hook_call(getattr(args[0], pieces[0]), *pieces[1:])
    return f(*args)


def _contains(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return hook_in(args[1], args[0]) if s is None else hook_in(args[0], s)


def _count_of(f: Any, s: Any, args: Any, kw: Any) -> Any:
    return f(consume(args[0]), *args[1:])


# --- the table ---------------------------------------------------------------------------------

_RULES: dict[str, Any] = {}


def _rules(rule: Any, names: str) -> None:
    for name in names.split():
        _RULES[name] = rule


_rules(free, """
    len range isinstance issubclass ord chr id type bool float callable getattr setattr hasattr
    delattr slice object property staticmethod classmethod iter exit complex memoryview
    abs round open super locals globals vars dir __import__ enumerate
    __build_class__ help compile aiter anext dict_keys bytes.hex float.fromhex
    list.append dict.get dict.setdefault dict.pop dict.popitem dict.keys dict.values dict.items
    set.add set.discard set.remove set.pop set.clear dict.clear list.clear str.isidentifier
    collections.deque.append collections.deque.appendleft collections.deque.pop
    collections.deque.popleft collections.deque.clear collections.OrderedDict.popitem
    collections.OrderedDict.pop collections.OrderedDict.move_to_end
    collections.defaultdict collections.ChainMap.__init__ collections.namedtuple
    dict_items.mapping int.bit_length int.bit_count float.is_integer float.as_integer_ratio
    int.as_integer_ratio int.conjugate object.__new__ object.__init__ object.__init_subclass__
    object.__setattr__ object.__getattribute__ object.__hash__ object.__eq__ object.__repr__
    type.__call__ type.mro generator.send generator.throw generator.close generator.__next__
    coroutine.send coroutine.close
    itertools.count itertools.cycle itertools.repeat itertools.chain itertools.zip_longest
    itertools.tee itertools.pairwise itertools.chain.from_iterable
    functools.partial functools.lru_cache functools.cache functools.wraps functools.cmp_to_key
    functools.update_wrapper functools.total_ordering _functools.cmp_to_key
    functools.cached_property functools.singledispatch
    operator.itemgetter operator.attrgetter operator.methodcaller
    random.Random random.seed random.Random.seed random.Random.randint random.Random.randrange
    random.Random.choice random.Random.uniform random.Random.gauss random.Random.random
    random.Random.getrandbits random.Random.triangular random.Random.betavariate
    random.Random.expovariate random.Random.normalvariate
    _random.Random.random _random.Random.getrandbits
    weakref.ref weakref.proxy enum.Enum dataclasses.dataclass dataclasses.field dataclasses.fields
    typing.cast typing.NamedTuple typing.TypeVar typing.NewType typing.get_type_hints
    re.compile re.escape re.purge
    fractions.Fraction decimal.Decimal
    datetime.datetime datetime.date datetime.timedelta datetime.time
    string.Template contextlib.contextmanager contextlib.suppress contextlib.nullcontext
    collections.UserDict collections.UserList collections.abc.Iterable
    sys.setrecursionlimit sys.getrecursionlimit sys.getsizeof sys.exit sys.intern
    threading.stack_size asyncio.run asyncio.runners.run asyncio.tasks.sleep
    asyncio.tasks.gather asyncio.sleep asyncio.gather
    """)  # fmt: skip
_rules(_sum, "sum")
_rules(
    by_result,
    "input _io.TextIOWrapper.read _io.TextIOWrapper.readline "
    "_io.TextIOWrapper.readlines _io.BufferedReader.read _io.BytesIO.read",
)
_rules(_extreme, "min max")
_rules(may_stop, "any all")
_rules(_sorted, "sorted")
_rules(_map, "map")
_rules(_zip, "zip")
_rules(_drops, "filter itertools.filterfalse itertools.dropwhile itertools.takewhile")
_rules(_reads_source, "itertools.islice itertools.compress itertools.batched")
_rules(_groupby, "itertools.groupby")
_rules(_reduce, "_functools.reduce functools.reduce")
_rules(_accumulate, "itertools.accumulate")
_rules(_starmap, "itertools.starmap")
_rules(
    _heavy_items,
    """itertools.product itertools.permutations itertools.combinations
    itertools.combinations_with_replacement""",
)
_rules(
    _container,
    """list tuple set frozenset dict bytes bytearray collections.deque
    collections.OrderedDict collections.Counter array.array""",
)
_rules(free, "reversed itertools.zip_longest")
_rules(_str, "str repr format ascii")
_rules(_int, "int")
_rules(_pow, "pow")
_rules(_divmod, "divmod")
_rules(_next, "next")
_rules(_print, "print")
_rules(
    by_result,
    """bin oct hex int.to_bytes list.copy dict.copy set.copy frozenset.copy
    collections.deque.copy collections.Counter.copy collections.OrderedDict.copy
    collections.defaultdict.copy copy.copy collections.Counter.elements
    _struct.unpack _struct.unpack_from _struct.pack _struct.calcsize""",
)
_rules(by_first, "int.from_bytes hash zlib.crc32 binascii.crc32 hashlib.sha256 hashlib.md5")
_rules(
    reads,
    """list.extend collections.deque.extend collections.deque.extendleft
    bytearray.extend dict.fromkeys collections.Counter.update collections.Counter.subtract
    math.fsum set.update dict.update collections.OrderedDict.update
    collections.defaultdict.update array.array.extend""",
)
_rules(reads_all, "set.update set.difference_update set.symmetric_difference_update")
_rules(
    _list_at,
    "list.pop list.insert bytearray.pop bytearray.insert array.array.pop array.array.insert",
)
_rules(_deque_at, "collections.deque.insert")
_rules(_rotate, "collections.deque.rotate")
_rules(
    _position, "list.index tuple.index collections.deque.index bytearray.index array.array.index"
)
_rules(_remove, "list.remove collections.deque.remove bytearray.remove array.array.remove")
_rules(
    by_self,
    """list.count tuple.count list.reverse collections.deque.count
    collections.deque.reverse array.array.count array.array.reverse collections.Counter.total
    str.count bytes.count str.isdigit str.isalpha str.isalnum str.isupper str.islower str.isspace
    str.isnumeric str.isdecimal str.istitle str.isascii str.isprintable""",
)
_rules(_sort, "list.sort")
_rules(_bisect, "_bisect.bisect_left _bisect.bisect_right bisect.bisect_left bisect.bisect_right")
_rules(_insort, "_bisect.insort_left _bisect.insort_right bisect.insort_left bisect.insort_right")
_rules(
    by_log_first,
    """_heapq.heappush _heapq.heappop _heapq.heapreplace _heapq.heappushpop
    _heapq._heappop_max _heapq._heapreplace_max heapq.heappush heapq.heappop""",
)
_rules(_heapify, "_heapq.heapify _heapq._heapify_max heapq.heapify")
_rules(_n_largest, "heapq.nlargest heapq.nsmallest")
_rules(
    _union,
    """set.union frozenset.union set.difference frozenset.difference
    set.symmetric_difference frozenset.symmetric_difference""",
)
_rules(_intersection, "set.intersection frozenset.intersection set.intersection_update")
_rules(_disjoint, "set.isdisjoint frozenset.isdisjoint")
_rules(by_self, "set.issubset frozenset.issubset")
_rules(by_first, "set.issuperset frozenset.issuperset")
_rules(_most_common, "collections.Counter.most_common")
_rules(_join, "str.join bytes.join bytearray.join")
_rules(
    by_self_and_result,
    """
    str.replace str.split str.rsplit str.splitlines str.strip str.lstrip str.rstrip str.lower
    str.upper str.title str.capitalize str.swapcase str.casefold str.translate str.zfill
    str.center str.ljust str.rjust str.expandtabs str.encode str.format str.format_map
    str.partition str.rpartition bytes.replace bytes.split bytes.strip bytes.lower bytes.upper
    bytes.decode bytearray.decode bytes.translate str.removeprefix str.removesuffix
    bytes.rstrip bytes.lstrip bytes.splitlines bytes.hex bytearray.copy""",
)
_rules(
    _find,
    "str.find str.rfind str.index str.rindex bytes.find bytes.index bytes.rfind bytearray.find",
)
_rules(_affix, "str.startswith str.endswith bytes.startswith bytes.endswith")
_rules(by_first_and_result, "str.maketrans")
_rules(
    _regex,
    """re.match re.fullmatch re.search re.findall re.finditer re.split re.sub re.subn
    re.Pattern.match re.Pattern.fullmatch re.Pattern.search re.Pattern.findall
    re.Pattern.finditer re.Pattern.split re.Pattern.sub re.Pattern.subn""",
)
_rules(
    free,
    "re.Match.group re.Match.groups re.Match.span re.Match.start re.Match.end re.Match.groupdict",
)
_rules(_deep, "copy.deepcopy pickle.dumps")
_rules(_dumps, "json.dumps")
_rules(_loads, "json.loads pickle.loads ast.literal_eval _pickle.loads")
_rules(by_first, "random.Random.shuffle")
_rules(_choices, "random.Random.choices random.Random.sample random.Random.randbytes")
_rules(
    _statistic("sort"),
    """statistics.median statistics.median_low statistics.median_high
    statistics.quantiles statistics.median_grouped""",
)
_rules(
    _statistic("scan"),
    """statistics.mean statistics.fmean statistics.stdev statistics.pstdev
    statistics.variance statistics.pvariance statistics.mode statistics.multimode
    statistics.geometric_mean statistics.harmonic_mean statistics.correlation
    statistics.covariance statistics.linear_regression""",
)
_rules(_gcd, "math.gcd math.lcm")
_rules(_factorial, "math.factorial")
_rules(_comb, "math.comb math.perm")
_rules(_isqrt, "math.isqrt")
_rules(_prod, "math.prod")
_rules(by_first, "math.dist math.sumprod")
_rules(reads, "math.hypot")
_rules(
    _contains,
    "_operator.contains operator.contains list.__contains__ tuple.__contains__ "
    "str.__contains__ dict.__contains__ set.__contains__ frozenset.__contains__",
)
_rules(_count_of, "_operator.countOf _operator.indexOf")

# Modules whose remaining functions do a fixed amount of work.
_FREE_MODULES = word_set(
    "math cmath time _random random sys gc _thread posix _io io itertools _operator _functools "
    "_weakref _abc typing abc types dataclasses enum warnings _warnings threading _signal errno "
    "_datetime datetime os decimal _decimal asyncio contextlib functools collections.abc "
    "_asyncio asyncio.runners asyncio.events asyncio.base_events"
)
HOOKS = operator_hooks()
for _op in sorted(
    word_set(
        "add sub mul floordiv mod pow lshift rshift and_ or_ xor eq ne lt le gt ge iadd isub imul"
    )
):
    _hooked = HOOKS[_op]
    _RULES[f"_operator.{_op}"] = lambda f, s, args, kw, _h=_hooked: _h(*args)
_RULES["_operator.concat"] = _RULES["_operator.add"]
_DUNDERS = {"__add__": "add", "__mul__": "mul", "__eq__": "eq", "__lt__": "lt", "__sub__": "sub",
            "__or__": "or_", "__and__": "and_", "__iadd__": "iadd", "__mod__": "mod",
            "__pow__": "pow", "__floordiv__": "floordiv"}  # fmt: skip
_found: dict[Any, Any] = {}
_found_methods: dict[Any, Any] = {}


def _function_rule(function: Any) -> Any:
    rule = _found.get(function)
    if rule is None:
        module = getattr(function, "__module__", None) or "builtins"
        name = getattr(function, "__qualname__", "")
        key = name if module == "builtins" else f"{module}.{name}"
        rule = _RULES.get(key)
        if rule is None:
            rule = free if module in _FREE_MODULES else unknown
        _found[function] = rule
    return rule


def _method_rule(kind: Any, name: str) -> Any:
    key = (kind, name)
    rule = _found_methods.get(key)
    if rule is None:
        for cls in kind.__mro__:
            module = cls.__module__
            prefix = cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"
            rule = _RULES.get(f"{prefix}.{name}")
            if rule is not None:
                break
            if name in cls.__dict__:
                if name in _DUNDERS and cls is not object:
                    hook = HOOKS[_DUNDERS[name]]
                    rule = _bound(hook)
                elif name.startswith("__") or module in _FREE_MODULES:
                    rule = free
                break
        rule = rule or unknown
        _found_methods[key] = rule
    return rule


def _bound(hook: Any) -> Any:
    return lambda f, s, args, kw: hook(s, *args)


def _type_rule(kind: Any) -> Any:
    rule = _found.get(kind)
    if rule is None:
        module = kind.__module__
        rule = _RULES.get(kind.__qualname__ if module == "builtins"
                          else f"{module}.{kind.__qualname__}")  # fmt: skip
        if rule is None:
            if module in ("solution", "__main__"):
                inherits = any(b in SIZED for b in kind.__mro__)
                own = "__init__" in kind.__dict__ or "__new__" in kind.__dict__
                rule = _container if inherits and not own else free
            elif (
                issubclass(kind, BaseException)
                or module in _FREE_MODULES
                or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
            ):
                rule = free
            elif type(kind.__init__) is _FUNCTION and kind.__new__ is object.__new__:
                rule = _construct
            else:
                rule = unknown
        _found[kind] = rule
    return rule


def hook_call(f: Any, /, *args: Any) -> Any:
    kind = type(f)
    if kind is _FUNCTION:
        if f.__code__.co_filename == PROGRAM_FILE:
            return f(*args)
    elif kind is _BUILTIN:
        owner = f.__self__
        if owner is None or type(owner) is types.ModuleType:
            return (_found.get(f) or _function_rule(f))(f, None, args, {})
        if type(owner) is not type:
            rule = _found_methods.get((type(owner), f.__name__))
            return (rule or _method_rule(type(owner), f.__name__))(f, owner, args, {})
    elif kind is _METHOD and f.__func__.__class__ is _FUNCTION:
        if f.__func__.__code__.co_filename == PROGRAM_FILE:
            return f(*args)
    elif kind is type:
        return (_found.get(f) or _type_rule(f))(f, None, args, {})
    return hook_callk(f, *args)


def hook_callk(f: Any, /, *args: Any, **kw: Any) -> Any:
    kind = type(f)
    if kind is _FUNCTION:
        if f.__code__.co_filename == PROGRAM_FILE:
            return f(*args, **kw)
        return _python(f, f, args, kw, ())
    if kind is _BUILTIN:
        owner = f.__self__
        if owner is None or type(owner) is types.ModuleType:
            return _function_rule(f)(f, None, args, kw)
        if isinstance(owner, type):  # dict.fromkeys, int.from_bytes, chain.from_iterable
            return _method_rule(owner, f.__name__)(f, (), args, kw)
        return _method_rule(type(owner), f.__name__)(f, owner, args, kw)
    if kind is _METHOD:
        function = f.__func__
        if type(function) is not _FUNCTION or function.__code__.co_filename == PROGRAM_FILE:
            return f(*args, **kw)
        return _python(f, function, args, kw, (f.__self__,))
    if isinstance(f, type):
        return _type_rule(f)(f, None, args, kw)
    if kind is functools.partial:
        return _partial(f, args, kw)
    if kind in _DESCRIPTORS and args:  # str.upper(s), map(str.strip, lines)
        owner = args[0]
        if isinstance(owner, f.__objclass__):
            bound = f.__get__(owner)
            return _method_rule(type(owner), f.__name__)(bound, owner, args[1:], kw)
        return f(*args, **kw)
    if kind is _WRAPPER:  # xs.__len__, super().__init__
        return _method_rule(type(f.__self__), f.__name__)(f, f.__self__, args, kw)
    if kind is operator.methodcaller and len(args) == 1 and not kw:
        return _method_caller(f, args)
    return f(*args, **kw)


def _python(f: Any, function: Any, args: Any, kw: Any, bound: tuple[Any, ...]) -> Any:
    """A function of the standard library written in Python: by rule, else instrumented."""
    if function.__code__.co_filename == TWIN_FILE:
        return f(*args, **kw)
    rule: Any = _found.get(function)
    if rule is None:
        rule = _RULES.get(f"{function.__module__}.{function.__qualname__}")
        if rule is None:
            copy = None if function.__module__ in _FREE_MODULES else twin(function)
            if copy is not None:
                rule = ("twin", copy)
            elif function.__module__ in _FREE_MODULES:
                rule = free
            else:
                rule = unknown
        _found[function] = rule
    if type(rule) is tuple:
        return rule[1](*bound, *args, **kw)
    if not bound and args and "." in function.__qualname__:
        bound, f, args = args[:1], function.__get__(args[0]), args[1:]
    return rule(f, bound[0] if bound else None, args, kw)
