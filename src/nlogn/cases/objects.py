"""Programs whose arguments are linked lists, trees or functions, called with plain values.

A sandbox passes plain values only. `adapt` appends a small function to the program that builds
the objects from lists (`Node` in `types`) and calls the entry with them, inside the sandbox.
"""

from dataclasses import replace

from nlogn.cases.types import Choice, Function, Node, Seq, Signature, Type, main_option
from nlogn.sandbox.types import Program

ENTRY = "nlogn_adapted_entry"

FUNCTIONS = (
    "lambda *a: a[0] if a else 0",
    "lambda *a: -a[0] if a else 1",
    "lambda *a: a[0] * 2 if a else 2",
    "lambda *a: a[-1] if a else 3",
    "lambda *a: (a[0] > 0) if a and isinstance(a[0], (int, float)) else bool(a and a[0])",
    "lambda *a: a[0] + a[-1] if a else 0",
)

_BUILD = """

def nlogn_chain(values, name, value, links, classes):
    cls = next((c for c in map(globals().get, classes) if isinstance(c, type)), None)
    if cls is None:
        cls = globals()[name] = type(name, (), {value: 0, **dict.fromkeys(links)})
    nodes = []
    for v in values:
        if v is None:
            nodes.append(None)
            continue
        node = object.__new__(cls)
        for link in links:
            setattr(node, link, None)
        setattr(node, value, v)
        nodes.append(node)
    if len(links) == 1:
        for a, b in zip(nodes, nodes[1:]):
            setattr(a, links[0], b)
    else:
        free = iter(nodes[1:])
        for parent in [n for n in nodes if n is not None]:
            for link in links:
                setattr(parent, link, next(free, None))
    return nodes[0] if nodes else None
"""


def needs_adapting(signature: Signature) -> bool:
    """Whether some argument is no plain value."""
    return any(_special(t) for t in signature.types)


def _special(type_: Type) -> bool:
    type_ = main_option(type_)
    if isinstance(type_, Seq):
        return isinstance(main_option(type_.item), Node)
    return isinstance(type_, (Node, Function))


def adapt(program: Program, signature: Signature) -> Program:
    """`program` with an entry that takes plain values; itself if it already does."""
    if not needs_adapting(signature) or program.entry is None:
        return program
    owner, _, name = program.entry.rpartition(".")
    target = f"{owner}().{name}" if owner else name
    parts = []
    for i, type_ in enumerate(signature.types):
        parts.append(_expression(type_, f"a[{i}]", i))
    lines = [f"    if len(a) > {i}: b.append({p})" for i, p in enumerate(parts)]
    functions = ", ".join(f"({f})" for f in FUNCTIONS)
    entry = "\n".join([f"\ndef {ENTRY}(*a):", "    b = []", *lines, f"    return {target}(*b)\n"])
    code = f"{program.code}\n{_BUILD}\nnlogn_functions = ({functions})\n{entry}"
    return replace(program, code=code, entry=ENTRY)


def _expression(type_: Type, name: str, i: int) -> str:
    options = type_.options if isinstance(type_, Choice) else (type_,)
    found = next((o for o in options if _special(o)), None)
    if isinstance(found, Function):
        return f"nlogn_functions[{name} % {len(FUNCTIONS)}]"
    if isinstance(found, Seq):
        return f"[{_expression(found.item, 'x', i)} for x in {name}]"
    if isinstance(found, Node):
        names = [n for n in (found.class_name, "ListNode" if found.shape == "chain" else "TreeNode",
                             "Node") if n]  # fmt: skip
        make = f"nlogn_chain({name}, {names[0]!r}, {found.value!r}, {found.links!r}, {names!r})"
        return f"{make} if isinstance({name}, list) else {name}"
    return name
