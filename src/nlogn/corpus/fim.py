"""Fill in the middle: a document becomes prefix, suffix and the middle to be written (PSM order).

    <|fim_prefix|>def total(xs):\\n    <|fim_suffix|>\\n<|fim_middle|>return sum(xs)

Holes are pieces that people leave open: a statement, a block, an expression, the rest of a line;
some are cut at random places, so that a cursor may stand anywhere (arXiv:2207.14255 cuts only
there). The choice follows the random generator that is passed in.

Suffix first (SPM, the paper's second variant), the middle goes on where the prefix ends, as any
text does:

    <|fim_prefix|><|fim_suffix|>\\n<|fim_middle|>def total(xs):\\n    return sum(xs)
"""

import random
from bisect import bisect_right
from typing import Any

from nlogn.corpus.shingles import listed
from nlogn.corpus.specials import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, Parts, Special
from nlogn.security.fronts.common import GRAMMARS, parser

KINDS = ("statement", "block", "expression", "line_end", "random")
_WEIGHTS = (30, 20, 20, 20, 10)
LONGEST = 2000  # characters of a middle
_BLOCKS = listed(
    """block statement_block compound_statement class_body function_body declaration_list
    field_declaration_list suite switch_body match_block enum_body interface_body"""
)
_TOP = listed("""module program source_file translation_unit""")


def fim(text: str, language: str, rng: random.Random) -> tuple[Parts, str] | None:
    """The parts in PSM order and the hole's kind; None where the text has no place for a hole."""
    if len(text) < 20:
        return None
    order = rng.choices(KINDS, _WEIGHTS, k=3)
    data = text.encode(errors="replace")
    root = None
    for kind in order:
        if kind in ("statement", "block", "expression"):
            if language not in GRAMMARS:
                continue
            if root is None:
                root = parser(language).parse(data).root_node
            span = _node_span(root, data, kind, rng)
        else:
            span = _text_span(data, kind, rng)
        if span is None:
            continue
        start, end = span
        try:
            pieces = [data[:start].decode(), data[end:].decode(), data[start:end].decode()]
        except UnicodeDecodeError:  # a random cut inside a character
            continue
        prefix, suffix, middle = pieces
        if middle.strip() and len(middle) <= LONGEST:
            parts = [Special(FIM_PREFIX), prefix, Special(FIM_SUFFIX), suffix,
                     Special(FIM_MIDDLE), middle]  # fmt: skip
            return parts, kind
    return None


def suffix_first(parts: Parts) -> Parts:
    """What `fim` made, in SPM order; the middle stays last."""
    before, prefix, between, suffix, after, middle = parts
    return [before, between, suffix, after, prefix, middle]


def _node_span(root: Any, data: bytes, kind: str, rng: random.Random) -> tuple[int, int] | None:
    """The syntax node of this kind around a random place."""
    for _ in range(8):
        at = rng.randrange(len(data))
        node = root.named_descendant_for_byte_range(at, at)
        while node is not None and not _is(node, kind):
            node = node.parent
        if node is not None and 2 <= node.end_byte - node.start_byte <= LONGEST:
            return node.start_byte, node.end_byte
    return None


def _is(node: Any, kind: str) -> bool:
    parent = node.parent
    if parent is None or not node.is_named or node.has_error or "comment" in node.type:
        return False
    if kind == "block":
        return node.type in _BLOCKS
    if kind == "statement":
        return parent.type in _BLOCKS or parent.type in _TOP
    return (
        node.type not in _BLOCKS
        and parent.type not in _BLOCKS
        and parent.type not in _TOP
        and "string_" not in node.type
        and node.end_byte - node.start_byte >= 3
    )


def _text_span(data: bytes, kind: str, rng: random.Random) -> tuple[int, int] | None:
    if kind == "random":
        start = rng.randrange(len(data))
        return start, min(start + 1 + rng.randrange(LONGEST // 4), len(data))
    starts = [0]
    while (at := data.find(b"\n", starts[-1])) >= 0:
        starts.append(at + 1)
    for _ in range(8):
        at = rng.randrange(len(data))
        line = bisect_right(starts, at) - 1
        begin = starts[line]
        end = starts[line + 1] - 1 if line + 1 < len(starts) else len(data)
        indent = len(data[begin:end]) - len(data[begin:end].lstrip())
        if end - begin - indent >= 4:
            return rng.randrange(begin + indent, end - 1), end
    return None
