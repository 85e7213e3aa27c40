"""What a call says about its arguments: builtins, the standard library, methods, own functions."""

import ast
import itertools
from typing import Any

from nlogn.cases.slots import Slot, note, unify
from nlogn.cases.usage import link, positional, unify_soft

_INT_ARGS = {"chr", "bin", "hex", "oct", "range", "comb", "perm", "factorial", "gcd", "lcm",
             "isqrt"}  # fmt: skip
_NUM_ARGS = {"abs", "round", "pow", "divmod", "sqrt", "floor", "ceil", "log", "log2", "log10",
             "exp", "sin", "cos", "tan", "isclose", "hypot", "fabs", "isnan", "isinf"}  # fmt: skip
_SEARCH = {"bisect", "bisect_left", "bisect_right", "insort", "insort_left", "insort_right"}


def call(observer: Any, node: ast.Call, scope: Any) -> Slot:
    """The slot of the call's result; leaves marks on the arguments."""
    func = node.func
    args = [observer.expr(a, scope) for a in node.args]
    keywords = {k.arg: observer.expr(k.value, scope) for k in node.keywords if k.arg}
    key = keywords.get("key")
    name = func.id if isinstance(func, ast.Name) else ""
    if isinstance(func, ast.Attribute):
        owner = func.value
        own_method = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
        if own_method and func.attr in observer.functions:
            if id(observer.functions[func.attr]) in observer.done:
                observer.self_call(node, scope)
            return observer.call_function(  # type: ignore[no-any-return]
                observer.functions[func.attr], args, keywords, scope)  # fmt: skip
        if isinstance(owner, ast.Name) and owner.id in _MODULES and not scope.look_up(owner.id):
            name = func.attr
        else:
            return _method(observer, observer.expr(owner, scope), func.attr, args, scope, node)
    if name and name in observer.functions:
        if id(observer.functions[name]) in observer.done:
            observer.self_call(node, scope)
        return observer.call_function(  # type: ignore[no-any-return]
            observer.functions[name], args, keywords, scope)  # fmt: skip
    own = scope.look_up(name) if name else None
    if own is not None:
        own.mark("called")
        return Slot()
    if key is not None and args:
        _key_function(observer, node, args[0], scope)
    return _builtin(observer, name, args, node, scope)


def _key_function(observer: Any, node: ast.Call, source: Slot, scope: Any) -> None:
    """``key=lambda x: x[1]``: x is an element of what is sorted."""
    for keyword in node.keywords:
        if keyword.arg != "key":
            continue
        _apply(observer, keyword.value, [source.child("element").mark("inner")], scope)


def _apply(observer: Any, function: ast.expr, args: list[Slot], scope: Any) -> Slot:
    """The result of calling a function expression: a lambda, an own function or a builtin."""
    if isinstance(function, ast.Lambda):
        if len(positional(function)) == len(args):
            return observer.function(function, args, scope)  # type: ignore[no-any-return]
    elif isinstance(function, ast.Name):
        if function.id in observer.functions:
            return observer.call_function(  # type: ignore[no-any-return]
                observer.functions[function.id], args, {}, scope)  # fmt: skip
        return _builtin(observer, function.id, args, None, scope)
    elif (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "str"
        and args
    ):
        args[0].mark("str")
        return Slot().mark("str")
    return Slot()


def _builtin(observer: Any, name: str, args: list[Slot], node: ast.Call | None, scope: Any) -> Slot:
    first = args[0] if args else Slot()
    result = Slot()
    if name == "len":
        first.mark("len")
        result.mark("num", "int")
        result.find().length_of = first
    elif name == "range":
        element = result.child("element").mark("num", "int")
        for arg in args:
            arg.mark("int")
        for part in node.args if node is not None else ():
            observer.mark_names(part, scope, "size")
        bound = args[1] if len(args) > 1 else first
        element.find().bounds.append(bound)
        result.find().lengths.append(bound)
        if len(args) == 3:
            element.find().bounds.append(first)
    elif name in _INT_ARGS:
        for arg in args:
            arg.mark("int", "num")
        result.mark("str" if name in ("chr", "bin", "hex", "oct") else "int")
    elif name in _NUM_ARGS:
        for arg in args:
            arg.mark("num")
        result.mark("num")
        if name in ("sqrt", "log", "log2", "log10", "exp", "sin", "cos"):
            result.mark("float")
    elif name == "ord":
        first.mark("str", "char")
        result.mark("num", "int")
    elif name in ("str", "repr"):
        result.mark("str")
        result.child("element").mark("str", "char")
    elif name in ("int", "float"):
        if node is not None and len(node.args) > 1:
            first.mark("str")
        link(result, Slot().mark(name))
        first.mark("numeric_text")
        result.mark("num", name)
    elif name == "bool":
        result.mark("bool")
    elif name in ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "deque"):
        first.mark("seq")
        kind = {"sorted": "list", "frozenset": "set", "tuple": "made", "reversed": "made",
                "iter": "next", "deque": "list"}.get(name, name)  # fmt: skip
        result.mark(kind)
        unify(result.child("element"), first.child("element"))
        if name in ("list", "sorted", "tuple", "deque"):
            unify_at(result)
        if name in ("set", "frozenset"):
            first.child("element").mark("hash")
        if name == "sorted" or name in ("list", "tuple"):
            result.find().length_of = first.find().length_of
            note(result.find().lengths, first.find().lengths)
    elif name in ("sum", "fsum", "prod"):
        first.mark("seq")
        first.child("element").mark("num")
        result.mark("num")
        if len(args) > 1 and args[1].has("list"):
            first.child("element").find().marks.clear()
            first.child("element").mark("list")
    elif name in ("min", "max"):
        if len(args) == 1:
            first.mark("seq")
            return first.child("element")
        for other in args[1:]:
            link(first, other)
            for kind in ("num", "int", "float", "str"):
                if first.has(kind) or other.has(kind):
                    first.mark(kind), other.mark(kind)
        link(result, first)
        for arg in args:
            note(result.find().bounds, arg.find().bounds)
            if arg.has("num", "int"):
                result.mark("num")
    elif name in (
        "any",
        "all",
        "enumerate",
        "cycle",
        "accumulate",
        "combinations",
        "permutations",
        "pairwise",
        "groupby",
        "islice",
        "Counter",
        "heapify",
        "chain",
        "mean",
        "median",
        "mode",
        "stdev",
        "combinations_with_replacement",
    ):
        _iteration(name, first, args, result)  # fmt: skip
    elif name == "zip" or name in ("zip_longest", "product"):
        element = result.child("element").mark("inner", "made")
        for i, arg in enumerate(args):
            arg.mark("seq")
            element.find().parts[i] = arg.child("element")
        element.find().arity = len(args)
        if name == "zip":
            observer.usage.zipped += [(a, b) for a, b in itertools.pairwise(args)]
    elif name in ("map", "filter", "reduce", "starmap", "filterfalse"):
        if node is not None and len(args) > 1:
            for arg in args[1:]:
                arg.mark("seq")
            elements = [a.child("element") for a in args[1:]]
            if name == "reduce":
                elements = [Slot(), elements[0]]
                link(elements[0], elements[1])
            made = _apply(observer, node.args[0], elements, scope)
            if name == "filter":
                unify(result.child("element"), args[1].child("element"))
            else:
                unify(result.child("element"), made)
    elif name in ("dict", "defaultdict", "OrderedDict"):
        result.mark("dict")
        if name == "defaultdict" and node is not None and node.args:
            made = _apply(observer, node.args[0], [], scope)
            unify(result.child("at"), made)
        elif args and first.find().param is not None:
            link(result, first)
    elif name in _SEARCH and len(args) >= 2:
        first.mark("list")
        observer.usage.ordered.append(first)
        unify_soft(first.child("element"), args[1])
        result.mark("num", "int")
        result.find().bounds.append(first)
    elif name in ("heappush", "heappushpop", "heapreplace") and len(args) >= 2:
        unify(first.child("element"), args[1])
        unify_at(first)
        return first.child("element")
    elif name == "heappop":
        first.mark("list")
        return first.child("element")
    elif name in ("nlargest", "nsmallest") and len(args) >= 2:
        first.mark("int")
        args[1].mark("seq")
        first.find().bounds.append(args[1])
        result.mark("list")
        unify(result.child("element"), args[1].child("element"))
    elif name == "next":
        first.mark("next") if not first.has("made", "list") else None
        return first.child("element")
    elif name in ("deepcopy", "copy"):
        return first
    elif name == "isinstance" and node is not None and len(node.args) == 2:
        _instance_check(first, node.args[1])
        result.mark("bool")
    elif name in ("search", "match", "fullmatch", "findall", "sub", "split", "finditer", "compile"):
        for arg in args:
            arg.mark("str")
        if name in ("findall", "split"):
            result.mark("list")
            result.child("element").mark("str")
        elif name == "sub":
            result.mark("str")
    elif name == "print":
        pass
    return result


def _iteration(name: str, first: Slot, args: list[Slot], result: Slot) -> None:
    first.mark("seq")
    element = result.child("element")
    if name == "enumerate":
        element.find().parts[0] = Slot().mark("num", "int")
        element.part(0).find().bounds.append(first)
        element.find().parts[1] = first.child("element")
        element.find().arity = 2
        element.mark("inner", "made")
    elif name in ("combinations", "permutations", "pairwise", "combinations_with_replacement"):
        unify(element.child("element"), first.child("element"))
        unify_at(element)
        if len(args) > 1:
            args[1].mark("int")
            args[1].find().bounds.append(first)
    elif name == "Counter":
        first.child("element").mark("hash")
        result.mark("dict")
        unify(result.child("index"), first.child("element"))
        unify(result.child("element"), first.child("element"))
        result.child("at").mark("num", "int")
    elif name == "groupby":
        element.find().parts[0] = first.child("element")
        element.find().arity = 2
    elif name in ("any", "all"):
        result.mark("bool")
    elif name == "heapify":
        first.mark("list")
    elif name in ("mean", "median", "stdev"):
        first.child("element").mark("num")
        result.mark("num")
    elif name == "chain":
        for arg in args:
            unify(element, arg.child("element"))
    else:
        unify(element, first.child("element"))


def _instance_check(slot: Slot, node: ast.expr) -> None:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in ("int", "str", "list", "dict", "float"):
            slot.mark("maybe_" + part.id)


_RESULTS = {
    "split": ("list", "str"), "rsplit": ("list", "str"), "splitlines": ("list", "str"),
    "partition": ("made", "str"), "rpartition": ("made", "str"),
}  # fmt: skip
_STR_RESULT = set({
    "lower", "upper", "strip", "lstrip", "rstrip", "title", "capitalize", "swapcase", "replace",
    "join", "format", "zfill", "center", "ljust", "rjust", "casefold", "translate",
    "removeprefix", "removesuffix",
})  # fmt: skip


def _method(
    observer: Any, owner: Slot, attr: str, args: list[Slot], scope: Any, node: ast.Call
) -> Slot:
    owner.attribute(attr).mark("called")
    result = Slot()
    first = args[0] if args else None
    if attr in _STR_RESULT:
        result.mark("str")
        if attr == "join" and first is not None:
            first.mark("seq")
            first.child("element").mark("str")
        elif attr not in ("format", "zfill", "center", "ljust", "rjust"):
            for arg in args:
                arg.mark("str")
    elif attr in _RESULTS:
        result.mark(_RESULTS[attr][0])
        result.child("element").mark(_RESULTS[attr][1])
        unify_at(result)
        for arg in args:
            if not arg.has("num"):
                arg.mark("str")
    elif attr in ("append", "add", "appendleft", "discard", "remove") and first is not None:
        unify_soft(owner.child("element"), first)
        if attr == "add":
            first.mark("hash")
            owner.mark("set")
        if attr in ("append", "appendleft"):
            unify_at(owner)
    elif attr in ("extend", "extendleft") and first is not None:
        first.mark("seq")
        unify(owner.child("element"), first.child("element"))
        unify_at(owner)
    elif attr == "insert" and len(args) == 2:
        args[0].mark("int")
        unify_soft(owner.child("element"), args[1])
        unify_at(owner)
    elif attr in ("pop", "popleft"):
        if owner.has("dict") or (first is not None and len(args) == 2):
            owner.mark("dict")
            return owner.child("at")
        if first is not None and not first.has("num"):
            unify_soft(owner.child("index"), first)
            return owner.child("at")
        return owner.child("element")
    elif attr in ("get", "setdefault") and first is not None:
        owner.mark("dict")
        unify_soft(owner.child("index"), first)
        owner.child("index")
        first.find().into.append(owner)
        if len(args) > 1:
            unify_soft(owner.child("at"), args[1])
        return owner.child("at")
    elif attr == "items":
        owner.mark("dict")
        element = result.child("element").mark("inner", "made")
        element.find().parts[0] = owner.child("index")
        element.find().parts[1] = owner.child("at")
        element.find().arity = 2
    elif attr == "keys":
        owner.mark("dict")
        unify(result.child("element"), owner.child("index"))
    elif attr == "values":
        owner.mark("dict")
        unify(result.child("element"), owner.child("at"))
    elif attr == "most_common":
        element = result.child("element")
        element.find().parts[0] = owner.child("element")
        element.find().parts[1] = Slot().mark("num", "int")
        element.find().arity = 2
        unify_at(result)
    elif attr in ("index", "count", "find", "rfind"):
        result.mark("num", "int")
        if first is not None:
            observer.usage.contains.append((first, owner))
            if attr in ("find", "rfind"):
                first.mark("str")
            else:
                unify_soft(owner.child("element"), first)
        result.find().bounds.append(owner)
    elif attr in ("union", "intersection", "difference", "symmetric_difference", "update"):
        for arg in args:
            arg.mark("seq")
            unify(owner.child("element"), arg.child("element"))
        return owner
    elif attr in ("isdigit", "isalpha", "isalnum", "isupper", "islower", "isspace"):
        owner.mark("str")
        owner.mark("char")
        result.mark("bool")
    elif attr in ("startswith", "endswith"):
        result.mark("bool")
        for arg in args:
            arg.mark("str")
    elif attr == "sort":
        _key_function(observer, node, owner, scope)
    elif attr == "copy":
        return owner
    elif attr == "bit_length":
        owner.mark("int")
        result.mark("num", "int")
    elif attr == "is_integer":
        owner.mark("float")
    elif attr in observer.functions:
        return observer.call_function(  # type: ignore[no-any-return]
            observer.functions[attr], args, {}, scope)  # fmt: skip
    return result


def unify_at(slot: Slot) -> None:
    """What subscription yields is what iteration yields: a sequence."""
    unify(slot.child("element"), slot.child("at"))


_MODULES = frozenset({
    "math", "heapq", "bisect", "itertools", "collections", "functools", "operator", "re",
    "statistics", "copy", "string", "random", "sys", "np", "numpy",
})  # fmt: skip
