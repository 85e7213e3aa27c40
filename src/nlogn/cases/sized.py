"""Inputs of a given size, as source text that the sandbox runs: ``lambda n, rng: (args…,)``.

    def two_sum(nums, target)   ->  lambda n, rng: ([rng.randrange(…) for _ in range(n)], -1)
    def edit(a: str, b: str)    ->  lambda n, m, rng: (…n letters…, …m letters…)

n is the length of a list or string, the value of a number, the side of a matrix, the nodes of
a tree or graph; m is the second independent one of these. Arguments that belong together
(an index, a count, the vertices of edges) are made valid. Shapes differ in order and in how
early a program can stop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nlogn.cases.infer import infer_signature
from nlogn.cases.sized_values import SHAPES, Context, expression
from nlogn.cases.types import (
    Choice,
    Float,
    Int,
    Map,
    Node,
    Null,
    Param,
    Relation,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
    main_option,
    options,
)
from nlogn.sandbox.types import Program

Made = Mapping[tuple[int, int, int | None], tuple[int, int, bytes]]


@dataclass(frozen=True, slots=True)
class SizedInputs:
    """`source` is a Python expression, a lambda of one or two sizes and a `random.Random`, that
    makes the tuple of arguments (the stdin text of a whole program).

    `made` holds what `nlogn.complexity.make_inputs` made of it before: by (seed, n, m), what
    making took in ticks and in work, and the arguments in marshal's form.
    """

    shape: str
    source: str
    provenance: str
    made: Made = field(default_factory=dict, compare=False, repr=False)

    @property
    def sizes(self) -> int:
        """1 for ``lambda n, rng``, 2 for ``lambda n, m, rng``."""
        return 2 if self.source.startswith("lambda n, m, rng:") else 1


def sized_inputs(
    program: Program, *, statement: str = "", examples: Sequence[tuple[Any, ...]] = ()
) -> tuple[SizedInputs, ...]:
    """Generators for a program's arguments, or for the stdin of a whole program.

    All sources of one result take the same number of sizes. They are made from the syntax of
    the program and have not been run: use `validated_sized_inputs` where a sandbox is at hand.

    Raises:
        ValueError: the program does not parse or has no such entry.
    """
    if program.entry is None:
        from nlogn.cases.stdin import stdin_inputs

        return stdin_inputs(program.code, statement=statement)
    signature = infer_signature(program.code, program.entry, statement=statement, examples=examples)
    return signature_inputs(signature)


def alternatives(signature: Signature, limit: int = 8) -> list[tuple[Type, ...]]:
    """The likeliest readings of the parameters' types, one option each, best first.

    Parameters with the same options change together: a program that takes two unknown
    sequences takes two lists or two strings.
    """
    pools: list[list[Type]] = [
        [o for o in options(t) if not isinstance(o, Null)] or [main_option(t)]
        for t in signature.types
    ]
    first: tuple[Type, ...] = tuple(pool[0] for pool in pools)
    found = [first]
    kinds: list[list[type]] = [[type(o) for o in pool] for pool in pools]
    for i, pool in enumerate(pools):
        for j in range(1, len(pool)):
            same = [k for k in range(len(pools)) if kinds[k] == kinds[i]]
            found.append(tuple(pools[k][j] if k in same else first[k] for k in range(len(pools))))
            if len(same) > 1:
                found.append(tuple(pools[k][j] if k == i else first[k] for k in range(len(pools))))
    for i, t in enumerate(first):  # a list of int or str: the item is open too
        if isinstance(t, Seq) and isinstance(t.item, Choice):
            for item in t.item.options[1:3]:
                found.append((*first[:i], replace(t, item=item), *first[i + 1 :]))
    unique = list(dict.fromkeys(found))
    return unique[:limit]


def signature_inputs(
    signature: Signature, types: tuple[Type, ...] | None = None
) -> tuple[SizedInputs, ...]:
    """The generators for one reading of a signature (the likeliest if `types` is not given)."""
    params = _needed(signature)
    types = (types or alternatives(signature, 1)[0])[: len(params)]
    relations = [r for r in signature.relations if r.a < len(params) and r.b < len(params)]
    plan = _plan(params, types, relations)
    provenance = ", ".join(dict.fromkeys(p.known_from for p in params)) or "no parameters"
    made: dict[str, SizedInputs] = {}
    for shape in SHAPES:
        source = _source(params, types, relations, plan, shape, signature)
        if source is not None and source not in (m.source for m in made.values()):
            made[shape] = SizedInputs(shape, source, provenance)
    return tuple(made.values())


def _needed(signature: Signature) -> list[Param]:
    """The parameters to pass: those without a default."""
    last = max((i for i, p in enumerate(signature.params) if not p.optional), default=-1)
    if last < 0:
        last = 0 if signature.params and _scales(main_option(signature.params[0].type)) else -1
    return list(signature.params[: last + 1])


def _scales(type_: Type) -> bool:
    if isinstance(type_, Seq) and type_.max_size is not None and type_.max_size < 5:
        return False
    return isinstance(type_, (Seq, Str, Map, Node))


@dataclass(frozen=True, slots=True)
class _Plan:
    dims: dict[int, str]  # parameter -> "n", "m", or "n, m" for a matrix
    two: bool


def _plan(params: Sequence[Param], types: Sequence[Type], relations: Sequence[Relation]) -> _Plan:
    """Which parameter grows with which size."""
    dims: dict[int, str] = {}
    free = ["n", "m"]

    def take() -> str:
        return free.pop(0) if len(free) > 1 else free[0]

    def partner(i: int, kinds: tuple[str, ...]) -> int | None:
        for r in relations:
            if r.kind in kinds and i in (r.a, r.b):
                other = r.b if r.a == i else r.a
                if other in dims:
                    return other
        return None

    tied = {r.a for r in relations if r.kind in _TIED or (r.kind in ("index", "count", "target"))}
    for r in relations:  # the vertices first: their number is n
        if r.kind == "vertices" and r.a not in dims:
            dims[r.a] = take()
            dims.setdefault(r.b, "graph" if getattr(types[r.b], "role", "") == "adjacency"
                            else take())  # fmt: skip
    used = 0
    trees = {r.a for r in relations if r.kind == "items_index"
             and getattr(types[r.a], "role", "") == "edges"}  # fmt: skip
    for i, type_ in enumerate(types):
        if i in dims or i in trees or not _scales(type_):
            continue
        other = partner(i, ("same_length", "shorter", "letters"))
        if other is not None and dims[other] in ("n", "m"):
            dims[i] = dims[other]
            continue
        role = getattr(type_, "role", "")
        if role == "adjacency":
            dims[i] = "graph"
            free = ["m"]
        elif isinstance(type_, Seq) and role in ("matrix", "grid", "") and _rows(type_):
            dims[i] = "rows"
            free = ["m"]
        elif isinstance(type_, Str) and used and _short(params[i].name):
            continue
        else:
            dims[i] = take()
        used += 1
    whole = [i for i, t in enumerate(types) if isinstance(t, (Int, Float)) and i not in dims]
    for i in whole:
        free_size = params[i].is_size and _independent(i, relations) and not _small(types[i])
        if free_size or (not dims and params[i].is_size and i not in tied):
            dims[i] = take()
    rest = [i for i in whole if i not in dims and i not in tied]
    if not dims and rest:
        # No number is counted up to: the one that a loop works on, else the first, is n, and
        # others of its kind go along with it (as in Euclid's algorithm).
        growing = [i for i in rest if params[i].grows] or rest[:1]
        dims[growing[0]] = "n"
        for i in growing[1:]:
            dims[i] = "(n * 5 // 8 + 1)"
    for r in relations:  # a text is longer than the pattern, whatever the two sizes are
        if r.kind == "part" and {dims.get(r.a), dims.get(r.b)} == {"n", "m"}:
            dims[r.b] = "(n + m)"
    chosen = set(dims.values())
    two = any(d in chosen for d in ("m", "(n + m)", "rows", "graph"))
    return _Plan(dims, two)


_LOOSE = ("same_length", "shorter", "similar", "at_most", "part", "items_index")
_TIED = ("length", "columns", "below", "vertices")


def _independent(i: int, relations: Sequence[Relation]) -> bool:
    """Whether a number that the code counts up to is tied to a list only by its name."""
    return all(not (r.a == i and (r.sure or r.kind in ("index", "count", "length")))
               for r in relations)  # fmt: skip


def _small(type_: Type) -> bool:
    return isinstance(type_, Int) and type_.hi is not None and type_.hi <= 60


def _short(name: str) -> bool:
    return name in ("c", "ch", "char", "sep", "separator", "delimiter", "delimeter")


def _rows(type_: Seq) -> bool:
    inner = main_option(type_.item)
    if isinstance(inner, Seq):
        fixed = inner.max_size is not None and inner.max_size < 5
        return not fixed
    return isinstance(inner, Str) and type_.role == "grid"


def _source(
    params: Sequence[Param], types: Sequence[Type], relations: Sequence[Relation], plan: _Plan,
    shape: str, signature: Signature,
) -> str | None:  # fmt: skip
    """The lambda for one shape; None where no argument has that shape."""
    context = Context(shape, "n", "m" if plan.two else "n", _constants(signature))
    texts: dict[int, str] = {}
    order: list[int] = []
    made_by: dict[int, Relation] = {}
    for r in relations:
        wanted = r.a not in made_by and r.a not in plan.dims
        if wanted and r.kind not in _LOOSE:
            made_by[r.a] = r
    needs = {r.a: r.b for r in relations if r.kind == "items_index"}
    needs |= {a: r.b for a, r in made_by.items()}
    pending = list(range(len(types)))
    while pending:
        i = next((p for p in pending if needs.get(p) not in pending), pending[0])
        pending.remove(i)
        order.append(i)
    varied = False
    for i in order:
        relation = made_by.get(i)
        dim = plan.dims.get(i)
        if relation is not None and relation.b in texts:
            texts[i] = _related(relation, types, shape)
        elif any(r.kind == "items_index" and r.a == i and r.b in texts for r in relations):
            b = next(r.b for r in relations if r.kind == "items_index" and r.a == i)
            texts[i] = _indices(types[i], b, dim or "n")
        else:
            vertices = _vertices(i, relations, plan)
            own = types[i] if vertices else _below_sizes(types[i], types, plan)
            text, shaped = expression(own, dim, context, params[i].name, vertices)
            if any(r.kind == "shorter" and r.a == i for r in relations):
                text = f"({text})[1:]"
            texts[i] = text
            varied = varied or shaped
    if shape != "random" and not varied:
        return None
    body = f"({', '.join(f'a{i}' for i in range(len(types)))}{',' if len(types) == 1 else ''})"
    simple = not any(f"a{j}" in texts[i] for i in order for j in range(len(types)))
    if simple or not types:
        inner = ", ".join(texts[i] for i in range(len(types)))
        body = f"({inner}{',' if len(types) == 1 else ''})"
    else:
        for i in reversed(order):
            body = f"(lambda a{i}: {body})({texts[i]})"
    return f"lambda n, {'m, ' if plan.two else ''}rng: {body}"


def _below_sizes(type_: Type, types: Sequence[Type], plan: _Plan) -> Type:
    """Weights and coins beside a capacity that grows: small ones, so that all of them count
    at every size."""
    beside = any(plan.dims.get(i) in ("n", "m") for i, t in enumerate(types) if isinstance(t, Int))
    if not beside or not isinstance(type_, Seq):
        return type_
    item = main_option(type_.item)
    if not isinstance(item, Int) or (item.hi is not None and item.hi < 10) or type_.distinct:
        return type_
    low = 1 if item.lo is None else item.lo
    return replace(type_, item=Int(low, low + 8))


def _indices(type_: Type, b: int, size: str) -> str:
    """Indices into the argument b: single ones, or pairs in order (ranges)."""
    inner = main_option(type_.item) if isinstance(type_, Seq) else Int()
    wide = len(inner.items) if isinstance(inner, Tuple) else getattr(inner, "max_size", None) or 0
    if getattr(type_, "role", "") == "edges" and wide == 2:  # a tree over them
        o, c = ("(", ")") if isinstance(inner, Tuple) else ("[", "]")
        return f"[{o}rng.randrange(i), i{c} for i in range(1, len(a{b}))]"
    if isinstance(inner, (Tuple, Seq)) and wide:
        kind = "tuple" if isinstance(inner, Tuple) else "list"
        each = f"{kind}(sorted(rng.randrange(len(a{b})) for _ in range({wide})))"
        return f"[{each} for _ in range({size})]"
    return f"[rng.randrange(len(a{b})) for _ in range({size})]"


def _vertices(i: int, relations: Sequence[Relation], plan: _Plan) -> str | None:
    for r in relations:
        if r.kind in ("vertices", "below") and r.b == i:
            dim = plan.dims.get(r.a)
            return dim if dim in ("n", "m") else "n"
    return None


def _constants(signature: Signature) -> tuple[Any, ...]:
    return tuple(c for c in signature.constants if type(c) in (int, str))


def _related(relation: Relation, types: Sequence[Type], shape: str) -> str:
    """The text of an argument that depends on one made before it."""
    b = f"a{relation.b}"
    owner, own = types[relation.b], types[relation.a]
    match relation.kind:
        case "length":
            return f"len({b})"
        case "columns":
            return f"(len({b}[0]) if {b} else 0)"
        case "count":
            return f"max(1, len({b}) // 2)"
        case "index" if isinstance(owner, Map):
            return f"next(iter({b}), 0)" if owner.role else f"list({b})[len({b}) // 2]"
        case "index":
            if getattr(owner, "role", "") == "adjacency":
                return "0"
            return "0" if shape == "adversarial" else f"max(0, len({b}) - 1)"
        case "target" if isinstance(own, Str):
            return repr("~") if shape != "sorted" else f"next(iter({b}), 'a')"
        case "target" if isinstance(own, (Seq, Tuple)):
            return f"list({b})[: 1]"
        case "target":
            # Absent, so that a search goes on to the end; a large one where sums grow to it.
            half = f"(sum({b}) // 2 if {b} and all(type(x) is int for x in {b}) else -1)"
            most = f"(max({b}) if {b} else 0)"
            return {"random": half, "sorted": "10 ** 9", "equal": most}.get(shape, "-1")
        case "letters":
            return f"rng.sample({b}, len({b}))"
        case "vertices" | "below":
            return f"len({b}) + 1"
    return "0"


__all__ = ["SizedInputs", "alternatives", "signature_inputs", "sized_inputs"]
