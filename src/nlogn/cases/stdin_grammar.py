"""What a program reads: lines, fields and repetitions, and the abstract values that stand for
what was read while the program is followed (`stdin_read`)."""

import ast
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["number", "numbers", "text", "word", "words", "digits", "unread"]


@dataclass(eq=False)
class Field:
    """One number, list of numbers, or string; what it is becomes known as it is used."""

    kind: Kind = "unread"
    names: list[str] = field(default_factory=list)
    real: bool = False
    arity: int | None = None  # a list of so many
    length: "Count | None" = None
    fixed: int | None = None  # the branch that was followed asks for this value
    shift: bool = False  # one is subtracted: numbers from 1 on
    dynamic: bool = False  # a list that is gone through, or indexed by what is not constant
    keys: bool = False  # used as a key of a table of known words


@dataclass(eq=False)
class Line:
    fields: list[Field]
    separator: str = " "


@dataclass(eq=False)
class Repeat:
    count: "Count"
    body: list["Line | Repeat"]


@dataclass(eq=False)
class Count:
    """How often: a constant, or a number read before plus a constant; else free."""

    field: Field | None = None
    constant: int | None = None
    plus: int = 0
    times: int = 1


Grammar = list[Line | Repeat]


# Abstract values: what an expression of the program may be


@dataclass(eq=False)
class Raw:  # a line as it was read
    line: Line


@dataclass(eq=False)
class Tokens:  # a line split at white space
    line: Line


@dataclass(eq=False)
class Chars:
    line: Line


@dataclass(eq=False)
class Value:  # one number or string that was read
    field: Field
    plus: int = 0


@dataclass(eq=False)
class Items:  # a list of what was read
    field: Field


@dataclass(eq=False)
class Stream:  # all of stdin, as tokens or lines; `seen` keeps what constant indices gave
    tokens: bool
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Reader:  # a function: readline, input, read, next of a stream
    what: Literal["line", "all", "lines", "next", "stdin"]
    stream: Stream | None = None


@dataclass(eq=False)
class Function:
    node: ast.FunctionDef | ast.Lambda
    scope: dict[str, Any]


@dataclass(eq=False)
class Many:  # a list that the program built; of what, if that is known
    item: Any = None
    count: Count | None = None


@dataclass(eq=False)
class Scaled:
    field: Field
    times: int
    plus: int = 0


@dataclass(eq=False)
class LineItems(Items):
    """A list that was read and knows its line."""

    line: Line | None = None


@dataclass(eq=False)
class Range:
    args: list[Any]


@dataclass(eq=False)
class Zipped:
    args: list[Any]
    numbered: bool


def field_of(value: Any) -> Field | None:
    if isinstance(value, (Value, Items)):
        return value.field
    if isinstance(value, (Raw, Tokens, Chars)):
        return value.line.fields[0] if value.line.fields else None
    return None


def line_of(value: Any) -> Line | None:
    return getattr(value, "line", None)
