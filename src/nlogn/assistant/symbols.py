"""What a file defines and which names it uses, by its syntax tree."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nlogn.security.fronts.common import GRAMMARS, parser

_IDENTIFIER = re.compile(r"[^\W\d]\w{2,}")


def _named(kind: str, *definitions: str) -> str:
    """A query for these definitions, whose names are nodes of one kind."""
    return "".join(f"({one} name: ({kind}) @n) @d\n" for one in definitions)


_C = """
(function_definition declarator: (function_declarator declarator: (identifier) @n)) @d
(function_definition declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @n))) @d
(declaration declarator: (function_declarator declarator: (identifier) @n)) @d
(declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @n))) @d
(struct_specifier name: (type_identifier) @n body: (_)) @d
(enum_specifier name: (type_identifier) @n body: (_)) @d
(type_definition declarator: (type_identifier) @n) @d
(preproc_def name: (identifier) @n) @d
(preproc_function_def name: (identifier) @n) @d
"""
_JAVASCRIPT = (
    _named("identifier", "function_declaration", "generator_function_declaration")
    + _named("property_identifier", "method_definition")
    + """
(program (lexical_declaration (variable_declarator name: (identifier) @n)) @d)
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @n)) @d))
"""
)
_TYPESCRIPT = (
    _JAVASCRIPT
    + _named("type_identifier", "class_declaration", "abstract_class_declaration",
             "interface_declaration", "type_alias_declaration")
    + _named("identifier", "enum_declaration")
)  # fmt: skip
_QUERIES = {
    "python": _named("identifier", "function_definition", "class_definition")
    + "(module (expression_statement (assignment left: (identifier) @n)) @d)",
    "javascript": _JAVASCRIPT + _named("identifier", "class_declaration"),
    "typescript": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "java": _named("identifier", "class_declaration", "interface_declaration", "enum_declaration",
                   "record_declaration", "method_declaration"),
    "go": _named("identifier", "function_declaration")
    + _named("field_identifier", "method_declaration")
    + """
(type_declaration (type_spec name: (type_identifier) @n)) @d
(source_file (const_declaration (const_spec name: (identifier) @n)) @d)
""",
    "rust": _named("identifier", "function_item", "macro_definition", "const_item")
    + _named("type_identifier", "struct_item", "enum_item", "trait_item", "type_item"),
    "php": _named("name", "function_definition", "class_declaration", "interface_declaration",
                  "method_declaration"),
    "c": _C,
    "cpp": _C
    + """
(class_specifier name: (type_identifier) @n body: (_)) @d
(function_definition declarator: (function_declarator declarator: (field_identifier) @n)) @d
(function_definition declarator: (function_declarator
  declarator: (qualified_identifier name: (identifier) @n))) @d
""",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """Lines from 1, both ends included."""

    name: str
    first: int
    last: int


def definitions(text: str, language: str) -> tuple[Definition, ...]:
    """Functions, classes, types and module constants, in the order of their lines; () for a
    language without a grammar."""
    query = _query(language)
    if query is None:
        return ()
    import tree_sitter

    root = parser(language).parse(text.encode("utf-8", "replace")).root_node
    found = set()
    for _, captured in tree_sitter.QueryCursor(query).matches(root):
        node, name = captured["d"][0], captured["n"][0]
        if node.parent is not None and node.parent.type == "decorated_definition":
            node = node.parent
        last = node.end_point[0] + (node.end_point[1] > 0)
        label = name.text.decode("utf-8", "replace") if name.text else ""
        found.add((node.start_point[0] + 1, max(last, node.start_point[0] + 1), label))
    return tuple(Definition(name, first, last) for first, last, name in sorted(found))


@lru_cache(maxsize=16)
def _query(language: str) -> Any:
    if language not in _QUERIES or language not in GRAMMARS:
        return None
    import tree_sitter

    known = parser(language).language
    return tree_sitter.Query(known, _QUERIES[language]) if known is not None else None


def identifiers(text: str) -> list[str]:
    """Names of three letters or more, each as often as it stands there."""
    return _IDENTIFIER.findall(text)
