"""How often a function calls itself: the recurrences that ordinary code makes.

one call on n - 1          n            two or more          2^n      n of them      n!
one call on n / 2          log n        two                  n        a each         n^log2 a
each child, or each thing not yet seen  the size of the structure
remembered results                      one call for each combination of arguments
"""

import math

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_state import Block, Function, Site, State
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, add, mul
from nlogn.complexity.static_values import ANY, CONTAINERS, Val

_DECISIVE = ("part", "half", "mod", "dec", "iteminc", "item", "inc", "decvar", "child")


def site_of(state: State, block: Block, values: list[Val], skip: int, trips: Terms) -> Site:
    """One call of the open function `block` to itself with these argument values."""
    rels = [None] * skip + [v.rel for v in values]
    return Site(tuple(rels), trips)


def visited_bound(state: State, block: Block) -> Terms | None:
    """How many things a visited set, table or grid around `block` lets through at most."""
    for name, bound in block.guards:
        variable = state.find(name)
        if variable is None:
            continue
        value = variable.value
        outlives = state.shared(variable.path) <= state.blocks.index(block)
        if not outlives and name not in block.plain:
            continue
        if not marked(block, name):
            continue
        if value.kind in ("list", "any") and bound != ONE:
            return bound
        if block.around is not None and block.around.size != ONE:
            return block.around.size
        if block.limits != ONE:
            return block.limits
    return None


def marked(block: Block, name: str) -> bool:
    """Whether the block puts things into the guard and never takes them out again."""
    kinds = [kind for kind, _ in block.updates.get(name, ())]
    return "pop" not in kinds and (kinds.count("store") == 1 or "push" in kinds)


def _depth(block: Block, param: str, kind: str) -> Terms:
    if kind in ("inc", "item", "iteminc"):
        return block.bounds.get(param, UNKNOWN)
    return t.size(param)


def _decisive(site: Site) -> tuple[str, str] | None:
    found = [rel for rel in site.rels if rel is not None and rel[1] in _DECISIVE]
    return min(found, key=lambda rel: _DECISIVE.index(rel[1]), default=None)


def solve(state: State, block: Block, one_pass: Terms) -> tuple[Terms, Terms, Terms]:
    """(calls, cost, depth) of a function whose body costs `one_pass` without its own calls."""
    if not block.sites:
        return ONE, one_pass, ONE
    if block.compressed is not None:
        depth = t.log(block.compressed)
        return depth, mul(depth, one_pass), depth
    if block.memo:
        states = _states(block)
        return states, mul(states, one_pass), states
    bound = block.visited
    if bound is not None:
        return bound, mul(bound, one_pass), bound
    decided = [_decisive(site) for site in block.sites]
    if any(rel is None for rel in decided):
        return UNKNOWN, UNKNOWN, UNKNOWN
    kinds = {rel[1] for rel in decided if rel}
    loops = t.total(site.trips for site in block.sites)
    many = max(block.live, block.best, 1)
    if kinds <= {"part"}:  # the parts make up the whole, but one may be nearly all of it
        state.flag("the parts of a list that a function recurses on are taken not to overlap")
        depth = t.total(t.size(rel[0]) for rel in decided if rel)
        return depth, mul(depth, one_pass), depth
    if kinds <= {"half", "mod"}:
        return _halving(block, one_pass, many if loops == ONE else 99, kinds)
    if kinds <= {"dec", "inc", "item", "iteminc", "decvar"}:
        depth = t.total(_depth(block, *rel) for rel in decided if rel)
        falling = [r[0] for s in block.sites for r in s.rels if r and r[1] == "decvar"]
        if kinds == {"inc"} and loops == ONE and falling and depth == t.size(falling[0]):
            depth = t.power(t.size(falling[0]), 0.5)  # n - 1 - 2 - 3 - …
        if loops != ONE:  # from where the loop stands on: subsets; from each: orders
            calls = t.exponential(depth, "^" if kinds <= {"item", "iteminc"} else "!")
        elif many > 1:
            calls = t.exponential(depth)
        else:
            calls = depth
        return calls, mul(calls, one_pass), depth
    if kinds == {"child"}:
        nodes = t.total(t.size(rel[0]) for rel in decided if rel)
        return nodes, mul(nodes, one_pass), nodes
    return UNKNOWN, UNKNOWN, UNKNOWN


def _halving(
    block: Block, one_pass: Terms, many: int, kinds: set[str]
) -> tuple[Terms, Terms, Terms]:
    sizes = {
        rel[0] for site in block.sites for rel in site.rels if rel and rel[0]
        and rel[1] in ("half", "mod")
    }  # fmt: skip
    if not sizes:  # a span: every parameter that changes takes part
        fixed = [
            all(len(s.rels) > i and s.rels[i] == (p, "same") for s in block.sites)
            for i, p in enumerate(block.params)
        ]
        sizes = {p for p, same in zip(block.params, fixed, strict=True) if not same}
    length = t.total(map(t.size, sorted(sizes)))
    depth = t.log(length)
    if many > 16:
        return UNKNOWN, UNKNOWN, UNKNOWN
    power = math.log2(many)
    calls = depth if many == 1 else t.power(length, power)
    own = t.degree(t.substitute(one_pass, lambda n: None if n in sizes else ONE))
    if own == 0:
        return calls, mul(calls, one_pass), depth
    if own < power:
        return calls, mul(calls, one_pass) if own else calls, depth
    if own == power:
        return calls, mul(depth, one_pass), depth
    return calls, add(one_pass, calls), depth


def _states(block: Block) -> Terms:
    out = ONE
    for i, param in enumerate(block.params):
        rels = [site.rels[i] if i < len(site.rels) else None for site in block.sites]
        if all(rel == (param, "same") for rel in rels):
            continue
        kinds = {rel[1] for rel in rels if rel}
        if block.plain[i] in ("memo", "cache", "self", "seen", "dp"):
            continue
        if None not in rels and kinds <= {"half", "same"}:
            out = mul(out, t.log(t.size(param)))
        elif kinds & {"inc", "item", "iteminc"}:
            out = mul(out, add(t.size(param), block.bounds.get(param, ONE)))
        else:
            out = mul(out, t.size(param))
    return out


def finished(state: State, block: Block) -> Function:
    """The function of a block that ends here; its loops have been folded in already."""
    if block.own_result and block.sites:
        state.sizes[block.own_result] = _result_size(state, block)
    if block.sites and block.kind == "def":
        state.blocks.append(block)
        block.visited = visited_bound(state, block)
        state.blocks.pop()
        block.guard = next((n for n, _ in block.guards if marked(block, n)), "")
        if block.visited is not None:
            block.visited = state.resolve(block.visited)
    if block.compressed is not None:
        block.compressed = state.resolve(block.compressed)
    one_pass = state.resolve(block.cost)
    block.bounds = {k: state.resolve(v) for k, v in block.bounds.items()}
    calls, cost, depth = solve(state, block, one_pass)
    if block.own_calls:
        state.sizes[block.own_calls] = calls
        if block.sites:
            block.memory = add(block.memory, depth)
    returned = block.returns or Val("none")
    size = state.resolve(returned.size)
    elem = returned.elem
    memory = state.resolve(block.memory) if state.memory_asked else ONE
    for variable in block.variables.values() if state.memory_asked else ():
        value = variable.value
        if value.kind in CONTAINERS and value.name == "":
            own = [n for mono in value.size for n, _, _ in mono if n[0] == "@"]
            if own:
                inner = value.elem
                nested = inner is not None and inner.kind in CONTAINERS
                deep = mul(value.size, inner.size) if inner is not None and nested else ONE
                memory = add(memory, state.resolve(add(value.size, deep)))
    result = (
        Val(returned.kind, size, elem and _settled(state, elem))
        if size != ONE
        else Val(returned.kind, ONE, elem and _settled(state, elem))
    )
    generator = block.yields is not None
    if generator:
        result = Val("iter", state.resolve(block.yields or ONE), result)
        memory = ONE
    return Function(
        block.name, block.params, block.plain, cost, memory, calls,
        result if result.kind != "none" or not block.returns else ANY, generator, block.defaults,
        block.guard if block.visited is not None else "",
    )  # fmt: skip


def _result_size(state: State, block: Block) -> Terms:
    """How large what a recursive function returns gets, from how it puts results together."""
    returned = block.returns or ANY
    state.sizes[block.own_result] = ONE
    added = state.resolve(returned.size)
    decided = [_decisive(site) for site in block.sites]
    kinds = {rel[1] for rel in decided if rel}
    if None in decided or not kinds:
        return UNKNOWN
    if kinds <= {"part"}:
        return t.total(t.size(rel[0]) for rel in decided if rel)
    if kinds <= {"half", "mod"}:
        changing = {r[0] for s in block.sites for r in s.rels if r and r[1] == "half" and r[0]}
        return add(added, t.total(map(t.size, sorted(changing or set(block.params)))))
    depth = t.total(_depth(block, *rel) for rel in decided if rel)
    loops = t.total(site.trips for site in block.sites)
    if kinds <= {"dec", "inc", "item", "iteminc"}:
        if loops != ONE:
            return t.exponential(depth, "!" if "dec" in kinds or "inc" in kinds else "^")
        if block.doubles or max(block.live, block.best) > 1:
            return t.exponential(depth)
        return mul(depth, added)
    return UNKNOWN


def _settled(state: State, value: Val) -> Val:
    elem = None if value.elem is None else _settled(state, value.elem)
    return Val(value.kind, state.resolve(value.size), elem)
