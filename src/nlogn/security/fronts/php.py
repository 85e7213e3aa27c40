"""PHP to IR. A variable keeps its dollar: `$_GET` and a constant `_GET` are two things."""

from __future__ import annotations

from typing import Any

from .. import ir
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or", "??": "or", "===": "==", "!==": "!=", "<>": "!=", "xor": "or"}


class Lower(Front):
    def __init__(self, text: str) -> None:
        super().__init__(text if "<?" in text else "<?php\n" + text, "php")
        self.shift = 0 if "<?" in text else len("<?php\n")
        self.bases: dict[str, str] = {}

    def pos(self, n: Any) -> int:
        return max(0, int(n.start_byte) - self.shift)

    def namespace(self, n: Any, out: list[Any]) -> None:
        body = n.child_by_field_name("body")
        if body is not None:
            out.extend(self.body(body))

    def use(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type == "namespace_use_clause":
                qual = self.at(c.named_children[0]).strip("\\").replace("\\", ".")
                alias = c.child_by_field_name("alias")
                self.imports[self.at(alias) if alias is not None else qual.rsplit(".", 1)[-1]] = (
                    qual
                )

    def const(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type == "const_element":
                kids = c.named_children
                out.append(ir.Assign(ir.Name(self.at(kids[0])), self.expr(kids[-1]), self.pos(c)))

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for e in n.named_children:
            if e.type in ("assignment_expression", "reference_assignment_expression"):
                out.append(
                    ir.Assign(
                        self.expr(e.child_by_field_name("left")),
                        self.expr(e.child_by_field_name("right")), self.pos(e),
                    )
                )  # fmt: skip
            elif e.type == "augmented_assignment_expression":
                op = self.at(e.child_by_field_name("operator"))[:-1]
                out.append(
                    ir.Assign(
                        self.expr(e.child_by_field_name("left")),
                        self.expr(e.child_by_field_name("right")), self.pos(e), OPS.get(op, op),
                    )
                )  # fmt: skip
            elif e.type != "comment":
                out.append(ir.Eval(self.expr(e), self.pos(e)))

    def echo(self, n: Any, out: list[Any]) -> None:
        args = []
        for c in n.named_children:
            args += (
                [self.expr(x) for x in c.named_children]
                if c.type == "sequence_expression"
                else [self.expr(c)]
            )
        out.append(ir.Eval(ir.Call(ir.Name("echo"), args, [], self.pos(n)), self.pos(n)))

    def print_(self, n: Any) -> Any:
        return ir.Call(ir.Name("echo"), [self.expr(c) for c in n.named_children], [], self.pos(n))

    def include(self, n: Any) -> Any:
        return ir.Call(
            ir.Name("include"), [self.expr(c) for c in n.named_children], [], self.pos(n)
        )

    def shell(self, n: Any) -> Any:
        return ir.Call(ir.Name("shell_exec"), [self.encapsed(n)], [], self.pos(n))

    def exit_(self, n: Any, out: list[Any]) -> None:
        args = [self.expr(c) for c in n.named_children]
        if args:
            out.append(ir.Eval(ir.Call(ir.Name("echo"), args, [], self.pos(n)), self.pos(n)))
        out.append(ir.Jump("exit", None, self.pos(n)))

    def exit_expr(self, n: Any) -> Any:
        return ir.Call(ir.Name("exit"), [self.expr(c) for c in n.named_children], [], self.pos(n))

    def if_(self, n: Any, out: list[Any]) -> None:
        other: list[Any] = []
        for alt in reversed(n.children_by_field_name("alternative")):
            if alt.type == "else_clause":
                other = self.one(alt.child_by_field_name("body"))
            else:
                other = [
                    ir.If(
                        self.expr(alt.child_by_field_name("condition")),
                        self.one(alt.child_by_field_name("body")), other, self.pos(alt),
                    )
                ]  # fmt: skip
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")),
                other,
                self.pos(n),
            )
        )

    def for_(self, n: Any, out: list[Any]) -> None:
        init = n.child_by_field_name("initialize")
        if init is not None:
            out.append(ir.Eval(self.expr(init)))
        test = n.child_by_field_name("condition")
        step = n.child_by_field_name("update")
        body: list[Any] = []
        for b in n.children_by_field_name("body"):
            self.statement(b, body)
        out.append(
            ir.Loop(
                self.expr(test) if test is not None else None, body, self.pos(n),
                step=[ir.Eval(self.expr(step))] if step is not None else [],
            )
        )  # fmt: skip

    def foreach(self, n: Any, out: list[Any]) -> None:
        kids = [c for c in n.named_children if c.type != "comment"]
        body = n.child_by_field_name("body")
        heads = [k for k in kids if body is None or k.start_byte != body.start_byte]
        target = heads[1] if len(heads) > 1 else None
        if target is None:
            return
        pre: list[Any] = []
        it = self.expr(heads[0])
        if target.type == "pair":
            key, target = target.named_children[0], target.named_children[-1]
            pre.append(ir.Assign(self.expr(key), ir.Call(ir.Name("keys of"), [it], [])))
        out.extend(pre)
        out.append(ir.Loop(None, self.one(body), self.pos(n), self.expr(target), it))

    def while_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")),
                self.pos(n),
            )
        )

    def do_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.one(n.child_by_field_name("body")),
                self.pos(n),
                post=True,
            )
        )

    def return_(self, n: Any, out: list[Any]) -> None:
        kids = n.named_children
        out.append(ir.Return(self.expr(kids[0]) if kids else None, self.pos(n)))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, self.pos(n)))

    def try_(self, n: Any, out: list[Any]) -> None:
        handlers, final = [], []
        for c in n.named_children:
            if c.type == "catch_clause":
                name = c.child_by_field_name("name")
                inner: list[Any] = []
                if name is not None:
                    inner.append(ir.Assign(self.expr(name), ir.Call(ir.Name("caught"), [], [])))
                handlers.append(inner + self.body(c.child_by_field_name("body")))
            elif c.type == "finally_clause":
                final = self.body(c.child_by_field_name("body"))
        out.append(ir.Try(self.body(n.child_by_field_name("body")), handlers, final, self.pos(n)))

    def switch(self, n: Any, out: list[Any]) -> None:
        cases: list[tuple[list[Any], list[Any]]] = []
        for c in n.child_by_field_name("body").named_children:
            value = c.child_by_field_name("value")
            body: list[Any] = []
            for x in c.named_children:
                if value is None or x.start_byte != value.start_byte:
                    self.statement(x, body)
            cases.append(([self.expr(value)] if value is not None else [], body))
        out.append(
            ir.Switch(self.expr(n.child_by_field_name("condition")), cases, self.pos(n), True)
        )

    def match(self, n: Any) -> Any:
        out: Any = None
        for c in n.child_by_field_name("body").named_children:
            arm = self.expr(c.named_children[-1])
            out = arm if out is None else ir.Cond(ir.Name("?"), arm, out)
        return out if out is not None else ir.Const(None)

    def class_(self, n: Any, out: list[Any]) -> None:
        name = self.at(n.child_by_field_name("name"))
        bases = []
        for c in n.named_children:
            if c.type == "base_clause":
                bases += [self.at(x).strip("\\") for x in c.named_children]
        body_node = n.child_by_field_name("body")
        for c in body_node.named_children if body_node is not None else []:
            if c.type == "use_declaration":
                bases += [self.at(x).strip("\\") for x in c.named_children]
        outer, self.cls = self.cls, name
        self.bases[name] = bases[0] if bases else ""
        body = self.body(body_node)
        self.cls = outer
        out.append(ir.ClassDef(name, bases, body, self.pos(n)))

    def property(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type == "property_element":
                kids = c.named_children
                value = self.expr(kids[-1]) if len(kids) > 1 else ir.Const(None)
                out.append(ir.Assign(ir.Name(self.at(kids[0]).lstrip("$")), value, self.pos(c)))

    def method(self, n: Any, out: list[Any]) -> None:
        self.function(n, out, self.cls)

    def function(self, n: Any, out: list[Any], cls: str = "") -> None:
        outer, self.cls = self.cls, cls or self.cls
        body = self.body(n.child_by_field_name("body"))
        self.cls = outer
        promoted: list[Any] = []
        params = self.parameters(n, promoted)
        ret = n.child_by_field_name("return_type")
        doc = ""
        prev = n.prev_named_sibling
        if prev is not None and prev.type == "comment":
            doc = self.at(prev)
        fn = ir.Function(
            self.at(n.child_by_field_name("name")),
            params,
            promoted + body,
            self.pos(n),
            n.end_byte - self.shift,
            cls=cls,
            doc=doc,
            returns=self.at(ret) if ret is not None else "",
        )
        out.append(ir.Def(fn, self.pos(n)))

    def parameters(self, n: Any, promoted: list[Any]) -> list[ir.Param]:
        out: list[ir.Param] = []
        holder = n.child_by_field_name("parameters")
        for p in holder.named_children if holder is not None else []:
            name = p.child_by_field_name("name")
            if name is None:
                continue
            t = p.child_by_field_name("type")
            d = p.child_by_field_name("default_value")
            text = self.at(name)
            out.append(
                ir.Param(
                    text, self.at(t).lstrip("?") if t is not None else "",
                    self.expr(d) if d is not None else None, p.type == "variadic_parameter",
                )
            )  # fmt: skip
            if p.type == "property_promotion_parameter":
                promoted.append(
                    ir.Assign(
                        ir.Field(ir.Name("this"), text.lstrip("$")), ir.Name(text), self.pos(p)
                    )
                )
        return out

    # ---- expressions

    def variable(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Name("this" if text == "$this" else text, self.pos(n))

    def dynamic(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], self.pos(n))

    def name(self, n: Any) -> Any:
        text = self.at(n)
        if text in ("self", "static"):
            return ir.Name(self.cls or text, self.pos(n))
        if text == "parent":
            return ir.Name(self.bases.get(self.cls) or text, self.pos(n))
        return ir.Name(text, self.pos(n))

    def qualified(self, n: Any) -> Any:
        return ir.Name(self.at(n).strip("\\").rsplit("\\", 1)[-1], self.pos(n))

    def string(self, n: Any) -> Any:
        text = self.at(n)
        return ir.Const(text[1:-1].replace("\\'", "'").replace("\\\\", "\\"), self.pos(n))

    def encapsed(self, n: Any) -> Any:
        pieces: list[Any] = []
        holder = n
        if n.type == "heredoc":
            holder = n.child_by_field_name("value") or n
        for c in holder.named_children:
            if c.type in ("string_content", "string_value", "escape_sequence"):
                pieces.append(ir.Const(unescape(self.at(c)), self.pos(c)))
            elif c.type not in ("heredoc_start", "heredoc_end"):
                pieces.append(self.expr(c))
        if all(type(p) is ir.Const for p in pieces):
            return ir.Const("".join(str(p.value) for p in pieces), self.pos(n))
        return ir.Template(pieces, self.pos(n))

    def nowdoc(self, n: Any) -> Any:
        return ir.Const(self.at(n), self.pos(n))

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), self.pos(n))

    def boolean(self, n: Any) -> Any:
        return ir.Const(self.at(n).lower() == "true", self.pos(n))

    def null(self, n: Any) -> Any:
        return ir.Const(None, self.pos(n))

    def member(self, n: Any) -> Any:
        name = n.child_by_field_name("name")
        obj = self.expr(n.child_by_field_name("object"))
        if name.type != "name":
            return ir.Index(obj, self.expr(name), self.pos(n))
        return ir.Field(obj, self.at(name), self.pos(n))

    def scoped_prop(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("scope")),
            self.at(n.child_by_field_name("name")).lstrip("$"),
            self.pos(n),
        )

    def class_const(self, n: Any) -> Any:
        kids = n.named_children
        return ir.Field(self.expr(kids[0]), self.at(kids[-1]), self.pos(n))

    def subscript(self, n: Any) -> Any:
        kids = n.named_children
        return ir.Index(
            self.expr(kids[0]), self.expr(kids[1]) if len(kids) > 1 else None, self.pos(n)
        )

    def args(self, n: Any) -> tuple[list[Any], list[tuple[str, Any]]]:
        holder = n.child_by_field_name("arguments")
        args: list[Any] = []
        kwargs: list[tuple[str, Any]] = []
        for c in holder.named_children if holder is not None else []:
            if c.type != "argument":
                continue
            name = c.child_by_field_name("name")
            kids = c.named_children
            if not kids:
                continue
            value = self.expr(kids[-1])
            if name is not None:
                kwargs.append((self.at(name), value))
            else:
                args.append(value)
        return args, kwargs

    def call(self, n: Any) -> Any:
        args, kwargs = self.args(n)
        return ir.Call(self.expr(n.child_by_field_name("function")), args, kwargs, self.pos(n))

    def member_call(self, n: Any) -> Any:
        args, kwargs = self.args(n)
        func = ir.Field(
            self.expr(n.child_by_field_name("object")),
            self.at(n.child_by_field_name("name")),
            self.pos(n),
        )
        return ir.Call(func, args, kwargs, self.pos(n))

    def scoped_call(self, n: Any) -> Any:
        args, kwargs = self.args(n)
        func = ir.Field(
            self.expr(n.child_by_field_name("scope")),
            self.at(n.child_by_field_name("name")),
            self.pos(n),
        )
        return ir.Call(func, args, kwargs, self.pos(n))

    def new(self, n: Any) -> Any:
        kids = n.named_children
        args: list[Any] = []
        kwargs: list[tuple[str, Any]] = []
        for c in kids:
            if c.type == "arguments":
                args = [
                    self.expr(a.named_children[-1])
                    for a in c.named_children
                    if a.type == "argument" and a.named_child_count
                ]
        return ir.Call(
            self.expr(kids[0]) if kids else ir.Name("?"), args, kwargs, self.pos(n), True
        )

    def binary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Bin(
            OPS.get(op, op), self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")), self.pos(n),
        )  # fmt: skip

    def unary(self, n: Any) -> Any:
        op = n.children[0].type
        return ir.Un("not" if op == "!" else op, self.expr(n.named_children[-1]), self.pos(n))

    def update(self, n: Any) -> Any:
        return ir.Un(
            "++" if "++" in self.at(n) else "--", self.expr(n.named_children[0]), self.pos(n)
        )

    def ternary(self, n: Any) -> Any:
        test = self.expr(n.child_by_field_name("condition"))
        body = n.child_by_field_name("body")
        other = self.expr(n.child_by_field_name("alternative"))
        return ir.Cond(test, self.expr(body) if body is not None else test, other, self.pos(n))

    def assign_expr(self, n: Any) -> Any:
        return ir.Let(
            self.expr(n.child_by_field_name("left")),
            self.expr(n.child_by_field_name("right")),
            self.pos(n),
        )

    def aug_expr(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))[:-1]
        left = self.expr(n.child_by_field_name("left"))
        return ir.Let(
            left,
            ir.Bin(OPS.get(op, op), left, self.expr(n.child_by_field_name("right")), self.pos(n)),
        )

    def inner(self, n: Any) -> Any:
        kids = [c for c in n.named_children if c.type != "comment"]
        return self.expr(kids[0]) if kids else ir.Other([])

    def cast(self, n: Any) -> Any:
        kind = self.at(n.child_by_field_name("type")).strip().lower()
        return ir.Cast(kind, self.expr(n.child_by_field_name("value")), self.pos(n))

    def array(self, n: Any) -> Any:
        items: list[tuple[Any, Any]] = []
        keyed = False
        for c in n.named_children:
            if c.type != "array_element_initializer":
                continue
            kids = c.named_children
            if len(kids) == 2:
                items.append((self.expr(kids[0]), self.expr(kids[1])))
                keyed = True
            elif kids:
                items.append((None, self.expr(kids[0])))
        return ir.Coll("dict" if keyed else "list", items, self.pos(n))

    def list_literal(self, n: Any) -> Any:
        return ir.Coll("list", [(None, self.expr(c)) for c in n.named_children], self.pos(n))

    def closure(self, n: Any) -> Any:
        body_node = n.child_by_field_name("body")
        if n.type == "arrow_function":
            body = [ir.Return(self.expr(body_node), self.pos(n))]
        else:
            body = self.body(body_node)
        fn = ir.Function(
            "function", self.parameters(n, []), body, self.pos(n), n.end_byte - self.shift
        )
        return ir.Lambda(fn, self.pos(n))


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "variable_name": Lower.variable,
    "name": Lower.name,
    "qualified_name": Lower.qualified,
    "dynamic_variable_name": Lower.dynamic,
    "string": Lower.string,
    "encapsed_string": Lower.encapsed,
    "heredoc": Lower.encapsed,
    "nowdoc": Lower.nowdoc,
    "integer": Lower.num,
    "float": Lower.num,
    "boolean": Lower.boolean,
    "null": Lower.null,
    "member_access_expression": Lower.member,
    "nullsafe_member_access_expression": Lower.member,
    "scoped_property_access_expression": Lower.scoped_prop,
    "class_constant_access_expression": Lower.class_const,
    "subscript_expression": Lower.subscript,
    "function_call_expression": Lower.call,
    "member_call_expression": Lower.member_call,
    "nullsafe_member_call_expression": Lower.member_call,
    "scoped_call_expression": Lower.scoped_call,
    "object_creation_expression": Lower.new,
    "binary_expression": Lower.binary,
    "unary_op_expression": Lower.unary,
    "update_expression": Lower.update,
    "conditional_expression": Lower.ternary,
    "assignment_expression": Lower.assign_expr,
    "reference_assignment_expression": Lower.assign_expr,
    "augmented_assignment_expression": Lower.aug_expr,
    "parenthesized_expression": Lower.inner,
    "cast_expression": Lower.cast,
    "array_creation_expression": Lower.array,
    "list_literal": Lower.list_literal,
    "anonymous_function": Lower.closure,
    "anonymous_function_creation_expression": Lower.closure,
    "arrow_function": Lower.closure,
    "print_intrinsic": Lower.print_,
    "include_expression": Lower.include,
    "include_once_expression": Lower.include,
    "require_expression": Lower.include,
    "require_once_expression": Lower.include,
    "shell_command_expression": Lower.shell,
    "exit_statement": Lower.exit_expr,
    "error_suppression_expression": Lower.inner,
    "clone_expression": Lower.inner,
    "argument": Lower.inner,
    "match_expression": Lower.match,
    "throw_expression": Lower.inner,
    "by_ref": Lower.inner,
    "relative_scope": Lower.name,
    "yield_expression": Lower.inner,
}

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "expression_statement": Lower.expression_statement,
    "echo_statement": Lower.echo,
    "if_statement": Lower.if_,
    "for_statement": Lower.for_,
    "foreach_statement": Lower.foreach,
    "while_statement": Lower.while_,
    "do_statement": Lower.do_,
    "return_statement": Lower.return_,
    "compound_statement": Lower.block,
    "colon_block": Lower.block,
    "try_statement": Lower.try_,
    "break_statement": Lower.jump,
    "continue_statement": Lower.jump,
    "switch_statement": Lower.switch,
    "class_declaration": Lower.class_,
    "trait_declaration": Lower.class_,
    "interface_declaration": Lower.class_,
    "enum_declaration": Lower.class_,
    "function_definition": Lower.function,
    "method_declaration": Lower.method,
    "property_declaration": Lower.property,
    "comment": Lower.skip,
    "php_tag": Lower.skip,
    "namespace_use_declaration": Lower.use,
    "namespace_definition": Lower.namespace,
    "global_declaration": Lower.skip,
    "function_static_declaration": Lower.skip,
    "unset_statement": Lower.skip,
    "text": Lower.skip,
    "exit_statement": Lower.exit_,
    "declaration_list": Lower.block,
    "const_declaration": Lower.const,
    "text_interpolation": Lower.skip,
}

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str) -> ir.Module:
    return Lower(text).module()
