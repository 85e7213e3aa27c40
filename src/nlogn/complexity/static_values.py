"""What is known of a value without running the program: its kind and how large it can get."""

import ast
from dataclasses import dataclass, replace

from nlogn.complexity.static_terms import ONE, Terms, add, size

CONTAINERS = frozenset({"list", "tuple", "set", "dict", "deque", "str", "bytes"})
SCANNED = frozenset({"list", "tuple", "deque", "str", "bytes", "iter"})  # `in` walks through these
HASHED = frozenset({"set", "dict", "range"})


@dataclass(frozen=True, slots=True)
class Val:
    """`size` is the length of a container, the magnitude of a number. `rel` says how it comes
    from a parameter: (parameter, "same" | "dec" | "inc" | "half" | "mod" | "child" | "next")."""

    kind: str = "any"
    size: Terms = ONE
    elem: "Val | None" = None
    rel: tuple[str, str] | None = None
    name: str = ""  # the variable that it was read from


NUMBER = Val("int")
ANY = Val()
NOTHING = Val("none")


def container(kind: str, length: Terms, elem: Val | None = None) -> Val:
    return Val(kind, length, elem)


def element(value: Val) -> Val:
    """What iterating over `value`, or subscripting it, gives."""
    if value.kind in ("str", "bytes"):
        return Val("str" if value.kind == "str" else "int", rel=_child(value))
    if value.elem is not None:
        return replace(value.elem, rel=_child(value), name="")
    if value.kind == "int":
        return NUMBER
    (mono, *more) = value.size
    if not more and len(mono) == 1 and value.kind in ("any", *CONTAINERS):
        name, power, logs = mono[0]
        if power == 1 and not logs and name[0] not in "^!?@" and name.count("[*]") < 2:
            return Val("any", size(name + "[*]"), rel=_child(value))
    return Val("any", rel=_child(value))


def _child(value: Val) -> tuple[str, str] | None:
    return (value.rel[0], "child") if value.rel else None


_ANNOTATED = {
    "int": "int", "float": "int", "bool": "int", "complex": "int", "str": "str", "bytes": "bytes",
    "list": "list", "List": "list", "Sequence": "list", "MutableSequence": "list",
    "tuple": "tuple", "Tuple": "tuple", "set": "set", "Set": "set", "frozenset": "set",
    "FrozenSet": "set", "AbstractSet": "set", "dict": "dict", "Dict": "dict", "Mapping": "dict",
    "Counter": "dict", "defaultdict": "dict", "DefaultDict": "dict", "OrderedDict": "dict",
    "deque": "deque", "Deque": "deque", "Iterable": "list", "Iterator": "iter",
    "Collection": "list", "Generator": "iter",
}  # fmt: skip


def annotated(name: str, annotation: ast.expr | None) -> Val:
    """A parameter, sized by its own name."""
    length = size(name)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            annotation = None
    if isinstance(annotation, ast.BinOp):  # list[int] | None
        annotation = annotation.left
    inner: ast.expr | None = None
    if isinstance(annotation, ast.Subscript):
        inner, annotation = annotation.slice, annotation.value
        if isinstance(annotation, ast.Name) and annotation.id == "Optional":
            return annotated(name, inner)
    label = getattr(annotation, "id", getattr(annotation, "attr", ""))
    kind = _ANNOTATED.get(label, "any")
    elem = None
    if inner is not None and kind in ("list", "set", "deque", "iter", "tuple"):
        first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
        if kind != "tuple" or (isinstance(inner, ast.Tuple) and _is_ellipsis(inner.elts[-1])):
            elem = annotated(name + "[*]", first)
    elif isinstance(inner, ast.Tuple) and kind == "dict" and len(inner.elts) == 2:
        elem = annotated(name + "[*]", inner.elts[1])
    if kind == "str" and name.endswith("[*]"):
        length = ONE  # texts inside a container count as short
    return Val(kind, length, elem, rel=(name, "same"), name=name)


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def constant(node: ast.expr | None) -> int | None:
    """The value of a literal integer, signed."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = constant(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def written(node: ast.AST) -> str:
    """The name or dotted name of an expression, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return ast.unparse(node) if isinstance(node, ast.Attribute) else ""


def either(a: Val, b: Val) -> Val:
    """A value that is one or the other."""
    if a == b:
        return a
    if b.kind == "none":
        return a
    if a.kind == "none":
        return b
    kind = a.kind if a.kind == b.kind else "any"
    elem = either(a.elem, b.elem) if a.elem and b.elem else a.elem or b.elem
    return Val(kind, add(a.size, b.size), elem, a.rel if a.rel == b.rel else None)


def reached(low: ast.expr, high: ast.expr) -> ast.expr | None:
    """k of ``range(x, x + k)``, also within a min()."""
    if isinstance(high, ast.Call) and getattr(high.func, "id", "") == "min":
        return next((r for a in high.args if (r := reached(low, a)) is not None), None)
    if isinstance(high, ast.BinOp) and isinstance(high.op, ast.Add):
        for one, other in ((high.left, high.right), (high.right, high.left)):
            if ast.dump(one) == ast.dump(low) and not isinstance(low, ast.Constant):
                return other
    return None
