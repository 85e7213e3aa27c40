"""The cost of an expression in the state at its place, and what is known of its value."""

import ast
from dataclasses import replace

from nlogn.complexity import static_special
from nlogn.complexity import static_terms as t
from nlogn.complexity.static_calls import (
    CONSTANT,
    CONSTANT_MODULES,
    DICT_ONLY,
    FUNCTIONS,
    GROWS,
    METHODS,
    SET_ONLY,
    SHRINKS,
    TEXT_ONLY,
    amount,
)
from nlogn.complexity.static_operators import binary, compare
from nlogn.complexity.static_recursion import site_of
from nlogn.complexity.static_state import Block, Function, State, Variable
from nlogn.complexity.static_terms import ONE, UNKNOWN, Terms, add, mul
from nlogn.complexity.static_values import (
    ANY,
    CONTAINERS,
    NOTHING,
    NUMBER,
    Val,
    constant,
    container,
    either,
    element,
    reached,
    written,
)

_ALIKE = 64


def follows(state: State, name: str, node: ast.expr) -> bool:
    """Notes ``at = text.find(x, start)`` and what is counted on from it; whether `name` is the
    start of the search that it moves on."""
    loop = state.inner_loop()
    if loop is None or loop.kind != "while":
        return False
    used = [x.id for x in ast.walk(node) if isinstance(x, ast.Name)]
    searched = [
        x for x in ast.walk(node) if isinstance(x, ast.Call) and isinstance(x.func, ast.Attribute)
        and x.func.attr in ("find", "index") and len(x.args) > 1
    ]  # fmt: skip
    if searched:
        used = [x.id for x in ast.walk(searched[0].args[1]) if isinstance(x, ast.Name)]
        root = next((loop.found.get(n, n) for n in used), "")
    elif isinstance(node, (ast.Name, ast.BinOp)) and not _subtracts(node):
        root = next((loop.found[n] for n in used if n in loop.found), "")
    else:
        root = ""
    if not root:
        loop.found.pop(name, None)
        return False
    if root != name:
        loop.found[name] = root
        return False
    return True


def _subtracts(node: ast.expr) -> bool:
    return any(isinstance(x, (ast.Sub, ast.Mult, ast.Mod, ast.FloorDiv)) for x in ast.walk(node))


class Evaluator:
    """One expression: `value` walks it once; `cost` is what it has found so far."""

    def __init__(self, state: State):
        self.state = state
        self.cost: Terms = ONE
        self.times: Terms = ONE  # passes of the comprehensions around
        self.locals: list[dict[str, Val]] = []
        self.calls = 0  # how many times the open function calls itself

    def charge(self, terms: Terms) -> None:
        if terms != ONE or self.times != ONE:
            self.cost = add(self.cost, mul(self.times, terms))

    def value(self, node: ast.expr | None) -> Val:
        if node is None:
            return NOTHING
        self.charge(ONE)
        method = getattr(self, "_" + type(node).__name__.lower(), None)
        if method is not None:
            return method(node)  # type: ignore[no-any-return]
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return ANY

    def quiet(self, node: ast.expr) -> Val:
        """The value of an expression that is charged elsewhere."""
        sites = self.state.function.sites
        self.state.function.sites = []
        value = self.value(node)
        self.state.function.sites = sites
        return value

    def lookup(self, name: str) -> Variable | None:
        return self.state.find(name)

    def _constant(self, node: ast.Constant) -> Val:
        if isinstance(node.value, str):
            return Val("str")
        if isinstance(node.value, bytes):
            return Val("bytes")
        return NOTHING if node.value is None else NUMBER

    def _name(self, node: ast.Name) -> Val:
        for scope in reversed(self.locals):
            if node.id in scope:
                return scope[node.id]
        found = self.lookup(node.id)
        return ANY if found is None else replace(found.value, name=node.id)

    def _joinedstr(self, node: ast.JoinedStr) -> Val:
        parts = [self.value(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
        sizes = t.total(p.size for p in parts if p.kind in CONTAINERS)
        self.charge(sizes)
        return Val("str", sizes)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, kind: str) -> Val:
        length, elem = ONE, None
        for i, item in enumerate(node.elts):
            if i > _ALIKE and isinstance(item, ast.Constant):
                continue  # a long table of literals
            value = self.value(item)
            if isinstance(item, ast.Starred):
                length = add(length, value.size)
                value = element(value)
            elem = value if elem is None else either(elem, value)
        if elem is not None:
            elem = replace(elem, rel=None)
        self.state.allocate(length)
        return container(kind, length, elem)

    def _starred(self, node: ast.Starred) -> Val:
        value = self.value(node.value)
        self.charge(value.size)
        return value

    def _list(self, node: ast.List) -> Val:
        return self._sequence(node, "list")

    def _tuple(self, node: ast.Tuple) -> Val:
        return self._sequence(node, "tuple")

    def _set(self, node: ast.Set) -> Val:
        return self._sequence(node, "set")

    def _dict(self, node: ast.Dict) -> Val:
        length, elem = ONE, None
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item)
            if key is None:
                length = add(length, value.size)
                self.charge(value.size)
            else:
                self.value(key)
                elem = value if elem is None else either(elem, value)
        return container("dict", length, elem)

    # -- operators

    def _binop(self, node: ast.BinOp) -> Val:
        return binary(self, node)

    def _compare(self, node: ast.Compare) -> Val:
        return compare(self, node)

    def _unaryop(self, node: ast.UnaryOp) -> Val:
        return replace(self.value(node.operand), rel=None)

    def _boolop(self, node: ast.BoolOp) -> Val:
        values = [self.value(v) for v in node.values]
        out = values[0]
        for value in values[1:]:
            out = either(out, value)
        return out

    def _ifexp(self, node: ast.IfExp) -> Val:
        self.value(node.test)
        before = self.calls
        body = self.value(node.body)
        one, self.calls = self.calls, before
        other = self.value(node.orelse)
        self.calls = max(one, self.calls)
        return either(body, other)

    def _namedexpr(self, node: ast.NamedExpr) -> Val:
        value = self.value(node.value)
        if isinstance(node.target, ast.Name):
            moved = follows(self.state, node.target.id, node.value)
            self.state.update(node.target.id, "scan" if moved else "set")
            self.state.bind(node.target.id, value)
        return value

    def _lambda(self, node: ast.Lambda) -> Val:
        return Val("lambda")

    def _await(self, node: ast.Await) -> Val:
        return self.value(node.value)

    def _yield(self, node: ast.Yield) -> Val:
        value = self.value(node.value)
        self._yields(value, ONE)
        return ANY

    def _yieldfrom(self, node: ast.YieldFrom) -> Val:
        value = self.value(node.value)
        self.charge(value.size)
        self._yields(element(value), value.size)
        return ANY

    def _yields(self, value: Val, count: Terms) -> None:
        function = self.state.function
        times = mul(self.state.trips_from(self.state.function_index + 1), count)
        function.yields = add(function.yields or ONE, times)
        function.returns = either(function.returns or value, replace(value, rel=None))

    def _attribute(self, node: ast.Attribute) -> Val:
        base = self.value(node.value)
        name = ast.unparse(node)
        found = self.lookup(name)
        if found is not None:
            return replace(found.value, name=name)
        if name == "sys.stdin":
            return Val("iter", t.size("stdin"), Val("str", t.size("stdin[*]")))
        if isinstance(node.value, ast.Name) and node.value.id in CONSTANT_MODULES:
            return Val("str") if node.value.id == "string" else NUMBER
        if base.rel and base.rel[1] in ("same", "child"):
            return Val("any", base.size, rel=(base.rel[0], "child"))
        if name.startswith("self."):
            return Val("any", t.size(name), name=name)
        return ANY

    def _subscript(self, node: ast.Subscript) -> Val:
        base = self.value(node.value)
        if not isinstance(node.slice, ast.Slice):
            self.value(node.slice)
            inner = element(base)
            if base.kind == "any" and constant(node.slice) is not None and inner.rel:
                return inner
            return replace(inner, name="")
        low, high = node.slice.lower, node.slice.upper
        bounds = [self.value(b) for b in (low, high, node.slice.step) if b is not None]
        a, b = constant(low), constant(high)
        fixed = (b is not None and b >= 0 and (low is None or a is not None)) or (
            a is not None and a < 0 and high is None
        )
        if fixed:
            return container(base.kind, ONE, base.elem)
        length = base.size
        if low is not None and high is not None and (reach := reached(low, high)) is not None:
            length = self.peek(reach).size
        self.charge(length)
        self.state.allocate(length)
        rel = None
        if base.rel and base.rel[1] == "same":
            step = constant(node.slice.step)
            if any(v.rel and v.rel[1] == "half" for v in bounds) or (step is not None and step > 1):
                rel = (base.rel[0], "half")
            elif a is not None or b is not None:
                rel = (base.rel[0], "dec")
            elif node.slice.step is None and bounds:
                rel = (base.rel[0], "inner")
            else:
                rel = base.rel
        kind = base.kind if base.kind != "any" else "list"
        return Val(kind, length, base.elem or element(base), rel)

    # -- comprehensions

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
                       elt: ast.expr, kind: str) -> Val:  # fmt: skip
        outer, count, rel = self.times, ONE, None
        self.locals.append({})
        for part in node.generators:
            walked = self.value(part.iter)
            trip = self.passes(walked, part.iter)
            count = mul(count, trip)
            self.times = mul(self.times, trip)
            self.charge(ONE)
            item = walked.elem if walked.kind == "range" else None
            self.assign_local(part.target, item or element(walked))
            if walked.rel and walked.rel[1] in ("dec", "half") and len(node.generators) == 1:
                rel = (walked.rel[0], "part") if part.ifs else walked.rel
            for test in part.ifs:
                self.value(test)
        value = self.value(elt)
        if isinstance(node, ast.DictComp):
            value = self.value(node.value)
        self.locals.pop()
        self.times = outer
        if kind != "iter":
            self.state.allocate(mul(count, value.size if value.kind in CONTAINERS else ONE))
        return Val(kind, count, replace(value, rel=None), rel)

    def assign_local(self, target: ast.expr, value: Val) -> None:
        if isinstance(target, ast.Name):
            self.locals[-1][target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = unpacked(value, len(target.elts))
            for item, part in zip(target.elts, parts, strict=True):
                self.assign_local(item, part)

    def _listcomp(self, node: ast.ListComp) -> Val:
        return self._comprehension(node, node.elt, "list")

    def _setcomp(self, node: ast.SetComp) -> Val:
        return self._comprehension(node, node.elt, "set")

    def _generatorexp(self, node: ast.GeneratorExp) -> Val:
        return self._comprehension(node, node.elt, "iter")

    def _dictcomp(self, node: ast.DictComp) -> Val:
        return self._comprehension(node, node.key, "dict")

    def passes(self, walked: Val, node: ast.expr) -> Terms:
        """How often a loop over `walked` runs."""
        if walked.kind == "int":
            return UNKNOWN if walked.size == ONE else walked.size
        if walked.kind == "any" and walked.size == ONE and not isinstance(node, ast.Constant):
            return UNKNOWN
        return walked.size

    # -- calls

    def _call(self, node: ast.Call) -> Val:
        function = node.func
        if isinstance(function, ast.Attribute):
            return self._method(node, function)
        if isinstance(function, ast.Name):
            return self._named(node, function.id)
        self.value(function)
        self.arguments(node)
        self.charge(UNKNOWN)
        return ANY

    def arguments(self, node: ast.Call) -> list[Val]:
        return [*map(self.value, node.args), *(self.value(k.value) for k in node.keywords)]

    def _named(self, node: ast.Call, name: str) -> Val:
        own = self.state.find_function(name)
        if own is not None:
            return self._own(node, own, skip=0)
        if self.lookup(name) is not None and self.lookup(name) is not None:
            bound = self.lookup(name)
            if bound is not None and bound.value.kind not in ("any", "module"):
                self.arguments(node)
                if bound.value.kind != "lambda":
                    self.charge(UNKNOWN)
                return ANY
        special = getattr(static_special, "call_" + name, None)
        if special is not None:
            return special(self, node)  # type: ignore[no-any-return]
        keyed = next((k.value for k in node.keywords if k.arg == "key"), None)
        if keyed is not None and name in ("sorted", "min", "max", "nlargest", "nsmallest"):
            walked = self.value(node.args[0]) if node.args else ANY
            self.each(keyed, element(walked), walked.size)
        return self._table(FUNCTIONS, node, name, None)

    def each(self, function: ast.expr, item: Val, count: Terms) -> Val:
        """`function` called once for each of `count` items."""
        outer, self.times = self.times, mul(self.times, count)
        result = ANY
        if isinstance(function, ast.Lambda):
            names = [a.arg for a in function.args.args]
            self.locals.append(dict.fromkeys(names, item))
            result = self.value(function.body)
            self.locals.pop()
        elif isinstance(function, ast.Attribute):
            base = self.value(function.value)
            cost, _ = METHODS.get(function.attr, ("1", "any"))
            if base.kind in CONTAINERS or base.kind == "any":
                self.charge(amount(cost, [base.size, item.size], ONE))
        elif isinstance(function, ast.Name):
            own = self.state.find_function(function.id)
            if isinstance(own, Function):
                result = self._apply(own, [item])
            elif function.id in ("int", "float", "str", "len"):
                result = NUMBER if function.id != "str" else Val("str")
            else:
                self.charge(amount(FUNCTIONS.get(function.id, ("1", ""))[0], [item.size], ONE))
        self.times = outer
        return result

    def _table(self, table: dict[str, tuple[str, str]], node: ast.Call, name: str,
               base: Val | None) -> Val:  # fmt: skip
        values = ([base] if base is not None else []) + self.arguments(node)
        if name not in table:
            if name in CONSTANT or name.endswith(("Error", "Exception")):
                return NUMBER
            self.state.flag(f"the cost of {name}() is not known")
            self.charge(UNKNOWN)
            return ANY
        cost, gives = table[name]
        sizes = [v.size if v.kind != "int" or cost == "logn" or name in _BY_VALUE else ONE
                 for v in values]  # fmt: skip
        deep = ONE
        if values and values[0].kind in CONTAINERS | {"any", "iter"}:
            inner = element(values[0])
            nested = inner.kind in CONTAINERS or (inner.kind == "any" and values[0].elem)
            deep = mul(values[0].size, inner.size if nested else ONE)
        self.charge(amount(cost, sizes, deep))
        kind, _, length = gives.partition(":")
        first = values[0] if values else ANY
        if kind == "elem":
            return element(first)
        if kind == "same":
            return replace(first, name="", rel=None)
        if kind == "items":
            pair = container("tuple", ONE, element(first))
            return container("iter", first.size, pair)
        if kind == "values":
            return container("iter", first.size, element(first))
        if kind == "words":
            return container("list", first.size, Val("str"))
        if kind == "int" and length:
            rel = first.rel if name in ("len", "int", "abs") else None
            plain = [v.size for v in values] or [ONE]
            return Val("int", amount(length, plain, deep), rel=rel, name=first.name)
        if kind in CONTAINERS or kind == "iter":
            out = amount(length, sizes, deep) if length else ONE
            if kind not in ("iter",):
                self.state.allocate(out)
            item = element(first) if values and kind not in ("str", "bytes") else None
            return container(kind, out, item and replace(item, rel=None))
        return Val(kind)

    def _method(self, node: ast.Call, function: ast.Attribute) -> Val:
        name = function.attr
        if isinstance(function.value, ast.Name):
            root = function.value.id
            if self.lookup(root) is None and root not in ("self", "cls", "str", "dict", "set"):
                known = root in CONSTANT_MODULES or root[:1].islower()
                if known and self.state.find_function(root) is None:
                    return self._module(node, name)
        if name in ("readline", "read") and ast.unparse(function.value) == "sys.stdin":
            return static_special.call_input(self, node)
        base = self.value(function.value)
        own = self.state.find_function("." + name)
        if own is not None and base.kind not in CONTAINERS - {"any"}:
            return self._own(node, own, skip=1)
        container_node = function.value
        if name in TEXT_ONLY and base.kind == "any":
            self.state.texts |= {n for mono in base.size for n, _, _ in mono if n[-1] == "]"}
        if name in ("find", "index") and len(node.args) > 1 and base.kind != "list":
            return self._find(node, base)
        if base.kind == "any" and base.name and (name in DICT_ONLY or name in SET_ONLY):
            base = self._learn(base.name, "dict" if name in DICT_ONLY else "set") or base
        if name == "pop" and (base.kind in ("list", "any", "deque")):
            self.arguments(node)
            at = constant(node.args[0]) if node.args else -1
            if base.kind == "any" and node.args and len(node.args) > 1:
                return element(base)
            front = at is None or at >= 0
            if front and base.kind != "deque" and not (base.kind == "any" and at is None):
                self.charge(base.size)
            self.mark(container_node, "pop")
            return element(base)
        if name == "pop":
            self.arguments(node)
            self.mark(container_node, "pop")
            return element(base)
        if name in ("sort",) and node.keywords:
            keyed = next((k.value for k in node.keywords if k.arg == "key"), None)
            if keyed is not None:
                self.each(keyed, element(base), base.size)
        if name == "join" and node.args:
            value = self.value(node.args[0])
            inner = element(value)
            length = mul(value.size, inner.size if inner.kind == "str" else ONE)
            self.charge(length)
            self.state.allocate(length)
            return Val("str", length)
        if name == "most_common":
            self.arguments(node)
            self.charge(base.size if node.args else amount("nlogn", [base.size], ONE))
            length = ONE if node.args else base.size
            return container("list", length, container("tuple", ONE))
        if name == "insert" and base.kind == "deque":
            self.arguments(node)
            self.charge(base.size)
        elif name == "update":
            values = self.arguments(node)
            by = values[0].size if values else ONE
            self.charge(by)
            self.grow(container_node, by, NUMBER)
            return NOTHING
        elif name == "remove" and base.kind == "set":
            self.arguments(node)
            self.mark(container_node, "pop")
            return NOTHING
        if name in METHODS:
            if name in ("insert", "remove", "index", "count") and base.kind in ("set", "dict"):
                self.arguments(node)
                return ANY
            out = self._table(METHODS, node, name, base)
            if name in GROWS:
                item = self.peek(node.args[-1]) if node.args else ANY
                self.grow(container_node, ONE, item)
            elif name == "extend":
                item = self.peek(node.args[0]) if node.args else ANY
                self.grow(container_node, item.size, element(item))
            if name in SHRINKS:
                self.mark(container_node, "pop")
            return out
        if name in FUNCTIONS:
            return self._table(FUNCTIONS, node, name, None)
        self.arguments(node)
        self.state.flag(f"the cost of .{name}() is not known")
        self.charge(UNKNOWN)
        return ANY

    def _find(self, node: ast.Call, base: Val) -> Val:
        """A search that starts where the last one ended walks the text once in all."""
        self.arguments(node)
        start = next((x.id for x in ast.walk(node.args[1]) if isinstance(x, ast.Name)), "")
        loop = self.state.inner_loop()
        if loop is None or loop.kind != "while" or not start:
            self.charge(base.size)
        else:
            symbol = self.state.symbol(base.size)
            self.charge(t.size(symbol))
            root = loop.found.get(start, start)
            loop.finds.append((symbol, base.size, root, base.name))
        return Val("int", base.size)

    def _learn(self, name: str, kind: str) -> Val | None:
        """A method that only dicts or sets have: `in` was no scan after all."""
        if name in self.state.function.scans:
            self.state.sizes[self.state.function.scans[name]] = ONE
        self.state.dropped.add(f"`in {name}` is taken to scan a list")
        variable = self.lookup(name)
        if variable is None:
            return None
        variable.value = replace(variable.value, kind=kind)
        return replace(variable.value, name=name)

    def peek(self, node: ast.expr) -> Val:
        """The value of an expression that has been charged already."""
        twin = Evaluator(self.state)
        twin.locals = self.locals
        return twin.quiet(node)

    def _module(self, node: ast.Call, name: str) -> Val:
        special = getattr(static_special, "call_" + name, None)
        if special is not None:
            return special(self, node)  # type: ignore[no-any-return]
        if name in CONSTANT:
            values = self.arguments(node)
            if name in ("sqrt",):
                return Val("int", t.power(values[0].size, 0.5) if values else ONE)
            if name.startswith("log"):
                return Val("int", t.log(values[0].size) if values else ONE)
            if name in ("floor", "ceil", "trunc") and values:
                return Val("int", values[0].size)
            return NUMBER
        if name in FUNCTIONS:
            return self._named(node, name)
        return self._table(METHODS, node, name, ANY)

    def grow(self, node: ast.expr, by: Terms, item: Val) -> None:
        inner = False
        while isinstance(node, (ast.Subscript, ast.Call)):
            inner = True
            node = node.value if isinstance(node, ast.Subscript) else node.func
            if isinstance(node, ast.Attribute) and node.attr in ("setdefault", "get"):
                node = node.value
        name = written(node)
        variable = self.lookup(name) if name else None
        if variable is None:
            return
        by = mul(self.times, by)
        self.state.update(name, "push")
        if inner and (variable.value.elem is None or variable.value.kind == "dict"):
            self.state.grow(variable, by)
            if variable.value.elem is None:
                variable.value = replace(variable.value, elem=container("list", ONE))
            return
        self.state.grow(variable, by, inner)
        if not inner and variable.value.kind in CONTAINERS - {"str"}:
            old = variable.value.elem
            item = replace(item, rel=None, name="")
            variable.value = replace(
                variable.value, elem=item if old is None else either(old, item)
            )

    def mark(self, node: ast.expr, kind: str) -> None:
        name = written(node)
        if name:
            self.state.update(name, kind)

    # -- functions of the same file

    def _own(self, node: ast.Call, own: Function | Block, skip: int) -> Val:
        values = [self.value(a) for a in node.args]
        names = own.plain[skip:]
        by_name = {k.arg: self.value(k.value) for k in node.keywords}
        for name in names[len(values) :]:
            values.append(by_name.get(name) or own.defaults.get(name, ANY))
        if isinstance(own, Block):
            self.calls += 1
            loops = self.state.trips_from(self.state.blocks.index(own) + 1)
            if own is self.state.function:
                own.sites.append(site_of(self.state, own, values, skip, mul(loops, self.times)))
            else:
                self.charge(UNKNOWN)
            returned = own.returns or ANY
            if returned.kind in CONTAINERS:
                returned = replace(returned, size=t.size(own.own_result))
            return replace(returned, rel=None)
        outer = ONE
        if own.guard:  # what one call has marked, the next does not walk again
            name = own.guard
            if name in own.plain:
                at = own.plain.index(name) - skip
                name = written(node.args[at]) if 0 <= at < len(node.args) else ""
            guard = self.lookup(name)
            if guard is not None:
                start = max(self.state.shared(guard.set_path), self.state.function_index + 1)
                outer = self.state.trips_from(start)
        return self._apply(own, [NUMBER] * skip + values, outer)

    def _apply(self, own: Function, values: list[Val], shared_by: Terms = ONE) -> Val:
        sizes = dict(zip(own.params, (v.size for v in values), strict=False))
        inner = {p + "[*]": element(v).size for p, v in zip(own.params, values, strict=False)}

        def value_of(name: str) -> Terms | None:
            return sizes[name] if name in sizes else inner.get(name)

        self.charge(mul(t.substitute(own.cost, value_of), t.inverse(shared_by)))
        self.state.allocate(t.substitute(own.memory, value_of))
        result = own.returns
        elem = result.elem and replace(result.elem, size=t.substitute(result.elem.size, value_of))
        return replace(result, size=t.substitute(result.size, value_of), elem=elem, rel=None)


_BY_VALUE = frozenset({"range", "repeat", "bin", "hex", "bytes", "bytearray", "sample"})


def unpacked(value: Val, count: int) -> list[Val]:
    """The parts of an element that is taken apart: ``i, x`` of enumerate, ``k, v`` of items."""
    if value.kind == "pair" and count == 2:
        return [Val("int", value.size), value.elem or ANY]
    return [element(value)] * count
