"""What a rule is. Rules are data; `packs/` holds them per language and `interp.py` applies them.

A rule names the calls it watches by qualified name. `*.execute` matches any receiver,
`a.{b,c}` both alternatives. Besides real calls the interpreter offers pseudo-calls:

    *.=name       an attribute is set          args: value
    *.=[key]      an item is set               args: value, key   (`=[]`: any key)
    =bind         a variable is bound          args: value        (see the condition "to")
    return        a function returns           args: value
    ==            two values are compared      args: left, right
    *.name?       an attribute is read         args: none
    anycall       any call at all that is given a text with an unknown part
    op+           an operator is applied       args: left, right, result
    type{}        a struct or object literal   keyword args: its fields

A rule with a `kind` is a sink: one of `args` must carry data as strong as `need`, not yet clean
for that kind. A rule without one is structural: its conditions alone decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

# How strong the data reaching a sink must be for the rule to speak.
#   web      from a request, on every path proven
#   param    from a parameter of the function at hand, or stronger
#   built    any text with an unknown part in it (string-built SQL or shell)
#   unknown  anything that is not a constant
NEEDS = {"web": 3, "param": 2, "env": 1, "built": 0, "unknown": 0}

Cond = tuple[Any, ...]  # see conditions.py


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    cwe: int
    severity: str  # low, medium, high, critical
    confidence: str  # low, medium, high: of the strongest finding it makes
    message: str
    calls: tuple[str, ...]
    kind: str = ""
    args: tuple[Any, ...] = (0,)  # positions or keywords; -1 the receiver, "*" every argument
    need: str = "web"
    when: tuple[Cond, ...] = ()
    unless: tuple[Cond, ...] = ()
    advice: str = ""
    evidence: str = ""  # "" = flow when it has a kind, api otherwise
    fix: str = ""  # the name of a rewrite in fixes.py
    insecure: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    near: tuple[str, ...] = ()  # looks alike, is not a finding


@dataclass(frozen=True, slots=True)
class Guard:
    """In a condition, `call` being `truth` makes its receiver (-1) or argument clean for kinds."""

    calls: tuple[str, ...]
    arg: int
    kinds: frozenset[str] = frozenset({"*"})
    truth: bool = True
    when: tuple[Cond, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """All that is known about one language's APIs."""

    lang: str
    rules: tuple[Rule, ...]
    sources: tuple[tuple[str, int], ...]  # qualified name -> strength
    sanitizers: tuple[tuple[str, frozenset[str]], ...]  # call -> the kinds it cleans
    guards: tuple[Guard, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()  # call -> a label that its result carries
    routes: tuple[str, ...] = ()  # decorators whose functions receive web input
    web_types: tuple[str, ...] = ()  # parameter types that hold web input
    web_names: tuple[str, ...] = ()  # parameter names that hold web input
    stops: frozenset[str] = frozenset()  # calls whose result carries no taint
    exits: frozenset[str] = frozenset()  # calls that do not return
    words: frozenset[str] = frozenset()  # further words that make a file worth a look
    hint: str = ""  # and a regular expression that does
    # On a request object every field is web input but these, which the server itself sets.
    request_own: frozenset[str] = frozenset()
    canary: tuple[str, str] = ("", "")  # source, the rule that must fire on it


def expand(pattern: str) -> list[str]:
    """`a.{b,c}` -> a.b, a.c."""
    m = re.search(r"\{([^{}]+)\}", pattern)
    if not m:
        return [pattern]
    head, tail = pattern[: m.start()], pattern[m.end() :]
    return [x for alt in m.group(1).split(",") for x in expand(head + alt + tail)]


def last_part(qual: str) -> str:
    """The name a call is indexed under: the part after the last dot outside brackets."""
    if "=[" in qual:
        return qual[qual.index("=[") :]
    return qual.rsplit(".", 1)[-1]


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A matcher for one pattern, or None when plain equality is enough."""
    if "*" not in pattern:
        return None
    body = re.escape(pattern).replace(r"\*", ".*")
    if pattern.startswith("*."):
        body = r"(?:.*\.)?" + body[len(r".*\.") :]
    return re.compile(body + r"\Z", re.S)


def matches(pattern: str, qual: str) -> bool:
    rx = compiled(pattern)
    return qual == pattern if rx is None else rx.match(qual) is not None


_NONE: list[Any] = []


@dataclass(slots=True)
class Table:
    """Patterns indexed by their last part, so that most calls cost one dictionary look-up."""

    exact: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    loose: list[tuple[str, Any]] = field(default_factory=list)
    seen: dict[tuple[str, str], list[Any]] = field(default_factory=dict)  # answers worked out

    def add(self, pattern: str, payload: Any) -> None:
        for one in expand(pattern):
            key = last_part(one)
            if one == "anycall":
                self.exact.setdefault(key, []).append(("*", payload))
            elif "*" in key and key[:2] not in ("op",):
                self.loose.append((one, payload))
            else:
                self.exact.setdefault(key, []).append((one, payload))

    def find(self, qual: str, key: str) -> list[Any]:
        hits = self.exact.get(key)
        if hits is None and not self.loose:
            return _NONE
        known = self.seen.get((qual, key))
        if known is not None:
            return known
        out = [p for pat, p in hits if matches(pat, qual)] if hits else []
        for pat, p in self.loose:
            if matches(pat, qual):
                out.append(p)
        if len(self.seen) > 20_000:
            self.seen.clear()
        self.seen[qual, key] = out
        return out


@dataclass(frozen=True, slots=True)
class Api:
    """What a pack says about a call: the kinds it cleans for, its result's strength and labels."""

    cleans: frozenset[str] | None
    strength: int
    tags: frozenset[str]


@dataclass(slots=True)
class Index:
    """A pack made ready for look-up, with the words whose absence proves a file clean."""

    pack: Pack
    rules: Table
    sources: Table
    sanitizers: Table
    guards: Table
    tags: Table
    routes: tuple[str, ...]
    words: frozenset[str]  # names that a rule without a web source watches
    web_words: frozenset[str]  # names that only matter together with a web source
    web_sources: tuple[frozenset[str], ...]  # the words of each source, all of which must occur
    guarding: dict[str, bool] = field(default_factory=dict)  # see guards.guarding
    apis: dict[str, Api] = field(default_factory=dict)  # what was looked up before
    values: dict[str, int] = field(default_factory=dict)

    def api(self, qual: str, name: str) -> Api:
        """What calling `qual`, whose last part is `name`, does to data."""
        known = self.apis.get(qual)
        if known is None:
            if len(self.apis) > 20_000:
                self.apis.clear()
            cleaned = self.sanitizers.find(qual, name)
            known = self.apis[qual] = Api(
                frozenset().union(*cleaned) if cleaned else None,
                max(self.sources.find(qual + "()", name + "()"), default=0),
                frozenset(self.tags.find(qual, name)),
            )
        return known

    def strength(self, qual: str) -> int:
        """How strong a source the value is that this qualified name stands for, 0 for none."""
        known = self.values.get(qual)
        if known is None:
            if len(self.values) > 20_000:
                self.values.clear()
            known = max(self.sources.find(qual, last_part(qual)), default=0)
            if not known and self.pack.request_own:
                head, _, name = qual.partition(".")
                if head in self.pack.web_names and name.isidentifier():
                    known = 0 if name in self.pack.request_own else NEEDS["web"]
            self.values[qual] = known
        return known

    def concerns(self, words: set[str]) -> bool:
        """Whether a file with these words can make any rule speak."""
        if not self.words.isdisjoint(words):
            return True
        if self.web_words.isdisjoint(words):
            return False
        return any(source <= words for source in self.web_sources)


@lru_cache(maxsize=32)
def index(pack: Pack) -> Index:
    ix = Index(
        pack, Table(), Table(), Table(), Table(), Table(), pack.routes, frozenset(), frozenset(), ()
    )
    words: set[str] = set()
    web: set[str] = set()
    for rule in pack.rules:
        kept = web if rule.kind and rule.need == "web" else words
        for call in rule.calls:
            ix.rules.add(call, rule)
            for one in expand(call):
                if one == "=bind":
                    continue
                kept.update(w for w in re.findall(r"\w+", last_part(one))[-1:])
    for pattern, strength in pack.sources:
        ix.sources.add(pattern, strength)
    for pattern, kinds in pack.sanitizers:
        ix.sanitizers.add(pattern, kinds)
    for guard in pack.guards:
        for call in guard.calls:
            ix.guards.add(call, guard)
    for pattern, tag in pack.tags:
        ix.tags.add(pattern, tag)
        for one in expand(pattern):
            words.update(re.findall(r"\w+", last_part(one))[-1:])
    if any("anycall" in r.calls for r in pack.rules):
        for verb in ("select", "insert", "update", "delete"):
            words.update((verb, verb.upper(), verb.capitalize()))
    pseudo = {"", "anycall", "return"}
    ix.words = frozenset(words - pseudo) | pack.words
    ix.web_words = frozenset(web | {"return"})
    entries = [frozenset(re.findall(r"\w+", x)) for p, _ in pack.sources for x in expand(p)]
    entries += [frozenset({t}) for t in pack.web_types]
    entries += [frozenset(re.findall(r"\w+", r)) for r in pack.routes]
    ix.web_sources = tuple(sorted({e for e in entries if e}, key=len))
    return ix
