"""Guided decoding: tokens that lead over a budget of time or memory are priced, or refused.

The static path cost (`nlogn.complexity.static`) says what the program would cost with a token. The
token is asked about where it is about to be chosen, so what counts is the moment of decision: the
`for` that opens one loop too many, the list after `in`, the sort in a loop.

Where the cost is certain (nothing that can follow on the line lowers it), the token is refused,
unless nothing else is left to say: it loses `REFUSED` nats against the others that the network
holds for likely (`nlogn.engine.native.sampling`). Where there are none, another token would end in
no program at all. Elsewhere its probability is divided by how many times over
the budget the program would be at inputs of size `SIZE`; where a loop is only about to be opened,
to the power of how likely the network's own heads (else a half) think it that the function ends up
over it. A program that is over the budget already is not held to it any more, but to no dearer
class.
"""

import re
from typing import NamedTuple

from nlogn.complexity import bigo
from nlogn.complexity.bigo import BigO
from nlogn.corpus.spent import Classes, classes
from nlogn.engine.native.cost_heads import Array, CostHeads, GrowthReader
from nlogn.engine.native.lookahead import SLACK, Lookahead, Spent, weight
from nlogn.engine.native.sequence import Objection
from nlogn.engine.native.written import Written

REFUSED = 12.0
_DEAREST = 10.0  # nats, of what is not certain
_MAY_BE = 0.5  # how likely a loop that is about to be opened walks the input, if no head says
_LOOP = re.compile(r"\s*(async\s+)?(for|while)\b")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_METHOD = re.compile(r"\.[A-Za-z_]\w*\Z")
_MEMBER = re.compile(r"\s*(?:if|elif|while)\b.*\bin\s+([A-Za-z_]\w*)\Z", re.S)
_OPENS = re.compile(r"(\A\s*|[\[({\s])(async\s+)?for\Z")
_DEF = re.compile(r"\s*(?:async\s+)?def\s+\w+\s*\((.*?)\)\s*(?:->.*)?:\s*\Z", re.S)
_DULL = re.compile(r"[\s\d\"'#,=+\-*/%<>!&|^~;@{]*\Z")  # adds nothing to the cost by itself
_CALLED = frozenset((
    "sorted", "sum", "min", "max", "any", "all", "list", "tuple", "set", "dict", "reversed",
    "enumerate", "zip", "map", "filter", "range", "permutations", "combinations", "product", "str",
))  # fmt: skip
# what often costs less in all than its bound times its passes: pieces of a text, and lists that
# grow and shrink
_SHARED = re.compile(r"\[[^\[\]]*[A-Za-z_][^\[\]]*:|:[^\[\]]*[A-Za-z_][^\[\]]*\]|\+=\s*\[|"
                     r"\.(append|appendleft|extend|heappush)\b")  # fmt: skip
_CHEAPER = ("[:2]", "[0]")  # what could follow an expression and make it small
_TRIED_NAMES = 6


class _Price(NamedTuple):
    nats: float
    certain: bool
    reason: str


class BudgetGuide:
    """A `Guide` for one request.

    `begun`: code that stands before the answer, such as the signature; `fenced`: only fenced
    Python blocks of the answer are code. With `growth`, or with `heads` where `listen` is among the
    request's `listeners`, how likely the finished function is over the budget weighs what is only
    about to become too dear.

    Raises:
        ValueError: a budget is no class of growth.
    """

    def __init__(
        self,
        vocabulary: list[bytes],
        time: str | None = None,
        memory: str | None = None,
        begun: str = "",
        fenced: bool = False,
        heads: CostHeads | None = None,
        growth: GrowthReader | None = None,
    ):
        self._time = bigo.parse(time) if time else None
        self._memory = bigo.parse(memory) if memory else None
        self._written = Written(vocabulary, begun, fenced)
        self._heads, self._growth = heads, growth
        self._hidden: Array | None = None
        self._restart()

    @property
    def _reads(self) -> bool:
        """Whether anything says what the network expects."""
        return self._heads is not None or self._growth is not None

    def listen(self, hidden: Array) -> None:
        """The network's last hidden state (C,)."""
        self._hidden = hidden

    def __call__(self, tokens: list[int], prompt: int, token: int) -> Objection | None:
        events, another = self._written.follow(tokens[prompt:])
        if another:
            self._restart()
        for kind, line in events:
            self._take(line) if kind == "line" else self._restart()
        if not self._written.lines.inside:
            return None
        text = self._written.ahead(token)
        if _DULL.match(text) and "\n" not in text:
            return None
        price = self._price(self._written.lines.partial, text)
        if price is None:
            return None
        nats = REFUSED if price.certain else min(price.nats, _DEAREST)
        return Objection(nats, price.reason)

    def _restart(self) -> None:
        self._tracker = Lookahead()
        self._known: dict[str, Spent] = {}
        self._so_far: Classes | None = None  # of time and memory, for the heads
        self._words: set[str] = set()
        if self._growth is not None:
            self._growth.restart()
        self._walked = ""  # an input to loop over, for the price of a loop that has just a `for`

    def _take(self, line: str) -> None:
        if self._growth is not None:
            self._growth.line(self._tracker.path(), line)
        self._tracker.feed(line)
        self._known.clear()
        self._so_far = None
        self._words.update(re.findall(r"[A-Za-z_]\w*", line))
        if head := _DEF.match(line):
            self._walked = _walked(head[1])

    def _spent(self, text: str) -> Spent:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._tracker.twin(text).spent()
        return found

    def _price(self, partial: str, added: str) -> _Price | None:
        line = partial + added
        if "\n" in added:
            head = line[: line.rindex("\n")].rstrip("\n")
            return self._whole_line(head)
        twin = self._tracker.twin(line)
        closers = twin.closers()
        if closers[:1] in ("'", '"'):
            return None
        indent = line[: len(line) - len(line.lstrip())]
        if line[-1].isidentifier() or line[-1].isdigit():
            return self._name(line, indent, closers)
        end = line.rstrip()[-1:]
        if end == ":" and not closers:
            return self._whole_line(line)
        if end == "(" and _METHOD.search(line.rstrip()[:-1]):
            return self._compare(line + closers, indent, certain=False)
        if end not in (")", "]"):
            return None  # closed here, it would be another expression than is meant
        if _LOOP.match(line):
            return self._compare(_entered(line + closers, indent), indent, certain=False)
        price = self._compare(line, indent, certain=True)
        if price is None or price.certain is False:
            return price
        cheaper = [self._compare(line + more, indent, certain=True) for more in _CHEAPER]
        return price._replace(certain=all(p is not None for p in cheaper))

    def _whole_line(self, line: str) -> _Price | None:
        """The line is over: what it costs is certain."""
        indent = line[: len(line) - len(line.lstrip())]
        if _LOOP.match(line) and line.rstrip().endswith(":"):
            return self._compare(_entered(line, indent), indent, certain=True)
        return self._compare(line + "\n", indent, certain=True)

    def _expected(self) -> float:
        """How likely the finished function is over a budget, as the network expects it."""
        if self._growth is None and (self._heads is None or self._hidden is None):
            return _MAY_BE
        if self._so_far is None:
            self._so_far = classes(self._tracker.result())
        if self._growth is not None:
            return self._growth.over(self._time, self._memory, self._so_far)
        assert self._heads is not None and self._hidden is not None
        expected = 0.0
        if self._time is not None:
            expected = self._heads.time(self._hidden, self._time, self._so_far)
        if self._memory is not None:
            memory = self._heads.memory(self._hidden, self._memory, self._so_far)
            expected = max(expected, memory)
        return expected

    def _name(self, line: str, indent: str, closers: str) -> _Price | None:
        """The line ends in a name, or the beginning of one: the cheapest name that it can be."""
        found = _NAME.search(line)
        if found is None:
            return None
        word = found[0]
        if _OPENS.search(line) or (word == line.strip() == "while" and self._reads):
            if not self._walked:
                return None
            loop = f"{line.removesuffix('while')}{'for' * (word == 'while')} _ in {self._walked}"
            if line.strip() == word:
                loop = _entered(loop, indent)
            price = self._compare(loop, indent, certain=False)
            return self._weighed(price)
        if line.strip() == word:
            return None  # a statement that has just begun
        if word in self._words or word in _CALLED or _METHOD.search(line):
            names = [word]
        else:
            known = self._words | (_CALLED if not _MEMBER.match(line) else set())
            names = sorted(w for w in known if w.startswith(word))[:_TRIED_NAMES]
        prices = []
        for name in names:
            price = self._named(line[: found.start()] + name, indent, closers)
            if price is None:
                return None
            prices.append(price)
        return min(prices, default=None)

    def _weighed(self, price: _Price | None) -> _Price | None:
        """A price that is only to be feared."""
        return price and price._replace(nats=self._expected() * price.nats)

    def _named(self, line: str, indent: str, closers: str) -> _Price | None:
        if _LOOP.match(line):
            return self._compare(_entered(line + closers, indent), indent, certain=False)
        if _METHOD.search(line):
            return self._compare(line + "()" + closers, indent, certain=False)
        price = self._compare(line, indent, certain=False)
        if price is None and (member := _MEMBER.match(line)) and not closers:
            # a list that is searched in a loop is one that grows there
            grown = f"{line}:\n{indent}    {member[1]}.append(0)\n"
            price = self._compare(grown, indent, certain=False)
            return self._weighed(price)
        return price

    def _compare(self, text: str, indent: str, certain: bool) -> _Price | None:
        """How far the program is over a budget after `text`, and would not be after `pass`."""
        after = self._spent(text)
        worst: _Price | None = None
        for kind, budget in (("time", self._time), ("memory", self._memory)):
            now: BigO | None = getattr(after, kind)
            if budget is None or now is None or weight(now) - weight(budget) <= SLACK:
                continue
            was: BigO | None = getattr(self._spent(f"{indent}pass\n"), kind)
            allowed = max(weight(budget), weight(was) if was is not None else 0.0)
            over = weight(now) - allowed
            if over > SLACK and (worst is None or over > worst.nats):
                sure = certain and was is not None and not _SHARED.search(text)
                worst = _Price(over, sure, _reason(now, budget, was))
        return worst


def _reason(now: BigO, budget: BigO, was: BigO | None) -> str:
    if was is not None and weight(was) > weight(budget) + SLACK:
        return f"{now}, and {was} is over {budget} already"
    return f"{now} is over {budget}"


def _entered(header: str, indent: str) -> str:
    """A loop with its first line: what is inside it costs as often as it runs."""
    header = header.rstrip()
    return f"{header}{'' if header.endswith(':') else ':'}\n{indent}    pass\n"


def _walked(parameters: str) -> str:
    """What a loop would walk through: the first parameter that is no `self`."""
    for written in parameters.split(","):
        name, _, annotation = written.partition(":")
        name = name.strip().strip("*")
        if name.isidentifier() and name not in ("self", "cls"):
            number = annotation.strip().startswith(("int", "float"))
            return f"range({name})" if number else name
    return ""
