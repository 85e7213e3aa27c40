"""The grammar of a whole program's input, from how the program reads it.

An abstract interpreter that follows the program from its first statement, functions inlined,
and notes each read and what becomes of it:

    n, k = map(int, input().split())     Line([Number n, Number k])
    a = list(map(int, input().split()))  Line([Numbers a])
    for _ in range(k): s = input()       Repeat(k, [Line([Text s])])
"""

import ast
import contextlib
from typing import Any

from nlogn.cases.stdin_grammar import (
    Chars,
    Count,
    Field,
    Function,
    Grammar,
    Items,
    Kind,
    Line,
    LineItems,
    Many,
    Range,
    Raw,
    Reader,
    Repeat,
    Scaled,
    Stream,
    Tokens,
    Value,
    Zipped,
    field_of,
    line_of,
)


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class Unreadable(ValueError):
    """The program's way of reading was not understood."""


def grammar_of(tree: ast.Module) -> Grammar:
    """What the program reads, in order.

    Raises:
        Unreadable: its reading is too intricate to follow.
    """
    reader = _Interpreter()
    try:
        reader.block(tree.body, reader.globals)
    except _Return:
        pass
    except RecursionError as error:
        raise Unreadable("recursive reading") from error
    return reader.root


_CONVERSIONS = {
    "int", "float", "str", "list", "tuple", "sorted", "set", "iter", "reversed", "deque",
    "Counter", "Decimal", "Fraction", "array", "frozenset", "ord", "len",
}  # fmt: skip


class _Interpreter:
    def __init__(self) -> None:
        self.globals: dict[str, Any] = {"input": Reader("line"), "raw_input": Reader("line")}
        self.root: Grammar = []
        self.target = self.root
        self.parts: dict[int, list[Field]] = {}  # of a list that was unpacked, by its id
        self.depth = 0
        self.steps = 0

    # Reading

    def read_line(self) -> Raw:
        line = Line([Field()])
        self.target.append(line)
        return Raw(line)

    def read_token(self) -> Value:
        one = Field("word")
        self.target.append(Line([one]))
        return Value(one)

    def loop(self, count: Count, body: Any) -> None:
        """Runs `body` once, into a repeated part of the grammar."""
        outer, self.target = self.target, []
        try:
            body()
        finally:
            inner, self.target = self.target, outer
            if inner:
                self.target.append(Repeat(count, inner))

    # Statements

    def block(self, body: list[ast.stmt], scope: dict[str, Any]) -> None:
        for statement in body:
            self.steps += 1
            if self.steps > 40_000:
                raise Unreadable("too long")
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: dict[str, Any]) -> None:
        match node:
            case ast.FunctionDef(name=name):
                scope[name] = Function(node, scope)
            case ast.ImportFrom(module="sys", names=names):
                for alias in names:
                    if alias.name == "stdin":
                        scope[alias.asname or "stdin"] = Reader("stdin")
            case ast.Assign(targets=targets, value=value):
                made = self.expr(value, scope)
                for target in targets:
                    self.assign(target, made, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, self.expr(value, scope), scope)
            case ast.AugAssign(value=value):
                self.expr(value, scope)
            case ast.Expr(value=value):
                self.expr(value, scope)
            case ast.Return(value=value):
                raise _Return(self.expr(value, scope) if value is not None else None)
            case ast.For(target=target, iter=iterable, body=body):
                self.for_loop(target, iterable, body, scope)
            case ast.While(test=test, body=body):
                self.while_loop(test, body, scope)
            case ast.If(test=test, body=body, orelse=orelse):
                self.branch(test, body, orelse, scope)
            case ast.Try(body=body, handlers=handlers, finalbody=final):
                self.block(body, scope)
                if not any(_reads(s) for s in body):
                    for handler in handlers:
                        self.block([s for s in handler.body if _reads(s)], scope)
                self.block(final, scope)
            case ast.With(items=items, body=body):
                for item in items:
                    made = self.expr(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, made, scope)
                self.block(body, scope)
            case _:
                pass

    def branch(
        self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], scope: dict[str, Any]
    ) -> None:
        simple = isinstance(test, ast.Compare) and not _reads(test)
        found = self.expr(test, scope)
        if found is False:
            self.block(orelse, scope)
            return
        read_here = any(_reads(s) for s in body)
        read_else = any(_reads(s) for s in orelse)
        leaves = bool(body) and isinstance(body[-1], (ast.Return, ast.Continue, ast.Break))
        if read_here and not leaves and simple and isinstance(test, ast.Compare):
            left, right = self.expr(test.left, scope), self.expr(test.comparators[0], scope)
            if isinstance(left, Value) and type(right) is int and isinstance(test.ops[0], ast.Eq):
                left.field.fixed = right
        if found is True or read_here or not read_else:
            try:
                self.block(body, scope)
            except _Return:
                if found is True or not leaves:
                    raise
        if found is not True and not read_here:
            self.block(orelse, scope)

    def for_loop(
        self, target: ast.expr, iterable: ast.expr, body: list[ast.stmt], scope: dict[str, Any]
    ) -> None:
        source = self.expr(iterable, scope)
        count = self.count_of(source)
        if isinstance(source, (Reader, Stream)) and not (
            isinstance(source, Stream) and source.tokens
        ):

            def lines() -> None:
                self.assign(target, self.read_line(), scope)
                self.block(body, scope)

            self.loop(Count(), lines)
            return

        def once() -> None:
            self.assign(target, self.element(source), scope)
            with contextlib.suppress(_Return):
                self.block(body, scope)

        self.loop(count, once)

    def while_loop(self, test: ast.expr, body: list[ast.stmt], scope: dict[str, Any]) -> None:
        names = [n for n in ast.walk(test) if isinstance(n, ast.Name)]
        counter = next((v for v in (scope.get(n.id, self.globals.get(n.id)) for n in names)
                        if isinstance(v, Value)), None)  # fmt: skip
        count = Count(counter.field) if counter is not None else Count()

        def once() -> None:
            self.expr(test, scope)
            self.block(body, scope)

        self.loop(count, once)

    def assign(self, target: ast.expr, value: Any, scope: dict[str, Any]) -> None:
        match target:
            case ast.Name(id=name):
                scope[name] = value
                found = field_of(value)
                if found is not None:
                    found.names.append(name)
                    if isinstance(value, Raw) and found.kind == "unread":
                        found.names = [name]
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                self.unpack(elts, value, scope)
            case ast.Starred(value=inner):
                self.assign(inner, value, scope)
            case ast.Subscript(value=owner):
                held = self.expr(owner, scope)
                if isinstance(held, Many) and held.item is None:
                    held.item = value
                found = field_of(value)
                if found is not None and isinstance(owner, ast.Name):
                    found.names.append(owner.id)
            case _:
                pass

    def unpack(self, elts: list[ast.expr], value: Any, scope: dict[str, Any]) -> None:
        starred = [i for i, e in enumerate(elts) if isinstance(e, ast.Starred)]
        parts: list[Any]
        if isinstance(value, (list, tuple)) and len(value) == len(elts):
            parts = list(value)
        elif isinstance(value, (Tokens, Items, Raw)) and not starred:
            parts = list(self.split(value, len(elts)))
        elif isinstance(value, (Tokens, Items)) and starred:
            line, old = line_of(value), field_of(value)
            numbers = old is not None and old.kind == "numbers"
            parts = []
            fields = []
            for element in elts:
                many = isinstance(element, ast.Starred)
                kind: Kind = "numbers" if numbers else "words"
                if not many:
                    kind = "number" if numbers else "word"
                new = Field(kind, real=bool(old and old.real))
                fields.append(new)
                parts.append(Items(new) if many else Value(new))
            if line is not None:
                line.fields = fields
        else:
            parts = [self.element(value) for _ in elts]
        for element, part in zip(elts, parts, strict=False):
            self.assign(element, part, scope)

    def split(self, value: Tokens | Items | Raw, size: int) -> list[Value]:
        """A list that was read becomes `size` single values on its line."""
        found = field_of(value)
        line = line_of(value)
        if isinstance(value, Raw):
            found = value.line.fields[0]
            found.kind, found.arity = "text", size
            return [Value(found)] * size
        if found is None:
            return [Value(Field("word")) for _ in range(size)]
        kind: Kind = "number" if found.kind == "numbers" else "word"
        fields = [Field(kind, real=found.real) for _ in range(size)]
        if line is not None and found in line.fields:
            at = line.fields.index(found)
            line.fields[at : at + 1] = fields
            found.arity = size
            self.parts[id(found)] = fields
        return [Value(f) for f in fields]

    # Expressions

    def expr(self, node: ast.expr | None, scope: dict[str, Any]) -> Any:
        self.steps += 1
        match node:
            case ast.Name(id=name):
                return scope[name] if name in scope else self.globals.get(name)
            case ast.Constant(value=value):
                return value
            case ast.Call():
                return self.call(node, scope)
            case ast.Attribute(value=owner, attr=attr):
                return self.attribute(self.expr(owner, scope), owner, attr)
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self.comprehension(node, scope)
            case ast.DictComp(generators=generators, key=key, value=held):
                inner = dict(scope)
                source = self.expr(generators[0].iter, inner)

                def once() -> None:
                    self.assign(generators[0].target, self.element(source), inner)
                    self.expr(key, inner)
                    self.expr(held, inner)

                self.loop(self.count_of(source), once)
                return Many()
            case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
                values = [self.expr(e, scope) for e in elts]
                if len(elts) == 1 and isinstance(elts[0], ast.Starred):
                    return values[0]
                return values
            case ast.Starred(value=value):
                return self.expr(value, scope)
            case ast.Subscript(value=owner, slice=index):
                return self.subscript(self.expr(owner, scope), index, scope)
            case ast.BinOp(left=left_node, op=op, right=right_node):
                left, right = self.expr(left_node, scope), self.expr(right_node, scope)
                return self.arithmetic(op, left, right)
            case ast.UnaryOp(operand=operand):
                value = self.expr(operand, scope)
                if isinstance(node.op, ast.USub) and isinstance(value, int):
                    return -value
                return (not value) if isinstance(value, bool) else None
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.expr(test, scope)
                value = self.expr(body, scope)
                return value if value is not None else self.expr(orelse, scope)
            case ast.Compare(left=left_node, comparators=rights):
                if isinstance(left_node, ast.Name) and left_node.id == "__name__":
                    return True
                for part in (left_node, *rights):
                    self.expr(part, scope)
                return None
            case ast.BoolOp(values=values):
                for part in values:
                    self.expr(part, scope)
                return None
            case ast.Lambda():
                return Function(node, scope)
            case ast.NamedExpr(target=target, value=value):
                made = self.expr(value, scope)
                self.assign(target, made, scope)
                return made
            case ast.JoinedStr(values=values):
                for part in values:
                    if isinstance(part, ast.FormattedValue):
                        self.expr(part.value, scope)
                return None
        return None

    def arithmetic(self, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, (ast.Add, ast.Sub)) and isinstance(left, Value) and type(right) is int:
            by = right if isinstance(op, ast.Add) else -right
            if by == -1:
                left.field.shift = True
            return Value(left.field, left.plus + by)
        if isinstance(op, ast.Add) and type(left) is int and isinstance(right, Value):
            return Value(right.field, right.plus + left)
        if isinstance(op, ast.Mult) and isinstance(left, Value) and type(right) is int:
            return Scaled(left.field, right)
        if isinstance(op, ast.Mult) and isinstance(right, Value) and type(left) is int:
            return Scaled(right.field, left)
        if isinstance(op, ast.Add):
            if type(left) is int and isinstance(right, Scaled):
                return Scaled(right.field, right.times, right.plus + left)
            if isinstance(left, Scaled) and type(right) is int:
                return Scaled(left.field, left.times, left.plus + right)
            for side in (left, right):
                if isinstance(side, (Items, Tokens, Chars, Raw)):
                    return side
        if type(left) is int and type(right) is int:
            match op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
        if isinstance(left, (Raw, Value)) and isinstance(op, ast.Mult):
            return left
        if isinstance(left, list) and isinstance(op, ast.Mult):
            return Many(left[0] if left else None)
        return None

    def comprehension(self, node: Any, scope: dict[str, Any]) -> Any:
        inner = dict(scope)
        generator = node.generators[0]
        source = self.expr(generator.iter, inner)
        if isinstance(source, (Tokens, Items, Chars, Raw)):
            # [int(x) for x in input().split()]
            self.assign(generator.target, source, inner)
            made = self.expr(node.elt, inner)
            found = field_of(source)
            if isinstance(made, Value) and found is not None and made.field is found:
                found.kind = "numbers" if isinstance(source, (Tokens, Items)) else found.kind
                return LineItems(found, line_of(source))
            if isinstance(made, (Tokens, Items, Chars, Raw)):
                return (
                    LineItems(made.line.fields[0], made.line) if isinstance(made, Tokens) else made
                )
            return Many(made)
        if isinstance(source, (Reader,)) or (isinstance(source, Stream) and not source.tokens):
            made_lines: list[Any] = []

            def lines() -> None:
                self.assign(generator.target, self.read_line(), inner)
                made_lines.append(self.expr(node.elt, inner))

            self.loop(Count(), lines)
            return Many(made_lines[-1])
        results: list[Any] = []

        def once() -> None:
            self.assign(generator.target, self.element(source), inner)
            for later in node.generators[1:]:
                again = self.expr(later.iter, inner)
                self.assign(later.target, self.element(again), inner)
            results.append(self.expr(node.elt, inner))

        count = self.count_of(source)
        if len(node.generators) > 1 and _reads(node.elt):
            second = node.generators[1].iter

            def nested() -> None:
                self.assign(generator.target, self.element(source), inner)
                again = self.expr(second, inner)
                self.loop(self.count_of(again), lambda: results.append(
                    self.expr(node.elt, inner)))  # fmt: skip

            self.loop(count, nested)
        else:
            self.loop(count, once)
        made = Many(results[-1] if results else None, count)
        for generator in node.generators:
            for condition in generator.ifs:
                if not _reads(condition):
                    self.expr(condition, inner)
        return made

    def subscript(self, owner: Any, index: ast.expr, scope: dict[str, Any]) -> Any:
        if isinstance(owner, Stream):
            return self.stream_item(owner, index, scope)
        if isinstance(index, ast.Slice):
            self.gone_through(owner)
            return owner
        at = self.expr(index, scope)
        if isinstance(owner, Tokens | Items):
            found = field_of(owner)
            done = self.parts.get(id(found))
            if done is not None and type(at) is int and -len(done) <= at < len(done):
                return Value(done[at])
            if found is not None and done is None:
                if type(at) is int and isinstance(index, (ast.Constant, ast.UnaryOp)):
                    found.arity = max(found.arity or 0, at + 1) if at >= 0 else found.arity
                else:
                    found.dynamic = True
            return Value(found) if found is not None else None
        if isinstance(owner, (list, tuple)):
            if type(at) is int and -len(owner) <= at < len(owner):
                return owner[at]
            return owner[0] if owner else None
        if isinstance(owner, Many):
            return owner.item
        if isinstance(owner, Raw):
            return owner
        return None

    def gone_through(self, value: Any) -> None:
        found = field_of(value)
        if found is not None and isinstance(value, (Tokens, Items)):
            found.dynamic = True

    def stream_item(self, stream: Stream, index: ast.expr, scope: dict[str, Any]) -> Any:
        """``data[0]``, ``data[1:n + 1]``: read in the order in which they are asked for."""
        key = ast.unparse(index)
        constant = isinstance(index, ast.Constant)
        if constant and key in stream.seen:
            return stream.seen[key]
        if isinstance(index, ast.Slice):
            if not stream.tokens:
                rest = Line([Field()])
                self.target.append(Repeat(Count(), [rest]))
                return Many(Raw(rest))
            upper = self.expr(index.upper, scope) if index.upper is not None else None
            many = Field("words")
            many.length = self.slice_length(index, upper, scope)
            line = Line([many])
            self.target.append(line)
            return Tokens(line)
        made: Any = self.read_token() if stream.tokens else self.read_line()
        if constant:
            stream.seen[key] = made
        return made

    def slice_length(self, index: ast.Slice, upper: Any, scope: dict[str, Any]) -> Count | None:
        """How long ``data[1:n + 1]`` or ``data[i:i + n]`` is, if that can be told."""
        if upper is None:
            return None
        if isinstance(upper, Value):
            return Count(upper.field)
        if isinstance(index.upper, ast.BinOp):
            for side in (index.upper.left, index.upper.right):
                value = self.expr(side, scope)
                if isinstance(value, Value):
                    return Count(value.field)
        return None

    def attribute(self, owner: Any, owner_node: ast.expr, attr: str) -> Any:
        if attr in ("stdin", "__stdin__"):
            return Reader("stdin")
        if isinstance(owner, Reader) and owner.what == "stdin" and attr == "buffer":
            return owner
        if attr == "readline":
            return Reader("line")
        if attr in ("read", "readlines") and (owner is None or isinstance(owner, Reader)):
            name = ast.unparse(owner_node)
            if isinstance(owner, Reader) or name.startswith(("open(0", "open('/dev", "os")):
                return Reader("all" if attr == "read" else "lines")
        if attr == "__next__" and isinstance(owner, (Reader, Stream)):
            return Reader("next", owner if isinstance(owner, Stream) else None)
        return None

    # Calls

    def call(self, node: ast.Call, scope: dict[str, Any]) -> Any:
        func = node.func
        owner = None
        if isinstance(func, ast.Attribute):
            owner = self.expr(func.value, scope)
            function = self.attribute(owner, func.value, func.attr)
        else:
            function = self.expr(func, scope)
        if isinstance(function, Reader):
            return self.use_reader(function, node, scope)
        if isinstance(function, Function):
            return self.inline(function, node, scope)
        if isinstance(func, ast.Attribute):
            return self.method(owner, func, node, scope)
        name = func.id if isinstance(func, ast.Name) else ""
        args = [self.expr(a, scope) for a in node.args]
        for keyword in node.keywords:
            self.expr(keyword.value, scope)
        first = args[0] if args else None
        if name == "open" and node.args and (first == 0 or first == "/dev/stdin"):
            return Reader("stdin")
        if name == "map" and len(args) >= 2:
            return self.mapped(args[0], node.args[0], args[1], node)
        if name == "next" and args:
            if isinstance(first, Stream):
                return self.read_token() if first.tokens else self.read_line()
            if isinstance(first, Reader):
                return self.read_line()
            return self.element(first)
        if name == "iter" and args and isinstance(first, (Stream, Reader)):
            return first
        if name in ("int", "float", "Decimal") and args:
            return self.number(first, name != "int")
        if name in _CONVERSIONS and args:
            if isinstance(first, Raw) and name in ("list", "sorted", "set", "Counter", "deque"):
                return Chars(first.line)
            if name == "len":
                self.gone_through(first)
                return None
            return first
        if name == "range":
            return Range(args)
        if name in ("enumerate", "zip") and args:
            return Zipped(args, name == "enumerate")
        if name in ("sum", "max", "min", "Counter", "set", "accumulate") and len(args) == 1:
            self.gone_through(first)
        if name in ("min", "max", "abs") and args and isinstance(first, Value):
            return None
        return None

    def number(self, value: Any, real: bool) -> Any:
        found = field_of(value)
        if isinstance(value, Raw) and found is not None:
            if found.kind in ("unread", "text", "number"):
                found.kind, found.real = "number", real
                return Value(found)
            return None
        if isinstance(value, (Tokens, Items)) and found is not None:
            found.kind, found.real = "numbers", real
            return Value(found)
        if isinstance(value, Chars):
            value.line.fields[0].kind = "digits"
            return Value(value.line.fields[0])
        if isinstance(value, Value):
            if value.field.kind in ("word", "unread"):
                value.field.kind, value.field.real = "number", real
            elif value.field.kind == "words":
                value.field.kind, value.field.real = "numbers", real
            elif value.field.kind == "text":
                value.field.kind = "digits"
            return Value(value.field)
        return value if isinstance(value, (int, float)) else None

    def mapped(self, function: Any, node: ast.expr, source: Any, call: ast.Call) -> Any:
        name = node.id if isinstance(node, ast.Name) else ""
        shifts = isinstance(node, ast.Lambda) and isinstance(node.body, ast.BinOp)
        if isinstance(source, Stream) and source.tokens:
            many = Field("numbers" if name in ("int", "float") else "words")
            line = Line([many])
            self.target.append(line)
            return Tokens(line) if many.kind == "words" else LineItems(many, line)
        if isinstance(source, (Tokens, Items)):
            found = field_of(source)
            if found is not None and (name in ("int", "float", "Decimal", "Fraction") or (
                isinstance(function, Function))):  # fmt: skip
                if isinstance(function, Function) and "int(" not in ast.unparse(function.node):
                    return source
                found.kind, found.real = "numbers", name == "float"
                found.shift = found.shift or shifts
                return LineItems(found, source.line) if isinstance(source, Tokens) else source
            return source
        if isinstance(source, Raw):
            first = source.line.fields[0]
            if name == "int" or (isinstance(function, Function) and "int" in ast.unparse(node)):
                first.kind = "digits"
            elif first.kind == "unread":
                first.kind = "text"
            return Chars(source.line)
        if isinstance(source, Chars):
            if name == "int":
                source.line.fields[0].kind = "digits"
            return source
        if isinstance(source, Range) and isinstance(function, Function | Reader):
            results: list[Any] = []
            fake = ast.Call(func=node, args=[], keywords=[])
            self.loop(self.count_of(source), lambda: results.append(
                self.use_reader(function, fake, {}) if isinstance(function, Reader)
                else self.inline(function, fake, {})))  # fmt: skip
            return Many(results[-1] if results else None)
        return Many(source.item if isinstance(source, Many) else None)

    def use_reader(self, reader: Reader, node: ast.Call, scope: dict[str, Any]) -> Any:
        for arg in node.args:
            self.expr(arg, scope)
        if reader.what in ("all", "lines"):
            return Stream(tokens=False)
        if reader.what == "next" and reader.stream is not None:
            return self.read_token() if reader.stream.tokens else self.read_line()
        return self.read_line()

    def inline(self, function: Function, node: ast.Call, scope: dict[str, Any]) -> Any:
        if self.depth > 12:
            return None
        values = [self.expr(a, scope) for a in node.args]
        definition = function.node
        inner = dict(function.scope) if function.scope is not self.globals else {}
        names = [a.arg for a in definition.args.args]
        for name, default in zip(reversed(names), reversed(definition.args.defaults), strict=False):
            inner[name] = self.expr(default, function.scope)
        for name, value in zip(names, values, strict=False):
            inner[name] = value
        for keyword in node.keywords:
            if keyword.arg:
                inner[keyword.arg] = self.expr(keyword.value, scope)
        if isinstance(definition, ast.FunctionDef) and not _may_read(definition, self.globals):
            abstract = any(v is not None and not isinstance(v, (int, str, float)) for v in values)
            if not abstract or self.depth > 3:
                return None
        self.depth += 1
        try:
            if isinstance(definition, ast.Lambda):
                return self.expr(definition.body, inner)
            self.block(definition.body, inner)
        except _Return as returned:
            return returned.value
        finally:
            self.depth -= 1
        return None

    def method(self, owner: Any, func: ast.Attribute, node: ast.Call, scope: dict[str, Any]) -> Any:
        args = [self.expr(a, scope) for a in node.args]
        attr = func.attr
        if isinstance(owner, Raw):
            first = owner.line.fields[0]
            if attr in ("split", "rsplit"):
                separator = args[0] if args and isinstance(args[0], str) else " "
                if first.kind in ("unread", "text"):
                    first.kind = "words"
                owner.line.separator = separator or " "
                return Tokens(owner.line)
            if attr in ("strip", "rstrip", "lstrip", "decode", "upper", "lower", "replace",
                        "encode", "rjust", "zfill"):  # fmt: skip
                return owner
            if first.kind == "unread":
                first.kind = "text"
            return None
        if isinstance(owner, Stream):
            if attr in ("split", "splitlines", "strip", "rstrip", "decode"):
                lines = attr == "splitlines" or (bool(args) and args[0] in ("\n", b"\n"))
                return Stream(tokens=attr == "split" and not lines)
            if attr == "pop" or attr == "popleft":
                return self.read_token() if owner.tokens else self.read_line()
            return owner
        if isinstance(owner, Value):
            if attr in ("strip", "rstrip", "lower", "upper", "decode"):
                return owner
            return None
        if attr in ("append", "add", "extend", "appendleft", "insert") and args:
            value = args[-1]
            name = func.value.id if isinstance(func.value, ast.Name) else ""
            if isinstance(owner, list) and not owner:
                holder = Many(value)
                if name:
                    scope[name] = holder
            elif isinstance(owner, Many) and owner.item is None:
                owner.item = value
            found = field_of(value)
            if found is not None and name and not found.names:
                found.names.append(name)
            return None
        if attr in ("pop", "remove", "index", "get") and args:
            found = field_of(args[0])
            if found is not None:
                found.keys = True
                if found.kind == "unread":
                    found.kind = "text"
            return self.element(owner)
        if attr in ("join", "write", "format", "print"):
            return None
        if attr in ("copy", "sort", "reverse"):
            return owner
        return None

    # Counting

    def element(self, source: Any) -> Any:
        self.gone_through(source)
        if isinstance(source, (Tokens, Items)):
            found = field_of(source)
            return Value(found) if found is not None else None
        if isinstance(source, Many):
            return source.item
        if isinstance(source, (list, tuple)):
            return source[0] if source else None
        if isinstance(source, Stream):
            return self.read_token() if source.tokens else self.read_line()
        if isinstance(source, Zipped):
            parts = [self.element(a) for a in source.args]
            return [None, *parts[:1]] if source.numbered else parts
        return None

    def count_of(self, source: Any) -> Count:
        if isinstance(source, Range):
            args = source.args
            stop = args[1] if len(args) > 1 else args[0] if args else None
            start = args[0] if len(args) > 1 else 0
            by = -start if type(start) is int else 0
            if type(stop) is int:
                return Count(constant=max(0, stop + by))
            if isinstance(stop, Value):
                return Count(stop.field, plus=stop.plus + by)
            if isinstance(stop, Scaled):
                return Count(stop.field, plus=stop.plus + by, times=stop.times)
            if isinstance(start, Value) and len(args) > 2:
                return Count(start.field)
            return Count()
        if isinstance(source, (list, tuple)):
            return Count(constant=len(source))
        if isinstance(source, (Tokens, Items)):
            return Count(field_of(source))
        if isinstance(source, Many) and source.count is not None:
            return source.count
        if isinstance(source, str):
            return Count(constant=len(source))
        return Count()


_READERS = ("input", "stdin", "readline", "read", "readlines", "next", "open", "raw_input")


def _reads(node: ast.AST) -> bool:
    """Whether the syntax shows a read; calls of own functions may read too."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in _READERS:
            return True
        if isinstance(part, ast.Attribute) and part.attr in _READERS:
            return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            name = part.func.id
            if name not in _BUILTIN:
                return True
    return False


_BUILTIN = {"int", "print", "len", "range", "min", "max", "sum", "abs", "list", "map", "set", "str",
            "sorted", "exit", "quit", "float", "tuple", "dict", "enumerate", "zip", "any", "all",
            "ord", "chr", "reversed", "divmod", "pow", "round", "bin"}  # fmt: skip


def _may_read(node: ast.AST, known: dict[str, Any], level: int = 0) -> bool:
    """Whether a function reads, itself or through the functions that it calls."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in _READERS:
            return True
        if isinstance(part, ast.Name):
            if part.id in _READERS or isinstance(known.get(part.id), (Reader, Stream)):
                return True
            other = known.get(part.id)
            inner = isinstance(other, Function) and other.node is not node and level < 5
            if inner and _may_read(known[part.id].node, known, level + 1):
                return True
    return False
