"""Python to IR."""

from __future__ import annotations

from typing import Any

from .. import ir
from ..walk import walk
from .common import Front, number, unescape

BOOL = {"and": "and", "or": "or"}


class Lower(Front):
    # ---- statements

    def any_statement(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Eval(ir.Other([self.expr(c) for c in n.named_children]), n.start_byte))

    def exec_(self, n: Any, out: list[Any]) -> None:
        args = [self.expr(c) for c in n.named_children]
        out.append(ir.Eval(ir.Call(ir.Name("exec"), args, [], n.start_byte), n.start_byte))

    def expression_statement(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            kind = c.type
            if kind == "assignment":
                self.assignment(c, out)
            elif kind == "augmented_assignment":
                op = self.at(c.child_by_field_name("operator"))[:-1]
                out.append(
                    ir.Assign(
                        self.expr(c.child_by_field_name("left")),
                        self.expr(c.child_by_field_name("right")), c.start_byte, op,
                    )
                )  # fmt: skip
            elif kind != "comment":
                out.append(ir.Eval(self.expr(c), c.start_byte))

    def assignment(self, c: Any, out: list[Any]) -> None:
        right = c.child_by_field_name("right")
        left = c.child_by_field_name("left")
        declared = c.child_by_field_name("type")
        if right is None:
            return
        if right.type == "assignment":
            self.assignment(right, out)
            value = self.expr(right.child_by_field_name("left"))
        else:
            value = self.expr(right)
        kind = self.at(declared) if declared is not None else ""
        out.append(ir.Assign(self.expr(left), value, c.start_byte, "", kind))

    def if_(self, n: Any, out: list[Any]) -> None:
        other: list[Any] = []
        alternatives = n.children_by_field_name("alternative")
        for alt in reversed(alternatives):
            if alt.type == "else_clause":
                other = self.body(alt.child_by_field_name("body"))
            else:
                other = [
                    ir.If(
                        self.expr(alt.child_by_field_name("condition")),
                        self.body(alt.child_by_field_name("consequence")), other, alt.start_byte,
                    )
                ]  # fmt: skip
        out.append(
            ir.If(
                self.expr(n.child_by_field_name("condition")),
                self.body(n.child_by_field_name("consequence")), other, n.start_byte,
            )
        )  # fmt: skip

    def for_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                None, self.body(n.child_by_field_name("body")), n.start_byte,
                self.expr(n.child_by_field_name("left")), self.expr(n.child_by_field_name("right")),
            )
        )  # fmt: skip
        alt = n.child_by_field_name("alternative")
        if alt is not None:
            out.extend(self.body(alt.child_by_field_name("body")))

    def while_(self, n: Any, out: list[Any]) -> None:
        out.append(
            ir.Loop(
                self.expr(n.child_by_field_name("condition")),
                self.body(n.child_by_field_name("body")), n.start_byte,
            )
        )  # fmt: skip

    def return_(self, n: Any, out: list[Any]) -> None:
        c = n.named_children
        out.append(ir.Return(self.expr(c[0]) if c else None, n.start_byte))

    def raise_(self, n: Any, out: list[Any]) -> None:
        c = n.named_children
        out.append(ir.Jump("throw", self.expr(c[0]) if c else None, n.start_byte))

    def jump(self, n: Any, out: list[Any]) -> None:
        out.append(ir.Jump("break" if n.type[0] == "b" else "continue", None, n.start_byte))

    def assert_(self, n: Any, out: list[Any]) -> None:
        c = n.named_children
        if c:
            test = self.expr(c[0])
            named = [x for x in walk(test) if type(x) is ir.Name]
            fails = ir.Call(ir.Name("failed assertion"), named, [], n.start_byte)
            out.append(ir.If(test, [], [ir.Jump("throw", fails)], n.start_byte))

    def try_(self, n: Any, out: list[Any]) -> None:
        body: list[Any] = []
        handlers: list[list[Any]] = []
        final: list[Any] = []
        after: list[Any] = []
        for c in n.named_children:
            kind = c.type
            if kind == "block":
                body = self.body(c)
            elif kind in ("except_clause", "except_group_clause"):
                inner: list[Any] = []
                for b in c.named_children:
                    if b.type == "block":
                        inner += self.body(b)
                    elif b.type == "as_pattern":
                        alias = b.child_by_field_name("alias")
                        if alias is not None:
                            name = self.at(alias)
                            inner.append(
                                ir.Assign(ir.Name(name), ir.Call(ir.Name("caught"), [], []))
                            )
                handlers.append(inner)
            elif kind == "else_clause":
                after = self.body(c.child_by_field_name("body"))
            elif kind == "finally_clause":
                for b in c.named_children:
                    final += self.body(b)
        out.append(ir.Try(body + after, handlers, final, n.start_byte))

    def with_(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type != "with_clause":
                continue
            for item in c.named_children:
                value = item.named_children[0] if item.named_child_count else None
                if value is None:
                    continue
                if value.type == "as_pattern":
                    kids = value.named_children
                    target = self.expr(kids[-1].named_children[0]) if kids[-1].named_child_count \
                        else ir.Name(self.at(kids[-1]))  # fmt: skip
                    out.append(ir.Assign(target, self.expr(kids[0]), value.start_byte))
                else:
                    out.append(ir.Eval(self.expr(value), value.start_byte))
        out.extend(self.body(n.child_by_field_name("body")))

    def match(self, n: Any, out: list[Any]) -> None:
        subject = self.expr(n.child_by_field_name("subject"))
        cases: list[tuple[list[Any], list[Any]]] = []
        for c in n.child_by_field_name("body").named_children:
            if c.type != "case_clause":
                continue
            pats: list[Any] = []
            wild = False
            for p in c.named_children:
                if p.type == "case_pattern":
                    text = self.at(p).strip()
                    wild = wild or text == "_"
                    pats += self.patterns(p)
            cases.append(([] if wild else pats, self.body(c.child_by_field_name("consequence"))))
        out.append(ir.Switch(subject, cases, n.start_byte))

    def patterns(self, p: Any) -> list[Any]:
        if p.type in ("case_pattern", "union_pattern") and p.named_child_count:
            return [x for c in p.named_children for x in self.patterns(c)]
        if p.type == "dotted_name":
            return [ir.Name("?")]
        return [self.expr(p)]

    def decorated(self, n: Any, out: list[Any]) -> None:
        marks = [self.expr(c.named_children[0]) for c in n.named_children
                 if c.type == "decorator" and c.named_child_count]  # fmt: skip
        d = n.child_by_field_name("definition")
        if d.type == "function_definition":
            self.function(d, out, marks)
        else:
            self.class_(d, out, marks)

    def function(self, n: Any, out: list[Any], marks: list[Any] | None = None) -> None:
        name = self.at(n.child_by_field_name("name"))
        outer, self.cls = self.cls, ""
        body_node = n.child_by_field_name("body")
        body = self.body(body_node)
        self.cls = outer
        doc = ""
        if body and type(body[0]) is ir.Eval and type(body[0].value) is ir.Const:
            doc = str(body[0].value.value)
        fn = ir.Function(
            name, self.parameters(n.child_by_field_name("parameters")), body, n.start_byte,
            n.end_byte, marks or [], outer, doc,
        )  # fmt: skip
        out.append(ir.Def(fn, n.start_byte))

    def parameters(self, node: Any) -> list[ir.Param]:
        out: list[ir.Param] = []
        if node is None:
            return out
        for c in node.named_children:
            kind = c.type
            if kind == "identifier":
                out.append(ir.Param(self.at(c)))
            elif kind == "default_parameter":
                out.append(
                    ir.Param(
                        self.at(c.child_by_field_name("name")), "",
                        self.expr(c.child_by_field_name("value")),
                    )
                )  # fmt: skip
            elif kind in ("typed_parameter", "typed_default_parameter"):
                name = c.child_by_field_name("name") or c.named_children[0]
                value = c.child_by_field_name("value")
                t = c.child_by_field_name("type")
                out.append(
                    ir.Param(
                        self.at(name).lstrip("*"), self.at(t) if t is not None else "",
                        self.expr(value) if value is not None else None,
                        name.type.endswith("splat_pattern"),
                    )
                )  # fmt: skip
            elif kind in ("list_splat_pattern", "dictionary_splat_pattern"):
                out.append(ir.Param(self.at(c).lstrip("*"), star=True))
        return out

    def class_(self, n: Any, out: list[Any], marks: list[Any] | None = None) -> None:
        name = self.at(n.child_by_field_name("name"))
        supers = n.child_by_field_name("superclasses")
        bases = [self.at(c) for c in supers.named_children] if supers is not None else []
        outer, self.cls = self.cls, name
        body = self.body(n.child_by_field_name("body"))
        self.cls = outer
        out.append(ir.ClassDef(name, bases, body, n.start_byte, marks or []))

    def import_(self, n: Any, out: list[Any]) -> None:
        for c in n.named_children:
            if c.type == "aliased_import":
                qual = self.at(c.child_by_field_name("name"))
                self.imports[self.at(c.child_by_field_name("alias"))] = qual
            else:
                qual = self.at(c)
                head = qual.split(".", 1)[0]
                self.imports[head] = head
            out.append(ir.Eval(ir.Call(ir.Name("import"), [ir.Const(qual)], [], c.start_byte)))

    def import_from(self, n: Any, out: list[Any]) -> None:
        module = n.child_by_field_name("module_name")
        base = self.at(module).lstrip(".")
        for c in n.children_by_field_name("name"):
            if c.type == "aliased_import":
                name = self.at(c.child_by_field_name("name"))
                alias = self.at(c.child_by_field_name("alias"))
            else:
                name = alias = self.at(c)
            self.imports[alias] = f"{base}.{name}" if base else name
        star = any(c.type == "wildcard_import" for c in n.named_children)
        if star:
            for name in STAR.get(base, ()):
                self.imports.setdefault(name, f"{base}.{name}")
        out.append(ir.Eval(ir.Call(ir.Name("import"), [ir.Const(base)], [], n.start_byte)))

    # ---- expressions

    def identifier(self, n: Any) -> Any:
        return ir.Name(self.at(n), n.start_byte)

    def attribute(self, n: Any) -> Any:
        kids = n.named_children
        return ir.Field(self.expr(kids[0]), self.at(kids[-1]), n.start_byte)

    def call(self, n: Any) -> Any:
        func = self.expr(n.child_by_field_name("function"))
        args: list[Any] = []
        kwargs: list[tuple[str, Any]] = []
        holder = n.child_by_field_name("arguments")
        if holder.type == "generator_expression":
            args.append(self.expr(holder))
        else:
            for c in holder.named_children:
                kind = c.type
                if kind == "keyword_argument":
                    kids = c.named_children
                    kwargs.append((self.at(kids[0]), self.expr(kids[-1])))
                elif kind == "dictionary_splat":
                    kwargs.append(("**", self.expr(c.named_children[0])))
                elif kind != "comment":
                    args.append(self.expr(c))
        return ir.Call(func, args, kwargs, n.start_byte)

    def string(self, n: Any) -> Any:
        kids = n.children
        prefix = self.at(kids[0]).rstrip("'\"").lower()
        raw = "r" in prefix
        if n.named_child_count > 2 or "f" in prefix:
            pieces: list[Any] = []
            for c in kids:
                kind = c.type
                if kind == "string_content":
                    text = self.at(c)
                    if "f" in prefix:
                        text = text.replace("{{", "{").replace("}}", "}")
                    pieces.append(ir.Const(text if raw else unescape(text), c.start_byte))
                elif kind == "interpolation":
                    pieces.append(
                        self.expr(c.named_children[0]) if c.named_child_count else ir.Const("")
                    )
            if all(type(p) is ir.Const for p in pieces):
                return ir.Const("".join(str(p.value) for p in pieces), n.start_byte)
            return ir.Template(pieces, n.start_byte)
        text = self.src.text[kids[0].end_byte : kids[-1].start_byte] if len(kids) > 1 else ""
        value: Any = text if raw else unescape(text)
        if "b" in prefix:
            value = value.encode("latin-1", "replace")
        return ir.Const(value, n.start_byte)

    def concatenated(self, n: Any) -> Any:
        pieces = [self.expr(c) for c in n.named_children if c.type != "comment"]
        return ir.Template(pieces, n.start_byte)

    def num(self, n: Any) -> Any:
        return ir.Const(number(self.at(n)), n.start_byte)

    def true(self, n: Any) -> Any:
        return ir.Const(True, n.start_byte)

    def false(self, n: Any) -> Any:
        return ir.Const(False, n.start_byte)

    def none(self, n: Any) -> Any:
        return ir.Const(None, n.start_byte)

    def subscript(self, n: Any) -> Any:
        obj = self.expr(n.child_by_field_name("value"))
        keys = n.children_by_field_name("subscript")
        key = keys[0] if keys else None
        if key is not None and key.type == "slice":
            low = high = None
            seen = 0
            for c in key.children:
                if c.type == ":":
                    seen += 1
                elif c.is_named and seen == 0:
                    low = self.expr(c)
                elif c.is_named and seen == 1:
                    high = self.expr(c)
            return ir.Slice(obj, low, high, n.start_byte)
        return ir.Index(obj, self.expr(key) if key is not None else None, n.start_byte)

    def binary(self, n: Any) -> Any:
        op = self.at(n.child_by_field_name("operator"))
        return ir.Bin(
            op, self.expr(n.child_by_field_name("left")), self.expr(n.child_by_field_name("right")),
            n.start_byte,
        )  # fmt: skip

    def comparison(self, n: Any) -> Any:
        kids = [c for c in n.children if c.type != "comment"]
        out: Any = None
        left = self.expr(kids[0])
        k = 1
        while k + 1 < len(kids):
            op = kids[k].type
            right = self.expr(kids[k + 1])
            one = ir.Bin("!=" if op == "<>" else op, left, right, n.start_byte)
            out = one if out is None else ir.Bin("and", out, one, n.start_byte)
            left = right
            k += 2
        return out if out is not None else left

    def not_(self, n: Any) -> Any:
        return ir.Un("not", self.expr(n.child_by_field_name("argument")), n.start_byte)

    def unary(self, n: Any) -> Any:
        return ir.Un(n.children[0].type, self.expr(n.child_by_field_name("argument")), n.start_byte)

    def conditional(self, n: Any) -> Any:
        kids = n.named_children
        return ir.Cond(self.expr(kids[1]), self.expr(kids[0]), self.expr(kids[2]), n.start_byte)

    def sequence(self, n: Any) -> Any:
        kind = "list" if n.type in ("list", "list_pattern") else "tuple"
        return ir.Coll(
            kind, [(None, self.expr(c)) for c in n.named_children if c.type != "comment"],
            n.start_byte,
        )  # fmt: skip

    def dictionary(self, n: Any) -> Any:
        items: list[tuple[Any, Any]] = []
        for c in n.named_children:
            if c.type == "pair":
                kids = c.named_children
                items.append((self.expr(kids[0]), self.expr(kids[-1])))
            elif c.type == "dictionary_splat":
                items.append((None, self.expr(c)))
        return ir.Coll("dict", items, n.start_byte)

    def comprehension(self, n: Any) -> Any:
        """`[f(x) for x in xs if p(x)]` as a small function of its clauses, run in place."""
        value = self.expr(n.child_by_field_name("body"))
        out: Any = value
        for c in reversed(n.named_children[1:]):
            if c.type == "for_in_clause":
                it = self.expr(c.child_by_field_name("right"))
                target = self.expr(c.child_by_field_name("left"))
                out = ir.Other([ir.Let(target, ir.Call(ir.Name("each of"), [it], [])), out])
            elif c.type == "if_clause" and c.named_child_count:
                out = ir.Cond(self.expr(c.named_children[0]), out, ir.Const(""))
        return ir.Call(ir.Name("comprehension"), [out], [], n.start_byte)

    def lambda_(self, n: Any) -> Any:
        body = self.expr(n.child_by_field_name("body"))
        fn = ir.Function(
            "lambda", self.parameters(n.child_by_field_name("parameters")),
            [ir.Return(body, n.start_byte)], n.start_byte, n.end_byte,
        )  # fmt: skip
        return ir.Lambda(fn, n.start_byte)

    def inner(self, n: Any) -> Any:
        kids = [c for c in n.named_children if c.type != "comment"]
        if len(kids) == 1:
            return self.expr(kids[0])
        return ir.Other([self.expr(c) for c in kids], n.start_byte)

    def first(self, n: Any) -> Any:
        return self.expr(n.named_children[0])

    def splat(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], n.start_byte)

    def walrus(self, n: Any) -> Any:
        return ir.Let(
            self.expr(n.child_by_field_name("name")), self.expr(n.child_by_field_name("value")),
            n.start_byte,
        )  # fmt: skip

    def assign_expr(self, n: Any) -> Any:
        return ir.Let(
            self.expr(n.child_by_field_name("left")), self.expr(n.child_by_field_name("right")),
            n.start_byte,
        )  # fmt: skip

    def yield_(self, n: Any) -> Any:
        return ir.Call(ir.Name("yield"), [self.expr(c) for c in n.named_children], [], n.start_byte)


# What `from X import *` brings in, for the few modules where rules depend on it.
STAR = {
    "Crypto.Cipher": ("AES", "DES", "DES3", "ARC4", "ARC2", "Blowfish", "CAST", "XOR"),
    "os": ("system", "popen"),
    "flask": ("request", "redirect", "make_response", "render_template_string", "Response"),
    "tempfile": ("mktemp",),
    "random": ("random", "randint", "choice", "randrange"),
    "subprocess": ("call", "run", "Popen", "check_output", "check_call"),
}


# What lowers each kind of expression.
EXPRESSIONS: dict[str, Any] = {
    "identifier": Lower.identifier, "attribute": Lower.attribute, "call": Lower.call,
    "string": Lower.string, "concatenated_string": Lower.concatenated,
    "integer": Lower.num, "float": Lower.num, "true": Lower.true, "false": Lower.false,
    "none": Lower.none, "subscript": Lower.subscript, "binary_operator": Lower.binary,
    "boolean_operator": Lower.binary, "comparison_operator": Lower.comparison,
    "not_operator": Lower.not_, "unary_operator": Lower.unary,
    "conditional_expression": Lower.conditional, "list": Lower.sequence,
    "tuple": Lower.sequence, "set": Lower.sequence, "expression_list": Lower.sequence,
    "pattern_list": Lower.sequence, "tuple_pattern": Lower.sequence,
    "list_pattern": Lower.sequence, "dictionary": Lower.dictionary,
    "list_comprehension": Lower.comprehension, "set_comprehension": Lower.comprehension,
    "generator_expression": Lower.comprehension,
    "dictionary_comprehension": Lower.comprehension, "lambda": Lower.lambda_,
    "parenthesized_expression": Lower.inner, "await": Lower.inner,
    "named_expression": Lower.walrus, "keyword_argument": Lower.inner,
    "list_splat": Lower.splat, "dictionary_splat": Lower.splat, "as_pattern": Lower.first,
    "assignment": Lower.assign_expr, "interpolation": Lower.inner, "type": Lower.inner,
    "yield": Lower.yield_,
}  # fmt: skip

# What lowers each kind of statement.
STATEMENTS: dict[str, Any] = {
    "expression_statement": Lower.expression_statement, "if_statement": Lower.if_,
    "for_statement": Lower.for_, "while_statement": Lower.while_,
    "return_statement": Lower.return_, "function_definition": Lower.function,
    "class_definition": Lower.class_, "decorated_definition": Lower.decorated,
    "import_statement": Lower.import_, "import_from_statement": Lower.import_from,
    "try_statement": Lower.try_, "with_statement": Lower.with_,
    "raise_statement": Lower.raise_, "match_statement": Lower.match,
    "break_statement": Lower.jump, "continue_statement": Lower.jump,
    "assert_statement": Lower.assert_, "delete_statement": Lower.skip,
    "pass_statement": Lower.skip, "global_statement": Lower.skip, "comment": Lower.skip,
    "block": Lower.block, "nonlocal_statement": Lower.skip,
    "future_import_statement": Lower.skip, "exec_statement": Lower.exec_,
    "print_statement": Lower.any_statement,
}  # fmt: skip

Lower.statements, Lower.expressions = STATEMENTS, EXPRESSIONS


def lower(text: str) -> ir.Module:
    """Parse Python and lower it; broken code is lowered as far as it parses."""
    return Lower(text, "python").module()
