"""What the standard library's calls cost and give, by name, in their arguments' sizes.

Each table maps a name to a cost and a result: cost and size are words read by `amount`:
``1``, ``n`` (the first argument or the object), ``m`` (the second), ``s`` (all arguments),
``nlogn``, ``logn``, ``nm``; the result is a kind, with its size after a colon.
"""

from nlogn.complexity.static_terms import ONE, Terms, add, log, mul, total

FUNCTIONS: dict[str, tuple[str, str]] = {
    # builtins
    "len": ("1", "int:n"), "abs": ("1", "int:n"), "int": ("1", "int:n"), "float": ("1", "int:n"),
    "bool": ("1", "int"), "round": ("1", "int:n"), "divmod": ("1", "any"), "ord": ("1", "int"),
    "chr": ("1", "str"), "hash": ("1", "int"), "id": ("1", "int"), "print": ("s", "none"),
    "isinstance": ("1", "int"), "type": ("1", "any"), "getattr": ("1", "any"), "next": ("1", "any"),
    "iter": ("1", "iter:n"), "sum": ("n", "int:n"), "any": ("n", "int"), "all": ("n", "int"),
    "sorted": ("nlogn", "list:n"), "list": ("n", "list:n"), "tuple": ("n", "tuple:n"),
    "set": ("n", "set:n"), "frozenset": ("n", "set:n"), "dict": ("n", "dict:n"),
    "reversed": ("1", "iter:n"), "str": ("1", "str"), "repr": ("n", "str:n"),
    "bin": ("logn", "str:logn"), "hex": ("logn", "str:logn"), "format": ("1", "str"),
    "bytes": ("n", "bytes:n"), "bytearray": ("n", "list:n"), "hasattr": ("1", "int"),
    "super": ("1", "any"), "object": ("1", "any"), "callable": ("1", "int"), "input": ("1", "str"),
    "memoryview": ("1", "list:n"), "ascii": ("n", "str:n"), "oct": ("logn", "str:logn"),
    "open": ("1", "any"), "vars": ("1", "dict"), "exit": ("1", "none"), "copy": ("n", "same"),
    # hashes, encodings, the web's texts
    "sha256": ("s", "any"), "sha1": ("s", "any"), "md5": ("s", "any"), "sha512": ("s", "any"),
    "blake2b": ("s", "any"), "crc32": ("n", "int"), "adler32": ("n", "int"), "new": ("s", "any"),
    "compare_digest": ("s", "int"), "normalize": ("m", "str:m"), "combining": ("1", "int"),
    "category": ("1", "str"), "quote": ("n", "str:n"), "unquote": ("n", "str:n"),
    "urlencode": ("deep", "str:deep"), "urlparse": ("n", "any"), "urlsplit": ("n", "any"),
    "parse_qs": ("n", "dict:n"), "parse_qsl": ("n", "list:n"), "escape": ("n", "str:n"),
    "unescape": ("n", "str:n"), "b64encode": ("n", "bytes:n"), "b64decode": ("n", "bytes:n"),
    "hexlify": ("n", "bytes:n"), "unhexlify": ("n", "bytes:n"), "attrgetter": ("1", "any"),
    "setattr": ("1", "none"), "slice": ("1", "any"), "complex": ("1", "int"),
    # heapq, bisect
    "heappush": ("logn", "none"), "heappop": ("logn", "elem"), "heapify": ("n", "none"),
    "heapreplace": ("logn", "elem"), "heappushpop": ("logn", "elem"),
    "bisect": ("logn", "int:n"), "bisect_left": ("logn", "int:n"),
    "bisect_right": ("logn", "int:n"), "insort": ("n", "none"), "insort_left": ("n", "none"),
    "insort_right": ("n", "none"),
    # copy, collections, itertools, functools
    "deepcopy": ("deep", "same"), "Counter": ("n", "dict:n"), "deque": ("n", "deque:n"),
    "OrderedDict": ("n", "dict:n"), "accumulate": ("n", "iter:n"), "chain": ("s", "iter:s"),
    "from_iterable": ("deep", "iter:deep"), "groupby": ("n", "iter:n"), "cycle": ("1", "any"),
    "count": ("1", "any"), "repeat": ("1", "iter:m"), "pairwise": ("n", "iter:n"),
    "zip_longest": ("s", "iter:s"), "starmap": ("m", "iter:m"), "tee": ("1", "any"),
    "compress": ("n", "iter:n"), "namedtuple": ("1", "any"), "ChainMap": ("1", "dict:s"),
    # re, json, statistics, string
    "findall": ("s", "list:s"), "finditer": ("s", "iter:s"), "sub": ("s", "str:s"),
    "match": ("s", "any"), "fullmatch": ("s", "any"), "search": ("s", "any"),
    "compile": ("1", "any"), "dumps": ("deep", "str:deep"), "loads": ("n", "any"),
    "mean": ("n", "int"), "fmean": ("n", "int"), "median": ("nlogn", "int"), "mode": ("n", "any"),
    "stdev": ("n", "int"), "pstdev": ("n", "int"), "variance": ("n", "int"),
    "shuffle": ("n", "none"), "sample": ("m", "list:m"), "choices": ("n", "list:n"),
    "fsum": ("n", "int"), "prod": ("n", "int"), "dist": ("1", "int"), "itemgetter": ("1", "any"),
    "setrecursionlimit": ("1", "none"), "maketrans": ("n", "dict:n"),
    "from_bytes": ("n", "int"), "unpack_from": ("1", "any"), "unpack": ("1", "any"),
}  # fmt: skip
CONSTANT_MODULES = frozenset({"math", "random", "operator", "time", "cmath", "string", "sys", "os"})
CONSTANT = frozenset({
    "monotonic", "sleep", "now", "today", "process_time", "getrandbits", "seed", "fmod",
    "remainder", "log1p", "expm1", "cbrt", "exp2", "getenv", "cpu_count",
    "sqrt", "cos", "sin", "tan", "atan", "atan2", "acos", "asin", "exp", "log", "log2", "log10",
    "floor", "ceil", "gcd", "lcm", "hypot", "degrees", "radians", "isclose", "isfinite", "isnan",
    "isinf", "copysign", "fabs", "trunc", "perf_counter", "time", "xor", "add", "mul", "randint",
    "random", "randrange", "uniform", "choice", "ord", "pow", "inf", "Random", "Lock", "field",
    "lru_cache", "cache", "wraps", "partial", "ValueError", "KeyError", "IndexError",
    "TypeError", "RuntimeError", "Exception", "StopIteration", "ZeroDivisionError",
    "NotImplementedError", "AssertionError", "Decimal", "Fraction", "Path", "datetime", "date",
    "timedelta",
})  # fmt: skip

METHODS: dict[str, tuple[str, str]] = {
    # lists and deques
    "append": ("1", "none"), "appendleft": ("1", "none"), "popleft": ("1", "elem"),
    "extend": ("m", "none"), "insert": ("n", "none"), "remove": ("n", "none"),
    "count": ("n", "int"), "index": ("n", "int:n"), "sort": ("nlogn", "none"),
    "reverse": ("n", "none"), "copy": ("n", "same"), "clear": ("1", "none"),
    "rotate": ("n", "none"), "extendleft": ("m", "none"),
    # dicts and sets
    "get": ("1", "elem"), "setdefault": ("1", "elem"), "items": ("1", "items"),
    "keys": ("1", "iter:n"), "values": ("1", "values"), "popitem": ("1", "any"),
    "move_to_end": ("1", "none"), "add": ("1", "none"), "discard": ("1", "none"),
    "union": ("s", "set:s"), "intersection": ("s", "set:n"), "difference": ("s", "set:n"),
    "symmetric_difference": ("s", "set:s"), "issubset": ("n", "int"), "issuperset": ("m", "int"),
    "isdisjoint": ("s", "int"), "elements": ("n", "iter:n"), "subtract": ("m", "none"),
    "fromkeys": ("m", "dict:m"), "intersection_update": ("s", "none"),
    "difference_update": ("s", "none"),
    # strings
    "join": ("m", "str:m"), "split": ("n", "words"), "rsplit": ("n", "words"),
    "splitlines": ("n", "words"), "partition": ("n", "words"), "rpartition": ("n", "words"),
    "strip": ("n", "str:n"), "lstrip": ("n", "str:n"), "rstrip": ("n", "str:n"),
    "replace": ("n", "str:n"), "find": ("n", "int:n"), "rfind": ("n", "int:n"),
    "rindex": ("n", "int:n"), "lower": ("n", "str:n"), "upper": ("n", "str:n"),
    "title": ("n", "str:n"), "capitalize": ("n", "str:n"), "casefold": ("n", "str:n"),
    "swapcase": ("n", "str:n"), "translate": ("n", "str:n"), "encode": ("n", "bytes:n"),
    "decode": ("n", "str:n"), "isdigit": ("1", "int"), "isalpha": ("1", "int"),
    "isalnum": ("1", "int"), "isspace": ("1", "int"), "isupper": ("1", "int"),
    "islower": ("1", "int"), "isnumeric": ("1", "int"), "startswith": ("1", "int"),
    "endswith": ("1", "int"), "zfill": ("n", "str:n"), "ljust": ("n", "str:n"),
    "rjust": ("n", "str:n"), "center": ("n", "str:n"), "format": ("1", "str"),
    "removeprefix": ("n", "str:n"), "removesuffix": ("n", "str:n"),
    # numbers, matches, files
    "isascii": ("n", "int"), "isidentifier": ("n", "int"), "isdecimal": ("n", "int"),
    "isprintable": ("n", "int"), "expandtabs": ("n", "str:n"), "istitle": ("n", "int"),
    "digest": ("1", "bytes"), "hexdigest": ("1", "str"), "hex": ("n", "str:n"),
    "format_map": ("n", "str:n"), "tolist": ("n", "list:n"), "tobytes": ("n", "bytes:n"),
    "bit_length": ("1", "int:logn"), "bit_count": ("1", "int"), "group": ("1", "str"),
    "groups": ("1", "any"), "start": ("1", "int"), "end": ("1", "int"), "is_integer": ("1", "int"),
    "readline": ("1", "str"), "write": ("m", "int"), "put": ("1", "none"), "empty": ("1", "int"),
    "to_bytes": ("n", "bytes:n"), "timestamp": ("1", "int"), "total_seconds": ("1", "int"),
    "acquire": ("1", "none"), "release": ("1", "none"), "finditer": ("m", "iter:m"),
    "findall": ("m", "list:m"), "match": ("m", "any"), "search": ("m", "any"),
    "sub": ("s", "str:s"), "fullmatch": ("m", "any"), "toordinal": ("1", "int"),
    "randint": ("1", "int"), "random": ("1", "int"), "randrange": ("1", "int"),
    "choice": ("1", "any"), "uniform": ("1", "int"), "shuffle": ("m", "none"),
    "cache_clear": ("1", "none"), "seed": ("1", "none"),
}  # fmt: skip
DICT_ONLY = frozenset({"items", "keys", "values", "setdefault", "popitem", "move_to_end",
                       "get"})  # fmt: skip
SET_ONLY = frozenset({"add", "discard", "issubset", "issuperset", "isdisjoint", "union",
                      "intersection", "difference"})  # fmt: skip
TEXT_ONLY = frozenset({
    "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "startswith", "endswith",
    "lower", "upper", "title", "encode", "isdigit", "isalpha", "partition", "rpartition",
    "casefold", "removeprefix", "removesuffix", "zfill", "isalnum", "isspace",
})  # fmt: skip
GROWS = frozenset({"append", "appendleft", "add", "insert", "put", "setdefault"})
SHRINKS = frozenset({"pop", "popleft", "popitem", "remove", "heappop", "discard"})


def amount(word: str, sizes: list[Terms], deep: Terms) -> Terms:
    """The terms that a word of the tables stands for."""
    n = sizes[0] if sizes else ONE
    m = sizes[1] if len(sizes) > 1 else ONE
    match word:
        case "n":
            return n
        case "m":
            return m
        case "s":
            return total(sizes)
        case "logn":
            return log(n)
        case "nlogn":
            return mul(n, log(n)) if n != ONE else ONE
        case "nm":
            return mul(n, m)
        case "deep":
            return add(deep, n)
    return ONE
