"""What a condition proves about the values it tests.

`if name not in ALLOWED: return` leaves `name` clean for every sink; `if "/" in name: abort(400)`
leaves it clean for paths. A fact is kept per source, not per variable, so a guard on
`urlparse(url).netloc` covers `url` too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import ir, names
from .conditions import holds
from .rules import Index, last_part
from .state import FACTS, CallSite, Env, Facts
from .values import EVERY, NC, Value, constant, words

if TYPE_CHECKING:
    from .interp import Interpreter

PATHS = frozenset({"path"})
HOSTS = frozenset({"netloc", "hostname", "host", "origin"})
URLS = frozenset({"redirect", "ssrf"})
LINES = frozenset({"log", "header"})
CHECKING = re.compile(
    r"(?i)(?:^|_|\b)(?:is_?|has_?)?(?:valid|safe|allow|whitelist|permit|trusted|good|legal|"
    r"accept|sanit|verif|check|ensure|assert|match|authori[sz]e|clean)"
)
ALLOWED = re.compile(r"(?i)allow|valid|white|permit|known|choices|safe|trusted|accept")
BOOLEANS = words("bool boolean Boolean")
PATTERNS = words("match fullmatch test MatchString matches preg_match search")
MEMBERSHIP = words("contains has includes containsKey in_array indexOf Contains")
TESTS = BOOLEANS | PATTERNS | MEMBERSHIP
BAD = ("contains_", "has_", "is_bad", "is_unsafe", "is_invalid", "isInvalid")
SAFE_WORD = re.compile(r"(?i)valid|safe|allow|whitelist|permit|trusted|good|sanit|verif|clean")


def refine(it: Interpreter, test: Any, env: Env, truth: bool, statement: bool = False) -> None:
    """Record in `env` what `test` being `truth` proves."""
    kind = type(test)
    if kind is ir.Un:
        if test.op == "not":
            refine(it, test.arg, env, not truth)
    elif kind is ir.Bin:
        op = test.op
        if op in ("and", "or"):
            if truth is (op == "and"):
                refine(it, test.left, env, truth)
                refine(it, test.right, env, truth)
        elif op in ("in", "not in"):
            membership(it, test, env, truth is (op == "in"))
        elif op in ("==", "!=", "===", "!=="):
            equality(it, test, env, truth is (op in ("==", "===")))
    elif kind is ir.Call:
        called(it, test, env, truth, statement)
    elif kind is ir.Name:
        # The test that was stored in this variable; taken out meanwhile, as it may name itself.
        inner = it.frame.tests.pop(test.id, None)
        if inner is not None:
            refine(it, inner, env, truth)
            it.frame.tests[test.id] = inner
    elif kind is ir.Let:
        refine(it, test.value, env, truth)
    elif kind is ir.Other and len(test.parts) == 1:
        refine(it, test.parts[0], env, truth)


def mark(it: Interpreter, e: Any, env: Env, kinds: frozenset[str]) -> None:
    """Every source in the value of `e` is clean for these kinds from here on."""
    v = it.ev(e, env)
    if v.src:
        facts: Facts = env[FACTS]
        for s in v.src:
            facts[s] = facts.get(s, frozenset()) | kinds
    elif type(e) is ir.Name and v.const is NC:
        env[e.id] = v.copy(clean=v.clean | kinds)


def membership(it: Interpreter, test: ir.Bin, env: Env, inside: bool) -> None:
    left, right = it.ev(test.left, env), it.ev(test.right, env)
    if inside:
        # `x in {"a", "b"}`, `x in ALLOWED`, `x in self.columns`: an allow-list.
        trusted = right.taint < max(1, left.taint) or ALLOWED.search(right.qual)
        if (trusted and (type(right.const) is not str) and not left.is_const) or (
            type(right.const) is str and not left.is_const
        ):
            mark(it, test.left, env, EVERY)
        return
    # `".." not in x` and the like: the constant is what the sink would need.
    if type(left.const) is str and not right.is_const:
        c = left.const
        if c in ("..", "/", "\\", "../", "./", "/.."):
            mark(it, test.right, env, PATHS)
        elif c in ("\n", "\r", "\r\n"):
            mark(it, test.right, env, LINES)
        elif c in ("'", '"', ";"):
            mark(it, test.right, env, frozenset({"sql", "xpath", "cmd", "code"}))
        elif c in ("<", ">"):
            mark(it, test.right, env, frozenset({"xss"}))


def equality(it: Interpreter, test: ir.Bin, env: Env, equal: bool) -> None:
    if not equal:
        return
    for one, other in ((test.left, test.right), (test.right, test.left)):
        v = it.ev(other, env)
        if v.const is not NC and v.const is not None and v.const not in ("", 0, True, False):
            if type(one) is ir.Name:
                env[one.id] = constant(v.const)
            else:
                mark(it, one, env, EVERY)
        elif type(one) is ir.Field and one.name in HOSTS and v.taint < 3:
            mark(it, one, env, URLS)


def guarding(ix: Index, name: str) -> bool:
    """Whether a call of that name can prove anything; most prove nothing."""
    known = ix.guarding.get(name)
    if known is None:
        known = (
            bool(ix.guards.loose)
            or name in ix.guards.exact
            or name in TESTS
            or name.startswith(BAD)
            or CHECKING.search(name) is not None
        )
        ix.guarding[name] = known
    return known


def called(it: Interpreter, test: ir.Call, env: Env, truth: bool, statement: bool) -> None:
    func = test.func
    if type(func) is ir.Field:
        if not guarding(it.ix, func.name):
            return
        recv = it.ev(func.obj, env)
        name, qual = func.name, f"{recv.qual}.{func.name}"
    else:
        recv = None
        v = it.ev(func, env)
        qual = v.qual or names.expr_text(func)
        name = last_part(qual)
        if not guarding(it.ix, name):
            return
    for guard in it.ix.guards.find(qual, name):
        if guard.truth is not truth and not statement:
            continue
        if guard.when:
            site = _site(it, test, env, recv, qual)
            if not all(holds(c, site) for c in guard.when):
                continue
        target = func.obj if guard.arg < 0 and type(func) is ir.Field else None
        if target is None and 0 <= guard.arg < len(test.args):
            target = test.args[guard.arg]
        if target is not None:
            mark(it, target, env, guard.kinds)
    if name in BOOLEANS and test.args:
        refine(it, test.args[0], env, truth)
        return
    if name in PATTERNS:
        regex_guard(it, test, env, truth, name, recv)
    if truth or statement:
        checked(it, test, env, func, name, recv, statement)
    elif name.startswith(BAD):
        for a in test.args:
            mark(it, a, env, frozenset({"path", "sql", "cmd", "redirect", "ssrf"}))


def regex_guard(
    it: Interpreter, test: ir.Call, env: Env, truth: bool, name: str,
    recv: Value | None,
) -> None:  # fmt: skip
    """`re.match(r"^\\w+$", x)`, `/^\\w+$/.test(x)`, `rx.MatchString(x)`, `x.matches("…")`."""
    pattern, subject = None, None
    values = [it.ev(a, env) for a in test.args]
    if recv is not None and name == "matches" and len(values) == 1:
        pattern, subject = values[0], test.func.obj
    elif recv is not None and (recv.kw or recv.is_const) and len(values) == 1:
        made = (recv.kw or {}).get("*") or ([recv] if recv.is_const else [])
        pattern = made[0] if made else None
        subject = test.args[0]
    elif len(values) >= 2:
        pattern, subject = values[0], test.args[1]
    if pattern is None or subject is None or type(pattern.const) not in (str, bytes):
        return
    p = pattern.const if type(pattern.const) is str else pattern.const.decode("latin-1")
    if name == "preg_match" and len(p) > 2:
        p = p[1 : p.rfind(p[0])] if p[0] in "/#~@!%" else p
    whole = name in ("fullmatch", "matches") or (
        p.endswith(("$", r"\Z", r"\z")) and (p.startswith(("^", r"\A")) or name == "match")
    )
    if (truth and whole and ".*" not in p and ".+" not in p and "[^" not in p) or (
        not truth and "[^" in p
    ):
        mark(it, subject, env, EVERY)
    elif not truth and (".." in p or r"\.\." in p or "/" in p):
        mark(it, subject, env, PATHS)


def checked(
    it: Interpreter, test: ir.Call, env: Env, func: Any, name: str,
    recv: Value | None, statement: bool,
) -> None:  # fmt: skip
    """A validator by its name: `is_safe_url(x)`, `validate_path(x)`, `allowed.contains(x)`."""
    if name in MEMBERSHIP:
        where = recv
        what = test.args[0] if test.args else None
        if name == "in_array" and len(test.args) > 1:
            where = it.ev(test.args[1], env)
        trusted = where is not None and where.taint == 0 and not where.is_const
        if what is not None and trusted and it.ev(what, env).const is NC:
            mark(it, what, env, EVERY)
        return
    if not CHECKING.search(name) or name in ("match", "checkout", "matches", "check_output"):
        return
    if (
        not SAFE_WORD.search(name)
        and statement
        and not name.startswith(("check", "assert", "ensure", "_check", "verify", "require"))
    ):
        return
    local = it.globals.get(name)
    fn = getattr(getattr(local, "fn", None), "fn", None)
    if fn is not None and vacuous(fn):
        return
    for a in test.args:
        mark(it, a, env, EVERY)


def vacuous(fn: ir.Function) -> bool:
    """A validator that only returns a constant, or does nothing, checks nothing."""
    body = [s for s in fn.body if not (type(s) is ir.Eval and type(s.value) is ir.Const)]
    if not body:
        return True
    return len(body) == 1 and type(body[0]) is ir.Return and type(body[0].value) is ir.Const


def _site(it: Interpreter, test: ir.Call, env: Env, recv: Value | None, qual: str) -> Any:
    site = CallSite(
        [it.ev(a, env) for a in test.args], {k: it.ev(v, env) for k, v in test.kwargs}, recv,
        qual, test.pos, it.searched,
    )  # fmt: skip
    site.where = it.frame.where
    site.text = site.fn_text = it.text
    return site
