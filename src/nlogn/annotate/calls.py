"""Functions taken out, put in, and recursion made a loop."""

import ast
import copy
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import Edit, Parsed, call, load, replace_child

_LEAST, _MOST = 6, 40  # nodes of an expression that is worth a function of its own


def extract_expression(program: Parsed) -> Iterator[Edit]:
    """An expression becomes a function of the names in it."""
    for function in program.functions:
        bound = facts.locals_of(function)
        for block in facts.blocks(function):
            for statement in block:
                if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)):
                    continue
                known = _bound_before(function, statement)
                for parent in ast.walk(statement):
                    for node in ast.iter_child_nodes(parent):
                        if not isinstance(node, ast.expr) or not _worth(node):
                            continue
                        if isinstance(getattr(node, "ctx", None), ast.Store) or not isinstance(
                            node, (ast.BinOp, ast.Compare, ast.BoolOp, ast.Call, ast.IfExp)
                        ):
                            continue
                        used = facts.loads(node) & bound
                        if not used or not used <= known or _in_scope(statement, node):
                            continue

                        def edit(
                            function: Function = function, parent: ast.AST = parent,
                            node: ast.expr = node, used: set[str] = used,
                        ) -> None:  # fmt: skip
                            _extract(program, function, parent, node, _in_order(node, used))

                        yield edit


def _extract(
    program: Parsed, function: Function, parent: ast.AST, node: ast.expr, given: list[str]
) -> None:
    name = program.fresh(*_verbs(node))
    helper = _function(name, given, [ast.Return(copy.deepcopy(node))])
    replace_child(parent, node, call(name, *map(load, given)))
    program.tree.body.insert(program.tree.body.index(function), helper)


def extract_body(program: Parsed) -> Iterator[Edit]:
    """What a loop does with each item becomes a function, where it only changes objects."""
    for function in program.functions:
        bound = facts.locals_of(function)
        for block in facts.blocks(function):
            for loop in block:
                if not isinstance(loop, ast.For) or len(loop.body) < 2:
                    continue
                body = loop.body
                put = facts.stores(body)
                outside = _mentions_outside(function, body)
                if (
                    facts.leaves(body, (ast.Break, ast.Continue, ast.Return))
                    or any(isinstance(n, (*facts.NESTED, ast.NamedExpr, ast.Global, ast.Nonlocal))
                           for s in body for n in ast.walk(s))
                    or put & outside
                    or put & facts.captured(function)
                    or not all(_set_first(body, name) for name in put)
                ):  # fmt: skip
                    continue
                used = (facts.loads(body) & bound) - put
                if not used <= _bound_before(function, loop) | facts.stores(loop.target):
                    continue

                def edit(
                    function: Function = function, loop: ast.For = loop, used: set[str] = used
                ) -> None:
                    given = [n for s in loop.body for n in _in_order(s, used)]
                    given = list(dict.fromkeys(given))
                    name = program.fresh("process", "handle", "visit", "apply_step", "consume")
                    helper = _function(name, given, loop.body)
                    loop.body = [ast.Expr(call(name, *map(load, given)))]
                    program.tree.body.insert(program.tree.body.index(function), helper)

                yield edit


def extract_entry(program: Parsed) -> Iterator[Edit]:
    """The entry hands its arguments on to a function that does the work."""
    for function in program.functions:
        given = simple = facts.simple_parameters(function)
        if function.name != program.entry or given is None or simple is None:
            continue
        if _mentions_global(program, function.name):
            continue

        def edit(function: Function = function, given: list[str] = given) -> None:
            name = program.fresh("solve", "compute", "run", "helper", "find_answer")
            inner = copy.deepcopy(function)
            inner.name = name
            for node in ast.walk(inner):
                if isinstance(node, ast.Name) and node.id == function.name:
                    node.id = name
            text = ast.get_docstring(function)
            if text is not None:
                del inner.body[0]
            wrapper = copy.deepcopy(function)
            wrapper.body = [
                *([ast.Expr(ast.Constant(text))] if text is not None else []),
                ast.Return(call(name, *map(load, given))),
            ]
            at = program.tree.body.index(function)
            program.tree.body[at : at + 1] = [inner, wrapper]

        yield edit


def inline_function(program: Parsed) -> Iterator[Edit]:
    """A function that only returns an expression is written where it was called."""
    for helper in program.functions:
        given = facts.simple_parameters(helper)
        if helper.name == program.entry or given is None or len(helper.body) != 1:
            continue
        match helper.body[0]:
            case ast.Return(value=ast.expr() as value):
                pass
            case _:
                continue
        if _has_scopes(value) or helper.name in facts.names(value):
            continue
        free = facts.loads(value) - set(given)
        calls = _calls(program, helper, given)
        if not calls or any(free & facts.locals_of(f) for f, _, _ in calls):
            continue
        if not all(
            all(facts.atom(a) for a in node.args)
            and (not _has_scope_around(f, node))
            for f, _, node in calls
        ):  # fmt: skip
            continue

        def edit(
            helper: Function = helper, given: list[str] = given, value: ast.expr = value,
            calls: list[tuple[Function, ast.AST, ast.Call]] = calls,
        ) -> None:  # fmt: skip
            for _, parent, node in calls:
                to = dict(zip(given, node.args, strict=True))
                replace_child(parent, node, _Substitute(to).visit(copy.deepcopy(value)))
            program.tree.body.remove(helper)

        yield edit


# --- what they share ---------------------------------------------------------------------------


class _Substitute(ast.NodeTransformer):
    def __init__(self, to: dict[str, ast.expr]) -> None:
        self.to = to

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.to[node.id]) if node.id in self.to else node


def _function(name: str, given: list[str], body: Block) -> Function:
    arguments = ast.arguments([], [ast.arg(g) for g in given], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, body, [], None)


def _worth(node: ast.AST) -> bool:
    return _LEAST <= sum(1 for _ in ast.walk(node)) <= _MOST


def _in_order(node: ast.AST, wanted: set[str]) -> list[str]:
    found = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in wanted]
    return list(dict.fromkeys(found))


def _verbs(node: ast.expr) -> list[str]:
    match node:
        case ast.Compare() | ast.BoolOp():
            return ["holds", "is_match", "qualifies", "condition"]
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return ["offset", "combined", "adjusted", "shifted"]
        case ast.BinOp():
            return ["scaled", "product_of", "derived", "computed"]
        case ast.Call(func=ast.Attribute(attr=method)):
            return [f"{method}_of", f"{method}_value", "evaluate"]
    return ["evaluate", "compute_value", "value_of", "measure"]


def _in_scope(statement: ast.stmt, node: ast.expr) -> bool:
    """Whether `node` is in, or holds, a scope of its own, or something that must stay where it
    is."""
    if _has_scopes(node):
        return True
    return any(
        isinstance(scope, (*facts.NESTED, *facts.COMPREHENSIONS))
        and any(inner is node for inner in ast.walk(scope))
        for scope in ast.walk(statement)
    )


def _has_scopes(node: ast.expr) -> bool:
    return any(
        isinstance(n, (*facts.NESTED, *facts.COMPREHENSIONS, ast.NamedExpr, ast.Await, ast.Yield,
                       ast.YieldFrom, ast.Starred))
        for n in ast.walk(node)
    )  # fmt: skip


def _has_scope_around(function: Function, node: ast.AST) -> bool:
    return any(
        isinstance(scope, (*facts.NESTED, *facts.COMPREHENSIONS))
        and scope is not function
        and any(inner is node for inner in ast.walk(scope))
        for scope in ast.walk(function)
    )


def _bound_before(function: Function, statement: ast.stmt) -> set[str]:
    """Names that are certainly bound when `statement` begins: parameters, targets of the loops
    around it, and what the statements before it in the blocks around it bind for certain."""
    found = {a.arg for a in facts.parameters(function)}

    def search(block: Block) -> bool:
        gained: set[str] = set()
        for one in block:
            if one is statement:
                found.update(gained)
                return True
            for field in ("body", "orelse", "finalbody"):
                inner = getattr(one, field, None)
                if not isinstance(inner, list) or isinstance(one, facts.NESTED):
                    continue
                if search(inner):
                    found.update(gained)
                    if isinstance(one, ast.For) and field == "body":
                        found.update(facts.stores(one.target))
                    return True
            gained |= facts.binds(one)
        return False

    search(function.body)
    for node in facts.own(function):
        if isinstance(node, ast.Delete):
            found -= facts.stores(node)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.discard(node.name)
    return found - facts.captured(function)


def _mentions_outside(function: Function, body: Block) -> set[str]:
    inside = {id(n) for s in body for n in ast.walk(s)}
    return {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and id(n) not in inside} | {
        a.arg for a in facts.parameters(function)
    }


def _set_first(body: Block, name: str) -> bool:
    """Whether the body assigns `name` at its top level before anything reads it."""
    for statement in body:
        if name in facts.names(statement):
            match statement:
                case ast.Assign(value=value, targets=targets):
                    stored = {
                        n.id
                        for t in targets
                        for n in ast.walk(t)
                        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                    }
                    return name in stored and name not in facts.loads(value)
                case ast.For(target=target, iter=items):
                    # Bound by a loop of its own and mentioned nowhere else.
                    rest = [s for s in body if s is not statement]
                    return (
                        name in facts.stores(target)
                        and name not in facts.names(items)
                        and not any(name in facts.names(s) for s in rest)
                    )
            # A comprehension's own name.
            return _only_in_comprehensions(body, name)
    return True


def _only_in_comprehensions(body: Block, name: str) -> bool:
    inside: set[int] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, facts.COMPREHENSIONS) and name in facts.stores(node):
                first = node.generators[0].iter
                inside |= {id(n) for n in ast.walk(node)} - {id(n) for n in ast.walk(first)}
    return all(
        id(n) in inside
        for s in body
        for n in ast.walk(s)
        if isinstance(n, ast.Name) and n.id == name
    )


def _mentions_global(program: Parsed, name: str) -> bool:
    return any(
        isinstance(n, (ast.Global, ast.Nonlocal)) and name in n.names
        for n in ast.walk(program.tree)
    ) or any(
        isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name
        for n in ast.walk(program.tree)
    )


def _calls(
    program: Parsed, helper: Function, given: list[str]
) -> list[tuple[Function, ast.AST, ast.Call]]:
    """All calls of a helper, where every mention of it is a plain call in a function of ours; else
    none."""
    mentions = sum(isinstance(n, ast.Name) and n.id == helper.name for n in ast.walk(program.tree))
    found = []
    for function in program.functions:
        if function is helper or helper.name in facts.locals_of(function):
            continue
        for parent in ast.walk(function):
            for node in ast.iter_child_nodes(parent):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if (
                        name == helper.name and len(args) == len(given)
                    ):
                        found.append((function, parent, node))
    return found if len(found) == mentions else []
