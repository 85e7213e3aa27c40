"""Go to IR."""

from __future__ import annotations

from typing import Any

from .. import ir
from ..values import words
from .common import Front, number, unescape

OPS = {"&&": "and", "||": "or"}


class Lower(Front):
    def types(self, n: Any, out: list[Any]) -> None:
        """A struct type becomes a pseudo-call with its fields, for rules about declarations."""
        for spec in n.named_children:
            t = spec.child_by_field_name("type")
            if t is None or t.type != "struct_type":
                continue
            name = self.at(spec.child_by_field_name("name"))
            items: list[tuple[Any, Any]] = []
            for holder in t.named_children:
                for f in holder.named_children:
                    if f.type != "field_declaration":
                        continue
                    tag = f.child_by_field_name("tag")
                    label = self.at(tag).strip('`"') if tag is not None else ""
                    kind = self.at(f.child_by_field_name("type"))
                    for fname in f.children_by_field_name("name"):
                        args = [
                            ir.Const(self.at(fname)),
                            ir.Const(label),
                            ir.Const(kind),
                            ir.Const(name),
                        ]
                        items.append(
                            (None, ir.Call(ir.Name("struct field"), args, [], f.start_byte))
                        )
            out.append(ir.Eval(ir.Coll("list", items, spec.start_byte), spec.start_byte))

    def labeled(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children[1:]:
            self.statement(c, out)

    def send(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Eval(ir.Other([self.expr(c) for c in n.named_children]), n.start_byte))

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            out.append(ir.Eval(self.expr(c), c.start_byte))

    def defer(self, n: Any, out: list[Any]) -> None:
        word = n.type.split("_")[0]
        call = self.expr(n.named_children[0])
        out.append(ir.Eval(call, n.start_byte))
        out.append(
            ir.Eval(
                ir.Call(
                    ir.Name(word),
                    [call] if type(call) is not ir.Call else [call.func],
                    [],
                    n.start_byte,
                )
            )
        )

    def inc(self, n: Any, out: list[Any]) -> None:
        op = "++" if n.type == "inc_statement" else "--"
        out.append(ir.Eval(ir.Un(op, self.expr(n.named_children[0]), n.start_byte), n.start_byte))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def return_(self, n: Any, out: list[Any]) -> None:
        kids = n.named_children
        value = self.expr(kids[0]) if kids else None
        out.append(ir.Return(value, n.start_byte))

    def expr_list(self, n: Any) -> Any:
        kids = [self.expr(c) for c in n.named_children]
        if len(kids) == 1:
            return kids[0]
        return ir.Coll("tuple", [(None, k) for k in kids], n.start_byte)

    def assign(self, n: Any, out: list[Any]) -> None:
        left = self.expr(n.child_by_field_name("left"))
        right = self.expr(n.child_by_field_name("right"))
        op_node = n.child_by_field_name("operator")
        op = self.at(op_node)[:-1].rstrip(":") if op_node is not None else ""
        if (
            type(left) is ir.Coll
            and type(right) is ir.Coll
            and not right.type
            and len(left.items) == len(right.items)
        ):
            for (_, a), (_, b) in zip(left.items, right.items, strict=True):
                out.append(ir.Assign(a, b, n.start_byte, op))
        else:
            if type(left) is ir.Coll:
                # `v, err := f()`: the first name is the result, the others are its error or ok
                first = left.items[0][1]
                out.append(ir.Assign(first, right, n.start_byte, op))
                for _, rest in left.items[1:]:
                    if type(rest) is ir.Name and rest.id == "_":
                        out.append(ir.Eval(ir.Call(ir.Name("ignored"), [first], [], n.start_byte)))
                    elif type(rest) is ir.Name and rest.id not in ("err", "ok"):
                        out.append(
                            ir.Assign(
                                rest,
                                first if type(first) is ir.Name and first.id != "_" else right,
                                n.start_byte,
                            )
                        )
            else:
                out.append(ir.Assign(left, right, n.start_byte, op))

    def vars(self, n: Any, out: list[Any]) -> None:
        for spec in n.named_children:
            if spec.type == "var_spec_list":
                self.vars(spec, out)
                continue
            if not spec.type.endswith("_spec"):
                continue
            value = spec.child_by_field_name("value")
            kind_node = spec.child_by_field_name("type")
            kind = self.at(kind_node) if kind_node is not None else ""
            values = [self.expr(c) for c in value.named_children] if value is not None else []
            names = spec.children_by_field_name("name")
            shared = n.parent is not None and n.parent.type == "source_file"
            for k, name in enumerate(names):
                unset = shared and self.at(name)[:1].isupper()
                empty = ir.Name("exported variable" if unset else "zero value")
                v = (
                    values[k]
                    if k < len(values)
                    else (values[0] if values else ir.Call(empty, [], []))
                )
                out.append(
                    ir.Assign(
                        ir.Name(self.at(name), name.start_byte),
                        v,
                        spec.start_byte,
                        "",
                        kind.lstrip("*"),
                    )
                )

    def if_(self, n: Any, out: list[Any]) -> None:
        init = n.child_by_field_name("initializer")
        if init is not None:
            self.statement(init, out)
        alt = n.child_by_field_name("alternative")
        other: list[Any] = []
        if alt is not None:
            self.statement(alt, other)
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.body(n.child_by_field_name("consequence")),
                other,
                n.start_byte,
            )
        )

    def for_(self, n: Any, out: list[Any]) -> None:
        body = self.body(n.child_by_field_name("body"))
        clause = n.named_children[0] if n.named_child_count > 1 else None
        while clause is not None and clause.type == "comment":
            clause = clause.next_named_sibling
        if clause is None or clause.type == "block":
            out.append(ir.Loop(None, body, n.start_byte))
        elif clause.type == "range_clause":
            left = clause.child_by_field_name("left")
            it = self.expr(clause.child_by_field_name("right"))
            if left is not None:
                names = [self.expr(c) for c in left.named_children]
                target = names[1] if len(names) > 1 else names[0]
                if len(names) == 1:
                    it = ir.Call(ir.Name("keys of"), [it], [])
                out.append(ir.Loop(None, body, n.start_byte, target, it))
            else:
                out.append(ir.Loop(None, body, n.start_byte, ir.Name("_"), it))
        elif clause.type == "for_clause":
            init = clause.child_by_field_name("initializer")
            if init is not None:
                self.statement(init, out)
            test = clause.child_by_field_name("condition")
            step: list[Any] = []
            update = clause.child_by_field_name("update")
            if update is not None:
                self.statement(update, step)
            out.append(
                ir.Loop(
                    self.expr(test) if test is not None else None, body, n.start_byte, step=step
                )
            )
        else:
            out.append(ir.Loop(self.expr(clause), body, n.start_byte))

    def switch(self, n: Any, out: list[Any]) -> None:
        init = n.child_by_field_name("initializer")
        if init is not None:
            self.statement(init, out)
        subject = n.child_by_field_name("value")
        cases: list[tuple[list[Any], list[Any]]] = []
        for c in n.named_children:
            if c.type == "expression_case":
                pats = [self.expr(x) for x in c.child_by_field_name("value").named_children]
                cases.append((pats, self.case_body(c)))
            elif c.type == "default_case":
                cases.append(([], self.case_body(c)))
        if subject is None:
            out.append(self.chain(cases, n.start_byte))
        else:
            out.append(ir.Switch(self.expr(subject), cases, n.start_byte))

    def chain(self, cases: list[tuple[list[Any], list[Any]]], pos: int) -> Any:
        """A switch without a subject is a chain of ifs."""
        other: list[Any] = []
        for pats, body in cases:
            if not pats:
                other = body
        for pats, body in reversed(cases):
            if pats:
                test = pats[0]
                for p in pats[1:]:
                    test = ir.Bin("or", test, p, pos)
                other = [ir.If(test, body, other, pos)]
        return ir.Block(other, pos)

    def case_body(self, c: Any) -> list[Any]:
        out: list[Any] = []
        value = c.child_by_field_name("value")
        for x in c.named_children:
            if value is None or x.start_byte != value.start_byte:
                self.statement(x, out)
        return out

    def type_switch(self, n: Any, out: list[Any]) -> None:
        value = n.child_by_field_name("value")
        alias = n.child_by_field_name("alias")
        if alias is not None and value is not None:
            out.append(ir.Assign(ir.Name(self.at(alias)), self.expr(value), n.start_byte))
        cases = [
            ([ir.Name("?")], self.case_body(c))
            for c in n.named_children
            if c.type in ("type_case", "default_case")
        ]
        out.append(ir.Switch(ir.Name("?"), cases, n.start_byte))

    def select(self, n: Any, out: list[Any]) -> None:
        cases = []
        for c in n.named_children:
            if c.type in ("communication_case", "default_case"):
                body: list[Any] = []
                for x in c.named_children:
                    self.statement(x, body)
                cases.append(([ir.Name("?")], body))
        out.append(ir.Switch(ir.Name("?"), cases, n.start_byte))

    def import_(self, n: Any, out: list[Any]) -> None:
        specs = [c for c in n.named_children if c.type == "import_spec"]
        for c in n.named_children:
            if c.type == "import_spec_list":
                specs += [x for x in c.named_children if x.type == "import_spec"]
        for spec in specs:
            path = self.at(spec.child_by_field_name("path")).strip('"`')
            name = spec.child_by_field_name("name")
            local = self.at(name) if name is not None else path.rsplit("/", 1)[-1]
            if local.startswith("v") and local[1:].isdigit():
                local = path.rsplit("/", 2)[-2]
            self.imports[local] = path.replace("/", "~")
            out.append(ir.Eval(ir.Call(ir.Name("import"), [ir.Const(path)], [], spec.start_byte)))

    def function(self, n: Any, out: list[Any]) -> None:
        name = self.at(n.child_by_field_name("name"))
        params = self.parameters(n.child_by_field_name("parameters"))
        recv = n.child_by_field_name("receiver")
        result = n.child_by_field_name("result")
        fn = ir.Function(
            name, (self.parameters(recv) if recv is not None else []) + params,
            self.body(n.child_by_field_name("body")), n.start_byte, n.end_byte,
            returns=self.at(result) if result is not None else "",
        )  # fmt: skip
        if recv is not None:
            for p in fn.params[:1]:
                p.marks = ("receiver",)
        out.append(ir.Def(fn, n.start_byte))

    def parameters(self, node: Any) -> list[ir.Param]:
        out: list[ir.Param] = []
        for c in node.named_children if node is not None else []:
            if c.type in ("parameter_declaration", "variadic_parameter_declaration"):
                kind = self.at(c.child_by_field_name("type")).lstrip("*")
                for name in c.children_by_field_name("name"):
                    out.append(ir.Param(self.at(name), kind, star=c.type[0] == "v"))
        return out

    # ---- expressions

    def name(self, n: Any) -> Any:
        return ir.Name(self.at(n), n.start_byte)

    def selector(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("operand")),
            self.at(n.child_by_field_name("field")),
            n.start_byte,
        )

    def qualified(self, n: Any) -> Any:
        return ir.Field(
            self.expr(n.child_by_field_name("package")),
            self.at(n.child_by_field_name("name")),
            n.start_byte,
        )

    def call(self, n: Any) -> Any:
        func_node = n.child_by_field_name("function")
        holder = n.child_by_field_name("arguments")
        args = [self.expr(c) for c in holder.named_children if c.type != "comment"]
        name = self.at(func_node)
        if (func_node.type == "slice_type" or name in CONVERSIONS) and len(args) == 1:
            return ir.Cast(name, args[0], n.start_byte)
        return ir.Call(self.expr(func_node), args, [], n.start_byte)

    def string(self, n: Any) -> Any:
        return ir.Const(unescape(self.at(n)[1:-1]), n.start_byte)

    def raw(self, n: Any) -> Any:
        return ir.Const(self.at(n)[1:-1], n.start_byte)

    def rune(self, n: Any) -> Any:
        return ir.Const(unescape(self.at(n)[1:-1]), n.start_byte)

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), n.start_byte)

    def true(self, n: Any) -> Any:
        return ir.Const(True, n.start_byte)

    def false(self, n: Any) -> Any:
        return ir.Const(False, n.start_byte)

    def nil(self, n: Any) -> Any:
        return ir.Const(None, n.start_byte)

    def index(self, n: Any) -> Any:
        return ir.Index(
            self.expr(n.child_by_field_name("operand")),
            self.expr(n.child_by_field_name("index")),
            n.start_byte,
        )

    def slice(self, n: Any) -> Any:
        low, high, cap = (n.child_by_field_name(f) for f in ("start", "end", "capacity"))
        return ir.Slice(
            self.expr(n.child_by_field_name("operand")),
            self.expr(low) if low is not None else None,
            self.expr(high) if high is not None else None,
            n.start_byte,
            self.expr(cap) if cap is not None else None,
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

    def inner(self, n: Any) -> Any:
        return self.expr(n.named_children[0]) if n.named_child_count else ir.Other([])

    def composite(self, n: Any) -> Any:
        kind_node = n.child_by_field_name("type")
        kind = self.at(kind_node)
        lit = self.literal_value(n.child_by_field_name("body"))
        if kind_node.type in ("qualified_type", "type_identifier"):
            lit.type, lit.kind = kind, "dict"
        elif kind_node.type == "map_type":
            lit.kind = "dict"
        return lit

    def literal_value(self, n: Any) -> Any:
        items: list[tuple[Any, Any]] = []
        keyed = False
        for c in n.named_children:
            if c.type == "keyed_element":
                kids = c.named_children
                key_node = (
                    kids[0].named_children[0]
                    if kids[0].type == "literal_element" and kids[0].named_child_count
                    else kids[0]
                )
                key = (
                    ir.Const(self.at(key_node))
                    if key_node.type == "identifier"
                    else self.expr(key_node)
                )
                items.append((key, self.expr(kids[-1])))
                keyed = True
            elif c.type != "comment":
                items.append((None, self.expr(c)))
        return ir.Coll("dict" if keyed else "list", items, n.start_byte)

    def func_literal(self, n: Any) -> Any:
        fn = ir.Function(
            "func", self.parameters(n.child_by_field_name("parameters")),
            self.body(n.child_by_field_name("body")), n.start_byte, n.end_byte,
        )  # fmt: skip
        return ir.Lambda(fn, n.start_byte)

    def conversion(self, n: Any) -> Any:
        return ir.Cast(
            self.at(n.child_by_field_name("type")),
            self.expr(n.child_by_field_name("operand")),
            n.start_byte,
        )

    def assertion(self, n: Any) -> Any:
        return ir.Cast(
            self.at(n.child_by_field_name("type")),
            self.expr(n.child_by_field_name("operand")),
            n.start_byte,
        )


CONVERSIONS = words(
    """
    int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr byte rune float32 float64
    string bool []byte []rune
    """
)


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.name,
    "field_identifier": Lower.name,
    "type_identifier": Lower.name,
    "package_identifier": Lower.name,
    "selector_expression": Lower.selector,
    "qualified_type": Lower.qualified,
    "call_expression": Lower.call,
    "interpreted_string_literal": Lower.string,
    "raw_string_literal": Lower.raw,
    "int_literal": Lower.num,
    "float_literal": Lower.num,
    "rune_literal": Lower.rune,
    "true": Lower.true,
    "false": Lower.false,
    "nil": Lower.nil,
    "index_expression": Lower.index,
    "slice_expression": Lower.slice,
    "binary_expression": Lower.binary,
    "unary_expression": Lower.unary,
    "parenthesized_expression": Lower.inner,
    "composite_literal": Lower.composite,
    "func_literal": Lower.func_literal,
    "type_conversion_expression": Lower.conversion,
    "type_assertion_expression": Lower.assertion,
    "expression_list": Lower.expr_list,
    "literal_element": Lower.inner,
    "literal_value": Lower.literal_value,
}

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "short_var_declaration": Lower.assign,
    "assignment_statement": Lower.assign,
    "var_declaration": Lower.vars,
    "const_declaration": Lower.vars,
    "expression_statement": Lower.expression_statement,
    "if_statement": Lower.if_,
    "for_statement": Lower.for_,
    "return_statement": Lower.return_,
    "block": Lower.block,
    "function_declaration": Lower.function,
    "method_declaration": Lower.function,
    "expression_switch_statement": Lower.switch,
    "type_switch_statement": Lower.type_switch,
    "select_statement": Lower.select,
    "go_statement": Lower.defer,
    "defer_statement": Lower.defer,
    "import_declaration": Lower.import_,
    "break_statement": Lower.jump,
    "continue_statement": Lower.jump,
    "inc_statement": Lower.inc,
    "dec_statement": Lower.inc,
    "comment": Lower.skip,
    "package_clause": Lower.skip,
    "type_declaration": Lower.types,
    "labeled_statement": Lower.labeled,
    "send_statement": Lower.send,
    "statement_list": Lower.block,
}

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str) -> ir.Module:
    return Lower(text, "go").module()
