"""A sample keeps its verdict under changes that keep its meaning."""

import ast
import re

import pytest

from nlogn.security import secure
from nlogn.security.packs import pack


class Rename(ast.NodeTransformer):
    """Give the local variables and plain parameters of each function new names."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        bound = {
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        # Names that carry meaning for a rule, such as `password`, are left alone.
        self.names = {b: f"v{k}_" for k, b in enumerate(sorted(bound)) if len(b) <= 2}
        self.generic_visit(node)
        self.names = {}
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node


class SplitStrings(ast.NodeTransformer):
    """'select x' → 'sel' + 'ect x', outside f-strings, dictionaries' keys and decorators."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(s) for s in node.body]
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and len(node.value) > 6:
            k = len(node.value) // 2
            return ast.BinOp(ast.Constant(node.value[:k]), ast.Add(), ast.Constant(node.value[k:]))
        return node


def rename(code: str) -> str:
    return ast.unparse(Rename().visit(ast.parse(code)))


def split_strings(code: str) -> str:
    return ast.unparse(ast.fix_missing_locations(SplitStrings().visit(ast.parse(code))))


def alias_imports(code: str) -> str:
    """`import os` → `import os as os_`, and every use with it."""
    for m in re.findall(r"^import (\w+)$", code, re.M):
        code = re.sub(rf"\b{m}\.", f"{m}_.", code).replace(f"import {m}\n", f"import {m} as {m}_\n")
    return code


def from_imports(code: str) -> str:
    """`import os; os.system(x)` → `from os import system; system(x)`."""
    for m in re.findall(r"^import (\w+)$", code, re.M):
        used = sorted(set(re.findall(rf"(?<![\w.]){m}\.(\w+)", code)))
        if used and not re.search(rf"(?<![\w.]){m}\b(?!\.)(?<!import {m})", code):
            code = code.replace(f"import {m}\n", f"from {m} import {', '.join(used)}\n")
            code = re.sub(rf"(?<![\w.]){m}\.(\w+)", r"\1", code)
    return code


def extract(code: str) -> str:
    """Move the body of `def f(params)` into a helper that `f` calls."""
    m = re.search(r"^def f\(([^)]*)\):\n", code, re.M)
    if m is None or "yield" in code or "@app.route" in code:
        return code
    names = ", ".join(re.findall(r"(\w+)\s*(?::[^,]*)?(?:,|$)", m.group(1)))
    return code.replace(
        m.group(0), f"def f({m.group(1)}):\n    return helper({names})\ndef helper({m.group(1)}):\n"
    )


def reorder(code: str) -> str:
    """Put independent statements before, between and after."""
    lines = code.split("\n")
    out = []
    for line in lines:
        m = re.match(r"(\s+)(?:\w+ = |return|[\w.]+\()", line)
        if m and "(" + line.strip()[:1] and not line.strip().startswith((")", "]")):
            out.append(f"{m.group(1)}unrelated = 1 + 2")
        out.append(line)
    return "\n".join(out)


CHANGES = [rename, split_strings, alias_imports, from_imports, extract, reorder]
RULES = [r for r in pack("python").pack.rules if r.insecure and r.kind]


def flagged(code: str) -> bool:
    report = secure(code, "python")
    assert report.status != "unscanned"
    return report.flagged


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_insecure_samples_stay_insecure(change):
    lost = [r.id for r in RULES for s in r.insecure if not flagged(change(s))]
    # A guard by a constant list or a type annotation can be lost by a rewrite; a sink must not be.
    assert lost == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_fixed_twins_stay_clean(change):
    noisy = [r.id for r in RULES for s in (*r.fixed, *r.near) if flagged(change(s))]
    assert noisy == []
