"""Rewrites that remove a finding, offered only when a second scan finds nothing in its place.

Each rewrite is a function of the text and the finding's line to a new text, or None when the
code is not in a shape that it understands. Nothing here guesses: a query whose parts it cannot
name is left alone.
"""

from __future__ import annotations

import ast
import difflib
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .fronts.common import Source
from .packs import MODULES, pack
from .policy import Policy
from .report import Finding
from .scan import canonical, secure


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines `first` to `last` (from 1) give way to `text`."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    rule: str
    line: int
    title: str
    edits: tuple[Edit, ...]
    code: str  # the whole text with this fix alone applied


TITLES = {
    "parameterise": "Bind the values as parameters", "argv": "Run it as a list of arguments",
    "safe-loader": "Use the safe loader", "secrets": "Use the secrets module",
    "sha256": "Use SHA-256", "verify": "Check the certificate", "escape": "Escape the value",
    "confine": "Keep only the base name", "compare-digest": "Compare in constant time",
    "defusedxml": "Use defusedxml", "cookie-flags": "Protect the cookie",
    "debug": "Switch the debugger off", "mode": "Keep others out",
    "tar-filter": "Extract data only", "autoescape": "Escape what templates show",
}  # fmt: skip


def fix(code: str, language: str, policy: Policy | None = None) -> tuple[str, list[Fix]]:
    """Apply every rewrite that helps, one after the other; the text and what was done."""
    done: list[Fix] = []
    for _ in range(25):
        offered = offers(code, language, policy)
        if not offered:
            break
        done.append(offered[0])
        code = offered[0].code
    return code, done


def offers(code: str, language: str, policy: Policy | None = None) -> list[Fix]:
    """The rewrites that the code's findings allow, each checked by a scan of its result."""
    lang = canonical(language)
    if lang != "python":
        return []
    report = secure(code, lang, policy=policy)
    names = {r.id: r.fix for r in pack(lang).pack.rules} if lang in MODULES else {}
    out: list[Fix] = []
    for f in report.findings:
        name = names.get(f.rule, "")
        rewrite = REWRITES.get(name)
        if rewrite is None:
            continue
        new = rewrite(code, f)
        if new is None or new == code or (parses(code) and not parses(new)):
            continue
        after = secure(new, lang, policy=policy)
        if after.status != "unscanned" and better(report.findings, after.findings, f):
            out.append(Fix(f.rule, f.line, TITLES[name], edits(code, new), new))
    return out


def parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def better(before: tuple[Finding, ...], after: tuple[Finding, ...], gone: Finding) -> bool:
    """Fewer findings of this rule, and of no other rule more."""
    a, b = Counter(f.rule for f in before), Counter(f.rule for f in after)
    return b[gone.rule] < a[gone.rule] and all(b[r] <= a[r] for r in b)


def edits(old: str, new: str) -> tuple[Edit, ...]:
    a, b = old.splitlines(True), new.splitlines(True)
    out = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if i1 == i2:  # an insertion replaces the line it goes before, and keeps it
            at = min(i1, len(a) - 1)
            text = "".join(b[j1:j2]) + a[at] if i1 < len(a) else a[at] + "".join(b[j1:j2])
            out.append(Edit(at + 1, at + 1, text))
        else:
            out.append(Edit(i1 + 1, i2, "".join(b[j1:j2])))
    return tuple(out)


# ---- helpers -------------------------------------------------------------------------------


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for c in node.named_children:
        yield from _walk(c)


def _calls(src: Source, line: int) -> list[Any]:
    """Calls that begin on a line, outermost first."""
    return [n for n in _walk(src.root) if n.type == "call" and n.start_point[0] == line - 1]


def _arguments(call: Any) -> list[Any]:
    holder = call.child_by_field_name("arguments")
    return [c for c in holder.named_children if c.type != "comment"]


def _splice(code: str, node: Any, text: str) -> str:
    return code[: node.start_byte] + text + code[node.end_byte :]


def _with_import(code: str, module: str) -> str:
    """Import a module above the others, or after the file's docstring, comments and __future__."""
    src = Source(code, "python")
    first, after, head = -1, 0, True
    for n in src.root.named_children:
        at_line = n.start_byte == 0 or code[n.start_byte - 1] == "\n"
        names = n.named_children if n.type == "import_statement" else []
        if any(re.fullmatch(rf"{module}(?:\.[\w.]+)?", src.at(c)) for c in names):
            return code
        if n.type in ("import_statement", "import_from_statement") and at_line and first < 0:
            first = n.start_byte
        text = n.type == "expression_statement" and n.named_children[0].type == "string"
        head = head and (text or n.type in ("comment", "future_import_statement"))
        if head:
            end = code.find("\n", n.end_byte)
            after = len(code) if end < 0 else end + 1
    at = first if first >= 0 else after
    line = f"import {module}\r\n" if "\r\n" in code else f"import {module}\n"
    return code[:at] + line + code[at:]


def _on_line(
    code: str, f: Finding, pattern: str, to: str | Callable[[re.Match[str]], str]
) -> str | None:
    """Replace a pattern on the finding's line."""
    lines = code.split("\n")
    if not 0 < f.line <= len(lines):
        return None
    new = re.sub(pattern, to, lines[f.line - 1])
    if new == lines[f.line - 1]:
        return None
    lines[f.line - 1] = new
    return "\n".join(lines)


def _pieces(src: Source, node: Any) -> list[tuple[bool, str]] | None:
    """A built text as (is it an expression, text) in order; None when it is of another shape."""
    at = src.at
    kind = node.type
    if kind == "parenthesized_expression":
        return _pieces(src, node.named_children[0])
    if kind == "concatenated_string":
        out: list[tuple[bool, str]] = []
        for c in node.named_children:
            got = _pieces(src, c)
            if got is None:
                return None
            out += got
        return out
    if kind == "string":
        out = []
        prefix = at(node.children[0]).lower()
        if "b" in prefix:
            return None
        for c in node.children[1:-1]:
            if c.type == "interpolation":
                if c.named_child_count != 1:
                    return None
                out.append((True, at(c.named_children[0])))
            else:
                out.append((False, at(c)))
        return out
    if kind == "binary_operator":
        op = at(node.child_by_field_name("operator"))
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if op == "+":
            a, b = _pieces(src, left), _pieces(src, right)
            a = a if a is not None else [(True, at(left))]
            b = b if b is not None else [(True, at(right))]
            return a + b
        if op == "%" and left.type in ("string", "concatenated_string"):
            values = [at(c) for c in right.named_children] if right.type == "tuple" else [at(right)]
            return _filled(_pieces(src, left), r"%[sdr]", values)
    if kind == "call":
        func = node.child_by_field_name("function")
        args = _arguments(node)
        if func.type == "attribute" and at(func).endswith(".format"):
            base = func.named_children[0]
            if base.type == "string" and all(a.type != "keyword_argument" for a in args):
                return _filled(_pieces(src, base), r"\{\d*\}", [at(a) for a in args])
        if at(func) == "str" and len(args) == 1:
            return [(True, at(args[0]))]
    return None


def _filled(
    parts: list[tuple[bool, str]] | None, hole: str, values: list[str]
) -> list[tuple[bool, str]] | None:
    if parts is None or any(is_expr for is_expr, _ in parts):
        return None
    text = "".join(t for _, t in parts)
    chunks = re.split(hole, text)
    if len(chunks) != len(values) + 1 or "%%" in text:
        return None
    out: list[tuple[bool, str]] = []
    for k, chunk in enumerate(chunks):
        out.append((False, chunk))
        if k < len(values):
            out.append((True, values[k]))
    return out


# ---- rewrites ------------------------------------------------------------------------------


def parameterise(code: str, f: Finding) -> str | None:
    """`execute("… '%s'" % x)` → `execute("… ?", (x,))`, also through one variable."""
    src = Source(code, "python")
    mark = "%s" if re.search(r"psycopg|MySQLdb|pymysql|mysql\.", code) else "?"
    for call in _calls(src, f.line):
        func = call.child_by_field_name("function")
        if func.type != "attribute" or not src.at(func).endswith((".execute", ".query", ".raw")):
            continue
        args = _arguments(call)
        if len(args) != 1:
            continue
        node = args[0]
        if node.type == "identifier":
            found = _assigned(src, src.at(node), call)
            if found is None:
                return None
            made = _bound(src, found, mark)
            if made is None:
                return None
            text, values = made
            new = _splice(code, node, f"{src.at(node)}, {values}")
            return _splice(new, found, text)
        made = _bound(src, node, mark)
        if made is None:
            return None
        return _splice(code, node, f"{made[0]}, {made[1]}")
    return None


def _assigned(src: Source, name: str, use: Any) -> Any:
    """The value of a variable's only assignment before its use."""
    found = [
        n.child_by_field_name("right") for n in _walk(src.root)
        if n.type == "assignment" and n.start_byte < use.start_byte
        and src.at(n.child_by_field_name("left")) == name
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _bound(src: Source, node: Any, mark: str) -> tuple[str, str] | None:
    parts = _pieces(src, node)
    if parts is None:
        return None
    text, values = "", []
    for k, (is_expr, piece) in enumerate(parts):
        if not is_expr:
            # a quote on both sides of a placeholder would make it text
            if k > 1 and parts[k - 1][0] and _quoted(parts[k - 2], parts[k]):
                piece = re.sub(r"^\\?['\"]", "", piece)
            if k + 2 < len(parts) and parts[k + 1][0] and _quoted(parts[k], parts[k + 2]):
                piece = re.sub(r"\\?['\"]$", "", piece)
            text += piece
        else:
            if re.search(r"(?i)(?:from|into|update|table|join|order by)\s+$", text):
                return None  # the name of a table cannot be bound
            if any(text.count(q) % 2 for q in "'\"`"):
                return None  # inside a text it would stand for itself
            text += mark
            values.append(piece)
    if not values:
        return None
    quote = '"""' if "\n" in text else '"' if '"' not in text else "'"
    if quote in text:
        return None
    tail = "," if len(values) == 1 else ""
    return f"{quote}{text}{quote}", f"({', '.join(values)}{tail})"


def _quoted(before: tuple[bool, str], after: tuple[bool, str]) -> bool:
    """Whether one quote ends the text before a value and begins the text after it."""
    if before[0] or after[0]:
        return False
    begin = re.search(r"\\?(['\"])$", before[1])
    end = re.match(r"\\?(['\"])", after[1])
    return begin is not None and end is not None and begin.group() == end.group()


def argv(code: str, f: Finding) -> str | None:
    """`os.system("ping " + x)` → `subprocess.run(["ping", x])`; drops shell=True."""
    src = Source(code, "python")
    for call in _calls(src, f.line):
        name = src.at(call.child_by_field_name("function"))
        if not re.search(
            r"(?:^|\.)(?:system|popen|run|call|check_call|check_output|Popen|getoutput)$", name
        ):
            continue
        args = _arguments(call)
        parts = _pieces(src, args[0]) if args else None
        words = _words(parts) if parts else None
        if words is None:
            return None
        listed = "[" + ", ".join(words) + "]"
        if name in ("os.system", "os.popen", "subprocess.getoutput"):
            target = {"os.system": f"subprocess.run({listed}).returncode"}.get(
                name, f"subprocess.run({listed}, capture_output=True, text=True).stdout"
            )
            return _with_import(_splice(code, call, target), "subprocess")
        kept = [listed] + [src.at(a) for a in args[1:] if not re.match(r"shell\s*=", src.at(a))]
        return _splice(code, call, f"{name}({', '.join(kept)})")
    return None


def _words(parts: list[tuple[bool, str]]) -> list[str] | None:
    """A command line's pieces as the items of a list, None when the shell is needed."""
    text = ""
    values: list[str] = []
    for is_expr, piece in parts:
        if is_expr:
            text += f"\x00{len(values)}\x00"
            values.append(piece)
        else:
            text += piece
    if re.search(r"[|&;<>$`*?~\\]", text):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    out = []
    for w in words:
        whole = re.fullmatch(r"\x00(\d+)\x00", w)
        if whole:
            out.append(values[int(whole.group(1))])
        elif "\x00" in w:
            inner = re.sub(r"\x00(\d+)\x00", lambda m: "{" + values[int(m.group(1))] + "}", w)
            if '"' in inner:
                return None
            out.append(f'f"{inner}"')
        else:
            out.append(repr(w))
    return out or None


def safe_loader(code: str, f: Finding) -> str | None:
    src = Source(code, "python")
    for call in _calls(src, f.line):
        name = src.at(call.child_by_field_name("function"))
        m = re.fullmatch(r"(.*\.)(?:unsafe_|full_)?load(_all)?", name)
        if m and "pickle" not in name:
            return _splice(
                code,
                call,
                f"{m.group(1)}safe_load{m.group(2) or ''}({src.at(_arguments(call)[0])})",
            )
    return None


def use_secrets(code: str, f: Finding) -> str | None:
    """random.choice and the like have namesakes in `secrets` or in its SystemRandom."""
    lines = code.split("\n")
    for n in range(f.line - 1, max(-1, f.line - 8), -1):
        if n < len(lines) and re.search(r"\brandom\.\w+\(", lines[n]):
            new = re.sub(r"\brandom\.choice\(", "secrets.choice(", lines[n])
            new = re.sub(r"\brandom\.getrandbits\(", "secrets.randbits(", new)
            new = re.sub(
                r"\brandom\.(random|randint|randrange|choices|sample|uniform)\(",
                r"secrets.SystemRandom().\1(", new,
            )  # fmt: skip
            if new != lines[n]:
                lines[n] = new
                return _with_import("\n".join(lines), "secrets")
    return None


def sha256(code: str, f: Finding) -> str | None:
    return _on_line(code, f, r"\bhashlib\.(?:md5|sha1)\(", "hashlib.sha256(") or _on_line(
        code, f, r"(hashlib\.new\(\s*)(['\"])(?:md5|sha-?1)\2", r"\1\2sha256\2"
    )


def verify(code: str, f: Finding) -> str | None:
    return _on_line(code, f, r",\s*verify\s*=\s*False", "")


def escape(code: str, f: Finding) -> str | None:
    """Wrap the one unescaped name in the returned text with html.escape."""
    src = Source(code, "python")
    for node in _walk(src.root):
        if node.start_point[0] != f.line - 1 or node.type not in ("return_statement", "call"):
            continue
        holder = node.named_children[0] if node.type == "return_statement" else (
            _arguments(node)[0] if _arguments(node) else None)  # fmt: skip
        if holder is None:
            continue
        if holder.type == "string":
            inner = [c.named_children[0] for c in holder.children if c.type == "interpolation"]
        elif holder.type == "binary_operator":
            inner = [
                c for c in holder.named_children if c.type not in ("string", "binary_operator")
            ]
        elif holder.type in ("identifier", "subscript"):
            inner = [holder]
        else:
            continue
        for part in reversed(inner):
            if "escape(" not in src.at(part):
                code = _splice(code, part, f"html.escape({src.at(part)})")
        return _with_import(code, "html")
    return None


def confine(code: str, f: Finding) -> str | None:
    """Keep only the base name of the unknown part of a path."""
    src = Source(code, "python")
    for call in _calls(src, f.line):
        args = _arguments(call)
        if not args:
            continue
        node = args[0]
        if node.type == "call" and src.at(node.child_by_field_name("function")).endswith("join"):
            parts = [a for a in _arguments(node) if a.type != "string"]
        elif node.type == "binary_operator":
            parts = [c for c in node.named_children if c.type != "string"]
        elif node.type == "string":
            parts = [c.named_children[0] for c in node.children if c.type == "interpolation"]
        elif node.type in ("identifier", "subscript", "call"):
            parts = [node]
        else:
            continue
        if not parts:
            continue
        last = parts[-1]
        return _with_import(_splice(code, last, f"os.path.basename({src.at(last)})"), "os")
    return None


def compare_digest(code: str, f: Finding) -> str | None:
    src = Source(code, "python")
    for node in _walk(src.root):
        if node.type == "comparison_operator" and node.start_point[0] == f.line - 1:
            kids = node.children
            if len(kids) == 3 and kids[1].type in ("==", "!="):
                call = f"hmac.compare_digest({src.at(kids[0])}, {src.at(kids[2])})"
                new = call if kids[1].type == "==" else f"not {call}"
                return _with_import(_splice(code, node, new), "hmac")
    return None


def defusedxml(code: str, f: Finding) -> str | None:
    def put(m: re.Match[str]) -> str:
        module = m.group(2).removeprefix("etree.").removeprefix("dom.")
        return f"{m.group(1)}import defusedxml.{module} as {m.group(3)}"

    known = r"etree\.c?ElementTree|dom\.minidom|dom\.pulldom|sax"
    new = re.sub(rf"^(\s*)import xml\.({known}) as (\w+)", put, code, flags=re.M)
    new = re.sub(
        r"^(\s*)from xml\.etree import ElementTree",
        r"\1from defusedxml import ElementTree",
        new,
        flags=re.M,
    )
    return new if new != code else None


def cookie_flags(code: str, f: Finding) -> str | None:
    src = Source(code, "python")
    for call in _calls(src, f.line):
        if not src.at(call.child_by_field_name("function")).endswith("set_cookie"):
            continue
        kept = [
            src.at(a) for a in _arguments(call)
            if not re.match(r"(?:secure|httponly|samesite)\s*=", src.at(a))
        ]  # fmt: skip
        flags = ["secure=True", "httponly=True", "samesite='Lax'"]
        name = src.at(call.child_by_field_name("function"))
        return _splice(code, call, f"{name}({', '.join(kept + flags)})")
    return None


def no_debug(code: str, f: Finding) -> str | None:
    return _on_line(code, f, r"debug\s*=\s*True", "debug=False")


def mode(code: str, f: Finding) -> str | None:
    return _on_line(code, f, r"\b0o?([1-7])[0-7]{2}\b", lambda m: f"0o{m.group(1)}00")


def _add_keyword(code: str, f: Finding, ends: tuple[str, ...], keyword: str) -> str | None:
    src = Source(code, "python")
    for call in _calls(src, f.line):
        name = src.at(call.child_by_field_name("function"))
        if name.endswith(ends):
            key = keyword.split("=")[0]
            kept = [src.at(a) for a in _arguments(call) if not src.at(a).startswith(key)]
            return _splice(code, call, f"{name}({', '.join([*kept, keyword])})")
    return None


def tar_filter(code: str, f: Finding) -> str | None:
    return _add_keyword(code, f, ("extractall", "extract"), "filter='data'")


def autoescape(code: str, f: Finding) -> str | None:
    return _add_keyword(code, f, ("Environment",), "autoescape=True")


REWRITES: dict[str, Callable[[str, Finding], str | None]] = {
    "parameterise": parameterise, "argv": argv, "safe-loader": safe_loader,
    "secrets": use_secrets, "sha256": sha256, "verify": verify, "escape": escape,
    "confine": confine, "compare-digest": compare_digest, "defusedxml": defusedxml,
    "cookie-flags": cookie_flags, "debug": no_debug, "mode": mode, "tar-filter": tar_filter,
    "autoescape": autoescape,
}  # fmt: skip
