"""Java to IR."""

from __future__ import annotations

from typing import Any

from .. import ir
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or"}


class Lower(Front):
    # ---- statements

    def sync(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            self.statement(c, out)

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        e = n.named_children[0] if n.named_child_count else None
        if e is None:
            return
        if e.type == "assignment_expression":
            op = self.at(e.child_by_field_name("operator"))[:-1]
            out.append(
                ir.Assign(
                    self.expr(e.child_by_field_name("left")),
                    self.expr(e.child_by_field_name("right")), e.start_byte, op,
                )
            )  # fmt: skip
        else:
            out.append(ir.Eval(self.expr(e), e.start_byte))

    def declaration(self, n: Any, out: list[Any]) -> None:
        kind = self.type_name(n.child_by_field_name("type"))
        for d in n.children_by_field_name("declarator"):
            value = d.child_by_field_name("value")
            name = ir.Name(self.at(d.child_by_field_name("name")), d.start_byte)
            lowered = self.expr(value) if value is not None else None
            if lowered is None:
                lowered = ir.Cast(kind, ir.Const(None) if kind[:1].isupper() else ir.Name("?"))
            out.append(ir.Assign(name, lowered, d.start_byte, "", kind))

    def type_name(self, t: Any) -> str:
        if t is None:
            return ""
        return self.at(t).split("<", 1)[0].strip()

    def if_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("consequence")),
                self.one(n.child_by_field_name("alternative")), n.start_byte,
            )
        )  # fmt: skip

    def for_(self, n: Any, out: list[Any]) -> None:
        for init in n.children_by_field_name("init"):
            self.statement(init, out)
        test = n.child_by_field_name("condition")
        step = [ir.Eval(self.expr(u)) for u in n.children_by_field_name("update")]
        out.append(
            ir.Loop(
                self.expr(test) if test is not None else None,
                self.one(n.child_by_field_name("body")), n.start_byte, step=step,
            )
        )  # fmt: skip

    def foreach(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                None, self.one(n.child_by_field_name("body")), n.start_byte,
                ir.Name(self.at(n.child_by_field_name("name"))),
                self.expr(n.child_by_field_name("value")),
            )
        )  # fmt: skip

    def while_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")), n.start_byte,
            )
        )  # fmt: skip

    def do_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")), n.start_byte, post=True,
            )
        )  # fmt: skip

    def return_(self, n: Any, out: list[Any]) -> None:
        kids = n.named_children
        out.append(ir.Return(self.expr(kids[0]) if kids else None, n.start_byte))

    def throw(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("throw", self.expr(n.named_children[0]), n.start_byte))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def try_(self, n: Any, out: list[Any]) -> None:
        body: list[Any] = []
        res = n.child_by_field_name("resources")
        if res is not None:
            for r in res.named_children:
                name, value = r.child_by_field_name("name"), r.child_by_field_name("value")
                if name is not None and value is not None:
                    kind = self.type_name(r.child_by_field_name("type"))
                    body.append(
                        ir.Assign(ir.Name(self.at(name)), self.expr(value), r.start_byte, "", kind)
                    )
                elif r.named_child_count:
                    body.append(ir.Eval(self.expr(r.named_children[-1])))
        body += self.body(n.child_by_field_name("body"))
        handlers: list[list[Any]] = []
        final: list[Any] = []
        for c in n.named_children:
            if c.type == "catch_clause":
                inner: list[Any] = []
                for p in c.named_children:
                    if p.type == "catch_formal_parameter":
                        name = p.child_by_field_name("name")
                        if name is not None:
                            inner.append(
                                ir.Assign(
                                    ir.Name(self.at(name)), ir.Call(ir.Name("caught"), [], [])
                                )
                            )
                handlers.append(inner + self.body(c.child_by_field_name("body")))
            elif c.type == "finally_clause":
                final = self.body(c.named_children[0])
        out.append(ir.Try(body, handlers, final, n.start_byte))

    def switch(self, n: Any, out: list[Any]) -> None:
        cases, falls = self.cases(n)
        out.append(
            ir.Switch(self.expr(n.child_by_field_name("condition")), cases, n.start_byte, falls)
        )

    def cases(self, n: Any) -> tuple[list[tuple[list[Any], list[Any]]], bool]:
        cases: list[tuple[list[Any], list[Any]]] = []
        falls = True
        for g in n.child_by_field_name("body").named_children:
            pats: list[Any] = []
            body: list[Any] = []
            default = False
            if g.type == "switch_rule":
                falls = False
            for c in g.named_children:
                if c.type == "switch_label":
                    if c.named_child_count == 0:
                        default = True
                    pats += [self.expr(x) for x in c.named_children]
                else:
                    self.statement(c, body)
            cases.append(([] if default else pats, body))
        return cases, falls

    def switch_expr(self, n: Any) -> Any:
        """A switch used as a value joins what its arms yield."""
        cases, _ = self.cases(n)
        arms = [s.value for _, body in cases for s in body if type(s) in (ir.Eval, ir.Return)]
        out: Any = ir.Other([])
        for a in arms:
            out = ir.Cond(ir.Name("?"), a, out) if type(out) is not ir.Other or out.parts else a
        return out

    def import_(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type in ("scoped_identifier", "identifier"):
                qual = self.at(c)
                self.imports[qual.rsplit(".", 1)[-1]] = qual

    def class_(self, n: Any, out: list[Any]) -> None:
        name = self.at(n.child_by_field_name("name"))
        sup = n.child_by_field_name("superclass")
        bases = [self.type_name(c) for c in sup.named_children] if sup is not None else []
        outer, self.cls = self.cls, name
        body = self.body(n.child_by_field_name("body"))
        self.cls = outer
        inner = [s for s in body if type(s) is ir.ClassDef]
        out.extend(inner)  # nested classes are reachable by their bare name
        out.append(
            ir.ClassDef(
                name,
                bases,
                [s for s in body if type(s) is not ir.ClassDef],
                n.start_byte,
                self.marks(n),
            )
        )

    def marks(self, n: Any) -> list[Any]:
        out: list[Any] = []
        for c in n.named_children:
            if c.type == "modifiers":
                for m in c.named_children:
                    if m.type in ("annotation", "marker_annotation"):
                        name = ir.Name(self.at(m.child_by_field_name("name")))
                        args = m.child_by_field_name("arguments")
                        given = (
                            [self.expr(a) for a in args.named_children] if args is not None else []
                        )
                        out.append(ir.Call(name, given, [], m.start_byte))
        return out

    def method(self, n: Any, out: list[Any]) -> None:
        name = self.at(n.child_by_field_name("name"))
        params: list[ir.Param] = []
        holder = n.child_by_field_name("parameters")
        for p in holder.named_children if holder is not None else []:
            if p.type in ("formal_parameter", "spread_parameter"):
                ident = p.child_by_field_name("name")
                if ident is None:
                    decl = [c for c in p.named_children if c.type == "variable_declarator"]
                    ident = decl[0].child_by_field_name("name") if decl else None
                if ident is None:
                    continue
                kind = self.type_name(p.child_by_field_name("type"))
                marks = tuple(m.func.id for m in self.marks(p))
                params.append(ir.Param(self.at(ident), kind, marks=marks))
        body_node = n.child_by_field_name("body")
        outer, self.cls = self.cls, ""
        body = self.body(body_node)
        self.cls = outer
        fn = ir.Function(name, params, body, n.start_byte, n.end_byte, self.marks(n), outer)
        out.append(ir.Def(fn, n.start_byte))

    # ---- expressions

    def name(self, n: Any) -> Any:
        return ir.Name(self.at(n), n.start_byte)

    def generic(self, n: Any) -> Any:
        return ir.Name(self.type_name(n), n.start_byte)

    def dotted(self, n: Any) -> Any:
        parts = self.at(n).split("<")[0].split(".")
        out: Any = ir.Name(parts[0], n.start_byte)
        for p in parts[1:]:
            out = ir.Field(out, p, n.start_byte)
        return out

    def field(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("object")),
            self.at(n.child_by_field_name("field")),
            n.start_byte,
        )

    def args(self, n: Any) -> list[Any]:
        holder = n.child_by_field_name("arguments")
        if holder is None:
            return []
        return [self.expr(c) for c in holder.named_children if not c.type.endswith("comment")]

    def call(self, n: Any) -> Any:
        name = self.at(n.child_by_field_name("name"))
        obj = n.child_by_field_name("object")
        func: Any = (
            ir.Field(self.expr(obj), name, n.start_byte)
            if obj is not None
            else ir.Name(name, n.start_byte)
        )
        return ir.Call(func, self.args(n), [], n.start_byte)

    def new(self, n: Any) -> Any:
        kind = n.child_by_field_name("type")
        body = [c for c in n.named_children if c.type == "class_body"]
        args = self.args(n)
        if body:
            inner: list[Any] = []
            for c in body[0].named_children:
                self.statement(c, inner)
            for d in inner:
                if type(d) is ir.Def:
                    args.append(ir.Lambda(d.fn, d.pos))
        return ir.Call(self.dotted(kind), args, [], n.start_byte, True)

    def string(self, n: Any) -> Any:
        text = self.at(n)
        if text.startswith('"""'):
            return ir.Const(text[3:-3], n.start_byte)
        return ir.Const(unescape(text[1:-1]), n.start_byte)

    def char(self, n: Any) -> Any:
        return ir.Const(unescape(self.at(n)[1:-1]), n.start_byte)

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), n.start_byte)

    def true(self, n: Any) -> Any:
        return ir.Const(True, n.start_byte)

    def false(self, n: Any) -> Any:
        return ir.Const(False, n.start_byte)

    def null(self, n: Any) -> Any:
        return ir.Const(None, n.start_byte)

    def index(self, n: Any) -> Any:
        return ir.Index(
            self.expr(n.child_by_field_name("array")),
            self.expr(n.child_by_field_name("index")),
            n.start_byte,
        )

    def binary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Bin(
            OPS.get(op, op), self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")), n.start_byte,
        )  # fmt: skip

    def unary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Un(
            "not" if op == "!" else op, self.expr(n.child_by_field_name("operand")), n.start_byte
        )

    def update(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Un("++" if "++" in text else "--", self.expr(n.named_children[0]), n.start_byte)

    def ternary(self, n: Any) -> Any:
        return ir.Cond(
            self.expr(n.child_by_field_name("condition")),
            self.expr(n.child_by_field_name("consequence")),
            self.expr(n.child_by_field_name("alternative")),
            n.start_byte,
        )

    def assign_expr(self, n: Any) -> Any:
        return ir.Let(
            self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")),
            n.start_byte,
        )

    def inner(self, n: Any) -> Any:
        return self.expr(n.named_children[0]) if n.named_child_count else ir.Other([])

    def cast(self, n: Any) -> Any:
        return ir.Cast(
            self.type_name(n.child_by_field_name("type")),
            self.expr(n.child_by_field_name("value")),
            n.start_byte,
        )

    def array(self, n: Any) -> Any:
        return ir.Coll(
            "list",
            [(None, self.expr(c)) for c in n.named_children if not c.type.endswith("comment")],
            n.start_byte,
        )

    def new_array(self, n: Any) -> Any:
        value = n.child_by_field_name("value")
        if value is not None:
            return self.array(value)
        return ir.Call(
            ir.Name("new[]"), [self.expr(c) for c in n.named_children[1:]], [], n.start_byte
        )

    def lambda_(self, n: Any) -> Any:
        params = n.child_by_field_name("parameters")
        names = [params] if params.type == "identifier" else [
            c.child_by_field_name("name") or c for c in params.named_children]  # fmt: skip
        body = n.child_by_field_name("body")
        lowered = (
            self.body(body)
            if body.type == "block"
            else [ir.Return(self.expr(body), body.start_byte)]
        )
        fn = ir.Function(
            "lambda", [ir.Param(self.at(p)) for p in names], lowered, n.start_byte, n.end_byte
        )
        return ir.Lambda(fn, n.start_byte)


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.name, "type_identifier": Lower.name, "this": Lower.name,
    "super": Lower.name, "field_access": Lower.field, "scoped_identifier": Lower.dotted,
    "scoped_type_identifier": Lower.dotted, "method_invocation": Lower.call,
    "object_creation_expression": Lower.new, "string_literal": Lower.string,
    "decimal_integer_literal": Lower.num, "hex_integer_literal": Lower.num,
    "octal_integer_literal": Lower.num, "binary_integer_literal": Lower.num,
    "decimal_floating_point_literal": Lower.num, "character_literal": Lower.char,
    "true": Lower.true, "false": Lower.false, "null_literal": Lower.null,
    "array_access": Lower.index, "binary_expression": Lower.binary,
    "unary_expression": Lower.unary, "update_expression": Lower.update,
    "ternary_expression": Lower.ternary, "assignment_expression": Lower.assign_expr,
    "parenthesized_expression": Lower.inner, "cast_expression": Lower.cast,
    "array_initializer": Lower.array, "array_creation_expression": Lower.new_array,
    "lambda_expression": Lower.lambda_, "class_literal": Lower.dotted,
    "method_reference": Lower.other, "instanceof_expression": Lower.other,
    "switch_expression": Lower.switch_expr, "generic_type": Lower.generic,
}  # fmt: skip

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "expression_statement": Lower.expression_statement,
    "local_variable_declaration": Lower.declaration, "field_declaration": Lower.declaration,
    "if_statement": Lower.if_, "for_statement": Lower.for_,
    "enhanced_for_statement": Lower.foreach, "while_statement": Lower.while_,
    "do_statement": Lower.do_, "return_statement": Lower.return_, "block": Lower.block,
    "try_statement": Lower.try_, "try_with_resources_statement": Lower.try_,
    "throw_statement": Lower.throw, "break_statement": Lower.jump,
    "continue_statement": Lower.jump, "switch_statement": Lower.switch,
    "switch_expression": Lower.switch, "class_declaration": Lower.class_,
    "interface_declaration": Lower.class_, "enum_declaration": Lower.class_,
    "record_declaration": Lower.class_, "method_declaration": Lower.method,
    "constructor_declaration": Lower.method, "import_declaration": Lower.import_,
    "package_declaration": Lower.skip, "line_comment": Lower.skip,
    "block_comment": Lower.skip, "synchronized_statement": Lower.sync,
    "labeled_statement": Lower.sync, "static_initializer": Lower.sync,
    "constructor_body": Lower.block, "class_body": Lower.block,
    "explicit_constructor_invocation": Lower.skip, "yield_statement": Lower.return_,
    "enum_body": Lower.block, "enum_body_declarations": Lower.block,
    "interface_body": Lower.block, "local_class_declaration": Lower.sync,
}  # fmt: skip

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str) -> ir.Module:
    return Lower(text, "java").module()
