"""Rust to IR. Macros with format strings become templates; other macros, calls of their name."""

from __future__ import annotations

import re
from typing import Any

from .. import ir
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or"}
_HOLE = re.compile(r"\{\{|\}\}|\{([\w.]*)(?::[^{}]*)?\}")
FORMATS = {"format", "println", "print", "eprintln", "eprint", "write", "writeln", "panic", "info",
           "warn", "error", "debug", "trace", "format_args"}  # fmt: skip


class Lower(Front):
    # ---- statements

    def body_of(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type in ("block", "declaration_list"):
                out.extend(self.body(c))

    def let(self, n: Any, out: list[Any]) -> None:
        value = n.child_by_field_name("value")
        pattern = n.child_by_field_name("pattern")
        kind = n.child_by_field_name("type")
        if value is None or pattern is None:
            return
        out.append(
            ir.Assign(
                self.pattern(pattern), self.expr(value), n.start_byte, "",
                self.at(kind) if kind is not None else "",
            )
        )  # fmt: skip

    def pattern(self, p: Any) -> Any:
        if p.type in ("identifier", "self"):
            return ir.Name(self.at(p), p.start_byte)
        if p.type == "tuple_pattern":
            return ir.Coll("tuple", [(None, self.pattern(c)) for c in p.named_children])
        named = [c for c in p.named_children if c.type == "identifier"]
        return ir.Name(self.at(named[-1])) if named else ir.Name("_")

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for e in n.named_children:
            if e.type == "assignment_expression":
                out.append(
                    ir.Assign(
                        self.expr(e.child_by_field_name("left")),
                        self.expr(e.child_by_field_name("right")), e.start_byte,
                    )
                )  # fmt: skip
            elif e.type == "compound_assignment_expr":
                op = self.at(e.child_by_field_name("operator"))[:-1]
                out.append(
                    ir.Assign(
                        self.expr(e.child_by_field_name("left")),
                        self.expr(e.child_by_field_name("right")), e.start_byte, op,
                    )
                )  # fmt: skip
            else:
                self.statement(e, out)

    def static(self, n: Any, out: list[Any]) -> None:
        name, value = n.child_by_field_name("name"), n.child_by_field_name("value")
        if n.type == "static_item" and any(c.type == "mutable_specifier" for c in n.named_children):
            out.append(ir.Eval(ir.Call(ir.Name("static mut"), [], [], n.start_byte), n.start_byte))
        if name is not None and value is not None:
            out.append(ir.Assign(ir.Name(self.at(name)), self.expr(value), n.start_byte))

    def use(self, n: Any, out: list[Any]) -> None:
        text = re.sub(r"\s+", "", self.at(n.child_by_field_name("argument")))
        for path in _expand(text):
            full, _, alias = path.partition(" as ")
            self.imports[alias or full.rsplit("::", 1)[-1]] = full.replace("::", ".")

    def if_(self, n: Any, out: list[Any]) -> None:
        alt = n.child_by_field_name("alternative")
        other: list[Any] = []
        if alt is not None:
            for c in alt.named_children:
                self.statement(c, other)
        then = self.body(n.child_by_field_name("consequence"))
        test = n.child_by_field_name("condition")
        if test.type == "let_condition":
            value = self.expr(test.child_by_field_name("value"))
            then.insert(0, ir.Assign(self.pattern(test.child_by_field_name("pattern")), value))
            out.append(
                ir.If(ir.Call(ir.Name("matches pattern"), [], []), then, other, n.start_byte)
            )
        else:
            out.append(ir.If(self.expr(test), then, other, n.start_byte))

    def while_(self, n: Any, out: list[Any]) -> None:
        test = n.child_by_field_name("condition")
        body = self.body(n.child_by_field_name("body"))
        if test.type == "let_condition":
            value = self.expr(test.child_by_field_name("value"))
            out.append(
                ir.Loop(
                    None,
                    body,
                    n.start_byte,
                    self.pattern(test.child_by_field_name("pattern")),
                    value,
                )
            )
        else:
            out.append(ir.Loop(self.expr(test), body, n.start_byte))

    def loop(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Loop(None, self.body(n.child_by_field_name("body")), n.start_byte))

    def for_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                None,
                self.body(n.child_by_field_name("body")),
                n.start_byte,
                self.pattern(n.child_by_field_name("pattern")),
                self.expr(n.child_by_field_name("value")),
            )
        )

    def arms(self, n: Any) -> list[tuple[Any, Any]]:
        body = n.child_by_field_name("body")
        return [
            (c.child_by_field_name("pattern"), c.child_by_field_name("value"))
            for c in body.named_children if c.type == "match_arm"
        ]  # fmt: skip

    def match(self, n: Any, out: list[Any]) -> None:
        subject = self.expr(n.child_by_field_name("value"))
        cases: list[tuple[list[Any], list[Any]]] = []
        for pattern, value in self.arms(n):
            body: list[Any] = []
            names = [c for c in _all(pattern) if c.type == "identifier"]
            if names:
                body.append(ir.Assign(ir.Name(self.at(names[-1])), subject))
            self.statement(value, body)
            cases.append(([ir.Name("?")], body))
        out.append(ir.Switch(subject, cases, n.start_byte))

    def return_(self, n: Any, out: list[Any]) -> None:
        kids = n.named_children
        out.append(ir.Return(self.expr(kids[0]) if kids else None, n.start_byte))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def impl(self, n: Any, out: list[Any]) -> None:
        self.body_of(n, out)

    def function(self, n: Any, out: list[Any]) -> None:
        body_node = n.child_by_field_name("body")
        if body_node is None:
            return
        body = self.body(body_node)
        if body and type(body[-1]) is ir.Eval:  # a tail expression is the result
            body[-1] = ir.Return(body[-1].value, body[-1].pos)
        params: list[ir.Param] = []
        for p in n.child_by_field_name("parameters").named_children:
            if p.type == "parameter":
                kind = self.at(p.child_by_field_name("type")).lstrip("&").replace("mut ", "")
                params.append(
                    ir.Param(
                        self.pattern(p.child_by_field_name("pattern")).id
                        if p.child_by_field_name("pattern").type == "identifier"
                        else "_",
                        kind.strip(),
                    )
                )
        marks = []
        prev = n.prev_named_sibling
        while prev is not None and prev.type == "attribute_item":
            marks.append(ir.Call(ir.Name(self.at(prev).strip("#[]").split("(")[0]), [], []))
            prev = prev.prev_named_sibling
        fn = ir.Function(
            self.at(n.child_by_field_name("name")), params, body, n.start_byte, n.end_byte, marks
        )
        out.append(ir.Def(fn, n.start_byte))

    # ---- expressions

    def name(self, n: Any) -> Any:
        return ir.Name(self.at(n), n.start_byte)

    def scoped(self, n: Any) -> Any:
        parts = [p for p in re.sub(r"<[^>]*>", "", self.at(n)).split("::") if p]
        out: Any = ir.Name(parts[0], n.start_byte)
        for p in parts[1:]:
            out = ir.Field(out, p, n.start_byte)
        return out

    def field(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("value")),
            self.at(n.child_by_field_name("field")),
            n.start_byte,
        )

    def call(self, n: Any) -> Any:
        holder = n.child_by_field_name("arguments")
        args = [self.expr(c) for c in holder.named_children if not c.type.endswith("comment")]
        return ir.Call(self.expr(n.child_by_field_name("function")), args, [], n.start_byte)

    def macro(self, n: Any) -> Any:
        name = self.at(n.child_by_field_name("macro")).rsplit("::", 1)[-1]
        tree = n.named_children[-1]
        if name in FORMATS:
            made = self.formatted(tree)
            if name in ("format", "format_args"):
                return made
            return ir.Call(ir.Name(name + "!"), [made], [], n.start_byte)
        args = [self.expr(c) for c in tree.named_children if c.type in EXPRESSIONS]
        return ir.Call(ir.Name(name + "!"), args, [], n.start_byte)

    def formatted(self, tree: Any) -> Any:
        """`"… {} …", a, b.c` inside a macro's token tree."""
        text = self.at(tree)[1:-1]
        m = re.search(r'r?#*"((?:[^"\\]|\\.)*)"#*', text, re.S)
        if m is None:
            return ir.Const("")
        rest = text[m.end() :].lstrip(" ,\n")
        args = [a.strip() for a in _split(rest)] if rest else []
        queue = [a for a in args if not re.match(r"\w+\s*=[^=]", a)]
        pieces: list[Any] = []
        last = 0
        fmt = unescape(m.group(1))
        for h in _HOLE.finditer(fmt):
            pieces.append(ir.Const(fmt[last : h.start()]))
            last = h.end()
            if h.group(0) in ("{{", "}}"):
                pieces.append(ir.Const(h.group(0)[0]))
                continue
            text_arg = h.group(1) if h.group(1) and not h.group(1).isdigit() else (
                queue.pop(0) if queue else "?")  # fmt: skip
            pieces.append(self.simple(text_arg, tree.start_byte))
        pieces.append(ir.Const(fmt[last:]))
        return ir.Template(pieces, tree.start_byte)

    def simple(self, text: str, pos: int) -> Any:
        """A macro's argument, of which only names and fields are understood."""
        m = re.match(r"&?\*?(?:mut )?([A-Za-z_]\w*)((?:\.\w+)*)", text)
        if m is None:
            return ir.Name("?", pos)
        out: Any = ir.Name(m.group(1), pos)
        for part in m.group(2).split(".")[1:]:
            out = ir.Field(out, part, pos)
        return out

    def string(self, n: Any) -> Any:
        text = self.at(n)
        body = unescape(text[text.find('"') + 1 : -1])
        return ir.Const(body.encode("latin-1", "replace") if text[0] == "b" else body, n.start_byte)

    def raw(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Const(text[text.find('"') + 1 : text.rfind('"')], n.start_byte)

    def char(self, n: Any) -> Any:
        return ir.Const(unescape(self.at(n)[1:-1]), n.start_byte)

    def num(self, n: Any) -> Any:
        text = re.sub(r"(?:[iu](?:8|16|32|64|128|size)|f32|f64)$", "", self.at(n))
        return ir.Const(number(text), n.start_byte)

    def boolean(self, n: Any) -> Any:
        return ir.Const(self.at(n) == "true", n.start_byte)

    def index(self, n: Any) -> Any:
        kids = n.named_children
        if len(kids) < 2:
            return self.other(n)
        return ir.Index(self.expr(kids[0]), self.expr(kids[1]), n.start_byte)

    def binary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Bin(
            OPS.get(op, op), self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")), n.start_byte,
        )  # fmt: skip

    def unary(self, n: Any) -> Any:
        op = n.children[0].type
        return ir.Un("not" if op == "!" else op, self.expr(n.named_children[-1]), n.start_byte)

    def reference(self, n: Any) -> Any:
        return ir.Un("&", self.expr(n.named_children[-1]), n.start_byte)

    def inner(self, n: Any) -> Any:
        return self.expr(n.named_children[0]) if n.named_child_count else ir.Other([])

    def cast(self, n: Any) -> Any:
        return ir.Cast(
            self.at(n.child_by_field_name("type")),
            self.expr(n.child_by_field_name("value")),
            n.start_byte,
        )

    def array(self, n: Any) -> Any:
        return ir.Coll("list", [(None, self.expr(c)) for c in n.named_children], n.start_byte)

    def struct(self, n: Any) -> Any:
        items: list[tuple[Any, Any]] = []
        body = n.child_by_field_name("body")
        for c in body.named_children if body is not None else []:
            if c.type == "field_initializer":
                items.append(
                    (ir.Const(self.at(c.named_children[0])), self.expr(c.named_children[-1]))
                )
            elif c.type == "shorthand_field_initializer":
                items.append((ir.Const(self.at(c)), self.expr(c.named_children[0])))
        return ir.Coll(
            "dict", items, n.start_byte, self.at(n.child_by_field_name("name")).replace("::", ".")
        )

    def assign_expr(self, n: Any) -> Any:
        return ir.Let(
            self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")),
            n.start_byte,
        )

    def closure(self, n: Any) -> Any:
        params = [
            ir.Param(self.at(c)) for c in n.child_by_field_name("parameters").named_children
            if c.type == "identifier"
        ]  # fmt: skip
        body_node = n.child_by_field_name("body")
        body = (
            self.body(body_node) if body_node.type == "block" else [ir.Return(self.expr(body_node))]
        )
        return ir.Lambda(
            ir.Function("closure", params, body, n.start_byte, n.end_byte), n.start_byte
        )

    def if_expr(self, n: Any) -> Any:
        alt = n.child_by_field_name("alternative")
        test = n.child_by_field_name("condition")
        other = (
            self.expr(alt.named_children[0])
            if alt is not None and alt.named_child_count
            else ir.Const(None)
        )
        lowered = ir.Name("?") if test.type in ("let_condition", "let_chain") else self.expr(test)
        return ir.Cond(
            lowered, self.expr(n.child_by_field_name("consequence")), other, n.start_byte
        )

    def match_expr(self, n: Any) -> Any:
        subject = self.expr(n.child_by_field_name("value"))
        out: Any = None
        for pattern, value in self.arms(n):
            names = [c for c in _all(pattern) if c.type == "identifier"]
            arm = self.expr(value)
            if names:
                arm = ir.Other([ir.Let(ir.Name(self.at(names[-1])), subject), arm])
            out = arm if out is None else ir.Cond(ir.Name("?"), arm, out)
        return out if out is not None else subject

    def block_expr(self, n: Any) -> Any:
        """A block used as a value: a closure that is called at once."""
        if n.type == "unsafe_block":
            n = n.named_children[-1]
        body = self.body(n)
        if len(body) == 1 and type(body[0]) is ir.Eval:
            return body[0].value
        if body and type(body[-1]) is ir.Eval:
            body[-1] = ir.Return(body[-1].value, body[-1].pos)
        fn = ir.Function("block", [], body, n.start_byte, n.end_byte)
        return ir.Call(ir.Lambda(fn, n.start_byte), [], [], n.start_byte)


def _all(node: Any) -> list[Any]:
    out = [node]
    for c in node.named_children:
        out += _all(c)
    return out


def _split(text: str) -> list[str]:
    """Split at commas outside brackets."""
    out, depth, last = [], 0, 0
    for k, c in enumerate(text):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[last:k])
            last = k + 1
    return [*out, text[last:]]


def _expand(text: str) -> list[str]:
    """`a::{b,c::d}` → a::b, a::c::d."""
    m = re.search(r"\{(.*)\}", text)
    if m is None:
        return [text.replace("as", " as ") if re.search(r"\bas\b", text) else text]
    head = text[: m.start()]
    return [x for part in _split(m.group(1)) for x in _expand(head + part)]


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.name, "self": Lower.name, "type_identifier": Lower.name,
    "scoped_identifier": Lower.scoped, "field_expression": Lower.field,
    "call_expression": Lower.call, "macro_invocation": Lower.macro,
    "string_literal": Lower.string, "raw_string_literal": Lower.raw,
    "char_literal": Lower.char, "integer_literal": Lower.num, "float_literal": Lower.num,
    "boolean_literal": Lower.boolean, "index_expression": Lower.index,
    "binary_expression": Lower.binary, "unary_expression": Lower.unary,
    "reference_expression": Lower.reference, "parenthesized_expression": Lower.inner,
    "type_cast_expression": Lower.cast, "array_expression": Lower.array,
    "tuple_expression": Lower.array, "struct_expression": Lower.struct,
    "assignment_expression": Lower.assign_expr, "try_expression": Lower.inner,
    "await_expression": Lower.inner, "closure_expression": Lower.closure,
    "if_expression": Lower.if_expr, "match_expression": Lower.match_expr,
    "block": Lower.block_expr, "unsafe_block": Lower.block_expr,
    "generic_function": Lower.inner, "range_expression": Lower.other,
    "return_expression": Lower.other,
}  # fmt: skip

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "let_declaration": Lower.let, "expression_statement": Lower.expression_statement,
    "function_item": Lower.function, "impl_item": Lower.impl, "mod_item": Lower.body_of,
    "trait_item": Lower.impl, "use_declaration": Lower.use, "static_item": Lower.static,
    "const_item": Lower.static, "line_comment": Lower.skip, "block_comment": Lower.skip,
    "if_expression": Lower.if_, "while_expression": Lower.while_,
    "loop_expression": Lower.loop, "for_expression": Lower.for_,
    "match_expression": Lower.match, "block": Lower.block, "unsafe_block": Lower.body_of,
    "return_expression": Lower.return_, "break_expression": Lower.jump,
    "continue_expression": Lower.jump, "attribute_item": Lower.skip,
    "struct_item": Lower.skip, "enum_item": Lower.skip, "type_item": Lower.skip,
    "macro_definition": Lower.skip, "declaration_list": Lower.block,
}  # fmt: skip

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str) -> ir.Module:
    """Parse Rust and lower it."""
    return Lower(text, "rust").module()
