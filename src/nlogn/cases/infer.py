"""`infer_signature`: everything that is known of a function's arguments, put together.

The order of trust: annotations, examples, what the code does with the argument, what the
statement says, the parameter's name. A later source fills the holes of an earlier one and adds
bounds; it never overrides.
"""

import ast
import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nlogn.cases import relations
from nlogn.cases import statement as words
from nlogn.cases.annotations import Annotations, node_of_class
from nlogn.cases.slots import UNKNOWN_OPTIONS, resolve
from nlogn.cases.types import (
    Anything,
    Choice,
    Float,
    Int,
    Map,
    Node,
    Null,
    Param,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
    choice,
    item_of,
    join,
    main_option,
    map_options,
    options,
    type_of,
)
from nlogn.cases.usage import Usage, entry_node, observe, positional


def parse(code: str) -> ast.Module:
    """The syntax tree; a prompt that ends after its docstring gets a body.

    Raises:
        ValueError: the code does not parse.
    """
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.parse(code.rstrip() + "\n    pass\n")
        raise ValueError(f"the code does not parse: {error}") from error


def infer_signature(
    code: str,
    entry: str | None,
    *,
    statement: str = "",
    examples: Sequence[tuple[Any, ...]] = (),
) -> Signature:
    """What the arguments of `entry` are.

    `code` may be a whole solution, or only a signature with a docstring.

    Raises:
        ValueError: `code` does not parse or has no function `entry`.
    """
    tree = parse(code)
    if entry is None:
        names = [s.name for s in tree.body if isinstance(s, ast.FunctionDef)]
        if not names:
            raise ValueError("the code defines no function")
        entry = names[-1]
    node = entry_node(tree, entry)
    if node is None:
        raise ValueError(f"the code has no function {entry}")
    args = positional(node)
    names = [a.arg for a in args]
    text = "\n".join(filter(None, [statement, ast.get_docstring(node) or "", _owner_doc(tree)]))
    usage = observe(tree, entry)
    shown = [tuple(e) for e in examples]
    shown += words.examples_in(text, entry, names)
    shown += _asserted(tree, entry, names)
    required = len(args) - len(node.args.defaults)
    shown = [e for e in shown if required <= len(e) <= len(args)]
    facts = words.facts_in(text, names)
    hints = Annotations(tree)
    params = []
    for i, arg in enumerate(args):
        seen = [e[i] for e in shown if len(e) > i] or words.values_of(text, arg.arg)
        seen = seen or words.values_of(text, arg.arg)
        params.append(_param(arg, i, hints, seen, usage, facts[arg.arg], i >= required, node))
    params = _levelled(params, text)
    strings = tuple(words.words_in(text))
    params = [replace(p, type=_with_words(p.type, strings)) for p in params]
    if "," in text or usage.found:
        found = relations.find(params, usage, facts, text)
    params = [replace(p, type=t) for p, t in zip(params, relations.apply_roles(
        [p.type for p in params], usage), strict=True)]  # fmt: skip
    constants = dict.fromkeys([*_constants(node), *words.numbers_in(text), *strings])
    return Signature(entry, tuple(params), tuple(found), tuple(shown), tuple(constants))


def _owner_doc(tree: ast.Module) -> str:
    return ast.get_docstring(tree) or ""


def _asserted(tree: ast.Module, entry: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The literal arguments of calls of the entry outside its own body."""
    short = entry.rsplit(".", 1)[-1]
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name == short
              for n in ast.walk(f)}  # fmt: skip
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or id(call) in inside or call.keywords:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(
            call.func, "id", "")  # fmt: skip
        if name == short and len(call.args) <= len(names):
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                found.append(tuple(words.literal(a) for a in call.args))
    return found


def _param(
    arg: ast.arg, i: int, hints: Annotations, seen: list[Any], usage: Usage, fact: words.Facts,
    optional: bool, node: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Param:  # fmt: skip
    annotated = hints.read(arg.annotation)
    shown = _from_examples(seen)
    used = resolve(usage.params[i]) if i < len(usage.params) else Anything()
    used = _own_node(used, hints)
    stated = hints.read(_expression(fact.kind)) if fact.kind else Anything()
    named = by_name(arg.arg)
    source = "nothing"
    result: Type = Anything()
    for name, found in (("annotation", annotated), ("examples", shown), ("use", used),
                        ("statement", stated), ("name", named)):  # fmt: skip
        if not isinstance(found, Anything):
            if name in ("examples",) and isinstance(used, Node):
                found = used
            merged = fill(result, found)
            if isinstance(result, Anything):
                source = name
            result = merged
    if source in ("use", "name", "nothing") and isinstance(result, Choice):
        result = _prefer(result, stated if not isinstance(stated, Anything) else named)
    default = _default(node, arg)
    if default is not None and isinstance(result, Anything):
        result = type_of(default)
    if isinstance(result, Anything):
        result = UNKNOWN_OPTIONS
    result = map_options(complete(result), lambda t: _role_by_name(bounded(t, fact), named))
    for value in seen:
        result = map_options(result, lambda t, v=value: loosen(t, v))
    slot = usage.params[i].find() if i < len(usage.params) else None
    size = slot is not None and slot.has("size")
    kin = [slot, *(s for s in slot.alike if s.find().param is not None)] if slot else []
    grows = any(s.has("looped") for s in kin)
    if source in ("annotation", "examples") and isinstance(result, Seq) and seen:
        result = _tuple_kind(result, seen, annotated)
    return Param(arg.arg, result, source, optional, size, grows)


def _levelled(params: list[Param], text: str) -> list[Param]:
    """Parameters known from examples alone share what the examples happen to show of one."""
    loose = [i for i, p in enumerate(params) if p.known_from == "examples"]
    for kinds in ((Int, Float), (Int, Float, Str)):
        group = [i for i in loose if all(isinstance(o, kinds) for o in options(params[i].type))]
        shared: Type = Anything()
        for i in group:
            shared = join(shared, params[i].type)
        mixed = isinstance(shared, Choice)
        some = any(isinstance(params[i].type, Choice) for i in group)
        if len(group) > 1 and (isinstance(shared, Float) or (mixed and some)):
            params = [replace(p, type=shared) if i in group else p for i, p in enumerate(params)]
    return params


def _role_by_name(type_: Type, named: Type) -> Type:
    """``edges: list[list[int]]`` are pairs, ``grid: list[list[str]]`` is a grid."""
    if not isinstance(type_, Seq) or not isinstance(named, Seq) or not named.role or type_.role:
        return type_
    inner, usual = main_option(type_.item), main_option(named.item)
    if isinstance(usual, Tuple):
        if isinstance(inner, Seq) and isinstance(main_option(inner.item), (Int, Float)):
            if inner.max_size is None:
                inner = replace(inner, min_size=2, max_size=2)
            return replace(type_, item=inner, role=named.role)
        return replace(type_, role=named.role) if isinstance(inner, Tuple) else type_
    if isinstance(inner, Seq):
        return replace(type_, role=named.role)
    return type_


def loosen(type_: Type, seen: Any) -> Type:
    """`type_` without the bounds that a shown example breaks: examples are right, words are
    read wrongly at times."""
    match type_:
        case Int(lo=lo, hi=hi) | Float(lo=lo, hi=hi) if isinstance(seen, (int, float)):
            low: Any = None if lo is not None and seen < lo else lo
            high: Any = None if hi is not None and seen > hi else hi
            return replace(type_, lo=low, hi=high)
        case Str() if isinstance(seen, str):
            new = "".join(dict.fromkeys(c for c in seen if c not in type_.alphabet))
            misread = not type_.alphabet or any(c.isalnum() for c in new)
            alphabet = "" if misread else type_.alphabet + new
            return replace(type_, alphabet=alphabet, min_size=min(type_.min_size, len(seen)),
                           max_size=_over(type_.max_size, len(seen)))  # fmt: skip
        case Seq() if isinstance(seen, (list, tuple, set, frozenset)):
            values = list(seen)
            item = type_.item
            for value in values[:50]:
                item = map_options(item, lambda t, v=value: loosen(t, v))
            ordered, distinct = type_.ordered, type_.distinct
            try:
                ordered = ordered and values == sorted(values)
                distinct = distinct and len(set(values)) == len(values)
            except TypeError:
                ordered = distinct = False
            role = type_.role
            if role == "square" and any(len(r) != len(values) for r in values
                                        if isinstance(r, (list, str, tuple))):  # fmt: skip
                role = "matrix"
            return replace(type_, item=item, ordered=ordered, distinct=distinct, role=role,
                           min_size=min(type_.min_size, len(values)),
                           max_size=_over(type_.max_size, len(values)))  # fmt: skip
        case Tuple(items=items) if isinstance(seen, (tuple, list)) and len(seen) == len(items):
            return Tuple(tuple(loosen(t, v) for t, v in zip(items, seen, strict=True)))
    return type_


def _over(limit: int | None, size: int) -> int | None:
    return None if limit is not None and size > limit else limit


def _own_node(used: Type, hints: Annotations) -> Type:
    """A node type found from use takes the class of the program that fits it."""
    if isinstance(used, Node) and not used.class_name:
        for definition in hints.classes.values():
            own = node_of_class(definition)
            if own is not None and own.links == used.links:
                return replace(own, item=used.item)
    return used


def _default(node: ast.FunctionDef | ast.AsyncFunctionDef, arg: ast.arg) -> Any:
    names = [*node.args.posonlyargs, *node.args.args]
    for name, value in zip(reversed(names), reversed(node.args.defaults), strict=False):
        if name is arg and isinstance(value, ast.Constant):
            return value.value
    return None


def _expression(source: str) -> ast.expr | None:
    try:
        return ast.parse(source, mode="eval").body
    except SyntaxError:
        return None


def _from_examples(seen: list[Any]) -> Type:
    found: Type = Anything()
    for value in seen:
        found = join(found, type_of(value))
    if isinstance(found, Tuple) and len(found.items) > 2 and len({*found.items}) == 1:
        return Seq(found.items[0], "tuple")
    return found


def _tuple_kind(result: Seq, seen: list[Any], annotated: Type) -> Seq:
    if isinstance(annotated, Anything) and all(isinstance(v, tuple) for v in seen):
        return replace(result, kind="tuple")
    return result


def fill(known: Type, other: Type) -> Type:
    """`known` with its unknown parts taken from `other` where the structures agree."""
    if isinstance(known, Anything):
        return other
    if isinstance(known, Choice):
        return choice([fill(o, _alike(o, other)) for o in known.options])
    other = _alike(known, other)
    if isinstance(known, Seq):
        if isinstance(other, (Seq, Node)):
            inner = fill(known.item, other.item)
            result = replace(known, item=inner)
            if isinstance(other, Seq) and other.min_size == other.max_size and other.max_size:
                result = replace(result, min_size=other.min_size, max_size=other.max_size)
            return result
        if isinstance(other, Tuple):
            if isinstance(known.item, Anything) and known.kind == "tuple":
                return other
            inner = fill(known.item, item_of(other))
            if isinstance(inner, (Int, Float, Str)):  # [u, v], [start, end]
                size = len(other.items)
                return replace(known, item=inner, min_size=size, max_size=size)
            return replace(known, item=inner)
    if isinstance(known, Map) and isinstance(other, Map):
        return replace(known, key=fill(known.key, other.key), value=fill(known.value, other.value))
    if isinstance(known, Tuple):
        if isinstance(other, Tuple) and len(other.items) == len(known.items):
            return Tuple(tuple(map(fill, known.items, other.items)))
        if isinstance(other, Seq):
            return Tuple(tuple(fill(t, other.item) for t in known.items))
    if isinstance(known, Str) and isinstance(other, Str) and not known.words:
        return replace(known, words=other.words)
    return known


def _alike(known: Type, other: Type) -> Type:
    """The option of `other` that has the structure of `known`, or nothing known."""
    for option in options(other):
        if type(option) is type(known):
            return option
    for option in options(other):
        if isinstance(known, (Seq, Tuple)) and isinstance(option, (Seq, Tuple, Node)):
            return option
    return Anything()


def _prefer(known: Choice, hint: Type) -> Type:
    """The options that a weaker source agrees with come first."""
    hint = main_option(hint)
    first = [o for o in known.options if type(o) is type(hint)]
    return choice([*first, *known.options]) if first else known


def complete(type_: Type) -> Type:
    """No `Anything` left inside containers."""
    match type_:
        case Choice(options=found):
            return choice([complete(o) for o in found])
        case Seq(item=Anything()):
            hashable = type_.kind in ("set", "frozenset")
            return replace(type_, item=Int() if hashable else choice([Int(), Str()]))
        case Seq(item=Choice(options=found)):
            # A list of strings is likelier than a list of lists of strings.
            first = (
                [o for o in found if isinstance(o, Str)]
                if any(isinstance(o, Seq) and isinstance(main_option(o.item), Str) for o in found)
                else []
            )
            return replace(type_, item=choice([complete(o) for o in (*first, *found)]))
        case Seq(item=item):
            return replace(type_, item=complete(item))
        case Map(key=key, value=value):
            key = choice([Str(), Int()]) if isinstance(key, Anything) else complete(key)
            value = Int() if isinstance(value, Anything) else complete(value)
            return replace(type_, key=key, value=value)
        case Tuple(items=items):
            return Tuple(tuple(Int() if isinstance(t, Anything) else complete(t) for t in items))
    return type_


def bounded(type_: Type, fact: words.Facts) -> Type:
    """`type_` with what the statement says about sizes and values."""
    match type_:
        case Int():
            return Int(_pick(fact.lo, type_.lo), _pick(fact.hi, type_.hi))
        case Float():
            lo = 0 if fact.lo == 1 else fact.lo  # a positive number need not reach 1
            return replace(type_, lo=_pick(lo, type_.lo), hi=_pick(fact.hi, type_.hi))
        case Str():
            return replace(type_, alphabet=fact.alphabet or type_.alphabet,
                           min_size=fact.min_size or 0, max_size=fact.max_size)  # fmt: skip
        case Seq():
            inner = map_options(type_.item, lambda t: _bounded_item(t, fact))
            role: Any = "square" if fact.square else "matrix" if fact.matrix else type_.role
            if not isinstance(main_option(inner), (Seq, Str)):
                role = type_.role
            fixed = type_.max_size is not None and type_.min_size == type_.max_size
            return replace(
                type_, item=inner, role=role,
                min_size=type_.min_size if fixed else fact.min_size or type_.min_size,
                max_size=type_.max_size if fixed else fact.max_size or type_.max_size,
                ordered=fact.ordered or type_.ordered, distinct=fact.distinct or type_.distinct,
            )  # fmt: skip
        case Map():
            return replace(type_, min_size=fact.min_size or 0)
    return type_


def _bounded_item(item: Type, fact: words.Facts) -> Type:
    lo, hi = fact.item_lo, fact.item_hi
    match item:
        case Int():
            return Int(_pick(lo, item.lo), _pick(hi, item.hi))
        case Float():
            lo = 0 if lo == 1 else lo
            return replace(item, lo=_pick(lo, item.lo), hi=_pick(hi, item.hi))
        case Str():
            return replace(item, alphabet=fact.alphabet or item.alphabet,
                           max_size=fact.item_max_size or item.max_size)  # fmt: skip
        case Seq():
            return replace(item, item=map_options(item.item, lambda t: _bounded_item(t, fact)))
        case Tuple(items=items):
            return Tuple(tuple(_bounded_item(t, fact) for t in items))
    return item


def _pick(stated: Any, known: Any) -> Any:
    return known if stated is None else stated


def _with_words(type_: Type, strings: tuple[str, ...]) -> Type:
    """String types get the quoted words of the statement as material."""
    match type_:
        case Choice(options=found):
            return choice([_with_words(o, strings) for o in found])
        case Str(binary=False):
            return replace(type_, words=tuple(dict.fromkeys([*type_.words, *strings])))
        case Seq(item=item):
            return replace(type_, item=_with_words(item, strings))
        case Map(key=key, value=value):
            return replace(type_, key=_with_words(key, strings), value=_with_words(value, strings))
        case Tuple(items=items):
            return Tuple(tuple(_with_words(t, strings) for t in items))
    return type_


def _constants(node: ast.AST) -> list[Any]:
    """Numbers and strings that the code itself compares with or computes with."""
    doc = ast.get_docstring(node, clean=False) if isinstance(node, ast.FunctionDef) else None
    found: list[Any] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and type(part.value) in (int, str, float):
            value = part.value
            if value == doc or (isinstance(value, str) and not 0 < len(value) <= 30):
                continue
            if isinstance(value, int) and abs(value) > 10**6:
                continue
            found.append(value)
    return found[:60]


_NAMES: list[tuple[str, Type]] = [
    (r"(?:is|has|should|use|with)_\w+|flag|reverse|strict", choice([Int(0, 1)])),
    (r"matrix|grid|board|mat|dist|cost_matrix", Seq(Seq(Int()), role="matrix")),
    (r"graph|adj\w*", Seq(Seq(Int()), role="adjacency")),
    (r"edges|connections|roads|prerequisites", Seq(Tuple((Int(0), Int(0))), role="edges")),
    (r"intervals|ranges|meetings", Seq(Tuple((Int(), Int())), role="intervals")),
    (r"points|coords|coordinates", Seq(Tuple((Int(), Int())), role="points")),
    (r"words|strings|strs|names|tokens|sentences|lines|texts", Seq(Str())),
    (r"s|s\d|str\w*|string\w*|text\w*|word\d?|sentence|pattern|p|haystack|needle|name|line|txt|"
     r"message|msg|password|email|url|path|expr\w*|char|ch|prefix|suffix|dna|paragraph", Str()),
    (r"head|l1|l2|list1|list2", Node(Int(), "chain")),
    (r"root|tree", Node(Int(), "tree", links=("left", "right"))),
    (r"nums?\d?|numbers|arr\w*|array\d?|lst\d?|l|li|list\d?|xs|ys|values|vals|data|items|elements|"
     r"seq\w*|a\d|prices|heights?|weights|scores|coins|costs|stones|piles|digits|lists?",
     Seq(Int())),
    (r"d|dict\d?|dictionary|mapping|table|counts|freq\w*|map", Map(Str(), Int())),
    (r"source|src|dest|destination|node|vertex|goal|u|v|sum|n\d?|m|k|x|y|z|i|j|num|number|count|size|length|target|limit|total|year|month|day|age|"
     r"amount|capacity|start|end|left|right|low|high|lo|hi|base|exp|power|t|q|w|val|value|index|"
     r"a|b|c|side\d?|radius|width|b\d", Int()),
]  # fmt: skip


def by_name(name: str) -> Type:
    """What a parameter of that name usually is; the weakest of the sources."""
    for pattern, type_ in _NAMES:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            if name.lower() in ("nums", "numbers") or not re.fullmatch(r"num|number", name):
                return type_
            return Int()
    return Anything()


__all__ = ["Null", "by_name", "complete", "fill", "infer_signature", "parse"]
