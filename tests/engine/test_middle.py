"""The middle that fits: true middles stay as they are, spoiled ones are mended."""

import ast
import random
import re
import statistics
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nlogn.corpus.fim import fim
from nlogn.corpus.specials import Special
from nlogn.engine.middle import Scope, finished, fit, scope_at
from nlogn.security.fronts.common import parser

SOURCES = [
    Path(module.__file__).read_text() for module in (ast, random, re, statistics) if module.__file__
]
JAVASCRIPT = """\
import { readFile } from 'node:fs';

export class Totals {
  constructor(rows = []) {
    this.rows = rows;
  }

  /* each row's total, `null` for none */
  sums(scale) {
    const out = [];
    for (const row of this.rows) {
      if (!row.length) { out.push(null); continue; }
      out.push(row.reduce((a, b) => a + b, 0) * scale);
    }
    return out.map((x) => `${x ?? 'none'}: (${scale})`);
  }
}

function main(path) {
  readFile(path, 'utf8', (error, text) => {
    if (error) throw error;
    console.log(new Totals(JSON.parse(text)).sums(2));
  });
}

main(process.argv[2]);
"""
RUST = """\
use std::collections::HashMap;

pub fn count(words: &[&str]) -> HashMap<String, usize> {
    let mut seen = HashMap::new();
    for word in words {
        *seen.entry(word.to_string()).or_insert(0) += 1;
    }
    seen
}

fn main() {
    let text = "a b (a";
    let counted = count(&text.split(' ').collect::<Vec<_>>());
    println!("{:?}", counted.get("a"));
}
"""


def _chunks() -> list[tuple[str, str]]:
    """Whole top-level statements, some in a row: code that parses by itself."""
    out = [(JAVASCRIPT, "javascript"), (RUST, "rust")]
    for source in SOURCES:
        lines = source.split("\n")
        starts = [
            min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) - 1
            for node in ast.parse(source).body
        ]
        out += [
            ("\n".join(lines[a:b]) + "\n", "python")
            for a, b in zip(starts, starts[3:], strict=False)
            if 60 < sum(map(len, lines[a:b])) < 6000
        ]
    return out


CHUNKS = _chunks()


def repeats(middle: str, suffix: str) -> bool:
    """Whether the code itself says, at the hole's end, what comes right after it."""
    rest, _, _ = suffix.partition("\n")
    first = next((line.strip() for line in suffix.split("\n") if line.strip()), "")
    lines = [line.strip() for line in middle.split("\n")]
    piece = re.search(r"\w*\Z", middle)
    return (len(re.findall(r"\w", first)) >= 3 and first in lines) or bool(
        rest and any(middle.endswith(rest[:n]) and len(re.findall(r"\w", rest[:n])) >= 3
                     for n in range(3, len(rest) + 1)) and piece
    )  # fmt: skip


def test_the_line_at_the_cursor_is_no_evidence_of_the_unit_of_indentation() -> None:
    assert fit("   ", "class E(ValueError):\n ", "pass\n", "python") == "   "
    assert fit("    x", "if a:\n    b()\nif c:\n    ", "()\n", "python") == "x"


@given(st.sampled_from(CHUNKS), st.data())
@settings(max_examples=400, deadline=None)
def test_a_true_middle_comes_back_unchanged(chunk: tuple[str, str], data: st.DataObject) -> None:
    text, language = chunk
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 600)))
    prefix, middle, suffix = text[:start], text[start:end], text[end:]
    assume(not repeats(middle, suffix))
    assert fit(middle, prefix, suffix, language) == middle


def test_holes_that_people_leave_are_filled_whole() -> None:
    """A scope of a line or a block never cuts what is one line or one block."""
    tried = {"line": 0, "block": 0}
    for seed in range(2500):
        rng = random.Random(seed)
        text, language = rng.choice(CHUNKS)
        made = fim(text, language, rng)
        if made is None or made[1] not in ("line_end", "block"):
            continue
        prefix, suffix, middle = (p for p in made[0] if not isinstance(p, Special))
        if repeats(middle, suffix):
            continue
        scope: Scope = "line" if made[1] == "line_end" else "block"
        if scope == "block" and (prefix[prefix.rfind("\n") + 1 :].strip() or "\n\n" in middle):
            continue
        tried[scope] += 1
        assert fit(middle, prefix, suffix, language, scope=scope) == middle
    assert min(tried.values()) > 100


@given(st.sampled_from(CHUNKS), st.data())
@settings(max_examples=200, deadline=None)
def test_a_repeated_suffix_is_cut(chunk: tuple[str, str], data: st.DataObject) -> None:
    """The model writes the rest of the line, then goes on with the lines that stand there."""
    text, language = chunk
    lines = text.split("\n")
    row = data.draw(st.integers(0, len(lines) - 1))
    count = data.draw(st.integers(1, 4))
    column = data.draw(st.integers(0, len(lines[row])))
    prefix = "\n".join([*lines[:row], lines[row][:column]])
    middle = lines[row][column:]
    suffix = "\n" + "\n".join(lines[row + 1 :])
    after = suffix.split("\n")[1 : 1 + count]
    assume(len(re.findall(r"\w", "".join(after))) >= 3 and after[-1].strip())
    assume(not repeats(middle, suffix))
    assume(lines[row].strip() != after[0].strip())
    again = "\n".join([middle, *after])
    assume(not repeats("\n".join([middle, *after[:-1]]), suffix) or count == 1)
    made = fit(again, prefix, suffix, language)
    assert made.rstrip() == middle.rstrip()


@pytest.mark.parametrize(
    ("prefix", "middle", "suffix", "language", "fitted"),
    [
        ("print(", "x)", ")\n", "python", "x"),
        ("print(", "f(x)", ")\n", "python", "f(x)"),
        ('name = "', 'Ada"', '"\n', "python", "Ada"),
        ("return_it = ", "result", "result\n", "python", ""),
        ("foo(a, ", "result_of(b", ")\n", "python", "result_of(b)"),
        ("def f(x):\n    ", "    return x", "\n", "python", "return x"),
        ("def f(x):\n    y = ", "y = g(x)", "\n    return y\n", "python", "g(x)"),
        ("const f = (x) => { ", "return x; }", " }\n", "javascript", "return x;"),
        ("let v = vec![", "1, 2];", "];\n", "rust", "1, 2"),
        ("a (", "b))", " c\n", "", "b)"),
    ],
)
def test_brackets_quotes_and_indentation_are_mended(
    prefix: str, middle: str, suffix: str, language: str, fitted: str
) -> None:
    assert fit(middle, prefix, suffix, language) == fitted


def test_a_middle_that_was_cut_short_ends_with_a_whole_line() -> None:
    prefix, suffix = "def f(xs):\n    ", "\n\n\nprint(f([1]))\n"
    middle = "total = 0\n    for x in xs:\n        total += x\n    return max(tot"
    made = fit(middle, prefix, suffix, "python", cut_short=True)
    assert made == "total = 0\n    for x in xs:\n        total += x"


def test_a_block_ends_where_the_next_one_begins() -> None:
    prefix, suffix = "class A:\n    def f(self):\n        ", "\n\n    def h(self): ...\n"
    middle = "if x:\n            y()\n        return 1\n\n    def g(self):\n        return 2\n"
    assert scope_at(prefix, suffix) == "block"
    body = "if x:\n            y()\n        return 1"
    assert fit(middle, prefix, suffix, "python", scope="block") == body
    assert finished(middle[:60], prefix, suffix, "python", "block")
    assert not finished(body, prefix, suffix, "python", "block")


def test_a_block_in_braces_gets_the_brace_that_nobody_else_writes() -> None:
    middle = "\n  return a + b;\n}\n\nfunction sub(a, b) {\n  return a - b;\n}\n"
    made = fit(middle, "function add(a, b) {", "\n", "javascript", scope="block")
    assert made == "\n  return a + b;\n}"
    made = fit(middle, "function add(a, b) {", "\n}\n", "javascript", scope="block")
    assert made == "\n  return a + b;"


def test_a_decorator_that_is_being_written_in_a_long_file_is_no_error() -> None:
    filler = "\n\n".join(f"def f{i}(x):\n    return x + {i}\n" for i in range(4000))
    prefix, suffix = filler + "\n\n@functools.", "cache\ndef g():\n    return 1\n\n" + filler
    assert fit("lru_", prefix, suffix, "python") == "lru_"
    assert fit("\n@lru_", filler, suffix, "python") == "\n@lru_"


def test_less_indented_text_in_a_string_ends_no_block() -> None:
    middle = 'return """\nthe text\n"""'
    assert fit(middle, "def f():\n    ", "\n", "python", scope="block") == middle


@given(st.sampled_from(CHUNKS), st.data(), st.text("()[]{}'\"ab \n:", max_size=30))
@settings(max_examples=300, deadline=None)
def test_what_parses_without_a_middle_parses_with_any(
    chunk: tuple[str, str], data: st.DataObject, middle: str
) -> None:
    """Whatever a model writes into sound code, it stays sound."""
    text, language = chunk
    lines = text.split("\n")
    row = data.draw(st.integers(0, len(lines)))
    prefix = "".join(line + "\n" for line in lines[:row])
    suffix = "\n" + "\n".join(lines[row:])
    made = prefix + fit(middle, prefix, suffix, language) + suffix
    if language == "python":
        ast.parse(made)
    else:
        assert not parser(language).parse(made.encode()).root_node.has_error


@pytest.mark.parametrize("shift", range(7))
def test_of_a_long_file_whole_lines_are_looked_at(shift: int) -> None:
    """Where half a line stands first, nothing parses, with whatever middle."""
    prefix = "#" * shift + "\n" + "value = 1\n" * 9000 + "x = "
    suffix = "\n" + "#" * shift + "\n" + "w = 2 + 3\n" * 9000
    assert fit("1\n    y = 2", prefix, suffix, "python", scope="block") == "1"
