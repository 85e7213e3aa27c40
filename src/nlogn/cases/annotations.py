"""Python annotations -> `Type`, from the syntax alone: nothing is imported or evaluated."""

import ast
from collections.abc import Mapping
from typing import Any

from nlogn.cases.types import (
    Anything,
    Bool,
    Fields,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    OneOf,
    Seq,
    Str,
    Tuple,
    Type,
    choice,
)

_SEQ = {
    "list": "list", "List": "list", "Sequence": "list", "MutableSequence": "list",
    "Iterable": "list", "Collection": "list", "Container": "list", "Reversible": "list",
    "set": "set", "Set": "set", "MutableSet": "set", "AbstractSet": "set",
    "frozenset": "frozenset", "FrozenSet": "frozenset", "deque": "deque", "Deque": "deque",
    "Iterator": "iterator", "Generator": "iterator", "array": "list", "ndarray": "list",
}  # fmt: skip
_MAP = {
    "dict": "dict", "Dict": "dict", "Mapping": "dict", "MutableMapping": "dict",
    "defaultdict": "defaultdict", "DefaultDict": "defaultdict", "Counter": "Counter",
    "OrderedDict": "OrderedDict",
}  # fmt: skip
_PLAIN: dict[str, Type] = {
    "int": Int(), "float": Float(), "bool": Bool(), "str": Str(), "AnyStr": Str(), "Text": Str(),
    "bytes": Str(binary=True), "bytearray": Str(binary=True), "None": Null(), "NoneType": Null(),
    "Any": Anything(), "object": Anything(), "Number": Float(), "Real": Float(),
    "Complex": Float(), "Hashable": Int(), "Sized": Seq(Int()), "complex": Float(),
    "Callable": Function(), "SupportsInt": Int(), "SupportsFloat": Float(),
    "integer": Int(), "string": Str(), "boolean": Bool(),
    "tuple": Seq(Anything(), "tuple"), "Tuple": Seq(Anything(), "tuple"),
}  # fmt: skip


class Annotations:
    """Reads annotations in the light of one module's classes, aliases and type variables."""

    def __init__(self, tree: ast.AST) -> None:
        self.classes: dict[str, ast.ClassDef] = {}
        self.aliases: dict[str, ast.expr] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name):
                    self.aliases.setdefault(target.id, node.value)
            elif (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and node.value is not None
                and _name(node.annotation) == "TypeAlias"
            ):
                self.aliases.setdefault(node.target.id, node.value)
        self.open: set[str] = set()

    def read(self, node: ast.expr | None) -> Type:
        """The type that `node` says, `Anything` where it says nothing."""
        if node is None:
            return Anything()
        if isinstance(node, ast.Constant):
            if node.value is None:
                return Null()
            if isinstance(node.value, str):
                try:
                    return self.read(ast.parse(node.value.strip(), mode="eval").body)
                except (SyntaxError, ValueError):
                    return Anything()
            return Anything()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return choice([self.read(node.left), self.read(node.right)])
        if isinstance(node, ast.Subscript):
            return self.generic(_name(node.value), _elements(node.slice))
        if isinstance(node, ast.List):  # list written as [int]
            return Seq(self.read(node.elts[0]) if node.elts else Anything())
        if isinstance(node, ast.Tuple):
            return Tuple(tuple(map(self.read, node.elts)))
        return self.named(_name(node))

    def named(self, name: str) -> Type:
        if name in self.classes:
            return self.own_class(name)
        if name in ("TreeNode", "Node", "ListNode"):
            return Node(Int(), "chain" if name == "ListNode" else "tree", name,
                        links=("next",) if name == "ListNode" else ("left", "right"))  # fmt: skip
        if name in self.aliases and name not in self.open:
            return self.alias(name)
        if name in _PLAIN:
            return _PLAIN[name]
        if name in _SEQ:
            return Seq(Anything(), _SEQ[name])  # type: ignore[arg-type]
        if name in _MAP:
            return Map(Anything(), Anything(), _MAP[name])  # type: ignore[arg-type]
        return Anything()

    def alias(self, name: str) -> Type:
        value = self.aliases[name]
        self.open.add(name)
        try:
            if isinstance(value, ast.Call):
                if _name(value.func) == "TypeVar":
                    bounds = [self.read(a) for a in value.args[1:]]
                    bounds += [self.read(k.value) for k in value.keywords if k.arg == "bound"]
                    return choice(bounds) if bounds else Int()
                if _name(value.func) == "NewType" and len(value.args) == 2:
                    return self.read(value.args[1])
                return Anything()
            return self.read(value)
        finally:
            self.open.discard(name)

    def generic(self, name: str, args: list[ast.expr]) -> Type:
        if name in ("Optional",) and args:
            return choice([self.read(args[0]), Null()])
        if name == "Union":
            return choice([self.read(a) for a in args])
        if name == "Literal":
            values = [a.value for a in args if isinstance(a, ast.Constant)]
            return OneOf(tuple(values)) if values else Anything()
        if name in ("Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"):
            return self.read(args[0]) if args else Anything()
        if name in ("tuple", "Tuple"):
            if len(args) == 2 and isinstance(args[1], ast.Constant) and args[1].value is Ellipsis:
                return Seq(self.read(args[0]), "tuple")
            return Tuple(tuple(map(self.read, args)))
        if name in _SEQ and args:
            return Seq(self.read(args[0]), _SEQ[name])  # type: ignore[arg-type]
        if name in _MAP and args:
            value = Int(1) if name == "Counter" or len(args) < 2 else self.read(args[1])
            return Map(self.read(args[0]), value, _MAP[name])  # type: ignore[arg-type]
        return self.named(name)

    def own_class(self, name: str) -> Type:
        """A class of the program: TypedDict, enum, linked list, binary tree, or unknown."""
        if name in self.open:
            return Anything()
        self.open.add(name)
        try:
            definition = self.classes[name]
            bases = {_name(b) for b in definition.bases}
            fields = {
                s.target.id: s.annotation
                for s in definition.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            }
            if "TypedDict" in bases:
                return Fields(tuple((k, self.read(v)) for k, v in fields.items()))
            return node_of_class(definition) or Anything()
        finally:
            self.open.discard(name)


def node_of_class(definition: ast.ClassDef) -> Node | None:
    """The `Node` that a class with ``next`` or ``left`` and ``right`` is, None for others."""
    names: list[str] = []
    values: Mapping[str, Any] = {}
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and _name(node.value) == "self":
            names.append(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    found = list(dict.fromkeys(names)) or list(values)
    for links, shape in _LINKS:
        if all(link in found for link in links):
            rest = [n for n in found if n not in links]
            usual = [n for n in ("val", "value", "data", "key", "x") if n in rest]
            value = (usual or rest or ["val"])[0]
            return Node(Int(), shape, definition.name, value, links)  # type: ignore[arg-type]
    return None


_LINKS = (
    (("left", "right"), "tree"),
    (("l", "r"), "tree"),
    (("next",), "chain"),
    (("nxt",), "chain"),
    (("successor",), "chain"),
)


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    return ""


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]
