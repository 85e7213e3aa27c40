"""What names, types and literals say on their own."""

from __future__ import annotations

from typing import Any

from . import ir
from .values import NC, Value, words

PLAIN = words(
    """
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 int float bool long short double
    byte char Integer Long Boolean Double Float Short Byte Character number boolean int8 int16
    int32 int64 uint uint8 uint16 uint32 uint64 float32 float64 integer datetime
    datetime.datetime date datetime.date uuid.UUID UUID Decimal decimal.Decimal size_t ssize_t
    uintptr rune bigint
    """
)


TEXT = words(
    """
    str bytes string String char[] CharSequence Any Object object any mixed char* char** string*
    wchar_t* string_view uint8_t* void*
    """
)


def is_plain_type(name: str) -> bool:
    """Numbers and the like, which cannot carry an injection."""
    return name in PLAIN or name.startswith(("Optional[int", "list[int", "List[int"))


def is_text_type(name: str) -> bool:
    head = name.split("[", 1)[0].split("<", 1)[0].rsplit(".", 1)[-1]
    return head in TEXT or head in ("Optional", "Union", "List", "list", "Dict", "dict", "Map")


def hashable(x: Any) -> bool:
    return type(x) in (str, int, bool, bytes, float)


def expr_text(e: Any) -> str:
    """An expression as dotted text, enough to recognise a decorator."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        return f"{expr_text(e.obj)}.{e.name}"
    if kind is ir.Call:
        return f"{expr_text(e.func)}()"
    if kind is ir.Index:
        return f"{expr_text(e.obj)}[]"
    return ""


def callee_name(e: Any) -> str:
    if type(e) is ir.Field:
        return e.name
    return e.id if type(e) is ir.Name else ""


def target_name(e: Any) -> str:
    """The name that best says what an assignment target is."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        return str(e.name)
    if kind is ir.Index:
        if type(e.key) is ir.Const and type(e.key.value) is str:
            return e.key.value
        return target_name(e.key) or target_name(e.obj)
    return ""


def truth(v: Value) -> bool | None:
    """Whether the value is truthy, None when unknown."""
    if v.const is not NC:
        return bool(v.const)
    return None
