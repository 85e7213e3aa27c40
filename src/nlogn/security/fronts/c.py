"""C and C++ to IR."""

from __future__ import annotations

from typing import Any

from .. import ir
from ..values import words
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or", "and": "and", "or": "or"}
INTEGERS = words(
    """
    int long short char unsigned signed size_t ssize_t uint8_t uint16_t uint32_t uint64_t int8_t
    int16_t int32_t int64_t float double bool u8 u16 u32 u64 s8 s16 s32 s64 uint ulong off_t
    time_t pid_t uid_t gid_t mode_t loff_t gfp_t __u8 __u16 __u32 __u64 uintptr_t _Bool
    """
)


class Lower(Front):
    def __init__(self, text: str, lang: str) -> None:
        super().__init__(text, lang)
        self.macros: dict[str, Any] = {}

    # ---- statements

    def include(self, n: Any, out: list[Any]) -> None:
        pass

    def preproc(self, n: Any, out: list[Any]) -> None:
        """Both arms of a conditional compilation are code."""
        skip = n.child_by_field_name("condition") or n.child_by_field_name("name")
        for c in n.named_children:
            if skip is None or c.start_byte != skip.start_byte:
                self.statement(c, out)

    def namespace(self, n: Any, out: list[Any]) -> None:
        body = n.child_by_field_name("body")
        if body is not None:
            out.extend(self.body(body))
        else:
            for c in n.named_children:
                if c.type in ("function_definition", "declaration", "class_specifier"):
                    self.statement(c, out)

    def define(self, n: Any, out: list[Any]) -> None:
        value = n.child_by_field_name("value")
        if value is None:
            return
        text = self.at(value).strip()
        name = self.at(n.child_by_field_name("name"))
        const: Any = None
        body = text.strip("() ")
        if body[:1] == '"' and body[-1:] == '"':
            const = ir.Const(unescape(body[1:-1]))
        elif body[:1].isdigit():
            const = ir.Const(number(body))
        if const is not None:
            out.append(ir.Assign(ir.Name(name), const, n.start_byte))
        elif body.isidentifier() and body != name:
            self.imports[name] = body  # `#define POPEN popen`

    def enum(self, n: Any, out: list[Any]) -> None:
        pass

    def struct(self, n: Any, out: list[Any]) -> None:
        name_node, body = n.child_by_field_name("name"), n.child_by_field_name("body")
        if body is None or name_node is None:
            return
        outer, self.cls = self.cls, self.at(name_node)
        inner = [s for s in self.body(body) if type(s) is ir.Def]
        if inner:
            out.append(ir.ClassDef(self.cls, [], inner, n.start_byte))
        self.cls = outer

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for e in n.named_children:
            self.effect(e, out)

    def effect(self, e: Any, out: list[Any]) -> None:
        if e.type == "assignment_expression":
            op = self.at(e.child_by_field_name("operator"))[:-1]
            right = e.child_by_field_name("right")
            if right.type == "assignment_expression" and not op:
                self.effect(right, out)
                right = right.child_by_field_name("left")
            out.append(
                ir.Assign(
                    self.expr(e.child_by_field_name("left")), self.expr(right), e.start_byte, op
                )
            )
        elif e.type == "comma_expression":
            for c in e.named_children:
                self.effect(c, out)
        else:
            out.append(ir.Eval(self.expr(e), e.start_byte))

    def declaration(self, n: Any, out: list[Any]) -> None:
        kind_node = n.child_by_field_name("type")
        kind = self.at(kind_node) if kind_node is not None else ""
        if (
            kind_node is not None
            and kind_node.type in ("struct_specifier", "class_specifier")
            and kind_node.child_by_field_name("body") is not None
        ):
            self.struct(kind_node, out)
        for d in n.children_by_field_name("declarator"):
            self.declarator(d, kind, out)

    def declarator(self, d: Any, kind: str, out: list[Any]) -> None:
        value = None
        if d.type == "init_declarator":
            value = d.child_by_field_name("value")
            d = d.child_by_field_name("declarator")
        size = None
        suffix = ""
        node = d
        while node is not None and node.type in (
            "pointer_declarator",
            "array_declarator",
            "reference_declarator",
            "parenthesized_declarator",
            "attributed_declarator",
        ):
            if node.type == "array_declarator":
                s = node.child_by_field_name("size")
                size = self.expr(s) if s is not None else size
                suffix = "[]"
            elif node.type == "pointer_declarator":
                suffix = suffix or "*"
            inner = node.child_by_field_name("declarator")
            node = (
                inner
                if inner is not None
                else (node.named_children[0] if node.named_child_count else None)
            )
        if node is not None and node.type == "function_declarator":
            self.vexing(node, kind, out)
            return
        if node is None:
            return
        name = ir.Name(self.at(node), node.start_byte)
        lowered = self.expr(value) if value is not None else None
        if size is not None or suffix == "[]":
            args = [size if size is not None else ir.Const(None)]
            if lowered is not None:
                args.append(lowered)
            made = ir.Call(ir.Name("array of"), args, [("type", ir.Const(kind))], node.start_byte)
            out.append(ir.Assign(name, made, node.start_byte, "", kind + "[]"))
            return
        if lowered is None:
            lowered = ir.Call(ir.Name("uninitialised"), [], [], node.start_byte)
        elif value is not None and value.type == "argument_list":
            lowered = ir.Call(
                ir.Name(kind.replace("::", ".")),
                [v for _, v in lowered.items],
                [],
                node.start_byte,
                True,
            )
        out.append(
            ir.Assign(name, lowered, node.start_byte, "", (kind + suffix).replace("::", "."))
        )

    def vexing(self, node: Any, kind: str, out: list[Any]) -> None:
        """`std::regex r(pattern);` parses as a function's declaration; it makes a variable."""
        inner = node.child_by_field_name("declarator")
        params = node.child_by_field_name("parameters")
        if self.lang != "cpp" or inner is None or params is None or inner.type != "identifier":
            return
        names = [p.child_by_field_name("type") for p in params.named_children]
        plain = all(
            p.child_by_field_name("declarator") is None
            and t is not None
            and t.type == "type_identifier"
            for p, t in zip(params.named_children, names, strict=True)
        )
        if not names or not plain:
            return
        args = [ir.Name(self.at(t), t.start_byte) for t in names]
        made = ir.Call(ir.Name(kind.replace("::", ".")), args, [], node.start_byte, True)
        out.append(ir.Assign(ir.Name(self.at(inner)), made, node.start_byte, "", kind))

    def if_(self, n: Any, out: list[Any]) -> None:
        alt = n.child_by_field_name("alternative")
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("consequence")),
                self.body(alt) if alt is not None and alt.type == "else_clause" else self.one(alt),
                n.start_byte,
            )
        )

    def for_(self, n: Any, out: list[Any]) -> None:
        init = n.child_by_field_name("initializer")
        if init is not None:
            if init.type == "declaration":
                self.statement(init, out)
            else:
                self.effect(init, out)
        test = n.child_by_field_name("condition")
        update = n.child_by_field_name("update")
        step: list[Any] = []
        if update is not None:
            self.effect(update, step)
        out.append(
            ir.Loop(
                self.expr(test) if test is not None else None,
                self.one(n.child_by_field_name("body")),
                n.start_byte,
                step=step,
            )
        )

    def for_range(self, n: Any, out: list[Any]) -> None:
        d = n.child_by_field_name("declarator")
        while (
            d is not None
            and d.type in ("reference_declarator", "pointer_declarator")
            and d.named_child_count
        ):
            d = d.named_children[-1]
        out.append(
            ir.Loop(
                None,
                self.one(n.child_by_field_name("body")),
                n.start_byte,
                ir.Name(self.at(d)),
                self.expr(n.child_by_field_name("right")),
            )
        )

    def while_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")),
                n.start_byte,
            )
        )

    def do_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")),
                n.start_byte,
                post=True,
            )
        )

    def return_(self, n: Any, out: list[Any]) -> None:
        kids = [c for c in n.named_children if c.type != "comment"]
        out.append(ir.Return(self.expr(kids[0]) if kids else None, n.start_byte))

    def switch(self, n: Any, out: list[Any]) -> None:
        cases: list[tuple[list[Any], list[Any]]] = []
        for c in n.child_by_field_name("body").named_children:
            if c.type != "case_statement":
                continue
            value = c.child_by_field_name("value")
            body: list[Any] = []
            for x in c.named_children:
                if value is None or x.start_byte != value.start_byte:
                    self.statement(x, body)
            cases.append(([self.expr(value)] if value is not None else [], body))
        out.append(
            ir.Switch(self.expr(n.child_by_field_name("condition")), cases, n.start_byte, True)
        )

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def goto(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("goto", ir.Const(self.at(n.named_children[0])), n.start_byte))

    def label(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Eval(
                ir.Call(
                    ir.Name("label"), [ir.Const(self.at(n.named_children[0]))], [], n.start_byte
                ),
                n.start_byte,
            )
        )
        for c in n.named_children[1:]:
            self.statement(c, out)

    def throw(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("throw", None, n.start_byte))

    def try_(self, n: Any, out: list[Any]) -> None:
        handlers = [
            self.body(c.child_by_field_name("body"))
            for c in n.named_children
            if c.type == "catch_clause"
        ]
        out.append(ir.Try(self.body(n.child_by_field_name("body")), handlers, [], n.start_byte))

    def function(self, n: Any, out: list[Any]) -> None:
        d = n.child_by_field_name("declarator")
        while d is not None and d.type != "function_declarator":
            inner = d.child_by_field_name("declarator")
            d = (
                inner
                if inner is not None
                else (d.named_children[0] if d.named_child_count else None)
            )
        if d is None:
            return
        name = self.at(d.child_by_field_name("declarator"))
        cls = self.cls
        if "::" in name:
            cls, _, name = name.rpartition("::")
        params: list[ir.Param] = []
        holder = d.child_by_field_name("parameters")
        for p in holder.named_children if holder is not None else []:
            if p.type not in ("parameter_declaration", "optional_parameter_declaration"):
                continue
            t = p.child_by_field_name("type")
            kind = self.at(t).replace("::", ".") if t is not None else ""
            inner = p.child_by_field_name("declarator")
            stars = ""
            while inner is not None and inner.type not in ("identifier", "field_identifier"):
                if inner.type in ("pointer_declarator", "array_declarator"):
                    stars = "*"
                nxt = inner.child_by_field_name("declarator")
                inner = (
                    nxt
                    if nxt is not None
                    else (inner.named_children[-1] if inner.named_child_count else None)
                )
            if inner is not None:
                params.append(ir.Param(self.at(inner), kind + stars))
        saved, self.cls = self.cls, ""
        body = self.body(n.child_by_field_name("body"))
        self.cls = saved
        fn = ir.Function(
            name, params, body, n.start_byte, n.end_byte, cls=cls if cls == self.cls else ""
        )
        out.append(ir.Def(fn, n.start_byte))

    # ---- expressions

    def name(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Const(None, n.start_byte) if text == "NULL" else ir.Name(text, n.start_byte)

    def field(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("argument")),
            self.at(n.child_by_field_name("field")),
            n.start_byte,
        )

    def qualified(self, n: Any) -> Any:
        parts = self.at(n).split("<")[0].split("::")
        out: Any = ir.Name(parts[0] or parts[-1], n.start_byte)
        for p in parts[1:]:
            out = ir.Field(out, p, n.start_byte)
        return out

    def template_function(self, n: Any) -> Any:
        return ir.Name(self.at(n.child_by_field_name("name")), n.start_byte)

    def call(self, n: Any) -> Any:
        holder = n.child_by_field_name("arguments")
        args = (
            [self.expr(c) for c in holder.named_children if c.type != "comment"]
            if holder is not None
            else []
        )
        return ir.Call(self.expr(n.child_by_field_name("function")), args, [], n.start_byte)

    def new(self, n: Any) -> Any:
        t = n.child_by_field_name("type")
        args = n.child_by_field_name("arguments")
        given = [self.expr(c) for c in args.named_children] if args is not None else []
        return ir.Call(ir.Name("new " + self.at(t)), given, [], n.start_byte, True)

    def delete(self, n: Any) -> Any:
        return ir.Call(ir.Name("delete"), [self.expr(n.named_children[-1])], [], n.start_byte)

    def string(self, n: Any) -> Any:
        text = self.at(n)
        start = text.find('"')
        return ir.Const(unescape(text[start + 1 : -1]), n.start_byte)

    def raw(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Const(text[text.find("(") + 1 : text.rfind(")")], n.start_byte)

    def concatenated(self, n: Any) -> Any:
        parts = [self.expr(c) for c in n.named_children if c.type != "comment"]
        if all(type(p) is ir.Const for p in parts):
            return ir.Const("".join(str(p.value) for p in parts), n.start_byte)
        return ir.Template(parts, n.start_byte)

    def char(self, n: Any) -> Any:
        text = unescape(self.at(n).strip("LuU8")[1:-1])
        return ir.Const(ord(text) if len(text) == 1 else 0, n.start_byte)

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), n.start_byte)

    def true(self, n: Any) -> Any:
        return ir.Const(True, n.start_byte)

    def false(self, n: Any) -> Any:
        return ir.Const(False, n.start_byte)

    def null(self, n: Any) -> Any:
        return ir.Const(None, n.start_byte)

    def index(self, n: Any) -> Any:
        idx = n.child_by_field_name("index")
        if idx is None:
            holder = n.child_by_field_name("indices")
            idx = (
                holder.named_children[0]
                if holder is not None and holder.named_child_count
                else None
            )
        return ir.Index(self.expr(n.child_by_field_name("argument")), self.expr(idx), n.start_byte)

    def binary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Bin(
            OPS.get(op, op),
            self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")),
            n.start_byte,
        )

    def unary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Un(
            "not" if op in ("!", "not") else op,
            self.expr(n.child_by_field_name("argument")),
            n.start_byte,
        )

    def pointer(self, n: Any) -> Any:
        return ir.Un(
            self.at(n.child_by_field_name("operator")),
            self.expr(n.child_by_field_name("argument")),
            n.start_byte,
        )

    def update(self, n: Any) -> Any:
        return ir.Un(
            self.at(n.child_by_field_name("operator")),
            self.expr(n.child_by_field_name("argument")),
            n.start_byte,
        )

    def ternary(self, n: Any) -> Any:
        then = n.child_by_field_name("consequence")
        test = self.expr(n.child_by_field_name("condition"))
        return ir.Cond(
            test,
            self.expr(then) if then is not None else test,
            self.expr(n.child_by_field_name("alternative")),
            n.start_byte,
        )

    def assign_expr(self, n: Any) -> Any:
        left = self.expr(n.child_by_field_name("left"))
        right = self.expr(n.child_by_field_name("right"))
        op = self.at(n.child_by_field_name("operator"))[:-1]
        if op:
            right = ir.Bin(op, left, right, n.start_byte)
        return ir.Let(left, right, n.start_byte)

    def inner(self, n: Any) -> Any:
        kids = [c for c in n.named_children if c.type != "comment"]
        return self.expr(kids[0]) if kids else ir.Other([])

    def condition(self, n: Any) -> Any:
        value = n.child_by_field_name("value")
        if value is None:
            return self.inner(n)
        if value.type == "declaration":
            d = value.child_by_field_name("declarator")
            v = value.child_by_field_name("value")
            while d is not None and d.type == "pointer_declarator":
                d = d.child_by_field_name("declarator")
            return ir.Let(ir.Name(self.at(d)), self.expr(v), n.start_byte)
        return self.expr(value)

    def last(self, n: Any) -> Any:
        return self.expr(n.named_children[-1])

    def comma(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], n.start_byte)

    def cast(self, n: Any) -> Any:
        return ir.Cast(
            self.at(n.child_by_field_name("type")),
            self.expr(n.child_by_field_name("value")),
            n.start_byte,
        )

    def sizeof(self, n: Any) -> Any:
        value = n.child_by_field_name("value")
        if value is not None:
            return ir.Call(ir.Name("sizeof"), [self.expr(value)], [], n.start_byte)
        return ir.Call(
            ir.Name("sizeof"), [ir.Const(self.at(n.child_by_field_name("type")))], [], n.start_byte
        )

    def initializer(self, n: Any) -> Any:
        return ir.Coll(
            "list",
            [(None, self.expr(c)) for c in n.named_children if c.type != "comment"],
            n.start_byte,
        )

    def lambda_(self, n: Any) -> Any:
        body = n.child_by_field_name("body")
        fn = ir.Function("lambda", [], self.body(body), n.start_byte, n.end_byte)
        return ir.Lambda(fn, n.start_byte)


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.name, "field_identifier": Lower.name, "type_identifier": Lower.name,
    "namespace_identifier": Lower.name, "this": Lower.name, "field_expression": Lower.field,
    "qualified_identifier": Lower.qualified, "call_expression": Lower.call,
    "string_literal": Lower.string, "concatenated_string": Lower.concatenated,
    "raw_string_literal": Lower.raw, "char_literal": Lower.char,
    "number_literal": Lower.num, "true": Lower.true, "false": Lower.false, "null": Lower.null,
    "nullptr": Lower.null, "subscript_expression": Lower.index,
    "binary_expression": Lower.binary, "unary_expression": Lower.unary,
    "pointer_expression": Lower.pointer, "update_expression": Lower.update,
    "conditional_expression": Lower.ternary, "assignment_expression": Lower.assign_expr,
    "parenthesized_expression": Lower.inner, "cast_expression": Lower.cast,
    "initializer_list": Lower.initializer, "compound_literal_expression": Lower.last,
    "sizeof_expression": Lower.sizeof, "comma_expression": Lower.comma,
    "new_expression": Lower.new, "delete_expression": Lower.delete,
    "lambda_expression": Lower.lambda_, "template_function": Lower.template_function,
    "condition_clause": Lower.condition, "co_await_expression": Lower.inner,
    "argument_list": Lower.initializer,
}  # fmt: skip

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "expression_statement": Lower.expression_statement, "declaration": Lower.declaration,
    "if_statement": Lower.if_, "for_statement": Lower.for_, "while_statement": Lower.while_,
    "for_range_loop": Lower.for_range, "do_statement": Lower.do_,
    "return_statement": Lower.return_, "compound_statement": Lower.block,
    "switch_statement": Lower.switch, "break_statement": Lower.jump,
    "continue_statement": Lower.jump, "goto_statement": Lower.goto,
    "labeled_statement": Lower.label, "function_definition": Lower.function,
    "preproc_def": Lower.define, "comment": Lower.skip, "preproc_include": Lower.include,
    "preproc_function_def": Lower.skip, "type_definition": Lower.skip,
    "struct_specifier": Lower.struct, "class_specifier": Lower.struct,
    "union_specifier": Lower.skip, "enum_specifier": Lower.enum,
    "namespace_definition": Lower.namespace, "using_declaration": Lower.skip,
    "alias_declaration": Lower.skip, "try_statement": Lower.try_,
    "throw_statement": Lower.throw, "template_declaration": Lower.namespace,
    "linkage_specification": Lower.namespace, "declaration_list": Lower.block,
    "preproc_call": Lower.skip, "preproc_ifdef": Lower.preproc, "preproc_if": Lower.preproc,
    "preproc_else": Lower.block, "preproc_elif": Lower.preproc, "else_clause": Lower.block,
    "field_declaration": Lower.declaration, "access_specifier": Lower.skip,
    "field_declaration_list": Lower.block,
}  # fmt: skip

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str, lang: str = "c") -> ir.Module:
    """Parse C or C++ and lower it; macros that do not parse are skipped over."""
    return Lower(text, lang).module()
