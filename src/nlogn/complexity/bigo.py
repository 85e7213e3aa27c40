"""The lattice of complexity classes: spelling, order, evaluation.

    >>> str(parse("N*log(N)")), cheaper(parse("n"), parse("n log n"))
    ('O(n log n)', True)
    >>> evaluate(parse("O(n*m)"), 10, 3)
    30.0

Two classes are coarser than their spelling: ``O(2^n)`` is every exponential whatever its base or
polynomial factor, and ``O(n!)`` everything beyond that.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_HUGE = 709.0  # exp() of more overflows


@dataclass(frozen=True, slots=True)
class BigO:
    """A class of growth; `str()` gives its one spelling, such as ``O(n log m)``."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in _LOG_VALUE:
            raise ValueError(f"no such class: {self.name!r}")

    def __str__(self) -> str:
        return f"O({self.name})"

    @property
    def two_sizes(self) -> bool:
        return "m" in self.name


_Value = Callable[[float, float], float]


def _term(
    n: float = 0, log_n: float = 0, m: float = 0, log_m: float = 0, loglog_n: float = 0
) -> _Value:
    """ln of n^a log^b n m^c log^d m (log log n)^e, given x = ln n and y = ln m."""

    def value(x: float, y: float) -> float:
        lx, ly = math.log2(math.e) * x, math.log2(math.e) * y
        out = n * x + m * y
        if log_n:
            out += log_n * math.log(max(lx, 1.0))
        if log_m:
            out += log_m * math.log(max(ly, 1.0))
        if loglog_n:
            out += loglog_n * math.log(max(math.log2(max(lx, 2.0)), 1.0))
        return out

    return value


def _plus(*terms: _Value) -> _Value:
    def value(x: float, y: float) -> float:
        parts = [t(x, y) for t in terms]
        top = max(parts)
        return top + math.log(sum(math.exp(p - top) for p in parts))

    return value


def _exp(x: float, y: float) -> float:
    return math.log(2) * math.exp(min(x, _HUGE))


def _factorial(x: float, y: float) -> float:
    if x > 300:
        return math.exp(min(x, 600.0)) * x
    return math.lgamma(math.exp(x) + 1)


def _sum_log(x: float, y: float) -> float:
    """ln of (n+m) log(n+m)."""
    both = _plus(_term(n=1), _term(m=1))(x, y)
    return both + math.log(max(both * math.log2(math.e), 1.0))


# In order: a later class is never cheaper than an earlier one when m grows like n.
_LOG_VALUE: dict[str, _Value] = {
    "1": _term(),
    "log n": _term(log_n=1),
    "log m": _term(log_m=1),
    "log^2 n": _term(log_n=2),
    "sqrt n": _term(n=0.5),
    "sqrt m": _term(m=0.5),
    "sqrt n log n": _term(n=0.5, log_n=1),
    "min(n,m)": min,
    "n": _term(n=1),
    "m": _term(m=1),
    "n+m": _plus(_term(n=1), _term(m=1)),
    "n log log n": _term(n=1, loglog_n=1),
    "n log n": _term(n=1, log_n=1),
    "m log m": _term(m=1, log_m=1),
    "n log m": _term(n=1, log_m=1),
    "m log n": _term(m=1, log_n=1),
    "n+m log m": _plus(_term(n=1), _term(m=1, log_m=1)),
    "n log n+m": _plus(_term(n=1, log_n=1), _term(m=1)),
    "n+m log n": _plus(_term(n=1), _term(m=1, log_n=1)),
    "n log m+m": _plus(_term(n=1, log_m=1), _term(m=1)),
    "(n+m) log n": _plus(_term(n=1, log_n=1), _term(m=1, log_n=1)),
    "(n+m) log m": _plus(_term(n=1, log_m=1), _term(m=1, log_m=1)),
    "(n+m) log(n+m)": _sum_log,
    "n log^2 n": _term(n=1, log_n=2),
    "n sqrt n": _term(n=1.5),
    "n sqrt m": _term(n=1, m=0.5),
    "n^2": _term(n=2),
    "m^2": _term(m=2),
    "n*m": _term(n=1, m=1),
    "n^2+m": _plus(_term(n=2), _term(m=1)),
    "n+m^2": _plus(_term(n=1), _term(m=2)),
    "n^2+m^2": _plus(_term(n=2), _term(m=2)),
    "n^2 log n": _term(n=2, log_n=1),
    "m^2 log m": _term(m=2, log_m=1),
    "n*m log n": _term(n=1, m=1, log_n=1),
    "n*m log m": _term(n=1, m=1, log_m=1),
    "n^3": _term(n=3),
    "m^3": _term(m=3),
    "n^2*m": _term(n=2, m=1),
    "n*m^2": _term(n=1, m=2),
    "n^3 log n": _term(n=3, log_n=1),
    "n^4": _term(n=4),
    "n^2*m^2": _term(n=2, m=2),
    "n^5": _term(n=5),
    "2^n": _exp,
    "2^m": lambda x, y: _exp(y, x),
    "n*2^m": lambda x, y: x + _exp(y, x),
    "m*2^n": lambda x, y: y + _exp(x, y),
    "2^(n+m)": lambda x, y: math.log(2) * (math.exp(min(x, _HUGE)) + math.exp(min(y, _HUGE))),
    "n!": _factorial,
}  # fmt: skip

CLASSES: tuple[BigO, ...] = tuple(BigO(name) for name in _LOG_VALUE)
_RANK = {c.name: i for i, c in enumerate(CLASSES)}
ONE_SIZE = tuple(c for c in CLASSES if not c.two_sizes)


def log_value(big_o: BigO, n: float, m: float | None = None) -> float:
    """ln of the class at (n, m), so that ``n!`` does not overflow; logarithms are base 2."""
    x = math.log(max(n, 1.0))
    y = x if m is None else math.log(max(m, 1.0))
    return float(_LOG_VALUE[big_o.name](x, y))


def evaluate(big_o: BigO, n: float, m: float | None = None) -> float:
    """The class as a number at (n, m): ``n log n`` at 8 is 24; inf where it overflows."""
    value = log_value(big_o, n, m)
    return math.exp(value) if value < _HUGE else math.inf


def rank(big_o: BigO) -> int:
    """The place in the lattice's total order (m growing like n), cheapest first."""
    return _RANK[big_o.name]


def cheaper(a: BigO, b: BigO) -> bool:
    """Whether `a` grows strictly slower than `b` in some direction and faster in none."""
    # In ln n: doubling it must widen the gap, however n and m go to infinity.
    signs = {_trend(a, b, u, v) for u, v in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0))}
    return -1 in signs and 1 not in signs


def _trend(a: BigO, b: BigO, u: float, v: float) -> int:
    def gap(t: float) -> float:
        return float(
            _LOG_VALUE[a.name](t * u + 2, t * v + 2) - _LOG_VALUE[b.name](t * u + 2, t * v + 2)
        )

    step = gap(200.0) - gap(50.0)
    return 0 if abs(step) < 0.05 else (1 if step > 0 else -1)


_WORDS = {
    "constant": "1", "logarithmic": "log n", "linear": "n", "linearithmic": "n log n",
    "quadratic": "n^2", "cubic": "n^3", "exponential": "2^n", "np": "2^n", "factorial": "n!",
    "k": "1", "c": "1",
}  # fmt: skip
_ALIASES = {
    "n^1.5": "n sqrt n", "n^(3/2)": "n sqrt n", "n^0.5": "sqrt n", "n^(1/2)": "sqrt n",
    "m+n": "n+m", "m*n": "n*m", "max(n,m)": "n+m", "min(m,n)": "min(n,m)", "max(m,n)": "n+m",
    "nlogn+mlogm": "(n+m) log(n+m)", "mlogm+nlogn": "(n+m) log(n+m)",
    "m+nlogn": "n log n+m", "mlogm+n": "n+m log m", "m*logn": "m log n",
    "(n+m)*log(n+m)": "(n+m) log(n+m)", "(m+n)log(m+n)": "(n+m) log(n+m)",
    "(m+n)logn": "(n+m) log n", "(m+n)logm": "(n+m) log m", "m^2*n": "n*m^2", "m*n^2": "n^2*m",
    "logn^2": "log^2 n", "(logn)^2": "log^2 n", "n*n!": "n!", "n^n": "n!", "m*nlogn": "n*m log n",
    "nlog^2n": "n log^2 n", "n(logn)^2": "n log^2 n", "loglogn": "log n", "n*n": "n^2",
    "n*n*n": "n^3", "sqrtn*logn": "sqrt n log n", "sqrtnlogn": "sqrt n log n",
}  # fmt: skip


def _squeeze(text: str) -> str:
    out = re.sub(r"\s+", "", text.lower())
    for old, new in (("**", "^"), ("·", "*"), ("×", "*"), ("√", "sqrt"), ("²", "^2"), ("³", "^3"),
                     ("log2(", "log("), ("log_2", "log"), ("ln(", "log(")):  # fmt: skip
        out = out.replace(old, new)
    out = re.sub(r"(log|sqrt)(\^2)?\(([nm])\)", r"\1\2\3", out)
    return re.sub(r"\*(?=log|sqrt)", "", out)


_SQUEEZED = {_squeeze(name): name for name in _LOG_VALUE}


def parse(text: str) -> BigO:
    """The class that `text` spells: ``O(n log n)``, ``nlogn``, ``O(N)``, ``n*logm``, ``n**2``,
    ``quadratic``. Exponentials of any base and polynomial factor are ``O(2^n)``.

    Raises:
        ValueError: it is none of the lattice's classes ("unknown" is not a class).
    """
    inner = text.strip()
    if match := re.fullmatch(r"[OΘθo]\s*\((.*)\)", inner, re.S):
        inner = match[1]
    key = _squeeze(inner)
    name = _SQUEEZED.get(key) or _WORDS.get(key) or _ALIASES.get(key)
    if name is None and "+" not in key and "m" not in key:
        factors = key.replace("!", "!*").strip("*")
        if re.search(r"(^|\*)n!", factors):
            name = "n!"
        elif re.search(r"(^|\*)(\d+(\.\d+)?|[ckbe]|phi|φ)\^\(?n", factors):
            name = "2^n"
    if name is None:
        raise ValueError(f"not a class of growth: {text!r}; write it like O(n log n)")
    return BigO(name)
