"""The intermediate representation: one small tree language that every front end lowers to.

`cursor.execute("SELECT " + name)` in any language becomes

    Call(Field(Name("cursor"), "execute"), [Bin("+", Const("SELECT "), Name("name"))])

Positions are byte offsets into the source; a line number is worked out only when a finding needs
one. The classes are slotted and mutable rather than frozen: tens of thousands are built for each
scan and a frozen dataclass costs three times as much to construct. Nothing mutates them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Const:
    value: Any  # str, bytes, int, float, bool or None
    pos: int = 0


@dataclass(slots=True)
class Name:
    id: str
    pos: int = 0


@dataclass(slots=True)
class Field:
    """`obj.name`; also `obj->name` and `Class::name`."""

    obj: Expr
    name: str
    pos: int = 0


@dataclass(slots=True)
class Index:
    obj: Expr
    key: Expr
    pos: int = 0


@dataclass(slots=True)
class Slice:
    obj: Expr
    low: Expr | None
    high: Expr | None
    pos: int = 0
    cap: Expr | None = None  # of Go's a[low:high:cap]


@dataclass(slots=True)
class Call:
    """`func(args, kw=...)`. `new` marks a constructor call; `block` holds trailing lambdas."""

    func: Expr
    args: list[Expr]
    kwargs: list[tuple[str, Expr]]
    pos: int = 0
    new: bool = False


@dataclass(slots=True)
class Bin:
    """Arithmetic, string joins, comparisons and `and`/`or`/`in`, by their Python spelling."""

    op: str
    left: Expr
    right: Expr
    pos: int = 0


@dataclass(slots=True)
class Un:
    op: str  # "not", "-", "*", "&", "++"
    arg: Expr
    pos: int = 0


@dataclass(slots=True)
class Cond:
    test: Expr
    then: Expr
    other: Expr
    pos: int = 0


@dataclass(slots=True)
class Template:
    """An interpolated string: literal text and expressions in order."""

    parts: list[Expr]
    pos: int = 0


@dataclass(slots=True)
class Coll:
    """A list, tuple, set, dict, struct or object literal; keys are None in sequences."""

    kind: str
    items: list[tuple[Expr | None, Expr]]
    pos: int = 0
    type: str = ""


@dataclass(slots=True)
class Cast:
    type: str
    arg: Expr
    pos: int = 0


@dataclass(slots=True)
class Lambda:
    fn: Function
    pos: int = 0


@dataclass(slots=True)
class Let:
    """An assignment used as an expression."""

    target: Expr
    value: Expr
    pos: int = 0


@dataclass(slots=True)
class Other:
    """Anything else: evaluated for effect, its value joins its parts."""

    parts: list[Expr]
    pos: int = 0


Expr = Any  # one of the classes above; spelling the union out costs mypy and readers more


@dataclass(slots=True)
class Assign:
    target: Expr
    value: Expr
    pos: int = 0
    op: str = ""  # "+" for `+=`
    type: str = ""  # the declared type where the language has one


@dataclass(slots=True)
class Eval:
    value: Expr
    pos: int = 0


@dataclass(slots=True)
class If:
    test: Expr
    then: list[Stmt]
    other: list[Stmt]
    pos: int = 0


@dataclass(slots=True)
class Loop:
    """`while test` or, when `target` is set, `for target in iter`. `step` runs after the body."""

    test: Expr | None
    body: list[Stmt]
    pos: int = 0
    target: Expr | None = None
    iter: Expr | None = None
    step: list[Stmt] = field(default_factory=list)
    post: bool = False  # do … while


@dataclass(slots=True)
class Switch:
    """Cases are (patterns, body); no patterns is the default. `falls`: C-like fall-through."""

    subject: Expr
    cases: list[tuple[list[Expr], list[Stmt]]]
    pos: int = 0
    falls: bool = False


@dataclass(slots=True)
class Return:
    value: Expr | None
    pos: int = 0


@dataclass(slots=True)
class Jump:
    kind: str  # break, continue, throw, exit
    value: Expr | None = None
    pos: int = 0


@dataclass(slots=True)
class Try:
    body: list[Stmt]
    handlers: list[list[Stmt]]
    final: list[Stmt]
    pos: int = 0


@dataclass(slots=True)
class Def:
    fn: Function
    pos: int = 0


@dataclass(slots=True)
class ClassDef:
    name: str
    bases: list[str]
    body: list[Stmt]
    pos: int = 0
    marks: list[Expr] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    body: list[Stmt]
    pos: int = 0


Stmt = Any


@dataclass(slots=True)
class Param:
    name: str
    type: str = ""
    default: Expr | None = None
    star: bool = False
    marks: tuple[str, ...] = ()  # annotations such as @RequestParam


@dataclass(slots=True)
class Function:
    name: str
    params: list[Param]
    body: list[Stmt]
    pos: int = 0
    end: int = 0
    marks: list[Expr] = field(default_factory=list)  # decorators, annotations
    cls: str = ""
    doc: str = ""
    returns: str = ""


@dataclass(slots=True)
class Module:
    lang: str
    body: list[Stmt]
    imports: dict[str, str]  # local name -> qualified name
    errors: int = 0  # bytes the parser could not read
