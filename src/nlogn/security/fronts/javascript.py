"""JavaScript and TypeScript to IR."""

from __future__ import annotations

import re
from typing import Any

from .. import ir
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or", "??": "or", "===": "==", "!==": "!="}


class Lower(Front):
    def __init__(self, text: str, lang: str) -> None:
        super().__init__(text, lang)
        self.lang = "javascript"  # to the rules, whichever grammar read it

    def export(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            self.statement(c, out)

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for e in n.named_children:
            self.effect(e, out)

    def effect(self, e: Any, out: list[Any]) -> None:
        if e.type == "assignment_expression":
            right = e.child_by_field_name("right")
            if right.type == "assignment_expression":
                self.effect(right, out)
                right = right.child_by_field_name("left")
            out.append(
                ir.Assign(self.expr(e.child_by_field_name("left")), self.expr(right), e.start_byte)
            )
        elif e.type == "augmented_assignment_expression":
            op = self.at(e.child_by_field_name("operator"))[:-1]
            out.append(
                ir.Assign(
                    self.expr(e.child_by_field_name("left")),
                    self.expr(e.child_by_field_name("right")), e.start_byte, OPS.get(op, op),
                )
            )  # fmt: skip
        elif e.type == "sequence_expression":
            for c in e.named_children:
                self.effect(c, out)
        elif e.type != "comment":
            out.append(ir.Eval(self.expr(e), e.start_byte))

    def declaration(self, n: Any, out: list[Any]) -> None:
        for d in n.named_children:
            if d.type != "variable_declarator":
                continue
            name, value = d.child_by_field_name("name"), d.child_by_field_name("value")
            if value is None:
                continue
            lowered = self.expr(value)
            required = self.required(lowered)
            if required is not None:
                if name.type == "identifier":
                    self.imports[self.at(name)] = required
                    out.append(ir.Eval(lowered, d.start_byte))
                    continue
                if name.type == "object_pattern":
                    for c in name.named_children:
                        if c.type == "pair_pattern":
                            kids = c.named_children
                            self.imports[self.at(kids[-1])] = f"{required}.{self.at(kids[0])}"
                        else:
                            self.imports[self.at(c)] = f"{required}.{self.at(c)}"
                    out.append(ir.Eval(lowered, d.start_byte))
                    continue
            if name.type == "object_pattern":
                self.unpack(name, lowered, out)
                continue
            if type(lowered) is ir.Lambda and name.type == "identifier":
                lowered.fn.name = self.at(name)
                out.append(ir.Def(lowered.fn, d.start_byte))
                continue
            kind = d.child_by_field_name("type")
            out.append(
                ir.Assign(
                    self.expr(name),
                    lowered,
                    d.start_byte,
                    "",
                    self.at(kind).lstrip(": ") if kind is not None else "",
                )
            )

    def unpack(self, pattern: Any, value: Any, out: list[Any]) -> None:
        """`const {a, b: c} = v` is `a = v.a; c = v.b`."""
        for c in pattern.named_children:
            if c.type == "pair_pattern":
                kids = c.named_children
                key, target = self.at(kids[0]), kids[-1]
                if target.type == "object_pattern":
                    self.unpack(target, ir.Field(value, key, c.start_byte), out)
                    continue
                out.append(
                    ir.Assign(self.target(target), ir.Field(value, key, c.start_byte), c.start_byte)
                )
            elif c.type == "rest_pattern":
                out.append(ir.Assign(ir.Name(self.at(c).lstrip(".")), value, c.start_byte))
            else:
                t = self.target(c)
                if type(t) is ir.Name:
                    out.append(ir.Assign(t, ir.Field(value, t.id, c.start_byte), c.start_byte))

    def target(self, n: Any) -> Any:
        if n.type in ("object_assignment_pattern", "assignment_pattern"):
            return self.expr(n.named_children[0])
        return self.expr(n)

    def required(self, e: Any) -> str | None:
        """The module that `require("m")`, or a member of it, names."""
        plain = type(e) is ir.Call and type(e.func) is ir.Name and e.func.id == "require"
        if plain and e.args and type(e.args[0]) is ir.Const:
            return module_name(str(e.args[0].value))
        if type(e) is ir.Field:
            inner = self.required(e.obj)
            return f"{inner}.{e.name}" if inner else None
        if type(e) is ir.Call and not e.args and type(e.func) is ir.Call:
            return None
        return None

    def if_(self, n: Any, out: list[Any]) -> None:
        alt = n.child_by_field_name("alternative")
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("consequence")),
                self.body(alt) if alt is not None else [], n.start_byte,
            )
        )  # fmt: skip

    def for_(self, n: Any, out: list[Any]) -> None:
        init = n.child_by_field_name("initializer")
        if init is not None:
            self.statement(init, out)
        test = n.child_by_field_name("condition")
        step_node = n.child_by_field_name("increment")
        step: list[Any] = []
        if step_node is not None:
            self.effect(step_node, step)
        has = test is not None and test.type != "empty_statement"
        inner = test
        if has and test.type == "expression_statement":
            inner = test.named_children[0]
        out.append(
            ir.Loop(
                self.expr(inner) if has else None,
                self.one(n.child_by_field_name("body")),
                n.start_byte,
                step=step,
            )
        )

    def for_in(self, n: Any, out: list[Any]) -> None:
        right = self.expr(n.child_by_field_name("right"))
        if any(c.type == "in" for c in n.children):
            right = ir.Call(ir.Name("keys of"), [right], [])
        out.append(
            ir.Loop(
                None, self.one(n.child_by_field_name("body")), n.start_byte,
                self.expr(n.child_by_field_name("left")), right,
            )
        )  # fmt: skip

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

    def throw(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("throw", self.expr(n.named_children[0]), n.start_byte))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def try_(self, n: Any, out: list[Any]) -> None:
        handler = n.child_by_field_name("handler")
        final = n.child_by_field_name("finalizer")
        handlers = []
        if handler is not None:
            inner: list[Any] = []
            p = handler.child_by_field_name("parameter")
            if p is not None and p.type == "identifier":
                inner.append(ir.Assign(ir.Name(self.at(p)), ir.Call(ir.Name("caught"), [], [])))
            handlers.append(inner + self.body(handler.child_by_field_name("body")))
        out.append(
            ir.Try(
                self.body(n.child_by_field_name("body")),
                handlers,
                self.body(final.named_children[0])
                if final is not None and final.named_child_count
                else [],
                n.start_byte,
            )
        )

    def switch(self, n: Any, out: list[Any]) -> None:
        cases: list[tuple[list[Any], list[Any]]] = []
        for c in n.child_by_field_name("body").named_children:
            body: list[Any] = []
            value = c.child_by_field_name("value")
            for x in c.named_children:
                if value is None or x.start_byte != value.start_byte:
                    self.statement(x, body)
            cases.append(([self.expr(value)] if value is not None else [], body))
        out.append(ir.Switch(self.expr(n.child_by_field_name("value")), cases, n.start_byte, True))

    def import_(self, n: Any, out: list[Any]) -> None:
        source = n.child_by_field_name("source")
        if source is None:
            return
        module = module_name(self.at(source)[1:-1])
        for c in n.named_children:
            if c.type != "import_clause":
                continue
            for x in c.named_children:
                if x.type == "identifier":
                    self.imports[self.at(x)] = module
                elif x.type == "namespace_import":
                    self.imports[self.at(x.named_children[0])] = module
                elif x.type == "named_imports":
                    for spec in x.named_children:
                        name = self.at(spec.child_by_field_name("name"))
                        alias = spec.child_by_field_name("alias")
                        self.imports[self.at(alias) if alias is not None else name] = (
                            f"{module}.{name}"
                        )
        out.append(ir.Eval(ir.Call(ir.Name("require"), [ir.Const(module)], [], n.start_byte)))

    def class_(self, n: Any, out: list[Any]) -> None:
        name_node = n.child_by_field_name("name")
        name = self.at(name_node) if name_node is not None else "class"
        bases = [
            self.at(x)
            for c in n.named_children
            if c.type == "class_heritage"
            for x in c.named_children
        ]
        outer, self.cls = self.cls, name
        body = self.body(n.child_by_field_name("body"))
        self.cls = outer
        out.append(ir.ClassDef(name, bases, body, n.start_byte))

    def class_expr(self, n: Any) -> Any:
        inner: list[Any] = []
        self.class_(n, inner)
        return ir.Name(inner[0].name)

    def field_def(self, n: Any, out: list[Any]) -> None:
        value = n.child_by_field_name("value")
        prop = n.child_by_field_name("property") or n.child_by_field_name("name")
        if value is not None and prop is not None:
            out.append(ir.Assign(ir.Name(self.at(prop)), self.expr(value), n.start_byte))

    def method(self, n: Any, out: list[Any]) -> None:
        outer, self.cls = self.cls, ""
        fn = ir.Function(
            self.at(n.child_by_field_name("name")), self.parameters(n),
            self.body(n.child_by_field_name("body")), n.start_byte, n.end_byte, cls=outer,
        )  # fmt: skip
        self.cls = outer
        out.append(ir.Def(fn, n.start_byte))

    def function(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Def(self.make(n), n.start_byte))

    def make(self, n: Any) -> ir.Function:
        name = n.child_by_field_name("name")
        body = n.child_by_field_name("body")
        outer, self.cls = self.cls, ""
        if body is not None and body.type == "statement_block":
            lowered = self.body(body)
        else:
            lowered = [ir.Return(self.expr(body), n.start_byte)] if body is not None else []
        self.cls = outer
        prelude: list[Any] = []
        params = self.parameters(n, prelude)
        return ir.Function(
            self.at(name) if name is not None else "function",
            params,
            prelude + lowered,
            n.start_byte,
            n.end_byte,
        )

    def parameters(self, n: Any, prelude: list[Any] | None = None) -> list[ir.Param]:
        single = n.child_by_field_name("parameter")
        if single is not None:
            return [ir.Param(self.at(single))]
        out: list[ir.Param] = []
        holder = n.child_by_field_name("parameters")
        for c in holder.named_children if holder is not None else []:
            kind = ""
            node = c
            default = None
            if c.type in ("required_parameter", "optional_parameter"):
                t = c.child_by_field_name("type")
                kind = self.at(t).lstrip(": ") if t is not None else ""
                node = c.child_by_field_name("pattern")
                value = c.child_by_field_name("value")
                default = self.expr(value) if value is not None else None
            if node is None or node.type == "comment":
                continue
            if node.type == "assignment_pattern":
                default = self.expr(node.child_by_field_name("right"))
                node = node.child_by_field_name("left")
            if node.type == "identifier":
                out.append(ir.Param(self.at(node), kind, default))
            elif node.type == "rest_pattern":
                out.append(ir.Param(self.at(node).lstrip("."), kind, star=True))
            else:
                name = f"{{{len(out)}}}"
                out.append(ir.Param(name, kind, default))
                if prelude is not None and node.type == "object_pattern":
                    self.unpack(node, ir.Name(name), prelude)
        return out

    # ---- expressions

    def name(self, n: Any) -> Any:
        return ir.Name(self.at(n), n.start_byte)

    def member(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("object")),
            self.at(n.child_by_field_name("property")),
            n.start_byte,
        )

    def call(self, n: Any) -> Any:
        func = self.expr(n.child_by_field_name("function"))
        holder = n.child_by_field_name("arguments")
        if holder is not None and holder.type == "template_string":
            return ir.Call(func, [self.template(holder)], [], n.start_byte)
        args = (
            [self.expr(c) for c in holder.named_children if c.type != "comment"]
            if holder is not None
            else []
        )
        return ir.Call(func, args, [], n.start_byte)

    def new(self, n: Any) -> Any:
        func = self.expr(n.child_by_field_name("constructor"))
        holder = n.child_by_field_name("arguments")
        args = (
            [self.expr(c) for c in holder.named_children if c.type != "comment"]
            if holder is not None
            else []
        )
        return ir.Call(func, args, [], n.start_byte, True)

    def string(self, n: Any) -> Any:
        return ir.Const(unescape(self.at(n)[1:-1]), n.start_byte)

    def template(self, n: Any) -> Any:
        pieces: list[Any] = []
        last = n.start_byte + 1
        for c in n.named_children:
            if c.type == "template_substitution":
                text = self.src.text[last : c.start_byte]
                if text:
                    pieces.append(ir.Const(unescape(text), last))
                pieces.append(
                    self.expr(c.named_children[0]) if c.named_child_count else ir.Const("")
                )
                last = c.end_byte
        tail = self.src.text[last : n.end_byte - 1]
        if tail or not pieces:
            pieces.append(ir.Const(unescape(tail), last))
        if len(pieces) == 1 and type(pieces[0]) is ir.Const:
            return pieces[0]
        return ir.Template(pieces, n.start_byte)

    def regex(self, n: Any) -> Any:
        pattern = n.child_by_field_name("pattern")
        text = self.at(pattern) if pattern is not None else self.at(n)
        return ir.Call(ir.Name("RegExp"), [ir.Const(text)], [], n.start_byte, True)

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), n.start_byte)

    def true(self, n: Any) -> Any:
        return ir.Const(True, n.start_byte)

    def false(self, n: Any) -> Any:
        return ir.Const(False, n.start_byte)

    def null(self, n: Any) -> Any:
        return ir.Const(None, n.start_byte)

    def subscript(self, n: Any) -> Any:
        return ir.Index(
            self.expr(n.child_by_field_name("object")),
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
        arg = self.expr(n.child_by_field_name("argument"))
        if op in ("typeof", "void", "delete"):
            return ir.Call(ir.Name(op), [arg], [], n.start_byte)
        return ir.Un("not" if op == "!" else op, arg, n.start_byte)

    def update(self, n: Any) -> Any:
        return ir.Un(
            self.at(n.child_by_field_name("operator")),
            self.expr(n.child_by_field_name("argument")),
            n.start_byte,
        )

    def ternary(self, n: Any) -> Any:
        return ir.Cond(
            self.expr(n.child_by_field_name("condition")),
            self.expr(n.child_by_field_name("consequence")),
            self.expr(n.child_by_field_name("alternative")),
            n.start_byte,
        )

    def assign_expr(self, n: Any) -> Any:
        right = self.expr(n.child_by_field_name("right"))
        left = self.expr(n.child_by_field_name("left"))
        if n.type[0] == "a" and n.type[1] == "u":
            op = self.at(n.child_by_field_name("operator"))[:-1]
            right = ir.Bin(OPS.get(op, op), left, right, n.start_byte)
        return ir.Let(left, right, n.start_byte)

    def inner(self, n: Any) -> Any:
        kids = [c for c in n.named_children if c.type != "comment"]
        return self.expr(kids[0]) if kids else ir.Other([])

    def first(self, n: Any) -> Any:
        return self.expr(n.named_children[0])

    def last(self, n: Any) -> Any:
        return self.expr(n.named_children[-1])

    def sequence(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], n.start_byte)

    def default_pattern(self, n: Any) -> Any:
        return self.expr(n.named_children[0])

    def spread(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], n.start_byte)

    def array(self, n: Any) -> Any:
        return ir.Coll(
            "list",
            [(None, self.expr(c)) for c in n.named_children if c.type != "comment"],
            n.start_byte,
        )

    def object(self, n: Any) -> Any:
        items: list[tuple[Any, Any]] = []
        for c in n.named_children:
            if c.type in ("pair", "pair_pattern"):
                kids = [k for k in c.named_children if k.type != "comment"]
                key = kids[0]
                if key.type in ("property_identifier", "number"):
                    k: Any = ir.Const(self.at(key))
                elif key.type == "computed_property_name":
                    k = self.expr(key.named_children[0])
                else:
                    k = self.expr(key)
                items.append((k, self.expr(kids[-1])))
            elif c.type in (
                "shorthand_property_identifier",
                "shorthand_property_identifier_pattern",
            ):
                items.append((ir.Const(self.at(c)), self.name(c)))
            elif c.type == "method_definition":
                fn = self.make(c)
                items.append((ir.Const(fn.name), ir.Lambda(fn, c.start_byte)))
            elif c.type in ("spread_element", "rest_pattern"):
                items.append((None, self.expr(c)))
        return ir.Coll("dict", items, n.start_byte)

    def function_expr(self, n: Any) -> Any:
        return ir.Lambda(self.make(n), n.start_byte)

    def jsx(self, n: Any) -> Any:
        """`<a href={x}>` as a call of pseudo-function jsx with its attributes as keywords."""
        args: list[Any] = []
        kwargs: list[tuple[str, Any]] = []
        opening = n.child_by_field_name("open_tag") or n
        for c in opening.named_children:
            if c.type == "jsx_attribute":
                kids = c.named_children
                if len(kids) > 1:
                    kwargs.append((self.at(kids[0]), self.expr(kids[1])))
        for c in n.named_children:
            if c.type in ("jsx_expression", "jsx_element", "jsx_self_closing_element"):
                args.append(self.expr(c))
        return ir.Call(ir.Name("jsx"), args, kwargs, n.start_byte)


def module_name(text: str) -> str:
    """`node:fs/promises` and `./lib/db` as dotted names without dots of their own."""
    text = text.removeprefix("node:")
    return re.sub(r"[^\w@-]+", "~", text).strip("~")


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.name, "property_identifier": Lower.name, "this": Lower.name,
    "super": Lower.name, "shorthand_property_identifier": Lower.name,
    "private_property_identifier": Lower.name, "type_identifier": Lower.name,
    "shorthand_property_identifier_pattern": Lower.name,
    "member_expression": Lower.member, "call_expression": Lower.call,
    "new_expression": Lower.new, "string": Lower.string, "template_string": Lower.template,
    "number": Lower.num, "true": Lower.true, "false": Lower.false, "null": Lower.null,
    "undefined": Lower.null, "regex": Lower.regex, "subscript_expression": Lower.subscript,
    "binary_expression": Lower.binary, "unary_expression": Lower.unary,
    "update_expression": Lower.update, "ternary_expression": Lower.ternary,
    "assignment_expression": Lower.assign_expr,
    "augmented_assignment_expression": Lower.assign_expr,
    "parenthesized_expression": Lower.inner, "await_expression": Lower.inner,
    "array": Lower.array, "array_pattern": Lower.array, "object": Lower.object,
    "object_pattern": Lower.object, "arrow_function": Lower.function_expr,
    "function_expression": Lower.function_expr, "function": Lower.function_expr,
    "generator_function": Lower.function_expr, "spread_element": Lower.spread,
    "rest_pattern": Lower.spread, "as_expression": Lower.first,
    "satisfies_expression": Lower.first, "non_null_expression": Lower.first,
    "assignment_pattern": Lower.default_pattern, "sequence_expression": Lower.sequence,
    "type_assertion": Lower.last, "yield_expression": Lower.inner, "class": Lower.class_expr,
    "jsx_element": Lower.jsx, "jsx_self_closing_element": Lower.jsx,
    "object_assignment_pattern": Lower.default_pattern, "jsx_expression": Lower.inner,
}  # fmt: skip

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "expression_statement": Lower.expression_statement,
    "variable_declaration": Lower.declaration,
    "lexical_declaration": Lower.declaration,
    "if_statement": Lower.if_,
    "for_statement": Lower.for_,
    "for_in_statement": Lower.for_in,
    "while_statement": Lower.while_,
    "do_statement": Lower.do_,
    "return_statement": Lower.return_,
    "statement_block": Lower.block,
    "try_statement": Lower.try_,
    "throw_statement": Lower.throw,
    "break_statement": Lower.jump,
    "continue_statement": Lower.jump,
    "switch_statement": Lower.switch,
    "class_declaration": Lower.class_,
    "abstract_class_declaration": Lower.class_,
    "function_declaration": Lower.function,
    "generator_function_declaration": Lower.function,
    "method_definition": Lower.method,
    "field_definition": Lower.field_def,
    "public_field_definition": Lower.field_def,
    "import_statement": Lower.import_,
    "export_statement": Lower.export,
    "comment": Lower.skip,
    "empty_statement": Lower.skip,
    "interface_declaration": Lower.skip,
    "type_alias_declaration": Lower.skip,
    "labeled_statement": Lower.export,
    "class_body": Lower.block,
}

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str, lang: str = "javascript") -> ir.Module:
    return Lower(text, lang).module()
