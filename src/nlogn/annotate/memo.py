"""A cache of the standard library made a dictionary."""

import ast
import copy
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import Edit, Parsed, assign, body_of, load
from nlogn.annotate.recursion import bindings, definitions


def cache_to_dict(program: Parsed) -> Iterator[Edit]:
    """A function under `functools.cache` looks its arguments up in a dictionary beside it."""
    if not program.used & {"cache", "lru_cache"} or program.reflects:
        return
    for function, block in definitions(program.tree):
        given = facts.simple_parameters(function)
        if (
            not given
            or facts.yields(function)
            or bindings(program.tree, function.name) != 1
            or len(function.decorator_list) != 1
            or not _keeps_all(program, function.decorator_list[0])
        ):
            continue
        calls = _plain_calls(program, function, len(given))
        if not calls or (len(given) == 1 and not _of_integers(program, function, given[0], calls)):
            continue

        def edit(
            function: Function = function, block: Block = block, given: list[str] = given
        ) -> None:
            known = program.fresh("known", "memo", "computed", "answers")
            alone = len(given) == 1 and given[0] not in facts.stores(function)
            key = given[0] if alone else program.fresh("key", "arguments", "asked")
            values: list[ast.expr] = [load(g) for g in given]
            made = values[0] if len(given) == 1 else ast.Tuple(values, ast.Load())
            there = ast.Compare(load(key), [ast.In()], [load(known)])
            body = body_of(function)
            kept = function.body[: len(function.body) - len(body)]
            last = [] if facts.ends(body) else [ast.Return(ast.Constant(None))]
            function.body = [
                *kept,
                *([] if alone else [assign(key, made)]),
                ast.If(there, [ast.Return(_entry(known, key, ast.Load()))], []),
                *_remembering([*body, *last], known, key),
            ]
            function.decorator_list = []
            block.insert(block.index(function), assign(known, ast.Dict([], [])))
            _drop_import(program.tree)

        yield edit


def _keeps_all(program: Parsed, decorator: ast.expr) -> bool:
    """Whether it is `cache` of functools, or `lru_cache` that forgets nothing."""
    wanted, function = "cache", decorator
    match decorator:
        case (
            ast.Call(func=called, args=[ast.Constant(value=None)], keywords=[])
            | ast.Call(
                func=called,
                args=[],
                keywords=[ast.keyword(arg="maxsize", value=ast.Constant(value=None))],
            )
        ):
            wanted, function = "lru_cache", called
    match function:
        case ast.Name(id=name):
            return name == wanted and _imported(program, name, "functools")
        case ast.Attribute(value=ast.Name(id="functools"), attr=attr):
            return attr == wanted and _imported(program, "functools", None)
    return False


def _imported(program: Parsed, name: str, module: str | None) -> bool:
    """Whether a name is bound once, by ``from module import name`` or ``import name``."""
    found = any(
        (n.module == module if isinstance(n, ast.ImportFrom) else module is None)
        and any(a.name == name and a.asname is None for a in n.names)
        for n in program.tree.body
        if isinstance(n, (ast.Import, ast.ImportFrom))
    )
    return found and bindings(program.tree, name) == 1


def _plain_calls(program: Parsed, function: Function, count: int) -> list[ast.Call]:
    """All calls of the function, where every mention of it is one with all arguments by place;
    else none: a cache knows the same arguments given by name as others."""
    calls = [
        n for n in ast.walk(program.tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == function.name
        and len(n.args) == count and not n.keywords
        and not any(isinstance(a, ast.Starred) for a in n.args)
    ]  # fmt: skip
    mentions = [n for n in ast.walk(program.tree)
                if isinstance(n, ast.Name) and n.id == function.name]  # fmt: skip
    return calls if len(calls) == len(mentions) else []


def _of_integers(program: Parsed, function: Function, name: str, calls: list[ast.Call]) -> bool:
    """Whether the one argument is an integer in every call. A cache tells 1 from 1.0 there, which
    a dictionary does not."""
    if function.name == program.entry:
        return False
    assumed = copy.deepcopy(ast.parse(ast.unparse(function)).body[0])
    assert isinstance(assumed, ast.FunctionDef)
    assumed.args.args[0].annotation = load("int")
    inner = facts.Types(assumed, program.shadowed)
    if inner.kinds.get(name) != "int":
        return False
    for node in calls:
        inside = any(n is node for n in ast.walk(function))
        types = inner
        if not inside:
            around = [f for f in ast.walk(program.tree) if isinstance(f, ast.FunctionDef)
                      and any(n is node for n in facts.own(f))]  # fmt: skip
            if not around:
                return False
            types = facts.Types(around[0], program.shadowed)
        if types.of(node.args[0]) != "int":
            return False
    return True


def _entry(known: str, key: str, context: ast.expr_context) -> ast.expr:
    return ast.Subscript(load(known), load(key), context)


def _remembering(block: Block, known: str, key: str) -> Block:
    """The statements, each return of which keeps its value first."""
    made: Block = []
    for statement in block:
        if isinstance(statement, ast.Return):
            value = statement.value or ast.Constant(None)
            made += [
                ast.Assign([_entry(known, key, ast.Store())], value),
                ast.Return(_entry(known, key, ast.Load())),
            ]
            continue
        if not isinstance(statement, facts.NESTED):
            for holder in [statement, *getattr(statement, "handlers", []),
                           *getattr(statement, "cases", [])]:  # fmt: skip
                for field in ("body", "orelse", "finalbody"):
                    inner = getattr(holder, field, None)
                    if isinstance(inner, list) and inner:
                        setattr(holder, field, _remembering(inner, known, key))
        made.append(statement)
    return made


def _drop_import(tree: ast.Module) -> None:
    """Take away the import of a cache that nothing uses any more."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    for statement in list(tree.body):
        match statement:
            case ast.ImportFrom(module="functools", names=names):
                names[:] = [a for a in names if (a.asname or a.name) in used]
                if not names:
                    tree.body.remove(statement)
            case ast.Import(names=[ast.alias(name="functools", asname=None)]):
                if "functools" not in used:
                    tree.body.remove(statement)
